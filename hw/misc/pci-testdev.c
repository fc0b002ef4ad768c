/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI function for measuring and testing register accesses: BAR 0 in memory
 * and BAR 1 in ports show the same header, which says where to write what, and
 * counts the writes that matched. QEMU docs/specs/pci-testdev.txt:
 *
 *   00h test (byte, write: choose one)   04h offset   0ch count of writes
 *   01h width of the data in bytes       08h data     10h name
 */
#include "hw/misc/pci-testdev.h"

#include <string.h>

enum {
    TEST_WIDTH = 1,
    TEST_OFFSET = 4,
    TEST_DATA = 8,
    TEST_COUNT = 12,
    TEST_NAME = 16,
    TEST_HEADER = 64,
    TEST_TARGET = 0x80, /* where the tests write */
    TEST_SIGNATURE = 0xfa,
    TEST_MEMORY_SIZE = 0x1000,
    TEST_IO_SIZE = 0x100,
};

/* In place of the elsewhere asynchronous kinds of counting there is one. */
static const char *const pci_test_names[] = { "any-data", "data-match" };

typedef struct PciTestdev {
    PciDevice pci;

    /* Wiring: fixed once realized. */
    MemoryRegion memory, io;

    /* Guest-visible state. */
    uint8_t test; /* chosen; G_N_ELEMENTS(pci_test_names) or more: none */
    uint32_t count;
} PciTestdev;

static PciTestdev *pci_testdev(Device *dev)
{
    return container_of(dev, PciTestdev, pci.parent);
}

static uint8_t pci_testdev_byte(const PciTestdev *s, hwaddr off)
{
    uint8_t header[TEST_HEADER] = { s->test };

    if (s->test >= G_N_ELEMENTS(pci_test_names) || off >= TEST_HEADER) {
        return 0;
    }
    header[TEST_WIDTH] = 1;
    header[TEST_OFFSET] = TEST_TARGET;
    header[TEST_DATA] = TEST_SIGNATURE;
    memcpy(header + TEST_COUNT, &s->count, 4);
    g_strlcpy((char *)header + TEST_NAME, pci_test_names[s->test],
              TEST_HEADER - TEST_NAME);
    return header[off];
}

static bool pci_testdev_read(void *opaque, hwaddr off, unsigned size,
                             uint64_t *val)
{
    *val = pci_testdev_byte(opaque, off);
    return true;
}

static bool pci_testdev_write(void *opaque, hwaddr off, unsigned size,
                              uint64_t val)
{
    PciTestdev *s = opaque;

    if (off == 0) {
        s->test = val;
        s->count = 0;
    } else if (off == TEST_TARGET && s->test < G_N_ELEMENTS(pci_test_names) &&
               (s->test == 0 || val == TEST_SIGNATURE)) {
        s->count++;
    }
    return true;
}

static const MemoryOps pci_testdev_ops = {
    .read = pci_testdev_read,
    .write = pci_testdev_write,
    .impl = { .min = 1, .max = 1 },
};

static bool pci_testdev_realize(Device *dev, GError **errp)
{
    PciTestdev *s = pci_testdev(dev);

    region_init_io(&s->memory, "pci-testdev.memory", TEST_MEMORY_SIZE,
                   &pci_testdev_ops, s, &dev->lock);
    region_init_io(&s->io, "pci-testdev.io", TEST_IO_SIZE, &pci_testdev_ops, s,
                   &dev->lock);
    pci_add_bar(&s->pci, 0, PCI_BAR_MEM32, &s->memory, TEST_MEMORY_SIZE);
    pci_add_bar(&s->pci, 1, PCI_BAR_IO, &s->io, TEST_IO_SIZE);
    return true;
}

static void pci_testdev_reset(Device *dev)
{
    PciTestdev *s = pci_testdev(dev);

    pci_device_reset(&s->pci);
    s->test = 0;
    s->count = 0;
}

static void pci_testdev_unrealize(Device *dev)
{
    PciTestdev *s = pci_testdev(dev);

    region_clear(&s->memory);
    region_clear(&s->io);
}

static bool pci_testdev_loaded(Device *dev, GError **errp)
{
    pci_device_loaded(&pci_testdev(dev)->pci);
    return true;
}

static const Property pci_testdev_props[] = {
    PCI_DEVICE_PROPS(PciTestdev, pci),
    {},
};

static const StateField pci_testdev_state[] = {
    PCI_DEVICE_STATE(PciTestdev, pci),
    STATE_U8(PciTestdev, test),
    STATE_U32(PciTestdev, count),
    {},
};

const PciClass pci_testdev_class = {
    .device = {
        .name = "pci-testdev",
        .summary = "PCI function that counts writes",
        .bus = BUS_PCI,
        .size = sizeof(PciTestdev),
        .props = pci_testdev_props,
        .state = pci_testdev_state,
        .realize = pci_testdev_realize,
        .reset = pci_testdev_reset,
        .unrealize = pci_testdev_unrealize,
        .loaded = pci_testdev_loaded,
    },
    .vendor_id = 0x1b36,
    .device_id = 0x0005,
    .class_id = 0x00ff,
};
