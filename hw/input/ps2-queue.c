/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes that a PS/2 device has to say. */
#include "hw/input/ps2-internal.h"

void ps2_queue_clear(Ps2Queue *q)
{
    q->head = 0;
    q->count = 0;
}

bool ps2_queue_put(Ps2Queue *q, const uint8_t *bytes, unsigned n)
{
    if (q->count + n > PS2_QUEUE_SIZE) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        q->data[(q->head + q->count++) % PS2_QUEUE_SIZE] = bytes[i];
    }
    return true;
}

void ps2_queue_put_byte(Ps2Queue *q, uint8_t byte)
{
    ps2_queue_put(q, &byte, 1);
}

bool ps2_queue_take(Ps2Queue *q, uint8_t *byte)
{
    if (!q->count) {
        return false;
    }
    *byte = q->last = q->data[q->head];
    q->head = (q->head + 1) % PS2_QUEUE_SIZE;
    q->count--;
    return true;
}

bool ps2_queue_valid(const Ps2Queue *q)
{
    return q->head < PS2_QUEUE_SIZE && q->count <= PS2_QUEUE_SIZE;
}

/* clang-format off */
const StateField ps2_queue_state[] = {
    STATE_BYTES(Ps2Queue, data, PS2_QUEUE_SIZE),
    STATE_U8(Ps2Queue, head),
    STATE_U8(Ps2Queue, count),
    STATE_U8(Ps2Queue, last),
    {},
};
/* clang-format on */
