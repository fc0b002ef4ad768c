/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of hw/core/ share among themselves. */
#ifndef HW_CORE_CORE_INTERNAL_H
#define HW_CORE_CORE_INTERNAL_H

#include "hw/core/device.h"

void device_free_properties(Device *dev);
/* One "name = value" line a property, as info qtree shows them. */
void device_print_properties(const Device *dev, unsigned indent, GString *out);

/* Into the bus's list, with a reference; undone by bus_unplug(). */
bool bus_plug(Bus *bus, Device *dev, GError **errp);
void bus_unplug(Device *dev); /* no-op if it sits nowhere */
void bus_drop_devices(Bus *bus);

#endif
