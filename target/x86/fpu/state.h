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
    FP_STATE_OPT,     /* FP_XSAVE_OPT: leave initial state out */
    FP_STATE_COMPACT, /* FP_XSAVE_COMPACT: and the compacted form */
} FpStateArgument;

enum { FP_XSAVE_PLAIN, FP_XSAVE_OPT, FP_XSAVE_COMPACT };

typedef struct FpStateRow {
    uint16_t mnemonic;
    uint8_t argument;
    TcgHelper helper;
} FpStateRow;

extern const FpStateRow fp_state_rows[]; /* ends with mnemonic 0 */

/* ---- state.c: what images are made of --------------------------------------
 */

enum { FX_USED = 416 }; /* bytes of an FXSAVE area that are written */

void state_init_x87(X86Fpu *fpu);
/* Control words have changed: may native code still be used? */
uint64_t state_changed(X86Cpu *cpu);
void state_check_mxcsr(X86Cpu *cpu, uint32_t v);
/* XMM8..15 exist in 64-bit code only. */
unsigned state_xmm_bytes(const X86Cpu *cpu);
/* The x87 part of an image: 32 bytes of head, without MXCSR, and registers. */
void state_put_x87(X86Cpu *cpu, X86Fpu *image);
void state_get_x87(X86Cpu *cpu, const X86Fpu *image);

/* ---- xsave.c: helpers ------------------------------------------------------
 */

TcgHelperFn state_xsave, state_xrstor;

#endif
