/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: a root region, its published view, and who wants to hear of
 * a new one.
 */
#include "memory/memory.h"

#include <urcu.h>

#include "memory/memory-internal.h"
#include "memory/space-internal.h"
#include "util/log.h"

/* Spaces whose tree changed since the tree lock was taken; guarded by it. */
static AddressSpace *space_pending;

AddressSpace *space_new(const char *name, MemoryRegion *root)
{
    AddressSpace *as = g_new0(AddressSpace, 1);

    as->name = g_strdup(name);
    as->root = root;
    as->listeners = g_array_new(FALSE, FALSE, sizeof(MemoryListener));
    tree_lock();
    g_assert(!root->space && !root->parent);
    root->space = as;
    as->view = flatview_render(root);
    tree_unlock();
    return as;
}

void space_free(AddressSpace *as)
{
    if (!as) {
        return;
    }
    tree_lock();
    as->root->space = NULL;
    tree_unlock();
    memory_wait_readers();
    flatview_free(as->view);
    g_array_free(as->listeners, TRUE);
    g_free(as->name);
    g_free(as);
}

void memory_wait_readers(void)
{
    synchronize_rcu();
}

const FlatView *space_view(AddressSpace *as)
{
    return rcu_dereference(as->view);
}

/* ---- Publishing -------------------------------------------------------- */

void space_changed_locked(AddressSpace *as)
{
    if (!as->pending) {
        as->pending = true;
        as->next_pending = space_pending;
        space_pending = as;
    }
}

static void space_publish_locked(AddressSpace *as)
{
    FlatView *old = as->view;
    FlatView *now = flatview_render(as->root);

    rcu_assign_pointer(as->view, now);
    for (guint i = 0; i < as->listeners->len; i++) {
        MemoryListener *l = &g_array_index(as->listeners, MemoryListener, i);

        l->changed(l->opaque, old, now);
    }
    flatview_retire(old);
}

void spaces_publish_locked(void)
{
    while (space_pending) {
        AddressSpace *as = space_pending;

        space_pending = as->next_pending;
        as->pending = false;
        if (as->batch) {
            as->changed_in_batch = true;
        } else {
            space_publish_locked(as);
        }
    }
}

void space_begin(AddressSpace *as)
{
    tree_lock();
    as->batch++;
    tree_unlock();
}

void space_commit(AddressSpace *as)
{
    tree_lock();
    g_assert(as->batch);
    if (!--as->batch && as->changed_in_batch) {
        as->changed_in_batch = false;
        space_changed_locked(as);
    }
    tree_unlock();
}

void space_add_listener(AddressSpace *as, const MemoryListener *listener)
{
    tree_lock();
    g_array_append_val(as->listeners, *listener);
    tree_unlock();
}

void space_settle(AddressSpace *as)
{
    for (guint i = 0; i < as->listeners->len; i++) {
        MemoryListener *l = &g_array_index(as->listeners, MemoryListener, i);

        if (l->settle) {
            l->settle(l->opaque);
        }
    }
}

void space_log_dirty(AddressSpace *as, RamBlock *ram, bool on)
{
    unsigned before =
        __atomic_fetch_add(&ram->loggers, on ? 1 : -1u, __ATOMIC_SEQ_CST);

    g_assert(on || before);
    if (before != (on ? 0 : 1)) {
        return;
    }
    for (guint i = 0; i < as->listeners->len; i++) {
        MemoryListener *l = &g_array_index(as->listeners, MemoryListener, i);

        if (l->log_dirty) {
            l->log_dirty(l->opaque, ram);
        }
    }
}

void space_sync_dirty(AddressSpace *as, RamBlock *ram)
{
    g_assert(ram->loggers);
    for (guint i = 0; i < as->listeners->len; i++) {
        MemoryListener *l = &g_array_index(as->listeners, MemoryListener, i);

        if (l->sync_dirty) {
            l->sync_dirty(l->opaque, ram);
        }
    }
}

void space_remove_listener(AddressSpace *as, void *opaque)
{
    tree_lock();
    for (guint i = as->listeners->len; i-- > 0;) {
        if (g_array_index(as->listeners, MemoryListener, i).opaque == opaque) {
            g_array_remove_index(as->listeners, i);
        }
    }
    tree_unlock();
}

/* ---- info mtree -------------------------------------------------------- */

static const char *const region_kind_names[] = {
    [REGION_CONTAINER] = "i/o", [REGION_RAM] = "ram",   [REGION_ROM] = "rom",
    [REGION_IO] = "i/o",        [REGION_ALIAS] = "i/o",
};

static const char *region_kind_name(const MemoryRegion *r)
{
    unsigned depth = 0;

    while (r->kind == REGION_ALIAS && r->alias_of && depth++ < 64) {
        r = r->alias_of;
    }
    return region_kind_names[r->kind];
}

static void region_print(const MemoryRegion *r, hwaddr base, unsigned indent,
                         GString *out)
{
    g_string_append_printf(
        out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): ", indent, "",
        base, base + r->size - 1, r->priority, region_kind_name(r));
    if (r->kind == REGION_ALIAS) {
        g_string_append_printf(out, "alias %s @%s %016" PRIx64 "-%016" PRIx64,
                               r->name,
                               r->alias_of ? r->alias_of->name : "(nothing)",
                               r->alias_off, r->alias_off + r->size - 1);
    } else {
        g_string_append(out, r->name);
    }
    g_string_append(out, r->enabled ? "\n" : " [disabled]\n");
    for (guint i = 0; r->children && i < r->children->len; i++) {
        const MemoryRegion *child = r->children->pdata[i];

        region_print(child, base + child->addr, indent + 2, out);
    }
}

static void space_print_tree(AddressSpace *as, GString *out)
{
    tree_lock();
    g_string_append_printf(out, "address-space: %s\n", as->name);
    region_print(as->root, 0, 2, out);
    tree_unlock();
}

static void space_print_flat(AddressSpace *as, GString *out)
{
    rcu_read_lock();
    const FlatView *view = space_view(as);

    g_string_append_printf(out,
                           "FlatView #0\n AS \"%s\", root: %s\n"
                           " Root memory region: %s\n",
                           as->name, as->root->name, as->root->name);
    for (unsigned i = 0; i < view->count; i++) {
        const FlatRange *r = &view->ranges[i];

        g_string_append_printf(
            out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s", r->start,
            r->start + r->size - 1, r->region->priority,
            region_kind_name(r->region), r->region->name);
        if (r->off) {
            g_string_append_printf(out, " @%016" PRIx64, r->off);
        }
        g_string_append_c(out, '\n');
    }
    if (!view->count) {
        g_string_append(out, "  No rendered FlatView\n");
    }
    rcu_read_unlock();
}

void space_print(AddressSpace *as, bool flat, GString *out)
{
    if (flat) {
        space_print_flat(as, out);
    } else {
        space_print_tree(as, out);
    }
}
