/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of elements in host memory, forwards, element by element as far as
 * overlap shows: the host's own string instructions where it has them. Light.
 */
#ifndef TARGET_X86_EMIT_STRING_HOST_H
#define TARGET_X86_EMIT_STRING_HOST_H

#include <stddef.h>
#include <stdint.h>

/* n elements of 1 << log2 bytes. */
void string_host_copy(uint8_t *dst, const uint8_t *src, size_t n,
                      unsigned log2);
void string_host_fill(uint8_t *dst, uint64_t value, size_t n, unsigned log2);

#endif
