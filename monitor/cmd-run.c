/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that drive the machine: run state, power, boot order, logging. */
#include <string.h>

#include "accel/accel.h"
#include "monitor/command.h"
#include "monitor/monitor.h"
#include "system/values.h"
#include "target/x86/mce.h"
#include "util/error.h"
#include "util/log.h"

bool cmd_stop(CommandCall *call, GError **errp)
{
    machine_stop(call->machine, RUN_STATE_PAUSED);
    return true;
}

bool cmd_cont(CommandCall *call, GError **errp)
{
    return machine_cont(call->machine, errp);
}

bool cmd_quit(CommandCall *call, GError **errp)
{
    machine_quit(call->machine, 0, "host-qmp-quit");
    return true;
}

bool cmd_system_reset(CommandCall *call, GError **errp)
{
    machine_request(call->machine, MACHINE_REQUEST_HOST_RESET, 0);
    return true;
}

bool cmd_system_powerdown(CommandCall *call, GError **errp)
{
    if (!machine_board(call->machine)->class->power_button) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "this machine has no power button");
    }
    machine_request(call->machine, MACHINE_REQUEST_POWER_BUTTON, 0);
    return true;
}

bool cmd_system_wakeup(CommandCall *call, GError **errp)
{
    if (machine_state(call->machine) != RUN_STATE_SUSPENDED) {
        return emu_fail(errp, EMU_ERROR_INVALID, "the guest is not suspended");
    }
    machine_request(call->machine, MACHINE_REQUEST_WAKEUP, 0);
    return true;
}

bool cmd_nmi(CommandCall *call, GError **errp)
{
    Board *board = machine_board(call->machine);

    if (!board->class->nmi) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "this machine takes no NMI");
    }
    board->class->nmi(board);
    return true;
}

/* ---- Machine-check errors ---------------------------------------------- */

typedef struct RunMachineCheck {
    X86MachineCheck error;
    const char *refused;
} RunMachineCheck;

static void run_machine_check(X86Cpu *cpu, void *opaque)
{
    RunMachineCheck *job = opaque;

    job->refused = x86_machine_check(cpu, &job->error);
}

static bool run_report_error(CommandCall *call, unsigned cpu,
                             const X86MachineCheck *error, GError **errp)
{
    RunMachineCheck job = { .error = *error };
    CommandCall one = *call;

    one.cpu = cpu;
    if (!command_on_cpu(&one, run_machine_check, &job, errp)) {
        return false;
    }
    return !job.refused ||
           emu_fail(errp, EMU_ERROR_INVALID, "CPU %u: %s", cpu, job.refused);
}

/* What the processors hear that have no error of their own: valid, uncorrected,
 * and that one is being handled. */
static bool run_broadcast_error(CommandCall *call, unsigned but, GError **errp)
{
    static const X86MachineCheck heard = { .bank = 1,
                                           .status = UINT64_C(5) << 61,
                                           .mcg_status = 5 };
    unsigned cpus = machine_board(call->machine)->vcpus->len;

    for (unsigned n = 0; n < cpus; n++) {
        if (n != but && !run_report_error(call, n, &heard, errp)) {
            return false;
        }
    }
    return true;
}

bool cmd_mce(CommandCall *call, GError **errp)
{
    const CommandValue *arg = call->arg;
    Board *board = machine_board(call->machine);
    X86MachineCheck error = { .bank = arg[2].number,
                              .status = arg[3].number,
                              .mcg_status = arg[4].number,
                              .addr = arg[5].number,
                              .misc = arg[6].number };
    uint64_t cpu = arg[1].number;

    if (cpu >= board->vcpus->len) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND, "invalid CPU index");
    }
    if (strcmp(board->accel->class->name, "tcg")) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "only the translator reports machine-check errors");
    }
    return run_report_error(call, cpu, &error, errp) &&
           (!arg[0].given || run_broadcast_error(call, cpu, errp));
}

bool cmd_boot_set(CommandCall *call, GError **errp)
{
    Board *board = machine_board(call->machine);
    const char *order = call->arg[0].text;

    if (!board->class->set_boot_order) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "this machine has no boot order");
    }
    if (!values_check_boot_order(order, errp) ||
        !board->class->set_boot_order(board, order, errp)) {
        return false;
    }
    g_string_append_printf(call->out, "boot device list now set to %s\n",
                           order);
    return true;
}

/* ---- Balloon ----------------------------------------------------------- */

static const BalloonOps *balloon_find(CommandCall *call, Device **dev,
                                      GError **errp)
{
    const BalloonOps *ops = machine_balloon(call->machine, dev);

    if (!ops) {
        emu_fail(errp, EMU_ERROR_NOT_FOUND,
                 "No balloon device has been activated");
    }
    return ops;
}

bool cmd_balloon(CommandCall *call, GError **errp)
{
    int64_t target = call->arg[0].number;
    Device *dev;
    const BalloonOps *ops = balloon_find(call, &dev, errp);

    if (!ops) {
        return false;
    }
    if (target <= 0 || target > INT64_MAX >> 20) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "target: a size in MB is needed");
    }
    ops->set_target(dev, (uint64_t)target << 20);
    return true;
}

bool cmd_info_balloon(CommandCall *call, GError **errp)
{
    Device *dev;
    const BalloonOps *ops = balloon_find(call, &dev, errp);

    if (!ops) {
        return false;
    }
    g_string_append_printf(call->out, "balloon: actual=%" G_GUINT64_FORMAT,
                           ops->actual(dev) >> 20);
    if (ops->print_stats) {
        ops->print_stats(dev, call->out);
    }
    g_string_append_c(call->out, '\n');
    return true;
}

/* ---- Processors, devices, logging -------------------------------------- */

bool cmd_cpu(CommandCall *call, GError **errp)
{
    int64_t index = call->arg[0].number;
    Board *board = machine_board(call->machine);

    if (index < 0 || index >= board->vcpus->len) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND, "invalid CPU index");
    }
    if (call->session) {
        monitor_set_cpu(call->session, index);
    }
    return true;
}

bool cmd_device_add(CommandCall *call, GError **errp)
{
    g_autoptr(KeyVal) opts = keyval_parse(call->arg[0].text, "driver", errp);

    return opts && machine_add_device(call->machine, opts, errp);
}

bool cmd_log(CommandCall *call, GError **errp)
{
    bool help = false;

    return log_set_items(call->arg[0].text, &help, errp);
}

bool cmd_logfile(CommandCall *call, GError **errp)
{
    return log_set_file(call->arg[0].text, errp);
}

bool cmd_trace_event(CommandCall *call, GError **errp)
{
    if (strcmp(call->arg[1].text, "on")) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "trace points cannot be switched off again");
    }
    log_enable_trace(call->arg[0].text);
    return true;
}

bool cmd_accel(CommandCall *call, GError **errp)
{
    int64_t start = g_get_monotonic_time();

    if (!machine_switch_accel(call->machine, call->arg[0].text, errp)) {
        return false;
    }
    g_string_append_printf(call->out, "accelerator %s after %.1f ms\n",
                           machine_board(call->machine)->accel->class->name,
                           (g_get_monotonic_time() - start) / 1000.0);
    return true;
}
