/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The high precision event timer. */
#ifndef HW_TIMER_HPET_H
#define HW_TIMER_HPET_H

#include "hw/core/device.h"

#define HPET_BASE 0xfed00000
#define HPET_SIZE 0x400
enum { HPET_OUTPUTS = 24, HPET_RTC_OUTPUT = 8 };

extern const DeviceClass hpet_class; /* "hpet" */

/* Before realize: interrupt n of the board (n as the I/O APIC counts; 0 and 8
 * are what the 8254 and the RTC use otherwise). */
void hpet_connect(Device *dev, unsigned n, IrqLine line);
/* Before realize: driven high while legacy replacement is on; belongs to the
 * 8254's i8254_disable_input(). */
void hpet_connect_legacy(Device *dev, IrqLine line);
/* What the RTC's interrupt is wired to: passed on to output 8 unless legacy
 * replacement is on. */
IrqLine hpet_rtc_input(Device *dev);
/* After realize: to be placed at HPET_BASE. */
MemoryRegion *hpet_region(Device *dev);
/* The event timer block id of the ACPI table. */
uint32_t hpet_block_id(Device *dev);

#endif
