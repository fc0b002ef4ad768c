/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pseudo terminal that any terminal program can be pointed at.
 *
 * The master hangs up as soon as nobody has the slave open; who opens it is
 * told by inotify. Output without a reader is dropped, as on a cable that is
 * not plugged in.
 */
#include "chardev/chardev-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "chardev/terminal.h"
#include "util/error.h"

typedef struct ChardevPty {
    Chardev parent;
    int master, notify; /* -1: not open */
    GSource *watch;
    char *link; /* path=: symbolic link to the slave */
} ChardevPty;

static gboolean pty_slave_opened(int fd, GIOCondition cond, gpointer opaque)
{
    ChardevPty *pty = opaque;
    char events[sizeof(struct inotify_event) + NAME_MAX + 1];

    if (read(fd, events, sizeof(events)) > 0 && !pty->parent.connected) {
        int copy = fcntl(pty->master, F_DUPFD_CLOEXEC, 3);

        chardev_stream_start(&pty->parent, copy, copy);
    }
    return G_SOURCE_CONTINUE;
}

static bool pty_set_raw(const char *slave, GError **errp)
{
    struct termios tio;
    int fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        return emu_fail_errno(errp, errno, "cannot open '%s'", slave);
    }
    if (tcgetattr(fd, &tio) == 0) {
        cfmakeraw(&tio);
        tcsetattr(fd, TCSANOW, &tio);
    }
    close(fd);
    return true;
}

static bool pty_watch(ChardevPty *pty, const char *slave, GError **errp)
{
    pty->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (pty->notify < 0 || inotify_add_watch(pty->notify, slave, IN_OPEN) < 0) {
        return emu_fail_errno(errp, errno, "cannot watch '%s'", slave);
    }
    pty->watch = g_unix_fd_source_new(pty->notify, G_IO_IN);
    g_source_set_callback(pty->watch, G_SOURCE_FUNC(pty_slave_opened), pty,
                          NULL);
    g_source_attach(pty->watch, NULL);
    return true;
}

static bool pty_link(ChardevPty *pty, const char *path, const char *slave,
                     GError **errp)
{
    if (path && symlink(slave, path) < 0) {
        return emu_fail_errno(errp, errno, "cannot create link '%s'", path);
    }
    pty->link = g_strdup(path);
    return true;
}

static bool pty_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    ChardevPty *pty = (ChardevPty *)chr;
    char slave[64];

    pty->notify = -1;
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (pty->master < 0 || grantpt(pty->master) || unlockpt(pty->master) ||
        ptsname_r(pty->master, slave, sizeof(slave))) {
        return emu_fail_errno(errp, errno, "cannot create a pty");
    }
    if (!pty_set_raw(slave, errp) ||
        !pty_link(pty, keyval_get(opts, "path"), slave, errp) ||
        !pty_watch(pty, slave, errp)) {
        return false;
    }
    chardev_set_filename(chr, g_strdup_printf("pty:%s", slave));
    /* Scripts wait for this line to learn the name. */
    g_printerr("char device redirected to %s (label %s)\n", slave, chr->id);
    return true;
}

static void pty_close(Chardev *chr)
{
    ChardevPty *pty = (ChardevPty *)chr;

    if (pty->watch) {
        g_source_destroy(pty->watch);
        g_source_unref(pty->watch);
    }
    if (pty->notify >= 0) {
        close(pty->notify);
    }
    if (pty->master >= 0) {
        close(pty->master);
    }
    if (pty->link) {
        unlink(pty->link);
        g_free(pty->link);
    }
}

static const KeyValKey pty_keys[] = {
    { "path", "PATH", "make a symbolic link to the slave" },
    {},
};

const ChardevClass chardev_pty_class = {
    .name = "pty",
    .summary = "pseudo terminal",
    .size = sizeof(ChardevPty),
    .keys = pty_keys,
    .open = pty_open,
    .close = pty_close,
};
