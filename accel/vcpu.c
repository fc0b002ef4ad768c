/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU's thread: runs while it may, sleeps while its CPU is halted,
 * stands still when it is paused. Requests (pause, call, end) are flags under
 * one lock; X86_PENDING_STOP brings the thread out of the accelerator.
 */
#include "accel/accel.h"

#include <urcu/urcu-memb.h>

struct Vcpu {
    Accel *accel;
    X86Cpu *cpu;
    void (*stopped)(void *opaque, Vcpu *vcpu, VcpuExit why);
    void *opaque;
    GThread *thread;
    void (*accel_kick)(X86Cpu *cpu);

    GMutex lock; /* guards all below */
    GCond wake;  /* the thread waits on it */
    GCond still; /* others wait on it for the thread */
    bool run_wanted, quit, standing;
    void (*call)(X86Cpu *cpu, void *opaque);
    void *call_opaque;
};

/* The CPU's kick hook: out of translated code, and out of the halt. */
static void vcpu_kick(X86Cpu *cpu)
{
    Vcpu *v = cpu->vcpu;

    v->accel->class->kick(cpu);
    g_mutex_lock(&v->lock);
    g_cond_broadcast(&v->wake);
    g_mutex_unlock(&v->lock);
}

static void vcpu_ask_stop(Vcpu *v)
{
    __atomic_fetch_or(&v->cpu->pending, X86_PENDING_STOP, __ATOMIC_SEQ_CST);
    v->accel->class->kick(v->cpu);
    g_cond_broadcast(&v->wake);
}

static void vcpu_serve_call_locked(Vcpu *v)
{
    if (v->call) {
        v->call(v->cpu, v->call_opaque);
        v->call = NULL;
        g_cond_broadcast(&v->still);
    }
}

/* Sleep until there is something to run; false: end of the thread. */
static bool vcpu_wait_locked(Vcpu *v, bool halted)
{
    for (;;) {
        vcpu_serve_call_locked(v);
        if (v->quit) {
            return false;
        }
        if (v->run_wanted && (!halted || x86_has_work(v->cpu))) {
            v->standing = false;
            return true;
        }
        if (!v->run_wanted && !v->standing) {
            v->standing = true;
            g_cond_broadcast(&v->still);
        }
        g_cond_wait(&v->wake, &v->lock);
    }
}

static void *vcpu_thread(void *opaque)
{
    Vcpu *v = opaque;
    VcpuExit why = VCPU_EXIT_STOP;

    urcu_memb_register_thread();
    g_mutex_lock(&v->lock);
    while (vcpu_wait_locked(v, why == VCPU_EXIT_HALT)) {
        __atomic_fetch_and(&v->cpu->pending, ~(uint32_t)X86_PENDING_STOP,
                           __ATOMIC_SEQ_CST);
        g_mutex_unlock(&v->lock);
        why = v->accel->class->run(v->accel, v->cpu);
        g_mutex_lock(&v->lock);
        if (why == VCPU_EXIT_HALT || why == VCPU_EXIT_STOP) {
            continue;
        }
        v->run_wanted = false;
        g_mutex_unlock(&v->lock);
        v->stopped(v->opaque, v, why);
        g_mutex_lock(&v->lock);
    }
    v->standing = true;
    g_cond_broadcast(&v->still);
    g_mutex_unlock(&v->lock);
    urcu_memb_unregister_thread();
    return NULL;
}

Vcpu *vcpu_new(Accel *accel, X86Cpu *cpu,
               void (*stopped)(void *opaque, Vcpu *vcpu, VcpuExit why),
               void *opaque, GError **errp)
{
    if (!accel->class->vcpu_init(accel, cpu, errp)) {
        return NULL;
    }
    Vcpu *v = g_new0(Vcpu, 1);
    g_autofree char *name =
        g_strdup_printf("CPU %u/%s", cpu->index, accel->class->name);

    v->accel = accel;
    v->cpu = cpu;
    v->stopped = stopped;
    v->opaque = opaque;
    g_mutex_init(&v->lock);
    g_cond_init(&v->wake);
    g_cond_init(&v->still);
    cpu->vcpu = v;
    cpu->kick = vcpu_kick;
    v->thread = g_thread_new(name, vcpu_thread, v);
    return v;
}

void vcpu_free(Vcpu *v)
{
    if (!v) {
        return;
    }
    g_mutex_lock(&v->lock);
    v->quit = true;
    vcpu_ask_stop(v);
    g_mutex_unlock(&v->lock);
    g_thread_join(v->thread);
    v->cpu->kick = NULL;
    v->accel->class->vcpu_clear(v->accel, v->cpu);
    v->cpu->vcpu = NULL;
    g_mutex_clear(&v->lock);
    g_cond_clear(&v->wake);
    g_cond_clear(&v->still);
    g_free(v);
}

void vcpu_resume(Vcpu *v)
{
    g_mutex_lock(&v->lock);
    v->run_wanted = true;
    g_cond_broadcast(&v->wake);
    g_mutex_unlock(&v->lock);
}

void vcpu_pause(Vcpu *v)
{
    g_mutex_lock(&v->lock);
    v->run_wanted = false;
    if (g_thread_self() != v->thread) {
        while (!v->standing) {
            vcpu_ask_stop(v);
            g_cond_wait(&v->still, &v->lock);
        }
    }
    g_mutex_unlock(&v->lock);
}

bool vcpu_running(const Vcpu *v)
{
    return v->run_wanted;
}

X86Cpu *vcpu_cpu(Vcpu *v)
{
    return v->cpu;
}

void vcpu_call(Vcpu *v, void (*fn)(X86Cpu *cpu, void *opaque), void *opaque)
{
    g_mutex_lock(&v->lock);
    while (v->call) {
        g_cond_wait(&v->still, &v->lock);
    }
    v->call = fn;
    v->call_opaque = opaque;
    while (v->call) {
        vcpu_ask_stop(v);
        g_cond_wait(&v->still, &v->lock);
    }
    g_mutex_unlock(&v->lock);
}
