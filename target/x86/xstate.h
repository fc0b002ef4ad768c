/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State components of XSAVE: SDM 1 13.1, 13.5. Their sizes are architecture;
 * where they stand in the standard form is each maker's own, and a running
 * guest may go from one accelerator to another, so it is as the host has it.
 */
#ifndef TARGET_X86_XSTATE_H
#define TARGET_X86_XSTATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    XSTATE_X87 = 1 << 0,
    XSTATE_SSE = 1 << 1,
    XSTATE_AVX = 1 << 2,
    XSTATE_OPMASK = 1 << 5,
    XSTATE_ZMM_HIGH = 1 << 6, /* upper halves of ZMM0..15 */
    XSTATE_ZMM = 1 << 7,      /* ZMM16..31 */
    XSTATE_AVX512 = XSTATE_OPMASK | XSTATE_ZMM_HIGH | XSTATE_ZMM,
    XSTATE_PKRU = 1 << 9,
    XSTATE_HEADER = 512,
    XSTATE_EXTENDED = 576, /* the first component behind the header */
};
#define XCOMP_COMPACT (UINT64_C(1) << 63)

typedef struct XState {
    uint8_t number;    /* its bit in XCR0 */
    uint16_t size;     /* bytes */
    uint16_t standard; /* where Intel's processors have it */
    uint16_t image;    /* where X86Fpu has it; 0: it does not */
    uint16_t legacy;   /* bytes that exist outside of 64-bit code */
} XState;

enum { XSTATE_COUNT = 5 };
/* Those behind the header, in the order of their bits. */
extern const XState x86_xstates[XSTATE_COUNT];

/* Where it is in the standard form, and, with what else is there, in the
 * compacted one. */
uint32_t x86_xstate_standard(const XState *x);
uint32_t x86_xstate_compact(const XState *x, uint64_t components);
/* Bytes of an area with these components. */
uint32_t x86_xstate_size(uint64_t components, bool compact);

#endif
