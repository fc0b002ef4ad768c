/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Direct boot: -kernel, -initrd, -append. */
#ifndef HW_PC_BOOT_H
#define HW_PC_BOOT_H

#include "hw/core/board.h"
#include "hw/misc/fw_cfg.h"

/* What the boot order calls the option ROM that starts a -kernel. */
#define PC_BOOT_ROM_PATH "/rom@genroms/boot.rom"

/* Read the kernel (Linux bzImage, ELF with a PVH note, or Multiboot 1) and its
 * companions into fw_cfg items, with the option ROM that starts it. Nothing
 * is loaded when the machine has no -kernel. */
bool pc_boot_setup(FwCfg *cfg, const BoardConfig *config, uint64_t ram_below_4g,
                   GError **errp);

#endif
