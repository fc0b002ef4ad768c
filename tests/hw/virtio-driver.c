/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver's side of virtio, see virtio-driver.h. */
#include "tests/hw/virtio-driver.h"

#include <string.h>

enum {
    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    CAP_COMMON = 1,
    CAP_NOTIFY = 2,
    CAP_ISR = 3,
    CAP_DEVICE = 4,
    MSIX_DATA = 0x40,
};

uint16_t virt_ram16(Hw *hw, hwaddr addr)
{
    return hw->ram->host[addr] | hw->ram->host[addr + 1] << 8;
}

void virt_ram16_set(Hw *hw, hwaddr addr, uint16_t val)
{
    hw->ram->host[addr] = val;
    hw->ram->host[addr + 1] = val >> 8;
}

static void virt_store(VirtDriver *d, hwaddr addr, unsigned size, uint64_t val)
{
    space_store(d->legacy ? d->hw->env.io : d->hw->env.memory, addr, size, val);
}

static uint64_t virt_load(VirtDriver *d, hwaddr addr, unsigned size)
{
    uint64_t val = 0;

    space_load(d->legacy ? d->hw->env.io : d->hw->env.memory, addr, size, &val);
    return val;
}

/* ---- Finding it -------------------------------------------------------- */

static void virt_find_parts(VirtDriver *d)
{
    hwaddr *parts[] = { [CAP_COMMON] = &d->common,
                        [CAP_NOTIFY] = &d->notify,
                        [CAP_ISR] = &d->isr,
                        [CAP_DEVICE] = &d->config };
    unsigned at = hw_config_read(d->hw, d->devfn, PCI_CAP_POINTER, 1);

    for (; at; at = hw_config_read(d->hw, d->devfn, at + 1, 1)) {
        unsigned type = hw_config_read(d->hw, d->devfn, at + 3, 1);

        if (hw_config_read(d->hw, d->devfn, at, 1) != PCI_CAP_VENDOR ||
            type >= G_N_ELEMENTS(parts) || !parts[type]) {
            continue;
        }
        g_assert_cmpuint(hw_config_read(d->hw, d->devfn, at + 4, 1), ==, 4);
        *parts[type] =
            VIRT_MODERN_BAR + hw_config_read(d->hw, d->devfn, at + 8, 4);
        if (type == CAP_NOTIFY) {
            d->notify_multiplier = hw_config_read(d->hw, d->devfn, at + 16, 4);
        }
    }
    g_assert(d->common && d->notify && d->isr && d->config);
}

void virt_init(VirtDriver *d, Hw *hw, bool legacy)
{
    *d = (VirtDriver){ .hw = hw,
                       .devfn = PCI_DEVFN(VIRT_SLOT, 0),
                       .legacy = legacy };
    g_assert_cmphex(hw_config_read(hw, d->devfn, PCI_VENDOR_ID, 2), ==, 0x1af4);
    hw_config_write(hw, d->devfn, PCI_BAR0, 4, VIRT_LEGACY_PORT);
    hw_config_write(hw, d->devfn, PCI_BAR0 + 4, 4, VIRT_MSIX_BAR);
    hw_config_write(hw, d->devfn, PCI_BAR0 + 16, 4, VIRT_MODERN_BAR);
    hw_config_write(hw, d->devfn, PCI_BAR0 + 20, 4, 0);
    hw_config_write(hw, d->devfn, PCI_COMMAND, 2, 7);
    if (!legacy) {
        virt_find_parts(d);
    }
}

static unsigned virt_find_msix(VirtDriver *d)
{
    unsigned at = hw_config_read(d->hw, d->devfn, PCI_CAP_POINTER, 1);

    while (at && hw_config_read(d->hw, d->devfn, at, 1) != PCI_CAP_MSIX) {
        at = hw_config_read(d->hw, d->devfn, at + 1, 1);
    }
    g_assert(at);
    return at;
}

void virt_enable_msix(VirtDriver *d)
{
    unsigned at = virt_find_msix(d);
    unsigned vectors = (hw_config_read(d->hw, d->devfn, at + 2, 2) & 0x7ff) + 1;

    for (unsigned i = 0; i < vectors; i++) {
        hwaddr entry = VIRT_MSIX_BAR + 16 * i;

        hw_writel(d->hw, entry, 0xfee00000);
        hw_writel(d->hw, entry + 8, MSIX_DATA + i);
        hw_writel(d->hw, entry + 12, 0);
    }
    hw_config_write(d->hw, d->devfn, at + 2, 2, 0x8000);
    d->msix = true;
}

/* ---- Status, features, configuration ----------------------------------- */

void virt_set_status(VirtDriver *d, uint8_t status)
{
    virt_store(
        d, d->legacy ? VIRT_LEGACY_PORT + 0x12 : d->common + VIRT_COMMON_STATUS,
        1, status);
}

uint8_t virt_status(VirtDriver *d)
{
    return virt_load(
        d, d->legacy ? VIRT_LEGACY_PORT + 0x12 : d->common + VIRT_COMMON_STATUS,
        1);
}

uint8_t virt_read_isr(VirtDriver *d)
{
    return virt_load(d, d->legacy ? VIRT_LEGACY_PORT + 0x13 : d->isr, 1);
}

uint64_t virt_offered(VirtDriver *d)
{
    if (d->legacy) {
        return virt_load(d, VIRT_LEGACY_PORT, 4);
    }
    virt_store(d, d->common, 4, 0);
    uint64_t low = virt_load(d, d->common + 4, 4);

    virt_store(d, d->common, 4, 1);
    return low | virt_load(d, d->common + 4, 4) << 32;
}

static void virt_set_features(VirtDriver *d, uint64_t features)
{
    if (d->legacy) {
        virt_store(d, VIRT_LEGACY_PORT + 4, 4, features);
        return;
    }
    for (unsigned half = 0; half < 2; half++) {
        virt_store(d, d->common + 8, 4, half);
        virt_store(d, d->common + 12, 4, features >> (32 * half));
    }
}

uint8_t virt_negotiate(VirtDriver *d, uint64_t want)
{
    virt_set_status(d, 0);
    virt_set_status(d, STATUS_ACKNOWLEDGE);
    virt_set_status(d, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    d->features = want & virt_offered(d);
    virt_set_features(d, d->features);
    if (!d->legacy) {
        virt_set_status(d, STATUS_ACKNOWLEDGE | STATUS_DRIVER |
                               STATUS_FEATURES_OK);
    }
    if (d->msix && !d->legacy) {
        virt_store(d, d->common + 0x10, 2, 0);
    }
    return virt_status(d);
}

void virt_driver_ok(VirtDriver *d)
{
    virt_set_status(d, virt_status(d) | STATUS_DRIVER_OK);
}

static hwaddr virt_config_base(VirtDriver *d)
{
    return d->legacy ? VIRT_LEGACY_PORT + (d->msix ? 0x18 : 0x14) : d->config;
}

uint64_t virt_config(VirtDriver *d, unsigned off, unsigned size)
{
    return virt_load(d, virt_config_base(d) + off, size);
}

void virt_set_config(VirtDriver *d, unsigned off, unsigned size, uint64_t val)
{
    virt_store(d, virt_config_base(d) + off, size, val);
}

/* ---- Rings ------------------------------------------------------------- */

static void virt_ring_tell(VirtRing *r)
{
    VirtDriver *d = r->driver;
    hwaddr addr[3] = { r->desc, r->avail, r->used };

    if (d->legacy) {
        virt_store(d, VIRT_LEGACY_PORT + 0x0e, 2, r->n);
        virt_store(d, VIRT_LEGACY_PORT + 0x08, 4, r->desc >> PAGE_BITS);
        return;
    }
    virt_store(d, d->common + 0x16, 2, r->n);
    virt_store(d, d->common + VIRT_COMMON_QUEUE_SIZE, 2, r->size);
    for (unsigned i = 0; i < 3; i++) {
        virt_store(d, d->common + 0x20 + 8 * i, 4, addr[i]);
        virt_store(d, d->common + 0x24 + 8 * i, 4, addr[i] >> 32);
    }
    if (d->msix) {
        virt_store(d, d->common + 0x1a, 2, 1 + r->n);
    }
    virt_store(d, d->common + 0x1c, 2, 1);
}

/* The legacy layout serves both. 2.7.2 */
void virt_ring_init(VirtRing *r, VirtDriver *d, unsigned n, unsigned size)
{
    if (d->legacy) {
        virt_store(d, VIRT_LEGACY_PORT + 0x0e, 2, n);
        size = virt_load(d, VIRT_LEGACY_PORT + 0x0c, 2);
    }
    *r = (VirtRing){ .driver = d, .n = n, .size = size };
    r->desc = VIRT_RINGS + n * VIRT_RING_BYTES;
    r->avail = r->desc + 16 * size;
    r->used = (r->avail + 6 + 2 * size + 4095) & ~(hwaddr)4095;
    memset(d->hw->ram->host + r->desc, 0, VIRT_RING_BYTES);
    virt_ring_tell(r);
}

static void virt_put_desc(Hw *hw, hwaddr at, hwaddr addr, uint32_t len,
                          uint16_t flags, uint16_t next)
{
    uint8_t *p = hw->ram->host + at;

    addr = GUINT64_TO_LE(addr);
    len = GUINT32_TO_LE(len);
    memcpy(p, &addr, 8);
    memcpy(p + 8, &len, 4);
    virt_ram16_set(hw, at + 12, flags);
    virt_ram16_set(hw, at + 14, next);
}

void virt_desc(VirtRing *r, unsigned i, hwaddr addr, uint32_t len,
               uint16_t flags, uint16_t next)
{
    virt_put_desc(r->driver->hw, r->desc + 16 * i, addr, len, flags, next);
}

static uint16_t virt_flags(const VirtBuffer *buf, bool last)
{
    return (buf->write ? VIRT_DESC_WRITE : 0) | (last ? 0 : VIRT_DESC_NEXT);
}

void virt_publish(VirtRing *r, unsigned head)
{
    Hw *hw = r->driver->hw;

    virt_ram16_set(hw, r->avail + 4 + 2 * (r->avail_index % r->size), head);
    virt_ram16_set(hw, r->avail + 2, ++r->avail_index);
}

unsigned virt_add(VirtRing *r, const VirtBuffer *buf, unsigned count)
{
    unsigned head = r->next_desc;

    for (unsigned i = 0; i < count; i++) {
        unsigned at = r->next_desc;

        r->next_desc = (at + 1) % r->size;
        virt_desc(r, at, buf[i].addr, buf[i].len,
                  virt_flags(&buf[i], i + 1 == count), r->next_desc);
    }
    virt_publish(r, head);
    return head;
}

unsigned virt_add_indirect(VirtRing *r, hwaddr table, const VirtBuffer *buf,
                           unsigned count)
{
    unsigned head = r->next_desc;

    r->next_desc = (head + 1) % r->size;
    for (unsigned i = 0; i < count; i++) {
        virt_put_desc(r->driver->hw, table + 16 * i, buf[i].addr, buf[i].len,
                      virt_flags(&buf[i], i + 1 == count), i + 1);
    }
    virt_desc(r, head, table, 16 * count, VIRT_DESC_INDIRECT, 0);
    virt_publish(r, head);
    return head;
}

void virt_kick(VirtRing *r)
{
    VirtDriver *d = r->driver;

    if (d->legacy) {
        virt_store(d, VIRT_LEGACY_PORT + 0x10, 2, r->n);
    } else {
        virt_store(d, d->notify + r->n * d->notify_multiplier, 2, r->n);
    }
}

bool virt_used(VirtRing *r, uint32_t *head, uint32_t *len)
{
    Hw *hw = r->driver->hw;
    hwaddr at = r->used + 4 + 8 * (r->used_seen % r->size);

    if (virt_ram16(hw, r->used + 2) == r->used_seen) {
        return false;
    }
    *head = hw_readl(hw, at);
    *len = hw_readl(hw, at + 4);
    r->used_seen++;
    return true;
}

uint32_t virt_wait(VirtRing *r, unsigned head)
{
    uint32_t got, len;

    while (!virt_used(r, &got, &len)) {
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpuint(got, ==, head);
    return len;
}
