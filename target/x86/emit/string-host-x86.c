/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of elements on an x86 host. Its string instructions take long to start,
 * and go byte by byte (AMD, Zen 5) where the destination is less than
 * HOST_ALIASED bytes behind the source, modulo a page's size: vectors are
 * better then. The vector registers are the guest's, so they are lent.
 */
#include "target/x86/emit/string-host.h"

enum { HOST_VECTORS = 512, HOST_ALIASED = 32, HOST_PAGE = 4096 }; /* bytes */

/* At least 16 bytes, of which none is both read and written before. */
static void string_host_copy_vectors(uint8_t *dst, const uint8_t *src,
                                     size_t bytes)
{
    uint8_t keep[32];
    intptr_t at = -(intptr_t)bytes;

    __asm__ volatile("movups %%xmm0, %[keep]\n"
                     "movups %%xmm1, 16+%[keep]\n"
                     "movups -16(%[src]), %%xmm1\n"
                     "jmp 2f\n"
                     "1: movups (%[src], %[at]), %%xmm0\n"
                     "movups %%xmm0, (%[dst], %[at])\n"
                     "add $16, %[at]\n"
                     "2: cmp $-16, %[at]\n"
                     "jl 1b\n"
                     "movups %%xmm1, -16(%[dst])\n"
                     "movups %[keep], %%xmm0\n"
                     "movups 16+%[keep], %%xmm1\n"
                     : [at] "+r"(at), [keep] "=m"(keep)
                     : [src] "r"(src + bytes), [dst] "r"(dst + bytes)
                     : "memory", "cc");
}

static bool string_host_is_aliased(const uint8_t *dst, const uint8_t *src)
{
    return ((dst - src - 1) & (HOST_PAGE - 1)) < HOST_ALIASED - 1;
}

void string_host_copy(uint8_t *dst, const uint8_t *src, size_t n, unsigned log2)
{
    size_t bytes = n << log2;
    bool apart = (size_t)(dst - src) >= bytes;

    if (apart && bytes < 16) {
        string_host_copy_short(dst, src, bytes);
        return;
    }
    if (apart && (bytes <= HOST_VECTORS || string_host_is_aliased(dst, src))) {
        string_host_copy_vectors(dst, src, bytes);
        return;
    }
    switch (log2) {
    case 0:
        __asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(n)::"memory");
        return;
    case 1:
        __asm__ volatile("rep movsw" : "+D"(dst), "+S"(src), "+c"(n)::"memory");
        return;
    case 2:
        __asm__ volatile("rep movsl" : "+D"(dst), "+S"(src), "+c"(n)::"memory");
        return;
    default:
        __asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(n)::"memory");
    }
}

/* At least 16 bytes. */
static void string_host_fill_vectors(uint8_t *dst, uint64_t word, size_t bytes)
{
    uint8_t keep[16];
    intptr_t at = -(intptr_t)bytes;

    __asm__ volatile("movups %%xmm0, %[keep]\n"
                     "movq %[word], %%xmm0\n"
                     "punpcklqdq %%xmm0, %%xmm0\n"
                     "jmp 2f\n"
                     "1: movups %%xmm0, (%[dst], %[at])\n"
                     "add $16, %[at]\n"
                     "2: cmp $-16, %[at]\n"
                     "jl 1b\n"
                     "movups %%xmm0, -16(%[dst])\n"
                     "movups %[keep], %%xmm0\n"
                     : [at] "+r"(at), [keep] "=m"(keep)
                     : [dst] "r"(dst + bytes), [word] "r"(word)
                     : "memory", "cc");
}

void string_host_fill(uint8_t *dst, uint64_t value, size_t n, unsigned log2)
{
    size_t bytes = n << log2;

    if (bytes < 16) {
        string_host_fill_short(dst, string_host_repeat(value, log2), bytes);
        return;
    }
    if (bytes <= HOST_VECTORS) {
        string_host_fill_vectors(dst, string_host_repeat(value, log2), bytes);
        return;
    }
    switch (log2) {
    case 0:
        __asm__ volatile("rep stosb"
                         : "+D"(dst), "+c"(n)
                         : "a"(value)
                         : "memory");
        return;
    case 1:
        __asm__ volatile("rep stosw"
                         : "+D"(dst), "+c"(n)
                         : "a"(value)
                         : "memory");
        return;
    case 2:
        __asm__ volatile("rep stosl"
                         : "+D"(dst), "+c"(n)
                         : "a"(value)
                         : "memory");
        return;
    default:
        __asm__ volatile("rep stosq"
                         : "+D"(dst), "+c"(n)
                         : "a"(value)
                         : "memory");
    }
}

/* ---- Comparing -------------------------------------------------------------
 * 32 bytes a time, in three lent registers.
 */

#define STRING_HOST_SKIP(name, equal, join, want)                              \
    static size_t name(const uint8_t *a, size_t step, const uint8_t *b,        \
                       size_t n)                                               \
    {                                                                          \
        uint8_t keep[48];                                                      \
        size_t left = n;                                                       \
        uint32_t mask;                                                         \
                                                                               \
        __asm__ volatile("movups %%xmm0, %[keep]\n"                            \
                         "movups %%xmm1, 16+%[keep]\n"                         \
                         "movups %%xmm2, 32+%[keep]\n"                         \
                         "1: movups (%[a]), %%xmm0\n"                          \
                         "movups (%[b]), %%xmm1\n"                             \
                         "movups 16(%[b]), %%xmm2\n" equal " %%xmm1, %%xmm0\n" \
                         "movups 16(%[a]), %%xmm1\n" equal                     \
                         " %%xmm2, %%xmm1\n" join " %%xmm1, %%xmm0\n"          \
                         "pmovmskb %%xmm0, %[mask]\n"                          \
                         "cmpl %[stop], %[mask]\n"                             \
                         "jne 2f\n"                                            \
                         "add %[step], %[a]\n"                                 \
                         "add $32, %[b]\n"                                     \
                         "sub $32, %[left]\n"                                  \
                         "cmp $32, %[left]\n"                                  \
                         "jae 1b\n"                                            \
                         "2: movups %[keep], %%xmm0\n"                         \
                         "movups 16+%[keep], %%xmm1\n"                         \
                         "movups 32+%[keep], %%xmm2\n"                         \
                         : [a] "+r"(a), [b] "+r"(b), [left] "+r"(left),        \
                           [mask] "=&r"(mask), [keep] "=m"(keep)               \
                         : [step] "r"(step), [stop] "i"(want)                  \
                         : "memory", "cc");                                    \
        return n - left;                                                       \
    }

STRING_HOST_SKIP(string_host_skip_equal, "pcmpeqb", "pand", 0xffff)
STRING_HOST_SKIP(string_host_skip_other1, "pcmpeqb", "por", 0)
STRING_HOST_SKIP(string_host_skip_other2, "pcmpeqw", "por", 0)
STRING_HOST_SKIP(string_host_skip_other4, "pcmpeqd", "por", 0)

size_t string_host_skip(const uint8_t *a, bool repeat, const uint8_t *b,
                        size_t n, unsigned log2, bool until_equal)
{
    size_t step = repeat ? 0 : 32;

    if (n < 32) {
        return 0;
    }
    if (!until_equal) {
        return string_host_skip_equal(a, step, b, n);
    }
    switch (log2) {
    case 0:
        return string_host_skip_other1(a, step, b, n);
    case 1:
        return string_host_skip_other2(a, step, b, n);
    case 2:
        return string_host_skip_other4(a, step, b, n);
    default:
        return 0;
    }
}
