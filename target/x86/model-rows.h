/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models as rows, and what translated code implements; for model.c. */
#ifndef TARGET_X86_MODEL_ROWS_H
#define TARGET_X86_MODEL_ROWS_H

#include <stdint.h>

typedef struct ModelRow {
    const char *name;
    const char *summary;
    const char *parent; /* features are added to that row's */
    const char *vendor;
    uint16_t family, model, stepping;
    const char *features;
} ModelRow;

/* The default first; the last has no name. */
extern const ModelRow model_rows[];

/* What every guest is better off with. */
#define MODEL_FAST                                                             \
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 " \
    "clflush mmx fxsr sse sse2 sse3 ssse3 cx16 pcid sse4.1 sse4.2 x2apic "     \
    "movbe popcnt tsc-deadline rdrand hypervisor arat fsgsbase tsc_adjust "    \
    "smep erms invpcid rdseed smap umip rdpid fsrm spec-ctrl "                 \
    "arch-capabilities bhi-ctrl rrsba-ctrl mcdt-no lahf_lm 3dnowprefetch "     \
    "syscall nx pdpe1gb rdtscp lm invtsc kvmclock kvm-nopiodelay "             \
    "kvm-pv-eoi kvm-pv-unhalt kvm-steal-time "                                 \
    "kvmclock-stable-bit xsave xsaveopt xsavec xgetbv1 avx avx2 fma f16c "     \
    "bmi1 bmi2 abm adx aes pclmulqdq vaes vpclmulqdq sha-ni clflushopt clwb"

/* Works, too, but is slower where the host has none, or makes guests do more
 * (page tables of five levels, mitigations). */
#define MODEL_REST                                                             \
    "ss ht cmp_legacy la57 md-clear stibp ssbd ibpb gfni serialize topoext "   \
    "sse4a mmxext pku pks svm npt svm-lock nrip-save vmcb-clean flushbyasid "  \
    "decodeassists pause-filter pfthreshold vgif avx-vnni "                    \
    "movdiri movdir64b clzero cldemote wbnoinvd xsaves monitor"

/* On hosts that have AVX-512 themselves: while guests run, its state is in the
 * host's registers. A part that such a host lacks is emulated. */
#define MODEL_AVX512                                                           \
    "avx512f avx512cd avx512bw avx512dq avx512vl avx512vbmi avx512vbmi2 "      \
    "avx512vnni avx512bitalg avx512ifma avx512-vpopcntdq avx512-bf16 "         \
    "avx512-vp2intersect"

/* What a guest that may know that it is one gets with any CPU. */
#define MODEL_PARAVIRTUAL                                                      \
    "kvmclock kvm-nopiodelay kvmclock-stable-bit kvm-pv-eoi kvm-pv-unhalt "    \
    "kvm-steal-time"

#endif
