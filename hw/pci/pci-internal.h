/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pci.c, msi.c and bus.c share. */
#ifndef HW_PCI_PCI_INTERNAL_H
#define HW_PCI_PCI_INTERNAL_H

#include "hw/pci/pci.h"
#include "util/span.h"

/* msi.c: follow a configuration write, reset, load, unrealize. */
void pci_msi_config_written(PciDevice *dev, unsigned off, unsigned size);
void pci_msi_reset(PciDevice *dev);
void pci_msi_loaded(PciDevice *dev);
void pci_msi_clear(PciDevice *dev);

#endif
