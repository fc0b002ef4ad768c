/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of elements on a host without string instructions. */
#include "target/x86/emit/string-host.h"

static uint64_t string_host_get(const uint8_t *src, unsigned log2)
{
    uint64_t value = 0;
    switch (log2) {
    case 0:
        return *src;
    case 1:
        __builtin_memcpy(&value, src, 2);
        return value;
    case 2:
        __builtin_memcpy(&value, src, 4);
        return value;
    default:
        __builtin_memcpy(&value, src, 8);
        return value;
    }
}

void string_host_copy(uint8_t *dst, const uint8_t *src, size_t n, unsigned log2)
{
    for (; n; n--, dst += 1u << log2, src += 1u << log2) {
        string_host_put(dst, string_host_get(src, log2), log2);
    }
}

void string_host_fill(uint8_t *dst, uint64_t value, size_t n, unsigned log2)
{
    for (; n; n--, dst += 1u << log2) {
        string_host_put(dst, value, log2);
    }
}

size_t string_host_skip(const uint8_t *a, bool repeat, const uint8_t *b,
                        size_t n, unsigned log2, bool until_equal)
{
    return 0;
}
