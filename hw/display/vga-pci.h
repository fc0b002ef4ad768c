/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA as PCI functions: VGA, and secondary-vga without legacy addresses. */
#ifndef HW_DISPLAY_VGA_PCI_H
#define HW_DISPLAY_VGA_PCI_H

#include "hw/pci/pci.h"

extern const PciClass vga_pci_class;
extern const PciClass secondary_vga_class;

#endif
