/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exception delivery: the frame byte for byte in each mode, and what becomes of
 * faults on the way. Expected frames are written out by hand from SDM 3A 6.12,
 * 6.14 and 20.1.4.
 */
#include "target/x86/mce.h"
#include "tests/target/machine.h"

#include <string.h>

static void raise_now(Machine *m, int vector, int64_t error)
{
    X86Cpu *cpu = m->cpu;

    cpu->raised = vector;
    cpu->raised_has_error = error >= 0;
    cpu->raised_error = error;
    cpu->raised_soft = false;
    x86_deliver_raised(cpu);
}

static void soft_int(Machine *m, int vector)
{
    X86Cpu *cpu = m->cpu;

    cpu->raised = vector;
    cpu->raised_has_error = false;
    cpu->raised_soft = true;
    cpu->raised_next_pc = cpu->env.pc + 2;
    x86_deliver_raised(cpu);
}

static void gate32(Machine *m, unsigned vector, uint16_t selector,
                   uint32_t offset, unsigned access)
{
    machine_put(m, MACHINE_IDT + vector * 8,
                (offset & 0xffff) | (uint64_t)selector << 16 |
                    (uint64_t)access << 40 | (uint64_t)(offset >> 16) << 48,
                8);
}

static void gate64(Machine *m, unsigned vector, uint16_t selector,
                   uint64_t offset, unsigned access, unsigned ist)
{
    machine_put(m, MACHINE_IDT + vector * 16,
                (offset & 0xffff) | (uint64_t)selector << 16 |
                    (uint64_t)ist << 32 | (uint64_t)access << 40 |
                    (offset >> 16 & 0xffff) << 48,
                8);
    machine_put(m, MACHINE_IDT + vector * 16 + 8, offset >> 32, 8);
}

/* The words on top of the stack, from the lowest address. */
static void check_frame(Machine *m, uint64_t sp, unsigned size,
                        const uint64_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmphex(machine_get(m, sp + i * size, size), ==, words[i]);
    }
}

static void test_real(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    cpu->idt.limit = 0x3ff;
    machine_put(m, 0x21 * 4, 0x12345678, 4);
    cpu->seg[X86_CS].selector = 0x700;
    cpu->seg[X86_CS].base = 0x7000;
    cpu->seg[X86_SS].selector = 0x900;
    cpu->seg[X86_SS].base = 0x9000;
    cpu->env.r[X86_RSP] = 0xabcd0100;
    cpu->env.pc = 0x10;
    x86_set_eflags(cpu, EFLAGS_IF | EFLAGS_CF | EFLAGS_TF, UINT32_MAX);
    soft_int(m, 0x21);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, 0x1234);
    g_assert_cmphex(cpu->seg[X86_CS].base, ==, 0x12340);
    g_assert_cmphex(cpu->env.pc, ==, 0x5678);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0xabcd00fa);
    check_frame(m, 0x90fa, 2, (uint64_t[]){ 0x12, 0x700, 0x303 }, 3);
    g_assert_cmphex(x86_get_eflags(cpu), ==, 3);
    machine_free(m);
}

static void test_protected_same(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 0);
    gate32(m, 14, SEL_CODE32, 0x12345678, 0x8e);
    x86_set_eflags(cpu, EFLAGS_IF | EFLAGS_ZF, UINT32_MAX);
    raise_now(m, EXC_PF, 6);
    g_assert_cmphex(cpu->env.pc, ==, 0x12345678);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0 - 16);
    check_frame(m, MACHINE_STACK0 - 16, 4,
                (uint64_t[]){ 6, 0x5000, SEL_CODE32, 0x10242 }, 4);
    g_assert_cmphex(x86_get_eflags(cpu), ==, EFLAGS_ZF | 2);
    machine_free(m);
}

static void test_protected_inner(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 3);
    gate32(m, 0x80, SEL_CODE32, 0x6000, 0xef); /* trap gate, DPL 3 */
    x86_set_eflags(cpu, EFLAGS_IF, UINT32_MAX);
    soft_int(m, 0x80);
    g_assert_cmpuint(x86_cpl(cpu), ==, 0);
    g_assert_cmphex(cpu->seg[X86_SS].selector, ==, SEL_DATA);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0 - 20);
    check_frame(m, MACHINE_STACK0 - 20, 4,
                (uint64_t[]){ 0x5002, SEL_CODE32_USER, 0x202, MACHINE_STACK3,
                              SEL_DATA_USER },
                5);
    g_assert_true(cpu->eflags & EFLAGS_IF);

    /* DPL 0: #GP(vector * 8 + IDT) from the instruction itself. */
    machine_protected(m, 3);
    gate32(m, 0x80, SEL_CODE32, 0x6000, 0x8e);
    gate32(m, 13, SEL_CODE32, 0x7000, 0x8e);
    soft_int(m, 0x80);
    g_assert_cmphex(cpu->env.pc, ==, 0x7000);
    check_frame(m, MACHINE_STACK0 - 24, 4,
                (uint64_t[]){ 0x402, 0x5000, SEL_CODE32_USER }, 3);
    machine_free(m);
}

static void test_long(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_long(m, 3);
    gate64(m, 13, SEL_CODE64, UINT64_C(0x00007fff12345678), 0x8e, 0);
    cpu->env.r[X86_RSP] = MACHINE_STACK3 + 5;
    machine_put(m, MACHINE_TSS + 4, MACHINE_STACK0 + 8, 8);
    x86_set_eflags(cpu, EFLAGS_IF, UINT32_MAX);
    raise_now(m, EXC_GP, 0x18);
    g_assert_cmphex(cpu->env.pc, ==, UINT64_C(0x00007fff12345678));
    g_assert_cmphex(cpu->seg[X86_SS].selector, ==, 0);
    g_assert_cmpuint(x86_cpl(cpu), ==, 0);
    /* aligned down to 16 */
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0 - 48);
    check_frame(m, MACHINE_STACK0 - 48, 8,
                (uint64_t[]){ 0x18, 0x5000, SEL_CODE64_USER, 0x10202,
                              MACHINE_STACK3 + 5, SEL_DATA_USER },
                6);

    /* IST 2 at the same level */
    machine_long(m, 0);
    gate64(m, 2, SEL_CODE64, 0x6000, 0x8e, 2);
    machine_put(m, MACHINE_TSS + 0x2c, 0xc000, 8);
    x86_set_pending(cpu, X86_PENDING_NMI);
    g_assert_true(x86_take_pending(cpu));
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0xc000 - 40);
    g_assert_true(cpu->nmi_blocked);
    check_frame(m, 0xc000 - 40, 8,
                (uint64_t[]){ 0x5000, SEL_CODE64, 2, MACHINE_STACK0, SEL_DATA },
                5);
    g_assert_true(machine_call(m, &x86_helper_iret, 8, 0));
    g_assert_cmphex(cpu->env.pc, ==, 0x5000);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0);
    g_assert_cmphex(cpu->seg[X86_SS].selector, ==, SEL_DATA);
    g_assert_false(cpu->nmi_blocked);
    machine_free(m);
}

/* An address that is not canonical is #SS if the stack, or SS, is what the
 * instruction uses. */
static void test_not_canonical(void)
{
    static const struct {
        uint8_t code[5];
        uint64_t handler;
    } cases[] = {
        { { 0x8b, 0x00 }, 0x13000 },                   /* mov eax, [rax] */
        { { 0x8b, 0x45, 0x00 }, 0x12000 },             /* mov eax, [rbp] */
        { { 0x8b, 0x04, 0x24 }, 0x12000 },             /* mov eax, [rsp] */
        { { 0x64, 0x8b, 0x45, 0x00 }, 0x13000 },       /* mov eax, fs:[rbp] */
        { { 0x50 }, 0x12000 },                         /* push rax */
        { { 0xc3 }, 0x12000 },                         /* ret */
        { { 0x48, 0x8d, 0x45, 0x00, 0xc3 }, 0x13000 }, /* lea: no access */
    };
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        machine_long(m, 0);
        gate64(m, 12, SEL_CODE64, 0x12000, 0x8e, 0);
        gate64(m, 13, SEL_CODE64, 0x13000, 0x8e, 0);
        memcpy(machine_ram(m, 0x5000), cases[n].code, sizeof(cases[n].code));
        cpu->raised_not_canonical = true;
        raise_now(m, EXC_GP, 0);
        g_assert_cmphex(cpu->env.pc, ==, cases[n].handler);
    }
    /* The frame's own place */
    machine_long(m, 0);
    gate64(m, 3, SEL_CODE64, 0x3000, 0x8e, 0);
    cpu->env.r[X86_RSP] = UINT64_C(1) << 63;
    soft_int(m, 3);
    g_assert_true(cpu->shutdown);
    machine_free(m);
}

/* A machine-check error: in its bank, and by #MC if the guest wants to know. */
static void test_machine_check(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;
    uint64_t *bank = &cpu->mc_bank[4 * 2];
    const uint64_t valid = UINT64_C(1) << 63, over = UINT64_C(1) << 62,
                   uncorrected = UINT64_C(1) << 61;
    X86MachineCheck e = {
        .bank = 2, .status = valid | 0x151, .addr = 0x1234, .misc = 7
    };

    machine_long(m, 0);
    gate64(m, EXC_MC, SEL_CODE64, 0x18000, 0x8e, 0);
    g_assert_null(x86_machine_check(cpu, &e)); /* corrected: no exception */
    g_assert_cmphex(bank[1], ==, e.status);
    g_assert_cmphex(bank[2], ==, 0x1234);
    g_assert_false(x86_has_work(cpu));
    g_assert_null(x86_machine_check(cpu, &e));
    g_assert_cmphex(bank[1], ==, e.status | over);

    e.status = valid | uncorrected | 1;
    e.mcg_status = 5;
    bank[1] = 0;
    g_assert_nonnull(x86_machine_check(cpu, &e)); /* MCG_CTL */
    cpu->mcg_ctl = UINT64_MAX;
    g_assert_nonnull(x86_machine_check(cpu, &e)); /* the bank's */
    g_assert_cmphex(bank[1], ==, 0);
    bank[0] = UINT64_MAX;
    cpu->cr4 |= CR4_MCE;
    g_assert_null(x86_machine_check(cpu, &e));
    g_assert_true(x86_has_work(cpu));
    g_assert_true(x86_take_pending(cpu));
    g_assert_cmphex(cpu->env.pc, ==, 0x18000);
    g_assert_cmphex(bank[1], ==, e.status);
    g_assert_cmphex(cpu->mcg_status, ==, 5);
    g_assert_false(x86_has_work(cpu));
    /* What was not corrected stays. */
    e.status = valid;
    g_assert_null(x86_machine_check(cpu, &e));
    g_assert_cmphex(bank[1], ==, (valid | uncorrected | 1) | over);
    /* A second one before the first was dealt with: shutdown. */
    e.status = valid | uncorrected;
    g_assert_null(x86_machine_check(cpu, &e));
    g_assert_true(cpu->shutdown);
    e.bank = 10;
    g_assert_nonnull(x86_machine_check(cpu, &e));
    machine_free(m);
}

/* SDM 3A table 6-5, by what the IDT lets through. */
static void test_double_fault(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 0);
    gate32(m, 8, SEL_CODE32, 0x8888, 0x8e);
    raise_now(m, EXC_GP, 0); /* gate 13 is empty: #GP while delivering #GP */
    g_assert_cmphex(cpu->env.pc, ==, 0x8888);
    check_frame(m, MACHINE_STACK0 - 16, 4,
                (uint64_t[]){ 0, 0x5000, SEL_CODE32 }, 3);

    /* Benign first: the second is delivered, with EXT. */
    machine_protected(m, 0);
    gate32(m, 13, SEL_CODE32, 0x1313, 0x8e);
    raise_now(m, EXC_UD, -1);
    g_assert_cmphex(cpu->env.pc, ==, 0x1313);
    check_frame(m, MACHINE_STACK0 - 16, 4,
                (uint64_t[]){ EXC_UD * 8 + 2 + 1, 0x5000 }, 2);

    /* Nothing there: shutdown. */
    machine_protected(m, 0);
    cpu->idt.limit = 0;
    raise_now(m, EXC_UD, -1);
    g_assert_true(cpu->shutdown);
    g_assert_cmpuint(m->shutdowns, ==, 1);
    g_assert_cmphex(cpu->env.pc, ==, 0x5000);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exception/real", test_real);
    g_test_add_func("/exception/protected/same", test_protected_same);
    g_test_add_func("/exception/protected/inner", test_protected_inner);
    g_test_add_func("/exception/long", test_long);
    g_test_add_func("/exception/not-canonical", test_not_canonical);
    g_test_add_func("/exception/machine-check", test_machine_check);
    g_test_add_func("/exception/double", test_double_fault);
    return machine_test_run();
}
