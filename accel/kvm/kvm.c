/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's class: options, creation of VM and vCPUs, `info kvm`. */
#include "accel/kvm/kvm.h"

#include "target/x86/model.h"
#include "target/x86/tsc.h"
#include "util/error.h"
#include "util/keyval.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const KeyValKey engine_keys[] = {
    { "step", "on|off", "let the translator do what KVM cannot emulate (on)" },
    { "ioeventfd", "on|off", "let KVM take queue kicks (on)" },
    { "coalesced-mmio", "on|off",
      "writes to the VGA's planes wait in the kernel (on)" },
    { "dirty-ring-size", "N",
      "log what is written in a ring of N entries for each vCPU, a power of "
      "two (0: in bitmaps)" },
    { "halt-poll-ns", "N",
      "how long KVM looks for work before a vCPU sleeps (the host's)" },
    { "kernel-irqchip", "on|off|split",
      "split: KVM has the local APICs (where it can); on: also 8259s, I/O APIC "
      "and 8254; off: none" },
    {},
};

static void engine_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static KvmEngine *engine_new(AddressSpace *memory, AddressSpace *io)
{
    KvmEngine *e = g_new0(KvmEngine, 1);

    e->parent = (Accel){ &accel_kvm, memory, io };
    e->dev_fd = e->vm_fd = -1;
    e->vcpus = g_ptr_array_new();
    g_mutex_init(&e->lock);
    g_mutex_init(&e->tsc_lock);
    g_mutex_init(&e->step_lock);
    g_mutex_init(&e->bells.serving);
    g_mutex_init(&e->bells.lock);
    g_mutex_init(&e->irqchip.lock);
    g_mutex_init(&e->late.lock);
    g_cond_init(&e->changed);
    return e;
}

static void engine_free(KvmEngine *e)
{
    kvm_late_clear(e);
    kvm_bells_clear(e);
    kvm_irqchip_clear(e);
    kvm_slots_clear(e);
    kvm_step_clear(e);
    engine_close(&e->vm_fd);
    engine_close(&e->dev_fd);
    g_free(e->cpuid);
    g_free(e->msrs);
    g_ptr_array_free(e->vcpus, TRUE);
    g_mutex_clear(&e->lock);
    g_mutex_clear(&e->tsc_lock);
    g_mutex_clear(&e->step_lock);
    g_mutex_clear(&e->bells.serving);
    g_mutex_clear(&e->bells.lock);
    g_mutex_clear(&e->irqchip.lock);
    g_mutex_clear(&e->late.lock);
    g_cond_clear(&e->changed);
    g_free(e);
}

static void engine_destroy(Accel *accel)
{
    engine_free(kvm_engine(accel));
}

/* ---- options ------------------------------------------------------------- */

static bool engine_parse_irqchip(KvmEngine *e, const char *where, GError **errp)
{
    static const char *const names[] = { [IRQCHIP_DEFAULT] = NULL,
                                         [IRQCHIP_OFF] = "off",
                                         [IRQCHIP_SPLIT] = "split",
                                         [IRQCHIP_ON] = "on" };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(where, names[i]) == 0) {
            e->irqchip.asked = i;
            return true;
        }
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "kernel-irqchip=%s: on, off or split", where);
}

static bool engine_parse(KvmEngine *e, const char *options, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(options ? options : "", NULL, errp);

    if (!kv || !keyval_check(kv, "accelerator kvm", engine_keys, errp)) {
        return false;
    }
    e->step_fallback = e->bells.wanted = e->late.wanted = true;
    e->halt_poll_ns = UINT64_MAX;
    return engine_parse_irqchip(e, keyval_get(kv, "kernel-irqchip"), errp) &&
           keyval_get_uint(kv, "halt-poll-ns", UINT32_MAX, &e->halt_poll_ns,
                           errp) &&
           keyval_get_uint(kv, "dirty-ring-size", UINT32_MAX,
                           &e->dirty.ring_size, errp) &&
           keyval_get_bool(kv, "coalesced-mmio", &e->late.wanted, errp) &&
           keyval_get_bool(kv, "ioeventfd", &e->bells.wanted, errp) &&
           keyval_get_bool(kv, "step", &e->step_fallback, errp);
}

static void engine_help(GString *out)
{
    KvmEngine *e = engine_new(NULL, NULL);
    g_autoptr(GError) err = NULL;

    keyval_print_keys(engine_keys, out);
    if (kvm_open(e, &err)) {
        g_string_append(out, "What KVM can do here:\n");
        kvm_print_caps(e, out);
    } else {
        g_string_append_printf(out, "Not available here: %s\n", err->message);
    }
    engine_free(e);
}

/* A KVM without hardware behind it emulates the guest's kernel and firmware one
 * by one, at a few million instructions a second. */
static bool engine_worthwhile(GError **errp)
{
    KvmEngine *e = engine_new(NULL, NULL);
    bool ok = kvm_open(e, errp);

    engine_free(e);
    if (ok && !kvm_host_has_vt()) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "/dev/kvm is there, but the processor shows neither "
                        "VMX nor SVM, so it emulates much in software "
                        "(-accel kvm takes it nevertheless)");
    }
    return ok;
}

/* ---- the VM -------------------------------------------------------------- */

/* Pages of guest addresses that VMX without "unrestricted guest" needs; they
 * stand below the firmware. */
#define ENGINE_IDENTITY_MAP UINT64_C(0xfeffc000)
#define ENGINE_TSS UINT64_C(0xfeffd000)

/* -1: it failed. */
static int engine_new_vm(KvmEngine *e, GError **errp)
{
    int fd;

    do {
        fd = ioctl(e->dev_fd, KVM_CREATE_VM, 0);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        emu_fail_errno(errp, errno, "KVM_CREATE_VM%s",
                       errno == EBUSY ? " (another hypervisor has the "
                                        "processor)"
                                      : "");
    }
    return fd;
}

static bool engine_create_vm(KvmEngine *e, GError **errp)
{
    uint64_t identity = ENGINE_IDENTITY_MAP;

    e->vm_fd = engine_new_vm(e, errp);
    if (e->vm_fd < 0) {
        return false;
    }
    if (ioctl(e->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) != 0) {
        return emu_fail_errno(errp, errno, "KVM_SET_IDENTITY_MAP_ADDR");
    }
    if (ioctl(e->vm_fd, KVM_SET_TSS_ADDR, ENGINE_TSS) != 0) {
        return emu_fail_errno(errp, errno, "KVM_SET_TSS_ADDR");
    }
    return true;
}

/* Without it KVM raises #UD for what it cannot emulate of a user's program. */
static bool engine_exit_on_failure(const KvmEngine *e, GError **errp)
{
    struct kvm_enable_cap cap = { .cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE,
                                  .args = { 1 } };

    return !kvm_has(e, CAP_EXIT_ON_FAILURE) ||
           ioctl(e->vm_fd, KVM_ENABLE_CAP, &cap) == 0 ||
           emu_fail_errno(errp, errno, "KVM_CAP_EXIT_ON_EMULATION_FAILURE");
}

/* KVM's own APICs halt in the kernel; ours do not, and are not waited for. */
static bool engine_halt_poll(const KvmEngine *e, GError **errp)
{
    struct kvm_enable_cap cap = { .cap = KVM_CAP_HALT_POLL,
                                  .args = { e->halt_poll_ns } };

    return e->halt_poll_ns == UINT64_MAX ||
           ioctl(e->vm_fd, KVM_ENABLE_CAP, &cap) == 0 ||
           emu_fail_errno(errp, errno, "halt-poll-ns: KVM_CAP_HALT_POLL");
}

/* The rate of a vCPU that nobody has told another; a VM of its own is the dear
 * way to ask. */
static int engine_ask_tsc(KvmEngine *e, GError **errp)
{
    int khz = ioctl(e->vm_fd, KVM_GET_TSC_KHZ, 0);

    if (khz > 0) { /* since Linux 5.18 */
        return khz;
    }
    int vm = engine_new_vm(e, errp);

    if (vm < 0) {
        return -1;
    }
    int cpu = ioctl(vm, KVM_CREATE_VCPU, 0);

    khz = cpu < 0 ? -1 : ioctl(cpu, KVM_GET_TSC_KHZ, 0);
    if (khz <= 0) {
        emu_fail_errno(errp, errno, "%s",
                       cpu < 0 ? "KVM_CREATE_VCPU 0" : "KVM_GET_TSC_KHZ");
    }
    engine_close(&cpu);
    engine_close(&vm);
    return khz;
}

static bool engine_find_tsc(KvmEngine *e, GError **errp)
{
    int khz = engine_ask_tsc(e, errp);

    e->host_tsc_hz = khz * UINT64_C(1000);
    return khz > 0;
}

static Accel *engine_create(const char *options, AddressSpace *memory,
                            AddressSpace *io, GError **errp)
{
    KvmEngine *e = engine_new(memory, io);

    if (!engine_parse(e, options, errp) || !kvm_open(e, errp) ||
        !engine_create_vm(e, errp) || !engine_find_tsc(e, errp) ||
        !engine_halt_poll(e, errp) || !engine_exit_on_failure(e, errp) ||
        !kvm_irqchip_create(e, errp) || !kvm_filter_msrs(e, errp) ||
        !kvm_dirty_init(e, errp) || !kvm_slots_init(e, errp)) {
        engine_destroy(&e->parent);
        return NULL;
    }
    kvm_install_signal();
    kvm_bells_init(e);
    kvm_late_init(e);
    return &e->parent;
}

/* ---- vCPUs --------------------------------------------------------------- */

static void engine_vcpu_close(KvmVcpu *v)
{
    kvm_dirty_unmap_ring(v);
    if (v->run) {
        munmap(v->run, v->engine->run_size);
    }
    engine_close(&v->fd);
    g_free(v);
}

static void engine_vcpu_clear(Accel *accel, X86Cpu *cpu)
{
    KvmEngine *e = kvm_engine(accel);
    KvmVcpu *v = kvm_vcpu(cpu);

    if (!v) {
        return;
    }
    kvm_dirty_reap(e); /* its ring goes with it */
    g_mutex_lock(&e->lock);
    g_ptr_array_remove(e->vcpus, v);
    g_mutex_unlock(&e->lock);
    cpu->kvm = NULL;
    cpu->mmu_ops = NULL;
    engine_vcpu_close(v);
}

static bool engine_vcpu_open(KvmVcpu *v, GError **errp)
{
    KvmEngine *e = v->engine;

    v->fd = ioctl(e->vm_fd, KVM_CREATE_VCPU, v->cpu->apic_id);
    if (v->fd < 0) {
        return emu_fail_errno(errp, errno, "KVM_CREATE_VCPU %u (of %d)",
                              v->cpu->apic_id, e->caps[CAP_MAX_VCPUS]);
    }
    void *run =
        mmap(NULL, e->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);

    if (run == MAP_FAILED) {
        return emu_fail_errno(errp, errno, "mmap of a vCPU");
    }
    v->run = run;
    return kvm_dirty_map_ring(v, errp);
}

static bool engine_vcpu_init(Accel *accel, X86Cpu *cpu, GError **errp)
{
    KvmEngine *e = kvm_engine(accel);
    KvmVcpu *v = g_new0(KvmVcpu, 1);

    v->engine = e;
    v->cpu = cpu;
    v->fd = -1;
    v->ours = v->apic_ours = v->clean = true;
    if (!engine_vcpu_open(v, errp)) {
        engine_vcpu_close(v);
        return false;
    }
    cpu->kvm = v;
    cpu->mmu_ops = &kvm_mmu_ops;
    g_mutex_lock(&e->lock);
    g_ptr_array_add(e->vcpus, v);
    g_mutex_unlock(&e->lock);
    return true;
}

/* ---- info kvm ------------------------------------------------------------ */

static void engine_info(Accel *accel, GString *out)
{
    const KvmEngine *e = kvm_engine(accel);
    KvmStats sum = { .entries = 0 };

    for (unsigned i = 0; i < e->vcpus->len; i++) {
        const KvmStats *s = &((KvmVcpu *)e->vcpus->pdata[i])->stats;

        sum.entries += s->entries;
        sum.signals += s->signals;
        sum.stepped += s->stepped;
        sum.gets += s->gets;
        sum.puts += s->puts;
    }
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = { { "entries", sum.entries },
                 { "signals", sum.signals },
                 { "steps translated", sum.stepped },
                 { "state taken", sum.gets },
                 { "state given", sum.puts } };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_string_append_printf(out, "%-18s %" PRIu64 "\n", rows[i].name,
                               rows[i].n);
    }
    kvm_dirty_print(e, out);
    kvm_irqchip_print(e, out);
    kvm_bells_print(e, out);
    kvm_late_print(e, out);
    g_string_append(out, "exits\n");
    kvm_print_exits(e, out);
    g_string_append(out, "capabilities\n");
    kvm_print_caps(e, out);
}

const AccelClass accel_kvm = {
    .name = "kvm",
    .summary = "the host's processor, through /dev/kvm",
    .create = engine_create,
    .destroy = engine_destroy,
    .help = engine_help,
    .worthwhile = engine_worthwhile,
    .adapt_model = kvm_adapt_model,
    .accepts_model = kvm_accepts_model,
    .vcpu_init = engine_vcpu_init,
    .vcpu_clear = engine_vcpu_clear,
    .run = kvm_run,
    .kick = kvm_kick,
    .get_state = kvm_get_state,
    .put_state = kvm_put_state,
    .may_leave = kvm_may_leave,
    .leave = kvm_leave,
    .info = engine_info,
    .go = kvm_go,
    .stand = kvm_stand,
    .send_msi = kvm_send_msi,
    .route_pin = kvm_route_pin,
    .chip = kvm_chip,
    .set_line = kvm_set_line,
};
