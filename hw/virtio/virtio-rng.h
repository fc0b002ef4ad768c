/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio entropy source over PCI. */
#ifndef HW_VIRTIO_VIRTIO_RNG_H
#define HW_VIRTIO_VIRTIO_RNG_H

#include "hw/pci/pci.h"

extern const PciClass virtio_rng_pci_class; /* "virtio-rng-pci" */

#endif
