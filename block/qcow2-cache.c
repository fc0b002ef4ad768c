/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: the cache of table slices. The caller holds the image's lock. */
#include "block/qcow2-internal.h"

#include <errno.h>

void qcow2_cache_init(Qcow2Cache *c, size_t slice_bytes, unsigned max)
{
    *c = (Qcow2Cache){
        .slices = g_hash_table_new(g_int64_hash, g_int64_equal),
        .lru = G_QUEUE_INIT,
        .slice_bytes = slice_bytes,
        .max = max,
    };
}

static void qcow2_cache_remove(Qcow2Cache *c, Qcow2Slice *s)
{
    g_hash_table_remove(c->slices, &s->off);
    g_queue_unlink(&c->lru, &s->lru);
    c->dirty -= s->dirty;
    g_free(s);
}

void qcow2_cache_clear(Qcow2Cache *c)
{
    if (!c->slices) {
        return;
    }
    while (c->lru.head) {
        qcow2_cache_remove(c, c->lru.head->data);
    }
    g_clear_pointer(&c->slices, g_hash_table_unref);
}

/* Look at a few of the oldest only: dirty ones are no reason to search on. */
static void qcow2_cache_shrink(Qcow2Cache *c)
{
    GList *l = c->lru.tail;

    for (int i = 0; i < 8 && l && c->lru.length >= c->max; i++) {
        Qcow2Slice *s = l->data;
        l = l->prev;
        if (!s->dirty && !s->writing) {
            qcow2_cache_remove(c, s);
        }
    }
}

Qcow2Slice *qcow2_cache_peek(Qcow2Cache *c, uint64_t off)
{
    Qcow2Slice *s = g_hash_table_lookup(c->slices, &off);

    if (s && c->lru.head != &s->lru) {
        g_queue_unlink(&c->lru, &s->lru);
        g_queue_push_head_link(&c->lru, &s->lru);
    }
    return s;
}

static Qcow2Slice *qcow2_cache_add(Qcow2Cache *c, uint64_t off)
{
    qcow2_cache_shrink(c);
    Qcow2Slice *s = g_malloc0(sizeof(*s) + c->slice_bytes);
    s->off = off;
    s->lru.data = s;
    g_hash_table_insert(c->slices, &s->off, s);
    g_queue_push_head_link(&c->lru, &s->lru);
    return s;
}

int qcow2_cache_get(Qcow2Cache *c, BlockNode *file, uint64_t off,
                    Qcow2Slice **out)
{
    *out = qcow2_cache_peek(c, off);
    if (*out) {
        return 0;
    }
    Qcow2Slice *s = qcow2_cache_add(c, off);
    int ret = node_pread(file, off, s->data, c->slice_bytes);
    if (ret) {
        qcow2_cache_remove(c, s);
        return ret;
    }
    *out = s;
    return 0;
}

Qcow2Slice *qcow2_cache_put(Qcow2Cache *c, uint64_t off, const void *data)
{
    Qcow2Slice *s = qcow2_cache_peek(c, off);

    if (!s) {
        s = qcow2_cache_add(c, off);
    }
    if (data) {
        memcpy(s->data, data, c->slice_bytes);
    } else {
        memset(s->data, 0, c->slice_bytes);
    }
    qcow2_cache_dirty(c, s);
    return s;
}

void qcow2_cache_dirty(Qcow2Cache *c, Qcow2Slice *s)
{
    c->dirty += !s->dirty;
    s->dirty = true;
}

void qcow2_cache_written(Qcow2Cache *c, Qcow2Slice *s, bool ok)
{
    s->writing--;
    if (!ok) {
        qcow2_cache_dirty(c, s);
    }
}

void qcow2_cache_drop(Qcow2Cache *c, uint64_t off, uint64_t len)
{
    for (uint64_t o = off; o < off + len; o += c->slice_bytes) {
        Qcow2Slice *s = g_hash_table_lookup(c->slices, &o);
        if (s && !s->writing) {
            qcow2_cache_remove(c, s);
        }
    }
}
