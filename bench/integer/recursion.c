/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fibonacci numbers: calls and returns. */
#include "bench/bench.h"

static __attribute__((noinline, optimize("no-optimize-sibling-calls"))) uint64_t
fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t bench_recursion(void)
{
    return fib(27);
}
