/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Product of long numbers: 64 by 64 bits to 128, with carries. */
#include "bench/bench.h"

uint64_t bench_bigmul(void)
{
    enum { N = 128 };
    uint64_t a[N], b[N], r[2 * N] = { 0 }, seed = 13, sum = 0;

    for (int i = 0; i < N; i++) {
        a[i] = bench_random(&seed);
        b[i] = bench_random(&seed);
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N; i++) {
            unsigned __int128 carry = 0;

            for (int j = 0; j < N; j++) {
                carry += (unsigned __int128)a[i] * b[j] + r[i + j];
                r[i + j] = carry;
                carry >>= 64;
            }
            r[i + N] = carry;
        }
    }
    for (int i = 0; i < 2 * N; i++) {
        sum = sum * 31 + r[i];
    }
    return sum;
}
