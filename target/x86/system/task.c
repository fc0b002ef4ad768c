/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task switches through task states of 16 and 32 bits and task gates. Light.
 *
 * Order: everything of the new task state is read and the old one written
 * while the old task is still there, so that page faults hit the old task; then
 * the registers change; then segments are checked, faulting in the new task.
 *
 * SDM 3A 7.2, 7.3 (table 7-1), 7.4.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

/* Where a format keeps things; registers and segments follow each other. */
typedef struct TaskFormat {
    uint8_t word; /* 2 or 4 */
    uint8_t cr3, pc, flags, regs, segs, ldt, trap;
    uint8_t seg_count;
    uint8_t limit_min;
} TaskFormat;

static const TaskFormat task16 = { .word = 2,
                                   .pc = 0x0e,
                                   .flags = 0x10,
                                   .regs = 0x12,
                                   .segs = 0x22,
                                   .ldt = 0x2a,
                                   .seg_count = 4,
                                   .limit_min = 0x2b };
static const TaskFormat task32 = { .word = 4,
                                   .cr3 = 0x1c,
                                   .pc = 0x20,
                                   .flags = 0x24,
                                   .regs = 0x28,
                                   .segs = 0x48,
                                   .ldt = 0x60,
                                   .trap = 0x64,
                                   .seg_count = 6,
                                   .limit_min = 0x67 };

typedef struct TaskState {
    uint32_t cr3, pc, flags;
    uint32_t regs[8];
    uint16_t segs[6]; /* by X86_ES.. */
    uint16_t ldt;
    bool trap;
} TaskState;

static void task_read(X86Cpu *cpu, const TaskFormat *f, vaddr base,
                      TaskState *t)
{
    unsigned mode = x86_implicit_mode(cpu);

    *t = (TaskState){ .cr3 = cpu->cr3 };
    if (f->cr3) {
        t->cr3 = sys_load(cpu, base + f->cr3, 4, mode);
        t->trap = sys_load(cpu, base + f->trap, 2, mode) & 1;
    }
    t->pc = sys_load_sized(cpu, base + f->pc, f->word, mode);
    t->flags = sys_load_sized(cpu, base + f->flags, f->word, mode);
    for (unsigned i = 0; i < 8; i++) {
        t->regs[i] =
            sys_load_sized(cpu, base + f->regs + i * f->word, f->word, mode);
        if (f->word == 2) { /* the upper halves are undefined: ones */
            t->regs[i] |= 0xffff0000;
        }
    }
    for (unsigned i = 0; i < f->seg_count; i++) {
        t->segs[i] = sys_load(cpu, base + f->segs + i * f->word, 2, mode);
    }
    t->ldt = sys_load(cpu, base + f->ldt, 2, mode);
}

static void task_save(X86Cpu *cpu, TaskSwitch why, uint64_t next_pc)
{
    const TaskFormat *f = cpu->tr.attr & 8 ? &task32 : &task16;
    unsigned mode = x86_implicit_mode(cpu);
    vaddr base = cpu->tr.base;
    uint32_t flags = x86_get_eflags(cpu);

    if (why == TASK_RETURN) {
        flags &= ~EFLAGS_NT;
    }
    sys_store_sized(cpu, base + f->pc, next_pc, f->word, mode);
    sys_store_sized(cpu, base + f->flags, flags, f->word, mode);
    for (unsigned i = 0; i < 8; i++) {
        sys_store_sized(cpu, base + f->regs + i * f->word, cpu->env.r[i],
                        f->word, mode);
    }
    for (unsigned i = 0; i < f->seg_count; i++) {
        sys_store_sized(cpu, base + f->segs + i * f->word, cpu->seg[i].selector,
                        f->word, mode);
    }
}

static void task_set_busy(X86Cpu *cpu, uint16_t selector, bool busy)
{
    vaddr addr = cpu->gdt.base + (selector & ~7u) + 4;
    unsigned mode = x86_implicit_mode(cpu);
    uint32_t hi = sys_load(cpu, addr, 4, mode);

    sys_store(cpu, addr, busy ? hi | DESC_BUSY : hi & ~DESC_BUSY, 4, mode);
}

/* ---- into the new task --------------------------------------------------- */

static void task_load_registers(X86Cpu *cpu, const TaskState *t, TaskSwitch why)
{
    uint32_t nt = why == TASK_CALL ? EFLAGS_NT : 0;

    for (unsigned i = 0; i < 8; i++) {
        cpu->env.r[i] = t->regs[i];
    }
    cpu->env.pc = t->pc;
    cpu->inhibit = 0;
    cpu->dr[7] &= ~UINT64_C(0x155); /* local breakpoints */
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        cpu->seg[i] = (X86Segment){ .selector = t->segs[i] };
    }
    cpu->ldt = (X86Segment){ .selector = t->ldt };
    x86_set_eflags(cpu, t->flags | nt, UINT32_MAX & ~(EFLAGS_VIF | EFLAGS_VIP));
}

static X86Segment task_code_segment(X86Cpu *cpu, uint16_t selector)
{
    uint32_t error = selector & SEL_ERROR;
    unsigned rpl = selector & SEL_RPL;
    Descriptor d;

    desc_fetch(cpu, selector, &d, EXC_TS);
    bool dpl_ok = d.hi & DESC_C ? desc_dpl(&d) <= rpl : desc_dpl(&d) == rpl;
    if (!desc_is_code(&d) || !dpl_ok) {
        x86_raise_error(cpu, EXC_TS, error);
    }
    if (!(d.hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
    desc_set_accessed(cpu, &d);
    return desc_segment(&d, selector);
}

static void task_load_segments(X86Cpu *cpu, const TaskState *t)
{
    static const uint8_t data[] = { X86_ES, X86_DS, X86_FS, X86_GS };
    unsigned cpl = t->segs[X86_CS] & SEL_RPL;
    Descriptor ss;

    /* The level is the new one already for what goes wrong below. */
    cpu->seg[X86_SS].attr = cpl << 5;
    x86_update_key(cpu);
    x86_load_ldt(cpu, t->ldt, EXC_TS);
    cpu->seg[X86_CS] = task_code_segment(cpu, t->segs[X86_CS]);
    x86_check_stack_segment(cpu, t->segs[X86_SS], cpl, EXC_TS, &ss);
    cpu->seg[X86_SS] = desc_segment(&ss, t->segs[X86_SS]);
    x86_update_key(cpu);
    for (unsigned i = 0; i < 4; i++) {
        x86_load_data_segment(cpu, data[i], t->segs[data[i]], EXC_TS);
    }
    x86_update_key(cpu);
    x86_check_pc(cpu, &cpu->seg[X86_CS], t->pc);
}

static void task_load_v86(X86Cpu *cpu, const TaskState *t)
{
    x86_load_ldt(cpu, t->ldt, EXC_TS);
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        x86_load_segment_real(cpu, i, t->segs[i]);
    }
    x86_update_key(cpu);
}

static void task_load_cr3(X86Cpu *cpu, uint32_t cr3)
{
    uint64_t pdpte[4] = { 0 };

    if (!(cpu->cr0 & CR0_PG)) {
        return;
    }
    if ((cpu->cr4 & CR4_PAE) && !x86_load_pdptes(cpu, cr3, pdpte)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    x86_switch_cr3(cpu, cr3, pdpte);
}

/* ---- the switch ---------------------------------------------------------- */

static const TaskFormat *task_check(X86Cpu *cpu, uint16_t selector,
                                    const Descriptor *d, TaskSwitch why)
{
    const TaskFormat *f = desc_type(d) & 8 ? &task32 : &task16;
    uint32_t error = selector & SEL_ERROR;

    if (!(d->hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
    if (desc_limit(d) < f->limit_min) {
        x86_raise_error(cpu, EXC_TS, error);
    }
    return f;
}

/* APM 2 15.14.1. What an event adds, its delivery knows. */
static void task_intercept(X86Cpu *cpu, uint16_t selector, TaskSwitch why)
{
    uint64_t info = cpu->eflags & EFLAGS_RF ? SVM_TASK_RF : 0;

    if (!x86_svm_intercepts(cpu, SVM_EXIT_TASK_SWITCH)) {
        return;
    }
    if (why != TASK_CALL) {
        info |= why == TASK_RETURN ? SVM_TASK_IRET : SVM_TASK_JUMP;
    }
    x86_svm_exit(cpu, SVM_EXIT_TASK_SWITCH, selector, info, 0);
}

void x86_task_switch(X86Cpu *cpu, uint16_t selector, Descriptor *d,
                     TaskSwitch why, uint64_t next_pc)
{
    const TaskFormat *f = task_check(cpu, selector, d, why);
    uint16_t old_selector = cpu->tr.selector;
    vaddr base = desc_base(d);
    TaskState t;

    task_intercept(cpu, selector, why);
    task_read(cpu, f, base, &t);
    task_save(cpu, why, next_pc);
    if (why == TASK_CALL) {
        sys_store(cpu, base, old_selector, 2, x86_implicit_mode(cpu));
    } else {
        task_set_busy(cpu, old_selector, false);
    }
    if (why != TASK_RETURN) {
        task_set_busy(cpu, selector, true);
    }
    if (!cpu->catch_point) { /* from here on faults find the new task */
        tcg_sync_pc(cpu);
    }
    d->hi |= DESC_BUSY;
    cpu->tr = desc_segment(d, selector);
    cpu->cr0 |= CR0_TS;
    task_load_registers(cpu, &t, why);
    task_load_cr3(cpu, t.cr3);
    if (x86_v86(cpu)) {
        task_load_v86(cpu, &t);
    } else {
        task_load_segments(cpu, &t);
    }
    if (t.trap) {
        x86_raise_debug(cpu, 1u << 15); /* DR6.BT */
    }
}

void x86_task_gate(X86Cpu *cpu, const Descriptor *gate, TaskSwitch why,
                   uint64_t next_pc)
{
    uint16_t selector = gate->lo >> 16;
    uint32_t error = selector & SEL_ERROR;
    Descriptor d;

    if (sel_null(selector) || (selector & SEL_TI)) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    desc_fetch(cpu, selector, &d, EXC_GP);
    if ((d.hi & DESC_S) ||
        (desc_type(&d) != TYPE_TSS16 && desc_type(&d) != TYPE_TSS32)) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    x86_task_switch(cpu, selector, &d, why, next_pc);
}
