/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor says about itself: an EDID block. */
#ifndef HW_DISPLAY_VGA_EDID_H
#define HW_DISPLAY_VGA_EDID_H

#include <stdint.h>

enum { VGA_EDID_SIZE = 128 };

/* width and height: the preferred mode, 640..4095. */
void vga_edid_make(uint8_t edid[VGA_EDID_SIZE], unsigned width,
                   unsigned height);

#endif
