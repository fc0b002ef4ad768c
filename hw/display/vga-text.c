/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text modes: character codes in plane 0, attributes in plane 1, fonts of 32
 * bytes a character in plane 2. Characters are 8 or 9 dots wide.
 */
#include "hw/display/vga-internal.h"

/* Plane address of the font that attribute bit 3 = n selects: SR3 has three
 * bits for each, of which the highest (8 KiB) stands apart. */
static uint32_t vga_font_base(const Vga *s, unsigned n)
{
    uint8_t fonts = s->sr[SR_FONTS];
    unsigned low = n ? fonts >> 2 & 3 : fonts & 3;
    unsigned high = n ? fonts >> 5 & 1 : fonts >> 4 & 1;

    return low * 0x4000 + high * 0x2000;
}

/* The cursor's address if this row of it is lit now, else one that no
 * character has. It blinks at 1/16 of the frame rate. */
static uint32_t vga_cursor(const Vga *s, const VgaScan *scan)
{
    unsigned start = s->cr[CR_CURSOR_START] & 0x1f;
    unsigned end = s->cr[CR_CURSOR_END] & 0x1f;
    unsigned skew = s->cr[CR_CURSOR_END] >> 5 & 3;

    if ((s->cr[CR_CURSOR_START] & CR_CURSOR_OFF) || scan->row_scan < start ||
        scan->row_scan > end || (scan->frame & 8)) {
        return UINT32_MAX;
    }
    return ((s->cr[CR_CURSOR_HIGH] << 8 | s->cr[CR_CURSOR_LOW]) + skew) &
           0xffff;
}

/* The nine dots of a character, leftmost highest. */
static unsigned vga_glyph(const Vga *s, const VgaScan *scan, uint8_t code,
                          uint8_t attr)
{
    uint32_t p = vga_font_base(s, attr >> 3 & 1) + code * 32 + scan->row_scan;
    unsigned bits = (vga_planes_load(s, p) >> 16 & 0xff) << 1;

    /* Line graphics join their neighbours. */
    if ((s->ar[AR_MODE] & AR_MODE_LINE_GRAPHICS) && (code & 0xe0) == 0xc0) {
        bits |= bits >> 1 & 1;
    }
    if ((attr & 0x07) == 1 && scan->row_scan == (s->cr[CR_UNDERLINE] & 0x1fu)) {
        bits = 0x1ff;
    }
    return bits;
}

void vga_text_line(const Vga *s, const VgaScan *scan, uint8_t *dots)
{
    unsigned width = s->sr[SR_CLOCKING] & SR_CLOCKING_8DOT ? 8 : 9;
    bool blink = s->ar[AR_MODE] & AR_MODE_BLINK;
    uint32_t cursor = vga_cursor(s, scan);

    for (unsigned i = 0; i < scan->chars; i++, dots += width) {
        uint32_t counter = (scan->counter + i) & 0xffff;
        uint32_t cell = vga_planes_load(s, vga_crtc_address(s, counter, 0));
        uint8_t attr = cell >> 8;
        unsigned bits = vga_glyph(s, scan, cell, attr);
        uint8_t fg = scan->palette[attr & 15];
        uint8_t bg = scan->palette[attr >> 4 & (blink ? 7 : 15)];

        if (blink && (attr & 0x80) && (scan->frame & 16)) {
            bits = 0;
        }
        if (counter == cursor) {
            bits = 0x1ff;
        }
        for (unsigned d = 0; d < width; d++) {
            dots[d] = bits >> (8 - d) & 1 ? fg : bg;
        }
    }
}
