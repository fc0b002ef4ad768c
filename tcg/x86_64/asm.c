/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The assembler's one table: no-operations by length. */
#include "tcg/x86_64/asm.h"

static const uint8_t asm_nops[8][7] = {
    {},
    { 0x90 },
    { 0x66, 0x90 },
    { 0x0f, 0x1f, 0x00 },
    { 0x0f, 0x1f, 0x40, 0x00 },
    { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
    { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
    { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
};

void asm_pad(Asm *a, unsigned align, unsigned at)
{
    unsigned n = (at - (unsigned)(uintptr_t)a->p) & (align - 1);

    while (n) {
        unsigned step = MIN(n, 7);

        memcpy(a->p, asm_nops[step], step);
        a->p += step;
        n -= step;
    }
}
