/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two pictures of bytes laid over each other. */
#include "bench/bench.h"

uint64_t PACKED(blend)(void)
{
    enum { N = 16384 };
    static uint8_t a[N], b[N], out[N];
    uint64_t sum = 0;

    for (int i = 0; i < N; i++) {
        a[i] = i * 7;
        b[i] = i * 13;
    }
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < N; i++) {
            out[i] = (a[i] * (round + 1) + b[i] * (255 - round)) >> 8;
        }
        BENCH_BARRIER();
        sum += out[round * 31];
    }
    return sum;
}
