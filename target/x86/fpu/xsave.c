/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XSAVE and XRSTOR in both forms, by the table of components. SDM 1 13.
 *
 * x87, SSE and AVX count as in use once anything looked at them here; of
 * AVX-512 we know, as the image says what is in its initial state, so guests
 * that never touch it save and restore nothing (XINUSE, SDM 1 13.6).
 */
#include "target/x86/fpu/fpu.h"
#include "target/x86/fpu/state.h"
#include "target/x86/xstate.h"

#include <string.h>

static void xsave_check(X86Cpu *cpu, vaddr addr)
{
    if (!(cpu->cr4 & CR4_OSXSAVE)) {
        x86_raise(cpu, EXC_UD);
    }
    if (cpu->cr0 & CR0_TS) {
        x86_raise(cpu, EXC_NM);
    }
    if (addr & 63) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

/* The components asked for: EDX:EAX and XCR0. */
static uint64_t xsave_requested(const X86Cpu *cpu)
{
    uint64_t mask = (uint32_t)cpu->env.r[X86_RAX] | cpu->env.r[X86_RDX] << 32;
    return mask & cpu->xcr0;
}

/* Bytes of a component that there are in the present mode. */
static unsigned xsave_bytes(const X86Cpu *cpu, const XState *x)
{
    return cpu->key.code == X86_CODE64 ? x->size : x->legacy;
}

static vaddr xsave_place(vaddr area, const XState *x, uint64_t compact)
{
    return area + (compact ? x86_xstate_compact(x, compact & ~XCOMP_COMPACT)
                           : x86_xstate_standard(x));
}

/* ---- saving ----------------------------------------------------------------
 */

/* MXCSR belongs to AVX, too, in the standard form: SDM 1 13.7, 13.10. */
static void xsave_legacy(X86Cpu *cpu, vaddr addr, uint64_t mask, bool compacted)
{
    uint64_t has_mxcsr = XSTATE_SSE | (compacted ? 0 : XSTATE_AVX);
    X86Fpu image = { .mxcsr = cpu->fpu.mxcsr, .mxcsr_mask = MXCSR_VALID };

    if (mask & XSTATE_X87) {
        state_put_x87(cpu, &image);
        fp_write(cpu, addr, &image, 24);
        fp_write(cpu, addr + offsetof(X86Fpu, st), image.st, sizeof(image.st));
    }
    if (mask & has_mxcsr) {
        fp_write(cpu, addr + offsetof(X86Fpu, mxcsr), &image.mxcsr, 8);
    }
    if (mask & XSTATE_SSE) {
        fp_write(cpu, addr + offsetof(X86Fpu, xmm), cpu->fpu.xmm,
                 state_xmm_bytes(cpu));
    }
}

static void xsave_component(X86Cpu *cpu, const XState *x, vaddr at)
{
    uint64_t pkru = cpu->pkru;
    uint8_t *image = (uint8_t *)&cpu->fpu + x->image;

    if (!x->image) {
        fp_write(cpu, at, &pkru, sizeof(pkru));
        return;
    }
    if (!(cpu->fpu.xstate_bv >> x->number & 1)) {
        memset(image, 0, x->size);
    }
    fp_write(cpu, at, image, xsave_bytes(cpu, x));
}

uint64_t state_xsave(void *env, uint64_t addr, uint64_t kind, uint64_t c,
                     uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t mask = xsave_requested(cpu), header[2] = { 0 };
    bool compacted = kind == FP_XSAVE_COMPACT;

    xsave_check(cpu, addr);
    fp_normalize(cpu);
    uint64_t used = cpu->fpu.xstate_bv | ~(uint64_t)XSTATE_AVX512;
    uint64_t saved = kind == FP_XSAVE_PLAIN ? mask : mask & used;
    if (compacted) {
        header[1] = mask | XCOMP_COMPACT;
    } else {
        fp_read(cpu, addr + XSTATE_HEADER, header, 8);
        header[0] &= ~mask;
    }
    header[0] |= mask & used;
    xsave_legacy(cpu, addr, saved, compacted);
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        if (saved >> x->number & 1) {
            xsave_component(cpu, x, xsave_place(addr, x, header[1]));
        }
    }
    fp_write(cpu, addr + XSTATE_HEADER, header, compacted ? 16 : 8);
    return 0;
}

/* ---- restoring -------------------------------------------------------------
 */

/* SDM 1 13.8.1: standard form; 13.8.2: compacted. */
static void xrstor_check_header(X86Cpu *cpu, const uint64_t header[8],
                                bool compact_only)
{
    uint64_t bv = header[0], comp = header[1];
    bool compact = comp & XCOMP_COMPACT, bad;

    if (compact) {
        bad = (comp & ~XCOMP_COMPACT & ~cpu->xcr0) || (bv & ~comp);
        for (unsigned n = 2; n < 8; n++) {
            bad |= header[n] != 0;
        }
    } else {
        bad = comp || (bv & ~cpu->xcr0) || header[2] || compact_only;
    }
    if (bad) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

/* What is read from guest memory, before anything changes. */
typedef struct XrstorArea {
    uint64_t header[8];
    X86Fpu image;
    uint64_t pkru;
    uint32_t mxcsr;
    bool has_mxcsr;
} XrstorArea;

static void xrstor_read(X86Cpu *cpu, XrstorArea *a, vaddr addr, uint64_t mask)
{
    fp_read(cpu, addr, &a->image, FX_USED);
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        uint8_t *to =
            x->image ? (uint8_t *)&a->image + x->image : (uint8_t *)&a->pkru;
        if (mask & a->header[0] & UINT64_C(1) << x->number) {
            fp_read(cpu, xsave_place(addr, x, a->header[1]), to, x->size);
        }
    }
    /* The standard form loads MXCSR even if XSTATE_BV says initial. */
    bool compact = a->header[1] & XCOMP_COMPACT;
    a->has_mxcsr = mask & (XSTATE_SSE | (compact ? 0 : XSTATE_AVX));
    a->mxcsr =
        compact && !(a->header[0] & XSTATE_SSE) ? MXCSR_INIT : a->image.mxcsr;
    if (a->has_mxcsr) {
        state_check_mxcsr(cpu, a->mxcsr);
    }
}

static void xrstor_legacy(X86Cpu *cpu, const XrstorArea *a, uint64_t mask)
{
    if (mask & a->header[0] & XSTATE_X87) {
        state_get_x87(cpu, &a->image);
    } else if (mask & XSTATE_X87) {
        state_init_x87(&cpu->fpu);
    }
    if (mask & XSTATE_SSE) {
        memset(cpu->fpu.xmm, 0, state_xmm_bytes(cpu));
        if (a->header[0] & XSTATE_SSE) {
            memcpy(cpu->fpu.xmm, a->image.xmm, state_xmm_bytes(cpu));
        }
    }
}

/* In 32-bit code the upper registers stay, so the component is in use. */
static void xrstor_component(X86Cpu *cpu, const XrstorArea *a, const XState *x)
{
    uint8_t *to = (uint8_t *)&cpu->fpu + x->image;
    uint64_t bit = UINT64_C(1) << x->number;
    unsigned bytes = xsave_bytes(cpu, x);

    if (!x->image) {
        x86_set_pkru(cpu, a->header[0] & bit ? a->pkru : 0);
        return;
    }
    if (!(cpu->fpu.xstate_bv & bit)) {
        memset(to, 0, x->size);
    }
    if (a->header[0] & bit) {
        memcpy(to, (const uint8_t *)&a->image + x->image, bytes);
        cpu->fpu.xstate_bv |= bytes ? bit : 0;
    } else {
        memset(to, 0, bytes);
        cpu->fpu.xstate_bv &=
            bytes == x->size && bit & XSTATE_AVX512 ? ~bit : ~0ull;
    }
}

uint64_t state_xrstor(void *env, uint64_t addr, uint64_t kind, uint64_t c,
                      uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t mask = xsave_requested(cpu);
    XrstorArea a = { .pkru = 0 };

    xsave_check(cpu, addr);
    x86_load(cpu, addr, 1, cpu->env.mode); /* should it fault, here first */
    fp_read(cpu, addr + XSTATE_HEADER, a.header, 64);
    xrstor_check_header(cpu, a.header, kind == FP_XSAVE_COMPACT);
    xrstor_read(cpu, &a, addr, mask);
    fp_normalize(cpu);
    if (a.has_mxcsr) {
        cpu->fpu.mxcsr = a.mxcsr;
    }
    xrstor_legacy(cpu, &a, mask);
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        if (mask >> x86_xstates[n].number & 1) {
            xrstor_component(cpu, &a, &x86_xstates[n]);
        }
    }
    return state_changed(cpu);
}
