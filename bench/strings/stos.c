/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REP STOSB and STOSQ of all sizes. */
#include "bench/bench.h"

static uint8_t to[65536 + 64];

static void stosb(void *p, uint64_t value, size_t n)
{
    asm volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(value) : "memory");
}

static void stosq(void *p, uint64_t value, size_t n)
{
    asm volatile("rep stosq" : "+D"(p), "+c"(n) : "a"(value) : "memory");
}

static uint64_t fill(size_t bytes, int times)
{
    for (int i = 0; i < times; i++) {
        stosb(to + i % 16, i, bytes);
        stosq(to + i % 32, i * 0x0102030405060708u, bytes / 8);
    }
    return bench_sum(to, bytes);
}

uint64_t bench_stos16(void)
{
    return fill(16, 200000);
}

uint64_t bench_stos256(void)
{
    return fill(256, 100000);
}

uint64_t bench_stos64k(void)
{
    return fill(65536, 3000);
}
