/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening /dev/kvm, with errors that help, and one table of what is probed. */
#include "accel/kvm/kvm.h"

#include "util/error.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define KVM_PATH "/dev/kvm"
enum { KVM_CPUID_ROOM = 256, KVM_MSR_ROOM = 1024 };

static const struct {
    int number;
    const char *name;
    const char *needed; /* Linux that has it, where we cannot do without */
} cap_rows[CAP_COUNT] = {
    [CAP_USER_MEMORY] = { KVM_CAP_USER_MEMORY, "user-memory", "2.6.20" },
    [CAP_READONLY_MEM] = { KVM_CAP_READONLY_MEM, "readonly-mem", "3.7" },
    [CAP_IMMEDIATE_EXIT] = { KVM_CAP_IMMEDIATE_EXIT, "immediate-exit", "4.11" },
    [CAP_XSAVE] = { KVM_CAP_XSAVE, "xsave", "2.6.36" },
    [CAP_XCRS] = { KVM_CAP_XCRS, "xcrs", NULL },
    [CAP_VCPU_EVENTS] = { KVM_CAP_VCPU_EVENTS, "vcpu-events", "2.6.33" },
    [CAP_DEBUGREGS] = { KVM_CAP_DEBUGREGS, "debugregs", "2.6.35" },
    [CAP_USER_SPACE_MSR] = { KVM_CAP_X86_USER_SPACE_MSR, "user-space-msr",
                             "5.10" },
    [CAP_MSR_FILTER] = { KVM_CAP_X86_MSR_FILTER, "msr-filter", "5.10" },
    [CAP_IRQCHIP] = { KVM_CAP_IRQCHIP, "irqchip", NULL },
    [CAP_SPLIT_IRQCHIP] = { KVM_CAP_SPLIT_IRQCHIP, "split-irqchip", NULL },
    [CAP_PIT2] = { KVM_CAP_PIT2, "pit2", NULL },
    [CAP_IRQ_ROUTING] = { KVM_CAP_IRQ_ROUTING, "irq-routing", NULL },
    [CAP_SIGNAL_MSI] = { KVM_CAP_SIGNAL_MSI, "signal-msi", NULL },
    [CAP_IRQFD] = { KVM_CAP_IRQFD, "irqfd", NULL },
    [CAP_IOEVENTFD] = { KVM_CAP_IOEVENTFD, "ioeventfd", NULL },
    [CAP_TSC_CONTROL] = { KVM_CAP_TSC_CONTROL, "tsc-scaling", NULL },
    [CAP_SREGS2] = { KVM_CAP_SREGS2, "sregs2", NULL },
    [CAP_ADJUST_CLOCK] = { KVM_CAP_ADJUST_CLOCK, "adjust-clock", NULL },
    [CAP_X2APIC_API] = { KVM_CAP_X2APIC_API, "x2apic-api", NULL },
    [CAP_DIRTY_RING] = { KVM_CAP_DIRTY_LOG_RING, "dirty-ring", NULL },
    [CAP_MANUAL_DIRTY] = { KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
                           "manual-dirty-log", NULL },
    [CAP_SMM] = { KVM_CAP_X86_SMM, "smm", NULL },
    [CAP_NESTED_STATE] = { KVM_CAP_NESTED_STATE, "nested-state", NULL },
    [CAP_GUEST_DEBUG] = { KVM_CAP_SET_GUEST_DEBUG, "guest-debug", NULL },
    [CAP_HALT_POLL] = { KVM_CAP_HALT_POLL, "halt-poll", NULL },
    [CAP_COALESCED_MMIO] = { KVM_CAP_COALESCED_MMIO, "coalesced-mmio", NULL },
    [CAP_EXIT_ON_FAILURE] = { KVM_CAP_EXIT_ON_EMULATION_FAILURE,
                              "exit-on-failure", NULL },
    [CAP_MAX_VCPUS] = { KVM_CAP_MAX_VCPUS, "max-vcpus", NULL },
    [CAP_MEMSLOTS] = { KVM_CAP_NR_MEMSLOTS, "memory-slots", NULL },
};

bool kvm_host_has_vt(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;

    if (__get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 5)) { /* VMX */
        return true;
    }
    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & 1u << 2); /* SVM */
#else
    return false;
#endif
}

/* ---- opening ------------------------------------------------------------- */

/* The group that may open the device. */
static char *caps_group(void)
{
    struct stat st;

    if (stat(KVM_PATH, &st) != 0 || !(st.st_mode & S_IRGRP)) {
        return g_strdup("its owner may use it only");
    }
    struct group group, *g = NULL;
    char buf[4096];

    return getgrgid_r(st.st_gid, &group, buf, sizeof(buf), &g) == 0 && g
               ? g_strdup_printf("be a member of group %s", g->gr_name)
               : g_strdup_printf("be a member of group %u", st.st_gid);
}

static bool caps_fail_open(int err, GError **errp)
{
    g_autofree char *group = NULL;

    switch (err) {
    case ENOENT:
        return emu_fail_errno(errp, err,
                              KVM_PATH " (the host's kernel has no KVM, or it "
                                       "is not shown in this container%s)",
                              kvm_host_has_vt()
                                  ? ""
                                  : "; the processor shows neither VMX nor "
                                    "SVM");
    case EACCES:
    case EPERM:
        group = caps_group();
        return emu_fail_errno(errp, err, KVM_PATH " (%s)", group);
    default:
        return emu_fail_errno(errp, err, KVM_PATH);
    }
}

static bool caps_probe(KvmEngine *e, GError **errp)
{
    int version = ioctl(e->dev_fd, KVM_GET_API_VERSION, 0);

    if (version != KVM_API_VERSION) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        KVM_PATH " has version %d of the interface, not %d",
                        version, KVM_API_VERSION);
    }
    for (unsigned i = 0; i < CAP_COUNT; i++) {
        e->caps[i] =
            MAX(0, ioctl(e->dev_fd, KVM_CHECK_EXTENSION, cap_rows[i].number));
        if (!e->caps[i] && cap_rows[i].needed) {
            return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                            KVM_PATH " cannot do '%s' (Linux %s has it)",
                            cap_rows[i].name, cap_rows[i].needed);
        }
    }
    int size = ioctl(e->dev_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

    if (size < (int)sizeof(struct kvm_run)) {
        return emu_fail_errno(errp, errno, "KVM_GET_VCPU_MMAP_SIZE");
    }
    e->run_size = size;
    return true;
}

static bool caps_lists(KvmEngine *e, GError **errp)
{
    e->cpuid = g_malloc0(sizeof(*e->cpuid) +
                         KVM_CPUID_ROOM * sizeof(*e->cpuid->entries));
    e->cpuid->nent = KVM_CPUID_ROOM;
    if (ioctl(e->dev_fd, KVM_GET_SUPPORTED_CPUID, e->cpuid) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_SUPPORTED_CPUID");
    }
    e->msrs = g_malloc0(sizeof(*e->msrs) +
                        KVM_MSR_ROOM * sizeof(e->msrs->indices[0]));
    e->msrs->nmsrs = KVM_MSR_ROOM;
    if (ioctl(e->dev_fd, KVM_GET_MSR_INDEX_LIST, e->msrs) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_MSR_INDEX_LIST");
    }
    return true;
}

bool kvm_open(KvmEngine *e, GError **errp)
{
    e->dev_fd = open(KVM_PATH, O_RDWR | O_CLOEXEC);
    if (e->dev_fd < 0) {
        return caps_fail_open(errno, errp);
    }
    return caps_probe(e, errp) && caps_lists(e, errp);
}

void kvm_print_caps(const KvmEngine *e, GString *out)
{
    for (unsigned i = 0; i < CAP_COUNT; i++) {
        g_string_append_printf(out, "  %-16s %d\n", cap_rows[i].name,
                               e->caps[i]);
    }
}
