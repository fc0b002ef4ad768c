/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio block device over PCI. */
#ifndef HW_VIRTIO_VIRTIO_BLK_H
#define HW_VIRTIO_VIRTIO_BLK_H

#include "hw/pci/pci.h"

extern const PciClass virtio_blk_pci_class; /* "virtio-blk-pci" */

#endif
