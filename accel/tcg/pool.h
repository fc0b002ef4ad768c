/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for blocks: by numbers of 32 bits, which take less room in tables than
 * addresses, and on whole cache lines.
 */
#ifndef ACCEL_TCG_POOL_H
#define ACCEL_TCG_POOL_H

#include <stdint.h>

typedef struct TcgBlock TcgBlock;

enum { POOL_CHUNK = 512 };

typedef struct TcgPool {
    TcgBlock **chunk; /* of POOL_CHUNK blocks each */
    unsigned chunks;
    uint32_t used;  /* numbers given out at least once */
    TcgBlock *free; /* through region_next */
} TcgPool;

/* Zeroed, but for its number. Heavy; with `translating` and the lock held, as
 * who has the lock looks at numbers. */
TcgBlock *pool_new(TcgPool *p);
/* With `translating` held. */
void pool_free(TcgPool *p, TcgBlock *b);
void pool_clear(TcgPool *p);

#endif
