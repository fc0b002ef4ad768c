/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Square roots and comparisons in extended precision. */
#include "bench/bench.h"
#include <math.h>

uint64_t bench_xsqrt(void)
{
    long double x = 2, sum = 0;

    for (int i = 0; i < 300000; i++) {
        x = sqrtl(x * 3 + i);
        if (x > 100) {
            x -= 90;
        }
        sum += x;
    }
    return (uint64_t)(sum * 1000);
}
