/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's 8254 interval timer and the system control port 61h around it. */
#ifndef HW_TIMER_I8254_H
#define HW_TIMER_I8254_H

#include "hw/core/device.h"
#include "util/chips.h"

/* "isa-pit": channel 0 drives ISA interrupt 0. */
extern const DeviceClass i8254_class;

/* High: channel 0's interrupt is taken over by the HPET. */
IrqLine i8254_disable_input(Device *dev);
/* Before a host takes the chip: its line goes low, and its ticks stop. */
void i8254_stand_down(Device *dev);
/* From now on host runs the chip; NULL: the model does again. */
void i8254_set_host(Device *dev, const ChipHost *host);

#endif
