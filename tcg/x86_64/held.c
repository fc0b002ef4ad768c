/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What scratch registers still hold when the instruction that put it there is
 * over: a guest register that lives in env, or what leads to a group's page.
 * The former is in memory as well, so what leaves the block finds nothing new;
 * holding it saves loads, and in chains of instructions the way through memory.
 * The latter goes there only if its register is taken for something else while
 * followers are to come. A register holds one of them until then, or until the
 * value in memory changes; where paths meet none is held, and no group is open.
 *
 * In a block that jumps back to itself and that nothing leaves but its exits
 * (all its checks are made ahead), a guest register's store, too, can wait:
 * until it is written again, which saves it, until the scratch register is
 * wanted or the block may be left. Meanwhile it is owed.
 */
#include "tcg/x86_64/emit.h"

static EmitHeld *held_of(Emit *e, unsigned reg)
{
    return &e->held[reg - EMIT_SCRATCH_FIRST];
}

static void held_pay(Emit *e, unsigned reg)
{
    EmitHeld *x = held_of(e, reg);

    if (x->owed) {
        asm_store(&e->as, asm_env(ENV_OFF(r) + 8 * x->global), reg);
        x->owed = false;
    }
}

void held_pay_all(Emit *e)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        held_pay(e, EMIT_SCRATCH_FIRST + n);
    }
}

void held_forget(Emit *e, unsigned reg)
{
    if (reg != NO_REG) {
        *held_of(e, reg) = (EmitHeld){ .global = IR_NONE };
    }
}

void held_forget_all(Emit *e)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        held_forget(e, EMIT_SCRATCH_FIRST + n);
    }
}

void held_store_group(Emit *e, ShareGroup *g, unsigned reg, uint32_t from)
{
    if (!g->stored && g->last >= from) {
        asm_store(&e->as, emit_shared(g), reg);
        g->stored = true;
    }
}

void held_drop(Emit *e, unsigned reg)
{
    if (reg == NO_REG) {
        return;
    }
    if (held_of(e, reg)->group) {
        held_store_group(e, held_of(e, reg)->group, reg, e->index);
    }
    held_pay(e, reg);
    held_forget(e, reg);
}

void held_drop_all(Emit *e)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        held_drop(e, EMIT_SCRATCH_FIRST + n);
    }
}

void held_use(Emit *e, unsigned reg)
{
    held_of(e, reg)->used = e->index;
}

/* What a group left will be wanted again, a guest register perhaps. */
static unsigned held_worth(const EmitHeld *x)
{
    return x->group ? 2 : x->global != IR_NONE;
}

static bool held_is_used(const Emit *e, const EmitHeld *x, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];

    if (x->group) {
        return e->share[index].group == x->group - e->groups + 1;
    }
    if (i->op == IR_NATIVE) {
        const NativeInsn *n = &e->ir->native[i->imm];

        if ((n->gpr_in | n->gpr_out) >> x->global & 1) {
            return true;
        }
    }
    return i->dst == x->global || i->a == x->global || i->b == x->global ||
           i->c == x->global;
}

/* The next instruction that wants it; one behind the last if none does. */
static uint32_t held_next_use(const Emit *e, const EmitHeld *x)
{
    uint32_t n = held_worth(x) ? e->index + 1 : e->ir->count;

    while (n < e->ir->count && !held_is_used(e, x, n)) {
        n++;
    }
    return n;
}

/* Where stores can wait it is a tight loop, and worth a look ahead: what is
 * used last goes. Elsewhere, what was not used for longest. */
bool held_is_rather(const Emit *e, unsigned reg, unsigned other)
{
    const EmitHeld *x = &e->held[reg - EMIT_SCRATCH_FIRST];
    const EmitHeld *y = &e->held[other - EMIT_SCRATCH_FIRST];
    unsigned a = held_worth(x), b = held_worth(y);

    if (e->owes) {
        return held_next_use(e, x) > held_next_use(e, y);
    }
    return a < b || (a == b && a && x->used < y->used);
}

/* ---- guest registers -------------------------------------------------- */

unsigned held_global(const Emit *e, IrVal g)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        if (e->held[n].global == g) {
            return EMIT_SCRATCH_FIRST + n;
        }
    }
    return NO_REG;
}

void held_set_global(Emit *e, IrVal g, unsigned reg)
{
    *held_of(e, reg) = (EmitHeld){ .global = g, .used = e->index };
}

void held_drop_global(Emit *e, IrVal g)
{
    held_forget(e, held_global(e, g));
}

void held_write_global(Emit *e, IrVal g, unsigned reg)
{
    held_drop_global(e, g);
    held_set_global(e, g, reg);
    held_of(e, reg)->owed = true;
    if (!e->owes) {
        held_pay(e, reg);
    }
}

/* ---- stores that can wait --------------------------------------------- */

/* Work on general registers that cannot raise: not DIV and IDIV, nor the x87's.
 */
static bool held_is_harmless(const NativeInsn *n)
{
    bool reg = n->reg_kind != NATIVE_REG_FIXED || n->map == 0;
    bool rm = n->mem || n->rm_kind != NATIVE_REG_FIXED;
    bool vvvv = !n->vex || n->vvvv_kind != NATIVE_REG_FIXED;
    bool divides = n->map == 0 && (n->opcode & 0xfe) == 0xf6 && n->reg >= 6;
    bool x87 = n->map == 0 && (n->opcode & 0xf8) == 0xd8;

    return n->modrm && reg && rm && vvvv && !divides && !x87 && !n->lock;
}

static bool held_may_wait(const Emit *e, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];
    unsigned attrs = ir_op_attrs[i->op];

    if (i->op == IR_NATIVE) {
        const NativeInsn *n = &e->ir->native[i->imm];
        return (!n->mem || share_follows(e, index)) && held_is_harmless(n);
    }
    if (attrs & IRA_MEM) {
        return i->op != IR_PROBEW && i->op != IR_ATOMIC &&
               share_follows(e, index);
    }
    return !(attrs & IRA_CALL) && i->op != IR_LDENV && i->op != IR_STENV &&
           i->op != IR_STENVI && i->op != IR_LEAVE && i->op != IR_EXITR;
}

void held_choose(Emit *e)
{
    e->owes = e->code->loop && !e->ir->count_insns;
    for (uint32_t n = 0; n < e->ir->count && e->owes; n++) {
        e->owes = held_may_wait(e, n);
    }
}

void held_drop_globals(Emit *e)
{
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        held_drop_global(e, g);
    }
}

/* ---- groups ----------------------------------------------------------- */

unsigned held_group(const Emit *e, const ShareGroup *g)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        if (e->held[n].group == g) {
            return EMIT_SCRATCH_FIRST + n;
        }
    }
    return NO_REG;
}

void held_set_group(Emit *e, ShareGroup *g, unsigned reg)
{
    *held_of(e, reg) =
        (EmitHeld){ .group = g, .global = IR_NONE, .used = e->index };
}
