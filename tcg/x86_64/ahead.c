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
 *
 * Nor need what moves by a constant, while it stays in its page: the checks
 * find out for how many turns that is. At `loop` one of the registers that move
 * is compared with what it will be then, and the block is entered anew, which
 * polls. Few turns are as good as many, so that happens often enough to do
 * without a poll at each. With flags that live on it is done without them:
 *
 *   stub:       ... save flags / jmp entry's poll
 *   loop:       mov  s, rcx
 *               mov  rcx, -end
 *               lea  rcx, [rcx + register]
 *               jrcxz stub
 *               mov  rcx, s
 */
#include "tcg/x86_64/emit.h"

enum {
    AHEAD_MAX = TCG_SHARED / 2, /* the other places are for the block */
    AHEAD_TURNS = 255,          /* at most, without a poll */
    AHEAD_STRIDE = 1024,        /* what moves on faster, is soon elsewhere */
};

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

/* A global in a register to which each turn adds a constant, or IR_NONE. */
static IrVal ahead_counter(const Emit *e)
{
    const ShareTurn *t = &e->turn;

    if (!t->known || (t->labelled && e->labels[t->label].refs != 1)) {
        return IR_NONE;
    }
    for (IrVal g = 0; g < TCG_GLOBALS; g++) {
        if (t->steady >> g & 1 && t->step[g] && !ahead_is_in_env(g)) {
            return g;
        }
    }
    return IR_NONE;
}

/* What each turn adds to the address of the group; 0: that is not known, or too
 * much. */
static int32_t ahead_stride(const Emit *e, const ShareGroup *g)
{
    const ShareTurn *t = &e->turn;
    int64_t stride = t->step[g->base];

    if (ahead_globals(g) & ~t->steady) {
        return 0;
    }
    if (g->index != IR_NONE) {
        stride += (int64_t)t->step[g->index] * (1 << g->shift);
    }
    return stride >= -AHEAD_STRIDE && stride <= AHEAD_STRIDE ? stride : 0;
}

static bool ahead_is_fixed(const Emit *e, ShareGroup *g)
{
    if (!e->loop || !e->steady) {
        return false;
    }
    if (!(e->written & ahead_globals(g))) {
        return true;
    }
    g->stride = e->counter == IR_NONE ? 0 : ahead_stride(e, g);
    g->joined &= !g->stride; /* the host's address would not move with it */
    return g->stride;
}

bool ahead_choose(Emit *e)
{
    unsigned count = 0;

    e->counter = IR_NONE;
    if (!ahead_keeps_flags(e)) {
        return false;
    }
    e->counter = ahead_counter(e);
    for (unsigned n = 0; n < e->group_count && count < AHEAD_MAX; n++) {
        ShareGroup *g = &e->groups[n];

        if (ahead_possible(g)) {
            g->fixed = ahead_is_fixed(e, g);
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

/* What is left of the page in the direction of the stride: how many turns? */
static void ahead_turns(Emit *e, const ShareGroup *g, AsmMem address)
{
    Asm *a = &e->as;
    unsigned reg = regs_take(e);
    const AsmMem turns = asm_env(ENV_BACKEND(ENV_TURNS));

    address.disp += g->low;
    asm_lea(a, reg, address);
    asm_alu_ri(a, ALU_AND, IR_I32, reg, 4095);
    if (g->stride > 0) {
        asm_group3(a, GROUP3_NEG, IR_I32, reg);
        asm_alu_ri(a, ALU_ADD, IR_I32, reg, 4096 - (int)g->size);
    }
    /* As if it were the next power of two. */
    unsigned shift = 31 - __builtin_clz(2 * ABS(g->stride) - 1);
    if (shift) {
        asm_shift_i(a, SHIFT_SHR, IR_I32, reg, shift);
    }
    asm_alu_rm(a, ALU_CMP, IR_I64, reg, turns);
    uint8_t *more = asm_jcc8(a, IR_CC_AE);
    asm_store(a, turns, reg);
    asm_fix8(more, a->p);
}

typedef enum AheadKind {
    AHEAD_NONE,
    AHEAD_FIXED = 1 << 0,
    AHEAD_MOVING = 1 << 1,
    AHEAD_OTHERS = 1 << 2,
} AheadKind;

static AheadKind ahead_kind(const ShareGroup *g)
{
    if (!g->ahead) {
        return AHEAD_NONE;
    }
    return !g->fixed ? AHEAD_OTHERS : g->stride ? AHEAD_MOVING : AHEAD_FIXED;
}

/* All kinds that there are. */
static unsigned ahead_kinds(const Emit *e)
{
    unsigned kinds = AHEAD_NONE;

    for (unsigned n = 0; n < e->group_count; n++) {
        kinds |= ahead_kind(&e->groups[n]);
    }
    return kinds;
}

static void ahead_checks(Emit *e, EmitKept kept, AheadKind kind)
{
    uint32_t locked = kept.flags ? 1u << kept.reg : 0;

    for (unsigned n = 0; n < e->group_count; n++) {
        ShareGroup *g = &e->groups[n];

        if (ahead_kind(g) != kind) {
            continue;
        }
        e->locked = locked;
        AsmMem address = ahead_address(e, g);
        uint32_t with_address = e->locked;
        mem_check_ahead(e, g, address, kept);
        if (kind == AHEAD_MOVING) {
            e->locked = with_address;
            ahead_turns(e, g, address);
        }
    }
    e->locked = locked;
}

/* ---- the loop --------------------------------------------------------- */

static const uint8_t *ahead_poll(const Emit *e)
{
    return (const uint8_t *)e->code->entry - POLL_BYTES;
}

/* To where the block polls or leaves, as at its entry. */
static void ahead_leave(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;

    if (c->kept.flags) {
        flags_put_back_kept(a, c->kept);
        flags_put_save(a, NO_REG);
    }
    asm_jmp_to(a, ahead_poll(e) - (c->poll ? 0 : LEAVE_BYTES));
}

/* The counter will be this once the turns are over. */
static void ahead_put_end(Emit *e, bool negative)
{
    Asm *a = &e->as;
    unsigned reg = regs_take(e);
    int32_t step = e->turn.step[e->counter];

    asm_load(a, reg, asm_env(ENV_BACKEND(ENV_TURNS)));
    asm_alu_ri(a, ALU_ADD, IR_I32, reg, 1);
    asm_rr(a, 0x69 | ASM_W, reg, reg); /* imul */
    asm_u32(a, step);
    asm_alu_rr(a, ALU_ADD, IR_I64, reg, emit_home[e->counter]);
    if (negative) {
        asm_group3(a, GROUP3_NEG, IR_I64, reg);
    }
    asm_store(a, asm_env(ENV_BACKEND(ENV_END)), reg);
}

/* `loop` is here. */
static void ahead_begin_loop(Emit *e)
{
    asm_pad(&e->as, TCG_LOOP_UNIT, 0);
    e->code->loop =
        (asm_exec(&e->as, e->as.p) - (const uint8_t *)e->code->entry) /
        TCG_LOOP_UNIT;
    held_drop_all(e);
}

/* The flags are in the host's, and stay there. */
static void ahead_quiet_loop(Emit *e)
{
    Asm *a = &e->as;
    unsigned counter = emit_home[e->counter], keep = regs_take(e);
    uint8_t *over = asm_jmp8(a);
    const uint8_t *stub = a->p;

    asm_mov(a, RCX, keep);
    flags_put_save(a, NO_REG);
    asm_jmp_to(a, ahead_poll(e));
    ahead_begin_loop(e);
    asm_mov(a, keep, RCX);
    asm_load(a, RCX, asm_env(ENV_BACKEND(ENV_END)));
    asm_lea(a, RCX, (AsmMem){ RCX, counter == RCX ? keep : counter, 0, 0 });
    asm_fix8(asm_jrcxz(a), stub);
    asm_mov(a, RCX, keep);
    asm_fix8(over, a->p);
}

static void ahead_loop(Emit *e, EmitKept kept, bool moving)
{
    Asm *a = &e->as;
    uint8_t *over = asm_jmp8(a);
    EmitCold *c = emit_cold(e, ahead_leave);

    ahead_begin_loop(e);
    flags_put_kept(a, kept);
    if (moving) {
        asm_alu_rm(a, ALU_CMP, IR_I64, emit_home[e->counter],
                   asm_env(ENV_BACKEND(ENV_END)));
    } else {
        asm_alu_mi(a, ALU_CMP, IR_I32, asm_env(ENV_OFF(exit_request)), 0);
    }
    c->kept = kept;
    c->poll = moving;
    c->jump = asm_jcc(a, moving ? IR_CC_E : IR_CC_NE);
    asm_fix8(over, a->p);
}

/* In a trial each turn is counted, at the block's entry. */
static bool ahead_may_loop(const Emit *e, bool host_flags)
{
    return e->loop && e->ir->checks.kind != IR_CHECKS_TRIED &&
           (host_flags || !e->live_in);
}

/* Checks that are made once for several turns, and where the jump back goes.
 * True: the flags have been put back. */
static bool ahead_turn(Emit *e, EmitKept kept, bool host_flags, unsigned kinds)
{
    bool moving = kinds & AHEAD_MOVING;
    bool loop = ahead_may_loop(e, host_flags) &&
                (kinds & (AHEAD_FIXED | AHEAD_MOVING) || kept.flags);
    bool quiet = loop && moving && kept.flags && !(kinds & AHEAD_OTHERS);

    ahead_checks(e, kept, AHEAD_FIXED);
    if (moving) {
        asm_store_i(&e->as, asm_env(ENV_BACKEND(ENV_TURNS)), AHEAD_TURNS);
        ahead_checks(e, kept, AHEAD_MOVING);
        ahead_put_end(e, quiet);
    }
    if (quiet) {
        flags_put_back_kept(&e->as, kept);
        ahead_quiet_loop(e);
    } else if (loop) {
        ahead_loop(e, kept, moving);
    }
    return quiet;
}

void emit_ahead(Emit *e)
{
    unsigned kinds = ahead_kinds(e);

    if (!kinds) {
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
    if (!ahead_turn(e, kept, host_flags, kinds)) {
        ahead_checks(e, kept, AHEAD_OTHERS);
        flags_put_back_kept(&e->as, kept);
    }
    e->host_flags = host_flags;
    regs_done(e);
}
