/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of regions: who covers what. Every change walks up to the spaces
 * that show the region, through parents and through aliases, and has them
 * render anew.
 *
 * The tree lock is one for all spaces, because a region may be shown in several
 * (system memory and its system-management twin) and devices move regions
 * without knowing where they hang.
 */
#include "memory/memory.h"

#include "memory/memory-internal.h"

static GMutex tree_mutex;

void tree_lock(void)
{
    g_mutex_lock(&tree_mutex);
}

void tree_unlock(void)
{
    spaces_publish_locked();
    g_mutex_unlock(&tree_mutex);
}

/* Deeper is a loop of our own making. */
#define REGION_MAX_DEPTH 64

/* Every space that shows r renders anew when the tree lock is dropped. */
static void region_changed_locked(MemoryRegion *r, unsigned depth)
{
    g_assert(depth < REGION_MAX_DEPTH);
    if (r->space) {
        space_changed_locked(r->space);
    }
    if (r->parent) {
        region_changed_locked(r->parent, depth + 1);
    }
    for (guint i = 0; r->aliases && i < r->aliases->len; i++) {
        region_changed_locked(r->aliases->pdata[i], depth + 1);
    }
}

/* ---- Making ------------------------------------------------------------ */

static void region_init(MemoryRegion *r, RegionKind kind, const char *name,
                        uint64_t size)
{
    g_assert(size > 0);
    *r = (MemoryRegion){
        .kind = kind, .name = name, .size = size, .enabled = true
    };
}

void region_init_container(MemoryRegion *r, const char *name, uint64_t size)
{
    region_init(r, REGION_CONTAINER, name, size);
    r->children = g_ptr_array_new();
}

void region_init_ram(MemoryRegion *r, const char *name, RamBlock *ram,
                     uint64_t off, uint64_t size)
{
    g_assert(off <= ram->size && size <= ram->size - off);
    region_init(r, REGION_RAM, name, size);
    r->ram = ram;
    r->ram_off = off;
}

void region_init_rom(MemoryRegion *r, const char *name, RamBlock *ram,
                     uint64_t off, uint64_t size, const MemoryOps *ops,
                     void *opaque, GMutex *lock)
{
    region_init_ram(r, name, ram, off, size);
    r->kind = REGION_ROM;
    r->ops = ops;
    r->opaque = opaque;
    r->lock = lock;
}

void region_init_io(MemoryRegion *r, const char *name, uint64_t size,
                    const MemoryOps *ops, void *opaque, GMutex *lock)
{
    region_init(r, REGION_IO, name, size);
    r->ops = ops;
    r->opaque = opaque;
    r->lock = lock;
}

void region_set_doorbells(MemoryRegion *r, const Doorbell *bells,
                          unsigned count)
{
    g_assert(r->kind == REGION_IO && !r->parent);
    r->doorbells = bells;
    r->doorbell_count = count;
}

static void region_point_alias_locked(MemoryRegion *r, MemoryRegion *of,
                                      uint64_t off)
{
    if (r->alias_of) {
        g_ptr_array_remove_fast(r->alias_of->aliases, r);
    }
    r->alias_of = of;
    r->alias_off = off;
    if (of) {
        if (!of->aliases) {
            of->aliases = g_ptr_array_new();
        }
        g_ptr_array_add(of->aliases, r);
    }
}

void region_init_alias(MemoryRegion *r, const char *name, MemoryRegion *of,
                       uint64_t off, uint64_t size)
{
    g_assert(of != r);
    region_init(r, REGION_ALIAS, name, size);
    tree_lock();
    region_point_alias_locked(r, of, off);
    tree_unlock();
}

static void region_remove_locked(MemoryRegion *child)
{
    MemoryRegion *parent = child->parent;

    if (parent) {
        g_ptr_array_remove(parent->children, child);
        child->parent = NULL;
        region_changed_locked(parent, 0);
    }
}

void region_set_late_writes(MemoryRegion *r)
{
    g_assert(r->kind == REGION_IO && !r->parent);
    r->late_writes = true;
}

void region_clear(MemoryRegion *r)
{
    if (!r->kind && !r->size) {
        return; /* zeroed: never initialized */
    }
    tree_lock();
    region_remove_locked(r);
    region_point_alias_locked(r, NULL, 0);
    g_assert(!r->space);
    /* Who still points here shows nothing from now on. */
    while (r->aliases && r->aliases->len) {
        MemoryRegion *alias = r->aliases->pdata[0];

        region_point_alias_locked(alias, NULL, 0);
        region_changed_locked(alias, 0);
    }
    for (guint i = 0; r->children && i < r->children->len; i++) {
        ((MemoryRegion *)r->children->pdata[i])->parent = NULL;
    }
    g_clear_pointer(&r->aliases, g_ptr_array_unref);
    g_clear_pointer(&r->children, g_ptr_array_unref);
    /* Readers of an older view may still look at kind, ops and lock. */
    tree_unlock();
}

/* ---- Changing ---------------------------------------------------------- */

/* Children stand by falling priority, the later first among equals: the order
 * in which they claim addresses. */
static void region_insert_locked(MemoryRegion *parent, MemoryRegion *child)
{
    guint i = 0;

    while (i < parent->children->len &&
           ((MemoryRegion *)parent->children->pdata[i])->priority >
               child->priority) {
        i++;
    }
    g_ptr_array_insert(parent->children, i, child);
}

static bool region_is_inside(const MemoryRegion *r, const MemoryRegion *outer)
{
    while (r && r != outer) {
        r = r->parent;
    }
    return r != NULL;
}

void region_add_priority(MemoryRegion *parent, hwaddr addr, MemoryRegion *child,
                         int priority)
{
    tree_lock();
    g_assert(parent->kind == REGION_CONTAINER);
    g_assert(!child->parent && !child->space);
    g_assert(!region_is_inside(parent, child));
    child->parent = parent;
    child->addr = addr;
    child->priority = priority;
    region_insert_locked(parent, child);
    if (child->enabled) {
        region_changed_locked(parent, 0);
    }
    tree_unlock();
}

void region_add(MemoryRegion *parent, hwaddr addr, MemoryRegion *child)
{
    region_add_priority(parent, addr, child, 0);
}

void region_remove(MemoryRegion *child)
{
    tree_lock();
    region_remove_locked(child);
    tree_unlock();
}

void region_set_enabled(MemoryRegion *r, bool enabled)
{
    tree_lock();
    if (r->enabled != enabled) {
        r->enabled = enabled;
        region_changed_locked(r, 0);
    }
    tree_unlock();
}

void region_set_addr(MemoryRegion *r, hwaddr addr)
{
    tree_lock();
    if (r->addr != addr) {
        r->addr = addr;
        if (r->enabled && r->parent) {
            region_changed_locked(r->parent, 0);
        }
    }
    tree_unlock();
}

void region_set_alias(MemoryRegion *r, MemoryRegion *of, uint64_t off)
{
    tree_lock();
    g_assert(r->kind == REGION_ALIAS && of != r);
    if (r->alias_of != of || r->alias_off != off) {
        region_point_alias_locked(r, of, off);
        region_changed_locked(r, 0);
    }
    tree_unlock();
}
