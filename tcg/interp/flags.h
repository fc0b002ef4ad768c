/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status flags of the interpreter: remembered by the operation that set them,
 * computed when somebody looks. Bits inside this file are those of EFLAGS.
 */
#ifndef TCG_INTERP_FLAGS_H
#define TCG_INTERP_FLAGS_H

#include "tcg/interp/interp.h"

enum {
    INTERP_CF = 1 << 0,
    INTERP_PF = 1 << 2,
    INTERP_AF = 1 << 4,
    INTERP_ZF = 1 << 6,
    INTERP_SF = 1 << 7,
    INTERP_OF = 1 << 11,
};

static inline uint32_t interp_flags_from_env(const TcgEnv *env)
{
    return ((env->flags >> 8) & 0xd5) | ((env->flags & 1) << 11);
}

static inline void interp_flags_set(InterpState *s, uint32_t eflags)
{
    s->kind = INTERP_FLAGS_ENV;
    s->env->flags = ((eflags & 0xd5) << 8) | ((eflags >> 11) & 1);
}

/* PF ZF SF of a result, wherever it came from (SDM 1 3.4.3.1). */
static inline uint32_t interp_flags_of_result(uint64_t res, unsigned shift)
{
    return (__builtin_parity((uint8_t)(res >> shift)) ? 0 : INTERP_PF) |
           (res ? 0 : INTERP_ZF) | (res >> 63 ? INTERP_SF : 0);
}

static inline uint32_t interp_flags(const InterpState *s)
{
    if (s->kind == INTERP_FLAGS_ENV) {
        return interp_flags_from_env(s->env);
    }
    uint32_t f = interp_flags_of_result(s->res, s->shift);
    uint64_t low = s->res >> s->shift;
    switch (s->kind) {
    case INTERP_FLAGS_ADD:
        f |= s->res < s->a ? INTERP_CF : 0;
        f |= ((s->a ^ s->b ^ s->res) >> s->shift) & INTERP_AF;
        f |= (s->a ^ s->res) & (s->b ^ s->res) & INT64_MIN ? INTERP_OF : 0;
        return f;
    case INTERP_FLAGS_SUB:
        f |= s->a < s->b ? INTERP_CF : 0;
        f |= ((s->a ^ s->b ^ s->res) >> s->shift) & INTERP_AF;
        f |= (s->a ^ s->b) & (s->a ^ s->res) & INT64_MIN ? INTERP_OF : 0;
        return f;
    case INTERP_FLAGS_INC:
        f |= s->b | ((low & 15) == 0 ? INTERP_AF : 0);
        return f | (s->res == (uint64_t)INT64_MIN ? INTERP_OF : 0);
    case INTERP_FLAGS_DEC:
        f |= s->b | ((low & 15) == 15 ? INTERP_AF : 0);
        /* The most positive value of the width, at the top. */
        return f |
               (s->res == (UINT64_MAX >> 1 >> s->shift << s->shift) ? INTERP_OF
                                                                    : 0);
    default:
        return f;
    }
}

/* Make env->flags current. */
static inline void interp_flags_sync(InterpState *s)
{
    if (s->kind != INTERP_FLAGS_ENV) {
        interp_flags_set(s, interp_flags(s));
    }
}

static inline bool interp_flags_carry(const InterpState *s)
{
    switch (s->kind) {
    case INTERP_FLAGS_ADD:
        return s->res < s->a;
    case INTERP_FLAGS_SUB:
        return s->a < s->b;
    case INTERP_FLAGS_LOGIC:
        return false;
    default:
        return interp_flags(s) & INTERP_CF;
    }
}

static inline bool interp_flags_cond_slow(const InterpState *s, unsigned cond)
{
    uint32_t f = interp_flags(s);
    bool less = !(f & INTERP_SF) != !(f & INTERP_OF);
    bool r;
    switch (cond >> 1) {
    case IR_CC_O >> 1:
        r = f & INTERP_OF;
        break;
    case IR_CC_B >> 1:
        r = f & INTERP_CF;
        break;
    case IR_CC_E >> 1:
        r = f & INTERP_ZF;
        break;
    case IR_CC_BE >> 1:
        r = f & (INTERP_CF | INTERP_ZF);
        break;
    case IR_CC_S >> 1:
        r = f & INTERP_SF;
        break;
    case IR_CC_P >> 1:
        r = f & INTERP_PF;
        break;
    case IR_CC_L >> 1:
        r = less;
        break;
    default:
        r = less || (f & INTERP_ZF);
        break;
    }
    return r != (cond & 1);
}

/* Does the condition hold? Comparisons, the common case, read the operands. */
static inline bool interp_flags_cond(const InterpState *s, unsigned cond)
{
    unsigned pair = cond >> 1;
    bool negate = cond & 1;
    if (s->kind != INTERP_FLAGS_ENV && pair == IR_CC_E >> 1) {
        return (s->res == 0) != negate;
    }
    if (s->kind == INTERP_FLAGS_SUB) {
        switch (pair) {
        case IR_CC_B >> 1:
            return (s->a < s->b) != negate;
        case IR_CC_BE >> 1:
            return (s->a <= s->b) != negate;
        case IR_CC_L >> 1:
            return ((int64_t)s->a < (int64_t)s->b) != negate;
        case IR_CC_LE >> 1:
            return ((int64_t)s->a <= (int64_t)s->b) != negate;
        }
    }
    return interp_flags_cond_slow(s, cond);
}

#endif
