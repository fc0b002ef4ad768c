/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which accesses check by a slot and which by the table, by what they do. A
 * slot is faster where the page stays the same, but each change of it costs a
 * mispredicted branch and a way out of line; what is guessed from an operand's
 * form is wrong for tight code of several blocks, and for slots that two of a
 * loop's accesses fight for.
 *
 * So a block is made up to three times: as guessed; if it is looked at, for a
 * trial, in which all its accesses have slots and each one's misses are
 * counted; then for good. Who is looked at is found by counting without telling
 * blocks apart: each so-many-th entry of blocks that were guessed, and each
 * so-many-th miss of a slot, of those made for good, too. Who is met twice in a
 * short time is in tight code; one of the thousand blocks that a large program
 * spends its time in gains less than it costs to move it away from its
 * neighbours. A block that jumps back to itself is guessed to want slots, and
 * looked at by its misses only; in a trial each turn counts as an entry.
 *
 * Light.
 */
#include "accel/tcg/engine.h"

enum {
    /* Primes, as a loop's blocks are entered in turn. */
    ENTRIES_TO_LOOK = 65521,
    MISSES_TO_LOOK = 32749,
    TRIAL_ENTRIES = 65536 / TCG_TRIAL_STEP,
    /* A miss costs what so many hits save. */
    HITS_PER_MISS = 64,
};

void adapt_init(TcgVcpu *v)
{
    v->counted = false;
    v->advice = (TcgAdvice){ 0 };
    v->cpu->env.entries_left = ENTRIES_TO_LOOK;
    v->cpu->env.misses_left = MISSES_TO_LOOK;
}

static void adapt_advise(TcgVcpu *v, const TcgBlock *b, IrChecks checks)
{
    v->advice = (TcgAdvice){ b->key, checks };
}

/* What was found out stays. */
static void adapt_try(TcgVcpu *v, const TcgBlock *b)
{
    adapt_advise(v, b, (IrChecks){ IR_CHECKS_TRIED, .table = b->sites });
}

/* ---- Trials ---------------------------------------------------------------
 */

/* The oldest one's, which may never end. Other vCPUs may be counting there. */
static unsigned adapt_take_trial(TcgEngine *e)
{
    unsigned n = e->trial_next++ % TCG_TRIALS;

    engine_lock(e);
    if (e->trial[n]) {
        block_drop_locked(e, e->trial[n]);
    }
    engine_unlock(e);
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        const TcgVcpu *v = e->vcpus->pdata[i];
        TcgTrial *trial = &v->cpu->env.trial[n];

        __atomic_store_n(&trial->entries, 0, __ATOMIC_RELAXED);
        for (unsigned s = 0; s < TCG_TRIAL_SITES; s++) {
            __atomic_store_n(&trial->misses[s], 0, __ATOMIC_RELAXED);
        }
    }
    e->stats.trials++;
    return n;
}

static IrChecks adapt_judge(const TcgTrial *trial, uint32_t table)
{
    IrChecks checks = { .kind = IR_CHECKS_CHOSEN, .table = table };

    for (unsigned s = 0; s < TCG_TRIAL_SITES; s++) {
        if (trial->misses[s] > TRIAL_ENTRIES / HITS_PER_MISS) {
            checks.table |= 1u << s;
        }
    }
    return checks;
}

/* ---- Blocks ---------------------------------------------------------------
 */

IrChecks adapt_checks(TcgVcpu *v, TcgBlock *b)
{
    TcgEngine *e = v->engine;
    IrChecks checks = { .kind = IR_CHECKS_COUNTED };

    if (!e->ctx.missed || b->once || e->ir.plain) {
        return (IrChecks){ .kind = IR_CHECKS_GUESSED };
    }
    if (block_same_key(&b->key, &v->advice.key)) {
        checks = v->advice.checks;
        v->advice.key.host = NULL;
    }
    if (checks.kind == IR_CHECKS_TRIED) {
        checks.trial = adapt_take_trial(e);
        b->trial = checks.trial + 1;
    }
    b->sites = checks.table;
    return checks;
}

static void adapt_drop(TcgEngine *e, TcgBlock *b)
{
    engine_lock(e);
    if (b->valid) {
        block_drop_locked(e, b);
    }
    engine_unlock(e);
}

void adapt_note_count(TcgVcpu *v)
{
    TcgEnv *env = &v->cpu->env;

    if (env->entries_left < 0) {
        env->entries_left = ENTRIES_TO_LOOK;
    }
    v->counted = true;
    v->counted_pc = env->pc;
}

/* Has it been met before, not long ago? */
static bool adapt_meet(TcgVcpu *v, const TcgBlock *b)
{
    bool again = false;

    for (unsigned i = 0; i < ADAPT_WINDOW; i++) {
        again |= v->met[i] == b->key.host;
    }
    v->met[v->met_next++ % ADAPT_WINDOW] = b->key.host;
    return again;
}

bool adapt_counted(TcgVcpu *v, TcgBlock *b)
{
    bool here = v->counted && b && v->counted_pc == v->cpu->env.pc;

    v->counted = false;
    if (!here) {
        return false;
    }
    if (b->trial) {
        const TcgTrial *trial = &v->cpu->env.trial[b->trial - 1];
        IrChecks checks = adapt_judge(trial, b->sites);

        v->engine->stats.choices++;
        v->engine->stats.sites_table +=
            __builtin_popcount(checks.table & ~b->sites);
        adapt_advise(v, b, checks);
    } else if (adapt_meet(v, b)) {
        adapt_try(v, b);
    } else {
        return false;
    }
    adapt_drop(v->engine, b);
    return true;
}

void adapt_missed(void *env, uint64_t pc)
{
    X86Cpu *cpu = env;
    TcgVcpu *v = tcg_vcpu(cpu);

    cpu->env.misses_left = MISSES_TO_LOOK;
    v->stats.misses_seen++;
    cpu->env.pc = pc;
    TcgBlock *b = lookup_find(cpu);
    if (b && b->code.chooses && !b->trial && adapt_meet(v, b)) {
        adapt_try(v, b);
        adapt_drop(v->engine, b);
    }
}
