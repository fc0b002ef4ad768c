/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control and debug registers, EFLAGS instructions, ports, task switches, and
 * the saved state.
 */
#include "tests/target/machine.h"

#include <string.h>

static void expect(Machine *m, X86Vector vector, int64_t error)
{
    g_assert_cmpint(m->cpu->raised, ==, vector);
    if (error >= 0) {
        g_assert_cmphex(m->cpu->raised_error, ==, error);
    }
}

/* ---- control registers -----------------------------------------------------
 */

static void test_write_cr(void)
{
    static const struct {
        bool lm;
        unsigned n;
        uint64_t val;
        bool ok;
    } cases[] = {
        { false, 0, CR0_PE | CR0_WP, true },
        { false, 0, CR0_PG, false },          /* without PE */
        { false, 0, CR0_PE | CR0_NW, false }, /* without CD */
        { false, 0, UINT64_C(1) << 32 | CR0_PE, false },
        { true, 0, CR0_PE, false },  /* 64-bit code cannot leave paging */
        { true, 4, CR4_PGE, false }, /* nor PAE */
        { true, 4, CR4_PAE | CR4_SMEP | CR4_SMAP, true },
        { true, 4, CR4_PAE | CR4_LA57, false }, /* not offered */
        { true, 4, CR4_PAE | 1u << 13, false }, /* VMXE */
        { true, 4, CR4_PAE | CR4_PCIDE, true },
        { false, 4, CR4_PCIDE, false }, /* long mode only */
        { true, 3, UINT64_C(1) << 45, false },
        { true, 3, UINT64_C(1) << 63, false }, /* without PCIDE */
        { true, 8, 15, true },
        { true, 8, 16, false },
        { true, 1, 0, false },
        { true, 5, 0, false },
    };
    Machine *m = machine_new("max");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t back;

        if (cases[i].lm) {
            machine_long(m, 0);
        } else {
            m->cpu->efer = m->cpu->cr4 = 0;
            machine_protected(m, 0);
        }
        bool ok =
            machine_call(m, &x86_helper_write_cr, cases[i].n, cases[i].val);
        g_assert_cmpint(ok, ==, cases[i].ok);
        if (ok) {
            g_assert_true(machine_call4(m, &x86_helper_read_cr, cases[i].n, 0,
                                        0, 0, &back));
            g_assert_cmphex(back, ==, cases[i].val | (cases[i].n ? 0 : CR0_ET));
        } else if (cases[i].n != 1 && cases[i].n != 5) {
            expect(m, EXC_GP, 0);
        } else {
            expect(m, EXC_UD, -1);
        }
    }
    machine_free(m);
}

/* SDM 3A 9.8.5: the way into long mode and out. */
static void test_long_mode(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_long(m, 0); /* for the tables */
    cpu->efer = EFER_LME;
    cpu->cr4 = 0;
    machine_protected(m, 0);
    g_assert_false(
        machine_call(m, &x86_helper_write_cr, 0, CR0_PE | CR0_PG)); /* PAE */
    expect(m, EXC_GP, 0);
    g_assert_true(machine_call(m, &x86_helper_write_cr, 4, CR4_PAE));
    g_assert_true(machine_call(m, &x86_helper_write_cr, 0, CR0_PE | CR0_PG));
    g_assert_true(cpu->efer & EFER_LMA);
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE32);
    g_assert_cmpuint(cpu->key.mode, ==, X86_MODE_KERNEL_USER);
    g_assert_true(
        machine_call4(m, &x86_helper_far_jump, SEL_CODE64, 0x6000, 4, 0, NULL));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE64);
    g_assert_true(cpu->key.flat);
    g_assert_true(
        machine_call4(m, &x86_helper_far_jump, SEL_CODE32, 0x6000, 8, 0, NULL));
    g_assert_true(machine_call(m, &x86_helper_write_cr, 0, CR0_PE));
    g_assert_false(cpu->efer & EFER_LMA);
    machine_free(m);
}

/* PAE paging keeps four registers; bad ones are refused when loaded. */
static void test_pdptes(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 0);
    cpu->cr4 = CR4_PAE;
    cpu->cr3 = 0x9020;
    machine_put(m, 0x9020, 0xa001, 8);
    machine_put(m, 0x9028, 0xb001, 8);
    g_assert_true(machine_call(m, &x86_helper_write_cr, 0, CR0_PE | CR0_PG));
    g_assert_cmphex(cpu->pdpte[0], ==, 0xa001);
    machine_put(m, 0x9028, 0xb003, 8); /* R/W is reserved there */
    g_assert_cmphex(cpu->pdpte[1], ==, 0xb001);
    g_assert_false(machine_call(m, &x86_helper_write_cr, 3, 0x9020));
    expect(m, EXC_GP, 0);
    g_assert_cmphex(cpu->pdpte[1], ==, 0xb001);
    machine_free(m);
}

static void test_smap_key(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_long(m, 0);
    g_assert_cmpuint(cpu->env.mode, ==, X86_MODE_KERNEL_USER);
    g_assert_true(machine_call(m, &x86_helper_write_cr, 4, CR4_PAE | CR4_SMAP));
    g_assert_cmpuint(cpu->env.mode, ==, X86_MODE_KERNEL);
    machine_call(m, &x86_helper_set_ac, 1, 0);
    g_assert_cmpuint(cpu->env.mode, ==, X86_MODE_KERNEL_USER);
    machine_call(m, &x86_helper_set_ac, 0, 0);
    g_assert_cmpuint(cpu->env.mode, ==, X86_MODE_KERNEL);
    machine_free(m);
}

/* SDM 2A INVPCID: what each type refuses, and what it flushes. */
static void test_invpcid(void)
{
    static const struct {
        uint64_t type, pcid, addr;
        bool pcide, ok;
    } cases[] = {
        { 0, 0, 0x1000, false, true },
        { 0, 5, 0x1000, false, false }, /* CR4.PCIDE clear: PCID 0 only */
        { 0, 5, 0x1000, true, true },
        { 0, 5, UINT64_C(1) << 60, true, false }, /* not canonical */
        { 1, 5, UINT64_C(1) << 60, true, true },
        { 1, 0x1000, 0, true, false }, /* reserved bits */
        { 2, 5, 0, false, true },
        { 3, 0x1000, 0, true, false },
        { 3, 0, 0, true, true },
        { 4, 0, 0, true, false },
    };
    Machine *m = machine_new("max");

    machine_long(m, 0);
    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        m->cpu->cr4 = CR4_PAE | (cases[n].pcide ? CR4_PCIDE : 0);
        bool ok = machine_call4(m, &x86_helper_invpcid, cases[n].type,
                                cases[n].pcid, cases[n].addr, 0, NULL);
        g_assert_cmpint(ok, ==, cases[n].ok);
        if (!ok) {
            expect(m, EXC_GP, 0);
        }
    }
    machine_free(m);
}

/* MWAIT gives way, and goes on. */
static void test_mwait(void)
{
    Machine *m = machine_new("max");

    machine_long(m, 0);
    m->cpu->env.r[X86_RCX] = 1;
    g_assert_true(machine_call(m, &x86_helper_mwait, 0x5003, 0));
    g_assert_cmphex(m->cpu->env.pc, ==, 0x5003);
    g_assert_true(m->cpu->yield);
    g_assert_false(m->cpu->halted);
    m->cpu->env.r[X86_RCX] = 2;
    g_assert_false(machine_call(m, &x86_helper_mwait, 0x5003, 0));
    expect(m, EXC_GP, 0);
    machine_free(m);
}

static uint32_t hits(Machine *m)
{
    uint32_t bits = m->cpu->debug_hits;

    m->cpu->debug_hits = 0;
    return bits;
}

/* Data and ports: DR0 four bytes written, DR1 eight bytes, DR2 a port, DR3
 * disarmed. The trap is raised before the next instruction. */
static void test_watch(Machine *m)
{
    X86Cpu *cpu = m->cpu;
    uint64_t dr7 = 1 << 0 | 1 << 2 | 1 << 4;

    cpu->dr[0] = 0x7004;
    cpu->dr[1] = 0x700f; /* counts as 7008h */
    cpu->dr[2] = 0x3f8;
    cpu->dr[3] = 0x7000;
    dr7 |= UINT64_C(0xf6bd) << 16; /* R/W and LEN of each */
    g_assert_true(machine_call(m, &x86_helper_write_dr, 7, dr7));
    g_assert_true(x86_watch(cpu, 0x7000, 4, true));
    g_assert_cmphex(hits(m), ==, 0);
    g_assert_true(x86_watch(cpu, 0x7003, 2, true));
    g_assert_cmphex(hits(m), ==, 1);
    g_assert_true(x86_watch(cpu, 0x7004, 4, false));
    g_assert_cmphex(hits(m), ==, 0);
    g_assert_true(x86_watch(cpu, 0x7007, 16, true));
    g_assert_cmphex(hits(m), ==, 3);
    g_assert_true(x86_watch(cpu, 0x700f, 1, false));
    g_assert_cmphex(hits(m), ==, 2);
    g_assert_false(x86_watch(cpu, 0x8000, 8, true));
    x86_watch_port(cpu, 0x3f7, 2);
    g_assert_cmphex(hits(m), ==, 4);
    x86_watch_port(cpu, 0x3fa, 1);
    g_assert_cmphex(hits(m), ==, 0);

    cpu->dr[6] = 0xffff0ff0;
    x86_watch(cpu, 0x7004, 1, true);
    g_assert_false(machine_call(m, &x86_helper_breakpoints, 0, 0));
    expect(m, EXC_DB, -1);
    g_assert_cmphex(cpu->dr[6] & 15, ==, 1);
    g_assert_cmphex(hits(m), ==, 0);
    cpu->raised = -1;
}

static void test_debug(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;
    uint64_t val;

    machine_long(m, 0);
    g_assert_true(machine_call4(m, &x86_helper_read_dr, 6, 0, 0, 0, &val));
    g_assert_cmphex(val, ==, 0xffff0ff0);
    g_assert_true(machine_call(m, &x86_helper_write_dr, 7, 0));
    g_assert_cmphex(cpu->dr[7], ==, 0x400);
    g_assert_false(machine_call(m, &x86_helper_write_dr, 7, UINT64_C(1) << 32));
    expect(m, EXC_GP, 0);
    g_assert_true(machine_call4(m, &x86_helper_read_dr, 4, 0, 0, 0, &val));
    cpu->cr4 |= CR4_DE;
    g_assert_false(machine_call(m, &x86_helper_read_dr, 4, 0));
    expect(m, EXC_UD, -1);

    /* A code breakpoint: once, then RF lets it pass. */
    g_assert_true(machine_call(m, &x86_helper_write_dr, 0, 0x5000));
    g_assert_true(machine_call(m, &x86_helper_write_dr, 7, 1));
    g_assert_true(cpu->key.dr7);
    g_assert_false(machine_call(m, &x86_helper_breakpoints, 0, 0));
    expect(m, EXC_DB, -1);
    g_assert_cmphex(cpu->dr[6] & 15, ==, 1);
    cpu->eflags |= EFLAGS_RF;
    g_assert_true(machine_call(m, &x86_helper_breakpoints, 0, 0));
    g_assert_false(cpu->eflags & EFLAGS_RF);
    /* MOV SS holds it back. */
    cpu->inhibit = X86_INHIBIT_SS;
    g_assert_true(machine_call(m, &x86_helper_breakpoints, 0, 0));
    cpu->inhibit = X86_INHIBIT_STI;
    g_assert_false(machine_call(m, &x86_helper_breakpoints, 0, 0));
    cpu->inhibit = 0;
    test_watch(m);
    /* Under BTF only branches trap. */
    cpu->raised = -1;
    g_assert_true(machine_call(m, &x86_helper_single_step, 0x5002, 0x5002));
    expect(m, EXC_DB, -1);
    cpu->env.r[X86_RCX] = 0x1d9;
    cpu->env.r[X86_RAX] = DEBUGCTL_BTF;
    cpu->env.r[X86_RDX] = 0;
    g_assert_true(machine_call(m, &x86_helper_wrmsr, 0, 0));
    g_assert_true(machine_call(m, &x86_helper_single_step, 0x5002, 0x5002));
    g_assert_cmpint(cpu->raised, ==, -1);
    g_assert_cmphex(cpu->env.pc, ==, 0x5002);
    g_assert_true(machine_call(m, &x86_helper_single_step, 0x6000, 0x5002));
    expect(m, EXC_DB, -1);
    /* General detect */
    g_assert_true(machine_call(m, &x86_helper_write_dr, 7, 1 << 13));
    g_assert_false(machine_call(m, &x86_helper_read_dr, 0, 0));
    expect(m, EXC_DB, -1);
    g_assert_true(cpu->dr[6] & 1 << 13);
    machine_free(m);
}

/* ---- EFLAGS and ports
 * --------------------------------------------------------- */

static void test_popf(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 3);
    x86_set_eflags(cpu, 0, UINT32_MAX);
    g_assert_true(machine_call(m, &x86_helper_popf, UINT32_MAX, 4));
    g_assert_cmphex(x86_get_eflags(cpu), ==, 0x244dd7);
    g_assert_false(machine_call(m, &x86_helper_cli, 0, 0));
    expect(m, EXC_GP, 0);
    machine_protected(m, 0);
    x86_set_eflags(cpu, 0, UINT32_MAX);
    g_assert_true(machine_call(m, &x86_helper_popf, UINT32_MAX, 2));
    g_assert_cmphex(x86_get_eflags(cpu), ==, 0x7fd7);
    /* STI wakes what waits, after the shadow. */
    x86_set_eflags(cpu, 0, UINT32_MAX);
    cpu->env.exit_request = 0;
    x86_set_pending(cpu, X86_PENDING_INTR);
    g_assert_true(machine_call(m, &x86_helper_sti, 1, 0));
    g_assert_cmpuint(cpu->env.exit_request, ==, 1);
    g_assert_cmpuint(cpu->inhibit, ==, 1);
    machine_free(m);
}

static void test_io_bitmap(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 3);
    machine_put(m, MACHINE_TSS + 104, 0, 8); /* ports 0..63 are free */
    machine_put(m, MACHINE_TSS + 112, UINT64_MAX, 8);
    g_assert_true(machine_call(m, &x86_helper_check_io, 0x3c, 4));
    g_assert_false(machine_call(m, &x86_helper_check_io, 0x3d, 4));
    expect(m, EXC_GP, 0);
    g_assert_true(machine_call(m, &x86_helper_check_io, 0x3f, 1));
    g_assert_false(machine_call(m, &x86_helper_check_io, 0x40, 1));
    /* beyond the limit */
    cpu->tr.limit = 104 + 7;
    g_assert_false(machine_call(m, &x86_helper_check_io, 0x3f, 1));
    g_assert_true(machine_call(m, &x86_helper_check_io, 0x37, 1));
    machine_free(m);
}

static void test_ports(void)
{
    Machine *m = machine_new("max");
    uint64_t val;

    g_assert_true(machine_call4(m, &x86_helper_in, 0x1234, 2, 0, 0, &val));
    g_assert_cmphex(val, ==, 0xffff);
    g_assert_true(machine_call4(m, &x86_helper_out, 0x1234, 1, 5, 0, NULL));
    machine_free(m);
}

/* ---- tasks
 * ----------------------------------------------------------------------- */

#define TSS2 0x4000
enum { SEL_TSS2 = SEL_FREE, SEL_GATE = SEL_FREE + 8, SEL_TSS16 = SEL_GATE + 8 };

static void task_prepare(Machine *m)
{
    machine_protected(m, 0);
    memset(machine_ram(m, TSS2), 0, 0x100);
    machine_put(m, MACHINE_GDT + SEL_TSS2, machine_segment(TSS2, 0x67, 0x89, 0),
                8);
    machine_put(m, MACHINE_GDT + SEL_GATE,
                (uint64_t)SEL_TSS2 << 16 | UINT64_C(0xe5) << 40, 8);
    machine_put(m, TSS2 + 0x20, 0x6000, 4);
    machine_put(m, TSS2 + 0x24, EFLAGS_IF | EFLAGS_CF | 2, 4);
    for (unsigned i = 0; i < 8; i++) {
        machine_put(m, TSS2 + 0x28 + 4 * i, 0x11110000 + i, 4);
    }
    static const uint16_t segs[] = { SEL_DATA, SEL_CODE32, SEL_DATA,
                                     SEL_DATA, SEL_DATA,   0 };
    for (unsigned i = 0; i < 6; i++) {
        machine_put(m, TSS2 + 0x48 + 4 * i, segs[i], 4);
    }
    x86_set_eflags(m->cpu, EFLAGS_ZF, UINT32_MAX);
}

static unsigned task_busy(Machine *m, uint16_t selector)
{
    return machine_get(m, MACHINE_GDT + selector + 5, 1) >> 1 & 1;
}

static void test_task(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    task_prepare(m);
    g_assert_true(
        machine_call4(m, &x86_helper_far_call, SEL_GATE, 0, 4, 0x5007, NULL));
    g_assert_cmphex(cpu->env.pc, ==, 0x6000);
    g_assert_cmphex(cpu->env.r[X86_RDI], ==, 0x11110007);
    g_assert_cmphex(cpu->tr.selector, ==, SEL_TSS2);
    g_assert_cmphex(x86_get_eflags(cpu), ==,
                    EFLAGS_NT | EFLAGS_IF | EFLAGS_CF | 2);
    g_assert_true(cpu->cr0 & CR0_TS);
    g_assert_cmpuint(task_busy(m, SEL_TSS2), ==, 1);
    g_assert_cmpuint(task_busy(m, SEL_TSS), ==, 1); /* nested */
    g_assert_cmphex(machine_get(m, TSS2, 2), ==, SEL_TSS);
    g_assert_cmphex(machine_get(m, MACHINE_TSS + 0x20, 4), ==, 0x5007);
    g_assert_cmphex(machine_get(m, MACHINE_TSS + 0x38, 4), ==, MACHINE_STACK0);

    /* And back: IRET with NT. The outgoing task goes on behind it. */
    machine_put(m, 0x6000, 0xcf66, 2);
    g_assert_true(machine_call(m, &x86_helper_iret, 4, 0));
    g_assert_cmphex(cpu->env.pc, ==, 0x5007);
    g_assert_cmphex(cpu->tr.selector, ==, SEL_TSS);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0);
    g_assert_cmpuint(task_busy(m, SEL_TSS2), ==, 0);
    g_assert_cmphex(machine_get(m, TSS2 + 0x20, 4), ==, 0x6002);
    g_assert_false(machine_get(m, TSS2 + 0x24, 4) & EFLAGS_NT);
    g_assert_cmphex(x86_get_eflags(cpu), ==, EFLAGS_ZF | 2);

    /* A jump does not nest. */
    g_assert_true(
        machine_call4(m, &x86_helper_far_jump, SEL_TSS2, 0, 4, 0x5009, NULL));
    g_assert_cmpuint(task_busy(m, SEL_TSS), ==, 0);
    g_assert_false(cpu->eflags & EFLAGS_NT);
    /* A busy task cannot be entered. */
    g_assert_false(
        machine_call4(m, &x86_helper_far_jump, SEL_TSS2, 0, 4, 0, NULL));
    expect(m, EXC_GP, SEL_TSS2);
    machine_free(m);
}

/* An exception through a task gate: the error code is on the new stack. */
static void test_task_exception(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    task_prepare(m);
    machine_put(m, MACHINE_IDT + 8 * 8,
                (uint64_t)SEL_TSS2 << 16 | UINT64_C(0x85) << 40, 8);
    machine_put(m, TSS2 + 0x38, 0xc000, 4); /* ESP */
    cpu->raised = EXC_DF;
    cpu->raised_has_error = true;
    cpu->raised_error = 0;
    x86_deliver_raised(cpu);
    g_assert_false(cpu->shutdown);
    g_assert_cmphex(cpu->env.pc, ==, 0x6000);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0xbffc);
    g_assert_cmphex(machine_get(m, 0xbffc, 4), ==, 0);
    machine_free(m);
}

/* What is wrong with the new task's segments is its own fault. */
static void test_task_faults(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    task_prepare(m);
    machine_put(m, TSS2 + 0x50, SEL_CODE32, 4); /* SS */
    g_assert_false(
        machine_call4(m, &x86_helper_far_jump, SEL_TSS2, 0, 4, 0, NULL));
    expect(m, EXC_TS, SEL_CODE32);
    g_assert_cmphex(cpu->env.pc, ==, 0x6000);
    g_assert_cmphex(cpu->tr.selector, ==, SEL_TSS2);

    task_prepare(m);
    machine_put(m, MACHINE_GDT + SEL_TSS2, machine_segment(TSS2, 0x66, 0x89, 0),
                8);
    g_assert_false(
        machine_call4(m, &x86_helper_far_jump, SEL_TSS2, 0, 4, 0, NULL));
    expect(m, EXC_TS, SEL_TSS2);
    g_assert_cmphex(cpu->env.pc, ==, 0x5000);
    machine_free(m);
}

/* ---- state
 * ------------------------------------------------------------------------- */

static void test_reset(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    g_assert_cmphex(cpu->seg[X86_CS].base + cpu->env.pc, ==, 0xfffffff0);
    g_assert_cmphex(cpu->cr0, ==, 0x60000010);
    g_assert_cmphex(x86_get_eflags(cpu), ==, 2);
    g_assert_cmphex(cpu->apic_base, ==, 0xfee00900);
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE16);
    g_assert_cmpuint(cpu->key.mode, ==, X86_MODE_PHYS);
    cpu->lstar = 5;
    cpu->cr0 &= ~(uint64_t)CR0_CD;
    x86_cpu_reset(cpu, true);
    g_assert_cmphex(cpu->lstar, ==, 5); /* INIT leaves MSRs alone */
    g_assert_cmphex(cpu->cr0, ==, 0x20000010);
    x86_cpu_reset(cpu, false);
    g_assert_cmphex(cpu->lstar, ==, 0);
    machine_free(m);
}

static void test_round_trip(void)
{
    Machine *m = machine_new("max"), *n = machine_new("max");
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) second = g_byte_array_new();
    GError *err = NULL;
    size_t pos = 0;

    machine_long(m, 3);
    for (unsigned i = 0; i < 16; i++) {
        m->cpu->env.r[i] = UINT64_C(0x0123456789abcdef) * (i + 1);
        m->cpu->fpu.xmm[i].q[1] = i * 77;
    }
    m->cpu->env.flags = x86_flags_pack(EFLAGS_CF | EFLAGS_OF);
    m->cpu->mc_bank[39] = 3;
    m->cpu->lstar = UINT64_C(0xffffffff81000000);
    state_save(x86_cpu_state, m->cpu, first);
    g_assert_true(
        state_load(x86_cpu_state, n->cpu, first->data, first->len, &pos, &err));
    g_assert_no_error(err);
    g_assert_cmpuint(pos, ==, first->len);
    g_assert_true(x86_cpu_loaded(n->cpu, &err));
    g_assert_no_error(err);
    g_assert_cmphex(n->cpu->key.bits, ==, m->cpu->key.bits);
    x86_clear_pending(n->cpu, UINT32_MAX);
    state_save(x86_cpu_state, n->cpu, second);
    g_assert_cmpmem(first->data, first->len, second->data, second->len);

    g_byte_array_set_size(first, 0);
    state_save(x86_apic_state, m->cpu->apic, first);
    pos = 0;
    g_assert_true(state_load(x86_apic_state, n->cpu->apic, first->data,
                             first->len, &pos, &err));
    /* A state no guest can reach is refused. */
    n->cpu->cr4 |= 1u << 13;
    g_assert_false(x86_cpu_loaded(n->cpu, &err));
    g_assert_nonnull(err);
    g_clear_error(&err);
    machine_free(n);
    machine_free(m);
}

static void test_print(void)
{
    Machine *m = machine_new("max");
    g_autoptr(GString) out = g_string_new(NULL);

    x86_cpu_print(m->cpu, out);
    g_assert_nonnull(strstr(out->str, "EIP=0000fff0 EFL=00000002 [-------] "
                                      "CPL=0 II=0 A20=1 SMM=0 HLT=0\n"
                                      "ES =0000 00000000 0000ffff 00009300\n"
                                      "CS =f000 ffff0000 0000ffff 00009300\n"));
    g_assert_nonnull(strstr(out->str, "CR0=60000010 CR2=00000000 "
                                      "CR3=00000000 CR4=00000000\n"));
    g_string_truncate(out, 0);
    machine_long(m, 0);
    x86_cpu_print(m->cpu, out);
    g_assert_nonnull(strstr(out->str, "\nRIP=0000000000005000 RFL=00000002"));
    g_assert_nonnull(strstr(out->str, "CS =0018 0000000000000000 ffffffff "
                                      "00af9b00 DPL=0 CS64 [-RA]\n"));
    g_assert_nonnull(strstr(out->str, "TR =0048 0000000000003000 00000167 "
                                      "00008b00 DPL=0 TSS64-busy\n"));
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/control/write-cr", test_write_cr);
    g_test_add_func("/control/long-mode", test_long_mode);
    g_test_add_func("/control/pdptes", test_pdptes);
    g_test_add_func("/control/smap-key", test_smap_key);
    g_test_add_func("/control/invpcid", test_invpcid);
    g_test_add_func("/control/mwait", test_mwait);
    g_test_add_func("/control/debug", test_debug);
    g_test_add_func("/control/popf", test_popf);
    g_test_add_func("/control/io-bitmap", test_io_bitmap);
    g_test_add_func("/control/ports", test_ports);
    g_test_add_func("/task/switch", test_task);
    g_test_add_func("/task/exception", test_task_exception);
    g_test_add_func("/task/faults", test_task_faults);
    g_test_add_func("/state/reset", test_reset);
    g_test_add_func("/state/round-trip", test_round_trip);
    g_test_add_func("/state/print", test_print);
    return machine_test_run();
}
