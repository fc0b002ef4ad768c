/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dead temporaries. Readers are counted first; a backward walk then removes
 * what nobody reads and uncounts its sources, so chains go in one walk. A
 * temporary that is only moved on by the next operation is not made at all:
 * the operation writes the move's destination.
 */
#include "tcg/opt/opt.h"

typedef struct DeadPass {
    IrBlock *b;
    uint16_t *readers; /* by temporary; sticks at 65535 */
} DeadPass;

static bool ir_dead_reads_dst(const IrInsn *insn)
{
    return insn->op == IR_MOVCOND || insn->op == IR_CMOVCC;
}

static void ir_dead_count(DeadPass *p, const IrInsn *insn, int by)
{
    const IrVal src[4] = { insn->a, insn->b, insn->c, insn->dst };
    unsigned n = ir_op_sources[insn->op];
    for (unsigned i = 0; i < 4; i++) {
        bool reads = i < 3 ? i < n : ir_dead_reads_dst(insn);
        if (reads && src[i] >= IR_TEMP0 && src[i] < IR_IMM) {
            uint16_t *count = &p->readers[src[i] - IR_TEMP0];
            *count += *count == UINT16_MAX ? 0 : by;
        }
    }
}

static bool ir_dead_unread(const DeadPass *p, IrVal v)
{
    return v >= IR_TEMP0 && v < IR_IMM && p->readers[v - IR_TEMP0] == 0;
}

static bool ir_dead_no_effect(const IrInsn *insn)
{
    unsigned attrs = ir_op_attrs[insn->op];
    if (insn->op == IR_CALL) {
        return ((const TcgHelper *)(intptr_t)insn->imm)->flags & TCG_PURE;
    }
    return !(attrs & IRA_SIDE) &&
           (!(attrs & (IRA_FW | IRA_FP)) || (insn->dead & IR_DEAD_FLAGS));
}

/* Only the flags of a subtraction or conjunction are wanted. */
static void ir_dead_compare(IrInsn *insn)
{
    if (insn->op == IR_SUBF) {
        insn->op = IR_CMPF;
        insn->dst = IR_NONE;
    } else if (insn->op == IR_ANDF) {
        insn->op = IR_TESTF;
        insn->dst = IR_NONE;
    }
}

/* insn is `mov dst, t`, the only reader of t; def is what stands before it.
 * Results of 8 and 16 bits are not defined in full, a helper's might meet the
 * globals it writes, LDENV's and ATOMIC's width is not their type. */
static bool ir_dead_can_merge(const IrInsn *insn, const IrInsn *def)
{
    if (def->dst != insn->a || !ir_op_results[def->op] ||
        ir_dead_reads_dst(def) || def->op == IR_CALL || def->op == IR_ATOMIC) {
        return false;
    }
    return insn->type == IR_I64 ? def->type >= IR_I32
                                : def->type == IR_I32 && def->op != IR_LDENV;
}

static void ir_dead_merge(DeadPass *p, unsigned i)
{
    IrInsn *insn = &p->b->insns[i];
    if (insn->op != IR_MOV || insn->a < IR_TEMP0 || insn->a >= IR_IMM ||
        p->readers[insn->a - IR_TEMP0] != 1) {
        return;
    }
    while (i > 0 && p->b->insns[i - 1].op == IR_NOP) {
        i--;
    }
    if (i > 0 && ir_dead_can_merge(insn, &p->b->insns[i - 1])) {
        p->b->insns[i - 1].dst = insn->dst;
        p->readers[insn->a - IR_TEMP0] = 0;
        ir_opt_remove(insn);
    }
}

void ir_opt_dead(IrBlock *b)
{
    DeadPass p = { b, ir_opt_scratch(b, (b->temps + 1) * sizeof(uint16_t)) };
    for (unsigned i = 0; i < b->count; i++) {
        ir_dead_count(&p, &b->insns[i], 1);
    }
    for (unsigned i = b->count; i-- > 0;) {
        IrInsn *insn = &b->insns[i];
        if (ir_op_results[insn->op] && ir_dead_unread(&p, insn->dst)) {
            if (ir_dead_no_effect(insn)) {
                ir_dead_count(&p, insn, -1);
                ir_opt_remove(insn);
                continue;
            }
            ir_dead_compare(insn);
        }
        ir_dead_merge(&p, i);
    }
}
