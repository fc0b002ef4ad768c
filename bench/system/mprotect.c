/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that become read-only and writable again. */
#include "bench/bench.h"
#include <sys/mman.h>

uint64_t bench_mprotect(void)
{
    enum { SIZE = 64 << 10 };
    uint8_t *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t sum = 0;

    if (p == MAP_FAILED) {
        return 0;
    }
    for (int i = 0; i < 10000; i++) {
        p[i % 16 * 4096] = i;
        sum += mprotect(p, SIZE, PROT_READ) == 0;
        sum += p[i % 16 * 4096];
        sum += mprotect(p, SIZE, PROT_READ | PROT_WRITE) == 0;
    }
    munmap(p, SIZE);
    return sum;
}
