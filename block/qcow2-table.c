/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: the two-level table from guest clusters to host clusters. L1 is kept
 * in memory, L2 tables come in slices through the cache.
 */
#include "block/qcow2-internal.h"

#include <errno.h>
#include <inttypes.h>

void qcow2_table_dirty(Qcow2Table *t, uint32_t i)
{
    bool clean = t->dirty_from == t->dirty_end;

    t->dirty_from = clean ? i : MIN(t->dirty_from, i);
    t->dirty_end = clean ? i + 1 : MAX(t->dirty_end, i + 1);
}

static uint32_t l1_index(const Qcow2 *q, uint64_t off)
{
    return off >> (q->h.cluster_bits + q->l2_bits);
}

/* Where in its L2 table the slice with the entry for guest offset off is. */
static uint64_t l2_slice_off(const Qcow2 *q, uint64_t off, unsigned *index)
{
    uint64_t i = off >> q->h.cluster_bits & ((1u << q->l2_bits) - 1);
    uint64_t slice_off = i * 8 & ~(uint64_t)(q->l2_cache.slice_bytes - 1);

    *index = i - slice_off / 8;
    return slice_off;
}

static int l2_slice(Qcow2 *q, uint64_t l2_off, uint64_t off, Qcow2Slice **slice,
                    unsigned *index)
{
    uint64_t slice_off = l2_slice_off(q, off, index);

    return qcow2_cache_get(&q->l2_cache, q->node.file, l2_off + slice_off,
                           slice);
}

unsigned qcow2_entries_left(const Qcow2 *q, unsigned index)
{
    return q->l2_cache.slice_bytes / 8 - index;
}

static int l2_check_offset(Qcow2 *q, uint64_t l2_off, uint32_t i)
{
    if (qcow2_aligned(q, l2_off)) {
        return 0;
    }
    return qcow2_corrupt_locked(q, "L1 entry %u: L2 table at 0x%" PRIx64, i,
                                l2_off);
}

int qcow2_entry_get_locked(Qcow2 *q, uint64_t off, Qcow2Slice **slice,
                           unsigned *index)
{
    uint32_t i = l1_index(q, off);

    *slice = NULL;
    *index = 0;
    if (i >= q->l1.count) {
        return 0;
    }
    uint64_t l2_off = q->l1.entries[i] & QCOW2_OFFSET_MASK;
    if (!l2_off) {
        return 0;
    }
    int ret = l2_check_offset(q, l2_off, i);
    return ret ? ret : l2_slice(q, l2_off, off, slice, index);
}

bool qcow2_entry_cached_locked(Qcow2 *q, uint64_t off, Qcow2Slice **slice,
                               unsigned *index)
{
    uint32_t i = l1_index(q, off);
    uint64_t l2_off =
        i < q->l1.count ? q->l1.entries[i] & QCOW2_OFFSET_MASK : 0;
    uint64_t slice_off = l2_slice_off(q, off, index);

    *slice = l2_off ? qcow2_cache_peek(&q->l2_cache, l2_off + slice_off) : NULL;
    return !l2_off || *slice;
}

/* Content of a whole L2 table, NULL data for an empty one. */
static int l2_read_whole(Qcow2 *q, uint64_t l2_off, uint8_t **data)
{
    g_autofree uint8_t *copy = g_malloc(q->cluster_size);
    size_t step = q->l2_cache.slice_bytes;

    for (uint64_t o = 0; o < q->cluster_size; o += step) {
        Qcow2Slice *s;
        int ret = qcow2_cache_get(&q->l2_cache, q->node.file, l2_off + o, &s);
        if (ret) {
            return ret;
        }
        memcpy(copy + o, s->data, step);
    }
    *data = g_steal_pointer(&copy);
    return 0;
}

/* A new L2 table for L1 entry i: empty, or a copy of the shared one there. */
static int l2_new(Qcow2 *q, uint32_t i)
{
    uint64_t old = q->l1.entries[i] & QCOW2_OFFSET_MASK;
    g_autofree uint8_t *data = NULL;
    uint64_t off;
    int ret = old ? l2_read_whole(q, old, &data) : 0;

    if (!ret) {
        ret = qcow2_alloc_exact_locked(q, 1, &off);
    }
    if (ret) {
        return ret;
    }
    for (uint64_t o = 0; o < q->cluster_size; o += q->l2_cache.slice_bytes) {
        qcow2_cache_put(&q->l2_cache, off + o, data ? data + o : NULL);
    }
    qcow2_metadata_add(q, off, q->cluster_size);
    q->l1.entries[i] = off | QCOW2_COPIED;
    qcow2_table_dirty(&q->l1, i);
    if (old) {
        qcow2_free_later_locked(q, old, q->cluster_size);
    }
    return 0;
}

int qcow2_entry_own_locked(Qcow2 *q, uint64_t off, Qcow2Slice **slice,
                           unsigned *index)
{
    uint32_t i = l1_index(q, off);

    if (q->corrupt || i >= q->l1.count) {
        return -EIO;
    }
    int ret = l2_check_offset(q, q->l1.entries[i] & QCOW2_OFFSET_MASK, i);
    if (!ret && !(q->l1.entries[i] & QCOW2_COPIED)) {
        ret = l2_new(q, i);
    }
    if (ret) {
        return ret;
    }
    return l2_slice(q, q->l1.entries[i] & QCOW2_OFFSET_MASK, off, slice, index);
}

void qcow2_entry_set_locked(Qcow2 *q, Qcow2Slice *s, unsigned index,
                            uint64_t entry)
{
    qcow2_put_be64(s->data + index * 8, entry);
    qcow2_cache_dirty(&q->l2_cache, s);
}

void qcow2_entry_release_locked(Qcow2 *q, uint64_t entry)
{
    uint64_t off = entry & QCOW2_OFFSET_MASK, len = q->cluster_size;

    if (entry & QCOW2_COMPRESSED) {
        qcow2_packed_range(q, entry, &off, &len);
    }
    if (off) {
        qcow2_free_later_locked(q, off, len);
    }
}

/* ---- Resize ------------------------------------------------------------- */

static uint64_t l1_needed(const Qcow2 *q, uint64_t size)
{
    unsigned shift = q->h.cluster_bits + q->l2_bits;

    return (size >> shift) + !!(size & ((1ull << shift) - 1));
}

/* The larger table gets a new place; the write-back moves it there (Q4). */
static int l1_grow_locked(Qcow2 *q, uint64_t count)
{
    Qcow2Table *t = &q->l1;
    uint64_t off;

    if (count <= t->count) {
        return 0;
    }
    int ret = qcow2_alloc_exact_locked(
        q, qcow2_round_up(q, count * 8) >> q->h.cluster_bits, &off);
    if (ret) {
        return ret;
    }
    if (t->count) {
        qcow2_free_later_locked(q, t->off, qcow2_round_up(q, t->count * 8ull));
    }
    qcow2_metadata_add(q, off, count * 8);
    t->entries = g_renew(uint64_t, t->entries, count);
    memset(t->entries + t->count, 0, (count - t->count) * 8);
    t->count = count;
    t->off = off;
    t->moved = true;
    return 0;
}

static bool resize_write_size(Qcow2 *q, uint64_t size, GError **errp)
{
    uint8_t field[8];
    int ret = qcow2_write_back(q, true);

    qcow2_put_be64(field, size);
    if (!ret) {
        ret = node_pwrite(q->node.file, QH_SIZE, field, sizeof(field));
    }
    if (!ret) {
        ret = node_flush(q->node.file);
    }
    return !ret || emu_fail_errno(errp, -ret, "could not resize '%s'",
                                  q->node.filename);
}

/* What the backing file has behind the old end must not show up. */
static int resize_hide_backing(Qcow2 *q, uint64_t old)
{
    uint64_t behind = q->node.backing ? node_size(q->node.backing) : 0;
    uint64_t end = MIN(behind, node_size(&q->node));

    return end > old ? node_write_zeroes(&q->node, old, end - old, 0) : 0;
}

static bool resize_grow(Qcow2 *q, uint64_t size, GError **errp)
{
    uint64_t old = node_size(&q->node);

    g_mutex_lock(&q->lock);
    int ret = l1_grow_locked(q, l1_needed(q, size));
    g_mutex_unlock(&q->lock);
    if (ret) {
        return emu_fail_errno(errp, -ret, "could not resize '%s'",
                              q->node.filename);
    }
    if (!resize_write_size(q, size, errp)) {
        return false;
    }
    node_set_size(&q->node, size);
    ret = resize_hide_backing(q, old);
    return !ret || emu_fail_errno(errp, -ret,
                                  "could not clear the new part "
                                  "of '%s'",
                                  q->node.filename);
}

/* Bytes behind the new end are zeroed, so that a later growth finds zeroes. */
static bool resize_shrink(Qcow2 *q, uint64_t size, GError **errp)
{
    uint64_t old = node_size(&q->node);
    int ret =
        node_write_zeroes(&q->node, size, old - size, BLOCK_REQ_MAY_UNMAP);

    if (ret) {
        return emu_fail_errno(errp, -ret, "could not cut '%s'",
                              q->node.filename);
    }
    if (!resize_write_size(q, size, errp)) {
        return false;
    }
    node_set_size(&q->node, size);
    return true;
}

bool qcow2_resize(Qcow2 *q, uint64_t size, GError **errp)
{
    if (size % BLOCK_SECTOR) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "the new size of '%s' must be a multiple of %d bytes",
                        q->node.filename, BLOCK_SECTOR);
    }
    if (q->snapshots->len && (q->h.version < 3 || size < q->node.size)) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "'%s' has internal snapshots and cannot be resized",
                        q->node.filename);
    }
    if (size > (uint64_t)INT64_MAX - q->cluster_size ||
        l1_needed(q, size) > QCOW2_MAX_L1_BYTES / 8) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "'%s': the new size is too large for its clusters",
                        q->node.filename);
    }
    return size < q->node.size ? resize_shrink(q, size, errp)
                               : resize_grow(q, size, errp);
}
