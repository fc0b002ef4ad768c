/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options whose values have a grammar of their own: -m, -smp, -rtc,
 * -boot, -uuid, -accel, -machine. */
#ifndef SYSTEM_VALUES_H
#define SYSTEM_VALUES_H

#include "system/config.h"

bool values_parse_memory(MachineConfig *c, const char *text, GError **errp);
bool values_parse_smp(MachineConfig *c, const char *text, GError **errp);
bool values_parse_rtc(MachineConfig *c, const char *text, GError **errp);
bool values_parse_boot(MachineConfig *c, const char *text, GError **errp);
bool values_parse_overcommit(MachineConfig *c, const char *text, GError **errp);
bool values_parse_uuid(MachineConfig *c, const char *text, GError **errp);
/* -machine; "help" fills c->output. */
bool values_parse_machine(MachineConfig *c, const char *text, GError **errp);
/* -accel; "help" fills c->output. */
bool values_parse_accel(MachineConfig *c, const char *text, GError **errp);
/* After all options: one that works was named, or none. */
void values_finish_accel(MachineConfig *c);
/* Boot order letters; for boot_set of the monitor, too. */
bool values_check_boot_order(const char *order, GError **errp);

#endif
