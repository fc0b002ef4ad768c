/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 by its ports, the clock and its outputs. */
#include "hw/timer/i8254.h"

#include "tests/hw/harness.h"

/* At least n ticks of 1193182 Hz. */
#define TICKS(n) ((int64_t)(n)*NS_PER_SECOND / 1193182 + 1)

typedef struct Fixture {
    Hw *hw;
    Device *pit;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->pit = hw_device(f->hw, "isa-pit", NULL);
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->pit);
    hw_free(f->hw);
}

static void load(Fixture *f, unsigned ch, uint8_t control, uint16_t count)
{
    hw_outb(f->hw, 0x43, control);
    hw_outb(f->hw, 0x40 + ch, count);
    hw_outb(f->hw, 0x40 + ch, count >> 8);
}

static uint16_t count(Fixture *f, unsigned ch)
{
    hw_outb(f->hw, 0x43, ch << 6);
    uint8_t low = hw_inb(f->hw, 0x40 + ch);

    return low | hw_inb(f->hw, 0x40 + ch) << 8;
}

static bool out2(Fixture *f)
{
    return hw_inb(f->hw, 0x61) & 0x20;
}

static void test_periodic(Fixture *f, gconstpointer data)
{
    load(f, 0, 0x34, 11932); /* mode 2, 100 Hz */
    unsigned before = f->hw->rises[0];
    hw_advance(f->hw, NS_PER_SECOND + NS_PER_MS);
    g_assert_cmpuint(f->hw->rises[0] - before, ==, 100);
    load(f, 0, 0x36, 0); /* mode 3, 18.2 Hz */
    before = f->hw->rises[0];
    hw_advance(f->hw, 10 * NS_PER_SECOND);
    g_assert_cmpuint(f->hw->rises[0] - before, ==, 182);
    hw_outb(f->hw, 0x43, 0x36); /* stopped until a count comes */
    before = f->hw->rises[0];
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_cmpuint(f->hw->rises[0], ==, before);
}

static void test_one_shot(Fixture *f, gconstpointer data)
{
    load(f, 0, 0x30, 1000);
    g_assert_false(f->hw->levels[0]);
    hw_advance(f->hw, TICKS(999));
    g_assert_false(f->hw->levels[0]);
    hw_advance(f->hw, TICKS(1));
    g_assert_true(f->hw->levels[0]);
    unsigned before = f->hw->rises[0];
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_cmpuint(f->hw->rises[0], ==, before);
    /* Mode 4: one strobe. */
    load(f, 0, 0x38, 500);
    before = f->hw->rises[0];
    hw_advance(f->hw, TICKS(490));
    g_assert_cmpuint(f->hw->rises[0], ==, before);
    hw_advance(f->hw, TICKS(20));
    g_assert_cmpuint(f->hw->rises[0], ==, before + 1);
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_cmpuint(f->hw->rises[0], ==, before + 1);
}

static void test_count(Fixture *f, gconstpointer data)
{
    load(f, 0, 0x34, 1000);
    g_assert_cmpuint(count(f, 0), ==, 1000);
    hw_advance(f->hw, TICKS(10));
    g_assert_cmpuint(count(f, 0), ==, 990);
    hw_advance(f->hw, TICKS(1001));
    g_assert_cmpuint(count(f, 0), ==, 989);
    /* A latch stays until it is read. */
    hw_outb(f->hw, 0x43, 0x00);
    hw_advance(f->hw, TICKS(100));
    hw_outb(f->hw, 0x43, 0x00);
    g_assert_cmpuint(hw_inb(f->hw, 0x40), ==, 989 & 0xff);
    g_assert_cmpuint(hw_inb(f->hw, 0x40), ==, 989 >> 8);
    /* Square wave: down by two. */
    load(f, 0, 0x36, 1000);
    hw_advance(f->hw, TICKS(10));
    g_assert_cmpuint(count(f, 0), ==, 980);
    /* Binary-coded decimal, and one byte only. */
    load(f, 0, 0x31, 0x1234);
    hw_advance(f->hw, TICKS(35));
    g_assert_cmphex(count(f, 0), ==, 0x1199);
    hw_outb(f->hw, 0x43, 0x14);
    hw_outb(f->hw, 0x40, 200);
    hw_advance(f->hw, TICKS(50));
    g_assert_cmpuint(hw_inb(f->hw, 0x40), ==, 150);
    /* Mode 0 counts on below zero. */
    load(f, 0, 0x30, 10);
    hw_advance(f->hw, TICKS(12));
    g_assert_cmphex(count(f, 0), ==, 0xfffe);
}

static void test_read_back(Fixture *f, gconstpointer data)
{
    load(f, 0, 0x34, 5000);
    hw_outb(f->hw, 0x43, 0xb6);
    hw_outb(f->hw, 0x43, 0xea);                     /* status of 0 and 2 */
    g_assert_cmphex(hw_inb(f->hw, 0x42), ==, 0xf6); /* null count */
    hw_outb(f->hw, 0x43, 0xc2);                     /* count and status of 0 */
    g_assert_cmphex(hw_inb(f->hw, 0x40), ==, 0xb4);
    g_assert_cmphex(hw_inb(f->hw, 0x40), ==, 5000 & 0xff);
    g_assert_cmphex(hw_inb(f->hw, 0x40), ==, 5000 >> 8);
}

static void test_gate(Fixture *f, gconstpointer data)
{
    /* How kernels calibrate: mode 0 on channel 2, gate by port 61h. */
    hw_outb(f->hw, 0x61, 0x01);
    load(f, 2, 0xb0, 2000);
    g_assert_false(out2(f));
    hw_advance(f->hw, TICKS(1000));
    hw_outb(f->hw, 0x61, 0x00);
    hw_advance(f->hw, TICKS(5000));
    g_assert_false(out2(f));
    g_assert_cmpuint(count(f, 2), ==, 1000);
    hw_outb(f->hw, 0x61, 0x01);
    hw_advance(f->hw, TICKS(990));
    g_assert_false(out2(f));
    hw_advance(f->hw, TICKS(20));
    g_assert_true(out2(f));

    /* Mode 1 waits for the gate to rise. */
    hw_outb(f->hw, 0x61, 0x00);
    load(f, 2, 0xb2, 100);
    hw_advance(f->hw, TICKS(1000));
    g_assert_true(out2(f));
    hw_outb(f->hw, 0x61, 0x01);
    g_assert_false(out2(f));
    hw_advance(f->hw, TICKS(110));
    g_assert_true(out2(f));

    /* Mode 3 is a square wave. */
    load(f, 2, 0xb6, 1000);
    g_assert_true(out2(f));
    hw_advance(f->hw, TICKS(600));
    g_assert_false(out2(f));
    hw_advance(f->hw, TICKS(500));
    g_assert_true(out2(f));
    hw_outb(f->hw, 0x61, 0x00);
    hw_advance(f->hw, TICKS(600));
    g_assert_true(out2(f));
}

static void test_refresh(Fixture *f, gconstpointer data)
{
    uint8_t first = hw_inb(f->hw, 0x61) & 0x10;

    hw_advance(f->hw, 15100);
    g_assert_cmphex(hw_inb(f->hw, 0x61) & 0x10, !=, first);
    hw_outb(f->hw, 0x61, 0xff);
    g_assert_cmphex(hw_inb(f->hw, 0x61) & 0xcf, ==, 0x03);
}

static void test_disable_and_reload(Fixture *f, gconstpointer data)
{
    IrqLine disable = i8254_disable_input(f->pit);
    unsigned before;

    load(f, 0, 0x34, 11932);
    irq_set(&disable, true);
    before = f->hw->rises[0];
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_cmpuint(f->hw->rises[0], ==, before);
    irq_set(&disable, false);
    before = f->hw->rises[0];
    hw_reload(f->pit);
    hw_advance(f->hw, 100 * NS_PER_MS);
    g_assert_cmpuint(f->hw->rises[0] - before, ==, 10);
}

/* Any byte at any port: counts of zero and one, odd modes. */
static void test_random(Fixture *f, gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(3);

    for (unsigned i = 0; i < 20000; i++) {
        unsigned port = g_rand_int_range(rand, 0, 5);

        port = port == 4 ? 0x61 : 0x40 + port;
        if (g_rand_boolean(rand)) {
            hw_inb(f->hw, port);
        } else {
            hw_outb(f->hw, port,
                    g_rand_int_range(rand, 0, 256) &
                        (g_rand_boolean(rand) ? 0xff : 1));
        }
        hw_advance(f->hw, g_rand_int_range(rand, 0, 3000));
    }
    g_rand_free(rand);
}

static void test_host(Fixture *f, gconstpointer data)
{
    HwChipHost h;
    unsigned before;

    hw_chip_host_init(&h);
    load(f, 0, 0x34, 11932);
    hw_outb(f->hw, 0x61, 3);
    load(f, 2, 0xb0, 1000);
    hw_advance(f->hw, TICKS(400));
    before = f->hw->rises[0];
    i8254_stand_down(f->pit);
    i8254_set_host(f->pit, &h.host);
    g_assert_false(f->hw->levels[0]);
    g_assert_cmpuint(h.state.pit.channel[0].count, ==, 11932);
    g_assert_cmpuint(h.state.pit.channel[2].elapsed, >=, 400);
    g_assert_true(h.state.pit.speaker);
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_cmpuint(f->hw->rises[0], ==, before);
    /* Its registers are reached there. */
    load(f, 0, 0x34, 500);
    g_assert_cmpuint(h.state.pit.channel[0].count, ==, 500);
    g_assert_false(f->hw->levels[0]);

    h.state.pit.channel[0].elapsed = 100;
    h.state.pit.channel[2].elapsed = 990;
    i8254_set_host(f->pit, NULL);
    g_assert_cmpuint(h.ends, ==, 1);
    g_assert_false(out2(f));
    hw_advance(f->hw, TICKS(15));
    g_assert_true(out2(f));
    g_assert_cmpuint(f->hw->rises[0], ==, before);
    hw_advance(f->hw, TICKS(385));
    g_assert_cmpuint(f->hw->rises[0], ==, before + 1);
}

/* Periods that no host lets come to an end make a tick in the long run. */
static void test_host_debt(Fixture *f, gconstpointer data)
{
    HwChipHost h;

    hw_chip_host_init(&h);
    load(f, 0, 0x34, 1000);
    unsigned before = f->hw->rises[0];

    for (unsigned i = 0; i < 10; i++) {
        hw_advance(f->hw, TICKS(500));
        i8254_stand_down(f->pit);
        i8254_set_host(f->pit, &h.host);
        h.state.pit.channel[0].elapsed = 0;
        i8254_set_host(f->pit, NULL);
    }
    g_assert_cmpuint(f->hw->rises[0] - before, ==, 5);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/i8254/periodic", test_periodic);
    ADD("/i8254/one-shot", test_one_shot);
    ADD("/i8254/count", test_count);
    ADD("/i8254/read-back", test_read_back);
    ADD("/i8254/gate", test_gate);
    ADD("/i8254/refresh", test_refresh);
    ADD("/i8254/disable-and-reload", test_disable_and_reload);
    ADD("/i8254/random", test_random);
    ADD("/i8254/host", test_host);
    ADD("/i8254/host-debt", test_host_debt);
    return g_test_run();
}
