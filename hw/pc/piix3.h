/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82371SB's function 0: ISA bridge, PCI interrupt router, reset control. */
#ifndef HW_PC_PIIX3_H
#define HW_PC_PIIX3_H

#include "hw/pci/pci.h"

extern const PciClass piix3_class; /* "PIIX3" */

/* Before realize: ISA interrupt lines that PIRQA..D# are routed to (16 lines,
 * copied), the port space, and the processors' INIT#, which rises shortly. */
void piix3_wire(Device *dev, MemoryRegion *io, const IrqLine isa_irq[16],
                IrqLine init);
/* Input n (0..3, PIRQA..D#) for PciBus.irq. */
IrqLine piix3_pirq(Device *dev, unsigned n);
/* PciBus.map_irq of a PIIX board: slot and pin swizzle. */
unsigned piix3_map_irq(PciBus *bus, unsigned devfn, unsigned pin);

#endif
