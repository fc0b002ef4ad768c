/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions on the state as a whole: helpers (address, argument); each
 * returns non-zero if the translation key changed. */
#ifndef TARGET_X86_FPU_STATE_H
#define TARGET_X86_FPU_STATE_H

#include "target/x86/cpu.h"

/* What a helper's argument is; 0 otherwise. */
typedef enum FpStateArgument {
    FP_STATE_ZERO,
    FP_STATE_WIDTH,   /* operand size, 2 or 4 */
    FP_STATE_TO_AX,   /* 1 without memory operand */
    FP_STATE_COMPACT, /* 1: compacted form */
} FpStateArgument;

typedef struct FpStateRow {
    uint16_t mnemonic;
    uint8_t argument;
    TcgHelper helper;
} FpStateRow;

extern const FpStateRow fp_state_rows[]; /* ends with mnemonic 0 */

#endif
