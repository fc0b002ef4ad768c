/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Divisions and square roots, float and double. */
#include "bench/bench.h"
#include <math.h>

uint64_t bench_fdivide(void)
{
    double x = 1e9;
    float y = 3;

    for (int i = 1; i < 300000; i++) {
        x = x / 1.0001 + i;
        y = sqrtf(y * y + 2.5f) / 1.01f;
        x += y;
    }
    return bench_double(x);
}
