/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host that is no x86. */
#include "target/x86/host.h"

bool x86_host_has_feature(unsigned feature)
{
    return false;
}

uint32_t x86_host_xstate_offset(unsigned component)
{
    return 0;
}
