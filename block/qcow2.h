/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: making an image. Everything else goes through the driver. */
#ifndef BLOCK_QCOW2_H
#define BLOCK_QCOW2_H

#include "block/node.h"

typedef struct Qcow2CreateOptions {
    uint64_t size;
    unsigned version;       /* 2 or 3 */
    uint32_t cluster_size;  /* bytes, power of two */
    unsigned refcount_bits; /* power of two up to 64 */
    bool lazy_refcounts;
    bool zstd;
    const char *backing_name, *backing_format; /* or NULL */
} Qcow2CreateOptions;

void qcow2_create_options_init(Qcow2CreateOptions *o);
/* Lay an empty image into file, which is empty itself. */
bool qcow2_create(BlockNode *file, const Qcow2CreateOptions *o, GError **errp);

#endif
