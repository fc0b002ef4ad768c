/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's features by CPUID. The instruction traps to a hypervisor below,
 * so each leaf is asked for once per process.
 */
#include "target/x86/features.h"
#include "target/x86/host.h"

#include <cpuid.h>
#include <glib.h>

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
