/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What AVX-512 asks of floating-point numbers as fields: exponents, mantissas,
 * classes, ranges, fix-ups. One function serves both formats, whose lanes it
 * sees as integers (each instruction in SDM 2).
 */
#include "target/x86/fpu/fpu.h"

#include <math.h>
#include <string.h>

typedef struct Format {
    uint8_t bytes, fraction; /* bits of the fraction */
    uint16_t exponent;       /* all ones */
    uint16_t bias;
} Format;
static const Format format32 = { 4, 23, 0xff, 127 };
static const Format format64 = { 8, 52, 0x7ff, 1023 };

/* A lane taken apart. */
typedef struct Number {
    uint64_t bits, fraction;
    unsigned exponent;
    bool negative, nan, signalling, infinite, zero, denormal;
} Number;

static uint64_t evex_get(const FpVec *v, const Format *f, unsigned n)
{
    return f->bytes == 8 ? v->q[n] : v->l[n];
}

static uint64_t evex_build(const Format *f, bool negative, unsigned exponent,
                           uint64_t fraction)
{
    return (uint64_t)negative << (f->bytes * 8 - 1) |
           (uint64_t)exponent << f->fraction | fraction;
}

static uint64_t evex_indefinite(const Format *f)
{
    return evex_build(f, true, f->exponent, UINT64_C(1) << (f->fraction - 1));
}

static uint64_t evex_infinity(const Format *f, bool negative)
{
    return evex_build(f, negative, f->exponent, 0);
}

static uint64_t evex_one(const Format *f, bool negative)
{
    return evex_build(f, negative, f->bias, 0);
}

/* Under DAZ denormals are zeros. */
static Number evex_number(const FpOp *x, const Format *f, uint64_t v)
{
    bool daz = x->cpu->fpu.mxcsr & MXCSR_DAZ;
    Number r = { .bits = v };

    r.fraction = v & ((UINT64_C(1) << f->fraction) - 1);
    r.exponent = v >> f->fraction & f->exponent;
    r.negative = v >> (f->bytes * 8 - 1) & 1;
    if (!r.exponent && daz) {
        r.fraction = 0;
        r.bits = evex_build(f, r.negative, 0, 0);
    }
    r.zero = !r.exponent && !r.fraction;
    r.denormal = !r.exponent && r.fraction;
    r.infinite = r.exponent == f->exponent && !r.fraction;
    r.nan = r.exponent == f->exponent && r.fraction;
    r.signalling = r.nan && !(r.fraction >> (f->fraction - 1));
    return r;
}

static uint64_t evex_quiet_nan(FpOp *x, const Format *f, Number v)
{
    x->exc |= v.signalling ? FP_IE : 0;
    return v.bits | UINT64_C(1) << (f->fraction - 1);
}

static uint64_t evex_from_double(const Format *f, double v)
{
    uint64_t bits = 0;

    if (f->bytes == 8) {
        memcpy(&bits, &v, 8);
    } else {
        float narrow = (float)v;
        memcpy(&bits, &narrow, 4);
    }
    return bits;
}

/* The exponent of a number that is neither zero nor special. */
static int evex_exponent(const Format *f, Number v)
{
    if (!v.denormal) {
        return (int)v.exponent - f->bias;
    }
    return 64 - __builtin_clzll(v.fraction) - f->fraction - f->bias;
}

/* ---- One lane: v is the source, a the first and b the last one ------------
 */

typedef uint64_t EvexLane(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                          uint64_t b);

static uint64_t evex_getexp(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                            uint64_t b)
{
    Number v = evex_number(x, f, b);

    if (v.nan) {
        return evex_quiet_nan(x, f, v);
    }
    if (v.infinite || v.zero) {
        return evex_infinity(f, v.zero);
    }
    x->exc |= v.denormal ? FP_DE : 0;
    return evex_from_double(f, evex_exponent(f, v));
}

/* Which power of two the mantissa keeps: SDM VGETMANTPD, interval. */
static unsigned evex_mantissa_exponent(const FpOp *x, const Format *f,
                                       int exponent, uint64_t fraction)
{
    switch (x->imm & 3) {
    case 0:
        return f->bias;
    case 1:
        return f->bias - (exponent & 1);
    case 2:
        return f->bias - 1u;
    default:
        return f->bias - (unsigned)(fraction >> (f->fraction - 1) & 1);
    }
}

static uint64_t evex_getmant(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                             uint64_t b)
{
    Number v = evex_number(x, f, b);
    bool negative = v.negative && !(x->imm & 4);

    if (v.nan) {
        return evex_quiet_nan(x, f, v);
    }
    if (v.zero) {
        return evex_one(f, negative);
    }
    if (v.negative && x->imm & 8) {
        x->exc |= FP_IE;
        return evex_indefinite(f);
    }
    if (v.infinite) {
        return evex_one(f, negative);
    }
    int exponent = evex_exponent(f, v);
    if (v.denormal) {
        x->exc |= FP_DE;
        v.fraction <<= 1 - f->bias - exponent;
        v.fraction &= (UINT64_C(1) << f->fraction) - 1;
    }
    unsigned e = evex_mantissa_exponent(x, f, exponent, v.fraction);
    return evex_build(f, negative, e, v.fraction);
}

/* The magnitude, comparable as an integer. */
static uint64_t evex_magnitude(const Format *f, Number v)
{
    return v.bits & ~(UINT64_C(1) << (f->bytes * 8 - 1));
}

static bool evex_first_is_less(const Format *f, Number a, Number b,
                               bool absolute)
{
    uint64_t ma = evex_magnitude(f, a), mb = evex_magnitude(f, b);

    if (absolute && ma != mb) {
        return ma < mb;
    }
    if (a.negative != b.negative) { /* zeros and equals, too */
        return a.negative;
    }
    return a.negative ? ma > mb : ma < mb;
}

static uint64_t evex_range(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                           uint64_t b)
{
    Number u = evex_number(x, f, a), v = evex_number(x, f, b), r;
    uint64_t sign = UINT64_C(1) << (f->bytes * 8 - 1);

    if (u.signalling || v.signalling) {
        return evex_quiet_nan(x, f, u.signalling ? u : v);
    }
    if (u.nan || v.nan) {
        r = v.nan ? u : v;
    } else {
        bool less = evex_first_is_less(f, u, v, x->imm & 2);
        x->exc |= u.denormal || v.denormal ? FP_DE : 0;
        r = less != (x->imm & 1) ? u : v;
    }
    switch (x->imm >> 2 & 3) {
    case 0:
        return (r.bits & ~sign) | (u.negative ? sign : 0);
    case 1:
        return r.bits;
    case 2:
        return r.bits & ~sign;
    default:
        return r.bits | sign;
    }
}

/* Ones where the number is of a class that the immediate names. */
static uint64_t evex_fpclass(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                             uint64_t b)
{
    Number v = evex_number(x, f, b);
    bool is[8] = {
        v.nan && !v.signalling,
        v.zero && !v.negative,
        v.zero && v.negative,
        v.infinite && !v.negative,
        v.infinite && v.negative,
        v.denormal,
        v.negative && !v.nan && !v.infinite && !v.zero,
        v.signalling,
    };

    for (unsigned n = 0; n < 8; n++) {
        if (is[n] && x->imm >> n & 1) {
            return UINT64_MAX;
        }
    }
    return 0;
}

typedef enum FixToken {
    FIX_QNAN,
    FIX_SNAN,
    FIX_ZERO,
    FIX_ONE,
    FIX_NEG_INF,
    FIX_POS_INF,
    FIX_NEGATIVE,
    FIX_POSITIVE,
} FixToken;

static FixToken evex_fix_token(const Format *f, Number v)
{
    if (v.nan) {
        return v.signalling ? FIX_SNAN : FIX_QNAN;
    }
    if (v.zero) {
        return FIX_ZERO;
    }
    if (v.bits == evex_one(f, false)) {
        return FIX_ONE;
    }
    if (v.infinite) {
        return v.negative ? FIX_NEG_INF : FIX_POS_INF;
    }
    return v.negative ? FIX_NEGATIVE : FIX_POSITIVE;
}

/* Exceptions that the immediate asks for, by token: bits of it. */
static uint32_t evex_fix_exceptions(const FpOp *x, FixToken token)
{
    static const struct {
        uint8_t zero_divide, invalid;
    } bits[8] = {
        [FIX_SNAN] = { 0, 1 << 4 },     [FIX_ZERO] = { 1 << 0, 1 << 1 },
        [FIX_ONE] = { 1 << 2, 1 << 3 }, [FIX_NEG_INF] = { 0, 1 << 5 },
        [FIX_POS_INF] = { 0, 1 << 7 },  [FIX_NEGATIVE] = { 0, 1 << 6 },
    };
    return (x->imm & bits[token].zero_divide ? FP_ZE : 0) |
           (x->imm & bits[token].invalid ? FP_IE : 0);
}

/* b is the table: four bits a token. */
static uint64_t evex_fixup(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                           uint64_t b)
{
    Number v = evex_number(x, f, a);
    FixToken token = evex_fix_token(f, v);
    uint64_t largest = evex_infinity(f, false) - 1;
    const uint64_t answers[16] = {
        d,
        v.bits,
        v.bits | evex_infinity(f, false) | UINT64_C(1) << (f->fraction - 1),
        evex_indefinite(f),
        evex_infinity(f, true),
        evex_infinity(f, false),
        evex_infinity(f, v.negative),
        evex_build(f, true, 0, 0),
        0,
        evex_one(f, true),
        evex_one(f, false),
        evex_from_double(f, 0.5),
        evex_from_double(f, 90.0),
        f->bytes == 8 ? UINT64_C(0x3ff921fb54442d18) : 0x3fc90fdb,
        largest,
        evex_build(f, true, 0, 0) | largest,
    };

    x->exc |= evex_fix_exceptions(x, token);
    return answers[b >> (4 * token) & 15];
}

/* a times two to the power of b's integral part, rounded down. */
static uint64_t evex_scale_special(FpOp *x, const Format *f, Number u, Number v)
{
    if (u.nan || v.nan) {
        uint64_t first = evex_quiet_nan(x, f, u.nan ? u : v);
        x->exc |= v.signalling ? FP_IE : 0;
        bool keeps = u.nan && !u.signalling && v.infinite;
        if (keeps) {
            return v.negative ? 0 : evex_infinity(f, false);
        }
        return first;
    }
    bool invalid = v.negative ? u.infinite : u.zero;
    if (invalid) {
        x->exc |= FP_IE;
        return evex_indefinite(f);
    }
    return v.negative ? evex_build(f, u.negative, 0, 0)
                      : evex_infinity(f, u.negative);
}

static double evex_to_double(const Format *f, uint64_t v)
{
    double wide;
    float narrow;

    if (f->bytes == 8) {
        memcpy(&wide, &v, 8);
        return wide;
    }
    memcpy(&narrow, &v, 4);
    return (double)narrow;
}

/* u times two to the power of n, rounded once: of the two factors only the last
 * one can leave the range. */
static double evex_scaled(const Format *f, Number u, int n)
{
    int exponent = evex_exponent(f, u);
    unsigned shift = u.denormal ? 1u - f->bias - exponent : 0;
    uint64_t fraction =
        (u.fraction << shift) & ((UINT64_C(1) << f->fraction) - 1);
    double v = evex_to_double(f, evex_build(f, u.negative, f->bias, fraction));
    int most = f->bytes == 8 ? 1500 : 400;
    int e = CLAMP(exponent + n, -most, most), half = e / 2;

    v *= evex_to_double(&format64, (uint64_t)(1023 + half) << 52);
    return v * evex_to_double(&format64, (uint64_t)(1023 + e - half) << 52);
}

static uint64_t evex_scalef(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                            uint64_t b)
{
    Number u = evex_number(x, f, a), v = evex_number(x, f, b);

    if (u.nan || v.nan) {
        return evex_scale_special(x, f, u, v);
    }
    x->exc |= u.denormal ? FP_DE : 0;
    if (v.infinite) {
        return evex_scale_special(x, f, u, v);
    }
    if (u.infinite || u.zero) {
        return u.bits;
    }
    double power = v.zero       ? 0
                   : v.denormal ? (v.negative ? -1.0 : 0)
                                : __builtin_floor(evex_to_double(f, v.bits));
    uint64_t r =
        evex_from_double(f, evex_scaled(f, u, CLAMP(power, -5e3, 5e3)));
    Number small = { .exponent = r >> f->fraction & f->exponent,
                     .fraction = r & ((UINT64_C(1) << f->fraction) - 1) };
    x->exc |= !small.exponent && small.fraction ? fp_tiny(x) : 0;
    return r;
}

/* ---- Approximations of 14 bits --------------------------------------------
 */

static uint64_t evex_rcp14(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                           uint64_t b)
{
    float narrow;
    double wide;

    memcpy(&narrow, &b, sizeof(narrow));
    memcpy(&wide, &b, sizeof(wide));
    narrow = f->bytes == 4 ? fp_host_rcp14f(narrow) : 0;
    wide = f->bytes == 8 ? fp_host_rcp14(wide) : 0;
    memcpy(&b, f->bytes == 8 ? (void *)&wide : (void *)&narrow, f->bytes);
    return b;
}

static uint64_t evex_rsqrt14(FpOp *x, const Format *f, uint64_t d, uint64_t a,
                             uint64_t b)
{
    float narrow;
    double wide;

    memcpy(&narrow, &b, sizeof(narrow));
    memcpy(&wide, &b, sizeof(wide));
    narrow = f->bytes == 4 ? fp_host_rsqrt14f(narrow) : 0;
    wide = f->bytes == 8 ? fp_host_rsqrt14(wide) : 0;
    memcpy(&b, f->bytes == 8 ? (void *)&wide : (void *)&narrow, f->bytes);
    return b;
}

/* ---- Vectors of them -------------------------------------------------------
 */

static void evex_each_lane(FpOp *x, const Format *f, EvexLane *lane)
{
    for (unsigned n = 0; n < x->elements; n++) {
        uint64_t r = lane(x, f, evex_get(&x->d, f, n), evex_get(&x->a, f, n),
                          evex_get(&x->b, f, n));
        memcpy(x->d.b + n * f->bytes, &r, f->bytes);
    }
}

#define BOTH(name)                                                             \
    static void evex_##name##ps(FpOp *x)                                       \
    {                                                                          \
        evex_each_lane(x, &format32, evex_##name);                             \
    }                                                                          \
    static void evex_##name##pd(FpOp *x)                                       \
    {                                                                          \
        evex_each_lane(x, &format64, evex_##name);                             \
    }
BOTH(getexp)
BOTH(getmant)
BOTH(range)
BOTH(fpclass)
BOTH(fixup)
/* The first source's upper part stays, not the destination's. */
static void evex_fixupss(FpOp *x)
{
    evex_fixupps(x);
    memcpy(x->d.b + 4, x->a.b + 4, 12);
}
static void evex_fixupsd(FpOp *x)
{
    evex_fixuppd(x);
    memcpy(x->d.b + 8, x->a.b + 8, 8);
}
BOTH(scalef)
BOTH(rcp14)
BOTH(rsqrt14)

/* clang-format off */
#define ROW(name, fn, flags) [X86_##name] = { evex_##fn, flags }
#define FOUR(name, fn, flags) \
    ROW(name##PS, fn##ps, flags), ROW(name##SS, fn##ps, flags), \
    ROW(name##PD, fn##pd, flags), ROW(name##SD, fn##pd, flags)

const FpRow fp_evex_float_rows[X86_MNEMONIC_COUNT] = {
    FOUR(VGETEXP, getexp, FP_MXCSR), FOUR(VGETMANT, getmant, FP_MXCSR), FOUR(VRANGE, range, FP_MXCSR),
    ROW(VFIXUPIMMPS, fixupps, FP_MXCSR), ROW(VFIXUPIMMPD, fixuppd, FP_MXCSR),
    ROW(VFIXUPIMMSS, fixupss, FP_MXCSR), ROW(VFIXUPIMMSD, fixupsd, FP_MXCSR), FOUR(VSCALEF, scalef, FP_MXCSR), FOUR(VFPCLASS, fpclass, 0),
    FOUR(VRCP14, rcp14, FP_MXCSR), FOUR(VRSQRT14, rsqrt14, FP_MXCSR),
};
/* clang-format on */
