/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATAPI CD-ROM: packets in, replies and sectors out, by PIO in pieces or by
 * DMA. One track of data; no audio, no writing. MMC-3 (T10/1363-D), SPC-2,
 * ATA/ATAPI-6 8.23 and 9.8. One table row per opcode.
 */
#include "hw/ide/ide.h"

#include <errno.h>
#include <string.h>

enum {
    ATAPI_FETCH = 27, /* sectors of one request; raw frames fit the buffer */
    CD_FRAME = 2352,
    CD_FRAME_HEAD = 16, /* sync pattern and header before the data */
    CD_MAX_SECTORS = 80 * 60 * 75,
    CD_FIRST_MSF = 150, /* frames before sector 0 */
};

enum { /* sense keys */
       SENSE_NONE = 0,
       SENSE_NOT_READY = 2,
       SENSE_MEDIUM_ERROR = 3,
       SENSE_ILLEGAL_REQUEST = 5,
       SENSE_UNIT_ATTENTION = 6,
};

enum { /* additional sense codes */
       ASC_INVALID_OPCODE = 0x20,
       ASC_LBA_OUT_OF_RANGE = 0x21,
       ASC_INVALID_FIELD = 0x24,
       ASC_MEDIUM_CHANGED = 0x28,
       ASC_NO_MEDIUM = 0x3a,
       ASC_REMOVAL_PREVENTED = 0x53,
       ASC_UNRECOVERED_READ = 0x11,
};

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = v >> 8;
    p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static uint32_t get16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) << 16 | get16(p + 2);
}

static bool atapi_has_medium(const IdeDrive *d)
{
    return !d->tray_open && blk_size(d->blk) >= IDE_CD_SECTOR;
}

static uint64_t atapi_sectors(const IdeDrive *d)
{
    return MIN(blk_size(d->blk) / IDE_CD_SECTOR, UINT32_MAX);
}

/* ---- How packets end ---------------------------------------------------- */

static void atapi_finish(IdeDrive *d, uint8_t status)
{
    d->status = status;
    d->regs.count = (d->regs.count & ~7) | IDE_REASON_IO | IDE_REASON_CD;
    d->after = IDE_AFTER_NOTHING;
    d->dma = IDE_DMA_NONE;
    d->left = 0;
    d->data_pos = d->data_end = d->reply_pos = d->reply_end = 0;
    ide_raise(d);
}

static void atapi_ok(IdeDrive *d)
{
    d->error = 0;
    d->sense_key = d->asc = d->ascq = 0;
    atapi_finish(d, IDE_DRDY | IDE_DSC);
}

static void atapi_fail(IdeDrive *d, uint8_t key, uint8_t asc, uint8_t ascq)
{
    trace(atapi_fail, "packet %02x sense %x %02x", d->packet[0], key, asc);
    d->error = key << 4;
    d->sense_key = key;
    d->asc = asc;
    d->ascq = ascq;
    atapi_finish(d, IDE_DRDY | IDE_ERR);
}

static void atapi_invalid_field(IdeDrive *d)
{
    atapi_fail(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
}

/* The tray tells why there is no medium. */
static void atapi_no_medium(IdeDrive *d)
{
    atapi_fail(d, SENSE_NOT_READY, ASC_NO_MEDIUM, d->tray_open ? 2 : 1);
}

/* ---- Replies ------------------------------------------------------------ */

static void atapi_read_more(IdeDrive *d);

/* The next piece for the data port: at most what the host asked for, even
 * unless it is the last. */
static uint32_t atapi_piece(const IdeDrive *d)
{
    uint32_t left = d->reply_end - d->reply_pos;
    uint32_t limit = d->byte_limit;

    limit = limit == 0 || limit == 0xffff ? 0xfffe : limit;
    return left <= limit ? left : MAX(limit & ~1u, 2);
}

void atapi_reply_next(IdeDrive *d)
{
    if (d->reply_pos == d->reply_end) {
        if (d->left) {
            atapi_read_more(d);
        } else {
            atapi_ok(d);
        }
        return;
    }
    uint32_t n = atapi_piece(d);
    d->data_pos = d->reply_pos;
    d->data_end = d->reply_pos + n;
    d->reply_pos += n;
    d->after = IDE_AFTER_REPLY;
    d->regs.mid = n;
    d->regs.high = n >> 8;
    d->regs.count = (d->regs.count & ~7) | IDE_REASON_IO;
    d->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
    ide_raise(d);
}

/* len bytes of the buffer, as far as the host wants them. */
static void atapi_reply(IdeDrive *d, uint32_t len, uint32_t wanted)
{
    len = MIN(len, wanted);
    d->left = 0;
    d->reply_pos = 0;
    d->reply_end = len;
    if (!len) {
        atapi_ok(d);
    } else if (d->packet_dma) {
        d->regs.count = (d->regs.count & ~7) | IDE_REASON_IO;
        ide_start_dma(d, IDE_DMA_REPLY);
    } else {
        d->data_end = 0;
        atapi_reply_next(d);
    }
}

static void atapi_dma_end(IdeDrive *d)
{
    d->channel->dma->finish(d->channel->dma_opaque, false);
    atapi_ok(d);
}

static void atapi_dma_failed(IdeDrive *d)
{
    d->channel->dma->finish(d->channel->dma_opaque, true);
    atapi_fail(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
}

/* Move what is in the buffer; false: the command has failed. */
static bool atapi_dma_move(IdeDrive *d)
{
    const IdeChannel *c = d->channel;
    size_t len = d->reply_end - d->reply_pos;
    size_t room = c->dma->room(c->dma_opaque, len);

    /* A list that is shorter than the reply takes what it can. */
    len = d->dma == IDE_DMA_REPLY ? MIN(len, room) : len;
    if (len > room ||
        !c->dma->move(c->dma_opaque, d->buffer + d->reply_pos, len, true)) {
        atapi_dma_failed(d);
        return false;
    }
    d->reply_pos = d->reply_end;
    return true;
}

void atapi_dma_step(IdeDrive *d)
{
    if (d->reply_pos < d->reply_end && !atapi_dma_move(d)) {
        return;
    }
    if (d->left) {
        atapi_read_more(d);
    } else {
        atapi_dma_end(d);
    }
}

/* ---- Reading sectors ---------------------------------------------------- */

static uint8_t atapi_bcd(unsigned n)
{
    return n / 10 % 10 << 4 | n % 10;
}

/* A mode 1 frame around 2048 bytes; its check bytes are not computed. */
static void atapi_build_frame(uint8_t *frame, const uint8_t *data, uint64_t lba)
{
    uint64_t msf = lba + CD_FIRST_MSF;

    memset(frame, 0, CD_FRAME);
    memset(frame + 1, 0xff, 10);
    frame[12] = atapi_bcd(msf / 75 / 60);
    frame[13] = atapi_bcd(msf / 75 % 60);
    frame[14] = atapi_bcd(msf % 75);
    frame[15] = 1;
    memcpy(frame + CD_FRAME_HEAD, data, IDE_CD_SECTOR);
}

static void atapi_fill(IdeDrive *d, const uint8_t *data, uint32_t sectors)
{
    uint32_t unit = d->cd_raw ? CD_FRAME : IDE_CD_SECTOR;

    for (uint32_t i = 0; i < sectors; i++) {
        const uint8_t *from = data + i * IDE_CD_SECTOR;
        if (d->cd_raw) {
            atapi_build_frame(d->buffer + i * unit, from, d->lba + i);
        } else {
            memcpy(d->buffer + i * unit, from, unit);
        }
    }
    d->reply_pos = 0;
    d->reply_end = sectors * unit;
    d->lba += sectors;
    d->left -= MIN(d->left, sectors);
}

static void atapi_read_done(IdeDrive *d, IdeRequest *r, int ret)
{
    const IdeChannel *c = d->channel;

    if (ret && d->packet_dma) {
        c->dma->finish(c->dma_opaque, true);
    }
    if (ret == -ENOMEDIUM) {
        atapi_no_medium(d);
    } else if (ret) {
        atapi_fail(d, SENSE_MEDIUM_ERROR, ASC_UNRECOVERED_READ, 0);
    } else {
        atapi_fill(d, r->buf, r->len / IDE_CD_SECTOR);
        if (!d->packet_dma) {
            atapi_reply_next(d);
        } else if (c->dma->active(c->dma_opaque)) {
            atapi_dma_step(d);
        }
    }
}

static void atapi_read_more(IdeDrive *d)
{
    uint32_t n = MIN(d->left, ATAPI_FETCH);

    if (!d->packet_dma) {
        d->status = IDE_BSY | IDE_DSC;
    }
    ide_submit(d, BLOCK_READ, d->lba * IDE_CD_SECTOR, (size_t)n * IDE_CD_SECTOR,
               g_malloc(n * IDE_CD_SECTOR), 0, atapi_read_done);
}

static void atapi_read(IdeDrive *d, uint32_t lba, uint32_t sectors, bool raw)
{
    uint64_t total = atapi_sectors(d);

    if (!sectors) {
        atapi_ok(d);
        return;
    }
    if (lba >= total || sectors > total - lba) {
        atapi_fail(d, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE, 0);
        return;
    }
    d->lba = lba;
    d->left = sectors;
    d->cd_raw = raw;
    d->reply_pos = d->reply_end = 0;
    if (d->packet_dma) {
        d->regs.count = (d->regs.count & ~7) | IDE_REASON_IO;
        ide_start_dma(d, IDE_DMA_CD);
    } else {
        atapi_read_more(d);
    }
}

static void atapi_read_10(IdeDrive *d)
{
    atapi_read(d, get32(d->packet + 2), get16(d->packet + 7), false);
}

static void atapi_read_12(IdeDrive *d)
{
    atapi_read(d, get32(d->packet + 2), get32(d->packet + 6), false);
}

/* MMC-3 6.20: only the data, or the whole frame. */
static void atapi_read_cd(IdeDrive *d)
{
    uint32_t sectors = d->packet[6] << 16 | get16(d->packet + 7);
    uint8_t what = d->packet[9] & 0xf8;

    if (!what) {
        atapi_ok(d);
    } else if (what == 0x10 || what == 0xf8) {
        atapi_read(d, get32(d->packet + 2), sectors, what == 0xf8);
    } else {
        atapi_invalid_field(d);
    }
}

/* ---- Medium and tray ---------------------------------------------------- */

static void atapi_test_unit_ready(IdeDrive *d)
{
    atapi_ok(d);
}

static void atapi_seek(IdeDrive *d)
{
    if (get32(d->packet + 2) >= atapi_sectors(d)) {
        atapi_fail(d, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE, 0);
        return;
    }
    atapi_ok(d);
}

static void atapi_start_stop(IdeDrive *d)
{
    bool load = d->packet[4] & 1, eject = d->packet[4] & 2;

    if (d->packet[4] & 0xf0) { /* power condition: no effect */
        atapi_ok(d);
        return;
    }
    if (eject && !load && !d->tray_open && d->tray_locked) {
        atapi_fail(d, SENSE_NOT_READY, ASC_REMOVAL_PREVENTED, 2);
        return;
    }
    if (eject) {
        d->event_new_media |= load && d->tray_open;
        d->changed |= load && d->tray_open;
        d->tray_open = !load;
    }
    atapi_ok(d);
}

static void atapi_prevent_removal(IdeDrive *d)
{
    d->tray_locked = d->packet[4] & 1;
    atapi_ok(d);
}

static void atapi_read_capacity(IdeDrive *d)
{
    put32(d->buffer, atapi_sectors(d) - 1);
    put32(d->buffer + 4, IDE_CD_SECTOR);
    atapi_reply(d, 8, 8);
}

/* ---- Inquiry, sense, modes ---------------------------------------------- */

static void atapi_pad(uint8_t *out, const char *text, size_t len)
{
    size_t n = strnlen(text, len);

    memset(out, ' ', len);
    memcpy(out, text, n);
}

static uint32_t atapi_inquiry_page(IdeDrive *d, uint8_t *b)
{
    b[0] = 0x05;
    b[1] = d->packet[2];
    switch (d->packet[2]) {
    case 0x00: /* supported pages */
        b[3] = 2;
        b[5] = 0x83;
        return 6;
    case 0x83: /* identification: the serial number, ASCII, vendor's own */
        b[3] = 4 + 20;
        b[4] = 2;
        b[7] = 20;
        atapi_pad(b + 8, d->serial, 20);
        return 28;
    default:
        return 0;
    }
}

static void atapi_inquiry(IdeDrive *d)
{
    uint8_t *b = d->buffer;
    uint32_t wanted = get16(d->packet + 3), len = 36;

    memset(b, 0, 64);
    if (d->packet[1] & 1) {
        len = atapi_inquiry_page(d, b);
        if (!len) {
            atapi_invalid_field(d);
            return;
        }
    } else {
        b[0] = 0x05; /* CD-ROM */
        b[1] = 0x80; /* removable */
        b[3] = 0x21; /* ATAPI-2 reply */
        b[4] = 31;
        atapi_pad(b + 8, "QEMU", 8);
        atapi_pad(b + 16, d->model, 16);
        atapi_pad(b + 32, d->version, 4);
    }
    atapi_reply(d, len, wanted);
}

static void atapi_request_sense(IdeDrive *d)
{
    uint8_t *b = d->buffer;

    memset(b, 0, 18);
    b[0] = 0x70 | 0x80;
    b[2] = d->sense_key;
    b[7] = 10;
    b[12] = d->asc;
    b[13] = d->ascq;
    atapi_reply(d, 18, d->packet[4]);
}

/* MMC-3 5.5.3: read-error recovery, audio, capabilities. */
static uint32_t atapi_mode_page(const IdeDrive *d, uint8_t page, uint8_t *p)
{
    switch (page) {
    case 0x01:
        p[0] = 0x01;
        p[1] = 6;
        p[3] = 5; /* retries */
        return 8;
    case 0x0e:
        p[0] = 0x0e;
        p[1] = 14;
        return 16;
    case 0x2a:
        p[0] = 0x2a;
        p[1] = 18;
        p[2] = 0x3b;                       /* reads CD-R, CD-RW, DVD */
        p[4] = 0x70;                       /* mode 2 forms, multi-session */
        p[6] = 0x29 | d->tray_locked << 1; /* tray, lockable, eject */
        put16(p + 8, 706);                 /* KB/s, 4x */
        put16(p + 10, 2);                  /* volume levels */
        put16(p + 12, 512);                /* buffer, KB */
        put16(p + 14, 706);
        return 20;
    default:
        return 0;
    }
}

static uint32_t atapi_mode_pages(const IdeDrive *d, uint8_t page, uint8_t *p)
{
    static const uint8_t all[] = { 0x01, 0x0e, 0x2a };
    uint32_t len = 0;

    if (page != 0x3f) {
        return atapi_mode_page(d, page, p);
    }
    for (size_t i = 0; i < sizeof(all); i++) {
        len += atapi_mode_page(d, all[i], p + len);
    }
    return len;
}

static void atapi_mode_sense(IdeDrive *d)
{
    bool ten = d->packet[0] == 0x5a;
    uint8_t page = d->packet[2] & 0x3f, control = d->packet[2] >> 6;
    uint32_t head = ten ? 8 : 4;

    memset(d->buffer, 0, 128);
    uint32_t len = atapi_mode_pages(d, page, d->buffer + head);
    if (!len || control == 3) { /* saved values: none */
        atapi_fail(d, SENSE_ILLEGAL_REQUEST,
                   control == 3 ? 0x39 : ASC_INVALID_FIELD, 0);
        return;
    }
    uint8_t medium = !atapi_has_medium(d) ? 0x70 : 0x01; /* data disc */
    len += head;
    if (ten) {
        put16(d->buffer, len - 2);
        d->buffer[2] = medium;
    } else {
        d->buffer[0] = len - 1;
        d->buffer[1] = medium;
    }
    atapi_reply(d, len, ten ? get16(d->packet + 7) : d->packet[4]);
}

/* ---- What kind of drive and disc ---------------------------------------- */

/* MMC-3 5.2; a disc larger than a CD is a DVD. */
static void atapi_get_configuration(IdeDrive *d)
{
    uint8_t *b = d->buffer;
    bool medium = atapi_has_medium(d);
    bool dvd = medium && atapi_sectors(d) > CD_MAX_SECTORS;
    bool cd = medium && !dvd;

    if (get16(d->packet + 2)) { /* from a feature beyond what we list */
        atapi_invalid_field(d);
        return;
    }
    memset(b, 0, 40);
    put16(b + 6, dvd ? 0x10 : cd ? 0x08 : 0);
    put16(b + 8, 0); /* profile list */
    b[10] = 0x03;
    b[11] = 8;
    put16(b + 12, 0x10);
    b[14] = dvd;
    put16(b + 16, 0x08);
    b[18] = cd;
    put16(b + 20, 1); /* core */
    b[22] = 0x0b;
    b[23] = 8;
    put32(b + 24, 2); /* ATAPI */
    b[28] = 1;
    put16(b + 32, 3); /* removable medium */
    b[34] = 0x03;
    b[35] = 4;
    b[36] = 0x39; /* tray, eject, lock */
    put32(b, 36);
    atapi_reply(d, 40, get16(d->packet + 7));
}

static uint8_t atapi_take_event(IdeDrive *d)
{
    uint8_t code = d->event_new_media ? 2 : d->event_eject ? 1 : 0;

    if (code == 2) {
        d->event_new_media = false;
    } else {
        d->event_eject = false;
    }
    return code;
}

/* MMC-3 6.7: media events are all there are. */
static void atapi_get_event_status(IdeDrive *d)
{
    uint8_t *b = d->buffer;
    uint32_t len = 4;

    if (!(d->packet[1] & 1)) { /* only polling */
        atapi_invalid_field(d);
        return;
    }
    memset(b, 0, 8);
    b[3] = 0x10;
    if (d->packet[4] & 0x10) {
        b[2] = 4;
        b[4] = atapi_take_event(d);
        b[5] = d->tray_open | atapi_has_medium(d) << 1;
        len = 8;
    } else {
        b[2] = 0x80; /* no such event class */
    }
    put16(b, len - 2);
    atapi_reply(d, len, get16(d->packet + 7));
}

/* ---- Table of contents: one data track ---------------------------------- */

static void atapi_put_address(uint8_t *p, uint64_t lba, bool msf)
{
    uint64_t frames = lba + CD_FIRST_MSF;

    if (!msf) {
        put32(p, lba);
        return;
    }
    p[0] = 0;
    p[1] = frames / 75 / 60;
    p[2] = frames / 75 % 60;
    p[3] = frames % 75;
}

static uint32_t atapi_toc_tracks(const IdeDrive *d, uint8_t *b, bool msf,
                                 uint8_t first)
{
    uint32_t len = 4;

    if (first > 1 && first != 0xaa) {
        return 0;
    }
    b[2] = b[3] = 1; /* first and last track */
    if (first <= 1) {
        b[len + 1] = 0x14; /* data track */
        b[len + 2] = 1;
        atapi_put_address(b + len + 4, 0, msf);
        len += 8;
    }
    b[len + 1] = 0x16; /* lead-out */
    b[len + 2] = 0xaa;
    atapi_put_address(b + len + 4, atapi_sectors(d), msf);
    return len + 8;
}

static uint32_t atapi_toc_sessions(uint8_t *b, bool msf)
{
    b[2] = b[3] = 1;
    b[5] = 0x14;
    b[6] = 1;
    atapi_put_address(b + 8, 0, msf);
    return 12;
}

/* Points A0h, A1h, A2h and the track, MMC-3 table 237. */
static uint32_t atapi_toc_raw(const IdeDrive *d, uint8_t *b)
{
    static const uint8_t points[] = { 0xa0, 0xa1, 0xa2, 0x01 };
    uint8_t *p = b + 4;

    b[2] = b[3] = 1;
    for (size_t i = 0; i < sizeof(points); i++, p += 11) {
        p[0] = 1;
        p[1] = 0x14;
        p[3] = points[i];
        if (points[i] == 0xa0 || points[i] == 0xa1) {
            p[8] = 1;
        } else {
            uint8_t msf[4];
            atapi_put_address(msf, points[i] == 0xa2 ? atapi_sectors(d) : 0,
                              true);
            memcpy(p + 8, msf + 1, 3);
        }
    }
    return p - b;
}

static void atapi_read_toc(IdeDrive *d)
{
    bool msf = d->packet[1] & 2;
    /* Old hosts put the format into the control byte. */
    uint8_t format =
        d->packet[2] & 0xf ? d->packet[2] & 0xf : d->packet[9] >> 6;
    uint32_t len = 0;

    memset(d->buffer, 0, 64);
    switch (format) {
    case 0:
        len = atapi_toc_tracks(d, d->buffer, msf, d->packet[6]);
        break;
    case 1:
        len = atapi_toc_sessions(d->buffer, msf);
        break;
    case 2:
        len = atapi_toc_raw(d, d->buffer);
        break;
    default:
        break;
    }
    if (!len) {
        atapi_invalid_field(d);
        return;
    }
    put16(d->buffer, len - 2);
    atapi_reply(d, len, get16(d->packet + 7));
}

static void atapi_read_disc_information(IdeDrive *d)
{
    memset(d->buffer, 0, 34);
    put16(d->buffer, 32);
    d->buffer[2] = 0x0e; /* complete, last session complete */
    d->buffer[3] = d->buffer[4] = d->buffer[5] = d->buffer[6] = 1;
    d->buffer[7] = 0x20; /* for unrestricted use */
    atapi_reply(d, 34, get16(d->packet + 7));
}

static void atapi_mechanism_status(IdeDrive *d)
{
    memset(d->buffer, 0, 8);
    d->buffer[5] = 1; /* slots */
    atapi_reply(d, 8, get16(d->packet + 8));
}

static void atapi_set_speed(IdeDrive *d)
{
    atapi_ok(d);
}

/* ---- The table ---------------------------------------------------------- */

typedef struct AtapiCommand {
    void (*run)(IdeDrive *d);
    bool needs_medium;
    bool any_time; /* works with a unit attention pending */
} AtapiCommand;

/* clang-format off */
static const AtapiCommand atapi_commands[256] = {
    [0x00] = { atapi_test_unit_ready, true, false },
    [0x03] = { atapi_request_sense, false, true },
    [0x12] = { atapi_inquiry, false, true },
    [0x1a] = { atapi_mode_sense, false, false },
    [0x1b] = { atapi_start_stop, false, false },
    [0x1e] = { atapi_prevent_removal, false, false },
    [0x25] = { atapi_read_capacity, true, false },
    [0x28] = { atapi_read_10, true, false },
    [0x2b] = { atapi_seek, true, false },
    [0x43] = { atapi_read_toc, true, false },
    [0x46] = { atapi_get_configuration, false, true },
    [0x4a] = { atapi_get_event_status, false, true },
    [0x51] = { atapi_read_disc_information, true, false },
    [0x5a] = { atapi_mode_sense, false, false },
    [0xa8] = { atapi_read_12, true, false },
    [0xbb] = { atapi_set_speed, false, false },
    [0xbd] = { atapi_mechanism_status, false, false },
    [0xbe] = { atapi_read_cd, true, false },
};
/* clang-format on */

void atapi_packet(IdeDrive *d)
{
    memcpy(d->packet, d->buffer, sizeof(d->packet));
    const AtapiCommand *c = &atapi_commands[d->packet[0]];
    trace(atapi_packet, "%02x dma %d", d->packet[0], d->packet_dma);
    if (d->changed && !(c->run && c->any_time)) {
        d->changed = false;
        atapi_fail(d, SENSE_UNIT_ATTENTION, ASC_MEDIUM_CHANGED, 0);
    } else if (!c->run) {
        log_unimplemented("ide-cd: packet command %02x\n", d->packet[0]);
        atapi_fail(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE, 0);
    } else if (c->needs_medium && !atapi_has_medium(d)) {
        atapi_no_medium(d);
    } else {
        c->run(d);
    }
}

void atapi_start(IdeDrive *d)
{
    if (d->regs.feature & 2) { /* overlapped */
        ide_abort(d);
        return;
    }
    d->packet_dma = d->regs.feature & 1;
    d->byte_limit = d->regs.high << 8 | d->regs.mid;
    d->regs.count = (d->regs.count & ~7) | IDE_REASON_CD;
    ide_start_data(d, sizeof(d->packet), IDE_AFTER_PACKET);
}

/* ---- The host changes the medium ---------------------------------------- */

static void atapi_media_changed(void *opaque, bool loaded)
{
    IdeDrive *d = opaque;

    g_mutex_lock(d->channel->lock);
    d->tray_open = !loaded;
    d->tray_locked &= loaded;
    d->event_new_media = loaded;
    d->event_eject = !loaded;
    d->changed |= loaded;
    g_mutex_unlock(d->channel->lock);
}

/* MMC-6 6.6.2: told by the next GET EVENT STATUS NOTIFICATION. */
static void atapi_eject_request(void *opaque)
{
    IdeDrive *d = opaque;

    g_mutex_lock(d->channel->lock);
    d->event_eject = true;
    g_mutex_unlock(d->channel->lock);
}

static bool atapi_is_tray_open(void *opaque)
{
    IdeDrive *d = opaque;

    g_mutex_lock(d->channel->lock);
    bool open = d->tray_open;
    g_mutex_unlock(d->channel->lock);
    return open;
}

static bool atapi_is_locked(void *opaque)
{
    IdeDrive *d = opaque;

    g_mutex_lock(d->channel->lock);
    bool locked = d->tray_locked;
    g_mutex_unlock(d->channel->lock);
    return locked;
}

const BlockDeviceOps atapi_device_ops = {
    .media_changed = atapi_media_changed,
    .is_tray_open = atapi_is_tray_open,
    .is_locked = atapi_is_locked,
    .eject_request = atapi_eject_request,
};
