/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small assembler: puts x86-64 instructions at a moving pointer. An opcode
 * is a number with the prefixes and the map it needs or'ed in, operands are
 * host register numbers or an AsmMem. Encodings: SDM 2, chapters 2 to 5.
 */
#ifndef TCG_X86_64_ASM_H
#define TCG_X86_64_ASM_H

#include "tcg/ir.h"

#include <string.h>

enum {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    NO_REG = 0xff,
};

/* Code is written through one view of the buffer and runs in another. */
typedef struct Asm {
    uint8_t *p;
    intptr_t to_exec; /* executable minus writable address */
} Asm;

typedef struct AsmMem {
    uint8_t base, index, shift; /* registers or NO_REG */
    int32_t disp;
} AsmMem;

/* What an opcode carries besides its byte. */
enum {
    ASM_0F = 1 << 8,
    ASM_0F38 = 2 << 8,
    ASM_0F3A = 3 << 8,
    ASM_66 = 1 << 10,
    ASM_F2 = 1 << 11,
    ASM_F3 = 1 << 12,
    ASM_W = 1 << 13,
    ASM_REG8 = 1 << 14, /* reg is a byte register: 4..7 need a REX */
    ASM_RM8 = 1 << 15,  /* so is rm */
};

/* The two-operand arithmetic's numbers: opcode is n << 3, group 1 is /n. */
enum {
    ALU_ADD,
    ALU_OR,
    ALU_ADC,
    ALU_SBB,
    ALU_AND,
    ALU_SUB,
    ALU_XOR,
    ALU_CMP,
};

enum {
    OP_MOV_STORE = 0x88,
    OP_MOV_LOAD = 0x8a,
    OP_LEA = 0x8d | ASM_W,
    OP_LEA32 = 0x8d,
    OP_MOVZX8 = 0xb6 | ASM_0F | ASM_RM8,
    OP_MOVZX16 = 0xb7 | ASM_0F,
    OP_MOVSX8 = 0xbe | ASM_0F | ASM_RM8,
    OP_MOVSX16 = 0xbf | ASM_0F,
    OP_MOVSXD = 0x63 | ASM_W,
    OP_SETCC = 0x90 | ASM_0F | ASM_RM8,
    OP_CMOVCC = 0x40 | ASM_0F,
};

static inline void asm_u8(Asm *a, uint8_t v)
{
    *a->p++ = v;
}

static inline void asm_u32(Asm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

static inline void asm_u64(Asm *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}

static inline const uint8_t *asm_exec(const Asm *a, const uint8_t *p)
{
    return p + a->to_exec;
}

static inline bool asm_fits8(int64_t v)
{
    return v == (int8_t)v;
}

static inline bool asm_fits16(int64_t v)
{
    return v == (int16_t)v;
}

static inline bool asm_fits32(int64_t v)
{
    return v == (int32_t)v;
}

/* The form of an opcode for a type; opcode is the byte form's, even. */
static inline uint32_t asm_typed(uint32_t opcode, IrType t)
{
    static const uint32_t extra[] = { [IR_I8] = ASM_REG8 | ASM_RM8,
                                      [IR_I16] = 1 | ASM_66,
                                      [IR_I32] = 1,
                                      [IR_I64] = 1 | ASM_W };

    return opcode | extra[t];
}

/* For opcodes whose reg field is an extension. */
static inline uint32_t asm_typed_group(uint32_t opcode, IrType t)
{
    return asm_typed(opcode, t) & ~ASM_REG8;
}

static inline uint32_t asm_w(IrType t)
{
    return t == IR_I64 ? ASM_W : 0;
}

static inline AsmMem asm_mem(uint8_t base, int32_t disp)
{
    return (AsmMem){ base, NO_REG, 0, disp };
}

/* A field of the CPU struct: rsp points to it. */
static inline AsmMem asm_env(size_t off)
{
    return asm_mem(RSP, off);
}

/* Prefixes, REX, map and opcode. reg, index, base: bit 3 goes to REX. */
static inline void asm_opcode(Asm *a, uint32_t op, unsigned reg, unsigned index,
                              unsigned base, bool rex)
{
    if (op & ASM_66) {
        asm_u8(a, 0x66);
    }
    if (op & (ASM_F2 | ASM_F3)) {
        asm_u8(a, op & ASM_F2 ? 0xf2 : 0xf3);
    }
    unsigned bits = (op & ASM_W ? 8 : 0) | (reg >> 3 & 1) << 2 |
                    (index >> 3 & 1) << 1 | (base >> 3 & 1);
    if (bits || rex || ((op & ASM_REG8) && reg >= 4)) {
        asm_u8(a, 0x40 | bits);
    }
    unsigned map = op >> 8 & 3;
    if (map) {
        asm_u8(a, 0x0f);
    }
    if (map >= 2) {
        asm_u8(a, map == 2 ? 0x38 : 0x3a);
    }
    asm_u8(a, op);
}

static inline void asm_rr(Asm *a, uint32_t op, unsigned reg, unsigned rm)
{
    asm_opcode(a, op, reg, 0, rm, (op & ASM_RM8) && rm >= 4);
    asm_u8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* ModRM, SIB and displacement of a memory operand (SDM 2A 2.1.5). */
/* A displacement of one byte counts `unit` bytes: EVEX, SDM 2A 2.7.5. */
static inline bool asm_fits8_unit(int32_t disp, int32_t unit)
{
    return disp % unit == 0 && asm_fits8(disp / unit);
}

static inline void asm_modrm_unit(Asm *a, unsigned reg, AsmMem m, int32_t unit)
{
    unsigned r = (reg & 7) << 3;

    if (m.base == NO_REG) { /* mod 0, base 5: no base, disp32 */
        unsigned index = m.index == NO_REG ? 4 : m.index & 7;

        asm_u8(a, r | 4);
        asm_u8(a, m.shift << 6 | index << 3 | 5);
        asm_u32(a, m.disp);
        return;
    }
    unsigned mod = m.disp == 0 && (m.base & 7) != 5 ? 0
                   : asm_fits8_unit(m.disp, unit)   ? 0x40
                                                    : 0x80;
    if (m.index != NO_REG || (m.base & 7) == 4) {
        unsigned index = m.index == NO_REG ? 4 : m.index & 7;

        asm_u8(a, mod | r | 4);
        asm_u8(a, m.shift << 6 | index << 3 | (m.base & 7));
    } else {
        asm_u8(a, mod | r | (m.base & 7));
    }
    if (mod == 0x40) {
        asm_u8(a, m.disp / unit);
    } else if (mod == 0x80) {
        asm_u32(a, m.disp);
    }
}

static inline void asm_modrm(Asm *a, unsigned reg, AsmMem m)
{
    asm_modrm_unit(a, reg, m, 1);
}

static inline void asm_rm(Asm *a, uint32_t op, unsigned reg, AsmMem m)
{
    asm_opcode(a, op, reg, m.index == NO_REG ? 0 : m.index,
               m.base == NO_REG ? 0 : m.base, false);
    asm_modrm(a, reg, m);
}

/* VEX, three-byte form; pp: 0 none, 1 66, 2 F3, 3 F2. Register operands. */
static inline void asm_vex_rr(Asm *a, unsigned map, unsigned pp, bool w,
                              uint8_t op, unsigned reg, unsigned vvvv,
                              unsigned rm)
{
    asm_u8(a, 0xc4);
    asm_u8(a, (~reg >> 3 & 1) << 7 | 0x40 | (~rm >> 3 & 1) << 5 | map);
    asm_u8(a, w << 7 | (~vvvv & 15) << 3 | pp);
    asm_u8(a, op);
    asm_u8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* ---- the instructions that occur everywhere --------------------------- */

static inline void asm_mov(Asm *a, unsigned dst, unsigned src)
{
    asm_rr(a, asm_typed(OP_MOV_STORE, IR_I64), src, dst);
}

static inline void asm_mov32(Asm *a, unsigned dst, unsigned src)
{
    asm_rr(a, asm_typed(OP_MOV_STORE, IR_I32), src, dst);
}

static inline void asm_load(Asm *a, unsigned dst, AsmMem m)
{
    asm_rm(a, asm_typed(OP_MOV_LOAD, IR_I64), dst, m);
}

static inline void asm_load32(Asm *a, unsigned dst, AsmMem m)
{
    asm_rm(a, asm_typed(OP_MOV_LOAD, IR_I32), dst, m);
}

static inline void asm_store(Asm *a, AsmMem m, unsigned src)
{
    asm_rm(a, asm_typed(OP_MOV_STORE, IR_I64), src, m);
}

/* A quadword. */
static inline void asm_store_i(Asm *a, AsmMem m, int32_t imm)
{
    asm_rm(a, 0xc7 | ASM_W, 0, m);
    asm_u32(a, imm);
}

static inline void asm_lea(Asm *a, unsigned dst, AsmMem m)
{
    asm_rm(a, OP_LEA, dst, m);
}

/* Shortest form that leaves the flags alone. */
static inline void asm_movi(Asm *a, unsigned dst, uint64_t v)
{
    if (v <= UINT32_MAX) {
        asm_opcode(a, 0xb8 | (dst & 7), 0, 0, dst, false);
        asm_u32(a, v);
    } else if (asm_fits32(v)) {
        asm_rr(a, asm_typed(0xc6, IR_I64) & ~ASM_REG8, 0, dst);
        asm_u32(a, v);
    } else {
        asm_opcode(a, 0xb8 | (dst & 7) | ASM_W, 0, 0, dst, false);
        asm_u64(a, v);
    }
}

static inline void asm_imm(Asm *a, IrType t, int64_t imm)
{
    if (t == IR_I8) {
        asm_u8(a, imm);
    } else if (t == IR_I16) {
        asm_u8(a, imm);
        asm_u8(a, imm >> 8);
    } else {
        asm_u32(a, imm);
    }
}

static inline void asm_alu_rr(Asm *a, unsigned alu, IrType t, unsigned dst,
                              unsigned src)
{
    asm_rr(a, asm_typed(alu << 3, t), src, dst);
}

static inline void asm_alu_rm(Asm *a, unsigned alu, IrType t, unsigned dst,
                              AsmMem m)
{
    asm_rm(a, asm_typed(alu << 3 | 2, t), dst, m);
}

/* imm as the type's width sign-extended. */
static inline void asm_alu_ri(Asm *a, unsigned alu, IrType t, unsigned dst,
                              int64_t imm)
{
    if (t != IR_I8 && asm_fits8(imm)) {
        asm_rr(a, asm_typed_group(0x82, t), alu, dst);
        asm_u8(a, imm);
        return;
    }
    asm_rr(a, asm_typed_group(0x80, t), alu, dst);
    asm_imm(a, t, imm);
}

static inline void asm_alu_mi(Asm *a, unsigned alu, IrType t, AsmMem m,
                              int64_t imm)
{
    if (t != IR_I8 && asm_fits8(imm)) {
        asm_rm(a, asm_typed_group(0x82, t), alu, m);
        asm_u8(a, imm);
        return;
    }
    asm_rm(a, asm_typed_group(0x80, t), alu, m);
    asm_imm(a, t, imm);
}

enum {
    SHIFT_ROL,
    SHIFT_ROR,
    SHIFT_RCR = 3,
    SHIFT_SHL,
    SHIFT_SHR,
    SHIFT_SAR = 7
};

static inline void asm_shift_i(Asm *a, unsigned shift, IrType t, unsigned dst,
                               unsigned count)
{
    asm_rr(a, asm_typed_group(0xc0, t), shift, dst);
    asm_u8(a, count);
}

/* Group 3 (F6/F7): TEST 0, NOT 2, NEG 3, MUL 4, IMUL 5. */
enum { GROUP3_TEST, GROUP3_NOT = 2, GROUP3_NEG, GROUP3_MUL, GROUP3_IMUL };

static inline void asm_group3(Asm *a, unsigned op, IrType t, unsigned rm)
{
    asm_rr(a, asm_typed_group(0xf6, t), op, rm);
}

/* ---- jumps: the rel32's place is what gets fixed ---------------------- */

static inline void asm_fix(uint8_t *rel, const uint8_t *target)
{
    int32_t v = target - (rel + 4);

    memcpy(rel, &v, 4);
}

static inline uint8_t *asm_rel32(Asm *a)
{
    a->p += 4;
    return a->p - 4;
}

static inline uint8_t *asm_jcc(Asm *a, unsigned cc)
{
    asm_u8(a, 0x0f);
    asm_u8(a, 0x80 | cc);
    return asm_rel32(a);
}

static inline uint8_t *asm_jmp(Asm *a)
{
    asm_u8(a, 0xe9);
    return asm_rel32(a);
}

static inline uint8_t *asm_jcc8(Asm *a, unsigned cc)
{
    asm_u8(a, 0x70 | cc);
    asm_u8(a, 0);
    return a->p - 1;
}

/* Branches without looking at flags. */
static inline uint8_t *asm_jrcxz(Asm *a)
{
    asm_u8(a, 0xe3);
    asm_u8(a, 0);
    return a->p - 1;
}

static inline uint8_t *asm_jmp8(Asm *a)
{
    asm_u8(a, 0xeb);
    asm_u8(a, 0);
    return a->p - 1;
}

static inline void asm_fix8(uint8_t *rel, const uint8_t *target)
{
    *rel = target - (rel + 1);
}

/* To an address in the executable view of the same buffer. */
static inline void asm_jmp_to(Asm *a, const void *exec)
{
    asm_fix(asm_jmp(a), (const uint8_t *)exec - a->to_exec);
}

static inline void asm_jcc_to(Asm *a, unsigned cc, const void *exec)
{
    asm_fix(asm_jcc(a, cc), (const uint8_t *)exec - a->to_exec);
}

static inline void asm_call_to(Asm *a, const void *exec)
{
    asm_u8(a, 0xe8);
    asm_fix(asm_rel32(a), (const uint8_t *)exec - a->to_exec);
}

/* op reg, [rip + rel32], 64 bits: where rel32 is. */
static inline uint8_t *asm_here(Asm *a, uint8_t opcode, unsigned reg)
{
    asm_u8(a, reg & 8 ? 0x4c : 0x48);
    asm_u8(a, opcode);
    asm_u8(a, (reg & 7) << 3 | 5);
    return asm_rel32(a);
}

/* The address of anything in the program. */
static inline void asm_address(Asm *a, unsigned dst, const void *v)
{
    intptr_t rel = (const uint8_t *)v - (asm_exec(a, a->p) + 7);

    if (!asm_fits32(rel)) {
        asm_movi(a, dst, (uintptr_t)v);
        return;
    }
    asm_opcode(a, OP_LEA, dst, 0, 0, false);
    asm_u8(a, (dst & 7) << 3 | 5); /* mod 0, rm 5: relative to rip */
    asm_u32(a, rel);
}

/* Call C; destroys rax where the program is out of a direct call's reach. */
static inline void asm_call_c(Asm *a, const void *fn)
{
    intptr_t rel = (const uint8_t *)fn - (asm_exec(a, a->p) + 5);

    if (asm_fits32(rel)) {
        asm_u8(a, 0xe8);
        asm_u32(a, rel);
        return;
    }
    asm_movi(a, RAX, (uintptr_t)fn);
    asm_rr(a, 0xff, 2, RAX);
}

/* Pad with one long no-operation until p is at `at` modulo `align` (SDM 2B,
 * NOP: recommended multi-byte sequences). */
void asm_pad(Asm *a, unsigned align, unsigned at);

#endif
