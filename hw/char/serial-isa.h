/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COM ports on the ISA bus. */
#ifndef HW_CHAR_SERIAL_ISA_H
#define HW_CHAR_SERIAL_ISA_H

#include "hw/core/device.h"

/* "isa-serial": index 0..3 gives COM1..COM4's ports and interrupt. */
extern const DeviceClass serial_isa_class;

#endif
