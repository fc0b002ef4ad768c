/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt counts, see counts.h. */
#include "hw/intc/counts.h"

#include <inttypes.h>

void intc_print_counts(const char *name, const uint64_t *rises, unsigned n,
                       GString *out)
{
    g_string_append_printf(out, "IRQ statistics for %s:\n", name);
    for (unsigned i = 0; i < n; i++) {
        if (rises[i]) {
            g_string_append_printf(out, "%2u: %" PRIu64 "\n", i, rises[i]);
        }
    }
}
