/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going to the background, see daemon.h. */
#include "system/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

/* The parent: 0 as soon as the child says so, 1 when it dies silently. */
static G_NORETURN void daemon_wait_for_child(int fd)
{
    char ok;
    ssize_t n;

    do {
        n = read(fd, &ok, 1);
    } while (n < 0 && errno == EINTR);
    _exit(n == 1 ? 0 : 1);
}

bool daemon_start(int *ready_fd, GError **errp)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return emu_fail_errno(errp, errno, "-daemonize");
    }
    pid = fork();
    if (pid < 0) {
        return emu_fail_errno(errp, errno, "-daemonize");
    }
    if (pid > 0) {
        close(fds[1]);
        daemon_wait_for_child(fds[0]);
    }
    close(fds[0]);
    setsid();
    *ready_fd = fds[1];
    return true;
}

void daemon_ready(int ready_fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (chdir("/") < 0) {
        g_printerr("emu: cannot leave the working folder\n");
    }
    if (write(ready_fd, "1", 1) < 0) {
        g_printerr("emu: the parent process is gone\n");
    }
    close(ready_fd);
    for (int fd = 0; null >= 0 && fd < 3; fd++) {
        dup2(null, fd);
    }
    if (null > 2) {
        close(null);
    }
}

static bool daemon_fill_pidfile(int fd, const char *path, GError **errp)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());

    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        return emu_fail(errp, EMU_ERROR_BUSY,
                        "pid file '%s' belongs to a process that runs", path);
    }
    if (ftruncate(fd, 0) < 0 ||
        write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        return emu_fail_errno(errp, errno, "pid file '%s'", path);
    }
    return true;
}

int daemon_write_pidfile(const char *path, GError **errp)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0) {
        emu_fail_errno(errp, errno, "pid file '%s'", path);
        return -1;
    }
    if (!daemon_fill_pidfile(fd, path, errp)) {
        close(fd);
        return -1;
    }
    return fd;
}
