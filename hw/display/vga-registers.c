/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA's registers behind ports 3B0h..3DFh: sequencer, CRT controller,
 * graphics controller, attribute controller, DAC, and status from the clock.
 * IBM PS/2 Video Subsystem Technical Reference, chapter 2. Vertical retrace
 * interrupts and the light pen are not there.
 */
#include "hw/display/vga-internal.h"

/* Bits that exist. */
static const uint8_t vga_sr_mask[VGA_SEQUENCER_REGS] = { 0x03, 0x3d, 0x0f, 0x3f,
                                                         0x0e };
static const uint8_t vga_gr_mask[VGA_GRAPHICS_REGS] = { 0x0f, 0x0f, 0x0f,
                                                        0x1f, 0x03, 0x7b,
                                                        0x0f, 0x0f, 0xff };

/* ---- Time: where the beam is -------------------------------------------- */

typedef struct VgaTiming {
    int64_t line_ns;
    unsigned lines, shown, retrace, retrace_lines;
} VgaTiming;

static unsigned vga_cr_bits(const Vga *s, unsigned low, unsigned bit8,
                            unsigned bit9)
{
    uint8_t overflow = s->cr[CR_OVERFLOW];

    return s->cr[low] | (overflow >> bit8 & 1) << 8 |
           (overflow >> bit9 & 1) << 9;
}

static int64_t vga_line_ns(const Vga *s)
{
    static const int64_t hz[4] = { 25175000, 28322000, 25175000, 25175000 };
    unsigned dots = s->sr[SR_CLOCKING] & SR_CLOCKING_8DOT ? 8 : 9;
    unsigned half = s->sr[SR_CLOCKING] & SR_CLOCKING_HALF ? 2 : 1;
    unsigned total = s->cr[CR_TOTAL] + 5;

    return total * dots * half * NS_PER_SECOND /
           hz[s->misc >> MISC_CLOCK_SHIFT & 3];
}

/* What the registers say if it makes 40 to 130 frames a second, else (VBE
 * modes set no timing) 60 Hz. */
static VgaTiming vga_timing(const Vga *s)
{
    VgaTiming t = {
        .line_ns = vga_line_ns(s),
        .lines = vga_cr_bits(s, CR_V_TOTAL, 0, 5) + 2,
        .shown = vga_cr_bits(s, CR_V_DISPLAY_END, 1, 6) + 1,
        .retrace = vga_cr_bits(s, CR_V_RETRACE_START, 2, 7),
    };
    int64_t frame_ns = t.line_ns * t.lines;

    t.retrace_lines = ((s->cr[CR_V_RETRACE_END] - t.retrace) & 15) + 1;
    if (s->vbe.enabled || frame_ns < NS_PER_SECOND / 130 ||
        frame_ns > NS_PER_SECOND / 40 || t.shown >= t.lines ||
        t.retrace >= t.lines) {
        t = (VgaTiming){ NS_PER_SECOND / 60 / 525, 525, 480, 490, 2 };
    }
    return t;
}

uint8_t vga_retrace_status(Vga *s)
{
    VgaTiming t = vga_timing(s);
    int64_t now = clock_now(s->owner->env->clock) % (t.line_ns * t.lines);
    unsigned line = now / t.line_ns;
    uint8_t status = 0;

    /* Blanking takes about the last fifth of a line. */
    if (line >= t.shown || now % t.line_ns >= t.line_ns * 4 / 5) {
        status |= 1 << 0;
    }
    if (line >= t.retrace && line < t.retrace + t.retrace_lines) {
        status |= 1 << 3;
    }
    return status;
}

/* ---- Attribute controller: one port, index and data by turns ------------- */

static uint8_t vga_ar_mask(unsigned index)
{
    static const uint8_t mask[VGA_ATTRIBUTE_REGS - AR_MODE] = { 0xef, 0xff,
                                                                0x3f, 0x0f,
                                                                0x0f };

    return index < AR_MODE ? 0x3f : mask[index - AR_MODE];
}

static void vga_ar_write(Vga *s, uint8_t val)
{
    unsigned index = s->ar_index & 0x1f;

    if (!s->ar_data) {
        s->ar_index = val & 0x3f;
    } else if (index < VGA_ATTRIBUTE_REGS) {
        s->ar[index] = val & vga_ar_mask(index);
    }
    s->ar_data = !s->ar_data;
}

static uint8_t vga_ar_read(const Vga *s)
{
    unsigned index = s->ar_index & 0x1f;

    return index < VGA_ATTRIBUTE_REGS ? s->ar[index] : 0;
}

/* ---- CRT controller ------------------------------------------------------ */

static void vga_cr_write(Vga *s, uint8_t val)
{
    unsigned index = s->cr_index;

    if (index >= VGA_CRTC_REGS) {
        return;
    }
    if (index <= CR_OVERFLOW &&
        (s->cr[CR_V_RETRACE_END] & CR_V_RETRACE_END_PROTECT)) {
        /* All but bit 8 of the line compare. */
        if (index == CR_OVERFLOW) {
            s->cr[index] = (s->cr[index] & ~0x10) | (val & 0x10);
        }
        return;
    }
    s->cr[index] = val;
}

static uint8_t vga_cr_read(const Vga *s)
{
    return s->cr_index < VGA_CRTC_REGS ? s->cr[s->cr_index] : 0;
}

/* ---- DAC: three accesses to a colour --------------------------------------
 */

static void vga_dac_select(Vga *s, bool reading, uint8_t index)
{
    s->dac_reading = reading;
    s->dac_component = 0;
    if (reading) {
        s->dac_read = index;
    } else {
        s->dac_write = index;
    }
}

static void vga_dac_write(Vga *s, uint8_t val)
{
    unsigned component = s->dac_component % 3;

    s->dac_partial[component] = val;
    if (component == 2) {
        memcpy(&s->dac[3 * s->dac_write], s->dac_partial, 3);
        s->dac_write++;
    }
    s->dac_component = (component + 1) % 3;
}

static uint8_t vga_dac_read(Vga *s)
{
    unsigned component = s->dac_component % 3;
    uint8_t val = s->dac[3 * s->dac_read + component];

    if (component == 2) {
        s->dac_read++;
    }
    s->dac_component = (component + 1) % 3;
    return val;
}

/* ---- Ports -----------------------------------------------------------------
 */

/* The CRTC and the status are at 3Bxh or 3Dxh: 3Dxh if that is theirs now, 0
 * if the port is the other one. */
static unsigned vga_port_canonical(const Vga *s, unsigned port)
{
    bool color = s->misc & MISC_COLOR_PORTS;

    if (port >= 0x3c0 && port < 0x3d0) {
        return port;
    }
    return (port >= 0x3d0) == color ? 0x3d0 | (port & 15) : 0;
}

uint8_t vga_port_read(Vga *s, unsigned port)
{
    switch (vga_port_canonical(s, port)) {
    case 0x3c0:
        return s->ar_index;
    case 0x3c1:
        return vga_ar_read(s);
    case 0x3c2:
        return 0x10; /* switch sense: a colour monitor */
    case 0x3c4:
        return s->sr_index;
    case 0x3c5:
        return s->sr[s->sr_index % VGA_SEQUENCER_REGS];
    case 0x3c6:
        return s->dac_mask;
    case 0x3c7:
        return s->dac_reading ? 3 : 0;
    case 0x3c8:
        return s->dac_write;
    case 0x3c9:
        return vga_dac_read(s);
    case 0x3ca:
        return s->feature;
    case 0x3cc:
        return s->misc;
    case 0x3ce:
        return s->gr_index;
    case 0x3cf:
        return s->gr_index < VGA_GRAPHICS_REGS ? s->gr[s->gr_index] : 0;
    case 0x3d4:
        return s->cr_index;
    case 0x3d5:
        return vga_cr_read(s);
    case 0x3da:
        s->ar_data = false;
        return vga_retrace_status(s);
    default:
        return 0xff;
    }
}

static void vga_port_store(Vga *s, unsigned port, uint8_t val)
{
    switch (vga_port_canonical(s, port)) {
    case 0x3c0:
        vga_ar_write(s, val);
        break;
    case 0x3c2:
        s->misc = val & ~0x10;
        break;
    case 0x3c4:
        s->sr_index = val & 7;
        break;
    case 0x3c5:
        s->sr[s->sr_index & 7] = val & vga_sr_mask[s->sr_index & 7];
        break;
    case 0x3c6:
        s->dac_mask = val;
        break;
    case 0x3c7:
        vga_dac_select(s, true, val);
        break;
    case 0x3c8:
        vga_dac_select(s, false, val);
        break;
    case 0x3c9:
        vga_dac_write(s, val);
        break;
    case 0x3ce:
        s->gr_index = val & 15;
        break;
    case 0x3cf:
        if (s->gr_index < VGA_GRAPHICS_REGS) {
            s->gr[s->gr_index] = val & vga_gr_mask[s->gr_index];
        }
        break;
    case 0x3d4:
        s->cr_index = val;
        break;
    case 0x3d5:
        vga_cr_write(s, val);
        break;
    case 0x3da:
        s->feature = val & 0x10;
        break;
    default:
        break;
    }
}

void vga_port_write(Vga *s, unsigned port, uint8_t val)
{
    vga_port_store(s, port, val);
    vga_window_update(s);
}
