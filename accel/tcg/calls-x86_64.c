/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordinary C from light code on x86-64: the guest's vector state may be in the
 * registers, so it is put aside (XSAVE area on the stack), and C gets the state
 * that the ABI wants. SDM 1 13.7.
 */
#include "accel/tcg/engine.h"

enum { XSAVE_MAX = 4096 }; /* more than x87, SSE, AVX and AVX-512 need */

void engine_call_heavy(void (*fn)(void *arg), void *arg)
{
    uint8_t area[XSAVE_MAX] __attribute__((aligned(64)));
    const uint32_t mxcsr = 0x1f80;

    /* The header must be zero; the rest is written by XSAVE. */
    for (unsigned i = 512; i < 576; i++) {
        area[i] = 0;
    }
    __asm__ volatile("xsave64 %0\n\t"
                     "fninit\n\t"
                     "ldmxcsr %1"
                     : "+m"(area)
                     : "m"(mxcsr), "a"(0xe7), "d"(0)
                     : "memory");
    fn(arg);
    __asm__ volatile("xrstor64 %0" : : "m"(area), "a"(0xe7), "d"(0) : "memory");
}
