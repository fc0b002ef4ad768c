/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -device: help, checks that need no machine, and plugging into a board. */
#ifndef SYSTEM_DEVICES_H
#define SYSTEM_DEVICES_H

#include "hw/core/board.h"
#include "util/keyval.h"

/* Print and return true for "-device help" and "-device NAME,help". */
bool devices_print_help(const KeyVal *opts, GString *out);
/* The driver exists, may be added by users, and has these properties. */
bool devices_check(const KeyVal *opts, GError **errp);
/* Create and plug; opts has driver=, maybe id= and bus=, and properties. The
 * bus owns the device; *out (may be NULL) is not a new reference. */
bool devices_plug(Board *board, const KeyVal *opts, Device **out,
                  GError **errp);

void devices_print_cpu_help(GString *out);
bool devices_check_cpu(const char *spec, GError **errp);

#endif
