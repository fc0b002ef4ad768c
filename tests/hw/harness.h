/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine without a processor for device tests: memory, ports, ISA and PCI,
 * clocks moved by hand, and notes of what a device asked for.
 */
#ifndef TESTS_HW_HARNESS_H
#define TESTS_HW_HARNESS_H

#include "hw/core/device.h"
#include "hw/isa/isa.h"
#include "hw/pci/pci.h"
#include "util/chips.h"

enum { HW_RAM_SIZE = 1 << 20, HW_LINES = 64 };

typedef struct Hw {
    MemoryRegion memory_root, io_root, ram_region;
    RamBlock *ram; /* at 0 */
    DeviceEnv env;
    IsaBus isa;    /* its lines are levels[0..15] */
    PciBus pci;    /* inputs of its router are levels[16..19], pin A at 16 */
    PciHost host;  /* ports cf8h, cfch */
    unsigned msis; /* MSI writes seen, and the last one */
    hwaddr msi_addr;
    uint32_t msi_data;
    bool levels[HW_LINES]; /* lines of hw_line() */
    unsigned rises[HW_LINES];
    int request, request_detail; /* the last one, 0: none */
    unsigned requests;
    GArray *deferred;
    GString *events;
    Console *console;     /* the last one announced; not owned */
    GHashTable *chardevs; /* what find_chardev() knows, by id */
    GHashTable *objects;  /* what find_object() knows, by id; not owned */
} Hw;

Hw *hw_new(void);
void hw_free(Hw *hw);
/* A line whose level is hw->levels[n]. */
IrqLine hw_line(Hw *hw, unsigned n);
/* Move all clocks. */
void hw_advance(Hw *hw, int64_t ns);
void hw_run_deferred(Hw *hw);

/* Configuration space of a function by ports cf8h, cfch. */
uint32_t hw_config_read(Hw *hw, unsigned devfn, unsigned off, unsigned size);
void hw_config_write(Hw *hw, unsigned devfn, unsigned off, unsigned size,
                     uint32_t val);

/* A realized and reset device by class name: "name,prop=value,...". bus NULL:
 * the ISA bus if the class wants one. Asserts that it works. */
Device *hw_device(Hw *hw, const char *text, Bus *bus);
/* Realize that must fail; gives the message. */
char *hw_device_error(Hw *hw, const char *text, Bus *bus);
/* Unrealize and drop. */
void hw_remove(Device *dev);
/* Save dev, load the stream into it again. */
void hw_reload(Device *dev);

/* Somebody who runs a chip: its state is in sight. */
typedef struct HwChipHost {
    ChipHost host;
    ChipState state;
    unsigned puts, ends;
} HwChipHost;
void hw_chip_host_init(HwChipHost *h);

/* A character device without a host: output is kept, input comes by hand. It
 * is found by its id and freed with hw. */
Chardev *hw_chardev(Hw *hw, const char *id);
GString *hw_chardev_output(Chardev *chr);
/* It takes so many more bytes; more room wakes the writer. */
void hw_chardev_set_room(Chardev *chr, size_t room);
/* Give bytes as far as the device takes them; returns how many. */
size_t hw_chardev_input(Chardev *chr, const char *text);
void hw_chardev_break(Chardev *chr);
/* The peer comes, or goes. */
void hw_chardev_set_open(Chardev *chr, bool open);

uint8_t hw_inb(Hw *hw, uint16_t port);
uint16_t hw_inw(Hw *hw, uint16_t port);
uint32_t hw_inl(Hw *hw, uint16_t port);
void hw_outb(Hw *hw, uint16_t port, uint8_t val);
void hw_outw(Hw *hw, uint16_t port, uint16_t val);
void hw_outl(Hw *hw, uint16_t port, uint32_t val);
uint32_t hw_readl(Hw *hw, hwaddr addr);
uint64_t hw_readq(Hw *hw, hwaddr addr);
void hw_writel(Hw *hw, hwaddr addr, uint32_t val);
void hw_writeq(Hw *hw, hwaddr addr, uint64_t val);

#endif
