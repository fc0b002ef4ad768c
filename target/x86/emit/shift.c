/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shifts and rotates. The IR's flag-setting shifts mask the count and keep the
 * flags for a count of zero as the manual says (SDM 2B SAL/SAR/SHL/SHR);
 * rotates through carry and double shifts are helpers.
 */
#include "target/x86/emit/emit.h"

static void shift_op(Translator *t, const X86Insn *i, IrOp op)
{
    IrVal count = tr_load(t, i, 1);
    IrVal a = tr_load_rmw(t, i, 0);
    IrVal r = tr_dest(t, i, 0);
    ir_op2(t->ir, op, tr_type(i->op[0].size), r, a, count);
    tr_store_dest(t, i, 0, r);
}

void emit_SHL(Translator *t, const X86Insn *i)
{
    shift_op(t, i, IR_SHLF);
}

void emit_SHR(Translator *t, const X86Insn *i)
{
    shift_op(t, i, IR_SHRF);
}

void emit_SAR(Translator *t, const X86Insn *i)
{
    shift_op(t, i, IR_SARF);
}

void emit_ROL(Translator *t, const X86Insn *i)
{
    shift_op(t, i, IR_ROLF);
}

void emit_ROR(Translator *t, const X86Insn *i)
{
    shift_op(t, i, IR_RORF);
}

static void shift_through_carry(Translator *t, const X86Insn *i,
                                const TcgHelper *h)
{
    IrVal count = tr_load_zx(t, i, 1);
    IrVal a = tr_load_rmw(t, i, 0), r = tr_temp(t);
    tr_call(t, h, r, a, count, IR_NONE, i->op[0].size);
    tr_store(t, i, 0, r);
}

void emit_RCL(Translator *t, const X86Insn *i)
{
    shift_through_carry(t, i, &x86_helper_rcl);
}

void emit_RCR(Translator *t, const X86Insn *i)
{
    shift_through_carry(t, i, &x86_helper_rcr);
}

static void shift_double(Translator *t, const X86Insn *i, const TcgHelper *h)
{
    IrVal count = tr_load_zx(t, i, 2), b = tr_load(t, i, 1);
    IrVal a = tr_load_rmw(t, i, 0), r = tr_temp(t);
    tr_call(t, h, r, a, b, count, i->op[0].size);
    tr_store(t, i, 0, r);
}

void emit_SHLD(Translator *t, const X86Insn *i)
{
    shift_double(t, i, &x86_helper_shld);
}

void emit_SHRD(Translator *t, const X86Insn *i)
{
    shift_double(t, i, &x86_helper_shrd);
}

/* ---- without flags (BMI2) --------------------------------------------------
 */

static void shift_plain(Translator *t, const X86Insn *i, IrOp op)
{
    IrVal a = tr_load(t, i, 1), count = tr_load(t, i, 2);
    IrVal r = tr_op2(t, op, tr_type(i->op[0].size), a, count);
    tr_store(t, i, 0, r);
}

void emit_SHLX(Translator *t, const X86Insn *i)
{
    shift_plain(t, i, IR_SHL);
}

void emit_SHRX(Translator *t, const X86Insn *i)
{
    shift_plain(t, i, IR_SHR);
}

void emit_SARX(Translator *t, const X86Insn *i)
{
    shift_plain(t, i, IR_SAR);
}

void emit_RORX(Translator *t, const X86Insn *i)
{
    shift_plain(t, i, IR_ROR);
}
