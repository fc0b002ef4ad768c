/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host files and block devices. Past the end of a file everything reads as
 * zeroes, and writes extend it. With cache.direct, requests that O_DIRECT does
 * not take go through an aligned bounce buffer; the read-modify-write of the
 * partial blocks excludes other writers of these blocks.
 */
#include "block/node.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/vec.h"

#define FILE_DIRECT_ALIGN 4096 /* where the host does not say */

typedef struct FileNode {
    BlockNode node;
    int fd;
    bool is_device;
    unsigned align; /* of direct requests; 1 without O_DIRECT */

    /* Atomic: what the host turned out not to do. */
    bool no_zero_range, no_punch;
    bool flush_failed; /* the page cache lost data: no flush succeeds again */
} FileNode;

/* ---- Transfers ---------------------------------------------------------- */

typedef ssize_t FileTransfer(int fd, const struct iovec *iov, int count,
                             off_t off);

/* All of [off, off + len), however the host splits it. Returns the bytes
 * moved, less than len only at the end of the file, or -errno. */
static int64_t file_transfer(FileNode *f, FileTransfer *transfer, uint64_t off,
                             uint64_t len, const struct iovec *iov, int count)
{
    ssize_t n = transfer(f->fd, iov, MIN(count, IOV_MAX), off);
    uint64_t done = n > 0 ? n : 0;

    while (done < len) {
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n == 0) {
            return done;
        }
        g_auto(BlockVec) v;
        block_vec_init(&v);
        block_vec_add_slice(&v, iov, count, done, len - done);
        n = transfer(f->fd, v.iov, MIN(v.count, IOV_MAX), off + done);
        done += n > 0 ? n : 0;
    }
    return done;
}

static int file_read_plain(FileNode *f, uint64_t off, uint64_t len,
                           const struct iovec *iov, int count)
{
    int64_t n = file_transfer(f, preadv, off, len, iov, count);

    if (n < 0) {
        return n;
    }
    iov_fill_zero(iov, count, n, len - n);
    return 0;
}

static void file_grown(FileNode *f, uint64_t end)
{
    uint64_t size = node_size(&f->node);

    while (size < end &&
           !__atomic_compare_exchange_n(&f->node.size, &size, end, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

static int file_write_plain(FileNode *f, uint64_t off, uint64_t len,
                            const struct iovec *iov, int count)
{
    int64_t n = file_transfer(f, pwritev, off, len, iov, count);

    if (n < 0) { /* a part may have been written */
        struct stat st;
        if (!f->is_device && !fstat(f->fd, &st)) {
            file_grown(f, st.st_size);
        }
        return n;
    }
    if ((uint64_t)n < len) {
        return -ENOSPC;
    }
    file_grown(f, off + len);
    return 0;
}

static uint64_t file_align_down(const FileNode *f, uint64_t off)
{
    return off & ~(uint64_t)(f->align - 1);
}

static uint64_t file_align_up(const FileNode *f, uint64_t off)
{
    return file_align_down(f, off + f->align - 1);
}

static bool file_request_aligned(const FileNode *f, uint64_t off, uint64_t len,
                                 const struct iovec *iov, int count)
{
    return f->align == 1 || (!((off | len) & (f->align - 1)) &&
                             iov_aligned(iov, count, f->align));
}

static int file_preadv(BlockNode *node, uint64_t off, uint64_t len,
                       const struct iovec *iov, int count)
{
    FileNode *f = (FileNode *)node;

    if (file_request_aligned(f, off, len, iov, count)) {
        return file_read_plain(f, off, len, iov, count);
    }
    uint64_t start = file_align_down(f, off);
    uint64_t end = file_align_up(f, off + len);
    g_autoptr(BlockBuffer) buf = block_buffer_new(end - start);
    struct iovec bounce = { buf, end - start };
    if (!buf) {
        return -ENOMEM;
    }
    int ret = file_read_plain(f, start, end - start, &bounce, 1);
    if (!ret) {
        iov_from_buf(iov, count, 0, (char *)buf + (off - start), len);
    }
    return ret;
}

/* The partial blocks at both ends of [start, end) get their present bytes. */
static int file_read_edges(FileNode *f, uint64_t start, uint64_t end,
                           uint64_t off, uint64_t len, char *buf)
{
    struct iovec head = { buf, f->align };
    struct iovec tail = { buf + (end - start) - f->align, f->align };
    int ret = 0;

    if (off > start) {
        ret = file_read_plain(f, start, f->align, &head, 1);
    }
    if (!ret && off + len < end) {
        ret = file_read_plain(f, end - f->align, f->align, &tail, 1);
    }
    return ret;
}

static int file_write_bounced_locked(FileNode *f, uint64_t off, uint64_t len,
                                     const struct iovec *iov, int count)
{
    uint64_t start = file_align_down(f, off);
    uint64_t end = file_align_up(f, off + len);
    uint64_t size = node_size(&f->node);
    g_autoptr(BlockBuffer) buf = block_buffer_new(end - start);
    struct iovec bounce = { buf, end - start };

    if (!buf) {
        return -ENOMEM;
    }
    int ret = file_read_edges(f, start, end, off, len, buf);
    if (ret) {
        return ret;
    }
    iov_to_buf(iov, count, 0, (char *)buf + (off - start), len);
    ret = file_write_plain(f, start, end - start, &bounce, 1);
    uint64_t want = MAX(size, off + len);
    if (!ret && want < end) { /* the last block grew the file too far */
        ret = ftruncate(f->fd, want) ? -errno : 0;
        node_set_size(&f->node, want);
    }
    return ret;
}

/* A write whose last block reaches past the end cuts the file again, so it
 * keeps every other writer behind it out. */
static int file_write_direct(FileNode *f, uint64_t off, uint64_t len,
                             const struct iovec *iov, int count)
{
    bool aligned = file_request_aligned(f, off, len, iov, count);
    uint64_t end = file_align_up(f, off + len);
    RangeHold hold;

    range_lock(&f->node.ranges, &hold, file_align_down(f, off),
               !aligned && end > node_size(&f->node) ? UINT64_MAX : end,
               !aligned);
    int ret = aligned ? file_write_plain(f, off, len, iov, count)
                      : file_write_bounced_locked(f, off, len, iov, count);
    range_unlock(&f->node.ranges, &hold);
    return ret;
}

static int file_pwritev(BlockNode *node, uint64_t off, uint64_t len,
                        const struct iovec *iov, int count)
{
    FileNode *f = (FileNode *)node;

    return f->align == 1 ? file_write_plain(f, off, len, iov, count)
                         : file_write_direct(f, off, len, iov, count);
}

static int file_host_fd(BlockNode *node, uint64_t off, uint64_t len,
                        const struct iovec *iov, int count)
{
    FileNode *f = (FileNode *)node;

    return file_request_aligned(f, off, len, iov, count) ? f->fd : -1;
}

void block_file_written(BlockNode *node, uint64_t end)
{
    file_grown((FileNode *)node, end);
}

/* ---- Holes -------------------------------------------------------------- */

static int file_fallocate(FileNode *f, int mode, uint64_t off, uint64_t len)
{
    int ret;

    do {
        ret = fallocate(f->fd, mode, off, len);
    } while (ret && errno == EINTR);
    if (!ret) {
        return 0;
    }
    return errno == EOPNOTSUPP || errno == EINVAL || errno == ENODEV ||
                   errno == ENOSYS
               ? -ENOTSUP
               : -errno;
}

static int file_punch(FileNode *f, uint64_t off, uint64_t len)
{
    if (__atomic_load_n(&f->no_punch, __ATOMIC_RELAXED)) {
        return -ENOTSUP;
    }
    int ret =
        file_fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len);
    if (ret == -ENOTSUP && !f->is_device) {
        __atomic_store_n(&f->no_punch, true, __ATOMIC_RELAXED);
    }
    return ret;
}

static int file_zero_range(FileNode *f, uint64_t off, uint64_t len)
{
    if (__atomic_load_n(&f->no_zero_range, __ATOMIC_RELAXED)) {
        return -ENOTSUP;
    }
    int ret = file_fallocate(f, FALLOC_FL_ZERO_RANGE, off, len);
    if (ret == -ENOTSUP && !f->is_device) {
        __atomic_store_n(&f->no_zero_range, true, __ATOMIC_RELAXED);
    }
    if (!ret) {
        file_grown(f, off + len);
    }
    return ret;
}

static int file_write_zeroes(BlockNode *node, uint64_t off, uint64_t len,
                             unsigned flags)
{
    FileNode *f = (FileNode *)node;
    RangeHold hold;
    int ret = -ENOTSUP;

    range_lock(&node->ranges, &hold, file_align_down(f, off),
               file_align_up(f, off + len), true);
    if (flags & BLOCK_REQ_MAY_UNMAP) {
        ret = file_punch(f, off, len);
    }
    if (ret == -ENOTSUP) {
        ret = file_zero_range(f, off, len);
    }
    range_unlock(&node->ranges, &hold);
    return ret;
}

static int file_discard(BlockNode *node, uint64_t off, uint64_t len)
{
    return file_punch((FileNode *)node, off, len);
}

/* lseek() moves an offset that nobody here uses. */
static int file_status(BlockNode *node, uint64_t off, uint64_t len,
                       BlockRun *run)
{
    FileNode *f = (FileNode *)node;
    uint64_t size = node_size(node);

    if (f->is_device) {
        return 0;
    }
    off_t data = lseek(f->fd, off, SEEK_DATA);
    if (data < 0 && errno == ENXIO) { /* no data up to the end */
        run->kind = BLOCK_RUN_ZERO;
        return 0;
    }
    if (data < 0) {
        return 0; /* data, as far as the host tells */
    }
    if ((uint64_t)data > off) {
        run->kind = BLOCK_RUN_ZERO;
        run->len = MIN(len, (uint64_t)data - off);
        return 0;
    }
    off_t hole = lseek(f->fd, off, SEEK_HOLE);
    uint64_t end = hole > data ? (uint64_t)hole : size;
    run->len = MIN(len, MAX(end, off + 1) - off);
    return 0;
}

/* ---- Size, flush -------------------------------------------------------- */

static int file_flush(BlockNode *node)
{
    FileNode *f = (FileNode *)node;

    if (node->cache_no_flush) {
        return 0;
    }
    if (__atomic_load_n(&f->flush_failed, __ATOMIC_RELAXED)) {
        return -EIO;
    }
    if (!fdatasync(f->fd)) {
        return 0;
    }
    int ret = -errno;
    /* Linux drops dirty pages after reporting once; a second, successful
     * fdatasync() would hide the loss. */
    if (ret == -EIO && !node->cache_direct) {
        __atomic_store_n(&f->flush_failed, true, __ATOMIC_RELAXED);
    }
    return ret;
}

static bool file_truncate(BlockNode *node, uint64_t size, GError **errp)
{
    FileNode *f = (FileNode *)node;

    if (f->is_device) {
        if (size <= node_size(node)) {
            return true;
        }
        return emu_fail(errp, EMU_ERROR_INVALID, "'%s': a device cannot grow",
                        node->filename);
    }
    if (ftruncate(f->fd, size)) {
        return emu_fail_errno(errp, errno, "could not resize '%s'",
                              node->filename);
    }
    node_set_size(node, size);
    return true;
}

/* ---- Open --------------------------------------------------------------- */

static bool file_measure(FileNode *f, GError **errp)
{
    struct stat st;

    if (fstat(f->fd, &st)) {
        return emu_fail_errno(errp, errno, "could not examine '%s'",
                              f->node.filename);
    }
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "'%s' is neither a regular file nor a block device",
                        f->node.filename);
    }
    f->is_device = S_ISBLK(st.st_mode);
    f->node.zero_beyond_end = !f->is_device;
    off_t end = lseek(f->fd, 0, SEEK_END);
    if (end < 0) {
        return emu_fail_errno(errp, errno, "could not measure '%s'",
                              f->node.filename);
    }
    f->node.size = end;
    return true;
}

static unsigned file_direct_align(const FileNode *f)
{
    int sector = 0;
    struct statx stx;

    if (f->is_device && !ioctl(f->fd, BLKSSZGET, &sector) && sector > 0) {
        return sector;
    }
#ifdef STATX_DIOALIGN
    if (!statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) &&
        stx.stx_mask & STATX_DIOALIGN && stx.stx_dio_offset_align) {
        return MAX(stx.stx_dio_offset_align, stx.stx_dio_mem_align);
    }
#else
    (void)stx;
#endif
    return FILE_DIRECT_ALIGN;
}

static int file_open_host(const char *path, bool read_only, bool direct)
{
    int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;

    return open(path, flags | (direct ? O_DIRECT : 0));
}

/* O_DIRECT is refused by some file systems; auto-read-only falls back where
 * writing is not allowed. */
static bool file_open_fd(FileNode *f, const BlockOpenOptions *o, GError **errp)
{
    const char *path = f->node.filename;
    int err;

    f->fd = file_open_host(path, f->node.read_only, o->cache_direct);
    err = errno;
    if (f->fd < 0 && o->auto_read_only && !f->node.read_only &&
        (err == EACCES || err == EROFS || err == EPERM)) {
        f->node.read_only = true;
        f->fd = file_open_host(path, true, o->cache_direct);
        err = errno;
    }
    if (f->fd >= 0) {
        return true;
    }
    if (err == EINVAL && o->cache_direct) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "could not open '%s': its file system does not "
                        "support cache.direct (O_DIRECT)",
                        path);
    }
    return emu_fail_errno(errp, err, "could not open '%s'", path);
}

static bool file_take_locks(FileNode *f, const BlockOpenOptions *o,
                            GError **errp)
{
    unsigned perm = BLOCK_PERM_CONSISTENT_READ;
    unsigned shared = BLOCK_PERM_CONSISTENT_READ | BLOCK_PERM_WRITE_UNCHANGED;

    if (o->no_lock) {
        return true;
    }
    if (!f->node.read_only) {
        perm |= BLOCK_PERM_WRITE | BLOCK_PERM_RESIZE;
    }
    if (o->force_share) {
        shared = BLOCK_PERM_ALL;
    }
    return file_lock(f->fd, f->node.filename, perm, shared, errp);
}

static bool file_open(BlockNode *node, const BlockOpenOptions *o, GError **errp)
{
    FileNode *f = (FileNode *)node;

    f->fd = -1;
    f->align = 1;
    if (!file_open_fd(f, o, errp) || !file_measure(f, errp)) {
        return false;
    }
    if (o->cache_direct) {
        f->align = file_direct_align(f);
        node->cluster_size = f->align;
    }
    return file_take_locks(f, o, errp);
}

static void file_close(BlockNode *node)
{
    FileNode *f = (FileNode *)node;

    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
    }
}

BlockNode *block_file_from_fd(int fd, const char *name, GError **errp)
{
    g_autoptr(BlockNode) node = block_node_new(&file_driver, name);
    FileNode *f = (FileNode *)node;

    f->fd = fd;
    f->align = 1;
    return file_measure(f, errp) ? g_steal_pointer(&node) : NULL;
}

uint64_t block_file_disk_size(const char *path)
{
    struct stat st;

    return stat(path, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

const BlockDriver file_driver = {
    .name = "file",
    .size = sizeof(FileNode),
    .is_protocol = true,
    .open = file_open,
    .close = file_close,
    .preadv = file_preadv,
    .pwritev = file_pwritev,
    .host_fd = file_host_fd,
    .write_zeroes = file_write_zeroes,
    .discard = file_discard,
    .status = file_status,
    .flush = file_flush,
    .truncate = file_truncate,
};
