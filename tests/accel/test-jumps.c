/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets that want the same place in the jump cache: two of them stay found,
 * and what changes is forgotten at both of its places.
 */
#include "tests/accel/bare.h"

#include <string.h>

enum {
    CODE = 0x1000,
    FIRST = 0x20010,
    SECOND = FIRST + 0x100000,
    ROUNDS = 1000,
};

/* x: call esi; call edi; dec ecx; jnz x; hlt
 * At both targets: add eax,imm8; ret */
static void jumps_start(Bare *m)
{
    g_assert_cmpuint(tcg_jump_hash(FIRST), ==, tcg_jump_hash(SECOND));
    bare_flat32(m, UINT32_MAX);
    BARE_CODE(m, CODE, 0xff, 0xd6, 0xff, 0xd7, 0x49, 0x75, 0xf9, 0xf4);
    BARE_CODE(m, FIRST, 0x83, 0xc0, 1, 0xc3);
    BARE_CODE(m, SECOND, 0x83, 0xc0, 2, 0xc3);
}

static void jumps_run(Bare *m, unsigned sum)
{
    uint64_t *r = m->cpu->env.r;

    r[X86_RAX] = 0;
    r[X86_RCX] = ROUNDS;
    r[X86_RSP] = 0x8000;
    r[X86_RSI] = FIRST;
    r[X86_RDI] = SECOND;
    bare_run(m, CODE);
    g_assert_cmpuint(r[X86_RAX], ==, ROUNDS * sum);
}

static uint64_t jumps_lookups(Bare *m)
{
    g_autoptr(GString) out = g_string_new(NULL);

    m->accel->class->info(m->accel, out);
    return g_ascii_strtoull(strstr(out->str, "look-ups") + 8, NULL, 10);
}

static void test_same_place(Bare *m)
{
    jumps_start(m);
    jumps_run(m, 1 + 2);
    uint64_t before = jumps_lookups(m);

    jumps_run(m, 1 + 2);
    if (m->cpu->tcg->backend->has_native &&
        !(m->cpu->tcg->switches & (TCG_OFF_JUMPS | TCG_OFF_CHAIN))) {
        g_assert_cmpuint(jumps_lookups(m), <=, before + 8);
    }
}

static void test_changed(Bare *m)
{
    jumps_start(m);
    for (unsigned n = 0; n < 8; n++) {
        space_store(m->memory, FIRST + 2, 1, 1 + (n + 1) / 2);
        space_store(m->memory, SECOND + 2, 1, 2 + n / 2);
        jumps_run(m, 1 + (n + 1) / 2 + 2 + n / 2);
    }
}

static const BareTest test_rows[] = {
    { "same-place", test_same_place },
    { "changed", test_changed },
    {},
};

static const char *const test_variants[] = {
    "x86_64", "x86_64,jumps=off", "x86_64,chain=off", "interp", NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/jumps", test_rows, test_variants);
    return g_test_run();
}
