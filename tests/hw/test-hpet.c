/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HPET by its registers, the clock and its outputs. */
#include "hw/timer/hpet.h"

#include "tests/hw/harness.h"

enum { LEGACY = 40 };

typedef struct Fixture {
    Hw *hw;
    Device *hpet;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->hpet = device_new(&hpet_class, &f->hw->env);
    for (unsigned n = 0; n < HPET_OUTPUTS; n++) {
        hpet_connect(f->hpet, n, hw_line(f->hw, n));
    }
    hpet_connect_legacy(f->hpet, hw_line(f->hw, LEGACY));
    g_assert_true(device_realize(f->hpet, NULL, NULL));
    region_add(&f->hw->memory_root, HPET_BASE, hpet_region(f->hpet));
    device_reset(f->hpet);
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->hpet);
    hw_free(f->hw);
}

static void test_counter(Fixture *f, gconstpointer data)
{
    Hw *hw = f->hw;

    g_assert_cmphex(hw_readq(hw, HPET_BASE), ==, UINT64_C(0x009896808086a201));
    g_assert_cmphex(hw_readl(hw, HPET_BASE + 4), ==, 10000000);
    g_assert_cmphex(hpet_block_id(f->hpet), ==, 0x8086a201);
    hw_advance(hw, 1000);
    g_assert_cmpuint(hw_readq(hw, HPET_BASE + 0xf0), ==, 0);
    hw_writel(hw, HPET_BASE + 0x10, 1);
    hw_advance(hw, 1000);
    g_assert_cmpuint(hw_readq(hw, HPET_BASE + 0xf0), ==, 100);
    hw_writel(hw, HPET_BASE + 0x10, 0);
    hw_advance(hw, 1000);
    g_assert_cmpuint(hw_readq(hw, HPET_BASE + 0xf0), ==, 100);
    hw_writeq(hw, HPET_BASE + 0xf0, UINT64_C(0x1fffffff0));
    hw_writel(hw, HPET_BASE + 0x10, 1);
    hw_advance(hw, 320);
    g_assert_cmphex(hw_readl(hw, HPET_BASE + 0xf0), ==, 0x10);
    g_assert_cmphex(hw_readl(hw, HPET_BASE + 0xf4), ==, 2);
}

static void test_one_shot(Fixture *f, gconstpointer data)
{
    Hw *hw = f->hw;

    g_assert_cmphex(hw_readq(hw, HPET_BASE + 0x100), ==,
                    UINT64_C(0x00ff010400000030));
    hw_writel(hw, HPET_BASE + 0x10, 1);
    hw_writel(hw, HPET_BASE + 0x120, 20 << 9 | 0x04);
    hw_writeq(hw, HPET_BASE + 0x128, 500);
    hw_advance(hw, 4990);
    g_assert_cmpuint(hw->rises[20], ==, 0);
    hw_advance(hw, 10);
    g_assert_cmpuint(hw->rises[20], ==, 1);
    g_assert_false(hw->levels[20]);
    hw_advance(hw, 100 * NS_PER_SECOND);
    g_assert_cmpuint(hw->rises[20], ==, 1);
    /* Just missed: at once. */
    uint64_t now = hw_readq(hw, HPET_BASE + 0xf0);
    hw_writeq(hw, HPET_BASE + 0x128, now - 5);
    hw_advance(hw, 0);
    g_assert_cmpuint(hw->rises[20], ==, 2);
    /* 32 bits: again when the counter has come round. */
    hw_writel(hw, HPET_BASE + 0x120, 20 << 9 | 0x104);
    hw_writel(hw, HPET_BASE + 0x128, (uint32_t)now + 1000);
    hw_advance(hw, 10000);
    g_assert_cmpuint(hw->rises[20], ==, 3);
    hw_advance(hw, (INT64_C(1) << 32) * 10);
    g_assert_cmpuint(hw->rises[20], ==, 4);
}

static void test_periodic(Fixture *f, gconstpointer data)
{
    Hw *hw = f->hw;

    /* As Linux does it: comparator after SETVAL, then the period. */
    hw_writel(hw, HPET_BASE + 0x10, 1);
    hw_writel(hw, HPET_BASE + 0x100, 16 << 9 | 0x14c);
    hw_writel(hw, HPET_BASE + 0x108, 1000000);
    hw_writel(hw, HPET_BASE + 0x108, 100000); /* 1 ms */
    hw_advance(hw, 10 * NS_PER_MS);
    g_assert_cmpuint(hw->rises[16], ==, 1);
    hw_advance(hw, 100 * NS_PER_MS);
    g_assert_cmpuint(hw->rises[16], ==, 101);
    g_assert_cmpuint(hw_readl(hw, HPET_BASE + 0x108), ==, 11100000);
    hw_reload(f->hpet);
    hw_advance(hw, 5 * NS_PER_MS);
    g_assert_cmpuint(hw->rises[16], ==, 106);
    /* 64 bits in halves. */
    hw_writel(hw, HPET_BASE + 0x100, 16 << 9 | 0x04c);
    uint64_t start = hw_readq(hw, HPET_BASE + 0xf0) + 200000;
    hw_writeq(hw, HPET_BASE + 0x108, start);
    hw_writel(hw, HPET_BASE + 0x108, 100000);
    hw_writel(hw, HPET_BASE + 0x10c, 0);
    hw_advance(hw, 5 * NS_PER_MS);
    g_assert_cmpuint(hw->rises[16], ==, 110);
    hw_writel(hw, HPET_BASE + 0x10, 0);
    hw_advance(hw, NS_PER_SECOND);
    g_assert_cmpuint(hw->rises[16], ==, 110);
    /* A period of one tick does not stop the world. */
    hw_writel(hw, HPET_BASE + 0x10, 1);
    hw_writel(hw, HPET_BASE + 0x108, 1);
    hw_advance(hw, 10 * NS_PER_MS);
    g_assert_cmpuint(hw->rises[16], <, 700);
}

static void test_level(Fixture *f, gconstpointer data)
{
    Hw *hw = f->hw;

    hw_writel(hw, HPET_BASE + 0x10, 1);
    hw_writel(hw, HPET_BASE + 0x140, 18 << 9 | 0x06);
    hw_writeq(hw, HPET_BASE + 0x148, 100);
    hw_advance(hw, 1000);
    g_assert_true(hw->levels[18]);
    g_assert_cmphex(hw_readl(hw, HPET_BASE + 0x20), ==, 4);
    hw_writel(hw, HPET_BASE + 0x20, 3);
    g_assert_true(hw->levels[18]);
    hw_writel(hw, HPET_BASE + 0x20, 4);
    g_assert_false(hw->levels[18]);
    g_assert_cmphex(hw_readl(hw, HPET_BASE + 0x20), ==, 0);
}

static void test_legacy(Fixture *f, gconstpointer data)
{
    Hw *hw = f->hw;
    IrqLine rtc = hpet_rtc_input(f->hpet);

    irq_set(&rtc, true);
    g_assert_true(hw->levels[8]);
    hw_writel(hw, HPET_BASE + 0x10, 3);
    g_assert_true(hw->levels[LEGACY]);
    g_assert_false(hw->levels[8]);
    irq_set(&rtc, false);
    irq_set(&rtc, true);
    g_assert_false(hw->levels[8]);
    hw_writel(hw, HPET_BASE + 0x100, 16 << 9 | 0x04);
    hw_writeq(hw, HPET_BASE + 0x108, 100);
    hw_writel(hw, HPET_BASE + 0x120, 16 << 9 | 0x04);
    hw_writeq(hw, HPET_BASE + 0x128, 100);
    unsigned before = hw->rises[8];
    hw_advance(hw, 1000);
    g_assert_cmpuint(hw->rises[0], ==, 1);
    g_assert_cmpuint(hw->rises[8], ==, before + 1);
    g_assert_cmpuint(hw->rises[16], ==, 0);
    device_reset(f->hpet);
    g_assert_false(hw->levels[LEGACY]);
    g_assert_true(hw->levels[8]);
}

static void test_random(Fixture *f, gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(9);

    for (unsigned i = 0; i < 20000; i++) {
        hwaddr addr = HPET_BASE + 4 * g_rand_int_range(rand, 0, 0x60);
        uint64_t val = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);

        if (g_rand_boolean(rand)) {
            val &= 0xff;
        }
        if (g_rand_boolean(rand)) {
            hw_writel(f->hw, addr, val);
        } else {
            hw_writeq(f->hw, addr, val);
        }
        hw_readq(f->hw, addr);
        hw_advance(f->hw, g_rand_int_range(rand, 0, 1000));
    }
    g_rand_free(rand);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/hpet/counter", test_counter);
    ADD("/hpet/one-shot", test_one_shot);
    ADD("/hpet/periodic", test_periodic);
    ADD("/hpet/level", test_level);
    ADD("/hpet/legacy", test_legacy);
    ADD("/hpet/random", test_random);
    return g_test_run();
}
