/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC's registers, as memory (xAPIC) and as MSRs (x2APIC), and
 * IA32_APIC_BASE, which chooses.
 *
 * SDM 3A 10.4, 10.12.
 */
#include "target/x86/apic-internal.h"
#include "target/x86/model.h"

/* ---- registers ----------------------------------------------------------- */

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
    case APIC_VERSION:
        *val = APIC_VERSION_VALUE;
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
    x86_pv_eoi_settle(a->cpu); /* ISR and PPR show it */
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
    bool ended = old_mode == 0 && !apic_timer_current(a);

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
        a->timer_ended |= ended; /* a count of zero stays there */
        apic_timer_arm(a);
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
        apic_timer_write_initial(a, val);
        return true;
    case APIC_DIVIDE:
        apic_timer_write_divide(a, val);
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
        x86_pv_eoi_settle(a->cpu);
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

/* ---- xAPIC: memory ------------------------------------------------------- */

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

const MemoryOps apic_mmio_ops = {
    .read = apic_mmio_read,
    .write = apic_mmio_write,
    .valid = { .min = 4, .max = 4 },
    .impl = { .min = 4, .max = 4 },
};

/* ---- x2APIC: MSRs -------------------------------------------------------- */

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

/* ---- IA32_APIC_BASE ------------------------------------------------------ */

void apic_place(X86Apic *a)
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
        g_mutex_lock(&a->lock);
        a->id = cpu->apic_id; /* SDM 3A 10.4.3: as after a reset */
        g_mutex_unlock(&a->lock);
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
