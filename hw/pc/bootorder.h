/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot order that firmware finds in fw_cfg. */
#ifndef HW_PC_BOOTORDER_H
#define HW_PC_BOOTORDER_H

#include "hw/core/board.h"
#include "hw/misc/fw_cfg.h"

/* From the devices' bootindex, -kernel and -boot strict=. Fails if two devices
 * have the same index. Machine stopped. */
bool pc_bootorder_set(FwCfg *cfg, Board *board, GError **errp);

#endif
