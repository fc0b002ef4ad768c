/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buses: who is plugged where, and the tree that `info qtree` shows. */
#include "hw/core/device.h"

#include "hw/core/core-internal.h"

void bus_init(Bus *bus, const BusClass *class, const char *name, Device *owner)
{
    *bus = (Bus){
        .class = class,
        .name = g_strdup(name),
        .owner = owner,
        .devices = g_ptr_array_new(),
    };
    if (owner) {
        g_ptr_array_add(owner->child_buses, bus);
    }
}

void bus_drop_devices(Bus *bus)
{
    while (bus->devices && bus->devices->len) {
        device_unrealize(bus->devices->pdata[bus->devices->len - 1]);
    }
}

void bus_clear(Bus *bus)
{
    if (!bus->class) {
        return; /* zeroed: never initialized */
    }
    bus_drop_devices(bus);
    if (bus->owner) {
        g_ptr_array_remove(bus->owner->child_buses, bus);
    }
    g_ptr_array_unref(bus->devices);
    g_free(bus->name);
    *bus = (Bus){ 0 };
}

bool bus_plug(Bus *bus, Device *dev, GError **errp)
{
    dev->bus = bus;
    if (bus->class->plug && !bus->class->plug(bus, dev, errp)) {
        dev->bus = NULL;
        return false;
    }
    g_ptr_array_add(bus->devices, device_ref(dev));
    return true;
}

void bus_unplug(Device *dev)
{
    Bus *bus = dev->bus;

    if (!bus) {
        return;
    }
    if (bus->class->unplug) {
        bus->class->unplug(bus, dev);
    }
    dev->bus = NULL;
    g_ptr_array_remove(bus->devices, dev);
    device_unref(dev);
}

bool bus_walk(Bus *bus, bool (*visit)(Device *dev, void *opaque), void *opaque)
{
    for (guint i = 0; i < bus->devices->len; i++) {
        Device *dev = bus->devices->pdata[i];

        if (!visit(dev, opaque)) {
            return false;
        }
        for (guint j = 0; j < dev->child_buses->len; j++) {
            if (!bus_walk(dev->child_buses->pdata[j], visit, opaque)) {
                return false;
            }
        }
    }
    return true;
}

static void bus_print_device(Device *dev, unsigned indent, GString *out)
{
    g_string_append_printf(out, "%*sdev: %s, id \"%s\"\n", indent, "",
                           dev->class->name, dev->id ? dev->id : "");
    device_print_properties(dev, indent + 2, out);
    if (dev->bus->class->describe) {
        dev->bus->class->describe(dev->bus, dev, indent + 2, out);
    }
    if (dev->class->describe) {
        g_string_append_printf(out, "%*s", indent + 2, "");
        dev->class->describe(dev, out);
        g_string_append_c(out, '\n');
    }
    for (guint i = 0; i < dev->child_buses->len; i++) {
        bus_print(dev->child_buses->pdata[i], indent + 2, out);
    }
}

void bus_print(Bus *bus, unsigned indent, GString *out)
{
    g_string_append_printf(out, "%*sbus: %s\n%*stype %s\n", indent, "",
                           bus->name, indent + 2, "", bus->class->name);
    for (guint i = 0; i < bus->devices->len; i++) {
        bus_print_device(bus->devices->pdata[i], indent + 2, out);
    }
}
