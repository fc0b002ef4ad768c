/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The empty board, -machine none. */
#ifndef HW_NONE_NONE_H
#define HW_NONE_NONE_H

#include "hw/core/board.h"

extern const BoardClass none_board_class;

#endif
