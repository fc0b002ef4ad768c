/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82441FX host bridge: where RAM, the PCI hole and shadow RAM meet. */
#ifndef HW_PC_I440FX_H
#define HW_PC_I440FX_H

#include "hw/pci/pci.h"

extern const PciClass i440fx_class; /* "i440FX", function 00.0 */

/* Before realize. system: the memory root; pci: what shows through where there
 * is no RAM, wholly covered from C0000h to FFFFFh; ram: block that holds guest
 * physical [0, ...) from offset 0. */
void i440fx_wire(Device *dev, MemoryRegion *system, MemoryRegion *pci,
                 RamBlock *ram);
/* Before realize: told whether processors in system management mode see RAM at
 * I440FX_SMRAM_BASE. */
void i440fx_wire_smram(Device *dev, IrqLine smram);

enum { I440FX_SMRAM_BASE = 0xa0000, I440FX_SMRAM_SIZE = 0x20000 };

#endif
