/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of random bytes, see random.h. A file is opened once, is read
 * without waiting, and is watched only while somebody wants bytes.
 */
#include "util/random.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/random.h>
#include <unistd.h>

#include "util/error.h"
#include "util/log.h"

enum { RANDOM_CHUNK = 256 }; /* getrandom() gives so many bytes whole */

typedef struct RandomWaiter {
    void (*ready)(void *opaque);
    void *opaque;
} RandomWaiter;

struct RandomSource {
    char *path; /* NULL: the kernel's generator */
    int fd;

    GMutex lock;     /* guards what follows */
    GSource *watch;  /* NULL: nobody waits */
    GArray *waiters; /* of RandomWaiter */
    bool ended;
};

RandomSource *random_source_new(const char *path, GError **errp)
{
    int fd = path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;

    if (path && fd < 0) {
        emu_fail_errno(errp, errno, "'%s'", path);
        return NULL;
    }
    RandomSource *s = g_new0(RandomSource, 1);

    s->path = g_strdup(path);
    s->fd = fd;
    s->waiters = g_array_new(FALSE, FALSE, sizeof(RandomWaiter));
    g_mutex_init(&s->lock);
    return s;
}

static void random_drop_watch(RandomSource *s)
{
    if (s->watch) {
        g_source_destroy(s->watch);
        g_clear_pointer(&s->watch, g_source_unref);
    }
}

void random_source_free(RandomSource *s)
{
    if (!s) {
        return;
    }
    random_drop_watch(s);
    if (s->fd >= 0) {
        close(s->fd);
    }
    g_array_unref(s->waiters);
    g_mutex_clear(&s->lock);
    g_free(s->path);
    g_free(s);
}

/* ---- The kernel -------------------------------------------------------- */

static size_t random_read_kernel(uint8_t *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t n = MIN(len - done, RANDOM_CHUNK);

        if (getrandom(buf + done, n, 0) != (ssize_t)n) {
            break;
        }
        done += n;
    }
    return done;
}

/* ---- A file ------------------------------------------------------------ */

static gboolean random_readable(int fd, GIOCondition cond, gpointer opaque)
{
    RandomSource *s = opaque;
    g_autoptr(GArray) waiters = NULL;

    g_mutex_lock(&s->lock);
    random_drop_watch(s);
    waiters = s->waiters;
    s->waiters = g_array_new(FALSE, FALSE, sizeof(RandomWaiter));
    g_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < waiters->len; i++) {
        RandomWaiter *w = &g_array_index(waiters, RandomWaiter, i);

        w->ready(w->opaque);
    }
    return G_SOURCE_REMOVE;
}

static void random_wait_locked(RandomSource *s, void (*ready)(void *opaque),
                               void *opaque)
{
    RandomWaiter waiter = { ready, opaque };

    for (unsigned i = 0; i < s->waiters->len; i++) {
        if (g_array_index(s->waiters, RandomWaiter, i).opaque == opaque) {
            return;
        }
    }
    g_array_append_val(s->waiters, waiter);
    if (!s->watch) {
        s->watch = g_unix_fd_source_new(s->fd, G_IO_IN);
        g_source_set_callback(s->watch, G_SOURCE_FUNC(random_readable), s,
                              NULL);
        g_source_attach(s->watch, NULL);
    }
}

/* Said once: a guest may ask forever. */
static void random_end_locked(RandomSource *s, const char *why)
{
    if (!s->ended) {
        g_printerr("emu: random bytes from '%s': %s\n", s->path, why);
    }
    s->ended = true;
}

static size_t random_read_file(RandomSource *s, void *buf, size_t len,
                               void (*ready)(void *opaque), void *opaque)
{
    size_t got = 0;

    g_mutex_lock(&s->lock);
    ssize_t n = s->ended ? 0 : read(s->fd, buf, len);
    if (n > 0) {
        got = n;
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        random_wait_locked(s, ready, opaque);
    } else {
        random_end_locked(s, n < 0 ? g_strerror(errno) : "no more of them");
    }
    g_mutex_unlock(&s->lock);
    return got;
}

size_t random_source_read(RandomSource *s, void *buf, size_t len,
                          void (*ready)(void *opaque), void *opaque)
{
    if (!len) {
        return 0;
    }
    return s && s->path ? random_read_file(s, buf, len, ready, opaque)
                        : random_read_kernel(buf, len);
}

void random_source_cancel(RandomSource *s, void *opaque)
{
    if (!s) {
        return;
    }
    g_mutex_lock(&s->lock);
    for (unsigned i = s->waiters->len; i-- > 0;) {
        if (g_array_index(s->waiters, RandomWaiter, i).opaque == opaque) {
            g_array_remove_index(s->waiters, i);
        }
    }
    if (!s->waiters->len) {
        random_drop_watch(s);
    }
    g_mutex_unlock(&s->lock);
}
