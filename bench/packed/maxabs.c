/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The largest absolute value of an array. */
#include "bench/bench.h"
#include <math.h>

uint64_t PACKED(maxabs)(void)
{
    enum { N = 8192 };
    static float x[N];
    double sum = 0;

    for (int i = 0; i < N; i++) {
        x[i] = (i * 7919 % 10007) - 5000;
    }
    for (int round = 0; round < 200; round++) {
        float m = 0;

        for (int i = 0; i < N; i++) {
            float v = fabsf(x[i]);

            m = v > m ? v : m;
        }
        sum += m;
        x[round] += 9000;
        BENCH_BARRIER();
    }
    return bench_double(sum);
}
