/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices from outside: a peer on a socket, file or pty, a user
 * with limited room. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "chardev/telnet.h"

typedef struct TestUser {
    GString *in;
    size_t room;
    unsigned opened, closed, breaks, mux_in, mux_out;
    unsigned writable;
} TestUser;

static size_t user_can_read(void *opaque)
{
    return ((TestUser *)opaque)->room;
}

static void user_read(void *opaque, const uint8_t *buf, size_t len)
{
    TestUser *u = opaque;

    g_assert_cmpuint(len, <=, u->room);
    u->room -= len;
    g_string_append_len(u->in, (const char *)buf, len);
}

static void user_event(void *opaque, ChardevEvent event)
{
    TestUser *u = opaque;

    u->opened += event == CHARDEV_OPENED;
    u->closed += event == CHARDEV_CLOSED;
    u->breaks += event == CHARDEV_BREAK;
    u->mux_in += event == CHARDEV_MUX_IN;
    u->mux_out += event == CHARDEV_MUX_OUT;
}

static void user_writable(void *opaque)
{
    ((TestUser *)opaque)->writable++;
}

static const ChardevUser test_user = {
    .can_read = user_can_read,
    .read = user_read,
    .event = user_event,
};

static void user_init(TestUser *u, size_t room)
{
    *u = (TestUser){ .in = g_string_new(NULL), .room = room };
}

static void user_clear(TestUser *u)
{
    g_string_free(u->in, TRUE);
}

/* Run the main loop until *done >= want, or fail after two seconds. */
static void run_until(const unsigned *done, unsigned want)
{
    int64_t end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;

    while (*done < want) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(1000);
        }
    }
}

static void run_until_input(TestUser *u, const char *want)
{
    int64_t end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;

    while (strcmp(u->in->str, want)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(1000);
        }
    }
}

static void run_a_little(void)
{
    for (unsigned i = 0; i < 20; i++) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
}

static void assert_reads(int fd, const char *want)
{
    char buf[256];
    size_t have = 0;
    int64_t end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;

    while (have < strlen(want)) {
        ssize_t n = recv(fd, buf + have, strlen(want) - have, MSG_DONTWAIT);

        g_assert_cmpint(g_get_monotonic_time(), <, end);
        have += MAX(n, 0);
        g_main_context_iteration(NULL, FALSE);
    }
    buf[have] = '\0';
    g_assert_cmpstr(buf, ==, want);
}

/* ---- Bad options ------------------------------------------------------- */

typedef struct BadOption {
    const char *text;
    const char *message; /* part of it */
} BadOption;

static const BadOption bad_options[] = {
    { "sockt,id=a", "did you mean 'socket'?" },
    { "socket,id=a,pth=/x", "did you mean 'path'?" },
    { "socket,path=/x", "id= is missing" },
    { "socket,id=a", "exactly one of" },
    { "socket,id=a,path=/x,port=1", "exactly one of" },
    { "socket,id=a,path=/x,server=maybe", "'maybe'" },
    { "socket,id=a,path=/x,wait=off", "server=on is missing" },
    { "socket,id=a,path=/x,server,reconnect=1", "reconnect=" },
    { "socket,id=a,path=/nonexistent/x", "/nonexistent/x" },
    { "socket,id=a,port=1,tls-creds=t,server", "not implemented" },
    { "file,id=a", "path= is missing" },
    { "file,id=a,path=/nonexistent/f", "No such file" },
    { "ringbuf,id=a,size=3000", "power of two" },
    { "ringbuf,id=a,size=0", "power of two" },
    { "null,id=a,mux=perhaps", "'perhaps'" },
    { "pipe,id=a,path=/nonexistent/p", "/nonexistent/p" },
    { "serial,id=a", "path= is missing" },
};

static void test_bad_options(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(bad_options); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(chardev_new_options(bad_options[i].text, &err));
        g_assert_nonnull(err);
        if (!strstr(err->message, bad_options[i].message)) {
            g_test_message("%s: %s", bad_options[i].text, err->message);
            g_test_fail();
        }
    }
}

static void test_bad_shorthand(void)
{
    static const char *const bad[] = { "stdoi", "tcp:localhost",
                                       "tcp::", "file:", "unix:" };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(chardev_new_shorthand("a", bad[i], &err));
        g_assert_nonnull(err);
    }
}

/* ---- Back ends --------------------------------------------------------- */

static void test_null(void)
{
    Chardev *chr = chardev_new_shorthand("n", "null", NULL);

    g_assert_cmpuint(chardev_write(chr, "abc", 3, NULL, NULL), ==, 3);
    g_assert_cmpuint(chardev_write(NULL, "abc", 3, NULL, NULL), ==, 3);
    g_assert_cmpstr(chardev_id(chr), ==, "n");
    g_assert_false(chardev_connected(NULL));
    chardev_free(chr);
}

static void test_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("emu-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "a,b", NULL);
    g_autofree char *text = g_strdup_printf("file:%s/a,,b", dir);
    g_autofree char *more =
        g_strdup_printf("file,id=f,path=%s/a,,b,append=on", dir);
    g_autofree char *content = NULL;
    Chardev *chr = chardev_new_shorthand("f", text, NULL);

    g_assert_cmpuint(chardev_write(chr, "one", 3, NULL, NULL), ==, 3);
    chardev_free(chr);
    chr = chardev_new_options(more, NULL);
    chardev_write(chr, "two", 3, NULL, NULL);
    chardev_free(chr);
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "onetwo");
    g_unlink(path);
    g_rmdir(dir);
}

/* The end of the input file leaves the output open. */
static void test_file_input(void)
{
    g_autofree char *dir = g_dir_make_tmp("emu-XXXXXX", NULL);
    g_autofree char *in = g_build_filename(dir, "in", NULL);
    g_autofree char *out = g_build_filename(dir, "out", NULL);
    g_autofree char *text =
        g_strdup_printf("file,id=f,path=%s,input-path=%s", out, in);
    g_autofree char *content = NULL;
    Chardev *chr;
    TestUser u;

    g_assert_true(g_file_set_contents(in, "input", -1, NULL));
    chr = chardev_new_options(text, NULL);
    user_init(&u, 100);
    chardev_attach(chr, &test_user, &u, NULL);
    run_until_input(&u, "input");
    run_a_little();
    g_assert_cmpuint(u.closed, ==, 0);
    chardev_accept_input(chr);
    chardev_write(chr, "output", 6, NULL, NULL);
    chardev_free(chr);
    g_assert_true(g_file_get_contents(out, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "output");
    g_unlink(in);
    g_unlink(out);
    g_rmdir(dir);
    user_clear(&u);
}

static void test_ringbuf(void)
{
    Chardev *chr = chardev_new_options("ringbuf,id=r,size=8", NULL);
    char buf[16];
    size_t got;

    chardev_write(chr, "0123456789", 10, NULL, NULL);
    g_assert_true(chardev_ringbuf_read(chr, buf, 3, &got, NULL));
    g_assert_cmpmem(buf, got, "234", 3);
    g_assert_true(chardev_ringbuf_read(chr, buf, sizeof(buf), &got, NULL));
    g_assert_cmpmem(buf, got, "56789", 5);
    g_assert_true(chardev_ringbuf_read(chr, buf, sizeof(buf), &got, NULL));
    g_assert_cmpuint(got, ==, 0);
    g_assert_false(chardev_ringbuf_read(NULL, buf, 1, &got, NULL));
    chardev_free(chr);
}

/* A server and a client of ours talk; then the client goes and another one
 * comes. */
static void test_unix(void)
{
    g_autofree char *dir = g_dir_make_tmp("emu-XXXXXX", NULL);
    g_autofree char *server =
        g_strdup_printf("unix:%s/s,server=on,wait=off", dir);
    g_autofree char *client = g_strdup_printf("socket,id=c,path=%s/s", dir);
    Chardev *s = chardev_new_shorthand("s", server, NULL);
    TestUser su, cu;
    Chardev *c;

    user_init(&su, 1000);
    user_init(&cu, 1000);
    g_assert_true(chardev_attach(s, &test_user, &su, NULL));
    g_assert_false(chardev_attach(s, &test_user, &cu, NULL));
    g_assert_false(chardev_connected(s));
    g_assert_nonnull(strstr(chardev_filename(s), "disconnected:unix:"));
    g_assert_cmpuint(chardev_write(s, "lost", 4, NULL, NULL), ==, 4);
    for (unsigned round = 1; round <= 2; round++) {
        c = chardev_new_options(client, NULL);
        g_assert_true(chardev_attach(c, &test_user, &cu, NULL));
        run_until(&su.opened, round);
        g_string_truncate(su.in, 0);
        g_string_truncate(cu.in, 0);
        chardev_write(c, "to server", 9, NULL, NULL);
        chardev_write(s, "to client", 9, NULL, NULL);
        run_until_input(&su, "to server");
        run_until_input(&cu, "to client");
        chardev_detach(c, &cu);
        chardev_free(c);
        run_until(&su.closed, round);
    }
    chardev_free(s);
    g_assert_cmpint(g_rmdir(dir), ==, 0); /* the socket file is gone */
    user_clear(&su);
    user_clear(&cu);
}

static Chardev *socketpair_chardev(const char *extra, int *peer)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    *peer = fds[1];
    g_autofree char *text =
        g_strdup_printf("socket,id=x,fd=%d%s", fds[0], extra);
    return chardev_new_options(text, NULL);
}

/* A user without room stops the peer; nothing is lost, also not when the
 * peer has gone meanwhile. */
static void test_flow_control(void)
{
    int peer;
    Chardev *chr = socketpair_chardev("", &peer);
    TestUser u;

    user_init(&u, 2);
    chardev_attach(chr, &test_user, &u, NULL);
    g_assert_cmpuint(u.opened, ==, 1);
    g_assert_cmpint(write(peer, "abcdef", 6), ==, 6);
    run_until_input(&u, "ab");
    run_a_little();
    close(peer);
    run_a_little();
    g_assert_cmpuint(u.closed, ==, 0);
    u.room = 100;
    chardev_accept_input(chr);
    run_until_input(&u, "abcdef");
    run_until(&u.closed, 1);
    chardev_free(chr);
    user_clear(&u);
}

/* A peer that does not read fills the queue; then it reads, and the writer
 * hears of it once. */
static void test_slow_peer(void)
{
    static char block[256 * 1024];
    int peer;
    Chardev *chr = socketpair_chardev("", &peer);
    TestUser u;
    size_t taken = 0;
    size_t got = 0;
    size_t n;

    user_init(&u, 0);
    chardev_attach(chr, &test_user, &u, NULL);
    do {
        n = chardev_write(chr, block, sizeof(block), user_writable, &u);
        taken += n;
        g_assert_cmpuint(taken, <, 16 * sizeof(block));
    } while (n == sizeof(block));
    run_a_little();
    g_assert_cmpuint(u.writable, ==, 0);
    while (got < taken) {
        ssize_t r = recv(peer, block, sizeof(block), MSG_DONTWAIT);

        got += MAX(r, 0);
        g_main_context_iteration(NULL, FALSE);
    }
    run_until(&u.writable, 1);
    run_a_little();
    g_assert_cmpuint(u.writable, ==, 1);
    g_assert_cmpuint(got, ==, taken);
    close(peer);
    chardev_free(chr);
    user_clear(&u);
}

static void test_pty(void)
{
    Chardev *chr = chardev_new_shorthand("p", "pty", NULL);
    const char *name = chardev_filename(chr);
    TestUser u;
    char buf[8] = "";

    user_init(&u, 100);
    chardev_attach(chr, &test_user, &u, NULL);
    g_assert_true(g_str_has_prefix(name, "pty:/dev/pts/"));
    g_assert_cmpuint(u.opened, ==, 0);
    for (unsigned round = 1; round <= 2; round++) {
        int fd = open(name + 4, O_RDWR | O_NOCTTY);

        run_until(&u.opened, round);
        chardev_write(chr, "hello", 5, NULL, NULL);
        g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 5);
        g_assert_cmpmem(buf, 5, "hello", 5);
        g_string_truncate(u.in, 0);
        g_assert_cmpint(write(fd, "x\ry", 3), ==, 3);
        run_until_input(&u, "x\ry");
        close(fd);
        run_until(&u.closed, round);
    }
    chardev_free(chr);
    user_clear(&u);
}

static void test_log_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("emu-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    g_autofree char *text = g_strdup_printf("null,id=l,logfile=%s", path);
    g_autofree char *content = NULL;
    Chardev *chr = chardev_new_options(text, NULL);

    chardev_write(chr, "copied", 6, NULL, NULL);
    chardev_free(chr);
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "copied");
    g_unlink(path);
    g_rmdir(dir);
}

/* ---- Mux --------------------------------------------------------------- */

static void count_quit(void *opaque)
{
    ++*(unsigned *)opaque;
}

static void test_mux(void)
{
    unsigned quits = 0;
    ChardevMuxOps ops = { .quit = count_quit, .opaque = &quits };
    int peer;
    Chardev *chr = socketpair_chardev(",mux=on", &peer);
    TestUser a, b;

    user_init(&a, 100);
    user_init(&b, 100);
    g_assert_true(chardev_is_mux(chr));
    g_assert_cmpstr(chardev_filename(chr), ==, "mux");
    g_assert_cmpstr(chardev_id(chr), ==, "x");
    chardev_set_mux_ops(chr, &ops);
    g_assert_true(chardev_attach(chr, &test_user, &a, NULL));
    g_assert_true(chardev_attach(chr, &test_user, &b, NULL));
    g_assert_cmpuint(a.opened + b.opened, ==, 2);
    g_assert_cmpuint(a.mux_in, ==, 1);
    g_assert_cmpuint(b.mux_in, ==, 0);

    g_assert_cmpint(write(peer, "one\001ctwo\001\001\001b", 12), ==, 12);
    run_until_input(&b, "two\001");
    g_assert_cmpstr(a.in->str, ==, "one");
    run_until(&b.breaks, 1);
    g_assert_cmpuint(a.mux_out, ==, 1);
    g_assert_cmpuint(b.mux_in, ==, 1);

    chardev_write(chr, "from a", 6, NULL, NULL);
    assert_reads(peer, "from a");
    g_assert_cmpint(write(peer, "\001h", 2), ==, 2);
    assert_reads(peer, "\r\nC-a h    print this help\r\n");
    g_assert_cmpint(write(peer, "\001x", 2), ==, 2);
    run_until(&quits, 1);

    chardev_detach(chr, &b); /* the focus goes back to a */
    g_assert_cmpuint(a.mux_in, ==, 2);
    g_assert_cmpint(write(peer, "!", 1), ==, 1);
    run_until_input(&a, "one!");
    chardev_detach(chr, &a);
    g_assert_cmpint(write(peer, "\001x", 2), ==, 2);
    run_until(&quits, 2);
    close(peer);
    chardev_free(chr);
    user_clear(&a);
    user_clear(&b);
}

/* A guest that does not read: what is typed waits, escapes still work. */
static void test_mux_full(void)
{
    unsigned quits = 0;
    ChardevMuxOps ops = { .quit = count_quit, .opaque = &quits };
    int peer;
    Chardev *chr = socketpair_chardev(",mux=on", &peer);
    TestUser u;

    user_init(&u, 0);
    chardev_set_mux_ops(chr, &ops);
    chardev_attach(chr, &test_user, &u, NULL);
    g_assert_cmpint(write(peer, "typed\001x", 7), ==, 7);
    run_until(&quits, 1);
    g_assert_cmpstr(u.in->str, ==, "");
    u.room = 2;
    chardev_accept_input(chr);
    run_until_input(&u, "ty");
    u.room = 100;
    chardev_accept_input(chr);
    run_until_input(&u, "typed");
    close(peer);
    chardev_free(chr);
    user_clear(&u);
}

/* ---- Telnet ------------------------------------------------------------ */

static void test_telnet_decode(void)
{
    uint8_t in[] = { 'a', 255, 253, 1,   'b', 255, 255, 'c', '\r', 0,   'd',
                     255, 250, 'x', 255, 255, 255, 240, 'e', 255,  243, 'f' };
    Telnet whole = {};
    Telnet bytewise = {};
    GString *out = g_string_new(NULL);
    uint8_t copy[sizeof(in)];
    size_t len;

    memcpy(copy, in, sizeof(in));
    len = telnet_decode(&whole, copy, sizeof(copy));
    g_assert_cmpmem(copy, len, "ab\377c\rdef", 8);
    g_assert_true(whole.got_break);
    for (unsigned i = 0; i < sizeof(in); i++) {
        uint8_t c = in[i];

        if (telnet_decode(&bytewise, &c, 1)) {
            g_string_append_c(out, c);
        }
    }
    g_assert_cmpmem(out->str, out->len, "ab\377c\rdef", 8);
    g_string_free(out, TRUE);
}

static void test_telnet_socket(void)
{
    int peer;
    Chardev *chr = socketpair_chardev(",telnet=on", &peer);
    TestUser u;

    user_init(&u, 100);
    chardev_attach(chr, &test_user, &u, NULL);
    assert_reads(peer, "\377\373\001\377\373\003\377\373");
    g_assert_cmpint(write(peer, "\377\363hi", 4), ==, 4);
    run_until_input(&u, "hi");
    g_assert_cmpuint(u.breaks, ==, 1);
    close(peer);
    chardev_free(chr);
    user_clear(&u);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/bad-options", test_bad_options);
    g_test_add_func("/chardev/bad-shorthand", test_bad_shorthand);
    g_test_add_func("/chardev/null", test_null);
    g_test_add_func("/chardev/file", test_file);
    g_test_add_func("/chardev/file-input", test_file_input);
    g_test_add_func("/chardev/ringbuf", test_ringbuf);
    g_test_add_func("/chardev/unix", test_unix);
    g_test_add_func("/chardev/flow-control", test_flow_control);
    g_test_add_func("/chardev/slow-peer", test_slow_peer);
    g_test_add_func("/chardev/pty", test_pty);
    g_test_add_func("/chardev/log-file", test_log_file);
    g_test_add_func("/chardev/mux", test_mux);
    g_test_add_func("/chardev/mux-full", test_mux_full);
    g_test_add_func("/chardev/telnet-decode", test_telnet_decode);
    g_test_add_func("/chardev/telnet-socket", test_telnet_socket);
    return g_test_run();
}
