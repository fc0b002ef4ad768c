/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's life on a board that only counts: run states, requests from
 * other threads, clocks. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <urcu.h>

#include "block/block.h"
#include "system/machine.h"

typedef struct CountingBoard {
    Board parent;
    MemoryRegion memory, io;
    unsigned resets, buttons, wakeups;
    bool ready;
} CountingBoard;

static bool counting_init(Board *board, const BoardConfig *config,
                          GError **errp)
{
    CountingBoard *b = container_of(board, CountingBoard, parent);

    region_init_container(&b->memory, "system", UINT64_MAX);
    region_init_container(&b->io, "I/O", 0x10000);
    board->env.memory = space_new("memory", &b->memory);
    board->env.io = space_new("I/O", &b->io);
    return true;
}

static bool counting_ready(Board *board, GError **errp)
{
    container_of(board, CountingBoard, parent)->ready = true;
    return true;
}

static void counting_reset(Board *board)
{
    container_of(board, CountingBoard, parent)->resets++;
}

static void counting_button(Board *board)
{
    container_of(board, CountingBoard, parent)->buttons++;
}

static void counting_wakeup(Board *board)
{
    container_of(board, CountingBoard, parent)->wakeups++;
}

static void counting_clear(Board *board)
{
    CountingBoard *b = container_of(board, CountingBoard, parent);

    space_free(board->env.memory);
    space_free(board->env.io);
    region_clear(&b->memory);
    region_clear(&b->io);
}

static const BoardClass counting_class = {
    .name = "counting",
    .size = sizeof(CountingBoard),
    .max_cpus = 1,
    .init = counting_init,
    .ready = counting_ready,
    .reset = counting_reset,
    .clear = counting_clear,
    .power_button = counting_button,
    .wakeup = counting_wakeup,
};

typedef struct Fixture {
    Machine *m;
    CountingBoard *board;
    GString *events; /* names, blank-separated */
} Fixture;

static void note_event(void *opaque, const char *name, const char *json)
{
    g_string_append_printf(((Fixture *)opaque)->events, "%s ", name);
}

static void fixture_init(Fixture *f, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    MachineConfig *c = config_new();
    MachineListener listener = { .event = note_event, .opaque = f };
    GError *err = NULL;

    config_parse(c, (const char *const *)words, &err);
    g_assert_no_error(err);
    c->board_class = &counting_class;
    f->m = machine_new(c, &err);
    g_assert_no_error(err);
    f->board = container_of(machine_board(f->m), CountingBoard, parent);
    f->events = g_string_new(NULL);
    machine_add_listener(f->m, &listener);
}

static void fixture_clear(Fixture *f)
{
    machine_free(f->m);
    g_string_free(f->events, TRUE);
}

static void iterate(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

static void test_build(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults");
    g_assert_true(f.board->ready);
    g_assert_cmpuint(f.board->resets, ==, 1);
    g_assert_cmpint(machine_state(f.m), ==, RUN_STATE_PRELAUNCH);
    fixture_clear(&f);
}

/* A request that is made before the loop runs ends it at once. */
static int run_with(Fixture *f, int request, int detail)
{
    machine_request(f->m, request, detail);
    return machine_run(f->m);
}

static void test_poweroff(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults");
    g_assert_cmpint(run_with(&f, MACHINE_REQUEST_POWEROFF, 0), ==, 0);
    g_assert_cmpstr(f.events->str, ==, "RESUME SHUTDOWN STOP ");
    fixture_clear(&f);
}

static void test_exit_status(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults -S");
    g_assert_cmpint(run_with(&f, MACHINE_REQUEST_EXIT, 33), ==, 33);
    g_assert_true(machine_is_quitting(f.m));
    fixture_clear(&f);
}

static void test_no_reboot(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults -no-reboot");
    g_assert_cmpint(run_with(&f, MACHINE_REQUEST_RESET, 0), ==, 0);
    g_assert_cmpuint(f.board->resets, ==, 1);
    fixture_clear(&f);
}

static void test_states(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults -no-shutdown");
    g_assert_true(machine_cont(f.m, NULL));
    machine_stop(f.m, RUN_STATE_PAUSED);
    g_assert_cmpint(machine_state(f.m), ==, RUN_STATE_PAUSED);
    machine_stop(f.m, RUN_STATE_PAUSED);
    g_assert_true(machine_cont(f.m, NULL));
    g_assert_cmpstr(f.events->str, ==, "RESUME STOP RESUME ");

    machine_request(f.m, MACHINE_REQUEST_RESET, 0);
    machine_request(f.m, MACHINE_REQUEST_RESET, 0);
    iterate();
    g_assert_cmpuint(f.board->resets, ==, 2); /* one for both */
    g_assert_true(machine_is_running(f.m));

    machine_request(f.m, MACHINE_REQUEST_POWEROFF, 0);
    iterate();
    g_assert_cmpint(machine_state(f.m), ==, RUN_STATE_SHUTDOWN);
    g_assert_false(machine_cont(f.m, NULL));
    machine_request(f.m, MACHINE_REQUEST_HOST_RESET, 0);
    iterate();
    g_assert_cmpint(machine_state(f.m), ==, RUN_STATE_PAUSED);
    g_assert_true(machine_cont(f.m, NULL));
    fixture_clear(&f);
}

static void test_suspend(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults");
    machine_cont(f.m, NULL);
    machine_request(f.m, MACHINE_REQUEST_SUSPEND, 0);
    iterate();
    g_assert_cmpint(machine_state(f.m), ==, RUN_STATE_SUSPENDED);
    machine_request(f.m, MACHINE_REQUEST_POWER_BUTTON, 0);
    iterate();
    g_assert_cmpuint(f.board->wakeups, ==, 1);
    g_assert_cmpuint(f.board->buttons, ==, 0);
    g_assert_true(machine_is_running(f.m));
    machine_request(f.m, MACHINE_REQUEST_POWER_BUTTON, 0);
    iterate();
    g_assert_cmpuint(f.board->buttons, ==, 1);
    machine_request(f.m, MACHINE_REQUEST_STOP, 12345); /* no such state */
    iterate();
    g_assert_cmpint(machine_state(f.m), ==, RUN_STATE_PAUSED);
    fixture_clear(&f);
}

/* Who continues means what was stopped, and what was about to stop. */
static void test_cont_after_stop_request(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults");
    machine_cont(f.m, NULL);
    g_string_truncate(f.events, 0);
    machine_request(f.m, MACHINE_REQUEST_STOP, RUN_STATE_IO_ERROR);
    g_assert_true(machine_cont(f.m, NULL));
    iterate();
    g_assert_true(machine_is_running(f.m));
    g_assert_cmpstr(f.events->str, ==, "STOP RESUME ");
    machine_request(f.m, MACHINE_REQUEST_STOP, RUN_STATE_GUEST_PANICKED);
    g_assert_false(machine_cont(f.m, NULL)); /* that needs a reset */
    fixture_clear(&f);
}

/* ---- Failing disks ----------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

enum { FULL_WRITES = 32 };

static void write_done(void *opaque, int ret)
{
    g_assert_cmpint(ret, ==, 0);
    ++*(unsigned *)opaque;
}

/* All of them are held by the time the machine has stopped. */
static void check_all_failed(BlockBackend *blk)
{
    BlockStats stats;

    blk_stats(blk, &stats);
    g_assert_cmpuint(stats.failed[BLOCK_WRITE], ==, FULL_WRITES);
}

/* Writes that the host refuses stop the machine and wait; once the host has
 * room again, one cont finishes them. */
static void test_disk_full(void)
{
    g_autofree char *dir = g_dir_make_tmp("emu-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "disk", NULL);
    g_autofree char *line =
        g_strdup_printf("-nodefaults -drive "
                        "if=none,id=d,file=%s,format=raw,werror=stop",
                        path);
    char data[512] = "written";
    struct iovec iov = { data, sizeof(data) };
    unsigned done = 0;
    BlockBackend *blk;
    Fixture f;

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(truncate(path, 8 << 20), ==, 0);
    signal(SIGXFSZ, SIG_IGN);
    fixture_init(&f, line);
    machine_cont(f.m, NULL);
    blk = machine_find_block(f.m, "d");
    g_assert_nonnull(blk);
    limit_files(1 << 20);
    for (unsigned i = 0; i < FULL_WRITES; i++) {
        blk_submit(blk, BLOCK_WRITE, (4 << 20) + i * 512, 512, &iov, 1, 0,
                   write_done, &done);
    }
    while (machine_is_running(f.m)) {
        g_main_context_iteration(NULL, TRUE);
    }
    check_all_failed(blk);
    limit_files(RLIM_INFINITY);
    g_assert_cmpint(machine_state(f.m), ==, RUN_STATE_IO_ERROR);
    g_assert_nonnull(strstr(f.events->str, "BLOCK_IO_ERROR"));
    g_assert_cmpuint(done, ==, 0);
    g_assert_true(machine_cont(f.m, NULL));
    for (unsigned i = 0; i < 2000 && done < FULL_WRITES; i++) {
        iterate();
        g_usleep(1000);
    }
    g_assert_cmpuint(done, ==, FULL_WRITES);
    g_assert_true(machine_is_running(f.m));
    fixture_clear(&f);
    g_unlink(path);
    g_rmdir(dir);
}

/* ---- Other threads ----------------------------------------------------- */

static void count_call(void *opaque)
{
    ++*(unsigned *)opaque;
}

typedef struct ThreadJob {
    const DeviceEnv *env;
    unsigned calls;
} ThreadJob;

static gpointer defer_from_thread(gpointer opaque)
{
    ThreadJob *job = opaque;

    for (unsigned i = 0; i < 1000; i++) {
        job->env->defer(job->env->machine, count_call, &job->calls);
        job->env->event(job->env->machine, "TEST", NULL);
    }
    job->env->request(job->env->machine, MACHINE_REQUEST_POWEROFF, 0);
    return NULL;
}

static void test_threads(void)
{
    Fixture f;
    ThreadJob job = {};
    GThread *thread;

    fixture_init(&f, "-nodefaults");
    job.env = &f.board->parent.env;
    thread = g_thread_new("device", defer_from_thread, &job);
    g_assert_cmpint(machine_run(f.m), ==, 0);
    g_thread_join(thread);
    iterate();
    g_assert_cmpuint(job.calls, ==, 1000);
    fixture_clear(&f);
}

/* ---- Clocks ------------------------------------------------------------ */

static void stop_loop(void *opaque)
{
    machine_quit(opaque, 7, NULL);
}

/* A timer of each clock ends the loop; it is not late by more than a busy
 * machine explains. */
static void test_timers(void)
{
    for (unsigned i = 0; i < 3; i++) {
        Fixture f;
        Timer timer = {};
        Clock *clock;
        int64_t wanted;

        fixture_init(&f, "-nodefaults");
        clock = i == 0   ? f.board->parent.env.clock
                : i == 1 ? f.board->parent.env.clock_host
                         : f.board->parent.env.clock_rtc;
        wanted = clock_now(clock) + 5 * NS_PER_MS;
        timer_init(&timer, clock, stop_loop, f.m, NULL);
        timer_arm(&timer, wanted);
        g_assert_cmpint(machine_run(f.m), ==, 7);
        g_assert_cmpint(clock_now(clock), >=, wanted);
        g_assert_cmpint(clock_now(clock), <, wanted + NS_PER_SECOND);
        timer_clear(&timer);
        fixture_clear(&f);
    }
}

static void test_virtual_time_stands(void)
{
    Fixture f;
    Clock *clock;
    int64_t before;

    fixture_init(&f, "-nodefaults");
    clock = machine_clock(f.m);
    g_assert_cmpint(clock_now(clock), ==, 0);
    machine_cont(f.m, NULL);
    g_usleep(2000);
    machine_stop(f.m, RUN_STATE_PAUSED);
    before = clock_now(clock);
    g_assert_cmpint(before, >=, 2 * NS_PER_MS);
    g_usleep(2000);
    g_assert_cmpint(clock_now(clock), ==, before);
    fixture_clear(&f);
}

static void test_rtc(void)
{
    Fixture f;

    fixture_init(&f, "-nodefaults -rtc base=2000-01-01T00:00:00");
    g_assert_cmpint(clock_now(f.board->parent.env.clock_rtc) / NS_PER_SECOND,
                    ==, 946684800);
    fixture_clear(&f);
    fixture_init(&f, "-nodefaults");
    g_assert_cmpint(
        ABS(clock_now(f.board->parent.env.clock_rtc) / NS_PER_SECOND -
            g_get_real_time() / G_USEC_PER_SEC),
        <=, 2);
    fixture_clear(&f);
}

/* Two machines in one process do not meet. */
static void test_two(void)
{
    Fixture a;
    Fixture b;

    fixture_init(&a, "-nodefaults");
    fixture_init(&b, "-nodefaults");
    machine_request(a.m, MACHINE_REQUEST_RESET, 0);
    iterate();
    g_assert_cmpuint(a.board->resets, ==, 2);
    g_assert_cmpuint(b.board->resets, ==, 1);
    fixture_clear(&a);
    fixture_clear(&b);
}

int main(int argc, char **argv)
{
    int status;

    rcu_register_thread();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/machine/build", test_build);
    g_test_add_func("/system/machine/poweroff", test_poweroff);
    g_test_add_func("/system/machine/exit-status", test_exit_status);
    g_test_add_func("/system/machine/no-reboot", test_no_reboot);
    g_test_add_func("/system/machine/states", test_states);
    g_test_add_func("/system/machine/suspend", test_suspend);
    g_test_add_func("/system/machine/cont-after-stop-request",
                    test_cont_after_stop_request);
    g_test_add_func("/system/machine/disk-full", test_disk_full);
    g_test_add_func("/system/machine/threads", test_threads);
    g_test_add_func("/system/machine/timers", test_timers);
    g_test_add_func("/system/machine/virtual-time", test_virtual_time_stands);
    g_test_add_func("/system/machine/rtc", test_rtc);
    g_test_add_func("/system/machine/two", test_two);
    status = g_test_run();
    rcu_unregister_thread();
    return status;
}
