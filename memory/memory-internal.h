/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of memory/ share among themselves. */
#ifndef MEMORY_MEMORY_INTERNAL_H
#define MEMORY_MEMORY_INTERNAL_H

#include "memory/memory.h"

/* The tree lock: guards every region's place and the list of spaces' views. A
 * leaf but for listeners; devices' locks are taken before it. */
void tree_lock(void);
void tree_unlock(void);

/* The space's tree changed: it is rendered and published by the next
 * spaces_publish_locked(), or, in a batch, by the commit. */
void space_changed_locked(AddressSpace *as);
void spaces_publish_locked(void);

/* A new view of what the tree under root shows now. */
FlatView *flatview_render(const MemoryRegion *root);
void flatview_free(FlatView *view);
/* Free once no reader can hold it. */
void flatview_retire(FlatView *view);

#endif
