/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device models of hw/display, a line each. */
#include "hw/classes.h"
#include "hw/display/vga-pci.h"

const DeviceClass *const hw_display_classes[] = {
    &vga_pci_class.device,
    &secondary_vga_class.device,
    NULL,
};
