/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2, versions 2 and 3: what the files of the format share. Specification:
 * docs/interop/qcow2.txt of QEMU 7.2.
 *
 * Order of writes (invariants, numbers used in the code):
 * Q1  A table on disk refers to a cluster only after the refcount that counts
 *     this reference is stable.
 * Q2  A refcount falls only after the table that dropped the reference is
 *     stable; until then the cluster is on the list of frees, so nobody reuses
 *     it.
 * Q3  An L2 entry reaches the disk only after the data it points to is stable.
 * Q4  An upper table (L1, refcount table, header) changes only after what it
 *     points to is stable.
 * Tables change in memory; qcow2-flush.c writes them in this order, with a
 * host flush between the steps that have something to write.
 *
 * With lazy refcounts the dirty bit stands for Q1: it is stable before the
 * first L2 write, and an open for writing rebuilds the refcounts.
 *
 * Locks, outermost first: the node's range locks, flush_lock, lock.
 */
#ifndef BLOCK_QCOW2_INTERNAL_H
#define BLOCK_QCOW2_INTERNAL_H

#include <string.h>

#include "block/node.h"

#define QCOW2_MAGIC 0x514649fbu /* "QFI\xfb" */

enum { /* header: byte offsets, big-endian fields */
       QH_MAGIC = 0,
       QH_VERSION = 4,
       QH_BACKING_OFFSET = 8,
       QH_BACKING_SIZE = 16,
       QH_CLUSTER_BITS = 20,
       QH_SIZE = 24,
       QH_CRYPT = 32,
       QH_L1_SIZE = 36,
       QH_L1_OFFSET = 40,
       QH_REFTABLE_OFFSET = 48,
       QH_REFTABLE_CLUSTERS = 56,
       QH_SNAPSHOTS = 60,
       QH_SNAPSHOT_OFFSET = 64,
       QH_V2_LENGTH = 72,
       QH_INCOMPATIBLE = 72,
       QH_COMPATIBLE = 80,
       QH_AUTOCLEAR = 88,
       QH_REFCOUNT_ORDER = 96,
       QH_HEADER_LENGTH = 100,
       QH_COMPRESSION = 104,
       QH_V3_LENGTH = 112,
};

enum { /* header extensions */
       QE_END = 0,
       QE_BACKING_FORMAT = (int)0xe2792aca,
       QE_FEATURE_NAMES = 0x6803f857,
       QE_BITMAPS = 0x23852875,
       QE_LUKS = 0x0537be77,
       QE_DATA_FILE = 0x44415441,
};

#define QCOW2_INCOMPAT_DIRTY (1ull << 0)
#define QCOW2_INCOMPAT_CORRUPT (1ull << 1)
#define QCOW2_INCOMPAT_DATA_FILE (1ull << 2)
#define QCOW2_INCOMPAT_COMPRESSION (1ull << 3)
#define QCOW2_INCOMPAT_EXTENDED_L2 (1ull << 4)
#define QCOW2_COMPAT_LAZY_REFCOUNTS (1ull << 0)
#define QCOW2_AUTOCLEAR_BITMAPS (1ull << 0)

/*
 * L1 and L2 entries:
 *  63      62          55 .. 9                             0
 *  COPIED  COMPRESSED  host offset (of a cluster)       ZERO (v3, L2 only)
 * COPIED: the refcount is exactly one, the cluster may be written in place.
 */
#define QCOW2_COPIED (1ull << 63)
#define QCOW2_COMPRESSED (1ull << 62)
#define QCOW2_ZERO (1ull << 0)
#define QCOW2_OFFSET_MASK 0x00fffffffffffe00ull
#define QCOW2_REFTABLE_MASK 0xfffffffffffffe00ull

#define QCOW2_MIN_CLUSTER_BITS 9
#define QCOW2_MAX_CLUSTER_BITS 21
#define QCOW2_MAX_L1_BYTES (32u << 20)
#define QCOW2_MAX_REFTABLE_BYTES (8u << 20)
#define QCOW2_MAX_SNAPSHOTS 65536
#define QCOW2_MAX_SNAPSHOT_TABLE (64u << 20)

enum { QCOW2_ZLIB = 0, QCOW2_ZSTD = 1 };

/* The header and its extensions, checked for what can be checked alone. */
typedef struct Qcow2Header {
    unsigned version, cluster_bits, refcount_order;
    uint64_t size;
    uint32_t l1_size;
    uint64_t l1_offset;
    uint64_t reftable_offset;
    uint32_t reftable_clusters;
    uint32_t snapshots;
    uint64_t snapshot_offset;
    uint64_t incompatible, compatible, autoclear;
    uint32_t header_length;
    unsigned compression;
    char *backing_name, *backing_format;
    uint32_t bitmaps;
    uint64_t bitmap_directory_offset, bitmap_directory_size;
} Qcow2Header;

/* ---- Cache of table slices (qcow2-cache.c) ------------------------------ */

typedef struct Qcow2Slice {
    uint64_t off; /* in the file */
    bool dirty;
    unsigned writing; /* being written back: must stay */
    GList lru;
    uint8_t data[]; /* as on disk */
} Qcow2Slice;

/* Slices of L2 tables or of refcount blocks. Clean slices go when there are
 * too many, dirty ones stay until they are written. */
typedef struct Qcow2Cache {
    GHashTable *slices; /* by off */
    GQueue lru;         /* most recently used first */
    size_t slice_bytes;
    unsigned max, dirty;
} Qcow2Cache;

void qcow2_cache_init(Qcow2Cache *c, size_t slice_bytes, unsigned max);
void qcow2_cache_clear(Qcow2Cache *c);
/* NULL if it is not there. */
Qcow2Slice *qcow2_cache_peek(Qcow2Cache *c, uint64_t off);
/* Read from file if it is not there; 0 or -errno. */
int qcow2_cache_get(Qcow2Cache *c, BlockNode *file, uint64_t off,
                    Qcow2Slice **out);
/* A slice with this content (NULL: zeroes), dirty. */
Qcow2Slice *qcow2_cache_put(Qcow2Cache *c, uint64_t off, const void *data);
void qcow2_cache_dirty(Qcow2Cache *c, Qcow2Slice *s);
void qcow2_cache_written(Qcow2Cache *c, Qcow2Slice *s, bool ok);
/* Forget all slices in a range: it is no longer a table. */
void qcow2_cache_drop(Qcow2Cache *c, uint64_t off, uint64_t len);

/* ---- The open image ----------------------------------------------------- */

/* A table kept whole in memory: L1, refcount table. */
typedef struct Qcow2Table {
    uint64_t *entries; /* host order */
    uint32_t count;
    uint64_t off;                   /* in the file */
    uint32_t dirty_from, dirty_end; /* entries to be written; empty: equal */
    bool moved; /* all of it goes to a new place, then the header changes */
} Qcow2Table;

typedef struct Qcow2Free {
    uint64_t off, len; /* bytes; every cluster touched loses one reference */
} Qcow2Free;

enum { QCOW2_UNPACKED_SLOTS = 4 };

typedef struct Qcow2Unpacked {
    uint64_t entry; /* L2 entry of the compressed cluster; 0: slot is empty */
    uint8_t *data;
} Qcow2Unpacked;

typedef struct Qcow2 {
    BlockNode node;

    /* Fixed once open. */
    Qcow2Header h; /* size, tables and feature bits live on in other fields */
    uint32_t cluster_size;
    unsigned l2_bits;       /* log2 of entries of an L2 table */
    unsigned refblock_bits; /* log2 of entries of a refcount block */
    bool lazy;
    bool opened; /* locks and lists are there */
    bool ready;  /* opened for writing */

    GMutex flush_lock; /* one write-back at a time */

    GMutex lock; /* guards everything below */
    Qcow2Table l1, reftable;
    Qcow2Cache l2_cache, ref_cache;
    uint64_t incompatible; /* as on disk */
    uint64_t free_hint;    /* no free cluster below this index */
    GArray *frees;         /* of Qcow2Free, Q2 */
    GHashTable *metadata;  /* set of host cluster indexes that hold tables */
    uint64_t pack_off;     /* where the next compressed cluster goes; 0: none */
    bool corrupt;          /* found at run time: no more writes */
    GArray *snapshots;     /* of BlockSnapshot */

    GMutex unpack_lock; /* innermost; guards the unpacked clusters */
    Qcow2Unpacked unpacked[QCOW2_UNPACKED_SLOTS];
    unsigned unpacked_next, unpacked_generation;
} Qcow2;

static inline uint64_t qcow2_be64(const void *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return GUINT64_FROM_BE(v);
}

static inline uint32_t qcow2_be32(const void *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return GUINT32_FROM_BE(v);
}

static inline uint16_t qcow2_be16(const void *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return GUINT16_FROM_BE(v);
}

static inline void qcow2_put_be64(void *p, uint64_t v)
{
    v = GUINT64_TO_BE(v);
    memcpy(p, &v, sizeof(v));
}

static inline void qcow2_put_be32(void *p, uint32_t v)
{
    v = GUINT32_TO_BE(v);
    memcpy(p, &v, sizeof(v));
}

static inline void qcow2_put_be16(void *p, uint16_t v)
{
    v = GUINT16_TO_BE(v);
    memcpy(p, &v, sizeof(v));
}

static inline uint64_t qcow2_round_up(const Qcow2 *q, uint64_t n)
{
    return (n + q->cluster_size - 1) & ~(uint64_t)(q->cluster_size - 1);
}

static inline bool qcow2_aligned(const Qcow2 *q, uint64_t off)
{
    return !(off & (q->cluster_size - 1));
}

/* Host bytes [*off, *off + *len) of a compressed cluster's entry. */
static inline void qcow2_packed_range(const Qcow2 *q, uint64_t entry,
                                      uint64_t *off, uint64_t *len)
{
    unsigned shift = 62 - (q->h.cluster_bits - 8);
    uint64_t sectors = (entry >> shift) & ((1u << (62 - shift)) - 1);

    *off = entry & ((1ull << shift) - 1);
    *len = (sectors + 1) * BLOCK_SECTOR - *off % BLOCK_SECTOR;
}

/* ---- qcow2-header.c ----------------------------------------------------- */

bool qcow2_header_read(BlockNode *file, Qcow2Header *h, GError **errp);
void qcow2_header_clear(Qcow2Header *h);
bool qcow2_snapshots_read(Qcow2 *q, GArray *l1_tables, GError **errp);
/* Set or clear incompatible feature bits on disk, at once and stable. v2
 * images have none: then only in memory. */
int qcow2_header_set_incompatible(Qcow2 *q, uint64_t bits);

/* ---- qcow2-layout.c ----------------------------------------------------- */

typedef struct Qcow2Extent {
    uint64_t off, len;
    const char *what;
} Qcow2Extent;

/* All tables of the image lie in the file, on clusters of their own; fills
 * q->metadata. */
bool qcow2_layout_check(Qcow2 *q, const GArray *snapshot_l1s, GError **errp);
void qcow2_metadata_add(Qcow2 *q, uint64_t off, uint64_t len);
/* False if [off, off + len) meets a table. */
bool qcow2_metadata_avoids(const Qcow2 *q, uint64_t off, uint64_t len);
/* The image contradicts itself: mark it, and write no more. Returns -EIO. */
int qcow2_corrupt_locked(Qcow2 *q, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ---- qcow2-refcount.c --------------------------------------------------- */

uint64_t qcow2_refcount_decode(unsigned order, const uint8_t *block,
                               uint64_t i);
void qcow2_refcount_encode(unsigned order, uint8_t *block, uint64_t i,
                           uint64_t value);
int qcow2_refcount_get_locked(Qcow2 *q, uint64_t cluster, uint64_t *out);
/* Take up to *count contiguous free clusters, at least one; refcounts 1. */
int qcow2_alloc_locked(Qcow2 *q, uint64_t *count, uint64_t *off);
/* Exactly count clusters. */
int qcow2_alloc_exact_locked(Qcow2 *q, uint64_t count, uint64_t *off);
/* One more reference to an allocated cluster; -EMFILE if it has too many. */
int qcow2_refcount_inc_locked(Qcow2 *q, uint64_t cluster);
/* Never referenced on disk: may be reused at once. */
void qcow2_unalloc_locked(Qcow2 *q, uint64_t off, uint64_t len);
/* Give up one reference once the tables are stable (Q2). */
void qcow2_free_later_locked(Qcow2 *q, uint64_t off, uint64_t len);
/* What became of them, after a write-back. */
void qcow2_frees_apply_locked(Qcow2 *q, const GArray *frees);

/* ---- qcow2-table.c ------------------------------------------------------ */

void qcow2_table_dirty(Qcow2Table *t, uint32_t i);
/* L2 entry for the guest offset; 0 where there is no L2 table. *slice (may be
 * NULL) and *index say where it is. */
int qcow2_entry_get_locked(Qcow2 *q, uint64_t off, Qcow2Slice **slice,
                           unsigned *index);
/* The same without reading the file: false if it is not in the cache. */
bool qcow2_entry_cached_locked(Qcow2 *q, uint64_t off, Qcow2Slice **slice,
                               unsigned *index);
/* The same, with a table that may be written. */
int qcow2_entry_own_locked(Qcow2 *q, uint64_t off, Qcow2Slice **slice,
                           unsigned *index);
/* Entries from guest offset off to the end of its slice. */
unsigned qcow2_entries_left(const Qcow2 *q, unsigned index);
void qcow2_entry_set_locked(Qcow2 *q, Qcow2Slice *s, unsigned index,
                            uint64_t entry);
/* Drop what an entry referred to. */
void qcow2_entry_release_locked(Qcow2 *q, uint64_t entry);
bool qcow2_resize(Qcow2 *q, uint64_t size, GError **errp);

/* ---- qcow2-flush.c ------------------------------------------------------ */

/* Write all tables in order. refcounts: even with lazy refcounts. */
int qcow2_write_back(Qcow2 *q, bool refcounts);
/* The same if there is much to write. */
int qcow2_write_back_if_full(Qcow2 *q);

/* ---- qcow2-compress.c --------------------------------------------------- */

int qcow2_read_compressed(BlockNode *node, const BlockRun *run, uint64_t off,
                          uint64_t len, void *buf);
int qcow2_write_compressed(BlockNode *node, uint64_t off, const void *buf,
                           uint64_t len);
void qcow2_unpacked_forget(Qcow2 *q);

/* ---- qcow2-check.c ------------------------------------------------------ */

bool qcow2_check(BlockNode *node, BlockCheck *check, GError **errp);

/* ---- qcow2-rebuild.c ---------------------------------------------------- */

typedef struct Qcow2Refs {
    uint32_t *count; /* references to each cluster, saturating */
    uint64_t clusters;
} Qcow2Refs;

/* Write new refcount blocks and table with these counts into clusters that
 * neither refs nor busy (same length) names, and switch the header over. The
 * old ones are given up. */
bool qcow2_rebuild_refcounts(Qcow2 *q, Qcow2Refs *refs, const Qcow2Refs *busy,
                             GError **errp);

#endif
