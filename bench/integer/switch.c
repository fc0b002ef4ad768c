/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte-code interpreter with one switch. */
#include "bench/bench.h"

uint64_t bench_switch(void)
{
    static const uint8_t code[] = { 0, 1, 2, 3, 4, 1, 5, 2, 6, 3, 0, 5, 4, 7 };
    uint64_t a = 1, b = 2, n = 0;
    const volatile uint8_t *pc = code;

    for (;;) {
        switch (*pc++) {
        case 0:
            a += b;
            break;
        case 1:
            b ^= a << 3;
            break;
        case 2:
            a = a * 5 + 1;
            break;
        case 3:
            b -= a >> 2;
            break;
        case 4:
            a ^= b;
            break;
        case 5:
            b += n;
            break;
        case 6:
            a = a >> 7 | a << 57;
            break;
        case 7:
            if (++n == 100000) {
                return a ^ b;
            }
            pc = code;
            break;
        }
    }
}
