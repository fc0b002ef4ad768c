/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of the last bytes written, read back with ringbuf_read: a serial
 * port whose recent output can be asked for. Old bytes are overwritten.
 */
#include "chardev/chardev-internal.h"

#include <string.h>

#include "util/error.h"

typedef struct ChardevRing {
    Chardev parent;
    uint8_t *data;
    uint64_t size; /* a power of two */
    /* Guarded by parent.lock; free-running. */
    uint64_t produced, consumed;
} ChardevRing;

static bool ringbuf_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    ChardevRing *ring = (ChardevRing *)chr;

    ring->size = 64 * 1024;
    if (!keyval_get_size(opts, "size", 1, &ring->size, errp)) {
        return false;
    }
    if (!ring->size || ring->size & (ring->size - 1)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "parameter 'size' must be a power of two");
    }
    ring->data = g_try_malloc0(ring->size);
    if (!ring->data) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "parameter 'size': no memory for that much");
    }
    chr->connected = true;
    return true;
}

static void ringbuf_close(Chardev *chr)
{
    g_free(((ChardevRing *)chr)->data);
}

static size_t ringbuf_put(Chardev *chr, const uint8_t *buf, size_t len,
                          void (*writable)(void *opaque), void *opaque)
{
    ChardevRing *ring = (ChardevRing *)chr;

    g_mutex_lock(&chr->lock);
    for (size_t i = 0; i < len; i++) {
        ring->data[ring->produced++ & (ring->size - 1)] = buf[i];
    }
    if (ring->produced - ring->consumed > ring->size) {
        ring->consumed = ring->produced - ring->size;
    }
    g_mutex_unlock(&chr->lock);
    return len;
}

static const KeyValKey ringbuf_keys[] = {
    { "size", "BYTES", "capacity, a power of two (64K)" },
    {},
};

const ChardevClass chardev_ringbuf_class = {
    .name = "ringbuf",
    .aliases = (const char *const[]){ "memory", NULL },
    .summary = "memory, read back in the monitor",
    .size = sizeof(ChardevRing),
    .keys = ringbuf_keys,
    .open = ringbuf_open,
    .close = ringbuf_close,
    .write = ringbuf_put,
};

static bool ringbuf_check(Chardev *chr, GError **errp)
{
    if (chr && chr->class == &chardev_ringbuf_class) {
        return true;
    }
    return emu_fail(errp, EMU_ERROR_INVALID, "chardev '%s' is not a ringbuf",
                    chardev_id(chr));
}

bool chardev_ringbuf_read(Chardev *chr, void *buf, size_t len, size_t *got,
                          GError **errp)
{
    ChardevRing *ring = (ChardevRing *)chr;
    uint8_t *out = buf;

    if (!ringbuf_check(chr, errp)) {
        return false;
    }
    g_mutex_lock(&chr->lock);
    for (*got = 0; *got < len && ring->consumed != ring->produced; ++*got) {
        out[*got] = ring->data[ring->consumed++ & (ring->size - 1)];
    }
    g_mutex_unlock(&chr->lock);
    return true;
}

bool chardev_ringbuf_write(Chardev *chr, const void *buf, size_t len,
                           GError **errp)
{
    if (!ringbuf_check(chr, errp)) {
        return false;
    }
    ringbuf_put(chr, buf, len, NULL, NULL);
    return true;
}
