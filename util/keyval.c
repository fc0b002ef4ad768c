/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option strings, see keyval.h. */
#include "util/keyval.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "util/error.h"

typedef struct KeyValPair {
    char *key;
    char *value;
    bool bare; /* written without "=" */
} KeyValPair;

struct KeyVal {
    GArray *pairs; /* of KeyValPair */
};

static void keyval_pair_clear(void *opaque)
{
    KeyValPair *pair = opaque;

    g_free(pair->key);
    g_free(pair->value);
}

KeyVal *keyval_new(void)
{
    KeyVal *kv = g_new0(KeyVal, 1);

    kv->pairs = g_array_new(FALSE, FALSE, sizeof(KeyValPair));
    g_array_set_clear_func(kv->pairs, keyval_pair_clear);
    return kv;
}

void keyval_free(KeyVal *kv)
{
    if (kv) {
        g_array_unref(kv->pairs);
        g_free(kv);
    }
}

static KeyValPair *keyval_pair(const KeyVal *kv, unsigned i)
{
    return &g_array_index(kv->pairs, KeyValPair, i);
}

static void keyval_append(KeyVal *kv, char *key, char *value, bool bare)
{
    KeyValPair pair = { key, value, bare };

    g_array_append_val(kv->pairs, pair);
}

/* Copy up to an unescaped comma; *pos is left behind it, or at the end. */
static char *keyval_take(const char **pos)
{
    GString *out = g_string_new(NULL);
    const char *p = *pos;

    for (; *p; p++) {
        if (*p == ',') {
            if (p[1] != ',') {
                break;
            }
            p++;
        }
        g_string_append_c(out, *p);
    }
    *pos = *p ? p + 1 : p;
    return g_string_free(out, FALSE);
}

/* The length of a key at p, or 0 if no "=" comes before the next comma. */
static size_t keyval_key_length(const char *p)
{
    size_t len = strcspn(p, "=,");

    return p[len] == '=' ? len : 0;
}

/* What other options refer to by name: a letter, then letters, digits, '-',
 * '.', '_'. */
static bool keyval_check_ids(const KeyVal *kv, GError **errp)
{
    static const char *const keys[] = { "id", "node-name" };

    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *id = keyval_get(kv, keys[i]);

        if (id &&
            (!g_ascii_isalpha(*id) ||
             id[strspn(id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._")])) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "parameter '%s' expects an identifier, not '%s'",
                            keys[i], id);
        }
    }
    return true;
}

KeyVal *keyval_parse(const char *text, const char *implied_key, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_new();
    const char *p = text;
    bool first = true;

    while (*p) {
        size_t len = keyval_key_length(p);

        if (*p == '=') {
            emu_fail(errp, EMU_ERROR_INVALID, "a key is missing before '%s'",
                     p);
            return NULL;
        }
        if (len) {
            char *key = g_strndup(p, len);

            p += len + 1;
            keyval_append(kv, key, keyval_take(&p), false);
        } else {
            char *word = keyval_take(&p);
            bool implied = first && implied_key;

            if (implied) {
                keyval_append(kv, g_strdup(implied_key), word, false);
            } else if (*word) {
                keyval_append(kv, word, g_strdup("on"), true);
            } else {
                g_free(word);
            }
        }
        first = false;
    }
    return keyval_check_ids(kv, errp) ? g_steal_pointer(&kv) : NULL;
}

/* "nowait" answers to "wait" as well. */
static bool keyval_pair_negates(const KeyValPair *pair, const char *key)
{
    return pair->bare && g_str_has_prefix(pair->key, "no") &&
           !strcmp(pair->key + 2, key);
}

const char *keyval_get(const KeyVal *kv, const char *key)
{
    for (unsigned i = kv->pairs->len; i-- > 0;) {
        const KeyValPair *pair = keyval_pair(kv, i);

        if (!strcmp(pair->key, key)) {
            return pair->value;
        }
        if (keyval_pair_negates(pair, key)) {
            return "off";
        }
    }
    return NULL;
}

bool keyval_has(const KeyVal *kv, const char *key)
{
    return keyval_get(kv, key) != NULL;
}

void keyval_remove(KeyVal *kv, const char *key)
{
    for (unsigned i = kv->pairs->len; i-- > 0;) {
        if (!strcmp(keyval_pair(kv, i)->key, key)) {
            g_array_remove_index(kv->pairs, i);
        }
    }
}

void keyval_set(KeyVal *kv, const char *key, const char *value)
{
    keyval_remove(kv, key);
    keyval_append(kv, g_strdup(key), g_strdup(value), false);
}

unsigned keyval_count(const KeyVal *kv)
{
    return kv->pairs->len;
}

const char *keyval_key_at(const KeyVal *kv, unsigned i)
{
    return keyval_pair(kv, i)->key;
}

const char *keyval_value_at(const KeyVal *kv, unsigned i)
{
    return keyval_pair(kv, i)->value;
}

bool keyval_parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = { "on", "yes", "true", "y", NULL };
    static const char *const no[] = { "off", "no", "false", "n", NULL };

    if (g_strv_contains(yes, text)) {
        *out = true;
        return true;
    }
    if (g_strv_contains(no, text)) {
        *out = false;
        return true;
    }
    return false;
}

/* Decimal or 0x; a leading zero does not mean octal. */
static int keyval_base(const char *text)
{
    return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
}

/* The factor of a size suffix, 0 if there is no such suffix. */
static uint64_t keyval_suffix(const char *text, uint64_t unit)
{
    static const char letters[] = "BKMGTPE";
    const char *found;

    if (!*text) {
        return unit;
    }
    found = strchr(letters, g_ascii_toupper(*text));
    if (!found || text[1]) {
        return 0;
    }
    return UINT64_C(1) << (10 * (found - letters));
}

/* "1.5G": fractions are allowed where a suffix follows. */
static bool keyval_parse_fraction(const char *text, uint64_t *out)
{
    char *end;
    double value = g_ascii_strtod(text, &end);
    uint64_t factor = keyval_suffix(end, 0);

    if (end == text || !isfinite(value) || value < 0 || factor < 1024 ||
        value >= ldexp(1, 64) / factor) {
        return false;
    }
    *out = value * factor;
    return true;
}

bool keyval_parse_size(const char *text, uint64_t unit, uint64_t *out)
{
    char *end;
    uint64_t value;
    uint64_t factor;

    if (!g_ascii_isdigit(*text)) {
        return false;
    }
    errno = 0;
    value = g_ascii_strtoull(text, &end, keyval_base(text));
    if (*end == '.') {
        return keyval_parse_fraction(text, out);
    }
    factor = keyval_suffix(end, unit);
    if (errno || !factor || value > UINT64_MAX / factor) {
        return false;
    }
    *out = value * factor;
    return true;
}

bool keyval_get_bool(const KeyVal *kv, const char *key, bool *out,
                     GError **errp)
{
    const char *text = keyval_get(kv, key);

    if (!text || keyval_parse_bool(text, out)) {
        return true;
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "parameter '%s' expects on or off, not '%s'", key, text);
}

bool keyval_get_uint(const KeyVal *kv, const char *key, uint64_t max,
                     uint64_t *out, GError **errp)
{
    const char *text = keyval_get(kv, key);
    uint64_t value = 0;
    char *end = NULL;

    if (!text) {
        return true;
    }
    errno = 0;
    if (g_ascii_isdigit(*text)) {
        value = g_ascii_strtoull(text, &end, keyval_base(text));
    }
    if (!end || *end || errno || value > max) {
        return emu_fail(
            errp, EMU_ERROR_INVALID,
            "parameter '%s' expects a number up to %" G_GUINT64_FORMAT
            ", not '%s'",
            key, max, text);
    }
    *out = value;
    return true;
}

bool keyval_get_size(const KeyVal *kv, const char *key, uint64_t unit,
                     uint64_t *out, GError **errp)
{
    const char *text = keyval_get(kv, key);

    if (!text || keyval_parse_size(text, unit, out)) {
        return true;
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "parameter '%s' expects a size such as 512M or 2G, "
                    "not '%s'",
                    key, text);
}

bool keyval_fail_unknown(GError **errp, const char *what, const char *word,
                         const char *const *names, size_t n)
{
    const char *nearest = emu_nearest(word, names, n);

    if (!nearest) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND, "%s '%s' is unknown", what,
                        word);
    }
    return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                    "%s '%s' is unknown; did you mean '%s'?", what, word,
                    nearest);
}

static bool keyval_pair_known(const KeyValPair *pair, const KeyValKey *keys)
{
    for (; keys->name; keys++) {
        if (!strcmp(pair->key, keys->name) ||
            keyval_pair_negates(pair, keys->name)) {
            return true;
        }
    }
    return false;
}

bool keyval_check(const KeyVal *kv, const char *what, const KeyValKey *keys,
                  GError **errp)
{
    for (unsigned i = 0; i < kv->pairs->len; i++) {
        const KeyValPair *pair = keyval_pair(kv, i);

        if (!keyval_pair_known(pair, keys)) {
            g_autoptr(GPtrArray) names = g_ptr_array_new();
            g_autofree char *text = g_strdup_printf("%s: parameter", what);

            for (const KeyValKey *k = keys; k->name; k++) {
                g_ptr_array_add(names, (void *)k->name);
            }
            return keyval_fail_unknown(errp, text, pair->key,
                                       (const char *const *)names->pdata,
                                       names->len);
        }
    }
    return true;
}

void keyval_print_keys(const KeyValKey *keys, GString *out)
{
    for (; keys->name; keys++) {
        g_autofree char *left =
            g_strdup_printf("%s=<%s>", keys->name, keys->arg);

        g_string_append_printf(out, "  %-28s %s\n", left, keys->help);
    }
}
