/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spectral norm of a matrix that is computed as it is used. */
#include "bench/bench.h"
#include <math.h>

enum { N = 160 };

static double element(int i, int j)
{
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void multiply(const double *v, double *r, bool transposed)
{
    for (int i = 0; i < N; i++) {
        r[i] = 0;
        for (int j = 0; j < N; j++) {
            r[i] += (transposed ? element(j, i) : element(i, j)) * v[j];
        }
    }
}

uint64_t bench_spectral(void)
{
    double u[N], v[N], t[N], vbv = 0, vv = 0;

    for (int i = 0; i < N; i++) {
        u[i] = 1;
    }
    for (int i = 0; i < 5; i++) {
        multiply(u, t, false);
        multiply(t, v, true);
        multiply(v, t, false);
        multiply(t, u, true);
    }
    for (int i = 0; i < N; i++) {
        vbv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    return bench_double(sqrt(vbv / vv));
}
