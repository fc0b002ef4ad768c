/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every board that -machine knows, a line each. */
#include "hw/core/board.h"
#include "hw/none/none.h"
#include "hw/pc/pc.h"

const BoardClass *const board_classes[] = {
    &pc_board_class,
    &none_board_class,
    NULL,
};
