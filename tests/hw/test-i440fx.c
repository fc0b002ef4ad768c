/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow RAM of the 440FX and interrupt routing of the PIIX3. */
#include "hw/pc/i440fx.h"
#include "hw/pc/piix3.h"
#include "tests/hw/harness.h"

enum { BRIDGE = PCI_DEVFN(0, 0), PIIX = PCI_DEVFN(1, 0) };

static void test_pam(void)
{
    Hw *hw = hw_new();
    MemoryRegion pci, rom_region;
    RamBlock *rom = ram_new("rom", 0x40000, NULL);
    Device *dev = device_new(&i440fx_class.device, &hw->env);

    region_init_container(&pci, "pci", UINT64_C(1) << 32);
    region_init_rom(&rom_region, "rom", rom, 0, 0x40000, NULL, NULL, NULL);
    region_add(&pci, 0xc0000, &rom_region);
    i440fx_wire(dev, &hw->memory_root, &pci, hw->ram);
    g_assert_true(device_realize(dev, &hw->pci.bus, NULL));
    device_reset(dev);

    rom->host[0x30000] = 0x11;
    hw->ram->host[0xf0000] = 0x22;
    g_assert_cmphex(hw_readl(hw, 0xf0000) & 0xff, ==, 0x11);
    hw_config_write(hw, BRIDGE, 0x59, 1, 0x30);
    g_assert_cmphex(hw_readl(hw, 0xf0000) & 0xff, ==, 0x22);
    hw_writel(hw, 0xf0000, 0x33);
    hw_config_write(hw, BRIDGE, 0x59, 1, 0x10);
    hw_writel(hw, 0xf0000, 0x44); /* read-only now */
    g_assert_cmphex(hw_readl(hw, 0xf0000), ==, 0x33);
    hw_reload(dev);
    g_assert_cmphex(hw_readl(hw, 0xf0000), ==, 0x33);
    device_reset(dev);
    g_assert_cmphex(hw_readl(hw, 0xf0000) & 0xff, ==, 0x11);

    /* C8000h: low nibble of the third register. */
    hw->ram->host[0xc8000] = 0x55;
    g_assert_cmphex(hw_readl(hw, 0xc8000), ==, 0);
    hw_config_write(hw, BRIDGE, 0x5b, 1, 0x03);
    g_assert_cmphex(hw_readl(hw, 0xc8000), ==, 0x55);
    hw->ram->host[0xcc000] = 0x66;
    g_assert_cmphex(hw_readl(hw, 0xcc000), ==, 0);

    hw_remove(dev);
    region_clear(&rom_region);
    region_clear(&pci);
    hw_free(hw);
    ram_free(rom);
}

static void keep_level(void *opaque, unsigned n, bool level)
{
    *(bool *)opaque = level;
}

/* System management RAM: nobody there, RAM while it is open, until it is
 * locked. */
static void test_smram(void)
{
    Hw *hw = hw_new();
    MemoryRegion pci;
    Device *dev = device_new(&i440fx_class.device, &hw->env);
    bool enabled = false;

    region_init_container(&pci, "pci", UINT64_C(1) << 32);
    i440fx_wire(dev, &hw->memory_root, &pci, hw->ram);
    i440fx_wire_smram(dev, (IrqLine){ .set = keep_level, .opaque = &enabled });
    g_assert_true(device_realize(dev, &hw->pci.bus, NULL));
    device_reset(dev);
    hw->ram->host[0xa8000] = 0x77;
    g_assert_cmphex(hw_readl(hw, 0xa8000), ==, UINT32_MAX);
    g_assert_false(enabled);
    hw_config_write(hw, BRIDGE, 0x72, 1, 0x4a);
    g_assert_cmphex(hw_readl(hw, 0xa8000), ==, 0x77);
    g_assert_true(enabled);
    hw_config_write(hw, BRIDGE, 0x72, 1, 0x1a);
    g_assert_cmphex(hw_readl(hw, 0xa8000), ==, UINT32_MAX);
    hw_config_write(hw, BRIDGE, 0x72, 1, 0x42);
    g_assert_cmphex(hw_config_read(hw, BRIDGE, 0x72, 1), ==, 0x1a);
    g_assert_true(enabled);
    hw_reload(dev);
    g_assert_true(enabled);
    device_reset(dev);
    g_assert_false(enabled);
    hw_remove(dev);
    region_clear(&pci);
    hw_free(hw);
}

static void test_pirq(void)
{
    Hw *hw = hw_new();
    Device *dev = device_new(&piix3_class.device, &hw->env);
    IrqLine irq[16];

    for (unsigned n = 0; n < 16; n++) {
        irq[n] = hw_line(hw, 32 + n);
    }
    piix3_wire(dev, &hw->io_root, irq, hw_line(hw, 48));
    g_assert_true(device_set_property(dev, "addr", "1", NULL));
    g_assert_true(device_realize(dev, &hw->pci.bus, NULL));
    device_reset(dev);
    IrqLine a = piix3_pirq(dev, 0);
    IrqLine d = piix3_pirq(dev, 3);

    irq_set(&a, true);
    g_assert_false(hw->levels[32 + 11]); /* not routed */
    hw_config_write(hw, PIIX, 0x60, 1, 11);
    g_assert_true(hw->levels[32 + 11]);
    hw_config_write(hw, PIIX, 0x63, 1, 11);
    irq_set(&d, true);
    irq_set(&a, false);
    g_assert_true(hw->levels[32 + 11]); /* shared */
    hw_config_write(hw, PIIX, 0x63, 1, 0x80);
    g_assert_false(hw->levels[32 + 11]);
    hw_config_write(hw, PIIX, 0x63, 1, 5);
    g_assert_true(hw->levels[32 + 5]);
    device_reset(dev);
    g_assert_false(hw->levels[32 + 5]);

    hw_outb(hw, 0xcf9, 2);
    g_assert_cmpuint(hw->requests, ==, 0);
    hw_outb(hw, 0xcf9, 0);
    hw_outb(hw, 0xcf9, 4);
    g_assert_cmpuint(hw->requests, ==, 0);
    g_assert_cmpuint(hw->rises[48], ==, 1);
    hw_outb(hw, 0xcf9, 6);
    g_assert_cmpint(hw->request, ==, MACHINE_REQUEST_RESET);
    hw_remove(dev);
    hw_free(hw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i440fx/pam", test_pam);
    g_test_add_func("/i440fx/smram", test_smram);
    g_test_add_func("/piix3/pirq", test_pirq);
    return g_test_run();
}
