/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plain operations: they must leave the guest's flags alone, which are in the
 * host's. Where the flags are still wanted (emit_flags_busy()) a form without
 * flags is taken if there is one (LEA, MOVZX, BMI2's shifts); otherwise they
 * are saved first.
 */
#include "tcg/x86_64/emit.h"

static void plain_lose_flags(Emit *e)
{
    flags_lose(e, e->now & INFO_LIVE_AFTER);
}

static void plain_move(Emit *e, unsigned dst, unsigned src)
{
    if (dst != src) {
        asm_mov(&e->as, dst, src);
    }
}

void emit_alu_rhs(Asm *a, unsigned alu, IrType t, unsigned dst, EmitRhs rhs)
{
    switch (rhs.kind) {
    case RHS_REG:
        asm_alu_rr(a, alu, t, dst, rhs.reg);
        break;
    case RHS_MEM:
        asm_alu_rm(a, alu, t, dst, rhs.mem);
        break;
    case RHS_IMM:
        asm_alu_ri(a, alu, t, dst, rhs.imm);
        break;
    }
}

/* dst = a op b by the two-operand form. */
void emit_alu3(Emit *e, unsigned alu, IrType t, unsigned dst, unsigned a,
               EmitRhs b)
{
    if (dst != a && b.kind == RHS_REG && b.reg == dst) {
        if (alu != ALU_SUB && alu != ALU_SBB) {
            b.reg = a;
            a = dst;
        } else {
            unsigned tmp = regs_take(e);

            asm_mov(&e->as, tmp, b.reg);
            b.reg = tmp;
        }
    }
    plain_move(e, dst, a);
    emit_alu_rhs(&e->as, alu, t, dst, b);
}

/* ---- moves and sums: put off if they can be --------------------------- */

/* v as a sum in the given width; one that wraps at 32 bits cannot be taken
 * apart in 64-bit arithmetic. */
static EmitAddr plain_addr(const Emit *e, IrVal v, IrType t)
{
    EmitAddr a = regs_addr(e, v);

    if (a.wrap && t == IR_I64) {
        return (EmitAddr){ .base = v, .index = IR_NONE };
    }
    return a;
}

static EmitAddr plain_finish(EmitAddr a, IrType t)
{
    a.wrap = t == IR_I32;
    if (a.wrap) {
        bool is_const = a.base == IR_NONE && a.index == IR_NONE;

        a.disp = is_const ? (int64_t)(uint32_t)a.disp : (int32_t)a.disp;
    }
    return a;
}

static EmitAddr plain_const(int64_t v)
{
    return (EmitAddr){ .base = IR_NONE, .index = IR_NONE, .disp = v };
}

static bool plain_sum(EmitAddr *x, EmitAddr y)
{
    x->disp = (uint64_t)x->disp + (uint64_t)y.disp;
    if (y.base != IR_NONE) {
        if (x->base == IR_NONE) {
            x->base = y.base;
        } else if (x->index == IR_NONE) {
            x->index = y.base;
            x->shift = 0;
        } else {
            return false;
        }
    }
    if (y.index != IR_NONE) {
        if (x->index != IR_NONE) {
            return false;
        }
        x->index = y.index;
        x->shift = y.shift;
    }
    return true;
}

/* a + b of the instruction (b negated: b must be constant). */
static bool plain_sum_of(const Emit *e, const IrInsn *i, bool negate,
                         EmitAddr *x)
{
    int64_t imm;

    *x = plain_addr(e, i->a, i->type);
    if (regs_const(e, i->b, &imm)) {
        return plain_sum(
            x, plain_const(negate ? (int64_t)(0 - (uint64_t)imm) : imm));
    }
    if (negate) {
        return false;
    }
    EmitAddr y = plain_addr(e, i->b, i->type);
    if (plain_sum(x, y)) {
        return true;
    }
    /* Too many parts: one side is computed first. */
    *x = (EmitAddr){ .base = i->a, .index = IR_NONE };
    return plain_sum(x, y) ||
           (*x = (EmitAddr){ .base = i->a, .index = i->b }, true);
}

static bool plain_lazy(Emit *e, const IrInsn *i, EmitAddr a)
{
    return regs_define_lazy(e, i->dst, plain_finish(a, i->type));
}

/* dst = a sum that was put off or could not be. */
static void plain_compute(Emit *e, const IrInsn *i, EmitAddr a)
{
    a = plain_finish(a, i->type);
    unsigned base = a.base == IR_NONE ? NO_REG : regs_value(e, a.base);
    unsigned index = regs_value(e, a.index);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, index);
    asm_rm(&e->as, OP_LEA32 | asm_w(i->type), dst,
           (AsmMem){ base, index, a.shift, a.disp });
    regs_defined(e, i->dst, dst);
}

/* One LEA does it, and nothing shorter. */
static bool plain_is_lea(const Emit *e, const IrInsn *i, EmitAddr a)
{
    return a.index != IR_NONE && asm_fits32(a.disp) &&
           (a.shift || a.disp || (a.base != i->dst && a.index != i->dst)) &&
           !regs_tight(e, a);
}

void emit_mov(Emit *e, const IrInsn *i)
{
    int64_t imm;
    bool is_const = regs_const(e, i->a, &imm);

    if (is_const && i->type == IR_I32) {
        imm = (uint32_t)imm;
    }
    if (plain_lazy(
            e, i, is_const ? plain_const(imm) : plain_addr(e, i->a, i->type))) {
        return;
    }
    EmitAddr sum = plain_addr(e, i->a, i->type);
    if (!is_const && plain_is_lea(e, i, sum)) {
        plain_compute(e, i, sum);
        return;
    }
    if (is_const) {
        regs_sources_done(e);
        unsigned dst = regs_define(e, i->dst, NO_REG);
        asm_movi(&e->as, dst, imm);
        regs_defined(e, i->dst, dst);
        return;
    }
    unsigned a = regs_value(e, i->a);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    if (i->type == IR_I32) {
        asm_mov32(&e->as, dst, a);
    } else {
        plain_move(e, dst, a);
    }
    regs_defined(e, i->dst, dst);
}

/* dst = a + imm or a - imm */
static void plain_add_const(Emit *e, const IrInsn *i, int32_t imm)
{
    unsigned a = regs_value(e, i->a);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    if (dst == a && !emit_flags_busy(e)) {
        plain_lose_flags(e);
        asm_alu_ri(&e->as, ALU_ADD, i->type, dst, imm);
    } else {
        asm_rm(&e->as, OP_LEA32 | asm_w(i->type), dst, asm_mem(a, imm));
    }
    regs_defined(e, i->dst, dst);
}

void emit_add(Emit *e, const IrInsn *i)
{
    EmitAddr sum;
    int64_t imm;

    if (plain_sum_of(e, i, false, &sum)) {
        if (plain_lazy(e, i, sum)) {
            return;
        }
        if (plain_is_lea(e, i, sum)) {
            plain_compute(e, i, sum);
            return;
        }
    }
    if (regs_const(e, i->b, &imm) && (asm_fits32(imm) || i->type == IR_I32)) {
        plain_add_const(e, i, imm);
        return;
    }
    unsigned a = regs_value(e, i->a);
    EmitRhs b = emit_flags_busy(e)
                    ? (EmitRhs){ RHS_REG, .reg = regs_value(e, i->b) }
                    : regs_rhs(e, i->b);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    bool in_place = dst == a || (b.kind == RHS_REG && b.reg == dst);
    if (b.kind == RHS_REG && (emit_flags_busy(e) || !in_place)) {
        asm_rm(&e->as, OP_LEA32 | asm_w(i->type), dst,
               (AsmMem){ a, b.reg, 0, 0 });
    } else {
        plain_lose_flags(e);
        emit_alu3(e, ALU_ADD, i->type, dst, a, b);
    }
    regs_defined(e, i->dst, dst);
}

/* a - b = a + ~b + 1 */
static void plain_sub_by_lea(Emit *e, const IrInsn *i)
{
    unsigned b = regs_copy(e, i->b);
    unsigned a = regs_value(e, i->a);

    asm_group3(&e->as, GROUP3_NOT, IR_I64, b);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, b);
    asm_rm(&e->as, OP_LEA32 | asm_w(i->type), dst, (AsmMem){ a, b, 0, 1 });
    regs_defined(e, i->dst, dst);
}

void emit_sub(Emit *e, const IrInsn *i)
{
    EmitAddr sum;
    int64_t imm;

    if (plain_sum_of(e, i, true, &sum) && plain_lazy(e, i, sum)) {
        return;
    }
    if (regs_const(e, i->b, &imm) &&
        (asm_fits32(-(uint64_t)imm) || i->type == IR_I32)) {
        plain_add_const(e, i, -(uint64_t)imm);
        return;
    }
    if (emit_flags_busy(e)) {
        plain_sub_by_lea(e, i);
        return;
    }
    emit_logic(e, i);
}

/* ---- two operands ----------------------------------------------------- */

/* AND with a constant that one zero-extending move does; or 0. */
static uint32_t plain_mask_op(const IrInsn *i, int64_t imm)
{
    return i->op != IR_AND                          ? 0
           : imm == 0xff                            ? OP_MOVZX8
           : imm == 0xffff                          ? OP_MOVZX16
           : imm == 0xffffffff && i->type == IR_I64 ? OP_MOV_LOAD | 1
                                                    : 0;
}

static void plain_unary(Emit *e, const IrInsn *i, uint32_t op)
{
    EmitRhs a = regs_mem_rhs(e, i->a);

    regs_sources_done(e);
    unsigned dst =
        regs_define(e, i->dst, a.kind == RHS_REG ? a.reg : (unsigned)NO_REG);
    if (a.kind == RHS_MEM) {
        asm_rm(&e->as, op, dst, a.mem);
    } else {
        asm_rr(&e->as, op, dst, a.reg);
    }
    regs_defined(e, i->dst, dst);
}

void emit_logic(Emit *e, const IrInsn *i)
{
    unsigned alu = emit_ops[i->op].opcode;
    int64_t imm;

    if (regs_const(e, i->b, &imm) && plain_mask_op(i, imm)) {
        plain_unary(e, i, plain_mask_op(i, imm));
        return;
    }
    plain_lose_flags(e);
    unsigned a = regs_value(e, i->a);
    EmitRhs b = regs_rhs(e, i->b);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    emit_alu3(e, alu, i->type, dst, a, b);
    regs_defined(e, i->dst, dst);
}

void emit_mul(Emit *e, const IrInsn *i)
{
    plain_lose_flags(e);
    emit_imul(e, i);
}

/* Where rax or rdx wait while the instruction needs them. */
static void plain_put_aside(Emit *e, unsigned reg)
{
    asm_store(&e->as, asm_env(ENV_OFF(r) + 8 * reg), reg);
}

static void plain_put_back(Emit *e, unsigned reg)
{
    asm_load(&e->as, reg, asm_env(ENV_OFF(r) + 8 * reg));
}

void emit_mulh(Emit *e, const IrInsn *i)
{
    plain_lose_flags(e);
    unsigned a = regs_value(e, i->a);
    unsigned b = regs_value(e, i->b);
    unsigned high = regs_take(e);

    plain_put_aside(e, RAX);
    plain_put_aside(e, RDX);
    plain_move(e, RAX, b == RAX ? b : a);
    asm_group3(&e->as, emit_ops[i->op].opcode, i->type, b == RAX ? a : b);
    asm_mov(&e->as, high, RDX);
    plain_put_back(e, RAX);
    plain_put_back(e, RDX);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, high);
    plain_move(e, dst, high);
    regs_defined(e, i->dst, dst);
}

/* ---- shifts ----------------------------------------------------------- */

/* SHLX 66, SARX F3, SHRX F2: VEX.0F38 F7 /r, the count in vvvv. */
static unsigned plain_bmi2_prefix(unsigned shift)
{
    return shift == SHIFT_SHL ? 1 : shift == SHIFT_SAR ? 2 : 3;
}

static bool plain_is_rotate(unsigned shift)
{
    return shift == SHIFT_ROL || shift == SHIFT_ROR;
}

static void plain_rorx(Emit *e, IrType t, unsigned dst, unsigned a,
                       unsigned count)
{
    asm_vex_rr(&e->as, 3, 3, t == IR_I64, 0xf0, dst, 0, a);
    asm_u8(&e->as, count);
}

static void plain_shift_const(Emit *e, const IrInsn *i, unsigned shift,
                              unsigned count)
{
    unsigned width = i->type == IR_I64 ? 64 : 32;
    bool free_form = e->st->has_bmi2 && emit_flags_busy(e);
    unsigned a = regs_value(e, i->a);

    if (free_form && !plain_is_rotate(shift)) {
        unsigned n = regs_take(e);

        asm_movi(&e->as, n, count);
        regs_sources_done(e);
        unsigned dst = regs_define(e, i->dst, n);
        asm_vex_rr(&e->as, 2, plain_bmi2_prefix(shift), width == 64, 0xf7, dst,
                   n, a);
        regs_defined(e, i->dst, dst);
        return;
    }
    if (!free_form) {
        plain_lose_flags(e);
    }
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    if (free_form) {
        plain_rorx(e, i->type, dst, a,
                   shift == SHIFT_ROR ? count : (width - count) % width);
    } else {
        if (i->type == IR_I32 && (dst != a || !count)) {
            asm_mov32(&e->as, dst, a);
        } else {
            plain_move(e, dst, a);
        }
        asm_shift_i(&e->as, shift, i->type, dst, count);
    }
    regs_defined(e, i->dst, dst);
}

/* The count in cl, as in emit_shift_flags(). */
static void plain_shift_by_cl(Emit *e, const IrInsn *i, unsigned shift)
{
    plain_lose_flags(e);
    unsigned value = regs_copy(e, i->a);
    unsigned count = regs_value(e, i->b);

    plain_put_aside(e, RCX);
    plain_move(e, RCX, count);
    asm_rr(&e->as, asm_typed_group(0xd2, i->type), shift, value);
    plain_put_back(e, RCX);
    if (i->type == IR_I32) {
        asm_mov32(&e->as, value, value);
    }
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, value);
    plain_move(e, dst, value);
    regs_defined(e, i->dst, dst);
}

static void plain_shift_by(Emit *e, const IrInsn *i, unsigned shift)
{
    unsigned a = regs_value(e, i->a);
    unsigned count = regs_value(e, i->b);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    asm_vex_rr(&e->as, 2, plain_bmi2_prefix(shift), i->type == IR_I64, 0xf7,
               dst, count, a);
    regs_defined(e, i->dst, dst);
}

/* a << count as an index; count is 1..3. */
static bool plain_shift_lazy(Emit *e, const IrInsn *i, unsigned count)
{
    EmitAddr a = plain_addr(e, i->a, i->type);

    if (a.base == IR_NONE || a.index != IR_NONE || a.disp) {
        a = (EmitAddr){ .base = i->a };
    }
    return plain_lazy(
        e, i, (EmitAddr){ .base = IR_NONE, .index = a.base, .shift = count });
}

void emit_shift(Emit *e, const IrInsn *i)
{
    unsigned shift = emit_ops[i->op].opcode;
    int64_t count;

    if (regs_const(e, i->b, &count)) {
        count &= i->type == IR_I64 ? 63 : 31;
        if (shift == SHIFT_SHL && count >= 1 && count <= 3 &&
            plain_shift_lazy(e, i, count)) {
            return;
        }
        plain_shift_const(e, i, shift, count);
    } else if (plain_is_rotate(shift) || !e->st->has_bmi2) {
        plain_shift_by_cl(e, i, shift);
    } else {
        plain_shift_by(e, i, shift);
    }
}

/* ---- one operand ------------------------------------------------------ */

static unsigned plain_copy_to_dst(Emit *e, const IrInsn *i)
{
    unsigned a = regs_value(e, i->a);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    plain_move(e, dst, a);
    return dst;
}

void emit_neg(Emit *e, const IrInsn *i)
{
    bool busy = emit_flags_busy(e);

    if (!busy) {
        plain_lose_flags(e);
    }
    unsigned dst = plain_copy_to_dst(e, i);
    if (busy) {
        asm_group3(&e->as, GROUP3_NOT, IR_I64, dst);
        asm_rm(&e->as, OP_LEA32 | asm_w(i->type), dst, asm_mem(dst, 1));
    } else {
        asm_group3(&e->as, GROUP3_NEG, i->type, dst);
    }
    regs_defined(e, i->dst, dst);
}

void emit_not(Emit *e, const IrInsn *i)
{
    unsigned dst = plain_copy_to_dst(e, i);

    asm_group3(&e->as, GROUP3_NOT, i->type, dst);
    regs_defined(e, i->dst, dst);
}

void emit_bswap(Emit *e, const IrInsn *i)
{
    unsigned dst = plain_copy_to_dst(e, i);

    asm_opcode(&e->as, 0xc8 | (dst & 7) | ASM_0F | asm_w(i->type), 0, 0, dst,
               false);
    regs_defined(e, i->dst, dst);
}

void emit_extend(Emit *e, const IrInsn *i)
{
    uint32_t op = emit_ops[i->op].opcode;
    bool sign = i->op == IR_EXTS8 || i->op == IR_EXTS16;

    if (i->op == IR_EXTU32) {
        EmitAddr a = plain_addr(e, i->a, IR_I32);

        if (regs_define_lazy(e, i->dst, plain_finish(a, IR_I32))) {
            return;
        }
    }
    if (i->op == IR_EXTS32 && i->type == IR_I32) {
        op = OP_MOV_LOAD | 1;
    }
    plain_unary(e, i, op | (sign ? asm_w(i->type) : 0));
}

/* ---- bit fields ------------------------------------------------------- */

static uint32_t plain_movzx_of(unsigned len)
{
    return len == 8    ? OP_MOVZX8
           : len == 16 ? OP_MOVZX16
           : len == 32 ? OP_MOV_LOAD | 1
                       : 0;
}

/* AH, CH, DH, BH: no REX may be there, so both are among the first eight. */
static bool plain_extract_high(Emit *e, unsigned dst, unsigned a, unsigned pos,
                               unsigned len)
{
    if (pos != 8 || len != 8 || a > RBX || dst > RDI) {
        return false;
    }
    asm_rr(&e->as, OP_MOVZX8 & ~ASM_RM8, dst, a + 4);
    return true;
}

void emit_extract(Emit *e, const IrInsn *i)
{
    unsigned pos = i->imm & 63, len = i->imm >> 8;
    uint32_t movzx = plain_movzx_of(len);

    if (!pos && movzx) {
        plain_unary(e, i, movzx);
        return;
    }
    unsigned a = regs_value(e, i->a);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    if (plain_extract_high(e, dst, a, pos, len)) {
        /* done */
    } else if (movzx && e->st->has_bmi2) {
        plain_rorx(e, IR_I64, dst, a, pos);
        asm_rr(&e->as, movzx, dst, dst);
    } else {
        plain_lose_flags(e);
        plain_move(e, dst, a);
        if (pos + len < 64) {
            asm_shift_i(&e->as, SHIFT_SHL, IR_I64, dst, 64 - pos - len);
        }
        if (len < 64) {
            asm_shift_i(&e->as, SHIFT_SHR, IR_I64, dst, 64 - len);
        }
    }
    regs_defined(e, i->dst, dst);
}

/* Bits 7..0 or 15..0: a move of that size. */
static void plain_deposit_low(Emit *e, const IrInsn *i, IrType part)
{
    unsigned b = regs_value(e, i->b);
    unsigned a = regs_value(e, i->a);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    if (dst == b && dst != a) {
        unsigned tmp = regs_take(e);

        asm_mov(&e->as, tmp, b);
        b = tmp;
    }
    if (i->type == IR_I32) {
        asm_mov32(&e->as, dst, a);
    } else {
        plain_move(e, dst, a);
    }
    asm_rr(&e->as, asm_typed(OP_MOV_STORE, part), b, dst);
    regs_defined(e, i->dst, dst);
}

/* Bits 15..8. */
static bool plain_deposit_high(Emit *e, const IrInsn *i)
{
    unsigned width = i->type == IR_I64 ? 64 : 32;
    unsigned home = i->dst < TCG_GLOBALS ? emit_home[i->dst] : (unsigned)NO_REG;
    bool itself = home <= RBX && i->a == i->dst && i->type == IR_I64;

    if (!itself && !e->st->has_bmi2) {
        return false;
    }
    unsigned b = regs_value(e, i->b);
    if (itself && b <= RBX) {
        regs_sources_done(e);
        asm_rr(&e->as, OP_MOV_STORE, b, home + 4);
        return true;
    }
    unsigned a = regs_value(e, i->a);
    unsigned tmp = regs_take(e);
    plain_rorx(e, i->type, tmp, a, 8);
    asm_rr(&e->as, asm_typed(OP_MOV_STORE, IR_I8), b, tmp);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, tmp);
    plain_rorx(e, i->type, dst, tmp, width - 8);
    regs_defined(e, i->dst, dst);
    return true;
}

void emit_deposit(Emit *e, const IrInsn *i)
{
    unsigned pos = i->imm & 63, len = i->imm >> 8;
    uint64_t mask = (len < 64 ? UINT64_C(1) << len : 0) - 1;

    if (pos == 0 && (len == 8 || len == 16)) {
        plain_deposit_low(e, i, len == 8 ? IR_I8 : IR_I16);
        return;
    }
    if (pos == 8 && len == 8 && plain_deposit_high(e, i)) {
        return;
    }
    plain_lose_flags(e);
    unsigned b = regs_copy(e, i->b);
    unsigned a = regs_value(e, i->a);
    unsigned rest = regs_take(e);
    if (len < 64) {
        asm_shift_i(&e->as, SHIFT_SHL, IR_I64, b, 64 - len);
        asm_shift_i(&e->as, SHIFT_SHR, IR_I64, b, 64 - len - pos);
    }
    asm_movi(&e->as, rest, ~(mask << pos));
    asm_alu_rr(&e->as, ALU_AND, IR_I64, rest, a);
    asm_alu_rr(&e->as, ALU_OR, i->type, rest, b);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, rest);
    plain_move(e, dst, rest);
    regs_defined(e, i->dst, dst);
}

/* ---- counting bits ---------------------------------------------------- */

/* LZCNT, TZCNT (F3 0F BD/BC), or BSR, BSF, which leave their destination alone
 * for zero (SDM: undefined; all processors do) and are corrected by CMOV. */
void emit_count(Emit *e, const IrInsn *i)
{
    unsigned width = i->type == IR_I64 ? 64 : 32;
    bool leading = i->op == IR_CLZ;
    uint32_t op = (leading ? 0xbd : 0xbc) | ASM_0F | asm_w(i->type);

    plain_lose_flags(e);
    unsigned a = regs_value(e, i->a);
    if (leading ? e->st->has_lzcnt : e->st->has_tzcnt) {
        regs_sources_done(e);
        unsigned dst = regs_define(e, i->dst, a);
        asm_rr(&e->as, op | ASM_F3, dst, a);
        regs_defined(e, i->dst, dst);
        return;
    }
    unsigned zero = regs_take(e);
    asm_movi(&e->as, zero, leading ? 2 * width - 1 : width);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    asm_rr(&e->as, op, dst, a);
    asm_rr(&e->as, OP_CMOVCC | IR_CC_E | asm_w(i->type), dst, zero);
    if (leading) {
        asm_alu_ri(&e->as, ALU_XOR, i->type, dst, width - 1);
    }
    regs_defined(e, i->dst, dst);
}

void emit_popcnt(Emit *e, const IrInsn *i)
{
    plain_lose_flags(e);
    plain_unary(e, i, 0xb8 | ASM_0F | ASM_F3 | asm_w(i->type));
}

/* ---- comparisons ------------------------------------------------------ */

void emit_compare(Emit *e, const IrInsn *i)
{
    unsigned a = regs_value(e, i->a);
    EmitRhs b = regs_rhs(e, i->b);

    if (b.kind == RHS_IMM && !b.imm) {
        asm_rr(&e->as, asm_typed(0x84, i->type), a, a);
    } else {
        emit_alu_rhs(&e->as, ALU_CMP, i->type, a, b);
    }
}

void emit_setcond(Emit *e, const IrInsn *i)
{
    plain_lose_flags(e);
    emit_compare(e, i);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, NO_REG);
    asm_rr(&e->as, OP_SETCC | i->cond, 0, dst);
    asm_rr(&e->as, OP_MOVZX8, dst, dst);
    regs_defined(e, i->dst, dst);
}

void emit_movcond(Emit *e, const IrInsn *i)
{
    uint32_t op = OP_CMOVCC | i->cond | asm_w(i->type);

    plain_lose_flags(e);
    regs_settle(e, i->c); /* now, so that they can be evicted for others */
    regs_settle(e, i->b);
    regs_settle(e, i->a);
    regs_settle(e, i->dst);
    unsigned old = regs_value(e, i->dst);
    emit_compare(e, i);
    EmitRhs c = regs_mem_rhs(e, i->c);
    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, old);
    plain_move(e, dst, old);
    if (c.kind == RHS_MEM) {
        asm_rm(&e->as, op, dst, c.mem);
    } else {
        asm_rr(&e->as, op, dst, c.reg);
    }
    regs_defined(e, i->dst, dst);
}

/* ---- the CPU struct --------------------------------------------------- */

void emit_ldenv(Emit *e, const IrInsn *i)
{
    static const uint32_t ops[] = { OP_MOVZX8 & ~ASM_RM8, OP_MOVZX16,
                                    OP_MOV_LOAD | 1, OP_MOV_LOAD | 1 | ASM_W };
    unsigned dst = regs_define(e, i->dst, NO_REG);

    asm_rm(&e->as, ops[i->mem.size], dst, asm_env(i->imm));
    regs_defined(e, i->dst, dst);
}

void emit_stenv(Emit *e, const IrInsn *i)
{
    unsigned a = regs_value(e, i->a);

    asm_rm(&e->as, asm_typed(OP_MOV_STORE, (IrType)i->mem.size), a,
           asm_env(i->imm));
    regs_sources_done(e);
}

void emit_stenvi(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;

    if (t == IR_I64 && !asm_fits32(i->imm2)) {
        unsigned v = regs_take(e);

        asm_movi(&e->as, v, i->imm2);
        asm_store(&e->as, asm_env(i->imm), v);
        return;
    }
    asm_rm(&e->as, asm_typed_group(0xc6, t), 0, asm_env(i->imm));
    asm_imm(&e->as, t, i->imm2);
}
