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
    uint32_t far_offset;
    uint16_t far_selector;
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

    stack_t stack = { .ss_size = 1 << 16 };
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert(stack.ss_sp != MAP_FAILED);
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

/* Data segments for 32-bit code: null ones do there what they say. */
static uint8_t *native_segments(uint8_t *p)
{
    static const uint8_t load[] = { 0xb8, 0x2b, 0,    0,   0, /* mov eax, 2bh */
                                    0x8e, 0xd8, 0x8e, 0xc0 };
    return native_put(p, load, sizeof(load));
}

/* Into 32-bit code that follows: Linux's selectors are 23h and 33h. */
static uint8_t *native_enter32(uint8_t *p)
{
    native_page->far_offset = (uintptr_t)p + 7;
    native_page->far_selector = 0x23;
    static const uint8_t jump[] = { 0xff, 0x2c, 0x25 };
    uint32_t a = (uintptr_t)&native_page->far_offset;
    return native_put(native_put(p, jump, sizeof(jump)), &a, 4);
}

static uint8_t *native_leave32(uint8_t *p)
{
    uint32_t next = (uintptr_t)p + 7;
    uint16_t selector = 0x33;
    *p++ = 0xea;
    return native_put(native_put(p, &next, 4), &selector, 2);
}

static uint8_t *native_load(uint8_t *p, bool code32)
{
    static const uint8_t save[] = { 0x53, 0x55, 0x41, 0x54, 0x41,
                                    0x55, 0x41, 0x56, 0x41, 0x57 };
    NativeState *s = &native_page->s;

    p = native_put(p, save, sizeof(save));
    p = native_absolute(p, 0x89, 4, &native_page->host_rsp);
    p = code32 ? native_segments(p) : p;
    p = native_absolute(p, 0xff, 6, &s->flags); /* push */
    *p++ = 0x9d;                                /* popfq */
    for (unsigned n = 0; n < 16; n++) {
        p = native_absolute(p, 0x8b, n, &s->r[n]);
    }
    return p;
}

static void native_store(uint8_t *p)
{
    static const uint8_t restore[] = { 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d,
                                       0x41, 0x5c, 0x5d, 0x5b, 0xfc, 0xc3 };
    NativeState *s = &native_page->s;

    for (unsigned n = 0; n < 16; n++) {
        p = native_absolute(p, 0x89, n, &s->r[n]);
    }
    p = native_absolute(p, 0x8b, 4, &native_page->host_rsp);
    *p++ = 0x9c;                                /* pushfq */
    p = native_absolute(p, 0x8f, 0, &s->flags); /* pop */
    native_put(p, restore, sizeof(restore));
}

static void native_build(const uint8_t *bytes, size_t len, bool code32)
{
    uint8_t *p = native_load(native_page->code, code32);

    p = code32 ? native_enter32(p) : p;
    p = native_put(p, bytes, len);
    native_store(code32 ? native_leave32(p) : p);
}

static const int native_signals[] = { SIGFPE, SIGSEGV, SIGILL, SIGBUS,
                                      SIGTRAP };

int native_run(NativeState *s, const uint8_t *bytes, size_t len, bool code32)
{
    struct sigaction action = { .sa_sigaction = native_signal,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK };
    struct sigaction old[G_N_ELEMENTS(native_signals)];

    native_build(bytes, len, code32);
    native_page->s = *s;
    for (unsigned n = 0; n < G_N_ELEMENTS(native_signals); n++) {
        sigaction(native_signals[n], &action, &old[n]);
    }
    int sig = sigsetjmp(native_jump, 1);
    if (!sig) {
        ((void (*)(void))(uintptr_t)native_page->code)();
        *s = native_page->s;
    }
    for (unsigned n = 0; code32 && n < 16; n++) {
        s->r[n] = n < 8 ? (uint32_t)s->r[n] : 0;
    }
    __asm__ volatile("cld");
    for (unsigned n = 0; n < G_N_ELEMENTS(native_signals); n++) {
        sigaction(native_signals[n], &old[n], NULL);
    }
    return sig;
}

bool native_run_has_code32(void)
{
    static const uint8_t nop[] = { 0x90 };
    NativeState s = { .flags = 2 };
    return native_run(&s, nop, sizeof(nop), true) == 0;
}
