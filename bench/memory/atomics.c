/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locked instructions. */
#include "bench/bench.h"

uint64_t bench_atomics(void)
{
    static uint64_t v[64];

    for (int i = 0; i < 400000; i++) {
        uint64_t *p = &v[i % 64], old = *p;

        __atomic_fetch_add(p, i, __ATOMIC_SEQ_CST);
        __atomic_compare_exchange_n(p, &old, i, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
        __atomic_fetch_or(&v[63 - i % 64], 1, __ATOMIC_SEQ_CST);
        __atomic_exchange_n(&v[i % 7], *p, __ATOMIC_SEQ_CST);
    }
    return bench_sum(v, sizeof(v));
}
