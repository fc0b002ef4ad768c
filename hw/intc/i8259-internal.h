/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8259s' state, shared by the model and its leave of absence. */
#ifndef HW_INTC_I8259_INTERNAL_H
#define HW_INTC_I8259_INTERNAL_H

#include "hw/intc/i8259.h"

enum { PIC_CASCADE = 2 };

typedef struct Pic {
    /* Wiring. */
    MemoryRegion io, elcr_io;
    struct I8259 *pair;
    uint8_t elcr_mask; /* lines that may be level-triggered */

    /* Guest-visible state: all of it is in pic_state. */
    uint8_t lines; /* inputs as they are now */
    uint8_t irr, imr, isr;
    uint8_t elcr;
    uint8_t highest; /* line of the highest priority, moved by rotation */
    uint8_t vector_base;
    uint8_t icw_expected; /* 0: none, else 2..4 */
    bool icw1_ic4, icw1_single;
    bool read_isr, poll;
    bool special_mask, special_nested, auto_eoi, rotate_on_aeoi;

    uint64_t rises[8]; /* of the inputs, for `info irq` */
} Pic;

typedef struct I8259 {
    Device parent;
    IrqLine intr;
    const ChipHost *host; /* who runs the chips; NULL: this model */
    Pic pic[2];           /* master, slave */
    bool intr_level;
} I8259;

static inline I8259 *i8259(Device *dev)
{
    return container_of(dev, I8259, parent);
}

static inline bool pic_is_master(const Pic *pic)
{
    return pic == &pic->pair->pic[0];
}

/* Bring the cascade and INTR in line with the chips' state. */
void i8259_update(I8259 *s);
void i8259_set_intr(I8259 *s, bool level);

/* i8259-host.c: around an access, where a host runs the chips. */
void i8259_fetch(I8259 *s);
void i8259_store(I8259 *s);

#endif
