/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports. A port access may change what the following instructions see (the
 * memory map, pending interrupts), so the block polls after each. INS and OUTS
 * go in three steps, so that a fault comes before the device is touched: see
 * string-helpers.c.
 */
#include "target/x86/emit/emit.h"

/* SDM 1 19.5.2: V86 mode always looks at the bitmap. */
static void io_check(Translator *t, IrVal port, IrVal bytes)
{
    if (!t->key.iopl_ok || t->key.vm86) {
        tr_call(t, &x86_helper_check_io, IR_NONE, port, bytes, IR_NONE, 0);
    }
}

void emit_IN(Translator *t, const X86Insn *i)
{
    IrVal port =
        tr_zx(t, tr_load(t, i, 1), i->op[1].kind == OPERAND_IMM ? 1 : 2);
    IrVal bytes = tr_imm(t, i->op[0].size), v = tr_temp(t);
    io_check(t, port, bytes);
    tr_intercept_io(t, i, port, i->op[0].size, SVM_IO_IN);
    tr_call(t, &x86_helper_in, v, port, bytes, IR_NONE, 0);
    tr_store(t, i, 0, v);
    tr_poll_next(t);
}

void emit_OUT(Translator *t, const X86Insn *i)
{
    IrVal port =
        tr_zx(t, tr_load(t, i, 0), i->op[0].kind == OPERAND_IMM ? 1 : 2);
    IrVal bytes = tr_imm(t, i->op[1].size), v = tr_load_zx(t, i, 1);
    io_check(t, port, bytes);
    tr_intercept_io(t, i, port, i->op[1].size, 0);
    tr_call(t, &x86_helper_out, IR_NONE, port, bytes, v, 0);
    tr_poll_next(t);
}

/* How many elements the first helper prepared; none: the count was zero. After
 * the transfer, again for the rest. */
static void io_string(Translator *t, const X86Insn *i, unsigned bytes,
                      const TcgHelper *prepare, const TcgHelper *transfer,
                      const TcgHelper *finish)
{
    unsigned done = ir_new_label(t->ir);
    int64_t what = tr_string_desc(i, bytes);
    IrVal port = tr_reg_zx(t, X86_RDX, 2), size = tr_imm(t, bytes);
    IrVal n = tr_temp(t), more = tr_temp(t);

    io_check(t, port, size);
    tr_intercept_io(t, i, port, bytes,
                    SVM_IO_STRING | (i->rep || i->repne ? SVM_IO_REP : 0) |
                        (prepare == &x86_helper_ins_prepare ? SVM_IO_IN : 0));
    tr_call(t, prepare, n, IR_NONE, IR_NONE, IR_NONE, what);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, n, 0, done);
    tr_call(t, transfer, IR_NONE, port, size, n, 0);
    tr_call(t, finish, more, n, IR_NONE, IR_NONE, what);
    ir_brcondi(t->ir, IR_CC_NE, IR_I64, more, 0, tr_late(t, t->pc));
    tr_poll_next(t);
    ir_label(t->ir, done);
}

void emit_INS(Translator *t, const X86Insn *i)
{
    io_string(t, i, i->op[0].size, &x86_helper_ins_prepare,
              &x86_helper_ins_transfer, &x86_helper_ins_finish);
}

void emit_OUTS(Translator *t, const X86Insn *i)
{
    io_string(t, i, i->op[1].size, &x86_helper_outs_prepare,
              &x86_helper_outs_transfer, &x86_helper_outs_finish);
}
