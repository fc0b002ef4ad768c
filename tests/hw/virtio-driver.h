/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver's side of virtio over PCI for device tests: it finds the
 * interface by capabilities (or the legacy ports), negotiates, and lays split
 * rings out in the harness's RAM, where a test may damage them.
 */
#ifndef TESTS_HW_VIRTIO_DRIVER_H
#define TESTS_HW_VIRTIO_DRIVER_H

#include "tests/hw/harness.h"

enum {
    VIRT_SLOT = 5, /* "addr=5" */
    VIRT_LEGACY_PORT = 0xc000,
    VIRT_MODERN_BAR = 0xe0000000,
    VIRT_MSIX_BAR = 0xe1000000,
    VIRT_RINGS = 0x10000, /* 4000h a ring */
    VIRT_RING_BYTES = 0x4000,
    VIRT_DATA = 0x80000, /* free for buffers up to the end of RAM */

    VIRT_COMMON_STATUS = 0x14, /* offsets of common configuration */
    VIRT_COMMON_QUEUE_SIZE = 0x18,

    VIRT_DESC_NEXT = 1,
    VIRT_DESC_WRITE = 2,
    VIRT_DESC_INDIRECT = 4,
};

typedef struct VirtDriver {
    Hw *hw;
    unsigned devfn;
    bool legacy, msix;
    hwaddr common, isr, config, notify;
    uint32_t notify_multiplier;
    uint64_t features; /* as negotiated */
} VirtDriver;

typedef struct VirtRing {
    VirtDriver *driver;
    unsigned n, size, next_desc;
    hwaddr desc, avail, used;
    uint16_t avail_index, used_seen;
} VirtRing;

typedef struct VirtBuffer {
    hwaddr addr;
    uint32_t len;
    bool write; /* the device writes it */
} VirtBuffer;

/* Map the BARs and find the parts; legacy: use the ports only. */
void virt_init(VirtDriver *d, Hw *hw, bool legacy);
/* Vectors 0 (configuration), 1 and up for the queues, to data 0x40 + vector. */
void virt_enable_msix(VirtDriver *d);
/* Reset and negotiate up to FEATURES_OK; takes of `want` what is offered.
 * Gives the status that the device reads then. */
uint8_t virt_negotiate(VirtDriver *d, uint64_t want);
void virt_driver_ok(VirtDriver *d);
uint64_t virt_offered(VirtDriver *d);
void virt_set_status(VirtDriver *d, uint8_t status);
uint8_t virt_status(VirtDriver *d);
uint8_t virt_read_isr(VirtDriver *d);
uint64_t virt_config(VirtDriver *d, unsigned off, unsigned size);
void virt_set_config(VirtDriver *d, unsigned off, unsigned size, uint64_t val);

void virt_ring_init(VirtRing *r, VirtDriver *d, unsigned n, unsigned size);
void virt_desc(VirtRing *r, unsigned i, hwaddr addr, uint32_t len,
               uint16_t flags, uint16_t next);
/* A chain (direct, or by a table in RAM); made available, not kicked. */
unsigned virt_add(VirtRing *r, const VirtBuffer *buf, unsigned count);
unsigned virt_add_indirect(VirtRing *r, hwaddr table, const VirtBuffer *buf,
                           unsigned count);
void virt_publish(VirtRing *r, unsigned head);
void virt_kick(VirtRing *r);
/* Take the next used entry; false: there is none. */
bool virt_used(VirtRing *r, uint32_t *head, uint32_t *len);
/* Run the main loop till one comes; gives its length. */
uint32_t virt_wait(VirtRing *r, unsigned head);

uint16_t virt_ram16(Hw *hw, hwaddr addr);
void virt_ram16_set(Hw *hw, hwaddr addr, uint16_t val);

#endif
