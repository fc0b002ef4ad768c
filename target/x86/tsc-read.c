/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the time-stamp counter: the light half of tsc.c. Where the host has
 * no invariant counter this calls clock_now(), which touches no vector
 * registers.
 */
#include "target/x86/tsc.h"

uint64_t x86_tsc_line(const X86Tsc *t, uint64_t host)
{
    uint64_t delta = host - t->host_base;

    if ((int64_t)delta < 0) { /* another core, a few ticks behind */
        return t->guest_base;
    }
    return t->guest_base + (uint64_t)((unsigned __int128)delta * t->rate >> 32);
}

static uint64_t tsc_now(X86Tsc *t)
{
    unsigned before, after;
    uint64_t val;

    do {
        before = __atomic_load_n(&t->sequence, __ATOMIC_ACQUIRE);
        val = t->rate ? x86_tsc_line(t, x86_tsc_host())
                      : (uint64_t)clock_now(t->clock);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        after = __atomic_load_n(&t->sequence, __ATOMIC_RELAXED);
    } while ((before & 1) || before != after);
    return val;
}

/* n * mul / div; both below 2^34, and not both above 2^30. */
static uint64_t tsc_scale(uint64_t n, uint64_t mul, uint64_t div)
{
    return n / div * mul + n % div * mul / div;
}

uint64_t x86_tsc_ticks(const X86Cpu *cpu, uint64_t clock_ns)
{
    uint64_t hz = cpu->tsc->hz;

    return hz == X86_TSC_HZ ? clock_ns : tsc_scale(clock_ns, hz, X86_TSC_HZ);
}

uint64_t x86_tsc_to_ns(const X86Cpu *cpu, uint64_t ticks)
{
    uint64_t hz = cpu->tsc->hz;

    return hz == X86_TSC_HZ ? ticks : tsc_scale(ticks, X86_TSC_HZ, hz);
}

uint64_t x86_read_tsc(X86Cpu *cpu)
{
    return x86_tsc_ticks(cpu, tsc_now(cpu->tsc)) + cpu->tsc_offset;
}
