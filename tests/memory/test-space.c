/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions, the flat view, and accesses through it. */
#include "memory/memory.h"

#include <string.h>
#include <urcu.h>

/* ---- A device that writes down what reaches it ------------------------- */

typedef struct Probe {
    MemoryRegion region;
    GString *log;
    uint8_t bytes[64];
    bool refuse;
} Probe;

static bool probe_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    Probe *p = opaque;

    g_string_append_printf(p->log, "r%u@%" PRIx64 " ", size, off);
    *val = UINT64_MAX; /* the core must cut it to size */
    if (off + size <= sizeof(p->bytes)) {
        memcpy(val, p->bytes + off, size);
    }
    return !p->refuse;
}

static bool probe_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    Probe *p = opaque;

    g_string_append_printf(p->log, "w%u@%" PRIx64 "=%" PRIx64 " ", size, off,
                           val);
    if (off + size <= sizeof(p->bytes)) {
        memcpy(p->bytes + off, &val, size);
    }
    return !p->refuse;
}

static void probe_init(Probe *p, const char *name, uint64_t size,
                       const MemoryOps *ops)
{
    *p = (Probe){ .log = g_string_new(NULL) };
    for (unsigned i = 0; i < sizeof(p->bytes); i++) {
        p->bytes[i] = 0x10 + i;
    }
    region_init_io(&p->region, name, size, ops, p, NULL);
}

static void probe_clear(Probe *p)
{
    region_clear(&p->region);
    g_string_free(p->log, TRUE);
}

static void probe_assert(Probe *p, const char *expected)
{
    g_assert_cmpstr(p->log->str, ==, expected);
    g_string_truncate(p->log, 0);
}

static const MemoryOps byte_ops = {
    .read = probe_read,
    .write = probe_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 1 },
};
static const MemoryOps dword_ops = {
    .read = probe_read,
    .write = probe_write,
    .valid = { .min = 1, .max = 8 },
    .impl = { .min = 4, .max = 4 },
};
static const MemoryOps strict_ops = {
    .read = probe_read,
    .write = probe_write,
    .valid = { .min = 4, .max = 4 },
    .impl = { .min = 4, .max = 4 },
};
static const MemoryOps plain_ops = {
    .read = probe_read,
    .write = probe_write,
};

/* ---- A space with one root --------------------------------------------- */

typedef struct Fixture {
    MemoryRegion root;
    AddressSpace *as;
    RamBlock *ram;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    region_init_container(&f->root, "system", UINT64_MAX);
    f->as = space_new("memory", &f->root);
    f->ram = ram_new("ram", 1 << 20, NULL);
    for (unsigned i = 0; i < 4096; i++) {
        f->ram->host[i] = i;
    }
}

static void teardown(Fixture *f, gconstpointer data)
{
    space_free(f->as);
    region_clear(&f->root);
    ram_free(f->ram);
}

/* "start-end:name+off ..." of the current view. */
static void assert_view(Fixture *f, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    rcu_read_lock();
    const FlatView *view = space_view(f->as);
    for (unsigned i = 0; i < view->count; i++) {
        const FlatRange *r = &view->ranges[i];

        g_string_append_printf(text, "%" PRIx64 "-%" PRIx64 ":%s+%" PRIx64 " ",
                               r->start, r->start + r->size - 1,
                               r->region->name, r->off);
    }
    rcu_read_unlock();
    g_assert_cmpstr(text->str, ==, expected);
}

static uint64_t load(Fixture *f, hwaddr addr, unsigned size)
{
    uint64_t val;

    space_load(f->as, addr, size, &val);
    return val;
}

static void test_overlap(Fixture *f, gconstpointer data)
{
    MemoryRegion low, high, hole;

    region_init_ram(&low, "low", f->ram, 0, 0x4000);
    region_init_ram(&high, "high", f->ram, 0x8000, 0x1000);
    region_init_ram(&hole, "hole", f->ram, 0x9000, 0x1000);
    region_add(&f->root, 0x1000, &low);
    region_add_priority(&f->root, 0x2000, &high, 1);
    assert_view(f, "1000-1fff:low+0 2000-2fff:high+0 3000-4fff:low+2000 ");
    region_set_enabled(&high, false);
    assert_view(f, "1000-4fff:low+0 ");
    region_set_enabled(&high, true);
    region_set_addr(&high, 0x4800);
    assert_view(f, "1000-47ff:low+0 4800-57ff:high+0 ");
    /* Among equals the later one wins, and priority beats it. */
    region_add(&f->root, 0x4000, &hole);
    assert_view(f, "1000-3fff:low+0 4000-47ff:hole+0 4800-57ff:high+0 ");
    region_clear(&high);
    assert_view(f, "1000-3fff:low+0 4000-4fff:hole+0 ");
    region_clear(&hole);
    region_clear(&low);
    assert_view(f, "");
}

static void test_clip(Fixture *f, gconstpointer data)
{
    MemoryRegion box, child, wide;

    region_init_container(&box, "box", 0x2000);
    region_init_ram(&child, "child", f->ram, 0, 0x3000);
    region_add(&box, 0x1000, &child);
    region_add(&f->root, 0x10000, &box);
    assert_view(f, "11000-11fff:child+0 ");
    /* Over the end: cut, not wrapped. */
    region_set_addr(&box, UINT64_MAX - 0x17ff);
    assert_view(f, "fffffffffffff800-fffffffffffffffe:child+0 ");
    region_set_addr(&child, UINT64_MAX - 0xfff);
    assert_view(f, "");
    region_clear(&child);
    region_clear(&box);
    region_init_ram(&wide, "wide", f->ram, 0, 0x1000);
    region_add(&f->root, UINT64_MAX, &wide);
    assert_view(f, "");
    region_clear(&wide);
}

static void test_alias(Fixture *f, gconstpointer data)
{
    MemoryRegion pc_ram, below, twice, box, in_box;

    region_init_ram(&pc_ram, "pc.ram", f->ram, 0, 0x10000);
    region_init_alias(&below, "below", &pc_ram, 0x1000, 0x3000);
    region_init_alias(&twice, "twice", &below, 0x1000, 0x1000);
    region_add(&f->root, 0, &below);
    region_add(&f->root, 0x8000, &twice);
    assert_view(f, "0-2fff:pc.ram+1000 8000-8fff:pc.ram+2000 ");
    g_assert_cmphex(load(f, 0x10, 1), ==, f->ram->host[0x1010]);

    /* The alias follows what happens in a tree that hangs nowhere. */
    region_init_container(&box, "box", 0x4000);
    region_init_ram(&in_box, "in-box", f->ram, 0x20000, 0x1000);
    region_set_alias(&twice, &box, 0x800);
    assert_view(f, "0-2fff:pc.ram+1000 ");
    region_add(&box, 0x1000, &in_box);
    assert_view(f, "0-2fff:pc.ram+1000 8800-8fff:in-box+0 ");
    region_set_addr(&in_box, 0);
    assert_view(f, "0-2fff:pc.ram+1000 8000-87ff:in-box+800 ");
    region_clear(&box);
    assert_view(f, "0-2fff:pc.ram+1000 ");
    region_clear(&in_box);
    region_clear(&twice);
    region_clear(&below);
    region_clear(&pc_ram);
}

static void test_alias_join(Fixture *f, gconstpointer data)
{
    MemoryRegion pc_ram, part[4];

    region_init_ram(&pc_ram, "pc.ram", f->ram, 0, 0x10000);
    for (unsigned i = 0; i < 4; i++) {
        region_init_alias(&part[i], "part", &pc_ram, i * 0x1000, 0x1000);
        region_add(&f->root, i * 0x1000, &part[i]);
    }
    assert_view(f, "0-3fff:pc.ram+0 ");
    region_set_enabled(&part[2], false);
    assert_view(f, "0-1fff:pc.ram+0 3000-3fff:pc.ram+3000 ");
    for (unsigned i = 0; i < 4; i++) {
        region_clear(&part[i]);
    }
    region_clear(&pc_ram);
}

static void count_changes(void *opaque, const FlatView *old,
                          const FlatView *now)
{
    unsigned *changes = opaque;

    g_assert_true(old != now);
    ++*changes;
}

static void test_batch(Fixture *f, gconstpointer data)
{
    unsigned changes = 0;
    MemoryListener listener = { count_changes, &changes };
    MemoryRegion a, b;

    space_add_listener(f->as, &listener);
    region_init_ram(&a, "a", f->ram, 0, 0x1000);
    region_init_ram(&b, "b", f->ram, 0, 0x1000);
    space_begin(f->as);
    region_add(&f->root, 0, &a);
    space_begin(f->as);
    region_add(&f->root, 0x1000, &b);
    space_commit(f->as);
    g_assert_cmpuint(changes, ==, 0);
    assert_view(f, "");
    space_commit(f->as);
    g_assert_cmpuint(changes, ==, 1);
    assert_view(f, "0-fff:a+0 1000-1fff:b+0 ");
    region_set_addr(&a, 0);
    g_assert_cmpuint(changes, ==, 1);
    space_remove_listener(f->as, &changes);
    region_clear(&a);
    region_clear(&b);
    g_assert_cmpuint(changes, ==, 1);
}

static void test_split(Fixture *f, gconstpointer data)
{
    Probe bytes, dwords, strict, plain;

    probe_init(&bytes, "bytes", 16, &byte_ops);
    probe_init(&dwords, "dwords", 16, &dword_ops);
    probe_init(&strict, "strict", 16, &strict_ops);
    probe_init(&plain, "plain", 64, &plain_ops);
    region_add(&f->root, 0x100, &bytes.region);
    region_add(&f->root, 0x200, &dwords.region);
    region_add(&f->root, 0x300, &strict.region);
    region_add(&f->root, 0x400, &plain.region);

    g_assert_cmphex(load(f, 0x100, 4), ==, 0x13121110);
    probe_assert(&bytes, "r1@0 r1@1 r1@2 r1@3 ");
    space_store(f->as, 0x102, 2, 0xbeef);
    probe_assert(&bytes, "w1@2=ef w1@3=be ");

    g_assert_cmphex(load(f, 0x205, 1), ==, 0x15);
    probe_assert(&dwords, "r4@4 ");
    space_store(f->as, 0x202, 2, 0xbeef);
    probe_assert(&dwords, "r4@0 w4@0=beef1110 ");
    g_assert_cmphex(load(f, 0x208, 8), ==, UINT64_C(0x1f1e1d1c1b1a1918));
    probe_assert(&dwords, "r4@8 r4@c ");

    g_assert_cmphex(load(f, 0x304, 2), ==, 0xffff);
    probe_assert(&strict, "");
    g_assert_cmphex(load(f, 0x304, 4), ==, 0x17161514);
    probe_assert(&strict, "r4@4 ");
    g_assert_cmphex(load(f, 0x308, 8), ==, UINT64_C(0x1f1e1d1c1b1a1918));
    probe_assert(&strict, "r4@8 r4@c ");

    /* Unaligned: as a bus would split it. */
    g_assert_cmphex(load(f, 0x401, 4), ==, 0x14131211);
    probe_assert(&plain, "r1@1 r2@2 r1@4 ");
    space_store(f->as, 0x406, 4, 0x44332211);
    probe_assert(&plain, "w2@6=2211 w2@8=4433 ");
    plain.refuse = true;
    uint64_t val;
    g_assert_cmpint(space_load(f->as, 0x400, 4, &val), ==, MEM_REJECTED);
    g_assert_cmphex(val, ==, 0xffffffff);
    g_assert_cmpint(space_store(f->as, 0x400, 4, 1), ==, MEM_REJECTED);

    probe_clear(&bytes);
    probe_clear(&dwords);
    probe_clear(&strict);
    probe_clear(&plain);
}

static void test_straddle(Fixture *f, gconstpointer data)
{
    MemoryRegion ram;
    Probe io;
    uint64_t val;

    region_init_ram(&ram, "ram", f->ram, 0, 0x1000);
    probe_init(&io, "io", 16, &plain_ops);
    region_add(&f->root, 0x1000, &ram);
    region_add(&f->root, 0x2000, &io.region);
    g_assert_cmpint(space_load(f->as, 0x1ffd, 8, &val), ==, MEM_OK);
    g_assert_cmphex(val, ==, UINT64_C(0x1413121110fffefd));
    probe_assert(&io, "r4@0 r1@4 ");
    g_assert_cmpint(space_store(f->as, 0x1ffe, 4, 0x44332211), ==, MEM_OK);
    g_assert_cmphex(f->ram->host[0xfff], ==, 0x22);
    probe_assert(&io, "w2@0=4433 ");
    g_assert_cmpint(space_load(f->as, 0xffe, 4, &val), ==, MEM_UNASSIGNED);
    g_assert_cmphex(val, ==, 0x0100ffff);
    g_assert_cmpint(space_load(f->as, UINT64_MAX - 1, 8, &val), ==,
                    MEM_UNASSIGNED);
    g_assert_cmphex(val, ==, UINT64_MAX);
    probe_clear(&io);
    region_clear(&ram);
}

static void test_rom(Fixture *f, gconstpointer data)
{
    Probe p;
    MemoryRegion rom, flash;
    static const uint8_t image[4] = { 1, 2, 3, 4 };

    probe_init(&p, "unused", 16, &plain_ops);
    region_init_rom(&rom, "rom", f->ram, 0, 0x1000, NULL, NULL, NULL);
    region_init_rom(&flash, "flash", f->ram, 0x1000, 0x1000, &plain_ops, &p,
                    NULL);
    region_add(&f->root, 0, &rom);
    region_add(&f->root, 0x1000, &flash);
    g_assert_cmpint(space_store(f->as, 0x10, 4, 0), ==, MEM_OK);
    g_assert_cmphex(load(f, 0x10, 4), ==, 0x13121110);
    g_assert_cmpint(space_store(f->as, 0x1010, 2, 0x77), ==, MEM_OK);
    probe_assert(&p, "w2@10=77 ");
    g_assert_cmphex(load(f, 0x1010, 2), ==, 0);
    g_assert_cmpint(space_write(f->as, 0x20, image, 4, false), ==,
                    MEM_UNASSIGNED);
    g_assert_cmphex(load(f, 0x20, 4), ==, 0x23222120);
    g_assert_cmpint(space_write(f->as, 0x20, image, 4, true), ==, MEM_OK);
    g_assert_cmphex(load(f, 0x20, 4), ==, 0x04030201);
    region_clear(&rom);
    region_clear(&flash);
    probe_clear(&p);
}

static void count_settles(void *opaque)
{
    ++*(unsigned *)opaque;
}

static void ignore_change(void *opaque, const FlatView *old,
                          const FlatView *now)
{
}

/* Whoever keeps writes back is asked for them; others are not. */
static void test_settle(Fixture *f, gconstpointer data)
{
    unsigned settles = 0, other = 0;
    MemoryListener keeps = { .changed = ignore_change,
                             .settle = count_settles,
                             .opaque = &settles };
    MemoryListener plain = { .changed = ignore_change, .opaque = &other };

    space_add_listener(f->as, &plain);
    space_add_listener(f->as, &keeps);
    space_settle(f->as);
    space_settle(f->as);
    g_assert_cmpuint(settles, ==, 2);
    space_remove_listener(f->as, &settles);
    space_settle(f->as);
    g_assert_cmpuint(settles, ==, 2);
    space_remove_listener(f->as, &other);
}

static void test_dma(Fixture *f, gconstpointer data)
{
    MemoryRegion a, b;
    Probe io;
    uint8_t buf[32];
    size_t len;

    region_init_ram(&a, "a", f->ram, 0, 0x1000);
    region_init_ram(&b, "b", f->ram, 0x1000, 0x1000);
    probe_init(&io, "io", 0x1000, &plain_ops);
    region_add(&f->root, 0x0000, &a);
    region_add(&f->root, 0x1000, &b);
    region_add(&f->root, 0x2000, &io.region);

    memset(buf, 0xaa, sizeof(buf));
    g_assert_true(dma_write(f->as, 0xff0, buf, 32));
    g_assert_cmphex(f->ram->host[0x100f], ==, 0xaa);
    g_assert_true(ram_dirty_test(f->ram, DIRTY_DISPLAY, 0x1000));
    g_assert_true(dma_read(f->as, 0xff8, buf, 32));
    g_assert_cmphex(buf[23], ==, 0xaa);
    g_assert_cmphex(buf[24], ==, 0);

    /* Never a device, and then nothing at all. */
    memset(buf, 0xbb, sizeof(buf));
    g_assert_false(dma_write(f->as, 0x1ff0, buf, 32));
    g_assert_cmphex(f->ram->host[0x1ff0], ==, 0);
    g_assert_false(dma_read(f->as, 0x1ff0, buf, 32));
    g_assert_false(dma_read(f->as, 0x5000, buf, 1));
    g_assert_true(dma_read(f->as, 0x5000, buf, 0));
    g_assert_false(dma_write(f->as, UINT64_MAX - 3, buf, 8));
    probe_assert(&io, "");

    len = 0x3000;
    g_assert_true(dma_map(f->as, 0x800, &len, true) == f->ram->host + 0x800);
    g_assert_cmpuint(len, ==, 0x1800);
    ram_dirty_test_and_clear(f->ram, DIRTY_MIGRATION, 0, f->ram->size);
    dma_unmap(f->as, f->ram->host + 0x1800, 8, true);
    g_assert_true(ram_dirty_test(f->ram, DIRTY_MIGRATION, 0x1000));
    g_assert_false(ram_dirty_test(f->ram, DIRTY_MIGRATION, 0));
    len = 8;
    g_assert_null(dma_map(f->as, 0x2000, &len, false));
    g_assert_cmpuint(len, ==, 0);

    g_assert_cmpint(space_read(f->as, 0xffe, buf, 4), ==, MEM_OK);
    g_assert_cmpint(space_read(f->as, UINT64_MAX - 3, buf, 8), ==,
                    MEM_UNASSIGNED);
    g_assert_cmpint(space_write(f->as, 0x1fff, buf, 8, true), ==,
                    MEM_UNASSIGNED);
    probe_assert(&io, "");
    region_clear(&a);
    region_clear(&b);
    probe_clear(&io);
}

static void test_print(Fixture *f, gconstpointer data)
{
    MemoryRegion ram, alias;
    g_autoptr(GString) text = g_string_new(NULL);

    region_init_ram(&ram, "pc.ram", f->ram, 0, 0x10000);
    region_init_alias(&alias, "ram-below-4g", &ram, 0x1000, 0x2000);
    region_add(&f->root, 0, &alias);
    space_print(f->as, false, text);
    g_assert_cmpstr(
        text->str, ==,
        "address-space: memory\n"
        "  0000000000000000-fffffffffffffffe (prio 0, i/o): system\n"
        "    0000000000000000-0000000000001fff (prio 0, ram): "
        "alias ram-below-4g @pc.ram 0000000000001000-0000000000002fff\n");
    g_string_truncate(text, 0);
    space_print(f->as, true, text);
    g_assert_cmpstr(text->str, ==,
                    "FlatView #0\n AS \"memory\", root: system\n"
                    " Root memory region: system\n"
                    "  0000000000000000-0000000000001fff (prio 0, ram): "
                    "pc.ram @0000000000001000\n");
    region_clear(&alias);
    region_clear(&ram);
}

/* Many random trees against a byte-per-page model of who is on top. */
static void test_random(Fixture *f, gconstpointer data)
{
    enum { N = 12, PAGES = 64 };
    static MemoryRegion r[N];
    GRand *rand = g_rand_new_with_seed(7);

    for (unsigned i = 0; i < N; i++) {
        region_init_ram(&r[i], "r", f->ram, i * 0x8000,
                        g_rand_int_range(rand, 1, 9) * PAGE_SIZE);
        region_add_priority(&f->root,
                            g_rand_int_range(rand, 0, PAGES) * PAGE_SIZE, &r[i],
                            g_rand_int_range(rand, 0, 3));
    }
    for (unsigned round = 0; round < 500; round++) {
        MemoryRegion *moved = &r[g_rand_int_range(rand, 0, N)];

        region_set_addr(moved, g_rand_int_range(rand, 0, PAGES) * PAGE_SIZE);
        region_set_enabled(moved, g_rand_int_range(rand, 0, 4) != 0);
        rcu_read_lock();
        for (unsigned page = 0; page < PAGES; page++) {
            hwaddr addr = page * PAGE_SIZE + 5;
            const MemoryRegion *top = NULL;

            for (unsigned i = 0; i < N; i++) {
                if (r[i].enabled && addr - r[i].addr < r[i].size &&
                    (!top || r[i].priority >= top->priority)) {
                    top = &r[i];
                }
            }
            const FlatRange *found = view_find(space_view(f->as), addr);
            g_assert_true((found ? found->region : NULL) == top);
            if (found) {
                g_assert_true(found->host + (addr - found->start) ==
                              f->ram->host + top->ram_off + (addr - top->addr));
            }
        }
        rcu_read_unlock();
    }
    for (unsigned i = 0; i < N; i++) {
        region_clear(&r[i]);
    }
    g_rand_free(rand);
}

typedef struct Reader {
    Fixture *f;
    bool stop;
    unsigned long loads;
} Reader;

/* Sees the region at one of its two places or not at all, never garbage. */
static gpointer reader_run(gpointer opaque)
{
    Reader *reader = opaque;

    rcu_register_thread();
    while (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
        uint64_t val;
        MemResult result = space_load(reader->f->as, 0x1010, 1, &val);

        g_assert_true(result == MEM_OK ? val == 0x10 : val == 0xff);
        reader->loads++;
    }
    rcu_unregister_thread();
    return NULL;
}

static void test_concurrent(Fixture *f, gconstpointer data)
{
    Reader reader = { .f = f };
    MemoryRegion ram;

    region_init_ram(&ram, "ram", f->ram, 0, 0x1000);
    region_add(&f->root, 0x1000, &ram);
    GThread *thread = g_thread_new("reader", reader_run, &reader);
    for (unsigned i = 0; i < 5000; i++) {
        region_set_addr(&ram, i & 1 ? 0x1000 : 0x4000);
        if (i % 1000 == 0) {
            memory_wait_readers();
        }
    }
    reader.stop = true;
    g_thread_join(thread);
    region_clear(&ram);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    rcu_register_thread();
    ADD("/space/overlap", test_overlap);
    ADD("/space/clip", test_clip);
    ADD("/space/alias", test_alias);
    ADD("/space/alias-join", test_alias_join);
    ADD("/space/batch", test_batch);
    ADD("/space/split", test_split);
    ADD("/space/straddle", test_straddle);
    ADD("/space/rom", test_rom);
    ADD("/space/dma", test_dma);
    ADD("/space/settle", test_settle);
    ADD("/space/print", test_print);
    ADD("/space/random", test_random);
    ADD("/space/concurrent", test_concurrent);
    int result = g_test_run();
    rcu_barrier();
    rcu_unregister_thread();
    return result;
}
