/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The architectural state on its way between X86Cpu and KVM: one pair of
 * functions per ioctl, one table in which order.
 */
#include "accel/kvm/kvm.h"

#include "target/x86/apic.h"
#include "target/x86/host.h"
#include "target/x86/model.h"
#include "target/x86/xstate.h"
#include "util/error.h"
#include "util/log.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- general registers --------------------------------------------------- */

static bool state_put_regs(KvmVcpu *v, GError **errp)
{
    const X86Cpu *cpu = v->cpu;
    const uint64_t *r = cpu->env.r;
    struct kvm_regs regs = {
        .rax = r[X86_RAX],
        .rbx = r[X86_RBX],
        .rcx = r[X86_RCX],
        .rdx = r[X86_RDX],
        .rsi = r[X86_RSI],
        .rdi = r[X86_RDI],
        .rsp = r[X86_RSP],
        .rbp = r[X86_RBP],
        .r8 = r[8],
        .r9 = r[9],
        .r10 = r[10],
        .r11 = r[11],
        .r12 = r[12],
        .r13 = r[13],
        .r14 = r[14],
        .r15 = r[15],
        .rip = cpu->env.pc,
        .rflags = x86_get_eflags(cpu),
    };

    return ioctl(v->fd, KVM_SET_REGS, &regs) == 0 ||
           emu_fail_errno(errp, errno, "KVM_SET_REGS");
}

static bool state_get_regs(KvmVcpu *v, GError **errp)
{
    X86Cpu *cpu = v->cpu;
    struct kvm_regs k;

    if (ioctl(v->fd, KVM_GET_REGS, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_REGS");
    }
    const uint64_t r[16] = {
        [X86_RAX] = k.rax, [X86_RBX] = k.rbx, [X86_RCX] = k.rcx,
        [X86_RDX] = k.rdx, [X86_RSI] = k.rsi, [X86_RDI] = k.rdi,
        [X86_RSP] = k.rsp, [X86_RBP] = k.rbp, [8] = k.r8,
        [9] = k.r9,        [10] = k.r10,      [11] = k.r11,
        [12] = k.r12,      [13] = k.r13,      [14] = k.r14,
        [15] = k.r15,
    };

    memcpy(cpu->env.r, r, sizeof(r));
    cpu->env.pc = k.rip;
    cpu->env.flags = x86_flags_pack(k.rflags);
    cpu->eflags = (k.rflags & ~EFLAGS_STATUS) | 2;
    return true;
}

/* ---- segments and control registers -------------------------------------- */

static struct kvm_segment state_to_segment(const X86Segment *s)
{
    return (struct kvm_segment){
        .base = s->base,
        .limit = s->limit,
        .selector = s->selector,
        .type = s->attr & SEG_TYPE,
        .s = (s->attr & SEG_S) != 0,
        .dpl = (s->attr & SEG_DPL) >> 5,
        .present = (s->attr & SEG_P) != 0,
        .avl = s->attr >> 8 & 1,
        .l = (s->attr & SEG_L) != 0,
        .db = (s->attr & SEG_D) != 0,
        .g = (s->attr & SEG_G) != 0,
        .unusable = !(s->attr & SEG_P),
    };
}

static X86Segment state_from_segment(const struct kvm_segment *k)
{
    X86Segment s = { .base = k->base,
                     .limit = k->limit,
                     .selector = k->selector,
                     .attr = (k->type & SEG_TYPE) | (k->s ? SEG_S : 0) |
                             (k->dpl & 3) << 5 | (k->avl & 1) << 8 |
                             (k->l ? SEG_L : 0) | (k->db ? SEG_D : 0) |
                             (k->g ? SEG_G : 0) };

    if (k->present && !k->unusable) {
        s.attr |= SEG_P;
    }
    return s;
}

/* Where a segment stands in struct kvm_sregs. */
static struct kvm_segment *state_segment(struct kvm_sregs *k, unsigned n)
{
    struct kvm_segment *const places[X86_SEGMENTS] = {
        [X86_ES] = &k->es, [X86_CS] = &k->cs, [X86_SS] = &k->ss,
        [X86_DS] = &k->ds, [X86_FS] = &k->fs, [X86_GS] = &k->gs,
    };

    return places[n];
}

/* KVM reads the PDPTEs anew from memory, as loading CR3 does. */
static bool state_put_sregs(KvmVcpu *v, GError **errp)
{
    const X86Cpu *cpu = v->cpu;
    struct kvm_sregs k = {
        .cr0 = cpu->cr0,
        .cr2 = cpu->cr2,
        .cr3 = cpu->cr3,
        .cr4 = cpu->cr4,
        .cr8 = x86_apic_tpr(cpu->apic) >> 4,
        .efer = cpu->efer,
        .apic_base = cpu->apic_base,
    };

    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        *state_segment(&k, n) = state_to_segment(&cpu->seg[n]);
    }
    k.ldt = state_to_segment(&cpu->ldt);
    k.tr = state_to_segment(&cpu->tr);
    k.gdt.base = cpu->gdt.base;
    k.gdt.limit = cpu->gdt.limit;
    k.idt.base = cpu->idt.base;
    k.idt.limit = cpu->idt.limit;
    return ioctl(v->fd, KVM_SET_SREGS, &k) == 0 ||
           emu_fail_errno(errp, errno, "KVM_SET_SREGS");
}

static void state_get_pdptes(X86Cpu *cpu)
{
    struct {
        uint64_t entry[4];
    } table;

    if ((cpu->cr0 & CR0_PG) && (cpu->cr4 & CR4_PAE) && !x86_long_mode(cpu) &&
        dma_read(cpu->memory, cpu->cr3 & 0xffffffe0, &table, sizeof(table))) {
        memcpy(cpu->pdpte, table.entry, sizeof(cpu->pdpte));
    }
}

static bool state_get_sregs(KvmVcpu *v, GError **errp)
{
    X86Cpu *cpu = v->cpu;
    struct kvm_sregs k;

    if (ioctl(v->fd, KVM_GET_SREGS, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_SREGS");
    }
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        cpu->seg[n] = state_from_segment(state_segment(&k, n));
    }
    cpu->ldt = state_from_segment(&k.ldt);
    cpu->tr = state_from_segment(&k.tr);
    cpu->gdt.base = k.gdt.base;
    cpu->gdt.limit = k.gdt.limit;
    cpu->idt.base = k.idt.base;
    cpu->idt.limit = k.idt.limit;
    cpu->cr0 = k.cr0;
    cpu->cr2 = k.cr2;
    cpu->cr3 = k.cr3;
    cpu->cr4 = k.cr4;
    cpu->efer = k.efer;
    if (kvm_has_apics(v->engine)) {
        cpu->apic_base = k.apic_base;
    }
    state_get_pdptes(cpu);
    return true;
}

/* ---- FPU and vectors ----------------------------------------------------- */

static void state_move_pkru(X86Cpu *cpu, X86Fpu *image, uint8_t *theirs,
                            bool put)
{
    if (put) {
        image->xstate_bv |= XSTATE_PKRU;
        memcpy(theirs, &cpu->pkru, sizeof(cpu->pkru));
    } else {
        cpu->pkru = 0;
        if (image->xstate_bv & XSTATE_PKRU) {
            memcpy(&cpu->pkru, theirs, sizeof(cpu->pkru));
        }
    }
}

/* KVM's image is in the host's standard form; what it says to be in its initial
 * state is not there. PKRU is no part of ours. */
static void state_move_xstates(X86Cpu *cpu, X86Fpu *image, bool put)
{
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        uint8_t *theirs = (uint8_t *)image + x86_xstate_standard(x);
        uint8_t *ours = (uint8_t *)&cpu->fpu + x->image;

        if (!x86_host_xstate_offset(x->number) ||
            !(cpu->model->xcr0_mask >> x->number & 1)) {
            continue;
        }
        if (!x->image) {
            state_move_pkru(cpu, image, theirs, put);
        } else if (image->xstate_bv >> x->number & 1) {
            memcpy(put ? theirs : ours, put ? ours : theirs, x->size);
        }
    }
}

static bool state_put_xsave(KvmVcpu *v, GError **errp)
{
    _Alignas(X86Fpu) struct kvm_xsave k = { .region = { 0 } };
    X86Fpu *image = (X86Fpu *)&k;

    G_STATIC_ASSERT(sizeof(X86Fpu) <= sizeof(k.region));
    memcpy(&k, &v->cpu->fpu, XSTATE_EXTENDED);
    state_move_xstates(v->cpu, image, true);

    image->mxcsr_mask = 0;
    image->xcomp_bv = 0;
    return ioctl(v->fd, KVM_SET_XSAVE, &k) == 0 ||
           emu_fail_errno(errp, errno, "KVM_SET_XSAVE");
}

static bool state_get_xsave(KvmVcpu *v, GError **errp)
{
    _Alignas(X86Fpu) struct kvm_xsave k;
    uint32_t mxcsr_mask = v->cpu->fpu.mxcsr_mask;

    if (ioctl(v->fd, KVM_GET_XSAVE, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_XSAVE");
    }
    memcpy(&v->cpu->fpu, &k, XSTATE_EXTENDED);
    state_move_xstates(v->cpu, (X86Fpu *)&k, false);
    v->cpu->fpu.mxcsr_mask = mxcsr_mask;
    v->cpu->fpu.xstate_bv &= ~(uint64_t)XSTATE_PKRU;
    v->cpu->fpu.xstate_bv |= 3; /* their fields are filled in anyhow */
    return true;
}

static bool state_put_xcr(KvmVcpu *v, GError **errp)
{
    struct kvm_xcrs k = { .nr_xcrs = 1, .xcrs = { { .value = v->cpu->xcr0 } } };

    return !kvm_has(v->engine, CAP_XCRS) ||
           ioctl(v->fd, KVM_SET_XCRS, &k) == 0 ||
           emu_fail_errno(errp, errno, "KVM_SET_XCRS");
}

static bool state_get_xcr(KvmVcpu *v, GError **errp)
{
    struct kvm_xcrs k;

    if (!kvm_has(v->engine, CAP_XCRS)) {
        return true;
    }
    if (ioctl(v->fd, KVM_GET_XCRS, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_XCRS");
    }
    for (unsigned i = 0; i < k.nr_xcrs && i < KVM_MAX_XCRS; i++) {
        if (k.xcrs[i].xcr == 0) {
            v->cpu->xcr0 = k.xcrs[i].value;
        }
    }
    return true;
}

/* ---- debug registers ----------------------------------------------------- */

static bool state_put_debug(KvmVcpu *v, GError **errp)
{
    struct kvm_debugregs k = { .dr6 = v->cpu->dr[6], .dr7 = v->cpu->dr[7] };

    memcpy(k.db, v->cpu->dr, sizeof(k.db));
    return ioctl(v->fd, KVM_SET_DEBUGREGS, &k) == 0 ||
           emu_fail_errno(errp, errno, "KVM_SET_DEBUGREGS");
}

static bool state_get_debug(KvmVcpu *v, GError **errp)
{
    struct kvm_debugregs k;

    if (ioctl(v->fd, KVM_GET_DEBUGREGS, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_DEBUGREGS");
    }
    memcpy(v->cpu->dr, k.db, sizeof(k.db));
    v->cpu->dr[6] = k.dr6;
    v->cpu->dr[7] = k.dr7;
    return true;
}

/* ---- events on their way ------------------------------------------------- */

static void state_raised_to_events(const X86Cpu *cpu, struct kvm_vcpu_events *k)
{
    if (cpu->raised < 0) {
        return;
    }
    if (cpu->raised == EXC_NMI) {
        k->nmi.injected = 1;
    } else if (cpu->raised < 32 && !cpu->raised_soft) {
        k->exception.injected = 1;
        k->exception.nr = cpu->raised;
        k->exception.has_error_code = cpu->raised_has_error;
        k->exception.error_code = cpu->raised_error;
    } else {
        k->interrupt.injected = 1;
        k->interrupt.nr = cpu->raised;
        k->interrupt.soft = cpu->raised_soft;
    }
}

static bool state_put_events(KvmVcpu *v, GError **errp)
{
    X86Cpu *cpu = v->cpu;
    struct kvm_vcpu_events k = {
        .flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW,
        .nmi = { .masked = cpu->nmi_blocked },
        .interrupt = { .shadow = cpu->inhibit ? KVM_X86_SHADOW_INT_STI |
                                                    KVM_X86_SHADOW_INT_MOV_SS
                                              : 0 },
    };

    state_raised_to_events(cpu, &k);
    if (ioctl(v->fd, KVM_SET_VCPU_EVENTS, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_SET_VCPU_EVENTS");
    }
    cpu->raised = -1;
    return true;
}

static void state_events_to_raised(X86Cpu *cpu, const struct kvm_vcpu_events *k)
{
    cpu->raised = -1;
    cpu->raised_soft = cpu->raised_has_error = false;
    if (k->exception.injected || k->exception.pending) {
        cpu->raised = k->exception.nr;
        cpu->raised_has_error = k->exception.has_error_code;
        cpu->raised_error = k->exception.error_code;
    } else if (k->interrupt.injected) {
        cpu->raised = k->interrupt.nr;
    } else if (k->nmi.injected) {
        cpu->raised = EXC_NMI;
    }
}

static bool state_get_events(KvmVcpu *v, GError **errp)
{
    X86Cpu *cpu = v->cpu;
    struct kvm_vcpu_events k;

    if (ioctl(v->fd, KVM_GET_VCPU_EVENTS, &k) != 0) {
        return emu_fail_errno(errp, errno, "KVM_GET_VCPU_EVENTS");
    }
    cpu->nmi_blocked = k.nmi.masked;
    cpu->inhibit = k.interrupt.shadow != 0;
    if (k.nmi.pending) {
        x86_set_pending(cpu, X86_PENDING_NMI);
    }
    state_events_to_raised(cpu, &k);
    return true;
}

/* ---- all of it ----------------------------------------------------------- */

static const struct {
    bool (*put)(KvmVcpu *v, GError **errp);
    bool (*get)(KvmVcpu *v, GError **errp);
} state_parts[] = {
    { state_put_xsave, state_get_xsave },
    { state_put_xcr, state_get_xcr },
    { state_put_sregs, state_get_sregs },
    { state_put_regs, state_get_regs },
    { kvm_put_msrs, kvm_get_msrs },
    { kvm_put_tsc, kvm_get_tsc },
    { state_put_debug, state_get_debug },
    { kvm_put_apic, kvm_get_apic },
    { state_put_events, state_get_events },
    { kvm_put_mp_state, kvm_get_mp_state },
};

bool kvm_give_state(KvmVcpu *v, GError **errp)
{
    if (!v->cpuid_set && !kvm_put_cpuid(v, errp)) {
        return false;
    }
    v->cpuid_set = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(state_parts); i++) {
        if (!state_parts[i].put(v, errp)) {
            return false;
        }
    }
    v->ours = false;
    v->clean = true;
    v->stats.puts++;
    return true;
}

bool kvm_take_state(KvmVcpu *v, GError **errp)
{
    if (v->ours) {
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(state_parts); i++) {
        if (!state_parts[i].get(v, errp)) {
            return false;
        }
    }
    v->ours = true;
    v->stats.gets++;
    x86_update_fp_key(v->cpu);
    x86_update_key(v->cpu);
    return true;
}

bool kvm_get_state(Accel *accel, X86Cpu *cpu, GError **errp)
{
    return kvm_take_state(kvm_vcpu(cpu), errp);
}

void kvm_put_state(Accel *accel, X86Cpu *cpu)
{
    kvm_vcpu(cpu)->ours = true;
}

/* ---- X86MmuOps ----------------------------------------------------------- */

/* Whoever resets or loads a CPU ends with these: its state is X86Cpu's now. */
static void state_flush_all(X86Cpu *cpu)
{
    KvmVcpu *v = kvm_vcpu(cpu);

    v->ours = v->apic_ours = true;
}

static void state_switch_space(X86Cpu *cpu, bool keep)
{
}

static void state_flush_space(X86Cpu *cpu, int pcid)
{
}

static void state_flush_page(X86Cpu *cpu, vaddr addr)
{
}

const X86MmuOps kvm_mmu_ops = {
    .flush_all = state_flush_all,
    .switch_space = state_switch_space,
    .flush_space = state_flush_space,
    .flush_page = state_flush_page,
};
