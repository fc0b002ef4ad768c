/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input devices, a line each. */
#include "hw/classes.h"
#include "hw/input/i8042.h"

const DeviceClass *const hw_input_classes[] = {
    &i8042_class,
    NULL,
};
