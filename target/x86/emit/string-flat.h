/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The usual REP MOVS and STOS: 64-bit addresses, segments without base,
 * upwards, pages that the TLB holds or may take without a trace. Light; nothing
 * here faults.
 */
#ifndef TARGET_X86_EMIT_STRING_FLAT_H
#define TARGET_X86_EMIT_STRING_FLAT_H

#include "target/x86/cpu.h"

enum { STRING_BUDGET = 64 * 1024, STRING_PAGE = 4096 };

/* As many elements of 1 << log2 bytes as can be done so, and at most budget
 * bytes; rCX, rSI, rDI are what is left. The number of bytes done. */
uint64_t string_flat_movs(X86Cpu *cpu, unsigned log2, uint64_t budget);
uint64_t string_flat_stos(X86Cpu *cpu, unsigned log2, uint64_t budget);

#endif
