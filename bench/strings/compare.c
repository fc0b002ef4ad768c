/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REPE CMPSB and REPNE SCASB. */
#include "bench/bench.h"

uint64_t bench_compare(void)
{
    static uint8_t a[4096], b[4096];
    uint64_t sum = 0;

    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    for (int i = 0; i < 500; i++) {
        const void *p = a, *q = b;
        size_t n = sizeof(a);

        a[4095 - i] = 'y';
        asm volatile("repe cmpsb"
                     : "+S"(p), "+D"(q), "+c"(n)
                     :
                     : "memory", "cc");
        sum += n;
        q = a;
        n = sizeof(a);
        asm volatile("repne scasb"
                     : "+D"(q), "+c"(n)
                     : "a"('y')
                     : "memory", "cc");
        sum += n;
        a[4095 - i] = 'x';
    }
    return sum;
}
