/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC: 24 inputs that become messages to local APICs. */
#ifndef HW_INTC_IOAPIC_H
#define HW_INTC_IOAPIC_H

#include "hw/core/device.h"
#include "util/chips.h"

enum { IOAPIC_PINS = CHIP_IOAPIC_PINS };
#define IOAPIC_SIZE 0x1000

/* Redirection entry:
 *   63..56 dest | 16 mask | 15 level | 13 low active | 11 logical |
 *   10..8 delivery mode | 7..0 vector */
#define IOAPIC_ENTRY_DELIVERY_MODE(e) ((e) >> 8 & 7)
#define IOAPIC_ENTRY_DEST_MODE(e) ((e) >> 11 & 1)
#define IOAPIC_ENTRY_DEST(e) ((e) >> 56)
#define IOAPIC_ENTRY_LEVEL (UINT64_C(1) << 15)
#define IOAPIC_ENTRY_MASKED (UINT64_C(1) << 16)

extern const DeviceClass ioapic_class; /* "ioapic" */

/* Fields as in a redirection entry: dest is an APIC id (dest_mode 0) or a
 * logical set (1); delivery_mode 7 is ExtINT, whose vector comes from the
 * 8259s. Called with the I/O APIC's lock held: must not come back. */
typedef void IoapicDeliver(void *opaque, uint8_t dest, uint8_t dest_mode,
                           uint8_t delivery_mode, uint8_t vector, bool level);

/* What the pin's entry says has changed. As above. */
typedef void IoapicChanged(void *opaque, unsigned pin, uint64_t entry);

/* Before realize; changed may be NULL. */
void ioapic_connect(Device *dev, IoapicDeliver *deliver, IoapicChanged *changed,
                    void *opaque);
/* Call changed() for every pin. */
void ioapic_tell(Device *dev);
/* After realize: its registers, to be placed by the board (fec00000h). */
MemoryRegion *ioapic_region(Device *dev);
IrqLine ioapic_input(Device *dev, unsigned pin);
/* A local APIC ended a level-triggered interrupt. Any thread. */
void ioapic_eoi(Device *dev, uint8_t vector);
/* From now on host runs the chip; NULL: the model does again. No input but the
 * present levels reaches host from here. */
void ioapic_set_host(Device *dev, const ChipHost *host);
void ioapic_print(Device *dev, GString *out);      /* `info pic` */
void ioapic_print_irqs(Device *dev, GString *out); /* `info irq` */

#endif
