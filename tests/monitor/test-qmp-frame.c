/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cutting a stream into JSON values: every way to end one, or not to. */
#include "monitor/qmp-frame.h"

#include <string.h>

/* What a stream is cut into: values as they are, "!" for an error. */
static char *cut(const char *bytes, size_t len)
{
    GString *out = g_string_new(NULL);
    const char *why = NULL;
    QmpFrame f;

    qmp_frame_init(&f);
    for (size_t i = 0; i < len; i++) {
        switch (qmp_frame_feed(&f, bytes[i], &why)) {
        case QMP_FRAME_MORE:
            break;
        case QMP_FRAME_VALUE:
            g_string_append_printf(out, "%s|", f.text->str);
            break;
        case QMP_FRAME_BAD:
            g_assert_nonnull(why);
            g_string_append_c(out, '!');
            break;
        }
    }
    qmp_frame_clear(&f);
    return g_string_free(out, FALSE);
}

typedef struct Case {
    const char *stream, *cuts;
} Case;

static const Case cases[] = {
    { "", "" },
    { " \r\n\t", "" },
    { "{}", "{}|" },
    { "{}{}[]", "{}|{}|[]|" },
    { "  {\"a\" : 1}\r\n{\"b\":[1,-2.5e3,true , null]} ",
      "{\"a\" : 1}|{\"b\":[1,-2.5e3,true , null]}|" },
    { "{\"}{\": \"]\\\"[\"}", "{\"}{\": \"]\\\"[\"}|" },
    { "{\"a\":{\"b\":[[],{}]}}", "{\"a\":{\"b\":[[],{}]}}|" },
    /* What has begun and not ended is neither. */
    { "{\"a\":", "" },
    { "{\"a\": \"\\", "" },
    /* Nonsense is told when it comes, and ends with its line. */
    { "hello\n{}", "!{}|" },
    { "17 {}\n{}", "!{}|" },
    { "\"a\"\n{}", "!{}|" },
    { "}}}\n{}", "!{}|" },
    { "{]\n{}", "!{}|" },
    { "[}\n{}", "!{}|" },
    { "{1:2}\n{}", "!{}|" },
    { "{\"a\" 1}\n{}", "!{}|" },
    { "{\"a\":}\n{}", "!{}|" },
    { "{\"a\":1,}\n{}", "!{}|" },
    { "{\"a\":1\n{\"b\":2}\n{}", "!{}|" },
    { "{\"a\":1 2}\n{}", "!{}|" },
    { "[1,]\n{}", "!{}|" },
    { "[,1]\n{}", "!{}|" },
    { "{\"a\nb\":1}\n{}", "!!{}|" },
    { "{\"a\": \"\001\"}\n{}", "!{}|" },
    { "\377\n{}", "!{}|" },
};

static void test_cases(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = cut(cases[i].stream, strlen(cases[i].stream));

        if (strcmp(out, cases[i].cuts)) {
            g_test_message("%s: %s instead of %s", cases[i].stream, out,
                           cases[i].cuts);
            g_test_fail();
        }
    }
}

static void test_nul(void)
{
    g_autofree char *out = cut("{\0}\n{}", 6);

    g_assert_cmpstr(out, ==, "!{}|");
}

static void assert_nested(unsigned depth, bool ok)
{
    g_autofree char *text = g_malloc(2 * depth + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = 0;
    g_autofree char *out = cut(text, 2 * depth);
    g_autofree char *whole = g_strdup_printf("%s|", text);

    g_assert_cmpstr(out, ==, ok ? whole : "!");
}

static void test_depth(void)
{
    assert_nested(QMP_FRAME_DEPTH_MAX, true);
    assert_nested(QMP_FRAME_DEPTH_MAX + 1, false);
}

/* Without end: an error, and no more memory. */
static void test_length(void)
{
    const char *why;
    unsigned errors = 0;
    QmpFrame f;

    qmp_frame_init(&f);
    qmp_frame_feed(&f, '[', &why);
    qmp_frame_feed(&f, '"', &why);
    for (unsigned i = 0; i < 2 * QMP_FRAME_BYTES_MAX; i++) {
        errors += qmp_frame_feed(&f, 'a', &why) == QMP_FRAME_BAD;
        g_assert_cmpuint(f.text->len, <=, QMP_FRAME_BYTES_MAX);
    }
    g_assert_cmpuint(errors, ==, 1);
    g_assert_cmpint(qmp_frame_feed(&f, '\n', &why), ==, QMP_FRAME_MORE);
    g_assert_cmpint(qmp_frame_feed(&f, '{', &why), ==, QMP_FRAME_MORE);
    g_assert_cmpint(qmp_frame_feed(&f, '}', &why), ==, QMP_FRAME_VALUE);
    qmp_frame_clear(&f);
}

static void test_random(void)
{
    static const char letters[] = "{}[]:,\" \\\n1et\xc3";
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    const char *why;
    QmpFrame f;

    qmp_frame_init(&f);
    for (unsigned i = 0; i < 300000; i++) {
        qmp_frame_feed(&f, letters[g_rand_int_range(rand, 0, sizeof(letters))],
                       &why);
    }
    qmp_frame_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp/frame/cases", test_cases);
    g_test_add_func("/qmp/frame/nul", test_nul);
    g_test_add_func("/qmp/frame/depth", test_depth);
    g_test_add_func("/qmp/frame/length", test_length);
    g_test_add_func("/qmp/frame/random", test_random);
    return g_test_run();
}
