/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The i440FX PC, `-machine pc`. */
#ifndef HW_PC_PC_H
#define HW_PC_PC_H

#include "hw/core/board.h"

extern const BoardClass pc_board_class;

#endif
