/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -drive and -blockdev: which image, opened how, at which place. Parsing only
 * checks; opening comes when the machine is built.
 */
#ifndef SYSTEM_DRIVE_H
#define SYSTEM_DRIVE_H

#include "block/block.h"
#include "hw/core/board.h"
#include "util/keyval.h"

typedef struct DriveConfig {
    char *text;      /* "-drive file=..." as written, for errors */
    char *id;        /* NULL until drive_place() */
    bool default_if; /* no if=: the board's default */
    BoardDriveIf interface;
    int index, bus, unit; /* -1: not given */
    bool cdrom;
    bool media_given;
    char *filename, *format; /* NULL: empty drive; probe */
    char *serial;
    BlockOpenOptions open; /* filename and format are filled when opened */
    BlockErrorPolicy on_read, on_write;
} DriveConfig;

/* A -blockdev: a named node, reached by drive=NAME of a device. */
typedef struct BlockNodeConfig {
    char *text;
    char *name;     /* node-name= */
    char *driver;   /* format, or "file" */
    char *filename; /* own or of the file below; NULL if file= names a node */
    char *file_node;
    BlockOpenOptions open;
} BlockNodeConfig;

DriveConfig *drive_config_parse(const char *text, GError **errp);
/* The short options: -hda FILE (index 0) ... -cdrom FILE; option is for
 * messages. */
DriveConfig *drive_config_new(const char *option, const char *filename,
                              int index, bool cdrom);
void drive_config_free(DriveConfig *drive);
BlockNodeConfig *block_node_config_parse(const char *text, GError **errp);
void block_node_config_free(BlockNodeConfig *node);
extern const KeyValKey drive_keys[];

/* Choose bus, unit and id of every drive; two at one place are an error. */
bool drive_place(GPtrArray *drives, BoardDriveIf default_if, GError **errp);
const char *drive_interface_name(BoardDriveIf interface);

/* Open the image (snapshot: into a temporary overlay in any case). */
BlockBackend *drive_open(const DriveConfig *drive, bool snapshot,
                         GError **errp);
/* nodes: all of them, for file=NAME. */
BlockBackend *block_node_open(const BlockNodeConfig *node, GPtrArray *nodes,
                              bool snapshot, GError **errp);

#endif
