/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC while an accelerator runs it ("away"): its registers as an
 * image of xAPIC memory (SDM 3A table 11-1), which is how they come and go.
 * In x2APIC mode the image has the id in bits 24..31 and the command in two
 * halves all the same.
 */
#include "target/x86/apic-internal.h"

#include <string.h>

/* Registers that are a plain value in both. */
static const struct {
    ApicRegister reg;
    size_t offset;
} image_values[] = {
    { APIC_TPR, offsetof(X86Apic, priority.tpr) },
    { APIC_LDR, offsetof(X86Apic, ldr) },
    { APIC_DFR, offsetof(X86Apic, dfr) },
    { APIC_SVR, offsetof(X86Apic, svr) },
    { APIC_ESR, offsetof(X86Apic, esr) },
    { APIC_TIMER_INITIAL, offsetof(X86Apic, timer_initial) },
    { APIC_DIVIDE, offsetof(X86Apic, divide) },
};

static const struct {
    ApicRegister reg;
    size_t offset;
} image_vectors[] = {
    { APIC_ISR, offsetof(X86Apic, priority.isr) },
    { APIC_TMR, offsetof(X86Apic, priority.tmr) },
    { APIC_IRR, offsetof(X86Apic, priority.irr) },
};

static uint32_t *image_value(X86Apic *a, size_t offset)
{
    return (uint32_t *)((char *)a + offset);
}

void x86_apic_save_image(X86Apic *a, ApicImage *image)
{
    ApicImageRegister *r = image->reg;

    x86_pv_eoi_settle(a->cpu); /* the accelerator would not know */
    g_mutex_lock(&a->lock);
    memset(image, 0, sizeof(*image));
    r[APIC_ID].value = a->id << 24;
    r[APIC_VERSION].value = APIC_VERSION_VALUE;
    r[APIC_ICR].value = a->icr;
    r[APIC_ICR_HIGH].value = a->icr >> 32;
    for (unsigned i = 0; i < G_N_ELEMENTS(image_values); i++) {
        r[image_values[i].reg].value = *image_value(a, image_values[i].offset);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(image_vectors); i++) {
        for (unsigned n = 0; n < APIC_VECTOR_WORDS; n++) {
            r[image_vectors[i].reg + n].value =
                image_value(a, image_vectors[i].offset)[n];
        }
    }
    for (unsigned i = 0; i < APIC_LVT_COUNT; i++) {
        r[APIC_LVT_TIMER + i].value = a->lvt[i];
    }
    r[APIC_TIMER_CURRENT].value = apic_timer_current(a);
    /* A count that ended must not end again. */
    if (!r[APIC_TIMER_CURRENT].value) {
        r[APIC_TIMER_INITIAL].value = 0;
    }
    g_mutex_unlock(&a->lock);
}

void x86_apic_load_image(X86Apic *a, const ApicImage *image)
{
    const ApicImageRegister *r = image->reg;

    g_mutex_lock(&a->lock);
    a->id = r[APIC_ID].value >> 24;
    a->icr = r[APIC_ICR].value | (uint64_t)r[APIC_ICR_HIGH].value << 32;
    for (unsigned i = 0; i < G_N_ELEMENTS(image_values); i++) {
        *image_value(a, image_values[i].offset) = r[image_values[i].reg].value;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(image_vectors); i++) {
        for (unsigned n = 0; n < APIC_VECTOR_WORDS; n++) {
            image_value(a, image_vectors[i].offset)[n] =
                r[image_vectors[i].reg + n].value;
        }
    }
    for (unsigned i = 0; i < APIC_LVT_COUNT; i++) {
        a->lvt[i] = r[APIC_LVT_TIMER + i].value;
    }
    a->cpu->cr8 = a->priority.tpr >> 4;
    apic_timer_set_current(a, r[APIC_TIMER_CURRENT].value);
    g_mutex_unlock(&a->lock);
}

void x86_apic_set_away(X86Apic *a, bool away)
{
    g_mutex_lock(&a->lock);
    a->away = away;
    g_mutex_unlock(&a->lock);
    x86_apic_loaded(a);
}

bool x86_apic_away(const X86Apic *a)
{
    return a->away;
}
