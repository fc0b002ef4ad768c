/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator beyond what every accelerator does: exact counts of
 * instructions, for tests and lock-step.
 */
#ifndef ACCEL_TCG_TCG_H
#define ACCEL_TCG_TCG_H

#include "accel/accel.h"

/* Run exactly that many guest instructions (a repetition of a string
 * instruction that was interrupted counts again), or fewer if it leaves for
 * another reason than STOP. Interrupts are taken between blocks, so at exact
 * counts. The accelerator was created with count=on. */
VcpuExit tcg_run_insns(Accel *accel, X86Cpu *cpu, uint64_t insns);

VcpuExit tcg_run(Accel *accel, X86Cpu *cpu);
void tcg_kick(X86Cpu *cpu);

#endif
