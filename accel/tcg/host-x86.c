/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an x86-64 host needs: signals that native instructions cause become the
 * guest's exceptions, and the guest's vector state is kept around heavy code
 * that light code has to call.
 *
 * Signals are the process's, contexts the thread's: the one thing here that
 * has to be found without being handed in. Light.
 */
#include "accel/tcg/engine.h"
#include "target/x86/features.h"
#include "target/x86/host.h"
#include "target/x86/xstate.h"
#include "tcg/x86_64/x86_64.h"

#include <cpuid.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

static __thread TcgContext *host_context;

/* ---- Signals --------------------------------------------------------------
 */

static uint64_t host_raise(void *env, uint64_t vector, uint64_t has_error,
                           uint64_t c, uint64_t d)
{
    if (has_error) {
        x86_raise_error(env, vector, 0);
    }
    x86_raise(env, vector);
}

static X86Vector host_signal_vector(int sig, const siginfo_t *info)
{
    switch (sig) {
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

/* SIGSEGV from the kernel without an address is the host's #GP: alignment,
 * or a non-canonical address, which tcg_x86_64_fault() knows. */
static bool host_signal_translate(TcgContext *ctx, int sig, siginfo_t *info,
                                  void *uc)
{
    X86Vector vector = host_signal_vector(sig, info);
    bool memory = sig == SIGSEGV || sig == SIGBUS;

    if (memory && tcg_x86_64_fault(ctx, uc)) {
        return true;
    }
    return (!memory || info->si_code == SI_KERNEL) &&
           tcg_x86_64_raise(ctx, uc, host_raise, vector, vector == EXC_GP);
}

static const int host_signal_numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
static struct sigaction host_signals_before[G_N_ELEMENTS(host_signal_numbers)];

/* Our own mistake: the instruction runs again, under the old disposition. */
static void host_signal_refuse(int sig)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(host_signal_numbers); i++) {
        if (host_signal_numbers[i] == sig) {
            sigaction(sig, &host_signals_before[i], NULL);
        }
    }
}

static void host_signal(int sig, siginfo_t *info, void *uc)
{
    TcgContext *ctx = host_context;

    if (!ctx || !host_signal_translate(ctx, sig, info, uc)) {
        host_signal_refuse(sig);
    }
}

void host_signals_install(void)
{
    static gsize once;
    struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_ONSTACK };

    if (!g_once_init_enter(&once)) {
        return;
    }
    sa.sa_sigaction = host_signal;
    sigfillset(&sa.sa_mask);
    for (unsigned i = 0; i < G_N_ELEMENTS(host_signal_numbers); i++) {
        sigaction(host_signal_numbers[i], &sa, &host_signals_before[i]);
    }
    g_once_init_leave(&once, 1);
}

void host_signals_enter(TcgContext *ctx)
{
    host_context = ctx && ctx->backend->has_native ? ctx : NULL;
}

/* ---- Waiting --------------------------------------------------------------
 */

/* The system call itself, as light code calls nothing of the C library. */
void host_relax(bool yield)
{
    long number = SYS_sched_yield;

    if (yield) {
        __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
        return;
    }
    __builtin_ia32_pause();
}

/* ---- 16 bytes -------------------------------------------------------------
 */

bool host_has_cmpxchg16(void)
{
    return true;
}

bool host_cmpxchg16(uint8_t *host, uint64_t expected[2],
                    const uint64_t desired[2])
{
    bool equal;

    __asm__ volatile("lock cmpxchg16b (%3)"
                     : "=@ccz"(equal), "+a"(expected[0]), "+d"(expected[1])
                     : "r"(host), "b"(desired[0]), "c"(desired[1])
                     : "memory");
    return equal;
}

/* ---- Vector state ---------------------------------------------------------
 */

enum {
    HOST_AVX = XSTATE_X87 | XSTATE_SSE | XSTATE_AVX,
    HOST_AVX512 = HOST_AVX | XSTATE_AVX512,
};

uint64_t host_fpu_mask(void)
{
    unsigned a, b, c, d, lo, hi;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) {
        return XSTATE_X87 | XSTATE_SSE;
    }
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return lo &
           (x86_host_has_feature(FEATURE_AVX512F) ? HOST_AVX512 : HOST_AVX);
}

/* With AVX-512 there is XSAVEC, whose form has no gaps. */
static void host_vectors_save(X86Fpu *saved, bool avx512)
{
    if (avx512) {
        __asm__ volatile("xsavec64 %0"
                         : "+m"(*saved)
                         : "a"(HOST_AVX512), "d"(0)
                         : "memory");
    } else {
        __asm__ volatile("xsave64 %0"
                         : "+m"(*saved)
                         : "a"(HOST_AVX), "d"(0)
                         : "memory");
    }
}

void host_call_heavy(void (*fn)(void *opaque), void *opaque)
{
    X86Fpu saved;
    const uint32_t default_mxcsr = 0x1f80;
    bool avx512 = host_context && tcg_fpu_is_compact(host_context);

    volatile uint64_t *header =
        (uint64_t *)((uint8_t *)&saved + offsetof(X86Fpu, xstate_bv));

    for (unsigned i = 0; i < 8; i++) { /* XRSTOR checks it */
        header[i] = 0;
    }
    host_vectors_save(&saved, avx512);
    __asm__ volatile("fninit\n\tldmxcsr %0" : : "m"(default_mxcsr) : "memory");
    fn(opaque);
    __asm__ volatile("xrstor64 %0"
                     :
                     : "m"(saved), "a"(avx512 ? HOST_AVX512 : HOST_AVX), "d"(0)
                     : "memory");
}
