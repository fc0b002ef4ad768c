/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conventional PCI: functions with 256 bytes of configuration space, base
 * address registers, INTx, capabilities, MSI and MSI-X; buses of 32 slots; and
 * the host bridge's configuration mechanism #1. PCI 3.0.
 *
 * A function embeds PciDevice first and has a const PciClass. Its realize()
 * runs after the bus gave it its devfn and filled the header from the class;
 * it adds BARs, capabilities and the interrupt pin.
 */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H

#include "hw/core/device.h"

typedef struct PciBus PciBus;
typedef struct PciDevice PciDevice;
typedef struct PciClass PciClass;

#define PCI_CONFIG_SIZE 256
#define PCI_BARS 6
#define PCI_MSIX_VECTORS_MAX 128
#define PCI_DEVFN(slot, fn) (((slot) << 3) | (fn))
#define PCI_SLOT(devfn) ((devfn) >> 3)
#define PCI_FUNC(devfn) ((devfn)&7)

/* Configuration header, PCI 3.0 6.1. */
enum {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_COMMAND_IO = 0x1,
    PCI_COMMAND_MEMORY = 0x2,
    PCI_COMMAND_MASTER = 0x4,
    PCI_COMMAND_INTX_DISABLE = 0x400,
    PCI_STATUS = 0x06,
    PCI_STATUS_INTERRUPT = 0x08,
    PCI_STATUS_CAP_LIST = 0x10,
    PCI_REVISION_ID = 0x08,
    PCI_CLASS_PROG = 0x09,
    PCI_CLASS_DEVICE = 0x0a,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR_ID = 0x2c,
    PCI_SUBSYSTEM_ID = 0x2e,
    PCI_ROM_BAR = 0x30,
    PCI_CAP_POINTER = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
    PCI_CAP_MSI = 0x05,
    PCI_CAP_VENDOR = 0x09,
    PCI_CAP_MSIX = 0x11,
};

typedef enum PciBarKind {
    PCI_BAR_NONE,
    PCI_BAR_IO,
    PCI_BAR_MEM32,
    PCI_BAR_MEM64, /* takes the next BAR, too */
    PCI_BAR_MEM32_PREFETCH,
    PCI_BAR_MEM64_PREFETCH,
} PciBarKind;

typedef struct PciBar {
    PciBarKind kind;
    uint64_t size; /* power of two */
    MemoryRegion *region;
    uint64_t addr; /* where it is mapped now */
    bool mapped;
} PciBar;

struct PciClass {
    DeviceClass device;
    uint16_t vendor_id, device_id;
    uint16_t subsystem_vendor_id, subsystem_id; /* 0: QEMU's 1af4:1100 */
    uint16_t class_id;                          /* base << 8 | sub */
    uint8_t prog_if, revision;
    const char *rom; /* expansion ROM file, or NULL */
    /* After the common code took a configuration write; may be NULL. */
    void (*config_written)(PciDevice *dev, unsigned off, unsigned size);
};

struct PciDevice {
    Device parent;

    /* Wiring and properties: fixed once realized. */
    int32_t devfn_wanted; /* property addr; -1: any */
    bool multifunction;
    uint8_t wmask[PCI_CONFIG_SIZE];   /* bits the guest may write */
    uint8_t w1cmask[PCI_CONFIG_SIZE]; /* bits a written 1 clears */
    PciBar bar[PCI_BARS + 1];         /* the last one is the expansion ROM */
    uint8_t cap_end;
    uint8_t msix_cap, msi_cap; /* offsets, 0: none */
    uint16_t msix_vectors;
    MemoryRegion msix_table_io, msix_pba_io;
    void (*msix_vector_changed)(PciDevice *dev, unsigned vector);
    MemoryRegion rom_region;
    RamBlock *rom_block;

    /* Guest-visible state. */
    uint8_t config[PCI_CONFIG_SIZE];
    uint8_t msix_table[PCI_MSIX_VECTORS_MAX * 16]; /* 16 bytes a vector */
    uint8_t msix_pba[PCI_MSIX_VECTORS_MAX / 8];
    bool intx_level; /* what the function asks for, before INTX_DISABLE */
    uint8_t devfn;
};

/* Properties and state that every PciClass lists first. */
#define PCI_DEVICE_PROPS(type, member)                                         \
    DEFINE_PROP_DEVFN("addr", type, member.devfn_wanted,                       \
                      "slot or slot.function, hexadecimal"),                   \
        DEFINE_PROP_BOOL("multifunction", type, member.multifunction, false,   \
                         "function 0 of a device with several")
extern const StateField pci_device_state[];
/* In a device's state list: the PCI part; its `loaded` calls
 * pci_device_loaded(). */
#define PCI_DEVICE_STATE(type, member)                                         \
    STATE_STRUCT(type, member, pci_device_state)
void pci_device_loaded(PciDevice *dev);

static inline uint16_t pci_get16(const PciDevice *dev, unsigned off)
{
    return dev->config[off] | dev->config[off + 1] << 8;
}
void pci_set16(PciDevice *dev, unsigned off, uint16_t val);
void pci_set32(PciDevice *dev, unsigned off, uint32_t val);

/* For realize(). size is rounded up to a power of two. The region stays the
 * device's. */
void pci_add_bar(PciDevice *dev, unsigned n, PciBarKind kind,
                 MemoryRegion *region, uint64_t size);
/* Put a capability of size bytes (header included); returns its offset, 0 if
 * there is no room. Contents are zero and read-only. */
uint8_t pci_add_capability(PciDevice *dev, uint8_t id, uint8_t size);
void pci_set_interrupt_pin(PciDevice *dev, uint8_t pin); /* 1: INTA# */
/* MSI-X with its table at table_off and pending bits at pba_off inside
 * `bar_region` (a container that is BAR number bar); at most
 * PCI_MSIX_VECTORS_MAX vectors. PCI 3.0 6.8.2. */
bool pci_msix_init(PciDevice *dev, unsigned vectors, unsigned bar,
                   MemoryRegion *bar_region, uint32_t table_off,
                   uint32_t pba_off, GError **errp);
bool pci_msi_init(PciDevice *dev, GError **errp); /* one 64-bit vector */

/* For run time; the device's lock is held. */
void pci_set_intx(PciDevice *dev, bool level);
bool pci_msix_enabled(const PciDevice *dev);
bool pci_msi_enabled(const PciDevice *dev);
void pci_msix_notify(PciDevice *dev, unsigned vector);
void pci_msi_notify(PciDevice *dev);
/* DMA of a function that may be a bus master; else false. */
bool pci_dma_read(PciDevice *dev, hwaddr addr, void *buf, size_t len);
bool pci_dma_write(PciDevice *dev, hwaddr addr, const void *buf, size_t len);

void pci_device_init_header(PciDevice *dev, const PciClass *class);
void pci_device_unrealize(PciDevice *dev); /* BARs unmapped, caps dropped */
void pci_device_reset(PciDevice *dev);     /* header to power-on state */

uint32_t pci_config_read(PciDevice *dev, unsigned off, unsigned size);
/* Takes the device's lock. */
void pci_config_write(PciDevice *dev, unsigned off, unsigned size,
                      uint32_t val);

/* ---- Buses ------------------------------------------------------------------
 */

struct PciBus {
    Bus bus;
    MemoryRegion *memory, *io; /* where BARs appear */
    PciDevice *devices[256];   /* by devfn */
    /* INTx: pin 0..3 of a slot to an input of the interrupt router. */
    unsigned (*map_irq)(PciBus *bus, unsigned devfn, unsigned pin);
    IrqLine irq[4];
    int irq_count[4]; /* functions that hold the input high; atomic */
    /* MSI: a write to the interrupt area. */
    void (*msi)(void *opaque, hwaddr addr, uint32_t data);
    void *msi_opaque;
    const char *const *rom_dirs; /* where expansion ROMs are */
};

void pci_bus_init(PciBus *bus, const char *name, Device *owner,
                  MemoryRegion *memory, MemoryRegion *io);
void pci_bus_clear(PciBus *bus);
extern const BusClass pci_bus_class;
void pci_print(PciBus *bus, GString *out); /* `info pci` */

/* ---- Configuration mechanism #1 (ports cf8h, cfch)
 * --------------------------- */

typedef struct PciHost {
    PciBus *bus;
    MemoryRegion address_io, data_io;
    GMutex lock; /* guards address; taken before a device's lock */
    uint32_t address;
} PciHost;
void pci_host_init(PciHost *host, PciBus *bus, MemoryRegion *io);
void pci_host_clear(PciHost *host);
extern const StateField pci_host_state[];

#endif
