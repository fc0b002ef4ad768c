/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run states, see runstate.h. */
#include "system/runstate.h"

typedef struct RunStateRow {
    const char *name;
    bool needs_reset;
} RunStateRow;

static const RunStateRow runstate_rows[RUN_STATES] = {
    [RUN_STATE_PRELAUNCH] = { "prelaunch", false },
    [RUN_STATE_RUNNING] = { "running", false },
    [RUN_STATE_PAUSED] = { "paused", false },
    [RUN_STATE_DEBUG] = { "debug", false },
    [RUN_STATE_IO_ERROR] = { "io-error", false },
    [RUN_STATE_INTERNAL_ERROR] = { "internal-error", true },
    [RUN_STATE_SHUTDOWN] = { "shutdown", true },
    [RUN_STATE_SUSPENDED] = { "suspended", false },
    [RUN_STATE_GUEST_PANICKED] = { "guest-panicked", true },
};

const char *runstate_name(RunState state)
{
    return runstate_rows[state].name;
}

bool runstate_needs_reset(RunState state)
{
    return runstate_rows[state].needs_reset;
}
