/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 keyboard and mouse as they are at the far end of the cable: commands
 * in, bytes out. They are part of their controller, whose lock guards them.
 */
#ifndef HW_INPUT_PS2_H
#define HW_INPUT_PS2_H

#include <stdbool.h>
#include <stdint.h>

#include "util/state.h"

enum { PS2_QUEUE_SIZE = 64 };

/* Bytes on their way to the controller. */
typedef struct Ps2Queue {
    uint8_t data[PS2_QUEUE_SIZE];
    uint8_t head;
    uint8_t count;
    uint8_t last; /* sent last, for the resend command */
} Ps2Queue;

typedef struct Ps2Keyboard {
    Ps2Queue replies; /* go first */
    Ps2Queue keys;
    uint8_t command;  /* waits for its argument; 0: none */
    uint8_t scan_set; /* 1..3 */
    uint8_t leds;
    bool scanning;
    bool alt;
} Ps2Keyboard;

typedef struct Ps2Mouse {
    Ps2Queue replies;
    Ps2Queue packets;
    uint8_t command;
    uint8_t type;   /* 0, 3 (wheel) or 4 (wheel and five buttons) */
    uint8_t detect; /* how far the magic sample rates have come */
    uint8_t sample_rate, resolution;
    bool reporting, remote, wrap, scaling;
    uint8_t buttons, sent_buttons; /* left, right, middle, side, extra */
    int32_t dx, dy, dz;            /* not yet sent */
} Ps2Mouse;

extern const StateField ps2_keyboard_state[], ps2_mouse_state[];

void ps2_keyboard_reset(Ps2Keyboard *k);
void ps2_keyboard_write(Ps2Keyboard *k, uint8_t val);
/* A KEY_* went down or up. Unknown ones, and what has no room, are dropped. */
void ps2_keyboard_key(Ps2Keyboard *k, uint16_t code, bool down);
/* The next byte; false if there is none. */
bool ps2_keyboard_take(Ps2Keyboard *k, uint8_t *byte);
bool ps2_keyboard_valid(const Ps2Keyboard *k); /* after loading */

void ps2_mouse_reset(Ps2Mouse *m);
void ps2_mouse_write(Ps2Mouse *m, uint8_t val);
void ps2_mouse_button(Ps2Mouse *m, uint16_t code, bool down);   /* BTN_* */
void ps2_mouse_move(Ps2Mouse *m, uint16_t axis, int32_t delta); /* REL_* */
/* Report what happened since the last time. */
void ps2_mouse_sync(Ps2Mouse *m);
bool ps2_mouse_take(Ps2Mouse *m, uint8_t *byte);
bool ps2_mouse_valid(const Ps2Mouse *m);

/* What a keyboard controller makes of a byte of scan code set 2: set 1's code
 * without the break bit. */
uint8_t ps2_translate(uint8_t byte);
#define PS2_BREAK 0xf0 /* prefix of a released key in sets 2 and 3 */

#endif
