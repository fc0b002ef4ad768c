/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing 16 MB from one end to the other. */
#include "bench/bench.h"

uint64_t bench_sequential(void)
{
    enum { N = 2 << 20 };
    uint64_t *v = bench_memory(N * sizeof(*v)), sum = 0;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            v[i] += i;
        }
        for (int i = 0; i < N; i++) {
            sum = (sum << 1 | sum >> 63) + v[i];
        }
    }
    return sum;
}
