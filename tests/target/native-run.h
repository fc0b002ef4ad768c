/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's processor as the reference: runs user-level code. */
#ifndef TESTS_TARGET_NATIVE_RUN_H
#define TESTS_TARGET_NATIVE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct NativeState {
    uint64_t r[16];
    uint64_t flags;
} NativeState;

/* False on hosts that are no x86-64: the tests are skipped. */
bool native_run_init(void);
/* Run bytes (at most 64, falling off their end) with s loaded, as 64-bit or
 * 32-bit code: then only the low halves of eight registers count, and come
 * back zero-extended. Returns the signal that stopped them (s unchanged), or
 * 0. */
int native_run(NativeState *s, const uint8_t *bytes, size_t len, bool code32);
/* Does the host's kernel let 32-bit code run? */
bool native_run_has_code32(void);

#endif
