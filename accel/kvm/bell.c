/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doorbells under KVM: the host's kernel takes the write and adds to an eventfd
 * (ioeventfd), so a queue kick does not leave the guest. A thread of ours makes
 * the device's write of it.
 *
 * 1. What has been rung is served before a vCPU that was asked to stop stands
 *    still, and before another engine takes over. So a machine that stands has
 *    no kick outside its devices.
 * 2. `serving` is held while a device is written to. Order: serving, device,
 *    tree lock, bell_lock.
 * 3. A bell goes when its place in the view goes. One that rang just before is
 *    dropped, like a write that came just behind.
 */
#include "accel/kvm/kvm.h"

#include "util/log.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <urcu.h>

enum { BELL_QUIT = 0, BELL_EVENTS = 32 };

typedef struct KvmBell {
    uint64_t id;
    const KvmBellSpace *space;
    MemoryRegion *region;
    Doorbell door;
    hwaddr addr; /* in the space */
    int fd;
} KvmBell;

/* ---- telling KVM --------------------------------------------------------- */

static bool bell_assign(const KvmEngine *e, const KvmBell *b, uint32_t flags)
{
    struct kvm_ioeventfd k = {
        .datamatch = b->door.value,
        .addr = b->addr,
        .len = b->door.size,
        .fd = b->fd,
        .flags = KVM_IOEVENTFD_FLAG_DATAMATCH | flags |
                 (b->space->ports ? KVM_IOEVENTFD_FLAG_PIO : 0),
    };

    return ioctl(e->vm_fd, KVM_IOEVENTFD, &k) == 0;
}

static void bell_free(KvmEngine *e, KvmBell *b)
{
    bell_assign(e, b, KVM_IOEVENTFD_FLAG_DEASSIGN);
    epoll_ctl(e->bells.epoll_fd, EPOLL_CTL_DEL, b->fd, NULL);
    close(b->fd);
    g_free(b);
}

/* A bell that cannot be hung is no loss but of time: the write comes out. */
static void bell_hang_locked(KvmEngine *e, const KvmBell *like)
{
    KvmBells *bells = &e->bells;
    KvmBell *b = g_new(KvmBell, 1);

    *b = *like;
    b->id = ++bells->last_id;
    b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event ev = { .events = EPOLLIN, .data.u64 = b->id };

    if (b->fd < 0 || !bell_assign(e, b, 0)) {
        log_printf("kvm: no doorbell at %" PRIx64 ": %s\n", b->addr,
                   g_strerror(errno));
        if (b->fd >= 0) {
            close(b->fd);
        }
        g_free(b);
        return;
    }
    epoll_ctl(bells->epoll_fd, EPOLL_CTL_ADD, b->fd, &ev);
    g_ptr_array_add(bells->list, b);
}

/* ---- following the view -------------------------------------------------- */

static void bells_of_range(const KvmBellSpace *space, const FlatRange *r,
                           GArray *wanted)
{
    for (unsigned i = 0; i < r->region->doorbell_count; i++) {
        const Doorbell *door = &r->region->doorbells[i];

        if (door->off >= r->off && door->off + door->size <= r->off + r->size) {
            KvmBell b = { .space = space,
                          .region = r->region,
                          .door = *door,
                          .addr = r->start + (door->off - r->off) };

            g_array_append_val(wanted, b);
        }
    }
}

static bool bell_same(const KvmBell *a, const KvmBell *b)
{
    return a->space == b->space && a->region == b->region &&
           a->addr == b->addr && a->door.value == b->door.value &&
           a->door.size == b->door.size;
}

/* Take b out of what is wanted; false: it is not. */
static bool bell_take(GArray *wanted, const KvmBell *b)
{
    for (guint i = 0; i < wanted->len; i++) {
        if (bell_same(&g_array_index(wanted, KvmBell, i), b)) {
            g_array_remove_index_fast(wanted, i);
            return true;
        }
    }
    return false;
}

static void bells_changed(void *opaque, const FlatView *old,
                          const FlatView *now)
{
    const KvmBellSpace *space = opaque;
    KvmEngine *e = space->engine;
    GPtrArray *list = e->bells.list;
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(KvmBell));

    for (unsigned i = 0; i < now->count; i++) {
        bells_of_range(space, &now->ranges[i], wanted);
    }
    g_mutex_lock(&e->bells.lock);
    for (guint i = list->len; i-- > 0;) {
        KvmBell *b = list->pdata[i];

        if (b->space == space && !bell_take(wanted, b)) {
            g_ptr_array_remove_index_fast(list, i);
            bell_free(e, b);
        }
    }
    for (guint i = 0; i < wanted->len; i++) {
        bell_hang_locked(e, &g_array_index(wanted, KvmBell, i));
    }
    g_mutex_unlock(&e->bells.lock);
    g_array_free(wanted, TRUE);
}

/* ---- ringing ------------------------------------------------------------- */

/* Has it been rung? Then *copy is what it was. */
static bool bell_rang(KvmEngine *e, uint64_t id, KvmBell *copy)
{
    bool rang = false;

    g_mutex_lock(&e->bells.lock);
    for (guint i = 0; i < e->bells.list->len && !rang; i++) {
        const KvmBell *b = e->bells.list->pdata[i];
        eventfd_t count;

        if (b->id == id && eventfd_read(b->fd, &count) == 0) {
            *copy = *b;
            rang = true;
        }
    }
    g_mutex_unlock(&e->bells.lock);
    return rang;
}

/* The device may have moved since. */
static void bell_write(const KvmBell *b)
{
    rcu_read_lock();
    const FlatRange *r = view_find(space_view(b->space->as), b->addr);

    if (r && r->region == b->region &&
        r->off + (b->addr - r->start) == b->door.off) {
        range_store(r, b->addr - r->start, b->door.size, b->door.value);
    }
    rcu_read_unlock();
}

static void bells_serve(KvmEngine *e, const struct epoll_event *ev, int n)
{
    KvmBell bell;

    g_mutex_lock(&e->bells.serving);
    for (int i = 0; i < n; i++) {
        if (bell_rang(e, ev[i].data.u64, &bell)) {
            __atomic_fetch_add(&e->bells.rings, 1, __ATOMIC_RELAXED);
            bell_write(&bell);
        }
    }
    g_mutex_unlock(&e->bells.serving);
}

void kvm_bells_flush(KvmEngine *e)
{
    struct epoll_event ev[BELL_EVENTS];
    int n = BELL_EVENTS;

    while (e->bells.list && n == BELL_EVENTS) {
        n = epoll_wait(e->bells.epoll_fd, ev, BELL_EVENTS, 0);
        bells_serve(e, ev, n); /* none: wait for who serves now */
    }
}

static void *bells_main(void *opaque)
{
    KvmEngine *e = opaque;
    struct epoll_event ev[BELL_EVENTS];
    bool quit = false;

    rcu_register_thread();
    while (!quit) {
        int n = epoll_wait(e->bells.epoll_fd, ev, BELL_EVENTS, -1);

        for (int i = 0; i < n; i++) {
            quit |= ev[i].data.u64 == BELL_QUIT;
        }
        bells_serve(e, ev, n);
    }
    rcu_unregister_thread();
    return NULL;
}

/* ---- life ---------------------------------------------------------------- */

static void bells_listen(KvmBellSpace *space, KvmEngine *e, AddressSpace *as,
                         bool ports)
{
    const MemoryListener listener = { bells_changed, space };

    *space = (KvmBellSpace){ e, as, ports };
    space_add_listener(as, &listener);
    rcu_read_lock();
    bells_changed(space, NULL, space_view(as));
    rcu_read_unlock();
}

void kvm_bells_init(KvmEngine *e)
{
    KvmBells *bells = &e->bells;
    struct epoll_event ev = { .events = EPOLLIN, .data.u64 = BELL_QUIT };

    if (!bells->wanted || !kvm_has(e, CAP_IOEVENTFD)) {
        return;
    }
    bells->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bells->quit_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bells->list = g_ptr_array_new();
    epoll_ctl(bells->epoll_fd, EPOLL_CTL_ADD, bells->quit_fd, &ev);
    bells_listen(&bells->memory, e, e->parent.memory, false);
    bells_listen(&bells->io, e, e->parent.io, true);
    bells->thread = g_thread_new("kvm bells", bells_main, e);
}

void kvm_bells_clear(KvmEngine *e)
{
    KvmBells *bells = &e->bells;

    if (!bells->list) {
        return;
    }
    space_remove_listener(bells->memory.as, &bells->memory);
    space_remove_listener(bells->io.as, &bells->io);
    eventfd_write(bells->quit_fd, 1);
    g_thread_join(bells->thread);
    kvm_bells_flush(e);
    for (guint i = 0; i < bells->list->len; i++) {
        bell_free(e, bells->list->pdata[i]);
    }
    g_clear_pointer(&bells->list, g_ptr_array_unref);
    close(bells->quit_fd);
    close(bells->epoll_fd);
}

void kvm_bells_print(const KvmEngine *e, GString *out)
{
    if (e->bells.list) {
        g_string_append_printf(out, "%-18s %u\n%-18s %" PRIu64 "\n",
                               "doorbells", e->bells.list->len, "rings",
                               e->bells.rings);
    }
}
