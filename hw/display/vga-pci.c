/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA as a PCI function: BAR 0 is video memory, BAR 2 a page with the
 * registers as memory, and the legacy ports and window are decoded whatever
 * the command register says. The page, as bochs-drm and firmware know it:
 *
 *     000h  EDID
 *     400h  ports 3C0h..3DFh
 *     500h  dispi registers, 16 bits each
 *     600h  size of this last block; 604h byte order of pixels
 */
#include "hw/display/vga-pci.h"

#include "hw/display/vga-edid.h"
#include "hw/display/vga.h"

enum {
    VGA_MMIO_SIZE = 0x1000,
    VGA_MMIO_PORTS = 0x400,
    VGA_MMIO_PORTS_FIRST = 0x3c0,
    VGA_MMIO_PORTS_SIZE = 0x20,
    VGA_MMIO_VBE = 0x500,
    VGA_MMIO_VBE_SIZE = 2 * (VGA_VBE_REGS + 1),
    VGA_MMIO_EXT = 0x600,
    VGA_MMIO_EXT_SIZE = 8,
};
#define VGA_LITTLE_ENDIAN 0x1e1e1e1eu
#define VGA_BIG_ENDIAN 0xbebebebeu

static const struct {
    uint16_t first, count;
} vga_pci_ports[] = {
    { 0x3b4, 2 }, { 0x3ba, 1 }, { 0x3c0, 16 }, { 0x3d4, 2 }, { 0x3da, 1 },
};
enum { VGA_PORT_RANGES = G_N_ELEMENTS(vga_pci_ports) };

typedef struct VgaPci {
    PciDevice pci;

    /* Wiring and properties: fixed once realized. */
    uint32_t memory_mb;
    bool edid_on;
    uint32_t width, height; /* the monitor's */
    uint8_t edid[VGA_EDID_SIZE];
    MemoryRegion legacy[VGA_PORT_RANGES];
    MemoryRegion mmio, mmio_edid, mmio_ports, mmio_vbe, mmio_ext;

    Vga vga;
} VgaPci;

static VgaPci *vga_pci(Device *dev)
{
    return container_of(container_of(dev, PciDevice, parent), VgaPci, pci);
}

/* ---- BAR 2
 * ------------------------------------------------------------------- */

static bool vga_pci_edid_read(void *opaque, hwaddr off, unsigned size,
                              uint64_t *val)
{
    *val = ((VgaPci *)opaque)->edid[off];
    return true;
}

static bool vga_pci_edid_write(void *opaque, hwaddr off, unsigned size,
                               uint64_t val)
{
    return true; /* read-only, without complaint */
}

static const MemoryOps vga_pci_edid_ops = {
    .read = vga_pci_edid_read,
    .write = vga_pci_edid_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 1 },
};

static bool vga_pci_vbe_read(void *opaque, hwaddr off, unsigned size,
                             uint64_t *val)
{
    *val = vga_vbe_read(opaque, off / 2);
    return true;
}

static bool vga_pci_vbe_write(void *opaque, hwaddr off, unsigned size,
                              uint64_t val)
{
    vga_vbe_write(opaque, off / 2, val);
    return true;
}

static const MemoryOps vga_pci_vbe_ops = {
    .read = vga_pci_vbe_read,
    .write = vga_pci_vbe_write,
    .valid = { .min = 2, .max = 4 },
    .impl = { .min = 2, .max = 2 },
};

static bool vga_pci_ext_read(void *opaque, hwaddr off, unsigned size,
                             uint64_t *val)
{
    Vga *s = opaque;

    *val = off == 0        ? VGA_MMIO_EXT_SIZE
           : s->big_endian ? VGA_BIG_ENDIAN
                           : VGA_LITTLE_ENDIAN;
    return true;
}

static bool vga_pci_ext_write(void *opaque, hwaddr off, unsigned size,
                              uint64_t val)
{
    Vga *s = opaque;

    if (off == 4 && (val == VGA_BIG_ENDIAN || val == VGA_LITTLE_ENDIAN)) {
        s->big_endian = val == VGA_BIG_ENDIAN;
    }
    return true;
}

static const MemoryOps vga_pci_ext_ops = {
    .read = vga_pci_ext_read,
    .write = vga_pci_ext_write,
    .valid = { .min = 4, .max = 4 },
    .impl = { .min = 4, .max = 4 },
};

static void vga_pci_add_mmio(VgaPci *s)
{
    GMutex *lock = &s->pci.parent.lock;

    region_init_container(&s->mmio, "vga.mmio", VGA_MMIO_SIZE);
    region_init_alias(&s->mmio_ports, "vga.mmio-ports", &s->vga.ports,
                      VGA_MMIO_PORTS_FIRST - VGA_PORT_FIRST,
                      VGA_MMIO_PORTS_SIZE);
    region_init_io(&s->mmio_vbe, "vga.mmio-vbe", VGA_MMIO_VBE_SIZE,
                   &vga_pci_vbe_ops, &s->vga, lock);
    region_init_io(&s->mmio_ext, "vga.mmio-ext", VGA_MMIO_EXT_SIZE,
                   &vga_pci_ext_ops, &s->vga, lock);
    region_add(&s->mmio, VGA_MMIO_PORTS, &s->mmio_ports);
    region_add(&s->mmio, VGA_MMIO_VBE, &s->mmio_vbe);
    region_add(&s->mmio, VGA_MMIO_EXT, &s->mmio_ext);
    if (s->edid_on) {
        vga_edid_make(s->edid, s->width, s->height);
        region_init_io(&s->mmio_edid, "vga.edid", VGA_EDID_SIZE,
                       &vga_pci_edid_ops, s, lock);
        region_add(&s->mmio, 0, &s->mmio_edid);
    }
    pci_add_bar(&s->pci, 2, PCI_BAR_MEM32, &s->mmio, VGA_MMIO_SIZE);
}

/* ---- Legacy addresses
 * ---------------------------------------------------------- */

static void vga_pci_add_legacy(VgaPci *s)
{
    PciBus *bus = container_of(s->pci.parent.bus, PciBus, bus);

    for (unsigned i = 0; i < VGA_PORT_RANGES; i++) {
        region_init_alias(&s->legacy[i], "vga.ports", &s->vga.ports,
                          vga_pci_ports[i].first - VGA_PORT_FIRST,
                          vga_pci_ports[i].count);
        region_add_priority(bus->io, vga_pci_ports[i].first, &s->legacy[i], 1);
    }
    region_add_priority(bus->io, VGA_VBE_PORT, &s->vga.vbe_ports, 1);
    region_add_priority(bus->memory, VGA_WINDOW_BASE, &s->vga.window, 1);
}

/* ---- Life
 * ------------------------------------------------------------------------ */

static bool vga_pci_realize(Device *dev, GError **errp)
{
    VgaPci *s = vga_pci(dev);

    if (!vga_init(&s->vga, dev, s->memory_mb, errp)) {
        return false;
    }
    pci_add_bar(&s->pci, 0, PCI_BAR_MEM32_PREFETCH, &s->vga.vram,
                s->vga.ram_size);
    vga_pci_add_mmio(s);
    if (dev->class == &vga_pci_class.device) {
        vga_pci_add_legacy(s);
    }
    vga_show(&s->vga);
    return true;
}

static void vga_pci_unrealize(Device *dev)
{
    VgaPci *s = vga_pci(dev);

    for (unsigned i = 0; i < VGA_PORT_RANGES; i++) {
        region_clear(&s->legacy[i]);
    }
    region_clear(&s->mmio_ports);
    region_clear(&s->mmio_edid);
    region_clear(&s->mmio_vbe);
    region_clear(&s->mmio_ext);
    region_clear(&s->mmio);
    vga_clear(&s->vga);
}

static void vga_pci_reset(Device *dev)
{
    VgaPci *s = vga_pci(dev);

    pci_device_reset(&s->pci);
    vga_reset(&s->vga);
}

static bool vga_pci_loaded(Device *dev, GError **errp)
{
    VgaPci *s = vga_pci(dev);

    pci_device_loaded(&s->pci);
    vga_loaded(&s->vga);
    return true;
}

static const Property vga_pci_props[] = {
    PCI_DEVICE_PROPS(VgaPci, pci),
    DEFINE_PROP_U32("vgamem_mb", VgaPci, memory_mb, 16, 1, 256,
                    "video memory in MiB, a power of two"),
    DEFINE_PROP_BOOL("edid", VgaPci, edid_on, true,
                     "the monitor describes itself"),
    DEFINE_PROP_U32("xres", VgaPci, width, 1280, 640, 4095,
                    "preferred width of the monitor"),
    DEFINE_PROP_U32("yres", VgaPci, height, 800, 480, 4095,
                    "preferred height of the monitor"),
    {},
};

static const StateField vga_pci_state[] = {
    PCI_DEVICE_STATE(VgaPci, pci),
    STATE_STRUCT(VgaPci, vga, vga_state),
    {},
};

const PciClass vga_pci_class = {
    .device = {
        .name = "VGA",
        .summary = "standard VGA with Bochs VBE",
        .bus = BUS_PCI,
        .size = sizeof(VgaPci),
        .props = vga_pci_props,
        .state = vga_pci_state,
        .realize = vga_pci_realize,
        .unrealize = vga_pci_unrealize,
        .reset = vga_pci_reset,
        .loaded = vga_pci_loaded,
    },
    .vendor_id = 0x1234,
    .device_id = 0x1111,
    .revision = 2,
    .class_id = 0x0300,
    .rom = "vgabios-stdvga.bin",
};

const PciClass secondary_vga_class = {
    .device = {
        .name = "secondary-vga",
        .summary = "standard VGA without legacy ports and window",
        .bus = BUS_PCI,
        .size = sizeof(VgaPci),
        .props = vga_pci_props,
        .state = vga_pci_state,
        .realize = vga_pci_realize,
        .unrealize = vga_pci_unrealize,
        .reset = vga_pci_reset,
        .loaded = vga_pci_loaded,
    },
    .vendor_id = 0x1234,
    .device_id = 0x1111,
    .revision = 2,
    .class_id = 0x0380,
};
