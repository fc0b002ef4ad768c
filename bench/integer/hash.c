/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table with open addressing: multiply, probe, compare. */
#include "bench/bench.h"

uint64_t bench_hash(void)
{
    enum { SIZE = 1 << 16, KEYS = SIZE / 2 };
    static uint64_t keys[SIZE], values[SIZE];
    uint64_t seed = 7, sum = 0;

    memset(keys, 0, sizeof(keys));
    for (int i = 0; i < 4 * KEYS; i++) {
        uint64_t key = bench_random(&seed) % KEYS + 1;
        uint32_t at = (key * 0x9e3779b97f4a7c15u) >> 48;

        while (keys[at] && keys[at] != key) {
            at = (at + 1) % SIZE;
        }
        sum += keys[at] ? values[at] : 1;
        keys[at] = key;
        values[at] = i;
    }
    return sum;
}
