/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI fixed hardware from outside: PM1, PM timer, GPE, enabling, sleeping. */
#include "hw/pc/piix4_pm.h"
#include "tests/hw/harness.h"

enum { DEVFN = PCI_DEVFN(1, 3), BASE = 0x600, SCI = 41 };

typedef struct Fixture {
    Hw *hw;
    Device *dev;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->dev = device_new(&piix4_pm_class.device, &f->hw->env);
    piix4_pm_wire(f->dev, &f->hw->io_root, hw_line(f->hw, SCI));
    g_assert_true(device_set_property(f->dev, "addr", "1.3", NULL));
    g_assert_true(device_realize(f->dev, &f->hw->pci.bus, NULL));
    device_reset(f->dev);
    hw_config_write(f->hw, DEVFN, 0x40, 4, BASE);
    hw_config_write(f->hw, DEVFN, 0x80, 1, 1);
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->dev);
    hw_free(f->hw);
}

static void count_smi(void *opaque, unsigned n, bool level)
{
    *(unsigned *)opaque += level;
}

static void test_timer(Fixture *f, gconstpointer data)
{
    uint32_t before = hw_inl(f->hw, BASE + 8);

    hw_advance(f->hw, NS_PER_SECOND);
    uint32_t ticks = (hw_inl(f->hw, BASE + 8) - before) & 0xffffff;

    g_assert_cmpuint(ticks, >=, 3579544);
    g_assert_cmpuint(ticks, <=, 3579545);
    hw_outw(f->hw, BASE + 2, 1);
    g_assert_false(f->hw->levels[SCI]);
    hw_advance(f->hw, 5 * NS_PER_SECOND); /* past a flip of bit 23 */
    g_assert_true(f->hw->levels[SCI]);
    hw_outw(f->hw, BASE, 1);
    g_assert_false(f->hw->levels[SCI]);
}

/* Only with the line, and only where DEVACTB lets it through. */
static void test_smi(void)
{
    Hw *hw = hw_new();
    Device *dev = device_new(&piix4_pm_class.device, &hw->env);
    unsigned smis = 0;

    piix4_pm_wire(dev, &hw->io_root, hw_line(hw, SCI));
    piix4_pm_wire_smi(dev, (IrqLine){ .set = count_smi, .opaque = &smis });
    g_assert_true(device_set_property(dev, "addr", "1.3", NULL));
    g_assert_true(device_realize(dev, &hw->pci.bus, NULL));
    device_reset(dev);
    g_assert_cmphex(hw_config_read(hw, DEVFN, 0x58, 4), ==, 0);
    hw_outb(hw, 0xb2, 0x55);
    g_assert_cmpuint(smis, ==, 0);
    hw_config_write(hw, DEVFN, 0x58, 4, 1 << 25);
    hw_outb(hw, 0xb2, 0x55);
    g_assert_cmpuint(smis, ==, 1);
    g_assert_cmphex(hw_inb(hw, 0xb2), ==, 0x55);
    hw_outb(hw, 0xb3, 0x66); /* the status port interrupts nobody */
    hw_outb(hw, 0xb2, PIIX4_PM_ACPI_ENABLE);
    g_assert_cmpuint(smis, ==, 1);
    hw_remove(dev);
    hw_free(hw);
}

static void test_button(Fixture *f, gconstpointer data)
{
    g_assert_false(piix4_pm_power_button(f->dev));
    g_assert_false(f->hw->levels[SCI]);
    hw_outb(f->hw, 0xb2, PIIX4_PM_ACPI_ENABLE);
    g_assert_cmphex(hw_inw(f->hw, BASE + 4), ==, 1);
    hw_outb(f->hw, BASE + 3, 1);       /* PWRBTN_EN is bit 8 */
    g_assert_true(f->hw->levels[SCI]); /* it was pressed before */
    hw_outb(f->hw, BASE + 1, 1);
    g_assert_false(f->hw->levels[SCI]);
    g_assert_true(piix4_pm_power_button(f->dev));
    g_assert_true(f->hw->levels[SCI]);
    hw_reload(f->dev);
    g_assert_true(f->hw->levels[SCI]);
    device_reset(f->dev);
    g_assert_false(f->hw->levels[SCI]);
    g_assert_cmphex(hw_inw(f->hw, BASE), ==, 0xffff); /* not decoded */
}

static void test_sleep(Fixture *f, gconstpointer data)
{
    hw_outw(f->hw, BASE + 4, 1 << 10);
    g_assert_cmpuint(f->hw->requests, ==, 0);
    hw_outw(f->hw, BASE + 4, 1 << 13 | 1 << 10);
    g_assert_cmpint(f->hw->request, ==, MACHINE_REQUEST_SUSPEND);
    hw_outw(f->hw, BASE + 4, 1 << 13);
    g_assert_cmpint(f->hw->request, ==, MACHINE_REQUEST_POWEROFF);
    g_assert_cmphex(hw_inw(f->hw, BASE + 4) & (1 << 13), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/piix4_pm/timer", Fixture, NULL, setup, test_timer, teardown);
    g_test_add("/piix4_pm/button", Fixture, NULL, setup, test_button, teardown);
    g_test_add_func("/piix4_pm/smi", test_smi);
    g_test_add("/piix4_pm/sleep", Fixture, NULL, setup, test_sleep, teardown);
    return g_test_run();
}
