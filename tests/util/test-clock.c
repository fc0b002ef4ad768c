/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and timers: order, cancelling, stopping, other threads. */
#include "util/clock.h"

#include <string.h>

typedef struct Probe {
    Timer timer;
    GString *log;
    char letter;
    int64_t period;
    unsigned left;
} Probe;

static void probe_fire(void *opaque)
{
    Probe *p = opaque;

    g_string_append_printf(p->log, "%c%" G_GINT64_FORMAT " ", p->letter,
                           clock_now(p->timer.clock));
    if (p->left) {
        p->left--;
        timer_arm(&p->timer, clock_now(p->timer.clock) + p->period);
    }
}

static void probe_init(Probe *p, Clock *clock, GString *log, char letter)
{
    *p = (Probe){ .log = log, .letter = letter };
    timer_init(&p->timer, clock, probe_fire, p, NULL);
}

static void test_order(void)
{
    Clock *clock = clock_new(NULL, NULL);
    g_autoptr(GString) log = g_string_new(NULL);
    Probe a, b, c;

    probe_init(&a, clock, log, 'a');
    probe_init(&b, clock, log, 'b');
    probe_init(&c, clock, log, 'c');
    timer_arm(&a.timer, 30);
    timer_arm(&b.timer, 10);
    timer_arm(&c.timer, 20);
    b.period = 7;
    b.left = 2;
    clock_advance(clock, 9);
    g_assert_cmpstr(log->str, ==, "");
    clock_advance(clock, 100);
    g_assert_cmpstr(log->str, ==, "b10 b17 c20 b24 a30 ");
    g_assert_cmpint(clock_now(clock), ==, 109);
    g_assert_false(timer_armed(&a.timer));
    clock_free(clock);
}

static void test_rearm(void)
{
    Clock *clock = clock_new(NULL, NULL);
    g_autoptr(GString) log = g_string_new(NULL);
    Probe p[9];

    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++) {
        probe_init(&p[i], clock, log, '0' + i);
        timer_arm(&p[i].timer, 100 - i);
    }
    timer_arm(&p[8].timer, 200);
    timer_arm(&p[0].timer, 1);
    timer_disarm(&p[5].timer);
    timer_disarm(&p[5].timer);
    g_assert_cmpint(timer_deadline(&p[5].timer), ==, -1);
    clock_advance(clock, 300);
    g_assert_cmpstr(log->str, ==, "01 793 694 496 397 298 199 8200 ");
    clock_free(clock);
}

typedef struct Source {
    int64_t now;
} Source;

static int64_t source_now(void *opaque)
{
    return ((Source *)opaque)->now;
}

static void count_notify(void *opaque)
{
    ++*(unsigned *)opaque;
}

static void test_stop(void)
{
    Source source = { 1000 };
    Clock *clock = clock_new(source_now, &source);
    g_autoptr(GString) log = g_string_new(NULL);
    unsigned notified = 0;
    Probe a, b;

    probe_init(&a, clock, log, 'a');
    probe_init(&b, clock, log, 'b');
    clock_set_notify(clock, count_notify, &notified);
    g_assert_cmpint(clock_now(clock), ==, 0);
    timer_arm(&a.timer, 50);
    g_assert_cmpint(clock_deadline(clock), ==, INT64_MAX);
    g_assert_cmpuint(notified, ==, 0);
    clock_start(clock);
    g_assert_cmpuint(notified, ==, 1);
    g_assert_cmpint(clock_deadline(clock), ==, 50);
    timer_arm(&b.timer, 60);
    g_assert_cmpuint(notified, ==, 1);
    timer_arm(&b.timer, 20);
    g_assert_cmpuint(notified, ==, 2);
    source.now += 30;
    clock_run(clock);
    g_assert_cmpstr(log->str, ==, "b30 ");
    clock_stop(clock);
    source.now += 500;
    clock_run(clock);
    g_assert_cmpint(clock_now(clock), ==, 30);
    g_assert_cmpstr(log->str, ==, "b30 ");
    clock_set(clock, 45);
    clock_start(clock);
    source.now += 5;
    clock_run(clock);
    g_assert_cmpstr(log->str, ==, "b30 a50 ");
    clock_free(clock);
}

/* A timer that is disarmed while clock_run() waits for its lock stays quiet. */
typedef struct Locked {
    GMutex lock;
    Timer timer;
    unsigned fired;
} Locked;

static void locked_fire(void *opaque)
{
    Locked *l = opaque;

    g_assert_false(g_mutex_trylock(&l->lock));
    l->fired++;
}

static gpointer run_clock(gpointer clock)
{
    clock_run(clock);
    return NULL;
}

static void test_lock(void)
{
    Source source = { 0 };
    Clock *clock = clock_new(source_now, &source);
    Locked l = { 0 };

    g_mutex_init(&l.lock);
    timer_init(&l.timer, clock, locked_fire, &l, &l.lock);
    clock_start(clock);
    timer_arm(&l.timer, 10);
    source.now = 20;
    g_mutex_lock(&l.lock);
    GThread *thread = g_thread_new("run", run_clock, clock);
    g_usleep(20000);
    timer_disarm(&l.timer);
    g_mutex_unlock(&l.lock);
    g_thread_join(thread);
    g_assert_cmpuint(l.fired, ==, 0);
    timer_arm(&l.timer, 10);
    clock_run(clock);
    g_assert_cmpuint(l.fired, ==, 1);
    timer_clear(&l.timer);
    g_mutex_clear(&l.lock);
    clock_free(clock);
}

static gpointer read_clock(gpointer opaque)
{
    Clock *clock = opaque;
    int64_t last = 0;

    for (unsigned i = 0; i < 200000; i++) {
        int64_t now = clock_now(clock);

        g_assert_cmpint(now, >=, last);
        last = now;
    }
    return NULL;
}

static void test_monotonic(void)
{
    Clock *clock = clock_new(clock_source_monotonic, NULL);

    clock_start(clock);
    GThread *thread = g_thread_new("read", read_clock, clock);
    for (unsigned i = 0; i < 2000; i++) {
        clock_stop(clock);
        clock_start(clock);
    }
    g_thread_join(thread);
    clock_free(clock);
}

static void test_zeroed(void)
{
    Timer timer = { 0 };

    timer_clear(&timer);
    g_assert_false(timer_armed(&timer));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/order", test_order);
    g_test_add_func("/clock/rearm", test_rearm);
    g_test_add_func("/clock/stop", test_stop);
    g_test_add_func("/clock/lock", test_lock);
    g_test_add_func("/clock/monotonic", test_monotonic);
    g_test_add_func("/clock/zeroed", test_zeroed);
    return g_test_run();
}
