/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types that -object knows, see objects.h. */
#include "system/objects.h"

#include <string.h>

#include "util/error.h"
#include "util/random.h"

/* ---- Types ------------------------------------------------------------- */

static void *object_rng_random(const KeyVal *opts, GError **errp)
{
    const char *path = keyval_get(opts, "filename");

    return random_source_new(path ? path : "/dev/urandom", errp);
}

static void *object_rng_builtin(const KeyVal *opts, GError **errp)
{
    return random_source_new(NULL, errp);
}

static void object_rng_free(void *self)
{
    random_source_free(self);
}

static const KeyValKey object_no_keys[] = { {} };

static const KeyValKey object_rng_random_keys[] = {
    { "filename", "PATH", "file or device to read (/dev/urandom)" },
    {},
};

static const ObjectType object_types[] = {
    { "rng-builtin", "rng", "random bytes of the host's kernel", object_no_keys,
      object_rng_builtin, object_rng_free },
    { "rng-random", "rng", "random bytes from a file", object_rng_random_keys,
      object_rng_random, object_rng_free },
};

static const ObjectType *object_type_find(const char *name, GError **errp)
{
    const char *names[G_N_ELEMENTS(object_types)];

    for (unsigned i = 0; i < G_N_ELEMENTS(object_types); i++) {
        names[i] = object_types[i].name;
        if (!strcmp(object_types[i].name, name)) {
            return &object_types[i];
        }
    }
    keyval_fail_unknown(errp, "object type", name, names, G_N_ELEMENTS(names));
    return NULL;
}

bool objects_print_help(const KeyVal *opts, GString *out)
{
    const char *name = keyval_get(opts, "qom-type");
    const ObjectType *type;

    if (!g_strcmp0(name, "help") || !g_strcmp0(name, "?")) {
        g_string_append(out, "List of user creatable objects:\n");
        for (unsigned i = 0; i < G_N_ELEMENTS(object_types); i++) {
            g_string_append_printf(out, "  %-14s %s\n", object_types[i].name,
                                   object_types[i].summary);
        }
        return true;
    }
    type =
        name && keyval_has(opts, "help") ? object_type_find(name, NULL) : NULL;
    if (!type) {
        return false;
    }
    g_string_append_printf(out, "%s options:\n", type->name);
    keyval_print_keys(type->keys, out);
    return true;
}

/* ---- Configuration ----------------------------------------------------- */

static bool object_check(ObjectConfig *c, GError **errp)
{
    g_autofree char *type = g_strdup(keyval_get(c->opts, "qom-type"));
    g_autofree char *id = g_strdup(keyval_get(c->opts, "id"));
    g_autofree char *what = NULL;
    bool ok;

    if (!type || !id) {
        return emu_fail(errp, EMU_ERROR_INVALID, "%s is missing",
                        type ? "id=" : "the object's type");
    }
    c->type = object_type_find(type, errp);
    if (!c->type) {
        return false;
    }
    what = g_strdup_printf("object %s", type);
    keyval_remove(c->opts, "qom-type");
    keyval_remove(c->opts, "id");
    ok = keyval_check(c->opts, what, c->type->keys, errp);
    keyval_set(c->opts, "id", id);
    return ok;
}

ObjectConfig *object_config_new(KeyVal *opts, const char *text, GError **errp)
{
    ObjectConfig *c = g_new0(ObjectConfig, 1);

    c->opts = opts;
    c->text = g_strdup(text);
    if (!object_check(c, errp)) {
        object_config_free(c);
        return NULL;
    }
    return c;
}

void object_config_free(ObjectConfig *c)
{
    keyval_free(c->opts);
    g_free(c->text);
    g_free(c);
}

/* ---- Objects ----------------------------------------------------------- */

Object *object_new(const ObjectConfig *c, GError **errp)
{
    void *self = c->type->create(c->opts, errp);
    Object *o;

    if (!self) {
        g_prefix_error(errp, "-object %s: ", c->text);
        return NULL;
    }
    o = g_new0(Object, 1);
    *o = (Object){ c->type, g_strdup(keyval_get(c->opts, "id")), self };
    return o;
}

void object_free(Object *o)
{
    o->type->destroy(o->self);
    g_free(o->id);
    g_free(o);
}
