/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The passes, one file each; for tcg/opt/ only. Each is one walk over the
 * block (dead temporaries: two short ones) and allocates nothing in the steady
 * state: translation speed is what the guest's boot time is made of.
 */
#ifndef TCG_OPT_OPT_H
#define TCG_OPT_OPT_H

#include "tcg/ir.h"

/* Zeroed memory of at least `size` bytes, owned by the block. */
void *ir_opt_scratch(IrBlock *b, size_t size);

void ir_opt_fold(IrBlock *b);  /* constants and copies, forward */
void ir_opt_flags(IrBlock *b); /* flags that nothing reads, backward */
void ir_opt_dead(IrBlock *b);  /* temporaries that nothing reads, backward */

static inline void ir_opt_remove(IrInsn *insn)
{
    insn->op = IR_NOP;
    insn->dst = insn->a = insn->b = insn->c = IR_NONE;
}

#endif
