/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matrix product of 64-bit integers. */
#include "bench/bench.h"

uint64_t bench_matrix(void)
{
    enum { N = 96 };
    static uint64_t a[N][N], b[N][N], c[N][N];
    uint64_t seed = 5, sum = 0;

    for (int i = 0; i < N * N; i++) {
        a[i / N][i % N] = bench_random(&seed);
        b[i / N][i % N] = bench_random(&seed);
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            uint64_t x = 0;

            for (int k = 0; k < N; k++) {
                x += a[i][k] * b[k][j];
            }
            c[i][j] = x;
            sum ^= x + j;
        }
    }
    return sum + c[N - 1][0];
}
