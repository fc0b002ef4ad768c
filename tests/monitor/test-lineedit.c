/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line editor: bytes in, lines and screen out. The screen is played back
 * on a one-line terminal, so that a wrong cursor shows. */
#include <stdlib.h>
#include <string.h>

#include "monitor/lineedit.h"

typedef struct Term {
    LineEdit *edit;
    GString *raw;
    char screen[256]; /* the present line */
    size_t column;
    char *accepted;
} Term;

static void term_put(Term *t, char c)
{
    if (c == '\n') {
        memset(t->screen, 0, sizeof(t->screen));
        t->column = 0;
    } else if (c == '\r') {
        t->column = 0;
    } else {
        t->screen[t->column++] = c;
    }
}

static void term_print(void *opaque, const char *text)
{
    Term *t = opaque;

    g_string_append(t->raw, text);
    for (const char *p = text; *p; p++) {
        if (*p == '\033' && p[1] == '[') {
            char *end;
            long n = strtol(p + 2, &end, 10);

            if (*end == 'K') {
                memset(t->screen + t->column, 0, sizeof(t->screen) - t->column);
            } else if (*end == 'D') {
                t->column -= n;
            }
            p = end;
        } else {
            term_put(t, *p);
        }
    }
}

static void term_accept(void *opaque, const char *line)
{
    Term *t = opaque;

    g_free(t->accepted);
    t->accepted = g_strdup(line);
    line_edit_start(t->edit);
}

static GPtrArray *term_complete(void *opaque, const char *line, size_t *start)
{
    static const char *const words[] = { "info", "include", "quit", "dir/" };
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    const char *space = strrchr(line, ' ');
    const char *word = space ? space + 1 : line;

    *start = word - line;
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(words[i], word)) {
            g_ptr_array_add(found, g_strdup(words[i]));
        }
    }
    return found;
}

static const LineEditOps term_ops = {
    .print = term_print,
    .accept = term_accept,
    .complete = term_complete,
};

static void term_init(Term *t)
{
    memset(t, 0, sizeof(*t));
    t->raw = g_string_new(NULL);
    t->edit = line_edit_new(&term_ops, t, "> ");
    line_edit_start(t->edit);
}

static void term_clear(Term *t)
{
    line_edit_free(t->edit);
    g_string_free(t->raw, TRUE);
    g_free(t->accepted);
}

static void term_type(Term *t, const char *text)
{
    line_edit_feed(t->edit, (const uint8_t *)text, strlen(text));
}

typedef struct EditCase {
    const char *keys;
    const char *screen; /* after them */
    int column;         /* -1: at the end */
} EditCase;

static const EditCase edit_cases[] = {
    { "abc", "> abc", -1 },
    { "abc\x7f", "> ab", -1 },
    { "abc\x01x", "> xabc", 3 },
    { "abc\033[D\033[DX", "> aXbc", 4 },
    { "abc\x02\x02\x0b", "> a", -1 },
    { "abc def\x17", "> abc ", -1 },
    { "abc def\x17\x19\x19", "> abc defdef", -1 },
    { "abc\x01\x04", "> bc", 2 },
    { "abc\033[H\033[3~", "> bc", 2 },
    { "abc\x15xy", "> xy", -1 },
    { "one two\033b\033bX", "> Xone two", 3 },
    { "abc\x01\x06\x08", "> bc", 2 },
    { "q\t", "> quit ", -1 },
    { "i\t", "> in", -1 },
    { "in\t", "> in", -1 },
    { "inf\t", "> info ", -1 },
    { "x d\t", "> x dir/", -1 },
    { "zz\t", "> zz", -1 },
    { "abc\x03", "> ", -1 },
    { "a\033[1;5Cb\033[99~c", "> abc", -1 },
};

static void test_editing(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(edit_cases); i++) {
        const EditCase *c = &edit_cases[i];
        Term t;

        term_init(&t);
        term_type(&t, c->keys);
        g_assert_cmpstr(t.screen, ==, c->screen);
        g_assert_cmpuint(t.column, ==,
                         c->column < 0 ? strlen(c->screen) : (size_t)c->column);
        term_clear(&t);
    }
}

/* What is typed at the end comes back as it is. */
static void test_plain_echo(void)
{
    Term t;

    term_init(&t);
    g_string_truncate(t.raw, 0);
    term_type(&t, "info status\r");
    g_assert_cmpstr(t.raw->str, ==, "info status\n> ");
    g_assert_cmpstr(t.accepted, ==, "info status");
    term_clear(&t);
}

static void test_line_ends(void)
{
    Term t;

    term_init(&t);
    term_type(&t, "a\r\nb\n");
    g_assert_cmpstr(t.accepted, ==, "b");
    g_assert_cmpuint(line_edit_history(t.edit)->len, ==, 2);
    term_clear(&t);
}

static void test_history(void)
{
    Term t;

    term_init(&t);
    term_type(&t, "one\rtwo\rone\r"); /* a repeated line moves down */
    g_assert_cmpuint(line_edit_history(t.edit)->len, ==, 2);
    term_type(&t, "new\033[A");
    g_assert_cmpstr(t.screen, ==, "> one");
    term_type(&t, "\033[A\033[A");
    g_assert_cmpstr(t.screen, ==, "> two");
    term_type(&t, "\033[B\033OB\x0e");
    g_assert_cmpstr(t.screen, ==, "> new");
    term_type(&t, "\x10\r");
    g_assert_cmpstr(t.accepted, ==, "one");
    term_clear(&t);
}

static void test_list(void)
{
    Term t;

    term_init(&t);
    term_type(&t, "in\t");
    g_assert_nonnull(strstr(t.raw->str, "info"));
    g_assert_nonnull(strstr(t.raw->str, "include"));
    term_clear(&t);
}

static void test_print_above(void)
{
    Term t;

    term_init(&t);
    term_type(&t, "abc\x02");
    line_edit_print_above(t.edit, "note\n");
    g_assert_cmpstr(t.screen, ==, "> abc");
    g_assert_cmpuint(t.column, ==, 4);
    term_clear(&t);
}

/* Endless lines and odd bytes. */
static void test_abuse(void)
{
    Term t;
    g_autofree char *big = g_strnfill(100000, 'x');

    term_init(&t);
    for (unsigned c = 1; c < 256; c++) {
        char text[] = { '\033', '[', (char)c, 'a', '\r', '\0' };

        term_type(&t, text);
    }
    line_edit_feed(t.edit, (const uint8_t *)big, 200);
    term_type(&t, "\x15");
    term_clear(&t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/monitor/lineedit/editing", test_editing);
    g_test_add_func("/monitor/lineedit/plain-echo", test_plain_echo);
    g_test_add_func("/monitor/lineedit/line-ends", test_line_ends);
    g_test_add_func("/monitor/lineedit/history", test_history);
    g_test_add_func("/monitor/lineedit/list", test_list);
    g_test_add_func("/monitor/lineedit/print-above", test_print_above);
    g_test_add_func("/monitor/lineedit/abuse", test_abuse);
    return g_test_run();
}
