/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks on host files, understood by QEMU too. Each permission is one byte of
 * the file: a user holds a shared OFD lock on byte 100 + n for what it does,
 * and on byte 200 + n for what it does not let others do; nobody may do what
 * another forbids. The locks vanish with the open file description.
 */
#include "block/node.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOCK_PERM_BASE = 100,
    LOCK_SHARED_BASE = 200,
    LOCK_PERMS = 4,
};

static const char *const lock_perm_names[LOCK_PERMS] = {
    "consistent read",
    "write",
    "write unchanged",
    "resize",
};

static int lock_byte(int fd, off_t byte, short type)
{
    struct flock fl = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };

    return fcntl(fd, F_OFD_SETLK, &fl) ? -errno : 0;
}

/* Somebody else holds a lock on the byte. */
static bool lock_byte_taken(int fd, off_t byte)
{
    struct flock fl = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };

    return !fcntl(fd, F_OFD_GETLK, &fl) && fl.l_type != F_UNLCK;
}

static void lock_release(int fd)
{
    for (unsigned i = 0; i < LOCK_PERMS; i++) {
        lock_byte(fd, LOCK_PERM_BASE + i, F_UNLCK);
        lock_byte(fd, LOCK_SHARED_BASE + i, F_UNLCK);
    }
}

/* ---- Who is it? --------------------------------------------------------- */

/* One open file of a process: does its fdinfo show an OFD lock, and is it our
 * file? */
static bool lock_fd_holds(const char *pid, const char *fd,
                          const struct stat *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/fd/%s", pid, fd);
    g_autofree char *info = g_strdup_printf("/proc/%s/fdinfo/%s", pid, fd);
    g_autofree char *text = NULL;
    struct stat st;

    return !stat(path, &st) && st.st_dev == file->st_dev &&
           st.st_ino == file->st_ino &&
           g_file_get_contents(info, &text, NULL, NULL) &&
           strstr(text, "OFDLCK");
}

static bool lock_process_holds(const char *pid, const struct stat *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/fd", pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *fd;

    while (dir && (fd = g_dir_read_name(dir))) {
        if (lock_fd_holds(pid, fd, file)) {
            return true;
        }
    }
    return false;
}

/* " (held by process 12, qemu-img)", or "" where the host does not tell. OFD
 * locks carry no pid, so the processes we may look into are searched. */
static char *lock_holder(int fd)
{
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    g_autofree char *self = g_strdup_printf("%d", (int)getpid());
    struct stat st;
    const char *pid;

    if (!dir || fstat(fd, &st)) {
        return g_strdup("");
    }
    while ((pid = g_dir_read_name(dir))) {
        if (!g_ascii_isdigit(*pid) || !strcmp(pid, self) ||
            !lock_process_holds(pid, &st)) {
            continue;
        }
        g_autofree char *path = g_strdup_printf("/proc/%s/comm", pid);
        g_autofree char *comm = NULL;
        g_file_get_contents(path, &comm, NULL, NULL);
        return g_strdup_printf(" (held by process %s, %s)", pid,
                               comm ? g_strstrip(comm) : "unknown");
    }
    return g_strdup("");
}

static bool lock_refused(int fd, const char *path, unsigned n, bool shared,
                         GError **errp)
{
    g_autofree char *holder = lock_holder(fd);

    lock_release(fd);
    return emu_fail(errp, EMU_ERROR_BUSY,
                    "Failed to get %s\"%s\" lock%s\nIs another process using "
                    "the image [%s]?",
                    shared ? "shared " : "", lock_perm_names[n], holder, path);
}

/* ---- Taking them -------------------------------------------------------- */

/* Announce first, then look: of two that come at once at most one passes. */
static int lock_announce(int fd, unsigned perm, unsigned shared)
{
    for (unsigned i = 0; i < LOCK_PERMS; i++) {
        int ret =
            perm & 1u << i ? lock_byte(fd, LOCK_PERM_BASE + i, F_RDLCK) : 0;
        if (!ret && !(shared & 1u << i)) {
            ret = lock_byte(fd, LOCK_SHARED_BASE + i, F_RDLCK);
        }
        if (ret) {
            return ret;
        }
    }
    return 0;
}

bool file_lock(int fd, const char *path, unsigned perm, unsigned shared,
               GError **errp)
{
    int ret = lock_announce(fd, perm, shared);

    if (ret == -EAGAIN || ret == -EACCES) { /* an exclusive lock, not QEMU's */
        return lock_refused(fd, path, 0, false, errp);
    }
    if (ret) { /* the file system knows no locks */
        lock_release(fd);
        return true;
    }
    for (unsigned i = 0; i < LOCK_PERMS; i++) {
        if (perm & 1u << i && lock_byte_taken(fd, LOCK_SHARED_BASE + i)) {
            return lock_refused(fd, path, i, false, errp);
        }
        if (!(shared & 1u << i) && lock_byte_taken(fd, LOCK_PERM_BASE + i)) {
            return lock_refused(fd, path, i, true, errp);
        }
    }
    return true;
}
