/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the passes: folding first, since it turns readers into moves;
 * then flags, which turns flag-setting operations into plain ones; then what
 * nobody reads any more goes.
 */
#include "tcg/opt/opt.h"

#include <string.h>

void *ir_opt_scratch(IrBlock *b, size_t size)
{
    if (size > b->scratch_size) {
        g_free(b->scratch);
        b->scratch_size = size * 2;
        b->scratch = g_malloc(b->scratch_size);
    }
    return memset(b->scratch, 0, size);
}

void ir_optimise(IrBlock *b)
{
    ir_opt_fold(b);
    ir_opt_flags(b);
    ir_opt_dead(b);
}
