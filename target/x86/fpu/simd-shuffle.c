/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors moved about: loads, stores, unpacking, packing, shuffles, blends,
 * insertion and extraction. AVX's forms work on each 128 bits alone.
 */
#include "target/x86/fpu/fpu.h"

#include <string.h>

/* ---- Moves --------------------------------------------------------------- */

static void simd_mov(FpOp *x)
{
    memcpy(x->d.b, x->b.b, x->size);
}

/* Low 8 bytes: loads of MOVQ and the like, register forms of MOVLP. */
static void simd_mov_low(FpOp *x)
{
    x->d.q[0] = x->b.q[0];
}

/* MOVHPS loads into the high half; its store takes it from there. */
static void simd_movhps(FpOp *x)
{
    if (x->mem_dst) {
        x->d.q[0] = x->b.q[1];
        return;
    }
    x->d.q[0] = x->a.q[0];
    x->d.q[1] = x->b.q[0];
}

static void simd_movhlps(FpOp *x)
{
    x->d.q[0] = x->b.q[1];
    x->d.q[1] = x->a.q[1];
}

/* Loads keep the high half. */
static void simd_movlps(FpOp *x)
{
    if (!x->mem_dst) {
        x->d.q[1] = x->a.q[1];
    }
    x->d.q[0] = x->b.q[0];
}

static void simd_emms(FpOp *x)
{
    x->cpu->fpu.ftw = 0;
}

/* ---- By lanes of 128 bits ------------------------------------------------ */

/* Result lane n, number i in its block; A and B the blocks, `lanes` long. */
#define BLOCKS(name, t, expr)                                                  \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        unsigned lanes = MIN(x->size, 16u) / sizeof(x->d.t[0]);                \
        unsigned imm = x->imm;                                                 \
        (void)imm;                                                             \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            unsigned i = n % lanes;                                            \
            typeof(x->d.t[0]) *A = &x->a.t[n - i], *B = &x->b.t[n - i];        \
            (void)A;                                                           \
            x->d.t[n] = (expr);                                                \
        }                                                                      \
    }

/* clang-format off */
BLOCKS(punpcklbw, b, (i & 1 ? B : A)[i / 2])
BLOCKS(punpcklwd, w, (i & 1 ? B : A)[i / 2])
BLOCKS(punpckldq, l, (i & 1 ? B : A)[i / 2])
BLOCKS(punpcklqdq, q, (i & 1 ? B : A)[i / 2])
BLOCKS(punpckhbw, b, (i & 1 ? B : A)[lanes / 2 + i / 2])
BLOCKS(punpckhwd, w, (i & 1 ? B : A)[lanes / 2 + i / 2])
BLOCKS(punpckhdq, l, (i & 1 ? B : A)[lanes / 2 + i / 2])
BLOCKS(punpckhqdq, q, (i & 1 ? B : A)[lanes / 2 + i / 2])
BLOCKS(pshufd, l, B[imm >> (2 * i) & 3])
BLOCKS(pshufw, w, B[imm >> (2 * i) & 3])
BLOCKS(pshuflw, w, i < 4 ? B[imm >> (2 * i) & 3] : B[i])
BLOCKS(pshufhw, w, i < 4 ? B[i] : B[4 + (imm >> (2 * (i - 4)) & 3)])
BLOCKS(shufps, l, (i < 2 ? A : B)[imm >> (2 * i) & 3])
BLOCKS(shufpd, q, (i ? B : A)[imm >> n & 1])
BLOCKS(pshufb, b, B[i] & 0x80 ? 0 : A[B[i] & (lanes - 1)])
BLOCKS(movddup, q, B[0])
BLOCKS(movsldup, l, B[i & ~1])
BLOCKS(movshdup, l, B[i | 1])
BLOCKS(pblendw, w, (imm >> i & 1 ? B : A)[i])
BLOCKS(blendps, l, (imm >> n & 1 ? B : A)[i])
BLOCKS(blendpd, q, (imm >> n & 1 ? B : A)[i])
/* clang-format on */

static void simd_palignr(FpOp *x)
{
    unsigned lanes = MIN(x->size, 16u);

    for (unsigned n = 0; n < x->size; n++) {
        unsigned block = n - n % lanes, i = n % lanes + x->imm;
        x->d.b[n] = i < lanes       ? x->b.b[block + i]
                    : i < 2 * lanes ? x->a.b[block + i - lanes]
                                    : 0;
    }
}

/* ---- Packing ------------------------------------------------------------- */

#define PACK(name, t, from, lo, hi)                                            \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        unsigned lanes = MIN(x->size, 16u) / sizeof(x->d.t[0]);                \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            unsigned i = n % lanes, block = (n - i) / 2;                       \
            int v = i < lanes / 2 ? x->a.from[block + i]                       \
                                  : x->b.from[block + i - lanes / 2];          \
            x->d.t[n] = v < (lo) ? (lo) : v > (hi) ? (hi) : v;                 \
        }                                                                      \
    }

PACK(packsswb, sb, sw, INT8_MIN, INT8_MAX)
PACK(packssdw, sw, sl, INT16_MIN, INT16_MAX)
PACK(packuswb, b, sw, 0, UINT8_MAX)
PACK(packusdw, w, sl, 0, UINT16_MAX)

/* ---- Widening ------------------------------------------------------------ */

#define WIDEN(name, t, from)                                                   \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            x->d.t[n] = x->b.from[n];                                          \
        }                                                                      \
    }

WIDEN(pmovsxbw, sw, sb)
WIDEN(pmovsxbd, sl, sb)
WIDEN(pmovsxbq, sq, sb)
WIDEN(pmovsxwd, sl, sw)
WIDEN(pmovsxwq, sq, sw)
WIDEN(pmovsxdq, sq, sl)
WIDEN(pmovzxbw, w, b)
WIDEN(pmovzxbd, l, b)
WIDEN(pmovzxbq, q, b)
WIDEN(pmovzxwd, l, w)
WIDEN(pmovzxwq, q, w)
WIDEN(pmovzxdq, q, l)

/* ---- Blends by a mask register: XMM0 for the legacy forms -----------------
 */

static const FpVec *simd_blend_mask(FpOp *x)
{
    if (!x->vex) {
        memcpy(x->c.b, x->cpu->fpu.xmm[0].b, 16);
    }
    return &x->c;
}

#define BLENDV(name, t)                                                        \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        const FpVec *mask = simd_blend_mask(x);                                \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            x->d.t[n] = mask->t[n] < 0 ? x->b.t[n] : x->a.t[n];                \
        }                                                                      \
    }

BLENDV(pblendvb, sb)
BLENDV(blendvps, sl)
BLENDV(blendvpd, sq)

/* ---- One element --------------------------------------------------------- */

static void simd_pinsrb(FpOp *x)
{
    x->d = x->a;
    x->d.b[x->imm & 15] = x->b.b[0];
}

/* MMX has four words. */
static void simd_pinsrw(FpOp *x)
{
    x->d = x->a;
    x->d.w[x->imm & (x->size / 2 - 1)] = x->b.w[0];
}

static void simd_pinsrd(FpOp *x)
{
    x->d = x->a;
    if (x->src_size == 8) {
        x->d.q[x->imm & 1] = x->b.q[0];
    } else {
        x->d.l[x->imm & 3] = x->b.l[0];
    }
}

static void simd_pextrb(FpOp *x)
{
    x->d.q[0] = x->b.b[x->imm & 15];
}

static void simd_pextrw(FpOp *x)
{
    x->d.q[0] = x->b.w[x->imm & (x->src_size / 2 - 1)];
}

static void simd_pextrd(FpOp *x)
{
    x->d.q[0] = x->size == 8 ? x->b.q[x->imm & 1] : x->b.l[x->imm & 3];
}

/* From memory the source's number does not count. */
static void simd_insertps(FpOp *x)
{
    uint32_t v = x->b.l[x->src_mem ? 0 : x->imm >> 6];

    x->d = x->a;
    x->d.l[x->imm >> 4 & 3] = v;
    for (unsigned n = 0; n < 4; n++) {
        if (x->imm >> n & 1) {
            x->d.l[n] = 0;
        }
    }
}

/* ---- Signs to a general register ----------------------------------------- */

static void simd_pmovmskb(FpOp *x)
{
    for (unsigned n = 0; n < x->src_size; n++) {
        x->d.q[0] |= (uint64_t)(x->b.b[n] >> 7) << n;
    }
}

static void simd_movmskps(FpOp *x)
{
    for (unsigned n = 0; n < x->src_size / 4; n++) {
        x->d.q[0] |= (uint64_t)(x->b.l[n] >> 31) << n;
    }
}

static void simd_movmskpd(FpOp *x)
{
    for (unsigned n = 0; n < x->src_size / 8; n++) {
        x->d.q[0] |= (x->b.q[n] >> 63) << n;
    }
}

/* ---- Stores by byte mask ------------------------------------------------- */

static void simd_maskmov(FpOp *x)
{
    fp_probe_masked(x->cpu, x->addr, x->b.b, x->size, 1);
    for (unsigned n = 0; n < x->size; n++) {
        if (x->b.b[n] & 0x80) {
            x86_store(x->cpu, x->addr + n, x->a.b[n], 1, x->cpu->env.mode);
        }
    }
}

/* ---- SSE4A (APM 4) ------------------------------------------------------- */

static uint64_t simd_field_mask(unsigned len)
{
    return len ? (UINT64_C(1) << len) - 1 : ~UINT64_C(0);
}

/* Length and position: two immediates, or bytes of the source. The upper half
 * is undefined; processors clear it. */
static void simd_extrq(FpOp *x)
{
    unsigned len = x->imm, pos = x->imm2;

    if (!x->has_imm) {
        len = x->b.b[0];
        pos = x->b.b[1];
    }
    x->d.q[0] = (x->a.q[0] >> (pos & 63)) & simd_field_mask(len & 63);
    x->d.q[1] = 0;
}

static void simd_insertq(FpOp *x)
{
    unsigned len = x->imm, pos = x->imm2;

    if (!x->has_imm) {
        len = x->b.b[8];
        pos = x->b.b[9];
    }
    uint64_t mask = simd_field_mask(len & 63) << (pos & 63);
    x->d.q[0] = (x->a.q[0] & ~mask) | (x->b.q[0] << (pos & 63) & mask);
    x->d.q[1] = 0;
}

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { simd_##fn, 0 }

const FpRow fp_shuffle_rows[X86_MNEMONIC_COUNT] = {
    ROW(MOVAPS, mov), ROW(MOVAPD, mov), ROW(MOVUPS, mov), ROW(MOVUPD, mov),
    ROW(MOVDQA, mov), ROW(MOVDQU, mov), ROW(LDDQU, mov), ROW(MOVNTDQA, mov),
    ROW(MOVNTPS, mov), ROW(MOVNTPD, mov), ROW(MOVNTDQ, mov), ROW(MOVNTQ, mov),
    ROW(VMOVDQA32, mov), ROW(VMOVDQA64, mov), ROW(VMOVDQU8, mov), ROW(VMOVDQU16, mov),
    ROW(VMOVDQU32, mov), ROW(VMOVDQU64, mov),
    ROW(MOVNTSS, mov), ROW(MOVNTSD, mov),
    ROW(MOVSS, mov), ROW(MOVSD, mov), ROW(MOVD, mov), ROW(MOVQ, mov_low),
    ROW(MOVQ2DQ, mov_low), ROW(MOVDQ2Q, mov_low),
    ROW(MOVLPS, movlps), ROW(MOVLPD, movlps), ROW(MOVHPS, movhps), ROW(MOVHPD, movhps),
    ROW(MOVHLPS, movhlps), ROW(MOVLHPS, movhps),
    ROW(MOVDDUP, movddup), ROW(MOVSLDUP, movsldup), ROW(MOVSHDUP, movshdup),
    ROW(EMMS, emms),
    ROW(PUNPCKLBW, punpcklbw), ROW(PUNPCKLWD, punpcklwd), ROW(PUNPCKLDQ, punpckldq), ROW(PUNPCKLQDQ, punpcklqdq),
    ROW(PUNPCKHBW, punpckhbw), ROW(PUNPCKHWD, punpckhwd), ROW(PUNPCKHDQ, punpckhdq), ROW(PUNPCKHQDQ, punpckhqdq),
    ROW(UNPCKLPS, punpckldq), ROW(UNPCKLPD, punpcklqdq), ROW(UNPCKHPS, punpckhdq), ROW(UNPCKHPD, punpckhqdq),
    ROW(PSHUFD, pshufd), ROW(PSHUFW, pshufw), ROW(PSHUFLW, pshuflw), ROW(PSHUFHW, pshufhw),
    ROW(SHUFPS, shufps), ROW(SHUFPD, shufpd), ROW(PSHUFB, pshufb), ROW(PALIGNR, palignr),
    ROW(PBLENDW, pblendw), ROW(BLENDPS, blendps), ROW(BLENDPD, blendpd), ROW(VPBLENDD, blendps),
    ROW(PBLENDVB, pblendvb), ROW(BLENDVPS, blendvps), ROW(BLENDVPD, blendvpd),
    ROW(PACKSSWB, packsswb), ROW(PACKSSDW, packssdw), ROW(PACKUSWB, packuswb), ROW(PACKUSDW, packusdw),
    ROW(PMOVSXBW, pmovsxbw), ROW(PMOVSXBD, pmovsxbd), ROW(PMOVSXBQ, pmovsxbq),
    ROW(PMOVSXWD, pmovsxwd), ROW(PMOVSXWQ, pmovsxwq), ROW(PMOVSXDQ, pmovsxdq),
    ROW(PMOVZXBW, pmovzxbw), ROW(PMOVZXBD, pmovzxbd), ROW(PMOVZXBQ, pmovzxbq),
    ROW(PMOVZXWD, pmovzxwd), ROW(PMOVZXWQ, pmovzxwq), ROW(PMOVZXDQ, pmovzxdq),
    ROW(PINSRB, pinsrb), ROW(PINSRW, pinsrw), ROW(PINSRD, pinsrd), ROW(INSERTPS, insertps),
    ROW(PEXTRB, pextrb), ROW(PEXTRW, pextrw), ROW(PEXTRD, pextrd), ROW(EXTRACTPS, pextrd),
    ROW(PMOVMSKB, pmovmskb), ROW(MOVMSKPS, movmskps), ROW(MOVMSKPD, movmskpd),
    ROW(EXTRQ, extrq), ROW(INSERTQ, insertq),
    [X86_MASKMOVQ] = { simd_maskmov, FP_ADDRESS },
    [X86_MASKMOVDQU] = { simd_maskmov, FP_ADDRESS },
};
/* clang-format on */
