/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors, stacks and the task state's stack pointers: what segment loads,
 * far transfers and exception delivery are made of. Light.
 *
 * SDM 3A 3.4.5 (descriptors), 5.2 and 5.3 (limits), 7.2 and 7.7 (task state).
 */
#include "target/x86/system/system.h"

/* ---- sized accesses ------------------------------------------------------ */

uint64_t sys_load_sized(X86Cpu *cpu, vaddr addr, unsigned size, unsigned mode)
{
    switch (size) {
    case 2:
        return sys_load(cpu, addr, 2, mode);
    case 4:
        return sys_load(cpu, addr, 4, mode);
    default:
        return sys_load(cpu, addr, 8, mode);
    }
}

void sys_store_sized(X86Cpu *cpu, vaddr addr, uint64_t val, unsigned size,
                     unsigned mode)
{
    switch (size) {
    case 2:
        sys_store(cpu, addr, (uint16_t)val, 2, mode);
        return;
    case 4:
        sys_store(cpu, addr, (uint32_t)val, 4, mode);
        return;
    default:
        sys_store(cpu, addr, val, 8, mode);
    }
}

/* ---- descriptors --------------------------------------------------------- */

X86Segment desc_segment(const Descriptor *d, uint16_t selector)
{
    return (X86Segment){
        .base = desc_base(d),
        .limit = desc_limit(d),
        .selector = selector,
        .attr = (d->hi >> 8 & 0xff) | (d->hi >> 12 & 0xf00),
    };
}

bool desc_read(X86Cpu *cpu, uint16_t selector, Descriptor *d)
{
    uint64_t base = cpu->gdt.base;
    uint32_t limit = cpu->gdt.limit;

    if (sel_null(selector)) {
        return false;
    }
    if (selector & SEL_TI) {
        if (!(cpu->ldt.attr & SEG_P)) {
            return false;
        }
        base = cpu->ldt.base;
        limit = cpu->ldt.limit;
    }
    if ((selector | 7u) > limit) {
        return false;
    }
    d->addr = base + (selector & ~7u);
    if (!x86_long_mode(cpu)) {
        d->addr = (uint32_t)d->addr;
    }
    uint64_t val = sys_load(cpu, d->addr, 8, x86_implicit_mode(cpu));
    d->lo = val;
    d->hi = val >> 32;
    return true;
}

void desc_fetch(X86Cpu *cpu, uint16_t selector, Descriptor *d, X86Vector vector)
{
    if (!desc_read(cpu, selector, d)) {
        x86_raise_error(cpu, vector, selector & SEL_ERROR);
    }
}

uint32_t desc_fetch_high(X86Cpu *cpu, uint16_t selector, const Descriptor *d,
                         X86Vector vector)
{
    uint32_t limit = selector & SEL_TI ? cpu->ldt.limit : cpu->gdt.limit;

    if ((selector | 7u) + 8 > limit) {
        x86_raise_error(cpu, vector, selector & SEL_ERROR);
    }
    uint64_t val = sys_load(cpu, d->addr + 8, 8, x86_implicit_mode(cpu));
    if (val >> 40 & 31) { /* its type must be 0 */
        x86_raise_error(cpu, vector, selector & SEL_ERROR);
    }
    return val;
}

void desc_set_accessed(X86Cpu *cpu, Descriptor *d)
{
    if (!(d->hi & DESC_A)) {
        d->hi |= DESC_A;
        sys_store(cpu, d->addr + 4, d->hi, 4, x86_implicit_mode(cpu));
    }
}

/* ---- stacks -------------------------------------------------------------- */

bool segment_holds(const X86Segment *seg, uint32_t off, unsigned size)
{
    uint32_t last = off + size - 1;

    if (last < off) { /* wraps: only a segment of everything holds it */
        return seg->limit == UINT32_MAX && !(seg->attr & 4);
    }
    if ((seg->attr & (8 | 4)) == 4) { /* expand-down data */
        uint32_t top = seg->attr & SEG_D ? UINT32_MAX : 0xffff;

        return off > seg->limit && last <= top;
    }
    return last <= seg->limit;
}

void stack_init(Stack *s, X86Cpu *cpu, const X86Segment *ss, uint64_t sp,
                unsigned cpl, bool flat64)
{
    s->ss = *ss;
    s->flat64 = flat64;
    s->mask = flat64 ? UINT64_MAX : ss->attr & SEG_D ? UINT32_MAX : 0xffff;
    s->sp = sp & s->mask;
    s->mode = x86_mode_for(cpu, cpl);
    s->error = 0;
}

void stack_current(Stack *s, X86Cpu *cpu)
{
    stack_init(s, cpu, &cpu->seg[X86_SS], cpu->env.r[X86_RSP], x86_cpl(cpu),
               cpu->key.code == X86_CODE64);
}

/* Only user code is asked, for its own stack. */
static void stack_check_aligned(X86Cpu *cpu, const Stack *s, vaddr addr,
                                unsigned size)
{
    if (cpu->key.ac && (s->ss.attr & SEG_DPL) == SEG_DPL &&
        (addr & (size - 1))) {
        x86_raise_error(cpu, EXC_AC, 0);
    }
}

static vaddr stack_address(X86Cpu *cpu, const Stack *s, unsigned size)
{
    uint32_t addr = s->ss.base + s->sp;

    if (s->flat64) {
        if (!x86_canonical(cpu, s->sp)) {
            x86_raise_error(cpu, EXC_SS, s->error);
        }
        stack_check_aligned(cpu, s, s->sp, size);
        return s->sp;
    }
    if (!segment_holds(&s->ss, s->sp, size)) {
        x86_raise_error(cpu, EXC_SS, s->error);
    }
    stack_check_aligned(cpu, s, addr, size);
    return addr;
}

void stack_push(X86Cpu *cpu, Stack *s, uint64_t val, unsigned size)
{
    s->sp = (s->sp - size) & s->mask;
    sys_store_sized(cpu, stack_address(cpu, s, size), val, size, s->mode);
}

uint64_t stack_pop(X86Cpu *cpu, Stack *s, unsigned size)
{
    uint64_t val =
        sys_load_sized(cpu, stack_address(cpu, s, size), size, s->mode);

    s->sp = (s->sp + size) & s->mask;
    return val;
}

/* The frames of 64-bit code, whose stack pointer is an address: in place. */
static uint64_t *stack_host(X86Cpu *cpu, const Stack *s, uint64_t sp,
                            unsigned n, unsigned size, bool write)
{
    return s->flat64 && size == 8 && !cpu->key.ac
               ? sys_host(cpu, sp, n * 8, s->mode, write)
               : NULL;
}

void stack_push_words(X86Cpu *cpu, Stack *s, const uint64_t *words, unsigned n,
                      unsigned size)
{
    uint64_t *host = stack_host(cpu, s, s->sp - n * 8, n, size, true);

    if (host) {
        s->sp -= n * 8;
        for (unsigned i = 0; i < n; i++) {
            host[n - 1 - i] = words[i];
        }
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        stack_push(cpu, s, words[i], size);
    }
}

void stack_pop_words(X86Cpu *cpu, Stack *s, uint64_t *words, unsigned n,
                     unsigned size)
{
    const uint64_t *host = stack_host(cpu, s, s->sp, n, size, false);

    if (host) {
        s->sp += n * 8;
        for (unsigned i = 0; i < n; i++) {
            words[i] = host[i];
        }
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        words[i] = stack_pop(cpu, s, size);
    }
}

void stack_commit(X86Cpu *cpu, const Stack *s)
{
    uint64_t rsp = cpu->env.r[X86_RSP];

    /* A 16-bit stack keeps the upper half of ESP. */
    cpu->env.r[X86_RSP] =
        s->mask == 0xffff ? (rsp & ~UINT64_C(0xffff)) | s->sp : s->sp;
}

/* ---- stack pointers in the task state ------------------------------------ */

void x86_tss_stack(X86Cpu *cpu, unsigned level, uint16_t *ss, uint64_t *sp)
{
    bool tss32 = cpu->tr.attr & 8;
    unsigned size = tss32 ? 4 : 2;
    unsigned off = tss32 ? 4 + level * 8 : 2 + level * 4;
    unsigned mode = x86_implicit_mode(cpu);

    if (off + size + 2 - 1 > cpu->tr.limit) {
        x86_raise_error(cpu, EXC_TS, cpu->tr.selector & SEL_ERROR);
    }
    *sp = sys_load_sized(cpu, cpu->tr.base + off, size, mode);
    *ss = sys_load(cpu, cpu->tr.base + off + size, 2, mode);
}

uint64_t x86_tss_rsp64(X86Cpu *cpu, unsigned index)
{
    unsigned off = 4 + index * 8;

    if (off + 7 > cpu->tr.limit) {
        x86_raise_error(cpu, EXC_TS, cpu->tr.selector & SEL_ERROR);
    }
    uint64_t rsp = sys_load(cpu, cpu->tr.base + off, 8, x86_implicit_mode(cpu));
    if (!x86_canonical(cpu, rsp)) {
        x86_raise_error(cpu, EXC_SS, 0);
    }
    return rsp;
}
