/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -device, see devices.h. */
#include "system/devices.h"

#include <string.h>

#include "target/x86/cpu.h"
#include "util/error.h"

typedef struct DevicesBusName {
    BusKind kind;
    const char *name;
} DevicesBusName;

static const DevicesBusName devices_bus_names[] = {
    { BUS_PCI, "PCI" },
    { BUS_ISA, "ISA" },
    { BUS_IDE, "IDE" },
    { BUS_VIRTIO_SERIAL, "virtio-serial-bus" },
};

/* ---- Classes ----------------------------------------------------------- */

static bool devices_user_creatable(const DeviceClass *class)
{
    return !class->internal && class->bus != BUS_NONE;
}

typedef void DevicesVisit(const DeviceClass *class, void *opaque);

static void devices_each_class(DevicesVisit *visit, void *opaque)
{
    for (unsigned t = 0; device_class_tables[t]; t++) {
        for (unsigned i = 0; device_class_tables[t][i]; i++) {
            if (devices_user_creatable(device_class_tables[t][i])) {
                visit(device_class_tables[t][i], opaque);
            }
        }
    }
}

static void devices_collect_name(const DeviceClass *class, void *opaque)
{
    GPtrArray *names = opaque;

    g_ptr_array_add(names, (void *)class->name);
    for (unsigned i = 0; class->aliases && class->aliases[i]; i++) {
        g_ptr_array_add(names, (void *)class->aliases[i]);
    }
}

static const DeviceClass *devices_find_class(const KeyVal *opts, GError **errp)
{
    const char *name = keyval_get(opts, "driver");
    const DeviceClass *class = name ? device_class_find(name) : NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    if (class && devices_user_creatable(class)) {
        return class;
    }
    if (!name) {
        emu_fail(errp, EMU_ERROR_INVALID, "the device's name is missing");
    } else if (class) {
        emu_fail(errp, EMU_ERROR_INVALID,
                 "device '%s' is a part of machines and cannot be added", name);
    } else {
        devices_each_class(devices_collect_name, names);
        keyval_fail_unknown(errp, "device", name,
                            (const char *const *)names->pdata, names->len);
    }
    return NULL;
}

/* ---- Help -------------------------------------------------------------- */

typedef struct DevicesList {
    const DevicesBusName *bus;
    GString *out;
    bool any;
} DevicesList;

static void devices_list_class(const DeviceClass *class, void *opaque)
{
    DevicesList *list = opaque;

    if (class->bus != list->bus->kind) {
        return;
    }
    if (!list->any) {
        g_string_append_printf(list->out, "%s devices:\n", list->bus->name);
        list->any = true;
    }
    g_string_append_printf(list->out, "name \"%s\", bus %s, desc \"%s\"\n",
                           class->name, list->bus->name, class->summary);
}

static void devices_list(GString *out)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(devices_bus_names); i++) {
        DevicesList list = { &devices_bus_names[i], out, false };

        devices_each_class(devices_list_class, &list);
    }
}

bool devices_print_help(const KeyVal *opts, GString *out)
{
    const char *name = keyval_get(opts, "driver");
    const DeviceClass *class;

    if (!g_strcmp0(name, "help") || !g_strcmp0(name, "?")) {
        devices_list(out);
        return true;
    }
    class = name && keyval_has(opts, "help") ? device_class_find(name) : NULL;
    if (!class) {
        return false;
    }
    device_class_help(class, out);
    return true;
}

void devices_print_cpu_help(GString *out)
{
    x86_model_list(out);
}

bool devices_check_cpu(const char *spec, GError **errp)
{
    const X86Model *model = x86_model_find(spec, errp);

    x86_model_free(model);
    return model != NULL;
}

/* ---- Properties -------------------------------------------------------- */

/* Keys of -device that are not properties. */
static bool devices_is_place(const char *key)
{
    static const char *const place[] = { "driver", "id", "bus", NULL };

    return g_strv_contains(place, key);
}

bool devices_check(const KeyVal *opts, GError **errp)
{
    const DeviceClass *class = devices_find_class(opts, errp);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *what = NULL;

    if (!class) {
        return false;
    }
    for (const Property *p = class->props; p && p->name; p++) {
        g_ptr_array_add(names, (void *)p->name);
    }
    g_ptr_array_add(names, NULL);
    what = g_strdup_printf("device %s: property", class->name);
    for (unsigned i = 0; i < keyval_count(opts); i++) {
        const char *key = keyval_key_at(opts, i);

        if (!devices_is_place(key) &&
            !g_strv_contains((const char *const *)names->pdata, key)) {
            return keyval_fail_unknown(errp, what, key,
                                       (const char *const *)names->pdata,
                                       names->len - 1);
        }
    }
    return true;
}

static bool devices_set_properties(Device *dev, const KeyVal *opts,
                                   GError **errp)
{
    for (unsigned i = 0; i < keyval_count(opts); i++) {
        const char *key = keyval_key_at(opts, i);

        if (!devices_is_place(key) &&
            !device_set_property(dev, key, keyval_value_at(opts, i), errp)) {
            return false;
        }
    }
    return true;
}

/* ---- Buses ------------------------------------------------------------- */

static bool devices_bus_has_room(const Bus *bus)
{
    return !bus->class->max_devices ||
           bus->devices->len < bus->class->max_devices;
}

typedef struct DevicesBusSearch {
    BusKind kind;
    Bus *found; /* the first with room */
    bool any;   /* one of the kind is there */
    GPtrArray *names;
} DevicesBusSearch;

static void devices_search_buses(GPtrArray *buses, DevicesBusSearch *search)
{
    for (unsigned i = 0; i < buses->len; i++) {
        Bus *bus = buses->pdata[i];

        g_ptr_array_add(search->names, bus->name);
        if (bus->class->kind == search->kind) {
            search->any = true;
            if (!search->found && devices_bus_has_room(bus)) {
                search->found = bus;
            }
        }
        for (unsigned d = 0; d < bus->devices->len; d++) {
            Device *dev = bus->devices->pdata[d];

            devices_search_buses(dev->child_buses, search);
        }
    }
}

static const char *devices_bus_kind_name(BusKind kind)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(devices_bus_names); i++) {
        if (devices_bus_names[i].kind == kind) {
            return devices_bus_names[i].name;
        }
    }
    return "none";
}

static Bus *devices_find_bus(Board *board, const DeviceClass *class,
                             const char *name, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    DevicesBusSearch search = { class->bus, NULL, false, names };
    Bus *bus = name ? board_find_bus(board, name) : NULL;

    if (bus) {
        return bus;
    }
    devices_search_buses(board->buses, &search);
    if (name) {
        keyval_fail_unknown(errp, "bus", name,
                            (const char *const *)names->pdata, names->len);
        return NULL;
    }
    if (!search.found) {
        emu_fail(errp, EMU_ERROR_NO_SPACE,
                 search.any ? "device '%s': every %s bus is full"
                            : "device '%s': this machine has no %s bus",
                 class->name, devices_bus_kind_name(class->bus));
    }
    return search.found;
}

bool devices_plug(Board *board, const KeyVal *opts, Device **out, GError **errp)
{
    const DeviceClass *class = devices_find_class(opts, errp);
    const char *id = keyval_get(opts, "id");
    Bus *bus;
    Device *dev;
    bool ok;

    if (!class) {
        return false;
    }
    if (id && board_find_device(board, id)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "there is a device '%s' already", id);
    }
    bus = devices_find_bus(board, class, keyval_get(opts, "bus"), errp);
    if (!bus) {
        return false;
    }
    dev = device_new(class, &board->env);
    dev->id = g_strdup(id);
    ok = devices_set_properties(dev, opts, errp) &&
         device_realize(dev, bus, errp);
    if (ok && out) {
        *out = dev;
    }
    device_unref(dev); /* the bus has its own reference */
    return ok;
}
