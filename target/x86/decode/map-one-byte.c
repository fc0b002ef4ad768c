/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one-byte opcode map (SDM 2D table A-2). Prefixes, 0F, VEX (C4, C5 and 62
 * where they are not LES, LDS and BOUND) never reach it.
 */
#include "target/x86/decode/tables.h"

/* clang-format off */

/* The six forms that eight arithmetic instructions share. */
#define ALU(base, name, kind, lock) \
    [base + 0] = INSN(name, kind(lock), E_b, G_b), \
    [base + 1] = INSN(name, kind(lock), E_v, G_v), \
    [base + 2] = INSN(name, kind(0), G_b, E_b), \
    [base + 3] = INSN(name, kind(0), G_v, E_v), \
    [base + 4] = INSN(name, kind(0), AL, I_b), \
    [base + 5] = INSN(name, kind(0), AX_v, I_z)

/* Eight registers in the opcode's low bits. */
#define EIGHT(base, ...) \
    [base + 0] = __VA_ARGS__, \
    [base + 1] = __VA_ARGS__, \
    [base + 2] = __VA_ARGS__, \
    [base + 3] = __VA_ARGS__, \
    [base + 4] = __VA_ARGS__, \
    [base + 5] = __VA_ARGS__, \
    [base + 6] = __VA_ARGS__, \
    [base + 7] = __VA_ARGS__

#define JCC(flags) INSN(JCC, KIND(JUMP(FORCE64), .flags_in = (flags)), J_b)

const DecodeNode decode_map_one_byte[256] = {
    ALU(0x00, ADD, ARITH, LOCK),
    [0x06] = INSN(PUSH, STACK(NO64, ACCESS_R), ES),
    [0x07] = INSN(POP, STACK(NO64, ACCESS_W), ES),
    ALU(0x08, OR, LOGIC, LOCK),
    [0x0e] = INSN(PUSH, STACK(NO64, ACCESS_R), CS),
    ALU(0x10, ADC, ARITH_CARRY, LOCK),
    [0x16] = INSN(PUSH, STACK(NO64, ACCESS_R), SS),
    [0x17] = INSN(POP, STACK(NO64, ACCESS_W), SS),
    ALU(0x18, SBB, ARITH_CARRY, LOCK),
    [0x1e] = INSN(PUSH, STACK(NO64, ACCESS_R), DS),
    [0x1f] = INSN(POP, STACK(NO64, ACCESS_W), DS),
    ALU(0x20, AND, LOGIC, LOCK),
    [0x27] = INSN(DAA, DECIMAL(F_C | F_A, F_O)),
    ALU(0x28, SUB, ARITH, LOCK),
    [0x2f] = INSN(DAS, DECIMAL(F_C | F_A, F_O)),
    ALU(0x30, XOR, LOGIC, LOCK),
    [0x37] = INSN(AAA, DECIMAL(F_A, F_O | F_S | F_Z | F_P)),
    ALU(0x38, CMP, COMPARE, 0),
    [0x3f] = INSN(AAS, DECIMAL(F_A, F_O | F_S | F_Z | F_P)),

    /* REX in 64-bit mode */
    EIGHT(0x40, INSN(INC, COUNT(NO64), Z_v)),
    EIGHT(0x48, INSN(DEC, COUNT(NO64), Z_v)),

    EIGHT(0x50, INSN(PUSH, STACK(DEF64, ACCESS_R), Z_v)),
    EIGHT(0x58, INSN(POP, STACK(DEF64, ACCESS_W), Z_v)),

    [0x60] = INSN(PUSHA, KIND(.attr = NO64, .gpr_in = 0xff, .gpr_out = R_SP)),
    [0x61] = INSN(POPA, KIND(.attr = NO64, .gpr_in = R_SP, .gpr_out = 0xff)),
    [0x62] = INSN(BOUND, READS(NO64), G_v, M_a),
    [0x63] = MODE(INSN(ARPL, KIND(.attr = PROT, .access = ACCESS_RW, .flags_out = F_Z), E_w, G_w),
                  INSN(MOVSXD, MOVES(0), G_v, E_z)),
    [0x68] = INSN(PUSH, STACK(DEF64, ACCESS_R), I_z),
    [0x69] = INSN(IMUL3, MULTIPLY_TO(ACCESS_W), G_v, E_v, I_z),
    [0x6a] = INSN(PUSH, STACK(DEF64, ACCESS_R), I_bs),
    [0x6b] = INSN(IMUL3, MULTIPLY_TO(ACCESS_W), G_v, E_v, I_bs),
    [0x6c] = INSN(INS, STRING(IO, ACCESS_W, R_DI | R_DX, R_DI), Y_b, DX),
    [0x6d] = INSN(INS, STRING(IO, ACCESS_W, R_DI | R_DX, R_DI), Y_z, DX),
    [0x6e] = INSN(OUTS, STRING(IO, ACCESS_R, R_SI | R_DX, R_SI), DX, X_b),
    [0x6f] = INSN(OUTS, STRING(IO, ACCESS_R, R_SI | R_DX, R_SI), DX, X_z),

    [0x70] = JCC(F_O), [0x71] = JCC(F_O),
    [0x72] = JCC(F_C), [0x73] = JCC(F_C),
    [0x74] = JCC(F_Z), [0x75] = JCC(F_Z),
    [0x76] = JCC(F_C | F_Z), [0x77] = JCC(F_C | F_Z),
    [0x78] = JCC(F_S), [0x79] = JCC(F_S),
    [0x7a] = JCC(F_P), [0x7b] = JCC(F_P),
    [0x7c] = JCC(F_S | F_O), [0x7d] = JCC(F_S | F_O),
    [0x7e] = JCC(F_Z | F_S | F_O), [0x7f] = JCC(F_Z | F_S | F_O),

    [0x80] = GROUP(decode_group1_Eb_Ib),
    [0x81] = GROUP(decode_group1_Ev_Iz),
    [0x82] = GROUP(decode_group1_alias),
    [0x83] = GROUP(decode_group1_Ev_Ib),
    [0x84] = INSN(TEST, TESTS(0), E_b, G_b),
    [0x85] = INSN(TEST, TESTS(0), E_v, G_v),
    /* XCHG with memory is locked with or without the prefix. */
    [0x86] = INSN(XCHG, KIND(.attr = NATIVE | LOCK, .access = ACCESS_RW_RW), E_b, G_b),
    [0x87] = INSN(XCHG, KIND(.attr = NATIVE | LOCK, .access = ACCESS_RW_RW), E_v, G_v),
    [0x88] = INSN(MOV, MOVES(0), E_b, G_b),
    [0x89] = INSN(MOV, MOVES(0), E_v, G_v),
    [0x8a] = INSN(MOV, MOVES(0), G_b, E_b),
    [0x8b] = INSN(MOV, MOVES(0), G_v, E_v),
    [0x8c] = INSN(MOV_SEG, WRITES(0), RvMw, S_w),
    [0x8d] = INSN(LEA, WRITES(NOSEG), G_v, M_0),
    [0x8e] = INSN(MOV_SEG, WRITES(0), S_w, E_w),
    [0x8f] = GROUP(decode_group1A),

    [0x90] = REXB(REP(INSN(NOP, PLAIN(0)), INSN(PAUSE, PLAIN(0)), INSN(NOP, PLAIN(0))),
                  INSN(XCHG, KIND(.attr = NATIVE, .access = ACCESS_RW_RW), Z_v, AX_v)),
#define XCHG_AX INSN(XCHG, KIND(.attr = NATIVE, .access = ACCESS_RW_RW), Z_v, AX_v)
    [0x91] = XCHG_AX, [0x92] = XCHG_AX, [0x93] = XCHG_AX, [0x94] = XCHG_AX,
    [0x95] = XCHG_AX, [0x96] = XCHG_AX, [0x97] = XCHG_AX,
    [0x98] = INSN(CBW, KIND(.attr = NATIVE, .gpr_in = R_AX, .gpr_out = R_AX)),
    [0x99] = INSN(CWD, KIND(.attr = NATIVE, .gpr_in = R_AX, .gpr_out = R_DX)),
    [0x9a] = INSN(CALLF, KIND(FAR(NO64), .gpr_in = R_SP, .gpr_out = R_SP), A_p),
    [0x9b] = INSN(FWAIT, PLAIN(X86_A_X87)),
    [0x9c] = INSN(PUSHF, KIND(STACK(DEF64 | IOPL, 0), .flags_in = F_ALL | F_SYS)),
    [0x9d] = INSN(POPF, KIND(STACK(DEF64 | IOPL, 0), .flags_out = F_ALL | F_SYS)),
    [0x9e] = INSN(SAHF, KIND(.attr = NATIVE, .gpr_in = R_AX, .flags_out = F_ALL & ~F_O)),
    [0x9f] = INSN(LAHF, KIND(.attr = NATIVE, .gpr_in = R_AX, .gpr_out = R_AX, .flags_in = F_ALL & ~F_O)),

    [0xa0] = INSN(MOV, MOVES(0), AL, O_b),
    [0xa1] = INSN(MOV, MOVES(0), AX_v, O_v),
    [0xa2] = INSN(MOV, MOVES(0), O_b, AL),
    [0xa3] = INSN(MOV, MOVES(0), O_v, AX_v),
    [0xa4] = INSN(MOVS, STRING(0, ACCESS_W, R_SI | R_DI, R_SI | R_DI), Y_b, X_b),
    [0xa5] = INSN(MOVS, STRING(0, ACCESS_W, R_SI | R_DI, R_SI | R_DI), Y_v, X_v),
    [0xa6] = INSN(CMPS, STRING_COMPARE(ACCESS_R, R_SI | R_DI, R_SI | R_DI), X_b, Y_b),
    [0xa7] = INSN(CMPS, STRING_COMPARE(ACCESS_R, R_SI | R_DI, R_SI | R_DI), X_v, Y_v),
    [0xa8] = INSN(TEST, TESTS(0), AL, I_b),
    [0xa9] = INSN(TEST, TESTS(0), AX_v, I_z),
    [0xaa] = INSN(STOS, STRING(0, ACCESS_W, R_DI | R_AX, R_DI), Y_b, AL),
    [0xab] = INSN(STOS, STRING(0, ACCESS_W, R_DI | R_AX, R_DI), Y_v, AX_v),
    [0xac] = INSN(LODS, STRING(0, ACCESS_W, R_SI, R_SI | R_AX), AL, X_b),
    [0xad] = INSN(LODS, STRING(0, ACCESS_W, R_SI, R_SI | R_AX), AX_v, X_v),
    [0xae] = INSN(SCAS, STRING_COMPARE(ACCESS_R, R_DI | R_AX, R_DI), AL, Y_b),
    [0xaf] = INSN(SCAS, STRING_COMPARE(ACCESS_R, R_DI | R_AX, R_DI), AX_v, Y_v),

    EIGHT(0xb0, INSN(MOV, MOVES(0), Z_b, I_b)),
    EIGHT(0xb8, INSN(MOV, MOVES(0), Z_v, I_v)),

    [0xc0] = GROUP(decode_group2_Eb_Ib),
    [0xc1] = GROUP(decode_group2_Ev_Ib),
    [0xc2] = INSN(RET, STACK(BRANCH | FORCE64, ACCESS_R), I_w),
    [0xc3] = INSN(RET, STACK(BRANCH | FORCE64, 0)),
    [0xc4] = INSN(LES, WRITES(NO64), G_v, M_p),
    [0xc5] = INSN(LDS, WRITES(NO64), G_v, M_p),
    [0xc6] = GROUP(decode_group11_Eb),
    [0xc7] = GROUP(decode_group11_Ev),
    [0xc8] = INSN(ENTER, KIND(.attr = DEF64, .access = ACCESS_R, .gpr_in = R_SP | R_BP, .gpr_out = R_SP | R_BP), I_w, I2_b),
    [0xc9] = INSN(LEAVE, KIND(.attr = DEF64, .gpr_in = R_BP, .gpr_out = R_SP | R_BP)),
    [0xca] = INSN(RETF, STACK(BRANCH, ACCESS_R), I_w),
    [0xcb] = INSN(RETF, STACK(BRANCH, 0)),
    [0xcc] = INSN(INT3, PLAIN(BRANCH)),
    [0xcd] = INSN(INT, READS(BRANCH), I_b),
    [0xce] = INSN(INTO, KIND(.attr = BRANCH | NO64, .flags_in = F_O)),
    [0xcf] = INSN(IRET, KIND(STACK(BRANCH, 0), .flags_out = F_ALL | F_SYS)),

    [0xd0] = GROUP(decode_group2_Eb_1),
    [0xd1] = GROUP(decode_group2_Ev_1),
    [0xd2] = GROUP(decode_group2_Eb_CL),
    [0xd3] = GROUP(decode_group2_Ev_CL),
    [0xd4] = INSN(AAM, DECIMAL(0, F_O | F_A | F_C), I_b),
    [0xd5] = INSN(AAD, DECIMAL(0, F_O | F_A | F_C), I_b),
    [0xd6] = INSN(SALC, KIND(.attr = NO64, .flags_in = F_C, .gpr_in = R_AX, .gpr_out = R_AX)),
    [0xd7] = INSN(XLAT, KIND(.gpr_in = R_AX | R_BX, .gpr_out = R_AX)),
    [0xd8] = { .split = SPLIT_MOD, .sub = decode_x87[0] },
    [0xd9] = { .split = SPLIT_MOD, .sub = decode_x87[1] },
    [0xda] = { .split = SPLIT_MOD, .sub = decode_x87[2] },
    [0xdb] = { .split = SPLIT_MOD, .sub = decode_x87[3] },
    [0xdc] = { .split = SPLIT_MOD, .sub = decode_x87[4] },
    [0xdd] = { .split = SPLIT_MOD, .sub = decode_x87[5] },
    [0xde] = { .split = SPLIT_MOD, .sub = decode_x87[6] },
    [0xdf] = { .split = SPLIT_MOD, .sub = decode_x87[7] },

    [0xe0] = INSN(LOOPNE, KIND(JUMP(FORCE64), .flags_in = F_Z, .gpr_in = R_CX, .gpr_out = R_CX), J_b),
    [0xe1] = INSN(LOOPE, KIND(JUMP(FORCE64), .flags_in = F_Z, .gpr_in = R_CX, .gpr_out = R_CX), J_b),
    [0xe2] = INSN(LOOP, KIND(JUMP(FORCE64), .gpr_in = R_CX, .gpr_out = R_CX), J_b),
    [0xe3] = INSN(JCXZ, KIND(JUMP(FORCE64), .gpr_in = R_CX), J_b),
    [0xe4] = INSN(IN, WRITES(IO), AL, I_b),
    [0xe5] = INSN(IN, WRITES(IO), AX_z, I_b),
    [0xe6] = INSN(OUT, READS(IO), I_b, AL),
    [0xe7] = INSN(OUT, READS(IO), I_b, AX_z),
    [0xe8] = INSN(CALL, KIND(JUMP(FORCE64), .gpr_in = R_SP, .gpr_out = R_SP), J_z),
    [0xe9] = INSN(JMP, JUMP(FORCE64), J_z),
    [0xea] = INSN(JMPF, FAR(NO64), A_p),
    [0xeb] = INSN(JMP, JUMP(FORCE64), J_b),
    [0xec] = INSN(IN, WRITES(IO), AL, DX),
    [0xed] = INSN(IN, WRITES(IO), AX_z, DX),
    [0xee] = INSN(OUT, READS(IO), DX, AL),
    [0xef] = INSN(OUT, READS(IO), DX, AX_z),

    [0xf1] = INSN(INT1, PLAIN(BRANCH)),
    [0xf4] = INSN(HLT, PLAIN(PRIV | BRANCH)),
    [0xf5] = INSN(CMC, FLAG(NATIVE, F_C, F_C)),
    [0xf6] = GROUP(decode_group3_Eb),
    [0xf7] = GROUP(decode_group3_Ev),
    [0xf8] = INSN(CLC, FLAG(NATIVE, 0, F_C)),
    [0xf9] = INSN(STC, FLAG(NATIVE, 0, F_C)),
    [0xfa] = INSN(CLI, FLAG(IOPL, 0, F_I)),
    [0xfb] = INSN(STI, FLAG(IOPL, 0, F_I)),
    [0xfc] = INSN(CLD, FLAG(0, 0, F_D)),
    [0xfd] = INSN(STD, FLAG(0, 0, F_D)),
    [0xfe] = GROUP(decode_group4),
    [0xff] = GROUP(decode_group5),
};
