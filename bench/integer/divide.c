/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Divisions of all widths. */
#include "bench/bench.h"

uint64_t bench_divide(void)
{
    uint64_t x = 0x123456789abcdef, sum = 0;

    for (unsigned i = 1; i < 300000; i++) {
        x = x * 6364136223846793005u + 1;
        sum += x / (i | 1) + (uint32_t)x % (i + 7);
        sum ^= (int64_t)x / (int)(i * 3 + 1);
    }
    return sum;
}
