/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550A UART: National Semiconductor PC16550D data sheet (1995).
 *
 * Bytes leave at once, whatever the divisor says; a slow peer shows as a
 * transmitter that stays busy. The baud rate matters for the receiver's time-
 * out only. Interrupts are not gated by OUT2, since guests that never set it
 * are used to that. Errors belong to the whole receiver, not to a byte of it.
 */
#include "hw/char/serial.h"

#include "chardev/chardev.h"

enum {
    UART_RBR = 0, /* read; divisor low with DLAB */
    UART_THR = 0, /* write */
    UART_IER = 1, /* divisor high with DLAB */
    UART_IIR = 2, /* read */
    UART_FCR = 2, /* write */
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCR = 7,

    UART_IER_RDI = 1 << 0,
    UART_IER_THRI = 1 << 1,
    UART_IER_RLSI = 1 << 2,
    UART_IER_MSI = 1 << 3,
    UART_IER_ALL = 0x0f,

    UART_IIR_NONE = 0x01,
    UART_IIR_MSI = 0x00,
    UART_IIR_THRI = 0x02,
    UART_IIR_RDI = 0x04,
    UART_IIR_RLSI = 0x06,
    UART_IIR_TIMEOUT = 0x0c,
    UART_IIR_FIFO = 0xc0,

    UART_FCR_ENABLE = 1 << 0,
    UART_FCR_CLEAR_RX = 1 << 1,
    UART_FCR_CLEAR_TX = 1 << 2,
    UART_FCR_KEPT = 0xc9,

    UART_LCR_BITS = 3 << 0,
    UART_LCR_STOP2 = 1 << 2,
    UART_LCR_PARITY = 1 << 3,
    UART_LCR_EVEN = 1 << 4,
    UART_LCR_DLAB = 1 << 7,

    UART_MCR_DTR = 1 << 0,
    UART_MCR_RTS = 1 << 1,
    UART_MCR_OUT1 = 1 << 2,
    UART_MCR_OUT2 = 1 << 3,
    UART_MCR_LOOP = 1 << 4,
    UART_MCR_ALL = 0x1f,

    UART_LSR_DR = 1 << 0,
    UART_LSR_OE = 1 << 1,
    UART_LSR_BI = 1 << 4,
    UART_LSR_THRE = 1 << 5,
    UART_LSR_TEMT = 1 << 6,
    UART_LSR_ERRORS = 0x1e,

    UART_MSR_TERI = 1 << 2,
    UART_MSR_DELTAS = 0x0f,
    UART_MSR_CTS = 1 << 4,
    UART_MSR_DSR = 1 << 5,
    UART_MSR_RI = 1 << 6,
    UART_MSR_DCD = 1 << 7,
};

/* ---- FIFOs ------------------------------------------------------------- */

static void fifo_clear(SerialFifo *f)
{
    f->head = 0;
    f->count = 0;
}

static void fifo_put(SerialFifo *f, uint8_t byte)
{
    f->data[(f->head + f->count++) % SERIAL_FIFO_SIZE] = byte;
}

static uint8_t fifo_take(SerialFifo *f)
{
    uint8_t byte = f->data[f->head];

    f->head = (f->head + 1) % SERIAL_FIFO_SIZE;
    f->count--;
    return byte;
}

static bool serial_fifo_on(const Serial *s)
{
    return s->fcr & UART_FCR_ENABLE;
}

static unsigned serial_fifo_depth(const Serial *s)
{
    return serial_fifo_on(s) ? SERIAL_FIFO_SIZE : 1;
}

/* Received bytes that raise an interrupt. */
static unsigned serial_trigger_level(const Serial *s)
{
    static const uint8_t levels[4] = { 1, 4, 8, 14 };

    return serial_fifo_on(s) ? levels[s->fcr >> 6] : 1;
}

/* ---- Interrupts -------------------------------------------------------- */

/* The most urgent cause, PC16550D table IV. */
static uint8_t serial_cause(const Serial *s)
{
    if ((s->ier & UART_IER_RLSI) && (s->lsr & UART_LSR_ERRORS)) {
        return UART_IIR_RLSI;
    }
    if ((s->ier & UART_IER_RDI) && s->rx.count >= serial_trigger_level(s)) {
        return UART_IIR_RDI;
    }
    if ((s->ier & UART_IER_RDI) && s->timeout_pending) {
        return UART_IIR_TIMEOUT;
    }
    if ((s->ier & UART_IER_THRI) && s->thre_pending) {
        return UART_IIR_THRI;
    }
    if ((s->ier & UART_IER_MSI) && (s->msr & UART_MSR_DELTAS)) {
        return UART_IIR_MSI;
    }
    return UART_IIR_NONE;
}

static void serial_update_irq(Serial *s)
{
    bool level;

    s->iir = serial_cause(s);
    level = s->iir != UART_IIR_NONE;
    if (level != s->irq_level) {
        s->irq_level = level;
        irq_set(&s->irq, level);
    }
}

/* ---- The line ---------------------------------------------------------- */

static unsigned serial_baud(const Serial *s)
{
    return s->baudbase / MAX(s->divisor, 1);
}

static int64_t serial_char_ns(const Serial *s)
{
    unsigned bits = 1 + 5 + (s->lcr & UART_LCR_BITS) +
                    !!(s->lcr & UART_LCR_PARITY) + 1 +
                    !!(s->lcr & UART_LCR_STOP2);

    return bits * NS_PER_SECOND / MAX(serial_baud(s), 1);
}

static void serial_set_line(Serial *s)
{
    char parity = !(s->lcr & UART_LCR_PARITY) ? 'N'
                  : s->lcr & UART_LCR_EVEN    ? 'E'
                                              : 'O';

    chardev_set_line(s->chr, serial_baud(s), 5 + (s->lcr & UART_LCR_BITS),
                     parity, s->lcr & UART_LCR_STOP2 ? 2 : 1);
}

/* ---- Receiver ---------------------------------------------------------- */

static bool serial_in_loopback(const Serial *s)
{
    return s->mcr & UART_MCR_LOOP;
}

/* Four characters of silence below the trigger level call for attention. */
static void serial_arm_timeout(Serial *s)
{
    if (!s->rx.count || !serial_fifo_on(s)) {
        timer_disarm(&s->rx_timeout);
        return;
    }
    timer_arm(&s->rx_timeout,
              clock_now(s->owner->env->clock) + 4 * serial_char_ns(s));
}

static void serial_timeout(void *opaque)
{
    Serial *s = opaque;

    s->timeout_pending = s->rx.count > 0;
    serial_update_irq(s);
}

static void serial_receive(Serial *s, uint8_t byte)
{
    if (s->rx.count >= serial_fifo_depth(s)) {
        s->lsr |= UART_LSR_OE;
        if (serial_fifo_on(s)) {
            return; /* the newest is lost; without FIFO the older one is */
        }
        fifo_clear(&s->rx);
    }
    fifo_put(&s->rx, byte);
    s->lsr |= UART_LSR_DR;
}

static uint8_t serial_read_rbr(Serial *s)
{
    bool was_full = s->rx.count >= serial_fifo_depth(s);
    uint8_t byte = 0;

    if (s->rx.count) {
        byte = fifo_take(&s->rx);
    }
    if (!s->rx.count) {
        s->lsr &= ~(UART_LSR_DR | UART_LSR_BI);
    }
    s->timeout_pending = false;
    serial_arm_timeout(s);
    serial_update_irq(s);
    if ((was_full || !s->rx.count) && !serial_in_loopback(s)) {
        chardev_accept_input(s->chr);
    }
    return byte;
}

static size_t serial_can_read(void *opaque)
{
    Serial *s = opaque;

    g_mutex_lock(&s->owner->lock);
    unsigned depth = serial_fifo_depth(s);
    size_t room = s->rx.count < depth ? depth - s->rx.count : 0;
    bool loop = serial_in_loopback(s);
    g_mutex_unlock(&s->owner->lock);
    return loop ? 0 : room;
}

static void serial_chardev_read(void *opaque, const uint8_t *buf, size_t len)
{
    Serial *s = opaque;

    g_mutex_lock(&s->owner->lock);
    for (size_t i = 0; i < len; i++) {
        serial_receive(s, buf[i]);
    }
    serial_arm_timeout(s);
    serial_update_irq(s);
    g_mutex_unlock(&s->owner->lock);
}

static void serial_chardev_event(void *opaque, ChardevEvent event)
{
    Serial *s = opaque;

    if (event != CHARDEV_BREAK) {
        return;
    }
    g_mutex_lock(&s->owner->lock);
    serial_receive(s, 0);
    s->lsr |= UART_LSR_BI;
    serial_arm_timeout(s);
    serial_update_irq(s);
    g_mutex_unlock(&s->owner->lock);
}

static const ChardevUser serial_chardev_user = {
    .can_read = serial_can_read,
    .read = serial_chardev_read,
    .event = serial_chardev_event,
};

/* ---- Transmitter ------------------------------------------------------- */

static void serial_writable(void *opaque);

/* Hand over what waits; the transmitter is free when all of it went. */
static void serial_drain(Serial *s)
{
    while (s->tx.count) {
        size_t run = MIN(s->tx.count, SERIAL_FIFO_SIZE - s->tx.head);
        size_t taken = chardev_write(s->chr, s->tx.data + s->tx.head, run,
                                     serial_writable, s);

        s->tx.head = (s->tx.head + taken) % SERIAL_FIFO_SIZE;
        s->tx.count -= taken;
        if (taken < run) {
            return;
        }
    }
    s->lsr |= UART_LSR_THRE | UART_LSR_TEMT;
    s->thre_pending = true;
}

static void serial_writable(void *opaque)
{
    Serial *s = opaque;

    g_mutex_lock(&s->owner->lock);
    if (s->tx.count) {
        serial_drain(s);
        serial_update_irq(s);
    }
    g_mutex_unlock(&s->owner->lock);
}

static void serial_write_thr(Serial *s, uint8_t byte)
{
    s->thre_pending = false;
    if (serial_in_loopback(s)) {
        serial_receive(s, byte);
        serial_arm_timeout(s);
        s->thre_pending = true;
        return;
    }
    if (s->tx.count >= serial_fifo_depth(s)) {
        return; /* the guest did not wait for THRE: lost */
    }
    fifo_put(&s->tx, byte);
    s->lsr &= ~(UART_LSR_THRE | UART_LSR_TEMT);
    serial_drain(s);
}

/* ---- Modem lines ------------------------------------------------------- */

/* What the modem status inputs see: the peer is always there and ready. In
 * loopback they are the outputs (PC16550D 8.6.7). */
static uint8_t serial_modem_inputs(const Serial *s)
{
    if (!serial_in_loopback(s)) {
        return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
    }
    return (s->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
           (s->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
           (s->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
           (s->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0);
}

static void serial_update_modem(Serial *s)
{
    uint8_t inputs = serial_modem_inputs(s);
    uint8_t changed = (s->msr ^ inputs) & ~UART_MSR_DELTAS;

    /* The ring indicator's delta tells its trailing edge only. */
    if (inputs & UART_MSR_RI) {
        changed &= ~UART_MSR_RI;
    }
    s->msr = (s->msr & UART_MSR_DELTAS) | inputs | changed >> 4;
}

/* ---- Registers --------------------------------------------------------- */

static void serial_write_ier(Serial *s, uint8_t val)
{
    uint8_t rose = val & ~s->ier;

    s->ier = val & UART_IER_ALL;
    /* Enabling the interrupt of an empty transmitter raises it at once. */
    if ((rose & UART_IER_THRI) && (s->lsr & UART_LSR_THRE)) {
        s->thre_pending = true;
    }
}

static void serial_write_fcr(Serial *s, uint8_t val)
{
    bool toggled = (val ^ s->fcr) & UART_FCR_ENABLE;

    if (toggled || (val & UART_FCR_CLEAR_RX)) {
        fifo_clear(&s->rx);
        s->lsr &= ~(UART_LSR_DR | UART_LSR_BI);
        s->timeout_pending = false;
        timer_disarm(&s->rx_timeout);
        chardev_accept_input(s->chr);
    }
    if (toggled || (val & UART_FCR_CLEAR_TX)) {
        fifo_clear(&s->tx);
        s->lsr |= UART_LSR_THRE | UART_LSR_TEMT;
        s->thre_pending = true;
    }
    /* The other bits count only together with the enable. */
    s->fcr = val & UART_FCR_ENABLE ? val & UART_FCR_KEPT : 0;
}

static void serial_write_mcr(Serial *s, uint8_t val)
{
    bool was_loop = serial_in_loopback(s);

    s->mcr = val & UART_MCR_ALL;
    serial_update_modem(s);
    if (was_loop && !serial_in_loopback(s)) {
        chardev_accept_input(s->chr);
    }
}

static void serial_write_divisor(Serial *s, uint16_t divisor)
{
    s->divisor = divisor;
    serial_set_line(s);
}

static bool serial_dlab(const Serial *s)
{
    return s->lcr & UART_LCR_DLAB;
}

static void serial_write_reg(Serial *s, unsigned reg, uint8_t val)
{
    switch (reg) {
    case UART_THR:
        if (serial_dlab(s)) {
            serial_write_divisor(s, (s->divisor & 0xff00) | val);
        } else {
            serial_write_thr(s, val);
        }
        break;
    case UART_IER:
        if (serial_dlab(s)) {
            serial_write_divisor(s, (s->divisor & 0x00ff) | val << 8);
        } else {
            serial_write_ier(s, val);
        }
        break;
    case UART_FCR:
        serial_write_fcr(s, val);
        break;
    case UART_LCR:
        s->lcr = val;
        serial_set_line(s);
        break;
    case UART_MCR:
        serial_write_mcr(s, val);
        break;
    case UART_SCR:
        s->scr = val;
        break;
    default:
        log_guest_error("serial: write of read-only register %u = 0x%02x\n",
                        reg, val);
        break;
    }
}

static uint8_t serial_read_iir(Serial *s)
{
    uint8_t iir = s->iir | (serial_fifo_on(s) ? UART_IIR_FIFO : 0);

    if (s->iir == UART_IIR_THRI) {
        s->thre_pending = false;
        serial_update_irq(s);
    }
    return iir;
}

static uint8_t serial_read_lsr(Serial *s)
{
    uint8_t lsr = s->lsr;

    if (lsr & UART_LSR_ERRORS) {
        s->lsr &= ~UART_LSR_ERRORS;
        serial_update_irq(s);
    }
    return lsr;
}

static uint8_t serial_read_msr(Serial *s)
{
    uint8_t msr = s->msr;

    s->msr &= ~UART_MSR_DELTAS;
    serial_update_irq(s);
    return msr;
}

static uint8_t serial_read_reg(Serial *s, unsigned reg)
{
    switch (reg) {
    case UART_RBR:
        return serial_dlab(s) ? s->divisor & 0xff : serial_read_rbr(s);
    case UART_IER:
        return serial_dlab(s) ? s->divisor >> 8 : s->ier;
    case UART_IIR:
        return serial_read_iir(s);
    case UART_LCR:
        return s->lcr;
    case UART_MCR:
        return s->mcr;
    case UART_LSR:
        return serial_read_lsr(s);
    case UART_MSR:
        return serial_read_msr(s);
    default:
        return s->scr;
    }
}

static bool serial_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    *val = serial_read_reg(opaque, off);
    trace(serial_read, "reg %u = %02x", (unsigned)off, (unsigned)*val);
    return true;
}

static bool serial_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    trace(serial_write, "reg %u = %02x", (unsigned)off, (unsigned)val);
    serial_write_reg(opaque, off, val);
    serial_update_irq(opaque);
    return true;
}

static const MemoryOps serial_ops = {
    .read = serial_read,
    .write = serial_write,
    .impl = { .min = 1, .max = 1 },
};

/* ---- For the owner ----------------------------------------------------- */

bool serial_realize(Serial *s, GError **errp)
{
    timer_init(&s->rx_timeout, s->owner->env->clock, serial_timeout, s,
               &s->owner->lock);
    region_init_io(&s->io, "serial", SERIAL_PORTS, &serial_ops, s,
                   &s->owner->lock);
    return chardev_attach(s->chr, &serial_chardev_user, s, errp);
}

void serial_unrealize(Serial *s)
{
    chardev_detach(s->chr, s);
    region_clear(&s->io);
    timer_clear(&s->rx_timeout);
}

void serial_reset(Serial *s)
{
    fifo_clear(&s->rx);
    fifo_clear(&s->tx);
    timer_disarm(&s->rx_timeout);
    s->divisor = 12; /* 9600 baud */
    s->ier = 0;
    s->fcr = 0;
    s->lcr = 0;
    s->mcr = UART_MCR_OUT2;
    s->lsr = UART_LSR_THRE | UART_LSR_TEMT;
    s->msr = serial_modem_inputs(s);
    s->scr = 0;
    s->thre_pending = false;
    s->timeout_pending = false;
    serial_update_irq(s);
    chardev_accept_input(s->chr);
}

static bool fifo_valid(const SerialFifo *f)
{
    return f->head < SERIAL_FIFO_SIZE && f->count <= SERIAL_FIFO_SIZE;
}

bool serial_loaded(Serial *s, GError **errp)
{
    if (!fifo_valid(&s->rx) || !fifo_valid(&s->tx)) {
        return emu_fail(errp, EMU_ERROR_CORRUPT, "impossible FIFO");
    }
    irq_set(&s->irq, s->irq_level);
    serial_set_line(s);
    serial_arm_timeout(s);
    if (s->tx.count) {
        serial_drain(s);
    }
    return true;
}

/* clang-format off */
static const StateField serial_fifo_state[] = {
    STATE_BYTES(SerialFifo, data, SERIAL_FIFO_SIZE),
    STATE_U8(SerialFifo, head),
    STATE_U8(SerialFifo, count),
    {},
};

const StateField serial_state[] = {
    STATE_STRUCT(Serial, rx, serial_fifo_state),
    STATE_STRUCT(Serial, tx, serial_fifo_state),
    STATE_U16(Serial, divisor),
    STATE_U8(Serial, ier),
    STATE_U8(Serial, iir),
    STATE_U8(Serial, fcr),
    STATE_U8(Serial, lcr),
    STATE_U8(Serial, mcr),
    STATE_U8(Serial, lsr),
    STATE_U8(Serial, msr),
    STATE_U8(Serial, scr),
    STATE_BOOL(Serial, thre_pending),
    STATE_BOOL(Serial, timeout_pending),
    STATE_BOOL(Serial, irq_level),
    {},
};
/* clang-format on */
