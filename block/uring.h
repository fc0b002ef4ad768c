/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short way of a request: straight to the host's io_uring, without a
 * worker, when it is already known where the bytes are and nobody is in the
 * way. Everything else takes a worker.
 */
#ifndef BLOCK_URING_H
#define BLOCK_URING_H

#include "block/node.h"

typedef struct BlockUring BlockUring;

/* Completions make event_fd readable. NULL where the host has no io_uring. */
BlockUring *block_uring_new(int event_fd);
void block_uring_free(BlockUring *u); /* nothing is in flight */
/* Any thread. False: the ring is full or does not take it. iov must stay. */
bool block_uring_submit(BlockUring *u, bool write, int fd, uint64_t off,
                        const struct iovec *iov, int count, void *user);
/* Main thread: report what is complete; res is bytes or -errno. */
void block_uring_reap(BlockUring *u, void (*done)(void *user, int res));

/* A range of a chain that is known to be one piece of a host file, with the
 * range locks on the way held. Must not be moved. */
enum { NODE_FAST_DEPTH = 6 };
typedef struct NodeFast {
    BlockNode *file;
    int fd;
    uint64_t off;
    unsigned holds;
    BlockNode *held[NODE_FAST_DEPTH];
    RangeHold hold[NODE_FAST_DEPTH];
} NodeFast;

/* Never waits. False: take the long way; nothing is held then. */
bool node_fast_begin(NodeFast *f, BlockNode *node, bool write, uint64_t off,
                     uint64_t len, const struct iovec *iov, int count);
void node_fast_end(NodeFast *f);

#endif
