/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option strings: the grammar's corners, as a table. */
#include <string.h>

#include "util/keyval.h"

typedef struct KeyValCase {
    const char *text;
    const char *implied;
    const char *key;
    const char *value; /* NULL: absent */
} KeyValCase;

static const KeyValCase keyval_cases[] = {
    { "a=1,b=2", NULL, "a", "1" },
    { "a=1,b=2", NULL, "b", "2" },
    { "a=1,a=2", NULL, "a", "2" },
    { "disk.img,if=ide", "file", "file", "disk.img" },
    { "a,,b.img,if=ide", "file", "file", "a,b.img" },
    { "file=a,,b=c,if=ide", "file", "file", "a,b=c" },
    { "file=a=b", "file", "file", "a=b" },
    { "server,nowait", NULL, "server", "on" },
    { "server,nowait", NULL, "wait", "off" },
    { "x,nowait", "path", "wait", "off" },
    { "wait=on,nowait", NULL, "wait", "off" },
    { "nowait,wait", NULL, "wait", "on" },
    { "a=", NULL, "a", "" },
    { "a=1", NULL, "b", NULL },
    { "", "file", "file", NULL },
    { ",,x", "file", "file", ",x" },
};

static void test_cases(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(keyval_cases); i++) {
        const KeyValCase *c = &keyval_cases[i];
        g_autoptr(KeyVal) kv = keyval_parse(c->text, c->implied, NULL);

        g_assert_nonnull(kv);
        g_assert_cmpstr(keyval_get(kv, c->key), ==, c->value);
    }
    g_assert_null(keyval_parse("=x", NULL, NULL));
}

typedef struct SizeCase {
    const char *text;
    uint64_t unit;
    bool ok;
    uint64_t value;
} SizeCase;

static const SizeCase size_cases[] = {
    { "512", 1 << 20, true, 512u << 20 },
    { "512M", 1, true, 512u << 20 },
    { "2g", 1, true, UINT64_C(2) << 30 },
    { "1.5G", 1, true, UINT64_C(3) << 29 },
    { "0x10", 1, true, 16 },
    { "010", 1, true, 10 },
    { "16B", 1 << 20, true, 16 },
    { "1T", 1, true, UINT64_C(1) << 40 },
    { "", 1, false, 0 },
    { "-1", 1, false, 0 },
    { "1.5", 1, false, 0 },
    { "12MM", 1, false, 0 },
    { "99999999999999999999", 1, false, 0 },
    { "99999999999G", 1, false, 0 },
    { "1e400G", 1, false, 0 },
    { "abc", 1, false, 0 },
};

static void test_sizes(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(size_cases); i++) {
        const SizeCase *c = &size_cases[i];
        uint64_t value = 0;

        g_assert_cmpint(keyval_parse_size(c->text, c->unit, &value), ==, c->ok);
        if (c->ok) {
            g_assert_cmpuint(value, ==, c->value);
        }
    }
}

static void test_typed(void)
{
    g_autoptr(KeyVal) kv =
        keyval_parse("n=12,b=maybe,c=no,m=70000", NULL, NULL);
    g_autoptr(GError) err = NULL;
    uint64_t n = 0;
    bool b = true;

    g_assert_true(keyval_get_uint(kv, "n", 100, &n, NULL));
    g_assert_cmpuint(n, ==, 12);
    g_assert_false(keyval_get_uint(kv, "m", 65535, &n, NULL));
    g_assert_false(keyval_get_bool(kv, "b", &b, &err));
    g_assert_nonnull(strstr(err->message, "'maybe'"));
    g_assert_true(keyval_get_bool(kv, "c", &b, NULL));
    g_assert_false(b);
    g_assert_true(keyval_get_uint(kv, "absent", 1, &n, NULL));
    g_assert_cmpuint(n, ==, 12);
}

static void test_check(void)
{
    static const KeyValKey keys[] = { { "server", "on|off", "" },
                                      { "wait", "on|off", "" },
                                      {} };
    g_autoptr(KeyVal) good = keyval_parse("server,nowait", NULL, NULL);
    g_autoptr(KeyVal) bad = keyval_parse("sever=on", NULL, NULL);
    g_autoptr(GError) err = NULL;

    g_assert_true(keyval_check(good, "socket", keys, NULL));
    g_assert_false(keyval_check(bad, "socket", keys, &err));
    g_assert_nonnull(strstr(err->message, "did you mean 'server'"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/keyval/cases", test_cases);
    g_test_add_func("/util/keyval/sizes", test_sizes);
    g_test_add_func("/util/keyval/typed", test_typed);
    g_test_add_func("/util/keyval/check", test_check);
    return g_test_run();
}
