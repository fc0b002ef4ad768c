/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of the guest (VMX or SVM, where KVM shows them). KVM keeps what that
 * needs in a form of its own, which nobody else goes on from; so while there is
 * one the vCPU stays with KVM. What is looked at then is the inner guest's.
 */
#include "accel/kvm/kvm.h"

#include "util/error.h"

#include <errno.h>
#include <sys/ioctl.h>

/* Its state, or on SVM between its states, when no interrupt comes through. */
static bool nested_busy(const struct kvm_nested_state *k)
{
    return (k->flags & KVM_STATE_NESTED_GUEST_MODE) ||
           (k->format == KVM_STATE_NESTED_FORMAT_SVM &&
            !(k->flags & KVM_STATE_NESTED_GIF_SET));
}

bool kvm_check_nested(const KvmVcpu *v, GError **errp)
{
    size_t size = MAX((size_t)v->engine->caps[CAP_NESTED_STATE],
                      sizeof(struct kvm_nested_state));
    g_autofree struct kvm_nested_state *k = g_malloc0(size);

    if (!kvm_has(v->engine, CAP_NESTED_STATE) || !v->cpuid_set) {
        return true;
    }
    k->size = size;
    if (ioctl(v->fd, KVM_GET_NESTED_STATE, k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_NESTED_STATE");
    }
    return !nested_busy(k) ||
           emu_fail(errp, EMU_ERROR_BUSY,
                    "CPU %u runs a guest of its own just now", v->cpu->index);
}

bool kvm_may_leave(Accel *accel, X86Cpu *cpu, GError **errp)
{
    return kvm_check_nested(kvm_vcpu(cpu), errp);
}
