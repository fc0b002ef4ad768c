/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io_uring for backends, and the search for the short way; see uring.h. */
#include "block/uring.h"

#include <errno.h>
#include <liburing.h>

#define URING_ENTRIES 128

struct BlockUring {
    GMutex lock; /* guards the submission side */
    struct io_uring ring;
    unsigned pending; /* atomic; bounded, so that no completion overflows */
};

BlockUring *block_uring_new(int event_fd)
{
    BlockUring *u = g_new0(BlockUring, 1);

    if (io_uring_queue_init(URING_ENTRIES, &u->ring, 0)) {
        g_free(u);
        return NULL;
    }
    if (io_uring_register_eventfd(&u->ring, event_fd)) {
        io_uring_queue_exit(&u->ring);
        g_free(u);
        return NULL;
    }
    g_mutex_init(&u->lock);
    return u;
}

void block_uring_free(BlockUring *u)
{
    if (!u) {
        return;
    }
    io_uring_queue_exit(&u->ring);
    g_mutex_clear(&u->lock);
    g_free(u);
}

/* An entry that the kernel did not take stays in the queue; it must not be
 * carried out later. */
static bool uring_submit_locked(BlockUring *u, struct io_uring_sqe *sqe)
{
    if (io_uring_submit(&u->ring) > 0) {
        return true;
    }
    io_uring_prep_nop(sqe);
    io_uring_sqe_set_data(sqe, NULL);
    return false;
}

bool block_uring_submit(BlockUring *u, bool write, int fd, uint64_t off,
                        const struct iovec *iov, int count, void *user)
{
    bool ok = false;

    if (__atomic_load_n(&u->pending, __ATOMIC_RELAXED) >= URING_ENTRIES) {
        return false;
    }
    g_mutex_lock(&u->lock);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    if (sqe) {
        if (write) {
            io_uring_prep_writev(sqe, fd, iov, count, off);
        } else {
            io_uring_prep_readv(sqe, fd, iov, count, off);
        }
        io_uring_sqe_set_data(sqe, user);
        __atomic_add_fetch(&u->pending, 1, __ATOMIC_RELAXED);
        ok = uring_submit_locked(u, sqe);
        if (!ok) {
            __atomic_sub_fetch(&u->pending, 1, __ATOMIC_RELAXED);
        }
    }
    g_mutex_unlock(&u->lock);
    return ok;
}

void block_uring_reap(BlockUring *u, void (*done)(void *user, int res))
{
    struct io_uring_cqe *cqe;

    while (!io_uring_peek_cqe(&u->ring, &cqe)) {
        void *user = io_uring_cqe_get_data(cqe);
        int res = cqe->res;
        io_uring_cqe_seen(&u->ring, cqe);
        if (user) {
            __atomic_sub_fetch(&u->pending, 1, __ATOMIC_RELAXED);
            done(user, res);
        }
    }
}

/* ---- The short way ------------------------------------------------------ */

static bool fast_hold(NodeFast *f, BlockNode *node, uint64_t off, uint64_t len)
{
    uint64_t mask = node->cluster_size - 1;

    if (f->holds == NODE_FAST_DEPTH ||
        !range_trylock(&node->ranges, &f->hold[f->holds], off & ~mask,
                       (off + len + mask) & ~mask, false)) {
        return false;
    }
    f->held[f->holds++] = node;
    return true;
}

/* One node down: where node has [f->off, + len), if it has it in one piece. */
static BlockNode *fast_step(NodeFast *f, BlockNode *node, bool write,
                            uint64_t len)
{
    BlockRun run = {};

    if (!node->driver->map_now ||
        (node->driver->map && !fast_hold(f, node, f->off, len)) ||
        !node->driver->map_now(node, f->off, len, &run) || run.len < len) {
        return NULL;
    }
    if (run.kind == BLOCK_RUN_DATA && (run.writable || !write)) {
        f->off = run.off;
        return node->file;
    }
    if (run.kind == BLOCK_RUN_BACKING && !write && node->backing &&
        f->off + len <= node_size(node->backing)) {
        return node->backing;
    }
    return NULL;
}

bool node_fast_begin(NodeFast *f, BlockNode *node, bool write, uint64_t off,
                     uint64_t len, const struct iovec *iov, int count)
{
    f->off = off;
    f->holds = 0;
    while (node && !node->driver->host_fd) {
        node = fast_step(f, node, write, len);
    }
    f->file = node;
    f->fd = node ? node->driver->host_fd(node, f->off, len, iov, count) : -1;
    if (f->fd < 0 ||
        (write && node->cache_direct && !fast_hold(f, node, f->off, len))) {
        node_fast_end(f);
        return false;
    }
    return true;
}

void node_fast_end(NodeFast *f)
{
    while (f->holds) {
        f->holds--;
        range_unlock(&f->held[f->holds]->ranges, &f->hold[f->holds]);
    }
}
