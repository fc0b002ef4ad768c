/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID under KVM: the model's leaves, as far as KVM can show their features.
 * What is left out is left out of the model before the machine is built, so
 * that the other engine shows the same.
 */
#include "accel/kvm/kvm.h"

#include "target/x86/model.h"
#include "util/error.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- what KVM can -------------------------------------------------------- */

static const struct kvm_cpuid_entry2 *cpuid_find(const KvmEngine *e,
                                                 uint32_t leaf, uint32_t sub)
{
    for (unsigned i = 0; i < e->cpuid->nent; i++) {
        const struct kvm_cpuid_entry2 *row = &e->cpuid->entries[i];

        if (row->function == leaf && row->index == sub) {
            return row;
        }
    }
    return NULL;
}

static uint32_t cpuid_register(const KvmEngine *e, uint32_t leaf, uint32_t sub,
                               unsigned reg)
{
    const struct kvm_cpuid_entry2 *row = cpuid_find(e, leaf, sub);

    if (!row) {
        return 0;
    }
    const uint32_t regs[] = { row->eax, row->ebx, row->ecx, row->edx };

    return regs[reg];
}

static void cpuid_add(uint32_t can[WORD_COUNT], X86Feature f)
{
    const X86FeatureBit *bit = &x86_feature_bits[f];

    for (unsigned w = 0; w < WORD_COUNT; w++) {
        uint32_t leaf, sub;
        unsigned reg;

        x86_model_word_place(w, &leaf, &sub, &reg);
        if (leaf == bit->leaf && sub == bit->subleaf && reg == bit->reg) {
            can[w] |= 1u << bit->bit;
        }
    }
}

/* What KVM shows, and what is ours under KVM, too: the APIC and its timer. */
static void cpuid_can(const KvmEngine *e, uint32_t can[WORD_COUNT])
{
    static const X86Feature ours[] = { FEATURE_HYPERVISOR, FEATURE_APIC,
                                       FEATURE_X2APIC, FEATURE_TSC_DEADLINE,
                                       FEATURE_ARAT };

    for (unsigned w = 0; w < WORD_COUNT; w++) {
        uint32_t leaf, sub;
        unsigned reg;

        x86_model_word_place(w, &leaf, &sub, &reg);
        can[w] = cpuid_register(e, leaf, sub, reg);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(ours); i++) {
        cpuid_add(can, ours[i]);
    }
}

/* ---- the model ----------------------------------------------------------- */

static void cpuid_host_name(const KvmEngine *e, X86Model *m)
{
    uint32_t vendor[3] = { cpuid_register(e, 0, 0, CPUID_EBX),
                           cpuid_register(e, 0, 0, CPUID_EDX),
                           cpuid_register(e, 0, 0, CPUID_ECX) };
    uint32_t sig = cpuid_register(e, 1, 0, CPUID_EAX);

    memcpy(m->vendor, vendor, 12);
    m->stepping = sig & 15;
    m->family = (sig >> 8 & 15) + (sig >> 20 & 255);
    m->model = (sig >> 4 & 15) | (sig >> 12 & 0xf0);
    m->phys_bits =
        MAX(36, MIN(52, cpuid_register(e, 0x80000008, 0, CPUID_EAX) & 255));
}

/* A host without scaling lends the guest its own TSC. */
static bool cpuid_tsc(const KvmEngine *e, X86Model *m, GError **errp)
{
    if (kvm_has(e, CAP_TSC_CONTROL) || m->tsc_hz == e->host_tsc_hz) {
        return true;
    }
    if (m->tsc_hz_given) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "tsc-frequency=%" PRIu64
                        ": this host's KVM cannot scale its %" PRIu64 " Hz",
                        m->tsc_hz, e->host_tsc_hz);
    }
    m->tsc_hz = e->host_tsc_hz;
    return true;
}

bool kvm_adapt_model(Accel *accel, X86Model *m, GError **errp)
{
    const KvmEngine *e = kvm_engine(accel);
    uint32_t can[WORD_COUNT];

    cpuid_can(e, can);
    if (m->host) {
        cpuid_host_name(e, m);
    }
    return cpuid_tsc(e, m, errp) && x86_model_limit(m, can, "KVM here", errp);
}

bool kvm_accepts_model(Accel *accel, const X86Model *m, GError **errp)
{
    const KvmEngine *e = kvm_engine(accel);
    uint32_t can[WORD_COUNT];

    cpuid_can(e, can);
    const char *lacks = x86_model_lacks(m->word, can);

    if (lacks) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "the guest's processor has '%s', which KVM here cannot "
                        "do (a guest started with -accel kvm does not)",
                        lacks);
    }
    if (!kvm_has(e, CAP_TSC_CONTROL) && m->tsc_hz != e->host_tsc_hz) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "the guest's TSC runs at %" PRIu64
                        " Hz, and KVM here cannot scale the host's (start with "
                        "-cpu ...,tsc-frequency=%" PRIu64 ")",
                        m->tsc_hz, e->host_tsc_hz);
    }
    return true;
}

/* ---- telling KVM --------------------------------------------------------- */

static const struct {
    uint32_t leaf;
    unsigned subleaves; /* 0: the leaf has none */
} cpuid_leaves[] = {
    { 0x0, 0 },        { 0x1, 0 },        { 0x2, 0 },        { 0x4, 5 },
    { 0x6, 0 },        { 0x7, 3 },        { 0xb, 3 },        { 0xd, 3 },
    { 0x15, 0 },       { 0x16, 0 },       { 0x40000000, 0 }, { 0x40000001, 0 },
    { 0x40000010, 0 }, { 0x80000000, 0 }, { 0x80000001, 0 }, { 0x80000002, 0 },
    { 0x80000003, 0 }, { 0x80000004, 0 }, { 0x80000005, 0 }, { 0x80000006, 0 },
    { 0x80000007, 0 }, { 0x80000008, 0 },
};
enum { CPUID_ENTRIES = 40 };

static void cpuid_entry(X86Cpu *cpu, struct kvm_cpuid_entry2 *row,
                        uint32_t leaf, uint32_t sub, bool indexed)
{
    uint32_t out[4];

    x86_cpuid(cpu, leaf, sub, out);
    *row = (struct kvm_cpuid_entry2){
        .function = leaf,
        .index = sub,
        .flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
        .eax = out[CPUID_EAX],
        .ebx = out[CPUID_EBX],
        .ecx = out[CPUID_ECX],
        .edx = out[CPUID_EDX],
    };
}

/* KVM shows the bits that follow control registers by itself. What depends on
 * the code's size is shown as in 64-bit code. */
static void cpuid_fix(const X86Cpu *cpu, struct kvm_cpuid_entry2 *row)
{
    if (row->function == 0x80000001) {
        row->edx |= cpu->model->word[WORD_EXT1_EDX];
    }
}

bool kvm_put_cpuid(KvmVcpu *v, GError **errp)
{
    g_autofree struct kvm_cpuid2 *list = g_malloc0(
        sizeof(*list) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2));
    unsigned n = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(cpuid_leaves); i++) {
        unsigned subs = cpuid_leaves[i].subleaves;

        for (unsigned sub = 0; sub < MAX(subs, 1); sub++) {
            struct kvm_cpuid_entry2 *row = &list->entries[n++];

            cpuid_entry(v->cpu, row, cpuid_leaves[i].leaf, sub, subs != 0);
            cpuid_fix(v->cpu, row);
        }
    }
    list->nent = n;
    if (ioctl(v->fd, KVM_SET_CPUID2, list) != 0) {
        return emu_fail_errno(errp, errno, "KVM_SET_CPUID2");
    }
    return true;
}
