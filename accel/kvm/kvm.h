/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM as an accelerator: what its files share.
 *
 * 1. A vCPU's state is in one place at a time: in X86Cpu (`ours`) or in KVM.
 *    kvm_get_state() takes it, run() gives it back before it enters the guest.
 *    What KVM never sees (MSRs that the filter sends to us; where KVM does not
 *    have them, the local APIC, halted and wait_sipi) is in X86Cpu always.
 * 2. After an exit that KVM completes at the next entry (ports, memory, MSRs)
 *    the state is not `clean`: it is taken, and run() returns, only after an
 *    entry with immediate_exit.
 * 3. Leaving: who wants a CPU to leave sets immediate_exit, and sends the
 *    signal if `inside`. The loop sets `inside`, takes immediate_exit back and
 *    then looks again at what is pending, so nothing is lost. It does nothing
 *    else while it is inside.
 * 4. Memory slots follow the flat view. None is taken away while a vCPU is
 *    inside: `inhibit` keeps them out, `outside` tells that they are.
 * 5. The guest's TSC is (host's TSC, scaled) + tsc_base + X86Cpu.tsc_offset;
 *    tsc_base is the engine's, so that vCPUs agree to the tick.
 *
 * Linux Documentation/virt/kvm/api.rst. Only the stable API is used.
 */
#ifndef ACCEL_KVM_KVM_H
#define ACCEL_KVM_KVM_H

#include "accel/accel.h"
#include "util/chips.h"

#include <linux/kvm.h>
#include <pthread.h>

typedef struct KvmEngine KvmEngine;
typedef struct KvmVcpu KvmVcpu;

#define KVM_EXIT_REASONS 48
#define KVM_SIGNAL SIGUSR1

/* What is probed: caps.c has the table. */
typedef enum KvmCap {
    CAP_USER_MEMORY,
    CAP_READONLY_MEM,
    CAP_IMMEDIATE_EXIT,
    CAP_XSAVE,
    CAP_XCRS,
    CAP_VCPU_EVENTS,
    CAP_DEBUGREGS,
    CAP_USER_SPACE_MSR,
    CAP_MSR_FILTER,
    CAP_IRQCHIP,
    CAP_SPLIT_IRQCHIP,
    CAP_PIT2,
    CAP_IRQ_ROUTING,
    CAP_SIGNAL_MSI,
    CAP_IRQFD,
    CAP_IOEVENTFD,
    CAP_TSC_CONTROL,
    CAP_SREGS2,
    CAP_ADJUST_CLOCK,
    CAP_X2APIC_API,
    CAP_DIRTY_RING,
    CAP_MANUAL_DIRTY,
    CAP_SMM,
    CAP_NESTED_STATE,
    CAP_GUEST_DEBUG,
    CAP_HALT_POLL,
    CAP_COALESCED_MMIO,
    CAP_EXIT_ON_FAILURE,
    CAP_MAX_VCPUS,
    CAP_MEMSLOTS,
    CAP_COUNT,
} KvmCap;

typedef struct KvmSlot {
    hwaddr start;
    uint64_t size; /* 0: free */
    uint8_t *host;
    RamBlock *ram;
    uint64_t ram_off;
    uint32_t flags;
    bool logged; /* KVM tells what the guest writes */
} KvmSlot;

/* How KVM tells it: dirty.c. */
typedef struct KvmDirty {
    /* Wiring: fixed once created. */
    uint64_t ring_size; /* entries of each vCPU's; 0: a bitmap for each slot */
    bool manual;        /* pages are protected again when we ask for it */

    /* KvmEngine.lock guards what follows. */
    uint64_t taken; /* entries that KVM did not get back */
    bool overrun;   /* a ring is out of step for good */
    bool failed;    /* the user was told */
    uint64_t pages;
} KvmDirty;

/* A space whose doorbells KVM answers, and all of them: bell.c. */
typedef struct KvmBellSpace {
    KvmEngine *engine;
    AddressSpace *as;
    bool ports;
} KvmBellSpace;

typedef struct KvmBells {
    /* Wiring: fixed once created. */
    bool wanted;
    int epoll_fd, quit_fd;
    KvmBellSpace memory, io;
    GThread *thread;

    GMutex serving; /* held while a device is written to */
    GMutex lock;    /* guards list, last_id; a leaf but for the ioctls */
    GPtrArray *list;
    uint64_t last_id;
    uint64_t rings; /* atomic */
} KvmBells;

/* Where the interrupt controllers are: irqchip.c. */
typedef enum KvmIrqchipKind {
    IRQCHIP_DEFAULT,
    IRQCHIP_OFF,
    IRQCHIP_SPLIT, /* KVM has the local APICs */
    IRQCHIP_ON,    /* and the board's chips: chips.c */
} KvmIrqchipKind;

enum { KVM_MESSAGES_MAX = 256 };

typedef struct KvmPin {
    uint64_t addr; /* both 0: not a level */
    uint32_t data;
} KvmPin;

typedef struct KvmIrqchip {
    /* Wiring: fixed once created. */
    KvmIrqchipKind asked, kind;

    GMutex lock; /* guards what follows; over X86Apic's, else a leaf */
    bool home;   /* the local APICs are X86Cpu's: the machine stands */
    KvmPin pins[KVM_IOAPIC_NUM_PINS];
    GArray *messages; /* of KvmMessage */
    uint64_t sent, by_irqfd;
} KvmIrqchip;

/* The board's chips in KVM: chips.c. On the main thread, or under the chip's
 * lock. */
typedef struct KvmChips {
    ChipHost hosts[CHIP_KINDS];
    bool pit_tried, pit;
    struct kvm_pit_channel_state pit_given; /* channel 0's */
    int64_t pit_given_ns;
} KvmChips;

/* Writes that KVM keeps for us: late.c. */
typedef struct KvmZone {
    hwaddr start;
    uint32_t size;
} KvmZone;

typedef struct KvmLate {
    KvmEngine *engine;
    bool wanted;
    bool refused;  /* KVM has no more zones; under the tree's lock */
    GArray *zones; /* of KvmZone, the same; NULL: there are none */
    GMutex lock;
    uint64_t writes; /* guarded by lock */
} KvmLate;

typedef struct KvmStats {
    uint64_t exits[KVM_EXIT_REASONS];
    uint64_t entries, signals, stepped, gets, puts;
} KvmStats;

struct KvmEngine {
    Accel parent;

    /* Wiring: fixed once created. */
    int dev_fd, vm_fd;
    size_t run_size; /* of the area shared with KVM */
    int caps[CAP_COUNT];
    uint64_t host_tsc_hz;
    struct kvm_cpuid2 *cpuid; /* what KVM can show */
    struct kvm_msr_list *msrs;
    bool step_fallback;
    uint64_t halt_poll_ns; /* UINT64_MAX: as the host has it */
    Accel *stepper;        /* a translator for single steps, made when needed */
    GMutex step_lock;

    GMutex lock; /* guards slots, inhibit, vcpus; a leaf but for the ioctls */
    GCond changed;
    GArray *slots;    /* of KvmSlot; the index is KVM's slot number */
    int slot_error;   /* errno of the last one that KVM refused; 0: none */
    unsigned inhibit; /* how many want vCPUs out */
    GPtrArray *vcpus;

    KvmDirty dirty;
    KvmBells bells;
    KvmIrqchip irqchip;
    KvmChips chips;
    KvmLate late;

    GMutex tsc_lock; /* guards what follows; a leaf */
    bool tsc_base_set;
    int64_t tsc_lag_ns; /* clock_lag() that tsc_base is right for */
    uint64_t tsc_base;
    uint64_t drift_host; /* host's TSC when drift was measured; 0: never */
    int64_t drift;
};

struct KvmVcpu {
    KvmEngine *engine;
    X86Cpu *cpu;
    int fd;
    struct kvm_run *run;
    struct kvm_dirty_gfn *ring; /* NULL: there is none */
    uint32_t ring_next;         /* the entry to come; KvmEngine.lock */
    pthread_t thread;           /* that runs it */

    int inside;     /* in KVM, or about to be; atomic */
    bool ours;      /* X86Cpu holds the state */
    bool apic_ours; /* X86Cpu holds the local APIC's, if KVM could */
    bool clean;     /* KVM has nothing to complete */
    bool complete;  /* the next entry is for that only */
    bool single;    /* kvm_run_single() wants one instruction */
    bool cpuid_set; /* KVM was told, which it can be only before it runs */
    bool tsc_set;
    int64_t tsc_lag_ns;
    uint64_t tsc_offset; /* X86Cpu's that KVM was told */
    KvmStats stats;
};

static inline KvmEngine *kvm_engine(Accel *accel)
{
    return (KvmEngine *)accel;
}

static inline KvmVcpu *kvm_vcpu(const X86Cpu *cpu)
{
    return cpu->kvm;
}

static inline bool kvm_has(const KvmEngine *e, KvmCap cap)
{
    return e->caps[cap] > 0;
}

/* ---- caps.c -------------------------------------------------------------- */

/* Open /dev/kvm and learn what it can; false also if what we cannot do without
 * is missing. */
bool kvm_open(KvmEngine *e, GError **errp);
void kvm_print_caps(const KvmEngine *e, GString *out);
/* Does the host's processor have VT-x or SVM? Without it an open /dev/kvm is of
 * a kind that emulates much of the guest in software. */
bool kvm_host_has_vt(void);

/* ---- slots.c ------------------------------------------------------------- */

void kvm_slots_changed(void *engine, const FlatView *old, const FlatView *now);
bool kvm_slots_init(KvmEngine *e, GError **errp);
void kvm_slots_clear(KvmEngine *e);
/* Tell KVM; of no size: it is gone. */
bool kvm_slot_set(KvmEngine *e, unsigned n, const KvmSlot *s, uint64_t size);
/* Around KVM_RUN. */
void kvm_vcpu_enter(KvmVcpu *v);
void kvm_vcpu_leave(KvmVcpu *v);
/* No vCPU is inside between these. */
void kvm_hold_locked(KvmEngine *e);
void kvm_release_locked(KvmEngine *e);

static inline KvmSlot *kvm_slot(const KvmEngine *e, unsigned n)
{
    return &g_array_index(e->slots, KvmSlot, n);
}

/* ---- dirty.c ------------------------------------------------------------- */

/* Before slots and vCPUs are made. */
bool kvm_dirty_init(KvmEngine *e, GError **errp);
bool kvm_dirty_map_ring(KvmVcpu *v, GError **errp);
/* v is not inside, and will not be again. */
void kvm_dirty_unmap_ring(KvmVcpu *v);
bool kvm_dirty_wanted(const KvmSlot *s);
/* Set the bits of all that was written to slot n. */
void kvm_dirty_fetch_locked(KvmEngine *e, unsigned n);
/* Make room in the rings; false: KVM does not take it back. */
bool kvm_dirty_reap(KvmEngine *e);
/* MemoryListener's. */
void kvm_dirty_log(void *engine, RamBlock *ram);
void kvm_dirty_sync(void *engine, RamBlock *ram);
void kvm_dirty_print(const KvmEngine *e, GString *out);

/* ---- bell.c -------------------------------------------------------------- */

void kvm_bells_init(KvmEngine *e);
/* With no vCPU inside: what was rung is served. */
void kvm_bells_clear(KvmEngine *e);
/* Serve what has been rung; no lock held. */
void kvm_bells_flush(KvmEngine *e);
void kvm_bells_print(const KvmEngine *e, GString *out);

/* ---- late.c -------------------------------------------------------------- */

void kvm_late_init(KvmEngine *e);
void kvm_late_clear(KvmEngine *e);
/* Carry out what has been written; v's thread, or v stands. */
void kvm_late_flush(KvmVcpu *v);
void kvm_late_print(const KvmEngine *e, GString *out);

/* ---- irqchip.c ----------------------------------------------------------- */

/* Before vCPUs are made. */
bool kvm_irqchip_create(KvmEngine *e, GError **errp);
void kvm_irqchip_clear(KvmEngine *e);
void kvm_irqchip_print(const KvmEngine *e, GString *out);
bool kvm_send_msi(Accel *accel, uint64_t addr, uint32_t data, bool at_once);
void kvm_route_pin(Accel *accel, unsigned pin, uint64_t addr, uint32_t data);
void kvm_irqchip_forget_locked(KvmEngine *e); /* routes and eventfds */
bool kvm_put_apic(KvmVcpu *v, GError **errp);
bool kvm_get_apic(KvmVcpu *v, GError **errp);
bool kvm_rearm_deadline(KvmVcpu *v, GError **errp);
bool kvm_put_mp_state(KvmVcpu *v, GError **errp);
bool kvm_get_mp_state(KvmVcpu *v, GError **errp);
static inline bool kvm_has_apics(const KvmEngine *e)
{
    return e->irqchip.kind >= IRQCHIP_SPLIT;
}

/* ---- nested.c ------------------------------------------------------------ */

/* False while the vCPU has a guest of its own. */
bool kvm_check_nested(const KvmVcpu *v, GError **errp);
bool kvm_may_leave(Accel *accel, X86Cpu *cpu, GError **errp);

/* ---- stand.c ------------------------------------------------------------- */

void kvm_stand(Accel *accel);
void kvm_go(Accel *accel);

/* ---- chips.c ------------------------------------------------------------- */

/* Before vCPUs are made. */
bool kvm_chips_create(KvmEngine *e, GError **errp);
const ChipHost *kvm_chip(Accel *accel, ChipKind kind);
void kvm_set_line(Accel *accel, unsigned gsi, bool level);
static inline bool kvm_has_chips(const KvmEngine *e)
{
    return e->irqchip.kind == IRQCHIP_ON;
}

/* ---- cpuid.c ------------------------------------------------------------- */

/* What KVM cannot show leaves the model; false: it was asked for by name. */
bool kvm_adapt_model(Accel *accel, X86Model *model, GError **errp);
/* Could a machine that exists go on under KVM? */
bool kvm_accepts_model(Accel *accel, const X86Model *m, GError **errp);
bool kvm_put_cpuid(KvmVcpu *v, GError **errp);

/* ---- msr.c --------------------------------------------------------------- */

bool kvm_filter_msrs(KvmEngine *e, GError **errp);
bool kvm_put_msrs(KvmVcpu *v, GError **errp);
bool kvm_get_msrs(KvmVcpu *v, GError **errp);

/* ---- tsc.c --------------------------------------------------------------- */

bool kvm_put_tsc(KvmVcpu *v, GError **errp);
bool kvm_get_tsc(KvmVcpu *v, GError **errp);
void kvm_leave(Accel *accel, X86Cpu *cpu); /* another engine goes on */

/* ---- state.c ------------------------------------------------------------- */

bool kvm_get_state(Accel *accel, X86Cpu *cpu, GError **errp);
void kvm_put_state(Accel *accel, X86Cpu *cpu);
bool kvm_take_state(KvmVcpu *v, GError **errp);
bool kvm_give_state(KvmVcpu *v, GError **errp);
extern const X86MmuOps kvm_mmu_ops;

/* ---- exit.c -------------------------------------------------------------- */

/* What became of an exit. */
typedef enum KvmDone {
    DONE_GO_ON,
    DONE_SHUTDOWN,
    DONE_DEBUG,
    DONE_FAILED, /* logged; the state is X86Cpu's */
} KvmDone;

KvmDone kvm_handle_exit(KvmVcpu *v);
void kvm_print_exits(const KvmEngine *e, GString *out);
/* Say what failed, with the registers. */
void kvm_report(KvmVcpu *v, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ---- run.c --------------------------------------------------------------- */

VcpuExit kvm_run(Accel *accel, X86Cpu *cpu);
void kvm_kick(X86Cpu *cpu);
void kvm_install_signal(void);

/* ---- step.c -------------------------------------------------------------- */

/* Run one instruction by the translator; the state is X86Cpu's afterwards.
 * False: it cannot either. */
bool kvm_step(KvmVcpu *v);
void kvm_step_clear(KvmEngine *e);

#endif
