/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes: what stands behind a BlockBackend. A *transfer* driver (a file, a
 * filter) moves bytes itself. A *mapped* driver (a format) answers one
 * question, where is this range?, and block/io.c writes reads, writes, copy on
 * write, map, convert and compare once over the answer.
 *
 * Driver code is plain sequential C called from any thread; each driver guards
 * its own state. Byte counts and offsets are bytes; results are 0 or -errno.
 *
 * Range locks of a mapped node, in units of its cluster: readers and in-place
 * writers share, allocating writers, zeroing and discard exclude. So no
 * cluster is freed under a transfer, and two writers never allocate the same
 * guest cluster.
 */
#ifndef BLOCK_NODE_H
#define BLOCK_NODE_H

#include <stdlib.h>

#include "block/block.h"
#include "block/rangelock.h"
#include "util/error.h"

#define BLOCK_SECTOR 512
#define BLOCK_PROBE_BYTES 512
#define BLOCK_CHAIN_MAX 128 /* backing files below one another */

typedef struct BlockDriver BlockDriver;

typedef enum BlockRunKind {
    BLOCK_RUN_DATA = 1,   /* plain bytes at run.off of node->file */
    BLOCK_RUN_ZERO,       /* reads as zeroes; has_off: space is kept for it */
    BLOCK_RUN_COMPRESSED, /* read with driver->read_compressed */
    BLOCK_RUN_BACKING,    /* not here: the backing file's, zeroes without one */
} BlockRunKind;

typedef struct BlockRun {
    BlockRunKind kind;
    uint64_t len; /* bytes from the offset asked for, at least 1 */
    uint64_t off;
    bool has_off;
    bool writable; /* DATA that may be overwritten in place */
} BlockRun;

/* New space for a part of the guest's range, until commit or abandon. */
typedef struct BlockAlloc {
    uint64_t start, len; /* whole clusters of the guest's range */
    uint64_t off;        /* in node->file, contiguous */
    bool zeroed;         /* that space already reads as zeroes */
    bool reused;         /* the driver's: space that was there before */
} BlockAlloc;

typedef struct BlockCheck {
    uint64_t corruptions, leaks, errors;
    uint64_t corruptions_fixed, leaks_fixed;
    uint64_t image_end;
    uint64_t clusters, allocated, fragmented, compressed;
    bool fix_leaks, fix_errors;
    GString *log; /* a line for each finding; may be NULL */
} BlockCheck;

typedef struct BlockSnapshot {
    char *id, *name;
    uint64_t vm_state_size, disk_size;
    int64_t date_s, date_ns;
    uint64_t vm_clock_ns;
    int64_t icount; /* -1: not recorded */
} BlockSnapshot;

/* Text pairs for `info`: name as in JSON, value as JSON text. */
typedef struct BlockDetail {
    const char *json_name;
    const char *label;
    char *value;
    bool is_string;
} BlockDetail;

typedef struct BlockInfo {
    uint64_t cluster_size; /* 0: none */
    bool dirty;            /* image was not closed in order */
    GArray *details;       /* of BlockDetail; owned */
    GArray *snapshots;     /* of BlockSnapshot; owned */
} BlockInfo;

struct BlockDriver {
    const char *name;
    size_t size; /* of the driver's struct, which begins with BlockNode */
    bool has_backing;
    bool is_protocol; /* any offset is valid; reads past the end give zeroes */

    /* How sure the first bytes make us, 0 to 100. */
    int (*probe)(const uint8_t *buf, size_t len);
    /* node->file is open. Sets size, cluster_size and backing names. */
    bool (*open)(BlockNode *node, const BlockOpenOptions *o, GError **errp);
    void (*close)(BlockNode *node); /* copes with a half-done open */

    /* Transfer drivers. Bounds were checked; iov holds exactly len bytes. */
    int (*preadv)(BlockNode *node, uint64_t off, uint64_t len,
                  const struct iovec *iov, int count);
    int (*pwritev)(BlockNode *node, uint64_t off, uint64_t len,
                   const struct iovec *iov, int count);

    /* Mapped drivers. Ranges lie inside node->size, map's and allocate's
     * rounded up to whole clusters. */
    int (*map)(BlockNode *node, uint64_t off, uint64_t len, BlockRun *run);
    int (*allocate)(BlockNode *node, uint64_t off, uint64_t len,
                    BlockAlloc *alloc);
    int (*commit)(BlockNode *node, const BlockAlloc *alloc);
    void (*abandon)(BlockNode *node, const BlockAlloc *alloc);
    int (*read_compressed)(BlockNode *node, const BlockRun *run, uint64_t off,
                           uint64_t len, void *buf);
    int (*write_compressed)(BlockNode *node, uint64_t off, const void *buf,
                            uint64_t len);

    /* For the short way (uring.h), without waiting: map, if it is known; the
     * host's file descriptor, if it takes the request as it is, else -1. */
    bool (*map_now)(BlockNode *node, uint64_t off, uint64_t len, BlockRun *run);
    int (*host_fd)(BlockNode *node, uint64_t off, uint64_t len,
                   const struct iovec *iov, int count);

    /* Both. Mapped: whole clusters. -ENOTSUP: the caller writes zeroes, or
     * forgets about the discard. May be NULL. */
    int (*write_zeroes)(BlockNode *node, uint64_t off, uint64_t len,
                        unsigned flags);
    int (*discard)(BlockNode *node, uint64_t off, uint64_t len);
    int (*flush)(BlockNode *node); /* all that was written is on stable disk */
    bool (*truncate)(BlockNode *node, uint64_t size, GError **errp);
    /* Like map, but worth some work to find holes (`map`, `convert`); for
     * transfer drivers. */
    int (*status)(BlockNode *node, uint64_t off, uint64_t len, BlockRun *run);
    void (*info)(BlockNode *node, BlockInfo *info);
    bool (*check)(BlockNode *node, BlockCheck *check, GError **errp);
};

struct BlockNode {
    const BlockDriver *driver;
    int refs;

    /* Set by open. */
    BlockNode *file;    /* protocol below a format; NULL for a protocol */
    BlockNode *backing; /* or NULL */
    char *filename;
    char *backing_name;   /* as the image says it, or NULL */
    char *backing_format; /* or NULL */
    bool read_only;
    bool probed;
    bool cache_direct, cache_no_flush, cache_writethrough;
    bool discard;          /* the user lets the guest give space back */
    bool aio_threads;      /* all requests by workers */
    bool zero_beyond_end;  /* a protocol whose growth reads as zeroes */
    uint32_t cluster_size; /* unit of allocation and of the range locks */

    uint64_t size; /* atomic: grows and shrinks by truncate */
    RangeLock ranges;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlockNode, block_node_unref)

/* ---- Making nodes (node.c, open.c) -------------------------------------- */

extern const BlockDriver file_driver;
extern const BlockDriver raw_driver;
extern const BlockDriver qcow2_driver;

/* NULL-terminated table of formats. */
extern const BlockDriver *const block_formats[];
const BlockDriver *block_format_find(const char *name);

/* A node of driver->size bytes, zeroed, one reference. */
BlockNode *block_node_new(const BlockDriver *driver, const char *filename);
BlockNode *block_node_ref(BlockNode *node);

/* Only the protocol layer: a host file or device. */
BlockNode *block_open_file(const BlockOpenOptions *o, GError **errp);
/* Takes fd, on failure too; name is for messages only. */
BlockNode *block_file_from_fd(int fd, const char *name, GError **errp);
/* Somebody wrote to the descriptor of host_fd, up to end. */
void block_file_written(BlockNode *node, uint64_t end);
/* Bytes that a host file occupies; 0 if unknown. */
uint64_t block_file_disk_size(const char *path);
/* A format over file, whose reference is taken, on failure too. With_backing:
 * open what the image names as its backing file. */
BlockNode *block_open_over(BlockNode *file, const BlockOpenOptions *o,
                           bool with_backing, GError **errp);
/* Writes to base from now on go to an unlinked temporary file. Takes base's
 * reference, on failure too. */
BlockNode *block_overlay_new(BlockNode *base, GError **errp);
/* Path of node's backing file, relative names resolved; NULL without one. */
char *block_backing_path(const BlockNode *node);
/* The same for a name that an image at `path` holds. */
char *block_path_join(const char *path, const char *name);
/* Best guess from the content; raw if nothing fits. Fails for what is known
 * to be a format that is not supported. */
const BlockDriver *block_probe(BlockNode *file, GError **errp);
/* The same from the first bytes: NULL for unsupported formats, *name says
 * which. */
const BlockDriver *block_probe_buffer(const uint8_t *buf, size_t len,
                                      const char **name);

/* ---- Using nodes (io.c) ------------------------------------------------- */

static inline uint64_t node_size(const BlockNode *node)
{
    return __atomic_load_n(&node->size, __ATOMIC_RELAXED);
}

static inline void node_set_size(BlockNode *node, uint64_t size)
{
    __atomic_store_n(&node->size, size, __ATOMIC_RELAXED);
}

int node_preadv(BlockNode *node, uint64_t off, uint64_t len,
                const struct iovec *iov, int count);
int node_pwritev(BlockNode *node, uint64_t off, uint64_t len,
                 const struct iovec *iov, int count);
int node_pread(BlockNode *node, uint64_t off, void *buf, uint64_t len);
int node_pwrite(BlockNode *node, uint64_t off, const void *buf, uint64_t len);
int node_write_zeroes(BlockNode *node, uint64_t off, uint64_t len,
                      unsigned flags);
int node_write_compressed(BlockNode *node, uint64_t off, const void *buf,
                          uint64_t len);
int node_discard(BlockNode *node, uint64_t off, uint64_t len);
int node_flush(BlockNode *node);
bool node_truncate(BlockNode *node, uint64_t size, GError **errp);

/* Where one layer has the range; holes of host files count as zeroes if
 * precise. */
int node_map(BlockNode *node, uint64_t off, uint64_t len, bool precise,
             BlockRun *run);

/* The same through the whole chain: which node has it (owner; depth counts
 * from 0) and how. BACKING means that nobody has it. base: stop above this
 * node (NULL: to the end). */
typedef struct BlockExtent {
    BlockRun run;
    BlockNode *owner;
    unsigned depth;
} BlockExtent;
int node_extent(BlockNode *node, const BlockNode *base, uint64_t off,
                uint64_t len, bool precise, BlockExtent *extent);

static inline bool extent_reads_zero(const BlockExtent *e)
{
    return e->run.kind == BLOCK_RUN_ZERO || e->run.kind == BLOCK_RUN_BACKING;
}

/* Memory that O_DIRECT accepts; freed with free(). NULL if there is none. */
void *block_buffer_new(size_t len);
typedef void BlockBuffer;
static inline void block_buffer_free(void *buf)
{
    free(buf);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlockBuffer, block_buffer_free)

/* ---- What an image says of itself (info.c) ------------------------------ */

void block_info_get(BlockNode *node, BlockInfo *info);
void block_info_clear(BlockInfo *info);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlockInfo, block_info_clear)
void block_info_add(BlockInfo *info, const char *json_name, const char *label,
                    bool is_string, const char *fmt, ...) G_GNUC_PRINTF(5, 6);
/* Of one layer, as `qemu-img info` prints it. */
void block_info_print(BlockNode *node, GString *out);
/* "1.5 GiB"; caller frees. */
char *block_size_text(uint64_t bytes);

/* ---- Locks on host files (lock.c) ---------------------------------------- */

enum { /* what a user of an image does, and lets others do */
       BLOCK_PERM_CONSISTENT_READ = 1,
       BLOCK_PERM_WRITE = 2,
       BLOCK_PERM_WRITE_UNCHANGED = 4,
       BLOCK_PERM_RESIZE = 8,
       BLOCK_PERM_ALL = 15,
};

bool file_lock(int fd, const char *path, unsigned perm, unsigned shared,
               GError **errp);

#endif
