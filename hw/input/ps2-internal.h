/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the PS/2 keyboard and the mouse share. */
#ifndef HW_INPUT_PS2_INTERNAL_H
#define HW_INPUT_PS2_INTERNAL_H

#include "hw/input/ps2.h"

enum {
    PS2_ACK = 0xfa,
    PS2_RESEND = 0xfe,
    PS2_SELF_TEST_OK = 0xaa,
    PS2_CMD_RESEND = 0xfe,
    PS2_CMD_RESET = 0xff,
};

extern const StateField ps2_queue_state[];

void ps2_queue_clear(Ps2Queue *q);
/* All of the bytes or none of them. */
bool ps2_queue_put(Ps2Queue *q, const uint8_t *bytes, unsigned n);
void ps2_queue_put_byte(Ps2Queue *q, uint8_t byte);
bool ps2_queue_take(Ps2Queue *q, uint8_t *byte);
bool ps2_queue_valid(const Ps2Queue *q);

#endif
