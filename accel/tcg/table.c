/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of blocks: see table.h. Light. */
#include "accel/tcg/engine.h"

/* Neither empty nor removed. */
uint32_t table_hash(const TcgBlockKey *key)
{
    return block_hash(key) >> 32 | 2;
}

static unsigned table_first(const TcgTable *t, uint32_t hash)
{
    return hash >> (32 - t->bits);
}

static unsigned table_next(const TcgTable *t, unsigned at)
{
    return (at + 1) & ((1u << t->bits) - 1);
}

static bool table_same_key(const TcgBlockKey *a, const TcgBlockKey *b)
{
    return a->host == b->host && a->pc == b->pc && a->bits == b->bits &&
           a->cs_base == b->cs_base;
}

TcgBlock *table_find(const TcgTable *t, const TcgBlockKey *key,
                     const TcgBlock *from)
{
    uint32_t hash = table_hash(key);
    bool passed = !from;

    for (unsigned at = table_first(t, hash); t->hash[at] != TABLE_EMPTY;
         at = table_next(t, at)) {
        TcgBlock *b = t->hash[at] == hash ? t->block[at] : NULL;
        if (b && passed && table_same_key(&b->key, key)) {
            return b;
        }
        passed |= b && b == from;
    }
    return NULL;
}

void table_add_hash(TcgTable *t, TcgBlock *b, uint32_t hash)
{
    unsigned at = table_first(t, hash);

    while (t->hash[at] > TABLE_REMOVED) {
        at = table_next(t, at);
    }
    t->used += t->hash[at] == TABLE_EMPTY;
    t->blocks++;
    t->hash[at] = hash;
    t->block[at] = b;
}

void table_add(TcgTable *t, TcgBlock *b)
{
    table_add_hash(t, b, table_hash(&b->key));
}

void table_remove(TcgTable *t, const TcgBlock *b)
{
    unsigned mask = (1u << t->bits) - 1;
    unsigned at = table_first(t, table_hash(&b->key));

    while (t->block[at] != b) {
        at = table_next(t, at);
    }
    t->hash[at] = TABLE_REMOVED;
    t->block[at] = NULL;
    t->blocks--;
    if (t->hash[table_next(t, at)] != TABLE_EMPTY) {
        return;
    }
    /* No search has to go on from here. */
    for (; t->hash[at] == TABLE_REMOVED; at = (at - 1) & mask) {
        t->hash[at] = TABLE_EMPTY;
        t->used--;
    }
}
