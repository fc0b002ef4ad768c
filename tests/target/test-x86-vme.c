/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual-8086 mode extensions and protected-mode virtual interrupts: the
 * virtual interrupt flag, and where INT n goes. Expectations are from SDM 3B
 * 20.3 and 20.4, and the operation sections of CLI, INT n, IRET, POPF and STI.
 */
#include "tests/target/machine.h"

static void expect_gp(const Machine *m)
{
    g_assert_cmpint(m->cpu->raised, ==, EXC_GP);
    g_assert_true(m->cpu->raised_has_error);
    g_assert_cmphex(m->cpu->raised_error, ==, 0);
}

/* In V86 mode with CS:IP = 1000h:10h and SS:SP = 2000h:100h, by IRET. */
static void enter_v86(Machine *m, uint32_t flags)
{
    const uint32_t frame[] = { 0x10,  0x1000, flags | EFLAGS_VM | 2,
                               0x100, 0x2000, 0,
                               0,     0,      0 };

    x86_set_eflags(m->cpu, 0, UINT32_MAX);
    machine_protected(m, 0);
    m->cpu->env.r[X86_RSP] = 0x9000;
    for (unsigned i = 0; i < G_N_ELEMENTS(frame); i++) {
        machine_put(m, 0x9000 + 4 * i, frame[i], 4);
    }
    g_assert_true(machine_call(m, &x86_helper_iret, 4, 0));
    g_assert_true(m->cpu->key.vm86);
}

/* POPF and IRET of an image, below IOPL 3. */
static void test_flags(void)
{
    static const struct {
        uint32_t old, image;
        unsigned size;
        uint32_t now; /* 0: #GP */
    } cases[] = {
        { 0, EFLAGS_IF, 2, EFLAGS_VIF },
        { EFLAGS_VIF, 0, 2, 2 },
        { EFLAGS_VIF, EFLAGS_CF | EFLAGS_IOPL, 2, EFLAGS_CF },
        { EFLAGS_VIP, 0, 2, EFLAGS_VIP },
        { EFLAGS_VIP, EFLAGS_IF, 2, 0 },
        { 0, EFLAGS_TF, 2, 0 },
        { 0, EFLAGS_IF, 4, 0 },
    };
    enum { KEPT = EFLAGS_IF | EFLAGS_VM | 2 };
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    enter_v86(m, EFLAGS_IF);
    cpu->cr4 |= CR4_VME;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (unsigned iret = 0; iret < 2; iret++) {
            bool works = cases[i].now;

            x86_set_eflags(cpu, cases[i].old | KEPT, UINT32_MAX);
            cpu->env.r[X86_RSP] = 0x100;
            machine_put(m, 0x20100, 0x20, cases[i].size);
            machine_put(m, 0x20100 + cases[i].size, 0x1000, cases[i].size);
            machine_put(m, 0x20100 + 2 * cases[i].size, cases[i].image,
                        cases[i].size);
            g_assert_cmpint(
                iret ? machine_call(m, &x86_helper_iret, cases[i].size, 0)
                     : machine_call(m, &x86_helper_popf, cases[i].image,
                                    cases[i].size),
                ==, works);
            if (!works) {
                expect_gp(m);
            }
            g_assert_cmphex(x86_get_eflags(cpu), ==,
                            KEPT | (works ? cases[i].now : cases[i].old));
            g_assert_cmphex(cpu->env.r[X86_RSP], ==,
                            works && iret ? 0x106 : 0x100);
        }
    }
    machine_free(m);
}

/* At CPL 3 and IOPL 0; POPF stays silent there, whatever CR4.PVI says. */
static void test_pvi(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 3);
    x86_set_eflags(cpu, EFLAGS_IF, UINT32_MAX);
    g_assert_false(machine_call(m, &x86_helper_sti, 0, 0));
    expect_gp(m);
    cpu->cr4 |= CR4_VME; /* is V86 mode's alone */
    g_assert_false(machine_call(m, &x86_helper_cli, 0, 0));
    cpu->cr4 = CR4_PVI;
    g_assert_true(machine_call(m, &x86_helper_sti, 0, 0));
    g_assert_cmphex(cpu->eflags & (EFLAGS_VIF | EFLAGS_IF), ==,
                    EFLAGS_VIF | EFLAGS_IF);
    g_assert_true(machine_call(m, &x86_helper_popf, 2, 4));
    g_assert_cmphex(cpu->eflags & (EFLAGS_VIF | EFLAGS_IF), ==,
                    EFLAGS_VIF | EFLAGS_IF);
    g_assert_true(machine_call(m, &x86_helper_cli, 0, 0));
    g_assert_cmphex(cpu->eflags & (EFLAGS_VIF | EFLAGS_IF), ==, EFLAGS_IF);
    cpu->eflags |= EFLAGS_VIP;
    g_assert_true(machine_call(m, &x86_helper_cli, 0, 0));
    g_assert_false(machine_call(m, &x86_helper_sti, 0, 0));
    expect_gp(m);
    /* and at CPL 2 it does nothing */
    machine_protected(m, 0);
    cpu->seg[X86_SS].attr |= 2 << 5;
    cpu->seg[X86_CS].attr |= 2 << 5;
    x86_update_key(cpu);
    g_assert_cmpuint(x86_cpl(cpu), ==, 2);
    g_assert_false(machine_call(m, &x86_helper_cli, 0, 0));
    expect_gp(m);
    machine_free(m);
}

/* INT 21h in V86 mode, by what the task's redirection bitmap, IOPL and CR4.VME
 * say: SDM 3B 20.3, table 20-2. */
static void test_int(void)
{
    static const struct {
        uint32_t cr4, flags;
        bool monitor; /* the task's bit: to the protected-mode handler */
        int vector;   /* -1: in the 8086 handler */
        uint32_t image, left; /* there: FLAGS pushed, EFLAGS afterwards */
    } cases[] = {
        { 0, EFLAGS_IF, false, EXC_GP, 0, 0 },
        { 0, EFLAGS_IF | EFLAGS_IOPL, false, 0x21, 0, 0 },
        { CR4_VME, EFLAGS_IF, true, EXC_GP, 0, 0 },
        { CR4_VME, EFLAGS_IF | EFLAGS_IOPL, true, 0x21, 0, 0 },
        { CR4_VME, EFLAGS_IF | EFLAGS_IOPL, false, -1, 0x3202, EFLAGS_IOPL },
        { CR4_VME, EFLAGS_IF, false, -1, 0x3002, EFLAGS_IF },
        { CR4_VME, EFLAGS_IF | EFLAGS_VIF | EFLAGS_CF, false, -1, 0x3203,
          EFLAGS_IF | EFLAGS_CF },
    };
    enum { MAP = MACHINE_TSS + 136 - 32 + 0x21 / 8, BIT = 1 << (0x21 & 7) };
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        enter_v86(m, cases[i].flags);
        machine_put(m, MACHINE_IDT + 0x21 * 8,
                    0x6000 | SEL_CODE32 << 16 | UINT64_C(0xee) << 40, 8);
        machine_put(m, MACHINE_IDT + EXC_GP * 8,
                    0x7000 | SEL_CODE32 << 16 | UINT64_C(0x8e) << 40, 8);
        machine_put(m, MACHINE_TSS + 102, 136, 2); /* the I/O map's base */
        machine_put(m, MAP, cases[i].monitor ? BIT : (uint8_t)~BIT, 1);
        machine_put(m, 0x21 * 4, 0x12345678, 4);
        cpu->cr4 = cases[i].cr4;
        g_assert_false(
            machine_call4(m, &x86_helper_int, 0x21, 0x12, 0, 1, NULL));
        x86_deliver_raised(cpu);
        g_assert_cmpint(cpu->key.vm86, ==, cases[i].vector < 0);
        if (cases[i].vector >= 0) {
            g_assert_cmphex(cpu->env.pc, ==,
                            cases[i].vector == EXC_GP ? 0x7000 : 0x6000);
            continue;
        }
        g_assert_cmphex(cpu->seg[X86_CS].selector, ==, 0x1234);
        g_assert_cmphex(cpu->env.pc, ==, 0x5678);
        g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0xfa);
        g_assert_cmphex(machine_get(m, 0x200fa, 2), ==, 0x12);
        g_assert_cmphex(machine_get(m, 0x200fc, 2), ==, 0x1000);
        g_assert_cmphex(machine_get(m, 0x200fe, 2), ==, cases[i].image);
        g_assert_cmphex(x86_get_eflags(cpu), ==, cases[i].left | EFLAGS_VM | 2);
    }
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vme/flags", test_flags);
    g_test_add_func("/vme/int", test_int);
    g_test_add_func("/vme/pvi", test_pvi);
    return machine_test_run();
}
