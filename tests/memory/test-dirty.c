/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who reads dirty bits asks for them, and who knows of writes is told once. */
#include "memory/memory.h"

#include <urcu.h>

typedef struct Writer {
    unsigned logs, syncs, loggers;
    RamBlock *ram;
} Writer;

static void writer_changed(void *opaque, const FlatView *old,
                           const FlatView *now)
{
}

static void writer_log(void *opaque, RamBlock *ram)
{
    Writer *w = opaque;

    w->logs++;
    w->loggers = ram->loggers;
    w->ram = ram;
}

/* The first page was written. */
static void writer_sync(void *opaque, RamBlock *ram)
{
    Writer *w = opaque;

    w->syncs++;
    w->ram = ram;
    ram_dirty_set(ram, DIRTY_MIGRATION, 0, 1);
}

typedef struct Fixture {
    MemoryRegion root;
    AddressSpace *as;
    RamBlock *a, *b;
    Writer writer, other;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    const MemoryListener writer = { .changed = writer_changed,
                                    .log_dirty = writer_log,
                                    .sync_dirty = writer_sync,
                                    .opaque = &f->writer };
    const MemoryListener other = { .changed = writer_changed,
                                   .opaque = &f->other };

    region_init_container(&f->root, "system", UINT64_MAX);
    f->as = space_new("memory", &f->root);
    f->a = ram_new("a", 2 * PAGE_SIZE, NULL);
    f->b = ram_new("b", 2 * PAGE_SIZE, NULL);
    space_add_listener(f->as, &other);
    space_add_listener(f->as, &writer);
}

static void teardown(Fixture *f, gconstpointer data)
{
    space_remove_listener(f->as, &f->writer);
    space_remove_listener(f->as, &f->other);
    space_free(f->as);
    region_clear(&f->root);
    ram_free(f->a);
    ram_free(f->b);
}

static void expect_logs(const Fixture *f, unsigned logs, const RamBlock *ram,
                        unsigned loggers)
{
    g_assert_cmpuint(f->writer.logs, ==, logs);
    g_assert_true(f->writer.ram == ram);
    g_assert_cmpuint(f->writer.loggers, ==, loggers);
}

/* Only the first and the last of a block make a difference. */
static void test_count(Fixture *f, gconstpointer data)
{
    space_log_dirty(f->as, f->a, true);
    expect_logs(f, 1, f->a, 1);
    space_log_dirty(f->as, f->a, true);
    expect_logs(f, 1, f->a, 1);
    space_log_dirty(f->as, f->b, true);
    expect_logs(f, 2, f->b, 1);
    space_log_dirty(f->as, f->a, false);
    expect_logs(f, 2, f->b, 1);
    space_log_dirty(f->as, f->a, false);
    expect_logs(f, 3, f->a, 0);
    space_log_dirty(f->as, f->a, true);
    expect_logs(f, 4, f->a, 1);
    g_assert_cmpuint(f->b->loggers, ==, 1);
}

static void test_sync(Fixture *f, gconstpointer data)
{
    space_log_dirty(f->as, f->a, true);
    g_assert_false(ram_dirty_test(f->a, DIRTY_MIGRATION, 0));
    for (unsigned i = 1; i < 3; i++) {
        space_sync_dirty(f->as, f->a);
        g_assert_cmpuint(f->writer.syncs, ==, i);
        g_assert_true(ram_dirty_test_and_clear(f->a, DIRTY_MIGRATION, 0, 1));
    }
    g_assert_false(ram_dirty_test(f->b, DIRTY_MIGRATION, 0));
    space_remove_listener(f->as, &f->writer);
    space_sync_dirty(f->as, f->a); /* the bits are right as they are */
    g_assert_cmpuint(f->writer.syncs, ==, 2);
}

#define ADD(path, fn) g_test_add(path, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    rcu_register_thread();
    ADD("/dirty/count", test_count);
    ADD("/dirty/sync", test_sync);
    int failed = g_test_run();

    rcu_unregister_thread();
    return failed;
}
