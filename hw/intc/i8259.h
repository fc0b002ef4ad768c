/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's pair of 8259A interrupt controllers with their ELCR. */
#ifndef HW_INTC_I8259_H
#define HW_INTC_I8259_H

#include "hw/core/device.h"
#include "util/chips.h"

extern const DeviceClass i8259_class; /* "isa-i8259": both chips */

/* Before realize: the processor's INTR. */
void i8259_connect(Device *dev, IrqLine intr);
/* Input n, 0..15; 2 is the cascade and goes nowhere. */
IrqLine i8259_input(Device *dev, unsigned n);
/* The processor's interrupt acknowledge cycle: the vector. Any thread. */
uint8_t i8259_ack(Device *dev);
/* From now on host runs the chips, and INTR is low; NULL: the model does
 * again. No input but the present levels reaches host from here. */
void i8259_set_host(Device *dev, const ChipHost *host);
void i8259_print(Device *dev, GString *out);      /* `info pic` */
void i8259_print_irqs(Device *dev, GString *out); /* `info irq` */

#endif
