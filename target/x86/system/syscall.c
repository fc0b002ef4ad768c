/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT and SWAPGS: the fast ways into the kernel
 * and out. No descriptor is read; the segments are constants. Light.
 *
 * SDM 2B; outside 64-bit mode SYSCALL is AMD's only (APM 3 SYSCALL).
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

#define SYSCALL_FLAGS (TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS)

enum {
    SYSCALL_CODE = SEG_P | SEG_S | 0xb | SEG_G,
    SYSCALL_DATA = SEG_P | SEG_S | 0x3 | SEG_G | SEG_D,
    SYSCALL_DPL3 = SEG_DPL,
};

static X86Segment syscall_segment(unsigned selector, unsigned attr)
{
    return (
        X86Segment){ .limit = UINT32_MAX, .selector = selector, .attr = attr };
}

/* x86_transfer_done() with segments that are known, so that the key need not be
 * made from what has just been written. */
static void syscall_go(X86Cpu *cpu, unsigned cs, unsigned ss, unsigned cpl,
                       bool code64, uint64_t pc)
{
    unsigned dpl = cpl ? SYSCALL_DPL3 : 0;

    cpu->seg[X86_CS] = syscall_segment(cs | cpl, SYSCALL_CODE | dpl |
                                                     (code64 ? SEG_L : SEG_D));
    cpu->seg[X86_SS] = syscall_segment(ss | cpl, SYSCALL_DATA | dpl);
    cpu->env.pc = pc;
    cpu->inhibit = 0;
    if (code64) {
        x86_update_key_code64(cpu, cpl);
    } else {
        x86_update_key_transfer(cpu);
    }
}

static void syscall_enter(X86Cpu *cpu, unsigned selector, bool code64,
                          uint64_t pc)
{
    unsigned cs = selector & ~SEL_RPL;

    syscall_go(cpu, cs, cs + 8, 0, code64, pc);
}

static void syscall_require(X86Cpu *cpu)
{
    bool amd = !x86_model_intel(cpu->model);

    if (!(cpu->efer & EFER_SCE) || (cpu->key.code != X86_CODE64 && !amd)) {
        x86_raise(cpu, EXC_UD);
    }
}

static void syscall_set_flags(X86Cpu *cpu, uint32_t image)
{
    cpu->eflags = (image & ~EFLAGS_STATUS) | 2;
    cpu->env.flags = x86_flags_pack(image);
}

/* The trap is of the flags as they are at the end: SYSRET traps before the
 * first instruction it returns to, unlike IRET. */
static void syscall_trap(X86Cpu *cpu)
{
    if (cpu->eflags & EFLAGS_TF) {
        x86_trap_step(cpu, cpu->env.pc);
    }
}

static uint64_t helper_syscall(void *env, uint64_t next_pc, uint64_t b,
                               uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    bool code64 = cpu->key.code == X86_CODE64;

    syscall_require(cpu);
    cpu->env.r[X86_RCX] = next_pc;
    if (x86_long_mode(cpu)) {
        uint32_t flags = x86_get_eflags(cpu) & ~EFLAGS_RF;

        cpu->env.r[X86_R11] = flags;
        syscall_set_flags(cpu, flags & ~(uint32_t)cpu->fmask);
        syscall_enter(cpu, cpu->star >> 32, true,
                      code64 ? cpu->lstar : cpu->cstar);
    } else {
        cpu->eflags &= ~(EFLAGS_IF | EFLAGS_RF | EFLAGS_VM);
        syscall_enter(cpu, cpu->star >> 32, false, (uint32_t)cpu->star);
    }
    syscall_trap(cpu);
    return 0;
}
const TcgHelper x86_helper_syscall = { "syscall", helper_syscall,
                                       SYSCALL_FLAGS | TCG_READS_FLAGS |
                                           TCG_WRITES_FLAGS };

static uint64_t helper_sysret(void *env, uint64_t size, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t base = cpu->star >> 48;
    uint64_t pc =
        size == 8 ? cpu->env.r[X86_RCX] : (uint32_t)cpu->env.r[X86_RCX];

    syscall_require(cpu);
    if (!x86_canonical(cpu, pc)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    if (x86_long_mode(cpu)) {
        syscall_set_flags(cpu, cpu->env.r[X86_R11] & 0x3c7fd7);
    } else {
        cpu->eflags |= EFLAGS_IF;
    }
    syscall_go(cpu, base + (size == 8 ? 16 : 0), base + 8, 3, size == 8, pc);
    syscall_trap(cpu);
    x86_poll_pending(cpu);
    return 0;
}
const TcgHelper x86_helper_sysret = { "sysret", helper_sysret,
                                      SYSCALL_FLAGS | TCG_WRITES_FLAGS };

static uint64_t helper_sysenter(void *env, uint64_t next_pc, uint64_t b,
                                uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    bool lm = x86_long_mode(cpu);

    if (x86_real(cpu) || sel_null(cpu->sysenter_cs)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    cpu->eflags &= ~(EFLAGS_VM | EFLAGS_IF | EFLAGS_RF);
    cpu->env.r[X86_RSP] = lm ? cpu->sysenter_esp : (uint32_t)cpu->sysenter_esp;
    syscall_enter(cpu, cpu->sysenter_cs, lm,
                  lm ? cpu->sysenter_eip : (uint32_t)cpu->sysenter_eip);
    syscall_trap(cpu);
    return 0;
}
const TcgHelper x86_helper_sysenter = { "sysenter", helper_sysenter,
                                        SYSCALL_FLAGS | TCG_READS_FLAGS |
                                            TCG_WRITES_FLAGS };

static uint64_t helper_sysexit(void *env, uint64_t size, uint64_t b, uint64_t c,
                               uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t base = cpu->sysenter_cs & 0xfffc;
    uint64_t pc = cpu->env.r[X86_RDX], sp = cpu->env.r[X86_RCX];

    if (x86_real(cpu) || !base || x86_cpl(cpu)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    if (size != 8) {
        pc = (uint32_t)pc;
        sp = (uint32_t)sp;
    } else if (!x86_canonical(cpu, pc) || !x86_canonical(cpu, sp)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    cpu->env.r[X86_RSP] = sp;
    syscall_go(cpu, base + (size == 8 ? 32 : 16), base + (size == 8 ? 40 : 24),
               3, size == 8, pc);
    syscall_trap(cpu);
    return 0;
}
const TcgHelper x86_helper_sysexit = { "sysexit", helper_sysexit,
                                       SYSCALL_FLAGS };

static uint64_t helper_swapgs(void *env, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t base = cpu->seg[X86_GS].base;

    cpu->seg[X86_GS].base = cpu->kernel_gs_base;
    cpu->kernel_gs_base = base;
    return 0;
}
const TcgHelper x86_helper_swapgs = { "swapgs", helper_swapgs, TCG_LIGHT };
