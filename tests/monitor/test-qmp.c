/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests and their responses on the empty board, and a session over a
 * socket with a peer that does not behave. */
#include "monitor/qmp.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <urcu.h>

#include "tests/monitor/start.h"

/* ---- Requests ------------------------------------------------------------ */

typedef struct Case {
    const char *request, *response; /* a part of it */
} Case;

static char *ask(Machine *m, QmpPeer *peer, const char *request)
{
    JsonNode *in = json_from_string(request, NULL);

    g_assert_nonnull(in);
    JsonNode *out = qmp_execute(m, peer, in);
    char *text = json_to_string(out, FALSE);

    json_node_unref(in);
    json_node_unref(out);
    return text;
}

static void check(Machine *m, QmpPeer *peer, const Case *c)
{
    g_autofree char *text = ask(m, peer, c->request);

    if (!strstr(text, c->response)) {
        g_test_message("%s: %s, without %s", c->request, text, c->response);
        g_test_fail();
    }
}

#define GENERIC "{\"error\":{\"class\":\"GenericError\",\"desc\":\""
#define NOT_FOUND "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\""

static const Case before[] = {
    { "{\"execute\": \"query-status\", \"id\": 7}",
      NOT_FOUND "Expecting capabilities negotiation with "
                "'qmp_capabilities'\"},\"id\":7}" },
    { "{\"execute\": \"nosuch\"}", NOT_FOUND "Expecting" },
    { "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": "
      "[\"oob\"]}}",
      GENERIC "there is no QMP capability 'oob'" },
    { "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": "
      "[[]]}}",
      GENERIC },
    { "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": "
      "3}}",
      GENERIC "Invalid parameter type for 'enable', expected: array" },
    { "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": "
      "[]}, \"id\": {\"a\": [1]}}",
      "{\"return\":{},\"id\":{\"a\":[1]}}" },
};

static const Case after[] = {
    { "{\"execute\": \"qmp_capabilities\"}",
      NOT_FOUND "Capabilities negotiation is already complete" },
    { "[]", GENERIC "QMP input must be a JSON object\"}}" },
    { "{}", GENERIC "QMP input lacks member 'execute'" },
    { "{\"id\": 1}", "'execute'\"},\"id\":1}" },
    { "{\"execute\": 3}", GENERIC "QMP input member 'execute' must be a s" },
    { "{\"execute\": null}", GENERIC },
    { "{\"execute\": \"stop\", \"arguments\": []}",
      GENERIC "QMP input member 'arguments' must be an object" },
    { "{\"execute\": \"stop\", \"extra\": 1}",
      GENERIC "QMP input member 'extra' is unexpected" },
    { "{\"exec-oob\": \"stop\"}",
      GENERIC "QMP input member 'exec-oob' is unexpected" },
    { "{\"execute\": \"nosuch\", \"id\": \"x\"}",
      NOT_FOUND "The command nosuch has not been found\"},\"id\":\"x\"}" },
    { "{\"execute\": \"stop\", \"arguments\": {}}", "{\"return\":{}}" },
    { "{\"execute\": \"stop\", \"arguments\": {\"x\": 1}}",
      GENERIC "Parameter 'x' is unexpected" },
    { "{\"execute\": \"human-monitor-command\"}",
      GENERIC "Parameter 'command-line' is missing" },
    { "{\"execute\": \"human-monitor-command\", \"arguments\": "
      "{\"command-line\": 3}}",
      GENERIC "Invalid parameter type for 'command-line', expected: string" },
    { "{\"execute\": \"human-monitor-command\", \"arguments\": "
      "{\"command-line\": \"info name\", \"cpu-index\": 1.5}}",
      GENERIC "Invalid parameter type for 'cpu-index', expected: integer" },
    { "{\"execute\": \"human-monitor-command\", \"arguments\": "
      "{\"command-line\": \"info name\", \"cpu-index\": 0}}",
      GENERIC "Parameter 'cpu-index' expects a CPU number" },
    { "{\"execute\": \"human-monitor-command\", \"arguments\": "
      "{\"command-line\": \"info name\"}}",
      "{\"return\":\"box\\r\\n\"}" },
    { "{\"execute\": \"human-monitor-command\", \"arguments\": "
      "{\"command-line\": \"nosuch\"}}",
      "{\"return\":\"unknown command: 'nosuch'" },
    { "{\"execute\": \"query-version\"}",
      "{\"return\":{\"qemu\":{\"micro\":0,\"minor\":2,\"major\":7}" },
    { "{\"execute\": \"query-name\"}", "{\"return\":{\"name\":\"box\"}}" },
    { "{\"execute\": \"query-uuid\"}",
      "{\"return\":{\"UUID\":\"12345678-9abc-def0-1234-56789abcdef0\"}}" },
    { "{\"execute\": \"query-status\"}",
      "{\"return\":{\"status\":\"prelaunch\",\"singlestep\":false,"
      "\"running\":false}}" },
    { "{\"execute\": \"query-kvm\"}", "\"enabled\":false" },
    { "{\"execute\": \"query-target\"}", "\"arch\":\"x86_64\"" },
    { "{\"execute\": \"query-commands\"}",
      "[{\"name\":\"qmp_capabilities\"},{\"name\":\"query-version\"}" },
    { "{\"execute\": \"query-machines\"}",
      "{\"name\":\"pc-i440fx-7.2\",\"alias\":\"pc\",\"is-default\":true" },
    { "{\"execute\": \"query-chardev\"}",
      "{\"return\":[{\"frontend-open\":false,\"filename\":\"ringbuf\","
      "\"label\":\"ring\"}]}" },
    { "{\"execute\": \"query-cpus-fast\"}", "{\"return\":[]}" },
    { "{\"execute\": \"query-cpu-definitions\"}",
      "{\"name\":\"host\",\"typename\":\"host-x86_64-cpu\","
      "\"unavailable-features\":[\"kvm\"" },
    { "{\"execute\": \"query-cpu-definitions\"}",
      "{\"name\":\"base\",\"typename\":\"base-x86_64-cpu\","
      "\"unavailable-features\":[],\"static\":true,"
      "\"migration-safe\":true,\"deprecated\":false}" },
    { "{\"execute\": \"query-cpu-definitions\"}", /* what we do not do */
      "\"Haswell-x86_64-cpu\",\"unavailable-features\":[\"hle\",\"rtm\"]" },
    { "{\"execute\": \"system_powerdown\"}",
      GENERIC "this machine has no power button" },
    { "{\"execute\": \"system_wakeup\"}", GENERIC },
    { "{\"execute\": \"x-accel-switch\", \"arguments\": {\"accel\": "
      "\"tcg\"}}",
      GENERIC "this machine has no processor" },
    { "{\"execute\": \"inject-nmi\"}", GENERIC "this machine takes no NMI" },
};

#define EXPAND(type, model)                                                    \
    "{\"execute\": \"query-cpu-model-expansion\", \"arguments\": {"            \
    "\"type\": \"" type "\", \"model\": " model "}}"

static const Case expansions[] = {
    { EXPAND("full", "{\"name\": \"qemu64\", \"props\": {\"avx\": true, "
                     "\"sse3\": false, \"model-id\": \"x\", \"family\": "
                     "7}}"),
      "{\"return\":{\"model\":{\"name\":\"qemu64\",\"props\":{" },
    { EXPAND("full", "{\"name\": \"qemu64\", \"props\": {\"family\": 7}}"),
      "\"family\":7," },
    { EXPAND("full", "{\"name\": \"qemu64\", \"props\": {\"sse3\": "
                     "false}}"),
      "\"sse3\":false" },
    { EXPAND("full", "{\"name\": \"qemu64\"}"), "\"sse3\":true" },
    { EXPAND("static", "{\"name\": \"qemu64\"}"),
      "{\"model\":{\"name\":\"base\",\"props\":" },
    { EXPAND("other", "{\"name\": \"qemu64\"}"),
      GENERIC "Parameter 'type' does not accept value 'other'" },
    { EXPAND("full", "3"),
      GENERIC "Invalid parameter type for 'model', expected: object" },
    { EXPAND("full", "{}"), GENERIC "Parameter 'model.name' is missing" },
    { EXPAND("full", "{\"name\": 1}"),
      GENERIC "Invalid parameter type for 'model.name', expected: string" },
    { EXPAND("full", "{\"name\": \"max,+nosuch\"}"), GENERIC },
    { EXPAND("full", "{\"name\": \"nosuch\"}"), GENERIC },
    { EXPAND("full", "{\"name\": \"max\", \"props\": []}"), GENERIC },
    { EXPAND("full", "{\"name\": \"max\", \"props\": {\"nosuch\": "
                     "true}}"),
      GENERIC },
    { EXPAND("full", "{\"name\": \"max\", \"props\": {\"a,b\": true}}"),
      GENERIC },
    { EXPAND("full", "{\"name\": \"max\", \"props\": {\"avx\": {}}}"),
      GENERIC "Invalid parameter type for 'model.props.avx'" },
};

static void test_requests(void)
{
    Machine *m = machine_start(
        "-machine none -nodefaults -name box -display none "
        "-uuid 12345678-9abc-def0-1234-56789abcdef0 -chardev ringbuf,id=ring");
    QmpPeer peer = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(before); i++) {
        g_assert_false(peer.negotiated);
        check(m, &peer, &before[i]);
    }
    g_assert_true(peer.negotiated);
    for (unsigned i = 0; i < G_N_ELEMENTS(after); i++) {
        check(m, &peer, &after[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(expansions); i++) {
        check(m, &peer, &expansions[i]);
    }
    machine_free(m);
}

/* Any value of any type as any argument of any command. */
static void test_random_arguments(void)
{
    static const char *const values[] = { "null", "true",      "-1",
                                          "1e99", "\"max\"",   "[]",
                                          "{}",   "{\"a\":1}", "\"\"" };
    Machine *m = machine_start("-machine none -nodefaults -display none");
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    QmpPeer peer = { .negotiated = true };

    for (const Command *c = qmp_table; c->name; c++) {
        for (unsigned n = 0; strcmp(c->name, "quit") && n < 50; n++) {
            g_autoptr(GString) text = g_string_new(NULL);

            g_string_printf(text, "{\"execute\":\"%s\",\"arguments\":{",
                            c->name);
            for (const CommandArg *a = c->args; a->name; a++) {
                unsigned v = g_rand_int_range(rand, 0, G_N_ELEMENTS(values));

                g_string_append_printf(text, "%s\"%s\":%s",
                                       a == c->args ? "" : ",", a->name,
                                       values[v]);
            }
            g_string_append(text, "}}");
            g_free(ask(m, &peer, text->str));
        }
    }
    machine_free(m);
}

/* ---- A session ----------------------------------------------------------- */

typedef struct Session {
    Machine *m;
    Qmp *qmp;
    char *path;
    int fd;
    GString *got;
} Session;

static void session_open(Session *s, const char *option)
{
    g_autofree char *dir = g_dir_make_tmp("qmp-XXXXXX", NULL);

    s->path = g_build_filename(dir, "socket", NULL);
    s->got = g_string_new(NULL);
    g_autofree char *line =
        g_strdup_printf("-machine none -nodefaults -display none "
                        "%s unix:%s,server=on,wait=off",
                        option, s->path);

    s->m = machine_start(line);
    const MachineMonitor *place = machine_monitors(s->m)->pdata[0];

    g_assert_cmpint(place->mode, ==, MONITOR_CONTROL);
    s->qmp = qmp_new(s->m, place->chr, place->pretty, NULL);
    g_assert_nonnull(s->qmp);
    s->fd = -1;
}

static void session_connect(Session *s)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    g_strlcpy(addr.sun_path, s->path, sizeof(addr.sun_path));
    if (s->fd >= 0) {
        close(s->fd);
    }
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(s->fd, (struct sockaddr *)&addr, sizeof(addr)), ==,
                    0);
    g_string_truncate(s->got, 0);
}

static void session_close(Session *s)
{
    g_autofree char *dir = g_path_get_dirname(s->path);

    close(s->fd);
    qmp_free(s->qmp);
    machine_free(s->m);
    unlink(s->path);
    rmdir(dir);
    g_free(s->path);
    g_string_free(s->got, TRUE);
}

static void session_pump(Session *s, bool reading)
{
    char buf[4096];
    ssize_t n;

    g_main_context_iteration(NULL, FALSE);
    while (reading && (n = read(s->fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(s->got, buf, n);
    }
}

/* Give what came before the text, which must come. */
static char *session_wait(Session *s, const char *text)
{
    int64_t deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    const char *at;

    while (!(at = strstr(s->got->str, text))) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        session_pump(s, true);
    }
    char *gone = g_strndup(s->got->str, at - s->got->str);

    g_string_erase(s->got, 0, strlen(gone) + strlen(text));
    return gone;
}

static void session_say(Session *s, const char *text)
{
    g_assert_cmpint(write(s->fd, text, strlen(text)), ==, strlen(text));
}

static void session_expect(Session *s, const char *text, const char *answer)
{
    session_say(s, text);
    g_free(session_wait(s, answer));
}

static void session_negotiate(Session *s)
{
    g_free(session_wait(s, "\"capabilities\": []}}\r\n"));
    session_expect(s, "{\"execute\": \"qmp_capabilities\"}\n",
                   "{\"return\": {}}\r\n");
}

static void test_session(void)
{
    Session s;

    session_open(&s, "-qmp");
    session_connect(&s);
    session_negotiate(&s);
    /* In pieces, also of a character; two in a packet; nonsense between. */
    session_say(&s, "{\"execute\": \"nosuch\xc3");
    for (unsigned i = 0; i < 20; i++) {
        session_pump(&s, true);
    }
    session_expect(&s, "\xa4\", \"id\": 1}",
                   "nosuch\xc3\xa4 has not been found");
    session_expect(&s,
                   "{\"execute\": \"query-name\", \"id\": 2}"
                   "{\"execute\": \"query-name\", \"id\": 3}",
                   "{\"return\": {}, \"id\": 2}\r\n{\"return\": {}, "
                   "\"id\": 3}\r\n");
    session_expect(&s, "bad\n{\"execute\": \"query-name\", \"id\": 4}",
                   "\"id\": 4}\r\n");
    session_expect(&s, "{\"execute\": \"\xff\"}\n", "not valid UTF-8");
    session_expect(&s, "{\"execute\": nonsense}\n", "JSON parse error");
    /* Who comes again has agreed to nothing. */
    session_say(&s, "{\"execute\": ");
    session_connect(&s);
    g_free(session_wait(&s, "{\"QMP\": {\"version\": {\"qemu\""));
    session_expect(&s, "{\"execute\": \"stop\"}", "CommandNotFound");
    session_close(&s);
}

static void test_pretty(void)
{
    Session s;

    session_open(&s, "-qmp-pretty");
    session_connect(&s);
    g_free(session_wait(&s, "\n}\r\n"));
    session_expect(&s, "{\"execute\": \"qmp_capabilities\"}",
                   "{\n    \"return\" : {");
    session_close(&s);
}

static void emit(Session *s, const char *name, const char *json)
{
    const DeviceEnv *env = &machine_board(s->m)->env;

    env->event(env->machine, name, json);
    g_main_context_iteration(NULL, FALSE);
}

static void test_events(void)
{
    Session s;

    session_open(&s, "-qmp");
    session_connect(&s);
    session_pump(&s, true);
    emit(&s, "EARLY", NULL); /* before it has agreed to anything */
    session_negotiate(&s);
    emit(&s, "LATE", "{\"a\": 1}");
    g_autofree char *first =
        session_wait(&s, "\"event\": \"LATE\", \"data\": {\"a\": 1}}\r\n");

    g_assert_null(strstr(first, "EARLY"));
    g_assert_nonnull(strstr(first, "{\"timestamp\": {\"seconds\": "));
    g_assert_nonnull(strstr(first, "\"microseconds\": "));
    /* Of many in a second the first and the last. */
    for (unsigned i = 0; i < 100; i++) {
        g_autofree char *json = g_strdup_printf("{\"offset\": %u}", i);

        emit(&s, "RTC_CHANGE", json);
    }
    g_autofree char *text = session_wait(&s, "{\"offset\": 99}}");

    g_assert_nonnull(strstr(text, "{\"offset\": 0}}"));
    g_assert_null(strstr(text, "{\"offset\": 1}}"));
    session_close(&s);
}

/* A peer that asks and never reads is not asked on, and what happens does not
 * fill the memory; when it reads, it gets its answers, whole. */
static void test_deaf(void)
{
    static const char request[] = "{\"execute\": \"query-commands\"}\n";
    unsigned asked = 0, answered = 0;
    Session s;

    session_open(&s, "-qmp");
    session_connect(&s);
    session_negotiate(&s);
    for (unsigned full = 0; full < 100;) {
        ssize_t n = write(s.fd, request, sizeof(request) - 1);

        g_assert_true(n < 0 || n == sizeof(request) - 1);
        asked += n > 0;
        full = n > 0 ? 0 : full + 1;
        session_pump(&s, false);
    }
    g_autofree char *filler = g_strnfill(1000, 'x');
    g_autofree char *json = g_strdup_printf("{\"a\": \"%s\"}", filler);

    for (unsigned i = 0; i < 3000; i++) {
        emit(&s, "FLOOD", json);
    }
    while (answered < asked) {
        g_free(session_wait(&s, "{\"return\": [{\"name\": \"qmp_cap"));
        answered++;
    }
    session_expect(&s, "{\"execute\": \"query-name\", \"id\": 99}\n",
                   "{\"return\": {}, \"id\": 99}");
    session_close(&s);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    rcu_register_thread();
    g_test_add_func("/qmp/requests", test_requests);
    g_test_add_func("/qmp/random-arguments", test_random_arguments);
    g_test_add_func("/qmp/session", test_session);
    g_test_add_func("/qmp/pretty", test_pretty);
    g_test_add_func("/qmp/events", test_events);
    g_test_add_func("/qmp/deaf", test_deaf);
    status = g_test_run();
    rcu_unregister_thread();
    return status;
}
