/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VEX map 2 (0F38): AVX, AVX2, FMA, BMI, VAES. */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define BY_LENGTH(name, ...) \
    VL(INSN(name, AVX_OP(AVX, 0), __VA_ARGS__), INSN(name, AVX_OP(AVX2, 0), __VA_ARGS__))
#define INTEGER(name) ONLY_66(BY_LENGTH(name, V_x, H_x, W_x))
#define UNARY(name, src) ONLY_66(BY_LENGTH(name, V_x, src))
#define AVX1(name, a, ...) ONLY_66(INSN(name, AVX_OP(AVX, a), __VA_ARGS__))
#define AVX2_ROW(name, a, ...) ONLY_66(INSN(name, AVX_OP(AVX2, a), __VA_ARGS__))
#define TEST_ROW(name, a) \
    ONLY_66(INSN(name, KIND(AVX_ACC(AVX, a, ACCESS_R), .flags_out = F_ALL), V_x, W_x))
/* Elements that are masked off must not fault: never native. */
#define MASKED(feat, a) .attr = X86_A_AVX | (a), .access = ACCESS_W, .feature = FEATURE_##feat
#define GATHER(a) .attr = X86_A_AVX | DISTINCT | (a), .access = 0x77, .feature = FEATURE_AVX2
#define FMA_PACKED(name) \
    ONLY_66(W(INSN(name##PS, AVX_ACC(FMA, 0, ACCESS_RW), V_x, H_x, W_x), \
              INSN(name##PD, AVX_ACC(FMA, 0, ACCESS_RW), V_x, H_x, W_x)))
#define FMA_SCALAR(name) \
    ONLY_66(W(INSN(name##SS, AVX_ACC(FMA, 0, ACCESS_RW), V_d, H_d, W_d), \
              INSN(name##SD, AVX_ACC(FMA, 0, ACCESS_RW), V_q, H_q, W_q)))
#define FMA_ORDER(base, order) \
    [base + 0x6] = FMA_PACKED(VFMADDSUB##order), \
    [base + 0x7] = FMA_PACKED(VFMSUBADD##order), \
    [base + 0x8] = FMA_PACKED(VFMADD##order), \
    [base + 0x9] = FMA_SCALAR(VFMADD##order), \
    [base + 0xa] = FMA_PACKED(VFMSUB##order), \
    [base + 0xb] = FMA_SCALAR(VFMSUB##order), \
    [base + 0xc] = FMA_PACKED(VFNMADD##order), \
    [base + 0xd] = FMA_SCALAR(VFNMADD##order), \
    [base + 0xe] = FMA_PACKED(VFNMSUB##order), \
    [base + 0xf] = FMA_SCALAR(VFNMSUB##order)
#define AES_ROW(name) \
    ONLY_66(VL(INSN(name, AVX_OP(AES, 0), V_x, H_x, W_x), INSN(name, AVX_OP(VAES, 0), V_x, H_x, W_x)))
#define VNNI(name) ONLY_66(INSN(name, AVX_ACC(AVX_VNNI, W0, ACCESS_RW), V_x, H_x, W_x))

const DecodeNode decode_map_vex_0f38[256] = {
    [0x00] = INTEGER(PSHUFB),
    [0x01] = INTEGER(PHADDW),
    [0x02] = INTEGER(PHADDD),
    [0x03] = INTEGER(PHADDSW),
    [0x04] = INTEGER(PMADDUBSW),
    [0x05] = INTEGER(PHSUBW),
    [0x06] = INTEGER(PHSUBD),
    [0x07] = INTEGER(PHSUBSW),
    [0x08] = INTEGER(PSIGNB),
    [0x09] = INTEGER(PSIGNW),
    [0x0a] = INTEGER(PSIGND),
    [0x0b] = INTEGER(PMULHRSW),
    [0x0c] = AVX1(VPERMILPS, W0, V_x, H_x, W_x),
    [0x0d] = AVX1(VPERMILPD, W0, V_x, H_x, W_x),
    [0x0e] = TEST_ROW(VTESTPS, W0),
    [0x0f] = TEST_ROW(VTESTPD, W0),
    [0x13] = ONLY_66(INSN(VCVTPH2PS, AVX_OP(F16C, W0), V_x, W_xh)),
    [0x16] = AVX2_ROW(VPERMPS, W0 | L1, V_x, H_x, W_x),
    [0x17] = TEST_ROW(PTEST, 0),
    [0x18] = ONLY_66(MOD(INSN(VBROADCASTSS, AVX_OP(AVX, W0), V_x, W_d),
                         INSN(VBROADCASTSS, AVX_OP(AVX2, W0), V_x, W_d))),
    [0x19] = ONLY_66(MOD(INSN(VBROADCASTSD, AVX_OP(AVX, W0 | L1), V_x, W_q),
                         INSN(VBROADCASTSD, AVX_OP(AVX2, W0 | L1), V_x, W_q))),
    [0x1a] = AVX1(VBROADCASTF128, W0 | L1, V_x, M_dq),
    [0x1c] = UNARY(PABSB, W_x),
    [0x1d] = UNARY(PABSW, W_x),
    [0x1e] = UNARY(PABSD, W_x),
    [0x20] = UNARY(PMOVSXBW, W_xh),
    [0x21] = UNARY(PMOVSXBD, W_xq),
    [0x22] = UNARY(PMOVSXBQ, W_xe),
    [0x23] = UNARY(PMOVSXWD, W_xh),
    [0x24] = UNARY(PMOVSXWQ, W_xq),
    [0x25] = UNARY(PMOVSXDQ, W_xh),
    [0x28] = INTEGER(PMULDQ),
    [0x29] = INTEGER(PCMPEQQ),
    [0x2a] = ONLY_66(VL(INSN(MOVNTDQA, AVX_OP(AVX, ALIGN), V_x, M_x),
                        INSN(MOVNTDQA, AVX_OP(AVX2, ALIGN), V_x, M_x))),
    [0x2b] = INTEGER(PACKUSDW),
    [0x2c] = ONLY_66(INSN(VMASKMOVPS, MASKED(AVX, W0), V_x, H_x, M_x)),
    [0x2d] = ONLY_66(INSN(VMASKMOVPD, MASKED(AVX, W0), V_x, H_x, M_x)),
    [0x2e] = ONLY_66(INSN(VMASKMOVPS, MASKED(AVX, W0), M_x, H_x, V_x)),
    [0x2f] = ONLY_66(INSN(VMASKMOVPD, MASKED(AVX, W0), M_x, H_x, V_x)),
    [0x30] = UNARY(PMOVZXBW, W_xh),
    [0x31] = UNARY(PMOVZXBD, W_xq),
    [0x32] = UNARY(PMOVZXBQ, W_xe),
    [0x33] = UNARY(PMOVZXWD, W_xh),
    [0x34] = UNARY(PMOVZXWQ, W_xq),
    [0x35] = UNARY(PMOVZXDQ, W_xh),
    [0x36] = AVX2_ROW(VPERMD, W0 | L1, V_x, H_x, W_x),
    [0x37] = INTEGER(PCMPGTQ),
    [0x38] = INTEGER(PMINSB),
    [0x39] = INTEGER(PMINSD),
    [0x3a] = INTEGER(PMINUW),
    [0x3b] = INTEGER(PMINUD),
    [0x3c] = INTEGER(PMAXSB),
    [0x3d] = INTEGER(PMAXSD),
    [0x3e] = INTEGER(PMAXUW),
    [0x3f] = INTEGER(PMAXUD),
    [0x40] = INTEGER(PMULLD),
    [0x41] = AVX1(PHMINPOSUW, L0, V_dq, W_dq),
    [0x45] = ONLY_66(W(INSN(VPSRLVD, AVX_OP(AVX2, 0), V_x, H_x, W_x),
                       INSN(VPSRLVQ, AVX_OP(AVX2, 0), V_x, H_x, W_x))),
    [0x46] = AVX2_ROW(VPSRAVD, W0, V_x, H_x, W_x),
    [0x47] = ONLY_66(W(INSN(VPSLLVD, AVX_OP(AVX2, 0), V_x, H_x, W_x),
                       INSN(VPSLLVQ, AVX_OP(AVX2, 0), V_x, H_x, W_x))),
    [0x50] = VNNI(VPDPBUSD),
    [0x51] = VNNI(VPDPBUSDS),
    [0x52] = VNNI(VPDPWSSD),
    [0x53] = VNNI(VPDPWSSDS),
    [0x58] = AVX2_ROW(VPBROADCASTD, W0, V_x, W_d),
    [0x59] = AVX2_ROW(VPBROADCASTQ, W0, V_x, W_q),
    [0x5a] = AVX2_ROW(VBROADCASTI128, W0 | L1, V_x, M_dq),
    [0x78] = AVX2_ROW(VPBROADCASTB, W0, V_x, W_b),
    [0x79] = AVX2_ROW(VPBROADCASTW, W0, V_x, W_w),
    [0x8c] = ONLY_66(W(INSN(VPMASKMOVD, MASKED(AVX2, 0), V_x, H_x, M_x),
                       INSN(VPMASKMOVQ, MASKED(AVX2, 0), V_x, H_x, M_x))),
    [0x8e] = ONLY_66(W(INSN(VPMASKMOVD, MASKED(AVX2, 0), M_x, H_x, V_x),
                       INSN(VPMASKMOVQ, MASKED(AVX2, 0), M_x, H_x, V_x))),
    [0x90] = ONLY_66(W(INSN(VPGATHERDD, GATHER(0), V_x, VSIB_d, H_x),
                       INSN(VPGATHERDQ, GATHER(0), V_x, VSIB_q, H_x))),
    [0x91] = ONLY_66(W(INSN(VPGATHERQD, GATHER(0), V_dq, VSIB_d, H_dq),
                       INSN(VPGATHERQQ, GATHER(0), V_x, VSIB_q, H_x))),
    [0x92] = ONLY_66(W(INSN(VGATHERDPS, GATHER(0), V_x, VSIB_d, H_x),
                       INSN(VGATHERDPD, GATHER(0), V_x, VSIB_q, H_x))),
    [0x93] = ONLY_66(W(INSN(VGATHERQPS, GATHER(0), V_dq, VSIB_d, H_dq),
                       INSN(VGATHERQPD, GATHER(0), V_x, VSIB_q, H_x))),
    FMA_ORDER(0x90, 132),
    FMA_ORDER(0xa0, 213),
    FMA_ORDER(0xb0, 231),
    [0xcf] = ONLY_66(INSN(GF2P8MULB, AVX_OP(GFNI, W0), V_x, H_x, W_x)),
    [0xdb] = ONLY_66(INSN(AESIMC, AVX_OP(AES, L0), V_dq, W_dq)),
    [0xdc] = AES_ROW(AESENC),
    [0xdd] = AES_ROW(AESENCLAST),
    [0xde] = AES_ROW(AESDEC),
    [0xdf] = AES_ROW(AESDECLAST),
    [0xf2] = NP(INSN(ANDN, BMI(BMI1, F_ALL, F_A | F_P), G_y, B_y, E_y)),
    [0xf3] = NP(GROUP(decode_group_VEX17)),
    [0xf5] = PREFIX(INSN(BZHI, BMI(BMI2, F_ALL, F_A | F_P), G_y, E_y, B_y), NONE,
                    INSN(PEXT, EXT_L0(BMI2, ACCESS_W), G_y, B_y, E_y),
                    INSN(PDEP, EXT_L0(BMI2, ACCESS_W), G_y, B_y, E_y)),
    [0xf6] = PREFIX(NONE, NONE, NONE,
                    INSN(MULX, KIND(EXT_L0(BMI2, ACCESS_W_W), .gpr_in = R_DX), G_y, B_y, E_y)),
    [0xf7] = PREFIX(INSN(BEXTR, BMI(BMI1, F_ALL, F_A | F_S | F_P), G_y, E_y, B_y),
                    INSN(SHLX, EXT_L0(BMI2, ACCESS_W), G_y, E_y, B_y),
                    INSN(SARX, EXT_L0(BMI2, ACCESS_W), G_y, E_y, B_y),
                    INSN(SHRX, EXT_L0(BMI2, ACCESS_W), G_y, E_y, B_y)),
};
