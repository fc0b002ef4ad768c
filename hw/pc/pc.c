/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The i440FX PC: which chips there are, where they sit, and which line goes
 * where. Every model is elsewhere; this file is the wiring diagram.
 *
 * Memory: RAM from 0 to the PCI hole, the hole up to 4 GiB, the rest of RAM
 * above. The hole's container (with ROM, VGA window and BARs) shows through
 * wherever there is no RAM; the host bridge decides below 1 MiB. A processor
 * sees all this through a space of its own, with its local APIC's registers in
 * front; DMA does not see those.
 *
 * Interrupts: a global line 0..23 reaches the 8259s (0..15) and the I/O APIC
 * (line 0 on pin 2); the 8259s reach processor 0, the I/O APIC and MSIs reach
 * local APICs. A system management interrupt of the chipset is processor 0's.
 */
#include "hw/pc/pc-internal.h"

#include "chardev/chardev.h"
#include "hw/ide/piix.h"
#include "hw/input/i8042.h"
#include "hw/intc/i8259.h"
#include "hw/misc/port92.h"
#include "hw/pc/acpi/acpi.h"
#include "hw/pc/boot.h"
#include "hw/pc/bootorder.h"
#include "hw/pc/i440fx.h"
#include "hw/pc/piix3.h"
#include "hw/pc/piix4_pm.h"
#include "hw/pc/smbios.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "hw/timer/mc146818.h"

#include <inttypes.h>

/* ---- Memory
 * ----------------------------------------------------------------------------
 */

static bool pc_init_memory(PcBoard *pc, const BoardConfig *config,
                           GError **errp)
{
    uint64_t size = config->ram_size;
    Board *board = &pc->parent;

    region_init_container(&pc->system, "system", UINT64_MAX);
    region_init_container(&pc->pci_memory, "pci", UINT64_MAX);
    region_init_container(&pc->io, "io", 0x10000);
    board->env.memory = space_new("memory", &pc->system);
    board->env.io = space_new("I/O", &pc->io);
    if (size < (1 << 20)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "machine pc: %" PRIu64 " KiB of memory are too few "
                        "(at least 1 MiB)",
                        size >> 10);
    }
    board->ram = ram_new("pc.ram", size, errp);
    if (!board->ram) {
        return false;
    }
    board->env.ram_size = size;
    pc->below_4g = size >= PC_LOW_RAM_MAX ? PC_LOW_RAM_SPLIT : size;
    pc->above_4g = size - pc->below_4g;
    region_init_ram(&pc->ram_low, "ram-below-4g", board->ram, 0, pc->below_4g);
    region_add(&pc->system, 0, &pc->ram_low);
    if (pc->above_4g) {
        region_init_ram(&pc->ram_high, "ram-above-4g", board->ram, pc->below_4g,
                        pc->above_4g);
        region_add(&pc->system, PC_4G, &pc->ram_high);
    }
    region_add_priority(&pc->system, 0, &pc->pci_memory, -1);

    /* Nobody answers in the option ROM area: zeroes; writes go nowhere. */
    pc->shadow_block = ram_new("pc.rom", 0x40000, errp);
    if (!pc->shadow_block) {
        return false;
    }
    region_init_rom(&pc->shadow_rom, "pc.rom", pc->shadow_block, 0, 0x40000,
                    NULL, NULL, NULL);
    region_add(&pc->pci_memory, 0xc0000, &pc->shadow_rom);
    return pc_firmware_load(&pc->firmware, config, &pc->pci_memory, errp);
}

/* ---- Devices
 * --------------------------------------------------------------------------------
 */

/* A board device; the caller wires it and calls pc_realize(). */
static Device *pc_new(PcBoard *pc, const DeviceClass *class, Device **slot)
{
    *slot = device_new(class, &pc->parent.env);
    return *slot;
}

/* Realize on bus (NULL: none) and keep: the bus holds bus devices, the board
 * the others. */
static bool pc_realize(PcBoard *pc, Device *dev, Bus *bus, GError **errp)
{
    if (!device_realize(dev, bus, errp)) {
        return false;
    }
    if (!bus) {
        g_ptr_array_add(pc->parent.devices, dev);
    }
    return true;
}

static bool pc_add_isa(PcBoard *pc, const char *name, Device **slot,
                       GError **errp)
{
    const DeviceClass *class = device_class_find(name);

    g_assert(class);
    return pc_realize(pc, pc_new(pc, class, slot), &pc->isa.bus, errp);
}

static bool pc_init_interrupts(PcBoard *pc, GError **errp)
{
    i8259_connect(pc_new(pc, &i8259_class, &pc->chips.pic),
                  pc_line(pc, pc_intr_set, 0));
    ioapic_connect(pc_new(pc, &ioapic_class, &pc->chips.ioapic),
                   pc_ioapic_deliver, pc_ioapic_changed, pc);
    pc->chips_may_leave =
        pc->parent.config->chips_leave || pc_chips_leave(pc->parent.accel);
    if (pc->chips_may_leave) {
        device_set_property(pc->chips.ioapic, "version", "0x11", NULL);
    }
    for (unsigned n = 0; n < PC_GSIS; n++) {
        pc->gsi[n] = pc_line(pc, pc_gsi_set, n);
    }
    isa_bus_init(&pc->isa, "isa.0", NULL, &pc->io, &pc->pci_memory);
    for (unsigned n = 0; n < ISA_IRQS; n++) {
        pc->isa.irq[n] = pc->gsi[n];
    }
    if (!pc_realize(pc, pc->chips.pic, &pc->isa.bus, errp) ||
        !pc_realize(pc, pc->chips.ioapic, NULL, errp)) {
        return false;
    }
    region_add_priority(&pc->system, PC_IOAPIC_BASE,
                        ioapic_region(pc->chips.ioapic), 1);
    return true;
}

static bool pc_add_pci(PcBoard *pc, const PciClass *class, const char *addr,
                       bool multifunction, Device **slot)
{
    pc_new(pc, &class->device, slot);
    return device_set_property(*slot, "addr", addr, NULL) &&
           device_set_property(*slot, "multifunction",
                               multifunction ? "on" : "off", NULL);
}

static bool pc_init_pci(PcBoard *pc, GError **errp)
{
    Bus *bus = &pc->pci.bus;

    pci_bus_init(&pc->pci, "pci.0", NULL, &pc->pci_memory, &pc->io);
    pc->pci.map_irq = piix3_map_irq;
    pc->pci.msi = pc_msi;
    pc->pci.msi_opaque = pc;
    pc->pci.rom_dirs = pc->parent.config->search_dirs;
    pci_host_init(&pc->host, &pc->pci, &pc->io);

    pc_add_pci(pc, &i440fx_class, "0", false, &pc->i440fx);
    i440fx_wire(pc->i440fx, &pc->system, &pc->pci_memory, pc->parent.ram);
    i440fx_wire_smram(pc->i440fx, pc_line(pc, pc_smram_set, 0));
    pc_add_pci(pc, &piix3_class, "1", true, &pc->piix3);
    piix3_wire(pc->piix3, &pc->io, pc->isa.irq, pc_line(pc, pc_init_set, 0));
    for (unsigned n = 0; n < 4; n++) {
        pc->pci.irq[n] = piix3_pirq(pc->piix3, n);
    }
    pc_add_pci(pc, &piix4_pm_class, "1.3", false, &pc->pm);
    piix4_pm_wire(pc->pm, &pc->io, pc->gsi[9]);
    if (pc_has_smm(pc)) {
        piix4_pm_wire_smi(pc->pm, pc_line(pc, pc_smi_set, 0));
    }
    return pc_realize(pc, pc->i440fx, bus, errp) &&
           pc_realize(pc, pc->piix3, bus, errp) &&
           pc_realize(pc, pc->pm, bus, errp);
}

static bool pc_init_ide(PcBoard *pc, GError **errp)
{
    pc_add_pci(pc, &piix3_ide_class, "1.1", false, &pc->ide);
    piix3_ide_wire(pc->ide, &pc->io, pc->isa.irq[14], pc->isa.irq[15]);
    return pc_realize(pc, pc->ide, &pc->pci.bus, errp);
}

/* The HPET takes the 8254's and the RTC's interrupts over when it is told to,
 * so it stands between them and their lines. */
static bool pc_init_timers(PcBoard *pc, const BoardConfig *config,
                           GError **errp)
{
    if (config->pit && !pc_add_isa(pc, "isa-pit", &pc->chips.pit, errp)) {
        return false;
    }
    if (config->hpet) {
        pc_new(pc, &hpet_class, &pc->hpet);
        for (unsigned n = 0; n < HPET_OUTPUTS; n++) {
            hpet_connect(pc->hpet, n, pc->gsi[n]);
        }
        if (pc->chips.pit) {
            hpet_connect_legacy(pc->hpet, i8254_disable_input(pc->chips.pit));
        }
        if (!pc_realize(pc, pc->hpet, NULL, errp)) {
            return false;
        }
        region_add_priority(&pc->system, HPET_BASE, hpet_region(pc->hpet), 1);
        pc->isa.irq[8] = hpet_rtc_input(pc->hpet);
    }
    return pc_add_isa(pc, "mc146818rtc", &pc->rtc, errp);
}

static bool pc_init_serial(PcBoard *pc, const BoardConfig *config,
                           GError **errp)
{
    const DeviceClass *class = device_class_find("isa-serial");

    for (unsigned n = 0; n < BOARD_SERIAL_PORTS; n++) {
        if (!config->serial_present[n]) {
            continue;
        }
        Device *dev = device_new(class, &pc->parent.env);
        g_autofree char *index = g_strdup_printf("%u", n);

        device_set_property(dev, "index", index, NULL);
        if (config->serial[n] &&
            !device_set_property(dev, "chardev", chardev_id(config->serial[n]),
                                 errp)) {
            device_unref(dev);
            return false;
        }
        if (!pc_realize(pc, dev, &pc->isa.bus, errp)) {
            device_unref(dev);
            return false;
        }
        device_unref(dev);
    }
    return true;
}

static bool pc_init_legacy(PcBoard *pc, const BoardConfig *config,
                           GError **errp)
{
    pc_new(pc, &i8042_class, &pc->i8042);
    i8042_connect(pc->i8042, pc_line(pc, pc_a20_set, PC_A20_I8042),
                  pc_line(pc, pc_init_set, 0));
    pc_new(pc, &port92_class, &pc->port92);
    port92_connect(pc->port92, pc_line(pc, pc_a20_set, PC_A20_PORT92),
                   pc_line(pc, pc_init_set, 0));
    return pc_realize(pc, pc->i8042, &pc->isa.bus, errp) &&
           pc_realize(pc, pc->port92, &pc->isa.bus, errp) &&
           pc_init_serial(pc, config, errp);
}

static bool pc_init_vga(PcBoard *pc, const BoardConfig *config, GError **errp)
{
    if (!config->vga) {
        return true;
    }
    const DeviceClass *class = device_class_find(config->vga);

    if (!class || class->bus != BUS_PCI) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "there is no display device '%s'", config->vga);
    }
    Device *dev = device_new(class, &pc->parent.env);
    bool ok = device_set_property(dev, "addr", "2", errp) &&
              pc_realize(pc, dev, &pc->pci.bus, errp);

    device_unref(dev);
    return ok;
}

static bool pc_init(Board *board, const BoardConfig *config, GError **errp)
{
    PcBoard *pc = pc_from(board);

    if (!pc_init_memory(pc, config, errp) || !pc_init_cpus(pc, config, errp) ||
        !pc_init_interrupts(pc, errp) || !pc_init_pci(pc, errp) ||
        !pc_init_timers(pc, config, errp) ||
        !pc_init_legacy(pc, config, errp)) {
        return false;
    }
    fw_cfg_set_io(pc_new(pc, &fw_cfg_class, &pc->fw_cfg), &pc->io);
    if (!pc_realize(pc, pc->fw_cfg, NULL, errp) ||
        !pc_init_vga(pc, config, errp) || !pc_init_ide(pc, errp)) {
        return false;
    }
    g_ptr_array_add(board->buses, &pc->pci.bus);
    g_ptr_array_add(board->buses, &pc->isa.bus);
    return true;
}

/* A balloon for everybody: last, so that it takes no slot that the user has a
 * use for; a bus without a free slot goes without. */
static void pc_add_balloon(PcBoard *pc)
{
    const DeviceClass *class = device_class_find("virtio-balloon-pci");
    Bus *bus = &pc->pci.bus;

    for (guint i = 0; i < bus->devices->len; i++) {
        Device *dev = bus->devices->pdata[i];

        if (dev->class == class) {
            return;
        }
    }
    Device *dev = device_new(class, &pc->parent.env);

    device_realize(dev, bus, NULL);
    device_unref(dev);
}

/* ---- Boot order
 * -------------------------------------------------------------------------------------
 */

static const char *pc_boot_order(const BoardConfig *config)
{
    return config->boot_order ? config->boot_order : "cad";
}

static bool pc_init_boot_order(PcBoard *pc, const BoardConfig *config,
                               GError **errp)
{
    return pc_firmware_boot_order(pc->rtc, pc_boot_order(config), errp) &&
           (!config->boot_once ||
            pc_firmware_boot_order(pc->rtc, config->boot_once, errp)) &&
           pc_bootorder_set(fw_cfg_from_device(pc->fw_cfg), &pc->parent, errp);
}

/* -boot once= holds until the first reset of a running machine; devices may
 * have come since the last one. */
static void pc_reset_boot_order(PcBoard *pc)
{
    const BoardConfig *config = pc->parent.config;

    pc->boots++;
    if (pc->boots == 2 && config->boot_once) {
        pc_firmware_boot_order(pc->rtc, pc_boot_order(config), NULL);
    }
    pc_bootorder_set(fw_cfg_from_device(pc->fw_cfg), &pc->parent, NULL);
}

/* ---- Life
 * ---------------------------------------------------------------------------------------
 */

static bool pc_ready(Board *board, GError **errp)
{
    PcBoard *pc = pc_from(board);
    const BoardConfig *config = board->config;
    FwCfg *cfg = fw_cfg_from_device(pc->fw_cfg);
    AcpiConfig acpi = {
        .cpus = config->cpus,
        .maxcpus = config->maxcpus,
        .topology = pc_topology(config),
        .hpet = config->hpet,
        .pci_hole_start = MAX(pc->below_4g, PC_LOW_RAM_SPLIT),
    };
    SmbiosConfig smbios = {
        .product = "Standard PC (i440FX + PIIX, 1996)",
        .version = "pc-i440fx-7.2",
        .uuid_set = config->uuid_set,
        .sockets = config->sockets,
        .cores = config->cores * config->dies,
        .threads = config->threads,
        .ram_below_4g = pc->below_4g,
        .ram_above_4g = pc->above_4g,
    };

    for (unsigned i = 0; i < sizeof(smbios.uuid); i++) {
        smbios.uuid[i] = config->uuid[i];
    }
    if (!config->nodefaults) {
        pc_add_balloon(pc);
    }
    pc_firmware_cmos(pc->rtc, config, pc->below_4g, pc->above_4g);
    return pc_init_boot_order(pc, config, errp) &&
           pc_firmware_items(cfg, config, pc->below_4g, pc->above_4g, errp) &&
           (!config->acpi || acpi_setup(cfg, &acpi, errp)) &&
           smbios_setup(cfg, &smbios, errp) &&
           pc_boot_setup(cfg, config, pc->below_4g, errp);
}

static void pc_reset(Board *board)
{
    PcBoard *pc = pc_from(board);

    for (guint i = 0; i < pc->pci.bus.devices->len; i++) {
        device_reset(pc->pci.bus.devices->pdata[i]);
    }
    for (guint i = 0; i < pc->isa.bus.devices->len; i++) {
        device_reset(pc->isa.bus.devices->pdata[i]);
    }
    for (guint i = 0; i < board->devices->len; i++) {
        device_reset(board->devices->pdata[i]);
    }
    pc_reset_boot_order(pc);
    for (guint n = 0; n < board->vcpus->len; n++) {
        x86_cpu_reset(pc_cpu(pc, n), false);
    }
}

static void pc_clear_regions(PcBoard *pc)
{
    pc_firmware_clear(&pc->firmware);
    region_clear(&pc->shadow_rom);
    region_clear(&pc->ram_low);
    region_clear(&pc->ram_high);
    region_clear(&pc->pci_memory);
    space_free(pc->parent.env.memory);
    space_free(pc->parent.env.io);
    region_clear(&pc->system);
    region_clear(&pc->io);
    ram_free(pc->shadow_block);
    ram_free(pc->parent.ram);
    pc->parent.ram = NULL;
}

static void pc_clear(Board *board)
{
    PcBoard *pc = pc_from(board);

    if (!board->env.memory) {
        return;
    }
    pc_clear_cpus(pc);
    pci_host_clear(&pc->host);
    if (pc->pci.bus.class) {
        pci_bus_clear(&pc->pci);
    }
    if (pc->isa.bus.class) {
        isa_bus_clear(&pc->isa);
    }
    for (guint i = board->devices->len; i > 0; i--) {
        device_unrealize(board->devices->pdata[i - 1]);
    }
    Device *own[] = { pc->i440fx,       pc->piix3,     pc->ide,    pc->pm,
                      pc->chips.pic,    pc->chips.pit, pc->rtc,    pc->i8042,
                      pc->chips.ioapic, pc->hpet,      pc->fw_cfg, pc->port92 };

    for (unsigned i = 0; i < G_N_ELEMENTS(own); i++) {
        device_unref(own[i]);
    }
    g_ptr_array_set_size(board->devices, 0);
    if (board->accel) {
        board->accel->class->destroy(board->accel);
        board->accel = NULL;
    }
    pc_clear_regions(pc);
}

static void pc_power_button(Board *board)
{
    piix4_pm_power_button(pc_from(board)->pm);
}

static void pc_nmi(Board *board)
{
    PcBoard *pc = pc_from(board);

    for (guint n = 0; n < board->vcpus->len; n++) {
        x86_apic_lint(pc_cpu(pc, n)->apic, 1, true);
        x86_apic_lint(pc_cpu(pc, n)->apic, 1, false);
    }
}

static bool pc_set_boot_order(Board *board, const char *order, GError **errp)
{
    return pc_firmware_boot_order(pc_from(board)->rtc, order, errp);
}

static void pc_info_pic(Board *board, GString *out)
{
    PcBoard *pc = pc_from(board);

    ioapic_print(pc->chips.ioapic, out);
    i8259_print(pc->chips.pic, out);
}

static void pc_info_irq(Board *board, GString *out)
{
    PcBoard *pc = pc_from(board);

    ioapic_print_irqs(pc->chips.ioapic, out);
    i8259_print_irqs(pc->chips.pic, out);
}

static void pc_info_roms(Board *board, GString *out)
{
    PcBoard *pc = pc_from(board);

    pc_firmware_print(&pc->firmware, fw_cfg_from_device(pc->fw_cfg), out);
}

static void pc_info_pci(Board *board, GString *out)
{
    pci_print(&pc_from(board)->pci, out);
}

static const BoardInfo pc_infos[] = {
    { "irq", "show the interrupts statistics", pc_info_irq },
    { "pci", "show PCI info", pc_info_pci },
    { "pic", "show PIC state", pc_info_pic },
    { "roms", "show roms", pc_info_roms },
    {},
};

static const char *const pc_aliases[] = { "pc-i440fx-7.2", NULL };

const BoardClass pc_board_class = {
    .name = "pc",
    .aliases = pc_aliases,
    .summary = "Standard PC (i440FX + PIIX, 1996)",
    .is_default = true,
    .size = sizeof(PcBoard),
    .max_cpus = PC_MAX_CPUS,
    .default_ram = 128 << 20,
    .default_vga = "VGA",
    .default_drive = BOARD_DRIVE_IDE,
    .infos = pc_infos,
    .init = pc_init,
    .ready = pc_ready,
    .accepts_accel = pc_accepts_accel,
    .accel_changed = pc_accel_changed,
    .go = pc_go,
    .stand = pc_stand,
    .reset = pc_reset,
    .clear = pc_clear,
    .power_button = pc_power_button,
    .nmi = pc_nmi,
    .set_boot_order = pc_set_boot_order,
};
