/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three-byte opcode map 0F38 (SDM 2D table A-4), without VEX and EVEX. */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define SSSE3_BOTH(name) \
    PREFIX(INSN(name, MMX_OP(SSSE3, ACCESS_RW), P_q, Q_q), \
           INSN(name, SSE_OP(SSSE3, ALIGN, ACCESS_RW), V_dq, W_dq), NONE, NONE)
#define ABSOLUTE(name) \
    PREFIX(INSN(name, MMX_OP(SSSE3, ACCESS_W), P_q, Q_q), \
           INSN(name, SSE_OP(SSSE3, ALIGN, ACCESS_W), V_dq, W_dq), NONE, NONE)
#define SSE_66(name, feat) ONLY_66(INSN(name, SSE_OP(feat, ALIGN, ACCESS_RW), V_dq, W_dq))
#define EXTEND(name, src) ONLY_66(INSN(name, SSE_OP(SSE4_1, 0, ACCESS_W), V_dq, src))
#define SHA_ROW(name) NP(INSN(name, SSE_OP(SHA, ALIGN, ACCESS_RW), V_dq, W_dq))
#define MOVBE_KIND EXT(MOVBE, ACCESS_W)
#define CRC_KIND EXT(SSE4_2, ACCESS_RW)

const DecodeNode decode_map_0f38[256] = {
    [0x00] = SSSE3_BOTH(PSHUFB),
    [0x01] = SSSE3_BOTH(PHADDW),
    [0x02] = SSSE3_BOTH(PHADDD),
    [0x03] = SSSE3_BOTH(PHADDSW),
    [0x04] = SSSE3_BOTH(PMADDUBSW),
    [0x05] = SSSE3_BOTH(PHSUBW),
    [0x06] = SSSE3_BOTH(PHSUBD),
    [0x07] = SSSE3_BOTH(PHSUBSW),
    [0x08] = SSSE3_BOTH(PSIGNB),
    [0x09] = SSSE3_BOTH(PSIGNW),
    [0x0a] = SSSE3_BOTH(PSIGND),
    [0x0b] = SSSE3_BOTH(PMULHRSW),
    [0x10] = SSE_66(PBLENDVB, SSE4_1),
    [0x14] = SSE_66(BLENDVPS, SSE4_1),
    [0x15] = SSE_66(BLENDVPD, SSE4_1),
    [0x17] = ONLY_66(INSN(PTEST, SSE_FLAGS(SSE4_1, ALIGN), V_dq, W_dq)),
    [0x1c] = ABSOLUTE(PABSB),
    [0x1d] = ABSOLUTE(PABSW),
    [0x1e] = ABSOLUTE(PABSD),
    [0x20] = EXTEND(PMOVSXBW, W_q),
    [0x21] = EXTEND(PMOVSXBD, W_d),
    [0x22] = EXTEND(PMOVSXBQ, W_w),
    [0x23] = EXTEND(PMOVSXWD, W_q),
    [0x24] = EXTEND(PMOVSXWQ, W_d),
    [0x25] = EXTEND(PMOVSXDQ, W_q),
    [0x28] = SSE_66(PMULDQ, SSE4_1),
    [0x29] = SSE_66(PCMPEQQ, SSE4_1),
    [0x2a] = ONLY_66(INSN(MOVNTDQA, SSE_OP(SSE4_1, ALIGN, ACCESS_W), V_dq, M_dq)),
    [0x2b] = SSE_66(PACKUSDW, SSE4_1),
    [0x30] = EXTEND(PMOVZXBW, W_q),
    [0x31] = EXTEND(PMOVZXBD, W_d),
    [0x32] = EXTEND(PMOVZXBQ, W_w),
    [0x33] = EXTEND(PMOVZXWD, W_q),
    [0x34] = EXTEND(PMOVZXWQ, W_d),
    [0x35] = EXTEND(PMOVZXDQ, W_q),
    [0x37] = SSE_66(PCMPGTQ, SSE4_2),
    [0x38] = SSE_66(PMINSB, SSE4_1),
    [0x39] = SSE_66(PMINSD, SSE4_1),
    [0x3a] = SSE_66(PMINUW, SSE4_1),
    [0x3b] = SSE_66(PMINUD, SSE4_1),
    [0x3c] = SSE_66(PMAXSB, SSE4_1),
    [0x3d] = SSE_66(PMAXSD, SSE4_1),
    [0x3e] = SSE_66(PMAXUW, SSE4_1),
    [0x3f] = SSE_66(PMAXUD, SSE4_1),
    [0x40] = SSE_66(PMULLD, SSE4_1),
    [0x41] = ONLY_66(INSN(PHMINPOSUW, SSE_OP(SSE4_1, ALIGN, ACCESS_W), V_dq, W_dq)),
    [0x80] = ONLY_66(INSN(INVEPT, KIND(UNKNOWN(VMX), .access = ACCESS_R), G_m, M_dq)),
    [0x81] = ONLY_66(INSN(INVVPID, KIND(UNKNOWN(VMX), .access = ACCESS_R), G_m, M_dq)),
    [0x82] = ONLY_66(INSN(INVPCID, SYSTEM(PRIV, ACCESS_R, INVPCID, 0, 0), G_m, M_dq)),
    [0xc8] = SHA_ROW(SHA1NEXTE),
    [0xc9] = SHA_ROW(SHA1MSG1),
    [0xca] = SHA_ROW(SHA1MSG2),
    [0xcb] = SHA_ROW(SHA256RNDS2),
    [0xcc] = SHA_ROW(SHA256MSG1),
    [0xcd] = SHA_ROW(SHA256MSG2),
    [0xcf] = SSE_66(GF2P8MULB, GFNI),
    [0xdb] = ONLY_66(INSN(AESIMC, SSE_OP(AES, ALIGN, ACCESS_W), V_dq, W_dq)),
    [0xdc] = SSE_66(AESENC, AES),
    [0xdd] = SSE_66(AESENCLAST, AES),
    [0xde] = SSE_66(AESDEC, AES),
    [0xdf] = SSE_66(AESDECLAST, AES),
    [0xf0] = REP(INSN(MOVBE, MOVBE_KIND, G_v, M_v), NONE, INSN(CRC32, CRC_KIND, G_y, E_b)),
    [0xf1] = REP(INSN(MOVBE, MOVBE_KIND, M_v, G_v), NONE, INSN(CRC32, CRC_KIND, G_y, E_v)),
    [0xf5] = ONLY_66(INSN(WRUSS, UNKNOWN_RM(CET_SS), M_y, G_y)),
    [0xf6] = PREFIX(MOD(INSN(WRSS, UNKNOWN_RM(CET_SS), M_y, G_y), NONE),
                    INSN(ADCX, KIND(EXT(ADX, ACCESS_RW), .flags_in = F_C, .flags_out = F_C), G_y, E_y),
                    INSN(ADOX, KIND(EXT(ADX, ACCESS_RW), .flags_in = F_O, .flags_out = F_O), G_y, E_y),
                    NONE),
    [0xf8] = PREFIX(NONE, INSN(MOVDIR64B, SYSTEM(0, ACCESS_R, MOVDIR64B, 0, 0), G_ad, M_zmm),
                    INSN(ENQCMDS, UNKNOWN_RM(ENQCMD), G_ad, M_zmm),
                    INSN(ENQCMD, UNKNOWN_RM(ENQCMD), G_ad, M_zmm)),
    [0xf9] = NP(INSN(MOVDIRI, EXT(MOVDIRI, ACCESS_W), M_y, G_y)),
};
