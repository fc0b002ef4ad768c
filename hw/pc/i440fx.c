/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 82441FX (PMC) host bridge: programmable attribute map (PAM) over
 * C0000h..FFFFFh and the SMRAM window at A0000h. Intel 290549-001, 3.2.
 *
 * Each of the 13 PAM segments is one of four views: PCI (ROM below), RAM read-
 * only, RAM written while PCI is read (not done: treated as RAM, and said so),
 * RAM. System management RAM is seen by all while it is open, else, once it is
 * enabled, by processors in that mode only: the board knows which are. D_CLS is
 * kept only.
 */
#include "hw/pc/i440fx.h"

#include "util/span.h"

enum {
    I440FX_PAM = 0x59, /* seven registers, a nibble a segment */
    I440FX_PAM_END = 0x5f,
    I440FX_SMRAM = 0x72, /* bit 6: D_OPEN, 4: D_LCK, 3: G_SMRAME */
    I440FX_SMRAM_OPEN = 1 << 6,
    I440FX_SMRAM_LOCK = 1 << 4,
    I440FX_SMRAM_ENABLE = 1 << 3,
    I440FX_SEGMENTS = 13,
};

typedef struct I440fxSegment {
    MemoryRegion pci, rom, ram;
} I440fxSegment;

typedef struct I440fx {
    PciDevice pci;

    /* Wiring and properties: fixed once realized. */
    MemoryRegion *system, *pci_memory;
    RamBlock *ram;
    I440fxSegment segment[I440FX_SEGMENTS];
    MemoryRegion smram, nobody; /* PCI over SMRAM, and what is not there */
    IrqLine smram_enabled;
} I440fx;

static I440fx *i440fx_from(Device *dev)
{
    return container_of(container_of(dev, PciDevice, parent), I440fx, pci);
}

void i440fx_wire(Device *dev, MemoryRegion *system, MemoryRegion *pci,
                 RamBlock *ram)
{
    I440fx *s = i440fx_from(dev);

    s->system = system;
    s->pci_memory = pci;
    s->ram = ram;
}

void i440fx_wire_smram(Device *dev, IrqLine smram)
{
    i440fx_from(dev)->smram_enabled = smram;
}

/* Segment 0 is the BIOS area F0000h, the others are 16 KiB from C0000h. */
static hwaddr i440fx_segment_base(unsigned n)
{
    return n ? 0xc0000 + (n - 1) * 0x4000 : 0xf0000;
}

static uint64_t i440fx_segment_size(unsigned n)
{
    return n ? 0x4000 : 0x10000;
}

/* Bits of segment n: 0 read enable, 1 write enable (RAM, both). PAM0 has
 * F0000h in its high nibble, PAM1 C0000h low, C4000h high, and so on. */
static unsigned i440fx_segment_mode(const I440fx *s, unsigned n)
{
    uint8_t reg = s->pci.config[I440FX_PAM + (n + 1) / 2];

    return (n % 2 ? reg : reg >> 4) & 3;
}

static void i440fx_update(I440fx *s)
{
    uint8_t smram = s->pci.config[I440FX_SMRAM];

    for (unsigned n = 0; n < I440FX_SEGMENTS; n++) {
        unsigned mode = i440fx_segment_mode(s, n);

        if (mode == 2) {
            log_unimplemented("i440FX: PAM segment %u write-only shadow\n", n);
        }
        region_set_enabled(&s->segment[n].pci, mode == 0);
        region_set_enabled(&s->segment[n].rom, mode == 1);
        region_set_enabled(&s->segment[n].ram, mode >= 2);
    }
    region_set_enabled(&s->smram, !(smram & I440FX_SMRAM_OPEN));
    region_set_enabled(&s->nobody, !(smram & I440FX_SMRAM_OPEN));
    irq_set(&s->smram_enabled, smram & I440FX_SMRAM_ENABLE);
}

static void i440fx_config_written(PciDevice *dev, unsigned off, unsigned size)
{
    I440fx *s = container_of(dev, I440fx, pci);

    if (span_overlaps(off, size, I440FX_PAM, I440FX_PAM_END - I440FX_PAM + 1) ||
        span_overlaps(off, size, I440FX_SMRAM, 1)) {
        if (dev->config[I440FX_SMRAM] & I440FX_SMRAM_LOCK) {
            /* Until reset: closed, and the register is read-only. */
            dev->config[I440FX_SMRAM] &= ~I440FX_SMRAM_OPEN;
            dev->wmask[I440FX_SMRAM] = 0;
        }
        i440fx_update(s);
    }
}

/* Where no display answers, there is no RAM either. */
static bool i440fx_nobody_read(void *opaque, hwaddr off, unsigned size,
                               uint64_t *val)
{
    *val = UINT64_MAX;
    return true;
}

static bool i440fx_nobody_write(void *opaque, hwaddr off, unsigned size,
                                uint64_t val)
{
    return true;
}

static const MemoryOps i440fx_nobody_ops = {
    .read = i440fx_nobody_read,
    .write = i440fx_nobody_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 8 },
};

static void i440fx_segment_init(I440fx *s, unsigned n)
{
    I440fxSegment *seg = &s->segment[n];
    hwaddr base = i440fx_segment_base(n);
    uint64_t size = i440fx_segment_size(n);

    region_init_alias(&seg->pci, "pam-pci", s->pci_memory, base, size);
    region_init_rom(&seg->rom, "pam-rom", s->ram, base, size, NULL, NULL, NULL);
    region_init_ram(&seg->ram, "pam-ram", s->ram, base, size);
    region_add_priority(s->system, base, &seg->pci, 1);
    region_add_priority(s->system, base, &seg->rom, 1);
    region_add_priority(s->system, base, &seg->ram, 1);
}

static bool i440fx_realize(Device *dev, GError **errp)
{
    I440fx *s = i440fx_from(dev);

    if (!s->system) {
        return emu_fail(errp, EMU_ERROR_INVALID, "i440FX: not wired");
    }
    for (unsigned i = I440FX_PAM; i <= I440FX_PAM_END; i++) {
        s->pci.wmask[i] = i == I440FX_PAM ? 0x30 : 0x33;
    }
    s->pci.wmask[I440FX_SMRAM] = 0x78;
    s->pci.wmask[0x50] = 0xff; /* PMCCFG: memory types, read back only */
    s->pci.wmask[0x51] = 0xff;
    for (unsigned n = 0; n < I440FX_SEGMENTS; n++) {
        i440fx_segment_init(s, n);
    }
    region_init_alias(&s->smram, "smram-pci", s->pci_memory, I440FX_SMRAM_BASE,
                      I440FX_SMRAM_SIZE);
    region_init_io(&s->nobody, "smram-closed", I440FX_SMRAM_SIZE,
                   &i440fx_nobody_ops, s, NULL);
    region_add_priority(s->system, I440FX_SMRAM_BASE, &s->nobody, 1);
    region_add_priority(s->system, I440FX_SMRAM_BASE, &s->smram, 2);
    i440fx_update(s);
    return true;
}

static void i440fx_unrealize(Device *dev)
{
    I440fx *s = i440fx_from(dev);

    for (unsigned n = 0; n < I440FX_SEGMENTS; n++) {
        region_clear(&s->segment[n].pci);
        region_clear(&s->segment[n].rom);
        region_clear(&s->segment[n].ram);
    }
    region_clear(&s->smram);
    region_clear(&s->nobody);
}

static void i440fx_reset(Device *dev)
{
    I440fx *s = i440fx_from(dev);

    pci_device_reset(&s->pci);
    for (unsigned i = I440FX_PAM; i <= I440FX_PAM_END; i++) {
        s->pci.config[i] = 0;
    }
    s->pci.config[I440FX_SMRAM] = 0x02; /* C_BASE_SEG is fixed to A0000h */
    s->pci.wmask[I440FX_SMRAM] = 0x78;
    i440fx_update(s);
}

static bool i440fx_loaded(Device *dev, GError **errp)
{
    I440fx *s = i440fx_from(dev);

    pci_device_loaded(&s->pci);
    i440fx_update(s);
    return true;
}

static const StateField i440fx_state[] = {
    PCI_DEVICE_STATE(I440fx, pci),
    {},
};

static const Property i440fx_props[] = {
    PCI_DEVICE_PROPS(I440fx, pci),
    {},
};

const PciClass i440fx_class = {
    .device = {
        .name = "i440FX",
        .summary = "82441FX host bridge",
        .bus = BUS_PCI,
        .internal = true,
        .size = sizeof(I440fx),
        .props = i440fx_props,
        .state = i440fx_state,
        .realize = i440fx_realize,
        .unrealize = i440fx_unrealize,
        .reset = i440fx_reset,
        .loaded = i440fx_loaded,
    },
    .vendor_id = 0x8086,
    .device_id = 0x1237,
    .revision = 2,
    .class_id = 0x0600,
    .config_written = i440fx_config_written,
};
