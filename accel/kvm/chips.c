/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board's chips in KVM (kernel-irqchip=on): both 8259s, the I/O APIC and
 * the 8254. Their state comes as util/chips.h has it and goes as KVM has it.
 *
 * 1. KVM has the chips while vCPUs run; the models have them while the machine
 *    stands, when devices' lines and time go on without KVM.
 * 2. KVM keeps the level of an interrupt line per source. Those of lines that
 *    fell meanwhile are taken back with the state; a line that is high is in
 *    the state itself.
 * 3. KVM begins a period of the 8254's channel 0 when it is given a state, and
 *    does not tell where in the period it is. So that is reckoned from when
 *    the state was given, or if the guest wrote a count since, from now. A one-
 *    shot that is over is given as one of the longest time.
 */
#include "accel/kvm/kvm.h"

#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define CHIPS_IOAPIC_BASE 0xfec00000
#define CHIPS_PIT_HZ 1193182
enum { CHIPS_TIMER_PIN = 2, CHIPS_PIT_LONGEST = 0x10000 };

static bool chips_ioctl(const KvmEngine *e, unsigned long request, void *arg,
                        const char *name)
{
    if (ioctl(e->vm_fd, request, arg) < 0) {
        log_printf("kvm: %s: %s\n", name, g_strerror(errno));
        return false;
    }
    return true;
}

void kvm_set_line(Accel *accel, unsigned gsi, bool level)
{
    struct kvm_irq_level line = { .irq = gsi, .level = level };

    chips_ioctl(kvm_engine(accel), KVM_IRQ_LINE, &line, "KVM_IRQ_LINE");
}

/* ---- 8259 ---------------------------------------------------------------- */

static const uint8_t chips_elcr_masks[CHIP_PICS] = { 0xf8, 0xde };

/* KVM counts the initialization command words from 1, and the first one not. */
static struct kvm_pic_state chips_to_pic(const PicState *s, unsigned n)
{
    return (struct kvm_pic_state){
        .last_irr = s->lines,
        .irr = s->irr,
        .imr = s->imr,
        .isr = s->isr,
        .priority_add = s->highest,
        .irq_base = s->vector_base,
        .read_reg_select = s->read_isr,
        .poll = s->poll,
        .special_mask = s->special_mask,
        .init_state = s->icw_expected ? s->icw_expected - 1 : 0,
        .auto_eoi = s->auto_eoi,
        .rotate_on_auto_eoi = s->rotate_on_aeoi,
        .special_fully_nested_mode = s->special_nested,
        .init4 = s->icw1_ic4,
        .elcr = s->elcr,
        .elcr_mask = chips_elcr_masks[n],
    };
}

static PicState chips_from_pic(const struct kvm_pic_state *k)
{
    return (PicState){
        .lines = k->last_irr,
        .irr = k->irr,
        .imr = k->imr,
        .isr = k->isr,
        .highest = k->priority_add,
        .vector_base = k->irq_base,
        .read_isr = k->read_reg_select,
        .poll = k->poll,
        .special_mask = k->special_mask,
        .icw_expected = k->init_state ? k->init_state + 1 : 0,
        .auto_eoi = k->auto_eoi,
        .rotate_on_aeoi = k->rotate_on_auto_eoi,
        .special_nested = k->special_fully_nested_mode,
        .icw1_ic4 = k->init4,
        .elcr = k->elcr,
    };
}

static void chips_put_pic(void *opaque, const ChipState *state)
{
    KvmEngine *e = opaque;

    for (unsigned n = 0; n < CHIP_PICS; n++) {
        struct kvm_irqchip k = { .chip_id = n,
                                 .chip.pic = chips_to_pic(&state->pic[n], n) };

        chips_ioctl(e, KVM_SET_IRQCHIP, &k, "KVM_SET_IRQCHIP 8259");
    }
}

static void chips_get_pic(void *opaque, ChipState *state)
{
    KvmEngine *e = opaque;

    for (unsigned n = 0; n < CHIP_PICS; n++) {
        struct kvm_irqchip k = { .chip_id = n };

        if (chips_ioctl(e, KVM_GET_IRQCHIP, &k, "KVM_GET_IRQCHIP 8259")) {
            state->pic[n] = chips_from_pic(&k.chip.pic);
        }
    }
}

/* ---- I/O APIC ------------------------------------------------------------ */

/* An edge that is high was seen already; a level is asked for as long. */
static bool chips_level_high(const IoapicState *s, unsigned pin)
{
    return (s->lines >> pin & 1) && (s->table[pin] >> 15 & 1);
}

static void chips_lower_lines(KvmEngine *e, uint32_t lines)
{
    for (unsigned pin = 0; pin < CHIP_IOAPIC_PINS; pin++) {
        if (pin && !(lines >> pin & 1)) {
            kvm_set_line(&e->parent, pin == CHIPS_TIMER_PIN ? 0 : pin, false);
        }
    }
}

static void chips_put_ioapic(void *opaque, const ChipState *state)
{
    KvmEngine *e = opaque;
    const IoapicState *s = &state->ioapic;
    struct kvm_irqchip k = { .chip_id = KVM_IRQCHIP_IOAPIC };
    struct kvm_ioapic_state *to = &k.chip.ioapic;

    to->base_address = CHIPS_IOAPIC_BASE;
    to->ioregsel = s->select;
    to->id = s->id;
    for (unsigned pin = 0; pin < CHIP_IOAPIC_PINS; pin++) {
        to->redirtbl[pin].bits = s->table[pin];
        to->irr |= (uint32_t)chips_level_high(s, pin) << pin;
    }
    chips_lower_lines(e, s->lines);
    chips_ioctl(e, KVM_SET_IRQCHIP, &k, "KVM_SET_IRQCHIP I/O APIC");
}

static void chips_get_ioapic(void *opaque, ChipState *state)
{
    KvmEngine *e = opaque;
    IoapicState *s = &state->ioapic;
    struct kvm_irqchip k = { .chip_id = KVM_IRQCHIP_IOAPIC };

    if (!chips_ioctl(e, KVM_GET_IRQCHIP, &k, "KVM_GET_IRQCHIP I/O APIC")) {
        return;
    }
    s->select = k.chip.ioapic.ioregsel;
    s->id = k.chip.ioapic.id;
    for (unsigned pin = 0; pin < CHIP_IOAPIC_PINS; pin++) {
        s->table[pin] = k.chip.ioapic.redirtbl[pin].bits;
    }
}

/* ---- 8254 ---------------------------------------------------------------- */

/* By KVM's clock. */
static int64_t chips_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * NS_PER_SECOND + ts.tv_nsec;
}

static uint64_t chips_pit_ticks(int64_t ns)
{
    return ns <= 0 ? 0 : (unsigned __int128)ns * CHIPS_PIT_HZ / NS_PER_SECOND;
}

static bool chips_one_shot(unsigned mode)
{
    return mode == 0 || mode == 4;
}

/* What is left of a one-shot; 1 has a channel's output where it should be. */
static uint32_t chips_pit_count(const PitChannel *c, unsigned n)
{
    if (!c->loaded) {
        return CHIPS_PIT_LONGEST;
    }
    if (!chips_one_shot(c->mode)) {
        return c->count;
    }
    return c->elapsed < c->count ? c->count - c->elapsed
           : n                   ? 1
                                 : CHIPS_PIT_LONGEST;
}

enum { PIT_LSB = 1, PIT_MSB, PIT_WORD0, PIT_WORD1 }; /* KVM's flip-flops */

static uint8_t chips_pit_flip(uint8_t rw, bool high)
{
    return rw < PIT_WORD0 ? rw : high ? PIT_WORD1 : PIT_WORD0;
}

static uint8_t chips_pit_latched(const PitChannel *c)
{
    return !c->latched                            ? 0
           : c->rw == PIT_WORD0 && c->latched < 2 ? PIT_MSB
                                                  : c->rw;
}

static struct kvm_pit_channel_state chips_to_channel(const PitChannel *c,
                                                     unsigned n)
{
    return (struct kvm_pit_channel_state){
        .count = chips_pit_count(c, n),
        .latched_count = c->latch,
        .count_latched = chips_pit_latched(c),
        .status_latched = c->status_latched,
        .status = c->status,
        .read_state = chips_pit_flip(c->rw, c->read_high),
        .write_state = chips_pit_flip(c->rw, c->write_high),
        .write_latch = c->write_low,
        .rw_mode = c->rw,
        .mode = c->mode,
        .bcd = c->bcd,
        .gate = c->gate,
    };
}

static PitChannel chips_from_channel(const struct kvm_pit_channel_state *k,
                                     uint64_t elapsed)
{
    bool ever = k->mode <= 5; /* since power-on */

    return (PitChannel){
        .mode = ever ? k->mode : 3,
        .rw = k->rw_mode >= PIT_LSB && k->rw_mode <= PIT_WORD0 ? k->rw_mode
                                                               : PIT_WORD0,
        .bcd = k->bcd,
        .gate = k->gate,
        .loaded = ever,
        .running = ever && (k->gate || k->mode == 1 || k->mode == 5),
        .count = CLAMP(k->count, 1, CHIPS_PIT_LONGEST),
        .reload = CLAMP(k->count, 1, CHIPS_PIT_LONGEST),
        .elapsed = elapsed,
        .write_high = k->write_state == PIT_WORD1,
        .read_high = k->read_state == PIT_WORD1,
        .write_low = k->write_latch,
        .latched = k->count_latched == PIT_WORD0 ? 2 : !!k->count_latched,
        .latch = k->latched_count,
        .status_latched = k->status_latched,
        .status = k->status,
    };
}

static void chips_put_pit(void *opaque, const ChipState *state)
{
    KvmEngine *e = opaque;
    const PitState *s = &state->pit;
    struct kvm_pit_state2 k = {
        .flags = (s->irq_disabled ? KVM_PIT_FLAGS_HPET_LEGACY : 0) |
                 (s->speaker ? KVM_PIT_FLAGS_SPEAKER_DATA_ON : 0),
    };

    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        k.channels[n] = chips_to_channel(&s->channel[n], n);
    }
    chips_ioctl(e, KVM_SET_PIT2, &k, "KVM_SET_PIT2");
    e->chips.pit_given = k.channels[0];
    e->chips.pit_given_ns = chips_now();
}

/* Since when does channel n count? */
static int64_t chips_pit_start(const KvmEngine *e,
                               const struct kvm_pit_channel_state *k,
                               unsigned n, int64_t now)
{
    const struct kvm_pit_channel_state *given = &e->chips.pit_given;

    if (n > 0) {
        return k->count_load_time;
    }
    return k->count == given->count && k->mode == given->mode
               ? e->chips.pit_given_ns
               : now;
}

static void chips_get_pit(void *opaque, ChipState *state)
{
    KvmEngine *e = opaque;
    PitState *s = &state->pit;
    struct kvm_pit_state2 k;

    if (!chips_ioctl(e, KVM_GET_PIT2, &k, "KVM_GET_PIT2")) {
        return;
    }
    int64_t now = chips_now();

    for (unsigned n = 0; n < CHIP_PIT_CHANNELS; n++) {
        int64_t start = chips_pit_start(e, &k.channels[n], n, now);

        s->channel[n] =
            chips_from_channel(&k.channels[n], chips_pit_ticks(now - start));
    }
    s->irq_disabled = k.flags & KVM_PIT_FLAGS_HPET_LEGACY;
    s->speaker = k.flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON;
}

/* As if the HPET had its interrupt: that stops KVM's timer. */
static void chips_end_pit(void *opaque)
{
    KvmEngine *e = opaque;
    struct kvm_pit_state2 k;

    if (chips_ioctl(e, KVM_GET_PIT2, &k, "KVM_GET_PIT2")) {
        k.flags |= KVM_PIT_FLAGS_HPET_LEGACY;
        chips_ioctl(e, KVM_SET_PIT2, &k, "KVM_SET_PIT2");
    }
}

/* ---- life ---------------------------------------------------------------- */

static const ChipHost chips_hosts[CHIP_KINDS] = {
    [CHIP_PIC] = { chips_put_pic, chips_get_pic },
    [CHIP_IOAPIC] = { chips_put_ioapic, chips_get_ioapic },
    [CHIP_PIT] = { chips_put_pit, chips_get_pit, chips_end_pit },
};

bool kvm_chips_create(KvmEngine *e, GError **errp)
{
    for (unsigned i = 0; i < CHIP_KINDS; i++) {
        e->chips.hosts[i] = chips_hosts[i];
        e->chips.hosts[i].opaque = e;
    }
    return ioctl(e->vm_fd, KVM_CREATE_IRQCHIP, 0) == 0 ||
           emu_fail_errno(errp, errno, "KVM_CREATE_IRQCHIP");
}

/* Not before it is asked for: a machine may have none. Ours does as well. */
static bool chips_create_pit(KvmEngine *e)
{
    struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

    if (!e->chips.pit_tried) {
        e->chips.pit_tried = true;
        e->chips.pit =
            kvm_has(e, CAP_PIT2) &&
            chips_ioctl(e, KVM_CREATE_PIT2, &config, "KVM_CREATE_PIT2");
    }
    return e->chips.pit;
}

const ChipHost *kvm_chip(Accel *accel, ChipKind kind)
{
    KvmEngine *e = kvm_engine(accel);

    if (!kvm_has_chips(e) || (kind == CHIP_PIT && !chips_create_pit(e))) {
        return NULL;
    }
    return &e->chips.hosts[kind];
}
