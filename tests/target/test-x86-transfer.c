/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segment loads, far transfers, call gates, IRET and the fast system calls:
 * what they set and what they refuse. Expectations are from the manual's
 * operation sections (SDM 2).
 */
#include "tests/target/machine.h"

static void expect(Machine *m, X86Vector vector, int64_t error)
{
    g_assert_cmpint(m->cpu->raised, ==, vector);
    g_assert_cmpint(m->cpu->raised_has_error, ==, error >= 0);
    if (error >= 0) {
        g_assert_cmphex(m->cpu->raised_error, ==, error);
    }
}

static void descriptor(Machine *m, uint16_t selector, uint32_t base,
                       uint32_t limit, unsigned access, unsigned flags)
{
    machine_put(m, MACHINE_GDT + (selector & ~7u),
                machine_segment(base, limit, access, flags), 8);
}

/* ---- segment loads ------------------------------------------------------- */

static void test_load(void)
{
    static const struct {
        unsigned cpl, seg, selector;
        unsigned access; /* of the descriptor at SEL_FREE */
        int vector;      /* -1: loads */
        int error;
    } cases[] = {
        { 0, X86_DS, SEL_FREE, 0x93, -1, 0 },
        { 0, X86_DS, SEL_FREE | 3, 0x93, EXC_GP, SEL_FREE }, /* RPL > DPL */
        { 3, X86_DS, SEL_FREE | 3, 0x93, EXC_GP, SEL_FREE },
        { 3, X86_DS, SEL_FREE | 3, 0xf3, -1, 0 },
        { 3, X86_DS, SEL_FREE, 0xf3, -1, 0 },
        { 0, X86_DS, SEL_FREE, 0x13, EXC_NP, SEL_FREE },
        { 0, X86_DS, SEL_FREE, 0x99, EXC_GP, SEL_FREE }, /* execute-only */
        { 0, X86_DS, SEL_FREE, 0x9b, -1, 0 },
        { 3, X86_DS, SEL_FREE | 3, 0x9f, -1, 0 },        /* conforming */
        { 0, X86_DS, SEL_FREE, 0x89, EXC_GP, SEL_FREE }, /* system */
        { 0, X86_DS, 0, 0, -1, 0 },
        { 0, X86_DS, 3, 0, -1, 0 },
        { 0, X86_DS, 0x100, 0, EXC_GP, 0x100 }, /* beyond the limit */
        { 0, X86_DS, SEL_FREE | 4, 0x93, EXC_GP, SEL_FREE | 4 }, /* no LDT */
        { 0, X86_SS, SEL_FREE, 0x93, -1, 0 },
        { 0, X86_SS, 0, 0, EXC_GP, 0 },
        { 0, X86_SS, SEL_FREE, 0x91, EXC_GP, SEL_FREE }, /* read-only */
        { 0, X86_SS, SEL_FREE | 3, 0xf3, EXC_GP, SEL_FREE },
        { 0, X86_SS, SEL_FREE, 0xf3, EXC_GP, SEL_FREE },
        { 3, X86_SS, SEL_FREE | 3, 0xf3, -1, 0 },
        { 0, X86_SS, SEL_FREE, 0x13, EXC_SS, SEL_FREE },
        { 0, X86_SS, SEL_FREE, 0x9b, EXC_GP, SEL_FREE },
    };
    Machine *m = machine_new("max");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        machine_protected(m, cases[i].cpl);
        descriptor(m, SEL_FREE, 0x123456, 0x7ffff, cases[i].access & ~1u, 0x4);
        uint16_t before = m->cpu->seg[cases[i].seg].selector;
        bool ok = machine_call(m, &x86_helper_load_seg, cases[i].seg,
                               cases[i].selector);

        g_assert_cmpint(ok, ==, cases[i].vector < 0);
        if (!ok) {
            expect(m, cases[i].vector, cases[i].error);
            g_assert_cmphex(m->cpu->seg[cases[i].seg].selector, ==, before);
        } else if (cases[i].selector & ~3) {
            const X86Segment *s = &m->cpu->seg[cases[i].seg];

            g_assert_cmphex(s->base, ==, 0x123456);
            g_assert_cmphex(s->limit, ==, 0x7ffff);
            g_assert_cmphex(s->attr, ==, 0x400 | cases[i].access | 1);
            /* the accessed bit is in memory now */
            g_assert_true(machine_get(m, MACHINE_GDT + SEL_FREE + 5, 1) & 1);
        }
    }
    machine_free(m);
}

static void test_load_ss(void)
{
    Machine *m = machine_new("max");
    uint64_t changed;

    machine_protected(m, 0);
    g_assert_true(machine_call4(m, &x86_helper_load_seg, X86_SS, SEL_DATA, 0, 0,
                                &changed));
    g_assert_true(changed);
    g_assert_cmpuint(m->cpu->inhibit, ==, X86_INHIBIT_SS);
    g_assert_true(m->cpu->key.inhibit);
    g_assert_true(machine_call(m, &x86_helper_inhibit_end, 0, 0));
    g_assert_false(m->cpu->key.inhibit);
    /* 64-bit code may have none, outside level 3 */
    machine_long(m, 0);
    g_assert_true(machine_call(m, &x86_helper_load_seg, X86_SS, 0));
    machine_long(m, 3);
    g_assert_false(machine_call(m, &x86_helper_load_seg, X86_SS, 3));
    expect(m, EXC_GP, 0);
    machine_free(m);
}

static void test_limits(void)
{
    static const struct {
        unsigned access, flags;
        uint32_t limit, off;
        unsigned size;
        bool write, ok;
    } cases[] = {
        { 0x93, 4, 0xfff, 0xffc, 4, true, true },
        { 0x93, 4, 0xfff, 0xffd, 4, false, false },
        { 0x91, 4, 0xfff, 0, 4, true, false },
        { 0x91, 4, 0xfff, 0, 4, false, true },
        { 0x97, 4, 0xfff, 0xfff, 1, false, false }, /* expand-down */
        { 0x97, 4, 0xfff, 0x1000, 4, true, true },
        { 0x97, 0, 0xfff, 0xffff, 2, true, false },
        { 0x97, 0, 0xfff, 0xffff, 1, true, true },
        { 0x93, 4, 0xfff, 0xffffffff, 2, false, false },
        { 0x93, 0xc, 0xfffff, 0xffffffff, 2, false, true },
        { 0x9b, 4, 0xfff, 0, 4, true, false },
    };
    Machine *m = machine_new("max");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        machine_protected(m, 0);
        descriptor(m, SEL_FREE, 0, cases[i].limit, cases[i].access,
                   cases[i].flags);
        g_assert_true(machine_call(m, &x86_helper_load_seg, X86_DS, SEL_FREE));
        g_assert_cmpint(m->cpu->key.limits, ==, i != 9);
        bool ok = machine_call(m, &x86_helper_check_segment, cases[i].off,
                               X86_DS | cases[i].size << 8 |
                                   (unsigned)cases[i].write << 24);
        g_assert_cmpint(ok, ==, cases[i].ok);
        if (!ok) {
            expect(m, EXC_GP, 0);
        }
    }
    machine_protected(m, 0);
    m->cpu->seg[X86_SS].limit = 0xfff;
    g_assert_false(
        machine_call(m, &x86_helper_check_segment, 0x1000, X86_SS | 4 << 8));
    expect(m, EXC_SS, 0);
    machine_free(m);
}

/* ---- questions -------------------------------------------------------------
 */

static void test_questions(void)
{
    static const struct {
        const TcgHelper *h;
        unsigned access;
        uint16_t selector;
        unsigned cpl;
        int zf;
        uint64_t val; /* LAR, LSL */
    } cases[] = {
        { &x86_helper_verr, 0x93, SEL_FREE, 0, 1, 0 },
        { &x86_helper_verw, 0x93, SEL_FREE, 0, 1, 0 },
        { &x86_helper_verw, 0x91, SEL_FREE, 0, 0, 0 },
        { &x86_helper_verr, 0x99, SEL_FREE, 0, 0, 0 },
        { &x86_helper_verr, 0x9b, SEL_FREE, 0, 1, 0 },
        { &x86_helper_verw, 0x9b, SEL_FREE, 0, 0, 0 },
        { &x86_helper_verr, 0x93, SEL_FREE, 3, 0, 0 },
        { &x86_helper_verr, 0x9f, SEL_FREE, 3, 1, 0 },
        { &x86_helper_verr, 0x93, 0, 0, 0, 0 },
        { &x86_helper_verr, 0x89, SEL_FREE, 0, 0, 0 },
        { &x86_helper_lar, 0x93, SEL_FREE, 0, 1, 0xc09300 },
        { &x86_helper_lar, 0x8c, SEL_FREE, 0, 1, 0xc08c00 },
        { &x86_helper_lar, 0x8e, SEL_FREE, 0, 0, 0x1234 }, /* interrupt gate */
        { &x86_helper_lsl, 0x93, SEL_FREE, 0, 1, 0x12345fff },
        { &x86_helper_lsl, 0x8c, SEL_FREE, 0, 0, 0x1234 }, /* call gate */
        { &x86_helper_lsl, 0x82, SEL_FREE, 0, 1, 0x12345fff },
    };
    Machine *m = machine_new("max");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t val = 0;

        machine_protected(m, cases[i].cpl);
        descriptor(m, SEL_FREE, 0, 0x12345, cases[i].access, 0xc);
        machine_put(m, MACHINE_GDT + SEL_FREE + 6, 0xc1, 1);
        m->cpu->env.flags = x86_flags_pack(EFLAGS_CF);
        g_assert_true(machine_call4(m, cases[i].h, cases[i].selector, 0x1234, 0,
                                    0, &val));
        g_assert_cmphex(x86_flags_unpack(m->cpu->env.flags), ==,
                        EFLAGS_CF | (cases[i].zf ? EFLAGS_ZF : 0));
        if (cases[i].val) {
            g_assert_cmphex(val, ==, cases[i].val);
        }
    }
    machine_free(m);
}

/* ---- direct transfers
 * -------------------------------------------------------- */

static bool jump(Machine *m, uint16_t selector, uint64_t offset, unsigned size)
{
    return machine_call4(m, &x86_helper_far_jump, selector, offset, size,
                         0x5007, NULL);
}

static bool call(Machine *m, uint16_t selector, uint64_t offset, unsigned size)
{
    return machine_call4(m, &x86_helper_far_call, selector, offset, size,
                         0x5007, NULL);
}

static void test_real(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    cpu->env.r[X86_RSP] = 0x100;
    g_assert_true(call(m, 0x1234, 0x5678, 2));
    g_assert_cmphex(cpu->seg[X86_CS].base, ==, 0x12340);
    g_assert_cmphex(cpu->env.pc, ==, 0x5678);
    g_assert_cmphex(machine_get(m, 0xfc, 2), ==, 0x5007);
    g_assert_cmphex(machine_get(m, 0xfe, 2), ==, 0xf000);
    g_assert_true(machine_call(m, &x86_helper_far_return, 2, 6));
    g_assert_cmphex(cpu->env.pc, ==, 0x5007);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, 0xf000);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0x106);
    /* Into protected mode: CR0.PE, then a far jump. */
    machine_protected(m, 0);
    cpu->cr0 = CR0_ET;
    cpu->seg[X86_CS] = (X86Segment){ .limit = 0xffff, .attr = 0x93 };
    x86_update_key(cpu);
    g_assert_true(machine_call(m, &x86_helper_write_cr, 0, CR0_PE));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE16);
    g_assert_true(jump(m, SEL_CODE32, 0x12345678, 4));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE32);
    g_assert_cmphex(cpu->env.pc, ==, 0x12345678);
    machine_free(m);
}

static void test_jump(void)
{
    static const struct {
        unsigned cpl, access, flags, rpl;
        int vector, error;
    } cases[] = {
        { 0, 0x9b, 4, 0, -1, 0 },
        { 3, 0x9b, 4, 3, EXC_GP, SEL_FREE },
        { 3, 0x9f, 4, 3, -1, 0 }, /* conforming: keeps CPL */
        { 0, 0xff, 4, 0, EXC_GP, SEL_FREE },
        { 0, 0x1b, 4, 0, EXC_NP, SEL_FREE },
        { 0, 0x93, 4, 0, EXC_GP, SEL_FREE },
        { 0, 0x8e, 4, 0, EXC_GP, SEL_FREE },
    };
    Machine *m = machine_new("max");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        machine_protected(m, cases[i].cpl);
        descriptor(m, SEL_FREE, 0, 0xffff, cases[i].access, cases[i].flags);
        bool ok = jump(m, SEL_FREE | cases[i].rpl, 0x1000, 4);

        g_assert_cmpint(ok, ==, cases[i].vector < 0);
        if (ok) {
            g_assert_cmpuint(x86_cpl(m->cpu), ==, cases[i].cpl);
            g_assert_cmphex(m->cpu->seg[X86_CS].selector, ==,
                            SEL_FREE | cases[i].cpl);
        } else {
            expect(m, cases[i].vector, cases[i].error);
            g_assert_cmphex(m->cpu->env.pc, ==, 0x5000);
        }
    }
    machine_protected(m, 0);
    descriptor(m, SEL_FREE, 0, 0xffff, 0x9b, 4);
    g_assert_false(jump(m, SEL_FREE, 0x10000, 4)); /* limit */
    expect(m, EXC_GP, 0);
    g_assert_false(jump(m, 2, 0, 4));
    expect(m, EXC_GP, 0);
    machine_free(m);
}

static void test_call_return(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 0);
    g_assert_true(call(m, SEL_CODE16, 0x1234, 4));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE16);
    g_assert_cmphex(machine_get(m, MACHINE_STACK0 - 8, 4), ==, 0x5007);
    g_assert_cmphex(machine_get(m, MACHINE_STACK0 - 4, 4), ==, SEL_CODE32);
    g_assert_true(machine_call(m, &x86_helper_far_return, 4, 0));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE32);
    g_assert_cmphex(cpu->env.pc, ==, 0x5007);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0);

    /* Outwards: level 3 gets its stack and loses inner segments. */
    uint32_t sp = MACHINE_STACK0 - 24;
    uint32_t frame[] = { 0x7777, SEL_CODE32_USER, 0,
                         0,      MACHINE_STACK3,  SEL_DATA_USER };
    for (unsigned i = 0; i < 6; i++) {
        machine_put(m, sp + 4 * i, frame[i], 4);
    }
    cpu->env.r[X86_RSP] = sp;
    g_assert_true(machine_call(m, &x86_helper_load_seg, X86_FS, SEL_DATA_USER));
    g_assert_true(machine_call(m, &x86_helper_far_return, 4, 8));
    g_assert_cmpuint(x86_cpl(cpu), ==, 3);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK3 + 8);
    g_assert_cmphex(cpu->seg[X86_DS].selector, ==, 0);
    g_assert_cmphex(cpu->seg[X86_FS].selector, ==, SEL_DATA_USER);
    /* Inwards never. */
    machine_put(m, MACHINE_STACK3 + 8, 0x5000, 4);
    machine_put(m, MACHINE_STACK3 + 12, SEL_CODE32, 4);
    g_assert_false(machine_call(m, &x86_helper_far_return, 4, 0));
    expect(m, EXC_GP, SEL_CODE32);
    machine_free(m);
}

/* ---- call gates
 * ------------------------------------------------------------------ */

static void gate(Machine *m, uint16_t target, uint32_t offset, unsigned access,
                 unsigned params)
{
    machine_put(m, MACHINE_GDT + SEL_FREE,
                (offset & 0xffff) | (uint64_t)target << 16 |
                    (uint64_t)params << 32 | (uint64_t)access << 40 |
                    (uint64_t)(offset >> 16) << 48,
                8);
    machine_put(m, MACHINE_GDT + SEL_FREE + 8, 0, 8);
}

static void test_call_gate(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 3);
    gate(m, SEL_CODE32, 0x12345678, 0xec, 2);
    machine_put(m, MACHINE_STACK3, 0x1111, 4);
    machine_put(m, MACHINE_STACK3 + 4, 0x2222, 4);
    g_assert_true(call(m, SEL_FREE | 3, 0, 4));
    g_assert_cmpuint(x86_cpl(cpu), ==, 0);
    g_assert_cmphex(cpu->env.pc, ==, 0x12345678);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0 - 24);
    const uint32_t frame[] = { 0x5007, SEL_CODE32_USER, 0x1111,
                               0x2222, MACHINE_STACK3,  SEL_DATA_USER };
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmphex(machine_get(m, MACHINE_STACK0 - 24 + 4 * i, 4), ==,
                        frame[i]);
    }
    g_assert_true(machine_call(m, &x86_helper_far_return, 4, 8));
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK3 + 8);

    /* A jump may not change the level; a gate has a level of its own. */
    g_assert_false(jump(m, SEL_FREE | 3, 0, 4));
    expect(m, EXC_GP, SEL_CODE32);
    gate(m, SEL_CODE32, 0, 0x8c, 0);
    g_assert_false(call(m, SEL_FREE | 3, 0, 4));
    expect(m, EXC_GP, SEL_FREE);
    gate(m, SEL_CODE32, 0, 0x6c, 0);
    g_assert_false(call(m, SEL_FREE | 3, 0, 4));
    expect(m, EXC_NP, SEL_FREE);
    gate(m, 0, 0, 0xec, 0);
    g_assert_false(call(m, SEL_FREE | 3, 0, 4));
    expect(m, EXC_GP, 0);
    /* A bad stack in the TSS */
    gate(m, SEL_CODE32, 0, 0xec, 0);
    machine_put(m, MACHINE_TSS + 8, SEL_DATA_USER, 2);
    g_assert_false(call(m, SEL_FREE | 3, 0, 4));
    expect(m, EXC_TS, SEL_DATA_USER & ~3);
    machine_free(m);
}

static void test_call_gate_64(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_long(m, 3);
    gate(m, SEL_CODE64, 0x12345678, 0xec, 0);
    machine_put(m, MACHINE_GDT + SEL_FREE + 8, 0x7fff, 8);
    g_assert_true(call(m, SEL_FREE | 3, 0, 8));
    g_assert_cmphex(cpu->env.pc, ==, UINT64_C(0x7fff12345678));
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0 - 32);
    g_assert_cmphex(cpu->seg[X86_SS].selector, ==, 0);
    g_assert_cmphex(machine_get(m, MACHINE_STACK0 - 32, 8), ==, 0x5007);
    g_assert_true(machine_call(m, &x86_helper_far_return, 8, 0));
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK3);
    g_assert_cmpuint(x86_cpl(cpu), ==, 3);
    /* 32-bit code is no target */
    gate(m, SEL_CODE32, 0x1000, 0xec, 0);
    g_assert_false(call(m, SEL_FREE | 3, 0, 8));
    expect(m, EXC_GP, SEL_CODE32);
    machine_free(m);
}

/* ---- IRET
 * ----------------------------------------------------------------------- */

static void put_frame(Machine *m, uint32_t sp, unsigned size,
                      const uint64_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        machine_put(m, sp + i * size, words[i], size);
    }
    m->cpu->env.r[X86_RSP] = sp;
}

/* User code's own frames; a stack that the processor switches to may be
 * anywhere. */
static void test_aligned(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    for (unsigned size = 4; size <= 8; size += 4) {
        (size == 8 ? machine_long : machine_protected)(m, 3);
        uint16_t cs = size == 8 ? SEL_CODE64_USER : SEL_CODE32_USER;
        uint64_t frame[] = { 0x6000, cs };

        cpu->cr0 |= CR0_AM;
        x86_set_eflags(cpu, EFLAGS_AC, UINT32_MAX);
        x86_update_key(cpu);
        put_frame(m, 0x9002, size, frame, 2);
        g_assert_false(machine_call(m, &x86_helper_far_return, size, 0));
        expect(m, EXC_AC, 0);
        g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0x9002);
        put_frame(m, 0x9000, size, frame, 2);
        g_assert_true(machine_call(m, &x86_helper_far_return, size, 0));
        g_assert_cmphex(cpu->env.pc, ==, 0x6000);
    }
    machine_put(m, MACHINE_TSS + 4, MACHINE_STACK0 + 2, 8);
    gate(m, SEL_CODE64, 0x6000, 0xec, 0);
    machine_put(m, MACHINE_GDT + SEL_FREE + 8, 0, 8);
    g_assert_true(call(m, SEL_FREE | 3, 0, 8));
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0 + 2 - 32);
    machine_free(m);
}

static void test_iret_flags(void)
{
    static const struct {
        unsigned cpl, iopl;
        unsigned size;
        uint32_t changes; /* of an image of ones against zeros */
    } cases[] = {
        { 0, 0, 4, 0x3c7fd5 }, /* not VM; RF only with breakpoints */
        { 0, 0, 2, 0x7fd5 },   { 3, 0, 4, 0x244dd5 },
        { 3, 3, 4, 0x244fd5 }, { 3, 0, 2, 0x4dd5 },
    };
    Machine *m = machine_new("max");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint16_t cs = cases[i].cpl ? SEL_CODE32_USER : SEL_CODE32;
        uint32_t ones = 0x3dffff; /* all but VM */

        machine_protected(m, cases[i].cpl);
        x86_set_eflags(m->cpu, cases[i].iopl << 12, UINT32_MAX);
        put_frame(m, 0x9000, cases[i].size, (uint64_t[]){ 0x6000, cs, ones },
                  3);
        g_assert_true(machine_call(m, &x86_helper_iret, cases[i].size, 0));
        g_assert_cmphex(x86_get_eflags(m->cpu), ==,
                        cases[i].changes | 2 | cases[i].iopl << 12);
        g_assert_cmphex(m->cpu->env.pc, ==, 0x6000);
    }
    machine_free(m);
}

static void test_iret_outer(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 0);
    put_frame(
        m, 0x9000, 4,
        (uint64_t[]){ 0x6000, SEL_CODE32_USER, 0x202, 0x7000, SEL_DATA_USER },
        5);
    g_assert_true(machine_call(m, &x86_helper_iret, 4, 0));
    g_assert_cmpuint(x86_cpl(cpu), ==, 3);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0x7000);
    g_assert_cmphex(cpu->seg[X86_SS].selector, ==, SEL_DATA_USER);
    g_assert_cmphex(cpu->seg[X86_DS].selector, ==, 0);
    g_assert_cmpuint(cpu->key.mode, ==, X86_MODE_PHYS);
    g_assert_true(cpu->eflags & EFLAGS_IF);

    /* A segment that the outer level may not hold keeps its base. */
    machine_long(m, 0);
    cpu->seg[X86_GS].selector = SEL_DATA;
    cpu->seg[X86_GS].base = 0x123456;
    put_frame(
        m, 0x9000, 8,
        (uint64_t[]){ 0x6000, SEL_CODE32_USER, 0x202, 0x7000, SEL_DATA_USER },
        5);
    g_assert_true(machine_call(m, &x86_helper_iret, 8, 0));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE32); /* compatibility mode */
    g_assert_cmphex(cpu->seg[X86_GS].selector, ==, 0);
    g_assert_cmphex(cpu->seg[X86_GS].base, ==, 0x123456);
    g_assert_cmpuint(cpu->key.mode, ==, X86_MODE_USER);
    g_assert_true(cpu->key.lma);
    /* A null SS for level 3 */
    machine_long(m, 0);
    put_frame(m, 0x9000, 8,
              (uint64_t[]){ 0x6000, SEL_CODE64_USER, 2, 0x7000, 3 }, 5);
    g_assert_false(machine_call(m, &x86_helper_iret, 8, 0));
    expect(m, EXC_GP, 0);
    /* Not canonical */
    put_frame(m, 0x9000, 8,
              (uint64_t[]){ UINT64_C(1) << 47, SEL_CODE64, 2, 0x7000, 0 }, 5);
    g_assert_false(machine_call(m, &x86_helper_iret, 8, 0));
    expect(m, EXC_GP, 0);
    /* NT */
    cpu->eflags |= EFLAGS_NT;
    g_assert_false(machine_call(m, &x86_helper_iret, 8, 0));
    expect(m, EXC_GP, 0);
    machine_free(m);
}

static void test_v86(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 0);
    put_frame(m, 0x9000, 4,
              (uint64_t[]){ 0x1234, 0x1000, EFLAGS_VM | EFLAGS_IF | 2, 0xfffe,
                            0x2000, 0x3000, 0x4000, 0x5000, 0x6000 },
              9);
    g_assert_true(machine_call(m, &x86_helper_iret, 4, 0));
    g_assert_true(cpu->key.vm86);
    g_assert_cmpuint(x86_cpl(cpu), ==, 3);
    g_assert_cmphex(cpu->seg[X86_CS].base, ==, 0x10000);
    g_assert_cmphex(cpu->seg[X86_GS].base, ==, 0x60000);
    g_assert_cmphex(cpu->seg[X86_DS].attr, ==, 0xf3);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0xfffe);

    /* Back by an exception: the frame has nine words and an error code. */
    machine_put(m, MACHINE_IDT + 13 * 8,
                0x7000 | SEL_CODE32 << 16 | UINT64_C(0x8e) << 40, 8);
    cpu->raised = EXC_GP;
    cpu->raised_has_error = true;
    cpu->raised_error = 0;
    x86_deliver_raised(cpu);
    g_assert_false(cpu->key.vm86);
    g_assert_cmpuint(x86_cpl(cpu), ==, 0);
    g_assert_cmphex(cpu->seg[X86_DS].selector, ==, 0);
    const uint32_t frame[] = { 0,      0x1234, 0x1000, 0x30202, 0xfffe,
                               0x2000, 0x3000, 0x4000, 0x5000,  0x6000 };
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0 - 40);
    for (unsigned i = 0; i < 10; i++) {
        g_assert_cmphex(machine_get(m, MACHINE_STACK0 - 40 + 4 * i, 4), ==,
                        frame[i]);
    }
    cpu->env.r[X86_RSP] += 4;
    g_assert_true(machine_call(m, &x86_helper_iret, 4, 0));
    g_assert_true(cpu->key.vm86);
    /* Below IOPL 3: PUSHF, POPF, CLI, IRET fault; with VME they use VIF. */
    g_assert_false(machine_call(m, &x86_helper_pushf, 2, 0));
    expect(m, EXC_GP, 0);
    g_assert_false(machine_call(m, &x86_helper_cli, 0, 0));
    cpu->cr4 |= CR4_VME;
    uint64_t image;
    g_assert_true(machine_call4(m, &x86_helper_sti, 0, 0, 0, 0, NULL));
    g_assert_true(cpu->eflags & EFLAGS_VIF);
    g_assert_true(machine_call4(m, &x86_helper_pushf, 2, 0, 0, 0, &image));
    g_assert_cmphex(image & 0xffff, ==, 0x3202);
    g_assert_true(machine_call(m, &x86_helper_cli, 0, 0));
    g_assert_true(machine_call4(m, &x86_helper_pushf, 2, 0, 0, 0, &image));
    g_assert_cmphex(image & 0xffff, ==, 0x3002);
    cpu->eflags |= EFLAGS_VIP;
    g_assert_false(machine_call(m, &x86_helper_popf, 0x202, 2));
    expect(m, EXC_GP, 0);
    machine_free(m);
}

/* ---- fast system calls
 * -------------------------------------------------------------- */

static void test_syscall(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_long(m, 3);
    cpu->star = (uint64_t)0x0b << 48 | (uint64_t)SEL_CODE32 << 32;
    cpu->lstar = UINT64_C(0xffffffff81000000);
    cpu->fmask = EFLAGS_IF | EFLAGS_TF | EFLAGS_CF;
    x86_set_eflags(cpu, EFLAGS_IF | EFLAGS_CF | EFLAGS_ZF, UINT32_MAX);
    g_assert_true(machine_call(m, &x86_helper_syscall, 0x5002, 0));
    g_assert_cmphex(cpu->env.pc, ==, cpu->lstar);
    g_assert_cmphex(cpu->env.r[X86_RCX], ==, 0x5002);
    g_assert_cmphex(cpu->env.r[X86_R11], ==, 0x243);
    g_assert_cmphex(x86_get_eflags(cpu), ==, 0x42);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, SEL_CODE32);
    g_assert_cmphex(cpu->seg[X86_SS].selector, ==, SEL_CODE32 + 8);
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE64);
    g_assert_cmpuint(x86_cpl(cpu), ==, 0);
    g_assert_true(machine_call(m, &x86_helper_sysret, 8, 0));
    g_assert_cmphex(cpu->env.pc, ==, 0x5002);
    g_assert_cmphex(x86_get_eflags(cpu), ==, 0x243);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, 0x1b);
    g_assert_cmphex(cpu->seg[X86_SS].selector, ==, 0x13);
    g_assert_cmpuint(x86_cpl(cpu), ==, 3);
    /* to compatibility mode */
    machine_long(m, 0);
    cpu->env.r[X86_RCX] = UINT64_C(0x1234567800005002);
    g_assert_true(machine_call(m, &x86_helper_sysret, 4, 0));
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE32);
    g_assert_cmphex(cpu->env.pc, ==, 0x5002);
    /* the trap is of TF as SYSCALL and SYSRET leave it */
    machine_long(m, 3);
    x86_set_eflags(cpu, EFLAGS_TF, UINT32_MAX);
    g_assert_true(machine_call(m, &x86_helper_syscall, 0x5002, 0));
    g_assert_cmpint(cpu->raised, ==, -1);
    g_assert_cmphex(cpu->env.r[X86_R11], ==, 0x102);
    unsigned kicks = m->kicks;
    g_assert_true(machine_call(m, &x86_helper_sysret, 8, 0));
    expect(m, EXC_DB, -1);
    g_assert_cmpuint(m->kicks, >, kicks);
    g_assert_cmphex(cpu->dr[6] & 1 << 14, ==, 1 << 14);
    g_assert_cmphex(cpu->env.pc, ==, 0x5002);
    cpu->fmask = 0;
    g_assert_true(machine_call(m, &x86_helper_syscall, 0x5004, 0));
    expect(m, EXC_DB, -1);
    g_assert_cmphex(cpu->env.pc, ==, cpu->lstar);
    machine_long(m, 3);
    cpu->seg[X86_CS].attr &= ~SEG_L;
    x86_update_key(cpu);
    /* refused */
    g_assert_false(machine_call(m, &x86_helper_syscall, 0, 0));
    expect(m, EXC_UD, -1);
    machine_long(m, 0);
    cpu->env.r[X86_RCX] = UINT64_C(0x800000000000);
    g_assert_false(machine_call(m, &x86_helper_sysret, 8, 0));
    expect(m, EXC_GP, 0);
    cpu->efer &= ~(uint64_t)EFER_SCE;
    g_assert_false(machine_call(m, &x86_helper_syscall, 0, 0));
    expect(m, EXC_UD, -1);
    machine_free(m);
}

static void test_sysenter(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    machine_protected(m, 3);
    g_assert_false(machine_call(m, &x86_helper_sysenter, 0, 0));
    expect(m, EXC_GP, 0);
    cpu->sysenter_cs = SEL_CODE32;
    cpu->sysenter_eip = 0x12345678;
    cpu->sysenter_esp = MACHINE_STACK0;
    x86_set_eflags(cpu, EFLAGS_IF, UINT32_MAX);
    g_assert_true(machine_call(m, &x86_helper_sysenter, 0x5002, 0));
    g_assert_cmphex(cpu->env.pc, ==, 0x12345678);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, MACHINE_STACK0);
    g_assert_cmphex(x86_get_eflags(cpu), ==, 2);
    g_assert_cmpuint(cpu->key.code, ==, X86_CODE32);
    cpu->env.r[X86_RCX] = 0x7000;
    cpu->env.r[X86_RDX] = 0x6000;
    g_assert_true(machine_call(m, &x86_helper_sysexit, 4, 0));
    g_assert_cmphex(cpu->env.pc, ==, 0x6000);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0x7000);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, SEL_CODE32 + 16 + 3);
    g_assert_false(machine_call(m, &x86_helper_sysexit, 4, 0));
    expect(m, EXC_GP, 0);
    machine_free(m);
}

static void test_swapgs(void)
{
    Machine *m = machine_new("max");

    m->cpu->seg[X86_GS].base = 1;
    m->cpu->kernel_gs_base = 2;
    machine_call(m, &x86_helper_swapgs, 0, 0);
    g_assert_cmphex(m->cpu->seg[X86_GS].base, ==, 2);
    g_assert_cmphex(m->cpu->kernel_gs_base, ==, 1);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/segment/load", test_load);
    g_test_add_func("/segment/load-ss", test_load_ss);
    g_test_add_func("/segment/limits", test_limits);
    g_test_add_func("/segment/questions", test_questions);
    g_test_add_func("/transfer/real", test_real);
    g_test_add_func("/transfer/jump", test_jump);
    g_test_add_func("/transfer/call-return", test_call_return);
    g_test_add_func("/transfer/call-gate", test_call_gate);
    g_test_add_func("/transfer/call-gate-64", test_call_gate_64);
    g_test_add_func("/transfer/aligned", test_aligned);
    g_test_add_func("/iret/flags", test_iret_flags);
    g_test_add_func("/iret/outer", test_iret_outer);
    g_test_add_func("/iret/v86", test_v86);
    g_test_add_func("/syscall", test_syscall);
    g_test_add_func("/sysenter", test_sysenter);
    g_test_add_func("/swapgs", test_swapgs);
    return machine_test_run();
}
