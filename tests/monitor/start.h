/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine of a command line, for tests of what speaks to it. */
#ifndef TESTS_MONITOR_START_H
#define TESTS_MONITOR_START_H

#include "system/machine.h"

static Machine *machine_start(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    MachineConfig *c = config_new();
    GError *err = NULL;
    Machine *m = NULL;

    if (config_parse(c, (const char *const *)words, &err)) {
        m = machine_new(c, &err);
    }
    g_assert_no_error(err);
    return m;
}

#endif
