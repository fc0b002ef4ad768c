/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: where the tables lie. A sane image keeps every table inside the file
 * and on clusters of its own; before writing we make sure of it, and while
 * writing no cluster that holds a table is ever given out or overwritten as
 * data.
 */
#include "block/qcow2-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "util/log.h"
#include "util/span.h"

static int extent_compare(const void *a, const void *b)
{
    const Qcow2Extent *x = a, *y = b;

    return (x->off > y->off) - (x->off < y->off);
}

static void layout_add(GArray *extents, uint64_t off, uint64_t len,
                       const char *what)
{
    Qcow2Extent e = { off, len, what };

    if (len) {
        g_array_append_val(extents, e);
    }
}

static GArray *layout_collect(const Qcow2 *q, const GArray *more)
{
    GArray *extents = g_array_new(FALSE, FALSE, sizeof(Qcow2Extent));

    layout_add(extents, 0, q->cluster_size, "header");
    layout_add(extents, q->l1.off, q->l1.count * 8ull, "L1 table");
    layout_add(extents, q->reftable.off, q->reftable.count * 8ull,
               "refcount table");
    for (uint32_t i = 0; i < q->reftable.count; i++) {
        layout_add(extents, q->reftable.entries[i],
                   q->reftable.entries[i] ? q->cluster_size : 0,
                   "refcount block");
    }
    for (uint32_t i = 0; i < q->l1.count; i++) {
        uint64_t off = q->l1.entries[i] & QCOW2_OFFSET_MASK;
        layout_add(extents, off, off ? q->cluster_size : 0, "L2 table");
    }
    g_array_append_vals(extents, more->data, more->len);
    return extents;
}

static bool layout_check_one(const Qcow2 *q, const Qcow2Extent *e,
                             uint64_t file_end, GError **errp)
{
    if (!qcow2_aligned(q, e->off)) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "'%s': %s at 0x%" PRIx64 " is not on a cluster",
                        q->node.filename, e->what, e->off);
    }
    if (!span_fits(e->off, e->len, file_end)) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "'%s': %s at 0x%" PRIx64 " lies outside the file",
                        q->node.filename, e->what, e->off);
    }
    return true;
}

static bool layout_check_sorted(const Qcow2 *q, const GArray *extents,
                                GError **errp)
{
    uint64_t file_end = qcow2_round_up(q, node_size(q->node.file));

    for (unsigned i = 0; i < extents->len; i++) {
        const Qcow2Extent *e = &g_array_index(extents, Qcow2Extent, i);
        if (!layout_check_one(q, e, file_end, errp)) {
            return false;
        }
        if (i && e[-1].off + qcow2_round_up(q, e[-1].len) > e->off) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "'%s': %s at 0x%" PRIx64 " overlaps %s at "
                            "0x%" PRIx64,
                            q->node.filename, e->what, e->off, e[-1].what,
                            e[-1].off);
        }
    }
    return true;
}

bool qcow2_layout_check(Qcow2 *q, const GArray *more, GError **errp)
{
    g_autoptr(GArray) extents = layout_collect(q, more);

    g_array_sort(extents, extent_compare);
    if (!layout_check_sorted(q, extents, errp)) {
        return false;
    }
    for (unsigned i = 0; i < extents->len; i++) {
        const Qcow2Extent *e = &g_array_index(extents, Qcow2Extent, i);
        qcow2_metadata_add(q, e->off, e->len);
    }
    return true;
}

void qcow2_metadata_add(Qcow2 *q, uint64_t off, uint64_t len)
{
    for (uint64_t o = 0; o < len; o += q->cluster_size) {
        g_hash_table_add(q->metadata,
                         (void *)(uintptr_t)((off + o) >> q->h.cluster_bits));
    }
}

bool qcow2_metadata_avoids(const Qcow2 *q, uint64_t off, uint64_t len)
{
    uint64_t end = (off + len + q->cluster_size - 1) >> q->h.cluster_bits;

    for (uint64_t i = off >> q->h.cluster_bits; i < end; i++) {
        if (g_hash_table_contains(q->metadata, (void *)(uintptr_t)i)) {
            return false;
        }
    }
    return true;
}

int qcow2_corrupt_locked(Qcow2 *q, const char *fmt, ...)
{
    va_list ap;

    if (q->corrupt) {
        return -EIO;
    }
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    log_printf("'%s': corrupt qcow2 image: %s%s\n", q->node.filename, text,
               q->node.read_only ? "" : "; it takes no more writes");
    q->corrupt = true; /* said once */
    if (!q->node.read_only) {
        qcow2_header_set_incompatible(q,
                                      q->incompatible | QCOW2_INCOMPAT_CORRUPT);
    }
    return -EIO;
}
