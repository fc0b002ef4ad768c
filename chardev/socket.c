/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unix and TCP sockets, as server (one peer at a time, the next may come when
 * it goes) or client (with reconnect=, again after a while). Telnet on top if
 * asked. TLS and websockets are not done.
 */
#include "chardev/chardev-internal.h"

#include <errno.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "chardev/telnet.h"
#include "util/error.h"

typedef struct ChardevSocket {
    Chardev parent;
    bool server, wait, use_telnet, nodelay;
    uint64_t reconnect_s; /* 0: once only */
    char *path, *host, *port;
    int fd_given; /* fd=, or -1 */
    bool ipv4, ipv6;
    uint64_t port_to;
    int listen_fd; /* -1: not a server */
    bool unlink_path;
    GSource *accept_watch;
    GSource *reconnect_timer;
    Telnet telnet;
} ChardevSocket;

static bool socket_connect(ChardevSocket *s, GError **errp);

static void socket_drop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

/* ---- Names ------------------------------------------------------------- */

static char *socket_address_text(struct sockaddr *addr, socklen_t len)
{
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];

    if (addr->sa_family == AF_UNIX) {
        struct sockaddr_un *un = (struct sockaddr_un *)addr;
        bool named = len > offsetof(struct sockaddr_un, sun_path);

        return g_strdup_printf("unix:%s", named ? un->sun_path : "");
    }
    if (getnameinfo(addr, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV)) {
        return g_strdup("tcp:?");
    }
    return g_strdup_printf(strchr(host, ':') ? "tcp:[%s]:%s" : "tcp:%s:%s",
                           host, port);
}

static char *socket_text(int fd,
                         int (*name)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_storage addr = {};
    socklen_t len = sizeof(addr) - 1;

    if (name(fd, (struct sockaddr *)&addr, &len)) {
        return g_strdup("?");
    }
    return socket_address_text((struct sockaddr *)&addr, len);
}

/* "disconnected:unix:/tmp/s,server=on" as info chardev shows it. */
static void socket_name_disconnected(ChardevSocket *s)
{
    g_autofree char *where =
        s->listen_fd >= 0 ? socket_text(s->listen_fd, getsockname)
        : s->path         ? g_strdup_printf("unix:%s", s->path)
                          : g_strdup_printf("tcp:%s:%s", s->host, s->port);

    chardev_set_filename(&s->parent,
                         g_strdup_printf("disconnected:%s%s", where,
                                         s->server ? ",server=on" : ""));
}

static void socket_name_connected(ChardevSocket *s, int fd)
{
    g_autofree char *local = socket_text(fd, getsockname);
    g_autofree char *peer = socket_text(fd, getpeername);
    const char *colon = strchr(peer, ':');

    chardev_set_filename(&s->parent,
                         g_strdup_printf("%s%s <-> %s", local,
                                         s->server ? ",server=on" : "",
                                         colon ? colon + 1 : peer));
}

/* ---- Connections ------------------------------------------------------- */

static void socket_connected(ChardevSocket *s, int fd)
{
    int one = 1;

    if (s->nodelay) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    socket_name_connected(s, fd);
    s->telnet = (Telnet){};
    if (s->use_telnet) {
        /* A fresh socket's buffer takes twelve bytes. */
        send(fd, telnet_hello, sizeof(telnet_hello),
             MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    chardev_stream_start(&s->parent, fd, fd);
}

static gboolean socket_accept(int fd, GIOCondition cond, gpointer opaque)
{
    ChardevSocket *s = opaque;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    if (peer < 0) {
        return G_SOURCE_CONTINUE;
    }
    socket_drop_source(&s->accept_watch); /* one peer at a time */
    socket_connected(s, peer);
    return G_SOURCE_REMOVE;
}

static void socket_listen_again(ChardevSocket *s)
{
    socket_drop_source(&s->accept_watch);
    s->accept_watch = g_unix_fd_source_new(s->listen_fd, G_IO_IN);
    g_source_set_callback(s->accept_watch, G_SOURCE_FUNC(socket_accept), s,
                          NULL);
    g_source_attach(s->accept_watch, NULL);
}

static gboolean socket_reconnect(gpointer opaque)
{
    ChardevSocket *s = opaque;

    if (!socket_connect(s, NULL)) {
        return G_SOURCE_CONTINUE;
    }
    socket_drop_source(&s->reconnect_timer);
    return G_SOURCE_REMOVE;
}

static void socket_reconnect_later(ChardevSocket *s)
{
    socket_drop_source(&s->reconnect_timer);
    s->reconnect_timer = g_timeout_source_new_seconds(s->reconnect_s);
    g_source_set_callback(s->reconnect_timer, socket_reconnect, s, NULL);
    g_source_attach(s->reconnect_timer, NULL);
}

static void socket_hangup(Chardev *chr)
{
    ChardevSocket *s = (ChardevSocket *)chr;

    socket_name_disconnected(s);
    if (s->listen_fd >= 0) {
        socket_listen_again(s);
    } else if (s->reconnect_s) {
        socket_reconnect_later(s);
    }
}

/* ---- Opening ----------------------------------------------------------- */

static bool socket_unix_address(const char *path, struct sockaddr_un *addr,
                                GError **errp)
{
    *addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(addr->sun_path)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "path '%s' is longer than %zu bytes", path,
                        sizeof(addr->sun_path) - 1);
    }
    g_strlcpy(addr->sun_path, path, sizeof(addr->sun_path));
    return true;
}

/* A socket file that nobody answers is left over from a dead process. */
static void socket_unlink_stale(const struct sockaddr_un *addr)
{
    struct stat st;
    int fd;

    if (lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode)) {
        return;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 &&
        errno == ECONNREFUSED) {
        unlink(addr->sun_path);
    }
    close(fd);
}

static bool socket_open_unix(ChardevSocket *s, int *fd, GError **errp)
{
    struct sockaddr_un addr;
    int ret;

    if (!socket_unix_address(s->path, &addr, errp)) {
        return false;
    }
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        return emu_fail_errno(errp, errno, "cannot create a socket");
    }
    if (s->server) {
        socket_unlink_stale(&addr);
        ret = bind(*fd, (struct sockaddr *)&addr, sizeof(addr));
        s->unlink_path = ret == 0;
        ret = ret ? ret : listen(*fd, 1);
    } else {
        ret = connect(*fd, (struct sockaddr *)&addr, sizeof(addr));
    }
    if (ret) {
        emu_fail_errno(errp, errno, "cannot %s socket '%s'",
                       s->server ? "listen on" : "connect to", s->path);
        close(*fd);
        return false;
    }
    return true;
}

static int socket_try_address(ChardevSocket *s, const struct addrinfo *ai)
{
    int one = 1;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int saved;
    bool ok;

    if (fd < 0) {
        return -1;
    }
    if (s->server) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        ok = !bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, 1);
    } else {
        ok = !connect(fd, ai->ai_addr, ai->ai_addrlen);
    }
    if (ok) {
        return fd;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool socket_open_tcp_port(ChardevSocket *s, const char *port, int *fd,
                                 GError **errp)
{
    struct addrinfo hints = {
        .ai_family = s->ipv4 == s->ipv6 ? AF_UNSPEC
                     : s->ipv4          ? AF_INET
                                        : AF_INET6,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = s->server ? AI_PASSIVE : 0,
    };
    struct addrinfo *list = NULL;
    const char *host = *s->host ? s->host : NULL;

    /* getaddrinfo() takes it modulo 65536. */
    if (g_ascii_strtoull(port, NULL, 10) > UINT16_MAX) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "port '%s' is larger than 65535", port);
    }
    int err = getaddrinfo(host, port, &hints, &list);

    if (err) {
        return emu_fail(errp, EMU_ERROR_IO, "address '%s:%s': %s", s->host,
                        port, gai_strerror(err));
    }
    *fd = -1;
    for (struct addrinfo *ai = list; ai && *fd < 0; ai = ai->ai_next) {
        *fd = socket_try_address(s, ai);
    }
    err = errno;
    freeaddrinfo(list);
    if (*fd < 0) {
        return emu_fail_errno(errp, err, "cannot %s '%s:%s'",
                              s->server ? "listen on" : "connect to", s->host,
                              port);
    }
    return true;
}

/* to=: the first free port from port= up to there. */
static bool socket_open_tcp(ChardevSocket *s, int *fd, GError **errp)
{
    uint64_t port = g_ascii_strtoull(s->port, NULL, 10);

    while (s->server && port < s->port_to) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, port++);

        if (socket_open_tcp_port(s, text, fd, NULL)) {
            return true;
        }
    }
    if (s->port_to) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, port);

        return socket_open_tcp_port(s, text, fd, errp);
    }
    return socket_open_tcp_port(s, s->port, fd, errp);
}

static bool socket_open_fd(ChardevSocket *s, int *fd, GError **errp)
{
    if (s->fd_given >= 0) {
        *fd = s->fd_given;
        return true;
    }
    if (s->path) {
        return socket_open_unix(s, fd, errp);
    }
    return socket_open_tcp(s, fd, errp);
}

static bool socket_connect(ChardevSocket *s, GError **errp)
{
    int fd;

    if (!socket_open_fd(s, &fd, errp)) {
        return false;
    }
    socket_connected(s, fd);
    return true;
}

static bool socket_listen(ChardevSocket *s, GError **errp)
{
    int peer;

    if (!socket_open_fd(s, &s->listen_fd, errp)) {
        s->listen_fd = -1;
        return false;
    }
    socket_name_disconnected(s);
    if (!s->wait) {
        socket_listen_again(s);
        return true;
    }
    g_printerr("emu: waiting for connection on: %s\n",
               chardev_filename(&s->parent));
    do {
        peer = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    } while (peer < 0 && errno == EINTR);
    if (peer < 0) {
        return emu_fail_errno(errp, errno, "cannot accept a connection");
    }
    socket_connected(s, peer);
    return true;
}

static bool socket_parse(ChardevSocket *s, const KeyVal *opts, GError **errp)
{
    bool delay = true;
    bool websocket = false;
    uint64_t fd = 0;

    s->path = g_strdup(keyval_get(opts, "path"));
    s->host = g_strdup(keyval_get(opts, "host"));
    s->port = g_strdup(keyval_get(opts, "port"));
    s->wait = true;
    if (!keyval_get_bool(opts, "server", &s->server, errp) ||
        !keyval_get_bool(opts, "wait", &s->wait, errp) ||
        !keyval_get_bool(opts, "telnet", &s->use_telnet, errp) ||
        !keyval_get_bool(opts, "websocket", &websocket, errp) ||
        !keyval_get_bool(opts, "delay", &delay, errp) ||
        !keyval_get_bool(opts, "nodelay", &s->nodelay, errp) ||
        !keyval_get_bool(opts, "ipv4", &s->ipv4, errp) ||
        !keyval_get_bool(opts, "ipv6", &s->ipv6, errp) ||
        !keyval_get_uint(opts, "to", 65535, &s->port_to, errp) ||
        !keyval_get_uint(opts, "reconnect", 86400, &s->reconnect_s, errp) ||
        !keyval_get_uint(opts, "fd", 65535, &fd, errp)) {
        return false;
    }
    s->nodelay = s->nodelay || !delay;
    s->fd_given = keyval_has(opts, "fd") ? (int)fd : -1;
    if (websocket || keyval_has(opts, "tls-creds")) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "websocket= and tls-creds= are not implemented yet");
    }
    return true;
}

static bool socket_check(ChardevSocket *s, const KeyVal *opts, GError **errp)
{
    if (!s->path + !s->port + (s->fd_given < 0) != 2) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "exactly one of path=, port= and fd= is needed");
    }
    if (s->port && !s->host) {
        s->host = g_strdup(s->server ? "" : "localhost");
    }
    if (s->server && s->reconnect_s) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "reconnect= is for clients, not with server=on");
    }
    if (!s->server && keyval_has(opts, "wait")) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "wait= is for servers: server=on is missing");
    }
    return true;
}

static bool socket_open(Chardev *chr, const KeyVal *opts, GError **errp)
{
    ChardevSocket *s = (ChardevSocket *)chr;

    s->listen_fd = -1;
    if (!socket_parse(s, opts, errp) || !socket_check(s, opts, errp)) {
        return false;
    }
    if (s->server) {
        return socket_listen(s, errp);
    }
    if (s->reconnect_s && !socket_connect(s, NULL)) {
        socket_name_disconnected(s);
        socket_reconnect_later(s);
        return true;
    }
    return s->reconnect_s || socket_connect(s, errp);
}

static void socket_close(Chardev *chr)
{
    ChardevSocket *s = (ChardevSocket *)chr;

    chardev_stream_flush(chr);
    socket_drop_source(&s->accept_watch);
    socket_drop_source(&s->reconnect_timer);
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
    }
    if (s->unlink_path) {
        unlink(s->path);
    }
    g_free(s->path);
    g_free(s->host);
    g_free(s->port);
}

static size_t socket_filter_in(Chardev *chr, uint8_t *buf, size_t len)
{
    ChardevSocket *s = (ChardevSocket *)chr;

    if (!s->use_telnet) {
        return len;
    }
    len = telnet_decode(&s->telnet, buf, len);
    if (s->telnet.got_break) {
        s->telnet.got_break = false;
        chardev_send_event(chr, CHARDEV_BREAK);
    }
    return len;
}

static void socket_filter_out(Chardev *chr, const uint8_t *buf, size_t len,
                              GByteArray *out)
{
    if (((ChardevSocket *)chr)->use_telnet) {
        telnet_encode(buf, len, out);
    } else {
        g_byte_array_append(out, buf, len);
    }
}

static const KeyValKey socket_keys[] = {
    { "path", "PATH", "Unix socket" },
    { "host", "HOST", "TCP: address to listen on or connect to" },
    { "port", "PORT", "TCP: port" },
    { "to", "PORT", "TCP server: try ports up to this one" },
    { "ipv4", "on|off", "TCP: IPv4 only" },
    { "ipv6", "on|off", "TCP: IPv6 only" },
    { "fd", "NUMBER", "a socket that was inherited" },
    { "server", "on|off", "listen instead of connecting (off)" },
    { "wait", "on|off", "server: start only when a peer is there (on)" },
    { "telnet", "on|off", "speak telnet (off)" },
    { "websocket", "on|off", "not implemented yet" },
    { "tls-creds", "ID", "not implemented yet" },
    { "delay", "on|off", "off: TCP_NODELAY" },
    { "nodelay", "on|off", "the same the other way round" },
    { "reconnect", "SECONDS", "client: try again when the peer goes (0)" },
    {},
};

const ChardevClass chardev_socket_class = {
    .name = "socket",
    .summary = "Unix or TCP socket, telnet",
    .size = sizeof(ChardevSocket),
    .keys = socket_keys,
    .open = socket_open,
    .close = socket_close,
    .filter_in = socket_filter_in,
    .filter_out = socket_filter_out,
    .hangup = socket_hangup,
};
