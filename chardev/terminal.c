/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw mode and the way back. A terminal belongs to the process and outlives
 * it, so its saved mode is one of the few process-wide variables; it is given
 * back by chardev_free(), at exit(), before a fatal signal kills us, and
 * around a stop (Ctrl-Z).
 */
#include "chardev/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chardev/chardev.h"

static struct termios terminal_saved;
static struct termios terminal_raw;
static volatile sig_atomic_t terminal_fd = -1;

void terminal_make_raw(struct termios *tio, bool signals)
{
    tio->c_iflag &=
        ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    tio->c_oflag |= OPOST; /* "\n" of messages beside ours starts a line */
    tio->c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
    if (!signals) {
        tio->c_lflag &= ~ISIG;
    }
    tio->c_cflag &= ~(CSIZE | PARENB);
    tio->c_cflag |= CS8;
    tio->c_cc[VMIN] = 1;
    tio->c_cc[VTIME] = 0;
}

void terminal_restore(void)
{
    if (terminal_fd >= 0) {
        tcsetattr(terminal_fd, TCSANOW, &terminal_saved);
    }
}

/* The handler was reset on entry, so the signal kills as it would have. */
static void terminal_fatal(int sig)
{
    terminal_restore();
    raise(sig);
}

/* In the background of our controlling terminal, setting the mode would stop
 * us with SIGTTOU. */
static void terminal_apply(void)
{
    pid_t foreground = terminal_fd < 0 ? 0 : tcgetpgrp(terminal_fd);

    if (foreground < 0 || foreground == getpgrp()) {
        tcsetattr(terminal_fd, TCSANOW, &terminal_raw);
    }
}

static void terminal_continued(int sig)
{
    terminal_apply();
}

static void terminal_catch(int sig, void (*handler)(int), int flags)
{
    struct sigaction old;
    struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

    /* Who already handles it (a sanitizer, say) knows better. */
    if (sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
        sigaction(sig, &sa, NULL);
    }
}

static void terminal_guard(void)
{
    static const int fatal[] = { SIGABRT, SIGSEGV, SIGBUS,  SIGILL, SIGFPE,
                                 SIGQUIT, SIGINT,  SIGTERM, SIGHUP };
    static bool done;

    if (done) {
        return;
    }
    done = true;
    atexit(terminal_restore);
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        terminal_catch(fatal[i], terminal_fatal, SA_RESETHAND | SA_NODEFER);
    }
    terminal_catch(SIGCONT, terminal_continued, SA_RESTART);
}

void terminal_enter_raw(int fd, bool signals)
{
    if (terminal_fd >= 0 || tcgetattr(fd, &terminal_saved)) {
        return;
    }
    terminal_raw = terminal_saved;
    terminal_make_raw(&terminal_raw, signals);
    terminal_guard();
    terminal_fd = fd;
    terminal_apply();
}

void chardev_restore_terminal(void)
{
    terminal_restore();
    terminal_fd = -1;
}
