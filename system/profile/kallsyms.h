/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols of a Linux kernel's functions, from the table that it carries
 * for itself (kallsyms), found in a copy of its image. Versions 4.x to 6.x. The
 * image is the guest's: whatever stands there, the search ends.
 */
#ifndef SYSTEM_PROFILE_KALLSYMS_H
#define SYSTEM_PROFILE_KALLSYMS_H

#include <glib.h>
#include <stdint.h>

typedef struct KernelImage {
    uint64_t base; /* virtual address of bytes[0] */
    const uint8_t *bytes;
    size_t size;
} KernelImage;

typedef struct Kallsyms Kallsyms;

/* NULL: there is no table. The image may go afterwards. */
Kallsyms *kallsyms_find(const KernelImage *image);
void kallsyms_free(Kallsyms *k);
unsigned kallsyms_count(const Kallsyms *k);
/* The function that addr is in, and where it begins; NULL: none. */
const char *kallsyms_name(const Kallsyms *k, uint64_t addr, uint64_t *start);

#endif
