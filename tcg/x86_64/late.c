/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A global's additions put off: pushes and pops move the stack pointer each.
 *
 * Followers of a group (share.c) cannot fault, so between them nobody sees
 * registers, and an addition to the base can wait: it is a displacement
 * meanwhile. It is made before the first operation that may leave the block or
 * uses the global otherwise. One global at a time, in a register of its own.
 */
#include "tcg/x86_64/emit.h"

static bool late_uses(const Emit *e, const IrInsn *i)
{
    return i->dst == e->late || i->b == e->late || i->c == e->late;
}

/* Whatever is put off, it is a displacement with it. */
static bool late_fits(int64_t disp)
{
    return asm_fits32(2 * (uint64_t)disp);
}

/* The operation neither leaves nor asks for the global's value. */
static bool late_may_wait(const Emit *e, const IrInsn *i)
{
    const unsigned leaves = IRA_SIDE | IRA_MEM | IRA_CALL | IRA_END;

    switch (i->op) {
    case IR_NOP:
    case IR_INSN:
        return true;
    case IR_LD:
    case IR_ST:
        return share_follows(e, e->index) && i->a < TCG_GLOBALS &&
               late_fits(i->imm2) && !late_uses(e, i);
    default:
        return !(ir_op_attrs[i->op] & leaves) && i->a != e->late &&
               !late_uses(e, i);
    }
}

/* What the operation adds to its destination, if that is all that it does. */
static bool late_is_addition(const Emit *e, const IrInsn *i, int64_t *by)
{
    if ((i->op != IR_ADD && i->op != IR_SUB) || i->type != IR_I64 ||
        i->dst >= TCG_GLOBALS || i->dst != i->a ||
        emit_home[i->dst] == NO_REG || !regs_const(e, i->b, by)) {
        return false;
    }
    *by = i->op == IR_SUB ? -(uint64_t)*by : (uint64_t)*by;
    return true;
}

bool late_put_off(Emit *e, const IrInsn *i)
{
    int64_t by;

    if (e->ctx->switches & TCG_OFF_GROUP || !late_is_addition(e, i, &by) ||
        !asm_fits16(by)) {
        return false;
    }
    if (e->late != i->dst) {
        late_settle(e);
    }
    regs_before_write(e, i->dst);
    regs_sources_done(e);
    e->late = i->dst;
    e->late_by += by;
    return true;
}

void late_settle(Emit *e)
{
    unsigned reg = e->late_by ? emit_home[e->late] : NO_REG;

    if (e->late_by && e->now & INFO_NEEDED) {
        asm_lea(&e->as, reg, asm_mem(reg, e->late_by));
    } else if (e->late_by) {
        flags_lose(e, false);
        asm_alu_ri(&e->as, ALU_ADD, IR_I64, reg, e->late_by);
    }
    e->late = IR_NONE;
    e->late_by = 0;
}

void late_before(Emit *e, const IrInsn *i)
{
    if (e->late != IR_NONE && !late_may_wait(e, i)) {
        late_settle(e);
    }
}

int32_t late_by(const Emit *e, unsigned base)
{
    return e->late != IR_NONE && base == emit_home[e->late] ? e->late_by : 0;
}
