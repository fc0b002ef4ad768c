/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From video memory to the console's picture. Every update draws all of it;
 * nothing is done while nobody looks.
 *
 * A legacy mode is drawn as the CRTC scans: line by line, with row scan
 * counter, split screen, panning and doubled dots and lines, so the picture
 * has the size of the monitor's (mode 13h gives 640x400). The border is not
 * shown.
 */
#include "hw/display/vga-internal.h"

enum {
    VGA_FRAMES_PER_SECOND = 70, /* for what blinks */
    VGA_BLANK_WIDTH = 640,
    VGA_BLANK_HEIGHT = 480,
};

/* The picture has this size from now on; false if there is no memory. */
static bool vga_resize(Vga *s, unsigned width, unsigned height)
{
    if (s->surface && pixman_image_get_width(s->surface) == (int)width &&
        pixman_image_get_height(s->surface) == (int)height) {
        return true;
    }
    pixman_image_t *surface =
        pixman_image_create_bits(PIXMAN_x8r8g8b8, width, height, NULL, 0);

    if (!surface) {
        return false;
    }
    s->surface = surface;
    console_set_surface(s->console, surface);
    return true;
}

static uint32_t *vga_surface_line(const Vga *s, unsigned line)
{
    return pixman_image_get_data(s->surface) +
           (size_t)line * pixman_image_get_stride(s->surface) / 4;
}

/* ---- Colours
 * ------------------------------------------------------------------ */

static uint8_t vga_dac_level(const Vga *s, uint8_t val)
{
    return s->vbe_reg[VBE_ENABLE] & VBE_ENABLE_8BIT_DAC
               ? val
               : (val & 63) << 2 | (val >> 4 & 3);
}

/* By DAC index, before the pixel mask. */
static void vga_palette(const Vga *s, uint32_t *palette)
{
    for (unsigned i = 0; i < VGA_DAC_COLORS; i++) {
        const uint8_t *c = &s->dac[3 * i];

        palette[i] = (uint32_t)vga_dac_level(s, c[0]) << 16 |
                     vga_dac_level(s, c[1]) << 8 | vga_dac_level(s, c[2]);
    }
}

/* From an attribute's four bits to a DAC index; the upper bits may come from
 * the colour select register. */
static void vga_attribute_palette(const Vga *s, uint8_t *palette)
{
    uint8_t select = s->ar[AR_COLOR_SELECT];

    for (unsigned i = 0; i < 16; i++) {
        uint8_t color = s->ar[i] & 63;

        if (s->ar[AR_MODE] & AR_MODE_P54) {
            color = (color & 15) | (select & 3) << 4;
        }
        palette[i] = color | (select & 12) << 4;
    }
}

/* ---- Legacy modes
 * ------------------------------------------------------------- */

/* What the CRTC registers say about a frame. */
typedef struct VgaFrame {
    bool text;
    unsigned chars, char_dots;
    unsigned repeat; /* pixels a dot */
    unsigned lines;
    unsigned line_compare;
    unsigned rows;        /* scan lines a row of characters */
    unsigned row_repeat;  /* lines a row scan */
    uint32_t row_advance; /* of the address counter */
} VgaFrame;

static VgaFrame vga_frame(const Vga *s)
{
    const uint8_t *cr = s->cr;
    uint8_t overflow = cr[CR_OVERFLOW];
    bool text = !(s->gr[GR_MISC] & GR_MISC_GRAPHICS);
    unsigned factor = cr[CR_MODE] & CR_MODE_HALF_LINES ? 2 : 1;

    return (VgaFrame){
        .text = text,
        .chars = cr[CR_DISPLAY_END] + 1,
        .char_dots = text && !(s->sr[SR_CLOCKING] & SR_CLOCKING_8DOT) ? 9 : 8,
        .repeat = s->sr[SR_CLOCKING] & SR_CLOCKING_HALF ? 2 : 1,
        .lines = ((cr[CR_V_DISPLAY_END] | (overflow >> 1 & 1) << 8 |
                   (overflow >> 6 & 1) << 9) +
                  1) *
                 factor,
        .line_compare = (cr[CR_LINE_COMPARE] | (overflow >> 4 & 1) << 8 |
                         (cr[CR_MAX_SCAN] >> 6 & 1) << 9) *
                        factor,
        .rows = (cr[CR_MAX_SCAN] & 0x1f) + 1,
        .row_repeat = cr[CR_MAX_SCAN] & CR_MAX_SCAN_DOUBLE ? 2 : 1,
        .row_advance = cr[CR_OFFSET] * 2,
    };
}

/* Dots to the left of the screen. */
static unsigned vga_panning(const Vga *s, const VgaFrame *frame)
{
    unsigned pan = s->ar[AR_PANNING] & 15;

    if (frame->char_dots == 9) {
        return pan < 8 ? pan + 1 : 0;
    }
    return pan < 8 ? pan : 0;
}

static void vga_put_dots(const Vga *s, const uint8_t *dots, unsigned count,
                         unsigned repeat, const uint32_t *palette,
                         uint32_t *out)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t color = palette[dots[i] & s->dac_mask];

        for (unsigned r = 0; r < repeat; r++) {
            *out++ = color;
        }
    }
}

static void vga_draw_line(const Vga *s, const VgaFrame *frame,
                          const VgaScan *scan, unsigned pan,
                          const uint32_t *palette, uint32_t *out)
{
    uint8_t dots[VGA_MAX_DOTS];

    if (frame->text) {
        vga_text_line(s, scan, dots);
    } else {
        vga_graphics_line(s, scan, dots);
    }
    vga_put_dots(s, dots + pan, frame->chars * frame->char_dots, frame->repeat,
                 palette, out);
}

static void vga_draw_frame(Vga *s, const uint32_t *palette)
{
    VgaFrame frame = vga_frame(s);
    unsigned pan = vga_panning(s, &frame);
    VgaScan scan = {
        .counter = (s->cr[CR_START_HIGH] << 8 | s->cr[CR_START_LOW]) +
                   (s->cr[CR_PRESET_ROW_SCAN] >> 5 & 3),
        .row_scan = s->cr[CR_PRESET_ROW_SCAN] & 0x1f,
        .chars = frame.chars + 1, /* the last one comes in by panning */
        .frame = clock_now(s->owner->env->clock) /
                 (NS_PER_SECOND / VGA_FRAMES_PER_SECOND),
    };
    unsigned repeated = 0;

    if (!vga_resize(s, frame.chars * frame.char_dots * frame.repeat,
                    frame.lines)) {
        return;
    }
    vga_attribute_palette(s, scan.palette);
    for (unsigned line = 0; line < frame.lines; line++) {
        vga_draw_line(s, &frame, &scan, pan, palette,
                      vga_surface_line(s, line));
        if (line == frame.line_compare) {
            /* The split screen begins: at address 0. */
            scan.counter = 0;
            scan.row_scan = 0;
            repeated = 0;
            pan = s->ar[AR_MODE] & AR_MODE_PAN_TOP ? 0 : pan;
            continue;
        }
        if (++repeated < frame.row_repeat) {
            continue;
        }
        repeated = 0;
        if (scan.row_scan == frame.rows - 1) {
            scan.row_scan = 0;
            scan.counter += frame.row_advance;
        } else {
            scan.row_scan = (scan.row_scan + 1) & 0x1f;
        }
    }
}

/* ---- All modes
 * ------------------------------------------------------------------ */

static void vga_draw_vbe(Vga *s, const uint32_t *palette)
{
    if (!vga_resize(s, s->vbe.width, s->vbe.height)) {
        return;
    }
    for (unsigned line = 0; line < s->vbe.height; line++) {
        vga_vbe_line(s, line, palette, vga_surface_line(s, line));
    }
}

static void vga_draw_blank(Vga *s)
{
    if (!s->surface && !vga_resize(s, VGA_BLANK_WIDTH, VGA_BLANK_HEIGHT)) {
        return;
    }
    unsigned height = pixman_image_get_height(s->surface);

    for (unsigned line = 0; line < height; line++) {
        memset(vga_surface_line(s, line), 0,
               pixman_image_get_width(s->surface) * sizeof(uint32_t));
    }
}

/* The attribute controller passes nothing while its palette is being loaded.
 * Drivers of VBE modes leave the sequencer as it was. */
static bool vga_is_blank(const Vga *s)
{
    return !(s->ar_index & AR_INDEX_ON) ||
           (!s->vbe.enabled && (s->sr[SR_CLOCKING] & SR_CLOCKING_SCREEN_OFF));
}

static void vga_update(void *opaque)
{
    Vga *s = opaque;
    uint32_t palette[VGA_DAC_COLORS];

    space_settle(s->owner->env->memory);
    g_mutex_lock(&s->owner->lock);
    vga_palette(s, palette);
    if (vga_is_blank(s)) {
        vga_draw_blank(s);
    } else if (s->vbe.enabled) {
        vga_draw_vbe(s, palette);
    } else {
        vga_draw_frame(s, palette);
    }
    g_mutex_unlock(&s->owner->lock);
}

const ConsoleOps vga_console_ops = {
    .update = vga_update,
};
