/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model-specific registers by number, for RDMSR and WRMSR, monitor and tests;
 * and the clock and the steal time that KVM's guests know. Not light. */
#ifndef TARGET_X86_MSR_H
#define TARGET_X86_MSR_H

#include "target/x86/cpu.h"

/* False: #GP. */
bool x86_read_msr(X86Cpu *cpu, uint32_t msr, uint64_t *val);
bool x86_write_msr(X86Cpu *cpu, uint32_t msr, uint64_t val);

/* Write the guest's time structure again (the TSC was moved); nothing if it
 * has none. */
void x86_kvmclock_update(X86Cpu *cpu);
void x86_kvmclock_write_wall(X86Cpu *cpu);

/* steal.c, on the CPU's own thread. False: #GP. */
bool x86_steal_write_msr(X86Cpu *cpu, uint64_t val);
bool x86_steal_wanted(const X86Cpu *cpu);
/* waited_ns: how long that thread was kept from running since it began. What is
 * more than last time goes into the guest's memory, if it wants to know. */
void x86_steal_tell(X86Cpu *cpu, uint64_t waited_ns);

#endif
