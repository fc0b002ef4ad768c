/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory: RAM blocks, a tree of regions, and the flat view that the tree
 * renders to.
 *
 * The tree (containers, RAM, ROM, I/O, aliases; higher priority wins where
 * siblings overlap, the later one where priorities are equal) is changed under
 * the tree lock; each change renders an immutable sorted FlatView for every
 * space that shows the region and publishes it by RCU. Readers hold
 * rcu_read_lock() (liburcu, "memb" flavour; threads that read must be
 * registered with rcu_register_thread()) while they use a view or a FlatRange.
 * RAM itself stays mapped until the block's last reference is dropped, so a
 * host pointer into RAM is good for as long as the machine has the block.
 *
 * Ports and memory are two AddressSpaces of the same code. Everything is
 * little-endian.
 */
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

typedef uint64_t hwaddr; /* guest physical address, or a port number */

#define PAGE_BITS 12
#define PAGE_SIZE (UINT64_C(1) << PAGE_BITS)

typedef struct RamBlock RamBlock;
typedef struct MemoryRegion MemoryRegion;
typedef struct FlatRange FlatRange;
typedef struct FlatView FlatView;
typedef struct AddressSpace AddressSpace;

/* ---- RAM ------------------------------------------------------------- */

/* Who watches writes; each has a bitmap of pages per block. */
typedef enum DirtyClient {
    DIRTY_DISPLAY,
    DIRTY_MIGRATION,
    DIRTY_CODE, /* set bit: the page holds translated code */
    DIRTY_CLIENTS,
} DirtyClient;

struct RamBlock {
    char *name;
    uint8_t *host;  /* page-aligned mapping of the whole block */
    uint64_t size;  /* multiple of PAGE_SIZE */
    int fd;         /* the memfd */
    bool read_only; /* guest stores are ignored (ROM) */
    uint64_t *dirty[DIRTY_CLIENTS]; /* one bit a page; atomic access */
    unsigned loggers;               /* see space_log_dirty(); atomic access */
    /* The translator's hook: bytes [off, off+len) of a page whose DIRTY_CODE
     * bit is set were written by somebody other than translated code. */
    void (*code_written)(void *opaque, RamBlock *block, uint64_t off,
                         uint64_t len);
    void *code_opaque;
};

RamBlock *ram_new(const char *name, uint64_t size, GError **errp);
void ram_free(RamBlock *block);
/* Tell every client that [off, off+len) was written (after the write). */
void ram_written(RamBlock *block, uint64_t off, uint64_t len);
bool ram_dirty_test(const RamBlock *block, DirtyClient c, uint64_t off);
void ram_dirty_set(RamBlock *block, DirtyClient c, uint64_t off, uint64_t len);
/* Clear and say whether any bit was set. */
bool ram_dirty_test_and_clear(RamBlock *block, DirtyClient c, uint64_t off,
                              uint64_t len);
/* Give the pages wholly inside the range back to the host; they read as zero
 * from then on (balloon, free page reporting). */
bool ram_discard(RamBlock *block, uint64_t off, uint64_t len, GError **errp);
/* Bytes of the block that the host holds in memory now. */
uint64_t ram_resident(const RamBlock *block);

/* ---- Regions --------------------------------------------------------- */

/* Size limits in bytes (1, 2, 4, 8); 0 means 1 for min, 4 for max. */
typedef struct AccessSizes {
    uint8_t min, max;
    bool unaligned;
} AccessSizes;

/*
 * Accesses larger than `valid`, or not aligned as it asks, are split as a bus
 * bridge would; smaller ones are answered like unassigned memory and logged as
 * the guest's error. Accesses outside `impl` are split or widened by the core
 * (a widened write reads first). off is relative to the region. Return false to
 * reject: reads give all-ones and the access is logged.
 */
typedef struct MemoryOps {
    bool (*read)(void *opaque, hwaddr off, unsigned size, uint64_t *val);
    bool (*write)(void *opaque, hwaddr off, unsigned size, uint64_t val);
    AccessSizes valid;
    AccessSizes impl;
} MemoryOps;

/*
 * A write of `size` bytes of `value` at `off` that only rings: it may reach
 * ops->write later and on another thread, several at once as one. So an
 * accelerator may have the host's kernel take it.
 */
typedef struct Doorbell {
    hwaddr off;
    uint8_t size;
    uint64_t value;
} Doorbell;

typedef enum RegionKind {
    REGION_CONTAINER,
    REGION_RAM,
    REGION_ROM, /* reads from RAM; writes go to ops->write if there, else are
                   ignored */
    REGION_IO,
    REGION_ALIAS,
} RegionKind;

struct MemoryRegion {
    RegionKind kind;
    const char *name; /* not owned */
    uint64_t size;    /* 1..2^64-1 */
    bool enabled;
    int priority;
    hwaddr addr; /* in the parent */
    MemoryRegion *parent;
    GPtrArray *children; /* containers; not owned */
    MemoryRegion *alias_of;
    uint64_t alias_off;
    GPtrArray *aliases; /* regions whose alias_of this is; not owned */
    RamBlock *ram;
    uint64_t ram_off;
    const MemoryOps *ops;
    void *opaque;
    GMutex *lock; /* held around ops; NULL: ops lock for themselves */
    const Doorbell *doorbells; /* not owned */
    unsigned doorbell_count;
    bool late_writes;
    AddressSpace *space; /* roots only */
};

/* Regions are embedded in their owner; init does not attach. A zeroed region
 * may be cleared. region_clear() detaches first; the owner's memory must last
 * until memory_wait_readers() after it. */
void region_init_container(MemoryRegion *r, const char *name, uint64_t size);
void region_init_ram(MemoryRegion *r, const char *name, RamBlock *ram,
                     uint64_t off, uint64_t size);
void region_init_rom(MemoryRegion *r, const char *name, RamBlock *ram,
                     uint64_t off, uint64_t size, const MemoryOps *ops,
                     void *opaque, GMutex *lock);
void region_init_io(MemoryRegion *r, const char *name, uint64_t size,
                    const MemoryOps *ops, void *opaque, GMutex *lock);
void region_init_alias(MemoryRegion *r, const char *name, MemoryRegion *of,
                       uint64_t off, uint64_t size);
/* Of an I/O region, before it is added anywhere. */
void region_set_doorbells(MemoryRegion *r, const Doorbell *bells,
                          unsigned count);
/* Of an I/O region, before it is added anywhere: its writes may wait, as long
 * as they come in order, and before whatever else a processor does outside RAM.
 * Whoever shows what they did calls space_settle() first. */
void region_set_late_writes(MemoryRegion *r);
void region_clear(MemoryRegion *r);

/* Tree changes; each republishes the flat view of the space it is in, unless
 * inside space_begin/commit. Callable with a device's lock held. */
void region_add(MemoryRegion *parent, hwaddr addr, MemoryRegion *child);
void region_add_priority(MemoryRegion *parent, hwaddr addr, MemoryRegion *child,
                         int priority);
void region_remove(MemoryRegion *child); /* no-op if detached */
void region_set_enabled(MemoryRegion *r, bool enabled);
void region_set_addr(MemoryRegion *r, hwaddr addr);
void region_set_alias(MemoryRegion *r, MemoryRegion *of, uint64_t off);

/* ---- Flat view and address spaces ------------------------------------- */

struct FlatRange {
    hwaddr start;
    uint64_t size;
    MemoryRegion *region; /* leaf: RAM, ROM or I/O */
    uint64_t off;         /* of start, inside region */
    uint8_t *host;        /* RAM and ROM: host address of start, else NULL */
    RamBlock *ram;        /* RAM and ROM */
    uint64_t ram_off;     /* of start, inside ram */
    bool writable;        /* RAM that plain stores may reach */
};

struct FlatView {
    unsigned count;
    FlatRange ranges[]; /* sorted, disjoint */
};

typedef struct MemoryListener {
    /* After a new view was published; old stays readable during the call.
     * Called with the space's tree lock held: must not change the tree. */
    void (*changed)(void *opaque, const FlatView *old, const FlatView *now);
    void *opaque;
    /* Carry out late writes that are on their way; may be NULL. */
    void (*settle)(void *opaque);
    /* ram->loggers became 0, or is 0 no more; may be NULL. */
    void (*log_dirty)(void *opaque, RamBlock *ram);
    /* Set the bits of the pages written that were not set so far, and may
     * clear none; may be NULL. */
    void (*sync_dirty)(void *opaque, RamBlock *ram);
} MemoryListener;

AddressSpace *space_new(const char *name, MemoryRegion *root);
void space_free(AddressSpace *as);
void space_add_listener(AddressSpace *as, const MemoryListener *listener);
void space_remove_listener(AddressSpace *as, void *opaque);
/* What was written is written. On the thread that adds listeners, without any
 * lock that a callback of the space takes. */
void space_settle(AddressSpace *as);
/* One more (on) or one less reads a block's dirty bits for display or
 * migration, and asks for them by space_sync_dirty(). Pages written before may
 * count as written. On the thread that adds listeners. */
void space_log_dirty(AddressSpace *as, RamBlock *ram, bool on);
/* The bits tell of all that was written before the call. Then clear them, then
 * read the pages: what is written meanwhile comes with the next call. While
 * the block is logged, on the same thread; locks as for space_settle(). */
void space_sync_dirty(AddressSpace *as, RamBlock *ram);
void space_begin(AddressSpace *as); /* batch tree changes; nests */
void space_commit(AddressSpace *as);

/* Wait until every reader has let go of views older than now: afterwards no
 * callback of a removed region runs. Never inside a read-side section nor with
 * a lock held that a callback takes. */
void memory_wait_readers(void);

/* Current view; caller is inside rcu_read_lock(). */
const FlatView *space_view(AddressSpace *as);
/* The range that holds addr, or NULL if unassigned. */
const FlatRange *view_find(const FlatView *view, hwaddr addr);
/* Text of tree and flat view, for `info mtree` (flat: with -f). */
void space_print(AddressSpace *as, bool flat, GString *out);

typedef enum MemResult {
    MEM_OK,
    MEM_UNASSIGNED, /* nobody there: reads gave ones, writes were dropped */
    MEM_REJECTED,   /* device refused the access */
} MemResult;

/* One access of 1, 2, 4 or 8 bytes as a CPU makes it: RAM, ROM or device; may
 * straddle ranges. Any thread; takes the device's lock. */
MemResult space_load(AddressSpace *as, hwaddr addr, unsigned size,
                     uint64_t *val);
MemResult space_store(AddressSpace *as, hwaddr addr, unsigned size,
                      uint64_t val);
/* Access a known range; off relative to range->start; within the range. */
MemResult range_load(const FlatRange *range, hwaddr off, unsigned size,
                     uint64_t *val);
MemResult range_store(const FlatRange *range, hwaddr off, unsigned size,
                      uint64_t val);

/* Bulk copy for the monitor and loaders: RAM, ROM (written too if rom is
 * true) and unassigned (zero-filled / dropped -> MEM_UNASSIGNED); never a
 * device. */
MemResult space_read(AddressSpace *as, hwaddr addr, void *buf, size_t len);
MemResult space_write(AddressSpace *as, hwaddr addr, const void *buf,
                      size_t len, bool rom);

/* DMA reaches RAM only (reads: ROM too): false if any byte is elsewhere; then
 * nothing was written, and a read buffer is unspecified. dma_write() tells
 * dirty tracking. */
bool dma_read(AddressSpace *as, hwaddr addr, void *buf, size_t len);
bool dma_write(AddressSpace *as, hwaddr addr, const void *buf, size_t len);
/* Host address of the longest run of RAM from addr, at most *len bytes (*len
 * is shortened); NULL if addr is not RAM. A writer calls dma_unmap() with what
 * it wrote. */
void *dma_map(AddressSpace *as, hwaddr addr, size_t *len, bool write);
void dma_unmap(AddressSpace *as, void *host, size_t len, bool write);

#endif
