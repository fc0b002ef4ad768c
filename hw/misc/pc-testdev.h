/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports, memory and interrupt lines for CPU test programs. */
#ifndef HW_MISC_PC_TESTDEV_H
#define HW_MISC_PC_TESTDEV_H

#include "hw/core/device.h"

extern const DeviceClass pc_testdev_class;

#endif
