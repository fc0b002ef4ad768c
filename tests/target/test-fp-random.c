/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random x87, MMX, SSE and AVX instructions in random states, on each engine
 * and on the host's processor: general registers, defined flags, memory and
 * the whole floating-point state must agree.
 *
 * On the host the instruction stands between an XRSTOR and an XSAVE of images
 * in low memory.
 */
#include "target/x86/features.h"
#include "target/x86/host.h"
#include "tests/target/engine.h"
#include "tests/target/native-run.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* ---- the host's state -------------------------------------------------------
 */

#define FP_PAGE UINT64_C(0x2e000000)

typedef struct FpPage {
    X86Fpu in, out;
    uint64_t rax, rdx;
    uint32_t mxcsr; /* the host's own */
} FpPage;

static FpPage *const fp_page = (FpPage *)FP_PAGE;

static bool fp_host_init(void)
{
    if (!native_run_init() || !x86_host_has_feature(FEATURE_AVX2)) {
        return false;
    }
    void *p = mmap((void *)FP_PAGE, sizeof(FpPage), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    g_assert(p == (void *)FP_PAGE);
    fp_page->mxcsr = 0x1f80;
    return true;
}

/* An instruction with an absolute memory operand. */
static uint8_t *fp_put(uint8_t *p, const char *opcode, unsigned len,
                       unsigned reg, const void *address)
{
    uint32_t a = (uintptr_t)address;

    memcpy(p, opcode, len);
    p[len] = reg << 3 | 4;
    p[len + 1] = 0x25;
    memcpy(p + len + 2, &a, 4);
    return p + len + 6;
}

static uint8_t *fp_put_bytes(uint8_t *p, const char *bytes, unsigned len)
{
    memcpy(p, bytes, len);
    return p + len;
}

/* Components 0 to 2; no flag changes. */
static size_t fp_wrap(uint8_t *out, const uint8_t *insn, unsigned len)
{
    static const char mask[] = "\xb8\x07\0\0\0\xba\0\0\0\0";
    uint8_t *p = out;

    p = fp_put(p, "\x48\x89", 2, 0, &fp_page->rax);
    p = fp_put(p, "\x48\x89", 2, 2, &fp_page->rdx);
    p = fp_put_bytes(p, mask, 10);
    p = fp_put(p, "\x48\x0f\xae", 3, 5, &fp_page->in);
    p = fp_put(p, "\x48\x8b", 2, 0, &fp_page->rax);
    p = fp_put(p, "\x48\x8b", 2, 2, &fp_page->rdx);
    p = fp_put_bytes(p, (const char *)insn, len);
    p = fp_put(p, "\x48\x89", 2, 0, &fp_page->rax);
    p = fp_put(p, "\x48\x89", 2, 2, &fp_page->rdx);
    p = fp_put_bytes(p, mask, 10);
    p = fp_put(p, "\x48\x0f\xae", 3, 4, &fp_page->out);
    p = fp_put_bytes(p, "\xdb\xe3", 2);
    p = fp_put(p, "\x0f\xae", 2, 2, &fp_page->mxcsr);
    p = fp_put_bytes(p, "\xc5\xf8\x77", 3); /* vzeroupper */
    p = fp_put(p, "\x48\x8b", 2, 0, &fp_page->rax);
    p = fp_put(p, "\x48\x8b", 2, 2, &fp_page->rdx);
    return p - out;
}

/* ---- what is tried
 * ------------------------------------------------------------
 */

typedef struct Trial {
    uint8_t bytes[X86_INSN_MAX];
    X86Insn insn;
    NativeState s;
    X86Fpu fpu;
} Trial;

static uint64_t fp_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned fp_below(uint64_t *seed, unsigned n)
{
    return (fp_next(seed) >> 32) % n;
}

static void fp_random_bytes(Trial *t, uint64_t *seed)
{
    static const uint8_t mandatory[4] = { 0, 0x66, 0xf3, 0xf2 };
    unsigned n = 0, kind = fp_below(seed, 8);

    for (unsigned k = 0; k < X86_INSN_MAX; k++) {
        t->bytes[k] = fp_next(seed) >> 56;
    }
    if (kind == 0) { /* x87 */
        t->bytes[0] = 0xd8 | (t->bytes[0] & 7);
        return;
    }
    if (kind < 4) { /* VEX */
        t->bytes[0] = 0xc4;
        t->bytes[1] = (t->bytes[1] & 0xe0) | (1 + fp_below(seed, 3));
        return;
    }
    uint8_t prefix = mandatory[fp_below(seed, 4)];
    if (prefix) {
        t->bytes[n++] = prefix;
    }
    if (fp_below(seed, 3) == 0) {
        t->bytes[n++] = 0x40 | fp_below(seed, 16);
    }
    t->bytes[n++] = 0x0f;
    unsigned map = fp_below(seed, 6);
    if (map < 3) {
        t->bytes[n++] = map == 2 ? 0x3a : 0x38;
    }
}

/* The host's approximations and pointers are not compared; state instructions
 * have a test of their own. */
static bool fp_wanted(const X86Cpu *cpu, const X86Insn *i)
{
    const X86Row *row = i->row;
    bool fp = row->attr & (X86_A_X87 | X86_A_MMX | X86_A_SSE | X86_A_AVX);
    bool state = i->mnemonic == X86_FNSTENV || i->mnemonic == X86_FLDENV ||
                 i->mnemonic == X86_FNSAVE || i->mnemonic == X86_FRSTOR;

    return fp && !state && !(row->attr & X86_A_UNIMPLEMENTED) && !i->mem.rip &&
           i->mem.seg < X86_FS && x86_host_has_feature(row->feature) &&
           (!row->feature || x86_has_feature(cpu, row->feature));
}

/* ---- states
 * ----------------------------------------------------------------------
 */

static uint32_t fp_random_f32(uint64_t *seed)
{
    static const uint32_t special[] = {
        0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
        0xff800000, 0x7fc00000, 0x7fa00001, 0xffc12345, 0x00000001,
        0x807fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000,
        0x3f000000, 0x3fc00000, 0x40200000, 0xff800001, 0x4b7fffff,
    };
    uint32_t v = fp_next(seed) >> 32;

    switch (fp_below(seed, 3)) {
    case 0:
        return special[fp_below(seed, G_N_ELEMENTS(special))];
    case 1: /* moderate */
        return (v & 0x80ffffff) | (0x3c + fp_below(seed, 8)) << 24;
    default:
        return v;
    }
}

static uint64_t fp_random_f64(uint64_t *seed)
{
    static const uint64_t special[] = {
        0,
        UINT64_C(0x8000000000000000),
        UINT64_C(0x3ff0000000000000),
        UINT64_C(0x7ff0000000000000),
        UINT64_C(0xfff0000000000000),
        UINT64_C(0x7ff8000000000000),
        UINT64_C(0xfff4000000000001),
        UINT64_C(0x0000000000000001),
        UINT64_C(0x800fffffffffffff),
        UINT64_C(0x0010000000000000),
        UINT64_C(0x7fefffffffffffff),
        UINT64_C(0x41e0000000000000),
        UINT64_C(0xc1e0000000200000),
        UINT64_C(0x43e0000000000000),
        UINT64_C(0xc3e0000000000000),
        UINT64_C(0x3fe0000000000000),
        UINT64_C(0x4004000000000000),
        UINT64_C(0x36a0000000000000),
        UINT64_C(0x47efffffffffffff),
    };
    uint64_t v = fp_next(seed);

    switch (fp_below(seed, 3)) {
    case 0:
        return special[fp_below(seed, G_N_ELEMENTS(special))];
    case 1:
        return (v & UINT64_C(0x800fffffffffffff)) |
               (uint64_t)(0x3f0 + fp_below(seed, 80)) << 52;
    default:
        return v;
    }
}

static uint64_t fp_random_lane(uint64_t *seed)
{
    switch (fp_below(seed, 3)) {
    case 0:
        return fp_random_f32(seed) | (uint64_t)fp_random_f32(seed) << 32;
    case 1:
        return fp_random_f64(seed);
    default:
        return fp_next(seed) >> fp_below(seed, 64);
    }
}

static void fp_random_st(X86Fpu *fpu, unsigned n, uint64_t *seed)
{
    static const uint16_t exponents[] = { 0,      0x3fff, 0x7fff, 0x8000,
                                          0xffff, 0xbfff, 1,      0x401e,
                                          0x403e, 0x3ffe, 0x4000, 0x7ffe };
    uint64_t m = fp_next(seed);
    bool odd = fp_below(seed, 8) == 0; /* unnormal, pseudo-denormal */

    fpu->st[n].exponent = exponents[fp_below(seed, G_N_ELEMENTS(exponents))];
    if (fp_below(seed, 3) == 0) {
        fpu->st[n].exponent = 0x3fe0 + fp_below(seed, 64);
    }
    if (fp_below(seed, 4) == 0) {
        m = fp_below(seed, 2) ? 0 : UINT64_C(3) << 62;
    }
    bool integer_bit = fpu->st[n].exponent & 0x7fff;
    m = integer_bit ? m | UINT64_C(1) << 63 : m & INT64_MAX;
    fpu->st[n].mantissa = odd ? m ^ UINT64_C(1) << 63 : m;
}

/* Mostly everything masked and a full or empty stack, sometimes not. */
static void fp_random_fpu(X86Fpu *fpu, uint64_t *seed)
{
    memset(fpu, 0, sizeof(*fpu));
    fpu->fcw = 0x37f;
    if (fp_below(seed, 2)) {
        fpu->fcw = 0x40 | (fp_next(seed) & 0xf3f);
        fpu->fcw |= fp_below(seed, 4) ? 0x3f : 0;
    }
    fpu->fsw = fp_below(seed, 8) << 11 | (fp_next(seed) & 0x4700);
    fpu->ftw = fp_below(seed, 3) ? 0xff : fp_next(seed);
    if (fp_below(seed, 2)) { /* room for a push */
        fpu->ftw &= ~(1 << (((fpu->fsw >> 11 & 7) + 7) & 7));
    }
    fpu->mxcsr = 0x1f80;
    if (fp_below(seed, 2)) {
        fpu->mxcsr = fp_next(seed) & 0xffff;
        fpu->mxcsr |= fp_below(seed, 4) ? 0x1f80 : 0;
    }
    for (unsigned n = 0; n < 8; n++) {
        fp_random_st(fpu, n, seed);
    }
    for (unsigned n = 0; n < 16; n++) {
        for (unsigned k = 0; k < 2; k++) {
            fpu->xmm[n].q[k] = fp_random_lane(seed);
            fpu->ymm_high[n][k] = fp_random_lane(seed);
        }
    }
    fpu->xstate_bv = 7;
}

static bool fp_place_memory(Trial *t, uint64_t *seed)
{
    const X86Insn *i = &t->insn;
    const X86Mem *m = &i->mem;
    bool gather =
        i->op_count == 3 && i->mnemonic >= X86_VGATHERDPD &&
        (i->mnemonic <= X86_VGATHERQPS ||
         (i->mnemonic >= X86_VPGATHERDD && i->mnemonic <= X86_VPGATHERQQ));

    if (i->mnemonic == X86_MASKMOVQ || i->mnemonic == X86_MASKMOVDQU) {
        t->s.r[X86_RDI] = ENGINE_DATA + fp_below(seed, 512);
        return i->addr_size == 8;
    }
    if (!i->has_mem) {
        return true;
    }
    if (m->base == X86_NO_REG || (!gather && m->base == m->index) ||
        m->disp < -128 || m->disp > 127) {
        return false;
    }
    unsigned off = fp_below(seed, 32) * 32 + (fp_below(seed, 6) ? 0 : 1);
    t->s.r[m->base] = ENGINE_DATA + off - (fp_below(seed, 20) ? m->disp : 0);
    if (gather) {
        for (unsigned n = 0; n < 8; n++) {
            uint32_t v = (int)fp_below(seed, 200) - 100;
            uint32_t *lane =
                n < 4 ? &t->fpu.xmm[m->index].l[n]
                      : (uint32_t *)t->fpu.ymm_high[m->index] + n - 4;
            bool q = i->mnemonic == X86_VGATHERQPD ||
                     i->mnemonic == X86_VGATHERQPS ||
                     i->mnemonic == X86_VPGATHERQD ||
                     i->mnemonic == X86_VPGATHERQQ;
            *lane = q && n & 1 ? 0 : q ? v & 63 : v;
        }
    } else if (m->index != X86_NO_REG) {
        t->s.r[m->index] = fp_below(seed, 4) * 32;
    }
    return true;
}

static bool fp_random_state(Trial *t, uint64_t *seed)
{
    fp_random_fpu(&t->fpu, seed);
    for (unsigned n = 0; n < 16; n++) {
        t->s.r[n] = fp_random_lane(seed);
    }
    if (t->insn.mnemonic == X86_PCMPESTRI ||
        t->insn.mnemonic == X86_PCMPESTRM) {
        t->s.r[X86_RAX] = (int64_t)fp_below(seed, 40) - 20;
        t->s.r[X86_RDX] = (int64_t)fp_below(seed, 40) - 20;
    }
    t->s.r[X86_RSP] = ENGINE_STACK - fp_below(seed, 32) * 8;
    t->s.flags = (fp_next(seed) & EFLAGS_STATUS) | 2 | EFLAGS_IF;
    return fp_place_memory(t, seed);
}

/* Native code leaves that to the host's processor, and its signal to the
 * accelerator. AMD's processors do not mind it in SHA instructions. */
static bool fp_misaligned(const Trial *t)
{
    const X86Mem *m = &t->insn.mem;
    uint64_t ea = t->s.r[m->base & 15] + m->disp;

    return t->insn.has_mem && t->insn.row->attr & X86_A_ALIGN &&
           ea & (t->insn.mem_bytes - 1);
}

static void fp_trial(const X86Cpu *cpu, Trial *t, uint64_t *seed, bool native)
{
    do {
        fp_random_bytes(t, seed);
    } while (
        x86_decode(&t->insn, t->bytes, X86_INSN_MAX, X86_CODE64) !=
            X86_DECODE_OK ||
        !fp_wanted(cpu, &t->insn) || !fp_random_state(t, seed) ||
        ((native || t->insn.row->feature == FEATURE_SHA) && fp_misaligned(t)));
}

/* ---- comparing
 * ---------------------------------------------------------------------
 */

enum { FP_DATA = 4096, FP_MISMATCH_MAX = 10 };

typedef struct Runner {
    Engine *e;
    uint8_t *before, *after;
    unsigned mismatches;
    unsigned counts[X86_MNEMONIC_COUNT];
} Runner;

static void fp_print_fpu(GString *s, const char *name, const X86Fpu *f)
{
    g_string_append_printf(s, "%s: fcw %04x fsw %04x ftw %02x mxcsr %04x\n",
                           name, f->fcw, f->fsw, f->ftw, f->mxcsr);
}

static void fp_print_pair(GString *s, const uint64_t *v)
{
    g_string_append_printf(s, " %016" PRIx64 "%016" PRIx64, v[1], v[0]);
}

/* Registers that differ, and those the instruction names. */
static void fp_print_row(GString *s, const char *name, unsigned n, bool named,
                         const void *in, const void *got, const void *want)
{
    bool same = !memcmp(got, want, 16);

    if (!same || named) {
        g_string_append_printf(s, "%s%u", name, n);
        fp_print_pair(s, in);
    }
    if (!same) {
        g_string_append(s, " ->");
        fp_print_pair(s, got);
        g_string_append(s, " want");
        fp_print_pair(s, want);
    }
    g_string_append(s, !same || named ? "\n" : "");
}

static bool fp_names(const X86Insn *i, unsigned kind, unsigned reg)
{
    for (unsigned n = 0; n < i->op_count; n++) {
        if (i->op[n].kind == kind && i->op[n].reg == reg) {
            return true;
        }
    }
    return false;
}

static void fp_print_registers(GString *s, const Trial *t, const X86Fpu *got,
                               const X86Fpu *want)
{
    const X86Fpu *in = &t->fpu;

    for (unsigned n = 0; n < 8; n++) {
        bool named = fp_names(&t->insn, OPERAND_ST, n) ||
                     fp_names(&t->insn, OPERAND_MMX, n);
        fp_print_row(s, "st", n,
                     named || (n < 2 && t->insn.row->attr & X86_A_X87),
                     &in->st[n], &got->st[n], &want->st[n]);
    }
    for (unsigned n = 0; n < 16; n++) {
        bool named = fp_names(&t->insn, OPERAND_VEC, n);
        fp_print_row(s, "xmm", n, named, &in->xmm[n], &got->xmm[n],
                     &want->xmm[n]);
        fp_print_row(s, "ymm", n, named && t->insn.vex_l, &in->ymm_high[n],
                     &got->ymm_high[n], &want->ymm_high[n]);
    }
}

/* Where the memory operand was. */
static void fp_print_memory(GString *s, const Runner *r, const Trial *t)
{
    const X86Mem *m = &t->insn.mem;
    uint64_t ea = t->s.r[m->base & 15] + m->disp;

    if (m->index != X86_NO_REG) {
        ea += t->s.r[m->index] << m->scale;
    }
    if (t->insn.has_mem && ea - ENGINE_BASE < ENGINE_SIZE - 32) {
        uint64_t off = ea - ENGINE_BASE;
        g_string_append_printf(s, "[%" PRIx64 "]", ea);
        fp_print_pair(s, (const void *)(r->before + off + 16));
        fp_print_pair(s, (const void *)(r->before + off));
        g_string_append(s, " ->");
        fp_print_pair(s, (const void *)(r->e->mem + off));
        g_string_append(s, " want");
        fp_print_pair(s, (const void *)(r->after + off));
        g_string_append(s, "\n");
    }
    for (unsigned n = FP_DATA; n < ENGINE_SIZE; n++) {
        if (r->e->mem[n] != r->after[n]) {
            g_string_append_printf(s, "first difference at %x\n", n);
            return;
        }
    }
}

static void fp_describe(Runner *r, const Trial *t, const X86Fpu *got,
                        const X86Fpu *want, const NativeState *gs,
                        const NativeState *ws, const char *what)
{
    g_autoptr(GString) s = g_string_new(NULL);

    for (unsigned n = 0; n < t->insn.len; n++) {
        g_string_append_printf(s, "%02x ", t->bytes[n]);
    }
    g_string_append_printf(s, "%s: %s\n", x86_mnemonic_name(t->insn.mnemonic),
                           what);
    for (unsigned n = 0; n < 17; n++) {
        uint64_t a = n < 16 ? gs->r[n] : gs->flags;
        uint64_t b = n < 16 ? ws->r[n] : ws->flags;
        if (a != b) {
            g_string_append_printf(
                s, "r%u %016" PRIx64 " want %016" PRIx64 "\n", n, a, b);
        }
    }
    fp_print_fpu(s, "in", &t->fpu);
    fp_print_fpu(s, "got", got);
    fp_print_fpu(s, "want", want);
    fp_print_registers(s, t, got, want);
    fp_print_memory(s, r, t);
    g_test_message("%s", s->str);
    g_test_fail();
    r->mismatches++;
}

/* Condition codes that the manual leaves undefined: SDM 1 table 8-1. */
static uint16_t fp_defined_codes(const X86Insn *i)
{
    switch (i->mnemonic) {
    case X86_FCOM:
    case X86_FCOMP:
    case X86_FCOMPP:
    case X86_FUCOM:
    case X86_FUCOMP:
    case X86_FUCOMPP:
    case X86_FICOM:
    case X86_FICOMP:
    case X86_FTST:
        return 0x4500;
    case X86_FXAM:
    case X86_FPREM:
    case X86_FPREM1:
        return 0x4700;
    case X86_FSIN:
    case X86_FCOS:
    case X86_FSINCOS:
    case X86_FPTAN:
        return 0x0400;
    default:
        return 0;
    }
}

/* What is compared: no pointers, no reserved bytes, no undefined codes. */
static void fp_canonical(X86Fpu *f, const Trial *t)
{
    uint16_t codes = 0x4700 & ~fp_defined_codes(&t->insn);

    f->fop = f->reserved = 0;
    f->fip = f->fdp = 0;
    f->mxcsr_mask = 0;
    if (t->insn.row->attr & X86_A_X87 && t->insn.row->attr & X86_A_NATIVE) {
        f->fsw &= ~codes;
    }
    for (unsigned n = 0; n < 8; n++) {
        memset(f->st[n].pad, 0, sizeof(f->st[n].pad));
    }
    memset(f->legacy_rest, 0, sizeof(f->legacy_rest));
    memset(&f->xstate_bv, 0, 64);
    memset(f->extended, 0, sizeof(f->extended));
}

static void fp_load(Engine *e, const Trial *t)
{
    X86Cpu *cpu = e->cpu;

    memcpy(cpu->env.r, t->s.r, sizeof(t->s.r));
    cpu->env.flags = x86_flags_pack(t->s.flags);
    cpu->eflags = t->s.flags & ~EFLAGS_STATUS;
    cpu->env.pc = ENGINE_CODE;
    cpu->raised = -1;
    cpu->fpu = t->fpu;
    x86_update_fp_key(cpu);
}

static bool fp_signal_fits(int signal, int vector)
{
    switch (signal) {
    case SIGFPE:
        return vector == EXC_XM || vector == EXC_MF;
    case SIGILL:
        return vector == EXC_UD;
    case SIGSEGV:
        return vector == EXC_GP || vector == EXC_PF;
    default:
        return false;
    }
}

static void fp_compare(Runner *r, const Trial *t, NativeState *want, int signal)
{
    X86Cpu *cpu = r->e->cpu;
    X86Fpu got_fpu = cpu->fpu, want_fpu = fp_page->out;
    uint64_t mask = ~(uint64_t)t->insn.row->flags_undef & 0xcd5;
    NativeState got;

    memcpy(got.r, cpu->env.r, sizeof(got.r));
    got.flags = x86_get_eflags(cpu) & mask;
    want->flags &= mask;
    fp_canonical(&got_fpu, t);
    fp_canonical(&want_fpu, t);
    if (signal) {
        if (!fp_signal_fits(signal, cpu->raised)) {
            fp_describe(r, t, &got_fpu, &want_fpu, &got, want,
                        "not the host's exception");
        }
    } else if (cpu->raised >= 0) {
        fp_describe(r, t, &got_fpu, &want_fpu, &got, want, "exception");
    } else if (memcmp(&got, want, sizeof(got))) {
        fp_describe(r, t, &got_fpu, &want_fpu, &got, want, "registers");
    } else if (memcmp(&got_fpu, &want_fpu, sizeof(got_fpu))) {
        fp_describe(r, t, &got_fpu, &want_fpu, &got, want, "FP state");
    } else if (memcmp(r->e->mem + FP_DATA, r->after + FP_DATA,
                      ENGINE_SIZE - FP_DATA)) {
        fp_describe(r, t, &got_fpu, &want_fpu, &got, want, "memory");
    }
}

static void fp_one(Runner *r, const Trial *t)
{
    uint8_t code[160];
    NativeState want = t->s;
    size_t len = fp_wrap(code, t->bytes, t->insn.len);

    fp_page->in = t->fpu;
    int signal = native_run(&want, code, len, false);
    memcpy(r->after, r->e->mem, ENGINE_SIZE);
    memcpy(r->e->mem, r->before, ENGINE_SIZE);
    fp_load(r->e, t);
    engine_run(r->e, t->bytes, t->insn.len);
    fp_compare(r, t, &want, signal);
    memcpy(r->before, r->e->mem, ENGINE_SIZE);
    r->counts[t->insn.mnemonic]++;
}

/* ---- the tests
 * -----------------------------------------------------------------------
 */

typedef struct FpCase {
    const char *name, *backend;
    unsigned switches;
} FpCase;

static const FpCase fp_cases[] = {
    { "/fp-random/interp", "interp", 0 },
    { "/fp-random/x86_64", "x86_64", 0 },
    { "/fp-random/x86_64-portable", "x86_64", TCG_OFF_NATIVE },
};

static const char fp_model[] =
    "max,+xsave,+avx,+avx2,+fma,+f16c,+aes,+pclmulqdq,+vaes,+vpclmulqdq,"
    "+sha-ni,+gfni";
static const X86Model *fp_model_found;
static bool fp_host; /* is an x86-64 with AVX2 */

/* Memory full of interesting values. */
static void fp_fill(uint8_t *mem, uint64_t *seed)
{
    for (unsigned n = 0; n < ENGINE_SIZE; n += 8) {
        uint64_t v = fp_random_lane(seed);
        memcpy(mem + n, &v, 8);
    }
}

static void test_fp_random(const void *data)
{
    const FpCase *c = data;
    g_autoptr(Engine) e = engine_new(c->backend, c->switches);
    if (!e || !fp_host) {
        g_test_skip("no such back end or host");
        return;
    }
    e->max_insns = 1;
    e->cpu->model = fp_model_found;
    g_autofree uint8_t *before = g_malloc(ENGINE_SIZE);
    g_autofree uint8_t *after = g_malloc(ENGINE_SIZE);
    Runner r = { e, before, after };
    uint64_t seed = 88172645463325252u + g_str_hash(c->name);
    unsigned count = g_test_slow() ? 3000000 : 60000;
    bool native = e->ctx.backend->has_native && !(c->switches & TCG_OFF_NATIVE);
    Trial t;

    for (unsigned n = 0; n < count && r.mismatches < FP_MISMATCH_MAX; n++) {
        if (n % 1000 == 0) {
            fp_fill(e->mem, &seed);
            memcpy(before, e->mem, ENGINE_SIZE);
        }
        fp_trial(e->cpu, &t, &seed, native);
        fp_one(&r, &t);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fp_host = fp_host_init();
    fp_model_found = x86_model_find(fp_model, NULL);
    g_assert(fp_model_found);
    for (unsigned n = 0; n < G_N_ELEMENTS(fp_cases); n++) {
        g_test_add_data_func(fp_cases[n].name, &fp_cases[n], test_fp_random);
    }
    int status = g_test_run();
    x86_model_free(fp_model_found);
    return status;
}
