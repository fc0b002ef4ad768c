/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profiler's parts on images made here: symbol tables as each generation of
 * Linux lays them out, a stack with old return addresses on it, a graph.
 */
#include "system/profile/flame.h"
#include "system/profile/kallsyms.h"
#include "system/profile/unwind.h"

#include <stdbool.h>
#include <string.h>

#define BASE UINT64_C(0xffffffff81000000)

enum { SYMBOLS = 700, TABLES = 0x20000, STEP = 64 };

typedef struct Layout {
    const char *name;
    bool addresses;    /* whole ones before num_syms */
    bool percpu;       /* negative offsets */
    bool offsets_last; /* behind the index */
    bool seqs;         /* a table between markers and tokens */
    unsigned marker;   /* bytes */
} Layout;

static const Layout layouts[] = {
    { "/profile/kallsyms/addresses", .addresses = true, .marker = 8 },
    { "/profile/kallsyms/4.9", .percpu = true, .marker = 8 },
    { "/profile/kallsyms/5.10", .percpu = true, .marker = 4 },
    { "/profile/kallsyms/6.2", .percpu = true, .marker = 4, .seqs = true },
    { "/profile/kallsyms/6.6", .percpu = true, .marker = 4,
      .offsets_last = true },
    { "/profile/kallsyms/6.15", .marker = 4, .offsets_last = true },
};

/* ---- Making one -------------------------------------------------------------
 */

static void put(GByteArray *out, uint64_t v, unsigned bytes)
{
    g_byte_array_append(out, (const uint8_t *)&v, bytes);
}

static void align(GByteArray *out)
{
    while (out->len % 8) {
        put(out, 0, 1);
    }
}

/* Type and name; every third is data, the last has a name of 200 tokens. */
static char *symbol_text(unsigned n)
{
    if (n == SYMBOLS - 1) {
        g_autofree char *x = g_strnfill(199, 'x');
        return g_strdup_printf("t%s", x);
    }
    return g_strdup_printf("%c%sfunction_%u", "Ttd"[n % 3], n % 5 ? "" : "do_",
                           n);
}

static void put_names(GByteArray *out, GArray *markers)
{
    unsigned start = out->len;

    for (unsigned n = 0; n < SYMBOLS; n++) {
        g_autofree char *text = symbol_text(n);
        g_autoptr(GString) tokens = g_string_new(NULL);
        uint32_t at = out->len - start;

        if (n % 256 == 0) {
            g_array_append_val(markers, at);
        }
        for (const char *p = text; *p;) { /* token 1 is "do_" */
            bool pair = g_str_has_prefix(p, "do_");
            g_string_append_c(tokens, pair ? 1 : *p);
            p += pair ? 3 : 1;
        }
        if (tokens->len >= 0x80) {
            put(out, 0x80 | (tokens->len & 0x7f), 1);
            put(out, tokens->len >> 7, 1);
        } else {
            put(out, tokens->len, 1);
        }
        g_byte_array_append(out, (uint8_t *)tokens->str, tokens->len);
    }
    align(out);
}

static void put_tokens(GByteArray *out)
{
    unsigned start = out->len;
    uint16_t index[256];

    for (unsigned n = 0; n < 256; n++) {
        char text[4] = { n < 0x80 && g_ascii_isprint(n) ? n : 0 };

        if (n == 1) {
            memcpy(text, "do_", 4);
        }
        index[n] = out->len - start;
        g_byte_array_append(out, (uint8_t *)text, strlen(text) + 1);
    }
    align(out);
    g_byte_array_append(out, (uint8_t *)index, sizeof(index));
    align(out);
}

static void put_offsets(GByteArray *out, const Layout *l)
{
    for (unsigned n = 0; n < SYMBOLS; n++) {
        uint32_t off = n * STEP;

        if (l->addresses) {
            put(out, BASE + off, 8);
        } else {
            put(out, l->percpu ? -1 - off : off, 4);
        }
    }
    align(out);
    if (!l->addresses) {
        put(out, BASE, 8);
    }
}

static GByteArray *make_image(const Layout *l)
{
    GByteArray *out = g_byte_array_new();
    g_autoptr(GArray) markers = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    g_byte_array_set_size(out, TABLES);
    memset(out->data, 0xcc, TABLES);
    /* What looks like digits is not always the table. */
    memcpy(out->data + 0x100, "0\0001\0002\0003\0004\0005\0006\0007\0008\0009",
           20);
    if (!l->offsets_last) {
        put_offsets(out, l);
    }
    put(out, SYMBOLS, 8);
    put_names(out, markers);
    for (unsigned n = 0; n < markers->len; n++) {
        put(out, g_array_index(markers, uint32_t, n), l->marker);
    }
    align(out);
    for (unsigned n = 0; l->seqs && n < SYMBOLS; n++) {
        put(out, n, 3);
    }
    align(out);
    put_tokens(out);
    if (l->offsets_last) {
        put_offsets(out, l);
    }
    put(out, 0, 8);
    return out;
}

/* ---- Tests ------------------------------------------------------------------
 */

static void test_layout(const void *data)
{
    g_autoptr(GByteArray) bytes = make_image(data);
    KernelImage image = { BASE, bytes->data, bytes->len };
    Kallsyms *k = kallsyms_find(&image);
    uint64_t start;

    g_assert_nonnull(k);
    g_assert_cmpuint(kallsyms_count(k), ==, SYMBOLS - (SYMBOLS - 1) / 3);
    g_assert_cmpstr(kallsyms_name(k, BASE, &start), ==, "do_function_0");
    g_assert_cmpstr(kallsyms_name(k, BASE + 4 * STEP + 7, &start), ==,
                    "function_4");
    g_assert_cmphex(start, ==, BASE + 4 * STEP);
    /* 5 is data: no function's name, but behind 4. */
    g_assert_cmpstr(kallsyms_name(k, BASE + 5 * STEP, &start), ==,
                    "function_4");
    g_assert_null(kallsyms_name(k, BASE - 1, &start));
    g_assert_null(kallsyms_name(k, BASE + SYMBOLS * STEP, &start));
    kallsyms_free(k);
}

/* Whatever is cut off or changed, the search ends and reads nothing beyond. */
static void test_broken(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(1);

    for (unsigned n = 0; n < 60; n++) {
        const Layout *l = &layouts[n % G_N_ELEMENTS(layouts)];
        g_autoptr(GByteArray) bytes = make_image(l);
        unsigned cut = TABLES + g_rand_int_range(r, 0, bytes->len - TABLES);
        unsigned size = n % 2 ? cut : bytes->len;
        g_autofree uint8_t *copy = g_memdup2(bytes->data, size);
        KernelImage image = { BASE, copy, size };

        for (unsigned k = 0; k < 20; k++) {
            copy[g_rand_int_range(r, TABLES, size)] = g_rand_int(r);
        }
        kallsyms_free(kallsyms_find(&image));
    }
}

static void put_call(uint8_t *text, unsigned at, unsigned target)
{
    int32_t rel = target - (at + 5);

    text[at] = 0xe8;
    memcpy(text + at + 1, &rel, 4);
}

/* 0 calls 1, 1 jumps to 3, 3 calls 4 by register; pc is in 4. Addresses of an
 * old call of 6 and of no call at all stand between. */
static void test_unwind(void)
{
    g_autoptr(GByteArray) bytes = make_image(&layouts[2]);
    KernelImage image = { BASE, bytes->data, bytes->len };
    Kallsyms *k = kallsyms_find(&image);
    const char *names[8];

    put_call(bytes->data, 0 * STEP + 8, 1 * STEP);
    put_call(bytes->data, 7 * STEP + 8, 6 * STEP);
    memcpy(bytes->data + 3 * STEP + 8, "\xff\xd0", 2);
    const uint64_t words[] = {
        0,  BASE + 1 * STEP + 20, BASE + 7 * STEP + 13, BASE + 3 * STEP + 10,
        42, BASE + 0 * STEP + 13
    };
    unsigned depth = unwind_kernel(&image, k, BASE + 4 * STEP + 1, words,
                                   G_N_ELEMENTS(words), names, 8);

    g_assert_cmpuint(depth, ==, 3);
    g_assert_cmpstr(names[0], ==, "function_4");
    g_assert_cmpstr(names[1], ==, "function_3");
    g_assert_cmpstr(names[2], ==, "do_function_0");
    kallsyms_free(k);
}

/* As deep as stacks get, in no time. */
static void test_flame_deep(void)
{
    g_autoptr(GHashTable) stacks = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GString) stack = g_string_new("f0");
    g_autoptr(GString) out = g_string_new(NULL);

    for (unsigned n = 1; n < 64; n++) {
        g_string_append_printf(stack, ";f%u", n);
    }
    g_hash_table_insert(stacks, stack->str, GUINT_TO_POINTER(1));
    flame_svg(stacks, "deep", out);
    g_assert_nonnull(strstr(out->str, "<title>f63: 1 samples"));
}

static void test_flame(void)
{
    g_autoptr(GHashTable) stacks =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, NULL);
    g_autoptr(GString) out = g_string_new(NULL);

    g_hash_table_insert(stacks, "kernel;main<>;leaf", GUINT_TO_POINTER(3));
    g_hash_table_insert(stacks, "kernel;main<>", GUINT_TO_POINTER(1));
    flame_svg(stacks, "a & b", out);
    g_assert_nonnull(strstr(out->str, "a &amp; b"));
    g_assert_nonnull(strstr(out->str, "<title>kernel: 4 samples, 100.0 %"));
    g_assert_nonnull(strstr(out->str, "<title>main&lt;&gt;: 4 samples"));
    g_assert_nonnull(strstr(out->str, "<title>leaf: 3 samples, 75.0 %"));
    g_assert_true(g_str_has_suffix(out->str, "</svg>\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(layouts); n++) {
        g_test_add_data_func(layouts[n].name, &layouts[n], test_layout);
    }
    g_test_add_func("/profile/kallsyms/broken", test_broken);
    g_test_add_func("/profile/unwind", test_unwind);
    g_test_add_func("/profile/flame", test_flame);
    g_test_add_func("/profile/flame/deep", test_flame_deep);
    return g_test_run();
}
