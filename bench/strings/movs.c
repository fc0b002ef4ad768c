/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REP MOVSB and MOVSQ of all sizes. */
#include "bench/bench.h"

static void movsb(void *to, const void *from, size_t n)
{
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static void movsq(void *to, const void *from, size_t n)
{
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static uint8_t from[65536 + 64], to[65536 + 64];

static uint64_t copy(size_t bytes, int times)
{
    for (size_t i = 0; i < sizeof(from); i++) {
        from[i] = i * 7;
    }
    for (int i = 0; i < times; i++) {
        movsb(to + i % 16, from, bytes);
        movsq(to, from + i % 16, bytes / 8);
    }
    return bench_sum(to, bytes);
}

uint64_t bench_movs16(void)
{
    return copy(16, 200000);
}

uint64_t bench_movs256(void)
{
    return copy(256, 100000);
}

uint64_t bench_movs64k(void)
{
    return copy(65536, 3000);
}
