/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's back ends: opening chardevs and drives from the config, with
 * the defaults that -nodefaults switches off, and making the devices that
 * -drive and -debugcon stand for.
 */
#include <errno.h>
#include <string.h>

#include "block/block.h"
#include "system/devices.h"
#include "system/machine-internal.h"
#include "util/error.h"

/* ---- Chardevs ---------------------------------------------------------- */

static void machine_mux_quit(void *opaque)
{
    machine_quit(opaque, 0, "host-ui");
}

static void machine_mux_flush(void *opaque)
{
    machine_flush_disks(opaque);
}

static bool machine_add_chardev(Machine *m, Chardev *chr, GError **errp)
{
    ChardevMuxOps ops = {
        .quit = machine_mux_quit,
        .flush_disks = machine_mux_flush,
        .opaque = m,
        .escape = m->config->mux_escape,
    };

    if (!chr) {
        return false;
    }
    if (machine_find_chardev(m, chardev_id(chr))) {
        emu_fail(errp, EMU_ERROR_INVALID, "there is a chardev '%s' already",
                 chardev_id(chr));
        chardev_free(chr);
        return false;
    }
    chardev_set_mux_ops(chr, &ops);
    g_ptr_array_add(m->chardevs, chr);
    return true;
}

/* "chardev:ID" or a short form; *out is NULL for "none". */
static bool machine_open_shorthand(Machine *m, const char *option,
                                   const char *id, const char *text,
                                   Chardev **out, GError **errp)
{
    *out = NULL;
    if (!strcmp(text, "none")) {
        return true;
    }
    if (g_str_has_prefix(text, "chardev:")) {
        *out = machine_find_chardev(m, text + strlen("chardev:"));
        return *out || emu_fail(errp, EMU_ERROR_NOT_FOUND,
                                "%s: there is no chardev '%s'", option,
                                text + strlen("chardev:"));
    }
    *out = chardev_new_shorthand(id, text, errp);
    if (!machine_add_chardev(m, *out, errp)) {
        g_prefix_error(errp, "%s %s: ", option, text);
        return false;
    }
    return true;
}

static bool machine_open_serials(Machine *m, GError **errp)
{
    MachineConfig *c = m->config;

    for (unsigned i = 0; i < c->serials->len; i++) {
        const char *text = c->serials->pdata[i];
        g_autofree char *id = g_strdup_printf("serial%u", i);

        if (!machine_open_shorthand(m, "-serial", id, text, &c->board.serial[i],
                                    errp)) {
            return false;
        }
        c->board.serial_present[i] = strcmp(text, "none") != 0;
    }
    return true;
}

static void machine_add_monitor(Machine *m, Chardev *chr, MonitorMode mode,
                                bool pretty)
{
    MachineMonitor *mon = g_new(MachineMonitor, 1);

    *mon = (MachineMonitor){ chr, mode, pretty };
    g_ptr_array_add(m->monitors, mon);
}

static bool machine_open_monitors(Machine *m, GError **errp)
{
    for (unsigned i = 0; i < m->config->monitors->len; i++) {
        const MonitorConfig *mon = m->config->monitors->pdata[i];
        g_autofree char *id = g_strdup_printf("compat_monitor%u", i);
        Chardev *chr = NULL;

        if (mon->chardev) {
            chr = machine_find_chardev(m, mon->chardev);
            if (!chr) {
                return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                                "-mon: there is no chardev '%s'", mon->chardev);
            }
        } else if (!machine_open_shorthand(
                       m, mon->mode == MONITOR_CONTROL ? "-qmp" : "-monitor",
                       id, mon->shorthand, &chr, errp)) {
            return false;
        }
        if (chr) {
            machine_add_monitor(m, chr, mon->mode, mon->pretty);
        }
    }
    return true;
}

static bool machine_has_device(const MachineConfig *c, const char *driver)
{
    for (unsigned i = 0; i < c->devices->len; i++) {
        const DeviceConfig *dev = c->devices->pdata[i];

        if (!g_strcmp0(keyval_get(dev->opts, "driver"), driver)) {
            return true;
        }
    }
    return false;
}

static void machine_default_serial(MachineConfig *c, const char *text)
{
    g_ptr_array_add(c->serials, g_strdup(text));
}

static void machine_default_monitor(MachineConfig *c, const char *text)
{
    MonitorConfig *mon = g_new0(MonitorConfig, 1);

    mon->shorthand = g_strdup(text);
    g_ptr_array_add(c->monitors, mon);
}

/* Serial port and monitor that nobody spoke of: on the terminal with
 * -nographic (shared, if both), else in text windows. */
static void machine_default_chardevs(Machine *m)
{
    MachineConfig *c = m->config;
    bool serial = !c->nodefaults && !c->serials->len &&
                  !machine_has_device(c, "isa-serial");
    bool monitor = !c->nodefaults && !c->monitor_given;

    if (c->nographic && serial && monitor) {
        Chardev *chr = chardev_new_shorthand("serial0", "mon:stdio", NULL);

        if (c->nographic_implied) {
            g_printerr("emu: there is no window yet: serial port and monitor "
                       "are on the terminal (Ctrl-A h for help)\n");
        }
        if (machine_add_chardev(m, chr, NULL)) {
            machine_default_serial(c, "chardev:serial0");
            machine_add_monitor(m, chr, MONITOR_READLINE, false);
        }
        return;
    }
    if (serial) {
        machine_default_serial(c, c->nographic ? "stdio" : "vc");
    }
    if (monitor) {
        machine_default_monitor(c, c->nographic ? "stdio" : "vc");
    }
}

/* A -serial mon:... is the monitor's place, too. */
static void machine_add_serial_monitors(Machine *m)
{
    const MachineConfig *c = m->config;

    for (unsigned i = 0; i < c->serials->len; i++) {
        if (g_str_has_prefix(c->serials->pdata[i], "mon:")) {
            machine_add_monitor(m, c->board.serial[i], MONITOR_READLINE, false);
        }
    }
}

bool machine_open_chardevs(Machine *m, GError **errp)
{
    const MachineConfig *c = m->config;

    for (unsigned i = 0; i < c->chardevs->len; i++) {
        const char *text = c->chardevs->pdata[i];

        if (!machine_add_chardev(m, chardev_new_options(text, errp), errp)) {
            g_prefix_error(errp, "-chardev %s: ", text);
            return false;
        }
    }
    for (unsigned i = 0; i < c->serials->len; i++) {
        if (g_str_has_prefix(c->serials->pdata[i], "mon:")) {
            m->config->monitor_given = true;
        }
    }
    machine_default_chardevs(m);
    if (!machine_open_serials(m, errp)) {
        return false;
    }
    machine_add_serial_monitors(m);
    return machine_open_monitors(m, errp);
}

/* ---- Drives ------------------------------------------------------------ */

/* Requests in flight fail together: one of them is enough to say. */
static void machine_stop_for_drive(Machine *m, BlockBackend *blk, BlockOp op,
                                   int err)
{
    if (!m->drive_stopped) {
        g_free(m->drive_failure);
        m->drive_failure = g_strdup_printf(
            "drive '%s': %s failed: %s", blk_id(blk),
            op == BLOCK_READ ? "reading" : "writing", g_strerror(err));
    }
    m->drive_stopped = true;
    machine_request(m, MACHINE_REQUEST_STOP, RUN_STATE_IO_ERROR);
}

static void machine_drive_failed(void *opaque, BlockBackend *blk, BlockOp op,
                                 int err, BlockErrorPolicy action)
{
    static const char *const actions[] = {
        [BLOCK_ON_ERROR_REPORT] = "report",
        [BLOCK_ON_ERROR_IGNORE] = "ignore",
        [BLOCK_ON_ERROR_STOP] = "stop",
    };
    Machine *m = opaque;
    g_autofree char *json = g_strdup_printf(
        "{\"device\": \"%s\", \"operation\": \"%s\", \"action\": \"%s\", "
        "\"nospace\": %s}",
        blk_id(blk), op == BLOCK_READ ? "read" : "write", actions[action],
        block_error_is_no_space(err) ? "true" : "false");

    machine_emit(m, "BLOCK_IO_ERROR", json);
    if (action == BLOCK_ON_ERROR_STOP) {
        machine_stop_for_drive(m, blk, op, err);
    }
}

static bool machine_add_block(Machine *m, BlockBackend *blk, GError **errp)
{
    if (!blk) {
        return false;
    }
    if (machine_find_block(m, blk_id(blk))) {
        emu_fail(errp, EMU_ERROR_INVALID, "there is a drive '%s' already",
                 blk_id(blk));
        blk_free(blk);
        return false;
    }
    blk_set_error_hook(blk, machine_drive_failed, m);
    g_ptr_array_add(m->blocks, blk);
    return true;
}

/* QEMU's empty CD-ROM drive at the second channel's first place. */
static void machine_default_drives(MachineConfig *c)
{
    if (c->nodefaults || c->board_class->default_drive != BOARD_DRIVE_IDE ||
        machine_has_device(c, "ide-cd")) {
        return;
    }
    for (unsigned i = 0; i < c->drives->len; i++) {
        const DriveConfig *d = c->drives->pdata[i];
        bool ide = d->default_if || d->interface == BOARD_DRIVE_IDE;

        if (ide &&
            (d->cdrom || d->index == 2 || (d->bus == 1 && d->unit == 0))) {
            return;
        }
    }
    g_ptr_array_add(c->drives,
                    drive_config_new("default drive", NULL, 2, true));
}

/* Nodes that stand below another one are opened by it. */
static bool machine_node_is_below(const MachineConfig *c,
                                  const BlockNodeConfig *node)
{
    for (unsigned i = 0; i < c->nodes->len; i++) {
        const BlockNodeConfig *other = c->nodes->pdata[i];

        if (!g_strcmp0(other->file_node, node->name)) {
            return true;
        }
    }
    return false;
}

static bool machine_open_nodes(Machine *m, GError **errp)
{
    const MachineConfig *c = m->config;

    for (unsigned i = 0; i < c->nodes->len; i++) {
        const BlockNodeConfig *node = c->nodes->pdata[i];

        if (!machine_node_is_below(c, node) &&
            !machine_add_block(
                m, block_node_open(node, c->nodes, c->snapshot, errp), errp)) {
            return false;
        }
    }
    return true;
}

bool machine_open_drives(Machine *m, GError **errp)
{
    MachineConfig *c = m->config;

    machine_default_drives(c);
    if (!drive_place(c->drives, c->board_class->default_drive, errp)) {
        return false;
    }
    for (unsigned i = 0; i < c->drives->len; i++) {
        BlockBackend *blk = drive_open(c->drives->pdata[i], c->snapshot, errp);

        if (!machine_add_block(m, blk, errp)) {
            return false;
        }
    }
    return machine_open_nodes(m, errp);
}

static KeyVal *machine_drive_device(const DriveConfig *d)
{
    KeyVal *opts = keyval_new();

    if (d->interface == BOARD_DRIVE_VIRTIO) {
        keyval_set(opts, "driver", "virtio-blk-pci");
    } else {
        g_autofree char *bus = g_strdup_printf("ide.%d", d->bus);
        g_autofree char *unit = g_strdup_printf("%d", d->unit);

        keyval_set(opts, "driver", d->cdrom ? "ide-cd" : "ide-hd");
        keyval_set(opts, "bus", bus);
        keyval_set(opts, "unit", unit);
    }
    keyval_set(opts, "drive", d->id);
    return opts;
}

bool machine_plug_drives(Machine *m, GError **errp)
{
    const MachineConfig *c = m->config;

    for (unsigned i = 0; i < c->drives->len; i++) {
        const DriveConfig *d = c->drives->pdata[i];
        g_autoptr(KeyVal) opts = NULL;

        if (d->interface == BOARD_DRIVE_NONE) {
            continue;
        }
        opts = machine_drive_device(d);
        if (!devices_plug(m->board, opts, NULL, errp)) {
            g_prefix_error(errp, "%s: ", d->text);
            return false;
        }
    }
    return true;
}

bool machine_plug_debugcons(Machine *m, GError **errp)
{
    const MachineConfig *c = m->config;

    for (unsigned i = 0; i < c->debugcons->len; i++) {
        const char *text = c->debugcons->pdata[i];
        g_autofree char *id = g_strdup_printf("debugcon%u", i);
        g_autoptr(KeyVal) opts = keyval_new();
        Chardev *chr;

        if (!machine_open_shorthand(m, "-debugcon", id, text, &chr, errp)) {
            return false;
        }
        if (!chr) {
            continue;
        }
        keyval_set(opts, "driver", "isa-debugcon");
        keyval_set(opts, "chardev", chardev_id(chr));
        if (!devices_plug(m->board, opts, NULL, errp)) {
            g_prefix_error(errp, "-debugcon %s: ", text);
            return false;
        }
    }
    return true;
}

/* ---- Objects ----------------------------------------------------------- */

bool machine_create_objects(Machine *m, GError **errp)
{
    for (unsigned i = 0; i < m->config->objects->len; i++) {
        const ObjectConfig *c = m->config->objects->pdata[i];
        Object *o = object_new(c, errp);

        if (!o) {
            return false;
        }
        if (machine_find_object(m, NULL, o->id)) {
            emu_fail(errp, EMU_ERROR_INVALID,
                     "-object %s: there is an object '%s' already", c->text,
                     o->id);
            object_free(o);
            return false;
        }
        g_ptr_array_add(m->objects, o);
    }
    return true;
}

/* ---- Closing ----------------------------------------------------------- */

void machine_drain_disks(Machine *m)
{
    for (unsigned i = 0; i < m->blocks->len; i++) {
        blk_drain(m->blocks->pdata[i]);
    }
}

void machine_flush_disks(Machine *m)
{
    for (unsigned i = 0; i < m->blocks->len; i++) {
        BlockBackend *blk = m->blocks->pdata[i];

        blk_drain(blk);
        if (blk_present(blk)) {
            blk_flush(blk);
        }
    }
}

void machine_close_backends(Machine *m)
{
    for (unsigned i = 0; i < m->blocks->len; i++) {
        blk_free(m->blocks->pdata[i]);
    }
    g_ptr_array_unref(m->blocks);
    for (unsigned i = 0; i < m->chardevs->len; i++) {
        chardev_flush(m->chardevs->pdata[i]);
        chardev_free(m->chardevs->pdata[i]);
    }
    g_ptr_array_unref(m->chardevs);
    g_ptr_array_unref(m->monitors);
    for (unsigned i = 0; i < m->objects->len; i++) {
        object_free(m->objects->pdata[i]);
    }
    g_ptr_array_unref(m->objects);
}
