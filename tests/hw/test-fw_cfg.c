/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware configuration device by ports and by DMA. */
#include "hw/misc/fw_cfg.h"

#include <string.h>

#include "tests/hw/harness.h"

typedef struct Fixture {
    Hw *hw;
    Device *dev;
    FwCfg *cfg;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->dev = device_new(&fw_cfg_class, &f->hw->env);
    fw_cfg_set_io(f->dev, &f->hw->io_root);
    g_assert_true(device_realize(f->dev, NULL, NULL));
    f->cfg = fw_cfg_from_device(f->dev);
}

static void teardown(Fixture *f, gconstpointer data)
{
    hw_remove(f->dev);
    hw_free(f->hw);
}

static void read_item(Fixture *f, uint16_t key, void *buf, size_t len)
{
    hw_outw(f->hw, 0x510, key);
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)buf)[i] = hw_inb(f->hw, 0x511);
    }
}

static uint32_t dma(Fixture *f, uint32_t control, uint32_t len, uint64_t addr)
{
    struct {
        uint32_t control, len;
        uint64_t addr;
    } d = { GUINT32_TO_BE(control), GUINT32_TO_BE(len), GUINT64_TO_BE(addr) };

    memcpy(f->hw->ram->host + 0x100, &d, sizeof(d));
    hw_outl(f->hw, 0x514, 0);
    hw_outl(f->hw, 0x518, GUINT32_TO_BE(0x100));
    memcpy(&d, f->hw->ram->host + 0x100, sizeof(d));
    return GUINT32_FROM_BE(d.control);
}

static void test_ports(Fixture *f, gconstpointer data)
{
    char sig[6] = "";
    uint32_t id;

    read_item(f, FW_CFG_SIGNATURE, sig, 5); /* one past the end: zero */
    g_assert_cmpstr(sig, ==, "QEMU");
    read_item(f, FW_CFG_ID, &id, 4);
    g_assert_cmphex(id, ==, 3);
    g_assert_cmphex(hw_inl(f->hw, 0x514), ==, GUINT32_TO_BE(0x51454d55));
    g_assert_cmphex(hw_inl(f->hw, 0x518), ==, GUINT32_TO_BE(0x20434647));
    read_item(f, 0x3fff, sig, 1); /* no such item */
    g_assert_cmpint(sig[0], ==, 0);
}

static void test_directory(Fixture *f, gconstpointer data)
{
    uint8_t dir[4 + 64];

    g_assert_true(fw_cfg_set_file(f->cfg, "etc/x", "abc", 3, false, NULL));
    read_item(f, FW_CFG_FILE_DIR, dir, sizeof(dir));
    g_assert_cmpmem(dir, 8, "\0\0\0\1\0\0\0\3", 8);
    g_assert_cmpstr((char *)dir + 12, ==, "etc/x");
    read_item(f, dir[8] << 8 | dir[9], dir, 4);
    g_assert_cmpmem(dir, 4, "abc\0", 4);
    for (unsigned i = 1; i < FW_CFG_FILE_SLOTS; i++) {
        g_autofree char *name = g_strdup_printf("f%u", i);

        g_assert_true(fw_cfg_set_file(f->cfg, name, "", 0, false, NULL));
    }
    g_assert_false(fw_cfg_set_file(f->cfg, "one more", "", 0, false, NULL));
}

static void test_dma(Fixture *f, gconstpointer data)
{
    uint8_t *ram = f->hw->ram->host;
    size_t len;

    fw_cfg_set_file(f->cfg, "etc/ro", "0123456789", 10, false, NULL);
    fw_cfg_set_file(f->cfg, "etc/rw", "0123456789", 10, true, NULL);
    memset(ram + 0x200, 0xee, 16);
    g_assert_cmphex(dma(f, 0x20 << 16 | 8 | 2, 4, 0x200), ==, 0);
    g_assert_cmpmem(ram + 0x200, 5, "0123\xee", 5);
    g_assert_cmphex(dma(f, 4, 3, 0), ==, 0); /* skip */
    g_assert_cmphex(dma(f, 2, 8, 0x200), ==, 0);
    g_assert_cmpmem(ram + 0x200, 8, "789\0\0\0\0\0", 8);
    g_assert_cmphex(dma(f, 2, 8, 0xfffffff0), ==, 1); /* not RAM */

    memcpy(ram + 0x200, "wxyz", 4);
    g_assert_cmphex(dma(f, 0x20 << 16 | 8 | 16, 4, 0x200), ==, 1);
    g_assert_cmphex(dma(f, 0x21 << 16 | 8 | 16, 4, 0x200), ==, 0);
    g_assert_cmpmem(fw_cfg_get_file(f->cfg, "etc/rw", &len), 5, "wxyz4", 5);
    g_assert_cmphex(dma(f, 0x21 << 16 | 8 | 16, 11, 0x200), ==, 1);
    g_assert_cmphex(dma(f, 4, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(dma(f, 16, 4, 0x200), ==, 1); /* offset past the end */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/fw_cfg/ports", Fixture, NULL, setup, test_ports, teardown);
    g_test_add("/fw_cfg/directory", Fixture, NULL, setup, test_directory,
               teardown);
    g_test_add("/fw_cfg/dma", Fixture, NULL, setup, test_dma, teardown);
    return g_test_run();
}
