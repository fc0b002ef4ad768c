/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model-specific registers under KVM. Those that are the processor's own stay
 * in KVM and are moved with the state; every other access is filtered out to
 * the table that the translator uses, so that the machine is the same. What KVM
 * refuses of its own (a reserved bit, x2APIC to xAPIC) it answers by #GP
 * itself: the table does not know the value that it has there.
 */
#include "accel/kvm/kvm.h"

#include "util/error.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

typedef struct MsrMove {
    uint32_t msr;
    size_t offset;
} MsrMove;

#define AT(field) offsetof(X86Cpu, field)

/* The TSC has a file of its own; EFER and the bases of FS and GS go with the
 * segments. */
static const MsrMove msr_moves[] = {
    { 0x3b, AT(tsc_adjust) },
    { 0x174, AT(sysenter_cs) },
    { 0x175, AT(sysenter_esp) },
    { 0x176, AT(sysenter_eip) },
    { 0x277, AT(pat) },
    { 0xc0000081, AT(star) },
    { 0xc0000082, AT(lstar) },
    { 0xc0000083, AT(cstar) },
    { 0xc0000084, AT(fmask) },
    { 0xc0000102, AT(kernel_gs_base) },
    { 0xc0000103, AT(tsc_aux) },
    { 0x48, AT(spec_ctrl) },
    { 0xda0, AT(xss) },
    { 0x4b564d00, AT(kvm_wall_clock) },
    { 0x4b564d01, AT(kvm_system_time) },
    { 0x4b564d02, AT(kvm_async_pf) },
    { 0x4b564d03, AT(kvm_steal_time) },
    { 0x4b564d04, AT(kvm_pv_eoi) },
    { 0x4b564d05, AT(kvm_poll_control) },
};

/* Beside these, KVM may serve: */
static const uint32_t msr_native[] = { 0x10, 0x49, 0xc0000080, 0xc0000100,
                                       0xc0000101 };

/* And these where it has the local APIC; x2APIC's registers need no leave. */
static const uint32_t msr_apic[] = { 0x1b, 0x6e0 };

static bool msr_listed(const KvmEngine *e, uint32_t msr)
{
    for (unsigned i = 0; i < e->msrs->nmsrs; i++) {
        if (e->msrs->indices[i] == msr) {
            return true;
        }
    }
    return false;
}

/* ---- the filter ---------------------------------------------------------- */

static const struct {
    uint32_t base, count;
} msr_ranges[] = {
    { 0x0, 0x2000 },
    { 0xc0000000, 0x200 },
    { 0x4b564d00, 0x100 },
};

static void msr_allow(uint8_t *bits, uint32_t base, uint32_t count,
                      uint32_t msr)
{
    if (msr - base < count) {
        bits[(msr - base) / 8] |= 1u << (msr - base) % 8;
    }
}

static uint8_t *msr_bitmap(const KvmEngine *e, uint32_t base, uint32_t count)
{
    uint8_t *bits = g_malloc0(count / 8);

    for (unsigned i = 0; i < G_N_ELEMENTS(msr_moves); i++) {
        if (msr_listed(e, msr_moves[i].msr)) {
            msr_allow(bits, base, count, msr_moves[i].msr);
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(msr_native); i++) {
        msr_allow(bits, base, count, msr_native[i]);
    }
    for (unsigned i = 0; kvm_has_apics(e) && i < G_N_ELEMENTS(msr_apic); i++) {
        msr_allow(bits, base, count, msr_apic[i]);
    }
    return bits;
}

bool kvm_filter_msrs(KvmEngine *e, GError **errp)
{
    struct kvm_msr_filter filter = { .flags = KVM_MSR_FILTER_DEFAULT_DENY };
    struct kvm_enable_cap cap = {
        .cap = KVM_CAP_X86_USER_SPACE_MSR,
        .args = { KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER },
    };
    int err = 0;

    if (ioctl(e->vm_fd, KVM_ENABLE_CAP, &cap) != 0) {
        return emu_fail_errno(errp, errno, "KVM_CAP_X86_USER_SPACE_MSR");
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(msr_ranges); i++) {
        filter.ranges[i] = (struct kvm_msr_filter_range){
            .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
            .base = msr_ranges[i].base,
            .nmsrs = msr_ranges[i].count,
            .bitmap = msr_bitmap(e, msr_ranges[i].base, msr_ranges[i].count),
        };
    }
    if (ioctl(e->vm_fd, KVM_X86_SET_MSR_FILTER, &filter) != 0) {
        err = errno;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(msr_ranges); i++) {
        g_free(filter.ranges[i].bitmap);
    }
    return err ? emu_fail_errno(errp, err, "KVM_X86_SET_MSR_FILTER") : true;
}

/* ---- moving -------------------------------------------------------------- */

typedef struct MsrList {
    struct kvm_msrs head;
    struct kvm_msr_entry entries[G_N_ELEMENTS(msr_moves)];
} MsrList;

static uint64_t *msr_place(X86Cpu *cpu, const MsrMove *move)
{
    return (uint64_t *)((char *)cpu + move->offset);
}

static void msr_fill(KvmVcpu *v, MsrList *list)
{
    memset(list, 0, sizeof(*list));
    for (unsigned i = 0; i < G_N_ELEMENTS(msr_moves); i++) {
        const MsrMove *move = &msr_moves[i];

        if (msr_listed(v->engine, move->msr)) {
            list->entries[list->head.nmsrs++] =
                (struct kvm_msr_entry){ .index = move->msr,
                                        .data = *msr_place(v->cpu, move) };
        }
    }
}

bool kvm_put_msrs(KvmVcpu *v, GError **errp)
{
    MsrList list;

    msr_fill(v, &list);
    int done = ioctl(v->fd, KVM_SET_MSRS, &list);

    if (done < 0) {
        return emu_fail_errno(errp, errno, "KVM_SET_MSRS");
    }
    if ((unsigned)done < list.head.nmsrs) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "KVM_SET_MSRS: KVM refuses %08x = %016" PRIx64,
                        list.entries[done].index,
                        (uint64_t)list.entries[done].data);
    }
    return true;
}

bool kvm_get_msrs(KvmVcpu *v, GError **errp)
{
    MsrList list;

    msr_fill(v, &list);
    int done = ioctl(v->fd, KVM_GET_MSRS, &list);

    if (done < 0 || (unsigned)done < list.head.nmsrs) {
        return emu_fail_errno(errp, done < 0 ? errno : EIO, "KVM_GET_MSRS");
    }
    for (unsigned i = 0, n = 0; i < G_N_ELEMENTS(msr_moves); i++) {
        if (n < list.head.nmsrs && msr_moves[i].msr == list.entries[n].index) {
            *msr_place(v->cpu, &msr_moves[i]) = list.entries[n++].data;
        }
    }
    return true;
}
