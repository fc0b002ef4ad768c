/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thunk in low memory: save the host's registers, load the state from fixed
 * addresses (so that no register is needed), the bytes, and back. The flags go
 * through the host's stack. Signals run on a stack of their own, as rSP is the
 * guest's.
 */
#include "tests/target/native-run.h"

#include <glib.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define NATIVE_PAGE UINT64_C(0x2f000000)

typedef struct NativePage {
    NativeState s;
    uint64_t host_rsp;
    uint8_t code[1024];
} NativePage;

static NativePage *const native_page = (NativePage *)NATIVE_PAGE;
static sigjmp_buf native_jump;

static void native_signal(int sig, siginfo_t *info, void *context)
{
    siglongjmp(native_jump, sig);
}

bool native_run_init(void)
{
    void *p =
        mmap((void *)NATIVE_PAGE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    g_assert(p == (void *)NATIVE_PAGE);

    stack_t stack = { .ss_sp = g_malloc(1 << 16), .ss_size = 1 << 16 };
    sigaltstack(&stack, NULL);
    return true;
}

static uint8_t *native_put(uint8_t *p, const void *bytes, size_t len)
{
    memcpy(p, bytes, len);
    return p + len;
}

/* opcode reg, [address] with REX.W */
static uint8_t *native_absolute(uint8_t *p, uint8_t opcode, unsigned reg,
                                const void *address)
{
    uint32_t a = (uintptr_t)address;
    uint8_t head[] = { 0x48 | (reg & 8) >> 1, opcode, (reg & 7) << 3 | 4,
                       0x25 };
    p = native_put(p, head, sizeof(head));
    return native_put(p, &a, 4);
}

static void native_build(const uint8_t *bytes, size_t len)
{
    static const uint8_t save[] = { 0x53, 0x55, 0x41, 0x54, 0x41,
                                    0x55, 0x41, 0x56, 0x41, 0x57 };
    static const uint8_t restore[] = { 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d,
                                       0x41, 0x5c, 0x5d, 0x5b, 0xfc, 0xc3 };
    NativeState *s = &native_page->s;
    uint8_t *p = native_put(native_page->code, save, sizeof(save));

    p = native_absolute(p, 0x89, 4, &native_page->host_rsp);
    p = native_absolute(p, 0xff, 6, &s->flags); /* push */
    *p++ = 0x9d;                                /* popfq */
    for (unsigned n = 0; n < 16; n++) {
        p = native_absolute(p, 0x8b, n, &s->r[n]);
    }
    p = native_put(p, bytes, len);
    for (unsigned n = 0; n < 16; n++) {
        p = native_absolute(p, 0x89, n, &s->r[n]);
    }
    p = native_absolute(p, 0x8b, 4, &native_page->host_rsp);
    *p++ = 0x9c;                                /* pushfq */
    p = native_absolute(p, 0x8f, 0, &s->flags); /* pop */
    native_put(p, restore, sizeof(restore));
}

static const int native_signals[] = { SIGFPE, SIGSEGV, SIGILL, SIGBUS,
                                      SIGTRAP };

int native_run(NativeState *s, const uint8_t *bytes, size_t len)
{
    struct sigaction action = { .sa_sigaction = native_signal,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK };
    struct sigaction old[G_N_ELEMENTS(native_signals)];

    native_build(bytes, len);
    native_page->s = *s;
    for (unsigned n = 0; n < G_N_ELEMENTS(native_signals); n++) {
        sigaction(native_signals[n], &action, &old[n]);
    }
    int sig = sigsetjmp(native_jump, 1);
    if (!sig) {
        ((void (*)(void))(uintptr_t)native_page->code)();
        *s = native_page->s;
    }
    __asm__ volatile("cld");
    for (unsigned n = 0; n < G_N_ELEMENTS(native_signals); n++) {
        sigaction(native_signals[n], &old[n], NULL);
    }
    return sig;
}
