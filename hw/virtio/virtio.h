/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio devices, whatever the transport: features, status, configuration
 * space and split virtqueues with indirect descriptors and event index.
 * Virtio 1.2, chapter 2.
 *
 * A model embeds its transport's struct (VirtioPci) first, which embeds a
 * VirtioDevice; it fills a const VirtioModel. Everything here is called with
 * the device's lock held.
 *
 * The rings are the guest's: whatever it writes there, an element that
 * virtqueue_pop() returns has valid host memory, bounded counts and a head
 * below the queue's size that no other element has. A ring that makes no sense
 * puts the device into its error state (DEVICE_NEEDS_RESET) until the guest
 * resets it. One kick serves as many chains as the queue has entries; a driver
 * that adds more meanwhile is served later, from the main loop.
 *
 * Elements that a model has when the device is saved come out of
 * virtqueue_pop() once more after it was loaded, as soon as the machine runs:
 * a model's work must bear being done twice.
 */
#ifndef HW_VIRTIO_VIRTIO_H
#define HW_VIRTIO_VIRTIO_H

#include "hw/core/device.h"

#include <sys/uio.h>

typedef struct VirtioDevice VirtioDevice;
typedef struct VirtioModel VirtioModel;
typedef struct VirtQueue VirtQueue;

enum {
    VIRTIO_QUEUES_MAX = 64,
    VIRTIO_QUEUE_SIZE_MAX = 1024,
    VIRTIO_CONFIG_MAX = 256,
    VIRTIO_NO_VECTOR = 0xffff,
    /* Elements have at most that many segments; more is the guest's error. */
    VIRTIO_SEGMENTS_MAX = 1024,
};

enum { /* device ids, chapter 5 */
       VIRTIO_ID_NET = 1,
       VIRTIO_ID_BLOCK = 2,
       VIRTIO_ID_CONSOLE = 3,
       VIRTIO_ID_RNG = 4,
       VIRTIO_ID_BALLOON = 5,
       VIRTIO_ID_SCSI = 8,
};

enum { /* 2.1 */
       VIRTIO_STATUS_ACKNOWLEDGE = 1,
       VIRTIO_STATUS_DRIVER = 2,
       VIRTIO_STATUS_DRIVER_OK = 4,
       VIRTIO_STATUS_FEATURES_OK = 8,
       VIRTIO_STATUS_NEEDS_RESET = 64,
       VIRTIO_STATUS_FAILED = 128,
};

/* Feature bits of every device, chapter 6. */
#define VIRTIO_F_NOTIFY_ON_EMPTY (UINT64_C(1) << 24)
#define VIRTIO_F_ANY_LAYOUT (UINT64_C(1) << 27)
#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

/* A descriptor chain: what the driver wrote for us (out), then where we may
 * write (in). The memory is guest RAM, and so may change under us: copy once.
 */
typedef struct VirtioElement {
    uint16_t head;
    uint32_t epoch; /* the queue's when it was popped */
    bool again;     /* was popped before the device was saved, too */
    unsigned out_count, in_count;
    size_t out_bytes, in_bytes;
    struct iovec *out, *in; /* both in one block behind the struct */
} VirtioElement;

struct VirtQueue {
    VirtioDevice *vdev;

    /* Guest-visible state. */
    uint16_t size; /* as the driver set it; 0: the queue does not exist */
    uint16_t size_max;
    bool enabled;
    uint64_t desc, avail, used; /* guest physical */
    uint16_t vector;
    uint16_t last_avail; /* next avail entry to take */
    uint16_t used_index;
    uint16_t signalled_used; /* used_index at the last interrupt */
    bool signalled_valid;
    uint8_t taken[VIRTIO_QUEUE_SIZE_MAX / 8]; /* a bit for each head popped
                                                 and not returned */

    /* Derived: host addresses while enabled, NULL else. */
    uint8_t *desc_host, *avail_host, *used_host;
    unsigned in_use; /* elements of this epoch popped and not returned */
    uint32_t epoch;  /* counts resets */
    uint8_t again[VIRTIO_QUEUE_SIZE_MAX / 8]; /* taken ones to pop once more */
    unsigned again_count;
    unsigned budget; /* elements that this kick may still pop */
};

struct VirtioModel {
    uint16_t id;
    uint64_t features; /* what it offers beside the ring features */
    uint16_t config_size;
    /* How many bits of `features` remain after properties; may be NULL. */
    uint64_t (*get_features)(VirtioDevice *vdev);
    /* Fill the configuration space, little-endian; may be NULL. */
    void (*get_config)(VirtioDevice *vdev, uint8_t *config);
    /* The driver wrote config[off, off+len); may be NULL (read-only). */
    void (*set_config)(VirtioDevice *vdev, const uint8_t *config, unsigned off,
                       unsigned len);
    /* The driver made buffers available. */
    void (*queue_kicked)(VirtioDevice *vdev, unsigned n);
    /* DRIVER_OK was set, features are settled. May be NULL. */
    void (*driver_ok)(VirtioDevice *vdev);
    /* To power-on state; requests in flight may still complete. */
    void (*reset)(VirtioDevice *vdev);
};

/* What a transport does for a device. */
typedef struct VirtioTransport {
    void (*notify_queue)(VirtioDevice *vdev, unsigned n);
    void (*notify_config)(VirtioDevice *vdev);
} VirtioTransport;

struct VirtioDevice {
    Device *dev; /* whose lock guards all of this */
    const VirtioModel *model;
    const VirtioTransport *transport;
    unsigned queue_count;

    /* Guest-visible state. */
    uint64_t guest_features;
    uint8_t status;
    uint8_t isr;
    uint16_t config_vector;
    uint32_t config_generation;
    VirtQueue queue[VIRTIO_QUEUES_MAX];

    Timer later;    /* serves queues from the main loop */
    bool broken;    /* derived from status: NEEDS_RESET */
    unsigned stale; /* elements of earlier epochs still with the model */
};

extern const StateField virtio_state[];

/* For a model's realize(). queue sizes are powers of two. */
void virtio_init(VirtioDevice *vdev, Device *dev, const VirtioModel *model,
                 const VirtioTransport *transport);
VirtQueue *virtio_add_queue(VirtioDevice *vdev, uint16_t size);
void virtio_clear(VirtioDevice *vdev);
bool virtio_loaded(VirtioDevice *vdev, GError **errp);

uint64_t virtio_host_features(VirtioDevice *vdev);
static inline bool virtio_has_feature(const VirtioDevice *vdev, uint64_t bit)
{
    return vdev->guest_features & bit;
}
static inline bool virtio_driver_ok(const VirtioDevice *vdev)
{
    return (vdev->status & VIRTIO_STATUS_DRIVER_OK) && !vdev->broken;
}
/* The configuration changed: bump the generation, interrupt. */
void virtio_config_changed(VirtioDevice *vdev);
/* The guest broke a rule: log, set NEEDS_RESET, tell the driver. */
void virtio_error(VirtioDevice *vdev, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ---- Queues
 * --------------------------------------------------------------------- */

/* The next chain, or NULL (none, or the device just broke). Freed by push or
 * virtqueue_drop(). */
VirtioElement *virtqueue_pop(VirtQueue *q);
/* Return a chain; `written` bytes of its in part. Frees it. */
void virtqueue_push(VirtQueue *q, VirtioElement *e, uint32_t written);
/* Forget a chain without returning it (reset). Frees it. */
void virtqueue_drop(VirtQueue *q, VirtioElement *e);
/* Give it back to the driver's ring, to be popped again. The last popped
 * only. Frees it. */
void virtqueue_unpop(VirtQueue *q, VirtioElement *e);
/* Interrupt the driver, if it wants to hear of what was pushed. */
void virtqueue_notify(VirtQueue *q);
bool virtqueue_empty(VirtQueue *q);
/* Bytes that we may write into the chain that pop would give; 0: none. */
size_t virtqueue_room(VirtQueue *q);
static inline unsigned virtqueue_index(const VirtQueue *q)
{
    return q - q->vdev->queue;
}

/* ---- For transports
 * ---------------------------------------------------------------- */

void virtio_set_status(VirtioDevice *vdev, uint8_t status);
/* What the driver reads: not zero while a reset waits. */
uint8_t virtio_get_status(const VirtioDevice *vdev);
/* False (and no FEATURES_OK later) if the driver took what is not offered. */
void virtio_set_features(VirtioDevice *vdev, uint64_t features);
void virtio_reset(VirtioDevice *vdev);
void virtio_config_read(VirtioDevice *vdev, unsigned off, void *buf,
                        unsigned len);
void virtio_config_write(VirtioDevice *vdev, unsigned off, const void *buf,
                         unsigned len);
/* Map the rings; on failure the device breaks. */
void virtqueue_enable(VirtQueue *q);
void virtqueue_disable(VirtQueue *q);
void virtqueue_reset(VirtQueue *q);
/* Have what was popped before the save popped again. */
bool virtqueue_loaded(VirtQueue *q, GError **errp);
/* Legacy layout from one page frame. 2.7.2 */
void virtqueue_set_legacy(VirtQueue *q, uint32_t pfn);
void virtio_queue_kick(VirtioDevice *vdev, unsigned n);

/* Copy between a chain's segments and a buffer; the number of bytes moved. */
size_t virtio_iov_to_buf(const struct iovec *iov, unsigned count, size_t off,
                         void *buf, size_t len);
size_t virtio_iov_from_buf(const struct iovec *iov, unsigned count, size_t off,
                           const void *buf, size_t len);

#endif
