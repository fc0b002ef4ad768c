/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/pc, a line each. */
#include "hw/classes.h"

const DeviceClass *const hw_pc_classes[] = {
    NULL,
};
