/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio's core and its PCI transport, seen by a driver: finding the parts,
 * negotiation, rings, interrupts, resets; and rings that make no sense. The
 * device is the balloon, whose deflate queue swallows anything.
 */
#include "hw/virtio/virtio.h"

#include <string.h>

#include "hw/core/balloon.h"
#include "tests/hw/virtio-driver.h"

enum { INFLATE, DEFLATE, STATS, REPORT_COMPACT, REPORT, SIZE = 16 };

static const BalloonOps *balloon_ops;
static Device *balloon_dev;

static void set_balloon(void *machine, const BalloonOps *ops, Device *dev)
{
    balloon_ops = ops;
    balloon_dev = dev;
}

typedef struct Fixture {
    Hw *hw;
    Device *dev;
    VirtDriver d;
    VirtRing ring;
} Fixture;

static void fixture_start(Fixture *f, uint64_t features)
{
    g_assert_cmphex(virt_negotiate(&f->d, features), ==, f->d.legacy ? 3 : 11);
    virt_ring_init(&f->ring, &f->d, DEFLATE, SIZE);
    virt_driver_ok(&f->d);
}

static void fixture_setup(Fixture *f, bool legacy, const char *options)
{
    g_autofree char *text =
        g_strdup_printf("virtio-balloon-pci,addr=5%s", options);

    f->hw = hw_new();
    f->hw->env.set_balloon = set_balloon;
    f->dev = hw_device(f->hw, text, NULL);
    virt_init(&f->d, f->hw, legacy);
    fixture_start(f, VIRTIO_F_VERSION_1);
}

static void fixture_clear(Fixture *f)
{
    hw_remove(f->dev);
    g_assert_null(balloon_ops);
    hw_free(f->hw);
}

static unsigned send_one(Fixture *f)
{
    VirtBuffer buf = { VIRT_DATA, 64, false };
    unsigned head = virt_add(&f->ring, &buf, 1);

    virt_kick(&f->ring);
    return head;
}

static void assert_answers(Fixture *f)
{
    uint32_t got, len;
    unsigned head = send_one(f);

    g_assert_true(virt_used(&f->ring, &got, &len));
    g_assert_cmpuint(got, ==, head);
    g_assert_cmpuint(len, ==, 0);
    g_assert_false(virt_used(&f->ring, &got, &len));
}

/* ---- The transport ----------------------------------------------------- */

static void test_identity(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    g_assert_cmphex(hw_config_read(f.hw, f.d.devfn, PCI_DEVICE_ID, 2), ==,
                    0x1002);
    g_assert_cmphex(hw_config_read(f.hw, f.d.devfn, PCI_SUBSYSTEM_ID, 2), ==,
                    5);
    fixture_clear(&f);
    fixture_setup(&f, false, ",disable-legacy=on");
    g_assert_cmphex(hw_config_read(f.hw, f.d.devfn, PCI_DEVICE_ID, 2), ==,
                    0x1045);
    g_assert_cmphex(hw_config_read(f.hw, f.d.devfn, PCI_REVISION_ID, 1), ==, 1);
    g_assert_cmphex(hw_config_read(f.hw, f.d.devfn, PCI_BAR0, 4), ==, 0);
    fixture_clear(&f);
}

static void test_negotiation(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    uint64_t offered = virt_offered(&f.d);

    g_assert_true(offered & VIRTIO_F_VERSION_1);
    g_assert_true(offered & VIRTIO_F_EVENT_IDX);
    g_assert_true(offered & VIRTIO_F_INDIRECT_DESC);
    g_assert_false(offered & VIRTIO_F_NOTIFY_ON_EMPTY); /* legacy only */
    /* A modern driver without VERSION_1 is refused. */
    g_assert_cmphex(virt_negotiate(&f.d, VIRTIO_F_INDIRECT_DESC), ==, 3);
    /* So is one that takes what is not offered. */
    virt_set_status(&f.d, 0);
    virt_set_status(&f.d, 3);
    hw_writel(f.hw, f.d.common + 8, 1);
    hw_writel(f.hw, f.d.common + 12, 0xffffffff);
    virt_set_status(&f.d, 11);
    g_assert_cmphex(virt_status(&f.d), ==, 3);
    fixture_start(&f, UINT64_MAX);
    assert_answers(&f);
    fixture_clear(&f);
}

static void test_legacy(void)
{
    Fixture f;

    fixture_setup(&f, true, "");
    g_assert_cmpuint(f.ring.size, ==, 128);
    for (unsigned i = 0; i < 300; i++) {
        assert_answers(&f);
    }
    g_assert_true(f.hw->levels[16]);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 1);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 0);
    virt_set_status(&f.d, 0);
    g_assert_cmphex(virt_status(&f.d), ==, 0);
    fixture_clear(&f);
}

static void test_intx(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    assert_answers(&f);
    g_assert_true(f.hw->levels[16]);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 1);
    g_assert_false(f.hw->levels[16]);
    /* The driver does not want to hear of it. */
    virt_ram16_set(f.hw, f.ring.avail, 1);
    assert_answers(&f);
    g_assert_false(f.hw->levels[16]);
    balloon_ops->set_target(balloon_dev, HW_RAM_SIZE / 2);
    g_assert_cmphex(virt_read_isr(&f.d) & 2, ==, 2);
    fixture_clear(&f);
}

static void test_msix(void)
{
    Fixture f;

    fixture_setup(&f, false, ",vectors=4");
    virt_enable_msix(&f.d);
    fixture_start(&f, VIRTIO_F_VERSION_1);
    assert_answers(&f);
    g_assert_cmpuint(f.hw->msis, ==, 1);
    g_assert_cmphex(f.hw->msi_data, ==, 0x41 + DEFLATE);
    g_assert_false(f.hw->levels[16]);
    balloon_ops->set_target(balloon_dev, HW_RAM_SIZE / 2);
    g_assert_cmpuint(f.hw->msis, ==, 2);
    g_assert_cmphex(f.hw->msi_data, ==, 0x40);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 0);
    fixture_clear(&f);
}

static void test_event_index(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    fixture_start(&f, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX);
    hwaddr used_event = f.ring.avail + 4 + 2 * SIZE;
    hwaddr avail_event = f.ring.used + 4 + 8 * SIZE;

    assert_answers(&f); /* used_event 0: the first one interrupts */
    g_assert_cmphex(virt_read_isr(&f.d), ==, 1);
    g_assert_cmpuint(virt_ram16(f.hw, avail_event), ==, 1);
    virt_ram16_set(f.hw, used_event, 3);
    assert_answers(&f);
    assert_answers(&f);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 0);
    assert_answers(&f);
    g_assert_cmphex(virt_read_isr(&f.d), ==, 1);
    fixture_clear(&f);
}

static void test_wrap(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    for (unsigned i = 0; i < 70000; i++) {
        assert_answers(&f);
    }
    fixture_clear(&f);
}

static void test_indirect(void)
{
    Fixture f;
    VirtBuffer buf[] = { { VIRT_DATA, 16, false }, { VIRT_DATA, 99, true } };
    uint32_t head, len;

    fixture_setup(&f, false, "");
    fixture_start(&f, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
    virt_add_indirect(&f.ring, VIRT_DATA + 0x1000, buf, 2);
    virt_kick(&f.ring);
    g_assert_true(virt_used(&f.ring, &head, &len));
    /* 2.7.5.3.2: plain descriptors may lead to the table. */
    virt_desc(&f.ring, 8, VIRT_DATA, 16, VIRT_DESC_NEXT, 9);
    virt_desc(&f.ring, 9, VIRT_DATA + 0x1000, 32, VIRT_DESC_INDIRECT, 0);
    virt_publish(&f.ring, 8);
    virt_kick(&f.ring);
    g_assert_true(virt_used(&f.ring, &head, &len));
    g_assert_cmpuint(head, ==, 8);
    fixture_clear(&f);
}

static void test_reload(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    assert_answers(&f);
    hw_reload(f.dev);
    assert_answers(&f);
    device_reset(f.dev);
    g_assert_cmphex(hw_config_read(f.hw, f.d.devfn, PCI_COMMAND, 2), ==, 0);
    fixture_clear(&f);
}

/* ---- Rings that make no sense ------------------------------------------ */

static void head_beyond(Fixture *f)
{
    virt_publish(&f->ring, SIZE);
}

static void head_far_beyond(Fixture *f)
{
    virt_publish(&f->ring, 0xffff);
}

static void next_beyond(Fixture *f)
{
    virt_desc(&f->ring, 0, VIRT_DATA, 16, VIRT_DESC_NEXT, SIZE);
    virt_publish(&f->ring, 0);
}

static void loop_of_one(Fixture *f)
{
    virt_desc(&f->ring, 0, VIRT_DATA, 16, VIRT_DESC_NEXT, 0);
    virt_publish(&f->ring, 0);
}

static void loop_of_all(Fixture *f)
{
    for (unsigned i = 0; i < SIZE; i++) {
        virt_desc(&f->ring, i, VIRT_DATA, 16, VIRT_DESC_NEXT, (i + 1) % SIZE);
    }
    virt_publish(&f->ring, 3);
}

static void outside_ram(Fixture *f)
{
    virt_desc(&f->ring, 0, UINT64_C(0xc00000000), 16, 0, 0);
    virt_publish(&f->ring, 0);
}

static void across_the_end(Fixture *f)
{
    virt_desc(&f->ring, 0, HW_RAM_SIZE - 8, 16, VIRT_DESC_WRITE, 0);
    virt_publish(&f->ring, 0);
}

static void address_wraps(Fixture *f)
{
    virt_desc(&f->ring, 0, UINT64_MAX - 7, 16, 0, 0);
    virt_publish(&f->ring, 0);
}

static void into_device(Fixture *f)
{
    virt_desc(&f->ring, 0, VIRT_MODERN_BAR, 16, VIRT_DESC_WRITE, 0);
    virt_publish(&f->ring, 0);
}

static void huge(Fixture *f)
{
    virt_desc(&f->ring, 0, 0, UINT32_MAX, VIRT_DESC_WRITE, 0);
    virt_publish(&f->ring, 0);
}

static void zero_length(Fixture *f)
{
    virt_desc(&f->ring, 0, VIRT_DATA, 0, 0, 0);
    virt_publish(&f->ring, 0);
}

static void out_after_in(Fixture *f)
{
    virt_desc(&f->ring, 0, VIRT_DATA, 16, VIRT_DESC_WRITE | VIRT_DESC_NEXT, 1);
    virt_desc(&f->ring, 1, VIRT_DATA, 16, 0, 0);
    virt_publish(&f->ring, 0);
}

static void avail_jumps(Fixture *f)
{
    virt_ram16_set(f->hw, f->ring.avail + 2, f->ring.avail_index + SIZE + 1);
}

static void avail_goes_back(Fixture *f)
{
    virt_ram16_set(f->hw, f->ring.avail + 2, f->ring.avail_index - 1);
}

static void indirect_of(Fixture *f, hwaddr table, uint32_t len, uint16_t flags)
{
    virt_desc(&f->ring, 0, table, len, VIRT_DESC_INDIRECT | flags, 1);
    virt_publish(&f->ring, 0);
}

static void indirect_empty(Fixture *f)
{
    indirect_of(f, VIRT_DATA, 0, 0);
}

static void indirect_odd(Fixture *f)
{
    indirect_of(f, VIRT_DATA, 24, 0);
}

static void indirect_huge(Fixture *f)
{
    indirect_of(f, VIRT_DATA, 0xfffffff0, 0);
}

static void indirect_outside(Fixture *f)
{
    indirect_of(f, HW_RAM_SIZE - 16, 32, 0);
}

static void indirect_and_next(Fixture *f)
{
    indirect_of(f, VIRT_DATA, 16, VIRT_DESC_NEXT);
}

/* The table's only entry is a table: itself. */
static void indirect_in_indirect(Fixture *f)
{
    VirtBuffer buf = { VIRT_DATA, 16, false };

    virt_add_indirect(&f->ring, VIRT_DATA, &buf, 1);
    virt_ram16_set(f->hw, VIRT_DATA + 12, VIRT_DESC_INDIRECT);
}

static void indirect_loop(Fixture *f)
{
    VirtBuffer buf = { VIRT_DATA, 16, false };

    virt_add_indirect(&f->ring, VIRT_DATA, &buf, 1);
    virt_ram16_set(f->hw, VIRT_DATA + 12, VIRT_DESC_NEXT);
    virt_ram16_set(f->hw, VIRT_DATA + 14, 0);
}

static void ring_outside(Fixture *f)
{
    f->ring.desc = 0;
    hw_writel(f->hw, f->d.common + 0x20, 0xfffff000);
    hw_writel(f->hw, f->d.common + 0x24, 0xffffffff);
    space_store(f->hw->env.memory, f->d.common + 0x1c, 2, 1);
}

static void ring_at_the_end(Fixture *f)
{
    hw_writel(f->hw, f->d.common + 0x30, HW_RAM_SIZE - 16);
    space_store(f->hw->env.memory, f->d.common + 0x1c, 2, 1);
}

static void ring_unaligned(Fixture *f)
{
    hw_writel(f->hw, f->d.common + 0x20, VIRT_RINGS + 8);
    space_store(f->hw->env.memory, f->d.common + 0x1c, 2, 1);
}

typedef void Damage(Fixture *f);

static Damage *const damages[] = {
    head_beyond,       head_far_beyond,
    next_beyond,       loop_of_one,
    loop_of_all,       outside_ram,
    across_the_end,    address_wraps,
    into_device,       huge,
    zero_length,       out_after_in,
    avail_jumps,       avail_goes_back,
    indirect_empty,    indirect_odd,
    indirect_huge,     indirect_outside,
    indirect_and_next, indirect_loop,
    ring_outside,      indirect_in_indirect,
    ring_at_the_end,   ring_unaligned,
};

static void test_damaged(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    for (unsigned i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_test_message("damage %u", i);
        fixture_start(&f, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
        assert_answers(&f);
        damages[i](&f);
        virt_kick(&f.ring);
        g_assert_cmphex(virt_status(&f.d) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
        g_assert_cmphex(virt_read_isr(&f.d) & 2, ==, 2);
        virt_kick(&f.ring); /* dead until it is reset */
        /* The driver cannot write the bit away. */
        virt_set_status(&f.d, 15);
        g_assert_cmphex(virt_status(&f.d) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
        fixture_start(&f, VIRTIO_F_VERSION_1);
        assert_answers(&f);
    }
    fixture_clear(&f);
}

/* More segments than an element may have, by a long indirect table. */
static void test_many_segments(void)
{
    Fixture f;
    g_autofree VirtBuffer *buf = g_new0(VirtBuffer, 1025);

    fixture_setup(&f, false, "");
    for (unsigned i = 0; i < 1025; i++) {
        buf[i] = (VirtBuffer){ VIRT_DATA, 1, false };
    }
    fixture_start(&f, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
    virt_add_indirect(&f.ring, 0x90000, buf, 1024);
    virt_kick(&f.ring);
    g_assert_cmphex(virt_status(&f.d), ==, 15);
    virt_add_indirect(&f.ring, 0x90000, buf, 1025);
    virt_kick(&f.ring);
    g_assert_cmphex(virt_status(&f.d) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
    fixture_clear(&f);
}

/* Random rings: whatever happens, it can be reset and works again. */
static void test_random(void)
{
    Fixture f;
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    fixture_setup(&f, false, "");
    for (unsigned round = 0; round < 2000; round++) {
        fixture_start(&f, UINT64_MAX);
        VirtRing ring;

        virt_ring_init(&ring, &f.d, g_rand_int_range(rand, 0, 5), SIZE);
        for (unsigned i = 0; i < SIZE; i++) {
            virt_desc(&ring, i, g_rand_int_range(rand, 0, HW_RAM_SIZE + 4096),
                      g_rand_int_range(rand, 0, 9) * 16,
                      g_rand_int_range(rand, 0, 8),
                      g_rand_int_range(rand, 0, SIZE + 1));
            virt_ram16_set(f.hw, ring.avail + 4 + 2 * i,
                           g_rand_int_range(rand, 0, SIZE + 1));
        }
        virt_ram16_set(f.hw, ring.avail + 2, g_rand_int_range(rand, 0, SIZE));
        virt_kick(&ring);
        virt_status(&f.d);
    }
    fixture_start(&f, VIRTIO_F_VERSION_1);
    assert_answers(&f);
    fixture_clear(&f);
}

static void start_balloon(Fixture *f, VirtRing *ring, unsigned n)
{
    virt_negotiate(&f->d, UINT64_MAX & ~VIRTIO_F_EVENT_IDX);
    virt_ring_init(ring, &f->d, n, SIZE);
    virt_driver_ok(&f->d);
}

/* A head that the device still has is not available: the statistics buffer,
 * which the balloon keeps. */
static void test_head_in_use(void)
{
    Fixture f;
    VirtRing ring;
    VirtBuffer buf = { VIRT_DATA, 10, false };
    unsigned head;

    fixture_setup(&f, false, "");
    start_balloon(&f, &ring, STATS);
    head = virt_add(&ring, &buf, 1);
    virt_kick(&ring);
    g_assert_cmphex(virt_status(&f.d), ==, 15);
    virt_publish(&ring, head);
    virt_kick(&ring);
    g_assert_cmphex(virt_status(&f.d), ==, 15 | 64);
    fixture_start(&f, VIRTIO_F_VERSION_1);
    assert_answers(&f);
    fixture_clear(&f);
}

/* A driver on another processor that makes every chain available again as soon
 * as it comes back. */
typedef struct Feeder {
    VirtRing *ring;
    bool stop;
} Feeder;

static void *feed(void *opaque)
{
    Feeder *feeder = opaque;
    VirtRing *r = feeder->ring;
    const uint16_t *used =
        (const uint16_t *)(r->driver->hw->ram->host + r->used + 2);
    uint16_t *avail = (uint16_t *)(r->driver->hw->ram->host + r->avail + 2);

    while (!__atomic_load_n(&feeder->stop, __ATOMIC_RELAXED)) {
        __atomic_store_n(
            avail,
            (uint16_t)(__atomic_load_n(used, __ATOMIC_ACQUIRE) + r->size),
            __ATOMIC_RELEASE);
    }
    return NULL;
}

static void test_endless(void)
{
    Fixture f;
    Feeder feeder;

    fixture_setup(&f, false, "");
    feeder = (Feeder){ &f.ring, false };
    for (unsigned i = 0; i < SIZE; i++) {
        virt_desc(&f.ring, i, VIRT_DATA, 64, 0, 0);
        virt_publish(&f.ring, i);
    }
    GThread *thread = g_thread_new("feeder", feed, &feeder);

    int64_t end = g_get_monotonic_time() + G_USEC_PER_SEC / 2;

    /* Until the device was seen to put the rest off, which on a busy host may
     * not happen soon. */
    do {
        uint16_t used = virt_ram16(f.hw, f.ring.used + 2);

        while (virt_ram16(f.hw, f.ring.avail + 2) != (uint16_t)(used + SIZE)) {
            g_thread_yield();
        }
        virt_kick(&f.ring);
        g_assert_cmpuint(virt_ram16(f.hw, f.ring.used + 2), ==,
                         (uint16_t)(used + SIZE));
    } while (clock_deadline(f.hw->env.clock) == INT64_MAX &&
             g_get_monotonic_time() < end);
    bool later = clock_deadline(f.hw->env.clock) != INT64_MAX;

    __atomic_store_n(&feeder.stop, true, __ATOMIC_RELAXED);
    g_thread_join(thread);
    hw_advance(f.hw, 0); /* the rest comes without a kick */
    if (later) {
        g_assert_cmpuint(virt_ram16(f.hw, f.ring.used + 2), ==,
                         virt_ram16(f.hw, f.ring.avail + 2));
    }
    g_assert_cmphex(virt_status(&f.d), ==, 15);
    fixture_clear(&f);
}

static void test_partial_accesses(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    for (unsigned off = 0; off < 64; off++) {
        for (unsigned size = 1; size <= 8; size *= 2) {
            uint64_t val;

            space_load(f.hw->env.memory, f.d.common + off, size, &val);
            space_load(f.hw->env.io, VIRT_LEGACY_PORT + off % 32, size, &val);
            space_store(f.hw->env.memory, f.d.common + off, size, UINT64_MAX);
            space_store(f.hw->env.memory, f.d.config + off, size, UINT64_MAX);
            space_store(f.hw->env.memory, f.d.notify + off * 64, size,
                        UINT64_MAX);
            space_store(f.hw->env.io, VIRT_LEGACY_PORT + off % 32, size,
                        UINT64_MAX);
        }
    }
    fixture_start(&f, VIRTIO_F_VERSION_1);
    assert_answers(&f);
    fixture_clear(&f);
}

/* ---- The balloon itself ------------------------------------------------ */

static void test_balloon_target(void)
{
    Fixture f;

    fixture_setup(&f, false, "");
    g_assert_cmpuint(balloon_ops->actual(balloon_dev), ==, HW_RAM_SIZE);
    balloon_ops->set_target(balloon_dev, HW_RAM_SIZE - 0x10000);
    g_assert_cmpuint(virt_config(&f.d, 0, 4), ==, 16);
    balloon_ops->set_target(balloon_dev, UINT64_MAX);
    g_assert_cmpuint(virt_config(&f.d, 0, 4), ==, 0);
    virt_set_config(&f.d, 4, 4, 16);
    g_assert_cmpuint(balloon_ops->actual(balloon_dev), ==,
                     HW_RAM_SIZE - 0x10000);
    g_assert_nonnull(strstr(f.hw->events->str, "BALLOON_CHANGE{"));
    virt_set_config(&f.d, 4, 4, UINT32_MAX);
    g_assert_cmpuint(balloon_ops->actual(balloon_dev), ==, 0);
    fixture_clear(&f);
}

static void test_balloon_inflate(void)
{
    Fixture f;
    VirtRing ring;
    VirtBuffer buf = { VIRT_DATA, 20, false };
    static const uint32_t pages[] = { 0xf2, 0xf0, 0xf0, 0xf1, 0xffffffff };
    uint8_t *host;

    fixture_setup(&f, false, "");
    start_balloon(&f, &ring, INFLATE);
    host = f.hw->ram->host;
    memset(host + 0xef000, 0x55, 0x5000);
    memcpy(host + VIRT_DATA, pages, sizeof(pages));
    virt_wait(&ring, (virt_add(&ring, &buf, 1), virt_kick(&ring), 0));
    g_assert_cmphex(host[0xeffff], ==, 0x55);
    g_assert_cmphex(host[0xf0000], ==, 0);
    g_assert_cmphex(host[0xf2fff], ==, 0);
    g_assert_cmphex(host[0xf3000], ==, 0x55);
    fixture_clear(&f);
}

static void check_report(unsigned queue, unsigned poison, uint8_t expect)
{
    Fixture f;
    VirtRing ring;
    VirtBuffer buf[] = { { 0xf0000, 0x2000, true }, { 0xf2000, 0x1000, true } };
    uint8_t *host;

    fixture_setup(&f, false, "");
    start_balloon(&f, &ring, queue);
    virt_set_config(&f.d, 12, 4, poison);
    host = f.hw->ram->host;
    memset(host + 0xef000, 0x55, 0x5000);
    virt_wait(&ring, (virt_add(&ring, buf, 2), virt_kick(&ring), 0));
    g_assert_cmphex(host[0xeffff], ==, 0x55);
    g_assert_cmphex(host[0xf0000], ==, expect);
    g_assert_cmphex(host[0xf2fff], ==, expect);
    g_assert_cmphex(host[0xf3000], ==, 0x55);
    fixture_clear(&f);
}

static void test_balloon_report(void)
{
    check_report(REPORT, 0, 0);
    check_report(REPORT_COMPACT, 0, 0);
    check_report(REPORT, 0xaaaaaaaa, 0x55);
}

static void test_balloon_stats(void)
{
    Fixture f;
    VirtRing ring;
    VirtBuffer buf = { VIRT_DATA, 10, false };
    static const uint8_t stat[10] = { 4, 0, 0x39, 0x30 };
    uint32_t head, len;
    g_autoptr(GString) text = g_string_new(NULL);

    fixture_setup(&f, false, ",guest-stats-polling-interval=2");
    start_balloon(&f, &ring, STATS);
    memcpy(f.hw->ram->host + VIRT_DATA, stat, sizeof(stat));
    virt_add(&ring, &buf, 1);
    virt_kick(&ring);
    g_assert_false(virt_used(&ring, &head, &len)); /* it is kept */
    hw_reload(f.dev);
    hw_advance(f.hw, 2 * NS_PER_SECOND);
    g_assert_true(virt_used(&ring, &head, &len));
    virt_add(&ring, &buf, 1);
    virt_kick(&ring);
    balloon_ops->print_stats(balloon_dev, text);
    g_assert_cmpstr(text->str, ==, " free_mem=12345");
    g_assert_true(virt_used(&ring, &head, &len)); /* asked for more */
    virt_add(&ring, &buf, 1);
    virt_kick(&ring);
    virt_set_status(&f.d, 0);
    g_assert_cmphex(virt_status(&f.d), ==, 0);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio/identity", test_identity);
    g_test_add_func("/virtio/negotiation", test_negotiation);
    g_test_add_func("/virtio/legacy", test_legacy);
    g_test_add_func("/virtio/intx", test_intx);
    g_test_add_func("/virtio/msix", test_msix);
    g_test_add_func("/virtio/event-index", test_event_index);
    g_test_add_func("/virtio/wrap", test_wrap);
    g_test_add_func("/virtio/indirect", test_indirect);
    g_test_add_func("/virtio/reload", test_reload);
    g_test_add_func("/virtio/damaged", test_damaged);
    g_test_add_func("/virtio/many-segments", test_many_segments);
    g_test_add_func("/virtio/random", test_random);
    g_test_add_func("/virtio/head-in-use", test_head_in_use);
    g_test_add_func("/virtio/endless", test_endless);
    g_test_add_func("/virtio/partial-accesses", test_partial_accesses);
    g_test_add_func("/virtio/balloon/target", test_balloon_target);
    g_test_add_func("/virtio/balloon/inflate", test_balloon_inflate);
    g_test_add_func("/virtio/balloon/report", test_balloon_report);
    g_test_add_func("/virtio/balloon/stats", test_balloon_stats);
    return g_test_run();
}
