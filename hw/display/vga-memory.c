/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Video memory as the processor sees it at A0000h..BFFFFh: through the
 * sequencer and the graphics controller to four planes, or as a 64 KiB bank of
 * linear memory in VBE modes. IBM PS/2 Video Subsystem Technical Reference,
 * "Graphics Controller".
 *
 * Where an access would go straight to linear memory, that memory is mapped
 * over the window. The latches then miss the processor's reads, which nothing
 * sees without first leaving that mode.
 *
 * In odd/even mode address bit 0 chooses the plane and is zero in the plane;
 * the page bits that can take its place are not done.
 */
#include "hw/display/vga-internal.h"

/* A mask of four bits, one a plane, as bytes. */
static uint32_t vga_plane_mask(unsigned bits)
{
    return ((bits & 1) | (bits & 2) << 7 | (bits & 4) << 14 |
            (bits & 8) << 21) *
           0xff;
}

static uint32_t vga_replicate(uint8_t val)
{
    return val * 0x01010101u;
}

/* The linear 64 KiB of a VBE mode. */
static bool vga_window_is_linear(const Vga *s)
{
    return s->vbe.enabled && s->vbe.bpp != 4;
}

static uint32_t vga_bank(const Vga *s)
{
    return s->vbe.enabled ? s->vbe_reg[VBE_BANK] * VGA_BANK_SIZE : 0;
}

/* From an offset in the window to one in what GR6 maps there; false if nothing
 * is mapped. Drivers of linear modes leave GR6 as it was. */
static bool vga_window_decode(const Vga *s, uint32_t *off)
{
    static const struct {
        uint32_t base, size;
    } map[4] = {
        { 0, 0x20000 }, { 0, 0x10000 }, { 0x10000, 0x8000 }, { 0x18000, 0x8000 }
    };
    unsigned n = s->gr[GR_MISC] >> 2 & 3;

    if (vga_window_is_linear(s)) {
        return *off < VGA_BANK_SIZE;
    }
    if (!(s->misc & MISC_RAM_ENABLE) || *off < map[n].base ||
        *off - map[n].base >= map[n].size) {
        return false;
    }
    *off -= map[n].base;
    return true;
}

/* Plane address of a window offset whose plane-choosing bits are gone. */
static uint32_t vga_plane_address(const Vga *s, uint32_t off)
{
    return s->vbe.enabled ? vga_bank(s) + off : off & 0xffff;
}

/* ---- Reading ---------------------------------------------------------------
 */

/* Read mode 1: a bit is set where all planes that we care for have the colour
 * of the compare register. */
static uint8_t vga_read_compare(const Vga *s)
{
    uint32_t differ = (s->latch ^ vga_plane_mask(s->gr[GR_COMPARE])) &
                      vga_plane_mask(s->gr[GR_DONT_CARE]);

    differ |= differ >> 16;
    differ |= differ >> 8;
    return ~differ;
}

static uint8_t vga_window_load(Vga *s, uint32_t off)
{
    unsigned plane = s->gr[GR_READ_MAP] & 3;

    if (!vga_window_decode(s, &off)) {
        return 0xff;
    }
    if (vga_window_is_linear(s)) {
        return s->ram->host[(vga_bank(s) + off) & (s->ram_size - 1)];
    }
    if (s->sr[SR_MEMORY] & SR_MEMORY_CHAIN4) {
        plane = off & 3;
        off &= ~3u;
    } else if (s->gr[GR_MODE] & GR_MODE_ODD_EVEN) {
        plane = (plane & 2) | (off & 1);
        off &= ~1u;
    }
    s->latch = vga_planes_load(s, vga_plane_address(s, off));
    return s->gr[GR_MODE] & GR_MODE_READ_COMPARE ? vga_read_compare(s)
                                                 : s->latch >> (8 * plane);
}

/* ---- Writing ---------------------------------------------------------------
 */

/* The logical unit, then the bit mask: where it is 0 the latch stays. */
static uint32_t vga_combine(const Vga *s, uint32_t data, uint8_t bits)
{
    uint32_t mask = vga_replicate(bits);

    switch (s->gr[GR_ROTATE] >> 3 & 3) {
    case 1:
        data &= s->latch;
        break;
    case 2:
        data |= s->latch;
        break;
    case 3:
        data ^= s->latch;
        break;
    default:
        break;
    }
    return (data & mask) | (s->latch & ~mask);
}

static uint8_t vga_rotate(const Vga *s, uint8_t val)
{
    unsigned n = s->gr[GR_ROTATE] & 7;

    return val >> n | val << (8 - n);
}

/* What a processor's byte becomes in the four planes, by write mode. */
static uint32_t vga_write_data(const Vga *s, uint8_t val)
{
    uint32_t set = vga_plane_mask(s->gr[GR_SET_RESET]);
    uint32_t enable = vga_plane_mask(s->gr[GR_ENABLE_SET_RESET]);
    uint8_t bits = s->gr[GR_BIT_MASK];

    switch (s->gr[GR_MODE] & GR_MODE_WRITE) {
    case 0:
        val = vga_rotate(s, val);
        return vga_combine(s, (vga_replicate(val) & ~enable) | (set & enable),
                           bits);
    case 1:
        return s->latch;
    case 2:
        return vga_combine(s, vga_plane_mask(val), bits);
    default:
        return vga_combine(s, set, bits & vga_rotate(s, val));
    }
}

static void vga_planes_store(Vga *s, uint32_t p, uint32_t data, uint32_t planes)
{
    uint32_t index = vga_plane_index(s, p);
    uint32_t val = (vga_planes_load(s, p) & ~planes) | (data & planes);

    val = GUINT32_TO_LE(val);
    memcpy(s->ram->host + index, &val, 4);
    ram_written(s->ram, index, 4);
}

static void vga_window_store(Vga *s, uint32_t off, uint8_t val)
{
    unsigned planes = s->sr[SR_MAP_MASK];

    if (!vga_window_decode(s, &off)) {
        return;
    }
    if (vga_window_is_linear(s)) {
        off = (vga_bank(s) + off) & (s->ram_size - 1);
        s->ram->host[off] = val;
        ram_written(s->ram, off, 1);
        return;
    }
    if (s->sr[SR_MEMORY] & SR_MEMORY_CHAIN4) {
        planes &= 1u << (off & 3);
        off &= ~3u;
    } else if (!(s->sr[SR_MEMORY] & SR_MEMORY_NO_ODD_EVEN)) {
        planes &= off & 1 ? 0xa : 0x5;
        off &= ~1u;
    }
    vga_planes_store(s, vga_plane_address(s, off), vga_write_data(s, val),
                     vga_plane_mask(planes));
}

static bool vga_window_read(void *opaque, hwaddr off, unsigned size,
                            uint64_t *val)
{
    *val = vga_window_load(opaque, off);
    return true;
}

static bool vga_window_write(void *opaque, hwaddr off, unsigned size,
                             uint64_t val)
{
    vga_window_store(opaque, off, val);
    return true;
}

const MemoryOps vga_window_ops = {
    .read = vga_window_read,
    .write = vga_window_write,
    .valid = { .min = 1, .max = 8, .unaligned = true },
    .impl = { .min = 1, .max = 1 },
};

/* ---- The mapped window ------------------------------------------------------
 */

/* Chain-4 with nothing in between: every byte as it is to its own plane. */
static bool vga_chain4_is_plain(const Vga *s)
{
    return !s->vbe.enabled && (s->sr[SR_MEMORY] & SR_MEMORY_CHAIN4) &&
           s->sr[SR_MAP_MASK] == 0xf && s->gr[GR_ENABLE_SET_RESET] == 0 &&
           s->gr[GR_ROTATE] == 0 && s->gr[GR_BIT_MASK] == 0xff &&
           !(s->gr[GR_MODE] & (GR_MODE_WRITE | GR_MODE_READ_COMPARE));
}

static bool vga_window_can_be_direct(const Vga *s)
{
    uint32_t off = 0;

    return vga_window_is_linear(s) ||
           (vga_chain4_is_plain(s) && vga_window_decode(s, &off));
}

void vga_window_update(Vga *s)
{
    bool direct = vga_window_can_be_direct(s);
    uint32_t off = vga_bank(s) & (s->ram_size - 1);

    if (direct && off != s->window_off) {
        region_set_alias(&s->window_ram, &s->vram, off);
        s->window_off = off;
    }
    if (direct != s->window_direct) {
        region_set_enabled(&s->window_ram, direct);
        s->window_direct = direct;
    }
}
