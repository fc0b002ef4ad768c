/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the six status flags an operation reads and writes, for everyone who
 * walks over a block to find out which are live.
 */
#include "tcg/ir.h"

/* By IrCond / 2: a condition and its negation read the same flags. */
static const uint8_t ir_cond_flags[8] = {
    IR_FLAG_O,
    IR_FLAG_C,
    IR_FLAG_Z,
    IR_FLAG_C | IR_FLAG_Z,
    IR_FLAG_S,
    IR_FLAG_P,
    IR_FLAG_S | IR_FLAG_O,
    IR_FLAG_S | IR_FLAG_O | IR_FLAG_Z,
};

/* A shift's or rotate's, which keep everything when the count is 0. */
static IrFlagUse ir_flag_use_of_shift(const IrInsn *insn, uint8_t flags)
{
    bool sure = insn->b == IR_IMM &&
                (insn->imm & (insn->type == IR_I64 ? 63 : 31)) != 0;
    return (IrFlagUse){ .may_write = flags, .writes = sure ? flags : 0 };
}

static IrFlagUse ir_flag_use_of_helper(const TcgHelper *h)
{
    uint8_t out = h->flags & TCG_WRITES_FLAGS ? IR_FLAGS_ALL : 0;
    bool looks = h->flags & (TCG_READS_FLAGS | TCG_MAY_RAISE);
    return (IrFlagUse){ looks ? IR_FLAGS_ALL : 0, out, out };
}

static IrFlagUse ir_flag_use_of_native(const NativeInsn *n)
{
    return (IrFlagUse){ n->flags_in, n->flags_out,
                        n->flags_sure ? n->flags_out : 0 };
}

IrFlagUse ir_flag_use(const IrBlock *b, const IrInsn *insn)
{
    switch (insn->op) {
    case IR_INCF:
    case IR_DECF:
        return (IrFlagUse){ 0, IR_FLAGS_ALL & ~IR_FLAG_C,
                            IR_FLAGS_ALL & ~IR_FLAG_C };
    case IR_SETCF:
        return (IrFlagUse){ 0, IR_FLAG_C, IR_FLAG_C };
    case IR_SHLF:
    case IR_SHRF:
    case IR_SARF:
        return ir_flag_use_of_shift(insn, IR_FLAGS_ALL);
    case IR_ROLF:
    case IR_RORF:
        return ir_flag_use_of_shift(insn, IR_FLAG_C | IR_FLAG_O);
    case IR_ADCF:
    case IR_SBBF:
        return (IrFlagUse){ IR_FLAG_C, IR_FLAGS_ALL, IR_FLAGS_ALL };
    case IR_CALL:
        return ir_flag_use_of_helper((const TcgHelper *)(intptr_t)insn->imm);
    case IR_NATIVE:
        return ir_flag_use_of_native(&b->native[insn->imm]);
    case IR_INSN:
        return (IrFlagUse){ b->exact_flags ? IR_FLAGS_ALL : 0, 0, 0 };
    }
    unsigned attrs = ir_op_attrs[insn->op];
    uint8_t out = attrs & IRA_FW ? IR_FLAGS_ALL : 0;
    uint8_t in = !(attrs & IRA_FR)  ? 0
                 : attrs & IRA_COND ? ir_cond_flags[(insn->cond & 15) / 2]
                                    : IR_FLAGS_ALL;
    return (IrFlagUse){ in, out, out };
}
