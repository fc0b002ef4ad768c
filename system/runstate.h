/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the machine is doing, by QEMU's names, which management knows. */
#ifndef SYSTEM_RUNSTATE_H
#define SYSTEM_RUNSTATE_H

#include <stdbool.h>

typedef enum RunState {
    RUN_STATE_PRELAUNCH, /* built, never ran */
    RUN_STATE_RUNNING,
    RUN_STATE_PAUSED, /* by the user */
    RUN_STATE_DEBUG,
    RUN_STATE_IO_ERROR,       /* a drive's error policy stopped it */
    RUN_STATE_INTERNAL_ERROR, /* the accelerator gave up */
    RUN_STATE_SHUTDOWN,       /* powered off, with -no-shutdown */
    RUN_STATE_SUSPENDED,      /* ACPI S3 */
    RUN_STATE_GUEST_PANICKED,
    RUN_STATES,
} RunState;

const char *runstate_name(RunState state);
/* Only a reset leads out of it. */
bool runstate_needs_reset(RunState state);

#endif
