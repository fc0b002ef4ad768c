/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One instruction being decoded; between the decoder's two files only. */
#ifndef TARGET_X86_DECODE_DECODE_INTERNAL_H
#define TARGET_X86_DECODE_DECODE_INTERNAL_H

#include "target/x86/decode/tables.h"

typedef struct Decoder {
    X86Insn *insn;
    const uint8_t *p, *end;
    X86CodeSize code;
    uint8_t last_rep; /* F3, F2 or 0 */
    uint8_t seg;      /* override in effect, X86_NO_REG: none */
    bool p67;
    bool overrun;      /* bytes beyond the end were asked for */
    bool ud;           /* an operand is impossible */
    bool uses_vvvv;    /* some operand is in VEX.vvvv */
    uint8_t vvvv;      /* all its bits, also outside of 64-bit code */
    uint8_t r, x, b;   /* REX or VEX bits at their place: 0 or 8 */
    uint8_t r2, v;     /* EVEX.R', EVEX.V': 0 or 16 */
    uint8_t column[4]; /* of decode_sizes, by BY_.. */
} Decoder;

/* ---- Bytes -------------------------------------------------------------- */

static inline uint8_t decode_u8(Decoder *d)
{
    if (d->p == d->end) {
        d->overrun = true;
        return 0;
    }
    return *d->p++;
}

/* Little-endian, 1, 2, 4 or 8 bytes, sign-extended. */
static inline int64_t decode_signed(Decoder *d, unsigned size)
{
    const uint8_t *p = d->p;

    if ((size_t)(d->end - p) < size) {
        d->overrun = true;
        d->p = d->end;
        return 0;
    }
    d->p += size;
    if (size == 1) {
        return (int8_t)p[0];
    }
    if (size == 2) {
        return (int16_t)(p[0] | p[1] << 8);
    }
    uint32_t low = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
    if (size == 4) {
        return (int32_t)low;
    }
    uint32_t high = p[4] | p[5] << 8 | p[6] << 16 | (uint32_t)p[7] << 24;
    return (int64_t)((uint64_t)high << 32 | low);
}

static inline uint64_t decode_unsigned(Decoder *d, unsigned size)
{
    return (uint64_t)decode_signed(d, size) & (~UINT64_C(0) >> (64 - 8 * size));
}

/* ---- operand.c ------------------------------------------------------------
 */

/* ModRM's memory operand, SIB and displacement, into insn->mem. */
void decode_memory(Decoder *d, const X86Row *row);
/* The row's operands, immediates with them; insn's sizes are known. */
void decode_operands(Decoder *d);
/* The immediate of op's size. */
void decode_imm(Decoder *d, X86Operand *op, bool sign);

#endif
