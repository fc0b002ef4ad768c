/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MONITOR and MWAIT: a processor waits until somebody stores to a line of
 * memory, or for an interrupt.
 *
 * MONITOR keeps a copy of the line, and whoever lets the processor sleep looks
 * now and then whether it still is so. So stores cost nothing, and one that
 * leaves the line as it was is not noticed: a wait ends after a while for
 * nothing, which the manual allows, as do many other things, and so it need not
 * be saved. In counted runs and single steps MWAIT does not wait at all.
 *
 * Light. SDM 2B MONITOR, MWAIT; 3A 8.10.4.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

enum { LINE = X86_MONITOR_LINE, MWAIT_MASKED = 1u << 0 };

static const uint64_t *mwait_line(X86Cpu *cpu)
{
    return (const uint64_t *)x86_physical_host(cpu, cpu->monitor.line);
}

static uint64_t mwait_word(const uint64_t *line, unsigned n)
{
    return __atomic_load_n(&line[n], __ATOMIC_RELAXED);
}

bool x86_monitor_written(X86Cpu *cpu)
{
    const uint64_t *line = mwait_line(cpu);

    for (unsigned n = 0; line && n < LINE / 8; n++) {
        if (mwait_word(line, n) != cpu->monitor.seen[n]) {
            return true;
        }
    }
    return !line;
}

/* It is armed for memory only. The caller has loaded from the address. */
static void monitor_arm(X86Cpu *cpu, vaddr addr)
{
    X86Translation t;

    if (!x86_mmu_translate(cpu, addr, X86_READ, cpu->env.mode, true, &t)) {
        return;
    }
    cpu->monitor.line = t.paddr & ~(hwaddr)(LINE - 1);
    const uint64_t *line = mwait_line(cpu);

    for (unsigned n = 0; line && n < LINE / 8; n++) {
        cpu->monitor.seen[n] = mwait_word(line, n);
    }
    cpu->monitor.armed = line != NULL;
    /* What the guest loads next is no older than the copy. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint64_t helper_monitor(void *env, uint64_t addr, uint64_t b, uint64_t c,
                               uint64_t d)
{
    X86Cpu *cpu = env;

    if ((uint32_t)cpu->env.r[X86_RCX]) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    sys_load(cpu, addr, 1, cpu->env.mode);
    monitor_arm(cpu, addr);
    return 0;
}
const TcgHelper x86_helper_monitor = { "monitor", helper_monitor,
                                       TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_mwait(void *env, uint64_t next_pc, uint64_t b,
                             uint64_t c, uint64_t may_wait)
{
    X86Cpu *cpu = env;
    uint32_t extensions = cpu->env.r[X86_RCX];

    if (extensions & ~(uint32_t)MWAIT_MASKED) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    tcg_sync_pc(cpu);
    cpu->env.pc = next_pc;
    cpu->monitor.waits = may_wait && cpu->monitor.armed &&
                         cpu->env.insn_limit == UINT64_MAX &&
                         !x86_monitor_written(cpu);
    cpu->monitor.masked = extensions & MWAIT_MASKED;
    cpu->monitor.armed = false;
    cpu->yield = !cpu->monitor.waits;
    return 0;
}
const TcgHelper x86_helper_mwait = { "mwait", helper_mwait,
                                     TCG_LIGHT | TCG_MAY_RAISE };
