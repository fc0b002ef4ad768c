/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's life: run state, requests from devices and users, and the
 * main loop until the end.
 *
 * Requests are flags that any thread sets; the main loop does them, the
 * heaviest first: what ends the machine spares the rest.
 */
#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#include "accel/accel.h"
#include "block/block.h"
#include "system/machine-internal.h"
#include "system/profile/profile.h"
#include "util/error.h"
#include "util/log.h"

/* ---- Listeners --------------------------------------------------------- */

void machine_add_listener(Machine *m, const MachineListener *listener)
{
    g_array_append_val(m->listeners, *listener);
}

void machine_remove_listener(Machine *m, void *opaque)
{
    for (unsigned i = m->listeners->len; i-- > 0;) {
        if (g_array_index(m->listeners, MachineListener, i).opaque == opaque) {
            g_array_remove_index(m->listeners, i);
        }
    }
}

void machine_emit(Machine *m, const char *name, const char *json)
{
    for (unsigned i = 0; i < m->listeners->len; i++) {
        MachineListener *l = &g_array_index(m->listeners, MachineListener, i);

        if (l->event) {
            l->event(l->opaque, name, json);
        }
    }
}

static void machine_set_state(Machine *m, RunState state)
{
    trace(machine_state, "%s -> %s", runstate_name(m->state),
          runstate_name(state));
    m->state = state;
    for (unsigned i = 0; i < m->listeners->len; i++) {
        MachineListener *l = &g_array_index(m->listeners, MachineListener, i);

        if (l->state) {
            l->state(l->opaque, state);
        }
    }
}

/* ---- Run state --------------------------------------------------------- */

RunState machine_state(const Machine *m)
{
    return m->state;
}

bool machine_is_running(const Machine *m)
{
    return m->state == RUN_STATE_RUNNING;
}

/* The board's chips send to the processors': they come first, and go last. */
static void machine_stand(Machine *m)
{
    Board *board = m->board;

    profile_hold(m->profile);
    if (board->class->stand) {
        board->class->stand(board);
    }
    if (board->accel && board->accel->class->stand) {
        board->accel->class->stand(board->accel);
    }
    profile_release(m->profile);
}

static void machine_go(Machine *m)
{
    Board *board = m->board;

    profile_hold(m->profile);
    if (board->accel && board->accel->class->go) {
        board->accel->class->go(board->accel);
    }
    if (board->class->go) {
        board->class->go(board);
    }
    profile_release(m->profile);
}

static void machine_pause_vcpus(Machine *m)
{
    for (unsigned i = 0; i < m->board->vcpus->len; i++) {
        vcpu_pause(m->board->vcpus->pdata[i]);
    }
    machine_stand(m);
}

static void machine_resume_vcpus(Machine *m)
{
    machine_go(m);
    for (unsigned i = 0; i < m->board->vcpus->len; i++) {
        vcpu_resume(m->board->vcpus->pdata[i]);
    }
}

void machine_stop(Machine *m, RunState why)
{
    if (!machine_is_running(m)) {
        if (m->state != why && why != RUN_STATE_PAUSED) {
            machine_set_state(m, why);
        }
        return;
    }
    machine_pause_vcpus(m);
    clock_stop(m->clock);
    /* A request of now that failed after the next cont would undo that. To
     * flush a failed drive is in vain. */
    if (why == RUN_STATE_IO_ERROR) {
        machine_drain_disks(m);
    } else {
        machine_flush_disks(m);
    }
    machine_set_state(m, why);
    machine_emit(m, "STOP", NULL);
}

static bool machine_take_stop(Machine *m, RunState *why)
{
    g_mutex_lock(&m->request_lock);
    bool asked = m->requests.stop;
    *why = m->requests.stop_reason;
    m->requests.stop = false;
    g_mutex_unlock(&m->request_lock);
    return asked;
}

/* Only when it has stopped may the user hear that it has. */
static void machine_say_drive_failure(Machine *m)
{
    if (m->drive_failure) {
        g_printerr("emu: %s; the guest is stopped (monitor: cont)\n",
                   m->drive_failure);
        g_clear_pointer(&m->drive_failure, g_free);
    }
}

static void machine_do_stop(Machine *m, RunState why)
{
    machine_stop(m, why);
    machine_say_drive_failure(m);
}

static void machine_start(Machine *m)
{
    m->drive_stopped = false;
    clock_start(m->clock);
    machine_set_state(m, RUN_STATE_RUNNING);
    machine_emit(m, "RESUME", NULL);
    machine_resume_vcpus(m);
    for (unsigned i = 0; i < m->blocks->len; i++) {
        blk_resume(m->blocks->pdata[i]);
    }
}

bool machine_cont(Machine *m, GError **errp)
{
    RunState why;

    if (machine_take_stop(m, &why)) {
        machine_do_stop(m, why);
    }
    if (machine_is_running(m)) {
        return true;
    }
    if (runstate_needs_reset(m->state)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "the machine is in state %s and must be reset first "
                        "(system_reset)",
                        runstate_name(m->state));
    }
    if (m->state == RUN_STATE_SUSPENDED) {
        machine_request(m, MACHINE_REQUEST_WAKEUP, 0);
        return true;
    }
    machine_start(m);
    return true;
}

/* What -accel said of that one, if it said more than its name. */
static const char *machine_accel_spec(const Machine *m, const char *spec)
{
    const char *const *given = m->config->board.accels;
    size_t len = strlen(spec);

    for (; given && *given; given++) {
        if (!strncmp(*given, spec, len) && (*given)[len] == ',') {
            return *given;
        }
    }
    return spec;
}

static bool machine_accepts_accel(void *opaque, Accel *to, GError **errp)
{
    Board *board = opaque;

    return !board->class->accepts_accel ||
           board->class->accepts_accel(board, to, errp);
}

bool machine_switch_accel(Machine *m, const char *spec, GError **errp)
{
    bool running = machine_is_running(m);

    if (!m->board->accel) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "this machine has no processor");
    }
    if (running) {
        machine_pause_vcpus(m);
    }
    profile_hold(m->profile);
    bool ok = accel_switch(&m->board->accel, m->board->vcpus,
                           machine_accel_spec(m, spec), machine_accepts_accel,
                           m->board, errp);
    profile_release(m->profile);

    if (ok && m->board->class->accel_changed) {
        m->board->class->accel_changed(m->board);
    }
    if (running) {
        machine_resume_vcpus(m);
    }
    return ok;
}

void machine_quit(Machine *m, int status, const char *reason)
{
    g_mutex_lock(&m->request_lock);
    m->requests.exit_reason = reason;
    g_mutex_unlock(&m->request_lock);
    machine_request(m, MACHINE_REQUEST_EXIT, status);
}

bool machine_is_quitting(Machine *m)
{
    bool quitting;

    g_mutex_lock(&m->request_lock);
    quitting = m->quit || m->requests.exit;
    g_mutex_unlock(&m->request_lock);
    return quitting;
}

/* ---- Requests ---------------------------------------------------------- */

static void machine_do_exit(Machine *m, int status)
{
    m->quit = true;
    m->exit_status = status;
    g_main_loop_quit(m->loop);
}

static void machine_say_shutdown(Machine *m, const char *reason, bool guest)
{
    g_autofree char *json =
        g_strdup_printf("{\"guest\": %s, \"reason\": \"%s\"}",
                        guest ? "true" : "false", reason);

    machine_emit(m, "SHUTDOWN", json);
}

static void machine_do_shutdown(Machine *m, const char *reason, bool guest)
{
    machine_say_shutdown(m, reason, guest);
    if (m->config->no_shutdown) {
        machine_stop(m, RUN_STATE_SHUTDOWN);
        return;
    }
    machine_do_exit(m, 0);
}

static void machine_do_reset(Machine *m, bool guest)
{
    bool running = machine_is_running(m);

    if (guest && m->config->no_reboot) {
        machine_do_shutdown(m, "guest-reset", true);
        return;
    }
    if (running) {
        machine_pause_vcpus(m);
    }
    m->board->class->reset(m->board);
    machine_emit(m, "RESET",
                 guest ? "{\"guest\": true, \"reason\": \"guest-reset\"}"
                       : "{\"guest\": false, \"reason\": "
                         "\"host-qmp-system-reset\"}");
    if (running) {
        machine_resume_vcpus(m);
    } else if (runstate_needs_reset(m->state) ||
               m->state == RUN_STATE_SUSPENDED) {
        machine_set_state(m, RUN_STATE_PAUSED);
    }
}

static void machine_do_suspend(Machine *m)
{
    machine_stop(m, RUN_STATE_SUSPENDED);
    machine_emit(m, "SUSPEND", NULL);
}

static void machine_do_wakeup(Machine *m)
{
    if (m->state != RUN_STATE_SUSPENDED) {
        return;
    }
    if (m->board->class->wakeup) {
        m->board->class->wakeup(m->board);
    }
    machine_start(m);
    machine_emit(m, "WAKEUP", NULL);
}

static void machine_do_power_button(Machine *m)
{
    if (m->state == RUN_STATE_SUSPENDED) {
        machine_do_wakeup(m);
    } else if (m->board->class->power_button) {
        m->board->class->power_button(m->board);
    }
    machine_emit(m, "POWERDOWN", NULL);
}

static void machine_do_requests(void *opaque)
{
    Machine *m = opaque;
    MachineRequests todo;

    g_mutex_lock(&m->request_lock);
    todo = m->requests;
    m->requests = (MachineRequests){};
    g_mutex_unlock(&m->request_lock);

    if (todo.exit) {
        if (todo.exit_reason) {
            machine_say_shutdown(m, todo.exit_reason, false);
        }
        machine_do_exit(m, todo.exit_status);
        return;
    }
    if (todo.poweroff) {
        machine_do_shutdown(m, "guest-shutdown", true);
        return;
    }
    if (todo.triple_fault || todo.reset || todo.host_reset) {
        machine_do_reset(m, !todo.host_reset);
    }
    if (todo.internal_error) {
        g_printerr("emu: internal error: the guest is stopped (monitor: info "
                   "registers, system_reset)\n");
        machine_stop(m, RUN_STATE_INTERNAL_ERROR);
    }
    if (todo.stop) {
        machine_do_stop(m, todo.stop_reason);
    }
    if (todo.suspend) {
        machine_do_suspend(m);
    }
    if (todo.wakeup) {
        machine_do_wakeup(m);
    }
    if (todo.power_button) {
        machine_do_power_button(m);
    }
}

static void machine_note_request(MachineRequests *r, int request, int detail)
{
    switch (request) {
    case MACHINE_REQUEST_RESET:
        r->reset = true;
        break;
    case MACHINE_REQUEST_HOST_RESET:
        r->host_reset = true;
        break;
    case MACHINE_REQUEST_TRIPLE_FAULT:
        r->triple_fault = true;
        break;
    case MACHINE_REQUEST_POWEROFF:
        r->poweroff = true;
        break;
    case MACHINE_REQUEST_SUSPEND:
        r->suspend = true;
        break;
    case MACHINE_REQUEST_WAKEUP:
        r->wakeup = true;
        break;
    case MACHINE_REQUEST_POWER_BUTTON:
        r->power_button = true;
        break;
    case MACHINE_REQUEST_INTERNAL_ERROR:
        r->internal_error = true;
        break;
    case MACHINE_REQUEST_EXIT:
        r->exit = true;
        r->exit_status = detail;
        break;
    case MACHINE_REQUEST_STOP:
        r->stop = true;
        r->stop_reason =
            detail > 0 && detail < RUN_STATES ? detail : RUN_STATE_PAUSED;
        break;
    }
}

void machine_request(Machine *m, int request, int detail)
{
    bool schedule;

    trace(machine_request, "%d detail %d", request, detail);
    g_mutex_lock(&m->request_lock);
    machine_note_request(&m->requests, request, detail);
    schedule = !m->requests.scheduled;
    m->requests.scheduled = true;
    g_mutex_unlock(&m->request_lock);
    if (schedule) {
        defer_queue_add(m->deferred, machine_do_requests, m);
    }
}

/* A vCPU left its loop on its own. On its thread. */
void machine_vcpu_stopped(void *machine, int why)
{
    switch ((VcpuExit)why) {
    case VCPU_EXIT_SHUTDOWN:
        if (log_on(LOG_RESET)) {
            log_printf("triple fault: the machine is reset\n");
        }
        machine_request(machine, MACHINE_REQUEST_TRIPLE_FAULT, 0);
        break;
    case VCPU_EXIT_DEBUG:
        machine_request(machine, MACHINE_REQUEST_STOP, RUN_STATE_DEBUG);
        break;
    case VCPU_EXIT_FAILED:
        machine_request(machine, MACHINE_REQUEST_INTERNAL_ERROR, 0);
        break;
    case VCPU_EXIT_HALT:
    case VCPU_EXIT_STOP:
        break;
    }
}

/* ---- The loop ---------------------------------------------------------- */

static gboolean machine_on_signal(Machine *m, int sig)
{
    g_printerr("emu: terminating on signal %d\n", sig);
    machine_quit(m, 0, "host-signal");
    return G_SOURCE_CONTINUE;
}

static gboolean machine_on_sigint(gpointer opaque)
{
    return machine_on_signal(opaque, SIGINT);
}

static gboolean machine_on_sigterm(gpointer opaque)
{
    return machine_on_signal(opaque, SIGTERM);
}

static gboolean machine_on_sighup(gpointer opaque)
{
    return machine_on_signal(opaque, SIGHUP);
}

/* From here to machine_free() signals end the machine in order; before, they
 * end the process, so that a wait for a peer can be interrupted. */
static void machine_install_signals(Machine *m)
{
    static const struct {
        int sig;
        GSourceFunc handler;
    } rows[] = { { SIGINT, machine_on_sigint },
                 { SIGTERM, machine_on_sigterm },
                 { SIGHUP, machine_on_sighup } };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        m->signals[i] = g_unix_signal_add(rows[i].sig, rows[i].handler, m);
    }
}

void machine_remove_signals(Machine *m)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(m->signals); i++) {
        if (m->signals[i]) {
            g_source_remove(m->signals[i]);
            m->signals[i] = 0;
        }
    }
}

static bool machine_run_profile(Machine *m, GError **errp)
{
    return !m->config->profile ||
           machine_profile_start(m, m->config->profile_hz, errp);
}

/* What -profile asked for; whoever ran the machine is gone by then. */
static void machine_end_profile(Machine *m)
{
    GError *err = NULL;

    if (m->config->profile && m->profile) {
        profile_stop(m->profile);
        if (!profile_write(m->profile, m->config->profile, &err)) {
            g_printerr("emu: -profile: %s\n", err->message);
            g_error_free(err);
            m->exit_status = 1;
        }
    }
}

int machine_run(Machine *m)
{
    GError *err = NULL;

    machine_install_signals(m);
    if (!machine_run_profile(m, &err)) {
        g_printerr("emu: -profile: %s\n", err->message);
        g_error_free(err);
        return 1;
    }
    if (!m->config->start_paused) {
        machine_start(m);
    }
    if (!m->quit) {
        g_main_loop_run(m->loop);
    }
    if (machine_is_running(m)) {
        machine_stop(m, RUN_STATE_SHUTDOWN);
    }
    machine_say_drive_failure(m);
    machine_end_profile(m);
    return m->exit_status;
}
