/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware is told of a device it may boot from: its rank, and its place
 * as an IEEE 1275 path. */
#include "hw/core/device.h"

#include <string.h>

int32_t device_boot_index(const Device *dev)
{
    const Property *p = dev->class->props;

    while (p && p->name && strcmp(p->name, "bootindex")) {
        p++;
    }
    return p && p->name ? *(const int32_t *)((const char *)dev + p->offset)
                        : -1;
}

static bool device_add_boot_path(const Device *dev, GString *out)
{
    const Bus *bus = dev->bus;

    if (!bus || !bus->class->boot_path ||
        (bus->owner && !device_add_boot_path(bus->owner, out))) {
        return false;
    }
    bus->class->boot_path(bus, dev, out);
    return true;
}

char *device_boot_path(const Device *dev)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (!device_add_boot_path(dev, out)) {
        return NULL;
    }
    g_string_append(out,
                    dev->class->boot_suffix ? dev->class->boot_suffix : "");
    return g_string_free(g_steal_pointer(&out), FALSE);
}
