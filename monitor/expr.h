/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of the monitor: numbers, 'c', $register, + - * / % & ^ |, ~,
 * parentheses. 64-bit, wrapping.
 */
#ifndef MONITOR_EXPR_H
#define MONITOR_EXPR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct X86Cpu X86Cpu;

/* Parses at *p and leaves it behind the expression. get_register (may be
 * NULL) fails for unknown names. */
bool expr_parse(const char **p,
                bool (*get_register)(void *opaque, const char *name,
                                     int64_t *value, GError **errp),
                void *opaque, int64_t *value, GError **errp);

/* The value of a register of a processor that stands still. */
bool expr_cpu_register(const X86Cpu *cpu, const char *name, int64_t *value,
                       GError **errp);

#endif
