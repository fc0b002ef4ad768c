/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run loop: what has happened meanwhile, into the guest, why did it come
 * back. Of the same shape as the translator's.
 */
#include "accel/kvm/kvm.h"

#include "target/x86/apic.h"
#include "util/error.h"
#include "util/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>

/* ---- leaving ------------------------------------------------------------- */

static void run_on_signal(int sig)
{
}

/* Not SA_RESTART: the signal is there to interrupt. */
void kvm_install_signal(void)
{
    struct sigaction sa = { .sa_handler = run_on_signal };

    sigaction(KVM_SIGNAL, &sa, NULL);
}

/* Any thread, light code too. */
__attribute__((target("general-regs-only"))) void kvm_kick(X86Cpu *cpu)
{
    KvmVcpu *v = kvm_vcpu(cpu);

    __atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&v->inside, __ATOMIC_SEQ_CST)) {
        pthread_kill(v->thread, KVM_SIGNAL);
    }
}

/* ---- before the guest ---------------------------------------------------- */

/* Reset, INIT and start-up messages are X86Cpu's business. */
static bool run_machine_events(KvmVcpu *v, VcpuExit *why)
{
    g_autoptr(GError) err = NULL;

    if (!kvm_take_state(v, &err)) {
        log_printf("kvm: cpu %u: %s\n", v->cpu->index, err->message);
        *why = VCPU_EXIT_FAILED;
        return false;
    }
    while (x86_take_machine_pending(v->cpu)) {
    }
    v->ours = true;
    return true;
}

/* What happens to the whole machine or to the whole processor. True: *why to
 * leave. With a clean state only. */
static bool run_big_events(KvmVcpu *v, uint32_t bits, VcpuExit *why)
{
    X86Cpu *cpu = v->cpu;
    const uint32_t machine =
        X86_PENDING_RESET | X86_PENDING_INIT | X86_PENDING_SIPI;

    if ((bits & machine) && !run_machine_events(v, why)) {
        return true;
    }
    if (bits & X86_PENDING_STOP) {
        x86_clear_pending(cpu, X86_PENDING_STOP);
        kvm_late_flush(v);
        kvm_bells_flush(v->engine);
        *why = VCPU_EXIT_STOP;
        return true;
    }
    if (cpu->shutdown) {
        *why = VCPU_EXIT_SHUTDOWN;
        return true;
    }
    if (kvm_has_apics(v->engine)) {
        return false; /* KVM knows when it halts */
    }
    if (cpu->wait_sipi || (cpu->halted && !x86_has_work(cpu))) {
        *why = VCPU_EXIT_HALT;
        return true;
    }
    cpu->halted = false;
    return false;
}

/* KVM has no line 20 to mask, and its TLB follows the slots. */
static void run_map_events(X86Cpu *cpu, uint32_t bits)
{
    if (bits & X86_PENDING_A20 && cpu->a20_mask != UINT64_MAX) {
        log_unimplemented("kvm: address line 20 cannot be masked\n");
    }
    x86_clear_pending(cpu, X86_PENDING_FLUSH | X86_PENDING_A20);
}

static void run_inject_nmi(KvmVcpu *v, uint32_t bits)
{
    if (bits & X86_PENDING_SMI) {
        x86_clear_pending(v->cpu, X86_PENDING_SMI);
        log_unimplemented("cpu %u: system management interrupt\n",
                          v->cpu->index);
    }
    if (bits & X86_PENDING_NMI) {
        x86_clear_pending(v->cpu, X86_PENDING_NMI);
        ioctl(v->fd, KVM_NMI);
    }
}

/* Does an interrupt wait that the APIC would let through? KVM's APIC serves
 * itself. */
static bool run_interrupt_waits(const KvmVcpu *v)
{
    const X86Cpu *cpu = v->cpu;
    uint32_t bits = __atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST);

    if (kvm_has_chips(v->engine)) {
        return false;
    }
    return (bits & X86_PENDING_INTR) ||
           (!kvm_has_apics(v->engine) && (bits & X86_PENDING_APIC) &&
            x86_apic_pending_vector(cpu->apic) >= 0);
}

/* An interrupt when the guest can take it, or a window when one waits. */
static void run_inject_interrupt(KvmVcpu *v)
{
    X86Cpu *cpu = v->cpu;

    if (kvm_has_apics(v->engine)) {
        x86_clear_pending(cpu, X86_PENDING_APIC);
    }
    if (run_interrupt_waits(v) && v->run->ready_for_interrupt_injection) {
        struct kvm_interrupt irq = { .irq = x86_take_vector(cpu) };

        v->run->ready_for_interrupt_injection = 0;
        if ((int)irq.irq >= 0 && ioctl(v->fd, KVM_INTERRUPT, &irq) != 0) {
            log_printf("kvm: cpu %u: KVM_INTERRUPT %02x: %s\n", cpu->index,
                       irq.irq, g_strerror(errno));
        }
    }
    v->run->request_interrupt_window = run_interrupt_waits(v);
}

/* True: *why to leave. */
static bool run_events(KvmVcpu *v, VcpuExit *why)
{
    X86Cpu *cpu = v->cpu;
    uint32_t bits = __atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST);
    const uint32_t big = X86_PENDING_RESET | X86_PENDING_INIT |
                         X86_PENDING_SIPI | X86_PENDING_STOP;

    if (bits & (X86_PENDING_FLUSH | X86_PENDING_A20)) {
        run_map_events(cpu, bits);
    }
    v->complete = (bits & big) && !v->clean;
    if (v->clean && run_big_events(v, bits, why)) {
        return true;
    }
    run_inject_nmi(v, bits);
    return false;
}

/* Inside: has nothing come since the events were looked at? */
static bool run_still_true(KvmVcpu *v)
{
    const uint32_t some = X86_PENDING_INTR | X86_PENDING_APIC | X86_PENDING_MC;
    uint32_t bits = __atomic_load_n(&v->cpu->pending, __ATOMIC_SEQ_CST);

    if (v->complete) {
        v->run->immediate_exit = 1;
        return true;
    }
    return !(bits & ~some) &&
           run_interrupt_waits(v) <= v->run->request_interrupt_window;
}

/* Give the state to KVM if X86Cpu has it. */
static bool run_give(KvmVcpu *v)
{
    g_autoptr(GError) err = NULL;
    X86Cpu *cpu = v->cpu;

    if (!v->ours) {
        return true;
    }
    bool ready = (cpu->eflags & EFLAGS_IF) && !cpu->inhibit && cpu->raised < 0;

    if (!kvm_give_state(v, &err)) {
        log_printf("kvm: cpu %u: %s\n", cpu->index, err->message);
        return false;
    }
    v->run->ready_for_interrupt_injection = ready;
    return true;
}

/* ---- the loop ------------------------------------------------------------ */

/* CR8 is the APIC's task priority. */
static void run_take_tpr(KvmVcpu *v)
{
    X86Cpu *cpu = v->cpu;

    if (!kvm_has_apics(v->engine) &&
        v->run->cr8 != x86_apic_tpr(cpu->apic) >> 4) {
        x86_apic_set_tpr(cpu, v->run->cr8 << 4);
    }
}

/* Into the guest and back. False: it failed, *why says so. */
static bool run_enter(KvmVcpu *v, VcpuExit *why)
{
    v->run->cr8 = x86_apic_tpr(v->cpu->apic) >> 4;
    v->stats.entries++;
    int err = ioctl(v->fd, KVM_RUN, 0) < 0 ? errno : 0;

    kvm_vcpu_leave(v);
    run_take_tpr(v);
    if (err == EINTR || err == EAGAIN) {
        v->clean = true;
        v->stats.signals++;
        return true;
    }
    if (err) {
        kvm_report(v, "KVM_RUN: %s", g_strerror(err));
        *why = VCPU_EXIT_FAILED;
        return false;
    }
    switch (kvm_handle_exit(v)) {
    case DONE_GO_ON:
        return true;
    case DONE_SHUTDOWN:
        *why = VCPU_EXIT_SHUTDOWN;
        return false;
    case DONE_DEBUG:
        *why = VCPU_EXIT_DEBUG;
        return false;
    case DONE_FAILED:
    default:
        *why = VCPU_EXIT_FAILED;
        return false;
    }
}

VcpuExit kvm_run(Accel *accel, X86Cpu *cpu)
{
    KvmVcpu *v = kvm_vcpu(cpu);
    g_autoptr(GError) err = NULL;
    VcpuExit why = VCPU_EXIT_FAILED;

    v->thread = pthread_self();
    if (!v->ours && !kvm_put_tsc(v, &err)) { /* the clock stood still? */
        log_printf("kvm: cpu %u: %s\n", cpu->index, err->message);
        return why;
    }
    while (!run_events(v, &why)) {
        if (!run_give(v)) {
            return VCPU_EXIT_FAILED;
        }
        run_inject_interrupt(v);
        kvm_vcpu_enter(v);
        if (!run_still_true(v)) {
            kvm_vcpu_leave(v);
        } else if (!run_enter(v, &why)) {
            break;
        }
    }
    return why;
}
