/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System management mode on the bare processor: what is saved where, what the
 * handler finds, what RSM takes and refuses, what waits meanwhile, and an SVM
 * guest that is interrupted.
 */
#include "tests/target/machine.h"

#include <urcu.h>

enum {
    BASE = 0x30000, /* after reset */
    STATE = BASE + 0xfe00,
    PC = 0x5000,
};

static void take(Machine *m)
{
    rcu_read_lock();
    while (x86_take_pending(m->cpu)) {
    }
    rcu_read_unlock();
}

static void smi(Machine *m)
{
    x86_set_pending(m->cpu, X86_PENDING_SMI);
    take(m);
}

static void rsm(Machine *m)
{
    g_assert_false(machine_call(m, &x86_helper_rsm, 0, 0));
    g_assert_cmpint(m->cpu->raised, ==, X86_RAISED_RSM);
    rcu_read_lock();
    x86_deliver_raised(m->cpu);
    rcu_read_unlock();
}

static void on_smm(void *opaque, unsigned index, bool smm)
{
    *(int *)opaque = smm;
}

static Machine *smm_new(void)
{
    Machine *m = machine_new("max");

    machine_long(m, 0);
    return m;
}

/* Offsets as in APM 2 table 10-1. */
static void test_state(void)
{
    Machine *m = smm_new();
    X86Cpu *cpu = m->cpu;
    int seen = -1;

    cpu->on_smm = on_smm;
    cpu->on_smm_opaque = &seen;
    cpu->env.r[X86_RAX] = 0x1111;
    cpu->env.r[15] = UINT64_C(0xf15f15f15f15);
    cpu->seg[X86_FS].base = UINT64_C(0xffff800000001234);
    cpu->eflags |= EFLAGS_IF | EFLAGS_DF;
    uint64_t cr0 = cpu->cr0, cr4 = cpu->cr4, efer = cpu->efer;
    uint32_t flags = x86_get_eflags(cpu);

    smi(m);
    g_assert_true(cpu->smm);
    g_assert_cmpint(seen, ==, 1);
    g_assert_cmphex(machine_get(m, STATE + 0xfc, 4), ==, 0x20064);
    g_assert_cmphex(machine_get(m, STATE + 0x100, 4), ==, BASE);
    g_assert_cmphex(machine_get(m, STATE + 0x1f8, 8), ==, 0x1111);
    g_assert_cmphex(machine_get(m, STATE + 0x180, 8), ==, cpu->env.r[15]);
    g_assert_cmphex(machine_get(m, STATE + 0x178, 8), ==, PC);
    g_assert_cmphex(machine_get(m, STATE + 0x170, 8), ==, flags);
    g_assert_cmphex(machine_get(m, STATE + 0x158, 8), ==, cr0);
    g_assert_cmphex(machine_get(m, STATE + 0x148, 8), ==, cr4);
    g_assert_cmphex(machine_get(m, STATE + 0xd0, 8), ==, efer);
    g_assert_cmphex(machine_get(m, STATE + 0x10, 2), ==, SEL_CODE64);
    g_assert_cmphex(machine_get(m, STATE + 0x48, 8), ==,
                    cpu->seg[X86_FS].base | UINT64_C(0xffff800000001234));
    g_assert_cmphex(machine_get(m, STATE + 0x68, 8), ==, MACHINE_GDT);
    g_assert_cmphex(machine_get(m, STATE + 0x64, 2), ==, 0xff);
    g_assert_cmphex(machine_get(m, STATE + 0x98, 8), ==, MACHINE_TSS);

    g_assert_cmphex(cpu->env.pc, ==, 0x8000);
    g_assert_cmphex(cpu->seg[X86_CS].base, ==, BASE);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, BASE >> 4);
    g_assert_cmphex(cpu->seg[X86_DS].limit, ==, UINT32_MAX);
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE16);
    g_assert_cmphex(cpu->cr0 & (CR0_PE | CR0_PG), ==, 0);
    g_assert_cmphex(cpu->cr4 | cpu->efer, ==, 0);
    g_assert_cmphex(x86_get_eflags(cpu), ==, 2);

    machine_put(m, STATE + 0x1f8, 0x2222, 8);
    machine_put(m, STATE + 0x100, 0x40000, 4);
    rsm(m);
    g_assert_false(cpu->smm);
    g_assert_cmpint(seen, ==, 0);
    g_assert_cmphex(cpu->env.r[X86_RAX], ==, 0x2222);
    g_assert_cmphex(cpu->env.pc, ==, PC);
    g_assert_cmphex(x86_get_eflags(cpu), ==, flags);
    g_assert_cmphex(cpu->cr0, ==, cr0);
    g_assert_cmphex(cpu->efer, ==, efer);
    g_assert_cmphex(cpu->seg[X86_FS].base, ==, UINT64_C(0xffff800000001234));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE64);
    smi(m);
    g_assert_cmphex(machine_get(m, 0x40000 + 0xff00, 4), ==, 0x40000);
    machine_free(m);
}

static void test_waits(void)
{
    Machine *m = smm_new();
    X86Cpu *cpu = m->cpu;

    g_assert_false(machine_call(m, &x86_helper_rsm, 0, 0));
    g_assert_cmpint(cpu->raised, ==, EXC_UD);
    smi(m);
    x86_set_pending(cpu, X86_PENDING_SMI | X86_PENDING_NMI | X86_PENDING_INIT);
    take(m);
    g_assert_cmphex(cpu->env.pc, ==, 0x8000);
    g_assert_false(x86_has_work(cpu));
    x86_clear_pending(cpu, X86_PENDING_NMI);
    rsm(m);
    take(m); /* another SMI is first */
    g_assert_true(cpu->smm);
    rsm(m);
    take(m);
    g_assert_false(cpu->smm);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, 0xf000);
    machine_free(m);
}

static void test_halted(void)
{
    for (unsigned restart = 0; restart < 2; restart++) {
        Machine *m = smm_new();

        m->cpu->halted = true;
        x86_set_pending(m->cpu, X86_PENDING_SMI);
        g_assert_true(x86_has_work(m->cpu));
        take(m);
        g_assert_false(m->cpu->halted);
        g_assert_cmphex(machine_get(m, STATE + 0xc9, 1), ==, 1);
        machine_put(m, STATE + 0xc9, restart, 1);
        rsm(m);
        g_assert_cmpint(m->cpu->halted, ==, restart);
        machine_free(m);
    }
}

static void test_refused(void)
{
    static const struct {
        unsigned offset;
        uint64_t val;
    } cases[] = {
        { 0x158, CR0_PG },          /* CR0: paging without protection */
        { 0x158, CR0_PE | CR0_NW }, /* NW without CD */
        { 0x158, UINT64_C(1) << 40 },
        { 0x148, UINT64_C(1) << 13 }, /* CR4: VMXE */
        { 0x148, 0 },                 /* long mode without PAE */
        { 0x150, UINT64_C(1) << 60 }, /* CR3 */
        { 0xd0, 2 },                  /* EFER */
        { 0x160, UINT64_C(1) << 32 }, /* DR7 */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Machine *m = smm_new();

        smi(m);
        machine_put(m, STATE + cases[i].offset, cases[i].val, 8);
        rsm(m);
        g_assert_true(m->cpu->shutdown);
        g_assert_cmpuint(m->shutdowns, ==, 1);
        machine_free(m);
    }
}

/* Handlers are no guest's; RSM goes back to it. A reset does not. */
static void test_svm_guest(void)
{
    Machine *m = smm_new();
    X86Cpu *cpu = m->cpu;

    cpu->efer |= EFER_SVME;
    cpu->svm.guest = cpu->svm.nested = true; /* as VMRUN leaves it */
    cpu->svm.host.cr4 = cpu->cr4;
    cpu->svm.host.efer = cpu->efer;
    cpu->svm.nested_cr3 = cpu->cr3;
    x86_update_key(cpu);
    smi(m);
    g_assert_false(cpu->svm.guest || cpu->key.svm);
    g_assert_cmphex(machine_get(m, STATE + 0xd8, 8), ==, 1);
    rsm(m);
    g_assert_true(cpu->svm.guest && cpu->key.svm);
    smi(m);
    x86_cpu_reset(cpu, false);
    g_assert_false(cpu->smm || cpu->svm.guest || cpu->svm.in_smm);
    g_assert_cmphex(cpu->smbase, ==, BASE);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smm/state", test_state);
    g_test_add_func("/smm/waits", test_waits);
    g_test_add_func("/smm/halted", test_halted);
    g_test_add_func("/smm/refused", test_refused);
    g_test_add_func("/smm/svm-guest", test_svm_guest);
    return machine_test_run();
}
