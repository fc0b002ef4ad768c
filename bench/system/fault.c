/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First touches of pages. */
#include "bench/bench.h"
#include <sys/mman.h>

uint64_t bench_fault(void)
{
    enum { SIZE = 4 << 20 };
    uint64_t sum = 0;

    for (int i = 0; i < 20; i++) {
        uint8_t *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
            return 0;
        }
        madvise(p, SIZE, MADV_NOHUGEPAGE);
        for (int at = 0; at < SIZE; at += 4096) {
            sum += ++p[at];
        }
        munmap(p, SIZE);
    }
    return sum;
}
