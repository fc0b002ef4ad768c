/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics modes: every character clock the CRTC fetches a byte of each plane,
 * and the graphics controller shifts them out as 16, 4 (CGA) or 256 colours.
 */
#include "hw/display/vga-internal.h"

uint32_t vga_crtc_address(const Vga *s, uint32_t counter, unsigned row_scan)
{
    uint8_t mode = s->cr[CR_MODE];
    uint32_t p = counter;

    if (s->cr[CR_UNDERLINE] & CR_UNDERLINE_DWORD) {
        p = counter << 2;
    } else if (!(mode & CR_MODE_BYTE)) {
        p = counter << 1;
    }
    /* CGA and Hercules have their odd lines in another part of memory. */
    if (!(mode & CR_MODE_NO_ROW0)) {
        p = (p & ~0x2000u) | (row_scan & 1) << 13;
    }
    if (!(mode & CR_MODE_NO_ROW1)) {
        p = (p & ~0x4000u) | (row_scan >> 1 & 1) << 14;
    }
    return p & 0xffff;
}

/* One bit of each plane a dot. */
static void vga_shift_planar(const VgaScan *scan, uint8_t enable, uint32_t v,
                             uint8_t *dots)
{
    for (unsigned d = 0; d < 8; d++, v <<= 1) {
        unsigned color =
            (v >> 7 & 1) | (v >> 14 & 2) | (v >> 21 & 4) | (v >> 28 & 8);

        dots[d] = scan->palette[color & enable];
    }
}

/* Two bits of a plane a dot: planes 0 and 2 first, then 1 and 3. */
static void vga_shift_interleaved(const VgaScan *scan, uint8_t enable,
                                  uint32_t v, uint8_t *dots)
{
    for (unsigned d = 0; d < 8; d++) {
        unsigned at = (d < 4 ? 0 : 8) + 6 - 2 * (d & 3);
        unsigned color = (v >> at & 3) | (v >> (at + 16) & 3) << 2;

        dots[d] = scan->palette[color & enable];
    }
}

/* A byte a dot, of two clocks. */
static void vga_shift_256(uint32_t v, uint8_t *dots)
{
    for (unsigned d = 0; d < 8; d++) {
        dots[d] = v >> (d / 2 * 8);
    }
}

void vga_graphics_line(const Vga *s, const VgaScan *scan, uint8_t *dots)
{
    uint8_t enable = s->ar[AR_PLANE_ENABLE] & 15;

    for (unsigned i = 0; i < scan->chars; i++, dots += 8) {
        uint32_t v = vga_planes_load(
            s, vga_crtc_address(s, scan->counter + i, scan->row_scan));

        if (s->gr[GR_MODE] & GR_MODE_SHIFT_256) {
            vga_shift_256(v, dots);
        } else if (s->gr[GR_MODE] & GR_MODE_SHIFT_INTERLEAVED) {
            vga_shift_interleaved(scan, enable, v, dots);
        } else {
            vga_shift_planar(scan, enable, v, dots);
        }
    }
}
