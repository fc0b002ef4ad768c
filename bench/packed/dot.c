/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scalar product of floats; whole numbers, so that any order is exact. */
#include "bench/bench.h"

uint64_t PACKED(dot)(void)
{
    enum { N = 4096 };
    static float x[N], y[N];
    double sum = 0;

    for (int i = 0; i < N; i++) {
        x[i] = i % 7;
        y[i] = i % 9;
    }
    for (int round = 0; round < 200; round++) {
        float s = 0;

        for (int i = 0; i < N; i++) {
            s += x[i] * y[i];
        }
        sum += s;
        BENCH_BARRIER();
    }
    return bench_double(sum);
}
