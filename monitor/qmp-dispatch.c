/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a request to its response. Whatever a client sends gets one. */
#include "monitor/qmp.h"

#include <string.h>

#include "util/error.h"

/* ---- Errors ------------------------------------------------------------ */

static const char *const dispatch_classes[] = {
    [QMP_ERROR_GENERIC] = "GenericError",
    [QMP_ERROR_COMMAND_NOT_FOUND] = "CommandNotFound",
    [QMP_ERROR_DEVICE_NOT_FOUND] = "DeviceNotFound",
    [QMP_ERROR_DEVICE_NOT_ACTIVE] = "DeviceNotActive",
};

GQuark qmp_error_quark(void)
{
    return g_quark_from_static_string("qmp-error");
}

bool qmp_fail(GError **errp, QmpError class, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_set_error_literal(errp, QMP_ERROR, class, text);
    return false;
}

/* ---- What goes out ------------------------------------------------------- */

static JsonNode *dispatch_node(JsonObject *take)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);

    json_node_take_object(node, take);
    return node;
}

static JsonObject *dispatch_error(const GError *err)
{
    JsonObject *out = json_object_new(), *error = json_object_new();
    int class = err->domain == QMP_ERROR ? err->code : QMP_ERROR_GENERIC;

    json_object_set_string_member(error, "class", dispatch_classes[class]);
    json_object_set_string_member(error, "desc", err->message);
    json_object_set_object_member(out, "error", error);
    return out;
}

/* Takes answer; NULL: nothing to say but that it is done. */
static JsonObject *dispatch_return(JsonNode *answer)
{
    JsonObject *out = json_object_new();

    json_object_set_member(out, "return",
                           answer ? answer : dispatch_node(json_object_new()));
    return out;
}

JsonNode *qmp_malformed(const char *why)
{
    g_autoptr(GError) err = NULL;

    emu_fail(&err, EMU_ERROR_INVALID, "JSON parse error, %s", why);
    return dispatch_node(dispatch_error(err));
}

JsonNode *qmp_greeting(void)
{
    JsonObject *out = json_object_new(), *qmp = json_object_new(),
               *version = json_object_new();

    qmp_add_version(version);
    json_object_set_object_member(qmp, "version", version);
    json_object_set_array_member(qmp, "capabilities", json_array_new());
    json_object_set_object_member(out, "QMP", qmp);
    return dispatch_node(out);
}

JsonNode *qmp_event(const char *name, const char *json, int64_t us)
{
    JsonObject *out = json_object_new(), *at = json_object_new();

    json_object_set_int_member(at, "seconds", us / G_USEC_PER_SEC);
    json_object_set_int_member(at, "microseconds", us % G_USEC_PER_SEC);
    json_object_set_object_member(out, "timestamp", at);
    json_object_set_string_member(out, "event", name);
    if (json) {
        json_object_set_member(out, "data", json_from_string(json, NULL));
    }
    return dispatch_node(out);
}

/* ---- Handlers' answers --------------------------------------------------- */

JsonObject *qmp_answer_object(CommandCall *call)
{
    JsonObject *o = json_object_new();

    call->answer = dispatch_node(o);
    return o;
}

JsonArray *qmp_answer_list(CommandCall *call)
{
    JsonArray *a = json_array_new();

    call->answer = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(call->answer, a);
    return a;
}

/* ---- What comes in ------------------------------------------------------- */

typedef struct Request {
    const char *execute;
    JsonObject *arguments; /* or NULL */
} Request;

static bool dispatch_take_execute(JsonNode *node, Request *r)
{
    bool ok = JSON_NODE_HOLDS_VALUE(node) &&
              json_node_get_value_type(node) == G_TYPE_STRING;

    r->execute = ok ? json_node_get_string(node) : NULL;
    return ok;
}

static bool dispatch_take_arguments(JsonNode *node, Request *r)
{
    bool ok = JSON_NODE_HOLDS_OBJECT(node);

    r->arguments = ok ? json_node_get_object(node) : NULL;
    return ok;
}

static bool dispatch_take_id(JsonNode *node, Request *r)
{
    return true; /* anything: it goes back as it is */
}

static const struct {
    const char *name, *type;
    bool (*take)(JsonNode *node, Request *r);
} dispatch_members[] = {
    { "execute", "a string", dispatch_take_execute },
    { "arguments", "an object", dispatch_take_arguments },
    { "id", "", dispatch_take_id },
};

static bool dispatch_take_member(const char *name, JsonNode *node, Request *r,
                                 GError **errp)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(dispatch_members); i++) {
        if (!strcmp(dispatch_members[i].name, name)) {
            return dispatch_members[i].take(node, r) ||
                   emu_fail(errp, EMU_ERROR_INVALID,
                            "QMP input member '%s' must be %s", name,
                            dispatch_members[i].type);
        }
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "QMP input member '%s' is unexpected", name);
}

static bool dispatch_take(JsonObject *request, Request *r, GError **errp)
{
    g_autoptr(GList) names = json_object_get_members(request);

    for (GList *n = names; n; n = n->next) {
        if (!dispatch_take_member(
                n->data, json_object_get_member(request, n->data), r, errp)) {
            return false;
        }
    }
    return r->execute || emu_fail(errp, EMU_ERROR_INVALID,
                                  "QMP input lacks member 'execute'");
}

/* ---- Negotiation --------------------------------------------------------- */

static const Command dispatch_negotiate = {
    .name = "qmp_capabilities",
    .args = { { .name = "enable", .kind = ARG_LIST, .optional = true } },
};

/* There is none to enable. */
static bool dispatch_enable(const CommandValue *enable, GError **errp)
{
    JsonArray *list = enable->given ? json_node_get_array(enable->json) : NULL;
    JsonNode *first = list && json_array_get_length(list)
                          ? json_array_get_element(list, 0)
                          : NULL;
    const char *name = NULL;

    if (first && JSON_NODE_HOLDS_VALUE(first)) {
        name = json_node_get_string(first);
    }
    return !first ||
           emu_fail(errp, EMU_ERROR_INVALID, "there is no QMP capability '%s'",
                    name ? name : "?");
}

static bool dispatch_capabilities(QmpPeer *peer, const Request *r,
                                  GError **errp)
{
    CommandCall call = { .machine = NULL };

    if (peer->negotiated) {
        return qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                        "Capabilities negotiation is already complete, command "
                        "ignored");
    }
    peer->negotiated =
        qmp_take_args(&dispatch_negotiate, r->arguments, &call, errp) &&
        dispatch_enable(&call.arg[0], errp);
    return peer->negotiated;
}

/* ---- Commands ------------------------------------------------------------ */

static bool dispatch_command(Machine *machine, const Request *r,
                             JsonNode **answer, GError **errp)
{
    const Command *command = command_find(qmp_table, r->execute);
    CommandCall call = { .machine = machine };

    if (!command) {
        return qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                        "The command %s has not been found", r->execute);
    }
    if (!qmp_take_args(command, r->arguments, &call, errp)) {
        return false;
    }
    call.out = g_string_new(NULL); /* what only a person would read */
    bool ok = command->run(&call, errp);

    g_string_free(call.out, TRUE);
    *answer = call.answer;
    return ok;
}

static bool dispatch_run(Machine *machine, QmpPeer *peer, const Request *r,
                         JsonNode **answer, GError **errp)
{
    if (!strcmp(r->execute, dispatch_negotiate.name)) {
        return dispatch_capabilities(peer, r, errp);
    }
    if (!peer->negotiated) {
        return qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                        "Expecting capabilities negotiation with "
                        "'qmp_capabilities'");
    }
    return dispatch_command(machine, r, answer, errp);
}

JsonNode *qmp_execute(Machine *machine, QmpPeer *peer, JsonNode *request)
{
    g_autoptr(GError) err = NULL;
    JsonObject *in =
        JSON_NODE_HOLDS_OBJECT(request) ? json_node_get_object(request) : NULL;
    JsonNode *answer = NULL, *id = NULL;
    Request r = { NULL };

    if (!in) {
        emu_fail(&err, EMU_ERROR_INVALID, "QMP input must be a JSON object");
    } else {
        id = json_object_get_member(in, "id");
    }
    bool ok = in && dispatch_take(in, &r, &err) &&
              dispatch_run(machine, peer, &r, &answer, &err);
    JsonObject *out = ok ? dispatch_return(answer) : dispatch_error(err);

    if (!ok) {
        g_clear_pointer(&answer, json_node_unref);
    }
    if (id) {
        json_object_set_member(out, "id", json_node_copy(id));
    }
    return dispatch_node(out);
}
