/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's status flags are the host's. This file moves them between the
 * host's flags and env->flags (SDM 2A LAHF, SAHF; popf would cost five times
 * as much) and emits the operations that set or read them: each is the host
 * instruction of the same meaning.
 */
#include "tcg/x86_64/emit.h"

/* ---- saving and loading ----------------------------------------------- */

/* rax goes to `keep` meanwhile, or to its own place in env. */
static void flags_put_aside(Asm *a, unsigned keep)
{
    if (keep == NO_REG) {
        asm_store(a, asm_env(ENV_OFF(r[RAX])), RAX);
    } else {
        asm_mov(a, keep, RAX);
    }
}

static void flags_put_back(Asm *a, unsigned keep)
{
    if (keep == NO_REG) {
        asm_load(a, RAX, asm_env(ENV_OFF(r[RAX])));
    } else {
        asm_mov(a, RAX, keep);
    }
}

void flags_put_save(Asm *a, unsigned keep)
{
    flags_put_aside(a, keep);
    asm_u8(a, 0x9f); /* lahf */
    asm_rr(a, OP_SETCC | IR_CC_O, 0, RAX);
    asm_rm(a, asm_typed(OP_MOV_STORE, IR_I16), RAX, asm_env(ENV_OFF(flags)));
    flags_put_back(a, keep);
}

/* 7f + 1 overflows, 7f + 0 does not; sahf then leaves OF alone. */
void flags_put_load(Asm *a, unsigned keep)
{
    flags_put_aside(a, keep);
    asm_rm(a, OP_MOVZX16, RAX, asm_env(ENV_OFF(flags)));
    asm_u8(a, 0x04); /* add al, 7f */
    asm_u8(a, 0x7f);
    asm_u8(a, 0x9e); /* sahf */
    flags_put_back(a, keep);
}

void flags_put_kept(Asm *a, EmitKept k)
{
    if (k.flags & IR_FLAG_O) { /* in bit 0, and CF in bit 63 */
        asm_rr(a, OP_SETCC | IR_CC_O, 0, k.reg);
        asm_lea(a, k.reg, (AsmMem){ k.reg, k.reg, 0, 0 });
        asm_shift_i(a, SHIFT_RCR, IR_I64, k.reg, 1);
    } else if (k.flags) {
        asm_alu_rr(a, ALU_SBB, IR_I64, k.reg, k.reg);
    }
}

/* 7f + 1 overflows without a carry; ADCX leaves OF alone. */
void flags_put_back_kept(Asm *a, EmitKept k)
{
    if (k.flags & IR_FLAG_O) {
        asm_alu_ri(a, ALU_ADD, IR_I8, k.reg, 0x7f);
        asm_rr(a, 0xf6 | ASM_0F38 | ASM_66 | ASM_W, k.reg, k.reg);
    } else if (k.flags) {
        asm_alu_rr(a, ALU_ADD, IR_I64, k.reg, k.reg);
    }
}

void flags_save(Emit *e)
{
    if (e->host_flags && !e->env_flags) {
        flags_put_save(&e->as, regs_try(e));
        e->env_flags = true;
    }
}

void flags_load(Emit *e)
{
    if (!e->host_flags) {
        flags_put_load(&e->as, regs_try(e));
        e->host_flags = true;
    }
}

void flags_lose(Emit *e, bool needed)
{
    if (needed) {
        flags_save(e);
    }
    e->host_flags = false;
}

void flags_written(Emit *e)
{
    e->host_flags = true;
    e->env_flags = false;
}

/* Before an operation that writes a part of the flags: the rest must be in
 * place, if anyone reads it. In exact mode everyone does. */
static void flags_before_partial(Emit *e)
{
    if (e->now & INFO_NEEDED) {
        flags_load(e);
    }
}

/* ---- arithmetic ------------------------------------------------------- */

/* mov between registers of at least the type's width */
static void flags_move(Emit *e, unsigned dst, unsigned src)
{
    if (dst != src) {
        asm_mov(&e->as, dst, src);
    }
}

static bool flags_rhs_is(EmitRhs rhs, unsigned reg)
{
    return rhs.kind == RHS_REG && rhs.reg == reg;
}

void emit_alu_flags(Emit *e, const IrInsn *i)
{
    unsigned alu = emit_ops[i->op].opcode;

    if (ir_op_attrs[i->op] & IRA_FR) {
        flags_load(e);
    }
    unsigned a = regs_value(e, i->a);
    EmitRhs b = regs_rhs(e, i->b);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    emit_alu3(e, alu, i->type, dst, a, b);
    flags_written(e);
    regs_defined(e, i->dst, dst);
}

/* CMP and TEST; the latter has no form with memory on the right. */
void emit_cmp_flags(Emit *e, const IrInsn *i)
{
    bool test = i->op == IR_TESTF;
    unsigned a = regs_value(e, i->a);
    EmitRhs b = regs_rhs(e, i->b);

    regs_sources_done(e);
    if (!test) {
        emit_alu_rhs(&e->as, ALU_CMP, i->type, a, b);
    } else if (b.kind == RHS_IMM) {
        asm_rr(&e->as, asm_typed_group(0xf6, i->type), GROUP3_TEST, a);
        asm_imm(&e->as, i->type, b.imm);
    } else if (b.kind == RHS_MEM) {
        asm_rm(&e->as, asm_typed(0x84, i->type), a, b.mem);
    } else {
        asm_rr(&e->as, asm_typed(0x84, i->type), b.reg, a);
    }
    flags_written(e);
}

/* INC, DEC (FE/FF /0, /1) and NEG (F6/F7 /3): opcode << 8 | extension. */
void emit_unary_flags(Emit *e, const IrInsn *i)
{
    uint32_t op = emit_ops[i->op].opcode;

    if (ir_op_attrs[i->op] & IRA_FP) {
        flags_before_partial(e);
    }
    unsigned a = regs_value(e, i->a);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    flags_move(e, dst, a);
    asm_rr(&e->as, asm_typed_group(op >> 8, i->type), op & 0xff, dst);
    flags_written(e);
    regs_defined(e, i->dst, dst);
}

/* ---- shifts and rotates ----------------------------------------------- */

static void flags_shift_const(Emit *e, const IrInsn *i, unsigned shift,
                              unsigned count)
{
    unsigned a = regs_value(e, i->a);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    if (i->type == IR_I32 && dst != a) {
        asm_mov32(&e->as, dst, a); /* a count of 0 still zero-extends */
    } else {
        flags_move(e, dst, a);
    }
    asm_shift_i(&e->as, shift, i->type, dst, count);
    flags_written(e);
    regs_defined(e, i->dst, dst);
}

/* The count must be in cl. The value is shifted in a scratch register, so that
 * neither can be in the other's way; rcx waits in its place in env. */
static void flags_shift_by(Emit *e, const IrInsn *i, unsigned shift)
{
    unsigned value = regs_copy(e, i->a);
    EmitRhs count = regs_mem_rhs(e, i->b);
    bool away = !flags_rhs_is(count, RCX);

    regs_sources_done(e);
    if (away) {
        asm_store(&e->as, asm_env(ENV_OFF(r[RCX])), RCX);
        if (count.kind == RHS_MEM) {
            asm_load32(&e->as, RCX, count.mem);
        } else {
            asm_mov32(&e->as, RCX, count.reg);
        }
    }
    asm_rr(&e->as, asm_typed_group(0xd2, i->type), shift, value);
    if (i->type == IR_I32) {
        asm_mov32(&e->as, value, value); /* a count of 0 wrote nothing */
    }
    if (away) {
        asm_load(&e->as, RCX, asm_env(ENV_OFF(r[RCX])));
    }
    flags_written(e);
    unsigned dst = regs_define(e, i->dst, value);
    flags_move(e, dst, value);
    regs_defined(e, i->dst, dst);
}

void emit_shift_flags(Emit *e, const IrInsn *i)
{
    unsigned shift = emit_ops[i->op].opcode;
    int64_t count;

    flags_before_partial(e);
    if (regs_const(e, i->b, &count)) {
        flags_shift_const(e, i, shift, count & 0xff);
    } else {
        flags_shift_by(e, i, shift);
    }
}

/* ---- multiplication --------------------------------------------------- */

/* IMUL r/m8 works in al only. */
static void flags_imul8(Emit *e, const IrInsn *i)
{
    unsigned b = regs_copy(e, i->b);
    unsigned a = regs_value(e, i->a);

    regs_sources_done(e);
    unsigned keep = regs_take(e);
    asm_mov(&e->as, keep, RAX);
    flags_move(e, RAX, a);
    asm_group3(&e->as, GROUP3_IMUL, IR_I8, b);
    asm_mov(&e->as, b, RAX);
    asm_mov(&e->as, RAX, keep);
    unsigned dst = regs_define(e, i->dst, b);
    flags_move(e, dst, b);
    regs_defined(e, i->dst, dst);
}

/* IMUL of two or three operands; also plain multiplication. */
void emit_imul(Emit *e, const IrInsn *i)
{
    unsigned a = regs_value(e, i->a);
    EmitRhs b = regs_rhs(e, i->b);
    uint32_t size = asm_typed(0, i->type) & ~1u;

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, a);
    if (b.kind == RHS_IMM) {
        asm_rr(&e->as, 0x69 | size, dst, a);
        asm_imm(&e->as, i->type, b.imm);
        regs_defined(e, i->dst, dst);
        return;
    }
    if (dst != a && flags_rhs_is(b, dst)) {
        b.reg = a;
        a = dst;
    }
    flags_move(e, dst, a);
    if (b.kind == RHS_MEM) {
        asm_rm(&e->as, 0xaf | ASM_0F | size, dst, b.mem);
    } else {
        asm_rr(&e->as, 0xaf | ASM_0F | size, dst, b.reg);
    }
    regs_defined(e, i->dst, dst);
}

void emit_imul_flags(Emit *e, const IrInsn *i)
{
    if (i->type == IR_I8) {
        flags_imul8(e, i);
    } else {
        emit_imul(e, i);
    }
    flags_written(e);
}

/* ---- flags as a value ------------------------------------------------- */

/* env->flags >> 8 is EFLAGS 7..0 with bit 1 set; bit 0 is OF. */
void emit_getf(Emit *e, const IrInsn *i)
{
    flags_save(e);
    e->host_flags = false;
    unsigned of = regs_take(e);
    unsigned dst = regs_define(e, i->dst, NO_REG);

    asm_rm(&e->as, OP_MOVZX8, of, asm_env(ENV_OFF(flags)));
    asm_shift_i(&e->as, SHIFT_SHL, IR_I32, of, 11);
    asm_rm(&e->as, OP_MOVZX8, dst, asm_env(ENV_OFF(flags) + 1));
    asm_alu_ri(&e->as, ALU_AND, IR_I32, dst, 0xd5);
    asm_alu_rr(&e->as, ALU_OR, IR_I32, dst, of);
    regs_defined(e, i->dst, dst);
}

void emit_setf(Emit *e, const IrInsn *i)
{
    unsigned v = regs_copy(e, i->a);

    asm_alu_ri(&e->as, ALU_AND, IR_I32, v, 0x8d5);
    asm_alu_ri(&e->as, ALU_OR, IR_I32, v, 2);
    asm_rm(&e->as, asm_typed(OP_MOV_STORE, IR_I8), v,
           asm_env(ENV_OFF(flags) + 1));
    asm_shift_i(&e->as, SHIFT_SHR, IR_I32, v, 11);
    asm_rm(&e->as, asm_typed(OP_MOV_STORE, IR_I8), v, asm_env(ENV_OFF(flags)));
    regs_sources_done(e);
    e->env_flags = true;
    e->host_flags = false;
}

/* In env: BT would leave the other flags undefined. */
void emit_setcf(Emit *e, const IrInsn *i)
{
    AsmMem high = asm_env(ENV_OFF(flags) + 1);
    int64_t imm;

    flags_save(e);
    e->host_flags = false;
    if (regs_const(e, i->a, &imm)) {
        asm_alu_mi(&e->as, imm & 1 ? ALU_OR : ALU_AND, IR_I8, high,
                   imm & 1 ? 1 : -2);
    } else {
        unsigned v = regs_copy(e, i->a);

        asm_alu_ri(&e->as, ALU_AND, IR_I32, v, 1);
        asm_alu_mi(&e->as, ALU_AND, IR_I8, high, -2);
        asm_rm(&e->as, asm_typed(ALU_OR << 3, IR_I8), v, high);
    }
    regs_sources_done(e);
    e->env_flags = true;
}

void emit_setcc(Emit *e, const IrInsn *i)
{
    flags_load(e);
    unsigned dst = regs_define(e, i->dst, NO_REG);

    asm_rr(&e->as, OP_SETCC | i->cond, 0, dst);
    asm_rr(&e->as, OP_MOVZX8, dst, dst);
    regs_defined(e, i->dst, dst);
}

/* 32-bit CMOV zero-extends whether it moves or not. */
void emit_cmovcc(Emit *e, const IrInsn *i)
{
    flags_load(e);
    unsigned old = regs_value(e, i->dst);
    EmitRhs a = regs_mem_rhs(e, i->a);
    uint32_t op = OP_CMOVCC | i->cond | asm_w(i->type);

    regs_sources_done(e);
    unsigned dst = regs_define(e, i->dst, old);
    flags_move(e, dst, old);
    if (a.kind == RHS_MEM) {
        asm_rm(&e->as, op, dst, a.mem);
    } else {
        asm_rr(&e->as, op, dst, a.reg);
    }
    regs_defined(e, i->dst, dst);
}
