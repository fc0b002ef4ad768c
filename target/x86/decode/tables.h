/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of the opcode maps; for this folder and its tests only.
 *
 * A map is an array of 256 nodes. A node is a row, or splits further by the
 * thing its name says. Operands are written in the letters of SDM 2D A.2, with
 * these departures: Z is the register in the opcode's low bits; RvMw means "a
 * register of size v or memory of size w"; sizes of vector operands are what
 * the instruction reads or writes (W_q: 8 bytes); I_bs is a sign-extended byte;
 * M_0 is a memory operand of no fixed size. The second field of INSN says what
 * kind of instruction it is: which flags, which access, which attributes.
 */
#ifndef TARGET_X86_DECODE_TABLES_H
#define TARGET_X86_DECODE_TABLES_H

#include "target/x86/decode/decode.h"
#include "target/x86/features.h"

typedef enum DecodeSplit {
    SPLIT_ROW,    /* not split: the row, or NULL for an invalid opcode */
    SPLIT_PREFIX, /* mandatory prefix: none, 66, F3, F2; F3/F2 beat 66 */
    SPLIT_REP,    /* none, F3, F2; 66 remains an operand size prefix */
    SPLIT_REG,    /* ModRM.reg */
    SPLIT_MOD,    /* memory, register */
    SPLIT_RM,     /* ModRM.rm */
    SPLIT_MODE,   /* 16- and 32-bit code, 64-bit code */
    SPLIT_W,      /* REX.W, VEX.W */
    SPLIT_L,      /* VEX.L */
    SPLIT_REXB,   /* REX.B */
    SPLIT_LL,     /* EVEX.L'L */
    SPLIT_COUNT
} DecodeSplit;

typedef struct DecodeNode DecodeNode;
struct DecodeNode {
    uint8_t split;
    union {
        const X86Row *row;
        const DecodeNode *sub;
    };
};

/* One-byte, 0F, 0F38, 0F3A; VEX and EVEX maps 1 to 3. */
extern const DecodeNode decode_map_one_byte[256];
extern const DecodeNode decode_map_0f[256];
extern const DecodeNode decode_map_0f38[256];
extern const DecodeNode decode_map_0f3a[256];
extern const DecodeNode decode_map_vex_0f[256];
extern const DecodeNode decode_map_vex_0f38[256];
extern const DecodeNode decode_map_vex_0f3a[256];
extern const DecodeNode decode_map_evex_0f[256];
extern const DecodeNode decode_map_evex_0f38[256];
extern const DecodeNode decode_map_evex_0f3a[256];
/* For tests: where a row stands. */
typedef struct DecodePlace {
    const X86Row *row;
    uint8_t vex; /* 1: VEX, 2: EVEX */
    uint8_t map;
    int16_t choice[SPLIT_COUNT]; /* per split: the branch, -1: not asked;
                                    SPLIT_ROW: the opcode */
} DecodePlace;
/* All rows of all maps, in a fixed order; false after the last. */
bool decode_place(size_t n, DecodePlace *place);

/* x87: by opcode D8..DF, then as written there. */
extern const DecodeNode decode_x87[8][2];
/* The groups, by ModRM.reg; SDM 2D A.4. */
extern const DecodeNode decode_group1_Eb_Ib[8], decode_group1_Ev_Iz[8],
    decode_group1_alias[8], decode_group1_Ev_Ib[8], decode_group1A[8],
    decode_group2_Eb_Ib[8], decode_group2_Ev_Ib[8], decode_group2_Eb_1[8],
    decode_group2_Ev_1[8], decode_group2_Eb_CL[8], decode_group2_Ev_CL[8],
    decode_group3_Eb[8], decode_group3_Ev[8], decode_group4[8],
    decode_group5[8], decode_group6[8], decode_group7[8], decode_group8[8],
    decode_group9[8], decode_group11_Eb[8], decode_group11_Ev[8],
    decode_group12[8], decode_group13[8], decode_group14[8], decode_group15[8],
    decode_group16[8], decode_groupP[8], decode_group_VEX12[8],
    decode_group_VEX13[8], decode_group_VEX14[8], decode_group_VEX15[8],
    decode_group_VEX17[8], decode_group_EVEX12[8], decode_group_EVEX13[8],
    decode_group_EVEX14[8];

/* clang-format off */
typedef enum Letter {
    L_NONE,
    /* ModRM.rm: general register or memory */
    E_b, E_w, E_d, E_v, E_z, E_y, E_m,
    RvMw, RdMb, RdMw,
    /* ModRM.rm: register only */
    R_v, R_y, R_m, R_d,
    /* ModRM.rm: memory only */
    M_0, M_b, M_w, M_d, M_q, M_dq, M_x, M_xh, M_v, M_y, M_p, M_a, M_s, M_t,
    M_env, M_save, M_fx, M_zmm,
    /* ModRM.reg */
    G_b, G_w, G_d, G_v, G_y, G_m, G_ad, S_w, C_m, D_m,
    /* VEX.vvvv: general register */
    B_y,
    /* opcode bits 0..2 with REX.B */
    Z_b, Z_v,
    /* immediates */
    I_b, I_bs, I_w, I_z, I_v, I_1, I2_b, J_b, J_z, A_p, O_b, O_v,
    /* fixed registers */
    AL, AX_w, AX_v, AX_z, CL, DX, ES, CS, SS, DS, FS, GS,
    /* strings */
    X_b, X_v, X_z, Y_b, Y_v, Y_z,
    /* x87 */
    ST0, STi,
    /* MMX: reg, rm or memory, rm only */
    P_q, Q_q, Q_d, N_q,
    /* vector: reg, rm or memory, rm only, VEX.vvvv, imm8[7:4]; VSIB */
    V_d, V_q, V_dq, V_x, V_xh,
    W_b, W_w, W_d, W_q, W_dq, W_x, W_xh, W_xq, W_xe,
    U_d, U_q, U_dq, U_x,
    H_d, H_q, H_dq, H_x,
    L_x,
    VSIB_d, VSIB_q, /* the elements' size */
    /* opmasks: reg, rm, VEX.vvvv, rm or memory */
    K_b, K_w, K_d, K_q, KR_b, KR_w, KR_d, KR_q, KH_b, KH_w, KH_d, KH_q,
    KM_b, KM_w, KM_d, KM_q,
    LETTER_COUNT
} Letter;
/* clang-format on */

/* Attributes of rows as the tables spell them; the last ones are only for the
 * decoder. */
enum {
    LOCK = X86_A_LOCK,
    PRIV = X86_A_PRIV,
    NO64 = X86_A_NO64,
    ONLY64 = X86_A_ONLY64,
    DEF64 = X86_A_DEF64,
    FORCE64 = X86_A_FORCE64,
    PROT = X86_A_PROT,
    NATIVE = X86_A_NATIVE,
    BRANCH = X86_A_BRANCH,
    ALIGN = X86_A_ALIGN,
    IO = X86_A_IO,
    IOPL = X86_A_IOPL,
    UNIMPL = X86_A_UNIMPLEMENTED,
    FPENV = X86_A_FPENV,
    NOSEG = X86_A_NOSEG,
    MMX = X86_A_MMX,
    ANY_MOD = 1 << 22, /* ModRM.mod is ignored: always a register */
    L0 = 1 << 23,      /* VEX.L must be this */
    L1 = 1 << 24,
    W0 = 1 << 25, /* VEX.W must be this; L and W are ignored otherwise */
    W1 = 1 << 26,
    DISTINCT = 1 << 27, /* gathers: the three registers must differ */
};

/* Access of the four operands, two bits each. */
enum {
    ACCESS_R = 0x55,
    ACCESS_W = 0x56,
    ACCESS_RW = 0x57,
    ACCESS_RW_RW = 0x5f,
    ACCESS_W_W = 0x5a,
    ACCESS_W_W_W = 0x6a,
    ACCESS_NONE = 0,
};

/* EFLAGS bits. */
enum {
    F_C = 1 << 0,
    F_P = 1 << 2,
    F_A = 1 << 4,
    F_Z = 1 << 6,
    F_S = 1 << 7,
    F_T = 1 << 8,
    F_I = 1 << 9,
    F_D = 1 << 10,
    F_O = 1 << 11,
    F_ALL = F_C | F_P | F_A | F_Z | F_S | F_O,
    F_SYS = 0x7700, /* TF IF DF IOPL NT */
};

/* General registers as a mask. */
enum {
    R_AX = 1 << X86_RAX,
    R_CX = 1 << X86_RCX,
    R_DX = 1 << X86_RDX,
    R_BX = 1 << X86_RBX,
    R_SP = 1 << X86_RSP,
    R_BP = 1 << X86_RBP,
    R_SI = 1 << X86_RSI,
    R_DI = 1 << X86_RDI,
    R_R11 = 1 << X86_R11,
};

#define INSN(name, kind, ...)                                                  \
    {                                                                          \
        .split = SPLIT_ROW, .row = &(const X86Row)                             \
        {                                                                      \
            .mnemonic = X86_##name, .operand = { __VA_ARGS__ }, kind           \
        }                                                                      \
    }
#define SPLIT(how, ...)                                                        \
    {                                                                          \
        .split = how, .sub = (const DecodeNode[])                              \
        {                                                                      \
            __VA_ARGS__                                                        \
        }                                                                      \
    }
#define GROUP(array)                                                           \
    {                                                                          \
        .split = SPLIT_REG, .sub = array                                       \
    }
/* clang-format off */
#define NONE { .split = SPLIT_ROW, .row = NULL }
/* clang-format on */
/* Every split has all its branches, so that indexing needs no check. */
#define PREFIX(np, p66, f3, f2) SPLIT(SPLIT_PREFIX, np, p66, f3, f2)
#define NP(...) SPLIT(SPLIT_PREFIX, __VA_ARGS__, NONE, NONE, NONE)
#define ONLY_66(...) SPLIT(SPLIT_PREFIX, NONE, __VA_ARGS__, NONE, NONE)
#define ONLY_F3(...) SPLIT(SPLIT_PREFIX, NONE, NONE, __VA_ARGS__, NONE)
#define REP(none, f3, f2) SPLIT(SPLIT_REP, none, f3, f2)
#define MOD(mem, reg) SPLIT(SPLIT_MOD, mem, reg)
#define RM(a, b, c, d, e, f, g, h) SPLIT(SPLIT_RM, a, b, c, d, e, f, g, h)
#define REG(a, b, c, d, e, f, g, h) SPLIT(SPLIT_REG, a, b, c, d, e, f, g, h)
#define MODE(legacy, long_mode) SPLIT(SPLIT_MODE, legacy, long_mode)
#define W(w0, w1) SPLIT(SPLIT_W, w0, w1)
#define VL(l128, l256) SPLIT(SPLIT_L, l128, l256)
/* EVEX.L'L: 128 bits, and the longer ones. */
#define VL3(l128, longer) SPLIT(SPLIT_LL, l128, longer, longer, NONE)
#define REXB(b0, b1) SPLIT(SPLIT_REXB, b0, b1)

/* Attributes of EVEX rows as the tables spell them. */
enum {
    E8 = 0,
    E16 = 1,
    E32 = 2,
    E64 = 3,
    MASK = X86_E_MASK,
    MZ = X86_E_MASK | X86_E_ZERO,
    B32 = X86_E_BCAST32,
    B64 = X86_E_BCAST64,
    ER = X86_E_ROUND | X86_E_SAE,
    SAE = X86_E_SAE,
    WHOLE = X86_E_WHOLE,
    PACKED = X86_E_PACKED,
    SCALAR = X86_E_SCALAR,
    ONLY_128 = X86_E_L128,
    FROM_256 = X86_E_L256 | X86_E_L512,
    ONLY_512 = X86_E_L512,
    FULL32 = MZ | E32 | B32,
    FULL64 = MZ | E64 | B64,
};

/* ---- Kinds of instructions ------------------------------------------------
 */

/* A kind of its own, spelled out or added to. */
#define KIND(...) __VA_ARGS__

/* No flags: moves (writes its first operand), updates, and mere readers. */
#define MOVES(a) .attr = NATIVE | (a), .access = ACCESS_W
#define UPDATES(a) .attr = NATIVE | (a), .access = ACCESS_RW
/* The same, not to be run as themselves. */
#define WRITES(a) .attr = (a), .access = ACCESS_W
#define READS(a) .attr = (a), .access = ACCESS_R
#define PLAIN(a) .attr = (a)

#define ARITH(a) .attr = NATIVE | (a), .access = ACCESS_RW, .flags_out = F_ALL
#define ARITH_CARRY(a) ARITH(a), .flags_in = F_C
#define LOGIC(a) ARITH(a), .flags_undef = F_A
#define COMPARE(a) .attr = NATIVE | (a), .access = ACCESS_R, .flags_out = F_ALL
#define TESTS(a) COMPARE(a), .flags_undef = F_A
#define COUNT(a)                                                               \
    .attr = NATIVE | (a), .access = ACCESS_RW, .flags_out = F_ALL & ~F_C
/* A count of zero leaves the flags as they were, so they are read, too. OF is
 * undefined for counts other than one. */
#define SHIFT(cl)                                                              \
    .attr = NATIVE, .access = ACCESS_RW, .flags_in = F_ALL,                    \
    .flags_out = F_ALL, .flags_undef = F_A | F_O, .gpr_in = (cl)
#define SHIFT_ONE(cl)                                                          \
    .attr = NATIVE, .access = ACCESS_RW, .flags_out = F_ALL,                   \
    .flags_undef = F_A, .gpr_in = (cl)
#define ROTATE(cl)                                                             \
    .attr = NATIVE, .access = ACCESS_RW, .flags_in = F_C | F_O,                \
    .flags_out = F_C | F_O, .flags_undef = F_O, .gpr_in = (cl)
#define ROTATE_ONE(cl)                                                         \
    .attr = NATIVE, .access = ACCESS_RW, .flags_out = F_C | F_O, .gpr_in = (cl)
#define ROTATE_CARRY_ONE(cl) ROTATE_ONE(cl), .flags_in = F_C
#define SHIFT_DOUBLE(cl)                                                       \
    .attr = NATIVE, .access = ACCESS_RW, .flags_in = F_ALL,                    \
    .flags_out = F_ALL, .flags_undef = F_A | F_O, .gpr_in = (cl)
#define BIT_TEST(a, acc)                                                       \
    .attr = (a), .access = acc, .flags_out = F_C | F_O | F_S | F_A | F_P,      \
    .flags_undef = F_O | F_S | F_A | F_P
#define BIT_SCAN(a)                                                            \
    .attr = NATIVE | (a), .access = ACCESS_RW, .flags_out = F_ALL,             \
    .flags_undef = F_ALL & ~F_Z
#define BIT_COUNT(feat)                                                        \
    .attr = NATIVE, .access = ACCESS_W, .flags_out = F_ALL,                    \
    .flags_undef = F_O | F_S | F_A | F_P, .feature = FEATURE_##feat
#define MULTIPLY(a, in, out)                                                   \
    .attr = NATIVE | (a), .access = ACCESS_R, .flags_out = F_ALL,              \
    .flags_undef = F_S | F_Z | F_A | F_P, .gpr_in = (in), .gpr_out = (out)
#define MULTIPLY_TO(acc)                                                       \
    .attr = NATIVE, .access = acc, .flags_out = F_ALL,                         \
    .flags_undef = F_S | F_Z | F_A | F_P
#define DIVIDE(in, out)                                                        \
    .attr = NATIVE, .access = ACCESS_R, .flags_out = F_ALL,                    \
    .flags_undef = F_ALL, .gpr_in = (in), .gpr_out = (out)
#define DECIMAL(in, undef)                                                     \
    .attr = NO64, .gpr_in = R_AX, .gpr_out = R_AX, .flags_in = (in),           \
    .flags_out = F_ALL, .flags_undef = (undef)
#define STACK(a, acc)                                                          \
    .attr = (a), .access = acc, .gpr_in = R_SP, .gpr_out = R_SP
/* in and out: besides the index registers its operands name. */
#define STRING(a, acc, in, out)                                                \
    .attr = X86_A_STRING | (a), .access = acc, .flags_in = F_D,                \
    .gpr_in = (in), .gpr_out = (out)
#define STRING_COMPARE(acc, in, out)                                           \
    .attr = X86_A_STRING | X86_A_REPZ, .access = acc, .flags_in = F_D,         \
    .flags_out = F_ALL, .gpr_in = (in), .gpr_out = (out)
#define FLAG(a, in, out) .attr = (a), .flags_in = (in), .flags_out = (out)
#define JUMP(a) .attr = BRANCH | (a), .access = ACCESS_R
#define FAR(a) .attr = BRANCH | (a), .access = ACCESS_R
#define SYSTEM(a, acc, feat, in, out)                                          \
    .attr = (a), .access = acc, .feature = FEATURE_##feat, .gpr_in = (in),     \
    .gpr_out = (out)
#define UNKNOWN(feat) .attr = UNIMPL, .feature = FEATURE_##feat
#define UNKNOWN_RM(feat)                                                       \
    .attr = UNIMPL, .feature = FEATURE_##feat, .access = ACCESS_RW
/* General-register extensions: BMI, ADX, MOVBE, CRC32. */
#define EXT(feat, acc) .attr = NATIVE, .access = acc, .feature = FEATURE_##feat
#define EXT_FLAGS(feat, acc, out, undef)                                       \
    EXT(feat, acc), .flags_out = (out), .flags_undef = (undef)
/* VEX-encoded: L must be 0 (SDM 2A 2.6: exception type 13). */
#define BMI(feat, out, undef)                                                  \
    EXT_L0(feat, ACCESS_W), .flags_out = (out), .flags_undef = (undef)
#define EXT_L0(feat, acc)                                                      \
    .attr = NATIVE | L0, .access = acc, .feature = FEATURE_##feat

/* x87, MMX, SSE: attributes, CPUID feature. */
#define X87(a, acc)                                                            \
    .attr = X86_A_X87 | (a), .access = acc, .feature = FEATURE_FPU
#define MMX_OP(feat, acc)                                                      \
    .attr = X86_A_MMX | NATIVE, .access = acc, .feature = FEATURE_##feat
#define SSE_OP(feat, a, acc)                                                   \
    .attr = X86_A_SSE | NATIVE | (a), .access = acc, .feature = FEATURE_##feat
#define SSE_FLAGS(feat, a) SSE_OP(feat, a, ACCESS_R), .flags_out = F_ALL
#define AVX_OP(feat, a)                                                        \
    .attr = X86_A_AVX | NATIVE | (a), .access = ACCESS_W,                      \
    .feature = FEATURE_##feat
/* EVEX: attributes of both kinds. */
#define EVEX_ACC(feat, ev, a, acc)                                             \
    .attr = X86_A_AVX512 | NATIVE | (a), .evex = (ev), .access = acc,          \
    .feature = FEATURE_##feat
#define EV(name, feat, ev, ...)                                                \
    INSN(name, EVEX_ACC(feat, ev, 0, ACCESS_W), __VA_ARGS__)
#define EV_ACC(name, feat, ev, ...)                                            \
    INSN(name, EVEX_ACC(feat, ev, 0, ACCESS_RW), __VA_ARGS__)
#define ONLY_W0(...) SPLIT(SPLIT_W, __VA_ARGS__, NONE)
#define ONLY_W1(...) SPLIT(SPLIT_W, NONE, __VA_ARGS__)
#define AVX_ACC(feat, a, acc)                                                  \
    .attr = X86_A_AVX | NATIVE | (a), .access = acc, .feature = FEATURE_##feat

#endif
