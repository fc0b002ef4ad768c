/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model-specific registers as one table: number, name, where the value stands,
 * which bits may be set, and functions where it is more than a value. Unknown
 * numbers are #GP and `-d unimp`. Not light.
 *
 * SDM 4; KVM's own: Linux Documentation/virt/kvm/x86/msr.rst.
 */
#include "target/x86/msr.h"
#include "target/x86/apic.h"
#include "target/x86/system/system.h"
#include "tcg/backend.h"
#include "util/log.h"

typedef struct MsrRow {
    uint32_t first, count;
    const char *name;
    /* Value: in X86Cpu at `offset`, an array if count > 1; 0: `value`. */
    size_t offset;
    uint64_t value;
    uint64_t mask;      /* bits that may be set; others #GP */
    X86Feature feature; /* must be offered */
    bool (*get)(X86Cpu *cpu, uint32_t msr, uint64_t *val);
    bool (*set)(X86Cpu *cpu, uint32_t msr, uint64_t val);
    bool read_only;
} MsrRow;

/* ---- time ---------------------------------------------------------------- */

static bool msr_get_tsc(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    *val = x86_svm_tsc(cpu);
    return true;
}

/* Moves the counter; the deadline is in its terms. */
static void msr_move_tsc(X86Cpu *cpu, uint64_t delta)
{
    cpu->tsc_offset += delta;
    cpu->tsc_adjust += delta;
    if (cpu->tsc_deadline) {
        x86_apic_write_deadline(cpu->apic, cpu->tsc_deadline);
    }
    x86_kvmclock_update(cpu);
}

static bool msr_set_tsc(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    msr_move_tsc(cpu, val - x86_read_tsc(cpu));
    return true;
}

static bool msr_set_tsc_adjust(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    msr_move_tsc(cpu, val - cpu->tsc_adjust);
    return true;
}

static bool msr_get_deadline(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    *val = x86_apic_read_deadline(cpu->apic);
    return true;
}

static bool msr_set_deadline(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    x86_apic_write_deadline(cpu->apic, val);
    return true;
}

/* ---- APIC ---------------------------------------------------------------- */

static bool msr_set_apic_base(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    return x86_apic_write_base(cpu->apic, val);
}

static bool msr_get_x2apic(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    return x86_apic_read_msr(cpu->apic, msr, val);
}

static bool msr_set_x2apic(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    return x86_apic_write_msr(cpu->apic, msr, val);
}

/* ---- modes and bases ----------------------------------------------------- */

uint64_t x86_efer_mask(const X86Cpu *cpu)
{
    return EFER_SCE |
           (x86_model_has(cpu->model, FEATURE_LM) ? EFER_LME | EFER_LMA : 0) |
           (x86_model_has(cpu->model, FEATURE_NX) ? EFER_NXE : 0) |
           (x86_model_has(cpu->model, FEATURE_SVM) ? EFER_SVME : 0);
}

static bool msr_set_efer(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    uint64_t allowed = x86_efer_mask(cpu) | EFER_LMA;

    if (cpu->svm.vm_cr & SVM_CR_DISABLE) {
        allowed &= ~(uint64_t)EFER_SVME;
    }
    if ((val & ~allowed) ||
        (((val ^ cpu->efer) & EFER_LME) && (cpu->cr0 & CR0_PG))) {
        return false;
    }
    if (cpu->efer & ~val & EFER_SVME) { /* nobody could set it any more */
        cpu->svm.gif = true;
    }
    /* LMA follows CR0.PG. */
    x86_set_efer(cpu, (val & ~(uint64_t)EFER_LMA) | (cpu->efer & EFER_LMA));
    return true;
}

static uint64_t *msr_place(X86Cpu *cpu, const MsrRow *row, uint32_t msr)
{
    return (uint64_t *)((char *)cpu + row->offset) + (msr - row->first);
}

static bool msr_set_canonical(X86Cpu *cpu, uint32_t msr, uint64_t val);

static bool msr_get_base(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    *val = cpu->seg[msr == 0xc0000100 ? X86_FS : X86_GS].base;
    return true;
}

static bool msr_set_base(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    if (!x86_canonical_base(cpu, val)) {
        return false;
    }
    cpu->seg[msr == 0xc0000100 ? X86_FS : X86_GS].base = val;
    x86_update_key(cpu);
    return true;
}

/* ---- memory types -------------------------------------------------------- */

static bool memory_type_valid(uint8_t type)
{
    return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

static bool msr_set_pat(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    for (unsigned i = 0; i < 8; i++) {
        uint8_t type = val >> (8 * i);

        if (!memory_type_valid(type) && type != 7) {
            return false;
        }
    }
    cpu->pat = val;
    return true;
}

/* 200h, 201h: base and mask of range 0, and so on. */
static bool msr_get_mtrr(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    unsigned n = (msr - 0x200) / 2;

    *val = msr & 1 ? cpu->mtrr_mask[n] : cpu->mtrr_base[n];
    return true;
}

static bool msr_set_mtrr(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    unsigned n = (msr - 0x200) / 2;
    uint64_t address = cpu->model->phys_mask & ~UINT64_C(0xfff);

    if (msr & 1) {
        if (val & ~(address | 0x800)) {
            return false;
        }
        cpu->mtrr_mask[n] = val;
        return true;
    }
    if ((val & ~(address | 0xff)) || !memory_type_valid(val)) {
        return false;
    }
    cpu->mtrr_base[n] = val;
    return true;
}

static unsigned mtrr_fixed_index(uint32_t msr)
{
    return msr == 0x250 ? 0 : msr < 0x260 ? msr - 0x258 + 1 : msr - 0x268 + 3;
}

static bool msr_get_mtrr_fixed(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    *val = cpu->mtrr_fixed[mtrr_fixed_index(msr)];
    return true;
}

static bool msr_set_mtrr_fixed(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    for (unsigned i = 0; i < 8; i++) {
        if (!memory_type_valid(val >> (8 * i))) {
            return false;
        }
    }
    cpu->mtrr_fixed[mtrr_fixed_index(msr)] = val;
    return true;
}

static bool msr_set_mtrr_def(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    if ((val & ~UINT64_C(0xcff)) || !memory_type_valid(val)) {
        return false;
    }
    cpu->mtrr_def = val;
    return true;
}

/* ---- machine check ------------------------------------------------------- */

static bool msr_set_mcg_ctl(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    if (val && val != UINT64_MAX) {
        return false;
    }
    cpu->mcg_ctl = val;
    return true;
}

/* SDM 3B 15.3.2: CTL takes all ones or zero, STATUS zero only. */
static bool msr_set_mc_bank(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    unsigned n = msr - 0x400;
    bool ok = n % 4 == 0   ? val == 0 || val == UINT64_MAX
              : n % 4 == 1 ? val == 0
                           : true;

    if (ok) {
        cpu->mc_bank[n] = val;
    }
    return ok;
}

/* ---- feature control ----------------------------------------------------- */

static bool msr_set_feature_control(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    if (cpu->feature_control & 1) { /* locked */
        return false;
    }
    cpu->feature_control = val;
    return true;
}

static bool msr_set_pkrs(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    x86_set_pkrs(cpu, val);
    return true;
}

static bool msr_set_debugctl(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    cpu->debugctl = val;
    x86_update_key(cpu);
    return true;
}

static bool msr_ignore(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    return true;
}

/* Intel's bit offers it, and AMD's. There is nothing to do. */
static bool msr_set_pred_cmd(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    return x86_model_has(cpu->model, FEATURE_SPEC_CTRL) ||
           x86_model_has(cpu->model, FEATURE_IBPB);
}

static bool msr_write_only(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    return false;
}

static bool msr_get_core_count(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    const X86Topology *t = &cpu->topology;

    *val = (uint64_t)t->dies * t->cores << 16 | x86_topology_package_cpus(t);
    return true;
}

/* ---- secure virtual machines --------------------------------------------- */

/* APM 2 15.30.1. */
static bool msr_set_vm_cr(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    const uint64_t locked = SVM_CR_LOCK | SVM_CR_DISABLE;

    if (cpu->svm.vm_cr & SVM_CR_LOCK) {
        val = (val & ~locked) | (cpu->svm.vm_cr & locked);
    }
    if ((val & SVM_CR_DISABLE) && (cpu->efer & EFER_SVME)) {
        return false;
    }
    cpu->svm.vm_cr = val;
    return true;
}

static bool msr_set_hsave(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    if ((val & 0xfff) || (val & ~cpu->model->phys_mask)) {
        return false;
    }
    cpu->svm.hsave = val;
    return true;
}

/* ---- KVM's clock --------------------------------------------------------- */

static bool msr_set_system_time(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    cpu->kvm_system_time = val;
    x86_kvmclock_update(cpu);
    return true;
}

static bool msr_set_wall_clock(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    cpu->kvm_wall_clock = val;
    x86_kvmclock_write_wall(cpu);
    return true;
}

static bool msr_set_steal_time(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    return x86_steal_write_msr(cpu, val);
}

static bool msr_set_pv_eoi(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    return x86_pv_eoi_write_msr(cpu, val);
}

/* ---- the table ----------------------------------------------------------- */

#define AT(field) .offset = offsetof(X86Cpu, field), .mask = UINT64_MAX
#define AT_MASK(field, m) .offset = offsetof(X86Cpu, field), .mask = (m)
#define CONST(v) .value = (v), .read_only = true
#define BOTH(g, s) .get = g, .set = s, .mask = UINT64_MAX

/* Spares the guest its mitigations: RDCL_NO, IBRS_ALL, SKIP_L1DFL, SSB_NO,
 * MDS_NO, PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO,
 * PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO. Translated code is not speculated into
 * by the guest's branches the way they fear. */
#define ARCH_CAPABILITIES_VALUE                                                \
    (UINT64_C(0x17b) | 7u << 13 | 1u << 20 | 1u << 24 | 1u << 26 | 1u << 27 |  \
     UINT64_C(1) << 62)

/* clang-format off */
static const MsrRow msr_rows[] = {
    { 0x10, 1, "TSC", BOTH(msr_get_tsc, msr_set_tsc) },
    { 0x17, 1, "PLATFORM_ID", CONST(0) },
    { 0x1b, 1, "APIC_BASE", AT(apic_base), .set = msr_set_apic_base, .feature = FEATURE_APIC },
    { 0x2a, 1, "EBL_CR_POWERON", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0x2c, 1, "EBC_FREQUENCY_ID", CONST(1u << 24) },
    { 0x34, 1, "SMI_COUNT", CONST(0) },
    { 0x35, 1, "CORE_THREAD_COUNT", .get = msr_get_core_count, .read_only = true },
    { 0x3a, 1, "FEATURE_CONTROL", AT_MASK(feature_control, 1), .set = msr_set_feature_control },
    { 0x3b, 1, "TSC_ADJUST", AT(tsc_adjust), .set = msr_set_tsc_adjust, .feature = FEATURE_TSC_ADJUST },
    { 0x48, 1, "SPEC_CTRL", AT_MASK(spec_ctrl, 0x447), .feature = FEATURE_SPEC_CTRL },
    { 0x49, 1, "PRED_CMD", .get = msr_write_only, .set = msr_set_pred_cmd, .mask = 1 },
    { 0x79, 1, "BIOS_UPDT_TRIG", .get = msr_write_only, .set = msr_ignore, .mask = UINT64_MAX },
    { 0x8b, 1, "BIOS_SIGN_ID", .value = UINT64_C(1) << 32, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xfe, 1, "MTRRCAP", CONST(0x508), .feature = FEATURE_MTRR }, /* WC, fixed, 8 ranges */
    { 0x10a, 1, "ARCH_CAPABILITIES", CONST(ARCH_CAPABILITIES_VALUE), .feature = FEATURE_ARCH_CAPABILITIES },
    { 0x140, 1, "MISC_FEATURES_ENABLES", .value = 0, .set = msr_ignore, .mask = 0 },
    { 0x174, 1, "SYSENTER_CS", AT_MASK(sysenter_cs, 0xffffffff), .feature = FEATURE_SEP },
    { 0x175, 1, "SYSENTER_ESP", AT(sysenter_esp), .set = msr_set_canonical, .feature = FEATURE_SEP },
    { 0x176, 1, "SYSENTER_EIP", AT(sysenter_eip), .set = msr_set_canonical, .feature = FEATURE_SEP },
    { 0x179, 1, "MCG_CAP", CONST(0x10a), .feature = FEATURE_MCA }, /* CTL_P, 10 banks */
    { 0x17a, 1, "MCG_STATUS", AT_MASK(mcg_status, 7), .feature = FEATURE_MCA },
    { 0x17b, 1, "MCG_CTL", AT(mcg_ctl), .set = msr_set_mcg_ctl, .feature = FEATURE_MCA },
    { 0x198, 1, "PERF_STATUS", CONST(10 << 8 | UINT64_C(10) << 40) }, /* ratio 10 */
    { 0x199, 1, "PERF_CTL", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0x19a, 1, "CLOCK_MODULATION", .value = 0, .set = msr_ignore, .mask = 0x1f },
    { 0x19b, 1, "THERM_INTERRUPT", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0x19c, 1, "THERM_STATUS", CONST(0) },
    { 0x1a0, 1, "MISC_ENABLE", AT(misc_enable) },
    { 0x1d9, 1, "DEBUGCTL", AT_MASK(debugctl, DEBUGCTL_LBR | DEBUGCTL_BTF), .set = msr_set_debugctl },
    { 0x1db, 4, "LAST_BRANCH", AT(last_branch), .read_only = true },
    { 0x200, 16, "MTRR_PHYS", BOTH(msr_get_mtrr, msr_set_mtrr), .feature = FEATURE_MTRR },
    { 0x250, 1, "MTRR_FIX64K", BOTH(msr_get_mtrr_fixed, msr_set_mtrr_fixed), .feature = FEATURE_MTRR },
    { 0x258, 2, "MTRR_FIX16K", BOTH(msr_get_mtrr_fixed, msr_set_mtrr_fixed), .feature = FEATURE_MTRR },
    { 0x268, 8, "MTRR_FIX4K", BOTH(msr_get_mtrr_fixed, msr_set_mtrr_fixed), .feature = FEATURE_MTRR },
    { 0x277, 1, "PAT", AT(pat), .set = msr_set_pat, .feature = FEATURE_PAT },
    { 0x2ff, 1, "MTRR_DEF_TYPE", AT(mtrr_def), .set = msr_set_mtrr_def, .feature = FEATURE_MTRR },
    { 0x400, 40, "MC_BANK", AT(mc_bank), .set = msr_set_mc_bank, .feature = FEATURE_MCA },
    { 0x6e0, 1, "TSC_DEADLINE", BOTH(msr_get_deadline, msr_set_deadline), .feature = FEATURE_TSC_DEADLINE },
    { 0x6e1, 1, "PKRS", AT_MASK(pkrs, UINT32_MAX), .set = msr_set_pkrs, .feature = FEATURE_PKS },
    { 0x800, 0x100, "X2APIC", BOTH(msr_get_x2apic, msr_set_x2apic), .feature = FEATURE_X2APIC },
    { 0xda0, 1, "XSS", AT_MASK(xss, 0), .feature = FEATURE_XSAVES }, /* no component */
    { 0x4b564d00, 1, "KVM_WALL_CLOCK_NEW", AT(kvm_wall_clock), .set = msr_set_wall_clock, .feature = FEATURE_KVM_CLOCK },
    { 0x4b564d01, 1, "KVM_SYSTEM_TIME_NEW", AT(kvm_system_time), .set = msr_set_system_time, .feature = FEATURE_KVM_CLOCK },
    { 0x4b564d03, 1, "KVM_STEAL_TIME", AT(kvm_steal_time), .set = msr_set_steal_time, .feature = FEATURE_KVM_STEAL_TIME },
    { 0x4b564d04, 1, "KVM_PV_EOI_EN", AT(kvm_pv_eoi), .set = msr_set_pv_eoi, .feature = FEATURE_KVM_PV_EOI },
    { 0xc0000080, 1, "EFER", AT(efer), .set = msr_set_efer },
    { 0xc0000081, 1, "STAR", AT(star), .feature = FEATURE_SYSCALL },
    { 0xc0000082, 1, "LSTAR", AT(lstar), .set = msr_set_canonical, .feature = FEATURE_LM },
    { 0xc0000083, 1, "CSTAR", AT(cstar), .set = msr_set_canonical, .feature = FEATURE_LM },
    { 0xc0000084, 1, "FMASK", AT_MASK(fmask, 0xffffffff), .feature = FEATURE_LM },
    { 0xc0000100, 2, "FS_GS_BASE", BOTH(msr_get_base, msr_set_base), .feature = FEATURE_LM },
    { 0xc0000102, 1, "KERNEL_GS_BASE", AT(kernel_gs_base), .set = msr_set_canonical, .feature = FEATURE_LM },
    { 0xc0000103, 1, "TSC_AUX", AT_MASK(tsc_aux, 0xffffffff), .feature = FEATURE_RDTSCP },
    /* AMD's, which its kernels read without asking. */
    { 0xc0010000, 8, "PERFEVTSEL_PERFCTR", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xc0010010, 1, "SYSCFG", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xc0010015, 1, "HWCR", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xc001001f, 1, "NB_CFG", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xc0010055, 1, "INT_PENDING", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xc0010114, 1, "VM_CR", AT_MASK(svm.vm_cr, 0x1f), .set = msr_set_vm_cr },
    { 0xc0010117, 1, "VM_HSAVE_PA", AT(svm.hsave), .set = msr_set_hsave, .feature = FEATURE_SVM },
    { 0xc0010200, 12, "PERF_CTL_CTR", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xc0011022, 1, "DC_CFG", .value = 0, .set = msr_ignore, .mask = UINT64_MAX },
    { 0xc0011029, 1, "DE_CFG", .value = 2, .set = msr_ignore, .mask = UINT64_MAX },
};
/* clang-format on */

static const MsrRow *msr_find(const X86Cpu *cpu, uint32_t msr)
{
    for (size_t i = 0; i < G_N_ELEMENTS(msr_rows); i++) {
        const MsrRow *row = &msr_rows[i];

        if (msr - row->first < row->count) {
            return !row->feature || x86_model_has(cpu->model, row->feature)
                       ? row
                       : NULL;
        }
    }
    return NULL;
}

/* In 64-bit mode or not, an address register holds canonical addresses only. */
static bool msr_set_canonical(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    if (!x86_canonical_base(cpu, val)) {
        return false;
    }
    *msr_place(cpu, msr_find(cpu, msr), msr) = val;
    return true;
}

bool x86_read_msr(X86Cpu *cpu, uint32_t msr, uint64_t *val)
{
    const MsrRow *row = msr_find(cpu, msr);

    if (!row) {
        log_unimplemented("cpu %u: read of MSR %08x\n", cpu->index, msr);
        return false;
    }
    if (row->get) {
        return row->get(cpu, msr, val);
    }
    *val = row->offset ? *msr_place(cpu, row, msr) : row->value;
    return true;
}

bool x86_write_msr(X86Cpu *cpu, uint32_t msr, uint64_t val)
{
    const MsrRow *row = msr_find(cpu, msr);

    if (!row) {
        log_unimplemented("cpu %u: write of MSR %08x = %016" PRIx64 "\n",
                          cpu->index, msr, val);
        return false;
    }
    if (row->read_only || (val & ~row->mask)) {
        log_guest_error("cpu %u: %s = %016" PRIx64 "\n", cpu->index, row->name,
                        val);
        return false;
    }
    if (row->set) {
        return row->set(cpu, msr, val);
    }
    *msr_place(cpu, row, msr) = val;
    return true;
}

/* ---- RDMSR, WRMSR -------------------------------------------------------- */

static uint64_t helper_rdmsr(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t val = 0;

    if (!x86_read_msr(cpu, cpu->env.r[X86_RCX], &val)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    cpu->env.r[X86_RAX] = (uint32_t)val;
    cpu->env.r[X86_RDX] = val >> 32;
    return 0;
}
const TcgHelper x86_helper_rdmsr = { "rdmsr", helper_rdmsr,
                                     TCG_MAY_RAISE | TCG_WRITES_GLOBALS };

static uint64_t helper_wrmsr(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t key = cpu->key.bits;
    uint64_t val = (uint32_t)cpu->env.r[X86_RAX] | cpu->env.r[X86_RDX] << 32;

    if (!x86_write_msr(cpu, cpu->env.r[X86_RCX], val)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    return cpu->key.bits != key ||
           __atomic_load_n(&cpu->env.exit_request, __ATOMIC_RELAXED);
}
const TcgHelper x86_helper_wrmsr = { "wrmsr", helper_wrmsr,
                                     TCG_MAY_RAISE | TCG_WRITES_GLOBALS };
