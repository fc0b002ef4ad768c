/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PUSH, POP and relatives. rSP is written after the access, so that a fault
 * finds it as it was.
 */
#include "target/x86/emit/emit.h"

void emit_PUSH(Translator *t, const X86Insn *i)
{
    tr_push(t, i->op_size, tr_load(t, i, 0));
}

static void stack_pop_segment(Translator *t, const X86Insn *i)
{
    IrVal seg = tr_imm(t, i->op[0].reg), change = tr_temp(t);
    IrVal v = tr_zx(t, tr_top(t, i->op_size), 2);
    tr_call(t, &x86_helper_load_seg, change, seg, v, IR_NONE, 0);
    tr_stack_add(t, i->op_size);
    t->no_trap = i->op[0].reg == X86_SS;
    tr_change(t, change);
}

/* An address relative to rSP counts from after the increment: SDM 2B POP. */
static void stack_pop_memory(Translator *t, const X86Insn *i)
{
    if (i->mem.base == X86_RSP) {
        t->ea_disp += i->op_size;
    }
    tr_store(t, i, 0, tr_top(t, i->op_size));
    tr_stack_add(t, i->op_size);
}

/* Into rSP itself the value goes after the increment. */
static void stack_pop_register(Translator *t, const X86Insn *i)
{
    if (i->op_size >= 4 && i->op[0].reg != X86_RSP) {
        tr_top_to(t, i->op_size, i->op[0].reg);
        tr_stack_add(t, i->op_size);
        return;
    }
    IrVal v = tr_top(t, i->op_size);
    tr_stack_add(t, i->op_size);
    tr_store(t, i, 0, v);
}

void emit_POP(Translator *t, const X86Insn *i)
{
    switch (i->op[0].kind) {
    case OPERAND_SEG:
        stack_pop_segment(t, i);
        return;
    case OPERAND_MEM:
        stack_pop_memory(t, i);
        return;
    default:
        stack_pop_register(t, i);
    }
}

/* rAX rCX rDX rBX rSP rBP rSI rDI downwards. They are in two pages at most, of
 * which the lower is asked first: either all of them are stored, or none. Where
 * the stack wraps any of them may be over its end. */
void emit_PUSHA(Translator *t, const X86Insn *i)
{
    int size = i->op_size;
    for (int n = 1; n < 8; n++) {
        tr_stack_check(t, X86_RSP, -size * n, size);
    }
    tr_stack_probe(t, X86_RSP, -size * 8, size);
    for (int n = 0; n < 8; n++) {
        tr_stack_st(t, X86_RSP, -size * (n + 1), size, n);
    }
    tr_stack_add(t, -size * 8);
}

/* What stands for rSP must be inside the stack, as all must. */
void emit_POPA(Translator *t, const X86Insn *i)
{
    int size = i->op_size;
    IrVal v[8];
    tr_stack_check(t, X86_RSP, size * (7 - X86_RSP), size);
    for (int n = 7; n >= 0; n--) { /* upwards, should one fault */
        v[n] = n == X86_RSP ? IR_NONE
                            : tr_stack_ld(t, X86_RSP, size * (7 - n), size);
    }
    for (int n = 0; n < 8; n++) {
        if (n != X86_RSP) {
            tr_set_reg(t, n, size, v[n]);
        }
    }
    tr_stack_add(t, size * 8);
}

static IrVal stack_flags_image(Translator *t)
{
    IrVal status = tr_getf(t), rest = tr_temp(t);
    ir_ldenv(t->ir, 2, rest, offsetof(X86Cpu, eflags));
    rest = tr_op2i(t, IR_AND, IR_I32, rest, ~(EFLAGS_RF | EFLAGS_VM));
    return tr_op2(t, IR_OR, IR_I32, rest, status);
}

void emit_PUSHF(Translator *t, const X86Insn *i)
{
    IrVal v;
    if (t->key.vm86 || (t->switches & TCG_OFF_INLINE)) {
        v = tr_temp(t);
        tr_call(t, &x86_helper_pushf, v, tr_imm(t, i->op_size), IR_NONE,
                IR_NONE, 0);
    } else {
        v = stack_flags_image(t);
    }
    tr_push(t, i->op_size, v);
}

void emit_POPF(Translator *t, const X86Insn *i)
{
    IrVal v = tr_top(t, i->op_size), change = tr_temp(t);
    tr_call(t, &x86_helper_popf, change, v, tr_imm(t, i->op_size), IR_NONE, 0);
    tr_stack_add(t, i->op_size);
    tr_change(t, change);
}

/* SDM 2A ENTER. The frame pointers of enclosing levels are copied from the old
 * frame; all stores come before rBP and rSP change. It faults, before any
 * store, where a push onto the new stack would write. */
void emit_ENTER(Translator *t, const X86Insn *i)
{
    int size = i->op_size, level = i->imm2 & 31;
    IrVal sp = tr_op2i(t, IR_SUB, IR_I64, X86_RSP, size);
    IrVal frame = tr_zx(t, sp, tr_stack_bytes(t));

    if (!t->key.ss32 && t->code != X86_CODE64) { /* ESP: SP alone moves */
        frame = tr_copy(t, X86_RSP);
        ir_deposit(t->ir, IR_I64, frame, frame, sp, 0, 16);
    }

    int total = size * (level + 1) + (int)(i->imm & 0xffff);
    for (int n = 1; n <= level; n++) {
        tr_stack_check(t, X86_RSP, -size * n, size);
    }
    tr_stack_probe(t, X86_RSP, -total, size);
    if (level) {
        tr_stack_probe(t, X86_RSP, -size * (level + 1), size);
    }
    tr_stack_st(t, X86_RSP, -size, size, X86_RBP);
    for (int n = 1; n < level; n++) {
        IrVal v = tr_stack_ld(t, X86_RBP, -size * n, size);
        tr_stack_st(t, X86_RSP, -size * (n + 1), size, v);
    }
    if (level) {
        tr_stack_st(t, X86_RSP, -size * (level + 1), size, frame);
    }
    tr_set_reg(t, X86_RBP, size, frame);
    tr_stack_add(t, -total);
}

void emit_LEAVE(Translator *t, const X86Insn *i)
{
    IrVal v = tr_stack_ld(t, X86_RBP, 0, i->op_size);
    tr_set_reg(t, X86_RSP, tr_stack_bytes(t),
               tr_op2i(t, IR_ADD, IR_I64, X86_RBP, i->op_size));
    tr_set_reg(t, X86_RBP, i->op_size, v);
}
