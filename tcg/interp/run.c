/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's loop: one switch over (operation, type, constant or not),
 * from block to block along links and the jump cache without leaving.
 *
 * The loop's macros each stand for the cases of one shape of operation.
 */
#include "tcg/interp/flags.h"
#include "tcg/interp/interp.h"
#include "tcg/interp/memory.h"

/* ---- Flag-setting operations ----------------------------------------------
 */

static inline void interp_remember(InterpState *s, InterpFlagsKind kind,
                                   unsigned shift, uint64_t res, uint64_t a,
                                   uint64_t b)
{
    s->kind = kind;
    s->shift = shift;
    s->res = res;
    s->a = a;
    s->b = b;
}

static inline uint64_t interp_addf(InterpState *s, unsigned shift, uint64_t a,
                                   uint64_t b)
{
    a <<= shift;
    b <<= shift;
    interp_remember(s, INTERP_FLAGS_ADD, shift, a + b, a, b);
    return s->res >> shift;
}

static inline uint64_t interp_subf(InterpState *s, unsigned shift, uint64_t a,
                                   uint64_t b)
{
    a <<= shift;
    b <<= shift;
    interp_remember(s, INTERP_FLAGS_SUB, shift, a - b, a, b);
    return s->res >> shift;
}

static inline uint64_t interp_logicf(InterpState *s, unsigned shift,
                                     uint64_t res)
{
    res <<= shift;
    interp_remember(s, INTERP_FLAGS_LOGIC, shift, res, 0, 0);
    return res >> shift;
}

static inline uint64_t interp_incf(InterpState *s, unsigned shift, uint64_t a)
{
    uint64_t res = (a + 1) << shift;
    interp_remember(s, INTERP_FLAGS_INC, shift, res, 0, interp_flags_carry(s));
    return res >> shift;
}

static inline uint64_t interp_decf(InterpState *s, unsigned shift, uint64_t a)
{
    uint64_t res = (a - 1) << shift;
    interp_remember(s, INTERP_FLAGS_DEC, shift, res, 0, interp_flags_carry(s));
    return res >> shift;
}

static uint64_t interp_adcf(InterpState *s, unsigned shift, uint64_t a,
                            uint64_t b)
{
    uint64_t carry = interp_flags_carry(s);
    a <<= shift;
    b <<= shift;
    uint64_t res = a + b + (carry << shift);
    uint32_t f = interp_flags_of_result(res, shift);
    f |= res < a || (carry && res == a) ? INTERP_CF : 0;
    f |= ((a ^ b ^ res) >> shift) & INTERP_AF;
    f |= (a ^ res) & (b ^ res) & INT64_MIN ? INTERP_OF : 0;
    interp_flags_set(s, f);
    return res >> shift;
}

static uint64_t interp_sbbf(InterpState *s, unsigned shift, uint64_t a,
                            uint64_t b)
{
    uint64_t borrow = interp_flags_carry(s);
    a <<= shift;
    b <<= shift;
    uint64_t res = a - b - (borrow << shift);
    uint32_t f = interp_flags_of_result(res, shift);
    f |= a < b || (borrow && a == b) ? INTERP_CF : 0;
    f |= ((a ^ b ^ res) >> shift) & INTERP_AF;
    f |= (a ^ b) & (a ^ res) & INT64_MIN ? INTERP_OF : 0;
    interp_flags_set(s, f);
    return res >> shift;
}

/* SDM 2B SAL/SAR/SHL/SHR. CF is the last bit shifted out (none is left when
 * more bits than there are were shifted: 0, or the sign for SAR), OF as after
 * the last one-bit step, AF clear. */
static uint64_t interp_shiftf(InterpState *s, const InterpOp *op, IrOp kind,
                              uint64_t a, uint64_t b)
{
    unsigned shift = op->cond, width = 64 - shift;
    unsigned n = b & (width == 64 ? 63 : 31);
    a = a << shift >> shift;
    if (n == 0) {
        return a;
    }
    int64_t sa = (int64_t)(a << shift) >> shift;
    uint64_t res, last; /* last: the value before the last step */
    if (kind == IR_SHLF) {
        last = a << (n - 1);
        res = last << 1 << shift;
    } else {
        last = kind == IR_SARF ? (uint64_t)(sa >> (n - 1)) : a >> (n - 1);
        res = (kind == IR_SARF ? (uint64_t)((int64_t)last >> 1) : last >> 1)
              << shift;
    }
    bool top = last >> (width - 1) & 1;
    bool carry = kind == IR_SHLF ? top : last & 1;
    bool overflow = kind == IR_SARF   ? false
                    : kind == IR_SHRF ? top
                                      : carry != res >> 63;
    interp_flags_set(s, interp_flags_of_result(res, shift) |
                            (carry ? INTERP_CF : 0) |
                            (overflow ? INTERP_OF : 0));
    return res >> shift;
}

static uint64_t interp_rotate(uint64_t a, unsigned n, unsigned width)
{
    n %= width;
    return n ? a << n | a >> (width - n) : a;
}

/* SDM 2B RCL/RCR/ROL/ROR: OF is defined for a count of 1, and computed the
 * same way for others. */
static uint64_t interp_rotatef(InterpState *s, const InterpOp *op, bool left,
                               uint64_t a, uint64_t b)
{
    unsigned shift = op->cond, width = 64 - shift;
    unsigned n = b & (width == 64 ? 63 : 31);
    a = a << shift >> shift;
    if (n == 0) {
        return a;
    }
    n %= width;
    uint64_t res = interp_rotate(a, left ? n : width - n, width) << shift;
    bool top = res >> 63;
    bool carry = left ? res >> shift & 1 : top;
    bool overflow = left ? top != carry : top != (res >> 62 & 1);
    uint32_t f = interp_flags(s) & ~(INTERP_CF | INTERP_OF);
    interp_flags_set(s,
                     f | (carry ? INTERP_CF : 0) | (overflow ? INTERP_OF : 0));
    return res >> shift;
}

static uint64_t interp_imulf(InterpState *s, unsigned shift, uint64_t a,
                             uint64_t b)
{
    __int128 product = (__int128)((int64_t)(a << shift) >> shift) *
                       ((int64_t)(b << shift) >> shift);
    uint64_t res = (uint64_t)product << shift;
    bool overflow = product != (int64_t)res >> shift;
    interp_flags_set(s, interp_flags_of_result(res, shift) |
                            (overflow ? INTERP_CF | INTERP_OF : 0));
    return res >> shift;
}

/* ---- Values ---------------------------------------------------------------
 */

static inline bool interp_compare(unsigned cond, uint64_t a, uint64_t b)
{
    bool r;
    switch (cond >> 1) {
    case IR_CC_B >> 1:
        r = a < b;
        break;
    case IR_CC_E >> 1:
        r = a == b;
        break;
    case IR_CC_BE >> 1:
        r = a <= b;
        break;
    case IR_CC_L >> 1:
        r = (int64_t)a < (int64_t)b;
        break;
    default: /* LE */
        r = (int64_t)a <= (int64_t)b;
        break;
    }
    return r != (cond & 1);
}

/* 32-bit operands sign-extended: every comparison comes out the same. */
static inline bool interp_compare_typed(const InterpOp *op, uint64_t a,
                                        uint64_t b)
{
    if (op->type != IR_I64) {
        a = (int64_t)(int32_t)a;
        b = (int64_t)(int32_t)b;
    }
    return interp_compare(op->cond, a, b);
}

static uint64_t interp_deposit(const InterpOp *op, uint64_t a, uint64_t b)
{
    unsigned pos = op->imm & 63, len = op->imm >> 8;
    uint64_t mask = UINT64_MAX >> (64 - len) << pos;
    uint64_t res = (a & ~mask) | (b << pos & mask);
    return op->type == IR_I32 ? (uint32_t)res : res;
}

/* ---- Leaving and going on -------------------------------------------------
 */

static int interp_leave(InterpState *s, int reason)
{
    interp_flags_sync(s);
    return reason;
}

static inline void interp_call(InterpState *s, const InterpOp *op, uint64_t *r)
{
    const TcgHelper *h = (const TcgHelper *)(intptr_t)op->imm;
    if (h->flags & (TCG_READS_FLAGS | TCG_WRITES_FLAGS | TCG_MAY_RAISE)) {
        interp_flags_sync(s);
    }
    s->synced = false;
    uint64_t res = h->fn(s->env, r[op->a], r[op->b], r[op->c], op->imm2);
    if (op->cond) {
        r[op->dst] = res;
    }
}

static const TcgJump *interp_probe(const InterpState *s, uint64_t pc)
{
    const TcgEnv *env = s->env;
    TcgJump *jumps = __atomic_load_n(&env->jumps, __ATOMIC_ACQUIRE);
    const TcgJump *jump = jumps ? &jumps[tcg_jump_hash(pc)] : NULL;

    return jump && jump->key == (pc ^ env->jump_key) && jump->code &&
                   !(s->ctx->switches & TCG_OFF_JUMPS)
               ? jump
               : NULL;
}

static bool interp_asked(const TcgEnv *env)
{
    return __atomic_load_n(&env->exit_request, __ATOMIC_ACQUIRE);
}

static const InterpCode *interp_exit_indirect(InterpState *s, uint64_t pc,
                                              int64_t kind, int *reason)
{
    TcgEnv *env = s->env;
    bool branch = kind & IR_EXITR_BRANCH; /* may be refused first */
    env->pc = pc;
    *reason = TCG_LEAVE_REQUEST;
    if (!branch && interp_asked(env)) {
        return NULL;
    }
    const TcgJump *jump = interp_probe(s, pc);
    if (jump && !interp_asked(env)) {
        env->pc_base = tcg_pc_base(pc);
        return jump->code;
    }
    interp_flags_sync(s);
    s->synced = !branch; /* a branch is what raises */
    TcgCode *to =
        s->ctx->lookup(env, NULL, branch ? kind >> IR_EXITR_MOVED : 0);
    if (interp_asked(env)) {
        return NULL;
    }
    *reason = TCG_LEAVE_LOOKUP;
    return to ? to->entry : NULL;
}

/* The next block after a direct exit, or NULL to leave for *reason. */
static const InterpCode *interp_exit(InterpState *s, TcgCode *from,
                                     const InterpOp *op, int *reason)
{
    if (op->flags & INTERP_FAR) {
        return interp_exit_indirect(s, s->base + op->imm, 0, reason);
    }
    if ((op->flags & INTERP_POLL) &&
        __atomic_load_n(&s->env->exit_request, __ATOMIC_ACQUIRE)) {
        s->env->pc = s->base + op->imm;
        *reason = TCG_LEAVE_REQUEST;
        return NULL;
    }
    TcgCode *to = __atomic_load_n(&from->exit[op->cond].to, __ATOMIC_ACQUIRE);
    if (G_UNLIKELY(!to)) {
        uint64_t pc = s->base + op->imm;
        const TcgJump *jump =
            from->exit[op->cond].probe ? interp_probe(s, pc) : NULL;
        if (jump) {
            return jump->code;
        }
        s->env->pc = pc;
        interp_flags_sync(s);
        to = s->ctx->lookup(s->env, from, op->cond);
        *reason = TCG_LEAVE_LOOKUP;
    }
    return to ? to->entry : NULL;
}

static void interp_unwind(void *env, int reason)
{
    InterpState *s = ((TcgEnv *)env)->backend[TCG_BACKEND_OWN];
    interp_flags_sync(s);
    if (!s->synced) {
        s->env->pc = s->pc;
    }
    s->reason = reason;
    __builtin_longjmp(s->jump, 1);
}

static uint64_t interp_sync_pc(void *env)
{
    InterpState *s = ((TcgEnv *)env)->backend[TCG_BACKEND_OWN];
    interp_flags_sync(s);
    s->env->pc = s->pc;
    s->synced = true;
    return s->pc;
}

/* ---- The loop -------------------------------------------------------------
 */

#define A (r[op->a])
#define B (r[op->b])
#define IMM ((uint64_t)op->imm)

/* EXPR over a and b of type U (unsigned) or S (signed), BITS wide. */
#define INTERP_BINARY_CASE(NAME, TYPE, CONSTANT, RHS, UINT, SINT, EXPR)        \
    case INTERP_CODE(IR_##NAME, TYPE, CONSTANT): {                             \
        typedef UINT U;                                                        \
        typedef SINT S __attribute__((unused));                                \
        enum { BITS = sizeof(U) * 8 };                                         \
        const U a = A, b = RHS;                                                \
        r[op->dst] = (U)(EXPR);                                                \
        break;                                                                 \
    }
#define INTERP_BINARY(NAME, EXPR)                                              \
    INTERP_BINARY_CASE(NAME, IR_I32, 0, B, uint32_t, int32_t, EXPR)            \
    INTERP_BINARY_CASE(NAME, IR_I32, 1, IMM, uint32_t, int32_t, EXPR)          \
    INTERP_BINARY_CASE(NAME, IR_I64, 0, B, uint64_t, int64_t, EXPR)            \
    INTERP_BINARY_CASE(NAME, IR_I64, 1, IMM, uint64_t, int64_t, EXPR)

#define INTERP_UNARY_CASE(NAME, TYPE, CONSTANT, SRC, UINT, EXPR)               \
    case INTERP_CODE(IR_##NAME, TYPE, CONSTANT): {                             \
        const UINT a = SRC;                                                    \
        r[op->dst] = (UINT)(EXPR);                                             \
        break;                                                                 \
    }
#define INTERP_UNARY(NAME, EXPR32, EXPR64)                                     \
    INTERP_UNARY_CASE(NAME, IR_I32, 0, A, uint32_t, EXPR32)                    \
    INTERP_UNARY_CASE(NAME, IR_I32, 1, IMM, uint32_t, EXPR32)                  \
    INTERP_UNARY_CASE(NAME, IR_I64, 0, A, uint64_t, EXPR64)                    \
    INTERP_UNARY_CASE(NAME, IR_I64, 1, IMM, uint64_t, EXPR64)

/* One statement for every type; `rhs` is the last source. */
#define INTERP_ANY_TYPE(NAME, CONSTANT)                                        \
    case INTERP_CODE(IR_##NAME, IR_I8, CONSTANT):                              \
    case INTERP_CODE(IR_##NAME, IR_I16, CONSTANT):                             \
    case INTERP_CODE(IR_##NAME, IR_I32, CONSTANT):                             \
    case INTERP_CODE(IR_##NAME, IR_I64, CONSTANT)
#define INTERP_ANY(NAME, REG, STATEMENT)                                       \
    INTERP_ANY_TYPE(NAME, 0) :                                                 \
    {                                                                          \
        const uint64_t rhs __attribute__((unused)) = r[op->REG];               \
        STATEMENT;                                                             \
        break;                                                                 \
    }                                                                          \
    INTERP_ANY_TYPE(NAME, 1) :                                                 \
    {                                                                          \
        const uint64_t rhs __attribute__((unused)) = IMM;                      \
        STATEMENT;                                                             \
        break;                                                                 \
    }

static const InterpOp *interp_enter(InterpState *s, const InterpCode *block)
{
    s->base = block->relative ? s->env->pc_base : 0;
    return block->ops;
}

static int interp_loop(InterpState *s, const InterpCode *block)
{
    uint64_t *const r = s->env->r;
    const InterpOp *op = interp_enter(s, block);
    int reason = TCG_LEAVE_LOOKUP;
    for (;; op++) {
        /* clang-format off */
        switch (op->code) {
        /* structure */
        INTERP_ANY(INSN, a, s->pc = s->base + op->imm; s->synced = false;
                   if (op->flags & INTERP_COUNT) { s->env->insn_count++; })
        INTERP_ANY(BR, a, op += op->imm)
        INTERP_ANY(BRCOND, b,
                   if (interp_compare_typed(op, A, rhs)) { op += op->imm2; })
        INTERP_ANY(BRF, a,
                   if (interp_flags_cond(s, op->cond)) { op += op->imm; })
        /* plain arithmetic */
        INTERP_UNARY(MOV, a, a)
        INTERP_BINARY(ADD, a + b)
        INTERP_BINARY(SUB, a - b)
        INTERP_BINARY(AND, a & b)
        INTERP_BINARY(OR, a | b)
        INTERP_BINARY(XOR, a ^ b)
        INTERP_BINARY(SHL, a << (b & (BITS - 1)))
        INTERP_BINARY(SHR, a >> (b & (BITS - 1)))
        INTERP_BINARY(SAR, (S)a >> (b & (BITS - 1)))
        INTERP_BINARY(ROL, interp_rotate(a, b & (BITS - 1), BITS))
        INTERP_BINARY(ROR, interp_rotate(a, BITS - (b & (BITS - 1)), BITS))
        INTERP_BINARY(MUL, a * b)
        INTERP_BINARY(MULUH, (unsigned __int128)a * b >> BITS)
        INTERP_BINARY(MULSH, (__int128)(S)a * (S)b >> BITS)
        INTERP_UNARY(NEG, -a, -a)
        INTERP_UNARY(NOT, ~a, ~a)
        INTERP_UNARY(BSWAP, __builtin_bswap32(a), __builtin_bswap64(a))
        INTERP_UNARY(EXTU8, (uint8_t)a, (uint8_t)a)
        INTERP_UNARY(EXTU16, (uint16_t)a, (uint16_t)a)
        INTERP_UNARY(EXTU32, a, (uint32_t)a)
        INTERP_UNARY(EXTS8, (int8_t)a, (int8_t)a)
        INTERP_UNARY(EXTS16, (int16_t)a, (int16_t)a)
        INTERP_UNARY(EXTS32, a, (int32_t)a)
        INTERP_UNARY(CLZ, a ? __builtin_clz(a) : 32,
                     a ? __builtin_clzll(a) : 64)
        INTERP_UNARY(CTZ, a ? __builtin_ctz(a) : 32,
                     a ? __builtin_ctzll(a) : 64)
        INTERP_UNARY(POPCNT, __builtin_popcount(a), __builtin_popcountll(a))
        INTERP_ANY(EXTRACT, a, r[op->dst] = A >> (op->imm & 63) &
                   UINT64_MAX >> (64 - (op->imm >> 8)))
        INTERP_ANY(DEPOSIT, b, r[op->dst] = interp_deposit(op, A, B))
        INTERP_ANY(SETCOND, b, r[op->dst] = interp_compare_typed(op, A, rhs))
        INTERP_ANY(MOVCOND, c,
                   /* the constant may be b or c */
                   uint64_t b = op->flags ? IMM : B;
                   uint64_t v = op->flags ? r[op->c] : rhs;
                   v = interp_compare_typed(op, A, b) ? v : r[op->dst];
                   r[op->dst] = op->type == IR_I32 ? (uint32_t)v : v)
        /* flag-setting; op->cond is 64 - width */
        INTERP_ANY(ADDF, b, r[op->dst] = interp_addf(s, op->cond, A, rhs))
        INTERP_ANY(SUBF, b, r[op->dst] = interp_subf(s, op->cond, A, rhs))
        INTERP_ANY(ADCF, b, r[op->dst] = interp_adcf(s, op->cond, A, rhs))
        INTERP_ANY(SBBF, b, r[op->dst] = interp_sbbf(s, op->cond, A, rhs))
        INTERP_ANY(CMPF, b, interp_subf(s, op->cond, A, rhs))
        INTERP_ANY(ANDF, b, r[op->dst] = interp_logicf(s, op->cond, A & rhs))
        INTERP_ANY(ORF, b, r[op->dst] = interp_logicf(s, op->cond, A | rhs))
        INTERP_ANY(XORF, b, r[op->dst] = interp_logicf(s, op->cond, A ^ rhs))
        INTERP_ANY(TESTF, b, interp_logicf(s, op->cond, A & rhs))
        INTERP_ANY(INCF, a, r[op->dst] = interp_incf(s, op->cond, rhs))
        INTERP_ANY(DECF, a, r[op->dst] = interp_decf(s, op->cond, rhs))
        INTERP_ANY(NEGF, a, r[op->dst] = interp_subf(s, op->cond, 0, rhs))
        INTERP_ANY(SHLF, b, r[op->dst] = interp_shiftf(s, op, IR_SHLF, A, rhs))
        INTERP_ANY(SHRF, b, r[op->dst] = interp_shiftf(s, op, IR_SHRF, A, rhs))
        INTERP_ANY(SARF, b, r[op->dst] = interp_shiftf(s, op, IR_SARF, A, rhs))
        INTERP_ANY(ROLF, b, r[op->dst] = interp_rotatef(s, op, true, A, rhs))
        INTERP_ANY(RORF, b, r[op->dst] = interp_rotatef(s, op, false, A, rhs))
        INTERP_ANY(IMULF, b, r[op->dst] = interp_imulf(s, op->cond, A, rhs))
        INTERP_ANY(GETF, a, r[op->dst] = interp_flags(s))
        INTERP_ANY(SETF, a, interp_flags_set(s, rhs))
        INTERP_ANY(SETCF, a, interp_flags_set(s, (interp_flags(s) & ~INTERP_CF)
                                              | (rhs & 1)))
        INTERP_ANY(SETCC, a, r[op->dst] = interp_flags_cond(s, op->cond))
        INTERP_ANY(CMOVCC, a,
                   uint64_t v = interp_flags_cond(s, op->cond) ? rhs
                                                               : r[op->dst];
                   r[op->dst] = op->type == IR_I32 ? (uint32_t)v : v)
        /* CPU struct and memory */
        INTERP_ANY(LDENV, a, r[op->dst] = interp_read_host(
                   (const uint8_t *)s->env + op->imm, op->size))
        INTERP_ANY(STENV, a, interp_write_host((uint8_t *)s->env + op->imm,
                                               A, op->size))
        INTERP_ANY(STENVI, a, interp_write_host((uint8_t *)s->env + op->imm,
                                                op->imm2, op->size))
        INTERP_ANY(LDHOST, a, r[op->dst] = interp_load_host(op))
        INTERP_ANY(LD, a, r[op->dst] = interp_load(s, op, rhs + op->imm2))
        INTERP_ANY(ST, b, interp_store(s, op, A + op->imm2, rhs))
        INTERP_ANY(PROBEW, a, interp_probe_write(s, op, rhs + op->imm2))
        INTERP_ANY(ATOMIC, c, /* the constant may be b or c */
                   uint64_t b = op->cond != IR_ATOMIC_CMPXCHG && op->flags
                       ? IMM : B;
                   r[op->dst] = interp_atomic(s, op, A + op->imm2, b, rhs))
        /* calls and leaving */
        INTERP_ANY(CALL, a, interp_call(s, op, r))
        INTERP_ANY(EXIT, a,
                   block = interp_exit(s, block->code, op, &reason);
                   if (!block) { return interp_leave(s, reason); }
                   op = interp_enter(s, block) - 1)
        INTERP_ANY(EXITR, a,
                   block = interp_exit_indirect(s, rhs, op->imm2,
                                                &reason);
                   if (!block) { return interp_leave(s, reason); }
                   op = interp_enter(s, block) - 1)
        INTERP_ANY(LEAVE, a, return interp_leave(s, op->imm))
        default:
            g_assert_not_reached();
        }
        /* clang-format on */
    }
}

int interp_run(TcgContext *ctx, void *env, TcgCode *code)
{
    InterpState s = { .env = env, .ctx = ctx, .kind = INTERP_FLAGS_ENV };
    s.pc = s.env->pc;
    s.env->backend[TCG_BACKEND_UNWIND] = interp_unwind;
    s.env->backend[TCG_BACKEND_SYNC_PC] = interp_sync_pc;
    s.env->backend[TCG_BACKEND_OWN] = &s;
    if (__builtin_setjmp(s.jump)) {
        return s.reason;
    }
    return interp_loop(&s, code->entry);
}
