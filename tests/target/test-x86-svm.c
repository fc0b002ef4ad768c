/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMRUN and #VMEXIT on the bare processor: what is loaded, refused and stored,
 * events into the guest and out of it, nested paging, interrupts and the global
 * interrupt flag, the saved state.
 */
#include "target/x86/apic.h"
#include "target/x86/msr.h"
#include "tests/target/machine.h"

#include <string.h>
#include <urcu.h>

enum {
    VMCB = 0x200000,
    IOPM = 0x210000,
    MSRPM = 0x214000,
    NESTED = 0x300000, /* its tables */
    GUEST_PC = 0x6000,
    HOST_NEXT = 0x5003,
};

static Vmcb *vmcb(Machine *m)
{
    return (Vmcb *)machine_ram(m, VMCB);
}

static VmcbSegment to_vmcb(const X86Segment *s)
{
    return (VmcbSegment){ s->selector, s->attr, s->limit, s->base };
}

/* A host in 64-bit mode whose guest is a copy of it. */
static Machine *svm_new(const char *spec)
{
    Machine *m = machine_new(spec);
    X86Cpu *cpu = m->cpu;
    Vmcb *v = vmcb(m);

    machine_long(m, 0);
    cpu->efer |= EFER_SVME;
    cpu->env.r[X86_RAX] = VMCB;
    x86_update_key(cpu);
    v->control.intercept[SVM_EXIT_VMRUN / 32] = 1;
    v->control.iopm = IOPM;
    v->control.msrpm = MSRPM;
    v->control.asid = 1;
    v->save.es = to_vmcb(&cpu->seg[X86_ES]);
    v->save.cs = to_vmcb(&cpu->seg[X86_CS]);
    v->save.ss = to_vmcb(&cpu->seg[X86_SS]);
    v->save.ds = to_vmcb(&cpu->seg[X86_DS]);
    v->save.gdtr = (VmcbSegment){ .base = MACHINE_GDT, .limit = 0xff };
    v->save.idtr = (VmcbSegment){ .base = MACHINE_IDT, .limit = 0xfff };
    v->save.efer = cpu->efer;
    v->save.cr0 = cpu->cr0;
    v->save.cr3 = cpu->cr3;
    v->save.cr4 = cpu->cr4;
    v->save.rflags = 2;
    v->save.rip = GUEST_PC;
    v->save.rsp = 0x9000;
    v->save.rax = 0x1234;
    v->save.g_pat = cpu->pat;
    return m;
}

static void intercept(Machine *m, unsigned exit)
{
    vmcb(m)->control.intercept[exit / 32] |= 1u << exit % 32;
}

/* As the run loop. */
static void deliver(Machine *m)
{
    rcu_read_lock();
    x86_deliver_raised(m->cpu);
    rcu_read_unlock();
}

static void take(Machine *m)
{
    rcu_read_lock();
    while (x86_take_pending(m->cpu)) {
    }
    rcu_read_unlock();
}

static void vmrun(Machine *m)
{
    g_assert_false(machine_call(m, &x86_helper_vmrun, HOST_NEXT, VMCB));
    g_assert_cmpint(m->cpu->raised, ==, X86_RAISED_VMRUN);
    deliver(m);
}

/* An intercepted instruction of the guest. */
static void leave(Machine *m)
{
    intercept(m, SVM_EXIT_VMMCALL);
    m->cpu->svm.intercept[SVM_EXIT_VMMCALL / 32] |= 1u << SVM_EXIT_VMMCALL % 32;
    g_assert_false(machine_call4(m, &x86_helper_intercept, GUEST_PC + 3, 0, 0,
                                 SVM_EXIT_VMMCALL, NULL));
    deliver(m);
    g_assert_false(m->cpu->svm.guest);
    g_assert_cmphex(vmcb(m)->control.exit_code, ==, SVM_EXIT_VMMCALL);
}

static void gate(Machine *m, unsigned vector, uint64_t offset)
{
    machine_put(m, MACHINE_IDT + vector * 16,
                (offset & 0xffff) | SEL_CODE64 << 16 | UINT64_C(0x8e) << 40 |
                    (offset >> 16 & 0xffff) << 48,
                8);
    machine_put(m, MACHINE_IDT + vector * 16 + 8, offset >> 32, 8);
}

/* The guest's physical addresses from 2 MiB on are 2 MiB further on; those of
 * pages of 4 KiB below are themselves. */
static void nested_tables(Machine *m)
{
    machine_put(m, NESTED, (NESTED + 0x1000) | 7, 8);
    machine_put(m, NESTED + 0x1000, (NESTED + 0x2000) | 7, 8);
    machine_put(m, NESTED + 0x2000, (NESTED + 0x3000) | 7, 8);
    for (unsigned i = 1; i < 8; i++) {
        machine_put(m, NESTED + 0x2000 + i * 8, (uint64_t)(i + 1) << 21 | 0xe7,
                    8);
    }
    for (unsigned i = 0; i < 512; i++) {
        machine_put(m, NESTED + 0x3000 + i * 8, (uint64_t)i << 12 | 7, 8);
    }
    vmcb(m)->control.nested_ctl = 1;
    vmcb(m)->control.nested_cr3 = NESTED;
}

/* ---- in and out ----------------------------------------------------------
 */

static void test_world(void)
{
    Machine *m = svm_new("max");
    X86Cpu *cpu = m->cpu;

    cpu->env.r[X86_RBX] = 77;
    cpu->eflags |= EFLAGS_IF;
    vmcb(m)->save.rflags = 2 | EFLAGS_DF | EFLAGS_CF;
    vmcb(m)->save.cr2 = 0xabc;
    vmcb(m)->control.int_state = 1;
    uint64_t host_rsp = cpu->env.r[X86_RSP];
    vmrun(m);
    g_assert_true(cpu->svm.guest && cpu->svm.gif && cpu->key.svm);
    g_assert_cmphex(cpu->env.pc, ==, GUEST_PC);
    g_assert_cmphex(cpu->env.r[X86_RAX], ==, 0x1234);
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, 0x9000);
    g_assert_cmphex(x86_get_eflags(cpu), ==, 2 | EFLAGS_DF | EFLAGS_CF);
    g_assert_cmphex(cpu->cr2, ==, 0xabc);
    g_assert_cmpuint(cpu->inhibit, ==, 1);

    cpu->env.r[X86_RAX] = 0x4321;
    cpu->env.r[X86_RBX] = 78;
    cpu->cr2 = 0xdef;
    cpu->dr[7] = 0x403;
    leave(m);
    const Vmcb *v = vmcb(m);
    g_assert_cmphex(v->save.rax, ==, 0x4321);
    g_assert_cmphex(v->save.cr2, ==, 0xdef);
    g_assert_cmphex(v->save.rip, ==, GUEST_PC);
    g_assert_cmphex(v->save.dr7, ==, 0x403);
    g_assert_cmphex(v->control.next_rip, ==, GUEST_PC + 3);
    g_assert_cmphex(v->control.int_state, ==, 1);
    g_assert_false(cpu->svm.gif || cpu->key.svm);
    g_assert_cmphex(cpu->env.pc, ==, HOST_NEXT);
    g_assert_cmphex(cpu->env.r[X86_RAX], ==, VMCB);
    g_assert_cmphex(cpu->env.r[X86_RBX], ==, 78); /* not switched */
    g_assert_cmphex(cpu->env.r[X86_RSP], ==, host_rsp);
    g_assert_cmphex(cpu->dr[7], ==, 0x400);
    g_assert_true(cpu->eflags & EFLAGS_IF);
    machine_free(m);
}

/* The way a guest's real mode is entered: SS has no DPL to go by. */
static void test_real_mode(void)
{
    Machine *m = svm_new("max");
    Vmcb *v = vmcb(m);
    VmcbSegment real = {
        .selector = 0x1000, .attr = 0x93, .limit = 0xffff, .base = 0x10000
    };

    v->save.cr0 = CR0_ET;
    v->save.efer = EFER_SVME;
    v->save.cs = v->save.ss = v->save.ds = v->save.es = real;
    v->save.rip = 0x12345678fff0;
    vmrun(m);
    g_assert_cmpuint(m->cpu->key.code, ==, X86_CODE16);
    g_assert_cmpuint(m->cpu->key.cpl, ==, 0);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x5678fff0);
    leave(m);
    g_assert_cmpuint(m->cpu->key.code, ==, X86_CODE64);
    machine_free(m);
}

/* There is no V86 mode to enter from a 64-bit guest. */
static void test_v86(void)
{
    Machine *m = svm_new("max");

    vmcb(m)->save.rflags |= EFLAGS_VM;
    vmrun(m);
    g_assert_true(m->cpu->svm.guest);
    g_assert_false(m->cpu->key.vm86);
    g_assert_cmpuint(m->cpu->key.cpl, ==, 0);
    machine_free(m);
}

#define FIELD(f) offsetof(Vmcb, f), sizeof(((Vmcb *)0)->f)

static void test_refused(void)
{
    static const struct {
        size_t offset; /* in the block */
        unsigned size;
        uint64_t val;
    } cases[] = {
        { FIELD(save.efer), EFER_LME | EFER_LMA },     /* without SVME */
        { FIELD(save.efer), EFER_SVME | 1u << 1 },     /* reserved */
        { FIELD(save.cr0), CR0_PE | CR0_PG | CR0_NW }, /* without CD */
        { FIELD(save.cr0), CR0_PG },                   /* without PE */
        { FIELD(save.cr0), UINT64_C(1) << 32 | CR0_PE },
        { FIELD(save.cr3), UINT64_C(1) << 60 },
        { FIELD(save.cr4), 0 }, /* long mode without PAE */
        { FIELD(save.cr4), CR4_PAE | 1u << 13 },
        { FIELD(save.dr6), UINT64_C(1) << 40 },
        { FIELD(save.dr7), UINT64_C(1) << 63 },
        { FIELD(save.cs.attr), 0x29b | SEG_D }, /* 64 bits and 32 */
        { FIELD(control.asid), 0 },
        { FIELD(control.intercept[SVM_EXIT_VMRUN / 32]), 0 },
        { FIELD(control.iopm), UINT64_C(0xfffffff000) },
        { FIELD(control.msrpm), UINT64_C(0xfffffff000) },
        { FIELD(control.event_inj), SVM_EVENT_VALID | 1 << 8 }, /* no type */
        { FIELD(control.event_inj), SVM_EVENT_VALID | 3 << 8 | EXC_NMI },
        { FIELD(control.event_inj), SVM_EVENT_VALID | 3 << 8 | 40 },
        { FIELD(control.nested_cr3), UINT64_C(1) << 60 },
        { FIELD(save.g_pat), 2 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Machine *m = svm_new("max");

        nested_tables(m);
        machine_put(m, VMCB + cases[i].offset, cases[i].val, cases[i].size);
        vmrun(m);
        g_assert_cmphex(vmcb(m)->control.exit_code, ==, SVM_EXIT_INVALID);
        g_assert_false(m->cpu->svm.guest || m->cpu->svm.gif);
        g_assert_cmphex(m->cpu->env.pc, ==, HOST_NEXT);
        machine_free(m);
    }
}

static void test_faults(void)
{
    Machine *m = svm_new("max");
    X86Cpu *cpu = m->cpu;

    g_assert_false(machine_call(m, &x86_helper_vmrun, 0, VMCB + 8));
    g_assert_cmpint(cpu->raised, ==, EXC_GP);
    g_assert_false(
        machine_call(m, &x86_helper_svm_address, UINT64_C(1) << 50, 0));
    g_assert_cmpint(cpu->raised, ==, EXC_GP);
    cpu->efer &= ~(uint64_t)EFER_SVME;
    g_assert_false(machine_call(m, &x86_helper_vmrun, 0, VMCB));
    g_assert_cmpint(cpu->raised, ==, EXC_UD);
    g_assert_false(machine_call(m, &x86_helper_set_gif, 1, 0));
    g_assert_cmpint(cpu->raised, ==, EXC_UD);
    machine_free(m);
}

static void test_load_save(void)
{
    Machine *m = svm_new("max");
    X86Cpu *cpu = m->cpu;

    cpu->seg[X86_FS].base = 0x1111;
    cpu->kernel_gs_base = 0x2222;
    cpu->lstar = 0x3333;
    cpu->sysenter_eip = 0x4444;
    cpu->tr.base = 0x5555;
    vmcb(m)->save.gdtr.base = 0x77;
    g_assert_true(machine_call(m, &x86_helper_vmsave, VMCB, 0));
    g_assert_cmphex(vmcb(m)->save.fs.base, ==, 0x1111);
    g_assert_cmphex(vmcb(m)->save.gdtr.base, ==, 0x77); /* VMRUN's */
    cpu->seg[X86_FS].base = cpu->kernel_gs_base = cpu->lstar = 0;
    cpu->sysenter_eip = cpu->tr.base = 0;
    vmcb(m)->save.lstar = UINT64_C(0x0000ffff00003333);
    g_assert_true(machine_call(m, &x86_helper_vmload, VMCB, 0));
    g_assert_cmphex(cpu->seg[X86_FS].base, ==, 0x1111);
    g_assert_cmphex(cpu->kernel_gs_base, ==, 0x2222);
    g_assert_cmphex(cpu->sysenter_eip, ==, 0x4444);
    g_assert_cmphex(cpu->tr.base, ==, 0x5555);
    machine_free(m);
}

/* ---- events ----------------------------------------------------------------
 */

static void test_injection(void)
{
    static const struct {
        uint32_t event;
        uint32_t error;
        uint64_t pushed_rip;
        unsigned words; /* of the frame */
    } cases[] = {
        { SVM_EVENT_VALID | SVM_EVENT_INTR << 8 | 0x30, 0, GUEST_PC, 5 },
        { SVM_EVENT_VALID | SVM_EVENT_NMI << 8 | 2, 0, GUEST_PC, 5 },
        { SVM_EVENT_VALID | SVM_EVENT_EXCEPTION << 8 | SVM_EVENT_HAS_ERROR | 13,
          0x18, GUEST_PC, 6 },
        { SVM_EVENT_VALID | SVM_EVENT_SOFT << 8 | 0x80, 0, GUEST_PC + 2, 5 },
        { SVM_EVENT_VALID | SVM_EVENT_EXCEPTION << 8 | 3, 0, GUEST_PC + 2, 5 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Machine *m = svm_new("max");
        unsigned vector = cases[i].event & 0xff;

        gate(m, vector, 0x7000);
        intercept(m, SVM_EXIT_EXCEPTION + 13); /* not of what is injected */
        intercept(m, SVM_EXIT_EXCEPTION + 3);
        vmcb(m)->control.event_inj = cases[i].event;
        vmcb(m)->control.event_inj_error = cases[i].error;
        vmcb(m)->control.next_rip = GUEST_PC + 2;
        vmrun(m);
        g_assert_true(m->cpu->svm.guest);
        g_assert_cmphex(m->cpu->env.pc, ==, 0x7000);
        uint64_t sp = m->cpu->env.r[X86_RSP];
        g_assert_cmphex(sp, ==, 0x9000 - cases[i].words * 8);
        if (cases[i].words == 6) {
            g_assert_cmphex(machine_get(m, sp, 8), ==, cases[i].error);
            sp += 8;
        }
        g_assert_cmphex(machine_get(m, sp, 8), ==, cases[i].pushed_rip);
        leave(m);
        g_assert_cmphex(vmcb(m)->control.event_inj & SVM_EVENT_VALID, ==, 0);
        machine_free(m);
    }
}

static void raise_gp(Machine *m)
{
    g_assert_false(machine_call(m, &x86_helper_raise, EXC_GP, 0x10));
    deliver(m);
}

static void test_exceptions(void)
{
    Machine *m = svm_new("max");
    const VmcbControl *c = &vmcb(m)->control;

    intercept(m, SVM_EXIT_EXCEPTION + EXC_GP);
    vmrun(m);
    raise_gp(m);
    g_assert_cmphex(c->exit_code, ==, SVM_EXIT_EXCEPTION + EXC_GP);
    g_assert_cmphex(c->exit_info1, ==, 0x10);
    g_assert_cmphex(c->exit_int_info, ==, 0);
    machine_free(m);

    /* #PF leaves CR2 alone. */
    m = svm_new("max");
    c = &vmcb(m)->control;
    intercept(m, SVM_EXIT_EXCEPTION + EXC_PF);
    vmcb(m)->save.cr2 = 0x1111;
    vmrun(m);
    m->cpu->catch_point = NULL;
    if (!setjmp(m->unwound)) {
        x86_raise_pf(m->cpu, 0xdead000, 6);
    }
    deliver(m);
    g_assert_cmphex(c->exit_code, ==, SVM_EXIT_EXCEPTION + EXC_PF);
    g_assert_cmphex(c->exit_info1, ==, 6);
    g_assert_cmphex(c->exit_info2, ==, 0xdead000);
    g_assert_cmphex(vmcb(m)->save.cr2, ==, 0x1111);
    machine_free(m);
}

/* Real mode with paging, which only guests have: exits do have error codes. */
static void test_paged_real_mode(void)
{
    Machine *m = svm_new("max");
    Vmcb *v = vmcb(m);

    v->save.cr0 = CR0_ET | CR0_PG;
    v->save.efer = EFER_SVME;
    v->save.cr3 = 0x100000; /* nothing is mapped */
    v->save.cr4 = 0;
    v->save.cs = (VmcbSegment){ .attr = 0x9b, .limit = 0xffff };
    memset(machine_ram(m, 0x100000), 0, 4096);
    intercept(m, SVM_EXIT_EXCEPTION + EXC_PF);
    vmrun(m);
    g_assert_true(m->cpu->svm.guest);
    if (!setjmp(m->unwound)) {
        x86_store(m->cpu, 0xc000, 0, 2, m->cpu->env.mode);
    }
    deliver(m);
    g_assert_cmphex(v->control.exit_code, ==, SVM_EXIT_EXCEPTION + EXC_PF);
    g_assert_cmphex(v->control.exit_info1, ==, 2);
    g_assert_cmphex(v->control.exit_info2, ==, 0xc001);
    machine_free(m);
}

/* While something is being delivered: the second fault is looked at before the
 * two become one, and the first one is told. */
static void test_exceptions_on_the_way(void)
{
    static const struct {
        unsigned intercept;
        uint64_t exit;
        uint32_t int_info;
    } cases[] = {
        { SVM_EXIT_EXCEPTION + EXC_NP, SVM_EXIT_EXCEPTION + EXC_NP,
          SVM_EVENT_VALID | SVM_EVENT_EXCEPTION << 8 | SVM_EVENT_HAS_ERROR |
              EXC_GP },
        { SVM_EXIT_EXCEPTION + EXC_DF, SVM_EXIT_EXCEPTION + EXC_DF,
          SVM_EVENT_VALID | SVM_EVENT_EXCEPTION << 8 | SVM_EVENT_HAS_ERROR |
              EXC_GP },
        { SVM_EXIT_SHUTDOWN, SVM_EXIT_SHUTDOWN, 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Machine *m = svm_new("max");
        const VmcbControl *c = &vmcb(m)->control;

        gate(m, EXC_GP, 0x7000);
        machine_put(m, MACHINE_IDT + EXC_GP * 16 + 5, 0x0e, 1); /* absent */
        intercept(m, cases[i].intercept);
        vmrun(m);
        raise_gp(m);
        g_assert_false(m->cpu->svm.guest);
        g_assert_cmphex(c->exit_code, ==, cases[i].exit);
        g_assert_cmphex(c->exit_int_info, ==, cases[i].int_info);
        g_assert_false(m->cpu->shutdown);
        machine_free(m);
    }
}

/* Tasks, by a jump and by an exception with an error code. */
static void test_tasks(void)
{
    Machine *m = svm_new("max");
    X86Cpu *cpu = m->cpu;

    cpu->efer = EFER_SVME;
    cpu->cr4 = 0;
    machine_protected(m, 0);
    machine_put(m, MACHINE_GDT + SEL_FREE,
                machine_segment(0x40000, 0x67, 0x89, 0), 8);
    machine_put(m, MACHINE_IDT + EXC_GP * 8, /* a task gate */
                (uint64_t)SEL_FREE << 16 | UINT64_C(0x85) << 40, 8);
    cpu->svm.guest = true;
    cpu->svm.intercept[SVM_EXIT_TASK_SWITCH / 32] =
        1u << SVM_EXIT_TASK_SWITCH % 32;
    x86_update_key(cpu);
    g_assert_false(
        machine_call4(m, &x86_helper_far_jump, SEL_FREE, 0, 4, 0x5007, NULL));
    g_assert_cmpint(cpu->raised, ==, X86_RAISED_EXIT);
    g_assert_cmphex(cpu->svm.exit_info1, ==, SEL_FREE);
    g_assert_cmphex(cpu->svm.exit_info2, ==, SVM_TASK_JUMP);
    raise_gp(m);
    g_assert_cmphex(vmcb(m)->control.exit_code, ==, 0); /* no block to go to */
    g_assert_cmphex(cpu->svm.exit_info2, ==, SVM_TASK_HAS_ERROR | 0x10);
    g_assert_cmphex(cpu->svm.exit_int_info & 0xff, ==, EXC_GP);
    machine_free(m);
}

/* ---- nested paging ---------------------------------------------------------
 */

static void nested_pte(Machine *m, uint64_t addr, uint64_t bits)
{
    machine_put(m, NESTED + 0x3000 + (addr >> 12) * 8, addr | bits, 8);
}

static bool translate(Machine *m, vaddr addr, X86Access access,
                      X86Translation *t)
{
    rcu_read_lock();
    bool ok =
        x86_mmu_translate(m->cpu, addr, access, m->cpu->env.mode, false, t);
    rcu_read_unlock();
    return ok;
}

static void test_nested(void)
{
    Machine *m = svm_new("max");
    X86Translation t;

    nested_tables(m);
    vmrun(m);
    g_assert_true(translate(m, 0x6123, X86_READ, &t));
    g_assert_cmphex(t.paddr, ==, 0x6123);
    g_assert_true(translate(m, 0x212345, X86_WRITE, &t));
    g_assert_cmphex(t.paddr, ==, 0x412345);
    /* Accessed and dirty, in the host's tables too. */
    g_assert_cmphex(machine_get(m, NESTED + 0x3000 + 6 * 8, 8) & 0x60, ==,
                    0x20);
    g_assert_true(translate(m, 0x6000, X86_READ, &t));
    g_assert_false(t.writable);
    g_assert_true(translate(m, 0x6000, X86_WRITE, &t));
    g_assert_cmphex(machine_get(m, NESTED + 0x3000 + 6 * 8, 8) & 0x60, ==,
                    0x60);
    leave(m);
    g_assert_true(translate(m, 0x212345, X86_READ, &t));
    g_assert_cmphex(t.paddr, ==, 0x212345);
    machine_free(m);
}

/* Alone, as setjmp() spoils its caller's locals. */
static void nested_raise(Machine *m, vaddr addr, const X86Translation *t)
{
    if (!setjmp(m->unwound)) {
        x86_raise_translation(m->cpu, addr, t);
    }
}

static void test_nested_faults(void)
{
    enum { TOP = 0x100000 }; /* machine_long()'s table */
    static const struct {
        uint64_t addr, bits; /* of the host's entry for the page at addr */
        X86Access access;
        uint64_t error, gpa;
    } cases[] = {
        { 0x6000, 0, X86_READ, SVM_NPF_FINAL | 4, 0x6008 },
        { 0x6000, 5, X86_WRITE, SVM_NPF_FINAL | 7, 0x6008 },
        { 0x6000, 3, X86_READ, SVM_NPF_FINAL | 5, 0x6008 },
        { 0x6000, UINT64_C(1) << 63 | 7, X86_EXEC, SVM_NPF_FINAL | 0x15,
          0x6008 },
        { 0x6000, UINT64_C(1) << 51 | 7, X86_READ, SVM_NPF_FINAL | 0xd,
          0x6008 },
        { TOP, 0, X86_READ, SVM_NPF_IN_TABLE | 6, TOP },
        { TOP + 0x1000, 5, X86_READ, SVM_NPF_IN_TABLE | 7, TOP + 0x1000 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Machine *m = svm_new("max");
        X86Translation t;

        nested_tables(m);
        nested_pte(m, cases[i].addr, cases[i].bits);
        vmrun(m);
        g_assert_false(translate(m, 0x6008, cases[i].access, &t));
        g_assert_cmpuint(t.vector, ==, X86_NESTED_FAULT);
        nested_raise(m, 0x6008, &t);
        deliver(m);
        g_assert_cmphex(vmcb(m)->control.exit_code, ==, SVM_EXIT_NPF);
        g_assert_cmphex(vmcb(m)->control.exit_info1, ==, cases[i].error);
        g_assert_cmphex(vmcb(m)->control.exit_info2, ==, cases[i].gpa);
        machine_free(m);
    }
}

/* The bytes that a host must emulate; and a fault of the host's while an event
 * is on its way into the guest. */
static void test_nested_exits(void)
{
    static const uint8_t code[] = { 0x48, 0x89, 0x07 };
    Machine *m = svm_new("max");
    const VmcbControl *c = &vmcb(m)->control;

    nested_tables(m);
    nested_pte(m, 0x9000, 0);
    vmcb(m)->save.rsp = 0x9800;
    memcpy(machine_ram(m, GUEST_PC), code, sizeof(code));
    gate(m, 0x30, 0x7000);
    vmcb(m)->control.event_inj = SVM_EVENT_VALID | 0x30;
    vmrun(m);
    g_assert_false(m->cpu->svm.guest);
    g_assert_cmphex(c->exit_code, ==, SVM_EXIT_NPF);
    g_assert_cmphex(c->exit_int_info, ==, SVM_EVENT_VALID | 0x30);
    g_assert_cmpuint(c->insn_len, ==, 15);
    g_assert_cmpint(memcmp(c->insn_bytes, code, sizeof(code)), ==, 0);
    g_assert_cmphex(vmcb(m)->save.rip, ==, GUEST_PC);
    g_assert_cmphex(vmcb(m)->save.rsp, ==, 0x9800);
    machine_free(m);
}

/* ---- interrupts ------------------------------------------------------------
 */

static void test_gif(void)
{
    Machine *m = svm_new("max");
    X86Cpu *cpu = m->cpu;

    gate(m, EXC_NMI, 0x7000);
    g_assert_true(machine_call(m, &x86_helper_set_gif, 0, 0));
    x86_set_pending(cpu, X86_PENDING_NMI);
    g_assert_false(x86_has_work(cpu));
    take(m);
    g_assert_cmphex(cpu->env.pc, ==, 0x5000);
    g_assert_true(machine_call(m, &x86_helper_set_gif, 1, 0));
    take(m);
    g_assert_cmphex(cpu->env.pc, ==, 0x7000);
    machine_free(m);
}

static void test_interrupt_exits(void)
{
    static const struct {
        uint32_t pending;
        unsigned exit;
        bool host_if, guest_if, masking, exits;
    } cases[] = {
        { X86_PENDING_NMI, SVM_EXIT_NMI, false, false, false, true },
        { X86_PENDING_INIT, SVM_EXIT_INIT, false, false, false, true },
        { X86_PENDING_SMI, SVM_EXIT_SMI, false, false, false, true },
        { X86_PENDING_INTR, SVM_EXIT_INTR, false, true, false, true },
        { X86_PENDING_INTR, SVM_EXIT_INTR, true, false, false, false },
        { X86_PENDING_INTR, SVM_EXIT_INTR, true, false, true, true },
        { X86_PENDING_INTR, SVM_EXIT_INTR, false, true, true, false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Machine *m = svm_new("max");
        X86Cpu *cpu = m->cpu;

        intercept(m, cases[i].exit);
        cpu->eflags |= cases[i].host_if ? EFLAGS_IF : 0;
        vmcb(m)->save.rflags |= cases[i].guest_if ? EFLAGS_IF : 0;
        vmcb(m)->control.int_ctl = cases[i].masking ? SVM_V_MASKING : 0;
        vmrun(m);
        x86_set_pending(cpu, cases[i].pending);
        g_assert_cmpint(x86_has_work(cpu) || cases[i].exit == SVM_EXIT_SMI, ==,
                        cases[i].exits);
        take(m);
        g_assert_cmpint(cpu->svm.guest, ==, !cases[i].exits);
        if (cases[i].exits) {
            g_assert_cmphex(vmcb(m)->control.exit_code, ==, cases[i].exit);
            g_assert_cmphex(cpu->pending & cases[i].pending, !=, 0);
        }
        machine_free(m);
    }
}

static void test_virtual_interrupt(void)
{
    Machine *m = svm_new("max");
    X86Cpu *cpu = m->cpu;
    uint64_t tpr;

    gate(m, 0x40, 0x7000);
    vmcb(m)->control.int_ctl =
        SVM_V_IRQ | SVM_V_MASKING | 4 << SVM_V_PRIORITY_POS | 6;
    vmcb(m)->control.int_vector = 0x40;
    vmcb(m)->save.rflags |= EFLAGS_IF;
    vmrun(m);
    take(m);
    g_assert_cmphex(cpu->env.pc, ==, GUEST_PC); /* below the priority */
    g_assert_true(machine_call4(m, &x86_helper_read_cr, 8, 0, 0, 0, &tpr));
    g_assert_cmphex(tpr, ==, 6);
    g_assert_true(machine_call(m, &x86_helper_write_cr, 8, 3));
    take(m);
    g_assert_cmphex(cpu->env.pc, ==, 0x7000);
    g_assert_cmphex(x86_apic_tpr(cpu->apic), ==, 0); /* the host's own */
    leave(m);
    g_assert_cmphex(vmcb(m)->control.int_ctl & (SVM_V_IRQ | 15), ==, 3);
    machine_free(m);

    m = svm_new("max");
    intercept(m, SVM_EXIT_VINTR);
    vmcb(m)->control.int_ctl = SVM_V_IRQ | SVM_V_IGNORE_TPR;
    vmcb(m)->save.rflags |= EFLAGS_IF;
    vmrun(m);
    take(m);
    g_assert_cmphex(vmcb(m)->control.exit_code, ==, SVM_EXIT_VINTR);
    g_assert_true(vmcb(m)->control.int_ctl & SVM_V_IRQ);
    machine_free(m);
}

/* ---- the rest --------------------------------------------------------------
 */

static void test_maps(void)
{
    static const struct {
        uint32_t msr;
        unsigned byte, bit; /* of the read intercept; the write's is next */
    } msrs[] = {
        { 0x10, 4, 0 },
        { 0x1fff, 0x7ff, 6 },
        { 0xc0000080, 0x800 + 0x20, 0 },
        { 0xc0010015, 0x1000 + 5, 2 },
    };
    Machine *m = svm_new("max");
    X86Cpu *cpu = m->cpu;

    intercept(m, SVM_EXIT_MSR);
    intercept(m, SVM_EXIT_IOIO);
    vmrun(m);
    for (unsigned i = 0; i < G_N_ELEMENTS(msrs); i++) {
        for (unsigned write = 0; write < 2; write++) {
            rcu_read_lock();
            cpu->env.r[X86_RCX] = msrs[i].msr;
            *machine_ram(m, MSRPM + msrs[i].byte) = 1u << (msrs[i].bit + write);
            g_assert_false(machine_call4(m, &x86_helper_intercept_msr, 0, 0, 0,
                                         write, NULL));
            g_assert_true(machine_call4(m, &x86_helper_intercept_msr, 0, 0, 0,
                                        !write, NULL));
            rcu_read_unlock();
        }
    }
    rcu_read_lock();
    cpu->env.r[X86_RCX] = 0x2000; /* in no range */
    g_assert_false(
        machine_call4(m, &x86_helper_intercept_msr, 0, 0, 0, 0, NULL));
    *machine_ram(m, IOPM + 0x10000 / 8) = 1; /* behind port ffffh */
    g_assert_true(machine_call4(m, &x86_helper_intercept_io, 0, 0xffff, 0,
                                1 << SVM_IO_SIZE_POS, NULL));
    g_assert_false(machine_call4(m, &x86_helper_intercept_io, 0, 0xffff, 0,
                                 2 << SVM_IO_SIZE_POS, NULL));
    rcu_read_unlock();
    machine_free(m);
}

static void test_pause_filter(void)
{
    Machine *m = svm_new("max");
    unsigned run = 0;

    intercept(m, SVM_EXIT_PAUSE);
    vmcb(m)->control.pause_count = 10;
    vmrun(m);
    while (machine_call4(m, &x86_helper_intercept, 0, 0, 0, SVM_EXIT_PAUSE,
                         NULL)) {
        run++;
    }
    g_assert_cmpuint(run, ==, 10);
    machine_free(m);
}

static void test_tsc_offset(void)
{
    Machine *m = svm_new("max");
    uint64_t host, guest;

    vmcb(m)->control.tsc_offset = UINT64_C(1) << 60;
    host = x86_read_tsc(m->cpu);
    vmrun(m);
    g_assert_true(x86_read_msr(m->cpu, 0x10, &guest));
    g_assert_cmphex(guest - host, ==, UINT64_C(1) << 60);
    machine_free(m);
}

/* A guest that is saved goes on, and can be left, in another processor. */
static void test_saved(void)
{
    Machine *a = svm_new("max"), *b = machine_new("max");
    g_autoptr(GByteArray) data = g_byte_array_new();
    GError *err = NULL;
    size_t pos = 0;

    nested_tables(a);
    vmrun(a);
    state_save(x86_cpu_state, a->cpu, data);
    memcpy(machine_ram(b, 0), machine_ram(a, 0), 8 << 20);
    g_assert_true(
        state_load(x86_cpu_state, b->cpu, data->data, data->len, &pos, &err));
    g_assert_true(x86_cpu_loaded(b->cpu, &err));
    g_assert_true(b->cpu->svm.guest && b->cpu->key.svm);
    leave(b);
    g_assert_cmphex(b->cpu->env.pc, ==, HOST_NEXT);
    g_assert_cmphex(b->cpu->cr3, ==, a->cpu->svm.host.cr3);
    machine_free(a);
    machine_free(b);
}

/* INIT ends all of it. */
static void test_init(void)
{
    Machine *m = svm_new("max");

    vmrun(m);
    x86_set_pending(m->cpu, X86_PENDING_INIT);
    take(m);
    g_assert_false(m->cpu->svm.guest || m->cpu->key.svm);
    g_assert_true(m->cpu->svm.gif);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svm/world", test_world);
    g_test_add_func("/svm/real-mode", test_real_mode);
    g_test_add_func("/svm/v86", test_v86);
    g_test_add_func("/svm/refused", test_refused);
    g_test_add_func("/svm/faults", test_faults);
    g_test_add_func("/svm/load-save", test_load_save);
    g_test_add_func("/svm/injection", test_injection);
    g_test_add_func("/svm/exceptions", test_exceptions);
    g_test_add_func("/svm/paged-real-mode", test_paged_real_mode);
    g_test_add_func("/svm/exceptions-on-the-way", test_exceptions_on_the_way);
    g_test_add_func("/svm/tasks", test_tasks);
    g_test_add_func("/svm/nested", test_nested);
    g_test_add_func("/svm/nested-faults", test_nested_faults);
    g_test_add_func("/svm/nested-exits", test_nested_exits);
    g_test_add_func("/svm/gif", test_gif);
    g_test_add_func("/svm/interrupt-exits", test_interrupt_exits);
    g_test_add_func("/svm/virtual-interrupt", test_virtual_interrupt);
    g_test_add_func("/svm/maps", test_maps);
    g_test_add_func("/svm/pause-filter", test_pause_filter);
    g_test_add_func("/svm/tsc-offset", test_tsc_offset);
    g_test_add_func("/svm/saved", test_saved);
    g_test_add_func("/svm/init", test_init);
    return machine_test_run();
}
