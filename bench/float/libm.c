/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's functions. They choose their code by CPUID, so the
 *  last digits are left out of the checksum. */
#include "bench/bench.h"
#include <math.h>

uint64_t bench_libm(void)
{
    double sum = 0;

    for (int i = 1; i < 40000; i++) {
        double x = i * 0.001;

        sum += sin(x) * cos(x * 0.5) + exp(-x) + log(x) + pow(x, 0.3);
        sum += atan2(x, 2.0) + floor(x);
    }
    return (uint64_t)(sum * 1000);
}
