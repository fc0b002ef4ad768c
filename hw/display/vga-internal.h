/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the VGA's files share: register names, and how the four planes lie in
 * linear video memory.
 *
 * Plane address p (0..FFFFh) of plane k stands at byte
 *
 *     17 16 | 15 ................ 2 | 1 0
 *      p1:0 |       p15:2           |  k
 *
 * so that the four planes' bytes of one p are neighbours (a latch is one
 * 32-bit access), and so that chain-4 addressing, where processor address a is
 * byte a & ~3 of plane a & 3, is the first 64 KiB as they are: mode 13h needs
 * no translation and the window can be mapped. Higher bits of p (four-plane
 * VBE modes) select further 256 KiB.
 */
#ifndef HW_DISPLAY_VGA_INTERNAL_H
#define HW_DISPLAY_VGA_INTERNAL_H

#include <string.h>

#include "hw/display/vga.h"
#include "ui/console.h"

enum {
    MISC_COLOR_PORTS = 1 << 0, /* 3Dxh, else 3Bxh */
    MISC_RAM_ENABLE = 1 << 1,
    MISC_CLOCK_SHIFT = 2,

    SR_RESET = 0,
    SR_CLOCKING = 1,
    SR_CLOCKING_8DOT = 1 << 0,
    SR_CLOCKING_HALF = 1 << 3, /* dot clock / 2 */
    SR_CLOCKING_SCREEN_OFF = 1 << 5,
    SR_MAP_MASK = 2,
    SR_FONTS = 3,
    SR_MEMORY = 4,
    SR_MEMORY_NO_ODD_EVEN = 1 << 2,
    SR_MEMORY_CHAIN4 = 1 << 3,

    GR_SET_RESET = 0,
    GR_ENABLE_SET_RESET = 1,
    GR_COMPARE = 2,
    GR_ROTATE = 3,
    GR_READ_MAP = 4,
    GR_MODE = 5,
    GR_MODE_WRITE = 3 << 0,
    GR_MODE_READ_COMPARE = 1 << 3,
    GR_MODE_ODD_EVEN = 1 << 4,
    GR_MODE_SHIFT_INTERLEAVED = 1 << 5,
    GR_MODE_SHIFT_256 = 1 << 6,
    GR_MISC = 6,
    GR_MISC_GRAPHICS = 1 << 0,
    GR_DONT_CARE = 7,
    GR_BIT_MASK = 8,

    CR_TOTAL = 0x00,
    CR_DISPLAY_END = 0x01,
    CR_V_TOTAL = 0x06,
    CR_OVERFLOW = 0x07,
    CR_PRESET_ROW_SCAN = 0x08,
    CR_MAX_SCAN = 0x09,
    CR_MAX_SCAN_DOUBLE = 1 << 7,
    CR_CURSOR_START = 0x0a,
    CR_CURSOR_OFF = 1 << 5,
    CR_CURSOR_END = 0x0b,
    CR_START_HIGH = 0x0c,
    CR_START_LOW = 0x0d,
    CR_CURSOR_HIGH = 0x0e,
    CR_CURSOR_LOW = 0x0f,
    CR_V_RETRACE_START = 0x10,
    CR_V_RETRACE_END = 0x11,
    CR_V_RETRACE_END_PROTECT = 1 << 7,
    CR_V_DISPLAY_END = 0x12,
    CR_OFFSET = 0x13,
    CR_UNDERLINE = 0x14,
    CR_UNDERLINE_DWORD = 1 << 6,
    CR_MODE = 0x17,
    CR_MODE_NO_ROW0 = 1 << 0, /* 0: address bit 13 is row scan bit 0 */
    CR_MODE_NO_ROW1 = 1 << 1, /* likewise 14 and 1 */
    CR_MODE_HALF_LINES = 1 << 2,
    CR_MODE_BYTE = 1 << 6,
    CR_LINE_COMPARE = 0x18,

    AR_INDEX_ON = 1 << 5, /* of the index: palette goes to the screen */
    AR_MODE = 0x10,
    AR_MODE_LINE_GRAPHICS = 1 << 2,
    AR_MODE_BLINK = 1 << 3,
    AR_MODE_PAN_TOP = 1 << 5, /* no panning below the line compare */
    AR_MODE_P54 = 1 << 7,
    AR_OVERSCAN = 0x11,
    AR_PLANE_ENABLE = 0x12,
    AR_PANNING = 0x13,
    AR_COLOR_SELECT = 0x14,

    VBE_ID = 0,
    VBE_ID_NEWEST = 0xb0c5,
    VBE_XRES = 1,
    VBE_YRES = 2,
    VBE_BPP = 3,
    VBE_ENABLE = 4,
    VBE_ENABLE_ON = 1 << 0,
    VBE_ENABLE_GETCAPS = 1 << 1,
    VBE_ENABLE_8BIT_DAC = 1 << 5,
    VBE_ENABLE_NOCLEAR = 1 << 7,
    VBE_BANK = 5,
    VBE_VIRT_WIDTH = 6,
    VBE_VIRT_HEIGHT = 7,
    VBE_X_OFFSET = 8,
    VBE_Y_OFFSET = 9,
    VBE_MEMORY_64K = 10,
};

#define VGA_BANK_SIZE 0x10000u

static inline uint32_t vga_plane_index(const Vga *s, uint32_t p)
{
    uint32_t i = (p & 0xffff0000) << 2 | (p & 3) << 16 | (p & 0xfffc);

    return i & (s->ram_size - 4);
}

/* The four planes' bytes at p, plane 0 lowest. */
static inline uint32_t vga_planes_load(const Vga *s, uint32_t p)
{
    uint32_t val;

    memcpy(&val, s->ram->host + vga_plane_index(s, p), 4);
    return GUINT32_FROM_LE(val);
}

/* vga-registers.c */
/* Where the beam is in the frame, by the clock: bits 0 and 3 of port 3DAh. */
uint8_t vga_retrace_status(Vga *s);

/* vga-memory.c */
extern const MemoryOps vga_window_ops;
/* Map or unmap window_ram as the registers say now. */
void vga_window_update(Vga *s);

/* vga-vbe.c */
extern const MemoryOps vga_vbe_port_ops;
void vga_vbe_update(Vga *s); /* derive s->vbe */

/* vga-draw.c */
extern const ConsoleOps vga_console_ops;

/* vga-text.c, vga-graphics.c: one scan line as DAC indexes, one a dot. */
enum { VGA_MAX_DOTS = 257 * 9 };
typedef struct VgaScan {
    uint32_t counter; /* CRTC address of the first character */
    unsigned row_scan;
    unsigned chars;
    int64_t frame;       /* count of frames, for what blinks */
    uint8_t palette[16]; /* attribute to DAC index */
} VgaScan;
void vga_text_line(const Vga *s, const VgaScan *scan, uint8_t *dots);
void vga_graphics_line(const Vga *s, const VgaScan *scan, uint8_t *dots);
/* Plane address that the CRTC puts out. */
uint32_t vga_crtc_address(const Vga *s, uint32_t counter, unsigned row_scan);
/* One line of a VBE mode; palette as x8r8g8b8. */
void vga_vbe_line(const Vga *s, uint32_t line, const uint32_t *palette,
                  uint32_t *out);

#endif
