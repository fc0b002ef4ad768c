/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of helpers: home registers go to env->r first, so that C sees the
 * globals and an unwinding helper leaves nothing behind; then arguments are
 * taken from there, from scratch registers, or from homes that no argument has
 * overwritten yet. rdi is env. What C may have destroyed is loaded again.
 */
#include "tcg/x86_64/emit.h"

static const uint8_t call_args[] = { RSI, RDX, RCX, R8 };

/* taken: argument registers that no longer hold their guest's value. */
static void call_argument(Emit *e, IrVal v, unsigned reg, uint32_t taken)
{
    int64_t imm;

    if (v == IR_NONE) {
        return;
    }
    if (regs_const(e, v, &imm)) {
        asm_movi(&e->as, reg, imm);
        return;
    }
    EmitRhs from = regs_mem_rhs(e, v);
    if (from.kind == RHS_MEM) {
        asm_load(&e->as, reg, from.mem);
    } else if (taken & 1u << from.reg) {
        asm_load(&e->as, reg,
                 asm_env(ENV_OFF(r) + 8 * regs_global_of(from.reg)));
    } else if (from.reg != reg) {
        asm_mov(&e->as, reg, from.reg);
    }
}

static void call_arguments(Emit *e, const IrInsn *i)
{
    const IrVal values[] = { i->a, i->b, i->c };
    uint32_t taken = 1u << RDI;

    for (unsigned n = 0; n < G_N_ELEMENTS(values); n++) {
        call_argument(e, values[n], call_args[n], taken);
        taken |= 1u << call_args[n];
    }
    asm_movi(&e->as, call_args[3], i->imm2);
}

/* Sums are computed while the registers they refer to are intact. */
static void call_settle(Emit *e, IrVal v)
{
    int64_t imm;

    if (v != IR_NONE && !regs_const(e, v, &imm)) {
        regs_settle(e, regs_root(e, v));
    }
}

static void call_result(Emit *e, const IrInsn *i)
{
    if (i->dst == IR_NONE) {
        return;
    }
    if (i->dst < TCG_GLOBALS) { /* loaded with the others */
        asm_store(&e->as, asm_env(ENV_OFF(r) + 8 * i->dst), RAX);
        held_drop_global(e, i->dst);
        return;
    }
    unsigned dst = regs_define(e, i->dst, NO_REG);
    asm_mov(&e->as, dst, RAX);
    regs_defined(e, i->dst, dst);
}

static void call_reload(Emit *e, const TcgHelper *h, IrVal dst)
{
    bool kept = dst < TCG_GLOBALS && emit_home[dst] != NO_REG &&
                !(EMIT_CALLER_SAVED & 1u << emit_home[dst]);
    bool all = kept || h->flags & TCG_WRITES_GLOBALS;

    asm_call_to(&e->as, emit_thunk(e, all ? THUNK_RELOAD_ALL : THUNK_RELOAD));
    if (h->flags & TCG_WRITES_GLOBALS) {
        held_drop_globals(e);
    }
}

void call_light(Emit *e, const TcgHelper *h, int64_t constant)
{
    asm_call_to(&e->as, emit_thunk(e, THUNK_SAVE));
    asm_movi(&e->as, call_args[3], constant);
    asm_call_c(&e->as, h->fn);
    call_reload(e, h, IR_NONE);
}

void emit_call(Emit *e, const IrInsn *i)
{
    const TcgHelper *h = (const TcgHelper *)(intptr_t)i->imm;

    if (e->now & INFO_NEEDED) {
        flags_save(e);
    }
    if (h->quick) {
        emit_quick(e, i);
        e->host_flags = false;
        return;
    }
    call_settle(e, i->a);
    call_settle(e, i->b);
    call_settle(e, i->c);
    if (h->flags & TCG_WRITES_GLOBALS) {
        regs_settle_globals(e);
    }
    asm_call_to(&e->as, emit_thunk(e, THUNK_SAVE));
    call_arguments(e, i);
    if (h->flags & TCG_LIGHT) {
        asm_call_c(&e->as, h->fn);
    } else {
        asm_address(&e->as, R11, h->fn);
        asm_call_to(&e->as, emit_thunk(e, THUNK_HEAVY));
    }
    regs_sources_done(e);
    regs_done(e);
    call_result(e, i);
    call_reload(e, h, i->dst);
    e->host_flags = false;
    e->env_flags |= (h->flags & TCG_WRITES_FLAGS) != 0;
}
