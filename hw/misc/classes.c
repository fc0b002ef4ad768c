/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/misc, a line each. */
#include "hw/classes.h"
#include "hw/misc/fw_cfg.h"

const DeviceClass *const hw_misc_classes[] = {
    &fw_cfg_class,
    NULL,
};
