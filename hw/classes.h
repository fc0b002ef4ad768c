/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of device models, one per folder of hw/. */
#ifndef HW_CLASSES_H
#define HW_CLASSES_H

#include "hw/core/device.h"

extern const DeviceClass *const hw_char_classes[];
extern const DeviceClass *const hw_display_classes[];
extern const DeviceClass *const hw_ide_classes[];
extern const DeviceClass *const hw_input_classes[];
extern const DeviceClass *const hw_intc_classes[];
extern const DeviceClass *const hw_misc_classes[];
extern const DeviceClass *const hw_pc_classes[];
extern const DeviceClass *const hw_pci_classes[];
extern const DeviceClass *const hw_timer_classes[];
extern const DeviceClass *const hw_virtio_classes[];

#endif
