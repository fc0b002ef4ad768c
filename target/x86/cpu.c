/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor's life: creation, power-on and INIT values, its saved state, and
 * the registers as text. Not light.
 *
 * SDM 3A table 9-1.
 */
#include "target/x86/cpu.h"

#include "target/x86/apic.h"
#include "target/x86/model.h"
#include "target/x86/msr.h"
#include "target/x86/tsc.h"
#include "util/error.h"

#include <string.h>

/* ---- reset --------------------------------------------------------------- */

static void cpu_reset_segments(X86Cpu *cpu)
{
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        cpu->seg[i] =
            (X86Segment){ .limit = 0xffff, .attr = SEG_P | SEG_S | 3 };
    }
    cpu->seg[X86_CS].selector = 0xf000;
    cpu->seg[X86_CS].base = 0xffff0000;
    cpu->ldt = (X86Segment){ .limit = 0xffff, .attr = SEG_P | 2 };
    cpu->tr = (X86Segment){ .limit = 0xffff, .attr = SEG_P | 11 };
    cpu->gdt.base = cpu->idt.base = 0;
    cpu->gdt.limit = cpu->idt.limit = 0xffff;
}

static void cpu_reset_registers(X86Cpu *cpu, bool init)
{
    uint32_t leaf1[4];

    memset(cpu->env.r, 0, sizeof(cpu->env.r));
    x86_cpuid(cpu, 1, 0, leaf1);
    cpu->env.r[X86_RDX] = leaf1[0];
    cpu->env.pc = 0xfff0;
    cpu->eflags = 2;
    cpu->env.flags = x86_flags_pack(0);
    cpu->cr0 = CR0_ET | (init ? cpu->cr0 & (CR0_CD | CR0_NW)
                              : (uint64_t)(CR0_CD | CR0_NW));
    cpu->cr2 = cpu->cr3 = cpu->cr4 = cpu->cr8 = 0;
    cpu->efer = 0;
    memset(cpu->pdpte, 0, sizeof(cpu->pdpte));
    memset(cpu->dr, 0, sizeof(cpu->dr));
    cpu->debugctl = 0;
    cpu->dr[6] = 0xffff0ff0;
    cpu->dr[7] = 0x400;
}

static void cpu_leave_smm(X86Cpu *cpu)
{
    if (cpu->smm && cpu->on_smm) {
        cpu->on_smm(cpu->on_smm_opaque, cpu->index, false);
    }
    cpu->smm = cpu->smm_nmi_blocked = false;
}

/* What INIT leaves alone. */
static void cpu_reset_power_on(X86Cpu *cpu)
{
    cpu->fpu = (X86Fpu){
        .fcw = 0x40,
        .ftw = 0xff,
        .mxcsr = 0x1f80,
        .mxcsr_mask = 0xffff,
        .xstate_bv = 3 /* not the state that XRSTOR calls initial */
    };
    cpu->xcr0 = 1;
    cpu->star = cpu->lstar = cpu->cstar = cpu->fmask = 0;
    cpu->kernel_gs_base = cpu->tsc_aux = cpu->spec_ctrl = 0;
    cpu->sysenter_cs = cpu->sysenter_esp = cpu->sysenter_eip = 0;
    cpu->pat = UINT64_C(0x0007040600070406);
    cpu->tsc_adjust = cpu->tsc_offset = 0;
    /* strings; no BTS, no PEBS; MONITOR */
    cpu->misc_enable = 1 | 1u << 11 | 1u << 12 |
                       x86_model_has(cpu->model, FEATURE_MONITOR) << 18;
    cpu->mtrr_def = 0;
    memset(cpu->mtrr_fixed, 0, sizeof(cpu->mtrr_fixed));
    memset(cpu->mtrr_base, 0, sizeof(cpu->mtrr_base));
    memset(cpu->mtrr_mask, 0, sizeof(cpu->mtrr_mask));
    cpu->feature_control = cpu->xss = cpu->pkru = cpu->pkrs = 0;
    cpu->mcg_status = cpu->mcg_ctl = 0;
    memset(cpu->last_branch, 0, sizeof(cpu->last_branch));
    memset(cpu->mc_bank, 0, sizeof(cpu->mc_bank));
    cpu->kvm_system_time = cpu->kvm_wall_clock = 0;
    cpu->kvm_pv_eoi = cpu->kvm_steal_time = cpu->kvm_async_pf = 0;
    cpu->kvm_poll_control = 1;
    cpu->pv_eoi_offered = cpu->waited_known = false;
    cpu_leave_smm(cpu);
    cpu->smbase = X86_SMBASE;
    cpu->svm = (X86Svm){ .gif = true };
}

static void cpu_reset_execution(X86Cpu *cpu)
{
    cpu->halted = cpu->wait_sipi = cpu->nmi_blocked = cpu->shutdown = false;
    cpu->monitor.armed = cpu->monitor.waits = false;
    cpu->inhibit = 0;
    cpu->raised = cpu->old_vector = -1;
    cpu->svm.guest = false;
    cpu->svm.gif = true;
    cpu->catch_point = NULL;
}

void x86_cpu_reset(X86Cpu *cpu, bool init)
{
    cpu_reset_segments(cpu);
    cpu_reset_registers(cpu, init);
    if (!init) {
        cpu_reset_power_on(cpu);
    }
    cpu_reset_execution(cpu);
    if (init) {
        x86_apic_init_reset(cpu->apic);
    } else {
        x86_apic_reset(cpu->apic);
        cpu->wait_sipi = cpu->index != 0;
    }
    x86_update_fp_key(cpu);
    x86_update_key(cpu);
    if (cpu->mmu_ops) {
        cpu->mmu_ops->flush_all(cpu);
    }
}

/* ---- life ---------------------------------------------------------------- */

X86Cpu *x86_cpu_new(unsigned index, const X86Model *model, AddressSpace *memory,
                    AddressSpace *io, Clock *clock, GError **errp)
{
    X86Cpu *cpu = tcg_env_alloc(sizeof(X86Cpu));

    if (!cpu) {
        emu_fail(errp, EMU_ERROR_NO_SPACE, "no memory for CPU %u", index);
        return NULL;
    }
    cpu->alloc_size = sizeof(X86Cpu);
    cpu->index = cpu->apic_id = index;
    cpu->topology = (X86Topology){ 1, 1, 1 };
    cpu->model = model;
    cpu->memory = memory;
    cpu->io = io;
    cpu->clock = clock;
    cpu->a20_mask = UINT64_MAX;
    cpu->tsc = x86_tsc_new(clock, model->tsc_hz);
    cpu->apic = x86_apic_new(cpu);
    x86_cpu_reset(cpu, false);
    return cpu;
}

void x86_cpu_set_topology(X86Cpu *cpu, const X86Topology *topology)
{
    cpu->topology = *topology;
    cpu->apic_id = x86_topology_apic_id(topology, cpu->index);
    x86_apic_reset(cpu->apic);
}

void x86_cpu_share_tsc(X86Cpu *cpu, X86Cpu *with)
{
    x86_tsc_unref(cpu->tsc);
    cpu->tsc = x86_tsc_ref(with->tsc);
}

void x86_cpu_free(X86Cpu *cpu)
{
    if (cpu) {
        x86_apic_free(cpu->apic);
        x86_tsc_unref(cpu->tsc);
        tcg_env_free(cpu, cpu->alloc_size);
    }
}

/* ---- saved state --------------------------------------------------------- */

static const StateField cpu_segment_state[] = {
    STATE_U64(X86Segment, base),
    STATE_U32(X86Segment, limit),
    STATE_U16(X86Segment, selector),
    STATE_U16(X86Segment, attr),
    {},
};

static const StateField cpu_svm_host_state[] = {
    STATE_STRUCT_ARRAY(X86SvmHost, seg, cpu_segment_state),
    STATE_U64(X86SvmHost, gdt.base),
    STATE_U16(X86SvmHost, gdt.limit),
    STATE_U64(X86SvmHost, idt.base),
    STATE_U16(X86SvmHost, idt.limit),
    STATE_U64(X86SvmHost, cr0),
    STATE_U64(X86SvmHost, cr3),
    STATE_U64(X86SvmHost, cr4),
    STATE_U64(X86SvmHost, efer),
    STATE_U64(X86SvmHost, pat),
    STATE_U64(X86SvmHost, rflags),
    STATE_U64(X86SvmHost, rip),
    STATE_U64(X86SvmHost, rsp),
    STATE_U64(X86SvmHost, rax),
    {},
};

/* `last` is about translations, which are made anew. */
static const StateField cpu_svm_state[] = {
    STATE_BOOL(X86Svm, gif),
    STATE_BOOL(X86Svm, guest),
    STATE_BOOL(X86Svm, in_smm),
    STATE_U64(X86Svm, vm_cr),
    STATE_U64(X86Svm, hsave),
    STATE_U64(X86Svm, vmcb),
    STATE_ARRAY(X86Svm, intercept),
    STATE_U16(X86Svm, pause_threshold),
    STATE_U16(X86Svm, pause_count),
    STATE_U16(X86Svm, pause_left),
    STATE_U64(X86Svm, pause_time),
    STATE_U64(X86Svm, iopm),
    STATE_U64(X86Svm, msrpm),
    STATE_U64(X86Svm, tsc_offset),
    STATE_U32(X86Svm, asid),
    STATE_U32(X86Svm, int_ctl),
    STATE_U32(X86Svm, int_vector),
    STATE_BOOL(X86Svm, nested),
    STATE_U64(X86Svm, nested_cr3),
    STATE_U64(X86Svm, next_rip),
    STATE_U32(X86Svm, event_inj),
    STATE_U32(X86Svm, event_inj_error),
    STATE_U64(X86Svm, exit_code),
    STATE_U64(X86Svm, exit_info1),
    STATE_U64(X86Svm, exit_info2),
    STATE_U64(X86Svm, exit_next_rip),
    STATE_U32(X86Svm, exit_int_info),
    STATE_U32(X86Svm, exit_int_error),
    STATE_U64(X86Svm, cr2_before),
    STATE_STRUCT(X86Svm, host, cpu_svm_host_state),
    {},
};

/* svm.guest says that a control block's state was checked by VMRUN. */
static bool cpu_svm_loaded(X86Cpu *cpu)
{
    X86Svm *svm = &cpu->svm;

    svm->last = (X86SvmPaging){ .asid = 0 };
    return !(svm->guest || svm->in_smm) ||
           (x86_model_has(cpu->model, FEATURE_SVM) &&
            !(svm->host.cr4 & ~cpu->model->cr4_mask));
}

const StateField x86_cpu_state[] = {
    STATE_ARRAY(X86Cpu, env.r),
    STATE_U64(X86Cpu, env.pc),
    STATE_U16(X86Cpu, env.flags),
    STATE_BYTES(X86Cpu, fpu, sizeof(X86Fpu)),
    STATE_U32(X86Cpu, eflags),
    STATE_STRUCT_ARRAY(X86Cpu, seg, cpu_segment_state),
    STATE_STRUCT(X86Cpu, ldt, cpu_segment_state),
    STATE_STRUCT(X86Cpu, tr, cpu_segment_state),
    STATE_U64(X86Cpu, gdt.base),
    STATE_U16(X86Cpu, gdt.limit),
    STATE_U64(X86Cpu, idt.base),
    STATE_U16(X86Cpu, idt.limit),
    STATE_U64(X86Cpu, cr0),
    STATE_U64(X86Cpu, cr2),
    STATE_U64(X86Cpu, cr3),
    STATE_U64(X86Cpu, cr4),
    STATE_U64(X86Cpu, cr8),
    STATE_U64(X86Cpu, xcr0),
    STATE_ARRAY(X86Cpu, dr),
    STATE_U64(X86Cpu, efer),
    STATE_ARRAY(X86Cpu, pdpte),
    STATE_U64(X86Cpu, star),
    STATE_U64(X86Cpu, lstar),
    STATE_U64(X86Cpu, cstar),
    STATE_U64(X86Cpu, fmask),
    STATE_U64(X86Cpu, kernel_gs_base),
    STATE_U64(X86Cpu, sysenter_cs),
    STATE_U64(X86Cpu, sysenter_esp),
    STATE_U64(X86Cpu, sysenter_eip),
    STATE_U64(X86Cpu, pat),
    STATE_U64(X86Cpu, tsc_adjust),
    STATE_U64(X86Cpu, tsc_aux),
    STATE_U64(X86Cpu, tsc_deadline),
    STATE_U64(X86Cpu, misc_enable),
    STATE_U64(X86Cpu, mtrr_def),
    STATE_ARRAY(X86Cpu, mtrr_fixed),
    STATE_ARRAY(X86Cpu, mtrr_base),
    STATE_ARRAY(X86Cpu, mtrr_mask),
    STATE_U64(X86Cpu, apic_base),
    STATE_U64(X86Cpu, spec_ctrl),
    STATE_U64(X86Cpu, feature_control),
    STATE_U64(X86Cpu, xss),
    STATE_U64(X86Cpu, debugctl),
    STATE_ARRAY(X86Cpu, last_branch),
    STATE_U64(X86Cpu, mcg_status),
    STATE_U64(X86Cpu, mcg_ctl),
    STATE_ARRAY(X86Cpu, mc_bank),
    STATE_U64(X86Cpu, kvm_system_time),
    STATE_U64(X86Cpu, kvm_wall_clock),
    STATE_U64(X86Cpu, kvm_pv_eoi),
    STATE_U64(X86Cpu, kvm_steal_time),
    STATE_U64(X86Cpu, kvm_async_pf),
    STATE_U64(X86Cpu, kvm_poll_control),
    STATE_BOOL(X86Cpu, pv_eoi_offered),
    STATE_U32(X86Cpu, pkru),
    STATE_U64(X86Cpu, pkrs),
    STATE_BOOL(X86Cpu, halted),
    STATE_BOOL(X86Cpu, wait_sipi),
    STATE_BOOL(X86Cpu, nmi_blocked),
    STATE_BOOL(X86Cpu, shutdown),
    STATE_U8(X86Cpu, inhibit),
    STATE_BOOL(X86Cpu, smm),
    STATE_BOOL(X86Cpu, smm_nmi_blocked),
    STATE_U32(X86Cpu, smbase),
    STATE_U8(X86Cpu, sipi_vector),
    STATE_U64(X86Cpu, a20_mask),
    STATE_U64(X86Cpu, tsc_offset),
    STATE_STRUCT(X86Cpu, svm, cpu_svm_state),
    STATE_INT(X86Cpu, raised),
    STATE_BOOL(X86Cpu, raised_has_error),
    STATE_BOOL(X86Cpu, raised_soft),
    STATE_BOOL(X86Cpu, raised_int_n),
    STATE_U32(X86Cpu, raised_error),
    STATE_U64(X86Cpu, raised_next_pc),
    STATE_U32(X86Cpu, pending),
    {},
};

/* A stream may have been tampered with: refuse what the guest itself could
 * not have set up, as walks and loads rely on it. */
bool x86_cpu_loaded(X86Cpu *cpu, GError **errp)
{
    if (cpu->cr4 & ~cpu->model->cr4_mask) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "CPU %u: CR4 %08" PRIx64 " has bits its model lacks",
                        cpu->index, cpu->cr4);
    }
    if (cpu->raised < -1 || cpu->raised > X86_RAISED_RSM ||
        !cpu_svm_loaded(cpu) || ((cpu->cr0 & CR0_PG) && !(cpu->cr0 & CR0_PE))) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "CPU %u: state contradicts itself", cpu->index);
    }
    cpu->eflags = (cpu->eflags & ~EFLAGS_STATUS) | 2;
    cpu->old_vector = -1;
    cpu->catch_point = NULL;
    x86_update_fp_key(cpu);
    x86_update_key(cpu);
    x86_apic_loaded(cpu->apic);
    if (cpu->on_smm) {
        cpu->on_smm(cpu->on_smm_opaque, cpu->index, cpu->smm);
    }
    x86_set_pending(cpu, X86_PENDING_FLUSH);
    return true;
}
