/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EVEX map 3 (0F3A): all with an immediate, all with 66. */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define D_Q(d, q, feat, e, ...) \
    ONLY_66(W(EV(d, feat, FULL32 | (e), __VA_ARGS__), EV(q, feat, FULL64 | (e), __VA_ARGS__)))
#define ROW_W0(name, feat, ev, ...) ONLY_66(ONLY_W0(EV(name, feat, ev, __VA_ARGS__)))
#define ROW_W1(name, feat, ev, ...) ONLY_66(ONLY_W1(EV(name, feat, ev, __VA_ARGS__)))
#define SS_SD(ss, sd, feat, e) \
    ONLY_66(W(EV(ss, feat, MZ | E32 | SCALAR | (e), V_d, H_d, W_d, I_b), \
              EV(sd, feat, MZ | E64 | SCALAR | (e), V_q, H_q, W_q, I_b)))
/* Parts of 128 bits have elements of 32 in AVX512F, of 64 in DQ; those of 256
 * the other way round. */
#define INSERT_128(name) \
    ONLY_66(W(EV(name##32X4, AVX512F, MZ | E32 | FROM_256 | WHOLE, V_x, H_x, W_dq, I_b), \
              EV(name##64X2, AVX512DQ, MZ | E64 | FROM_256 | WHOLE, V_x, H_x, W_dq, I_b)))
#define INSERT_256(name) \
    ONLY_66(W(EV(name##32X8, AVX512DQ, MZ | E32 | ONLY_512 | WHOLE, V_x, H_x, W_xh, I_b), \
              EV(name##64X4, AVX512F, MZ | E64 | ONLY_512 | WHOLE, V_x, H_x, W_xh, I_b)))
#define EXTRACT_128(name) \
    ONLY_66(W(EV(name##32X4, AVX512F, MZ | E32 | FROM_256 | WHOLE, W_dq, V_x, I_b), \
              EV(name##64X2, AVX512DQ, MZ | E64 | FROM_256 | WHOLE, W_dq, V_x, I_b)))
#define EXTRACT_256(name) \
    ONLY_66(W(EV(name##32X8, AVX512DQ, MZ | E32 | ONLY_512 | WHOLE, W_xh, V_x, I_b), \
              EV(name##64X4, AVX512F, MZ | E64 | ONLY_512 | WHOLE, W_xh, V_x, I_b)))
#define COMPARES(lo, hi, feat, e0, e1) \
    ONLY_66(W(EV(lo, feat, MASK | (e0), K_q, H_x, W_x, I_b), EV(hi, feat, MASK | (e1), K_q, H_x, W_x, I_b)))
#define ACC(name, feat, ev, ...) INSN(name, EVEX_ACC(feat, ev, 0, ACCESS_RW), __VA_ARGS__)

const DecodeNode decode_map_evex_0f3a[256] = {
    [0x00] = ROW_W1(VPERMQ, AVX512F, FULL64 | FROM_256 | WHOLE, V_x, W_x, I_b),
    [0x01] = ROW_W1(VPERMPD, AVX512F, FULL64 | FROM_256 | WHOLE, V_x, W_x, I_b),
    [0x03] = D_Q(VALIGND, VALIGNQ, AVX512F, WHOLE, V_x, H_x, W_x, I_b),
    [0x04] = ROW_W0(VPERMILPS, AVX512F, FULL32 | WHOLE, V_x, W_x, I_b),
    [0x05] = ROW_W1(VPERMILPD, AVX512F, FULL64 | WHOLE, V_x, W_x, I_b),
    [0x08] = ROW_W0(VRNDSCALEPS, AVX512F, FULL32 | SAE, V_x, W_x, I_b),
    [0x09] = ROW_W1(VRNDSCALEPD, AVX512F, FULL64 | SAE, V_x, W_x, I_b),
    [0x0a] = ROW_W0(VRNDSCALESS, AVX512F, MZ | E32 | SCALAR | SAE, V_d, H_d, W_d, I_b),
    [0x0b] = ROW_W1(VRNDSCALESD, AVX512F, MZ | E64 | SCALAR | SAE, V_q, H_q, W_q, I_b),
    [0x0f] = ONLY_66(EV(PALIGNR, AVX512BW, MZ | E8 | WHOLE, V_x, H_x, W_x, I_b)),
    [0x14] = ONLY_66(EV(PEXTRB, AVX512BW, ONLY_128, RdMb, V_dq, I_b)),
    [0x15] = ONLY_66(EV(PEXTRW, AVX512BW, ONLY_128, RdMw, V_dq, I_b)),
    [0x16] = ONLY_66(EV(PEXTRD, AVX512DQ, ONLY_128, E_y, V_dq, I_b)),
    [0x17] = ONLY_66(EV(EXTRACTPS, AVX512F, ONLY_128, E_d, V_dq, I_b)),
    [0x18] = INSERT_128(VINSERTF),
    [0x19] = EXTRACT_128(VEXTRACTF),
    [0x1a] = INSERT_256(VINSERTF),
    [0x1b] = EXTRACT_256(VEXTRACTF),
    [0x1d] = ROW_W0(VCVTPS2PH, AVX512F, MZ | E16 | SAE, W_xh, V_x, I_b),
    [0x1e] = COMPARES(VPCMPUD, VPCMPUQ, AVX512F, E32 | B32, E64 | B64),
    [0x1f] = COMPARES(VPCMPD, VPCMPQ, AVX512F, E32 | B32, E64 | B64),
    [0x20] = ONLY_66(EV(PINSRB, AVX512BW, ONLY_128, V_dq, H_dq, RdMb, I_b)),
    [0x21] = ROW_W0(INSERTPS, AVX512F, ONLY_128, V_dq, H_dq, W_d, I_b),
    [0x22] = ONLY_66(EV(PINSRD, AVX512DQ, ONLY_128, V_dq, H_dq, E_y, I_b)),
    [0x23] = D_Q(VSHUFF32X4, VSHUFF64X2, AVX512F, FROM_256 | WHOLE, V_x, H_x, W_x, I_b),
    [0x25] = ONLY_66(W(ACC(VPTERNLOGD, AVX512F, FULL32, V_x, H_x, W_x, I_b),
                       ACC(VPTERNLOGQ, AVX512F, FULL64, V_x, H_x, W_x, I_b))),
    [0x26] = D_Q(VGETMANTPS, VGETMANTPD, AVX512F, SAE, V_x, W_x, I_b),
    [0x27] = SS_SD(VGETMANTSS, VGETMANTSD, AVX512F, SAE),
    [0x38] = INSERT_128(VINSERTI),
    [0x39] = EXTRACT_128(VEXTRACTI),
    [0x3a] = INSERT_256(VINSERTI),
    [0x3b] = EXTRACT_256(VEXTRACTI),
    [0x3e] = COMPARES(VPCMPUB, VPCMPUW, AVX512BW, E8, E16),
    [0x3f] = COMPARES(VPCMPB, VPCMPW, AVX512BW, E8, E16),
    [0x42] = ROW_W0(VDBPSADBW, AVX512BW, MZ | E16 | WHOLE, V_x, H_x, W_x, I_b),
    [0x43] = D_Q(VSHUFI32X4, VSHUFI64X2, AVX512F, FROM_256 | WHOLE, V_x, H_x, W_x, I_b),
    [0x44] = ONLY_66(EV(PCLMULQDQ, VPCLMULQDQ, 0, V_x, H_x, W_x, I_b)),
    [0x50] = D_Q(VRANGEPS, VRANGEPD, AVX512DQ, SAE, V_x, H_x, W_x, I_b),
    [0x51] = SS_SD(VRANGESS, VRANGESD, AVX512DQ, SAE),
    [0x54] = ONLY_66(W(ACC(VFIXUPIMMPS, AVX512F, FULL32 | SAE, V_x, H_x, W_x, I_b),
                       ACC(VFIXUPIMMPD, AVX512F, FULL64 | SAE, V_x, H_x, W_x, I_b))),
    [0x55] = ONLY_66(W(ACC(VFIXUPIMMSS, AVX512F, MZ | E32 | SCALAR | SAE, V_d, H_d, W_d, I_b),
                       ACC(VFIXUPIMMSD, AVX512F, MZ | E64 | SCALAR | SAE, V_q, H_q, W_q, I_b))),
    [0x56] = D_Q(VREDUCEPS, VREDUCEPD, AVX512DQ, SAE, V_x, W_x, I_b),
    [0x57] = SS_SD(VREDUCESS, VREDUCESD, AVX512DQ, SAE),
    [0x66] = ONLY_66(W(EV(VFPCLASSPS, AVX512DQ, MASK | E32 | B32, K_q, W_x, I_b),
                       EV(VFPCLASSPD, AVX512DQ, MASK | E64 | B64, K_q, W_x, I_b))),
    [0x67] = ONLY_66(W(EV(VFPCLASSSS, AVX512DQ, MASK | E32 | SCALAR, K_q, W_d, I_b),
                       EV(VFPCLASSSD, AVX512DQ, MASK | E64 | SCALAR, K_q, W_q, I_b))),
    [0x70] = ROW_W1(VPSHLDW, AVX512VBMI2, MZ | E16, V_x, H_x, W_x, I_b),
    [0x71] = D_Q(VPSHLDD, VPSHLDQ, AVX512VBMI2, 0, V_x, H_x, W_x, I_b),
    [0x72] = ROW_W1(VPSHRDW, AVX512VBMI2, MZ | E16, V_x, H_x, W_x, I_b),
    [0x73] = D_Q(VPSHRDD, VPSHRDQ, AVX512VBMI2, 0, V_x, H_x, W_x, I_b),
    [0xce] = ROW_W1(GF2P8AFFINEQB, GFNI, MZ | E8 | B64 | WHOLE, V_x, H_x, W_x, I_b),
    [0xcf] = ROW_W1(GF2P8AFFINEINVQB, GFNI, MZ | E8 | B64 | WHOLE, V_x, H_x, W_x, I_b),
};
