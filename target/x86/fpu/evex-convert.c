/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AVX-512's conversions: unsigned and 64-bit integers, rounding to a number of
 * binary places, bfloat16. An integer that does not fit is the indefinite one:
 * the most negative, or, unsigned, the largest.
 */
#include "target/x86/fpu/fpu.h"

#include <math.h>

/* ---- To integers -----------------------------------------------------------
 */

static const double EVEX_2_63 = 9223372036854775808.0;

/* Below: the number as an integral double (or NaN), and as it was. */
static uint64_t evex_to_u(FpOp *x, double rounded, double v, double limit)
{
    if (!(rounded > -1.0 && rounded < limit)) {
        x->exc |= FP_IE;
        return UINT64_MAX;
    }
    x->exc |= rounded != v ? FP_PE : 0;
    return rounded >= EVEX_2_63
               ? (uint64_t)(rounded - EVEX_2_63) + (UINT64_C(1) << 63)
               : (uint64_t)(int64_t)rounded;
}

static uint64_t evex_to_s(FpOp *x, double rounded, double v)
{
    if (!(rounded >= -EVEX_2_63 && rounded < EVEX_2_63)) {
        x->exc |= FP_IE;
        return (uint64_t)INT64_MIN;
    }
    x->exc |= rounded != v ? FP_PE : 0;
    return (uint64_t)(int64_t)rounded;
}

#define TO_U32(from, t, rounding)                                              \
    evex_to_u(x, rounding(fp_from_##from(x->b.t[n], x)),                       \
              fp_from_##from(x->b.t[n], x), 0x1p32)
#define TO_U64(from, t, rounding)                                              \
    evex_to_u(x, rounding(fp_from_##from(x->b.t[n], x)),                       \
              fp_from_##from(x->b.t[n], x), 0x1p64)
#define TO_S64(from, t, rounding)                                              \
    evex_to_s(x, rounding(fp_from_##from(x->b.t[n], x)),                       \
              fp_from_##from(x->b.t[n], x))
#define EACH(name, to, expr)                                                   \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->elements; n++) {                           \
            x->d.to[n] = (expr);                                               \
        }                                                                      \
    }

/* clang-format off */
EACH(cvtps2udq, l, TO_U32(f32, l, __builtin_nearbyint))
EACH(cvtpd2udq, l, TO_U32(f64, q, __builtin_nearbyint))
EACH(cvtps2uqq, q, TO_U64(f32, l, __builtin_nearbyint))
EACH(cvtpd2uqq, q, TO_U64(f64, q, __builtin_nearbyint))
EACH(cvtps2qq, q, TO_S64(f32, l, __builtin_nearbyint))
EACH(cvtpd2qq, q, TO_S64(f64, q, __builtin_nearbyint))
EACH(cvttps2udq, l, TO_U32(f32, l, __builtin_trunc))
EACH(cvttpd2udq, l, TO_U32(f64, q, __builtin_trunc))
EACH(cvttps2uqq, q, TO_U64(f32, l, __builtin_trunc))
EACH(cvttpd2uqq, q, TO_U64(f64, q, __builtin_trunc))
EACH(cvttps2qq, q, TO_S64(f32, l, __builtin_trunc))
EACH(cvttpd2qq, q, TO_S64(f64, q, __builtin_trunc))

/* ---- From integers ---- */

EACH(cvtudq2ps, f, (float)x->b.l[n])
EACH(cvtudq2pd, d, (double)x->b.l[n])
EACH(cvtqq2ps, f, (float)x->b.sq[n])
EACH(cvtqq2pd, d, (double)x->b.sq[n])
EACH(cvtuqq2ps, f, (float)x->b.q[n])
EACH(cvtuqq2pd, d, (double)x->b.q[n])
/* clang-format on */

/* To a general register; its size chooses. */
#define TO_GPR(name, from, t, rounding)                                        \
    static void evex_##name(FpOp *x)                                           \
    {                                                                          \
        const unsigned n = 0;                                                  \
        x->d.q[0] = x->size == 8 ? TO_U64(from, t, rounding)                   \
                                 : TO_U32(from, t, rounding);                  \
    }
TO_GPR(cvtss2usi, f32, l, __builtin_nearbyint)
TO_GPR(cvttss2usi, f32, l, __builtin_trunc)
TO_GPR(cvtsd2usi, f64, q, __builtin_nearbyint)
TO_GPR(cvttsd2usi, f64, q, __builtin_trunc)

/* The source is zero beyond its size. */
static void evex_cvtusi2ss(FpOp *x)
{
    x->d.f[0] = (float)x->b.q[0];
}
static void evex_cvtusi2sd(FpOp *x)
{
    x->d.d[0] = (double)x->b.q[0];
}

/* ---- Rounding to binary places: the immediate's upper half says how many ---
 */

/* v in the steps of 2^-M; what has no smaller parts stays. */
static double evex_round_places(FpOp *x, double v)
{
    int places = x->imm >> 4;
    unsigned mode = fp_round_mode(x);

    if (__builtin_fabs(v) >= 0x1p52) {
        return v;
    }
    return fp_round_by(v * (1 << places), mode) / (1 << places);
}

static uint32_t evex_round32(FpOp *x, uint32_t v)
{
    if ((v & 0x7fffffff) > 0x7f800000) {
        x->exc |= v & 1 << 22 ? 0 : FP_IE;
        return v | 1 << 22;
    }
    double f = fp_from_f32(v, x);
    F32 r = { .f = (float)evex_round_places(x, f) };
    x->exc |= (double)r.f != f && !(x->imm & 8) ? FP_PE : 0;
    return r.u | (v & 0x80000000); /* a zero keeps the sign */
}
static uint64_t evex_round64(FpOp *x, uint64_t v)
{
    if ((v & INT64_MAX) > UINT64_C(0x7ff0000000000000)) {
        x->exc |= v & UINT64_C(1) << 51 ? 0 : FP_IE;
        return v | UINT64_C(1) << 51;
    }
    double f = fp_from_f64(v, x);
    F64 r = { .f = evex_round_places(x, f) };
    x->exc |= r.f != f && !(x->imm & 8) ? FP_PE : 0;
    return r.u | (v & UINT64_C(1) << 63);
}

/* What rounding took away; computed in the immediate's rounding mode, and of
 * the host's exceptions only the inexact one counts. */
static uint32_t evex_rest32(FpOp *x, uint32_t v)
{
    if ((v & 0x7fffffff) >= 0x7f800000) {
        return v << 1 == 0xff000000 ? 0 : evex_round32(x, v);
    }
    double places = evex_round_places(x, fp_from_f32(v, x));
    return (F32){ .f = (float)((double)(F32){ v }.f - places) }.u;
}
static uint64_t evex_rest64(FpOp *x, uint64_t v)
{
    if ((v & INT64_MAX) >= UINT64_C(0x7ff0000000000000)) {
        return v << 1 == UINT64_C(0xffe0000000000000) ? 0 : evex_round64(x, v);
    }
    double places = evex_round_places(x, fp_from_f64(v, x));
    return (F64){ .f = (F64){ v }.f - places }.u;
}

static void evex_reduce(FpOp *x, FpFn *fn)
{
    uint32_t mxcsr = x->cpu->fpu.mxcsr & ~(3u << MXCSR_RC_SHIFT);

    mxcsr |= fp_round_mode(x) << MXCSR_RC_SHIFT;
    if (fp_tiny(x)) { /* nothing is flushed then */
        mxcsr &= ~MXCSR_FTZ;
    }
    uint32_t exc = fp_host_call(mxcsr, fn, x);
    x->exc |= x->imm & 8 ? 0 : exc & FP_PE;
}

/* clang-format off */
EACH(rndscaleps, l, evex_round32(x, x->b.l[n]))
EACH(rndscalepd, q, evex_round64(x, x->b.q[n]))
EACH(restps, l, evex_rest32(x, x->b.l[n]))
EACH(restpd, q, evex_rest64(x, x->b.q[n]))
/* clang-format on */

static void evex_reduceps(FpOp *x)
{
    evex_reduce(x, evex_restps);
}
static void evex_reducepd(FpOp *x)
{
    evex_reduce(x, evex_restpd);
}

/* ---- bfloat16: no exceptions, denormals are zeros, to the nearest ----------
 */

static uint32_t evex_flush(uint32_t v)
{
    return v & 0x7f800000 ? v : v & 0x80000000;
}

static uint16_t evex_to_bf16(uint32_t v)
{
    if ((v & 0x7fffffff) > 0x7f800000) {
        return v >> 16 | 0x40;
    }
    v = evex_flush(v);
    return (v + 0x7fff + (v >> 16 & 1)) >> 16;
}

static F32 evex_from_bf16(uint16_t v)
{
    return (F32){ evex_flush((uint32_t)v << 16) };
}

/* SDM VDPBF16PS: the products are added one after the other, each fused, and
 * flushed. */
static uint32_t evex_dot_bf16(FpOp *x, unsigned n)
{
    F32 sum = { evex_flush(x->d.l[n]) };

    for (unsigned i = 2; i-- > 0;) {
        sum.f = fmaf(evex_from_bf16(x->a.w[2 * n + i]).f,
                     evex_from_bf16(x->b.w[2 * n + i]).f, sum.f);
        sum.u = evex_flush(sum.u);
    }
    return sum.u;
}

/* clang-format off */
EACH(cvtneps2bf16, w, evex_to_bf16(x->b.l[n]))
EACH(cvtne2ps2bf16, w, evex_to_bf16(n < x->elements / 2 ? x->b.l[n] : x->a.l[n - x->elements / 2]))
EACH(dpbf16ps, l, evex_dot_bf16(x, n))

#define ROW(name, fn) [X86_##name] = { evex_##fn, FP_MXCSR }
#define QUIET(name, fn) [X86_##name] = { evex_##fn, 0 }
#define FOUR(name, fn) \
    ROW(name##PS, fn##ps), ROW(name##SS, fn##ps), ROW(name##PD, fn##pd), ROW(name##SD, fn##pd)

const FpRow fp_evex_convert_rows[X86_MNEMONIC_COUNT] = {
    ROW(VCVTPS2UDQ, cvtps2udq), ROW(VCVTPD2UDQ, cvtpd2udq), ROW(VCVTPS2UQQ, cvtps2uqq), ROW(VCVTPD2UQQ, cvtpd2uqq),
    ROW(VCVTPS2QQ, cvtps2qq), ROW(VCVTPD2QQ, cvtpd2qq),
    ROW(VCVTTPS2UDQ, cvttps2udq), ROW(VCVTTPD2UDQ, cvttpd2udq), ROW(VCVTTPS2UQQ, cvttps2uqq), ROW(VCVTTPD2UQQ, cvttpd2uqq),
    ROW(VCVTTPS2QQ, cvttps2qq), ROW(VCVTTPD2QQ, cvttpd2qq),
    ROW(VCVTUDQ2PS, cvtudq2ps), ROW(VCVTUDQ2PD, cvtudq2pd), ROW(VCVTQQ2PS, cvtqq2ps), ROW(VCVTQQ2PD, cvtqq2pd),
    ROW(VCVTUQQ2PS, cvtuqq2ps), ROW(VCVTUQQ2PD, cvtuqq2pd),
    ROW(VCVTSS2USI, cvtss2usi), ROW(VCVTTSS2USI, cvttss2usi), ROW(VCVTSD2USI, cvtsd2usi), ROW(VCVTTSD2USI, cvttsd2usi),
    ROW(VCVTUSI2SS, cvtusi2ss), ROW(VCVTUSI2SD, cvtusi2sd),
    FOUR(VRNDSCALE, rndscale), FOUR(VREDUCE, reduce),
    QUIET(VCVTNEPS2BF16, cvtneps2bf16), QUIET(VCVTNE2PS2BF16, cvtne2ps2bf16), QUIET(VDPBF16PS, dpbf16ps),
};
/* clang-format on */
