/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A protocol node in memory for tests: keeps a log of writes and flushes, so
 * that a crash can be played at every point, and can run out of space.
 */
#ifndef TESTS_BLOCK_MEMNODE_H
#define TESTS_BLOCK_MEMNODE_H

#include "block/node.h"

typedef struct MemWrite {
    uint64_t off;
    GBytes *data; /* NULL: a flush */
} MemWrite;

typedef struct MemNode {
    BlockNode node;
    GMutex lock;
    GByteArray *data;
    GArray *log;    /* of MemWrite, or NULL */
    uint64_t limit; /* size that the node may reach; writes beyond: -ENOSPC */
    unsigned fail_after; /* writes until -EIO; 0: never */
} MemNode;

/* Content is copied; NULL: empty. */
MemNode *mem_node_new(const void *data, size_t len);
void mem_node_start_log(MemNode *m);
/* Apply entries [0, n) of a log to data; entries with skip[i] set are lost. */
void mem_log_replay(const GArray *log, unsigned n, const bool *skip,
                    GByteArray *data);

#endif
