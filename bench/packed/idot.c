/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scalar product of 16-bit integers. */
#include "bench/bench.h"

uint64_t PACKED(idot)(void)
{
    enum { N = 8192 };
    static int16_t x[N], y[N];
    uint64_t sum = 0;

    for (int i = 0; i < N; i++) {
        x[i] = i * 31;
        y[i] = i * 17 - 5000;
    }
    for (int round = 0; round < 200; round++) {
        int32_t s = 0;

        for (int i = 0; i < N; i++) {
            s += x[i] * y[i] >> 4;
        }
        sum += s + round;
        BENCH_BARRIER();
    }
    return sum;
}
