/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 8254 programmable interval timer, Intel 231164-005, and port 61h (channel
 * 2's gate and output, refresh toggle; PIIX3 data sheet 2.5.3).
 *
 * A channel is a start time: counts and outputs are computed when somebody
 * looks. Only channel 0 has a timer, which fires once a period: the low part
 * of its output is shown as a pulse at the period's end. A new count in modes
 * 2 and 3 takes effect at once, not at the end of the running period.
 */
#include "hw/timer/i8254-internal.h"

#include "hw/isa/isa.h"

#define PIT_HZ 1193182
#define PIT_PORT61 0x61
/* The DRAM refresh toggle of port 61h changes every 15.085 us. */
#define PIT_REFRESH_NS 15085
/* Periods shorter than 24 ticks (20 us) are served at this pace. */
#define PIT_MIN_TICKS 24

enum {
    PIT_CONTROL = 3, /* port offset */
    PIT_READ_BACK = 3,
    PIT_READ_BACK_NO_COUNT = 1 << 5,
    PIT_READ_BACK_NO_STATUS = 1 << 4,
    PIT_STATUS_OUT = 1 << 7,
    PIT_STATUS_NULL = 1 << 6,
    PIT_RW_LATCH = 0,
    PIT_RW_LOW = 1,
    PIT_RW_HIGH = 2,
    PIT_RW_BOTH = 3,

    PORT61_REFRESH = 1 << 4,
    PORT61_OUT2 = 1 << 5,
};

/* ---- Time -------------------------------------------------------------- */

static uint64_t pit_ticks(int64_t ns)
{
    return ns <= 0 ? 0 : (unsigned __int128)ns * PIT_HZ / NS_PER_SECOND;
}

/* The first nanosecond at which `ticks` are over. */
int64_t pit_ns(uint64_t ticks)
{
    unsigned __int128 ns =
        ((unsigned __int128)ticks * NS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;

    return MIN(ns, INT64_MAX / 2);
}

uint64_t pit_channel_elapsed(const PitChannel *c, int64_t now)
{
    return c->running ? pit_ticks(now - c->start_ns) : c->elapsed;
}

static void channel_start(PitChannel *c, int64_t now, uint64_t elapsed)
{
    c->start_ns = now - pit_ns(elapsed);
    c->elapsed = elapsed;
    c->running = true;
}

static void channel_pause(PitChannel *c, int64_t now)
{
    c->elapsed = pit_channel_elapsed(c, now);
    c->running = false;
}

/* ---- Counting ---------------------------------------------------------- */

/* Mode 3 is high in the first part of its period, which gets the odd tick. */
static uint32_t channel_high_part(const PitChannel *c)
{
    return (c->count + 1) / 2;
}

static bool channel_out(const PitChannel *c, int64_t now)
{
    uint64_t d = pit_channel_elapsed(c, now);

    if (!c->loaded) {
        return c->mode != 0;
    }
    switch (c->mode) {
    case 0:
        return d >= c->count;
    case 1:
        return !c->running || d >= c->count;
    case 2:
        return !c->running || d % c->count != c->count - 1;
    case 3:
        return !c->running || d % c->count < channel_high_part(c);
    case 4:
        return d != c->count;
    default:
        return !c->running || d != c->count;
    }
}

/* Mode 3 counts down by two, from an even number, in each part. */
static uint32_t channel_square_count(const PitChannel *c, uint32_t phase)
{
    uint32_t high = channel_high_part(c);

    return (c->count & ~1u) - 2 * (phase < high ? phase : phase - high);
}

static uint16_t pit_to_bcd(uint32_t n)
{
    return n / 1000 % 10 << 12 | n / 100 % 10 << 8 | n / 10 % 10 << 4 | n % 10;
}

static uint32_t pit_from_bcd(uint16_t bcd)
{
    return (bcd >> 12) * 1000 + (bcd >> 8 & 0xf) * 100 + (bcd >> 4 & 0xf) * 10 +
           (bcd & 0xf);
}

/* The counting element as the guest reads it. */
static uint16_t channel_count(const PitChannel *c, int64_t now)
{
    uint32_t modulus = c->bcd ? 10000 : 0x10000;
    uint64_t d = pit_channel_elapsed(c, now);
    uint32_t n;

    if (c->mode == 2) {
        n = c->count - d % c->count;
    } else if (c->mode == 3) {
        n = channel_square_count(c, d % c->count);
    } else {
        n = (c->count % modulus + modulus - d % modulus) % modulus;
    }
    return c->bcd ? pit_to_bcd(n) : n;
}

/* A new count was written. */
static void channel_load(PitChannel *c, int64_t now, uint16_t val)
{
    uint32_t n = c->bcd ? pit_from_bcd(val) : val;

    c->reload = n ? n : c->bcd ? 10000 : 0x10000;
    c->loaded = true;
    if (c->mode == 1 || c->mode == 5) {
        return; /* until the gate rises */
    }
    c->count = c->reload;
    c->elapsed = 0;
    c->running = false;
    if (c->gate) {
        channel_start(c, now, 0);
    }
}

static void channel_set_gate(PitChannel *c, int64_t now, bool gate)
{
    bool rose = gate && !c->gate;
    bool fell = !gate && c->gate;

    c->gate = gate;
    if (!c->loaded) {
        return;
    }
    if (c->mode == 0 || c->mode == 4) {
        if (rose && !c->running) {
            channel_start(c, now, c->elapsed);
        } else if (fell) {
            channel_pause(c, now);
        }
    } else if (rose) {
        c->count = c->reload;
        channel_start(c, now, 0);
    } else if (fell && (c->mode == 2 || c->mode == 3)) {
        c->running = false;
        c->elapsed = 0;
    }
}

/* ---- Channel 0's interrupt --------------------------------------------- */

/* Ticks from the start to the next rise of OUT after d; UINT64_MAX: none. */
static uint64_t channel_next_rise(const PitChannel *c, uint64_t d)
{
    uint64_t period = MAX(c->count, PIT_MIN_TICKS);

    if (!c->loaded || !c->running) {
        return UINT64_MAX;
    }
    switch (c->mode) {
    case 0:
        return d < c->count ? c->count : UINT64_MAX;
    case 2:
    case 3:
        return (d / period + 1) * period;
    case 4:
        return d <= c->count ? (uint64_t)c->count + 1 : UINT64_MAX;
    default:
        return UINT64_MAX;
    }
}

void i8254_set_irq(I8254 *s, bool level)
{
    if (level != s->irq_level) {
        s->irq_level = level;
        irq_set(&s->irq, level);
    }
}

void i8254_arm(I8254 *s, int64_t now)
{
    PitChannel *c = &s->channel[0];
    uint64_t rise = channel_next_rise(c, pit_channel_elapsed(c, now));

    if (rise == UINT64_MAX || s->irq_disabled || s->host) {
        timer_disarm(&s->timer);
    } else {
        timer_arm(&s->timer, c->start_ns + pit_ns(rise));
    }
}

/* Channel 0 was written: its line and its timer follow. Between the pulses of
 * the periodic modes the line is high. */
static void i8254_update(I8254 *s, int64_t now)
{
    PitChannel *c = &s->channel[0];
    bool level = c->mode == 0 ? channel_out(c, now) : true;

    i8254_set_irq(s, level && !s->irq_disabled && !s->host);
    i8254_arm(s, now);
}

static void i8254_rise(void *opaque)
{
    I8254 *s = opaque;

    i8254_set_irq(s, false);
    i8254_set_irq(s, true);
    i8254_arm(s, clock_now(s->parent.env->clock));
}

static void i8254_set_disabled(void *opaque, unsigned n, bool disabled)
{
    I8254 *s = opaque;

    g_mutex_lock(&s->parent.lock);
    i8254_fetch(s);
    s->irq_disabled = disabled;
    i8254_store(s);
    i8254_update(s, clock_now(s->parent.env->clock));
    g_mutex_unlock(&s->parent.lock);
}

IrqLine i8254_disable_input(Device *dev)
{
    return (IrqLine){ i8254_set_disabled, i8254(dev), 0 };
}

/* ---- Registers --------------------------------------------------------- */

static void channel_latch_count(PitChannel *c, int64_t now)
{
    if (!c->latched) {
        c->latch = channel_count(c, now);
        c->latched = c->rw == PIT_RW_BOTH ? 2 : 1;
    }
}

static void channel_latch_status(PitChannel *c, int64_t now)
{
    if (!c->status_latched) {
        c->status = (channel_out(c, now) ? PIT_STATUS_OUT : 0) |
                    (c->loaded ? 0 : PIT_STATUS_NULL) | c->rw << 4 |
                    c->mode << 1 | c->bcd;
        c->status_latched = true;
    }
}

static void i8254_read_back(I8254 *s, int64_t now, uint8_t val)
{
    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        if (!(val >> (n + 1) & 1)) {
            continue;
        }
        if (!(val & PIT_READ_BACK_NO_COUNT)) {
            channel_latch_count(&s->channel[n], now);
        }
        if (!(val & PIT_READ_BACK_NO_STATUS)) {
            channel_latch_status(&s->channel[n], now);
        }
    }
}

static void channel_set_mode(PitChannel *c, uint8_t val)
{
    uint8_t mode = val >> 1 & 7;

    c->mode = mode > 5 ? mode & 3 : mode; /* 6 is 2, 7 is 3 */
    c->rw = val >> 4 & 3;
    c->bcd = val & 1;
    c->loaded = false;
    c->running = false;
    c->elapsed = 0;
    c->write_high = false;
    c->read_high = false;
    c->latched = 0;
    c->status_latched = false;
}

static void i8254_write_control(I8254 *s, int64_t now, uint8_t val)
{
    unsigned n = val >> 6;

    if (n == PIT_READ_BACK) {
        i8254_read_back(s, now, val);
    } else if ((val >> 4 & 3) == PIT_RW_LATCH) {
        channel_latch_count(&s->channel[n], now);
    } else {
        channel_set_mode(&s->channel[n], val);
        if (n == 0) {
            i8254_update(s, now);
        }
    }
}

static void channel_write(PitChannel *c, int64_t now, uint8_t val)
{
    switch (c->rw) {
    case PIT_RW_LOW:
        channel_load(c, now, val);
        break;
    case PIT_RW_HIGH:
        channel_load(c, now, val << 8);
        break;
    default:
        if (c->write_high) {
            channel_load(c, now, c->write_low | val << 8);
        } else {
            c->write_low = val;
            if (c->mode == 0) { /* the first byte stops it, OUT is low */
                c->loaded = false;
                c->running = false;
            }
        }
        c->write_high = !c->write_high;
        break;
    }
}

static bool i8254_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    I8254 *s = opaque;
    int64_t now = clock_now(s->parent.env->clock);

    trace(i8254_write, "port %u = %02x", (unsigned)off, (unsigned)val);
    i8254_fetch(s);
    if (off == PIT_CONTROL) {
        i8254_write_control(s, now, val);
    } else {
        channel_write(&s->channel[off], now, val);
        if (off == 0) {
            i8254_update(s, now);
        }
    }
    i8254_store(s);
    return true;
}

static uint8_t channel_read_latch(PitChannel *c)
{
    bool high =
        c->rw == PIT_RW_HIGH || (c->rw == PIT_RW_BOTH && c->latched == 1);

    c->latched--;
    return high ? c->latch >> 8 : c->latch;
}

static uint8_t channel_read(PitChannel *c, int64_t now)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    if (c->latched) {
        return channel_read_latch(c);
    }
    uint16_t count = channel_count(c, now);
    bool high = c->rw == PIT_RW_HIGH || c->read_high;
    if (c->rw == PIT_RW_BOTH) {
        c->read_high = !c->read_high;
    }
    return high ? count >> 8 : count;
}

static bool i8254_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    I8254 *s = opaque;

    i8254_fetch(s);
    *val = off == PIT_CONTROL ? 0 /* write only */
                              : channel_read(&s->channel[off],
                                             clock_now(s->parent.env->clock));
    i8254_store(s);
    return true;
}

static const MemoryOps i8254_ops = {
    .read = i8254_read,
    .write = i8254_write,
    .impl = { .min = 1, .max = 1 },
};

static bool port61_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    I8254 *s = opaque;
    int64_t now = clock_now(s->parent.env->clock);

    i8254_fetch(s);
    *val = s->port61 | (now / PIT_REFRESH_NS & 1 ? PORT61_REFRESH : 0) |
           (channel_out(&s->channel[2], now) ? PORT61_OUT2 : 0);
    return true;
}

static bool port61_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    I8254 *s = opaque;

    i8254_fetch(s);
    s->port61 = val & (PORT61_GATE2 | PORT61_SPEAKER);
    channel_set_gate(&s->channel[2], clock_now(s->parent.env->clock),
                     val & PORT61_GATE2);
    i8254_store(s);
    return true;
}

static const MemoryOps port61_ops = {
    .read = port61_read,
    .write = port61_write,
    .impl = { .min = 1, .max = 1 },
};

/* ---- The model --------------------------------------------------------- */

static bool i8254_realize(Device *dev, GError **errp)
{
    I8254 *s = i8254(dev);

    timer_init(&s->timer, dev->env->clock, i8254_rise, s, &dev->lock);
    region_init_io(&s->io, "pit", 4, &i8254_ops, s, &dev->lock);
    region_init_io(&s->port61_io, "port61", 1, &port61_ops, s, &dev->lock);
    return isa_connect_irq(dev, 0, &s->irq, errp) &&
           isa_add_io(dev, s->iobase, &s->io, errp) &&
           isa_add_io(dev, PIT_PORT61, &s->port61_io, errp);
}

static void i8254_unrealize(Device *dev)
{
    I8254 *s = i8254(dev);

    region_clear(&s->io);
    region_clear(&s->port61_io);
    timer_clear(&s->timer);
}

static void i8254_reset(Device *dev)
{
    I8254 *s = i8254(dev);

    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        s->channel[n] = (PitChannel){
            .mode = 3,
            .rw = PIT_RW_BOTH,
            .gate = n != 2,
            .count = 0x10000,
            .reload = 0x10000,
        };
    }
    s->port61 = 0;
    s->irq_disabled = false;
    i8254_update(s, clock_now(dev->env->clock));
}

static bool channel_valid(const PitChannel *c)
{
    return c->mode <= 5 && c->rw >= PIT_RW_LOW && c->rw <= PIT_RW_BOTH &&
           c->count >= 1 && c->count <= 0x10000 && c->reload >= 1 &&
           c->reload <= 0x10000 && c->latched <= 2;
}

static bool i8254_loaded(Device *dev, GError **errp)
{
    I8254 *s = i8254(dev);

    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        if (!channel_valid(&s->channel[n])) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "channel %u is in an impossible state", n);
        }
    }
    irq_set(&s->irq, s->irq_level);
    i8254_arm(s, clock_now(dev->env->clock));
    return true;
}

static const Property i8254_props[] = {
    DEFINE_PROP_U32("iobase", I8254, iobase, 0x40, 0, 0xfffc, "first port"),
    {},
};

/* clang-format off */
static const StateField channel_state[] = {
    STATE_U8(PitChannel, mode),
    STATE_U8(PitChannel, rw),
    STATE_BOOL(PitChannel, bcd),
    STATE_BOOL(PitChannel, gate),
    STATE_BOOL(PitChannel, loaded),
    STATE_BOOL(PitChannel, running),
    STATE_U32(PitChannel, count),
    STATE_U32(PitChannel, reload),
    STATE_INT(PitChannel, start_ns),
    STATE_U64(PitChannel, elapsed),
    STATE_BOOL(PitChannel, write_high),
    STATE_BOOL(PitChannel, read_high),
    STATE_U8(PitChannel, write_low),
    STATE_U8(PitChannel, latched),
    STATE_U16(PitChannel, latch),
    STATE_BOOL(PitChannel, status_latched),
    STATE_U8(PitChannel, status),
    {},
};

static const StateField i8254_state[] = {
    STATE_STRUCT_ARRAY(I8254, channel, channel_state),
    STATE_BOOL(I8254, irq_disabled),
    STATE_BOOL(I8254, irq_level),
    STATE_U8(I8254, port61),
    {},
};
/* clang-format on */

const DeviceClass i8254_class = {
    .name = "isa-pit",
    .summary = "8254 interval timer and system control port 61h",
    .bus = BUS_ISA,
    .internal = true,
    .size = sizeof(I8254),
    .props = i8254_props,
    .state = i8254_state,
    .realize = i8254_realize,
    .unrealize = i8254_unrealize,
    .reset = i8254_reset,
    .loaded = i8254_loaded,
};
