/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/input, a line each. */
#include "hw/classes.h"

const DeviceClass *const hw_input_classes[] = {
    NULL,
};
