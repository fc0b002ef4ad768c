/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why KVM came back, and what is done about it: one table by reason. Ports,
 * memory and filtered MSRs are served by the code that serves the translator.
 */
#include "accel/kvm/kvm.h"

#include "target/x86/apic.h"
#include "target/x86/msr.h"
#include "util/error.h"
#include "util/log.h"

#include <errno.h>
#include <string.h>

/* ---- reports ------------------------------------------------------------- */

void kvm_report(KvmVcpu *v, const char *fmt, ...)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_string_append_printf(out, "kvm: cpu %u: %s\n", v->cpu->index, text);
    if (kvm_take_state(v, &err)) {
        x86_cpu_print(v->cpu, out);
    } else {
        g_string_append_printf(out, "%s\n", err->message);
    }
    log_printf("%s", out->str);
}

/* ---- ports and memory ---------------------------------------------------- */

static uint64_t exit_get(const uint8_t *p, unsigned size)
{
    uint64_t val = 0;

    memcpy(&val, p, size);
    return val;
}

static KvmDone exit_io(KvmVcpu *v)
{
    struct kvm_run *run = v->run;
    AddressSpace *io = v->cpu->io;
    uint8_t *p = (uint8_t *)run + run->io.data_offset;
    unsigned size = run->io.size;

    for (unsigned i = 0; i < run->io.count; i++, p += size) {
        if (run->io.direction == KVM_EXIT_IO_OUT) {
            space_store(io, run->io.port, size, exit_get(p, size));
        } else {
            uint64_t val = UINT64_MAX;

            space_load(io, run->io.port, size, &val);
            memcpy(p, &val, size);
        }
    }
    return DONE_GO_ON;
}

/* The largest power of two that is not more. */
static unsigned exit_piece(unsigned len)
{
    return len >= 8 ? 8 : len >= 4 ? 4 : len >= 2 ? 2 : 1;
}

static KvmDone exit_mmio(KvmVcpu *v)
{
    struct kvm_run *run = v->run;
    AddressSpace *memory = v->cpu->memory;
    hwaddr addr = run->mmio.phys_addr;
    unsigned len = MIN(run->mmio.len, sizeof(run->mmio.data));

    for (unsigned done = 0, n; done < len; done += n) {
        uint8_t *p = run->mmio.data + done;

        n = exit_piece(len - done);
        if (run->mmio.is_write) {
            space_store(memory, addr + done, n, exit_get(p, n));
        } else {
            uint64_t val = UINT64_MAX;

            space_load(memory, addr + done, n, &val);
            memcpy(p, &val, n);
        }
    }
    return DONE_GO_ON;
}

/* ---- MSRs ---------------------------------------------------------------- */

static KvmDone exit_rdmsr(KvmVcpu *v)
{
    uint64_t val = 0;

    v->run->msr.error = !x86_read_msr(v->cpu, v->run->msr.index, &val);
    v->run->msr.data = val;
    return DONE_GO_ON;
}

/* The base of the APIC is in KVM's registers, too. */
static KvmDone exit_wrmsr(KvmVcpu *v)
{
    v->run->msr.error =
        !x86_write_msr(v->cpu, v->run->msr.index, v->run->msr.data);
    return DONE_GO_ON;
}

/* ---- the end of running -------------------------------------------------- */

static KvmDone exit_hlt(KvmVcpu *v)
{
    X86Cpu *cpu = v->cpu;

    cpu->halted = true;
    /* x86_has_work() looks at it; the rest stays in KVM. */
    cpu->eflags =
        v->run->if_flag ? cpu->eflags | EFLAGS_IF : cpu->eflags & ~EFLAGS_IF;
    cpu->nmi_blocked = false;
    return DONE_GO_ON;
}

static KvmDone exit_shutdown(KvmVcpu *v)
{
    g_autoptr(GError) err = NULL;

    if (!kvm_take_state(v, &err)) {
        log_printf("kvm: cpu %u: %s\n", v->cpu->index, err->message);
    }
    x86_shut_down(v->cpu);
    return DONE_SHUTDOWN;
}

static KvmDone exit_fail_entry(KvmVcpu *v)
{
    kvm_report(v, "the guest cannot be entered, hardware reason %" PRIx64,
               (uint64_t)v->run->fail_entry.hardware_entry_failure_reason);
    return DONE_FAILED;
}

static void exit_append_bytes(const struct kvm_run *run, GString *text)
{
    const uint8_t *p = run->emulation_failure.insn_bytes;
    unsigned n = MIN(run->emulation_failure.insn_size,
                     sizeof(run->emulation_failure.insn_bytes));

    if (run->internal.ndata > 0 &&
        (run->emulation_failure.flags &
         KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)) {
        for (unsigned i = 0; i < n; i++) {
            g_string_append_printf(text, " %02x", p[i]);
        }
    }
}

static KvmDone exit_internal(KvmVcpu *v)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    unsigned why = v->run->internal.suberror;

    if (why != KVM_INTERNAL_ERROR_EMULATION) {
        kvm_report(v, "internal error %u", why);
        return DONE_FAILED;
    }
    exit_append_bytes(v->run, bytes);
    v->clean = true;
    if (v->engine->step_fallback && kvm_step(v)) {
        v->stats.stepped++;
        trace(kvm_step, "cpu %u:%s", v->cpu->index, bytes->str);
        return v->single ? DONE_DEBUG : DONE_GO_ON;
    }
    kvm_report(v, "an instruction that KVM cannot emulate%s%s%s",
               bytes->len ? ":" : "", bytes->str,
               v->engine->step_fallback ? "" : " (step=on would help)");
    return DONE_FAILED;
}

static KvmDone exit_eoi(KvmVcpu *v)
{
    x86_apic_ended(v->cpu->apic, v->run->eoi.vector);
    return DONE_GO_ON;
}

static KvmDone exit_ring_full(KvmVcpu *v)
{
    if (kvm_dirty_reap(v->engine)) {
        return DONE_GO_ON;
    }
    kvm_report(v, "the dirty ring cannot be emptied");
    return DONE_FAILED;
}

static KvmDone exit_debug(KvmVcpu *v)
{
    return DONE_DEBUG;
}

static KvmDone exit_nothing(KvmVcpu *v)
{
    return DONE_GO_ON;
}

/* ---- the table ----------------------------------------------------------- */

static const struct {
    const char *name;
    KvmDone (*handle)(KvmVcpu *v);
    bool unfinished; /* KVM completes the instruction when it is entered */
} exit_rows[KVM_EXIT_REASONS] = {
    [KVM_EXIT_IO] = { "port", exit_io, true },
    [KVM_EXIT_MMIO] = { "memory", exit_mmio, true },
    [KVM_EXIT_X86_RDMSR] = { "RDMSR", exit_rdmsr, true },
    [KVM_EXIT_X86_WRMSR] = { "WRMSR", exit_wrmsr, true },
    [KVM_EXIT_HLT] = { "HLT", exit_hlt },
    [KVM_EXIT_IRQ_WINDOW_OPEN] = { "interrupt window", exit_nothing },
    [KVM_EXIT_INTR] = { "signal", exit_nothing },
    [KVM_EXIT_SET_TPR] = { "TPR", exit_nothing, true },
    [KVM_EXIT_NMI] = { "NMI", exit_nothing },
    [KVM_EXIT_SHUTDOWN] = { "shutdown", exit_shutdown },
    [KVM_EXIT_FAIL_ENTRY] = { "failed entry", exit_fail_entry },
    [KVM_EXIT_INTERNAL_ERROR] = { "internal error", exit_internal },
    [KVM_EXIT_IOAPIC_EOI] = { "end of level", exit_eoi },
    [KVM_EXIT_DEBUG] = { "debug", exit_debug },
    [KVM_EXIT_DIRTY_RING_FULL] = { "dirty ring full", exit_ring_full },
};

KvmDone kvm_handle_exit(KvmVcpu *v)
{
    unsigned reason = v->run->exit_reason;

    if (reason >= KVM_EXIT_REASONS || !exit_rows[reason].handle) {
        kvm_report(v, "exit for an unknown reason, %u", reason);
        return DONE_FAILED;
    }
    v->stats.exits[reason]++;
    kvm_late_flush(v);
    v->clean = !exit_rows[reason].unfinished;
    return exit_rows[reason].handle(v);
}

void kvm_print_exits(const KvmEngine *e, GString *out)
{
    for (unsigned r = 0; r < KVM_EXIT_REASONS; r++) {
        uint64_t n = 0;

        for (unsigned i = 0; i < e->vcpus->len; i++) {
            n += ((KvmVcpu *)e->vcpus->pdata[i])->stats.exits[r];
        }
        if (n) {
            g_string_append_printf(out, "  %-16s %" PRIu64 "\n",
                                   exit_rows[r].name, n);
        }
    }
}
