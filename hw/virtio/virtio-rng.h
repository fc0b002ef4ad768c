/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HW_VIRTIO_VIRTIO_RNG_H
#define HW_VIRTIO_VIRTIO_RNG_H

/* The virtio entropy source over PCI. */
#include "hw/pci/pci.h"

extern const PciClass virtio_rng_pci_class; /* "virtio-rng-pci" */

#endif
