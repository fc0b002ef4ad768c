/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a virtual CPU under the translator: take what is pending, find
 * or make the block at pc, run, look why it came back.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/signals.h"
#include "util/log.h"

#include <inttypes.h>

void engine_kick(X86Cpu *cpu)
{
    TcgCpu *t = engine_cpu(cpu);

    if (!t) {
        return;
    }
    __atomic_store_n(&cpu->env.exit_request, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->env.jumps, t->no_jumps, __ATOMIC_SEQ_CST);
}

/* From here on a kick makes the next run() come back at once; what was asked
 * before is looked at now. */
static void run_accept_kicks(TcgCpu *t)
{
    X86Cpu *cpu = t->cpu;

    __atomic_store_n(&cpu->env.jumps, t->jumps, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->env.exit_request, 0, __ATOMIC_SEQ_CST);
    engine_take_writes(t->engine);
}

static bool run_stop_asked(const X86Cpu *cpu)
{
    return __atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST) & X86_PENDING_STOP;
}

static void run_link(TcgCpu *t, TcgBlock *b)
{
    TcgEngine *e = t->engine;
    TcgCode *from = t->link_from;

    t->link_from = NULL;
    if (from && !t->one_insn && b->valid && !from->exit[t->link_exit].to &&
        e->ctx.can_link(from, t->link_exit, &b->code)) {
        engine_link(e, from, t->link_exit, &b->code);
    }
}

static void run_log(const TcgBlock *b, X86Cpu *cpu)
{
    if (log_on(LOG_EXEC)) {
        log_printf("Trace %p [%08x/%016" PRIx64 "/%08x]\n", (void *)b,
                   (unsigned)b->cs_base, b->pc, b->key);
    }
    if (log_on(LOG_CPU)) {
        g_autoptr(GString) text = g_string_new(NULL);

        x86_cpu_print(cpu, text);
        log_printf("%s", text->str);
    }
}

/* One stay in translated code; what it came back for. */
static int run_block(TcgCpu *t)
{
    TcgEngine *e = t->engine;
    TcgBlock *b = engine_get_block(t);
    int reason;

    if (!b) {
        return TCG_LEAVE_RAISED;
    }
    run_link(t, b);
    if (b->valid && !t->one_insn) {
        engine_remember_jump(t, b);
    }
    run_log(b, t->cpu);
    reason = e->ctx.backend->run(&e->ctx, &t->cpu->env, &b->code);
    e->stats.leaves++;
    t->one_insn = false;
    return reason;
}

VcpuExit engine_run(Accel *accel, X86Cpu *cpu)
{
    TcgCpu *t = engine_cpu(cpu);
    VcpuExit why = 0;

    x86_tsc_sync(cpu);
    engine_signals_enter(t);
    t->thread = pthread_self();
    t->running = true;
    while (!why) {
        run_accept_kicks(t);
        if (run_stop_asked(cpu)) {
            why = VCPU_EXIT_STOP;
            break;
        }
        x86_take_pending(cpu);
        if (cpu->shutdown) {
            why = VCPU_EXIT_SHUTDOWN;
            break;
        }
        if (cpu->halted || cpu->wait_sipi) {
            if (!x86_has_work(cpu)) {
                why = VCPU_EXIT_HALT;
                break;
            }
            cpu->halted = false;
        }
        switch (run_block(t)) {
        case TCG_LEAVE_RAISED:
            x86_deliver_raised(cpu);
            break;
        case ENGINE_LEAVE_SMC:
            t->one_insn = true;
            break;
        default: /* look-up, request, event: the loop's top sees to it */
            break;
        }
    }
    t->running = false;
    engine_signals_leave();
    return why;
}
