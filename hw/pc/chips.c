/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the chips are (util/chips.h): with the accelerator while vCPUs run, if
 * it has them (KVM's kernel-irqchip=on), else with their models. Lines reach
 * both, so that the models know the levels when they have the chips again. The
 * 8254, which drives a line itself, is the last to go and the first to come.
 */
#include "hw/pc/chips.h"

#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/isa/isa.h"
#include "hw/timer/i8254.h"

static const ChipHost *chips_host(Accel *accel, ChipKind kind)
{
    return accel->class->chip ? accel->class->chip(accel, kind) : NULL;
}

bool pc_chips_leave(Accel *accel)
{
    return chips_host(accel, CHIP_IOAPIC) != NULL;
}

void pc_chips_set_line(PcChips *c, Accel *accel, unsigned n, bool level)
{
    IrqLine apic = ioapic_input(c->ioapic, n == 0 ? 2 : n);

    g_mutex_lock(&c->lock);
    if (n < ISA_IRQS) {
        IrqLine pic = i8259_input(c->pic, n);

        irq_set(&pic, level);
    }
    irq_set(&apic, level);
    if (c->away) {
        accel->class->set_line(accel, n, level);
    }
    g_mutex_unlock(&c->lock);
}

void pc_chips_go(PcChips *c, Accel *accel)
{
    if (c->away || !pc_chips_leave(accel)) {
        return;
    }
    const ChipHost *pit = c->pit ? chips_host(accel, CHIP_PIT) : NULL;

    if (pit) {
        i8254_stand_down(c->pit);
    }
    g_mutex_lock(&c->lock);
    i8259_set_host(c->pic, chips_host(accel, CHIP_PIC));
    ioapic_set_host(c->ioapic, chips_host(accel, CHIP_IOAPIC));
    c->away = true;
    g_mutex_unlock(&c->lock);
    if (pit) {
        i8254_set_host(c->pit, pit);
    }
}

void pc_chips_come(PcChips *c)
{
    if (!c->away) {
        return;
    }
    if (c->pit) {
        i8254_set_host(c->pit, NULL);
    }
    g_mutex_lock(&c->lock);
    c->away = false;
    ioapic_set_host(c->ioapic, NULL);
    i8259_set_host(c->pic, NULL);
    g_mutex_unlock(&c->lock);
}
