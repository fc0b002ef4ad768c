/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte-range locks between requests of one node, shared or exclusive. They are
 * granted in the order asked for, so nobody starves; a thread holds at most
 * one range per lock, so nobody deadlocks.
 */
#ifndef BLOCK_RANGELOCK_H
#define BLOCK_RANGELOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct RangeLock {
    GMutex mutex;
    GCond changed;
    GQueue ranges; /* of RangeHold, in order of arrival */
} RangeLock;

typedef struct RangeHold {
    GList link;
    uint64_t start, end; /* [start, end) */
    bool exclusive;
} RangeHold;

void range_lock_init(RangeLock *lock);
void range_lock_clear(RangeLock *lock);
/* Waits for every earlier holder that conflicts. */
void range_lock(RangeLock *lock, RangeHold *hold, uint64_t start, uint64_t end,
                bool exclusive);
/* False instead of waiting. */
bool range_trylock(RangeLock *lock, RangeHold *hold, uint64_t start,
                   uint64_t end, bool exclusive);
void range_unlock(RangeLock *lock, RangeHold *hold);

#endif
