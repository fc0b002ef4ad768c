/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of elements on an x86 host: its string instructions take long to start,
 * so short runs go by words. */
#include "target/x86/emit/string-host.h"

enum { HOST_SHORT = 128 }; /* bytes */

void string_host_copy(uint8_t *dst, const uint8_t *src, size_t n, unsigned log2)
{
    if (n << log2 <= HOST_SHORT && (size_t)(dst - src) >= n << log2) {
        string_host_copy_short(dst, src, n << log2);
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

void string_host_fill(uint8_t *dst, uint64_t value, size_t n, unsigned log2)
{
    if (n << log2 <= HOST_SHORT) {
        string_host_fill_short(dst, string_host_repeat(value, log2), n << log2);
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
 * 32 bytes a time. The vector registers are the guest's: three are lent.
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
