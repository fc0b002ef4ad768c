/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a typed line to a call of a command's handler. */
#include "monitor/command.h"

#include <string.h>

#include "accel/accel.h"
#include "block/block.h"
#include "chardev/chardev.h"
#include "monitor/expr.h"
#include "ui/console.h"
#include "util/error.h"
#include "util/keyval.h"

/* ---- Words ------------------------------------------------------------- */

static void command_skip_space(const char **p)
{
    while (g_ascii_isspace(**p)) {
        ++*p;
    }
}

static char command_unescape(char c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

static char *command_take_quoted(const char **p, GError **errp)
{
    GString *word = g_string_new(NULL);

    for (++*p; **p && **p != '"'; ++*p) {
        if (**p == '\\' && (*p)[1]) {
            ++*p;
            g_string_append_c(word, command_unescape(**p));
        } else {
            g_string_append_c(word, **p);
        }
    }
    if (**p != '"') {
        emu_fail(errp, EMU_ERROR_INVALID, "the closing quote is missing");
        g_string_free(word, TRUE);
        return NULL;
    }
    ++*p;
    return g_string_free(word, FALSE);
}

char *command_take_word(const char **p, GError **errp)
{
    const char *start;

    command_skip_space(p);
    if (!**p) {
        return NULL;
    }
    if (**p == '"') {
        return command_take_quoted(p, errp);
    }
    start = *p;
    while (**p && !g_ascii_isspace(**p)) {
        ++*p;
    }
    return g_strndup(start, *p - start);
}

/* ---- Finding ----------------------------------------------------------- */

const Command *command_find(const Command *table, const char *name)
{
    for (; table->name; table++) {
        if (!strcmp(table->name, name) || !g_strcmp0(table->alias, name)) {
            return table;
        }
    }
    return NULL;
}

bool command_fail_unknown(const char *prefix, const char *name,
                          const GPtrArray *names, GError **errp)
{
    const char *nearest =
        emu_nearest(name, (const char *const *)names->pdata, names->len);

    return nearest ? emu_fail(errp, EMU_ERROR_NOT_FOUND,
                              "unknown command: '%s%s'; did you mean '%s%s'?",
                              prefix, name, prefix, nearest)
                   : emu_fail(errp, EMU_ERROR_NOT_FOUND,
                              "unknown command: '%s%s'", prefix, name);
}

bool command_fail_name(const char *name, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (const Command *c = command_table; c->name; c++) {
        g_ptr_array_add(names, (void *)c->name);
    }
    return command_fail_unknown("", name, names, errp);
}

/* ---- Processors -------------------------------------------------------- */

typedef struct CommandOnCpu {
    Accel *accel;
    void (*fn)(X86Cpu *cpu, void *opaque);
    void *opaque;
    GError *err;
} CommandOnCpu;

static void command_run_on_cpu(X86Cpu *cpu, void *opaque)
{
    CommandOnCpu *job = opaque;

    if (job->accel->class->get_state(job->accel, cpu, &job->err)) {
        job->fn(cpu, job->opaque);
    }
}

bool command_on_cpu(CommandCall *call, void (*fn)(X86Cpu *cpu, void *opaque),
                    void *opaque, GError **errp)
{
    Board *board = machine_board(call->machine);
    CommandOnCpu job = { board->accel, fn, opaque, NULL };

    if (call->cpu >= board->vcpus->len) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "this machine has no processor %u", call->cpu);
    }
    vcpu_call(board->vcpus->pdata[call->cpu], command_run_on_cpu, &job);
    if (job.err) {
        g_propagate_error(errp, job.err);
        return false;
    }
    return true;
}

typedef struct CommandRegister {
    const char *name;
    int64_t value;
    bool ok;
    GError *err;
} CommandRegister;

static void command_read_register(X86Cpu *cpu, void *opaque)
{
    CommandRegister *r = opaque;

    r->ok = expr_cpu_register(cpu, r->name, &r->value, &r->err);
}

static bool command_get_register(void *opaque, const char *name, int64_t *value,
                                 GError **errp)
{
    CommandRegister r = { .name = name };

    if (!command_on_cpu(opaque, command_read_register, &r, errp)) {
        return false;
    }
    if (!r.ok) {
        g_propagate_error(errp, r.err);
        return false;
    }
    *value = r.value;
    return true;
}

/* ---- Arguments --------------------------------------------------------- */

/* "10i", "x", "4xg": count, format and size letters in any order. */
static bool command_parse_format(const char **p, MemoryFormat *format,
                                 GError **errp)
{
    static const char letters[] = "xduoci";
    static const struct {
        char letter;
        unsigned size;
    } sizes[] = { { 'b', 1 }, { 'h', 2 }, { 'w', 4 }, { 'g', 8 } };

    if (g_ascii_isdigit(**p)) {
        guint64 count = g_ascii_strtoull(*p, (char **)p, 10);

        format->count = MIN(count, 1 << 20);
    }
    for (; **p && !g_ascii_isspace(**p); ++*p) {
        bool known = strchr(letters, **p) != NULL;

        if (known) {
            format->format = **p;
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
            if (sizes[i].letter == **p) {
                format->size = sizes[i].size;
                known = true;
            }
        }
        if (!known) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "invalid char in format: '%c'", **p);
        }
    }
    return true;
}

static bool command_parse_flag(const CommandArg *arg, const char **p,
                               CommandValue *value)
{
    bool ends = (*p)[0] == '-' && (*p)[1] == arg->flag &&
                (!(*p)[2] || g_ascii_isspace((*p)[2]));

    value->given = ends;
    *p += ends ? 2 : 0;
    return true;
}

/* Strings that a call owns, freed with it. */
static const char *command_keep(GPtrArray *keep, char *text)
{
    g_ptr_array_add(keep, text);
    return text;
}

static bool command_parse_text(const CommandArg *arg, const char **p,
                               CommandValue *value, GPtrArray *keep,
                               GError **errp)
{
    char *word = arg->kind == ARG_REST ? g_strchomp(g_strdup(*p))
                                       : command_take_word(p, errp);

    if (!word) {
        return false;
    }
    if (arg->kind == ARG_REST) {
        *p += strlen(*p);
    }
    value->text = command_keep(keep, word);
    value->given = true;
    return true;
}

static bool command_parse_arg(CommandCall *call, const CommandArg *arg,
                              const char **p, CommandValue *value,
                              GPtrArray *keep, GError **errp)
{
    command_skip_space(p);
    if (arg->kind == ARG_FLAG) {
        return command_parse_flag(arg, p, value);
    }
    if (arg->kind == ARG_FORMAT) {
        value->given = **p == '/';
        *p += value->given;
        return !value->given || command_parse_format(p, &value->format, errp);
    }
    if (!**p) {
        return arg->optional ||
               emu_fail(errp, EMU_ERROR_INVALID, "%s is missing", arg->name);
    }
    if (arg->kind == ARG_NUMBER) {
        value->given = true;
        return expr_parse(p, command_get_register, call, &value->number, errp);
    }
    return command_parse_text(arg, p, value, keep, errp);
}

static bool command_parse_args(CommandCall *call, const Command *command,
                               const char *p, GPtrArray *keep, GError **errp)
{
    for (unsigned i = 0; command->args[i].name; i++) {
        if (!command_parse_arg(call, &command->args[i], &p, &call->arg[i], keep,
                               errp)) {
            return false;
        }
    }
    command_skip_space(&p);
    return !*p || emu_fail(errp, EMU_ERROR_INVALID,
                           "extraneous characters at the end of line");
}

/* ---- Running ----------------------------------------------------------- */

static void command_call(CommandCall *call, const Command *command,
                         const char *p)
{
    g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) err = NULL;

    if (!command_parse_args(call, command, p, keep, &err)) {
        g_string_append_printf(
            call->out, "Error: %s: %s\nTry \"help %s\" for more information\n",
            command->name, err->message, command->name);
    } else if (!command->run(call, &err)) {
        g_string_append_printf(call->out, "Error: %s\n", err->message);
    }
}

/* The command's name: it ends at a blank or before a format, "x/10i". */
static char *command_take_name(const char **p)
{
    const char *start;

    command_skip_space(p);
    start = *p;
    while (**p && **p != '/' && !g_ascii_isspace(**p)) {
        ++*p;
    }
    return *p == start ? NULL : g_strndup(start, *p - start);
}

/* "info NAME ..." is a command of the second table. */
static const Command *command_resolve(const char **p, char **name,
                                      GError **errp)
{
    const Command *command;

    *name = command_take_name(p);
    if (!*name) {
        return NULL;
    }
    command = command_find(command_table, *name);
    if (command && !strcmp(command->name, "info")) {
        const char *rest = *p;
        g_autofree char *topic = command_take_word(&rest, NULL);
        const Command *sub = topic ? command_find(info_table, topic) : NULL;

        if (sub) {
            *p = rest;
            return sub;
        }
    }
    if (!command) {
        command_fail_name(*name, errp);
    }
    return command;
}

void command_run_line(Machine *machine, Monitor *session, unsigned cpu,
                      const char *line, GString *out)
{
    CommandCall call = {
        .machine = machine, .session = session, .cpu = cpu, .out = out
    };
    g_autoptr(GError) err = NULL;
    g_autofree char *name = NULL;
    const Command *command = command_resolve(&line, &name, &err);

    if (command) {
        command_call(&call, command, line);
    } else if (err) {
        g_string_append_printf(out, "%s\n", err->message);
    }
}

/* ---- Completion -------------------------------------------------------- */

typedef struct CommandCompletion {
    Machine *machine;
    const char *word;
    GPtrArray *found;
} CommandCompletion;

static void command_offer(CommandCompletion *c, const char *candidate)
{
    if (candidate && g_str_has_prefix(candidate, c->word)) {
        g_ptr_array_add(c->found, g_strdup(candidate));
    }
}

static void command_offer_table(CommandCompletion *c, const Command *table)
{
    for (; table->name; table++) {
        command_offer(c, table->name);
        if (table->alias && *c->word) {
            command_offer(c, table->alias);
        }
    }
}

static void command_offer_infos(CommandCompletion *c)
{
    const BoardInfo *infos = machine_board(c->machine)->class->infos;

    command_offer_table(c, info_table);
    for (; infos && infos->name; infos++) {
        command_offer(c, infos->name);
    }
}

static void command_offer_files(CommandCompletion *c)
{
    const char *slash = strrchr(c->word, '/');
    g_autofree char *dir =
        slash ? g_strndup(c->word, slash - c->word + 1) : g_strdup("");
    g_autoptr(GDir) d = g_dir_open(*dir ? dir : ".", 0, NULL);
    const char *name;

    while (d && (name = g_dir_read_name(d))) {
        g_autofree char *path = g_strconcat(dir, name, NULL);
        g_autofree char *folder = g_strconcat(path, "/", NULL);

        command_offer(c, g_file_test(path, G_FILE_TEST_IS_DIR) ? folder : path);
    }
}

static bool command_offer_device(Device *dev, void *opaque)
{
    command_offer(opaque, dev->id);
    return true;
}

static void command_offer_drivers(CommandCompletion *c)
{
    for (unsigned t = 0; device_class_tables[t]; t++) {
        for (unsigned i = 0; device_class_tables[t][i]; i++) {
            const DeviceClass *class = device_class_tables[t][i];

            if (!class->internal && class->bus != BUS_NONE) {
                command_offer(c, class->name);
            }
        }
    }
}

/* The last part of "ctrl-alt-de". */
static void command_offer_keys(CommandCompletion *c)
{
    const char *dash = strrchr(c->word, '-');
    size_t before = dash ? dash - c->word + 1 : 0;

    for (unsigned i = 0; input_key_names[i]; i++) {
        g_autofree char *whole =
            g_strdup_printf("%.*s%s", (int)before, c->word, input_key_names[i]);

        command_offer(c, whole);
    }
}

static void command_offer_kind(CommandCompletion *c, CommandComplete kind)
{
    GPtrArray *list;

    switch (kind) {
    case COMPLETE_NOTHING:
        break;
    case COMPLETE_COMMAND:
        command_offer_table(c, command_table);
        break;
    case COMPLETE_INFO:
        command_offer_infos(c);
        break;
    case COMPLETE_FILE:
        command_offer_files(c);
        break;
    case COMPLETE_BLOCK:
        list = machine_blocks(c->machine);
        for (unsigned i = 0; i < list->len; i++) {
            command_offer(c, blk_id(list->pdata[i]));
        }
        break;
    case COMPLETE_CHARDEV:
        list = machine_chardevs(c->machine);
        for (unsigned i = 0; i < list->len; i++) {
            command_offer(c, chardev_id(list->pdata[i]));
        }
        break;
    case COMPLETE_DEVICE:
        board_walk(machine_board(c->machine), command_offer_device, c);
        break;
    case COMPLETE_DRIVER:
        command_offer_drivers(c);
        break;
    case COMPLETE_KEY:
        command_offer_keys(c);
        break;
    }
}

static int command_compare_words(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Which argument the nth word (from 0, behind the name) stands for. */
static CommandComplete command_arg_complete(const Command *command,
                                            unsigned nth)
{
    unsigned n = 0;

    for (const CommandArg *arg = command->args; arg->name; arg++) {
        if (arg->kind == ARG_FLAG || arg->kind == ARG_FORMAT) {
            continue;
        }
        if (n++ == nth) {
            return arg->complete;
        }
    }
    return COMPLETE_NOTHING;
}

/* The number of words before the last one that are no options. */
static unsigned command_count_words(char **words, unsigned n)
{
    unsigned count = 0;

    for (unsigned i = 0; i < n; i++) {
        count += *words[i] && *words[i] != '-' && *words[i] != '/';
    }
    return count;
}

GPtrArray *command_complete(Machine *machine, const char *line, size_t *start)
{
    const char *space = strrchr(line, ' ');
    g_autofree char *before = NULL;
    g_auto(GStrv) words = NULL;
    unsigned n;
    const Command *command;
    CommandCompletion c = {
        .machine = machine,
        .word = space ? space + 1 : line,
        .found = g_ptr_array_new_with_free_func(g_free),
    };

    *start = c.word - line;
    before = g_strchug(g_strndup(line, *start));
    words = g_strsplit_set(before, " ", -1);
    n = g_strv_length(words);
    if (!n || !*words[0]) {
        command_offer_kind(&c, COMPLETE_COMMAND);
    } else {
        command = command_find(command_table, words[0]);
        if (command) {
            unsigned nth = command_count_words(words + 1, n - 1);

            command_offer_kind(&c, command_arg_complete(command, nth));
        }
    }
    g_ptr_array_sort(c.found, command_compare_words);
    return c.found;
}
