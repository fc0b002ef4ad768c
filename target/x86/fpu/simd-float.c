/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating-point vectors. The host's own float and double compute, under the
 * guest's rounding (fp_host_call()); what IEEE 754 leaves open, NaN operands
 * above all, is decided here as SDM 1 table 4-7 and 11.5.2 do: the first NaN
 * operand, made quiet; the negative quiet NaN for an invalid operation.
 */
#include "target/x86/fpu/fpu.h"

#include <math.h>

enum { F32_QUIET = 1 << 22 };
#define F32_DEFAULT 0xffc00000u
#define F64_QUIET (UINT64_C(1) << 51)
#define F64_DEFAULT UINT64_C(0xfff8000000000000)

static inline bool f32_is_nan(uint32_t v)
{
    return (v & 0x7fffffff) > 0x7f800000;
}
static inline bool f64_is_nan(uint64_t v)
{
    return (v & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* A NaN made quiet; invalid if it was signalling. */
static uint32_t f32_quiet(FpOp *x, uint32_t v)
{
    x->exc |= v & F32_QUIET ? 0 : FP_IE;
    return v | F32_QUIET;
}
static uint64_t f64_quiet(FpOp *x, uint64_t v)
{
    x->exc |= v & F64_QUIET ? 0 : FP_IE;
    return v | F64_QUIET;
}

/* The NaN result of two operands of which one is NaN. */
static uint32_t f32_nan2(FpOp *x, uint32_t a, uint32_t b)
{
    if (!f32_is_nan(a)) {
        return f32_quiet(x, b);
    }
    if (f32_is_nan(b)) {
        f32_quiet(x, b);
    }
    return f32_quiet(x, a);
}
static uint64_t f64_nan2(FpOp *x, uint64_t a, uint64_t b)
{
    if (!f64_is_nan(a)) {
        return f64_quiet(x, b);
    }
    if (f64_is_nan(b)) {
        f64_quiet(x, b);
    }
    return f64_quiet(x, a);
}

/* What the host made of operands that were no NaN. A denormal result is an
 * underflow even if exact, once that is unmasked (SDM 1 4.9.1.5). */
static inline uint32_t f32_result(FpOp *x, float f)
{
    F32 r = { .f = f };
    if (!(r.u & 0x7f800000) && r.u << 1) {
        x->exc |= fp_tiny(x);
    }
    return f32_is_nan(r.u) ? F32_DEFAULT : r.u;
}
static inline uint64_t f64_result(FpOp *x, double f)
{
    F64 r = { .f = f };
    if (!(r.u & UINT64_C(0x7ff0000000000000)) && r.u << 1) {
        x->exc |= fp_tiny(x);
    }
    return f64_is_nan(r.u) ? F64_DEFAULT : r.u;
}

/* ---- Two operands -------------------------------------------------------- */

#define BINARY(name, op)                                                       \
    static inline uint32_t f32_##name(FpOp *x, uint32_t a, uint32_t b)         \
    {                                                                          \
        if (f32_is_nan(a) || f32_is_nan(b)) {                                  \
            return f32_nan2(x, a, b);                                          \
        }                                                                      \
        return f32_result(x, (F32){ a }.f op(F32){ b }.f);                     \
    }                                                                          \
    static inline uint64_t f64_##name(FpOp *x, uint64_t a, uint64_t b)         \
    {                                                                          \
        if (f64_is_nan(a) || f64_is_nan(b)) {                                  \
            return f64_nan2(x, a, b);                                          \
        }                                                                      \
        return f64_result(x, (F64){ a }.f op(F64){ b }.f);                     \
    }

BINARY(add, +)
BINARY(sub, -)
BINARY(mul, *)
BINARY(div, /)

/* Denormals are zeros: only where the operand itself is the result. */
static inline uint32_t f32_daz(FpOp *x, uint32_t v)
{
    bool denormal = !(v & 0x7f800000) && x->cpu->fpu.mxcsr & MXCSR_DAZ;
    return denormal ? v & 0x80000000 : v;
}
static inline uint64_t f64_daz(FpOp *x, uint64_t v)
{
    bool denormal =
        !(v & UINT64_C(0x7ff0000000000000)) && x->cpu->fpu.mxcsr & MXCSR_DAZ;
    return denormal ? v & (UINT64_C(1) << 63) : v;
}

/* SDM MINPS: the second operand if one is NaN, which is invalid, or both are
 * zero. */
#define SELECT(name, op)                                                       \
    static inline uint32_t f32_##name(FpOp *x, uint32_t a, uint32_t b)         \
    {                                                                          \
        if (f32_is_nan(a) || f32_is_nan(b)) {                                  \
            x->exc |= FP_IE;                                                   \
            return f32_daz(x, b);                                              \
        }                                                                      \
        bool first = (F32){ a }.f op(F32){ b }.f;                              \
        return f32_daz(x, first ? a : b);                                      \
    }                                                                          \
    static inline uint64_t f64_##name(FpOp *x, uint64_t a, uint64_t b)         \
    {                                                                          \
        if (f64_is_nan(a) || f64_is_nan(b)) {                                  \
            x->exc |= FP_IE;                                                   \
            return f64_daz(x, b);                                              \
        }                                                                      \
        bool first = (F64){ a }.f op(F64){ b }.f;                              \
        return f64_daz(x, first ? a : b);                                      \
    }

SELECT(min, <)
SELECT(max, >)

/* ---- One operand --------------------------------------------------------- */

static inline uint32_t f32_sqrt(FpOp *x, uint32_t b)
{
    return f32_is_nan(b) ? f32_quiet(x, b)
                         : f32_result(x, __builtin_sqrtf((F32){ b }.f));
}
static inline uint64_t f64_sqrt(FpOp *x, uint64_t b)
{
    return f64_is_nan(b) ? f64_quiet(x, b)
                         : f64_result(x, __builtin_sqrt((F64){ b }.f));
}

/* ---- Vectors of them ----------------------------------------------------- */

#define EACH(name, fn, t, T)                                                   \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            x->d.t[n] = T##_##fn(x, x->a.t[n], x->b.t[n]);                     \
        }                                                                      \
    }
#define EACH1(name, fn, t, T)                                                  \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            x->d.t[n] = T##_##fn(x, x->b.t[n]);                                \
        }                                                                      \
    }

EACH(addps, add, l, f32)
EACH(addpd, add, q, f64)
EACH(subps, sub, l, f32)
EACH(subpd, sub, q, f64)
EACH(mulps, mul, l, f32)
EACH(mulpd, mul, q, f64)
EACH(divps, div, l, f32)
EACH(divpd, div, q, f64)
EACH(minps, min, l, f32)
EACH(minpd, min, q, f64)
EACH(maxps, max, l, f32)
EACH(maxpd, max, q, f64)
EACH1(sqrtps, sqrt, l, f32)
EACH1(sqrtpd, sqrt, q, f64)

/* Even lanes subtract. */
static void simd_addsubps(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        uint32_t a = x->a.l[n], b = x->b.l[n];
        x->d.l[n] = n & 1 ? f32_add(x, a, b) : f32_sub(x, a, b);
    }
}
static void simd_addsubpd(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        uint64_t a = x->a.q[n], b = x->b.q[n];
        x->d.q[n] = n & 1 ? f64_add(x, a, b) : f64_sub(x, a, b);
    }
}

/* Pairs of a, then pairs of b, in each 128 bits. */
#define HORIZONTAL(name, fn, t, T, lanes)                                      \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            unsigned i = n % (lanes);                                          \
            const FpVec *v = i < (lanes) / 2 ? &x->a : &x->b;                  \
            unsigned from = n - i + 2 * i % (lanes);                           \
            x->d.t[n] = T##_##fn(x, v->t[from], v->t[from + 1]);               \
        }                                                                      \
    }

HORIZONTAL(haddps, add, l, f32, 4)
HORIZONTAL(haddpd, add, q, f64, 2)
HORIZONTAL(hsubps, sub, l, f32, 4)
HORIZONTAL(hsubpd, sub, q, f64, 2)

/* Dot products: products that imm's high half names, summed as a tree, put
 * where its low half says. */
static void simd_dpps(FpOp *x)
{
    for (unsigned block = 0; block < x->size / 4; block += 4) {
        uint32_t p[4];
        for (unsigned n = 0; n < 4; n++) {
            bool use = x->imm >> (4 + n) & 1;
            uint32_t a = x->a.l[block + n], b = x->b.l[block + n];
            p[n] = use ? f32_mul(x, a, b) : 0;
        }
        uint32_t low = f32_add(x, p[0], p[1]), high = f32_add(x, p[2], p[3]);
        uint32_t sum = f32_add(x, low, high);
        for (unsigned n = 0; n < 4; n++) {
            x->d.l[block + n] = x->imm >> n & 1 ? sum : 0;
        }
    }
}
static void simd_dppd(FpOp *x)
{
    uint64_t p[2];

    for (unsigned n = 0; n < 2; n++) {
        bool use = x->imm >> (4 + n) & 1;
        p[n] = use ? f64_mul(x, x->a.q[n], x->b.q[n]) : 0;
    }
    uint64_t sum = f64_add(x, p[0], p[1]);
    x->d.q[0] = x->imm & 1 ? sum : 0;
    x->d.q[1] = x->imm & 2 ? sum : 0;
}

static void simd_rcpps(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        x->d.f[n] = fp_host_rcp(x->b.f[n]);
    }
}
static void simd_rsqrtps(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        x->d.f[n] = fp_host_rsqrt(x->b.f[n]);
    }
}

/* ---- Comparisons --------------------------------------------------------- */

typedef enum FpOrder {
    FP_LESS = 1,
    FP_EQUAL = 2,
    FP_GREATER = 4,
    FP_UNORDERED = 8,
} FpOrder;

/* SDM CMPPD table 3-1: which outcomes make a predicate true; the ones of
 * predicates 16 to 31 are those of 0 to 15. */
static const uint8_t fp_predicate[16] = {
    FP_EQUAL,
    FP_LESS,
    FP_LESS | FP_EQUAL,
    FP_UNORDERED,
    FP_LESS | FP_GREATER | FP_UNORDERED,
    FP_EQUAL | FP_GREATER | FP_UNORDERED,
    FP_GREATER | FP_UNORDERED,
    FP_LESS | FP_EQUAL | FP_GREATER,
    FP_EQUAL | FP_UNORDERED,
    FP_LESS | FP_UNORDERED,
    FP_LESS | FP_EQUAL | FP_UNORDERED,
    0,
    FP_LESS | FP_GREATER,
    FP_EQUAL | FP_GREATER,
    FP_GREATER,
    FP_LESS | FP_EQUAL | FP_GREATER | FP_UNORDERED,
};
/* The predicates that signal invalid for quiet NaNs, too. */
static const uint32_t fp_signalling = 0x9999u << 16 | 0x6666;

static FpOrder f32_order(FpOp *x, uint32_t a, uint32_t b, bool signalling)
{
    if (f32_is_nan(a) || f32_is_nan(b)) {
        f32_nan2(x, a, b);
        x->exc |= signalling ? FP_IE : 0;
        return FP_UNORDERED;
    }
    float fa = (F32){ a }.f, fb = (F32){ b }.f;
    return fa < fb ? FP_LESS : fa > fb ? FP_GREATER : FP_EQUAL;
}
static FpOrder f64_order(FpOp *x, uint64_t a, uint64_t b, bool signalling)
{
    if (f64_is_nan(a) || f64_is_nan(b)) {
        f64_nan2(x, a, b);
        x->exc |= signalling ? FP_IE : 0;
        return FP_UNORDERED;
    }
    double fa = (F64){ a }.f, fb = (F64){ b }.f;
    return fa < fb ? FP_LESS : fa > fb ? FP_GREATER : FP_EQUAL;
}

/* The legacy forms have eight predicates. */
static unsigned fp_predicate_number(const FpOp *x)
{
    return x->imm & (x->vex ? 31 : 7);
}

static void simd_cmpps(FpOp *x)
{
    unsigned p = fp_predicate_number(x);

    for (unsigned n = 0; n < x->size / 4; n++) {
        FpOrder o = f32_order(x, x->a.l[n], x->b.l[n], fp_signalling >> p & 1);
        x->d.l[n] = fp_predicate[p & 15] & o ? ~0u : 0;
    }
}
static void simd_cmppd(FpOp *x)
{
    unsigned p = fp_predicate_number(x);

    for (unsigned n = 0; n < x->size / 8; n++) {
        FpOrder o = f64_order(x, x->a.q[n], x->b.q[n], fp_signalling >> p & 1);
        x->d.q[n] = fp_predicate[p & 15] & o ? ~UINT64_C(0) : 0;
    }
}

static uint32_t fp_order_flags(FpOrder o)
{
    switch (o) {
    case FP_UNORDERED:
        return EFLAGS_ZF | EFLAGS_PF | EFLAGS_CF;
    case FP_LESS:
        return EFLAGS_CF;
    case FP_EQUAL:
        return EFLAGS_ZF;
    default:
        return 0;
    }
}

static void simd_comiss(FpOp *x)
{
    x->eflags = fp_order_flags(f32_order(x, x->a.l[0], x->b.l[0], true));
}
static void simd_comisd(FpOp *x)
{
    x->eflags = fp_order_flags(f64_order(x, x->a.q[0], x->b.q[0], true));
}
static void simd_ucomiss(FpOp *x)
{
    x->eflags = fp_order_flags(f32_order(x, x->a.l[0], x->b.l[0], false));
}
static void simd_ucomisd(FpOp *x)
{
    x->eflags = fp_order_flags(f64_order(x, x->a.q[0], x->b.q[0], false));
}

/* ---- Fused multiply and add -----------------------------------------------
 */

/* What is done with lane n: a * b + c, with the product or c negated. */
typedef struct FpFused {
    bool negate_product, negate_addend, alternate; /* odd lanes: the opposite */
} FpFused;

/* Of a * b + c the first NaN in that order is the result. */
static uint32_t f32_fused(FpOp *x, uint32_t a, uint32_t b, uint32_t c)
{
    if (f32_is_nan(c) && !f32_is_nan(a) && !f32_is_nan(b)) {
        return f32_quiet(x, c);
    }
    if (f32_is_nan(a) || f32_is_nan(b)) {
        if (f32_is_nan(c)) {
            f32_quiet(x, c);
        }
        return f32_nan2(x, a, b);
    }
    return f32_result(x, fmaf((F32){ a }.f, (F32){ b }.f, (F32){ c }.f));
}
static uint64_t f64_fused(FpOp *x, uint64_t a, uint64_t b, uint64_t c)
{
    if (f64_is_nan(c) && !f64_is_nan(a) && !f64_is_nan(b)) {
        return f64_quiet(x, c);
    }
    if (f64_is_nan(a) || f64_is_nan(b)) {
        if (f64_is_nan(c)) {
            f64_quiet(x, c);
        }
        return f64_nan2(x, a, b);
    }
    return f64_result(x, fma((F64){ a }.f, (F64){ b }.f, (F64){ c }.f));
}

/* A NaN keeps its sign. */
static uint32_t f32_negate(uint32_t v, bool negate)
{
    return f32_is_nan(v) ? v : v ^ (uint32_t)negate << 31;
}
static uint64_t f64_negate(uint64_t v, bool negate)
{
    return f64_is_nan(v) ? v : v ^ (uint64_t)negate << 63;
}

/* m1 and m2: the operands that are the factors; the third is added. */
static void simd_fused_ps(FpOp *x, unsigned m1, unsigned m2, FpFused f)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        const uint32_t v[3] = { x->d.l[n], x->a.l[n], x->b.l[n] };
        bool na = f.negate_addend ^ (f.alternate && n & 1);
        x->d.l[n] = f32_fused(x, f32_negate(v[m1], f.negate_product), v[m2],
                              f32_negate(v[3 - m1 - m2], na));
    }
}
static void simd_fused_pd(FpOp *x, unsigned m1, unsigned m2, FpFused f)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        const uint64_t v[3] = { x->d.q[n], x->a.q[n], x->b.q[n] };
        bool na = f.negate_addend ^ (f.alternate && n & 1);
        x->d.q[n] = f64_fused(x, f64_negate(v[m1], f.negate_product), v[m2],
                              f64_negate(v[3 - m1 - m2], na));
    }
}

/* 132: op1 * op3 + op2, and so on. */
#define FUSED(name, np, na, alternate)                                         \
    static void simd_##name##132ps(FpOp * x)                                   \
    {                                                                          \
        simd_fused_ps(x, 0, 2, (FpFused){ np, na, alternate });                \
    }                                                                          \
    static void simd_##name##213ps(FpOp * x)                                   \
    {                                                                          \
        simd_fused_ps(x, 1, 0, (FpFused){ np, na, alternate });                \
    }                                                                          \
    static void simd_##name##231ps(FpOp * x)                                   \
    {                                                                          \
        simd_fused_ps(x, 1, 2, (FpFused){ np, na, alternate });                \
    }                                                                          \
    static void simd_##name##132pd(FpOp * x)                                   \
    {                                                                          \
        simd_fused_pd(x, 0, 2, (FpFused){ np, na, alternate });                \
    }                                                                          \
    static void simd_##name##213pd(FpOp * x)                                   \
    {                                                                          \
        simd_fused_pd(x, 1, 0, (FpFused){ np, na, alternate });                \
    }                                                                          \
    static void simd_##name##231pd(FpOp * x)                                   \
    {                                                                          \
        simd_fused_pd(x, 1, 2, (FpFused){ np, na, alternate });                \
    }

FUSED(fmadd, false, false, false)
FUSED(fmsub, false, true, false)
FUSED(fnmadd, true, false, false)
FUSED(fnmsub, true, true, false)
FUSED(fmaddsub, false, true, true) /* even lanes subtract */
FUSED(fmsubadd, false, false, true)

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { simd_##fn, FP_MXCSR }
#define FOUR(name, fn) \
    ROW(name##PS, fn##ps), ROW(name##SS, fn##ps), ROW(name##PD, fn##pd), ROW(name##SD, fn##pd)
#define ORDERS(name, fn) \
    FOUR(name##132, fn##132), FOUR(name##213, fn##213), FOUR(name##231, fn##231)
#define PACKED(name, fn) \
    ROW(name##132PS, fn##132ps), ROW(name##213PS, fn##213ps), ROW(name##231PS, fn##231ps), \
    ROW(name##132PD, fn##132pd), ROW(name##213PD, fn##213pd), ROW(name##231PD, fn##231pd)
#define COMPARE(name, fn) [X86_##name] = { simd_##fn, FP_MXCSR | FP_FLAGS }

const FpRow fp_float_rows[X86_MNEMONIC_COUNT] = {
    FOUR(ADD, add), FOUR(SUB, sub), FOUR(MUL, mul), FOUR(DIV, div),
    FOUR(MIN, min), FOUR(MAX, max), FOUR(SQRT, sqrt), FOUR(CMP, cmp),
    ROW(ADDSUBPS, addsubps), ROW(ADDSUBPD, addsubpd),
    ROW(HADDPS, haddps), ROW(HADDPD, haddpd), ROW(HSUBPS, hsubps), ROW(HSUBPD, hsubpd),
    ROW(DPPS, dpps), ROW(DPPD, dppd),
    [X86_RCPPS] = { simd_rcpps, 0 }, [X86_RCPSS] = { simd_rcpps, 0 },
    [X86_RSQRTPS] = { simd_rsqrtps, 0 }, [X86_RSQRTSS] = { simd_rsqrtps, 0 },
    COMPARE(COMISS, comiss), COMPARE(COMISD, comisd),
    COMPARE(UCOMISS, ucomiss), COMPARE(UCOMISD, ucomisd),
    ORDERS(VFMADD, fmadd), ORDERS(VFMSUB, fmsub),
    ORDERS(VFNMADD, fnmadd), ORDERS(VFNMSUB, fnmsub),
    PACKED(VFMADDSUB, fmaddsub), PACKED(VFMSUBADD, fmsubadd),
};
/* clang-format on */
