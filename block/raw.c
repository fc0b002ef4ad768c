/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw images: the file is the disk, rounded up to whole sectors.
 *
 * When nobody said that the image is raw, the guest must not be able to write
 * a header that makes the next open probe another format, with a backing file
 * of the guest's choice: such writes to the first sector are refused.
 */
#include "block/node.h"

#include <errno.h>
#include <string.h>

#include "block/vec.h"
#include "util/log.h"

static bool raw_open(BlockNode *node, const BlockOpenOptions *o, GError **errp)
{
    uint64_t size = node_size(node->file);

    node->size = (size + BLOCK_SECTOR - 1) / BLOCK_SECTOR * BLOCK_SECTOR;
    if (node->probed && !node->read_only) {
        log_printf("'%s': no format given and none found, so it is raw; its "
                   "first sector takes no other format's header (format=raw "
                   "lifts that)\n",
                   node->filename);
    }
    return true;
}

static int raw_probe(const uint8_t *buf, size_t len)
{
    return 1; /* anything is raw */
}

static int raw_preadv(BlockNode *node, uint64_t off, uint64_t len,
                      const struct iovec *iov, int count)
{
    return node_preadv(node->file, off, len, iov, count);
}

/* Would the first sector, after this write, pass for another format? */
static int raw_guard(BlockNode *node, uint64_t off, uint64_t len,
                     const struct iovec *iov, int count)
{
    uint8_t sector[BLOCK_PROBE_BYTES];
    const char *name;
    int ret = node_pread(node->file, 0, sector, sizeof(sector));

    if (ret) {
        return ret;
    }
    iov_to_buf(iov, count, 0, sector + off, MIN(len, sizeof(sector) - off));
    if (block_probe_buffer(sector, sizeof(sector), &name) == &raw_driver) {
        return 0;
    }
    log_printf("'%s': refused to write a %s header into an image whose format "
               "was not given; say format=raw to allow it\n",
               node->filename, name);
    return -EPERM;
}

static int raw_pwritev(BlockNode *node, uint64_t off, uint64_t len,
                       const struct iovec *iov, int count)
{
    if (node->probed && off < BLOCK_PROBE_BYTES) {
        int ret = raw_guard(node, off, len, iov, count);
        if (ret) {
            return ret;
        }
    }
    return node_pwritev(node->file, off, len, iov, count);
}

static int raw_write_zeroes(BlockNode *node, uint64_t off, uint64_t len,
                            unsigned flags)
{
    return node_write_zeroes(node->file, off, len, flags);
}

static int raw_discard(BlockNode *node, uint64_t off, uint64_t len)
{
    return node_discard(node->file, off, len);
}

static int raw_status(BlockNode *node, uint64_t off, uint64_t len,
                      BlockRun *run)
{
    return node_map(node->file, off, len, true, run);
}

static bool raw_truncate(BlockNode *node, uint64_t size, GError **errp)
{
    if (!node_truncate(node->file, size, errp)) {
        return false;
    }
    node_set_size(node, size);
    return true;
}

/* The guarded sector takes the long way. */
static bool raw_map_now(BlockNode *node, uint64_t off, uint64_t len,
                        BlockRun *run)
{
    *run = (BlockRun){ .kind = BLOCK_RUN_DATA,
                       .len = len,
                       .off = off,
                       .has_off = true,
                       .writable = true };
    return !node->probed || off >= BLOCK_PROBE_BYTES;
}

const BlockDriver raw_driver = {
    .name = "raw",
    .size = sizeof(BlockNode),
    .probe = raw_probe,
    .open = raw_open,
    .preadv = raw_preadv,
    .pwritev = raw_pwritev,
    .map_now = raw_map_now,
    .write_zeroes = raw_write_zeroes,
    .discard = raw_discard,
    .status = raw_status,
    .truncate = raw_truncate,
};
