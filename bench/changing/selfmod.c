/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An instruction whose operand is rewritten before each run. */
#include "bench/bench.h"

uint64_t bench_selfmod(void)
{
    uint8_t *code = bench_code(4096);
    uint32_t (*f)(void) = (void *)code;
    uint64_t sum = 0;

    code[0] = 0xb8; /* mov eax, imm32 */
    code[5] = 0xc3;
    for (uint32_t i = 0; i < 30000; i++) {
        memcpy(code + 1, &i, 4);
        sum += f();
    }
    return sum;
}
