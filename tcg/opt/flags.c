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
    uint8_t live = IR_FLAGS_ALL;
    for (unsigned i = b->count; i-- > 0;) {
        IrInsn *insn = &b->insns[i];
        if (ir_op_attrs[insn->op] & IRA_END) {
            /* The front end may know that nobody reads them behind it. */
            live = (insn->dead & IR_DEAD_FLAGS) && !b->exact_flags
                       ? 0
                       : IR_FLAGS_ALL;
        } else if (insn->op == IR_BR) {
            live = label[insn->imm];
        }
        IrFlagUse use = ir_flag_use(b, insn);
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
