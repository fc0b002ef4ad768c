/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a JSON object to a call's arguments, by the row's names and types. */
#include "monitor/qmp.h"

#include <string.h>

#include "util/error.h"

static bool args_is(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == type;
}

static bool args_take_text(JsonNode *node, CommandValue *value)
{
    value->text =
        args_is(node, G_TYPE_STRING) ? json_node_get_string(node) : NULL;
    return value->text != NULL;
}

static bool args_take_number(JsonNode *node, CommandValue *value)
{
    value->number = json_node_get_int(node);
    return args_is(node, G_TYPE_INT64);
}

/* A flag that is false is one that is not given. */
static bool args_take_flag(JsonNode *node, CommandValue *value)
{
    value->given = json_node_get_boolean(node);
    return args_is(node, G_TYPE_BOOLEAN);
}

static bool args_take_object(JsonNode *node, CommandValue *value)
{
    value->json = node;
    return JSON_NODE_HOLDS_OBJECT(node);
}

static bool args_take_list(JsonNode *node, CommandValue *value)
{
    value->json = node;
    return JSON_NODE_HOLDS_ARRAY(node);
}

static const struct {
    const char *type;
    bool (*take)(JsonNode *node, CommandValue *value);
} args_kinds[] = {
    [ARG_STRING] = { "string", args_take_text },
    [ARG_NUMBER] = { "integer", args_take_number },
    [ARG_FLAG] = { "boolean", args_take_flag },
    [ARG_OBJECT] = { "object", args_take_object },
    [ARG_LIST] = { "array", args_take_list },
};

static bool args_check_names(const Command *command, JsonObject *args,
                             GError **errp)
{
    g_autoptr(GList) names = args ? json_object_get_members(args) : NULL;

    for (GList *n = names; n; n = n->next) {
        const CommandArg *arg = command->args;

        while (arg->name && strcmp(arg->name, n->data)) {
            arg++;
        }
        if (!arg->name) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "Parameter '%s' is unexpected",
                            (const char *)n->data);
        }
    }
    return true;
}

static bool args_take(const CommandArg *arg, JsonNode *node,
                      CommandValue *value, GError **errp)
{
    value->given = true;
    if (!args_kinds[arg->kind].take(node, value)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "Invalid parameter type for '%s', expected: %s",
                        arg->name, args_kinds[arg->kind].type);
    }
    return !arg->one_of || g_strv_contains(arg->one_of, value->text) ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "Parameter '%s' does not accept value '%s'", arg->name,
                    value->text);
}

bool qmp_take_args(const Command *command, JsonObject *args, CommandCall *call,
                   GError **errp)
{
    for (unsigned i = 0; command->args[i].name; i++) {
        const CommandArg *arg = &command->args[i];
        JsonNode *node = args ? json_object_get_member(args, arg->name) : NULL;

        if (!node && !arg->optional) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "Parameter '%s' is missing", arg->name);
        }
        if (node && !args_take(arg, node, &call->arg[i], errp)) {
            return false;
        }
    }
    return args_check_names(command, args, errp);
}
