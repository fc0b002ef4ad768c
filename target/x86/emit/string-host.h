/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of elements in host memory, forwards, element by element as far as
 * overlap shows: the host's own string instructions where it has them. Light.
 */
#ifndef TARGET_X86_EMIT_STRING_HOST_H
#define TARGET_X86_EMIT_STRING_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n elements of 1 << log2 bytes. */
void string_host_copy(uint8_t *dst, const uint8_t *src, size_t n,
                      unsigned log2);
void string_host_fill(uint8_t *dst, uint64_t value, size_t n, unsigned log2);
/* Bytes, in blocks, whose elements do not end a comparison of n bytes: up to
 * the first pair that is equal, or that is not. a: like b, or (repeat) 32 bytes
 * that stand for as many as b has. May find fewer, or none. */
size_t string_host_skip(const uint8_t *a, bool repeat, const uint8_t *b,
                        size_t n, unsigned log2, bool until_equal);

/* One element, at once. */
static inline void string_host_put(uint8_t *dst, uint64_t value, unsigned log2)
{
    switch (log2) {
    case 0:
        *dst = value;
        return;
    case 1:
        __builtin_memcpy(dst, &value, 2);
        return;
    case 2:
        __builtin_memcpy(dst, &value, 4);
        return;
    default:
        __builtin_memcpy(dst, &value, 8);
    }
}

/* ---- Short runs, by words ---------------------------------------------------
 */

static inline uint64_t string_host_word(const uint8_t *p)
{
    uint64_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return word;
}

static inline void string_host_put_word(uint8_t *p, uint64_t word)
{
    __builtin_memcpy(p, &word, sizeof(word));
    __asm__ volatile("" ::: "memory"); /* no call of memcpy */
}

/* dst is not among the bytes behind src, so the last word may overlap the one
 * before it. */
static inline void string_host_copy_short(uint8_t *dst, const uint8_t *src,
                                          size_t bytes)
{
    if (bytes < sizeof(uint64_t)) {
        while (bytes-- > 0) {
            *(volatile uint8_t *)dst++ = *src++;
        }
        return;
    }
    uint64_t last = string_host_word(src + bytes - sizeof(last));
    uint8_t *end = dst + bytes - sizeof(last);

    for (; dst < end; dst += sizeof(last), src += sizeof(last)) {
        string_host_put_word(dst, string_host_word(src));
    }
    string_host_put_word(end, last);
}

/* An element in all places of a word. */
static inline uint64_t string_host_repeat(uint64_t value, unsigned log2)
{
    switch (log2) {
    case 0:
        return (value & UINT8_MAX) * 0x0101010101010101;
    case 1:
        return (value & UINT16_MAX) * 0x0001000100010001;
    case 2:
        return (value & UINT32_MAX) * 0x0000000100000001;
    default:
        return value;
    }
}

static inline void string_host_fill_short(uint8_t *dst, uint64_t word,
                                          size_t bytes)
{
    for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
        string_host_put_word(dst, word);
        dst += sizeof(word);
    }
    for (; bytes > 0; bytes--, word >>= 8) {
        *(volatile uint8_t *)dst++ = word;
    }
}

#endif
