/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID: one row per leaf. Feature bits come from the model's words, numbers of
 * processors from the topology.
 *
 * SDM 2A CPUID; APM 3 appendix E; Linux
 * Documentation/virt/kvm/x86/cpuid.rst.
 */
#include "target/x86/model.h"
#include "target/x86/system/helpers.h"
#include "target/x86/xstate.h"

#include <string.h>

typedef struct CpuidLeaf {
    uint32_t leaf;
    void (*fill)(const X86Cpu *cpu, uint32_t subleaf, uint32_t out[4]);
} CpuidLeaf;

/* ---- helpers ------------------------------------------------------------- */

static void cpuid_text(uint32_t *out, const char *text, size_t len)
{
    memcpy(out, text, len);
}

static uint32_t cpuid_signature(const X86Model *m)
{
    uint32_t family = MIN(m->family, 15);

    return m->stepping | (m->model & 15) << 4 | family << 8 |
           (uint32_t)(m->model >> 4) << 16 | (m->family - family) << 20;
}

/* The last basic leaf. Dies show in leaf 1Fh only. */
static uint32_t cpuid_level(const X86Cpu *cpu)
{
    return cpu->topology.dies > 1 ? MAX(cpu->model->level, 0x1f)
                                  : cpu->model->level;
}

/* ---- basic leaves -------------------------------------------------------- */

static void cpuid_0(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Model *m = cpu->model;

    out[CPUID_EAX] = cpuid_level(cpu);
    cpuid_text(&out[CPUID_EBX], m->vendor, 4);
    cpuid_text(&out[CPUID_EDX], m->vendor + 4, 4);
    cpuid_text(&out[CPUID_ECX], m->vendor + 8, 4);
}

static void cpuid_1(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Model *m = cpu->model;

    out[CPUID_EAX] = cpuid_signature(m);
    /* CLFLUSH line of 64 bytes, logical CPUs, initial APIC id */
    out[CPUID_EBX] =
        8 << 8 |
        1u << (16 + MIN(x86_topology_package_shift(&cpu->topology), 7)) |
        cpu->apic_id << 24;
    out[CPUID_ECX] = m->word[WORD_1_ECX];
    out[CPUID_EDX] = m->word[WORD_1_EDX];
    if (cpu->cr4 & CR4_OSXSAVE) {
        out[CPUID_ECX] |= 1u << 27;
    }
    if (x86_topology_package_cpus(&cpu->topology) > 1) {
        out[CPUID_EDX] |= 1u << 28; /* HTT: EBX 23..16 counts */
    }
    if (!(cpu->apic_base & 1u << 11)) {
        out[CPUID_EDX] &= ~(1u << 9); /* APIC is off */
    }
}

static void cpuid_2(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    out[CPUID_EAX] = 0x00feff01; /* TLB and caches: see leaf 4 */
    out[CPUID_EBX] = 0xf0;       /* 64-byte prefetching */
}

typedef struct CpuidCache {
    uint8_t type, level; /* 1: data, 2: instruction, 3: unified */
    uint16_t ways;
    uint32_t kib;
} CpuidCache;

static const CpuidCache cpuid_caches[] = {
    { 1, 1, 8, 32 },
    { 2, 1, 8, 32 },
    { 3, 2, 16, 1024 },
    { 3, 3, 16, 16384 },
};

static void cpuid_4(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (sub >= G_N_ELEMENTS(cpuid_caches)) {
        return;
    }
    const CpuidCache *c = &cpuid_caches[sub];
    const X86Topology *t = &cpu->topology;
    unsigned core = x86_topology_core_shift(t);
    unsigned sharing = c->level == 3 ? x86_topology_die_shift(t) : core;
    unsigned cores = x86_topology_package_shift(t) - core;

    /* Ids that share the cache, and ids of cores; a field holds up to 64. */
    out[CPUID_EAX] = c->type | c->level << 5 | 1 << 8 |
                     ((1u << sharing) - 1) << 14 |
                     ((1u << MIN(cores, 6)) - 1) << 26;
    out[CPUID_EBX] = 63 | (c->ways - 1) << 22;
    out[CPUID_ECX] = c->kib * 1024 / 64 / c->ways - 1;
}

/* MONITOR's line, the least and the greatest; MWAIT's extensions, one of which
 * is to end with IF = 0. It saves no power: kernels prefer HLT then. */
static void cpuid_5(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (x86_model_has(cpu->model, FEATURE_MONITOR)) {
        out[CPUID_EAX] = out[CPUID_EBX] = X86_MONITOR_LINE;
        out[CPUID_ECX] = 3;
    }
}

static void cpuid_6(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    out[CPUID_EAX] = cpu->model->word[WORD_6_EAX];
}

static void cpuid_7(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Model *m = cpu->model;

    if (sub == 0) {
        out[CPUID_EAX] = m->word[WORD_7_2_EDX]   ? 2
                         : m->word[WORD_7_1_EAX] ? 1
                                                 : 0;
        out[CPUID_EBX] = m->word[WORD_7_EBX];
        out[CPUID_ECX] = m->word[WORD_7_ECX];
        if (cpu->cr4 & CR4_PKE) {
            out[CPUID_ECX] |= 1u << 4; /* OSPKE */
        }
        out[CPUID_EDX] = m->word[WORD_7_EDX];
    } else if (sub == 1) {
        out[CPUID_EAX] = m->word[WORD_7_1_EAX];
    } else if (sub == 2) {
        out[CPUID_EDX] = m->word[WORD_7_2_EDX];
    }
}

enum { LEVEL_SMT = 1, LEVEL_CORE = 2, LEVEL_DIE = 5 };

/* What shift leads to the next level, and the CPUs below that. */
static void cpuid_level_row(uint32_t out[4], unsigned type, unsigned shift,
                            unsigned cpus)
{
    out[CPUID_EAX] = shift;
    out[CPUID_EBX] = cpus;
    out[CPUID_ECX] |= type << 8;
}

static void cpuid_b(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Topology *t = &cpu->topology;

    out[CPUID_ECX] = sub & 0xff;
    out[CPUID_EDX] = cpu->apic_id;
    if (sub == 0) {
        cpuid_level_row(out, LEVEL_SMT, x86_topology_core_shift(t), t->threads);
    } else if (sub == 1) {
        cpuid_level_row(out, LEVEL_CORE, x86_topology_package_shift(t),
                        x86_topology_package_cpus(t));
    }
}

/* The same with dies between cores and packages. */
static void cpuid_1f(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Topology *t = &cpu->topology;

    if (sub != 1 && sub != 2) {
        cpuid_b(cpu, sub ? 2 : 0, out);
        out[CPUID_ECX] = (out[CPUID_ECX] & 0xff00) | (sub & 0xff);
        return;
    }
    out[CPUID_ECX] = sub;
    out[CPUID_EDX] = cpu->apic_id;
    if (sub == 1) {
        cpuid_level_row(out, LEVEL_CORE, x86_topology_die_shift(t),
                        t->cores * t->threads);
    } else {
        cpuid_level_row(out, LEVEL_DIE, x86_topology_package_shift(t),
                        x86_topology_package_cpus(t));
    }
}

static void cpuid_xstate(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        if (x->number == sub && (cpu->model->xcr0_mask >> sub & 1)) {
            out[CPUID_EAX] = x->size;
            out[CPUID_EBX] = x86_xstate_standard(x);
        }
    }
}

static void cpuid_d(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Model *m = cpu->model;

    if (!x86_model_has(m, FEATURE_XSAVE)) {
        return;
    }
    if (sub == 0) {
        out[CPUID_EAX] = m->xcr0_mask;
        out[CPUID_EBX] = x86_xstate_size(cpu->xcr0, false);
        out[CPUID_ECX] = x86_xstate_size(m->xcr0_mask, false);
    } else if (sub == 1) {
        out[CPUID_EAX] = m->word[WORD_D_1_EAX];
        if (x86_model_has(m, FEATURE_XSAVEC)) {
            out[CPUID_EBX] = x86_xstate_size(cpu->xcr0, true);
        }
    } else if (sub < 32) {
        cpuid_xstate(cpu, sub, out);
    }
}

/* TSC / crystal = EBX / EAX; crystal in Hz. The APIC timer's clock is the
 * crystal, whose tick is a nanosecond. */
static void cpuid_15(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (cpu->model->tsc_hz == NS_PER_SECOND) {
        out[CPUID_EAX] = out[CPUID_EBX] = 1;
    } else {
        out[CPUID_EAX] = NS_PER_SECOND / 1000;
        out[CPUID_EBX] = cpu->model->tsc_hz / 1000;
    }
    out[CPUID_ECX] = NS_PER_SECOND;
}

static void cpuid_16(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    out[CPUID_EAX] = out[CPUID_EBX] = cpu->model->tsc_hz / 1000000;
    out[CPUID_ECX] = NS_PER_SECOND / 1000000;
}

/* ---- KVM's leaves -------------------------------------------------------- */

static void cpuid_kvm_0(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (cpu->model->word[WORD_KVM_EAX]) {
        out[CPUID_EAX] = 0x40000010;
        cpuid_text(&out[CPUID_EBX], "KVMK", 4);
        cpuid_text(&out[CPUID_ECX], "VMKV", 4);
        out[CPUID_EDX] = 'M';
    }
}

static void cpuid_kvm_1(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    out[CPUID_EAX] = cpu->model->word[WORD_KVM_EAX];
}

/* TSC and APIC timer in kHz. */
static void cpuid_kvm_10(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (cpu->model->word[WORD_KVM_EAX]) {
        out[CPUID_EAX] = cpu->model->tsc_hz / 1000;
        out[CPUID_EBX] = NS_PER_SECOND / 1000;
    }
}

/* ---- extended leaves ----------------------------------------------------- */

static void cpuid_ext0(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    out[CPUID_EAX] = cpu->model->ext_level;
    if (!x86_model_intel(cpu->model)) {
        cpuid_0(cpu, sub, out);
        out[CPUID_EAX] = cpu->model->ext_level;
    }
}

/* Bits of leaf 1 that AMD repeats here. */
#define CPUID_EXT1_COPIES 0x0183f3ffu

static void cpuid_ext1(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Model *m = cpu->model;

    out[CPUID_ECX] = m->word[WORD_EXT1_ECX];
    out[CPUID_EDX] = m->word[WORD_EXT1_EDX];
    if (!x86_model_intel(m)) {
        uint32_t leaf1[4] = { 0 };

        cpuid_1(cpu, 0, leaf1);
        out[CPUID_EAX] = leaf1[CPUID_EAX];
        out[CPUID_EDX] |= leaf1[CPUID_EDX] & CPUID_EXT1_COPIES;
        if (x86_topology_package_cpus(&cpu->topology) > 1) {
            out[CPUID_ECX] |= 1u << 1; /* CmpLegacy: HTT counts cores */
        }
    } else if (cpu->key.code != X86_CODE64) {
        out[CPUID_EDX] &= ~(1u << 11); /* SYSCALL: in 64-bit code only */
    }
}

static void cpuid_brand(const X86Cpu *cpu, unsigned part, uint32_t out[4])
{
    cpuid_text(out, cpu->model->brand + 16 * part, 16);
}

static void cpuid_ext2(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    cpuid_brand(cpu, 0, out);
}

static void cpuid_ext3(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    cpuid_brand(cpu, 1, out);
}

static void cpuid_ext4(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    cpuid_brand(cpu, 2, out);
}

/* AMD's L1 caches and TLBs; reserved on Intel. */
static void cpuid_ext5(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (!x86_model_intel(cpu->model)) {
        out[CPUID_EAX] = out[CPUID_EBX] = 0xff40ff40;
        out[CPUID_ECX] = out[CPUID_EDX] = 32u << 24 | 8 << 16 | 1 << 8 | 64;
    }
}

static void cpuid_ext6(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    out[CPUID_ECX] = 1024u << 16 | 8 << 12 | 64; /* L2: 16-way is 8 */
}

static void cpuid_ext7(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    out[CPUID_EDX] = cpu->model->word[WORD_EXT7_EDX];
}

static void cpuid_ext8(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Model *m = cpu->model;
    unsigned linear = x86_model_has(m, FEATURE_LA57) ? 57
                      : x86_model_has(m, FEATURE_LM) ? 48
                                                     : 32;

    out[CPUID_EAX] = m->phys_bits | linear << 8;
    out[CPUID_EBX] = m->word[WORD_EXT8_EBX];
    if (!x86_model_intel(m)) {
        out[CPUID_ECX] = (x86_topology_package_cpus(&cpu->topology) - 1) |
                         x86_topology_package_shift(&cpu->topology) << 12;
    }
}

static void cpuid_ext_a(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (x86_model_has(cpu->model, FEATURE_SVM)) {
        out[CPUID_EAX] = 1; /* revision */
        out[CPUID_EBX] = SVM_ASIDS;
        out[CPUID_EDX] = cpu->model->word[WORD_SVM_EDX];
    }
}

/* Leaf 4's caches, as AMD has them. */
static void cpuid_ext1d(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    if (x86_model_has(cpu->model, FEATURE_TOPOEXT)) {
        cpuid_4(cpu, sub, out);
        out[CPUID_EAX] &= (1u << 26) - 1;
    }
}

/* Extended APIC id, core (and threads of one), node: a die. */
static void cpuid_ext1e(const X86Cpu *cpu, uint32_t sub, uint32_t out[4])
{
    const X86Topology *t = &cpu->topology;

    if (x86_model_has(cpu->model, FEATURE_TOPOEXT)) {
        out[CPUID_EAX] = cpu->apic_id;
        out[CPUID_EBX] = (cpu->apic_id >> x86_topology_core_shift(t) & 0xff) |
                         (t->threads - 1) << 8;
        out[CPUID_ECX] = (cpu->apic_id >> x86_topology_die_shift(t) & 0xff) |
                         (t->dies - 1) << 8;
    }
}

/* ---- the table ----------------------------------------------------------- */

static const CpuidLeaf cpuid_leaves[] = {
    { 0x0, cpuid_0 },
    { 0x1, cpuid_1 },
    { 0x2, cpuid_2 },
    { 0x4, cpuid_4 },
    { 0x5, cpuid_5 },
    { 0x6, cpuid_6 },
    { 0x7, cpuid_7 },
    { 0xb, cpuid_b },
    { 0xd, cpuid_d },
    { 0x15, cpuid_15 },
    { 0x16, cpuid_16 },
    { 0x1f, cpuid_1f },
    { 0x40000000, cpuid_kvm_0 },
    { 0x40000001, cpuid_kvm_1 },
    { 0x40000010, cpuid_kvm_10 },
    { 0x80000000, cpuid_ext0 },
    { 0x80000001, cpuid_ext1 },
    { 0x80000002, cpuid_ext2 },
    { 0x80000003, cpuid_ext3 },
    { 0x80000004, cpuid_ext4 },
    { 0x80000005, cpuid_ext5 },
    { 0x80000006, cpuid_ext6 },
    { 0x80000007, cpuid_ext7 },
    { 0x80000008, cpuid_ext8 },
    { 0x8000000a, cpuid_ext_a },
    { 0x8000001d, cpuid_ext1d },
    { 0x8000001e, cpuid_ext1e },
};

void x86_cpuid(X86Cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    memset(out, 0, 4 * sizeof(out[0]));
    /* Beyond the last basic leaf Intel answers as the last one. */
    if (leaf > cpuid_level(cpu) && leaf < 0x40000000) {
        leaf = cpuid_level(cpu);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cpuid_leaves); i++) {
        if (cpuid_leaves[i].leaf == leaf) {
            cpuid_leaves[i].fill(cpu, subleaf, out);
            return;
        }
    }
}

bool x86_has_feature(const X86Cpu *cpu, unsigned feature)
{
    /* Every 64-bit processor takes PREFETCHW, if only as no operation; kernels
     * know that. APM 3, PREFETCH. */
    if (feature == FEATURE_PREFETCHW) {
        feature = FEATURE_LM;
    }
    return feature < FEATURE_COUNT && x86_model_has(cpu->model, feature);
}

static uint64_t helper_cpuid(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    X86Cpu *cpu = env;
    uint32_t out[4];

    x86_cpuid(cpu, cpu->env.r[X86_RAX], cpu->env.r[X86_RCX], out);
    cpu->env.r[X86_RAX] = out[CPUID_EAX];
    cpu->env.r[X86_RBX] = out[CPUID_EBX];
    cpu->env.r[X86_RCX] = out[CPUID_ECX];
    cpu->env.r[X86_RDX] = out[CPUID_EDX];
    return 0;
}
const TcgHelper x86_helper_cpuid = { "cpuid", helper_cpuid,
                                     TCG_WRITES_GLOBALS };
