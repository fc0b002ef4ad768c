/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every folder with device models, a line each. */
#include "hw/classes.h"

const DeviceClass *const *const device_class_tables[] = {
    hw_char_classes,  hw_display_classes, hw_ide_classes, hw_input_classes,
    hw_intc_classes,  hw_misc_classes,    hw_pc_classes,  hw_pci_classes,
    hw_timer_classes, hw_virtio_classes,  NULL,
};
