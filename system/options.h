/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: one table has every option with its argument, its help
 * and its handler; parsing, -help, suggestions for misspelt names and the
 * documentation come from it.
 */
#ifndef SYSTEM_OPTIONS_H
#define SYSTEM_OPTIONS_H

#include "system/config.h"

typedef struct OptionRow {
    const char *name;
    const char *alias; /* second spelling, or NULL */
    const char *arg;   /* NULL: takes none */
    const char *help;  /* NULL: left out of -help */
    /* arg is NULL for options without argument. */
    bool (*handle)(MachineConfig *c, const char *arg, GError **errp);
} OptionRow;

/* Rows with only `help` are headings of -help; ended by {}. */
extern const OptionRow option_rows[];

void options_print_help(GString *out);

#endif
