/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the PC's firmware finds: its ROM, fw_cfg items, CMOS. */
#ifndef HW_PC_FIRMWARE_H
#define HW_PC_FIRMWARE_H

#include "hw/core/board.h"
#include "hw/misc/fw_cfg.h"

typedef struct PcFirmware {
    RamBlock *rom;
    char *path;
    MemoryRegion rom_region, isa_region;
} PcFirmware;

/* Load -bios FILE (default SeaBIOS) and place it below 4 GiB and 1 MiB of
 * `memory`. */
bool pc_firmware_load(PcFirmware *fw, const BoardConfig *config,
                      MemoryRegion *memory, GError **errp);
void pc_firmware_clear(PcFirmware *fw);
/* `info roms`: the ROM, and what fw_cfg has for firmware to run or place. */
void pc_firmware_print(const PcFirmware *fw, FwCfg *cfg, GString *out);

/* Items that do not depend on devices: memory map, CPUs, boot menu, ... */
bool pc_firmware_items(FwCfg *cfg, const BoardConfig *config,
                       uint64_t ram_below_4g, uint64_t ram_above_4g,
                       GError **errp);
/* Memory size, boot order and CPU count where old firmware looks for them. */
void pc_firmware_cmos(Device *rtc, const BoardConfig *config,
                      uint64_t ram_below_4g, uint64_t ram_above_4g);
/* CMOS boot order from -boot letters; false: a letter is not known. */
bool pc_firmware_boot_order(Device *rtc, const char *order, GError **errp);

/* The path of a data file from -L and the built-in directories; NULL with an
 * error. Caller frees. */
char *pc_find_file(const BoardConfig *config, const char *name, GError **errp);

#endif
