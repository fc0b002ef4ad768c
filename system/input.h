/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door for what comes from outside: a machine whose time is counted in
 * instructions and which hears of anything else - timers, completions of disk
 * requests, characters, its users - at given counts only. Two such machines
 * with one command line do the same, whatever runs them; record and replay will
 * stand here, too.
 */
#ifndef SYSTEM_INPUT_H
#define SYSTEM_INPUT_H

#include "system/machine.h"

typedef enum InputResult {
    INPUT_MORE,   /* the guest goes on */
    INPUT_ENDED,  /* it was powered off, or sleeps for ever */
    INPUT_FAILED, /* the accelerator did */
} InputResult;

/* Before machine_new(): count time in instructions, of 2^shift ns each, and
 * keep the host's time and entropy out of the guest. The guest must have one
 * CPU and an accelerator `tcg,count=on`. */
void input_prepare(MachineConfig *config, unsigned shift);
/* Instead of machine_run(). False: the machine is not of that kind. */
bool input_start(Machine *m, GError **errp);
/* Run at most that many instructions, then let in what came meanwhile. *ran:
 * how many they were. */
InputResult input_run(Machine *m, uint64_t insns, uint64_t *ran);

#endif
