/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up a guest instruction from inside a helper. Both back ends serve the
 * same two symbols: each back end's run() puts its own pair of functions into
 * env->backend[0..1] (TCG_BACKEND_UNWIND, TCG_BACKEND_SYNC_PC), so the engine
 * may be switched between two runs of the same CPU. Light.
 */
#include "tcg/backend.h"

void tcg_unwind(void *env, int reason)
{
    TcgUnwindFn *unwind = ((TcgEnv *)env)->backend[TCG_BACKEND_UNWIND];
    unwind(env, reason);
    __builtin_unreachable();
}

uint64_t tcg_sync_pc(void *env)
{
    TcgSyncPcFn *sync = ((TcgEnv *)env)->backend[TCG_BACKEND_SYNC_PC];
    return sync(env);
}
