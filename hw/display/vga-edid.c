/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An EDID 1.4 base block (VESA E-EDID Standard, Release A2, chapter 3) of a
 * digital monitor with one preferred mode, a name, and the standard timings
 * that guests like to offer.
 */
#include "hw/display/vga-edid.h"

#include <string.h>

enum { EDID_DPI = 96 };

/* 3.10.2, with the blanking of VESA's reduced timings: 160 dots, 5% lines. */
static void vga_edid_detailed(uint8_t *d, unsigned width, unsigned height)
{
    unsigned h_blank = 160, v_blank = height / 20 + 10;
    unsigned h_front = 48, h_sync = 32, v_front = 3, v_sync = 6;
    unsigned width_mm = width * 254 / (EDID_DPI * 10);
    unsigned height_mm = height * 254 / (EDID_DPI * 10);
    unsigned clock = (width + h_blank) * (height + v_blank) * 60ull / 10000;

    clock = clock > 0xffff ? 0xffff : clock;

    d[0] = clock;
    d[1] = clock >> 8;
    d[2] = width;
    d[3] = h_blank;
    d[4] = width >> 8 << 4 | h_blank >> 8;
    d[5] = height;
    d[6] = v_blank;
    d[7] = height >> 8 << 4 | v_blank >> 8;
    d[8] = h_front;
    d[9] = h_sync;
    d[10] = (v_front & 15) << 4 | (v_sync & 15);
    d[12] = width_mm;
    d[13] = height_mm;
    d[14] = width_mm >> 8 << 4 | height_mm >> 8;
    d[17] = 0x18; /* digital separate sync */
}

/* 3.10.3: name and range limits. */
static void vga_edid_descriptors(uint8_t *d)
{
    static const uint8_t limits[18] = { 0,    0,    0,    0xfd, 0,    50,
                                        125,  30,   160,  255,  0,    0x0a,
                                        0x20, 0x20, 0x20, 0x20, 0x20, 0x20 };
    static const uint8_t name[18] = "\0\0\0\xfc\0emu monitor\n ";
    static const uint8_t dummy[18] = { 0, 0, 0, 0x10 };

    memcpy(d, limits, 18);
    memcpy(d + 18, name, 18);
    memcpy(d + 36, dummy, 18);
}

/* 3.9: width / 8 - 31, aspect ratio in bits 7:6, rate - 60. */
static const uint8_t edid_standard[16] = {
    0xe1, 0xc0, /* 2048 x 1152, 16:9 */
    0xd1, 0xc0, /* 1920 x 1080 */
    0xa9, 0x40, /* 1600 x 1200, 4:3 */
    0x81, 0x80, /* 1280 x 1024, 5:4 */
    0x81, 0xc0, /* 1280 x 720 */
    0x81, 0x00, /* 1280 x 800, 16:10 */
    0x61, 0x40, /* 1024 x 768 */
    0x45, 0x40, /* 800 x 600 */
};

void vga_edid_make(uint8_t edid[VGA_EDID_SIZE], unsigned width, unsigned height)
{
    static const uint8_t head[20] = {
        0,    0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0,    0x15, 0xb5, /* manufacturer "EMU": 00101 01101 10101 */
        0x01, 0,    0x01, 0,    0,    0, /* product, serial number */
        0xff, 30,                        /* model year 2020 */
        1,    4,
    };
    /* 8 bits a colour, digital; size in cm; gamma 2.2; sRGB, preferred mode. */
    const uint8_t basic[5] = { 0xa0, width * 254 / (EDID_DPI * 100),
                               height * 254 / (EDID_DPI * 100), 120, 0x06 };
    /* sRGB primaries and white point. */
    static const uint8_t chroma[10] = { 0xee, 0x91, 0xa3, 0x54, 0x4c,
                                        0x99, 0x26, 0x0f, 0x50, 0x54 };
    static const uint8_t established[3] = { 0x21, 0x08, 0x00 };
    uint8_t sum = 0;

    memset(edid, 0, VGA_EDID_SIZE);
    memcpy(edid, head, sizeof(head));
    memcpy(edid + 20, basic, sizeof(basic));
    memcpy(edid + 25, chroma, sizeof(chroma));
    memcpy(edid + 35, established, sizeof(established));
    memcpy(edid + 38, edid_standard, sizeof(edid_standard));
    vga_edid_detailed(edid + 54, width, height);
    vga_edid_descriptors(edid + 72);
    for (unsigned i = 0; i < VGA_EDID_SIZE - 1; i++) {
        sum += edid[i];
    }
    edid[VGA_EDID_SIZE - 1] = -sum;
}
