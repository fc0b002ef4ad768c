/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is derived from the architectural state: EFLAGS as one image, and the
 * key that translations depend on. Light.
 */
#include "target/x86/system/system.h"
#include "target/x86/xstate.h"

uint32_t x86_get_eflags(const X86Cpu *cpu)
{
    return cpu->eflags | x86_flags_unpack(cpu->env.flags);
}

void x86_set_eflags(X86Cpu *cpu, uint32_t val, uint32_t mask)
{
    uint32_t all = (x86_get_eflags(cpu) & ~mask) | (val & mask);
    uint32_t eflags = (all & ~EFLAGS_STATUS & 0x3fffff) | 2;
    uint32_t changed = eflags ^ cpu->eflags;

    cpu->env.flags = x86_flags_pack(all);
    cpu->eflags = eflags;
    if (changed & (EFLAGS_TF | EFLAGS_IOPL | EFLAGS_VM | EFLAGS_AC)) {
        x86_update_key_transfer(cpu);
    }
    if (changed & eflags & EFLAGS_IF) {
        x86_poll_pending(cpu);
    }
}

static bool key_is_real(const X86Cpu *cpu)
{
    return !(cpu->cr0 & CR0_PE) || (cpu->eflags & EFLAGS_VM);
}

/* A segment that needs no check at all: 4 GiB, present, both readable and
 * writable (code: readable), growing upwards. In real and V86 mode it needs no
 * check but of its limit, which is 64 KiB or, in unreal mode, more. */
static bool key_segment_plain(const X86Cpu *cpu, unsigned n)
{
    const X86Segment *s = &cpu->seg[n];
    uint16_t rights = s->attr & (SEG_P | SEG_S | 0xa);

    if (key_is_real(cpu)) {
        return s->limit >= 0xffff && (s->attr & (8 | 4)) != 4;
    }
    if (s->limit != UINT32_MAX) {
        return false;
    }
    if (n == X86_CS) {
        return rights == (SEG_P | SEG_S | 0xa);
    }
    if (rights & 8) { /* readable code in a data register: no stores */
        return false;
    }
    return rights == (SEG_P | SEG_S | 2) && !(s->attr & 4);
}

static X86CodeSize key_code_size(const X86Cpu *cpu)
{
    uint16_t attr = cpu->seg[X86_CS].attr;

    if ((cpu->efer & EFER_LMA) && (attr & SEG_L)) {
        return X86_CODE64;
    }
    return attr & SEG_D ? X86_CODE32 : X86_CODE16;
}

static void key_segments(const X86Cpu *cpu, X86Key *k)
{
    bool plain =
        key_segment_plain(cpu, X86_ES) && key_segment_plain(cpu, X86_CS) &&
        key_segment_plain(cpu, X86_SS) && key_segment_plain(cpu, X86_DS);

    k->ss32 = (cpu->seg[X86_SS].attr & SEG_D) != 0;
    k->limits = !plain;
    k->fs_gs_limits =
        !key_segment_plain(cpu, X86_FS) || !key_segment_plain(cpu, X86_GS);
    bool cs_flat = cpu->seg[X86_CS].base == 0;

    k->cs_flat = cs_flat;
    k->cs_limit =
        cpu->seg[X86_CS].limit != (key_is_real(cpu) ? 0xffff : UINT32_MAX);
    k->flat = plain && cs_flat && !cpu->seg[X86_ES].base &&
              !cpu->seg[X86_SS].base && !cpu->seg[X86_DS].base &&
              cpu->seg[X86_DS].limit == UINT32_MAX &&
              cpu->seg[X86_ES].limit == UINT32_MAX &&
              cpu->seg[X86_SS].limit == UINT32_MAX;
}

/* Bits that only control registers and the FPU's control words change. */
static const X86Key key_control_mask = {
    .pe = 1,
    .fp_nm = 1,
    .fp_em = 1,
    .fp_mp = 1,
    .sse = 1,
    .avx = 1,
    .avx512 = 1,
    .fp_slow = 1,
    .fsgsbase = 1,
    .umip = 1,
    .lma = 1,
    .dr7 = 1,
    .svm = 1,
    .lbr = 1,
};

static void key_control(X86Cpu *cpu)
{
    bool avx = (cpu->cr4 & CR4_OSXSAVE) && (cpu->xcr0 & 6) == 6;
    X86Key k = { .bits = 0 };

    k.pe = (cpu->cr0 & CR0_PE) != 0;
    k.fp_nm = (cpu->cr0 & CR0_TS) != 0;
    k.fp_em = (cpu->cr0 & CR0_EM) != 0;
    k.fp_mp = (cpu->cr0 & CR0_MP) != 0;
    k.sse = (cpu->cr4 & CR4_OSFXSR) != 0;
    k.avx = avx;
    k.avx512 = avx && (~cpu->xcr0 & XSTATE_AVX512) == 0;
    k.fp_slow = cpu->key.fp_slow;
    k.fsgsbase = (cpu->cr4 & CR4_FSGSBASE) != 0;
    k.umip = (cpu->cr4 & CR4_UMIP) != 0;
    k.lma = (cpu->efer & EFER_LMA) != 0;
    k.dr7 = (cpu->dr[7] & 0xff) != 0;
    k.svm = cpu->svm.guest;
    k.lbr = (cpu->debugctl & DEBUGCTL_LBR) != 0;
    cpu->key = k;
}

static void key_set(X86Cpu *cpu, X86Key k)
{
    cpu->key.bits = k.bits | (cpu->key.bits & key_control_mask.bits);
    cpu->env.mode = k.mode;
    if (cpu->mmu_ops && cpu->mmu_ops->key_changed) {
        cpu->mmu_ops->key_changed(cpu);
    }
}

/* Without what segments say outside of 64-bit code. */
static inline X86Key key_transfer(const X86Cpu *cpu, X86CodeSize code,
                                  unsigned cpl)
{
    bool ac = cpl == 3 && (cpu->eflags & EFLAGS_AC) && (cpu->cr0 & CR0_AM);

    return (X86Key){ .code = code,
                     .cpl = cpl,
                     .vm86 = cpu->eflags >> 17 & 1,
                     .tf = cpu->eflags >> 8 & 1,
                     .inhibit = cpu->inhibit != 0,
                     .mode = x86_mode_for(cpu, cpl),
                     .iopl_ok = cpl <= x86_iopl(cpu),
                     .flat = code == X86_CODE64,
                     .cs_flat = code == X86_CODE64,
                     .ac = ac };
}

void x86_update_key_code64(X86Cpu *cpu, unsigned cpl)
{
    key_set(cpu, key_transfer(cpu, X86_CODE64, cpl));
}

void x86_update_key_transfer(X86Cpu *cpu)
{
    X86CodeSize code = key_code_size(cpu);
    unsigned cpl = cpu->seg[X86_SS].attr >> 5 & 3;

    if (code == X86_CODE64) {
        x86_update_key_code64(cpu, cpl);
        return;
    }
    X86Key k = key_transfer(cpu, code, cpl);
    key_segments(cpu, &k);
    key_set(cpu, k);
}

void x86_update_key(X86Cpu *cpu)
{
    key_control(cpu);
    x86_update_key_transfer(cpu);
}

/* Native code runs with the guest's control words in the host's registers,
 * which must mask every exception. SDM 1 8.1.5, 10.2.3. */
void x86_update_fp_key(X86Cpu *cpu)
{
    cpu->key.fp_slow =
        (cpu->fpu.fcw & 0x3f) != 0x3f || (cpu->fpu.mxcsr & 0x1f80) != 0x1f80;
    if (cpu->mmu_ops && cpu->mmu_ops->key_changed) {
        cpu->mmu_ops->key_changed(cpu);
    }
}
