/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matrix product of floats, a row at a time. */
#include "bench/bench.h"

uint64_t PACKED(gemm)(void)
{
    enum { N = 128 };
    static float a[N][N], b[N][N], c[N][N];
    double sum = 0;

    for (int i = 0; i < N * N; i++) {
        a[i / N][i % N] = i % 11;
        b[i / N][i % N] = i % 13;
    }
    memset(c, 0, sizeof(c));
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < N; k++) {
            for (int j = 0; j < N; j++) {
                c[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    for (int i = 0; i < N * N; i++) {
        sum += c[i / N][i % N];
    }
    return bench_double(sum);
}
