/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties: text in, typed fields out, and back. One row of property_types
 * says all about a kind.
 */
#include "hw/core/device.h"

#include <errno.h>
#include <string.h>

#include "block/block.h"
#include "chardev/chardev.h"
#include "hw/core/core-internal.h"
#include "util/keyval.h"

typedef struct PropertyType {
    const char *name; /* in help */
    bool quoted;      /* in info qtree */
    bool (*parse)(Device *dev, const Property *p, void *field, const char *text,
                  GError **errp);
    char *(*print)(const Property *p, const void *field);
    void (*set_default)(const Property *p, void *field);
} PropertyType;

static bool property_bad(const Property *p, const char *text, const char *wants,
                         GError **errp)
{
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "property '%s' cannot be '%s': it takes %s", p->name, text,
                    wants);
}

/* ---- Integers ---------------------------------------------------------- */

static uint64_t property_get_uint(const Property *p, const void *field)
{
    switch (p->size) {
    case 1:
        return *(const uint8_t *)field;
    case 2:
        return *(const uint16_t *)field;
    case 4:
        return *(const uint32_t *)field;
    default:
        return *(const uint64_t *)field;
    }
}

static void property_put_uint(const Property *p, void *field, uint64_t value)
{
    switch (p->size) {
    case 1:
        *(uint8_t *)field = value;
        break;
    case 2:
        *(uint16_t *)field = value;
        break;
    case 4:
        *(uint32_t *)field = value;
        break;
    default:
        *(uint64_t *)field = value;
        break;
    }
}

static int64_t property_get_int(const Property *p, const void *field)
{
    unsigned shift = 64 - 8 * p->size;

    return (int64_t)(property_get_uint(p, field) << shift) >> shift;
}

static void property_default_uint(const Property *p, void *field)
{
    property_put_uint(p, field, p->def);
}

/* Decimal or 0x; the whole text, without sign. */
static bool property_parse_number(const char *text, uint64_t *value)
{
    bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
    char *end;

    if (!g_ascii_isdigit(text[0])) {
        return false;
    }
    errno = 0;
    *value = g_ascii_strtoull(text, &end, hex ? 16 : 10);
    return !errno && !*end && end != text;
}

static bool property_parse_uint(Device *dev, const Property *p, void *field,
                                const char *text, GError **errp)
{
    uint64_t max = p->max ? p->max : UINT64_MAX >> (64 - 8 * p->size);
    uint64_t value;

    if (!property_parse_number(text, &value)) {
        return property_bad(p, text, "a number", errp);
    }
    if (value < p->min || value > max) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "property '%s' cannot be %s: it takes %" PRIu64
                        " to %" PRIu64,
                        p->name, text, p->min, max);
    }
    property_put_uint(p, field, value);
    return true;
}

static char *property_print_uint(const Property *p, const void *field)
{
    return g_strdup_printf("%" PRIu64, property_get_uint(p, field));
}

static bool property_parse_int(Device *dev, const Property *p, void *field,
                               const char *text, GError **errp)
{
    bool negative = text[0] == '-';
    int64_t lo = INT64_MIN >> (64 - 8 * p->size);
    int64_t hi = INT64_MAX >> (64 - 8 * p->size);
    uint64_t magnitude;

    if (!property_parse_number(text + negative, &magnitude)) {
        return property_bad(p, text, "a number", errp);
    }
    if (p->min || p->max) {
        lo = p->min;
        hi = p->max;
    }
    int64_t value = negative ? -magnitude : magnitude;
    if (magnitude > INT64_MAX || value < lo || value > hi) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "property '%s' cannot be %s: it takes %" PRId64
                        " to %" PRId64,
                        p->name, text, lo, hi);
    }
    property_put_uint(p, field, value);
    return true;
}

static char *property_print_int(const Property *p, const void *field)
{
    return g_strdup_printf("%" PRId64, property_get_int(p, field));
}

static bool property_parse_size(Device *dev, const Property *p, void *field,
                                const char *text, GError **errp)
{
    uint64_t max = p->max ? p->max : UINT64_MAX;
    uint64_t value;

    if (!keyval_parse_size(text, 1, &value)) {
        return property_bad(p, text, "a size such as 64K, 16M or 2G", errp);
    }
    if (value < p->min || value > max) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "property '%s' cannot be %s: it takes %" PRIu64
                        " to %" PRIu64 " bytes",
                        p->name, text, p->min, max);
    }
    *(uint64_t *)field = value;
    return true;
}

/* ---- Words ------------------------------------------------------------- */

static bool property_parse_bool(Device *dev, const Property *p, void *field,
                                const char *text, GError **errp)
{
    return keyval_parse_bool(text, field) ||
           property_bad(p, text, "on or off", errp);
}

static char *property_print_bool(const Property *p, const void *field)
{
    return g_strdup(*(const bool *)field ? "true" : "false");
}

static void property_default_bool(const Property *p, void *field)
{
    *(bool *)field = p->def;
}

static bool property_parse_string(Device *dev, const Property *p, void *field,
                                  const char *text, GError **errp)
{
    char **string = field;

    g_free(*string);
    *string = g_strdup(text);
    return true;
}

static char *property_print_string(const Property *p, const void *field)
{
    char *const *string = field;

    return g_strdup(*string ? *string : "");
}

static void property_default_string(const Property *p, void *field)
{
    char **string = field;

    g_free(*string);
    *string = g_strdup(p->def_string);
}

static int property_find_word(const char *const *names, const char *word)
{
    for (int i = 0; names[i]; i++) {
        if (!strcmp(names[i], word)) {
            return i;
        }
    }
    return -1;
}

static bool property_parse_word(const Property *p, const char *const *names,
                                int *field, const char *text, GError **errp)
{
    int i = property_find_word(names, text);

    if (i < 0) {
        g_autofree char *all = g_strjoinv(", ", (char **)names);

        return property_bad(p, text, all, errp);
    }
    *field = i;
    return true;
}

static bool property_parse_enum(Device *dev, const Property *p, void *field,
                                const char *text, GError **errp)
{
    return property_parse_word(p, p->names, field, text, errp);
}

static char *property_print_enum(const Property *p, const void *field)
{
    return g_strdup(p->names[*(const int *)field]);
}

static void property_default_enum(const Property *p, void *field)
{
    int i = p->def_string ? property_find_word(p->names, p->def_string) : 0;

    g_assert(i >= 0);
    *(int *)field = i;
}

static const char *const property_onoffauto[] = { "auto", "on", "off", NULL };

static bool property_parse_onoffauto(Device *dev, const Property *p,
                                     void *field, const char *text,
                                     GError **errp)
{
    return property_parse_word(p, property_onoffauto, field, text, errp);
}

static char *property_print_onoffauto(const Property *p, const void *field)
{
    return g_strdup(property_onoffauto[*(const int *)field]);
}

static void property_default_onoffauto(const Property *p, void *field)
{
    *(int *)field = p->def;
}

/* ---- Back ends --------------------------------------------------------- */

static bool property_parse_drive(Device *dev, const Property *p, void *field,
                                 const char *text, GError **errp)
{
    BlockBackend *blk = dev->env->find_block
                            ? dev->env->find_block(dev->env->machine, text)
                            : NULL;

    if (!blk) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "property '%s': there is no drive '%s'", p->name, text);
    }
    *(BlockBackend **)field = blk;
    return true;
}

static char *property_print_drive(const Property *p, const void *field)
{
    return g_strdup(blk_id(*(BlockBackend *const *)field));
}

static bool property_parse_chardev(Device *dev, const Property *p, void *field,
                                   const char *text, GError **errp)
{
    Chardev *chr = dev->env->find_chardev
                       ? dev->env->find_chardev(dev->env->machine, text)
                       : NULL;

    if (!chr) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "property '%s': there is no character device '%s'",
                        p->name, text);
    }
    *(Chardev **)field = chr;
    return true;
}

static char *property_print_chardev(const Property *p, const void *field)
{
    Chardev *chr = *(Chardev *const *)field;

    return g_strdup(chr ? chardev_id(chr) : "");
}

static void property_default_pointer(const Property *p, void *field)
{
    *(void **)field = NULL;
}

/* ---- Addresses --------------------------------------------------------- */

static bool property_parse_mac(Device *dev, const Property *p, void *field,
                               const char *text, GError **errp)
{
    uint8_t mac[6];

    if (strlen(text) != 17) {
        return property_bad(p, text, "an address like 52:54:00:12:34:56", errp);
    }
    for (unsigned i = 0; i < 6; i++) {
        int hi = g_ascii_xdigit_value(text[3 * i]);
        int lo = g_ascii_xdigit_value(text[3 * i + 1]);
        char end = text[3 * i + 2];

        if (hi < 0 || lo < 0 || (i < 5 ? end != ':' && end != '-' : end)) {
            return property_bad(p, text, "an address like 52:54:00:12:34:56",
                                errp);
        }
        mac[i] = hi << 4 | lo;
    }
    memcpy(field, mac, sizeof(mac));
    return true;
}

static char *property_print_mac(const Property *p, const void *field)
{
    const uint8_t *m = field;

    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
                           m[3], m[4], m[5]);
}

static void property_default_mac(const Property *p, void *field)
{
    memset(field, 0, 6);
}

static bool property_parse_devfn(Device *dev, const Property *p, void *field,
                                 const char *text, GError **errp)
{
    char *end;
    uint64_t slot = g_ascii_strtoull(text, &end, 16);
    uint64_t fn = 0;
    bool ok = g_ascii_isxdigit(text[0]) && end != text;

    if (ok && *end == '.') {
        const char *at = end + 1;

        fn = g_ascii_strtoull(at, &end, 16);
        ok = g_ascii_isxdigit(*at) && end != at;
    }
    if (!ok || *end || slot > 31 || fn > 7) {
        return property_bad(p, text, "SLOT or SLOT.FN in hexadecimal", errp);
    }
    *(int32_t *)field = slot << 3 | fn;
    return true;
}

static char *property_print_devfn(const Property *p, const void *field)
{
    int32_t devfn = *(const int32_t *)field;

    return devfn < 0 ? g_strdup("<unset>")
                     : g_strdup_printf("%02x.%x", devfn >> 3, devfn & 7);
}

/* ---- The kinds --------------------------------------------------------- */

static const PropertyType property_types[] = {
    [PROPERTY_BOOL] = { "bool", false, property_parse_bool, property_print_bool,
                        property_default_bool },
    [PROPERTY_UINT] = { "uint", false, property_parse_uint, property_print_uint,
                        property_default_uint },
    [PROPERTY_INT] = { "int", false, property_parse_int, property_print_int,
                       property_default_uint },
    [PROPERTY_SIZE] = { "size", false, property_parse_size, property_print_uint,
                        property_default_uint },
    [PROPERTY_STRING] = { "str", true, property_parse_string,
                          property_print_string, property_default_string },
    [PROPERTY_ENUM] = { "enum", true, property_parse_enum, property_print_enum,
                        property_default_enum },
    [PROPERTY_DRIVE] = { "str", true, property_parse_drive,
                         property_print_drive, property_default_pointer },
    [PROPERTY_CHARDEV] = { "str", true, property_parse_chardev,
                           property_print_chardev, property_default_pointer },
    [PROPERTY_MAC] = { "str", true, property_parse_mac, property_print_mac,
                       property_default_mac },
    [PROPERTY_DEVFN] = { "str", false, property_parse_devfn,
                         property_print_devfn, property_default_uint },
    [PROPERTY_ONOFFAUTO] = { "OnOffAuto", true, property_parse_onoffauto,
                             property_print_onoffauto,
                             property_default_onoffauto },
};

static const Property *property_find(const DeviceClass *class, const char *name)
{
    for (const Property *p = class->props; p && p->name; p++) {
        if (!strcmp(p->name, name)) {
            return p;
        }
    }
    return NULL;
}

static void *property_field(Device *dev, const Property *p)
{
    return (char *)dev + p->offset;
}

static const void *property_const_field(const Device *dev, const Property *p)
{
    return (const char *)dev + p->offset;
}

static bool property_unknown(const DeviceClass *class, const char *name,
                             GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (const Property *p = class->props; p && p->name; p++) {
        g_ptr_array_add(names, (gpointer)p->name);
    }
    const char *near =
        emu_nearest(name, (const char *const *)names->pdata, names->len);
    g_autofree char *hint =
        near ? g_strdup_printf("; did you mean '%s'?", near) : g_strdup("");

    return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                    "device '%s' has no property '%s'%s", class->name, name,
                    hint);
}

/* ---- Public ------------------------------------------------------------ */

bool device_set_property(Device *dev, const char *name, const char *value,
                         GError **errp)
{
    const Property *p = property_find(dev->class, name);

    if (!p) {
        return property_unknown(dev->class, name, errp);
    }
    if (dev->realized) {
        return emu_fail(errp, EMU_ERROR_BUSY,
                        "property '%s' of '%s' is fixed while it runs", name,
                        dev->class->name);
    }
    return property_types[p->kind].parse(dev, p, property_field(dev, p), value,
                                         errp);
}

char *device_get_property(const Device *dev, const char *name)
{
    const Property *p = property_find(dev->class, name);

    return p ? property_types[p->kind].print(p, property_const_field(dev, p))
             : NULL;
}

void device_set_defaults(Device *dev)
{
    for (const Property *p = dev->class->props; p && p->name; p++) {
        property_types[p->kind].set_default(p, property_field(dev, p));
    }
}

void device_free_properties(Device *dev)
{
    for (const Property *p = dev->class->props; p && p->name; p++) {
        if (p->kind == PROPERTY_STRING) {
            g_clear_pointer((char **)property_field(dev, p), g_free);
        }
    }
}

void device_print_properties(const Device *dev, unsigned indent, GString *out)
{
    for (const Property *p = dev->class->props; p && p->name; p++) {
        const void *field = property_const_field(dev, p);
        const PropertyType *type = &property_types[p->kind];
        const char *quote = type->quoted ? "\"" : "";
        g_autofree char *text = type->print(p, field);

        g_string_append_printf(out, "%*s%s = %s%s%s", indent, "", p->name,
                               quote, text, quote);
        if (p->kind == PROPERTY_UINT || p->kind == PROPERTY_SIZE) {
            g_string_append_printf(out, " (0x%" PRIx64 ")",
                                   property_get_uint(p, field));
        }
        g_string_append_c(out, '\n');
    }
}

/* "uint32" and so on: integers name their width. */
static char *property_type_name(const Property *p)
{
    const char *name = property_types[p->kind].name;

    return p->kind == PROPERTY_UINT || p->kind == PROPERTY_INT
               ? g_strdup_printf("%s%zu", name, 8 * p->size)
               : g_strdup(name);
}

static void property_help(const Property *p, GString *out)
{
    g_autofree char *type = property_type_name(p);
    g_autofree char *left = g_strdup_printf("%s=<%s>", p->name, type);

    g_string_append_printf(out, "  %-22s - %s", left, p->help ? p->help : "");
    switch (p->kind) {
    case PROPERTY_UINT:
    case PROPERTY_SIZE:
        g_string_append_printf(out, " (default: %" PRIu64 ")", p->def);
        break;
    case PROPERTY_INT:
        g_string_append_printf(out, " (default: %" PRId64 ")", (int64_t)p->def);
        break;
    case PROPERTY_BOOL:
        g_string_append_printf(out, " (default: %s)", p->def ? "on" : "off");
        break;
    case PROPERTY_ONOFFAUTO:
        g_string_append_printf(out, " (default: %s)",
                               property_onoffauto[p->def]);
        break;
    default:
        if (p->def_string) {
            g_string_append_printf(out, " (default: %s)", p->def_string);
        }
        break;
    }
    g_string_append_c(out, '\n');
}

void device_class_help(const DeviceClass *class, GString *out)
{
    if (!class->props || !class->props->name) {
        g_string_append_printf(out, "There are no options for %s.\n",
                               class->name);
        return;
    }
    g_string_append_printf(out, "%s options:\n", class->name);
    for (const Property *p = class->props; p->name; p++) {
        property_help(p, out);
    }
}
