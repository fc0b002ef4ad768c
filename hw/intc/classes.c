/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt controllers, a line each. */
#include "hw/classes.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"

const DeviceClass *const hw_intc_classes[] = {
    &i8259_class,
    &ioapic_class,
    NULL,
};
