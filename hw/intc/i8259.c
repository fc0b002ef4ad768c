/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two cascaded 8259A programmable interrupt controllers and the edge/level
 * control registers of PIIX. Intel 8259A data sheet (231468-003), PIIX3 data
 * sheet 2.5.
 *
 * Not done: the 8080 mode, and level triggering by ICW1 (a PC has ELCR).
 */
#include "hw/intc/i8259-internal.h"

#include "hw/intc/counts.h"
#include "hw/isa/isa.h"

enum {
    ICW1_IC4 = 0x01,
    ICW1_SINGLE = 0x02,
    ICW1_LTIM = 0x08,
    ICW1 = 0x10, /* set: an ICW1, else OCW2 or OCW3 */
    ICW4_AEOI = 0x02,
    ICW4_SFNM = 0x10,
    OCW3 = 0x08,
    OCW3_RIS = 0x01,
    OCW3_RR = 0x02,
    OCW3_POLL = 0x04,
    OCW3_SMM = 0x20,
    OCW3_ESMM = 0x40,
};

enum { NO_IRQ = 8 };

/* ---- One chip ---------------------------------------------------------- */

/* Rank of the most urgent line of the mask, 0..7; NO_IRQ if there is none. */
static unsigned pic_rank(const Pic *pic, uint8_t mask)
{
    unsigned rotated = (mask | mask << 8) >> pic->highest & 0xff;

    return rotated ? __builtin_ctz(rotated) : NO_IRQ;
}

static unsigned pic_line(const Pic *pic, unsigned rank)
{
    return (rank + pic->highest) & 7;
}

/* The line to interrupt for now, NO_IRQ if none. */
static unsigned pic_pending(const Pic *pic)
{
    unsigned rank = pic_rank(pic, pic->irr & ~pic->imr);
    uint8_t in_service = pic->isr;

    if (rank == NO_IRQ) {
        return NO_IRQ;
    }
    if (pic->special_mask) {
        in_service &= ~pic->imr;
    }
    /* In special fully nested mode the slave may interrupt itself. */
    if (pic->special_nested && pic_is_master(pic)) {
        in_service &= ~(1u << PIC_CASCADE);
    }
    return rank < pic_rank(pic, in_service) ? pic_line(pic, rank) : NO_IRQ;
}

static void pic_set_line(Pic *pic, unsigned n, bool level)
{
    uint8_t bit = 1u << n;
    bool rose = level && !(pic->lines & bit);

    pic->rises[n] += rose;
    pic->lines = level ? pic->lines | bit : pic->lines & ~bit;
    if (pic->elcr & bit) {
        pic->irr = level ? pic->irr | bit : pic->irr & ~bit;
    } else if (rose) {
        pic->irr |= bit;
    }
}

static void pic_ack(Pic *pic, unsigned n)
{
    uint8_t bit = 1u << n;

    if (!pic->auto_eoi) {
        pic->isr |= bit;
    } else if (pic->rotate_on_aeoi) {
        pic->highest = (n + 1) & 7;
    }
    if (!(pic->elcr & bit)) {
        pic->irr &= ~bit;
    }
}

void i8259_set_intr(I8259 *s, bool level)
{
    if (level != s->intr_level) {
        s->intr_level = level;
        irq_set(&s->intr, level);
    }
}

/* Bring the cascade and INTR in line with the chips' state. */
void i8259_update(I8259 *s)
{
    if (s->host) {
        return;
    }
    pic_set_line(&s->pic[0], PIC_CASCADE, pic_pending(&s->pic[1]) != NO_IRQ);
    i8259_set_intr(s, pic_pending(&s->pic[0]) != NO_IRQ);
}

/* ---- Commands ---------------------------------------------------------- */

static void pic_init(Pic *pic)
{
    pic->irr &= pic->elcr; /* edges must come again */
    pic->imr = 0;
    pic->isr = 0;
    pic->highest = 0;
    pic->read_isr = false;
    pic->poll = false;
    pic->special_mask = false;
    pic->special_nested = false;
    pic->auto_eoi = false;
    pic->rotate_on_aeoi = false;
}

static void pic_write_icw1(Pic *pic, uint8_t val)
{
    pic_init(pic);
    pic->icw1_ic4 = val & ICW1_IC4;
    pic->icw1_single = val & ICW1_SINGLE;
    pic->icw_expected = 2;
    if (val & ICW1_LTIM) {
        log_unimplemented("i8259: ICW1 = 0x%02x: level triggering\n", val);
    }
}

static void pic_write_ocw3(Pic *pic, uint8_t val)
{
    if (val & OCW3_POLL) {
        pic->poll = true;
    }
    if (val & OCW3_RR) {
        pic->read_isr = val & OCW3_RIS;
    }
    if (val & OCW3_ESMM) {
        pic->special_mask = val & OCW3_SMM;
    }
}

/* Non-specific end of interrupt; a masked line keeps its bit in special mask
 * mode. */
static unsigned pic_eoi(Pic *pic)
{
    unsigned rank =
        pic_rank(pic, pic->special_mask ? pic->isr & ~pic->imr : pic->isr);

    if (rank == NO_IRQ) {
        return NO_IRQ;
    }
    unsigned n = pic_line(pic, rank);
    pic->isr &= ~(1u << n);
    return n;
}

/* Commands by bits 7..5: rotate, specific, end of interrupt. */
static void pic_write_ocw2(Pic *pic, uint8_t val)
{
    unsigned n = val & 7;

    switch (val >> 5) {
    case 0:
    case 4:
        pic->rotate_on_aeoi = val >> 7;
        break;
    case 1:
        pic_eoi(pic);
        break;
    case 2:
        break;
    case 3:
        pic->isr &= ~(1u << n);
        break;
    case 5:
        n = pic_eoi(pic);
        if (n != NO_IRQ) {
            pic->highest = (n + 1) & 7;
        }
        break;
    case 6:
        pic->highest = (n + 1) & 7;
        break;
    case 7:
        pic->isr &= ~(1u << n);
        pic->highest = (n + 1) & 7;
        break;
    }
}

static void pic_write_command(Pic *pic, uint8_t val)
{
    if (val & ICW1) {
        pic_write_icw1(pic, val);
    } else if (val & OCW3) {
        pic_write_ocw3(pic, val);
    } else {
        pic_write_ocw2(pic, val);
    }
}

static void pic_write_data(Pic *pic, uint8_t val)
{
    switch (pic->icw_expected) {
    case 2:
        pic->vector_base = val & 0xf8;
        pic->icw_expected = !pic->icw1_single ? 3 : pic->icw1_ic4 ? 4 : 0;
        break;
    case 3: /* how chips are wired: known */
        pic->icw_expected = pic->icw1_ic4 ? 4 : 0;
        break;
    case 4:
        pic->special_nested = val & ICW4_SFNM;
        pic->auto_eoi = val & ICW4_AEOI;
        pic->icw_expected = 0;
        break;
    default:
        pic->imr = val;
        break;
    }
}

static bool pic_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    Pic *pic = opaque;

    trace(i8259_write, "%s %u = %02x", pic->io.name, (unsigned)off,
          (unsigned)val);
    i8259_fetch(pic->pair);
    if (off == 0) {
        pic_write_command(pic, val);
    } else {
        pic_write_data(pic, val);
    }
    i8259_store(pic->pair);
    i8259_update(pic->pair);
    return true;
}

static uint8_t pic_poll(Pic *pic)
{
    unsigned n = pic_pending(pic);

    pic->poll = false;
    if (n == NO_IRQ) {
        return 0;
    }
    pic_ack(pic, n);
    i8259_update(pic->pair);
    return 0x80 | n;
}

static bool pic_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    Pic *pic = opaque;

    i8259_fetch(pic->pair);
    if (pic->poll) {
        *val = pic_poll(pic);
        i8259_store(pic->pair);
    } else if (off == 0) {
        *val = pic->read_isr ? pic->isr : pic->irr;
    } else {
        *val = pic->imr;
    }
    return true;
}

static const MemoryOps pic_ops = {
    .read = pic_read,
    .write = pic_write,
    .impl = { .min = 1, .max = 1 },
};

static bool elcr_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    Pic *pic = opaque;

    i8259_fetch(pic->pair);
    *val = pic->elcr;
    return true;
}

static bool elcr_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    Pic *pic = opaque;

    i8259_fetch(pic->pair);
    uint8_t level = pic->elcr = val & pic->elcr_mask;

    pic->irr = (pic->irr & ~level) | (pic->lines & level);
    i8259_store(pic->pair);
    i8259_update(pic->pair);
    return true;
}

static const MemoryOps elcr_ops = {
    .read = elcr_read,
    .write = elcr_write,
    .impl = { .min = 1, .max = 1 },
};

/* ---- The pair ---------------------------------------------------------- */

static void i8259_set(void *opaque, unsigned n, bool level)
{
    I8259 *s = opaque;
    Pic *pic = &s->pic[n / 8];

    g_mutex_lock(&s->parent.lock);
    if ((pic->lines >> (n & 7) & 1) != level && n != PIC_CASCADE) {
        pic_set_line(pic, n & 7, level);
        i8259_update(s);
    }
    g_mutex_unlock(&s->parent.lock);
}

/* A request that went away meanwhile is answered as line 7. */
static uint8_t i8259_ack_slave(Pic *slave)
{
    unsigned n = pic_pending(slave);

    if (n == NO_IRQ) {
        return slave->vector_base + 7;
    }
    pic_ack(slave, n);
    return slave->vector_base + n;
}

static uint8_t i8259_ack_locked(I8259 *s)
{
    Pic *master = &s->pic[0];
    unsigned n = pic_pending(master);
    uint8_t vector;

    if (n == NO_IRQ) {
        return master->vector_base + 7;
    }
    pic_ack(master, n);
    vector = master->vector_base + n;
    if (n == PIC_CASCADE) {
        vector = i8259_ack_slave(&s->pic[1]);
        /* The slave's INT falls with the acknowledge: a further request of
         * it is a new edge. */
        pic_set_line(master, PIC_CASCADE, false);
    }
    i8259_update(s);
    return vector;
}

uint8_t i8259_ack(Device *dev)
{
    I8259 *s = i8259(dev);

    g_mutex_lock(&dev->lock);
    uint8_t vector = i8259_ack_locked(s);
    g_mutex_unlock(&dev->lock);
    trace(i8259_ack, "vector %02x", vector);
    return vector;
}

void i8259_connect(Device *dev, IrqLine intr)
{
    i8259(dev)->intr = intr;
}

IrqLine i8259_input(Device *dev, unsigned n)
{
    g_assert(n < 16);
    return (IrqLine){ i8259_set, i8259(dev), n };
}

void i8259_print(Device *dev, GString *out)
{
    I8259 *s = i8259(dev);

    g_mutex_lock(&dev->lock);
    i8259_fetch(s);
    for (unsigned i = 2; i-- > 0;) {
        Pic *p = &s->pic[i];

        g_string_append_printf(
            out,
            "pic%u: irr=%02x imr=%02x isr=%02x hprio=%u irq_base=%02x "
            "rr_sel=%u elcr=%02x fnm=%u\n",
            i, p->irr, p->imr, p->isr, p->highest, p->vector_base, p->read_isr,
            p->elcr, p->special_nested);
    }
    g_mutex_unlock(&dev->lock);
}

void i8259_print_irqs(Device *dev, GString *out)
{
    I8259 *s = i8259(dev);
    uint64_t rises[16];

    g_mutex_lock(&dev->lock);
    for (unsigned n = 0; n < G_N_ELEMENTS(rises); n++) {
        rises[n] = n == PIC_CASCADE ? 0 : s->pic[n / 8].rises[n % 8];
    }
    g_mutex_unlock(&dev->lock);
    intc_print_counts("isa-i8259", rises, G_N_ELEMENTS(rises), out);
}

/* ---- The model --------------------------------------------------------- */

static const uint16_t pic_ports[2] = { 0x20, 0xa0 };
static const char *const pic_names[2] = { "pic-master", "pic-slave" };
static const uint8_t pic_elcr_masks[2] = { 0xf8, 0xde };
#define ELCR_PORT 0x4d0

static bool i8259_realize(Device *dev, GError **errp)
{
    I8259 *s = i8259(dev);

    for (unsigned i = 0; i < 2; i++) {
        Pic *pic = &s->pic[i];

        pic->pair = s;
        pic->elcr_mask = pic_elcr_masks[i];
        region_init_io(&pic->io, pic_names[i], 2, &pic_ops, pic, &dev->lock);
        region_init_io(&pic->elcr_io, "elcr", 1, &elcr_ops, pic, &dev->lock);
        if (!isa_add_io(dev, pic_ports[i], &pic->io, errp) ||
            !isa_add_io(dev, ELCR_PORT + i, &pic->elcr_io, errp)) {
            return false;
        }
    }
    return true;
}

static void i8259_unrealize(Device *dev)
{
    I8259 *s = i8259(dev);

    for (unsigned i = 0; i < 2; i++) {
        region_clear(&s->pic[i].io);
        region_clear(&s->pic[i].elcr_io);
    }
}

static void i8259_reset(Device *dev)
{
    I8259 *s = i8259(dev);

    for (unsigned i = 0; i < 2; i++) {
        Pic *pic = &s->pic[i];

        pic->elcr = 0;
        pic->vector_base = 0;
        pic->icw_expected = 0;
        pic->icw1_ic4 = false;
        pic->icw1_single = false;
        pic_init(pic);
        pic->imr = 0xff; /* until ICW1: its vectors are nobody's */
    }
    i8259_update(s);
}

static bool i8259_loaded(Device *dev, GError **errp)
{
    I8259 *s = i8259(dev);

    for (unsigned i = 0; i < 2; i++) {
        if (s->pic[i].highest > 7 || s->pic[i].icw_expected > 4) {
            return emu_fail(errp, EMU_ERROR_CORRUPT, "impossible state");
        }
    }
    irq_set(&s->intr, s->intr_level);
    return true;
}

static const StateField pic_state[] = {
    STATE_U8(Pic, lines),
    STATE_U8(Pic, irr),
    STATE_U8(Pic, imr),
    STATE_U8(Pic, isr),
    STATE_U8(Pic, elcr),
    STATE_U8(Pic, highest),
    STATE_U8(Pic, vector_base),
    STATE_U8(Pic, icw_expected),
    STATE_BOOL(Pic, icw1_ic4),
    STATE_BOOL(Pic, icw1_single),
    STATE_BOOL(Pic, read_isr),
    STATE_BOOL(Pic, poll),
    STATE_BOOL(Pic, special_mask),
    STATE_BOOL(Pic, special_nested),
    STATE_BOOL(Pic, auto_eoi),
    STATE_BOOL(Pic, rotate_on_aeoi),
    {},
};

static const StateField i8259_state[] = {
    STATE_STRUCT_ARRAY(I8259, pic, pic_state),
    STATE_BOOL(I8259, intr_level),
    {},
};

const DeviceClass i8259_class = {
    .name = "isa-i8259",
    .summary = "8259A interrupt controllers, master and slave",
    .bus = BUS_ISA,
    .internal = true,
    .size = sizeof(I8259),
    .state = i8259_state,
    .realize = i8259_realize,
    .unrealize = i8259_unrealize,
    .reset = i8259_reset,
    .loaded = i8259_loaded,
};
