/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deep recursion: more returns in a row than a CPU predicts. */
#include "bench/bench.h"

static __attribute__((noinline)) uint64_t deep(unsigned n, uint64_t x)
{
    if (n == 0) {
        return x;
    }
    return (n & 1 ? deep(n - 1, x * 3) : deep(n - 1, x + n)) + n;
}

uint64_t bench_returns(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < 1000; i++) {
        sum += deep(400, i);
    }
    return sum;
}
