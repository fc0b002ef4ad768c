/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine stands: what KVM would run all the same comes home. Its timers
 * count the host's time, which goes on, so local APICs are X86Cpu's until the
 * machine goes on; their counts stop with the virtual clock. Messages find them
 * wherever they are.
 */
#include "accel/kvm/kvm.h"

#include "target/x86/apic.h"
#include "util/log.h"

#include <urcu.h>

static bool stand_fetch_locked(KvmEngine *e, GError **errp)
{
    for (guint i = 0; i < e->vcpus->len; i++) {
        if (!kvm_get_apic(e->vcpus->pdata[i], errp)) {
            return false;
        }
    }
    return true;
}

/* What KVM does not give up it keeps, timers too. */
static void stand_take_apics_locked(KvmEngine *e)
{
    g_autoptr(GError) err = NULL;

    kvm_irqchip_forget_locked(e); /* waits for what is under way */
    if (!stand_fetch_locked(e, &err)) {
        log_printf("kvm: the local APICs' timers go on: %s\n", err->message);
        return;
    }
    e->irqchip.home = true;
    for (guint i = 0; i < e->vcpus->len; i++) {
        KvmVcpu *v = e->vcpus->pdata[i];

        v->apic_ours = true;
        x86_apic_set_away(v->cpu->apic, false);
    }
}

void kvm_stand(Accel *accel)
{
    KvmEngine *e = kvm_engine(accel);

    kvm_bells_flush(e);
    if (kvm_has_apics(e)) {
        g_mutex_lock(&e->irqchip.lock);
        if (!e->irqchip.home) {
            stand_take_apics_locked(e);
        }
        g_mutex_unlock(&e->irqchip.lock);
    }
}

/* Deadlines are in the guest's TSC, so that comes first. */
static bool stand_give(KvmVcpu *v, GError **errp)
{
    return v->ours ? kvm_give_state(v, errp)
                   : kvm_put_tsc(v, errp) && kvm_put_apic(v, errp);
}

/* An end of interrupt that the guest left in its memory may send a message. */
static void stand_settle_eois(const KvmEngine *e)
{
    rcu_read_lock();
    for (guint i = 0; i < e->vcpus->len; i++) {
        x86_pv_eoi_settle(((KvmVcpu *)e->vcpus->pdata[i])->cpu);
    }
    rcu_read_unlock();
}

/* A vCPU that cannot be given its state says so itself when it runs. */
void kvm_go(Accel *accel)
{
    KvmEngine *e = kvm_engine(accel);

    if (!kvm_has_apics(e)) {
        return;
    }
    stand_settle_eois(e);
    g_mutex_lock(&e->irqchip.lock);
    for (guint i = 0; i < e->vcpus->len; i++) {
        KvmVcpu *v = e->vcpus->pdata[i];
        g_autoptr(GError) err = NULL;

        if (!stand_give(v, &err)) {
            log_printf("kvm: cpu %u: %s\n", v->cpu->index, err->message);
        }
    }
    e->irqchip.home = false;
    g_mutex_unlock(&e->irqchip.lock);
}
