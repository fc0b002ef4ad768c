/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far JMP, CALL and RET in every mode, with call gates and, by way of task.c,
 * task gates and task states. Light.
 *
 * SDM 2A CALL, JMP; 2B RET; 3A 5.8.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

#define TRANSFER_FLAGS (TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS)

void x86_transfer_done(X86Cpu *cpu, const X86Segment *cs, uint64_t pc)
{
    cpu->seg[X86_CS] = *cs;
    cpu->env.pc = pc;
    cpu->inhibit = 0;
    x86_update_key_transfer(cpu);
}

static uint64_t transfer_mask(uint64_t val, unsigned size)
{
    return size == 8 ? val : size == 4 ? (uint32_t)val : (uint16_t)val;
}

static bool transfer_plain(const X86Cpu *cpu)
{
    return x86_real(cpu) || x86_v86(cpu);
}

/* ---- code segments ------------------------------------------------------- */

static void code_check_long(X86Cpu *cpu, uint16_t selector, const Descriptor *d)
{
    if (x86_long_mode(cpu) && (d->hi & DESC_L) && (d->hi & DESC_B)) {
        x86_raise_error(cpu, EXC_GP, selector & SEL_ERROR);
    }
}

/* A code segment that is the direct target: no change of privilege. */
static X86Segment code_direct(X86Cpu *cpu, uint16_t selector, Descriptor *d)
{
    unsigned cpl = x86_cpl(cpu);
    bool ok = d->hi & DESC_C
                  ? desc_dpl(d) <= cpl
                  : desc_dpl(d) == cpl && (selector & SEL_RPL) <= cpl;

    if (!desc_is_code(d) || !ok) {
        x86_raise_error(cpu, EXC_GP, selector & SEL_ERROR);
    }
    code_check_long(cpu, selector, d);
    if (!(d->hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, selector & SEL_ERROR);
    }
    desc_set_accessed(cpu, d);
    return desc_segment(d, (selector & ~SEL_RPL) | cpl);
}

typedef struct CallGate {
    uint16_t selector;
    unsigned size; /* of what it pushes */
    unsigned params;
    uint64_t offset;
} CallGate;

static void gate_check_rights(X86Cpu *cpu, uint16_t selector,
                              const Descriptor *d)
{
    uint32_t error = selector & SEL_ERROR;

    if (desc_dpl(d) < x86_cpl(cpu) || desc_dpl(d) < (selector & SEL_RPL)) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    if (!(d->hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
}

static void gate_read(X86Cpu *cpu, uint16_t selector, const Descriptor *d,
                      CallGate *g)
{
    bool wide = desc_type(d) == TYPE_CALL32;

    gate_check_rights(cpu, selector, d);
    g->selector = d->lo >> 16;
    g->params = d->hi & 31;
    g->offset = (d->lo & 0xffff) | (wide ? d->hi & 0xffff0000 : 0);
    g->size = wide ? 4 : 2;
    if (x86_long_mode(cpu)) {
        g->offset |= (uint64_t)desc_fetch_high(cpu, selector, d, EXC_GP) << 32;
        g->size = 8;
        g->params = 0;
    }
    if (sel_null(g->selector)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

/* The gate's code segment; jump: it must not raise the privilege. Returns the
 * new privilege level. */
static unsigned gate_target(X86Cpu *cpu, const CallGate *g, bool jump,
                            X86Segment *cs)
{
    uint32_t error = g->selector & SEL_ERROR;
    unsigned cpl = x86_cpl(cpu);
    Descriptor d;

    desc_fetch(cpu, g->selector, &d, EXC_GP);
    unsigned dpl = desc_dpl(&d);
    bool conforming = d.hi & DESC_C;

    if (!desc_is_code(&d) || dpl > cpl || (jump && !conforming && dpl != cpl) ||
        (x86_long_mode(cpu) && (!(d.hi & DESC_L) || (d.hi & DESC_B)))) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    if (!(d.hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
    if (!conforming) {
        cpl = dpl;
    }
    desc_set_accessed(cpu, &d);
    *cs = desc_segment(&d, (g->selector & ~SEL_RPL) | cpl);
    return cpl;
}

/* ---- system descriptors as targets --------------------------------------- */

static G_NORETURN void transfer_bad_target(X86Cpu *cpu, uint16_t selector)
{
    x86_raise_error(cpu, EXC_GP, selector & SEL_ERROR);
}

/* Task states and task gates; returns if it is neither. */
static bool transfer_task(X86Cpu *cpu, uint16_t selector, Descriptor *d,
                          TaskSwitch why, uint64_t next_pc)
{
    unsigned type = desc_type(d);

    if (x86_long_mode(cpu) ||
        (type != TYPE_TSS16 && type != TYPE_TSS32 && type != TYPE_TASK)) {
        return false;
    }
    gate_check_rights(cpu, selector, d);
    if (type == TYPE_TASK) {
        x86_task_gate(cpu, d, why, next_pc);
    } else {
        x86_task_switch(cpu, selector, d, why, next_pc);
    }
    return true;
}

static bool is_call_gate(const X86Cpu *cpu, const Descriptor *d)
{
    return desc_type(d) == TYPE_CALL32 ||
           (desc_type(d) == TYPE_CALL16 && !x86_long_mode(cpu));
}

static void transfer_fetch(X86Cpu *cpu, uint16_t selector, Descriptor *d)
{
    if (sel_null(selector)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    desc_fetch(cpu, selector, d, EXC_GP);
}

/* ---- JMP ----------------------------------------------------------------- */

static void transfer_real(X86Cpu *cpu, uint16_t selector, uint64_t pc)
{
    if (pc > cpu->seg[X86_CS].limit) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    x86_load_segment_real(cpu, X86_CS, selector);
    cpu->env.pc = pc;
    cpu->inhibit = 0;
    x86_update_key_transfer(cpu);
}

static uint64_t helper_far_jump(void *env, uint64_t selector, uint64_t offset,
                                uint64_t size, uint64_t next_pc)
{
    X86Cpu *cpu = env;
    Descriptor d;
    X86Segment cs;
    CallGate g;

    offset = transfer_mask(offset, size);
    if (transfer_plain(cpu)) {
        transfer_real(cpu, selector, offset);
        return 0;
    }
    transfer_fetch(cpu, selector, &d);
    if (d.hi & DESC_S) {
        cs = code_direct(cpu, selector, &d);
    } else if (is_call_gate(cpu, &d)) {
        gate_read(cpu, selector, &d, &g);
        gate_target(cpu, &g, true, &cs);
        offset = g.offset;
    } else if (transfer_task(cpu, selector, &d, TASK_JUMP, next_pc)) {
        return 0;
    } else {
        transfer_bad_target(cpu, selector);
    }
    x86_check_pc(cpu, &cs, offset);
    x86_transfer_done(cpu, &cs, offset);
    return 0;
}
const TcgHelper x86_helper_far_jump = { "far_jump", helper_far_jump,
                                        TRANSFER_FLAGS | TCG_READS_FLAGS };

/* ---- CALL ---------------------------------------------------------------- */

static void call_push_return(X86Cpu *cpu, Stack *s, unsigned size,
                             uint64_t next_pc)
{
    stack_push(cpu, s, cpu->seg[X86_CS].selector, size);
    stack_push(cpu, s, next_pc, size);
}

/* SDM 3A 5.8.5: the inner stack gets the outer one's address and the gate's
 * parameters. */
static void call_inner_stack(X86Cpu *cpu, const CallGate *g, unsigned cpl,
                             Stack *s)
{
    uint64_t params[31];
    uint16_t selector;
    uint64_t sp;
    Descriptor d;
    X86Segment ss;
    Stack outer;

    if (x86_long_mode(cpu)) {
        ss = x86_null_stack(cpl);
        stack_init(s, cpu, &ss, x86_tss_rsp64(cpu, cpl), cpl, true);
    } else {
        x86_tss_stack(cpu, cpl, &selector, &sp);
        x86_check_stack_segment(cpu, selector, cpl, EXC_TS, &d);
        ss = desc_segment(&d, selector);
        stack_init(s, cpu, &ss, sp, cpl, false);
        s->error = selector & SEL_ERROR;
    }
    stack_current(&outer, cpu);
    for (unsigned i = 0; i < g->params; i++) {
        params[i] = stack_pop(cpu, &outer, g->size);
    }
    stack_push(cpu, s, cpu->seg[X86_SS].selector, g->size);
    stack_push(cpu, s, cpu->env.r[X86_RSP], g->size);
    for (unsigned i = g->params; i-- > 0;) {
        stack_push(cpu, s, params[i], g->size);
    }
}

static void call_gate(X86Cpu *cpu, uint16_t selector, const Descriptor *d,
                      uint64_t next_pc)
{
    X86Segment cs;
    CallGate g;
    Stack s;

    gate_read(cpu, selector, d, &g);
    unsigned cpl = gate_target(cpu, &g, false, &cs);
    bool inner = cpl < x86_cpl(cpu);

    if (inner) {
        call_inner_stack(cpu, &g, cpl, &s);
    } else {
        stack_current(&s, cpu);
    }
    call_push_return(cpu, &s, g.size, next_pc);
    x86_check_pc(cpu, &cs, g.offset);
    if (inner) {
        cpu->seg[X86_SS] = s.ss;
    }
    stack_commit(cpu, &s);
    x86_transfer_done(cpu, &cs, g.offset);
}

static uint64_t helper_far_call(void *env, uint64_t selector, uint64_t offset,
                                uint64_t size, uint64_t next_pc)
{
    X86Cpu *cpu = env;
    Descriptor d;
    X86Segment cs;
    Stack s;

    offset = transfer_mask(offset, size);
    if (transfer_plain(cpu)) {
        stack_current(&s, cpu);
        call_push_return(cpu, &s, size, next_pc);
        transfer_real(cpu, selector, offset);
        stack_commit(cpu, &s);
        return 0;
    }
    transfer_fetch(cpu, selector, &d);
    if (d.hi & DESC_S) {
        cs = code_direct(cpu, selector, &d);
        stack_current(&s, cpu);
        call_push_return(cpu, &s, size, next_pc);
        x86_check_pc(cpu, &cs, offset);
        stack_commit(cpu, &s);
        x86_transfer_done(cpu, &cs, offset);
    } else if (is_call_gate(cpu, &d)) {
        call_gate(cpu, selector, &d, next_pc);
    } else if (!transfer_task(cpu, selector, &d, TASK_CALL, next_pc)) {
        transfer_bad_target(cpu, selector);
    }
    return 0;
}
const TcgHelper x86_helper_far_call = { "far_call", helper_far_call,
                                        TRANSFER_FLAGS | TCG_READS_FLAGS };

/* ---- RET ----------------------------------------------------------------- */

/* The code segment that RET or IRET returns to. SDM 2B RET, 2A IRET. */
X86Segment x86_return_code(X86Cpu *cpu, uint16_t selector)
{
    uint32_t error = selector & SEL_ERROR;
    unsigned rpl = selector & SEL_RPL;
    Descriptor d;

    transfer_fetch(cpu, selector, &d);
    bool dpl_ok = d.hi & DESC_C ? desc_dpl(&d) <= rpl : desc_dpl(&d) == rpl;
    if (!desc_is_code(&d) || rpl < x86_cpl(cpu) || !dpl_ok) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    code_check_long(cpu, selector, &d);
    if (!(d.hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
    desc_set_accessed(cpu, &d);
    return desc_segment(&d, selector);
}

/* SS of an outer level (IRET in 64-bit mode: also of the same one). A null
 * selector is for 64-bit code outside level 3 only. */
X86Segment x86_return_stack(X86Cpu *cpu, uint16_t selector,
                            const X86Segment *cs)
{
    unsigned cpl = cs->selector & SEL_RPL;
    Descriptor d;

    if (sel_null(selector) && x86_long_mode(cpu) && (cs->attr & SEG_L) &&
        cpl != 3 && (selector & SEL_RPL) == cpl) {
        X86Segment ss = x86_null_stack(cpl);

        ss.selector = selector;
        return ss;
    }
    x86_check_stack_segment(cpu, selector, cpl, EXC_GP, &d);
    return desc_segment(&d, selector);
}

static void stack_skip(Stack *s, uint64_t bytes)
{
    s->sp = (s->sp + bytes) & s->mask;
}

static void return_outer(X86Cpu *cpu, Stack *s, const X86Segment *cs,
                         uint64_t pc, unsigned size, uint64_t drop)
{
    bool flat64 = x86_long_mode(cpu) && (cs->attr & SEG_L);

    stack_skip(s, drop);
    uint64_t sp = stack_pop(cpu, s, size);
    X86Segment ss = x86_return_stack(cpu, stack_pop(cpu, s, size), cs);
    Stack outer;

    x86_check_pc(cpu, cs, pc);
    stack_init(&outer, cpu, &ss, sp, cs->selector & SEL_RPL, flat64);
    stack_skip(&outer, drop);
    cpu->seg[X86_SS] = ss;
    stack_commit(cpu, &outer);
    x86_drop_inner_segments(cpu, cs->selector & SEL_RPL);
    x86_transfer_done(cpu, cs, pc);
}

static uint64_t helper_far_return(void *env, uint64_t size, uint64_t drop,
                                  uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    Stack s;

    stack_current(&s, cpu);
    uint64_t pc = stack_pop(cpu, &s, size);
    uint16_t selector = stack_pop(cpu, &s, size);

    if (transfer_plain(cpu)) {
        transfer_real(cpu, selector, pc);
        stack_skip(&s, drop);
        stack_commit(cpu, &s);
        return 0;
    }
    X86Segment cs = x86_return_code(cpu, selector);
    if ((selector & SEL_RPL) > x86_cpl(cpu)) {
        return_outer(cpu, &s, &cs, pc, size, drop);
        return 0;
    }
    x86_check_pc(cpu, &cs, pc);
    stack_skip(&s, drop);
    stack_commit(cpu, &s);
    x86_transfer_done(cpu, &cs, pc);
    return 0;
}
const TcgHelper x86_helper_far_return = { "far_return", helper_far_return,
                                          TRANSFER_FLAGS };
