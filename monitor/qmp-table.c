/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every command of QMP but qmp_capabilities, a row each. Those that have
 * nothing to answer but that it is done are HMP's. */
#include "monitor/qmp.h"

static const char *const table_expansions[] = { "static", "full", NULL };

#define STRING(n, ...)                                                         \
    {                                                                          \
        .name = (n), .kind = ARG_STRING, __VA_ARGS__                           \
    }
#define INTEGER(n, ...)                                                        \
    {                                                                          \
        .name = (n), .kind = ARG_NUMBER, __VA_ARGS__                           \
    }
#define OBJECT(n, ...)                                                         \
    {                                                                          \
        .name = (n), .kind = ARG_OBJECT, __VA_ARGS__                           \
    }
#define ROW(n, r, ...)                                                         \
    {                                                                          \
        .name = (n), .run = (r), .args = { __VA_ARGS__ }                       \
    }

/* clang-format off */
const Command qmp_table[] = {
    ROW("query-version", qmp_query_version),
    ROW("query-commands", qmp_query_commands),
    ROW("query-target", qmp_query_target),
    ROW("query-name", qmp_query_name),
    ROW("query-uuid", qmp_query_uuid),
    ROW("query-status", qmp_query_status),
    ROW("query-kvm", qmp_query_kvm),
    ROW("query-machines", qmp_query_machines),
    ROW("query-chardev", qmp_query_chardev),
    ROW("query-cpus-fast", qmp_query_cpus_fast),
    ROW("query-cpu-definitions", qmp_query_cpu_definitions),
    ROW("query-cpu-model-expansion", qmp_query_cpu_model_expansion,
        STRING("type", .one_of = table_expansions), OBJECT("model")),

    ROW("stop", cmd_stop),
    ROW("cont", cmd_cont),
    ROW("quit", cmd_quit),
    ROW("system_reset", cmd_system_reset),
    ROW("system_powerdown", cmd_system_powerdown),
    ROW("system_wakeup", cmd_system_wakeup),
    ROW("inject-nmi", cmd_nmi),
    ROW("x-accel-switch", qmp_accel_switch, STRING("accel")),
    ROW("human-monitor-command", qmp_human_monitor_command,
        STRING("command-line"), INTEGER("cpu-index", .optional = true)),
    {},
};
/* clang-format on */
