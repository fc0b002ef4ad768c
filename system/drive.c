/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -drive and -blockdev, see drive.h. */
#include "system/drive.h"

#include <string.h>

#include "util/error.h"

/* ---- Tables ------------------------------------------------------------ */

typedef struct DriveInterface {
    const char *name;
    BoardDriveIf interface;
    unsigned units;          /* per bus; 0: one bus, any number */
    const char *unsupported; /* why not, or NULL */
} DriveInterface;

static const DriveInterface drive_interfaces[] = {
    { "none", BOARD_DRIVE_NONE, 0, NULL },
    { "ide", BOARD_DRIVE_IDE, 2, NULL },
    { "virtio", BOARD_DRIVE_VIRTIO, 0, NULL },
    { "scsi", BOARD_DRIVE_SCSI, 7, "SCSI disks are not implemented yet" },
    { "floppy", BOARD_DRIVE_FLOPPY, 2, "floppy disks are not implemented yet" },
    { "pflash", BOARD_DRIVE_NONE, 0, "flash memory is not implemented yet" },
    { "sd", BOARD_DRIVE_NONE, 0, "SD cards are not implemented" },
    { "mtd", BOARD_DRIVE_NONE, 0, "MTD devices are not implemented" },
    { "xen", BOARD_DRIVE_NONE, 0, "Xen disks are not implemented" },
};

typedef struct DriveCacheMode {
    const char *name;
    bool writeback, direct, no_flush;
} DriveCacheMode;

static const DriveCacheMode drive_cache_modes[] = {
    { "writeback", true, false, false },
    { "none", true, true, false },
    { "writethrough", false, false, false },
    { "directsync", false, true, false },
    { "unsafe", true, false, true },
};

typedef struct DriveErrorPolicy {
    const char *name;
    BlockErrorPolicy policy;
} DriveErrorPolicy;

static const DriveErrorPolicy drive_error_policies[] = {
    { "report", BLOCK_ON_ERROR_REPORT },
    { "ignore", BLOCK_ON_ERROR_IGNORE },
    { "stop", BLOCK_ON_ERROR_STOP },
    { "enospc", BLOCK_ON_ERROR_ENOSPC },
};

const KeyValKey drive_keys[] = {
    { "file", "PATH", "image or host device" },
    { "format", "FORMAT", "image format; without it the file is probed" },
    { "if", "none|ide|virtio", "interface (the machine's default)" },
    { "index", "N", "place, counted over all buses of the interface" },
    { "bus", "N", "bus number" },
    { "unit", "N", "unit on the bus" },
    { "media", "disk|cdrom", "kind of medium (disk)" },
    { "id", "ID", "name for -device drive= and the monitor" },
    { "readonly", "on|off", "refuse the guest's writes (off)" },
    { "read-only", "on|off", "the same" },
    { "auto-read-only", "on|off", "read-only where the file is (off)" },
    { "snapshot", "on|off", "keep writes in a temporary file (off)" },
    { "cache", "none|writeback|writethrough|directsync|unsafe",
      "use of the host's page cache (writeback)" },
    { "cache.writeback", "on|off", "the drive has a write cache" },
    { "cache.direct", "on|off", "bypass the host's page cache" },
    { "cache.no-flush", "on|off", "ignore the guest's flushes" },
    { "aio", "threads|native|io_uring",
      "how requests reach the host (io_uring)" },
    { "discard", "unmap|ignore|on|off", "guest's discards reach the file" },
    { "detect-zeroes", "on|off|unmap", "only off" },
    { "serial", "TEXT", "serial number the guest sees" },
    { "werror", "report|ignore|stop|enospc", "on failing writes (enospc)" },
    { "rerror", "report|ignore|stop", "on failing reads (report)" },
    { "force-share", "on|off", "read an image that others write" },
    {},
};

static const KeyValKey block_node_keys[] = {
    { "driver", "FORMAT", "image format, or file" },
    { "node-name", "NAME", "name for -device drive=" },
    { "filename", "PATH", "driver=file: the host's file" },
    { "file", "NAME", "formats: the node below" },
    { "file.driver", "file", "formats: protocol of the node below" },
    { "file.filename", "PATH", "formats: the host's file" },
    { "file.node-name", "NAME", "name of the node below" },
    { "file.locking", "on|off|auto", "lock the file (auto)" },
    { "locking", "on|off|auto", "lock the file (auto)" },
    { "aio", "threads|native|io_uring",
      "how requests reach the host (io_uring)" },
    { "file.aio", "threads|native|io_uring", "accepted" },
    { "read-only", "on|off", "refuse writes (off)" },
    { "auto-read-only", "on|off", "read-only where the file is (off)" },
    { "file.read-only", "on|off", "refuse writes (off)" },
    { "file.auto-read-only", "on|off", "read-only where the file is" },
    { "cache.direct", "on|off", "bypass the host's page cache" },
    { "cache.no-flush", "on|off", "ignore flushes" },
    { "file.cache.direct", "on|off", "bypass the host's page cache" },
    { "file.cache.no-flush", "on|off", "ignore flushes" },
    { "discard", "unmap|ignore", "discards reach the file" },
    { "file.discard", "unmap|ignore", "discards reach the file" },
    { "detect-zeroes", "on|off|unmap", "only off" },
    { "force-share", "on|off", "read an image that others write" },
    {},
};

/* ---- Parsing ----------------------------------------------------------- */

static bool drive_parse_interface(DriveConfig *d, const char *name,
                                  GError **errp)
{
    const char *names[G_N_ELEMENTS(drive_interfaces)];

    d->default_if = !name;
    for (unsigned i = 0; name && i < G_N_ELEMENTS(drive_interfaces); i++) {
        const DriveInterface *row = &drive_interfaces[i];

        names[i] = row->name;
        if (strcmp(row->name, name)) {
            continue;
        }
        if (row->unsupported) {
            return emu_fail(errp, EMU_ERROR_UNSUPPORTED, "if=%s: %s", name,
                            row->unsupported);
        }
        d->interface = row->interface;
        return true;
    }
    return !name || keyval_fail_unknown(errp, "interface", name, names,
                                        G_N_ELEMENTS(names));
}

static bool drive_parse_policy(const KeyVal *opts, const char *key, bool room,
                               BlockErrorPolicy *out, GError **errp)
{
    const char *name = keyval_get(opts, key);

    if (!name) {
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(drive_error_policies); i++) {
        if (!strcmp(drive_error_policies[i].name, name) &&
            (room || drive_error_policies[i].policy != BLOCK_ON_ERROR_ENOSPC)) {
            *out = drive_error_policies[i].policy;
            return true;
        }
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "parameter '%s' takes report, ignore%s, not '%s'", key,
                    room ? ", stop or enospc" : " or stop", name);
}

static bool drive_parse_cache_mode(BlockOpenOptions *o, const char *name,
                                   GError **errp)
{
    const char *names[G_N_ELEMENTS(drive_cache_modes)];

    for (unsigned i = 0; i < G_N_ELEMENTS(drive_cache_modes); i++) {
        const DriveCacheMode *mode = &drive_cache_modes[i];

        names[i] = mode->name;
        if (!strcmp(mode->name, name)) {
            o->cache_writeback = mode->writeback;
            o->cache_direct = mode->direct;
            o->cache_no_flush = mode->no_flush;
            return true;
        }
    }
    return keyval_fail_unknown(errp, "cache mode", name, names,
                               G_N_ELEMENTS(names));
}

static bool drive_parse_cache(BlockOpenOptions *o, const KeyVal *opts,
                              GError **errp)
{
    const char *mode = keyval_get(opts, "cache");

    return (!mode || drive_parse_cache_mode(o, mode, errp)) &&
           keyval_get_bool(opts, "cache.writeback", &o->cache_writeback,
                           errp) &&
           keyval_get_bool(opts, "cache.direct", &o->cache_direct, errp) &&
           keyval_get_bool(opts, "cache.no-flush", &o->cache_no_flush, errp);
}

static bool drive_parse_discard(BlockOpenOptions *o, const KeyVal *opts,
                                const char *key, GError **errp)
{
    const char *text = keyval_get(opts, key);

    if (!text) {
        return true;
    }
    if (!strcmp(text, "unmap") || !strcmp(text, "on")) {
        o->discard = true;
        return true;
    }
    if (!strcmp(text, "ignore") || !strcmp(text, "off")) {
        o->discard = false;
        return true;
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "parameter '%s' takes unmap or ignore, not '%s'", key,
                    text);
}

/* Values that change nothing here are accepted, others refused. */
static bool drive_check_choice(const KeyVal *opts, const char *key,
                               const char *const *choices, GError **errp)
{
    const char *text = keyval_get(opts, key);

    if (!text || g_strv_contains(choices, text)) {
        return true;
    }
    g_autofree char *known = g_strjoinv(" or ", (char **)choices);

    return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                    "parameter '%s' takes %s, not '%s'", key, known, text);
}

static bool drive_parse_open(BlockOpenOptions *o, const KeyVal *opts,
                             GError **errp)
{
    static const char *const aio[] = { "threads", "native", "io_uring", NULL };
    static const char *const off[] = { "off", NULL };

    o->aio_threads = !g_strcmp0(keyval_get(opts, "aio"), "threads");
    return drive_parse_cache(o, opts, errp) &&
           drive_parse_discard(o, opts, "discard", errp) &&
           drive_check_choice(opts, "aio", aio, errp) &&
           drive_check_choice(opts, "detect-zeroes", off, errp) &&
           keyval_get_bool(opts, "readonly", &o->read_only, errp) &&
           keyval_get_bool(opts, "read-only", &o->read_only, errp) &&
           keyval_get_bool(opts, "auto-read-only", &o->auto_read_only, errp) &&
           keyval_get_bool(opts, "snapshot", &o->snapshot, errp) &&
           keyval_get_bool(opts, "force-share", &o->force_share, errp);
}

static bool drive_parse_number(const KeyVal *opts, const char *key, int *out,
                               GError **errp)
{
    uint64_t value = 0;

    if (!keyval_get_uint(opts, key, 255, &value, errp)) {
        return false;
    }
    *out = keyval_has(opts, key) ? (int)value : -1;
    return true;
}

static bool drive_parse_place(DriveConfig *d, const KeyVal *opts, GError **errp)
{
    if (!drive_parse_interface(d, keyval_get(opts, "if"), errp) ||
        !drive_parse_number(opts, "index", &d->index, errp) ||
        !drive_parse_number(opts, "bus", &d->bus, errp) ||
        !drive_parse_number(opts, "unit", &d->unit, errp)) {
        return false;
    }
    if (d->index >= 0 && (d->bus >= 0 || d->unit >= 0)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "index= and bus= or unit= exclude each other");
    }
    return true;
}

static bool drive_parse_media(DriveConfig *d, const char *media, GError **errp)
{
    d->media_given = media != NULL;
    if (!media || !strcmp(media, "disk")) {
        return true;
    }
    if (strcmp(media, "cdrom")) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "parameter 'media' takes disk or cdrom, not '%s'",
                        media);
    }
    d->cdrom = true;
    d->open.read_only = true;
    return true;
}

static bool drive_parse_all(DriveConfig *d, const KeyVal *opts, GError **errp)
{
    if (!keyval_check(opts, "drive", drive_keys, errp) ||
        !drive_parse_open(&d->open, opts, errp) ||
        !drive_parse_place(d, opts, errp) ||
        !drive_parse_media(d, keyval_get(opts, "media"), errp) ||
        !drive_parse_policy(opts, "werror", true, &d->on_write, errp) ||
        !drive_parse_policy(opts, "rerror", false, &d->on_read, errp)) {
        return false;
    }
    d->id = g_strdup(keyval_get(opts, "id"));
    d->serial = g_strdup(keyval_get(opts, "serial"));
    d->format = g_strdup(keyval_get(opts, "format"));
    d->filename = g_strdup(keyval_get(opts, "file"));
    if (d->filename && !*d->filename) {
        g_clear_pointer(&d->filename, g_free); /* an empty drive */
    }
    return true;
}

static DriveConfig *drive_config_alloc(void)
{
    DriveConfig *d = g_new0(DriveConfig, 1);

    block_open_options_init(&d->open);
    d->index = d->bus = d->unit = -1;
    d->on_write = BLOCK_ON_ERROR_ENOSPC;
    return d;
}

DriveConfig *drive_config_parse(const char *text, GError **errp)
{
    g_autoptr(KeyVal) opts = keyval_parse(text, "file", errp);
    DriveConfig *d;

    if (!opts) {
        return NULL;
    }
    d = drive_config_alloc();
    d->text = g_strdup_printf("-drive %s", text);
    if (!drive_parse_all(d, opts, errp)) {
        drive_config_free(d);
        return NULL;
    }
    return d;
}

DriveConfig *drive_config_new(const char *option, const char *filename,
                              int index, bool cdrom)
{
    DriveConfig *d = drive_config_alloc();

    d->text = g_strjoin(*option && filename ? " " : "", option,
                        filename ? filename : "", NULL);
    d->filename = g_strdup(filename);
    d->default_if = true;
    d->index = index;
    d->cdrom = cdrom;
    d->open.read_only = cdrom;
    return d;
}

void drive_config_free(DriveConfig *d)
{
    g_free(d->text);
    g_free(d->id);
    g_free(d->filename);
    g_free(d->format);
    g_free(d->serial);
    g_free(d);
}

/* ---- -blockdev --------------------------------------------------------- */

static bool block_node_parse_below(BlockNodeConfig *n, const KeyVal *opts,
                                   GError **errp)
{
    const char *driver = keyval_get(opts, "file.driver");
    const char *filename = keyval_get(opts, "filename");
    const char *below = keyval_get(opts, "file.filename");

    if (driver && strcmp(driver, "file") && strcmp(driver, "host_device")) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "driver '%s' is not implemented", driver);
    }
    n->file_node = g_strdup(keyval_get(opts, "file"));
    n->filename = g_strdup(filename ? filename : below);
    if (!n->filename == !n->file_node) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "one of filename=, file.filename= and file= is "
                        "needed");
    }
    return true;
}

static bool block_node_parse_all(BlockNodeConfig *n, const KeyVal *opts,
                                 GError **errp)
{
    BlockOpenOptions *o = &n->open;

    if (!keyval_check(opts, "blockdev", block_node_keys, errp) ||
        !drive_parse_open(o, opts, errp) ||
        !drive_parse_discard(o, opts, "file.discard", errp) ||
        !keyval_get_bool(opts, "file.cache.direct", &o->cache_direct, errp) ||
        !keyval_get_bool(opts, "file.cache.no-flush", &o->cache_no_flush,
                         errp) ||
        !keyval_get_bool(opts, "file.read-only", &o->read_only, errp)) {
        return false;
    }
    n->name = g_strdup(keyval_get(opts, "node-name"));
    n->driver = g_strdup(keyval_get(opts, "driver"));
    if (!n->driver || !n->name) {
        return emu_fail(errp, EMU_ERROR_INVALID, "%s= is missing",
                        n->driver ? "node-name" : "driver");
    }
    o->no_lock = !g_strcmp0(keyval_get(opts, "locking"), "off") ||
                 !g_strcmp0(keyval_get(opts, "file.locking"), "off");
    return block_node_parse_below(n, opts, errp);
}

BlockNodeConfig *block_node_config_parse(const char *text, GError **errp)
{
    g_autoptr(KeyVal) opts = NULL;
    BlockNodeConfig *n;

    if (*text == '{') {
        emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                 "the JSON form is not implemented yet");
        return NULL;
    }
    opts = keyval_parse(text, "driver", errp);
    if (!opts) {
        return NULL;
    }
    n = g_new0(BlockNodeConfig, 1);
    block_open_options_init(&n->open);
    n->text = g_strdup_printf("-blockdev %s", text);
    if (!block_node_parse_all(n, opts, errp)) {
        block_node_config_free(n);
        return NULL;
    }
    return n;
}

void block_node_config_free(BlockNodeConfig *n)
{
    g_free(n->text);
    g_free(n->name);
    g_free(n->driver);
    g_free(n->filename);
    g_free(n->file_node);
    g_free(n);
}

/* ---- Places ------------------------------------------------------------ */

static const DriveInterface *drive_interface(BoardDriveIf interface)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(drive_interfaces); i++) {
        if (drive_interfaces[i].interface == interface) {
            return &drive_interfaces[i];
        }
    }
    return &drive_interfaces[0];
}

const char *drive_interface_name(BoardDriveIf interface)
{
    return drive_interface(interface)->name;
}

/* From index= or unit= to both, -1 while they are open. */
static bool drive_resolve_place(DriveConfig *d, GError **errp)
{
    unsigned units = drive_interface(d->interface)->units;

    if (d->index >= 0) {
        d->bus = units ? d->index / (int)units : 0;
        d->unit = units ? d->index % (int)units : d->index;
    } else if (d->unit >= 0) {
        d->bus = MAX(d->bus, 0);
    }
    return !units || d->unit < (int)units ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "%s: unit %d is too big (at most %u)", d->text, d->unit,
                    units - 1);
}

static bool drive_place_taken(GPtrArray *drives, const DriveConfig *d, int bus,
                              int unit)
{
    for (unsigned i = 0; i < drives->len; i++) {
        const DriveConfig *other = drives->pdata[i];

        if (other != d && other->interface == d->interface &&
            other->bus == bus && other->unit == unit) {
            return true;
        }
    }
    return false;
}

static void drive_find_place(GPtrArray *drives, DriveConfig *d)
{
    unsigned units = drive_interface(d->interface)->units;
    bool bus_fixed = d->bus >= 0;
    int bus = MAX(d->bus, 0);
    int unit = 0;

    while (drive_place_taken(drives, d, bus, unit)) {
        unit++;
        if (units && unit >= (int)units && !bus_fixed) {
            unit = 0;
            bus++;
        }
    }
    d->bus = bus;
    d->unit = unit;
}

/* "ide0-hd1", "virtio0": QEMU's names, which scripts know. */
static void drive_name(DriveConfig *d)
{
    const DriveInterface *row = drive_interface(d->interface);

    if (d->id) {
        return;
    }
    if (row->units) {
        const char *media = d->interface == BOARD_DRIVE_FLOPPY ? ""
                            : d->cdrom                         ? "-cd"
                                                               : "-hd";

        d->id = g_strdup_printf("%s%d%s%d", row->name, d->bus, media, d->unit);
    } else {
        d->id = g_strdup_printf("%s%d", row->name, d->unit);
    }
}

static bool drive_check_unique(GPtrArray *drives, unsigned n, GError **errp)
{
    const DriveConfig *d = drives->pdata[n];

    if (d->interface != BOARD_DRIVE_NONE &&
        drive_place_taken(drives, d, d->bus, d->unit)) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "%s: the place if=%s, bus %d, unit %d is taken by "
                        "another drive",
                        d->text, drive_interface_name(d->interface), d->bus,
                        d->unit);
    }
    for (unsigned i = 0; i < n; i++) {
        if (!strcmp(((DriveConfig *)drives->pdata[i])->id, d->id)) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "%s: there is a drive '%s' already", d->text,
                            d->id);
        }
    }
    return true;
}

bool drive_place(GPtrArray *drives, BoardDriveIf default_if, GError **errp)
{
    for (unsigned i = 0; i < drives->len; i++) {
        DriveConfig *d = drives->pdata[i];

        if (d->default_if) {
            d->interface = default_if;
        }
        if (!drive_resolve_place(d, errp)) {
            return false;
        }
    }
    for (unsigned i = 0; i < drives->len; i++) {
        DriveConfig *d = drives->pdata[i];

        if (d->unit < 0) {
            drive_find_place(drives, d);
        }
        drive_name(d);
        if (!drive_check_unique(drives, i, errp)) {
            return false;
        }
    }
    return true;
}

/* ---- Opening ----------------------------------------------------------- */

static BlockBackend *drive_new_backend(const DriveConfig *d, BlockNode *node)
{
    BlockBackend *blk = blk_new(d->id, node);

    blk_set_cdrom(blk, d->cdrom);
    blk_set_write_cache(blk, d->open.cache_writeback);
    blk_set_error_policy(blk, d->on_read, d->on_write);
    if (d->serial) {
        blk_set_serial(blk, d->serial);
    }
    return blk;
}

BlockBackend *drive_open(const DriveConfig *d, bool snapshot, GError **errp)
{
    BlockOpenOptions o = d->open;
    BlockNode *node = NULL;

    if (d->filename) {
        o.filename = d->filename;
        o.format = d->format;
        o.snapshot = (o.snapshot || snapshot) && !o.read_only;
        node = block_open(&o, errp);
        if (!node) {
            g_prefix_error(errp, "%s: ", d->text);
            return NULL;
        }
    }
    return drive_new_backend(d, node);
}

static const BlockNodeConfig *block_node_find(GPtrArray *nodes,
                                              const char *name)
{
    for (unsigned i = 0; i < nodes->len; i++) {
        const BlockNodeConfig *n = nodes->pdata[i];

        if (!strcmp(n->name, name)) {
            return n;
        }
    }
    return NULL;
}

BlockBackend *block_node_open(const BlockNodeConfig *n, GPtrArray *nodes,
                              bool snapshot, GError **errp)
{
    const BlockNodeConfig *below =
        n->file_node ? block_node_find(nodes, n->file_node) : n;
    BlockOpenOptions o = n->open;
    BlockNode *node;

    if (!below || !below->filename) {
        emu_fail(errp, EMU_ERROR_NOT_FOUND, "%s: there is no file node '%s'",
                 n->text, n->file_node);
        return NULL;
    }
    o.filename = below->filename;
    o.format = !strcmp(n->driver, "file") || !strcmp(n->driver, "host_device")
                   ? "raw"
                   : n->driver;
    o.snapshot = snapshot && !o.read_only;
    node = block_open(&o, errp);
    if (!node) {
        g_prefix_error(errp, "%s: ", n->text);
        return NULL;
    }
    return blk_new(n->name, node);
}
