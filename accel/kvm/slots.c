/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory slots: the pieces of the flat view that KVM maps into the guest. RAM
 * as it is, ROM read-only (stores come out as MMIO); pieces that do not fill
 * pages stay out, accesses to them come out as well.
 *
 * A changed view changes only the slots that differ. One that moved is taken
 * away first, which nobody may see from inside the guest: code might run from
 * there.
 */
#include "accel/kvm/kvm.h"

#include "util/error.h"
#include "util/log.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <urcu.h>

static KvmSlot *slots_at(GArray *slots, unsigned i)
{
    return &g_array_index(slots, KvmSlot, i);
}

static bool slots_same(const KvmSlot *a, const KvmSlot *b)
{
    return a->start == b->start && a->size == b->size && a->host == b->host &&
           a->flags == b->flags;
}

static bool slots_have(GArray *slots, const KvmSlot *s)
{
    for (unsigned i = 0; i < slots->len; i++) {
        if (slots_same(slots_at(slots, i), s)) {
            return true;
        }
    }
    return false;
}

/* ---- what there should be ------------------------------------------------ */

/* The whole pages of a range; false: none. */
static bool slots_from_range(const FlatRange *r, KvmSlot *s)
{
    hwaddr start = (r->start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint64_t skip = start - r->start;

    if (!r->host || skip >= r->size ||
        (((uintptr_t)r->host + skip) & (PAGE_SIZE - 1))) {
        return false;
    }
    *s = (KvmSlot){ .start = start,
                    .size = (r->size - skip) & ~(PAGE_SIZE - 1),
                    .host = r->host + skip,
                    .ram = r->ram,
                    .ram_off = r->ram_off + skip,
                    .flags = r->writable ? 0 : KVM_MEM_READONLY };
    return s->size != 0;
}

static GArray *slots_wanted(const FlatView *view)
{
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(KvmSlot));

    for (unsigned i = 0; i < view->count; i++) {
        KvmSlot s;

        if (slots_from_range(&view->ranges[i], &s)) {
            g_array_append_val(wanted, s);
        }
    }
    return wanted;
}

/* ---- telling KVM --------------------------------------------------------- */

bool kvm_slot_set(KvmEngine *e, unsigned n, const KvmSlot *s, uint64_t size)
{
    struct kvm_userspace_memory_region region = {
        .slot = n,
        .flags =
            size ? s->flags | (s->logged ? KVM_MEM_LOG_DIRTY_PAGES : 0) : 0,
        .guest_phys_addr = s->start,
        .memory_size = size,
        .userspace_addr = (uintptr_t)s->host,
    };

    /* Without a slot the guest's accesses come out, and are served. */
    if (ioctl(e->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) == 0) {
        return true;
    }
    e->slot_error = errno;
    log_printf("kvm: KVM_SET_USER_MEMORY_REGION %" PRIx64 "+%" PRIx64 ": %s\n",
               s->start, size, g_strerror(errno));
    return false;
}

static void slots_remove_locked(KvmEngine *e, GArray *wanted)
{
    for (unsigned i = 0; i < e->slots->len; i++) {
        KvmSlot *s = slots_at(e->slots, i);

        if (s->size && !slots_have(wanted, s)) {
            kvm_dirty_fetch_locked(e, i); /* its log goes with it */
            kvm_slot_set(e, i, s, 0);
            s->size = 0;
        }
    }
}

static unsigned slots_free_number(GArray *slots)
{
    for (unsigned i = 0; i < slots->len; i++) {
        if (!slots_at(slots, i)->size) {
            return i;
        }
    }
    g_array_set_size(slots, slots->len + 1);
    return slots->len - 1;
}

static void slots_add_locked(KvmEngine *e, GArray *wanted)
{
    for (unsigned i = 0; i < wanted->len; i++) {
        KvmSlot *s = slots_at(wanted, i);

        if (slots_have(e->slots, s)) {
            continue;
        }
        unsigned n = slots_free_number(e->slots);

        if (n >= (unsigned)e->caps[CAP_MEMSLOTS]) {
            log_printf("kvm: no slot left for memory at %" PRIx64 "\n",
                       s->start);
            g_array_set_size(e->slots, n);
            return;
        }
        s->logged = kvm_dirty_wanted(s);
        *slots_at(e->slots, n) = *s;
        kvm_slot_set(e, n, s, s->size);
    }
}

/* ---- keeping vCPUs out --------------------------------------------------- */

void kvm_vcpu_enter(KvmVcpu *v)
{
    KvmEngine *e = v->engine;

    __atomic_store_n(&v->inside, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
    while (G_UNLIKELY(__atomic_load_n(&e->inhibit, __ATOMIC_SEQ_CST))) {
        g_mutex_lock(&e->lock);
        __atomic_store_n(&v->inside, 0, __ATOMIC_SEQ_CST);
        g_cond_broadcast(&e->changed);
        while (e->inhibit) {
            g_cond_wait(&e->changed, &e->lock);
        }
        __atomic_store_n(&v->inside, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        g_mutex_unlock(&e->lock);
    }
}

void kvm_vcpu_leave(KvmVcpu *v)
{
    KvmEngine *e = v->engine;

    __atomic_store_n(&v->inside, 0, __ATOMIC_SEQ_CST);
    if (G_UNLIKELY(__atomic_load_n(&e->inhibit, __ATOMIC_SEQ_CST))) {
        g_mutex_lock(&e->lock);
        g_cond_broadcast(&e->changed);
        g_mutex_unlock(&e->lock);
    }
}

void kvm_hold_locked(KvmEngine *e)
{
    __atomic_fetch_add(&e->inhibit, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        KvmVcpu *v = e->vcpus->pdata[i];

        kvm_kick(v->cpu);
        while (__atomic_load_n(&v->inside, __ATOMIC_SEQ_CST)) {
            g_cond_wait(&e->changed, &e->lock);
        }
    }
}

void kvm_release_locked(KvmEngine *e)
{
    __atomic_fetch_sub(&e->inhibit, 1, __ATOMIC_SEQ_CST);
    g_cond_broadcast(&e->changed);
}

/* ---- MemoryListener ------------------------------------------------------ */

/* With the tree's lock held, so one at a time. */
void kvm_slots_changed(void *engine, const FlatView *old, const FlatView *now)
{
    KvmEngine *e = engine;
    GArray *wanted = slots_wanted(now);

    g_mutex_lock(&e->lock);
    kvm_hold_locked(e);
    slots_remove_locked(e, wanted);
    slots_add_locked(e, wanted);
    kvm_release_locked(e);
    g_mutex_unlock(&e->lock);
    g_array_free(wanted, TRUE);
}

bool kvm_slots_init(KvmEngine *e, GError **errp)
{
    const MemoryListener listener = { .changed = kvm_slots_changed,
                                      .log_dirty = kvm_dirty_log,
                                      .sync_dirty = kvm_dirty_sync,
                                      .opaque = e };

    e->slots = g_array_new(FALSE, TRUE, sizeof(KvmSlot));
    space_add_listener(e->parent.memory, &listener);
    rcu_read_lock();
    kvm_slots_changed(e, NULL, space_view(e->parent.memory));
    rcu_read_unlock();
    return !e->slot_error ||
           emu_fail_errno(errp, e->slot_error, "KVM_SET_USER_MEMORY_REGION");
}

void kvm_slots_clear(KvmEngine *e)
{
    if (!e->slots) {
        return;
    }
    space_remove_listener(e->parent.memory, e);
    g_mutex_lock(&e->lock);
    for (unsigned i = 0; i < e->slots->len; i++) {
        if (slots_at(e->slots, i)->size) {
            kvm_dirty_fetch_locked(e, i);
        }
    }
    g_mutex_unlock(&e->lock);
    g_clear_pointer(&e->slots, g_array_unref);
}
