/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that go on behind a conditional jump, and what is special there: the
 * flags that its target gets, a count of instructions, a store that changes
 * what stands behind the jump, the way into another page.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/tcg.h"
#include "tests/accel/bare.h"

#include <string.h>

enum { CODE = 0x1000, TABLES = 0x700000, ROUNDS = 200 };

#define PROGRAM(name, text)                                                    \
    asm(".pushsection .rodata\n"                                               \
        "aside_" #name ": .intel_syntax noprefix\n" text                       \
        "\nhlt\n.att_syntax\n"                                                 \
        "aside_" #name "_end: .popsection\n");                                 \
    extern const uint8_t aside_##name[], aside_##name##_end[];

/* Both ways of one jump, and two behind it, each with the flags of its own
 * comparison at the target. rcx counts down; rax, rbx, rdx and rsi add up. */
PROGRAM(ways, "1: cmp rcx, 150; ja 2f; adc rax, 1; cmp rcx, 100; ja 3f\n"
              "adc rbx, 1; test cl, 1; jz 4f; inc rsi; jmp 4f\n"
              "2: sbb rdx, -1; jmp 4f; 3: adc rdx, 100; 4: dec rcx; jnz 1b")
/* A store into what stands behind the jump, in the same block: not taken, so
 * that comes next. al is what is put into `mov dl`. */
PROGRAM(store, "test ecx, ecx; jz 2f; mov [rip + 1f + 1], al\n"
               "1: mov dl, 0; 2: nop")
/* It jumps into the next page. */
PROGRAM(page, "1: cmp rcx, 100; ja 2f; inc rbx; 3: dec rcx; jnz 1b; hlt\n"
              ".org aside_page + 0x1000; 2: adc rax, 1; jmp 3b")

static void aside_run(Bare *m, uint64_t count)
{
    memset(m->cpu->env.r, 0, sizeof(m->cpu->env.r));
    m->cpu->env.r[X86_RCX] = count;
    bare_run(m, CODE);
}

static void aside_start(Bare *m, const uint8_t *code, const uint8_t *end)
{
    bare_long_mode(m, TABLES);
    bare_put(m, CODE, code, end - code);
}

static void aside_check_ways(Bare *m)
{
    const uint64_t *r = m->cpu->env.r;

    aside_run(m, ROUNDS);
    /* CF is clear above, and set below: with rcx = 150 and 100, equal. */
    g_assert_cmpuint(r[X86_RAX], ==, 150 + 149);
    g_assert_cmpuint(r[X86_RBX], ==, 100 + 99);
    g_assert_cmpuint(r[X86_RDX], ==, 50 + 50 * 100);
    g_assert_cmpuint(r[X86_RSI], ==, 50);
}

/* What one more run translates, and how often it looks a block up. */
static void aside_costs(Bare *m, uint64_t *translated, uint64_t *lookups)
{
    const TcgStats *made = &tcg_engine(m->cpu)->stats;
    const TcgStats *own = &tcg_vcpu(m->cpu)->stats;

    *translated = made->translated;
    *lookups = own->lookups;
    aside_check_ways(m);
    *translated = made->translated - *translated;
    *lookups = own->lookups - *lookups;
}

static void test_ways(Bare *m)
{
    uint64_t translated, lookups;

    aside_start(m, aside_ways, aside_ways_end);
    aside_check_ways(m);
    aside_costs(m, &translated, &lookups);
    g_assert_cmpuint(translated, ==, 0);
    if (!(tcg_engine(m->cpu)->ctx.switches & TCG_OFF_CHAIN)) {
        g_assert_cmpuint(lookups, <, 5); /* all exits are linked */
    }
}

/* With the jump's two ways a block each there is one block more. */
static void test_blocks(Bare *m)
{
    const TcgEngine *e = tcg_engine(m->cpu);

    aside_start(m, aside_store, aside_store_end);
    aside_run(m, 1);
    g_assert_cmpuint(e->stats.translated, ==,
                     e->ctx.switches & TCG_OFF_ASIDE ? 2 : 1);
}

static void test_count(Bare *m)
{
    aside_start(m, aside_store, aside_store_end);
    for (unsigned taken = 0; taken < 2; taken++) {
        uint64_t before = m->cpu->env.insn_count;

        aside_run(m, !taken);
        g_assert_cmpuint(m->cpu->env.insn_count - before, ==, taken ? 4 : 6);
    }
}

static void test_store(Bare *m)
{
    aside_start(m, aside_store, aside_store_end);
    for (unsigned n = 1; n < 6; n++) {
        memset(m->cpu->env.r, 0, sizeof(m->cpu->env.r));
        m->cpu->env.r[X86_RAX] = n;
        m->cpu->env.r[X86_RCX] = n % 3;
        bare_run(m, CODE);
        g_assert_cmpuint(m->cpu->env.r[X86_RDX], ==, n % 3 ? n : 0);
    }
}

static void test_page(Bare *m)
{
    aside_start(m, aside_page, aside_page_end);
    for (unsigned n = 0; n < 3; n++) {
        aside_run(m, ROUNDS);
        g_assert_cmpuint(m->cpu->env.r[X86_RAX], ==, 100);
        g_assert_cmpuint(m->cpu->env.r[X86_RBX], ==, 100);
    }
}

static const BareTest test_rows[] = {
    { "ways", test_ways },
    { "blocks", test_blocks },
    { "count", test_count, ",count=on" },
    { "store", test_store },
    { "page", test_page },
    {},
};

static const char *const test_variants[] = {
    "x86_64",
    "x86_64,aside=off",
    "x86_64,chain=off,jumps=off",
    "x86_64,flags=off,opt=off",
    "interp",
    "interp,aside=off",
    NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/aside", test_rows, test_variants);
    return g_test_run();
}
