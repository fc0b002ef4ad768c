/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -daemonize and -pidfile. */
#ifndef SYSTEM_DAEMON_H
#define SYSTEM_DAEMON_H

#include <glib.h>
#include <stdbool.h>

/* Fork into the background before any thread is there. In the child *ready_fd
 * is to be handed to daemon_ready(); the parent waits for that and exits with
 * status 0, or 1 if the child ends before. */
bool daemon_start(int *ready_fd, GError **errp);
/* Let go of the terminal and tell the parent. */
void daemon_ready(int ready_fd);

/* Write and lock the file. The lock lives as long as the descriptor, which is
 * returned; -1: failed. */
int daemon_write_pidfile(const char *path, GError **errp);

#endif
