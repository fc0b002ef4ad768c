/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must agree: everything but what the manuals leave undefined (flags by
 * the decode table) and the x87's instruction and data pointers, which are
 * shown differently by each maker's processors.
 */
#include "tests/target/isa/isa.h"

#include <inttypes.h>
#include <string.h>

/* ---- What is left out -----------------------------------------------------
 */

/* Condition codes that are defined: SDM 1 table 8-1. */
static const struct {
    uint16_t mnemonic, codes;
} compare_codes[] = {
    { X86_FCOM, 0x4500 },    { X86_FCOMP, 0x4500 },  { X86_FCOMPP, 0x4500 },
    { X86_FUCOM, 0x4500 },   { X86_FUCOMP, 0x4500 }, { X86_FUCOMPP, 0x4500 },
    { X86_FICOM, 0x4500 },   { X86_FICOMP, 0x4500 }, { X86_FTST, 0x4500 },
    { X86_FXAM, 0x4700 },    { X86_FPREM, 0x4700 },  { X86_FPREM1, 0x4700 },
    { X86_FSIN, 0x0400 },    { X86_FCOS, 0x0400 },   { X86_FSINCOS, 0x0400 },
    { X86_FPTAN, 0x0400 },   { X86_FNSTCW, 0x4700 }, { X86_FNSTSW, 0x4700 },
    { X86_FNSTENV, 0x4700 }, { X86_FNSAVE, 0x4700 }, { X86_FLDCW, 0x4700 },
    { X86_FLDENV, 0x4700 },  { X86_FRSTOR, 0x4700 }, { X86_FNCLEX, 0 },
    { X86_FNINIT, 0x4700 },  { X86_FWAIT, 0x4700 },
};

static uint16_t compare_undefined_codes(const X86Insn *i)
{
    if (!(i->row->attr & X86_A_X87)) {
        return 0;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(compare_codes); n++) {
        if (compare_codes[n].mnemonic == i->mnemonic) {
            return 0x4700 & ~compare_codes[n].codes;
        }
    }
    return 0x4700;
}

static void compare_canonical_fpu(X86Fpu *f, uint16_t codes)
{
    f->fsw &= ~codes;
    f->fop = f->reserved = 0;
    f->fip = f->fdp = 0;
    f->mxcsr_mask = 0;
    for (unsigned n = 0; n < 8; n++) {
        memset(f->st[n].pad, 0, sizeof(f->st[n].pad));
    }
    memset(f->legacy_rest, 0, sizeof(f->legacy_rest));
    memset(&f->xstate_bv, 0, 64);
}

/* Parts of images in memory: pointers, the mask of MXCSR (a model's), and what
 * is the software's. */
typedef struct CompareHole {
    uint16_t mnemonic, op_size; /* 0: any */
    uint16_t off, len;
} CompareHole;
static const CompareHole compare_holes[] = {
    { X86_FXSAVE, 0, 5, 19 },   { X86_FXSAVE, 0, 28, 4 },
    { X86_XSAVE, 0, 5, 19 },    { X86_XSAVE, 0, 28, 4 },
    { X86_XSAVEC, 0, 5, 19 },   { X86_XSAVEC, 0, 28, 4 },
    { X86_XSAVEOPT, 0, 5, 19 }, { X86_XSAVEOPT, 0, 28, 4 },
    { X86_FNSTENV, 2, 6, 8 },   { X86_FNSTENV, 4, 12, 16 },
    { X86_FNSTENV, 8, 12, 16 }, { X86_FNSAVE, 2, 6, 8 },
    { X86_FNSAVE, 4, 12, 16 },  { X86_FNSAVE, 8, 12, 16 },
};

static void compare_punch(const IsaCase *c, IsaMem *mem)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(compare_holes); n++) {
        const CompareHole *h = &compare_holes[n];
        if (h->mnemonic == c->insn.mnemonic &&
            (!h->op_size || h->op_size == c->insn.op_size)) {
            void *p = isa_mem_at(mem, c->target + h->off, h->len);
            if (p) {
                memset(p, 0, h->len);
            }
        }
    }
}

static uint64_t compare_flags_mask(const IsaCase *c, bool fault)
{
    uint64_t all = EFLAGS_STATUS | EFLAGS_DF;
    return fault || !c->valid ? all : all & ~(uint64_t)c->insn.row->flags_undef;
}

/* Results that the manual leaves open, and that differ between makers. */
static bool compare_is_open(const IsaCase *c)
{
    const X86Insn *i = &c->insn;

    if (i->mnemonic == X86_BSWAP) {
        return i->op_size == 2;
    }
    if (i->mnemonic == X86_CMPXCHG) { /* the upper half, if not equal */
        return !i->has_mem && i->op_size == 4;
    }
    if (i->mnemonic != X86_SHLD && i->mnemonic != X86_SHRD) {
        return false;
    }
    unsigned count = i->op[2].kind == OPERAND_IMM ? (unsigned)i->imm
                                                  : (unsigned)c->in.r[X86_RCX];
    return i->op_size == 2 && (count & 31) > 16;
}

/* LAR's limit bits are undefined: processors show them, or do not. */
static void compare_canonical_lar(const IsaCase *c, IsaState *s)
{
    if (c->valid && c->insn.mnemonic == X86_LAR) {
        s->r[c->insn.op[0].reg] &= ~UINT64_C(0xf0000);
    }
}

/* XGETBV shows what else the host's kernel has enabled. */
static void compare_canonical_xgetbv(const IsaCase *c, IsaState *s)
{
    if (c->valid && c->insn.mnemonic == X86_XGETBV && s->vector < 0) {
        s->r[X86_RAX] &= isa_xcr0();
    }
}

/* With overflow or underflow unmasked, whether the result is inexact is asked
 * of one with a wider exponent (SDM 1 8.5.4), which is not computed. */
static void compare_canonical_inexact(const IsaCase *c, IsaState *s)
{
    bool steps = c->insn.mnemonic == X86_DPPD || c->insn.mnemonic == X86_DPPS;

    if (s->vector == EXC_XM && steps) { /* sums of what overflowed */
        s->fpu.mxcsr &= ~0x3f;
    }
    if (s->vector == EXC_XM && s->fpu.mxcsr & ~(s->fpu.mxcsr >> 7) & 0x18) {
        s->fpu.mxcsr &= ~0x20;
    }
}

static bool compare_result(const IsaCase *c)
{
    const IsaException *x =
        c->valid ? isa_exception(c->insn.mnemonic, c->insn.map, c->insn.opcode)
                 : NULL;
    return !(x && x->rule == ISA_NO_RESULT) &&
           !(c->valid && compare_is_open(c));
}

/* ---- Telling --------------------------------------------------------------
 */

static void tell_number(GString *s, const char *name, int n, uint64_t in,
                        uint64_t got, uint64_t want)
{
    if (got == want) {
        return;
    }
    g_string_append_printf(s, "    %s", name);
    if (n >= 0) {
        g_string_append_printf(s, "%d", n);
    }
    g_string_append_printf(s, ": %" PRIx64 " -> %" PRIx64 " want %" PRIx64 "\n",
                           in, got, want);
}

static void tell_pair(GString *s, const char *name, int n, const void *in,
                      const void *got, const void *want, bool named)
{
    const uint64_t *a = in, *b = got, *c = want;

    if (!memcmp(got, want, 16)) {
        if (named) {
            g_string_append_printf(s,
                                   "    %s%d: %016" PRIx64 ".%016" PRIx64 "\n",
                                   name, n, a[1], a[0]);
        }
        return;
    }
    g_string_append_printf(s,
                           "    %s%d: %016" PRIx64 ".%016" PRIx64
                           " -> %016" PRIx64 ".%016" PRIx64 " want %016" PRIx64
                           ".%016" PRIx64 "\n",
                           name, n, a[1], a[0], b[1], b[0], c[1], c[0]);
}

static bool tell_is_named(const X86Insn *i, unsigned kind, unsigned reg)
{
    for (unsigned n = 0; n < i->op_count; n++) {
        if (i->op[n].kind == kind && i->op[n].reg == reg) {
            return true;
        }
    }
    return false;
}

static void tell_avx512(GString *s, const IsaCase *c, const X86Fpu *got,
                        const X86Fpu *want)
{
    const X86Fpu *in = &c->in.fpu;

    if (c->insn.vex != 2) {
        return;
    }
    g_string_append_printf(s, "    k%d %" PRIx64 "\n", c->insn.evex_aaa,
                           in->opmask[c->insn.evex_aaa]);
    for (unsigned n = 0; n < 16; n++) {
        for (unsigned k = 0; k < 4; k += 2) {
            tell_pair(s, k ? "zmm[3]" : "zmm[2]", n, &in->zmm_high[n][k],
                      &got->zmm_high[n][k], &want->zmm_high[n][k],
                      tell_is_named(&c->insn, OPERAND_VEC, n));
        }
        for (unsigned k = 0; k < 8; k += 2) {
            tell_pair(s, k == 0 ? "zmm[0]" : "zmm[..]", n + 16, &in->zmm[n][k],
                      &got->zmm[n][k], &want->zmm[n][k],
                      tell_is_named(&c->insn, OPERAND_VEC, n + 16));
        }
    }
}

static void tell_fpu(GString *s, const IsaCase *c, const X86Fpu *got,
                     const X86Fpu *want)
{
    const X86Fpu *in = &c->in.fpu;
    bool vec = c->insn.row->attr & (X86_A_SSE | X86_A_AVX | X86_A_AVX512);
    bool x87 = c->insn.row->attr & X86_A_X87;

    tell_number(s, "fcw", -1, in->fcw, got->fcw, want->fcw);
    tell_number(s, "fsw", -1, in->fsw, got->fsw, want->fsw);
    tell_number(s, "ftw", -1, in->ftw, got->ftw, want->ftw);
    tell_number(s, "mxcsr", -1, in->mxcsr, got->mxcsr, want->mxcsr);
    if (vec) {
        g_string_append_printf(s, "    mxcsr %x\n", in->mxcsr);
    }
    if (x87) {
        g_string_append_printf(s, "    fcw %x fsw %x ftw %x\n", in->fcw,
                               in->fsw, in->ftw);
    }
    for (unsigned n = 0; n < 8; n++) {
        tell_pair(s, "st", n, &in->st[n], &got->st[n], &want->st[n],
                  tell_is_named(&c->insn, OPERAND_ST, n) ||
                      tell_is_named(&c->insn, OPERAND_MMX, n));
    }
    for (unsigned n = 0; n < 8; n++) {
        tell_number(s, "k", n, in->opmask[n], got->opmask[n], want->opmask[n]);
    }
    tell_avx512(s, c, got, want);
    for (unsigned n = 0; n < 16; n++) {
        bool named = tell_is_named(&c->insn, OPERAND_VEC, n);
        tell_pair(s, "xmm", n, &in->xmm[n], &got->xmm[n], &want->xmm[n], named);
        tell_pair(s, "ymm", n, in->ymm_high[n], got->ymm_high[n],
                  want->ymm_high[n], named && c->insn.vex_l);
    }
}

static void tell_memory(GString *s, const IsaCase *c, const IsaMem *got,
                        const IsaMem *want)
{
    const uint8_t *g = (const void *)got, *w = (const void *)want;
    const uint8_t *in = (const void *)&c->mem;
    unsigned told = 0;

    if (c->target) {
        const uint64_t *p = isa_mem_at((IsaMem *)&c->mem, c->target, 32);
        g_string_append_printf(s, "    operand at %" PRIx64, c->target);
        for (unsigned n = 4; p && n--;) {
            uint64_t v;
            memcpy(&v, &p[n], sizeof(v));
            g_string_append_printf(s, " %016" PRIx64, v);
        }
        g_string_append_c(s, '\n');
    }
    for (unsigned n = 0; n < sizeof(*got) && told < 8; n++) {
        if (g[n] != w[n]) {
            g_string_append_printf(s, "    memory+%x: %02x -> %02x want %02x\n",
                                   n, in[n], g[n], w[n]);
            told++;
        }
    }
}

static char *compare_tell(const IsaCase *c, const IsaState *got,
                          const IsaMem *got_mem, const IsaState *want,
                          const IsaMem *want_mem)
{
    GString *s = g_string_new(NULL);

    tell_number(s, "vector", -1, c->in.vector, got->vector, want->vector);
    tell_number(s, "error", -1, 0, got->error, want->error);
    tell_number(s, "cr2", -1, 0, got->cr2, want->cr2);
    tell_number(s, "pc", -1, c->in.pc, got->pc, want->pc);
    tell_number(s, "flags", -1, c->in.flags, got->flags, want->flags);
    tell_number(s, "fs base", -1, c->in.fs_base, got->fs_base, want->fs_base);
    tell_number(s, "gs base", -1, c->in.gs_base, got->gs_base, want->gs_base);
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        tell_number(s, "seg", n, c->in.seg[n], got->seg[n], want->seg[n]);
    }
    for (unsigned n = 0; n < 16; n++) {
        tell_number(s, "r", n, c->in.r[n], got->r[n], want->r[n]);
    }
    for (unsigned n = 0; n < c->insn.op_count; n++) {
        if (c->insn.op[n].kind == OPERAND_GPR) {
            g_string_append_printf(s, "    r%d %" PRIx64 "\n",
                                   c->insn.op[n].reg,
                                   c->in.r[c->insn.op[n].reg & 15]);
        }
    }
    tell_fpu(s, c, &got->fpu, &want->fpu);
    tell_memory(s, c, got_mem, want_mem);
    return g_string_free(s, FALSE);
}

/* ---- Comparing ------------------------------------------------------------
 */

static void compare_canonical(const IsaCase *c, IsaState *s)
{
    bool fault = s->vector >= 0;
    uint16_t codes = fault || !c->valid ? 0 : compare_undefined_codes(&c->insn);

    s->flags &= compare_flags_mask(c, fault);
    compare_canonical_fpu(&s->fpu, codes);
    compare_canonical_lar(c, s);
    compare_canonical_xgetbv(c, s);
    compare_canonical_inexact(c, s);
    if (s->vector != EXC_PF) {
        s->cr2 = 0;
    } else { /* present or not: that depends on what else the host has */
        s->error &= ~1u;
    }
    s->error = fault ? s->error : 0;
    for (unsigned n = 0; c->code != X86_CODE64 && n < 16; n++) {
        s->r[n] = n < 8 ? (uint32_t)s->r[n] : 0;
    }
    /* The kernel's IRET makes null selectors 0. */
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        s->seg[n] = s->seg[n] < 4 ? 0 : s->seg[n];
    }
    /* Stacks that are not canonical: we say #GP. */
    if (s->vector == EXC_SS && !s->error) {
        s->vector = EXC_GP;
    }
    /* Bases of selectors that were loaded are not visible there. */
    if (s->seg[X86_CS] != ISA_CS64) {
        s->fs_base = s->gs_base = 0;
    }
}

/* Alignment comes before paging; native code, which leaves alignment to the
 * host, finds a missing page first. */
static bool compare_is_aligned(const IsaCase *c)
{
    switch (c->insn.mnemonic) {
    case X86_FXSAVE:
    case X86_FXRSTOR:
    case X86_XSAVE:
    case X86_XSAVEC:
    case X86_XSAVEOPT:
    case X86_XRSTOR:
    case X86_CMPXCHG16B:
        return true;
    default:
        return c->insn.row->attr & X86_A_ALIGN;
    }
}

static bool compare_is_memory(const IsaState *s)
{
    return s->vector == EXC_GP || s->vector == EXC_SS || s->vector == EXC_PF;
}

/* A waiting x87 exception comes before the operand. */
static bool compare_is_late(const IsaCase *c, const IsaState *a,
                            const IsaState *b)
{
    return c->insn.row->attr & (X86_A_X87 | X86_A_MMX) &&
           compare_is_memory(a) && b->vector == EXC_MF;
}

static bool compare_is_order(const IsaCase *c)
{
    const IsaException *x =
        isa_exception(c->insn.mnemonic, c->insn.map, c->insn.opcode);
    /* Elements under a mask, too. */
    return (x && x->rule == ISA_ORDER) || (c->valid && c->insn.evex_aaa);
}

/* Which of two faults comes first. */
static bool compare_same_fault(const IsaCase *c, const IsaState *got,
                               const IsaState *want)
{
    bool memory = compare_is_memory(got) && compare_is_memory(want);

    return c->valid &&
           ((memory && (compare_is_order(c) || (got->vector != want->vector &&
                                                compare_is_aligned(c)))) ||
            compare_is_late(c, got, want));
}

/* Outside of 64-bit code, an operand that goes on at address 0 is beyond the
 * segment's limit; our limit is none where a segment is flat. */
static bool compare_same_wrap(const IsaCase *c, const IsaState *got,
                              const IsaState *want)
{
    return c->code != X86_CODE64 && got->vector == EXC_PF &&
           (uint32_t)-got->cr2 < 1024 && want->vector == EXC_GP;
}

/* A CALL to what is no address has pushed when we find out, which is below the
 * stack pointer then. */
static void compare_punch_call(const IsaCase *c, const IsaState *end,
                               IsaMem *mem)
{
    bool call = c->valid && c->insn.mnemonic == X86_CALL;

    if (call && c->code == X86_CODE64 && end->vector == EXC_GP) {
        uint64_t top = c->in.r[X86_RSP];
        void *p = isa_mem_at(mem, top - 8, 8);

        if (p) {
            memset(p, 0, 8);
        }
    }
}

/* Addressed by RAX: its bits then ask for components that only the host has. */
static bool compare_is_beyond(const IsaCase *c)
{
    static const uint16_t savers[] = { X86_XSAVE, X86_XSAVEC, X86_XSAVEOPT };
    bool saves = false;

    for (unsigned n = 0; n < G_N_ELEMENTS(savers); n++) {
        saves |= c->valid && c->insn.mnemonic == savers[n];
    }
    return saves && (c->in.r[X86_RAX] & isa_host_beyond());
}

char *isa_compare(const IsaCase *c, const IsaState *got, IsaMem *got_mem,
                  const IsaState *want, IsaMem *want_mem)
{
    IsaState a = *got, b = *want;

    compare_canonical(c, &a);
    compare_canonical(c, &b);
    compare_punch(c, got_mem);
    compare_punch(c, want_mem);
    compare_punch_call(c, &a, got_mem);
    compare_punch_call(c, &b, want_mem);
    bool same = a.vector == b.vector && a.pc == b.pc;
    if (compare_same_fault(c, &a, &b) || compare_same_wrap(c, &a, &b) ||
        compare_is_beyond(c)) {
        return NULL;
    }
    if (same && (a.vector >= 0 || compare_result(c))) {
        same = !memcmp(&a, &b, sizeof(a)) &&
               !memcmp(got_mem, want_mem, sizeof(*got_mem));
    }
    return same ? NULL : compare_tell(c, &a, got_mem, &b, want_mem);
}
