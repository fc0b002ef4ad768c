/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's lines and messages on their way to processors; see pc.c. */
#include "hw/pc/pc-internal.h"

#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"

#include <inttypes.h>

/* ---- Interrupts
 * ----------------------------------------------------------------- */

void pc_gsi_set(void *opaque, unsigned n, bool level)
{
    PcBoard *pc = opaque;

    pc_chips_set_line(&pc->chips, pc->parent.accel, n, level);
}

/* The 8259s' INTR: processor 0's LINT0. */
void pc_intr_set(void *opaque, unsigned n, bool level)
{
    X86Cpu *cpu = pc_cpu(opaque, 0);

    if (cpu) {
        x86_apic_lint(cpu->apic, 0, level);
    }
}

int pc_pic_ack(void *opaque)
{
    return i8259_ack(((PcBoard *)opaque)->chips.pic);
}

/* Of those that the destination names, the one with the lowest priority; equal
 * ones take turns. */
static X86Apic *pc_apic_lowest(PcBoard *pc, const X86Apic *but, uint32_t dest,
                               bool logical)
{
    unsigned count = pc->parent.vcpus->len;
    unsigned first = __atomic_add_fetch(&pc->turn, 1, __ATOMIC_RELAXED);
    X86Apic *best = NULL;
    int lowest = INT_MAX;

    for (unsigned i = 0; i < count; i++) {
        X86Apic *apic = pc_cpu(pc, (first + i) % count)->apic;
        int priority = x86_apic_arbitration(apic);

        if (apic != but && priority >= 0 && priority < lowest &&
            x86_apic_matches(apic, dest, logical)) {
            best = apic;
            lowest = priority;
        }
    }
    return best;
}

/* To every APIC the destination names but `but`; lowest priority: to one. */
static void pc_apic_send(PcBoard *pc, const X86Apic *but, uint32_t dest,
                         bool logical, uint8_t delivery_mode, uint8_t vector,
                         bool level)
{
    if (delivery_mode == PC_LOWEST_PRIORITY) {
        X86Apic *apic = pc_apic_lowest(pc, but, dest, logical);

        if (apic) {
            x86_apic_deliver(apic, delivery_mode, vector, level);
        }
        return;
    }
    for (unsigned n = 0; n < pc->parent.vcpus->len; n++) {
        X86Apic *apic = pc_cpu(pc, n)->apic;

        if (apic != but && x86_apic_matches(apic, dest, logical)) {
            x86_apic_deliver(apic, delivery_mode, vector, level);
        }
    }
}

/* From where a destination has 8 bits only. */
static uint32_t pc_wide_dest(uint8_t dest, bool logical)
{
    return dest == 0xff && !logical ? UINT32_MAX : dest;
}

/* SDM 3A 11.11: destination and mode are in the address, vector in the data. */
typedef struct PcMessage {
    hwaddr addr;
    uint32_t data;
} PcMessage;

static PcMessage pc_message(uint8_t dest, uint8_t dest_mode,
                            uint8_t delivery_mode, uint8_t vector, bool level)
{
    return (PcMessage){ .addr = PC_LAPIC_BASE | dest << 12 | dest_mode << 2,
                        .data = level << 15 | (uint32_t)level << 14 |
                                delivery_mode << 8 | vector };
}

/* False: the local APICs are ours. */
static bool pc_accel_send(const PcBoard *pc, PcMessage msg, bool at_once)
{
    Accel *accel = pc->parent.accel;

    return accel->class->send_msi &&
           accel->class->send_msi(accel, msg.addr, msg.data, at_once);
}

void pc_ioapic_deliver(void *opaque, uint8_t dest, uint8_t dest_mode,
                       uint8_t delivery_mode, uint8_t vector, bool level)
{
    PcMessage msg = pc_message(dest, dest_mode, delivery_mode, vector, level);

    /* The 8259s are ours: they have the vector. */
    if (delivery_mode != PC_EXTINT && pc_accel_send(opaque, msg, true)) {
        return;
    }
    pc_apic_send(opaque, NULL, pc_wide_dest(dest, dest_mode), dest_mode,
                 delivery_mode, vector, level);
}

void pc_ioapic_changed(void *opaque, unsigned pin, uint64_t entry)
{
    Accel *accel = ((PcBoard *)opaque)->parent.accel;
    PcMessage msg = pc_message(
        IOAPIC_ENTRY_DEST(entry), IOAPIC_ENTRY_DEST_MODE(entry),
        IOAPIC_ENTRY_DELIVERY_MODE(entry), entry, entry & IOAPIC_ENTRY_LEVEL);

    if (accel->class->route_pin) {
        accel->class->route_pin(accel, pin, msg.addr, msg.data);
    }
}

void pc_accel_changed(Board *board)
{
    ioapic_tell(pc_from(board)->chips.ioapic);
}

/* What the guest has seen of the I/O APIC stays so. */
bool pc_accepts_accel(Board *board, Accel *accel, GError **errp)
{
    PcBoard *pc = pc_from(board);

    return !pc_chips_leave(accel) || pc->chips_may_leave ||
           emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                    "kernel-irqchip=on: the guest's I/O APIC is of another "
                    "version (start with -machine kernel-irqchip=on)");
}

void pc_go(Board *board)
{
    if (board->accel) {
        pc_chips_go(&pc_from(board)->chips, board->accel);
    }
}

void pc_stand(Board *board)
{
    pc_chips_come(&pc_from(board)->chips);
}

void pc_ipi(void *opaque, X86Apic *from, uint32_t dest, bool logical,
            uint8_t delivery_mode, uint8_t vector, bool level)
{
    pc_apic_send(opaque, from, dest, logical, delivery_mode, vector, level);
}

void pc_eoi(void *opaque, uint8_t vector)
{
    ioapic_eoi(((PcBoard *)opaque)->chips.ioapic, vector);
}

void pc_msi(void *opaque, hwaddr addr, uint32_t data)
{
    if (addr < PC_LAPIC_BASE || addr >= PC_LAPIC_BASE + PC_MSI_SIZE) {
        log_guest_error("pc: MSI to %" PRIx64 " is not an APIC address\n",
                        addr);
        return;
    }
    bool logical = addr >> 2 & 1;

    if (pc_accel_send(opaque, (PcMessage){ addr, data }, false)) {
        return;
    }
    pc_apic_send(opaque, NULL, pc_wide_dest(addr >> 12, logical), logical,
                 data >> 8 & 7, data & 0xff, data >> 15 & 1);
}

/* ---- Lines of all processors
 * ------------------------------------------------------------------ */

/* Either gate opens it. */
void pc_a20_set(void *opaque, unsigned n, bool level)
{
    PcBoard *pc = opaque;
    unsigned bit = 1u << n;
    unsigned gates =
        level ? __atomic_or_fetch(&pc->a20_gates, bit, __ATOMIC_SEQ_CST)
              : __atomic_and_fetch(&pc->a20_gates, ~bit, __ATOMIC_SEQ_CST);

    for (guint i = 0; i < pc->parent.vcpus->len; i++) {
        x86_set_a20(pc_cpu(pc, i), gates);
    }
}

/* INIT#: the bootstrap processor goes on at its reset vector, where firmware
 * sees that memory is as it was; the others wait. SDM 3A 9.1. */
void pc_init_set(void *opaque, unsigned n, bool level)
{
    PcBoard *pc = opaque;

    for (guint i = 0; level && i < pc->parent.vcpus->len; i++) {
        x86_set_pending(pc_cpu(pc, i), X86_PENDING_INIT);
    }
}

IrqLine pc_line(PcBoard *pc, void (*set)(void *opaque, unsigned n, bool level),
                unsigned n)
{
    return (IrqLine){ .set = set, .opaque = pc, .n = n };
}
