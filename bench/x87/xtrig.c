/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x87's own sine, cosine, logarithm and arc tangent. */
#include "bench/bench.h"

uint64_t bench_xtrig(void)
{
    long double sum = 0;

    for (int i = 1; i < 20000; i++) {
        long double x = i * 0.01L, s, c, a, l;

        asm("fsincos" : "=t"(c), "=u"(s) : "0"(x));
        asm("fpatan" : "=t"(a) : "0"(2.0L), "u"(x) : "st(1)");
        asm("fyl2x" : "=t"(l) : "0"(x), "u"(1.0L) : "st(1)");
        sum += s * c + a + l;
    }
    return (uint64_t)(sum * 1e6L);
}
