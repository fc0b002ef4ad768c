/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's parts, for its wiring (pc.c) and what has files of its own. */
#ifndef HW_PC_PC_INTERNAL_H
#define HW_PC_PC_INTERNAL_H

#include "accel/accel.h"
#include "hw/intc/ioapic.h"
#include "hw/isa/isa.h"
#include "hw/pc/chips.h"
#include "hw/pc/firmware.h"
#include "hw/pc/pc.h"
#include "hw/pci/pci.h"

enum {
    PC_MAX_CPUS = 255,
    PC_MAX_APIC_ID = 254, /* 255 is the xAPIC's broadcast */
    PC_GSIS = IOAPIC_PINS,
    PC_LOWEST_PRIORITY = 1, /* delivery modes */
    PC_EXTINT = 7,
    PC_IOAPIC_BASE = 0xfec00000,
};
#define PC_LAPIC_BASE UINT64_C(0xfee00000)
#define PC_MSI_SIZE UINT64_C(0x100000)
#define PC_4G (UINT64_C(1) << 32)
/* With that much RAM below 4 GiB or more, the hole begins at 3 GiB. */
#define PC_LOW_RAM_MAX UINT64_C(0xe0000000)
#define PC_LOW_RAM_SPLIT UINT64_C(0xc0000000)

/* What processor n has for itself. */
typedef struct PcCpu {
    MemoryRegion memory, system; /* root, and the machine's memory in it */
    MemoryRegion smram;          /* over it, in system management mode */
    AddressSpace *space;
    bool smm; /* guarded by smm_lock */
} PcCpu;

typedef struct PcBoard {
    Board parent;

    MemoryRegion system, pci_memory, io;
    MemoryRegion ram_low, ram_high;
    MemoryRegion shadow_rom; /* option ROM area when nothing shadows it */
    RamBlock *shadow_block;
    uint64_t below_4g, above_4g;
    PcFirmware firmware;

    PciBus pci;
    PciHost host;
    IsaBus isa;
    Device *i440fx, *piix3, *ide, *pm;
    PcChips chips;
    bool chips_may_leave; /* the I/O APIC is as accelerators have it */
    Device *rtc, *hpet, *fw_cfg, *i8042, *port92;
    IrqLine gsi[PC_GSIS];
    const X86Model *model; /* owned */
    PcCpu *cpus;           /* of parent.vcpus */
    unsigned turn;         /* among equals at arbitration; atomic */
    unsigned a20_gates;    /* bit per gate that is open; atomic */
    GMutex smm_lock;       /* over memory's */
    bool smram_enabled;    /* guarded by smm_lock */
    unsigned boots;        /* resets since the machine was built */
} PcBoard;

static inline PcBoard *pc_from(Board *board)
{
    return container_of(board, PcBoard, parent);
}

static inline X86Cpu *pc_cpu(PcBoard *pc, unsigned n)
{
    return n < pc->parent.vcpus->len ? vcpu_cpu(pc->parent.vcpus->pdata[n])
                                     : NULL;
}

/* ---- interrupts.c -------------------------------------------------------- */

enum { PC_A20_I8042, PC_A20_PORT92 };

/* Ends of lines and messages; opaque is the PcBoard. Any thread. */
void pc_gsi_set(void *opaque, unsigned n, bool level);
void pc_intr_set(void *opaque, unsigned n, bool level);
int pc_pic_ack(void *opaque);
void pc_ioapic_deliver(void *opaque, uint8_t dest, uint8_t dest_mode,
                       uint8_t delivery_mode, uint8_t vector, bool level);
void pc_ioapic_changed(void *opaque, unsigned pin, uint64_t entry);
/* Of BoardClass. */
void pc_accel_changed(Board *board);
bool pc_accepts_accel(Board *board, Accel *accel, GError **errp);
void pc_go(Board *board);
void pc_stand(Board *board);
/* Of processors and devices, as above. */
void pc_ipi(void *opaque, X86Apic *from, uint32_t dest, bool logical,
            uint8_t delivery_mode, uint8_t vector, bool level);
void pc_eoi(void *opaque, uint8_t vector);
void pc_msi(void *opaque, hwaddr addr, uint32_t data);
void pc_a20_set(void *opaque, unsigned n, bool level);
void pc_init_set(void *opaque, unsigned n, bool level);
/* The line that ends in set(pc, n). */
IrqLine pc_line(PcBoard *pc, void (*set)(void *opaque, unsigned n, bool level),
                unsigned n);

/* ---- processors.c -------------------------------------------------------- */

/* Lines of the chipset: SMRAM is open to system management mode; SMI#. */
void pc_smram_set(void *opaque, unsigned n, bool level);
void pc_smi_set(void *opaque, unsigned n, bool level);
bool pc_has_smm(const PcBoard *pc);
X86Topology pc_topology(const BoardConfig *config);
/* Choose the accelerator, build processors for it; take them down again. */
void pc_clear_cpus(PcBoard *pc);
bool pc_init_cpus(PcBoard *pc, const BoardConfig *config, GError **errp);

#endif
