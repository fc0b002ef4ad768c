/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerators by name. */
#include "accel/accel.h"

#include "util/error.h"

#include <string.h>

const AccelClass *const accel_classes[] = { &accel_tcg, NULL };

Accel *accel_create(const char *spec, AddressSpace *memory, AddressSpace *io,
                    GError **errp)
{
    size_t len = strcspn(spec ? spec : "tcg", ",");
    g_autofree char *name = g_strndup(spec ? spec : "tcg", len);
    const char *options = spec && spec[len] ? spec + len + 1 : NULL;

    for (unsigned i = 0; accel_classes[i]; i++) {
        if (!strcmp(accel_classes[i]->name, name)) {
            return accel_classes[i]->create(options, memory, io, errp);
        }
    }
    emu_fail(errp, EMU_ERROR_NOT_FOUND, "there is no accelerator '%s'", name);
    return NULL;
}
