/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors: the few helpers around GError, see error.h. */
#include "util/error.h"

#include <errno.h>
#include <string.h>

GQuark emu_error_quark(void)
{
    return g_quark_from_static_string("emu-error");
}

bool emu_fail(GError **errp, EmuError code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (errp) {
        g_assert(!*errp);
        *errp = g_error_new_valist(EMU_ERROR, code, fmt, ap);
    }
    va_end(ap);
    return false;
}

bool emu_fail_errno(GError **errp, int err, const char *fmt, ...)
{
    EmuError code = err == ENOSPC   ? EMU_ERROR_NO_SPACE
                    : err == ENOENT ? EMU_ERROR_NOT_FOUND
                                    : EMU_ERROR_IO;
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return emu_fail(errp, code, "%s: %s", text, g_strerror(err));
}

/* Levenshtein distance, given up beyond `limit`. */
static unsigned error_distance(const char *a, const char *b, unsigned limit)
{
    size_t la = strlen(a);
    size_t lb = strlen(b);

    if (la > lb + limit || lb > la + limit) {
        return limit + 1;
    }
    g_autofree unsigned *row = g_new(unsigned, lb + 1);
    for (size_t j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= la; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shifted = MIN(row[j], row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = MIN(replaced, shifted);
        }
    }
    return row[lb];
}

const char *emu_nearest(const char *word, const char *const *names, size_t n)
{
    /* Fewer changes than letters: else any short name would do. */
    unsigned best = MIN(strlen(word) / 3 + 2, strlen(word));
    const char *found = NULL;

    for (size_t i = 0; i < n; i++) {
        unsigned d = error_distance(word, names[i], best);

        if (d < best) {
            best = d;
            found = names[i];
        }
    }
    return found;
}
