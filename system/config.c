/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parsed command line's memory; see options.c for how it is filled. */
#include "system/config.h"

static void config_free_monitor(gpointer opaque)
{
    MonitorConfig *mon = opaque;

    g_free(mon->chardev);
    g_free(mon->shorthand);
    g_free(mon);
}

static void config_free_device(gpointer opaque)
{
    DeviceConfig *dev = opaque;

    keyval_free(dev->opts);
    g_free(dev->text);
    g_free(dev);
}

static void config_free_drive(gpointer opaque)
{
    drive_config_free(opaque);
}

static void config_free_node(gpointer opaque)
{
    block_node_config_free(opaque);
}

static void config_free_object(gpointer opaque)
{
    object_config_free(opaque);
}

MachineConfig *config_new(void)
{
    MachineConfig *c = g_new0(MachineConfig, 1);

    c->strings = g_ptr_array_new_with_free_func(g_free);
    c->machine_opts = keyval_new();
    c->accels = g_ptr_array_new();
    c->search_dirs = g_ptr_array_new();
    c->chardevs = g_ptr_array_new_with_free_func(g_free);
    c->serials = g_ptr_array_new_with_free_func(g_free);
    c->parallels = g_ptr_array_new_with_free_func(g_free);
    c->debugcons = g_ptr_array_new_with_free_func(g_free);
    c->monitors = g_ptr_array_new_with_free_func(config_free_monitor);
    c->devices = g_ptr_array_new_with_free_func(config_free_device);
    c->drives = g_ptr_array_new_with_free_func(config_free_drive);
    c->nodes = g_ptr_array_new_with_free_func(config_free_node);
    c->objects = g_ptr_array_new_with_free_func(config_free_object);
    c->output = g_string_new(NULL);
    c->board.boot_menu_timeout_ms = -1;
    c->board.boot_retry_ms = -1;
    c->board.acpi = c->board.hpet = c->board.pit = c->board.smbios_defaults =
        true;
    c->board.cpus = c->board.maxcpus = 1;
    c->board.sockets = c->board.dies = c->board.cores = c->board.threads = 1;
    c->board.props = g_hash_table_new(g_str_hash, g_str_equal);
    return c;
}

void config_free(MachineConfig *c)
{
    GPtrArray *arrays[] = { c->strings,   c->accels,   c->search_dirs,
                            c->chardevs,  c->serials,  c->parallels,
                            c->debugcons, c->monitors, c->devices,
                            c->drives,    c->nodes,    c->objects };

    for (unsigned i = 0; i < G_N_ELEMENTS(arrays); i++) {
        g_ptr_array_unref(arrays[i]);
    }
    keyval_free(c->machine_opts);
    g_hash_table_unref(c->board.props);
    g_string_free(c->output, TRUE);
    g_free(c->pidfile);
    g_free(c->profile);
    g_free(c->process_name);
    g_free(c);
}

const char *config_keep(MachineConfig *c, const char *text)
{
    char *copy = g_strdup(text);

    if (copy) {
        g_ptr_array_add(c->strings, copy);
    }
    return copy;
}
