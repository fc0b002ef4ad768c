/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads, writes, copy on write, zeroing and maps over the drivers' answers
 * (node.h). Everything here runs on the caller's thread and may block.
 */
#include "block/node.h"

#include <errno.h>
#include <string.h>

#include "block/vec.h"
#include "util/span.h"

#define IO_ZERO_CHUNK (256 * 1024)
#define IO_BUFFER_ALIGN 4096

void *block_buffer_new(size_t len)
{
    void *buf = NULL;

    if (posix_memalign(&buf, IO_BUFFER_ALIGN, MAX(len, 1))) {
        return NULL;
    }
    return buf;
}

static bool node_range_ok(const BlockNode *node, uint64_t off, uint64_t len)
{
    if (node->driver->is_protocol) {
        return span_fits(off, len, INT64_MAX);
    }
    return span_fits(off, len, node_size(node));
}

static uint64_t cluster_down(const BlockNode *node, uint64_t off)
{
    return off & ~(uint64_t)(node->cluster_size - 1);
}

static uint64_t cluster_up(const BlockNode *node, uint64_t off)
{
    return cluster_down(node, off + node->cluster_size - 1);
}

static void mapped_lock(BlockNode *node, RangeHold *hold, uint64_t off,
                        uint64_t len, bool exclusive)
{
    range_lock(&node->ranges, hold, cluster_down(node, off),
               cluster_up(node, off + len), exclusive);
}

/* ---- Reading a mapped node ---------------------------------------------- */

/* Reads past the end of a shorter backing file give zeroes. */
static int mapped_read_backing(BlockNode *node, uint64_t off, uint64_t len,
                               const struct iovec *iov, int count,
                               uint64_t skip)
{
    uint64_t size = node->backing ? node_size(node->backing) : 0;
    uint64_t n = off < size ? MIN(len, size - off) : 0;
    g_auto(BlockVec) v;

    block_vec_init(&v);
    iov_fill_zero(iov, count, skip + n, len - n);
    if (!n) {
        return 0;
    }
    block_vec_add_slice(&v, iov, count, skip, n);
    return node_preadv(node->backing, off, n, v.iov, v.count);
}

static int mapped_read_compressed(BlockNode *node, const BlockRun *run,
                                  uint64_t off, const struct iovec *iov,
                                  int count, uint64_t skip)
{
    g_autoptr(BlockBuffer) buf = block_buffer_new(run->len);

    if (!buf) {
        return -ENOMEM;
    }
    int ret = node->driver->read_compressed(node, run, off, run->len, buf);
    if (!ret) {
        iov_from_buf(iov, count, skip, buf, run->len);
    }
    return ret;
}

static int mapped_read_run(BlockNode *node, const BlockRun *run, uint64_t off,
                           const struct iovec *iov, int count, uint64_t skip)
{
    g_auto(BlockVec) v;

    block_vec_init(&v);
    switch (run->kind) {
    case BLOCK_RUN_DATA:
        block_vec_add_slice(&v, iov, count, skip, run->len);
        return node_preadv(node->file, run->off, run->len, v.iov, v.count);
    case BLOCK_RUN_ZERO:
        iov_fill_zero(iov, count, skip, run->len);
        return 0;
    case BLOCK_RUN_COMPRESSED:
        return mapped_read_compressed(node, run, off, iov, count, skip);
    case BLOCK_RUN_BACKING:
        return mapped_read_backing(node, off, run->len, iov, count, skip);
    }
    g_assert_not_reached();
}

static int mapped_read_locked(BlockNode *node, uint64_t off, uint64_t len,
                              const struct iovec *iov, int count)
{
    for (uint64_t done = 0; done < len;) {
        BlockRun run = {};
        int ret = node->driver->map(node, off + done, len - done, &run);
        if (!ret) {
            ret = mapped_read_run(node, &run, off + done, iov, count, done);
        }
        if (ret) {
            return ret;
        }
        done += run.len;
    }
    return 0;
}

static int mapped_read(BlockNode *node, uint64_t off, uint64_t len,
                       const struct iovec *iov, int count)
{
    RangeHold hold;

    mapped_lock(node, &hold, off, len, false);
    int ret = mapped_read_locked(node, off, len, iov, count);
    range_unlock(&node->ranges, &hold);
    return ret;
}

/* ---- Writing a mapped node ---------------------------------------------- */

static int mapped_write_run(BlockNode *node, const BlockRun *run,
                            const struct iovec *iov, int count, uint64_t skip)
{
    g_auto(BlockVec) v;

    block_vec_init(&v);
    block_vec_add_slice(&v, iov, count, skip, run->len);
    return node_pwritev(node->file, run->off, run->len, v.iov, v.count);
}

/* Write the leading part that has its place already; *done tells how much. */
static int mapped_write_in_place_locked(BlockNode *node, uint64_t off,
                                        uint64_t len, const struct iovec *iov,
                                        int count, uint64_t *done)
{
    while (*done < len) {
        BlockRun run = {};
        int ret = node->driver->map(node, off + *done, len - *done, &run);
        if (ret || run.kind != BLOCK_RUN_DATA || !run.writable) {
            return ret;
        }
        ret = mapped_write_run(node, &run, iov, count, *done);
        if (ret) {
            return ret;
        }
        *done += run.len;
    }
    return 0;
}

/* Present content of [off, off + len), which may reach past the node's end. */
static int mapped_read_old_locked(BlockNode *node, uint64_t off, uint64_t len,
                                  void *buf)
{
    uint64_t size = node_size(node);
    uint64_t n = off < size ? MIN(len, size - off) : 0;
    struct iovec iov = { buf, n };

    memset((char *)buf + n, 0, len - n);
    return n ? mapped_read_locked(node, off, n, &iov, 1) : 0;
}

static bool node_reads_zero(BlockNode *node, uint64_t off, uint64_t len)
{
    uint64_t end = MIN(off + len, node_size(node));

    while (off < end) {
        BlockExtent e;
        if (node_extent(node, NULL, off, end - off, false, &e) ||
            !extent_reads_zero(&e)) {
            return false;
        }
        off += e.run.len;
    }
    return true;
}

/* Old content beside the written part of a new cluster, to be written along.
 * *buf stays NULL where the new space reads right by itself. */
static int mapped_edge_locked(BlockNode *node, const BlockAlloc *alloc,
                              uint64_t off, uint64_t len, void **buf)
{
    *buf = NULL;
    if (!len || (alloc->zeroed && node_reads_zero(node, off, len))) {
        return 0;
    }
    *buf = block_buffer_new(len);
    return *buf ? mapped_read_old_locked(node, off, len, *buf) : -ENOMEM;
}

/* Fill alloc with n bytes of the request at guest offset off, and with old
 * content around them. */
static int mapped_fill_locked(BlockNode *node, const BlockAlloc *alloc,
                              uint64_t off, uint64_t n, const struct iovec *iov,
                              int count, uint64_t skip)
{
    uint64_t head = off - alloc->start;
    uint64_t tail = alloc->start + alloc->len - (off + n);
    g_autoptr(BlockBuffer) head_buf = NULL;
    g_autoptr(BlockBuffer) tail_buf = NULL;
    g_auto(BlockVec) v;

    block_vec_init(&v);
    int ret = mapped_edge_locked(node, alloc, alloc->start, head, &head_buf);
    if (!ret) {
        ret = mapped_edge_locked(node, alloc, off + n, tail, &tail_buf);
    }
    if (ret) {
        return ret;
    }
    block_vec_add(&v, head_buf, head_buf ? head : 0);
    block_vec_add_slice(&v, iov, count, skip, n);
    block_vec_add(&v, tail_buf, tail_buf ? tail : 0);
    return node_pwritev(node->file, alloc->off + (head_buf ? 0 : head), v.len,
                        v.iov, v.count);
}

/* One allocation's worth from off; returns the bytes written or -errno. */
static int64_t mapped_write_new_locked(BlockNode *node, uint64_t off,
                                       uint64_t len, const struct iovec *iov,
                                       int count, uint64_t skip)
{
    BlockAlloc alloc = {};
    int ret = node->driver->allocate(node, off, len, &alloc);

    if (ret) {
        return ret;
    }
    uint64_t n = MIN(len, alloc.start + alloc.len - off);
    ret = mapped_fill_locked(node, &alloc, off, n, iov, count, skip);
    if (ret) {
        node->driver->abandon(node, &alloc);
        return ret;
    }
    ret = node->driver->commit(node, &alloc);
    return ret ? ret : (int64_t)n;
}

static int mapped_write_locked(BlockNode *node, uint64_t off, uint64_t len,
                               const struct iovec *iov, int count,
                               uint64_t done)
{
    while (done < len) {
        int ret =
            mapped_write_in_place_locked(node, off, len, iov, count, &done);
        if (ret || done == len) {
            return ret;
        }
        BlockRun run = {};
        ret = node->driver->map(node, off + done, len - done, &run);
        if (ret) {
            return ret;
        }
        int64_t n = mapped_write_new_locked(node, off + done, run.len, iov,
                                            count, done);
        if (n < 0) {
            return n;
        }
        done += n;
    }
    return 0;
}

static int mapped_write(BlockNode *node, uint64_t off, uint64_t len,
                        const struct iovec *iov, int count)
{
    RangeHold hold;
    uint64_t done = 0;

    mapped_lock(node, &hold, off, len, false);
    int ret = mapped_write_in_place_locked(node, off, len, iov, count, &done);
    range_unlock(&node->ranges, &hold);
    if (ret || done == len) {
        return ret;
    }
    mapped_lock(node, &hold, off + done, len - done, true);
    ret = mapped_write_locked(node, off, len, iov, count, done);
    range_unlock(&node->ranges, &hold);
    return ret;
}

/* ---- Zeroing and discard ------------------------------------------------ */

/* Calls write with pieces of zeroes. */
static int zero_by_data(BlockNode *node, uint64_t off, uint64_t len,
                        int (*write)(BlockNode *node, uint64_t off,
                                     uint64_t len, const struct iovec *iov,
                                     int count))
{
    size_t chunk = MIN(len, IO_ZERO_CHUNK);
    g_autoptr(BlockBuffer) buf = block_buffer_new(chunk);

    if (!buf) {
        return -ENOMEM;
    }
    memset(buf, 0, chunk);
    for (uint64_t done = 0; done < len; done += chunk) {
        struct iovec iov = { buf, MIN(len - done, chunk) };
        int ret = write(node, off + done, iov.iov_len, &iov, 1);
        if (ret) {
            return ret;
        }
    }
    return 0;
}

static int mapped_write_all_locked(BlockNode *node, uint64_t off, uint64_t len,
                                   const struct iovec *iov, int count)
{
    return mapped_write_locked(node, off, len, iov, count, 0);
}

/* A part of a cluster: nothing to do if it reads as zeroes already. */
static int mapped_zero_edge_locked(BlockNode *node, uint64_t off, uint64_t len)
{
    if (!len || node_reads_zero(node, off, len)) {
        return 0;
    }
    return zero_by_data(node, off, len, mapped_write_all_locked);
}

/* The whole clusters inside a range; the node's end counts as a boundary. */
static void mapped_inner(const BlockNode *node, uint64_t off, uint64_t len,
                         uint64_t *start, uint64_t *end)
{
    *start = cluster_up(node, off);
    *end = off + len == node_size(node) ? cluster_up(node, off + len)
                                        : cluster_down(node, off + len);
    *end = MAX(*start, *end);
}

static int mapped_zero_locked(BlockNode *node, uint64_t off, uint64_t len,
                              unsigned flags)
{
    uint64_t start, end;

    mapped_inner(node, off, len, &start, &end);
    if (start >= off + len) { /* inside one cluster */
        return mapped_zero_edge_locked(node, off, len);
    }
    int ret = mapped_zero_edge_locked(node, off, start - off);
    if (!ret && end < off + len) {
        ret = mapped_zero_edge_locked(node, end, off + len - end);
    }
    if (ret || start == end) {
        return ret;
    }
    ret = node->driver->write_zeroes(node, start, end - start, flags);
    if (ret == -ENOTSUP) {
        uint64_t data_end = MIN(end, node_size(node));
        ret = zero_by_data(node, start, data_end - start,
                           mapped_write_all_locked);
    }
    return ret;
}

static int mapped_zero(BlockNode *node, uint64_t off, uint64_t len,
                       unsigned flags)
{
    RangeHold hold;

    mapped_lock(node, &hold, off, len, true);
    int ret = mapped_zero_locked(node, off, len, flags);
    range_unlock(&node->ranges, &hold);
    return ret;
}

static int mapped_discard(BlockNode *node, uint64_t off, uint64_t len)
{
    uint64_t start, end;
    RangeHold hold;

    mapped_inner(node, off, len, &start, &end);
    if (start == end || start >= off + len) {
        return 0;
    }
    mapped_lock(node, &hold, start, end - start, true);
    int ret = node->driver->discard(node, start, end - start);
    range_unlock(&node->ranges, &hold);
    return ret;
}

/* ---- The public calls --------------------------------------------------- */

int node_preadv(BlockNode *node, uint64_t off, uint64_t len,
                const struct iovec *iov, int count)
{
    if (!node_range_ok(node, off, len)) {
        return -EIO;
    }
    if (!len) {
        return 0;
    }
    return node->driver->preadv
               ? node->driver->preadv(node, off, len, iov, count)
               : mapped_read(node, off, len, iov, count);
}

int node_pwritev(BlockNode *node, uint64_t off, uint64_t len,
                 const struct iovec *iov, int count)
{
    if (node->read_only) {
        return -EPERM;
    }
    if (!node_range_ok(node, off, len)) {
        return -EIO;
    }
    if (!len) {
        return 0;
    }
    return node->driver->pwritev
               ? node->driver->pwritev(node, off, len, iov, count)
               : mapped_write(node, off, len, iov, count);
}

int node_pread(BlockNode *node, uint64_t off, void *buf, uint64_t len)
{
    struct iovec iov = { buf, len };

    return node_preadv(node, off, len, &iov, 1);
}

int node_pwrite(BlockNode *node, uint64_t off, const void *buf, uint64_t len)
{
    struct iovec iov = { (void *)buf, len };

    return node_pwritev(node, off, len, &iov, 1);
}

int node_write_zeroes(BlockNode *node, uint64_t off, uint64_t len,
                      unsigned flags)
{
    if (node->read_only) {
        return -EPERM;
    }
    if (!node_range_ok(node, off, len)) {
        return -EIO;
    }
    if (!len) {
        return 0;
    }
    if (!node->driver->pwritev) {
        return mapped_zero(node, off, len, flags);
    }
    int ret = node->driver->write_zeroes
                  ? node->driver->write_zeroes(node, off, len, flags)
                  : -ENOTSUP;
    return ret == -ENOTSUP ? zero_by_data(node, off, len, node_pwritev) : ret;
}

int node_write_compressed(BlockNode *node, uint64_t off, const void *buf,
                          uint64_t len)
{
    RangeHold hold;

    if (node->read_only) {
        return -EPERM;
    }
    if (!node->driver->write_compressed) {
        return -ENOTSUP;
    }
    if (!node_range_ok(node, off, len) || off != cluster_down(node, off) ||
        len > node->cluster_size) {
        return -EINVAL;
    }
    mapped_lock(node, &hold, off, len, true);
    int ret = node->driver->write_compressed(node, off, buf, len);
    if (ret == -E2BIG) { /* it does not get smaller */
        struct iovec iov = { (void *)buf, len };
        ret = mapped_write_locked(node, off, len, &iov, 1, 0);
    }
    range_unlock(&node->ranges, &hold);
    return ret;
}

int node_discard(BlockNode *node, uint64_t off, uint64_t len)
{
    if (node->read_only) {
        return -EPERM;
    }
    if (!node_range_ok(node, off, len)) {
        return -EIO;
    }
    if (!len || !node->driver->discard) {
        return 0;
    }
    int ret = node->driver->pwritev ? node->driver->discard(node, off, len)
                                    : mapped_discard(node, off, len);
    return ret == -ENOTSUP ? 0 : ret;
}

int node_flush(BlockNode *node)
{
    if (node->read_only) {
        return 0;
    }
    if (node->driver->flush) {
        return node->driver->flush(node);
    }
    return node->file ? node_flush(node->file) : 0;
}

bool node_truncate(BlockNode *node, uint64_t size, GError **errp)
{
    if (node->read_only) {
        return emu_fail(errp, EMU_ERROR_INVALID, "'%s' is read-only",
                        node->filename);
    }
    if (!node->driver->truncate) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "images of format '%s' cannot be resized",
                        node->driver->name);
    }
    return node->driver->truncate(node, size, errp);
}

int node_map(BlockNode *node, uint64_t off, uint64_t len, bool precise,
             BlockRun *run)
{
    *run = (BlockRun){ .kind = BLOCK_RUN_DATA,
                       .len = len,
                       .off = off,
                       .has_off = true,
                       .writable = true };
    if (!node_range_ok(node, off, len) || !len) {
        return -EINVAL;
    }
    if (node->driver->map) {
        return node->driver->map(node, off, len, run);
    }
    return precise && node->driver->status
               ? node->driver->status(node, off, len, run)
               : 0;
}

int node_extent(BlockNode *node, const BlockNode *base, uint64_t off,
                uint64_t len, bool precise, BlockExtent *extent)
{
    unsigned depth = 0;

    *extent = (BlockExtent){ .owner = node,
                             .run = { .kind = BLOCK_RUN_BACKING, .len = len } };
    for (BlockNode *n = node; n && n != base; n = n->backing) {
        if (off >= node_size(n)) { /* past a short backing file: nobody's */
            return 0;
        }
        len = MIN(len, node_size(n) - off);
        extent->owner = n;
        extent->depth = depth++;
        int ret = node_map(n, off, len, precise, &extent->run);
        if (ret || extent->run.kind != BLOCK_RUN_BACKING) {
            return ret;
        }
        len = extent->run.len;
    }
    return 0;
}
