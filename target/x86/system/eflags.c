/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PUSHF, POPF, CLI, STI, CLAC and STAC under IOPL, CR4.VME and CR4.PVI, and
 * the interrupt shadow. Light.
 *
 * SDM 2A CLI; 2B POPF, PUSHF, STI; 3B 20.3 and 20.4.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

static uint64_t eflags_changed(const X86Cpu *cpu, uint32_t old_key)
{
    return cpu->key.bits != old_key ||
           __atomic_load_n(&cpu->env.exit_request, __ATOMIC_RELAXED);
}

/* V86 mode below IOPL 3: with CR4.VME the virtual interrupt flag stands for
 * IF in 16-bit images; without it these instructions fault. */
static bool eflags_virtual(const X86Cpu *cpu)
{
    return x86_v86(cpu) && x86_iopl(cpu) < 3;
}

static uint64_t helper_pushf(void *env, uint64_t size, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t image = x86_get_eflags(cpu) & ~(EFLAGS_VM | EFLAGS_RF);

    if (!eflags_virtual(cpu)) {
        return image;
    }
    if (size != 2 || !(cpu->cr4 & CR4_VME)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    image = (image & ~EFLAGS_IF) | EFLAGS_IOPL;
    return image & EFLAGS_VIF ? image | EFLAGS_IF : image;
}
const TcgHelper x86_helper_pushf = {
    "pushf", helper_pushf, TCG_LIGHT | TCG_MAY_RAISE | TCG_READS_FLAGS
};

static void popf_virtual(X86Cpu *cpu, uint32_t val, unsigned size)
{
    uint32_t mask = EFLAGS_STATUS | EFLAGS_DF | EFLAGS_NT | EFLAGS_VIF;
    bool sets_if = val & EFLAGS_IF;

    if (size != 2 || !(cpu->cr4 & CR4_VME) || (val & EFLAGS_TF) ||
        (sets_if && (cpu->eflags & EFLAGS_VIP))) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    val = sets_if ? val | EFLAGS_VIF : val & ~EFLAGS_VIF;
    x86_set_eflags(cpu, val, mask | EFLAGS_TF);
}

static uint64_t helper_popf(void *env, uint64_t val, uint64_t size, uint64_t c,
                            uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t old_key = cpu->key.bits;
    uint32_t mask = EFLAGS_STATUS | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT;

    if (eflags_virtual(cpu)) {
        popf_virtual(cpu, val, size);
        return eflags_changed(cpu, old_key);
    }
    if (size > 2) {
        mask |= EFLAGS_AC | EFLAGS_ID;
    }
    if (x86_cpl(cpu) <= x86_iopl(cpu)) {
        mask |= EFLAGS_IF;
    }
    if (x86_cpl(cpu) == 0) {
        mask |= EFLAGS_IOPL;
    }
    x86_set_eflags(cpu, val, mask);
    return eflags_changed(cpu, old_key);
}
const TcgHelper x86_helper_popf = { "popf", helper_popf,
                                    TCG_LIGHT | TCG_MAY_RAISE |
                                        TCG_READS_FLAGS | TCG_WRITES_FLAGS };

/* Which flag CLI and STI change: IF, VIF, or none (#GP). */
static uint32_t eflags_interrupt_flag(X86Cpu *cpu)
{
    if (x86_cpl(cpu) <= x86_iopl(cpu)) {
        return EFLAGS_IF;
    }
    bool virtual = x86_v86(cpu) ? cpu->cr4 & CR4_VME
                                : x86_cpl(cpu) == 3 && (cpu->cr4 & CR4_PVI);
    if (!virtual) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    return EFLAGS_VIF;
}

static uint64_t helper_cli(void *env, uint64_t a, uint64_t b, uint64_t c,
                           uint64_t d)
{
    X86Cpu *cpu = env;

    cpu->eflags &= ~eflags_interrupt_flag(cpu);
    return 0;
}
const TcgHelper x86_helper_cli = { "cli", helper_cli,
                                   TCG_LIGHT | TCG_MAY_RAISE };

static void eflags_inhibit(X86Cpu *cpu, unsigned inhibit)
{
    cpu->inhibit = inhibit;
    x86_update_key_transfer(cpu);
}

static uint64_t helper_sti(void *env, uint64_t shadow, uint64_t b, uint64_t c,
                           uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t flag = eflags_interrupt_flag(cpu);

    if (flag == EFLAGS_VIF && (cpu->eflags & EFLAGS_VIP)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    if (cpu->eflags & flag) {
        return 0;
    }
    cpu->eflags |= flag;
    if (flag == EFLAGS_VIF) {
        return 0;
    }
    if (shadow) {
        eflags_inhibit(cpu, X86_INHIBIT_STI);
    }
    x86_poll_pending(cpu);
    return __atomic_load_n(&cpu->env.exit_request, __ATOMIC_RELAXED) != 0;
}
const TcgHelper x86_helper_sti = { "sti", helper_sti,
                                   TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_poll_pending(void *env, uint64_t a, uint64_t b,
                                    uint64_t c, uint64_t d)
{
    x86_poll_pending(env);
    return 0;
}
const TcgHelper x86_helper_poll_pending = { "poll_pending", helper_poll_pending,
                                            TCG_LIGHT };

static uint64_t helper_inhibit(void *env, uint64_t a, uint64_t b, uint64_t c,
                               uint64_t d)
{
    eflags_inhibit(env, X86_INHIBIT_STI);
    return 0;
}
const TcgHelper x86_helper_inhibit = { "inhibit", helper_inhibit, TCG_LIGHT };

static uint64_t helper_inhibit_end(void *env, uint64_t a, uint64_t b,
                                   uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    eflags_inhibit(cpu, 0);
    x86_poll_pending(cpu);
    return __atomic_load_n(&cpu->env.exit_request, __ATOMIC_RELAXED) != 0;
}
const TcgHelper x86_helper_inhibit_end = { "inhibit_end", helper_inhibit_end,
                                           TCG_LIGHT };

static uint64_t helper_set_ac(void *env, uint64_t set, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;

    cpu->eflags = set ? cpu->eflags | EFLAGS_AC : cpu->eflags & ~EFLAGS_AC;
    x86_update_key_transfer(cpu);
    return 0;
}
const TcgHelper x86_helper_set_ac = { "set_ac", helper_set_ac, TCG_LIGHT };
