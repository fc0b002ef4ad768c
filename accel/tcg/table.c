/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of blocks: see table.h. Light. */
#include "accel/tcg/engine.h"

/* Never 0. */
uint32_t table_hash(const TcgBlockKey *key)
{
    return block_hash(key) >> 32 | 1;
}

static unsigned table_first(const TcgTable *t, uint32_t hash)
{
    return hash >> (32 - t->bits);
}

static unsigned table_next(const TcgTable *t, unsigned at)
{
    return (at + 1) & ((1u << t->bits) - 1);
}

TcgBlock *table_find(const TcgTable *t, const TcgBlockKey *key,
                     const TcgBlock *from)
{
    uint32_t hash = table_hash(key);
    bool passed = !from;

    for (unsigned at = table_first(t, hash); t->place[at].hash;
         at = table_next(t, at)) {
        if (t->place[at].hash != hash) {
            continue;
        }
        TcgBlock *b = pool_block(t->pool, t->place[at].block);
        __builtin_prefetch(&b->code.entry); /* who looks, goes there */
        if (passed && block_same_key(&b->key, key)) {
            return b;
        }
        passed |= b == from;
    }
    return NULL;
}

void table_put(TcgTable *t, TcgPlace place)
{
    unsigned at = table_first(t, place.hash);

    while (t->place[at].hash) {
        at = table_next(t, at);
    }
    t->place[at] = place;
    t->blocks++;
}

void table_add(TcgTable *t, TcgBlock *b)
{
    table_put(t, (TcgPlace){ table_hash(&b->key), b->number });
}

/* Those behind it move up, where that does not bring them before their first
 * place: so searches end at the first empty one. */
void table_remove(TcgTable *t, const TcgBlock *b)
{
    unsigned mask = (1u << t->bits) - 1;
    unsigned hole = table_first(t, table_hash(&b->key));

    while (t->place[hole].block != b->number || !t->place[hole].hash) {
        hole = table_next(t, hole);
    }
    for (unsigned at = table_next(t, hole); t->place[at].hash;
         at = table_next(t, at)) {
        unsigned moved = at - table_first(t, t->place[at].hash);
        if ((moved & mask) >= ((at - hole) & mask)) {
            t->place[hole] = t->place[at];
            hole = at;
        }
    }
    t->place[hole] = (TcgPlace){ 0 };
    t->blocks--;
}
