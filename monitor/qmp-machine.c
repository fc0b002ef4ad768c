/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP's questions about the machine as a whole. */
#include <string.h>

#include "accel/accel.h"
#include "chardev/chardev.h"
#include "monitor/qmp.h"
#include "system/version.h"
#include "target/x86/model.h"
#include "util/error.h"

/* ---- What this is -------------------------------------------------------- */

/* The QEMU whose machines, options and commands these are. */
enum { QMP_MAJOR = 7, QMP_MINOR = 2, QMP_MICRO = 0 };

void qmp_add_version(JsonObject *to)
{
    JsonObject *qemu = json_object_new();
    g_autofree char *package = g_strdup_printf("emu %s", version_text);

    json_object_set_int_member(qemu, "micro", QMP_MICRO);
    json_object_set_int_member(qemu, "minor", QMP_MINOR);
    json_object_set_int_member(qemu, "major", QMP_MAJOR);
    json_object_set_object_member(to, "qemu", qemu);
    json_object_set_string_member(to, "package", package);
}

bool qmp_query_version(CommandCall *call, GError **errp)
{
    qmp_add_version(qmp_answer_object(call));
    return true;
}

static void machine_add_name(JsonArray *list, const char *name)
{
    JsonObject *o = json_object_new();

    json_object_set_string_member(o, "name", name);
    json_array_add_object_element(list, o);
}

bool qmp_query_commands(CommandCall *call, GError **errp)
{
    JsonArray *list = qmp_answer_list(call);

    machine_add_name(list, "qmp_capabilities");
    for (const Command *c = qmp_table; c->name; c++) {
        machine_add_name(list, c->name);
    }
    return true;
}

bool qmp_query_target(CommandCall *call, GError **errp)
{
    json_object_set_string_member(qmp_answer_object(call), "arch", "x86_64");
    return true;
}

/* ---- This machine -------------------------------------------------------- */

bool qmp_query_name(CommandCall *call, GError **errp)
{
    const char *name = machine_config(call->machine)->board.name;
    JsonObject *o = qmp_answer_object(call);

    if (name) {
        json_object_set_string_member(o, "name", name);
    }
    return true;
}

bool qmp_query_uuid(CommandCall *call, GError **errp)
{
    g_autoptr(GString) text = g_string_new(NULL);

    command_print_uuid(call->machine, text);
    json_object_set_string_member(qmp_answer_object(call), "UUID", text->str);
    return true;
}

bool qmp_query_status(CommandCall *call, GError **errp)
{
    RunState state = machine_state(call->machine);
    JsonObject *o = qmp_answer_object(call);

    json_object_set_string_member(o, "status", runstate_name(state));
    json_object_set_boolean_member(o, "singlestep", FALSE);
    json_object_set_boolean_member(o, "running", state == RUN_STATE_RUNNING);
    return true;
}

bool qmp_query_kvm(CommandCall *call, GError **errp)
{
    const Accel *accel = machine_board(call->machine)->accel;
    JsonObject *o = qmp_answer_object(call);

    json_object_set_boolean_member(o, "enabled",
                                   accel && accel->class == &accel_kvm);
    json_object_set_boolean_member(o, "present", TRUE);
    return true;
}

bool qmp_query_chardev(CommandCall *call, GError **errp)
{
    GPtrArray *chardevs = machine_chardevs(call->machine);
    JsonArray *list = qmp_answer_list(call);

    for (unsigned i = 0; i < chardevs->len; i++) {
        const Chardev *chr = chardevs->pdata[i];
        JsonObject *o = json_object_new();

        json_object_set_boolean_member(o, "frontend-open",
                                       chardev_has_user(chr));
        json_object_set_string_member(o, "filename", chardev_filename(chr));
        json_object_set_string_member(o, "label", chardev_id(chr));
        json_array_add_object_element(list, o);
    }
    return true;
}

/* ---- What machines there are --------------------------------------------- */

/* Names of a version are what management keeps; the short one is an alias. */
static JsonObject *machine_describe(const BoardClass *b)
{
    JsonObject *o = json_object_new();
    bool versioned = b->aliases && b->aliases[0];

    json_object_set_string_member(o, "name",
                                  versioned ? b->aliases[0] : b->name);
    if (versioned) {
        json_object_set_string_member(o, "alias", b->name);
    }
    if (b->is_default) {
        json_object_set_boolean_member(o, "is-default", TRUE);
    }
    json_object_set_int_member(o, "cpu-max", b->max_cpus);
    json_object_set_boolean_member(o, "hotpluggable-cpus", FALSE);
    json_object_set_boolean_member(o, "numa-mem-supported", FALSE);
    json_object_set_boolean_member(o, "deprecated", FALSE);
    if (b->default_ram) { /* a machine with processors */
        g_autofree char *type =
            g_strdup_printf("%s-x86_64-cpu", x86_model_nth(0));

        json_object_set_string_member(o, "default-cpu-type", type);
        json_object_set_string_member(o, "default-ram-id", "pc.ram");
    }
    return o;
}

bool qmp_query_machines(CommandCall *call, GError **errp)
{
    JsonArray *list = qmp_answer_list(call);

    for (unsigned i = 0; board_classes[i]; i++) {
        json_array_add_object_element(list, machine_describe(board_classes[i]));
    }
    return true;
}

/* ---- Doing things -------------------------------------------------------- */

/* A person's command; errors are text as well. */
bool qmp_human_monitor_command(CommandCall *call, GError **errp)
{
    g_autoptr(GString) out = g_string_new(NULL);
    int64_t cpu = call->arg[1].given ? call->arg[1].number : 0;

    if (cpu < 0 || (call->arg[1].given &&
                    cpu >= machine_board(call->machine)->vcpus->len)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Parameter 'cpu-index' expects a CPU number");
    }
    command_run_line(call->machine, NULL, cpu, call->arg[0].text, out);
    g_string_replace(out, "\n", "\r\n", 0);
    call->answer = json_node_init_string(json_node_alloc(), out->str);
    return true;
}

bool qmp_accel_switch(CommandCall *call, GError **errp)
{
    int64_t start = g_get_monotonic_time();

    if (!machine_switch_accel(call->machine, call->arg[0].text, errp)) {
        return false;
    }
    JsonObject *o = qmp_answer_object(call);

    json_object_set_string_member(
        o, "accel", machine_board(call->machine)->accel->class->name);
    json_object_set_int_member(o, "downtime-us",
                               g_get_monotonic_time() - start);
    return true;
}
