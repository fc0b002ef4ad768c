/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device: numbered items and named files that the
 * board hands to firmware through ports 510h..51Bh, by port reads or by DMA.
 * Interface: QEMU's docs/specs/fw_cfg (the guest ABI that SeaBIOS, OVMF and
 * Linux know).
 */
#ifndef HW_MISC_FW_CFG_H
#define HW_MISC_FW_CFG_H

#include "hw/core/device.h"

enum {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
    FW_CFG_FILE_SLOTS = 0x40,
    FW_CFG_ARCH_LOCAL = 0x8000,
};

extern const DeviceClass fw_cfg_class; /* "fw_cfg" */

typedef struct FwCfg FwCfg;

/* Where its ports appear; before realize. */
void fw_cfg_set_io(Device *dev, MemoryRegion *io);
FwCfg *fw_cfg_from_device(Device *dev);

/* Set item `key`; data is copied. Machine stopped or not yet running. */
void fw_cfg_set(FwCfg *cfg, uint16_t key, const void *data, size_t len);
void fw_cfg_set16(FwCfg *cfg, uint16_t key, uint16_t val);
void fw_cfg_set32(FwCfg *cfg, uint16_t key, uint32_t val);
void fw_cfg_set64(FwCfg *cfg, uint16_t key, uint64_t val);
/* Add or replace a named file (at most 55 characters); writable: firmware may
 * write it by DMA. False if there is no slot left. */
bool fw_cfg_set_file(FwCfg *cfg, const char *name, const void *data, size_t len,
                     bool writable, GError **errp);
/* Present contents of a file, NULL if there is none. Owned by cfg. */
const uint8_t *fw_cfg_get_file(FwCfg *cfg, const char *name, size_t *len);

#endif
