/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator beyond what every accelerator does: exact counts of
 * instructions, for tests and lock-step.
 */
#ifndef ACCEL_TCG_TCG_H
#define ACCEL_TCG_TCG_H

#include "accel/accel.h"

/* Run exactly that many guest instructions, or fewer if it leaves for another
 * reason than STOP. A repeated string instruction is one; what faults is one.
 * Interrupts from outside are taken before the first instruction only, and HLT
 * ends the run: so whatever the engine's settings, they come at the same count.
 * The accelerator was created with count=on. */
VcpuExit tcg_run_insns(Accel *accel, X86Cpu *cpu, uint64_t insns);

VcpuExit tcg_run(Accel *accel, X86Cpu *cpu);
void tcg_kick(X86Cpu *cpu);

#endif
