/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a VGA: regions, reset and state; see vga.h. */
#include "hw/display/vga.h"

#include "hw/display/vga-internal.h"

static bool vga_ports_read(void *opaque, hwaddr off, unsigned size,
                           uint64_t *val)
{
    *val = vga_port_read(opaque, VGA_PORT_FIRST + off);
    trace(vga_read, "port %x = %02x", (unsigned)(VGA_PORT_FIRST + off),
          (unsigned)*val);
    return true;
}

static bool vga_ports_write(void *opaque, hwaddr off, unsigned size,
                            uint64_t val)
{
    trace(vga_write, "port %x = %02x", (unsigned)(VGA_PORT_FIRST + off),
          (unsigned)val);
    vga_port_write(opaque, VGA_PORT_FIRST + off, val);
    return true;
}

static const MemoryOps vga_ports_ops = {
    .read = vga_ports_read,
    .write = vga_ports_write,
    .valid = { .min = 1, .max = 4, .unaligned = true },
    .impl = { .min = 1, .max = 1 },
};

bool vga_init(Vga *s, Device *owner, uint32_t memory_mb, GError **errp)
{
    uint64_t size = (uint64_t)memory_mb << 20;

    if (size < VGA_MIN_MEMORY || size > UINT32_MAX || (size & (size - 1))) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "video memory of %u MiB: must be a power of two",
                        memory_mb);
    }
    s->owner = owner;
    s->ram_size = size;
    s->ram = ram_new("vga.vram", size, errp);
    if (!s->ram) {
        return false;
    }
    region_init_ram(&s->vram, "vga.vram", s->ram, 0, size);
    region_init_container(&s->window, "vga.window", VGA_WINDOW_SIZE);
    region_init_io(&s->window_io, "vga.planes", VGA_WINDOW_SIZE,
                   &vga_window_ops, s, &owner->lock);
    region_set_late_writes(&s->window_io);
    region_init_alias(&s->window_ram, "vga.bank", &s->vram, 0, VGA_BANK_SIZE);
    region_set_enabled(&s->window_ram, false);
    region_add(&s->window, 0, &s->window_io);
    region_add_priority(&s->window, 0, &s->window_ram, 1);
    region_init_io(&s->ports, "vga", VGA_PORTS, &vga_ports_ops, s,
                   &owner->lock);
    region_init_io(&s->vbe_ports, "vga.vbe", VGA_VBE_PORTS, &vga_vbe_port_ops,
                   s, &owner->lock);
    s->window_direct = false;
    s->window_off = 0;
    return true;
}

void vga_show(Vga *s)
{
    const DeviceEnv *env = s->owner->env;

    s->console = console_new("vga", &vga_console_ops, s);
    env->add_console(env->machine, s->console);
}

void vga_clear(Vga *s)
{
    region_clear(&s->window_ram);
    region_clear(&s->window_io);
    region_clear(&s->window);
    region_clear(&s->vram);
    region_clear(&s->ports);
    region_clear(&s->vbe_ports);
    g_clear_pointer(&s->console, console_free);
    s->surface = NULL;
    if (s->ram) {
        /* A processor may still be in the middle of an access. */
        memory_wait_readers();
        g_clear_pointer(&s->ram, ram_free);
    }
}

/* Video memory keeps its contents. */
void vga_reset(Vga *s)
{
    memset(s->sr, 0, sizeof(s->sr));
    memset(s->gr, 0, sizeof(s->gr));
    memset(s->cr, 0, sizeof(s->cr));
    memset(s->ar, 0, sizeof(s->ar));
    memset(s->dac, 0, sizeof(s->dac));
    memset(s->dac_partial, 0, sizeof(s->dac_partial));
    memset(s->vbe_reg, 0, sizeof(s->vbe_reg));
    s->sr_index = s->gr_index = s->cr_index = s->ar_index = 0;
    s->ar_data = false;
    s->misc = 0;
    s->feature = 0;
    s->dac_mask = 0xff;
    s->dac_read = s->dac_write = s->dac_component = 0;
    s->dac_reading = false;
    s->latch = 0;
    s->vbe_index = 0;
    s->vbe_reg[VBE_ID] = VBE_ID_NEWEST;
    s->big_endian = false;
    vga_loaded(s);
}

void vga_loaded(Vga *s)
{
    vga_vbe_update(s);
    vga_window_update(s);
}

const StateField vga_state[] = {
    STATE_U8(Vga, sr_index),
    STATE_U8(Vga, gr_index),
    STATE_U8(Vga, cr_index),
    STATE_U8(Vga, ar_index),
    STATE_ARRAY(Vga, sr),
    STATE_ARRAY(Vga, gr),
    STATE_ARRAY(Vga, cr),
    STATE_ARRAY(Vga, ar),
    STATE_BOOL(Vga, ar_data),
    STATE_U8(Vga, misc),
    STATE_U8(Vga, feature),
    STATE_U8(Vga, dac_mask),
    STATE_U8(Vga, dac_read),
    STATE_U8(Vga, dac_write),
    STATE_U8(Vga, dac_component),
    STATE_BOOL(Vga, dac_reading),
    STATE_ARRAY(Vga, dac_partial),
    STATE_ARRAY(Vga, dac),
    STATE_U32(Vga, latch),
    STATE_U16(Vga, vbe_index),
    STATE_ARRAY(Vga, vbe_reg),
    STATE_BOOL(Vga, big_endian),
    {},
};
