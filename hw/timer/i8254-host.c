/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254 while somebody else runs it: util/chips.h.
 *
 * A host begins channel 0's period anew with each state that it is given. What
 * that costs is added up, and a whole period of it is a tick.
 */
#include "hw/timer/i8254-internal.h"

static void i8254_save(const I8254 *s, PitState *to)
{
    int64_t now = clock_now(s->parent.env->clock);

    *to = (PitState){ .irq_disabled = s->irq_disabled,
                      .speaker = s->port61 & PORT61_SPEAKER };
    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        to->channel[n] = s->channel[n];
        to->channel[n].elapsed = pit_channel_elapsed(&s->channel[n], now);
        to->channel[n].start_ns = 0;
    }
}

static void i8254_load(I8254 *s, const PitState *from)
{
    int64_t now = clock_now(s->parent.env->clock);

    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        PitChannel *c = &s->channel[n];

        *c = from->channel[n];
        c->start_ns = now - pit_ns(c->elapsed);
    }
    s->irq_disabled = from->irq_disabled;
    s->port61 = (from->speaker ? PORT61_SPEAKER : 0) |
                (from->channel[2].gate ? PORT61_GATE2 : 0);
}

void i8254_fetch(I8254 *s)
{
    ChipState state;

    if (s->host) {
        i8254_save(s, &state.pit);
        s->host->get(s->host->opaque, &state);
        i8254_load(s, &state.pit);
    }
}

void i8254_store(I8254 *s)
{
    ChipState state;

    if (s->host) {
        i8254_save(s, &state.pit);
        s->host->put(s->host->opaque, &state);
    }
}

static bool pit_periodic(const PitChannel *c)
{
    return c->loaded && c->running && (c->mode == 2 || c->mode == 3);
}

/* Its line would hide the host's ticks. */
void i8254_stand_down(Device *dev)
{
    I8254 *s = i8254(dev);
    PitChannel *c = &s->channel[0];

    g_mutex_lock(&dev->lock);
    if (pit_periodic(c) && !s->irq_disabled) {
        s->lost +=
            pit_channel_elapsed(c, clock_now(dev->env->clock)) % c->count;
        if (s->lost >= c->count) {
            s->lost -= c->count;
            i8254_set_irq(s, false);
            i8254_set_irq(s, true);
        }
    }
    timer_disarm(&s->timer);
    i8254_set_irq(s, false);
    g_mutex_unlock(&dev->lock);
}

/* At home the line stays low until the next tick: a rise would be one. */
void i8254_set_host(Device *dev, const ChipHost *host)
{
    I8254 *s = i8254(dev);

    g_mutex_lock(&dev->lock);
    i8254_fetch(s);
    if (s->host && s->host->end) {
        s->host->end(s->host->opaque);
    }
    s->host = host;
    i8254_store(s);
    i8254_arm(s, clock_now(dev->env->clock));
    g_mutex_unlock(&dev->lock);
}
