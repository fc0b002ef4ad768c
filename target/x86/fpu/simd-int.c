/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer vectors: arithmetic, comparisons, logic and shifts, by lanes (SDM 1
 * chapters 9, 11, 12; each instruction in SDM 2).
 */
#include "target/x86/fpu/fpu.h"

#include <stdlib.h>

/* Lane n of the result from a and b, lane n of the sources. */
#define LANES(name, t, expr)                                                   \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            typeof(x->d.t[0]) a = x->a.t[n], b = x->b.t[n];                    \
            (void)a;                                                           \
            x->d.t[n] = (expr);                                                \
        }                                                                      \
    }
/* The same, with the lanes of each 128 bits seen as one block: i is the
 * lane's number in it, A and B the blocks (64 bits wide for MMX). */
#define BLOCKS(name, t, expr)                                                  \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        unsigned lanes = MIN(x->size, 16u) / sizeof(x->d.t[0]);                \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            unsigned i = n % lanes;                                            \
            typeof(x->d.t[0]) *A = &x->a.t[n - i], *B = &x->b.t[n - i];        \
            x->d.t[n] = (expr);                                                \
        }                                                                      \
    }

static inline int simd_clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}
static inline int8_t simd_sat_sb(int v)
{
    return simd_clamp(v, INT8_MIN, INT8_MAX);
}
static inline int16_t simd_sat_sw(int v)
{
    return simd_clamp(v, INT16_MIN, INT16_MAX);
}
static inline uint8_t simd_sat_ub(int v)
{
    return simd_clamp(v, 0, UINT8_MAX);
}
static inline uint16_t simd_sat_uw(int v)
{
    return simd_clamp(v, 0, UINT16_MAX);
}

/* clang-format off */

LANES(paddb, b, a + b)
LANES(paddw, w, a + b)
LANES(paddd, l, a + b)
LANES(paddq, q, a + b)
LANES(psubb, b, a - b)
LANES(psubw, w, a - b)
LANES(psubd, l, a - b)
LANES(psubq, q, a - b)
LANES(paddsb, sb, simd_sat_sb(a + b))
LANES(paddsw, sw, simd_sat_sw(a + b))
LANES(paddusb, b, simd_sat_ub(a + b))
LANES(paddusw, w, simd_sat_uw(a + b))
LANES(psubsb, sb, simd_sat_sb(a - b))
LANES(psubsw, sw, simd_sat_sw(a - b))
LANES(psubusb, b, simd_sat_ub(a - b))
LANES(psubusw, w, simd_sat_uw(a - b))
LANES(pavgb, b, (a + b + 1) >> 1)
LANES(pavgw, w, (a + b + 1) >> 1)
LANES(pminub, b, MIN(a, b))
LANES(pminuw, w, MIN(a, b))
LANES(pminud, l, MIN(a, b))
LANES(pminsb, sb, MIN(a, b))
LANES(pminsw, sw, MIN(a, b))
LANES(pminsd, sl, MIN(a, b))
LANES(pminsq, sq, MIN(a, b))
LANES(pminuq, q, MIN(a, b))
LANES(pmaxsq, sq, MAX(a, b))
LANES(pmaxuq, q, MAX(a, b))
LANES(pabsq, q, (int64_t)b < 0 ? -b : b)
LANES(pmullq, q, a * b)
LANES(pmaxub, b, MAX(a, b))
LANES(pmaxuw, w, MAX(a, b))
LANES(pmaxud, l, MAX(a, b))
LANES(pmaxsb, sb, MAX(a, b))
LANES(pmaxsw, sw, MAX(a, b))
LANES(pmaxsd, sl, MAX(a, b))
LANES(pcmpeqb, b, a == b ? ~0 : 0)
LANES(pcmpeqw, w, a == b ? ~0 : 0)
LANES(pcmpeqd, l, a == b ? ~0u : 0)
LANES(pcmpeqq, q, a == b ? ~UINT64_C(0) : 0)
LANES(pcmpgtb, sb, a > b ? -1 : 0)
LANES(pcmpgtw, sw, a > b ? -1 : 0)
LANES(pcmpgtd, sl, a > b ? -1 : 0)
LANES(pcmpgtq, sq, a > b ? -1 : 0)
LANES(pabsb, sb, b < 0 ? -b : b)
LANES(pabsw, sw, b < 0 ? -b : b)
LANES(pabsd, l, (int32_t)b < 0 ? -b : b)
LANES(psignb, sb, b < 0 ? -a : b ? a : 0)
LANES(psignw, sw, b < 0 ? -a : b ? a : 0)
LANES(psignd, l, (int32_t)b < 0 ? -a : b ? a : 0)
LANES(pand, q, a & b)
LANES(pandn, q, ~a & b)
LANES(por, q, a | b)
LANES(pxor, q, a ^ b)

LANES(pmullw, sw, a * b)
LANES(pmulhw, sw, (a * b) >> 16)
LANES(pmulhuw, w, ((uint32_t)a * b) >> 16)
LANES(pmulhrsw, sw, (((a * b) >> 14) + 1) >> 1)
LANES(pmulld, l, a * b)
LANES(pmuludq, q, (uint64_t)(uint32_t)a * (uint32_t)b)
LANES(pmuldq, sq, (int64_t)(int32_t)a * (int32_t)b)
/* Pairs of words or bytes multiplied and added, in the wider lane. */
LANES(pmaddwd, l, (uint32_t)((int16_t)a * (int16_t)b) +
                  (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16)))
LANES(pmaddubsw, w, simd_sat_sw((uint8_t)a * (int8_t)b + (a >> 8) * (int8_t)(b >> 8)))

/* Horizontal: pairs of A, then pairs of B. */
#define PAIR(i, lanes, op) \
    ((i) < (lanes) / 2 ? A[2 * (i)] op A[2 * (i) + 1] : \
     B[2 * (i) - (lanes)] op B[2 * (i) - (lanes) + 1])
BLOCKS(phaddw, w, PAIR(i, lanes, +))
BLOCKS(phaddd, l, PAIR(i, lanes, +))
BLOCKS(phsubw, w, PAIR(i, lanes, -))
BLOCKS(phsubd, l, PAIR(i, lanes, -))
BLOCKS(phaddsw, sw, simd_sat_sw(PAIR(i, lanes, +)))
BLOCKS(phsubsw, sw, simd_sat_sw(PAIR(i, lanes, -)))

/* clang-format on */

static void simd_psadbw(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        unsigned sum = 0;
        for (unsigned i = 8 * n; i < 8 * n + 8; i++) {
            sum += abs(x->a.b[i] - x->b.b[i]);
        }
        x->d.q[n] = sum;
    }
}

/* imm: which four bytes of b, and the first of eleven of a; the second 128
 * bits take bits 3..5. */
static void simd_mpsadbw(FpOp *x)
{
    for (unsigned block = 0; block < x->size; block += 16) {
        unsigned imm = block ? x->imm >> 3 : x->imm;
        const uint8_t *a = x->a.b + block + (imm & 4);
        const uint8_t *b = x->b.b + block + (imm & 3) * 4;
        for (unsigned n = 0; n < 8; n++) {
            unsigned sum = 0;
            for (unsigned i = 0; i < 4; i++) {
                sum += abs(a[n + i] - b[i]);
            }
            x->d.w[block / 2 + n] = sum;
        }
    }
}

static void simd_phminposuw(FpOp *x)
{
    unsigned best = 0;

    for (unsigned n = 1; n < 8; n++) {
        if (x->b.w[n] < x->b.w[best]) {
            best = n;
        }
    }
    x->d = (FpVec){ .w = { x->b.w[best], best } };
}

/* ---- Shifts: one count for all lanes ------------------------------------- */

/* Counts of the width or more give 0, or the sign for arithmetic shifts. */
#define SHIFTS(name, t, bits, expr, over)                                      \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        uint64_t count = x->b.q[0];                                            \
        for (unsigned n = 0; n < x->size * 8 / (bits); n++) {                  \
            typeof(x->d.t[0]) a = x->a.t[n];                                   \
            x->d.t[n] = count < (bits) ? (expr) : (over);                      \
        }                                                                      \
    }

SHIFTS(psllw, w, 16, a << count, 0)
SHIFTS(pslld, l, 32, a << count, 0)
SHIFTS(psllq, q, 64, a << count, 0)
SHIFTS(psrlw, w, 16, a >> count, 0)
SHIFTS(psrld, l, 32, a >> count, 0)
SHIFTS(psrlq, q, 64, a >> count, 0)
SHIFTS(psraw, sw, 16, a >> count, a < 0 ? -1 : 0)
SHIFTS(psrad, sl, 32, a >> count, a < 0 ? -1 : 0)
SHIFTS(psraq, sq, 64, a >> count, a < 0 ? -1 : 0)

static void simd_pslldq(FpOp *x)
{
    for (unsigned n = 0; n < x->size; n++) {
        unsigned i = n % 16;
        x->d.b[n] = i >= x->imm ? x->a.b[n - x->imm] : 0;
    }
}

static void simd_psrldq(FpOp *x)
{
    for (unsigned n = 0; n < x->size; n++) {
        unsigned i = n % 16 + x->imm;
        x->d.b[n] = i < 16 ? x->a.b[n + x->imm] : 0;
    }
}

/* ---- Tests --------------------------------------------------------------- */

static void simd_ptest(FpOp *x)
{
    uint64_t both = 0, rest = 0;

    for (unsigned n = 0; n < x->size / 8; n++) {
        both |= x->a.q[n] & x->b.q[n];
        rest |= ~x->a.q[n] & x->b.q[n];
    }
    x->eflags = (both ? 0 : EFLAGS_ZF) | (rest ? 0 : EFLAGS_CF);
}

static void simd_test_signs(FpOp *x, uint64_t signs)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        x->b.q[n] &= signs;
    }
    simd_ptest(x);
}

static void simd_vtestps(FpOp *x)
{
    simd_test_signs(x, UINT64_C(0x8000000080000000));
}

static void simd_vtestpd(FpOp *x)
{
    simd_test_signs(x, UINT64_C(0x8000000000000000));
}

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { simd_##fn, 0 }
#define SHIFT(name, fn) [X86_##name] = { simd_##fn, FP_COUNT }

const FpRow fp_int_rows[X86_MNEMONIC_COUNT] = {
    ROW(PADDB, paddb), ROW(PADDW, paddw), ROW(PADDD, paddd), ROW(PADDQ, paddq),
    ROW(PSUBB, psubb), ROW(PSUBW, psubw), ROW(PSUBD, psubd), ROW(PSUBQ, psubq),
    ROW(PADDSB, paddsb), ROW(PADDSW, paddsw), ROW(PADDUSB, paddusb), ROW(PADDUSW, paddusw),
    ROW(PSUBSB, psubsb), ROW(PSUBSW, psubsw), ROW(PSUBUSB, psubusb), ROW(PSUBUSW, psubusw),
    ROW(PAVGB, pavgb), ROW(PAVGW, pavgw),
    ROW(PMINUB, pminub), ROW(PMINUW, pminuw), ROW(PMINUD, pminud),
    ROW(PMINSB, pminsb), ROW(PMINSW, pminsw), ROW(PMINSD, pminsd),
    ROW(PMAXUB, pmaxub), ROW(PMAXUW, pmaxuw), ROW(PMAXUD, pmaxud),
    ROW(PMAXSB, pmaxsb), ROW(PMAXSW, pmaxsw), ROW(PMAXSD, pmaxsd),
    ROW(PCMPEQB, pcmpeqb), ROW(PCMPEQW, pcmpeqw), ROW(PCMPEQD, pcmpeqd), ROW(PCMPEQQ, pcmpeqq),
    ROW(PCMPGTB, pcmpgtb), ROW(PCMPGTW, pcmpgtw), ROW(PCMPGTD, pcmpgtd), ROW(PCMPGTQ, pcmpgtq),
    ROW(PABSB, pabsb), ROW(PABSW, pabsw), ROW(PABSD, pabsd),
    ROW(PSIGNB, psignb), ROW(PSIGNW, psignw), ROW(PSIGND, psignd),
    ROW(PAND, pand), ROW(PANDN, pandn), ROW(POR, por), ROW(PXOR, pxor),
    ROW(VPANDD, pand), ROW(VPANDND, pandn), ROW(VPORD, por), ROW(VPXORD, pxor),
    ROW(VPANDQ, pand), ROW(VPANDNQ, pandn), ROW(VPORQ, por), ROW(VPXORQ, pxor),
    ROW(ANDPS, pand), ROW(ANDNPS, pandn), ROW(ORPS, por), ROW(XORPS, pxor),
    ROW(ANDPD, pand), ROW(ANDNPD, pandn), ROW(ORPD, por), ROW(XORPD, pxor),
    ROW(VPMINSQ, pminsq), ROW(VPMINUQ, pminuq), ROW(VPMAXSQ, pmaxsq), ROW(VPMAXUQ, pmaxuq),
    ROW(VPABSQ, pabsq), ROW(VPMULLQ, pmullq),
    ROW(PMULLW, pmullw), ROW(PMULHW, pmulhw), ROW(PMULHUW, pmulhuw), ROW(PMULHRSW, pmulhrsw),
    ROW(PMULLD, pmulld), ROW(PMULUDQ, pmuludq), ROW(PMULDQ, pmuldq),
    ROW(PMADDWD, pmaddwd), ROW(PMADDUBSW, pmaddubsw),
    ROW(PHADDW, phaddw), ROW(PHADDD, phaddd), ROW(PHADDSW, phaddsw),
    ROW(PHSUBW, phsubw), ROW(PHSUBD, phsubd), ROW(PHSUBSW, phsubsw),
    ROW(PSADBW, psadbw), ROW(MPSADBW, mpsadbw), ROW(PHMINPOSUW, phminposuw),
    SHIFT(PSLLW, psllw), SHIFT(PSLLD, pslld), SHIFT(PSLLQ, psllq),
    SHIFT(PSRLW, psrlw), SHIFT(PSRLD, psrld), SHIFT(PSRLQ, psrlq),
    SHIFT(PSRAW, psraw), SHIFT(PSRAD, psrad), SHIFT(VPSRAQ, psraq),
    SHIFT(PSLLDQ, pslldq), SHIFT(PSRLDQ, psrldq),
    [X86_PTEST] = { simd_ptest, FP_FLAGS },
    [X86_VTESTPS] = { simd_vtestps, FP_FLAGS },
    [X86_VTESTPD] = { simd_vtestpd, FP_FLAGS },
};
/* clang-format on */
