/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dead flags. A backward walk knows which of the six flags are read later; at a
 * branch what its label needs, which was walked before. An operation whose
 * flags nobody reads becomes its plain form, or goes if it was there for the
 * flags alone.
 *
 * All flags are needed where the block is left, by helpers that may raise, and
 * with exact_flags at every guest instruction; memory accesses do not count as
 * readers (ir.h says what that means).
 */
#include "tcg/opt/opt.h"

enum {
    FLAG_C = 1 << 0,
    FLAG_P = 1 << 1,
    FLAG_A = 1 << 2,
    FLAG_Z = 1 << 3,
    FLAG_S = 1 << 4,
    FLAG_O = 1 << 5,
    FLAG_ALL = 0x3f,
};

/* By IrCond / 2: a condition and its negation read the same flags. */
static const uint8_t ir_flags_of_cond[8] = {
    FLAG_O, FLAG_C, FLAG_Z,          FLAG_C | FLAG_Z,
    FLAG_S, FLAG_P, FLAG_S | FLAG_O, FLAG_S | FLAG_O | FLAG_Z,
};

typedef struct FlagUse {
    uint8_t reads;
    uint8_t may_write;
    uint8_t writes; /* always */
} FlagUse;

/* A shift's or rotate's, which keep everything when the count is 0. */
static FlagUse ir_flags_of_shift(const IrInsn *insn, uint8_t flags)
{
    bool sure = insn->b == IR_IMM &&
                (insn->imm & (insn->type == IR_I64 ? 63 : 31)) != 0;
    return (FlagUse){ .may_write = flags, .writes = sure ? flags : 0 };
}

static FlagUse ir_flags_of_helper(const TcgHelper *h)
{
    uint8_t out = h->flags & TCG_WRITES_FLAGS ? FLAG_ALL : 0;
    bool looks = h->flags & (TCG_READS_FLAGS | TCG_MAY_RAISE);
    return (FlagUse){ looks ? FLAG_ALL : 0, out, out };
}

static FlagUse ir_flags_of_native(const NativeInsn *n)
{
    return (FlagUse){ n->flags_in ? FLAG_ALL : 0, n->flags_out ? FLAG_ALL : 0,
                      n->flags_out == 2 ? FLAG_ALL : 0 };
}

static FlagUse ir_flags_use(const IrBlock *b, const IrInsn *insn)
{
    switch (insn->op) {
    case IR_INCF:
    case IR_DECF:
        return (FlagUse){ 0, FLAG_ALL & ~FLAG_C, FLAG_ALL & ~FLAG_C };
    case IR_SETCF:
        return (FlagUse){ 0, FLAG_C, FLAG_C };
    case IR_SHLF:
    case IR_SHRF:
    case IR_SARF:
        return ir_flags_of_shift(insn, FLAG_ALL);
    case IR_ROLF:
    case IR_RORF:
        return ir_flags_of_shift(insn, FLAG_C | FLAG_O);
    case IR_ADCF:
    case IR_SBBF:
        return (FlagUse){ FLAG_C, FLAG_ALL, FLAG_ALL };
    case IR_CALL:
        return ir_flags_of_helper((const TcgHelper *)(intptr_t)insn->imm);
    case IR_NATIVE:
        return ir_flags_of_native(&b->native[insn->imm]);
    case IR_INSN:
        return (FlagUse){ b->exact_flags ? FLAG_ALL : 0, 0, 0 };
    }
    unsigned attrs = ir_op_attrs[insn->op];
    uint8_t out = attrs & IRA_FW ? FLAG_ALL : 0;
    uint8_t in = !(attrs & IRA_FR)  ? 0
                 : attrs & IRA_COND ? ir_flags_of_cond[(insn->cond & 15) / 2]
                                    : FLAG_ALL;
    return (FlagUse){ in, out, out };
}

/* ---- Plain forms ----------------------------------------------------------
 */

typedef struct PlainForm {
    uint8_t op;  /* 0: none */
    bool narrow; /* right for 8 and 16 bits too, computed in 32: the low bits
                    of the result come from the low bits of the sources */
} PlainForm;

static const PlainForm ir_plain_forms[IR_OP_COUNT] = {
    [IR_ADDF] = { IR_ADD, true },  [IR_SUBF] = { IR_SUB, true },
    [IR_ANDF] = { IR_AND, true },  [IR_ORF] = { IR_OR, true },
    [IR_XORF] = { IR_XOR, true },  [IR_INCF] = { IR_ADD, true },
    [IR_DECF] = { IR_SUB, true },  [IR_NEGF] = { IR_NEG, true },
    [IR_SHLF] = { IR_SHL, true },  [IR_SHRF] = { IR_SHR, false },
    [IR_SARF] = { IR_SAR, false }, [IR_ROLF] = { IR_ROL, false },
    [IR_RORF] = { IR_ROR, false }, [IR_IMULF] = { IR_MUL, true },
    [IR_CMPF] = { IR_NOP, true },  [IR_TESTF] = { IR_NOP, true },
    [IR_SETF] = { IR_NOP, true },  [IR_SETCF] = { IR_NOP, true },
};

static bool ir_flags_has_plain(const IrInsn *insn)
{
    switch (insn->op) {
    case IR_CMPF:
    case IR_TESTF:
    case IR_SETF:
    case IR_SETCF:
        return true;
    }
    const PlainForm *form = &ir_plain_forms[insn->op];
    return form->op != IR_NOP && (form->narrow || insn->type >= IR_I32);
}

static void ir_flags_make_plain(IrInsn *insn)
{
    if (!ir_flags_has_plain(insn)) {
        return;
    }
    IrOp op = insn->op;
    if (ir_plain_forms[op].op == IR_NOP) {
        ir_opt_remove(insn);
        return;
    }
    insn->op = ir_plain_forms[op].op;
    insn->type = MAX(insn->type, IR_I32);
    if (op == IR_INCF || op == IR_DECF) {
        insn->b = IR_IMM;
        insn->imm = 1;
    }
}

void ir_opt_flags(IrBlock *b)
{
    uint8_t *label = ir_opt_scratch(b, b->labels + 1);
    uint8_t live = FLAG_ALL;
    for (unsigned i = b->count; i-- > 0;) {
        IrInsn *insn = &b->insns[i];
        if (ir_op_attrs[insn->op] & IRA_END) {
            /* The front end may know that nobody reads them behind it. */
            live =
                (insn->dead & IR_DEAD_FLAGS) && !b->exact_flags ? 0 : FLAG_ALL;
        } else if (insn->op == IR_BR) {
            live = label[insn->imm];
        }
        FlagUse use = ir_flags_use(b, insn);
        insn->dead = (ir_op_attrs[insn->op] & IRA_END ? insn->dead : 0) |
                     (live ? 0 : IR_DEAD_AFTER);
        if (use.may_write && !(live & use.may_write)) {
            insn->dead |= IR_DEAD_FLAGS;
            ir_flags_make_plain(insn);
        }
        live = (live & ~use.writes) | use.reads;
        if (insn->op == IR_LABEL) {
            label[insn->imm] = live;
        } else if (insn->op == IR_BRF) {
            live |= label[insn->imm];
        } else if (insn->op == IR_BRCOND) {
            live |= label[insn->c];
        }
    }
}
