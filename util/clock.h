/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers. A Clock counts nanoseconds; a virtual clock stands still
 * while the machine is stopped. A Timer belongs to one clock and calls back
 * on the thread that runs clock_run() (the main loop). Timers may be armed and
 * cancelled from any thread.
 *
 * Every clock takes its host time from a ClockSource, so tests drive time by
 * hand and record/replay has one place to stand.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)

typedef struct Clock Clock;
typedef struct Timer Timer;

/* Host time source in ns; monotonic. */
typedef int64_t ClockSource(void *opaque);
int64_t clock_source_monotonic(void *opaque);

/* A stopped clock at 0. source NULL: a manual clock that moves by
 * clock_advance() only. */
Clock *clock_new(ClockSource *source, void *opaque);
void clock_free(Clock *clock); /* every timer of it must be gone */

int64_t clock_now(Clock *clock); /* ns; lock-free, any thread */
/* How far it is behind its source while it runs: changes only when it was
 * stopped or set. */
int64_t clock_lag(Clock *clock);
/* True: it is clock_source_monotonic() less *lag_ns, until it is stopped or
 * set. Lock-free. */
bool clock_is_monotonic(Clock *clock, int64_t *lag_ns);
void clock_start(Clock *clock);
void clock_stop(Clock *clock);
/* Manual clocks: move time and run what became due, in order of deadline. */
void clock_advance(Clock *clock, int64_t delta_ns);
/* Set the present reading (after loading a snapshot); clock must be stopped. */
void clock_set(Clock *clock, int64_t now_ns);

/* Run due timers on this thread. */
void clock_run(Clock *clock);
/* Earliest deadline in clock time, INT64_MAX if none or the clock is stopped.
 */
int64_t clock_deadline(Clock *clock);
/* notify is called (any thread, no lock held) when the earliest deadline moved
 * nearer, so that the main loop can shorten its sleep. */
void clock_set_notify(Clock *clock, void (*notify)(void *), void *opaque);

typedef void TimerCb(void *opaque);

struct Timer {
    Clock *clock;
    TimerCb *cb;
    void *opaque;
    GMutex *lock;        /* held around cb; the owner device's, or NULL */
    int64_t deadline_ns; /* -1: not armed. Guarded by the clock's lock. */
    unsigned heap_index;
};

void timer_init(Timer *timer, Clock *clock, TimerCb *cb, void *opaque,
                GMutex *lock);
void timer_clear(Timer *timer); /* disarm; safe on a zeroed Timer */
void timer_arm(Timer *timer, int64_t deadline_ns);
void timer_disarm(Timer *timer);
bool timer_armed(const Timer *timer);
int64_t timer_deadline(const Timer *timer); /* -1 if not armed */

#endif
