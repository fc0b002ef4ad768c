/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI functions from outside: header, BARs, INTx, MSI-X. PCI 3.0 chapter 6. */
#include "tests/hw/harness.h"

typedef struct Sample {
    PciDevice pci;
    MemoryRegion io, bar;
    uint64_t last;
} Sample;

static bool sample_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    *val = 0x50 + off;
    return true;
}

static bool sample_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    ((Sample *)opaque)->last = val;
    return true;
}

static const MemoryOps sample_ops = { .read = sample_read,
                                      .write = sample_write };

static bool sample_realize(Device *dev, GError **errp)
{
    Sample *s = container_of(container_of(dev, PciDevice, parent), Sample, pci);

    region_init_io(&s->io, "sample-io", 32, &sample_ops, s, &dev->lock);
    region_init_container(&s->bar, "sample-bar", 0x2000);
    pci_add_bar(&s->pci, 0, PCI_BAR_IO, &s->io, 32);
    pci_add_bar(&s->pci, 1, PCI_BAR_MEM32, &s->bar, 0x2000);
    pci_set_interrupt_pin(&s->pci, 1);
    return pci_msix_init(&s->pci, 3, 1, &s->bar, 0, 0x1000, errp);
}

static void sample_unrealize(Device *dev)
{
    Sample *s = container_of(container_of(dev, PciDevice, parent), Sample, pci);

    region_clear(&s->io);
    region_clear(&s->bar);
}

static void sample_reset(Device *dev)
{
    pci_device_reset(container_of(dev, PciDevice, parent));
}

static const Property sample_props[] = { PCI_DEVICE_PROPS(Sample, pci), {} };
static const StateField sample_state[] = { PCI_DEVICE_STATE(Sample, pci), {} };

static const PciClass sample_class = {
    .device = {
        .name = "sample",
        .summary = "test function",
        .bus = BUS_PCI,
        .size = sizeof(Sample),
        .props = sample_props,
        .state = sample_state,
        .realize = sample_realize,
        .unrealize = sample_unrealize,
        .reset = sample_reset,
    },
    .vendor_id = 0x1234,
    .device_id = 0x5678,
    .class_id = 0x00ff,
};

enum { SAMPLE_DEVFN = PCI_DEVFN(3, 0) };

static PciDevice *sample_new(Hw *hw, const char *addr, GError **errp)
{
    Device *dev = device_new(&sample_class.device, &hw->env);

    if (addr) {
        g_assert_true(device_set_property(dev, "addr", addr, NULL));
    }
    if (!device_realize(dev, &hw->pci.bus, errp)) {
        device_unref(dev);
        return NULL;
    }
    device_reset(dev);
    return container_of(dev, PciDevice, parent);
}

static void test_header(void)
{
    Hw *hw = hw_new();
    PciDevice *dev = sample_new(hw, "3", NULL);

    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0, 4), ==, 0x56781234);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0x0a, 2), ==, 0x00ff);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0x2c, 4), ==, 0x11001af4);
    g_assert_cmphex(hw_config_read(hw, PCI_DEVFN(4, 0), 0, 4), ==, 0xffffffff);
    hw_config_write(hw, SAMPLE_DEVFN, 0, 4, 0);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0, 4), ==, 0x56781234);
    hw_config_write(hw, SAMPLE_DEVFN, 0x3c, 1, 0xab);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0x3c, 2), ==, 0x01ab);
    hw_remove(&dev->parent);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0, 4), ==, 0xffffffff);
    hw_free(hw);
}

static void test_bars(void)
{
    Hw *hw = hw_new();
    PciDevice *dev = sample_new(hw, "3", NULL);

    hw_config_write(hw, SAMPLE_DEVFN, 0x10, 4, 0xffffffff);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0x10, 4), ==, 0xffffffe1);
    hw_config_write(hw, SAMPLE_DEVFN, 0x14, 4, 0xffffffff);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 0x14, 4), ==, 0xffffe000);

    hw_config_write(hw, SAMPLE_DEVFN, 0x10, 4, 0xc000);
    g_assert_cmphex(hw_inb(hw, 0xc004), ==, 0xff); /* not decoded yet */
    hw_config_write(hw, SAMPLE_DEVFN, 0x04, 2, PCI_COMMAND_IO);
    g_assert_cmphex(hw_inb(hw, 0xc004), ==, 0x54);
    hw_config_write(hw, SAMPLE_DEVFN, 0x10, 4, 0xd000);
    g_assert_cmphex(hw_inb(hw, 0xc004), ==, 0xff);
    g_assert_cmphex(hw_inb(hw, 0xd004), ==, 0x54);
    hw_reload(&dev->parent);
    g_assert_cmphex(hw_inb(hw, 0xd004), ==, 0x54);
    device_reset(&dev->parent);
    g_assert_cmphex(hw_inb(hw, 0xd004), ==, 0xff);
    hw_remove(&dev->parent);
    hw_free(hw);
}

static void test_intx(void)
{
    Hw *hw = hw_new();
    PciDevice *a = sample_new(hw, "3", NULL);
    PciDevice *b = sample_new(hw, "5", NULL);

    pci_set_intx(a, true);
    pci_set_intx(b, true);
    g_assert_true(hw->levels[16]);
    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, 6, 1) & 8, ==, 8);
    pci_set_intx(a, false);
    g_assert_true(hw->levels[16]); /* b holds it */
    hw_config_write(hw, PCI_DEVFN(5, 0), 4, 2, PCI_COMMAND_INTX_DISABLE);
    g_assert_false(hw->levels[16]);
    g_assert_cmphex(hw_config_read(hw, PCI_DEVFN(5, 0), 6, 1) & 8, ==, 8);
    hw_config_write(hw, PCI_DEVFN(5, 0), 4, 2, 0);
    g_assert_true(hw->levels[16]);
    hw_remove(&b->parent);
    g_assert_false(hw->levels[16]);
    hw_remove(&a->parent);
    hw_free(hw);
}

static void test_msix(void)
{
    Hw *hw = hw_new();
    PciDevice *dev = sample_new(hw, "3", NULL);
    const hwaddr bar = 0xe0000000;
    unsigned cap = hw_config_read(hw, SAMPLE_DEVFN, PCI_CAP_POINTER, 1);

    g_assert_cmphex(hw_config_read(hw, SAMPLE_DEVFN, cap, 4), ==, 0x00020011);
    hw_config_write(hw, SAMPLE_DEVFN, 0x14, 4, bar);
    hw_config_write(hw, SAMPLE_DEVFN, 0x04, 2,
                    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci_msix_notify(dev, 1);
    g_assert_cmpuint(hw->msis, ==, 0); /* not enabled */
    hw_config_write(hw, SAMPLE_DEVFN, cap + 2, 2, 0x8000);
    hw_writel(hw, bar + 16, 0xfee01000);
    hw_writel(hw, bar + 24, 0x41);
    pci_msix_notify(dev, 1);
    g_assert_cmpuint(hw->msis, ==, 0); /* masked: becomes pending */
    g_assert_cmphex(hw_readl(hw, bar + 0x1000), ==, 2);
    hw_writel(hw, bar + 28, 0);
    g_assert_cmpuint(hw->msis, ==, 1);
    g_assert_cmphex(hw->msi_addr, ==, 0xfee01000);
    g_assert_cmphex(hw->msi_data, ==, 0x41);
    g_assert_cmphex(hw_readl(hw, bar + 0x1000), ==, 0);
    pci_msix_notify(dev, 3); /* beyond the table */
    g_assert_cmpuint(hw->msis, ==, 1);
    hw_remove(&dev->parent);
    hw_free(hw);
}

static void test_slots(void)
{
    Hw *hw = hw_new();
    g_autoptr(GError) err = NULL;
    PciDevice *dev = sample_new(hw, "3", NULL);

    g_assert_null(sample_new(hw, "3", &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_BUSY);
    PciDevice *any = sample_new(hw, NULL, NULL);

    g_assert_cmpuint(any->devfn, ==, 0);
    hw_remove(&any->parent);
    hw_remove(&dev->parent);
    hw_free(hw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/header", test_header);
    g_test_add_func("/pci/bars", test_bars);
    g_test_add_func("/pci/intx", test_intx);
    g_test_add_func("/pci/msix", test_msix);
    g_test_add_func("/pci/slots", test_slots);
    return g_test_run();
}
