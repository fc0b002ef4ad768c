/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu: command line to machine to exit status. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <urcu.h>

#include "monitor/monitor.h"
#include "monitor/qmp.h"
#include "system/config.h"
#include "system/daemon.h"
#include "system/machine.h"

static int emu_fail_with(GError *err)
{
    fprintf(stderr, "emu: %s\n", err->message);
    g_error_free(err);
    return EXIT_FAILURE;
}

/* Sessions of people and of programs. */
typedef struct EmuMonitors {
    GPtrArray *people, *programs;
} EmuMonitors;

static void emu_close_monitors(EmuMonitors *monitors)
{
    g_ptr_array_unref(monitors->people);
    g_ptr_array_unref(monitors->programs);
}

static bool emu_open_monitor(Machine *m, const MachineMonitor *place,
                             EmuMonitors *monitors, GError **errp)
{
    if (place->mode == MONITOR_CONTROL) {
        Qmp *qmp = qmp_new(m, place->chr, place->pretty, errp);

        if (qmp) {
            g_ptr_array_add(monitors->programs, qmp);
        }
        return qmp;
    }
    Monitor *mon = monitor_new(m, place->chr, errp);

    if (mon) {
        g_ptr_array_add(monitors->people, mon);
    }
    return mon;
}

static bool emu_open_monitors(Machine *m, EmuMonitors *monitors, GError **errp)
{
    const GPtrArray *places = machine_monitors(m);

    monitors->people =
        g_ptr_array_new_with_free_func((GDestroyNotify)monitor_free);
    monitors->programs =
        g_ptr_array_new_with_free_func((GDestroyNotify)qmp_free);
    for (unsigned i = 0; i < places->len; i++) {
        if (!emu_open_monitor(m, places->pdata[i], monitors, errp)) {
            emu_close_monitors(monitors);
            return false;
        }
    }
    return true;
}

/* -overcommit mem-lock=on: all there is, and what comes. */
static bool emu_lock_memory(const Machine *m, GError **errp)
{
    if (machine_config(m)->mem_lock && mlockall(MCL_CURRENT | MCL_FUTURE)) {
        return emu_fail_errno(errp, errno, "-overcommit mem-lock=on");
    }
    return true;
}

/* The machine takes config. */
static int emu_run(MachineConfig *config, int ready_fd)
{
    GError *err = NULL;
    Machine *m = machine_new(config, &err);
    EmuMonitors monitors;
    int status;

    if (!m || !emu_lock_memory(m, &err) ||
        !emu_open_monitors(m, &monitors, &err)) {
        machine_free(m);
        return emu_fail_with(err);
    }
    if (ready_fd >= 0) {
        daemon_ready(ready_fd);
    }
    status = machine_run(m);
    emu_close_monitors(&monitors);
    machine_free(m);
    return status;
}

/* What has to be done before any thread or file is there. */
static bool emu_prepare(const MachineConfig *config, int *ready_fd, int *pid_fd,
                        GError **errp)
{
    signal(SIGPIPE, SIG_IGN); /* a peer that goes is an event, not an end */
    signal(SIGXFSZ, SIG_IGN); /* a write past the limit fails instead */
    if (config->process_name) {
        prctl(PR_SET_NAME, config->process_name);
    }
    if (config->daemonize && !daemon_start(ready_fd, errp)) {
        return false;
    }
    if (config->pidfile) {
        *pid_fd = daemon_write_pidfile(config->pidfile, errp);
    }
    return !config->pidfile || *pid_fd >= 0;
}

static int emu_start(MachineConfig *config)
{
    g_autofree char *pidfile = NULL;
    GError *err = NULL;
    int ready_fd = -1;
    int pid_fd = -1;
    int status;

    if (config->pidfile) { /* -daemonize leaves the working folder */
        pidfile = g_canonicalize_filename(config->pidfile, NULL);
    }
    if (!emu_prepare(config, &ready_fd, &pid_fd, &err)) {
        config_free(config);
        return emu_fail_with(err);
    }
    rcu_register_thread();
    status = emu_run(config, ready_fd);
    rcu_unregister_thread();
    if (pid_fd >= 0) {
        unlink(pidfile);
        close(pid_fd);
    }
    return status;
}

int main(int argc, char **argv)
{
    MachineConfig *config = config_new();
    GError *err = NULL;

    setlocale(LC_CTYPE, "");
    if (!config_parse(config, (const char *const *)argv + 1, &err)) {
        config_free(config);
        return emu_fail_with(err);
    }
    if (config->done) {
        fputs(config->output->str, stdout);
        config_free(config);
        return EXIT_SUCCESS;
    }
    return emu_start(config);
}
