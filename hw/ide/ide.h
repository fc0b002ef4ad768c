/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA and ATAPI drives on a channel of two. The channel decodes the registers
 * and moves data through port 0 of the command block; the drives execute
 * commands; the controller around it (piix.c) lends a bus-master DMA engine
 * and the lock that guards channel and drives. ATA/ATAPI-6 (T13/1410D).
 *
 * A drive has at most one request to its back end in flight, into memory of
 * the request's own, so a reset only has to wait for its end (BSY stays set).
 */
#ifndef HW_IDE_IDE_H
#define HW_IDE_IDE_H

#include "block/block.h"
#include "hw/core/device.h"
#include "hw/core/drive.h"

typedef struct IdeChannel IdeChannel;
typedef struct IdeDrive IdeDrive;
typedef struct IdeRequest IdeRequest;

enum { IDE_SECTOR = 512, IDE_CD_SECTOR = 2048, IDE_BUFFER = 65536 };

enum { /* status register, 7.15 */
       IDE_ERR = 0x01,
       IDE_DRQ = 0x08,
       IDE_DSC = 0x10, /* seek complete */
       IDE_DF = 0x20,
       IDE_DRDY = 0x40,
       IDE_BSY = 0x80,
};

enum { /* error register, 7.9 */
       IDE_ERROR_ABRT = 0x04,
       IDE_ERROR_IDNF = 0x10,
       IDE_ERROR_UNC = 0x40,
};

enum { /* device and device control registers */
       IDE_SELECT_DEV1 = 0x10,
       IDE_SELECT_LBA = 0x40,
       IDE_SELECT_ONES = 0xa0,
       IDE_CONTROL_NIEN = 0x02,
       IDE_CONTROL_SRST = 0x04,
       IDE_CONTROL_HOB = 0x80,
};

enum { /* interrupt reason of packet commands: the sector count register */
       IDE_REASON_CD = 0x01,
       IDE_REASON_IO = 0x02,
};

/* What the controller's DMA engine does for a drive. All with the lock held. */
typedef struct IdeDmaOps {
    bool (*active)(void *opaque); /* the guest has started it */
    /* Bytes the engine's list still covers, at most max. */
    size_t (*room)(void *opaque, size_t max);
    /* Move bytes between buf and the list; false: not memory. */
    bool (*move)(void *opaque, void *buf, size_t len, bool to_memory);
    void (*finish)(void *opaque, bool error);
} IdeDmaOps;

struct IdeChannel {
    Bus bus;

    /* Wiring, by the controller. */
    GMutex *lock; /* guards channel and drives */
    IrqLine irq;
    const IdeDmaOps *dma;
    void *dma_opaque;
    unsigned number; /* 0: primary */
    MemoryRegion command_io, control_io;
    IdeDrive *drives[2];

    /* Guest-visible state: in ide_channel_state. */
    uint8_t unit; /* selected drive */
    uint8_t control;
    bool irq_pending;
};

extern const StateField ide_channel_state[];
extern const BusClass ide_bus_class;

/* lock, number, dma and irq are set before. */
void ide_channel_init(IdeChannel *c, const char *name, Device *owner);
void ide_channel_clear(IdeChannel *c);
void ide_channel_reset(IdeChannel *c); /* power-on; drives reset themselves */
/* The guest started the DMA engine. */
void ide_channel_dma_started(IdeChannel *c);

/* What happens when the data port has moved all of the buffer. */
typedef enum IdeAfter {
    IDE_AFTER_NOTHING,
    IDE_AFTER_DONE, /* command complete, no interrupt */
    IDE_AFTER_ATA_READ,
    IDE_AFTER_ATA_WRITE,
    IDE_AFTER_PACKET, /* a command packet is in */
    IDE_AFTER_REPLY,  /* a piece of a packet's reply was read */
    IDE_AFTERS,
} IdeAfter;

/* A command that waits for the DMA engine. */
typedef enum IdeDmaKind {
    IDE_DMA_NONE,
    IDE_DMA_READ,
    IDE_DMA_WRITE,
    IDE_DMA_TRIM,
    IDE_DMA_REPLY, /* of a packet command, from the buffer */
    IDE_DMA_CD,    /* of a packet command, from the disc */
    IDE_DMA_KINDS,
} IdeDmaKind;

typedef struct IdeRegs {
    uint8_t feature, count, low, mid, high;
} IdeRegs;

struct IdeDrive {
    Device parent;

    /* Wiring and properties: fixed once realized. */
    BlockBackend *blk;
    IdeChannel *channel;
    uint32_t unit; /* 0, 1; above: the first that is free */
    char *serial, *model, *version;
    uint32_t cylinders, heads, sectors; /* physical geometry */
    uint32_t rotation_rate;
    DrivePolicy policy;
    int32_t bootindex;
    bool is_cd;

    /* Not saved: requests are drained before. */
    IdeRequest *request; /* in flight */
    bool reset_waits;    /* finish the reset when it is done */

    /* Guest-visible state: in ide_drive_state. */
    IdeRegs regs, hob; /* present and previous content */
    uint8_t select, status, error, command;
    uint8_t log_heads, log_sectors; /* INITIALIZE DEVICE PARAMETERS */
    uint8_t multiple;               /* sectors a block; 0: off */
    uint8_t dma_mode;               /* as SET FEATURES gave it */
    bool smart_on, write_cache_known, write_cache;
    uint64_t lba; /* running command: what comes next */
    uint32_t left;
    uint8_t block; /* sectors per interrupt */
    bool lba48, fua;
    uint8_t after; /* IdeAfter */
    uint8_t dma;   /* IdeDmaKind */
    uint32_t data_pos, data_end;
    uint8_t buffer[IDE_BUFFER];

    /* ATAPI. */
    uint8_t packet[12];
    uint8_t sense_key, asc, ascq;
    bool tray_open, tray_locked;
    bool event_new_media, event_eject;
    bool changed; /* a unit attention is due */
    bool packet_dma;
    uint32_t reply_pos, reply_end; /* in buffer */
    uint32_t byte_limit;           /* of one piece at the data port */
    bool cd_raw;                   /* READ CD: whole frames */
};

extern const DeviceClass ide_hd_class, ide_cd_class;

/* ---- core (drive.c) ----------------------------------------------------- */

struct IdeRequest {
    IdeDrive *drive;
    uint8_t *buf;
    size_t len;
    struct iovec iov;
    void (*done)(IdeDrive *d, IdeRequest *r, int ret);
};

/* Start a request; done runs with the lock held, unless a reset came. buf
 * (may be NULL) is freed after it. */
void ide_submit(IdeDrive *d, BlockOp op, uint64_t off, size_t len, uint8_t *buf,
                unsigned flags,
                void (*done)(IdeDrive *d, IdeRequest *r, int ret));
void ide_drive_reset_registers(IdeDrive *d); /* soft or power-on reset */
void ide_set_signature(IdeDrive *d);
uint64_t ide_drive_sectors(const IdeDrive *d); /* of 512 bytes */

void ide_raise(IdeDrive *d); /* interrupt */
void ide_done(IdeDrive *d);  /* command complete, interrupt */
void ide_fail(IdeDrive *d, uint8_t error);
void ide_abort(IdeDrive *d);
/* Offer len bytes of d->buffer at the data port. */
void ide_start_data(IdeDrive *d, size_t len, IdeAfter after);
/* The command's data go by DMA from now on. */
void ide_start_dma(IdeDrive *d, IdeDmaKind kind);
/* The engine runs: a step of the waiting command. */
void ide_dma_step(IdeDrive *d);

/* ---- commands ----------------------------------------------------------- */

void ide_execute(IdeDrive *d, uint8_t command);
/* The data port has moved the whole buffer. */
void ide_data_end(IdeDrive *d);

void ata_read_next(IdeDrive *d);
void ata_write_next(IdeDrive *d);
void ata_dma_step(IdeDrive *d);
void ata_identify(const IdeDrive *d, uint8_t *out);

void atapi_identify(const IdeDrive *d, uint8_t *out);
void atapi_start(IdeDrive *d); /* PACKET */
void atapi_packet(IdeDrive *d);
void atapi_reply_next(IdeDrive *d);
void atapi_dma_step(IdeDrive *d);
extern const BlockDeviceOps atapi_device_ops;
/* Put text into a field of an identify block, bytes swapped in pairs. */
void ide_put_text(uint8_t *out, const char *text, size_t len);
void ide_put16(uint8_t *words, unsigned index, uint16_t value);

#endif
