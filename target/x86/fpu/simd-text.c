/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text comparisons of SSE4.2: PCMPxSTRx. SDM 2B 4.1. */
#include "target/x86/fpu/fpu.h"

#include <string.h>

typedef struct Text {
    const FpVec *v;
    unsigned imm;
    unsigned len; /* valid elements */
} Text;

static unsigned text_elements(unsigned imm)
{
    return imm & 1 ? 8 : 16;
}

static int text_element(const Text *t, unsigned n)
{
    switch (t->imm & 3) {
    case 0:
        return t->v->b[n];
    case 1:
        return t->v->w[n];
    case 2:
        return t->v->sb[n];
    default:
        return t->v->sw[n];
    }
}

static unsigned text_implicit_length(const FpVec *v, unsigned imm)
{
    Text t = { v, imm, 0 };
    unsigned n = 0;

    while (n < text_elements(imm) && text_element(&t, n)) {
        n++;
    }
    return n;
}

/* The absolute value of EAX or RAX, saturated. */
static unsigned text_explicit_length(const FpOp *x, unsigned reg)
{
    uint64_t r = x->cpu->env.r[reg];
    int64_t v = x->wide ? (int64_t)r : (int32_t)r;
    uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;

    return MIN(magnitude, text_elements(x->imm));
}

static bool text_in_ranges(const Text *a, int c)
{
    for (unsigned n = 0; n + 1 < a->len; n += 2) {
        if (text_element(a, n) <= c && c <= text_element(a, n + 1)) {
            return true;
        }
    }
    return false;
}

static bool text_in_set(const Text *a, int c)
{
    for (unsigned n = 0; n < a->len; n++) {
        if (text_element(a, n) == c) {
            return true;
        }
    }
    return false;
}

/* Element j of both equal; beyond both ends is equal, beyond one is not. */
static bool text_equal_each(const Text *a, const Text *b, unsigned j)
{
    bool va = j < a->len, vb = j < b->len;
    return va && vb ? text_element(a, j) == text_element(b, j) : va == vb;
}

/* The needle a stands in b at j, as far as the register goes. */
static bool text_stands_at(const Text *a, const Text *b, unsigned j)
{
    for (unsigned n = 0; n < a->len && j + n < text_elements(a->imm); n++) {
        if (j + n >= b->len || text_element(a, n) != text_element(b, j + n)) {
            return false;
        }
    }
    return true;
}

static unsigned text_compare(const Text *a, const Text *b)
{
    unsigned result = 0;

    for (unsigned j = 0; j < text_elements(a->imm); j++) {
        bool hit;
        switch (a->imm >> 2 & 3) {
        case 0:
            hit = j < b->len && text_in_set(a, text_element(b, j));
            break;
        case 1:
            hit = j < b->len && text_in_ranges(a, text_element(b, j));
            break;
        case 2:
            hit = text_equal_each(a, b, j);
            break;
        default:
            hit = text_stands_at(a, b, j);
        }
        result |= (unsigned)hit << j;
    }
    return result;
}

/* Imm[5:4]: negate all, or only valid elements of b. */
static unsigned text_polarity(unsigned result, const Text *b)
{
    unsigned all = (1u << text_elements(b->imm)) - 1;

    switch (b->imm >> 4 & 3) {
    case 1:
        return result ^ all;
    case 3:
        return result ^ ((1u << b->len) - 1);
    default:
        return result;
    }
}

static unsigned text_run(FpOp *x, unsigned len_a, unsigned len_b)
{
    Text a = { &x->a, x->imm, len_a }, b = { &x->b, x->imm, len_b };
    unsigned n = text_elements(x->imm);
    unsigned result = text_polarity(text_compare(&a, &b), &b);

    x->eflags = (result ? EFLAGS_CF : 0) | (len_b < n ? EFLAGS_ZF : 0) |
                (len_a < n ? EFLAGS_SF : 0) | (result & 1 ? EFLAGS_OF : 0);
    return result;
}

static void text_index(FpOp *x, unsigned result)
{
    unsigned index = text_elements(x->imm);

    if (result) {
        index =
            x->imm & 0x40 ? 31 - __builtin_clz(result) : __builtin_ctz(result);
    }
    x->cpu->env.r[X86_RCX] = index;
}

/* Into XMM0: bits, or a mask of elements. */
static void text_mask(FpOp *x, unsigned result)
{
    X86Fpu *fpu = &x->cpu->fpu;
    FpVec v = { .l = { result } };

    if (x->imm & 0x40) {
        for (unsigned n = 0; n < 16; n++) {
            v.b[n] = result >> (x->imm & 1 ? n / 2 : n) & 1 ? 0xff : 0;
        }
    }
    memcpy(fpu->xmm[0].b, v.b, 16);
    if (x->vex) {
        memset(fpu->ymm_high[0], 0, 16);
        memset(fpu->zmm_high[0], 0, sizeof(fpu->zmm_high[0]));
    }
}

static unsigned text_explicit(FpOp *x)
{
    return text_run(x, text_explicit_length(x, X86_RAX),
                    text_explicit_length(x, X86_RDX));
}
static unsigned text_implicit(FpOp *x)
{
    return text_run(x, text_implicit_length(&x->a, x->imm),
                    text_implicit_length(&x->b, x->imm));
}

static void simd_pcmpestri(FpOp *x)
{
    text_index(x, text_explicit(x));
}
static void simd_pcmpestrm(FpOp *x)
{
    text_mask(x, text_explicit(x));
}
static void simd_pcmpistri(FpOp *x)
{
    text_index(x, text_implicit(x));
}
static void simd_pcmpistrm(FpOp *x)
{
    text_mask(x, text_implicit(x));
}

const FpRow fp_text_rows[X86_MNEMONIC_COUNT] = {
    [X86_PCMPESTRI] = { simd_pcmpestri, FP_FLAGS | FP_GPR },
    [X86_PCMPESTRM] = { simd_pcmpestrm, FP_FLAGS },
    [X86_PCMPISTRI] = { simd_pcmpistri, FP_FLAGS | FP_GPR },
    [X86_PCMPISTRM] = { simd_pcmpistrm, FP_FLAGS },
};
