/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8259A pair by its ports, inputs and INTR. */
#include "hw/intc/i8259.h"

#include "tests/hw/harness.h"

enum { INTR = 32 };

typedef struct Fixture {
    Hw *hw;
    Device *pic;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->pic = device_new(&i8259_class, &f->hw->env);
    i8259_connect(f->pic, hw_line(f->hw, INTR));
    g_assert_true(device_realize(f->pic, &f->hw->isa.bus, NULL));
    device_reset(f->pic);
    /* As a PC's firmware does it: vectors 08h and 70h. */
    static const uint8_t init[2][4] = { { 0x11, 0x08, 0x04, 0x01 },
                                        { 0x11, 0x70, 0x02, 0x01 } };
    for (unsigned chip = 0; chip < 2; chip++) {
        uint16_t port = chip ? 0xa0 : 0x20;

        hw_outb(f->hw, port, init[chip][0]);
        for (unsigned i = 1; i < 4; i++) {
            hw_outb(f->hw, port + 1, init[chip][i]);
        }
        hw_outb(f->hw, port + 1, 0);
    }
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->pic);
    hw_free(f->hw);
}

static void set(Fixture *f, unsigned n, bool level)
{
    IrqLine line = i8259_input(f->pic, n);

    irq_set(&line, level);
}

static void pulse(Fixture *f, unsigned n)
{
    set(f, n, true);
    set(f, n, false);
}

static void assert_ack(Fixture *f, uint8_t vector)
{
    g_assert_true(f->hw->levels[INTR]);
    g_assert_cmphex(i8259_ack(f->pic), ==, vector);
}

static void test_edge(Fixture *f, gconstpointer data)
{
    pulse(f, 1);
    g_assert_cmphex(hw_inb(f->hw, 0x20), ==, 0x02);
    assert_ack(f, 0x09);
    g_assert_false(f->hw->levels[INTR]);
    hw_outb(f->hw, 0x20, 0x0b);
    g_assert_cmphex(hw_inb(f->hw, 0x20), ==, 0x02);
    hw_outb(f->hw, 0x20, 0x0a);
    g_assert_cmphex(hw_inb(f->hw, 0x20), ==, 0x00);
    /* A second edge waits for the end of the first. */
    pulse(f, 1);
    g_assert_false(f->hw->levels[INTR]);
    hw_outb(f->hw, 0x20, 0x20);
    assert_ack(f, 0x09);
    hw_outb(f->hw, 0x20, 0x61);
    /* A line that stays high is no new edge. */
    set(f, 3, true);
    assert_ack(f, 0x0b);
    hw_outb(f->hw, 0x20, 0x20);
    set(f, 3, true);
    g_assert_false(f->hw->levels[INTR]);
}

static void test_priority(Fixture *f, gconstpointer data)
{
    pulse(f, 5);
    assert_ack(f, 0x0d);
    pulse(f, 6);
    g_assert_false(f->hw->levels[INTR]);
    pulse(f, 3);
    assert_ack(f, 0x0b);
    hw_outb(f->hw, 0x20, 0x20);
    g_assert_false(f->hw->levels[INTR]);
    hw_outb(f->hw, 0x20, 0x20);
    assert_ack(f, 0x0e);
    hw_outb(f->hw, 0x20, 0x20);
    /* Rotate on end of interrupt: the served line comes last. */
    pulse(f, 0);
    assert_ack(f, 0x08);
    hw_outb(f->hw, 0x20, 0xa0);
    pulse(f, 0);
    pulse(f, 7);
    assert_ack(f, 0x0f);
    hw_outb(f->hw, 0x20, 0x67);
    assert_ack(f, 0x08);
    hw_outb(f->hw, 0x20, 0xc7); /* 7 lowest again */
    hw_outb(f->hw, 0x20, 0x60);
    pulse(f, 7);
    pulse(f, 0);
    assert_ack(f, 0x08);
}

static void test_mask(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x21, 0xff);
    pulse(f, 4);
    g_assert_false(f->hw->levels[INTR]);
    g_assert_cmphex(hw_inb(f->hw, 0x21), ==, 0xff);
    hw_outb(f->hw, 0x21, 0xef);
    g_assert_true(f->hw->levels[INTR]);
    hw_outb(f->hw, 0x21, 0xff);
    g_assert_false(f->hw->levels[INTR]);
    /* The request went away before the acknowledge: spurious. */
    g_assert_cmphex(i8259_ack(f->pic), ==, 0x0f);
    /* Special mask mode lets lower lines through a masked one in service. */
    hw_outb(f->hw, 0x21, 0x00);
    assert_ack(f, 0x0c);
    pulse(f, 6);
    g_assert_false(f->hw->levels[INTR]);
    hw_outb(f->hw, 0x21, 0x10);
    hw_outb(f->hw, 0x20, 0x68);
    assert_ack(f, 0x0e);
    hw_outb(f->hw, 0x20, 0x20); /* ends 6, not the masked 4 */
    hw_outb(f->hw, 0x20, 0x0b);
    g_assert_cmphex(hw_inb(f->hw, 0x20), ==, 0x10);
}

static void test_cascade(Fixture *f, gconstpointer data)
{
    pulse(f, 12);
    pulse(f, 8);
    assert_ack(f, 0x70);
    g_assert_false(f->hw->levels[INTR]);
    hw_outb(f->hw, 0xa0, 0x20);
    hw_outb(f->hw, 0x20, 0x20);
    assert_ack(f, 0x74);
    /* More urgent than line 2, less urgent than 1. */
    pulse(f, 3);
    g_assert_false(f->hw->levels[INTR]);
    pulse(f, 1);
    assert_ack(f, 0x09);
    hw_outb(f->hw, 0x20, 0x20);
    hw_outb(f->hw, 0xa0, 0x20);
    hw_outb(f->hw, 0x20, 0x20);
    assert_ack(f, 0x0b);
    /* The cascade input belongs to the slave alone. */
    hw_outb(f->hw, 0x20, 0x20);
    set(f, 2, true);
    g_assert_false(f->hw->levels[INTR]);
}

static void test_spurious_slave(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x4d1, 0x02); /* line 9 by level */
    set(f, 9, true);
    g_assert_true(f->hw->levels[INTR]);
    set(f, 9, false);
    /* Edge latch of the master's cascade input still holds. */
    g_assert_cmphex(i8259_ack(f->pic), ==, 0x77);
    hw_outb(f->hw, 0xa0, 0x0b);
    g_assert_cmphex(hw_inb(f->hw, 0xa0), ==, 0);
}

static void test_level(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x4d0, 0xff);
    hw_outb(f->hw, 0x4d1, 0xff);
    g_assert_cmphex(hw_inb(f->hw, 0x4d0), ==, 0xf8);
    g_assert_cmphex(hw_inb(f->hw, 0x4d1), ==, 0xde);
    set(f, 11, true);
    assert_ack(f, 0x73);
    hw_outb(f->hw, 0xa0, 0x20);
    hw_outb(f->hw, 0x20, 0x20);
    assert_ack(f, 0x73); /* still high */
    set(f, 11, false);
    hw_outb(f->hw, 0xa0, 0x20);
    hw_outb(f->hw, 0x20, 0x20);
    g_assert_false(f->hw->levels[INTR]);
}

static void test_auto_eoi_and_poll(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x20, 0x11);
    hw_outb(f->hw, 0x21, 0x20);
    hw_outb(f->hw, 0x21, 0x04);
    hw_outb(f->hw, 0x21, 0x03); /* automatic end of interrupt */
    hw_outb(f->hw, 0xa0, 0x11);
    hw_outb(f->hw, 0xa1, 0x28);
    hw_outb(f->hw, 0xa1, 0x02);
    hw_outb(f->hw, 0xa1, 0x03);
    pulse(f, 13);
    pulse(f, 14);
    assert_ack(f, 0x2d);
    assert_ack(f, 0x2e);
    g_assert_false(f->hw->levels[INTR]);
    pulse(f, 4);
    hw_outb(f->hw, 0x20, 0x0c);
    g_assert_cmphex(hw_inb(f->hw, 0x20), ==, 0x84);
    g_assert_false(f->hw->levels[INTR]);
    hw_outb(f->hw, 0x20, 0x0c);
    g_assert_cmphex(hw_inb(f->hw, 0x20), ==, 0x00);
}

static void test_special_nested(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x20, 0x11);
    hw_outb(f->hw, 0x21, 0x08);
    hw_outb(f->hw, 0x21, 0x04);
    hw_outb(f->hw, 0x21, 0x11);
    pulse(f, 12);
    assert_ack(f, 0x74);
    pulse(f, 8); /* more urgent inside the slave */
    assert_ack(f, 0x70);
}

static void test_reload(Fixture *f, gconstpointer data)
{
    g_autoptr(GString) text = g_string_new(NULL);

    pulse(f, 4);
    hw_reload(f->pic);
    assert_ack(f, 0x0c);
    i8259_print(f->pic, text);
    g_assert_cmpstr(text->str, ==,
                    "pic1: irr=00 imr=00 isr=00 hprio=0 irq_base=70 rr_sel=0 "
                    "elcr=00 fnm=0\n"
                    "pic0: irr=00 imr=00 isr=10 hprio=0 irq_base=08 rr_sel=0 "
                    "elcr=00 fnm=0\n");
    g_string_truncate(text, 0);
    i8259_print_irqs(f->pic, text);
    g_assert_cmpstr(text->str, ==, "IRQ statistics for isa-i8259:\n 4: 1\n");
}

/* Elsewhere it has what it had here, its registers are reached there, and at
 * home it knows what its inputs are. */
static void test_host(Fixture *f, gconstpointer data)
{
    HwChipHost h;

    hw_chip_host_init(&h);
    hw_outb(f->hw, 0x4d1, 0x08); /* 11 is a level */
    hw_outb(f->hw, 0x21, 0x80);
    set(f, 1, true);
    g_assert_true(f->hw->levels[INTR]);
    i8259_set_host(f->pic, &h.host);
    g_assert_false(f->hw->levels[INTR]);
    g_assert_cmphex(h.state.pic[0].irr, ==, 0x02);
    g_assert_cmphex(h.state.pic[0].lines, ==, 0x02);
    g_assert_cmphex(h.state.pic[0].imr, ==, 0x80);
    g_assert_cmphex(h.state.pic[0].vector_base, ==, 0x08);
    g_assert_cmphex(h.state.pic[1].elcr, ==, 0x08);

    set(f, 11, true);
    set(f, 3, true);
    g_assert_false(f->hw->levels[INTR]);
    h.state.pic[0].irr = 0;
    h.state.pic[0].isr = 0x02; /* taken there */
    hw_outb(f->hw, 0x20, 0x0b);
    g_assert_cmphex(hw_inb(f->hw, 0x20), ==, 0x02);
    g_assert_true(h.state.pic[0].read_isr);
    hw_outb(f->hw, 0x20, 0x20);
    g_assert_cmphex(h.state.pic[0].isr, ==, 0);
    hw_outb(f->hw, 0x4d1, 0x0a);
    g_assert_cmphex(h.state.pic[1].elcr, ==, 0x0a);
    g_assert_false(f->hw->levels[INTR]);

    i8259_set_host(f->pic, NULL);
    /* The edge of 3 came there, or never did. */
    assert_ack(f, 0x73);
    set(f, 11, false);
    hw_outb(f->hw, 0xa0, 0x20);
    hw_outb(f->hw, 0x20, 0x20);
    g_assert_false(f->hw->levels[INTR]);
    set(f, 1, false);
    set(f, 1, true);
    assert_ack(f, 0x09);
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/i8259/edge", test_edge);
    ADD("/i8259/priority", test_priority);
    ADD("/i8259/mask", test_mask);
    ADD("/i8259/cascade", test_cascade);
    ADD("/i8259/spurious-slave", test_spurious_slave);
    ADD("/i8259/level", test_level);
    ADD("/i8259/auto-eoi-and-poll", test_auto_eoi_and_poll);
    ADD("/i8259/special-nested", test_special_nested);
    ADD("/i8259/reload", test_reload);
    ADD("/i8259/host", test_host);
    return g_test_run();
}
