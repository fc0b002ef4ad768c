/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words at odd addresses, over lines and pages. */
#include "bench/bench.h"

uint64_t bench_unaligned(void)
{
    enum { SIZE = 1 << 16 };
    uint8_t *p = bench_memory(SIZE + 16);
    uint64_t sum = 0;

    for (int round = 0; round < 40; round++) {
        for (int i = 1; i < SIZE; i += 11) {
            uint64_t x;

            memcpy(&x, p + i, 8);
            x += i + round;
            memcpy(p + i, &x, 8);
            sum ^= x;
        }
    }
    return sum;
}
