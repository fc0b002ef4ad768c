/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sieve of Eratosthenes: byte stores with growing strides. */
#include "bench/bench.h"

uint64_t bench_sieve(void)
{
    static uint8_t composite[1 << 18];
    uint64_t primes = 0;

    memset(composite, 0, sizeof(composite));
    for (unsigned i = 2; i < sizeof(composite); i++) {
        if (composite[i]) {
            continue;
        }
        primes++;
        for (unsigned j = 2 * i; j < sizeof(composite); j += i) {
            composite[j] = 1;
        }
    }
    return primes;
}
