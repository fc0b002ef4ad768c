/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 mouse: IBM PS/2 Hardware Interface Technical Reference, Mouse (1990),
 * with the IntelliMouse extensions: a wheel after the sample rates 200, 100,
 * 80, two more buttons after 200, 200, 80.
 */
#include <glib.h>
#include <linux/input-event-codes.h>

#include "hw/input/ps2-internal.h"

enum {
    MOUSE_CMD_SCALE_1 = 0xe6,
    MOUSE_CMD_SCALE_2 = 0xe7,
    MOUSE_CMD_RESOLUTION = 0xe8,
    MOUSE_CMD_STATUS = 0xe9,
    MOUSE_CMD_STREAM = 0xea,
    MOUSE_CMD_POLL = 0xeb,
    MOUSE_CMD_WRAP_OFF = 0xec,
    MOUSE_CMD_WRAP_ON = 0xee,
    MOUSE_CMD_REMOTE = 0xf0,
    MOUSE_CMD_ID = 0xf2,
    MOUSE_CMD_RATE = 0xf3,
    MOUSE_CMD_ENABLE = 0xf4,
    MOUSE_CMD_DISABLE = 0xf5,
    MOUSE_CMD_DEFAULTS = 0xf6,

    MOUSE_TYPE_WHEEL = 3,
    MOUSE_TYPE_FIVE_BUTTONS = 4,

    BUTTON_LEFT = 1 << 0,
    BUTTON_RIGHT = 1 << 1,
    BUTTON_MIDDLE = 1 << 2,
    BUTTON_SIDE = 1 << 3,
    BUTTON_EXTRA = 1 << 4,
    BUTTONS_FIRST = 7,

    PACKET_ALWAYS = 1 << 3,
    PACKET_X_NEGATIVE = 1 << 4,
    PACKET_Y_NEGATIVE = 1 << 5,

    /* More than these and movements add up instead of queueing. */
    MOUSE_QUEUED_MAX = 16,
    MOUSE_FAR = 1 << 20,
};

/* ---- Packets ----------------------------------------------------------- */

/* Take as much of a movement as a packet's field holds. */
static int take_delta(int32_t *delta, int limit)
{
    int n = CLAMP(*delta, -limit, limit);

    *delta -= n;
    return n;
}

static uint8_t mouse_fourth_byte(Ps2Mouse *m)
{
    if (m->type == MOUSE_TYPE_WHEEL) {
        return take_delta(&m->dz, 127);
    }
    return (take_delta(&m->dz, 7) & 0xf) |
           (m->buttons & BUTTON_SIDE ? 1 << 4 : 0) |
           (m->buttons & BUTTON_EXTRA ? 1 << 5 : 0);
}

static void mouse_queue_packet(Ps2Mouse *m, Ps2Queue *q)
{
    int dx = take_delta(&m->dx, 255);
    int dy = take_delta(&m->dy, 255);
    uint8_t packet[4] = { PACKET_ALWAYS | (m->buttons & BUTTONS_FIRST) |
                              (dx < 0 ? PACKET_X_NEGATIVE : 0) |
                              (dy < 0 ? PACKET_Y_NEGATIVE : 0),
                          dx, dy };

    if (m->type) {
        packet[3] = mouse_fourth_byte(m);
    } else {
        m->dz = 0;
    }
    m->sent_buttons = m->buttons;
    ps2_queue_put(q, packet, m->type ? 4 : 3);
}

static bool mouse_has_news(const Ps2Mouse *m)
{
    return m->dx || m->dy || m->dz || m->buttons != m->sent_buttons;
}

void ps2_mouse_sync(Ps2Mouse *m)
{
    if (m->remote || m->wrap || !m->reporting) {
        return;
    }
    while (mouse_has_news(m) && m->packets.count < MOUSE_QUEUED_MAX) {
        mouse_queue_packet(m, &m->packets);
    }
}

static void move(int32_t *sum, int32_t delta)
{
    int64_t n = (int64_t)*sum + delta;

    *sum = CLAMP(n, -MOUSE_FAR, MOUSE_FAR);
}

void ps2_mouse_move(Ps2Mouse *m, uint16_t axis, int32_t delta)
{
    delta = CLAMP(delta, -MOUSE_FAR, MOUSE_FAR);
    switch (axis) {
    case REL_X:
        move(&m->dx, delta);
        break;
    case REL_Y: /* up is positive here */
        move(&m->dy, -delta);
        break;
    case REL_WHEEL: /* away from the user is negative here */
        move(&m->dz, -delta);
        break;
    default:
        break;
    }
}

void ps2_mouse_button(Ps2Mouse *m, uint16_t code, bool down)
{
    static const uint8_t bits[] = { BUTTON_LEFT, BUTTON_RIGHT, BUTTON_MIDDLE,
                                    BUTTON_SIDE, BUTTON_EXTRA };

    if (code < BTN_LEFT || code - BTN_LEFT >= (int)G_N_ELEMENTS(bits)) {
        return;
    }
    uint8_t bit = bits[code - BTN_LEFT];
    m->buttons = down ? m->buttons | bit : m->buttons & ~bit;
}

bool ps2_mouse_take(Ps2Mouse *m, uint8_t *byte)
{
    if (ps2_queue_take(&m->replies, byte)) {
        return true;
    }
    if (!ps2_queue_take(&m->packets, byte)) {
        return false;
    }
    m->replies.last = *byte;
    ps2_mouse_sync(m); /* what did not fit before */
    return true;
}

/* ---- Commands ---------------------------------------------------------- */

static void mouse_defaults(Ps2Mouse *m)
{
    m->sample_rate = 100;
    m->resolution = 2;
    m->reporting = false;
    m->remote = false;
    m->scaling = false;
    m->dx = 0;
    m->dy = 0;
    m->dz = 0;
    ps2_queue_clear(&m->packets);
}

void ps2_mouse_reset(Ps2Mouse *m)
{
    mouse_defaults(m);
    ps2_queue_clear(&m->replies);
    m->command = 0;
    m->type = 0;
    m->detect = 0;
    m->wrap = false;
    m->sent_buttons = m->buttons;
}

static void mouse_reply(Ps2Mouse *m, uint8_t byte)
{
    ps2_queue_put_byte(&m->replies, byte);
}

static void mouse_reply_status(Ps2Mouse *m)
{
    mouse_reply(m, m->remote << 6 | m->reporting << 5 | m->scaling << 4 |
                       (m->buttons & BUTTON_LEFT ? 4 : 0) |
                       (m->buttons & BUTTON_MIDDLE ? 2 : 0) |
                       (m->buttons & BUTTON_RIGHT ? 1 : 0));
    mouse_reply(m, m->resolution);
    mouse_reply(m, m->sample_rate);
}

/* The knock: 200, 100, 80 and 200, 200, 80. */
static void mouse_watch_rates(Ps2Mouse *m, uint8_t rate)
{
    uint8_t before = m->detect;

    m->detect = 0;
    if (before == 0 && rate == 200) {
        m->detect = 200;
    } else if (before == 200 && (rate == 100 || rate == 200)) {
        m->detect = rate == 100 ? 100 : 201;
    } else if (before == 100 && rate == 80) {
        m->type = MOUSE_TYPE_WHEEL;
    } else if (before == 201 && rate == 80) {
        m->type = MOUSE_TYPE_FIVE_BUTTONS;
    } else if (before == 201 && rate == 100) {
        m->detect = 100;
    }
}

static void mouse_argument(Ps2Mouse *m, uint8_t command, uint8_t arg)
{
    if (command == MOUSE_CMD_RATE) {
        m->sample_rate = arg;
        mouse_watch_rates(m, arg);
    } else {
        m->resolution = arg & 3;
    }
    mouse_reply(m, PS2_ACK);
}

static void mouse_reset_command(Ps2Mouse *m)
{
    ps2_mouse_reset(m);
    mouse_reply(m, PS2_ACK);
    mouse_reply(m, PS2_SELF_TEST_OK);
    mouse_reply(m, 0);
}

/* What follows the acknowledge. */
static void mouse_answer(Ps2Mouse *m, uint8_t command)
{
    switch (command) {
    case MOUSE_CMD_STATUS:
        mouse_reply_status(m);
        break;
    case MOUSE_CMD_ID:
        mouse_reply(m, m->type);
        break;
    case MOUSE_CMD_POLL:
        mouse_queue_packet(m, &m->replies);
        break;
    default:
        break;
    }
}

static void mouse_command(Ps2Mouse *m, uint8_t command)
{
    switch (command) {
    case MOUSE_CMD_SCALE_1:
    case MOUSE_CMD_SCALE_2:
        m->scaling = command == MOUSE_CMD_SCALE_2;
        break;
    case MOUSE_CMD_RESOLUTION:
    case MOUSE_CMD_RATE:
        m->command = command;
        break;
    case MOUSE_CMD_STREAM:
    case MOUSE_CMD_REMOTE:
        m->remote = command == MOUSE_CMD_REMOTE;
        break;
    case MOUSE_CMD_WRAP_OFF:
    case MOUSE_CMD_WRAP_ON:
        m->wrap = command == MOUSE_CMD_WRAP_ON;
        break;
    case MOUSE_CMD_ENABLE:
    case MOUSE_CMD_DISABLE:
        m->reporting = command == MOUSE_CMD_ENABLE;
        break;
    case MOUSE_CMD_DEFAULTS:
        mouse_defaults(m);
        break;
    case MOUSE_CMD_STATUS:
    case MOUSE_CMD_POLL:
    case MOUSE_CMD_ID:
        break;
    case PS2_CMD_RESEND:
        mouse_reply(m, m->replies.last);
        return;
    case PS2_CMD_RESET:
        mouse_reset_command(m);
        return;
    default:
        mouse_reply(m, PS2_RESEND);
        return;
    }
    mouse_reply(m, PS2_ACK);
    mouse_answer(m, command);
}

void ps2_mouse_write(Ps2Mouse *m, uint8_t val)
{
    uint8_t command = m->command;

    m->command = 0;
    if (m->wrap && val != MOUSE_CMD_WRAP_OFF && val != PS2_CMD_RESET) {
        mouse_reply(m, val);
    } else if (command) {
        mouse_argument(m, command, val);
    } else {
        mouse_command(m, val);
    }
}

bool ps2_mouse_valid(const Ps2Mouse *m)
{
    return ps2_queue_valid(&m->replies) && ps2_queue_valid(&m->packets) &&
           ABS((int64_t)m->dx) <= MOUSE_FAR &&
           ABS((int64_t)m->dy) <= MOUSE_FAR && ABS((int64_t)m->dz) <= MOUSE_FAR;
}

/* clang-format off */
const StateField ps2_mouse_state[] = {
    STATE_STRUCT(Ps2Mouse, replies, ps2_queue_state),
    STATE_STRUCT(Ps2Mouse, packets, ps2_queue_state),
    STATE_U8(Ps2Mouse, command),
    STATE_U8(Ps2Mouse, type),
    STATE_U8(Ps2Mouse, detect),
    STATE_U8(Ps2Mouse, sample_rate),
    STATE_U8(Ps2Mouse, resolution),
    STATE_BOOL(Ps2Mouse, reporting),
    STATE_BOOL(Ps2Mouse, remote),
    STATE_BOOL(Ps2Mouse, wrap),
    STATE_BOOL(Ps2Mouse, scaling),
    STATE_U8(Ps2Mouse, buttons),
    STATE_U8(Ps2Mouse, sent_buttons),
    STATE_INT(Ps2Mouse, dx),
    STATE_INT(Ps2Mouse, dy),
    STATE_INT(Ps2Mouse, dz),
    {},
};
/* clang-format on */
