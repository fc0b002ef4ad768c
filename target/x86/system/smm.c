/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System management mode: into it by an SMI, out of it by RSM, between two
 * blocks of the run loop. The state goes to memory in AMD64's format, and comes
 * from there; what it leaves out (the FPU, CR2, TPR) stays in the processor.
 * I/O instructions are not restarted, and the revision does not promise it.
 * Not light.
 *
 * An SVM guest that is interrupted so is not the processor's business until
 * RSM: its intercepts and its nested paging are off.
 *
 * APM 2 (24593, 3.42) chapter 10, table 10-1; 15.22 (with SVM).
 */
#include "target/x86/system/system.h"
#include "util/log.h"

#define SMM_REVISION 0x00020064u /* AMD64's format; SMBASE can be moved */

enum {
    SMM_ENTRY = 0x8000, /* from SMBASE: where the handler starts */
    SMM_STATE = 0xfe00, /* and where the state is */
};

/* attr as in X86Segment. */
typedef struct SmmSegment {
    uint16_t selector, attr;
    uint32_t limit;
    uint64_t base;
} SmmSegment;

typedef struct SmmState {
    SmmSegment seg[X86_SEGMENTS], gdt, ldt, idt, tr;
    uint64_t io_rip, io_rcx, io_rsi, io_rdi;
    uint32_t io_trap, reserved_c4;
    uint8_t io_restart, halt_restart, reserved_ca[6];
    uint64_t efer;
    uint64_t svm[3], reserved_f0;
    uint32_t reserved_f8, revision;
    uint32_t smbase;
    uint32_t reserved_104[17];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint64_t r[16]; /* R15 first */
} SmmState;

_Static_assert(offsetof(SmmState, halt_restart) == 0xc9, "save area");
_Static_assert(offsetof(SmmState, efer) == 0xd0, "save area");
_Static_assert(offsetof(SmmState, revision) == 0xfc, "save area");
_Static_assert(offsetof(SmmState, cr4) == 0x148, "save area");
_Static_assert(offsetof(SmmState, rip) == 0x178, "save area");
_Static_assert(sizeof(SmmState) == 0x200, "save area");

static SmmSegment smm_save_segment(const X86Segment *s)
{
    return (SmmSegment){ .selector = s->selector,
                         .attr = s->attr,
                         .limit = s->limit,
                         .base = s->base };
}

static X86Segment smm_load_segment(const SmmSegment *s)
{
    return (X86Segment){ .selector = s->selector,
                         .attr = s->attr & 0xfff,
                         .limit = s->limit,
                         .base = s->base };
}

/* ---- in ------------------------------------------------------------------ */

static void smm_save(const X86Cpu *cpu, SmmState *s)
{
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        s->seg[i] = smm_save_segment(&cpu->seg[i]);
    }
    s->ldt = smm_save_segment(&cpu->ldt);
    s->tr = smm_save_segment(&cpu->tr);
    s->gdt = (SmmSegment){ .limit = cpu->gdt.limit, .base = cpu->gdt.base };
    s->idt = (SmmSegment){ .limit = cpu->idt.limit, .base = cpu->idt.base };
    s->halt_restart = cpu->halted;
    s->efer = cpu->efer;
    s->svm[0] = cpu->svm.guest;
    s->svm[1] = cpu->svm.guest ? cpu->svm.vmcb : 0;
    s->revision = SMM_REVISION;
    s->smbase = cpu->smbase;
    s->cr4 = cpu->cr4;
    s->cr3 = cpu->cr3;
    s->cr0 = cpu->cr0;
    s->dr7 = cpu->dr[7];
    s->dr6 = cpu->dr[6];
    s->rflags = x86_get_eflags(cpu);
    s->rip = cpu->env.pc;
    for (unsigned i = 0; i < 16; i++) {
        s->r[15 - i] = cpu->env.r[i];
    }
}

/* APM 2 10.3.2. Real mode with segments of 4 GiB. */
static void smm_begin(X86Cpu *cpu)
{
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        cpu->seg[i] = (X86Segment){ .limit = UINT32_MAX,
                                    .attr = SEG_P | SEG_S | SEG_G | 3 };
    }
    cpu->seg[X86_CS].selector = cpu->smbase >> 4;
    cpu->seg[X86_CS].base = cpu->smbase;
    cpu->cr0 &= ~(uint64_t)(CR0_PE | CR0_EM | CR0_TS | CR0_PG);
    cpu->cr4 = 0;
    cpu->efer = 0;
    cpu->dr[7] = 0x400;
    x86_set_eflags(cpu, 2, UINT32_MAX);
    cpu->env.pc = SMM_ENTRY;
    cpu->halted = false;
}

/* What is in front of the memory changes with the mode. */
static void smm_changed(X86Cpu *cpu)
{
    if (cpu->on_smm) {
        cpu->on_smm(cpu->on_smm_opaque, cpu->index, cpu->smm);
    }
    x86_update_key(cpu);
    if (cpu->mmu_ops) {
        cpu->mmu_ops->flush_all(cpu);
    }
}

void x86_smm_enter(X86Cpu *cpu)
{
    SmmState s = { .efer = 0 };

    if (log_on(LOG_INT)) {
        log_printf("cpu %u: SMI at %04x:%016" PRIx64 "\n", cpu->index,
                   cpu->seg[X86_CS].selector, cpu->env.pc);
    }
    smm_save(cpu, &s);
    cpu->smm = true;
    cpu->smm_nmi_blocked = cpu->nmi_blocked;
    cpu->nmi_blocked = true;
    cpu->svm.in_smm = cpu->svm.guest;
    cpu->svm.guest = false;
    smm_begin(cpu);
    smm_changed(cpu);
    space_write(cpu->memory, (uint64_t)cpu->smbase + SMM_STATE, &s, sizeof(s),
                false);
}

/* ---- out ----------------------------------------------------------------- */

/* What no processor could have saved is a shutdown. APM 2 10.3.4. */
static bool smm_state_valid(const X86Cpu *cpu, const SmmState *s)
{
    bool paging = s->cr0 & CR0_PG;

    if (s->cr0 >> 32 || (s->cr4 & ~cpu->model->cr4_mask) ||
        (s->efer & ~x86_efer_mask(cpu)) || s->dr6 >> 32 || s->dr7 >> 32 ||
        (!(s->cr0 & CR0_CD) && (s->cr0 & CR0_NW))) {
        return false;
    }
    if (paging && (!(s->cr0 & CR0_PE) || (s->cr3 & ~cpu->model->phys_mask))) {
        return cpu->svm.in_smm; /* paged real mode */
    }
    return !paging || !(s->efer & EFER_LME) || (s->cr4 & CR4_PAE);
}

static bool smm_load_pdptes(X86Cpu *cpu)
{
    return !(cpu->cr0 & CR0_PG) || !(cpu->cr4 & CR4_PAE) ||
           x86_long_mode(cpu) || x86_load_pdptes(cpu, cpu->cr3, cpu->pdpte);
}

static void smm_load(X86Cpu *cpu, const SmmState *s)
{
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        cpu->seg[i] = smm_load_segment(&s->seg[i]);
    }
    cpu->ldt = smm_load_segment(&s->ldt);
    cpu->tr = smm_load_segment(&s->tr);
    cpu->gdt.base = s->gdt.base;
    cpu->gdt.limit = s->gdt.limit;
    cpu->idt.base = s->idt.base;
    cpu->idt.limit = s->idt.limit;
    cpu->cr0 = s->cr0 | CR0_ET;
    cpu->cr3 = s->cr3;
    cpu->cr4 = s->cr4;
    cpu->efer = s->efer & ~(uint64_t)EFER_LMA;
    if ((s->efer & EFER_LME) && (s->cr0 & CR0_PG)) {
        cpu->efer |= EFER_LMA;
    }
    cpu->dr[6] = s->dr6 | 0xffff0ff0;
    cpu->dr[7] = s->dr7 | 0x400;
    cpu->env.flags = x86_flags_pack(s->rflags);
    cpu->eflags = x86_flags_of_state(cpu, s->rflags);
    cpu->env.pc = s->rip;
    for (unsigned i = 0; i < 16; i++) {
        cpu->env.r[i] = s->r[15 - i];
    }
    cpu->halted = s->halt_restart & 1;
    cpu->smbase = s->smbase;
}

void x86_smm_leave(X86Cpu *cpu)
{
    SmmState s;

    space_read(cpu->memory, (uint64_t)cpu->smbase + SMM_STATE, &s, sizeof(s));
    if (!smm_state_valid(cpu, &s)) {
        log_guest_error("cpu %u: RSM to an invalid state\n", cpu->index);
        x86_shut_down(cpu);
        return;
    }
    smm_load(cpu, &s);
    cpu->smm = false;
    cpu->nmi_blocked = cpu->smm_nmi_blocked;
    cpu->svm.guest = cpu->svm.in_smm;
    cpu->svm.in_smm = false;
    smm_changed(cpu);
    if (!smm_load_pdptes(cpu)) {
        x86_shut_down(cpu);
    }
}
