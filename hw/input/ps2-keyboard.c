/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 keyboard: IBM PS/2 Hardware Interface Technical Reference, Keyboards
 * (1990), scan code sets 1 to 3. Set 1 is set 2 through the translation of the
 * keyboard controller. Typematic repeat is left to the host, and set 3's keys
 * are all make/break.
 */
#include <glib.h>
#include <linux/input-event-codes.h>

#include "hw/input/ps2-internal.h"

enum {
    KBD_CMD_LEDS = 0xed,
    KBD_CMD_ECHO = 0xee,
    KBD_CMD_SCAN_SET = 0xf0,
    KBD_CMD_ID = 0xf2,
    KBD_CMD_RATE = 0xf3,
    KBD_CMD_ENABLE = 0xf4,
    KBD_CMD_DISABLE = 0xf5,
    KBD_CMD_DEFAULTS = 0xf6,
    KBD_CMD_ALL_REPEAT = 0xf7,
    KBD_CMD_ALL_ALL = 0xfa,
    KBD_CMD_KEY_REPEAT = 0xfb,
    KBD_CMD_KEY_MAKE = 0xfd,
};

/* Make codes by KEY_*: e0xxh is the prefix e0h and xxh; 0: no such key. */
typedef struct ScanCode {
    uint16_t set2;
    uint8_t set3;
} ScanCode;

/* clang-format off */
static const ScanCode scan_codes[] = {
    [KEY_ESC] = { 0x76, 0x08 },
    [KEY_1] = { 0x16, 0x16 }, [KEY_2] = { 0x1e, 0x1e },
    [KEY_3] = { 0x26, 0x26 }, [KEY_4] = { 0x25, 0x25 },
    [KEY_5] = { 0x2e, 0x2e }, [KEY_6] = { 0x36, 0x36 },
    [KEY_7] = { 0x3d, 0x3d }, [KEY_8] = { 0x3e, 0x3e },
    [KEY_9] = { 0x46, 0x46 }, [KEY_0] = { 0x45, 0x45 },
    [KEY_MINUS] = { 0x4e, 0x4e }, [KEY_EQUAL] = { 0x55, 0x55 },
    [KEY_BACKSPACE] = { 0x66, 0x66 }, [KEY_TAB] = { 0x0d, 0x0d },
    [KEY_Q] = { 0x15, 0x15 }, [KEY_W] = { 0x1d, 0x1d },
    [KEY_E] = { 0x24, 0x24 }, [KEY_R] = { 0x2d, 0x2d },
    [KEY_T] = { 0x2c, 0x2c }, [KEY_Y] = { 0x35, 0x35 },
    [KEY_U] = { 0x3c, 0x3c }, [KEY_I] = { 0x43, 0x43 },
    [KEY_O] = { 0x44, 0x44 }, [KEY_P] = { 0x4d, 0x4d },
    [KEY_LEFTBRACE] = { 0x54, 0x54 }, [KEY_RIGHTBRACE] = { 0x5b, 0x5b },
    [KEY_ENTER] = { 0x5a, 0x5a }, [KEY_LEFTCTRL] = { 0x14, 0x11 },
    [KEY_A] = { 0x1c, 0x1c }, [KEY_S] = { 0x1b, 0x1b },
    [KEY_D] = { 0x23, 0x23 }, [KEY_F] = { 0x2b, 0x2b },
    [KEY_G] = { 0x34, 0x34 }, [KEY_H] = { 0x33, 0x33 },
    [KEY_J] = { 0x3b, 0x3b }, [KEY_K] = { 0x42, 0x42 },
    [KEY_L] = { 0x4b, 0x4b }, [KEY_SEMICOLON] = { 0x4c, 0x4c },
    [KEY_APOSTROPHE] = { 0x52, 0x52 }, [KEY_GRAVE] = { 0x0e, 0x0e },
    [KEY_LEFTSHIFT] = { 0x12, 0x12 }, [KEY_BACKSLASH] = { 0x5d, 0x5c },
    [KEY_Z] = { 0x1a, 0x1a }, [KEY_X] = { 0x22, 0x22 },
    [KEY_C] = { 0x21, 0x21 }, [KEY_V] = { 0x2a, 0x2a },
    [KEY_B] = { 0x32, 0x32 }, [KEY_N] = { 0x31, 0x31 },
    [KEY_M] = { 0x3a, 0x3a }, [KEY_COMMA] = { 0x41, 0x41 },
    [KEY_DOT] = { 0x49, 0x49 }, [KEY_SLASH] = { 0x4a, 0x4a },
    [KEY_RIGHTSHIFT] = { 0x59, 0x59 }, [KEY_KPASTERISK] = { 0x7c, 0x7e },
    [KEY_LEFTALT] = { 0x11, 0x19 }, [KEY_SPACE] = { 0x29, 0x29 },
    [KEY_CAPSLOCK] = { 0x58, 0x14 },
    [KEY_F1] = { 0x05, 0x07 }, [KEY_F2] = { 0x06, 0x0f },
    [KEY_F3] = { 0x04, 0x17 }, [KEY_F4] = { 0x0c, 0x1f },
    [KEY_F5] = { 0x03, 0x27 }, [KEY_F6] = { 0x0b, 0x2f },
    [KEY_F7] = { 0x83, 0x37 }, [KEY_F8] = { 0x0a, 0x3f },
    [KEY_F9] = { 0x01, 0x47 }, [KEY_F10] = { 0x09, 0x4f },
    [KEY_F11] = { 0x78, 0x56 }, [KEY_F12] = { 0x07, 0x5e },
    [KEY_NUMLOCK] = { 0x77, 0x76 }, [KEY_SCROLLLOCK] = { 0x7e, 0x5f },
    [KEY_KP7] = { 0x6c, 0x6c }, [KEY_KP8] = { 0x75, 0x75 },
    [KEY_KP9] = { 0x7d, 0x7d }, [KEY_KPMINUS] = { 0x7b, 0x84 },
    [KEY_KP4] = { 0x6b, 0x6b }, [KEY_KP5] = { 0x73, 0x73 },
    [KEY_KP6] = { 0x74, 0x74 }, [KEY_KPPLUS] = { 0x79, 0x7c },
    [KEY_KP1] = { 0x69, 0x69 }, [KEY_KP2] = { 0x72, 0x72 },
    [KEY_KP3] = { 0x7a, 0x7a }, [KEY_KP0] = { 0x70, 0x70 },
    [KEY_KPDOT] = { 0x71, 0x71 }, [KEY_102ND] = { 0x61, 0x13 },
    [KEY_RO] = { 0x51, 0 }, [KEY_KATAKANAHIRAGANA] = { 0x13, 0 },
    [KEY_HENKAN] = { 0x64, 0 }, [KEY_MUHENKAN] = { 0x67, 0 },
    [KEY_YEN] = { 0x6a, 0 },
    [KEY_KPENTER] = { 0xe05a, 0x79 }, [KEY_RIGHTCTRL] = { 0xe014, 0x58 },
    [KEY_KPSLASH] = { 0xe04a, 0x77 }, [KEY_RIGHTALT] = { 0xe011, 0x39 },
    [KEY_HOME] = { 0xe06c, 0x6e }, [KEY_UP] = { 0xe075, 0x63 },
    [KEY_PAGEUP] = { 0xe07d, 0x6f }, [KEY_LEFT] = { 0xe06b, 0x61 },
    [KEY_RIGHT] = { 0xe074, 0x6a }, [KEY_END] = { 0xe069, 0x65 },
    [KEY_DOWN] = { 0xe072, 0x60 }, [KEY_PAGEDOWN] = { 0xe07a, 0x6d },
    [KEY_INSERT] = { 0xe070, 0x67 }, [KEY_DELETE] = { 0xe071, 0x64 },
    [KEY_LEFTMETA] = { 0xe01f, 0x8b }, [KEY_RIGHTMETA] = { 0xe027, 0x8c },
    [KEY_COMPOSE] = { 0xe02f, 0x8d }, [KEY_MENU] = { 0xe02f, 0x8d },
    [KEY_MUTE] = { 0xe023, 0 }, [KEY_VOLUMEDOWN] = { 0xe021, 0 },
    [KEY_VOLUMEUP] = { 0xe032, 0 }, [KEY_POWER] = { 0xe037, 0 },
    [KEY_SLEEP] = { 0xe03f, 0 }, [KEY_WAKEUP] = { 0xe05e, 0 },
    [KEY_SYSRQ] = { 0, 0x57 }, [KEY_PAUSE] = { 0, 0x62 },
};

/* The controller's translation of set 2 to set 1; from 85h on bytes stay. */
static const uint8_t translation[0x85] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58,
    0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a,
    0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c,
    0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e,
    0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60,
    0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e,
    0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b,
    0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
    0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
    0x80, 0x81, 0x82, 0x41, 0x54,
};
/* clang-format on */

uint8_t ps2_translate(uint8_t byte)
{
    return byte < sizeof(translation) ? translation[byte] : byte;
}

/* ---- Keys -------------------------------------------------------------- */

/* Codes of one event, before they are known to fit. */
typedef struct KeyCodes {
    uint8_t bytes[16];
    unsigned n;
} KeyCodes;

static void codes_add(KeyCodes *c, uint8_t byte)
{
    c->bytes[c->n++] = byte;
}

static void codes_add_set2(KeyCodes *c, uint16_t code, bool down)
{
    if (code >> 8) {
        codes_add(c, code >> 8);
    }
    if (!down) {
        codes_add(c, PS2_BREAK);
    }
    codes_add(c, code);
}

/* Print Screen comes with a fake shift; with Alt it is SysRq, another key. */
static void codes_add_sysrq(KeyCodes *c, bool alt, bool down)
{
    if (alt) {
        codes_add_set2(c, 0x84, down);
    } else if (down) {
        codes_add_set2(c, 0xe012, true);
        codes_add_set2(c, 0xe07c, true);
    } else {
        codes_add_set2(c, 0xe07c, false);
        codes_add_set2(c, 0xe012, false);
    }
}

/* Pause says all of it when pressed. */
static void codes_add_pause(KeyCodes *c, bool down)
{
    static const uint8_t pause[] = { 0xe1, 0x14, 0x77, 0xe1,
                                     0xf0, 0x14, 0xf0, 0x77 };

    for (unsigned i = 0; down && i < sizeof(pause); i++) {
        codes_add(c, pause[i]);
    }
}

static void codes_add_key(KeyCodes *c, const Ps2Keyboard *k, uint16_t key,
                          bool down)
{
    if (k->scan_set == 3) {
        if (scan_codes[key].set3) {
            codes_add_set2(c, scan_codes[key].set3, down);
        }
    } else if (key == KEY_SYSRQ) {
        codes_add_sysrq(c, k->alt, down);
    } else if (key == KEY_PAUSE) {
        codes_add_pause(c, down);
    } else if (scan_codes[key].set2) {
        codes_add_set2(c, scan_codes[key].set2, down);
    }
}

/* Set 2 to set 1: no break prefix, but bit 7 of the code. */
static void codes_translate(KeyCodes *c)
{
    uint8_t broken = 0;
    unsigned to = 0;

    for (unsigned i = 0; i < c->n; i++) {
        if (c->bytes[i] == PS2_BREAK) {
            broken = 0x80;
            continue;
        }
        c->bytes[to++] = ps2_translate(c->bytes[i]) | broken;
        broken = 0;
    }
    c->n = to;
}

void ps2_keyboard_key(Ps2Keyboard *k, uint16_t code, bool down)
{
    KeyCodes c = { .n = 0 };

    if (code == KEY_LEFTALT || code == KEY_RIGHTALT) {
        k->alt = down;
    }
    if (!k->scanning || code >= G_N_ELEMENTS(scan_codes)) {
        return;
    }
    codes_add_key(&c, k, code, down);
    if (k->scan_set == 1) {
        codes_translate(&c);
    }
    ps2_queue_put(&k->keys, c.bytes, c.n);
}

bool ps2_keyboard_take(Ps2Keyboard *k, uint8_t *byte)
{
    if (ps2_queue_take(&k->replies, byte)) {
        return true;
    }
    if (!ps2_queue_take(&k->keys, byte)) {
        return false;
    }
    k->replies.last = *byte;
    return true;
}

/* ---- Commands ---------------------------------------------------------- */

static void keyboard_defaults(Ps2Keyboard *k)
{
    k->scan_set = 2;
    k->command = 0;
    ps2_queue_clear(&k->keys);
}

void ps2_keyboard_reset(Ps2Keyboard *k)
{
    keyboard_defaults(k);
    ps2_queue_clear(&k->replies);
    k->leds = 0;
    k->scanning = true;
    k->alt = false;
}

static void keyboard_reply(Ps2Keyboard *k, uint8_t byte)
{
    ps2_queue_put_byte(&k->replies, byte);
}

static void keyboard_scan_set(Ps2Keyboard *k, uint8_t arg)
{
    if (arg > 3) {
        keyboard_reply(k, PS2_RESEND);
        return;
    }
    keyboard_reply(k, PS2_ACK);
    if (arg == 0) {
        keyboard_reply(k, k->scan_set);
    } else {
        k->scan_set = arg;
    }
}

static void keyboard_argument(Ps2Keyboard *k, uint8_t command, uint8_t arg)
{
    if (command == KBD_CMD_SCAN_SET) {
        keyboard_scan_set(k, arg);
        return;
    }
    if (command == KBD_CMD_LEDS) {
        k->leds = arg & 7;
    }
    keyboard_reply(k, PS2_ACK); /* the others have nothing to change */
}

static void keyboard_command(Ps2Keyboard *k, uint8_t command)
{
    switch (command) {
    case KBD_CMD_ECHO:
        keyboard_reply(k, KBD_CMD_ECHO);
        return;
    case PS2_CMD_RESEND:
        keyboard_reply(k, k->replies.last);
        return;
    case PS2_CMD_RESET:
        ps2_keyboard_reset(k);
        keyboard_reply(k, PS2_ACK);
        keyboard_reply(k, PS2_SELF_TEST_OK);
        return;
    case KBD_CMD_LEDS:
    case KBD_CMD_SCAN_SET:
    case KBD_CMD_RATE:
    case KBD_CMD_KEY_REPEAT ... KBD_CMD_KEY_MAKE:
        k->command = command;
        break;
    case KBD_CMD_ENABLE:
        ps2_queue_clear(&k->keys);
        k->scanning = true;
        break;
    case KBD_CMD_DISABLE:
    case KBD_CMD_DEFAULTS:
        keyboard_defaults(k);
        k->scanning = command == KBD_CMD_DEFAULTS;
        break;
    case KBD_CMD_ID:
    case KBD_CMD_ALL_REPEAT ... KBD_CMD_ALL_ALL:
        break;
    default:
        keyboard_reply(k, PS2_RESEND);
        return;
    }
    keyboard_reply(k, PS2_ACK);
    if (command == KBD_CMD_ID) {
        keyboard_reply(k, 0xab);
        keyboard_reply(k, 0x83);
    }
}

void ps2_keyboard_write(Ps2Keyboard *k, uint8_t val)
{
    uint8_t command = k->command;

    k->command = 0;
    /* A byte that is a command ends the wait for an argument. */
    if (command && val < KBD_CMD_LEDS) {
        keyboard_argument(k, command, val);
    } else {
        keyboard_command(k, val);
    }
}

bool ps2_keyboard_valid(const Ps2Keyboard *k)
{
    return ps2_queue_valid(&k->replies) && ps2_queue_valid(&k->keys) &&
           k->scan_set >= 1 && k->scan_set <= 3;
}

/* clang-format off */
const StateField ps2_keyboard_state[] = {
    STATE_STRUCT(Ps2Keyboard, replies, ps2_queue_state),
    STATE_STRUCT(Ps2Keyboard, keys, ps2_queue_state),
    STATE_U8(Ps2Keyboard, command),
    STATE_U8(Ps2Keyboard, scan_set),
    STATE_U8(Ps2Keyboard, leds),
    STATE_BOOL(Ps2Keyboard, scanning),
    STATE_BOOL(Ps2Keyboard, alt),
    {},
};
/* clang-format on */
