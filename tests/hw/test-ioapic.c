/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC by its registers, inputs and messages. */
#include "hw/intc/ioapic.h"

#include "tests/hw/harness.h"

#define BASE 0xfec00000

typedef struct Fixture {
    Hw *hw;
    Device *ioapic;
    GString *log;
    uint64_t told[IOAPIC_PINS];
} Fixture;

static void deliver(void *opaque, uint8_t dest, uint8_t dest_mode,
                    uint8_t delivery_mode, uint8_t vector, bool level)
{
    g_string_append_printf(((Fixture *)opaque)->log, "%02x.%u.%u.%02x%s ", dest,
                           dest_mode, delivery_mode, vector, level ? "L" : "");
}

static void changed(void *opaque, unsigned pin, uint64_t entry)
{
    ((Fixture *)opaque)->told[pin] = entry;
}

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->log = g_string_new(NULL);
    f->ioapic = device_new(&ioapic_class, &f->hw->env);
    ioapic_connect(f->ioapic, deliver, changed, f);
    g_assert_true(device_realize(f->ioapic, NULL, NULL));
    region_add(&f->hw->memory_root, BASE, ioapic_region(f->ioapic));
    device_reset(f->ioapic);
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->ioapic);
    hw_free(f->hw);
    g_string_free(f->log, TRUE);
}

static void assert_log(Fixture *f, const char *expected)
{
    g_assert_cmpstr(f->log->str, ==, expected);
    g_string_truncate(f->log, 0);
}

static uint32_t reg_read(Fixture *f, uint8_t reg)
{
    hw_writel(f->hw, BASE, reg);
    return hw_readl(f->hw, BASE + 0x10);
}

static void reg_write(Fixture *f, uint8_t reg, uint32_t val)
{
    hw_writel(f->hw, BASE, reg);
    hw_writel(f->hw, BASE + 0x10, val);
}

static void set(Fixture *f, unsigned pin, bool level)
{
    IrqLine line = ioapic_input(f->ioapic, pin);

    irq_set(&line, level);
}

static void test_registers(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(reg_read(f, 1), ==, 0x00170020);
    reg_write(f, 0, 0xff000000);
    g_assert_cmphex(reg_read(f, 0), ==, 0x0f000000);
    g_assert_cmphex(reg_read(f, 2), ==, 0x0f000000);
    g_assert_cmphex(reg_read(f, 0x10), ==, 0x10000);
    reg_write(f, 0x3f, 0xffffffff);
    reg_write(f, 0x3e, 0xffffffff);
    g_assert_cmphex(reg_read(f, 0x3f), ==, 0xff000000);
    g_assert_cmphex(reg_read(f, 0x3e), ==, 0x1afff);
    g_assert_cmphex(reg_read(f, 0x40), ==, 0);
    reg_write(f, 0x40, 1);
    reg_write(f, 0xff, 1);
}

static void test_edge(Fixture *f, gconstpointer data)
{
    set(f, 4, true); /* lost: masked */
    reg_write(f, 0x19, 0x03000000);
    reg_write(f, 0x18, 0x00000931);
    g_assert_cmphex(f->told[4], ==, UINT64_C(0x0300000000000931));
    set(f, 4, false);
    assert_log(f, "");
    set(f, 4, true);
    set(f, 4, true);
    assert_log(f, "03.1.1.31 ");
    set(f, 4, false);
    set(f, 4, true);
    assert_log(f, "03.1.1.31 ");
}

static void test_level(Fixture *f, gconstpointer data)
{
    reg_write(f, 0x2a, 0x1a050);
    set(f, 13, true);
    assert_log(f, "");
    reg_write(f, 0x2a, 0x0a050);
    assert_log(f, "00.0.0.50L ");
    g_assert_cmphex(reg_read(f, 0x2a), ==, 0x0e050);
    set(f, 13, false);
    set(f, 13, true);
    assert_log(f, "");
    ioapic_eoi(f->ioapic, 0x51);
    assert_log(f, "");
    ioapic_eoi(f->ioapic, 0x50);
    assert_log(f, "00.0.0.50L ");
    set(f, 13, false);
    hw_writel(f->hw, BASE + 0x40, 0x50);
    assert_log(f, "");
    g_assert_cmphex(reg_read(f, 0x2a), ==, 0x0a050);
    /* Edge and back drops a stuck remote IRR. */
    set(f, 13, true);
    assert_log(f, "00.0.0.50L ");
    reg_write(f, 0x2a, 0x12050);
    reg_write(f, 0x2a, 0x0a050);
    assert_log(f, "00.0.0.50L ");
}

static void test_reload(Fixture *f, gconstpointer data)
{
    g_autoptr(GString) text = g_string_new(NULL);

    reg_write(f, 0x10, 0x700);
    hw_reload(f->ioapic);
    set(f, 0, true);
    assert_log(f, "00.0.7.00 ");
    ioapic_print(f->ioapic, text);
    g_assert_true(g_str_has_prefix(text->str, "ioapic0: ver=0x20 id=0x00"));
}

static void test_host(Fixture *f, gconstpointer data)
{
    HwChipHost h;

    hw_chip_host_init(&h);
    reg_write(f, 0x10 + 2 * 4, 0x41);    /* pin 4: edge */
    reg_write(f, 0x10 + 2 * 11, 0x8051); /* pin 11: level */
    ioapic_set_host(f->ioapic, &h.host);
    g_assert_cmphex(h.state.ioapic.table[4], ==, 0x41);
    set(f, 4, true);
    set(f, 11, true);
    assert_log(f, "");
    h.state.ioapic.table[11] |= 1 << 14; /* it was sent there */
    g_assert_cmphex(reg_read(f, 0x10 + 2 * 11), ==, 0xc051);
    reg_write(f, 0x10 + 2 * 4, 0x42);
    g_assert_cmphex(h.state.ioapic.table[4], ==, 0x42);
    ioapic_eoi(f->ioapic, 0x51);
    assert_log(f, "");

    ioapic_set_host(f->ioapic, NULL);
    assert_log(f, "");
    g_assert_cmphex(f->told[11], ==, 0xc051);
    ioapic_eoi(f->ioapic, 0x51);
    assert_log(f, "00.0.0.51L ");
    /* A level that nobody has served yet is sent now. */
    ioapic_set_host(f->ioapic, &h.host);
    h.state.ioapic.table[11] &= ~(UINT64_C(1) << 14);
    ioapic_set_host(f->ioapic, NULL);
    assert_log(f, "00.0.0.51L ");
    set(f, 4, false);
    set(f, 4, true);
    assert_log(f, "00.0.0.42 ");
}

#define ADD(name, fn) g_test_add(name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/ioapic/registers", test_registers);
    ADD("/ioapic/edge", test_edge);
    ADD("/ioapic/level", test_level);
    ADD("/ioapic/reload", test_reload);
    ADD("/ioapic/host", test_host);
    return g_test_run();
}
