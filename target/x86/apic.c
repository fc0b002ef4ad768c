/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC: registers in memory (xAPIC) and as MSRs (x2APIC), priorities,
 * interrupt commands, local vectors and the timer.
 *
 * 1. IRR and TMR are set by any thread with atomic operations and no lock, then
 *    X86_PENDING_APIC is set and the CPU kicked. ISR and TPR are changed by the
 *    CPU's own thread only, which also chooses the vector; so taking and
 *    ending an interrupt need no lock either.
 * 2. `lock` guards the other registers and the timer. Order: device, this
 *    lock, vCPU kick. No hook (EOI broadcast, IPI) is called with it held.
 * 3. One bus clock is a nanosecond of the virtual clock, as is one TSC tick.
 *
 * Not done: CMCI, thermal and performance interrupts (their vectors hold
 * values), focus processors, arbitration priority.
 *
 * SDM 3A chapter 10.
 */
#include "target/x86/apic.h"

#include "target/x86/model.h"
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
} ApicMode;

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

enum { APIC_LVT_COUNT = 6 }; /* timer, thermal, performance, LINT0/1, error */

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
    bool lint[2];            /* levels of the inputs */
};

/* ---- vectors
 * ------------------------------------------------------------------ */

static void vectors_set(ApicVectors *v, unsigned n)
{
    __atomic_fetch_or(&v->word[n / 32], 1u << (n % 32), __ATOMIC_SEQ_CST);
}

static void vectors_clear(ApicVectors *v, unsigned n)
{
    __atomic_fetch_and(&v->word[n / 32], ~(1u << (n % 32)), __ATOMIC_SEQ_CST);
}

static bool vectors_test(const ApicVectors *v, unsigned n)
{
    return __atomic_load_n(&v->word[n / 32], __ATOMIC_ACQUIRE) >> (n % 32) & 1;
}

/* Highest vector set; -1: none. */
static int vectors_highest(const ApicVectors *v)
{
    for (int i = APIC_VECTOR_WORDS - 1; i >= 0; i--) {
        uint32_t word = __atomic_load_n(&v->word[i], __ATOMIC_ACQUIRE);

        if (word) {
            return i * 32 + 31 - __builtin_clz(word);
        }
    }
    return -1;
}

/* ---- modes
 * -------------------------------------------------------------------- */

static bool apic_enabled(const X86Apic *a)
{
    return a->cpu->apic_base & APIC_BASE_EN;
}

static bool apic_x2(const X86Apic *a)
{
    return a->cpu->apic_base & APIC_BASE_EXTD;
}

static bool apic_software_enabled(const X86Apic *a)
{
    return apic_enabled(a) && (a->svr & APIC_SVR_ENABLE);
}

static uint32_t *apic_lvt(X86Apic *a, ApicRegister reg)
{
    return &a->lvt[reg - APIC_LVT_TIMER];
}

/* ---- priorities: the CPU's thread
 * ------------------------------------------------ */

static uint32_t apic_ppr(const X86Apic *a)
{
    int isr = vectors_highest(&a->priority.isr);
    uint32_t tpr = a->priority.tpr;

    return isr < 0 || (tpr & 0xf0) >= ((uint32_t)isr & 0xf0) ? tpr : isr & 0xf0;
}

ApicPriority *x86_apic_priority(X86Apic *apic)
{
    return &apic->priority;
}

int x86_apic_pending_vector(const X86Apic *a)
{
    int irr = vectors_highest(&a->priority.irr);

    if (irr < 0 || !apic_software_enabled(a)) {
        return -1;
    }
    return (irr & 0xf0) > (int)(apic_ppr(a) & 0xf0) ? irr : -1;
}

void x86_apic_accept(X86Apic *a, int vector)
{
    vectors_clear(&a->priority.irr, vector);
    vectors_set(&a->priority.isr, vector);
}

/* Something that may open the way for a vector has changed. */
static void apic_recheck(X86Apic *a)
{
    if (x86_apic_pending_vector(a) >= 0) {
        x86_set_pending(a->cpu, X86_PENDING_APIC);
    }
}

static void apic_end_of_interrupt(X86Apic *a)
{
    int vector = vectors_highest(&a->priority.isr);

    if (vector < 0) {
        return;
    }
    vectors_clear(&a->priority.isr, vector);
    if (vectors_test(&a->priority.tmr, vector) && a->eoi &&
        !(a->svr & APIC_SVR_NO_EOI)) {
        a->eoi(a->eoi_opaque, vector);
    }
    apic_recheck(a);
}

/* ---- receiving: any thread
 * ------------------------------------------------------- */

static void apic_post(X86Apic *a, uint8_t vector, bool level)
{
    if (level) {
        vectors_set(&a->priority.tmr, vector);
    } else {
        vectors_clear(&a->priority.tmr, vector);
    }
    vectors_set(&a->priority.irr, vector);
    x86_set_pending(a->cpu, X86_PENDING_APIC);
}

static void apic_error_locked(X86Apic *a, uint32_t bits)
{
    uint32_t lvt = *apic_lvt(a, APIC_LVT_ERROR);

    a->esr_next |= bits;
    if (!(lvt & APIC_LVT_MASKED)) {
        apic_post(a, lvt & APIC_LVT_VECTOR, false);
    }
}

static void apic_error(X86Apic *a, uint32_t bits)
{
    g_mutex_lock(&a->lock);
    apic_error_locked(a, bits);
    g_mutex_unlock(&a->lock);
}

static void apic_start_up(X86Apic *a, uint8_t vector)
{
    __atomic_store_n(&a->cpu->sipi_vector, vector, __ATOMIC_RELAXED);
    x86_set_pending(a->cpu, X86_PENDING_SIPI);
}

/* Delivery modes that are a pending bit of the CPU. */
static uint32_t apic_mode_pending(uint8_t mode)
{
    switch (mode) {
    case APIC_SMI:
        return X86_PENDING_SMI;
    case APIC_NMI:
        return X86_PENDING_NMI;
    case APIC_INIT:
        return X86_PENDING_INIT;
    case APIC_EXTINT:
        return X86_PENDING_INTR;
    default:
        return 0;
    }
}

void x86_apic_deliver(X86Apic *a, uint8_t mode, uint8_t vector, bool level)
{
    trace(apic_deliver, "apic %u mode %u vector %02x level %d", a->cpu->apic_id,
          mode, vector, level);
    if (mode == APIC_FIXED || mode == APIC_LOWEST) {
        if (vector < 16) {
            apic_error(a, APIC_ESR_RECEIVE_VECTOR);
        } else if (apic_software_enabled(a)) {
            apic_post(a, vector, level);
        }
    } else if (mode == APIC_SIPI) {
        apic_start_up(a, vector);
    } else if (apic_mode_pending(mode)) {
        x86_set_pending(a->cpu, apic_mode_pending(mode));
    }
}

static bool apic_matches_flat(const X86Apic *a, uint8_t dest)
{
    uint8_t ldr = a->ldr >> 24;

    if (a->dfr >> 28 == 0xf) {
        return ldr & dest;
    }
    return dest == APIC_BROADCAST8 ||
           (ldr >> 4 == dest >> 4 && (ldr & dest & 0xf));
}

/* SDM 3A 10.12.10.2: the logical id follows from the physical one. */
static uint32_t apic_x2_ldr(const X86Apic *a)
{
    return (a->id >> 4) << 16 | 1u << (a->id & 15);
}

bool x86_apic_matches(const X86Apic *a, uint32_t dest, bool logical)
{
    if (apic_x2(a)) {
        uint32_t ldr = apic_x2_ldr(a);

        if (dest == APIC_BROADCAST) {
            return true;
        }
        return logical ? ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff)
                       : dest == a->id;
    }
    if (logical) {
        return apic_matches_flat(a, dest);
    }
    return dest == APIC_BROADCAST8 || dest == APIC_BROADCAST || dest == a->id;
}

/* ---- local interrupts
 * ------------------------------------------------------------- */

bool x86_apic_accepts_pic(const X86Apic *a)
{
    uint32_t lvt = a->lvt[APIC_LVT_LINT0 - APIC_LVT_TIMER];

    if (!apic_enabled(a)) {
        return true;
    }
    return !(lvt & APIC_LVT_MASKED) && (lvt >> 8 & 7) == APIC_EXTINT;
}

/* The 8259's request reaches the CPU as a level. */
static void apic_update_extint(X86Apic *a)
{
    if (a->lint[0] && x86_apic_accepts_pic(a)) {
        x86_set_pending(a->cpu, X86_PENDING_INTR);
    } else {
        x86_clear_pending(a->cpu, X86_PENDING_INTR);
    }
}

static void apic_local_interrupt(X86Apic *a, ApicRegister reg)
{
    uint32_t lvt = *apic_lvt(a, reg);
    uint8_t mode = reg == APIC_LVT_TIMER || reg == APIC_LVT_ERROR
                       ? APIC_FIXED
                       : lvt >> 8 & 7;

    if ((lvt & APIC_LVT_MASKED) || !apic_enabled(a)) {
        return;
    }
    if (mode == APIC_FIXED) {
        if ((lvt & APIC_LVT_VECTOR) < 16) {
            apic_error_locked(a, APIC_ESR_RECEIVE_VECTOR);
        } else {
            apic_post(a, lvt, lvt & APIC_LVT_LEVEL);
        }
    } else if (mode != APIC_EXTINT && apic_mode_pending(mode)) {
        x86_set_pending(a->cpu, apic_mode_pending(mode));
    }
}

void x86_apic_lint(X86Apic *a, unsigned n, bool level)
{
    g_mutex_lock(&a->lock);
    bool rose = level && !a->lint[n];

    a->lint[n] = level;
    if (rose) {
        if (apic_enabled(a)) {
            apic_local_interrupt(a, APIC_LVT_LINT0 + n);
        } else if (n == 1) { /* without an APIC the pins are INTR and NMI */
            x86_set_pending(a->cpu, X86_PENDING_NMI);
        }
    }
    if (n == 0) {
        apic_update_extint(a);
    }
    g_mutex_unlock(&a->lock);
}

/* ---- timer
 * ----------------------------------------------------------------------- */

/* SDM 3A 10.5.4: bits 3, 1, 0 are an exponent less one; 7 is one. */
static unsigned apic_divide_shift(const X86Apic *a)
{
    return (((a->divide >> 1 & 4) | (a->divide & 3)) + 1) & 7;
}

static uint32_t apic_timer_mode(X86Apic *a)
{
    return *apic_lvt(a, APIC_LVT_TIMER) & APIC_LVT_TIMER_MODE;
}

static int64_t apic_period_ns(const X86Apic *a)
{
    return (int64_t)a->timer_initial << apic_divide_shift(a);
}

static uint32_t apic_timer_current(X86Apic *a)
{
    int64_t period = apic_period_ns(a);
    int64_t passed = clock_now(a->cpu->clock) - (int64_t)a->timer_start_ns;

    if (!period || apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        return 0;
    }
    if (passed >= period) {
        if (apic_timer_mode(a) != APIC_LVT_PERIODIC) {
            return 0;
        }
        passed %= period;
    }
    return (period - passed) >> apic_divide_shift(a);
}

static void apic_arm_deadline(X86Apic *a)
{
    const X86Cpu *cpu = a->cpu;
    uint64_t ns = cpu->tsc_deadline - cpu->tsc_offset;

    if (!cpu->tsc_deadline) {
        timer_disarm(&a->timer);
        return;
    }
    /* Before the clock's beginning, or beyond its end. */
    if ((int64_t)ns < 0) {
        ns = cpu->tsc_deadline < (uint64_t)cpu->tsc_offset ? 0 : INT64_MAX;
    }
    timer_arm(&a->timer, ns);
}

static void apic_arm_count(X86Apic *a)
{
    int64_t period = apic_period_ns(a);
    int64_t now = clock_now(a->cpu->clock);
    int64_t start = a->timer_start_ns;

    if (!period) {
        timer_disarm(&a->timer);
    } else if (now < start + period) {
        timer_arm(&a->timer, start + period);
    } else if (apic_timer_mode(a) == APIC_LVT_PERIODIC) {
        int64_t next = start + ((now - start) / period + 1) * period;

        timer_arm(&a->timer, MAX(next, now + APIC_PERIOD_MIN_NS));
    } else {
        timer_disarm(&a->timer);
    }
}

static void apic_arm(X86Apic *a)
{
    if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        apic_arm_deadline(a);
    } else {
        apic_arm_count(a);
    }
}

/* With the lock held. */
static void apic_timer_expired(void *opaque)
{
    X86Apic *a = opaque;

    trace(apic_timer, "apic %u", a->cpu->apic_id);
    if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        a->cpu->tsc_deadline = 0;
    }
    apic_local_interrupt(a, APIC_LVT_TIMER);
    if (apic_timer_mode(a) == APIC_LVT_PERIODIC) {
        apic_arm_count(a);
    }
}

uint64_t x86_apic_read_deadline(X86Apic *a)
{
    g_mutex_lock(&a->lock);
    uint64_t tsc =
        apic_timer_mode(a) == APIC_LVT_DEADLINE ? a->cpu->tsc_deadline : 0;

    g_mutex_unlock(&a->lock);
    return tsc;
}

/* A deadline that has passed fires at once, without a round through the timer's
 * thread. SDM 3A 10.5.4.1. */
void x86_apic_write_deadline(X86Apic *a, uint64_t tsc)
{
    X86Cpu *cpu = a->cpu;

    g_mutex_lock(&a->lock);
    if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        cpu->tsc_deadline = tsc;
        if (tsc && tsc <= clock_now(cpu->clock) + cpu->tsc_offset) {
            timer_disarm(&a->timer);
            cpu->tsc_deadline = 0;
            apic_local_interrupt(a, APIC_LVT_TIMER);
        } else {
            apic_arm_deadline(a);
        }
    }
    g_mutex_unlock(&a->lock);
}

/* ---- sending
 * ---------------------------------------------------------------------- */

enum { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

static void apic_send(X86Apic *a, uint64_t icr)
{
    bool x2 = apic_x2(a);
    bool logical = icr & APIC_ICR_LOGICAL;
    unsigned shorthand = icr >> 18 & 3;
    uint32_t dest = x2 ? icr >> 32 : icr >> 56;
    uint8_t mode = icr >> 8 & 7, vector = icr;
    bool level = icr & APIC_ICR_LEVEL;
    bool self;

    if (mode == APIC_INIT && level && !(icr & APIC_ICR_ASSERT)) {
        return; /* INIT level de-assert: no effect. SDM 3A 10.6.1 */
    }
    if (mode <= APIC_LOWEST && vector < 16) {
        apic_error(a, APIC_ESR_SEND_VECTOR);
        return;
    }
    if (shorthand != SHORTHAND_NONE) {
        dest = x2 ? APIC_BROADCAST : APIC_BROADCAST8;
        logical = false;
        self = shorthand != SHORTHAND_OTHERS;
    } else {
        self = x86_apic_matches(a, dest, logical);
    }
    /* An IPI is edge-triggered whatever it says. */
    if (self) {
        x86_apic_deliver(a, mode, vector, false);
    }
    if (shorthand != SHORTHAND_SELF && a->send) {
        a->send(a->send_opaque, a, dest, logical, mode, vector, false);
    }
}

/* ---- registers
 * -------------------------------------------------------------------- */

static uint32_t apic_read_vectors(const ApicVectors *v, unsigned n)
{
    return __atomic_load_n(&v->word[n], __ATOMIC_ACQUIRE);
}

/* Registers that need the lock or are plain values. */
static bool apic_read_locked(X86Apic *a, unsigned reg, uint64_t *val)
{
    switch (reg) {
    case APIC_ID:
        *val = apic_x2(a) ? a->id : a->id << 24;
        return true;
    case APIC_VERSION: /* EOI suppression, last LVT entry, integrated APIC */
        *val = 1u << 24 | (APIC_LVT_COUNT - 1) << 16 | 0x14;
        return true;
    case APIC_TPR:
        *val = a->priority.tpr;
        return true;
    case APIC_PPR:
        *val = apic_ppr(a);
        return true;
    case APIC_LDR:
        *val = apic_x2(a) ? apic_x2_ldr(a) : a->ldr;
        return true;
    case APIC_DFR:
        *val = a->dfr;
        return !apic_x2(a);
    case APIC_SVR:
        *val = a->svr;
        return true;
    case APIC_ESR:
        *val = a->esr;
        return true;
    case APIC_ICR:
        *val = apic_x2(a) ? a->icr : (uint32_t)a->icr;
        return true;
    case APIC_ICR_HIGH:
        *val = a->icr >> 32;
        return !apic_x2(a);
    case APIC_TIMER_INITIAL:
        *val = a->timer_initial;
        return true;
    case APIC_TIMER_CURRENT:
        *val = apic_timer_current(a);
        return true;
    case APIC_DIVIDE:
        *val = a->divide;
        return true;
    default:
        return false;
    }
}

static bool apic_read_register(X86Apic *a, unsigned reg, uint64_t *val)
{
    bool ok = true;

    *val = 0;
    if (reg >= APIC_ISR && reg < APIC_TMR) {
        *val = apic_read_vectors(&a->priority.isr, reg - APIC_ISR);
    } else if (reg >= APIC_TMR && reg < APIC_IRR) {
        *val = apic_read_vectors(&a->priority.tmr, reg - APIC_TMR);
    } else if (reg >= APIC_IRR && reg < APIC_ESR) {
        *val = apic_read_vectors(&a->priority.irr, reg - APIC_IRR);
    } else {
        g_mutex_lock(&a->lock);
        if (reg >= APIC_LVT_TIMER && reg <= APIC_LVT_ERROR) {
            *val = *apic_lvt(a, reg);
        } else {
            ok = apic_read_locked(a, reg, val);
        }
        g_mutex_unlock(&a->lock);
    }
    trace(apic_read, "apic %u reg %02x = %08" PRIx64, a->cpu->apic_id, reg,
          *val);
    return ok;
}

/* Which bits of a local vector can be written. SDM 3A figure 10-8. */
static const uint32_t apic_lvt_mask[APIC_LVT_COUNT] = {
    0x000710ff & ~APIC_ICR_PENDING, /* timer */
    0x000107ff,                     /* thermal */
    0x000107ff,                     /* performance */
    0x0001a7ff,                     /* LINT0 */
    0x0001a7ff,                     /* LINT1 */
    0x000100ff,                     /* error */
};

static void apic_write_lvt_locked(X86Apic *a, unsigned reg, uint32_t val)
{
    uint32_t old_mode = apic_timer_mode(a);

    val &= apic_lvt_mask[reg - APIC_LVT_TIMER];
    if (!(a->svr & APIC_SVR_ENABLE)) {
        val |= APIC_LVT_MASKED;
    }
    *apic_lvt(a, reg) = val;
    if (reg == APIC_LVT_LINT0) {
        apic_update_extint(a);
    }
    if (apic_timer_mode(a) != old_mode) {
        /* To or from deadline mode disarms. SDM 3A 10.5.4.1 */
        if ((apic_timer_mode(a) | old_mode) & APIC_LVT_DEADLINE) {
            a->timer_initial = 0;
            a->cpu->tsc_deadline = 0;
        }
        apic_arm(a);
    }
}

static void apic_write_svr_locked(X86Apic *a, uint32_t val)
{
    a->svr = val & (APIC_SVR_NO_EOI | APIC_SVR_ENABLE | 0xff);
    if (!(val & APIC_SVR_ENABLE)) {
        for (unsigned i = 0; i < APIC_LVT_COUNT; i++) {
            a->lvt[i] |= APIC_LVT_MASKED;
        }
    }
    apic_update_extint(a);
}

static void apic_write_initial_locked(X86Apic *a, uint32_t val)
{
    if (apic_timer_mode(a) == APIC_LVT_DEADLINE) {
        return;
    }
    a->timer_initial = val;
    a->timer_start_ns = clock_now(a->cpu->clock);
    apic_arm_count(a);
}

static void apic_write_divide_locked(X86Apic *a, uint32_t val)
{
    uint32_t current = apic_timer_current(a);

    a->divide = val & 0xb;
    /* Keep the count, change how fast it falls. */
    int64_t passed = (int64_t)(a->timer_initial - current)
                     << apic_divide_shift(a);
    a->timer_start_ns = clock_now(a->cpu->clock) - passed;
    if (current) {
        apic_arm(a);
    }
}

/* Registers that are more than a value; false: cannot be written. */
static bool apic_write_locked(X86Apic *a, unsigned reg, uint32_t val)
{
    bool x2 = apic_x2(a);

    switch (reg) {
    case APIC_ID:
        if (!x2) {
            a->id = val >> 24;
        }
        return !x2;
    case APIC_LDR:
        a->ldr = val & 0xff000000;
        return !x2;
    case APIC_DFR:
        a->dfr = val | 0x0fffffff;
        return !x2;
    case APIC_SVR:
        apic_write_svr_locked(a, val);
        return true;
    case APIC_ESR:
        a->esr = a->esr_next;
        a->esr_next = 0;
        return true;
    case APIC_ICR_HIGH:
        a->icr = (uint32_t)a->icr | (uint64_t)val << 32;
        return !x2;
    case APIC_TIMER_INITIAL:
        apic_write_initial_locked(a, val);
        return true;
    case APIC_DIVIDE:
        apic_write_divide_locked(a, val);
        return true;
    default:
        return false;
    }
}

static void apic_write_icr(X86Apic *a, uint64_t icr)
{
    g_mutex_lock(&a->lock);
    a->icr = icr & ~(uint64_t)APIC_ICR_PENDING;
    g_mutex_unlock(&a->lock);
    apic_send(a, icr);
}

static bool apic_write_register(X86Apic *a, unsigned reg, uint64_t val)
{
    bool ok = true;

    trace(apic_write, "apic %u reg %02x = %08" PRIx64, a->cpu->apic_id, reg,
          val);
    switch (reg) {
    case APIC_TPR:
        x86_apic_set_tpr(a->cpu, val & 0xff);
        return true;
    case APIC_EOI:
        apic_end_of_interrupt(a);
        return true;
    case APIC_ICR:
        apic_write_icr(a, apic_x2(a) ? val
                                     : (a->icr & UINT64_C(0xffffffff00000000)) |
                                           (uint32_t)val);
        return true;
    default:
        break;
    }
    g_mutex_lock(&a->lock);
    if (reg >= APIC_LVT_TIMER && reg <= APIC_LVT_ERROR) {
        apic_write_lvt_locked(a, reg, val);
    } else {
        ok = apic_write_locked(a, reg, val);
    }
    g_mutex_unlock(&a->lock);
    apic_recheck(a);
    return ok;
}

/* ---- xAPIC: memory
 * ---------------------------------------------------------------- */

static bool apic_mmio_read(void *opaque, hwaddr off, unsigned size,
                           uint64_t *val)
{
    X86Apic *a = opaque;
    unsigned reg = off >> 4;

    *val = 0;
    if ((off & 15) || reg >= APIC_REGISTERS ||
        !apic_read_register(a, reg, val)) {
        apic_error(a, APIC_ESR_REGISTER);
        log_guest_error("apic %u: read of offset %03" PRIx64 "\n",
                        a->cpu->apic_id, off);
    }
    return true;
}

static bool apic_mmio_write(void *opaque, hwaddr off, unsigned size,
                            uint64_t val)
{
    X86Apic *a = opaque;
    unsigned reg = off >> 4;

    if ((off & 15) || reg >= APIC_SELF_IPI ||
        !apic_write_register(a, reg, (uint32_t)val)) {
        apic_error(a, APIC_ESR_REGISTER);
        log_guest_error("apic %u: write of offset %03" PRIx64 " = %08" PRIx64
                        "\n",
                        a->cpu->apic_id, off, val);
    }
    return true;
}

static const MemoryOps apic_ops = {
    .read = apic_mmio_read,
    .write = apic_mmio_write,
    .valid = { .min = 4, .max = 4 },
    .impl = { .min = 4, .max = 4 },
};

MemoryRegion *x86_apic_region(X86Apic *apic)
{
    return &apic->region;
}

/* ---- x2APIC: MSRs
 * ------------------------------------------------------------------ */

bool x86_apic_read_msr(X86Apic *a, uint32_t msr, uint64_t *val)
{
    unsigned reg = msr - 0x800;

    return apic_x2(a) && reg < APIC_SELF_IPI && reg != APIC_EOI &&
           apic_read_register(a, reg, val);
}

/* Bits that WRMSR may set; others are #GP. SDM 3A table 10-6. */
static bool apic_x2_valid(unsigned reg, uint64_t val)
{
    switch (reg) {
    case APIC_TPR:
    case APIC_SELF_IPI:
        return val <= 0xff;
    case APIC_EOI:
    case APIC_ESR:
        return val == 0;
    case APIC_SVR:
        return !(val & ~UINT64_C(0x11ff));
    case APIC_ICR:
        return !(val & UINT64_C(0xfff32000));
    case APIC_DIVIDE:
        return !(val & ~UINT64_C(0xb));
    case APIC_TIMER_INITIAL:
        return !(val >> 32);
    default:
        return !(val & ~UINT64_C(0x7f7ff));
    }
}

bool x86_apic_write_msr(X86Apic *a, uint32_t msr, uint64_t val)
{
    unsigned reg = msr - 0x800;

    if (!apic_x2(a) || reg >= APIC_REGISTERS || !apic_x2_valid(reg, val)) {
        return false;
    }
    if (reg == APIC_SELF_IPI) {
        apic_send(a, SHORTHAND_SELF << 18 | val);
        return true;
    }
    return apic_write_register(a, reg, val);
}

/* ---- IA32_APIC_BASE
 * ------------------------------------------------------------------ */

static void apic_place(X86Apic *a)
{
    uint64_t base = a->cpu->apic_base;
    bool shown = (base & APIC_BASE_EN) && !(base & APIC_BASE_EXTD);

    if (a->region.addr != (base & ~UINT64_C(0xfff))) {
        region_set_addr(&a->region, base & ~UINT64_C(0xfff));
    }
    if (a->region.enabled != shown) {
        region_set_enabled(&a->region, shown);
    }
}

/* SDM 3A 10.12.5: off, xAPIC and x2APIC mode, and which way is open. */
bool x86_apic_write_base(X86Apic *a, uint64_t val)
{
    X86Cpu *cpu = a->cpu;
    uint64_t allowed = cpu->model->phys_mask & ~UINT64_C(0x2ff);
    bool was_x2 = apic_x2(a), on = val & APIC_BASE_EN;
    bool x2 = val & APIC_BASE_EXTD;

    if (!x86_model_has(cpu->model, FEATURE_X2APIC)) {
        allowed &= ~(uint64_t)APIC_BASE_EXTD;
    }
    if ((val & ~allowed) || (x2 && !on) || (was_x2 && on && !x2) ||
        (x2 && !apic_enabled(a))) {
        return false;
    }
    val = (val & ~(uint64_t)APIC_BASE_BSP) | (cpu->apic_base & APIC_BASE_BSP);
    cpu->apic_base = val;
    if (!on) {
        x86_apic_init_reset(a);
    } else if (x2 && !was_x2) {
        g_mutex_lock(&a->lock);
        a->id = cpu->apic_id;
        a->icr = 0;
        g_mutex_unlock(&a->lock);
    }
    apic_place(a);
    g_mutex_lock(&a->lock);
    apic_update_extint(a);
    g_mutex_unlock(&a->lock);
    return true;
}

/* ---- life
 * -----------------------------------------------------------------------------
 */

void x86_apic_init_reset(X86Apic *a)
{
    g_mutex_lock(&a->lock);
    timer_disarm(&a->timer);
    a->priority = (ApicPriority){ .tpr = 0 };
    a->cpu->cr8 = 0;
    a->cpu->tsc_deadline = 0;
    a->ldr = 0;
    a->dfr = UINT32_MAX;
    a->svr = 0xff;
    a->esr = a->esr_next = 0;
    a->icr = 0;
    a->divide = a->timer_initial = 0;
    a->timer_start_ns = 0;
    for (unsigned i = 0; i < APIC_LVT_COUNT; i++) {
        a->lvt[i] = APIC_LVT_MASKED;
    }
    /* The boot processor starts in virtual wire mode, so that the 8259 works
     * before anybody knows of the APIC. MP specification 1.4 3.6.2.2. */
    if (a->cpu->apic_base & APIC_BASE_BSP) {
        *apic_lvt(a, APIC_LVT_LINT0) = APIC_EXTINT << 8;
    }
    x86_clear_pending(a->cpu, X86_PENDING_APIC);
    apic_update_extint(a);
    g_mutex_unlock(&a->lock);
}

void x86_apic_reset(X86Apic *a)
{
    X86Cpu *cpu = a->cpu;

    cpu->apic_base = APIC_DEFAULT_BASE | APIC_BASE_EN |
                     (cpu->index == 0 ? APIC_BASE_BSP : 0);
    a->id = cpu->apic_id;
    x86_apic_init_reset(a);
    apic_place(a);
}

X86Apic *x86_apic_new(X86Cpu *cpu)
{
    X86Apic *a = g_new0(X86Apic, 1);

    a->cpu = cpu;
    g_mutex_init(&a->lock);
    timer_init(&a->timer, cpu->clock, apic_timer_expired, a, &a->lock);
    region_init_io(&a->region, "apic", PAGE_SIZE, &apic_ops, a, NULL);
    return a;
}

void x86_apic_free(X86Apic *a)
{
    if (a) {
        timer_clear(&a->timer);
        region_clear(&a->region);
        g_mutex_clear(&a->lock);
        g_free(a);
    }
}

void x86_apic_set_eoi_hook(X86Apic *a, void (*eoi)(void *, uint8_t),
                           void *opaque)
{
    a->eoi = eoi;
    a->eoi_opaque = opaque;
}

void x86_apic_set_bus(X86Apic *a,
                      void (*send)(void *, X86Apic *, uint32_t, bool, uint8_t,
                                   uint8_t, bool),
                      void *opaque)
{
    a->send = send;
    a->send_opaque = opaque;
}

static const StateField apic_vectors_state[] = {
    STATE_ARRAY(ApicVectors, word),
    {},
};

const StateField x86_apic_state[] = {
    STATE_STRUCT(X86Apic, priority.irr, apic_vectors_state),
    STATE_STRUCT(X86Apic, priority.isr, apic_vectors_state),
    STATE_STRUCT(X86Apic, priority.tmr, apic_vectors_state),
    STATE_U32(X86Apic, priority.tpr),
    STATE_U32(X86Apic, id),
    STATE_U32(X86Apic, ldr),
    STATE_U32(X86Apic, dfr),
    STATE_U32(X86Apic, svr),
    STATE_U32(X86Apic, esr),
    STATE_U32(X86Apic, esr_next),
    STATE_U64(X86Apic, icr),
    STATE_ARRAY(X86Apic, lvt),
    STATE_U32(X86Apic, divide),
    STATE_U32(X86Apic, timer_initial),
    STATE_U64(X86Apic, timer_start_ns),
    {},
};

void x86_apic_loaded(X86Apic *a)
{
    apic_place(a);
    g_mutex_lock(&a->lock);
    apic_arm(a);
    apic_update_extint(a);
    g_mutex_unlock(&a->lock);
    apic_recheck(a);
}
