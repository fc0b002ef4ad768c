/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host whose back ends keep no guest vector state in registers. */
#include "accel/tcg/engine.h"

#include <sched.h>

void host_relax(bool yield)
{
    if (yield) {
        sched_yield();
    }
}

bool host_has_cmpxchg16(void)
{
    return false;
}

bool host_cmpxchg16(uint8_t *host, uint64_t expected[2],
                    const uint64_t desired[2])
{
    return false;
}

void host_signals_install(void)
{
}

void host_signals_enter(TcgContext *ctx)
{
}

uint64_t host_fpu_mask(void)
{
    return 0;
}

void host_call_heavy(void (*fn)(void *opaque), void *opaque)
{
    fn(opaque);
}
