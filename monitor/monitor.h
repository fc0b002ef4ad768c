/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A person's session with the machine, over any character device. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "monitor/command.h"

Monitor *monitor_new(Machine *machine, Chardev *chr, GError **errp);
void monitor_free(Monitor *mon);
/* Of char *, oldest first. */
const GPtrArray *monitor_history(const Monitor *mon);
/* The processor that commands look at. */
void monitor_set_cpu(Monitor *mon, unsigned cpu);
/* Formats that x, xp and print remember. */
MemoryFormat *monitor_format(Monitor *mon);

#endif
