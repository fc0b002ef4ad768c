/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's processor as the reference. A signal's frame holds the whole
 * user-level state and the kernel loads all of it on return, so a case is a
 * signal to ourselves whose handler puts the state into its frame; the
 * instruction runs, INT3 after it (or its fault) is the second signal, from
 * whose frame the results come and which returns to where the first one was.
 */
#include "target/x86/host.h"
#include "target/x86/xstate.h"
#include "tests/target/isa/isa.h"

#include <asm/ldt.h>
#include <asm/prctl.h>
#include <immintrin.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* Signals are the process's, and so is this. */
static struct {
    enum { HOST_IDLE, HOST_ENTER, HOST_INSIDE } phase;
    const IsaCase *c;
    IsaState *out;
    greg_t regs[NGREG]; /* where to go on */
    uint8_t fpu[4096] __attribute__((aligned(64)));
    uint64_t fs_base;
    bool code16;
    struct sigaction before[NSIG];
} host;

static const uint8_t host_regs[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};
static const int host_signals[] = { SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGTRAP };

enum { HOST_FX = 464, HOST_HEADER = 512, HOST_END = 2816 };
/* Bytes 464 to 511 of a frame's image are the kernel's. */

static void host_put_fpu(uint8_t *frame, const X86Fpu *fpu)
{
    memcpy(frame, fpu, HOST_FX);
    memset(frame + HOST_HEADER, 0, 64);
    frame[HOST_HEADER] = isa_xcr0();
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        if (isa_xcr0() >> x->number & 1) {
            memcpy(frame + x86_xstate_standard(x),
                   (const uint8_t *)fpu + x->image, x->size);
        }
    }
}

static void host_get_components(X86Fpu *fpu, const uint8_t *frame)
{
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        if (isa_xcr0() & fpu->xstate_bv & 1u << x->number) {
            memcpy((uint8_t *)fpu + x->image, frame + x86_xstate_standard(x),
                   x->size);
        }
    }
}

/* Parts in their initial state need not be in the image. SDM 1 13.6 */
static void host_get_fpu(X86Fpu *fpu, const uint8_t *frame)
{
    memset(fpu, 0, sizeof(*fpu));
    memcpy(fpu, frame, HOST_FX);
    memcpy((uint8_t *)fpu + HOST_HEADER, frame + HOST_HEADER, 64);
    host_get_components(fpu, frame);
    if (!(fpu->xstate_bv & 1)) {
        fpu->fcw = 0x37f;
        fpu->fsw = fpu->ftw = 0;
        memset(fpu->st, 0, sizeof(fpu->st));
    }
    if (!(fpu->xstate_bv & 2)) {
        memset(fpu->xmm, 0, sizeof(fpu->xmm));
    }
    fpu->xstate_bv = isa_xcr0();
}

/* The kernel says how long it is: Linux struct _fpx_sw_bytes. */
static size_t host_frame_bytes(const uint8_t *frame)
{
    uint32_t size;

    memcpy(&size, frame + HOST_FX + 16, sizeof(size));
    return CLAMP(size, 832, HOST_END);
}

static void host_enter(ucontext_t *uc)
{
    greg_t *g = uc->uc_mcontext.gregs;
    const IsaState *in = &host.c->in;
    uint8_t *frame = (uint8_t *)uc->uc_mcontext.fpregs;

    memcpy(host.regs, g, sizeof(host.regs));
    memcpy(host.fpu, frame, host_frame_bytes(frame));
    for (unsigned n = 0; n < 16; n++) {
        g[host_regs[n]] = in->r[n];
    }
    g[REG_RIP] = in->pc;
    g[REG_EFL] = in->flags;
    g[REG_CSGSFS] = (g[REG_CSGSFS] & INT64_C(0x0000ffffffff0000)) |
                    (int64_t)in->seg[X86_SS] << 48 | in->seg[X86_CS];
    __asm__ volatile("mov %0, %%ds" : : "r"(in->seg[X86_DS]));
    __asm__ volatile("mov %0, %%es" : : "r"(in->seg[X86_ES]));
    host_put_fpu(frame, &in->fpu);
    _writegsbase_u64(in->gs_base);
    host.phase = HOST_INSIDE;
}

/* INT3 behind the instruction is its end; a fetch that faults, or INT3
 * elsewhere, is where it jumped to. */
static void host_get_end(const ucontext_t *uc)
{
    const greg_t *g = uc->uc_mcontext.gregs;
    IsaState *s = host.out;
    bool fetch = g[REG_TRAPNO] == EXC_PF && g[REG_ERR] & 16;

    s->vector = g[REG_TRAPNO];
    s->error = g[REG_ERR];
    s->cr2 = g[REG_CR2];
    s->pc = g[REG_RIP];
    bool own = host.c->valid && host.c->insn.mnemonic == X86_INT3;
    if (s->vector == EXC_BP &&
        !(own && s->pc == host.c->in.pc + host.c->insn.len)) {
        s->pc--;
        s->vector = -1;
    } else if (fetch && s->pc != host.c->in.pc) {
        s->vector = -1;
    }
}

static void host_get_segments(const ucontext_t *uc, uint64_t fs_base)
{
    IsaState *s = host.out;

    s->seg[X86_CS] = uc->uc_mcontext.gregs[REG_CSGSFS];
    s->seg[X86_SS] = uc->uc_mcontext.gregs[REG_CSGSFS] >> 48;
    __asm__ volatile("mov %%ds, %0" : "=r"(s->seg[X86_DS]));
    __asm__ volatile("mov %%es, %0" : "=r"(s->seg[X86_ES]));
    __asm__ volatile("mov %%fs, %0" : "=r"(s->seg[X86_FS]));
    __asm__ volatile("mov %%gs, %0" : "=r"(s->seg[X86_GS]));
    s->fs_base = fs_base;
    s->gs_base = _readgsbase_u64();
}

static void host_restore_segments(void)
{
    unsigned data = ISA_DS, none = 0;

    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(data));
    if (host.out->seg[X86_GS]) {
        __asm__ volatile("mov %0, %%gs" : : "r"(none));
    }
}

static void host_leave(ucontext_t *uc, uint64_t fs_base)
{
    greg_t *g = uc->uc_mcontext.gregs;
    uint8_t *frame = (uint8_t *)uc->uc_mcontext.fpregs;

    for (unsigned n = 0; n < 16; n++) {
        host.out->r[n] = g[host_regs[n]];
    }
    host.out->flags = g[REG_EFL];
    host_get_end(uc);
    host_get_segments(uc, fs_base);
    host_restore_segments();
    host_get_fpu(&host.out->fpu, frame);
    memcpy(g, host.regs, sizeof(host.regs));
    memcpy(frame, host.fpu, HOST_FX);
    memcpy(frame + HOST_HEADER, host.fpu + HOST_HEADER,
           host_frame_bytes(frame) - HOST_HEADER);
    host.phase = HOST_IDLE;
}

/* Somebody else's: an engine's native code. */
static void host_pass_on(int sig, siginfo_t *info, void *uc)
{
    const struct sigaction *old = &host.before[sig];

    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(sig, info, uc);
    } else {
        signal(sig, SIG_DFL);
    }
}

/* The instruction may have changed FS, by which C finds what is the thread's;
 * the selector goes first, as loading it changes the base. */
__attribute__((no_stack_protector,
               no_sanitize("address", "undefined"))) static void
host_signal(int sig, siginfo_t *info, void *context)
{
    uint64_t fs_base = _readfsbase_u64();
    unsigned fs;

    if (host.phase == HOST_INSIDE) {
        __asm__ volatile("mov %%fs, %0" : "=r"(fs));
        if (fs) {
            __asm__ volatile("mov %0, %%fs" : : "r"(0));
        }
        _writefsbase_u64(host.fs_base);
        host_leave(context, fs_base);
        host.out->seg[X86_FS] = fs;
    } else if (host.phase == HOST_ENTER) {
        host_enter(context);
    } else {
        host_pass_on(sig, info, context);
    }
}

uint32_t isa_xcr0(void)
{
    return XSTATE_X87 | XSTATE_SSE | XSTATE_AVX |
           (x86_host_has_feature(FEATURE_AVX512F) ? XSTATE_AVX512 : 0);
}

uint32_t isa_host_beyond(void)
{
    uint32_t low, high;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low & ~isa_xcr0();
}

uint64_t isa_host_fs_base(void)
{
    return host.fs_base;
}

bool isa_host_has_code16(void)
{
    return host.code16;
}

/* One of 64 KiB where the memory begins. contents: 2 is code. */
static bool host_set_segment(unsigned selector, unsigned contents)
{
    struct user_desc d = { .entry_number = selector >> 3,
                           .base_addr = ENGINE_BASE,
                           .limit = 0xffff,
                           .contents = contents };

    return syscall(SYS_modify_ldt, 1, &d, sizeof(d)) == 0;
}

bool isa_host_init(void)
{
    unsigned data = ISA_DS;
    static const unsigned need[] = { FEATURE_AVX, FEATURE_AVX2,
                                     FEATURE_FSGSBASE };

    for (unsigned n = 0; n < G_N_ELEMENTS(need); n++) {
        if (!x86_host_has_feature(need[n])) {
            return false;
        }
    }
    stack_t stack = { .ss_size = 1 << 18 };
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert(stack.ss_sp != MAP_FAILED);
    sigaltstack(&stack, NULL);
    struct sigaction action = { .sa_sigaction = host_signal,
                                .sa_flags =
                                    SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    for (unsigned n = 0; n < G_N_ELEMENTS(host_signals); n++) {
        sigaction(host_signals[n], &action, &host.before[host_signals[n]]);
    }
    host.fs_base = _readfsbase_u64();
    host.code16 =
        host_set_segment(ISA_CS16, 2) && host_set_segment(ISA_DS16, 0);
    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(data));
    return true;
}

void isa_host_run(const IsaCase *c, IsaState *out)
{
    host.c = c;
    host.out = out;
    host.phase = HOST_ENTER;
    __asm__ volatile("int3" : : : "memory", "cc");
}
