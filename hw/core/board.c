/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boards: finding classes, and finding devices and buses below a board. */
#include "hw/core/board.h"

#include <string.h>

Board *board_new(const BoardClass *class, const DeviceEnv *env,
                 const BoardConfig *config)
{
    Board *board = g_malloc0(class->size);

    board->class = class;
    board->env = *env;
    board->config = config;
    board->buses = g_ptr_array_new();
    board->devices = g_ptr_array_new();
    board->vcpus = g_ptr_array_new();
    return board;
}

void board_free(Board *board)
{
    if (!board) {
        return;
    }
    if (board->class->clear) {
        board->class->clear(board);
    }
    g_ptr_array_unref(board->buses);
    g_ptr_array_unref(board->devices);
    g_ptr_array_unref(board->vcpus);
    g_free(board->accel_notes);
    g_free(board);
}

const BoardClass *board_class_find(const char *name)
{
    for (unsigned i = 0; board_classes[i]; i++) {
        const BoardClass *class = board_classes[i];

        if (!strcmp(class->name, name) ||
            (class->aliases && g_strv_contains(class->aliases, name))) {
            return class;
        }
    }
    return NULL;
}

const BoardClass *board_class_default(void)
{
    for (unsigned i = 0; board_classes[i]; i++) {
        if (board_classes[i]->is_default) {
            return board_classes[i];
        }
    }
    return board_classes[0];
}

static Bus *board_find_bus_in(GPtrArray *buses, const char *name);

static Bus *board_find_bus_below(Bus *bus, const char *name)
{
    if (!g_strcmp0(bus->name, name)) {
        return bus;
    }
    for (unsigned i = 0; i < bus->devices->len; i++) {
        Device *dev = bus->devices->pdata[i];
        Bus *found =
            dev->child_buses ? board_find_bus_in(dev->child_buses, name) : NULL;

        if (found) {
            return found;
        }
    }
    return NULL;
}

static Bus *board_find_bus_in(GPtrArray *buses, const char *name)
{
    for (unsigned i = 0; i < buses->len; i++) {
        Bus *found = board_find_bus_below(buses->pdata[i], name);

        if (found) {
            return found;
        }
    }
    return NULL;
}

Bus *board_find_bus(Board *board, const char *name)
{
    return board_find_bus_in(board->buses, name);
}

bool board_walk(Board *board, bool (*visit)(Device *dev, void *opaque),
                void *opaque)
{
    for (unsigned i = 0; i < board->devices->len; i++) {
        if (!visit(board->devices->pdata[i], opaque)) {
            return false;
        }
    }
    for (unsigned i = 0; i < board->buses->len; i++) {
        if (!bus_walk(board->buses->pdata[i], visit, opaque)) {
            return false;
        }
    }
    return true;
}

typedef struct BoardDeviceSearch {
    const char *id;
    Device *found;
} BoardDeviceSearch;

static bool board_match_device(Device *dev, void *opaque)
{
    BoardDeviceSearch *search = opaque;

    if (g_strcmp0(dev->id, search->id)) {
        return true;
    }
    search->found = dev;
    return false;
}

Device *board_find_device(Board *board, const char *id)
{
    BoardDeviceSearch search = { .id = id };

    board_walk(board, board_match_device, &search);
    return search.found;
}
