/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rendering the tree of regions to a sorted array of disjoint ranges. Regions
 * claim addresses in order of priority; a later one gets the gaps that are
 * left. Positions are 128 bits wide inside: a guest may move a window so that
 * it hangs over either end of the address space; what hangs over is not seen.
 */
#include "memory/memory.h"

#include <urcu.h>

#include "memory/memory-internal.h"

typedef __int128 Position;

typedef struct Render {
    GArray *ranges; /* of FlatRange, sorted, disjoint */
} Render;

/* A view with what RCU needs to free it later. */
typedef struct FlatViewHolder {
    struct rcu_head rcu;
    FlatView view;
} FlatViewHolder;

static FlatRange *render_at(Render *r, guint i)
{
    return &g_array_index(r->ranges, FlatRange, i);
}

/* Index of the first range that ends behind `start`. */
static guint render_find(Render *r, Position start)
{
    guint lo = 0, hi = r->ranges->len;

    while (lo < hi) {
        guint mid = (lo + hi) / 2;
        FlatRange *range = render_at(r, mid);

        if ((Position)range->start + range->size > start) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return lo;
}

static FlatRange render_range(const MemoryRegion *leaf, Position base,
                              Position start, Position end)
{
    FlatRange range = {
        .start = start,
        .size = end - start,
        .region = (MemoryRegion *)leaf,
        .off = start - base,
    };

    if (leaf->kind != REGION_IO) {
        range.ram = leaf->ram;
        range.ram_off = leaf->ram_off + range.off;
        range.host = leaf->ram->host + range.ram_off;
        range.writable = leaf->kind == REGION_RAM && !leaf->ram->read_only;
    }
    return range;
}

/* Fill the gaps of [start, end) with the leaf that stands at base. */
static void render_leaf(Render *r, const MemoryRegion *leaf, Position base,
                        Position start, Position end)
{
    for (guint i = render_find(r, start); start < end; i++) {
        Position gap_end = end;
        Position next = end;

        if (i < r->ranges->len) {
            FlatRange *taken = render_at(r, i);

            gap_end = MIN(end, (Position)taken->start);
            next = (Position)taken->start + taken->size;
        }
        if (start < gap_end) {
            FlatRange range = render_range(leaf, base, start, gap_end);

            g_array_insert_val(r->ranges, i, range);
            i++;
        }
        start = next;
    }
}

/* Show what of region r, standing at base, falls into [start, end). */
static void render_region(Render *r, const MemoryRegion *region, Position base,
                          Position start, Position end, unsigned depth)
{
    start = MAX(start, base);
    end = MIN(end, base + region->size);
    g_assert(depth < 64); /* deeper is a loop of our own making */
    if (!region->enabled || start >= end) {
        return;
    }
    switch (region->kind) {
    case REGION_ALIAS:
        if (region->alias_of) {
            render_region(r, region->alias_of,
                          base - (Position)region->alias_off, start, end,
                          depth + 1);
        }
        break;
    case REGION_CONTAINER:
        for (guint i = 0; region->children && i < region->children->len; i++) {
            const MemoryRegion *child = region->children->pdata[i];

            render_region(r, child, base + child->addr, start, end, depth + 1);
        }
        break;
    case REGION_RAM:
    case REGION_ROM:
    case REGION_IO:
        render_leaf(r, region, base, start, end);
        break;
    }
}

static bool range_continues(const FlatRange *a, const FlatRange *b)
{
    return a->region == b->region && a->start + a->size == b->start &&
           a->off + a->size == b->off;
}

/* Neighbouring pieces of one region (seen through several aliases) join. */
static void render_merge(Render *r)
{
    guint to = 0;

    for (guint i = 1; i < r->ranges->len; i++) {
        if (range_continues(render_at(r, to), render_at(r, i))) {
            render_at(r, to)->size += render_at(r, i)->size;
        } else {
            *render_at(r, ++to) = *render_at(r, i);
        }
    }
    if (r->ranges->len) {
        g_array_set_size(r->ranges, to + 1);
    }
}

FlatView *flatview_render(const MemoryRegion *root)
{
    Render r = { g_array_new(FALSE, FALSE, sizeof(FlatRange)) };

    render_region(&r, root, 0, 0, (Position)1 << 64, 0);
    render_merge(&r);
    gsize bytes = r.ranges->len * sizeof(FlatRange);
    FlatViewHolder *holder = g_malloc0(sizeof(*holder) + bytes);
    holder->view.count = r.ranges->len;
    if (bytes) {
        memcpy(holder->view.ranges, r.ranges->data, bytes);
    }
    g_array_free(r.ranges, TRUE);
    return &holder->view;
}

static FlatViewHolder *flatview_holder(FlatView *view)
{
    return (FlatViewHolder *)((char *)view - offsetof(FlatViewHolder, view));
}

void flatview_free(FlatView *view)
{
    g_free(flatview_holder(view));
}

static void flatview_reclaim(struct rcu_head *rcu)
{
    g_free((char *)rcu - offsetof(FlatViewHolder, rcu));
}

void flatview_retire(FlatView *view)
{
    call_rcu(&flatview_holder(view)->rcu, flatview_reclaim);
}

/* The thread's last hits, by view: only a hint, checked against the view. */
#define VIEW_HINTS 8
static _Thread_local unsigned view_hints[VIEW_HINTS];

static unsigned *view_hint(const FlatView *view)
{
    return &view_hints[(uintptr_t)view / 64 % VIEW_HINTS];
}

const FlatRange *view_find(const FlatView *view, hwaddr addr)
{
    unsigned *hint = view_hint(view);
    unsigned lo = 0, hi = view->count;

    if (*hint < view->count &&
        addr - view->ranges[*hint].start < view->ranges[*hint].size) {
        return &view->ranges[*hint];
    }
    /* Invariant: ranges below lo start at or before addr, from hi on behind. */
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;

        if (view->ranges[mid].start <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (!lo || addr - view->ranges[lo - 1].start >= view->ranges[lo - 1].size) {
        return NULL;
    }
    *hint = lo - 1;
    return &view->ranges[lo - 1];
}
