/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building blocks of IR: growing arrays, one function per shape of operation,
 * and the tables that follow tcg/ops.h.
 */
#include "tcg/ir.h"

#include <string.h>

/* clang-format off */
const char *const ir_op_names[IR_OP_COUNT] = {
#define OP(name, text, r, s, attr) [IR_##name] = text,
    IR_OPS(OP)
#undef OP
};

const uint8_t ir_op_attrs[IR_OP_COUNT] = {
#define OP(name, text, r, s, attr) [IR_##name] = attr,
    IR_OPS(OP)
#undef OP
};

const uint8_t ir_op_results[IR_OP_COUNT] = {
#define OP(name, text, r, s, attr) [IR_##name] = r,
    IR_OPS(OP)
#undef OP
};

const uint8_t ir_op_sources[IR_OP_COUNT] = {
#define OP(name, text, r, s, attr) [IR_##name] = s,
    IR_OPS(OP)
#undef OP
};
/* clang-format on */

void ir_init(IrBlock *b)
{
    memset(b, 0, sizeof(*b));
}

void ir_clear(IrBlock *b)
{
    g_free(b->insns);
    g_free(b->native);
    g_free(b->scratch);
    ir_init(b);
}

void ir_reset(IrBlock *b, uint64_t pc, uint8_t mode)
{
    b->count = 0;
    b->native_count = 0;
    b->temps = 0;
    b->labels = 0;
    b->pc = pc;
    b->guest_insns = 0;
    b->mode = mode;
    b->count_insns = false;
    b->relative = false;
    b->exact_flags = false;
    b->defined_flags = false;
}

IrInsn *ir_append(IrBlock *b, IrOp op)
{
    if (b->count == b->capacity) {
        b->capacity = b->capacity ? b->capacity * 2 : 256;
        b->insns = g_renew(IrInsn, b->insns, b->capacity);
    }
    IrInsn *insn = &b->insns[b->count++];
    *insn = (IrInsn){ .op = op,
                      .type = IR_I64,
                      .dst = IR_NONE,
                      .a = IR_NONE,
                      .b = IR_NONE,
                      .c = IR_NONE };
    return insn;
}

NativeInsn *ir_append_native(IrBlock *b, unsigned *index)
{
    if (b->native_count == b->native_capacity) {
        b->native_capacity = b->native_capacity ? b->native_capacity * 2 : 32;
        b->native = g_renew(NativeInsn, b->native, b->native_capacity);
    }
    *index = b->native_count++;
    NativeInsn *native = &b->native[*index];
    memset(native, 0, sizeof(*native));
    return native;
}

/* ---- Operations on values -------------------------------------------------
 */

void ir_op1(IrBlock *b, IrOp op, IrType t, IrVal dst, IrVal a)
{
    IrInsn *insn = ir_append(b, op);
    insn->type = t;
    insn->dst = dst;
    insn->a = a;
}

void ir_op2(IrBlock *b, IrOp op, IrType t, IrVal dst, IrVal a, IrVal rhs)
{
    IrInsn *insn = ir_append(b, op);
    insn->type = t;
    insn->dst = dst;
    insn->a = a;
    insn->b = rhs;
}

void ir_op2i(IrBlock *b, IrOp op, IrType t, IrVal dst, IrVal a, int64_t imm)
{
    ir_op2(b, op, t, dst, a, IR_IMM);
    b->insns[b->count - 1].imm = imm;
}

void ir_movi(IrBlock *b, IrVal dst, int64_t imm)
{
    ir_op1(b, IR_MOV, IR_I64, dst, IR_IMM);
    b->insns[b->count - 1].imm = imm;
}

void ir_extract(IrBlock *b, IrVal dst, IrVal a, unsigned pos, unsigned len)
{
    ir_op1(b, IR_EXTRACT, IR_I64, dst, a);
    b->insns[b->count - 1].imm = pos | len << 8;
}

void ir_deposit(IrBlock *b, IrType t, IrVal dst, IrVal a, IrVal v, unsigned pos,
                unsigned len)
{
    ir_op2(b, IR_DEPOSIT, t, dst, a, v);
    b->insns[b->count - 1].imm = pos | len << 8;
}

void ir_setcond(IrBlock *b, IrCond c, IrType t, IrVal dst, IrVal a, IrVal rhs)
{
    ir_op2(b, IR_SETCOND, t, dst, a, rhs);
    b->insns[b->count - 1].cond = c;
}

void ir_setcondi(IrBlock *b, IrCond c, IrType t, IrVal dst, IrVal a,
                 int64_t imm)
{
    ir_setcond(b, c, t, dst, a, IR_IMM);
    b->insns[b->count - 1].imm = imm;
}

/* ---- Labels and branches --------------------------------------------------
 */

unsigned ir_new_label(IrBlock *b)
{
    return b->labels++;
}

void ir_label(IrBlock *b, unsigned label)
{
    ir_append(b, IR_LABEL)->imm = label;
}

void ir_br(IrBlock *b, unsigned label)
{
    ir_append(b, IR_BR)->imm = label;
}

void ir_brcond(IrBlock *b, IrCond c, IrType t, IrVal a, IrVal rhs,
               unsigned label)
{
    IrInsn *insn = ir_append(b, IR_BRCOND);
    insn->type = t;
    insn->cond = c;
    insn->a = a;
    insn->b = rhs;
    insn->c = label;
}

void ir_brcondi(IrBlock *b, IrCond c, IrType t, IrVal a, int64_t imm,
                unsigned label)
{
    ir_brcond(b, c, t, a, IR_IMM, label);
    b->insns[b->count - 1].imm = imm;
}

void ir_brf(IrBlock *b, IrCond c, unsigned label)
{
    IrInsn *insn = ir_append(b, IR_BRF);
    insn->cond = c;
    insn->imm = label;
}

/* ---- The CPU struct and guest memory --------------------------------------
 */

void ir_ldenv(IrBlock *b, unsigned size_log2, IrVal dst, size_t off)
{
    IrInsn *insn = ir_append(b, IR_LDENV);
    insn->mem.size = size_log2;
    insn->dst = dst;
    insn->imm = off;
}

void ir_stenv(IrBlock *b, unsigned size_log2, IrVal v, size_t off)
{
    IrInsn *insn = ir_append(b, IR_STENV);
    insn->mem.size = size_log2;
    insn->a = v;
    insn->imm = off;
}

void ir_stenvi(IrBlock *b, unsigned size_log2, int64_t v, size_t off)
{
    IrInsn *insn = ir_append(b, IR_STENVI);
    insn->mem.size = size_log2;
    insn->imm = off;
    insn->imm2 = v;
}

void ir_ldhost(IrBlock *b, unsigned size_log2, bool sign, IrVal dst,
               const void *host)
{
    IrInsn *insn = ir_append(b, IR_LDHOST);
    insn->mem.size = size_log2;
    insn->mem.sign = sign;
    insn->dst = dst;
    insn->imm = (intptr_t)host;
}

void ir_ld(IrBlock *b, IrType t, IrVal dst, IrVal addr, int64_t disp, IrMem m)
{
    IrInsn *insn = ir_append(b, IR_LD);
    insn->type = t;
    insn->dst = dst;
    insn->a = addr;
    insn->imm2 = disp;
    insn->mem = m;
}

void ir_st(IrBlock *b, IrVal addr, int64_t disp, IrVal v, IrMem m)
{
    IrInsn *insn = ir_append(b, IR_ST);
    insn->a = addr;
    insn->b = v;
    insn->imm2 = disp;
    insn->mem = m;
}

/* ---- Calls and ends -------------------------------------------------------
 */

void ir_call(IrBlock *b, const TcgHelper *h, IrVal dst, IrVal a, IrVal arg2,
             IrVal arg3, int64_t arg4)
{
    IrInsn *insn = ir_append(b, IR_CALL);
    insn->dst = dst;
    insn->a = a;
    insn->b = arg2;
    insn->c = arg3;
    insn->imm = (intptr_t)h;
    insn->imm2 = arg4;
}

void ir_exit(IrBlock *b, unsigned n, uint64_t pc, bool poll)
{
    IrInsn *insn = ir_append(b, IR_EXIT);
    insn->cond = n;
    insn->imm = pc;
    insn->mem.poll = poll;
}

void ir_exit_indirect(IrBlock *b, IrVal pc)
{
    ir_append(b, IR_EXITR)->a = pc;
}

void ir_exit_branch(IrBlock *b, IrVal pc, int moved)
{
    ir_exit_indirect(b, pc);
    b->insns[b->count - 1].imm2 =
        IR_EXITR_BRANCH | (int64_t)moved * (1 << IR_EXITR_MOVED);
}

void ir_exit_far(IrBlock *b, unsigned n, uint64_t pc, bool poll)
{
    ir_exit(b, n, pc, poll);
    b->insns[b->count - 1].mem.far = true;
}

void ir_leave(IrBlock *b, int reason)
{
    ir_append(b, IR_LEAVE)->imm = reason;
}
