/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making vCPUs stand still: before their TLBs are changed by somebody else,
 * before the code buffer is emptied, and while one of them does alone what the
 * host cannot do atomically.
 *
 * A vCPU says `inside` and then looks at `held`; a holder says `held` and then
 * looks at `inside`, each with sequential consistency: so one sees the other. A
 * vCPU that finds itself held goes out and sleeps; one that is inside is kicked
 * and comes by. It is out, too, while it waits for `translating`, which a
 * holder has; so nobody waits in a circle.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/tcg.h"

static void hold_say_inside(TcgVcpu *v, bool inside)
{
    __atomic_store_n(&v->inside, inside, __ATOMIC_SEQ_CST);
}

static bool hold_is_inside(const TcgVcpu *v)
{
    return __atomic_load_n(&v->inside, __ATOMIC_SEQ_CST);
}

bool hold_is_held(const TcgVcpu *v)
{
    return __atomic_load_n(&v->held, __ATOMIC_SEQ_CST);
}

/* ---- The vCPU's side ------------------------------------------------------
 */

static void hold_stand(TcgVcpu *v)
{
    TcgEngine *e = v->engine;

    g_mutex_lock(&e->hold_lock);
    hold_say_inside(v, false);
    g_cond_broadcast(&e->hold_news);
    while (hold_is_held(v)) {
        g_cond_wait(&e->hold_news, &e->hold_lock);
    }
    g_mutex_unlock(&e->hold_lock);
}

void hold_enter(TcgVcpu *v)
{
    if (!engine_smp(v->engine)) {
        return;
    }
    hold_say_inside(v, true);
    while (hold_is_held(v)) {
        hold_stand(v);
        hold_say_inside(v, true);
    }
}

void hold_leave(TcgVcpu *v)
{
    TcgEngine *e = v->engine;

    if (!engine_smp(e)) {
        return;
    }
    hold_say_inside(v, false);
    if (hold_is_held(v)) {
        g_mutex_lock(&e->hold_lock);
        g_cond_broadcast(&e->hold_news);
        g_mutex_unlock(&e->hold_lock);
    }
}

bool hold_take_translating(TcgVcpu *v)
{
    GMutex *lock = &v->engine->translating;

    if (g_mutex_trylock(lock)) {
        return false;
    }
    hold_leave(v);
    g_mutex_lock(lock);
    hold_enter(v); /* at once: whoever could hold us has not got the lock */
    return true;
}

/* ---- The holder's side ----------------------------------------------------
 */

static bool hold_concerns(const TcgVcpu *v, const uint8_t *host)
{
    unsigned bit = engine_opened_bit(host);

    return !host || (__atomic_load_n(&v->opened[bit / 64], __ATOMIC_SEQ_CST) >>
                         (bit % 64) &
                     1);
}

void hold_others(TcgVcpu *self, const uint8_t *host)
{
    TcgEngine *e = self->engine;

    if (self->alone) {
        return; /* they are held */
    }
    e->stats.holds++;
    g_mutex_lock(&e->hold_lock);
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        TcgVcpu *v = e->vcpus->pdata[i];
        if (v != self && hold_concerns(v, host)) {
            __atomic_store_n(&v->held, 1, __ATOMIC_SEQ_CST);
            if (hold_is_inside(v)) {
                tcg_kick(v->cpu);
            }
        }
    }
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        TcgVcpu *v = e->vcpus->pdata[i];
        while (hold_is_held(v) && hold_is_inside(v)) {
            g_cond_wait(&e->hold_news, &e->hold_lock);
        }
    }
    g_mutex_unlock(&e->hold_lock);
}

void hold_release(TcgVcpu *self)
{
    TcgEngine *e = self->engine;

    if (self->alone) {
        return;
    }
    g_mutex_lock(&e->hold_lock);
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        TcgVcpu *v = e->vcpus->pdata[i];
        __atomic_store_n(&v->held, 0, __ATOMIC_SEQ_CST);
    }
    g_cond_broadcast(&e->hold_news);
    g_mutex_unlock(&e->hold_lock);
}
