/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output into a file (input from another), and named pipes. */
#include "chardev/chardev-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"

static int file_open_fd(const char *path, int flags, GError **errp)
{
    int fd = open(path, flags | O_CLOEXEC, 0666);

    if (fd < 0) {
        emu_fail_errno(errp, errno, "cannot open '%s'", path);
    }
    return fd;
}

static bool file_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    const char *path = keyval_get(opts, "path");
    const char *input = keyval_get(opts, "input-path");
    bool append = false;
    int in = -1;
    int out;

    if (!path) {
        return emu_fail(errp, EMU_ERROR_INVALID, "path= is missing");
    }
    if (!keyval_get_bool(opts, "append", &append, errp)) {
        return false;
    }
    if (input) {
        in = file_open_fd(input, O_RDONLY, errp);
        if (in < 0) {
            return false;
        }
    }
    out = file_open_fd(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC),
                       errp);
    if (out < 0) {
        if (in >= 0) {
            close(in);
        }
        return false;
    }
    chardev_stream_start(chr, in, out);
    return true;
}

static const KeyValKey file_keys[] = {
    { "path", "PATH", "file for the output" },
    { "append", "on|off", "keep what the file has (off)" },
    { "input-path", "PATH", "file for the input" },
    {},
};

const ChardevClass chardev_file_class = {
    .name = "file",
    .summary = "output into a file",
    .size = sizeof(Chardev),
    .keys = file_keys,
    .keeps_output = true,
    .open = file_open,
};

/* PATH.in and PATH.out if both are there, else PATH for both directions.
 * Opened for reading and writing, so that neither open waits for the peer. */
static bool pipe_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    const char *path = keyval_get(opts, "path");
    int in;
    int out;

    if (!path) {
        return emu_fail(errp, EMU_ERROR_INVALID, "path= is missing");
    }
    g_autofree char *in_path = g_strconcat(path, ".in", NULL);
    g_autofree char *out_path = g_strconcat(path, ".out", NULL);

    in = open(in_path, O_RDWR | O_CLOEXEC);
    out = open(out_path, O_RDWR | O_CLOEXEC);
    if (in >= 0 && out >= 0) {
        chardev_stream_start(chr, in, out);
        return true;
    }
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        close(out);
    }
    in = file_open_fd(path, O_RDWR, errp);
    if (in < 0) {
        return false;
    }
    chardev_stream_start(chr, in, in);
    return true;
}

static const KeyValKey pipe_keys[] = {
    { "path", "PATH", "PATH.in and PATH.out, or one pipe for both" },
    {},
};

const ChardevClass chardev_pipe_class = {
    .name = "pipe",
    .summary = "named pipes",
    .size = sizeof(Chardev),
    .keys = pipe_keys,
    .open = pipe_open,
};
