/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: the ordered write-back. What is to be written is copied under the
 * lock, all kinds of tables at one moment, and written without it, in the
 * order of invariants Q1 to Q4:
 *
 *   refcount blocks | refcount table | header, L2 slices | L1 | header
 *
 * with a host flush at each bar. Then the frees of before that moment are
 * applied (Q2).
 */
#include "block/qcow2-internal.h"

#include <errno.h>

#define FLUSH_MANY_BYTES (4u << 20) /* dirty slices that start a write-back */

typedef struct FlushSlice {
    Qcow2Slice *slice; /* pinned by slice->writing */
    uint64_t off;
    uint8_t *data;
} FlushSlice;

typedef struct FlushTable {
    uint64_t off; /* where data goes */
    uint8_t *data;
    size_t len;
    bool moved;
    uint64_t table_off;
    uint32_t count;
    uint32_t from, end; /* dirty entries, to be restored on failure */
} FlushTable;

typedef struct FlushJob {
    GArray *refs, *l2s; /* of FlushSlice */
    FlushTable reftable, l1;
    GArray *frees; /* of Qcow2Free */
} FlushJob;

static void flush_slice_clear(void *data)
{
    g_free(((FlushSlice *)data)->data);
}

/* ---- Collect ------------------------------------------------------------ */

static int flush_slice_compare(const void *a, const void *b)
{
    const FlushSlice *x = a, *y = b;

    return (x->off > y->off) - (x->off < y->off);
}

static GArray *flush_collect_slices(Qcow2Cache *c, bool wanted)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(FlushSlice));

    g_array_set_clear_func(list, flush_slice_clear);
    for (GList *l = c->lru.head; l && wanted && c->dirty; l = l->next) {
        Qcow2Slice *s = l->data;
        if (!s->dirty) {
            continue;
        }
        FlushSlice f = { s, s->off, g_memdup2(s->data, c->slice_bytes) };
        g_array_append_val(list, f);
        s->dirty = false;
        s->writing++;
        c->dirty--;
    }
    g_array_sort(list, flush_slice_compare);
    return list;
}

/* Whole sectors around the dirty entries, or all of a moved table. */
static void flush_collect_table(const Qcow2 *q, Qcow2Table *t, FlushTable *f)
{
    const uint32_t per_sector = BLOCK_SECTOR / 8;
    uint32_t from = t->moved ? 0 : t->dirty_from / per_sector * per_sector;
    uint32_t end = t->moved ? t->count : t->dirty_end;

    *f = (FlushTable){ .moved = t->moved,
                       .table_off = t->off,
                       .count = t->count,
                       .from = t->dirty_from,
                       .end = t->dirty_end };
    end = MIN((end + per_sector - 1) / per_sector * per_sector, t->count);
    if (from < end) {
        f->off = t->off + from * 8ull;
        f->len =
            t->moved ? qcow2_round_up(q, t->count * 8ull) : (end - from) * 8ull;
        f->data = g_malloc0(f->len);
        for (uint32_t i = from; i < end; i++) {
            qcow2_put_be64(f->data + (i - from) * 8ull, t->entries[i]);
        }
    }
    t->dirty_from = t->dirty_end = 0;
    t->moved = false;
}

static void flush_collect(Qcow2 *q, FlushJob *job, bool refcounts)
{
    *job = (FlushJob){ .frees = q->frees };
    q->frees = g_array_new(FALSE, FALSE, sizeof(Qcow2Free));
    job->refs = flush_collect_slices(&q->ref_cache, refcounts);
    job->l2s = flush_collect_slices(&q->l2_cache, true);
    if (refcounts) {
        flush_collect_table(q, &q->reftable, &job->reftable);
    }
    flush_collect_table(q, &q->l1, &job->l1);
}

/* ---- Write -------------------------------------------------------------- */

/* Neighbouring slices go out in one request. */
static int flush_write_slices(BlockNode *file, const GArray *list, size_t bytes)
{
    enum { BATCH = 64 };
    struct iovec iov[BATCH];
    unsigned i = 0;

    while (i < list->len) {
        const FlushSlice *f = &g_array_index(list, FlushSlice, i);
        unsigned n = 0;
        while (n < BATCH && i + n < list->len &&
               f[n].off == f[0].off + n * bytes) {
            iov[n] = (struct iovec){ f[n].data, bytes };
            n++;
        }
        int ret = node_pwritev(file, f->off, n * bytes, iov, n);
        if (ret) {
            return ret;
        }
        i += n;
    }
    return 0;
}

static int flush_step_slices(BlockNode *file, const GArray *list, size_t bytes)
{
    if (!list->len) {
        return 0;
    }
    int ret = flush_write_slices(file, list, bytes);
    return ret ? ret : node_flush(file);
}

/* Offset and size of a moved table change in one write, inside a sector. */
static int flush_header(BlockNode *file, const FlushTable *t, bool is_l1,
                        unsigned cluster_bits)
{
    uint8_t field[12];

    if (is_l1) {
        qcow2_put_be32(field, t->count);
        qcow2_put_be64(field + 4, t->table_off);
        return node_pwrite(file, QH_L1_SIZE, field, sizeof(field));
    }
    uint64_t clusters = (t->count * 8ull) >> cluster_bits;
    qcow2_put_be64(field, t->table_off);
    qcow2_put_be32(field + 8, clusters);
    return node_pwrite(file, QH_REFTABLE_OFFSET, field, sizeof(field));
}

static int flush_step_table(Qcow2 *q, const FlushTable *t, bool is_l1)
{
    BlockNode *file = q->node.file;

    if (!t->len) {
        return 0;
    }
    int ret = node_pwrite(file, t->off, t->data, t->len);
    if (!ret && t->moved) {
        ret = node_flush(file);
        ret = ret ? ret : flush_header(file, t, is_l1, q->h.cluster_bits);
    }
    return ret ? ret : node_flush(file);
}

/* With lazy refcounts, the dirty bit stands before the first L2 write. */
static int flush_mark_dirty(Qcow2 *q, const FlushJob *job)
{
    if (!q->lazy || q->incompatible & QCOW2_INCOMPAT_DIRTY ||
        (!job->l2s->len && !job->l1.len)) {
        return 0;
    }
    return qcow2_header_set_incompatible(q, q->incompatible |
                                                QCOW2_INCOMPAT_DIRTY);
}

static int flush_write(Qcow2 *q, const FlushJob *job)
{
    BlockNode *file = q->node.file;
    int ret = flush_mark_dirty(q, job);

    if (!ret) {
        ret = flush_step_slices(file, job->refs, q->ref_cache.slice_bytes);
    }
    if (!ret) {
        ret = flush_step_table(q, &job->reftable, false);
    }
    if (!ret && !job->refs->len && !job->reftable.len) {
        ret = node_flush(file); /* the data, Q3; often the only step */
    }
    if (!ret) {
        ret = flush_step_slices(file, job->l2s, q->l2_cache.slice_bytes);
    }
    return ret ? ret : flush_step_table(q, &job->l1, true);
}

/* ---- Finish ------------------------------------------------------------- */

static void flush_finish_slices(Qcow2Cache *c, GArray *list, bool ok)
{
    for (unsigned i = 0; i < list->len; i++) {
        qcow2_cache_written(c, g_array_index(list, FlushSlice, i).slice, ok);
    }
    g_array_unref(list);
}

static void flush_finish_table(Qcow2Table *t, FlushTable *f, bool ok)
{
    if (!ok) {
        t->moved |= f->moved;
        for (uint32_t i = f->from; i < f->end; i++) {
            qcow2_table_dirty(t, i);
        }
    }
    g_free(f->data);
}

static void flush_finish(Qcow2 *q, FlushJob *job, bool ok)
{
    flush_finish_slices(&q->ref_cache, job->refs, ok);
    flush_finish_slices(&q->l2_cache, job->l2s, ok);
    flush_finish_table(&q->reftable, &job->reftable, ok);
    flush_finish_table(&q->l1, &job->l1, ok);
    if (ok) {
        qcow2_frees_apply_locked(q, job->frees);
    } else {
        g_array_append_vals(q->frees, job->frees->data, job->frees->len);
    }
    g_array_unref(job->frees);
}

int qcow2_write_back(Qcow2 *q, bool refcounts)
{
    FlushJob job;

    g_mutex_lock(&q->flush_lock);
    g_mutex_lock(&q->lock);
    if (q->corrupt) {
        g_mutex_unlock(&q->lock);
        g_mutex_unlock(&q->flush_lock);
        return -EIO;
    }
    flush_collect(q, &job, refcounts);
    g_mutex_unlock(&q->lock);
    int ret = flush_write(q, &job);
    g_mutex_lock(&q->lock);
    flush_finish(q, &job, !ret);
    g_mutex_unlock(&q->lock);
    g_mutex_unlock(&q->flush_lock);
    return ret;
}

int qcow2_write_back_if_full(Qcow2 *q)
{
    g_mutex_lock(&q->lock);
    uint64_t refs = q->ref_cache.dirty * (uint64_t)q->ref_cache.slice_bytes;
    uint64_t l2s = q->l2_cache.dirty * (uint64_t)q->l2_cache.slice_bytes;
    g_mutex_unlock(&q->lock);
    if (refs + l2s < FLUSH_MANY_BYTES) {
        return 0;
    }
    return qcow2_write_back(q, refs >= FLUSH_MANY_BYTES / 2 || !q->lazy);
}
