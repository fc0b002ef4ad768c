/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: opening, closing, and the driver's answers to block/io.c. Internal
 * snapshots are kept and respected, not made; encryption, external data files
 * and extended L2 entries are refused by name.
 */
#include "block/qcow2.h"

#include <errno.h>
#include <inttypes.h>

#include "block/qcow2-internal.h"

#define QCOW2_SLICE_BYTES 4096
#define QCOW2_L2_CACHE_BYTES (32u << 20) /* covers 256 GiB at 64 KiB */
#define QCOW2_REF_CACHE_BYTES (4u << 20)

/* ---- Map ---------------------------------------------------------------- */

typedef struct Qcow2Place {
    BlockRunKind kind;
    uint64_t off;
    bool copied;
} Qcow2Place;

static bool qcow2_place_decode(const Qcow2 *q, uint64_t entry, Qcow2Place *p)
{
    uint64_t off = entry & QCOW2_OFFSET_MASK;

    *p = (Qcow2Place){ .kind = BLOCK_RUN_BACKING };
    if (entry & QCOW2_COMPRESSED) {
        p->kind = BLOCK_RUN_COMPRESSED;
        p->off = entry;
        return true;
    }
    if (entry & QCOW2_ZERO && q->h.version < 3) {
        return false;
    }
    p->off = off;
    p->copied = entry & QCOW2_COPIED;
    if (entry & QCOW2_ZERO) {
        p->kind = BLOCK_RUN_ZERO;
    } else if (off) {
        p->kind = BLOCK_RUN_DATA;
    }
    return qcow2_aligned(q, off);
}

/* b continues a, n clusters later. */
static bool qcow2_place_continues(const Qcow2 *q, const Qcow2Place *a,
                                  const Qcow2Place *b, unsigned n)
{
    if (a->kind == BLOCK_RUN_COMPRESSED || a->kind != b->kind ||
        a->copied != b->copied || !a->off != !b->off) {
        return false;
    }
    return !a->off || b->off == a->off + n * (uint64_t)q->cluster_size;
}

/* Data that may be overwritten must not be a table, nor lie behind the file. */
static int qcow2_check_writable(Qcow2 *q, const Qcow2Place *p, unsigned n)
{
    uint64_t len = n * (uint64_t)q->cluster_size;
    uint64_t end = qcow2_round_up(q, node_size(q->node.file));

    if (p->off + len <= end && qcow2_metadata_avoids(q, p->off, len)) {
        return 0;
    }
    return qcow2_corrupt_locked(
        q, "data cluster at 0x%" PRIx64 " is %s", p->off,
        p->off + len > end ? "outside the file" : "a table as well");
}

static int qcow2_map_slice(Qcow2 *q, const Qcow2Slice *s, unsigned index,
                           uint64_t off, uint64_t len, BlockRun *run)
{
    uint64_t skip = off & (q->cluster_size - 1);
    unsigned max = MIN(qcow2_entries_left(q, index),
                       (skip + len + q->cluster_size - 1) / q->cluster_size);
    Qcow2Place first, next;
    unsigned n = 1;

    if (!qcow2_place_decode(q, qcow2_be64(s->data + index * 8), &first)) {
        return qcow2_corrupt_locked(
            q, "L2 entry 0x%" PRIx64 " of guest offset 0x%" PRIx64,
            qcow2_be64(s->data + index * 8), off);
    }
    while (
        n < max &&
        qcow2_place_decode(q, qcow2_be64(s->data + (index + n) * 8), &next) &&
        qcow2_place_continues(q, &first, &next, n)) {
        n++;
    }
    bool writable = first.kind == BLOCK_RUN_DATA && first.copied &&
                    !q->node.read_only && !q->corrupt;
    int ret = writable ? qcow2_check_writable(q, &first, n) : 0;
    bool packed = first.kind == BLOCK_RUN_COMPRESSED;
    *run = (BlockRun){
        .kind = first.kind,
        .len = MIN(len, n * (uint64_t)q->cluster_size - skip),
        .off = first.off + (first.off && !packed ? skip : 0),
        .has_off = first.off && !packed,
        .writable = writable,
    };
    return ret;
}

/* Up to the end of what one L2 table covers. */
static uint64_t qcow2_table_left(const Qcow2 *q, uint64_t off)
{
    uint64_t covers = (uint64_t)q->cluster_size << q->l2_bits;

    return covers - (off & (covers - 1));
}

static int qcow2_map(BlockNode *node, uint64_t off, uint64_t len, BlockRun *run)
{
    Qcow2 *q = (Qcow2 *)node;
    Qcow2Slice *s;
    unsigned index;

    g_mutex_lock(&q->lock);
    int ret = qcow2_entry_get_locked(q, off, &s, &index);
    if (!ret && s) {
        ret = qcow2_map_slice(q, s, index, off, len, run);
    } else if (!ret) {
        *run = (BlockRun){ .kind = BLOCK_RUN_BACKING,
                           .len = MIN(len, qcow2_table_left(q, off)) };
    }
    g_mutex_unlock(&q->lock);
    return ret;
}

/* Only if nobody has the lock and the slice is in the cache. */
static bool qcow2_map_now(BlockNode *node, uint64_t off, uint64_t len,
                          BlockRun *run)
{
    Qcow2 *q = (Qcow2 *)node;
    Qcow2Slice *s = NULL;
    unsigned index;

    if (!g_mutex_trylock(&q->lock)) {
        return false;
    }
    bool known = qcow2_entry_cached_locked(q, off, &s, &index);
    if (known && s) {
        known = !qcow2_map_slice(q, s, index, off, len, run);
    } else if (known) {
        *run = (BlockRun){ .kind = BLOCK_RUN_BACKING,
                           .len = MIN(len, qcow2_table_left(q, off)) };
    }
    g_mutex_unlock(&q->lock);
    return known;
}

/* ---- Allocate ----------------------------------------------------------- */

/* A zero cluster with its space kept: that space takes the data. */
static bool qcow2_place_reusable(const Qcow2Place *p)
{
    return p->kind == BLOCK_RUN_ZERO && p->off && p->copied;
}

/* Clusters from index on that need new space alike, at most max. */
static unsigned qcow2_count_new(const Qcow2 *q, const Qcow2Slice *s,
                                unsigned index, unsigned max)
{
    Qcow2Place p;
    unsigned n = 0;

    while (n < max &&
           qcow2_place_decode(q, qcow2_be64(s->data + (index + n) * 8), &p) &&
           !qcow2_place_reusable(&p) &&
           !(p.kind == BLOCK_RUN_DATA && p.copied)) {
        n++;
    }
    return n;
}

static int qcow2_allocate_locked(Qcow2 *q, uint64_t off, uint64_t len,
                                 BlockAlloc *alloc)
{
    uint64_t start = off & ~(uint64_t)(q->cluster_size - 1);
    Qcow2Slice *s;
    Qcow2Place p;
    unsigned index;
    int ret = qcow2_entry_own_locked(q, start, &s, &index);

    if (ret) {
        return ret;
    }
    if (!qcow2_place_decode(q, qcow2_be64(s->data + index * 8), &p)) {
        return -EIO;
    }
    *alloc = (BlockAlloc){ .start = start, .len = q->cluster_size };
    if (qcow2_place_reusable(&p)) {
        alloc->off = p.off;
        alloc->reused = true;
        return qcow2_check_writable(q, &p, 1);
    }
    unsigned max =
        MIN(qcow2_entries_left(q, index),
            (off + len - start + q->cluster_size - 1) / q->cluster_size);
    uint64_t n = MAX(1, qcow2_count_new(q, s, index, max));
    ret = qcow2_alloc_locked(q, &n, &alloc->off);
    alloc->len = n * q->cluster_size;
    alloc->zeroed =
        q->node.file->zero_beyond_end && alloc->off >= node_size(q->node.file);
    return ret;
}

static int qcow2_allocate(BlockNode *node, uint64_t off, uint64_t len,
                          BlockAlloc *alloc)
{
    Qcow2 *q = (Qcow2 *)node;
    int ret = qcow2_write_back_if_full(q);

    if (ret) {
        return ret;
    }
    g_mutex_lock(&q->lock);
    ret = qcow2_allocate_locked(q, off, len, alloc);
    g_mutex_unlock(&q->lock);
    return ret;
}

static int qcow2_commit_locked(Qcow2 *q, const BlockAlloc *alloc)
{
    for (uint64_t o = 0; o < alloc->len; o += q->cluster_size) {
        Qcow2Slice *s;
        unsigned i;
        int ret = qcow2_entry_own_locked(q, alloc->start + o, &s, &i);
        if (ret) {
            return ret; /* the new clusters leak, which harms nobody */
        }
        uint64_t old = qcow2_be64(s->data + i * 8);
        qcow2_entry_set_locked(q, s, i, (alloc->off + o) | QCOW2_COPIED);
        if (!alloc->reused) {
            qcow2_entry_release_locked(q, old);
        }
    }
    return 0;
}

static int qcow2_commit(BlockNode *node, const BlockAlloc *alloc)
{
    Qcow2 *q = (Qcow2 *)node;

    g_mutex_lock(&q->lock);
    int ret = qcow2_commit_locked(q, alloc);
    g_mutex_unlock(&q->lock);
    return ret;
}

static void qcow2_abandon(BlockNode *node, const BlockAlloc *alloc)
{
    Qcow2 *q = (Qcow2 *)node;

    if (alloc->reused) {
        return;
    }
    g_mutex_lock(&q->lock);
    qcow2_unalloc_locked(q, alloc->off, alloc->len);
    g_mutex_unlock(&q->lock);
}

/* ---- Zeroes and discard ------------------------------------------------- */

/* What an entry becomes when its cluster is to read as zeroes. */
static uint64_t qcow2_zeroed_entry(const Qcow2 *q, uint64_t entry, bool unmap)
{
    Qcow2Place p;

    if (!qcow2_place_decode(q, entry, &p)) {
        return QCOW2_ZERO; /* garbage; its cluster is not ours to free */
    }
    if (p.kind == BLOCK_RUN_BACKING && !q->node.backing) {
        return entry;
    }
    if (q->h.version < 3) {
        return 0;
    }
    bool keep = p.off && p.kind != BLOCK_RUN_COMPRESSED && p.copied && !unmap;
    return keep ? entry | QCOW2_ZERO : QCOW2_ZERO;
}

static void qcow2_zero_entry_locked(Qcow2 *q, Qcow2Slice *s, unsigned i,
                                    bool unmap)
{
    uint64_t old = qcow2_be64(s->data + i * 8);
    uint64_t now = qcow2_zeroed_entry(q, old, unmap);
    Qcow2Place p;

    if (now == old) {
        return;
    }
    qcow2_entry_set_locked(q, s, i, now);
    if (!(now & QCOW2_OFFSET_MASK) && qcow2_place_decode(q, old, &p)) {
        qcow2_entry_release_locked(q, old);
    }
}

/* One slice's worth; *done: bytes of guest range dealt with. */
static int qcow2_zero_step_locked(Qcow2 *q, uint64_t off, uint64_t len,
                                  bool unmap, uint64_t *done)
{
    Qcow2Slice *s;
    unsigned index;
    int ret = qcow2_entry_get_locked(q, off, &s, &index);

    if (ret) {
        return ret;
    }
    if (!s && !q->node.backing) { /* nothing there, reads as zeroes */
        *done = MIN(len, qcow2_table_left(q, off));
        return 0;
    }
    ret = qcow2_entry_own_locked(q, off, &s, &index);
    if (ret) {
        return ret;
    }
    unsigned n = MIN(qcow2_entries_left(q, index), len / q->cluster_size);
    for (unsigned i = 0; i < n; i++) {
        qcow2_zero_entry_locked(q, s, index + i, unmap);
    }
    *done = n * (uint64_t)q->cluster_size;
    return 0;
}

static int qcow2_zero(Qcow2 *q, uint64_t off, uint64_t len, bool unmap)
{
    if (q->h.version < 3 && q->node.backing) {
        return -ENOTSUP; /* there is no entry that says so */
    }
    while (len) {
        uint64_t done;
        int ret = qcow2_write_back_if_full(q);
        if (!ret) {
            g_mutex_lock(&q->lock);
            ret = q->corrupt
                      ? -EIO
                      : qcow2_zero_step_locked(q, off, len, unmap, &done);
            g_mutex_unlock(&q->lock);
        }
        if (ret) {
            return ret;
        }
        off += done;
        len -= done;
    }
    return 0;
}

static int qcow2_write_zeroes(BlockNode *node, uint64_t off, uint64_t len,
                              unsigned flags)
{
    return qcow2_zero((Qcow2 *)node, off, len, flags & BLOCK_REQ_MAY_UNMAP);
}

static int qcow2_discard(BlockNode *node, uint64_t off, uint64_t len)
{
    return qcow2_zero((Qcow2 *)node, off, len, true);
}

static int qcow2_flush(BlockNode *node)
{
    return qcow2_write_back((Qcow2 *)node, !((Qcow2 *)node)->lazy);
}

static bool qcow2_truncate(BlockNode *node, uint64_t size, GError **errp)
{
    return qcow2_resize((Qcow2 *)node, size, errp);
}

/* ---- Open --------------------------------------------------------------- */

static int qcow2_probe(const uint8_t *buf, size_t len)
{
    return len >= 8 && qcow2_be32(buf) == QCOW2_MAGIC &&
                   qcow2_be32(buf + 4) >= 2
               ? 100
               : 0;
}

static void qcow2_set_up(Qcow2 *q)
{
    const Qcow2Header *h = &q->h;
    size_t slice = MIN(QCOW2_SLICE_BYTES, 1u << h->cluster_bits);

    q->cluster_size = 1u << h->cluster_bits;
    q->l2_bits = h->cluster_bits - 3;
    q->refblock_bits = h->cluster_bits + 3 - h->refcount_order;
    q->incompatible = h->incompatible;
    q->lazy = h->compatible & QCOW2_COMPAT_LAZY_REFCOUNTS;
    q->node.cluster_size = q->cluster_size;
    q->node.size = h->size;
    q->node.backing_name = g_strdup(h->backing_name);
    q->node.backing_format = g_strdup(h->backing_format);
    qcow2_cache_init(&q->l2_cache, slice, QCOW2_L2_CACHE_BYTES / slice);
    qcow2_cache_init(&q->ref_cache, slice, QCOW2_REF_CACHE_BYTES / slice);
}

static bool qcow2_table_load(Qcow2 *q, Qcow2Table *t, uint64_t off,
                             uint32_t count, uint64_t mask, GError **errp)
{
    *t = (Qcow2Table){ .off = off, .count = count };
    t->entries = g_try_new0(uint64_t, MAX(count, 1));
    if (!t->entries) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE, "'%s': no memory for tables",
                        q->node.filename);
    }
    int ret = node_pread(q->node.file, off, t->entries, count * 8ull);
    if (ret) {
        return emu_fail_errno(errp, -ret, "could not read '%s'",
                              q->node.filename);
    }
    for (uint32_t i = 0; i < count; i++) {
        t->entries[i] = GUINT64_FROM_BE(t->entries[i]) & mask;
    }
    return true;
}

static bool qcow2_load_tables(Qcow2 *q, GArray *snapshot_l1s, GError **errp)
{
    uint32_t reftable_count = q->h.reftable_clusters << (q->h.cluster_bits - 3);

    return qcow2_table_load(q, &q->l1, q->h.l1_offset, q->h.l1_size,
                            QCOW2_COPIED | QCOW2_OFFSET_MASK, errp) &&
           qcow2_table_load(q, &q->reftable, q->h.reftable_offset,
                            reftable_count, QCOW2_REFTABLE_MASK, errp) &&
           qcow2_snapshots_read(q, snapshot_l1s, errp);
}

/* A crash left the refcounts behind (lazy refcounts): make them anew. */
static bool qcow2_repair_dirty(Qcow2 *q, GError **errp)
{
    BlockCheck check = { .fix_leaks = true, .fix_errors = true };

    if (!(q->incompatible & QCOW2_INCOMPAT_DIRTY)) {
        return true;
    }
    if (!qcow2_check(&q->node, &check, errp)) {
        g_prefix_error(errp, "could not repair dirty image: ");
        return false;
    }
    if (check.corruptions > check.corruptions_fixed || check.errors) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "'%s' was not closed in order and could not be "
                        "repaired; try emu-img check -r all",
                        q->node.filename);
    }
    return true;
}

static bool qcow2_prepare_writing(Qcow2 *q, const GArray *snapshot_l1s,
                                  GError **errp)
{
    uint8_t none[8] = {};

    if (q->incompatible & QCOW2_INCOMPAT_CORRUPT) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "'%s' is marked corrupt: it can be opened read-only, "
                        "or repaired with emu-img check -r all",
                        q->node.filename);
    }
    if (!qcow2_layout_check(q, snapshot_l1s, errp)) {
        g_prefix_error(errp,
                       "image is corrupt and is not opened for writing: ");
        return false;
    }
    if (!qcow2_repair_dirty(q, errp)) {
        return false;
    }
    int ret = q->h.autoclear
                  ? node_pwrite(q->node.file, QH_AUTOCLEAR, none, sizeof(none))
                  : 0;
    return !ret ||
           emu_fail_errno(errp, -ret, "could not write '%s'", q->node.filename);
}

static void qcow2_snapshot_clear(void *data)
{
    BlockSnapshot *s = data;

    g_free(s->id);
    g_free(s->name);
}

static bool qcow2_open(BlockNode *node, const BlockOpenOptions *o,
                       GError **errp)
{
    Qcow2 *q = (Qcow2 *)node;
    g_autoptr(GArray) snapshot_l1s =
        g_array_new(FALSE, FALSE, sizeof(Qcow2Extent));

    g_mutex_init(&q->lock);
    g_mutex_init(&q->flush_lock);
    g_mutex_init(&q->unpack_lock);
    q->opened = true;
    q->frees = g_array_new(FALSE, FALSE, sizeof(Qcow2Free));
    q->metadata = g_hash_table_new(NULL, NULL);
    q->snapshots = g_array_new(FALSE, TRUE, sizeof(BlockSnapshot));
    g_array_set_clear_func(q->snapshots, qcow2_snapshot_clear);
    if (!qcow2_header_read(node->file, &q->h, errp)) {
        return false;
    }
    qcow2_set_up(q);
    if (!qcow2_load_tables(q, snapshot_l1s, errp)) {
        return false;
    }
    if (node->read_only || o->check) {
        return true;
    }
    q->ready = qcow2_prepare_writing(q, snapshot_l1s, errp);
    return q->ready;
}

/* All tables and refcounts on disk, then the dirty bit may go. */
static void qcow2_close_writing(Qcow2 *q)
{
    uint64_t dirty = QCOW2_INCOMPAT_DIRTY;

    if (!qcow2_write_back(q, true) && !qcow2_write_back(q, true) &&
        q->incompatible & dirty) {
        qcow2_header_set_incompatible(q, q->incompatible & ~dirty);
    }
}

static void qcow2_close(BlockNode *node)
{
    Qcow2 *q = (Qcow2 *)node;

    if (!q->opened) {
        return;
    }
    if (!node->read_only && q->ready) {
        qcow2_close_writing(q);
    }
    qcow2_unpacked_forget(q);
    qcow2_cache_clear(&q->l2_cache);
    qcow2_cache_clear(&q->ref_cache);
    g_free(q->l1.entries);
    g_free(q->reftable.entries);
    g_array_unref(q->frees);
    g_hash_table_unref(q->metadata);
    g_array_unref(q->snapshots);
    qcow2_header_clear(&q->h);
    g_mutex_clear(&q->lock);
    g_mutex_clear(&q->flush_lock);
    g_mutex_clear(&q->unpack_lock);
}

/* ---- Info --------------------------------------------------------------- */

static const char *qcow2_bool(bool value)
{
    return value ? "true" : "false";
}

static void qcow2_info_details(const Qcow2 *q, BlockInfo *info)
{
    bool v3 = q->h.version >= 3;

    block_info_add(info, "compat", "compat", true, "%s", v3 ? "1.1" : "0.10");
    block_info_add(info, "compression-type", "compression type", true, "%s",
                   q->h.compression == QCOW2_ZSTD ? "zstd" : "zlib");
    if (v3) {
        block_info_add(info, "lazy-refcounts", "lazy refcounts", false, "%s",
                       qcow2_bool(q->lazy));
    }
    block_info_add(info, "refcount-bits", "refcount bits", false, "%u",
                   1u << q->h.refcount_order);
    if (v3) {
        block_info_add(info, "corrupt", "corrupt", false, "%s",
                       qcow2_bool(q->incompatible & QCOW2_INCOMPAT_CORRUPT));
        block_info_add(info, "extended-l2", "extended l2", false, "false");
    }
}

static void qcow2_info(BlockNode *node, BlockInfo *info)
{
    Qcow2 *q = (Qcow2 *)node;

    info->cluster_size = q->cluster_size;
    info->dirty = q->incompatible & QCOW2_INCOMPAT_DIRTY;
    qcow2_info_details(q, info);
    for (unsigned i = 0; i < q->snapshots->len; i++) {
        BlockSnapshot s = g_array_index(q->snapshots, BlockSnapshot, i);
        s.id = g_strdup(s.id);
        s.name = g_strdup(s.name);
        g_array_append_val(info->snapshots, s);
    }
}

const BlockDriver qcow2_driver = {
    .name = "qcow2",
    .size = sizeof(Qcow2),
    .has_backing = true,
    .probe = qcow2_probe,
    .open = qcow2_open,
    .close = qcow2_close,
    .map = qcow2_map,
    .map_now = qcow2_map_now,
    .allocate = qcow2_allocate,
    .commit = qcow2_commit,
    .abandon = qcow2_abandon,
    .read_compressed = qcow2_read_compressed,
    .write_compressed = qcow2_write_compressed,
    .write_zeroes = qcow2_write_zeroes,
    .discard = qcow2_discard,
    .flush = qcow2_flush,
    .truncate = qcow2_truncate,
    .info = qcow2_info,
    .check = qcow2_check,
};
