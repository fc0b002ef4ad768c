/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets that want the same place in the jump cache, or one beside it: four of
 * them stay found, and what changes is forgotten wherever it is. So do targets
 * in code segments whose keys want the same number.
 */
#include "tests/accel/bare.h"

#include <string.h>

enum { CODE = 0x1000, TARGETS = 4, ROUNDS = 1000 };

/* The last two are beside the place of the others. */
static const uint32_t jumps_target[TARGETS] = { 0x20010, 0x120010, 0x220011,
                                                0x320011 };

/* x: call esi; call edi; call ebx; call edx; dec ecx; jnz x; hlt
 * At each target: add eax,imm8; ret */
static void jumps_start(Bare *m)
{
    unsigned place = tcg_jump_hash(jumps_target[0]);

    for (unsigned n = 0; n < TARGETS; n++) {
        g_assert_cmpuint(tcg_jump_hash(jumps_target[n]), ==,
                         n < 2 ? place : tcg_jump_beside(place, 1));
    }
    bare_flat32(m, UINT32_MAX);
    BARE_CODE(m, CODE, 0xff, 0xd6, 0xff, 0xd7, 0xff, 0xd3, 0xff, 0xd2, 0x49,
              0x75, 0xf5, 0xf4);
    for (unsigned n = 0; n < TARGETS; n++) {
        BARE_CODE(m, jumps_target[n], 0x83, 0xc0, 1 << n, 0xc3);
    }
}

static void jumps_run(Bare *m, unsigned sum)
{
    uint64_t *r = m->cpu->env.r;

    r[X86_RAX] = 0;
    r[X86_RCX] = ROUNDS;
    r[X86_RSP] = 0x8000;
    r[X86_RSI] = jumps_target[0];
    r[X86_RDI] = jumps_target[1];
    r[X86_RBX] = jumps_target[2];
    r[X86_RDX] = jumps_target[3];
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
    jumps_run(m, 1 + 2 + 4 + 8);
    uint64_t before = jumps_lookups(m);

    jumps_run(m, 1 + 2 + 4 + 8);
    if (m->cpu->tcg->backend->has_native &&
        !(m->cpu->tcg->switches & (TCG_OFF_JUMPS | TCG_OFF_CHAIN))) {
        g_assert_cmpuint(jumps_lookups(m), <=, before + 16);
    }
}

/* In real mode. x: call 0100:0; call 0200:0; dec cx; jnz x; hlt
 * At both targets: retf */
static void test_segments(Bare *m)
{
    uint64_t *r = m->cpu->env.r, before = 0;

    BARE_CODE(m, 0x800, 0x9a, 0, 0, 0, 1, 0x9a, 0, 0, 0, 2, 0x49, 0x75, 0xf3,
              0xf4);
    BARE_CODE(m, 0x1000, 0xcb);
    BARE_CODE(m, 0x2000, 0xcb);
    for (unsigned n = 0; n < 2; n++) {
        before = jumps_lookups(m);
        r[X86_RCX] = ROUNDS;
        bare_run(m, 0x800);
    }
    if (m->cpu->tcg->backend->has_native &&
        !(m->cpu->tcg->switches & (TCG_OFF_JUMPS | TCG_OFF_CHAIN))) {
        g_assert_cmpuint(jumps_lookups(m), <=, before + 16);
    }
}

static void test_changed(Bare *m)
{
    unsigned add[TARGETS] = { 1, 2, 4, 8 }, sum = 1 + 2 + 4 + 8;

    jumps_start(m);
    for (unsigned n = 0; n < 4 * TARGETS; n++) {
        add[n % TARGETS]++;
        space_store(m->memory, jumps_target[n % TARGETS] + 2, 1,
                    add[n % TARGETS]);
        jumps_run(m, ++sum);
    }
}

static const BareTest test_rows[] = {
    { "same-place", test_same_place },
    { "segments", test_segments },
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
