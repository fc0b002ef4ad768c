/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversions between integers, floats and doubles. */
#include "bench/bench.h"

uint64_t bench_convert(void)
{
    uint64_t sum = 0;
    double x = 0.5;

    for (int i = 0; i < 600000; i++) {
        float f = i * 1.5f;
        int n = (int)(f + x);
        int64_t l = (int64_t)(x * 1e6);

        sum += n + l;
        x = (double)(sum & 0xffff) / 3 + (float)n;
    }
    return sum;
}
