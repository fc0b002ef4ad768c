/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio block device: virtio 1.2, 5.2. A request is a header {type,
 * reserved, sector}, data, and a status byte; each goes straight from the
 * queue to the block back end with the guest's pages as its buffers.
 */
#include "hw/virtio/virtio-blk.h"

#include "block/block.h"
#include "hw/core/drive.h"
#include "hw/virtio/virtio-pci.h"

#include <string.h>

enum {
    BLK_T_IN = 0,
    BLK_T_OUT = 1,
    BLK_T_FLUSH = 4,
    BLK_T_GET_ID = 8,
    BLK_T_DISCARD = 11,
    BLK_T_WRITE_ZEROES = 13,

    BLK_S_OK = 0,
    BLK_S_IOERR = 1,
    BLK_S_UNSUPP = 2,

    BLK_SECTOR = 512,
    BLK_ID_BYTES = 20,
    BLK_HEADER = 16,
    BLK_RANGE = 16, /* discard, write zeroes: u64 sector, u32 count, flags */
    BLK_RANGE_UNMAP = 1,
    BLK_CONFIG_SIZE = 60,
    BLK_DISCARD_MAX = 0x3fffff, /* sectors */
    BLK_SEG_MAX = 254,
    BLK_REQUEST_MAX = INT32_MAX, /* bytes; who asks for more waits too long */
};
#define BLK_F_SEG_MAX (UINT64_C(1) << 2)
#define BLK_F_GEOMETRY (UINT64_C(1) << 4)
#define BLK_F_RO (UINT64_C(1) << 5)
#define BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define BLK_F_FLUSH (UINT64_C(1) << 9)
#define BLK_F_TOPOLOGY (UINT64_C(1) << 10)
#define BLK_F_CONFIG_WCE (UINT64_C(1) << 11)
#define BLK_F_DISCARD (UINT64_C(1) << 13)
#define BLK_F_WRITE_ZEROES (UINT64_C(1) << 14)

typedef struct VirtioBlk {
    VirtioPci parent;

    /* Wiring and properties: fixed once realized. */
    BlockBackend *blk;
    uint32_t logical_block_size, physical_block_size;
    uint32_t queue_size;
    int32_t bootindex;
    char *serial;
    DrivePolicy policy;
    bool attached;
} VirtioBlk;

typedef struct BlkRequest {
    VirtioBlk *dev;
    VirtQueue *queue;
    VirtioElement *element;
    uint32_t written; /* bytes of in part besides the status, on success */
} BlkRequest;

static VirtioBlk *blk_from_vdev(VirtioDevice *vdev)
{
    return container_of(virtio_pci_from_vdev(vdev), VirtioBlk, parent);
}

static VirtioBlk *blk_from_device(Device *dev)
{
    return container_of(virtio_pci_from_device(dev), VirtioBlk, parent);
}

/* ---- Completion
 * ------------------------------------------------------------------- */

/* The status is the in part's last byte. Called with the device's lock. */
static void blk_request_finish(BlkRequest *r, uint8_t status)
{
    VirtioElement *e = r->element;

    virtio_iov_from_buf(e->in, e->in_count, e->in_bytes - 1, &status, 1);
    virtqueue_push(r->queue, e, status == BLK_S_OK ? r->written + 1 : 1);
    virtqueue_notify(r->queue);
    g_free(r);
}

static void blk_request_done(void *opaque, int ret)
{
    BlkRequest *r = opaque;
    GMutex *lock = &r->dev->parent.pci.parent.lock;

    g_mutex_lock(lock);
    blk_request_finish(r, ret < 0 ? BLK_S_IOERR : BLK_S_OK);
    g_mutex_unlock(lock);
}

/* ---- Requests
 * ------------------------------------------------------------------------ */

static void blk_read_write(BlkRequest *r, uint64_t sector, bool write)
{
    VirtioElement *e = r->element;
    g_autofree struct iovec *copy = NULL;
    unsigned count;
    size_t len;

    if (write) {
        /* Everything readable behind the header. */
        copy = g_memdup2(e->out, e->out_count * sizeof(*copy));
        count = e->out_count;
        len = e->out_bytes - BLK_HEADER;
    } else {
        /* Everything writable before the status. */
        copy = g_memdup2(e->in, e->in_count * sizeof(*copy));
        count = e->in_count;
        len = e->in_bytes - 1;
        r->written = len;
    }
    struct iovec *iov = copy;

    if (write) {
        for (size_t skip = BLK_HEADER; skip;) {
            size_t n = MIN(skip, iov->iov_len);

            iov->iov_base = (uint8_t *)iov->iov_base + n;
            iov->iov_len -= n;
            skip -= n;
            if (!iov->iov_len && count > 1) {
                iov++;
                count--;
            }
        }
    } else if (--iov[count - 1].iov_len == 0 && count > 1) {
        count--;
    }
    uint64_t size = blk_size(r->dev->blk);

    if (len % BLK_SECTOR || sector > size / BLK_SECTOR ||
        len > size - sector * BLK_SECTOR || !len || len > BLK_REQUEST_MAX) {
        log_guest_error("virtio-blk: %s of %zu bytes at sector %" PRIu64 "\n",
                        write ? "write" : "read", len, sector);
        blk_request_finish(r, BLK_S_IOERR);
        return;
    }
    blk_submit(r->dev->blk, write ? BLOCK_WRITE : BLOCK_READ,
               sector * BLK_SECTOR, len, iov, count, 0, blk_request_done, r);
}

static void blk_get_id(BlkRequest *r)
{
    char id[BLK_ID_BYTES] = { 0 };
    const char *serial =
        r->dev->serial ? r->dev->serial : blk_serial(r->dev->blk);

    if (serial) {
        memcpy(id, serial, MIN(strlen(serial), sizeof(id)));
    }
    r->written =
        virtio_iov_from_buf(r->element->in, r->element->in_count, 0, id,
                            MIN(sizeof(id), r->element->in_bytes - 1));
    blk_request_finish(r, BLK_S_OK);
}

/* One range each; the configuration space allows no more. */
static void blk_discard_or_zero(BlkRequest *r, bool zero)
{
    struct {
        uint64_t sector;
        uint32_t count, flags;
    } range;
    VirtioElement *e = r->element;

    if (e->out_bytes != BLK_HEADER + BLK_RANGE) {
        blk_request_finish(r, BLK_S_UNSUPP);
        return;
    }
    virtio_iov_to_buf(e->out, e->out_count, BLK_HEADER, &range, sizeof(range));
    uint64_t sector = GUINT64_FROM_LE(range.sector);
    uint64_t count = GUINT32_FROM_LE(range.count);
    uint32_t flags = GUINT32_FROM_LE(range.flags);
    uint64_t sectors = blk_size(r->dev->blk) / BLK_SECTOR;

    if ((flags & ~(zero ? BLK_RANGE_UNMAP : 0u)) || count > BLK_DISCARD_MAX) {
        blk_request_finish(r, BLK_S_UNSUPP);
        return;
    }
    if (sector > sectors || count > sectors - sector || !count) {
        blk_request_finish(r, BLK_S_IOERR);
        return;
    }
    blk_submit(r->dev->blk, zero ? BLOCK_WRITE_ZEROES : BLOCK_DISCARD,
               sector * BLK_SECTOR, count * BLK_SECTOR, NULL, 0,
               flags & BLK_RANGE_UNMAP ? BLOCK_REQ_MAY_UNMAP : 0,
               blk_request_done, r);
}

static void blk_request_start(BlkRequest *r)
{
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;
    VirtioElement *e = r->element;

    virtio_iov_to_buf(e->out, e->out_count, 0, &header, sizeof(header));
    uint32_t type = GUINT32_FROM_LE(header.type);
    bool writes = type == BLK_T_OUT || type == BLK_T_DISCARD ||
                  type == BLK_T_WRITE_ZEROES;

    trace(virtio_blk_request, "type %u sector %" PRIu64, type,
          GUINT64_FROM_LE(header.sector));
    if (writes && blk_read_only(r->dev->blk)) {
        blk_request_finish(r, BLK_S_IOERR);
        return;
    }
    switch (type) {
    case BLK_T_IN:
    case BLK_T_OUT:
        blk_read_write(r, GUINT64_FROM_LE(header.sector), writes);
        break;
    case BLK_T_FLUSH:
        blk_submit(r->dev->blk, BLOCK_FLUSH, 0, 0, NULL, 0, 0, blk_request_done,
                   r);
        break;
    case BLK_T_GET_ID:
        blk_get_id(r);
        break;
    case BLK_T_DISCARD:
    case BLK_T_WRITE_ZEROES:
        blk_discard_or_zero(r, type == BLK_T_WRITE_ZEROES);
        break;
    default:
        blk_request_finish(r, BLK_S_UNSUPP);
        break;
    }
}

static void blk_queue_kicked(VirtioDevice *vdev, unsigned n)
{
    VirtQueue *q = &vdev->queue[n];
    VirtioElement *e;

    while ((e = virtqueue_pop(q))) {
        if (e->out_bytes < BLK_HEADER || e->in_bytes < 1) {
            virtio_error(vdev, "request without header or status");
            virtqueue_drop(q, e);
            return;
        }
        BlkRequest *r = g_new0(BlkRequest, 1);

        *r = (BlkRequest){ blk_from_vdev(vdev), q, e, 0 };
        blk_request_start(r);
    }
}

/* ---- Configuration: 5.2.4
 * ----------------------------------------------------------------- */

static uint64_t blk_get_features(VirtioDevice *vdev)
{
    VirtioBlk *s = blk_from_vdev(vdev);
    uint64_t f = BLK_F_SEG_MAX | BLK_F_GEOMETRY | BLK_F_BLK_SIZE | BLK_F_FLUSH |
                 BLK_F_TOPOLOGY | BLK_F_CONFIG_WCE;

    if (blk_read_only(s->blk)) {
        f |= BLK_F_RO;
    } else {
        f |= BLK_F_WRITE_ZEROES;
        if (blk_discard_enabled(s->blk)) {
            f |= BLK_F_DISCARD;
        }
    }
    return f;
}

static void blk_put(uint8_t *config, unsigned off, unsigned size, uint64_t val)
{
    for (unsigned i = 0; i < size; i++) {
        config[off + i] = val >> (8 * i);
    }
}

static void blk_get_config(VirtioDevice *vdev, uint8_t *config)
{
    VirtioBlk *s = blk_from_vdev(vdev);
    uint64_t sectors = blk_size(s->blk) / BLK_SECTOR;
    unsigned exponent = 0;

    while (s->logical_block_size << exponent < s->physical_block_size) {
        exponent++;
    }
    blk_put(config, 0, 8, sectors);
    blk_put(config, 12, 4, MIN(BLK_SEG_MAX, MAX(s->queue_size, 3) - 2));
    blk_put(config, 16, 2, MIN(sectors / (16 * 63), 65535)); /* cylinders */
    blk_put(config, 18, 1, 16);
    blk_put(config, 19, 1, 63);
    blk_put(config, 20, 4, s->logical_block_size);
    blk_put(config, 24, 1, exponent);
    blk_put(config, 32, 1, blk_write_cache(s->blk));
    blk_put(config, 36, 4, BLK_DISCARD_MAX);
    blk_put(config, 40, 4, 1); /* one range a request */
    blk_put(config, 44, 4, s->logical_block_size / BLK_SECTOR);
    blk_put(config, 48, 4, BLK_DISCARD_MAX);
    blk_put(config, 52, 4, 1);
    blk_put(config, 56, 1, 1); /* zeroing may unmap */
}

static void blk_set_config(VirtioDevice *vdev, const uint8_t *config,
                           unsigned off, unsigned len)
{
    if (off <= 32 && off + len > 32) {
        blk_set_write_cache(blk_from_vdev(vdev)->blk, config[32] & 1);
    }
}

/* A driver that does not know flushes gets write-through. 5.2.5.1 */
static void blk_driver_ok(VirtioDevice *vdev)
{
    if (!(vdev->guest_features & (BLK_F_FLUSH | BLK_F_CONFIG_WCE))) {
        blk_set_write_cache(blk_from_vdev(vdev)->blk, false);
    }
}

/* A request that waits for cont would write memory that is somebody else's by
 * then. */
static void blk_reset_vdev(VirtioDevice *vdev)
{
    blk_cancel_held(blk_from_vdev(vdev)->blk);
}

static const VirtioModel blk_model = {
    .id = VIRTIO_ID_BLOCK,
    .config_size = BLK_CONFIG_SIZE,
    .get_features = blk_get_features,
    .get_config = blk_get_config,
    .set_config = blk_set_config,
    .queue_kicked = blk_queue_kicked,
    .driver_ok = blk_driver_ok,
    .reset = blk_reset_vdev,
};

/* ---- Life
 * ------------------------------------------------------------------------------------
 */

static void blk_media_changed(void *opaque, bool loaded)
{
    VirtioBlk *s = opaque;
    GMutex *lock = &s->parent.pci.parent.lock;

    g_mutex_lock(lock);
    virtio_config_changed(&s->parent.vdev); /* the size */
    g_mutex_unlock(lock);
}

static const BlockDeviceOps blk_device_ops = {
    .media_changed = blk_media_changed,
};

static bool blk_block_size_valid(uint32_t size)
{
    return size >= BLK_SECTOR && size <= 32768 && !(size & (size - 1));
}

static bool blk_realize(Device *dev, GError **errp)
{
    VirtioBlk *s = blk_from_device(dev);

    if (!s->blk) {
        return emu_fail(errp, EMU_ERROR_INVALID, "drive property not set");
    }
    if (!blk_present(s->blk)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "device needs media, but drive is empty");
    }
    if (!blk_block_size_valid(s->logical_block_size) ||
        !blk_block_size_valid(s->physical_block_size) ||
        s->physical_block_size < s->logical_block_size ||
        (s->queue_size & (s->queue_size - 1))) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "block and queue sizes must be powers of two, blocks "
                        "512 to 32768 bytes, the logical one not larger");
    }
    if (!drive_policy_apply(&s->policy, s->blk, errp) ||
        !blk_attach(s->blk, &blk_device_ops, s, dev->id, errp)) {
        return false;
    }
    s->attached = true;
    virtio_pci_init(&s->parent, &blk_model);
    virtio_add_queue(&s->parent.vdev, s->queue_size);
    return virtio_pci_finish(&s->parent, errp);
}

static void blk_unrealize(Device *dev)
{
    VirtioBlk *s = blk_from_device(dev);

    if (s->attached) {
        blk_drain(s->blk);
        blk_detach(s->blk);
        s->attached = false;
    }
    virtio_pci_unrealize(&s->parent);
}

static void blk_reset(Device *dev)
{
    virtio_pci_reset(virtio_pci_from_device(dev));
}

static bool blk_loaded(Device *dev, GError **errp)
{
    return virtio_pci_loaded(virtio_pci_from_device(dev), errp);
}

static const Property blk_props[] = {
    VIRTIO_PCI_PROPS(VirtioBlk, parent, 2),
    DEFINE_PROP_DRIVE("drive", VirtioBlk, blk, "the disk's back end"),
    DEFINE_PROP_U32("logical_block_size", VirtioBlk, logical_block_size, 512,
                    512, 32768, "bytes of the smallest request"),
    DEFINE_PROP_U32("physical_block_size", VirtioBlk, physical_block_size, 512,
                    512, 32768, "bytes that the disk likes best"),
    DEFINE_PROP_U32("queue-size", VirtioBlk, queue_size, 256, 2,
                    VIRTIO_QUEUE_SIZE_MAX, "entries of the queue"),
    DRIVE_POLICY_PROPS(VirtioBlk, policy),
    DEFINE_PROP_STRING("serial", VirtioBlk, serial, NULL, "serial number"),
    DEFINE_PROP_BOOTINDEX(VirtioBlk, bootindex),
    {},
};

static const StateField blk_state[] = {
    VIRTIO_PCI_STATE(VirtioBlk, parent),
    {},
};

static const char *const blk_aliases[] = { "virtio-blk", NULL };

const PciClass virtio_blk_pci_class = {
    .device = {
        .name = "virtio-blk-pci",
        .aliases = blk_aliases,
        .summary = "virtio block device",
        .bus = BUS_PCI,
        .size = sizeof(VirtioBlk),
        .props = blk_props,
        .state = blk_state,
        .realize = blk_realize,
        .unrealize = blk_unrealize,
        .reset = blk_reset,
        .loaded = blk_loaded,
        .boot_suffix = "/disk@0,0",
    },
    VIRTIO_PCI_CLASS_ID(0x1001, VIRTIO_ID_BLOCK, 0x0100),
};
