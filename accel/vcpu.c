/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU's thread: it runs its CPU while it is wanted to, sleeps while
 * the CPU is halted or stands still, and does what others ask to have done
 * between two instructions.
 *
 * vcpu->lock guards every field below it and is a leaf: nothing else is taken
 * under it. A wake-up is not lost: what is waited for is set before the lock is
 * taken to signal.
 */
#include "accel/accel.h"

#include <unistd.h>
#include <urcu.h>

typedef struct VcpuJob VcpuJob;

struct VcpuJob {
    void (*fn)(X86Cpu *cpu, void *opaque);
    void *opaque;
    bool done;
    VcpuJob *next;
};

struct Vcpu {
    /* Wiring. */
    Accel *accel;
    X86Cpu *cpu;
    void (*stopped)(void *opaque, Vcpu *vcpu, VcpuExit why);
    void *opaque;
    GThread *thread;

    GMutex lock;
    GCond wake; /* the thread: work, wanted or quit changed */
    GCond news; /* others: standing or a job changed */
    bool wanted, quit;
    int thread_id; /* 0: it has not begun */
    bool standing; /* not inside run(), and will not go there unless wanted */
    VcpuJob *jobs;
};

static __thread Vcpu *vcpu_self;

/* ---- The thread -----------------------------------------------------------
 */

static void vcpu_do_jobs_locked(Vcpu *v)
{
    while (v->jobs) {
        VcpuJob *job = v->jobs;
        v->jobs = job->next;
        g_mutex_unlock(&v->lock);
        rcu_read_lock(); /* jobs look at guest memory */
        job->fn(v->cpu, job->opaque);
        rcu_read_unlock();
        g_mutex_lock(&v->lock);
        job->done = true;
        g_cond_broadcast(&v->news);
    }
}

static bool vcpu_has_work(Vcpu *v)
{
    rcu_read_lock();
    bool work = x86_has_work(v->cpu);
    rcu_read_unlock();
    return work;
}

/* MWAIT: nobody tells of stores to memory, so they are looked for, ever more
 * seldom; and then the wait ends for nothing. */
static void vcpu_wait_locked(Vcpu *v, int64_t *slept_us)
{
    enum { LOOK_MIN_US = 20, LOOK_MAX_US = 1000, WAIT_MAX_US = 10000 };
    int64_t us = CLAMP(*slept_us, LOOK_MIN_US, LOOK_MAX_US);

    if (!g_cond_wait_until(&v->wake, &v->lock, g_get_monotonic_time() + us)) {
        *slept_us += us;
    }
    v->cpu->monitor.waits = *slept_us < WAIT_MAX_US;
}

static void vcpu_sleep_locked(Vcpu *v)
{
    bool waits = v->cpu->monitor.waits;
    int64_t slept_us = 0;

    while (v->wanted && !v->quit && !v->jobs && !vcpu_has_work(v) &&
           v->cpu->monitor.waits == waits) {
        if (waits) {
            vcpu_wait_locked(v, &slept_us);
        } else {
            g_cond_wait(&v->wake, &v->lock);
        }
    }
}

static void vcpu_run_locked(Vcpu *v)
{
    v->standing = false;
    g_mutex_unlock(&v->lock);
    VcpuExit why = v->accel->class->run(v->accel, v->cpu);
    g_mutex_lock(&v->lock);
    if (why == VCPU_EXIT_HALT) {
        vcpu_sleep_locked(v);
    } else if (why != VCPU_EXIT_STOP) {
        v->wanted = false;
        g_mutex_unlock(&v->lock);
        v->stopped(v->opaque, v, why);
        g_mutex_lock(&v->lock);
    }
}

static void vcpu_stand_locked(Vcpu *v)
{
    v->standing = true;
    g_cond_broadcast(&v->news);
    g_cond_wait(&v->wake, &v->lock);
}

static void *vcpu_main(void *opaque)
{
    Vcpu *v = opaque;

    vcpu_self = v;
    rcu_register_thread();
    g_mutex_lock(&v->lock);
    v->thread_id = gettid();
    while (!v->quit) {
        if (v->jobs) {
            vcpu_do_jobs_locked(v);
        } else if (v->wanted) {
            vcpu_run_locked(v);
        } else {
            vcpu_stand_locked(v);
        }
    }
    v->standing = true;
    g_cond_broadcast(&v->news);
    g_mutex_unlock(&v->lock);
    rcu_unregister_thread();
    return NULL;
}

/* ---- From other threads ---------------------------------------------------
 */

/* From another thread: the accelerator may be changing. Signalled without the
 * lock, or the thread would wake only to wait for that. */
static void vcpu_wake(Vcpu *v)
{
    g_mutex_lock(&v->lock);
    v->accel->class->kick(v->cpu);
    g_mutex_unlock(&v->lock);
    g_cond_signal(&v->wake);
}

/* X86Cpu.kick. The thread itself is awake, and may be in light code. */
__attribute__((target("general-regs-only"))) static void vcpu_kick(X86Cpu *cpu)
{
    Vcpu *v = cpu->vcpu;

    if (vcpu_self == v) {
        v->accel->class->kick(cpu);
    } else {
        vcpu_wake(v);
    }
}

/* Make it look at wanted, quit and jobs. */
static void vcpu_interrupt(Vcpu *v)
{
    x86_set_pending(v->cpu, X86_PENDING_STOP);
}

Vcpu *vcpu_new(Accel *accel, X86Cpu *cpu,
               void (*stopped)(void *opaque, Vcpu *vcpu, VcpuExit why),
               void *opaque, GError **errp)
{
    if (!accel->class->vcpu_init(accel, cpu, errp)) {
        return NULL;
    }
    Vcpu *v = g_new0(Vcpu, 1);
    g_autofree char *name = g_strdup_printf("vcpu %u", cpu->index);

    v->accel = accel;
    v->cpu = cpu;
    v->stopped = stopped;
    v->opaque = opaque;
    g_mutex_init(&v->lock);
    g_cond_init(&v->wake);
    g_cond_init(&v->news);
    cpu->vcpu = v;
    cpu->kick = vcpu_kick;
    v->thread = g_thread_try_new(name, vcpu_main, v, errp);
    if (!v->thread) {
        vcpu_free(v);
        return NULL;
    }
    return v;
}

void vcpu_free(Vcpu *v)
{
    if (!v) {
        return;
    }
    g_mutex_lock(&v->lock);
    v->quit = true;
    v->wanted = false;
    g_mutex_unlock(&v->lock);
    if (v->thread) {
        vcpu_interrupt(v);
        g_thread_join(v->thread);
    }
    v->accel->class->vcpu_clear(v->accel, v->cpu);
    v->cpu->vcpu = NULL;
    v->cpu->kick = NULL;
    g_mutex_clear(&v->lock);
    g_cond_clear(&v->wake);
    g_cond_clear(&v->news);
    g_free(v);
}

void vcpu_resume(Vcpu *v)
{
    g_mutex_lock(&v->lock);
    v->wanted = true;
    g_cond_signal(&v->wake);
    g_mutex_unlock(&v->lock);
}

void vcpu_pause(Vcpu *v)
{
    g_mutex_lock(&v->lock);
    v->wanted = false;
    g_mutex_unlock(&v->lock);
    vcpu_interrupt(v);
    if (vcpu_self == v) {
        return; /* it stands still as soon as it gets back to its loop */
    }
    g_mutex_lock(&v->lock);
    while (!v->standing && !v->wanted) {
        g_cond_wait(&v->news, &v->lock);
    }
    g_mutex_unlock(&v->lock);
}

bool vcpu_running(const Vcpu *v)
{
    Vcpu *vcpu = (Vcpu *)v;
    g_mutex_lock(&vcpu->lock);
    bool running = v->wanted;
    g_mutex_unlock(&vcpu->lock);
    return running;
}

X86Cpu *vcpu_cpu(Vcpu *v)
{
    return v->cpu;
}

/* It says so when it stands for the first time. */
int vcpu_thread_id(Vcpu *v)
{
    g_mutex_lock(&v->lock);
    while (!v->thread_id) {
        g_cond_wait(&v->news, &v->lock);
    }
    int id = v->thread_id;

    g_mutex_unlock(&v->lock);
    return id;
}

bool vcpu_set_accel(Vcpu *v, Accel *to, GError **errp)
{
    Accel *from = v->accel;

    if (!from->class->get_state(from, v->cpu, errp)) {
        return false;
    }
    if (from->class->leave) {
        from->class->leave(from, v->cpu);
    }
    g_mutex_lock(&v->lock); /* against kicks */
    bool ok = to->class->vcpu_init(to, v->cpu, errp);

    if (ok) { /* they have fields of their own, but for this one */
        const X86MmuOps *ops = v->cpu->mmu_ops;

        from->class->vcpu_clear(from, v->cpu);
        v->cpu->mmu_ops = ops;
        v->accel = to;
    }
    g_mutex_unlock(&v->lock);
    v->accel->class->put_state(v->accel, v->cpu);
    return ok;
}

void vcpu_call(Vcpu *v, void (*fn)(X86Cpu *cpu, void *opaque), void *opaque)
{
    VcpuJob job = { .fn = fn, .opaque = opaque };

    if (vcpu_self == v) {
        fn(v->cpu, opaque);
        return;
    }
    g_mutex_lock(&v->lock);
    VcpuJob **last = &v->jobs;
    while (*last) {
        last = &(*last)->next;
    }
    *last = &job;
    bool runs = !v->standing;
    g_cond_signal(&v->wake);
    g_mutex_unlock(&v->lock);
    if (runs) {
        vcpu_interrupt(v);
    }
    g_mutex_lock(&v->lock);
    while (!job.done) {
        g_cond_wait(&v->news, &v->lock);
    }
    g_mutex_unlock(&v->lock);
}
