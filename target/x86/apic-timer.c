/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC's timer: one-shot and periodic counts of the bus clock, and
 * TSC deadlines, all on the virtual clock. The count is not kept; it follows
 * from when it was written.
 *
 * SDM 3A 10.5.4.
 */
#include "target/x86/apic-internal.h"

/* SDM 3A 10.5.4: bits 3, 1, 0 are an exponent less one; 7 is one. */
static unsigned apic_divide_shift(const X86Apic *a)
{
    return (((a->divide >> 1 & 4) | (a->divide & 3)) + 1) & 7;
}

static int64_t apic_period_ns(const X86Apic *a)
{
    return (int64_t)a->timer_initial << apic_divide_shift(a);
}

uint32_t apic_timer_current(X86Apic *a)
{
    int64_t period = apic_period_ns(a);
    int64_t passed = clock_now(a->cpu->clock) - (int64_t)a->timer_start_ns;

    if (!period || a->timer_ended || apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        return 0;
    }
    if (passed >= period) {
        if (apic_timer_mode(a) != APIC_LVT_PERIODIC) {
            return 0;
        }
        passed %= period;
    }
    return (period - passed) >> apic_divide_shift(a);
}

static void apic_arm_deadline(X86Apic *a)
{
    const X86Cpu *cpu = a->cpu;
    uint64_t ticks = cpu->tsc_deadline - cpu->tsc_offset;

    if (!cpu->tsc_deadline) {
        timer_disarm(&a->timer);
        return;
    }
    /* Before the clock's beginning, or beyond its end. */
    if ((int64_t)ticks < 0) {
        ticks = cpu->tsc_deadline < cpu->tsc_offset ? 0 : INT64_MAX;
    }
    timer_arm(&a->timer, MIN(x86_tsc_to_ns(cpu, ticks), INT64_MAX));
}

static void apic_arm_count(X86Apic *a)
{
    int64_t period = apic_period_ns(a);
    int64_t now = clock_now(a->cpu->clock);
    int64_t start = a->timer_start_ns;

    if (!period || a->timer_ended) {
        timer_disarm(&a->timer);
    } else if (now < start + period) {
        timer_arm(&a->timer, start + period);
    } else if (apic_timer_mode(a) == APIC_LVT_PERIODIC) {
        int64_t next = start + ((now - start) / period + 1) * period;

        timer_arm(&a->timer, MAX(next, now + APIC_PERIOD_MIN_NS));
    } else {
        timer_disarm(&a->timer);
    }
}

void apic_timer_arm(X86Apic *a)
{
    if (a->away) {
        timer_disarm(&a->timer);
    } else if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        apic_arm_deadline(a);
    } else {
        apic_arm_count(a);
    }
}

void apic_timer_set_current(X86Apic *a, uint32_t current)
{
    int64_t passed = (int64_t)(a->timer_initial - current)
                     << apic_divide_shift(a);

    a->timer_start_ns = clock_now(a->cpu->clock) - passed;
    a->timer_ended = !current && apic_timer_mode(a) != APIC_LVT_PERIODIC;
}

void apic_timer_write_initial(X86Apic *a, uint32_t val)
{
    if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        return;
    }
    a->timer_initial = val;
    a->timer_ended = false;
    a->timer_start_ns = clock_now(a->cpu->clock);
    apic_arm_count(a);
}

void apic_timer_write_divide(X86Apic *a, uint32_t val)
{
    uint32_t current = apic_timer_current(a);

    a->divide = val & 0xb;
    apic_timer_set_current(a, current); /* only how fast it falls changes */
    if (current) {
        apic_timer_arm(a);
    }
}

/* With the lock held. */
void apic_timer_expired(void *opaque)
{
    X86Apic *a = opaque;

    trace(apic_timer, "apic %u", a->cpu->apic_id);
    if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        a->cpu->tsc_deadline = 0;
    }
    apic_local_interrupt_locked(a, APIC_LVT_TIMER);
    if (apic_timer_mode(a) == APIC_LVT_PERIODIC) {
        apic_arm_count(a);
    }
}

uint64_t x86_apic_read_deadline(X86Apic *a)
{
    g_mutex_lock(&a->lock);
    uint64_t tsc =
        apic_timer_mode(a) == APIC_LVT_DEADLINE ? a->cpu->tsc_deadline : 0;

    g_mutex_unlock(&a->lock);
    return tsc;
}

/* A deadline that has passed fires at once, without a round through the timer's
 * thread. SDM 3A 10.5.4.1. */
void x86_apic_write_deadline(X86Apic *a, uint64_t tsc)
{
    X86Cpu *cpu = a->cpu;

    g_mutex_lock(&a->lock);
    if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        cpu->tsc_deadline = tsc;
        /* What the guest reads may be a little ahead of the clock. */
        if (tsc && tsc <= x86_read_tsc(cpu)) {
            timer_disarm(&a->timer);
            cpu->tsc_deadline = 0;
            apic_local_interrupt_locked(a, APIC_LVT_TIMER);
        } else {
            apic_arm_deadline(a);
        }
    }
    g_mutex_unlock(&a->lock);
}
