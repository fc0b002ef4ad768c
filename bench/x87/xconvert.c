/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended precision to integers, doubles and back. */
#include "bench/bench.h"

uint64_t bench_xconvert(void)
{
    volatile double d = 0.5;
    uint64_t sum = 0;

    for (int i = 0; i < 300000; i++) {
        long double x = d * 3 + i;

        sum += (int64_t)x;
        d = (double)(x / 7);
    }
    return sum;
}
