/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that does anything: every model that can stand alone gets random
 * accesses to all of its registers while the clock runs. It must neither crash
 * nor reach beyond its memory (the sanitizers watch), and must still save,
 * load and reset. Run with -m slow for more of it.
 */
#include <string.h>
#include <urcu.h>

#include "tests/hw/harness.h"

/* A range that is not RAM, by lot; false if there is none. */
static bool pick_range(AddressSpace *as, GRand *rand, hwaddr *start,
                       uint64_t *size)
{
    bool found = false;
    unsigned seen = 0;

    rcu_read_lock();
    const FlatView *view = space_view(as);
    for (unsigned i = 0; i < view->count; i++) {
        if (view->ranges[i].host) {
            continue;
        }
        if (g_rand_int_range(rand, 0, ++seen) == 0) {
            *start = view->ranges[i].start;
            *size = view->ranges[i].size;
            found = true;
        }
    }
    rcu_read_unlock();
    return found;
}

/* Small numbers, single bits, addresses in RAM, or anything. */
static uint64_t pick_value(GRand *rand)
{
    uint64_t any = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);

    switch (g_rand_int_range(rand, 0, 5)) {
    case 0:
        return any & 0xff;
    case 1:
        return UINT64_C(1) << (any & 63);
    case 2:
        return any % HW_RAM_SIZE & ~UINT64_C(15);
    case 3:
        return -(any & 0xf);
    default:
        return any;
    }
}

static void access_at_random(Hw *hw, GRand *rand)
{
    AddressSpace *as =
        g_rand_int_range(rand, 0, 3) ? hw->env.io : hw->env.memory;
    unsigned access = 1u << g_rand_int_range(rand, 0, 4);
    hwaddr start;
    uint64_t size, val;

    if (!pick_range(as, rand, &start, &size)) {
        return;
    }
    start += g_rand_int(rand) % MIN(size, 0x1000);
    if (g_rand_boolean(rand)) {
        space_store(as, start, access, pick_value(rand));
    } else {
        space_load(as, start, access, &val);
    }
}

/* PCI functions appear at an address of the guest's choice. */
static void configure(Hw *hw, Device *dev, GRand *rand)
{
    if (dev->class->bus == BUS_PCI) {
        PciDevice *pci = container_of(dev, PciDevice, parent);

        pci_config_write(pci, g_rand_int_range(rand, 0, 64) * 4, 4,
                         pick_value(rand));
        pci_config_write(pci, PCI_COMMAND, 2, 7);
    }
}

static Bus *bus_for(Hw *hw, const DeviceClass *class)
{
    return class->bus == BUS_ISA   ? &hw->isa.bus
           : class->bus == BUS_PCI ? &hw->pci.bus
                                   : NULL;
}

static void fill_ram(Hw *hw, GRand *rand)
{
    for (unsigned i = 0; i < HW_RAM_SIZE; i += 4) {
        uint32_t val = pick_value(rand);

        memcpy(hw->ram->host + i, &val, 4);
    }
}

static void test_class(gconstpointer data)
{
    const DeviceClass *class = data;
    unsigned rounds = g_test_slow() ? 200000 : 8000;
    Hw *hw = hw_new();
    Device *dev = device_new(class, &hw->env);
    GRand *rand = g_rand_new_with_seed(g_str_hash(class->name));
    g_autoptr(GError) err = NULL;

    if (device_realize(dev, bus_for(hw, class), &err)) {
        device_reset(dev);
        fill_ram(hw, rand);
        for (unsigned i = 0; i < rounds; i++) {
            access_at_random(hw, rand);
            if (i % 16 == 0) {
                configure(hw, dev, rand);
                hw_advance(hw, g_rand_int_range(rand, 0, 100000));
                hw_run_deferred(hw);
            }
            if (i % 1000 == 999) {
                hw_reload(dev);
            }
            if (i % 3000 == 2999) {
                device_reset(dev);
            }
        }
        device_unrealize(dev);
    } else {
        g_test_skip(err->message);
    }
    device_unref(dev);
    g_rand_free(rand);
    hw_free(hw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned t = 0; device_class_tables[t]; t++) {
        for (unsigned i = 0; device_class_tables[t][i]; i++) {
            const DeviceClass *class = device_class_tables[t][i];
            g_autofree char *path =
                g_strdup_printf("/nonsense/%s", class->name);

            g_test_add_data_func(path, class, test_class);
        }
    }
    return g_test_run();
}
