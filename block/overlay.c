/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The temporary overlay of snapshot=on: a sparse, already unlinked file with
 * the disk's own offsets, and in memory a bit for each cluster it holds. There
 * is no metadata on disk, so it cannot outlive the process, and need not.
 */
#include "block/node.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OVERLAY_CLUSTER 65536

typedef struct OverlayNode {
    BlockNode node;
    GMutex lock;   /* guards have */
    uint8_t *have; /* a bit for each cluster: the overlay's, not the base's */
    uint64_t clusters;
} OverlayNode;

static bool overlay_has(const OverlayNode *o, uint64_t i)
{
    return o->have[i / 8] & 1u << i % 8;
}

static int overlay_map(BlockNode *node, uint64_t off, uint64_t len,
                       BlockRun *run)
{
    OverlayNode *o = (OverlayNode *)node;
    uint64_t first = off / OVERLAY_CLUSTER;
    uint64_t end = (off + len + OVERLAY_CLUSTER - 1) / OVERLAY_CLUSTER;
    uint64_t i = first + 1;

    g_mutex_lock(&o->lock);
    bool have = overlay_has(o, first);
    while (i < end && overlay_has(o, i) == have) {
        i++;
    }
    g_mutex_unlock(&o->lock);
    *run = (BlockRun){
        .kind = have ? BLOCK_RUN_DATA : BLOCK_RUN_BACKING,
        .len = MIN(len, i * OVERLAY_CLUSTER - off),
        .off = off,
        .has_off = have,
        .writable = have,
    };
    return 0;
}

/* Nothing to wait for: the map is in memory. */
static bool overlay_map_now(BlockNode *node, uint64_t off, uint64_t len,
                            BlockRun *run)
{
    return !overlay_map(node, off, len, run);
}

static int overlay_allocate(BlockNode *node, uint64_t off, uint64_t len,
                            BlockAlloc *alloc)
{
    uint64_t start = off / OVERLAY_CLUSTER * OVERLAY_CLUSTER;
    uint64_t end =
        (off + len + OVERLAY_CLUSTER - 1) / OVERLAY_CLUSTER * OVERLAY_CLUSTER;

    *alloc = (BlockAlloc){
        .start = start, .len = end - start, .off = start, .zeroed = true
    };
    return 0;
}

static int overlay_commit(BlockNode *node, const BlockAlloc *alloc)
{
    OverlayNode *o = (OverlayNode *)node;
    uint64_t end = (alloc->start + alloc->len) / OVERLAY_CLUSTER;

    g_mutex_lock(&o->lock);
    for (uint64_t i = alloc->start / OVERLAY_CLUSTER; i < end; i++) {
        o->have[i / 8] |= 1u << i % 8;
    }
    g_mutex_unlock(&o->lock);
    return 0;
}

/* A failed write may have left bytes: the place is no longer known to read as
 * zeroes, so make it so. */
static void overlay_abandon(BlockNode *node, const BlockAlloc *alloc)
{
    node_write_zeroes(node->file, alloc->off, alloc->len, BLOCK_REQ_MAY_UNMAP);
}

static int overlay_write_zeroes(BlockNode *node, uint64_t off, uint64_t len,
                                unsigned flags)
{
    BlockAlloc alloc = { .start = off, .len = len };
    int ret = node_write_zeroes(node->file, off, len, BLOCK_REQ_MAY_UNMAP);

    return ret ? ret : overlay_commit(node, &alloc);
}

/* Nothing survives the process, so nothing needs to reach the disk. */
static int overlay_flush(BlockNode *node)
{
    return 0;
}

static void overlay_close(BlockNode *node)
{
    OverlayNode *o = (OverlayNode *)node;

    g_free(o->have);
    g_mutex_clear(&o->lock);
}

static const BlockDriver overlay_driver = {
    .name = "overlay",
    .size = sizeof(OverlayNode),
    .has_backing = true,
    .close = overlay_close,
    .map = overlay_map,
    .map_now = overlay_map_now,
    .allocate = overlay_allocate,
    .commit = overlay_commit,
    .abandon = overlay_abandon,
    .write_zeroes = overlay_write_zeroes,
    .flush = overlay_flush,
};

static BlockNode *overlay_file_new(GError **errp)
{
    const char *dir = g_getenv("TMPDIR");
    g_autofree char *path = g_build_filename(dir && *dir ? dir : "/var/tmp",
                                             "emu-overlay-XXXXXX", NULL);
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0) {
        emu_fail_errno(errp, errno, "could not create '%s'", path);
        return NULL;
    }
    unlink(path);
    return block_file_from_fd(fd, path, errp);
}

BlockNode *block_overlay_new(BlockNode *base, GError **errp)
{
    g_autoptr(BlockNode) owned = base;
    g_autoptr(BlockNode) file = overlay_file_new(errp);

    if (!file) {
        return NULL;
    }
    BlockNode *node = block_node_new(&overlay_driver, file->filename);
    OverlayNode *o = (OverlayNode *)node;
    g_mutex_init(&o->lock);
    node->size = node_size(base);
    node->cluster_size = OVERLAY_CLUSTER;
    node->backing_name = g_strdup(base->filename);
    node->backing_format = g_strdup(base->driver->name);
    node->backing = g_steal_pointer(&owned);
    node->file = g_steal_pointer(&file);
    o->clusters = (node->size + OVERLAY_CLUSTER - 1) / OVERLAY_CLUSTER;
    o->have = g_try_malloc0(o->clusters / 8 + 1);
    if (!o->have) {
        emu_fail(errp, EMU_ERROR_NO_SPACE,
                 "'%s': no memory for a temporary overlay of its size",
                 node->backing->filename);
        block_node_unref(node);
        return NULL;
    }
    return node;
}
