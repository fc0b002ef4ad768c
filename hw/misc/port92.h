/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System control port A. */
#ifndef HW_MISC_PORT92_H
#define HW_MISC_PORT92_H

#include "hw/core/device.h"

extern const DeviceClass port92_class; /* "port92" */

/* Before realize: its say in the A20 gate, which the board joins with the
 * keyboard controller's: high lets address bit 20 through; and the processors'
 * INIT#, which rises shortly. */
void port92_connect(Device *dev, IrqLine a20, IrqLine init);

#endif
