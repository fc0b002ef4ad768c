/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A counter on the page that the code which uses it stands on. */
#include "bench/bench.h"

uint64_t bench_codedata(void)
{
    /* mov eax, [rip + 2040 - 6]; add [rip + ...], 1; ret */
    static const uint8_t code[] = { 0x8b, 0x05, 0xf2, 0x07, 0x00, 0x00, 0xff,
                                    0x05, 0xec, 0x07, 0x00, 0x00, 0xc3 };
    uint8_t *page = bench_code(4096);
    uint32_t (*f)(void) = (void *)page;
    uint64_t sum = 0;

    memcpy(page, code, sizeof(code));
    for (int i = 0; i < 300000; i++) {
        sum += f();
    }
    return sum;
}
