/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of an address space. */
#ifndef MEMORY_SPACE_INTERNAL_H
#define MEMORY_SPACE_INTERNAL_H

#include "memory/memory.h"

struct AddressSpace {
    char *name;
    MemoryRegion *root;
    FlatView *view; /* RCU */

    /* Guarded by the tree lock. */
    GArray *listeners; /* of MemoryListener */
    unsigned batch;
    bool changed_in_batch;
    bool pending;
    AddressSpace *next_pending;
};

#endif
