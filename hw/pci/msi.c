/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Message signalled interrupts: MSI with one 64-bit vector, and MSI-X with its
 * table and pending bits in a BAR. PCI Local Bus 3.0, 6.8.
 *
 * A vector that is raised while masked becomes pending and is sent when the
 * mask goes.
 */
#include "hw/pci/pci-internal.h"

#include <inttypes.h>
#include <string.h>

enum {
    MSI_CONTROL = 2,
    MSI_CONTROL_ENABLE = 1,
    MSI_CONTROL_64 = 1 << 7,
    MSI_ADDRESS = 4,
    MSI_DATA_64 = 12,
    MSI_SIZE_64 = 14,

    MSIX_CONTROL = 2,
    MSIX_CONTROL_MASK_ALL = 1 << 14,
    MSIX_CONTROL_ENABLE = 1 << 15,
    MSIX_TABLE = 4,
    MSIX_PBA = 8,
    MSIX_SIZE = 12,
    MSIX_ENTRY = 16, /* bytes: address, upper address, data, control */
    MSIX_ENTRY_CONTROL = 12,
};

static void pci_msi_send(PciDevice *dev, uint64_t addr, uint32_t data)
{
    PciBus *bus = container_of(dev->parent.bus, PciBus, bus);

    trace(pci_msi, "%s addr %" PRIx64 " data %x", dev->parent.class->name, addr,
          data);
    if (!(pci_get16(dev, PCI_COMMAND) & PCI_COMMAND_MASTER)) {
        return;
    }
    if (bus->msi) {
        bus->msi(bus->msi_opaque, addr, data);
    }
}

static uint32_t pci_msi_le32(const uint8_t *p)
{
    uint32_t val;

    memcpy(&val, p, 4);
    return GUINT32_FROM_LE(val);
}

/* ---- MSI --------------------------------------------------------------------
 */

bool pci_msi_init(PciDevice *dev, GError **errp)
{
    uint8_t off = pci_add_capability(dev, PCI_CAP_MSI, MSI_SIZE_64);

    if (!off) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE,
                        "no room for the MSI capability");
    }
    dev->msi_cap = off;
    pci_set16(dev, off + MSI_CONTROL, MSI_CONTROL_64);
    dev->wmask[off + MSI_CONTROL] = MSI_CONTROL_ENABLE;
    memset(&dev->wmask[off + MSI_ADDRESS], 0xff, 10);
    dev->wmask[off + MSI_ADDRESS] = 0xfc;
    return true;
}

bool pci_msi_enabled(const PciDevice *dev)
{
    return dev->msi_cap &&
           (dev->config[dev->msi_cap + MSI_CONTROL] & MSI_CONTROL_ENABLE);
}

void pci_msi_notify(PciDevice *dev)
{
    const uint8_t *cap = &dev->config[dev->msi_cap];

    if (pci_msi_enabled(dev)) {
        pci_msi_send(dev,
                     pci_msi_le32(cap + MSI_ADDRESS) |
                         (uint64_t)pci_msi_le32(cap + MSI_ADDRESS + 4) << 32,
                     cap[MSI_DATA_64] | cap[MSI_DATA_64 + 1] << 8);
    }
}

/* ---- MSI-X
 * ------------------------------------------------------------------- */

static uint16_t pci_msix_control(const PciDevice *dev)
{
    return dev->msix_cap ? pci_get16(dev, dev->msix_cap + MSIX_CONTROL) : 0;
}

bool pci_msix_enabled(const PciDevice *dev)
{
    return pci_msix_control(dev) & MSIX_CONTROL_ENABLE;
}

static bool pci_msix_masked(const PciDevice *dev, unsigned vector)
{
    return (pci_msix_control(dev) & MSIX_CONTROL_MASK_ALL) ||
           (dev->msix_table[vector * MSIX_ENTRY + MSIX_ENTRY_CONTROL] & 1);
}

static void pci_msix_deliver(PciDevice *dev, unsigned vector)
{
    const uint8_t *e = &dev->msix_table[vector * MSIX_ENTRY];

    pci_msi_send(dev, pci_msi_le32(e) | (uint64_t)pci_msi_le32(e + 4) << 32,
                 pci_msi_le32(e + 8));
}

void pci_msix_notify(PciDevice *dev, unsigned vector)
{
    if (vector >= dev->msix_vectors || !pci_msix_enabled(dev)) {
        return;
    }
    if (pci_msix_masked(dev, vector)) {
        dev->msix_pba[vector / 8] |= 1 << (vector % 8);
        return;
    }
    pci_msix_deliver(dev, vector);
}

static void pci_msix_flush(PciDevice *dev, unsigned vector)
{
    uint8_t bit = 1 << (vector % 8);

    if ((dev->msix_pba[vector / 8] & bit) && pci_msix_enabled(dev) &&
        !pci_msix_masked(dev, vector)) {
        dev->msix_pba[vector / 8] &= ~bit;
        pci_msix_deliver(dev, vector);
    }
    if (dev->msix_vector_changed) {
        dev->msix_vector_changed(dev, vector);
    }
}

static bool pci_msix_table_read(void *opaque, hwaddr off, unsigned size,
                                uint64_t *val)
{
    PciDevice *dev = opaque;

    *val = 0;
    memcpy(val, dev->msix_table + off, size);
    *val = GUINT64_FROM_LE(*val);
    return true;
}

static bool pci_msix_table_write(void *opaque, hwaddr off, unsigned size,
                                 uint64_t val)
{
    PciDevice *dev = opaque;

    val = GUINT64_TO_LE(val);
    memcpy(dev->msix_table + off, &val, size);
    pci_msix_flush(dev, off / MSIX_ENTRY);
    return true;
}

static bool pci_msix_pba_read(void *opaque, hwaddr off, unsigned size,
                              uint64_t *val)
{
    PciDevice *dev = opaque;

    *val = 0;
    memcpy(val, dev->msix_pba + off, size);
    *val = GUINT64_FROM_LE(*val);
    return true;
}

static bool pci_msix_pba_write(void *opaque, hwaddr off, unsigned size,
                               uint64_t val)
{
    PciDevice *dev = opaque;

    log_guest_error("%s: write to MSI-X pending bits at %" PRIx64 "\n",
                    dev->parent.class->name, off);
    return true;
}

static const MemoryOps pci_msix_table_ops = {
    .read = pci_msix_table_read,
    .write = pci_msix_table_write,
    .valid = { .min = 4, .max = 8 },
    .impl = { .min = 4, .max = 4 },
};

static const MemoryOps pci_msix_pba_ops = {
    .read = pci_msix_pba_read,
    .write = pci_msix_pba_write,
    .valid = { .min = 4, .max = 8 },
    .impl = { .min = 4, .max = 4 },
};

static unsigned pci_msix_pba_bytes(unsigned vectors)
{
    return (vectors + 63) / 64 * 8;
}

bool pci_msix_init(PciDevice *dev, unsigned vectors, unsigned bar,
                   MemoryRegion *bar_region, uint32_t table_off,
                   uint32_t pba_off, GError **errp)
{
    g_assert(vectors >= 1 && vectors <= PCI_MSIX_VECTORS_MAX);
    uint8_t off = pci_add_capability(dev, PCI_CAP_MSIX, MSIX_SIZE);

    if (!off) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE,
                        "no room for the MSI-X capability");
    }
    dev->msix_cap = off;
    dev->msix_vectors = vectors;
    pci_set16(dev, off + MSIX_CONTROL, vectors - 1);
    dev->wmask[off + MSIX_CONTROL + 1] =
        (MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL) >> 8;
    pci_set32(dev, off + MSIX_TABLE, table_off | bar);
    pci_set32(dev, off + MSIX_PBA, pba_off | bar);
    region_init_io(&dev->msix_table_io, "msix-table", vectors * MSIX_ENTRY,
                   &pci_msix_table_ops, dev, &dev->parent.lock);
    region_init_io(&dev->msix_pba_io, "msix-pba", pci_msix_pba_bytes(vectors),
                   &pci_msix_pba_ops, dev, &dev->parent.lock);
    region_add(bar_region, table_off, &dev->msix_table_io);
    region_add(bar_region, pba_off, &dev->msix_pba_io);
    pci_msi_reset(dev);
    return true;
}

/* ---- Life
 * -------------------------------------------------------------------- */

void pci_msi_config_written(PciDevice *dev, unsigned off, unsigned size)
{
    if (dev->msix_cap &&
        span_overlaps(off, size, dev->msix_cap + MSIX_CONTROL, 2)) {
        for (unsigned v = 0; v < dev->msix_vectors; v++) {
            pci_msix_flush(dev, v);
        }
    }
}

void pci_msi_reset(PciDevice *dev)
{
    if (dev->msi_cap) {
        dev->config[dev->msi_cap + MSI_CONTROL] &= ~MSI_CONTROL_ENABLE;
        memset(&dev->config[dev->msi_cap + MSI_ADDRESS], 0, 10);
    }
    if (!dev->msix_cap) {
        return;
    }
    dev->config[dev->msix_cap + MSIX_CONTROL + 1] &=
        ~((MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL) >> 8);
    memset(dev->msix_table, 0, sizeof(dev->msix_table));
    memset(dev->msix_pba, 0, sizeof(dev->msix_pba));
    for (unsigned v = 0; v < dev->msix_vectors; v++) {
        dev->msix_table[v * MSIX_ENTRY + MSIX_ENTRY_CONTROL] = 1;
    }
}

void pci_msi_loaded(PciDevice *dev)
{
    for (unsigned v = 0; v < dev->msix_vectors; v++) {
        pci_msix_flush(dev, v);
    }
}

void pci_msi_clear(PciDevice *dev)
{
    if (dev->msix_cap) {
        region_clear(&dev->msix_table_io);
        region_clear(&dev->msix_pba_io);
    }
    dev->msix_cap = 0;
    dev->msi_cap = 0;
    dev->msix_vectors = 0;
}
