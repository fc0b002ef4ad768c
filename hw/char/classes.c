/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The character devices, a line each. */
#include "hw/classes.h"
#include "hw/char/debugcon.h"
#include "hw/char/serial-isa.h"

const DeviceClass *const hw_char_classes[] = {
    &debugcon_class,
    &serial_isa_class,
    NULL,
};
