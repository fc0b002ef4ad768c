/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions without the run loop: translated code stays where it is, with the
 * guest's vector state, and goes on at the handler. What others want to see
 * first (debugging, a guest's host, triple faults) is left to the loop.
 *
 * Light.
 */
#include "target/x86/system/system.h"

/* What comes before the fetch: breakpoints, CS's limit; and a host that wants
 * to know. */
static bool fetch_is_plain(const X86Cpu *cpu)
{
    return cpu->raised < 0 && !cpu->key.dr7 && !cpu->key.svm &&
           !cpu->key.cs_limit && cpu->key.code != X86_CODE16;
}

void x86_record_fetch_fault(X86Cpu *cpu, vaddr linear)
{
    X86Translation t;

    if (fetch_is_plain(cpu) &&
        !x86_mmu_translate(cpu, linear, X86_EXEC, cpu->env.mode, false, &t) &&
        t.vector == EXC_PF) {
        x86_record_pf(cpu, linear, t.error);
    }
}

X86Event x86_raised_event(const X86Cpu *cpu)
{
    return (X86Event){
        .vector = cpu->raised,
        .soft = cpu->raised_soft,
        .int_n = cpu->raised_soft && cpu->raised_int_n,
        .has_error = cpu->raised_has_error,
        .error = cpu->raised_error,
        .return_pc = cpu->raised_soft ? cpu->raised_next_pc : cpu->env.pc,
    };
}

/* No debug exception, nothing that a guest's host might want, no #GP that may
 * turn out to be #SS; and nobody waits for the end of STI's shadow, which the
 * loop would see. */
static bool deliver_is_plain(const X86Cpu *cpu)
{
    bool plain =
        cpu->raised_soft || cpu->raised != EXC_GP || !cpu->raised_not_canonical;

    return cpu->raised >= 0 && cpu->raised < X86_RAISED_VMRUN && plain &&
           cpu->raised != EXC_DB && !cpu->debug_hits && !cpu->svm.guest &&
           !cpu->inhibit;
}

bool x86_deliver_here(X86Cpu *cpu)
{
    int raised = cpu->raised;

    if (!deliver_is_plain(cpu)) {
        return false;
    }
    X86Event ev = x86_raised_event(cpu);

    x86_deliver(cpu, &ev);
    if (!cpu->shutdown) {
        return true;
    }
    /* Others want to know: let them see it happen. */
    cpu->shutdown = false;
    cpu->raised = raised;
    cpu->raised_soft = ev.soft;
    cpu->raised_int_n = ev.int_n;
    cpu->raised_has_error = ev.has_error;
    cpu->raised_error = ev.error;
    return false;
}
