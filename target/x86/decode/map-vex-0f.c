/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VEX map 1 (0F): the SSE rows with a third operand, and AVX's own. Integer
 * instructions need AVX with 128 bits and AVX2 with 256.
 */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define PS_PD(ps, pd, a, ...) \
    PREFIX(INSN(ps, AVX_OP(AVX, a), __VA_ARGS__), \
           INSN(pd, AVX_OP(AVX, a), __VA_ARGS__), NONE, NONE)
#define ARITHMETIC(op) \
    PREFIX(INSN(op##PS, AVX_OP(AVX, 0), V_x, H_x, W_x), \
           INSN(op##PD, AVX_OP(AVX, 0), V_x, H_x, W_x), \
           INSN(op##SS, AVX_OP(AVX, 0), V_d, H_d, W_d), \
           INSN(op##SD, AVX_OP(AVX, 0), V_q, H_q, W_q))
#define PD_PS(pd, ps) \
    PREFIX(NONE, INSN(pd, AVX_OP(AVX, 0), V_x, H_x, W_x), NONE, \
           INSN(ps, AVX_OP(AVX, 0), V_x, H_x, W_x))
#define BY_LENGTH(name, ...) \
    VL(INSN(name, AVX_OP(AVX, 0), __VA_ARGS__), INSN(name, AVX_OP(AVX2, 0), __VA_ARGS__))
#define INTEGER(name) ONLY_66(BY_LENGTH(name, V_x, H_x, W_x))
#define SHIFT_BY(name) ONLY_66(BY_LENGTH(name, V_x, H_x, W_dq))
#define COMPARES(name, v, w) \
    INSN(name, KIND(AVX_ACC(AVX, 0, ACCESS_R), .flags_out = F_ALL), v, w)

/* Opmask instructions, by width. AVX512F has 16 bits, DQ 8, BW 32 and 64. */
#define OPMASK(name, feat, l, ...) \
    INSN(name, KIND(.attr = X86_A_AVX512 | NATIVE | (l), .access = ACCESS_W, \
                    .feature = FEATURE_##feat), __VA_ARGS__)
/* Width: none W0 16, W1 64; 66 W0 8, W1 32. */
#define OPMASK_TABLE(row, name, fw, fb) \
    PREFIX(W(row(name, fw, w), row(name, AVX512BW, q)), \
           W(row(name, fb, b), row(name, AVX512BW, d)), NONE, NONE)
#define OPMASK_3(name, feat, s) OPMASK(name, feat, L1, K_##s, KH_##s, KR_##s)
#define OPMASK_2(name, feat, s) OPMASK(name, feat, L0, K_##s, KR_##s)
#define OPMASK_LOAD(name, feat, s) OPMASK(name, feat, L0, K_##s, KM_##s)
#define OPMASK_STORE(name, feat, s) OPMASK(name, feat, L0, KM_##s, K_##s)
#define OPMASK_TEST(name, feat, s) \
    INSN(name, KIND(.attr = X86_A_AVX512 | NATIVE | L0, .access = ACCESS_R, .flags_out = F_ALL, \
                    .feature = FEATURE_##feat), K_##s, KR_##s)
#define OPMASK3(name) MOD(NONE, OPMASK_TABLE(OPMASK_3, name, AVX512F, AVX512DQ))
/* W does not count outside of 64-bit code. */
#define OPMASK_GPR(op_w, op_b, op_d, op_y, op_q) \
    MOD(NONE, PREFIX(OPMASK(KMOV, AVX512F, L0 | W0, op_w), OPMASK(KMOV, AVX512DQ, L0 | W0, op_b), NONE, \
                     MODE(OPMASK(KMOV, AVX512BW, L0, op_y), \
                          W(OPMASK(KMOV, AVX512BW, L0, op_d), OPMASK(KMOV, AVX512BW, L0, op_q)))))
#define TO_OPMASK(k, r) k, r
#define ZERO(name, a) INSN(name, KIND(.attr = X86_A_AVX | (a), .feature = FEATURE_AVX))

const DecodeNode decode_map_vex_0f[256] = {
    [0x10] = PREFIX(INSN(MOVUPS, AVX_OP(AVX, 0), V_x, W_x),
                    INSN(MOVUPD, AVX_OP(AVX, 0), V_x, W_x),
                    MOD(INSN(MOVSS, AVX_OP(AVX, 0), V_d, W_d),
                        INSN(MOVSS, AVX_OP(AVX, 0), V_d, H_d, W_d)),
                    MOD(INSN(MOVSD, AVX_OP(AVX, 0), V_q, W_q),
                        INSN(MOVSD, AVX_OP(AVX, 0), V_q, H_q, W_q))),
    [0x11] = PREFIX(INSN(MOVUPS, AVX_OP(AVX, 0), W_x, V_x),
                    INSN(MOVUPD, AVX_OP(AVX, 0), W_x, V_x),
                    MOD(INSN(MOVSS, AVX_OP(AVX, 0), W_d, V_d),
                        INSN(MOVSS, AVX_OP(AVX, 0), W_d, H_d, V_d)),
                    MOD(INSN(MOVSD, AVX_OP(AVX, 0), W_q, V_q),
                        INSN(MOVSD, AVX_OP(AVX, 0), W_q, H_q, V_q))),
    [0x12] = PREFIX(MOD(INSN(MOVLPS, AVX_OP(AVX, L0), V_dq, H_dq, M_q),
                        INSN(MOVHLPS, AVX_OP(AVX, L0), V_dq, H_dq, U_dq)),
                    INSN(MOVLPD, AVX_OP(AVX, L0), V_dq, H_dq, M_q),
                    INSN(MOVSLDUP, AVX_OP(AVX, 0), V_x, W_x),
                    VL(INSN(MOVDDUP, AVX_OP(AVX, 0), V_x, W_q),
                       INSN(MOVDDUP, AVX_OP(AVX, 0), V_x, W_x))),
    [0x13] = PS_PD(MOVLPS, MOVLPD, L0, M_q, V_q),
    [0x14] = PS_PD(UNPCKLPS, UNPCKLPD, 0, V_x, H_x, W_x),
    [0x15] = PS_PD(UNPCKHPS, UNPCKHPD, 0, V_x, H_x, W_x),
    [0x16] = PREFIX(MOD(INSN(MOVHPS, AVX_OP(AVX, L0), V_dq, H_dq, M_q),
                        INSN(MOVLHPS, AVX_OP(AVX, L0), V_dq, H_dq, U_dq)),
                    INSN(MOVHPD, AVX_OP(AVX, L0), V_dq, H_dq, M_q),
                    INSN(MOVSHDUP, AVX_OP(AVX, 0), V_x, W_x), NONE),
    [0x17] = PS_PD(MOVHPS, MOVHPD, L0, M_q, V_dq),
    [0x28] = PS_PD(MOVAPS, MOVAPD, ALIGN, V_x, W_x),
    [0x29] = PS_PD(MOVAPS, MOVAPD, ALIGN, W_x, V_x),
    [0x2a] = PREFIX(NONE, NONE, INSN(CVTSI2SS, AVX_OP(AVX, 0), V_d, H_d, E_y),
                    INSN(CVTSI2SD, AVX_OP(AVX, 0), V_q, H_q, E_y)),
    [0x2b] = PS_PD(MOVNTPS, MOVNTPD, ALIGN, M_x, V_x),
    [0x2c] = PREFIX(NONE, NONE, INSN(CVTTSS2SI, AVX_OP(AVX, 0), G_y, W_d),
                    INSN(CVTTSD2SI, AVX_OP(AVX, 0), G_y, W_q)),
    [0x2d] = PREFIX(NONE, NONE, INSN(CVTSS2SI, AVX_OP(AVX, 0), G_y, W_d),
                    INSN(CVTSD2SI, AVX_OP(AVX, 0), G_y, W_q)),
    [0x2e] = PREFIX(COMPARES(UCOMISS, V_d, W_d), COMPARES(UCOMISD, V_q, W_q), NONE, NONE),
    [0x2f] = PREFIX(COMPARES(COMISS, V_d, W_d), COMPARES(COMISD, V_q, W_q), NONE, NONE),

    [0x41] = OPMASK3(KAND),
    [0x42] = OPMASK3(KANDN),
    [0x44] = MOD(NONE, OPMASK_TABLE(OPMASK_2, KNOT, AVX512F, AVX512DQ)),
    [0x45] = OPMASK3(KOR),
    [0x46] = OPMASK3(KXNOR),
    [0x47] = OPMASK3(KXOR),
    [0x4a] = MOD(NONE, OPMASK_TABLE(OPMASK_3, KADD, AVX512DQ, AVX512DQ)),
    [0x4b] = MOD(NONE, PREFIX(W(OPMASK(KUNPCK, AVX512BW, L1, K_d, KH_w, KR_w),
                                OPMASK(KUNPCK, AVX512BW, L1, K_q, KH_d, KR_d)),
                              OPMASK(KUNPCK, AVX512F, L1 | W0, K_w, KH_b, KR_b), NONE, NONE)),

    [0x50] = PS_PD(MOVMSKPS, MOVMSKPD, 0, G_m, U_x),
    [0x51] = PREFIX(INSN(SQRTPS, AVX_OP(AVX, 0), V_x, W_x),
                    INSN(SQRTPD, AVX_OP(AVX, 0), V_x, W_x),
                    INSN(SQRTSS, AVX_OP(AVX, 0), V_d, H_d, W_d),
                    INSN(SQRTSD, AVX_OP(AVX, 0), V_q, H_q, W_q)),
    [0x52] = PREFIX(INSN(RSQRTPS, AVX_OP(AVX, 0), V_x, W_x), NONE,
                    INSN(RSQRTSS, AVX_OP(AVX, 0), V_d, H_d, W_d), NONE),
    [0x53] = PREFIX(INSN(RCPPS, AVX_OP(AVX, 0), V_x, W_x), NONE,
                    INSN(RCPSS, AVX_OP(AVX, 0), V_d, H_d, W_d), NONE),
    [0x54] = PS_PD(ANDPS, ANDPD, 0, V_x, H_x, W_x),
    [0x55] = PS_PD(ANDNPS, ANDNPD, 0, V_x, H_x, W_x),
    [0x56] = PS_PD(ORPS, ORPD, 0, V_x, H_x, W_x),
    [0x57] = PS_PD(XORPS, XORPD, 0, V_x, H_x, W_x),
    [0x58] = ARITHMETIC(ADD),
    [0x59] = ARITHMETIC(MUL),
    [0x5a] = PREFIX(INSN(CVTPS2PD, AVX_OP(AVX, 0), V_x, W_xh),
                    INSN(CVTPD2PS, AVX_OP(AVX, 0), V_dq, W_x),
                    INSN(CVTSS2SD, AVX_OP(AVX, 0), V_q, H_q, W_d),
                    INSN(CVTSD2SS, AVX_OP(AVX, 0), V_d, H_d, W_q)),
    [0x5b] = PREFIX(INSN(CVTDQ2PS, AVX_OP(AVX, 0), V_x, W_x),
                    INSN(CVTPS2DQ, AVX_OP(AVX, 0), V_x, W_x),
                    INSN(CVTTPS2DQ, AVX_OP(AVX, 0), V_x, W_x), NONE),
    [0x5c] = ARITHMETIC(SUB),
    [0x5d] = ARITHMETIC(MIN),
    [0x5e] = ARITHMETIC(DIV),
    [0x5f] = ARITHMETIC(MAX),

    [0x60] = INTEGER(PUNPCKLBW),
    [0x61] = INTEGER(PUNPCKLWD),
    [0x62] = INTEGER(PUNPCKLDQ),
    [0x63] = INTEGER(PACKSSWB),
    [0x64] = INTEGER(PCMPGTB),
    [0x65] = INTEGER(PCMPGTW),
    [0x66] = INTEGER(PCMPGTD),
    [0x67] = INTEGER(PACKUSWB),
    [0x68] = INTEGER(PUNPCKHBW),
    [0x69] = INTEGER(PUNPCKHWD),
    [0x6a] = INTEGER(PUNPCKHDQ),
    [0x6b] = INTEGER(PACKSSDW),
    [0x6c] = INTEGER(PUNPCKLQDQ),
    [0x6d] = INTEGER(PUNPCKHQDQ),
    [0x6e] = ONLY_66(INSN(MOVD, AVX_OP(AVX, L0), V_dq, E_y)),
    [0x6f] = PREFIX(NONE, INSN(MOVDQA, AVX_OP(AVX, ALIGN), V_x, W_x),
                    INSN(MOVDQU, AVX_OP(AVX, 0), V_x, W_x), NONE),
    [0x70] = PREFIX(NONE, BY_LENGTH(PSHUFD, V_x, W_x, I_b),
                    BY_LENGTH(PSHUFHW, V_x, W_x, I_b), BY_LENGTH(PSHUFLW, V_x, W_x, I_b)),
    [0x71] = GROUP(decode_group_VEX12),
    [0x72] = GROUP(decode_group_VEX13),
    [0x73] = GROUP(decode_group_VEX14),
    [0x74] = INTEGER(PCMPEQB),
    [0x75] = INTEGER(PCMPEQW),
    [0x76] = INTEGER(PCMPEQD),
    /* Which registers there are, depends on the mode. */
    [0x77] = NP(VL(MODE(ZERO(VZEROUPPER, 0), ZERO(VZEROUPPER, NATIVE)),
                   MODE(ZERO(VZEROALL, 0), ZERO(VZEROALL, NATIVE)))),
    [0x7c] = PD_PS(HADDPD, HADDPS),
    [0x7d] = PD_PS(HSUBPD, HSUBPS),
    [0x7e] = PREFIX(NONE, INSN(MOVD, AVX_OP(AVX, L0), E_y, V_dq),
                    INSN(MOVQ, AVX_OP(AVX, L0), V_q, W_q), NONE),
    [0x7f] = PREFIX(NONE, INSN(MOVDQA, AVX_OP(AVX, ALIGN), W_x, V_x),
                    INSN(MOVDQU, AVX_OP(AVX, 0), W_x, V_x), NONE),

    [0x90] = OPMASK_TABLE(OPMASK_LOAD, KMOV, AVX512F, AVX512DQ),
    [0x91] = MOD(OPMASK_TABLE(OPMASK_STORE, KMOV, AVX512F, AVX512DQ), NONE),
    [0x92] = OPMASK_GPR(TO_OPMASK(K_w, R_d), TO_OPMASK(K_b, R_d), TO_OPMASK(K_d, R_d),
                        TO_OPMASK(K_d, R_y), TO_OPMASK(K_q, R_y)),
    [0x93] = OPMASK_GPR(TO_OPMASK(G_d, KR_w), TO_OPMASK(G_d, KR_b), TO_OPMASK(G_d, KR_d),
                        TO_OPMASK(G_y, KR_d), TO_OPMASK(G_y, KR_q)),
    [0x98] = MOD(NONE, OPMASK_TABLE(OPMASK_TEST, KORTEST, AVX512F, AVX512DQ)),
    [0x99] = MOD(NONE, OPMASK_TABLE(OPMASK_TEST, KTEST, AVX512DQ, AVX512DQ)),
    [0xae] = GROUP(decode_group_VEX15),
    [0xc2] = PREFIX(INSN(CMPPS, AVX_OP(AVX, 0), V_x, H_x, W_x, I_b),
                    INSN(CMPPD, AVX_OP(AVX, 0), V_x, H_x, W_x, I_b),
                    INSN(CMPSS, AVX_OP(AVX, 0), V_d, H_d, W_d, I_b),
                    INSN(CMPSD, AVX_OP(AVX, 0), V_q, H_q, W_q, I_b)),
    [0xc4] = ONLY_66(INSN(PINSRW, AVX_OP(AVX, L0), V_dq, H_dq, RdMw, I_b)),
    [0xc5] = ONLY_66(INSN(PEXTRW, AVX_OP(AVX, L0), G_m, U_dq, I_b)),
    [0xc6] = PS_PD(SHUFPS, SHUFPD, 0, V_x, H_x, W_x, I_b),

    [0xd0] = PD_PS(ADDSUBPD, ADDSUBPS),
    [0xd1] = SHIFT_BY(PSRLW),
    [0xd2] = SHIFT_BY(PSRLD),
    [0xd3] = SHIFT_BY(PSRLQ),
    [0xd4] = INTEGER(PADDQ),
    [0xd5] = INTEGER(PMULLW),
    [0xd6] = ONLY_66(INSN(MOVQ, AVX_OP(AVX, L0), W_q, V_q)),
    [0xd7] = ONLY_66(BY_LENGTH(PMOVMSKB, G_m, U_x)),
    [0xd8] = INTEGER(PSUBUSB),
    [0xd9] = INTEGER(PSUBUSW),
    [0xda] = INTEGER(PMINUB),
    [0xdb] = INTEGER(PAND),
    [0xdc] = INTEGER(PADDUSB),
    [0xdd] = INTEGER(PADDUSW),
    [0xde] = INTEGER(PMAXUB),
    [0xdf] = INTEGER(PANDN),
    [0xe0] = INTEGER(PAVGB),
    [0xe1] = SHIFT_BY(PSRAW),
    [0xe2] = SHIFT_BY(PSRAD),
    [0xe3] = INTEGER(PAVGW),
    [0xe4] = INTEGER(PMULHUW),
    [0xe5] = INTEGER(PMULHW),
    [0xe6] = PREFIX(NONE, INSN(CVTTPD2DQ, AVX_OP(AVX, 0), V_dq, W_x),
                    INSN(CVTDQ2PD, AVX_OP(AVX, 0), V_x, W_xh),
                    INSN(CVTPD2DQ, AVX_OP(AVX, 0), V_dq, W_x)),
    [0xe7] = ONLY_66(INSN(MOVNTDQ, AVX_OP(AVX, ALIGN), M_x, V_x)),
    [0xe8] = INTEGER(PSUBSB),
    [0xe9] = INTEGER(PSUBSW),
    [0xea] = INTEGER(PMINSW),
    [0xeb] = INTEGER(POR),
    [0xec] = INTEGER(PADDSB),
    [0xed] = INTEGER(PADDSW),
    [0xee] = INTEGER(PMAXSW),
    [0xef] = INTEGER(PXOR),
    [0xf0] = PREFIX(NONE, NONE, NONE, INSN(LDDQU, AVX_OP(AVX, 0), V_x, M_x)),
    [0xf1] = SHIFT_BY(PSLLW),
    [0xf2] = SHIFT_BY(PSLLD),
    [0xf3] = SHIFT_BY(PSLLQ),
    [0xf4] = INTEGER(PMULUDQ),
    [0xf5] = INTEGER(PMADDWD),
    [0xf6] = INTEGER(PSADBW),
    [0xf7] = ONLY_66(INSN(MASKMOVDQU, KIND(.attr = X86_A_AVX | L0, .access = ACCESS_R, .feature = FEATURE_AVX, .gpr_in = R_DI), V_dq, U_dq)),
    [0xf8] = INTEGER(PSUBB),
    [0xf9] = INTEGER(PSUBW),
    [0xfa] = INTEGER(PSUBD),
    [0xfb] = INTEGER(PSUBQ),
    [0xfc] = INTEGER(PADDB),
    [0xfd] = INTEGER(PADDW),
    [0xfe] = INTEGER(PADDD),
};
