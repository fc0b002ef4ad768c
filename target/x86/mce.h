/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine-check errors that somebody asks for. */
#ifndef TARGET_X86_MCE_H
#define TARGET_X86_MCE_H

#include "target/x86/cpu.h"

/* Register values, as the guest will read them. */
typedef struct X86MachineCheck {
    uint64_t bank;
    uint64_t status, mcg_status, addr, misc;
} X86MachineCheck;

/* Report an error: into its bank, and by #MC, or shutdown, if it is not
 * corrected. On the CPU's thread, between two instructions. NULL, or why it was
 * not reported. */
const char *x86_machine_check(X86Cpu *cpu, const X86MachineCheck *error);

#endif
