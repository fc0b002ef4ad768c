/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real-time clock by its ports, the wall clock and its interrupt. */
#include "hw/timer/mc146818.h"

#include <string.h>

#include "tests/hw/harness.h"

enum { IRQ = 8 };
/* 2024-02-28 23:59:58 UTC, a Wednesday. */
#define START INT64_C(1709164798)

typedef struct Fixture {
    Hw *hw;
    Device *rtc;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    clock_set(f->hw->env.clock_rtc, START * NS_PER_SECOND);
    f->rtc = hw_device(f->hw, "mc146818rtc", NULL);
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->rtc);
    hw_free(f->hw);
}

static uint8_t get(Fixture *f, uint8_t reg)
{
    hw_outb(f->hw, 0x70, reg | 0x80);
    return hw_inb(f->hw, 0x71);
}

static void set(Fixture *f, uint8_t reg, uint8_t val)
{
    hw_outb(f->hw, 0x70, reg);
    hw_outb(f->hw, 0x71, val);
}

/* Century, year, month, day, weekday, hour, minute, second as read. */
static void assert_time(Fixture *f, const char *expected)
{
    g_autofree char *text = g_strdup_printf(
        "%02x%02x-%02x-%02x (%u) %02x:%02x:%02x", get(f, 0x32), get(f, 9),
        get(f, 8), get(f, 7), get(f, 6), get(f, 4), get(f, 2), get(f, 0));

    g_assert_cmpstr(text, ==, expected);
}

static void test_time(Fixture *f, gconstpointer data)
{
    assert_time(f, "2024-02-28 (4) 23:59:58");
    hw_advance(f->hw, 2 * NS_PER_SECOND);
    assert_time(f, "2024-02-29 (5) 00:00:00");
    g_assert_cmphex(get(f, 0x37), ==, 0x20);
    set(f, 0x0b, 0x00); /* 12 hours */
    assert_time(f, "2024-02-29 (5) 12:00:00");
    hw_advance(f->hw, 13 * 3600 * NS_PER_SECOND);
    assert_time(f, "2024-02-29 (5) 81:00:00");
    set(f, 0x0b, 0x06); /* binary */
    g_assert_cmpuint(get(f, 9), ==, 24);
    g_assert_cmpuint(get(f, 4), ==, 13);
    g_assert_cmphex(get(f, 0x0d), ==, 0x80);
    set(f, 0x0b, 0x02);
    hw_advance(f->hw, 24 * 3600 * NS_PER_SECOND);
    assert_time(f, "2024-03-01 (6) 13:00:00");
}

static void test_set(Fixture *f, gconstpointer data)
{
    set(f, 0x0b, 0x82);
    hw_advance(f->hw, 100 * NS_PER_SECOND);
    assert_time(f, "2024-02-28 (4) 23:59:58");
    set(f, 0x32, 0x19);
    set(f, 9, 0x99);
    set(f, 8, 0x12);
    set(f, 7, 0x31);
    set(f, 4, 0x23);
    set(f, 2, 0x59);
    set(f, 0, 0x59);
    set(f, 0x0b, 0x02);
    g_assert_nonnull(strstr(f->hw->events->str, "RTC_CHANGE"));
    assert_time(f, "1999-12-31 (6) 23:59:59");
    hw_advance(f->hw, NS_PER_SECOND);
    assert_time(f, "2000-01-01 (7) 00:00:00");
    /* Without SET, too. */
    set(f, 2, 0x30);
    hw_advance(f->hw, NS_PER_SECOND);
    assert_time(f, "2000-01-01 (7) 00:30:01");
    /* A divider reset stops it; the first update comes after 0.5 s. */
    set(f, 0x0a, 0x76);
    hw_advance(f->hw, 5 * NS_PER_SECOND);
    assert_time(f, "2000-01-01 (7) 00:30:01");
    set(f, 0x0a, 0x26);
    hw_advance(f->hw, 499 * NS_PER_MS);
    assert_time(f, "2000-01-01 (7) 00:30:01");
    hw_advance(f->hw, 2 * NS_PER_MS);
    assert_time(f, "2000-01-01 (7) 00:30:02");
    hw_reload(f->rtc);
    assert_time(f, "2000-01-01 (7) 00:30:02");
    device_reset(f->rtc);
    assert_time(f, "2000-01-01 (7) 00:30:02");
}

static void test_update(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(get(f, 0x0a), ==, 0x26);
    hw_advance(f->hw, NS_PER_SECOND - 100 * NS_PER_US);
    g_assert_cmphex(get(f, 0x0a), ==, 0xa6);
    g_assert_cmphex(get(f, 0x0c) & 0x10, ==, 0);
    hw_advance(f->hw, 100 * NS_PER_US);
    g_assert_cmphex(get(f, 0x0a), ==, 0x26);
    g_assert_cmphex(get(f, 0x0c) & 0x90, ==, 0x10);
    g_assert_false(f->hw->levels[IRQ]);
    set(f, 0x0b, 0x12);
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_true(f->hw->levels[IRQ]);
    g_assert_cmphex(get(f, 0x0c) & 0x90, ==, 0x90);
    g_assert_false(f->hw->levels[IRQ]);
    g_assert_cmphex(get(f, 0x0c), ==, 0x00);
    unsigned before = f->hw->rises[IRQ];
    hw_advance(f->hw, 5 * NS_PER_SECOND);
    g_assert_cmpuint(f->hw->rises[IRQ], ==, before + 1); /* not read */
}

static void test_alarm(Fixture *f, gconstpointer data)
{
    set(f, 1, 0x05);
    set(f, 3, 0x00);
    set(f, 5, 0xff); /* any hour */
    get(f, 0x0c);
    set(f, 0x0b, 0x22);
    hw_advance(f->hw, 6 * NS_PER_SECOND);
    g_assert_false(f->hw->levels[IRQ]);
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_true(f->hw->levels[IRQ]);
    g_assert_cmphex(get(f, 0x0c) & 0xa0, ==, 0xa0);
    hw_advance(f->hw, 3599 * NS_PER_SECOND);
    g_assert_false(f->hw->levels[IRQ]);
    hw_advance(f->hw, NS_PER_SECOND);
    g_assert_true(f->hw->levels[IRQ]);
    /* Without the enable the flag is noticed when somebody looks. */
    set(f, 0x0b, 0x02);
    get(f, 0x0c);
    hw_advance(f->hw, 7200 * NS_PER_SECOND);
    g_assert_cmphex(get(f, 0x0c) & 0xa0, ==, 0x20);
}

static unsigned periodic_interrupts(Fixture *f, int64_t ns)
{
    unsigned n = 0;

    for (int64_t t = 0; t < ns; t += 50 * NS_PER_US) {
        hw_advance(f->hw, 50 * NS_PER_US);
        if (f->hw->levels[IRQ]) {
            n += (get(f, 0x0c) & 0x40) != 0;
        }
    }
    return n;
}

static void test_periodic(Fixture *f, gconstpointer data)
{
    get(f, 0x0c);
    g_assert_cmphex(get(f, 0x0c) & 0x40, ==, 0);
    hw_advance(f->hw, NS_PER_MS);
    g_assert_cmphex(get(f, 0x0c) & 0x40, ==, 0x40);
    set(f, 0x0b, 0x42);
    get(f, 0x0c);
    g_assert_cmpuint(periodic_interrupts(f, NS_PER_SECOND), ==, 1024);
    set(f, 0x0a, 0x2f);
    g_assert_cmpuint(periodic_interrupts(f, 2 * NS_PER_SECOND), ==, 4);
    set(f, 0x0a, 0x21);
    g_assert_cmpuint(periodic_interrupts(f, NS_PER_SECOND), ==, 256);
    set(f, 0x0a, 0x20);
    g_assert_cmpuint(periodic_interrupts(f, NS_PER_SECOND), ==, 0);
    /* Setting the time leaves the interrupt's rhythm alone. */
    set(f, 0x0a, 0x26);
    get(f, 0x0c);
    set(f, 9, 0x50);
    set(f, 9, 0x20);
    unsigned n = periodic_interrupts(f, NS_PER_SECOND);
    g_assert_cmpuint(n, >=, 1023);
    g_assert_cmpuint(n, <=, 1025);
    device_reset(f->rtc);
    g_assert_cmpuint(periodic_interrupts(f, 10 * NS_PER_MS), ==, 0);
}

static void test_cmos(Fixture *f, gconstpointer data)
{
    mc146818_set(f->rtc, 0x34, 0x5a);
    g_assert_cmphex(get(f, 0x34), ==, 0x5a);
    set(f, 0x7f, 0xa5);
    device_reset(f->rtc);
    g_assert_cmphex(mc146818_get(f->rtc, 0x7f), ==, 0xa5);
    g_assert_cmphex(hw_inb(f->hw, 0x70), ==, 0xff);
}

/* No value makes the calendar fall over. */
static void test_nonsense(Fixture *f, gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(5);

    for (unsigned i = 0; i < 20000; i++) {
        uint8_t reg = g_rand_int_range(rand, 0, 14);

        set(f, reg == 13 ? 0x32 : reg, g_rand_int_range(rand, 0, 256));
        get(f, g_rand_int_range(rand, 0, 14));
        hw_advance(f->hw, g_rand_int_range(rand, 0, 1000000000));
    }
    for (unsigned reg = 0; reg < 10; reg++) {
        set(f, reg, 0xff);
    }
    set(f, 0x32, 0xff);
    hw_advance(f->hw, NS_PER_SECOND);
    hw_reload(f->rtc);
    g_rand_free(rand);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/mc146818/time", test_time);
    ADD("/mc146818/set", test_set);
    ADD("/mc146818/update", test_update);
    ADD("/mc146818/alarm", test_alarm);
    ADD("/mc146818/periodic", test_periodic);
    ADD("/mc146818/cmos", test_cmos);
    ADD("/mc146818/nonsense", test_nonsense);
    return g_test_run();
}
