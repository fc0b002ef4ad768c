/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tiny machine to run IR blocks on: a CPU struct with nothing but a TcgEnv
 * and a vector image, some pages of memory, one register that is not memory. */
#ifndef TESTS_TCG_VM_H
#define TESTS_TCG_VM_H

#include "tcg/backend.h"

enum {
    VM_PAGES = 4,
    VM_BASE = 0x10000,                /* linear address of the first page */
    VM_DEVICE = 0x7000,               /* a page of registers */
    VM_READ_ONLY = 0x9000,            /* a page of RAM */
    VM_LEAVE_FAULT = TCG_LEAVE_GUEST, /* fill found no page */
    VM_LEAVE_DONE,
};

typedef struct VmCpu {
    TcgEnv env;
    uint8_t fpu[4096] __attribute__((aligned(64)));
    TcgTlbEntry tlb[TCG_MODES][TCG_TLB_SIZE];
    TcgJump jumps[TCG_JUMP_SIZE] __attribute__((aligned(TCG_JUMP_ALIGN)));
    TcgJump no_jumps[TCG_JUMP_SIZE] __attribute__((aligned(TCG_JUMP_ALIGN)));
    struct Vm *vm;
    /* What the callbacks saw. */
    unsigned fills, loads, stores, lookups, byte_loads, byte_stores;
    uint64_t fault_address;
    uint64_t device_value;
    unsigned last_exit;
    TcgCode *last_from;
} VmCpu;

typedef struct Vm {
    TcgContext ctx;
    VmCpu *cpu;
    uint8_t *ram; /* VM_PAGES pages, then the read-only one */
    IrBlock ir;
    TcgCode *known[8]; /* what lookup finds, by exact pc */
    uint64_t known_pc[8];
    unsigned known_count;
    bool table;  /* fill() enters pages into env->tlb */
    bool groups; /* accesses may share checks */
    bool loose;  /* blocks may break the rule on faults: none will happen */
} Vm;

Vm *vm_new(const char *backend, unsigned switches);
void vm_free(Vm *vm);
/* A page of the table that leads to one of vm->ram, as if it had been read and
 * written before. */
void vm_open_page(Vm *vm, unsigned page, unsigned ram_page);
/* Compile vm->ir, after its verification. */
void vm_compile(Vm *vm, TcgCode *code);
int vm_run(Vm *vm, TcgCode *code);
/* Compile and run vm->ir once. */
int vm_run_once(Vm *vm);
void vm_know(Vm *vm, uint64_t pc, TcgCode *code);
/* Start a block with one guest instruction. */
IrBlock *vm_begin(Vm *vm, uint64_t pc);
/* Another guest instruction; the end of the block. */
void vm_new_insn(Vm *vm);
void vm_done(IrBlock *b);
/* Run once, to the end. */
void vm_run_to_end(Vm *vm);
/* Register g = step * (g + 1). */
void vm_set_registers(Vm *vm, uint64_t step);
IrMem vm_mem(unsigned size_log2, unsigned slot);
/* A native instruction; with two general registers; with a memory operand at
 * global `base` + VM_BASE. */
NativeInsn *vm_native(Vm *vm, uint8_t map, uint8_t opcode);
NativeInsn *vm_native_rr(Vm *vm, uint8_t map, uint8_t opcode, unsigned reg,
                         unsigned rm);
NativeInsn *vm_native_rm(Vm *vm, uint8_t map, uint8_t opcode, unsigned reg,
                         IrVal base, unsigned bytes, bool write);
/* EFLAGS layout to and from TcgFlags. */
TcgFlags vm_flags(unsigned eflags);
unsigned vm_eflags(TcgFlags f);

#endif
