/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debug console: a port whose bytes go to a character device. */
#ifndef HW_CHAR_DEBUGCON_H
#define HW_CHAR_DEBUGCON_H

#include "hw/core/device.h"

extern const DeviceClass debugcon_class; /* "isa-debugcon" */

#endif
