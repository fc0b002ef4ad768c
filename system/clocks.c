/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's three clocks: virtual, host, and the one that -rtc sets. */
#include "system/machine-internal.h"

#define RTC_NS_PER_US INT64_C(1000)

static int64_t machine_rtc_source(void *opaque)
{
    Machine *m = opaque;

    switch (m->config->rtc.clock) {
    case RTC_CLOCK_VM:
        return clock_now(m->clock);
    case RTC_CLOCK_RT:
        return clock_source_monotonic(NULL);
    case RTC_CLOCK_HOST:
        break;
    }
    return g_get_real_time() * RTC_NS_PER_US;
}

/* Seconds by which local time is ahead of UTC now. */
static int64_t machine_local_offset(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();

    return now ? g_date_time_get_utc_offset(now) / G_USEC_PER_SEC : 0;
}

static int64_t machine_rtc_start_ns(const RtcConfig *rtc)
{
    int64_t now = g_get_real_time() * RTC_NS_PER_US;

    switch (rtc->base) {
    case RTC_BASE_LOCAL:
        return now + machine_local_offset() * NS_PER_SECOND;
    case RTC_BASE_DATE:
        return rtc->date_s * NS_PER_SECOND;
    case RTC_BASE_UTC:
        break;
    }
    return now;
}

bool machine_create_clocks(Machine *m, GError **errp)
{
    void *opaque = NULL;
    ClockSource *source = m->config->input_counted ? input_clock(m, &opaque)
                                                   : clock_source_monotonic;

    m->clock = clock_new(source, opaque);
    m->clock_host = clock_new(clock_source_monotonic, NULL);
    m->clock_rtc = clock_new(machine_rtc_source, m);
    clock_set(m->clock_rtc, machine_rtc_start_ns(&m->config->rtc));
    clock_start(m->clock_host);
    clock_start(m->clock_rtc);
    /* Counted time goes on in input.c only. */
    m->clock_loop = clock_loop_new(
        (Clock *const[]){ m->clock_host, m->clock, m->clock_rtc },
        m->config->input_counted ? 1 : 3, errp);
    return m->clock_loop != NULL;
}

void machine_free_clocks(Machine *m)
{
    clock_loop_free(m->clock_loop);
    g_clear_pointer(&m->clock_rtc, clock_free);
    g_clear_pointer(&m->clock_host, clock_free);
    g_clear_pointer(&m->clock, clock_free);
}
