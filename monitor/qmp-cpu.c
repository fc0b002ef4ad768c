/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP's questions about processors: those of this machine, and models. */
#include <string.h>

#include "accel/accel.h"
#include "monitor/qmp.h"
#include "target/x86/model.h"
#include "util/error.h"

/* ---- Those that are there ------------------------------------------------ */

/* As -smp counts: threads of a core first. */
static JsonObject *cpu_place(const BoardConfig *c, unsigned n)
{
    JsonObject *o = json_object_new();
    unsigned cores = n / c->threads, dies = cores / c->cores;

    json_object_set_int_member(o, "socket-id", dies / c->dies);
    if (c->dies > 1) {
        json_object_set_int_member(o, "die-id", dies % c->dies);
    }
    json_object_set_int_member(o, "core-id", cores % c->cores);
    json_object_set_int_member(o, "thread-id", n % c->threads);
    return o;
}

bool qmp_query_cpus_fast(CommandCall *call, GError **errp)
{
    Board *board = machine_board(call->machine);
    JsonArray *list = qmp_answer_list(call);

    for (unsigned n = 0; n < board->vcpus->len; n++) {
        JsonObject *o = json_object_new();
        g_autofree char *path =
            g_strdup_printf("/machine/unattached/device[%u]", n);

        json_object_set_int_member(o, "cpu-index", n);
        json_object_set_int_member(o, "thread-id",
                                   vcpu_thread_id(board->vcpus->pdata[n]));
        json_object_set_string_member(o, "qom-path", path);
        json_object_set_string_member(o, "target", "x86_64");
        json_object_set_object_member(o, "props", cpu_place(board->config, n));
        json_array_add_object_element(list, o);
    }
    return true;
}

/* ---- Models -------------------------------------------------------------- */

/* As the machine would have it; where there is no accelerator, as it is. */
static X86Model *cpu_model(CommandCall *call, const char *spec,
                           uint32_t lost[WORD_COUNT], GError **errp)
{
    Accel *accel = machine_board(call->machine)->accel;
    X86Model *m = x86_model_find(spec, errp);

    if (!m) {
        return NULL;
    }
    memcpy(lost, m->word, sizeof(m->word));
    if (accel && !accel->class->adapt_model(accel, m, errp)) {
        x86_model_free(m);
        return NULL;
    }
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        lost[i] &= ~m->word[i];
    }
    return m;
}

static JsonArray *cpu_unavailable(CommandCall *call, const char *name)
{
    const Accel *accel = machine_board(call->machine)->accel;
    JsonArray *list = json_array_new();
    uint32_t missing[WORD_COUNT], lost[WORD_COUNT] = { 0 };
    X86Model *m = cpu_model(call, name, lost, NULL);

    if (!strcmp(name, "host") && (!accel || accel->class != &accel_kvm)) {
        json_array_add_string_element(list, "kvm");
    }
    x86_model_missing(name, missing);
    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        if (x86_model_word_has(missing, f) || x86_model_word_has(lost, f)) {
            json_array_add_string_element(list, x86_feature_bits[f].name);
        }
    }
    x86_model_free(m);
    return list;
}

/* What a model is may depend on the host, or on the version of emu. */
static bool cpu_model_varies(const char *name)
{
    static const char *const varying[] = { "host", "max", "emu64", NULL };

    return g_strv_contains(varying, name);
}

static JsonObject *cpu_definition(CommandCall *call, const char *name)
{
    JsonObject *o = json_object_new();
    g_autofree char *type = g_strdup_printf("%s-x86_64-cpu", name);

    json_object_set_string_member(o, "name", name);
    json_object_set_string_member(o, "typename", type);
    json_object_set_array_member(o, "unavailable-features",
                                 cpu_unavailable(call, name));
    json_object_set_boolean_member(o, "static", !strcmp(name, "base"));
    json_object_set_boolean_member(o, "migration-safe",
                                   !cpu_model_varies(name));
    json_object_set_boolean_member(o, "deprecated", FALSE);
    return o;
}

bool qmp_query_cpu_definitions(CommandCall *call, GError **errp)
{
    JsonArray *list = qmp_answer_list(call);
    const char *name;

    for (unsigned n = 0; (name = x86_model_nth(n)); n++) {
        json_array_add_object_element(list, cpu_definition(call, name));
    }
    return true;
}

/* ---- Expansion ----------------------------------------------------------- */

/* A model's property as -cpu takes it. */
static bool cpu_append_prop(GString *spec, const char *name, JsonNode *node,
                            GError **errp)
{
    GType type =
        JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : 0;

    if (strpbrk(name, ",=")) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Parameter 'model.props.%s' is unexpected", name);
    }
    g_string_append_printf(spec, ",%s=", name);
    if (type == G_TYPE_BOOLEAN) {
        g_string_append(spec, json_node_get_boolean(node) ? "on" : "off");
    } else if (type == G_TYPE_INT64) {
        g_string_append_printf(spec, "%" G_GINT64_FORMAT,
                               json_node_get_int(node));
    } else if (type == G_TYPE_STRING &&
               !strchr(json_node_get_string(node), ',')) {
        g_string_append(spec, json_node_get_string(node));
    } else {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Invalid parameter type for 'model.props.%s'", name);
    }
    return true;
}

static bool cpu_append_props(GString *spec, JsonNode *props, GError **errp)
{
    if (!JSON_NODE_HOLDS_OBJECT(props)) {
        return emu_fail(
            errp, EMU_ERROR_INVALID,
            "Invalid parameter type for 'model.props', expected: object");
    }
    JsonObject *o = json_node_get_object(props);
    g_autoptr(GList) names = json_object_get_members(o);

    for (GList *n = names; n; n = n->next) {
        if (!cpu_append_prop(spec, n->data, json_object_get_member(o, n->data),
                             errp)) {
            return false;
        }
    }
    return true;
}

/* {"name": ..., "props": {...}} as -cpu takes it; NULL: it is not that. */
static char *cpu_model_spec(JsonObject *model, GError **errp)
{
    JsonNode *name = json_object_get_member(model, "name");
    JsonNode *props = json_object_get_member(model, "props");
    bool named = name && JSON_NODE_HOLDS_VALUE(name) &&
                 json_node_get_value_type(name) == G_TYPE_STRING &&
                 !strchr(json_node_get_string(name), ',');

    if (!named) {
        emu_fail(errp, EMU_ERROR_INVALID,
                 name ? "Invalid parameter type for 'model.name', expected: "
                        "string"
                      : "Parameter 'model.name' is missing");
        return NULL;
    }
    GString *spec = g_string_new(json_node_get_string(name));
    bool ok = !props || cpu_append_props(spec, props, errp);

    return g_string_free(spec, !ok);
}

static void cpu_add_features(JsonObject *props, const X86Model *m)
{
    uint32_t can[WORD_COUNT];

    x86_model_implemented(can);
    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        if (x86_model_word_has(can, f) || x86_model_has(m, f)) {
            json_object_set_boolean_member(props, x86_feature_bits[f].name,
                                           x86_model_has(m, f));
        }
    }
}

static void cpu_add_figures(JsonObject *props, const X86Model *m, bool full)
{
    json_object_set_string_member(props, "vendor", m->vendor);
    json_object_set_int_member(props, "family", m->family);
    json_object_set_int_member(props, "model", m->model);
    json_object_set_int_member(props, "stepping", m->stepping);
    json_object_set_string_member(props, "model-id", m->brand);
    if (full) {
        json_object_set_int_member(props, "phys-bits", m->phys_bits);
        json_object_set_int_member(props, "tsc-frequency", m->tsc_hz);
    }
}

/* "static": over the model without features, which never changes; "full": with
 * all there is to say. */
bool qmp_query_cpu_model_expansion(CommandCall *call, GError **errp)
{
    bool full = !strcmp(call->arg[0].text, "full");
    JsonObject *asked = json_node_get_object(call->arg[1].json);
    g_autofree char *spec = cpu_model_spec(asked, errp);
    uint32_t lost[WORD_COUNT];
    X86Model *m = spec ? cpu_model(call, spec, lost, errp) : NULL;

    if (!m) {
        return false;
    }
    JsonObject *model = json_object_new(), *props = json_object_new();

    cpu_add_features(props, m);
    cpu_add_figures(props, m, full);
    json_object_set_string_member(model, "name", full ? m->name : "base");
    json_object_set_object_member(model, "props", props);
    json_object_set_object_member(qmp_answer_object(call), "model", model);
    x86_model_free(m);
    return true;
}
