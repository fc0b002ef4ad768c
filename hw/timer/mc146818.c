/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time clock and CMOS RAM: Motorola MC146818A data sheet, with the
 * century byte 32h of the PC.
 *
 * The time is an offset to the machine's wall clock; registers are made when
 * somebody looks. Flags are noticed late, too: timers run only for interrupts
 * that are enabled. Not done: daylight saving (DSE) and the square wave.
 */
#include "hw/timer/mc146818.h"

#include "hw/isa/isa.h"

enum {
    RTC_SECONDS = 0x00,
    RTC_SECONDS_ALARM = 0x01,
    RTC_MINUTES = 0x02,
    RTC_MINUTES_ALARM = 0x03,
    RTC_HOURS = 0x04,
    RTC_HOURS_ALARM = 0x05,
    RTC_DAY_OF_WEEK = 0x06,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_A = 0x0a,
    RTC_B = 0x0b,
    RTC_C = 0x0c,
    RTC_D = 0x0d,
    RTC_CENTURY = 0x32,
    RTC_CENTURY_PS2 = 0x37, /* the same byte */
    RTC_SIZE = 128,

    RTC_A_UIP = 0x80,
    RTC_A_DIVIDER = 0x70,
    RTC_A_DIVIDER_RESET = 0x60, /* both bits: the divider stands */
    RTC_A_RATE = 0x0f,
    RTC_B_SET = 0x80,
    RTC_B_PIE = 0x40,
    RTC_B_AIE = 0x20,
    RTC_B_UIE = 0x10,
    RTC_B_BINARY = 0x04,
    RTC_B_24H = 0x02,
    RTC_C_IRQF = 0x80,
    RTC_C_PF = 0x40,
    RTC_C_AF = 0x20,
    RTC_C_UF = 0x10,
    RTC_C_FLAGS = RTC_C_PF | RTC_C_AF | RTC_C_UF,
    RTC_D_VRT = 0x80,
    RTC_HOUR_PM = 0x80,
    RTC_ALARM_ANY = 0xc0, /* both bits: matches always */
};

#define RTC_HZ 32768
/* The update-in-progress bit rises this long before an update. */
#define RTC_UIP_NS (244 * NS_PER_US)
#define SECONDS_PER_DAY 86400
/* About the year 2223; what nanoseconds in 64 bits leave room for. */
#define RTC_MAX_SECONDS INT64_C(8000000000)

typedef struct Mc146818 {
    Device parent;

    /* Wiring and properties. */
    MemoryRegion io;
    IrqLine irq;
    Timer update_timer, periodic_timer;

    /* Guest-visible state. */
    uint8_t index;
    uint8_t cmos[RTC_SIZE];
    int64_t offset_ns;     /* guest's time minus the wall clock */
    int64_t seen_second;   /* updates up to here are in register C */
    int64_t seen_periodic; /* periods, likewise */
    bool irq_level;
} Mc146818;

static Mc146818 *mc146818(Device *dev)
{
    return container_of(dev, Mc146818, parent);
}

/* ---- Calendar ---------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    return a - floor_div(a, b) * b;
}

/* Days since 1970-01-01 in the Gregorian calendar. Years are counted from
 * March, so that the leap day is the last of its year. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 -
           year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t era = floor_div(days + 719468, 146097);
    int64_t doe = days + 719468 - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t from_march = (5 * doy + 2) / 153;

    *day = doy - (153 * from_march + 2) / 5 + 1;
    *month = (from_march + 2) % 12 + 1;
    *year = yoe + era * 400 + (*month <= 2);
}

/* ---- Registers and time ------------------------------------------------ */

static uint8_t rtc_encode(const Mc146818 *s, int n)
{
    return s->cmos[RTC_B] & RTC_B_BINARY ? n : n / 10 << 4 | n % 10;
}

static int rtc_decode(const Mc146818 *s, uint8_t val)
{
    return s->cmos[RTC_B] & RTC_B_BINARY ? val : (val >> 4) * 10 + (val & 0xf);
}

static uint8_t rtc_encode_hour(const Mc146818 *s, int hour)
{
    if (s->cmos[RTC_B] & RTC_B_24H) {
        return rtc_encode(s, hour);
    }
    return rtc_encode(s, hour % 12 ? hour % 12 : 12) |
           (hour >= 12 ? RTC_HOUR_PM : 0);
}

static int rtc_decode_hour(const Mc146818 *s, uint8_t val)
{
    if (s->cmos[RTC_B] & RTC_B_24H) {
        return rtc_decode(s, val);
    }
    return rtc_decode(s, val & ~RTC_HOUR_PM) % 12 +
           (val & RTC_HOUR_PM ? 12 : 0);
}

static void rtc_encode_time(Mc146818 *s, int64_t seconds)
{
    int64_t days = floor_div(seconds, SECONDS_PER_DAY);
    int in_day = floor_mod(seconds, SECONDS_PER_DAY);
    int64_t year;
    int month, day;

    date_from_days(days, &year, &month, &day);
    s->cmos[RTC_SECONDS] = rtc_encode(s, in_day % 60);
    s->cmos[RTC_MINUTES] = rtc_encode(s, in_day / 60 % 60);
    s->cmos[RTC_HOURS] = rtc_encode_hour(s, in_day / 3600);
    s->cmos[RTC_DAY_OF_WEEK] = rtc_encode(s, floor_mod(days + 4, 7) + 1);
    s->cmos[RTC_DAY] = rtc_encode(s, day);
    s->cmos[RTC_MONTH] = rtc_encode(s, month);
    s->cmos[RTC_YEAR] = rtc_encode(s, floor_mod(year, 100));
    s->cmos[RTC_CENTURY] = rtc_encode(s, floor_mod(year / 100, 100));
}

/* Whatever the registers hold gives some time: a guest may write nonsense, or
 * years that nanoseconds cannot count. */
static int64_t rtc_decode_time(const Mc146818 *s)
{
    int64_t year = rtc_decode(s, s->cmos[RTC_YEAR]) +
                   100 * rtc_decode(s, s->cmos[RTC_CENTURY]);
    int month = CLAMP(rtc_decode(s, s->cmos[RTC_MONTH]), 1, 12);
    int64_t days = days_from_date(year, month, rtc_decode(s, s->cmos[RTC_DAY]));

    int64_t seconds = days * SECONDS_PER_DAY +
                      rtc_decode_hour(s, s->cmos[RTC_HOURS]) * 3600 +
                      rtc_decode(s, s->cmos[RTC_MINUTES]) * 60 +
                      rtc_decode(s, s->cmos[RTC_SECONDS]);

    return CLAMP(seconds, -RTC_MAX_SECONDS / 2, RTC_MAX_SECONDS);
}

static int64_t rtc_now(const Mc146818 *s)
{
    return clock_now(s->parent.env->clock_rtc) + s->offset_ns;
}

static bool rtc_running(const Mc146818 *s)
{
    return !(s->cmos[RTC_B] & RTC_B_SET) &&
           (s->cmos[RTC_A] & RTC_A_DIVIDER_RESET) != RTC_A_DIVIDER_RESET;
}

/* The time registers come to life; while the clock stands they are as the
 * guest wrote them. */
static void rtc_refresh(Mc146818 *s)
{
    if (rtc_running(s)) {
        rtc_encode_time(s, floor_div(rtc_now(s), NS_PER_SECOND));
    }
}

/* ---- Flags and interrupts ---------------------------------------------- */

/* log2 of the period in 32768 Hz ticks, -1: none. MC146818A table 5. */
static int rtc_period_shift(const Mc146818 *s)
{
    int rate = s->cmos[RTC_A] & RTC_A_RATE;

    if (!rate ||
        (s->cmos[RTC_A] & RTC_A_DIVIDER_RESET) == RTC_A_DIVIDER_RESET) {
        return -1;
    }
    return rate <= 2 ? rate + 6 : rate - 1;
}

/* Periods that are over, counted from 1970 like all of the guest's time. */
static int64_t rtc_periods(const Mc146818 *s)
{
    int shift = rtc_period_shift(s);
    __int128 ticks = (__int128)rtc_now(s) * RTC_HZ / NS_PER_SECOND;

    return shift < 0 ? 0 : (int64_t)(ticks >> shift);
}

/* Guest time at which period n ends. */
static int64_t rtc_period_end(int64_t n, int shift)
{
    __int128 ticks = ((__int128)n + 1) * (1 << shift);

    return (ticks * NS_PER_SECOND + RTC_HZ - 1) / RTC_HZ;
}

static bool rtc_alarm_field(uint8_t alarm, int decoded, int64_t now)
{
    return (alarm & RTC_ALARM_ANY) == RTC_ALARM_ANY || decoded == now;
}

static bool rtc_alarm_at(const Mc146818 *s, int64_t second)
{
    int64_t t = floor_mod(second, SECONDS_PER_DAY);
    uint8_t sec = s->cmos[RTC_SECONDS_ALARM];
    uint8_t min = s->cmos[RTC_MINUTES_ALARM];
    uint8_t hour = s->cmos[RTC_HOURS_ALARM];

    return rtc_alarm_field(sec, rtc_decode(s, sec), t % 60) &&
           rtc_alarm_field(min, rtc_decode(s, min), t / 60 % 60) &&
           rtc_alarm_field(hour, rtc_decode_hour(s, hour), t / 3600);
}

static bool rtc_alarm_between(const Mc146818 *s, int64_t after, int64_t upto)
{
    for (int64_t t = MAX(after + 1, upto - SECONDS_PER_DAY); t <= upto; t++) {
        if (rtc_alarm_at(s, t)) {
            return true;
        }
    }
    return false;
}

static void rtc_notice_update(Mc146818 *s)
{
    int64_t second = floor_div(rtc_now(s), NS_PER_SECOND);

    if (second == s->seen_second) {
        return;
    }
    s->cmos[RTC_C] |= RTC_C_UF;
    if (rtc_alarm_between(s, s->seen_second, second)) {
        s->cmos[RTC_C] |= RTC_C_AF;
    }
    s->seen_second = second;
}

static void rtc_update_irq(Mc146818 *s)
{
    bool level = s->cmos[RTC_C] & s->cmos[RTC_B] & RTC_C_FLAGS;

    s->cmos[RTC_C] = (s->cmos[RTC_C] & RTC_C_FLAGS) | (level ? RTC_C_IRQF : 0);
    if (level != s->irq_level) {
        s->irq_level = level;
        irq_set(&s->irq, level);
    }
}

/* Put what happened since the last look into register C. */
static void rtc_notice(Mc146818 *s)
{
    int64_t periods = rtc_periods(s);

    if (rtc_running(s)) {
        rtc_notice_update(s);
    }
    if (periods != s->seen_periodic) {
        s->seen_periodic = periods;
        s->cmos[RTC_C] |= RTC_C_PF;
    }
    rtc_update_irq(s);
}

static void rtc_arm(Mc146818 *s)
{
    int shift = rtc_period_shift(s);
    uint8_t b = s->cmos[RTC_B];

    if (rtc_running(s) && (b & (RTC_B_UIE | RTC_B_AIE))) {
        timer_arm(&s->update_timer,
                  (floor_div(rtc_now(s), NS_PER_SECOND) + 1) * NS_PER_SECOND -
                      s->offset_ns);
    } else {
        timer_disarm(&s->update_timer);
    }
    if (shift >= 0 && (b & RTC_B_PIE)) {
        timer_arm(&s->periodic_timer,
                  rtc_period_end(s->seen_periodic, shift) - s->offset_ns);
    } else {
        timer_disarm(&s->periodic_timer);
    }
}

static void rtc_fire(void *opaque)
{
    Mc146818 *s = opaque;

    rtc_notice(s);
    rtc_arm(s);
}

/* Go on from what the registers say, `phase_ns` into that second. */
static void rtc_set_time(Mc146818 *s, int64_t phase_ns)
{
    int64_t seconds = rtc_decode_time(s);
    const DeviceEnv *env = s->parent.env;

    s->offset_ns =
        seconds * NS_PER_SECOND + phase_ns - clock_now(env->clock_rtc);
    s->seen_second = seconds;
    s->seen_periodic = rtc_periods(s);
    if (env->event) {
        g_autofree char *json = g_strdup_printf(
            "{\"offset\": %" PRId64 "}",
            floor_div(s->offset_ns + NS_PER_SECOND / 2, NS_PER_SECOND));

        env->event(env->machine, "RTC_CHANGE", json);
    }
}

/* ---- Accesses ---------------------------------------------------------- */

static bool rtc_is_time(unsigned reg)
{
    return reg == RTC_SECONDS || reg == RTC_MINUTES || reg == RTC_HOURS ||
           (reg >= RTC_DAY_OF_WEEK && reg <= RTC_YEAR) || reg == RTC_CENTURY;
}

static void rtc_write_time(Mc146818 *s, unsigned reg, uint8_t val)
{
    bool running = rtc_running(s);

    rtc_refresh(s);
    s->cmos[reg] = val;
    if (running) {
        rtc_set_time(s, floor_mod(rtc_now(s), NS_PER_SECOND));
    }
}

/* A and B say whether the clock runs and how registers are coded. */
static void rtc_write_control(Mc146818 *s, unsigned reg, uint8_t val)
{
    bool was_running = rtc_running(s);
    bool was_reset =
        (s->cmos[RTC_A] & RTC_A_DIVIDER_RESET) == RTC_A_DIVIDER_RESET;

    rtc_refresh(s);
    if (reg == RTC_A) {
        s->cmos[RTC_A] = val & ~RTC_A_UIP;
    } else {
        s->cmos[RTC_B] = val;
    }
    if (rtc_running(s) && !was_running) {
        /* After a divider reset the first update comes half a second later;
         * SET leaves the divider alone. */
        rtc_set_time(s, was_reset ? NS_PER_SECOND / 2
                                  : floor_mod(rtc_now(s), NS_PER_SECOND));
    }
    s->seen_periodic = rtc_periods(s);
    rtc_update_irq(s);
}

static void rtc_write_reg(Mc146818 *s, unsigned reg, uint8_t val)
{
    rtc_notice(s); /* timers are armed for what comes after now */
    if (rtc_is_time(reg)) {
        rtc_write_time(s, reg, val);
    } else if (reg == RTC_A || reg == RTC_B) {
        rtc_write_control(s, reg, val);
    } else if (reg != RTC_C && reg != RTC_D) {
        s->cmos[reg] = val;
    }
    rtc_arm(s);
}

static uint8_t rtc_read_a(const Mc146818 *s)
{
    bool soon = rtc_running(s) && floor_mod(rtc_now(s), NS_PER_SECOND) >=
                                      NS_PER_SECOND - RTC_UIP_NS;

    return s->cmos[RTC_A] | (soon ? RTC_A_UIP : 0);
}

static uint8_t rtc_read_c(Mc146818 *s)
{
    rtc_notice(s);
    uint8_t val = s->cmos[RTC_C];
    s->cmos[RTC_C] = 0;
    rtc_update_irq(s);
    rtc_arm(s);
    return val;
}

static uint8_t rtc_read_reg(Mc146818 *s, unsigned reg)
{
    if (rtc_is_time(reg)) {
        rtc_refresh(s);
    }
    switch (reg) {
    case RTC_A:
        return rtc_read_a(s);
    case RTC_C:
        return rtc_read_c(s);
    default:
        return s->cmos[reg];
    }
}

static unsigned rtc_reg(const Mc146818 *s)
{
    return s->index == RTC_CENTURY_PS2 ? RTC_CENTURY : s->index;
}

static bool rtc_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    Mc146818 *s = opaque;

    *val = off == 0 ? 0xff : rtc_read_reg(s, rtc_reg(s));
    trace(rtc_read, "reg %02x = %02x", s->index, (unsigned)*val);
    return true;
}

static bool rtc_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    Mc146818 *s = opaque;

    if (off == 0) {
        s->index = val & (RTC_SIZE - 1); /* bit 7 masks NMI: there is none */
        return true;
    }
    trace(rtc_write, "reg %02x = %02x", s->index, (unsigned)val);
    rtc_write_reg(s, rtc_reg(s), val);
    return true;
}

static const MemoryOps rtc_ops = {
    .read = rtc_read,
    .write = rtc_write,
    .impl = { .min = 1, .max = 1 },
};

uint8_t mc146818_get(Device *dev, unsigned reg)
{
    g_assert(reg < RTC_SIZE);
    g_mutex_lock(&dev->lock);
    uint8_t val = mc146818(dev)->cmos[reg];
    g_mutex_unlock(&dev->lock);
    return val;
}

void mc146818_set(Device *dev, unsigned reg, uint8_t val)
{
    g_assert(reg > RTC_D && reg < RTC_SIZE);
    g_mutex_lock(&dev->lock);
    mc146818(dev)->cmos[reg] = val;
    g_mutex_unlock(&dev->lock);
}

/* ---- The model --------------------------------------------------------- */

static bool mc146818_realize(Device *dev, GError **errp)
{
    Mc146818 *s = mc146818(dev);

    s->cmos[RTC_A] = 0x26; /* 32768 Hz divider, 1024 Hz rate */
    s->cmos[RTC_B] = RTC_B_24H;
    s->cmos[RTC_D] = RTC_D_VRT;
    s->offset_ns = 0;
    s->seen_second = floor_div(rtc_now(s), NS_PER_SECOND);
    s->seen_periodic = rtc_periods(s);
    rtc_refresh(s);
    timer_init(&s->update_timer, dev->env->clock_rtc, rtc_fire, s, &dev->lock);
    timer_init(&s->periodic_timer, dev->env->clock_rtc, rtc_fire, s,
               &dev->lock);
    region_init_io(&s->io, "rtc", 2, &rtc_ops, s, &dev->lock);
    return isa_connect_irq(dev, 8, &s->irq, errp) &&
           isa_add_io(dev, 0x70, &s->io, errp);
}

static void mc146818_unrealize(Device *dev)
{
    Mc146818 *s = mc146818(dev);

    region_clear(&s->io);
    timer_clear(&s->update_timer);
    timer_clear(&s->periodic_timer);
}

/* RESET clears the enables and flags; time and memory are on the battery. */
static void mc146818_reset(Device *dev)
{
    Mc146818 *s = mc146818(dev);

    rtc_notice(s);
    s->index = 0;
    s->cmos[RTC_B] &= ~(RTC_B_PIE | RTC_B_AIE | RTC_B_UIE);
    s->cmos[RTC_C] = 0;
    rtc_update_irq(s);
    rtc_arm(s);
}

static bool mc146818_loaded(Device *dev, GError **errp)
{
    Mc146818 *s = mc146818(dev);
    __int128 now = (__int128)clock_now(dev->env->clock_rtc) + s->offset_ns;
    __int128 limit = (__int128)9000000000 * NS_PER_SECOND;

    if (s->index >= RTC_SIZE || now > limit || now < -limit ||
        ABS(s->seen_second / 2) > RTC_MAX_SECONDS) {
        return emu_fail(errp, EMU_ERROR_CORRUPT, "impossible state");
    }
    s->seen_periodic = rtc_periods(s);
    irq_set(&s->irq, s->irq_level);
    rtc_arm(s);
    return true;
}

/* clang-format off */
static const StateField mc146818_state[] = {
    STATE_U8(Mc146818, index),
    STATE_BYTES(Mc146818, cmos, RTC_SIZE),
    STATE_INT(Mc146818, offset_ns),
    STATE_INT(Mc146818, seen_second),
    STATE_BOOL(Mc146818, irq_level),
    {},
};
/* clang-format on */

const DeviceClass mc146818_class = {
    .name = "mc146818rtc",
    .summary = "MC146818 real-time clock and CMOS RAM",
    .bus = BUS_ISA,
    .internal = true,
    .size = sizeof(Mc146818),
    .state = mc146818_state,
    .realize = mc146818_realize,
    .unrealize = mc146818_unrealize,
    .reset = mc146818_reset,
    .loaded = mc146818_loaded,
};
