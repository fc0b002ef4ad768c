/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standard VGA with the Bochs "dispi" extensions (VBE modes up to 32 bits
 * a pixel): the part that is the same on every bus. IBM PS/2 Video Subsystem
 * Technical Reference (1992), chapter 2; for dispi the "Bochs VBE display
 * interface" of VGABIOS.
 *
 * Owner: embeds Vga, calls vga_init(), puts the regions vram, window and ports
 * where its bus has them, and lists vga_state. Every function is called with
 * the owner's lock held, except init, clear and what the console calls.
 *
 * Video memory is a RAM block and travels with the machine's RAM, not in the
 * state fields.
 */
#ifndef HW_DISPLAY_VGA_H
#define HW_DISPLAY_VGA_H

#include <pixman.h>

#include "hw/core/device.h"

enum {
    VGA_PORT_FIRST = 0x3b0, /* of Vga.ports */
    VGA_PORTS = 0x30,
    VGA_WINDOW_BASE = 0xa0000,
    VGA_WINDOW_SIZE = 0x20000,
    VGA_VBE_PORT = 0x1ce,
    VGA_VBE_PORTS = 4,
    VGA_MIN_MEMORY = 1 << 20,
    VGA_DAC_COLORS = 256,

    VGA_SEQUENCER_REGS = 8,
    VGA_CRTC_REGS = 0x19,
    VGA_GRAPHICS_REGS = 9,
    VGA_ATTRIBUTE_REGS = 0x15,
    VGA_VBE_REGS = 10,
};

/* What the dispi registers amount to, clamped to sense and memory. */
typedef struct VgaVbeMode {
    bool enabled;
    unsigned bpp; /* 4, 8, 15, 16, 24 or 32 */
    uint32_t width, height;
    uint32_t virt_width, virt_height;
    uint32_t pitch; /* bytes a line; 4 bpp: in each plane */
} VgaVbeMode;

typedef struct Vga {
    /* Wiring and properties: fixed once initialized. */
    Device *owner;
    RamBlock *ram;
    uint32_t ram_size;       /* power of two */
    MemoryRegion vram;       /* all of it, linear */
    MemoryRegion window;     /* A0000h..BFFFFh */
    MemoryRegion window_io;  /* in it: the planes through the controllers */
    MemoryRegion window_ram; /* in it, above: where that is plain memory */
    MemoryRegion ports;      /* 3B0h..3DFh */
    MemoryRegion vbe_ports;  /* 1CEh..1D1h */
    Console *console;
    pixman_image_t *surface; /* the console's */

    /* Guest-visible state. */
    uint8_t sr_index, gr_index, cr_index, ar_index;
    uint8_t sr[VGA_SEQUENCER_REGS];
    uint8_t gr[VGA_GRAPHICS_REGS];
    uint8_t cr[VGA_CRTC_REGS];
    uint8_t ar[VGA_ATTRIBUTE_REGS];
    bool ar_data; /* the next write to 3C0h is data */
    uint8_t misc, feature;
    uint8_t dac_mask, dac_read, dac_write;
    uint8_t dac_component; /* 0..2: red, green, blue comes next */
    bool dac_reading;
    uint8_t dac_partial[3]; /* a colour is stored when it is complete */
    uint8_t dac[3 * VGA_DAC_COLORS];
    uint32_t latch; /* a byte of each plane */
    uint16_t vbe_index;
    uint16_t vbe_reg[VGA_VBE_REGS];
    bool big_endian;

    /* Derived. */
    VgaVbeMode vbe;
    bool window_direct;  /* window_ram is there, */
    uint32_t window_off; /* and shows this part of video memory */
} Vga;

extern const StateField vga_state[];

/* memory_mb: a power of two. The console is announced by vga_show(). */
bool vga_init(Vga *s, Device *owner, uint32_t memory_mb, GError **errp);
void vga_show(Vga *s);
void vga_clear(Vga *s); /* also after a failed vga_init() */
void vga_reset(Vga *s);
void vga_loaded(Vga *s);

/* The legacy ports, by number. */
uint8_t vga_port_read(Vga *s, unsigned port);
void vga_port_write(Vga *s, unsigned port, uint8_t val);
/* The dispi registers, by index. */
uint16_t vga_vbe_read(Vga *s, unsigned index);
void vga_vbe_write(Vga *s, unsigned index, uint16_t val);

#endif
