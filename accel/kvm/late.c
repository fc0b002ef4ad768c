/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes that may come late (region_set_late_writes()): KVM puts them into a
 * ring and goes on in the guest (coalesced MMIO). We carry them out before
 * whatever else comes out of the guest, before a vCPU stands still, and when
 * the device asks for them; a full ring comes out by itself.
 *
 * `lock` is held from the first write taken to the last carried out, so that
 * they stay in order, and who flushes finds them done. Order: lock, device.
 * The ring is the VM's; every vCPU's area shows it.
 */
#include "accel/kvm/kvm.h"

#include "util/log.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <urcu.h>

typedef struct kvm_coalesced_mmio_ring KvmRing;

static KvmRing *late_ring(const KvmEngine *e, const KvmVcpu *v)
{
    return (KvmRing *)((uint8_t *)v->run +
                       e->caps[CAP_COALESCED_MMIO] * PAGE_SIZE);
}

static void late_write(const KvmEngine *e, const struct kvm_coalesced_mmio *w)
{
    uint64_t val = 0;

    memcpy(&val, w->data, MIN(w->len, sizeof(w->data)));
    space_store(e->parent.memory, w->phys_addr, w->len, val);
}

/* KVM moves `last` on behind an entry, and waits for `first`. */
static void late_drain_locked(KvmEngine *e, KvmRing *ring)
{
    const uint32_t room =
        (PAGE_SIZE - sizeof(*ring)) / sizeof(ring->coalesced_mmio[0]);
    uint32_t first = ring->first;

    while (first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE) &&
           first < room) {
        late_write(e, &ring->coalesced_mmio[first]);
        first = (first + 1) % room;
        __atomic_store_n(&ring->first, first, __ATOMIC_RELEASE);
        e->late.writes++;
    }
}

void kvm_late_flush(KvmVcpu *v)
{
    KvmEngine *e = v->engine;

    KvmRing *ring = e->late.zones ? late_ring(e, v) : NULL;

    if (!ring || __atomic_load_n(&ring->first, __ATOMIC_ACQUIRE) ==
                     __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE)) {
        return; /* a write is carried out before `first` moves on */
    }
    g_mutex_lock(&e->late.lock);
    rcu_read_lock();
    late_drain_locked(e, ring);
    rcu_read_unlock();
    g_mutex_unlock(&e->late.lock);
}

/* ---- following the view -------------------------------------------------- */

static void late_settle(void *late)
{
    KvmEngine *e = ((KvmLate *)late)->engine;

    if (e->vcpus->len) {
        kvm_late_flush(e->vcpus->pdata[0]);
    }
}

static bool late_ioctl(const KvmEngine *e, unsigned long request,
                       const KvmZone *zone)
{
    struct kvm_coalesced_mmio_zone k = { .addr = zone->start,
                                         .size = zone->size };

    return ioctl(e->vm_fd, request, &k) == 0;
}

/* A zone that cannot be had is no loss but of time. */
static void late_add(KvmEngine *e, const KvmZone *zone)
{
    if (late_ioctl(e, KVM_REGISTER_COALESCED_MMIO, zone)) {
        g_array_append_val(e->late.zones, *zone);
        return;
    }
    e->late.refused = true;
    log_printf("kvm: KVM_REGISTER_COALESCED_MMIO %" PRIx64 "+%x: %s\n",
               zone->start, zone->size, g_strerror(errno));
}

static bool late_take(GArray *zones, const KvmZone *zone)
{
    for (guint i = 0; i < zones->len; i++) {
        const KvmZone *z = &g_array_index(zones, KvmZone, i);

        if (z->start == zone->start && z->size == zone->size) {
            g_array_remove_index_fast(zones, i);
            return true;
        }
    }
    return false;
}

static GArray *late_wanted(const FlatView *view)
{
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(KvmZone));

    for (unsigned i = 0; i < view->count; i++) {
        const FlatRange *r = &view->ranges[i];

        if (r->region->late_writes && r->size <= UINT32_MAX) {
            KvmZone zone = { r->start, r->size };

            g_array_append_val(wanted, zone);
        }
    }
    return wanted;
}

static void late_changed(void *late, const FlatView *old, const FlatView *now)
{
    KvmEngine *e = ((KvmLate *)late)->engine;
    GArray *zones = e->late.zones;
    g_autoptr(GArray) wanted = late_wanted(now);

    for (guint i = zones->len; i-- > 0;) {
        const KvmZone *z = &g_array_index(zones, KvmZone, i);

        if (!late_take(wanted, z)) {
            late_ioctl(e, KVM_UNREGISTER_COALESCED_MMIO, z);
            g_array_remove_index_fast(zones, i);
        }
    }
    for (guint i = 0; i < wanted->len && !e->late.refused; i++) {
        late_add(e, &g_array_index(wanted, KvmZone, i));
    }
}

/* ---- life ---------------------------------------------------------------- */

void kvm_late_init(KvmEngine *e)
{
    const MemoryListener listener = { .changed = late_changed,
                                      .settle = late_settle,
                                      .opaque = &e->late };

    if (!e->late.wanted || !kvm_has(e, CAP_COALESCED_MMIO)) {
        return;
    }
    e->late.engine = e;
    e->late.zones = g_array_new(FALSE, FALSE, sizeof(KvmZone));
    space_add_listener(e->parent.memory, &listener);
    rcu_read_lock();
    late_changed(&e->late, NULL, space_view(e->parent.memory));
    rcu_read_unlock();
}

void kvm_late_clear(KvmEngine *e)
{
    if (e->late.zones) {
        space_remove_listener(e->parent.memory, &e->late);
        g_clear_pointer(&e->late.zones, g_array_unref);
    }
}

void kvm_late_print(const KvmEngine *e, GString *out)
{
    if (e->late.zones) {
        g_string_append_printf(out, "%-18s %" PRIu64 "\n", "late writes",
                               e->late.writes);
    }
}
