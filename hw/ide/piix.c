/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IDE function of the 82371SB (PIIX3): two channels at the legacy ports
 * and interrupts 14 and 15, and a bus master for each. Intel 290550-002 2.3,
 * Programming Interface for Bus Master IDE Controller, revision 1.0.
 */
#include "hw/ide/piix.h"

#include "hw/ide/ide.h"

enum { /* bus-master registers of a channel */
       BM_COMMAND = 0,
       BM_STATUS = 2,
       BM_LIST = 4, /* physical region descriptors: address, four bytes */
       BM_SIZE = 8,
};

enum {
    BM_COMMAND_START = 0x01,
    BM_COMMAND_TO_MEMORY = 0x08,
    BM_STATUS_ACTIVE = 0x01,
    BM_STATUS_ERROR = 0x02,
    BM_STATUS_IRQ = 0x04,
    BM_STATUS_DRIVES = 0x60, /* software's: drives are DMA capable */
};

enum { PRD_SIZE = 8, PRD_MAX = 65536 / PRD_SIZE };
#define PRD_LAST 0x80000000u

typedef struct PiixIde PiixIde;

typedef struct BusMaster {
    PiixIde *ide;
    unsigned number;

    /* Guest-visible state. */
    uint8_t command, status;
    uint32_t list;

    /* Where the engine is: the descriptor in work and what is left of it. */
    uint32_t next; /* descriptors taken */
    uint32_t addr, left;
    bool last; /* it is the last one */
} BusMaster;

struct PiixIde {
    PciDevice pci;

    /* Wiring and properties: fixed once realized. */
    MemoryRegion *io_space;
    IrqLine irq[2];
    MemoryRegion bm_io;
    bool mapped;

    IdeChannel channels[2];
    BusMaster masters[2];
};

static const struct {
    uint16_t command, control;
    const char *name;
} piix_ports[2] = {
    { 0x1f0, 0x3f6, "ide.0" },
    { 0x170, 0x376, "ide.1" },
};

static PiixIde *piix_from(Device *dev)
{
    return container_of(container_of(dev, PciDevice, parent), PiixIde, pci);
}

/* ---- Descriptors -------------------------------------------------------- */

typedef struct Prd {
    uint32_t addr, len;
    bool last;
} Prd;

static bool bm_fetch(BusMaster *bm, uint32_t index, Prd *prd)
{
    uint32_t raw[2];

    if (index >= PRD_MAX ||
        !pci_dma_read(&bm->ide->pci, bm->list + (hwaddr)index * PRD_SIZE, raw,
                      sizeof(raw))) {
        return false;
    }
    uint32_t size = GUINT32_FROM_LE(raw[1]);
    uint32_t len = size & 0xfffe;
    *prd = (Prd){ .addr = GUINT32_FROM_LE(raw[0]) & ~1u,
                  .len = len ? len : 65536,
                  .last = size & PRD_LAST };
    return true;
}

/* The descriptor in work has bytes left, or the next one is taken. */
static bool bm_advance(BusMaster *bm)
{
    Prd prd;

    if (bm->left) {
        return true;
    }
    if (bm->last || !bm_fetch(bm, bm->next, &prd)) {
        return false;
    }
    bm->next++;
    bm->addr = prd.addr;
    bm->left = prd.len;
    bm->last = prd.last;
    return true;
}

/* ---- What drives ask for ------------------------------------------------ */

static bool bm_active(void *opaque)
{
    BusMaster *bm = opaque;

    return bm->status & BM_STATUS_ACTIVE;
}

static size_t bm_room(void *opaque, size_t max)
{
    BusMaster *bm = opaque;
    uint64_t room = bm->left;
    bool last = bm->last;

    for (uint32_t i = bm->next; room < max && !last; i++) {
        Prd prd;
        if (!bm_fetch(bm, i, &prd)) {
            break;
        }
        room += prd.len;
        last = prd.last;
    }
    return MIN(room, max);
}

static bool bm_move_piece(BusMaster *bm, void *buf, size_t len, bool to_memory)
{
    PciDevice *pci = &bm->ide->pci;

    return to_memory ? pci_dma_write(pci, bm->addr, buf, len)
                     : pci_dma_read(pci, bm->addr, buf, len);
}

static bool bm_move(void *opaque, void *buf, size_t len, bool to_memory)
{
    BusMaster *bm = opaque;
    uint8_t *p = buf;

    while (len) {
        if (!bm_advance(bm)) {
            return false;
        }
        size_t n = MIN(len, bm->left);
        if (!bm_move_piece(bm, p, n, to_memory)) {
            log_guest_error("piix3-ide: DMA at %08x is not memory\n", bm->addr);
            return false;
        }
        p += n;
        len -= n;
        bm->addr += n;
        bm->left -= n;
    }
    return true;
}

/* Active stays set if the list goes on behind the transfer, 3.1. */
static void bm_finish(void *opaque, bool error)
{
    BusMaster *bm = opaque;

    if (error) {
        bm->status |= BM_STATUS_ERROR;
    }
    bm->status &= ~BM_STATUS_ACTIVE;
}

static const IdeDmaOps bm_dma_ops = {
    .active = bm_active,
    .room = bm_room,
    .move = bm_move,
    .finish = bm_finish,
};

/* ---- Registers ---------------------------------------------------------- */

static void bm_write_command(BusMaster *bm, uint8_t val)
{
    bool was = bm->command & BM_COMMAND_START;
    bool now = val & BM_COMMAND_START;

    bm->command = val & (BM_COMMAND_START | BM_COMMAND_TO_MEMORY);
    if (was && !now) {
        bm->status &= ~BM_STATUS_ACTIVE;
    }
    if (was || !now) {
        return;
    }
    bm->next = bm->left = 0;
    bm->last = false;
    bm->status |= BM_STATUS_ACTIVE;
    ide_channel_dma_started(&bm->ide->channels[bm->number]);
}

static void bm_write_byte(BusMaster *bm, unsigned reg, uint8_t val)
{
    unsigned shift = 8 * (reg - BM_LIST);

    switch (reg) {
    case BM_COMMAND:
        bm_write_command(bm, val);
        break;
    case BM_STATUS: /* ones clear error and interrupt */
        bm->status = (bm->status & BM_STATUS_ACTIVE) |
                     (val & BM_STATUS_DRIVES) |
                     (bm->status & ~val & (BM_STATUS_ERROR | BM_STATUS_IRQ));
        break;
    case BM_LIST ... BM_LIST + 3:
        bm->list = (bm->list & ~(0xffu << shift)) | (uint32_t)val << shift;
        bm->list &= ~3u;
        break;
    default:
        break;
    }
}

static uint8_t bm_read_byte(const BusMaster *bm, unsigned reg)
{
    switch (reg) {
    case BM_COMMAND:
        return bm->command;
    case BM_STATUS:
        return bm->status;
    case BM_LIST ... BM_LIST + 3:
        return bm->list >> (8 * (reg - BM_LIST));
    default:
        return 0xff;
    }
}

static bool bm_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    PiixIde *s = opaque;

    *val = 0;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (off + i) & 15;
        uint8_t byte = bm_read_byte(&s->masters[at / BM_SIZE], at % BM_SIZE);
        *val |= (uint64_t)byte << (8 * i);
    }
    trace(piix_ide_bm_read, "%x = %x", (unsigned)off, (unsigned)*val);
    return true;
}

static bool bm_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    PiixIde *s = opaque;

    trace(piix_ide_bm_write, "%x = %x", (unsigned)off, (unsigned)val);
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (off + i) & 15;
        bm_write_byte(&s->masters[at / BM_SIZE], at % BM_SIZE, val >> (8 * i));
    }
    return true;
}

static const MemoryOps bm_ops = {
    .read = bm_read,
    .write = bm_write,
    .valid = { .min = 1, .max = 4, .unaligned = true },
    .impl = { .min = 1, .max = 4, .unaligned = true },
};

/* A drive's interrupt shows in the bus master's status, too. */
static void piix_irq(void *opaque, unsigned n, bool level)
{
    PiixIde *s = opaque;

    if (level) {
        s->masters[n].status |= BM_STATUS_IRQ;
    }
    irq_set(&s->irq[n], level);
}

/* ---- Life --------------------------------------------------------------- */

void piix3_ide_wire(Device *dev, MemoryRegion *io, IrqLine primary,
                    IrqLine secondary)
{
    PiixIde *s = piix_from(dev);

    s->io_space = io;
    s->irq[0] = primary;
    s->irq[1] = secondary;
}

static void piix_init_channel(PiixIde *s, unsigned n)
{
    IdeChannel *c = &s->channels[n];

    s->masters[n].ide = s;
    s->masters[n].number = n;
    c->lock = &s->pci.parent.lock;
    c->number = n;
    c->dma = &bm_dma_ops;
    c->dma_opaque = &s->masters[n];
    c->irq = (IrqLine){ .set = piix_irq, .opaque = s, .n = n };
    ide_channel_init(c, piix_ports[n].name, &s->pci.parent);
    if (s->io_space) {
        region_add(s->io_space, piix_ports[n].command, &c->command_io);
        region_add(s->io_space, piix_ports[n].control, &c->control_io);
    }
}

static bool piix_realize(Device *dev, GError **errp)
{
    PiixIde *s = piix_from(dev);

    for (unsigned n = 0; n < 2; n++) {
        piix_init_channel(s, n);
    }
    region_init_io(&s->bm_io, "piix-bmdma", 2 * BM_SIZE, &bm_ops, s,
                   &dev->lock);
    s->mapped = true;
    pci_add_bar(&s->pci, 4, PCI_BAR_IO, &s->bm_io, 2 * BM_SIZE);
    /* IDE timing and decode registers: kept, not acted on. */
    for (unsigned off = 0x40; off < 0x4c; off++) {
        s->pci.wmask[off] = 0xff;
    }
    return true;
}

static void piix_unrealize(Device *dev)
{
    PiixIde *s = piix_from(dev);

    for (unsigned n = 0; n < 2; n++) {
        IdeChannel *c = &s->channels[n];
        if (c->bus.class && s->io_space) {
            region_remove(&c->command_io);
            region_remove(&c->control_io);
        }
        ide_channel_clear(c);
    }
    if (s->mapped) {
        pci_device_unrealize(&s->pci);
        region_clear(&s->bm_io);
        s->mapped = false;
    }
}

static void piix_reset(Device *dev)
{
    PiixIde *s = piix_from(dev);

    pci_device_reset(&s->pci);
    for (unsigned n = 0; n < 2; n++) {
        BusMaster *bm = &s->masters[n];
        bm->command = bm->status = 0;
        bm->list = bm->next = bm->addr = bm->left = 0;
        bm->last = false;
        ide_channel_reset(&s->channels[n]);
    }
}

static bool piix_loaded(Device *dev, GError **errp)
{
    PiixIde *s = piix_from(dev);

    pci_device_loaded(&s->pci);
    for (unsigned n = 0; n < 2; n++) {
        if (s->channels[n].unit > 1 || s->masters[n].left > 65536) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "piix3-ide: impossible state");
        }
    }
    return true;
}

static const StateField bm_state[] = {
    STATE_U8(BusMaster, command), STATE_U8(BusMaster, status),
    STATE_U32(BusMaster, list),   STATE_U32(BusMaster, next),
    STATE_U32(BusMaster, addr),   STATE_U32(BusMaster, left),
    STATE_BOOL(BusMaster, last),  {},
};

static const StateField piix_state[] = {
    PCI_DEVICE_STATE(PiixIde, pci),
    STATE_STRUCT_ARRAY(PiixIde, channels, ide_channel_state),
    STATE_STRUCT_ARRAY(PiixIde, masters, bm_state),
    {},
};

static const Property piix_props[] = {
    PCI_DEVICE_PROPS(PiixIde, pci),
    {},
};

const PciClass piix3_ide_class = {
    .device = {
        .name = "piix3-ide",
        .summary = "82371SB IDE controller",
        .bus = BUS_PCI,
        .internal = true,
        .size = sizeof(PiixIde),
        .props = piix_props,
        .state = piix_state,
        .realize = piix_realize,
        .unrealize = piix_unrealize,
        .reset = piix_reset,
        .loaded = piix_loaded,
    },
    .vendor_id = 0x8086,
    .device_id = 0x7010,
    .class_id = 0x0101,
    .prog_if = 0x80, /* bus master, legacy ports */
};
