/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/pc, a line each. */
#include "hw/classes.h"
#include "hw/pc/i440fx.h"
#include "hw/pc/piix3.h"
#include "hw/pc/piix4_pm.h"

const DeviceClass *const hw_pc_classes[] = {
    &i440fx_class.device,
    &piix3_class.device,
    &piix4_pm_class.device,
    NULL,
};
