/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ISA bus: sixteen interrupt lines, ports and memory. Addresses are not
 * arbitrated: a device names its ports by its properties.
 */
#ifndef HW_ISA_ISA_H
#define HW_ISA_ISA_H

#include "hw/core/device.h"

enum { ISA_IRQS = 16 };

typedef struct IsaBus {
    Bus bus;
    /* Wiring by the board, before the first device comes. */
    MemoryRegion *io, *memory;
    IrqLine irq[ISA_IRQS];
} IsaBus;

extern const BusClass isa_bus_class;

void isa_bus_init(IsaBus *isa, const char *name, Device *owner,
                  MemoryRegion *io, MemoryRegion *memory);
void isa_bus_clear(IsaBus *isa);

/* The bus of a BUS_ISA device; from plug to unplug. */
IsaBus *isa_bus(const Device *dev);
/* For realize(). *line is a copy of the bus's. */
bool isa_connect_irq(Device *dev, uint32_t irq, IrqLine *line, GError **errp);
/* For realize(). Fails if the region would pass the end of the ports. */
bool isa_add_io(Device *dev, uint32_t port, MemoryRegion *region,
                GError **errp);

#endif
