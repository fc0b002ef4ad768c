/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers and deferred calls on the GLib main loop, see mainloop.h. */
#include "system/mainloop.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util/error.h"

/* ---- Clocks ------------------------------------------------------------ */

enum { CLOCK_LOOP_MAX = 4 };

struct ClockLoop {
    GMutex lock; /* makes reading the deadlines and setting the fd one step;
                    taken before the clocks' own */
    int fd;
    GSource *source;
    Clock *clocks[CLOCK_LOOP_MAX];
    unsigned count;
};

/* Nanoseconds to the earliest deadline, at least 1; INT64_MAX: none. */
static int64_t clock_loop_delay(ClockLoop *loop)
{
    int64_t delay = INT64_MAX;

    for (unsigned i = 0; i < loop->count; i++) {
        int64_t deadline = clock_deadline(loop->clocks[i]);

        if (deadline != INT64_MAX) {
            int64_t left = deadline - clock_now(loop->clocks[i]);

            delay = MIN(delay, MAX(left, 1));
        }
    }
    return delay;
}

static void clock_loop_arm(void *opaque)
{
    ClockLoop *loop = opaque;
    struct itimerspec when = {};
    int64_t delay;

    g_mutex_lock(&loop->lock);
    delay = clock_loop_delay(loop);
    if (delay != INT64_MAX) {
        when.it_value.tv_sec = delay / NS_PER_SECOND;
        when.it_value.tv_nsec = delay % NS_PER_SECOND;
    }
    timerfd_settime(loop->fd, 0, &when, NULL);
    g_mutex_unlock(&loop->lock);
}

static gboolean clock_loop_dispatch(int fd, GIOCondition cond, gpointer opaque)
{
    ClockLoop *loop = opaque;
    uint64_t expired;

    if (read(fd, &expired, sizeof(expired)) < 0) {
        return G_SOURCE_CONTINUE; /* set anew meanwhile */
    }
    for (unsigned i = 0; i < loop->count; i++) {
        clock_run(loop->clocks[i]);
    }
    clock_loop_arm(loop);
    return G_SOURCE_CONTINUE;
}

ClockLoop *clock_loop_new(Clock *const *clocks, unsigned n, GError **errp)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ClockLoop *loop;

    g_assert(n <= CLOCK_LOOP_MAX);
    if (fd < 0) {
        emu_fail_errno(errp, errno, "cannot create a timer");
        return NULL;
    }
    loop = g_new0(ClockLoop, 1);
    g_mutex_init(&loop->lock);
    loop->fd = fd;
    loop->count = n;
    for (unsigned i = 0; i < n; i++) {
        loop->clocks[i] = clocks[i];
    }
    loop->source = g_unix_fd_source_new(fd, G_IO_IN);
    g_source_set_callback(loop->source, G_SOURCE_FUNC(clock_loop_dispatch),
                          loop, NULL);
    /* Nobody runs the loop within itself; to make sure of that, GLib would wake
     * it once more after every dispatch. */
    g_source_set_can_recurse(loop->source, TRUE);
    g_source_attach(loop->source, NULL);
    for (unsigned i = 0; i < n; i++) {
        clock_set_notify(clocks[i], clock_loop_arm, loop);
    }
    clock_loop_arm(loop);
    return loop;
}

void clock_loop_free(ClockLoop *loop)
{
    if (!loop) {
        return;
    }
    for (unsigned i = 0; i < loop->count; i++) {
        clock_set_notify(loop->clocks[i], NULL, NULL);
    }
    g_source_destroy(loop->source);
    g_source_unref(loop->source);
    close(loop->fd);
    g_mutex_clear(&loop->lock);
    g_free(loop);
}

/* ---- Deferred calls ---------------------------------------------------- */

typedef struct DeferCall {
    void (*cb)(void *opaque);
    void *opaque;
} DeferCall;

struct DeferQueue {
    GMutex lock;     /* guards both; innermost */
    GArray *calls;   /* of DeferCall */
    GSource *source; /* attached while calls wait */
};

DeferQueue *defer_queue_new(void)
{
    DeferQueue *queue = g_new0(DeferQueue, 1);

    g_mutex_init(&queue->lock);
    queue->calls = g_array_new(FALSE, FALSE, sizeof(DeferCall));
    return queue;
}

void defer_queue_run(DeferQueue *queue)
{
    g_autoptr(GArray) calls = NULL;

    g_mutex_lock(&queue->lock);
    calls = queue->calls;
    queue->calls = g_array_new(FALSE, FALSE, sizeof(DeferCall));
    if (queue->source) {
        g_source_destroy(queue->source);
        g_clear_pointer(&queue->source, g_source_unref);
    }
    g_mutex_unlock(&queue->lock);
    for (unsigned i = 0; i < calls->len; i++) {
        DeferCall *call = &g_array_index(calls, DeferCall, i);

        call->cb(call->opaque);
    }
}

static gboolean defer_queue_dispatch(gpointer opaque)
{
    defer_queue_run(opaque);
    return G_SOURCE_REMOVE;
}

void defer_queue_add(DeferQueue *queue, void (*cb)(void *opaque), void *opaque)
{
    DeferCall call = { cb, opaque };

    g_mutex_lock(&queue->lock);
    g_array_append_val(queue->calls, call);
    if (!queue->source) {
        queue->source = g_idle_source_new();
        g_source_set_priority(queue->source, G_PRIORITY_DEFAULT);
        g_source_set_callback(queue->source, defer_queue_dispatch, queue, NULL);
        g_source_attach(queue->source, NULL);
    }
    g_mutex_unlock(&queue->lock);
}

void defer_queue_free(DeferQueue *queue)
{
    if (!queue) {
        return;
    }
    defer_queue_run(queue);
    if (queue->source) {
        g_source_destroy(queue->source);
        g_source_unref(queue->source);
    }
    g_array_unref(queue->calls);
    g_mutex_clear(&queue->lock);
    g_free(queue);
}
