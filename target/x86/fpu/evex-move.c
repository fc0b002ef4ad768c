/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AVX-512's vectors moved about: broadcasts of parts, permutations over the
 * whole register, blends by a mask, insertion and extraction, narrowing.
 */
#include "target/x86/fpu/fpu.h"

#include <string.h>

/* ---- Parts ----------------------------------------------------------------
 */

/* 64, 128 or 256 bits again and again; of a register its low part. */
static void evex_repeat_part(FpOp *x, unsigned bytes)
{
    for (unsigned n = 0; n < x->size; n += bytes) {
        memcpy(x->d.b + n, x->b.b, bytes);
    }
}
static void evex_broadcast8(FpOp *x)
{
    evex_repeat_part(x, 8);
}
static void evex_broadcast16(FpOp *x)
{
    evex_repeat_part(x, 16);
}
static void evex_broadcast32(FpOp *x)
{
    evex_repeat_part(x, 32);
}

static unsigned evex_part(const FpOp *x, unsigned whole, unsigned part)
{
    return (x->imm & (whole / part - 1)) * part;
}

static void evex_insert(FpOp *x)
{
    x->d = x->a;
    memcpy(x->d.b + evex_part(x, x->size, x->src_size), x->b.b, x->src_size);
}

static void evex_extract(FpOp *x)
{
    memcpy(x->d.b, x->b.b + evex_part(x, x->vl, x->size), x->size);
}

/* 128 bits at a time: the lower half from a, the upper from b. */
static void evex_shuf128(FpOp *x)
{
    unsigned parts = x->size / 16, bits = parts / 2;

    for (unsigned n = 0; n < parts; n++) {
        const FpVec *from = n < parts / 2 ? &x->a : &x->b;
        unsigned part = x->imm >> (bits * n) & (parts - 1);
        memcpy(x->d.b + 16 * n, from->b + 16 * part, 16);
    }
}

/* ---- Permutations ---------------------------------------------------------
 */

/* By lanes of type t, of which a register has `lanes`. */
#define PERMUTATION(name, t, expr)                                             \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        const unsigned lanes = x->size / sizeof(x->d.t[0]);                    \
        FpVec r = { { 0 } };                                                   \
        for (unsigned n = 0; n < lanes; n++) {                                 \
            r.t[n] = (expr);                                                   \
        }                                                                      \
        x->d = r;                                                              \
    }
/* Of two tables by an index whose bit above the lanes' chooses. */
#define TWO_TABLES(index, t0, t1, t)                                           \
    ((index)&lanes ? (t1).t : (t0).t)[(index) & (lanes - 1)]
#define PERMUTE_TWO(size, t)                                                   \
    PERMUTATION(permi2##size, t, TWO_TABLES(x->d.t[n], x->a, x->b, t))         \
    PERMUTATION(permt2##size, t, TWO_TABLES(x->a.t[n], x->d, x->b, t))

PERMUTATION(permb, b, x->b.b[x->a.b[n] & (lanes - 1)])
PERMUTATION(permw, w, x->b.w[x->a.w[n] & (lanes - 1)])
PERMUTE_TWO(b, b)
PERMUTE_TWO(w, w)
PERMUTE_TWO(d, l)
PERMUTE_TWO(q, q)

static uint64_t evex_align_lane(const FpOp *x, unsigned n, unsigned bytes)
{
    unsigned lanes = x->size / bytes, from = n + (x->imm & (lanes - 1));
    const FpVec *v = from < lanes ? &x->b : &x->a;

    from &= lanes - 1;
    return bytes == 8 ? v->q[from] : v->l[from];
}
/* clang-format off */
PERMUTATION(alignd, l, evex_align_lane(x, n, 4))
PERMUTATION(alignq, q, evex_align_lane(x, n, 8))
/* The mask's bits choose b: it is no mask of the usual kind. */
#define BLENDED(t) (x->k >> n & 1 ? x->b.t[n] : x->zeroes ? 0 : x->a.t[n])
PERMUTATION(blendb, b, BLENDED(b))
PERMUTATION(blendw, w, BLENDED(w))
PERMUTATION(blendd, l, BLENDED(l))
PERMUTATION(blendq, q, BLENDED(q))
/* clang-format on */

/* ---- Narrowing: truncated, or saturated ------------------------------------
 */

#define NARROW_SIGNED(name, to, from, lo, hi)                                  \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->elements; n++) {                           \
            typeof(x->b.from[0]) v = x->b.from[n];                             \
            x->d.to[n] = CLAMP(v, (lo), (hi));                                 \
        }                                                                      \
    }
#define NARROW_UNSIGNED(name, to, from, hi)                                    \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->elements; n++) {                           \
            x->d.to[n] = MIN(x->b.from[n], (hi));                              \
        }                                                                      \
    }
#define TRUNCATE(name, to, from)                                               \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->elements; n++) {                           \
            x->d.to[n] = x->b.from[n];                                         \
        }                                                                      \
    }
#define NARROWS(name, to, from, TO)                                            \
    TRUNCATE(mov##name, to, from)                                              \
    NARROW_SIGNED(movs##name, s##to, s##from, INT##TO##_MIN, INT##TO##_MAX)    \
    NARROW_UNSIGNED(movus##name, to, from, UINT##TO##_MAX)

NARROWS(wb, b, w, 8)
NARROWS(db, b, l, 8)
NARROWS(qb, b, q, 8)
NARROWS(dw, w, l, 16)
NARROWS(qw, w, q, 16)
NARROWS(qd, l, q, 32)

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { evex_##fn, 0 }
#define BLEND(name, fn) [X86_##name] = { evex_##fn, FP_OWN_MASK }
#define NARROW_ROWS(NAME, name) \
    ROW(VPMOV##NAME, mov##name), ROW(VPMOVS##NAME, movs##name), ROW(VPMOVUS##NAME, movus##name)

const FpRow fp_evex_move_rows[X86_MNEMONIC_COUNT] = {
    ROW(VBROADCASTF32X2, broadcast8), ROW(VBROADCASTI32X2, broadcast8),
    ROW(VBROADCASTF32X4, broadcast16), ROW(VBROADCASTI32X4, broadcast16),
    ROW(VBROADCASTF64X2, broadcast16), ROW(VBROADCASTI64X2, broadcast16),
    ROW(VBROADCASTF32X8, broadcast32), ROW(VBROADCASTI32X8, broadcast32),
    ROW(VBROADCASTF64X4, broadcast32), ROW(VBROADCASTI64X4, broadcast32),
    ROW(VINSERTF32X4, insert), ROW(VINSERTI32X4, insert), ROW(VINSERTF64X2, insert), ROW(VINSERTI64X2, insert),
    ROW(VINSERTF32X8, insert), ROW(VINSERTI32X8, insert), ROW(VINSERTF64X4, insert), ROW(VINSERTI64X4, insert),
    ROW(VEXTRACTF32X4, extract), ROW(VEXTRACTI32X4, extract), ROW(VEXTRACTF64X2, extract), ROW(VEXTRACTI64X2, extract),
    ROW(VEXTRACTF32X8, extract), ROW(VEXTRACTI32X8, extract), ROW(VEXTRACTF64X4, extract), ROW(VEXTRACTI64X4, extract),
    ROW(VSHUFF32X4, shuf128), ROW(VSHUFI32X4, shuf128), ROW(VSHUFF64X2, shuf128), ROW(VSHUFI64X2, shuf128),
    ROW(VPERMB, permb), ROW(VPERMW, permw),
    ROW(VPERMI2B, permi2b), ROW(VPERMI2W, permi2w), ROW(VPERMI2D, permi2d), ROW(VPERMI2Q, permi2q),
    ROW(VPERMI2PS, permi2d), ROW(VPERMI2PD, permi2q),
    ROW(VPERMT2B, permt2b), ROW(VPERMT2W, permt2w), ROW(VPERMT2D, permt2d), ROW(VPERMT2Q, permt2q),
    ROW(VPERMT2PS, permt2d), ROW(VPERMT2PD, permt2q),
    ROW(VALIGND, alignd), ROW(VALIGNQ, alignq),
    BLEND(VPBLENDMB, blendb), BLEND(VPBLENDMW, blendw), BLEND(VPBLENDMD, blendd), BLEND(VPBLENDMQ, blendq),
    BLEND(VBLENDMPS, blendd), BLEND(VBLENDMPD, blendq),
    NARROW_ROWS(WB, wb), NARROW_ROWS(DB, db), NARROW_ROWS(QB, qb),
    NARROW_ROWS(DW, dw), NARROW_ROWS(QW, qw), NARROW_ROWS(QD, qd),
};
/* clang-format on */
