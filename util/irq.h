/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interrupt line is a value: who listens and which of its inputs this is.
 * Level-based, cheap to copy, rewired by the board. A zeroed line is not
 * connected. The callee takes its own lock; order: device, interrupt
 * controller, vCPU kick.
 */
#ifndef UTIL_IRQ_H
#define UTIL_IRQ_H

#include <stdbool.h>
#include <stddef.h>

typedef struct IrqLine {
    void (*set)(void *opaque, unsigned n, bool level);
    void *opaque;
    unsigned n;
} IrqLine;

static inline void irq_set(const IrqLine *line, bool level)
{
    if (line->set) {
        line->set(line->opaque, line->n, level);
    }
}

static inline void irq_pulse(const IrqLine *line)
{
    irq_set(line, true);
    irq_set(line, false);
}

#endif
