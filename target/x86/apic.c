/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC: priorities, receiving and sending interrupts, local vectors.
 * Registers are in apic-register.c, the timer is in apic-timer.c.
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
 * values), focus processors.
 *
 * SDM 3A chapter 10.
 */
#include "target/x86/apic-internal.h"
#include "target/x86/model.h"

/* ---- priorities: the CPU's thread ---------------------------------------- */

uint32_t apic_ppr(const X86Apic *a)
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
    bool alone = vectors_highest(&a->priority.isr) < 0;

    vectors_clear(&a->priority.irr, vector);
    vectors_set(&a->priority.isr, vector);
    if (alone && vectors_highest(&a->priority.irr) < 0 &&
        !vectors_test(&a->priority.tmr, vector)) {
        x86_pv_eoi_offer(a->cpu);
    }
}

/* Something that may open the way for a vector has changed. */
void apic_recheck(X86Apic *a)
{
    if (x86_apic_pending_vector(a) >= 0) {
        x86_set_pending(a->cpu, X86_PENDING_APIC);
    }
}

void apic_end_of_interrupt(X86Apic *a)
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

void x86_apic_ended(X86Apic *a, uint8_t vector)
{
    if (a->eoi) {
        a->eoi(a->eoi_opaque, vector);
    }
}

/* ---- receiving: any thread ----------------------------------------------- */

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

void apic_error(X86Apic *a, uint32_t bits)
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
    case APIC_PV_KICK:
        return X86_PENDING_KICK;
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
    } else if (mode == APIC_INIT) {
        /* A start-up message that came before it is void, one behind it may be
         * there before the CPU looks. */
        x86_clear_pending(a->cpu, X86_PENDING_SIPI);
        x86_set_pending(a->cpu, X86_PENDING_INIT);
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
uint32_t apic_x2_ldr(const X86Apic *a)
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

int x86_apic_arbitration(const X86Apic *a)
{
    return apic_software_enabled(a) ? (int)apic_ppr(a) : -1;
}

/* ---- local interrupts ---------------------------------------------------- */

bool x86_apic_accepts_pic(const X86Apic *a)
{
    uint32_t lvt = a->lvt[APIC_LVT_LINT0 - APIC_LVT_TIMER];

    if (!apic_enabled(a)) {
        return true;
    }
    return !(lvt & APIC_LVT_MASKED) && (lvt >> 8 & 7) == APIC_EXTINT;
}

/* The 8259's request reaches the CPU as a level. */
void apic_update_extint(X86Apic *a)
{
    if (a->lint[0] && (a->away || x86_apic_accepts_pic(a))) {
        x86_set_pending(a->cpu, X86_PENDING_INTR);
    } else {
        x86_clear_pending(a->cpu, X86_PENDING_INTR);
    }
}

void apic_local_interrupt_locked(X86Apic *a, ApicRegister reg)
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
        if (apic_enabled(a) && !a->away) {
            apic_local_interrupt_locked(a, APIC_LVT_LINT0 + n);
        } else if (n == 1) { /* without an APIC the pins are INTR and NMI */
            x86_set_pending(a->cpu, X86_PENDING_NMI);
        }
    }
    if (n == 0) {
        apic_update_extint(a);
    }
    g_mutex_unlock(&a->lock);
}

/* ---- sending ------------------------------------------------------------- */

void apic_send(X86Apic *a, uint64_t icr)
{
    bool x2 = apic_x2(a);
    bool logical = icr & APIC_ICR_LOGICAL;
    unsigned shorthand = icr >> 18 & 3;
    uint32_t dest = x2 ? icr >> 32 : icr >> 56;
    uint8_t mode = icr >> 8 & 7, vector = icr;
    bool level = icr & APIC_ICR_LEVEL;
    bool self, one = mode == APIC_LOWEST && a->send;

    if (mode == APIC_INIT && level && !(icr & APIC_ICR_ASSERT)) {
        return; /* INIT level de-assert: no effect. SDM 3A 10.6.1 */
    }
    if (mode <= APIC_LOWEST && vector < 16) {
        apic_error(a, APIC_ESR_SEND_VECTOR);
        return;
    }
    if (shorthand != SHORTHAND_NONE) {
        dest = APIC_BROADCAST;
        logical = false;
        self = shorthand != SHORTHAND_OTHERS;
    } else {
        self = x86_apic_matches(a, dest, logical);
    }
    /* An IPI is edge-triggered whatever it says. Who gets one to the lowest
     * priority, the bus decides. */
    if (self && !one) {
        x86_apic_deliver(a, mode, vector, false);
    }
    if (shorthand != SHORTHAND_SELF && a->send) {
        a->send(a->send_opaque, one && self ? NULL : a, dest, logical, mode,
                vector, false);
    }
}

/* False: no such id. */
static bool apic_send_physical(X86Apic *a, uint64_t dest, uint32_t command)
{
    uint8_t mode = command >> 8 & 7, vector = command;

    if (dest >= (apic_x2(a) ? APIC_BROADCAST : APIC_BROADCAST8)) {
        return false;
    }
    if (dest == a->id) {
        x86_apic_deliver(a, mode, vector, false);
    } else if (a->send) {
        a->send(a->send_opaque, a, dest, false, mode, vector, false);
    }
    return true;
}

int x86_apic_send_map(X86Apic *a, const uint64_t map[2], unsigned bits,
                      uint32_t first, uint64_t command)
{
    uint8_t mode = command >> 8 & 7;
    int sent = 0;

    if (mode != APIC_FIXED && mode != APIC_NMI) {
        return -1;
    }
    for (unsigned n = 0; n < 2 * bits; n++) {
        if (map[n / bits] >> (n % bits) & 1) {
            sent += apic_send_physical(a, (uint64_t)first + n, command);
        }
    }
    return sent;
}

/* ---- life ---------------------------------------------------------------- */

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
    a->timer_ended = false;
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

    cpu->apic_base = APIC_DEFAULT_BASE | (cpu->index == 0 ? APIC_BASE_BSP : 0);
    if (x86_model_has(cpu->model, FEATURE_APIC)) { /* else it is never on */
        cpu->apic_base |= APIC_BASE_EN;
    }
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
    region_init_io(&a->region, "apic", PAGE_SIZE, &apic_mmio_ops, a, NULL);
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
    STATE_BOOL(X86Apic, timer_ended),
    {},
};

void x86_apic_loaded(X86Apic *a)
{
    apic_place(a);
    g_mutex_lock(&a->lock);
    apic_timer_arm(a);
    apic_update_extint(a);
    g_mutex_unlock(&a->lock);
    apic_recheck(a);
}

MemoryRegion *x86_apic_region(X86Apic *apic)
{
    return &apic->region;
}
