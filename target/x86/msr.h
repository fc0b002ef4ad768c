/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model-specific registers by number, for RDMSR and WRMSR, monitor and tests;
 * and the clock that KVM's guests know. Not light. */
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

#endif
