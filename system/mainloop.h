/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop's part in time: one timerfd, set to the earliest deadline of
 * all clocks, so that timers are as exact as the host's (poll() alone rounds
 * to milliseconds).
 */
#ifndef SYSTEM_MAINLOOP_H
#define SYSTEM_MAINLOOP_H

#include "util/clock.h"

typedef struct ClockLoop ClockLoop;

/* Runs the timers of clocks[0..n) on the default main context. */
ClockLoop *clock_loop_new(Clock *const *clocks, unsigned n, GError **errp);
/* The clocks must still be there. */
void clock_loop_free(ClockLoop *loop);

/* Callbacks to be run soon on the main loop, from any thread. */
typedef struct DeferQueue DeferQueue;
DeferQueue *defer_queue_new(void);
/* What is still queued is run. */
void defer_queue_free(DeferQueue *queue);
void defer_queue_add(DeferQueue *queue, void (*cb)(void *opaque), void *opaque);
/* Run what is queued now; main thread. */
void defer_queue_run(DeferQueue *queue);

#endif
