/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IDE channel: command and control block registers, the data port, and who
 * of the two drives answers. ATA/ATAPI-6 5.2, 7, 9.16.
 */
#include "hw/ide/ide.h"

#include <string.h>

enum { /* command block */
       REG_DATA,
       REG_ERROR, /* write: features */
       REG_COUNT,
       REG_LOW,
       REG_MID,
       REG_HIGH,
       REG_SELECT,
       REG_STATUS, /* write: command */
};

enum { ATA_DEVICE_RESET = 0x08 };

static IdeDrive *channel_selected(const IdeChannel *c)
{
    return c->drives[c->unit];
}

static void channel_irq_update(IdeChannel *c)
{
    irq_set(&c->irq, c->irq_pending && !(c->control & IDE_CONTROL_NIEN));
}

void ide_raise(IdeDrive *d)
{
    d->channel->irq_pending = true;
    channel_irq_update(d->channel);
}

/* ---- Reading ------------------------------------------------------------ */

static uint8_t channel_status(IdeChannel *c, bool acknowledge)
{
    const IdeDrive *d = channel_selected(c);

    if (acknowledge) {
        c->irq_pending = false;
        channel_irq_update(c);
    }
    return d ? d->status : 0;
}

/* An absent drive 1 is answered for by drive 0, 9.16.1. */
static uint8_t channel_read_reg(IdeChannel *c, unsigned reg)
{
    IdeDrive *d = channel_selected(c);
    bool other = !d;

    d = d ? d : c->drives[0];
    if (!d) {
        return 0;
    }
    const IdeRegs *r = c->control & IDE_CONTROL_HOB ? &d->hob : &d->regs;
    switch (reg) {
    case REG_ERROR:
        return c->control & IDE_CONTROL_HOB ? r->feature : other ? 0 : d->error;
    case REG_COUNT:
        return r->count;
    case REG_LOW:
        return r->low;
    case REG_MID:
        return r->mid;
    case REG_HIGH:
        return r->high;
    default:
        return d->select;
    }
}

static bool channel_data_ready(const IdeDrive *d, unsigned size)
{
    return d && d->status & IDE_DRQ && !d->dma && d->data_pos < d->data_end &&
           d->data_end - d->data_pos >= size;
}

static uint32_t channel_read_data(IdeChannel *c, unsigned size)
{
    IdeDrive *d = channel_selected(c);
    uint32_t val = 0;

    if (!channel_data_ready(d, size)) {
        return 0;
    }
    memcpy(&val, d->buffer + d->data_pos, size);
    d->data_pos += size;
    if (d->data_pos == d->data_end) {
        ide_data_end(d);
    }
    return GUINT32_FROM_LE(val);
}

static bool channel_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    IdeChannel *c = opaque;

    if (off == REG_DATA && size >= 2) {
        *val = channel_read_data(c, size);
        return true;
    }
    *val = 0;
    for (unsigned i = 0; i < size && off + i <= REG_STATUS; i++) {
        uint8_t byte = off + i == REG_STATUS ? channel_status(c, true)
                       : off + i == REG_DATA ? 0
                                             : channel_read_reg(c, off + i);
        *val |= (uint64_t)byte << (8 * i);
    }
    trace(ide_read, "%u reg %u = %02x", c->number, (unsigned)off,
          (unsigned)*val);
    return true;
}

/* ---- Writing ------------------------------------------------------------ */

static void channel_write_data(IdeChannel *c, unsigned size, uint32_t val)
{
    IdeDrive *d = channel_selected(c);

    if (!channel_data_ready(d, size)) {
        return;
    }
    val = GUINT32_TO_LE(val);
    memcpy(d->buffer + d->data_pos, &val, size);
    d->data_pos += size;
    if (d->data_pos == d->data_end) {
        ide_data_end(d);
    }
}

/* Both drives see what is written to the registers. */
static void channel_write_reg(IdeDrive *d, unsigned reg, uint8_t val)
{
    switch (reg) {
    case REG_ERROR:
        d->hob.feature = d->regs.feature;
        d->regs.feature = val;
        break;
    case REG_COUNT:
        d->hob.count = d->regs.count;
        d->regs.count = val;
        break;
    case REG_LOW:
        d->hob.low = d->regs.low;
        d->regs.low = val;
        break;
    case REG_MID:
        d->hob.mid = d->regs.mid;
        d->regs.mid = val;
        break;
    case REG_HIGH:
        d->hob.high = d->regs.high;
        d->regs.high = val;
        break;
    default:
        d->select = val | IDE_SELECT_ONES;
        break;
    }
}

static void channel_command(IdeChannel *c, uint8_t val)
{
    IdeDrive *d = channel_selected(c);
    bool busy = d && d->status & (IDE_BSY | IDE_DRQ);

    trace(ide_command, "%u.%u %02x", c->number, c->unit, val);
    if (!d) {
        return;
    }
    if (busy && !(val == ATA_DEVICE_RESET && d->is_cd)) {
        log_guest_error("%s: command %02x while busy (status %02x)\n",
                        d->parent.class->name, val, d->status);
        return;
    }
    c->irq_pending = false;
    channel_irq_update(c);
    ide_execute(d, val);
}

static void channel_write_byte(IdeChannel *c, unsigned reg, uint8_t val)
{
    if (reg == REG_STATUS) {
        channel_command(c, val);
        return;
    }
    trace(ide_write, "%u reg %u = %02x", c->number, reg, val);
    c->control &= ~IDE_CONTROL_HOB;
    for (unsigned i = 0; i < 2; i++) {
        if (c->drives[i]) {
            channel_write_reg(c->drives[i], reg, val);
        }
    }
    if (reg == REG_SELECT) {
        c->unit = !!(val & IDE_SELECT_DEV1);
    }
}

static bool channel_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    IdeChannel *c = opaque;

    if (off == REG_DATA && size >= 2) {
        channel_write_data(c, size, val);
        return true;
    }
    for (unsigned i = 0; i < size && off + i <= REG_STATUS; i++) {
        if (off + i != REG_DATA) {
            channel_write_byte(c, off + i, val >> (8 * i));
        }
    }
    return true;
}

static const MemoryOps channel_command_ops = {
    .read = channel_read,
    .write = channel_write,
    .valid = { .min = 1, .max = 4, .unaligned = true },
    .impl = { .min = 1, .max = 4, .unaligned = true },
};

/* ---- Control block: one register ---------------------------------------- */

static bool channel_control_read(void *opaque, hwaddr off, unsigned size,
                                 uint64_t *val)
{
    *val = channel_status(opaque, false);
    return true;
}

/* SRST: busy while it is set, reset when it falls, 9.2. */
static void channel_soft_reset(IdeChannel *c, bool on)
{
    for (unsigned i = 0; i < 2; i++) {
        if (c->drives[i] && on) {
            c->drives[i]->status = IDE_BSY | IDE_DSC;
        } else if (c->drives[i]) {
            ide_drive_reset_registers(c->drives[i]);
        }
    }
    if (!on) {
        c->unit = 0;
    }
}

static bool channel_control_write(void *opaque, hwaddr off, unsigned size,
                                  uint64_t val)
{
    IdeChannel *c = opaque;
    bool was = c->control & IDE_CONTROL_SRST;
    bool now = val & IDE_CONTROL_SRST;

    trace(ide_control, "%u = %02x", c->number, (unsigned)val);
    c->control = val;
    if (was != now) {
        c->irq_pending = false;
        channel_soft_reset(c, now);
    }
    channel_irq_update(c);
    return true;
}

static const MemoryOps channel_control_ops = {
    .read = channel_control_read,
    .write = channel_control_write,
    .valid = { .min = 1, .max = 1 },
    .impl = { .min = 1, .max = 1 },
};

/* ---- Life --------------------------------------------------------------- */

static bool channel_plug(Bus *bus, Device *dev, GError **errp)
{
    IdeChannel *c = container_of(bus, IdeChannel, bus);
    IdeDrive *d = container_of(dev, IdeDrive, parent);

    if (d->unit > 1) {
        d->unit = c->drives[0] ? 1 : 0;
    }
    if (c->drives[d->unit]) {
        return emu_fail(errp, EMU_ERROR_BUSY, "unit %u of bus '%s' is taken",
                        d->unit, bus->name);
    }
    d->channel = c;
    return true;
}

static void channel_unplug(Bus *bus, Device *dev)
{
    IdeChannel *c = container_of(bus, IdeChannel, bus);
    IdeDrive *d = container_of(dev, IdeDrive, parent);

    g_mutex_lock(c->lock);
    if (c->drives[d->unit] == d) {
        c->drives[d->unit] = NULL;
    }
    g_mutex_unlock(c->lock);
}

static void channel_boot_path(const Bus *bus, const Device *dev, GString *out)
{
    const IdeChannel *c = container_of(bus, const IdeChannel, bus);
    const IdeDrive *d = container_of(dev, const IdeDrive, parent);

    g_string_append_printf(out, "/drive@%x/disk@%x", c->number, d->unit);
}

const BusClass ide_bus_class = {
    .kind = BUS_IDE,
    .name = "IDE",
    .max_devices = 2,
    .plug = channel_plug,
    .unplug = channel_unplug,
    .boot_path = channel_boot_path,
};

void ide_channel_init(IdeChannel *c, const char *name, Device *owner)
{
    bus_init(&c->bus, &ide_bus_class, name, owner);
    region_init_io(&c->command_io, "ide", 8, &channel_command_ops, c, c->lock);
    region_init_io(&c->control_io, "ide-control", 1, &channel_control_ops, c,
                   c->lock);
}

void ide_channel_clear(IdeChannel *c)
{
    if (!c->bus.class) {
        return;
    }
    bus_clear(&c->bus);
    region_clear(&c->command_io);
    region_clear(&c->control_io);
}

void ide_channel_reset(IdeChannel *c)
{
    c->unit = 0;
    c->control = 0;
    c->irq_pending = false;
    channel_irq_update(c);
}

void ide_channel_dma_started(IdeChannel *c)
{
    for (unsigned i = 0; i < 2; i++) {
        IdeDrive *d = c->drives[i];
        if (d && d->dma && !d->request && !(d->status & IDE_BSY)) {
            ide_dma_step(d);
            return;
        }
    }
}

const StateField ide_channel_state[] = {
    STATE_U8(IdeChannel, unit),
    STATE_U8(IdeChannel, control),
    STATE_BOOL(IdeChannel, irq_pending),
    {},
};
