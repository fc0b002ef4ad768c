/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Bochs "dispi" interface: an index and a data register of 16 bits that
 * set linear modes of any size. Registers keep what was written; what is in
 * force is derived from them within the limits of memory, and read back while
 * the mode is on.
 */
#include "hw/display/vga-internal.h"

enum {
    VBE_ID_OLDEST = 0xb0c0,
    VBE_MAX_WIDTH = 16000,
    VBE_MAX_HEIGHT = 12000,
    VBE_MAX_BPP = 32,
};

/* Bytes of n pixels; 4 bpp: in one plane. n is a multiple of eight. */
static uint32_t vga_vbe_bytes(unsigned bpp, uint32_t n)
{
    return bpp == 4 ? n / 8 : n * ((bpp + 7) / 8);
}

static unsigned vga_vbe_bpp(uint16_t bpp)
{
    static const uint8_t known[] = { 4, 15, 16, 24, 32 };

    return memchr(known, MIN(bpp, 255), sizeof(known)) ? bpp : 8;
}

void vga_vbe_update(Vga *s)
{
    const uint16_t *reg = s->vbe_reg;
    unsigned bpp = vga_vbe_bpp(reg[VBE_BPP]);
    uint32_t memory = bpp == 4 ? s->ram_size / 4 : s->ram_size;
    uint32_t width = CLAMP(reg[VBE_XRES] & ~7u, 8, VBE_MAX_WIDTH);
    uint32_t height = CLAMP(reg[VBE_YRES], 1, VBE_MAX_HEIGHT);

    height = MIN(height, memory / vga_vbe_bytes(bpp, width));
    uint32_t widest = memory / height / vga_vbe_bytes(bpp, 8) * 8;
    uint32_t virt = CLAMP(reg[VBE_VIRT_WIDTH] & ~7u, width, widest);
    uint32_t pitch = vga_vbe_bytes(bpp, virt);

    s->vbe = (VgaVbeMode){
        .enabled = reg[VBE_ENABLE] & VBE_ENABLE_ON,
        .bpp = bpp,
        .width = width,
        .height = height,
        .virt_width = virt,
        .virt_height = MIN(memory / pitch, UINT16_MAX),
        .pitch = pitch,
    };
}

/* A new mode begins with black, at the upper left. */
static void vga_vbe_enable(Vga *s, bool clear)
{
    s->vbe_reg[VBE_VIRT_WIDTH] = 0;
    s->vbe_reg[VBE_X_OFFSET] = 0;
    s->vbe_reg[VBE_Y_OFFSET] = 0;
    vga_vbe_update(s);
    if (clear) {
        uint64_t len = (uint64_t)s->vbe.pitch * s->vbe.height;

        /* The planes of four bits lie in pieces of 256 KiB. */
        len = s->vbe.bpp == 4 ? (len + 0xffff) / 0x10000 * 0x40000 : len;
        len = MIN(len, s->ram_size);
        memset(s->ram->host, 0, len);
        ram_written(s->ram, 0, len);
    }
}

void vga_vbe_write(Vga *s, unsigned index, uint16_t val)
{
    bool was_on = s->vbe.enabled;

    trace(vga_vbe_write, "index %x = %x", index, val);
    switch (index) {
    case VBE_ID:
        if (val >= VBE_ID_OLDEST && val <= VBE_ID_NEWEST) {
            s->vbe_reg[VBE_ID] = val;
        }
        break;
    case VBE_ENABLE:
        s->vbe_reg[VBE_ENABLE] = val;
        s->vbe_reg[VBE_BANK] = 0;
        if ((val & VBE_ENABLE_ON) && !was_on) {
            vga_vbe_enable(s, !(val & VBE_ENABLE_NOCLEAR));
        }
        break;
    case VBE_BANK:
        s->vbe_reg[VBE_BANK] = val & (s->ram_size / VGA_BANK_SIZE - 1);
        break;
    case VBE_XRES:
    case VBE_YRES:
    case VBE_BPP:
    case VBE_VIRT_WIDTH:
    case VBE_X_OFFSET:
    case VBE_Y_OFFSET:
        s->vbe_reg[index] = val;
        break;
    default:
        break;
    }
    vga_vbe_update(s);
    vga_window_update(s);
}

/* Asked for with the GETCAPS bit. */
static uint16_t vga_vbe_read_limit(unsigned index)
{
    return index == VBE_XRES   ? VBE_MAX_WIDTH
           : index == VBE_YRES ? VBE_MAX_HEIGHT
                               : VBE_MAX_BPP;
}

/* What is in force, for a register that a mode settles. */
static uint16_t vga_vbe_read_mode(const Vga *s, unsigned index)
{
    switch (index) {
    case VBE_XRES:
        return s->vbe.width;
    case VBE_YRES:
        return s->vbe.height;
    case VBE_BPP:
        return s->vbe.bpp;
    case VBE_VIRT_WIDTH:
        return s->vbe.virt_width;
    case VBE_VIRT_HEIGHT:
        return s->vbe.virt_height;
    default:
        return s->vbe_reg[index];
    }
}

uint16_t vga_vbe_read(Vga *s, unsigned index)
{
    if (index == VBE_MEMORY_64K) {
        return s->ram_size / VGA_BANK_SIZE;
    }
    if (index >= VGA_VBE_REGS) {
        return 0;
    }
    if (index >= VBE_XRES && index <= VBE_BPP &&
        (s->vbe_reg[VBE_ENABLE] & VBE_ENABLE_GETCAPS)) {
        return vga_vbe_read_limit(index);
    }
    return s->vbe.enabled ? vga_vbe_read_mode(s, index) : s->vbe_reg[index];
}

/* ---- Ports: index at 1CEh; data at 1CFh and, aligned, at 1D0h
 * ---------------- */

static bool vga_vbe_port_read(void *opaque, hwaddr off, unsigned size,
                              uint64_t *val)
{
    Vga *s = opaque;

    *val = off == 0 ? s->vbe_index : vga_vbe_read(s, s->vbe_index);
    return off < 3;
}

static bool vga_vbe_port_write(void *opaque, hwaddr off, unsigned size,
                               uint64_t val)
{
    Vga *s = opaque;

    if (off == 0) {
        s->vbe_index = val;
    } else if (off < 3) {
        vga_vbe_write(s, s->vbe_index, val);
    }
    return off < 3;
}

const MemoryOps vga_vbe_port_ops = {
    .read = vga_vbe_port_read,
    .write = vga_vbe_port_write,
    .valid = { .min = 2, .max = 2, .unaligned = true },
    .impl = { .min = 2, .max = 2, .unaligned = true },
};

/* ---- Drawing
 * ------------------------------------------------------------------ */

static uint32_t vga_rgb555(uint16_t v)
{
    uint32_t r = v >> 10 & 31, g = v >> 5 & 31, b = v & 31;

    return (r << 3 | r >> 2) << 16 | (g << 3 | g >> 2) << 8 | b << 3 | b >> 2;
}

static uint32_t vga_rgb565(uint16_t v)
{
    uint32_t r = v >> 11, g = v >> 5 & 63, b = v & 31;

    return (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | b << 3 | b >> 2;
}

static uint16_t vga_get16(const Vga *s, const uint8_t *p)
{
    return s->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
}

static uint32_t vga_get24(const Vga *s, const uint8_t *p)
{
    return s->big_endian ? p[0] << 16 | p[1] << 8 | p[2]
                         : p[2] << 16 | p[1] << 8 | p[0];
}

static void vga_vbe_convert(const Vga *s, const uint8_t *in, uint32_t width,
                            const uint32_t *palette, uint32_t *out)
{
    switch (s->vbe.bpp) {
    case 8:
        for (uint32_t x = 0; x < width; x++) {
            out[x] = palette[in[x] & s->dac_mask];
        }
        break;
    case 15:
        for (uint32_t x = 0; x < width; x++) {
            out[x] = vga_rgb555(vga_get16(s, in + 2 * x));
        }
        break;
    case 16:
        for (uint32_t x = 0; x < width; x++) {
            out[x] = vga_rgb565(vga_get16(s, in + 2 * x));
        }
        break;
    case 24:
        for (uint32_t x = 0; x < width; x++) {
            out[x] = vga_get24(s, in + 3 * x);
        }
        break;
    default:
        for (uint32_t x = 0; x < width; x++) {
            out[x] = vga_get24(s, in + 4 * x + s->big_endian);
        }
        break;
    }
}

/* Four planes: eight pixels a byte. */
static void vga_vbe_line4(const Vga *s, uint32_t line, const uint32_t *palette,
                          uint32_t *out)
{
    uint32_t x0 = s->vbe_reg[VBE_X_OFFSET];
    uint32_t p = line * s->vbe.pitch + x0 / 8;

    for (uint32_t x = 0; x < s->vbe.width; x++) {
        unsigned dot = x + x0 % 8;
        uint32_t v = vga_planes_load(s, p + dot / 8) >> (7 - dot % 8);
        unsigned color = (v & 1) | (v >> 7 & 2) | (v >> 14 & 4) | (v >> 21 & 8);

        out[x] = palette[s->ar[color & s->ar[AR_PLANE_ENABLE]] & s->dac_mask];
    }
}

void vga_vbe_line(const Vga *s, uint32_t line, const uint32_t *palette,
                  uint32_t *out)
{
    uint32_t len = vga_vbe_bytes(s->vbe.bpp, s->vbe.width);

    line += s->vbe_reg[VBE_Y_OFFSET];
    if (s->vbe.bpp == 4) {
        vga_vbe_line4(s, line, palette, out);
        return;
    }
    uint64_t pixel = (s->vbe.bpp + 7) / 8;
    uint64_t off =
        (uint64_t)line * s->vbe.pitch + s->vbe_reg[VBE_X_OFFSET] * pixel;

    off &= s->ram_size - 1;
    if (off + len <= s->ram_size) {
        vga_vbe_convert(s, s->ram->host + off, s->vbe.width, palette, out);
        return;
    }
    /* The line goes on at the beginning of memory. */
    uint32_t head = s->ram_size - off;
    g_autofree uint8_t *copy = g_malloc(len);

    memcpy(copy, s->ram->host + off, head);
    memcpy(copy + head, s->ram->host, len - head);
    vga_vbe_convert(s, copy, s->vbe.width, palette, out);
}
