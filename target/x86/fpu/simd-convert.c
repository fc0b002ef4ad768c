/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversions between integers and floating-point formats, and rounding to
 * integral values. SDM 1 4.8.4.2, 11.5.2.1: an integer that does not fit is
 * the "integer indefinite", the most negative one, and invalid.
 */
#include "target/x86/fpu/fpu.h"

#include <math.h>

/* ---- To integers --------------------------------------------------------- */

/* `rounded` must be integral or NaN. */
static int32_t fp_to_i32(FpOp *x, double rounded, double v)
{
    if (!(rounded >= -2147483648.0 && rounded < 2147483648.0)) {
        x->exc |= FP_IE;
        return INT32_MIN;
    }
    x->exc |= rounded != v ? FP_PE : 0;
    return rounded;
}

static int64_t fp_to_i64(FpOp *x, double rounded, double v)
{
    if (!(rounded >= -9223372036854775808.0 &&
          rounded < 9223372036854775808.0)) {
        x->exc |= FP_IE;
        return INT64_MIN;
    }
    x->exc |= rounded != v ? FP_PE : 0;
    return rounded;
}

/* Without the host's inexact flag: it comes from the result. Neither are
 * denormals an exception here. */
static double fp_round(double v)
{
    return __builtin_nearbyint(v);
}

double fp_from_f32(uint32_t v, const FpOp *x)
{
    if ((v & 0x7fffffff) > 0x7f800000) {
        return __builtin_nan("");
    }
    if (!(v & 0x7f800000)) { /* zero or denormal: its sign and smallness */
        bool zero = !(v & 0x7fffff) || x->cpu->fpu.mxcsr & MXCSR_DAZ;
        double tiny = zero ? 0.0 : 0x1p-149;
        return v >> 31 ? -tiny : tiny;
    }
    return (F32){ v }.f;
}

double fp_from_f64(uint64_t v, const FpOp *x)
{
    if ((v & INT64_MAX) > UINT64_C(0x7ff0000000000000)) {
        return __builtin_nan("");
    }
    if (!(v & UINT64_C(0x7ff0000000000000))) {
        bool zero = !(v & INT64_MAX >> 11) || x->cpu->fpu.mxcsr & MXCSR_DAZ;
        double tiny = zero ? 0.0 : 0x1p-1000;
        return v >> 63 ? -tiny : tiny;
    }
    return (F64){ v }.f;
}

#define TO_INTEGER(name, from, t, to, lanes, rounding)                         \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < (lanes); n++) {                               \
            double v = fp_from_##from(x->b.t[n], x);                           \
            x->d.sl[n] = fp_to_i32(x, rounding(v), v);                         \
        }                                                                      \
    }

TO_INTEGER(cvtps2dq, f32, l, i32, x->size / 4, fp_round)
TO_INTEGER(cvttps2dq, f32, l, i32, x->size / 4, __builtin_trunc)
TO_INTEGER(cvtpd2dq, f64, q, i32, x->src_size / 8, fp_round)
TO_INTEGER(cvttpd2dq, f64, q, i32, x->src_size / 8, __builtin_trunc)

#define TO_GPR(name, from, t, rounding)                                        \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        double v = fp_from_##from(x->b.t[0], x);                               \
        if (x->size == 8) {                                                    \
            x->d.sq[0] = fp_to_i64(x, rounding(v), v);                         \
        } else {                                                               \
            x->d.sl[0] = fp_to_i32(x, rounding(v), v);                         \
        }                                                                      \
    }

TO_GPR(cvtss2si, f32, l, fp_round)
TO_GPR(cvttss2si, f32, l, __builtin_trunc)
TO_GPR(cvtsd2si, f64, q, fp_round)
TO_GPR(cvttsd2si, f64, q, __builtin_trunc)

/* ---- From integers ------------------------------------------------------- */

static void simd_cvtdq2ps(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        x->d.f[n] = (float)x->b.sl[n];
    }
}
static void simd_cvtdq2pd(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        x->d.d[n] = x->b.sl[n];
    }
}
static void simd_cvtpi2ps(FpOp *x)
{
    x->d.f[0] = (float)x->b.sl[0];
    x->d.f[1] = (float)x->b.sl[1];
}
static int64_t fp_integer_source(const FpOp *x)
{
    return x->src_size == 8 ? x->b.sq[0] : x->b.sl[0];
}
static void simd_cvtsi2ss(FpOp *x)
{
    x->d.f[0] = (float)fp_integer_source(x);
}
static void simd_cvtsi2sd(FpOp *x)
{
    x->d.d[0] = (double)fp_integer_source(x);
}

/* ---- Between formats: a NaN keeps its payload's high bits, quiet -----------
 */

static uint64_t fp_widen(FpOp *x, uint32_t v)
{
    if ((v & 0x7fffffff) > 0x7f800000) {
        x->exc |= v & 1 << 22 ? 0 : FP_IE;
        return (uint64_t)(v >> 31) << 63 | UINT64_C(0x7ff8000000000000) |
               (uint64_t)(v & 0x7fffff) << 29;
    }
    return (F64){ .f = (F32){ v }.f }.u;
}
static uint32_t fp_narrow(FpOp *x, uint64_t v)
{
    if ((v & INT64_MAX) > UINT64_C(0x7ff0000000000000)) {
        x->exc |= v & UINT64_C(1) << 51 ? 0 : FP_IE;
        return (uint32_t)(v >> 63) << 31 | 0x7fc00000 | (v >> 29 & 0x3fffff);
    }
    F32 r = { .f = (float)(F64){ v }.f };
    if (!(r.u & 0x7f800000) && r.u << 1) {
        x->exc |= fp_tiny(x);
    }
    return r.u;
}

static void simd_cvtps2pd(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        x->d.q[n] = fp_widen(x, x->b.l[n]);
    }
}
static void simd_cvtpd2ps(FpOp *x)
{
    for (unsigned n = 0; n < x->src_size / 8; n++) {
        x->d.l[n] = fp_narrow(x, x->b.q[n]);
    }
}
static void simd_cvtsd2ss(FpOp *x)
{
    x->d.l[0] = fp_narrow(x, x->b.q[0]);
}

/* ---- ROUND: to integral values, by the immediate's or MXCSR's mode ---------
 */

double fp_round_by(double v, unsigned mode)
{
    switch (mode) {
    case 0:
        return roundeven(v);
    case 1:
        return __builtin_floor(v);
    case 2:
        return __builtin_ceil(v);
    default:
        return __builtin_trunc(v);
    }
}

unsigned fp_round_mode(const FpOp *x)
{
    return x->imm & 4 ? x->cpu->fpu.mxcsr >> MXCSR_RC_SHIFT & 3 : x->imm & 3;
}

/* Bit 3 of the immediate keeps the inexact exception away. */
static uint32_t fp_round_f32(FpOp *x, uint32_t v)
{
    if ((v & 0x7fffffff) > 0x7f800000) {
        x->exc |= v & 1 << 22 ? 0 : FP_IE;
        return v | 1 << 22;
    }
    double f = fp_from_f32(v, x);
    F32 r = { .f = fp_round_by(f, fp_round_mode(x)) };
    x->exc |= r.f != f && !(x->imm & 8) ? FP_PE : 0;
    return r.u | (v & 0x80000000); /* a zero keeps the sign */
}
static uint64_t fp_round_f64(FpOp *x, uint64_t v)
{
    if ((v & INT64_MAX) > UINT64_C(0x7ff0000000000000)) {
        x->exc |= v & UINT64_C(1) << 51 ? 0 : FP_IE;
        return v | UINT64_C(1) << 51;
    }
    double f = fp_from_f64(v, x);
    F64 r = { .f = fp_round_by(f, fp_round_mode(x)) };
    x->exc |= r.f != f && !(x->imm & 8) ? FP_PE : 0;
    return r.u | (v & UINT64_C(1) << 63);
}

static void simd_roundps(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        x->d.l[n] = fp_round_f32(x, x->b.l[n]);
    }
}
static void simd_roundpd(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        x->d.q[n] = fp_round_f64(x, x->b.q[n]);
    }
}

/* ---- Half precision (F16C) ------------------------------------------------
 */

/* 1.5.10; MXCSR.DAZ does not apply to it. */
static uint32_t fp_half_widen(FpOp *x, uint16_t h)
{
    uint32_t sign = (uint32_t)(h >> 15) << 31, exp = h >> 10 & 31;
    uint32_t frac = h & 0x3ff;

    if (exp == 31 && frac) {
        x->exc |= frac & 0x200 ? 0 : FP_IE;
        return sign | 0x7fc00000 | frac << 13;
    }
    if (exp == 31) {
        return sign | 0x7f800000;
    }
    if (exp == 0) {
        F32 r = { .f = (float)frac * 0x1p-24f };
        return sign | r.u;
    }
    return sign | (exp + 112) << 23 | frac << 13;
}

/* Round the integer v / 2^shift by mode; *inexact says that bits were lost. */
static uint32_t fp_half_shift(uint64_t v, unsigned shift, unsigned mode,
                              bool negative, bool *inexact)
{
    uint64_t q = v >> shift, rest = v & ((UINT64_C(1) << shift) - 1);
    uint64_t half = UINT64_C(1) << (shift - 1);

    *inexact = rest != 0;
    switch (mode) {
    case 0:
        return q + (rest > half || (rest == half && q & 1));
    case 1:
        return q + (negative && rest);
    case 2:
        return q + (!negative && rest);
    default:
        return q;
    }
}

static uint16_t fp_half_overflow(FpOp *x, uint16_t sign, unsigned mode)
{
    bool infinite = mode == 0 || mode == (sign ? 1 : 2);
    x->exc |= FP_OE | FP_PE;
    return sign | (infinite ? 0x7c00 : 0x7bff);
}

static uint16_t fp_half_narrow(FpOp *x, uint32_t v, unsigned mode)
{
    uint16_t sign = v >> 16 & 0x8000;
    int exp = v >> 23 & 255;
    uint32_t frac = v & 0x7fffff;
    bool inexact;

    if (exp == 255 && frac) {
        x->exc |= frac & 1 << 22 ? 0 : FP_IE;
        return sign | 0x7e00 | frac >> 13;
    }
    if (exp == 255) {
        return sign | 0x7c00;
    }
    if (exp == 0) {
        bool daz = x->cpu->fpu.mxcsr & MXCSR_DAZ;
        if (!frac || daz) {
            return sign;
        }
        x->exc |= FP_DE;
        exp = 1;
    } else {
        frac |= 1 << 23;
    }
    /* Value is frac * 2^(exp - 150); a half's unit is 2^-24 at least. */
    int shift = exp < 113 ? MIN(126 - exp, 40) : 13;
    uint32_t r = fp_half_shift(frac, shift, mode, sign, &inexact);
    if (exp >= 113) {
        r += (exp - 113) << 10;
    }
    if (r >= 0x7c00) {
        return fp_half_overflow(x, sign, mode);
    }
    x->exc |= inexact ? FP_PE : 0;
    if (exp < 113) {
        x->exc |= inexact ? FP_UE : r ? fp_tiny(x) : 0;
    }
    return sign | r;
}

static void simd_cvtph2ps(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        x->d.l[n] = fp_half_widen(x, x->b.w[n]);
    }
}
static void simd_cvtps2ph(FpOp *x)
{
    for (unsigned n = 0; n < x->src_size / 4; n++) {
        x->d.w[n] = fp_half_narrow(x, x->b.l[n], fp_round_mode(x));
    }
}

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { simd_##fn, FP_MXCSR }

const FpRow fp_convert_rows[X86_MNEMONIC_COUNT] = {
    ROW(CVTPS2DQ, cvtps2dq), ROW(CVTTPS2DQ, cvttps2dq),
    ROW(CVTPD2DQ, cvtpd2dq), ROW(CVTTPD2DQ, cvttpd2dq),
    ROW(CVTPS2PI, cvtps2dq), ROW(CVTTPS2PI, cvttps2dq),
    ROW(CVTPD2PI, cvtpd2dq), ROW(CVTTPD2PI, cvttpd2dq),
    ROW(CVTSS2SI, cvtss2si), ROW(CVTTSS2SI, cvttss2si),
    ROW(CVTSD2SI, cvtsd2si), ROW(CVTTSD2SI, cvttsd2si),
    ROW(CVTDQ2PS, cvtdq2ps), ROW(CVTDQ2PD, cvtdq2pd),
    ROW(CVTPI2PS, cvtpi2ps), ROW(CVTPI2PD, cvtdq2pd),
    ROW(CVTSI2SS, cvtsi2ss), ROW(CVTSI2SD, cvtsi2sd),
    ROW(CVTPS2PD, cvtps2pd), ROW(CVTPD2PS, cvtpd2ps),
    ROW(CVTSS2SD, cvtps2pd), ROW(CVTSD2SS, cvtsd2ss),
    ROW(ROUNDPS, roundps), ROW(ROUNDSS, roundps), ROW(ROUNDPD, roundpd), ROW(ROUNDSD, roundpd),
    ROW(VCVTPH2PS, cvtph2ps), ROW(VCVTPS2PH, cvtps2ph),
};
/* clang-format on */
