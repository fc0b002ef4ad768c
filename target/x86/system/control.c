/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control and debug registers, TLB invalidation, time-stamp reads and extended
 * control registers. Light.
 *
 * SDM 3A 2.5 (CR), 4.10.4 (invalidation), 9.8.5 (long mode); 3B 17.2 (DR);
 * 2A INVPCID, LMSW, MOV.
 */
#include "target/x86/apic.h"
#include "target/x86/system/system.h"
#include "target/x86/tsc.h"
#include "target/x86/xstate.h"
#include "tcg/backend.h"

enum { DR6_BD = 1u << 13, DR7_GD = 1u << 13 };
#define DR6_FIXED UINT64_C(0xffff0ff0)
#define DR6_WRITABLE UINT64_C(0x0000e00f)
#define DR7_FIXED UINT64_C(0x400)
#define DR7_WRITABLE UINT64_C(0xffff2bff)
#define CR3_NO_FLUSH (UINT64_C(1) << 63)

static uint64_t control_changed(const X86Cpu *cpu, uint32_t old_key)
{
    return cpu->key.bits != old_key ||
           __atomic_load_n(&cpu->env.exit_request, __ATOMIC_RELAXED);
}

static G_NORETURN void control_gp(X86Cpu *cpu)
{
    x86_raise_error(cpu, EXC_GP, 0);
}

static void control_flush_all(X86Cpu *cpu)
{
    if (cpu->mmu_ops) {
        cpu->mmu_ops->flush_all(cpu);
    }
}

/* ---- CR0 ----------------------------------------------------------------- */

static void cr0_check(X86Cpu *cpu, uint64_t val)
{
    bool enters_paging = (val & CR0_PG) && !(cpu->cr0 & CR0_PG);
    bool leaves_paging = !(val & CR0_PG) && (cpu->cr0 & CR0_PG);

    if (val >> 32 || ((val & CR0_PG) && !(val & CR0_PE)) ||
        ((val & CR0_NW) && !(val & CR0_CD))) {
        control_gp(cpu);
    }
    if (enters_paging && (cpu->efer & EFER_LME) &&
        (!(cpu->cr4 & CR4_PAE) || (cpu->seg[X86_CS].attr & SEG_L) ||
         !(cpu->tr.attr & 8))) {
        control_gp(cpu);
    }
    if (leaves_paging &&
        ((cpu->cr4 & CR4_PCIDE) || cpu->key.code == X86_CODE64)) {
        control_gp(cpu);
    }
}

/* Under PAE paging outside long mode the PDPTEs are registers. */
static bool uses_pdptes(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    return (cr0 & CR0_PG) && (cr4 & CR4_PAE) && !(efer & EFER_LME);
}

static void control_load_pdptes(X86Cpu *cpu, uint64_t cr3)
{
    uint64_t pdpte[4];

    if (!x86_load_pdptes(cpu, cr3, pdpte)) {
        control_gp(cpu);
    }
    for (unsigned i = 0; i < 4; i++) {
        cpu->pdpte[i] = pdpte[i];
    }
}

static void write_cr0(X86Cpu *cpu, uint64_t val)
{
    const uint64_t known = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE |
                           CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
    uint64_t changed;

    cr0_check(cpu, val);
    val = (val & known) | CR0_ET;
    changed = val ^ cpu->cr0;
    if (uses_pdptes(val, cpu->cr4, cpu->efer) &&
        (changed & (CR0_PG | CR0_CD | CR0_NW))) {
        control_load_pdptes(cpu, cpu->cr3);
    }
    if ((changed & CR0_PG) && (cpu->efer & EFER_LME)) {
        cpu->efer = val & CR0_PG ? cpu->efer | EFER_LMA
                                 : cpu->efer & ~(uint64_t)EFER_LMA;
    }
    cpu->cr0 = val;
    if (changed & (CR0_PG | CR0_WP)) {
        control_flush_all(cpu);
    }
    x86_update_key(cpu);
}

/* ---- CR3 ----------------------------------------------------------------- */

static void write_cr3(X86Cpu *cpu, uint64_t val)
{
    bool keep = (cpu->cr4 & CR4_PCIDE) && (val & CR3_NO_FLUSH);

    if (cpu->cr4 & CR4_PCIDE) {
        val &= ~CR3_NO_FLUSH;
    }
    if (!x86_long_mode(cpu)) {
        val = (uint32_t)val;
    } else if (val & ~cpu->model->phys_mask) {
        control_gp(cpu);
    }
    if (uses_pdptes(cpu->cr0, cpu->cr4, cpu->efer)) {
        control_load_pdptes(cpu, val);
    }
    cpu->cr3 = val;
    if (cpu->mmu_ops) {
        cpu->mmu_ops->switch_space(cpu, keep);
    }
}

void x86_switch_cr3(X86Cpu *cpu, uint64_t cr3, const uint64_t pdpte[4])
{
    cpu->cr3 = cr3;
    for (unsigned i = 0; i < 4; i++) {
        cpu->pdpte[i] = pdpte[i];
    }
    if (cpu->mmu_ops) {
        cpu->mmu_ops->switch_space(cpu, false);
    }
}

/* ---- CR4 ----------------------------------------------------------------- */

static void cr4_check(X86Cpu *cpu, uint64_t val, uint64_t changed)
{
    if (val & ~cpu->model->cr4_mask) {
        control_gp(cpu);
    }
    if (x86_long_mode(cpu) && (!(val & CR4_PAE) || (changed & CR4_LA57))) {
        control_gp(cpu);
    }
    if ((changed & val & CR4_PCIDE) &&
        (!x86_long_mode(cpu) || (cpu->cr3 & 0xfff))) {
        control_gp(cpu);
    }
}

static void write_cr4(X86Cpu *cpu, uint64_t val)
{
    const uint64_t flushes = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP |
                             CR4_LA57 | CR4_PCIDE | CR4_PKE | CR4_PKS;
    uint64_t changed = val ^ cpu->cr4;

    cr4_check(cpu, val, changed);
    if (uses_pdptes(cpu->cr0, val, cpu->efer) &&
        (changed & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP))) {
        control_load_pdptes(cpu, cpu->cr3);
    }
    cpu->cr4 = val;
    if (changed & flushes) {
        control_flush_all(cpu);
    }
    x86_update_key(cpu);
}

void x86_set_efer(X86Cpu *cpu, uint64_t val)
{
    uint64_t changed = val ^ cpu->efer;

    cpu->efer = val;
    if (changed & EFER_NXE) {
        control_flush_all(cpu);
    }
    x86_update_key(cpu);
}

/* ---- MOV CR -------------------------------------------------------------- */

static uint64_t helper_read_cr(void *env, uint64_t n, uint64_t b, uint64_t c,
                               uint64_t d)
{
    X86Cpu *cpu = env;

    switch (n) {
    case 0:
        return cpu->cr0;
    case 2:
        return cpu->cr2;
    case 3:
        return cpu->cr3;
    case 4:
        return cpu->cr4;
    case 8:
        return x86_svm_masking(cpu) ? cpu->svm.int_ctl & SVM_V_TPR
                                    : x86_apic_tpr(cpu->apic) >> 4;
    default:
        x86_raise(cpu, EXC_UD);
    }
}
const TcgHelper x86_helper_read_cr = { "read_cr", helper_read_cr,
                                       TCG_LIGHT | TCG_MAY_RAISE };

static void write_cr8(X86Cpu *cpu, uint64_t val)
{
    if (val >> 4) {
        control_gp(cpu);
    }
    if (x86_svm_masking(cpu)) {
        cpu->svm.int_ctl = (cpu->svm.int_ctl & ~(uint32_t)SVM_V_TPR) | val;
        x86_poll_pending(cpu);
        return;
    }
    x86_apic_set_tpr(cpu, val << 4);
}

static uint64_t helper_write_cr(void *env, uint64_t n, uint64_t val, uint64_t c,
                                uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t old_key = cpu->key.bits;

    switch (n) {
    case 0:
        write_cr0(cpu, val);
        break;
    case 2:
        cpu->cr2 = val;
        break;
    case 3:
        write_cr3(cpu, val);
        break;
    case 4:
        write_cr4(cpu, val);
        break;
    case 8:
        write_cr8(cpu, val);
        break;
    default:
        x86_raise(cpu, EXC_UD);
    }
    return control_changed(cpu, old_key);
}
const TcgHelper x86_helper_write_cr = { "write_cr", helper_write_cr,
                                        TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_clts(void *env, uint64_t a, uint64_t b, uint64_t c,
                            uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t old_key = cpu->key.bits;

    cpu->cr0 &= ~(uint64_t)CR0_TS;
    x86_update_key(cpu);
    return control_changed(cpu, old_key);
}
const TcgHelper x86_helper_clts = { "clts", helper_clts, TCG_LIGHT };

static uint64_t helper_lmsw(void *env, uint64_t val, uint64_t b, uint64_t c,
                            uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t old_key = cpu->key.bits;
    uint64_t keeps_pe = cpu->cr0 & CR0_PE;

    write_cr0(cpu, (cpu->cr0 & ~UINT64_C(15)) | (val & 15) | keeps_pe);
    return control_changed(cpu, old_key);
}
const TcgHelper x86_helper_lmsw = { "lmsw", helper_lmsw,
                                    TCG_LIGHT | TCG_MAY_RAISE };

/* ---- MOV DR -------------------------------------------------------------- */

/* Which register a number means; raises #UD and general-detect #DB. */
static unsigned dr_select(X86Cpu *cpu, unsigned n)
{
    if ((n == 4 || n == 5) && !(cpu->cr4 & CR4_DE)) {
        n += 2;
    }
    if (n > 7 || n == 4 || n == 5) {
        x86_raise(cpu, EXC_UD);
    }
    if (cpu->dr[7] & DR7_GD) {
        x86_raise_debug(cpu, DR6_BD);
    }
    return n;
}

static uint64_t helper_read_dr(void *env, uint64_t n, uint64_t b, uint64_t c,
                               uint64_t d)
{
    X86Cpu *cpu = env;

    return cpu->dr[dr_select(cpu, n)];
}
const TcgHelper x86_helper_read_dr = { "read_dr", helper_read_dr,
                                       TCG_LIGHT | TCG_MAY_RAISE };

static uint64_t helper_write_dr(void *env, uint64_t number, uint64_t val,
                                uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t old_key = cpu->key.bits;
    unsigned n = dr_select(cpu, number);

    if (n >= 6 && val >> 32) {
        control_gp(cpu);
    }
    if (n == 6) {
        val = (val & DR6_WRITABLE) | DR6_FIXED;
    } else if (n == 7) {
        val = (val & DR7_WRITABLE) | DR7_FIXED;
    }
    bool armed = cpu->key.dr7;

    cpu->dr[n] = val;
    x86_update_key(cpu);
    if ((armed || cpu->key.dr7) && cpu->mmu_ops) {
        cpu->mmu_ops->flush_all(cpu); /* other pages have breakpoints now */
    }
    return control_changed(cpu, old_key);
}
const TcgHelper x86_helper_write_dr = { "write_dr", helper_write_dr,
                                        TCG_LIGHT | TCG_MAY_RAISE };

/* ---- invalidation -------------------------------------------------------- */

static uint64_t helper_invlpg(void *env, uint64_t addr, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;

    if (cpu->mmu_ops) {
        cpu->mmu_ops->flush_page(cpu, addr);
    }
    return 0;
}
const TcgHelper x86_helper_invlpg = { "invlpg", helper_invlpg,
                                      TCG_LIGHT | TCG_MAY_RAISE };

enum {
    INVPCID_ADDRESS,
    INVPCID_CONTEXT,
    INVPCID_ALL_GLOBAL,
    INVPCID_ALL,
};

static uint64_t helper_invpcid(void *env, uint64_t type, uint64_t pcid,
                               uint64_t addr, uint64_t d)
{
    X86Cpu *cpu = env;
    bool by_pcid = type == INVPCID_ADDRESS || type == INVPCID_CONTEXT;

    if (type > INVPCID_ALL || pcid >> 12 ||
        (by_pcid && pcid && !(cpu->cr4 & CR4_PCIDE)) ||
        (type == INVPCID_ADDRESS && !x86_canonical_base(cpu, addr))) {
        control_gp(cpu);
    }
    if (!cpu->mmu_ops) {
        return 0;
    }
    if (type == INVPCID_ALL_GLOBAL) {
        cpu->mmu_ops->flush_all(cpu);
    } else if (type == INVPCID_ADDRESS && pcid == x86_pcid(cpu)) {
        cpu->mmu_ops->flush_page(cpu, addr);
    } else {
        cpu->mmu_ops->flush_space(cpu, type == INVPCID_ALL ? -1 : (int)pcid);
    }
    return 0;
}
const TcgHelper x86_helper_invpcid = { "invpcid", helper_invpcid,
                                       TCG_LIGHT | TCG_MAY_RAISE };

/* ---- counters ------------------------------------------------------------ */

static void control_set_edx_eax(X86Cpu *cpu, uint64_t val)
{
    cpu->env.r[X86_RAX] = (uint32_t)val;
    cpu->env.r[X86_RDX] = val >> 32;
}

static uint64_t helper_rdtsc(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;

    if ((cpu->cr4 & CR4_TSD) && x86_cpl(cpu)) {
        control_gp(cpu);
    }
    control_set_edx_eax(cpu, x86_svm_tsc(cpu));
    return 0;
}
const TcgHelper x86_helper_rdtsc = {
    "rdtsc", helper_rdtsc, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS
};

static uint64_t helper_rdtscp(void *env, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;

    x86_tsc_order();
    helper_rdtsc(env, a, b, c, d);
    cpu->env.r[X86_RCX] = (uint32_t)cpu->tsc_aux;
    return 0;
}
const TcgHelper x86_helper_rdtscp = {
    "rdtscp", helper_rdtscp, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS
};

/* There are no performance counters, so that no index is valid. */
static uint64_t helper_rdpmc(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    control_gp(env);
}
const TcgHelper x86_helper_rdpmc = {
    "rdpmc", helper_rdpmc, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS
};

static uint64_t helper_rdpid(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    return ((X86Cpu *)env)->tsc_aux;
}
const TcgHelper x86_helper_rdpid = { "rdpid", helper_rdpid, TCG_LIGHT };

/* ---- extended control registers ------------------------------------------ */

static void control_need_osxsave(X86Cpu *cpu)
{
    if (!(cpu->cr4 & CR4_OSXSAVE)) {
        x86_raise(cpu, EXC_UD);
    }
}

static uint64_t helper_xgetbv(void *env, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;

    control_need_osxsave(cpu);
    if ((uint32_t)cpu->env.r[X86_RCX] > 1) {
        control_gp(cpu);
    }
    /* 1: XINUSE; reporting all as in use is allowed. */
    control_set_edx_eax(cpu, cpu->xcr0);
    return 0;
}
const TcgHelper x86_helper_xgetbv = {
    "xgetbv", helper_xgetbv, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS
};

/* SDM 1 13.3: AVX needs SSE, AVX-512 comes whole and needs AVX. */
static bool control_xcr0_fits(uint64_t val)
{
    uint64_t avx512 = val & XSTATE_AVX512;

    return (val & XSTATE_X87) && (!(val & XSTATE_AVX) || (val & XSTATE_SSE)) &&
           (!avx512 || (avx512 == XSTATE_AVX512 && (val & XSTATE_AVX)));
}

static uint64_t helper_xsetbv(void *env, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t old_key = cpu->key.bits;
    uint64_t val = (uint32_t)cpu->env.r[X86_RAX] | cpu->env.r[X86_RDX] << 32;

    control_need_osxsave(cpu);
    if (x86_cpl(cpu) || (uint32_t)cpu->env.r[X86_RCX] ||
        (val & ~cpu->model->xcr0_mask) || !control_xcr0_fits(val)) {
        control_gp(cpu);
    }
    cpu->xcr0 = val;
    x86_update_key(cpu);
    return control_changed(cpu, old_key);
}
const TcgHelper x86_helper_xsetbv = { "xsetbv", helper_xsetbv, TCG_MAY_RAISE };

/* ---- protection keys ----------------------------------------------------- */

/* Translations that a right held for may be wrong now. */
static void pkey_flush(X86Cpu *cpu, uint32_t changed)
{
    for (unsigned key = 0; key < 16; key++) {
        if ((cpu->pkeys >> key & 1) && (changed >> (2 * key) & 3)) {
            cpu->pkeys = 0;
            control_flush_all(cpu);
            return;
        }
    }
}

void x86_set_pkru(X86Cpu *cpu, uint32_t val)
{
    uint32_t changed = cpu->pkru ^ val;

    cpu->pkru = val;
    pkey_flush(cpu, changed);
}

void x86_set_pkrs(X86Cpu *cpu, uint32_t val)
{
    uint32_t changed = cpu->pkrs ^ val;

    cpu->pkrs = val;
    pkey_flush(cpu, changed);
}

static void pkru_check(X86Cpu *cpu)
{
    if (!(cpu->cr4 & CR4_PKE)) {
        x86_raise(cpu, EXC_UD);
    }
    if ((uint32_t)cpu->env.r[X86_RCX]) {
        control_gp(cpu);
    }
}

static uint64_t helper_rdpkru(void *env, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;

    pkru_check(cpu);
    control_set_edx_eax(cpu, cpu->pkru);
    return 0;
}
const TcgHelper x86_helper_rdpkru = {
    "rdpkru", helper_rdpkru, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS
};

static uint64_t helper_wrpkru(void *env, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;

    pkru_check(cpu);
    if ((uint32_t)cpu->env.r[X86_RDX]) {
        control_gp(cpu);
    }
    x86_set_pkru(cpu, cpu->env.r[X86_RAX]);
    return 0;
}
const TcgHelper x86_helper_wrpkru = { "wrpkru", helper_wrpkru,
                                      TCG_LIGHT | TCG_MAY_RAISE };
