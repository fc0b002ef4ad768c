/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory balloon over PCI. The monitor reaches it by hw/core/balloon.h. */
#ifndef HW_VIRTIO_VIRTIO_BALLOON_H
#define HW_VIRTIO_VIRTIO_BALLOON_H

#include "hw/pci/pci.h"

extern const PciClass virtio_balloon_pci_class; /* "virtio-balloon-pci" */

#endif
