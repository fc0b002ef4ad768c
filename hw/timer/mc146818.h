/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real-time clock and CMOS RAM. */
#ifndef HW_TIMER_MC146818_H
#define HW_TIMER_MC146818_H

#include "hw/core/device.h"

/* "mc146818rtc": ports 70h, 71h and ISA interrupt 8. */
extern const DeviceClass mc146818_class;

/* CMOS RAM behind the clock's registers (0eh..7fh), for the board's firmware
 * tables. Survives resets. */
uint8_t mc146818_get(Device *dev, unsigned reg);
void mc146818_set(Device *dev, unsigned reg, uint8_t val);

#endif
