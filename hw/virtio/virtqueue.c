/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues: descriptor table, available ring, used ring. Virtio 1.2,
 * 2.7.
 *
 *   descriptor  u64 address, u32 length, u16 flags, u16 next
 *   available   u16 flags, u16 index, u16 ring[size], u16 used_event
 *   used        u16 flags, u16 index, {u32 id, u32 length} ring[size],
 *               u16 avail_event
 *
 * The rings are mapped once, when the queue is enabled, and must each lie in
 * one piece of RAM. Every field is read once into a local before it is
 * checked: the guest may change it at any time.
 */
#include "hw/virtio/virtio.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum {
    DESC_SIZE = 16,
    DESC_NEXT = 1,
    DESC_WRITE = 2,
    DESC_INDIRECT = 4,
    AVAIL_NO_INTERRUPT = 1,
    RING_HEADER = 4,
    USED_ENTRY = 8,
};

typedef struct VirtDesc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
} VirtDesc;

static uint16_t ring_load16(const uint8_t *p)
{
    return GUINT16_FROM_LE(
        __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED));
}

static void ring_store16(uint8_t *p, uint16_t val)
{
    __atomic_store_n((uint16_t *)p, GUINT16_TO_LE(val), __ATOMIC_RELAXED);
}

static uint16_t avail_index(const VirtQueue *q)
{
    return GUINT16_FROM_LE(
        __atomic_load_n((uint16_t *)(q->avail_host + 2), __ATOMIC_ACQUIRE));
}

static uint16_t avail_used_event(const VirtQueue *q)
{
    return ring_load16(q->avail_host + RING_HEADER + 2 * q->size);
}

static void used_set_avail_event(VirtQueue *q, uint16_t val)
{
    ring_store16(q->used_host + RING_HEADER + USED_ENTRY * q->size, val);
}

static size_t avail_bytes(const VirtQueue *q)
{
    return RING_HEADER + 2 * q->size + 2;
}

static size_t used_bytes(const VirtQueue *q)
{
    return RING_HEADER + USED_ENTRY * q->size + 2;
}

/* ---- Life
 * ------------------------------------------------------------------------- */

static uint8_t *virtqueue_map(VirtQueue *q, hwaddr addr, size_t len,
                              unsigned align)
{
    size_t have = len;
    uint8_t *host = addr % align
                        ? NULL
                        : dma_map(q->vdev->dev->env->memory, addr, &have, true);

    if (!host || have < len) {
        virtio_error(q->vdev, "queue %u: a ring at %" PRIx64 " is not in RAM",
                     virtqueue_index(q), addr);
        return NULL;
    }
    return host;
}

static void virtqueue_unmap(VirtQueue *q)
{
    q->enabled = false;
    q->desc_host = NULL;
    q->avail_host = NULL;
    q->used_host = NULL;
}

/* What the model has of this queue never comes back to its rings. */
static void virtqueue_begin_epoch(VirtQueue *q)
{
    q->vdev->stale += q->in_use;
    q->in_use = 0;
    q->epoch++;
    q->again_count = 0;
    q->budget = UINT_MAX;
}

void virtqueue_reset(VirtQueue *q)
{
    virtqueue_begin_epoch(q);
    *q = (VirtQueue){
        .vdev = q->vdev,
        .size = q->size_max,
        .size_max = q->size_max,
        .vector = VIRTIO_NO_VECTOR,
        .budget = UINT_MAX,
        .epoch = q->epoch,
    };
}

void virtqueue_enable(VirtQueue *q)
{
    virtqueue_unmap(q);
    if (!q->size) {
        return;
    }
    q->desc_host = virtqueue_map(q, q->desc, DESC_SIZE * q->size, 16);
    q->avail_host = virtqueue_map(q, q->avail, avail_bytes(q), 2);
    q->used_host = virtqueue_map(q, q->used, used_bytes(q), 4);
    q->enabled = q->desc_host && q->avail_host && q->used_host;
}

void virtqueue_disable(VirtQueue *q)
{
    virtqueue_unmap(q);
    virtqueue_begin_epoch(q);
    memset(q->taken, 0, sizeof(q->taken));
}

void virtqueue_set_legacy(VirtQueue *q, uint32_t pfn)
{
    if (!pfn) {
        virtqueue_disable(q);
        q->desc = 0;
        return;
    }
    q->desc = (uint64_t)pfn << PAGE_BITS;
    q->avail = q->desc + DESC_SIZE * q->size;
    q->used = (q->avail + RING_HEADER + 2 * q->size + PAGE_SIZE - 1) &
              ~(PAGE_SIZE - 1);
    virtqueue_enable(q);
}

bool virtqueue_empty(VirtQueue *q)
{
    return !q->enabled || (!q->again_count && avail_index(q) == q->last_avail);
}

/* ---- Heads in use ------------------------------------------------------ */

static bool head_test(const uint8_t *bits, unsigned head)
{
    return bits[head / 8] >> (head % 8) & 1;
}

static void head_set(uint8_t *bits, unsigned head, bool on)
{
    uint8_t bit = 1 << (head % 8);

    bits[head / 8] = on ? bits[head / 8] | bit : bits[head / 8] & ~bit;
}

bool virtqueue_loaded(VirtQueue *q, GError **errp)
{
    virtqueue_begin_epoch(q);
    memcpy(q->again, q->taken, sizeof(q->again));
    for (unsigned head = 0; head < VIRTIO_QUEUE_SIZE_MAX; head++) {
        if (!head_test(q->taken, head)) {
            continue;
        }
        if (head >= q->size || !q->enabled) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "queue %u: chain %u of %u is in use",
                            virtqueue_index(q), head, q->size);
        }
        q->again_count++;
    }
    return true;
}

static uint16_t virtqueue_first_again(const VirtQueue *q)
{
    unsigned head = 0;

    while (!head_test(q->again, head)) {
        head++;
    }
    return head;
}

/* ---- Taking chains
 * ------------------------------------------------------------------ */

/* A chain being read: its segments so far. */
typedef struct ChainReader {
    VirtQueue *q;
    struct iovec seg[VIRTIO_SEGMENTS_MAX];
    unsigned out_count, in_count;
    size_t out_bytes, in_bytes;
} ChainReader;

static VirtDesc desc_load(const uint8_t *table, unsigned n)
{
    VirtDesc d;

    memcpy(&d, table + DESC_SIZE * n, sizeof(d));
    return (VirtDesc){ GUINT64_FROM_LE(d.addr), GUINT32_FROM_LE(d.len),
                       GUINT16_FROM_LE(d.flags), GUINT16_FROM_LE(d.next) };
}

/* Add a buffer's pieces; guest-physical memory may be several pieces of host
 * memory. */
static bool chain_add(ChainReader *r, const VirtDesc *d)
{
    bool write = d->flags & DESC_WRITE;
    uint64_t addr = d->addr;
    size_t left = d->len;

    if (!left) {
        virtio_error(r->q->vdev, "queue %u: zero-sized buffer",
                     virtqueue_index(r->q));
        return false;
    }
    if (!write && r->in_count) {
        virtio_error(r->q->vdev,
                     "queue %u: readable buffer after a writable one",
                     virtqueue_index(r->q));
        return false;
    }
    while (left) {
        size_t len = left;
        uint8_t *host =
            dma_map(r->q->vdev->dev->env->memory, addr, &len, write);
        unsigned n = r->out_count + r->in_count;

        if (!host || n == VIRTIO_SEGMENTS_MAX) {
            virtio_error(r->q->vdev, "queue %u: buffer %" PRIx64 "+%x %s",
                         virtqueue_index(r->q), d->addr, d->len,
                         host ? "has too many segments" : "is not in RAM");
            return false;
        }
        r->seg[n] = (struct iovec){ host, len };
        if (write) {
            r->in_count++;
            r->in_bytes += len;
        } else {
            r->out_count++;
            r->out_bytes += len;
        }
        addr += len;
        left -= len;
    }
    return true;
}

/* Follow a chain from entry n of a table of `count`; a chain longer than its
 * table runs in a circle. */
static bool chain_follow(ChainReader *r, const uint8_t *table, unsigned count,
                         unsigned n, VirtDesc *indirect)
{
    for (unsigned steps = 0; steps < count; steps++) {
        if (n >= count) {
            virtio_error(r->q->vdev, "queue %u: descriptor %u of %u",
                         virtqueue_index(r->q), n, count);
            return false;
        }
        VirtDesc d = desc_load(table, n);

        if (d.flags & DESC_INDIRECT) {
            if (!indirect || (d.flags & DESC_NEXT)) {
                virtio_error(r->q->vdev, "queue %u: misplaced indirect table",
                             virtqueue_index(r->q));
                return false;
            }
            *indirect = d;
            return true;
        }
        if (!chain_add(r, &d)) {
            return false;
        }
        if (!(d.flags & DESC_NEXT)) {
            return true;
        }
        n = d.next;
    }
    virtio_error(r->q->vdev, "queue %u: descriptors run in a circle",
                 virtqueue_index(r->q));
    return false;
}

/* An indirect table is copied, so that it is walked as it was. 2.7.5.3 */
static bool chain_follow_indirect(ChainReader *r, const VirtDesc *d)
{
    unsigned count = d->len / DESC_SIZE;

    if (!count || d->len % DESC_SIZE || count > VIRTIO_SEGMENTS_MAX) {
        virtio_error(r->q->vdev, "queue %u: indirect table of %u bytes",
                     virtqueue_index(r->q), d->len);
        return false;
    }
    g_autofree uint8_t *table = g_malloc(d->len);

    if (!dma_read(r->q->vdev->dev->env->memory, d->addr, table, d->len)) {
        virtio_error(r->q->vdev, "queue %u: indirect table is not in RAM",
                     virtqueue_index(r->q));
        return false;
    }
    return chain_follow(r, table, count, 0, NULL);
}

static VirtioElement *chain_element(const ChainReader *r, uint16_t head)
{
    unsigned n = r->out_count + r->in_count;
    VirtioElement *e =
        g_malloc(sizeof(VirtioElement) + n * sizeof(struct iovec));
    struct iovec *seg = (struct iovec *)(e + 1);

    memcpy(seg, r->seg, n * sizeof(struct iovec));
    *e = (VirtioElement){
        .head = head,
        .epoch = r->q->epoch,
        .again = r->q->again_count,
        .out_count = r->out_count,
        .in_count = r->in_count,
        .out_bytes = r->out_bytes,
        .in_bytes = r->in_bytes,
        .out = seg,
        .in = seg + r->out_count,
    };
    return e;
}

/* The head of the next chain in the available ring. False: the driver's
 * numbers make no sense. */
static bool virtqueue_next_head(VirtQueue *q, uint16_t *head)
{
    uint16_t waiting = avail_index(q) - q->last_avail;

    if (waiting + q->in_use > q->size) {
        virtio_error(q->vdev,
                     "queue %u: %u entries available, %u in use, of %u",
                     virtqueue_index(q), waiting, q->in_use, q->size);
        return false;
    }
    *head = ring_load16(q->avail_host + RING_HEADER +
                        2 * (q->last_avail % q->size));
    if (*head >= q->size || head_test(q->taken, *head)) {
        virtio_error(q->vdev, "queue %u: chain %u of %u is %s",
                     virtqueue_index(q), *head, q->size,
                     *head < q->size ? "in use" : "not there");
        return false;
    }
    return true;
}

static void virtqueue_mark_popped(VirtQueue *q, uint16_t head)
{
    q->in_use++;
    if (q->again_count) {
        head_set(q->again, head, false);
        q->again_count--;
        return;
    }
    head_set(q->taken, head, true);
    q->last_avail++;
    if (virtio_has_feature(q->vdev, VIRTIO_F_EVENT_IDX)) {
        used_set_avail_event(q, q->last_avail);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
}

VirtioElement *virtqueue_pop(VirtQueue *q)
{
    ChainReader r;
    VirtDesc indirect = { 0 };
    uint16_t head;

    if (q->vdev->broken || virtqueue_empty(q) || !q->budget) {
        return NULL;
    }
    if (q->again_count) {
        head = virtqueue_first_again(q);
    } else if (!virtqueue_next_head(q, &head)) {
        return NULL;
    }
    r.q = q;
    r.out_count = r.in_count = 0;
    r.out_bytes = r.in_bytes = 0;
    if (!chain_follow(&r, q->desc_host, q->size, head, &indirect) ||
        ((indirect.flags & DESC_INDIRECT) &&
         !chain_follow_indirect(&r, &indirect))) {
        return NULL;
    }
    if (q->budget != UINT_MAX) {
        q->budget--;
    }
    VirtioElement *e = chain_element(&r, head);

    virtqueue_mark_popped(q, head);
    return e;
}

size_t virtqueue_room(VirtQueue *q)
{
    VirtioElement *e = virtqueue_pop(q);
    size_t room = 0;

    if (e) {
        room = e->in_bytes;
        virtqueue_unpop(q, e);
    }
    return room;
}

/* ---- Returning them
 * ------------------------------------------------------------------- */

/* The ring that an element of an earlier epoch came from is gone. */
static bool virtqueue_is_current(const VirtQueue *q, const VirtioElement *e)
{
    return e->epoch == q->epoch;
}

static void virtqueue_release(VirtQueue *q, VirtioElement *e)
{
    if (virtqueue_is_current(q, e)) {
        q->in_use--;
    } else {
        q->vdev->stale--;
    }
    g_free(e);
}

void virtqueue_drop(VirtQueue *q, VirtioElement *e)
{
    if (virtqueue_is_current(q, e)) {
        head_set(q->taken, e->head, false);
    }
    virtqueue_release(q, e);
}

void virtqueue_unpop(VirtQueue *q, VirtioElement *e)
{
    if (!virtqueue_is_current(q, e)) {
        virtqueue_release(q, e);
        return;
    }
    if (e->again) {
        head_set(q->again, e->head, true);
        q->again_count++;
    } else {
        head_set(q->taken, e->head, false);
        q->last_avail--;
    }
    virtqueue_release(q, e);
}

void virtqueue_push(VirtQueue *q, VirtioElement *e, uint32_t written)
{
    AddressSpace *memory = q->vdev->dev->env->memory;

    for (unsigned i = 0; i < e->in_count && written; i++) {
        dma_unmap(memory, e->in[i].iov_base, e->in[i].iov_len, true);
    }
    if (q->enabled && virtqueue_is_current(q, e)) {
        uint8_t *entry =
            q->used_host + RING_HEADER + USED_ENTRY * (q->used_index % q->size);
        uint32_t fields[2] = { GUINT32_TO_LE((uint32_t)e->head),
                               GUINT32_TO_LE(written) };

        memcpy(entry, fields, sizeof(fields));
        q->used_index++;
        __atomic_store_n((uint16_t *)(q->used_host + 2),
                         GUINT16_TO_LE(q->used_index), __ATOMIC_RELEASE);
        dma_unmap(memory, q->used_host, used_bytes(q), true);
    }
    virtqueue_drop(q, e);
}

/* 2.7.7.2: with event index, interrupt if used_event lies between what was
 * signalled last and now. */
static bool virtqueue_wants_interrupt(VirtQueue *q)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (virtio_has_feature(q->vdev, VIRTIO_F_NOTIFY_ON_EMPTY) && !q->in_use &&
        virtqueue_empty(q)) {
        return true;
    }
    if (!virtio_has_feature(q->vdev, VIRTIO_F_EVENT_IDX)) {
        return !(ring_load16(q->avail_host) & AVAIL_NO_INTERRUPT);
    }
    uint16_t old = q->signalled_used;
    uint16_t event = avail_used_event(q);
    bool first = !q->signalled_valid;

    q->signalled_used = q->used_index;
    q->signalled_valid = true;
    return first || (uint16_t)(q->used_index - event - 1) <
                        (uint16_t)(q->used_index - old);
}

void virtqueue_notify(VirtQueue *q)
{
    if (q->enabled && virtqueue_wants_interrupt(q)) {
        q->vdev->transport->notify_queue(q->vdev, virtqueue_index(q));
    }
}

/* ---- Segments
 * ------------------------------------------------------------------------------
 */

size_t virtio_iov_to_buf(const struct iovec *iov, unsigned count, size_t off,
                         void *buf, size_t len)
{
    size_t done = 0;

    for (unsigned i = 0; i < count && done < len; i++) {
        if (off >= iov[i].iov_len) {
            off -= iov[i].iov_len;
            continue;
        }
        size_t n = MIN(iov[i].iov_len - off, len - done);

        memcpy((uint8_t *)buf + done, (uint8_t *)iov[i].iov_base + off, n);
        done += n;
        off = 0;
    }
    return done;
}

size_t virtio_iov_from_buf(const struct iovec *iov, unsigned count, size_t off,
                           const void *buf, size_t len)
{
    size_t done = 0;

    for (unsigned i = 0; i < count && done < len; i++) {
        if (off >= iov[i].iov_len) {
            off -= iov[i].iov_len;
            continue;
        }
        size_t n = MIN(iov[i].iov_len - off, len - done);

        memcpy((uint8_t *)iov[i].iov_base + off, (const uint8_t *)buf + done,
               n);
        done += n;
        off = 0;
    }
    return done;
}
