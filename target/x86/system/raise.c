/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exceptions that translated code raises itself, software interrupts,
 * single steps, HLT and its kin. Light.
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

static void raise_record(X86Cpu *cpu, uint64_t next_pc, uint64_t dr6_bits)
{
    cpu->env.pc = next_pc;
    x86_set_dr6(cpu, dr6_bits);
    cpu->raised = EXC_DB;
    cpu->raised_has_error = false;
    cpu->raised_soft = false;
}

void x86_trap_step(X86Cpu *cpu, uint64_t next_pc)
{
    raise_record(cpu, next_pc, DR6_BS);
    if (cpu->kick) {
        cpu->kick(cpu);
    }
}

/* The instruction is complete: this records the trap and returns. */
static uint64_t helper_single_step(void *env, uint64_t next_pc, uint64_t behind,
                                   uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    if ((cpu->debugctl & DEBUGCTL_BTF) && next_pc == behind) {
        cpu->env.pc = next_pc;
        return 0;
    }
    raise_record(env, next_pc, DR6_BS);
    return 0;
}
const TcgHelper x86_helper_single_step = { "single_step", helper_single_step,
                                           TCG_LIGHT | TCG_READS_FLAGS };

static uint64_t helper_int1(void *env, uint64_t next_pc, uint64_t b, uint64_t c,
                            uint64_t d)
{
    raise_record(env, next_pc, 0);
    return 0;
}
const TcgHelper x86_helper_int1 = { "int1", helper_int1,
                                    TCG_LIGHT | TCG_READS_FLAGS };

/* SDM 3B 17.4.1, APM 2 13.1.1: what went on elsewhere than behind itself. What
 * starts again is a string instruction (or a jump to itself, alas). */
static uint64_t helper_record_branch(void *env, uint64_t pc, uint64_t next_pc,
                                     uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    if (cpu->env.pc != next_pc && cpu->env.pc != pc &&
        (cpu->debugctl & DEBUGCTL_LBR)) {
        cpu->last_branch[0] = pc;
        cpu->last_branch[1] = cpu->env.pc;
    }
    return 0;
}
const TcgHelper x86_helper_record_branch = { "record_branch",
                                             helper_record_branch, TCG_LIGHT };

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

static uint64_t helper_rsm(void *env, uint64_t a, uint64_t b, uint64_t c,
                           uint64_t d)
{
    X86Cpu *cpu = env;

    if (!cpu->smm) {
        x86_raise(cpu, EXC_UD);
    }
    x86_raise_other(cpu, X86_RAISED_RSM);
}
const TcgHelper x86_helper_rsm = { "rsm", helper_rsm,
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
