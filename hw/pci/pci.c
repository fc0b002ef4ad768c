/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI functions: configuration space, base address registers, capabilities and
 * INTx. PCI Local Bus 3.0, chapter 6.
 *
 * Configuration space is bytes plus two masks: which bits the guest may write,
 * and which a written 1 clears. Whatever follows from a write (BAR mapping,
 * INTx disable) is recomputed from the bytes, so loading state needs no more
 * than that.
 */
#include "hw/pci/pci.h"

#include "hw/pci/pci-internal.h"

#include <inttypes.h>
#include <string.h>

void pci_set16(PciDevice *dev, unsigned off, uint16_t val)
{
    dev->config[off] = val;
    dev->config[off + 1] = val >> 8;
}

void pci_set32(PciDevice *dev, unsigned off, uint32_t val)
{
    pci_set16(dev, off, val);
    pci_set16(dev, off + 2, val >> 16);
}

static uint32_t pci_get32(const PciDevice *dev, unsigned off)
{
    return pci_get16(dev, off) | (uint32_t)pci_get16(dev, off + 2) << 16;
}

static PciBus *pci_bus_of(const PciDevice *dev)
{
    return container_of(dev->parent.bus, PciBus, bus);
}

/* ---- Base address registers ------------------------------------------------
 */

static unsigned pci_bar_offset(unsigned n)
{
    return n == PCI_BARS ? PCI_ROM_BAR : PCI_BAR0 + 4 * n;
}

static bool pci_bar_is_64(PciBarKind kind)
{
    return kind == PCI_BAR_MEM64 || kind == PCI_BAR_MEM64_PREFETCH;
}

/* Where the guest put BAR n; false while it is not decoded (command bit off,
 * sizing pattern, outside the port space). */
static bool pci_bar_address(const PciDevice *dev, unsigned n, uint64_t *addr)
{
    const PciBar *bar = &dev->bar[n];
    uint16_t command = pci_get16(dev, PCI_COMMAND);
    unsigned off = pci_bar_offset(n);
    uint64_t val = pci_get32(dev, off);

    if (bar->kind == PCI_BAR_IO) {
        val &= ~UINT64_C(3);
        *addr = val;
        return (command & PCI_COMMAND_IO) && val && val + bar->size <= 0x10000;
    }
    if (n == PCI_BARS && !(val & 1)) {
        return false;
    }
    if (pci_bar_is_64(bar->kind)) {
        val |= (uint64_t)pci_get32(dev, off + 4) << 32;
    }
    val &= ~(bar->size - 1);
    *addr = val;
    return (command & PCI_COMMAND_MEMORY) && val &&
           val + (bar->size - 1) > val && val + (bar->size - 1) != UINT32_MAX &&
           val + (bar->size - 1) != UINT64_MAX;
}

static void pci_bar_update(PciDevice *dev, unsigned n)
{
    PciBus *bus = pci_bus_of(dev);
    PciBar *bar = &dev->bar[n];
    uint64_t addr = 0;
    bool mapped = pci_bar_address(dev, n, &addr);

    if (mapped == bar->mapped && (!mapped || addr == bar->addr)) {
        return;
    }
    trace(pci_bar, "%s bar %u %s at %" PRIx64 " size %" PRIx64,
          dev->parent.class->name, n, mapped ? "mapped" : "unmapped", addr,
          bar->size);
    if (bar->mapped) {
        region_remove(bar->region);
    }
    if (mapped) {
        region_add_priority(bar->kind == PCI_BAR_IO ? bus->io : bus->memory,
                            addr, bar->region, 1);
    }
    bar->mapped = mapped;
    bar->addr = addr;
}

static void pci_bars_update(PciDevice *dev)
{
    for (unsigned n = 0; n <= PCI_BARS; n++) {
        if (dev->bar[n].kind) {
            pci_bar_update(dev, n);
        }
    }
}

static uint64_t pci_round_up_power2(uint64_t size)
{
    uint64_t p = 1;

    while (p < size) {
        p <<= 1;
    }
    return p;
}

void pci_add_bar(PciDevice *dev, unsigned n, PciBarKind kind,
                 MemoryRegion *region, uint64_t size)
{
    static const uint8_t type_bits[] = {
        [PCI_BAR_IO] = 0x1,
        [PCI_BAR_MEM64] = 0x4,
        [PCI_BAR_MEM32_PREFETCH] = 0x8,
        [PCI_BAR_MEM64_PREFETCH] = 0xc,
    };
    unsigned off = pci_bar_offset(n);
    uint64_t mask;

    size = pci_round_up_power2(MAX(size, kind == PCI_BAR_IO ? 4 : 16));
    mask = ~(size - 1);
    dev->bar[n] = (PciBar){ .kind = kind, .size = size, .region = region };
    pci_set32(dev, off, type_bits[kind]);
    for (unsigned i = 0; i < (pci_bar_is_64(kind) ? 8 : 4); i++) {
        dev->wmask[off + i] = mask >> (8 * i);
    }
    if (n == PCI_BARS) {
        dev->wmask[off] |= 1;
    }
}

/* ---- Header and capabilities -----------------------------------------------
 */

void pci_device_init_header(PciDevice *dev, const PciClass *class)
{
    memset(dev->wmask, 0, sizeof(dev->wmask));
    memset(dev->w1cmask, 0, sizeof(dev->w1cmask));
    memset(dev->config, 0, sizeof(dev->config));
    pci_set16(dev, PCI_VENDOR_ID, class->vendor_id);
    pci_set16(dev, PCI_DEVICE_ID, class->device_id);
    dev->config[PCI_REVISION_ID] = class->revision;
    dev->config[PCI_CLASS_PROG] = class->prog_if;
    pci_set16(dev, PCI_CLASS_DEVICE, class->class_id);
    dev->config[PCI_HEADER_TYPE] = dev->multifunction ? 0x80 : 0;
    pci_set16(dev, PCI_SUBSYSTEM_VENDOR_ID,
              class->subsystem_vendor_id ? class->subsystem_vendor_id : 0x1af4);
    pci_set16(dev, PCI_SUBSYSTEM_ID,
              class->subsystem_id ? class->subsystem_id : 0x1100);
    /* I/O, memory, master, parity response, SERR#, INTx disable. */
    dev->wmask[PCI_COMMAND] = 0x47;
    dev->wmask[PCI_COMMAND + 1] = 0x05;
    dev->w1cmask[PCI_STATUS + 1] = 0xf9;
    dev->wmask[PCI_CLASS_PROG + 3] = 0xff; /* cache line size, 0Ch */
    dev->wmask[0x0d] = 0xff;               /* latency timer */
    dev->wmask[PCI_INTERRUPT_LINE] = 0xff;
    dev->cap_end = 0x40;
}

uint8_t pci_add_capability(PciDevice *dev, uint8_t id, uint8_t size)
{
    unsigned off = dev->cap_end;
    unsigned next = (off + size + 3) & ~3u;

    if (next > PCI_CONFIG_SIZE) {
        return 0;
    }
    dev->cap_end = next;
    dev->config[off] = id;
    dev->config[off + 1] = dev->config[PCI_CAP_POINTER];
    dev->config[PCI_CAP_POINTER] = off;
    dev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    return off;
}

void pci_set_interrupt_pin(PciDevice *dev, uint8_t pin)
{
    dev->config[PCI_INTERRUPT_PIN] = pin;
}

/* ---- INTx -------------------------------------------------------------------
 */

/* What reaches the router: the request unless it is disabled. The status bit
 * shows the request itself (6.2.3). */
static bool pci_intx_driven(const PciDevice *dev)
{
    return dev->intx_level &&
           !(pci_get16(dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
}

static void pci_intx_propagate(PciDevice *dev, bool level)
{
    PciBus *bus = pci_bus_of(dev);
    uint8_t pin = dev->config[PCI_INTERRUPT_PIN];

    if (!pin || pin > 4 || !bus->map_irq) {
        return;
    }
    unsigned n = bus->map_irq(bus, dev->devfn, pin - 1);
    int before = g_atomic_int_add(&bus->irq_count[n], level ? 1 : -1);

    if (before == (level ? 0 : 1)) {
        irq_set(&bus->irq[n], level);
    }
}

void pci_set_intx(PciDevice *dev, bool level)
{
    bool before = pci_intx_driven(dev);

    dev->intx_level = level;
    if (level) {
        dev->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
    } else {
        dev->config[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
    }
    if (pci_intx_driven(dev) != before) {
        pci_intx_propagate(dev, level);
    }
}

/* ---- Configuration accesses
 * --------------------------------------------------- */

uint32_t pci_config_read(PciDevice *dev, unsigned off, unsigned size)
{
    uint32_t val = 0;

    g_mutex_lock(&dev->parent.lock);
    for (unsigned i = 0; i < size && off + i < PCI_CONFIG_SIZE; i++) {
        val |= (uint32_t)dev->config[off + i] << (8 * i);
    }
    g_mutex_unlock(&dev->parent.lock);
    return val;
}

static void pci_config_store(PciDevice *dev, unsigned off, unsigned size,
                             uint32_t val)
{
    for (unsigned i = 0; i < size && off + i < PCI_CONFIG_SIZE; i++) {
        uint8_t byte = val >> (8 * i);
        uint8_t wmask = dev->wmask[off + i];
        uint8_t *p = &dev->config[off + i];

        *p = ((*p & ~wmask) | (byte & wmask)) & ~(byte & dev->w1cmask[off + i]);
    }
}

void pci_config_write(PciDevice *dev, unsigned off, unsigned size, uint32_t val)
{
    const PciClass *class = (const PciClass *)dev->parent.class;

    g_mutex_lock(&dev->parent.lock);
    bool driven = pci_intx_driven(dev);

    pci_config_store(dev, off, size, val);
    if (span_overlaps(off, size, PCI_BAR0, 4 * PCI_BARS) ||
        span_overlaps(off, size, PCI_ROM_BAR, 4) ||
        span_overlaps(off, size, PCI_COMMAND, 2)) {
        pci_bars_update(dev);
    }
    if (pci_intx_driven(dev) != driven) {
        pci_intx_propagate(dev, !driven);
    }
    pci_msi_config_written(dev, off, size);
    if (class->config_written) {
        class->config_written(dev, off, size);
    }
    g_mutex_unlock(&dev->parent.lock);
}

bool pci_dma_read(PciDevice *dev, hwaddr addr, void *buf, size_t len)
{
    return (pci_get16(dev, PCI_COMMAND) & PCI_COMMAND_MASTER) &&
           dma_read(dev->parent.env->memory, addr, buf, len);
}

bool pci_dma_write(PciDevice *dev, hwaddr addr, const void *buf, size_t len)
{
    return (pci_get16(dev, PCI_COMMAND) & PCI_COMMAND_MASTER) &&
           dma_write(dev->parent.env->memory, addr, buf, len);
}

/* ---- Life
 * -------------------------------------------------------------------- */

void pci_device_reset(PciDevice *dev)
{
    pci_set_intx(dev, false);
    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++) {
        /* Writable bits of a BAR, the command register and the interrupt line
         * come up as zero; capabilities are reset by their owners. */
        if (i < 0x40) {
            dev->config[i] &= ~(dev->wmask[i] | dev->w1cmask[i]);
        }
    }
    pci_msi_reset(dev);
    pci_bars_update(dev);
}

void pci_device_loaded(PciDevice *dev)
{
    pci_bars_update(dev);
    pci_msi_loaded(dev);
}

void pci_device_unrealize(PciDevice *dev)
{
    if (!dev->parent.bus) {
        return;
    }
    pci_set_intx(dev, false);
    for (unsigned n = 0; n <= PCI_BARS; n++) {
        if (dev->bar[n].mapped) {
            region_remove(dev->bar[n].region);
        }
        dev->bar[n] = (PciBar){ 0 };
    }
    pci_msi_clear(dev);
    if (dev->rom_block) {
        region_clear(&dev->rom_region);
        ram_free(dev->rom_block);
        dev->rom_block = NULL;
    }
}

const StateField pci_device_state[] = {
    STATE_BYTES(PciDevice, config, PCI_CONFIG_SIZE),
    STATE_BYTES(PciDevice, msix_table, PCI_MSIX_VECTORS_MAX * 16),
    STATE_BYTES(PciDevice, msix_pba, PCI_MSIX_VECTORS_MAX / 8),
    STATE_BOOL(PciDevice, intx_level),
    {},
};
