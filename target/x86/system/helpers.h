/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The helpers that translated code calls for what is not arithmetic: control
 * transfers through descriptors, system registers, ports. This list is the
 * contract between the front end (target/x86/emit) and target/x86/system.
 *
 * Each takes the CPU, then the arguments in the comment; flags in brackets are
 * L light, R may raise, f reads / F writes the status flags, G writes general
 * registers. Exceptions are those of the present instruction: helpers that
 * raise find its RIP with tcg_sync_pc(). Checks that depend on the translation
 * key alone (privilege by X86_A_PRIV, mode, LOCK, CPUID feature, FP
 * availability) were made before; everything else is the helper's.
 *
 * JUMP: the helper set env.pc (and everything else, the key too); the front
 * end goes on at env.pc through the indirect lookup, which also polls.
 * CHANGE: returns non-zero if the rest of the block must not run as it was
 * translated (the key changed, or an interrupt that is pending became
 * deliverable; then exit_request is set, too); env.pc need not be set.
 * A helper that makes a pending interrupt deliverable sets env.exit_request.
 */
#ifndef TARGET_X86_SYSTEM_HELPERS_H
#define TARGET_X86_SYSTEM_HELPERS_H

#include "tcg/ir.h"

/* ---- exceptions and software interrupts ------------------------------------
 */

/* (vector, error): never returns; error < 0: without code. [LR] */
extern const TcgHelper x86_helper_raise;
/* (linear address): a code fetch at that address failed when the block was
 * translated: raises its #PF. Returns if it would succeed now. [LR] */
extern const TcgHelper x86_helper_fetch_fault;
/* (next pc): INT1, as single_step but for DR6. [Lf] */
extern const TcgHelper x86_helper_int1;
/* (vector, next pc, , INT n): INT n, INT3, INTO; never returns. With the checks
 * of V86 mode for INT n. [LRf] */
extern const TcgHelper x86_helper_int;
/* (next pc, pc behind the instruction): the single-step trap after an
 * instruction under TF: sets env.pc and DR6.BS and records #DB in cpu->raised,
 * unless there was no branch and DEBUGCTL.BTF wants one. Returns (so it is no
 * MAY_RAISE); the front end then leaves with TCG_LEAVE_RAISED. [Lf] */
extern const TcgHelper x86_helper_single_step;
/* (pc, next pc): with key.lbr, after the instruction at pc; env.pc is where it
 * goes on. [L] */
extern const TcgHelper x86_helper_record_branch;
/* (): RSM; never returns: the run loop leaves system management mode. [LR] */
extern const TcgHelper x86_helper_rsm;
/* (): breakpoints (key.dr7) before the present instruction: those on data and
 * ports that the one before has hit, and its own unless RF is set. [LR] */
extern const TcgHelper x86_helper_breakpoints;
/* (): the block ends in the one-instruction shadow of an STI that was done
 * inline: cpu->inhibit and the key say so. [L] */
extern const TcgHelper x86_helper_inhibit;
/* (): ends the one-instruction shadow of STI and MOV SS: clears cpu->inhibit
 * and updates the key. CHANGE as to interrupts. [L] */
extern const TcgHelper x86_helper_inhibit_end;
/* (): asks to leave if something is pending that may be taken. [L] */
extern const TcgHelper x86_helper_poll_pending;

/* ---- segments
 * ----------------------------------------------------------------
 */

/* (X86_ES.., selector): MOV, POP, LDS.. into a segment register other than
 * CS; for SS also starts the interrupt shadow (cpu->inhibit, key).
 * CHANGE. [LR] */
extern const TcgHelper x86_helper_load_seg;
/* (offset, segment | size << 8 | write << 24): limit and type check; the
 * segment may be null. Raises #GP(0), #SS(0). Only called when key.limits. [LR]
 */
extern const TcgHelper x86_helper_check_segment;
/* (selector, offset, operand size in bytes, next pc): JUMP. [LRGf] */
extern const TcgHelper x86_helper_far_jump;
extern const TcgHelper x86_helper_far_call;
/* (operand size, bytes to drop): JUMP. [LRG] */
extern const TcgHelper x86_helper_far_return;
/* (operand size): JUMP. Also V86 and task return. [LRGfF] */
extern const TcgHelper x86_helper_iret;
/* (selector): [LR] */
extern const TcgHelper x86_helper_lldt;
extern const TcgHelper x86_helper_ltr;
/* (selector, old value of destination): the value for the destination (LSL:
 * whole limit; LAR: masked by 00FxFF00h); ZF. [LRfF] */
extern const TcgHelper x86_helper_lar;
extern const TcgHelper x86_helper_lsl;
/* (selector): ZF. [LRfF] */
extern const TcgHelper x86_helper_verr;
extern const TcgHelper x86_helper_verw;

/* ---- fast system calls ----------------------------------------------------
 */

/* (next pc): JUMP. [LRGfF] */
extern const TcgHelper x86_helper_syscall;
/* (operand size): JUMP. [LRGF] */
extern const TcgHelper x86_helper_sysret;
/* (next pc): JUMP. [LRGfF] */
extern const TcgHelper x86_helper_sysenter;
/* (operand size): JUMP. [LRG] */
extern const TcgHelper x86_helper_sysexit;
extern const TcgHelper x86_helper_swapgs; /* (): [L] */

/* ---- EFLAGS -----------------------------------------------------------------
 */

/* (): the image PUSHF pushes, VM and RF clear; V86/VME rules applied for
 * (operand size). [LRf] */
extern const TcgHelper x86_helper_pushf;
/* (value, operand size): what POPF may change at this CPL, IOPL, VME.
 * CHANGE. [LRfF] */
extern const TcgHelper x86_helper_popf;
/* (): with IOPL/VME/PVI rules. CLI inline where key.iopl_ok. [LR] */
extern const TcgHelper x86_helper_cli;
/* (shadow): shadow = 1: also cpu->inhibit = 1 and the key; 0: the front end
 * keeps the shadow itself by translating one more instruction.
 * CHANGE as to interrupts. [LR] */
extern const TcgHelper x86_helper_sti;
/* (set): CLAC (0), STAC (1): AC and the key (env.mode). Always followed by
 * the end of the block. [L] */
extern const TcgHelper x86_helper_set_ac;

/* ---- control, debug and model-specific registers ---------------------------
 */

extern const TcgHelper x86_helper_read_cr;  /* (number): value. [LR] */
extern const TcgHelper x86_helper_write_cr; /* (number, value): CHANGE. [LR] */
extern const TcgHelper x86_helper_read_dr;  /* (number): value. [LR] */
extern const TcgHelper x86_helper_write_dr; /* (number, value): CHANGE. [LR] */
extern const TcgHelper x86_helper_clts;     /* (): CHANGE. [L] */
extern const TcgHelper x86_helper_lmsw;     /* (value): CHANGE. [LR] */
extern const TcgHelper x86_helper_rdmsr;    /* (): EDX:EAX. [RG] */
extern const TcgHelper x86_helper_wrmsr;    /* (): CHANGE. [RG] */
extern const TcgHelper x86_helper_rdtsc;    /* (): EDX:EAX, CR4.TSD. [LRG] */
extern const TcgHelper x86_helper_rdtscp;   /* (): and ECX. [LRG] */
extern const TcgHelper x86_helper_rdpmc;    /* (): [LRG] */
extern const TcgHelper x86_helper_rdpid;    /* (): TSC_AUX. [L] */
extern const TcgHelper x86_helper_cpuid;    /* (): by EAX, ECX. [RG] */
extern const TcgHelper x86_helper_xgetbv;   /* (): [LRG] */
extern const TcgHelper x86_helper_xsetbv;   /* (): CHANGE. [R] */
extern const TcgHelper x86_helper_rdpkru;   /* (): [LRG] */
extern const TcgHelper x86_helper_wrpkru;   /* (): [LR] */
/* (linear address): [LR] */
extern const TcgHelper x86_helper_invlpg;
/* (type register, low quadword, high quadword of the descriptor): [LR] */
extern const TcgHelper x86_helper_invpcid;
/* (next pc): halts (sets env.pc); the front end leaves with
 * TCG_LEAVE_EVENT. [LR] */
extern const TcgHelper x86_helper_hlt;
/* (linear address): MONITOR. [LR] */
extern const TcgHelper x86_helper_monitor;
/* (next pc), constant: may it wait. As hlt. [LR] */
extern const TcgHelper x86_helper_mwait;
/* (next pc): sets env.pc; a spinning CPU may yield. Always followed by a
 * leave with TCG_LEAVE_EVENT when it returns non-zero. [L] */
extern const TcgHelper x86_helper_pause;
/* (size in bytes): a random value; CF = 1, the rest 0. RDRAND, RDSEED. [F] */
extern const TcgHelper x86_helper_random;
/* (): VMCALL/VMMCALL: KVM's hypercalls, else #UD. [RG] */
extern const TcgHelper x86_helper_hypercall;

/* ---- secure virtual machines ------------------------------------------------
 */

/* (next pc, exit_info1, , SvmExit): in a guest, leaves it if its host
 * intercepts that. [LR] */
extern const TcgHelper x86_helper_intercept;
/* (next pc, new CR0): the selective intercept. [LR] */
extern const TcgHelper x86_helper_intercept_cr0;
/* (next pc, port, , SVM_IO_...): [LR] */
extern const TcgHelper x86_helper_intercept_io;
/* (next pc, , , write): [LR] */
extern const TcgHelper x86_helper_intercept_msr;
/* (next pc, address): never returns: the run loop enters the guest. [LRf] */
extern const TcgHelper x86_helper_vmrun;
/* (address): checks that come before VMLOAD and VMSAVE. [LR] */
extern const TcgHelper x86_helper_svm_address;
extern const TcgHelper x86_helper_vmload;  /* (address): CHANGE. [] */
extern const TcgHelper x86_helper_vmsave;  /* (address): [] */
extern const TcgHelper x86_helper_set_gif; /* (flag): CHANGE. [LR] */
extern const TcgHelper x86_helper_invlpga; /* (linear address, ASID): [LR] */

/* ---- ports
 * ------------------------------------------------------------------- */

/* (port, size in bytes): IOPL and the TSS bitmap. Called unless CPL <= IOPL
 * in protected mode, or in real mode. [LR] */
extern const TcgHelper x86_helper_check_io;
extern const TcgHelper x86_helper_in;  /* (port, size): value. [] */
extern const TcgHelper x86_helper_out; /* (port, size, value). [] */

#endif
