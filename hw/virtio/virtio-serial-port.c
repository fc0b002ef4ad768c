/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ports of a virtio console device: virtconsole, which the guest may use
 * as a terminal, and virtserialport, a byte stream with a name. Each joins a
 * chardev to a pair of queues.
 *
 * A console's other end is always there, and what it does not take at once is
 * lost: a kernel writes to it with interrupts off and waits for the buffer, so
 * to hold it back would stop the whole guest. A port is held back.
 */
#include "hw/virtio/virtio-serial.h"

#include "hw/virtio/virtio-serial-internal.h"

static bool port_is_console(const VirtSerialPort *p)
{
    return p->parent.class == &virtconsole_class;
}

/* ---- The chardev's callbacks, on the main loop ------------------------- */

static size_t port_can_read(void *opaque)
{
    VirtSerialPort *p = opaque;

    g_mutex_lock(virtser_lock(p->serial));
    size_t room = virtser_room(p);
    g_mutex_unlock(virtser_lock(p->serial));
    return room;
}

static void port_read(void *opaque, const uint8_t *buf, size_t len)
{
    VirtSerialPort *p = opaque;

    trace(virtio_serial_read, "port %u: %zu bytes", p->nr, len);
    g_mutex_lock(virtser_lock(p->serial));
    virtser_receive(p, buf, len);
    g_mutex_unlock(virtser_lock(p->serial));
}

static void port_event(void *opaque, ChardevEvent event)
{
    VirtSerialPort *p = opaque;

    if (port_is_console(p) ||
        (event != CHARDEV_OPENED && event != CHARDEV_CLOSED)) {
        return;
    }
    trace(virtio_serial_host, "port %u: %s", p->nr,
          event == CHARDEV_OPENED ? "opened" : "closed");
    g_mutex_lock(virtser_lock(p->serial));
    virtser_set_host_open(p, event == CHARDEV_OPENED);
    g_mutex_unlock(virtser_lock(p->serial));
}

static void port_writable(void *opaque)
{
    VirtSerialPort *p = opaque;

    g_mutex_lock(virtser_lock(p->serial));
    virtser_transmit(p);
    g_mutex_unlock(virtser_lock(p->serial));
}

static const ChardevUser port_chardev_user = {
    .can_read = port_can_read,
    .read = port_read,
    .event = port_event,
};

/* ---- The controller's calls -------------------------------------------- */

size_t virtser_port_write(VirtSerialPort *p, const void *buf, size_t len)
{
    bool console = port_is_console(p);
    size_t n =
        chardev_write(p->chr, buf, len, console ? NULL : port_writable, p);

    trace(virtio_serial_write, "port %u: %zu of %zu bytes", p->nr, n, len);
    return console ? len : n;
}

void virtser_port_set_guest_open(VirtSerialPort *p, bool open)
{
    const DeviceEnv *env = p->parent.env;

    if (p->guest_open == open) {
        return;
    }
    trace(virtio_serial_guest, "port %u: %s", p->nr,
          open ? "opened" : "closed");
    p->guest_open = open;
    if (open) {
        chardev_accept_input(p->chr);
    }
    if (!port_is_console(p) && p->parent.id) {
        g_autofree char *json =
            g_strdup_printf("{\"id\": \"%s\", \"open\": %s}", p->parent.id,
                            open ? "true" : "false");

        env->event(env->machine, "VSERPORT_CHANGE", json);
    }
}

/* ---- Life -------------------------------------------------------------- */

static bool port_realize(Device *dev, GError **errp)
{
    VirtSerialPort *p = virtser_port_from_device(dev);

    p->host_open = port_is_console(p);
    g_mutex_lock(virtser_lock(p->serial));
    virtser_add_port(p);
    g_mutex_unlock(virtser_lock(p->serial));
    return chardev_attach(p->chr, &port_chardev_user, p, errp);
}

static void port_unrealize(Device *dev)
{
    VirtSerialPort *p = virtser_port_from_device(dev);

    chardev_detach(p->chr, p);
    g_mutex_lock(virtser_lock(p->serial));
    virtser_remove_port(p);
    g_mutex_unlock(virtser_lock(p->serial));
}

/* The stream speaks of the other end where it was saved. */
static bool port_loaded(Device *dev, GError **errp)
{
    VirtSerialPort *p = virtser_port_from_device(dev);
    bool open = port_is_console(p) || chardev_connected(p->chr);

    g_mutex_lock(virtser_lock(p->serial));
    virtser_load_host_open(p, open);
    g_mutex_unlock(virtser_lock(p->serial));
    return true;
}

static void port_describe(Device *dev, GString *out)
{
    const VirtSerialPort *p = virtser_port_from_device(dev);

    g_string_append_printf(out, "port %u, guest %s, host %s", p->nr,
                           p->guest_open ? "on" : "off",
                           p->host_open ? "on" : "off");
}

static const Property port_props[] = {
    DEFINE_PROP_CHARDEV("chardev", VirtSerialPort, chr, "the other end"),
    DEFINE_PROP_STRING("name", VirtSerialPort, name, NULL,
                       "name in the guest's /dev/virtio-ports"),
    DEFINE_PROP_U32("nr", VirtSerialPort, nr, UINT32_MAX, 0,
                    VIRTSER_PORTS_MAX - 1, "number; default: the first free"),
    {},
};

static const StateField port_state[] = {
    STATE_BOOL(VirtSerialPort, guest_open),
    STATE_BOOL(VirtSerialPort, host_open),
    STATE_U8(VirtSerialPort, pending),
    STATE_U32(VirtSerialPort, sent),
    {},
};

const DeviceClass virtconsole_class = {
    .name = "virtconsole",
    .summary = "virtio console (hvc0 in Linux)",
    .bus = BUS_VIRTIO_SERIAL,
    .size = sizeof(VirtSerialPort),
    .props = port_props,
    .state = port_state,
    .realize = port_realize,
    .unrealize = port_unrealize,
    .loaded = port_loaded,
    .describe = port_describe,
};

const DeviceClass virtserialport_class = {
    .name = "virtserialport",
    .summary = "virtio serial port with a name",
    .bus = BUS_VIRTIO_SERIAL,
    .size = sizeof(VirtSerialPort),
    .props = port_props,
    .state = port_state,
    .realize = port_realize,
    .unrealize = port_unrealize,
    .loaded = port_loaded,
    .describe = port_describe,
};
