/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debug console of Bochs and SeaBIOS: every byte written to one port goes
 * out, a read tells that somebody listens. Bytes that the peer does not take
 * are lost: a firmware does not wait.
 */
#include "hw/char/debugcon.h"

#include "chardev/chardev.h"
#include "hw/isa/isa.h"

typedef struct Debugcon {
    Device parent;
    MemoryRegion io;
    uint32_t iobase, readback;
    Chardev *chr;
} Debugcon;

static Debugcon *debugcon(Device *dev)
{
    return container_of(dev, Debugcon, parent);
}

static bool debugcon_read(void *opaque, hwaddr off, unsigned size,
                          uint64_t *val)
{
    *val = ((Debugcon *)opaque)->readback;
    return true;
}

static bool debugcon_write(void *opaque, hwaddr off, unsigned size,
                           uint64_t val)
{
    uint8_t byte = val;

    chardev_write(((Debugcon *)opaque)->chr, &byte, 1, NULL, NULL);
    return true;
}

static const MemoryOps debugcon_ops = {
    .read = debugcon_read,
    .write = debugcon_write,
    .valid = { .min = 1, .max = 1 },
};

static size_t debugcon_can_receive(void *opaque)
{
    return 0; /* there is no input register */
}

static void debugcon_receive(void *opaque, const uint8_t *buf, size_t len)
{
}

static const ChardevUser debugcon_user = {
    .can_read = debugcon_can_receive,
    .read = debugcon_receive,
};

static bool debugcon_realize(Device *dev, GError **errp)
{
    Debugcon *s = debugcon(dev);

    region_init_io(&s->io, "isa-debugcon", 1, &debugcon_ops, s, &dev->lock);
    return chardev_attach(s->chr, &debugcon_user, s, errp) &&
           isa_add_io(dev, s->iobase, &s->io, errp);
}

static void debugcon_unrealize(Device *dev)
{
    Debugcon *s = debugcon(dev);

    chardev_detach(s->chr, s);
    region_clear(&s->io);
}

static const Property debugcon_props[] = {
    DEFINE_PROP_U32("iobase", Debugcon, iobase, 0xe9, 0, 0xffff, "port"),
    DEFINE_PROP_U32("readback", Debugcon, readback, 0xe9, 0, UINT32_MAX,
                    "what reads of the port give"),
    DEFINE_PROP_CHARDEV("chardev", Debugcon, chr, "where the bytes go"),
    {},
};

const DeviceClass debugcon_class = {
    .name = "isa-debugcon",
    .summary = "debug console port",
    .bus = BUS_ISA,
    .size = sizeof(Debugcon),
    .props = debugcon_props,
    .realize = debugcon_realize,
    .unrealize = debugcon_unrealize,
};
