/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is taken from a guest processor; on its thread. */
#ifndef SYSTEM_PROFILE_SAMPLE_H
#define SYSTEM_PROFILE_SAMPLE_H

#include "target/x86/cpu.h"

enum { SAMPLE_WORDS = 2048 };

typedef struct Sample {
    bool halted, user, long_mode;
    uint64_t pc;
    unsigned count;
    uint64_t words[SAMPLE_WORDS]; /* of a kernel's stack */
} Sample;

void sample_take(X86Cpu *cpu, Sample *s);

/* The kernel's image around pc, holes as zeroes: size bytes from *base, to be
 * freed; NULL: nothing is there. */
uint8_t *sample_image(X86Cpu *cpu, uint64_t pc, uint64_t *base, size_t *size);

#endif
