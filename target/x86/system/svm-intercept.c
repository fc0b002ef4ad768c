/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does an SVM guest's host want to know? Translated code asks before
 * instructions that may be intercepted, in guests only (key.svm); what is found
 * here is recorded, and the run loop leaves the guest (svm-run.c).
 *
 * Light. APM 2 15.7 to 15.13.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

/* ---- recording ----------------------------------------------------------- */

void x86_svm_record_exit(X86Cpu *cpu, uint64_t code, uint64_t info1,
                         uint64_t info2, uint64_t next_pc)
{
    X86Svm *svm = &cpu->svm;

    svm->exit_code = code;
    svm->exit_info1 = info1;
    svm->exit_info2 = info2;
    svm->exit_next_rip = next_pc;
    svm->exit_int_info = svm->exit_int_error = 0;
    cpu->raised = X86_RAISED_EXIT;
}

void x86_svm_exit(X86Cpu *cpu, uint64_t code, uint64_t info1, uint64_t info2,
                  uint64_t next_pc)
{
    x86_svm_record_exit(cpu, code, info1, info2, next_pc);
    x86_raise_other(cpu, X86_RAISED_EXIT);
}

void x86_svm_record_event(X86Cpu *cpu, const X86Event *ev)
{
    unsigned type = ev->nmi         ? SVM_EVENT_NMI
                    : ev->interrupt ? SVM_EVENT_INTR
                    : ev->int_n     ? SVM_EVENT_SOFT
                                    : SVM_EVENT_EXCEPTION;
    bool has_error = ev->has_error && !x86_real(cpu);

    cpu->svm.exit_int_info = ev->vector | type << SVM_EVENT_TYPE_POS |
                             SVM_EVENT_VALID |
                             (has_error ? (uint32_t)SVM_EVENT_HAS_ERROR : 0);
    cpu->svm.exit_int_error = has_error ? ev->error : 0;
    if (cpu->svm.exit_code == SVM_EXIT_TASK_SWITCH && has_error) {
        cpu->svm.exit_info2 |= SVM_TASK_HAS_ERROR | ev->error;
    }
    if (ev->soft && !cpu->svm.exit_next_rip) {
        cpu->svm.exit_next_rip = ev->return_pc;
    }
}

bool x86_svm_intercepts_event(X86Cpu *cpu, const X86Event *ev)
{
    if (ev->interrupt || ev->int_n || ev->injected || ev->vector > 31 ||
        !x86_svm_intercepts(cpu, SVM_EXIT_EXCEPTION + ev->vector)) {
        return false;
    }
    uint64_t info2 = 0;

    if (ev->vector == EXC_PF) { /* APM 2 15.12.15 */
        info2 = cpu->cr2;
        cpu->cr2 = cpu->svm.cr2_before;
    }
    x86_svm_record_exit(cpu, SVM_EXIT_EXCEPTION + ev->vector,
                        ev->has_error ? ev->error : 0, info2,
                        ev->soft ? ev->return_pc : 0);
    return true;
}

/* ---- instructions -------------------------------------------------------- */

/* APM 2 15.14.4: a loop of so many PAUSEs, each soon after the last one. */
static bool svm_pause_exits(X86Cpu *cpu)
{
    X86Svm *svm = &cpu->svm;

    if (!svm->pause_count) {
        return true;
    }
    if (svm->pause_threshold) {
        uint64_t now = x86_read_tsc(cpu);

        if (now - svm->pause_time > svm->pause_threshold) {
            svm->pause_left = svm->pause_count;
        }
        svm->pause_time = now;
    }
    if (svm->pause_left) {
        svm->pause_left--;
        return false;
    }
    svm->pause_left = svm->pause_count;
    return true;
}

/* Exceptions that come first and that the translator does not know. APM 2
 * table 15-7. */
static bool svm_faults_first(const X86Cpu *cpu, unsigned code)
{
    switch (code) {
    case SVM_EXIT_RDTSC:
    case SVM_EXIT_RDTSCP:
        return (cpu->cr4 & CR4_TSD) && x86_cpl(cpu);
    case SVM_EXIT_RDPMC:
        return !(cpu->cr4 & CR4_PCE) && x86_cpl(cpu);
    case SVM_EXIT_XSETBV:
        return !(cpu->cr4 & CR4_OSXSAVE);
    case SVM_EXIT_VMRUN:
    case SVM_EXIT_VMLOAD:
    case SVM_EXIT_VMSAVE:
    case SVM_EXIT_STGI:
    case SVM_EXIT_CLGI:
    case SVM_EXIT_INVLPGA:
        return !(cpu->efer & EFER_SVME) || x86_cpl(cpu);
    default:
        return false;
    }
}

static uint64_t helper_intercept(void *env, uint64_t next_pc, uint64_t info1,
                                 uint64_t c, uint64_t code)
{
    X86Cpu *cpu = env;

    if (x86_svm_intercepts(cpu, code) && !svm_faults_first(cpu, code) &&
        (code != SVM_EXIT_PAUSE || svm_pause_exits(cpu))) {
        x86_svm_exit(cpu, code, info1, 0, next_pc);
    }
    return 0;
}
const TcgHelper x86_helper_intercept = { "intercept", helper_intercept,
                                         TCG_LIGHT | TCG_MAY_RAISE };

/* Writes to CR0 that change more than TS and MP. APM 2 15.8.1. */
static uint64_t helper_intercept_cr0(void *env, uint64_t next_pc, uint64_t val,
                                     uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t changes = (cpu->cr0 ^ val) & ~(uint64_t)(CR0_TS | CR0_MP | CR0_ET);

    if (changes && x86_svm_intercepts(cpu, SVM_EXIT_CR0_SELECTIVE)) {
        x86_svm_exit(cpu, SVM_EXIT_CR0_SELECTIVE, 0, 0, next_pc);
    }
    return 0;
}
const TcgHelper x86_helper_intercept_cr0 = { "intercept_cr0",
                                             helper_intercept_cr0,
                                             TCG_LIGHT | TCG_MAY_RAISE };

/* APM 2 15.10.1: a bit for each port, and three for accesses over the end. */
static uint64_t helper_intercept_io(void *env, uint64_t next_pc, uint64_t port,
                                    uint64_t c, uint64_t info)
{
    X86Cpu *cpu = env;

    if (!x86_svm_intercepts(cpu, SVM_EXIT_IOIO)) {
        return 0;
    }
    hwaddr at = cpu->svm.iopm + (uint16_t)port / 8;
    uint32_t bits = x86_physical_byte(cpu, at) | x86_physical_byte(cpu, at + 1)
                                                     << 8;
    uint32_t size = info >> SVM_IO_SIZE_POS & 7;

    if (bits >> (port & 7) & ((1u << size) - 1)) {
        x86_svm_exit(cpu, SVM_EXIT_IOIO,
                     info | (uint32_t)(uint16_t)port << SVM_IO_PORT_POS,
                     next_pc, next_pc);
    }
    return 0;
}
const TcgHelper x86_helper_intercept_io = { "intercept_io", helper_intercept_io,
                                            TCG_LIGHT | TCG_MAY_RAISE };

/* APM 2 15.11: two bits for each of three ranges; all others exit. */
static bool svm_msr_exits(X86Cpu *cpu, uint32_t msr, bool write)
{
    static const uint32_t first[] = { 0, 0xc0000000, 0xc0010000 };

    for (unsigned i = 0; i < G_N_ELEMENTS(first); i++) {
        uint32_t bit = (msr - first[i]) * 2 + write;

        if (msr - first[i] < 0x2000) {
            uint8_t byte =
                x86_physical_byte(cpu, cpu->svm.msrpm + i * 0x800 + bit / 8);
            return byte >> bit % 8 & 1;
        }
    }
    return true;
}

static uint64_t helper_intercept_msr(void *env, uint64_t next_pc, uint64_t b,
                                     uint64_t c, uint64_t write)
{
    X86Cpu *cpu = env;

    if (x86_svm_intercepts(cpu, SVM_EXIT_MSR) &&
        svm_msr_exits(cpu, cpu->env.r[X86_RCX], write)) {
        x86_svm_exit(cpu, SVM_EXIT_MSR, write, 0, next_pc);
    }
    return 0;
}
const TcgHelper x86_helper_intercept_msr = { "intercept_msr",
                                             helper_intercept_msr,
                                             TCG_LIGHT | TCG_MAY_RAISE };

/* ---- the instructions of SVM --------------------------------------------- */

static void svm_need_enabled(X86Cpu *cpu)
{
    if (!(cpu->efer & EFER_SVME)) {
        x86_raise(cpu, EXC_UD);
    }
    if (x86_cpl(cpu)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

/* A control block's address: a page of physical memory. */
static void svm_check_address(X86Cpu *cpu, uint64_t addr)
{
    if ((addr & (PAGE_SIZE - 1)) || (addr & ~cpu->model->phys_mask)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

static uint64_t helper_vmrun(void *env, uint64_t next_pc, uint64_t addr,
                             uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    svm_need_enabled(cpu);
    svm_check_address(cpu, addr);
    cpu->svm.vmcb = addr;
    cpu->raised_next_pc = next_pc;
    x86_raise_other(cpu, X86_RAISED_VMRUN);
}
const TcgHelper x86_helper_vmrun = {
    "vmrun", helper_vmrun, TCG_LIGHT | TCG_MAY_RAISE | TCG_READS_FLAGS
};

static uint64_t helper_svm_address(void *env, uint64_t addr, uint64_t b,
                                   uint64_t c, uint64_t d)
{
    svm_need_enabled(env);
    svm_check_address(env, addr);
    return 0;
}
const TcgHelper x86_helper_svm_address = { "svm_address", helper_svm_address,
                                           TCG_LIGHT | TCG_MAY_RAISE };

/* STGI and CLGI. APM 2 15.17; 15.33.2 for a guest's virtual flag. */
static uint64_t helper_set_gif(void *env, uint64_t gif, uint64_t b, uint64_t c,
                               uint64_t d)
{
    X86Cpu *cpu = env;

    svm_need_enabled(cpu);
    if (cpu->svm.guest && (cpu->svm.int_ctl & SVM_V_GIF_ENABLE)) {
        cpu->svm.int_ctl = gif ? cpu->svm.int_ctl | SVM_V_GIF
                               : cpu->svm.int_ctl & ~(uint32_t)SVM_V_GIF;
    } else {
        cpu->svm.gif = gif;
    }
    if (gif) {
        x86_poll_pending(cpu);
    }
    return __atomic_load_n(&cpu->env.exit_request, __ATOMIC_RELAXED) != 0;
}
const TcgHelper x86_helper_set_gif = { "set_gif", helper_set_gif,
                                       TCG_LIGHT | TCG_MAY_RAISE };

/* Of an address space of a guest: all of it goes, as only one guest's
 * translations are kept. */
static uint64_t helper_invlpga(void *env, uint64_t addr, uint64_t asid,
                               uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    svm_need_enabled(cpu);
    if ((uint32_t)asid && !cpu->svm.guest) {
        cpu->svm.last.asid = 0;
    } else if (cpu->mmu_ops) {
        cpu->mmu_ops->flush_page(cpu, addr);
    }
    return 0;
}
const TcgHelper x86_helper_invlpga = { "invlpga", helper_invlpga,
                                       TCG_LIGHT | TCG_MAY_RAISE };
