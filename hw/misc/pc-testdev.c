/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPU test programs ask of a board: a port and a piece of memory that
 * keep what is written, and the interrupt lines by hand.
 *
 *   ports e0h..e3h    a value of up to four bytes
 *   ports e8h..ebh    the same value, byte by byte
 *   port  e4h         accepted (elsewhere: withdraw the memory's mapping)
 *   ports 2000h + n   interrupt line n: zero lowers it, anything else raises
 *   memory ff000000h  64 KiB of device memory
 */
#include "hw/misc/pc-testdev.h"

#include "hw/isa/isa.h"

#include <string.h>

enum {
    TESTDEV_VALUE = 0xe0,
    TESTDEV_FLUSH = 0xe4,
    TESTDEV_BYTES = 0xe8,
    TESTDEV_LINES = 0x2000,
    TESTDEV_MEMORY_SIZE = 0x10000,
};
#define TESTDEV_MEMORY UINT64_C(0xff000000)

typedef struct PcTestdev {
    Device parent;

    /* Wiring: fixed once realized. */
    MemoryRegion value_io, bytes_io, flush_io, lines_io, memory_io;
    IrqLine irq[ISA_IRQS];

    /* Guest-visible state. */
    uint32_t value;
    uint8_t memory[TESTDEV_MEMORY_SIZE];
} PcTestdev;

static PcTestdev *pc_testdev(Device *dev)
{
    return container_of(dev, PcTestdev, parent);
}

static uint64_t testdev_mask(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

static bool testdev_value_read(void *opaque, hwaddr off, unsigned size,
                               uint64_t *val)
{
    PcTestdev *s = opaque;

    *val = s->value >> (8 * off) & testdev_mask(size);
    return true;
}

static bool testdev_value_write(void *opaque, hwaddr off, unsigned size,
                                uint64_t val)
{
    PcTestdev *s = opaque;
    uint64_t mask = testdev_mask(size) << (8 * off);

    s->value = (s->value & ~mask) | (val << (8 * off) & mask);
    return true;
}

static bool testdev_flush_write(void *opaque, hwaddr off, unsigned size,
                                uint64_t val)
{
    return true;
}

static bool testdev_line_write(void *opaque, hwaddr off, unsigned size,
                               uint64_t val)
{
    PcTestdev *s = opaque;

    irq_set(&s->irq[off], val != 0);
    return true;
}

static bool testdev_zero_read(void *opaque, hwaddr off, unsigned size,
                              uint64_t *val)
{
    *val = 0;
    return true;
}

static bool testdev_memory_read(void *opaque, hwaddr off, unsigned size,
                                uint64_t *val)
{
    PcTestdev *s = opaque;

    *val = 0;
    memcpy(val, s->memory + off, size);
    return true;
}

static bool testdev_memory_write(void *opaque, hwaddr off, unsigned size,
                                 uint64_t val)
{
    PcTestdev *s = opaque;

    memcpy(s->memory + off, &val, size);
    return true;
}

static const MemoryOps testdev_value_ops = { .read = testdev_value_read,
                                             .write = testdev_value_write };
static const MemoryOps testdev_bytes_ops = {
    .read = testdev_value_read,
    .write = testdev_value_write,
    .impl = { .min = 1, .max = 1 },
};
static const MemoryOps testdev_flush_ops = { .read = testdev_zero_read,
                                             .write = testdev_flush_write };
static const MemoryOps testdev_line_ops = {
    .read = testdev_zero_read,
    .write = testdev_line_write,
    .impl = { .min = 1, .max = 1 },
};
static const MemoryOps testdev_memory_ops = { .read = testdev_memory_read,
                                              .write = testdev_memory_write };

static bool pc_testdev_realize(Device *dev, GError **errp)
{
    PcTestdev *s = pc_testdev(dev);

    for (unsigned n = 0; n < ISA_IRQS; n++) {
        if (!isa_connect_irq(dev, n, &s->irq[n], errp)) {
            return false;
        }
    }
    region_init_io(&s->value_io, "pc-testdev.value", 4, &testdev_value_ops, s,
                   &dev->lock);
    region_init_io(&s->bytes_io, "pc-testdev.bytes", 4, &testdev_bytes_ops, s,
                   &dev->lock);
    region_init_io(&s->flush_io, "pc-testdev.flush", 4, &testdev_flush_ops, s,
                   &dev->lock);
    region_init_io(&s->lines_io, "pc-testdev.lines", ISA_IRQS,
                   &testdev_line_ops, s, &dev->lock);
    region_init_io(&s->memory_io, "pc-testdev.memory", TESTDEV_MEMORY_SIZE,
                   &testdev_memory_ops, s, &dev->lock);
    region_add_priority(isa_bus(dev)->memory, TESTDEV_MEMORY, &s->memory_io, 1);
    return isa_add_io(dev, TESTDEV_VALUE, &s->value_io, errp) &&
           isa_add_io(dev, TESTDEV_FLUSH, &s->flush_io, errp) &&
           isa_add_io(dev, TESTDEV_BYTES, &s->bytes_io, errp) &&
           isa_add_io(dev, TESTDEV_LINES, &s->lines_io, errp);
}

static void pc_testdev_reset(Device *dev)
{
    PcTestdev *s = pc_testdev(dev);

    s->value = 0;
    memset(s->memory, 0, sizeof(s->memory));
}

static void pc_testdev_unrealize(Device *dev)
{
    PcTestdev *s = pc_testdev(dev);

    region_clear(&s->value_io);
    region_clear(&s->bytes_io);
    region_clear(&s->flush_io);
    region_clear(&s->lines_io);
    region_clear(&s->memory_io);
}

static const StateField pc_testdev_state[] = {
    STATE_U32(PcTestdev, value),
    STATE_BYTES(PcTestdev, memory, TESTDEV_MEMORY_SIZE),
    {},
};

const DeviceClass pc_testdev_class = {
    .name = "pc-testdev",
    .summary = "ports, memory and interrupt lines for CPU test programs",
    .bus = BUS_ISA,
    .size = sizeof(PcTestdev),
    .state = pc_testdev_state,
    .realize = pc_testdev_realize,
    .reset = pc_testdev_reset,
    .unrealize = pc_testdev_unrealize,
};
