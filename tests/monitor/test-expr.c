/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of the monitor: values, where parsing stops, what is refused. */
#include <string.h>

#include "monitor/expr.h"

typedef struct ExprCase {
    const char *text;
    int64_t value;
    const char *rest;
} ExprCase;

static const ExprCase expr_cases[] = {
    { "1", 1, "" },
    { "0x10 tail", 16, "tail" },
    { "1+2*3", 7, "" },
    { "(1+2)*3", 9, "" },
    { "10-3-2", 5, "" },
    { "-1", -1, "" },
    { "~0", -1, "" },
    { "7&3|8", 11, "" },
    { "6^3", 5, "" },
    { "17%5", 2, "" },
    { "'A'+1", 66, "" },
    { "$r + 1", 43, "" },
    { "0xffffffffffffffff", -1, "" },
    { "0x7fffffffffffffff+1", INT64_MIN, "" },
    { "-0x7fffffffffffffff-1", INT64_MIN, "" },
    { "(-0x7fffffffffffffff-1)/-1", INT64_MIN, "" },
    { "(-0x7fffffffffffffff-1)%-1", 0, "" },
    { "0 4", 0, "4" },
};

static bool get_register(void *opaque, const char *name, int64_t *value,
                         GError **errp)
{
    *value = 42;
    return !strcmp(name, "r");
}

static void test_values(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(expr_cases); i++) {
        const char *p = expr_cases[i].text;
        int64_t value = 0;

        g_assert_true(expr_parse(&p, get_register, NULL, &value, NULL));
        g_assert_cmpint(value, ==, expr_cases[i].value);
        g_assert_cmpstr(p, ==, expr_cases[i].rest);
    }
}

static void test_errors(void)
{
    static const char *const bad[] = {
        "",    "1+", "(1",   "x", "1/0",
        "1%0", "$q", "'ab'", "'", "99999999999999999999"
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *p = bad[i];
        int64_t value;

        g_assert_false(expr_parse(&p, get_register, NULL, &value, NULL));
    }
}

static void test_depth(void)
{
    static const char *const openers[] = { "(", "-", "~", "1+(" };

    for (unsigned i = 0; i < G_N_ELEMENTS(openers); i++) {
        GString *text = g_string_new(NULL);
        const char *p;
        int64_t value;

        for (unsigned n = 0; n < 100000; n++) {
            g_string_append(text, openers[i]);
        }
        p = text->str;
        g_assert_false(expr_parse(&p, NULL, NULL, &value, NULL));
        g_string_free(text, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/monitor/expr/values", test_values);
    g_test_add_func("/monitor/expr/errors", test_errors);
    g_test_add_func("/monitor/expr/depth", test_depth);
    return g_test_run();
}
