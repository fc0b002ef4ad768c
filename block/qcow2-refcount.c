/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: reference counts and the allocation of clusters. Counts are 1 to 64
 * bits wide, in blocks of one cluster that the refcount table points to. A new
 * block stands at the beginning of the range it counts, so it counts itself.
 */
#include "block/qcow2-internal.h"

#include <errno.h>
#include <inttypes.h>

/* ---- One count in a block; bit widths below 8 fill bytes from bit 0 ------ */

uint64_t qcow2_refcount_decode(unsigned order, const uint8_t *block, uint64_t i)
{
    unsigned bits = 1u << order;

    switch (order) {
    case 3:
        return block[i];
    case 4:
        return qcow2_be16(block + i * 2);
    case 5:
        return qcow2_be32(block + i * 4);
    case 6:
        return qcow2_be64(block + i * 8);
    default:
        return block[i * bits / 8] >> i * bits % 8 & ((1u << bits) - 1);
    }
}

void qcow2_refcount_encode(unsigned order, uint8_t *block, uint64_t i,
                           uint64_t value)
{
    unsigned bits = 1u << order;

    switch (order) {
    case 3:
        block[i] = value;
        break;
    case 4:
        qcow2_put_be16(block + i * 2, value);
        break;
    case 5:
        qcow2_put_be32(block + i * 4, value);
        break;
    case 6:
        qcow2_put_be64(block + i * 8, value);
        break;
    default: {
        uint8_t *p = block + i * bits / 8;
        unsigned mask = ((1u << bits) - 1) << i * bits % 8;
        *p = (*p & ~mask) | (value << i * bits % 8 & mask);
    }
    }
}

static uint64_t refcount_max(const Qcow2 *q)
{
    return q->h.refcount_order == 6 ? UINT64_MAX
                                    : (1ull << (1u << q->h.refcount_order)) - 1;
}

/* ---- Finding a count ---------------------------------------------------- */

/* Slice and index in it of a cluster's count; *slice NULL: no block yet. */
static int refcount_find(Qcow2 *q, uint64_t cluster, Qcow2Slice **slice,
                         uint64_t *index)
{
    uint64_t block = cluster >> q->refblock_bits;
    uint64_t in_block = cluster & ((1ull << q->refblock_bits) - 1);
    uint64_t byte = (in_block << q->h.refcount_order) / 8;
    uint64_t slice_off = byte & ~(uint64_t)(q->ref_cache.slice_bytes - 1);

    *slice = NULL;
    *index = in_block - ((slice_off * 8) >> q->h.refcount_order);
    if (block >= q->reftable.count || !q->reftable.entries[block]) {
        return 0;
    }
    uint64_t off = q->reftable.entries[block];
    if (!qcow2_aligned(q, off)) {
        return qcow2_corrupt_locked(
            q, "refcount block %" PRIu64 " at 0x%" PRIx64, block, off);
    }
    return qcow2_cache_get(&q->ref_cache, q->node.file, off + slice_off, slice);
}

int qcow2_refcount_get_locked(Qcow2 *q, uint64_t cluster, uint64_t *out)
{
    Qcow2Slice *s;
    uint64_t i;
    int ret = refcount_find(q, cluster, &s, &i);

    *out = s ? qcow2_refcount_decode(q->h.refcount_order, s->data, i) : 0;
    return ret;
}

/* The block exists. */
static int refcount_store(Qcow2 *q, uint64_t cluster, uint64_t value)
{
    Qcow2Slice *s;
    uint64_t i;
    int ret = refcount_find(q, cluster, &s, &i);

    if (ret) {
        return ret;
    }
    qcow2_refcount_encode(q->h.refcount_order, s->data, i, value);
    qcow2_cache_dirty(&q->ref_cache, s);
    return 0;
}

/* ---- Blocks and table grow ---------------------------------------------- */

static int reftable_grow(Qcow2 *q, uint64_t want)
{
    Qcow2Table *t = &q->reftable;
    uint64_t per_cluster = q->cluster_size / 8;
    uint64_t count = MAX(want, t->count + t->count / 2);
    uint64_t off;

    count = (count + per_cluster - 1) / per_cluster * per_cluster;
    if (count * 8 > QCOW2_MAX_REFTABLE_BYTES) {
        return -EFBIG;
    }
    uint64_t old_off = t->off, old_len = t->count * 8ull;
    t->entries = g_renew(uint64_t, t->entries, count);
    memset(t->entries + t->count, 0, (count - t->count) * 8);
    t->count = count;
    int ret = qcow2_alloc_exact_locked(q, count / per_cluster, &off);
    if (ret) { /* the larger table has no place: it must not be written */
        q->corrupt = true;
        return ret;
    }
    t->off = off;
    t->moved = true; /* and so is written whole, Q4 */
    qcow2_metadata_add(q, off, count * 8);
    qcow2_free_later_locked(q, old_off, qcow2_round_up(q, old_len));
    return 0;
}

/* The block that counts this cluster, made if it is missing. */
static int refblock_ensure(Qcow2 *q, uint64_t cluster)
{
    uint64_t block = cluster >> q->refblock_bits;
    uint64_t self = block << q->refblock_bits;
    uint64_t off = self << q->h.cluster_bits;

    if (block >= q->reftable.count) {
        int ret = reftable_grow(q, block + 1);
        if (ret) {
            return ret;
        }
    }
    if (q->reftable.entries[block]) {
        return 0;
    }
    if (!qcow2_metadata_avoids(q, off, q->cluster_size)) {
        return qcow2_corrupt_locked(
            q, "a table at 0x%" PRIx64 " has no reference count", off);
    }
    for (uint64_t o = 0; o < q->cluster_size; o += q->ref_cache.slice_bytes) {
        qcow2_cache_put(&q->ref_cache, off + o, NULL);
    }
    q->reftable.entries[block] = off;
    qcow2_table_dirty(&q->reftable, block);
    qcow2_metadata_add(q, off, q->cluster_size);
    return refcount_store(q, self, 1);
}

/* ---- Allocation --------------------------------------------------------- */

static int refcount_is_free(Qcow2 *q, uint64_t cluster, bool *is_free)
{
    uint64_t count = 0;
    int ret = qcow2_refcount_get_locked(q, cluster, &count);

    *is_free = !count;
    return ret;
}

/* First cluster of a run of `want` free ones at or after the hint. *got: how
 * long it is, for callers that take less. */
static int alloc_search(Qcow2 *q, uint64_t want, bool exact, uint64_t *first,
                        uint64_t *got)
{
    uint64_t i = q->free_hint;

    *got = 0;
    while (*got < want) {
        bool is_free;
        int ret = refcount_is_free(q, i, &is_free);
        if (ret) {
            return ret;
        }
        if (!is_free && *got && !exact) {
            return 0;
        }
        *got = is_free ? *got + 1 : 0;
        *first = i + 1 - *got;
        i++;
        if (i >= (uint64_t)INT64_MAX >> q->h.cluster_bits) {
            return -EFBIG;
        }
    }
    return 0;
}

/* Make sure that every cluster of the run is counted by a block. *moved: there
 * are new blocks, and they took clusters. */
static int alloc_cover(Qcow2 *q, uint64_t first, uint64_t count, bool *moved)
{
    uint64_t last_block = (first + count - 1) >> q->refblock_bits;

    *moved = false;
    for (uint64_t b = first >> q->refblock_bits; b <= last_block; b++) {
        if (b < q->reftable.count && q->reftable.entries[b]) {
            continue;
        }
        int ret = refblock_ensure(q, b << q->refblock_bits);
        if (ret) {
            return ret;
        }
        *moved = true;
    }
    return 0;
}

static int alloc_take(Qcow2 *q, uint64_t first, uint64_t count)
{
    uint64_t off = first << q->h.cluster_bits;

    if (!qcow2_metadata_avoids(q, off, count << q->h.cluster_bits)) {
        return qcow2_corrupt_locked(
            q, "a table at 0x%" PRIx64 " is counted as free", off);
    }
    for (uint64_t i = 0; i < count; i++) {
        int ret = refcount_store(q, first + i, 1);
        if (ret) { /* leaks what was taken, which harms nobody */
            return ret;
        }
    }
    return 0;
}

static int alloc_run(Qcow2 *q, uint64_t want, bool exact, uint64_t *got,
                     uint64_t *off)
{
    uint64_t first = 0;
    bool moved = true;

    /* New blocks may have taken clusters of the run: search again. */
    while (moved) {
        int ret = alloc_search(q, want, exact, &first, got);
        if (!ret) {
            ret = alloc_cover(q, first, *got, &moved);
        }
        if (ret) {
            return ret;
        }
    }
    int ret = alloc_take(q, first, *got);
    if (ret) {
        return ret;
    }
    if (!exact || first == q->free_hint) {
        q->free_hint = first + *got;
    }
    *off = first << q->h.cluster_bits;
    return 0;
}

int qcow2_alloc_locked(Qcow2 *q, uint64_t *count, uint64_t *off)
{
    return alloc_run(q, *count, false, count, off);
}

int qcow2_alloc_exact_locked(Qcow2 *q, uint64_t count, uint64_t *off)
{
    uint64_t got;

    return alloc_run(q, count, true, &got, off);
}

int qcow2_refcount_inc_locked(Qcow2 *q, uint64_t cluster)
{
    uint64_t count;
    int ret = qcow2_refcount_get_locked(q, cluster, &count);

    if (ret) {
        return ret;
    }
    return count == refcount_max(q) ? -EMFILE
                                    : refcount_store(q, cluster, count + 1);
}

/* ---- Freeing ------------------------------------------------------------ */

/* The cluster's last reference is gone. */
static void refcount_vanished(Qcow2 *q, uint64_t cluster)
{
    uint64_t off = cluster << q->h.cluster_bits;

    q->free_hint = MIN(q->free_hint, cluster);
    if (g_hash_table_remove(q->metadata, (void *)(uintptr_t)cluster)) {
        qcow2_cache_drop(&q->l2_cache, off, q->cluster_size);
        qcow2_cache_drop(&q->ref_cache, off, q->cluster_size);
    }
    if (q->pack_off >> q->h.cluster_bits == cluster) {
        q->pack_off = 0;
    }
}

static void refcount_drop(Qcow2 *q, uint64_t off, uint64_t len)
{
    uint64_t end = (off + len + q->cluster_size - 1) >> q->h.cluster_bits;

    for (uint64_t i = off >> q->h.cluster_bits; i < end; i++) {
        uint64_t count;
        if (qcow2_refcount_get_locked(q, i, &count)) {
            return; /* a leak */
        }
        if (!count) {
            qcow2_corrupt_locked(
                q, "cluster 0x%" PRIx64 " was in use without being counted",
                i << q->h.cluster_bits);
            return;
        }
        if (!refcount_store(q, i, count - 1) && count == 1) {
            refcount_vanished(q, i);
        }
    }
}

void qcow2_unalloc_locked(Qcow2 *q, uint64_t off, uint64_t len)
{
    refcount_drop(q, off, len);
}

void qcow2_free_later_locked(Qcow2 *q, uint64_t off, uint64_t len)
{
    Qcow2Free f = { off, len };

    if (q->frees->len) { /* neighbours become one */
        Qcow2Free *last =
            &g_array_index(q->frees, Qcow2Free, q->frees->len - 1);
        if (last->off + last->len == off && qcow2_aligned(q, off)) {
            last->len += len;
            return;
        }
    }
    g_array_append_val(q->frees, f);
}

/* While the count is still one nobody takes the cluster, so the hole is
 * punched first. */
static void refcount_punch(Qcow2 *q, const Qcow2Free *f)
{
    uint64_t count = 0;

    if (!q->node.discard || !qcow2_aligned(q, f->off) ||
        !qcow2_aligned(q, f->len)) {
        return;
    }
    for (uint64_t o = 0; o < f->len; o += q->cluster_size) {
        uint64_t cluster = (f->off + o) >> q->h.cluster_bits;
        if (!qcow2_refcount_get_locked(q, cluster, &count) && count == 1) {
            node_discard(q->node.file, f->off + o, q->cluster_size);
        }
    }
}

void qcow2_frees_apply_locked(Qcow2 *q, const GArray *frees)
{
    for (unsigned i = 0; i < frees->len; i++) {
        const Qcow2Free *f = &g_array_index(frees, Qcow2Free, i);
        refcount_punch(q, f);
        refcount_drop(q, f->off, f->len);
    }
    if (frees->len) {
        qcow2_unpacked_forget(q);
    }
}
