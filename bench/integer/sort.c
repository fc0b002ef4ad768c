/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quicksort of random words: unpredictable branches, recursion. */
#include "bench/bench.h"

static void sort(uint32_t *v, long lo, long hi)
{
    while (lo < hi) {
        uint32_t pivot = v[(lo + hi) / 2];
        long i = lo, j = hi;

        while (i <= j) {
            while (v[i] < pivot) {
                i++;
            }
            while (v[j] > pivot) {
                j--;
            }
            if (i <= j) {
                uint32_t t = v[i];

                v[i++] = v[j];
                v[j--] = t;
            }
        }
        sort(v, lo, j);
        lo = i;
    }
}

uint64_t bench_sort(void)
{
    enum { N = 1 << 16 };
    static uint32_t v[N];
    uint64_t sum = 0, seed = 1;

    for (int i = 0; i < N; i++) {
        v[i] = bench_random(&seed);
    }
    sort(v, 0, N - 1);
    for (int i = 0; i < N; i++) {
        sum = sum * 31 + v[i];
    }
    return sum;
}
