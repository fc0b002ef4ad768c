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
    WORD_SVM_EDX,
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
    uint8_t linear_bits; /* of addresses: 48, or 57 with LA57 */
    uint64_t tsc_hz;     /* rate of the time-stamp counter */
    bool tsc_hz_given;
    bool host; /* whatever the accelerator can show, which adapts it */
    uint32_t word[WORD_COUNT];
    uint32_t asked[WORD_COUNT]; /* bits that were asked for by name */
    bool lenient; /* enforce=off: warn about what cannot be, and leave it out */
    GString *warnings; /* lines; NULL: there are none */
};

static inline bool x86_model_intel(const X86Model *m)
{
    return m->vendor[0] == 'G';
}

/* Does the model offer a feature? */
bool x86_model_has(const X86Model *m, X86Feature feature);
bool x86_model_word_has(const uint32_t word[WORD_COUNT], X86Feature feature);

/* The name of the nth model, the default first; NULL: there are no more. */
const char *x86_model_nth(unsigned n);
/* What a processor of that name has, and translated code does not do. */
void x86_model_missing(const char *name, uint32_t missing[WORD_COUNT]);

/* The CPUID register that a word stands in. */
void x86_model_word_place(X86FeatureWord word, uint32_t *leaf, uint32_t *sub,
                          unsigned *reg);
/* What translated code does, on demand too. */
void x86_model_implemented(uint32_t can[WORD_COUNT]);
/* The first feature that is not in `can`; NULL: all are. */
const char *x86_model_lacks(const uint32_t word[WORD_COUNT],
                            const uint32_t can[WORD_COUNT]);
/* Before any CPU has it: leave out what is not in `can` and make what depends
 * on features anew. Model `host` gets all of it. Fails if something was asked
 * for by name that `who` cannot do. */
bool x86_model_limit(X86Model *m, const uint32_t can[WORD_COUNT],
                     const char *who, GError **errp);

#endif
