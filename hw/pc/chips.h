/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's interrupt controllers and 8254, which an accelerator may run
 * while vCPUs run. */
#ifndef HW_PC_CHIPS_H
#define HW_PC_CHIPS_H

#include "accel/accel.h"
#include "hw/core/device.h"

typedef struct PcChips {
    Device *pic, *ioapic, *pit; /* the board's; pit may be NULL */
    GMutex lock; /* before the chips'; guards away, and lines on their way */
    bool away;
} PcChips;

/* Would this accelerator run them? */
bool pc_chips_leave(Accel *accel);
/* Global line n, 0..23: to the chips, wherever they are. Any thread. */
void pc_chips_set_line(PcChips *c, Accel *accel, unsigned n, bool level);
/* All vCPUs stand: vCPUs are about to run; they do not any more. */
void pc_chips_go(PcChips *c, Accel *accel);
void pc_chips_come(PcChips *c);

#endif
