/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EVEX map 1 (0F). Floats of 32 bits have W clear, of 64 bits set. What has a
 * VEX form of the same name has its mnemonic.
 */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define PS_PD(ps, pd, feat, e, ...) \
    PREFIX(ONLY_W0(EV(ps, feat, FULL32 | (e), __VA_ARGS__)), \
           ONLY_W1(EV(pd, feat, FULL64 | (e), __VA_ARGS__)), NONE, NONE)
#define SS(name, e, ...) ONLY_W0(EV(name, AVX512F, E32 | SCALAR | (e), __VA_ARGS__))
#define SD(name, e, ...) ONLY_W1(EV(name, AVX512F, E64 | SCALAR | (e), __VA_ARGS__))
#define ARITHMETIC(op, e) \
    PREFIX(ONLY_W0(EV(op##PS, AVX512F, FULL32 | (e), V_x, H_x, W_x)), \
           ONLY_W1(EV(op##PD, AVX512F, FULL64 | (e), V_x, H_x, W_x)), \
           SS(op##SS, MZ | (e), V_d, H_d, W_d), SD(op##SD, MZ | (e), V_q, H_q, W_q))
#define ALIGNED(name, feat, ev, ...) INSN(name, EVEX_ACC(feat, ev, ALIGN, ACCESS_W), __VA_ARGS__)
#define PART(ps, pd, ...) \
    PREFIX(ONLY_W0(EV(ps, AVX512F, ONLY_128, __VA_ARGS__)), \
           ONLY_W1(EV(pd, AVX512F, ONLY_128, __VA_ARGS__)), NONE, NONE)
/* The vector's size stays with W ignored; or W is the element's. */
#define BYTES(name) ONLY_66(EV(name, AVX512BW, MZ | E8, V_x, H_x, W_x))
#define WORDS(name) ONLY_66(EV(name, AVX512BW, MZ | E16, V_x, H_x, W_x))
#define DWORDS(name) ONLY_66(ONLY_W0(EV(name, AVX512F, FULL32, V_x, H_x, W_x)))
#define QWORDS(name) ONLY_66(ONLY_W1(EV(name, AVX512F, FULL64, V_x, H_x, W_x)))
#define D_Q(d, q) \
    ONLY_66(W(EV(d, AVX512F, FULL32, V_x, H_x, W_x), EV(q, AVX512F, FULL64, V_x, H_x, W_x)))
#define COMPARE_ROW(name, k, e) EV(name, AVX512F, MASK | (e), k, H_x, W_x)
#define MOVES_ALL(...) \
    PREFIX(NONE, W(ALIGNED(VMOVDQA32, AVX512F, MZ | E32, __VA_ARGS__), \
                   ALIGNED(VMOVDQA64, AVX512F, MZ | E64, __VA_ARGS__)), \
           W(EV(VMOVDQU32, AVX512F, MZ | E32, __VA_ARGS__), \
             EV(VMOVDQU64, AVX512F, MZ | E64, __VA_ARGS__)), \
           W(EV(VMOVDQU8, AVX512BW, MZ | E8, __VA_ARGS__), \
             EV(VMOVDQU16, AVX512BW, MZ | E16, __VA_ARGS__)))
#define FLAGS_OF(name, e, v, w) \
    INSN(name, KIND(EVEX_ACC(AVX512F, SCALAR | SAE | (e), 0, ACCESS_R), .flags_out = F_ALL), v, w)
#define SHIFT_BY(name, feat, ev) EV(name, feat, MZ | WHOLE | (ev), V_x, H_x, W_dq)
/* Conversions: an element of the result has a bit in the mask, one of the
 * source is what memory may have for all. */
#define CVT(name, feat, ev, ...) EV(name, feat, MZ | (ev), __VA_ARGS__)

const DecodeNode decode_map_evex_0f[256] = {
    [0x10] = PREFIX(ONLY_W0(EV(MOVUPS, AVX512F, MZ | E32, V_x, W_x)),
                    ONLY_W1(EV(MOVUPD, AVX512F, MZ | E64, V_x, W_x)),
                    MOD(SS(MOVSS, MZ, V_d, W_d), SS(MOVSS, MZ, V_d, H_d, W_d)),
                    MOD(SD(MOVSD, MZ, V_q, W_q), SD(MOVSD, MZ, V_q, H_q, W_q))),
    [0x11] = PREFIX(ONLY_W0(EV(MOVUPS, AVX512F, MZ | E32, W_x, V_x)),
                    ONLY_W1(EV(MOVUPD, AVX512F, MZ | E64, W_x, V_x)),
                    MOD(SS(MOVSS, MZ, W_d, V_d), SS(MOVSS, MZ, W_d, H_d, V_d)),
                    MOD(SD(MOVSD, MZ, W_q, V_q), SD(MOVSD, MZ, W_q, H_q, V_q))),
    [0x12] = PREFIX(ONLY_W0(MOD(EV(MOVLPS, AVX512F, ONLY_128, V_dq, H_dq, M_q),
                                EV(MOVHLPS, AVX512F, ONLY_128, V_dq, H_dq, U_dq))),
                    ONLY_W1(EV(MOVLPD, AVX512F, ONLY_128, V_dq, H_dq, M_q)),
                    ONLY_W0(EV(MOVSLDUP, AVX512F, MZ | E32 | WHOLE, V_x, W_x)),
                    ONLY_W1(VL3(EV(MOVDDUP, AVX512F, MZ | E64 | WHOLE, V_x, W_q),
                                EV(MOVDDUP, AVX512F, MZ | E64 | WHOLE, V_x, W_x)))),
    [0x13] = PART(MOVLPS, MOVLPD, M_q, V_q),
    [0x14] = PS_PD(UNPCKLPS, UNPCKLPD, AVX512F, WHOLE, V_x, H_x, W_x),
    [0x15] = PS_PD(UNPCKHPS, UNPCKHPD, AVX512F, WHOLE, V_x, H_x, W_x),
    [0x16] = PREFIX(ONLY_W0(MOD(EV(MOVHPS, AVX512F, ONLY_128, V_dq, H_dq, M_q),
                                EV(MOVLHPS, AVX512F, ONLY_128, V_dq, H_dq, U_dq))),
                    ONLY_W1(EV(MOVHPD, AVX512F, ONLY_128, V_dq, H_dq, M_q)),
                    ONLY_W0(EV(MOVSHDUP, AVX512F, MZ | E32 | WHOLE, V_x, W_x)), NONE),
    [0x17] = PART(MOVHPS, MOVHPD, M_q, V_dq),
    [0x28] = PREFIX(ONLY_W0(ALIGNED(MOVAPS, AVX512F, MZ | E32, V_x, W_x)),
                    ONLY_W1(ALIGNED(MOVAPD, AVX512F, MZ | E64, V_x, W_x)), NONE, NONE),
    [0x29] = PREFIX(ONLY_W0(ALIGNED(MOVAPS, AVX512F, MZ | E32, W_x, V_x)),
                    ONLY_W1(ALIGNED(MOVAPD, AVX512F, MZ | E64, W_x, V_x)), NONE, NONE),
    [0x2a] = PREFIX(NONE, NONE, EV(CVTSI2SS, AVX512F, SCALAR | ER, V_d, H_d, E_y),
                    W(EV(CVTSI2SD, AVX512F, SCALAR, V_q, H_q, E_y),
                      EV(CVTSI2SD, AVX512F, SCALAR | ER, V_q, H_q, E_y))),
    [0x2b] = PREFIX(ONLY_W0(ALIGNED(MOVNTPS, AVX512F, 0, M_x, V_x)),
                    ONLY_W1(ALIGNED(MOVNTPD, AVX512F, 0, M_x, V_x)), NONE, NONE),
    [0x2c] = PREFIX(NONE, NONE, EV(CVTTSS2SI, AVX512F, SCALAR | SAE, G_y, W_d),
                    EV(CVTTSD2SI, AVX512F, SCALAR | SAE, G_y, W_q)),
    [0x2d] = PREFIX(NONE, NONE, EV(CVTSS2SI, AVX512F, SCALAR | ER, G_y, W_d),
                    EV(CVTSD2SI, AVX512F, SCALAR | ER, G_y, W_q)),
    [0x2e] = PREFIX(ONLY_W0(FLAGS_OF(UCOMISS, E32, V_d, W_d)),
                    ONLY_W1(FLAGS_OF(UCOMISD, E64, V_q, W_q)), NONE, NONE),
    [0x2f] = PREFIX(ONLY_W0(FLAGS_OF(COMISS, E32, V_d, W_d)),
                    ONLY_W1(FLAGS_OF(COMISD, E64, V_q, W_q)), NONE, NONE),

    [0x51] = PREFIX(ONLY_W0(EV(SQRTPS, AVX512F, FULL32 | ER, V_x, W_x)),
                    ONLY_W1(EV(SQRTPD, AVX512F, FULL64 | ER, V_x, W_x)),
                    SS(SQRTSS, MZ | ER, V_d, H_d, W_d), SD(SQRTSD, MZ | ER, V_q, H_q, W_q)),
    [0x54] = PS_PD(ANDPS, ANDPD, AVX512DQ, 0, V_x, H_x, W_x),
    [0x55] = PS_PD(ANDNPS, ANDNPD, AVX512DQ, 0, V_x, H_x, W_x),
    [0x56] = PS_PD(ORPS, ORPD, AVX512DQ, 0, V_x, H_x, W_x),
    [0x57] = PS_PD(XORPS, XORPD, AVX512DQ, 0, V_x, H_x, W_x),
    [0x58] = ARITHMETIC(ADD, ER),
    [0x59] = ARITHMETIC(MUL, ER),
    [0x5a] = PREFIX(ONLY_W0(CVT(CVTPS2PD, AVX512F, E64 | B32 | SAE, V_x, W_xh)),
                    ONLY_W1(CVT(CVTPD2PS, AVX512F, E32 | B64 | ER, V_xh, W_x)),
                    ONLY_W0(CVT(CVTSS2SD, AVX512F, E64 | SCALAR | SAE, V_q, H_q, W_d)),
                    ONLY_W1(CVT(CVTSD2SS, AVX512F, E32 | SCALAR | ER, V_d, H_d, W_q))),
    [0x5b] = PREFIX(W(CVT(CVTDQ2PS, AVX512F, E32 | B32 | ER, V_x, W_x),
                      CVT(VCVTQQ2PS, AVX512DQ, E32 | B64 | ER, V_xh, W_x)),
                    ONLY_W0(CVT(CVTPS2DQ, AVX512F, E32 | B32 | ER, V_x, W_x)),
                    ONLY_W0(CVT(CVTTPS2DQ, AVX512F, E32 | B32 | SAE, V_x, W_x)), NONE),
    [0x5c] = ARITHMETIC(SUB, ER),
    [0x5d] = ARITHMETIC(MIN, SAE),
    [0x5e] = ARITHMETIC(DIV, ER),
    [0x5f] = ARITHMETIC(MAX, SAE),

    [0x60] = ONLY_66(EV(PUNPCKLBW, AVX512BW, MZ | E8 | WHOLE, V_x, H_x, W_x)),
    [0x61] = ONLY_66(EV(PUNPCKLWD, AVX512BW, MZ | E16 | WHOLE, V_x, H_x, W_x)),
    [0x62] = ONLY_66(ONLY_W0(EV(PUNPCKLDQ, AVX512F, FULL32 | WHOLE, V_x, H_x, W_x))),
    [0x63] = ONLY_66(EV(PACKSSWB, AVX512BW, MZ | E8 | WHOLE, V_x, H_x, W_x)),
    [0x64] = ONLY_66(EV(PCMPGTB, AVX512BW, MASK | E8, K_q, H_x, W_x)),
    [0x65] = ONLY_66(EV(PCMPGTW, AVX512BW, MASK | E16, K_q, H_x, W_x)),
    [0x66] = ONLY_66(ONLY_W0(COMPARE_ROW(PCMPGTD, K_q, E32 | B32))),
    [0x67] = ONLY_66(EV(PACKUSWB, AVX512BW, MZ | E8 | WHOLE, V_x, H_x, W_x)),
    [0x68] = ONLY_66(EV(PUNPCKHBW, AVX512BW, MZ | E8 | WHOLE, V_x, H_x, W_x)),
    [0x69] = ONLY_66(EV(PUNPCKHWD, AVX512BW, MZ | E16 | WHOLE, V_x, H_x, W_x)),
    [0x6a] = ONLY_66(ONLY_W0(EV(PUNPCKHDQ, AVX512F, FULL32 | WHOLE, V_x, H_x, W_x))),
    [0x6b] = ONLY_66(ONLY_W0(EV(PACKSSDW, AVX512BW, MZ | E16 | B32 | WHOLE, V_x, H_x, W_x))),
    [0x6c] = ONLY_66(ONLY_W1(EV(PUNPCKLQDQ, AVX512F, FULL64 | WHOLE, V_x, H_x, W_x))),
    [0x6d] = ONLY_66(ONLY_W1(EV(PUNPCKHQDQ, AVX512F, FULL64 | WHOLE, V_x, H_x, W_x))),
    [0x6e] = ONLY_66(EV(MOVD, AVX512F, ONLY_128, V_dq, E_y)),
    [0x6f] = MOVES_ALL(V_x, W_x),
    [0x70] = PREFIX(NONE, ONLY_W0(EV(PSHUFD, AVX512F, FULL32 | WHOLE, V_x, W_x, I_b)),
                    EV(PSHUFHW, AVX512BW, MZ | E16 | WHOLE, V_x, W_x, I_b),
                    EV(PSHUFLW, AVX512BW, MZ | E16 | WHOLE, V_x, W_x, I_b)),
    [0x71] = GROUP(decode_group_EVEX12),
    [0x72] = GROUP(decode_group_EVEX13),
    [0x73] = GROUP(decode_group_EVEX14),
    [0x74] = ONLY_66(EV(PCMPEQB, AVX512BW, MASK | E8, K_q, H_x, W_x)),
    [0x75] = ONLY_66(EV(PCMPEQW, AVX512BW, MASK | E16, K_q, H_x, W_x)),
    [0x76] = ONLY_66(ONLY_W0(COMPARE_ROW(PCMPEQD, K_q, E32 | B32))),
    [0x78] = PREFIX(W(CVT(VCVTTPS2UDQ, AVX512F, E32 | B32 | SAE, V_x, W_x),
                      CVT(VCVTTPD2UDQ, AVX512F, E32 | B64 | SAE, V_xh, W_x)),
                    W(CVT(VCVTTPS2UQQ, AVX512DQ, E64 | B32 | SAE, V_x, W_xh),
                      CVT(VCVTTPD2UQQ, AVX512DQ, E64 | B64 | SAE, V_x, W_x)),
                    EV(VCVTTSS2USI, AVX512F, SCALAR | SAE, G_y, W_d),
                    EV(VCVTTSD2USI, AVX512F, SCALAR | SAE, G_y, W_q)),
    [0x79] = PREFIX(W(CVT(VCVTPS2UDQ, AVX512F, E32 | B32 | ER, V_x, W_x),
                      CVT(VCVTPD2UDQ, AVX512F, E32 | B64 | ER, V_xh, W_x)),
                    W(CVT(VCVTPS2UQQ, AVX512DQ, E64 | B32 | ER, V_x, W_xh),
                      CVT(VCVTPD2UQQ, AVX512DQ, E64 | B64 | ER, V_x, W_x)),
                    EV(VCVTSS2USI, AVX512F, SCALAR | ER, G_y, W_d),
                    EV(VCVTSD2USI, AVX512F, SCALAR | ER, G_y, W_q)),
    [0x7a] = PREFIX(NONE, W(CVT(VCVTTPS2QQ, AVX512DQ, E64 | B32 | SAE, V_x, W_xh),
                            CVT(VCVTTPD2QQ, AVX512DQ, E64 | B64 | SAE, V_x, W_x)),
                    W(CVT(VCVTUDQ2PD, AVX512F, E64 | B32, V_x, W_xh),
                      CVT(VCVTUQQ2PD, AVX512DQ, E64 | B64 | ER, V_x, W_x)),
                    W(CVT(VCVTUDQ2PS, AVX512F, E32 | B32 | ER, V_x, W_x),
                      CVT(VCVTUQQ2PS, AVX512DQ, E32 | B64 | ER, V_xh, W_x))),
    [0x7b] = PREFIX(NONE, W(CVT(VCVTPS2QQ, AVX512DQ, E64 | B32 | ER, V_x, W_xh),
                            CVT(VCVTPD2QQ, AVX512DQ, E64 | B64 | ER, V_x, W_x)),
                    EV(VCVTUSI2SS, AVX512F, SCALAR | ER, V_d, H_d, E_y),
                    W(EV(VCVTUSI2SD, AVX512F, SCALAR, V_q, H_q, E_y),
                      EV(VCVTUSI2SD, AVX512F, SCALAR | ER, V_q, H_q, E_y))),
    [0x7e] = PREFIX(NONE, EV(MOVD, AVX512F, ONLY_128, E_y, V_dq),
                    ONLY_W1(EV(MOVQ, AVX512F, ONLY_128, V_q, W_q)), NONE),
    [0x7f] = MOVES_ALL(W_x, V_x),
    [0xc2] = PREFIX(ONLY_W0(EV(CMPPS, AVX512F, MASK | E32 | B32 | SAE, K_q, H_x, W_x, I_b)),
                    ONLY_W1(EV(CMPPD, AVX512F, MASK | E64 | B64 | SAE, K_q, H_x, W_x, I_b)),
                    SS(CMPSS, MASK | SAE, K_q, H_d, W_d, I_b),
                    SD(CMPSD, MASK | SAE, K_q, H_q, W_q, I_b)),
    [0xc4] = ONLY_66(EV(PINSRW, AVX512BW, ONLY_128, V_dq, H_dq, RdMw, I_b)),
    [0xc5] = ONLY_66(EV(PEXTRW, AVX512BW, ONLY_128, G_m, U_dq, I_b)),
    [0xc6] = PS_PD(SHUFPS, SHUFPD, AVX512F, WHOLE, V_x, H_x, W_x, I_b),

    [0xd1] = ONLY_66(SHIFT_BY(PSRLW, AVX512BW, E16)),
    [0xd2] = ONLY_66(ONLY_W0(SHIFT_BY(PSRLD, AVX512F, E32))),
    [0xd3] = ONLY_66(ONLY_W1(SHIFT_BY(PSRLQ, AVX512F, E64))),
    [0xd4] = QWORDS(PADDQ),
    [0xd5] = WORDS(PMULLW),
    [0xd6] = ONLY_66(ONLY_W1(EV(MOVQ, AVX512F, ONLY_128, W_q, V_q))),
    [0xd8] = BYTES(PSUBUSB),
    [0xd9] = WORDS(PSUBUSW),
    [0xda] = BYTES(PMINUB),
    [0xdb] = D_Q(VPANDD, VPANDQ),
    [0xdc] = BYTES(PADDUSB),
    [0xdd] = WORDS(PADDUSW),
    [0xde] = BYTES(PMAXUB),
    [0xdf] = D_Q(VPANDND, VPANDNQ),
    [0xe0] = BYTES(PAVGB),
    [0xe1] = ONLY_66(SHIFT_BY(PSRAW, AVX512BW, E16)),
    [0xe2] = ONLY_66(W(SHIFT_BY(PSRAD, AVX512F, E32), SHIFT_BY(VPSRAQ, AVX512F, E64))),
    [0xe3] = WORDS(PAVGW),
    [0xe4] = WORDS(PMULHUW),
    [0xe5] = WORDS(PMULHW),
    [0xe6] = PREFIX(NONE, ONLY_W1(CVT(CVTTPD2DQ, AVX512F, E32 | B64 | SAE, V_xh, W_x)),
                    W(CVT(CVTDQ2PD, AVX512F, E64 | B32, V_x, W_xh),
                      CVT(VCVTQQ2PD, AVX512DQ, E64 | B64 | ER, V_x, W_x)),
                    ONLY_W1(CVT(CVTPD2DQ, AVX512F, E32 | B64 | ER, V_xh, W_x))),
    [0xe7] = ONLY_66(ONLY_W0(ALIGNED(MOVNTDQ, AVX512F, 0, M_x, V_x))),
    [0xe8] = BYTES(PSUBSB),
    [0xe9] = WORDS(PSUBSW),
    [0xea] = WORDS(PMINSW),
    [0xeb] = D_Q(VPORD, VPORQ),
    [0xec] = BYTES(PADDSB),
    [0xed] = WORDS(PADDSW),
    [0xee] = WORDS(PMAXSW),
    [0xef] = D_Q(VPXORD, VPXORQ),
    [0xf1] = ONLY_66(SHIFT_BY(PSLLW, AVX512BW, E16)),
    [0xf2] = ONLY_66(ONLY_W0(SHIFT_BY(PSLLD, AVX512F, E32))),
    [0xf3] = ONLY_66(ONLY_W1(SHIFT_BY(PSLLQ, AVX512F, E64))),
    [0xf4] = QWORDS(PMULUDQ),
    [0xf5] = ONLY_66(EV(PMADDWD, AVX512BW, MZ | E32 | WHOLE, V_x, H_x, W_x)),
    [0xf6] = ONLY_66(EV(PSADBW, AVX512BW, WHOLE, V_x, H_x, W_x)),
    [0xf8] = BYTES(PSUBB),
    [0xf9] = WORDS(PSUBW),
    [0xfa] = DWORDS(PSUBD),
    [0xfb] = QWORDS(PSUBQ),
    [0xfc] = BYTES(PADDB),
    [0xfd] = WORDS(PADDW),
    [0xfe] = DWORDS(PADDD),
};
