/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg file "bootorder": one device path a line, the first is tried first;
 * devices that are not listed come after them. "HALT" says that they shall not
 * (SeaBIOS src/boot.c).
 */
#include "hw/pc/bootorder.h"

#include "hw/pc/boot.h"

static bool bootorder_collect(Device *dev, void *opaque)
{
    if (device_boot_index(dev) >= 0) {
        g_ptr_array_add(opaque, dev);
    }
    return true;
}

static int bootorder_compare(const void *a, const void *b)
{
    int32_t ia = device_boot_index(*(Device *const *)a);
    int32_t ib = device_boot_index(*(Device *const *)b);

    return (ia > ib) - (ia < ib);
}

static bool bootorder_check(const GPtrArray *devices, GError **errp)
{
    for (guint i = 1; i < devices->len; i++) {
        const Device *a = devices->pdata[i - 1];
        const Device *b = devices->pdata[i];
        int32_t index = device_boot_index(b);

        if (index == device_boot_index(a)) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "devices '%s' and '%s' have the same bootindex=%d",
                            a->id ? a->id : a->class->name,
                            b->id ? b->id : b->class->name, index);
        }
    }
    return true;
}

bool pc_bootorder_set(FwCfg *cfg, Board *board, GError **errp)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    g_autoptr(GString) order = g_string_new(NULL);

    if (board->config->kernel) {
        g_string_append(order, PC_BOOT_ROM_PATH "\n");
    }
    board_walk(board, bootorder_collect, devices);
    g_ptr_array_sort(devices, bootorder_compare);
    if (!bootorder_check(devices, errp)) {
        return false;
    }
    for (guint i = 0; i < devices->len; i++) {
        g_autofree char *path = device_boot_path(devices->pdata[i]);

        if (path) {
            g_string_append_printf(order, "%s\n", path);
        }
    }
    if (board->config->boot_strict || board->config->kernel) {
        g_string_append(order, "HALT\n");
    }
    if (!order->len) {
        return true;
    }
    order->str[order->len - 1] = '\0'; /* lines are parted, not ended */
    return fw_cfg_set_file(cfg, "bootorder", order->str, order->len, false,
                           errp);
}
