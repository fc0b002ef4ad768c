/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integers of AVX-512: comparisons into masks, rotates and funnel shifts,
 * counts, three-way logic, sums of products (each instruction in SDM 2).
 */
#include "target/x86/fpu/fpu.h"

#include <stdlib.h>

/* Lane n of the result; a and b: lanes of the sources, d: the old one. */
#define LANES(name, t, expr)                                                   \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            typeof(x->d.t[0]) a = x->a.t[n], b = x->b.t[n], d = x->d.t[n];     \
            (void)a, (void)b, (void)d;                                         \
            x->d.t[n] = (expr);                                                \
        }                                                                      \
    }

/* ---- Shifts and rotates ---------------------------------------------------
 */

static inline uint64_t evex_rotate(uint64_t v, unsigned bits, unsigned left)
{
    left &= bits - 1;
    return left ? v << left | v >> (bits - left) : v;
}

/* The upper half of high:low shifted left. */
static inline uint64_t evex_funnel(uint64_t high, uint64_t low, unsigned bits,
                                   unsigned left)
{
    left &= bits - 1;
    return left ? high << left | low >> (bits - left) : high;
}

/* The lower half of high:low shifted right. */
static inline uint64_t evex_funnel_right(uint64_t high, uint64_t low,
                                         unsigned bits, unsigned right)
{
    right &= bits - 1;
    return right ? low >> right | high << (bits - right) : low;
}

/* clang-format off */
LANES(psllvw, w, b < 16 ? a << b : 0)
LANES(psrlvw, w, b < 16 ? a >> b : 0)
LANES(psravw, sw, a >> ((uint16_t)b < 16 ? b : 15))
LANES(prolvd, l, evex_rotate(a, 32, b))
LANES(prolvq, q, evex_rotate(a, 64, b))
LANES(prorvd, l, evex_rotate(a, 32, -b))
LANES(prorvq, q, evex_rotate(a, 64, -b))
LANES(prold, l, evex_rotate(b, 32, x->imm))
LANES(prolq, q, evex_rotate(b, 64, x->imm))
LANES(prord, l, evex_rotate(b, 32, -x->imm))
LANES(prorq, q, evex_rotate(b, 64, -x->imm))
LANES(pshldw, w, evex_funnel(a, b, 16, x->imm))
LANES(pshldd, l, evex_funnel(a, b, 32, x->imm))
LANES(pshldq, q, evex_funnel(a, b, 64, x->imm))
LANES(pshldvw, w, evex_funnel(d, a, 16, b))
LANES(pshldvd, l, evex_funnel(d, a, 32, b))
LANES(pshldvq, q, evex_funnel(d, a, 64, b))
LANES(pshrdw, w, evex_funnel_right(b, a, 16, x->imm))
LANES(pshrdd, l, evex_funnel_right(b, a, 32, x->imm))
LANES(pshrdq, q, evex_funnel_right(b, a, 64, x->imm))
LANES(pshrdvw, w, evex_funnel_right(a, d, 16, b))
LANES(pshrdvd, l, evex_funnel_right(a, d, 32, b))
LANES(pshrdvq, q, evex_funnel_right(a, d, 64, b))
/* clang-format on */

/* Byte i of each 64 bits: eight bits of b from where a's byte says. */
static void evex_multishift(FpOp *x)
{
    for (unsigned n = 0; n < x->size; n++) {
        x->d.b[n] = evex_rotate(x->b.q[n / 8], 64, -x->a.b[n]);
    }
}

/* ---- Bits ------------------------------------------------------------------
 */

/* clang-format off */
LANES(popcntb, b, __builtin_popcount(b))
LANES(popcntw, w, __builtin_popcount(b))
LANES(popcntd, l, __builtin_popcount(b))
LANES(popcntq, q, __builtin_popcountll(b))
LANES(lzcntd, l, b ? __builtin_clz(b) : 32)
LANES(lzcntq, q, b ? __builtin_clzll(b) : 64)
/* clang-format on */

/* Bit i of the immediate is the result where the three operands' bits are i. */
static void evex_ternlog(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        uint64_t d = x->d.q[n], a = x->a.q[n], b = x->b.q[n], r = 0;
        for (unsigned i = 0; i < 8; i++) {
            uint64_t at =
                (i & 4 ? d : ~d) & (i & 2 ? a : ~a) & (i & 1 ? b : ~b);
            r |= x->imm >> i & 1 ? at : 0;
        }
        x->d.q[n] = r;
    }
}

/* The earlier lanes that have the same value, as bits. */
#define CONFLICT(name, t)                                                      \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            x->d.t[n] = 0;                                                     \
            for (unsigned i = 0; i < n; i++) {                                 \
                x->d.t[n] |= (typeof(x->d.t[0]))(x->b.t[i] == x->b.t[n]) << i; \
            }                                                                  \
        }                                                                      \
    }
CONFLICT(conflictd, l)
CONFLICT(conflictq, q)

/* ---- Comparisons and masks -------------------------------------------------
 */

/* SDM VPCMPD: equal, less, less or equal, never, and their opposites. */
#define COMPARE(name, t)                                                       \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            bool less = x->a.t[n] < x->b.t[n], same = x->a.t[n] == x->b.t[n];  \
            const bool is[4] = { same, less, less || same, false };            \
            x->d.t[n] = is[x->imm & 3] != (x->imm >> 2 & 1) ? ~0 : 0;          \
        }                                                                      \
    }
COMPARE(cmpb, sb)
COMPARE(cmpw, sw)
COMPARE(cmpd, sl)
COMPARE(cmpq, sq)
COMPARE(cmpub, b)
COMPARE(cmpuw, w)
COMPARE(cmpud, l)
COMPARE(cmpuq, q)

/* clang-format off */
LANES(testmb, sb, a & b ? -1 : 0)
LANES(testmw, sw, a & b ? -1 : 0)
LANES(testmd, sl, a & b ? -1 : 0)
LANES(testmq, sq, a & b ? -1 : 0)
LANES(testnmb, sb, a & b ? 0 : -1)
LANES(testnmw, sw, a & b ? 0 : -1)
LANES(testnmd, sl, a & b ? 0 : -1)
LANES(testnmq, sq, a & b ? 0 : -1)
/* A bit of each 64 of a by a byte of b. */
LANES(shufbitqmb, sb, x->a.q[n / 8] >> (b & 63) & 1 ? -1 : 0)
/* From a mask, and the lanes' signs to one. */
LANES(movm2b, sb, x->b.q[0] >> n & 1 ? -1 : 0)
LANES(movm2w, sw, x->b.q[0] >> n & 1 ? -1 : 0)
LANES(movm2d, sl, x->b.q[0] >> n & 1 ? -1 : 0)
LANES(movm2q, sq, x->b.q[0] >> n & 1 ? -1 : 0)
LANES(movx2m, q, b)
LANES(broadcastmb, q, x->b.b[0])
LANES(broadcastmw, l, x->b.w[0])
/* clang-format on */

/* Two masks: which of a are in b, and the other way round. */
static void evex_intersect(FpOp *x, unsigned bytes)
{
    uint64_t *k = &x->cpu->fpu.opmask[x->dst_reg & ~1];

    k[0] = k[1] = 0;
    for (unsigned n = 0; n < x->vl / bytes; n++) {
        for (unsigned i = 0; i < x->vl / bytes; i++) {
            bool same =
                bytes == 8 ? x->a.q[n] == x->b.q[i] : x->a.l[n] == x->b.l[i];
            k[0] |= (uint64_t)same << n;
            k[1] |= (uint64_t)same << i;
        }
    }
}
static void evex_intersectd(FpOp *x)
{
    evex_intersect(x, 4);
}
static void evex_intersectq(FpOp *x)
{
    evex_intersect(x, 8);
}

/* ---- Products and sums -----------------------------------------------------
 */

static inline unsigned __int128 evex_product52(uint64_t a, uint64_t b)
{
    const uint64_t low = (UINT64_C(1) << 52) - 1;
    return (unsigned __int128)(a & low) * (b & low);
}

/* clang-format off */
LANES(madd52l, q, d + ((uint64_t)evex_product52(a, b) & ((UINT64_C(1) << 52) - 1)))
LANES(madd52h, q, d + (uint64_t)(evex_product52(a, b) >> 52))
/* clang-format on */

/* Differences of four bytes at a time: which of b's in each 128 bits, the
 * immediate says; SDM VDBPSADBW. */
static void evex_dbpsadbw(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 2; n++) {
        unsigned block = n / 8 * 16, i = n % 8;
        uint8_t b[16];
        for (unsigned k = 0; k < 16; k++) {
            b[k] = x->b.b[block + (x->imm >> (k / 4 * 2) & 3) * 4 + k % 4];
        }
        const uint8_t *from = x->a.b + block + (i / 4) * 8 + (i & 2 ? 4 : 0);
        unsigned at = i / 4 * 8 + i % 4, sum = 0;
        for (unsigned k = 0; k < 4; k++) {
            sum += abs(from[k] - b[at + k]);
        }
        x->d.w[n] = sum;
    }
}

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { evex_##fn, 0 }

const FpRow fp_evex_int_rows[X86_MNEMONIC_COUNT] = {
    ROW(VPSLLVW, psllvw), ROW(VPSRLVW, psrlvw), ROW(VPSRAVW, psravw),
    ROW(VPROLVD, prolvd), ROW(VPROLVQ, prolvq), ROW(VPRORVD, prorvd), ROW(VPRORVQ, prorvq),
    ROW(VPROLD, prold), ROW(VPROLQ, prolq), ROW(VPRORD, prord), ROW(VPRORQ, prorq),
    ROW(VPSHLDW, pshldw), ROW(VPSHLDD, pshldd), ROW(VPSHLDQ, pshldq),
    ROW(VPSHLDVW, pshldvw), ROW(VPSHLDVD, pshldvd), ROW(VPSHLDVQ, pshldvq),
    ROW(VPSHRDW, pshrdw), ROW(VPSHRDD, pshrdd), ROW(VPSHRDQ, pshrdq),
    ROW(VPSHRDVW, pshrdvw), ROW(VPSHRDVD, pshrdvd), ROW(VPSHRDVQ, pshrdvq),
    ROW(VPMULTISHIFTQB, multishift),
    ROW(VPOPCNTB, popcntb), ROW(VPOPCNTW, popcntw), ROW(VPOPCNTD, popcntd), ROW(VPOPCNTQ, popcntq),
    ROW(VPLZCNTD, lzcntd), ROW(VPLZCNTQ, lzcntq),
    ROW(VPTERNLOGD, ternlog), ROW(VPTERNLOGQ, ternlog),
    ROW(VPCONFLICTD, conflictd), ROW(VPCONFLICTQ, conflictq),
    ROW(VPCMPB, cmpb), ROW(VPCMPW, cmpw), ROW(VPCMPD, cmpd), ROW(VPCMPQ, cmpq),
    ROW(VPCMPUB, cmpub), ROW(VPCMPUW, cmpuw), ROW(VPCMPUD, cmpud), ROW(VPCMPUQ, cmpuq),
    ROW(VPTESTMB, testmb), ROW(VPTESTMW, testmw), ROW(VPTESTMD, testmd), ROW(VPTESTMQ, testmq),
    ROW(VPTESTNMB, testnmb), ROW(VPTESTNMW, testnmw), ROW(VPTESTNMD, testnmd), ROW(VPTESTNMQ, testnmq),
    ROW(VPSHUFBITQMB, shufbitqmb),
    ROW(VPMOVM2B, movm2b), ROW(VPMOVM2W, movm2w), ROW(VPMOVM2D, movm2d), ROW(VPMOVM2Q, movm2q),
    ROW(VPMOVB2M, movx2m), ROW(VPMOVW2M, movx2m), ROW(VPMOVD2M, movx2m), ROW(VPMOVQ2M, movx2m),
    ROW(VPBROADCASTMB2Q, broadcastmb), ROW(VPBROADCASTMW2D, broadcastmw),
    ROW(VPMADD52LUQ, madd52l), ROW(VPMADD52HUQ, madd52h),
    ROW(VDBPSADBW, dbpsadbw),
    [X86_VP2INTERSECTD] = { evex_intersectd, FP_OWN_RESULT },
    [X86_VP2INTERSECTQ] = { evex_intersectq, FP_OWN_RESULT },
};
/* clang-format on */
