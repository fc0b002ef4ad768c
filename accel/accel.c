/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of accelerators, best first, and creation by "NAME,options". */
#include "accel/accel.h"

#include "util/error.h"

#include <string.h>

const AccelClass *const accel_classes[] = {
    &accel_tcg,
    NULL,
};

Accel *accel_create(const char *spec, AddressSpace *memory, AddressSpace *io,
                    GError **errp)
{
    const char *comma = strchr(spec, ',');
    g_autofree char *name =
        g_strndup(spec, comma ? (size_t)(comma - spec) : strlen(spec));
    const char *names[G_N_ELEMENTS(accel_classes)];
    unsigned n = 0;

    for (; accel_classes[n]; n++) {
        if (strcmp(accel_classes[n]->name, name) == 0) {
            return accel_classes[n]->create(comma ? comma + 1 : NULL, memory,
                                            io, errp);
        }
        names[n] = accel_classes[n]->name;
    }
    const char *near = emu_nearest(name, names, n);
    emu_fail(errp, EMU_ERROR_NOT_FOUND, "no accelerator '%s'%s%s%s", name,
             near ? "; did you mean '" : "", near ? near : "",
             near ? "'?" : "");
    return NULL;
}
