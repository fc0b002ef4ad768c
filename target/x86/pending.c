/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the run loop does between translated blocks: deliver raised exceptions,
 * take interrupts, resets and start-up messages in the order of the manual, and
 * tell whether a halted CPU has something to do.
 *
 * SDM 3A 6.9 (priorities), 8.4 (start-up); 3B 17.3 (debug traps).
 */
#include "target/x86/apic.h"
#include "target/x86/system/system.h"
#include "util/log.h"

enum { DR7_GD = 1u << 13 };

/* ---- any thread ---------------------------------------------------------- */

/* A processor takes an NMI at once and keeps one more while it serves it; so
 * two may wait for us. */
static uint32_t pending_add(const X86Cpu *cpu, uint32_t old, uint32_t bits)
{
    bool again = (bits & old & X86_PENDING_NMI) && !cpu->nmi_blocked;

    return old | bits | (again ? X86_PENDING_NMI_AGAIN : 0);
}

void x86_set_pending(X86Cpu *cpu, uint32_t bits)
{
    uint32_t old = __atomic_load_n(&cpu->pending, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(&cpu->pending, &old,
                                        pending_add(cpu, old, bits), true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    if (cpu->kick) {
        cpu->kick(cpu);
    }
}

void x86_clear_pending(X86Cpu *cpu, uint32_t bits)
{
    __atomic_fetch_and(&cpu->pending, ~bits, __ATOMIC_SEQ_CST);
}

void x86_set_a20(X86Cpu *cpu, bool enabled)
{
    uint64_t mask = enabled ? UINT64_MAX : ~(UINT64_C(1) << 20);

    if (__atomic_exchange_n(&cpu->a20_mask, mask, __ATOMIC_SEQ_CST) != mask) {
        x86_set_pending(cpu, X86_PENDING_A20);
    }
}

static uint32_t pending_bits(const X86Cpu *cpu)
{
    return __atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST);
}

/* ---- exceptions ---------------------------------------------------------- */

static void log_event(const X86Cpu *cpu, const X86Event *ev)
{
    if (log_on(LOG_INT)) {
        log_printf("cpu %u: %s v=%02x e=%04x cpl=%u ip=%04x:%016" PRIx64
                   " sp=%04x:%016" PRIx64 " cr2=%016" PRIx64 "\n",
                   cpu->index,
                   ev->soft        ? "int"
                   : ev->interrupt ? "irq"
                                   : "exc",
                   ev->vector, ev->has_error ? ev->error : 0, x86_cpl(cpu),
                   cpu->seg[X86_CS].selector, cpu->env.pc,
                   cpu->seg[X86_SS].selector, cpu->env.r[X86_RSP], cpu->cr2);
    }
}

static void pending_shutdown(X86Cpu *cpu)
{
    if (log_on(LOG_INT) || log_on(LOG_RESET)) {
        log_printf("cpu %u: triple fault at %04x:%016" PRIx64 "\n", cpu->index,
                   cpu->seg[X86_CS].selector, cpu->env.pc);
    }
    if (cpu->on_shutdown) {
        cpu->on_shutdown(cpu->on_shutdown_opaque);
    }
}

/* What was raised beyond the exceptions. A state that was loaded may ask for
 * anything. */
static void pending_other(X86Cpu *cpu)
{
    int what = cpu->raised;

    cpu->raised = -1;
    if (what == X86_RAISED_VMRUN && !cpu->svm.guest) {
        x86_svm_enter(cpu);
    } else if (what == X86_RAISED_EXIT && cpu->svm.guest) {
        x86_svm_leave(cpu);
    } else if (what == X86_RAISED_RSM && cpu->smm) {
        x86_smm_leave(cpu);
    }
}

static void pending_deliver(X86Cpu *cpu, const X86Event *ev)
{
    log_event(cpu, ev);
    x86_deliver(cpu, ev);
    if (cpu->shutdown) {
        pending_shutdown(cpu);
    }
    if (cpu->raised >= X86_RAISED_VMRUN) {
        pending_other(cpu);
    }
}

/* Breakpoints that the last instruction has hit: a trap of their own, part of
 * the one that is there (a single step), or nothing after a fault, which starts
 * it again. MOV SS holds them, and INT n behind it goes first. */
static void pending_breakpoints(X86Cpu *cpu)
{
    bool none = cpu->raised < 0;

    if (none ? cpu->inhibit != 0 : cpu->raised_soft) {
        return;
    }
    if (none) {
        x86_set_dr6(cpu, 0);
        cpu->raised = EXC_DB;
        cpu->raised_has_error = cpu->raised_soft = false;
    }
    cpu->dr[6] |= cpu->raised == EXC_DB ? cpu->debug_hits : 0;
    cpu->debug_hits = 0;
}

/* Does the instruction at pc use the stack, or memory by way of SS? Of one that
 * has an operand and the stack, the operand is taken for the culprit. */
static bool pending_is_of_stack(X86Cpu *cpu)
{
    X86DecodeResult result = X86_DECODE_SHORT;
    uint8_t bytes[X86_INSN_MAX];
    uint64_t byte;
    hwaddr paddr;
    X86Insn insn;

    for (unsigned len = 0; result == X86_DECODE_SHORT && len < sizeof(bytes);
         len++) {
        if (!x86_mmu_peek(cpu, cpu->env.pc + len, &paddr)) {
            return false;
        }
        space_load(cpu->memory, paddr, 1, &byte);
        bytes[len] = byte;
        result = x86_decode(&insn, bytes, len + 1, cpu->key.code);
    }
    if (result != X86_DECODE_OK) {
        return false;
    }
    return insn.has_mem && insn.mem_bytes
               ? insn.mem.seg == X86_SS
               : (insn.row->gpr_in & 1u << X86_RSP) != 0;
}

void x86_deliver_raised(X86Cpu *cpu)
{
    if (cpu->debug_hits) {
        pending_breakpoints(cpu);
    }
    if (cpu->raised < 0) {
        return;
    }
    if (cpu->raised >= X86_RAISED_VMRUN) {
        pending_other(cpu);
        return;
    }
    X86Event ev = x86_raised_event(cpu);
    cpu->raised = -1;
    if (ev.vector == EXC_GP && !ev.soft && cpu->raised_not_canonical &&
        pending_is_of_stack(cpu)) {
        ev.vector = EXC_SS; /* SDM 3A 6.15, #SS */
    }
    if (ev.vector == EXC_DB) {
        cpu->dr[7] &= ~(uint64_t)DR7_GD;
        cpu->debugctl &= ~(uint64_t)DEBUGCTL_BTF; /* SDM 3B 17.4.3 */
    }
    pending_deliver(cpu, &ev);
}

void x86_deliver_injected(X86Cpu *cpu, const X86Event *ev)
{
    pending_deliver(cpu, ev);
}

static void pending_interrupt(X86Cpu *cpu, uint8_t vector, bool nmi)
{
    X86Event ev = { .vector = vector,
                    .interrupt = true,
                    .nmi = nmi,
                    .return_pc = cpu->env.pc };

    cpu->halted = false;
    pending_deliver(cpu, &ev);
}

/* ---- start-up ------------------------------------------------------------ */

static void pending_init(X86Cpu *cpu)
{
    x86_cpu_reset(cpu, true);
    cpu->wait_sipi = !(cpu->apic_base & 1u << 8);
}

static void pending_sipi(X86Cpu *cpu)
{
    X86Segment *cs = &cpu->seg[X86_CS];

    if (!cpu->wait_sipi) {
        return;
    }
    cs->selector = cpu->sipi_vector << 8;
    cs->base = cpu->sipi_vector << 12;
    cpu->env.pc = 0;
    cpu->halted = cpu->wait_sipi = false;
    x86_update_key(cpu);
}

static bool pending_machine(X86Cpu *cpu, uint32_t bits)
{
    if (bits & X86_PENDING_RESET) {
        x86_clear_pending(cpu, UINT32_MAX & ~X86_PENDING_STOP);
        x86_cpu_reset(cpu, false);
        return true;
    }
    if (bits & X86_PENDING_INIT) {
        x86_clear_pending(cpu, X86_PENDING_INIT);
        pending_init(cpu);
        return true;
    }
    if (bits & X86_PENDING_SIPI) {
        x86_clear_pending(cpu, X86_PENDING_SIPI);
        pending_sipi(cpu);
        return true;
    }
    return false;
}

bool x86_take_machine_pending(X86Cpu *cpu)
{
    return pending_machine(cpu, pending_bits(cpu));
}

void x86_shut_down(X86Cpu *cpu)
{
    cpu->shutdown = true;
    pending_shutdown(cpu);
}

/* ---- interrupts ---------------------------------------------------------- */

/* Interrupts of the machine. A guest with virtual masking has no say in it.
 * APM 2 15.21.1. */
static bool interrupts_enabled(const X86Cpu *cpu)
{
    uint64_t flags = x86_svm_masking(cpu) ? cpu->svm.host.rflags : cpu->eflags;

    return cpu->svm.gif && (flags & EFLAGS_IF);
}

/* The guest's virtual one. APM 2 15.21.4. */
static bool virtual_interrupt_open(const X86Cpu *cpu)
{
    uint32_t ctl = cpu->svm.int_ctl;

    return cpu->svm.guest && cpu->svm.gif && (ctl & SVM_V_IRQ) &&
           (!(ctl & SVM_V_GIF_ENABLE) || (ctl & SVM_V_GIF)) &&
           (cpu->eflags & EFLAGS_IF) &&
           ((ctl & SVM_V_IGNORE_TPR) ||
            (ctl >> SVM_V_PRIORITY_POS & 15) > (ctl & SVM_V_TPR));
}

/* Leave the guest for an event that stays pending. */
static bool pending_exits(X86Cpu *cpu, SvmExit why)
{
    if (!x86_svm_intercepts(cpu, why)) {
        return false;
    }
    x86_svm_record_exit(cpu, why, 0, 0, 0);
    x86_svm_leave(cpu);
    return true;
}

/* The vector of a maskable interrupt; -1: none after all. */
static int pending_vector(X86Cpu *cpu, uint32_t bits)
{
    int vector = -1;

    if ((bits & X86_PENDING_APIC)) {
        /* Cleared first: whoever posts meanwhile sets it again. */
        x86_clear_pending(cpu, X86_PENDING_APIC);
        vector = x86_apic_pending_vector(cpu->apic);
        if (vector >= 0) {
            x86_apic_accept(cpu->apic, vector);
            if (x86_apic_pending_vector(cpu->apic) >= 0) {
                x86_set_pending(cpu, X86_PENDING_APIC);
            }
            return vector;
        }
    }
    if ((bits & X86_PENDING_INTR) && cpu->pic_ack) {
        vector = cpu->pic_ack(cpu->pic_opaque);
        if (vector < 0) {
            x86_clear_pending(cpu, X86_PENDING_INTR);
        }
    }
    return vector;
}

int x86_take_vector(X86Cpu *cpu)
{
    x86_pv_eoi_settle(cpu);
    return pending_vector(cpu, pending_bits(cpu));
}

static void pending_take_nmi(X86Cpu *cpu)
{
    uint32_t old = pending_bits(cpu), left;

    do {
        left = old & ~(old & X86_PENDING_NMI_AGAIN ? X86_PENDING_NMI_AGAIN
                                                   : X86_PENDING_NMI);
    } while (!__atomic_compare_exchange_n(&cpu->pending, &old, left, true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    cpu->nmi_blocked = true;
}

static void pending_memory_map(X86Cpu *cpu, uint32_t bits)
{
    if (bits & (X86_PENDING_FLUSH | X86_PENDING_A20)) {
        x86_clear_pending(cpu, X86_PENDING_FLUSH | X86_PENDING_A20);
        if (cpu->mmu_ops) {
            cpu->mmu_ops->flush_all(cpu);
        }
    }
}

/* Above all others: SDM 3A table 6-2. */
static bool pending_machine_check(X86Cpu *cpu, uint32_t bits)
{
    if (!(bits & X86_PENDING_MC) || !cpu->svm.gif) {
        return false;
    }
    X86Event ev = { .vector = EXC_MC, .return_pc = cpu->env.pc };

    x86_clear_pending(cpu, X86_PENDING_MC);
    cpu->halted = false;
    pending_deliver(cpu, &ev);
    return true;
}

static bool pending_nmi(X86Cpu *cpu, uint32_t bits)
{
    if (!(bits & X86_PENDING_NMI) || cpu->nmi_blocked || cpu->inhibit ||
        !cpu->svm.gif) {
        return false;
    }
    if (!pending_exits(cpu, SVM_EXIT_NMI)) {
        pending_take_nmi(cpu);
        pending_interrupt(cpu, EXC_NMI, true);
    }
    return true;
}

static bool pending_has_vector(const X86Cpu *cpu, uint32_t bits)
{
    return (bits & X86_PENDING_INTR) ||
           ((bits & X86_PENDING_APIC) &&
            x86_apic_pending_vector(cpu->apic) >= 0);
}

static bool pending_take_interrupt(X86Cpu *cpu, uint32_t bits)
{
    if (!(bits & (X86_PENDING_APIC | X86_PENDING_INTR)) || cpu->inhibit ||
        !interrupts_enabled(cpu)) {
        return false;
    }
    if (cpu->svm.guest && pending_has_vector(cpu, bits) &&
        pending_exits(cpu, SVM_EXIT_INTR)) {
        return true;
    }
    int vector = pending_vector(cpu, bits);

    if (vector >= 0) {
        pending_interrupt(cpu, vector, false);
    }
    return vector >= 0;
}

static bool pending_take_virtual(X86Cpu *cpu)
{
    if (cpu->inhibit || !virtual_interrupt_open(cpu)) {
        return false;
    }
    if (!pending_exits(cpu, SVM_EXIT_VINTR)) {
        cpu->svm.int_ctl &= ~(uint32_t)SVM_V_IRQ;
        x86_clear_pending(cpu, X86_PENDING_VINTR);
        pending_interrupt(cpu, cpu->svm.int_vector, false);
    }
    return true;
}

/* False: it is not for the processor itself to take. */
static bool pending_start_up(X86Cpu *cpu, uint32_t bits)
{
    if (!(bits & X86_PENDING_RESET)) {
        if (!cpu->svm.gif || cpu->smm) {
            return false;
        }
        if ((bits & X86_PENDING_INIT) && pending_exits(cpu, SVM_EXIT_INIT)) {
            return true;
        }
    }
    return pending_machine(cpu, bits);
}

/* Before INIT: SDM 3A table 6-2. */
static bool pending_smi(X86Cpu *cpu, uint32_t bits)
{
    bool closed = cpu->smm || cpu->inhibit || !cpu->svm.gif || cpu->wait_sipi ||
                  cpu->shutdown || cpu->interrupts_wait;

    if (!(bits & X86_PENDING_SMI) || (bits & X86_PENDING_RESET) || closed) {
        return false;
    }
    if (!pending_exits(cpu, SVM_EXIT_SMI)) {
        x86_clear_pending(cpu, X86_PENDING_SMI);
        x86_smm_enter(cpu);
    }
    return true;
}

bool x86_take_pending(X86Cpu *cpu)
{
    uint32_t bits = pending_bits(cpu);

    if (!bits) {
        return false;
    }
    pending_memory_map(cpu, bits);
    if (bits & X86_PENDING_APIC) {
        x86_pv_eoi_settle(cpu);
        bits = pending_bits(cpu);
    }
    if (pending_smi(cpu, bits) || pending_start_up(cpu, bits)) {
        return true;
    }
    if (cpu->wait_sipi || cpu->shutdown) {
        return false;
    }
    if ((bits & X86_PENDING_KICK) && cpu->halted) {
        x86_clear_pending(cpu, X86_PENDING_KICK);
        cpu->halted = false;
    }
    if (cpu->interrupts_wait) {
        return false;
    }
    return pending_machine_check(cpu, bits) || pending_nmi(cpu, bits) ||
           pending_take_interrupt(cpu, bits) || pending_take_virtual(cpu);
}

/* What MWAIT waits for and HLT does not. */
static bool pending_ends_mwait(X86Cpu *cpu, uint32_t bits)
{
    return cpu->monitor.waits &&
           (x86_monitor_written(cpu) ||
            (cpu->monitor.masked && pending_has_vector(cpu, bits)));
}

bool x86_has_work(X86Cpu *cpu)
{
    uint32_t bits = pending_bits(cpu);
    const uint32_t always = X86_PENDING_RESET | X86_PENDING_STOP |
                            X86_PENDING_FLUSH | X86_PENDING_A20;

    if (bits & always || pending_ends_mwait(cpu, bits)) {
        return true;
    }
    if (!cpu->svm.gif) {
        return false;
    }
    if (((bits & X86_PENDING_INIT) && !cpu->smm) || (bits & X86_PENDING_MC)) {
        return true;
    }
    if (cpu->wait_sipi) {
        return bits & X86_PENDING_SIPI;
    }
    return ((bits & X86_PENDING_SMI) && !cpu->smm) ||
           (bits & X86_PENDING_KICK) ||
           ((bits & X86_PENDING_NMI) && !cpu->nmi_blocked) ||
           (interrupts_enabled(cpu) && pending_has_vector(cpu, bits)) ||
           virtual_interrupt_open(cpu);
}
