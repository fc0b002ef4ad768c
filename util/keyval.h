/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings "value,key=value,key=value": the grammar that every option
 * with parameters shares.
 *
 * Parameters are separated by commas; ",," stands for one comma. The first
 * one may leave out its key when the option implies one. A bare "key" means
 * key=on, "nokey" means key=off. The last of several equal keys counts. The
 * values of "id" and "node-name" are identifiers everywhere.
 */
#ifndef UTIL_KEYVAL_H
#define UTIL_KEYVAL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct KeyVal KeyVal;

/* A key that an option takes; tables of them end with {}. */
typedef struct KeyValKey {
    const char *name;
    const char *arg; /* "PATH", "on|off", ... */
    const char *help;
} KeyValKey;

/* implied_key may be NULL: then a leading bare word is a boolean, too. */
KeyVal *keyval_parse(const char *text, const char *implied_key, GError **errp);
KeyVal *keyval_new(void);
void keyval_free(KeyVal *kv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyVal, keyval_free)

/* Bare booleans keep their spelling until somebody asks for them, so that
 * "nowait" is found as "wait" and "nonsense" is reported as written. */
bool keyval_has(const KeyVal *kv, const char *key);
const char *keyval_get(const KeyVal *kv, const char *key); /* NULL: absent */
void keyval_set(KeyVal *kv, const char *key, const char *value);
void keyval_remove(KeyVal *kv, const char *key);

/* The parameters in order of writing. */
unsigned keyval_count(const KeyVal *kv);
const char *keyval_key_at(const KeyVal *kv, unsigned i);
const char *keyval_value_at(const KeyVal *kv, unsigned i);

/* Absent keys leave *out alone and succeed; a wrong value fails and names the
 * key. */
bool keyval_get_bool(const KeyVal *kv, const char *key, bool *out,
                     GError **errp);
bool keyval_get_uint(const KeyVal *kv, const char *key, uint64_t max,
                     uint64_t *out, GError **errp);
/* Bytes with suffix B K M G T P; without suffix times unit. */
bool keyval_get_size(const KeyVal *kv, const char *key, uint64_t unit,
                     uint64_t *out, GError **errp);

/* Refuse keys outside the table; the error names the nearest one. */
bool keyval_check(const KeyVal *kv, const char *what, const KeyValKey *keys,
                  GError **errp);
/* One line a key, for NAME,help. */
void keyval_print_keys(const KeyValKey *keys, GString *out);

/* The values that on|off parameters know. */
bool keyval_parse_bool(const char *text, bool *out);
/* The whole text is a number with an optional size suffix and fraction. */
bool keyval_parse_size(const char *text, uint64_t unit, uint64_t *out);

/* "WHAT 'WORD' is unknown; did you mean 'NEAREST'?" */
bool keyval_fail_unknown(GError **errp, const char *what, const char *word,
                         const char *const *names, size_t n);

#endif
