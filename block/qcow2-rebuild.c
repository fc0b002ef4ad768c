/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: a new refcount structure from known counts. It is written beside the
 * old one and becomes valid by one write to the header, so a crash leaves
 * either of them whole.
 */
#include "block/qcow2-internal.h"

#include <errno.h>

typedef struct Rebuild {
    Qcow2 *q;
    Qcow2Refs *refs;       /* grows by the new structure */
    const Qcow2Refs *busy; /* the old structure: not to be overwritten yet */
    uint64_t *table;       /* new refcount table, host order */
    uint64_t table_count;
    uint64_t table_off;
    uint64_t hint; /* first cluster that may be free */
} Rebuild;

static uint64_t rebuild_blocks(const Rebuild *r)
{
    return ((r->refs->clusters - 1) >> r->q->refblock_bits) + 1;
}

static bool rebuild_is_free(const Rebuild *r, uint64_t i)
{
    return i >= r->refs->clusters ||
           (!r->refs->count[i] &&
            (i >= r->busy->clusters || !r->busy->count[i]));
}

/* Host offset of n free clusters in a row, now counted. */
static uint64_t rebuild_take(Rebuild *r, uint64_t n)
{
    uint64_t run = 0, i = r->hint;

    for (; run < n; i++) {
        run = rebuild_is_free(r, i) ? run + 1 : 0;
    }
    uint64_t first = i - n;
    if (i > r->refs->clusters) {
        r->refs->count = g_renew(uint32_t, r->refs->count, i);
        memset(r->refs->count + r->refs->clusters, 0,
               (i - r->refs->clusters) * sizeof(uint32_t));
        r->refs->clusters = i;
    }
    for (uint64_t k = first; k < i; k++) {
        r->refs->count[k] = 1;
    }
    if (n == 1) {
        r->hint = i;
    }
    return first << r->q->h.cluster_bits;
}

static bool rebuild_block_needed(const Rebuild *r, uint64_t block)
{
    uint64_t i = block << r->q->refblock_bits;
    uint64_t end = MIN((block + 1) << r->q->refblock_bits, r->refs->clusters);

    while (i < end && !r->refs->count[i]) {
        i++;
    }
    return i < end;
}

/* Each new block may need another one to count it, so until nothing changes. */
static bool rebuild_place(Rebuild *r)
{
    Qcow2 *q = r->q;
    uint64_t blocks = rebuild_blocks(r);
    uint64_t per_cluster = q->cluster_size / 8;
    uint64_t clusters =
        (blocks + blocks / 16 + 16 + per_cluster - 1) / per_cluster;
    bool changed = true;

    r->table_count = clusters * per_cluster;
    r->table = g_new0(uint64_t, r->table_count);
    r->table_off = rebuild_take(r, clusters);
    while (changed) {
        changed = false;
        for (uint64_t b = 0; b < rebuild_blocks(r); b++) {
            if (b >= r->table_count) {
                return false;
            }
            if (!r->table[b] && rebuild_block_needed(r, b)) {
                r->table[b] = rebuild_take(r, 1);
                changed = true;
            }
        }
    }
    return true;
}

static int rebuild_write_block(const Rebuild *r, uint64_t block)
{
    const Qcow2 *q = r->q;
    uint64_t first = block << q->refblock_bits;
    uint64_t n = MIN(1ull << q->refblock_bits, r->refs->clusters - first);
    uint64_t bits = 1ull << q->h.refcount_order;
    g_autofree uint8_t *data = g_malloc0(q->cluster_size);

    for (uint64_t i = 0; i < n; i++) {
        uint64_t count = r->refs->count[first + i];
        if (bits < 64 && count >> bits) {
            return -ERANGE;
        }
        qcow2_refcount_encode(q->h.refcount_order, data, i, count);
    }
    return node_pwrite(q->node.file, r->table[block], data, q->cluster_size);
}

static int rebuild_write_table(const Rebuild *r)
{
    g_autofree uint64_t *data = g_new(uint64_t, r->table_count);

    for (uint64_t i = 0; i < r->table_count; i++) {
        data[i] = GUINT64_TO_BE(r->table[i]);
    }
    return node_pwrite(r->q->node.file, r->table_off, data, r->table_count * 8);
}

static int rebuild_write(const Rebuild *r)
{
    BlockNode *file = r->q->node.file;
    uint8_t field[12];
    int ret = rebuild_write_table(r);

    for (uint64_t b = 0; b < r->table_count && !ret; b++) {
        ret = r->table[b] ? rebuild_write_block(r, b) : 0;
    }
    if (!ret) {
        ret = node_flush(file);
    }
    if (ret) {
        return ret;
    }
    qcow2_put_be64(field, r->table_off);
    qcow2_put_be32(field + 8, (r->table_count * 8) >> r->q->h.cluster_bits);
    ret = node_pwrite(file, QH_REFTABLE_OFFSET, field, sizeof(field));
    return ret ? ret : node_flush(file);
}

/* The open image goes on with the new structure. */
static void rebuild_adopt(Rebuild *r)
{
    Qcow2 *q = r->q;

    g_mutex_lock(&q->lock);
    for (uint64_t i = 0; i < r->busy->clusters; i++) {
        if (r->busy->count[i] && !r->refs->count[i]) {
            g_hash_table_remove(q->metadata, (void *)(uintptr_t)i);
        }
    }
    qcow2_cache_clear(&q->ref_cache);
    qcow2_cache_init(&q->ref_cache, q->l2_cache.slice_bytes, q->ref_cache.max);
    qcow2_cache_clear(&q->l2_cache); /* flags may have changed on disk */
    qcow2_cache_init(&q->l2_cache, q->ref_cache.slice_bytes, q->l2_cache.max);
    g_free(q->reftable.entries);
    q->reftable = (Qcow2Table){ .entries = g_steal_pointer(&r->table),
                                .count = r->table_count,
                                .off = r->table_off };
    qcow2_metadata_add(q, r->table_off, r->table_count * 8);
    for (uint64_t b = 0; b < q->reftable.count; b++) {
        if (q->reftable.entries[b]) {
            qcow2_metadata_add(q, q->reftable.entries[b], q->cluster_size);
        }
    }
    q->free_hint = 0;
    g_mutex_unlock(&q->lock);
}

bool qcow2_rebuild_refcounts(Qcow2 *q, Qcow2Refs *refs, const Qcow2Refs *busy,
                             GError **errp)
{
    Rebuild r = { .q = q, .refs = refs, .busy = busy };
    int ret = rebuild_place(&r) ? rebuild_write(&r) : -EFBIG;

    if (!ret) {
        rebuild_adopt(&r);
    }
    g_free(r.table);
    return !ret ||
           emu_fail_errno(errp, -ret, "could not rebuild the refcounts of '%s'",
                          q->node.filename);
}
