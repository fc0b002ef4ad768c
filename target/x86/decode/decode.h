/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: bytes and mode in, an Insn out. It reads nothing else, so
 * disassembly, length tests and fuzzers use it alone. One table per opcode
 * map, rows in the manual's letters (SDM 2D appendix A).
 */
#ifndef TARGET_X86_DECODE_DECODE_H
#define TARGET_X86_DECODE_DECODE_H

#include "target/x86/decode/mnemonics.h" /* enum X86Mnemonic: X86_ADD, ... */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define X86_INSN_MAX 15

/* Registers by the manual's numbers. */
enum {
    X86_RAX,
    X86_RCX,
    X86_RDX,
    X86_RBX,
    X86_RSP,
    X86_RBP,
    X86_RSI,
    X86_RDI,
    X86_R8,
    X86_R9,
    X86_R10,
    X86_R11,
    X86_R12,
    X86_R13,
    X86_R14,
    X86_R15,
    X86_NO_REG = 0xff,
};
enum { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_SEGMENTS };

typedef enum X86CodeSize { X86_CODE16, X86_CODE32, X86_CODE64 } X86CodeSize;

typedef enum OperandKind {
    OPERAND_NONE,
    OPERAND_GPR, /* reg 0..15; high: AH CH DH BH with reg 0..3 */
    OPERAND_SEG, /* reg 0..5 */
    OPERAND_CR,
    OPERAND_DR,
    OPERAND_MMX,
    OPERAND_VEC, /* XMM, YMM, ZMM by size */
    OPERAND_ST,
    OPERAND_MASK,      /* AVX-512 k */
    OPERAND_MEM,       /* insn->mem */
    OPERAND_IMM,       /* insn->imm, sign- or zero-extended as the row says */
    OPERAND_IMM2,      /* insn->imm2: second immediate (ENTER, EXTRQ) */
    OPERAND_REL,       /* insn->imm: displacement from the next instruction */
    OPERAND_FAR,       /* insn->imm: offset, insn->imm2: selector */
    OPERAND_STRING_SI, /* DS(seg):rSI string source */
    OPERAND_STRING_DI, /* ES:rDI string destination */
    OPERAND_PATCHED,   /* an immediate that keeps changing: never decoded, see
                          translate-patch.c */
} OperandKind;

enum { OPERAND_READ = 1, OPERAND_WRITE = 2 };

/* Which field of the encoding a register operand came from. */
typedef enum X86Field {
    X86_FIELD_NONE,   /* implicit, or no register */
    X86_FIELD_REG,    /* ModRM.reg */
    X86_FIELD_RM,     /* ModRM.rm */
    X86_FIELD_VVVV,   /* VEX.vvvv */
    X86_FIELD_OPCODE, /* the opcode's low three bits */
    X86_FIELD_IS4,    /* the immediate's upper half */
} X86Field;

typedef struct X86Operand {
    uint8_t kind; /* OperandKind */
    uint8_t reg;
    bool high;
    uint8_t field;  /* X86Field */
    uint8_t access; /* OPERAND_READ | OPERAND_WRITE */
    uint16_t size;  /* bytes; 0 for LEA's and INVLPG's memory */
} X86Operand;

typedef struct X86Mem {
    uint8_t seg;   /* default or overridden, X86_ES..; without a memory
                      operand: DS or the override, for strings and XLAT */
    uint8_t base;  /* X86_NO_REG: none */
    uint8_t index; /* X86_NO_REG: none; vector number for gathers */
    uint8_t scale; /* log2 */
    bool rip;      /* disp is relative to the next instruction */
    bool vsib;     /* index is a vector: gathers and scatters */
    int64_t disp;  /* moffs: the whole address */
} X86Mem;

/* Attributes of a row; what operands cannot say. */
enum {
    X86_A_LOCK = 1u << 0, /* LOCK allowed with a memory destination */
    X86_A_PRIV = 1u << 1, /* CPL 0 only */
    X86_A_NO64 = 1u << 2, /* #UD in 64-bit mode */
    X86_A_ONLY64 = 1u << 3,
    X86_A_DEF64 = 1u << 4,   /* 64-bit operand size by default in 64-bit mode */
    X86_A_FORCE64 = 1u << 5, /* 66h ignored there: near branches (Intel) */
    X86_A_PROT = 1u << 6,    /* protected mode only (no real, no V86) */
    X86_A_NATIVE = 1u << 7,  /* may run as itself on an x86 host */
    X86_A_BRANCH = 1u << 8,  /* ends a block */
    X86_A_STRING = 1u << 9,  /* REP allowed */
    X86_A_REPZ = 1u << 10,   /* REPE/REPNE test ZF */
    X86_A_X87 = 1u << 11,    /* #NM by CR0.EM/TS, pending #MF is taken */
    X86_A_MMX = 1u << 12,
    X86_A_SSE = 1u << 13, /* #UD by CR0.EM, CR4.OSFXSR; #NM by TS */
    X86_A_AVX = 1u << 14, /* VEX: CR4.OSXSAVE, XCR0 */
    X86_A_AVX512 = 1u << 15,
    X86_A_ALIGN = 1u << 16, /* vector memory operand must be aligned: #GP */
    X86_A_IO = 1u << 17,    /* IOPL and the TSS bitmap decide */
    X86_A_IOPL = 1u << 18,
    X86_A_UNIMPLEMENTED = 1u << 19, /* known, not translated: #UD + -d unimp */
    X86_A_FPENV = 1u << 20,         /* reads or writes x87/MXCSR control */
    X86_A_NOSEG = 1u << 21, /* memory operand's address only (LEA, NOP, UD0) */
    /* From bit 22 on: private to the decoder. */
};

/* Rows of the EVEX maps: SDM 2A 2.7. The lowest two bits are the log2 of the
 * bytes of an element, as its mask counts them. */
enum {
    X86_E_ELEMENT = 3,
    X86_E_MASK = 1 << 2,    /* may have a mask */
    X86_E_ZERO = 1 << 3,    /* and zero what it masks off */
    X86_E_BCAST32 = 1 << 4, /* memory may be one element for all, of this */
    X86_E_BCAST64 = 1 << 5, /* many bits */
    X86_E_ROUND = 1 << 6,   /* registers: rounding may be embedded */
    X86_E_SAE = 1 << 7,     /* or at least exceptions suppressed */
    X86_E_WHOLE = 1 << 8,   /* memory is accessed whatever the mask says */
    X86_E_PACKED = 1 << 9,  /* memory has the masked elements only */
    X86_E_SCALAR = 1 << 10, /* no vector length */
    X86_E_L128 = 1 << 11,   /* vector lengths that it has; none: all */
    X86_E_L256 = 1 << 12,
    X86_E_L512 = 1 << 13,
    X86_E_VSIB = 1 << 14,   /* gathers and scatters: a mask is a must */
    X86_E_REPEAT = 1 << 15, /* memory is shorter, and repeated */
};

typedef struct X86Row {
    uint16_t mnemonic;  /* X86Mnemonic; X86_INVALID: no such opcode */
    uint8_t operand[4]; /* private letters of the tables */
    uint8_t access;     /* of the operands: two bits each, the first's lowest */
    uint32_t attr;
    uint16_t evex;        /* X86_E_*; 0 in the other maps */
    uint8_t feature;      /* X86Feature: CPUID bit it needs; 0: none */
    uint16_t flags_in;    /* EFLAGS bits read */
    uint16_t flags_out;   /* written */
    uint16_t flags_undef; /* of the written ones, undefined */
    uint16_t gpr_in;      /* implicit general registers, as a bit mask */
    uint16_t gpr_out;
} X86Row;

typedef struct X86Insn {
    const X86Row *row;
    uint16_t mnemonic;
    uint8_t len;
    uint8_t op_count;
    X86Operand op[4];
    uint8_t op_size;            /* 2, 4, 8: effective operand size */
    uint8_t addr_size;          /* 2, 4, 8 */
    bool rep, repne, lock, p66; /* rep: F3 as a repeat prefix */
    bool seg_override;
    uint8_t rex; /* 0 or 40..4F */
    uint8_t vex; /* 0 legacy, 1 VEX, 2 EVEX */
    uint8_t vex_l, vvvv, vex_w;
    uint8_t evex_aaa, evex_z, evex_b;
    uint8_t round;  /* 0: none; 1 + embedded rounding mode; X86_ROUND_SAE */
    bool broadcast; /* the memory operand is one element for all */
    uint8_t pp;     /* mandatory prefix in effect: 0, 66, F3, F2 as 0..3 */
    uint8_t map;    /* 0: one-byte, 1: 0F, 2: 0F38, 3: 0F3A */
    uint8_t opcode;
    bool has_modrm;
    uint8_t modrm, mod, reg, rm; /* reg, rm: 0..31 with REX/VEX/EVEX bits */
    bool has_mem;
    X86Mem mem;
    uint16_t mem_bytes; /* bytes its memory operand touches; 0: none */
    uint8_t disp_bytes; /* of mem.disp, before the immediate; 0: none */
    uint8_t imm_bytes;  /* at the instruction's end */
    bool imm_sign;      /* imm was sign-extended */
    int64_t imm, imm2;
} X86Insn;

enum { X86_ROUND_SAE = 5 }; /* by MXCSR, but without exceptions */

typedef enum X86DecodeResult {
    X86_DECODE_OK,
    X86_DECODE_SHORT,   /* needs more bytes than given */
    X86_DECODE_INVALID, /* #UD; len tells how many bytes were looked at */
    X86_DECODE_LONG,    /* more than 15 bytes: #GP */
} X86DecodeResult;

X86DecodeResult x86_decode(X86Insn *insn, const uint8_t *bytes, size_t len,
                           X86CodeSize code);

const char *x86_mnemonic_name(unsigned mnemonic); /* "add" */

/* Test access: all rows of all maps, in a fixed order; NULL after the last. */
const X86Row *x86_decode_row(size_t n);

#endif
