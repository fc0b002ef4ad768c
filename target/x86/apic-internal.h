/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the local APIC, shared by its three files; apic.c says who may
 * touch what. */
#ifndef TARGET_X86_APIC_INTERNAL_H
#define TARGET_X86_APIC_INTERNAL_H

#include "target/x86/apic.h"
#include "util/log.h"

enum {
    APIC_BASE_BSP = 1u << 8,
    APIC_BASE_EXTD = 1u << 10,
    APIC_BASE_EN = 1u << 11,
    APIC_DEFAULT_BASE = 0xfee00000,

    APIC_SVR_ENABLE = 1u << 8,
    APIC_SVR_NO_EOI = 1u << 12,

    APIC_LVT_VECTOR = 0xff,
    APIC_LVT_LEVEL = 1u << 15,
    APIC_LVT_MASKED = 1u << 16,
    APIC_LVT_TIMER_MODE = 3u << 17,
    APIC_LVT_PERIODIC = 1u << 17,
    APIC_LVT_DEADLINE = 2u << 17,

    APIC_ESR_SEND_VECTOR = 1u << 5,
    APIC_ESR_RECEIVE_VECTOR = 1u << 6,
    APIC_ESR_REGISTER = 1u << 7,

    APIC_ICR_LOGICAL = 1u << 11,
    APIC_ICR_PENDING = 1u << 12,
    APIC_ICR_ASSERT = 1u << 14,
    APIC_ICR_LEVEL = 1u << 15,

    APIC_BROADCAST8 = 0xff,
};
#define APIC_BROADCAST UINT32_MAX
/* A periodic timer may not drown the host. */
#define APIC_PERIOD_MIN_NS (20 * NS_PER_US)

typedef enum ApicMode {
    APIC_FIXED,
    APIC_LOWEST,
    APIC_SMI,
    APIC_NMI = 4,
    APIC_INIT,
    APIC_SIPI,
    APIC_EXTINT,
    APIC_PV_KICK, /* no message of the bus: KVM's hypercall */
} ApicMode;

/* Destination shorthands of the interrupt command. */
enum { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

/* Registers by number: offset / 16, MSR - 800h. */
typedef enum ApicRegister {
    APIC_ID = 0x02,
    APIC_VERSION = 0x03,
    APIC_TPR = 0x08,
    APIC_PPR = 0x0a,
    APIC_EOI = 0x0b,
    APIC_LDR = 0x0d,
    APIC_DFR = 0x0e,
    APIC_SVR = 0x0f,
    APIC_ISR = 0x10,
    APIC_TMR = 0x18,
    APIC_IRR = 0x20,
    APIC_ESR = 0x28,
    APIC_ICR = 0x30,
    APIC_ICR_HIGH = 0x31,
    APIC_LVT_TIMER = 0x32,
    APIC_LVT_LINT0 = 0x35,
    APIC_LVT_LINT1 = 0x36,
    APIC_LVT_ERROR = 0x37,
    APIC_TIMER_INITIAL = 0x38,
    APIC_TIMER_CURRENT = 0x39,
    APIC_DIVIDE = 0x3e,
    APIC_SELF_IPI = 0x3f,
    APIC_REGISTERS = 0x40,
} ApicRegister;

enum {
    APIC_LVT_COUNT = 6, /* timer, thermal, performance, LINT0/1, error */
    /* EOI suppression, last LVT entry, integrated APIC */
    APIC_VERSION_VALUE = 1u << 24 | (APIC_LVT_COUNT - 1) << 16 | 0x14,
};

struct X86Apic {
    ApicPriority priority; /* first: apic.h */

    /* Wiring: fixed once the machine runs. */
    X86Cpu *cpu;
    MemoryRegion region;
    void (*eoi)(void *opaque, uint8_t vector);
    void *eoi_opaque;
    void (*send)(void *opaque, X86Apic *from, uint32_t dest, bool logical,
                 uint8_t delivery_mode, uint8_t vector, bool level);
    void *send_opaque;

    GMutex lock; /* guards what follows */
    Timer timer;
    uint32_t id; /* xAPIC: bits 0..7 */
    uint32_t ldr, dfr, svr, esr, esr_next;
    uint64_t icr;
    uint32_t lvt[APIC_LVT_COUNT];
    uint32_t divide, timer_initial;
    uint64_t timer_start_ns; /* when the initial count was written */
    bool
        timer_ended; /* a one-shot count that ran out before the mode changed */
    bool lint[2];    /* levels of the inputs */
    bool away;       /* an accelerator runs it: apic-image.c */
};

/* ---- vectors ------------------------------------------------------------- */

static inline void vectors_set(ApicVectors *v, unsigned n)
{
    __atomic_fetch_or(&v->word[n / 32], 1u << (n % 32), __ATOMIC_SEQ_CST);
}

static inline void vectors_clear(ApicVectors *v, unsigned n)
{
    __atomic_fetch_and(&v->word[n / 32], ~(1u << (n % 32)), __ATOMIC_SEQ_CST);
}

static inline bool vectors_test(const ApicVectors *v, unsigned n)
{
    return __atomic_load_n(&v->word[n / 32], __ATOMIC_ACQUIRE) >> (n % 32) & 1;
}

/* Highest vector set; -1: none. */
static inline int vectors_highest(const ApicVectors *v)
{
    for (int i = APIC_VECTOR_WORDS - 1; i >= 0; i--) {
        uint32_t word = __atomic_load_n(&v->word[i], __ATOMIC_ACQUIRE);

        if (word) {
            return i * 32 + 31 - __builtin_clz(word);
        }
    }
    return -1;
}

/* ---- modes --------------------------------------------------------------- */

static inline bool apic_enabled(const X86Apic *a)
{
    return a->cpu->apic_base & APIC_BASE_EN;
}

static inline bool apic_x2(const X86Apic *a)
{
    return a->cpu->apic_base & APIC_BASE_EXTD;
}

static inline bool apic_software_enabled(const X86Apic *a)
{
    return apic_enabled(a) && (a->svr & APIC_SVR_ENABLE);
}

static inline uint32_t *apic_lvt(X86Apic *a, ApicRegister reg)
{
    return &a->lvt[reg - APIC_LVT_TIMER];
}

/* ---- apic.c -------------------------------------------------------------- */

uint32_t apic_ppr(const X86Apic *a);
void apic_recheck(X86Apic *a);
void apic_end_of_interrupt(X86Apic *a);
void apic_error(X86Apic *a, uint32_t bits);
void apic_update_extint(X86Apic *a); /* lock held */
void apic_local_interrupt_locked(X86Apic *a, ApicRegister reg);
void apic_send(X86Apic *a, uint64_t icr);
uint32_t apic_x2_ldr(const X86Apic *a);

/* ---- apic-timer.c: lock held --------------------------------------------- */

static inline uint32_t apic_timer_mode(X86Apic *a)
{
    return *apic_lvt(a, APIC_LVT_TIMER) & APIC_LVT_TIMER_MODE;
}
uint32_t apic_timer_current(X86Apic *a);
void apic_timer_arm(X86Apic *a);
/* What is left of the initial count now; 0: it has ended. */
void apic_timer_set_current(X86Apic *a, uint32_t current);
void apic_timer_write_initial(X86Apic *a, uint32_t val);
void apic_timer_write_divide(X86Apic *a, uint32_t val);
void apic_timer_expired(void *opaque);

/* ---- apic-register.c ----------------------------------------------------- */

extern const MemoryOps apic_mmio_ops;
void apic_place(X86Apic *a); /* the registers in memory, by IA32_APIC_BASE */

#endif
