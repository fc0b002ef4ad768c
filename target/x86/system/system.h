/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of target/x86/system: descriptors, stacks and supervisor accesses
 * as the system instructions and exception delivery share them. Light.
 *
 * Invariant: a function that can fault changes architectural state only after
 * its last access that can, except where the manual says otherwise.
 */
#ifndef TARGET_X86_SYSTEM_SYSTEM_H
#define TARGET_X86_SYSTEM_SYSTEM_H

#include "target/x86/cpu.h"
#include "target/x86/model.h"
#include "target/x86/system/helpers.h"

#define SEL_RPL 3u
#define SEL_TI 4u
#define SEL_ERROR 0xfffcu /* selector bits of an error code */

/* ---- addresses ----------------------------------------------------------- */

static inline bool x86_canonical(const X86Cpu *cpu, vaddr addr)
{
    unsigned shift = cpu->cr4 & CR4_LA57 ? 7 : 16;

    return (vaddr)((int64_t)(addr << shift) >> shift) == addr;
}

/* The same for registers that hold a base: they have the processor's width,
 * whatever CR4.LA57 is. Intel 335252, "5-Level Paging". */
static inline bool x86_canonical_base(const X86Cpu *cpu, vaddr addr)
{
    unsigned shift = 64 - cpu->model->linear_bits;

    return (vaddr)((int64_t)(addr << shift) >> shift) == addr;
}

/* MMU mode of an access made at privilege cpl: as env.mode would be. */
static inline unsigned x86_mode_for(const X86Cpu *cpu, unsigned cpl)
{
    if (!(cpu->cr0 & CR0_PG)) {
        return X86_MODE_PHYS;
    }
    if (cpl == 3) {
        return X86_MODE_USER;
    }
    return (cpu->cr4 & CR4_SMAP) && !(cpu->eflags & EFLAGS_AC)
               ? X86_MODE_KERNEL
               : X86_MODE_KERNEL_USER;
}

/* SDM 3A 4.6.1: descriptor tables and task states are read as a supervisor
 * whatever CPL is, and EFLAGS.AC does not open user pages to it. */
static inline unsigned x86_implicit_mode(const X86Cpu *cpu)
{
    if (!(cpu->cr0 & CR0_PG)) {
        return X86_MODE_PHYS;
    }
    return cpu->cr4 & CR4_SMAP ? X86_MODE_KERNEL : X86_MODE_KERNEL_USER;
}

/* Memory by linear address: the table first, then the accelerator. size is a
 * constant 1, 2, 4 or 8. */
static inline uint64_t sys_load(X86Cpu *cpu, vaddr addr, unsigned size,
                                unsigned mode)
{
    const TcgTlbEntry *tlb = cpu->env.tlb[mode];

    if (tlb) {
        unsigned off = addr & (PAGE_SIZE - 1);

        tlb += addr >> PAGE_BITS & (TCG_TLB_SIZE - 1);
        if (tlb->read == addr - off && off <= PAGE_SIZE - size) {
            uint64_t val = 0;

            __builtin_memcpy(&val, tcg_tlb_host(tlb, addr), size);
            return val;
        }
    }
    return x86_load(cpu, addr, size, mode);
}

/* Host address of several bytes in one page, if the table has them; else NULL:
 * make the accesses one by one. */
static inline void *sys_host(X86Cpu *cpu, vaddr addr, unsigned size,
                             unsigned mode, bool write)
{
    const TcgTlbEntry *tlb = cpu->env.tlb[mode];
    unsigned off = addr & (PAGE_SIZE - 1);

    if (!tlb || off > PAGE_SIZE - size) {
        return NULL;
    }
    tlb += addr >> PAGE_BITS & (TCG_TLB_SIZE - 1);
    return (write ? tlb->write : tlb->read) == addr - off
               ? tcg_tlb_host(tlb, addr)
               : NULL;
}

static inline void sys_store(X86Cpu *cpu, vaddr addr, uint64_t val,
                             unsigned size, unsigned mode)
{
    const TcgTlbEntry *tlb = cpu->env.tlb[mode];

    if (tlb) {
        unsigned off = addr & (PAGE_SIZE - 1);

        tlb += addr >> PAGE_BITS & (TCG_TLB_SIZE - 1);
        if (tlb->write == addr - off && off <= PAGE_SIZE - size) {
            __builtin_memcpy(tcg_tlb_host(tlb, addr), &val, size);
            return;
        }
    }
    x86_store(cpu, addr, val, size, mode);
}
/* size 2, 4 or 8 known at run time only. */
uint64_t sys_load_sized(X86Cpu *cpu, vaddr addr, unsigned size, unsigned mode);
void sys_store_sized(X86Cpu *cpu, vaddr addr, uint64_t val, unsigned size,
                     unsigned mode);

/* Linear address of an offset under a base: 32 bits outside 64-bit code. */
static inline vaddr sys_linear(const X86Cpu *cpu, uint64_t base, uint64_t off)
{
    return cpu->key.code == X86_CODE64 ? base + off : (uint32_t)(base + off);
}

/* ---- descriptors --------------------------------------------------------- */

typedef struct Descriptor {
    uint32_t lo, hi;
    vaddr addr; /* linear, where it stands; for setting accessed and busy */
} Descriptor;

enum {
    DESC_A = 1u << 8,  /* in hi */
    DESC_W = 1u << 9,  /* data: writable; code: readable */
    DESC_C = 1u << 10, /* code: conforming; data: expand-down */
    DESC_CODE = 1u << 11,
    DESC_S = 1u << 12,
    DESC_P = 1u << 15,
    DESC_L = 1u << 21,
    DESC_B = 1u << 22,
    DESC_G = 1u << 23,
    DESC_BUSY = 1u << 9,
};

/* System descriptor and gate types. SDM 3A table 3-2. */
enum {
    TYPE_TSS16 = 1,
    TYPE_LDT = 2,
    TYPE_TSS16_BUSY = 3,
    TYPE_CALL16 = 4,
    TYPE_TASK = 5,
    TYPE_INT16 = 6,
    TYPE_TRAP16 = 7,
    TYPE_TSS32 = 9,
    TYPE_TSS32_BUSY = 11,
    TYPE_CALL32 = 12,
    TYPE_INT32 = 14,
    TYPE_TRAP32 = 15,
};

static inline unsigned desc_type(const Descriptor *d)
{
    return d->hi >> 8 & 15;
}
static inline unsigned desc_dpl(const Descriptor *d)
{
    return d->hi >> 13 & 3;
}
static inline uint32_t desc_base(const Descriptor *d)
{
    return d->lo >> 16 | (d->hi & 0xff) << 16 | (d->hi & 0xff000000);
}
static inline uint32_t desc_limit(const Descriptor *d)
{
    uint32_t limit = (d->lo & 0xffff) | (d->hi & 0xf0000);

    return d->hi & DESC_G ? limit << 12 | 0xfff : limit;
}
static inline bool desc_is_code(const Descriptor *d)
{
    return (d->hi & (DESC_S | DESC_CODE)) == (DESC_S | DESC_CODE);
}
static inline bool desc_is_writable_data(const Descriptor *d)
{
    return (d->hi & (DESC_S | DESC_CODE | DESC_W)) == (DESC_S | DESC_W);
}
X86Segment desc_segment(const Descriptor *d, uint16_t selector);

static inline bool sel_null(uint16_t selector)
{
    return !(selector & SEL_ERROR);
}

/* Read a descriptor of GDT or LDT; false: outside the table (or a null
 * selector). */
bool desc_read(X86Cpu *cpu, uint16_t selector, Descriptor *d);
/* The same; outside raises vector(selector). */
void desc_fetch(X86Cpu *cpu, uint16_t selector, Descriptor *d,
                X86Vector vector);
/* The upper half of a 16-byte system descriptor's base. Raises vector. */
uint32_t desc_fetch_high(X86Cpu *cpu, uint16_t selector, const Descriptor *d,
                         X86Vector vector);
void desc_set_accessed(X86Cpu *cpu, Descriptor *d);

/* ---- segment.c ----------------------------------------------------------- */

void x86_load_segment(X86Cpu *cpu, unsigned seg, uint16_t selector);
void x86_load_segment_real(X86Cpu *cpu, unsigned seg, uint16_t selector);
/* SS with privilege cpl to be; faults with vector(selector). */
void x86_check_stack_segment(X86Cpu *cpu, uint16_t selector, unsigned cpl,
                             X86Vector vector, Descriptor *d);
/* 64-bit mode's null SS of a privilege level. */
X86Segment x86_null_stack(unsigned cpl);
/* Raises #GP(0) unless an instruction pointer is inside cs (long mode:
 * canonical if cs is 64-bit). */
void x86_check_pc(X86Cpu *cpu, const X86Segment *cs, uint64_t pc);
/* A data segment register in a task switch or by MOV; vector: #GP or #TS. */
void x86_load_data_segment(X86Cpu *cpu, unsigned seg, uint16_t selector,
                           X86Vector vector);
void x86_load_ldt(X86Cpu *cpu, uint16_t selector, X86Vector vector);
/* The privilege level is in SS's DPL; returning outwards drops data segments
 * that the outer level may not hold. SDM 2A RET. */
void x86_drop_inner_segments(X86Cpu *cpu, unsigned cpl);

static inline bool x86_v86(const X86Cpu *cpu)
{
    return cpu->eflags & EFLAGS_VM;
}
static inline bool x86_real(const X86Cpu *cpu)
{
    return !(cpu->cr0 & CR0_PE);
}
static inline unsigned x86_iopl(const X86Cpu *cpu)
{
    return cpu->eflags >> 12 & 3;
}

/* The key after a transfer: segments, privilege and EFLAGS may have changed,
 * control registers have not. */
void x86_update_key_transfer(X86Cpu *cpu);
/* The same where it is known that CS has 64-bit code, and SS what privilege. */
void x86_update_key_code64(X86Cpu *cpu, unsigned cpl);

/* ---- transfer.c ---------------------------------------------------------- */

/* Go on at cs:pc: the last step of a transfer. */
void x86_transfer_done(X86Cpu *cpu, const X86Segment *cs, uint64_t pc);
/* What RET and IRET pop, checked. */
X86Segment x86_return_code(X86Cpu *cpu, uint16_t selector);
X86Segment x86_return_stack(X86Cpu *cpu, uint16_t selector,
                            const X86Segment *cs);

/* ---- stacks -------------------------------------------------------------- */

/* A stack pointer on its way: pushes and pops change nothing of the CPU until
 * the caller writes sp back with stack_commit(). */
typedef struct Stack {
    X86Segment ss;
    uint64_t sp;
    uint64_t mask;
    unsigned mode;
    bool flat64;    /* no base, no limit */
    uint16_t error; /* of #SS: the new selector, or 0 */
} Stack;

void stack_init(Stack *s, X86Cpu *cpu, const X86Segment *ss, uint64_t sp,
                unsigned cpl, bool flat64);
/* The CPU's present stack. */
void stack_current(Stack *s, X86Cpu *cpu);
void stack_push(X86Cpu *cpu, Stack *s, uint64_t val, unsigned size);
uint64_t stack_pop(X86Cpu *cpu, Stack *s, unsigned size);
/* Several at once; words[0] is pushed first, or popped first. */
void stack_push_words(X86Cpu *cpu, Stack *s, const uint64_t *words, unsigned n,
                      unsigned size);
void stack_pop_words(X86Cpu *cpu, Stack *s, uint64_t *words, unsigned n,
                     unsigned size);
void stack_commit(X86Cpu *cpu, const Stack *s);
/* Is [off, off + size) inside the segment's limit? SDM 3A 5.3. */
bool segment_holds(const X86Segment *seg, uint32_t off, unsigned size);

/* SS:RSP of an inner level from the task state. */
void x86_tss_stack(X86Cpu *cpu, unsigned level, uint16_t *ss, uint64_t *sp);
uint64_t x86_tss_rsp64(X86Cpu *cpu, unsigned index); /* 0..2, 4..10: IST */

/* ---- task.c -------------------------------------------------------------- */

typedef enum TaskSwitch { TASK_JUMP, TASK_CALL, TASK_RETURN } TaskSwitch;

/* Switch to the task whose TSS descriptor is d; the old task goes on at
 * next_pc. Errors before the new task is there are raised in the old one. */
void x86_task_switch(X86Cpu *cpu, uint16_t selector, Descriptor *d,
                     TaskSwitch why, uint64_t next_pc);
/* The same through a task gate. */
void x86_task_gate(X86Cpu *cpu, const Descriptor *gate, TaskSwitch why,
                   uint64_t next_pc);

/* ---- svm-intercept.c ----------------------------------------------------- */

/* Are the guest's physical addresses translated? */
static inline bool x86_svm_nested(const X86Cpu *cpu)
{
    return cpu->svm.guest && cpu->svm.nested;
}
static inline bool x86_svm_intercepts(const X86Cpu *cpu, unsigned exit)
{
    return cpu->svm.guest && (cpu->svm.intercept[exit / 32] >> exit % 32 & 1);
}
/* The counter as RDTSC shows it. */
static inline uint64_t x86_svm_tsc(X86Cpu *cpu)
{
    return x86_read_tsc(cpu) + (cpu->svm.guest ? cpu->svm.tsc_offset : 0);
}
/* CR8 and the interrupt flag are virtual. */
static inline bool x86_svm_masking(const X86Cpu *cpu)
{
    return cpu->svm.guest && (cpu->svm.int_ctl & SVM_V_MASKING);
}
/* Leave the guest before the present instruction. next_pc: behind it, 0: not an
 * instruction's. */
G_NORETURN void x86_svm_exit(X86Cpu *cpu, uint64_t code, uint64_t info1,
                             uint64_t info2, uint64_t next_pc);
/* The same without unwinding: to be followed by x86_svm_leave(). */
void x86_svm_record_exit(X86Cpu *cpu, uint64_t code, uint64_t info1,
                         uint64_t info2, uint64_t next_pc);
struct X86Event;
/* The exit interrupts the delivery of that event; NULL: of none. */
void x86_svm_record_event(X86Cpu *cpu, const struct X86Event *ev);
/* If the host intercepts this event, record the exit. */
bool x86_svm_intercepts_event(X86Cpu *cpu, const struct X86Event *ev);

/* EFLAGS but the status flags, as a control block or a save area may have them:
 * V86 mode only where there is one. CR0 and EFER are loaded. */
static inline uint32_t x86_flags_of_state(const X86Cpu *cpu, uint64_t image)
{
    uint32_t flags = (image & 0x3f7fd7 & ~EFLAGS_STATUS) | 2;
    bool has_v86 = !x86_real(cpu) && !x86_long_mode(cpu);

    return has_v86 ? flags : flags & ~EFLAGS_VM;
}

/* ---- svm-run.c: heavy ---------------------------------------------------- */

/* Enter the guest of svm.vmcb; leave it as recorded. */
void x86_svm_enter(X86Cpu *cpu);
void x86_svm_leave(X86Cpu *cpu);

/* ---- smm.c: heavy -------------------------------------------------------- */

void x86_smm_enter(X86Cpu *cpu);
void x86_smm_leave(X86Cpu *cpu); /* RSM; or a shutdown */

/* ---- exception.c --------------------------------------------------------- */

/* A page fault as it is recorded for who delivers it; CR2 says the address. */
void x86_record_pf(X86Cpu *cpu, vaddr addr, uint32_t error);
/* Raise what is no exception. */
G_NORETURN void x86_raise_other(X86Cpu *cpu, X86Raised what);

typedef struct X86Event {
    uint8_t vector;
    bool soft;      /* INT n, INT3, INTO: gate's DPL counts, EXT is clear */
    bool int_n;     /* INT n: not an exception */
    bool interrupt; /* from outside: not an exception */
    bool nmi;       /* and this one */
    bool injected;  /* by VMRUN: not intercepted */
    bool has_error;
    uint32_t error;
    uint64_t return_pc;
} X86Event;

/* Deliver, turning faults on the way into double faults. An exit from an SVM
 * guest is left in cpu->raised. */
void x86_deliver(X86Cpu *cpu, const X86Event *event);
/* What X86Cpu.raised says, which is an exception or a software interrupt. */
X86Event x86_raised_event(const X86Cpu *cpu);
/* pending.c, heavy: the run loop's delivery, for an event of VMRUN. */
void x86_deliver_injected(X86Cpu *cpu, const X86Event *event);

/* ---- flags and control --------------------------------------------------- */

/* A change may have made pending work deliverable: leave translated code. The
 * kick of the CPU's own thread is light. */
static inline void x86_poll_pending(X86Cpu *cpu)
{
    uint32_t bits = __atomic_load_n(&cpu->pending, __ATOMIC_RELAXED);

    if (!(cpu->eflags & EFLAGS_IF)) {
        bits &= ~(X86_PENDING_INTR | X86_PENDING_APIC | X86_PENDING_VINTR);
    }
    if (bits && cpu->kick) {
        cpu->kick(cpu);
    }
}
/* For helpers after which the block ends: the instruction is over, and a single
 * step's trap comes before the next one. */
void x86_trap_step(X86Cpu *cpu, uint64_t next_pc);
/* DR6 for a new #DB: of the four hits those before are forgotten, and the other
 * bits stay for software to clear. SDM 3B 17.2.3. */
static inline void x86_set_dr6(X86Cpu *cpu, uint64_t bits)
{
    cpu->dr[6] = (cpu->dr[6] & ~UINT64_C(15)) | bits;
}
void x86_raise_debug(X86Cpu *cpu, uint64_t dr6_bits); /* sets DR6, #DB */
bool x86_load_pdptes(X86Cpu *cpu, uint64_t cr3, uint64_t pdpte[4]);
/* A task switch's CR3 write: cannot fault any more. */
void x86_switch_cr3(X86Cpu *cpu, uint64_t cr3, const uint64_t pdpte[4]);
void x86_set_efer(X86Cpu *cpu, uint64_t val);
/* Its bits that the model knows. */
uint64_t x86_efer_mask(const X86Cpu *cpu);
/* Where RAM or ROM stands in the host's memory, to the end of its page at
 * least; NULL elsewhere. Light; the caller is inside rcu_read_lock(). */
const uint8_t *x86_physical_host(X86Cpu *cpu, hwaddr addr);
/* A byte of it; elsewhere ones. */
uint8_t x86_physical_byte(X86Cpu *cpu, hwaddr addr);

#endif
