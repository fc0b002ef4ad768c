/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run loop: what has happened meanwhile, the next block, run it, why did it
 * come back.
 *
 * Being asked to leave (invariant): who asks sets exit_request and then points
 * env->jumps to an empty table, so that polls and indirect jumps come back. The
 * loop takes both back before it looks at what is pending, so a request that
 * comes later is seen by the code that is entered next.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/tcg.h"
#include "target/x86/apic.h"
#include "util/log.h"

#include <sched.h>

enum { RUN_ROUNDS_PER_SYNC = 16 }; /* it asks the host for the time */

/* Any thread, light code too. */
__attribute__((target("general-regs-only"))) void tcg_kick(X86Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    __atomic_store_n(&cpu->env.exit_request, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->env.jumps, v->engine->no_jumps, __ATOMIC_SEQ_CST);
}

static void run_take_back_requests(TcgVcpu *v)
{
    TcgEnv *env = &v->cpu->env;

    __atomic_store_n(&env->jumps, v->jumps, __ATOMIC_SEQ_CST);
    __atomic_store_n(&env->exit_request, 0, __ATOMIC_SEQ_CST);
}

/* What must be done before the next instruction. True: *why to leave. In a
 * counted run interrupts are taken the first time only. */
static bool run_events(X86Cpu *cpu, VcpuExit *why)
{
    bool later = cpu->interrupts_wait;

    x86_deliver_raised(cpu);
    /* Before interrupts: a profiler wants to see where it is, not the handler
     * of what came at the same time. */
    if (__atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST) & X86_PENDING_STOP) {
        x86_clear_pending(cpu, X86_PENDING_STOP);
        *why = VCPU_EXIT_STOP;
        return true;
    }
    while (!cpu->shutdown && x86_take_pending(cpu)) {
        cpu->monitor.waits = false;
    }
    cpu->interrupts_wait = cpu->env.insn_limit != UINT64_MAX;
    if (cpu->shutdown) {
        *why = VCPU_EXIT_SHUTDOWN;
        return true;
    }
    if (cpu->halted || cpu->wait_sipi || cpu->monitor.waits) {
        *why = VCPU_EXIT_HALT;
        x86_pv_eoi_settle(cpu); /* what comes may have its way then */
        if (cpu->wait_sipi || later || !x86_has_work(cpu)) {
            return true;
        }
        cpu->halted = false; /* woken for something that went away */
        cpu->monitor.waits = false;
    }
    return false;
}

/* Instructions that may still run, as the limit of a block. */
static unsigned run_limit(const TcgVcpu *v)
{
    uint64_t left = v->cpu->env.insn_limit - v->cpu->env.insn_count;
    return MIN(left, v->engine->insns_max);
}

/* A block that exists and fits the limit, or a new one. */
static TcgBlock *run_block(TcgVcpu *v)
{
    X86Cpu *cpu = v->cpu;

    if (v->one_insn) {
        v->one_insn = false;
        v->once_pc = cpu->env.pc;
        return block_translate(cpu, 1, true);
    }
    unsigned limit = run_limit(v);
    TcgBlock *b = lookup_find(cpu);
    if (adapt_counted(v, b)) {
        b = NULL;
    }
    if (b && b->insns <= limit) {
        return b;
    }
    b = block_translate(cpu, limit, false);
    if (b && limit < v->engine->insns_max) { /* others may look at it by now */
        b->brief = true;
    }
    return b;
}

static int run_one(TcgVcpu *v, TcgBlock *b)
{
    TcgEnv *env = &v->cpu->env;

    log_exec(v->cpu, b);
    if (v->once_pc != UINT64_MAX) {
        env->jumps = v->engine->no_jumps; /* back through lookup_next() */
    }
    v->plain = false;
    v->in_code = true;
    v->stats.entries++;
    int reason = v->engine->ctx.backend->run(&v->engine->ctx, env, &b->code);
    v->in_code = false;
    v->once_pc = UINT64_MAX;
    v->plain = reason == TCG_LEAVE_PLAIN;
    if (reason == TCG_LEAVE_COUNTED) {
        adapt_note_count(v);
    }
    if (b->brief) {
        block_drop_brief(v->engine, b);
    }
    return reason;
}

/* An instruction that the host cannot do atomically, while all other vCPUs
 * stand still. */
static bool run_alone(TcgVcpu *v)
{
    GMutex *translating = &v->engine->translating;

    hold_take_translating(v);
    hold_others(v, NULL);
    v->alone = true;
    v->alone_next = v->one_insn = false;
    v->once_pc = v->cpu->env.pc;
    v->stats.alone++;
    TcgBlock *b = block_translate_locked(v->cpu, 1, true);
    if (b) {
        run_one(v, b);
    }
    v->alone = false;
    hold_release(v);
    g_mutex_unlock(translating);
    return b != NULL;
}

/* Inside hold_enter(), with the RCU lock held. True: *why to leave. */
static bool run_step(TcgVcpu *v, VcpuExit *why)
{
    if (run_events(v->cpu, why)) {
        return true;
    }
    if (v->alone_next && run_alone(v)) {
        return false;
    }
    TcgBlock *b = run_block(v);
    if (!b) {
        log_printf("tcg: a block does not fit into the code buffer\n");
        *why = VCPU_EXIT_FAILED;
        return true;
    }
    switch (run_one(v, b)) {
    case TCG_LEAVE_LOOKUP:
    case TCG_LEAVE_REQUEST:
    case TCG_LEAVE_RAISED:
    case TCG_LEAVE_EVENT:
    case TCG_LEAVE_PLAIN:
    case TCG_LEAVE_COUNTED:
    default: /* the architecture's own: the state says what */
        break;
    }
    if (v->cpu->env.insn_count >= v->cpu->env.insn_limit) {
        *why = VCPU_EXIT_STOP;
        return true;
    }
    return false;
}

static VcpuExit run_loop(TcgVcpu *v)
{
    VcpuExit why;
    bool left;
    unsigned rounds = 0;

    v->thread = pthread_self();
    v->no_chain = log_on(LOG_NOCHAIN);
    v->deliver_outside = v->no_chain || log_on(LOG_INT) ||
                         v->engine->count_insns ||
                         (v->engine->ctx.switches & TCG_OFF_DELIVER);
    host_signals_enter(&v->engine->ctx);
    do {
        if (rounds++ % RUN_ROUNDS_PER_SYNC == 0) {
            x86_tsc_sync(v->cpu);
            tcg_tell_steal(v);
        }
        /* Not held for ever: memory that was retired waits for it. */
        rcu_read_lock();
        run_take_back_requests(v);
        hold_enter(v);
        left = run_step(v, &why);
        hold_leave(v);
        rcu_read_unlock();
        if (v->cpu->yield) {
            v->cpu->yield = false;
            sched_yield();
        }
    } while (!left);
    host_signals_enter(NULL);
    return why;
}

VcpuExit tcg_run(Accel *accel, X86Cpu *cpu)
{
    cpu->env.insn_limit = UINT64_MAX;
    return run_loop(tcg_vcpu(cpu));
}

VcpuExit tcg_run_insns(Accel *accel, X86Cpu *cpu, uint64_t insns)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    g_assert(v->engine->count_insns);
    if (!insns) {
        return VCPU_EXIT_STOP;
    }
    cpu->env.insn_limit = cpu->env.insn_count + insns;
    VcpuExit why = run_loop(v);
    cpu->interrupts_wait = false;
    return why;
}
