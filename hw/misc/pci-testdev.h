/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PCI function whose registers count what is written to them. */
#ifndef HW_MISC_PCI_TESTDEV_H
#define HW_MISC_PCI_TESTDEV_H

#include "hw/pci/pci.h"

extern const PciClass pci_testdev_class;

#endif
