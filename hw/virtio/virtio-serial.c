/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio console device: a pair of queues for each port and a pair for
 * control messages, by which guest and host say which ports there are, what
 * they are called and who has them open. Virtio 1.2, 5.3.
 *
 * Port 0 is for a console: a driver without MULTIPORT has only that one.
 *
 * Nothing is buffered here. Input stays in the chardev until the guest has
 * buffers for it; output that the chardev does not take stays in the guest's
 * queue. Control messages to the guest are bits ("tell it that port 3 is
 * open"), not a list, so a guest that never reads them costs nothing.
 */
#include "hw/virtio/virtio-serial.h"

#include <string.h>

#include "hw/virtio/virtio-serial-internal.h"

enum {
    SERIAL_CONTROL_RX = 2, /* queues, seen from the driver */
    SERIAL_CONTROL_TX = 3,
    SERIAL_QUEUE_SIZE = 128,
    SERIAL_CONTROL_QUEUE_SIZE = 32,

    SERIAL_CONFIG_SIZE = 12, /* columns, rows, max_nr_ports, emerg_wr */
    SERIAL_CONFIG_PORTS = 4,
    SERIAL_CONFIG_EMERGENCY = 8,
    SERIAL_CONTROL_SIZE = 8, /* u32 port, u16 event, u16 value */
};

enum { /* 5.3.6.2 */
       CONTROL_DEVICE_READY = 0,
       CONTROL_PORT_ADD = 1,
       CONTROL_PORT_REMOVE = 2,
       CONTROL_PORT_READY = 3,
       CONTROL_CONSOLE_PORT = 4,
       CONTROL_PORT_OPEN = 6,
       CONTROL_PORT_NAME = 7,
};

#define SERIAL_F_MULTIPORT (UINT64_C(1) << 1)
#define SERIAL_F_EMERG_WRITE (UINT64_C(1) << 2)

static VirtSerial *serial_from_device(Device *dev)
{
    return container_of(virtio_pci_from_device(dev), VirtSerial, parent);
}

static VirtSerial *serial_from_vdev(VirtioDevice *vdev)
{
    return container_of(virtio_pci_from_vdev(vdev), VirtSerial, parent);
}

static bool serial_multiport(const VirtSerial *s)
{
    return virtio_has_feature(&s->parent.vdev, SERIAL_F_MULTIPORT);
}

/* ---- Which queue is whose: 5.3.2 --------------------------------------- */

static VirtQueue *serial_rx(VirtSerialPort *p)
{
    return &p->serial->parent.vdev.queue[p->nr ? 2 * p->nr + 2 : 0];
}

static VirtQueue *serial_tx(VirtSerialPort *p)
{
    return serial_rx(p) + 1;
}

static VirtSerialPort *serial_port_of_queue(VirtSerial *s, unsigned n)
{
    return s->ports[n < SERIAL_CONTROL_RX ? 0 : n / 2 - 1];
}

/* ---- Control messages to the guest ------------------------------------- */

/* False: it has no buffer now. */
static bool serial_send(VirtSerial *s, uint32_t nr, uint16_t event,
                        uint16_t value, const char *text)
{
    VirtQueue *q = &s->parent.vdev.queue[SERIAL_CONTROL_RX];
    struct {
        uint32_t nr;
        uint16_t event, value;
    } message = { GUINT32_TO_LE(nr), GUINT16_TO_LE(event),
                  GUINT16_TO_LE(value) };
    size_t text_len = text ? strlen(text) : 0;
    VirtioElement *e = virtqueue_pop(q);

    if (!e) {
        return false;
    }
    trace(virtio_serial_send, "port %u event %u value %u %s", nr, event, value,
          text ? text : "");
    if (e->in_bytes < sizeof(message) + text_len) {
        log_guest_error("virtio-serial: %zu bytes for a control message\n",
                        e->in_bytes);
        virtqueue_push(q, e, 0); /* the message is lost */
        return true;
    }
    virtio_iov_from_buf(e->in, e->in_count, 0, &message, sizeof(message));
    virtio_iov_from_buf(e->in, e->in_count, sizeof(message), text, text_len);
    virtqueue_push(q, e, sizeof(message) + text_len);
    return true;
}

/* The next one that is due for a port. */
static bool serial_send_event(VirtSerialPort *p, unsigned event)
{
    uint16_t value = event == CONTROL_PORT_OPEN ? p->host_open : 1;
    const char *text = event == CONTROL_PORT_NAME ? p->name : NULL;

    if (!serial_send(p->serial, p->nr, event, value, text)) {
        return false;
    }
    p->pending &= ~(1u << event);
    return true;
}

static bool serial_send_removed(VirtSerial *s)
{
    for (unsigned nr = 0; nr < s->max_ports; nr++) {
        if (!(s->removed & (1u << nr))) {
            continue;
        }
        if (!serial_send(s, nr, CONTROL_PORT_REMOVE, 1, NULL)) {
            return false;
        }
        s->removed &= ~(1u << nr);
    }
    return true;
}

/* In the order that a driver expects of each port. */
static bool serial_send_pending(VirtSerialPort *p)
{
    static const uint8_t order[] = { CONTROL_PORT_ADD, CONTROL_CONSOLE_PORT,
                                     CONTROL_PORT_NAME, CONTROL_PORT_OPEN };

    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        if ((p->pending & (1u << order[i])) &&
            !serial_send_event(p, order[i])) {
            return false;
        }
    }
    return true;
}

static void serial_flush_control(VirtSerial *s)
{
    bool more = s->ready && !s->parent.vdev.broken && serial_send_removed(s);

    for (unsigned nr = 0; more && nr < s->max_ports; nr++) {
        more = !s->ports[nr] || serial_send_pending(s->ports[nr]);
    }
    if (s->ready) {
        virtqueue_notify(&s->parent.vdev.queue[SERIAL_CONTROL_RX]);
    }
}

/* ---- Control messages from the guest ----------------------------------- */

static void serial_device_ready(VirtSerial *s, uint16_t value)
{
    if (value != 1) {
        log_guest_error("virtio-serial: the driver failed (%u)\n", value);
        return;
    }
    s->ready = true;
    s->removed = 0;
    for (unsigned nr = 0; nr < s->max_ports; nr++) {
        if (s->ports[nr]) {
            s->ports[nr]->pending = 1u << CONTROL_PORT_ADD;
        }
    }
}

static void serial_port_ready(VirtSerialPort *p, uint16_t value)
{
    if (value != 1) {
        log_guest_error("virtio-serial: the driver failed to add port %u\n",
                        p->nr);
        return;
    }
    if (p->parent.class == &virtconsole_class) {
        p->pending |= 1u << CONTROL_CONSOLE_PORT;
    }
    if (p->name) {
        p->pending |= 1u << CONTROL_PORT_NAME;
    }
    if (p->host_open) {
        p->pending |= 1u << CONTROL_PORT_OPEN;
    }
}

static void serial_control(VirtSerial *s, uint32_t nr, uint16_t event,
                           uint16_t value)
{
    VirtSerialPort *p = nr < s->max_ports ? s->ports[nr] : NULL;

    trace(virtio_serial_control, "port %u event %u value %u", nr, event, value);
    if (event == CONTROL_DEVICE_READY) {
        serial_device_ready(s, value);
    } else if (!p) {
        log_guest_error("virtio-serial: control message %u for port %u, which "
                        "is not there\n",
                        event, nr);
    } else if (event == CONTROL_PORT_READY) {
        serial_port_ready(p, value);
    } else if (event == CONTROL_PORT_OPEN) {
        virtser_port_set_guest_open(p, value);
    } else {
        log_guest_error("virtio-serial: control message %u, value %u\n", event,
                        value);
    }
}

static void serial_serve_control(VirtSerial *s)
{
    VirtQueue *q = &s->parent.vdev.queue[SERIAL_CONTROL_TX];
    VirtioElement *e;

    while ((e = virtqueue_pop(q))) {
        struct {
            uint32_t nr;
            uint16_t event, value;
        } message;

        if (virtio_iov_to_buf(e->out, e->out_count, 0, &message,
                              sizeof(message)) < sizeof(message)) {
            log_guest_error("virtio-serial: control message of %zu bytes\n",
                            e->out_bytes);
        } else if (serial_multiport(s)) {
            serial_control(s, GUINT32_FROM_LE(message.nr),
                           GUINT16_FROM_LE(message.event),
                           GUINT16_FROM_LE(message.value));
        }
        virtqueue_push(q, e, 0);
    }
    virtqueue_notify(q);
    serial_flush_control(s);
}

/* ---- Data -------------------------------------------------------------- */

static bool serial_guest_listens(const VirtSerialPort *p)
{
    const VirtSerial *s = p->serial;

    return virtio_driver_ok(&s->parent.vdev) &&
           (serial_multiport(s) ? p->guest_open : p->nr == 0);
}

size_t virtser_room(VirtSerialPort *p)
{
    VirtQueue *q = serial_rx(p);

    if (!serial_guest_listens(p) || virtqueue_empty(q)) {
        return 0;
    }
    size_t room = virtqueue_room(q);

    if (!room) {
        virtio_error(&p->serial->parent.vdev,
                     "port %u: a buffer for input that is none", p->nr);
    }
    return room;
}

void virtser_receive(VirtSerialPort *p, const uint8_t *buf, size_t len)
{
    VirtQueue *q = serial_rx(p);
    VirtioElement *e;

    while (len && (e = virtqueue_pop(q))) {
        size_t n = virtio_iov_from_buf(e->in, e->in_count, 0, buf, len);

        virtqueue_push(q, e, n);
        buf += n;
        len -= n;
    }
    if (len) { /* it took buffers back meanwhile */
        log_guest_error("virtio-serial: port %u: %zu bytes lost\n", p->nr, len);
    }
    virtqueue_notify(q);
}

/* True: the whole chain went. */
static bool serial_send_chain(VirtSerialPort *p, const VirtioElement *e)
{
    size_t off = p->sent;

    for (unsigned i = 0; i < e->out_count; i++) {
        size_t len = e->out[i].iov_len;

        if (off >= len) {
            off -= len;
            continue;
        }
        size_t n = virtser_port_write(p, (uint8_t *)e->out[i].iov_base + off,
                                      len - off);

        p->sent += n;
        if (n < len - off) {
            return false;
        }
        off = 0;
    }
    return true;
}

void virtser_transmit(VirtSerialPort *p)
{
    VirtQueue *q = serial_tx(p);
    VirtioElement *e;
    bool any = false;

    while ((e = virtqueue_pop(q))) {
        /* What is written while nobody is there is lost. */
        if (p->host_open && !serial_send_chain(p, e)) {
            virtqueue_unpop(q, e);
            break;
        }
        p->sent = 0;
        virtqueue_push(q, e, 0);
        any = true;
    }
    if (any) {
        virtqueue_notify(q);
    }
}

static void serial_discard(VirtQueue *q)
{
    VirtioElement *e;

    while ((e = virtqueue_pop(q))) {
        virtqueue_push(q, e, 0);
    }
    virtqueue_notify(q);
}

static void serial_queue_kicked(VirtioDevice *vdev, unsigned n)
{
    VirtSerial *s = serial_from_vdev(vdev);
    VirtSerialPort *p = serial_port_of_queue(s, n);
    bool to_us = n & 1;

    if (n == SERIAL_CONTROL_RX) {
        serial_flush_control(s);
    } else if (n == SERIAL_CONTROL_TX) {
        serial_serve_control(s);
    } else if (!p) {
        if (to_us) {
            serial_discard(&vdev->queue[n]);
        }
    } else if (to_us) {
        virtser_transmit(p);
    } else {
        chardev_accept_input(p->chr);
    }
}

/* ---- Ports come and go ------------------------------------------------- */

void virtser_add_port(VirtSerialPort *p)
{
    VirtSerial *s = p->serial;

    s->ports[p->nr] = p;
    p->pending = 1u << CONTROL_PORT_ADD;
    serial_flush_control(s);
}

void virtser_remove_port(VirtSerialPort *p)
{
    VirtSerial *s = p->serial;

    if (s->ports[p->nr] != p) {
        return; /* it never was there */
    }
    s->ports[p->nr] = NULL;
    if (!(p->pending & (1u << CONTROL_PORT_ADD))) {
        s->removed |= 1u << p->nr;
    }
    serial_flush_control(s);
    if (serial_tx(p)->enabled) {
        serial_discard(serial_tx(p));
    }
}

void virtser_load_host_open(VirtSerialPort *p, bool open)
{
    if (p->host_open == open) {
        return;
    }
    p->host_open = open;
    /* Before the port is added, the guest hears of it when it is ready. */
    if (!(p->pending & (1u << CONTROL_PORT_ADD))) {
        p->pending |= 1u << CONTROL_PORT_OPEN;
    }
}

void virtser_set_host_open(VirtSerialPort *p, bool open)
{
    virtser_load_host_open(p, open);
    serial_flush_control(p->serial);
    if (!open) {
        virtser_transmit(p);
    }
}

/* The first free number; 0 is for the first console. */
static uint32_t serial_free_number(const VirtSerial *s, bool console)
{
    for (uint32_t nr = !console; nr < s->max_ports; nr++) {
        bool taken = false;

        for (unsigned i = 0; i < s->bus.devices->len; i++) {
            taken |=
                virtser_port_from_device(s->bus.devices->pdata[i])->nr == nr;
        }
        if (!taken) {
            return nr;
        }
    }
    return UINT32_MAX;
}

static bool serial_check_unique(const VirtSerial *s, const VirtSerialPort *p,
                                GError **errp)
{
    for (unsigned i = 0; i < s->bus.devices->len; i++) {
        const VirtSerialPort *other =
            virtser_port_from_device(s->bus.devices->pdata[i]);

        if (other->nr == p->nr) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "bus '%s' has a port %u already", s->bus.name,
                            p->nr);
        }
        if (p->name && !g_strcmp0(other->name, p->name)) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "bus '%s' has a port named '%s' already",
                            s->bus.name, p->name);
        }
    }
    return true;
}

static bool serial_bus_plug(Bus *bus, Device *dev, GError **errp)
{
    VirtSerial *s = container_of(bus, VirtSerial, bus);
    VirtSerialPort *p = virtser_port_from_device(dev);
    bool console = dev->class == &virtconsole_class;

    if (p->nr == UINT32_MAX) {
        p->nr = serial_free_number(s, console);
    }
    if (p->nr >= s->max_ports) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE,
                        "bus '%s' has ports 0 to %u only", bus->name,
                        s->max_ports - 1);
    }
    if (p->nr == 0 && !console) {
        return emu_fail(errp, EMU_ERROR_INVALID, "port 0 is for a virtconsole");
    }
    p->serial = s;
    return serial_check_unique(s, p, errp);
}

const BusClass virtser_bus_class = {
    .kind = BUS_VIRTIO_SERIAL,
    .name = "virtio-serial-bus",
    .plug = serial_bus_plug,
};

/* ---- The virtio side --------------------------------------------------- */

static uint64_t serial_get_features(VirtioDevice *vdev)
{
    VirtSerial *s = serial_from_vdev(vdev);

    return (s->max_ports > 1 ? SERIAL_F_MULTIPORT : 0) |
           (s->emergency_write ? SERIAL_F_EMERG_WRITE : 0);
}

static void serial_get_config(VirtioDevice *vdev, uint8_t *config)
{
    config[SERIAL_CONFIG_PORTS] = serial_from_vdev(vdev)->max_ports;
}

/* 5.3.4: a character for the console, before any queue works. */
static void serial_set_config(VirtioDevice *vdev, const uint8_t *config,
                              unsigned off, unsigned len)
{
    VirtSerial *s = serial_from_vdev(vdev);

    if (s->emergency_write && off == SERIAL_CONFIG_EMERGENCY && s->ports[0]) {
        virtser_port_write(s->ports[0], config + off, 1);
    }
}

static void serial_reset_vdev(VirtioDevice *vdev)
{
    VirtSerial *s = serial_from_vdev(vdev);

    s->ready = false;
    s->removed = 0;
    for (unsigned nr = 0; nr < s->max_ports; nr++) {
        VirtSerialPort *p = s->ports[nr];

        if (p) {
            p->pending = 1u << CONTROL_PORT_ADD;
            p->sent = 0;
            virtser_port_set_guest_open(p, false);
        }
    }
}

static const VirtioModel serial_model = {
    .id = VIRTIO_ID_CONSOLE,
    .config_size = SERIAL_CONFIG_SIZE,
    .get_features = serial_get_features,
    .get_config = serial_get_config,
    .set_config = serial_set_config,
    .queue_kicked = serial_queue_kicked,
    .reset = serial_reset_vdev,
};

/* ---- Life -------------------------------------------------------------- */

static void serial_init_bus(VirtSerial *s)
{
    Device *dev = &s->parent.pci.parent;
    g_autofree char *name = dev->id ? g_strdup_printf("%s.0", dev->id)
                                    : g_strdup("virtio-serial-bus.0");

    bus_init(&s->bus, &virtser_bus_class, name, dev);
}

static bool serial_realize(Device *dev, GError **errp)
{
    VirtSerial *s = serial_from_device(dev);
    VirtioDevice *vdev = &s->parent.vdev;

    virtio_pci_init(&s->parent, &serial_model);
    virtio_add_queue(vdev, SERIAL_QUEUE_SIZE);
    virtio_add_queue(vdev, SERIAL_QUEUE_SIZE);
    virtio_add_queue(vdev, SERIAL_CONTROL_QUEUE_SIZE);
    virtio_add_queue(vdev, SERIAL_CONTROL_QUEUE_SIZE);
    for (unsigned nr = 1; nr < s->max_ports; nr++) {
        virtio_add_queue(vdev, SERIAL_QUEUE_SIZE);
        virtio_add_queue(vdev, SERIAL_QUEUE_SIZE);
    }
    serial_init_bus(s);
    return virtio_pci_finish(&s->parent, errp);
}

static void serial_unrealize(Device *dev)
{
    VirtSerial *s = serial_from_device(dev);

    bus_clear(&s->bus);
    virtio_pci_unrealize(&s->parent);
}

static void serial_reset(Device *dev)
{
    virtio_pci_reset(virtio_pci_from_device(dev));
}

static bool serial_loaded(Device *dev, GError **errp)
{
    return virtio_pci_loaded(virtio_pci_from_device(dev), errp);
}

static const Property serial_props[] = {
    VIRTIO_PCI_PROPS(VirtSerial, parent, 32),
    DEFINE_PROP_U32("max_ports", VirtSerial, max_ports, VIRTSER_PORTS_MAX, 1,
                    VIRTSER_PORTS_MAX, "ports that can be plugged"),
    DEFINE_PROP_BOOL("emergency-write", VirtSerial, emergency_write, true,
                     "the driver may write to the console before its queues "
                     "work"),
    {},
};

static const StateField serial_state[] = {
    VIRTIO_PCI_STATE(VirtSerial, parent),
    STATE_BOOL(VirtSerial, ready),
    STATE_U32(VirtSerial, removed),
    {},
};

static const char *const serial_aliases[] = { "virtio-serial", NULL };

const PciClass virtio_serial_pci_class = {
    .device = {
        .name = "virtio-serial-pci",
        .aliases = serial_aliases,
        .summary = "virtio serial ports and consoles",
        .bus = BUS_PCI,
        .size = sizeof(VirtSerial),
        .props = serial_props,
        .state = serial_state,
        .realize = serial_realize,
        .unrealize = serial_unrealize,
        .reset = serial_reset,
        .loaded = serial_loaded,
    },
    VIRTIO_PCI_CLASS_ID(0x1003, VIRTIO_ID_CONSOLE, 0x0780),
};
