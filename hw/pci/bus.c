/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI buses and the host bridge's configuration mechanism #1 (PCI 3.0
 * 3.2.2.3.2): port CF8h selects bus, function and register, CFCh is the data.
 */
#include "hw/pci/pci-internal.h"

#include <inttypes.h>
#include <string.h>

/* ---- Expansion ROMs
 * ----------------------------------------------------------- */

static bool pci_rom_load(PciDevice *dev, const char *name, GError **errp)
{
    PciBus *bus = container_of(dev->parent.bus, PciBus, bus);
    g_autofree char *data = NULL;
    size_t len = 0;

    for (const char *const *dir = bus->rom_dirs; dir && *dir; dir++) {
        g_autofree char *path = g_build_filename(*dir, name, NULL);

        if (g_file_get_contents(path, &data, &len, NULL)) {
            break;
        }
    }
    if (!data) {
        /* Firmware does without it: the device only cannot be booted from. */
        return true;
    }
    uint64_t size = PAGE_SIZE;

    while (size < len) {
        size <<= 1;
    }
    dev->rom_block = ram_new(name, size, errp);
    if (!dev->rom_block) {
        return false;
    }
    memcpy(dev->rom_block->host, data, len);
    dev->rom_block->read_only = true;
    region_init_rom(&dev->rom_region, name, dev->rom_block, 0, size, NULL, NULL,
                    NULL);
    pci_add_bar(dev, PCI_BARS, PCI_BAR_MEM32, &dev->rom_region, size);
    return true;
}

/* ---- Bus
 * ---------------------------------------------------------------------- */

static bool pci_bus_pick(PciBus *bus, PciDevice *dev, GError **errp)
{
    if (dev->devfn_wanted >= 0) {
        if (dev->devfn_wanted > 255) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "PCI address %x is beyond slot 1f",
                            dev->devfn_wanted);
        }
        const PciDevice *there = bus->devices[dev->devfn_wanted];

        if (there) {
            return emu_fail(errp, EMU_ERROR_BUSY,
                            "PCI: slot %x function %x not available for %s, "
                            "in use by %s",
                            PCI_SLOT(dev->devfn_wanted),
                            PCI_FUNC(dev->devfn_wanted),
                            dev->parent.class->name, there->parent.class->name);
        }
        dev->devfn = dev->devfn_wanted;
        return true;
    }
    for (unsigned devfn = 0; devfn < 256; devfn += 8) {
        if (!bus->devices[devfn]) {
            dev->devfn = dev->devfn_wanted = devfn;
            return true;
        }
    }
    return emu_fail(errp, EMU_ERROR_NO_SPACE, "PCI: no slot left on %s",
                    bus->bus.name);
}

static bool pci_bus_plug(Bus *parent, Device *device, GError **errp)
{
    PciBus *bus = container_of(parent, PciBus, bus);
    PciDevice *dev = container_of(device, PciDevice, parent);
    const PciClass *class = (const PciClass *)device->class;

    if (!pci_bus_pick(bus, dev, errp)) {
        return false;
    }
    device->bus = parent;
    pci_device_init_header(dev, class);
    if (class->rom && !pci_rom_load(dev, class->rom, errp)) {
        return false;
    }
    bus->devices[dev->devfn] = dev;
    return true;
}

static void pci_bus_unplug(Bus *parent, Device *device)
{
    PciBus *bus = container_of(parent, PciBus, bus);
    PciDevice *dev = container_of(device, PciDevice, parent);

    pci_device_unrealize(dev);
    if (bus->devices[dev->devfn] == dev) {
        bus->devices[dev->devfn] = NULL;
    }
}

typedef struct PciClassName {
    uint16_t class_id;
    const char *text;
    const char *node; /* in boot paths: IEEE 1275's PCI binding 2.1, 2.5 */
} PciClassName;

static const PciClassName pci_class_names[] = {
    { 0x0100, "SCSI controller", "scsi" },
    { 0x0101, "IDE controller", "ide" },
    { 0x0106, "SATA controller", "sata" },
    { 0x0108, "NVMe controller", "nvme" },
    { 0x0200, "Ethernet controller", "ethernet" },
    { 0x0300, "VGA controller", "display" },
    { 0x0380, "Display controller", "display" },
    { 0x0401, "Audio controller", "sound" },
    { 0x0500, "RAM controller", "memory" },
    { 0x0600, "Host bridge", "host" },
    { 0x0601, "ISA bridge", "isa" },
    { 0x0604, "PCI bridge", "pci-bridge" },
    { 0x0680, "Bridge", "bridge" },
    { 0x0c03, "USB controller", "usb" },
    { 0x0c05, "SMBus", "smbus" },
};

static const PciClassName *pci_class_name(const PciDevice *dev)
{
    uint16_t class_id = pci_get16(dev, PCI_CLASS_DEVICE);

    for (unsigned i = 0; i < G_N_ELEMENTS(pci_class_names); i++) {
        if (pci_class_names[i].class_id == class_id) {
            return &pci_class_names[i];
        }
    }
    return NULL;
}

static void pci_print_class(const PciDevice *dev, GString *out)
{
    const PciClassName *name = pci_class_name(dev);

    if (name) {
        g_string_append(out, name->text);
    } else {
        g_string_append_printf(out, "Class %04x",
                               pci_get16(dev, PCI_CLASS_DEVICE));
    }
}

static void pci_bus_boot_path(const Bus *parent, const Device *device,
                              GString *out)
{
    const PciDevice *dev = container_of(device, const PciDevice, parent);
    const PciClassName *name = pci_class_name(dev);

    if (!parent->owner) {
        g_string_append(out, "/pci@i0cf8"); /* the host bridge's ports */
    }
    g_string_append_printf(out, "/%s@%x", name ? name->node : "pci",
                           PCI_SLOT(dev->devfn));
    if (PCI_FUNC(dev->devfn)) {
        g_string_append_printf(out, ",%x", PCI_FUNC(dev->devfn));
    }
}

/* `info qtree`: what the function is, and where. */
static void pci_bus_describe(const Bus *bus, const Device *device,
                             unsigned indent, GString *out)
{
    const PciDevice *dev = container_of(device, const PciDevice, parent);

    g_string_append_printf(out, "%*sclass ", indent, "");
    pci_print_class(dev, out);
    g_string_append_printf(
        out, ", addr 00:%02x.%x, pci id %04x:%04x (sub %04x:%04x)\n",
        PCI_SLOT(dev->devfn), PCI_FUNC(dev->devfn),
        pci_get16(dev, PCI_VENDOR_ID), pci_get16(dev, PCI_DEVICE_ID),
        pci_get16(dev, PCI_SUBSYSTEM_VENDOR_ID),
        pci_get16(dev, PCI_SUBSYSTEM_ID));
    for (unsigned n = 0; n <= PCI_BARS; n++) {
        const PciBar *bar = &dev->bar[n];
        uint64_t addr = bar->mapped ? bar->addr : UINT64_MAX;

        if (bar->kind) {
            g_string_append_printf(
                out, "%*sbar %u: %s at 0x%" PRIx64 " [0x%" PRIx64 "]\n", indent,
                "", n, bar->kind == PCI_BAR_IO ? "i/o" : "mem", addr,
                bar->mapped ? addr + bar->size - 1 : addr);
        }
    }
}

const BusClass pci_bus_class = {
    .kind = BUS_PCI,
    .name = "PCI",
    .plug = pci_bus_plug,
    .unplug = pci_bus_unplug,
    .boot_path = pci_bus_boot_path,
    .describe = pci_bus_describe,
};

void pci_bus_init(PciBus *bus, const char *name, Device *owner,
                  MemoryRegion *memory, MemoryRegion *io)
{
    memset(bus->devices, 0, sizeof(bus->devices));
    bus->memory = memory;
    bus->io = io;
    bus_init(&bus->bus, &pci_bus_class, name, owner);
}

void pci_bus_clear(PciBus *bus)
{
    bus_clear(&bus->bus);
}

static void pci_print_bar(const PciDevice *dev, unsigned n, GString *out)
{
    const PciBar *bar = &dev->bar[n];

    if (!bar->kind) {
        return;
    }
    g_string_append_printf(out, "      BAR%u: ", n);
    if (bar->kind == PCI_BAR_IO) {
        g_string_append_printf(
            out, "I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n",
            bar->mapped ? bar->addr : 0xffff,
            bar->mapped ? bar->addr + bar->size - 1 : 0xfffe);
        return;
    }
    g_string_append_printf(
        out, "%d bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n",
        bar->kind == PCI_BAR_MEM64 || bar->kind == PCI_BAR_MEM64_PREFETCH ? 64
                                                                          : 32,
        bar->kind >= PCI_BAR_MEM32_PREFETCH ? " prefetchable" : "",
        bar->mapped ? bar->addr : UINT64_MAX,
        bar->mapped ? bar->addr + bar->size - 1 : UINT64_MAX - 1);
}

void pci_print(PciBus *bus, GString *out)
{
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        const PciDevice *dev = bus->devices[devfn];

        if (!dev) {
            continue;
        }
        g_string_append_printf(out, "  Bus  0, device %3u, function %u:\n    ",
                               PCI_SLOT(devfn), PCI_FUNC(devfn));
        pci_print_class(dev, out);
        g_string_append_printf(
            out, ": PCI device %04x:%04x\n      PCI subsystem %04x:%04x\n",
            pci_get16(dev, PCI_VENDOR_ID), pci_get16(dev, PCI_DEVICE_ID),
            pci_get16(dev, PCI_SUBSYSTEM_VENDOR_ID),
            pci_get16(dev, PCI_SUBSYSTEM_ID));
        if (dev->config[PCI_INTERRUPT_PIN]) {
            g_string_append_printf(out, "      IRQ %u, pin %c\n",
                                   dev->config[PCI_INTERRUPT_LINE],
                                   'A' + dev->config[PCI_INTERRUPT_PIN] - 1);
        }
        for (unsigned n = 0; n <= PCI_BARS; n++) {
            pci_print_bar(dev, n, out);
        }
        g_string_append_printf(out, "      id \"%s\"\n",
                               dev->parent.id ? dev->parent.id : "");
    }
}

/* ---- Configuration mechanism #1
 * ------------------------------------------------- */

static bool pci_host_address_read(void *opaque, hwaddr off, unsigned size,
                                  uint64_t *val)
{
    PciHost *host = opaque;

    g_mutex_lock(&host->lock);
    *val = host->address;
    g_mutex_unlock(&host->lock);
    return true;
}

static bool pci_host_address_write(void *opaque, hwaddr off, unsigned size,
                                   uint64_t val)
{
    PciHost *host = opaque;

    g_mutex_lock(&host->lock);
    host->address = val & 0x80fffffc;
    g_mutex_unlock(&host->lock);
    return true;
}

/* The function that CF8h selects and the register, or NULL. */
static PciDevice *pci_host_select(PciHost *host, hwaddr off, unsigned *reg)
{
    g_mutex_lock(&host->lock);
    uint32_t address = host->address;
    g_mutex_unlock(&host->lock);

    *reg = (address & 0xfc) + off;
    if (!(address & 0x80000000) || (address >> 16 & 0xff)) {
        return NULL;
    }
    return host->bus->devices[address >> 8 & 0xff];
}

static bool pci_host_data_read(void *opaque, hwaddr off, unsigned size,
                               uint64_t *val)
{
    unsigned reg;
    PciDevice *dev = pci_host_select(opaque, off, &reg);

    *val = dev ? pci_config_read(dev, reg, size) : UINT64_MAX;
    trace(pci_config_read, "%s reg %02x size %u = %" PRIx64,
          dev ? dev->parent.class->name : "none", reg, size, *val);
    return true;
}

static bool pci_host_data_write(void *opaque, hwaddr off, unsigned size,
                                uint64_t val)
{
    unsigned reg;
    PciDevice *dev = pci_host_select(opaque, off, &reg);

    trace(pci_config_write, "%s reg %02x size %u = %" PRIx64,
          dev ? dev->parent.class->name : "none", reg, size, val);
    if (dev) {
        pci_config_write(dev, reg, size, val);
    }
    return true;
}

/* Only whole words select: the byte at CF9h is the reset control register. */
static const MemoryOps pci_host_address_ops = {
    .read = pci_host_address_read,
    .write = pci_host_address_write,
    .valid = { .min = 4, .max = 4 },
    .impl = { .min = 4, .max = 4 },
};

static const MemoryOps pci_host_data_ops = {
    .read = pci_host_data_read,
    .write = pci_host_data_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 4 },
};

void pci_host_init(PciHost *host, PciBus *bus, MemoryRegion *io)
{
    g_mutex_init(&host->lock);
    host->bus = bus;
    region_init_io(&host->address_io, "pci-conf-idx", 4, &pci_host_address_ops,
                   host, NULL);
    region_init_io(&host->data_io, "pci-conf-data", 4, &pci_host_data_ops, host,
                   NULL);
    region_add(io, 0xcf8, &host->address_io);
    region_add(io, 0xcfc, &host->data_io);
}

void pci_host_clear(PciHost *host)
{
    if (!host->bus) {
        return;
    }
    region_clear(&host->address_io);
    region_clear(&host->data_io);
    g_mutex_clear(&host->lock);
    host->bus = NULL;
}

const StateField pci_host_state[] = {
    STATE_U32(PciHost, address),
    {},
};
