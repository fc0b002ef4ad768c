/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked spans: lengths, indexes and rectangles that a guest or a file chose
 * go through here, so that "offset + length" cannot wrap.
 */
#ifndef UTIL_SPAN_H
#define UTIL_SPAN_H

#include <stdbool.h>
#include <stdint.h>

/* True if [off, off + len) lies inside [0, size). */
static inline bool span_fits(uint64_t off, uint64_t len, uint64_t size)
{
    return len <= size && off <= size - len;
}

/* True if the two ranges share a byte. The ranges must not wrap. */
static inline bool span_overlaps(uint64_t a, uint64_t a_len, uint64_t b,
                                 uint64_t b_len)
{
    return a_len && b_len && a < b + b_len && b < a + a_len;
}

#endif
