/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code that lives on the flags: carries, conditional moves, sets. */
#include "bench/bench.h"

uint64_t bench_flags(void)
{
    uint64_t a = 1, b = 2, c = 3, n = 400000;

    asm("1:\n"
        "add %1, %0\n"
        "adc %2, %1\n"
        "sbb $5, %2\n"
        "cmp %1, %0\n"
        "cmovb %2, %0\n"
        "setp %%cl\n"
        "rcl $1, %2\n"
        "bt $17, %1\n"
        "adc $0, %0\n"
        "shl %%cl, %1\n"
        "ror $7, %0\n"
        "neg %2\n"
        "sbb $3, %1\n"
        "dec %3\n"
        "jnz 1b\n"
        : "+r"(a), "+r"(b), "+r"(c), "+r"(n)
        :
        : "rcx", "cc");
    return a ^ b ^ c;
}
