/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard controller with its keyboard and mouse. */
#ifndef HW_INPUT_I8042_H
#define HW_INPUT_I8042_H

#include "hw/core/device.h"

/* "i8042": ports 60h and 64h, ISA interrupts 1 and 12. Listens to env's input
 * hub for keys, buttons and relative movements. */
extern const DeviceClass i8042_class;

/* Before realize: the A20 gate; high lets address bit 20 through; and the
 * processors' INIT#, which rises shortly. */
void i8042_connect(Device *dev, IrqLine a20, IrqLine init);

#endif
