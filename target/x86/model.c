/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -cpu NAME,+feature,-feature,feature=on|off,...
 *
 * What a named model has and we do not is left out silently, as it names a
 * generation, unless `enforce` is given; a feature asked for by name that we do
 * not have is refused. With enforce=off both are warned about.
 */
#include "target/x86/model-rows.h"

#include "target/x86/host.h"
#include "target/x86/model.h"
#include "target/x86/xstate.h"
#include "util/error.h"
#include "util/keyval.h"

#include <string.h>

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
    [WORD_SVM_EDX] = { 0x8000000a, 0, CPUID_EDX },
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
    { CR4_PKE, FEATURE_PKU },
    { CR4_PKS, FEATURE_PKS },
};

/* Features that are nothing without another one. */
static const struct {
    X86Feature feature, needs;
} model_needs[] = {
    { FEATURE_AVX, FEATURE_XSAVE },
    { FEATURE_F16C, FEATURE_AVX },
    { FEATURE_FMA, FEATURE_AVX },
    { FEATURE_AVX2, FEATURE_AVX },
    { FEATURE_VAES, FEATURE_AVX },
    { FEATURE_VPCLMULQDQ, FEATURE_AVX },
    { FEATURE_XSAVEOPT, FEATURE_XSAVE },
    { FEATURE_XSAVEC, FEATURE_XSAVE },
    { FEATURE_XGETBV1, FEATURE_XSAVE },
    { FEATURE_X2APIC, FEATURE_APIC },
    { FEATURE_TSC_DEADLINE, FEATURE_APIC },
    { FEATURE_LA57, FEATURE_LM },
    { FEATURE_AVX512F, FEATURE_AVX2 },
    { FEATURE_AVX512CD, FEATURE_AVX512F },
    { FEATURE_AVX512BW, FEATURE_AVX512F },
    { FEATURE_AVX512DQ, FEATURE_AVX512F },
    { FEATURE_AVX512VL, FEATURE_AVX512F },
    { FEATURE_AVX512VBMI, FEATURE_AVX512BW },
    { FEATURE_AVX512VBMI2, FEATURE_AVX512BW },
    { FEATURE_AVX512VNNI, FEATURE_AVX512F },
    { FEATURE_AVX512BITALG, FEATURE_AVX512BW },
    { FEATURE_AVX512IFMA, FEATURE_AVX512F },
    { FEATURE_AVX512VPOPCNTDQ, FEATURE_AVX512F },
    { FEATURE_AVX512BF16, FEATURE_AVX512BW },
    { FEATURE_AVX512VP2INTERSECT, FEATURE_AVX512F },
    { FEATURE_AVX_VNNI, FEATURE_AVX2 },
    { FEATURE_PDPE1GB, FEATURE_LM },
    { FEATURE_PCID, FEATURE_LM },
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

bool x86_model_word_has(const uint32_t word[WORD_COUNT], X86Feature f)
{
    int w = model_word(f);

    return w >= 0 && (word[w] >> x86_feature_bits[f].bit & 1);
}

bool x86_model_has(const X86Model *m, X86Feature f)
{
    return x86_model_word_has(m->word, f);
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

    model_set_list(word, list);
    return x86_model_word_has(word, f);
}

static bool model_is_implemented(X86Feature f)
{
    return model_in_list(f, MODEL_FAST) || model_in_list(f, MODEL_REST) ||
           (x86_host_has_feature(FEATURE_AVX512F) &&
            model_in_list(f, MODEL_AVX512));
}

/* ---- rows ---------------------------------------------------------------- */

static const ModelRow *model_row(const char *name)
{
    for (const ModelRow *row = model_rows; row->name; row++) {
        if (!g_ascii_strcasecmp(name, row->name)) {
            return row;
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

/* Leave out what we do not have; it goes to missing. */
static void model_mask(X86Model *m, uint32_t missing[WORD_COUNT])
{
    uint32_t have[WORD_COUNT];

    x86_model_implemented(have);
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        missing[i] = m->word[i] & ~have[i];
        m->word[i] &= have[i];
    }
}

static X86Model *model_from_row(const ModelRow *row,
                                uint32_t missing[WORD_COUNT])
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
    if (x86_model_has(m, FEATURE_HYPERVISOR)) {
        model_set_list(m->word, MODEL_PARAVIRTUAL);
    }
    model_mask(m, missing);
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

/* For the user, if it comes to that: see x86_model_warn(). */
static G_GNUC_PRINTF(2, 3) void model_note(X86Model *m, const char *format, ...)
{
    va_list args;

    if (!m->warnings) {
        m->warnings = g_string_new(NULL);
    }
    g_string_append(m->warnings, "emu: warning: ");
    va_start(args, format);
    g_string_append_vprintf(m->warnings, format, args);
    va_end(args);
    g_string_append_c(m->warnings, '\n');
}

void x86_model_warn(const X86Model *m)
{
    if (m->warnings) {
        g_printerr("%s", m->warnings->str);
    }
}

static bool model_switch(X86Model *m, const char *name, bool on, GError **errp)
{
    X86Feature f = model_feature(name, strlen(name));

    if (f == FEATURE_NONE) {
        return model_fail_feature(name, errp);
    }
    if (on && !model_is_implemented(f) && m->lenient) {
        model_note(m, "CPU feature '%s' is not implemented", name);
        return true;
    }
    if (on && !model_is_implemented(f)) {
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
    if (!x86_model_has(m, FEATURE_SVM)) {
        m->word[WORD_SVM_EDX] = 0;
    }
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        m->asked[i] &= m->word[i];
    }
    m->phys_mask = (UINT64_C(1) << m->phys_bits) - 1;
    m->pages_1g = x86_model_has(m, FEATURE_PDPE1GB);
    m->linear_bits = x86_model_has(m, FEATURE_LA57) ? 57 : 48;
    m->level = 0x16;
    m->ext_level = x86_model_has(m, FEATURE_TOPOEXT) ? 0x8000001e
                   : x86_model_has(m, FEATURE_SVM)   ? 0x8000000a
                                                     : 0x80000008;
    m->cr4_mask = CR4_PCE;
    for (size_t i = 0; i < G_N_ELEMENTS(model_cr4); i++) {
        if (x86_model_has(m, model_cr4[i].feature)) {
            m->cr4_mask |= model_cr4[i].cr4;
        }
    }
    m->xcr0_mask = 1 | (x86_model_has(m, FEATURE_SSE) ? 2 : 0) |
                   (x86_model_has(m, FEATURE_AVX) ? 4 : 0) |
                   (x86_model_has(m, FEATURE_AVX512F) ? XSTATE_AVX512 : 0) |
                   (x86_model_has(m, FEATURE_PKU) ? XSTATE_PKRU : 0);
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
    model_set_list(can, MODEL_FAST);
    model_set_list(can, MODEL_REST);
    if (x86_host_has_feature(FEATURE_AVX512F)) {
        model_set_list(can, MODEL_AVX512);
    }
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

/* What was asked for, but not so seriously. */
static void model_leave_out(X86Model *m, const uint32_t can[WORD_COUNT],
                            const char *who)
{
    const char *lacks;

    while ((lacks = x86_model_lacks(m->asked, can))) {
        model_note(m, "CPU feature '%s': %s cannot do it", lacks, who);
        model_set(m->asked, model_feature(lacks, strlen(lacks)), false);
    }
}

bool x86_model_limit(X86Model *m, const uint32_t can[WORD_COUNT],
                     const char *who, GError **errp)
{
    if (m->lenient) {
        model_leave_out(m, can, who);
    }
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
        if (m->warnings) {
            g_string_free(m->warnings, TRUE);
        }
        g_free((X86Model *)m);
    }
}

static bool model_fail_unknown(const char *name, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (const ModelRow *row = model_rows; row->name; row++) {
        g_ptr_array_add(names, (char *)row->name);
    }
    return keyval_fail_unknown(errp, "CPU model", name,
                               (const char *const *)names->pdata, names->len);
}

typedef enum ModelStrictness {
    MODEL_USUAL, /* refuse what was asked for by name */
    MODEL_STRICT,
    MODEL_LENIENT,
} ModelStrictness;

static ModelStrictness model_strictness(char *const *options)
{
    ModelStrictness s = MODEL_USUAL;
    bool on = true;

    for (; *options; options++) {
        if (!strcmp(*options, "enforce")) {
            s = MODEL_STRICT;
        } else if (g_str_has_prefix(*options, "enforce=") &&
                   keyval_parse_bool(*options + strlen("enforce="), &on)) {
            s = on ? MODEL_STRICT : MODEL_LENIENT;
        }
    }
    return s;
}

static bool model_complete(const ModelRow *row, const uint32_t *missing,
                           GError **errp)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        int w = model_word(f);
        if (w >= 0 && missing[w] >> x86_feature_bits[f].bit & 1) {
            g_string_append_printf(names, " %s", x86_feature_bits[f].name);
        }
    }
    if (names->len) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "CPU model '%s': not implemented:%s", row->name,
                        names->str);
    }
    return true;
}

/* What the named generation has and we do not. */
static bool model_check_missing(X86Model *m, const ModelRow *row,
                                const uint32_t *missing, ModelStrictness s,
                                GError **errp)
{
    g_autoptr(GError) err = NULL;

    m->lenient = s == MODEL_LENIENT;
    if (s == MODEL_USUAL || model_complete(row, missing, &err)) {
        return true;
    }
    if (s == MODEL_STRICT) {
        g_propagate_error(errp, g_steal_pointer(&err));
        return false;
    }
    model_note(m, "%s", err->message);
    return true;
}

X86Model *x86_model_find(const char *spec, GError **errp)
{
    g_auto(GStrv) parts =
        g_strsplit(spec && *spec ? spec : model_rows[0].name, ",", -1);
    const ModelRow *row = model_row(parts[0]);
    uint32_t missing[WORD_COUNT];

    if (!row) {
        model_fail_unknown(parts[0], errp);
        return NULL;
    }
    X86Model *m = model_from_row(row, missing);

    if (!model_check_missing(m, row, missing, model_strictness(parts + 1),
                             errp)) {
        x86_model_free(m);
        return NULL;
    }
    for (unsigned i = 1; parts[i]; i++) {
        if (*parts[i] && !model_option(m, parts[i], errp)) {
            x86_model_free(m);
            return NULL;
        }
    }
    model_finish(m);
    return m;
}

const char *x86_model_nth(unsigned n)
{
    unsigned i = 0;

    while (i < n && model_rows[i].name) {
        i++;
    }
    return model_rows[i].name;
}

void x86_model_missing(const char *name, uint32_t missing[WORD_COUNT])
{
    const ModelRow *row = model_row(name);

    memset(missing, 0, WORD_COUNT * sizeof(missing[0]));
    if (row) {
        x86_model_free(model_from_row(row, missing));
    }
}

void x86_model_list(GString *out)
{
    g_string_append(out, "Available CPUs:\n");
    for (const ModelRow *row = model_rows; row->name; row++) {
        g_string_append_printf(out, "  %-26s %s\n", row->name, row->summary);
    }
    g_string_append(out, "\nRecognized CPUID flags:\n ");
    unsigned column = 1;
    for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
        const char *name = x86_feature_bits[f].name;

        if (!model_is_implemented(f)) {
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
