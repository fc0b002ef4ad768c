/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ATA disks and ATAPI CD-ROMs have in common: the back end's requests,
 * how commands end, resets, and the two device classes.
 */
#include "hw/ide/ide.h"

#include <string.h>

enum { DRIVE_SERIAL_LEN = 20, DRIVE_MODEL_LEN = 40, DRIVE_VERSION_LEN = 8 };

static IdeDrive *drive_from(Device *dev)
{
    return container_of(dev, IdeDrive, parent);
}

uint64_t ide_drive_sectors(const IdeDrive *d)
{
    return blk_size(d->blk) / IDE_SECTOR;
}

/* ---- Requests ----------------------------------------------------------- */

static void drive_request_done(void *opaque, int ret)
{
    IdeRequest *r = opaque;
    IdeDrive *d = r->drive;
    GMutex *lock = d->channel->lock;

    g_mutex_lock(lock);
    d->request = NULL;
    if (d->reset_waits) {
        d->reset_waits = false;
        ide_drive_reset_registers(d);
    } else {
        r->done(d, r, ret);
    }
    g_mutex_unlock(lock);
    g_free(r->buf);
    g_free(r);
}

void ide_submit(IdeDrive *d, BlockOp op, uint64_t off, size_t len, uint8_t *buf,
                unsigned flags,
                void (*done)(IdeDrive *d, IdeRequest *r, int ret))
{
    IdeRequest *r = g_new0(IdeRequest, 1);

    g_assert(!d->request);
    r->drive = d;
    r->buf = buf;
    r->len = len;
    r->iov = (struct iovec){ buf, len };
    r->done = done;
    d->request = r;
    blk_submit(d->blk, op, off, len, &r->iov, buf ? 1 : 0, flags,
               drive_request_done, r);
}

/* ---- How commands end --------------------------------------------------- */

void ide_done(IdeDrive *d)
{
    d->status = IDE_DRDY | IDE_DSC;
    d->error = 0;
    d->after = IDE_AFTER_NOTHING;
    d->dma = IDE_DMA_NONE;
    ide_raise(d);
}

void ide_fail(IdeDrive *d, uint8_t error)
{
    d->status = IDE_DRDY | IDE_DSC | IDE_ERR;
    d->error = error;
    d->after = IDE_AFTER_NOTHING;
    d->dma = IDE_DMA_NONE;
    d->data_pos = d->data_end = 0;
    ide_raise(d);
}

void ide_abort(IdeDrive *d)
{
    ide_fail(d, IDE_ERROR_ABRT);
}

void ide_start_data(IdeDrive *d, size_t len, IdeAfter after)
{
    d->data_pos = 0;
    d->data_end = MIN(len, IDE_BUFFER);
    d->after = after;
    d->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
}

void ide_data_end(IdeDrive *d)
{
    IdeAfter after = d->after;

    d->status &= ~IDE_DRQ;
    d->after = IDE_AFTER_NOTHING;
    d->data_pos = d->data_end = 0;
    switch (after) {
    case IDE_AFTER_ATA_READ:
        ata_read_next(d);
        break;
    case IDE_AFTER_ATA_WRITE:
        ata_write_next(d);
        break;
    case IDE_AFTER_PACKET:
        atapi_packet(d);
        break;
    case IDE_AFTER_REPLY:
        atapi_reply_next(d);
        break;
    default:
        break;
    }
}

void ide_start_dma(IdeDrive *d, IdeDmaKind kind)
{
    const IdeChannel *c = d->channel;

    d->dma = kind;
    d->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
    if (c->dma->active(c->dma_opaque)) {
        ide_dma_step(d);
    }
}

void ide_dma_step(IdeDrive *d)
{
    if (d->dma == IDE_DMA_REPLY || d->dma == IDE_DMA_CD) {
        atapi_dma_step(d);
    } else {
        ata_dma_step(d);
    }
}

/* ---- Reset -------------------------------------------------------------- */

/* ATA/ATAPI-6 9.12: registers tell what kind of device it is. */
void ide_set_signature(IdeDrive *d)
{
    d->select &= ~0xf;
    d->regs.count = 1;
    d->regs.low = 1;
    d->regs.mid = d->is_cd ? 0x14 : 0;
    d->regs.high = d->is_cd ? 0xeb : 0;
}

void ide_drive_reset_registers(IdeDrive *d)
{
    if (d->request) { /* busy until the back end is done */
        d->status = IDE_BSY | IDE_DSC;
        d->reset_waits = true;
        blk_cancel_held(d->blk);
        return;
    }
    d->hob = (IdeRegs){};
    d->regs.feature = 0;
    d->select = IDE_SELECT_ONES;
    ide_set_signature(d);
    d->error = 1; /* diagnostic: no error */
    d->status = d->is_cd ? 0 : IDE_DRDY | IDE_DSC;
    d->after = IDE_AFTER_NOTHING;
    d->dma = IDE_DMA_NONE;
    d->data_pos = d->data_end = 0;
    d->reply_pos = d->reply_end = 0;
    d->left = 0;
    d->log_heads = MIN(d->heads, 16);
    d->log_sectors = MIN(d->sectors, 255);
    d->multiple = d->is_cd ? 0 : 16;
}

static void drive_reset(Device *dev)
{
    IdeDrive *d = drive_from(dev);

    g_mutex_lock(d->channel->lock);
    ide_drive_reset_registers(d);
    d->dma_mode = 0;
    d->smart_on = true;
    if (d->write_cache_known) {
        blk_set_write_cache(d->blk, d->write_cache);
    }
    d->sense_key = d->asc = d->ascq = 0;
    d->tray_open = d->tray_locked = false;
    d->event_new_media = d->event_eject = false;
    d->changed = false;
    g_mutex_unlock(d->channel->lock);
}

/* ---- Life --------------------------------------------------------------- */

static bool drive_check_text(const char *what, const char *text, size_t max,
                             GError **errp)
{
    return !text || strlen(text) <= max ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "property '%s' is longer than %zu characters", what, max);
}

/* Guests name disks by model and serial number, so these are QEMU's. */
static void drive_default_texts(IdeDrive *d, const char *model)
{
    const char *serial = blk_serial(d->blk);

    if (!d->serial) {
        d->serial = serial ? g_strndup(serial, DRIVE_SERIAL_LEN)
                           : g_strdup_printf("QM%05u", d->channel->number * 2 +
                                                           d->unit + 1);
    }
    if (!d->model) {
        d->model = g_strdup(model);
    }
    if (!d->version) {
        d->version = g_strdup("2.5+");
    }
}

static bool drive_geometry(IdeDrive *d, GError **errp)
{
    if (!d->cylinders && !d->heads && !d->sectors) {
        d->heads = 16;
        d->sectors = 63;
        d->cylinders = CLAMP(ide_drive_sectors(d) / (16 * 63), 2, 16383);
    }
    if (!d->cylinders || d->cylinders > 65535 || !d->heads || d->heads > 16 ||
        !d->sectors || d->sectors > 255) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "cyls must be 1 to 65535, heads 1 to 16, secs 1 to "
                        "255");
    }
    return true;
}

static bool drive_realize(Device *dev, const BlockDeviceOps *ops,
                          const char *model, GError **errp)
{
    IdeDrive *d = drive_from(dev);

    if (!d->channel) {
        return emu_fail(errp, EMU_ERROR_INVALID, "%s needs an IDE bus",
                        dev->class->name);
    }
    if (!drive_check_text("serial", d->serial, DRIVE_SERIAL_LEN, errp) ||
        !drive_check_text("model", d->model, DRIVE_MODEL_LEN, errp) ||
        !drive_check_text("ver", d->version, DRIVE_VERSION_LEN, errp) ||
        !drive_geometry(d, errp)) {
        return false;
    }
    g_autofree char *name =
        g_strdup_printf("%s/%u", d->channel->bus.name, d->unit);
    if (!drive_policy_apply(&d->policy, d->blk, errp) ||
        !blk_attach(d->blk, ops, d, dev->id ? dev->id : name, errp)) {
        return false;
    }
    drive_default_texts(d, model);
    g_mutex_lock(d->channel->lock);
    d->channel->drives[d->unit] = d;
    g_mutex_unlock(d->channel->lock);
    return true;
}

static bool drive_hd_realize(Device *dev, GError **errp)
{
    IdeDrive *d = drive_from(dev);

    if (!d->blk || !blk_present(d->blk)) {
        return emu_fail(errp, EMU_ERROR_INVALID, "ide-hd needs a drive=");
    }
    if (blk_read_only(d->blk)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "drive '%s' is read-only, which an ATA disk cannot be",
                        blk_id(d->blk));
    }
    return drive_realize(dev, NULL, "QEMU HARDDISK", errp);
}

static bool drive_cd_realize(Device *dev, GError **errp)
{
    drive_from(dev)->is_cd = true;
    return drive_realize(dev, &atapi_device_ops, "QEMU DVD-ROM", errp);
}

static void drive_unrealize(Device *dev)
{
    IdeDrive *d = drive_from(dev);

    if (d->channel && d->channel->drives[d->unit] == d) { /* it is ours */
        blk_drain(d->blk);
        blk_detach(d->blk);
    }
}

/* What a stream says is not believed: it may come from anywhere. */
static bool drive_loaded(Device *dev, GError **errp)
{
    IdeDrive *d = drive_from(dev);

    if (d->data_pos > d->data_end || d->data_end > IDE_BUFFER ||
        d->reply_pos > d->reply_end || d->reply_end > IDE_BUFFER ||
        d->after >= IDE_AFTERS || d->dma >= IDE_DMA_KINDS || d->block > 128 ||
        d->multiple > 128 || d->byte_limit > UINT16_MAX) {
        return emu_fail(errp, EMU_ERROR_CORRUPT, "%s: impossible state",
                        dev->class->name);
    }
    if (d->write_cache_known) {
        blk_set_write_cache(d->blk, d->write_cache);
    }
    return true;
}

static void drive_describe(Device *dev, GString *out)
{
    const IdeDrive *d = drive_from(dev);

    g_string_append_printf(out, "unit %u, %" PRIu64 " sectors", d->unit,
                           ide_drive_sectors(d));
}

static const StateField ide_regs_state[] = {
    STATE_U8(IdeRegs, feature), STATE_U8(IdeRegs, count),
    STATE_U8(IdeRegs, low),     STATE_U8(IdeRegs, mid),
    STATE_U8(IdeRegs, high),    {},
};

static const StateField ide_drive_state[] = {
    STATE_STRUCT(IdeDrive, regs, ide_regs_state),
    STATE_STRUCT(IdeDrive, hob, ide_regs_state),
    STATE_U8(IdeDrive, select),
    STATE_U8(IdeDrive, status),
    STATE_U8(IdeDrive, error),
    STATE_U8(IdeDrive, command),
    STATE_U8(IdeDrive, log_heads),
    STATE_U8(IdeDrive, log_sectors),
    STATE_U8(IdeDrive, multiple),
    STATE_U8(IdeDrive, dma_mode),
    STATE_BOOL(IdeDrive, smart_on),
    STATE_BOOL(IdeDrive, write_cache_known),
    STATE_BOOL(IdeDrive, write_cache),
    STATE_U64(IdeDrive, lba),
    STATE_U32(IdeDrive, left),
    STATE_U8(IdeDrive, block),
    STATE_BOOL(IdeDrive, lba48),
    STATE_BOOL(IdeDrive, fua),
    STATE_U8(IdeDrive, after),
    STATE_U8(IdeDrive, dma),
    STATE_U32(IdeDrive, data_pos),
    STATE_U32(IdeDrive, data_end),
    STATE_BYTES(IdeDrive, buffer, IDE_BUFFER),
    STATE_BYTES(IdeDrive, packet, 12),
    STATE_U8(IdeDrive, sense_key),
    STATE_U8(IdeDrive, asc),
    STATE_U8(IdeDrive, ascq),
    STATE_BOOL(IdeDrive, tray_open),
    STATE_BOOL(IdeDrive, tray_locked),
    STATE_BOOL(IdeDrive, event_new_media),
    STATE_BOOL(IdeDrive, event_eject),
    STATE_BOOL(IdeDrive, changed),
    STATE_BOOL(IdeDrive, packet_dma),
    STATE_U32(IdeDrive, reply_pos),
    STATE_U32(IdeDrive, reply_end),
    STATE_U32(IdeDrive, byte_limit),
    STATE_BOOL(IdeDrive, cd_raw),
    {},
};

#define DRIVE_COMMON_PROPS                                                     \
    DEFINE_PROP_DRIVE("drive", IdeDrive, blk, "back end of the data"),         \
        DEFINE_PROP_U32("unit", IdeDrive, unit, UINT32_MAX, 0, UINT32_MAX,     \
                        "0: master, 1: slave; default: the first free"),       \
        DEFINE_PROP_STRING("serial", IdeDrive, serial, NULL,                   \
                           "serial number, 20 characters"),                    \
        DEFINE_PROP_STRING("model", IdeDrive, model, NULL,                     \
                           "model name, 40 characters"),                       \
        DEFINE_PROP_STRING("ver", IdeDrive, version, NULL,                     \
                           "firmware version, 8 characters"),                  \
        DRIVE_POLICY_PROPS(IdeDrive, policy),                                  \
        DEFINE_PROP_BOOTINDEX(IdeDrive, bootindex)

static const Property ide_hd_props[] = {
    DRIVE_COMMON_PROPS,
    DEFINE_PROP_U32("cyls", IdeDrive, cylinders, 0, 0, 65535, "cylinders"),
    DEFINE_PROP_U32("heads", IdeDrive, heads, 0, 0, 16, "heads"),
    DEFINE_PROP_U32("secs", IdeDrive, sectors, 0, 0, 255, "sectors of a track"),
    DEFINE_PROP_U32("rotation_rate", IdeDrive, rotation_rate, 0, 0, 65535,
                    "turns a minute; 1: solid state, 0: not told"),
    {},
};

static const Property ide_cd_props[] = {
    DRIVE_COMMON_PROPS,
    {},
};

const DeviceClass ide_hd_class = {
    .name = "ide-hd",
    .summary = "ATA disk",
    .bus = BUS_IDE,
    .size = sizeof(IdeDrive),
    .props = ide_hd_props,
    .state = ide_drive_state,
    .realize = drive_hd_realize,
    .unrealize = drive_unrealize,
    .reset = drive_reset,
    .loaded = drive_loaded,
    .describe = drive_describe,
};

const DeviceClass ide_cd_class = {
    .name = "ide-cd",
    .summary = "ATAPI CD-ROM",
    .bus = BUS_IDE,
    .size = sizeof(IdeDrive),
    .props = ide_cd_props,
    .state = ide_drive_state,
    .realize = drive_cd_realize,
    .unrealize = drive_unrealize,
    .reset = drive_reset,
    .loaded = drive_loaded,
    .describe = drive_describe,
};
