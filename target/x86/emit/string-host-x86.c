/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of elements on an x86 host: its string instructions take long to start,
 * so short runs go by words. */
#include "target/x86/emit/string-host.h"

enum { HOST_SHORT = 128 }; /* bytes */

/* Where dst is behind src by a word or more, or before it, this is what bytes
 * one by one would give. */
static void string_host_copy_short(uint8_t *dst, const uint8_t *src,
                                   size_t bytes)
{
    uint64_t word;

    for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
        __builtin_memcpy(&word, src, sizeof(word));
        __builtin_memcpy(dst, &word, sizeof(word));
        __asm__ volatile("" ::: "memory"); /* no call of memcpy */
        dst += sizeof(word);
        src += sizeof(word);
    }
    while (bytes-- > 0) {
        *(volatile uint8_t *)dst++ = *src++;
    }
}

static void string_host_fill_short(uint8_t *dst, uint64_t word, size_t bytes)
{
    for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
        __builtin_memcpy(dst, &word, sizeof(word));
        __asm__ volatile("" ::: "memory");
        dst += sizeof(word);
    }
    for (; bytes > 0; bytes--, word >>= 8) {
        *(volatile uint8_t *)dst++ = word;
    }
}

void string_host_copy(uint8_t *dst, const uint8_t *src, size_t n, unsigned log2)
{
    if (n << log2 <= HOST_SHORT && (size_t)(dst - src) >= sizeof(uint64_t)) {
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
    static const uint64_t ones[] = { 0x0101010101010101, 0x0001000100010001,
                                     0x0000000100000001, 1 };

    if (n << log2 <= HOST_SHORT) {
        uint64_t element = value & UINT64_MAX >> (64 - (8 << log2));

        string_host_fill_short(dst, element * ones[log2], n << log2);
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
