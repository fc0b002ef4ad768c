/* SPDX-License-Identifier: GPL-2.0-or-later */
/* help, and `info` with its topics: those of this table and the board's. */
#include <string.h>
#include <unistd.h>

#include "accel/accel.h"
#include "block/block.h"
#include "chardev/chardev.h"
#include "monitor/command.h"
#include "monitor/monitor.h"
#include "system/version.h"
#include "util/error.h"
#include "util/keyval.h"

/* ---- Machine ----------------------------------------------------------- */

static bool cmd_info_status(CommandCall *call, GError **errp)
{
    RunState state = machine_state(call->machine);
    bool running = state == RUN_STATE_RUNNING;
    bool plain = running || state == RUN_STATE_PAUSED;
    const Accel *accel = machine_board(call->machine)->accel;

    g_string_append_printf(call->out, "VM status: %s%s%s%s\n",
                           running ? "running" : "paused", plain ? "" : " (",
                           plain ? "" : runstate_name(state), plain ? "" : ")");
    if (accel) {
        g_string_append_printf(call->out, "accelerator: %s\n",
                               accel->class->name);
    }
    return true;
}

static bool cmd_info_version(CommandCall *call, GError **errp)
{
    g_string_append_printf(call->out, "%s\n", version_text);
    return true;
}

static bool cmd_info_name(CommandCall *call, GError **errp)
{
    const char *name = machine_config(call->machine)->board.name;

    if (name) {
        g_string_append_printf(call->out, "%s\n", name);
    }
    return true;
}

void command_print_uuid(Machine *machine, GString *out)
{
    const uint8_t *uuid = machine_config(machine)->board.uuid;

    for (unsigned i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;

        g_string_append_printf(out, "%s%02x", dash ? "-" : "", uuid[i]);
    }
}

static bool cmd_info_uuid(CommandCall *call, GError **errp)
{
    command_print_uuid(call->machine, call->out);
    g_string_append_c(call->out, '\n');
    return true;
}

/* The accelerator that runs, if it has that name. */
static Accel *info_accel(CommandCall *call, const char *name)
{
    Accel *accel = machine_board(call->machine)->accel;

    return accel && !strcmp(accel->class->name, name) ? accel : NULL;
}

static bool cmd_info_kvm(CommandCall *call, GError **errp)
{
    Accel *accel = info_accel(call, "kvm");

    g_string_append_printf(call->out, "kvm support: %s\n",
                           accel ? "enabled" : "disabled");
    if (accel) {
        accel->class->info(accel, call->out);
    }
    return true;
}

static bool cmd_info_history(CommandCall *call, GError **errp)
{
    const GPtrArray *history =
        call->session ? monitor_history(call->session) : NULL;

    for (unsigned i = 0; history && i < history->len; i++) {
        g_string_append_printf(call->out, "%u: '%s'\n", i,
                               (const char *)history->pdata[i]);
    }
    return true;
}

/* ---- Processors -------------------------------------------------------- */

static void info_print_cpu(X86Cpu *cpu, void *opaque)
{
    x86_cpu_print(cpu, opaque);
}

static bool info_print_registers(CommandCall *call, unsigned cpu, GError **errp)
{
    CommandCall one = *call;

    one.cpu = cpu;
    g_string_append_c(call->out, '\n');
    return command_on_cpu(&one, info_print_cpu, call->out, errp);
}

static bool cmd_info_registers(CommandCall *call, GError **errp)
{
    unsigned n = machine_board(call->machine)->vcpus->len;

    if (call->arg[1].given) {
        int64_t cpu = call->arg[1].number;

        if (cpu < 0 || cpu >= n) {
            return emu_fail(errp, EMU_ERROR_NOT_FOUND, "invalid CPU index");
        }
        return info_print_registers(call, cpu, errp);
    }
    if (!call->arg[0].given) {
        return info_print_registers(call, call->cpu, errp);
    }
    for (unsigned i = 0; i < n; i++) {
        if (!info_print_registers(call, i, errp)) {
            return false;
        }
    }
    return true;
}

static void info_read_thread(X86Cpu *cpu, void *opaque)
{
    *(pid_t *)opaque = gettid();
}

static bool cmd_info_cpus(CommandCall *call, GError **errp)
{
    unsigned n = machine_board(call->machine)->vcpus->len;

    for (unsigned i = 0; i < n; i++) {
        CommandCall one = *call;
        pid_t thread = 0;

        one.cpu = i;
        if (!command_on_cpu(&one, info_read_thread, &thread, errp)) {
            return false;
        }
        g_string_append_printf(call->out, "%c CPU #%u: thread_id=%d\n",
                               i == call->cpu ? '*' : ' ', i, (int)thread);
    }
    return true;
}

static bool cmd_info_jit(CommandCall *call, GError **errp)
{
    Accel *accel = info_accel(call, "tcg");

    if (!accel) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "JIT information is only available with accel=tcg");
    }
    accel->class->info(accel, call->out);
    return true;
}

/* ---- Memory and devices ------------------------------------------------ */

static bool cmd_info_mtree(CommandCall *call, GError **errp)
{
    Board *board = machine_board(call->machine);
    bool flat = call->arg[0].given;

    space_print(board->env.memory, flat, call->out);
    for (unsigned i = 0; i < board->vcpus->len; i++) {
        g_string_append_c(call->out, '\n');
        space_print(vcpu_cpu(board->vcpus->pdata[i])->memory, flat, call->out);
    }
    g_string_append_c(call->out, '\n');
    space_print(board->env.io, flat, call->out);
    return true;
}

static bool cmd_info_qtree(CommandCall *call, GError **errp)
{
    GPtrArray *buses = machine_board(call->machine)->buses;

    for (unsigned i = 0; i < buses->len; i++) {
        bus_print(buses->pdata[i], 0, call->out);
    }
    return true;
}

static bool cmd_info_block(CommandCall *call, GError **errp)
{
    GPtrArray *blocks = machine_blocks(call->machine);
    const char *only = call->arg[2].text;
    bool found = false;

    for (unsigned i = 0; i < blocks->len; i++) {
        if (only && strcmp(blk_id(blocks->pdata[i]), only)) {
            continue;
        }
        if (found) {
            g_string_append_c(call->out, '\n');
        }
        found = true;
        blk_print(blocks->pdata[i], call->arg[1].given, call->out);
    }
    return found || !only ||
           emu_fail(errp, EMU_ERROR_NOT_FOUND, "there is no drive '%s'", only);
}

static bool cmd_info_blockstats(CommandCall *call, GError **errp)
{
    GPtrArray *blocks = machine_blocks(call->machine);

    for (unsigned i = 0; i < blocks->len; i++) {
        BlockStats s;

        blk_stats(blocks->pdata[i], &s);
        g_string_append_printf(
            call->out,
            "%s: rd_bytes=%" G_GUINT64_FORMAT " wr_bytes=%" G_GUINT64_FORMAT
            " rd_operations=%" G_GUINT64_FORMAT
            " wr_operations=%" G_GUINT64_FORMAT
            " flush_operations=%" G_GUINT64_FORMAT
            " failed_rd_operations=%" G_GUINT64_FORMAT
            " failed_wr_operations=%" G_GUINT64_FORMAT "\n",
            blk_id(blocks->pdata[i]), s.bytes[BLOCK_READ], s.bytes[BLOCK_WRITE],
            s.ops[BLOCK_READ], s.ops[BLOCK_WRITE], s.ops[BLOCK_FLUSH],
            s.failed[BLOCK_READ], s.failed[BLOCK_WRITE]);
    }
    return true;
}

static bool cmd_info_chardev(CommandCall *call, GError **errp)
{
    GPtrArray *chardevs = machine_chardevs(call->machine);

    for (unsigned i = 0; i < chardevs->len; i++) {
        g_string_append_printf(call->out, "%s: filename=%s\n",
                               chardev_id(chardevs->pdata[i]),
                               chardev_filename(chardevs->pdata[i]));
    }
    return true;
}

static bool cmd_info_nothing(CommandCall *call, GError **errp)
{
    return true;
}

/* ---- The table --------------------------------------------------------- */

#define OPTIONAL .optional = true

/* clang-format off */
const Command info_table[] = {
    { "balloon", NULL, "", "show balloon information", {}, cmd_info_balloon },
    { "block", NULL, "[-n] [-v] [device]", "show info of one block device or all block devices (-v: show details)",
      { { "nodes", ARG_FLAG, OPTIONAL, .flag = 'n' }, { "verbose", ARG_FLAG, OPTIONAL, .flag = 'v' },
        { "device", ARG_STRING, OPTIONAL, .complete = COMPLETE_BLOCK } }, cmd_info_block },
    { "blockstats", NULL, "", "show block device statistics", {}, cmd_info_blockstats },
    { "chardev", NULL, "", "show the character devices", {}, cmd_info_chardev },
    { "cpus", NULL, "", "show infos for each CPU", {}, cmd_info_cpus },
    { "history", NULL, "", "show the command line history", {}, cmd_info_history },
    { "jit", NULL, "", "show dynamic compiler info", {}, cmd_info_jit },
    { "kvm", NULL, "", "show KVM information", {}, cmd_info_kvm },
    { "mem", NULL, "", "show the active virtual memory mappings", {}, cmd_info_mem },
    { "mtree", NULL, "[-f]", "show memory tree (-f: dump flat view for address spaces)",
      { { "flat", ARG_FLAG, OPTIONAL, .flag = 'f' } }, cmd_info_mtree },
    { "name", NULL, "", "show the current VM name", {}, cmd_info_name },
    { "network", NULL, "", "show the network state", {}, cmd_info_nothing },
    { "qtree", NULL, "", "show device tree", {}, cmd_info_qtree },
    { "registers", NULL, "[-a|vcpu]", "show the cpu registers (-a: of all cpus)",
      { { "all", ARG_FLAG, OPTIONAL, .flag = 'a' }, { "vcpu", ARG_NUMBER, OPTIONAL } }, cmd_info_registers },
    { "status", NULL, "", "show the current VM status (running|paused)", {}, cmd_info_status },
    { "tlb", NULL, "", "show virtual to physical memory mappings", {}, cmd_info_tlb },
    { "uuid", NULL, "", "show the current VM UUID", {}, cmd_info_uuid },
    { "version", NULL, "", "show the version of emu", {}, cmd_info_version },
    {},
};
/* clang-format on */

/* ---- help and info ----------------------------------------------------- */

static void info_print_row(const Command *c, const char *prefix, GString *out)
{
    g_string_append_printf(out, "%s%s%s%s %s -- %s\n", prefix, c->name,
                           c->alias ? "|" : "", c->alias ? c->alias : "",
                           c->params, c->help);
}

static void info_print_topics(CommandCall *call)
{
    const BoardInfo *b = machine_board(call->machine)->class->infos;

    for (const Command *c = info_table; c->name; c++) {
        info_print_row(c, "info ", call->out);
    }
    for (; b && b->name; b++) {
        g_string_append_printf(call->out, "info %s  -- %s\n", b->name, b->help);
    }
}

static bool info_fail_topic(CommandCall *call, const char *topic, GError **errp)
{
    const BoardInfo *b = machine_board(call->machine)->class->infos;
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (const Command *c = info_table; c->name; c++) {
        g_ptr_array_add(names, (void *)c->name);
    }
    for (; b && b->name; b++) {
        g_ptr_array_add(names, (void *)b->name);
    }
    return command_fail_unknown("info ", topic, names, errp);
}

static bool info_help_topic(CommandCall *call, const char *topic, GError **errp)
{
    const Command *c = command_find(info_table, topic);

    if (c) {
        info_print_row(c, "info ", call->out);
        return true;
    }
    return info_fail_topic(call, topic, errp);
}

bool cmd_help(CommandCall *call, GError **errp)
{
    const char *name = call->arg[0].text;
    const char *topic = call->arg[1].text;
    const Command *c = name ? command_find(command_table, name) : NULL;

    if (!name) {
        for (c = command_table; c->name; c++) {
            info_print_row(c, "", call->out);
        }
        return true;
    }
    if (!c) {
        return command_fail_name(name, errp);
    }
    if (strcmp(name, "info")) {
        info_print_row(c, "", call->out);
        return true;
    }
    if (topic) {
        return info_help_topic(call, topic, errp);
    }
    info_print_topics(call);
    return true;
}

/* What command_resolve() did not find in info_table: the board's topics. */
bool cmd_info(CommandCall *call, GError **errp)
{
    const BoardInfo *b = machine_board(call->machine)->class->infos;
    const char *topic = call->arg[0].text;

    if (!topic) {
        info_print_topics(call);
        return true;
    }
    for (; b && b->name; b++) {
        if (!strcmp(b->name, topic)) {
            b->print(machine_board(call->machine), call->out);
            return true;
        }
    }
    return info_fail_topic(call, topic, errp);
}
