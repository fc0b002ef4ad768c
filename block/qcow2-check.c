/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: does the image agree with itself? All references are counted from the
 * tables and compared with the refcounts; COPIED flags must say "exactly one".
 * Repair writes a whole new refcount structure (qcow2-rebuild.c), which is one
 * method for leaks, wrong counts and lost refcount blocks alike.
 */
#include "block/qcow2-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "util/span.h"

typedef struct Check {
    Qcow2 *q;
    BlockCheck *result;
    Qcow2Refs refs; /* references found, without the refcount structure's */
    Qcow2Refs structure; /* references of the refcount structure to itself */
    Qcow2Refs disk;      /* what the refcounts say */
    bool structure_bad;
    uint64_t counts_wrong; /* corruptions that new refcounts mend */
} Check;

static void check_log(Check *c, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void check_log(Check *c, const char *fmt, ...)
{
    va_list ap;

    if (c->result->log) {
        va_start(ap, fmt);
        g_string_append_vprintf(c->result->log, fmt, ap);
        va_end(ap);
    }
}

/* ---- Counting ----------------------------------------------------------- */

/* A reference to host bytes; false (and a corruption) outside the file. */
static bool check_count(Check *c, Qcow2Refs *refs, uint64_t off, uint64_t len,
                        const char *what)
{
    unsigned bits = c->q->h.cluster_bits;

    if (!len) {
        return true;
    }
    if (!span_fits(off, len, refs->clusters << bits)) {
        check_log(c, "ERROR: %s at 0x%" PRIx64 " is outside the file\n", what,
                  off);
        c->result->corruptions++;
        return false;
    }
    for (uint64_t i = off >> bits; i <= (off + len - 1) >> bits; i++) {
        refs->count[i] += refs->count[i] < UINT32_MAX;
    }
    return true;
}

static bool check_table_place(Check *c, Qcow2Refs *refs, uint64_t off,
                              const char *what)
{
    if (!qcow2_aligned(c->q, off)) {
        check_log(c, "ERROR: %s at 0x%" PRIx64 " is not cluster aligned\n",
                  what, off);
        c->result->corruptions++;
        return false;
    }
    return check_count(c, refs, off, c->q->cluster_size, what);
}

static bool check_read(Check *c, uint64_t off, void *buf, size_t len)
{
    if (!node_pread(c->q->node.file, off, buf, len)) {
        return true;
    }
    check_log(c, "ERROR: could not read 0x%" PRIx64 "\n", off);
    c->result->errors++;
    return false;
}

static void check_packed(Check *c, uint64_t entry, bool active)
{
    uint64_t off, len;

    qcow2_packed_range(c->q, entry, &off, &len);
    if (entry & QCOW2_COPIED) {
        check_log(c,
                  "ERROR: compressed cluster 0x%" PRIx64
                  ": COPIED flag must never be set\n",
                  off);
        c->result->corruptions++;
    }
    check_count(c, &c->refs, off, len, "compressed cluster");
    if (active) {
        c->result->allocated++;
        c->result->compressed++;
        c->result->fragmented++;
    }
}

/* *next: where the following cluster would be, were the file contiguous. */
static void check_plain(Check *c, uint64_t off, bool active, uint64_t *next)
{
    if (!qcow2_aligned(c->q, off)) {
        check_log(
            c, "ERROR: data cluster at 0x%" PRIx64 " is not cluster aligned\n",
            off);
        c->result->corruptions++;
        return;
    }
    check_count(c, &c->refs, off, c->q->cluster_size, "data cluster");
    if (active) {
        c->result->allocated++;
        c->result->fragmented += *next && off != *next;
        *next = off + c->q->cluster_size;
    }
}

static void check_l2(Check *c, const uint8_t *table, bool active)
{
    uint64_t next = 0;

    for (uint32_t i = 0; i < 1u << c->q->l2_bits; i++) {
        uint64_t entry = qcow2_be64(table + i * 8ull);
        if (entry & QCOW2_COMPRESSED) {
            check_packed(c, entry, active);
        } else if (entry & QCOW2_OFFSET_MASK) {
            check_plain(c, entry & QCOW2_OFFSET_MASK, active, &next);
        }
    }
}

static void check_l1(Check *c, const uint64_t *l1, uint32_t count, bool active)
{
    g_autofree uint8_t *table = g_malloc(c->q->cluster_size);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t off = l1[i] & QCOW2_OFFSET_MASK;
        if (off && check_table_place(c, &c->refs, off, "L2 table") &&
            check_read(c, off, table, c->q->cluster_size)) {
            check_l2(c, table, active);
        }
    }
}

static void check_snapshot_l1(Check *c, const Qcow2Extent *e)
{
    g_autofree uint64_t *l1 = g_malloc0(e->len);

    if (!check_count(c, &c->refs, e->off, e->len, e->what) ||
        !check_read(c, e->off, l1, e->len)) {
        return;
    }
    for (uint32_t i = 0; i < e->len / 8; i++) {
        l1[i] = GUINT64_FROM_BE(l1[i]);
    }
    check_l1(c, l1, e->len / 8, false);
}

static void check_snapshots(Check *c, const GArray *extents)
{
    for (unsigned i = 0; i < extents->len; i++) {
        const Qcow2Extent *e = &g_array_index(extents, Qcow2Extent, i);
        if (i < c->q->snapshots->len) {
            check_snapshot_l1(c, e);
        } else {
            check_count(c, &c->refs, e->off, e->len, e->what);
        }
    }
}

/* One persistent bitmap: its table and the clusters that the table names. */
static void check_bitmap(Check *c, uint64_t table_off, uint32_t count)
{
    g_autofree uint8_t *table = g_try_malloc(count * 8ull);

    if (!table ||
        !check_count(c, &c->refs, table_off, count * 8ull, "bitmap table") ||
        !check_read(c, table_off, table, count * 8ull)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t off = qcow2_be64(table + i * 8ull) & QCOW2_OFFSET_MASK;
        if (off) {
            check_table_place(c, &c->refs, off, "bitmap data");
        }
    }
}

static void check_bitmaps(Check *c)
{
    const Qcow2Header *h = &c->q->h;
    uint64_t size = h->bitmap_directory_size;
    uint64_t pos = 0;

    if (!(h->autoclear & QCOW2_AUTOCLEAR_BITMAPS) || !h->bitmaps ||
        size > QCOW2_MAX_SNAPSHOT_TABLE) {
        return;
    }
    g_autofree uint8_t *dir = g_malloc(size);
    if (!check_count(c, &c->refs, h->bitmap_directory_offset, size,
                     "bitmap directory") ||
        !check_read(c, h->bitmap_directory_offset, dir, size)) {
        return;
    }
    for (uint32_t i = 0; i < h->bitmaps && pos + 24 <= size; i++) {
        const uint8_t *e = dir + pos;
        check_bitmap(c, qcow2_be64(e),
                     MIN(qcow2_be32(e + 8), QCOW2_MAX_SNAPSHOT_TABLE / 8));
        pos += (24 + (uint64_t)qcow2_be16(e + 18) + qcow2_be32(e + 20) + 7) &
               ~7ull;
    }
}

/* ---- The refcounts on disk ---------------------------------------------- */

static void check_refblock(Check *c, uint64_t i, uint64_t off)
{
    Qcow2 *q = c->q;
    uint64_t first = i << q->refblock_bits;
    g_autofree uint8_t *block = g_malloc(q->cluster_size);

    if (!check_table_place(c, &c->structure, off, "refcount block") ||
        !check_read(c, off, block, q->cluster_size)) {
        c->structure_bad = true;
        c->counts_wrong++;
        return;
    }
    for (uint64_t k = 0; k < 1ull << q->refblock_bits; k++) {
        uint64_t value = qcow2_refcount_decode(q->h.refcount_order, block, k);
        if (first + k < c->disk.clusters) {
            c->disk.count[first + k] = MIN(value, UINT32_MAX);
        } else if (value) {
            check_log(c,
                      "Leaked cluster %" PRIu64 " refcount=%" PRIu64
                      " reference=0\n",
                      first + k, value);
            c->result->leaks++;
        }
    }
}

static void check_structure(Check *c)
{
    Qcow2 *q = c->q;

    if (!check_count(c, &c->structure, q->reftable.off,
                     q->reftable.count * 8ull, "refcount table")) {
        c->structure_bad = true;
        c->counts_wrong++;
    }
    for (uint32_t i = 0; i < q->reftable.count; i++) {
        if (q->reftable.entries[i]) {
            check_refblock(c, i, q->reftable.entries[i]);
        }
    }
}

/* A cluster of the refcount structure serves nothing else. */
static void check_structure_alone(Check *c)
{
    for (uint64_t i = 0; i < c->refs.clusters; i++) {
        if (c->structure.count[i] &&
            c->structure.count[i] + (uint64_t)c->refs.count[i] > 1) {
            check_log(c,
                      "ERROR: refcount structure at cluster %" PRIu64
                      " is in use for something else\n",
                      i);
            c->result->corruptions++;
            c->counts_wrong++;
            c->structure_bad = true;
        }
    }
}

static void check_compare(Check *c)
{
    BlockCheck *r = c->result;

    for (uint64_t i = 0; i < c->refs.clusters; i++) {
        uint64_t found = c->refs.count[i] + (uint64_t)c->structure.count[i];
        uint64_t disk = c->disk.count[i];
        if (found) {
            r->image_end = (i + 1) << c->q->h.cluster_bits;
        }
        if (found == disk) {
            continue;
        }
        bool leak = disk > found;
        bool fix = leak ? r->fix_leaks : r->fix_errors;
        check_log(c,
                  "%s cluster %" PRIu64 " refcount=%" PRIu64
                  " reference=%" PRIu64 "\n",
                  fix    ? "Repairing"
                  : leak ? "Leaked"
                         : "ERROR",
                  i, disk, found);
        r->leaks += leak;
        r->corruptions += !leak;
        c->counts_wrong += !leak;
    }
}

/* ---- COPIED flags ------------------------------------------------------- */

static bool check_copied(Check *c, uint64_t entry)
{
    uint64_t i = (entry & QCOW2_OFFSET_MASK) >> c->q->h.cluster_bits;
    bool alone = i < c->refs.clusters && c->refs.count[i] == 1;

    return !(entry & QCOW2_OFFSET_MASK) || alone == !!(entry & QCOW2_COPIED);
}

/* Corrects one big-endian entry; true if it was wrong. */
static bool check_copied_fix(Check *c, uint8_t *p, const char *what)
{
    uint64_t entry = qcow2_be64(p);

    if (check_copied(c, entry)) {
        return false;
    }
    check_log(c, "%s OFLAG_COPIED %s: entry=%" PRIx64 "\n",
              c->result->fix_errors ? "Repairing" : "ERROR", what, entry);
    c->result->corruptions++;
    qcow2_put_be64(p, entry ^ QCOW2_COPIED);
    return true;
}

static void check_write_fix(Check *c, uint64_t off, const void *buf, size_t len,
                            uint64_t wrong)
{
    if (!wrong || !c->result->fix_errors) {
        return;
    }
    if (node_pwrite(c->q->node.file, off, buf, len)) {
        c->result->errors++;
    } else {
        c->result->corruptions_fixed += wrong;
    }
}

static void check_l2_flags(Check *c, uint64_t off)
{
    size_t len = c->q->cluster_size;
    g_autofree uint8_t *table = g_malloc(len);
    uint64_t wrong = 0;

    if (!qcow2_aligned(c->q, off) ||
        !span_fits(off, len, c->refs.clusters << c->q->h.cluster_bits) ||
        !check_read(c, off, table, len)) {
        return;
    }
    for (uint32_t i = 0; i < len / 8; i++) {
        if (!(qcow2_be64(table + i * 8ull) & QCOW2_COMPRESSED)) {
            wrong += check_copied_fix(c, table + i * 8ull, "data cluster");
        }
    }
    check_write_fix(c, off, table, len, wrong);
}

static void check_flags(Check *c)
{
    Qcow2 *q = c->q;

    for (uint32_t i = 0; i < q->l1.count; i++) {
        uint8_t field[8];
        qcow2_put_be64(field, q->l1.entries[i]);
        bool wrong = check_copied_fix(c, field, "L2 cluster");
        if (wrong && c->result->fix_errors) {
            q->l1.entries[i] ^= QCOW2_COPIED;
        }
        check_write_fix(c, q->l1.off + i * 8ull, field, sizeof(field), wrong);
        if (q->l1.entries[i] & QCOW2_OFFSET_MASK) {
            check_l2_flags(c, q->l1.entries[i] & QCOW2_OFFSET_MASK);
        }
    }
}

/* ---- Repair ------------------------------------------------------------- */

/* What the new counts are to be: of the two kinds of difference perhaps only
 * one is asked to be mended. */
static void check_desired(Check *c)
{
    for (uint64_t i = 0; i < c->refs.clusters; i++) {
        uint64_t found = c->refs.count[i];
        uint64_t disk = c->disk.count[i];
        uint64_t own = c->structure.count[i];
        bool leak = disk > found + own;
        if (leak ? !c->result->fix_leaks
                 : disk < found + own && !c->result->fix_errors) {
            c->refs.count[i] = disk > own ? disk - own : 0;
            c->structure.count[i] += found > 0; /* in use all the same */
        }
    }
}

static bool check_repair(Check *c, GError **errp)
{
    BlockCheck *r = c->result;

    if (!(r->leaks && r->fix_leaks) &&
        !((c->counts_wrong || c->structure_bad) && r->fix_errors)) {
        return true;
    }
    check_desired(c);
    if (!qcow2_rebuild_refcounts(c->q, &c->refs, &c->structure, errp)) {
        return false;
    }
    if (r->fix_leaks) {
        r->leaks_fixed = r->leaks;
    }
    if (r->fix_errors) {
        r->corruptions_fixed += c->counts_wrong;
    }
    return true;
}

static bool check_finish_bits(Check *c, GError **errp)
{
    Qcow2 *q = c->q;
    BlockCheck *r = c->result;
    uint64_t bits = q->incompatible;
    uint64_t clear = QCOW2_INCOMPAT_DIRTY | QCOW2_INCOMPAT_CORRUPT;

    if (!r->fix_errors || !(bits & clear) ||
        r->corruptions > r->corruptions_fixed || r->errors) {
        return true;
    }
    int ret = node_flush(q->node.file);
    if (!ret) {
        ret = qcow2_header_set_incompatible(q, bits & ~clear);
    }
    return !ret ||
           emu_fail_errno(errp, -ret, "could not write '%s'", q->node.filename);
}

/* ---- The check ---------------------------------------------------------- */

static bool check_refs_new(Qcow2Refs *refs, uint64_t clusters)
{
    refs->clusters = clusters;
    refs->count = g_try_new0(uint32_t, clusters);
    return refs->count;
}

static bool check_run(Check *c, GError **errp)
{
    g_autoptr(GArray) extents = g_array_new(FALSE, FALSE, sizeof(Qcow2Extent));
    Qcow2 *q = c->q;

    g_array_set_size(q->snapshots, 0); /* read again, with their tables */
    if (!qcow2_snapshots_read(q, extents, errp)) {
        return false;
    }
    check_count(c, &c->refs, 0, q->cluster_size, "header");
    check_count(c, &c->refs, q->l1.off, q->l1.count * 8ull, "L1 table");
    check_l1(c, q->l1.entries, q->l1.count, true);
    check_snapshots(c, extents);
    check_bitmaps(c);
    check_structure(c);
    check_structure_alone(c);
    check_compare(c);
    check_flags(c);
    return check_repair(c, errp) && check_finish_bits(c, errp);
}

bool qcow2_check(BlockNode *node, BlockCheck *result, GError **errp)
{
    Qcow2 *q = (Qcow2 *)node;
    Check c = { .q = q, .result = result };
    uint64_t clusters =
        qcow2_round_up(q, node_size(node->file)) >> q->h.cluster_bits;

    result->clusters = qcow2_round_up(q, node->size) >> q->h.cluster_bits;
    bool ok = check_refs_new(&c.refs, clusters) &&
              check_refs_new(&c.structure, clusters) &&
              check_refs_new(&c.disk, clusters);
    if (ok) {
        ok = check_run(&c, errp);
    } else {
        emu_fail(errp, EMU_ERROR_NO_SPACE, "'%s': no memory for the check",
                 node->filename);
    }
    g_free(c.refs.count);
    g_free(c.structure.count);
    g_free(c.disk.count);
    return ok;
}
