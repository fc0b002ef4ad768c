/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82371AB's function 3: ACPI power management. */
#ifndef HW_PC_PIIX4_PM_H
#define HW_PC_PIIX4_PM_H

#include "hw/pci/pci.h"

extern const PciClass piix4_pm_class; /* "PIIX4_PM" */

enum {
    PIIX4_PM_BASE = 0x600,      /* where the firmware puts PMBASE */
    PIIX4_PM_GPE_BASE = 0xafe0, /* general-purpose events, fixed */
    PIIX4_PM_GPE_LEN = 4,
    PIIX4_PM_SMI_COMMAND = 0xb2,
    PIIX4_PM_ACPI_ENABLE = 0xf1,
    PIIX4_PM_ACPI_DISABLE = 0xf0,
};

/* Before realize: the port space and the system control interrupt (ISA 9). */
void piix4_pm_wire(Device *dev, MemoryRegion *io, IrqLine sci);
/* Before realize: the system management interrupt. Without it DEVACTB says that
 * firmware has set it up already, so that it does not try. */
void piix4_pm_wire_smi(Device *dev, IrqLine smi);
/* Press the power button: false if the guest does not listen (its ACPI is
 * off). Any thread. */
bool piix4_pm_power_button(Device *dev);

#endif
