/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores of a whole cache line. Not done: they are eight stores, not one, which
 * another processor or a device may see.
 */
#include "target/x86/emit/emit.h"

enum { LINE_WORDS = 8, LINE_BYTES = 64 };

static void line_store(Translator *t, unsigned seg, IrVal off,
                       const IrVal words[LINE_WORDS])
{
    tr_check_limit(t, seg, off, LINE_BYTES, true);
    t->ea = tr_linear(t, seg, off);
    t->ea_disp = 0;
    tr_probe_write(t, LINE_BYTES);
    for (unsigned n = 0; n < LINE_WORDS; n++) {
        tr_st(t, 8, 8 * n, words[n]);
    }
}

/* To ES:reg, which must be aligned: SDM MOVDIR64B. */
void emit_MOVDIR64B(Translator *t, const X86Insn *i)
{
    unsigned aligned = ir_new_label(t->ir);
    IrVal off = tr_reg_zx(t, i->op[0].reg, i->addr_size);
    IrVal words[LINE_WORDS];

    IrVal low = tr_op2i(t, IR_AND, IR_I64, tr_linear(t, X86_ES, off), 63);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, low, 0, aligned);
    tr_raise(t, EXC_GP, 0);
    ir_label(t->ir, aligned);
    for (unsigned n = 0; n < LINE_WORDS; n++) {
        words[n] = tr_ld(t, 8, 8 * n);
    }
    line_store(t, X86_ES, off, words);
}

/* The line that DS:rAX is in: APM 3 CLZERO. */
void emit_CLZERO(Translator *t, const X86Insn *i)
{
    IrVal off = tr_reg_zx(t, X86_RAX, i->addr_size), words[LINE_WORDS];

    off = tr_op2i(t, IR_AND, IR_I64, off, -LINE_BYTES);
    words[0] = tr_imm(t, 0);
    for (unsigned n = 1; n < LINE_WORDS; n++) {
        words[n] = words[0];
    }
    line_store(t, i->mem.seg, off, words);
}
