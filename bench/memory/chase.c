/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list in random order: one load waits for the one before. */
#include "bench/bench.h"

static uint64_t chase(size_t bytes, long steps)
{
    size_t n = bytes / 64, at = 0;
    uint64_t(*v)[8] = bench_memory(bytes), seed = 17;

    for (size_t i = 0; i < n; i++) {
        v[i][0] = i;
    }
    /* Sattolo: one cycle through all. */
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = bench_random(&seed) % i;
        uint64_t t = v[i][0];

        v[i][0] = v[j][0];
        v[j][0] = t;
    }
    while (steps-- > 0) {
        at = v[at][0];
    }
    return at;
}

uint64_t bench_chase16k(void)
{
    return chase(16 << 10, 5000000);
}

uint64_t bench_chase1m(void)
{
    return chase(1 << 20, 3000000);
}

uint64_t bench_chase64m(void)
{
    return chase(64 << 20, 500000);
}
