/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port 92h and the exit port. */
#include "hw/misc/port92.h"
#include "tests/hw/harness.h"

static void test_port92(void)
{
    Hw *hw = hw_new();
    Device *dev = device_new(&port92_class, &hw->env);

    port92_connect(dev, hw_line(hw, 20), hw_line(hw, 21));
    g_assert_true(device_realize(dev, &hw->isa.bus, NULL));
    device_reset(dev);
    hw_outb(hw, 0x92, 0x02);
    g_assert_true(hw->levels[20]);
    g_assert_cmphex(hw_inb(hw, 0x92), ==, 0x02);
    hw_outb(hw, 0x92, 0x00);
    g_assert_false(hw->levels[20]);
    g_assert_cmpuint(hw->rises[21], ==, 0);
    hw_outb(hw, 0x92, 0x03);
    g_assert_cmpuint(hw->rises[21], ==, 1);
    g_assert_false(hw->levels[21]);
    g_assert_cmphex(hw_inb(hw, 0x92), ==, 0x03); /* INIT# leaves it */
    hw_outb(hw, 0x92, 0x03);
    g_assert_cmpuint(hw->rises[21], ==, 1);
    g_assert_cmpuint(hw->requests, ==, 0);
    hw_remove(dev);
    hw_free(hw);
}

static void test_debug_exit(void)
{
    Hw *hw = hw_new();
    Device *dev = hw_device(hw, "isa-debug-exit,iobase=0xf4,iosize=4", NULL);

    g_assert_cmphex(hw_inl(hw, 0xf4), ==, 0);
    hw_outl(hw, 0xf4, 0x10);
    g_assert_cmpint(hw->request, ==, MACHINE_REQUEST_EXIT);
    g_assert_cmpint(hw->request_detail, ==, 0x21);
    hw_outb(hw, 0xf4, 0);
    g_assert_cmpint(hw->request_detail, ==, 1);
    hw_remove(dev);
    dev = hw_device(hw, "isa-debug-exit", NULL);
    hw_outb(hw, 0x501, 3);
    g_assert_cmpint(hw->request_detail, ==, 7);
    hw_remove(dev);
    hw_free(hw);
}

static void test_pc_testdev(void)
{
    Hw *hw = hw_new();
    Device *dev = hw_device(hw, "pc-testdev", NULL);

    hw_outl(hw, 0xe0, 0x12345678);
    g_assert_cmphex(hw_inb(hw, 0xe8), ==, 0x78);
    hw_outb(hw, 0xe1, 0xaa);
    g_assert_cmphex(hw_inl(hw, 0xe0), ==, 0x1234aa78);
    hw_outb(hw, 0x200b, 1);
    g_assert_true(hw->levels[11]);
    hw_outb(hw, 0x200b, 0);
    g_assert_false(hw->levels[11]);
    hw_remove(dev);
    hw_free(hw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/misc/port92", test_port92);
    g_test_add_func("/misc/debug-exit", test_debug_exit);
    g_test_add_func("/misc/pc-testdev", test_pc_testdev);
    return g_test_run();
}
