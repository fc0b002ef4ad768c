/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio over PCI: the modern interface (virtio 1.2, 4.1) in BAR 4, found
 * through vendor capabilities, the legacy one (4.1.4.10 and 4.1.5.1.1.2) in
 * the ports of BAR 0, MSI-X in BAR 1.
 *
 * A register file is a table of fields: offset, size, get, set. The core's
 * access sizes make partial accesses whole.
 */
#include "hw/virtio/virtio-pci.h"

#include "util/span.h"

#include <inttypes.h>
#include <string.h>

enum {
    BAR_LEGACY = 0,
    BAR_MSIX = 1,
    BAR_MODERN = 4,

    MODERN_COMMON = 0x0000, /* offsets in BAR 4 */
    MODERN_ISR = 0x1000,
    MODERN_CONFIG = 0x2000,
    MODERN_NOTIFY = 0x3000,
    MODERN_PART = 0x1000,
    MODERN_SIZE = 0x4000,
    NOTIFY_MULTIPLIER = 4,

    CAP_COMMON = 1, /* cfg_type */
    CAP_NOTIFY = 2,
    CAP_ISR = 3,
    CAP_DEVICE = 4,
    CAP_SIZE = 16,
    CAP_NOTIFY_SIZE = 20,

    LEGACY_NOTIFY = 0x10,
    LEGACY_CONFIG = 0x14, /* 18h with MSI-X enabled */
    LEGACY_CONFIG_MSIX = 0x18,

    ISR_QUEUE = 1,
    ISR_CONFIG = 2,
};

static VirtQueue *virtio_pci_queue(VirtioPci *p)
{
    return p->queue_select < p->vdev.queue_count
               ? &p->vdev.queue[p->queue_select]
               : NULL;
}

/* ---- Interrupts
 * ---------------------------------------------------------------- */

static void virtio_pci_interrupt(VirtioPci *p, uint8_t isr, uint16_t vector)
{
    if (pci_msix_enabled(&p->pci)) {
        if (vector != VIRTIO_NO_VECTOR) {
            pci_msix_notify(&p->pci, vector);
        }
        return;
    }
    p->vdev.isr |= isr;
    pci_set_intx(&p->pci, true);
}

static void virtio_pci_notify_queue(VirtioDevice *vdev, unsigned n)
{
    virtio_pci_interrupt(virtio_pci_from_vdev(vdev), ISR_QUEUE,
                         vdev->queue[n].vector);
}

static void virtio_pci_notify_config(VirtioDevice *vdev)
{
    virtio_pci_interrupt(virtio_pci_from_vdev(vdev), ISR_CONFIG | ISR_QUEUE,
                         vdev->config_vector);
}

const VirtioTransport virtio_pci_transport = {
    .notify_queue = virtio_pci_notify_queue,
    .notify_config = virtio_pci_notify_config,
};

static uint8_t virtio_pci_read_isr(VirtioPci *p)
{
    uint8_t isr = p->vdev.isr;

    p->vdev.isr = 0;
    pci_set_intx(&p->pci, false);
    return isr;
}

/* What the driver asked for, if there is such a vector. */
static uint16_t virtio_pci_vector(const VirtioPci *p, uint64_t val)
{
    return val < p->pci.msix_vectors ? val : VIRTIO_NO_VECTOR;
}

static void virtio_pci_set_status(VirtioPci *p, uint8_t status)
{
    virtio_set_status(&p->vdev, status);
    if (!status) {
        p->guest_features_new = 0;
        p->queue_select = 0;
        pci_set_intx(&p->pci, false);
    }
}

/* ---- The modern common configuration: 4.1.4.3
 * ------------------------------------- */

typedef struct VirtioPciField {
    uint16_t off;
    uint8_t size;
    uint64_t (*get)(VirtioPci *p);
    void (*set)(VirtioPci *p, uint64_t val);
} VirtioPciField;

#define FIELD_GET(name, expr)                                                  \
    static uint64_t common_get_##name(VirtioPci *p)                            \
    {                                                                          \
        return (expr);                                                         \
    }
#define FIELD_SET(name, statement)                                             \
    static void common_set_##name(VirtioPci *p, uint64_t val)                  \
    {                                                                          \
        statement;                                                             \
    }
/* Fields of the selected queue: 0 and ignored if there is none. */
#define QUEUE_GET(name, expr)                                                  \
    static uint64_t common_get_##name(VirtioPci *p)                            \
    {                                                                          \
        VirtQueue *q = virtio_pci_queue(p);                                    \
                                                                               \
        return q ? (expr) : 0;                                                 \
    }
#define QUEUE_SET(name, statement)                                             \
    static void common_set_##name(VirtioPci *p, uint64_t val)                  \
    {                                                                          \
        VirtQueue *q = virtio_pci_queue(p);                                    \
                                                                               \
        if (q) {                                                               \
            statement;                                                         \
        }                                                                      \
    }

static uint32_t feature_half(uint64_t features, uint32_t select)
{
    return select < 2 ? features >> (32 * select) : 0;
}

FIELD_GET(device_feature_select, p->host_feature_select)
FIELD_SET(device_feature_select, p->host_feature_select = val)
FIELD_GET(device_feature, feature_half(virtio_host_features(&p->vdev) &
                                           ~VIRTIO_F_NOTIFY_ON_EMPTY,
                                       p->host_feature_select))
FIELD_GET(driver_feature_select, p->guest_feature_select)
FIELD_SET(driver_feature_select, p->guest_feature_select = val)
FIELD_GET(driver_feature,
          feature_half(p->guest_features_new, p->guest_feature_select))

static void common_set_driver_feature(VirtioPci *p, uint64_t val)
{
    unsigned shift = 32 * p->guest_feature_select;

    if (p->guest_feature_select < 2) {
        p->guest_features_new &= ~(UINT64_C(0xffffffff) << shift);
        p->guest_features_new |= (val & 0xffffffff) << shift;
        virtio_set_features(&p->vdev, p->guest_features_new);
    }
}

FIELD_GET(config_vector, p->vdev.config_vector)
FIELD_SET(config_vector, p->vdev.config_vector = virtio_pci_vector(p, val))
FIELD_GET(num_queues, p->vdev.queue_count)
FIELD_GET(status, virtio_get_status(&p->vdev))

static void common_set_status(VirtioPci *p, uint64_t val)
{
    /* 2.2.2: FEATURES_OK does not stick if the choice is impossible. */
    if ((val & VIRTIO_STATUS_FEATURES_OK) &&
        (p->guest_features_new != p->vdev.guest_features ||
         !virtio_has_feature(&p->vdev, VIRTIO_F_VERSION_1))) {
        val &= ~(uint64_t)VIRTIO_STATUS_FEATURES_OK;
    }
    virtio_pci_set_status(p, val);
}

FIELD_GET(generation, p->vdev.config_generation & 0xff)
FIELD_GET(queue_select, p->queue_select)
FIELD_SET(queue_select, p->queue_select = val)
QUEUE_GET(queue_size, q->size)

static void common_set_queue_size(VirtioPci *p, uint64_t val)
{
    VirtQueue *q = virtio_pci_queue(p);

    if (!q || q->enabled || val > q->size_max || (val & (val - 1))) {
        log_guest_error("%s: queue size %" PRIu64 " refused\n",
                        p->pci.parent.class->name, val);
        return;
    }
    q->size = val;
}

QUEUE_GET(queue_vector, q->vector)
QUEUE_SET(queue_vector, q->vector = virtio_pci_vector(p, val))
QUEUE_GET(queue_enable, q->enabled)
QUEUE_SET(
    queue_enable, if (val == 1) { virtqueue_enable(q); })
QUEUE_GET(queue_notify_off, virtqueue_index(q))

static uint64_t half_set(uint64_t old, bool high, uint64_t val)
{
    return high ? (old & 0xffffffff) | val << 32
                : (old & ~UINT64_C(0xffffffff)) | (val & 0xffffffff);
}

QUEUE_GET(desc_low, q->desc & 0xffffffff)
QUEUE_GET(desc_high, q->desc >> 32)
QUEUE_SET(desc_low, q->desc = half_set(q->desc, false, val))
QUEUE_SET(desc_high, q->desc = half_set(q->desc, true, val))
QUEUE_GET(avail_low, q->avail & 0xffffffff)
QUEUE_GET(avail_high, q->avail >> 32)
QUEUE_SET(avail_low, q->avail = half_set(q->avail, false, val))
QUEUE_SET(avail_high, q->avail = half_set(q->avail, true, val))
QUEUE_GET(used_low, q->used & 0xffffffff)
QUEUE_GET(used_high, q->used >> 32)
QUEUE_SET(used_low, q->used = half_set(q->used, false, val))
QUEUE_SET(used_high, q->used = half_set(q->used, true, val))

#define RW(off, size, name)                                                    \
    {                                                                          \
        off, size, common_get_##name, common_set_##name                        \
    }
#define RO(off, size, name)                                                    \
    {                                                                          \
        off, size, common_get_##name, NULL                                     \
    }
/* clang-format off */
static const VirtioPciField common_fields[] = {
    RW(0x00, 4, device_feature_select),
    RO(0x04, 4, device_feature),
    RW(0x08, 4, driver_feature_select),
    RW(0x0c, 4, driver_feature),
    RW(0x10, 2, config_vector),
    RO(0x12, 2, num_queues),
    RW(0x14, 1, status),
    RO(0x15, 1, generation),
    RW(0x16, 2, queue_select),
    RW(0x18, 2, queue_size),
    RW(0x1a, 2, queue_vector),
    RW(0x1c, 2, queue_enable),
    RO(0x1e, 2, queue_notify_off),
    RW(0x20, 4, desc_low),
    RW(0x24, 4, desc_high),
    RW(0x28, 4, avail_low),
    RW(0x2c, 4, avail_high),
    RW(0x30, 4, used_low),
    RW(0x34, 4, used_high),
    {},
};
/* clang-format on */

static const VirtioPciField *field_find(const VirtioPciField *fields,
                                        hwaddr off, unsigned size)
{
    for (const VirtioPciField *f = fields; f->get; f++) {
        if (f->off == off && f->size == size) {
            return f;
        }
    }
    return NULL;
}

static bool common_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    const VirtioPciField *f = field_find(common_fields, off, size);

    if (!f) {
        *val = 0;
        return true;
    }
    *val = f->get(opaque);
    return true;
}

static bool common_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    const VirtioPciField *f = field_find(common_fields, off, size);

    if (!f || !f->set) {
        log_guest_error("virtio: %u-byte write to common register %" PRIx64
                        "\n",
                        size, off);
        return true;
    }
    f->set(opaque, val);
    return true;
}

/* ---- The other modern parts
 * ------------------------------------------------------------ */

static bool isr_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    *val = off == 0 ? virtio_pci_read_isr(opaque) : 0;
    return true;
}

static bool ignore_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    return true;
}

static bool config_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    VirtioPci *p = opaque;
    uint8_t buf[8];

    virtio_config_read(&p->vdev, off, buf, size);
    *val = 0;
    memcpy(val, buf, size);
    *val = GUINT64_FROM_LE(*val);
    return true;
}

static bool config_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    VirtioPci *p = opaque;

    val = GUINT64_TO_LE(val);
    virtio_config_write(&p->vdev, off, &val, size);
    return true;
}

static bool notify_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    *val = 0;
    return true;
}

static bool notify_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    VirtioPci *p = opaque;

    virtio_queue_kick(&p->vdev, off / NOTIFY_MULTIPLIER);
    return true;
}

static const MemoryOps common_ops = {
    .read = common_read,
    .write = common_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 4 },
};
static const MemoryOps isr_ops = {
    .read = isr_read,
    .write = ignore_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 4 },
};
static const MemoryOps config_ops = {
    .read = config_read,
    .write = config_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 4 },
};
static const MemoryOps notify_ops = {
    .read = notify_read,
    .write = notify_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 4 },
};

/* ---- The legacy interface
 * ------------------------------------------------------------------ */

static unsigned legacy_config_start(const VirtioPci *p)
{
    return pci_msix_enabled(&p->pci) ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
}

static uint64_t legacy_get_features(VirtioPci *p)
{
    return virtio_host_features(&p->vdev) & 0xffffffff;
}

static uint64_t legacy_get_guest_features(VirtioPci *p)
{
    return p->vdev.guest_features & 0xffffffff;
}

static void legacy_set_guest_features(VirtioPci *p, uint64_t val)
{
    virtio_set_features(&p->vdev, val & 0xffffffff);
}

QUEUE_GET(pfn, q->desc >> PAGE_BITS)
QUEUE_SET(pfn, virtqueue_set_legacy(q, val))

static uint64_t legacy_get_zero(VirtioPci *p)
{
    return 0;
}

static void legacy_set_notify(VirtioPci *p, uint64_t val)
{
    virtio_queue_kick(&p->vdev, val);
}

static void legacy_set_status(VirtioPci *p, uint64_t val)
{
    virtio_pci_set_status(p, val);
}

static uint64_t legacy_get_isr(VirtioPci *p)
{
    return virtio_pci_read_isr(p);
}

/* clang-format off */
static const VirtioPciField legacy_fields[] = {
    { 0x00, 4, legacy_get_features, NULL },
    { 0x04, 4, legacy_get_guest_features, legacy_set_guest_features },
    RW(0x08, 4, pfn),
    RO(0x0c, 2, queue_size),
    RW(0x0e, 2, queue_select),
    { LEGACY_NOTIFY, 2, legacy_get_zero, legacy_set_notify },
    { 0x12, 1, common_get_status, legacy_set_status },
    { 0x13, 1, legacy_get_isr, NULL },
    RW(0x14, 2, config_vector), /* with MSI-X only */
    RW(0x16, 2, queue_vector),
    {},
};
/* clang-format on */

static bool legacy_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    VirtioPci *p = opaque;
    unsigned start = legacy_config_start(p);

    if (off >= start) {
        return config_read(p, off - start, size, val);
    }
    const VirtioPciField *f = field_find(legacy_fields, off, size);

    *val = f ? f->get(p) : UINT64_MAX;
    return true;
}

static bool legacy_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    VirtioPci *p = opaque;
    unsigned start = legacy_config_start(p);

    if (off >= start) {
        return config_write(p, off - start, size, val);
    }
    const VirtioPciField *f = field_find(legacy_fields, off, size);

    if (!f || !f->set) {
        log_guest_error("%s: %u-byte write to legacy register %" PRIx64 "\n",
                        p->pci.parent.class->name, size, off);
        return true;
    }
    f->set(p, val);
    return true;
}

static const MemoryOps legacy_ops = {
    .read = legacy_read,
    .write = legacy_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 4 },
};

/* ---- Realize
 * ---------------------------------------------------------------------------------
 */

void virtio_pci_init(VirtioPci *p, const VirtioModel *model)
{
    virtio_init(&p->vdev, &p->pci.parent, model, &virtio_pci_transport);
}

/* Vendor capability: where in BAR 4 a part is. 4.1.4 */
static bool virtio_pci_add_cap(VirtioPci *p, uint8_t type, uint8_t size,
                               uint32_t off, uint32_t len, GError **errp)
{
    uint8_t at = pci_add_capability(&p->pci, PCI_CAP_VENDOR, size);

    if (!at) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE,
                        "no room for a virtio capability");
    }
    p->pci.config[at + 2] = size;
    p->pci.config[at + 3] = type;
    p->pci.config[at + 4] = BAR_MODERN;
    pci_set32(&p->pci, at + 8, off);
    pci_set32(&p->pci, at + 12, len);
    if (type == CAP_NOTIFY) {
        pci_set32(&p->pci, at + 16, NOTIFY_MULTIPLIER);
    }
    return true;
}

/* A kick is a doorbell: 16 bits with the queue's number. 4.1.5.2 */
static void virtio_pci_set_bells(VirtioPci *p, MemoryRegion *r, Doorbell *bells,
                                 hwaddr off, hwaddr step)
{
    for (unsigned n = 0; n < p->vdev.queue_count; n++) {
        bells[n] = (Doorbell){ .off = off + n * step, .size = 2, .value = n };
    }
    region_set_doorbells(r, bells, p->vdev.queue_count);
}

static void virtio_pci_add_part(VirtioPci *p, MemoryRegion *r, const char *name,
                                const MemoryOps *ops, uint32_t off)
{
    region_init_io(r, name, MODERN_PART, ops, p, &p->pci.parent.lock);
    if (r == &p->notify) {
        virtio_pci_set_bells(p, r, p->bells, 0, NOTIFY_MULTIPLIER);
    }
    region_add(&p->modern_bar, off, r);
}

static bool virtio_pci_add_modern(VirtioPci *p, GError **errp)
{
    region_init_container(&p->modern_bar, "virtio-pci", MODERN_SIZE);
    virtio_pci_add_part(p, &p->common, "virtio-pci-common", &common_ops,
                        MODERN_COMMON);
    virtio_pci_add_part(p, &p->isr, "virtio-pci-isr", &isr_ops, MODERN_ISR);
    virtio_pci_add_part(p, &p->config, "virtio-pci-device", &config_ops,
                        MODERN_CONFIG);
    virtio_pci_add_part(p, &p->notify, "virtio-pci-notify", &notify_ops,
                        MODERN_NOTIFY);
    pci_add_bar(&p->pci, BAR_MODERN, PCI_BAR_MEM64_PREFETCH, &p->modern_bar,
                MODERN_SIZE);
    return virtio_pci_add_cap(p, CAP_COMMON, CAP_SIZE, MODERN_COMMON,
                              MODERN_PART, errp) &&
           virtio_pci_add_cap(p, CAP_ISR, CAP_SIZE, MODERN_ISR, MODERN_PART,
                              errp) &&
           virtio_pci_add_cap(p, CAP_DEVICE, CAP_SIZE, MODERN_CONFIG,
                              MODERN_PART, errp) &&
           virtio_pci_add_cap(p, CAP_NOTIFY, CAP_NOTIFY_SIZE, MODERN_NOTIFY,
                              MODERN_PART, errp);
}

static void virtio_pci_add_legacy(VirtioPci *p)
{
    unsigned size = LEGACY_CONFIG_MSIX + p->vdev.model->config_size;
    unsigned rounded = 32;

    while (rounded < size) {
        rounded <<= 1;
    }
    region_init_io(&p->legacy, "virtio-pci-legacy", rounded, &legacy_ops, p,
                   &p->pci.parent.lock);
    virtio_pci_set_bells(p, &p->legacy, p->legacy_bells, LEGACY_NOTIFY, 0);
    pci_add_bar(&p->pci, BAR_LEGACY, PCI_BAR_IO, &p->legacy, rounded);
}

bool virtio_pci_finish(VirtioPci *p, GError **errp)
{
    bool legacy = p->disable_legacy != 1;

    if (!legacy && p->disable_modern) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "disable-legacy and disable-modern leave no interface");
    }
    if (!legacy) {
        /* 4.1.2.1: the modern id, revision 1. */
        pci_set16(&p->pci, PCI_DEVICE_ID, 0x1040 + p->vdev.model->id);
        pci_set16(&p->pci, PCI_SUBSYSTEM_ID, 0x1100);
        p->pci.config[PCI_REVISION_ID] = 1;
    }
    pci_set_interrupt_pin(&p->pci, 1);
    if (p->vectors) {
        region_init_container(&p->msix_bar, "virtio-pci-msix", 0x1000);
        pci_add_bar(&p->pci, BAR_MSIX, PCI_BAR_MEM32, &p->msix_bar, 0x1000);
        if (!pci_msix_init(&p->pci, p->vectors, BAR_MSIX, &p->msix_bar, 0,
                           0x800, errp)) {
            return false;
        }
    }
    if (!p->disable_modern && !virtio_pci_add_modern(p, errp)) {
        return false;
    }
    if (legacy) {
        virtio_pci_add_legacy(p);
    }
    return true;
}

void virtio_pci_unrealize(VirtioPci *p)
{
    virtio_clear(&p->vdev);
    region_clear(&p->common);
    region_clear(&p->isr);
    region_clear(&p->config);
    region_clear(&p->notify);
    region_clear(&p->modern_bar);
    region_clear(&p->msix_bar);
    region_clear(&p->legacy);
}

void virtio_pci_reset(VirtioPci *p)
{
    virtio_reset(&p->vdev);
    p->host_feature_select = 0;
    p->guest_feature_select = 0;
    p->queue_select = 0;
    p->guest_features_new = 0;
    pci_device_reset(&p->pci);
}

bool virtio_pci_loaded(VirtioPci *p, GError **errp)
{
    pci_device_loaded(&p->pci);
    return virtio_loaded(&p->vdev, errp);
}

const StateField virtio_pci_state[] = {
    STATE_STRUCT(VirtioPci, pci, pci_device_state),
    STATE_STRUCT(VirtioPci, vdev, virtio_state),
    STATE_U32(VirtioPci, host_feature_select),
    STATE_U32(VirtioPci, guest_feature_select),
    STATE_U16(VirtioPci, queue_select),
    STATE_U64(VirtioPci, guest_features_new),
    {},
};
