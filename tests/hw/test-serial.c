/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16550A by its ports, its line and its interrupt; the debug console. */
#include <string.h>

#include "tests/hw/harness.h"

enum { COM1 = 0x3f8, IRQ = 4 };

typedef struct Fixture {
    Hw *hw;
    Device *serial;
    Chardev *chr;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->chr = hw_chardev(f->hw, "serial0");
    f->serial = hw_device(f->hw, "isa-serial,chardev=serial0", NULL);
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->serial);
    hw_free(f->hw);
}

static uint8_t get(Fixture *f, unsigned reg)
{
    return hw_inb(f->hw, COM1 + reg);
}

static void put(Fixture *f, unsigned reg, uint8_t val)
{
    hw_outb(f->hw, COM1 + reg, val);
}

static void test_transmit(Fixture *f, gconstpointer data)
{
    GString *out = hw_chardev_output(f->chr);

    g_assert_cmphex(get(f, 5), ==, 0x60);
    put(f, 0, 'h');
    put(f, 0, 'i');
    g_assert_cmpstr(out->str, ==, "hi");
    g_assert_false(f->hw->levels[IRQ]);
    put(f, 1, 0x02); /* the transmitter is empty: at once */
    g_assert_true(f->hw->levels[IRQ]);
    g_assert_cmphex(get(f, 2), ==, 0x02);
    g_assert_cmphex(get(f, 2), ==, 0x01);
    g_assert_false(f->hw->levels[IRQ]);
    put(f, 0, '!');
    g_assert_true(f->hw->levels[IRQ]);

    /* A slow peer. */
    put(f, 2, 0x01);
    get(f, 2);
    hw_chardev_set_room(f->chr, 2);
    for (unsigned i = 0; i < 5; i++) {
        put(f, 0, '0' + i);
    }
    g_assert_cmpstr(out->str, ==, "hi!01");
    g_assert_cmphex(get(f, 5), ==, 0x00);
    g_assert_false(f->hw->levels[IRQ]);
    hw_chardev_set_room(f->chr, 100);
    g_assert_cmpstr(out->str, ==, "hi!01234");
    g_assert_cmphex(get(f, 5), ==, 0x60);
    g_assert_true(f->hw->levels[IRQ]);
    /* More than the FIFO holds is lost, not remembered. */
    hw_chardev_set_room(f->chr, 0);
    for (unsigned i = 0; i < 40; i++) {
        put(f, 0, 'x');
    }
    hw_chardev_set_room(f->chr, 100);
    g_assert_cmpuint(out->len, ==, 8 + 16);
}

static void test_receive(Fixture *f, gconstpointer data)
{
    put(f, 1, 0x01);
    g_assert_cmpuint(hw_chardev_input(f->chr, "ab"), ==, 1);
    g_assert_true(f->hw->levels[IRQ]);
    g_assert_cmphex(get(f, 2), ==, 0x04);
    g_assert_cmphex(get(f, 5), ==, 0x61);
    g_assert_cmpuint(hw_chardev_input(f->chr, "b"), ==, 0);
    g_assert_cmpint(get(f, 0), ==, 'a');
    g_assert_false(f->hw->levels[IRQ]);
    g_assert_cmphex(get(f, 5), ==, 0x60);

    /* FIFO with a trigger level of 8, and the time-out below it. */
    put(f, 3, 0x03);
    put(f, 2, 0x81);
    g_assert_cmpuint(hw_chardev_input(f->chr, "12345"), ==, 5);
    g_assert_false(f->hw->levels[IRQ]);
    hw_advance(f->hw, 3 * NS_PER_MS); /* 9600 baud: 4.2 ms */
    g_assert_false(f->hw->levels[IRQ]);
    hw_advance(f->hw, 2 * NS_PER_MS);
    g_assert_true(f->hw->levels[IRQ]);
    g_assert_cmphex(get(f, 2), ==, 0xcc);
    g_assert_cmpint(get(f, 0), ==, '1');
    g_assert_false(f->hw->levels[IRQ]);
    g_assert_cmpuint(hw_chardev_input(f->chr, "6789abcdefghijkl"), ==, 12);
    g_assert_cmphex(get(f, 2), ==, 0xc4);
    for (const char *c = "23456789abcdefgh"; *c; c++) {
        g_assert_cmpint(get(f, 0), ==, *c);
    }
    g_assert_cmphex(get(f, 2), ==, 0xc1);
    hw_chardev_input(f->chr, "xyz");
    put(f, 2, 0x83); /* clear it */
    g_assert_cmphex(get(f, 5), ==, 0x60);
}

static void test_break(Fixture *f, gconstpointer data)
{
    put(f, 1, 0x05);
    hw_chardev_break(f->chr);
    g_assert_cmphex(get(f, 2), ==, 0x06);
    g_assert_cmphex(get(f, 5), ==, 0x71);
    g_assert_cmphex(get(f, 5), ==, 0x61);
    g_assert_cmphex(get(f, 0), ==, 0);
    g_assert_false(f->hw->levels[IRQ]);
}

static void test_loopback(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(get(f, 6), ==, 0xb0);
    put(f, 4, 0x1a);
    g_assert_cmphex(get(f, 6), ==, 0x92); /* DSR went */
    g_assert_cmphex(get(f, 6), ==, 0x90);
    put(f, 0, 'q');
    g_assert_cmpuint(hw_chardev_output(f->chr)->len, ==, 0);
    g_assert_cmphex(get(f, 5), ==, 0x61);
    g_assert_cmpint(get(f, 0), ==, 'q');
    g_assert_cmpuint(hw_chardev_input(f->chr, "no"), ==, 0);
    put(f, 1, 0x08);
    put(f, 4, 0x1e); /* RI rises: no delta */
    g_assert_cmphex(get(f, 2), ==, 0x01);
    put(f, 4, 0x1a);
    g_assert_cmphex(get(f, 2), ==, 0x00);
    g_assert_cmphex(get(f, 6), ==, 0x94);
    put(f, 0, '1');
    put(f, 0, '2'); /* without FIFO: overrun */
    g_assert_cmphex(get(f, 5), ==, 0x63);
    g_assert_cmpint(get(f, 0), ==, '2');
}

static void test_registers(Fixture *f, gconstpointer data)
{
    put(f, 7, 0x5a);
    g_assert_cmphex(get(f, 7), ==, 0x5a);
    put(f, 3, 0x83);
    g_assert_cmphex(get(f, 0), ==, 12);
    put(f, 0, 0x01);
    put(f, 1, 0x02);
    g_assert_cmphex(get(f, 0), ==, 0x01);
    g_assert_cmphex(get(f, 1), ==, 0x02);
    put(f, 0, 0);
    put(f, 1, 0);
    put(f, 3, 0x03);
    put(f, 1, 0xff);
    g_assert_cmphex(get(f, 1), ==, 0x0f);
    put(f, 4, 0xff);
    g_assert_cmphex(get(f, 4), ==, 0x1f);
    put(f, 5, 0xff);
    put(f, 6, 0xff);
    put(f, 2, 0xc1);
    g_assert_cmphex(get(f, 2) & 0xc0, ==, 0xc0);
    put(f, 2, 0xc0);
    g_assert_cmphex(get(f, 2) & 0xc0, ==, 0);
}

static void test_places(Fixture *f, gconstpointer data)
{
    Device *second = hw_device(f->hw, "isa-serial", NULL);
    Device *other =
        hw_device(f->hw, "isa-serial,index=3,iobase=0x1000,irq=10", NULL);
    g_autofree char *base = device_get_property(second, "iobase");
    g_autofree char *busy =
        hw_device_error(f->hw, "isa-serial,chardev=serial0", NULL);
    g_autofree char *missing =
        hw_device_error(f->hw, "isa-serial,chardev=none", NULL);
    g_autofree char *irq = hw_device_error(f->hw, "isa-serial,irq=16", NULL);
    g_autofree char *port =
        hw_device_error(f->hw, "isa-serial,iobase=0xfffc", NULL);
    g_autofree char *many = hw_device_error(f->hw, "isa-serial,index=4", NULL);

    g_assert_cmpstr(base, ==, "760");
    hw_outb(f->hw, 0x2f8, 'x'); /* nobody listens */
    g_assert_cmphex(hw_inb(f->hw, 0x2fd), ==, 0x60);
    hw_outb(f->hw, 0x1001, 0x02);
    g_assert_true(f->hw->levels[10]);
    g_assert_nonnull(strstr(busy, "in use"));
    g_assert_nonnull(strstr(missing, "'none'"));
    g_assert_nonnull(strstr(irq, "16"));
    g_assert_nonnull(strstr(port, "0xfffc"));
    g_assert_nonnull(strstr(many, "4 ports"));
    hw_remove(second);
    hw_remove(other);
}

static void test_reload(Fixture *f, gconstpointer data)
{
    put(f, 2, 0x81);
    put(f, 1, 0x01);
    hw_chardev_input(f->chr, "abc");
    hw_reload(f->serial);
    hw_advance(f->hw, 10 * NS_PER_MS);
    g_assert_true(f->hw->levels[IRQ]);
    g_assert_cmpint(get(f, 0), ==, 'a');
}

static void test_debugcon(Fixture *f, gconstpointer data)
{
    Chardev *chr = hw_chardev(f->hw, "debug");
    Device *dev =
        hw_device(f->hw, "isa-debugcon,iobase=0x402,chardev=debug", NULL);

    hw_outb(f->hw, 0x402, 'o');
    hw_outb(f->hw, 0x402, 'k');
    g_assert_cmpstr(hw_chardev_output(chr)->str, ==, "ok");
    g_assert_cmphex(hw_inb(f->hw, 0x402), ==, 0xe9);
    hw_remove(dev);
    dev = hw_device(f->hw, "isa-debugcon,readback=0x55", NULL);
    hw_outb(f->hw, 0xe9, 'x');
    g_assert_cmphex(hw_inb(f->hw, 0xe9), ==, 0x55);
    hw_remove(dev);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/serial/transmit", test_transmit);
    ADD("/serial/receive", test_receive);
    ADD("/serial/break", test_break);
    ADD("/serial/loopback", test_loopback);
    ADD("/serial/registers", test_registers);
    ADD("/serial/places", test_places);
    ADD("/serial/reload", test_reload);
    ADD("/serial/debugcon", test_debugcon);
    return g_test_run();
}
