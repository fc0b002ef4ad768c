/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port that ends the emulator with an exit status of the guest's choice:
 * writing v gives (v << 1) | 1, so that a failure of the emulator itself
 * (status 1) and success (0) cannot be taken for an answer of the guest.
 */
#include "hw/misc/isa-debug-exit.h"

#include "hw/isa/isa.h"

typedef struct IsaDebugExit {
    Device parent;
    MemoryRegion io;
    uint32_t iobase, iosize;
} IsaDebugExit;

static IsaDebugExit *isa_debug_exit(Device *dev)
{
    return container_of(dev, IsaDebugExit, parent);
}

static bool isa_debug_exit_read(void *opaque, hwaddr off, unsigned size,
                                uint64_t *val)
{
    *val = 0;
    return true;
}

static bool isa_debug_exit_write(void *opaque, hwaddr off, unsigned size,
                                 uint64_t val)
{
    IsaDebugExit *s = opaque;
    const DeviceEnv *env = s->parent.env;

    env->request(env->machine, MACHINE_REQUEST_EXIT,
                 (int)((uint32_t)val << 1 | 1));
    return true;
}

static const MemoryOps isa_debug_exit_ops = {
    .read = isa_debug_exit_read,
    .write = isa_debug_exit_write,
};

static bool isa_debug_exit_realize(Device *dev, GError **errp)
{
    IsaDebugExit *s = isa_debug_exit(dev);

    region_init_io(&s->io, "isa-debug-exit", s->iosize, &isa_debug_exit_ops, s,
                   &dev->lock);
    return isa_add_io(dev, s->iobase, &s->io, errp);
}

static void isa_debug_exit_unrealize(Device *dev)
{
    region_clear(&isa_debug_exit(dev)->io);
}

static const Property isa_debug_exit_props[] = {
    DEFINE_PROP_U32("iobase", IsaDebugExit, iobase, 0x501, 0, 0xffff,
                    "first port"),
    DEFINE_PROP_U32("iosize", IsaDebugExit, iosize, 2, 1, 8, "number of ports"),
    {},
};

const DeviceClass isa_debug_exit_class = {
    .name = "isa-debug-exit",
    .summary = "port that ends the emulator",
    .bus = BUS_ISA,
    .size = sizeof(IsaDebugExit),
    .props = isa_debug_exit_props,
    .realize = isa_debug_exit_realize,
    .unrealize = isa_debug_exit_unrealize,
};
