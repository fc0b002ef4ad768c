/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O APIC, Intel 82093AA data sheet (290566-001), with the EOI register and
 * version 20h of its successors (ICH9 data sheet 13.5).
 */
#include "hw/intc/ioapic.h"

#include "hw/intc/counts.h"

#include <string.h>

enum {
    IOAPIC_IOREGSEL = 0x00,
    IOAPIC_IOWIN = 0x10,
    IOAPIC_EOI = 0x40,

    IOAPIC_REG_ID = 0x00,
    IOAPIC_REG_VERSION = 0x01,
    IOAPIC_REG_ARBITRATION = 0x02,
    IOAPIC_REG_TABLE = 0x10,
};

/* Redirection entry: see ioapic.h; beside that 14 remote IRR | 12 send pending.
 */
#define RTE_VECTOR(e) ((e)&0xff)
#define RTE_SEND_PENDING (UINT64_C(1) << 12)
#define RTE_REMOTE_IRR (UINT64_C(1) << 14)
#define RTE_ACTIVE_LOW (UINT64_C(1) << 13)
#define RTE_READ_ONLY (RTE_SEND_PENDING | RTE_REMOTE_IRR)
#define RTE_DEFINED UINT64_C(0xff0000000001ffff)

typedef struct Ioapic {
    Device parent;

    /* Wiring and properties. */
    MemoryRegion io;
    IoapicDeliver *deliver;
    IoapicChanged *changed;
    void *opaque;
    const ChipHost *host; /* who runs the chip; NULL: this model */
    uint8_t version;

    /* Guest-visible state. */
    uint8_t select;
    uint8_t id;
    uint32_t lines; /* inputs as they are now */
    uint64_t table[IOAPIC_PINS];

    uint64_t rises[IOAPIC_PINS]; /* of the inputs, for `info irq` */
} Ioapic;

static Ioapic *ioapic(Device *dev)
{
    return container_of(dev, Ioapic, parent);
}

/* ---- Delivery ---------------------------------------------------------- */

static void ioapic_send(Ioapic *s, unsigned pin)
{
    uint64_t rte = s->table[pin];

    trace(ioapic_send, "pin %u entry %016" PRIx64, pin, rte);
    if (rte & IOAPIC_ENTRY_LEVEL) {
        s->table[pin] |= RTE_REMOTE_IRR;
    }
    if (s->deliver) {
        s->deliver(s->opaque, IOAPIC_ENTRY_DEST(rte),
                   IOAPIC_ENTRY_DEST_MODE(rte), IOAPIC_ENTRY_DELIVERY_MODE(rte),
                   RTE_VECTOR(rte), rte & IOAPIC_ENTRY_LEVEL);
    }
}

/* A level-triggered pin sends as long as it is high and nobody handles it. */
static void ioapic_service_level(Ioapic *s, unsigned pin)
{
    uint64_t rte = s->table[pin];

    if (!s->host && (s->lines >> pin & 1) &&
        (rte & (IOAPIC_ENTRY_LEVEL | IOAPIC_ENTRY_MASKED | RTE_REMOTE_IRR)) ==
            IOAPIC_ENTRY_LEVEL) {
        ioapic_send(s, pin);
    }
}

static void ioapic_set(void *opaque, unsigned pin, bool level)
{
    Ioapic *s = opaque;
    uint32_t bit = UINT32_C(1) << pin;

    g_mutex_lock(&s->parent.lock);
    bool was = s->lines & bit;
    s->rises[pin] += level && !was;
    s->lines = level ? s->lines | bit : s->lines & ~bit;
    if (s->host) {
        /* It is told by who drives the line. */
    } else if (s->table[pin] & IOAPIC_ENTRY_LEVEL) {
        ioapic_service_level(s, pin);
    } else if (level && !was && !(s->table[pin] & IOAPIC_ENTRY_MASKED)) {
        /* 82093AA 3.2.4: an edge at a masked pin is lost. */
        ioapic_send(s, pin);
    }
    g_mutex_unlock(&s->parent.lock);
}

static void ioapic_eoi_locked(Ioapic *s, uint8_t vector)
{
    for (unsigned pin = 0; !s->host && pin < IOAPIC_PINS; pin++) {
        uint64_t rte = s->table[pin];

        if ((rte & RTE_REMOTE_IRR) && RTE_VECTOR(rte) == vector) {
            s->table[pin] &= ~RTE_REMOTE_IRR;
            ioapic_service_level(s, pin);
        }
    }
}

void ioapic_eoi(Device *dev, uint8_t vector)
{
    g_mutex_lock(&dev->lock);
    ioapic_eoi_locked(ioapic(dev), vector);
    g_mutex_unlock(&dev->lock);
}

static void ioapic_tell_pin(const Ioapic *s, unsigned pin)
{
    if (s->changed) {
        s->changed(s->opaque, pin, s->table[pin]);
    }
}

/* ---- Run by somebody else ---------------------------------------------- */

static void ioapic_save(const Ioapic *s, IoapicState *to)
{
    *to = (IoapicState){ .lines = s->lines, .select = s->select, .id = s->id };
    G_STATIC_ASSERT(sizeof(to->table) == sizeof(s->table));
    memcpy(to->table, s->table, sizeof(s->table));
}

static void ioapic_fetch(Ioapic *s)
{
    ChipState state;

    if (!s->host) {
        return;
    }
    ioapic_save(s, &state.ioapic);
    s->host->get(s->host->opaque, &state);
    s->select = state.ioapic.select;
    s->id = state.ioapic.id & 0xf;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        s->table[pin] =
            state.ioapic.table[pin] & (RTE_DEFINED & ~RTE_SEND_PENDING);
    }
}

static void ioapic_store(Ioapic *s)
{
    ChipState state;

    if (s->host) {
        ioapic_save(s, &state.ioapic);
        s->host->put(s->host->opaque, &state);
    }
}

void ioapic_set_host(Device *dev, const ChipHost *host)
{
    Ioapic *s = ioapic(dev);

    g_mutex_lock(&dev->lock);
    ioapic_fetch(s);
    s->host = host;
    ioapic_store(s);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        ioapic_tell_pin(s, pin);
        ioapic_service_level(s, pin);
    }
    g_mutex_unlock(&dev->lock);
}

/* ---- Registers --------------------------------------------------------- */

static uint32_t ioapic_read_reg(const Ioapic *s)
{
    unsigned n = s->select - IOAPIC_REG_TABLE;

    switch (s->select) {
    case IOAPIC_REG_ID:
    case IOAPIC_REG_ARBITRATION:
        return (uint32_t)s->id << 24;
    case IOAPIC_REG_VERSION:
        return s->version | (IOAPIC_PINS - 1) << 16;
    default:
        if (n < 2 * IOAPIC_PINS) {
            return s->table[n / 2] >> (n & 1 ? 32 : 0);
        }
        log_guest_error("ioapic: read of unknown register 0x%02x\n", s->select);
        return 0;
    }
}

void ioapic_tell(Device *dev)
{
    g_mutex_lock(&dev->lock);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        ioapic_tell_pin(ioapic(dev), pin);
    }
    g_mutex_unlock(&dev->lock);
}

static void ioapic_write_rte(Ioapic *s, unsigned n, uint32_t val)
{
    unsigned pin = n / 2;
    unsigned shift = n & 1 ? 32 : 0;
    uint64_t field = UINT64_C(0xffffffff) << shift;
    uint64_t old = s->table[pin];
    uint64_t rte = (old & ~field) | (uint64_t)val << shift;

    rte = (rte & RTE_DEFINED & ~RTE_READ_ONLY) | (old & RTE_READ_ONLY);
    /* Guests switch to edge and back to get rid of a stuck remote IRR. */
    if (!(rte & IOAPIC_ENTRY_LEVEL)) {
        rte &= ~RTE_REMOTE_IRR;
    }
    s->table[pin] = rte;
    ioapic_tell_pin(s, pin);
    ioapic_service_level(s, pin);
}

static void ioapic_write_reg(Ioapic *s, uint32_t val)
{
    unsigned n = s->select - IOAPIC_REG_TABLE;

    trace(ioapic_write, "reg %02x = %08x", s->select, val);
    if (s->select == IOAPIC_REG_ID) {
        s->id = val >> 24 & 0xf;
    } else if (s->select >= IOAPIC_REG_TABLE && n < 2 * IOAPIC_PINS) {
        ioapic_write_rte(s, n, val);
    } else {
        log_guest_error("ioapic: write of register 0x%02x = 0x%08x\n",
                        s->select, val);
    }
}

static bool ioapic_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    Ioapic *s = opaque;

    *val = 0;
    ioapic_fetch(s);
    if (off == IOAPIC_IOREGSEL) {
        *val = s->select;
    } else if (off == IOAPIC_IOWIN) {
        *val = ioapic_read_reg(s);
    }
    return true;
}

static bool ioapic_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    Ioapic *s = opaque;

    ioapic_fetch(s);
    if (off == IOAPIC_IOREGSEL) {
        s->select = val;
    } else if (off == IOAPIC_IOWIN) {
        ioapic_write_reg(s, val);
    } else if (off == IOAPIC_EOI && s->version >= 0x20) {
        ioapic_eoi_locked(s, val);
    }
    ioapic_store(s);
    return true;
}

static const MemoryOps ioapic_ops = {
    .read = ioapic_read,
    .write = ioapic_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 4, .max = 4 },
};

/* ---- The model --------------------------------------------------------- */

void ioapic_connect(Device *dev, IoapicDeliver *deliver, IoapicChanged *changed,
                    void *opaque)
{
    ioapic(dev)->deliver = deliver;
    ioapic(dev)->changed = changed;
    ioapic(dev)->opaque = opaque;
}

MemoryRegion *ioapic_region(Device *dev)
{
    return &ioapic(dev)->io;
}

IrqLine ioapic_input(Device *dev, unsigned pin)
{
    g_assert(pin < IOAPIC_PINS);
    return (IrqLine){ ioapic_set, ioapic(dev), pin };
}

static void ioapic_print_pins(const Ioapic *s, const char *title, uint32_t pins,
                              GString *out)
{
    g_string_append_printf(out, "  %s", title);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        if (pins >> pin & 1) {
            g_string_append_printf(out, " %u", pin);
        }
    }
    g_string_append(out, pins ? "\n" : " (none)\n");
}

void ioapic_print(Device *dev, GString *out)
{
    Ioapic *s = ioapic(dev);
    static const char *const modes[] = { "fixed", "lowest", "SMI", "...",
                                         "NMI",   "INIT",   "...", "extINT" };
    uint32_t remote = 0;

    g_mutex_lock(&dev->lock);
    ioapic_fetch(s);
    g_string_append_printf(out, "ioapic0: ver=0x%x id=0x%02x sel=0x%02x\n",
                           s->version, s->id, s->select);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t e = s->table[pin];

        remote |= (uint32_t) !!(e & RTE_REMOTE_IRR) << pin;
        g_string_append_printf(
            out,
            "  pin %-2u 0x%016" PRIx64 " dest=%x vec=%-3u %s %-5s %-6s %-6s "
            "%s\n",
            pin, e, (unsigned)IOAPIC_ENTRY_DEST(e), (unsigned)RTE_VECTOR(e),
            e & RTE_ACTIVE_LOW ? "active-lo" : "active-hi",
            e & IOAPIC_ENTRY_LEVEL ? "level" : "edge",
            e & IOAPIC_ENTRY_MASKED ? "masked" : "",
            modes[IOAPIC_ENTRY_DELIVERY_MODE(e)],
            IOAPIC_ENTRY_DEST_MODE(e) ? "logical" : "physical");
    }
    ioapic_print_pins(s, "IRR", s->lines, out);
    ioapic_print_pins(s, "Remote IRR", remote, out);
    g_mutex_unlock(&dev->lock);
}

void ioapic_print_irqs(Device *dev, GString *out)
{
    Ioapic *s = ioapic(dev);

    g_mutex_lock(&dev->lock);
    intc_print_counts("ioapic", s->rises, IOAPIC_PINS, out);
    g_mutex_unlock(&dev->lock);
}

static void ioapic_reset(Device *dev)
{
    Ioapic *s = ioapic(dev);

    s->select = 0;
    s->id = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        s->table[pin] = IOAPIC_ENTRY_MASKED;
        ioapic_tell_pin(s, pin);
    }
}

/* Other devices are reset first: what their lines do then is not for us. */
static bool ioapic_realize(Device *dev, GError **errp)
{
    Ioapic *s = ioapic(dev);

    ioapic_reset(dev);
    region_init_io(&s->io, "ioapic", IOAPIC_SIZE, &ioapic_ops, s, &dev->lock);
    return true;
}

static void ioapic_unrealize(Device *dev)
{
    region_clear(&ioapic(dev)->io);
}

static bool ioapic_loaded(Device *dev, GError **errp)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        ioapic_tell_pin(ioapic(dev), pin);
    }
    return true;
}

static const Property ioapic_props[] = {
    DEFINE_PROP_U8("version", Ioapic, version, 0x20, 0x11, 0x20,
                   "contents of the version register"),
    {},
};

static const StateField ioapic_state[] = {
    STATE_U8(Ioapic, select),
    STATE_U8(Ioapic, id),
    STATE_U32(Ioapic, lines),
    STATE_ARRAY(Ioapic, table),
    {},
};

const DeviceClass ioapic_class = {
    .name = "ioapic",
    .summary = "82093AA I/O APIC",
    .internal = true,
    .size = sizeof(Ioapic),
    .props = ioapic_props,
    .state = ioapic_state,
    .realize = ioapic_realize,
    .unrealize = ioapic_unrealize,
    .reset = ioapic_reset,
    .loaded = ioapic_loaded,
};
