/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BlockBackend: asynchronous requests of a device on a chain of nodes. Workers
 * run the (blocking) node calls; finished requests are collected and delivered
 * in batches on the main loop, one eventfd wake-up for as many as there are.
 *
 * Life of a request: submitted -> worker -> done queue -> delivered, or held
 * by the stop policy -> submitted again by blk_resume(). A device's reset ends
 * that circle: what was held before it would write memory that is the guest's
 * again.
 */
#include "block/block.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "block/node.h"
#include "block/uring.h"
#include "block/vec.h"
#include "util/span.h"

enum {
    BLK_WORKERS = 16, /* requests that wait in the host at the same time */
    BLK_FAST_IOV = 512,
};

typedef struct BlkRequest {
    GList link;
    BlockBackend *blk;
    BlockNode *node; /* own reference; NULL: fail with ret */
    BlockOp op;
    unsigned flags;
    uint64_t off, len;
    BlockVec iov;
    BlockCb *cb;
    void *opaque;
    unsigned generation; /* of the backend, when it was submitted */
    int ret;
    NodeFast fast; /* while io_uring has it */
} BlkRequest;

struct BlockBackend {
    /* Wiring: changed by the main thread while nothing is in flight. */
    char *id;
    char *serial;
    bool cdrom;
    BlockErrorPolicy on_read, on_write;
    BlockErrorHook *error_hook;
    void *error_opaque;
    const BlockDeviceOps *dev_ops;
    void *dev_opaque;
    char *dev_id;
    GThreadPool *workers;
    GSource *source;
    int event_fd;
    BlockUring *uring; /* NULL: workers do it all */

    GMutex lock; /* guards what follows; innermost */
    BlockNode *node;
    bool writeback;
    unsigned in_flight;  /* submitted and not yet delivered or held */
    GQueue done;         /* of BlkRequest */
    GQueue held;         /* of BlkRequest, by the stop policy */
    unsigned generation; /* counts the device's resets */
    BlockStats stats;
};

/* ---- Performing --------------------------------------------------------- */

static int blk_perform_write(const BlkRequest *r, BlockNode *node)
{
    switch (r->op) {
    case BLOCK_WRITE:
        return node_pwritev(node, r->off, r->len, r->iov.iov, r->iov.count);
    case BLOCK_WRITE_ZEROES:
        return node_write_zeroes(node, r->off, r->len, r->flags);
    case BLOCK_DISCARD:
        return node_discard(node, r->off, r->len);
    default:
        g_assert_not_reached();
    }
}

static int blk_perform(const BlkRequest *r)
{
    BlockNode *node = r->node;

    if (r->op == BLOCK_FLUSH) {
        return node_flush(node);
    }
    if (!span_fits(r->off, r->len, node_size(node))) {
        return -EIO;
    }
    if (r->op == BLOCK_READ) {
        return node_preadv(node, r->off, r->len, r->iov.iov, r->iov.count);
    }
    int ret = blk_perform_write(r, node);
    return ret || !(r->flags & BLOCK_REQ_FUA) ? ret : node_flush(node);
}

static void blk_wake(BlockBackend *blk)
{
    uint64_t one = 1;

    /* Fails only if the counter is full, and then the loop wakes anyway. */
    (void)!write(blk->event_fd, &one, sizeof(one));
}

static void blk_finish(BlkRequest *r, int ret)
{
    BlockBackend *blk = r->blk;

    r->ret = ret;
    g_mutex_lock(&blk->lock);
    bool first = g_queue_is_empty(&blk->done);
    g_queue_push_tail_link(&blk->done, &r->link);
    if (first) { /* inside the lock: blk may go once the request is seen */
        blk_wake(blk);
    }
    g_mutex_unlock(&blk->lock);
}

static void blk_worker(void *data, void *opaque)
{
    BlkRequest *r = data;

    blk_finish(r, blk_perform(r));
}

/* ---- The short way: io_uring -------------------------------------------- */

static bool blk_may_be_fast(const BlockBackend *blk, const BlkRequest *r)
{
    bool plain = r->op == BLOCK_READ || (r->op == BLOCK_WRITE && !r->flags);

    return blk->uring && plain && !r->node->aio_threads && r->len &&
           r->iov.count <= BLK_FAST_IOV &&
           span_fits(r->off, r->len, node_size(r->node));
}

static bool blk_try_fast(BlockBackend *blk, BlkRequest *r)
{
    bool write = r->op == BLOCK_WRITE;

    if (!blk_may_be_fast(blk, r) ||
        !node_fast_begin(&r->fast, r->node, write, r->off, r->len, r->iov.iov,
                         r->iov.count)) {
        return false;
    }
    if (!block_uring_submit(blk->uring, write, r->fast.fd, r->fast.off,
                            r->iov.iov, r->iov.count, r)) {
        node_fast_end(&r->fast);
        return false;
    }
    return true;
}

/* Anything but a whole transfer is done again the long way, which knows what
 * to make of it. */
static void blk_fast_done(void *user, int res)
{
    BlkRequest *r = user;
    BlockBackend *blk = r->blk;
    bool whole = res >= 0 && (uint64_t)res == r->len;

    if (whole && r->op == BLOCK_WRITE) {
        block_file_written(r->fast.file, r->fast.off + r->len);
    }
    node_fast_end(&r->fast);
    if (!whole) {
        g_thread_pool_push(blk->workers, r, NULL);
        return;
    }
    r->ret = 0;
    g_mutex_lock(&blk->lock);
    g_queue_push_tail_link(&blk->done, &r->link);
    g_mutex_unlock(&blk->lock);
}

/* ---- Submitting --------------------------------------------------------- */

/* What is wrong with the request before it starts, or 0. */
static int blk_refuse_locked(const BlockBackend *blk, BlockOp op)
{
    if (!blk->node) {
        return -ENOMEDIUM;
    }
    if (op != BLOCK_READ && op != BLOCK_FLUSH && blk->node->read_only) {
        return -EPERM;
    }
    return 0;
}

static void blk_start(BlockBackend *blk, BlkRequest *r)
{
    g_mutex_lock(&blk->lock);
    int ret = blk_refuse_locked(blk, r->op);
    blk->in_flight++;
    r->node = ret ? NULL : block_node_ref(blk->node);
    if (!blk->writeback && r->op != BLOCK_READ && r->op != BLOCK_DISCARD) {
        r->flags |= BLOCK_REQ_FUA;
    }
    g_mutex_unlock(&blk->lock);
    if (ret) {
        blk_finish(r, ret);
        return;
    }
    if (!blk_try_fast(blk, r)) {
        g_thread_pool_push(blk->workers, r, NULL);
    }
}

static void blk_first_start(BlockBackend *blk, BlkRequest *r)
{
    g_mutex_lock(&blk->lock);
    r->generation = blk->generation;
    g_mutex_unlock(&blk->lock);
    blk_start(blk, r);
}

static void blk_request_free(BlkRequest *r)
{
    block_node_unref(r->node);
    block_vec_clear(&r->iov);
    g_free(r);
}

/* An empty drive without a backend: fail from the main loop. */
static gboolean blk_deliver_orphan(void *opaque)
{
    BlkRequest *r = opaque;

    r->cb(r->opaque, r->ret);
    blk_request_free(r);
    return G_SOURCE_REMOVE;
}

void blk_submit(BlockBackend *blk, BlockOp op, uint64_t off, uint64_t len,
                const struct iovec *iov, int iovcnt, unsigned flags,
                BlockCb *cb, void *opaque)
{
    BlkRequest *r = g_new0(BlkRequest, 1);
    bool moves = op == BLOCK_READ || op == BLOCK_WRITE;

    *r = (BlkRequest){ .blk = blk,
                       .op = op,
                       .flags = flags,
                       .off = off,
                       .len = op == BLOCK_FLUSH ? 0 : len,
                       .cb = cb,
                       .opaque = opaque };
    r->link.data = r;
    block_vec_init(&r->iov);
    if (moves) {
        block_vec_add_slice(&r->iov, iov, iovcnt, 0, len);
    }
    if (!blk) {
        r->ret = -ENOMEDIUM;
        g_idle_add_full(G_PRIORITY_DEFAULT, blk_deliver_orphan, r, NULL);
        return;
    }
    if (moves && r->iov.len != len) { /* the list is shorter than it says */
        r->len = UINT64_MAX;
    }
    blk_first_start(blk, r);
}

/* ---- Delivering --------------------------------------------------------- */

BlockErrorPolicy blk_error_policy(const BlockBackend *blk, bool read)
{
    return !blk ? BLOCK_ON_ERROR_REPORT : read ? blk->on_read : blk->on_write;
}

/* What to do about a failed request: report, ignore or stop. Those that never
 * reached a node are the device's mistake. */
static BlockErrorPolicy blk_error_action_locked(const BlockBackend *blk,
                                                const BlkRequest *r)
{
    BlockErrorPolicy policy = blk_error_policy(blk, r->op == BLOCK_READ);

    if (policy == BLOCK_ON_ERROR_ENOSPC) {
        policy = block_error_is_no_space(-r->ret) ? BLOCK_ON_ERROR_STOP
                                                  : BLOCK_ON_ERROR_REPORT;
    }
    if (policy == BLOCK_ON_ERROR_STOP &&
        (!blk->error_hook || r->generation != blk->generation)) {
        policy = BLOCK_ON_ERROR_REPORT;
    }
    return policy;
}

/* Keep the request until blk_resume(). */
static void blk_hold_locked(BlockBackend *blk, BlkRequest *r)
{
    g_queue_push_tail_link(&blk->held, &r->link);
    blk->in_flight--;
    blk->stats.failed[r->op]++;
}

/* True: the request is held, and may be gone. */
static bool blk_handle_error(BlockBackend *blk, BlkRequest *r)
{
    BlockOp op = r->op;
    int err = -r->ret;

    g_mutex_lock(&blk->lock);
    BlockErrorPolicy action = blk_error_action_locked(blk, r);
    g_autoptr(BlockNode) node = g_steal_pointer(&r->node);
    bool held = action == BLOCK_ON_ERROR_STOP;
    if (held) {
        blk_hold_locked(blk, r);
    } else if (action == BLOCK_ON_ERROR_IGNORE) {
        r->ret = 0;
    }
    g_mutex_unlock(&blk->lock);
    if (blk->error_hook) {
        blk->error_hook(blk->error_opaque, blk, op, err, action);
    }
    return held;
}

static void blk_account_locked(BlockBackend *blk, const BlkRequest *r)
{
    if (r->ret) {
        blk->stats.failed[r->op]++;
        return;
    }
    blk->stats.ops[r->op]++;
    blk->stats.bytes[r->op] += r->len;
}

static void blk_deliver(BlockBackend *blk, BlkRequest *r)
{
    if (r->ret && r->node && blk_handle_error(blk, r)) {
        return;
    }
    g_mutex_lock(&blk->lock);
    blk_account_locked(blk, r);
    blk->in_flight--;
    g_mutex_unlock(&blk->lock);
    r->cb(r->opaque, r->ret);
    blk_request_free(r);
}

/* Deliver what is done; false if there was nothing. One at a time, for a
 * completion may itself drain. */
static bool blk_deliver_all(BlockBackend *blk)
{
    bool any = false;

    if (blk->uring) {
        block_uring_reap(blk->uring, blk_fast_done);
    }
    for (;;) {
        g_mutex_lock(&blk->lock);
        GList *link = g_queue_pop_head_link(&blk->done);
        g_mutex_unlock(&blk->lock);
        if (!link) {
            return any;
        }
        any = true;
        blk_deliver(blk, link->data);
    }
}

typedef struct BlkSource {
    GSource parent;
    BlockBackend *blk;
    void *tag;
} BlkSource;

/* Before looking, so that what comes later is announced again. */
static void blk_clear_event(BlockBackend *blk)
{
    uint64_t count;

    (void)!read(blk->event_fd, &count, sizeof(count));
}

static gboolean blk_source_dispatch(GSource *source, GSourceFunc callback,
                                    void *opaque)
{
    BlockBackend *blk = ((BlkSource *)source)->blk;

    blk_clear_event(blk);
    blk_deliver_all(blk);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs blk_source_funcs = { .dispatch = blk_source_dispatch };

static void blk_attach_source(BlockBackend *blk)
{
    blk->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    blk->source = g_source_new(&blk_source_funcs, sizeof(BlkSource));
    BlkSource *s = (BlkSource *)blk->source;
    s->blk = blk;
    s->tag = g_source_add_unix_fd(blk->source, blk->event_fd, G_IO_IN);
    g_source_set_can_recurse(blk->source, TRUE);
    g_source_attach(blk->source, NULL);
}

void blk_drain(BlockBackend *blk)
{
    if (!blk) {
        return;
    }
    for (;;) {
        struct pollfd wait = { .fd = blk->event_fd, .events = POLLIN };
        blk_clear_event(blk);
        blk_deliver_all(blk);
        g_mutex_lock(&blk->lock);
        bool idle = !blk->in_flight;
        g_mutex_unlock(&blk->lock);
        if (idle) {
            return;
        }
        poll(&wait, 1, -1);
    }
}

void blk_resume(BlockBackend *blk)
{
    GQueue again = G_QUEUE_INIT;

    if (!blk) {
        return;
    }
    g_mutex_lock(&blk->lock);
    again = blk->held;
    g_queue_init(&blk->held);
    g_mutex_unlock(&blk->lock);
    for (GList *link; (link = g_queue_pop_head_link(&again));) {
        blk_start(blk, link->data);
    }
}

void blk_cancel_held(BlockBackend *blk)
{
    if (!blk) {
        return;
    }
    g_mutex_lock(&blk->lock);
    blk->generation++;
    for (GList *link; (link = g_queue_pop_head_link(&blk->held));) {
        g_queue_push_tail_link(&blk->done, link);
        blk->in_flight++;
    }
    blk_wake(blk);
    g_mutex_unlock(&blk->lock);
}

/* ---- Synchronous forms -------------------------------------------------- */

static int blk_run_sync(BlockBackend *blk, BlockOp op, uint64_t off, void *buf,
                        uint64_t len)
{
    BlkRequest r = { .op = op, .off = off, .len = len };
    int ret = -ENOMEDIUM;

    if (!blk) {
        return ret;
    }
    /* Requests of the short way hold their ranges until the main loop reaps
     * them, so the main loop must not wait for a range. */
    if (g_main_context_is_owner(NULL)) {
        blk_drain(blk);
    }
    block_vec_init(&r.iov);
    block_vec_add(&r.iov, buf, len);
    g_mutex_lock(&blk->lock);
    ret = blk_refuse_locked(blk, op);
    r.node = ret ? NULL : block_node_ref(blk->node);
    r.flags = blk->writeback ? 0 : BLOCK_REQ_FUA;
    g_mutex_unlock(&blk->lock);
    if (!ret) {
        ret = blk_perform(&r);
    }
    block_node_unref(r.node);
    block_vec_clear(&r.iov);
    return ret;
}

int blk_read(BlockBackend *blk, uint64_t off, void *buf, uint64_t len)
{
    return blk_run_sync(blk, BLOCK_READ, off, buf, len);
}

int blk_write(BlockBackend *blk, uint64_t off, const void *buf, uint64_t len)
{
    return blk_run_sync(blk, BLOCK_WRITE, off, (void *)buf, len);
}

int blk_flush(BlockBackend *blk)
{
    return blk_run_sync(blk, BLOCK_FLUSH, 0, NULL, 0);
}

/* ---- What a device asks ------------------------------------------------- */

/* The medium, referenced, or NULL. */
static BlockNode *blk_get_node(const BlockBackend *blk)
{
    BlockBackend *b = (BlockBackend *)blk;

    if (!b) {
        return NULL;
    }
    g_mutex_lock(&b->lock);
    BlockNode *node = b->node ? block_node_ref(b->node) : NULL;
    g_mutex_unlock(&b->lock);
    return node;
}

uint64_t blk_size(const BlockBackend *blk)
{
    g_autoptr(BlockNode) node = blk_get_node(blk);

    return node ? node_size(node) : 0;
}

bool blk_present(const BlockBackend *blk)
{
    g_autoptr(BlockNode) node = blk_get_node(blk);

    return node;
}

bool blk_read_only(const BlockBackend *blk)
{
    g_autoptr(BlockNode) node = blk_get_node(blk);

    return node && node->read_only;
}

bool blk_write_cache(const BlockBackend *blk)
{
    return blk && __atomic_load_n(&blk->writeback, __ATOMIC_RELAXED);
}

void blk_set_write_cache(BlockBackend *blk, bool on)
{
    if (!blk) {
        return;
    }
    g_mutex_lock(&blk->lock);
    __atomic_store_n(&blk->writeback, on, __ATOMIC_RELAXED);
    g_mutex_unlock(&blk->lock);
}

bool blk_discard_enabled(const BlockBackend *blk)
{
    g_autoptr(BlockNode) node = blk_get_node(blk);

    return node && !node->read_only && node->discard;
}

const char *blk_id(const BlockBackend *blk)
{
    return blk ? blk->id : "";
}

const char *blk_serial(const BlockBackend *blk)
{
    return blk ? blk->serial : NULL;
}

bool blk_is_cdrom(const BlockBackend *blk)
{
    return blk && blk->cdrom;
}

void blk_stats(const BlockBackend *blk, BlockStats *out)
{
    BlockBackend *b = (BlockBackend *)blk;

    *out = (BlockStats){};
    if (!b) {
        return;
    }
    g_mutex_lock(&b->lock);
    *out = b->stats;
    g_mutex_unlock(&b->lock);
}

bool blk_attach(BlockBackend *blk, const BlockDeviceOps *ops, void *opaque,
                const char *device_id, GError **errp)
{
    if (!blk) {
        return true;
    }
    if (blk->dev_id) {
        return emu_fail(errp, EMU_ERROR_BUSY,
                        "drive '%s' is in use by device '%s'", blk->id,
                        blk->dev_id);
    }
    blk->dev_id = g_strdup(device_id ? device_id : "");
    blk->dev_ops = ops;
    blk->dev_opaque = opaque;
    return true;
}

void blk_detach(BlockBackend *blk)
{
    if (!blk) {
        return;
    }
    blk_cancel_held(blk);
    blk_drain(blk);
    blk->dev_ops = NULL;
    blk->dev_opaque = NULL;
    g_clear_pointer(&blk->dev_id, g_free);
}

/* ---- The owner's side --------------------------------------------------- */

BlockBackend *blk_new(const char *id, BlockNode *node)
{
    BlockBackend *blk = g_new0(BlockBackend, 1);

    blk->id = g_strdup(id);
    blk->node = node;
    blk->writeback = !node || !node->cache_writethrough;
    blk->on_read = BLOCK_ON_ERROR_REPORT;
    blk->on_write = BLOCK_ON_ERROR_ENOSPC;
    g_mutex_init(&blk->lock);
    g_queue_init(&blk->done);
    g_queue_init(&blk->held);
    /* Non-exclusive: threads start when needed and serve all backends. */
    blk->workers = g_thread_pool_new(blk_worker, blk, BLK_WORKERS, FALSE, NULL);
    blk_attach_source(blk);
    if (node) {
        blk->uring = block_uring_new(blk->event_fd);
    }
    return blk;
}

void blk_free(BlockBackend *blk)
{
    if (!blk) {
        return;
    }
    blk_cancel_held(blk);
    blk_drain(blk);
    blk_flush(blk);
    g_source_destroy(blk->source);
    g_source_unref(blk->source);
    g_thread_pool_free(blk->workers, FALSE, TRUE);
    block_uring_free(blk->uring);
    close(blk->event_fd);
    block_node_unref(blk->node);
    g_mutex_clear(&blk->lock);
    g_free(blk->id);
    g_free(blk->serial);
    g_free(blk->dev_id);
    g_free(blk);
}

void blk_set_node(BlockBackend *blk, BlockNode *node)
{
    blk_drain(blk);
    blk_flush(blk);
    g_mutex_lock(&blk->lock);
    g_autoptr(BlockNode) old = g_steal_pointer(&blk->node);
    blk->node = node;
    g_mutex_unlock(&blk->lock);
    if (node && !blk->uring) {
        blk->uring = block_uring_new(blk->event_fd);
    }
    if (blk->dev_ops && blk->dev_ops->media_changed) {
        blk->dev_ops->media_changed(blk->dev_opaque, node != NULL);
    }
}

bool blk_request_eject(BlockBackend *blk, GError **errp)
{
    const BlockDeviceOps *ops = blk->dev_ops;

    if (!ops || !ops->is_locked || !ops->is_locked(blk->dev_opaque)) {
        return true;
    }
    if (ops->eject_request) {
        ops->eject_request(blk->dev_opaque);
    }
    return emu_fail(errp, EMU_ERROR_BUSY,
                    "device '%s' is locked and force was not specified, wait "
                    "for tray to open and try again",
                    blk->id);
}

BlockNode *blk_node(BlockBackend *blk)
{
    return blk ? blk->node : NULL;
}

void blk_set_serial(BlockBackend *blk, const char *serial)
{
    g_free(blk->serial);
    blk->serial = g_strdup(serial);
}

void blk_set_cdrom(BlockBackend *blk, bool cdrom)
{
    blk->cdrom = cdrom;
}

void blk_set_error_policy(BlockBackend *blk, BlockErrorPolicy on_read,
                          BlockErrorPolicy on_write)
{
    blk->on_read = on_read;
    blk->on_write = on_write;
}

void blk_set_error_hook(BlockBackend *blk, BlockErrorHook *hook, void *opaque)
{
    blk->error_hook = hook;
    blk->error_opaque = opaque;
}

/* ---- info block --------------------------------------------------------- */

static const char *blk_cache_mode(const BlockBackend *blk)
{
    const BlockNode *node = blk->node;

    if (blk->writeback) {
        return node->cache_no_flush ? "unsafe"
               : node->cache_direct ? "none"
                                    : "writeback";
    }
    return node->cache_direct ? "directsync" : "writethrough";
}

static void blk_print_medium(const BlockBackend *blk, GString *out)
{
    const BlockNode *node = blk->node;

    if (!node) {
        g_string_append(out, ": [not inserted]\n");
        return;
    }
    g_string_append_printf(out, ": %s (%s%s)\n", node->filename,
                           node->driver->name,
                           node->read_only ? ", read-only" : "");
}

static void blk_print_device(const BlockBackend *blk, GString *out)
{
    const BlockDeviceOps *ops = blk->dev_ops;

    if (blk->dev_id && *blk->dev_id) {
        g_string_append_printf(out, "    Attached to:      %s\n", blk->dev_id);
    }
    if (!ops || !ops->is_tray_open) {
        return;
    }
    bool locked = ops->is_locked && ops->is_locked(blk->dev_opaque);
    g_string_append_printf(
        out, "    Removable device: %slocked, tray %s\n", locked ? "" : "not ",
        ops->is_tray_open(blk->dev_opaque) ? "open" : "closed");
}

static void blk_print_chain(const BlockBackend *blk, GString *out)
{
    unsigned depth = 0;

    for (const BlockNode *n = blk->node; n->backing; n = n->backing) {
        depth++;
    }
    g_string_append_printf(out, "    Cache mode:       %s\n",
                           blk_cache_mode(blk));
    if (depth) {
        g_string_append_printf(out,
                               "    Backing file:     %s (chain depth: %u)\n",
                               blk->node->backing_name, depth);
    }
}

static void blk_print_images(const BlockBackend *blk, GString *out)
{
    g_string_append(out, "\nImages:\n");
    for (BlockNode *n = blk->node; n; n = n->backing) {
        block_info_print(n, out);
        g_string_append(out, n->backing ? "\n" : "");
    }
}

void blk_print(BlockBackend *blk, bool verbose, GString *out)
{
    g_string_append(out, blk->id);
    blk_print_medium(blk, out);
    blk_print_device(blk, out);
    if (!blk->node) {
        return;
    }
    blk_print_chain(blk, out);
    if (verbose) {
        blk_print_images(blk, out);
    }
}
