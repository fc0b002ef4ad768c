/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VEX map 3 (0F3A): AVX, AVX2, F16C and RORX with an immediate. */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define BY_LENGTH(name, ...) \
    VL(INSN(name, AVX_OP(AVX, 0), __VA_ARGS__), INSN(name, AVX_OP(AVX2, 0), __VA_ARGS__))
#define AVX1(name, a, ...) ONLY_66(INSN(name, AVX_OP(AVX, a), __VA_ARGS__))
#define AVX2_ROW(name, a, ...) ONLY_66(INSN(name, AVX_OP(AVX2, a), __VA_ARGS__))
#define STRINGS(in, out) \
    .attr = X86_A_AVX | NATIVE | L0, .access = ACCESS_R, .feature = FEATURE_AVX, \
    .flags_out = F_ALL, .gpr_in = (in), .gpr_out = (out)
#define GFNI_ROW(name) ONLY_66(INSN(name, AVX_OP(GFNI, W1), V_x, H_x, W_x, I_b))
#define OPMASK_SHIFT(name, feat, s) \
    INSN(name, KIND(.attr = X86_A_AVX512 | NATIVE | L0, .access = ACCESS_W, \
                    .feature = FEATURE_##feat), K_##s, KR_##s, I_b)
#define OPMASK_SHIFTS(name, f0, s0, f1, s1) \
    MOD(NONE, ONLY_66(W(OPMASK_SHIFT(name, f0, s0), OPMASK_SHIFT(name, f1, s1))))

const DecodeNode decode_map_vex_0f3a[256] = {
    [0x00] = AVX2_ROW(VPERMQ, W1 | L1, V_x, W_x, I_b),
    [0x01] = AVX2_ROW(VPERMPD, W1 | L1, V_x, W_x, I_b),
    [0x02] = AVX2_ROW(VPBLENDD, W0, V_x, H_x, W_x, I_b),
    [0x04] = AVX1(VPERMILPS, W0, V_x, W_x, I_b),
    [0x05] = AVX1(VPERMILPD, W0, V_x, W_x, I_b),
    [0x06] = AVX1(VPERM2F128, W0 | L1, V_x, H_x, W_x, I_b),
    [0x08] = AVX1(ROUNDPS, 0, V_x, W_x, I_b),
    [0x09] = AVX1(ROUNDPD, 0, V_x, W_x, I_b),
    [0x0a] = AVX1(ROUNDSS, 0, V_d, H_d, W_d, I_b),
    [0x0b] = AVX1(ROUNDSD, 0, V_q, H_q, W_q, I_b),
    [0x0c] = AVX1(BLENDPS, 0, V_x, H_x, W_x, I_b),
    [0x0d] = AVX1(BLENDPD, 0, V_x, H_x, W_x, I_b),
    [0x0e] = ONLY_66(BY_LENGTH(PBLENDW, V_x, H_x, W_x, I_b)),
    [0x0f] = ONLY_66(BY_LENGTH(PALIGNR, V_x, H_x, W_x, I_b)),
    [0x14] = AVX1(PEXTRB, L0, RdMb, V_dq, I_b),
    [0x15] = AVX1(PEXTRW, L0, RdMw, V_dq, I_b),
    [0x16] = AVX1(PEXTRD, L0, E_y, V_dq, I_b),
    [0x17] = AVX1(EXTRACTPS, L0, E_d, V_dq, I_b),
    [0x18] = AVX1(VINSERTF128, W0 | L1, V_x, H_x, W_dq, I_b),
    [0x19] = AVX1(VEXTRACTF128, W0 | L1, W_dq, V_x, I_b),
    [0x1d] = ONLY_66(INSN(VCVTPS2PH, AVX_OP(F16C, W0), W_xh, V_x, I_b)),
    [0x20] = AVX1(PINSRB, L0, V_dq, H_dq, RdMb, I_b),
    [0x21] = AVX1(INSERTPS, L0, V_dq, H_dq, W_d, I_b),
    [0x22] = AVX1(PINSRD, L0, V_dq, H_dq, E_y, I_b),
    [0x30] = OPMASK_SHIFTS(KSHIFTR, AVX512DQ, b, AVX512F, w),
    [0x31] = OPMASK_SHIFTS(KSHIFTR, AVX512BW, d, AVX512BW, q),
    [0x32] = OPMASK_SHIFTS(KSHIFTL, AVX512DQ, b, AVX512F, w),
    [0x33] = OPMASK_SHIFTS(KSHIFTL, AVX512BW, d, AVX512BW, q),
    [0x38] = AVX2_ROW(VINSERTI128, W0 | L1, V_x, H_x, W_dq, I_b),
    [0x39] = AVX2_ROW(VEXTRACTI128, W0 | L1, W_dq, V_x, I_b),
    [0x40] = AVX1(DPPS, 0, V_x, H_x, W_x, I_b),
    [0x41] = AVX1(DPPD, L0, V_dq, H_dq, W_dq, I_b),
    [0x42] = ONLY_66(BY_LENGTH(MPSADBW, V_x, H_x, W_x, I_b)),
    [0x44] = ONLY_66(VL(INSN(PCLMULQDQ, AVX_OP(PCLMULQDQ, 0), V_x, H_x, W_x, I_b),
                        INSN(PCLMULQDQ, AVX_OP(VPCLMULQDQ, 0), V_x, H_x, W_x, I_b))),
    [0x46] = AVX2_ROW(VPERM2I128, W0 | L1, V_x, H_x, W_x, I_b),
    [0x4a] = AVX1(BLENDVPS, W0, V_x, H_x, W_x, L_x),
    [0x4b] = AVX1(BLENDVPD, W0, V_x, H_x, W_x, L_x),
    [0x4c] = ONLY_66(VL(INSN(PBLENDVB, AVX_OP(AVX, W0), V_x, H_x, W_x, L_x),
                        INSN(PBLENDVB, AVX_OP(AVX2, W0), V_x, H_x, W_x, L_x))),
    [0x60] = ONLY_66(INSN(PCMPESTRM, STRINGS(R_AX | R_DX, 0), V_dq, W_dq, I_b)),
    [0x61] = ONLY_66(INSN(PCMPESTRI, STRINGS(R_AX | R_DX, R_CX), V_dq, W_dq, I_b)),
    [0x62] = ONLY_66(INSN(PCMPISTRM, STRINGS(0, 0), V_dq, W_dq, I_b)),
    [0x63] = ONLY_66(INSN(PCMPISTRI, STRINGS(0, R_CX), V_dq, W_dq, I_b)),
    [0xce] = GFNI_ROW(GF2P8AFFINEQB),
    [0xcf] = GFNI_ROW(GF2P8AFFINEINVQB),
    [0xdf] = AVX1(AESKEYGENASSIST, L0, V_dq, W_dq, I_b),
    [0xf0] = PREFIX(NONE, NONE, NONE, INSN(RORX, EXT_L0(BMI2, ACCESS_W), G_y, E_y, I_b)),
};
