/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the virtio console device (virtio-serial.c: queues and control
 * messages) and its ports (virtio-serial-port.c: devices with a chardev). The
 * controller's lock guards both; functions here are called with it held.
 */
#ifndef HW_VIRTIO_VIRTIO_SERIAL_INTERNAL_H
#define HW_VIRTIO_VIRTIO_SERIAL_INTERNAL_H

#include "chardev/chardev.h"
#include "hw/virtio/virtio-pci.h"

enum { VIRTSER_PORTS_MAX = 31 }; /* as many as there are queues for */

typedef struct VirtSerial VirtSerial;

typedef struct VirtSerialPort {
    Device parent;

    /* Wiring and properties: fixed once realized. */
    Chardev *chr;
    char *name;  /* the guest finds the port by it; NULL: none */
    uint32_t nr; /* UINT32_MAX until the bus chose */
    VirtSerial *serial;

    /* Guest-visible state. */
    bool guest_open, host_open;
    uint8_t pending; /* control messages that the guest must still get */
    uint32_t sent;   /* bytes of the next chain to us that went already */
} VirtSerialPort;

struct VirtSerial {
    VirtioPci parent;
    Bus bus;

    /* Wiring and properties: fixed once realized. */
    uint32_t max_ports;
    bool emergency_write;
    VirtSerialPort *ports[VIRTSER_PORTS_MAX];

    /* Guest-visible state. */
    bool ready;       /* the driver wants to hear of ports */
    uint32_t removed; /* ports whose going the guest must still hear of */
};

extern const BusClass virtser_bus_class;

static inline GMutex *virtser_lock(VirtSerial *s)
{
    return &s->parent.pci.parent.lock;
}
static inline VirtSerialPort *virtser_port_from_device(Device *dev)
{
    return container_of(dev, VirtSerialPort, parent);
}

/* ---- For ports (virtio-serial.c) --------------------------------------- */

/* The guest learns that a port has come, or goes. */
void virtser_add_port(VirtSerialPort *p);
void virtser_remove_port(VirtSerialPort *p);
/* The other end came or went. */
void virtser_set_host_open(VirtSerialPort *p, bool open);
/* The same, after a load: the guest learns of it when it runs. */
void virtser_load_host_open(VirtSerialPort *p, bool open);
/* Bytes that the guest would take now. */
size_t virtser_room(VirtSerialPort *p);
void virtser_receive(VirtSerialPort *p, const uint8_t *buf, size_t len);
/* Take what the guest has written. */
void virtser_transmit(VirtSerialPort *p);

/* ---- For the controller (virtio-serial-port.c) ------------------------- */

/* Bytes from the guest; how many the other end took. If not all,
 * virtser_transmit() comes when it takes more. */
size_t virtser_port_write(VirtSerialPort *p, const void *buf, size_t len);
void virtser_port_set_guest_open(VirtSerialPort *p, bool open);

#endif
