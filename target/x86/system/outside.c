/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions that reach outside of the processor: ports, random numbers,
 * hypercalls. Not light.
 *
 * SDM 2A IN, 2B OUT, RDRAND; Linux Documentation/virt/kvm/x86/hypercalls.rst.
 */
#include "target/x86/apic.h"
#include "target/x86/system/system.h"
#include "util/log.h"

#include <sys/random.h>

enum { KVM_ENOSYS = 1000, KVM_EPERM = 1, KVM_EINVAL = 22 };
enum { KVM_HC_VAPIC_POLL_IRQ = 1, KVM_HC_KICK_CPU = 5, KVM_HC_SEND_IPI = 10 };

static uint64_t helper_in(void *env, uint64_t port, uint64_t size, uint64_t c,
                          uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t val = UINT64_MAX;

    if (cpu->key.dr7) {
        x86_watch_port(cpu, port, size);
    }
    space_load(cpu->io, (uint16_t)port, size, &val);
    return size == 4 ? (uint32_t)val : size == 2 ? (uint16_t)val : (uint8_t)val;
}
const TcgHelper x86_helper_in = { "in", helper_in, 0 };

static uint64_t helper_out(void *env, uint64_t port, uint64_t size,
                           uint64_t val, uint64_t d)
{
    X86Cpu *cpu = env;

    if (cpu->key.dr7) {
        x86_watch_port(cpu, port, size);
    }
    space_store(cpu->io, (uint16_t)port, size, val);
    return 0;
}
const TcgHelper x86_helper_out = { "out", helper_out, 0 };

static uint64_t helper_random(void *env, uint64_t size, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t val = 0;
    bool ok = getrandom(&val, size, 0) == (ssize_t)size;

    cpu->env.flags = x86_flags_pack(ok ? EFLAGS_CF : 0);
    return ok ? val : 0;
}
const TcgHelper x86_helper_random = { "random", helper_random,
                                      TCG_WRITES_FLAGS };

/* RBX, RCX: bitmap of APIC ids from RDX on; RSI: the interrupt command. */
static int64_t hypercall_send_ipi(X86Cpu *cpu, uint64_t mask)
{
    const uint64_t *r = cpu->env.r;
    uint64_t map[2] = { r[X86_RBX] & mask, r[X86_RCX] & mask };
    unsigned bits = mask == UINT64_MAX ? 64 : 32;

    int sent = x86_apic_send_map(cpu->apic, map, bits, r[X86_RDX], r[X86_RSI]);

    return sent < 0 ? -KVM_EINVAL : sent;
}

static int64_t hypercall_serve(X86Cpu *cpu)
{
    uint64_t mask = cpu->key.code == X86_CODE64 ? UINT64_MAX : UINT32_MAX;
    uint64_t number = cpu->env.r[X86_RAX] & mask;

    if (x86_cpl(cpu)) {
        return -(int64_t)KVM_EPERM;
    }
    switch (number) {
    case KVM_HC_VAPIC_POLL_IRQ: /* leaving translated code was all of it */
        return 0;
    case KVM_HC_KICK_CPU: /* RBX: flags, none known; RCX: the APIC id */
        x86_pv_kick(cpu, cpu->env.r[X86_RCX]);
        return 0;
    case KVM_HC_SEND_IPI:
        return hypercall_send_ipi(cpu, mask);
    default:
        log_unimplemented("cpu %u: hypercall %" PRIu64 "\n", cpu->index,
                          number);
        return -(int64_t)KVM_ENOSYS;
    }
}

static uint64_t helper_hypercall(void *env, uint64_t a, uint64_t b, uint64_t c,
                                 uint64_t d)
{
    X86Cpu *cpu = env;

    if (!cpu->model->word[WORD_KVM_EAX] || cpu->svm.guest) {
        x86_raise(cpu, EXC_UD);
    }
    int64_t result = hypercall_serve(cpu);

    cpu->env.r[X86_RAX] =
        cpu->key.code == X86_CODE64 ? (uint64_t)result : (uint32_t)result;
    return 0;
}
const TcgHelper x86_helper_hypercall = { "hypercall", helper_hypercall,
                                         TCG_MAY_RAISE | TCG_WRITES_GLOBALS };
