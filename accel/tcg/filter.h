/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of numbers that may claim too much: what it has not, was not added. Two
 * bits a number, so a few hundred give less than one false hit in a hundred.
 */
#ifndef ACCEL_TCG_FILTER_H
#define ACCEL_TCG_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define TCG_FILTER_WORDS 64

typedef struct TcgFilter {
    uint64_t word[TCG_FILTER_WORDS];
} TcgFilter;

/* Two places of 12 bits each, in the upper half. */
static inline uint64_t filter_hash(uint64_t n)
{
    return n * UINT64_C(0x9e3779b97f4a7c15);
}

static inline bool filter_bit(const TcgFilter *f, unsigned place)
{
    return f->word[place / 64 % TCG_FILTER_WORDS] >> (place % 64) & 1;
}

static inline bool filter_has(const TcgFilter *f, uint64_t n)
{
    uint64_t h = filter_hash(n);
    return filter_bit(f, h >> 52) && filter_bit(f, h >> 40);
}

static inline void filter_set(TcgFilter *f, unsigned place)
{
    f->word[place / 64 % TCG_FILTER_WORDS] |= UINT64_C(1) << (place % 64);
}

static inline void filter_add(TcgFilter *f, uint64_t n)
{
    uint64_t h = filter_hash(n);
    filter_set(f, h >> 52);
    filter_set(f, h >> 40);
}

/* As a number: the page of 1 << shift bytes that holds an address. */
static inline uint64_t filter_page(uint64_t addr, unsigned shift)
{
    return addr >> shift | (uint64_t)shift << 56;
}

static inline void filter_clear(TcgFilter *f)
{
    for (unsigned i = 0; i < TCG_FILTER_WORDS; i++) {
        f->word[i] = 0;
    }
}

#endif
