/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags that the manual leaves undefined are cleared where that was asked for
 * (IrBlock.defined_flags): lock-step compares engines that differ in them.
 */
#include "target/x86/translate.h"

/* Those to be cleared. Logic clears AF on every processor, and in IR. */
static uint32_t tr_undefined_flags(const Translator *t, const X86Insn *i)
{
    X86Mnemonic m = i->mnemonic;
    bool logic = m == X86_AND || m == X86_OR || m == X86_XOR || m == X86_TEST;

    return t->ir->defined_flags && !logic ? i->row->flags_undef : 0;
}

IrVal tr_flags_count(Translator *t, const X86Insn *i)
{
    unsigned mask = i->op[0].size == 8 ? 63 : 31;

    if (!(tr_undefined_flags(t, i) & EFLAGS_OF) ||
        !(i->row->flags_in & EFLAGS_OF)) {
        return IR_NONE;
    }
    if (i->op[i->op_count - 1].kind == OPERAND_IMM) {
        return tr_imm(t, i->imm & mask);
    }
    return tr_op2i(t, IR_AND, IR_I64, t->imm != IR_NONE ? t->imm : X86_RCX,
                   mask);
}

void tr_define_flags(Translator *t, const X86Insn *i, IrVal count)
{
    uint32_t undefined = tr_undefined_flags(t, i);

    if (!undefined || t->ended) {
        return;
    }
    if (count == IR_NONE) {
        tr_setf(t, tr_op2i(t, IR_AND, IR_I32, tr_getf(t), ~undefined));
        return;
    }
    unsigned keep_all = ir_new_label(t->ir), keep_of = ir_new_label(t->ir);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, count, 0, keep_all);
    uint32_t others = undefined & ~EFLAGS_OF;
    IrVal f = tr_op2i(t, IR_AND, IR_I32, tr_getf(t), ~others);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, count, 1, keep_of);
    ir_op2i(t->ir, IR_AND, IR_I32, f, f, ~EFLAGS_OF);
    ir_label(t->ir, keep_of);
    tr_setf(t, f);
    ir_label(t->ir, keep_all);
}
