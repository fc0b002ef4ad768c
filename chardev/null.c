/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back ends without a peer: null swallows all, vc is a text window that is
 * not there. */
#include "chardev/chardev-internal.h"

static bool null_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    return true;
}

static size_t null_write(Chardev *chr, const uint8_t *buf, size_t len,
                         void (*writable)(void *opaque), void *opaque)
{
    return len;
}

const ChardevClass chardev_null_class = {
    .name = "null",
    .aliases = (const char *const[]){ "none", NULL },
    .summary = "nothing in, output lost",
    .size = sizeof(Chardev),
    .open = null_open,
    .write = null_write,
};

/* Sizes are accepted because scripts give them. */
static const KeyValKey vc_keys[] = {
    { "width", "PIXELS", "ignored" },
    { "height", "PIXELS", "ignored" },
    { "cols", "CHARACTERS", "ignored" },
    { "rows", "CHARACTERS", "ignored" },
    {},
};

const ChardevClass chardev_vc_class = {
    .name = "vc",
    .summary = "text window (there is none yet: output is lost)",
    .size = sizeof(Chardev),
    .keys = vc_keys,
    .open = null_open,
    .write = null_write,
};
