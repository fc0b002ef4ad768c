/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memcpy, memset, strlen and strchr as the C library does them. */
#include "bench/bench.h"

uint64_t bench_libc(void)
{
    static char a[16384], b[16384];
    uint64_t sum = 0;

    for (int i = 0; i < 20000; i++) {
        size_t n = (i * 37) % 4000 + 1;

        memset(a, 'a' + i % 26, n);
        a[n] = 0;
        memcpy(b + i % 64, a, n + 1);
        sum += strlen(b + i % 64) + (strchr(a, 'Z') != NULL);
        BENCH_BARRIER();
    }
    return sum;
}
