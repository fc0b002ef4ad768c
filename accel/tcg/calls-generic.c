/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ordinary C from light code where translated code keeps no vector state in
 * the host's registers. */
#include "accel/tcg/engine.h"

void engine_call_heavy(void (*fn)(void *arg), void *arg)
{
    fn(arg);
}
