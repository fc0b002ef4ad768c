/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty logging: which pages KVM's guest wrote, for who reads a block's dirty
 * bits (space_log_dirty()). KVM tells by a bitmap for each slot, or by a ring
 * for each vCPU, which costs by pages written and not by pages there are.
 *
 * 1. The bits of a page are set before KVM is asked to notice writes to it
 *    again, and the reader clears them after that: no write is lost.
 * 2. What nobody logged, or KVM does not tell, counts as written.
 * 3. A slot's log goes with the slot, a ring with the vCPU: fetched before.
 *
 * Linux Documentation/virt/kvm/api.rst 4.8, 4.117, 8.29.
 */
#include "accel/kvm/kvm.h"

#include "util/error.h"
#include "util/log.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* Of kvm_dirty_gfn.slot; above it is the number of the address space. */
enum { DIRTY_SLOT_MASK = 0xffff };
enum { DIRTY_RESETS_MAX = 1000 };

static void dirty_set(const KvmSlot *s, uint64_t off, uint64_t len)
{
    ram_dirty_set(s->ram, DIRTY_DISPLAY, s->ram_off + off, len);
    ram_dirty_set(s->ram, DIRTY_MIGRATION, s->ram_off + off, len);
}

/* Once: who reads the bits asks often. */
static void dirty_complain_locked(KvmEngine *e, const char *call)
{
    if (!e->dirty.failed) {
        e->dirty.failed = true;
        log_printf("kvm: %s: %s\n", call, g_strerror(errno));
    }
}

/* ---- bitmaps ------------------------------------------------------------- */

static void dirty_take_bits_locked(KvmEngine *e, const KvmSlot *s,
                                   const uint64_t *bits)
{
    for (uint64_t page = 0; page < s->size / PAGE_SIZE; page++) {
        if (!bits[page / 64]) {
            page |= 63;
        } else if (bits[page / 64] >> (page % 64) & 1) {
            dirty_set(s, page * PAGE_SIZE, PAGE_SIZE);
            e->dirty.pages++;
        }
    }
}

/* False: KVM does not tell. What it does not clear it tells once more. */
static bool dirty_fetch_bitmap_locked(KvmEngine *e, unsigned n)
{
    const KvmSlot *s = kvm_slot(e, n);
    uint64_t pages = s->size / PAGE_SIZE;
    g_autofree uint64_t *bits = g_new0(uint64_t, (pages + 63) / 64);
    struct kvm_dirty_log get = { .slot = n, .dirty_bitmap = bits };
    struct kvm_clear_dirty_log clear = { .slot = n,
                                         .num_pages = pages,
                                         .dirty_bitmap = bits };

    if (ioctl(e->vm_fd, KVM_GET_DIRTY_LOG, &get) != 0) {
        dirty_complain_locked(e, "KVM_GET_DIRTY_LOG");
        return false;
    }
    dirty_take_bits_locked(e, s, bits);
    if (e->dirty.manual && ioctl(e->vm_fd, KVM_CLEAR_DIRTY_LOG, &clear) != 0) {
        dirty_complain_locked(e, "KVM_CLEAR_DIRTY_LOG");
    }
    return true;
}

/* ---- rings --------------------------------------------------------------- */

static void dirty_take_entry_locked(KvmEngine *e,
                                    const struct kvm_dirty_gfn *entry)
{
    unsigned n = entry->slot & DIRTY_SLOT_MASK;
    const KvmSlot *s = n < e->slots->len ? kvm_slot(e, n) : NULL;

    if (s && entry->offset < s->size / PAGE_SIZE) {
        dirty_set(s, entry->offset * PAGE_SIZE, PAGE_SIZE);
        e->dirty.pages++;
    }
}

/* KVM stops for a ring that is nearly full; one that is full to the last entry
 * it may have written over, and where it goes on nobody knows. */
static void dirty_check_overrun_locked(KvmVcpu *v, uint64_t n)
{
    KvmDirty *dirty = &v->engine->dirty;

    if (n >= dirty->ring_size && !dirty->overrun) {
        dirty->overrun = true;
        log_printf("kvm: cpu %u: KVM wrote over its dirty ring; do without "
                   "dirty-ring-size, or with a larger one\n",
                   v->cpu->index);
    }
}

static void dirty_take_ring_locked(KvmVcpu *v)
{
    KvmEngine *e = v->engine;
    uint64_t n = 0;

    while (true) {
        struct kvm_dirty_gfn *entry =
            &v->ring[v->ring_next & (e->dirty.ring_size - 1)];

        if (!(__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) &
              KVM_DIRTY_GFN_F_DIRTY)) {
            break;
        }
        dirty_take_entry_locked(e, entry);
        __atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET,
                         __ATOMIC_RELEASE);
        v->ring_next++;
        n++;
    }
    e->dirty.taken += n;
    dirty_check_overrun_locked(v, n);
}

/* Linux ends early when a signal is pending, and says how far it came. */
static bool dirty_give_back_locked(KvmEngine *e)
{
    for (unsigned i = 0; e->dirty.taken && i < DIRTY_RESETS_MAX; i++) {
        int n = ioctl(e->vm_fd, KVM_RESET_DIRTY_RINGS, 0);

        if (n < 0) {
            dirty_complain_locked(e, "KVM_RESET_DIRTY_RINGS");
            return false;
        }
        e->dirty.taken -= MIN(e->dirty.taken, (uint64_t)n);
    }
    return !e->dirty.taken;
}

/* Pages of entries that KVM did not take back are written unnoticed until it
 * does. */
static bool dirty_reap_locked(KvmEngine *e)
{
    bool unnoticed = e->dirty.taken;

    for (unsigned i = 0; e->dirty.ring_size && i < e->vcpus->len; i++) {
        dirty_take_ring_locked(e->vcpus->pdata[i]);
    }
    bool ok = dirty_give_back_locked(e) && !e->dirty.overrun;

    for (unsigned i = 0; (!ok || unnoticed) && i < e->slots->len; i++) {
        const KvmSlot *s = kvm_slot(e, i);

        if (s->size && s->logged) {
            dirty_set(s, 0, s->size);
        }
    }
    return ok;
}

bool kvm_dirty_reap(KvmEngine *e)
{
    g_mutex_lock(&e->lock);
    bool ok = dirty_reap_locked(e);

    g_mutex_unlock(&e->lock);
    return ok;
}

/* ---- slots --------------------------------------------------------------- */

bool kvm_dirty_wanted(const KvmSlot *s)
{
    return !(s->flags & KVM_MEM_READONLY) &&
           __atomic_load_n(&s->ram->loggers, __ATOMIC_SEQ_CST);
}

void kvm_dirty_fetch_locked(KvmEngine *e, unsigned n)
{
    const KvmSlot *s = kvm_slot(e, n);
    bool told =
        s->logged && (e->dirty.ring_size ? dirty_reap_locked(e)
                                         : dirty_fetch_bitmap_locked(e, n));

    if (!told && !(s->flags & KVM_MEM_READONLY)) {
        dirty_set(s, 0, s->size);
    }
}

void kvm_dirty_log(void *engine, RamBlock *ram)
{
    KvmEngine *e = engine;

    g_mutex_lock(&e->lock);
    for (unsigned i = 0; i < e->slots->len; i++) {
        KvmSlot *s = kvm_slot(e, i);

        if (!s->size || s->ram != ram || s->logged == kvm_dirty_wanted(s)) {
            continue;
        }
        s->logged = !s->logged;
        s->logged &= kvm_slot_set(e, i, s, s->size);
        if (s->logged) { /* what was written before nobody knows */
            dirty_set(s, 0, s->size);
        }
    }
    g_mutex_unlock(&e->lock);
}

/* What the processor keeps for itself (VMX's page-modification log) comes with
 * a bitmap; to a ring it comes when the vCPU leaves. */
void kvm_dirty_sync(void *engine, RamBlock *ram)
{
    KvmEngine *e = engine;

    g_mutex_lock(&e->lock);
    if (e->dirty.ring_size) {
        kvm_hold_locked(e);
    }
    for (unsigned i = 0; i < e->slots->len; i++) {
        if (kvm_slot(e, i)->size && kvm_slot(e, i)->ram == ram) {
            kvm_dirty_fetch_locked(e, i);
        }
    }
    if (e->dirty.ring_size) {
        kvm_release_locked(e);
    }
    g_mutex_unlock(&e->lock);
}

/* ---- life ---------------------------------------------------------------- */

static uint64_t dirty_ring_bytes(const KvmEngine *e)
{
    return e->dirty.ring_size * sizeof(struct kvm_dirty_gfn);
}

static bool dirty_init_rings(const KvmEngine *e, GError **errp)
{
    uint64_t n = e->dirty.ring_size;
    struct kvm_enable_cap cap = { .cap = KVM_CAP_DIRTY_LOG_RING,
                                  .args = { dirty_ring_bytes(e) } };

    if (n & (n - 1)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "dirty-ring-size=%" PRIu64 ": not a power of two", n);
    }
    if (!kvm_has(e, CAP_DIRTY_RING)) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "dirty-ring-size: KVM has no dirty ring "
                        "(Linux 5.11 has it)");
    }
    return ioctl(e->vm_fd, KVM_ENABLE_CAP, &cap) == 0 ||
           emu_fail_errno(
               errp, errno,
               "dirty-ring-size=%" PRIu64
               ": KVM_CAP_DIRTY_LOG_RING (at most %zu)",
               n, e->caps[CAP_DIRTY_RING] / sizeof(struct kvm_dirty_gfn));
}

/* Without it KVM_GET_DIRTY_LOG protects all pages at once. */
bool kvm_dirty_init(KvmEngine *e, GError **errp)
{
    struct kvm_enable_cap cap = {
        .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
        .args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE },
    };

    if (e->dirty.ring_size) {
        return dirty_init_rings(e, errp);
    }
    e->dirty.manual = kvm_has(e, CAP_MANUAL_DIRTY) &&
                      ioctl(e->vm_fd, KVM_ENABLE_CAP, &cap) == 0;
    return true;
}

bool kvm_dirty_map_ring(KvmVcpu *v, GError **errp)
{
    const KvmEngine *e = v->engine;

    if (!e->dirty.ring_size) {
        return true;
    }
    void *ring = mmap(NULL, dirty_ring_bytes(e), PROT_READ | PROT_WRITE,
                      MAP_SHARED, v->fd, KVM_DIRTY_LOG_PAGE_OFFSET * PAGE_SIZE);

    if (ring == MAP_FAILED) {
        return emu_fail_errno(errp, errno, "mmap of a vCPU's dirty ring");
    }
    v->ring = ring;
    return true;
}

void kvm_dirty_unmap_ring(KvmVcpu *v)
{
    if (v->ring) {
        munmap(v->ring, dirty_ring_bytes(v->engine));
        v->ring = NULL;
    }
}

void kvm_dirty_print(const KvmEngine *e, GString *out)
{
    g_string_append_printf(out, "%-18s ", "dirty log");
    if (e->dirty.ring_size) {
        g_string_append_printf(out, "rings of %" PRIu64, e->dirty.ring_size);
    } else {
        g_string_append(out, e->dirty.manual ? "bitmaps, cleared by range"
                                             : "bitmaps");
    }
    g_string_append_printf(out, ", %" PRIu64 " pages\n", e->dirty.pages);
}
