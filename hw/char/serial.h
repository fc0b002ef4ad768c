/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550A UART itself, for a device to embed: isa-serial and its PCI
 * siblings are glue around it.
 */
#ifndef HW_CHAR_SERIAL_H
#define HW_CHAR_SERIAL_H

#include "hw/core/device.h"

#define SERIAL_FIFO_SIZE 16
#define SERIAL_PORTS 8

typedef struct SerialFifo {
    uint8_t data[SERIAL_FIFO_SIZE];
    uint8_t head;
    uint8_t count;
} SerialFifo;

typedef struct Serial {
    /* Wiring: set by the owner before serial_realize(). */
    Device *owner; /* its lock guards everything here */
    Chardev *chr;
    IrqLine irq;
    uint32_t baudbase;
    /* Made by serial_realize(); the owner places it. */
    MemoryRegion io;
    Timer rx_timeout;

    /* Guest-visible state: all of it is in serial_state. */
    SerialFifo rx, tx;
    uint16_t divisor;
    uint8_t ier, iir, fcr, lcr, mcr, lsr, msr, scr;
    bool thre_pending;    /* a THRE interrupt was not yet seen */
    bool timeout_pending; /* received bytes wait below the trigger level */
    bool irq_level;
} Serial;

extern const StateField serial_state[];

bool serial_realize(Serial *s, GError **errp);
void serial_unrealize(Serial *s); /* copes with a half-done realize */
void serial_reset(Serial *s);
bool serial_loaded(Serial *s, GError **errp);

#endif
