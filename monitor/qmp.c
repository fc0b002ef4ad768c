/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session: requests from a chardev are answered in the order they come,
 * events go between. A peer is hostile: what it sends is bounded (qmp-frame.h),
 * it is not read while it does not read, and events that it would not take then
 * are dropped. A peer that comes again starts anew.
 */
#include "monitor/qmp.h"

#include <string.h>

#include "chardev/chardev.h"
#include "monitor/qmp-frame.h"
#include "util/log.h"

enum {
    QMP_READ_MAX = 4096,
    QMP_WAITING_MAX = 1 << 18, /* bytes of answers, before events are lost */
};

/* Guests cause these as fast as they like: one a second, and the last one. */
static const char *const qmp_slow_events[] = { "BALLOON_CHANGE", "RTC_CHANGE",
                                               NULL };
enum { QMP_SLOW_MS = 1000, QMP_SLOW = G_N_ELEMENTS(qmp_slow_events) - 1 };

typedef struct QmpSlow {
    Qmp *qmp;
    const char *name;
    char *json; /* waits; NULL if `waits` means no data */
    int64_t us; /* when it happened */
    bool waits;
    guint timer; /* 0: one may go at once */
} QmpSlow;

struct Qmp {
    Machine *machine;
    Chardev *chr;
    JsonGenerator *generator;
    GString *out; /* not yet taken by the chardev */
    QmpFrame frame;
    QmpPeer peer;
    QmpSlow slow[QMP_SLOW];
    uint64_t lost; /* events */
};

/* ---- Output -------------------------------------------------------------- */

static void qmp_flush(void *opaque)
{
    Qmp *qmp = opaque;
    size_t taken =
        chardev_write(qmp->chr, qmp->out->str, qmp->out->len, qmp_flush, qmp);

    g_string_erase(qmp->out, 0, taken);
    chardev_accept_input(qmp->chr);
}

/* With a blank behind ':' and ',', as scripts that know no JSON look for. */
static void qmp_append_spaced(GString *out, const char *json)
{
    bool string = false;

    for (; *json; json++) {
        g_string_append_c(out, *json);
        if (string && *json == '\\' && json[1]) {
            g_string_append_c(out, *++json);
        } else if (*json == '"') {
            string = !string;
        } else if (!string && (*json == ':' || *json == ',')) {
            g_string_append_c(out, ' ');
        }
    }
}

/* Takes node. */
static void qmp_send(Qmp *qmp, JsonNode *node)
{
    json_generator_set_root(qmp->generator, node);
    json_node_unref(node);
    g_autofree char *text = json_generator_to_data(qmp->generator, NULL);

    trace(qmp_send, "%s", text);
    if (json_generator_get_pretty(qmp->generator)) {
        g_string_append(qmp->out, text);
    } else {
        qmp_append_spaced(qmp->out, text);
    }
    g_string_append(qmp->out, "\r\n");
    qmp_flush(qmp);
}

/* ---- Events -------------------------------------------------------------- */

static void qmp_send_event(Qmp *qmp, const char *name, const char *json,
                           int64_t us)
{
    if (!qmp->peer.negotiated) {
        return;
    }
    if (qmp->out->len > QMP_WAITING_MAX) {
        if (!qmp->lost++) {
            log_printf("qmp: %s reads too slowly: events are lost\n",
                       chardev_id(qmp->chr));
        }
        return;
    }
    qmp_send(qmp, qmp_event(name, json, us));
}

static gboolean qmp_slow_over(void *opaque)
{
    QmpSlow *s = opaque;

    if (!s->waits) {
        s->timer = 0;
        return G_SOURCE_REMOVE;
    }
    s->waits = false;
    qmp_send_event(s->qmp, s->name, s->json, s->us);
    g_clear_pointer(&s->json, g_free);
    return G_SOURCE_CONTINUE;
}

static void qmp_slow_event(QmpSlow *s, const char *json, int64_t us)
{
    if (s->timer) {
        g_free(s->json);
        s->json = g_strdup(json);
        s->us = us;
        s->waits = true;
        return;
    }
    qmp_send_event(s->qmp, s->name, json, us);
    s->timer = g_timeout_add(QMP_SLOW_MS, qmp_slow_over, s);
}

static void qmp_on_event(void *opaque, const char *name, const char *json)
{
    Qmp *qmp = opaque;
    int64_t now = g_get_real_time();

    for (unsigned i = 0; i < QMP_SLOW; i++) {
        if (!strcmp(qmp->slow[i].name, name)) {
            qmp_slow_event(&qmp->slow[i], json, now);
            return;
        }
    }
    qmp_send_event(qmp, name, json, now);
}

static void qmp_forget_slow(Qmp *qmp)
{
    for (unsigned i = 0; i < QMP_SLOW; i++) {
        QmpSlow *s = &qmp->slow[i];

        if (s->timer) {
            g_source_remove(s->timer);
        }
        g_free(s->json);
        *s = (QmpSlow){ .qmp = qmp, .name = qmp_slow_events[i] };
    }
}

/* ---- Input --------------------------------------------------------------- */

static JsonNode *qmp_answer(Qmp *qmp)
{
    const GString *text = qmp->frame.text;

    trace(qmp_receive, "%s", text->str);
    if (!g_utf8_validate_len(text->str, text->len, NULL)) {
        return qmp_malformed("not valid UTF-8");
    }
    JsonNode *request = json_from_string(text->str, NULL);

    if (!request) {
        return qmp_malformed("invalid value");
    }
    JsonNode *response = qmp_execute(qmp->machine, &qmp->peer, request);

    json_node_unref(request);
    return response;
}

/* A command may end the connection, and this session's state with it. */
static void qmp_read(void *opaque, const uint8_t *buf, size_t len)
{
    Qmp *qmp = opaque;
    const char *why;

    for (size_t i = 0; i < len; i++) {
        switch (qmp_frame_feed(&qmp->frame, buf[i], &why)) {
        case QMP_FRAME_MORE:
            break;
        case QMP_FRAME_VALUE:
            qmp_send(qmp, qmp_answer(qmp));
            break;
        case QMP_FRAME_BAD:
            qmp_send(qmp, qmp_malformed(why));
            break;
        }
    }
}

static size_t qmp_can_read(void *opaque)
{
    return ((Qmp *)opaque)->out->len ? 0 : QMP_READ_MAX;
}

/* ---- Chardev ------------------------------------------------------------- */

static void qmp_start_anew(Qmp *qmp)
{
    qmp_frame_reset(&qmp->frame);
    qmp_forget_slow(qmp);
    g_string_truncate(qmp->out, 0);
    qmp->peer = (QmpPeer){ 0 };
    qmp->lost = 0;
}

static void qmp_event_of_chardev(void *opaque, ChardevEvent event)
{
    Qmp *qmp = opaque;

    switch (event) {
    case CHARDEV_OPENED:
        qmp_start_anew(qmp);
        qmp_send(qmp, qmp_greeting());
        break;
    case CHARDEV_CLOSED:
        qmp_start_anew(qmp);
        break;
    case CHARDEV_BREAK:
    case CHARDEV_MUX_IN:
    case CHARDEV_MUX_OUT:
        break;
    }
}

static const ChardevUser qmp_user = {
    .can_read = qmp_can_read,
    .read = qmp_read,
    .event = qmp_event_of_chardev,
};

/* ---- Public -------------------------------------------------------------- */

Qmp *qmp_new(Machine *machine, Chardev *chr, bool pretty, GError **errp)
{
    Qmp *qmp = g_new0(Qmp, 1);
    const MachineListener listener = { .event = qmp_on_event, .opaque = qmp };

    qmp->machine = machine;
    qmp->chr = chr;
    qmp->generator = json_generator_new();
    json_generator_set_pretty(qmp->generator, pretty);
    json_generator_set_indent(qmp->generator, 4);
    qmp->out = g_string_new(NULL);
    qmp_frame_init(&qmp->frame);
    qmp_forget_slow(qmp);
    if (!chardev_attach(chr, &qmp_user, qmp, errp)) {
        qmp->chr = NULL;
        qmp_free(qmp);
        return NULL;
    }
    machine_add_listener(machine, &listener);
    return qmp;
}

void qmp_free(Qmp *qmp)
{
    if (!qmp) {
        return;
    }
    if (qmp->chr) {
        machine_remove_listener(qmp->machine, qmp);
        chardev_flush(qmp->chr);
        chardev_detach(qmp->chr, qmp);
    }
    qmp_forget_slow(qmp);
    qmp_frame_clear(&qmp->frame);
    g_object_unref(qmp->generator);
    g_string_free(qmp->out, TRUE);
    g_free(qmp);
}
