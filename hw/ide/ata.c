/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA disk commands: PIO and DMA transfers, cache, power, features, SMART.
 * ATA/ATAPI-6 8, TRIM from ATA8-ACS 7.5. One table row per opcode.
 */
#include "hw/ide/ide.h"

#include <errno.h>
#include <string.h>

enum {
    ATA_MULTIPLE_MAX = 16,
    ATA_DMA_CHUNK = 1 << 20, /* bytes of one request */
    ATA_TRIM_MAX = IDE_BUFFER / IDE_SECTOR,
    ATA_TRIM_ENTRY = 8,
};

/* ---- Addresses ---------------------------------------------------------- */

static uint64_t ata_lba48(const IdeDrive *d)
{
    return (uint64_t)d->hob.high << 40 | (uint64_t)d->hob.mid << 32 |
           (uint64_t)d->hob.low << 24 | d->regs.high << 16 | d->regs.mid << 8 |
           d->regs.low;
}

static uint64_t ata_chs(const IdeDrive *d)
{
    uint64_t cylinder = d->regs.high << 8 | d->regs.mid;

    if (!d->regs.low) {
        return UINT64_MAX; /* sectors count from 1 */
    }
    return (cylinder * d->log_heads + (d->select & 0xf)) * d->log_sectors +
           d->regs.low - 1;
}

static uint64_t ata_address(const IdeDrive *d, bool lba48)
{
    if (lba48) {
        return ata_lba48(d);
    }
    if (!(d->select & IDE_SELECT_LBA)) {
        return ata_chs(d);
    }
    return (d->select & 0xf) << 24 | d->regs.high << 16 | d->regs.mid << 8 |
           d->regs.low;
}

static void ata_set_chs(IdeDrive *d, uint64_t lba)
{
    unsigned heads = MAX(d->log_heads, 1), sectors = MAX(d->log_sectors, 1);
    uint64_t cylinder = lba / (heads * sectors);

    d->regs.low = lba % sectors + 1;
    d->regs.mid = cylinder;
    d->regs.high = cylinder >> 8;
    d->select = (d->select & 0xf0) | (lba / sectors % heads);
}

static void ata_set_address(IdeDrive *d, uint64_t lba)
{
    if (!d->lba48 && !(d->select & IDE_SELECT_LBA)) {
        ata_set_chs(d, lba);
        return;
    }
    d->regs.low = lba;
    d->regs.mid = lba >> 8;
    d->regs.high = lba >> 16;
    if (d->lba48) {
        d->hob.low = lba >> 24;
        d->hob.mid = lba >> 32;
        d->hob.high = lba >> 40;
    } else {
        d->select = (d->select & 0xf0) | (lba >> 24 & 0xf);
    }
}

static uint32_t ata_count(const IdeDrive *d, bool lba48)
{
    uint32_t n = lba48 ? d->hob.count << 8 | d->regs.count : d->regs.count;

    return n ? n : lba48 ? 65536 : 256;
}

/* Take address and count from the registers; false: the command failed. */
static bool ata_begin(IdeDrive *d, bool lba48)
{
    uint64_t sectors = ide_drive_sectors(d);
    uint64_t lba = ata_address(d, lba48);
    uint32_t n = ata_count(d, lba48);

    d->lba48 = lba48;
    if (lba >= sectors || n > sectors - lba) {
        ide_fail(d, IDE_ERROR_IDNF | IDE_ERROR_ABRT);
        return false;
    }
    d->lba = lba;
    d->left = n;
    return true;
}

/* The back end refused: the registers name the first sector that failed. */
static void ata_io_error(IdeDrive *d, bool read)
{
    ata_set_address(d, d->lba);
    ide_fail(d, read ? IDE_ERROR_UNC : IDE_ERROR_ABRT);
}

static void ata_advance(IdeDrive *d, uint32_t sectors)
{
    d->lba += sectors;
    d->left -= MIN(d->left, sectors);
    if (!d->left) {
        ata_set_address(d, d->lba - 1);
        d->regs.count = d->hob.count = 0;
    }
}

/* ---- PIO ---------------------------------------------------------------- */

static size_t ata_block_len(const IdeDrive *d)
{
    uint32_t most = MAX(1, MIN(d->block, IDE_BUFFER / IDE_SECTOR));

    return MIN(d->left, most) * (size_t)IDE_SECTOR;
}

static void ata_read_done(IdeDrive *d, IdeRequest *r, int ret)
{
    if (ret) {
        ata_io_error(d, true);
        return;
    }
    memcpy(d->buffer, r->buf, r->len);
    ata_advance(d, r->len / IDE_SECTOR);
    ide_start_data(d, r->len, IDE_AFTER_ATA_READ);
    ide_raise(d);
}

void ata_read_next(IdeDrive *d)
{
    size_t len = ata_block_len(d);

    if (!d->left) {
        d->status = IDE_DRDY | IDE_DSC; /* no interrupt for the end of data */
        return;
    }
    d->status = IDE_BSY | IDE_DSC;
    ide_submit(d, BLOCK_READ, d->lba * IDE_SECTOR, len, g_malloc(len), 0,
               ata_read_done);
}

static void ata_write_done(IdeDrive *d, IdeRequest *r, int ret)
{
    if (ret) {
        ata_io_error(d, false);
        return;
    }
    ata_advance(d, r->len / IDE_SECTOR);
    if (!d->left) {
        ide_done(d);
        return;
    }
    ide_start_data(d, ata_block_len(d), IDE_AFTER_ATA_WRITE);
    ide_raise(d);
}

void ata_write_next(IdeDrive *d)
{
    size_t len = ata_block_len(d);

    if (!d->left) {
        ide_abort(d);
        return;
    }
    d->status = IDE_BSY | IDE_DSC;
    ide_submit(d, BLOCK_WRITE, d->lba * IDE_SECTOR, len,
               g_memdup2(d->buffer, len), d->fua ? BLOCK_REQ_FUA : 0,
               ata_write_done);
}

enum { /* what an opcode's row says about a transfer */
       X_WRITE = 1,
       X_EXT = 2, /* 48 bits of address */
       X_MULTIPLE = 4,
       X_FUA = 8,
};

static void ata_pio(IdeDrive *d, unsigned how)
{
    if (how & X_MULTIPLE && !d->multiple) {
        ide_abort(d);
        return;
    }
    if (!ata_begin(d, how & X_EXT)) {
        return;
    }
    d->block = how & X_MULTIPLE ? d->multiple : 1;
    d->fua = how & X_FUA;
    if (how & X_WRITE) { /* no interrupt for the first block */
        ide_start_data(d, ata_block_len(d), IDE_AFTER_ATA_WRITE);
    } else {
        ata_read_next(d);
    }
}

/* ---- DMA ---------------------------------------------------------------- */

static bool ata_dma_running(const IdeDrive *d)
{
    return d->channel->dma->active(d->channel->dma_opaque);
}

static void ata_dma_finish(IdeDrive *d, bool error)
{
    d->channel->dma->finish(d->channel->dma_opaque, error);
}

static void ata_dma_fail(IdeDrive *d)
{
    ata_dma_finish(d, true);
    ide_abort(d);
}

static void ata_dma_error(IdeDrive *d, bool read)
{
    ata_dma_finish(d, true);
    ata_io_error(d, read);
}

/* A piece is done: the next one, or the end. */
static void ata_dma_advance(IdeDrive *d, size_t len)
{
    ata_advance(d, len / IDE_SECTOR);
    if (d->left) {
        ata_dma_step(d);
        return;
    }
    ata_dma_finish(d, false);
    ide_done(d);
}

static void ata_dma_read_done(IdeDrive *d, IdeRequest *r, int ret)
{
    const IdeChannel *c = d->channel;

    if (!ata_dma_running(d)) {
        return; /* stopped by the guest, who will reset or start again */
    }
    if (ret) {
        ata_dma_error(d, true);
    } else if (!c->dma->move(c->dma_opaque, r->buf, r->len, true)) {
        ata_dma_fail(d);
    } else {
        ata_dma_advance(d, r->len);
    }
}

static void ata_dma_write_done(IdeDrive *d, IdeRequest *r, int ret)
{
    if (ret) {
        ata_dma_error(d, false);
    } else {
        ata_dma_advance(d, r->len);
    }
}

/* ---- TRIM: a list of ranges comes by DMA -------------------------------- */

static void ata_trim_next(IdeDrive *d);

static void ata_trim_done(IdeDrive *d, IdeRequest *r, int ret)
{
    if (ret) {
        ata_dma_error(d, false);
    } else {
        ata_trim_next(d);
    }
}

/* One range after the other; zero lengths are padding. */
static void ata_trim_next(IdeDrive *d)
{
    uint64_t sectors = ide_drive_sectors(d);

    while (d->data_pos + ATA_TRIM_ENTRY <= d->data_end) {
        uint64_t entry;
        memcpy(&entry, d->buffer + d->data_pos, sizeof(entry));
        entry = GUINT64_FROM_LE(entry);
        d->data_pos += ATA_TRIM_ENTRY;
        uint64_t lba = entry & ((1ull << 48) - 1), n = entry >> 48;
        if (!n) {
            continue;
        }
        if (lba >= sectors || n > sectors - lba) {
            ata_dma_finish(d, true);
            ide_fail(d, IDE_ERROR_IDNF | IDE_ERROR_ABRT);
            return;
        }
        ide_submit(d, BLOCK_DISCARD, lba * IDE_SECTOR, n * IDE_SECTOR, NULL, 0,
                   ata_trim_done);
        return;
    }
    d->left = 0;
    ata_dma_finish(d, false);
    ide_done(d);
}

static void ata_trim_step(IdeDrive *d)
{
    const IdeChannel *c = d->channel;
    size_t len = MIN(d->left, ATA_TRIM_MAX) * (size_t)IDE_SECTOR;

    if (c->dma->room(c->dma_opaque, len) < len ||
        !c->dma->move(c->dma_opaque, d->buffer, len, false)) {
        ata_dma_fail(d);
        return;
    }
    d->data_pos = 0;
    d->data_end = len;
    ata_trim_next(d);
}

static void ata_trim(IdeDrive *d, unsigned how)
{
    uint32_t n = ata_count(d, true);

    if (!(d->regs.feature & 1) || !blk_discard_enabled(d->blk) ||
        n > ATA_TRIM_MAX) {
        ide_abort(d);
        return;
    }
    d->lba48 = true;
    d->left = n;
    ide_start_dma(d, IDE_DMA_TRIM);
}

static void ata_dma_write_step(IdeDrive *d, size_t len)
{
    const IdeChannel *c = d->channel;
    g_autofree uint8_t *buf = g_malloc(len);

    if (!c->dma->move(c->dma_opaque, buf, len, false)) {
        ata_dma_fail(d);
        return;
    }
    ide_submit(d, BLOCK_WRITE, d->lba * IDE_SECTOR, len, g_steal_pointer(&buf),
               d->fua ? BLOCK_REQ_FUA : 0, ata_dma_write_done);
}

void ata_dma_step(IdeDrive *d)
{
    const IdeChannel *c = d->channel;
    size_t len = MIN((uint64_t)d->left * IDE_SECTOR, ATA_DMA_CHUNK);

    if (d->dma == IDE_DMA_TRIM) {
        ata_trim_step(d);
        return;
    }
    if (d->dma == IDE_DMA_WRITE && !ata_dma_running(d)) {
        return; /* the guest stopped it between two pieces */
    }
    len = c->dma->room(c->dma_opaque, len) / IDE_SECTOR * IDE_SECTOR;
    if (!len) { /* the list is too short: the engine stops, no interrupt */
        ata_dma_finish(d, false);
        return;
    }
    if (d->dma == IDE_DMA_WRITE) {
        ata_dma_write_step(d, len);
    } else {
        ide_submit(d, BLOCK_READ, d->lba * IDE_SECTOR, len, g_malloc(len), 0,
                   ata_dma_read_done);
    }
}

static void ata_dma(IdeDrive *d, unsigned how)
{
    if (!ata_begin(d, how & X_EXT)) {
        return;
    }
    d->fua = how & X_FUA;
    ide_start_dma(d, how & X_WRITE ? IDE_DMA_WRITE : IDE_DMA_READ);
}

/* ---- Commands without data ---------------------------------------------- */

static void ata_nothing(IdeDrive *d, unsigned how)
{
    ide_done(d);
}

static void ata_verify(IdeDrive *d, unsigned how)
{
    if (ata_begin(d, how & X_EXT)) {
        ata_advance(d, d->left);
        ide_done(d);
    }
}

static void ata_native_max(IdeDrive *d, unsigned how)
{
    uint64_t last = ide_drive_sectors(d) - 1;

    d->lba48 = how & X_EXT;
    ata_set_address(d, d->lba48 ? last : MIN(last, 0xfffffff));
    ide_done(d);
}

static void ata_flush_done(IdeDrive *d, IdeRequest *r, int ret)
{
    if (ret) {
        ide_abort(d);
    } else {
        ide_done(d);
    }
}

static void ata_flush(IdeDrive *d, unsigned how)
{
    d->status = IDE_BSY | IDE_DSC;
    ide_submit(d, BLOCK_FLUSH, 0, 0, NULL, 0, ata_flush_done);
}

static void ata_init_parameters(IdeDrive *d, unsigned how)
{
    if (!d->regs.count) {
        ide_abort(d);
        return;
    }
    d->log_heads = (d->select & 0xf) + 1;
    d->log_sectors = d->regs.count;
    ide_done(d);
}

static void ata_set_multiple(IdeDrive *d, unsigned how)
{
    uint8_t n = d->regs.count;

    if (n > ATA_MULTIPLE_MAX || (n & (n - 1))) {
        ide_abort(d);
        return;
    }
    d->multiple = n;
    ide_done(d);
}

static void ata_power_mode(IdeDrive *d, unsigned how)
{
    d->regs.count = 0xff; /* active or idle */
    ide_done(d);
}

/* ---- SET FEATURES, 8.46 ------------------------------------------------- */

static void ata_write_cache(IdeDrive *d, bool on)
{
    d->write_cache_known = true;
    d->write_cache = on;
    blk_set_write_cache(d->blk, on);
}

static void ata_set_transfer_mode(IdeDrive *d)
{
    uint8_t mode = d->regs.count;
    uint8_t n = mode & 7;

    switch (mode >> 3) {
    case 0: /* default PIO */
    case 1: /* PIO with flow control */
        d->dma_mode = 0;
        break;
    case 2: /* single-word DMA */
    case 4: /* multiword DMA */
        if (n > 2) {
            ide_abort(d);
            return;
        }
        d->dma_mode = mode;
        break;
    case 8: /* Ultra DMA */
        if (n > 5) {
            ide_abort(d);
            return;
        }
        d->dma_mode = mode;
        break;
    default:
        ide_abort(d);
        return;
    }
    ide_done(d);
}

static void ata_set_features(IdeDrive *d, unsigned how)
{
    static const uint8_t harmless[] = {
        0x05, 0x42, 0x55, 0x66, 0x67, 0x69, 0x85, 0x96, 0x9a, 0xaa, 0xc2, 0xcc,
    };

    switch (d->regs.feature) {
    case 0x02:
        ata_write_cache(d, true);
        ide_done(d);
        return;
    case 0x82: /* what is cached goes to the disk first */
        ata_write_cache(d, false);
        ata_flush(d, how);
        return;
    case 0x03:
        ata_set_transfer_mode(d);
        return;
    default:
        break;
    }
    if (memchr(harmless, d->regs.feature, sizeof(harmless))) {
        ide_done(d);
    } else {
        ide_abort(d);
    }
}

/* ---- SMART, 8.54: a healthy disk without attributes --------------------- */

enum {
    SMART_READ_DATA = 0xd0,
    SMART_READ_THRESHOLDS = 0xd1,
    SMART_ATTRIBUTE_AUTOSAVE = 0xd2,
    SMART_OFFLINE = 0xd4,
    SMART_READ_LOG = 0xd5,
    SMART_ENABLE = 0xd8,
    SMART_DISABLE = 0xd9,
    SMART_STATUS = 0xda,
    SMART_MID = 0x4f,
    SMART_HIGH = 0xc2,
};

static void ata_smart_page(IdeDrive *d)
{
    uint8_t sum = 0;

    memset(d->buffer, 0, IDE_SECTOR);
    d->buffer[0] = 1; /* structure version */
    if (d->regs.feature == SMART_READ_DATA) {
        d->buffer[362] = 0x82;               /* off-line collection completed */
        d->buffer[367] = 0x1b;               /* can execute off-line tests */
        d->buffer[368] = 3;                  /* saves attributes */
        d->buffer[370] = 1;                  /* keeps an error log */
        d->buffer[372] = d->buffer[373] = 2; /* minutes a test takes */
    }
    for (unsigned i = 0; i < IDE_SECTOR - 1; i++) {
        sum += d->buffer[i];
    }
    d->buffer[IDE_SECTOR - 1] = -sum;
    ide_start_data(d, IDE_SECTOR, IDE_AFTER_DONE);
    ide_raise(d);
}

static void ata_smart(IdeDrive *d, unsigned how)
{
    uint8_t what = d->regs.feature;

    if (d->regs.mid != SMART_MID || d->regs.high != SMART_HIGH ||
        (!d->smart_on && what != SMART_ENABLE)) {
        ide_abort(d);
        return;
    }
    switch (what) {
    case SMART_READ_DATA:
    case SMART_READ_THRESHOLDS:
    case SMART_READ_LOG:
        ata_smart_page(d);
        break;
    case SMART_ENABLE:
    case SMART_DISABLE:
        d->smart_on = what == SMART_ENABLE;
        ide_done(d);
        break;
    case SMART_STATUS: /* no threshold is exceeded: the signature stays */
    case SMART_ATTRIBUTE_AUTOSAVE:
    case SMART_OFFLINE:
        ide_done(d);
        break;
    default:
        ide_abort(d);
        break;
    }
}

/* ---- IDENTIFY, reset, diagnostic; for both kinds ------------------------ */

static void ata_identify_device(IdeDrive *d, unsigned how)
{
    memset(d->buffer, 0, IDE_SECTOR);
    ata_identify(d, d->buffer);
    ide_start_data(d, IDE_SECTOR, IDE_AFTER_DONE);
    ide_raise(d);
}

static void ata_identify_packet(IdeDrive *d, unsigned how)
{
    memset(d->buffer, 0, IDE_SECTOR);
    atapi_identify(d, d->buffer);
    ide_start_data(d, IDE_SECTOR, IDE_AFTER_DONE);
    ide_raise(d);
}

/* A packet device says what it is by failing, 8.15.5.2. */
static void ata_abort_with_signature(IdeDrive *d, unsigned how)
{
    ide_set_signature(d);
    ide_abort(d);
}

/* Both drives test themselves, 8.11. */
static void ata_diagnostic(IdeDrive *d, unsigned how)
{
    IdeChannel *c = d->channel;

    for (unsigned i = 0; i < 2; i++) {
        if (c->drives[i]) {
            ide_drive_reset_registers(c->drives[i]);
        }
    }
    c->unit = 0;
    ide_raise(d);
}

static void ata_device_reset(IdeDrive *d, unsigned how)
{
    uint8_t select = d->select & IDE_SELECT_DEV1;

    ide_drive_reset_registers(d);
    d->select |= select;
}

static void ata_packet(IdeDrive *d, unsigned how)
{
    atapi_start(d);
}

/* ---- The table ---------------------------------------------------------- */

enum { ATA_HD = 1, ATA_CD = 2, ATA_BOTH = ATA_HD | ATA_CD };

typedef struct AtaCommand {
    void (*run)(IdeDrive *d, unsigned how);
    uint8_t kinds;
    uint8_t how;
} AtaCommand;

/* clang-format off */
static const AtaCommand ata_commands[256] = {
    [0x06] = { ata_trim, ATA_HD, 0 },                 /* DATA SET MANAGEMENT */
    [0x08] = { ata_device_reset, ATA_CD, 0 },
    [0x10 ... 0x1f] = { ata_nothing, ATA_HD, 0 },     /* RECALIBRATE */
    [0x20 ... 0x21] = { ata_pio, ATA_HD, 0 },         /* READ SECTORS */
    [0x24] = { ata_pio, ATA_HD, X_EXT },
    [0x25] = { ata_dma, ATA_HD, X_EXT },              /* READ DMA EXT */
    [0x27] = { ata_native_max, ATA_HD, X_EXT },
    [0x29] = { ata_pio, ATA_HD, X_EXT | X_MULTIPLE },
    [0x30 ... 0x31] = { ata_pio, ATA_HD, X_WRITE },   /* WRITE SECTORS */
    [0x34] = { ata_pio, ATA_HD, X_WRITE | X_EXT },
    [0x35] = { ata_dma, ATA_HD, X_WRITE | X_EXT },    /* WRITE DMA EXT */
    [0x39] = { ata_pio, ATA_HD, X_WRITE | X_EXT | X_MULTIPLE },
    [0x3d] = { ata_dma, ATA_HD, X_WRITE | X_EXT | X_FUA },
    [0x40 ... 0x41] = { ata_verify, ATA_HD, 0 },
    [0x42] = { ata_verify, ATA_HD, X_EXT },
    [0x70 ... 0x7f] = { ata_nothing, ATA_HD, 0 },     /* SEEK */
    [0x90] = { ata_diagnostic, ATA_BOTH, 0 },
    [0x91] = { ata_init_parameters, ATA_HD, 0 },
    [0x94 ... 0x97] = { ata_nothing, ATA_BOTH, 0 },   /* old power commands */
    [0x98] = { ata_power_mode, ATA_BOTH, 0 },
    [0x99] = { ata_nothing, ATA_BOTH, 0 },
    [0xa0] = { ata_packet, ATA_CD, 0 },
    [0xa1] = { ata_identify_packet, ATA_CD, 0 },
    [0xb0] = { ata_smart, ATA_HD, 0 },
    [0xc4] = { ata_pio, ATA_HD, X_MULTIPLE },
    [0xc5] = { ata_pio, ATA_HD, X_WRITE | X_MULTIPLE },
    [0xc6] = { ata_set_multiple, ATA_HD, 0 },
    [0xc8 ... 0xc9] = { ata_dma, ATA_HD, 0 },         /* READ DMA */
    [0xca ... 0xcb] = { ata_dma, ATA_HD, X_WRITE },   /* WRITE DMA */
    [0xce] = { ata_pio, ATA_HD, X_WRITE | X_EXT | X_MULTIPLE | X_FUA },
    [0xe0 ... 0xe3] = { ata_nothing, ATA_BOTH, 0 },   /* STANDBY, IDLE */
    [0xe5] = { ata_power_mode, ATA_BOTH, 0 },
    [0xe6] = { ata_nothing, ATA_BOTH, 0 },            /* SLEEP */
    [0xe7] = { ata_flush, ATA_HD, 0 },
    [0xea] = { ata_flush, ATA_HD, X_EXT },
    [0xec] = { ata_identify_device, ATA_HD, 0 },
    [0xef] = { ata_set_features, ATA_BOTH, 0 },
    [0xf8] = { ata_native_max, ATA_HD, 0 },
};
/* clang-format on */

/* Commands by which a packet device is recognised. */
static bool ata_tells_signature(uint8_t command)
{
    return command == 0xec || command == 0x20;
}

void ide_execute(IdeDrive *d, uint8_t command)
{
    const AtaCommand *c = &ata_commands[command];
    unsigned kind = d->is_cd ? ATA_CD : ATA_HD;

    d->command = command;
    d->error = 0;
    d->status = IDE_DRDY | IDE_DSC;
    if (c->run && c->kinds & kind) {
        c->run(d, c->how);
        return;
    }
    if (d->is_cd && ata_tells_signature(command)) {
        ata_abort_with_signature(d, 0);
        return;
    }
    if (!c->run && command) {
        log_unimplemented("%s: ATA command %02x\n", d->parent.class->name,
                          command);
    }
    ide_abort(d);
}
