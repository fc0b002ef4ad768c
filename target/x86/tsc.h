/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time-stamp counter's line through the host's; see tsc.c. */
#ifndef TARGET_X86_TSC_H
#define TARGET_X86_TSC_H

#include "target/x86/cpu.h"

typedef struct TscSample {
    uint64_t host;
    uint64_t doubt; /* host may be off by so many ticks */
    int64_t mono_ns;
} TscSample;

struct X86Tsc {
    Clock *clock;
    bool usable; /* the host has an invariant counter */
    unsigned refs;
    uint64_t hz; /* of the guest's counter; the line is in nanoseconds */

    unsigned sequence; /* odd while the line changes */
    uint64_t host_base, guest_base;
    uint64_t rate; /* nanoseconds a tick, 32.32; 0: read the clock */

    GMutex lock;        /* guards changes, and the rest; a leaf */
    TscSample first;    /* what rates are measured from */
    int64_t lag_ns;     /* clock_is_monotonic()'s, that the line is right for */
    uint64_t last_host; /* of the last correction */
};

static inline uint64_t x86_tsc_host(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}

/* Until all earlier instructions are over, x86_tsc_host() is not read: what
 * LFENCE, MFENCE and RDTSCP promise (APM 3 RDTSCP). */
static inline void x86_tsc_order(void)
{
#if defined(__x86_64__)
    __asm__ volatile("lfence" : : : "memory");
#endif
}

/* tsc-read.c: the line's reading for a host tick. Light. */
uint64_t x86_tsc_line(const X86Tsc *tsc, uint64_t host);

X86Tsc *x86_tsc_new(Clock *clock, uint64_t hz);
X86Tsc *x86_tsc_ref(X86Tsc *tsc); /* for another CPU of the machine */
void x86_tsc_unref(X86Tsc *tsc);

#endif
