/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * High precision event timers: IA-PC HPET specification 1.0a, a 100 MHz main
 * counter of 64 bits, timers periodic, level or edge, with legacy replacement.
 * Not done: delivery by memory write (FSB), which capabilities do not offer.
 */
#include "hw/timer/hpet.h"

enum {
    HPET_CAPABILITIES = 0x000,
    HPET_CONFIG = 0x010,
    HPET_STATUS = 0x020,
    HPET_COUNTER = 0x0f0,
    HPET_TIMERS = 0x100,
    HPET_TIMER_STRIDE = 0x20,
    HPET_TN_CONFIG = 0x00,
    HPET_TN_COMPARATOR = 0x08,
    HPET_TN_ROUTE = 0x10,

    HPET_CONFIG_ENABLE = 1 << 0,
    HPET_CONFIG_LEGACY = 1 << 1,

    HPET_TN_LEVEL = 1 << 1,
    HPET_TN_ENABLE = 1 << 2,
    HPET_TN_PERIODIC = 1 << 3,
    HPET_TN_PERIODIC_CAP = 1 << 4,
    HPET_TN_SIZE_CAP = 1 << 5,
    HPET_TN_SETVAL = 1 << 6,
    HPET_TN_32BIT = 1 << 8,
    HPET_TN_INT_ROUTE_SHIFT = 9,
    HPET_TN_INT_ROUTE = 0x1f << HPET_TN_INT_ROUTE_SHIFT,
    HPET_TN_WRITABLE = HPET_TN_LEVEL | HPET_TN_ENABLE | HPET_TN_PERIODIC |
                       HPET_TN_SETVAL | HPET_TN_32BIT | HPET_TN_INT_ROUTE,

    HPET_MAX_TIMERS = 32,
    HPET_TICK_NS = 10,
};
/* Periods shorter than 20 us are served at this pace. */
#define HPET_MIN_PERIOD (20 * NS_PER_US / HPET_TICK_NS)

struct Hpet;

typedef struct HpetTimer {
    /* Wiring. */
    struct Hpet *hpet;
    Timer timer;
    unsigned n;

    /* Guest-visible state. */
    uint64_t config; /* low half; the routing capability is a property */
    uint64_t comparator;
    uint64_t period;
    bool level; /* its output is held high (level-triggered) */
} HpetTimer;

typedef struct Hpet {
    Device parent;

    /* Wiring and properties. */
    MemoryRegion io;
    IrqLine out[HPET_OUTPUTS];
    IrqLine legacy;
    uint8_t timers;
    uint32_t route_cap;

    /* Guest-visible state. */
    uint64_t config;
    uint64_t status;
    uint64_t counter; /* while it stands */
    int64_t start_ns; /* when it was 0, while it runs */
    bool rtc_level;
    HpetTimer timer[HPET_MAX_TIMERS];
} Hpet;

static Hpet *hpet(Device *dev)
{
    return container_of(dev, Hpet, parent);
}

/* ---- The main counter -------------------------------------------------- */

static bool hpet_enabled(const Hpet *s)
{
    return s->config & HPET_CONFIG_ENABLE;
}

static bool hpet_legacy(const Hpet *s)
{
    return s->config & HPET_CONFIG_LEGACY;
}

static uint64_t hpet_counter(const Hpet *s)
{
    if (!hpet_enabled(s)) {
        return s->counter;
    }
    /* Unsigned: a guest may set the counter to anything. */
    uint64_t ns =
        (uint64_t)clock_now(s->parent.env->clock) - (uint64_t)s->start_ns;
    return s->counter + ns / HPET_TICK_NS;
}

/* ---- Interrupts -------------------------------------------------------- */

/* The output a timer drives. Legacy replacement: timer 0 takes the 8254's
 * place, timer 1 the RTC's (2.3.5). */
static unsigned hpet_timer_route(const HpetTimer *t)
{
    if (hpet_legacy(t->hpet) && t->n < 2) {
        return t->n == 0 ? 0 : HPET_RTC_OUTPUT;
    }
    return (t->config & HPET_TN_INT_ROUTE) >> HPET_TN_INT_ROUTE_SHIFT;
}

static void hpet_timer_set_output(HpetTimer *t, bool level)
{
    unsigned route = hpet_timer_route(t);

    t->level = level;
    if (route < HPET_OUTPUTS) {
        irq_set(&t->hpet->out[route], level);
    }
}

static void hpet_timer_lower(HpetTimer *t)
{
    if (t->level) {
        hpet_timer_set_output(t, false);
    }
}

static void hpet_timer_interrupt(HpetTimer *t)
{
    Hpet *s = t->hpet;

    if (t->config & HPET_TN_LEVEL) {
        s->status |= UINT64_C(1) << t->n;
    }
    if (!(t->config & HPET_TN_ENABLE)) {
        return;
    }
    hpet_timer_set_output(t, true);
    if (!(t->config & HPET_TN_LEVEL)) {
        hpet_timer_set_output(t, false);
    }
}

/* ---- Comparators ------------------------------------------------------- */

static bool hpet_timer_is_periodic(const HpetTimer *t)
{
    return t->config & HPET_TN_PERIODIC;
}

/* Ticks until the comparator matches; a match that was missed by less than
 * half the counter's range is due now. */
static uint64_t hpet_timer_left(const HpetTimer *t, uint64_t now)
{
    if (t->config & HPET_TN_32BIT) {
        int32_t left = (uint32_t)t->comparator - (uint32_t)now;

        return MAX(left, 0);
    }
    int64_t left = t->comparator - now;
    return MAX(left, 0);
}

static void hpet_timer_arm_in(HpetTimer *t, uint64_t ticks)
{
    int64_t now = clock_now(t->hpet->parent.env->clock);
    uint64_t most = (INT64_MAX - (uint64_t)now) / HPET_TICK_NS;

    timer_arm(&t->timer, now + MIN(ticks, most) * HPET_TICK_NS);
}

static void hpet_timer_arm(HpetTimer *t)
{
    Hpet *s = t->hpet;

    if (!hpet_enabled(s) || !(t->config & HPET_TN_ENABLE)) {
        timer_disarm(&t->timer);
        return;
    }
    hpet_timer_arm_in(t, hpet_timer_left(t, hpet_counter(s)));
}

/* The next match of a periodic timer lies ahead: lost ones are skipped. */
static void hpet_timer_step(HpetTimer *t, uint64_t now)
{
    uint64_t period = t->period;

    if (t->config & HPET_TN_32BIT) {
        uint32_t late = (uint32_t)now - (uint32_t)t->comparator;
        uint32_t steps = late / (uint32_t)period + 1;

        t->comparator = (uint32_t)(t->comparator + steps * period);
    } else {
        t->comparator += ((now - t->comparator) / period + 1) * period;
    }
}

static void hpet_timer_fire(void *opaque)
{
    HpetTimer *t = opaque;
    uint64_t now = hpet_counter(t->hpet);

    hpet_timer_interrupt(t);
    if (hpet_timer_is_periodic(t) && t->period) {
        hpet_timer_step(t, now);
        hpet_timer_arm_in(
            t, MAX(hpet_timer_left(t, now),
                   t->period < HPET_MIN_PERIOD ? HPET_MIN_PERIOD : 0));
    } else if (t->config & HPET_TN_32BIT) {
        /* It matches again when the counter has come round. */
        hpet_timer_arm_in(t, UINT64_C(1) << 32);
    }
}

static void hpet_arm_all(Hpet *s)
{
    for (unsigned n = 0; n < s->timers; n++) {
        hpet_timer_arm(&s->timer[n]);
    }
}

/* ---- Registers --------------------------------------------------------- */

static uint64_t hpet_capabilities(const Hpet *s)
{
    /* Period in fs | vendor | legacy capable, 64 bits | timers | revision. */
    return (uint64_t)HPET_TICK_NS * 1000000 << 32 | UINT64_C(0x8086a001) |
           (uint64_t)(s->timers - 1) << 8;
}

uint32_t hpet_block_id(Device *dev)
{
    return hpet_capabilities(hpet(dev));
}

static void hpet_set_legacy(Hpet *s, bool on)
{
    irq_set(&s->legacy, on);
    irq_set(&s->out[HPET_RTC_OUTPUT], !on && s->rtc_level);
}

static void hpet_write_config(Hpet *s, uint64_t val)
{
    uint64_t changed = s->config ^ val;

    if (changed & HPET_CONFIG_ENABLE) {
        s->counter = hpet_counter(s);
        s->start_ns = clock_now(s->parent.env->clock);
    }
    if (changed & HPET_CONFIG_LEGACY) {
        for (unsigned n = 0; n < 2 && n < s->timers; n++) {
            hpet_timer_lower(&s->timer[n]);
        }
    }
    s->config = val & (HPET_CONFIG_ENABLE | HPET_CONFIG_LEGACY);
    if (changed & HPET_CONFIG_LEGACY) {
        hpet_set_legacy(s, hpet_legacy(s));
    }
    hpet_arm_all(s);
}

/* Writing 1 ends a level-triggered interrupt. */
static void hpet_write_status(Hpet *s, uint64_t val)
{
    uint64_t cleared = s->status & val;

    s->status &= ~cleared;
    for (unsigned n = 0; n < s->timers; n++) {
        if (cleared >> n & 1) {
            hpet_timer_lower(&s->timer[n]);
        }
    }
}

static void hpet_write_counter(Hpet *s, uint64_t val)
{
    if (hpet_enabled(s)) {
        log_guest_error("hpet: counter written while it runs\n");
    }
    s->counter = val;
    s->start_ns = clock_now(s->parent.env->clock);
    hpet_arm_all(s);
}

static void hpet_timer_write_config(HpetTimer *t, uint64_t val)
{
    uint64_t old = t->config;

    hpet_timer_lower(t);
    t->config = (old & ~(uint64_t)HPET_TN_WRITABLE) | (val & HPET_TN_WRITABLE);
    if (t->config & HPET_TN_32BIT) {
        t->comparator = (uint32_t)t->comparator;
        t->period = (uint32_t)t->period;
    }
    /* Status without an edge: a timer made edge-triggered loses its bit. */
    if (!(t->config & HPET_TN_LEVEL)) {
        t->hpet->status &= ~(UINT64_C(1) << t->n);
    } else if ((t->hpet->status >> t->n & 1) && (t->config & HPET_TN_ENABLE)) {
        hpet_timer_set_output(t, true);
    }
    hpet_timer_arm(t);
}

static uint64_t hpet_merge(uint64_t old, uint64_t val, uint64_t mask)
{
    return (old & ~mask) | (val & mask);
}

/* Periodic timers: the first write after SETVAL is the comparator, each write
 * is the period as well (2.3.9.2.2). */
static void hpet_timer_write_comparator(HpetTimer *t, uint64_t val,
                                        uint64_t mask)
{
    if (!hpet_timer_is_periodic(t) || (t->config & HPET_TN_SETVAL)) {
        t->comparator = hpet_merge(t->comparator, val, mask);
    }
    if (hpet_timer_is_periodic(t)) {
        t->period = hpet_merge(t->period, val, mask);
    }
    if (t->config & HPET_TN_32BIT) {
        t->comparator = (uint32_t)t->comparator;
        t->period = (uint32_t)t->period;
    }
    t->config &= ~(uint64_t)HPET_TN_SETVAL;
    hpet_timer_arm(t);
}

static uint64_t hpet_timer_read(const HpetTimer *t, unsigned off)
{
    switch (off) {
    case HPET_TN_CONFIG:
        return t->config | (uint64_t)t->hpet->route_cap << 32;
    case HPET_TN_COMPARATOR:
        return t->comparator;
    default:
        return 0;
    }
}

static void hpet_timer_write(HpetTimer *t, unsigned off, uint64_t val,
                             uint64_t mask)
{
    switch (off) {
    case HPET_TN_CONFIG:
        hpet_timer_write_config(t, hpet_merge(t->config, val, mask));
        break;
    case HPET_TN_COMPARATOR:
        hpet_timer_write_comparator(t, val, mask);
        break;
    default:
        log_guest_error("hpet: timer %u: write of register 0x%x\n", t->n, off);
        break;
    }
}

/* The 64-bit register at off, a multiple of 8. */
static uint64_t hpet_read_reg(Hpet *s, unsigned off)
{
    unsigned n = (off - HPET_TIMERS) / HPET_TIMER_STRIDE;

    switch (off) {
    case HPET_CAPABILITIES:
        return hpet_capabilities(s);
    case HPET_CONFIG:
        return s->config;
    case HPET_STATUS:
        return s->status;
    case HPET_COUNTER:
        return hpet_counter(s);
    default:
        if (off >= HPET_TIMERS && n < s->timers) {
            return hpet_timer_read(&s->timer[n], off % HPET_TIMER_STRIDE);
        }
        log_guest_error("hpet: read of unknown register 0x%x\n", off);
        return 0;
    }
}

/* The bits of mask are written. */
static void hpet_write_reg(Hpet *s, unsigned off, uint64_t val, uint64_t mask)
{
    unsigned n = (off - HPET_TIMERS) / HPET_TIMER_STRIDE;

    switch (off) {
    case HPET_CAPABILITIES:
        break;
    case HPET_CONFIG:
        hpet_write_config(s, hpet_merge(s->config, val, mask));
        break;
    case HPET_STATUS:
        hpet_write_status(s, val & mask);
        break;
    case HPET_COUNTER:
        hpet_write_counter(s, hpet_merge(hpet_counter(s), val, mask));
        break;
    default:
        if (off >= HPET_TIMERS && n < s->timers) {
            hpet_timer_write(&s->timer[n], off % HPET_TIMER_STRIDE, val, mask);
        } else {
            log_guest_error("hpet: write of unknown register 0x%x\n", off);
        }
        break;
    }
}

static bool hpet_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    *val = hpet_read_reg(opaque, off & ~(hwaddr)7) >> 8 * (off & 7);
    return true;
}

static bool hpet_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    unsigned shift = 8 * (off & 7);
    uint64_t mask = size == 8 ? UINT64_MAX : UINT64_C(0xffffffff) << shift;

    trace(hpet_write, "reg %03x = %" PRIx64, (unsigned)off, val);
    hpet_write_reg(opaque, off & ~(hwaddr)7, val << shift, mask);
    return true;
}

static const MemoryOps hpet_ops = {
    .read = hpet_read,
    .write = hpet_write,
    .valid = { .min = 4, .max = 8 },
    .impl = { .min = 4, .max = 8 },
};

/* ---- Wiring ------------------------------------------------------------ */

void hpet_connect(Device *dev, unsigned n, IrqLine line)
{
    g_assert(n < HPET_OUTPUTS);
    hpet(dev)->out[n] = line;
}

void hpet_connect_legacy(Device *dev, IrqLine line)
{
    hpet(dev)->legacy = line;
}

static void hpet_rtc_set(void *opaque, unsigned n, bool level)
{
    Hpet *s = opaque;

    g_mutex_lock(&s->parent.lock);
    s->rtc_level = level;
    if (!hpet_legacy(s)) {
        irq_set(&s->out[HPET_RTC_OUTPUT], level);
    }
    g_mutex_unlock(&s->parent.lock);
}

IrqLine hpet_rtc_input(Device *dev)
{
    return (IrqLine){ hpet_rtc_set, hpet(dev), 0 };
}

MemoryRegion *hpet_region(Device *dev)
{
    return &hpet(dev)->io;
}

/* ---- The model --------------------------------------------------------- */

static bool hpet_realize(Device *dev, GError **errp)
{
    Hpet *s = hpet(dev);

    for (unsigned n = 0; n < HPET_MAX_TIMERS; n++) {
        s->timer[n].hpet = s;
        s->timer[n].n = n;
        timer_init(&s->timer[n].timer, dev->env->clock, hpet_timer_fire,
                   &s->timer[n], &dev->lock);
    }
    region_init_io(&s->io, "hpet", HPET_SIZE, &hpet_ops, s, &dev->lock);
    return true;
}

static void hpet_unrealize(Device *dev)
{
    Hpet *s = hpet(dev);

    region_clear(&s->io);
    for (unsigned n = 0; n < HPET_MAX_TIMERS; n++) {
        timer_clear(&s->timer[n].timer);
    }
}

static void hpet_reset(Device *dev)
{
    Hpet *s = hpet(dev);

    for (unsigned n = 0; n < HPET_MAX_TIMERS; n++) {
        HpetTimer *t = &s->timer[n];

        timer_disarm(&t->timer);
        hpet_timer_lower(t);
        t->config = HPET_TN_PERIODIC_CAP | HPET_TN_SIZE_CAP;
        t->comparator = UINT64_MAX;
        t->period = 0;
    }
    s->status = 0;
    s->counter = 0;
    s->start_ns = 0;
    if (hpet_legacy(s)) {
        s->config = 0;
        hpet_set_legacy(s, false);
    }
    s->config = 0;
}

static bool hpet_loaded(Device *dev, GError **errp)
{
    Hpet *s = hpet(dev);

    for (unsigned n = 0; n < HPET_MAX_TIMERS; n++) {
        HpetTimer *t = &s->timer[n];

        if ((t->config & HPET_TN_32BIT) &&
            (t->period | t->comparator) > UINT32_MAX) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "timer %u is in an impossible state", n);
        }
        if (t->level) {
            hpet_timer_set_output(t, true);
        }
    }
    irq_set(&s->legacy, hpet_legacy(s));
    hpet_arm_all(s);
    return true;
}

static const Property hpet_props[] = {
    DEFINE_PROP_U8("timers", Hpet, timers, 3, 3, HPET_MAX_TIMERS,
                   "number of timers"),
    DEFINE_PROP_U32("hpet-intcap", Hpet, route_cap, 0xff0104, 0, UINT32_MAX,
                    "bit mask of interrupts that timers may be routed to"),
    {},
};

static const StateField hpet_timer_state[] = {
    STATE_U64(HpetTimer, config),
    STATE_U64(HpetTimer, comparator),
    STATE_U64(HpetTimer, period),
    STATE_BOOL(HpetTimer, level),
    {},
};

static const StateField hpet_state[] = {
    STATE_U64(Hpet, config),
    STATE_U64(Hpet, status),
    STATE_U64(Hpet, counter),
    STATE_INT(Hpet, start_ns),
    STATE_BOOL(Hpet, rtc_level),
    STATE_STRUCT_ARRAY(Hpet, timer, hpet_timer_state),
    {},
};

const DeviceClass hpet_class = {
    .name = "hpet",
    .summary = "high precision event timer",
    .internal = true,
    .size = sizeof(Hpet),
    .props = hpet_props,
    .state = hpet_state,
    .realize = hpet_realize,
    .unrealize = hpet_unrealize,
    .reset = hpet_reset,
    .loaded = hpet_loaded,
};
