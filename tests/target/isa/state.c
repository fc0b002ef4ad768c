/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States that suit an instruction: addresses that reach its operand (or the
 * end of memory, or nothing), return addresses and selectors where it looks
 * for them, dividends that fit more often than they do not.
 */
#include "target/x86/xstate.h"
#include "tests/target/isa/isa.h"

#include <string.h>

/* ---- Memory ---------------------------------------------------------------
 */

static void state_poke(IsaCase *c, uint64_t addr, uint64_t v, size_t len)
{
    void *p = isa_mem_at(&c->mem, addr, len);
    if (p) {
        memcpy(p, &v, len);
    }
}

static void state_fill(IsaMem *mem, uint64_t *seed)
{
    for (size_t n = 0; n < sizeof(*mem); n += 8) {
        uint64_t v = isa_lane(seed);
        memcpy((uint8_t *)mem + n, &v, 8);
    }
}

/* ---- Interesting values ----------------------------------------------------
 */

/* User code's under Linux, the kernel's, empty ones, beyond the table; not
 * 78h, which says on which CPU this runs. */
static uint16_t state_selector(uint64_t *seed)
{
    static const uint16_t list[] = { 0,    1,    2,        3,       0x10, 0x1b,
                                     0x23, 0x2b, 0x33,     0x33,    0x2b, 0x23,
                                     0x2a, 0x28, 0x40,     0x53,    0x63, 0x2f,
                                     0x87, 0x80, ISA_CS16, ISA_DS16 };
    return list[isa_below(seed, G_N_ELEMENTS(list))];
}

/* In a segment of 64 KiB, too. */
static bool state_is_inside(const IsaCase *c, uint64_t pc)
{
    return (uint16_t)(pc + 1 - c->in.pc) <= X86_INSN_MAX + 1;
}

/* Somewhere else; in a segment of 64 KiB, which its lower half always is in, it
 * is among the INT3s, too. */
static uint64_t state_wild_address(const IsaCase *c, uint64_t *seed)
{
    uint64_t pc = isa_value(seed) & ~UINT64_C(0xffff);

    return pc | (c->code == X86_CODE16 ? 0x10000 : 0) |
           (0x100 + isa_below(seed, 0x1e00));
}

/* Mostly among the INT3s around the instruction. */
static uint64_t state_code_address(const IsaCase *c, uint64_t *seed)
{
    bool near = c->code == X86_CODE16 && c->insn.op_size == 2;
    uint64_t pc;

    do {
        pc = near || isa_below(seed, 12)
                 ? ENGINE_BASE + 0x100 + isa_below(seed, 0x1e00) - isa_origin(c)
                 : state_wild_address(c, seed);
    } while (state_is_inside(c, pc));
    return pc;
}

/* Where a far transfer goes. Of RSP, 16-bit code's stack pointer under Linux is
 * the lower half only, and the rest leads into the kernel (its "espfix"): so it
 * must not become 64-bit code. */
static uint16_t state_code_selector(const IsaCase *c, uint64_t *seed)
{
    uint16_t selector = state_selector(seed);
    bool code64 = selector == ISA_CS64;

    return code64 && c->code == X86_CODE16 ? ISA_CS16 : selector;
}

/* What POPF and IRET may load without a trap behind them (TF, AC), and without
 * staying set (Linux does not restore NT and ID). */
static uint64_t state_flags_image(uint64_t *seed)
{
    uint64_t safe =
        EFLAGS_STATUS | EFLAGS_DF | EFLAGS_IF | EFLAGS_IOPL | EFLAGS_RF;
    return (isa_next(seed) & safe) | 2;
}

/* ---- The memory operand ---------------------------------------------------
 */

/* Its parts have addresses that wrap each by itself; how it is divided is the
 * maker's own. */
static bool state_has_parts(const X86Insn *i)
{
    bool far_pointer = i->mem_bytes == i->op_size + 2u;

    return i->mem_bytes > 64 || (i->mem_bytes & (i->mem_bytes - 1)) ||
           far_pointer || i->mnemonic == X86_BOUND;
}

static uint64_t state_target(const IsaCase *c, uint64_t *seed)
{
    uint64_t aligned = ISA_DATA - 0x400 + 64 * isa_below(seed, 12);
    bool whole = c->insn.addr_size != 2 || !state_has_parts(&c->insn);
    bool far = c->insn.mem.base != X86_NO_REG && c->insn.addr_size == 8;

    if (c->insn.row->feature == FEATURE_SHA) { /* AMD's check no alignment */
        return aligned;
    }
    if (c->insn.evex_aaa && isa_below(seed, 3) == 0) { /* what may fault? */
        return ISA_END - isa_below(seed, 80);
    }
    switch (isa_below(seed, 40)) {
    case 0:
        return whole ? ISA_END - 1 - isa_below(seed, 16) : aligned;
    case 1: /* 16 bits would wrap, to the code */
        return c->insn.addr_size == 2 ? aligned
                                      : ISA_END + isa_below(seed, 4096);
    case 2:
        return far ? isa_next(seed) | UINT64_C(1) << 62 : aligned;
    case 3:
    case 4:
        return ISA_DATA - 1 - isa_below(seed, 16);
    case 5 ... 11:
        return aligned + isa_below(seed, 64);
    default:
        return aligned;
    }
}

static bool state_is_vsib(const X86Insn *i)
{
    return i->mem.vsib;
}

/* Elements of at most 100, at either width. */
static void state_place_indices(IsaCase *c, uint64_t *seed)
{
    X86Fpu *fpu = &c->in.fpu;
    unsigned reg = c->insn.mem.index & 31;
    bool wide = c->insn.opcode & 1; /* QD, QQ, QPS, QPD */

    for (unsigned n = 0; n < 16; n++) {
        uint32_t v = (int)isa_below(seed, 200) - 100;
        uint32_t *lane = reg >= 16 ? (uint32_t *)fpu->zmm[reg - 16] + n
                         : n < 4   ? &fpu->xmm[reg].l[n]
                         : n < 8   ? (uint32_t *)fpu->ymm_high[reg] + n - 4
                                   : (uint32_t *)fpu->zmm_high[reg] + n - 8;
        *lane = wide && n & 1 ? 0 : wide ? v & 63 : v;
    }
}

static void state_patch(IsaCase *c, uint64_t disp, unsigned len, unsigned tail)
{
    memcpy(c->bytes + c->insn.len - tail - len, &disp, len);
    x86_decode(&c->insn, c->bytes, X86_INSN_MAX, c->code);
}

static void state_place_index(IsaCase *c, uint64_t *seed)
{
    const X86Mem *m = &c->insn.mem;

    if (state_is_vsib(&c->insn)) {
        state_place_indices(c, seed);
    } else if (m->index != X86_NO_REG) {
        c->in.r[m->index] = isa_below(seed, 32) * 4;
    }
}

static void state_place_base(IsaCase *c, uint64_t ea)
{
    const X86Mem *m = &c->insn.mem;
    bool vsib = state_is_vsib(&c->insn);

    if (m->index == X86_NO_REG || vsib) {
        c->in.r[m->base] = ea - m->disp;
    } else if (m->index == m->base) {
        c->in.r[m->base] = (ea - m->disp) / (1 + (1 << m->scale));
    } else {
        c->in.r[m->base] = ea - m->disp - (c->in.r[m->index] << m->scale);
    }
}

/* Make the operand's address the target's, whatever the index is. */
static void state_point(IsaCase *c)
{
    const X86Insn *i = &c->insn;
    const X86Mem *m = &i->mem;
    uint64_t ea = c->target - (m->seg == X86_GS ? ISA_GS_BASE : isa_origin(c));

    if (!i->has_modrm) {
        state_patch(c, ea, i->addr_size, 0);
    } else if (m->rip) {
        state_patch(c, ea - c->in.pc - i->len, 4, i->imm_bytes);
    } else if (m->base == X86_NO_REG) {
        bool index = m->index != X86_NO_REG && !state_is_vsib(i);
        uint64_t off = index ? c->in.r[m->index] << m->scale : 0;
        state_patch(c, ea - off, MIN(i->addr_size, 4), i->imm_bytes);
    } else {
        state_place_base(c, ea);
    }
}

/* 32-bit code cannot reach its memory by 16 bits. */
static bool state_has_target(const IsaCase *c)
{
    const X86Insn *i = &c->insn;

    return i->has_mem && (i->addr_size != 2 || c->code == X86_CODE16) &&
           !(i->row->attr & X86_A_NOSEG);
}

static void state_place_memory(IsaCase *c, uint64_t *seed)
{
    if (state_has_target(c)) {
        c->target = state_target(c, seed);
        state_place_index(c, seed);
        state_point(c);
    }
}

/* ---- Families --------------------------------------------------------------
 */

typedef void StateFn(IsaCase *c, uint64_t *seed);

/* What an index register is to be. 16 bits would wrap at the memory's end. */
static uint64_t state_pointer(const IsaCase *c, uint64_t *seed)
{
    bool amid = isa_below(seed, 16) || c->insn.addr_size == 2;

    return amid ? ISA_DATA + isa_below(seed, 128) - 64 - isa_origin(c)
                : ISA_END - isa_below(seed, 64) - isa_origin(c);
}

/* Data, through the segment that a memory operand without a register has. */
static uint64_t state_data(const IsaCase *c)
{
    return ISA_DATA - (c->insn.mem.seg == X86_GS ? ISA_GS_BASE : isa_origin(c));
}

static uint64_t state_stack(const IsaCase *c)
{
    return c->in.r[X86_RSP] + isa_origin(c);
}

static void state_string(IsaCase *c, uint64_t *seed)
{
    uint64_t gs = c->insn.mem.seg == X86_GS ? ISA_GS_BASE : 0;

    c->in.r[X86_RSI] = state_pointer(c, seed) - gs;
    c->in.r[X86_RDI] = state_pointer(c, seed);
    c->in.r[X86_RCX] = isa_below(seed, 64);
    c->in.flags ^= isa_below(seed, 2) ? EFLAGS_DF : 0;
    if (isa_below(seed, 2)) { /* equal for a while */
        c->in.r[X86_RAX] = 0;
        memset(isa_mem_at(&c->mem, ISA_DATA - 256, 512), 0, 512);
    }
}

static void state_xlat(IsaCase *c, uint64_t *seed)
{
    c->in.r[X86_RBX] = state_data(c);
}

/* Inside one page: whether an access that is masked off faults is open. */
static void state_mask_move(IsaCase *c, uint64_t *seed)
{
    c->in.r[X86_RDI] = state_data(c) + isa_below(seed, 128);
}

static void state_enter(IsaCase *c, uint64_t *seed)
{
    c->in.r[X86_RBP] = ISA_STACK + 8 * isa_below(seed, 32) - isa_origin(c);
    if (c->insn.mnemonic == X86_ENTER) {
        state_patch(c, isa_below(seed, 0x100), 2, 1);
    }
}

/* Quotients that fit: a small upper half. */
static void state_divide(IsaCase *c, uint64_t *seed)
{
    if (isa_below(seed, 4)) {
        uint64_t sign = isa_below(seed, 3) ? 0 : UINT64_MAX;
        c->in.r[X86_RDX] = sign ? sign : isa_below(seed, 16);
        if (c->insn.op[0].size == 1) {
            c->in.r[X86_RAX] &= 0xfff;
        }
    }
}

/* A bit offset in a register moves the address; keep it near. */
static void state_bit(IsaCase *c, uint64_t *seed)
{
    const X86Insn *i = &c->insn;

    if (i->has_mem && i->op[1].kind == OPERAND_GPR) {
        c->in.r[i->op[1].reg] = (int64_t)isa_below(seed, 2048) - 1024;
    }
}

static void state_lengths(IsaCase *c, uint64_t *seed)
{
    c->in.r[X86_RAX] = (int64_t)isa_below(seed, 40) - 20;
    c->in.r[X86_RDX] = (int64_t)isa_below(seed, 40) - 20;
}

static void state_popf(IsaCase *c, uint64_t *seed)
{
    state_poke(c, state_stack(c), state_flags_image(seed), 8);
}

static void state_return(IsaCase *c, uint64_t *seed)
{
    state_poke(c, state_stack(c), state_code_address(c, seed), 8);
}

/* Offset and selector, as wide as the operand size; IRET: flags, and in 64-bit
 * code the stack. */
static void state_return_far(IsaCase *c, uint64_t *seed)
{
    unsigned size = c->insn.op_size;
    if (c->insn.imm_bytes == 2) { /* some look at the outer stack first */
        state_patch(c, isa_below(seed, 128), 2, 0);
    }
    uint64_t sp = state_stack(c);

    state_poke(c, sp, state_code_address(c, seed), size);
    state_poke(c, sp + size, state_code_selector(c, seed), size);
    if (c->insn.mnemonic == X86_IRET) {
        state_poke(c, sp + 2 * size, state_flags_image(seed), size);
        state_poke(c, sp + 3 * size, ISA_STACK + isa_below(seed, 64) * 8, size);
        state_poke(c, sp + 4 * size,
                   isa_below(seed, 4) ? ISA_DS : state_selector(seed), size);
    }
}

static void state_branch(IsaCase *c, uint64_t *seed)
{
    const X86Operand *op = &c->insn.op[0];
    uint64_t next = c->in.pc + c->insn.len, pc = state_code_address(c, seed);

    if (op->kind == OPERAND_GPR) {
        c->in.r[op->reg] = pc;
    } else if (op->kind == OPERAND_MEM) {
        state_poke(c, c->target, pc, op->size);
    } else if (op->kind == OPERAND_REL) {
        uint64_t disp = op->size == 1 ? (pc & 0x3f) + X86_INSN_MAX : pc - next;
        state_patch(c, disp, op->size, 0);
    }
}

static void state_selectors(IsaCase *c, uint64_t *seed)
{
    for (unsigned n = 0; n < c->insn.op_count; n++) {
        const X86Operand *op = &c->insn.op[n];
        if (op->kind == OPERAND_GPR) {
            c->in.r[op->reg] =
                (c->in.r[op->reg] & ~UINT64_C(0xffff)) | state_selector(seed);
        } else if (op->kind == OPERAND_MEM) {
            state_poke(c, c->target, state_selector(seed), 2);
        }
    }
}

static void state_pop_segment(IsaCase *c, uint64_t *seed)
{
    if (c->insn.op[0].kind == OPERAND_SEG) {
        state_poke(c, state_stack(c), state_selector(seed), 2);
    }
}

static void state_far_pointer(IsaCase *c, uint64_t *seed)
{
    const X86Operand *op = &c->insn.op[c->insn.op_count - 1];
    unsigned size = op->size - 2;
    bool jump = c->insn.row->attr & X86_A_BRANCH;
    uint64_t off = jump ? state_code_address(c, seed) : isa_value(seed);

    if (op->kind == OPERAND_MEM) {
        state_poke(c, c->target, off, size);
        state_poke(c, c->target + size, state_code_selector(c, seed), 2);
    } else {
        state_patch(c, off, size, 2);
        state_patch(c, state_code_selector(c, seed), 2, 0);
    }
}

static bool state_uses_accumulator(const IsaCase *c)
{
    const X86Mem *m = &c->insn.mem;
    return m->base == X86_RAX || m->index == X86_RAX || m->base == X86_RDX ||
           m->index == X86_RDX;
}

/* The accumulator is what is in memory, half of the time. */
static void state_compare_exchange(IsaCase *c, uint64_t *seed)
{
    const X86Operand *op = &c->insn.op[0];
    const uint64_t *p = isa_mem_at(&c->mem, c->target, 16);

    if (isa_below(seed, 2) || (c->insn.has_mem && state_uses_accumulator(c))) {
        return;
    }
    if (op->kind == OPERAND_GPR) {
        c->in.r[X86_RAX] = c->in.r[op->reg];
    } else if (p && c->target) {
        unsigned half = c->insn.mnemonic == X86_CMPXCHG8B ? 4 : 8;
        memcpy(&c->in.r[X86_RAX], p, half);
        memcpy(&c->in.r[X86_RDX], (const uint8_t *)p + half, half);
    }
}

/* The line that a register says: mostly data, and mostly aligned. */
static void state_line(IsaCase *c, uint64_t *seed)
{
    bool clzero = c->insn.mnemonic == X86_CLZERO;
    unsigned reg = clzero ? X86_RAX : c->insn.op[0].reg;
    uint64_t at = isa_below(seed, 8) ? ISA_DATA + 64 * isa_below(seed, 16)
                                     : ISA_END - 64 + 64 * isa_below(seed, 3);

    if (isa_below(seed, clzero ? 2 : 8) == 0) {
        at += isa_below(seed, 64);
    }
    c->in.r[reg] = at - (clzero && c->insn.mem.seg == X86_GS ? ISA_GS_BASE
                                                             : isa_origin(c));
}

/* MXCSR.MM is AMD's own: valid there. */
#define ISA_MM (1u << 17)

static void state_mxcsr(IsaCase *c, uint64_t *seed)
{
    uint32_t wild = isa_below(seed, 8) ? 0 : isa_next(seed);

    state_poke(c, c->target, (isa_next(seed) & 0xffff) | (wild & ~ISA_MM), 4);
}

/* Some of the components there are. */
static uint64_t state_components(uint64_t *seed)
{
    return isa_below(seed, 2) ? isa_below(seed, 8) & isa_xcr0()
                              : isa_next(seed) & isa_xcr0();
}

/* To where they stand in the form that the header says. */
static void state_put_components(uint8_t *image, const X86Fpu *fpu)
{
    uint64_t compact = fpu->xcomp_bv;

    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        uint32_t at = compact ? x86_xstate_compact(x, compact & isa_xcr0())
                              : x86_xstate_standard(x);
        if (isa_xcr0() >> x->number & 1 &&
            (!compact || compact >> x->number & 1)) {
            memcpy(image + at, (const uint8_t *)fpu + x->image, x->size);
        }
    }
}

/* An image that can be loaded, most of the time; and sometimes compact. */
static void state_image(IsaCase *c, uint64_t *seed)
{
    uint32_t size = x86_xstate_size(isa_xcr0(), false);
    X86Fpu *image = isa_mem_at(&c->mem, c->target, size);

    c->in.r[X86_RDX] = isa_below(seed, 4) ? 0 : c->in.r[X86_RDX];
    c->in.r[X86_RAX] =
        isa_below(seed, 4) ? state_components(seed) : c->in.r[X86_RAX];
    c->in.r[X86_RAX] &= ~(uint64_t)isa_host_beyond();
    uint32_t *mxcsr =
        isa_mem_at(&c->mem, c->target + offsetof(X86Fpu, mxcsr), 4);
    if (mxcsr) {
        *mxcsr &= ~ISA_MM;
    }
    if (!image || c->target & 63 || isa_below(seed, 8) == 0) {
        return;
    }
    g_autofree X86Fpu *fpu = g_new0(X86Fpu, 1);
    isa_random_fpu(fpu, seed);
    fpu->xstate_bv = state_components(seed);
    if (isa_below(seed, 4) == 0) {
        fpu->xcomp_bv = XCOMP_COMPACT | fpu->xstate_bv | state_components(seed);
    }
    if (isa_below(seed, 8) == 0) {
        fpu->header_rest[isa_below(seed, 6)] = isa_below(seed, 3);
    }
    memcpy(image, fpu, XSTATE_EXTENDED);
    state_put_components((uint8_t *)image, fpu);
}

static void state_xgetbv(IsaCase *c, uint64_t *seed)
{
    c->in.r[X86_RCX] = isa_below(seed, 3);
}

static void state_base(IsaCase *c, uint64_t *seed)
{
    c->in.r[c->insn.op[0].reg] =
        isa_below(seed, 4) ? isa_next(seed) >> 17 : isa_value(seed);
}

static const struct {
    uint16_t mnemonic;
    StateFn *fn;
} state_families[] = {
    { X86_BT, state_bit },
    { X86_BTC, state_bit },
    { X86_BTR, state_bit },
    { X86_BTS, state_bit },
    { X86_XLAT, state_xlat },
    { X86_MASKMOVQ, state_mask_move },
    { X86_MASKMOVDQU, state_mask_move },
    { X86_ENTER, state_enter },
    { X86_LEAVE, state_enter },
    { X86_DIV, state_divide },
    { X86_IDIV, state_divide },
    { X86_PCMPESTRI, state_lengths },
    { X86_PCMPESTRM, state_lengths },
    { X86_POPF, state_popf },
    { X86_RET, state_return },
    { X86_RETF, state_return_far },
    { X86_IRET, state_return_far },
    { X86_JMP, state_branch },
    { X86_JCC, state_branch },
    { X86_JCXZ, state_branch },
    { X86_LOOP, state_branch },
    { X86_LOOPE, state_branch },
    { X86_LOOPNE, state_branch },
    { X86_CALL, state_branch },
    { X86_JMPF, state_far_pointer },
    { X86_CALLF, state_far_pointer },
    { X86_LDS, state_far_pointer },
    { X86_LES, state_far_pointer },
    { X86_LFS, state_far_pointer },
    { X86_LGS, state_far_pointer },
    { X86_LSS, state_far_pointer },
    { X86_MOV_SEG, state_selectors },
    { X86_LAR, state_selectors },
    { X86_LSL, state_selectors },
    { X86_VERR, state_selectors },
    { X86_VERW, state_selectors },
    { X86_POP, state_pop_segment },
    { X86_CMPXCHG, state_compare_exchange },
    { X86_CMPXCHG8B, state_compare_exchange },
    { X86_CMPXCHG16B, state_compare_exchange },
    { X86_CLZERO, state_line },
    { X86_MOVDIR64B, state_line },
    { X86_LDMXCSR, state_mxcsr },
    { X86_FXRSTOR, state_image },
    { X86_XRSTOR, state_image },
    { X86_XSAVE, state_image },
    { X86_XSAVEOPT, state_image },
    { X86_XSAVEC, state_image },
    { X86_XGETBV, state_xgetbv },
    { X86_WRFSBASE, state_base },
    { X86_WRGSBASE, state_base },
};

static void state_family(IsaCase *c, uint64_t *seed)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(state_families); n++) {
        if (state_families[n].mnemonic == c->insn.mnemonic) {
            state_families[n].fn(c, seed);
        }
    }
}

/* ---- The whole -------------------------------------------------------------
 */

/* POPA leaves out what stands for rSP: whether that may be beyond the stack's
 * limit, which no manual says, is not asked. */
static bool state_skips_stack(const IsaCase *c)
{
    return c->code == X86_CODE16 && c->insn.mnemonic == X86_POPA;
}

static void state_registers(IsaCase *c, uint64_t *seed)
{
    IsaState *s = &c->in;

    for (unsigned n = 0; n < 16; n++) {
        s->r[n] = isa_below(seed, 4) ? isa_value(seed) : isa_lane(seed);
    }
    s->r[X86_RSP] = ISA_STACK - 0x100 + isa_below(seed, 64) * 8 - isa_origin(c);
    if (isa_below(seed, 24) == 0 && !state_skips_stack(c)) {
        unsigned beyond = c->code == X86_CODE16 ? 0 : 64; /* it would wrap */
        s->r[X86_RSP] =
            ISA_END + beyond - 1 - isa_below(seed, 128) - isa_origin(c);
    }
    s->flags = (isa_next(seed) & EFLAGS_STATUS) | 2 | EFLAGS_IF;
    s->pc = ISA_CODE - isa_origin(c);
}

static void state_segments(IsaState *s, X86CodeSize code)
{
    static const uint16_t codes[] = { [X86_CODE16] = ISA_CS16,
                                      [X86_CODE32] = ISA_CS32,
                                      [X86_CODE64] = ISA_CS64 };
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        s->seg[n] = n >= X86_FS ? 0 : code == X86_CODE16 ? ISA_DS16 : ISA_DS;
    }
    s->seg[X86_CS] = codes[code];
    s->fs_base = isa_host_fs_base();
    s->gs_base = ISA_GS_BASE;
    s->vector = -1;
}

/* Outside of 64-bit code only the low halves of eight registers exist. */
static void state_narrow(IsaCase *c)
{
    for (unsigned n = 0; c->code != X86_CODE64 && n < 16; n++) {
        c->in.r[n] = n < 8 ? (uint32_t)c->in.r[n] : 0;
    }
}

void isa_random_state(IsaCase *c, uint64_t *seed)
{
    state_fill(&c->mem, seed);
    c->target = 0;
    state_registers(c, seed);
    state_segments(&c->in, c->code);
    isa_random_fpu(&c->in.fpu, seed);
    state_place_memory(c, seed);
    if (c->valid) {
        if (c->insn.row->attr & X86_A_STRING) {
            state_string(c, seed);
        }
        state_family(c, seed);
        if (state_has_target(c)) { /* registers may have changed */
            state_point(c);
        }
    }
    state_narrow(c);
}
