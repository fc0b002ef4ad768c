/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error policies of disk devices, see drive.h. */
#include "hw/core/drive.h"

const char *const drive_policy_names[] = {
    "auto",
    [1 + BLOCK_ON_ERROR_REPORT] = "report",
    [1 + BLOCK_ON_ERROR_IGNORE] = "ignore",
    [1 + BLOCK_ON_ERROR_STOP] = "stop",
    [1 + BLOCK_ON_ERROR_ENOSPC] = "enospc",
    NULL,
};

static BlockErrorPolicy drive_policy_choose(int value, BlockErrorPolicy old)
{
    return value ? (BlockErrorPolicy)(value - 1) : old;
}

bool drive_policy_apply(const DrivePolicy *policy, BlockBackend *blk,
                        GError **errp)
{
    if (!blk) {
        return true;
    }
    if (policy->on_read == 1 + BLOCK_ON_ERROR_ENOSPC) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "property 'rerror' cannot be 'enospc': reading needs "
                        "no room");
    }
    blk_set_error_policy(
        blk, drive_policy_choose(policy->on_read, blk_error_policy(blk, true)),
        drive_policy_choose(policy->on_write, blk_error_policy(blk, false)));
    return true;
}
