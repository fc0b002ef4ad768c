/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's local APICs (kernel-irqchip=split): interrupts between processors, ends
 * of interrupts, the APIC's timer and HLT do not leave the kernel. The I/O APIC
 * and the 8259s stay ours (or not: chips.c); what they and the devices send are
 * messages.
 *
 * 1. The local APIC is in one place at a time, like the rest of a vCPU, but
 *    moves less often: `apic_ours` says that X86Cpu's is to be given. While KVM
 *    has it, x86_apic_away() holds and X86Cpu's is a copy for who looks. All
 *    come `home` while the machine stands (stand.c); who sends a message holds
 *    the lock, so that it meets them on one side or the other.
 * 2. A message that is sent again has a route and an eventfd (irqfd); they are
 *    all given up when there are too many, as the guest chooses them.
 * 3. KVM is told what the I/O APIC's pins send, so that it says when a
 *    level-triggered interrupt has ended.
 */
#include "accel/kvm/kvm.h"

#include "target/x86/apic.h"
#include "target/x86/model.h"
#include "util/error.h"
#include "util/log.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define APIC_MSR_DEADLINE 0x6e0
enum { MSI_LEVEL = 1 << 15, IRQCHIP_PIC_PINS = 8, IRQCHIP_CASCADE = 2 };

typedef struct KvmMessage {
    uint64_t addr;
    uint32_t data;
    int fd; /* -1: seen once, no route yet */
} KvmMessage;

/* ---- creation ------------------------------------------------------------ */

static bool irqchip_create_split(KvmEngine *e, GError **errp)
{
    struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP,
                                  .args = { KVM_IOAPIC_NUM_PINS } };

    return ioctl(e->vm_fd, KVM_ENABLE_CAP, &cap) == 0 ||
           emu_fail_errno(errp, errno, "KVM_CAP_SPLIT_IRQCHIP");
}

static const struct {
    const char *name;
    KvmCap cap; /* beside those that all need */
    bool (*create)(KvmEngine *e, GError **errp);
} irqchip_rows[] = {
    [IRQCHIP_OFF] = { "off" },
    [IRQCHIP_SPLIT] = { "split", CAP_SPLIT_IRQCHIP, irqchip_create_split },
    [IRQCHIP_ON] = { "on", CAP_IRQCHIP, kvm_chips_create },
};

static bool irqchip_possible(const KvmEngine *e, KvmIrqchipKind kind)
{
    return kvm_has(e, irqchip_rows[kind].cap) && kvm_has(e, CAP_IRQ_ROUTING) &&
           kvm_has(e, CAP_SIGNAL_MSI);
}

static bool irqchip_set_routes_locked(KvmEngine *e);

bool kvm_irqchip_create(KvmEngine *e, GError **errp)
{
    KvmIrqchip *chip = &e->irqchip;

    chip->kind = chip->asked != IRQCHIP_DEFAULT       ? chip->asked
                 : irqchip_possible(e, IRQCHIP_SPLIT) ? IRQCHIP_SPLIT
                                                      : IRQCHIP_OFF;
    if (chip->kind == IRQCHIP_OFF) {
        return true;
    }
    if (!irqchip_possible(e, chip->kind)) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "KVM here has no kernel-irqchip=%s (off goes without)",
                        irqchip_rows[chip->kind].name);
    }
    if (!irqchip_rows[chip->kind].create(e, errp)) {
        return false;
    }
    chip->home = true;
    chip->messages = g_array_new(FALSE, TRUE, sizeof(KvmMessage));
    return irqchip_set_routes_locked(e) ||
           emu_fail_errno(errp, errno, "KVM_SET_GSI_ROUTING");
}

/* ---- routes -------------------------------------------------------------- */

static struct kvm_irq_routing_entry irqchip_route(uint32_t gsi, uint64_t addr,
                                                  uint32_t data)
{
    return (struct kvm_irq_routing_entry){
        .gsi = gsi,
        .type = KVM_IRQ_ROUTING_MSI,
        .u.msi = { .address_lo = addr, .address_hi = addr >> 32, .data = data },
    };
}

static struct kvm_irq_routing_entry irqchip_wire(uint32_t gsi, uint32_t chip,
                                                 uint32_t pin)
{
    return (struct kvm_irq_routing_entry){
        .gsi = gsi,
        .type = KVM_IRQ_ROUTING_IRQCHIP,
        .u.irqchip = { .irqchip = chip, .pin = pin },
    };
}

/* Where KVM has the I/O APIC: global line 0 is its pin 2, as on every PC. */
static void irqchip_route_lines(struct kvm_irq_routing *k)
{
    for (unsigned gsi = 0; gsi < KVM_IOAPIC_NUM_PINS; gsi++) {
        if (gsi == IRQCHIP_CASCADE) {
            continue;
        }
        if (gsi < 2 * IRQCHIP_PIC_PINS) {
            k->entries[k->nr++] = irqchip_wire(gsi, gsi / IRQCHIP_PIC_PINS,
                                               gsi % IRQCHIP_PIC_PINS);
        }
        k->entries[k->nr++] =
            irqchip_wire(gsi, KVM_IRQCHIP_IOAPIC, gsi ? gsi : IRQCHIP_CASCADE);
    }
}

/* Where we have it: what its pins send. */
static void irqchip_route_pins(const KvmIrqchip *chip,
                               struct kvm_irq_routing *k)
{
    for (unsigned pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++) {
        if (chip->pins[pin].data & MSI_LEVEL) {
            k->entries[k->nr++] =
                irqchip_route(pin, chip->pins[pin].addr, chip->pins[pin].data);
        }
    }
}

/* The I/O APIC's pins come first, then messages. */
static bool irqchip_set_routes_locked(KvmEngine *e)
{
    const KvmIrqchip *chip = &e->irqchip;
    g_autofree struct kvm_irq_routing *k =
        g_malloc0(sizeof(*k) + (2 * KVM_IOAPIC_NUM_PINS + chip->messages->len) *
                                   sizeof(k->entries[0]));

    if (kvm_has_chips(e)) {
        irqchip_route_lines(k);
    } else {
        irqchip_route_pins(chip, k);
    }
    for (guint i = 0; i < chip->messages->len; i++) {
        const KvmMessage *m = &g_array_index(chip->messages, KvmMessage, i);

        k->entries[k->nr++] =
            irqchip_route(KVM_IOAPIC_NUM_PINS + i, m->addr, m->data);
    }
    if (ioctl(e->vm_fd, KVM_SET_GSI_ROUTING, k) == 0) {
        return true;
    }
    log_printf("kvm: KVM_SET_GSI_ROUTING: %s\n", g_strerror(errno));
    return false;
}

/* Only ends of levels are asked for, so edges need not be known. */
void kvm_route_pin(Accel *accel, unsigned pin, uint64_t addr, uint32_t data)
{
    KvmEngine *e = kvm_engine(accel);
    KvmPin *p = &e->irqchip.pins[pin];
    KvmPin now = data & MSI_LEVEL ? (KvmPin){ addr, data } : (KvmPin){ 0 };

    if (e->irqchip.kind != IRQCHIP_SPLIT) {
        return;
    }
    g_mutex_lock(&e->irqchip.lock);
    if (p->addr != now.addr || p->data != now.data) {
        *p = now;
        irqchip_set_routes_locked(e);
    }
    g_mutex_unlock(&e->irqchip.lock);
}

/* ---- messages ------------------------------------------------------------ */

static bool irqchip_irqfd(const KvmEngine *e, unsigned n, int fd,
                          uint32_t flags)
{
    struct kvm_irqfd k = { .fd = fd,
                           .gsi = KVM_IOAPIC_NUM_PINS + n,
                           .flags = flags };

    return ioctl(e->vm_fd, KVM_IRQFD, &k) == 0;
}

void kvm_irqchip_forget_locked(KvmEngine *e)
{
    GArray *messages = e->irqchip.messages;

    for (guint i = 0; i < messages->len; i++) {
        int fd = g_array_index(messages, KvmMessage, i).fd;

        if (fd >= 0) {
            irqchip_irqfd(e, i, fd, KVM_IRQFD_FLAG_DEASSIGN);
            close(fd);
        }
    }
    g_array_set_size(messages, 0);
}

/* A route and an eventfd for it; -1: it goes without. */
static int irqchip_add_locked(KvmEngine *e, uint64_t addr, uint32_t data)
{
    GArray *messages = e->irqchip.messages;

    if (messages->len == KVM_MESSAGES_MAX) {
        kvm_irqchip_forget_locked(e);
    }
    KvmMessage m = { addr, data, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };

    g_array_append_val(messages, m);
    irqchip_set_routes_locked(e);
    if (m.fd >= 0 && !irqchip_irqfd(e, messages->len - 1, m.fd, 0)) {
        close(m.fd);
        m.fd = -1;
        g_array_index(messages, KvmMessage, messages->len - 1).fd = -1;
    }
    return m.fd;
}

static int irqchip_find_locked(KvmEngine *e, uint64_t addr, uint32_t data)
{
    const GArray *messages = e->irqchip.messages;

    for (guint i = 0; i < messages->len; i++) {
        const KvmMessage *m = &g_array_index(messages, KvmMessage, i);

        if (m->addr == addr && m->data == data) {
            return m->fd;
        }
    }
    return irqchip_add_locked(e, addr, data);
}

/* What comes by an eventfd may have to wait for a thread of the kernel. */
static void irqchip_send_locked(KvmEngine *e, uint64_t addr, uint32_t data,
                                bool at_once)
{
    struct kvm_msi msi = { .address_lo = addr,
                           .address_hi = addr >> 32,
                           .data = data };
    int fd = kvm_has(e, CAP_IRQFD) && !at_once
                 ? irqchip_find_locked(e, addr, data)
                 : -1;

    e->irqchip.sent++;
    if (fd >= 0) {
        eventfd_write(fd, 1);
        e->irqchip.by_irqfd++;
    } else if (ioctl(e->vm_fd, KVM_SIGNAL_MSI, &msi) < 0) {
        log_printf("kvm: KVM_SIGNAL_MSI %" PRIx64 " = %" PRIx32 ": %s\n", addr,
                   data, g_strerror(errno));
    }
}

bool kvm_send_msi(Accel *accel, uint64_t addr, uint32_t data, bool at_once)
{
    KvmEngine *e = kvm_engine(accel);
    bool away;

    if (!kvm_has_apics(e)) {
        return false;
    }
    g_mutex_lock(&e->irqchip.lock);
    away = !e->irqchip.home;
    if (away) {
        irqchip_send_locked(e, addr, data, at_once);
    }
    g_mutex_unlock(&e->irqchip.lock);
    return away;
}

/* ---- the local APIC's state ---------------------------------------------- */

typedef struct OneMsr {
    struct kvm_msrs head;
    struct kvm_msr_entry entry;
} OneMsr;

static bool irqchip_move_deadline(KvmVcpu *v, unsigned long request,
                                  OneMsr *msr, GError **errp)
{
    msr->head.nmsrs = 1;
    msr->entry.index = APIC_MSR_DEADLINE;
    return !x86_model_has(v->cpu->model, FEATURE_TSC_DEADLINE) ||
           ioctl(v->fd, request, msr) == 1 ||
           emu_fail_errno(errp, errno, "the TSC deadline's MSR");
}

/* The guest's TSC has jumped, and KVM's timer counts to the old one. */
bool kvm_rearm_deadline(KvmVcpu *v, GError **errp)
{
    OneMsr msr = { .entry = { .data = 0 } };

    return !kvm_has_apics(v->engine) || v->apic_ours ||
           (irqchip_move_deadline(v, KVM_GET_MSRS, &msr, errp) &&
            irqchip_move_deadline(v, KVM_SET_MSRS, &msr, errp));
}

/* The timer's deadline is in the guest's TSC, so it must be right already. */
bool kvm_put_apic(KvmVcpu *v, GError **errp)
{
    X86Cpu *cpu = v->cpu;
    OneMsr msr = { .entry = { .data = cpu->tsc_deadline } };
    struct kvm_lapic_state k;

    if (!kvm_has_apics(v->engine) || !v->apic_ours) {
        return true;
    }
    G_STATIC_ASSERT(sizeof(ApicImage) == sizeof(k));
    x86_apic_save_image(cpu->apic, (ApicImage *)&k);
    if (ioctl(v->fd, KVM_SET_LAPIC, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_SET_LAPIC");
    }
    if (!irqchip_move_deadline(v, KVM_SET_MSRS, &msr, errp)) {
        return false;
    }
    v->apic_ours = false;
    x86_apic_set_away(cpu->apic, true);
    return true;
}

bool kvm_get_apic(KvmVcpu *v, GError **errp)
{
    X86Cpu *cpu = v->cpu;
    OneMsr msr = { .entry = { .data = 0 } };
    struct kvm_lapic_state k;

    if (!kvm_has_apics(v->engine) || v->apic_ours) {
        return true;
    }
    if (ioctl(v->fd, KVM_GET_LAPIC, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_LAPIC");
    }
    if (!irqchip_move_deadline(v, KVM_GET_MSRS, &msr, errp)) {
        return false;
    }
    x86_apic_load_image(cpu->apic, (const ApicImage *)&k);
    cpu->tsc_deadline = msr.entry.data;
    return true;
}

/* ---- running, halted, waiting -------------------------------------------- */

bool kvm_put_mp_state(KvmVcpu *v, GError **errp)
{
    const X86Cpu *cpu = v->cpu;
    struct kvm_mp_state k = {
        .mp_state = cpu->wait_sipi ? KVM_MP_STATE_UNINITIALIZED
                    : cpu->halted  ? KVM_MP_STATE_HALTED
                                   : KVM_MP_STATE_RUNNABLE,
    };

    return !kvm_has_apics(v->engine) ||
           ioctl(v->fd, KVM_SET_MP_STATE, &k) == 0 ||
           emu_fail_errno(errp, errno, "KVM_SET_MP_STATE");
}

bool kvm_get_mp_state(KvmVcpu *v, GError **errp)
{
    struct kvm_mp_state k;

    if (!kvm_has_apics(v->engine)) {
        return true;
    }
    if (ioctl(v->fd, KVM_GET_MP_STATE, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_MP_STATE");
    }
    v->cpu->halted = k.mp_state == KVM_MP_STATE_HALTED;
    v->cpu->wait_sipi = k.mp_state == KVM_MP_STATE_UNINITIALIZED ||
                        k.mp_state == KVM_MP_STATE_INIT_RECEIVED;
    return true;
}

/* ---- the end ------------------------------------------------------------- */

void kvm_irqchip_clear(KvmEngine *e)
{
    if (e->irqchip.messages) {
        kvm_irqchip_forget_locked(e);
        g_clear_pointer(&e->irqchip.messages, g_array_unref);
    }
}

void kvm_irqchip_print(const KvmEngine *e, GString *out)
{
    const KvmIrqchip *chip = &e->irqchip;

    g_string_append_printf(out, "%-18s %s\n", "kernel-irqchip",
                           irqchip_rows[chip->kind].name);
    if (kvm_has_apics(e)) {
        g_string_append_printf(out, "%-18s %" PRIu64 "\n%-18s %" PRIu64 "\n",
                               "messages", chip->sent, "by irqfd",
                               chip->by_irqfd);
    }
}
