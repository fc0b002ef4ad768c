/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly of guest code, by capstone, in the AT&T syntax that x /i of
 * gdb and QEMU shows. */
#ifndef MONITOR_DISAS_H
#define MONITOR_DISAS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bits: 16, 32 or 64. Prints up to count instructions of the code bytes at
 * addr; *used: the bytes they took. Returns the number printed. */
unsigned disas_print(unsigned bits, uint64_t addr, const uint8_t *code,
                     size_t len, unsigned count, size_t *used, GString *out);

#endif
