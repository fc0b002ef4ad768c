/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A code buffer that is smaller than the program: blocks go with their region,
 * whoever links to them, and come back; the ring grows where that is all that
 * happens.
 */
#include "accel/tcg/engine.h"
#include "tests/accel/bare.h"

#include <string.h>

enum {
    FILL = 0x100000, /* jumps of 2 bytes, each a block, in lines */
    LINES = 64,
    LINE = 0x1000,
    LINE_BLOCKS = LINE / 2 - 1, /* then HLT */
    CODE = 0x10000,
};

static uint64_t evict_info(Bare *m, const char *name)
{
    g_autoptr(GString) out = g_string_new(NULL);
    m->accel->class->info(m->accel, out);
    return g_ascii_strtoull(strstr(out->str, name) + strlen(name), NULL, 10);
}

static bool evict_is_buffered(const Bare *m)
{
    return m->cpu->tcg->buffer;
}

static void evict_enter(Bare *m)
{
    for (unsigned a = 0; a < LINES * LINE; a += 2) {
        bool end = a % LINE == LINE - 2;
        BARE_CODE(m, FILL + a, end ? 0xf4 : 0xeb, 0x00);
    }
    bare_flat32(m, UINT32_MAX);
}

/* New code in the buffer: from blocks of a line; the last of all lines. */
static void evict_fill(Bare *m, unsigned *line, unsigned blocks)
{
    uint32_t start = FILL + (*line)++ % LINES * LINE;
    bare_run(m, start + 2 * (LINE_BLOCKS - blocks));
}

/* ---- Links ----------------------------------------------------------------
 *
 * A: jmp X, in X's page; B: jmp X, from another; X: inc eax; hlt */
enum { CODE_A = CODE, CODE_X = CODE + 0x100, CODE_B = CODE + 0x1000 };

static void test_links(Bare *m)
{
    unsigned line = 0, count = 0;

    evict_enter(m);
    BARE_CODE(m, CODE_A, 0xe9, 0xfb, 0x00, 0x00, 0x00);
    BARE_CODE(m, CODE_B, 0xe9, 0xfb, 0xf0, 0xff, 0xff);
    BARE_CODE(m, CODE_X, 0x40, 0xf4);
    for (unsigned round = 0; round < 120; round++) {
        /* Now X is the oldest of them, now A is. */
        bare_run(m, round % 3 ? CODE_A : CODE_X);
        evict_fill(m, &line, 500);
        bare_run(m, CODE_A);
        bare_run(m, CODE_A);
        bare_run(m, CODE_B);
        bare_run(m, CODE_B);
        evict_fill(m, &line, 700);
        bare_run(m, CODE_A);
        count += 6;
        g_assert_cmpuint(m->cpu->env.r[X86_RAX], ==, count);
    }
    g_assert_cmpuint(evict_info(m, "blocks evicted"), >, 1000);
    g_assert_cmpuint(evict_info(m, "buffer flushes"), ==, 0);
}

/* By register, so through the jump cache, from 32 places to 32 others: jmp esi,
 * and inc eax; hlt. Each goes before the other at some time. */
static void test_jumps(Bare *m)
{
    unsigned line = 0, count = 0;

    evict_enter(m);
    for (unsigned n = 0; n < 32; n++) {
        BARE_CODE(m, CODE_A + 16 * n, 0xff, 0xe6);
        BARE_CODE(m, CODE_B + 16 * n, 0x40, 0xf4);
    }
    for (unsigned round = 0; round < 400; round++) {
        unsigned c = round * 5 % 32, x = round * 3 % 32;

        m->cpu->env.r[X86_RSI] = CODE_B + 16 * x;
        bare_run(m, CODE_A + 16 * c);
        bare_run(m, CODE_A + 16 * (round % 4));
        evict_fill(m, &line, 1500);
        count += 2;
        g_assert_cmpuint(m->cpu->env.r[X86_RAX], ==, count);
    }
    g_assert_cmpuint(evict_info(m, "blocks evicted"), >, 1000);
}

/* ---- Code that changes ----------------------------------------------------
 *
 *  mov [x + 1],al; x: mov bl,0; hlt: overwrites itself. And a function that is
 *  written from outside of the processor, in a page that loses all its blocks
 *  now and then. */
static void test_changes(Bare *m)
{
    unsigned line = 0;

    evict_enter(m);
    BARE_CODE(m, CODE, 0xa2, 0x06, 0x00, 0x01, 0x00, 0xb3, 0x00, 0xf4);
    BARE_CODE(m, CODE_B, 0xb1, 0x00, 0xf4);
    for (unsigned round = 0; round < 250; round++) {
        m->cpu->env.r[X86_RAX] = round & 0xff;
        bare_run(m, CODE);
        g_assert_cmpuint(m->cpu->env.r[X86_RBX] & 0xff, ==, round & 0xff);
        m->ram->host[CODE_B + 1] = round;
        ram_written(m->ram, CODE_B + 1, 1);
        evict_fill(m, &line, round * 7 % 900 + 1);
        bare_run(m, CODE_B);
        g_assert_cmpuint(m->cpu->env.r[X86_RCX] & 0xff, ==, round & 0xff);
    }
    g_assert_cmpuint(evict_info(m, "blocks evicted"), >, 1000);
}

/* ---- Pages ----------------------------------------------------------------
 */

/* A page whose blocks were all evicted is not watched any more. */
static void test_pages(Bare *m)
{
    TcgEngine *e = (TcgEngine *)m->accel;
    unsigned line = 0;

    evict_enter(m);
    BARE_CODE(m, CODE, 0xf4);
    bare_run(m, CODE);
    g_assert(ram_dirty_test(m->ram, DIRTY_CODE, CODE));
    g_assert_nonnull(page_find(e, m->ram->host + CODE));
    for (unsigned n = 0; n < 2 * LINES; n++) {
        evict_fill(m, &line, LINE_BLOCKS);
    }
    g_assert_false(ram_dirty_test(m->ram, DIRTY_CODE, CODE));
    g_assert_null(page_find(e, m->ram->host + CODE));
}

/* ---- Loops larger than the ring -------------------------------------------
 */

static uint64_t evict_loop(Bare *m, unsigned lines, unsigned rounds)
{
    uint64_t before = evict_info(m, "translated");
    unsigned line = 0;

    for (unsigned round = 0; round < rounds; round++) {
        for (line = 0; line < lines;) {
            evict_fill(m, &line, LINE_BLOCKS);
            g_assert_cmphex(m->cpu->env.pc, ==, FILL + line * LINE - 1);
        }
    }
    return evict_info(m, "translated") - before;
}

/* Nothing fits, and nothing grows. */
static void test_loop(Bare *m)
{
    evict_enter(m);
    evict_loop(m, LINES, 4);
    if (evict_is_buffered(m)) {
        g_assert_cmpuint(code_buffer_used(m->cpu->tcg->buffer), <=, 1 << 20);
        g_assert_cmpuint(evict_info(m, "regions emptied"), >, 16);
    }
}

/* The buffer has room for it, the ring grows until nothing is made again, and
 * code that runs once does not make it grow. */
static void test_grow(Bare *m)
{
    TcgEngine *e = (TcgEngine *)m->accel;

    if (!evict_is_buffered(m)) {
        return;
    }
    evict_enter(m);
    e->regions.ring_min = 4;
    evict_loop(m, LINES / 2, 1);
    g_assert_cmpuint(e->regions.ring, ==, 4);
    evict_loop(m, LINES / 2, 30);
    g_assert_cmpuint(e->regions.ring, >, 4);
    g_assert_cmpuint(e->regions.ring, <=, e->regions.count);
    g_assert_cmpuint(evict_loop(m, LINES / 2, 2), ==, 0);
}

static const BareTest evict_tests[] = {
    { "links", test_links, ",code-size=1M" },
    { "jumps", test_jumps, ",code-size=1M" },
    { "changes", test_changes, ",code-size=1M" },
    { "pages", test_pages, ",code-size=1M" },
    { "loop", test_loop, ",code-size=1M" },
    { "grow", test_grow, ",code-size=32M" },
    {},
};

static const char *const evict_variants[] = {
    "x86_64",
    "x86_64,chain=off,jumps=off",
    "interp",
    NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/evict", evict_tests, evict_variants);
    return g_test_run();
}
