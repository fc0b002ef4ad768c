/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the local APIC that light code of its own CPU needs. IRR and TMR
 * are set by any thread, atomically; ISR and TPR belong to the CPU's thread;
 * everything else is under the APIC's lock.
 */
#ifndef TARGET_X86_APIC_H
#define TARGET_X86_APIC_H

#include "target/x86/cpu.h"

enum { APIC_VECTOR_WORDS = 256 / 32 };

typedef struct ApicVectors {
    uint32_t word[APIC_VECTOR_WORDS];
} ApicVectors;

typedef struct ApicPriority {
    ApicVectors irr, isr, tmr;
    uint32_t tpr;
} ApicPriority;

/* The first member of X86Apic. */
ApicPriority *x86_apic_priority(X86Apic *apic);

static inline uint32_t x86_apic_tpr(X86Apic *apic)
{
    return ((ApicPriority *)apic)->tpr;
}
/* On the CPU's thread; a vector that waits may have its way now. Light. */
static inline void x86_apic_set_tpr(X86Cpu *cpu, uint32_t tpr)
{
    ApicPriority *p = (ApicPriority *)cpu->apic;
    uint32_t any = 0;

    p->tpr = tpr;
    cpu->cr8 = tpr >> 4;
    for (unsigned i = 0; i < APIC_VECTOR_WORDS; i++) {
        any |= __atomic_load_n(&p->irr.word[i], __ATOMIC_ACQUIRE);
    }
    if (any) {
        __atomic_fetch_or(&cpu->pending, X86_PENDING_APIC, __ATOMIC_SEQ_CST);
        if (cpu->kick) {
            cpu->kick(cpu);
        }
    }
}
/* The vector the CPU would take now; -1: none. */
int x86_apic_pending_vector(const X86Apic *apic);
/* The CPU takes that vector: IRR to ISR. */
void x86_apic_accept(X86Apic *apic, int vector);

/* ---- KVM's paravirtual features: pv.c --------------------------------------
 */

/* The only interrupt was taken: the guest may end it in its memory. */
void x86_pv_eoi_offer(X86Cpu *cpu);
/* Whether it did is known afterwards; cheap if nothing was offered. On the
 * CPU's thread. */
void x86_pv_eoi_settle(X86Cpu *cpu);
bool x86_pv_eoi_write_msr(X86Cpu *cpu, uint64_t val); /* false: #GP */
/* The CPU's guest wakes another one. */
void x86_pv_kick(X86Cpu *cpu, uint32_t apic_id);

/* Sends a fixed interrupt or NMI to the APIC ids whose bits are set in map[0]
 * and map[1], `bits` in each, from `first` on. How many; -1: another kind. */
int x86_apic_send_map(X86Apic *apic, const uint64_t map[2], unsigned bits,
                      uint32_t first, uint64_t command);
/* After loading: place the registers, arm the timer, look again. */
void x86_apic_loaded(X86Apic *apic);
/* What INIT does; SDM 3A 10.4.7.3: the id and the base MSR stay. */
void x86_apic_init_reset(X86Apic *apic);

/* ---- While an accelerator runs it: apic-image.c ---------------------------
 */

typedef struct ApicImageRegister {
    uint32_t value, unused[3];
} ApicImageRegister;

/* xAPIC memory, up to the last register. */
typedef struct ApicImage {
    ApicImageRegister reg[0x40];
} ApicImage;

void x86_apic_save_image(X86Apic *apic, ApicImage *image);
void x86_apic_load_image(X86Apic *apic, const ApicImage *image);
/* Away: no timer runs here, nobody delivers here, and the 8259s' INTR reaches
 * the CPU whatever LINT0 says. Back: as after loading. */
void x86_apic_set_away(X86Apic *apic, bool away);
bool x86_apic_away(const X86Apic *apic);
/* The accelerator ended a level-triggered interrupt. */
void x86_apic_ended(X86Apic *apic, uint8_t vector);

/* x2APIC registers as MSRs 0x800..0x8ff, and IA32_APIC_BASE; false: #GP. */
bool x86_apic_read_msr(X86Apic *apic, uint32_t msr, uint64_t *val);
bool x86_apic_write_msr(X86Apic *apic, uint32_t msr, uint64_t val);
bool x86_apic_write_base(X86Apic *apic, uint64_t val);
/* TSC deadline; 0 disarms. */
uint64_t x86_apic_read_deadline(X86Apic *apic);
void x86_apic_write_deadline(X86Apic *apic, uint64_t tsc);

#endif
