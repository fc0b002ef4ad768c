/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System control port A: fast A20 gate and fast reset (PIIX3 2.5.4). */
#include "hw/misc/port92.h"

#include "hw/isa/isa.h"

enum {
    PORT92 = 0x92,
    PORT92_RESET = 1 << 0,
    PORT92_A20 = 1 << 1,
};

typedef struct Port92 {
    Device parent;
    MemoryRegion io;
    IrqLine a20, init;

    uint8_t outport;
} Port92;

static Port92 *port92(Device *dev)
{
    return container_of(dev, Port92, parent);
}

void port92_connect(Device *dev, IrqLine a20, IrqLine init)
{
    port92(dev)->a20 = a20;
    port92(dev)->init = init;
}

static bool port92_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    *val = ((Port92 *)opaque)->outport;
    return true;
}

static bool port92_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    Port92 *s = opaque;
    uint8_t rose = val & ~s->outport;

    trace(port92_write, "%02x", (unsigned)val);
    s->outport = val;
    irq_set(&s->a20, val & PORT92_A20);
    if (rose & PORT92_RESET) {
        irq_pulse(&s->init);
    }
    return true;
}

static const MemoryOps port92_ops = {
    .read = port92_read,
    .write = port92_write,
    .impl = { .min = 1, .max = 1 },
};

static bool port92_realize(Device *dev, GError **errp)
{
    Port92 *s = port92(dev);

    region_init_io(&s->io, "port92", 1, &port92_ops, s, &dev->lock);
    return isa_add_io(dev, PORT92, &s->io, errp);
}

static void port92_unrealize(Device *dev)
{
    region_clear(&port92(dev)->io);
}

static void port92_reset(Device *dev)
{
    port92(dev)->outport = 0;
    irq_set(&port92(dev)->a20, false);
}

static bool port92_loaded(Device *dev, GError **errp)
{
    irq_set(&port92(dev)->a20, port92(dev)->outport & PORT92_A20);
    return true;
}

static const StateField port92_state[] = {
    STATE_U8(Port92, outport),
    {},
};

const DeviceClass port92_class = {
    .name = "port92",
    .summary = "system control port A: A20 gate and reset",
    .bus = BUS_ISA,
    .internal = true,
    .size = sizeof(Port92),
    .state = port92_state,
    .realize = port92_realize,
    .unrealize = port92_unrealize,
    .reset = port92_reset,
    .loaded = port92_loaded,
};
