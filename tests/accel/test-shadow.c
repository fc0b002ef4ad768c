/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interrupt that waits for STI is taken after one more instruction, wherever
 * a block ends.
 */
#include "target/x86/apic.h"
#include "tests/accel/bare.h"

enum { VECTOR = 0x21, CODE = 0x1000, HANDLER = 0x1100 };

static int shadow_ack(void *opaque)
{
    x86_clear_pending(opaque, X86_PENDING_INTR);
    return VECTOR;
}

/* 1000: sti; inc bx; inc bx; jmp 1001   1100: mov si,bx; hlt */
static void test_sti(Bare *m)
{
    X86Cpu *cpu = m->cpu;

    BARE_CODE(m, CODE, 0xfb, 0x43, 0x43, 0xeb, 0xfc);
    BARE_CODE(m, HANDLER, 0x89, 0xde, 0xf4);
    bare_put_long(m, VECTOR * 4, HANDLER);
    cpu->pic_ack = shadow_ack;
    cpu->pic_opaque = cpu;
    for (unsigned n = 0; n < 3; n++) {
        cpu->env.r[X86_RBX] = 0;
        cpu->env.r[X86_RSP] = 0x8000;
        x86_set_eflags(cpu, 0, EFLAGS_IF);
        x86_set_pending(cpu, X86_PENDING_INTR);
        bare_run(m, CODE);
        g_assert_cmpuint(cpu->env.r[X86_RSI] & 0xffff, ==, 1);
    }
}

/* Nothing waits: 1000: sti; dec cx; jnz 1000; hlt */
static void test_quiet(Bare *m)
{
    BARE_CODE(m, CODE, 0xfb, 0x49, 0x75, 0xfc, 0xf4);
    m->cpu->env.r[X86_RCX] = 1000;
    bare_run(m, CODE);
    g_assert_cmpuint(m->cpu->env.r[X86_RCX] & 0xffff, ==, 0);
    g_assert_cmphex(m->cpu->eflags & EFLAGS_IF, ==, EFLAGS_IF);
}

static const BareTest test_rows[] = {
    { "sti", test_sti },
    { "quiet", test_quiet },
    {},
};

static const char *const test_variants[] = {
    "x86_64", "x86_64,inline=off", "x86_64,insns=1",
    "interp", "interp,inline=off", "interp,insns=1",
    NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/shadow", test_rows, test_variants);
    return g_test_run();
}
