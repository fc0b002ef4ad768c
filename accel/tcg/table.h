/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of blocks by key: places tried one after the other. A search reads
 * 32 bits of hashes, sixteen to a cache line, and then the block that it finds;
 * growing reads no block. Who uses it holds engine->lock. Light, but for what
 * allocates.
 */
#ifndef ACCEL_TCG_TABLE_H
#define ACCEL_TCG_TABLE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct TcgBlock TcgBlock;
typedef struct TcgBlockKey TcgBlockKey;

/* What stands for the hash where there is no block. Searches pass a removed
 * one. */
enum { TABLE_EMPTY = 0, TABLE_REMOVED = 1 };

typedef struct TcgTable {
    uint32_t *hash; /* [1 << bits] */
    TcgBlock **block;
    unsigned bits;
    unsigned used; /* places that are not empty */
    unsigned blocks;
} TcgTable;

uint32_t table_hash(const TcgBlockKey *key);
void table_init(TcgTable *t);
void table_free(TcgTable *t);
/* Several blocks may have one key, if they go on in different second pages. The
 * one after `from`, the first one for NULL; NULL if there is none. */
TcgBlock *table_find(const TcgTable *t, const TcgBlockKey *key,
                     const TcgBlock *from);
void table_add(TcgTable *t, TcgBlock *b);
void table_add_hash(TcgTable *t, TcgBlock *b, uint32_t hash);
void table_remove(TcgTable *t, const TcgBlock *b);
/* Room for one more. Heavy, as the first two are. */
void table_make_room(TcgTable *t);

#endif
