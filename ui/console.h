/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A console joins a display device, which draws, with whoever looks:
 * screendump now, windows and VNC later. And the input side: keys and pointer
 * events on their way to whichever device takes them.
 */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include <glib.h>
#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Console Console;

typedef struct ConsoleOps {
    /* Bring the surface up to date with the guest's video memory. Main loop;
     * takes the device's lock. */
    void (*update)(void *opaque);
    void (*invalidate)(void *opaque); /* redraw all at the next update */
} ConsoleOps;

Console *console_new(const char *name, const ConsoleOps *ops, void *opaque);
void console_free(Console *con);
const char *console_name(const Console *con);
/* The device's new picture; takes the reference. x8r8g8b8. */
void console_set_surface(Console *con, pixman_image_t *surface);
/* Updates, then gives a reference; NULL before the first picture. */
pixman_image_t *console_snapshot(Console *con);
/* PNG or PPM by the name's suffix (png library does the work). */
bool console_screendump(Console *con, const char *path, const char *format,
                        GError **errp);

/* ---- Input ------------------------------------------------------------- */

/* Keys are Linux input event codes (KEY_*), as in <linux/input-event-codes.h>.
 * Names are QEMU's ("a", "ctrl", "ret", "f1", ...). */
typedef enum InputKind {
    INPUT_KEY = 1,
    INPUT_BUTTON,
    INPUT_REL,
    INPUT_ABS
} InputKind;

typedef struct InputEvent {
    InputKind kind;
    uint16_t code; /* KEY_*, BTN_*, REL_*, ABS_* */
    int32_t value; /* 1 down, 0 up; delta; 0..0x7fff absolute */
} InputEvent;

typedef struct InputHub InputHub;
typedef struct InputSink {
    const char *name;
    uint32_t kinds; /* mask of 1u << InputKind */
    void (*event)(void *opaque, const InputEvent *ev);
    void (*sync)(void *opaque); /* end of a group of events */
} InputSink;

InputHub *input_hub_new(void);
void input_hub_free(InputHub *hub);
/* The newest sink of a kind gets its events. */
void input_hub_add(InputHub *hub, const InputSink *sink, void *opaque);
void input_hub_remove(InputHub *hub, void *opaque);
void input_send(InputHub *hub, const InputEvent *ev);
void input_sync(InputHub *hub);
/* 0 if unknown. */
uint16_t input_key_from_name(const char *name);
const char *input_key_name(uint16_t code);
extern const char *const input_key_names[]; /* NULL-terminated, completion */

#endif
