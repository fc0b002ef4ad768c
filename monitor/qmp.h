/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP: a program's session with the machine, in JSON. Requests name a command
 * of qmp_table and its arguments; answers and events go back. The protocol is
 * QEMU's (docs/interop/qmp-spec), so that its clients work.
 */
#ifndef MONITOR_QMP_H
#define MONITOR_QMP_H

#include <json-glib/json-glib.h>

#include "monitor/command.h"

typedef struct Qmp Qmp;

/* Over chr, which need not be connected yet; pretty: indented. */
Qmp *qmp_new(Machine *machine, Chardev *chr, bool pretty, GError **errp);
void qmp_free(Qmp *qmp);

/* ---- qmp-dispatch.c ------------------------------------------------------ */

/* Classes that clients tell errors by; errors of other domains are generic. */
typedef enum QmpError {
    QMP_ERROR_GENERIC,
    QMP_ERROR_COMMAND_NOT_FOUND,
    QMP_ERROR_DEVICE_NOT_FOUND,
    QMP_ERROR_DEVICE_NOT_ACTIVE,
} QmpError;
#define QMP_ERROR (qmp_error_quark())
GQuark qmp_error_quark(void);
bool qmp_fail(GError **errp, QmpError class, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* What one client has agreed to. */
typedef struct QmpPeer {
    bool negotiated; /* by qmp_capabilities */
} QmpPeer;

/* Carry out a request (any JSON value): the response, to be unref'd. */
JsonNode *qmp_execute(Machine *machine, QmpPeer *peer, JsonNode *request);
/* The response to what is no JSON. */
JsonNode *qmp_malformed(const char *why);
JsonNode *qmp_greeting(void);
/* json: the event's data; or NULL. */
JsonNode *qmp_event(const char *name, const char *json, int64_t us);

/* ---- qmp-args.c ---------------------------------------------------------- */

/* Fill call->arg by the row's names; args (may be NULL) outlives call. */
bool qmp_take_args(const Command *command, JsonObject *args, CommandCall *call,
                   GError **errp);

/* ---- qmp-table.c --------------------------------------------------------- */

extern const Command qmp_table[]; /* ended by {} */

/* ---- Handlers, by file --------------------------------------------------- */

/* An object, or a list, as the answer to call; the caller fills it. */
JsonObject *qmp_answer_object(CommandCall *call);
JsonArray *qmp_answer_list(CommandCall *call);

/* qmp-machine.c */
void qmp_add_version(JsonObject *to);
bool qmp_query_version(CommandCall *call, GError **errp);
bool qmp_query_commands(CommandCall *call, GError **errp);
bool qmp_query_name(CommandCall *call, GError **errp);
bool qmp_query_uuid(CommandCall *call, GError **errp);
bool qmp_query_status(CommandCall *call, GError **errp);
bool qmp_query_kvm(CommandCall *call, GError **errp);
bool qmp_query_target(CommandCall *call, GError **errp);
bool qmp_query_machines(CommandCall *call, GError **errp);
bool qmp_query_chardev(CommandCall *call, GError **errp);
bool qmp_human_monitor_command(CommandCall *call, GError **errp);
bool qmp_accel_switch(CommandCall *call, GError **errp);

/* qmp-cpu.c */
bool qmp_query_cpus_fast(CommandCall *call, GError **errp);
bool qmp_query_cpu_definitions(CommandCall *call, GError **errp);
bool qmp_query_cpu_model_expansion(CommandCall *call, GError **errp);

#endif
