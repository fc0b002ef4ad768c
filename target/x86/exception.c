/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions and interrupts: raising them, and delivery in real, protected,
 * virtual-8086 and long mode.
 *
 * 1. A helper raises by recording the event in the CPU and unwinding; the run
 *    loop delivers it. While something is being delivered, raising goes back
 *    to x86_deliver() instead, which decides between a second try, a double
 *    fault and shutdown.
 * 2. A delivery commits registers after its last memory access, so that a
 *    fault on the way finds the state before it.
 *
 * Light. SDM 3A 6.12 to 6.14 (protected and long mode), 6.15 (double faults),
 * 3B 20.1.4 and 20.3 (real and virtual-8086 mode).
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

enum { EXT = 1, ERROR_IDT = 2 };

/* ---- raising ------------------------------------------------------------- */

static G_NORETURN void raise_recorded(X86Cpu *cpu)
{
    if (cpu->catch_point) {
        __builtin_longjmp(cpu->catch_point, 1);
    }
    tcg_unwind(&cpu->env, TCG_LEAVE_RAISED);
}

void x86_raise_other(X86Cpu *cpu, X86Raised what)
{
    cpu->raised = what;
    cpu->raised_has_error = false;
    cpu->raised_soft = false;
    raise_recorded(cpu);
}

void x86_raise(X86Cpu *cpu, X86Vector vector)
{
    cpu->raised = vector;
    cpu->raised_has_error = false;
    cpu->raised_soft = false;
    cpu->raised_error = 0;
    cpu->raised_not_canonical = false;
    raise_recorded(cpu);
}

static void raise_record_error(X86Cpu *cpu, X86Vector vector, uint32_t error)
{
    cpu->raised = vector;
    cpu->raised_has_error = true;
    cpu->raised_soft = false;
    cpu->raised_error = error;
    cpu->raised_not_canonical = false;
}

void x86_raise_error(X86Cpu *cpu, X86Vector vector, uint32_t error)
{
    raise_record_error(cpu, vector, error);
    raise_recorded(cpu);
}

static G_NORETURN void raise_not_canonical(X86Cpu *cpu)
{
    raise_record_error(cpu, EXC_GP, 0);
    cpu->raised_not_canonical = true;
    raise_recorded(cpu);
}

void x86_record_pf(X86Cpu *cpu, vaddr addr, uint32_t error)
{
    cpu->svm.cr2_before = cpu->cr2;
    cpu->cr2 = x86_long_mode(cpu) ? addr : (uint32_t)addr;
    raise_record_error(cpu, EXC_PF, error);
}

void x86_raise_pf(X86Cpu *cpu, vaddr addr, uint32_t error)
{
    x86_record_pf(cpu, addr, error);
    raise_recorded(cpu);
}

void x86_raise_translation(X86Cpu *cpu, vaddr addr, const X86Translation *t)
{
    if (t->vector == EXC_PF) {
        x86_raise_pf(cpu, addr, t->error);
    }
    if (t->vector == X86_NESTED_FAULT) {
        x86_svm_exit(cpu, SVM_EXIT_NPF, t->nested_error, t->nested_addr, 0);
    }
    raise_not_canonical(cpu);
}

void x86_raise_debug(X86Cpu *cpu, uint64_t dr6_bits)
{
    x86_set_dr6(cpu, dr6_bits);
    x86_raise(cpu, EXC_DB);
}

/* ---- after the frame is written ------------------------------------------ */

/* Faults are restarted: RF keeps an instruction breakpoint from hitting twice.
 * SDM 3B 17.3.1.1. */
static bool event_sets_rf(const X86Event *ev)
{
    const uint32_t faults = 1u << EXC_DE | 1u << EXC_BR | 1u << EXC_UD |
                            1u << EXC_NM | 1u << EXC_TS | 1u << EXC_NP |
                            1u << EXC_SS | 1u << EXC_GP | 1u << EXC_PF |
                            1u << EXC_MF | 1u << EXC_AC | 1u << EXC_XM;

    return !ev->soft && !ev->interrupt && (faults >> ev->vector & 1);
}

static uint32_t event_flags_image(X86Cpu *cpu, const X86Event *ev)
{
    uint32_t image = x86_get_eflags(cpu) & ~EFLAGS_RF;

    return event_sets_rf(ev) ? image | EFLAGS_RF : image;
}

static void event_enter(X86Cpu *cpu, uint64_t pc, uint32_t clear_flags)
{
    cpu->env.pc = pc;
    cpu->eflags &= ~clear_flags;
    cpu->inhibit = 0;
    x86_update_key_transfer(cpu);
}

/* ---- real mode ----------------------------------------------------------- */

static void deliver_real(X86Cpu *cpu, const X86Event *ev)
{
    unsigned mode = x86_implicit_mode(cpu);
    Stack s;

    if (ev->vector * 4 + 3 > cpu->idt.limit) {
        x86_raise_error(cpu, EXC_GP, ev->vector * 8 + ERROR_IDT);
    }
    uint32_t entry = sys_load(cpu, cpu->idt.base + ev->vector * 4, 4, mode);

    stack_current(&s, cpu);
    stack_push(cpu, &s, event_flags_image(cpu, ev), 2);
    stack_push(cpu, &s, cpu->seg[X86_CS].selector, 2);
    stack_push(cpu, &s, ev->return_pc, 2);
    stack_commit(cpu, &s);
    x86_load_segment_real(cpu, X86_CS, entry >> 16);
    event_enter(cpu, entry & 0xffff,
                EFLAGS_IF | EFLAGS_TF | EFLAGS_AC | EFLAGS_RF);
}

/* ---- gates --------------------------------------------------------------- */

typedef struct Gate {
    uint16_t selector;
    uint8_t type, dpl, ist;
    bool present;
    uint64_t offset;
} Gate;

static G_NORETURN void gate_fault(X86Cpu *cpu, const X86Event *ev,
                                  X86Vector vector)
{
    x86_raise_error(cpu, vector, ev->vector * 8 + ERROR_IDT);
}

static void gate_fetch(X86Cpu *cpu, const X86Event *ev, Gate *g)
{
    bool lm = x86_long_mode(cpu);
    unsigned size = lm ? 16 : 8;
    unsigned mode = x86_implicit_mode(cpu);
    vaddr addr = cpu->idt.base + ev->vector * size;

    if (ev->vector * size + size - 1 > cpu->idt.limit) {
        gate_fault(cpu, ev, EXC_GP);
    }
    uint64_t d = sys_load(cpu, addr, 8, mode);

    *g = (Gate){
        .selector = d >> 16,
        .type = d >> 40 & 31, /* with the S bit, which must be 0 */
        .dpl = d >> 45 & 3,
        .present = d >> 47 & 1,
        .ist = lm ? d >> 32 & 7 : 0,
        .offset = (d & 0xffff) | (d >> 32 & 0xffff0000),
    };
    if (lm) {
        g->offset |= sys_load(cpu, addr + 8, 8, mode) << 32;
    } else if (!(g->type & 8)) {
        g->offset &= 0xffff;
    }
}

static void gate_check(X86Cpu *cpu, const X86Event *ev, const Gate *g)
{
    const uint32_t types = x86_long_mode(cpu)
                               ? 1u << TYPE_INT32 | 1u << TYPE_TRAP32
                               : 1u << TYPE_TASK | 1u << TYPE_INT16 |
                                     1u << TYPE_TRAP16 | 1u << TYPE_INT32 |
                                     1u << TYPE_TRAP32;

    if (!(types >> g->type & 1)) {
        gate_fault(cpu, ev, EXC_GP);
    }
    if (ev->soft && g->dpl < x86_cpl(cpu)) {
        gate_fault(cpu, ev, EXC_GP);
    }
    if (!g->present) {
        gate_fault(cpu, ev, EXC_NP);
    }
}

/* The handler's code segment; the return value is the new CPL. */
static unsigned gate_code(X86Cpu *cpu, const Gate *g, Descriptor *d)
{
    unsigned cpl = x86_cpl(cpu);

    if (sel_null(g->selector)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    desc_fetch(cpu, g->selector, d, EXC_GP);
    bool bits64 = (d->hi & DESC_L) && !(d->hi & DESC_B);
    if (!desc_is_code(d) || desc_dpl(d) > cpl ||
        (x86_long_mode(cpu) && !bits64)) {
        x86_raise_error(cpu, EXC_GP, g->selector & SEL_ERROR);
    }
    if (!(d->hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, g->selector & SEL_ERROR);
    }
    unsigned new_cpl = d->hi & DESC_C ? cpl : desc_dpl(d);
    if (x86_v86(cpu) && new_cpl) {
        x86_raise_error(cpu, EXC_GP, g->selector & SEL_ERROR);
    }
    desc_set_accessed(cpu, d);
    return new_cpl;
}

static uint32_t gate_clears(const Gate *g)
{
    uint32_t clear = EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM;

    return g->type & 1 ? clear : clear | EFLAGS_IF;
}

static void event_enter_code(X86Cpu *cpu, const Gate *g, const Descriptor *d,
                             unsigned cpl)
{
    cpu->seg[X86_CS] = desc_segment(d, (g->selector & ~SEL_RPL) | cpl);
    event_enter(cpu, g->offset, gate_clears(g));
}

/* ---- protected mode ------------------------------------------------------ */

static void push_v86_segments(X86Cpu *cpu, Stack *s, unsigned size)
{
    static const uint8_t order[] = { X86_GS, X86_FS, X86_DS, X86_ES };

    for (unsigned i = 0; i < 4; i++) {
        stack_push(cpu, s, cpu->seg[order[i]].selector, size);
    }
}

static void clear_v86_segments(X86Cpu *cpu)
{
    static const uint8_t data[] = { X86_GS, X86_FS, X86_DS, X86_ES };

    for (unsigned i = 0; i < 4; i++) {
        cpu->seg[data[i]] = (X86Segment){ .selector = 0 };
    }
}

static void event_inner_stack(X86Cpu *cpu, unsigned cpl, Stack *s)
{
    Descriptor d;
    X86Segment ss;
    uint16_t selector;
    uint64_t sp;

    x86_tss_stack(cpu, cpl, &selector, &sp);
    x86_check_stack_segment(cpu, selector, cpl, EXC_TS, &d);
    ss = desc_segment(&d, selector);
    stack_init(s, cpu, &ss, sp, cpl, false);
    s->error = selector & SEL_ERROR;
}

static void deliver_task(X86Cpu *cpu, const X86Event *ev, const Gate *g)
{
    Descriptor gate = { .lo = (uint32_t)g->selector << 16 };
    Stack s;

    x86_task_gate(cpu, &gate, TASK_CALL, ev->return_pc);
    if (ev->has_error) {
        unsigned type = cpu->tr.attr & SEG_TYPE;

        stack_current(&s, cpu);
        stack_push(cpu, &s, ev->error, type & 8 ? 4 : 2);
        stack_commit(cpu, &s);
    }
}

static void deliver_protected(X86Cpu *cpu, const X86Event *ev)
{
    Descriptor code;
    Gate g;
    Stack s;

    gate_fetch(cpu, ev, &g);
    gate_check(cpu, ev, &g);
    if (g.type == TYPE_TASK) {
        deliver_task(cpu, ev, &g);
        return;
    }
    unsigned size = g.type & 8 ? 4 : 2;
    unsigned cpl = gate_code(cpu, &g, &code);
    bool inner = cpl < x86_cpl(cpu);
    uint32_t flags = event_flags_image(cpu, ev);

    if (inner) {
        event_inner_stack(cpu, cpl, &s);
        if (x86_v86(cpu)) {
            push_v86_segments(cpu, &s, size);
        }
        stack_push(cpu, &s, cpu->seg[X86_SS].selector, size);
        stack_push(cpu, &s, cpu->env.r[X86_RSP], size);
    } else {
        stack_current(&s, cpu);
    }
    stack_push(cpu, &s, flags, size);
    stack_push(cpu, &s, cpu->seg[X86_CS].selector, size);
    stack_push(cpu, &s, ev->return_pc, size);
    if (ev->has_error) {
        stack_push(cpu, &s, ev->error, size);
    }
    if (g.offset > desc_limit(&code)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    if (inner) {
        cpu->seg[X86_SS] = s.ss;
        if (x86_v86(cpu)) {
            clear_v86_segments(cpu);
        }
    }
    stack_commit(cpu, &s);
    event_enter_code(cpu, &g, &code, cpl);
}

/* ---- long mode ----------------------------------------------------------- */

static void deliver_long(X86Cpu *cpu, const X86Event *ev)
{
    Descriptor code;
    Gate g;
    Stack s;
    uint64_t rsp = cpu->env.r[X86_RSP];

    gate_fetch(cpu, ev, &g);
    gate_check(cpu, ev, &g);
    unsigned cpl = gate_code(cpu, &g, &code);
    bool inner = cpl < x86_cpl(cpu);

    if (g.ist) {
        rsp = x86_tss_rsp64(cpu, g.ist + 3);
    } else if (inner) {
        rsp = x86_tss_rsp64(cpu, cpl);
    }
    stack_init(&s, cpu, &cpu->seg[X86_SS], rsp & ~UINT64_C(15), cpl, true);
    const uint64_t frame[] = {
        cpu->seg[X86_SS].selector,
        cpu->env.r[X86_RSP],
        event_flags_image(cpu, ev),
        cpu->seg[X86_CS].selector,
        ev->return_pc,
        ev->error,
    };
    stack_push_words(cpu, &s, frame, ev->has_error ? 6 : 5, 8);
    if (!x86_canonical(cpu, g.offset)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    if (inner) {
        cpu->seg[X86_SS] = x86_null_stack(cpl);
    }
    cpu->env.r[X86_RSP] = s.sp;
    event_enter_code(cpu, &g, &code, cpl);
}

/* ---- virtual-8086 mode extensions ---------------------------------------- */

/* INT n, not INT3 or INTO, in V86 mode. SDM 3B 20.3.3, table 20-2. */
static bool event_is_v86_int(const X86Cpu *cpu, const X86Event *ev)
{
    return ev->int_n && x86_v86(cpu);
}

/* SDM 3B 20.3.3.4..6: INT n in V86 mode under CR4.VME goes to the 8086
 * handler if the task's redirection bit is clear. True: done. */
static bool deliver_vme(X86Cpu *cpu, const X86Event *ev)
{
    unsigned mode = x86_implicit_mode(cpu);
    uint32_t flags = x86_get_eflags(cpu) & ~EFLAGS_RF;
    Stack s;

    if (!(cpu->cr4 & CR4_VME) || cpu->tr.limit < 103) {
        return false;
    }
    uint32_t map = sys_load(cpu, cpu->tr.base + 102, 2, mode);
    uint32_t at = map - 32 + ev->vector / 8;
    if (map < 32 || at > cpu->tr.limit ||
        (sys_load(cpu, cpu->tr.base + at, 1, mode) >> (ev->vector & 7) & 1)) {
        return false;
    }
    if (x86_iopl(cpu) < 3) { /* the virtual interrupt flag stands for IF */
        flags = (flags & ~EFLAGS_IF) | EFLAGS_IOPL |
                (flags & EFLAGS_VIF ? EFLAGS_IF : 0);
    }
    uint32_t entry = sys_load(cpu, ev->vector * 4, 4, X86_MODE_USER);

    stack_current(&s, cpu);
    stack_push(cpu, &s, flags, 2);
    stack_push(cpu, &s, cpu->seg[X86_CS].selector, 2);
    stack_push(cpu, &s, ev->return_pc, 2);
    stack_commit(cpu, &s);
    x86_load_segment_real(cpu, X86_CS, entry >> 16);
    event_enter(cpu, entry & 0xffff,
                EFLAGS_TF | EFLAGS_RF |
                    (x86_iopl(cpu) == 3 ? EFLAGS_IF : EFLAGS_VIF));
    return true;
}

/* ---- delivery with faults on the way ------------------------------------- */

static void deliver_by_mode(X86Cpu *cpu, const X86Event *ev)
{
    if (x86_real(cpu)) {
        deliver_real(cpu, ev);
    } else if (x86_long_mode(cpu)) {
        deliver_long(cpu, ev);
    } else if (!event_is_v86_int(cpu, ev)) {
        deliver_protected(cpu, ev);
    } else if (!deliver_vme(cpu, ev)) {
        if (x86_iopl(cpu) < 3) {
            x86_raise_error(cpu, EXC_GP, 0);
        }
        deliver_protected(cpu, ev);
    }
}

/* False: a fault was raised instead; it is in cpu->raised. */
static __attribute__((noinline)) bool deliver_caught(X86Cpu *cpu,
                                                     const X86Event *ev)
{
    void *point[5];

    if (__builtin_setjmp(point)) {
        cpu->catch_point = NULL;
        return false;
    }
    cpu->catch_point = point;
    deliver_by_mode(cpu, ev);
    cpu->catch_point = NULL;
    return true;
}

static bool vector_contributory(unsigned vector)
{
    return vector == EXC_DE || (vector >= EXC_TS && vector <= EXC_GP);
}

/* SDM 3A table 6-5: what a second fault makes of the first. -1: shutdown. */
static int vector_combine(int first, int second)
{
    bool hard = vector_contributory(second) || second == EXC_PF;

    if (first == EXC_DF && hard) {
        return -1;
    }
    if ((vector_contributory(first) && vector_contributory(second)) ||
        (first == EXC_PF && hard)) {
        return EXC_DF;
    }
    return second;
}

/* APM 2 13.1.1.4: the last branch before an event, and the event as one. A
 * debug exception ends the recording. */
static void deliver_record(X86Cpu *cpu, const X86Event *ev, uint64_t from)
{
    if (!(cpu->debugctl & DEBUGCTL_LBR)) {
        return;
    }
    cpu->last_branch[2] = cpu->last_branch[0];
    cpu->last_branch[3] = cpu->last_branch[1];
    cpu->last_branch[0] = from;
    cpu->last_branch[1] = cpu->env.pc;
    if (ev->vector == EXC_DB && !ev->int_n) {
        cpu->debugctl &= ~(uint64_t)DEBUGCTL_LBR;
        x86_update_key(cpu);
    }
}

/* What follows from a fault on the way of an event: another event. False:
 * nothing, the processor shuts down. */
static bool deliver_after_fault(X86Cpu *cpu, const X86Event *ev, X86Event *next)
{
    if (cpu->raised == EXC_GP && cpu->raised_not_canonical) {
        cpu->raised = EXC_SS; /* bases of tables are canonical */
    }
    /* A software interrupt or an outside one is benign. */
    int first = ev->soft || ev->interrupt ? -1 : ev->vector;
    int vector = vector_combine(first, cpu->raised);
    bool selector_error = cpu->raised_has_error && cpu->raised != EXC_PF;

    *next = (X86Event){
        .vector = vector,
        .has_error = vector == EXC_DF || cpu->raised_has_error,
        .error = vector == EXC_DF
                     ? 0
                     : cpu->raised_error | (selector_error && !ev->soft),
        .return_pc = cpu->env.pc,
    };
    return vector >= 0;
}

/* Does a host take over, at the fault or at what follows from it? Then the
 * exit is recorded. APM 2 15.12. */
static bool deliver_exits(X86Cpu *cpu, const X86Event *ev, const X86Event *next,
                          bool goes_on)
{
    bool exits = cpu->raised == X86_RAISED_EXIT;

    if (!exits && cpu->svm.guest) {
        X86Event fault = { .vector = cpu->raised,
                           .has_error = cpu->raised_has_error,
                           .error = cpu->raised_error };

        exits = x86_svm_intercepts_event(cpu, &fault) ||
                (goes_on && next->vector == EXC_DF &&
                 x86_svm_intercepts_event(cpu, next));
        if (!exits && !goes_on && x86_svm_intercepts(cpu, SVM_EXIT_SHUTDOWN)) {
            x86_svm_record_exit(cpu, SVM_EXIT_SHUTDOWN, 0, 0, 0);
            return true;
        }
    }
    if (exits) {
        x86_svm_record_event(cpu, ev);
    }
    return exits;
}

void x86_deliver(X86Cpu *cpu, const X86Event *event)
{
    X86Event ev = *event, next;
    uint64_t from = cpu->env.pc;

    cpu->raised = -1;
    if (cpu->svm.guest && x86_svm_intercepts_event(cpu, &ev)) {
        return;
    }
    while (!deliver_caught(cpu, &ev)) {
        bool goes_on = cpu->raised != X86_RAISED_EXIT &&
                       deliver_after_fault(cpu, &ev, &next);

        if (deliver_exits(cpu, &ev, &next, goes_on)) {
            return;
        }
        cpu->raised = -1;
        if (!goes_on) {
            cpu->shutdown = true;
            return;
        }
        ev = next;
    }
    deliver_record(cpu, &ev, from);
}
