/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of elements on an x86 host. */
#include "target/x86/emit/string-host.h"

void string_host_copy(uint8_t *dst, const uint8_t *src, size_t n, unsigned log2)
{
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
