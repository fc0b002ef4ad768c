/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers with something in the corners: integers, floats, x87 registers. */
#include "tests/target/isa/values.h"

#include <string.h>

uint64_t isa_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned isa_below(uint64_t *seed, unsigned n)
{
    return (isa_next(seed) >> 32) % n;
}

uint64_t isa_value(uint64_t *seed)
{
    static const uint64_t special[] = {
        0,          1,          0x7f,      0x80,
        0xff,       0x7fff,     0x8000,    0x7fffffff,
        0x80000000, 0xffffffff, INT64_MAX, (uint64_t)INT64_MIN,
        UINT64_MAX
    };
    uint64_t r = isa_next(seed), v = isa_next(seed);

    switch (r % 4) {
    case 0:
        return special[(r >> 8) % G_N_ELEMENTS(special)];
    case 1:
        return v >> (r >> 8) % 64;
    case 2:
        return (int64_t)v >> (r >> 8) % 64;
    default:
        return v;
    }
}

static uint32_t values_f32(uint64_t *seed)
{
    static const uint32_t special[] = {
        0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
        0xff800000, 0x7fc00000, 0x7fa00001, 0xffc12345, 0x00000001,
        0x807fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000,
        0x3f000000, 0x3fc00000, 0x40200000, 0xff800001, 0x4b7fffff,
    };
    uint32_t v = isa_next(seed) >> 32;

    switch (isa_below(seed, 3)) {
    case 0:
        return special[isa_below(seed, G_N_ELEMENTS(special))];
    case 1: /* moderate */
        return (v & 0x80ffffff) | (0x3c + isa_below(seed, 8)) << 24;
    default:
        return v;
    }
}

static uint64_t values_f64(uint64_t *seed)
{
    static const uint64_t special[] = {
        0,
        UINT64_C(0x8000000000000000),
        UINT64_C(0x3ff0000000000000),
        UINT64_C(0x7ff0000000000000),
        UINT64_C(0xfff0000000000000),
        UINT64_C(0x7ff8000000000000),
        UINT64_C(0xfff4000000000001),
        UINT64_C(0x0000000000000001),
        UINT64_C(0x800fffffffffffff),
        UINT64_C(0x0010000000000000),
        UINT64_C(0x7fefffffffffffff),
        UINT64_C(0x41e0000000000000),
        UINT64_C(0xc1e0000000200000),
        UINT64_C(0x43e0000000000000),
        UINT64_C(0xc3e0000000000000),
        UINT64_C(0x3fe0000000000000),
        UINT64_C(0x4004000000000000),
        UINT64_C(0x36a0000000000000),
        UINT64_C(0x47efffffffffffff),
    };
    uint64_t v = isa_next(seed);

    switch (isa_below(seed, 3)) {
    case 0:
        return special[isa_below(seed, G_N_ELEMENTS(special))];
    case 1:
        return (v & UINT64_C(0x800fffffffffffff)) |
               (uint64_t)(0x3f0 + isa_below(seed, 80)) << 52;
    default:
        return v;
    }
}

static uint64_t values_lane(uint64_t *seed)
{
    switch (isa_below(seed, 3)) {
    case 0:
        return values_f32(seed) | (uint64_t)values_f32(seed) << 32;
    case 1:
        return values_f64(seed);
    default:
        return isa_next(seed) >> isa_below(seed, 64);
    }
}

static void values_st(X86Fpu *fpu, unsigned n, uint64_t *seed)
{
    static const uint16_t exponents[] = { 0,      0x3fff, 0x7fff, 0x8000,
                                          0xffff, 0xbfff, 1,      0x401e,
                                          0x403e, 0x3ffe, 0x4000, 0x7ffe };
    uint64_t m = isa_next(seed);
    bool odd = isa_below(seed, 8) == 0; /* unnormal, pseudo-denormal */

    fpu->st[n].exponent = exponents[isa_below(seed, G_N_ELEMENTS(exponents))];
    if (isa_below(seed, 3) == 0) {
        fpu->st[n].exponent = 0x3fe0 + isa_below(seed, 64);
    }
    if (isa_below(seed, 4) == 0) {
        m = isa_below(seed, 2) ? 0 : UINT64_C(3) << 62;
    }
    bool integer_bit = fpu->st[n].exponent & 0x7fff;
    m = integer_bit ? m | UINT64_C(1) << 63 : m & INT64_MAX;
    fpu->st[n].mantissa = odd ? m ^ UINT64_C(1) << 63 : m;
}

uint64_t isa_lane(uint64_t *seed)
{
    return values_lane(seed);
}

/* Exceptions that wait: the summary bit follows from flags and masks. */
static void values_pending(X86Fpu *fpu, uint64_t *seed)
{
    fpu->fsw |= isa_next(seed) & 0x7f;
    if (fpu->fsw & ~fpu->fcw & 0x3f) {
        fpu->fsw |= 0x8080;
    }
}

/* Masks with few and with many bits. */
static void values_avx512(X86Fpu *fpu, uint64_t *seed)
{
    for (unsigned n = 0; n < 8; n++) {
        uint64_t v = isa_next(seed);
        unsigned how = isa_below(seed, 6);
        fpu->opmask[n] = how == 0   ? 0
                         : how == 1 ? UINT64_MAX
                         : how == 2 ? v & isa_next(seed) & isa_next(seed)
                                    : v;
    }
    for (unsigned n = 0; n < 16; n++) {
        for (unsigned k = 0; k < 4; k++) {
            fpu->zmm_high[n][k] = values_lane(seed);
        }
        for (unsigned k = 0; k < 8; k++) {
            fpu->zmm[n][k] = values_lane(seed);
        }
    }
}

/* Mostly everything masked and a full or empty stack, sometimes not. */
void isa_random_fpu(X86Fpu *fpu, uint64_t *seed)
{
    memset(fpu, 0, sizeof(*fpu));
    fpu->fcw = 0x37f;
    if (isa_below(seed, 2)) {
        fpu->fcw = 0x40 | (isa_next(seed) & 0xf3f);
        fpu->fcw |= isa_below(seed, 4) ? 0x3f : 0;
    }
    fpu->fsw = isa_below(seed, 8) << 11 | (isa_next(seed) & 0x4700);
    if (isa_below(seed, 8) == 0) {
        values_pending(fpu, seed);
    }
    fpu->ftw = isa_below(seed, 3) ? 0xff : isa_next(seed);
    if (isa_below(seed, 2)) { /* room for a push */
        fpu->ftw &= ~(1 << (((fpu->fsw >> 11 & 7) + 7) & 7));
    }
    fpu->mxcsr = 0x1f80;
    if (isa_below(seed, 2)) {
        fpu->mxcsr = isa_next(seed) & 0xffff;
        fpu->mxcsr |= isa_below(seed, 4) ? 0x1f80 : 0;
    }
    for (unsigned n = 0; n < 8; n++) {
        values_st(fpu, n, seed);
    }
    for (unsigned n = 0; n < 16; n++) {
        for (unsigned k = 0; k < 2; k++) {
            fpu->xmm[n].q[k] = values_lane(seed);
            fpu->ymm_high[n][k] = values_lane(seed);
        }
    }
    values_avx512(fpu, seed);
    fpu->xstate_bv = 0xe7;
}
