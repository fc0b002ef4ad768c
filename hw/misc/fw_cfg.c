/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device.
 *
 *   510h word   selector (little-endian); sets the offset to 0
 *   511h byte   data at the offset; reads past the end give 0
 *   514h dword  DMA address, high half, big-endian
 *   518h dword  DMA address, low half: starts the transfer
 *
 * A DMA descriptor is three big-endian fields: control (32), length (32),
 * address (64); control bits: 0 error, 1 read, 2 skip, 3 select, 4 write.
 */
#include "hw/misc/fw_cfg.h"

#include "util/span.h"

#include <inttypes.h>
#include <string.h>

enum {
    FW_CFG_PORT = 0x510,
    FW_CFG_PORTS = 12,
    FW_CFG_ITEMS = FW_CFG_FILE_FIRST + FW_CFG_FILE_SLOTS,
    FW_CFG_NAME_SIZE = 56,

    FW_CFG_DMA_ERROR = 1 << 0,
    FW_CFG_DMA_READ = 1 << 1,
    FW_CFG_DMA_SKIP = 1 << 2,
    FW_CFG_DMA_SELECT = 1 << 3,
    FW_CFG_DMA_WRITE = 1 << 4,
};
/* Low half of the DMA address register, read: the feature's signature. */
#define FW_CFG_DMA_SIGNATURE UINT64_C(0x51454d5520434647) /* "QEMU CFG" */

typedef struct FwCfgItem {
    uint8_t *data;
    size_t len;
    bool writable;
    char name[FW_CFG_NAME_SIZE]; /* "" for numbered items */
} FwCfgItem;

struct FwCfg {
    Device parent;

    /* Wiring and contents: the board's, not the guest's. */
    MemoryRegion *io_space;
    MemoryRegion io;
    FwCfgItem item[2][FW_CFG_ITEMS]; /* general, and FW_CFG_ARCH_LOCAL */

    /* Guest-visible state. */
    uint16_t key;
    uint32_t offset;
    uint64_t dma_addr;
};

FwCfg *fw_cfg_from_device(Device *dev)
{
    return container_of(dev, FwCfg, parent);
}

void fw_cfg_set_io(Device *dev, MemoryRegion *io)
{
    fw_cfg_from_device(dev)->io_space = io;
}

static FwCfgItem *fw_cfg_item(FwCfg *cfg, uint16_t key)
{
    unsigned index = key & 0x3fff; /* bit 14: the old write mode */

    return index < FW_CFG_ITEMS
               ? &cfg->item[(key & FW_CFG_ARCH_LOCAL) != 0][index]
               : NULL;
}

/* ---- The guest's side ------------------------------------------------------
 */

static void fw_cfg_select(FwCfg *cfg, uint16_t key)
{
    trace(fw_cfg_select, "key %x", key);
    cfg->key = key;
    cfg->offset = 0;
}

/* Next len bytes into buf (NULL: skip); zeroes past the end. */
static void fw_cfg_take(FwCfg *cfg, uint8_t *buf, uint32_t len)
{
    const FwCfgItem *item = fw_cfg_item(cfg, cfg->key);
    size_t size = item ? item->len : 0;
    size_t have = cfg->offset < size ? MIN(len, size - cfg->offset) : 0;

    if (buf) {
        memset(buf, 0, len);
        if (have) {
            memcpy(buf, item->data + cfg->offset, have);
        }
    }
    cfg->offset = MIN((uint64_t)cfg->offset + len, UINT32_MAX);
}

static bool fw_cfg_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    FwCfg *cfg = opaque;
    uint8_t byte = 0;

    if (off == 1 && size == 1) {
        fw_cfg_take(cfg, &byte, 1);
        *val = byte;
        return true;
    }
    if (off >= 4) {
        unsigned shift = 8 * (8 - (off - 4) - size);

        *val = FW_CFG_DMA_SIGNATURE >> shift;
        *val = size == 4 ? GUINT32_SWAP_LE_BE((uint32_t)*val)
                         : *val & ((1u << (8 * size)) - 1);
        return true;
    }
    return false;
}

/* Move len bytes between the current item and guest memory in pieces. */
static bool fw_cfg_dma_copy(FwCfg *cfg, hwaddr addr, uint32_t len, bool write)
{
    AddressSpace *memory = cfg->parent.env->memory;
    FwCfgItem *item = fw_cfg_item(cfg, cfg->key);
    uint8_t piece[4096];

    if (write &&
        (!item || !item->writable || !span_fits(cfg->offset, len, item->len))) {
        return false;
    }
    while (len) {
        uint32_t n = MIN(len, sizeof(piece));

        if (write) {
            if (!dma_read(memory, addr, item->data + cfg->offset, n)) {
                return false;
            }
            cfg->offset += n;
        } else {
            fw_cfg_take(cfg, piece, n);
            if (!dma_write(memory, addr, piece, n)) {
                return false;
            }
        }
        addr += n;
        len -= n;
    }
    return true;
}

static void fw_cfg_dma(FwCfg *cfg)
{
    AddressSpace *memory = cfg->parent.env->memory;
    hwaddr at = cfg->dma_addr;
    struct {
        uint32_t control, len;
        uint64_t addr;
    } d;
    bool ok = true;

    cfg->dma_addr = 0;
    if (!dma_read(memory, at, &d, sizeof(d))) {
        log_guest_error("fw_cfg: DMA descriptor at %" PRIx64 " is not in RAM\n",
                        at);
        return;
    }
    uint32_t control = GUINT32_FROM_BE(d.control);
    uint32_t len = GUINT32_FROM_BE(d.len);

    if (control & FW_CFG_DMA_SELECT) {
        fw_cfg_select(cfg, control >> 16);
    }
    if (control & (FW_CFG_DMA_READ | FW_CFG_DMA_WRITE)) {
        ok = fw_cfg_dma_copy(cfg, GUINT64_FROM_BE(d.addr), len,
                             !(control & FW_CFG_DMA_READ));
    } else if (control & FW_CFG_DMA_SKIP) {
        fw_cfg_take(cfg, NULL, len);
    }
    if (!ok) {
        log_guest_error("fw_cfg: DMA of %" PRIu32 " bytes to %" PRIx64
                        " failed\n",
                        len, GUINT64_FROM_BE(d.addr));
    }
    d.control = GUINT32_TO_BE(ok ? 0 : FW_CFG_DMA_ERROR);
    dma_write(memory, at, &d.control, sizeof(d.control));
}

static bool fw_cfg_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    FwCfg *cfg = opaque;

    if (off == 0 && size == 2) {
        fw_cfg_select(cfg, val);
        return true;
    }
    if (off == 1 && size == 1) {
        return true; /* data writes by port are gone since version 2.4 */
    }
    if (off == 4 && size == 4) {
        cfg->dma_addr = (uint64_t)GUINT32_SWAP_LE_BE((uint32_t)val) << 32;
        return true;
    }
    if (off == 8 && size == 4) {
        cfg->dma_addr |= GUINT32_SWAP_LE_BE((uint32_t)val);
        fw_cfg_dma(cfg);
        return true;
    }
    return false;
}

static const MemoryOps fw_cfg_ops = {
    .read = fw_cfg_read,
    .write = fw_cfg_write,
    .valid = { .min = 1, .max = 4, .unaligned = true },
    .impl = { .min = 1, .max = 4, .unaligned = true },
};

/* ---- The board's side
 * -------------------------------------------------------- */

static void fw_cfg_put(FwCfgItem *item, const void *data, size_t len)
{
    g_free(item->data);
    item->data = g_malloc(MAX(len, 1));
    if (len) {
        memcpy(item->data, data, len);
    }
    item->len = len;
}

void fw_cfg_set(FwCfg *cfg, uint16_t key, const void *data, size_t len)
{
    FwCfgItem *item = fw_cfg_item(cfg, key);

    g_assert(item);
    fw_cfg_put(item, data, len);
}

void fw_cfg_set16(FwCfg *cfg, uint16_t key, uint16_t val)
{
    val = GUINT16_TO_LE(val);
    fw_cfg_set(cfg, key, &val, sizeof(val));
}

void fw_cfg_set32(FwCfg *cfg, uint16_t key, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    fw_cfg_set(cfg, key, &val, sizeof(val));
}

void fw_cfg_set64(FwCfg *cfg, uint16_t key, uint64_t val)
{
    val = GUINT64_TO_LE(val);
    fw_cfg_set(cfg, key, &val, sizeof(val));
}

/* The directory: count, then {size, select, reserved, name} in big-endian. */
static void fw_cfg_update_directory(FwCfg *cfg)
{
    g_autoptr(GByteArray) dir = g_byte_array_new();
    uint32_t count = 0;

    g_byte_array_append(dir, (const uint8_t *)&count, sizeof(count));
    for (unsigned i = 0; i < FW_CFG_FILE_SLOTS; i++) {
        const FwCfgItem *item = &cfg->item[0][FW_CFG_FILE_FIRST + i];

        if (!item->name[0]) {
            continue;
        }
        uint32_t size = GUINT32_TO_BE((uint32_t)item->len);
        uint16_t select[2] = { GUINT16_TO_BE(FW_CFG_FILE_FIRST + i), 0 };

        g_byte_array_append(dir, (const uint8_t *)&size, sizeof(size));
        g_byte_array_append(dir, (const uint8_t *)select, sizeof(select));
        g_byte_array_append(dir, (const uint8_t *)item->name, FW_CFG_NAME_SIZE);
        count++;
    }
    count = GUINT32_TO_BE(count);
    memcpy(dir->data, &count, sizeof(count));
    fw_cfg_set(cfg, FW_CFG_FILE_DIR, dir->data, dir->len);
}

static FwCfgItem *fw_cfg_find_file(FwCfg *cfg, const char *name)
{
    for (unsigned i = 0; i < FW_CFG_FILE_SLOTS; i++) {
        FwCfgItem *item = &cfg->item[0][FW_CFG_FILE_FIRST + i];

        if (!strcmp(item->name, name)) {
            return item;
        }
    }
    return NULL;
}

bool fw_cfg_set_file(FwCfg *cfg, const char *name, const void *data, size_t len,
                     bool writable, GError **errp)
{
    FwCfgItem *item;

    if (strlen(name) >= FW_CFG_NAME_SIZE || !*name) {
        return emu_fail(errp, EMU_ERROR_INVALID, "fw_cfg: bad file name '%s'",
                        name);
    }
    item = fw_cfg_find_file(cfg, name);
    if (!item) {
        item = fw_cfg_find_file(cfg, "");
    }
    if (!item) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE,
                        "fw_cfg: no slot left for '%s'", name);
    }
    g_strlcpy(item->name, name, sizeof(item->name));
    item->writable = writable;
    fw_cfg_put(item, data, len);
    fw_cfg_update_directory(cfg);
    return true;
}

const uint8_t *fw_cfg_get_file(FwCfg *cfg, const char *name, size_t *len)
{
    const FwCfgItem *item = fw_cfg_find_file(cfg, name);

    if (!item) {
        return NULL;
    }
    *len = item->len;
    return item->data;
}

/* ---- Life
 * ------------------------------------------------------------------------ */

static bool fw_cfg_realize(Device *dev, GError **errp)
{
    FwCfg *cfg = fw_cfg_from_device(dev);

    fw_cfg_set(cfg, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_set32(cfg, FW_CFG_ID, 3); /* the port interface, and DMA */
    fw_cfg_update_directory(cfg);
    region_init_io(&cfg->io, "fwcfg", FW_CFG_PORTS, &fw_cfg_ops, cfg,
                   &dev->lock);
    if (cfg->io_space) {
        region_add(cfg->io_space, FW_CFG_PORT, &cfg->io);
    }
    return true;
}

static void fw_cfg_unrealize(Device *dev)
{
    FwCfg *cfg = fw_cfg_from_device(dev);

    region_clear(&cfg->io);
    for (unsigned i = 0; i < FW_CFG_ITEMS; i++) {
        g_clear_pointer(&cfg->item[0][i].data, g_free);
        g_clear_pointer(&cfg->item[1][i].data, g_free);
    }
}

static void fw_cfg_reset(Device *dev)
{
    FwCfg *cfg = fw_cfg_from_device(dev);

    cfg->key = 0;
    cfg->offset = 0;
    cfg->dma_addr = 0;
}

static const StateField fw_cfg_state[] = {
    STATE_U16(FwCfg, key),
    STATE_U32(FwCfg, offset),
    STATE_U64(FwCfg, dma_addr),
    {},
};

static const Property fw_cfg_props[] = { {} };

const DeviceClass fw_cfg_class = {
    .name = "fw_cfg",
    .summary = "firmware configuration items, by port and DMA",
    .bus = BUS_NONE,
    .internal = true,
    .size = sizeof(FwCfg),
    .props = fw_cfg_props,
    .state = fw_cfg_state,
    .realize = fw_cfg_realize,
    .unrealize = fw_cfg_unrealize,
    .reset = fw_cfg_reset,
};
