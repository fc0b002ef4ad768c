/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exceptions that translated code raises itself, software interrupts,
 * single-step and code breakpoints, HLT and its kin. Light.
 *
 * SDM 2A INT n; 3B 17.2 and 17.3.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

enum { DR6_BS = 1u << 14 };

static uint64_t helper_raise(void *env, uint64_t vector, uint64_t error,
                             uint64_t c, uint64_t d)
{
    if ((int64_t)error < 0) {
        x86_raise(env, vector);
    }
    x86_raise_error(env, vector, error);
}
const TcgHelper x86_helper_raise = { "raise", helper_raise,
                                     TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_fetch_fault(void *env, uint64_t addr, uint64_t b,
                                   uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    X86Translation t;

    if (!x86_mmu_translate(cpu, addr, X86_EXEC, cpu->env.mode, false, &t)) {
        x86_raise_translation(cpu, addr, &t);
    }
    return 0;
}
const TcgHelper x86_helper_fetch_fault = { "fetch_fault", helper_fetch_fault,
                                           TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_int(void *env, uint64_t vector, uint64_t next_pc,
                           uint64_t c, uint64_t int_n)
{
    X86Cpu *cpu = env;

    tcg_sync_pc(cpu);
    if (vector == EXC_DB &&
        !int_n) { /* INT1 is a trap of the processor's own */
        cpu->env.pc = next_pc;
        x86_raise(cpu, EXC_DB);
    }
    cpu->raised = vector;
    cpu->raised_has_error = false;
    cpu->raised_soft = true;
    cpu->raised_int_n = int_n;
    cpu->raised_next_pc = next_pc;
    tcg_unwind(cpu, TCG_LEAVE_RAISED);
}
const TcgHelper x86_helper_int = {
    "int", helper_int, TCG_LIGHT | TCG_MAY_RAISE | TCG_READS_FLAGS
};

static void raise_record_step(X86Cpu *cpu, uint64_t next_pc)
{
    cpu->env.pc = next_pc;
    cpu->dr[6] |= DR6_BS;
    cpu->raised = EXC_DB;
    cpu->raised_has_error = false;
    cpu->raised_soft = false;
}

void x86_trap_step(X86Cpu *cpu, uint64_t next_pc)
{
    raise_record_step(cpu, next_pc);
    if (cpu->kick) {
        cpu->kick(cpu);
    }
}

/* The instruction is complete: this records the trap and returns. */
static uint64_t helper_single_step(void *env, uint64_t next_pc, uint64_t b,
                                   uint64_t c, uint64_t d)
{
    raise_record_step(env, next_pc);
    return 0;
}
const TcgHelper x86_helper_single_step = { "single_step", helper_single_step,
                                           TCG_LIGHT | TCG_READS_FLAGS };

static uint64_t helper_code_breakpoint(void *env, uint64_t a, uint64_t b,
                                       uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t dr7 = cpu->dr[7];
    vaddr pc = sys_linear(cpu, cpu->seg[X86_CS].base, tcg_sync_pc(cpu));
    uint32_t hits = 0;

    if (cpu->eflags & EFLAGS_RF) { /* for one instruction */
        cpu->eflags &= ~EFLAGS_RF;
        return 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        bool enabled = dr7 >> (2 * i) & 3;
        bool on_fetch = !(dr7 >> (16 + 4 * i) & 15);

        if (enabled && on_fetch && cpu->dr[i] == pc) {
            hits |= 1u << i;
        }
    }
    if (hits) {
        x86_raise_debug(cpu, hits);
    }
    return 0;
}
const TcgHelper x86_helper_code_breakpoint = { "code_breakpoint",
                                               helper_code_breakpoint,
                                               TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_hlt(void *env, uint64_t next_pc, uint64_t b, uint64_t c,
                           uint64_t d)
{
    X86Cpu *cpu = env;

    tcg_sync_pc(cpu);
    cpu->env.pc = next_pc;
    cpu->inhibit = 0;
    x86_update_key(cpu);
    cpu->halted = true;
    return 0;
}
const TcgHelper x86_helper_hlt = { "hlt", helper_hlt,
                                   TCG_LIGHT | TCG_MAY_RAISE };

/* MONITOR is armed by nothing and MWAIT returns at once, which the manual
 * allows ("false wake-ups"); the features are not offered by default. */
static uint64_t helper_monitor(void *env, uint64_t addr, uint64_t b, uint64_t c,
                               uint64_t d)
{
    X86Cpu *cpu = env;

    if ((uint32_t)cpu->env.r[X86_RCX]) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    sys_load(cpu, addr, 1, cpu->env.mode);
    return 0;
}
const TcgHelper x86_helper_monitor = { "monitor", helper_monitor,
                                       TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_mwait(void *env, uint64_t next_pc, uint64_t b,
                             uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    if ((uint32_t)cpu->env.r[X86_RCX] & ~1u) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    tcg_sync_pc(cpu);
    cpu->env.pc = next_pc;
    return 0;
}
const TcgHelper x86_helper_mwait = { "mwait", helper_mwait,
                                     TCG_LIGHT | TCG_MAY_RAISE };

/* 1: leave, at the next instruction. */
static uint64_t helper_pause(void *env, uint64_t next_pc, uint64_t b,
                             uint64_t c, uint64_t d)
{
    enum { PAUSES_TO_YIELD = 32 };
    X86Cpu *cpu = env;

    if (!cpu->yields || ++cpu->pauses < PAUSES_TO_YIELD) {
        return 0;
    }
    cpu->pauses = 0;
    cpu->yield = true;
    tcg_sync_pc(cpu);
    cpu->env.pc = next_pc;
    return 1;
}
const TcgHelper x86_helper_pause = { "pause", helper_pause, TCG_LIGHT };
