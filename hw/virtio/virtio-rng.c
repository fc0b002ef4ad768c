/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio entropy source: one queue of buffers that are filled with the
 * host's random bytes, at most max-bytes in each period. Virtio 1.2, 5.4.
 *
 * There is no back end to choose: the host kernel's generator (getrandom) is
 * what every back end would end in.
 */
#include "hw/virtio/virtio-rng.h"

#include <inttypes.h>
#include <sys/random.h>

#include "hw/virtio/virtio-pci.h"

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

/* Up to `want` bytes; 0 if the host has none. getrandom() gives up to 256
 * bytes whole. */
static size_t rng_fill(const VirtioElement *e, size_t want)
{
    uint8_t bytes[RNG_CHUNK];
    size_t done = 0;

    while (done < want) {
        size_t n = MIN(want - done, sizeof(bytes));

        if (getrandom(bytes, n, 0) != (ssize_t)n) {
            break;
        }
        virtio_iov_from_buf(e->in, e->in_count, done, bytes, n);
        done += n;
    }
    return done;
}

static void rng_serve(VirtioRng *s)
{
    VirtQueue *q = &s->parent.vdev.queue[RNG_QUEUE];
    VirtioElement *e;
    bool any = false;

    while (s->quota && (e = virtqueue_pop(q))) {
        size_t want = MIN(MIN(e->in_bytes, s->quota), RNG_ELEMENT_MAX);
        size_t got = rng_fill(e, want);

        trace(virtio_rng_fill, "%zu of %zu bytes", got, e->in_bytes);
        s->quota -= got;
        virtqueue_push(q, e, got);
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

static bool rng_realize(Device *dev, GError **errp)
{
    VirtioRng *s = rng_from_device(dev);

    virtio_pci_init(&s->parent, &rng_model);
    virtio_add_queue(&s->parent.vdev, RNG_QUEUE_SIZE);
    timer_init(&s->timer, dev->env->clock, rng_period, s, &dev->lock);
    s->quota = s->max_bytes;
    return virtio_pci_finish(&s->parent, errp);
}

static void rng_unrealize(Device *dev)
{
    VirtioRng *s = rng_from_device(dev);

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
