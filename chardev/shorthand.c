/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short form that -serial, -monitor and -debugcon take ("stdio",
 * "tcp:localhost:4444,server=on"), turned into the long form's parameters.
 */
#include "chardev/chardev-internal.h"

#include <string.h>

#include "util/error.h"

typedef struct ChardevShorthand {
    const char *prefix; /* up to and with the colon */
    const char *backend;
    const char *implied; /* key of what stands behind the prefix */
    const char *extra;   /* further key set to on, or NULL */
} ChardevShorthand;

static const ChardevShorthand chardev_shorthands[] = {
    { "file:", "file", "path", NULL },
    { "pipe:", "pipe", "path", NULL },
    { "unix:", "socket", "path", NULL },
    { "tcp:", "socket", "address", NULL },
    { "telnet:", "socket", "address", "telnet" },
    { "ringbuf:", "ringbuf", "size", NULL },
    { "pty:", "pty", "path", NULL },
    {},
};

/* "host:port" or "[v6]:port" or ":port" into host= and port=. */
static bool chardev_split_address(KeyVal *opts, GError **errp)
{
    g_autofree char *address = g_strdup(keyval_get(opts, "address"));
    char *colon = address ? strrchr(address, ':') : NULL;
    char *host = address;

    if (!address) {
        return true;
    }
    if (!colon || !colon[1]) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "address '%s' is not HOST:PORT", address);
    }
    *colon = '\0';
    if (*host == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    keyval_remove(opts, "address");
    keyval_set(opts, "host", host);
    keyval_set(opts, "port", colon + 1);
    return true;
}

static Chardev *chardev_new_prefixed(const char *id, const char *text,
                                     const ChardevShorthand *sh, bool mux,
                                     GError **errp)
{
    g_autoptr(KeyVal) opts =
        keyval_parse(text + strlen(sh->prefix), sh->implied, errp);

    if (!opts || !chardev_split_address(opts, errp)) {
        return NULL;
    }
    if (sh->extra) {
        keyval_set(opts, sh->extra, "on");
    }
    if (mux) {
        keyval_set(opts, "mux", "on");
    }
    return chardev_open(id, chardev_class_find(sh->backend, NULL), opts, errp);
}

static Chardev *chardev_new_plain(const char *id, const char *name, bool mux,
                                  GError **errp)
{
    g_autoptr(KeyVal) opts = keyval_new();
    const ChardevClass *class;

    if (g_str_has_prefix(name, "/dev/")) {
        keyval_set(opts, "path", name);
        name = "serial";
    }
    class = chardev_class_find(name, errp);
    if (!class) {
        return NULL;
    }
    if (mux) {
        keyval_set(opts, "mux", "on");
    }
    if (mux && class == &chardev_stdio_class) {
        keyval_set(opts, "signal", "off"); /* Ctrl-C belongs to the guest */
    }
    return chardev_open(id, class, opts, errp);
}

Chardev *chardev_new_shorthand(const char *id, const char *text, GError **errp)
{
    bool mux = g_str_has_prefix(text, "mon:");

    if (mux) {
        text += strlen("mon:");
    }
    for (const ChardevShorthand *sh = chardev_shorthands; sh->prefix; sh++) {
        if (g_str_has_prefix(text, sh->prefix)) {
            return chardev_new_prefixed(id, text, sh, mux, errp);
        }
    }
    if (g_str_has_prefix(text, "vc:")) {
        text = "vc"; /* its size means nothing without a window */
    }
    return chardev_new_plain(id, text, mux, errp);
}
