/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time-stamp counter: the virtual clock's nanoseconds, or a multiple of
 * them where the model has another rate. Reading a clock
 * costs a call into the C library, so on hosts with an invariant TSC of their
 * own the counter is extrapolated from it:
 *
 *     guest = guest_base + (host - host_base) * rate / 2^32
 *
 * x86_tsc_sync() bends the rate so that the reading converges on the clock and
 * never runs backwards. It trusts the line only while the clock keeps pace with
 * the host's monotonic time; a clock that was stopped, set, or is driven by
 * hand is read itself until it does. `sequence` is odd while the line changes.
 * All CPUs of a machine share one line, so what one reads another has not yet
 * passed; any of their threads may bend it.
 *
 * Reading it is in tsc-read.c, which is light.
 */
#include "target/x86/tsc.h"

#include "target/x86/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define RATE_ONE 4294967296.0 /* 2^32 */

enum {
    TSC_SYNC_TICKS = 2 * 1000 * 1000, /* of the host, between corrections */
    TSC_DOUBT_TICKS = 20 * 1000, /* of a sample that is good for something */
    TSC_JUMP_NS = 100 * 1000,    /* a line that is further off starts anew */
    TSC_NOISE_NS = 20 * 1000, /* a thread may lose that between two readings */
};

static bool tsc_host_invariant(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;

    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
#else
    return false;
#endif
}

/* ---- correction: any thread, not light ----------------------------------- */

/* The three clocks at one moment, as near as it gets. */
static TscSample tsc_sample(const X86Tsc *t)
{
    uint64_t before = x86_tsc_host();
    TscSample s = { .clock_ns = clock_now(t->clock),
                    .mono_ns = clock_source_monotonic(NULL) };

    s.doubt = (x86_tsc_host() - before) / 2;
    s.host = before + s.doubt;
    return s;
}

static void tsc_begin_change_locked(X86Tsc *t)
{
    __atomic_store_n(&t->sequence, t->sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void tsc_end_change_locked(X86Tsc *t, uint64_t host, uint64_t guest,
                                  uint64_t rate)
{
    t->host_base = host;
    t->guest_base = guest;
    t->rate = rate;
    __atomic_store_n(&t->sequence, t->sequence + 1, __ATOMIC_RELEASE);
}

static void tsc_set_line_locked(X86Tsc *t, uint64_t host, uint64_t guest,
                                uint64_t rate)
{
    tsc_begin_change_locked(t);
    tsc_end_change_locked(t, host, guest, rate);
}

/* From its end at this very moment: nobody reads meanwhile, so no CPU has
 * read more than the others are going to. */
static void tsc_bend_locked(X86Tsc *t, uint64_t rate)
{
    tsc_begin_change_locked(t);
    uint64_t host = x86_tsc_host();
    tsc_end_change_locked(t, host, x86_tsc_line(t, host), rate);
}

static bool tsc_keeps_pace(const TscSample *then, const TscSample *now)
{
    int64_t mono = now->mono_ns - then->mono_ns;
    int64_t off = now->clock_ns - then->clock_ns - mono;

    return now->host > then->host && ABS(off) < mono / 64 + TSC_NOISE_NS;
}

/* The line from now on: through its present end, with a slope that makes up
 * for being off within the next second. */
static void tsc_correct_locked(X86Tsc *t, const TscSample *now)
{
    uint64_t ticks = now->host - t->first.host;
    uint64_t rate = (now->mono_ns - t->first.mono_ns) * RATE_ONE / ticks;
    int64_t guest =
        t->rate ? (int64_t)x86_tsc_line(t, now->host) : now->clock_ns;
    int64_t error = now->clock_ns - guest;

    if (t->rate && ABS(error) <= TSC_JUMP_NS) {
        tsc_bend_locked(t, rate * (1.0 + error / 1e9));
    } else {
        tsc_set_line_locked(t, now->host, now->clock_ns, rate);
    }
}

static bool tsc_is_due(const X86Tsc *t)
{
    return x86_tsc_host() - __atomic_load_n(&t->last.host, __ATOMIC_RELAXED) >=
           TSC_SYNC_TICKS;
}

void x86_tsc_sync(X86Cpu *cpu)
{
    X86Tsc *t = cpu->tsc;
    TscSample now;

    if (!t->usable || !tsc_is_due(t) || !g_mutex_trylock(&t->lock)) {
        return; /* who has the lock does it for all */
    }
    now = tsc_sample(t);
    if (now.doubt < TSC_DOUBT_TICKS) { /* else: the thread was interrupted */
        if (tsc_keeps_pace(&t->last, &now)) {
            tsc_correct_locked(t, &now);
        } else {
            tsc_set_line_locked(t, 0, 0, 0);
        }
        t->last = now;
    }
    g_mutex_unlock(&t->lock);
}

X86Tsc *x86_tsc_new(Clock *clock, uint64_t hz)
{
    X86Tsc *t = g_new0(X86Tsc, 1);

    t->clock = clock;
    t->refs = 1;
    t->hz = hz;
    t->usable = tsc_host_invariant();
    g_mutex_init(&t->lock);
    t->first = t->last = tsc_sample(t);
    return t;
}

X86Tsc *x86_tsc_ref(X86Tsc *t)
{
    t->refs++;
    return t;
}

void x86_tsc_unref(X86Tsc *t)
{
    if (t && !--t->refs) {
        g_mutex_clear(&t->lock);
        g_free(t);
    }
}
