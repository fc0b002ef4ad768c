/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's steal time under the translator: how long the host kept a processor
 * waiting that had something to do. The guest's scheduler takes it off what its
 * tasks have used. Only the sum is told: that a processor is preempted at this
 * moment nobody here can say.
 *
 * Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_STEAL_TIME.
 */
#include "target/x86/msr.h"

enum { STEAL_ENABLED = 1, STEAL_ADDRESS = 0x3f };

/* What is written of the guest's 64 bytes; what follows stays 0. */
typedef struct StealTime {
    uint64_t steal_ns;
    uint32_t version; /* odd while it changes */
    uint32_t flags;
} StealTime;

bool x86_steal_wanted(const X86Cpu *cpu)
{
    return cpu->kvm_steal_time & STEAL_ENABLED;
}

bool x86_steal_write_msr(X86Cpu *cpu, uint64_t val)
{
    if (val & STEAL_ADDRESS & ~STEAL_ENABLED) {
        return false;
    }
    cpu->kvm_steal_time = val;
    cpu->waited_known = false;
    return true;
}

static void steal_write_version(X86Cpu *cpu, hwaddr addr, StealTime *s)
{
    s->version++;
    dma_write(cpu->memory, addr + offsetof(StealTime, version), &s->version,
              sizeof(s->version));
}

static void steal_add(X86Cpu *cpu, uint64_t ns)
{
    hwaddr addr = cpu->kvm_steal_time & ~(uint64_t)STEAL_ADDRESS;
    StealTime s;

    if (!dma_read(cpu->memory, addr, &s, sizeof(s))) {
        return;
    }
    s.version &= ~1u; /* whatever the guest left there */
    s.steal_ns += ns;
    steal_write_version(cpu, addr, &s);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    dma_write(cpu->memory, addr, &s.steal_ns, sizeof(s.steal_ns));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    steal_write_version(cpu, addr, &s);
}

void x86_steal_tell(X86Cpu *cpu, uint64_t waited_ns)
{
    uint64_t before = cpu->waited_ns;
    bool known = cpu->waited_known;

    cpu->waited_ns = waited_ns;
    cpu->waited_known = true;
    if (known && waited_ns > before && x86_steal_wanted(cpu)) {
        steal_add(cpu, waited_ns - before);
    }
}
