/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's interrupt controllers and timer as values, for when somebody else
 * runs a chip than its model: an accelerator whose kernel has them.
 *
 * A chip is in one place at a time. While it is at its host's, the model
 * notes its input lines and does nothing by itself; what reaches its registers
 * all the same (a monitor, an instruction that the host cannot do) is done to
 * the state got from the host, which is put back.
 */
#ifndef UTIL_CHIPS_H
#define UTIL_CHIPS_H

#include <stdbool.h>
#include <stdint.h>

/* One 8259. */
typedef struct PicState {
    uint8_t lines; /* inputs; a host gives the cascade's only */
    uint8_t irr, imr, isr, elcr;
    uint8_t highest;      /* line of the highest priority */
    uint8_t vector_base;  /* a multiple of 8 */
    uint8_t icw_expected; /* 0: none, else 2..4 */
    bool icw1_ic4, icw1_single;
    bool read_isr, poll;
    bool special_mask, special_nested, auto_eoi, rotate_on_aeoi;
} PicState;

enum { CHIP_PICS = 2, CHIP_IOAPIC_PINS = 24, CHIP_PIT_CHANNELS = 3 };

typedef struct IoapicState {
    uint32_t lines; /* inputs; a host leaves them alone */
    uint8_t select, id;
    uint64_t table[CHIP_IOAPIC_PINS];
} IoapicState;

/* A channel of the 8254. */
typedef struct PitChannel {
    uint8_t mode; /* 0..5 */
    uint8_t rw;   /* 1: low byte, 2: high byte, 3: both */
    bool bcd;
    bool gate;

    bool loaded;     /* a count was written since the control word */
    bool running;    /* the count follows the clock since start_ns */
    uint32_t count;  /* in force: 1..65536 (10000 in BCD) */
    uint32_t reload; /* written last; modes 1 and 5 take it at a trigger */
    int64_t start_ns;
    uint64_t elapsed; /* ticks since the start, while not running */

    bool write_high, read_high; /* flip-flops of two-byte accesses */
    uint8_t write_low;
    uint8_t latched; /* bytes of `latch` left to read */
    uint16_t latch;
    bool status_latched;
    uint8_t status;
} PitChannel;

/* start_ns of channels that run is 0: `elapsed` is as of now. */
typedef struct PitState {
    PitChannel channel[CHIP_PIT_CHANNELS];
    bool irq_disabled; /* the HPET has channel 0's interrupt */
    bool speaker;
} PitState;

typedef union ChipState {
    PicState pic[CHIP_PICS]; /* master, slave */
    IoapicState ioapic;
    PitState pit;
} ChipState;

typedef enum ChipKind { CHIP_PIC, CHIP_IOAPIC, CHIP_PIT, CHIP_KINDS } ChipKind;

/* Who runs a chip in its model's place. Called with the model's lock held. */
typedef struct ChipHost {
    void (*put)(void *opaque, const ChipState *state);
    /* What it cannot tell stays as it is. */
    void (*get)(void *opaque, ChipState *state);
    void (*end)(void *opaque); /* the model runs it again; may be NULL */
    void *opaque;
} ChipHost;

#endif
