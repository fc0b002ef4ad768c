/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers: a binary heap of deadlines under one mutex per clock, and
 * a reading that needs no lock.
 *
 * 1. reading = frozen + (running ? source now - started : 0). The three fields
 *    change under the lock and inside an odd `sequence`; readers retry.
 * 2. The clock's lock is a leaf below timer->lock: timers are armed with the
 *    device's lock held, so clock_run() never takes them the other way round.
 * 3. clock_run() holds no lock between choosing a timer and taking its lock;
 *    it then looks again whether that timer is still due. Whoever frees a
 *    timer does so on the thread of clock_run(), or after it returned.
 */
#include "util/clock.h"

#include <time.h>

struct Clock {
    ClockSource *source; /* NULL: manual */
    void *source_opaque;
    void (*notify)(void *opaque);
    void *notify_opaque;

    unsigned sequence; /* odd while the reading changes */
    bool running;
    int64_t frozen_ns;
    int64_t started_ns;

    GMutex lock;     /* guards the heap and changes of the reading */
    GPtrArray *heap; /* of Timer *, earliest first */
    GThread *runner; /* inside clock_run(): it will look at the heap again */
};

int64_t clock_source_monotonic(void *opaque)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * NS_PER_SECOND + ts.tv_nsec;
}

Clock *clock_new(ClockSource *source, void *opaque)
{
    Clock *clock = g_new0(Clock, 1);

    clock->source = source;
    clock->source_opaque = opaque;
    clock->heap = g_ptr_array_new();
    g_mutex_init(&clock->lock);
    return clock;
}

void clock_free(Clock *clock)
{
    if (!clock) {
        return;
    }
    g_assert(clock->heap->len == 0);
    g_ptr_array_free(clock->heap, TRUE);
    g_mutex_clear(&clock->lock);
    g_free(clock);
}

/* ---- The reading ------------------------------------------------------- */

static int64_t clock_read(const Clock *clock)
{
    int64_t now = __atomic_load_n(&clock->frozen_ns, __ATOMIC_RELAXED);

    if (__atomic_load_n(&clock->running, __ATOMIC_RELAXED) && clock->source) {
        now += clock->source(clock->source_opaque) -
               __atomic_load_n(&clock->started_ns, __ATOMIC_RELAXED);
    }
    return now;
}

int64_t clock_now(Clock *clock)
{
    unsigned before, after;
    int64_t now;

    do {
        before = __atomic_load_n(&clock->sequence, __ATOMIC_ACQUIRE);
        now = clock_read(clock);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        after = __atomic_load_n(&clock->sequence, __ATOMIC_RELAXED);
    } while (G_UNLIKELY((before & 1) || before != after));
    return now;
}

int64_t clock_lag(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    int64_t lag = clock->started_ns - clock->frozen_ns;
    g_mutex_unlock(&clock->lock);
    return lag;
}

bool clock_is_monotonic(Clock *clock, int64_t *lag_ns)
{
    unsigned before, after;
    bool running;

    do {
        before = __atomic_load_n(&clock->sequence, __ATOMIC_ACQUIRE);
        running = __atomic_load_n(&clock->running, __ATOMIC_RELAXED);
        *lag_ns = __atomic_load_n(&clock->started_ns, __ATOMIC_RELAXED) -
                  __atomic_load_n(&clock->frozen_ns, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        after = __atomic_load_n(&clock->sequence, __ATOMIC_RELAXED);
    } while (G_UNLIKELY((before & 1) || before != after));
    return running && clock->source == clock_source_monotonic;
}

/* Between these two readers wait; the source is asked after the first, so that
 * none of them saw a later time than what is written. */
static void clock_write_begin_locked(Clock *clock)
{
    __atomic_store_n(&clock->sequence, clock->sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void clock_write_end_locked(Clock *clock, bool running, int64_t now_ns)
{
    int64_t started = clock->source ? clock->source(clock->source_opaque) : 0;

    __atomic_store_n(&clock->running, running, __ATOMIC_RELAXED);
    __atomic_store_n(&clock->frozen_ns, now_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&clock->started_ns, started, __ATOMIC_RELAXED);
    __atomic_store_n(&clock->sequence, clock->sequence + 1, __ATOMIC_RELEASE);
}

static void clock_notify(Clock *clock)
{
    if (clock->notify) {
        clock->notify(clock->notify_opaque);
    }
}

void clock_start(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    if (!clock->running) {
        clock_write_begin_locked(clock);
        clock_write_end_locked(clock, true, clock->frozen_ns);
    }
    g_mutex_unlock(&clock->lock);
    clock_notify(clock);
}

void clock_stop(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    if (clock->running) {
        clock_write_begin_locked(clock);
        clock_write_end_locked(clock, false, clock_read(clock));
    }
    g_mutex_unlock(&clock->lock);
}

void clock_set(Clock *clock, int64_t now_ns)
{
    g_mutex_lock(&clock->lock);
    g_assert(!clock->running || !clock->source);
    clock_write_begin_locked(clock);
    clock_write_end_locked(clock, clock->running, now_ns);
    g_mutex_unlock(&clock->lock);
}

void clock_set_notify(Clock *clock, void (*notify)(void *), void *opaque)
{
    g_mutex_lock(&clock->lock);
    clock->notify = notify;
    clock->notify_opaque = opaque;
    g_mutex_unlock(&clock->lock);
}

/* ---- The heap ---------------------------------------------------------- */

static Timer *heap_at(const Clock *clock, unsigned i)
{
    return clock->heap->pdata[i];
}

static void heap_put(Clock *clock, unsigned i, Timer *timer)
{
    clock->heap->pdata[i] = timer;
    timer->heap_index = i;
}

static void heap_sift_up(Clock *clock, unsigned i)
{
    Timer *timer = heap_at(clock, i);

    while (i) {
        Timer *up = heap_at(clock, (i - 1) / 2);

        if (up->deadline_ns <= timer->deadline_ns) {
            break;
        }
        heap_put(clock, i, up);
        i = (i - 1) / 2;
    }
    heap_put(clock, i, timer);
}

static void heap_sift_down(Clock *clock, unsigned i)
{
    Timer *timer = heap_at(clock, i);
    unsigned n = clock->heap->len;

    for (unsigned child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && heap_at(clock, child + 1)->deadline_ns <
                                 heap_at(clock, child)->deadline_ns) {
            child++;
        }
        if (timer->deadline_ns <= heap_at(clock, child)->deadline_ns) {
            break;
        }
        heap_put(clock, i, heap_at(clock, child));
    }
    heap_put(clock, i, timer);
}

static void heap_remove(Clock *clock, Timer *timer)
{
    unsigned i = timer->heap_index;
    Timer *last = heap_at(clock, clock->heap->len - 1);

    g_ptr_array_set_size(clock->heap, clock->heap->len - 1);
    if (last != timer) {
        heap_put(clock, i, last);
        heap_sift_up(clock, i);
        heap_sift_down(clock, last->heap_index);
    }
    __atomic_store_n(&timer->deadline_ns, -1, __ATOMIC_RELAXED);
}

/* ---- Timers ------------------------------------------------------------ */

void timer_init(Timer *timer, Clock *clock, TimerCb *cb, void *opaque,
                GMutex *lock)
{
    *timer = (Timer){
        .clock = clock,
        .cb = cb,
        .opaque = opaque,
        .lock = lock,
        .deadline_ns = -1,
    };
}

void timer_clear(Timer *timer)
{
    if (timer->clock) {
        timer_disarm(timer);
    }
}

void timer_arm(Timer *timer, int64_t deadline_ns)
{
    Clock *clock = timer->clock;
    bool nearer;

    deadline_ns = MAX(deadline_ns, 0);
    g_mutex_lock(&clock->lock);
    int64_t before = timer->deadline_ns;
    __atomic_store_n(&timer->deadline_ns, deadline_ns, __ATOMIC_RELAXED);
    if (before < 0) {
        g_ptr_array_add(clock->heap, timer);
        heap_sift_up(clock, clock->heap->len - 1);
    } else if (deadline_ns < before) {
        heap_sift_up(clock, timer->heap_index);
    } else {
        heap_sift_down(clock, timer->heap_index);
    }
    nearer = timer->heap_index == 0 && (before < 0 || deadline_ns < before) &&
             clock->running && clock->runner != g_thread_self();
    g_mutex_unlock(&clock->lock);
    if (nearer) {
        clock_notify(clock);
    }
}

void timer_disarm(Timer *timer)
{
    if (!timer_armed(timer)) {
        return;
    }
    g_mutex_lock(&timer->clock->lock);
    if (timer->deadline_ns >= 0) {
        heap_remove(timer->clock, timer);
    }
    g_mutex_unlock(&timer->clock->lock);
}

int64_t timer_deadline(const Timer *timer)
{
    return timer->clock ? __atomic_load_n(&timer->deadline_ns, __ATOMIC_RELAXED)
                        : -1;
}

bool timer_armed(const Timer *timer)
{
    return timer_deadline(timer) >= 0;
}

/* ---- Running ----------------------------------------------------------- */

/* A guest may ask for timers nearer than the host can serve: after this many
 * the main loop looks at its other sources. */
#define CLOCK_RUN_LIMIT 256

/* The earliest timer, if it is due at `now_ns`. */
static Timer *clock_due_locked(Clock *clock, int64_t now_ns)
{
    Timer *first = clock->heap->len ? heap_at(clock, 0) : NULL;

    return first && first->deadline_ns <= now_ns ? first : NULL;
}

/* Invariant 3: the timer may have been moved or disarmed before we got its
 * lock; then there is nothing to do. */
static void clock_fire(Clock *clock, Timer *timer, GMutex *lock, int64_t now_ns)
{
    if (lock) {
        g_mutex_lock(lock);
    }
    g_mutex_lock(&clock->lock);
    bool due = timer->deadline_ns >= 0 && timer->deadline_ns <= now_ns;
    if (due) {
        heap_remove(clock, timer);
    }
    g_mutex_unlock(&clock->lock);
    if (due) {
        timer->cb(timer->opaque);
    }
    if (lock) {
        g_mutex_unlock(lock);
    }
}

/* Fire the earliest timer due at now_ns; false if there was none. */
static bool clock_run_one(Clock *clock, int64_t now_ns)
{
    g_mutex_lock(&clock->lock);
    Timer *timer = clock_due_locked(clock, now_ns);
    GMutex *lock = timer ? timer->lock : NULL;
    clock->runner = timer ? g_thread_self() : NULL;
    g_mutex_unlock(&clock->lock);
    if (!timer) {
        return false;
    }
    clock_fire(clock, timer, lock, now_ns);
    return true;
}

static void clock_run_done(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    clock->runner = NULL;
    g_mutex_unlock(&clock->lock);
}

void clock_run(Clock *clock)
{
    if (!__atomic_load_n(&clock->running, __ATOMIC_RELAXED)) {
        return;
    }
    int64_t now = clock_now(clock);
    unsigned left = CLOCK_RUN_LIMIT;

    while (left && clock_run_one(clock, now)) {
        left--;
    }
    clock_run_done(clock);
}

static bool clock_step(Clock *clock, int64_t until_ns)
{
    g_mutex_lock(&clock->lock);
    Timer *timer = clock_due_locked(clock, until_ns);
    int64_t now = timer ? timer->deadline_ns : until_ns;
    clock_write_begin_locked(clock);
    clock_write_end_locked(clock, clock->running, MAX(now, clock->frozen_ns));
    g_mutex_unlock(&clock->lock);
    return timer != NULL;
}

void clock_advance(Clock *clock, int64_t delta_ns)
{
    g_assert(!clock->source);
    int64_t until = clock_now(clock) + delta_ns;

    /* Each timer sees its own deadline as the present time. */
    while (clock_step(clock, until)) {
        clock_run_one(clock, clock_now(clock));
    }
    clock_run_done(clock);
}

int64_t clock_deadline(Clock *clock)
{
    int64_t deadline = INT64_MAX;

    g_mutex_lock(&clock->lock);
    if (clock->running && clock->heap->len) {
        deadline = heap_at(clock, 0)->deadline_ns;
    }
    g_mutex_unlock(&clock->lock);
    return deadline;
}
