/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of the monitor: rows of const tables, with typed and named
 * arguments. The line syntax (HMP) is one way to fill a CommandCall; a program
 * that speaks JSON (QMP, qmp.h) fills the same struct by the arguments' names.
 */
#ifndef MONITOR_COMMAND_H
#define MONITOR_COMMAND_H

#include "system/machine.h"

typedef struct Monitor Monitor;
typedef struct _JsonNode JsonNode; /* json-glib */

enum { COMMAND_ARGS = 7 };

typedef enum CommandArgKind {
    ARG_STRING = 1, /* a word, or "in quotes" */
    ARG_REST,       /* all that is left of the line */
    ARG_NUMBER,     /* an expression, see expr.h */
    ARG_FLAG,       /* -f; the letter is in `flag` */
    ARG_FORMAT,     /* "/10i"; see MemoryFormat */
    ARG_OBJECT,     /* of QMP only */
    ARG_LIST,
} CommandArgKind;

/* What Tab offers for an argument. */
typedef enum CommandComplete {
    COMPLETE_NOTHING,
    COMPLETE_COMMAND,
    COMPLETE_INFO,
    COMPLETE_FILE,
    COMPLETE_BLOCK,
    COMPLETE_DEVICE,
    COMPLETE_DRIVER,
    COMPLETE_KEY,
    COMPLETE_CHARDEV,
} CommandComplete;

typedef struct CommandArg {
    const char *name;
    CommandArgKind kind;
    bool optional;
    char flag;
    CommandComplete complete;
    const char *const *one_of; /* a string's values, of QMP; NULL: any */
} CommandArg;

/* The part behind "/" of x, xp and print. Zero: not given. */
typedef struct MemoryFormat {
    unsigned count;
    char format;   /* x d u o c i */
    unsigned size; /* 1 2 4 8 */
} MemoryFormat;

typedef struct CommandValue {
    bool given;
    const char *text;
    int64_t number;
    MemoryFormat format;
    JsonNode *json; /* an object, a list */
} CommandValue;

typedef struct CommandCall {
    Machine *machine;
    Monitor *session; /* NULL when no person waits for an answer */
    unsigned cpu;     /* index of the processor that is looked at */
    CommandValue arg[COMMAND_ARGS]; /* in the row's order */
    GString *out;                   /* the answer as text */
    JsonNode *answer;               /* as JSON, of QMP; NULL: it is done */
} CommandCall;

typedef struct Command {
    const char *name;
    const char *alias;  /* second name, or NULL */
    const char *params; /* as help shows them */
    const char *help;
    CommandArg args[COMMAND_ARGS + 1]; /* ended by {} */
    bool (*run)(CommandCall *call, GError **errp);
} Command;

/* Both ended by {}. */
extern const Command command_table[];
extern const Command info_table[];

const Command *command_find(const Command *table, const char *name);
/* Parse and run a line; the answer, errors as well, is appended to out. */
void command_run_line(Machine *machine, Monitor *session, unsigned cpu,
                      const char *line, GString *out);
/* Candidates for the word that line (up to the cursor) ends with; *start: the
 * word's offset in line. Of char *, owned by the array. */
GPtrArray *command_complete(Machine *machine, const char *line, size_t *start);
/* "unknown command: 'PREFIXNAME'; did you mean ...?"; names: of char *. */
bool command_fail_unknown(const char *prefix, const char *name,
                          const GPtrArray *names, GError **errp);
bool command_fail_name(const char *name, GError **errp);
/* Split off a word at *p, quotes removed; NULL at the end of the line. */
char *command_take_word(const char **p, GError **errp);

/* ---- Handlers, by file -------------------------------------------------- */

/* cmd-run.c */
bool cmd_stop(CommandCall *call, GError **errp);
bool cmd_cont(CommandCall *call, GError **errp);
bool cmd_quit(CommandCall *call, GError **errp);
bool cmd_system_reset(CommandCall *call, GError **errp);
bool cmd_system_powerdown(CommandCall *call, GError **errp);
bool cmd_system_wakeup(CommandCall *call, GError **errp);
bool cmd_nmi(CommandCall *call, GError **errp);
bool cmd_mce(CommandCall *call, GError **errp);
bool cmd_boot_set(CommandCall *call, GError **errp);
bool cmd_device_add(CommandCall *call, GError **errp);
bool cmd_log(CommandCall *call, GError **errp);
bool cmd_logfile(CommandCall *call, GError **errp);
bool cmd_trace_event(CommandCall *call, GError **errp);
bool cmd_balloon(CommandCall *call, GError **errp);
bool cmd_info_balloon(CommandCall *call, GError **errp);
bool cmd_cpu(CommandCall *call, GError **errp);
bool cmd_accel(CommandCall *call, GError **errp);

/* cmd-memory.c */
bool cmd_x(CommandCall *call, GError **errp);
bool cmd_xp(CommandCall *call, GError **errp);
bool cmd_print(CommandCall *call, GError **errp);
bool cmd_sum(CommandCall *call, GError **errp);
bool cmd_memsave(CommandCall *call, GError **errp);
bool cmd_pmemsave(CommandCall *call, GError **errp);
bool cmd_gva2gpa(CommandCall *call, GError **errp);
bool cmd_in(CommandCall *call, GError **errp);
bool cmd_out(CommandCall *call, GError **errp);

/* cmd-media.c */
bool cmd_sendkey(CommandCall *call, GError **errp);
bool cmd_mouse_move(CommandCall *call, GError **errp);
bool cmd_mouse_button(CommandCall *call, GError **errp);
bool cmd_screendump(CommandCall *call, GError **errp);
bool cmd_eject(CommandCall *call, GError **errp);
bool cmd_change(CommandCall *call, GError **errp);
bool cmd_ringbuf_read(CommandCall *call, GError **errp);
bool cmd_ringbuf_write(CommandCall *call, GError **errp);

/* cmd-info.c */
bool cmd_help(CommandCall *call, GError **errp);
bool cmd_info(CommandCall *call, GError **errp);

/* cmd-profile.c */
bool cmd_profile(CommandCall *call, GError **errp);

/* cmd-paging.c */
bool cmd_info_mem(CommandCall *call, GError **errp);
bool cmd_info_tlb(CommandCall *call, GError **errp);

/* ---- For handlers -------------------------------------------------------- */

typedef struct X86Cpu X86Cpu;

/* Run fn on the chosen processor's thread, between two instructions, its state
 * up to date. False: there is no such processor. */
bool command_on_cpu(CommandCall *call, void (*fn)(X86Cpu *cpu, void *opaque),
                    void *opaque, GError **errp);

/* The machine's UUID, as text. */
void command_print_uuid(Machine *machine, GString *out);

#endif
