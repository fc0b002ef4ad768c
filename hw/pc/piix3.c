/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 82371SB (PIIX3) function 0: routes PIRQA..D# to ISA interrupts by
 * registers 60h..63h, and resets the machine through port CF9h. Intel
 * 290550-002, 2.2.
 */
#include "hw/pc/piix3.h"

#include "util/span.h"

enum {
    PIIX3_PIRQ = 0x60, /* four registers; bit 7: not routed */
    PIIX3_PIRQ_OFF = 0x80,
    PIIX3_RESET_PORT = 0xcf9,
    PIIX3_RESET_HARD = 1 << 1,
    PIIX3_RESET_NOW = 1 << 2,
    PIIX3_ISA_IRQS = 16,
};

typedef struct Piix3 {
    PciDevice pci;

    /* Wiring and properties: fixed once realized. */
    MemoryRegion *io_space;
    MemoryRegion reset_io;
    IrqLine isa_irq[PIIX3_ISA_IRQS], init;

    /* Guest-visible state. Of the PIRQ inputs: guarded by route_lock, because
     * they are driven with other devices' locks held. */
    uint8_t pirq_level; /* bit mask */
    uint8_t reset_control;
    uint8_t routed[4]; /* derived: registers 60h..63h as last applied */
    GMutex route_lock;
} Piix3;

static Piix3 *piix3_from(Device *dev)
{
    return container_of(container_of(dev, PciDevice, parent), Piix3, pci);
}

void piix3_wire(Device *dev, MemoryRegion *io, const IrqLine isa_irq[16],
                IrqLine init)
{
    Piix3 *s = piix3_from(dev);

    s->io_space = io;
    s->init = init;
    for (unsigned n = 0; n < PIIX3_ISA_IRQS; n++) {
        s->isa_irq[n] = isa_irq[n];
    }
}

unsigned piix3_map_irq(PciBus *bus, unsigned devfn, unsigned pin)
{
    return (pin + PCI_SLOT(devfn) - 1) & 3;
}

/* Where PIRQ n goes; -1: nowhere. */
static int piix3_route(const Piix3 *s, unsigned n)
{
    uint8_t reg = s->pci.config[PIIX3_PIRQ + n];

    return reg & PIIX3_PIRQ_OFF ? -1 : reg & 0xf;
}

/* An ISA interrupt is the OR of the PIRQs routed to it. */
static bool piix3_isa_level(const Piix3 *s, int irq)
{
    for (unsigned n = 0; n < 4; n++) {
        if ((s->pirq_level >> n & 1) && piix3_route(s, n) == irq) {
            return true;
        }
    }
    return false;
}

static void piix3_pirq_set(void *opaque, unsigned n, bool level)
{
    Piix3 *s = opaque;

    g_mutex_lock(&s->route_lock);
    int irq = piix3_route(s, n);

    s->pirq_level =
        level ? s->pirq_level | 1u << n : s->pirq_level & ~(1u << n);
    if (irq >= 0) {
        irq_set(&s->isa_irq[irq], piix3_isa_level(s, irq));
    }
    g_mutex_unlock(&s->route_lock);
}

IrqLine piix3_pirq(Device *dev, unsigned n)
{
    return (
        IrqLine){ .set = piix3_pirq_set, .opaque = piix3_from(dev), .n = n };
}

/* Routing changed: every line that a PIRQ drives or drove is settled again.
 * Lines that no PIRQ was ever routed to belong to ISA devices and stay. */
static void piix3_reroute(Piix3 *s)
{
    g_mutex_lock(&s->route_lock);
    for (unsigned n = 0; n < 4; n++) {
        uint8_t before = s->routed[n];
        int now = piix3_route(s, n);

        if (!(before & PIIX3_PIRQ_OFF)) {
            irq_set(&s->isa_irq[before & 0xf],
                    piix3_isa_level(s, before & 0xf));
        }
        if (now >= 0) {
            irq_set(&s->isa_irq[now], piix3_isa_level(s, now));
        }
        s->routed[n] = s->pci.config[PIIX3_PIRQ + n];
    }
    g_mutex_unlock(&s->route_lock);
}

static void piix3_config_written(PciDevice *dev, unsigned off, unsigned size)
{
    Piix3 *s = container_of(dev, Piix3, pci);

    if (span_overlaps(off, size, PIIX3_PIRQ, 4)) {
        piix3_reroute(s);
    }
}

/* ---- Reset control register
 * ---------------------------------------------------- */

static bool piix3_reset_read(void *opaque, hwaddr off, unsigned size,
                             uint64_t *val)
{
    Piix3 *s = opaque;

    *val = s->reset_control;
    return true;
}

static bool piix3_reset_write(void *opaque, hwaddr off, unsigned size,
                              uint64_t val)
{
    Piix3 *s = opaque;
    const DeviceEnv *env = s->pci.parent.env;

    s->reset_control = val & PIIX3_RESET_HARD;
    if (!(val & PIIX3_RESET_NOW)) {
        return true;
    }
    if (val & PIIX3_RESET_HARD) {
        env->request(env->machine, MACHINE_REQUEST_RESET, 0);
    } else {
        irq_pulse(&s->init);
    }
    return true;
}

static const MemoryOps piix3_reset_ops = {
    .read = piix3_reset_read,
    .write = piix3_reset_write,
    .valid = { .min = 1, .max = 1 },
    .impl = { .min = 1, .max = 1 },
};

/* ---- Life
 * ------------------------------------------------------------------------ */

static bool piix3_realize(Device *dev, GError **errp)
{
    Piix3 *s = piix3_from(dev);

    g_mutex_init(&s->route_lock);
    for (unsigned n = 0; n < 4; n++) {
        s->pci.wmask[PIIX3_PIRQ + n] = 0x8f;
        s->pci.config[PIIX3_PIRQ + n] = PIIX3_PIRQ_OFF;
        s->routed[n] = PIIX3_PIRQ_OFF;
    }
    s->pci.wmask[0x4e] = 0xff; /* X-bus chip select, read back only */
    s->pci.wmask[0x4f] = 0x01;
    region_init_io(&s->reset_io, "piix-reset-control", 1, &piix3_reset_ops, s,
                   &dev->lock);
    if (s->io_space) {
        region_add_priority(s->io_space, PIIX3_RESET_PORT, &s->reset_io, 1);
    }
    return true;
}

static void piix3_unrealize(Device *dev)
{
    region_clear(&piix3_from(dev)->reset_io);
}

static void piix3_reset(Device *dev)
{
    Piix3 *s = piix3_from(dev);
    pci_device_reset(&s->pci);
    pci_set16(&s->pci, PCI_COMMAND, 0x0007); /* hard-wired on */
    pci_set16(&s->pci, PCI_STATUS, 0x0200);  /* medium DEVSEL# timing */
    for (unsigned n = 0; n < 4; n++) {
        s->pci.config[PIIX3_PIRQ + n] = PIIX3_PIRQ_OFF;
    }
    s->pci.config[0x4c] = 0x4d; /* I/O recovery */
    s->pci.config[0x4e] = 0x03;
    s->pci.config[0x69] = 0x02; /* top of memory */
    s->reset_control = 0;
    piix3_reroute(s);
}

static bool piix3_loaded(Device *dev, GError **errp)
{
    Piix3 *s = piix3_from(dev);

    pci_device_loaded(&s->pci);
    piix3_reroute(s);
    return true;
}

static const StateField piix3_state[] = {
    PCI_DEVICE_STATE(Piix3, pci),
    STATE_U8(Piix3, pirq_level),
    STATE_U8(Piix3, reset_control),
    {},
};

static const Property piix3_props[] = {
    PCI_DEVICE_PROPS(Piix3, pci),
    {},
};

const PciClass piix3_class = {
    .device = {
        .name = "PIIX3",
        .summary = "82371SB ISA bridge",
        .bus = BUS_PCI,
        .internal = true,
        .size = sizeof(Piix3),
        .props = piix3_props,
        .state = piix3_state,
        .realize = piix3_realize,
        .unrealize = piix3_unrealize,
        .reset = piix3_reset,
        .loaded = piix3_loaded,
    },
    .vendor_id = 0x8086,
    .device_id = 0x7000,
    .class_id = 0x0601,
    .config_written = piix3_config_written,
};
