/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Additions at random places of 64 MB. */
#include "bench/bench.h"

uint64_t bench_scatter(void)
{
    enum { N = 8 << 20 };
    uint64_t *v = bench_memory(N * sizeof(*v)), seed = 1, sum = 0;

    for (int i = 0; i < 1000000; i++) {
        uint64_t at = bench_random(&seed) % N;

        v[at] += i;
        sum ^= v[(at * 7) % N];
    }
    return sum;
}
