/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU models as data, and -cpu NAME,+feature,-feature,feature=on|off,...
 *
 * A model is a row: vendor, numbers, and a list of features on top of another
 * row's. What a named model has and we do not is left out silently, as it names
 * a generation; a feature asked for by name that we do not have is refused.
 */
#include "target/x86/model.h"

#include "util/error.h"
#include "util/keyval.h"

#include <string.h>

typedef struct ModelRow {
    const char *name;
    const char *summary;
    const char *parent; /* features are added to that row's */
    const char *vendor;
    uint16_t family, model, stepping;
    const char *features;
} ModelRow;

/* What translated code does, and therefore what `max` has. */
#define MODEL_IMPLEMENTED                                                                               \
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 "                          \
    "clflush mmx fxsr sse sse2 sse3 ssse3 cx16 pcid sse4.1 sse4.2 x2apic "                              \
    "movbe popcnt tsc-deadline rdrand hypervisor arat fsgsbase tsc_adjust "                             \
    "smep erms invpcid rdseed smap umip rdpid fsrm spec-ctrl "                                          \
    "arch-capabilities bhi-ctrl rrsba-ctrl mcdt-no lahf_lm 3dnowprefetch syscall nx pdpe1gb rdtscp lm " \
    "invtsc kvmclock kvm-nopiodelay kvmclock-stable-bit"

/* Works where it is asked for: not every back end or guest is better off. */
#define MODEL_OPTIONAL                                                         \
    "ss ht cmp_legacy la57 md-clear stibp ssbd ibpb xsave xgetbv1 avx avx2 "   \
    "fma f16c bmi1 bmi2 abm adx aes pclmulqdq vaes vpclmulqdq sha-ni gfni "    \
    "clflushopt clwb serialize topoext"

static const ModelRow model_rows[] = {
    { "max", "everything that is implemented (the default)", NULL,
      "GenuineIntel", 6, 143, 8, MODEL_IMPLEMENTED },
    { "host", "the host's processor, under KVM", NULL, "GenuineIntel", 6, 143,
      8, "" },
    { "base", "no features", NULL, "GenuineIntel", 6, 6, 3, "" },
    { "qemu32", "32-bit common denominator", NULL, "GenuineIntel", 6, 6, 3,
      "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat clflush "
      "mmx fxsr sse sse2 sse3 hypervisor kvmclock" },
    { "qemu64", "64-bit common denominator", "qemu32", "AuthenticAMD", 15, 107,
      1, "pse36 cx16 lm nx syscall lahf_lm svm" },
    { "kvm64", "64-bit common denominator, Intel", "qemu32", "GenuineIntel", 15,
      6, 1, "vme pse36 cx16 lm nx syscall" },
    { "x86-64-v1", "baseline of the x86-64 ABI", "qemu32", "GenuineIntel", 6,
      15, 11, "vme pse36 lm nx syscall" },
    { "x86-64-v2", "level 2 of the x86-64 ABI", "x86-64-v1", "GenuineIntel", 6,
      26, 3,
      "cx16 lahf_lm popcnt ssse3 sse4.1 sse4.2 x2apic tsc-deadline rdtscp "
      "arat" },
    { "x86-64-v3", "level 3 of the x86-64 ABI", "x86-64-v2", "GenuineIntel", 6,
      60, 3, "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave" },
    { "Nehalem", "Intel Core i7 9xx (2008)", "x86-64-v2", "GenuineIntel", 6, 26,
      3, "" },
    { "Westmere", "Intel Xeon E56xx (2010)", "Nehalem", "GenuineIntel", 6, 44,
      1, "aes pclmulqdq" },
    { "SandyBridge", "Intel Xeon E312xx (2011)", "Westmere", "GenuineIntel", 6,
      42, 1, "avx xsave" },
    { "IvyBridge", "Intel Xeon E3-12xx v2 (2012)", "SandyBridge",
      "GenuineIntel", 6, 58, 9, "f16c rdrand fsgsbase smep erms" },
    { "Haswell", "Intel Core (2013)", "IvyBridge", "GenuineIntel", 6, 60, 4,
      "avx2 bmi1 bmi2 fma abm movbe pcid invpcid" },
    { "Broadwell", "Intel Core (2014)", "Haswell", "GenuineIntel", 6, 61, 2,
      "adx rdseed smap 3dnowprefetch" },
    { "Skylake-Client", "Intel Core (2015)", "Broadwell", "GenuineIntel", 6, 94,
      3, "clflushopt xgetbv1 pdpe1gb" },
    { "EPYC", "AMD EPYC (2017)", "x86-64-v3", "AuthenticAMD", 23, 1, 2,
      "aes pclmulqdq rdrand rdseed fsgsbase smep smap adx clflushopt sha-ni "
      "3dnowprefetch pdpe1gb" },
};

/* Other spellings of features that users know. '_' and '.' count as '-'. */
static const struct {
    const char *alias, *name;
} model_aliases[] = {
    { "pni", "sse3" },
    { "i64", "lm" },
    { "xd", "nx" },
    { "pclmuldq", "pclmulqdq" },
    { "lahf-sahf", "lahf_lm" },
    { "ffxsr", "fxsr-opt" },
    { "sha", "sha-ni" },
    { "lzcnt", "abm" },
};

static const struct {
    uint32_t leaf;
    uint8_t subleaf, reg;
} model_words[WORD_COUNT] = {
    [WORD_1_ECX] = { 1, 0, CPUID_ECX },
    [WORD_1_EDX] = { 1, 0, CPUID_EDX },
    [WORD_6_EAX] = { 6, 0, CPUID_EAX },
    [WORD_7_EBX] = { 7, 0, CPUID_EBX },
    [WORD_7_ECX] = { 7, 0, CPUID_ECX },
    [WORD_7_EDX] = { 7, 0, CPUID_EDX },
    [WORD_7_1_EAX] = { 7, 1, CPUID_EAX },
    [WORD_7_2_EDX] = { 7, 2, CPUID_EDX },
    [WORD_D_1_EAX] = { 0xd, 1, CPUID_EAX },
    [WORD_14_EBX] = { 0x14, 0, CPUID_EBX },
    [WORD_KVM_EAX] = { 0x40000001, 0, CPUID_EAX },
    [WORD_EXT1_ECX] = { 0x80000001, 0, CPUID_ECX },
    [WORD_EXT1_EDX] = { 0x80000001, 0, CPUID_EDX },
    [WORD_EXT7_EDX] = { 0x80000007, 0, CPUID_EDX },
    [WORD_EXT8_EBX] = { 0x80000008, 0, CPUID_EBX },
};

/* CR4 bits that a feature makes available. */
static const struct {
    uint32_t cr4;
    X86Feature feature;
} model_cr4[] = {
    { CR4_VME | CR4_PVI, FEATURE_VME },
    { CR4_TSD, FEATURE_TSC },
    { CR4_DE, FEATURE_DE },
    { CR4_PSE, FEATURE_PSE },
    { CR4_PAE, FEATURE_PAE },
    { CR4_MCE, FEATURE_MCE },
    { CR4_PGE, FEATURE_PGE },
    { CR4_OSFXSR, FEATURE_FXSR },
    { CR4_OSXMMEXCPT, FEATURE_SSE },
    { CR4_PCIDE, FEATURE_PCID },
    { CR4_OSXSAVE, FEATURE_XSAVE },
    { CR4_FSGSBASE, FEATURE_FSGSBASE },
    { CR4_SMEP, FEATURE_SMEP },
    { CR4_SMAP, FEATURE_SMAP },
    { CR4_UMIP, FEATURE_UMIP },
    { CR4_LA57, FEATURE_LA57 },
};

/* Features that are nothing without another one. */
static const struct {
    X86Feature feature, needs;
} model_needs[] = {
    { FEATURE_AVX, FEATURE_XSAVE },         { FEATURE_F16C, FEATURE_AVX },
    { FEATURE_FMA, FEATURE_AVX },           { FEATURE_AVX2, FEATURE_AVX },
    { FEATURE_VAES, FEATURE_AVX },          { FEATURE_VPCLMULQDQ, FEATURE_AVX },
    { FEATURE_XGETBV1, FEATURE_XSAVE },     { FEATURE_X2APIC, FEATURE_APIC },
    { FEATURE_TSC_DEADLINE, FEATURE_APIC }, { FEATURE_LA57, FEATURE_LM },
    { FEATURE_PDPE1GB, FEATURE_LM },        { FEATURE_PCID, FEATURE_LM },
};

/* ---- feature names ------------------------------------------------------- */

static char model_fold(char c)
{
    return c == '_' || c == '.' ? '-' : g_ascii_tolower(c);
}

static bool model_same_name(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!b[i] || model_fold(a[i]) != model_fold(b[i])) {
            return false;
        }
    }
    return !b[len];
}

static X86Feature model_feature(const char *name, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(model_aliases); i++) {
        if (model_same_name(name, model_aliases[i].alias, len)) {
            name = model_aliases[i].name;
            len = strlen(name);
        }
    }
    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        if (model_same_name(name, x86_feature_bits[f].name, len)) {
            return f;
        }
    }
    return FEATURE_NONE;
}

static int model_word(X86Feature f)
{
    const X86FeatureBit *bit = &x86_feature_bits[f];

    for (unsigned i = 0; i < WORD_COUNT; i++) {
        if (model_words[i].leaf == bit->leaf &&
            model_words[i].subleaf == bit->subleaf &&
            model_words[i].reg == bit->reg) {
            return i;
        }
    }
    return -1;
}

static void model_set(uint32_t word[WORD_COUNT], X86Feature f, bool on)
{
    int w = model_word(f);

    if (w >= 0) {
        uint32_t bit = 1u << x86_feature_bits[f].bit;

        word[w] = on ? word[w] | bit : word[w] & ~bit;
    }
}

bool x86_model_has(const X86Model *m, X86Feature f)
{
    int w = model_word(f);

    return w >= 0 && (m->word[w] >> x86_feature_bits[f].bit & 1);
}

static void model_set_list(uint32_t word[WORD_COUNT], const char *list)
{
    while (*list) {
        size_t len = strcspn(list, " ");
        X86Feature f = model_feature(list, len);

        g_assert(f != FEATURE_NONE || !len); /* our own table */
        model_set(word, f, true);
        list += len;
        list += strspn(list, " ");
    }
}

static bool model_in_list(X86Feature f, const char *list)
{
    uint32_t word[WORD_COUNT] = { 0 };
    int w = model_word(f);

    model_set_list(word, list);
    return w >= 0 && (word[w] >> x86_feature_bits[f].bit & 1);
}

/* ---- rows ---------------------------------------------------------------- */

static const ModelRow *model_row(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(model_rows); i++) {
        if (!g_ascii_strcasecmp(name, model_rows[i].name)) {
            return &model_rows[i];
        }
    }
    return NULL;
}

static void model_add_row(X86Model *m, const ModelRow *row)
{
    if (row->parent) {
        model_add_row(m, model_row(row->parent));
    }
    model_set_list(m->word, row->features);
}

/* Leave out what we do not have. */
static void model_mask(X86Model *m)
{
    uint32_t have[WORD_COUNT] = { 0 };

    model_set_list(have, MODEL_IMPLEMENTED);
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        m->word[i] &= have[i];
    }
}

static X86Model *model_from_row(const ModelRow *row)
{
    X86Model *m = g_new0(X86Model, 1);

    m->name = g_strdup(row->name);
    g_strlcpy(m->vendor, row->vendor, sizeof(m->vendor));
    m->family = row->family;
    m->model = row->model;
    m->stepping = row->stepping;
    m->phys_bits = 40;
    m->tsc_hz = X86_TSC_HZ;
    m->host = !strcmp(row->name, "host");
    g_snprintf(m->brand, sizeof(m->brand), "emu virtual CPU (%s)", row->name);
    model_add_row(m, row);
    model_mask(m);
    return m;
}

/* ---- options ------------------------------------------------------------- */

static bool model_fail_feature(const char *name, GError **errp)
{
    const char *names[FEATURE_COUNT];
    size_t n = 0;

    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        names[n++] = x86_feature_bits[f].name;
    }
    return keyval_fail_unknown(errp, "CPU feature", name, names, n);
}

static bool model_switch(X86Model *m, const char *name, bool on, GError **errp)
{
    X86Feature f = model_feature(name, strlen(name));

    if (f == FEATURE_NONE) {
        return model_fail_feature(name, errp);
    }
    if (on && !model_in_list(f, MODEL_IMPLEMENTED) &&
        !model_in_list(f, MODEL_OPTIONAL)) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "CPU feature '%s' is not implemented", name);
    }
    model_set(m->word, f, on);
    model_set(m->asked, f, on);
    return true;
}

static bool model_number(const char *key, const char *text, uint64_t max,
                         uint64_t *out, GError **errp)
{
    char *end;
    uint64_t val = g_ascii_strtoull(text, &end, 0);

    if (!*text || *end || val > max) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "CPU property %s: '%s' is not a number up to %" PRIu64,
                        key, text, max);
    }
    *out = val;
    return true;
}

static bool model_set_vendor(X86Model *m, const char *text, GError **errp)
{
    if (strlen(text) != 12) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "CPU property vendor: '%s' does not have 12 letters",
                        text);
    }
    g_strlcpy(m->vendor, text, sizeof(m->vendor));
    return true;
}

/* Properties that are no CPUID bit. *known: false if there is none. */
static bool model_property(X86Model *m, const char *key, const char *text,
                           bool *known, GError **errp)
{
    static const char *const accepted[] = { "check",           "enforce",
                                            "migratable",      "host-phys-bits",
                                            "host-cache-info", "l3-cache" };
    uint64_t n = 0;
    bool ok = true;

    *known = true;
    if (!strcmp(key, "vendor")) {
        return model_set_vendor(m, text, errp);
    }
    if (!strcmp(key, "model-id") || !strcmp(key, "model_id")) {
        g_strlcpy(m->brand, text, sizeof(m->brand));
    } else if (!strcmp(key, "family")) {
        ok = model_number(key, text, 255 + 15, &n, errp);
        m->family = n;
    } else if (!strcmp(key, "model")) {
        ok = model_number(key, text, 255, &n, errp);
        m->model = n;
    } else if (!strcmp(key, "stepping")) {
        ok = model_number(key, text, 15, &n, errp);
        m->stepping = n;
    } else if (!strcmp(key, "phys-bits")) {
        ok = model_number(key, text, 52, &n, errp);
        if (ok && n < 36) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "CPU property phys-bits: at least 36");
        }
        m->phys_bits = n;
    } else if (!strcmp(key, "tsc-frequency")) {
        ok = model_number(key, text, 10 * X86_TSC_HZ, &n, errp);
        if (ok && n < X86_TSC_HZ / 1000) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "CPU property tsc-frequency: at least 1000000");
        }
        m->tsc_hz = n;
        m->tsc_hz_given = true;
    } else if (!strcmp(key, "kvm")) {
        bool on = true;

        if (!keyval_parse_bool(text, &on)) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "CPU property kvm: '%s' is not on or off", text);
        }
        if (!on) {
            m->word[WORD_KVM_EAX] = 0;
        }
    } else {
        *known = g_strv_contains(
            (const char *const[]){ accepted[0], accepted[1], accepted[2],
                                   accepted[3], accepted[4], accepted[5],
                                   NULL },
            key);
    }
    return ok;
}

static bool model_option(X86Model *m, const char *option, GError **errp)
{
    const char *eq = strchr(option, '=');
    bool known, on = true;

    if (*option == '+' || *option == '-') {
        return model_switch(m, option + 1, *option == '+', errp);
    }
    g_autofree char *key =
        eq ? g_strndup(option, eq - option) : g_strdup(option);

    if (!model_property(m, key, eq ? eq + 1 : "on", &known, errp)) {
        return false;
    }
    if (known) {
        return true;
    }
    if (eq && !keyval_parse_bool(eq + 1, &on)) {
        if (model_feature(key, strlen(key)) == FEATURE_NONE) {
            return model_fail_feature(key, errp);
        }
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "CPU feature %s: '%s' is not on or off", key, eq + 1);
    }
    return model_switch(m, key, on, errp);
}

/* ---- results ------------------------------------------------------------- */

static void model_finish(X86Model *m)
{
    for (size_t i = 0; i < G_N_ELEMENTS(model_needs); i++) {
        if (!x86_model_has(m, model_needs[i].needs)) {
            model_set(m->word, model_needs[i].feature, false);
        }
    }
    if (!x86_model_intel(m)) { /* Intel's words */
        model_set(m->word, FEATURE_ARCH_CAPABILITIES, false);
        m->word[WORD_7_2_EDX] = 0;
    }
    if (!x86_model_has(m, FEATURE_HYPERVISOR)) {
        m->word[WORD_KVM_EAX] = 0;
    }
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        m->asked[i] &= m->word[i];
    }
    m->phys_mask = (UINT64_C(1) << m->phys_bits) - 1;
    m->pages_1g = x86_model_has(m, FEATURE_PDPE1GB);
    m->level = 0x16;
    m->ext_level = x86_model_has(m, FEATURE_TOPOEXT) ? 0x8000001e : 0x80000008;
    m->cr4_mask = CR4_PCE;
    for (size_t i = 0; i < G_N_ELEMENTS(model_cr4); i++) {
        if (x86_model_has(m, model_cr4[i].feature)) {
            m->cr4_mask |= model_cr4[i].cr4;
        }
    }
    m->xcr0_mask = 1 | (x86_model_has(m, FEATURE_SSE) ? 2 : 0) |
                   (x86_model_has(m, FEATURE_AVX) ? 4 : 0);
}

/* ---- what an accelerator can do ----------------------------------------- */

void x86_model_word_place(X86FeatureWord word, uint32_t *leaf, uint32_t *sub,
                          unsigned *reg)
{
    *leaf = model_words[word].leaf;
    *sub = model_words[word].subleaf;
    *reg = model_words[word].reg;
}

void x86_model_implemented(uint32_t can[WORD_COUNT])
{
    memset(can, 0, WORD_COUNT * sizeof(can[0]));
    model_set_list(can, MODEL_IMPLEMENTED);
    model_set_list(can, MODEL_OPTIONAL);
}

const char *x86_model_lacks(const uint32_t word[WORD_COUNT],
                            const uint32_t can[WORD_COUNT])
{
    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        int w = model_word(f);
        uint32_t bit = 1u << x86_feature_bits[f].bit;

        if (w >= 0 && (word[w] & bit) && !(can[w] & bit)) {
            return x86_feature_bits[f].name;
        }
    }
    return NULL;
}

bool x86_model_limit(X86Model *m, const uint32_t can[WORD_COUNT],
                     const char *who, GError **errp)
{
    const char *lacks = x86_model_lacks(m->asked, can);

    if (lacks) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "CPU feature '%s': %s cannot do it", lacks, who);
    }
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        m->word[i] = m->host ? can[i] : m->word[i] & can[i];
    }
    model_finish(m);
    return true;
}

void x86_model_free(const X86Model *m)
{
    if (m) {
        g_free(m->name);
        g_free((X86Model *)m);
    }
}

static bool model_fail_unknown(const char *name, GError **errp)
{
    const char *names[G_N_ELEMENTS(model_rows)];

    for (size_t i = 0; i < G_N_ELEMENTS(model_rows); i++) {
        names[i] = model_rows[i].name;
    }
    return keyval_fail_unknown(errp, "CPU model", name, names,
                               G_N_ELEMENTS(names));
}

X86Model *x86_model_find(const char *spec, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(spec && *spec ? spec : "max", ",", -1);
    const ModelRow *row = model_row(parts[0]);

    if (!row) {
        model_fail_unknown(parts[0], errp);
        return NULL;
    }
    X86Model *m = model_from_row(row);

    for (unsigned i = 1; parts[i]; i++) {
        if (*parts[i] && !model_option(m, parts[i], errp)) {
            x86_model_free(m);
            return NULL;
        }
    }
    model_finish(m);
    return m;
}

void x86_model_list(GString *out)
{
    g_string_append(out, "Available CPUs:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(model_rows); i++) {
        g_string_append_printf(out, "  %-18s %s\n", model_rows[i].name,
                               model_rows[i].summary);
    }
    g_string_append(out, "\nRecognized CPUID flags:\n ");
    unsigned column = 1;
    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        const char *name = x86_feature_bits[f].name;

        if (!model_in_list(f, MODEL_IMPLEMENTED) &&
            !model_in_list(f, MODEL_OPTIONAL)) {
            continue;
        }
        if (column + 1 + strlen(name) > 76) {
            g_string_append(out, "\n ");
            column = 1;
        }
        g_string_append_printf(out, " %s", name);
        column += 1 + strlen(name);
    }
    g_string_append_c(out, '\n');
}
