/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio memory balloon: the guest gives pages up (inflate), takes them
 * back (deflate), tells how its memory is used (statistics) and which of its
 * free pages it does not need now (reporting). Given up and reported pages go
 * back to the host at once; touched again, they read as zero. Virtio 1.2, 5.5.
 *
 * Pages come as lists of frame numbers or as buffers; both are sorted or
 * already in order and are joined to runs, so that a run costs one call to the
 * host.
 *
 * Free page hinting (5.5.6.6, for migration) is not offered. Its queue exists
 * nevertheless: the specification counts it, most drivers do not when it is
 * not offered, so whichever of the two comes is taken as the reporting queue.
 */
#include "hw/virtio/virtio-balloon.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include "hw/core/balloon.h"
#include "hw/virtio/virtio-pci.h"

enum {
    BALLOON_INFLATE,
    BALLOON_DEFLATE,
    BALLOON_STATS,
    BALLOON_REPORT_COMPACT, /* the free page hinting queue's number */
    BALLOON_REPORT,
    BALLOON_QUEUES,

    BALLOON_QUEUE_SIZE = 128,
    BALLOON_CONFIG_SIZE = 16,
    BALLOON_CONFIG_ACTUAL = 4,
    BALLOON_CONFIG_POISON = 12,

    /* Frame numbers are read in chunks; one element has at most so many. */
    BALLOON_CHUNK = 1024,
    BALLOON_ELEMENT_PFNS = 1 << 18,

    BALLOON_STAT_BYTES = 10, /* u16 tag, u64 value */
    BALLOON_STATS_MAX = 10,
};
#define BALLOON_STAT_UNKNOWN UINT64_MAX

#define BALLOON_F_STATS (UINT64_C(1) << 1)
#define BALLOON_F_DEFLATE_ON_OOM (UINT64_C(1) << 2)
#define BALLOON_F_PAGE_POISON (UINT64_C(1) << 4)
#define BALLOON_F_REPORTING (UINT64_C(1) << 5)

typedef struct VirtioBalloon {
    VirtioPci parent;

    /* Wiring and properties: fixed once realized. */
    bool deflate_on_oom, free_page_reporting, page_poison;
    uint32_t stats_interval; /* seconds; 0: only when somebody asks */
    Timer stats_timer;
    bool announced;

    /* Guest-visible state. */
    uint32_t num_pages; /* the target: pages that we want from the guest */
    uint32_t actual;    /* pages that it says it gave */
    uint32_t poison;    /* what the guest's free pages are filled with */
    uint64_t stats[BALLOON_STATS_MAX];

    VirtioElement *stats_element; /* the buffer that we keep, see 5.5.6.4 */
} VirtioBalloon;

static VirtioBalloon *balloon_from_device(Device *dev)
{
    return container_of(virtio_pci_from_device(dev), VirtioBalloon, parent);
}

static VirtioBalloon *balloon_from_vdev(VirtioDevice *vdev)
{
    return container_of(virtio_pci_from_vdev(vdev), VirtioBalloon, parent);
}

static const DeviceEnv *balloon_env(const VirtioBalloon *s)
{
    return s->parent.pci.parent.env;
}

/* ---- Giving memory back ------------------------------------------------ */

static void balloon_discard_range(const FlatRange *range, hwaddr addr,
                                  uint64_t len)
{
    g_autoptr(GError) err = NULL;

    if (!ram_discard(range->ram, range->ram_off + (addr - range->start), len,
                     &err)) {
        log_printf("virtio-balloon: %s\n", err->message);
    }
}

/* Guest-physical memory; what is not plain RAM stays as it is. */
static void balloon_discard(VirtioBalloon *s, hwaddr addr, uint64_t len)
{
    trace(virtio_balloon_discard, "%" PRIx64 "+%" PRIx64, addr, len);
    rcu_read_lock();
    const FlatView *view = space_view(balloon_env(s)->memory);

    while (len) {
        const FlatRange *range = view_find(view, addr);

        if (!range) {
            break;
        }
        uint64_t n = MIN(len, range->size - (addr - range->start));

        if (range->writable) {
            balloon_discard_range(range, addr, n);
        }
        addr += n;
        len -= n;
    }
    rcu_read_unlock();
    if (len) {
        log_guest_error("virtio-balloon: %" PRIx64 "+%" PRIx64 " is not RAM\n",
                        addr, len);
    }
}

/* Host memory, as an element's segments have it. */
static void balloon_discard_host(VirtioBalloon *s, const uint8_t *host,
                                 uint64_t len)
{
    rcu_read_lock();
    const FlatView *view = space_view(balloon_env(s)->memory);

    for (unsigned i = 0; i < view->count; i++) {
        const FlatRange *range = &view->ranges[i];

        if (range->writable && host >= range->host &&
            host < range->host + range->size) {
            uint64_t off = host - range->host;
            uint64_t n = MIN(len, range->size - off);

            trace(virtio_balloon_report, "%" PRIx64 "+%" PRIx64,
                  range->start + off, n);
            balloon_discard_range(range, range->start + off, n);
            host += n;
            len -= n;
            if (!len) {
                break;
            }
        }
    }
    rcu_read_unlock();
}

static int balloon_compare_pfn(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void balloon_discard_pfns(VirtioBalloon *s, uint32_t *pfn, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        pfn[i] = GUINT32_FROM_LE(pfn[i]);
    }
    qsort(pfn, n, sizeof(*pfn), balloon_compare_pfn);
    for (unsigned i = 0, run; i < n; i += run) {
        uint64_t pages = 1;

        for (run = 1; i + run < n && pfn[i + run] - pfn[i] <= pages; run++) {
            pages = pfn[i + run] - pfn[i] + 1;
        }
        balloon_discard(s, (uint64_t)pfn[i] << PAGE_BITS, pages << PAGE_BITS);
    }
}

/* ---- Queues ------------------------------------------------------------ */

/* 5.5.6: an array of frame numbers. */
static bool balloon_inflate(VirtioBalloon *s, const VirtioElement *e)
{
    uint32_t pfn[BALLOON_CHUNK];
    size_t n;

    if (e->out_bytes / sizeof(*pfn) > BALLOON_ELEMENT_PFNS) {
        virtio_error(&s->parent.vdev, "%zu bytes of page numbers at once",
                     e->out_bytes);
        return false;
    }
    for (size_t off = 0; (n = virtio_iov_to_buf(e->out, e->out_count, off, pfn,
                                                sizeof(pfn))) >= sizeof(*pfn);
         off += n) {
        balloon_discard_pfns(s, pfn, n / sizeof(*pfn));
    }
    return true;
}

/* 5.5.6.7: the buffers are the free pages. They must read as the guest filled
 * them afterwards, which a discarded page does for zero only. */
static bool balloon_report(VirtioBalloon *s, const VirtioElement *e)
{
    VirtioDevice *vdev = &s->parent.vdev;

    if (!s->free_page_reporting ||
        (virtio_has_feature(vdev, BALLOON_F_PAGE_POISON) && s->poison)) {
        return true;
    }
    for (unsigned i = 0, run; i < e->in_count; i += run) {
        uint8_t *host = e->in[i].iov_base;
        uint64_t len = e->in[i].iov_len;

        for (run = 1;
             i + run < e->in_count && e->in[i + run].iov_base == host + len;
             run++) {
            len += e->in[i + run].iov_len;
        }
        balloon_discard_host(s, host, len);
    }
    return true;
}

/* Deflated pages come back by being used. */
static bool balloon_deflate(VirtioBalloon *s, const VirtioElement *e)
{
    return true;
}

typedef bool BalloonHandler(VirtioBalloon *s, const VirtioElement *e);

static void balloon_serve(VirtioBalloon *s, VirtQueue *q,
                          BalloonHandler *handler)
{
    VirtioElement *e;
    bool any = false;

    while ((e = virtqueue_pop(q))) {
        if (!handler(s, e)) {
            virtqueue_drop(q, e);
            return;
        }
        virtqueue_push(q, e, 0);
        any = true;
    }
    if (any) {
        virtqueue_notify(q);
    }
}

/* ---- Statistics: 5.5.6.4 ----------------------------------------------- */

static const char *const balloon_stat_names[BALLOON_STATS_MAX] = {
    "mem_swapped_in",    "mem_swapped_out", "major_page_faults",
    "minor_page_faults", "free_mem",        "total_mem",
    "available_mem",     "disk_caches",     "hugetlb_allocations",
    "hugetlb_failures",
};

static void balloon_stats_forget(VirtioBalloon *s)
{
    for (unsigned i = 0; i < BALLOON_STATS_MAX; i++) {
        s->stats[i] = BALLOON_STAT_UNKNOWN;
    }
}

static void balloon_stats_read(VirtioBalloon *s, const VirtioElement *e)
{
    uint8_t stat[BALLOON_STAT_BYTES];

    for (size_t off = 0; off < 64 * sizeof(stat) &&
                         virtio_iov_to_buf(e->out, e->out_count, off, stat,
                                           sizeof(stat)) == sizeof(stat);
         off += sizeof(stat)) {
        unsigned tag = stat[0] | stat[1] << 8;
        uint64_t val;

        memcpy(&val, stat + 2, sizeof(val));
        if (tag < BALLOON_STATS_MAX) {
            s->stats[tag] = GUINT64_FROM_LE(val);
        }
    }
}

static void balloon_stats_arm(VirtioBalloon *s)
{
    if (s->stats_interval) {
        timer_arm(&s->stats_timer, clock_now(balloon_env(s)->clock) +
                                       s->stats_interval * NS_PER_SECOND);
    }
}

/* The driver hands the buffer over filled and gets it back as a request for
 * new numbers, so we keep it until somebody wants some. */
static void balloon_stats_kicked(VirtioBalloon *s, VirtQueue *q)
{
    VirtioElement *e = virtqueue_pop(q);

    if (!e) {
        return;
    }
    if (s->stats_element) {
        log_guest_error("virtio-balloon: a second statistics buffer\n");
        virtqueue_push(q, e, 0);
        return;
    }
    balloon_stats_read(s, e);
    s->stats_element = e;
    balloon_stats_arm(s);
}

static void balloon_stats_request(VirtioBalloon *s)
{
    VirtQueue *q = &s->parent.vdev.queue[BALLOON_STATS];

    if (s->stats_element && virtio_driver_ok(&s->parent.vdev)) {
        virtqueue_push(q, g_steal_pointer(&s->stats_element), 0);
        virtqueue_notify(q);
    }
}

static void balloon_stats_drop(VirtioBalloon *s)
{
    if (s->stats_element) {
        virtqueue_drop(&s->parent.vdev.queue[BALLOON_STATS],
                       g_steal_pointer(&s->stats_element));
    }
}

static void balloon_stats_timer(void *opaque)
{
    balloon_stats_request(opaque);
}

/* ---- The virtio side --------------------------------------------------- */

static void balloon_queue_kicked(VirtioDevice *vdev, unsigned n)
{
    VirtioBalloon *s = balloon_from_vdev(vdev);
    static BalloonHandler *const handlers[BALLOON_QUEUES] = {
        [BALLOON_INFLATE] = balloon_inflate,
        [BALLOON_DEFLATE] = balloon_deflate,
        [BALLOON_REPORT_COMPACT] = balloon_report,
        [BALLOON_REPORT] = balloon_report,
    };

    if (n == BALLOON_STATS) {
        balloon_stats_kicked(s, &vdev->queue[n]);
        return;
    }
    balloon_serve(s, &vdev->queue[n], handlers[n]);
}

static uint64_t balloon_get_features(VirtioDevice *vdev)
{
    VirtioBalloon *s = balloon_from_vdev(vdev);

    return BALLOON_F_STATS |
           (s->deflate_on_oom ? BALLOON_F_DEFLATE_ON_OOM : 0) |
           (s->free_page_reporting ? BALLOON_F_REPORTING : 0) |
           (s->page_poison ? BALLOON_F_PAGE_POISON : 0);
}

static void balloon_put32(uint8_t *p, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    memcpy(p, &val, sizeof(val));
}

static uint32_t balloon_get32(const uint8_t *p)
{
    uint32_t val;

    memcpy(&val, p, sizeof(val));
    return GUINT32_FROM_LE(val);
}

/* 5.5.4: num_pages, actual, free_page_hint_cmd_id, poison_val */
static void balloon_get_config(VirtioDevice *vdev, uint8_t *config)
{
    VirtioBalloon *s = balloon_from_vdev(vdev);

    balloon_put32(config, s->num_pages);
    balloon_put32(config + BALLOON_CONFIG_ACTUAL, s->actual);
    balloon_put32(config + BALLOON_CONFIG_POISON, s->poison);
}

static uint64_t balloon_ram_left(const VirtioBalloon *s)
{
    uint64_t ram = balloon_env(s)->ram_size;

    return ram - MIN((uint64_t)s->actual << PAGE_BITS, ram);
}

static void balloon_set_config(VirtioDevice *vdev, const uint8_t *config,
                               unsigned off, unsigned len)
{
    VirtioBalloon *s = balloon_from_vdev(vdev);
    uint32_t actual = balloon_get32(config + BALLOON_CONFIG_ACTUAL);

    s->poison = balloon_get32(config + BALLOON_CONFIG_POISON);
    if (actual == s->actual) {
        return;
    }
    s->actual = actual;
    g_autofree char *json =
        g_strdup_printf("{\"actual\": %" PRIu64 "}", balloon_ram_left(s));

    balloon_env(s)->event(balloon_env(s)->machine, "BALLOON_CHANGE", json);
}

/* The target is the user's and stays; the guest's pages are its again. */
static void balloon_reset_vdev(VirtioDevice *vdev)
{
    VirtioBalloon *s = balloon_from_vdev(vdev);

    timer_disarm(&s->stats_timer);
    balloon_stats_drop(s);
    balloon_stats_forget(s);
    s->actual = 0;
    s->poison = 0;
}

static const VirtioModel balloon_model = {
    .id = VIRTIO_ID_BALLOON,
    .config_size = BALLOON_CONFIG_SIZE,
    .get_features = balloon_get_features,
    .get_config = balloon_get_config,
    .set_config = balloon_set_config,
    .queue_kicked = balloon_queue_kicked,
    .reset = balloon_reset_vdev,
};

/* ---- The monitor's side ------------------------------------------------ */

static uint64_t balloon_actual(Device *dev)
{
    g_mutex_lock(&dev->lock);
    uint64_t actual = balloon_ram_left(balloon_from_device(dev));
    g_mutex_unlock(&dev->lock);

    return actual;
}

static void balloon_set_target(Device *dev, uint64_t bytes)
{
    VirtioBalloon *s = balloon_from_device(dev);
    uint64_t ram = dev->env->ram_size;

    g_mutex_lock(&dev->lock);
    s->num_pages = MIN((ram - MIN(bytes, ram)) >> PAGE_BITS, UINT32_MAX);
    trace(virtio_balloon_target, "%" PRIu64 " bytes, %u pages", bytes,
          s->num_pages);
    virtio_config_changed(&s->parent.vdev);
    g_mutex_unlock(&dev->lock);
}

/* What came last; and ask, so that the next time it is fresh. */
static void balloon_print_stats(Device *dev, GString *out)
{
    VirtioBalloon *s = balloon_from_device(dev);

    g_mutex_lock(&dev->lock);
    for (unsigned i = 0; i < BALLOON_STATS_MAX; i++) {
        if (s->stats[i] != BALLOON_STAT_UNKNOWN) {
            g_string_append_printf(out, " %s=%" PRIu64, balloon_stat_names[i],
                                   s->stats[i]);
        }
    }
    balloon_stats_request(s);
    g_mutex_unlock(&dev->lock);
}

static const BalloonOps balloon_ops = {
    .actual = balloon_actual,
    .set_target = balloon_set_target,
    .print_stats = balloon_print_stats,
};

/* ---- Life -------------------------------------------------------------- */

static bool balloon_realize(Device *dev, GError **errp)
{
    VirtioBalloon *s = balloon_from_device(dev);

    virtio_pci_init(&s->parent, &balloon_model);
    for (unsigned n = 0; n < BALLOON_QUEUES; n++) {
        virtio_add_queue(&s->parent.vdev, BALLOON_QUEUE_SIZE);
    }
    timer_init(&s->stats_timer, dev->env->clock, balloon_stats_timer, s,
               &dev->lock);
    balloon_stats_forget(s);
    if (!virtio_pci_finish(&s->parent, errp)) {
        return false;
    }
    dev->env->set_balloon(dev->env->machine, &balloon_ops, dev);
    s->announced = true;
    return true;
}

static void balloon_unrealize(Device *dev)
{
    VirtioBalloon *s = balloon_from_device(dev);

    if (s->announced) {
        dev->env->set_balloon(dev->env->machine, NULL, dev);
        s->announced = false;
    }
    timer_clear(&s->stats_timer);
    balloon_stats_drop(s);
    virtio_pci_unrealize(&s->parent);
}

static void balloon_reset(Device *dev)
{
    virtio_pci_reset(virtio_pci_from_device(dev));
}

static bool balloon_loaded(Device *dev, GError **errp)
{
    VirtioBalloon *s = balloon_from_device(dev);
    bool ok = virtio_pci_loaded(&s->parent, errp);

    balloon_stats_drop(s); /* it comes from the ring once more */
    return ok;
}

static void balloon_describe(Device *dev, GString *out)
{
    VirtioBalloon *s = balloon_from_device(dev);

    g_string_append_printf(out, "target %u pages, given %u", s->num_pages,
                           s->actual);
}

static const Property balloon_props[] = {
    VIRTIO_PCI_PROPS(VirtioBalloon, parent, 2),
    DEFINE_PROP_BOOL("deflate-on-oom", VirtioBalloon, deflate_on_oom, false,
                     "the guest may take pages back when it runs out of "
                     "memory"),
    DEFINE_PROP_BOOL("free-page-reporting", VirtioBalloon, free_page_reporting,
                     true, "the guest's free pages go back to the host"),
    DEFINE_PROP_BOOL("page-poison", VirtioBalloon, page_poison, true,
                     "the guest may say what its free pages are filled with"),
    DEFINE_PROP_U32("guest-stats-polling-interval", VirtioBalloon,
                    stats_interval, 0, 0, 86400,
                    "seconds between statistics; 0: when they are asked for"),
    {},
};

static const StateField balloon_state[] = {
    VIRTIO_PCI_STATE(VirtioBalloon, parent),
    STATE_U32(VirtioBalloon, num_pages),
    STATE_U32(VirtioBalloon, actual),
    STATE_U32(VirtioBalloon, poison),
    STATE_ARRAY(VirtioBalloon, stats),
    {},
};

static const char *const balloon_aliases[] = { "virtio-balloon", NULL };

const PciClass virtio_balloon_pci_class = {
    .device = {
        .name = "virtio-balloon-pci",
        .aliases = balloon_aliases,
        .summary = "virtio memory balloon",
        .bus = BUS_PCI,
        .size = sizeof(VirtioBalloon),
        .props = balloon_props,
        .state = balloon_state,
        .realize = balloon_realize,
        .unrealize = balloon_unrealize,
        .reset = balloon_reset,
        .loaded = balloon_loaded,
        .describe = balloon_describe,
    },
    VIRTIO_PCI_CLASS_ID(0x1002, VIRTIO_ID_BALLOON, 0x00ff),
};
