/* SPDX-License-Identifier: GPL-2.0-or-later */
/* y += a * x */
#include "bench/bench.h"

uint64_t PACKED(saxpy)(void)
{
    enum { N = 4096 };
    static float x[N], y[N];
    double sum = 0;

    for (int i = 0; i < N; i++) {
        x[i] = i % 17;
        y[i] = i % 5;
    }
    for (int round = 0; round < 200; round++) {
        float a = round % 3;

        for (int i = 0; i < N; i++) {
            y[i] += a * x[i];
        }
        BENCH_BARRIER();
    }
    for (int i = 0; i < N; i++) {
        sum += y[i];
    }
    return bench_double(sum);
}
