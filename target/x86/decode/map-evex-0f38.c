/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EVEX map 2 (0F38). With 66, W most often is the element's size. */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define BOTH(d, q, feat, e, ...) \
    W(EV(d, feat, FULL32 | (e), __VA_ARGS__), EV(q, feat, FULL64 | (e), __VA_ARGS__))
#define D_Q(d, q, feat, e, ...) ONLY_66(BOTH(d, q, feat, e, __VA_ARGS__))
#define B_W(b, w, feat, e, ...) \
    ONLY_66(W(EV(b, feat, MZ | E8 | (e), __VA_ARGS__), EV(w, feat, MZ | E16 | (e), __VA_ARGS__)))
#define BYTES(name, e) ONLY_66(EV(name, AVX512BW, MZ | E8 | (e), V_x, H_x, W_x))
#define WORDS(name, e) ONLY_66(EV(name, AVX512BW, MZ | E16 | (e), V_x, H_x, W_x))
#define DWORDS(name, feat) ONLY_66(ONLY_W0(EV(name, feat, FULL32, V_x, H_x, W_x)))
#define QWORDS(name, feat) ONLY_66(ONLY_W1(EV(name, feat, FULL64, V_x, H_x, W_x)))
#define SS_SD(ss, sd, e) \
    ONLY_66(W(EV(ss, AVX512F, MZ | E32 | SCALAR | (e), V_d, H_d, W_d), \
              EV(sd, AVX512F, MZ | E64 | SCALAR | (e), V_q, H_q, W_q)))
/* Widening and, with F3, narrowing: the memory's element is the smaller. */
#define WIDEN(name, feat, ev, ...) EV(name, feat, MZ | (ev), V_x, __VA_ARGS__)
#define NARROW(name, feat, ev, dst) ONLY_W0(EV(name, feat, MZ | (ev), dst, V_x))
#define SMALLER(wide, narrow) SPLIT(SPLIT_PREFIX, NONE, wide, narrow, NONE)
#define BROADCAST(name, feat, ev, src) EV(name, feat, MZ | X86_E_REPEAT | (ev), V_x, src)
#define TEST_ELEMENTS(p66, f3, lo, hi, feat, e0, e1) \
    PREFIX(NONE, W(EV(p66##lo, feat, MASK | (e0), K_q, H_x, W_x), EV(p66##hi, feat, MASK | (e1), K_q, H_x, W_x)), \
           W(EV(f3##lo, feat, MASK | (e0), K_q, H_x, W_x), EV(f3##hi, feat, MASK | (e1), K_q, H_x, W_x)), NONE)
#define ACC(name, feat, ev, ...) INSN(name, EVEX_ACC(feat, ev, 0, ACCESS_RW), __VA_ARGS__)
#define DOT(name, feat) ONLY_66(ONLY_W0(ACC(name, feat, FULL32, V_x, H_x, W_x)))
#define FMA_PACKED(name) \
    ONLY_66(W(ACC(name##PS, AVX512F, FULL32 | ER, V_x, H_x, W_x), \
              ACC(name##PD, AVX512F, FULL64 | ER, V_x, H_x, W_x)))
#define FMA_SCALAR(name) \
    ONLY_66(W(ACC(name##SS, AVX512F, MZ | E32 | SCALAR | ER, V_d, H_d, W_d), \
              ACC(name##SD, AVX512F, MZ | E64 | SCALAR | ER, V_q, H_q, W_q)))
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
/* Many accesses, a mask to be updated: never native. */
#define VSIB(name, ev, ...) \
    INSN(name, KIND(.attr = X86_A_AVX512, .access = ACCESS_W, .feature = FEATURE_AVX512F, \
                    .evex = MASK | X86_E_VSIB | (ev)), __VA_ARGS__)
#define AES_ROW(name) ONLY_66(EV(name, VAES, 0, V_x, H_x, W_x))
#define TWO_MASKS(name, e) \
    INSN(name, EVEX_ACC(AVX512VP2INTERSECT, e, 0, ACCESS_W), K_q, H_x, W_x)

const DecodeNode decode_map_evex_0f38[256] = {
    [0x00] = BYTES(PSHUFB, WHOLE),
    [0x04] = WORDS(PMADDUBSW, WHOLE),
    [0x0b] = WORDS(PMULHRSW, 0),
    [0x0c] = ONLY_66(ONLY_W0(EV(VPERMILPS, AVX512F, FULL32 | WHOLE, V_x, H_x, W_x))),
    [0x0d] = ONLY_66(ONLY_W1(EV(VPERMILPD, AVX512F, FULL64 | WHOLE, V_x, H_x, W_x))),
    [0x10] = SMALLER(ONLY_W1(EV(VPSRLVW, AVX512BW, MZ | E16, V_x, H_x, W_x)),
                     NARROW(VPMOVUSWB, AVX512BW, E8, W_xh)),
    [0x11] = SMALLER(ONLY_W1(EV(VPSRAVW, AVX512BW, MZ | E16, V_x, H_x, W_x)),
                     NARROW(VPMOVUSDB, AVX512F, E8, W_xq)),
    [0x12] = SMALLER(ONLY_W1(EV(VPSLLVW, AVX512BW, MZ | E16, V_x, H_x, W_x)),
                     NARROW(VPMOVUSQB, AVX512F, E8, W_xe)),
    [0x13] = SMALLER(ONLY_W0(EV(VCVTPH2PS, AVX512F, MZ | E32 | SAE, V_x, W_xh)),
                     NARROW(VPMOVUSDW, AVX512F, E16, W_xh)),
    [0x14] = SMALLER(BOTH(VPRORVD, VPRORVQ, AVX512F, 0, V_x, H_x, W_x),
                     NARROW(VPMOVUSQW, AVX512F, E16, W_xq)),
    [0x15] = SMALLER(BOTH(VPROLVD, VPROLVQ, AVX512F, 0, V_x, H_x, W_x),
                     NARROW(VPMOVUSQD, AVX512F, E32, W_xh)),
    [0x16] = D_Q(VPERMPS, VPERMPD, AVX512F, FROM_256 | WHOLE, V_x, H_x, W_x),
    [0x18] = ONLY_66(ONLY_W0(BROADCAST(VBROADCASTSS, AVX512F, E32, W_d))),
    [0x19] = ONLY_66(W(BROADCAST(VBROADCASTF32X2, AVX512DQ, E32 | FROM_256, W_q),
                       BROADCAST(VBROADCASTSD, AVX512F, E64 | FROM_256, W_q))),
    [0x1a] = ONLY_66(W(BROADCAST(VBROADCASTF32X4, AVX512F, E32 | FROM_256, M_dq),
                       BROADCAST(VBROADCASTF64X2, AVX512DQ, E64 | FROM_256, M_dq))),
    [0x1b] = ONLY_66(W(BROADCAST(VBROADCASTF32X8, AVX512DQ, E32 | ONLY_512, M_xh),
                       BROADCAST(VBROADCASTF64X4, AVX512F, E64 | ONLY_512, M_xh))),
    [0x1c] = ONLY_66(EV(PABSB, AVX512BW, MZ | E8, V_x, W_x)),
    [0x1d] = ONLY_66(EV(PABSW, AVX512BW, MZ | E16, V_x, W_x)),
    [0x1e] = ONLY_66(ONLY_W0(EV(PABSD, AVX512F, FULL32, V_x, W_x))),
    [0x1f] = ONLY_66(ONLY_W1(EV(VPABSQ, AVX512F, FULL64, V_x, W_x))),
    [0x20] = SMALLER(WIDEN(PMOVSXBW, AVX512BW, E16, W_xh), NARROW(VPMOVSWB, AVX512BW, E8, W_xh)),
    [0x21] = SMALLER(WIDEN(PMOVSXBD, AVX512F, E32, W_xq), NARROW(VPMOVSDB, AVX512F, E8, W_xq)),
    [0x22] = SMALLER(WIDEN(PMOVSXBQ, AVX512F, E64, W_xe), NARROW(VPMOVSQB, AVX512F, E8, W_xe)),
    [0x23] = SMALLER(WIDEN(PMOVSXWD, AVX512F, E32, W_xh), NARROW(VPMOVSDW, AVX512F, E16, W_xh)),
    [0x24] = SMALLER(WIDEN(PMOVSXWQ, AVX512F, E64, W_xq), NARROW(VPMOVSQW, AVX512F, E16, W_xq)),
    [0x25] = SMALLER(ONLY_W0(WIDEN(PMOVSXDQ, AVX512F, E64, W_xh)),
                     NARROW(VPMOVSQD, AVX512F, E32, W_xh)),
    [0x26] = TEST_ELEMENTS(VPTESTM, VPTESTNM, B, W, AVX512BW, E8, E16),
    [0x27] = TEST_ELEMENTS(VPTESTM, VPTESTNM, D, Q, AVX512F, E32 | B32, E64 | B64),
    [0x28] = SMALLER(ONLY_W1(EV(PMULDQ, AVX512F, FULL64, V_x, H_x, W_x)),
                     W(EV(VPMOVM2B, AVX512BW, E8, V_x, KR_q), EV(VPMOVM2W, AVX512BW, E16, V_x, KR_q))),
    [0x29] = SMALLER(ONLY_W1(EV(PCMPEQQ, AVX512F, MASK | E64 | B64, K_q, H_x, W_x)),
                     W(EV(VPMOVB2M, AVX512BW, E8, K_q, U_x), EV(VPMOVW2M, AVX512BW, E16, K_q, U_x))),
    [0x2a] = SMALLER(ONLY_W0(INSN(MOVNTDQA, EVEX_ACC(AVX512F, 0, ALIGN, ACCESS_W), V_x, M_x)),
                     ONLY_W1(EV(VPBROADCASTMB2Q, AVX512CD, E64, V_x, KR_q))),
    [0x2b] = ONLY_66(ONLY_W0(EV(PACKUSDW, AVX512BW, MZ | E16 | B32 | WHOLE, V_x, H_x, W_x))),
    [0x2c] = D_Q(VSCALEFPS, VSCALEFPD, AVX512F, ER, V_x, H_x, W_x),
    [0x2d] = SS_SD(VSCALEFSS, VSCALEFSD, ER),
    [0x30] = SMALLER(WIDEN(PMOVZXBW, AVX512BW, E16, W_xh), NARROW(VPMOVWB, AVX512BW, E8, W_xh)),
    [0x31] = SMALLER(WIDEN(PMOVZXBD, AVX512F, E32, W_xq), NARROW(VPMOVDB, AVX512F, E8, W_xq)),
    [0x32] = SMALLER(WIDEN(PMOVZXBQ, AVX512F, E64, W_xe), NARROW(VPMOVQB, AVX512F, E8, W_xe)),
    [0x33] = SMALLER(WIDEN(PMOVZXWD, AVX512F, E32, W_xh), NARROW(VPMOVDW, AVX512F, E16, W_xh)),
    [0x34] = SMALLER(WIDEN(PMOVZXWQ, AVX512F, E64, W_xq), NARROW(VPMOVQW, AVX512F, E16, W_xq)),
    [0x35] = SMALLER(ONLY_W0(WIDEN(PMOVZXDQ, AVX512F, E64, W_xh)),
                     NARROW(VPMOVQD, AVX512F, E32, W_xh)),
    [0x36] = D_Q(VPERMD, VPERMQ, AVX512F, FROM_256 | WHOLE, V_x, H_x, W_x),
    [0x37] = ONLY_66(ONLY_W1(EV(PCMPGTQ, AVX512F, MASK | E64 | B64, K_q, H_x, W_x))),
    [0x38] = SMALLER(EV(PMINSB, AVX512BW, MZ | E8, V_x, H_x, W_x),
                     W(EV(VPMOVM2D, AVX512DQ, E32, V_x, KR_q), EV(VPMOVM2Q, AVX512DQ, E64, V_x, KR_q))),
    [0x39] = SMALLER(BOTH(PMINSD, VPMINSQ, AVX512F, 0, V_x, H_x, W_x),
                     W(EV(VPMOVD2M, AVX512DQ, E32, K_q, U_x), EV(VPMOVQ2M, AVX512DQ, E64, K_q, U_x))),
    [0x3a] = SMALLER(EV(PMINUW, AVX512BW, MZ | E16, V_x, H_x, W_x),
                     ONLY_W0(EV(VPBROADCASTMW2D, AVX512CD, E32, V_x, KR_q))),
    [0x3b] = D_Q(PMINUD, VPMINUQ, AVX512F, 0, V_x, H_x, W_x),
    [0x3c] = BYTES(PMAXSB, 0),
    [0x3d] = D_Q(PMAXSD, VPMAXSQ, AVX512F, 0, V_x, H_x, W_x),
    [0x3e] = WORDS(PMAXUW, 0),
    [0x3f] = D_Q(PMAXUD, VPMAXUQ, AVX512F, 0, V_x, H_x, W_x),
    [0x40] = ONLY_66(W(EV(PMULLD, AVX512F, FULL32, V_x, H_x, W_x),
                       EV(VPMULLQ, AVX512DQ, FULL64, V_x, H_x, W_x))),
    [0x42] = D_Q(VGETEXPPS, VGETEXPPD, AVX512F, SAE, V_x, W_x),
    [0x43] = SS_SD(VGETEXPSS, VGETEXPSD, SAE),
    [0x44] = D_Q(VPLZCNTD, VPLZCNTQ, AVX512CD, 0, V_x, W_x),
    [0x45] = D_Q(VPSRLVD, VPSRLVQ, AVX512F, 0, V_x, H_x, W_x),
    [0x46] = D_Q(VPSRAVD, VPSRAVQ, AVX512F, 0, V_x, H_x, W_x),
    [0x47] = D_Q(VPSLLVD, VPSLLVQ, AVX512F, 0, V_x, H_x, W_x),
    [0x4c] = D_Q(VRCP14PS, VRCP14PD, AVX512F, 0, V_x, W_x),
    [0x4d] = SS_SD(VRCP14SS, VRCP14SD, 0),
    [0x4e] = D_Q(VRSQRT14PS, VRSQRT14PD, AVX512F, 0, V_x, W_x),
    [0x4f] = SS_SD(VRSQRT14SS, VRSQRT14SD, 0),
    [0x50] = DOT(VPDPBUSD, AVX512VNNI),
    [0x51] = DOT(VPDPBUSDS, AVX512VNNI),
    [0x52] = SMALLER(ONLY_W0(ACC(VPDPWSSD, AVX512VNNI, FULL32, V_x, H_x, W_x)),
                     ONLY_W0(ACC(VDPBF16PS, AVX512BF16, FULL32, V_x, H_x, W_x))),
    [0x53] = DOT(VPDPWSSDS, AVX512VNNI),
    [0x54] = B_W(VPOPCNTB, VPOPCNTW, AVX512BITALG, 0, V_x, W_x),
    [0x55] = D_Q(VPOPCNTD, VPOPCNTQ, AVX512VPOPCNTDQ, 0, V_x, W_x),
    [0x58] = ONLY_66(ONLY_W0(BROADCAST(VPBROADCASTD, AVX512F, E32, W_d))),
    [0x59] = ONLY_66(W(BROADCAST(VBROADCASTI32X2, AVX512DQ, E32, W_q),
                       BROADCAST(VPBROADCASTQ, AVX512F, E64, W_q))),
    [0x5a] = ONLY_66(W(BROADCAST(VBROADCASTI32X4, AVX512F, E32 | FROM_256, M_dq),
                       BROADCAST(VBROADCASTI64X2, AVX512DQ, E64 | FROM_256, M_dq))),
    [0x5b] = ONLY_66(W(BROADCAST(VBROADCASTI32X8, AVX512DQ, E32 | ONLY_512, M_xh),
                       BROADCAST(VBROADCASTI64X4, AVX512F, E64 | ONLY_512, M_xh))),
    [0x62] = B_W(VPEXPANDB, VPEXPANDW, AVX512VBMI2, PACKED, V_x, W_x),
    [0x63] = B_W(VPCOMPRESSB, VPCOMPRESSW, AVX512VBMI2, PACKED, W_x, V_x),
    [0x64] = D_Q(VPBLENDMD, VPBLENDMQ, AVX512F, 0, V_x, H_x, W_x),
    [0x65] = D_Q(VBLENDMPS, VBLENDMPD, AVX512F, 0, V_x, H_x, W_x),
    [0x66] = B_W(VPBLENDMB, VPBLENDMW, AVX512BW, 0, V_x, H_x, W_x),
    [0x68] = PREFIX(NONE, NONE, NONE, W(TWO_MASKS(VP2INTERSECTD, E32 | B32),
                                        TWO_MASKS(VP2INTERSECTQ, E64 | B64))),
    [0x70] = ONLY_66(ONLY_W1(ACC(VPSHLDVW, AVX512VBMI2, MZ | E16, V_x, H_x, W_x))),
    [0x71] = ONLY_66(W(ACC(VPSHLDVD, AVX512VBMI2, FULL32, V_x, H_x, W_x),
                       ACC(VPSHLDVQ, AVX512VBMI2, FULL64, V_x, H_x, W_x))),
    [0x72] = PREFIX(NONE, ONLY_W1(ACC(VPSHRDVW, AVX512VBMI2, MZ | E16, V_x, H_x, W_x)),
                    ONLY_W0(EV(VCVTNEPS2BF16, AVX512BF16, MZ | E16 | B32, V_xh, W_x)),
                    ONLY_W0(EV(VCVTNE2PS2BF16, AVX512BF16, MZ | E16 | B32 | WHOLE, V_x, H_x, W_x))),
    [0x73] = ONLY_66(W(ACC(VPSHRDVD, AVX512VBMI2, FULL32, V_x, H_x, W_x),
                       ACC(VPSHRDVQ, AVX512VBMI2, FULL64, V_x, H_x, W_x))),
    [0x75] = ONLY_66(W(ACC(VPERMI2B, AVX512VBMI, MZ | E8 | WHOLE, V_x, H_x, W_x),
                       ACC(VPERMI2W, AVX512BW, MZ | E16 | WHOLE, V_x, H_x, W_x))),
    [0x76] = ONLY_66(W(ACC(VPERMI2D, AVX512F, FULL32 | WHOLE, V_x, H_x, W_x),
                       ACC(VPERMI2Q, AVX512F, FULL64 | WHOLE, V_x, H_x, W_x))),
    [0x77] = ONLY_66(W(ACC(VPERMI2PS, AVX512F, FULL32 | WHOLE, V_x, H_x, W_x),
                       ACC(VPERMI2PD, AVX512F, FULL64 | WHOLE, V_x, H_x, W_x))),
    [0x78] = ONLY_66(ONLY_W0(BROADCAST(VPBROADCASTB, AVX512BW, E8, W_b))),
    [0x79] = ONLY_66(ONLY_W0(BROADCAST(VPBROADCASTW, AVX512BW, E16, W_w))),
    [0x7a] = ONLY_66(ONLY_W0(BROADCAST(VPBROADCASTB, AVX512BW, E8, R_d))),
    [0x7b] = ONLY_66(ONLY_W0(BROADCAST(VPBROADCASTW, AVX512BW, E16, R_d))),
    [0x7c] = ONLY_66(MODE(BROADCAST(VPBROADCASTD, AVX512F, E32, R_y),
                          W(BROADCAST(VPBROADCASTD, AVX512F, E32, R_d),
                            BROADCAST(VPBROADCASTQ, AVX512F, E64, R_y)))),
    [0x7d] = ONLY_66(W(ACC(VPERMT2B, AVX512VBMI, MZ | E8 | WHOLE, V_x, H_x, W_x),
                       ACC(VPERMT2W, AVX512BW, MZ | E16 | WHOLE, V_x, H_x, W_x))),
    [0x7e] = ONLY_66(W(ACC(VPERMT2D, AVX512F, FULL32 | WHOLE, V_x, H_x, W_x),
                       ACC(VPERMT2Q, AVX512F, FULL64 | WHOLE, V_x, H_x, W_x))),
    [0x7f] = ONLY_66(W(ACC(VPERMT2PS, AVX512F, FULL32 | WHOLE, V_x, H_x, W_x),
                       ACC(VPERMT2PD, AVX512F, FULL64 | WHOLE, V_x, H_x, W_x))),
    [0x83] = ONLY_66(ONLY_W1(EV(VPMULTISHIFTQB, AVX512VBMI, MZ | E8 | B64 | WHOLE, V_x, H_x, W_x))),
    [0x88] = ONLY_66(W(EV(VEXPANDPS, AVX512F, MZ | E32 | PACKED, V_x, W_x),
                       EV(VEXPANDPD, AVX512F, MZ | E64 | PACKED, V_x, W_x))),
    [0x89] = ONLY_66(W(EV(VPEXPANDD, AVX512F, MZ | E32 | PACKED, V_x, W_x),
                       EV(VPEXPANDQ, AVX512F, MZ | E64 | PACKED, V_x, W_x))),
    [0x8a] = ONLY_66(W(EV(VCOMPRESSPS, AVX512F, MZ | E32 | PACKED, W_x, V_x),
                       EV(VCOMPRESSPD, AVX512F, MZ | E64 | PACKED, W_x, V_x))),
    [0x8b] = ONLY_66(W(EV(VPCOMPRESSD, AVX512F, MZ | E32 | PACKED, W_x, V_x),
                       EV(VPCOMPRESSQ, AVX512F, MZ | E64 | PACKED, W_x, V_x))),
    [0x8d] = ONLY_66(W(EV(VPERMB, AVX512VBMI, MZ | E8 | WHOLE, V_x, H_x, W_x),
                       EV(VPERMW, AVX512BW, MZ | E16 | WHOLE, V_x, H_x, W_x))),
    [0x8f] = ONLY_66(ONLY_W0(EV(VPSHUFBITQMB, AVX512BITALG, MASK | E8, K_q, H_x, W_x))),
    [0x90] = ONLY_66(W(VSIB(VPGATHERDD, E32, V_x, VSIB_d), VSIB(VPGATHERDQ, E64, V_x, VSIB_q))),
    [0x91] = ONLY_66(W(VSIB(VPGATHERQD, E32, V_xh, VSIB_d), VSIB(VPGATHERQQ, E64, V_x, VSIB_q))),
    [0x92] = ONLY_66(W(VSIB(VGATHERDPS, E32, V_x, VSIB_d), VSIB(VGATHERDPD, E64, V_x, VSIB_q))),
    [0x93] = ONLY_66(W(VSIB(VGATHERQPS, E32, V_xh, VSIB_d), VSIB(VGATHERQPD, E64, V_x, VSIB_q))),
    [0xa0] = ONLY_66(W(VSIB(VPSCATTERDD, E32, VSIB_d, V_x), VSIB(VPSCATTERDQ, E64, VSIB_q, V_x))),
    [0xa1] = ONLY_66(W(VSIB(VPSCATTERQD, E32, VSIB_d, V_xh), VSIB(VPSCATTERQQ, E64, VSIB_q, V_x))),
    [0xa2] = ONLY_66(W(VSIB(VSCATTERDPS, E32, VSIB_d, V_x), VSIB(VSCATTERDPD, E64, VSIB_q, V_x))),
    [0xa3] = ONLY_66(W(VSIB(VSCATTERQPS, E32, VSIB_d, V_xh), VSIB(VSCATTERQPD, E64, VSIB_q, V_x))),
    FMA_ORDER(0x90, 132),
    FMA_ORDER(0xa0, 213),
    FMA_ORDER(0xb0, 231),
    [0xb4] = ONLY_66(ONLY_W1(ACC(VPMADD52LUQ, AVX512IFMA, FULL64, V_x, H_x, W_x))),
    [0xb5] = ONLY_66(ONLY_W1(ACC(VPMADD52HUQ, AVX512IFMA, FULL64, V_x, H_x, W_x))),
    [0xc4] = D_Q(VPCONFLICTD, VPCONFLICTQ, AVX512CD, WHOLE, V_x, W_x),
    [0xcf] = ONLY_66(ONLY_W0(EV(GF2P8MULB, GFNI, MZ | E8, V_x, H_x, W_x))),
    [0xdc] = AES_ROW(AESENC),
    [0xdd] = AES_ROW(AESENCLAST),
    [0xde] = AES_ROW(AESDEC),
    [0xdf] = AES_ROW(AESDECLAST),
};
