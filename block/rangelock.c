/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte-range locks: one queue in order of arrival. See rangelock.h. */
#include "block/rangelock.h"

void range_lock_init(RangeLock *lock)
{
    g_mutex_init(&lock->mutex);
    g_cond_init(&lock->changed);
    g_queue_init(&lock->ranges);
}

void range_lock_clear(RangeLock *lock)
{
    g_assert(g_queue_is_empty(&lock->ranges));
    g_mutex_clear(&lock->mutex);
    g_cond_clear(&lock->changed);
}

static bool range_conflicts(const RangeHold *a, const RangeHold *b)
{
    return (a->exclusive || b->exclusive) && a->start < b->end &&
           b->start < a->end;
}

/* An earlier entry of the queue, granted or waiting, stands in the way. */
static bool range_must_wait_locked(const RangeHold *hold)
{
    for (const GList *l = hold->link.prev; l; l = l->prev) {
        if (range_conflicts(l->data, hold)) {
            return true;
        }
    }
    return false;
}

static void range_enqueue_locked(RangeLock *lock, RangeHold *hold,
                                 uint64_t start, uint64_t end, bool exclusive)
{
    *hold = (RangeHold){
        .link.data = hold,
        .start = start,
        .end = end,
        .exclusive = exclusive,
    };
    g_queue_push_tail_link(&lock->ranges, &hold->link);
}

void range_lock(RangeLock *lock, RangeHold *hold, uint64_t start, uint64_t end,
                bool exclusive)
{
    g_mutex_lock(&lock->mutex);
    range_enqueue_locked(lock, hold, start, end, exclusive);
    while (range_must_wait_locked(hold)) {
        g_cond_wait(&lock->changed, &lock->mutex);
    }
    g_mutex_unlock(&lock->mutex);
}

bool range_trylock(RangeLock *lock, RangeHold *hold, uint64_t start,
                   uint64_t end, bool exclusive)
{
    g_mutex_lock(&lock->mutex);
    range_enqueue_locked(lock, hold, start, end, exclusive);
    bool granted = !range_must_wait_locked(hold);
    if (!granted) {
        g_queue_unlink(&lock->ranges, &hold->link);
    }
    g_mutex_unlock(&lock->mutex);
    return granted;
}

void range_unlock(RangeLock *lock, RangeHold *hold)
{
    g_mutex_lock(&lock->mutex);
    g_queue_unlink(&lock->ranges, &hold->link);
    if (!g_queue_is_empty(&lock->ranges)) {
        g_cond_broadcast(&lock->changed);
    }
    g_mutex_unlock(&lock->mutex);
}
