/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of back ends, the host's best first. */
#include "tcg/backend.h"

#include <string.h>

static const TcgBackend *const tcg_backends[] = {
#ifdef __x86_64__
    &tcg_backend_x86_64,
#endif
    &tcg_backend_interp,
};

const TcgBackend *tcg_backend_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tcg_backends); i++) {
        if (!name || strcmp(tcg_backends[i]->name, name) == 0) {
            return tcg_backends[i];
        }
    }
    return NULL;
}
