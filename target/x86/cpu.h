/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The architectural state of one x86 processor, which belongs to neither
 * accelerator, and the services around it: what translated code, the run loop,
 * the monitor and snapshots share.
 *
 * Invariants: TcgEnv stands first. env.r[] are the general registers by the
 * manual's numbers, env.pc is RIP (16- and 32-bit code: zero-extended), the
 * status flags are in env.flags, every other EFLAGS bit in `eflags`. FPU state
 * is in `fpu`, an XSAVE image, whenever C code other than light helpers runs.
 * `key` and env.mode are derived: x86_update_key() after any change of what
 * they come from.
 *
 * Everything in target/x86 that light helpers reach is compiled
 * -mgeneral-regs-only and calls nothing outside of itself.
 */
#ifndef TARGET_X86_CPU_H
#define TARGET_X86_CPU_H

#include "memory/memory.h"
#include "target/x86/decode/decode.h"
#include "target/x86/segment.h"
#include "target/x86/svm.h"
#include "target/x86/topology.h"
#include "tcg/backend.h"
#include "util/clock.h"
#include "util/irq.h"
#include "util/state.h"

typedef struct X86Cpu X86Cpu;
typedef struct X86Apic X86Apic;
typedef struct X86Model X86Model;
typedef struct X86Tsc X86Tsc;
typedef struct Vcpu Vcpu; /* accel/accel.h */
typedef uint64_t vaddr;

enum {
    EFLAGS_CF = 1u << 0,
    EFLAGS_PF = 1u << 2,
    EFLAGS_AF = 1u << 4,
    EFLAGS_ZF = 1u << 6,
    EFLAGS_SF = 1u << 7,
    EFLAGS_TF = 1u << 8,
    EFLAGS_IF = 1u << 9,
    EFLAGS_DF = 1u << 10,
    EFLAGS_OF = 1u << 11,
    EFLAGS_IOPL = 3u << 12,
    EFLAGS_NT = 1u << 14,
    EFLAGS_RF = 1u << 16,
    EFLAGS_VM = 1u << 17,
    EFLAGS_AC = 1u << 18,
    EFLAGS_VIF = 1u << 19,
    EFLAGS_VIP = 1u << 20,
    EFLAGS_ID = 1u << 21,
    EFLAGS_STATUS =
        EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF,
};
enum {
    CR0_PE = 1u << 0,
    CR0_MP = 1u << 1,
    CR0_EM = 1u << 2,
    CR0_TS = 1u << 3,
    CR0_ET = 1u << 4,
    CR0_NE = 1u << 5,
    CR0_WP = 1u << 16,
    CR0_AM = 1u << 18,
    CR0_NW = 1u << 29,
    CR0_CD = 1u << 30,
    CR0_PG = 1u << 31,
    CR4_VME = 1u << 0,
    CR4_PVI = 1u << 1,
    CR4_TSD = 1u << 2,
    CR4_DE = 1u << 3,
    CR4_PSE = 1u << 4,
    CR4_PAE = 1u << 5,
    CR4_MCE = 1u << 6,
    CR4_PGE = 1u << 7,
    CR4_PCE = 1u << 8,
    CR4_OSFXSR = 1u << 9,
    CR4_OSXMMEXCPT = 1u << 10,
    CR4_UMIP = 1u << 11,
    CR4_LA57 = 1u << 12,
    CR4_FSGSBASE = 1u << 16,
    CR4_PCIDE = 1u << 17,
    CR4_OSXSAVE = 1u << 18,
    CR4_SMEP = 1u << 20,
    CR4_SMAP = 1u << 21,
    CR4_PKE = 1u << 22,
    CR4_PKS = 1u << 24,
    EFER_SCE = 1u << 0,
    EFER_LME = 1u << 8,
    EFER_LMA = 1u << 10,
    EFER_NXE = 1u << 11,
    EFER_SVME = 1u << 12,
    DEBUGCTL_LBR = 1u << 0,
    DEBUGCTL_BTF = 1u << 1, /* single steps trap after branches only */
};
typedef enum X86Vector {
    EXC_DE,
    EXC_DB,
    EXC_NMI,
    EXC_BP,
    EXC_OF,
    EXC_BR,
    EXC_UD,
    EXC_NM,
    EXC_DF,
    EXC_TS = 10,
    EXC_NP,
    EXC_SS,
    EXC_GP,
    EXC_PF,
    EXC_MF = 16,
    EXC_AC,
    EXC_MC,
    EXC_XM,
} X86Vector;

/* SDM 1 13.4: legacy FXSAVE area, header, components, which stand as in the
 * compacted form of all that are here. Without AVX-512 it is the standard form,
 * too. */
typedef struct X86Fpu {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    struct {
        uint64_t mantissa;
        uint16_t exponent; /* with sign */
        uint16_t pad[3];
    } st[8]; /* by stack position; MMn is st[n].mantissa with TOP = 0 */
    union {
        uint8_t b[16];
        uint16_t w[8];
        uint32_t l[4];
        uint64_t q[2];
    } xmm[16];
    uint8_t legacy_rest[96];
    uint64_t xstate_bv, xcomp_bv;
    uint64_t header_rest[6];
    uint64_t ymm_high[16][2];
    uint64_t opmask[8];
    uint64_t zmm_high[16][4];
    uint64_t zmm[16][8]; /* ZMM16 and above */
} __attribute__((aligned(64))) X86Fpu;

/* What a translation depends on besides its address: one struct, its key. */
typedef union X86Key {
    struct {
        uint32_t code : 2; /* X86CodeSize */
        uint32_t cpl : 2;
        uint32_t pe : 1; /* CR0.PE */
        uint32_t vm86 : 1;
        uint32_t ss32 : 1;    /* SS.B: stack is 32 bits wide */
        uint32_t flat : 1;    /* ES SS DS have base 0, limit 4G (CS too);
                                 always in 64-bit code */
        uint32_t cs_flat : 1; /* CS base is 0 */
        uint32_t tf : 1;      /* single-step: one instruction a block */
        uint32_t inhibit : 1; /* first instruction is under STI/MOV SS shadow */
        uint32_t fp_nm : 1;   /* CR0.TS: FP and SSE raise #NM */
        uint32_t fp_em : 1;   /* CR0.EM */
        uint32_t fp_mp : 1;   /* CR0.MP: with TS, WAIT raises #NM */
        uint32_t sse : 1;     /* CR4.OSFXSR */
        uint32_t avx : 1;     /* CR4.OSXSAVE and XCR0 has AVX */
        uint32_t fp_slow : 1; /* unmasked exceptions or odd FCW: no native FP */
        uint32_t mode : 2;    /* env.mode */
        uint32_t iopl_ok : 1; /* CPL <= IOPL */
        uint32_t fsgsbase : 1; /* CR4.FSGSBASE */
        uint32_t limits : 1;   /* ES CS SS DS: one has a limit or a type to be
                                  checked; never in 64-bit code */
        uint32_t umip : 1;
        uint32_t lma : 1;
        uint32_t dr7 : 1;          /* breakpoints are armed */
        uint32_t fs_gs_limits : 1; /* the same as limits for FS or GS */
        uint32_t ac : 1;           /* level 3, AC and AM: #AC */
        uint32_t svm : 1;          /* an SVM guest: intercepts are looked at */
        uint32_t lbr : 1;          /* DEBUGCTL.LBR: one instruction a block */
        uint32_t avx512 : 1;   /* avx, and XCR0 has all of AVX-512's state */
        uint32_t cs_limit : 1; /* CS's limit is not FFFFh in real and V86 mode,
                                  not 4G else; never in 64-bit code */
        uint32_t spare : 1;    /* 0 */
    };
    uint32_t bits;
} X86Key;

#define X86_MONITOR_LINE 64
#define X86_SMBASE 0x30000u /* until the handler moves it */

/* MMU modes (TcgEnv.mode). */
enum {
    X86_MODE_USER,
    X86_MODE_KERNEL,      /* supervisor, SMAP enforced (AC = 0) */
    X86_MODE_KERNEL_USER, /* supervisor, user pages allowed (no SMAP or AC) */
    X86_MODE_PHYS,        /* paging is off, any privilege level */
};

/* What blocks interrupts for one instruction. */
enum { X86_INHIBIT_STI = 1, X86_INHIBIT_SS = 2 };

/* Pending work besides APIC interrupts; bits of X86Cpu.pending (atomic). */
enum {
    X86_PENDING_INTR = 1u << 0, /* 8259 asks; vector by pic_ack() */
    X86_PENDING_NMI = 1u << 1,
    X86_PENDING_SMI = 1u << 2,
    X86_PENDING_INIT = 1u << 3,
    X86_PENDING_SIPI = 1u << 4,
    X86_PENDING_APIC = 1u << 5, /* local APIC has a deliverable interrupt */
    X86_PENDING_RESET = 1u << 6,
    X86_PENDING_FLUSH = 1u << 7, /* memory map changed: flush the TLB */
    X86_PENDING_STOP = 1u << 8,  /* leave the run loop: pause, quit, debugger */
    X86_PENDING_A20 = 1u << 9,
    X86_PENDING_MC = 1u << 10,
    X86_PENDING_NMI_AGAIN = 1u << 11, /* behind one that is not taken yet */
    X86_PENDING_VINTR = 1u << 12,     /* an SVM guest has a virtual interrupt */
    X86_PENDING_KICK = 1u << 13,      /* KVM's: the next HLT, or this, ends */
};

/* Beyond exceptions, values of X86Cpu.raised: what the run loop does instead of
 * delivering. */
typedef enum X86Raised {
    X86_RAISED_VMRUN = 256, /* enter the guest of svm.vmcb */
    X86_RAISED_EXIT,        /* leave it: svm.exit_code says why */
    X86_RAISED_RSM,         /* leave system management mode */
} X86Raised;

struct X86Cpu {
    TcgEnv env;
    X86Fpu fpu;

    uint32_t eflags; /* without the status flags; bit 1 set */
    X86Key key;
    X86Segment seg[X86_SEGMENTS];
    X86Segment ldt, tr;
    struct {
        uint64_t base;
        uint16_t limit;
    } gdt, idt;
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t xcr0;
    uint64_t dr[8];
    uint64_t efer;
    uint64_t pdpte[4]; /* PAE paging without long mode */

    /* MSRs with a place of their own. */
    uint64_t star, lstar, cstar, fmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t pat, tsc_adjust, tsc_aux, tsc_deadline, misc_enable, mtrr_def;
    uint64_t mtrr_fixed[11], mtrr_base[8], mtrr_mask[8];
    uint64_t apic_base, spec_ctrl, feature_control, xss, debugctl;
    uint64_t last_branch[4]; /* from, to; of the last exception: from, to */
    uint64_t mcg_status, mcg_ctl, mc_bank[4 * 10];
    uint64_t kvm_system_time, kvm_wall_clock, kvm_pv_eoi, kvm_steal_time,
        kvm_async_pf, kvm_poll_control;
    uint32_t pkru;
    uint64_t pkrs;
    uint16_t pkeys; /* protection keys that translations were made with */

    /* Execution state. */
    bool halted;
    bool wait_sipi; /* application processor before SIPI */
    bool nmi_blocked;
    bool shutdown;      /* triple fault */
    uint8_t inhibit;    /* X86_INHIBIT_STI..: until the next instruction ends */
    uint8_t debug_hits; /* bits of DR6: a trap before the next instruction */
    bool smm;
    bool smm_nmi_blocked; /* outside of it */
    uint32_t smbase;
    uint8_t sipi_vector;
    uint64_t a20_mask; /* ~0 or ~(1 << 20) */
    uint64_t tsc_offset;
    X86Svm svm;

    /* An exception or software interrupt that a helper raised and the run
     * loop delivers; vector -1: none, from 256 on: X86Raised. */
    int raised;
    bool raised_has_error;
    bool raised_soft;          /* INT n, INT3, INTO: uses next_pc */
    bool raised_int_n;         /* INT n: no exception */
    bool raised_not_canonical; /* #GP for an address: #SS if it is a stack's */
    uint32_t raised_error;
    uint64_t raised_next_pc;
    int old_vector;     /* while delivering, for double faults; -1 */
    void **catch_point; /* while delivering: where x86_raise() goes instead of
                           tcg_unwind(); a __builtin_setjmp buffer */

    uint32_t pending; /* X86_PENDING_*, atomic */
    uint64_t waited_ns;

    bool pv_eoi_offered;  /* see pv.c */
    bool waited_known;    /* waited_ns is: see steal.c */
    bool interrupts_wait; /* those from outside stay pending: a counted run */

    /* A loop that waits leaves now and then, so that those it waits for get the
     * host's processor. */
    bool yields;    /* the accelerator's: there are others */
    bool yield;     /* asked for */
    uint8_t pauses; /* since then */

    /* MONITOR and MWAIT: not saved, an end for nothing is allowed. */
    struct {
        bool armed;
        bool waits;  /* halted, but for a store to the line, too: */
        hwaddr line; /* its physical address, */
        uint64_t seen[X86_MONITOR_LINE / 8]; /* and what was there */
        bool masked; /* interrupts end it with IF = 0, too */
    } monitor;

    /* In the host's memory: where the last long piece that was copied ended,
     * and how far beyond it has been asked for: see string-flat.c. */
    uintptr_t copied, ahead;

    /* INS and OUTS: elements between device and memory, within one
     * instruction. */
    uint8_t ports_buffer[1024];

    /* Wiring: fixed once created. */
    unsigned index;
    X86Topology topology; /* one processor a package unless changed */
    uint32_t apic_id;
    const X86Model *model;
    X86Apic *apic; /* never NULL */
    AddressSpace *memory, *io;
    Clock *clock;
    TcgContext *tcg;
    void *accel; /* the accelerator's own state */
    void *kvm;   /* KVM's, also while the translator steps for it */
    Vcpu *vcpu;
    size_t alloc_size;
    X86Tsc *tsc;
    unsigned mmu_hint; /* flat view's range the page walk used last */
    /* 8259's INTA cycle; -1: spurious. Any thread that runs this CPU. */
    int (*pic_ack)(void *opaque);
    void *pic_opaque;
    /* The accelerator's part in changes of translation. Light. */
    const struct X86MmuOps *mmu_ops;
    /* Leave translated code soon: sets exit_request; any thread. Light. */
    void (*kick)(X86Cpu *cpu);
    /* The board's part of system management mode: its memory is seen now, or
     * not any more. On the thread that runs the CPU. */
    void (*on_smm)(void *opaque, unsigned index, bool smm);
    void *on_smm_opaque;
    /* A device or the board wants to know: reset, triple fault. */
    void (*on_shutdown)(void *opaque);
    void *on_shutdown_opaque;
};

/* What the architecture asks of the accelerator's soft TLB. Light. SDM 3A
 * 4.10.1, 4.10.4. */
typedef struct X86MmuOps {
    void (*flush_all)(X86Cpu *cpu); /* all spaces, also global pages */
    /* CR3 was written. keep: what is known of the space that it names (its
     * PCID) stays known, but for global pages nothing else may be used. */
    void (*switch_space)(X86Cpu *cpu, bool keep);
    /* All but global pages, of one PCID or (-1) of all. */
    void (*flush_space)(X86Cpu *cpu, int pcid);
    void (*flush_page)(X86Cpu *cpu, vaddr addr); /* in the present space */
    /* svm.guest has changed: what is known of the host's translations and of
     * its guest's stays apart. flush: begin with nothing. */
    void (*switch_world)(X86Cpu *cpu, bool flush);
    void (*key_changed)(X86Cpu *cpu); /* after x86_update_key(); may be NULL */
} X86MmuOps;

/* ---- cpu.c ------------------------------------------------------------------
 */

X86Cpu *x86_cpu_new(unsigned index, const X86Model *model, AddressSpace *memory,
                    AddressSpace *io, Clock *clock, GError **errp);
/* Before it runs: the APIC id follows from topology and index. */
void x86_cpu_set_topology(X86Cpu *cpu, const X86Topology *topology);
/* Count time by the same TSC as another CPU of the machine. */
void x86_cpu_share_tsc(X86Cpu *cpu, X86Cpu *with);
void x86_cpu_free(X86Cpu *cpu);
void x86_cpu_reset(X86Cpu *cpu, bool init); /* init: INIT, not power-on */
extern const StateField x86_cpu_state[];
bool x86_cpu_loaded(X86Cpu *cpu, GError **errp);
/* Text as `info registers`. fpu current. */
void x86_cpu_print(const X86Cpu *cpu, GString *out);

/* Whole EFLAGS image; setter changes exactly the bits of mask and updates the
 * key. Light. */
uint32_t x86_get_eflags(const X86Cpu *cpu);
void x86_set_eflags(X86Cpu *cpu, uint32_t val, uint32_t mask);
/* The present address space's tag; 0 where there are none. */
static inline unsigned x86_pcid(const X86Cpu *cpu)
{
    return cpu->cr4 & CR4_PCIDE ? cpu->cr3 & 0xfff : 0;
}
static inline uint32_t x86_flags_unpack(TcgFlags f)
{
    return ((f >> 8) & 0xd5) | ((f & 1) << 11);
}
static inline TcgFlags x86_flags_pack(uint32_t eflags)
{
    return ((eflags & 0xd5) << 8) | ((eflags >> 11) & 1);
}
void x86_update_key(X86Cpu *cpu); /* key (but fp_slow) and env.mode. Light. */
void x86_update_fp_key(X86Cpu *cpu); /* key.fp_slow from fpu's control words,
                                        which must be current */
static inline unsigned x86_cpl(const X86Cpu *cpu)
{
    return cpu->key.cpl;
}
static inline bool x86_long_mode(const X86Cpu *cpu)
{
    return cpu->efer & EFER_LMA;
}

/* Atomically add pending work and kick. Any thread. */
void x86_set_pending(X86Cpu *cpu, uint32_t bits);
void x86_clear_pending(X86Cpu *cpu, uint32_t bits);
void x86_set_a20(X86Cpu *cpu, bool enabled); /* any thread */

/* ---- tsc.c ------------------------------------------------------------------
 */

/* The time-stamp counter's rate unless the model has another: one tick is a
 * nanosecond of the virtual clock. */
#define X86_TSC_HZ UINT64_C(1000000000)
uint64_t x86_read_tsc(X86Cpu *cpu); /* with offset and adjustment. Light. */
/* The counter's ticks, without offset, at a reading of the virtual clock; and
 * the reading at which it gets there. Light. */
uint64_t x86_tsc_ticks(const X86Cpu *cpu, uint64_t clock_ns);
uint64_t x86_tsc_to_ns(const X86Cpu *cpu, uint64_t ticks);
/* Keep the fast reading in step with the virtual clock; the accelerator calls
 * it whenever it starts to run a CPU, and now and then while it does. */
void x86_tsc_sync(X86Cpu *cpu);
/* Read the clock itself again: for an accelerator that does not do that. No CPU
 * of the machine may be running. */
void x86_tsc_forget(X86Cpu *cpu);

/* #GP(0) or #SS(0) unless a segment lets bytes at an offset through: its type
 * and its limit. Not in 64-bit code. Light. */
void x86_check_segment(X86Cpu *cpu, unsigned seg, uint32_t off, unsigned size,
                       bool write);

/* While key.dr7 is set: an access of data by linear address, in one page.
 * False: the page has no breakpoint and may be remembered. Light. */
bool x86_watch(X86Cpu *cpu, vaddr addr, unsigned size, bool write);
void x86_watch_port(X86Cpu *cpu, uint16_t port, unsigned size);

/* ---- mmu.c ------------------------------------------------------------------
 */

typedef enum X86Access { X86_READ, X86_WRITE, X86_EXEC } X86Access;

typedef struct X86Translation {
    hwaddr paddr; /* of addr itself, A20 applied */
    uint64_t page_size;
    bool writable; /* a store needs no further walk (dirty bit is set) */
    bool readable, executable;
    bool global;
    bool accessed;         /* it was before: the bit had not to be set */
    uint32_t error;        /* #PF error code on failure */
    uint8_t vector;        /* on failure: EXC_PF, EXC_GP: not canonical, or
                              X86_NESTED_FAULT */
    uint64_t nested_error; /* and then: as #VMEXIT tells it, */
    hwaddr nested_addr;    /* and the guest's physical address */
} X86Translation;
#define X86_NESTED_FAULT 0xff

/* Walk the page tables for a linear address in an MMU mode; sets accessed and
 * dirty bits (atomically) unless probe. False: t->vector and t->error say which
 * fault, for x86_raise_translation(). Light. The caller is inside
 * rcu_read_lock(). Tables outside RAM and ROM read as ones. */
bool x86_mmu_translate(X86Cpu *cpu, vaddr addr, X86Access access, unsigned mode,
                       bool probe, X86Translation *t);
/* Write the protection-key rights of user pages, of supervisor pages. Light. */
void x86_set_pkru(X86Cpu *cpu, uint32_t val);
void x86_set_pkrs(X86Cpu *cpu, uint32_t val);
/* For the monitor: no side effects, supervisor view; false if unmapped. */
bool x86_mmu_peek(X86Cpu *cpu, vaddr addr, hwaddr *paddr);

/* Guest memory by linear address for helpers; they raise the guest's faults
 * (and so may not return). mode: MMU mode. Provided by accel/tcg through
 * TcgContext; never called under another accelerator. Callable from light
 * helpers: they keep the guest's vector state if they must go to a device. A
 * fault is raised before any device is touched. */
uint64_t x86_load(X86Cpu *cpu, vaddr addr, unsigned size, unsigned mode);
void x86_store(X86Cpu *cpu, vaddr addr, uint64_t val, unsigned size,
               unsigned mode);
/* 16 aligned bytes, atomically; expected[] receives what was there. True: that
 * was expected, and desired[] is there now. */
bool x86_cmpxchg16(X86Cpu *cpu, vaddr addr, uint64_t expected[2],
                   const uint64_t desired[2], unsigned mode);

/* ---- exception.c
 * -------------------------------------------------------------- */

/* Raise from a helper: records it and unwinds; the run loop delivers. */
G_NORETURN void x86_raise(X86Cpu *cpu, X86Vector vector);
/* env.pc is where a near branch in translated code went, after it had added
 * `moved` to rSP: #GP(0) at the branch if that is not canonical. (SDM 2A JMP,
 * CALL, 2B RET; APM 3 says the same.) Light. */
void x86_check_branch(X86Cpu *cpu, int moved);
G_NORETURN void x86_raise_error(X86Cpu *cpu, X86Vector vector, uint32_t error);
G_NORETURN void x86_raise_pf(X86Cpu *cpu, vaddr addr, uint32_t error);
/* The fault of a failed x86_mmu_translate(). */
G_NORETURN void x86_raise_translation(X86Cpu *cpu, vaddr addr,
                                      const X86Translation *t);

/* Code at cpu's linear pc was not found. If that is a page fault and nothing
 * else, it is recorded as if it had been raised: for who is between two
 * instructions. Light. */
void x86_record_fetch_fault(X86Cpu *cpu, vaddr linear);

/* Run loop: deliver what is recorded in raised; faults while delivering become
 * double faults, a triple fault sets shutdown. */
void x86_deliver_raised(X86Cpu *cpu);
/* The same where the guest's vector state is in the host's registers, for the
 * usual ones. False: nothing was done, the run loop must. Light. */
bool x86_deliver_here(X86Cpu *cpu);
/* The parts of it for who has processors of its own. A reset, INIT or SIPI was
 * taken and changed the state; the vector that the processor shall take now,
 * which its interrupt controller has let go; -1: none. */
bool x86_take_machine_pending(X86Cpu *cpu);
int x86_take_vector(X86Cpu *cpu);
/* A processor of its own has shut down. */
void x86_shut_down(X86Cpu *cpu);
/* Run loop: take the highest-priority deliverable event of `pending`, if any;
 * true if one was taken (pc changed or halt ended). */
bool x86_take_pending(X86Cpu *cpu);
/* True if a halted CPU, or one that waits by MWAIT, must wake. The caller is
 * inside rcu_read_lock(). */
bool x86_has_work(X86Cpu *cpu);
/* MWAIT's: somebody has stored to the line, as far as that can be seen. Light;
 * the caller is inside rcu_read_lock(). */
bool x86_monitor_written(X86Cpu *cpu);

/* ---- translate.c
 * -------------------------------------------------------------- */

enum { X86_CODE_PAGE = 4096, X86_CODE_FIELDS = 16 };

/* Some bytes of a page of code. */
typedef struct X86CodeField {
    uint16_t off, size;
} X86CodeField;

static inline bool x86_code_field_holds(X86CodeField f, X86CodeField part)
{
    return f.off <= part.off && part.off + part.size <= f.off + f.size;
}

static inline bool x86_code_fields_meet(X86CodeField a, X86CodeField b)
{
    return a.off < b.off + b.size && b.off < a.off + a.size;
}

typedef struct X86CodeFetch {
    const uint8_t *page[2]; /* host pages; [1] NULL until asked for */
    /* Map the second page; NULL: it faults (or is not RAM or ROM). */
    const uint8_t *(*next)(void *opaque);
    void *opaque;
    /* What of page[0] keeps being stored to: an immediate or displacement there
     * is not part of the translation, but loaded from page[0] whenever it runs.
     */
    X86CodeField stored[X86_CODE_FIELDS];
    unsigned stored_count;
    /* Answer: which are. */
    X86CodeField loaded[X86_CODE_FIELDS];
    unsigned loaded_count;
} X86CodeFetch;

/* Translate from cpu's present pc and key into ir; code bytes are fetched
 * through `fetch` (bytes of at most two pages). Stops before max_insns.
 * *size: guest bytes covered. If the very first fetch faults, the block raises
 * that fault when it is run. With ir->relative set on entry, pcs count from
 * their page (64-bit code only); cleared if the code cannot be made so. */
void x86_translate(X86Cpu *cpu, IrBlock *ir, X86CodeFetch *fetch,
                   unsigned max_insns, uint32_t *size);

/* ---- cpuid.c
 * -------------------------------------------------------------------- */

X86Model *x86_model_find(const char *spec, GError **errp); /* NAME,+f,-f */
void x86_model_free(const X86Model *model); /* no CPU uses it; NULL: nothing */
/* Tell the user what enforce=off has left out, on stderr: once, by who uses the
 * model. */
void x86_model_warn(const X86Model *m);
void x86_model_list(GString *out); /* -cpu help */
void x86_cpuid(X86Cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
/* Is a CPUID feature (decode table's X86Feature) offered? */
bool x86_has_feature(const X86Cpu *cpu, unsigned feature);

/* ---- apic.c
 * --------------------------------------------------------------------- */

X86Apic *x86_apic_new(X86Cpu *cpu);
void x86_apic_free(X86Apic *apic);
void x86_apic_reset(X86Apic *apic);
extern const StateField x86_apic_state[];
MemoryRegion *x86_apic_region(X86Apic *apic); /* 4 KiB MMIO */
/* A message for this APIC (from I/O APIC, MSI or IPI). Any thread. */
void x86_apic_deliver(X86Apic *apic, uint8_t delivery_mode, uint8_t vector,
                      bool level);
bool x86_apic_matches(const X86Apic *apic, uint32_t dest, bool logical);
/* The lower the more it wants an interrupt to the lowest priority; -1: takes
 * none. Any thread. */
int x86_apic_arbitration(const X86Apic *apic);
/* Level-triggered EOI broadcast to the I/O APIC. */
void x86_apic_set_eoi_hook(X86Apic *apic,
                           void (*eoi)(void *opaque, uint8_t vector),
                           void *opaque);
/* Other APICs for IPIs: every one that x86_apic_matches() but `from` (if not
 * NULL), which has served itself. A destination of 0xffffffff is all. */
void x86_apic_set_bus(X86Apic *apic,
                      void (*send)(void *opaque, X86Apic *from, uint32_t dest,
                                   bool logical, uint8_t delivery_mode,
                                   uint8_t vector, bool level),
                      void *opaque);
/* LINT0/1 input (8259's INTR arrives on LINT0 in virtual wire mode). */
void x86_apic_lint(X86Apic *apic, unsigned n, bool level);
bool x86_apic_accepts_pic(const X86Apic *apic);

#endif
