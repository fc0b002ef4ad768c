/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal that the process was started from: raw while stdio uses it, as
 * it was on every way out. */
#ifndef CHARDEV_TERMINAL_H
#define CHARDEV_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

/* Raw mode: bytes as typed, no echo. signals: Ctrl-C still interrupts. */
void terminal_make_raw(struct termios *tio, bool signals);
/* Put fd into raw mode if it is a terminal; remembers how it was. */
void terminal_enter_raw(int fd, bool signals);
/* Safe in a signal handler. */
void terminal_restore(void);

#endif
