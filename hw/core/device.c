/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a device: new, realize, reset, save and load, unrealize, free. */
#include "hw/core/device.h"

#include <string.h>

#include "hw/core/core-internal.h"
#include "util/span.h"

const DeviceClass *device_class_find(const char *name)
{
    for (unsigned t = 0; device_class_tables[t]; t++) {
        for (unsigned i = 0; device_class_tables[t][i]; i++) {
            const DeviceClass *class = device_class_tables[t][i];

            if (!strcmp(class->name, name) ||
                (class->aliases && g_strv_contains(class->aliases, name))) {
                return class;
            }
        }
    }
    return NULL;
}

Device *device_new(const DeviceClass *class, const DeviceEnv *env)
{
    g_assert(class->size >= sizeof(Device));
    Device *dev = g_malloc0(class->size);

    dev->class = class;
    dev->env = env;
    dev->refs = 1;
    dev->child_buses = g_ptr_array_new();
    g_mutex_init(&dev->lock);
    device_set_defaults(dev);
    return dev;
}

Device *device_ref(Device *dev)
{
    g_atomic_int_inc(&dev->refs);
    return dev;
}

void device_unref(Device *dev)
{
    if (!dev || !g_atomic_int_dec_and_test(&dev->refs)) {
        return;
    }
    if (dev->realized) {
        g_atomic_int_inc(&dev->refs); /* unrealize must not come back here */
        device_unrealize(dev);
    }
    device_free_properties(dev);
    g_ptr_array_unref(dev->child_buses);
    g_mutex_clear(&dev->lock);
    g_free(dev->id);
    g_free(dev);
}

/* ---- Realize ----------------------------------------------------------- */

static bool device_fits_bus(const Device *dev, const Bus *bus, GError **errp)
{
    BusKind kind = bus ? bus->class->kind : BUS_NONE;

    if (dev->class->bus == kind) {
        return true;
    }
    if (!bus) {
        return emu_fail(errp, EMU_ERROR_INVALID, "device '%s' needs a bus",
                        dev->class->name);
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "device '%s' does not fit the %s bus '%s'",
                    dev->class->name, bus->class->name, bus->name);
}

bool device_realize(Device *dev, Bus *bus, GError **errp)
{
    g_assert(!dev->realized);
    if (!device_fits_bus(dev, bus, errp) ||
        (bus && !bus_plug(bus, dev, errp))) {
        return false;
    }
    if (dev->class->realize && !dev->class->realize(dev, errp)) {
        if (dev->class->unrealize) {
            dev->class->unrealize(dev);
        }
        memory_wait_readers();
        bus_unplug(dev);
        return false;
    }
    dev->realized = true;
    return true;
}

void device_unrealize(Device *dev)
{
    if (!dev->realized) {
        return;
    }
    for (guint i = 0; i < dev->child_buses->len; i++) {
        bus_drop_devices(dev->child_buses->pdata[i]);
    }
    dev->realized = false;
    if (dev->class->unrealize) {
        dev->class->unrealize(dev);
    }
    /* A processor may still be inside one of its callbacks. */
    memory_wait_readers();
    bus_unplug(dev);
}

/* ---- Reset and state --------------------------------------------------- */

void device_reset(Device *dev)
{
    for (guint i = 0; i < dev->child_buses->len; i++) {
        Bus *bus = dev->child_buses->pdata[i];

        for (guint j = 0; j < bus->devices->len; j++) {
            device_reset(bus->devices->pdata[j]);
        }
    }
    if (dev->class->reset) {
        g_mutex_lock(&dev->lock);
        dev->class->reset(dev);
        g_mutex_unlock(&dev->lock);
    }
}

/* Record: u8 name length, class name, u32 state version, fields (state.h). */
void device_save(Device *dev, GByteArray *out)
{
    uint8_t name_len = strlen(dev->class->name);
    uint32_t version = GUINT32_TO_LE(dev->class->state_version);

    g_byte_array_append(out, &name_len, 1);
    g_byte_array_append(out, (const guint8 *)dev->class->name, name_len);
    g_byte_array_append(out, (const guint8 *)&version, sizeof(version));
    g_mutex_lock(&dev->lock);
    state_save(dev->class->state, dev, out);
    g_mutex_unlock(&dev->lock);
}

static bool device_load_header(Device *dev, const uint8_t *data, size_t len,
                               size_t *pos, GError **errp)
{
    size_t name_len = strlen(dev->class->name);
    uint32_t version;

    if (!span_fits(*pos, 1 + name_len + sizeof(version), len) ||
        data[*pos] != name_len ||
        memcmp(data + *pos + 1, dev->class->name, name_len)) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "saved state is not that of a '%s'", dev->class->name);
    }
    memcpy(&version, data + *pos + 1 + name_len, sizeof(version));
    version = GUINT32_FROM_LE(version);
    *pos += 1 + name_len + sizeof(version);
    if (version > dev->class->state_version) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "state of '%s' has version %u, known is %u",
                        dev->class->name, version, dev->class->state_version);
    }
    return true;
}

bool device_load(Device *dev, const uint8_t *data, size_t len, size_t *pos,
                 GError **errp)
{
    if (!device_load_header(dev, data, len, pos, errp)) {
        return false;
    }
    g_mutex_lock(&dev->lock);
    bool ok = state_load(dev->class->state, dev, data, len, pos, errp) &&
              (!dev->class->loaded || dev->class->loaded(dev, errp));
    g_mutex_unlock(&dev->lock);
    if (!ok) {
        g_prefix_error(errp,
                       "device '%s': ", dev->id ? dev->id : dev->class->name);
    }
    return ok;
}
