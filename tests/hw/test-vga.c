/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA from outside: ports, window, dispi, and the picture that its console
 * gives. What the planes do is compared with a model of four arrays, written
 * straight from the manual.
 */
#include <string.h>

#include "tests/hw/harness.h"
#include "ui/console.h"

enum {
    LFB = 0xe0000000,
    MMIO = 0xfebf0000,
    WINDOW = 0xa0000,
    TEXT = 0xb8000,
    DEVFN = PCI_DEVFN(2, 0),
};

typedef struct Fixture {
    Hw *hw;
    Device *dev;
} Fixture;

static void fixture_set_up(Fixture *f, gconstpointer data)
{
    f->hw = hw_new();
    f->dev = hw_device(f->hw, "VGA,addr=2", NULL);
    hw_config_write(f->hw, DEVFN, PCI_BAR0, 4, LFB);
    hw_config_write(f->hw, DEVFN, PCI_BAR0 + 8, 4, MMIO);
    hw_config_write(f->hw, DEVFN, PCI_COMMAND, 2, 3);
}

static void fixture_tear_down(Fixture *f, gconstpointer data)
{
    hw_remove(f->dev);
    hw_free(f->hw);
}

static uint8_t readb(Fixture *f, hwaddr addr)
{
    uint64_t val;

    space_load(f->hw->env.memory, addr, 1, &val);
    return val;
}

static void writeb(Fixture *f, hwaddr addr, uint8_t val)
{
    space_store(f->hw->env.memory, addr, 1, val);
}

static void set(Fixture *f, uint16_t port, uint8_t index, uint8_t val)
{
    hw_outw(f->hw, port, index | val << 8);
}

static uint8_t get(Fixture *f, uint16_t port, uint8_t index)
{
    hw_outb(f->hw, port, index);
    return hw_inb(f->hw, port + 1);
}

static void set_ar(Fixture *f, uint8_t index, uint8_t val)
{
    hw_inb(f->hw, 0x3da);
    hw_outb(f->hw, 0x3c0, index);
    hw_outb(f->hw, 0x3c0, val);
}

static void vbe(Fixture *f, uint16_t index, uint16_t val)
{
    hw_outw(f->hw, 0x1ce, index);
    hw_outw(f->hw, 0x1cf, val);
}

static uint16_t vbe_get(Fixture *f, uint16_t index)
{
    hw_outw(f->hw, 0x1ce, index);
    return hw_inw(f->hw, 0x1d0);
}

static void vbe_mode(Fixture *f, unsigned width, unsigned height, unsigned bpp)
{
    vbe(f, 4, 0);
    vbe(f, 1, width);
    vbe(f, 2, height);
    vbe(f, 3, bpp);
    vbe(f, 4, 0x41);
}

/* The standard register values of a mode, IBM's tables. */
typedef struct Mode {
    uint8_t misc, sr[5], cr[25], gr[9], ar[21];
} Mode;

/* clang-format off */
static const Mode mode_text = { /* 3: 80x25, 9x16 */
    0x67, { 0x03, 0x00, 0x03, 0x00, 0x02 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e,
      0x00, 0x00, 0x0f, 0xff, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3,
      0xff },
    { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
      0x0c, 0x00, 0x0f, 0x08, 0x00 },
};
static const Mode mode_12h = { /* 640x480, 16 colours */
    0xe3, { 0x03, 0x01, 0x0f, 0x00, 0x06 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3,
      0xff },
    { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0f, 0xff },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
      0x01, 0x00, 0x0f, 0x00, 0x00 },
};
static const Mode mode_13h = { /* 320x200, 256 colours */
    0x63, { 0x03, 0x01, 0x0f, 0x00, 0x0e },
    { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3,
      0xff },
    { 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0f, 0xff },
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
      0x41, 0x00, 0x0f, 0x00, 0x00 },
};
static const Mode mode_4 = { /* 320x200, 4 colours of the CGA */
    0x63, { 0x03, 0x09, 0x03, 0x00, 0x02 },
    { 0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2,
      0xff },
    { 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x0f, 0x0f, 0xff },
    { 0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
      0x17, 0x01, 0x00, 0x03, 0x00, 0x00 },
};
/* clang-format on */

/* A DAC whose entry n is the colour 2n, 63 - n, n in six bits. */
static uint32_t dac_color(uint8_t n)
{
    uint8_t rgb[3] = { 2 * n & 63, (63 - n) & 63, n & 63 };
    uint32_t color = 0;

    for (unsigned i = 0; i < 3; i++) {
        color = color << 8 | rgb[i] << 2 | rgb[i] >> 4;
    }
    return color;
}

static void load_dac(Fixture *f)
{
    hw_outb(f->hw, 0x3c6, 0xff);
    hw_outb(f->hw, 0x3c8, 0);
    for (unsigned n = 0; n < 256; n++) {
        hw_outb(f->hw, 0x3c9, 2 * n & 63);
        hw_outb(f->hw, 0x3c9, (63 - n) & 63);
        hw_outb(f->hw, 0x3c9, n & 63);
    }
}

static void set_mode(Fixture *f, const Mode *m)
{
    hw_outb(f->hw, 0x3c2, m->misc);
    for (unsigned i = 0; i < 5; i++) {
        set(f, 0x3c4, i, m->sr[i]);
    }
    set(f, 0x3d4, 0x11, 0);
    for (unsigned i = 0; i < 25; i++) {
        set(f, 0x3d4, i, m->cr[i]);
    }
    for (unsigned i = 0; i < 9; i++) {
        set(f, 0x3ce, i, m->gr[i]);
    }
    for (unsigned i = 0; i < 21; i++) {
        set_ar(f, i, m->ar[i]);
    }
    hw_inb(f->hw, 0x3da);
    hw_outb(f->hw, 0x3c0, 0x20);
    load_dac(f);
}

/* ---- The picture
 * ------------------------------------------------------------- */

typedef struct Picture {
    int width, height;
    pixman_image_t *image;
} Picture;

static Picture look(Fixture *f)
{
    Picture p = { .image = console_snapshot(f->hw->console) };

    g_assert_nonnull(p.image);
    p.width = pixman_image_get_width(p.image);
    p.height = pixman_image_get_height(p.image);
    return p;
}

static uint32_t pixel(const Picture *p, int x, int y)
{
    return pixman_image_get_data(
               p->image)[y * pixman_image_get_stride(p->image) / 4 + x] &
           0xffffff;
}

static void look_away(Picture *p)
{
    pixman_image_unref(p->image);
}

static void assert_pixel(Fixture *f, int x, int y, uint32_t color)
{
    Picture p = look(f);

    g_assert_cmphex(pixel(&p, x, y), ==, color);
    look_away(&p);
}

/* ---- Registers
 * ---------------------------------------------------------------- */

static void test_pci(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(hw_config_read(f->hw, DEVFN, 0, 4), ==, 0x11111234);
    g_assert_cmphex(hw_config_read(f->hw, DEVFN, 10, 2), ==, 0x0300);
    hw_config_write(f->hw, DEVFN, PCI_BAR0, 4, 0xffffffff);
    g_assert_cmphex(hw_config_read(f->hw, DEVFN, PCI_BAR0, 4), ==, 0xff000008);
    hw_config_write(f->hw, DEVFN, PCI_BAR0 + 8, 4, 0xffffffff);
    g_assert_cmphex(hw_config_read(f->hw, DEVFN, PCI_BAR0 + 8, 4), ==,
                    0xfffff000);
}

static void test_memory_size(Fixture *f, gconstpointer data)
{
    g_autofree char *odd = hw_device_error(f->hw, "VGA,vgamem_mb=3", NULL);
    g_autofree char *big = hw_device_error(f->hw, "VGA,vgamem_mb=512", NULL);

    g_assert_nonnull(strstr(odd, "power of two"));
    g_assert_nonnull(strstr(big, "vgamem_mb"));
}

static void test_ports_move(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x3c2, 0x01);
    set(f, 0x3d4, 0x0f, 0x5a);
    g_assert_cmphex(get(f, 0x3d4, 0x0f), ==, 0x5a);
    g_assert_cmphex(hw_inb(f->hw, 0x3b5), ==, 0xff);
    hw_outb(f->hw, 0x3c2, 0x00);
    g_assert_cmphex(hw_inb(f->hw, 0x3d5), ==, 0xff);
    g_assert_cmphex(get(f, 0x3b4, 0x0f), ==, 0x5a);
    g_assert_cmphex(hw_inb(f->hw, 0x3cc), ==, 0x00);
}

static void test_crtc_protect(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x3c2, 0x01);
    set(f, 0x3d4, 0x00, 0x11);
    set(f, 0x3d4, 0x07, 0x00);
    set(f, 0x3d4, 0x11, 0x80);
    set(f, 0x3d4, 0x00, 0x22);
    set(f, 0x3d4, 0x07, 0xff);
    g_assert_cmphex(get(f, 0x3d4, 0x00), ==, 0x11);
    g_assert_cmphex(get(f, 0x3d4, 0x07), ==, 0x10);
    set(f, 0x3d4, 0x11, 0x00);
    set(f, 0x3d4, 0x00, 0x22);
    g_assert_cmphex(get(f, 0x3d4, 0x00), ==, 0x22);
}

static void test_attribute_flip_flop(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x3c2, 0x01);
    set_ar(f, 0x11, 0x2a);
    g_assert_cmphex(hw_inb(f->hw, 0x3c0), ==, 0x11);
    g_assert_cmphex(hw_inb(f->hw, 0x3c1), ==, 0x2a);
    hw_outb(f->hw, 0x3c0, 0x12); /* index */
    hw_inb(f->hw, 0x3da);
    hw_outb(f->hw, 0x3c0, 0x13); /* index again */
    hw_outb(f->hw, 0x3c0, 0xff);
    g_assert_cmphex(hw_inb(f->hw, 0x3c1), ==, 0x0f);
}

static void test_dac(Fixture *f, gconstpointer data)
{
    hw_outb(f->hw, 0x3c8, 7);
    hw_outb(f->hw, 0x3c9, 1);
    hw_outb(f->hw, 0x3c9, 2);
    g_assert_cmphex(hw_inb(f->hw, 0x3c8), ==, 7);
    hw_outb(f->hw, 0x3c9, 3);
    g_assert_cmphex(hw_inb(f->hw, 0x3c8), ==, 8);
    hw_outb(f->hw, 0x3c7, 7);
    g_assert_cmphex(hw_inb(f->hw, 0x3c7), ==, 3);
    g_assert_cmphex(hw_inb(f->hw, 0x3c9), ==, 1);
    g_assert_cmphex(hw_inb(f->hw, 0x3c9), ==, 2);
    g_assert_cmphex(hw_inb(f->hw, 0x3c9), ==, 3);
}

/* 400 lines shown of 449, 70 times a second; retrace is two lines. */
static void test_retrace(Fixture *f, gconstpointer data)
{
    unsigned retraces = 0, shown = 0, count = 0;
    bool was = false;

    set_mode(f, &mode_text);
    for (int64_t t = 0; t < NS_PER_SECOND; t += 10 * NS_PER_US) {
        uint8_t status = hw_inb(f->hw, 0x3da);

        retraces += (status & 8) && !was;
        was = status & 8;
        shown += !(status & 1);
        count++;
        hw_advance(f->hw, 10 * NS_PER_US);
    }
    g_assert_cmpuint(retraces, >=, 69);
    g_assert_cmpuint(retraces, <=, 71);
    g_assert_cmpuint(shown * 100 / count, >=, 65);
    g_assert_cmpuint(shown * 100 / count, <=, 78);
}

static void test_mmio(Fixture *f, gconstpointer data)
{
    uint64_t val;

    hw_outb(f->hw, 0x3c2, 0x01);
    set(f, 0x3d4, 0x0f, 0x77);
    writeb(f, MMIO + 0x400 + 0x14, 0x0f);
    g_assert_cmphex(readb(f, MMIO + 0x400 + 0x15), ==, 0x77);
    space_load(f->hw->env.memory, MMIO + 0x500, 2, &val);
    g_assert_cmphex(val, ==, 0xb0c5);
    space_load(f->hw->env.memory, MMIO + 0x514, 2, &val);
    g_assert_cmphex(val, ==, 256);
    g_assert_cmphex(hw_readl(f->hw, MMIO + 0x600), ==, 8);
    g_assert_cmphex(hw_readl(f->hw, MMIO + 0x604), ==, 0x1e1e1e1e);
    hw_writel(f->hw, MMIO + 0x604, 0xbebebebe);
    g_assert_cmphex(hw_readl(f->hw, MMIO + 0x604), ==, 0xbebebebe);
}

static void test_edid(Fixture *f, gconstpointer data)
{
    uint8_t sum = 0;

    g_assert_cmphex(hw_readq(f->hw, MMIO), ==, 0x00ffffffffffff00);
    for (unsigned i = 0; i < 128; i++) {
        sum += readb(f, MMIO + i);
    }
    g_assert_cmphex(sum, ==, 0);
    g_assert_cmpuint(readb(f, MMIO + 56) | readb(f, MMIO + 58) >> 4 << 8, ==,
                     1280);
}

/* ---- Text
 * --------------------------------------------------------------------- */

static void load_glyph(Fixture *f, unsigned font, uint8_t code,
                       const uint8_t rows[16])
{
    set(f, 0x3c4, 2, 4);
    set(f, 0x3c4, 4, 7);
    set(f, 0x3ce, 5, 0);
    set(f, 0x3ce, 6, 4);
    for (unsigned i = 0; i < 16; i++) {
        writeb(f, WINDOW + font + code * 32 + i, rows[i]);
    }
    set(f, 0x3c4, 2, 3);
    set(f, 0x3c4, 4, 2);
    set(f, 0x3ce, 5, 0x10);
    set(f, 0x3ce, 6, 0x0e);
}

static const uint8_t glyph[16] = { 0x80, 0xc1, 0x18, 0x00, 0xff, 0x55,
                                   0xaa, 0x01, 0x3c, 0x42, 0x81, 0x99,
                                   0x42, 0x3c, 0x7e, 0x0f };

static void put_char(Fixture *f, unsigned x, unsigned y, uint8_t code,
                     uint8_t attr)
{
    writeb(f, TEXT + 2 * (80 * y + x), code);
    writeb(f, TEXT + 2 * (80 * y + x) + 1, attr);
}

/* Character cell (x, y) shows the glyph; ninth: what the last column is. */
static void assert_glyph(Fixture *f, unsigned x, unsigned y, uint32_t fg,
                         uint32_t bg, bool ninth)
{
    Picture p = look(f);

    g_assert_cmpint(p.width, ==, 720);
    g_assert_cmpint(p.height, ==, 400);
    for (unsigned row = 0; row < 16; row++) {
        for (unsigned d = 0; d < 9; d++) {
            bool on =
                d < 8 ? glyph[row] >> (7 - d) & 1 : ninth && (glyph[row] & 1);

            g_assert_cmphex(pixel(&p, 9 * x + d, 16 * y + row), ==,
                            on ? fg : bg);
        }
    }
    look_away(&p);
}

static void test_text(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_text);
    load_glyph(f, 0, 'A', glyph);
    load_glyph(f, 0, 0xc4, glyph);
    put_char(f, 3, 2, 'A', 0x1e);
    g_assert_cmphex(readb(f, TEXT + 2 * (80 * 2 + 3)), ==, 'A');
    g_assert_cmphex(readb(f, TEXT + 2 * (80 * 2 + 3) + 1), ==, 0x1e);
    assert_glyph(f, 3, 2, dac_color(0x3e), dac_color(1), false);
    put_char(f, 3, 2, 0xc4, 0x61);
    set(f, 0x3d4, 0x14, 0x1f);
    assert_glyph(f, 3, 2, dac_color(1), dac_color(0x14), true);
    /* The start address in characters. */
    set(f, 0x3d4, 0x0d, 80);
    assert_glyph(f, 3, 1, dac_color(1), dac_color(0x14), true);
}

static void test_text_blink(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_text);
    load_glyph(f, 0, 'A', glyph);
    put_char(f, 0, 1, 'A', 0x9f);
    assert_glyph(f, 0, 1, dac_color(0x3f), dac_color(1), false);
    hw_advance(f->hw, NS_PER_SECOND / 70 * 17);
    assert_pixel(f, 0, 16, dac_color(1));
    set_ar(f, 0x10, 0x04); /* no blinking: sixteen backgrounds */
    hw_outb(f->hw, 0x3c0, 0x20);
    assert_glyph(f, 0, 1, dac_color(0x3f), dac_color(0x39), false);
}

static void test_text_cursor(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_text);
    put_char(f, 5, 0, ' ', 0x07);
    set(f, 0x3d4, 0x0e, 0);
    set(f, 0x3d4, 0x0f, 5);
    assert_pixel(f, 45, 12, dac_color(0));
    assert_pixel(f, 45, 13, dac_color(7));
    assert_pixel(f, 53, 14, dac_color(7));
    assert_pixel(f, 54, 14, dac_color(0));
    assert_pixel(f, 45, 15, dac_color(0));
    hw_advance(f->hw, NS_PER_SECOND / 70 * 9);
    assert_pixel(f, 45, 13, dac_color(0));
    hw_advance(f->hw, NS_PER_SECOND / 70 * 8);
    assert_pixel(f, 45, 13, dac_color(7));
    set(f, 0x3d4, 0x0a, 0x2d);
    assert_pixel(f, 45, 13, dac_color(0));
}

static void test_text_second_font(Fixture *f, gconstpointer data)
{
    static const uint8_t empty[16];

    set_mode(f, &mode_text);
    load_glyph(f, 0, 'A', empty);
    load_glyph(f, 0x2000, 'A', glyph);
    set(f, 0x3c4, 3, 0x20); /* attribute bit 3: the font at 8 KiB */
    put_char(f, 0, 0, 'A', 0x0f);
    put_char(f, 1, 0, 'A', 0x07);
    assert_glyph(f, 0, 0, dac_color(0x3f), dac_color(0), false);
    assert_pixel(f, 9, 0, dac_color(0));
}

static void test_text_split(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_text);
    load_glyph(f, 0, 'A', glyph);
    put_char(f, 0, 0, 'A', 0x0f);
    set(f, 0x3d4, 0x0c, 0x10); /* an empty page above */
    set(f, 0x3d4, 0x18, 159);  /* from line 160 on: address 0 */
    set(f, 0x3d4, 0x07, 0x0f);
    set(f, 0x3d4, 0x09, 0x0f);
    assert_pixel(f, 0, 0, dac_color(0));
    assert_glyph(f, 0, 10, dac_color(0x3f), dac_color(0), false);
}

static void test_blank(Fixture *f, gconstpointer data)
{
    Picture p = look(f);

    g_assert_cmpint(p.width, ==, 640);
    g_assert_cmpint(p.height, ==, 480);
    g_assert_cmphex(pixel(&p, 0, 0), ==, 0);
    look_away(&p);
    set_mode(f, &mode_12h);
    assert_pixel(f, 0, 0, dac_color(0));
    set(f, 0x3c4, 1, 0x21);
    assert_pixel(f, 0, 0, 0);
    set(f, 0x3c4, 1, 0x01);
    hw_inb(f->hw, 0x3da);
    hw_outb(f->hw, 0x3c0, 0);
    assert_pixel(f, 0, 0, 0);
}

/* ---- Graphics
 * ------------------------------------------------------------------ */

static void test_planar_picture(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_12h);
    set(f, 0x3c4, 2, 0x0a);
    writeb(f, WINDOW + 80 * 7 + 5, 0x81);
    assert_pixel(f, 40, 7, dac_color(0x3a));
    assert_pixel(f, 41, 7, dac_color(0));
    assert_pixel(f, 47, 7, dac_color(0x3a));
    assert_pixel(f, 48, 7, dac_color(0));
    set_ar(f, 0x13, 3); /* panning to the left */
    hw_outb(f->hw, 0x3c0, 0x20);
    assert_pixel(f, 37, 7, dac_color(0x3a));
    set_ar(f, 0x12, 0x08); /* one plane only */
    hw_outb(f->hw, 0x3c0, 0x20);
    assert_pixel(f, 37, 7, dac_color(0x38));
}

static void test_mode_13h(Fixture *f, gconstpointer data)
{
    Picture p;

    set_mode(f, &mode_13h);
    for (unsigned i = 0; i < 64000; i++) {
        writeb(f, WINDOW + i, i ^ i >> 8);
    }
    p = look(f);
    g_assert_cmpint(p.width, ==, 640);
    g_assert_cmpint(p.height, ==, 400);
    for (unsigned i = 0; i < 64000; i++) {
        uint32_t want = dac_color(i ^ i >> 8);

        g_assert_cmphex(pixel(&p, i % 320 * 2, i / 320 * 2), ==, want);
        g_assert_cmphex(pixel(&p, i % 320 * 2 + 1, i / 320 * 2 + 1), ==, want);
    }
    look_away(&p);
    hw_outb(f->hw, 0x3c6, 0x0f);
    assert_pixel(f, 2 * 0x35, 0, dac_color(0x05));
}

/* The same bytes by the mapped window and by way of the controllers. */
static void test_chain4_paths(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_13h);
    for (unsigned i = 0; i < 0x10000; i++) {
        writeb(f, WINDOW + i, i * 7);
    }
    set(f, 0x3ce, 3, 0x10); /* OR with the latches */
    for (unsigned i = 0; i < 0x10000; i++) {
        g_assert_cmphex(readb(f, WINDOW + i), ==, i * 7 & 0xff);
    }
    readb(f, WINDOW + 4); /* latch 1ch, 23h, 2ah, 31h */
    writeb(f, WINDOW + 0x8001, 0x40);
    set(f, 0x3ce, 3, 0);
    g_assert_cmphex(readb(f, WINDOW + 0x8001), ==, 0x63);
    set(f, 0x3c4, 2, 0x0d); /* plane 1 is write-protected */
    writeb(f, WINDOW + 0x8001, 0xff);
    writeb(f, WINDOW + 0x8002, 0xff);
    g_assert_cmphex(readb(f, WINDOW + 0x8001), ==, 0x63);
    g_assert_cmphex(readb(f, WINDOW + 0x8002), ==, 0xff);
    /* Unchained, pixel 4n + k is byte 4n of plane k. */
    set(f, 0x3c4, 4, 0x06);
    set(f, 0x3ce, 4, 3);
    g_assert_cmphex(readb(f, WINDOW + 0x1234), ==, 0x1237 * 7 & 0xff);
}

static void test_mode_x(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_13h);
    set(f, 0x3c4, 4, 0x06);
    set(f, 0x3d4, 0x14, 0x00);
    set(f, 0x3d4, 0x17, 0xe3);
    for (unsigned plane = 0; plane < 4; plane++) {
        set(f, 0x3c4, 2, 1 << plane);
        writeb(f, WINDOW + 80 * 10 + 1, 0x50 + plane);
    }
    for (unsigned plane = 0; plane < 4; plane++) {
        assert_pixel(f, 2 * (4 + plane), 20, dac_color(0x50 + plane));
    }
    assert_pixel(f, 16, 20, dac_color(0));
}

static void test_mode_cga(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_4);
    writeb(f, TEXT + 0x0000, 0x1b); /* line 0: 0 1 2 3 */
    writeb(f, TEXT + 0x0001, 0xe4); /* 3 2 1 0 */
    writeb(f, TEXT + 0x2000, 0x80); /* line 1 */
    writeb(f, TEXT + 0x0050, 0x40); /* line 2 */
    assert_pixel(f, 0, 0, dac_color(0));
    assert_pixel(f, 2, 0, dac_color(0x13));
    assert_pixel(f, 5, 1, dac_color(0x15));
    assert_pixel(f, 7, 1, dac_color(0x17));
    assert_pixel(f, 8, 0, dac_color(0x17));
    assert_pixel(f, 12, 0, dac_color(0x13));
    assert_pixel(f, 0, 2, dac_color(0x15));
    assert_pixel(f, 0, 4, dac_color(0x13));
}

/* ---- The controllers against a model
 * -------------------------------------------- */

typedef struct Planes {
    uint8_t plane[4][0x10000], latch[4];
    uint8_t gr[9], map_mask;
    bool odd_even, chain4;
} Planes;

static uint8_t model_read(Planes *m, unsigned addr)
{
    unsigned plane = m->gr[4];
    uint8_t compare = 0xff;

    if (m->chain4) {
        plane = addr & 3;
        addr &= ~3u;
    } else if (m->gr[5] & 0x10) {
        plane = (plane & 2) | (addr & 1);
        addr &= ~1u;
    }
    for (unsigned k = 0; k < 4; k++) {
        m->latch[k] = m->plane[k][addr];
        if (m->gr[7] >> k & 1) {
            compare &= m->gr[2] >> k & 1 ? m->latch[k] : ~m->latch[k];
        }
    }
    return m->gr[5] & 8 ? compare : m->latch[plane];
}

static uint8_t model_alu(const Planes *m, unsigned k, uint8_t val, uint8_t bits)
{
    static const char ops[] = "=&|^";

    switch (ops[m->gr[3] >> 3]) {
    case '&':
        val &= m->latch[k];
        break;
    case '|':
        val |= m->latch[k];
        break;
    case '^':
        val ^= m->latch[k];
        break;
    default:
        break;
    }
    return (val & bits) | (m->latch[k] & ~bits);
}

static uint8_t model_data(const Planes *m, unsigned k, uint8_t val)
{
    uint8_t rotated = val >> (m->gr[3] & 7) | val << (8 - (m->gr[3] & 7));
    uint8_t set = m->gr[0] >> k & 1 ? 0xff : 0;

    switch (m->gr[5] & 3) {
    case 0:
        return model_alu(m, k, m->gr[1] >> k & 1 ? set : rotated, m->gr[8]);
    case 1:
        return m->latch[k];
    case 2:
        return model_alu(m, k, val >> k & 1 ? 0xff : 0, m->gr[8]);
    default:
        return model_alu(m, k, set, rotated & m->gr[8]);
    }
}

static void model_write(Planes *m, unsigned addr, uint8_t val)
{
    for (unsigned k = 0; k < 4; k++) {
        unsigned at = m->chain4 ? addr & ~3u : m->odd_even ? addr & ~1u : addr;
        bool here = m->chain4     ? (addr & 3) == k
                    : m->odd_even ? (addr & 1) == (k & 1)
                                  : true;

        if (here && (m->map_mask >> k & 1)) {
            m->plane[k][at] = model_data(m, k, val);
        }
    }
}

static void test_planes_like_model(Fixture *f, gconstpointer data)
{
    static const uint8_t mask[9] = { 15, 15, 15, 0x1f, 3, 0x1b, 0, 15, 0xff };
    g_autofree Planes *m = g_new0(Planes, 1);
    GRand *rand = g_rand_new_with_seed(1);

    set_mode(f, &mode_12h);
    set(f, 0x3c4, 4, 6);
    memcpy(m->gr, mode_12h.gr, 9);
    m->map_mask = 15;
    for (unsigned i = 0; i < 200000; i++) {
        unsigned addr = g_rand_int_range(rand, 0, 4) * 0x4000 +
                        g_rand_int_range(rand, 0, 64);
        uint8_t val = g_rand_int(rand);

        switch (g_rand_int_range(rand, 0, 8)) {
        case 0:
            addr %= 9;
            if (addr != 6) {
                m->gr[addr] = val & mask[addr];
                set(f, 0x3ce, addr, val);
            }
            break;
        case 1:
            m->map_mask = val & 15;
            set(f, 0x3c4, 2, val);
            break;
        case 2:
            m->odd_even = !(val & 4);
            m->chain4 = val & 8;
            set(f, 0x3c4, 4, val);
            break;
        case 3:
        case 4:
            g_assert_cmphex(readb(f, WINDOW + addr), ==, model_read(m, addr));
            break;
        default:
            writeb(f, WINDOW + addr, val);
            model_write(m, addr, val);
            break;
        }
    }
    g_rand_free(rand);
}

static void test_window_places(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_12h);
    writeb(f, WINDOW + 0x7fff, 0x11);
    g_assert_cmphex(readb(f, 0xb0000), ==, 0xff);
    set(f, 0x3ce, 6, 0x09);
    g_assert_cmphex(readb(f, WINDOW + 0x7fff), ==, 0xff);
    g_assert_cmphex(readb(f, 0xb7fff), ==, 0x11);
    g_assert_cmphex(readb(f, 0xb8000), ==, 0xff);
    set(f, 0x3ce, 6, 0x0d);
    g_assert_cmphex(readb(f, 0xb7fff), ==, 0xff);
    g_assert_cmphex(readb(f, 0xbffff), ==, 0x11);
    set(f, 0x3ce, 6, 0x01);
    g_assert_cmphex(readb(f, WINDOW + 0x7fff), ==, 0x11);
    g_assert_cmphex(readb(f, WINDOW + 0x17fff), ==, 0x11);
    hw_outb(f->hw, 0x3c2, 0x01); /* memory off */
    g_assert_cmphex(readb(f, WINDOW + 0x7fff), ==, 0xff);
}

/* ---- VBE
 * ------------------------------------------------------------------------- */

static void test_vbe_registers(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(vbe_get(f, 0), ==, 0xb0c5);
    vbe(f, 0, 0xb0c2);
    g_assert_cmphex(vbe_get(f, 0), ==, 0xb0c2);
    vbe(f, 0, 0x1234);
    g_assert_cmphex(vbe_get(f, 0), ==, 0xb0c2);
    g_assert_cmphex(vbe_get(f, 10), ==, 256);
    vbe(f, 4, 2);
    g_assert_cmpuint(vbe_get(f, 3), ==, 32);
    g_assert_cmpuint(vbe_get(f, 1), >=, 1920);
    vbe(f, 6, 2048); /* of an older mode */
    vbe_mode(f, 1024, 768, 32);
    g_assert_cmpuint(vbe_get(f, 1), ==, 1024);
    g_assert_cmpuint(vbe_get(f, 2), ==, 768);
    g_assert_cmpuint(vbe_get(f, 3), ==, 32);
    g_assert_cmpuint(vbe_get(f, 6), ==, 1024);
    g_assert_cmpuint(vbe_get(f, 7), ==, 4096);
    vbe(f, 6, 2000);
    g_assert_cmpuint(vbe_get(f, 6), ==, 2000);
    vbe(f, 6, 65535);
    g_assert_cmpuint(vbe_get(f, 6), ==, (16 << 20) / 768 / 32 * 8);
    g_assert_cmphex(vbe_get(f, 99), ==, 0);
}

static void test_vbe_depths(Fixture *f, gconstpointer data)
{
    static const struct {
        unsigned bpp;
        uint32_t raw, want;
    } depths[] = {
        { 8, 0x2a, 0 },
        { 15, 0x7c1f, 0xff00ff },
        { 16, 0x07ff, 0x00ffff },
        { 24, 0x123456, 0x123456 },
        { 32, 0x654321, 0x654321 },
    };

    set_mode(f, &mode_12h);
    for (unsigned i = 0; i < G_N_ELEMENTS(depths); i++) {
        unsigned bytes = (depths[i].bpp + 7) / 8;

        vbe_mode(f, 640, 480, depths[i].bpp);
        assert_pixel(f, 3, 2, i == 0 ? dac_color(0) : 0);
        for (unsigned b = 0; b < bytes; b++) {
            writeb(f, LFB + (640 * 2 + 3) * bytes + b,
                   depths[i].raw >> (8 * b));
        }
        assert_pixel(f, 3, 2, i == 0 ? dac_color(0x2a) : depths[i].want);
        vbe(f, 8, 3); /* pan */
        vbe(f, 9, 2);
        assert_pixel(f, 0, 0, i == 0 ? dac_color(0x2a) : depths[i].want);
    }
    hw_writel(f->hw, MMIO + 0x604, 0xbebebebe);
    hw_writel(f->hw, LFB + 4 * (640 * 2 + 3), 0x11223300);
    assert_pixel(f, 0, 0, 0x332211);
}

static void test_vbe_8bit_dac(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_12h);
    vbe_mode(f, 640, 480, 8);
    vbe(f, 4, 0x61);
    hw_outb(f->hw, 0x3c8, 1);
    hw_outb(f->hw, 0x3c9, 0x81);
    hw_outb(f->hw, 0x3c9, 0xfe);
    hw_outb(f->hw, 0x3c9, 0x03);
    writeb(f, LFB, 1);
    assert_pixel(f, 0, 0, 0x81fe03);
}

static void test_vbe_bank(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_12h);
    vbe_mode(f, 1024, 768, 16);
    for (unsigned bank = 0; bank < 24; bank++) {
        vbe(f, 5, bank);
        writeb(f, WINDOW + bank * 3, 0x40 + bank);
    }
    for (unsigned bank = 0; bank < 24; bank++) {
        g_assert_cmphex(readb(f, LFB + bank * 0x10003), ==, 0x40 + bank);
        vbe(f, 5, bank);
        g_assert_cmphex(readb(f, WINDOW + bank * 3), ==, 0x40 + bank);
    }
    vbe(f, 5, 0xffff); /* the last one */
    writeb(f, WINDOW + 0xffff, 0x99);
    g_assert_cmphex(readb(f, LFB + 0xffffff), ==, 0x99);
    vbe(f, 4, 0);
    g_assert_cmphex(vbe_get(f, 5), ==, 0);
}

static void test_vbe_planar(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_12h);
    vbe_mode(f, 1024, 768, 4);
    set(f, 0x3c4, 2, 0x05);
    vbe(f, 5, 1);
    writeb(f, WINDOW + 700 * 128 + 2 - 0x10000, 0x40);
    assert_pixel(f, 17, 700, dac_color(5));
    assert_pixel(f, 18, 700, dac_color(0));
}

static void test_vbe_noclear(Fixture *f, gconstpointer data)
{
    hw_writel(f->hw, LFB + 0x1000, 0xabcdef01);
    vbe(f, 1, 640);
    vbe(f, 2, 480);
    vbe(f, 3, 32);
    vbe(f, 4, 0xc1);
    g_assert_cmphex(hw_readl(f->hw, LFB + 0x1000), ==, 0xabcdef01);
    vbe(f, 4, 0);
    vbe(f, 4, 0x41);
    g_assert_cmphex(hw_readl(f->hw, LFB + 0x1000), ==, 0);
}

/* ---- State and nonsense
 * ------------------------------------------------------------ */

static void test_reload(Fixture *f, gconstpointer data)
{
    set_mode(f, &mode_text);
    load_glyph(f, 0, 'A', glyph);
    put_char(f, 3, 2, 'A', 0x1e);
    hw_reload(f->dev);
    assert_glyph(f, 3, 2, dac_color(0x3e), dac_color(1), false);
    vbe_mode(f, 800, 600, 32);
    vbe(f, 5, 3);
    hw_reload(f->dev);
    writeb(f, WINDOW + 1, 0x77);
    g_assert_cmphex(readb(f, LFB + 0x30001), ==, 0x77);
}

static void nonsense_port(Fixture *f, GRand *rand)
{
    static const uint16_t ports[] = { 0x3c4, 0x3ce, 0x3d4, 0x3b4 };
    uint16_t val = g_rand_int(rand);

    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
        hw_outw(f->hw, ports[g_rand_int_range(rand, 0, 4)],
                (val & 0xff00) | g_rand_int_range(rand, 0, 0x20));
        break;
    case 1:
        vbe(f, g_rand_int_range(rand, 0, 12), val);
        break;
    case 2:
        set_ar(f, 0x20 | g_rand_int_range(rand, 0, 0x20), val);
        break;
    default:
        hw_outb(f->hw, g_rand_int_range(rand, 0x3b0, 0x3e0), val);
        break;
    }
}

static void test_nonsense(Fixture *f, gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(7);
    unsigned rounds = g_test_slow() ? 400000 : 20000;
    uint64_t val;

    for (unsigned i = 0; i < rounds; i++) {
        nonsense_port(f, rand);
        if (g_rand_int_range(rand, 0, 3) == 0) {
            space_store(f->hw->env.memory,
                        WINDOW + g_rand_int_range(rand, 0, 0x20000),
                        1u << g_rand_int_range(rand, 0, 4), g_rand_int(rand));
            space_load(f->hw->env.memory,
                       WINDOW + g_rand_int_range(rand, 0, 0x20000), 8, &val);
        }
        if (i % 400 == 0) {
            Picture p = look(f);

            look_away(&p);
            hw_advance(f->hw, 1234567);
        }
        if (i % 5000 == 4999) {
            device_reset(f->dev);
            hw_config_write(f->hw, DEVFN, PCI_COMMAND, 2, 3);
        }
    }
    g_rand_free(rand);
}

static void test_secondary(void)
{
    Hw *hw = hw_new();
    Device *dev = hw_device(hw, "secondary-vga,addr=2", NULL);

    g_assert_cmphex(hw_config_read(hw, DEVFN, 10, 2), ==, 0x0380);
    g_assert_cmphex(hw_inb(hw, 0x3cc), ==, 0xff);
    hw_config_write(hw, DEVFN, PCI_BAR0 + 8, 4, MMIO);
    hw_config_write(hw, DEVFN, PCI_COMMAND, 2, 2);
    g_assert_cmphex(hw_readl(hw, MMIO + 0x600), ==, 8);
    hw_remove(dev);
    hw_free(hw);
}

#define VGA_TEST(name, func)                                                   \
    g_test_add("/vga/" name, Fixture, NULL, fixture_set_up, func,              \
               fixture_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    VGA_TEST("pci", test_pci);
    VGA_TEST("memory-size", test_memory_size);
    VGA_TEST("ports-move", test_ports_move);
    VGA_TEST("crtc-protect", test_crtc_protect);
    VGA_TEST("attribute-flip-flop", test_attribute_flip_flop);
    VGA_TEST("dac", test_dac);
    VGA_TEST("retrace", test_retrace);
    VGA_TEST("mmio", test_mmio);
    VGA_TEST("edid", test_edid);
    VGA_TEST("text", test_text);
    VGA_TEST("text-blink", test_text_blink);
    VGA_TEST("text-cursor", test_text_cursor);
    VGA_TEST("text-second-font", test_text_second_font);
    VGA_TEST("text-split", test_text_split);
    VGA_TEST("blank", test_blank);
    VGA_TEST("planar-picture", test_planar_picture);
    VGA_TEST("mode-13h", test_mode_13h);
    VGA_TEST("chain4-paths", test_chain4_paths);
    VGA_TEST("mode-x", test_mode_x);
    VGA_TEST("mode-cga", test_mode_cga);
    VGA_TEST("planes-like-model", test_planes_like_model);
    VGA_TEST("window-places", test_window_places);
    VGA_TEST("vbe-registers", test_vbe_registers);
    VGA_TEST("vbe-depths", test_vbe_depths);
    VGA_TEST("vbe-8bit-dac", test_vbe_8bit_dac);
    VGA_TEST("vbe-bank", test_vbe_bank);
    VGA_TEST("vbe-planar", test_vbe_planar);
    VGA_TEST("vbe-noclear", test_vbe_noclear);
    VGA_TEST("reload", test_reload);
    VGA_TEST("nonsense", test_nonsense);
    g_test_add_func("/vga/secondary", test_secondary);
    return g_test_run();
}
