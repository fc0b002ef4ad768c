/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No x86-64 here. */
#include "tests/target/native-run.h"

bool native_run_init(void)
{
    return false;
}

int native_run(NativeState *s, const uint8_t *bytes, size_t len, bool code32)
{
    return -1;
}

bool native_run_has_code32(void)
{
    return false;
}
