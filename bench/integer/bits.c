/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting, shifting and turning bits. */
#include "bench/bench.h"

uint64_t bench_bits(void)
{
    uint64_t x = 88172645463325252u, sum = 0;

    for (int i = 0; i < 500000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        sum += __builtin_ctzll(x | 1ull << 40) + (63 ^ __builtin_clzll(x));
        sum ^= __builtin_bswap64(x) >> (i & 63);
        sum = sum << 9 | sum >> 55;
    }
    return sum;
}
