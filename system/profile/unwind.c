/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels are built without frame pointers, and their unwind tables (ORC) are
 * theirs alone. But return addresses stand on the stack among old ones, and
 * most calls are direct: a word is the present function's return address if a
 * call stands before the place that it points to, and that call leads to the
 * function. An indirect call, by register or by a thunk, may lead anywhere and
 * is believed. A function that was jumped to (tail call) was called under
 * another's name: if nothing near fits, the next call is taken.
 */
#include "system/profile/unwind.h"

#include <stdbool.h>
#include <string.h>

enum { NEAR = 64 /* words */ };

typedef enum CallKind { CALL_NONE, CALL_OTHER, CALL_ANY, CALL_FITS } CallKind;

typedef struct Unwind {
    const KernelImage *image;
    const Kallsyms *symbols;
} Unwind;

static uint64_t unwind_function(const Unwind *u, uint64_t addr)
{
    uint64_t start;

    return kallsyms_name(u->symbols, addr, &start) ? start : 0;
}

/* CALL r/m64 (FF /2), without SIB or with it, ends at p. */
static bool call_is_indirect(const uint8_t *p)
{
    static const struct {
        uint8_t back, mask, modrm; /* FF is at p[-back], its ModRM follows */
    } forms[] = {
        { 2, 0xf8, 0xd0 }, { 2, 0xf8, 0x10 }, { 3, 0xf8, 0x50 },
        { 3, 0xff, 0x14 }, { 6, 0xf8, 0x90 }, { 6, 0xff, 0x15 },
        { 7, 0xff, 0x14 }, { 7, 0xff, 0x94 },
    };

    for (unsigned n = 0; n < G_N_ELEMENTS(forms); n++) {
        const uint8_t *at = p - forms[n].back;
        if (at[0] == 0xff && (at[1] & forms[n].mask) == forms[n].modrm) {
            return true;
        }
    }
    return false;
}

/* A thunk or a static call's trampoline goes on to somewhere else. */
static bool call_goes_on(const Unwind *u, uint64_t target)
{
    uint64_t start;
    const char *name = kallsyms_name(u->symbols, target, &start);

    return name && (g_str_has_prefix(name, "__x86_indirect_") ||
                    g_str_has_prefix(name, "__SCT__"));
}

/* What a word says if it is a return address; function: who would return, 0 if
 * nobody knows. */
static CallKind call_kind(const Unwind *u, uint64_t word, uint64_t function)
{
    uint64_t off = word - u->image->base;
    int32_t rel;

    if (off < 8 || off >= u->image->size) {
        return CALL_NONE;
    }
    const uint8_t *p = u->image->bytes + off;
    /* Looking for names takes longest: only where a call stands. */
    if ((p[-5] != 0xe8 && !call_is_indirect(p)) ||
        !unwind_function(u, word - 1)) {
        return CALL_NONE;
    }

    if (p[-5] == 0xe8) {
        memcpy(&rel, p - 4, sizeof(rel));
        uint64_t target = word + (int64_t)rel;

        if (function && unwind_function(u, target) == function) {
            return CALL_FITS;
        }
        if (call_goes_on(u, target)) {
            return CALL_ANY;
        }
        if (unwind_function(u, target)) {
            return CALL_OTHER;
        }
    }
    return call_is_indirect(p) ? CALL_ANY : CALL_NONE;
}

/* The word that is the function's return address; count: there is none. */
static unsigned unwind_next(const Unwind *u, uint64_t function,
                            const uint64_t *words, unsigned at, unsigned count)
{
    unsigned other = count;

    for (unsigned n = at; n < count; n++) {
        CallKind kind = call_kind(u, words[n], function);

        if (kind == CALL_FITS || kind == CALL_ANY) {
            return n;
        }
        if (kind == CALL_OTHER && other == count) {
            other = n;
        }
        if (n - at >= NEAR && other < count) {
            return other;
        }
    }
    return other;
}

unsigned unwind_kernel(const KernelImage *image, const Kallsyms *symbols,
                       uint64_t pc, const uint64_t *words, unsigned count,
                       const char **names, unsigned most)
{
    const Unwind u = { image, symbols };
    uint64_t function = 0;
    unsigned depth = 0;
    const char *name = kallsyms_name(symbols, pc, &function);

    names[depth++] = name ? name : "[module]";
    for (unsigned at = 0; depth < most; at++) {
        at = unwind_next(&u, function, words, at, count);
        if (at == count) {
            break;
        }
        names[depth++] = kallsyms_name(symbols, words[at] - 1, &function);
    }
    return depth;
}
