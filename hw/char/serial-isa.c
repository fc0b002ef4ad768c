/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550A on the ISA bus: COM1..COM4, or wherever the properties say. */
#include "hw/char/serial-isa.h"

#include "hw/char/serial.h"
#include "hw/isa/isa.h"

enum { SERIAL_ISA_PORTS = 4 };
#define SERIAL_ISA_AUTO UINT32_MAX

typedef struct SerialIsa {
    Device parent;
    uint32_t index, iobase, irq;
    Serial uart;
} SerialIsa;

static const uint16_t serial_isa_ports[SERIAL_ISA_PORTS] = { 0x3f8, 0x2f8,
                                                             0x3e8, 0x2e8 };
static const uint8_t serial_isa_irqs[SERIAL_ISA_PORTS] = { 4, 3, 4, 3 };

static SerialIsa *serial_isa(Device *dev)
{
    return container_of(dev, SerialIsa, parent);
}

/* The lowest COM number that no sibling has. */
static uint32_t serial_isa_free_index(Device *dev)
{
    uint32_t used = 0;

    for (guint i = 0; i < dev->bus->devices->len; i++) {
        Device *other = dev->bus->devices->pdata[i];

        if (other != dev && other->class == dev->class &&
            serial_isa(other)->index < SERIAL_ISA_PORTS) {
            used |= 1u << serial_isa(other)->index;
        }
    }
    return __builtin_ctz(~used);
}

static bool serial_isa_place(SerialIsa *s, GError **errp)
{
    if (s->index == SERIAL_ISA_AUTO) {
        s->index = serial_isa_free_index(&s->parent);
    }
    if (s->index >= SERIAL_ISA_PORTS) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE,
                        "isa-serial: there are %u ports at most",
                        SERIAL_ISA_PORTS);
    }
    if (s->iobase == SERIAL_ISA_AUTO) {
        s->iobase = serial_isa_ports[s->index];
    }
    if (s->irq == SERIAL_ISA_AUTO) {
        s->irq = serial_isa_irqs[s->index];
    }
    return true;
}

static bool serial_isa_realize(Device *dev, GError **errp)
{
    SerialIsa *s = serial_isa(dev);

    s->uart.owner = dev;
    return serial_isa_place(s, errp) &&
           isa_connect_irq(dev, s->irq, &s->uart.irq, errp) &&
           serial_realize(&s->uart, errp) &&
           isa_add_io(dev, s->iobase, &s->uart.io, errp);
}

static void serial_isa_unrealize(Device *dev)
{
    serial_unrealize(&serial_isa(dev)->uart);
}

static void serial_isa_reset(Device *dev)
{
    serial_reset(&serial_isa(dev)->uart);
}

static bool serial_isa_loaded(Device *dev, GError **errp)
{
    return serial_loaded(&serial_isa(dev)->uart, errp);
}

static const Property serial_isa_props[] = {
    DEFINE_PROP_U32("index", SerialIsa, index, SERIAL_ISA_AUTO, 0,
                    SERIAL_ISA_AUTO, "0 for COM1 and so on; by default free"),
    DEFINE_PROP_U32("iobase", SerialIsa, iobase, SERIAL_ISA_AUTO, 0,
                    SERIAL_ISA_AUTO, "first port; by default the index's"),
    DEFINE_PROP_U32("irq", SerialIsa, irq, SERIAL_ISA_AUTO, 0, SERIAL_ISA_AUTO,
                    "interrupt; by default the index's"),
    DEFINE_PROP_CHARDEV("chardev", SerialIsa, uart.chr,
                        "character device at the other end"),
    DEFINE_PROP_U32("baudbase", SerialIsa, uart.baudbase, 115200, 1, UINT32_MAX,
                    "baud rate of divisor 1"),
    {},
};

static const StateField serial_isa_state[] = {
    STATE_STRUCT(SerialIsa, uart, serial_state),
    {},
};

const DeviceClass serial_isa_class = {
    .name = "isa-serial",
    .summary = "16550A serial port",
    .bus = BUS_ISA,
    .size = sizeof(SerialIsa),
    .props = serial_isa_props,
    .state = serial_isa_state,
    .realize = serial_isa_realize,
    .unrealize = serial_isa_unrealize,
    .reset = serial_isa_reset,
    .loaded = serial_isa_loaded,
};
