/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio over PCI, modern and transitional. A model's struct embeds VirtioPci
 * first; its class is a PciClass with the functions below or its own that call
 * them. */
#ifndef HW_VIRTIO_VIRTIO_PCI_H
#define HW_VIRTIO_VIRTIO_PCI_H

#include "hw/pci/pci.h"
#include "hw/virtio/virtio.h"

typedef struct VirtioPci {
    PciDevice pci;
    VirtioDevice vdev;

    /* Wiring and properties: fixed once realized. */
    uint32_t vectors; /* MSI-X; 0: none */
    int disable_legacy;
    bool disable_modern;
    MemoryRegion legacy, msix_bar, modern_bar;
    MemoryRegion common, isr, config, notify;
    Doorbell bells[VIRTIO_QUEUES_MAX], legacy_bells[VIRTIO_QUEUES_MAX];

    /* Guest-visible state. */
    uint32_t host_feature_select, guest_feature_select;
    uint16_t queue_select;
    uint64_t guest_features_new; /* being written, half by half */
} VirtioPci;

#define VIRTIO_PCI_PROPS(type, member, def_vectors)                            \
    PCI_DEVICE_PROPS(type, member.pci),                                        \
        DEFINE_PROP_U32("vectors", type, member.vectors, def_vectors, 0,       \
                        PCI_MSIX_VECTORS_MAX, "MSI-X vectors"),                \
        DEFINE_PROP_ONOFFAUTO("disable-legacy", type, member.disable_legacy,   \
                              0, "no transitional interface"),                 \
        DEFINE_PROP_BOOL("disable-modern", type, member.disable_modern, false, \
                         "no virtio 1.x interface")
extern const StateField virtio_pci_state[];
#define VIRTIO_PCI_STATE(type, member)                                         \
    STATE_STRUCT(type, member, virtio_pci_state)

static inline VirtioPci *virtio_pci_from_device(Device *dev)
{
    return container_of(container_of(dev, PciDevice, parent), VirtioPci, pci);
}
static inline VirtioPci *virtio_pci_from_vdev(VirtioDevice *vdev)
{
    return container_of(vdev, VirtioPci, vdev);
}

extern const VirtioTransport virtio_pci_transport;

/* For realize(): init before the queues are added, finish after. */
void virtio_pci_init(VirtioPci *p, const VirtioModel *model);
bool virtio_pci_finish(VirtioPci *p, GError **errp);
void virtio_pci_unrealize(VirtioPci *p);
void virtio_pci_reset(VirtioPci *p);
bool virtio_pci_loaded(VirtioPci *p, GError **errp);

/* The identity fields of a transitional function's PciClass. Virtio 1.2
 * 4.1.2: device id 1000h..103fh by kind, subsystem id is the virtio id. */
#define VIRTIO_PCI_CLASS_ID(device, virtio, class)                             \
    .vendor_id = 0x1af4, .device_id = (device), .subsystem_vendor_id = 0x1af4, \
    .subsystem_id = (virtio), .class_id = (class)

#endif
