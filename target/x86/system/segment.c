/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segment registers: loading them with every check, LLDT and LTR, and the
 * instructions that ask what a selector would allow. Light.
 *
 * SDM 2A MOV, LAR; 2B LSL, LTR, VERR; 3A 5.4 to 5.10.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

/* ---- loads --------------------------------------------------------------- */

void x86_load_segment_real(X86Cpu *cpu, unsigned seg, uint16_t selector)
{
    X86Segment *s = &cpu->seg[seg];

    s->selector = selector;
    s->base = (uint32_t)selector << 4;
    if (x86_v86(cpu)) {
        s->limit = 0xffff;
        s->attr = 0xf3;
    } else if (seg == X86_CS) {
        /* A code segment left from protected mode becomes a plain one. */
        s->attr = (s->attr & ~(SEG_TYPE | SEG_DPL)) | SEG_P | SEG_S | 3;
    }
}

X86Segment x86_null_stack(unsigned cpl)
{
    return (X86Segment){
        .limit = UINT32_MAX,
        .selector = cpl,
        .attr = SEG_P | SEG_S | 3 | cpl << 5 | SEG_D | SEG_G,
    };
}

void x86_check_stack_segment(X86Cpu *cpu, uint16_t selector, unsigned cpl,
                             X86Vector vector, Descriptor *d)
{
    uint32_t error = selector & SEL_ERROR;

    if (sel_null(selector)) {
        x86_raise_error(cpu, vector, 0);
    }
    desc_fetch(cpu, selector, d, vector);
    if ((selector & SEL_RPL) != cpl || desc_dpl(d) != cpl ||
        !desc_is_writable_data(d)) {
        x86_raise_error(cpu, vector, error);
    }
    if (!(d->hi & DESC_P)) {
        x86_raise_error(cpu, EXC_SS, error);
    }
    desc_set_accessed(cpu, d);
}

/* 64-bit code outside level 3 may have no stack segment. */
static void segment_load_null_stack(X86Cpu *cpu, uint16_t selector)
{
    unsigned cpl = x86_cpl(cpu);

    if (cpu->key.code != X86_CODE64 || cpl == 3 ||
        (selector & SEL_RPL) != cpl) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    cpu->seg[X86_SS] = x86_null_stack(cpl);
    cpu->seg[X86_SS].selector = selector;
}

static void segment_check_data(X86Cpu *cpu, uint16_t selector, X86Vector vector,
                               Descriptor *d)
{
    uint32_t error = selector & SEL_ERROR;
    unsigned rpl = selector & SEL_RPL;

    if (!(d->hi & DESC_S) || (d->hi & (DESC_CODE | DESC_W)) == DESC_CODE) {
        x86_raise_error(cpu, vector, error);
    }
    if ((d->hi & (DESC_CODE | DESC_C)) != (DESC_CODE | DESC_C) &&
        (rpl > desc_dpl(d) || x86_cpl(cpu) > desc_dpl(d))) {
        x86_raise_error(cpu, vector, error);
    }
    if (!(d->hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
    desc_set_accessed(cpu, d);
}

void x86_load_data_segment(X86Cpu *cpu, unsigned seg, uint16_t selector,
                           X86Vector vector)
{
    Descriptor d;

    if (sel_null(selector)) {
        cpu->seg[seg] = (X86Segment){ .selector = selector };
        return;
    }
    desc_fetch(cpu, selector, &d, vector);
    segment_check_data(cpu, selector, vector, &d);
    cpu->seg[seg] = desc_segment(&d, selector);
}

void x86_load_segment(X86Cpu *cpu, unsigned seg, uint16_t selector)
{
    Descriptor d;

    if (x86_real(cpu) || x86_v86(cpu)) {
        x86_load_segment_real(cpu, seg, selector);
    } else if (seg != X86_SS) {
        x86_load_data_segment(cpu, seg, selector, EXC_GP);
    } else if (sel_null(selector)) {
        segment_load_null_stack(cpu, selector);
    } else {
        x86_check_stack_segment(cpu, selector, x86_cpl(cpu), EXC_GP, &d);
        cpu->seg[X86_SS] = desc_segment(&d, selector);
    }
}

static uint64_t helper_load_seg(void *env, uint64_t seg, uint64_t selector,
                                uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t key = cpu->key.bits;

    x86_load_segment(cpu, seg, selector);
    if (seg == X86_SS) {
        cpu->inhibit = X86_INHIBIT_SS;
    }
    x86_update_key_transfer(cpu);
    return cpu->key.bits != key;
}
const TcgHelper x86_helper_load_seg = { "load_seg", helper_load_seg,
                                        TCG_LIGHT | TCG_MAY_RAISE };

/* ---- limits -------------------------------------------------------------- */

void x86_check_segment(X86Cpu *cpu, unsigned seg, uint32_t off, unsigned size,
                       bool write)
{
    const X86Segment *s = &cpu->seg[seg];
    bool code = s->attr & 8;
    bool allowed = write ? !code && (s->attr & 2) : !code || (s->attr & 2);

    if (x86_real(cpu)) {
        allowed = true;
    }
    if (!(s->attr & SEG_P) || !allowed ||
        (size && !segment_holds(s, off, size))) {
        x86_raise_error(cpu, seg == X86_SS ? EXC_SS : EXC_GP, 0);
    }
}

static uint64_t helper_check_segment(void *env, uint64_t off, uint64_t packed,
                                     uint64_t c, uint64_t d)
{
    x86_check_segment(env, packed & 0xff, off, packed >> 8 & 0xffff,
                      packed >> 24 & 1);
    return 0;
}
const TcgHelper x86_helper_check_segment = { "check_segment",
                                             helper_check_segment,
                                             TCG_LIGHT | TCG_MAY_RAISE };

void x86_check_pc(X86Cpu *cpu, const X86Segment *cs, uint64_t pc)
{
    bool code64 = x86_long_mode(cpu) && (cs->attr & SEG_L);

    if (code64 ? !x86_canonical(cpu, pc) : pc > cs->limit) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

void x86_check_branch(X86Cpu *cpu, int moved)
{
    if (cpu->key.code == X86_CODE64 && !x86_canonical(cpu, cpu->env.pc)) {
        cpu->env.r[X86_RSP] -= moved;
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

void x86_drop_inner_segments(X86Cpu *cpu, unsigned cpl)
{
    static const uint8_t data[] = { X86_ES, X86_DS, X86_FS, X86_GS };

    for (unsigned i = 0; i < 4; i++) {
        X86Segment *s = &cpu->seg[data[i]];
        bool conforming = (s->attr & 0xc) == 0xc;
        unsigned dpl = s->attr >> 5 & 3;

        /* The base stays, and counts in 64-bit mode for FS and GS. */
        if (!sel_null(s->selector) && !conforming && dpl < cpl) {
            *s = (X86Segment){ .base = s->base };
        }
    }
}

/* ---- LDT and task register ----------------------------------------------- */

void x86_load_ldt(X86Cpu *cpu, uint16_t selector, X86Vector vector)
{
    uint32_t error = selector & SEL_ERROR;
    Descriptor d;

    if (sel_null(selector)) {
        cpu->ldt = (X86Segment){ .selector = selector };
        return;
    }
    if (selector & SEL_TI) {
        x86_raise_error(cpu, vector, error);
    }
    desc_fetch(cpu, selector, &d, vector);
    if ((d.hi & DESC_S) || desc_type(&d) != TYPE_LDT) {
        x86_raise_error(cpu, vector, error);
    }
    uint64_t high =
        x86_long_mode(cpu) ? desc_fetch_high(cpu, selector, &d, vector) : 0;
    if (!(d.hi & DESC_P)) {
        x86_raise_error(cpu, vector == EXC_TS ? EXC_TS : EXC_NP, error);
    }
    X86Segment ldt = desc_segment(&d, selector);
    ldt.base |= high << 32;
    if (!x86_canonical_base(cpu, ldt.base)) {
        x86_raise_error(cpu, vector, error);
    }
    cpu->ldt = ldt;
}

static uint64_t helper_lldt(void *env, uint64_t selector, uint64_t b,
                            uint64_t c, uint64_t d)
{
    x86_load_ldt(env, selector, EXC_GP);
    return 0;
}
const TcgHelper x86_helper_lldt = { "lldt", helper_lldt,
                                    TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_ltr(void *env, uint64_t a, uint64_t b, uint64_t c,
                           uint64_t e)
{
    X86Cpu *cpu = env;
    uint16_t selector = a;
    uint32_t error = selector & SEL_ERROR;
    bool lm = x86_long_mode(cpu);
    Descriptor d;

    if (sel_null(selector)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    if (selector & SEL_TI) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    desc_fetch(cpu, selector, &d, EXC_GP);
    bool tss =
        desc_type(&d) == TYPE_TSS32 || (desc_type(&d) == TYPE_TSS16 && !lm);
    if ((d.hi & DESC_S) || !tss) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    uint64_t high = lm ? desc_fetch_high(cpu, selector, &d, EXC_GP) : 0;
    if (!(d.hi & DESC_P)) {
        x86_raise_error(cpu, EXC_NP, error);
    }
    d.hi |= DESC_BUSY;
    X86Segment tr = desc_segment(&d, selector);
    tr.base |= high << 32;
    if (!x86_canonical_base(cpu, tr.base)) {
        x86_raise_error(cpu, EXC_GP, error);
    }
    sys_store(cpu, d.addr + 4, d.hi, 4, x86_implicit_mode(cpu));
    cpu->tr = tr;
    return 0;
}
const TcgHelper x86_helper_ltr = { "ltr", helper_ltr,
                                   TCG_LIGHT | TCG_MAY_RAISE };

/* ---- questions about selectors ------------------------------------------- */

static void segment_answer(X86Cpu *cpu, bool zf)
{
    uint32_t flags = x86_flags_unpack(cpu->env.flags) & ~EFLAGS_ZF;

    cpu->env.flags = x86_flags_pack(zf ? flags | EFLAGS_ZF : flags);
}

/* LAR, LSL: may CPL and RPL see the descriptor, and is its type one that the
 * instruction knows? */
static bool segment_visible(X86Cpu *cpu, uint16_t selector, uint32_t types,
                            Descriptor *d)
{
    unsigned rpl = selector & SEL_RPL;

    if (!desc_read(cpu, selector, d)) {
        return false;
    }
    if (!(d->hi & DESC_S) && !(types >> desc_type(d) & 1)) {
        return false;
    }
    return (d->hi & (DESC_S | DESC_CODE | DESC_C)) ==
               (DESC_S | DESC_CODE | DESC_C) ||
           (desc_dpl(d) >= x86_cpl(cpu) && desc_dpl(d) >= rpl);
}

static uint64_t helper_lar(void *env, uint64_t selector, uint64_t old,
                           uint64_t c, uint64_t e)
{
    X86Cpu *cpu = env;
    uint32_t types = x86_long_mode(cpu) ? 0x1a04 : 0x1a3e;
    Descriptor d;

    if (!segment_visible(cpu, selector, types, &d)) {
        segment_answer(cpu, false);
        return old;
    }
    segment_answer(cpu, true);
    return d.hi & 0xf0ff00;
}
const TcgHelper x86_helper_lar = { "lar", helper_lar,
                                   TCG_LIGHT | TCG_MAY_RAISE | TCG_READS_FLAGS |
                                       TCG_WRITES_FLAGS };

static uint64_t helper_lsl(void *env, uint64_t selector, uint64_t old,
                           uint64_t c, uint64_t e)
{
    X86Cpu *cpu = env;
    uint32_t types = x86_long_mode(cpu) ? 0x0a04 : 0x0a0e;
    Descriptor d;

    if (!segment_visible(cpu, selector, types, &d)) {
        segment_answer(cpu, false);
        return old;
    }
    segment_answer(cpu, true);
    return desc_limit(&d);
}
const TcgHelper x86_helper_lsl = { "lsl", helper_lsl,
                                   TCG_LIGHT | TCG_MAY_RAISE | TCG_READS_FLAGS |
                                       TCG_WRITES_FLAGS };

static uint64_t segment_verify(X86Cpu *cpu, uint16_t selector, bool write)
{
    Descriptor d;
    bool ok = segment_visible(cpu, selector, 0, &d);

    if (ok && (d.hi & DESC_CODE)) {
        ok = !write && (d.hi & DESC_W);
    } else if (ok && write) {
        ok = d.hi & DESC_W;
    }
    segment_answer(cpu, ok);
    return 0;
}

static uint64_t helper_verr(void *env, uint64_t selector, uint64_t b,
                            uint64_t c, uint64_t d)
{
    return segment_verify(env, selector, false);
}
const TcgHelper x86_helper_verr = { "verr", helper_verr,
                                    TCG_LIGHT | TCG_MAY_RAISE |
                                        TCG_READS_FLAGS | TCG_WRITES_FLAGS };

static uint64_t helper_verw(void *env, uint64_t selector, uint64_t b,
                            uint64_t c, uint64_t d)
{
    return segment_verify(env, selector, true);
}
const TcgHelper x86_helper_verw = { "verw", helper_verw,
                                    TCG_LIGHT | TCG_MAY_RAISE |
                                        TCG_READS_FLAGS | TCG_WRITES_FLAGS };
