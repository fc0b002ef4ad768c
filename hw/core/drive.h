/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a disk device does when the host fails a request: werror= and rerror=,
 * over what -drive said. */
#ifndef HW_CORE_DRIVE_H
#define HW_CORE_DRIVE_H

#include "block/block.h"
#include "hw/core/device.h"

/* A value is 0 (as the drive has it) or 1 + a BlockErrorPolicy. */
typedef struct DrivePolicy {
    int on_read, on_write;
} DrivePolicy;

#define DRIVE_POLICY_PROPS(type, member)                                       \
    DEFINE_PROP_ENUM("rerror", type, member.on_read, drive_policy_names,       \
                     "auto", "on failing reads"),                              \
        DEFINE_PROP_ENUM("werror", type, member.on_write, drive_policy_names,  \
                         "auto", "on failing writes")
extern const char *const drive_policy_names[];

/* For realize(). */
bool drive_policy_apply(const DrivePolicy *policy, BlockBackend *blk,
                        GError **errp);

#endif
