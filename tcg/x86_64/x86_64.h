/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only x86-64 hosts offer: native instructions, and host signals that
 * translated code causes.
 */
#ifndef TCG_X86_64_X86_64_H
#define TCG_X86_64_X86_64_H

#include "tcg/backend.h"

/* Whether the back end can run this instruction as itself. */
bool tcg_x86_64_can_native(const NativeInsn *n);

/*
 * For the handler of SIGSEGV and SIGBUS. True if the signal came from an
 * access through an empty slot, which a non-canonical address hits: the
 * context was changed to go on in the access's slow part, and fill() or load()
 * will see the address.
 */
bool tcg_x86_64_fault(TcgContext *ctx, void *ucontext);

/*
 * For the handler of SIGFPE, SIGSEGV, SIGILL: a native instruction faulted as
 * the guest's own would (division, alignment, no such instruction). If the
 * signal came from translated code: changes the context so that the handler's
 * return makes a heavy call fn(env, a, b, 0, 0), which must not return
 * (tcg_unwind()); env->r[] and, by tcg_sync_pc(), env->pc are as before the
 * instruction.
 */
bool tcg_x86_64_raise(TcgContext *ctx, void *ucontext, TcgHelperFn *fn,
                      uint64_t a, uint64_t b);

#endif
