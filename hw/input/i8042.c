/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's keyboard controller: IBM PS/2 Hardware Interface Technical
 * Reference, Keyboard and Auxiliary Device Controller (1990). It also holds
 * the A20 gate and the reset line.
 *
 * One output register is shared by the controller's own answers, the keyboard
 * and the mouse; it is filled again as soon as it was read. Commands are done
 * at once, so the input buffer is never full.
 */
#include "hw/input/i8042.h"

#include "hw/input/ps2.h"
#include "hw/isa/isa.h"
#include "ui/console.h"

enum {
    KBC_DATA = 0x60,
    KBC_COMMAND = 0x64,

    KBC_STATUS_OBF = 1 << 0,
    KBC_STATUS_SYSTEM = 1 << 2,
    KBC_STATUS_COMMAND = 1 << 3,
    KBC_STATUS_UNLOCKED = 1 << 4,
    KBC_STATUS_AUX = 1 << 5,

    KBC_MODE_IRQ1 = 1 << 0,
    KBC_MODE_IRQ12 = 1 << 1,
    KBC_MODE_SYSTEM = 1 << 2,
    KBC_MODE_NO_KBD = 1 << 4,
    KBC_MODE_NO_AUX = 1 << 5,
    KBC_MODE_TRANSLATE = 1 << 6,

    KBC_OUTPORT_RUN = 1 << 0, /* low is INIT# for the processors */
    KBC_OUTPORT_A20 = 1 << 1,
    KBC_OUTPORT_IRQ1 = 1 << 4,
    KBC_OUTPORT_IRQ12 = 1 << 5,
    KBC_OUTPORT_HIGH = 0xcc, /* not wired */

    KBC_CMD_READ_RAM = 0x20, /* ..3f; 20 is the mode */
    KBC_CMD_WRITE_RAM = 0x60,
    KBC_CMD_NO_AUX = 0xa7,
    KBC_CMD_AUX = 0xa8,
    KBC_CMD_TEST_AUX = 0xa9,
    KBC_CMD_SELF_TEST = 0xaa,
    KBC_CMD_TEST_KBD = 0xab,
    KBC_CMD_NO_KBD = 0xad,
    KBC_CMD_KBD = 0xae,
    KBC_CMD_READ_INPORT = 0xc0,
    KBC_CMD_READ_OUTPORT = 0xd0,
    KBC_CMD_WRITE_OUTPORT = 0xd1,
    KBC_CMD_PUT_KBD = 0xd2,
    KBC_CMD_PUT_AUX = 0xd3,
    KBC_CMD_WRITE_AUX = 0xd4,
    KBC_CMD_A20_OFF = 0xdd,
    KBC_CMD_A20_ON = 0xdf,
    KBC_CMD_PULSE = 0xf0, /* ..ff: a 0 bit pulses that line of the outport */

    KBC_RAM_SIZE = 32,
};

typedef struct I8042 {
    Device parent;

    /* Wiring. */
    MemoryRegion data_io, command_io;
    IrqLine irq_kbd, irq_aux, a20, init;

    /* Guest-visible state. */
    uint8_t ram[KBC_RAM_SIZE]; /* byte 0: the mode */
    uint8_t status;            /* OBF, SYSTEM, COMMAND and AUX */
    uint8_t outport;           /* RUN and A20 */
    uint8_t command;           /* waits for its data byte; 0: none */
    uint8_t output;
    bool answer_waits; /* a byte of the controller itself */
    uint8_t answer;
    bool answer_is_aux;
    bool broken; /* translation saw a break prefix */
    Ps2Keyboard kbd;
    Ps2Mouse mouse;
} I8042;

static I8042 *i8042(Device *dev)
{
    return container_of(dev, I8042, parent);
}

static uint8_t i8042_mode(const I8042 *s)
{
    return s->ram[0];
}

/* ---- Output ------------------------------------------------------------ */

static void i8042_update_irq(I8042 *s)
{
    bool full = s->status & KBC_STATUS_OBF;
    bool aux = s->status & KBC_STATUS_AUX;

    irq_set(&s->irq_kbd, full && !aux && (i8042_mode(s) & KBC_MODE_IRQ1));
    irq_set(&s->irq_aux, full && aux && (i8042_mode(s) & KBC_MODE_IRQ12));
}

/* A byte of the keyboard as the guest sees it; false: nothing yet. */
static bool i8042_translate(I8042 *s, uint8_t *byte)
{
    if (!(i8042_mode(s) & KBC_MODE_TRANSLATE)) {
        return true;
    }
    if (*byte == PS2_BREAK) {
        s->broken = true;
        return false;
    }
    *byte = ps2_translate(*byte) | (s->broken ? 0x80 : 0);
    s->broken = false;
    return true;
}

static bool i8042_take_kbd(I8042 *s, uint8_t *byte)
{
    if (i8042_mode(s) & KBC_MODE_NO_KBD) {
        return false;
    }
    while (ps2_keyboard_take(&s->kbd, byte)) {
        if (i8042_translate(s, byte)) {
            return true;
        }
    }
    return false;
}

/* The next byte for the output register. */
static bool i8042_take(I8042 *s, uint8_t *byte, bool *aux)
{
    *aux = false;
    if (s->answer_waits) {
        s->answer_waits = false;
        *byte = s->answer;
        *aux = s->answer_is_aux;
        return true;
    }
    if (i8042_take_kbd(s, byte)) {
        return true;
    }
    *aux = true;
    return !(i8042_mode(s) & KBC_MODE_NO_AUX) &&
           ps2_mouse_take(&s->mouse, byte);
}

static void i8042_fill(I8042 *s)
{
    uint8_t byte;
    bool aux;

    if (!(s->status & KBC_STATUS_OBF) && i8042_take(s, &byte, &aux)) {
        s->output = byte;
        s->status &= ~KBC_STATUS_AUX;
        s->status |= KBC_STATUS_OBF | (aux ? KBC_STATUS_AUX : 0);
    }
    i8042_update_irq(s);
}

/* An answer goes before everything that keyboard and mouse have to say; the
 * newest counts. */
static void i8042_answer(I8042 *s, uint8_t byte, bool aux)
{
    s->answer_waits = true;
    s->answer = byte;
    s->answer_is_aux = aux;
}

/* ---- A20 and reset ----------------------------------------------------- */

static void i8042_write_outport(I8042 *s, uint8_t val)
{
    s->outport = val & (KBC_OUTPORT_RUN | KBC_OUTPORT_A20);
    irq_set(&s->a20, val & KBC_OUTPORT_A20);
    if (!(val & KBC_OUTPORT_RUN)) {
        irq_pulse(&s->init);
    }
}

static uint8_t i8042_read_outport(const I8042 *s)
{
    bool full = s->status & KBC_STATUS_OBF;
    bool aux = s->status & KBC_STATUS_AUX;

    return s->outport | KBC_OUTPORT_HIGH |
           (full && !aux ? KBC_OUTPORT_IRQ1 : 0) |
           (full && aux ? KBC_OUTPORT_IRQ12 : 0);
}

/* ---- Commands ---------------------------------------------------------- */

static void i8042_set_mode_bit(I8042 *s, uint8_t bit, bool on)
{
    s->ram[0] = on ? s->ram[0] | bit : s->ram[0] & ~bit;
}

static void i8042_self_test(I8042 *s)
{
    s->status |= KBC_STATUS_SYSTEM;
    i8042_answer(s, 0x55, false);
}

/* Commands that stand for a range of codes. */
static bool i8042_do_range(I8042 *s, uint8_t command)
{
    if (command >= KBC_CMD_PULSE) {
        if (!(command & KBC_OUTPORT_RUN)) {
            irq_pulse(&s->init);
        }
        return true;
    }
    switch (command & 0xe0) {
    case KBC_CMD_READ_RAM:
        i8042_answer(s, s->ram[command % KBC_RAM_SIZE], false);
        return true;
    case KBC_CMD_WRITE_RAM:
        s->command = command;
        return true;
    default:
        return false;
    }
}

static void i8042_do_command(I8042 *s, uint8_t command)
{
    switch (command) {
    case KBC_CMD_NO_AUX:
    case KBC_CMD_AUX:
        i8042_set_mode_bit(s, KBC_MODE_NO_AUX, command == KBC_CMD_NO_AUX);
        break;
    case KBC_CMD_NO_KBD:
    case KBC_CMD_KBD:
        i8042_set_mode_bit(s, KBC_MODE_NO_KBD, command == KBC_CMD_NO_KBD);
        break;
    case KBC_CMD_TEST_AUX:
    case KBC_CMD_TEST_KBD:
        i8042_answer(s, 0, false);
        break;
    case KBC_CMD_SELF_TEST:
        i8042_self_test(s);
        break;
    case KBC_CMD_READ_INPORT:
        i8042_answer(s, 0x80, false); /* the keyboard is not locked */
        break;
    case KBC_CMD_READ_OUTPORT:
        i8042_answer(s, i8042_read_outport(s), false);
        break;
    case KBC_CMD_A20_OFF:
    case KBC_CMD_A20_ON:
        i8042_write_outport(
            s, KBC_OUTPORT_RUN |
                   (command == KBC_CMD_A20_ON ? KBC_OUTPORT_A20 : 0));
        break;
    case KBC_CMD_WRITE_OUTPORT:
    case KBC_CMD_PUT_KBD:
    case KBC_CMD_PUT_AUX:
    case KBC_CMD_WRITE_AUX:
        s->command = command;
        break;
    default:
        if (!i8042_do_range(s, command)) {
            log_unimplemented("i8042: command 0x%02x\n", command);
        }
        break;
    }
}

/* The byte that a command waited for. */
static void i8042_do_data(I8042 *s, uint8_t command, uint8_t val)
{
    switch (command) {
    case KBC_CMD_WRITE_OUTPORT:
        i8042_write_outport(s, val);
        break;
    case KBC_CMD_PUT_KBD:
        i8042_answer(s, val, false);
        break;
    case KBC_CMD_PUT_AUX:
        i8042_answer(s, val, true);
        break;
    case KBC_CMD_WRITE_AUX:
        i8042_set_mode_bit(s, KBC_MODE_NO_AUX, false);
        ps2_mouse_write(&s->mouse, val);
        break;
    default:
        s->ram[command % KBC_RAM_SIZE] = val;
        break;
    }
}

/* ---- Ports ------------------------------------------------------------- */

static bool i8042_read_data(void *opaque, hwaddr off, unsigned size,
                            uint64_t *val)
{
    I8042 *s = opaque;

    *val = s->output;
    trace(i8042_read, "data %02x", s->output);
    /* The lines fall before the next byte raises them again. */
    s->status &= ~(KBC_STATUS_OBF | KBC_STATUS_AUX);
    i8042_update_irq(s);
    i8042_fill(s);
    return true;
}

static bool i8042_write_data(void *opaque, hwaddr off, unsigned size,
                             uint64_t val)
{
    I8042 *s = opaque;
    uint8_t command = s->command;

    trace(i8042_write, "data %02x", (unsigned)val);
    s->command = 0;
    s->status &= ~KBC_STATUS_COMMAND;
    if (command) {
        i8042_do_data(s, command, val);
    } else {
        i8042_set_mode_bit(s, KBC_MODE_NO_KBD, false);
        ps2_keyboard_write(&s->kbd, val);
    }
    i8042_fill(s);
    return true;
}

static bool i8042_read_status(void *opaque, hwaddr off, unsigned size,
                              uint64_t *val)
{
    I8042 *s = opaque;

    *val = s->status | KBC_STATUS_UNLOCKED |
           (i8042_mode(s) & KBC_MODE_SYSTEM ? KBC_STATUS_SYSTEM : 0);
    return true;
}

static bool i8042_write_command(void *opaque, hwaddr off, unsigned size,
                                uint64_t val)
{
    I8042 *s = opaque;

    trace(i8042_write, "command %02x", (unsigned)val);
    s->command = 0;
    s->status |= KBC_STATUS_COMMAND;
    i8042_do_command(s, val);
    i8042_fill(s);
    return true;
}

static const MemoryOps i8042_data_ops = {
    .read = i8042_read_data,
    .write = i8042_write_data,
    .valid = { .min = 1, .max = 1 },
};

static const MemoryOps i8042_command_ops = {
    .read = i8042_read_status,
    .write = i8042_write_command,
    .valid = { .min = 1, .max = 1 },
};

/* ---- Input ------------------------------------------------------------- */

static void i8042_key_event(void *opaque, const InputEvent *ev)
{
    I8042 *s = opaque;

    g_mutex_lock(&s->parent.lock);
    ps2_keyboard_key(&s->kbd, ev->code, ev->value);
    i8042_fill(s);
    g_mutex_unlock(&s->parent.lock);
}

static void i8042_pointer_event(void *opaque, const InputEvent *ev)
{
    I8042 *s = container_of((Ps2Mouse *)opaque, I8042, mouse);

    g_mutex_lock(&s->parent.lock);
    if (ev->kind == INPUT_BUTTON) {
        ps2_mouse_button(&s->mouse, ev->code, ev->value);
    } else {
        ps2_mouse_move(&s->mouse, ev->code, ev->value);
    }
    g_mutex_unlock(&s->parent.lock);
}

static void i8042_pointer_sync(void *opaque)
{
    I8042 *s = container_of((Ps2Mouse *)opaque, I8042, mouse);

    g_mutex_lock(&s->parent.lock);
    ps2_mouse_sync(&s->mouse);
    i8042_fill(s);
    g_mutex_unlock(&s->parent.lock);
}

static const InputSink i8042_key_sink = {
    .name = "PS/2 keyboard",
    .kinds = 1u << INPUT_KEY,
    .event = i8042_key_event,
};

static const InputSink i8042_pointer_sink = {
    .name = "PS/2 mouse",
    .kinds = 1u << INPUT_BUTTON | 1u << INPUT_REL,
    .event = i8042_pointer_event,
    .sync = i8042_pointer_sync,
};

/* ---- The model --------------------------------------------------------- */

void i8042_connect(Device *dev, IrqLine a20, IrqLine init)
{
    i8042(dev)->a20 = a20;
    i8042(dev)->init = init;
}

static bool i8042_realize(Device *dev, GError **errp)
{
    I8042 *s = i8042(dev);

    region_init_io(&s->data_io, "i8042-data", 1, &i8042_data_ops, s,
                   &dev->lock);
    region_init_io(&s->command_io, "i8042-cmd", 1, &i8042_command_ops, s,
                   &dev->lock);
    if (!isa_connect_irq(dev, 1, &s->irq_kbd, errp) ||
        !isa_connect_irq(dev, 12, &s->irq_aux, errp) ||
        !isa_add_io(dev, KBC_DATA, &s->data_io, errp) ||
        !isa_add_io(dev, KBC_COMMAND, &s->command_io, errp)) {
        return false;
    }
    input_hub_add(dev->env->input, &i8042_key_sink, s);
    input_hub_add(dev->env->input, &i8042_pointer_sink, &s->mouse);
    return true;
}

static void i8042_unrealize(Device *dev)
{
    I8042 *s = i8042(dev);

    input_hub_remove(dev->env->input, s);
    input_hub_remove(dev->env->input, &s->mouse);
    region_clear(&s->data_io);
    region_clear(&s->command_io);
}

static void i8042_reset(Device *dev)
{
    I8042 *s = i8042(dev);

    for (unsigned i = 0; i < KBC_RAM_SIZE; i++) {
        s->ram[i] = 0;
    }
    s->ram[0] = KBC_MODE_IRQ1 | KBC_MODE_IRQ12;
    s->status = 0;
    s->command = 0;
    s->output = 0;
    s->answer_waits = false;
    s->broken = false;
    s->outport = KBC_OUTPORT_RUN | KBC_OUTPORT_A20;
    irq_set(&s->a20, true);
    ps2_keyboard_reset(&s->kbd);
    ps2_mouse_reset(&s->mouse);
    i8042_update_irq(s);
}

static bool i8042_loaded(Device *dev, GError **errp)
{
    I8042 *s = i8042(dev);

    if (!ps2_keyboard_valid(&s->kbd) || !ps2_mouse_valid(&s->mouse)) {
        return emu_fail(errp, EMU_ERROR_CORRUPT, "impossible state");
    }
    irq_set(&s->a20, s->outport & KBC_OUTPORT_A20);
    i8042_update_irq(s);
    return true;
}

/* clang-format off */
static const StateField i8042_state[] = {
    STATE_BYTES(I8042, ram, KBC_RAM_SIZE),
    STATE_U8(I8042, status),
    STATE_U8(I8042, outport),
    STATE_U8(I8042, command),
    STATE_U8(I8042, output),
    STATE_BOOL(I8042, answer_waits),
    STATE_U8(I8042, answer),
    STATE_BOOL(I8042, answer_is_aux),
    STATE_BOOL(I8042, broken),
    STATE_STRUCT(I8042, kbd, ps2_keyboard_state),
    STATE_STRUCT(I8042, mouse, ps2_mouse_state),
    {},
};
/* clang-format on */

const DeviceClass i8042_class = {
    .name = "i8042",
    .summary = "keyboard controller with PS/2 keyboard and mouse",
    .bus = BUS_ISA,
    .internal = true,
    .size = sizeof(I8042),
    .state = i8042_state,
    .realize = i8042_realize,
    .unrealize = i8042_unrealize,
    .reset = i8042_reset,
    .loaded = i8042_loaded,
};
