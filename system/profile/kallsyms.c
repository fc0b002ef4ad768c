/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux writes its symbols (scripts/kallsyms.c there) as
 *
 *   num_syms     how many
 *   names        for each a length (one byte, or two if bit 7 is set) and as
 *                many tokens; the first character of the text is the type
 *   markers      offset in names of every 256th; of 4 or 8 bytes
 *   token_table  256 strings, index  where each begins, 16 bits
 *   offsets      32 bits each, from relative_base, which follows; or the
 *                addresses themselves
 *
 * each aligned to 8 bytes. The offsets stood before num_syms up to 6.4 and
 * stand behind the index since. In between, other tables have come and gone.
 *
 * Found by what cannot be mistaken: tokens that are digits stand for
 * themselves, so ten strings of one digit follow each other; the index proves
 * the table. num_syms is the number before it from which as many names lead to
 * markers that agree with them.
 */
#include "system/profile/kallsyms.h"

#include <stdbool.h>
#include <string.h>

enum {
    TOKENS = 256,
    SYMBOLS_MIN = 64,
    SYMBOLS_MAX = 1 << 21,
    SYMBOL_MAX = 512, /* characters */
    MARKER_EVERY = 256,
    TEXT_MAX = 64 << 20,
    WORK_MAX = 100 << 20,
};

typedef struct Symbol {
    uint64_t addr;
    uint32_t name; /* offset in text */
} Symbol;

struct Kallsyms {
    GArray *symbols; /* of Symbol, by address */
    GString *text;
};

typedef struct Tables {
    const KernelImage *image;
    size_t token_table, token_index; /* offsets in the image */
    size_t num_syms, names;
    unsigned count;
    uint64_t work; /* names that may still be looked at */
} Tables;

static uint64_t tables_get(const Tables *t, size_t at, unsigned bytes)
{
    uint64_t v = 0;

    if (at <= t->image->size && bytes <= t->image->size - at) {
        memcpy(&v, t->image->bytes + at, bytes); /* both are little-endian */
    }
    return v;
}

static size_t tables_align(size_t at)
{
    return (at + 7) & ~(size_t)7;
}

/* ---- The tokens -------------------------------------------------------------
 */

/* Where a string's successor begins; 0: it does not end. */
static size_t tokens_next(const KernelImage *i, size_t at)
{
    size_t most = MIN(i->size - at, SYMBOL_MAX);
    const uint8_t *end = memchr(i->bytes + at, 0, most);

    return end ? (size_t)(end - i->bytes) + 1 : 0;
}

/* Does the index agree with the strings? */
static bool tokens_agree(const Tables *t)
{
    size_t at = t->token_table;

    for (unsigned n = 0; n < TOKENS; n++) {
        if (!at ||
            tables_get(t, t->token_index + 2 * n, 2) != at - t->token_table) {
            return false;
        }
        at = tokens_next(t->image, at);
    }
    return at != 0;
}

static bool tokens_try(Tables *t, size_t digit0)
{
    size_t end = digit0;

    for (unsigned n = '0'; n < TOKENS && end; n++) {
        end = tokens_next(t->image, end);
    }
    if (!end) {
        return false;
    }
    t->token_index = tables_align(end);
    size_t before = tables_get(t, t->token_index + 2 * '0', 2);

    if (before > digit0) {
        return false;
    }
    t->token_table = digit0 - before;
    return tokens_agree(t);
}

static bool tokens_find(Tables *t, size_t from)
{
    static const char digits[] =
        "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
    const KernelImage *i = t->image;

    for (size_t at = from; at < i->size;) {
        const uint8_t *hit =
            memmem(i->bytes + at, i->size - at, digits, sizeof(digits));
        if (!hit) {
            return false;
        }
        if (tokens_try(t, hit - i->bytes)) {
            return true;
        }
        at = hit - i->bytes + 1;
    }
    return false;
}

/* ---- The names --------------------------------------------------------------
 */

/* The tokens of the name at *at, and behind it. False: beyond the names. */
static bool names_take(Tables *t, size_t *at, size_t *tokens, unsigned *count)
{
    if (t->token_table - *at < 3 || !t->work) {
        return false;
    }
    t->work--;
    unsigned n = t->image->bytes[(*at)++];

    if (n & 0x80) {
        n = (n & 0x7f) | t->image->bytes[(*at)++] << 7;
    }
    *tokens = *at;
    *count = n;
    *at += n;
    return n > 0 && *at < t->token_table;
}

static const char *names_token(const Tables *t, unsigned token)
{
    size_t off = tables_get(t, t->token_index + 2 * token, 2);

    return (const char *)t->image->bytes + t->token_table + off;
}

/* The first names begin with a letter. */
static bool names_look_right(Tables *t)
{
    size_t at = t->names, tokens;
    unsigned count;

    for (unsigned n = 0; n < SYMBOLS_MIN; n++) {
        if (!names_take(t, &at, &tokens, &count) ||
            !g_ascii_isalpha(*names_token(t, t->image->bytes[tokens]))) {
            return false;
        }
    }
    return true;
}

/* Do markers of that size behind the names agree with them? */
static bool names_agree(Tables *t, size_t markers, unsigned bytes)
{
    size_t at = t->names, tokens;
    unsigned count;

    for (unsigned n = 0; n < t->count; n++) {
        if (n % MARKER_EVERY == 0 &&
            tables_get(t, markers + n / MARKER_EVERY * bytes, bytes) !=
                at - t->names) {
            return false;
        }
        if (!names_take(t, &at, &tokens, &count)) {
            return false;
        }
    }
    return true;
}

static bool names_try(Tables *t, size_t at)
{
    t->num_syms = at;
    t->names = at + 8;
    t->count = tables_get(t, at, 4);
    if (t->count < SYMBOLS_MIN || t->count > SYMBOLS_MAX ||
        !names_look_right(t)) {
        return false;
    }
    size_t end = t->names, tokens;
    unsigned count;

    for (unsigned n = 0; n < t->count; n++) {
        if (!names_take(t, &end, &tokens, &count)) {
            return false;
        }
    }
    end = tables_align(end);
    return names_agree(t, end, 4) || names_agree(t, end, 8);
}

static bool names_find(Tables *t)
{
    size_t at = t->token_table & ~(size_t)7;

    for (; at >= 8; at -= 8) {
        if (names_try(t, at - 8)) {
            return true;
        }
    }
    return false;
}

/* ---- The addresses ----------------------------------------------------------
 */

typedef struct Addresses {
    size_t at;
    size_t base_at; /* of relative_base; 0: they are whole */
    bool percpu;    /* only negative offsets are relative, from base - 1 */
} Addresses;

static uint64_t addresses_get(const Tables *t, const Addresses *a, unsigned n)
{
    if (!a->base_at) {
        return tables_get(t, a->at + 8 * (size_t)n, 8);
    }
    uint32_t off = tables_get(t, a->at + 4 * (size_t)n, 4);
    uint64_t base = tables_get(t, a->base_at, 8);

    if (!a->percpu) {
        return base + off;
    }
    return (int32_t)off < 0 ? base - 1 - (int64_t)(int32_t)off : off;
}

/* Symbols come by address; most are the image's. */
static bool addresses_look_right(const Tables *t, const Addresses *a)
{
    unsigned inside = 0, ordered = 0;
    uint64_t last = 0;

    for (unsigned n = 0; n < t->count; n++) {
        uint64_t addr = addresses_get(t, a, n);

        inside += addr - t->image->base < t->image->size;
        ordered += addr >= last;
        last = addr;
    }
    return inside > t->count / 2 && ordered > t->count - t->count / 64;
}

static bool addresses_find(const Tables *t, Addresses *out)
{
    size_t offsets = tables_align(4 * (size_t)t->count);
    size_t behind = tables_align(t->token_index + 2 * TOKENS);
    size_t before = t->num_syms;
    const Addresses rows[] = {
        { before - 8 - offsets, before - 8, true },
        { before - 8 - offsets, before - 8, false },
        { behind, behind + offsets, true },
        { behind, behind + offsets, false },
        { before - 8 * (size_t)t->count, 0, false },
    };

    for (unsigned n = 0; n < G_N_ELEMENTS(rows); n++) {
        if (addresses_look_right(t, &rows[n])) {
            *out = rows[n];
            return true;
        }
    }
    return false;
}

/* ---- All of it --------------------------------------------------------------
 */

/* The name's text behind its type; false: it is no function's. */
static bool symbol_expand(const Tables *t, size_t tokens, unsigned count,
                          GString *out)
{
    gsize start = out->len;

    for (unsigned n = 0; n < count && out->len - start < SYMBOL_MAX; n++) {
        g_string_append(out, names_token(t, t->image->bytes[tokens + n]));
    }
    if (!strchr("tTwW", out->str[start])) {
        g_string_truncate(out, start);
        return false;
    }
    g_string_erase(out, start, 1);
    g_string_append_c(out, 0);
    return true;
}

static int symbol_compare(const void *a, const void *b)
{
    const Symbol *x = a, *y = b;

    return x->addr != y->addr ? (x->addr > y->addr) - (x->addr < y->addr)
                              : (x->name > y->name) - (x->name < y->name);
}

/* Of several names for one address, the first. */
static void kallsyms_drop_aliases(GArray *symbols)
{
    unsigned kept = 0;

    for (unsigned n = 0; n < symbols->len; n++) {
        Symbol *s = &g_array_index(symbols, Symbol, n);

        if (!kept || s->addr != g_array_index(symbols, Symbol, kept - 1).addr) {
            g_array_index(symbols, Symbol, kept++) = *s;
        }
    }
    g_array_set_size(symbols, kept);
}

static Kallsyms *kallsyms_read(Tables *t, const Addresses *a)
{
    Kallsyms *k = g_new0(Kallsyms, 1);
    size_t at = t->names, tokens;
    unsigned count;

    k->symbols = g_array_new(FALSE, FALSE, sizeof(Symbol));
    k->text = g_string_new(NULL);
    t->work += t->count;
    for (unsigned n = 0; n < t->count && k->text->len < TEXT_MAX; n++) {
        Symbol s = { addresses_get(t, a, n), k->text->len };

        if (!names_take(t, &at, &tokens, &count)) {
            break; /* cannot be: they were all taken before */
        }
        if (s.addr - t->image->base < t->image->size &&
            symbol_expand(t, tokens, count, k->text)) {
            g_array_append_val(k->symbols, s);
        }
    }
    g_array_sort(k->symbols, symbol_compare);
    kallsyms_drop_aliases(k->symbols);
    return k;
}

Kallsyms *kallsyms_find(const KernelImage *image)
{
    Tables t = { .image = image, .work = WORK_MAX };
    Addresses a;

    for (size_t from = 0; tokens_find(&t, from); from = t.token_index) {
        if (names_find(&t) && addresses_find(&t, &a)) {
            return kallsyms_read(&t, &a);
        }
    }
    return NULL;
}

void kallsyms_free(Kallsyms *k)
{
    if (k) {
        g_array_free(k->symbols, TRUE);
        g_string_free(k->text, TRUE);
        g_free(k);
    }
}

unsigned kallsyms_count(const Kallsyms *k)
{
    return k->symbols->len;
}

const char *kallsyms_name(const Kallsyms *k, uint64_t addr, uint64_t *start)
{
    unsigned low = 0, high = k->symbols->len;

    while (low < high) { /* the first that begins behind addr */
        unsigned mid = low + (high - low) / 2;

        if (g_array_index(k->symbols, Symbol, mid).addr <= addr) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    /* Behind the last one there may be anything. */
    if (low == 0 || low == k->symbols->len) {
        return NULL;
    }
    Symbol s = g_array_index(k->symbols, Symbol, low - 1);

    *start = s.addr;
    return k->text->str + s.name;
}
