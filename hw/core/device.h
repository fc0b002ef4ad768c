/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device is a struct that embeds Device first, plus one const DeviceClass.
 *
 * Life: device_new -> device_set_property... -> device_realize -> reset, run
 * -> device_unrealize -> device_unref. Properties are strings in, typed fields
 * out. The bus holds device->lock around every callback (MMIO, timer, back-end
 * ready), so a model reads like single-threaded code. Lock order: device,
 * interrupt controller, vCPU kick. With its own lock held a device never calls
 * into another device: DMA reaches RAM only, interrupt lines are allowed,
 * anything else is deferred to the main loop.
 */
#ifndef HW_CORE_DEVICE_H
#define HW_CORE_DEVICE_H

#include "memory/memory.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/irq.h"
#include "util/log.h"
#include "util/state.h"

#define container_of(ptr, type, member)                                        \
    ((type *)((char *)(ptr)-offsetof(type, member) -                           \
              0 * sizeof((ptr) == &((type *)0)->member)))

typedef struct Device Device;
typedef struct DeviceClass DeviceClass;
typedef struct Bus Bus;
typedef struct BusClass BusClass;
typedef struct Property Property;
typedef struct BlockBackend BlockBackend; /* block/block.h */
typedef struct Chardev Chardev;           /* chardev/chardev.h */
typedef struct Console Console;           /* ui/console.h */
typedef struct InputHub InputHub;
typedef struct BalloonOps BalloonOps; /* hw/core/balloon.h */

/*
 * What a board lends to its devices: the only way they reach the machine.
 * Owned by the board, outlives every device.
 */
typedef struct DeviceEnv {
    AddressSpace *memory; /* for DMA */
    AddressSpace *io;
    uint64_t ram_size; /* bytes of main memory */
    Clock *clock;      /* virtual time */
    Clock *clock_host; /* runs while the machine is stopped, too */
    Clock *clock_rtc;  /* wall clock as -rtc says: ns since 1970 UTC */
    /* Ask for a change of run state; done later by the main loop. */
    void (*request)(void *machine, int request, int detail);
    void *machine;
    /* Run cb on the main loop soon, without any lock. Any thread. */
    void (*defer)(void *machine, void (*cb)(void *opaque), void *opaque);
    InputHub *input;
    /* A display device announces its console (kept until it is freed). */
    void (*add_console)(void *machine, Console *console);
    /* Back ends by id; NULL if there is none of that name. */
    BlockBackend *(*find_block)(void *machine, const char *id);
    Chardev *(*find_chardev)(void *machine, const char *id);
    /* An -object's own: kind "rng" is a RandomSource (util/random.h). */
    void *(*find_object)(void *machine, const char *kind, const char *id);
    /* A balloon comes (hw/core/balloon.h), or goes: ops NULL. */
    void (*set_balloon)(void *machine, const BalloonOps *ops, Device *dev);
    /* Tell management: QMP event `name` with JSON object text (or NULL). */
    void (*event)(void *machine, const char *name, const char *json);
} DeviceEnv;

enum { /* DeviceEnv.request */
       MACHINE_REQUEST_RESET = 1,
       MACHINE_REQUEST_POWEROFF,
       MACHINE_REQUEST_SUSPEND,
       MACHINE_REQUEST_EXIT, /* detail: process exit status (isa-debug-exit) */
       MACHINE_REQUEST_STOP, /* detail: a StopReason, e.g. I/O error */
};

/* ---- Properties -------------------------------------------------------- */

typedef enum PropertyKind {
    PROPERTY_BOOL = 1, /* bool: on|off|yes|no|true|false */
    PROPERTY_UINT,     /* uint8_t..uint64_t by size, decimal or 0x */
    PROPERTY_INT,
    PROPERTY_SIZE,      /* uint64_t bytes with K/M/G/T suffix */
    PROPERTY_STRING,    /* char *, owned by the device */
    PROPERTY_ENUM,      /* int, index into names */
    PROPERTY_DRIVE,     /* BlockBackend *, by id */
    PROPERTY_CHARDEV,   /* Chardev *, by id */
    PROPERTY_MAC,       /* uint8_t[6] */
    PROPERTY_DEVFN,     /* int32_t: "slot" or "slot.fn" in hex; -1: any */
    PROPERTY_ONOFFAUTO, /* int: 0 auto, 1 on, 2 off */
} PropertyKind;

struct Property {
    const char *name;
    PropertyKind kind;
    size_t offset;
    size_t size;
    uint64_t def, min, max;
    const char *def_string;   /* PROPERTY_STRING, _ENUM */
    const char *const *names; /* PROPERTY_ENUM, NULL-terminated */
    const char *help;
};

#define DEFINE_PROP_UINT_(n, type, field, t, d, lo, hi, text)                  \
    {                                                                          \
        .name = (n), .kind = PROPERTY_UINT,                                    \
        .offset = offsetof(type, field) + STATE_CHECK_(type, field, t),        \
        .size = sizeof(t), .def = (d), .min = (lo), .max = (hi),               \
        .help = (text),                                                        \
    }
#define DEFINE_PROP_U8(n, type, field, d, lo, hi, text)                        \
    DEFINE_PROP_UINT_(n, type, field, uint8_t, d, lo, hi, text)
#define DEFINE_PROP_U16(n, type, field, d, lo, hi, text)                       \
    DEFINE_PROP_UINT_(n, type, field, uint16_t, d, lo, hi, text)
#define DEFINE_PROP_U32(n, type, field, d, lo, hi, text)                       \
    DEFINE_PROP_UINT_(n, type, field, uint32_t, d, lo, hi, text)
#define DEFINE_PROP_U64(n, type, field, d, lo, hi, text)                       \
    DEFINE_PROP_UINT_(n, type, field, uint64_t, d, lo, hi, text)
#define DEFINE_PROP_(n, type, field, t, k, ...)                                \
    {                                                                          \
        .name = (n), .kind = (k),                                              \
        .offset = offsetof(type, field) + STATE_CHECK_(type, field, t),        \
        .size = sizeof(t), __VA_ARGS__                                         \
    }
#define DEFINE_PROP_BOOL(n, type, field, d, text)                              \
    DEFINE_PROP_(n, type, field, bool, PROPERTY_BOOL, .def = (d),              \
                 .help = (text))
#define DEFINE_PROP_SIZE(n, type, field, d, lo, hi, text)                      \
    DEFINE_PROP_(n, type, field, uint64_t, PROPERTY_SIZE, .def = (d),          \
                 .min = (lo), .max = (hi), .help = (text))
#define DEFINE_PROP_STRING(n, type, field, d, text)                            \
    DEFINE_PROP_(n, type, field, char *, PROPERTY_STRING, .def_string = (d),   \
                 .help = (text))
#define DEFINE_PROP_ENUM(n, type, field, values, d, text)                      \
    DEFINE_PROP_(n, type, field, int, PROPERTY_ENUM, .def_string = (d),        \
                 .names = (values), .help = (text))
#define DEFINE_PROP_DRIVE(n, type, field, text)                                \
    DEFINE_PROP_(n, type, field, BlockBackend *, PROPERTY_DRIVE, .help = (text))
#define DEFINE_PROP_CHARDEV(n, type, field, text)                              \
    DEFINE_PROP_(n, type, field, Chardev *, PROPERTY_CHARDEV, .help = (text))
#define DEFINE_PROP_ONOFFAUTO(n, type, field, d, text)                         \
    DEFINE_PROP_(n, type, field, int, PROPERTY_ONOFFAUTO, .def = (d),          \
                 .help = (text))
/* An int32_t field: -1 is not in the boot order. */
#define DEFINE_PROP_BOOTINDEX(type, field)                                     \
    DEFINE_PROP_("bootindex", type, field, int32_t, PROPERTY_INT,              \
                 .def = UINT64_MAX, .min = UINT64_MAX, .max = INT32_MAX,       \
                 .help = "place in the boot order, 0 first")
#define DEFINE_PROP_DEVFN(n, type, field, text)                                \
    DEFINE_PROP_(n, type, field, int32_t, PROPERTY_DEVFN, .def = UINT64_MAX,   \
                 .help = (text))

/* ---- Classes ----------------------------------------------------------- */

typedef enum BusKind {
    BUS_NONE, /* wired by the board only; not creatable with -device */
    BUS_ISA,
    BUS_PCI,
    BUS_IDE,
    BUS_VIRTIO_SERIAL,
} BusKind;

struct DeviceClass {
    const char *name;
    const char *const *aliases; /* NULL-terminated, or NULL */
    const char *summary;
    BusKind bus;
    bool internal; /* part of a board: refused by -device */
    size_t size;
    const Property *props;
    const StateField *state;
    unsigned state_version;
    const char *boot_suffix; /* end of its boot path: "/disk@0,0"; or NULL */
    bool (*realize)(Device *dev, GError **errp);
    void (*unrealize)(Device *dev); /* copes with a half-done realize */
    void (*reset)(Device *dev);     /* to power-on state; cannot fail */
    /* Rebuild what is derived, after the state fields were loaded. */
    bool (*loaded)(Device *dev, GError **errp);
    /* One line for `info qtree` beyond the properties; may be NULL. */
    void (*describe)(Device *dev, GString *out);
};

struct Device {
    const DeviceClass *class;
    char *id; /* user's id, or NULL */
    Bus *bus; /* where it sits; NULL for board wiring */
    const DeviceEnv *env;
    GMutex lock;
    bool realized;
    GPtrArray *child_buses; /* of Bus *, owned by the device */
    int refs;
};

struct BusClass {
    BusKind kind;
    const char *name;     /* "PCI", "ISA", ...: for messages and info qtree */
    unsigned max_devices; /* -device goes to the next bus when so many are
                             plugged; 0: any number */
    /* Give the device its place (address, slot) before its realize; the bus
     * may refuse. */
    bool (*plug)(Bus *bus, Device *dev, GError **errp);
    void (*unplug)(Bus *bus, Device *dev);
    /* Lines of `info qtree` that tell of every device on it; may be NULL. */
    void (*describe)(const Bus *bus, const Device *dev, unsigned indent,
                     GString *out);
    /* Its part of a device's boot path, "/ide@1,1"; NULL: nobody boots. */
    void (*boot_path)(const Bus *bus, const Device *dev, GString *out);
};

struct Bus {
    const BusClass *class;
    char *name; /* "pci.0" */
    Device *owner;
    GPtrArray *devices; /* of Device *, one reference each */
};

/* class must be from a class table; fields get their default values. The
 * caller owns one reference. */
Device *device_new(const DeviceClass *class, const DeviceEnv *env);
void device_unref(Device *dev);
Device *device_ref(Device *dev);
/* Unknown names fail with the nearest valid one. Before realize only. */
bool device_set_property(Device *dev, const char *name, const char *value,
                         GError **errp);
/* Text of a property's present value; caller frees. */
char *device_get_property(const Device *dev, const char *name);
void device_set_defaults(Device *dev);
/* Plug into bus (NULL for BUS_NONE) and realize, without the device's lock. On
 * failure nothing is left. */
bool device_realize(Device *dev, Bus *bus, GError **errp);
/* Out of the bus, which drops its reference. Main loop, no lock held. */
void device_unrealize(Device *dev);
void device_reset(Device *dev); /* takes the lock; children first */
void device_save(Device *dev, GByteArray *out);
bool device_load(Device *dev, const uint8_t *data, size_t len, size_t *pos,
                 GError **errp);
/* Property bootindex; negative: it has none. */
int32_t device_boot_index(const Device *dev);
/* The device as firmware names it, an IEEE 1275 path such as
 * "/pci@i0cf8/ide@1,1/drive@0/disk@0"; caller frees. NULL: no bus on the way
 * to it is bootable. */
char *device_boot_path(const Device *dev);
/* Help text of -device NAME,help. */
void device_class_help(const DeviceClass *class, GString *out);

void bus_init(Bus *bus, const BusClass *class, const char *name, Device *owner);
void bus_clear(Bus *bus); /* unrealizes and drops what is still plugged */
/* Depth-first: every device below a bus. Stop early by returning false. */
bool bus_walk(Bus *bus, bool (*visit)(Device *dev, void *opaque), void *opaque);
void bus_print(Bus *bus, unsigned indent, GString *out); /* info qtree */

/*
 * Class tables: each hw folder has `const DeviceClass *const
 * hw_FOLDER_classes[]` ending in NULL; hw/classes.c lists the folders.
 */
const DeviceClass *device_class_find(const char *name);
/* NULL-terminated table of tables, for -device help. */
extern const DeviceClass *const *const device_class_tables[];

#endif
