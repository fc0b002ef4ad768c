/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that find mistakes. */
#ifndef TESTS_TARGET_ISA_VALUES_H
#define TESTS_TARGET_ISA_VALUES_H

#include "target/x86/cpu.h"

uint64_t isa_next(uint64_t *seed);
unsigned isa_below(uint64_t *seed, unsigned n);
uint64_t isa_value(uint64_t *seed); /* an integer */
uint64_t isa_lane(uint64_t *seed);  /* one, or floating-point numbers */
void isa_random_fpu(X86Fpu *fpu, uint64_t *seed);

#endif
