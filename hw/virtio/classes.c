/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/virtio, a line each. */
#include "hw/classes.h"
#include "hw/virtio/virtio-balloon.h"
#include "hw/virtio/virtio-blk.h"
#include "hw/virtio/virtio-rng.h"
#include "hw/virtio/virtio-serial.h"

const DeviceClass *const hw_virtio_classes[] = {
    &virtio_balloon_pci_class.device,
    &virtio_blk_pci_class.device,
    &virtio_rng_pci_class.device,
    &virtio_serial_pci_class.device,
    &virtconsole_class,
    &virtserialport_class,
    NULL,
};
