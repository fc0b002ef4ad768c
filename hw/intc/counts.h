/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often each input of an interrupt controller rose: `info irq`. */
#ifndef HW_INTC_COUNTS_H
#define HW_INTC_COUNTS_H

#include <glib.h>
#include <stdint.h>

/* Inputs that never rose are left out. */
void intc_print_counts(const char *name, const uint64_t *rises, unsigned n,
                       GString *out);

#endif
