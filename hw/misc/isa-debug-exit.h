/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port that ends the emulator, for tests. */
#ifndef HW_MISC_ISA_DEBUG_EXIT_H
#define HW_MISC_ISA_DEBUG_EXIT_H

#include "hw/core/device.h"

extern const DeviceClass isa_debug_exit_class; /* "isa-debug-exit" */

#endif
