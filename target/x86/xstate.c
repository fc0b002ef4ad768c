/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State components of XSAVE as a table. SDM 1 13.4.2, 13.4.3. */
#include "target/x86/xstate.h"

#include "target/x86/cpu.h"
#include "target/x86/host.h"

const XState x86_xstates[XSTATE_COUNT] = {
    { 2, 256, 576, offsetof(X86Fpu, ymm_high), 128 },
    { 5, 64, 1088, offsetof(X86Fpu, opmask), 64 },
    { 6, 512, 1152, offsetof(X86Fpu, zmm_high), 256 },
    { 7, 1024, 1664, offsetof(X86Fpu, zmm), 0 },
    { 9, 8, 2688, 0, 8 },
};

uint32_t x86_xstate_standard(const XState *x)
{
    uint32_t host = x86_host_xstate_offset(x->number);
    return host ? host : x->standard;
}

uint32_t x86_xstate_compact(const XState *x, uint64_t components)
{
    uint32_t at = XSTATE_EXTENDED;

    for (unsigned n = 0; &x86_xstates[n] < x; n++) {
        at += components >> x86_xstates[n].number & 1 ? x86_xstates[n].size : 0;
    }
    return at;
}

uint32_t x86_xstate_size(uint64_t components, bool compact)
{
    uint32_t size = XSTATE_EXTENDED;

    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        if (components >> x->number & 1) {
            uint32_t at = compact ? x86_xstate_compact(x, components)
                                  : x86_xstate_standard(x);
            size = MAX(size, at + x->size);
        }
    }
    return size;
}
