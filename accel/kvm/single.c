/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One instruction by KVM_SET_GUEST_DEBUG. */
#include "accel/kvm/single.h"

#include "accel/kvm/kvm.h"
#include "util/log.h"

#include <errno.h>
#include <sys/ioctl.h>

static bool single_set(const KvmVcpu *v, uint32_t control)
{
    struct kvm_guest_debug debug = { .control = control };

    if (ioctl(v->fd, KVM_SET_GUEST_DEBUG, &debug) == 0) {
        return true;
    }
    log_printf("kvm: cpu %u: KVM_SET_GUEST_DEBUG: %s\n", v->cpu->index,
               g_strerror(errno));
    return false;
}

/* The registers first: KVM keeps EFLAGS.TF for itself while it steps, and
 * would take the guest's for its own. */
VcpuExit kvm_run_single(Accel *accel, X86Cpu *cpu)
{
    KvmVcpu *v = kvm_vcpu(cpu);
    g_autoptr(GError) err = NULL;

    if (v->ours && !kvm_give_state(v, &err)) {
        log_printf("kvm: cpu %u: %s\n", cpu->index, err->message);
        return VCPU_EXIT_FAILED;
    }
    if (!single_set(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP)) {
        return VCPU_EXIT_FAILED;
    }
    v->single = true;
    VcpuExit why = kvm_run(accel, cpu);

    v->single = false;
    return single_set(v, 0) ? why : VCPU_EXIT_FAILED;
}
