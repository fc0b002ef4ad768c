/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio console device over PCI, and the ports that plug into it. */
#ifndef HW_VIRTIO_VIRTIO_SERIAL_H
#define HW_VIRTIO_VIRTIO_SERIAL_H

#include "hw/pci/pci.h"

extern const PciClass virtio_serial_pci_class; /* "virtio-serial-pci" */
extern const DeviceClass virtconsole_class, virtserialport_class;

#endif
