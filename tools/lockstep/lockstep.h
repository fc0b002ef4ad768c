/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two machines with one command line under two settings of the translator, run
 * piece by piece in one process and compared (system/input.h makes them
 * repeatable): what the parts of build/tools/lockstep share.
 */
#ifndef TOOLS_LOCKSTEP_LOCKSTEP_H
#define TOOLS_LOCKSTEP_LOCKSTEP_H

#include "system/input.h"
#include "target/x86/cpu.h"

typedef struct LockstepOptions {
    char *engine[2];       /* settings: "backend=interp" */
    char **machine;        /* the rest of the command line; @ is 1 or 2 */
    uint64_t insns;        /* to be run */
    uint64_t piece;        /* registers are compared after so many */
    uint64_t memory_every; /* and memory */
    uint64_t inject;       /* make side 2 wrong there; UINT64_MAX: nowhere */
    bool inject_memory;    /* in memory rather than in a register */
    unsigned shift;        /* 2^shift ns an instruction */
} LockstepOptions;

/* ---- side.c: one machine --------------------------------------------------
 */

typedef struct Side {
    const LockstepOptions *options;
    unsigned index; /* 0, 1 */
    Machine *m;
    X86Cpu *cpu;
    RamBlock *ram;
    uint64_t count;      /* instructions run */
    uint64_t interrupts; /* pieces that began with one */
    InputResult result;
} Side;

bool side_open(Side *s, const LockstepOptions *options, unsigned index,
               GError **errp);
void side_close(Side *s);
/* At most one piece, not beyond `until`. */
void side_run(Side *s, uint64_t until);

/* ---- compare.c ------------------------------------------------------------
 */

/* True: they agree. what: gets a line for each difference; may be NULL. */
bool compare_registers(Side *a, Side *b, GString *what);
bool compare_memory(Side *a, Side *b, GString *what);
/* Of main memory what was written since the last call. */
bool compare_written(Side *a, Side *b, GString *what);

#endif
