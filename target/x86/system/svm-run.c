/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into an SVM guest and out of it: VMRUN and #VMEXIT, between two blocks of the
 * run loop; VMLOAD and VMSAVE. Not light.
 *
 * The control block is read as a whole when a guest is entered, so its clean
 * bits need no look; what #VMEXIT changes is written in pieces, as the rest is
 * the host's.
 *
 * APM 2 15.5 (VMRUN), 15.6 (#VMEXIT), 15.16 (TLB), 15.20 (injection).
 */
#include "target/x86/apic.h"
#include "target/x86/system/system.h"
#include "util/log.h"

/* ---- segments ------------------------------------------------------------ */

static X86Segment svm_load_segment(const VmcbSegment *s)
{
    return (X86Segment){ .base = s->base,
                         .limit = s->limit,
                         .selector = s->selector,
                         .attr = s->attr & 0xfff };
}

static VmcbSegment svm_save_segment(const X86Segment *s)
{
    return (VmcbSegment){ .base = s->base,
                          .limit = s->limit,
                          .selector = s->selector,
                          .attr = s->attr & 0xfff };
}

/* The processor's buses have no more bits: no check, the rest is cut off. */
static uint64_t svm_canonical(const X86Cpu *cpu, uint64_t addr)
{
    unsigned shift = x86_model_has(cpu->model, FEATURE_LA57) ? 7 : 16;

    return (int64_t)(addr << shift) >> shift;
}

/* ---- VMLOAD, VMSAVE ------------------------------------------------------ */

static uint64_t helper_vmload(void *env, uint64_t addr, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    VmcbSave s;

    space_read(cpu->memory, addr + offsetof(Vmcb, save), &s, sizeof(s));
    cpu->seg[X86_FS] = svm_load_segment(&s.fs);
    cpu->seg[X86_GS] = svm_load_segment(&s.gs);
    cpu->tr = svm_load_segment(&s.tr);
    cpu->ldt = svm_load_segment(&s.ldtr);
    cpu->seg[X86_FS].base = svm_canonical(cpu, s.fs.base);
    cpu->seg[X86_GS].base = svm_canonical(cpu, s.gs.base);
    cpu->tr.base = svm_canonical(cpu, s.tr.base);
    cpu->ldt.base = svm_canonical(cpu, s.ldtr.base);
    cpu->kernel_gs_base = svm_canonical(cpu, s.kernel_gs_base);
    cpu->star = s.star;
    cpu->lstar = svm_canonical(cpu, s.lstar);
    cpu->cstar = svm_canonical(cpu, s.cstar);
    cpu->fmask = (uint32_t)s.sfmask;
    cpu->sysenter_cs = (uint32_t)s.sysenter_cs;
    cpu->sysenter_esp = svm_canonical(cpu, s.sysenter_esp);
    cpu->sysenter_eip = svm_canonical(cpu, s.sysenter_eip);
    x86_update_key(cpu);
    return 0;
}
const TcgHelper x86_helper_vmload = { "vmload", helper_vmload, 0 };

static void svm_put(X86Cpu *cpu, hwaddr vmcb, size_t offset, const void *from,
                    size_t size)
{
    space_write(cpu->memory, vmcb + offset, from, size, false);
}

/* Part of the block, whole fields. */
#define SVM_PUT(cpu, vmcb, b, from, to)                                        \
    svm_put(cpu, vmcb, offsetof(Vmcb, from), &(b)->from,                       \
            offsetof(Vmcb, to) - offsetof(Vmcb, from) + sizeof((b)->to))

static uint64_t helper_vmsave(void *env, uint64_t addr, uint64_t b, uint64_t c,
                              uint64_t d)
{
    X86Cpu *cpu = env;
    Vmcb v;
    VmcbSave *s = &v.save;

    s->fs = svm_save_segment(&cpu->seg[X86_FS]);
    s->gs = svm_save_segment(&cpu->seg[X86_GS]);
    s->tr = svm_save_segment(&cpu->tr);
    s->ldtr = svm_save_segment(&cpu->ldt);
    s->kernel_gs_base = cpu->kernel_gs_base;
    s->star = cpu->star;
    s->lstar = cpu->lstar;
    s->cstar = cpu->cstar;
    s->sfmask = cpu->fmask;
    s->sysenter_cs = cpu->sysenter_cs;
    s->sysenter_esp = cpu->sysenter_esp;
    s->sysenter_eip = cpu->sysenter_eip;
    SVM_PUT(cpu, addr, &v, save.fs, save.gs);
    SVM_PUT(cpu, addr, &v, save.ldtr, save.ldtr);
    SVM_PUT(cpu, addr, &v, save.tr, save.tr);
    SVM_PUT(cpu, addr, &v, save.star, save.sysenter_eip);
    return 0;
}
const TcgHelper x86_helper_vmsave = { "vmsave", helper_vmsave, 0 };

/* ---- the host ------------------------------------------------------------ */

static const uint8_t svm_host_segments[4] = { X86_ES, X86_CS, X86_SS, X86_DS };

static void svm_save_host(X86Cpu *cpu)
{
    X86SvmHost *h = &cpu->svm.host;

    for (unsigned i = 0; i < 4; i++) {
        h->seg[i] = cpu->seg[svm_host_segments[i]];
    }
    h->gdt.base = cpu->gdt.base;
    h->gdt.limit = cpu->gdt.limit;
    h->idt.base = cpu->idt.base;
    h->idt.limit = cpu->idt.limit;
    h->cr0 = cpu->cr0;
    h->cr3 = cpu->cr3;
    h->cr4 = cpu->cr4;
    h->efer = cpu->efer;
    h->pat = cpu->pat;
    h->rflags = x86_get_eflags(cpu);
    h->rip = cpu->raised_next_pc;
    h->rsp = cpu->env.r[X86_RSP];
    h->rax = cpu->env.r[X86_RAX];
}

static void svm_load_host(X86Cpu *cpu)
{
    const X86SvmHost *h = &cpu->svm.host;

    for (unsigned i = 0; i < 4; i++) {
        cpu->seg[svm_host_segments[i]] = h->seg[i];
    }
    cpu->seg[X86_SS].attr &= ~SEG_DPL; /* CPL is 0 */
    cpu->gdt.base = h->gdt.base;
    cpu->gdt.limit = h->gdt.limit;
    cpu->idt.base = h->idt.base;
    cpu->idt.limit = h->idt.limit;
    cpu->cr0 = h->cr0 | CR0_PE;
    cpu->cr3 = h->cr3;
    cpu->cr4 = h->cr4;
    cpu->efer = h->efer;
    if (cpu->svm.nested) { /* else the guest had the host's own */
        cpu->pat = h->pat;
    }
    cpu->env.flags = x86_flags_pack(h->rflags);
    cpu->eflags = (h->rflags & ~(EFLAGS_STATUS | EFLAGS_VM)) | 2;
    cpu->dr[7] = 0x400;
    cpu->env.pc = h->rip;
    cpu->env.r[X86_RSP] = h->rsp;
    cpu->env.r[X86_RAX] = h->rax;
    if ((cpu->cr0 & CR0_PG) && (cpu->cr4 & CR4_PAE) &&
        !(cpu->efer & EFER_LMA) &&
        !x86_load_pdptes(cpu, cpu->cr3, cpu->pdpte)) {
        x86_shut_down(cpu);
    }
}

/* ---- VMRUN's checks ------------------------------------------------------ */

static bool svm_pat_valid(uint64_t pat)
{
    for (unsigned i = 0; i < 8; i++) {
        uint8_t type = pat >> (8 * i);

        if (type > 7 || type == 2 || type == 3) {
            return false;
        }
    }
    return true;
}

static bool svm_control_valid(const X86Cpu *cpu, const VmcbControl *c)
{
    uint64_t phys = cpu->model->phys_mask;
    uint64_t iopm = c->iopm & ~UINT64_C(0xfff),
             msrpm = c->msrpm & ~UINT64_C(0xfff);

    if (!(c->intercept[SVM_EXIT_VMRUN / 32] & 1) || !c->asid ||
        iopm + 2 * PAGE_SIZE + 1 > phys || msrpm + 2 * PAGE_SIZE > phys) {
        return false; /* the maps' ends count, too */
    }
    if (c->nested_ctl & 1) {
        return x86_model_has(cpu->model, FEATURE_NPT) && (cpu->cr0 & CR0_PG) &&
               !(c->nested_cr3 & ~phys);
    }
    return true;
}

/* APM 2 15.5.1, "canonicalization and consistency checks". */
static bool svm_state_valid(const X86Cpu *cpu, const VmcbSave *s)
{
    bool lme_pg = (s->efer & EFER_LME) && (s->cr0 & CR0_PG);
    bool long_mode = lme_pg && (s->cr4 & CR4_PAE);
    const uint16_t l_and_d = SEG_L | SEG_D;

    if (!(s->efer & EFER_SVME) || (s->efer & ~x86_efer_mask(cpu)) ||
        (!(s->cr0 & CR0_CD) && (s->cr0 & CR0_NW)) || s->cr0 >> 32 ||
        (s->cr4 & ~cpu->model->cr4_mask) || s->dr6 >> 32 || s->dr7 >> 32 ||
        ((s->cr0 & CR0_PG) && (s->cr3 & ~cpu->model->phys_mask))) {
        return false;
    }
    if (lme_pg && (!(s->cr4 & CR4_PAE) || !(s->cr0 & CR0_PE))) {
        return false;
    }
    return !long_mode || (s->cs.attr & l_and_d) != l_and_d;
}

static bool svm_injection_valid(const VmcbControl *c)
{
    unsigned type = c->event_inj >> SVM_EVENT_TYPE_POS & 7;
    unsigned vector = c->event_inj & SVM_EVENT_VECTOR;

    if (!(c->event_inj & SVM_EVENT_VALID)) {
        return true;
    }
    if (type == SVM_EVENT_EXCEPTION) {
        return vector < 32 && vector != EXC_NMI;
    }
    return type == SVM_EVENT_INTR || type == SVM_EVENT_NMI ||
           type == SVM_EVENT_SOFT;
}

/* ---- the guest ----------------------------------------------------------- */

static void svm_load_control(X86Cpu *cpu, const VmcbControl *c)
{
    X86Svm *svm = &cpu->svm;

    for (unsigned i = 0; i < G_N_ELEMENTS(svm->intercept); i++) {
        svm->intercept[i] = c->intercept[i];
    }
    svm->pause_threshold = c->pause_threshold;
    svm->pause_count = svm->pause_left = c->pause_count;
    svm->pause_time = x86_read_tsc(cpu);
    svm->iopm = c->iopm & ~UINT64_C(0xfff);
    svm->msrpm = c->msrpm & ~UINT64_C(0xfff);
    svm->tsc_offset = c->tsc_offset;
    svm->asid = c->asid;
    svm->int_ctl = c->int_ctl;
    svm->int_vector = (uint8_t)c->int_vector;
    svm->nested = c->nested_ctl & 1;
    svm->nested_cr3 = c->nested_cr3;
    svm->next_rip = c->next_rip;
    svm->event_inj = c->event_inj;
    svm->event_inj_error = c->event_inj_error;
}

static void svm_load_segments(X86Cpu *cpu, const VmcbSave *s)
{
    cpu->seg[X86_ES] = svm_load_segment(&s->es);
    cpu->seg[X86_CS] = svm_load_segment(&s->cs);
    cpu->seg[X86_SS] = svm_load_segment(&s->ss);
    cpu->seg[X86_DS] = svm_load_segment(&s->ds);
    for (unsigned i = 0; i < 4; i++) {
        X86Segment *seg = &cpu->seg[svm_host_segments[i]];
        seg->base = svm_canonical(cpu, seg->base);
    }
    /* The privilege level is where we have it. */
    bool v86 = (s->rflags & EFLAGS_VM) && !(s->efer & EFER_LME);
    unsigned cpl = !(s->cr0 & CR0_PE) ? 0 : v86 ? 3 : s->cpl & 3;
    cpu->seg[X86_SS].attr = (cpu->seg[X86_SS].attr & ~SEG_DPL) | cpl << 5;
    cpu->gdt.base = svm_canonical(cpu, s->gdtr.base);
    cpu->gdt.limit = s->gdtr.limit;
    cpu->idt.base = svm_canonical(cpu, s->idtr.base);
    cpu->idt.limit = s->idtr.limit;
}

static void svm_load_guest(X86Cpu *cpu, const Vmcb *v)
{
    const VmcbSave *s = &v->save;

    svm_load_segments(cpu, s);
    cpu->cr0 = s->cr0 | CR0_ET;
    cpu->cr2 = s->cr2;
    cpu->cr3 = s->cr3;
    cpu->cr4 = s->cr4;
    cpu->efer = s->efer & ~(uint64_t)EFER_LMA;
    if ((s->efer & EFER_LME) && (s->cr0 & CR0_PG)) {
        cpu->efer |= EFER_LMA;
    }
    if (cpu->svm.nested) {
        cpu->pat = s->g_pat;
    }
    cpu->env.flags = x86_flags_pack(s->rflags);
    cpu->eflags = x86_flags_of_state(cpu, s->rflags);
    cpu->dr[6] = s->dr6 | 0xffff0ff0;
    cpu->dr[7] = s->dr7 | 0x400;
    cpu->env.r[X86_RSP] = s->rsp;
    cpu->env.r[X86_RAX] = s->rax;
    cpu->inhibit = v->control.int_state & 1;
    bool code64 = (cpu->efer & EFER_LMA) && (s->cs.attr & SEG_L);
    cpu->env.pc = code64 ? s->rip : (uint32_t)s->rip;
}

/* False: its page directory pointers are invalid. */
static bool svm_load_guest_pdptes(X86Cpu *cpu)
{
    return !(cpu->cr0 & CR0_PG) || !(cpu->cr4 & CR4_PAE) ||
           x86_long_mode(cpu) || x86_load_pdptes(cpu, cpu->cr3, cpu->pdpte);
}

static void svm_store_guest(const X86Cpu *cpu, Vmcb *v)
{
    VmcbSave *s = &v->save;

    s->es = svm_save_segment(&cpu->seg[X86_ES]);
    s->cs = svm_save_segment(&cpu->seg[X86_CS]);
    s->ss = svm_save_segment(&cpu->seg[X86_SS]);
    s->ds = svm_save_segment(&cpu->seg[X86_DS]);
    s->gdtr = (VmcbSegment){ .base = cpu->gdt.base, .limit = cpu->gdt.limit };
    s->idtr = (VmcbSegment){ .base = cpu->idt.base, .limit = cpu->idt.limit };
    s->cpl = x86_cpl(cpu);
    s->efer = cpu->efer;
    s->cr4 = cpu->cr4;
    s->cr3 = cpu->cr3;
    s->cr0 = cpu->cr0;
    s->dr7 = cpu->dr[7];
    s->dr6 = cpu->dr[6];
    s->rflags = x86_get_eflags(cpu);
    s->rip = cpu->env.pc;
    s->rsp = cpu->env.r[X86_RSP];
    s->rax = cpu->env.r[X86_RAX];
    s->cr2 = cpu->cr2;
    s->g_pat = cpu->pat;
}

/* ---- translations -------------------------------------------------------- */

/* What decides how the guest's addresses are translated. */
static X86SvmPaging svm_paging(const X86Cpu *cpu)
{
    const uint64_t cr4 = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP |
                         CR4_LA57 | CR4_PCIDE | CR4_PKE | CR4_PKS;

    return (X86SvmPaging){
        .cr0 = cpu->cr0 & (CR0_PG | CR0_WP),
        .cr3 = cpu->cr3,
        .cr4 = cpu->cr4 & cr4,
        .efer = cpu->efer & (EFER_LMA | EFER_NXE),
        .asid = cpu->svm.asid,
        .nested = cpu->svm.nested,
        .nested_cr3 = cpu->svm.nested ? cpu->svm.nested_cr3 : 0,
    };
}

/* The translations of the guest that ran last are kept. If this is the same
 * guest, with the same paging, and its host does not ask for a flush, they hold
 * on. A change of CR3 alone is one as the guest itself might have made. */
static void svm_enter_translations(X86Cpu *cpu, uint8_t tlb_control)
{
    const X86SvmPaging *old = &cpu->svm.last, now = svm_paging(cpu);
    bool same = now.asid == old->asid && now.cr0 == old->cr0 &&
                now.cr4 == old->cr4 && now.efer == old->efer &&
                now.nested == old->nested && now.nested_cr3 == old->nested_cr3;

    if (!cpu->mmu_ops) {
        return;
    }
    /* Pages with breakpoints must not be known: they have other ones. */
    bool armed = cpu->key.dr7;

    cpu->mmu_ops->switch_world(cpu, !same || tlb_control || armed);
    if (now.cr3 != old->cr3) {
        cpu->mmu_ops->switch_space(cpu, false);
    }
}

static void svm_enter_host_translations(X86Cpu *cpu)
{
    if (cpu->mmu_ops) {
        cpu->mmu_ops->switch_world(cpu, false);
    }
}

/* ---- VMRUN --------------------------------------------------------------- */

static void svm_inject(X86Cpu *cpu)
{
    uint32_t inj = cpu->svm.event_inj;
    unsigned type = inj >> SVM_EVENT_TYPE_POS & 7;
    uint8_t vector = inj;
    bool by_insn =
        type == SVM_EVENT_SOFT ||
        (type == SVM_EVENT_EXCEPTION && (vector == EXC_BP || vector == EXC_OF));
    bool next = by_insn && x86_model_has(cpu->model, FEATURE_NRIP_SAVE);
    X86Event ev = {
        .vector = vector,
        .soft = by_insn,
        .int_n = type == SVM_EVENT_SOFT,
        .interrupt = type == SVM_EVENT_INTR || type == SVM_EVENT_NMI,
        .nmi = type == SVM_EVENT_NMI,
        .injected = true,
        .has_error = inj & SVM_EVENT_HAS_ERROR,
        .error = cpu->svm.event_inj_error,
        .return_pc = next ? cpu->svm.next_rip : cpu->env.pc,
    };

    if (inj & SVM_EVENT_VALID) {
        cpu->svm.event_inj = 0;
        x86_deliver_injected(cpu, &ev);
    }
}

static void svm_refuse(X86Cpu *cpu);

void x86_svm_enter(X86Cpu *cpu)
{
    X86Svm *svm = &cpu->svm;
    Vmcb v;

    space_read(cpu->memory, svm->vmcb, &v, sizeof(v));
    svm_save_host(cpu);
    if (!svm_control_valid(cpu, &v.control) || !svm_state_valid(cpu, &v.save) ||
        !svm_injection_valid(&v.control) ||
        ((v.control.nested_ctl & 1) && !svm_pat_valid(v.save.g_pat))) {
        svm_refuse(cpu);
        return;
    }
    svm_load_control(cpu, &v.control);
    svm->guest = svm->gif = true;
    svm_load_guest(cpu, &v);
    bool valid = svm_load_guest_pdptes(cpu);

    x86_update_key(cpu);
    svm_enter_translations(cpu, v.control.tlb_control);
    if (svm->int_ctl & SVM_V_IRQ) {
        x86_set_pending(cpu, X86_PENDING_VINTR);
    }
    if (!valid) {
        x86_svm_record_exit(cpu, SVM_EXIT_INVALID, 0, 0, 0);
        x86_svm_leave(cpu);
        return;
    }
    svm_inject(cpu);
}

/* ---- #VMEXIT ------------------------------------------------------------- */

/* Back in the host, behind VMRUN. */
static void svm_return(X86Cpu *cpu)
{
    cpu->svm.guest = cpu->svm.gif = false;
    cpu->halted = false;
    cpu->inhibit = 0;
    svm_load_host(cpu);
    x86_clear_pending(cpu, X86_PENDING_VINTR);
    x86_update_key(cpu);
}

static void svm_refuse(X86Cpu *cpu)
{
    const uint64_t code[3] = { SVM_EXIT_INVALID };

    svm_put(cpu, cpu->svm.vmcb, offsetof(Vmcb, control.exit_code), code,
            sizeof(code));
    cpu->env.pc = cpu->svm.host.rip;
    cpu->svm.gif = false;
}

/* APM 2 15.8.4: the bytes at RIP, for a host that must emulate them. */
static void svm_store_bytes(X86Cpu *cpu, VmcbControl *c)
{
    vaddr pc = sys_linear(cpu, cpu->seg[X86_CS].base, cpu->env.pc);
    unsigned n = 0;
    X86Translation t;

    while (n < sizeof(c->insn_bytes) &&
           x86_mmu_translate(cpu, pc + n, X86_EXEC, cpu->env.mode, true, &t)) {
        c->insn_bytes[n++] = x86_physical_byte(cpu, t.paddr);
    }
    c->insn_len = n;
}

static bool svm_wants_bytes(const X86Cpu *cpu)
{
    uint64_t code = cpu->svm.exit_code;
    bool fetch = cpu->svm.exit_info1 & 1u << 4;

    return x86_model_has(cpu->model, FEATURE_DECODEASSISTS) && !fetch &&
           (code == SVM_EXIT_NPF || code == SVM_EXIT_EXCEPTION + EXC_PF);
}

static void svm_store_control(X86Cpu *cpu, VmcbControl *c)
{
    const X86Svm *svm = &cpu->svm;

    c->int_ctl = svm->int_ctl;
    c->int_vector = svm->int_vector;
    c->int_state = cpu->inhibit != 0;
    c->exit_code = svm->exit_code;
    c->exit_info1 = svm->exit_info1;
    c->exit_info2 = svm->exit_info2;
    c->exit_int_info = svm->exit_int_info;
    c->exit_int_error = svm->exit_int_error;
    c->event_inj = svm->event_inj & ~SVM_EVENT_VALID;
    c->next_rip =
        x86_model_has(cpu->model, FEATURE_NRIP_SAVE) ? svm->exit_next_rip : 0;
    if (svm_wants_bytes(cpu)) {
        svm_store_bytes(cpu, c);
    }
}

static void svm_put_block(X86Cpu *cpu, const Vmcb *v)
{
    hwaddr at = cpu->svm.vmcb;

    SVM_PUT(cpu, at, v, control.int_ctl, control.exit_int_error);
    SVM_PUT(cpu, at, v, control.event_inj, control.event_inj);
    SVM_PUT(cpu, at, v, control.next_rip, control.insn_bytes);
    SVM_PUT(cpu, at, v, save.es, save.ds);
    SVM_PUT(cpu, at, v, save.gdtr, save.gdtr);
    SVM_PUT(cpu, at, v, save.idtr, save.idtr);
    SVM_PUT(cpu, at, v, save.cpl, save.cpl);
    SVM_PUT(cpu, at, v, save.efer, save.efer);
    SVM_PUT(cpu, at, v, save.cr4, save.rip);
    SVM_PUT(cpu, at, v, save.rsp, save.rsp);
    SVM_PUT(cpu, at, v, save.rax, save.rax);
    SVM_PUT(cpu, at, v, save.cr2, save.cr2);
    if (cpu->svm.nested) {
        SVM_PUT(cpu, at, v, save.g_pat, save.g_pat);
    }
}

/* VMRUN under TF: the trap comes when all of it is over. */
static void svm_trap_host(X86Cpu *cpu)
{
    X86Event ev = { .vector = EXC_DB, .return_pc = cpu->env.pc };

    if (cpu->eflags & EFLAGS_TF) {
        cpu->dr[6] |= 1u << 14; /* BS */
        x86_deliver_injected(cpu, &ev);
    }
}

void x86_svm_leave(X86Cpu *cpu)
{
    Vmcb v = { .control.insn_len = 0 };

    cpu->raised = -1;
    if (log_on(LOG_INT)) {
        log_printf("cpu %u: vmexit %03" PRIx64 " info %" PRIx64 " %" PRIx64
                   " ip=%04x:%016" PRIx64 "\n",
                   cpu->index, cpu->svm.exit_code, cpu->svm.exit_info1,
                   cpu->svm.exit_info2, cpu->seg[X86_CS].selector, cpu->env.pc);
    }
    svm_store_control(cpu, &v.control);
    svm_store_guest(cpu, &v);
    svm_put_block(cpu, &v);
    cpu->svm.last = svm_paging(cpu);
    svm_return(cpu);
    svm_enter_host_translations(cpu);
    svm_trap_host(cpu);
}
