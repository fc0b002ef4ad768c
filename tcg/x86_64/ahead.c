/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks at a block's start. Where flags are live beside an access its check
 * must save them, or do without them, which is twice as long. If the address
 * follows from the registers that the block is entered with, the check can be
 * made there, for the whole group (share.c): it fails as a leader's does, by
 * going on in a translation without groups, but without a fault, which would
 * come too early. At the start at most CF and OF are live (else it is left
 * alone), and wait in a register; where all flags are exact, in env.
 *
 * In a block that jumps back to itself, what is off bases that it never writes
 * need not be checked at each turn. Its jump back goes behind those checks:
 *
 *   entry:      [load flags]
 *   entry_host: [keep flags]
 *               checks of what stays the same
 *               jmp  over
 *   loop:       [keep flags]
 *               cmp  exit_request, 0 / jne leave
 *   over:       checks of the others
 *               [put flags back]
 *               ...
 *               jcc  loop
 *
 * Whoever changes a mapping from outside sets exit_request; what may change one
 * inside the block ends groups, and there is no `loop` then.
 */
#include "tcg/x86_64/emit.h"

enum { AHEAD_MAX = TCG_SHARED / 2 }; /* the other places are for the block */

/* ---- which ------------------------------------------------------------ */

static uint32_t ahead_globals(const ShareGroup *g)
{
    return 1u << g->base | (g->index == IR_NONE ? 0 : 1u << g->index);
}

static bool ahead_is_in_env(IrVal global)
{
    return global != IR_NONE && emit_home[global] == NO_REG;
}

/* There is one scratch register for the address. */
static bool ahead_possible(const ShareGroup *g)
{
    return g->base != IR_NONE &&
           !(ahead_is_in_env(g->base) && ahead_is_in_env(g->index));
}

/* Other flags than those kept are lost, should an access fault: in a loop,
 * where that pays, it is as if its instructions had left them in another state.
 */
static bool ahead_keeps_flags(const Emit *e)
{
    uint8_t may = IR_FLAG_C | (e->st->has_adx ? IR_FLAG_O : 0);

    return !e->live_in || e->ir->exact_flags ||
           (e->loop && !(e->live_in & ~may));
}

bool ahead_choose(Emit *e)
{
    unsigned count = 0;

    if (!ahead_keeps_flags(e)) {
        return false;
    }
    for (unsigned n = 0; n < e->group_count && count < AHEAD_MAX; n++) {
        ShareGroup *g = &e->groups[n];

        if (ahead_possible(g)) {
            g->fixed = e->loop && e->steady && !(e->written & ahead_globals(g));
            g->ahead = g->fixed || e->info[g->first] & INFO_NEEDED;
            count += g->ahead;
        }
    }
    return count;
}

/* ---- the checks ------------------------------------------------------- */

static unsigned ahead_value(Emit *e, IrVal global, unsigned scratch)
{
    if (!ahead_is_in_env(global)) {
        return global == IR_NONE ? (unsigned)NO_REG : emit_home[global];
    }
    asm_load(&e->as, scratch, asm_env(ENV_OFF(r) + 8 * global));
    return scratch;
}

/* The leader's, as base and displacement. */
static AsmMem ahead_address(Emit *e, const ShareGroup *g)
{
    bool home = !ahead_is_in_env(g->base) && g->index == IR_NONE;
    unsigned scratch = home ? (unsigned)NO_REG : regs_take(e);
    unsigned base = ahead_value(e, g->base, scratch);
    unsigned index = ahead_value(e, g->index, scratch);

    if (index == NO_REG) {
        return asm_mem(base, g->disp);
    }
    asm_lea(&e->as, scratch, (AsmMem){ base, index, g->shift, g->disp });
    return asm_mem(scratch, 0);
}

static void ahead_checks(Emit *e, EmitKept kept, bool fixed)
{
    for (unsigned n = 0; n < e->group_count; n++) {
        ShareGroup *g = &e->groups[n];

        if (g->ahead && g->fixed == fixed) {
            e->locked = kept.flags ? 1u << kept.reg : 0;
            mem_check_ahead(e, g, ahead_address(e, g), kept);
        }
    }
}

/* ---- the loop --------------------------------------------------------- */

/* Somebody asks to leave: as at the block's entry. */
static void ahead_leave(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;

    if (c->kept.flags) {
        flags_put_back_kept(a, c->kept);
        flags_put_save(a, NO_REG);
    }
    asm_jmp_to(a, (const uint8_t *)e->code->entry - POLL_BYTES - LEAVE_BYTES);
}

static void ahead_loop(Emit *e, EmitKept kept)
{
    Asm *a = &e->as;
    uint8_t *over = asm_jmp8(a);
    const uint8_t *entry = e->code->entry;
    EmitCold *c = emit_cold(e, ahead_leave);

    asm_pad(a, TCG_LOOP_UNIT, 0);
    e->code->loop = (asm_exec(a, a->p) - entry) / TCG_LOOP_UNIT;
    flags_put_kept(a, kept);
    asm_alu_mi(a, ALU_CMP, IR_I32, asm_env(ENV_OFF(exit_request)), 0);
    c->kept = kept;
    c->jump = asm_jcc(a, IR_CC_NE);
    held_drop_all(e);
    asm_fix8(over, a->p);
}

/* In a trial each turn is counted, at the block's entry. */
static bool ahead_may_loop(const Emit *e, bool host_flags)
{
    return e->loop && e->ir->checks.kind != IR_CHECKS_TRIED &&
           (host_flags || !e->live_in);
}

void emit_ahead(Emit *e)
{
    bool fixed = false, others = false;

    for (unsigned n = 0; n < e->group_count; n++) {
        fixed |= e->groups[n].fixed;
        others |= e->groups[n].ahead && !e->groups[n].fixed;
    }
    if (!fixed && !others) {
        return;
    }
    if (e->ir->exact_flags) {
        flags_lose(e, true);
    }
    bool host_flags = e->host_flags;
    EmitKept kept = { .flags = host_flags ? e->live_in : 0 };
    if (kept.flags) {
        kept.reg = regs_take(e);
        flags_put_kept(&e->as, kept);
    }
    ahead_checks(e, kept, true);
    if (ahead_may_loop(e, host_flags) && (fixed || kept.flags)) {
        ahead_loop(e, kept);
    }
    ahead_checks(e, kept, false);
    flags_put_back_kept(&e->as, kept);
    e->host_flags = host_flags;
    regs_done(e);
}
