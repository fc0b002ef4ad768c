/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three-byte opcode map 0F3A (SDM 2D table A-5), without VEX and EVEX. */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define SSE_IMM(name, feat) ONLY_66(INSN(name, SSE_OP(feat, ALIGN, ACCESS_RW), V_dq, W_dq, I_b))
/* Implicit lengths in (E/R)AX and (E/R)DX; REX.W makes them 64 bits wide. */
#define STRINGS(in, out) \
    .attr = X86_A_SSE | NATIVE, .access = ACCESS_R, .feature = FEATURE_SSE4_2, \
    .flags_out = F_ALL, .gpr_in = (in), .gpr_out = (out)

const DecodeNode decode_map_0f3a[256] = {
    [0x08] = ONLY_66(INSN(ROUNDPS, SSE_OP(SSE4_1, ALIGN, ACCESS_W), V_dq, W_dq, I_b)),
    [0x09] = ONLY_66(INSN(ROUNDPD, SSE_OP(SSE4_1, ALIGN, ACCESS_W), V_dq, W_dq, I_b)),
    [0x0a] = ONLY_66(INSN(ROUNDSS, SSE_OP(SSE4_1, 0, ACCESS_RW), V_d, W_d, I_b)),
    [0x0b] = ONLY_66(INSN(ROUNDSD, SSE_OP(SSE4_1, 0, ACCESS_RW), V_q, W_q, I_b)),
    [0x0c] = SSE_IMM(BLENDPS, SSE4_1),
    [0x0d] = SSE_IMM(BLENDPD, SSE4_1),
    [0x0e] = SSE_IMM(PBLENDW, SSE4_1),
    [0x0f] = PREFIX(INSN(PALIGNR, MMX_OP(SSSE3, ACCESS_RW), P_q, Q_q, I_b),
                    INSN(PALIGNR, SSE_OP(SSSE3, ALIGN, ACCESS_RW), V_dq, W_dq, I_b), NONE, NONE),
    [0x14] = ONLY_66(INSN(PEXTRB, SSE_OP(SSE4_1, 0, ACCESS_W), RdMb, V_dq, I_b)),
    [0x15] = ONLY_66(INSN(PEXTRW, SSE_OP(SSE4_1, 0, ACCESS_W), RdMw, V_dq, I_b)),
    [0x16] = ONLY_66(INSN(PEXTRD, SSE_OP(SSE4_1, 0, ACCESS_W), E_y, V_dq, I_b)),
    [0x17] = ONLY_66(INSN(EXTRACTPS, SSE_OP(SSE4_1, 0, ACCESS_W), E_d, V_dq, I_b)),
    [0x20] = ONLY_66(INSN(PINSRB, SSE_OP(SSE4_1, 0, ACCESS_RW), V_dq, RdMb, I_b)),
    [0x21] = ONLY_66(INSN(INSERTPS, SSE_OP(SSE4_1, 0, ACCESS_RW), V_dq, W_d, I_b)),
    [0x22] = ONLY_66(INSN(PINSRD, SSE_OP(SSE4_1, 0, ACCESS_RW), V_dq, E_y, I_b)),
    [0x40] = SSE_IMM(DPPS, SSE4_1),
    [0x41] = SSE_IMM(DPPD, SSE4_1),
    [0x42] = SSE_IMM(MPSADBW, SSE4_1),
    [0x44] = SSE_IMM(PCLMULQDQ, PCLMULQDQ),
    [0x60] = ONLY_66(INSN(PCMPESTRM, STRINGS(R_AX | R_DX, 0), V_dq, W_dq, I_b)),
    [0x61] = ONLY_66(INSN(PCMPESTRI, STRINGS(R_AX | R_DX, R_CX), V_dq, W_dq, I_b)),
    [0x62] = ONLY_66(INSN(PCMPISTRM, STRINGS(0, 0), V_dq, W_dq, I_b)),
    [0x63] = ONLY_66(INSN(PCMPISTRI, STRINGS(0, R_CX), V_dq, W_dq, I_b)),
    [0xcc] = NP(INSN(SHA1RNDS4, SSE_OP(SHA, ALIGN, ACCESS_RW), V_dq, W_dq, I_b)),
    [0xce] = SSE_IMM(GF2P8AFFINEQB, GFNI),
    [0xcf] = SSE_IMM(GF2P8AFFINEINVQB, GFNI),
    [0xdf] = ONLY_66(INSN(AESKEYGENASSIST, SSE_OP(AES, ALIGN, ACCESS_W), V_dq, W_dq, I_b)),
};
