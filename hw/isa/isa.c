/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA bus, see isa.h. */
#include "hw/isa/isa.h"

#include "util/span.h"

#define ISA_PORTS 0x10000

const BusClass isa_bus_class = {
    .kind = BUS_ISA,
    .name = "ISA",
};

void isa_bus_init(IsaBus *isa, const char *name, Device *owner,
                  MemoryRegion *io, MemoryRegion *memory)
{
    bus_init(&isa->bus, &isa_bus_class, name, owner);
    isa->io = io;
    isa->memory = memory;
}

void isa_bus_clear(IsaBus *isa)
{
    bus_clear(&isa->bus);
}

IsaBus *isa_bus(const Device *dev)
{
    g_assert(dev->bus && dev->bus->class->kind == BUS_ISA);
    return container_of(dev->bus, IsaBus, bus);
}

bool isa_connect_irq(Device *dev, uint32_t irq, IrqLine *line, GError **errp)
{
    if (irq >= ISA_IRQS) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "device '%s': the ISA bus has no interrupt line %u",
                        dev->class->name, irq);
    }
    *line = isa_bus(dev)->irq[irq];
    return true;
}

bool isa_add_io(Device *dev, uint32_t port, MemoryRegion *region, GError **errp)
{
    if (!span_fits(port, region->size, ISA_PORTS)) {
        return emu_fail(errp, EMU_ERROR_INVALID, "device '%s': no port 0x%x",
                        dev->class->name, port);
    }
    region_add(isa_bus(dev)->io, port, region);
    return true;
}
