/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device (or emu-img) sees of a disk: a BlockBackend, a linear array of
 * bytes with asynchronous requests. Behind it stands a chain of nodes (format,
 * protocol, filters); see block/node.h.
 *
 * A request's completion runs on the main loop's thread (or the backend's I/O
 * thread once it has one) with no lock held. A NULL backend is an empty drive:
 * every wrapper here copes with it.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct BlockBackend BlockBackend;
typedef struct BlockNode BlockNode;

typedef enum BlockOp {
    BLOCK_READ = 1,
    BLOCK_WRITE,
    BLOCK_WRITE_ZEROES,
    BLOCK_DISCARD,
    BLOCK_FLUSH,
} BlockOp;

/* What to do when the host fails a request (rerror=, werror=). */
typedef enum BlockErrorPolicy {
    BLOCK_ON_ERROR_REPORT,
    BLOCK_ON_ERROR_IGNORE,
    BLOCK_ON_ERROR_STOP, /* stop the machine; the request is retried on cont */
    BLOCK_ON_ERROR_ENOSPC, /* stop when there is no room, else report */
} BlockErrorPolicy;

/* ret: 0 or -errno. */
typedef void BlockCb(void *opaque, int ret);

/* Start a request. iov (copied; the memory it points to must stay until the
 * completion) is ignored for zeroes, discard and flush. off and len in bytes;
 * any alignment. Out-of-range requests complete with -EIO. Completions of
 * stopped requests wait until blk_resume(). Any thread. */
void blk_submit(BlockBackend *blk, BlockOp op, uint64_t off, uint64_t len,
                const struct iovec *iov, int iovcnt, unsigned flags,
                BlockCb *cb, void *opaque);
enum { BLOCK_REQ_FUA = 1, BLOCK_REQ_MAY_UNMAP = 2 };

/* Synchronous forms for loaders and tools; 0 or -errno. */
int blk_read(BlockBackend *blk, uint64_t off, void *buf, uint64_t len);
int blk_write(BlockBackend *blk, uint64_t off, const void *buf, uint64_t len);
int blk_flush(BlockBackend *blk);

uint64_t blk_size(const BlockBackend *blk); /* bytes; 0 without medium */
bool blk_present(const BlockBackend *blk);  /* a medium is in */
bool blk_read_only(const BlockBackend *blk);
bool blk_write_cache(const BlockBackend *blk); /* guest must flush */
void blk_set_write_cache(BlockBackend *blk, bool on);
bool blk_discard_enabled(const BlockBackend *blk);
const char *blk_id(const BlockBackend *blk);     /* drive id; "" for NULL */
const char *blk_serial(const BlockBackend *blk); /* NULL if none */
bool blk_is_cdrom(const BlockBackend *blk);      /* media=cdrom */

BlockErrorPolicy blk_error_policy(const BlockBackend *blk, bool read);

/* A device claims the backend: one at most. media_changed runs on the main
 * loop after eject or change. */
typedef struct BlockDeviceOps {
    void (*media_changed)(void *opaque, bool loaded);
    bool (*is_tray_open)(void *opaque);
    bool (*is_locked)(void *opaque);
    /* Somebody presses the drive's button: the guest is asked to open. */
    void (*eject_request)(void *opaque);
} BlockDeviceOps;
bool blk_attach(BlockBackend *blk, const BlockDeviceOps *ops, void *opaque,
                const char *device_id, GError **errp);
void blk_detach(BlockBackend *blk);

/* Wait until no request is in flight (main thread; runs completions). */
void blk_drain(BlockBackend *blk);
/* Release requests held by the stop policy, by trying them again. */
void blk_resume(BlockBackend *blk);
/* The device was reset: what it asked for until now is not tried again. Held
 * requests fail (on the main loop, as ever), those in flight will not be held.
 * Any thread. */
void blk_cancel_held(BlockBackend *blk);

typedef struct BlockStats {
    uint64_t ops[BLOCK_FLUSH + 1];
    uint64_t bytes[BLOCK_FLUSH + 1];
    uint64_t failed[BLOCK_FLUSH + 1];
} BlockStats;
void blk_stats(const BlockBackend *blk, BlockStats *out);

/* ---- Owner's side: machine options, monitor, tools ---------------------- */

typedef struct BlockOpenOptions {
    const char *filename;
    const char *format; /* NULL: probe (raw by probe: writes to sector 0 that
                           would change the format are refused) */
    bool read_only;
    bool auto_read_only;
    bool snapshot; /* writes go to a temporary overlay */
    bool cache_direct, cache_no_flush, cache_writeback;
    bool discard;
    bool aio_threads; /* aio=threads: no io_uring */
    bool no_lock;     /* emu-img -U */
    bool force_share; /* read without taking the shared lock's exclusions */
    bool check;       /* open a damaged image for emu-img check */
} BlockOpenOptions;
void block_open_options_init(BlockOpenOptions *o); /* writeback, probe */

BlockNode *block_open(const BlockOpenOptions *o, GError **errp);
void block_node_unref(BlockNode *node);

/* Takes node's reference (may be NULL: empty drive). */
BlockBackend *blk_new(const char *id, BlockNode *node);
void blk_free(BlockBackend *blk); /* drains, flushes, closes */
void blk_set_node(BlockBackend *blk, BlockNode *node); /* change medium */
/* Before a medium goes: if the guest holds the tray locked it is asked to let
 * go, and this fails. */
bool blk_request_eject(BlockBackend *blk, GError **errp);
BlockNode *blk_node(BlockBackend *blk);
void blk_set_serial(BlockBackend *blk, const char *serial);
void blk_set_cdrom(BlockBackend *blk, bool cdrom);
void blk_set_error_policy(BlockBackend *blk, BlockErrorPolicy on_read,
                          BlockErrorPolicy on_write);
/* The host failed a request; policy is what is done about it: report, ignore
 * or stop. On the main loop; only with a hook are requests held. */
typedef void BlockErrorHook(void *opaque, BlockBackend *blk, BlockOp op,
                            int err, BlockErrorPolicy action);
void blk_set_error_hook(BlockBackend *blk, BlockErrorHook *hook, void *opaque);
/* No room on the host: disk or quota full, or the file may not be larger. */
static inline bool block_error_is_no_space(int err)
{
    return err == ENOSPC || err == EDQUOT || err == EFBIG;
}
/* Lines for `info block`, in QEMU's shape. */
void blk_print(BlockBackend *blk, bool verbose, GString *out);

#endif
