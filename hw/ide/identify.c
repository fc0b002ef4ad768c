/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What drives say of themselves: ATA/ATAPI-6 8.15, 8.16, word by word. */
#include "hw/ide/ide.h"

#include <string.h>

void ide_put16(uint8_t *words, unsigned index, uint16_t value)
{
    words[index * 2] = value;
    words[index * 2 + 1] = value >> 8;
}

void ide_put_text(uint8_t *out, const char *text, size_t len)
{
    size_t n = strnlen(text ? text : "", len);

    for (size_t i = 0; i < len; i++) {
        out[i ^ 1] = i < n ? text[i] : ' ';
    }
}

static void identify_texts(const IdeDrive *d, uint8_t *w)
{
    ide_put_text(w + 10 * 2, d->serial, 20);
    ide_put_text(w + 23 * 2, d->version, 8);
    ide_put_text(w + 27 * 2, d->model, 40);
    ide_put16(w, 20, 3);   /* dual-ported buffer */
    ide_put16(w, 21, 512); /* of so many sectors */
    ide_put16(w, 22, 4);   /* ECC bytes */
}

static void identify_geometry(const IdeDrive *d, uint8_t *w)
{
    uint64_t sectors = ide_drive_sectors(d);
    unsigned heads = MAX(d->log_heads, 1), track = MAX(d->log_sectors, 1);
    uint64_t cylinders = MIN(sectors / (heads * track), 65535);
    uint32_t chs = cylinders * heads * track;

    ide_put16(w, 1, d->cylinders);
    ide_put16(w, 3, d->heads);
    ide_put16(w, 4, IDE_SECTOR * d->sectors);
    ide_put16(w, 5, IDE_SECTOR);
    ide_put16(w, 6, d->sectors);
    ide_put16(w, 54, cylinders);
    ide_put16(w, 55, heads);
    ide_put16(w, 56, track);
    ide_put16(w, 57, chs);
    ide_put16(w, 58, chs >> 16);
    uint32_t lba28 = MIN(sectors, 0xfffffff);
    ide_put16(w, 60, lba28);
    ide_put16(w, 61, lba28 >> 16);
    for (unsigned i = 0; i < 4; i++) {
        ide_put16(w, 100 + i, sectors >> (16 * i));
    }
}

/* A mode that was chosen is marked in the high byte. */
static void identify_dma(const IdeDrive *d, uint8_t *w)
{
    unsigned chosen = d->dma_mode ? 0x100u << (d->dma_mode & 7) : 0;

    ide_put16(w, 62, 0x07 | (d->dma_mode >> 3 == 2 ? chosen : 0));
    ide_put16(w, 63, 0x07 | (d->dma_mode >> 3 == 4 ? chosen : 0));
    ide_put16(w, 64, 0x03); /* PIO 3 and 4 */
    for (unsigned i = 65; i <= 68; i++) {
        ide_put16(w, i, 120); /* ns a cycle */
    }
    ide_put16(w, 88, 0x3f | (d->dma_mode >> 3 == 8 ? chosen : 0));
}

static void identify_features(const IdeDrive *d, uint8_t *w)
{
    bool cache = blk_write_cache(d->blk);

    ide_put16(w, 80, 0xf0); /* ATA-4 to ATA-7 */
    ide_put16(w, 81, 0x16);
    /* NOP, write cache, SMART | 48 bits, flush | one: set as the words say */
    ide_put16(w, 82, 1 << 14 | 1 << 5 | 1);
    ide_put16(w, 83, 1 << 14 | 1 << 13 | 1 << 12 | 1 << 10);
    ide_put16(w, 84, 1 << 14);
    ide_put16(w, 85, 1 << 14 | cache << 5 | d->smart_on);
    ide_put16(w, 86, 1 << 13 | 1 << 12 | 1 << 10);
    ide_put16(w, 87, 1 << 14);
    ide_put16(w, 93, 1 | 1 << 14 | 0x2000); /* 80-wire cable */
    ide_put16(w, 106, 0x6000);              /* 512-byte sectors */
    if (blk_discard_enabled(d->blk)) {
        ide_put16(w, 69, 1 << 14); /* trimmed sectors are deterministic */
        ide_put16(w, 105, IDE_BUFFER / IDE_SECTOR);
        ide_put16(w, 169, 1);
    }
    ide_put16(w, 217, d->rotation_rate);
}

void ata_identify(const IdeDrive *d, uint8_t *w)
{
    ide_put16(w, 0, 0x0040); /* fixed disk */
    identify_texts(d, w);
    identify_geometry(d, w);
    identify_dma(d, w);
    ide_put16(w, 47, 0x8000 | 16);               /* sectors of READ MULTIPLE */
    ide_put16(w, 48, 1);                         /* 32-bit data port */
    ide_put16(w, 49, 1 << 11 | 1 << 9 | 1 << 8); /* IORDY, LBA, DMA */
    ide_put16(w, 51, 0x200);
    ide_put16(w, 52, 0x200);
    ide_put16(w, 53, 7); /* words 54-58, 64-70, 88 are valid */
    ide_put16(w, 59, d->multiple ? 0x100 | d->multiple : 0);
    identify_features(d, w);
}

void atapi_identify(const IdeDrive *d, uint8_t *w)
{
    ide_put16(w, 0, 2 << 14 | 5 << 8 | 1 << 7 | 2 << 5); /* removable CD-ROM */
    identify_texts(d, w);
    identify_dma(d, w);
    ide_put16(w, 48, 1);
    ide_put16(w, 49, 1 << 9 | 1 << 8);
    ide_put16(w, 53, 7);
    ide_put16(w, 71, 30); /* ns from packet to bus release */
    ide_put16(w, 72, 30);
    ide_put16(w, 80, 0x1e);
    ide_put16(w, 82, 1 << 14 | 1 << 9 | 1 << 4); /* NOP, reset, packet */
    ide_put16(w, 83, 1 << 14);
    ide_put16(w, 84, 1 << 14);
    ide_put16(w, 85, 1 << 14 | 1 << 9 | 1 << 4);
    ide_put16(w, 87, 1 << 14);
}
