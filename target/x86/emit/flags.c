/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single flags, and the status flags in AH. */
#include "target/x86/emit/emit.h"

void emit_CLC(Translator *t, const X86Insn *i)
{
    tr_setcf(t, tr_imm(t, 0));
}

void emit_STC(Translator *t, const X86Insn *i)
{
    tr_setcf(t, tr_imm(t, 1));
}

void emit_CMC(Translator *t, const X86Insn *i)
{
    tr_setcf(t, tr_setcc(t, IR_CC_AE));
}

void emit_LAHF(Translator *t, const X86Insn *i)
{
    IrVal f = tr_getf(t);
    f = tr_op2i(t, IR_OR, IR_I32, f, 2);
    ir_deposit(t->ir, IR_I64, X86_RAX, X86_RAX, f, 8, 8);
}

/* All but OF. */
void emit_SAHF(Translator *t, const X86Insn *i)
{
    IrVal f = tr_getf(t), ah = tr_temp(t);
    ir_extract(t->ir, ah, X86_RAX, 8, 8);
    f = tr_op2i(t, IR_AND, IR_I32, f, EFLAGS_OF);
    ah = tr_op2i(t, IR_AND, IR_I32, ah, EFLAGS_STATUS & 0xff);
    tr_setf(t, tr_op2(t, IR_OR, IR_I32, f, ah));
}

/* A flag outside of the status flags. */
static void flags_change(Translator *t, uint32_t bit, bool set)
{
    IrVal f = tr_temp(t);
    ir_ldenv(t->ir, 2, f, offsetof(X86Cpu, eflags));
    if (set) {
        f = tr_op2i(t, IR_OR, IR_I32, f, bit);
    } else {
        f = tr_op2i(t, IR_AND, IR_I32, f, ~bit);
    }
    ir_stenv(t->ir, 2, f, offsetof(X86Cpu, eflags));
}

void emit_CLD(Translator *t, const X86Insn *i)
{
    flags_change(t, EFLAGS_DF, false);
}

void emit_STD(Translator *t, const X86Insn *i)
{
    flags_change(t, EFLAGS_DF, true);
}

void emit_CLI(Translator *t, const X86Insn *i)
{
    if (t->key.iopl_ok && !(t->switches & TCG_OFF_INLINE)) {
        flags_change(t, EFLAGS_IF, false);
    } else {
        tr_call(t, &x86_helper_cli, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
    }
}

/* By helper only if something is pending. */
static void flags_set_if(Translator *t)
{
    unsigned go = ir_new_label(t->ir);
    IrVal pending = tr_temp(t);

    flags_change(t, EFLAGS_IF, true);
    ir_ldenv(t->ir, 2, pending, offsetof(X86Cpu, pending));
    ir_brcondi(t->ir, IR_CC_E, IR_I32, pending, 0, go);
    tr_call(t, &x86_helper_poll_pending, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
    ir_label(t->ir, go);
}

/* Interrupts wait for one more instruction: translate it, then poll. */
void emit_STI(Translator *t, const X86Insn *i)
{
    if (t->key.svm) { /* an exit must find the shadow in the state */
        tr_call(t, &x86_helper_sti, IR_NONE, tr_imm(t, 1), IR_NONE, IR_NONE, 0);
        tr_exit_lookup(t, t->next_pc);
        tr_end(t);
        return;
    }
    if (t->key.iopl_ok && !(t->switches & TCG_OFF_INLINE)) {
        flags_set_if(t);
    } else {
        tr_call(t, &x86_helper_sti, IR_NONE, tr_imm(t, 0), IR_NONE, IR_NONE, 0);
    }
    t->shadow = 2;
}

/* User code gets #UD, not #GP. */
static void flags_set_ac(Translator *t, bool set)
{
    if (t->key.cpl) {
        tr_raise_end(t, EXC_UD, -1);
        return;
    }
    tr_call(t, &x86_helper_set_ac, IR_NONE, tr_imm(t, set), IR_NONE, IR_NONE,
            0);
    tr_exit_lookup(t, t->next_pc);
    tr_end(t);
}

void emit_CLAC(Translator *t, const X86Insn *i)
{
    flags_set_ac(t, false);
}

void emit_STAC(Translator *t, const X86Insn *i)
{
    flags_set_ac(t, true);
}
