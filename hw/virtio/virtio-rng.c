/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio entropy source: one queue of buffers that are filled with the
 * host's random bytes, at most max-bytes in each period. Virtio 1.2, 5.4.
 *
 * The bytes are the host kernel's, or those of an -object that rng= names. A
 * source that has none now leaves the buffers in the queue until it has.
 */
#include "hw/virtio/virtio-rng.h"

#include <inttypes.h>

#include "hw/virtio/virtio-pci.h"
#include "util/random.h"

enum {
    RNG_QUEUE,
    RNG_QUEUE_SIZE = 8,
    RNG_CHUNK = 256,
    /* However large a buffer is, so much is put into it: the driver asks again
     * for what it lacks. 5.4.6.1 */
    RNG_ELEMENT_MAX = 64 << 10,
};

typedef struct VirtioRng {
    VirtioPci parent;

    /* Wiring and properties: fixed once realized. */
    char *rng_id;
    RandomSource *source; /* NULL: the kernel's */
    uint64_t max_bytes;
    uint32_t period_ms;
    Timer timer;

    uint64_t quota; /* bytes left in this period; begins anew when loaded */
} VirtioRng;

static VirtioRng *rng_from_device(Device *dev)
{
    return container_of(virtio_pci_from_device(dev), VirtioRng, parent);
}

static VirtioRng *rng_from_vdev(VirtioDevice *vdev)
{
    return container_of(virtio_pci_from_vdev(vdev), VirtioRng, parent);
}

static void rng_source_ready(void *opaque);

/* Up to `want` bytes: what the source has now. */
static size_t rng_fill(VirtioRng *s, const VirtioElement *e, size_t want)
{
    uint8_t bytes[RNG_CHUNK];
    size_t done = 0, n;

    while (done < want &&
           (n = random_source_read(s->source, bytes,
                                   MIN(want - done, sizeof(bytes)),
                                   rng_source_ready, s))) {
        virtio_iov_from_buf(e->in, e->in_count, done, bytes, n);
        done += n;
    }
    return done;
}

/* False: the source has nothing now, the buffer stays in the queue. */
static bool rng_serve_one(VirtioRng *s, VirtQueue *q, VirtioElement *e)
{
    size_t want = MIN(MIN(e->in_bytes, s->quota), RNG_ELEMENT_MAX);
    size_t got = rng_fill(s, e, want);

    trace(virtio_rng_fill, "%zu of %zu bytes", got, e->in_bytes);
    if (want && !got) {
        virtqueue_unpop(q, e);
        return false;
    }
    s->quota -= got;
    virtqueue_push(q, e, got);
    return true;
}

static void rng_serve(VirtioRng *s)
{
    VirtQueue *q = &s->parent.vdev.queue[RNG_QUEUE];
    VirtioElement *e;
    bool any = false;

    while (s->quota && (e = virtqueue_pop(q)) && rng_serve_one(s, q, e)) {
        any = true;
    }
    if (any) {
        virtqueue_notify(q);
    }
    if (s->max_bytes != UINT64_MAX && !timer_armed(&s->timer)) {
        timer_arm(&s->timer, clock_now(s->parent.pci.parent.env->clock) +
                                 s->period_ms * NS_PER_MS);
    }
}

static void rng_source_ready(void *opaque)
{
    VirtioRng *s = opaque;
    GMutex *lock = &s->parent.pci.parent.lock;

    g_mutex_lock(lock);
    if (virtio_driver_ok(&s->parent.vdev)) {
        rng_serve(s);
    }
    g_mutex_unlock(lock);
}

/* A new period. The timer rests while nobody asks. */
static void rng_period(void *opaque)
{
    VirtioRng *s = opaque;
    VirtQueue *q = &s->parent.vdev.queue[RNG_QUEUE];

    s->quota = s->max_bytes;
    if (virtio_driver_ok(&s->parent.vdev) && !virtqueue_empty(q)) {
        rng_serve(s);
    }
}

static void rng_queue_kicked(VirtioDevice *vdev, unsigned n)
{
    rng_serve(rng_from_vdev(vdev));
}

static const VirtioModel rng_model = {
    .id = VIRTIO_ID_RNG,
    .queue_kicked = rng_queue_kicked,
};

static bool rng_find_source(VirtioRng *s, GError **errp)
{
    const DeviceEnv *env = s->parent.pci.parent.env;

    if (!s->rng_id) {
        return true;
    }
    s->source = env->find_object(env->machine, "rng", s->rng_id);
    return s->source || emu_fail(errp, EMU_ERROR_NOT_FOUND,
                                 "property 'rng': there is no source of random "
                                 "bytes '%s'",
                                 s->rng_id);
}

static bool rng_realize(Device *dev, GError **errp)
{
    VirtioRng *s = rng_from_device(dev);

    if (!rng_find_source(s, errp)) {
        return false;
    }
    virtio_pci_init(&s->parent, &rng_model);
    virtio_add_queue(&s->parent.vdev, RNG_QUEUE_SIZE);
    timer_init(&s->timer, dev->env->clock, rng_period, s, &dev->lock);
    s->quota = s->max_bytes;
    return virtio_pci_finish(&s->parent, errp);
}

static void rng_unrealize(Device *dev)
{
    VirtioRng *s = rng_from_device(dev);

    random_source_cancel(s->source, s);
    timer_clear(&s->timer);
    virtio_pci_unrealize(&s->parent);
}

static void rng_reset(Device *dev)
{
    VirtioRng *s = rng_from_device(dev);

    timer_disarm(&s->timer);
    s->quota = s->max_bytes;
    virtio_pci_reset(&s->parent);
}

static bool rng_loaded(Device *dev, GError **errp)
{
    VirtioRng *s = rng_from_device(dev);

    s->quota = s->max_bytes;
    return virtio_pci_loaded(&s->parent, errp);
}

static const Property rng_props[] = {
    VIRTIO_PCI_PROPS(VirtioRng, parent, 2),
    DEFINE_PROP_STRING("rng", VirtioRng, rng_id, NULL,
                       "the -object that gives the bytes"),
    DEFINE_PROP_U64("max-bytes", VirtioRng, max_bytes, UINT64_MAX, 1,
                    UINT64_MAX, "bytes in each period"),
    DEFINE_PROP_U32("period", VirtioRng, period_ms, 65536, 1, UINT32_MAX,
                    "milliseconds"),
    {},
};

static const StateField rng_state[] = {
    VIRTIO_PCI_STATE(VirtioRng, parent),
    {},
};

static const char *const rng_aliases[] = { "virtio-rng", NULL };

const PciClass virtio_rng_pci_class = {
    .device = {
        .name = "virtio-rng-pci",
        .aliases = rng_aliases,
        .summary = "virtio entropy source",
        .bus = BUS_PCI,
        .size = sizeof(VirtioRng),
        .props = rng_props,
        .state = rng_state,
        .realize = rng_realize,
        .unrealize = rng_unrealize,
        .reset = rng_reset,
        .loaded = rng_loaded,
    },
    VIRTIO_PCI_CLASS_ID(0x1005, VIRTIO_ID_RNG, 0x00ff),
};
