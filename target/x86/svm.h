/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secure virtual machines: the control block in the guest's memory, why a guest
 * was left, and what the processor keeps of it.
 *
 * APM 2 (24593, 3.42) chapter 15, appendices B (VMCB) and C (exit codes).
 */
#ifndef TARGET_X86_SVM_H
#define TARGET_X86_SVM_H

#include "target/x86/segment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the control block ----------------------------------------------------
 */

/* attr as in X86Segment. */
typedef struct VmcbSegment {
    uint16_t selector, attr;
    uint32_t limit;
    uint64_t base;
} VmcbSegment;

typedef struct VmcbControl {
    uint32_t intercept[6]; /* bit n of word w: exit code 32 * w + n */
    uint32_t reserved_18[9];
    uint16_t pause_threshold, pause_count;
    uint64_t iopm, msrpm;
    uint64_t tsc_offset;
    uint32_t asid;
    uint8_t tlb_control;
    uint8_t reserved_5d[3];
    uint32_t int_ctl;
    uint32_t int_vector;
    uint64_t int_state; /* bit 0: interrupt shadow */
    uint64_t exit_code, exit_info1, exit_info2;
    uint32_t exit_int_info, exit_int_error;
    uint64_t nested_ctl;
    uint64_t reserved_98[2];
    uint32_t event_inj, event_inj_error;
    uint64_t nested_cr3;
    uint64_t virt_ext;
    uint32_t clean, reserved_c4;
    uint64_t next_rip;
    uint8_t insn_len, insn_bytes[15];
    uint8_t reserved_e0[0x320];
} VmcbControl;

typedef struct VmcbSave {
    VmcbSegment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved_a0[43], cpl;
    uint32_t reserved_cc;
    uint64_t efer;
    uint64_t reserved_d8[14];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint64_t reserved_180[11];
    uint64_t rsp;
    uint64_t reserved_1e0[3];
    uint64_t rax;
    uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t cr2;
    uint64_t reserved_248[4];
    uint64_t g_pat;
} VmcbSave;

typedef struct Vmcb {
    VmcbControl control;
    VmcbSave save;
} Vmcb;

_Static_assert(offsetof(Vmcb, control.int_ctl) == 0x60, "VMCB");
_Static_assert(offsetof(Vmcb, control.event_inj) == 0xa8, "VMCB");
_Static_assert(offsetof(Vmcb, control.next_rip) == 0xc8, "VMCB");
_Static_assert(offsetof(Vmcb, save) == 0x400, "VMCB");
_Static_assert(offsetof(Vmcb, save.efer) == 0x4d0, "VMCB");
_Static_assert(offsetof(Vmcb, save.cr4) == 0x548, "VMCB");
_Static_assert(offsetof(Vmcb, save.rax) == 0x5f8, "VMCB");
_Static_assert(offsetof(Vmcb, save.g_pat) == 0x668, "VMCB");

enum { /* int_ctl */
       SVM_V_TPR = 0xf,
       SVM_V_IRQ = 1u << 8,
       SVM_V_GIF = 1u << 9,
       SVM_V_PRIORITY_POS = 16, /* 4 bits */
       SVM_V_IGNORE_TPR = 1u << 20,
       SVM_V_MASKING = 1u << 24,
       SVM_V_GIF_ENABLE = 1u << 25,
};
enum { /* event_inj, exit_int_info */
       SVM_EVENT_VECTOR = 0xff,
       SVM_EVENT_TYPE_POS = 8, /* 3 bits */
       SVM_EVENT_HAS_ERROR = 1u << 11,
       SVM_EVENT_VALID = 1u << 31,
       SVM_EVENT_INTR = 0,
       SVM_EVENT_NMI = 2,
       SVM_EVENT_EXCEPTION = 3,
       SVM_EVENT_SOFT = 4,
};
enum { /* exit_info1 of SVM_EXIT_IOIO */
       SVM_IO_IN = 1u << 0,
       SVM_IO_STRING = 1u << 2,
       SVM_IO_REP = 1u << 3,
       SVM_IO_SIZE_POS = 4,    /* one bit each: 1, 2, 4 bytes */
       SVM_IO_ADDRESS_POS = 7, /* 16, 32, 64 bits */
       SVM_IO_SEGMENT_POS = 10,
       SVM_IO_PORT_POS = 16,
};
enum { /* VM_CR */
       SVM_CR_LOCK = 1u << 3,
       SVM_CR_DISABLE = 1u << 4,
};
#define SVM_MOV_CR (UINT64_C(1) << 63)    /* exit_info1 of MOV to or from CR */
#define SVM_NPF_FINAL (UINT64_C(1) << 32) /* of SVM_EXIT_NPF: the access, */
#define SVM_NPF_IN_TABLE (UINT64_C(1) << 33) /* the guest's own page tables */
/* exit_info2 of SVM_EXIT_TASK_SWITCH; the lower half is the error code. */
#define SVM_TASK_IRET (UINT64_C(1) << 36)
#define SVM_TASK_JUMP (UINT64_C(1) << 38)
#define SVM_TASK_HAS_ERROR (UINT64_C(1) << 44)
#define SVM_TASK_RF (UINT64_C(1) << 48)

/* ---- why the guest was left ------------------------------------------------
 */

typedef enum SvmExit {
    SVM_EXIT_CR_READ = 0x00, /* + number */
    SVM_EXIT_CR_WRITE = 0x10,
    SVM_EXIT_DR_READ = 0x20,
    SVM_EXIT_DR_WRITE = 0x30,
    SVM_EXIT_EXCEPTION = 0x40, /* + vector */
    SVM_EXIT_INTR = 0x60,
    SVM_EXIT_NMI,
    SVM_EXIT_SMI,
    SVM_EXIT_INIT,
    SVM_EXIT_VINTR,
    SVM_EXIT_CR0_SELECTIVE,
    SVM_EXIT_IDTR_READ,
    SVM_EXIT_GDTR_READ,
    SVM_EXIT_LDTR_READ,
    SVM_EXIT_TR_READ,
    SVM_EXIT_IDTR_WRITE,
    SVM_EXIT_GDTR_WRITE,
    SVM_EXIT_LDTR_WRITE,
    SVM_EXIT_TR_WRITE,
    SVM_EXIT_RDTSC,
    SVM_EXIT_RDPMC,
    SVM_EXIT_PUSHF,
    SVM_EXIT_POPF,
    SVM_EXIT_CPUID,
    SVM_EXIT_RSM,
    SVM_EXIT_IRET,
    SVM_EXIT_INT_N,
    SVM_EXIT_INVD,
    SVM_EXIT_PAUSE,
    SVM_EXIT_HLT,
    SVM_EXIT_INVLPG,
    SVM_EXIT_INVLPGA,
    SVM_EXIT_IOIO,
    SVM_EXIT_MSR,
    SVM_EXIT_TASK_SWITCH,
    SVM_EXIT_FERR_FREEZE,
    SVM_EXIT_SHUTDOWN,
    SVM_EXIT_VMRUN = 0x80,
    SVM_EXIT_VMMCALL,
    SVM_EXIT_VMLOAD,
    SVM_EXIT_VMSAVE,
    SVM_EXIT_STGI,
    SVM_EXIT_CLGI,
    SVM_EXIT_SKINIT,
    SVM_EXIT_RDTSCP,
    SVM_EXIT_ICEBP,
    SVM_EXIT_WBINVD,
    SVM_EXIT_MONITOR,
    SVM_EXIT_MWAIT,
    SVM_EXIT_MWAIT_ARMED,
    SVM_EXIT_XSETBV,
    SVM_EXIT_INVPCID = 0xa2,
    SVM_EXIT_NPF = 0x400,
} SvmExit;
#define SVM_EXIT_INVALID UINT64_MAX

/* ---- in the processor ------------------------------------------------------
 */

enum { SVM_ASIDS = 16 }; /* CPUID 8000000A.EBX; 0 is the host's */

/* What VMRUN saves of the host. The page at VM_HSAVE_PA stays unused: its
 * format is the processor's own business (APM 2 15.5.1). */
typedef struct X86SvmHost {
    X86Segment seg[4]; /* ES, CS, SS, DS */
    struct {
        uint64_t base;
        uint16_t limit;
    } gdt, idt;
    uint64_t cr0, cr3, cr4, efer, pat;
    uint64_t rflags, rip, rsp, rax;
} X86SvmHost;

/* What the guest's translations were made with: they hold for the same only. */
typedef struct X86SvmPaging {
    uint64_t cr0, cr3, cr4, efer, nested_cr3;
    uint32_t asid;
    bool nested;
} X86SvmPaging;

typedef struct X86Svm {
    bool gif;       /* global interrupt flag */
    bool guest;     /* running a guest: all below is of it */
    bool in_smm;    /* interrupted it: it goes on with RSM */
    uint64_t vm_cr; /* MSRs */
    uint64_t hsave;
    uint64_t vmcb; /* physical address */

    /* From its control block. */
    uint32_t intercept[6];
    uint16_t pause_threshold, pause_count;
    uint16_t pause_left;
    uint64_t pause_time; /* of the last one, TSC */
    uint64_t iopm, msrpm;
    uint64_t tsc_offset;
    uint32_t asid;
    uint32_t int_ctl;
    uint32_t int_vector;
    bool nested; /* paging */
    uint64_t nested_cr3;
    uint64_t next_rip; /* of an event to be injected */
    uint32_t event_inj, event_inj_error;

    /* An exit on its way to the run loop. */
    uint64_t exit_code, exit_info1, exit_info2;
    uint64_t exit_next_rip; /* 0: not an instruction's */
    uint32_t exit_int_info, exit_int_error;
    uint64_t cr2_before; /* the last page fault, which does not set CR2 if it
                            is intercepted */

    X86SvmHost host;
    X86SvmPaging last; /* when the guest was left */
} X86Svm;

#endif
