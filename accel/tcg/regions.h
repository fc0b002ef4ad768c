/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations of blocks: the code buffer is a ring of regions. When the present
 * one is full, the blocks of the oldest are dropped, and it is filled anew.
 * Blocks that are in use come back by being translated again. Where most of
 * what is translated was known before, the ring is too small for the program,
 * and takes one more region while the buffer has any.
 *
 * A block's memory lives as long as its region, so whoever may be running it
 * need not say so: a region is emptied while all other vCPUs stand still.
 */
#ifndef ACCEL_TCG_REGIONS_H
#define ACCEL_TCG_REGIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct TcgBlock TcgBlock;
typedef struct TcgBlockKey TcgBlockKey;
typedef struct TcgEngine TcgEngine;
typedef struct TcgVcpu TcgVcpu;

#define REGIONS_KNOWN_BITS 19

typedef struct TcgRegion {
    TcgBlock *blocks; /* also dropped ones; through region_next */
    uint64_t turn;    /* when it was entered; 0: it is not in the ring */
    uint64_t code_bytes;
} TcgRegion;

typedef struct TcgRegions {
    TcgRegion *region;
    unsigned count; /* of the buffer */
    unsigned ring;  /* of these in the ring: the first ones */
    unsigned now;
    uint64_t turns;
    uint64_t bytes_max; /* of a region, where the back end does not say */
    unsigned ring_min;  /* so many are taken without asking */
    /* Blocks that were dropped with their region, for a while: by some bits of
     * their hash, eight others, or 0. */
    uint8_t *known;       /* [1 << REGIONS_KNOWN_BITS] */
    unsigned made, again; /* blocks in the present region; known before */
} TcgRegions;

void regions_init(TcgEngine *e); /* once the buffer is divided */
void regions_clear(TcgEngine *e);
/* It was compiled into the present region, and is freed with it. */
void regions_add(TcgEngine *e, TcgBlock *b);
/* Such a block will be made: have what regions_note() looks at brought near. */
void regions_expect(const TcgEngine *e, const TcgBlockKey *key);
/* It can be found from now on. */
void regions_note(TcgEngine *e, const TcgBlock *b);
/* No room there, for an accelerator that counts itself. */
bool regions_is_full(const TcgEngine *e);
/* Go on in a region without blocks. With `translating` held. */
void regions_next(TcgVcpu *v);
uint64_t regions_code_bytes(const TcgRegions *r);
/* Empty all, and the ring is as at first; no vCPU runs. */
void regions_empty_all(TcgEngine *e);

#endif
