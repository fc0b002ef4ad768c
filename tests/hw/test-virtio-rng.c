/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entropy source: quotas, and sources that run dry. */
#include "hw/virtio/virtio.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hw/virtio-driver.h"
#include "util/random.h"

typedef struct Fixture {
    Hw *hw;
    Device *dev;
    VirtDriver d;
    VirtRing ring;
} Fixture;

static void fixture_start(Fixture *f, const char *text)
{
    f->dev = hw_device(f->hw, text, NULL);
    virt_init(&f->d, f->hw, false);
    g_assert_cmphex(virt_negotiate(&f->d, VIRTIO_F_VERSION_1), ==, 11);
    virt_ring_init(&f->ring, &f->d, 0, 8);
    virt_driver_ok(&f->d);
}

static void fixture_clear(Fixture *f)
{
    hw_remove(f->dev);
    hw_free(f->hw);
}

static void ask(Fixture *f, uint32_t len)
{
    VirtBuffer buf = { VIRT_DATA, len, true };

    virt_add(&f->ring, &buf, 1);
    virt_kick(&f->ring);
}

static void assert_got(Fixture *f, uint32_t expect)
{
    uint32_t head, len;

    g_assert_true(virt_used(&f->ring, &head, &len));
    g_assert_cmpuint(len, ==, expect);
}

static void assert_nothing(Fixture *f)
{
    uint32_t head, len;

    g_assert_false(virt_used(&f->ring, &head, &len));
}

static void test_quota(void)
{
    Fixture f = { .hw = hw_new() };
    VirtBuffer buf = { VIRT_DATA, 32, true };
    VirtBuffer out = { VIRT_DATA, 32, false };

    fixture_start(&f, "virtio-rng-pci,addr=5,max-bytes=48,period=100");
    for (unsigned i = 0; i < 3; i++) {
        virt_add(&f.ring, &buf, 1);
    }
    virt_kick(&f.ring);
    assert_got(&f, 32);
    g_assert_cmphex(hw_readq(f.hw, VIRT_DATA), !=, 0);
    assert_got(&f, 16); /* the rest of the period's */
    assert_nothing(&f);
    hw_reload(f.dev);
    hw_advance(f.hw, 100 * NS_PER_MS);
    assert_got(&f, 32);
    hw_advance(f.hw, 100 * NS_PER_MS);
    virt_add(&f.ring, &out, 1); /* nowhere to write */
    virt_kick(&f.ring);
    assert_got(&f, 0);
    fixture_clear(&f);
}

/* A pipe that somebody fills slowly. */
static void test_dry(void)
{
    Fixture f = { .hw = hw_new() };
    g_autofree char *dir = g_dir_make_tmp("emu-rng-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "pipe", NULL);
    g_autofree char *error = NULL;
    RandomSource *source;
    FILE *end;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    source = random_source_new(path, NULL);
    end = fopen(path, "w");
    g_assert(source && end);
    g_hash_table_insert(f.hw->objects, "pipe", source);
    error = hw_device_error(f.hw, "virtio-rng-pci,addr=5,rng=pipes", NULL);
    g_assert_nonnull(strstr(error, "'pipes'"));
    fixture_start(&f, "virtio-rng-pci,addr=5,rng=pipe");
    ask(&f, 16);
    ask(&f, 16);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    assert_nothing(&f);
    fputs("123456789abcdefg123", end);
    fflush(end);
    while (virt_ram16(f.hw, f.ring.used + 2) < 2) {
        g_main_context_iteration(NULL, TRUE);
    }
    assert_got(&f, 16);
    assert_got(&f, 3);
    g_assert_cmpmem(f.hw->ram->host + VIRT_DATA, 4, "1234", 4);
    ask(&f, 16);
    assert_nothing(&f);
    virt_set_status(&f.d, 0); /* bytes for a driver that has gone */
    fputs("x", end);
    fflush(end);
    g_main_context_iteration(NULL, TRUE);
    assert_nothing(&f);
    fixture_clear(&f);
    random_source_free(source);
    fclose(end);
    g_remove(path);
    g_rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-rng/quota", test_quota);
    g_test_add_func("/virtio-rng/dry", test_dry);
    return g_test_run();
}
