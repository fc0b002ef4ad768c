/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A polynomial and a continued fraction in extended precision. */
#include "bench/bench.h"

uint64_t bench_series(void)
{
    long double sum = 0;

    for (int i = 1; i < 150000; i++) {
        long double x = 1.0L / i, p = 1;

        for (int k = 6; k > 0; k--) {
            p = p * x / k + 1;
        }
        sum += p;
    }
    return (uint64_t)(sum * 1e9L);
}
