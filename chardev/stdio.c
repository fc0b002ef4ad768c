/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process's own stdin and stdout. One user at most, since there is one
 * terminal.
 */
#include "chardev/chardev-internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chardev/terminal.h"
#include "util/error.h"

typedef struct ChardevStdio {
    Chardev parent;
    bool owner;
} ChardevStdio;

/* Process-wide as stdin is. */
static bool stdio_taken;

/* A descriptor of our own for stdout: a terminal or pipe is opened anew, so
 * that O_NONBLOCK does not hit the shell and everybody else who shares it. */
static int stdio_open_output(void)
{
    struct stat st;
    int fd = -1;

    if (fstat(STDOUT_FILENO, &st) == 0 &&
        (S_ISFIFO(st.st_mode) || isatty(STDOUT_FILENO))) {
        fd = open("/proc/self/fd/1",
                  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static bool stdio_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    bool signals = true;

    if (!keyval_get_bool(opts, "signal", &signals, errp)) {
        return false;
    }
    if (stdio_taken) {
        return emu_fail(errp, EMU_ERROR_BUSY,
                        "stdio is already in use by another chardev");
    }
    stdio_taken = true;
    ((ChardevStdio *)chr)->owner = true;
    terminal_enter_raw(STDIN_FILENO, signals);
    chardev_stream_start(chr, fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3),
                         stdio_open_output());
    return true;
}

static void stdio_close(Chardev *chr)
{
    if (!((ChardevStdio *)chr)->owner) {
        return;
    }
    chardev_stream_flush(chr);
    chardev_restore_terminal();
    stdio_taken = false;
}

static const KeyValKey stdio_keys[] = {
    { "signal", "on|off", "Ctrl-C interrupts the emulator (on)" },
    {},
};

const ChardevClass chardev_stdio_class = {
    .name = "stdio",
    .summary = "the terminal, or standard input and output",
    .size = sizeof(ChardevStdio),
    .keys = stdio_keys,
    .open = stdio_open,
    .close = stdio_close,
    .keeps_output = true,
};
