/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One instruction by the translator, for what KVM cannot emulate. The
 * translator is attached for that instruction only; its blocks are made for one
 * run, so nothing that the guest writes under KVM can make them wrong.
 */
#include "accel/kvm/kvm.h"

#include "accel/tcg/tcg.h"
#include "util/log.h"

#include <urcu.h>

static Accel *step_translator(KvmEngine *e)
{
    g_autoptr(GError) err = NULL;

    if (!e->stepper) {
        e->stepper = accel_tcg.create("count=on,tb-size=1,unlock=off",
                                      e->parent.memory, e->parent.io, &err);
        if (!e->stepper) {
            log_printf("kvm: no translator to step with: %s\n", err->message);
        }
    }
    return e->stepper;
}

static bool step_run(Accel *tcg, X86Cpu *cpu)
{
    g_autoptr(GError) err = NULL;

    if (!accel_tcg.vcpu_init(tcg, cpu, &err)) {
        log_printf("kvm: cpu %u: %s\n", cpu->index, err->message);
        return false;
    }
    uint64_t before = cpu->env.insn_count;
    VcpuExit why = tcg_run_insns(tcg, cpu, 1);

    if (why == VCPU_EXIT_STOP && cpu->env.insn_count == before) {
        x86_set_pending(cpu, X86_PENDING_STOP); /* it was meant for us */
    }
    /* KVM could not: of INT n it would not know where to return to. */
    rcu_read_lock();
    x86_deliver_raised(cpu);
    rcu_read_unlock();
    accel_tcg.vcpu_clear(tcg, cpu);
    return why != VCPU_EXIT_FAILED;
}

bool kvm_step(KvmVcpu *v)
{
    KvmEngine *e = v->engine;
    X86Cpu *cpu = v->cpu;

    g_autoptr(GError) err = NULL;

    if (!kvm_check_nested(v, &err) || !kvm_take_state(v, &err)) {
        log_printf("kvm: cpu %u: %s\n", cpu->index, err->message);
        return false;
    }
    g_mutex_lock(&e->step_lock);
    Accel *tcg = step_translator(e);
    bool ok = tcg && step_run(tcg, cpu);

    g_mutex_unlock(&e->step_lock);
    cpu->mmu_ops = &kvm_mmu_ops;
    return ok;
}

void kvm_step_clear(KvmEngine *e)
{
    if (e->stepper) {
        accel_tcg.destroy(e->stepper);
        e->stepper = NULL;
    }
}
