/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state as a whole: MXCSR, FXSAVE and XSAVE images, the x87 environment.
 * SDM 1 8.1, 10.5, 13; formats of the environment: SDM 1 figures 8-9 to 8-12.
 *
 * Like AMD's processors we show the x87's instruction and data pointers in
 * FXSAVE and XSAVE images only while an exception is pending (APM 5 FXSAVE).
 * Where guest code runs natively they are the host's and are never shown;
 * FNSTENV then shows what the translator knows from the present block.
 */
#include "target/x86/fpu/state.h"
#include "target/x86/fpu/fpu.h"
#include "target/x86/xstate.h"

#include <string.h>

enum {
    FSW_ES = 1 << 7,
    FSW_B = 1 << 15,
};

/* ---- Initial states --------------------------------------------------------
 */

void state_init_x87(X86Fpu *fpu)
{
    fpu->fcw = FCW_INIT;
    fpu->fsw = fpu->ftw = fpu->fop = 0;
    fpu->fip = fpu->fdp = 0;
    memset(fpu->st, 0, sizeof(fpu->st));
}

void fp_normalize(X86Cpu *cpu)
{
    X86Fpu *fpu = &cpu->fpu;
    uint64_t unused = ~fpu->xstate_bv;

    if (unused & XSTATE_X87) {
        state_init_x87(fpu);
    }
    if (unused & XSTATE_SSE) {
        memset(fpu->xmm, 0, sizeof(fpu->xmm));
    }
    if (unused & XSTATE_AVX) {
        memset(fpu->ymm_high, 0, sizeof(fpu->ymm_high));
    }
    fpu->xstate_bv |= XSTATE_X87 | XSTATE_SSE;
    if (cpu->tcg ? cpu->tcg->fpu_mask & XSTATE_AVX : cpu->xcr0 & XSTATE_AVX) {
        fpu->xstate_bv |= XSTATE_AVX;
    }
}

void fp_normalize_avx512(X86Cpu *cpu)
{
    X86Fpu *fpu = &cpu->fpu;
    uint64_t unused = ~fpu->xstate_bv;

    if (unused & XSTATE_OPMASK) {
        memset(fpu->opmask, 0, sizeof(fpu->opmask));
    }
    if (unused & XSTATE_ZMM_HIGH) {
        memset(fpu->zmm_high, 0, sizeof(fpu->zmm_high));
    }
    if (unused & XSTATE_ZMM) {
        memset(fpu->zmm, 0, sizeof(fpu->zmm));
    }
    fpu->xstate_bv |= XSTATE_AVX512;
}

/* ---- x87 stack and status ---------------------------------------------------
 */

void fp_check_pending(X86Cpu *cpu)
{
    if (cpu->fpu.fsw & FSW_ES && cpu->cr0 & CR0_NE) {
        x86_raise(cpu, EXC_MF);
    }
}

/* The registers stand by stack position: a new TOP moves them all. */
static void state_set_top(X86Fpu *fpu, unsigned top)
{
    unsigned by = (top - fp_top(fpu)) & 7;
    typeof(fpu->st[0]) old[8];

    if (by) {
        memcpy(old, fpu->st, sizeof(old));
        for (unsigned n = 0; n < 8; n++) {
            fpu->st[n] = old[(n + by) & 7];
        }
        fpu->fsw = (fpu->fsw & ~(7 << 11)) | top << 11;
    }
}

void fp_enter_mmx(X86Cpu *cpu)
{
    state_set_top(&cpu->fpu, 0);
    cpu->fpu.ftw = 0xff;
}

/* ES and its copy B follow from flags and masks. */
static void state_update_summary(X86Fpu *fpu)
{
    bool pending = fpu->fsw & ~fpu->fcw & FP_EXCEPTIONS;

    fpu->fsw &= ~(FSW_ES | FSW_B);
    fpu->fsw |= pending ? FSW_ES | FSW_B : 0;
}

static uint16_t state_fcw(uint16_t v)
{
    return (v & 0x1f3f) | 0x40;
}

uint64_t state_changed(X86Cpu *cpu)
{
    uint32_t old = cpu->key.bits;

    x86_update_fp_key(cpu);
    return cpu->key.bits != old;
}

/* Two bits a register, as FNSTENV shows them: valid, zero, special, empty. */
static uint16_t state_full_tags(const X86Fpu *fpu)
{
    uint16_t tags = 0;

    for (unsigned n = 0; n < 8; n++) {
        unsigned pos = (n - fp_top(fpu)) & 7, tag = 3;
        uint16_t exp = fpu->st[pos].exponent & 0x7fff;
        uint64_t mant = fpu->st[pos].mantissa;
        if (fpu->ftw >> n & 1) {
            tag = exp == 0x7fff || (exp && !(mant >> 63)) ? 2
                  : exp || mant >> 63                     ? exp ? 0 : 2
                  : mant                                  ? 2
                                                          : 1;
        }
        tags |= tag << (2 * n);
    }
    return tags;
}

static uint8_t state_abridged_tags(uint16_t full)
{
    uint8_t tags = 0;

    for (unsigned n = 0; n < 8; n++) {
        tags |= ((full >> (2 * n) & 3) != 3) << n;
    }
    return tags;
}

/* Native code leaves the host's pointers in the image. */
static bool state_pointers_known(const X86Cpu *cpu)
{
    bool native = cpu->tcg && cpu->tcg->backend &&
                  cpu->tcg->backend->has_native &&
                  !(cpu->tcg->switches & TCG_OFF_NATIVE);
    return !native || cpu->key.fp_slow;
}

/* ---- The environment: FNSTENV, FLDENV, FNSAVE, FRSTOR
 * ------------------------ */

static bool state_is_protected(const X86Cpu *cpu)
{
    return cpu->key.pe && !cpu->key.vm86;
}

/* The seven fields in the operand's width; returns the bytes. pc: the last x87
 * instruction's, as far as the translator knows. */
static unsigned state_put_env(X86Cpu *cpu, uint8_t *out, unsigned width,
                              uint64_t pc)
{
    const X86Fpu *fpu = &cpu->fpu;
    bool known = state_pointers_known(cpu);
    uint32_t fip = known ? fpu->fip : pc, fdp = known ? fpu->fdp : 0;
    uint32_t fop = known ? fpu->fop & 0x7ff : 0;
    uint32_t field[7] = {
        fpu->fcw, fpu->fsw, state_full_tags(fpu), fip, 0, fdp
    };

    if (width == 4) { /* reserved halves read as ones */
        field[0] |= 0xffff0000;
        field[1] |= 0xffff0000;
        field[2] |= 0xffff0000;
        field[6] |= 0xffff0000;
    }
    if (state_is_protected(cpu)) {
        field[4] = width == 4 ? fop << 16 : 0;
    } else {
        field[3] &= 0xffff;
        field[4] = fop | (fip >> 16) << 12;
        field[5] &= 0xffff;
        field[6] = (fdp >> 16) << 12;
    }
    for (unsigned n = 0; n < 7; n++) {
        memcpy(out + n * width, &field[n], width);
    }
    return 7 * width;
}

static unsigned state_get_env(X86Cpu *cpu, const uint8_t *in, unsigned width)
{
    X86Fpu *fpu = &cpu->fpu;
    uint32_t field[7] = { 0 };

    for (unsigned n = 0; n < 7; n++) {
        memcpy(&field[n], in + n * width, width);
    }
    state_set_top(fpu, field[1] >> 11 & 7);
    fpu->fcw = state_fcw(field[0]);
    fpu->fsw = field[1];
    fpu->ftw = state_abridged_tags(field[2]);
    fpu->fip = field[3];
    fpu->fdp = field[5];
    fpu->fop = field[4] >> 16 & 0x7ff;
    if (!state_is_protected(cpu)) {
        fpu->fip = (field[3] & 0xffff) | (field[4] >> 12 << 16);
        fpu->fdp = (field[5] & 0xffff) | (field[6] >> 12 << 16);
        fpu->fop = field[4] & 0x7ff;
    }
    state_update_summary(fpu);
    return 7 * width;
}

static uint64_t state_fnstenv(void *env, uint64_t addr, uint64_t width,
                              uint64_t pc, uint64_t d)
{
    X86Cpu *cpu = env;
    uint8_t buf[28];

    fp_normalize(cpu);
    unsigned len = state_put_env(cpu, buf, width, pc);
    fp_write(cpu, addr, buf, len);
    cpu->fpu.fcw |= FP_EXCEPTIONS; /* masks all: SDM FNSTENV */
    state_update_summary(&cpu->fpu);
    return state_changed(cpu);
}

static uint64_t state_fldenv(void *env, uint64_t addr, uint64_t width,
                             uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    uint8_t buf[28];

    fp_normalize(cpu);
    fp_check_pending(cpu);
    fp_read(cpu, addr, buf, 7 * width);
    state_get_env(cpu, buf, width);
    return state_changed(cpu);
}

/* FNINIT: the registers' contents stay. */
static void state_reset_x87(X86Fpu *fpu)
{
    state_set_top(fpu, 0);
    fpu->fcw = FCW_INIT;
    fpu->fsw = fpu->ftw = fpu->fop = 0;
    fpu->fip = fpu->fdp = 0;
}

static uint64_t state_fnsave(void *env, uint64_t addr, uint64_t width,
                             uint64_t pc, uint64_t d)
{
    X86Cpu *cpu = env;
    uint8_t buf[108];

    fp_normalize(cpu);
    unsigned len = state_put_env(cpu, buf, width, pc);
    for (unsigned n = 0; n < 8; n++) {
        memcpy(buf + len + 10 * n, &cpu->fpu.st[n], 10);
    }
    fp_write(cpu, addr, buf, len + 80);
    state_reset_x87(&cpu->fpu);
    return state_changed(cpu);
}

static uint64_t state_frstor(void *env, uint64_t addr, uint64_t width,
                             uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    uint8_t buf[108];

    fp_normalize(cpu);
    fp_check_pending(cpu);
    fp_read(cpu, addr, buf, 7 * width + 80);
    unsigned len = state_get_env(cpu, buf, width);
    for (unsigned n = 0; n < 8; n++) {
        memcpy(&cpu->fpu.st[n], buf + len + 10 * n, 10);
    }
    return state_changed(cpu);
}

/* ---- Control words
 * ------------------------------------------------------------ */

static uint64_t state_fldcw(void *env, uint64_t addr, uint64_t b, uint64_t c,
                            uint64_t d)
{
    X86Cpu *cpu = env;

    fp_normalize(cpu);
    fp_check_pending(cpu);
    cpu->fpu.fcw = state_fcw(x86_load(cpu, addr, 2, cpu->env.mode));
    state_update_summary(&cpu->fpu);
    return state_changed(cpu);
}

static uint64_t state_fnstcw(void *env, uint64_t addr, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;

    fp_normalize(cpu);
    x86_store(cpu, addr, cpu->fpu.fcw, 2, cpu->env.mode);
    return 0;
}

/* To memory, or to AX (b set). */
static uint64_t state_fnstsw(void *env, uint64_t addr, uint64_t to_ax,
                             uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    fp_normalize(cpu);
    if (to_ax) {
        uint64_t *rax = &cpu->env.r[X86_RAX];
        *rax = (*rax & ~UINT64_C(0xffff)) | cpu->fpu.fsw;
    } else {
        x86_store(cpu, addr, cpu->fpu.fsw, 2, cpu->env.mode);
    }
    return 0;
}

static uint64_t state_fninit(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;

    fp_normalize(cpu);
    state_reset_x87(&cpu->fpu);
    return state_changed(cpu);
}

static uint64_t state_fnclex(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;

    fp_normalize(cpu);
    cpu->fpu.fsw &= 0x7f00;
    return 0;
}

static uint64_t state_fwait(void *env, uint64_t a, uint64_t b, uint64_t c,
                            uint64_t d)
{
    fp_normalize(env);
    fp_check_pending(env);
    return 0;
}

void state_check_mxcsr(X86Cpu *cpu, uint32_t v)
{
    if (v & ~MXCSR_VALID) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

static uint64_t state_ldmxcsr(void *env, uint64_t addr, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t v = x86_load(cpu, addr, 4, cpu->env.mode);

    state_check_mxcsr(cpu, v);
    fp_normalize(cpu); /* an initial SSE state would have an initial MXCSR */
    cpu->fpu.mxcsr = v;
    return state_changed(cpu);
}

static uint64_t state_stmxcsr(void *env, uint64_t addr, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;

    x86_store(cpu, addr, cpu->fpu.mxcsr, 4, cpu->env.mode);
    return 0;
}

/* ---- FXSAVE, FXRSTOR
 * ------------------------------------------------------------ */

static void state_check_fx(X86Cpu *cpu, vaddr addr, unsigned align)
{
    if (cpu->cr0 & (CR0_TS | CR0_EM)) {
        x86_raise(cpu, EXC_NM);
    }
    if (addr & (align - 1)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
}

unsigned state_xmm_bytes(const X86Cpu *cpu)
{
    return cpu->key.code == X86_CODE64 ? 256 : 128;
}

void state_put_x87(X86Cpu *cpu, X86Fpu *image)
{
    memcpy(image, &cpu->fpu, 24);
    memcpy(image->st, cpu->fpu.st, sizeof(image->st));
    if (!(image->fsw & FSW_ES) || !state_pointers_known(cpu)) {
        image->fop = 0;
        image->fip = image->fdp = 0;
    }
    image->reserved = 0;
    for (unsigned n = 0; n < 8; n++) {
        memset(image->st[n].pad, 0, sizeof(image->st[n].pad));
    }
}

void state_get_x87(X86Cpu *cpu, const X86Fpu *image)
{
    memcpy(&cpu->fpu, image, 24);
    memcpy(cpu->fpu.st, image->st, sizeof(image->st));
    cpu->fpu.fcw = state_fcw(cpu->fpu.fcw);
    cpu->fpu.fop &= 0x7ff;
    state_update_summary(&cpu->fpu);
}

static uint64_t state_fxsave(void *env, uint64_t addr, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;
    X86Fpu image = { .mxcsr = cpu->fpu.mxcsr, .mxcsr_mask = MXCSR_VALID };

    state_check_fx(cpu, addr, 16);
    fp_normalize(cpu);
    state_put_x87(cpu, &image);
    memcpy(image.xmm, cpu->fpu.xmm, sizeof(image.xmm));
    fp_write(cpu, addr, &image, offsetof(X86Fpu, xmm) + state_xmm_bytes(cpu));
    return 0;
}

static uint64_t state_fxrstor(void *env, uint64_t addr, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    X86Fpu image;

    state_check_fx(cpu, addr, 16);
    fp_normalize(cpu);
    fp_read(cpu, addr, &image, FX_USED);
    state_check_mxcsr(cpu, image.mxcsr);
    state_get_x87(cpu, &image);
    cpu->fpu.mxcsr = image.mxcsr;
    memcpy(cpu->fpu.xmm, image.xmm, state_xmm_bytes(cpu));
    return state_changed(cpu);
}

/* ---- Helpers by mnemonic
 * ------------------------------------------------------------ */

enum {
    STATE_RAISES = TCG_MAY_RAISE,
    STATE_GPR = TCG_WRITES_GLOBALS,
};

const FpStateRow fp_state_rows[] = {
    { X86_FNSTENV, FP_STATE_WIDTH, { "fnstenv", state_fnstenv, STATE_RAISES } },
    { X86_FLDENV, FP_STATE_WIDTH, { "fldenv", state_fldenv, STATE_RAISES } },
    { X86_FNSAVE, FP_STATE_WIDTH, { "fnsave", state_fnsave, STATE_RAISES } },
    { X86_FRSTOR, FP_STATE_WIDTH, { "frstor", state_frstor, STATE_RAISES } },
    { X86_FLDCW, 0, { "fldcw", state_fldcw, STATE_RAISES } },
    { X86_FNSTCW, 0, { "fnstcw", state_fnstcw, STATE_RAISES } },
    { X86_FNSTSW,
      FP_STATE_TO_AX,
      { "fnstsw", state_fnstsw, STATE_RAISES | STATE_GPR } },
    { X86_FNINIT, 0, { "fninit", state_fninit, 0 } },
    { X86_FNCLEX, 0, { "fnclex", state_fnclex, 0 } },
    { X86_FWAIT, 0, { "fwait", state_fwait, STATE_RAISES } },
    { X86_LDMXCSR, 0, { "ldmxcsr", state_ldmxcsr, STATE_RAISES } },
    { X86_STMXCSR, 0, { "stmxcsr", state_stmxcsr, STATE_RAISES } },
    { X86_FXSAVE, 0, { "fxsave", state_fxsave, STATE_RAISES } },
    { X86_FXRSTOR, 0, { "fxrstor", state_fxrstor, STATE_RAISES } },
    { X86_XSAVE, 0, { "xsave", state_xsave, STATE_RAISES } },
    { X86_XSAVEOPT, FP_STATE_OPT, { "xsaveopt", state_xsave, STATE_RAISES } },
    { X86_XSAVEC, FP_STATE_COMPACT, { "xsavec", state_xsave, STATE_RAISES } },
    { X86_XSAVES, FP_STATE_COMPACT, { "xsaves", state_xsave, STATE_RAISES } },
    { X86_XRSTOR, 0, { "xrstor", state_xrstor, STATE_RAISES } },
    { X86_XRSTORS,
      FP_STATE_COMPACT,
      { "xrstors", state_xrstor, STATE_RAISES } },
    {},
};
