/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MONITOR and MWAIT by their helpers: what arms, what a wait is ended by, and
 * what is refused. */
#include "target/x86/apic.h"
#include "tests/target/machine.h"

enum { LINE = 0x20040, NEXT = 0x1234, VECTOR = 0x40 };

static Machine *start(void)
{
    Machine *m = machine_new("max");

    machine_protected(m, 0);
    m->cpu->env.insn_limit = UINT64_MAX;
    m->cpu->eflags &= ~(uint32_t)EFLAGS_IF;
    return m;
}

static bool monitor(Machine *m, uint64_t addr)
{
    m->cpu->env.r[X86_RCX] = 0;
    return machine_call(m, &x86_helper_monitor, addr, 0);
}

/* True if it waits. */
static bool mwait(Machine *m, uint32_t extensions)
{
    m->cpu->env.r[X86_RCX] = extensions;
    g_assert_true(machine_call4(m, &x86_helper_mwait, NEXT, 0, 0, true, NULL));
    g_assert_cmphex(m->cpu->env.pc, ==, NEXT);
    return m->cpu->monitor.waits;
}

static bool arm_and_wait(Machine *m, uint32_t extensions)
{
    g_assert_true(monitor(m, LINE + 8));
    return mwait(m, extensions);
}

static void test_store(void)
{
    static const struct {
        uint64_t addr;
        bool ends;
    } cases[] = {
        { LINE - 1, false }, { LINE, true },       { LINE + 8, true },
        { LINE + 63, true }, { LINE + 64, false },
    };
    Machine *m = start();

    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        g_assert_true(arm_and_wait(m, 0));
        g_assert_false(x86_has_work(m->cpu));
        machine_put(m, cases[n].addr, n + 1, 1);
        g_assert_cmpint(x86_has_work(m->cpu), ==, cases[n].ends);
    }
    machine_free(m);
}

static void test_between(void)
{
    Machine *m = start();

    g_assert_true(monitor(m, LINE));
    machine_put(m, LINE + 32, 1, 8);
    g_assert_false(mwait(m, 0));
    machine_free(m);
}

/* Nothing was armed, or once only, or before INIT. */
static void test_unarmed(void)
{
    Machine *m = start();

    g_assert_false(mwait(m, 0));
    g_assert_true(arm_and_wait(m, 0));
    g_assert_false(mwait(m, 0));
    g_assert_true(monitor(m, LINE));
    x86_cpu_reset(m->cpu, true);
    machine_protected(m, 0);
    g_assert_false(mwait(m, 0));
    machine_free(m);
}

static void test_interrupts(void)
{
    Machine *m = start();

    g_assert_true(arm_and_wait(m, 0));
    x86_set_pending(m->cpu, X86_PENDING_INTR);
    g_assert_false(x86_has_work(m->cpu)); /* IF is 0 */
    g_assert_true(arm_and_wait(m, 1));
    g_assert_true(x86_has_work(m->cpu));
    x86_clear_pending(m->cpu, X86_PENDING_INTR);
    g_assert_false(x86_has_work(m->cpu));
    g_assert_true(arm_and_wait(m, 0));
    x86_set_pending(m->cpu, X86_PENDING_NMI);
    g_assert_true(x86_has_work(m->cpu));
    machine_free(m);
}

static void test_refused(void)
{
    Machine *m = start();

    m->cpu->env.r[X86_RCX] = 1;
    g_assert_false(machine_call(m, &x86_helper_monitor, LINE, 0));
    g_assert_cmpint(m->cpu->raised, ==, EXC_GP);
    m->cpu->env.r[X86_RCX] = 2;
    g_assert_false(machine_call4(m, &x86_helper_mwait, NEXT, 0, 0, true, NULL));
    g_assert_cmpint(m->cpu->raised, ==, EXC_GP);
    machine_free(m);
}

/* A run that counts instructions goes on at once, so that it can be repeated;
 * as a single step does. */
static void test_counted(void)
{
    Machine *m = start();

    m->cpu->env.insn_limit = 1000;
    g_assert_false(arm_and_wait(m, 0));
    m->cpu->env.insn_limit = UINT64_MAX;
    g_assert_true(monitor(m, LINE));
    m->cpu->env.r[X86_RCX] = 0;
    g_assert_true(machine_call4(m, &x86_helper_mwait, NEXT, 0, 0, false, NULL));
    g_assert_false(m->cpu->monitor.waits);
    machine_free(m);
}

static void test_cpuid(void)
{
    Machine *m = start();
    uint32_t out[4];

    x86_cpuid(m->cpu, 1, 0, out);
    g_assert_true(out[2] >> 3 & 1);
    g_assert_true(m->cpu->misc_enable >> 18 & 1);
    x86_cpuid(m->cpu, 5, 0, out);
    g_assert_cmpuint(out[0], ==, 64);
    g_assert_cmpuint(out[1], ==, 64);
    g_assert_cmphex(out[2], ==, 3);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86/mwait/store", test_store);
    g_test_add_func("/x86/mwait/between", test_between);
    g_test_add_func("/x86/mwait/unarmed", test_unarmed);
    g_test_add_func("/x86/mwait/interrupts", test_interrupts);
    g_test_add_func("/x86/mwait/refused", test_refused);
    g_test_add_func("/x86/mwait/counted", test_counted);
    g_test_add_func("/x86/mwait/cpuid", test_cpuid);
    return machine_test_run();
}
