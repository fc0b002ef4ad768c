/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A native instruction can fault on the host as it would in the guest (an
 * unaligned MOVAPS, an unmasked x87 exception), and a non-canonical address can
 * reach the inaccessible page of an empty slot. The handler asks the back end;
 * what is not translated code's goes to whoever handled the signal before.
 *
 * A signal handler knows its thread and nothing else, so the CPU that a thread
 * runs is a thread-local variable.
 */
#include "accel/tcg/signals.h"

#include <signal.h>

#ifdef __x86_64__
#include "tcg/x86_64/x86_64.h"
#else
static bool tcg_x86_64_fault(TcgContext *ctx, void *ucontext)
{
    return false;
}
static bool tcg_x86_64_raise(TcgContext *ctx, void *ucontext, TcgHelperFn *fn,
                             uint64_t a, uint64_t b)
{
    return false;
}
#endif

static __thread TcgCpu *signals_cpu;

static const int signals_numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
static struct sigaction signals_before[G_N_ELEMENTS(signals_numbers)];

static uint64_t signals_raise(void *env, uint64_t vector, uint64_t has_error,
                              uint64_t c, uint64_t d)
{
    if (has_error) {
        x86_raise_error(env, vector, 0);
    }
    x86_raise(env, vector);
}

/* The guest's exception for a host's signal in a native instruction. */
static X86Vector signals_vector(int number, const siginfo_t *info)
{
    switch (number) {
    case SIGFPE:
        return info->si_code == FPE_INTDIV || info->si_code == FPE_INTOVF
                   ? EXC_DE
                   : EXC_MF;
    case SIGILL:
        return EXC_UD;
    default:
        return EXC_GP; /* alignment */
    }
}

static void signals_handler(int number, siginfo_t *info, void *ucontext)
{
    TcgCpu *t = signals_cpu;

    if (t) {
        TcgContext *ctx = &t->engine->ctx;
        X86Vector vector = signals_vector(number, info);

        if ((number == SIGSEGV || number == SIGBUS) &&
            tcg_x86_64_fault(ctx, ucontext)) {
            return;
        }
        if (number != SIGBUS && tcg_x86_64_raise(ctx, ucontext, signals_raise,
                                                 vector, vector == EXC_GP)) {
            return;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(signals_numbers); i++) {
        if (signals_numbers[i] == number) {
            sigaction(number, &signals_before[i], NULL);
        }
    }
    /* Returning runs the instruction again, under the old disposition. */
}

void engine_signals_install(void)
{
    static gsize once;
    struct sigaction action = { .sa_sigaction = signals_handler,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK };

    if (!g_once_init_enter(&once)) {
        return;
    }
    sigfillset(&action.sa_mask);
    for (unsigned i = 0; i < G_N_ELEMENTS(signals_numbers); i++) {
        sigaction(signals_numbers[i], &action, &signals_before[i]);
    }
    g_once_init_leave(&once, 1);
}

void engine_signals_enter(TcgCpu *t)
{
    signals_cpu = t;
}

void engine_signals_leave(void)
{
    signals_cpu = NULL;
}
