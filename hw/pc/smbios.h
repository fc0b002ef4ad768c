/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS tables of the PC, handed to firmware through fw_cfg. */
#ifndef HW_PC_SMBIOS_H
#define HW_PC_SMBIOS_H

#include "hw/misc/fw_cfg.h"

typedef struct SmbiosConfig {
    const char *product; /* "Standard PC (i440FX + PIIX, 1996)" */
    const char *version; /* "pc-i440fx-1.0" */
    uint8_t uuid[16];    /* as written in text */
    bool uuid_set;
    unsigned sockets, cores, threads;    /* cores and threads of one socket */
    uint64_t ram_below_4g, ram_above_4g; /* bytes */
} SmbiosConfig;

/* Writes etc/smbios/smbios-tables and etc/smbios/smbios-anchor. */
bool smbios_setup(FwCfg *cfg, const SmbiosConfig *config, GError **errp);

#endif
