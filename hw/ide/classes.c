/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/ide, a line each. */
#include "hw/classes.h"

#include "hw/ide/ide.h"
#include "hw/ide/piix.h"

const DeviceClass *const hw_ide_classes[] = {
    &ide_hd_class,
    &ide_cd_class,
    &piix3_ide_class.device,
    NULL,
};
