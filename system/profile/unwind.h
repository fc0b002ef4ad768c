/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that led to a kernel's pc, by its stack alone. */
#ifndef SYSTEM_PROFILE_UNWIND_H
#define SYSTEM_PROFILE_UNWIND_H

#include "system/profile/kallsyms.h"

/* Names, the innermost first; how many. words: the stack from its pointer up.
 */
unsigned unwind_kernel(const KernelImage *image, const Kallsyms *symbols,
                       uint64_t pc, const uint64_t *words, unsigned count,
                       const char **names, unsigned most);

#endif
