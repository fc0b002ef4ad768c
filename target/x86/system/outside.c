/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions that reach outside of the processor: ports, random numbers,
 * hypercalls. Not light.
 *
 * SDM 2A IN, 2B OUT, RDRAND; Linux Documentation/virt/kvm/x86/hypercalls.rst.
 */
#include "target/x86/system/system.h"
#include "util/log.h"

#include <sys/random.h>

enum { KVM_ENOSYS = 1000, KVM_EPERM = 1 };

static uint64_t helper_in(void *env, uint64_t port, uint64_t size, uint64_t c,
                          uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t val = UINT64_MAX;

    space_load(cpu->io, (uint16_t)port, size, &val);
    return size == 4 ? (uint32_t)val : size == 2 ? (uint16_t)val : (uint8_t)val;
}
const TcgHelper x86_helper_in = { "in", helper_in, 0 };

static uint64_t helper_out(void *env, uint64_t port, uint64_t size,
                           uint64_t val, uint64_t d)
{
    X86Cpu *cpu = env;

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

static uint64_t helper_hypercall(void *env, uint64_t a, uint64_t b, uint64_t c,
                                 uint64_t d)
{
    X86Cpu *cpu = env;

    if (!cpu->model->word[WORD_KVM_EAX]) {
        x86_raise(cpu, EXC_UD);
    }
    if (x86_cpl(cpu)) {
        cpu->env.r[X86_RAX] = -(int64_t)KVM_EPERM;
    } else {
        log_unimplemented("cpu %u: hypercall %" PRIu64 "\n", cpu->index,
                          cpu->env.r[X86_RAX]);
        cpu->env.r[X86_RAX] = -(int64_t)KVM_ENOSYS;
    }
    return 0;
}
const TcgHelper x86_helper_hypercall = { "hypercall", helper_hypercall,
                                         TCG_MAY_RAISE | TCG_WRITES_GLOBALS };
