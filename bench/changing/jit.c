/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions written into one buffer again and again, each run 50 times. */
#include "bench/bench.h"

uint64_t bench_jit(void)
{
    enum { LENGTH = 64 };
    static const uint8_t op[3][3] = { { 0x48, 0x01, 0xf8 },   /* add rax, rdi */
                                      { 0x48, 0x31, 0xf0 },   /* xor rax, rsi */
                                      { 0x48, 0xff, 0xc7 } }; /* inc rdi */
    uint8_t *code = bench_code(65536);
    uint64_t seed = 5, sum = 0;

    for (int i = 0; i < 500; i++) {
        uint8_t *start = code + i % 64 * 512, *p = start;
        uint64_t (*f)(uint64_t, uint64_t) = (void *)start;

        memcpy(p, "\x48\x31\xc0", 3); /* xor rax, rax */
        p += 3;
        for (int k = 0; k < LENGTH; k++) {
            memcpy(p, op[bench_random(&seed) % 3], 3);
            p += 3;
        }
        *p = 0xc3;
        for (int k = 0; k < 50; k++) {
            sum += f(i, k);
        }
    }
    return sum;
}
