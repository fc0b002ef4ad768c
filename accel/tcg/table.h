/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of blocks by key: places tried one after the other. A place is 32
 * bits of the hash and the block's number, eight to a cache line; growing and
 * removing read no block. Who uses it holds engine->lock. Light, but for what
 * allocates.
 */
#ifndef ACCEL_TCG_TABLE_H
#define ACCEL_TCG_TABLE_H

#include "accel/tcg/pool.h"

typedef struct TcgBlockKey TcgBlockKey;

typedef struct TcgPlace {
    uint32_t hash; /* 0: empty */
    uint32_t block;
} TcgPlace;

typedef struct TcgTable {
    TcgPlace *place; /* [1 << bits] */
    unsigned bits;
    unsigned blocks;
    const TcgPool *pool;
} TcgTable;

uint32_t table_hash(const TcgBlockKey *key);
void table_init(TcgTable *t, const TcgPool *pool);
void table_free(TcgTable *t);
/* Several blocks may have one key, if they go on in different second pages. The
 * one after `from`, the first one for NULL; NULL if there is none. */
TcgBlock *table_find(const TcgTable *t, const TcgBlockKey *key,
                     const TcgBlock *from);
void table_add(TcgTable *t, TcgBlock *b);
/* A place that is in no table. */
void table_put(TcgTable *t, TcgPlace place);
void table_remove(TcgTable *t, const TcgBlock *b);
/* Room for one more. Heavy, as the first two are. */
void table_make_room(TcgTable *t);

#endif
