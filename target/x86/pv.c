/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's paravirtual features around interrupts, under the translator.
 *
 * PV EOI: when the only interrupt is taken, and no EOI has to be told to
 * anybody, a bit is set in the guest's memory. The guest ends the interrupt by
 * clearing it, without a helper. Whoever looks at ISR settles it first:
 * `pv_eoi_offered` says that the bit was set and what became of it is not known
 * yet. All of it on the CPU's own thread.
 *
 * PV unhalt: a processor that waits for a lock halts, and is kicked by
 * who releases it. A kick that comes before HLT ends that HLT at once, so the
 * pending bit stays until then.
 *
 * Linux Documentation/virt/kvm/x86/msr.rst, hypercalls.rst.
 */
#include "target/x86/apic-internal.h"

enum { PV_EOI_ENABLED = 1, PV_EOI_BIT = 1 };

static hwaddr pv_eoi_address(const X86Cpu *cpu)
{
    return cpu->kvm_pv_eoi & ~UINT64_C(3);
}

void x86_pv_eoi_offer(X86Cpu *cpu)
{
    uint32_t word;

    if (!(cpu->kvm_pv_eoi & PV_EOI_ENABLED) ||
        !dma_read(cpu->memory, pv_eoi_address(cpu), &word, sizeof(word))) {
        return;
    }
    word |= PV_EOI_BIT;
    cpu->pv_eoi_offered =
        dma_write(cpu->memory, pv_eoi_address(cpu), &word, sizeof(word));
}

void x86_pv_eoi_settle(X86Cpu *cpu)
{
    uint32_t word = PV_EOI_BIT;

    if (!cpu->pv_eoi_offered) {
        return;
    }
    cpu->pv_eoi_offered = false;
    if (!dma_read(cpu->memory, pv_eoi_address(cpu), &word, sizeof(word))) {
        return;
    }
    if (word & PV_EOI_BIT) { /* not ended yet: it must tell us */
        word &= ~PV_EOI_BIT;
        dma_write(cpu->memory, pv_eoi_address(cpu), &word, sizeof(word));
    } else {
        apic_end_of_interrupt(cpu->apic);
    }
}

bool x86_pv_eoi_write_msr(X86Cpu *cpu, uint64_t val)
{
    if (val & 2) {
        return false;
    }
    x86_pv_eoi_settle(cpu);
    cpu->kvm_pv_eoi = val;
    return true;
}

void x86_pv_kick(X86Cpu *cpu, uint32_t apic_id)
{
    X86Apic *a = cpu->apic;

    if (apic_id == a->id) {
        x86_set_pending(cpu, X86_PENDING_KICK);
    } else if (a->send) {
        a->send(a->send_opaque, a, apic_id, false, APIC_PV_KICK, 0, false);
    }
}
