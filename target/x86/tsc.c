/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time-stamp counter: the virtual clock's nanoseconds, or a multiple of
 * them where the model has another rate. Reading a clock costs a call into the
 * C library, so on hosts with an invariant TSC of their own the counter is
 * extrapolated from it, as long as the clock runs on the host's monotonic time:
 *
 *     guest = guest_base + (host - host_base) * rate / 2^32
 *
 * All CPUs of a machine share one line, any of their threads may change it, and
 * none may read less than another has read. `sequence` is odd while the line
 * changes, and readers then wait. So:
 *
 * 1. A new line begins at or above the old one's reading, at a host_base read
 *    while nobody could read the guest's counter. What is ahead of the clock is
 *    made up for by a flatter slope, never by a step.
 * 2. A line follows the clock itself only by beginning at a reading of it that
 *    was taken then, and only the clock's owner makes the counter step: stopped
 *    or set, it moves the line, before any CPU runs again.
 * 3. A reader's RDTSC may be executed after its second look at `sequence`, but
 *    before that look retires: less than a microsecond. Old and new line have
 *    not parted by a nanosecond then.
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
    TSC_SAMPLES = 3,             /* the best of which is taken */
    TSC_JUMP_NS = 100 * 1000,    /* a line that is further behind begins anew */
};
#define TSC_SLOWEST 0.5 /* slope, while it waits for the clock */

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

static TscSample tsc_sample_once(void)
{
    uint64_t before = x86_tsc_host();
    TscSample s = { .mono_ns = clock_source_monotonic(NULL) };

    s.doubt = (x86_tsc_host() - before) / 2;
    s.host = before + s.doubt;
    return s;
}

/* Both of the host's clocks at one moment, as near as it gets. */
static TscSample tsc_sample(void)
{
    TscSample best = tsc_sample_once();

    for (unsigned n = 1; n < TSC_SAMPLES; n++) {
        TscSample s = tsc_sample_once();
        best = s.doubt < best.doubt ? s : best;
    }
    return best;
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

/* The clock is read after the host's counter: the line is not behind it. */
static void tsc_begin_line_locked(X86Tsc *t, uint64_t rate)
{
    tsc_begin_change_locked(t);
    uint64_t host = x86_tsc_host();
    uint64_t guest = clock_source_monotonic(NULL) - t->lag_ns;
    uint64_t end = t->rate ? x86_tsc_line(t, host) : 0;
    tsc_end_change_locked(t, host, MAX(guest, end), rate);
}

static void tsc_bend_locked(X86Tsc *t, uint64_t rate)
{
    tsc_begin_change_locked(t);
    uint64_t host = x86_tsc_host();
    tsc_end_change_locked(t, host, x86_tsc_line(t, host), rate);
}

/* A slope that makes up for being off within the next second. */
static void tsc_correct_locked(X86Tsc *t, const TscSample *now)
{
    uint64_t ticks = now->host - t->first.host;
    double rate = (now->mono_ns - t->first.mono_ns) * RATE_ONE / ticks;
    int64_t clock = now->mono_ns - t->lag_ns;
    int64_t error =
        t->rate ? clock - (int64_t)x86_tsc_line(t, now->host) : INT64_MAX;

    if (error > TSC_JUMP_NS) {
        tsc_begin_line_locked(t, rate);
    } else {
        tsc_bend_locked(t, rate * MAX(1.0 + error / 1e9, TSC_SLOWEST));
    }
}

/* A clock that stood still, or was set, takes the line with it. */
static void tsc_follow_clock(X86Tsc *t, int64_t lag_ns)
{
    g_mutex_lock(&t->lock);
    tsc_begin_change_locked(t);
    uint64_t guest = t->guest_base - (uint64_t)(lag_ns - t->lag_ns);

    __atomic_store_n(&t->lag_ns, lag_ns, __ATOMIC_RELAXED);
    tsc_end_change_locked(t, t->host_base, guest, t->rate);
    g_mutex_unlock(&t->lock);
}

static bool tsc_is_due(const X86Tsc *t)
{
    return x86_tsc_host() - __atomic_load_n(&t->last_host, __ATOMIC_RELAXED) >=
           TSC_SYNC_TICKS;
}

void x86_tsc_sync(X86Cpu *cpu)
{
    X86Tsc *t = cpu->tsc;
    int64_t lag_ns;

    if (!t->usable || !clock_is_monotonic(t->clock, &lag_ns)) {
        return;
    }
    if (lag_ns != __atomic_load_n(&t->lag_ns, __ATOMIC_RELAXED)) {
        tsc_follow_clock(t, lag_ns);
    }
    if (!tsc_is_due(t) || !g_mutex_trylock(&t->lock)) {
        return; /* who has the lock does it for all */
    }
    TscSample now = tsc_sample();
    if (now.doubt < TSC_DOUBT_TICKS) { /* else: the thread was interrupted */
        tsc_correct_locked(t, &now);
        __atomic_store_n(&t->last_host, now.host, __ATOMIC_RELAXED);
    }
    g_mutex_unlock(&t->lock);
}

void x86_tsc_forget(X86Cpu *cpu)
{
    X86Tsc *t = cpu->tsc;

    g_mutex_lock(&t->lock);
    tsc_begin_change_locked(t);
    tsc_end_change_locked(t, 0, 0, 0);
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
    t->first = tsc_sample();
    t->last_host = t->first.host;
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
