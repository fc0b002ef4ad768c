/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HW_VIRTIO_VIRTIO_BALLOON_H
#define HW_VIRTIO_VIRTIO_BALLOON_H

/* The memory balloon over PCI. The monitor reaches it by hw/core/balloon.h. */
#include "hw/pci/pci.h"

extern const PciClass virtio_balloon_pci_class; /* "virtio-balloon-pci" */

#endif
