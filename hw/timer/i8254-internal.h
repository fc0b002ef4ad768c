/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254's state, shared by the model and its leave of absence. */
#ifndef HW_TIMER_I8254_INTERNAL_H
#define HW_TIMER_I8254_INTERNAL_H

#include "hw/timer/i8254.h"

enum { PORT61_GATE2 = 1 << 0, PORT61_SPEAKER = 1 << 1 };

typedef struct I8254 {
    Device parent;

    /* Wiring and properties. */
    uint32_t iobase;
    MemoryRegion io, port61_io;
    IrqLine irq;
    Timer timer;
    const ChipHost *host; /* who runs the chip; NULL: this model */
    uint64_t lost;        /* ticks of channel 0 that hosts did not count */

    /* Guest-visible state. */
    PitChannel channel[CHIP_PIT_CHANNELS];
    bool irq_disabled;
    bool irq_level;
    uint8_t port61;
} I8254;

static inline I8254 *i8254(Device *dev)
{
    return container_of(dev, I8254, parent);
}

/* Ticks of the channel's clock since its start. */
uint64_t pit_channel_elapsed(const PitChannel *c, int64_t now);
/* The first nanosecond at which `ticks` are over. */
int64_t pit_ns(uint64_t ticks);
void i8254_set_irq(I8254 *s, bool level);
void i8254_arm(I8254 *s, int64_t now);

/* i8254-host.c: around an access, where a host runs the chip. */
void i8254_fetch(I8254 *s);
void i8254_store(I8254 *s);

#endif
