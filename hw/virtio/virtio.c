/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all virtio devices share: feature negotiation, device status,
 * configuration space, reset. Virtio 1.2, 2.1 to 2.5 and 3.1.
 *
 * A reset is not complete until the model has returned every element that it
 * took (a disk's requests in flight, for example): until then the status reads
 * as something other than 0, as 2.4.1 allows, and a driver that waits sees no
 * DMA after its reset. Legacy drivers do not wait: each reset begins an epoch,
 * and elements of earlier ones never reach the new rings.
 */
#include "hw/virtio/virtio.h"

#include "util/span.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define VIRTIO_RING_FEATURES                                                   \
    (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 |        \
     VIRTIO_F_ANY_LAYOUT | VIRTIO_F_NOTIFY_ON_EMPTY)

static void virtio_serve_later(void *opaque);

/* Virtual time stands while the machine does, and so does the timer. */
static void virtio_arm_later(VirtioDevice *vdev)
{
    timer_arm(&vdev->later, clock_now(vdev->dev->env->clock));
}

void virtio_init(VirtioDevice *vdev, Device *dev, const VirtioModel *model,
                 const VirtioTransport *transport)
{
    vdev->dev = dev;
    vdev->model = model;
    vdev->transport = transport;
    vdev->queue_count = 0;
    vdev->config_vector = VIRTIO_NO_VECTOR;
    timer_init(&vdev->later, dev->env->clock, virtio_serve_later, vdev,
               &dev->lock);
}

VirtQueue *virtio_add_queue(VirtioDevice *vdev, uint16_t size)
{
    g_assert(vdev->queue_count < VIRTIO_QUEUES_MAX);
    g_assert(size <= VIRTIO_QUEUE_SIZE_MAX);
    VirtQueue *q = &vdev->queue[vdev->queue_count++];

    *q = (VirtQueue){ .vdev = vdev, .size_max = size };
    virtqueue_reset(q);
    return q;
}

void virtio_clear(VirtioDevice *vdev)
{
    timer_clear(&vdev->later);
    for (unsigned n = 0; n < vdev->queue_count; n++) {
        virtqueue_disable(&vdev->queue[n]);
    }
    vdev->queue_count = 0;
}

/* ---- Features and status
 * ---------------------------------------------------------- */

uint64_t virtio_host_features(VirtioDevice *vdev)
{
    const VirtioModel *m = vdev->model;

    return VIRTIO_RING_FEATURES |
           (m->get_features ? m->get_features(vdev) : m->features);
}

void virtio_set_features(VirtioDevice *vdev, uint64_t features)
{
    uint64_t extra = features & ~virtio_host_features(vdev);

    if (vdev->status & VIRTIO_STATUS_FEATURES_OK) {
        log_guest_error("%s: features written after FEATURES_OK\n",
                        vdev->dev->class->name);
        return;
    }
    if (extra) {
        log_guest_error("%s: driver takes features %" PRIx64
                        " that are not offered\n",
                        vdev->dev->class->name, extra);
    }
    vdev->guest_features = features & ~extra;
}

uint8_t virtio_get_status(const VirtioDevice *vdev)
{
    return vdev->stale ? vdev->status | VIRTIO_STATUS_ACKNOWLEDGE
                       : vdev->status;
}

void virtio_reset(VirtioDevice *vdev)
{
    if (vdev->model->reset) {
        vdev->model->reset(vdev);
    }
    for (unsigned n = 0; n < vdev->queue_count; n++) {
        virtqueue_reset(&vdev->queue[n]);
    }
    timer_disarm(&vdev->later);
    trace(virtio_reset, "%s, %u elements in flight", vdev->dev->class->name,
          vdev->stale);
    vdev->guest_features = 0;
    vdev->status = 0;
    vdev->isr = 0;
    vdev->config_vector = VIRTIO_NO_VECTOR;
    vdev->broken = false;
}

void virtio_set_status(VirtioDevice *vdev, uint8_t status)
{
    uint8_t before = vdev->status;

    trace(virtio_status, "%s %02x", vdev->dev->class->name, status);
    if (!status) {
        virtio_reset(vdev);
        return;
    }
    vdev->status = status | (before & VIRTIO_STATUS_NEEDS_RESET);
    if ((status & ~before & VIRTIO_STATUS_DRIVER_OK) &&
        vdev->model->driver_ok) {
        vdev->model->driver_ok(vdev);
    }
}

void virtio_config_changed(VirtioDevice *vdev)
{
    vdev->config_generation++;
    if (vdev->status & VIRTIO_STATUS_DRIVER_OK) {
        vdev->transport->notify_config(vdev);
    }
}

void virtio_error(VirtioDevice *vdev, const char *fmt, ...)
{
    va_list ap;

    if (vdev->broken) {
        return;
    }
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    log_guest_error("%s: %s; the device stops until it is reset\n",
                    vdev->dev->class->name, text);
    vdev->broken = true;
    vdev->status |= VIRTIO_STATUS_NEEDS_RESET;
    if (virtio_has_feature(vdev, VIRTIO_F_VERSION_1)) {
        vdev->transport->notify_config(vdev);
    }
}

/* The driver may add as fast as we take, so one kick has an end. */
static void virtio_serve(VirtioDevice *vdev, unsigned n)
{
    VirtQueue *q = &vdev->queue[n];

    q->budget = q->size;
    vdev->model->queue_kicked(vdev, n);
    if (!q->budget && !virtqueue_empty(q)) {
        virtio_arm_later(vdev);
    }
    q->budget = UINT_MAX;
}

static void virtio_serve_later(void *opaque)
{
    VirtioDevice *vdev = opaque;

    for (unsigned n = 0; n < vdev->queue_count; n++) {
        if (vdev->queue[n].enabled && !vdev->broken && vdev->status) {
            virtio_serve(vdev, n);
        }
    }
}

void virtio_queue_kick(VirtioDevice *vdev, unsigned n)
{
    if (n >= vdev->queue_count || !vdev->queue[n].enabled) {
        log_guest_error("%s: kick of queue %u, which is not enabled\n",
                        vdev->dev->class->name, n);
        return;
    }
    /* Some legacy drivers kick before they set DRIVER_OK. */
    if (!vdev->broken && vdev->status) {
        virtio_serve(vdev, n);
    }
}

/* ---- Configuration space
 * ------------------------------------------------------------- */

void virtio_config_read(VirtioDevice *vdev, unsigned off, void *buf,
                        unsigned len)
{
    uint8_t config[VIRTIO_CONFIG_MAX] = { 0 };

    if (vdev->model->get_config) {
        vdev->model->get_config(vdev, config);
    }
    memset(buf, 0xff, len);
    if (span_fits(off, len, vdev->model->config_size)) {
        memcpy(buf, config + off, len);
    }
}

void virtio_config_write(VirtioDevice *vdev, unsigned off, const void *buf,
                         unsigned len)
{
    uint8_t config[VIRTIO_CONFIG_MAX] = { 0 };

    if (!vdev->model->set_config ||
        !span_fits(off, len, vdev->model->config_size)) {
        log_guest_error("%s: write to configuration byte %u\n",
                        vdev->dev->class->name, off);
        return;
    }
    vdev->model->get_config(vdev, config);
    memcpy(config + off, buf, len);
    vdev->model->set_config(vdev, config, off, len);
}

/* ---- State
 * ------------------------------------------------------------------------------
 */

static const StateField virtqueue_state[] = {
    STATE_U16(VirtQueue, size),
    STATE_BOOL(VirtQueue, enabled),
    STATE_U64(VirtQueue, desc),
    STATE_U64(VirtQueue, avail),
    STATE_U64(VirtQueue, used),
    STATE_U16(VirtQueue, vector),
    STATE_U16(VirtQueue, last_avail),
    STATE_U16(VirtQueue, used_index),
    STATE_U16(VirtQueue, signalled_used),
    STATE_BOOL(VirtQueue, signalled_valid),
    STATE_ARRAY(VirtQueue, taken),
    {},
};

const StateField virtio_state[] = {
    STATE_U64(VirtioDevice, guest_features),
    STATE_U8(VirtioDevice, status),
    STATE_U8(VirtioDevice, isr),
    STATE_U16(VirtioDevice, config_vector),
    STATE_U32(VirtioDevice, config_generation),
    STATE_STRUCT_ARRAY(VirtioDevice, queue, virtqueue_state),
    {},
};

bool virtio_loaded(VirtioDevice *vdev, GError **errp)
{
    vdev->broken = vdev->status & VIRTIO_STATUS_NEEDS_RESET;
    vdev->guest_features &= virtio_host_features(vdev);
    for (unsigned n = 0; n < VIRTIO_QUEUES_MAX; n++) {
        VirtQueue *q = &vdev->queue[n];

        if (n >= vdev->queue_count) {
            *q = (VirtQueue){ 0 };
            continue;
        }
        if (q->size > q->size_max || (q->size & (q->size - 1))) {
            return emu_fail(errp, EMU_ERROR_CORRUPT, "%s: queue %u has size %u",
                            vdev->dev->class->name, n, q->size);
        }
        if (q->enabled) {
            virtqueue_enable(q);
            if (!q->enabled) {
                return emu_fail(errp, EMU_ERROR_CORRUPT,
                                "%s: the rings of queue %u are not in RAM",
                                vdev->dev->class->name, n);
            }
        }
        if (!virtqueue_loaded(q, errp)) {
            return false;
        }
    }
    virtio_arm_later(vdev);
    return true;
}
