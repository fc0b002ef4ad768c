/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside chardev/: what a back end is made of. Most back ends are streams:
 * they hand file descriptors to chardev_stream_start() and the common code
 * watches, reads, queues and writes. The others override write.
 */
#ifndef CHARDEV_CHARDEV_INTERNAL_H
#define CHARDEV_CHARDEV_INTERNAL_H

#include <sys/types.h>

#include "chardev/chardev.h"
#include "util/keyval.h"

enum {
    CHARDEV_QUEUE_MAX = 64 * 1024,
    CHARDEV_READ_MAX = 4096,
};

typedef struct ChardevClass {
    const char *name;
    const char *const *aliases; /* NULL-terminated, or NULL */
    const char *summary;
    size_t size; /* of the struct that embeds Chardev first */
    const KeyValKey *keys;
    bool (*open)(Chardev *chr, const KeyVal *opts, GError **errp);
    void (*close)(Chardev *chr); /* copes with a half-done open */

    /* Not a stream: take all of the bytes, or some and call waiters later. */
    size_t (*write)(Chardev *chr, const uint8_t *buf, size_t len,
                    void (*writable)(void *opaque), void *opaque);
    /* Streams: rewrite what came in (in place), return the new length. */
    size_t (*filter_in)(Chardev *chr, uint8_t *buf, size_t len);
    /* Streams: rewrite what goes out; NULL out means as it is. */
    void (*filter_out)(Chardev *chr, const uint8_t *buf, size_t len,
                       GByteArray *out);
    /* Streams: end of input is not the end of output: "emu </dev/null" still
     * shows the serial port. */
    bool keeps_output;
    /* Streams: the peer went; the stream was stopped. */
    void (*hangup)(Chardev *chr);
    void (*set_line)(Chardev *chr, unsigned baud, unsigned data_bits,
                     char parity, unsigned stop_bits);

    /* Muxes handle users themselves. */
    bool (*attach)(Chardev *chr, const ChardevUser *user, void *opaque,
                   GError **errp);
    void (*detach)(Chardev *chr, void *opaque);
    void (*accept_input)(Chardev *chr);
    void (*flush)(Chardev *chr);
} ChardevClass;

typedef struct ChardevWaiter {
    void (*writable)(void *opaque);
    void *opaque;
} ChardevWaiter;

struct Chardev {
    const ChardevClass *class;
    char *id;
    char *filename;
    const ChardevUser *user; /* main loop only */
    void *opaque;
    bool connected;
    bool open_tried; /* close() has something to look at */
    int log_fd;      /* logfile=, or -1 */

    GMutex lock;       /* guards everything below */
    int in_fd, out_fd; /* -1: none; may be equal */
    bool out_is_socket;
    bool out_nonblock; /* its write() returns at once */
    bool in_paused;    /* in_watch looks for a hang-up only */
    GSource *in_watch, *out_watch;
    GByteArray *queue; /* not yet written */
    GArray *waiters;   /* of ChardevWaiter */
};

/* Set the "filename" text; takes the string. */
void chardev_set_filename(Chardev *chr, char *filename);
void chardev_send_event(Chardev *chr, ChardevEvent event);

/* Takes both descriptors (-1: that direction is missing), reports OPENED. */
void chardev_stream_start(Chardev *chr, int in_fd, int out_fd);
/* Closes them, drops what is queued, reports CLOSED. Main loop. */
void chardev_stream_stop(Chardev *chr);

void chardev_stream_resume(Chardev *chr);
size_t chardev_stream_write(Chardev *chr, const uint8_t *buf, size_t len,
                            void (*writable)(void *opaque), void *opaque);
void chardev_stream_flush(Chardev *chr);

/* A class by name or alias; NULL and *errp with the nearest name. */
const ChardevClass *chardev_class_find(const char *name, GError **errp);
extern const ChardevClass *const chardev_classes[]; /* NULL-terminated */

/* Open a back end; opts may carry mux=, logfile=, logappend= besides the
 * class's own keys. */
Chardev *chardev_open(const char *id, const ChardevClass *class,
                      const KeyVal *opts, GError **errp);

extern const ChardevClass chardev_null_class, chardev_vc_class,
    chardev_stdio_class, chardev_file_class, chardev_pipe_class,
    chardev_pty_class, chardev_serial_class, chardev_socket_class,
    chardev_ringbuf_class, chardev_mux_class;

/* A mux over base (taken, also on failure). */
Chardev *chardev_mux_new(const char *id, Chardev *base);
void chardev_mux_init(Chardev *mux, Chardev *base);

#endif
