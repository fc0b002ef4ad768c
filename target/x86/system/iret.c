/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IRET in every mode: real, virtual-8086, protected (with return to V86 mode
 * and to the previous task) and long. Light.
 *
 * SDM 2A IRET; 3B 20.2.3.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

typedef struct ReturnFrame {
    uint64_t pc, flags;
    uint16_t cs;
} ReturnFrame;

static void frame_pop(X86Cpu *cpu, Stack *s, unsigned size, ReturnFrame *f)
{
    uint64_t words[3];

    stack_pop_words(cpu, s, words, 3, size);
    f->pc = words[0];
    f->cs = words[1];
    f->flags = words[2];
}

/* What the present privilege may load into EFLAGS. */
static uint32_t frame_flags_mask(const X86Cpu *cpu, unsigned size)
{
    uint32_t mask = EFLAGS_STATUS | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT;

    if (size > 2) {
        mask |= EFLAGS_RF | EFLAGS_AC | EFLAGS_ID;
    }
    if (x86_cpl(cpu) <= x86_iopl(cpu)) {
        mask |= EFLAGS_IF;
    }
    if (x86_cpl(cpu) == 0) {
        mask |= EFLAGS_IOPL;
        if (size > 2) {
            mask |= EFLAGS_VIF | EFLAGS_VIP;
        }
    }
    return mask;
}

/* Without breakpoints RF has no effect, and nobody would clear it. */
static void frame_set_flags(X86Cpu *cpu, uint64_t flags, uint32_t mask)
{
    if (!cpu->key.dr7) {
        flags &= ~(uint64_t)EFLAGS_RF;
    }
    x86_set_eflags(cpu, flags, mask);
}

/* ---- real and virtual-8086 mode ------------------------------------------ */

/* SDM 3B 20.3.3.4 method 5/6: IOPL below 3 under CR4.VME: the virtual flag. */
static void iret_vme(X86Cpu *cpu, const ReturnFrame *f)
{
    bool sets_if = f->flags & EFLAGS_IF;
    uint32_t mask = EFLAGS_STATUS | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT;

    if ((f->flags & EFLAGS_TF) || (sets_if && (cpu->eflags & EFLAGS_VIP))) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    x86_set_eflags(cpu, (f->flags & mask) | (sets_if ? EFLAGS_VIF : 0),
                   mask | EFLAGS_VIF);
}

static void iret_real(X86Cpu *cpu, unsigned size)
{
    bool v86 = x86_v86(cpu);
    bool vme = v86 && x86_iopl(cpu) < 3;
    ReturnFrame f;
    Stack s;

    if (vme && (size != 2 || !(cpu->cr4 & CR4_VME))) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    stack_current(&s, cpu);
    frame_pop(cpu, &s, size, &f);
    if (f.pc > cpu->seg[X86_CS].limit) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    if (vme) {
        iret_vme(cpu, &f);
    } else {
        frame_set_flags(cpu, f.flags,
                        frame_flags_mask(cpu, size) &
                            ~(EFLAGS_VIF | EFLAGS_VIP));
    }
    x86_load_segment_real(cpu, X86_CS, f.cs);
    stack_commit(cpu, &s);
    cpu->env.pc = f.pc;
    cpu->inhibit = 0;
    x86_update_key_transfer(cpu);
}

static void iret_to_v86(X86Cpu *cpu, Stack *s, const ReturnFrame *f)
{
    static const uint8_t order[] = { X86_SS, X86_ES, X86_DS, X86_FS, X86_GS };
    uint16_t selector[5];
    uint32_t esp = stack_pop(cpu, s, 4);

    for (unsigned i = 0; i < 5; i++) {
        selector[i] = stack_pop(cpu, s, 4);
    }
    if (f->pc > 0xffff) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    frame_set_flags(cpu, f->flags,
                    frame_flags_mask(cpu, 4) | EFLAGS_IF | EFLAGS_VM);
    for (unsigned i = 0; i < 5; i++) {
        x86_load_segment_real(cpu, order[i], selector[i]);
    }
    x86_load_segment_real(cpu, X86_CS, f->cs);
    cpu->env.r[X86_RSP] = esp;
    cpu->env.pc = f->pc;
    cpu->inhibit = 0;
    x86_update_key_transfer(cpu);
}

/* ---- protected and long mode --------------------------------------------- */

/* Where the task that ends goes on when it is entered again: behind the IRET
 * (opcode CF behind its prefixes), which the TSS must say. */
static uint64_t iret_next_pc(X86Cpu *cpu)
{
    uint64_t pc = tcg_sync_pc(cpu);

    for (unsigned i = 0; i < X86_INSN_MAX; i++) {
        vaddr addr = sys_linear(cpu, cpu->seg[X86_CS].base, pc++);

        if (sys_load(cpu, addr, 1, cpu->env.mode) == 0xcf) {
            break;
        }
    }
    return pc;
}

static void iret_task(X86Cpu *cpu)
{
    uint16_t link = sys_load(cpu, cpu->tr.base, 2, x86_implicit_mode(cpu));
    uint32_t error = link & SEL_ERROR;
    Descriptor d;

    if (sel_null(link) || (link & SEL_TI)) {
        x86_raise_error(cpu, EXC_TS, error);
    }
    desc_fetch(cpu, link, &d, EXC_TS);
    if ((d.hi & DESC_S) || (desc_type(&d) != TYPE_TSS16_BUSY &&
                            desc_type(&d) != TYPE_TSS32_BUSY)) {
        x86_raise_error(cpu, EXC_TS, error);
    }
    if (!(d.hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
    x86_task_switch(cpu, link, &d, TASK_RETURN, iret_next_pc(cpu));
}

static void iret_protected(X86Cpu *cpu, unsigned size)
{
    ReturnFrame f;
    Stack s;

    stack_current(&s, cpu);
    frame_pop(cpu, &s, size, &f);
    if (size == 4 && (f.flags & EFLAGS_VM) && x86_cpl(cpu) == 0 &&
        !x86_long_mode(cpu)) {
        iret_to_v86(cpu, &s, &f);
        return;
    }
    X86Segment cs = x86_return_code(cpu, f.cs);
    unsigned cpl = cs.selector & SEL_RPL;
    bool outer = cpl > x86_cpl(cpu);
    bool pops_stack = outer || cpu->key.code == X86_CODE64;

    if (pops_stack) {
        uint64_t outer_stack[2];

        stack_pop_words(cpu, &s, outer_stack, 2, size);
        X86Segment ss = x86_return_stack(cpu, outer_stack[1], &cs);

        stack_init(&s, cpu, &ss, outer_stack[0], cpl,
                   x86_long_mode(cpu) && (cs.attr & SEG_L));
    }
    x86_check_pc(cpu, &cs, f.pc);
    frame_set_flags(cpu, f.flags, frame_flags_mask(cpu, size));
    if (pops_stack) {
        cpu->seg[X86_SS] = s.ss;
    }
    stack_commit(cpu, &s);
    if (outer) {
        x86_drop_inner_segments(cpu, cpl);
    }
    x86_transfer_done(cpu, &cs, f.pc);
}

static uint64_t helper_iret(void *env, uint64_t size, uint64_t b, uint64_t c,
                            uint64_t d)
{
    X86Cpu *cpu = env;

    if (x86_real(cpu) || x86_v86(cpu)) {
        iret_real(cpu, size);
    } else if (cpu->eflags & EFLAGS_NT) {
        if (x86_long_mode(cpu)) {
            x86_raise_error(cpu, EXC_GP, 0);
        }
        iret_task(cpu);
    } else {
        iret_protected(cpu, size);
    }
    cpu->nmi_blocked = false;
    x86_poll_pending(cpu);
    return 0;
}
const TcgHelper x86_helper_iret = { "iret", helper_iret,
                                    TCG_LIGHT | TCG_MAY_RAISE |
                                        TCG_WRITES_GLOBALS | TCG_READS_FLAGS |
                                        TCG_WRITES_FLAGS };
