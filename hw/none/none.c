/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The empty board: address spaces and nothing in them. Management tools start
 * it to ask what the emulator can do; tests start it because it is quick.
 */
#include "hw/none/none.h"

typedef struct NoneBoard {
    Board parent;
    MemoryRegion memory;
    MemoryRegion io;
} NoneBoard;

static bool none_init(Board *board, const BoardConfig *config, GError **errp)
{
    NoneBoard *none = container_of(board, NoneBoard, parent);

    region_init_container(&none->memory, "system", UINT64_MAX);
    region_init_container(&none->io, "I/O", 0x10000);
    board->env.memory = space_new("memory", &none->memory);
    board->env.io = space_new("I/O", &none->io);
    return true;
}

static void none_reset(Board *board)
{
}

static void none_clear(Board *board)
{
    NoneBoard *none = container_of(board, NoneBoard, parent);

    if (!board->env.io) {
        return;
    }
    space_free(board->env.memory);
    space_free(board->env.io);
    region_clear(&none->memory);
    region_clear(&none->io);
}

const BoardClass none_board_class = {
    .name = "none",
    .summary = "empty machine",
    .size = sizeof(NoneBoard),
    .max_cpus = 1,
    .default_ram = 0,
    .init = none_init,
    .reset = none_reset,
    .clear = none_clear,
};
