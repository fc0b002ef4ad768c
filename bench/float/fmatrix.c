/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matrix product of doubles, one at a time. */
#include "bench/bench.h"

uint64_t bench_fmatrix(void)
{
    enum { N = 96 };
    static double a[N][N], b[N][N];
    double sum = 0;
    uint64_t seed = 21;

    for (int i = 0; i < N * N; i++) {
        a[i / N][i % N] = bench_random(&seed) % 1000 / 7.0;
        b[i / N][i % N] = bench_random(&seed) % 1000 / 9.0;
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double x = 0;

            for (int k = 0; k < N; k++) {
                x += a[i][k] * b[k][j];
            }
            sum += x / (i + j + 1);
        }
    }
    return bench_double(sum);
}
