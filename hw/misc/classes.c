/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/misc, a line each. */
#include "hw/classes.h"
#include "hw/misc/fw_cfg.h"
#include "hw/misc/isa-debug-exit.h"
#include "hw/misc/pc-testdev.h"
#include "hw/misc/pci-testdev.h"
#include "hw/misc/port92.h"

const DeviceClass *const hw_misc_classes[] = {
    &fw_cfg_class,     &isa_debug_exit_class,
    &pc_testdev_class, &pci_testdev_class.device,
    &port92_class,     NULL,
};
