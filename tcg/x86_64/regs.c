/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where values are: the fixed map of guest registers, and the temporaries of
 * one guest instruction in three scratch registers, with env->spill behind.
 *
 * Moves, constants and sums of the shape base + (index << 0..3) + constant are
 * not computed when they are assigned but remembered (TEMP_LAZY): as an
 * address they then become one operand, as a constant an immediate. They are
 * computed at other uses, or when a register they refer to is about to change.
 * A value referred to by a lazy one keeps its use open until that is gone.
 */
#include "tcg/x86_64/emit.h"

/* The first seven and r8..r11 are themselves: byte registers AH..BH, MUL, DIV
 * and shifts want their own. rsp is the host's pointer to env; r12 stands in
 * for it, as C functions keep it. */
const uint8_t emit_home[TCG_GLOBALS] = {
    RAX, RCX, RDX, RBX, R12,    RBP,    RSI,    RDI,
    R8,  R9,  R10, R11, NO_REG, NO_REG, NO_REG, NO_REG,
};

unsigned regs_global_of(unsigned home)
{
    unsigned g = 0;

    while (emit_home[g] != home) {
        g++;
    }
    return g;
}

static bool regs_is_global(IrVal v)
{
    return v < IR_TEMP0;
}

static bool regs_is_temp(IrVal v)
{
    return v >= IR_TEMP0 && v < IR_IMM;
}

static EmitTemp *regs_temp(const Emit *e, IrVal v)
{
    return &e->temps[v - IR_TEMP0];
}

static AsmMem regs_global_mem(IrVal v)
{
    return asm_env(ENV_OFF(r) + 8 * v);
}

static AsmMem regs_slot_mem(unsigned slot)
{
    return asm_env(ENV_OFF(spill) + 8 * slot);
}

/* ---- scratch registers ------------------------------------------------ */

static IrVal *regs_owner(Emit *e, unsigned reg)
{
    return &e->owner[reg - EMIT_SCRATCH_FIRST];
}

static bool regs_is_scratch(unsigned reg)
{
    return reg >= EMIT_SCRATCH_FIRST &&
           reg < EMIT_SCRATCH_FIRST + EMIT_SCRATCHES;
}

static void regs_slot_store(Emit *e, EmitTemp *t)
{
    if (t->slot < 0) {
        unsigned free = ~e->slots_used & 0xffff;

        g_assert(free); /* more temporaries than an instruction may have */
        t->slot = __builtin_ctz(free);
        e->slots_used |= 1u << t->slot;
    }
    asm_store(&e->as, regs_slot_mem(t->slot), t->reg);
    t->slot_valid = true;
}

static void regs_evict(Emit *e, unsigned reg)
{
    EmitTemp *t = regs_temp(e, *regs_owner(e, reg));

    if (!t->slot_valid) {
        regs_slot_store(e, t);
    }
    t->where = TEMP_SLOT;
    *regs_owner(e, reg) = IR_NONE;
}

static bool regs_is_free(const Emit *e, unsigned scratch)
{
    return e->owner[scratch] == IR_NONE &&
           !(e->locked & 1u << (EMIT_SCRATCH_FIRST + scratch));
}

/* Rather one that holds nothing; else what was not used for longest. */
unsigned regs_try(Emit *e)
{
    unsigned found = NO_REG;

    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        unsigned reg = EMIT_SCRATCH_FIRST + n;

        if (regs_is_free(e, n) &&
            (found == NO_REG || held_is_rather(e, reg, found))) {
            found = reg;
        }
    }
    held_drop(e, found);
    return found;
}

/* Without storing, if one of them is in its slot as well. */
static unsigned regs_victim(Emit *e)
{
    unsigned best = NO_REG;

    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        unsigned reg = EMIT_SCRATCH_FIRST + n;

        if (e->locked & 1u << reg) {
            continue;
        }
        if (best == NO_REG || regs_temp(e, e->owner[n])->slot_valid) {
            best = reg;
        }
    }
    g_assert(best != NO_REG);
    return best;
}

unsigned regs_take(Emit *e)
{
    unsigned reg = regs_try(e);

    if (reg == NO_REG) {
        reg = regs_victim(e);
        regs_evict(e, reg);
    }
    e->locked |= 1u << reg;
    return reg;
}

void regs_done(Emit *e)
{
    e->locked = 0;
    e->slots_used &= ~e->slots_dead; /* not before: it may have been read */
    e->slots_dead = 0;
}

/* ---- temporaries ------------------------------------------------------ */

static void regs_lazy_remove(Emit *e, IrVal v)
{
    for (unsigned n = 0; n < e->lazy_count; n++) {
        if (e->lazies[n] == v) {
            e->lazies[n] = e->lazies[--e->lazy_count];
            return;
        }
    }
}

/* Forget where v's value is; its slot stays assigned. */
static void regs_drop(Emit *e, IrVal v)
{
    EmitTemp *t = regs_temp(e, v);

    if (t->where == TEMP_REG) {
        *regs_owner(e, t->reg) = IR_NONE;
    } else if (t->where == TEMP_LAZY) {
        regs_lazy_remove(e, v);
        t->where = TEMP_NOWHERE;
        regs_use(e, t->lazy.base);
        regs_use(e, t->lazy.index);
    }
    t->where = TEMP_NOWHERE;
    t->slot_valid = false;
}

void regs_use(Emit *e, IrVal v)
{
    if (!regs_is_temp(v)) {
        return;
    }
    EmitTemp *t = regs_temp(e, v);

    if (t->uses && --t->uses) {
        return;
    }
    regs_drop(e, v);
    if (t->slot >= 0) {
        e->slots_dead |= 1u << t->slot;
        t->slot = -1;
    }
}

bool regs_dies(const Emit *e, IrVal v)
{
    return regs_is_temp(v) && regs_temp(e, v)->uses <= 1;
}

void regs_sources_done(Emit *e)
{
    const IrInsn *i = e->insn;

    regs_use(e, i->a);
    regs_use(e, i->b);
    if (i->op != IR_BRCOND) { /* its label */
        regs_use(e, i->c);
    }
    if (emit_ops[i->op].reads_dst) {
        regs_use(e, i->dst);
    }
}

static void regs_place(Emit *e, IrVal v, unsigned reg)
{
    EmitTemp *t = regs_temp(e, v);

    t->where = TEMP_REG;
    t->reg = reg;
    t->slot_valid = false;
    *regs_owner(e, reg) = v;
    held_drop(e, reg);
}

static bool regs_addr_is_const(EmitAddr a)
{
    return a.base == IR_NONE && a.index == IR_NONE;
}

static bool regs_addr_is_alias(EmitAddr a)
{
    return a.base != IR_NONE && a.index == IR_NONE && !a.disp && !a.wrap;
}

/* What v is another name of. */
IrVal regs_root(const Emit *e, IrVal v)
{
    while (regs_is_temp(v) && regs_temp(e, v)->where == TEMP_LAZY &&
           regs_addr_is_alias(regs_temp(e, v)->lazy)) {
        v = regs_temp(e, v)->lazy.base;
    }
    return v;
}

/* ---- values put off --------------------------------------------------- */

EmitAddr regs_addr(const Emit *e, IrVal v)
{
    if (regs_is_temp(v) && regs_temp(e, v)->where == TEMP_LAZY) {
        return regs_temp(e, v)->lazy;
    }
    return (EmitAddr){ .base = v, .index = IR_NONE };
}

bool regs_const(const Emit *e, IrVal v, int64_t *imm)
{
    if (v == IR_IMM) {
        *imm = e->insn->imm;
        return true;
    }
    if (!regs_is_temp(v) || regs_temp(e, v)->where != TEMP_LAZY ||
        !regs_addr_is_const(regs_temp(e, v)->lazy)) {
        return false;
    }
    *imm = regs_temp(e, v)->lazy.disp;
    return true;
}

bool regs_define_lazy(Emit *e, IrVal dst, EmitAddr a)
{
    if (!regs_is_temp(dst) || e->lazy_count == G_N_ELEMENTS(e->lazies) ||
        a.base == dst || a.index == dst ||
        (!regs_addr_is_const(a) && !asm_fits32(a.disp))) {
        return false;
    }
    EmitTemp *t = regs_temp(e, dst);
    /* Open uses first: a may refer to what dropping dst would release. */
    if (regs_is_temp(a.base)) {
        regs_temp(e, a.base)->uses++;
    }
    if (regs_is_temp(a.index)) {
        regs_temp(e, a.index)->uses++;
    }
    regs_drop(e, dst);
    t->where = TEMP_LAZY;
    t->lazy = a;
    e->lazies[e->lazy_count++] = dst;
    regs_sources_done(e);
    if (!t->uses) {
        t->uses = 1;
        regs_use(e, dst);
    }
    return true;
}

/* Compute a into reg, which may be one of its own registers. */
static void regs_compute(Emit *e, EmitAddr a, unsigned base, unsigned index,
                         unsigned reg)
{
    AsmMem m = { base, index, a.shift, a.disp };

    if (base == NO_REG && index == NO_REG) {
        asm_movi(&e->as, reg, a.wrap ? (uint32_t)a.disp : (uint64_t)a.disp);
    } else if (index == NO_REG && !a.disp) {
        if (a.wrap) {
            asm_mov32(&e->as, reg, base);
        } else if (reg != base) {
            asm_mov(&e->as, reg, base);
        }
    } else {
        asm_rm(&e->as, a.wrap ? OP_LEA32 : OP_LEA, reg, m);
    }
}

static bool regs_is_home(IrVal v)
{
    return v == IR_NONE || (regs_is_global(v) && emit_home[v] != NO_REG);
}

/* Its two parts and the sum need three scratch registers, and some are taken.
 */
bool regs_tight(const Emit *e, EmitAddr a)
{
    uint32_t scratch = ((1u << EMIT_SCRATCHES) - 1) << EMIT_SCRATCH_FIRST;

    return (e->locked & scratch) && !regs_is_home(a.base) &&
           !regs_is_home(a.index);
}

/* The value's register may be overwritten once v is gone. */
static bool regs_ends(const Emit *e, IrVal v, unsigned reg, uint32_t locked)
{
    return reg != NO_REG && regs_is_scratch(reg) && !(locked & 1u << reg) &&
           (regs_is_global(v) || regs_dies(e, v));
}

static unsigned regs_settle_in_two_steps(Emit *e, EmitAddr a)
{
    unsigned index = regs_value(e, a.index);
    unsigned reg = regs_take(e);
    EmitRhs base = regs_mem_rhs(e, a.base);

    if (base.kind == RHS_MEM) {
        asm_load(&e->as, reg, base.mem);
    } else {
        asm_mov(&e->as, reg, base.reg);
    }
    regs_compute(e, a, reg, index, reg);
    return reg;
}

static unsigned regs_settle_at_once(Emit *e, EmitAddr a)
{
    uint32_t locked = e->locked;
    unsigned base = a.base == IR_NONE ? NO_REG : regs_value(e, a.base);
    unsigned index = a.index == IR_NONE ? NO_REG : regs_value(e, a.index);
    unsigned reg = regs_ends(e, a.base, base, locked)     ? base
                   : regs_ends(e, a.index, index, locked) ? index
                                                          : regs_take(e);

    held_drop(e, reg);
    regs_compute(e, a, base, index, reg);
    return reg;
}

void regs_settle(Emit *e, IrVal v)
{
    if (!regs_is_temp(v) || regs_temp(e, v)->where != TEMP_LAZY) {
        return;
    }
    EmitAddr a = regs_temp(e, v)->lazy;

    regs_settle(e, regs_root(e, a.base));
    regs_settle(e, regs_root(e, a.index));
    uint32_t locked = e->locked;
    unsigned reg = regs_tight(e, a) ? regs_settle_in_two_steps(e, a)
                                    : regs_settle_at_once(e, a);
    regs_drop(e, v);
    regs_place(e, v, reg);
    e->locked = locked;
}

static bool regs_lazy_refers(const Emit *e, IrVal lazy, IrVal v)
{
    EmitAddr a = regs_temp(e, lazy)->lazy;

    return a.base == v || a.index == v;
}

void regs_before_write(Emit *e, IrVal v)
{
    for (unsigned n = 0; n < e->lazy_count;) {
        if (regs_lazy_refers(e, e->lazies[n], v)) {
            regs_settle(e, e->lazies[n]);
            n = 0;
        } else {
            n++;
        }
    }
}

void regs_settle_globals(Emit *e)
{
    for (unsigned v = 0; v < TCG_GLOBALS; v++) {
        regs_before_write(e, v);
    }
}

/* ---- reading ---------------------------------------------------------- */

unsigned regs_lock(Emit *e, unsigned reg)
{
    e->locked |= 1u << reg;
    if (regs_is_scratch(reg)) {
        held_use(e, reg);
    }
    return reg;
}

static unsigned regs_global_value(Emit *e, IrVal v)
{
    if (emit_home[v] != NO_REG) {
        return emit_home[v];
    }
    unsigned reg = held_global(e, v);

    if (reg == NO_REG) {
        reg = regs_take(e);
        asm_load(&e->as, reg, regs_global_mem(v));
        held_set_global(e, v, reg);
    }
    return regs_lock(e, reg);
}

unsigned regs_value(Emit *e, IrVal v)
{
    if (v == IR_IMM) {
        unsigned reg = regs_take(e);

        asm_movi(&e->as, reg, e->insn->imm);
        return reg;
    }
    if (regs_is_global(v)) {
        return regs_global_value(e, v);
    }
    EmitTemp *t = regs_temp(e, v);

    if (t->where == TEMP_LAZY && regs_addr_is_alias(t->lazy)) {
        return regs_value(e, t->lazy.base);
    }
    regs_settle(e, v);
    if (t->where != TEMP_REG) {
        unsigned reg = regs_take(e);

        if (t->where == TEMP_SLOT) {
            asm_load(&e->as, reg, regs_slot_mem(t->slot));
        }
        regs_place(e, v, reg);
        t->slot_valid = t->slot >= 0;
    }
    return regs_lock(e, t->reg);
}

unsigned regs_copy(Emit *e, IrVal v)
{
    int64_t imm;
    unsigned reg;

    if (regs_const(e, v, &imm)) {
        reg = regs_take(e);
        asm_movi(&e->as, reg, imm);
        return reg;
    }
    uint32_t locked = e->locked;
    unsigned from = regs_value(e, v);
    bool unlocked = regs_is_scratch(from) && !(locked & 1u << from);
    bool loaded = unlocked && *regs_owner(e, from) == IR_NONE;
    bool ends = unlocked && *regs_owner(e, from) == v && regs_dies(e, v);

    if (loaded || ends) {
        held_drop(e, from);
        return from;
    }
    reg = regs_take(e);
    asm_mov(&e->as, reg, from);
    e->locked = locked | 1u << reg;
    return reg;
}

static bool regs_has_free(const Emit *e)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        if (regs_is_free(e, n)) {
            return true;
        }
    }
    return false;
}

/* What a tight loop wrote to env a moment ago comes through the host's store
 * buffer: eight cycles to an operation with a memory operand, none to a load,
 * which the host knows by its address (Zen 4). */
bool regs_rather_loads(const Emit *e, IrVal v)
{
    return e->owes && e->written >> v & 1 && regs_has_free(e);
}

EmitRhs regs_mem_rhs(Emit *e, IrVal v)
{
    v = regs_root(e, v);
    if (regs_is_global(v) && emit_home[v] == NO_REG &&
        held_global(e, v) == NO_REG && !regs_rather_loads(e, v)) {
        return (EmitRhs){ RHS_MEM, .mem = regs_global_mem(v) };
    }
    if (regs_is_temp(v) && regs_temp(e, v)->where == TEMP_SLOT) {
        return (EmitRhs){ RHS_MEM,
                          .mem = regs_slot_mem(regs_temp(e, v)->slot) };
    }
    return (EmitRhs){ RHS_REG, .reg = regs_value(e, v) };
}

EmitRhs regs_rhs(Emit *e, IrVal v)
{
    int64_t imm;

    if (regs_const(e, v, &imm)) {
        if (asm_fits32(imm) || (e->insn->type != IR_I64)) {
            return (EmitRhs){ RHS_IMM, .imm = imm };
        }
        unsigned reg = regs_take(e);
        asm_movi(&e->as, reg, imm);
        return (EmitRhs){ RHS_REG, .reg = reg };
    }
    return regs_mem_rhs(e, v);
}

/* ---- writing ---------------------------------------------------------- */

/* A register for dst's new value. Call it when the sources were fetched (they
 * are locked) and regs_sources_done(); prefer: one of their registers that may
 * be overwritten, if it is free now, or NO_REG. */
unsigned regs_define(Emit *e, IrVal dst, unsigned prefer)
{
    if (regs_is_global(dst) && emit_home[dst] != NO_REG) {
        return emit_home[dst];
    }
    if (regs_is_temp(dst)) {
        EmitTemp *t = regs_temp(e, dst);

        if (t->where == TEMP_REG &&
            (!(e->locked & 1u << t->reg) || t->reg == prefer)) {
            return regs_lock(e, t->reg);
        }
    }
    if (prefer != NO_REG && regs_is_scratch(prefer) &&
        *regs_owner(e, prefer) == IR_NONE) {
        held_drop(e, prefer);
        return regs_lock(e, prefer);
    }
    return regs_take(e);
}

void regs_defined(Emit *e, IrVal dst, unsigned reg)
{
    if (regs_is_global(dst)) {
        if (emit_home[dst] == NO_REG) {
            held_write_global(e, dst, reg);
        } else if (emit_home[dst] != reg) {
            asm_mov(&e->as, emit_home[dst], reg);
        }
        return;
    }
    EmitTemp *t = regs_temp(e, dst);

    if (t->where != TEMP_REG || t->reg != reg) {
        regs_drop(e, dst);
        regs_place(e, dst, reg);
    }
    t->slot_valid = false;
    if (!t->uses) { /* never read */
        regs_use(e, dst);
    }
}

/* ---- control flow ----------------------------------------------------- */

void regs_reset(Emit *e)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        e->owner[n] = IR_NONE;
    }
    e->lazy_count = 0;
    e->slots_used = e->slots_dead = 0;
    e->locked = 0;
}

void regs_sync(Emit *e)
{
    while (e->lazy_count) {
        regs_settle(e, e->lazies[e->lazy_count - 1]);
    }
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        if (e->owner[n] != IR_NONE) {
            EmitTemp *t = regs_temp(e, e->owner[n]);

            if (!t->slot_valid) {
                regs_slot_store(e, t);
            }
        }
    }
}

static void regs_in_slot(Emit *e, IrVal v)
{
    EmitTemp *t = regs_temp(e, v);

    t->where = t->slot >= 0 ? TEMP_SLOT : TEMP_NOWHERE;
}

/* Where paths meet: what has a slot was stored there on each of them. */
void regs_forget(Emit *e)
{
    while (e->lazy_count) {
        IrVal v = e->lazies[e->lazy_count - 1];

        regs_drop(e, v);
        regs_in_slot(e, v);
    }
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        if (e->owner[n] != IR_NONE) {
            regs_in_slot(e, e->owner[n]);
            e->owner[n] = IR_NONE;
        }
    }
    held_drop_all(e);
}
