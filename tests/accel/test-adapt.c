/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kind of a check is chosen: an access that stays in its page keeps a
 * slot, one that changes it all the time gets the table, also when it begins to
 * do so late. The guest sees nothing of it.
 */
#include "accel/tcg/engine.h"
#include "tests/accel/bare.h"

#include <string.h>

enum {
    CODE = 0x10000,
    NEAR = 0x200000,
    FAR = 0x210000,
    TABLES = 0x220000,
    ROUNDS = 1000000
};

static uint64_t adapt_info(Bare *m, const char *name)
{
    g_autoptr(GString) out = g_string_new(NULL);
    m->accel->class->info(m->accel, out);
    return g_ascii_strtoull(strstr(out->str, name) + strlen(name), NULL, 10);
}

/* 1: mov eax,[esi]; xor esi,ebp; xor edi,0x1000; add ebx,eax; jmp 2
 * 2: mov edx,[edi]; add ebx,edx; dec ecx; jnz 1; hlt */
static void adapt_enter(Bare *m)
{
    BARE_CODE(m, CODE, 0x8b, 0x06, 0x31, 0xee, 0x81, 0xf7, 0x00, 0x10, 0x00,
              0x00, 0x01, 0xc3, 0xeb, 0x00, 0x8b, 0x17, 0x01, 0xd3, 0x49, 0x75,
              0xeb, 0xf4);
    bare_put_long(m, NEAR, 1);
    bare_put_long(m, NEAR + 0x1000, 2);
    bare_put_long(m, FAR, 4);
    bare_put_long(m, FAR + 0x1000, 8);
    bare_flat32(m, UINT32_MAX);
}

/* step: how far esi moves, to and fro. */
static void adapt_loop(Bare *m, uint32_t step, uint32_t sum)
{
    uint64_t *r = m->cpu->env.r;

    r[X86_RSI] = NEAR;
    r[X86_RDI] = FAR;
    r[X86_RBP] = step;
    r[X86_RBX] = 0;
    r[X86_RCX] = ROUNDS;
    bare_run(m, CODE);
    g_assert_cmpuint(r[X86_RBX], ==, sum);
}

static bool adapt_is_on(const Bare *m)
{
    return m->cpu->tcg->buffer && m->cpu->tcg->missed;
}

static void test_choice(Bare *m)
{
    adapt_enter(m);
    adapt_loop(m, 0, ROUNDS * (1 + (4 + 8) / 2));
    if (!adapt_is_on(m)) {
        g_assert_cmpuint(adapt_info(m, "trials of checks"), ==, 0);
        return;
    }
    g_assert_cmpuint(adapt_info(m, "  ended"), ==, 2);
    g_assert_cmpuint(adapt_info(m, "  table is better"), ==, 1);
    g_assert_cmpuint(adapt_info(m, "  by a miss"), ==, 0);
}

/* What was right is not any more; then all is settled. */
static void test_change(Bare *m)
{
    adapt_enter(m);
    adapt_loop(m, 0, ROUNDS * (1 + (4 + 8) / 2));
    for (unsigned round = 0; round < 3; round++) {
        adapt_loop(m, 0x1000, ROUNDS / 2 * (1 + 2 + 4 + 8));
        if (adapt_is_on(m)) {
            g_assert_cmpuint(adapt_info(m, "  by a miss"), ==, 1);
            g_assert_cmpuint(adapt_info(m, "  ended"), ==, 3);
            g_assert_cmpuint(adapt_info(m, "  table is better"), ==, 2);
        }
    }
}

/* stc; 1: mov eax,[rsi]; xchg rsi,rdi; lea ebx,[rbx+rax]; dec ecx; jnz 1;
 * adc ebx,0; hlt. The flag lives on all the while. */
static void adapt_enter_tight(Bare *m)
{
    BARE_CODE(m, CODE, 0xf9, 0x8b, 0x06, 0x48, 0x87, 0xfe, 0x8d, 0x1c, 0x03,
              0xff, 0xc9, 0x75, 0xf4, 0x83, 0xd3, 0x00, 0xf4);
    bare_put_long(m, NEAR, 1);
    bare_put_long(m, FAR, 4);
    bare_long_mode(m, TABLES);
}

static void adapt_loop_tight(Bare *m, uint32_t other, uint32_t sum)
{
    uint64_t *r = m->cpu->env.r;

    r[X86_RSI] = NEAR;
    r[X86_RDI] = other;
    r[X86_RBX] = 0;
    r[X86_RCX] = ROUNDS;
    bare_run(m, CODE);
    g_assert_cmpuint(r[X86_RBX], ==, sum);
}

/* A block that jumps back to itself has slots until one is missed too often.
 * Where the check is beside the access it leaves the flag alone, and stays. */
static void test_tight(Bare *m)
{
    bool ahead = !(m->cpu->tcg->switches & TCG_OFF_GROUP);

    adapt_enter_tight(m);
    adapt_loop_tight(m, NEAR, ROUNDS + 1);
    g_assert_cmpuint(adapt_info(m, "trials of checks"), ==, 0);
    for (unsigned round = 0; round < 3; round++) {
        adapt_loop_tight(m, FAR, ROUNDS / 2 * (1 + 4) + 1);
        if (adapt_is_on(m) && ahead) {
            g_assert_cmpuint(adapt_info(m, "  by a miss"), ==, 2);
            g_assert_cmpuint(adapt_info(m, "  ended"), ==, 1);
            g_assert_cmpuint(adapt_info(m, "  table is better"), ==, 1);
        }
    }
}

static const BareTest adapt_tests[] = {
    { "choice", test_choice },
    { "tight", test_tight },
    { "change", test_change },
    { "without", test_change, ",adapt=off" },
    {},
};

static const char *const adapt_variants[] = { "x86_64", "x86_64,group=off",
                                              "x86_64,table=off", "interp",
                                              NULL };

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/adapt", adapt_tests, adapt_variants);
    return g_test_run();
}
