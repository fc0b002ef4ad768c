/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x87: one row per instruction and form. A row names the stack's part in
 * it and a function that computes on values alone (x87-host-x86.c); everything
 * else (stack faults, masks, tags, pops) is common code in x87.c.
 */
#ifndef TARGET_X86_FPU_X87_H
#define TARGET_X86_FPU_X87_H

#include "target/x86/cpu.h"

typedef struct F80 {
    uint64_t mantissa;
    uint16_t exponent; /* with sign */
} F80;

/*
 * Run one instruction with the control word fcw on a stack that has st[0] and
 * st[1] on top, and `mem`; leaves the new top in st[0], the one below in
 * st[1] if the instruction pushes. Returns the status word. With an unmasked
 * exception results are as the processor leaves them.
 */
typedef uint16_t X87Fn(uint16_t fcw, F80 st[2], void *mem);

typedef enum X87Shape {
    X87_NONE,
    X87_ARITH,         /* ST(dst) = ST(dst) op source */
    X87_COMPARE,       /* ST(0) with source, into the condition codes */
    X87_COMPARE_FLAGS, /* into ZF PF CF */
    X87_UNARY,         /* ST(0) = f(ST(0)) */
    X87_UNARY2,        /* ST(0) = f(ST(0), ST(1)) */
    X87_POP2,          /* ST(1) = f(ST(0), ST(1)), pop */
    X87_PUSH2,         /* ST(0) becomes two */
    X87_CONSTANT,      /* push */
    X87_LOAD,          /* push from memory */
    X87_LOAD_ST,       /* push ST(i) */
    X87_STORE,         /* to memory */
    X87_STORE_ST,
    X87_EXCHANGE,
    X87_CMOV,
    X87_FREE,
    X87_STEP, /* of TOP */
    X87_EXAMINE,
    X87_SIGN, /* FCHS, FABS */
    X87_NOP,
} X87Shape;

/* Where a row's source is. */
typedef enum X87Form {
    X87_ST,
    X87_M32,
    X87_M64,
    X87_M80,
    X87_I16,
    X87_I32,
    X87_I64,
    X87_FORMS
} X87Form;

typedef struct X87Row {
    X87Fn *fn;
    uint8_t shape;
    uint8_t pops;
    uint8_t codes; /* condition codes it defines: X87_C.. */
    uint8_t extra; /* by shape: memory bytes, step, condition */
} X87Row;

enum { X87_C0 = 1, X87_C1 = 2, X87_C2 = 4, X87_C3 = 8, X87_CC = 15 };

/* NULL: none, or not on this host. */
const X87Row *x87_row(unsigned mnemonic, X87Form form);

X87Form fp_x87_form(const X86Insn *i);
uint64_t fp_pack_x87(const X86Insn *i);

/* (address, guest pc, extra, row) as the vector helper; extra: x87.c. */
uint64_t fp_helper_x87(void *env, uint64_t addr, uint64_t pc, uint64_t extra,
                       uint64_t row);
enum {
    X87_EXTRA_ST = 0,  /* 3: i of ST(i) */
    X87_EXTRA_DST = 3, /* 1: the destination is ST(i) */
    X87_EXTRA_FOP = 4, /* 11 */
    X87_EXTRA_MEM = 15,
    X87_EXTRA_D9 = 16, /* opcode D9 */
};

#endif
