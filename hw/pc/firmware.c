/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the PC's firmware finds when it starts: itself in ROM, the machine's
 * description in fw_cfg, and the few CMOS bytes that have meant the same since
 * the AT. SeaBIOS's src/fw/paravirt.c is the reader.
 */
#include "hw/pc/firmware.h"

#include "hw/timer/mc146818.h"

#include <inttypes.h>
#include <string.h>

enum {
    PC_ROM_MAX = 16 << 20,
    PC_ISA_ROM_MAX = 128 << 10,
    E820_RAM = 1,
    CMOS_FLOPPY = 0x10,
    CMOS_EQUIPMENT = 0x14,
    CMOS_BASE_MEMORY = 0x15,
    CMOS_EXTENDED = 0x17, /* KiB above 1 MiB, at most 63 MiB; again at 30h */
    CMOS_EXTENDED2 = 0x30,
    CMOS_ABOVE_16M = 0x34, /* 64 KiB units */
    CMOS_BOOT = 0x38,
    CMOS_BOOT2 = 0x3d,
    CMOS_ABOVE_4G = 0x5b, /* 64 KiB units, three bytes */
    CMOS_CPUS = 0x5f,     /* less one */
};
#define PC_BIOS "bios-256k.bin"

char *pc_find_file(const BoardConfig *config, const char *name, GError **errp)
{
    if (g_file_test(name, G_FILE_TEST_EXISTS)) {
        return g_strdup(name);
    }
    for (const char *const *dir = config->search_dirs; dir && *dir; dir++) {
        g_autofree char *path = g_build_filename(*dir, name, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&path);
        }
    }
    emu_fail(errp, EMU_ERROR_NOT_FOUND,
             "could not find '%s' (directories are added with -L)", name);
    return NULL;
}

/* ---- ROM
 * ---------------------------------------------------------------------- */

bool pc_firmware_load(PcFirmware *fw, const BoardConfig *config,
                      MemoryRegion *memory, GError **errp)
{
    const char *name = config->firmware ? config->firmware : PC_BIOS;
    g_autofree char *path = pc_find_file(config, name, errp);
    g_autofree char *data = NULL;
    gsize len;

    if (!path) {
        g_prefix_error(errp, "firmware: ");
        return false;
    }
    if (!g_file_get_contents(path, &data, &len, errp)) {
        g_prefix_error(errp, "firmware: ");
        return false;
    }
    if (!len || len > PC_ROM_MAX || len % (64 << 10)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "firmware '%s': size %zu is not a multiple of 64 KiB "
                        "up to 16 MiB",
                        path, (size_t)len);
    }
    fw->rom = ram_new("pc.bios", len, errp);
    if (!fw->rom) {
        return false;
    }
    fw->path = g_steal_pointer(&path);
    memcpy(fw->rom->host, data, len);
    fw->rom->read_only = true;

    uint64_t isa = MIN(len, PC_ISA_ROM_MAX);

    region_init_rom(&fw->rom_region, "pc.bios", fw->rom, 0, len, NULL, NULL,
                    NULL);
    region_init_alias(&fw->isa_region, "isa-bios", &fw->rom_region, len - isa,
                      isa);
    region_add(memory, (UINT64_C(1) << 32) - len, &fw->rom_region);
    region_add_priority(memory, 0x100000 - isa, &fw->isa_region, 1);
    return true;
}

void pc_firmware_clear(PcFirmware *fw)
{
    if (!fw->rom) {
        return;
    }
    region_clear(&fw->isa_region);
    region_clear(&fw->rom_region);
    ram_free(fw->rom);
    fw->rom = NULL;
    g_clear_pointer(&fw->path, g_free);
}

static void pc_firmware_print_file(FwCfg *cfg, const char *name, GString *out)
{
    static const char option_roms[] = "genroms/";
    size_t len;

    if (!fw_cfg_get_file(cfg, name, &len)) {
        return;
    }
    if (g_str_has_prefix(name, option_roms)) {
        g_string_append_printf(out, "fw=%s size=0x%06zx name=\"%s\"\n", name,
                               len, name + strlen(option_roms));
    } else {
        g_string_append_printf(out, "/rom@%s size=0x%06zx name=\"%s\"\n", name,
                               len, name);
    }
}

void pc_firmware_print(const PcFirmware *fw, FwCfg *cfg, GString *out)
{
    static const char *const files[] = { "genroms/boot.rom", "etc/acpi/tables",
                                         "etc/table-loader", "etc/acpi/rsdp" };
    g_autofree char *name = g_path_get_basename(fw->path);

    g_string_append_printf(
        out, "addr=%016" PRIx64 " size=0x%06" PRIx64 " mem=rom name=\"%s\"\n",
        (UINT64_C(1) << 32) - fw->rom->size, fw->rom->size, name);
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        pc_firmware_print_file(cfg, files[i], out);
    }
}

/* ---- fw_cfg
 * ---------------------------------------------------------------------- */

typedef struct E820Entry {
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed)) E820Entry;

static void e820_add(GArray *map, uint64_t start, uint64_t length,
                     uint32_t type)
{
    E820Entry e = { GUINT64_TO_LE(start), GUINT64_TO_LE(length),
                    GUINT32_TO_LE(type) };

    if (length) {
        g_array_append_val(map, e);
    }
}

static bool pc_firmware_e820(FwCfg *cfg, uint64_t below, uint64_t above,
                             GError **errp)
{
    g_autoptr(GArray) map = g_array_new(FALSE, FALSE, sizeof(E820Entry));

    e820_add(map, 0, below, E820_RAM);
    e820_add(map, UINT64_C(1) << 32, above, E820_RAM);
    return fw_cfg_set_file(cfg, "etc/e820", map->data,
                           map->len * sizeof(E820Entry), false, errp);
}

bool pc_firmware_items(FwCfg *cfg, const BoardConfig *config, uint64_t below,
                       uint64_t above, GError **errp)
{
    /* Sleep states; bit 7: offered. No S3: there is no waking up from it. */
    static const uint8_t system_states[6] = { 128, 0, 0, 1, 128 | 2, 128 };
    uint32_t timeout_ms = GUINT32_TO_LE(config->boot_menu_timeout_ms);
    uint32_t retry_ms = GUINT32_TO_LE(config->boot_retry_ms);

    fw_cfg_set(cfg, FW_CFG_UUID, config->uuid, sizeof(config->uuid));
    fw_cfg_set64(cfg, FW_CFG_RAM_SIZE, below + above);
    /* SeaBIOS then mirrors its screen to COM1. */
    fw_cfg_set16(cfg, FW_CFG_NOGRAPHIC, config->nographic || !config->vga);
    fw_cfg_set16(cfg, FW_CFG_NB_CPUS, config->cpus);
    fw_cfg_set16(cfg, FW_CFG_MAX_CPUS, config->maxcpus);
    fw_cfg_set16(cfg, FW_CFG_BOOT_MENU, config->boot_menu);
    if (config->boot_menu_timeout_ms >= 0 &&
        !fw_cfg_set_file(cfg, "etc/boot-menu-wait", &timeout_ms,
                         sizeof(timeout_ms), false, errp)) {
        return false;
    }
    return pc_firmware_e820(cfg, below, above, errp) &&
           fw_cfg_set_file(cfg, "etc/boot-fail-wait", &retry_ms,
                           sizeof(retry_ms), false, errp) &&
           fw_cfg_set_file(cfg, "etc/system-states", system_states,
                           sizeof(system_states), false, errp);
}

/* ---- CMOS
 * ------------------------------------------------------------------------- */

static void cmos_set16(Device *rtc, unsigned reg, uint64_t val)
{
    val = MIN(val, 0xffff);
    mc146818_set(rtc, reg, val);
    mc146818_set(rtc, reg + 1, val >> 8);
}

/* Boot device codes of CMOS 38h and 3dh. */
static int pc_boot_code(char letter)
{
    switch (letter) {
    case 'a':
    case 'b':
        return 1;
    case 'c':
        return 2;
    case 'd':
        return 3;
    case 'n':
        return 4;
    default:
        return -1;
    }
}

bool pc_firmware_boot_order(Device *rtc, const char *order, GError **errp)
{
    uint8_t code[3] = { 0 };

    if (strlen(order) > G_N_ELEMENTS(code)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "boot order '%s': at most three devices", order);
    }
    for (unsigned i = 0; order[i]; i++) {
        int n = pc_boot_code(order[i]);

        if (n < 0) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "boot order '%s': no device '%c' (a, c, d, n)",
                            order, order[i]);
        }
        code[i] = n;
    }
    mc146818_set(rtc, CMOS_BOOT2, code[1] << 4 | code[0]);
    mc146818_set(rtc, CMOS_BOOT, code[2] << 4);
    return true;
}

void pc_firmware_cmos(Device *rtc, const BoardConfig *config, uint64_t below,
                      uint64_t above)
{
    uint64_t extended = below > 0x100000 ? (below - 0x100000) >> 10 : 0;
    uint64_t high = below > 0x1000000 ? (below - 0x1000000) >> 16 : 0;

    cmos_set16(rtc, CMOS_BASE_MEMORY, MIN(below >> 10, 640));
    cmos_set16(rtc, CMOS_EXTENDED, extended);
    cmos_set16(rtc, CMOS_EXTENDED2, extended);
    cmos_set16(rtc, CMOS_ABOVE_16M, high);
    for (unsigned i = 0; i < 3; i++) {
        mc146818_set(rtc, CMOS_ABOVE_4G + i, (above >> 16) >> (8 * i));
    }
    mc146818_set(rtc, CMOS_CPUS, config->cpus - 1);
    mc146818_set(rtc, CMOS_FLOPPY, 0);
    mc146818_set(rtc, CMOS_EQUIPMENT, 0x06); /* FPU, mouse */
}
