/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for blocks: see pool.h. It is given back with the engine only: there
 * will be as many again. */
#include "accel/tcg/engine.h"

#include <stdlib.h>

#define POOL_ALIGN 64
G_STATIC_ASSERT(sizeof(TcgBlock) % POOL_ALIGN == 0);

static TcgBlock *pool_new_chunk(void)
{
    void *chunk;

    if (posix_memalign(&chunk, POOL_ALIGN, POOL_CHUNK * sizeof(TcgBlock))) {
        g_error("no memory for translated blocks");
    }
    return chunk;
}

static TcgBlock *pool_grow(TcgPool *p)
{
    if (p->used == p->chunks * POOL_CHUNK) {
        p->chunk = g_renew(TcgBlock *, p->chunk, p->chunks + 1);
        p->chunk[p->chunks++] = pool_new_chunk();
    }
    uint32_t number = p->used++;
    TcgBlock *b = pool_block(p, number);

    b->number = number;
    return b;
}

TcgBlock *pool_new(TcgPool *p)
{
    TcgBlock *b = p->free;

    if (b) {
        p->free = b->region_next;
    } else {
        b = pool_grow(p);
    }
    *b = (TcgBlock){ .number = b->number };
    return b;
}

void pool_free(TcgPool *p, TcgBlock *b)
{
    b->region_next = p->free;
    p->free = b;
}

void pool_clear(TcgPool *p)
{
    for (unsigned n = 0; n < p->chunks; n++) {
        free(p->chunk[n]);
    }
    g_free(p->chunk);
}
