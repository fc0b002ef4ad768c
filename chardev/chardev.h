/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A character device: a byte stream to the world outside (stdio, pty, socket,
 * file, null, a mux of several users). It knows no device; its user hands it
 * callbacks. Callbacks run on the main loop with no lock held. A NULL Chardev
 * swallows writes and never has input.
 */
#ifndef CHARDEV_CHARDEV_H
#define CHARDEV_CHARDEV_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Chardev Chardev;

typedef enum ChardevEvent {
    CHARDEV_OPENED = 1, /* peer came (or was there when attached) */
    CHARDEV_CLOSED,     /* peer went */
    CHARDEV_BREAK,      /* serial break */
    CHARDEV_MUX_IN,     /* this user has the mux's focus */
    CHARDEV_MUX_OUT,
} ChardevEvent;

typedef struct ChardevUser {
    size_t (*can_read)(void *opaque); /* bytes it would take now */
    void (*read)(void *opaque, const uint8_t *buf, size_t len);
    void (*event)(void *opaque, ChardevEvent event);
} ChardevUser;

/* "chardev:ID" and "none" of the shorthand are the caller's: there is no list
 * of chardevs here.
 *
 * From "-serial"/"-monitor" shorthand ("stdio", "mon:stdio", "pty", "null",
 * "file:PATH", "unix:PATH,server=on,wait=off", "tcp:HOST:PORT,server=on",
 * "vc") or from "-chardev BACKEND,id=..." options. */
Chardev *chardev_new_shorthand(const char *id, const char *text, GError **errp);
Chardev *chardev_new_options(const char *text, GError **errp);
void chardev_free(Chardev *chr); /* restores the terminal */

/* One user at most, a mux has several; false (and errp) if taken. user NULL
 * detaches. */
bool chardev_attach(Chardev *chr, const ChardevUser *user, void *opaque,
                    GError **errp);
void chardev_detach(Chardev *chr, void *opaque);
/* can_read() may now be larger. Any thread. */
void chardev_accept_input(Chardev *chr);
/* Queue for writing, any thread; never blocks. Returns bytes taken: all of
 * them unless the peer is slow and the queue (64 KiB) is full. writable (may
 * be NULL) is called once on the main loop when there is room again. */
size_t chardev_write(Chardev *chr, const void *buf, size_t len,
                     void (*writable)(void *opaque), void *opaque);
/* Best effort to get everything out before exit. */
void chardev_flush(Chardev *chr);
bool chardev_connected(const Chardev *chr);
/* Somebody here is attached; always, of a mux. */
bool chardev_has_user(const Chardev *chr);
const char *chardev_id(const Chardev *chr);
/* "filename" column of info chardev: "pty:/dev/pts/3", "mux", ... */
const char *chardev_filename(const Chardev *chr);
bool chardev_is_mux(const Chardev *chr);
/* Serial line parameters, where the back end is a real line; else ignored. */
void chardev_set_line(Chardev *chr, unsigned baud, unsigned data_bits,
                      char parity, unsigned stop_bits);

/* What the escape sequences of a mux ask of the machine. Copied; set before
 * the main loop runs, on every chardev (others than muxes ignore it). */
typedef struct ChardevMuxOps {
    void (*quit)(void *opaque);        /* Ctrl-A x */
    void (*flush_disks)(void *opaque); /* Ctrl-A s */
    void *opaque;
    uint8_t escape; /* 0: Ctrl-A */
} ChardevMuxOps;
void chardev_set_mux_ops(Chardev *chr, const ChardevMuxOps *ops);

/* Ring buffers only (false otherwise): take up to len of the oldest bytes,
 * or put bytes in. */
bool chardev_ringbuf_read(Chardev *chr, void *buf, size_t len, size_t *got,
                          GError **errp);
bool chardev_ringbuf_write(Chardev *chr, const void *buf, size_t len,
                           GError **errp);

/* Text of -chardev help, or of -chardev BACKEND,help. */
void chardev_help(const char *backend, GString *out);
/* Give terminals back as they were found; for fatal signals, any time. */
void chardev_restore_terminal(void);

#endif
