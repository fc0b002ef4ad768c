/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU model: the CPUID bits and figures that one -cpu option resolved to.
 * Immutable once x86_model_find() returned it.
 */
#ifndef TARGET_X86_MODEL_H
#define TARGET_X86_MODEL_H

#include "target/x86/cpu.h"
#include "target/x86/features.h"

/* Registers of CPUID leaves that are made of feature bits. */
typedef enum X86FeatureWord {
    WORD_1_ECX,
    WORD_1_EDX,
    WORD_6_EAX,
    WORD_7_EBX,
    WORD_7_ECX,
    WORD_7_EDX,
    WORD_7_1_EAX,
    WORD_7_2_EDX,
    WORD_D_1_EAX,
    WORD_14_EBX,
    WORD_KVM_EAX,
    WORD_EXT1_ECX,
    WORD_EXT1_EDX,
    WORD_EXT7_EDX,
    WORD_EXT8_EBX,
    WORD_COUNT,
} X86FeatureWord;

struct X86Model {
    char *name;
    char brand[49];  /* leaves 0x80000002..4 */
    char vendor[13]; /* leaf 0 */
    uint16_t family, model, stepping;
    uint32_t level, ext_level;
    uint8_t phys_bits;
    uint64_t phys_mask; /* valid bits of a physical address */
    uint64_t cr4_mask;  /* bits the guest may set */
    uint64_t xcr0_mask;
    bool pages_1g;
    uint32_t word[WORD_COUNT];
};

static inline bool x86_model_intel(const X86Model *m)
{
    return m->vendor[0] == 'G';
}

/* Does the model offer a feature? */
bool x86_model_has(const X86Model *m, X86Feature feature);

#endif
