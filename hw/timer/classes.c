/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timers, a line each. */
#include "hw/classes.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "hw/timer/mc146818.h"

const DeviceClass *const hw_timer_classes[] = {
    &hpet_class,
    &i8254_class,
    &mc146818_class,
    NULL,
};
