/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Very much code, run once and run 20 times. */
#include "bench/bench.h"

enum { FUNCTIONS = 4000, LENGTH = 40 };

static uint64_t large_run(uint8_t *code, int times)
{
    uint64_t sum = 0;

    for (int i = 0; i < times; i++) {
        for (int f = 0; f < FUNCTIONS; f++) {
            sum += ((uint64_t(*)(uint64_t))(code + f * 256))(sum + i);
        }
    }
    return sum;
}

/* Other code at each call: the same bytes again would be nothing new. */
static uint8_t *large_make(void)
{
    static uint64_t seeds = 23;

    /* add eax, imm32; xor rax, rdi; jns +0 */
    static const uint8_t op[3][5] = { { 0x05, 1, 2, 3, 4 },
                                      { 0x48, 0x31, 0xf8, 0x79, 0x00 },
                                      { 0x48, 0x8d, 0x44, 0x38, 0x09 } };
    uint8_t *code = bench_code(FUNCTIONS * 256);
    uint64_t seed = seeds++;

    for (int f = 0; f < FUNCTIONS; f++) {
        uint8_t *p = code + f * 256;

        memcpy(p, "\x48\x89\xf8", 3); /* mov rax, rdi */
        p += 3;
        for (int k = 0; k < LENGTH; k++) {
            memcpy(p, op[bench_random(&seed) % 3], 5);
            p += 5;
        }
        *p = 0xc3;
    }
    return code;
}

uint64_t bench_once(void)
{
    return large_run(large_make(), 1);
}

uint64_t bench_twenty(void)
{
    return large_run(large_make(), 20);
}
