/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time under KVM. The guest's TSC is the host's, scaled, plus an offset, which
 * is set directly: writing the counter would let KVM guess what was meant. It
 * starts from the virtual clock, stands still with it, and gives what it has
 * drifted since (KVM's clock is not corrected by NTP) to X86Cpu.tsc_offset when
 * the state leaves KVM. Linux Documentation/virt/kvm/devices/vcpu.rst.
 */
#include "accel/kvm/kvm.h"

#include "target/x86/apic.h"
#include "target/x86/model.h"
#include "target/x86/msr.h"
#include "target/x86/tsc.h"
#include "util/error.h"

#include <errno.h>
#include <sys/ioctl.h>

/* The host's counter in the guest's ticks. */
static uint64_t tsc_scaled(const KvmVcpu *v, uint64_t host)
{
    uint64_t from = v->engine->host_tsc_hz, to = v->cpu->model->tsc_hz;

    return from == to ? host : (uint64_t)((unsigned __int128)host * to / from);
}

/* Without the offset, where the counter stands by the virtual clock, less the
 * host's: as exact as two readings next to each other are. */
static uint64_t tsc_measure(KvmVcpu *v)
{
    uint64_t best = UINT64_MAX, base = 0;

    for (unsigned i = 0; i < 5; i++) {
        uint64_t before = x86_tsc_host();
        uint64_t ticks = x86_tsc_ticks(v->cpu, clock_now(v->cpu->clock));
        uint64_t after = x86_tsc_host();

        if (after - before < best) {
            best = after - before;
            base = ticks - tsc_scaled(v, before + best / 2);
        }
    }
    return base;
}

/* A clock that stood still takes the counter with it. */
static uint64_t tsc_base_locked(KvmVcpu *v)
{
    KvmEngine *e = v->engine;
    int64_t lag = clock_lag(v->cpu->clock);

    if (!e->tsc_base_set) {
        e->tsc_base = tsc_measure(v);
        e->tsc_base_set = true;
    } else if (lag != e->tsc_lag_ns) {
        int64_t behind = lag - e->tsc_lag_ns;

        e->tsc_base -= behind < 0 ? -x86_tsc_ticks(v->cpu, -behind)
                                  : x86_tsc_ticks(v->cpu, behind);
    }
    e->tsc_lag_ns = lag;
    return e->tsc_base;
}

static bool tsc_attr(KvmVcpu *v, int request, uint64_t *offset)
{
    struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL,
                                    .attr = KVM_VCPU_TSC_OFFSET,
                                    .addr = (uintptr_t)offset };

    return ioctl(v->fd, request, &attr) == 0;
}

/* KVM's clock structure counts what the translator's does: virtual time. */
static void tsc_put_clock(KvmVcpu *v)
{
    struct kvm_clock_data data = { .clock = clock_now(v->cpu->clock) };

    if (kvm_has(v->engine, CAP_ADJUST_CLOCK)) {
        ioctl(v->engine->vm_fd, KVM_SET_CLOCK, &data);
    }
}

bool kvm_put_tsc(KvmVcpu *v, GError **errp)
{
    KvmEngine *e = v->engine;
    X86Cpu *cpu = v->cpu;
    int64_t lag = clock_lag(cpu->clock);

    if (v->tsc_set && v->tsc_offset == cpu->tsc_offset &&
        v->tsc_lag_ns == lag) {
        return true;
    }
    g_mutex_lock(&e->tsc_lock);
    uint64_t offset = tsc_base_locked(v) + cpu->tsc_offset;

    g_mutex_unlock(&e->tsc_lock);
    if (!v->tsc_set && kvm_has(e, CAP_TSC_CONTROL) &&
        ioctl(v->fd, KVM_SET_TSC_KHZ, cpu->model->tsc_hz / 1000) != 0) {
        return emu_fail_errno(errp, errno, "KVM_SET_TSC_KHZ");
    }
    if (!tsc_attr(v, KVM_SET_DEVICE_ATTR, &offset)) {
        return emu_fail_errno(errp, errno, "KVM_VCPU_TSC_OFFSET");
    }
    v->tsc_set = true;
    v->tsc_offset = cpu->tsc_offset;
    v->tsc_lag_ns = lag;
    if (cpu->index == 0) {
        tsc_put_clock(v);
    }
    return kvm_rearm_deadline(v, errp);
}

/* How far the virtual clock has gone ahead of the counter; one measure serves
 * all vCPUs that leave together. */
static int64_t tsc_drift(KvmVcpu *v)
{
    KvmEngine *e = v->engine;
    uint64_t now = x86_tsc_host();

    g_mutex_lock(&e->tsc_lock);
    uint64_t base = tsc_base_locked(v);

    if (!e->drift_host || now - e->drift_host > e->host_tsc_hz) {
        e->drift_host = now;
        e->drift = tsc_measure(v) - base;
    }
    int64_t drift = e->drift;

    g_mutex_unlock(&e->tsc_lock);
    return drift;
}

/* What the guest did to its counter. */
bool kvm_get_tsc(KvmVcpu *v, GError **errp)
{
    uint64_t offset, base;

    if (!tsc_attr(v, KVM_GET_DEVICE_ATTR, &offset)) {
        return emu_fail_errno(errp, errno, "KVM_VCPU_TSC_OFFSET");
    }
    g_mutex_lock(&v->engine->tsc_lock);
    base = tsc_base_locked(v);
    g_mutex_unlock(&v->engine->tsc_lock);
    v->cpu->tsc_offset = offset - base;
    v->tsc_offset = v->cpu->tsc_offset;
    return true;
}

/* The counter goes on where the guest saw it last, whatever the virtual clock
 * says of it. KVM's clock structure is ours to write again. */
void kvm_leave(Accel *accel, X86Cpu *cpu)
{
    KvmVcpu *v = kvm_vcpu(cpu);

    cpu->tsc_offset -= tsc_drift(v);
    x86_kvmclock_update(cpu);
    if (x86_apic_away(cpu->apic)) {
        v->apic_ours = true;
        x86_apic_set_away(cpu->apic, false);
    }
}
