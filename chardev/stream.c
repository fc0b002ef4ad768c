/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common half of back ends that are file descriptors: watching for input
 * while the user has room, writing at once where the host takes it, queueing
 * the rest.
 *
 * chr->lock guards the descriptors, the watches and the queue; no callback
 * runs with it held. Descriptors are opened and closed on the main loop only,
 * so the main loop may read without the lock.
 */
#include "chardev/chardev-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Input ------------------------------------------------------------- */

static void chardev_drop_watch(GSource **watch)
{
    if (*watch) {
        g_source_destroy(*watch);
        g_source_unref(*watch);
        *watch = NULL;
    }
}

static void chardev_watch_locked(Chardev *chr, GSource **watch, int fd,
                                 GIOCondition cond, GUnixFDSourceFunc cb)
{
    chardev_drop_watch(watch);
    *watch = g_unix_fd_source_new(fd, cond);
    g_source_set_callback(*watch, G_SOURCE_FUNC(cb), chr, NULL);
    g_source_attach(*watch, NULL);
}

static void chardev_stream_end_input(Chardev *chr)
{
    g_mutex_lock(&chr->lock);
    chardev_drop_watch(&chr->in_watch);
    close(chr->in_fd);
    chr->in_fd = -1;
    g_mutex_unlock(&chr->lock);
}

static void chardev_stream_hangup(Chardev *chr)
{
    if (chr->class->keeps_output) {
        chardev_stream_end_input(chr);
        return;
    }
    chardev_stream_stop(chr);
    if (chr->class->hangup) {
        chr->class->hangup(chr);
    }
}

static size_t chardev_user_room(Chardev *chr)
{
    if (!chr->user || !chr->user->can_read) {
        return 0;
    }
    return chr->user->can_read(chr->opaque);
}

/* Nobody wants input, but a peer that goes away should be noticed. What it
 * left behind is kept until it is read. */
static gboolean chardev_stream_idle(int fd, GIOCondition cond, gpointer opaque)
{
    Chardev *chr = opaque;
    int left = 0;

    if (ioctl(fd, FIONREAD, &left) == 0 && left > 0) {
        g_mutex_lock(&chr->lock);
        chardev_drop_watch(&chr->in_watch);
        g_mutex_unlock(&chr->lock);
        return G_SOURCE_REMOVE;
    }
    chardev_stream_hangup(chr);
    return G_SOURCE_REMOVE;
}

static gboolean chardev_stream_readable(int fd, GIOCondition cond,
                                        gpointer opaque)
{
    Chardev *chr = opaque;
    uint8_t buf[CHARDEV_READ_MAX];
    size_t room = chardev_user_room(chr);
    ssize_t n;

    if (!room) {
        g_mutex_lock(&chr->lock);
        chr->in_paused = true;
        chardev_watch_locked(chr, &chr->in_watch, fd, G_IO_HUP,
                             chardev_stream_idle);
        g_mutex_unlock(&chr->lock);
        if (chardev_user_room(chr)) { /* room came while we paused */
            chardev_stream_resume(chr);
        }
        return G_SOURCE_REMOVE;
    }
    n = read(fd, buf, MIN(room, sizeof(buf)));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0) {
        chardev_stream_hangup(chr);
        return G_SOURCE_REMOVE;
    }
    if (chr->class->filter_in) {
        n = chr->class->filter_in(chr, buf, n);
    }
    if (n && chr->user) {
        chr->user->read(chr->opaque, buf, n);
    }
    return G_SOURCE_CONTINUE;
}

void chardev_stream_resume(Chardev *chr)
{
    g_mutex_lock(&chr->lock);
    if (chr->in_fd >= 0 && (chr->in_paused || !chr->in_watch)) {
        chr->in_paused = false;
        chardev_watch_locked(chr, &chr->in_watch, chr->in_fd,
                             G_IO_IN | G_IO_HUP | G_IO_ERR,
                             chardev_stream_readable);
    }
    g_mutex_unlock(&chr->lock);
}

/* ---- Output ------------------------------------------------------------ */

static ssize_t chardev_fd_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    struct pollfd pfd = { .fd = chr->out_fd, .events = POLLOUT };

    if (chr->out_is_socket) {
        return send(chr->out_fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (chr->out_nonblock) {
        return write(chr->out_fd, buf, len);
    }
    /* Somebody else's descriptor, which blocks: ask first, and write no more
     * than a pipe takes whole. */
    if (poll(&pfd, 1, 0) <= 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(chr->out_fd, buf, MIN(len, 512));
}

/* Write what the host takes now. Bytes for a broken peer count as written:
 * the input side sees it go. */
static size_t chardev_write_some_locked(Chardev *chr, const uint8_t *buf,
                                        size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = chardev_fd_write(chr, buf + done, len - done);

        if (n >= 0) {
            done += n;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            return len;
        }
    }
    return done;
}

static void chardev_call_waiters(GArray *waiters)
{
    for (unsigned i = 0; i < waiters->len; i++) {
        ChardevWaiter *w = &g_array_index(waiters, ChardevWaiter, i);

        w->writable(w->opaque);
    }
}

/* The waiters, once there is room again; the caller calls and frees them. */
static GArray *chardev_take_waiters_locked(Chardev *chr)
{
    GArray *waiters = chr->waiters;

    if (!waiters->len || chr->queue->len >= CHARDEV_QUEUE_MAX / 2) {
        return NULL;
    }
    chr->waiters = g_array_new(FALSE, FALSE, sizeof(ChardevWaiter));
    return waiters;
}

static gboolean chardev_stream_writable(int fd, GIOCondition cond,
                                        gpointer opaque)
{
    Chardev *chr = opaque;
    g_autoptr(GArray) waiters = NULL;
    bool more;

    g_mutex_lock(&chr->lock);
    g_byte_array_remove_range(
        chr->queue, 0,
        chardev_write_some_locked(chr, chr->queue->data, chr->queue->len));
    more = chr->queue->len > 0;
    if (!more) {
        chardev_drop_watch(&chr->out_watch);
    }
    waiters = chardev_take_waiters_locked(chr);
    g_mutex_unlock(&chr->lock);
    if (waiters) {
        chardev_call_waiters(waiters);
    }
    return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void chardev_enqueue_locked(Chardev *chr, const uint8_t *buf, size_t len)
{
    size_t done = 0;

    if (!chr->queue->len) {
        done = chardev_write_some_locked(chr, buf, len);
    }
    if (done == len) {
        return;
    }
    g_byte_array_append(chr->queue, buf + done, len - done);
    if (!chr->out_watch) {
        chardev_watch_locked(chr, &chr->out_watch, chr->out_fd, G_IO_OUT,
                             chardev_stream_writable);
    }
}

static void chardev_enqueue_filtered_locked(Chardev *chr, const uint8_t *buf,
                                            size_t len)
{
    g_autoptr(GByteArray) out = NULL;

    if (!chr->class->filter_out) {
        chardev_enqueue_locked(chr, buf, len);
        return;
    }
    out = g_byte_array_sized_new(len);
    chr->class->filter_out(chr, buf, len, out);
    chardev_enqueue_locked(chr, out->data, out->len);
}

static size_t chardev_queue_room_locked(const Chardev *chr)
{
    return CHARDEV_QUEUE_MAX - MIN(chr->queue->len, CHARDEV_QUEUE_MAX);
}

size_t chardev_stream_write(Chardev *chr, const uint8_t *buf, size_t len,
                            void (*writable)(void *opaque), void *opaque)
{
    size_t done = 0;
    size_t room;

    g_mutex_lock(&chr->lock);
    if (chr->out_fd < 0) {
        g_mutex_unlock(&chr->lock);
        return len; /* nobody listens */
    }
    while (done < len && (room = chardev_queue_room_locked(chr)) > 0) {
        size_t part = MIN(len - done, room);

        chardev_enqueue_filtered_locked(chr, buf + done, part);
        done += part;
    }
    if (done < len && writable) { /* the queue is full, so it is watched */
        ChardevWaiter waiter = { writable, opaque };

        g_array_append_val(chr->waiters, waiter);
    }
    g_mutex_unlock(&chr->lock);
    return done;
}

/* Wait for a slow peer a little, but not for a dead one. */
void chardev_stream_flush(Chardev *chr)
{
    for (unsigned tries = 0; tries < 20; tries++) {
        struct pollfd pfd = { .events = POLLOUT };

        g_mutex_lock(&chr->lock);
        pfd.fd = chr->out_fd;
        if (chr->queue->len && chr->out_fd >= 0) {
            g_byte_array_remove_range(
                chr->queue, 0,
                chardev_write_some_locked(chr, chr->queue->data,
                                          chr->queue->len));
        }
        if (!chr->queue->len || chr->out_fd < 0) {
            g_mutex_unlock(&chr->lock);
            return;
        }
        g_mutex_unlock(&chr->lock);
        poll(&pfd, 1, 50);
    }
}

/* ---- Start and stop ---------------------------------------------------- */

static bool chardev_fd_is_socket(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Regular files do not wait for a peer. */
static bool chardev_fd_never_waits(int fd)
{
    struct stat st;
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

    return flags >= 0 && ((flags & O_NONBLOCK) ||
                          (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)));
}

void chardev_stream_start(Chardev *chr, int in_fd, int out_fd)
{
    g_mutex_lock(&chr->lock);
    chr->in_fd = in_fd;
    chr->out_fd = out_fd;
    chr->out_is_socket = chardev_fd_is_socket(out_fd);
    chr->out_nonblock = chardev_fd_never_waits(out_fd);
    chr->in_paused = false;
    g_mutex_unlock(&chr->lock);
    chr->connected = true;
    chardev_send_event(chr, CHARDEV_OPENED);
    if (chr->user) {
        chardev_stream_resume(chr);
    }
}

void chardev_stream_stop(Chardev *chr)
{
    g_autoptr(GArray) waiters = NULL;
    bool was_connected = chr->connected;

    g_mutex_lock(&chr->lock);
    chardev_drop_watch(&chr->in_watch);
    chardev_drop_watch(&chr->out_watch);
    if (chr->in_fd >= 0) {
        close(chr->in_fd);
    }
    if (chr->out_fd >= 0 && chr->out_fd != chr->in_fd) {
        close(chr->out_fd);
    }
    chr->in_fd = chr->out_fd = -1;
    chr->in_paused = false;
    g_byte_array_set_size(chr->queue, 0);
    waiters = chardev_take_waiters_locked(chr);
    g_mutex_unlock(&chr->lock);
    chr->connected = false;
    if (was_connected) {
        chardev_send_event(chr, CHARDEV_CLOSED);
    }
    if (waiters) {
        chardev_call_waiters(waiters); /* writes are swallowed from now on */
    }
}
