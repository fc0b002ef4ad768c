/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One instruction under KVM, for who compares engines. */
#ifndef ACCEL_KVM_SINGLE_H
#define ACCEL_KVM_SINGLE_H

#include "accel/accel.h"

/* Like run(), but VCPU_EXIT_DEBUG after the next instruction: a repetition of a
 * string instruction counts, and an exception may come out before or behind the
 * first instruction of its handler. */
VcpuExit kvm_run_single(Accel *accel, X86Cpu *cpu);

#endif
