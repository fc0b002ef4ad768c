/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's features by CPUID. The instruction traps to a hypervisor below,
 * so each leaf is asked for once per process.
 */
#include "target/x86/features.h"
#include "target/x86/host.h"
#include "target/x86/xstate.h"

#include <cpuid.h>
#include <glib.h>

/* What x86-64-v4 asks for comes first. */
static const uint16_t host_avx512[] = {
    FEATURE_AVX512F,
    FEATURE_AVX512CD,
    FEATURE_AVX512BW,
    FEATURE_AVX512DQ,
    FEATURE_AVX512VL,
    FEATURE_AVX512VBMI,
    FEATURE_AVX512VBMI2,
    FEATURE_AVX512VNNI,
    FEATURE_AVX512BITALG,
    FEATURE_AVX512IFMA,
    FEATURE_AVX512VPOPCNTDQ,
    FEATURE_AVX512BF16,
    FEATURE_AVX512VP2INTERSECT,
};
enum { HOST_AVX512_BASE = 5 };

/* Xeon Phi's is another AVX-512, and the kernel may have it switched off. */
static bool host_has_avx512(const uint8_t *has)
{
    unsigned a, b, c, d, low, high;

    for (unsigned n = 0; n < HOST_AVX512_BASE; n++) {
        if (!has[host_avx512[n]]) {
            return false;
        }
    }
    if (!has[FEATURE_XSAVEC] || !__get_cpuid(1, &a, &b, &c, &d) ||
        !(c & bit_OSXSAVE)) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (~low & XSTATE_AVX512) == 0;
}

static void host_read(uint8_t *has)
{
    for (unsigned n = 1; n < FEATURE_COUNT; n++) {
        const X86FeatureBit *f = &x86_feature_bits[n];
        unsigned regs[4] = { 0 };
        __get_cpuid_count(f->leaf, f->subleaf, &regs[0], &regs[1], &regs[2],
                          &regs[3]);
        has[n] = regs[f->reg] >> f->bit & 1;
    }
    has[0] = 1;
    if (!host_has_avx512(has)) {
        for (unsigned n = 0; n < G_N_ELEMENTS(host_avx512); n++) {
            has[host_avx512[n]] = 0;
        }
    }
}

bool x86_host_has_feature(unsigned feature)
{
    static uint8_t has[FEATURE_COUNT];
    static gsize once;

    if (g_once_init_enter(&once)) {
        host_read(has);
        g_once_init_leave(&once, 1);
    }
    return feature < FEATURE_COUNT && has[feature];
}

static void host_read_xstates(uint32_t *offsets, unsigned count)
{
    for (unsigned n = 2; n < count; n++) {
        unsigned size = 0, offset = 0, c, d;
        if (__get_cpuid_count(0xd, n, &size, &offset, &c, &d) && size) {
            offsets[n] = offset;
        }
    }
}

uint32_t x86_host_xstate_offset(unsigned component)
{
    enum { COUNT = 10 };
    static uint32_t offsets[COUNT];
    static gsize once;

    if (g_once_init_enter(&once)) {
        host_read_xstates(offsets, COUNT);
        g_once_init_leave(&once, 1);
    }
    return component < COUNT ? offsets[component] : 0;
}
