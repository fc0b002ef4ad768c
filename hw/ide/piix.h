/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PIIX3's IDE function, "piix3-ide", with buses "ide.0" and "ide.1". */
#ifndef HW_IDE_PIIX_H
#define HW_IDE_PIIX_H

#include "hw/pci/pci.h"

extern const PciClass piix3_ide_class;

/* Before realize: the port space for 1f0h, 3f6h, 170h, 376h, and ISA
 * interrupts 14 and 15. */
void piix3_ide_wire(Device *dev, MemoryRegion *io, IrqLine primary,
                    IrqLine secondary);

#endif
