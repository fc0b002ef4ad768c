/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A differential equation in extended precision, state in memory. */
#include "bench/bench.h"

uint64_t bench_lorenz(void)
{
    static volatile long double s[3];
    long double dt = 0.0005L;

    s[0] = s[1] = s[2] = 1;
    for (int i = 0; i < 200000; i++) {
        long double x = s[0], y = s[1], z = s[2];

        s[0] = x + dt * 10 * (y - x);
        s[1] = y + dt * (x * (28 - z) - y);
        s[2] = z + dt * (x * y - z * 8 / 3);
    }
    return (uint64_t)(s[2] * 1e6L);
}
