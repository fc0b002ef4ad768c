/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opcode extensions: groups by ModRM.reg (SDM 2D table A-6, APM 3 A.4).
 * Undocumented members are what processors do: 82 is 80 in 32-bit code, the
 * shift group's /6 is SHL, group 3's /1 is TEST.
 */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define GROUP1(op, imm, a) { \
    INSN(ADD, ARITH(LOCK | a), op, imm), \
    INSN(OR, LOGIC(LOCK | a), op, imm), \
    INSN(ADC, ARITH_CARRY(LOCK | a), op, imm), \
    INSN(SBB, ARITH_CARRY(LOCK | a), op, imm), \
    INSN(AND, LOGIC(LOCK | a), op, imm), \
    INSN(SUB, ARITH(LOCK | a), op, imm), \
    INSN(XOR, LOGIC(LOCK | a), op, imm), \
    INSN(CMP, COMPARE(a), op, imm), \
}
const DecodeNode decode_group1_Eb_Ib[8] = GROUP1(E_b, I_b, 0);
const DecodeNode decode_group1_Ev_Iz[8] = GROUP1(E_v, I_z, 0);
const DecodeNode decode_group1_alias[8] = GROUP1(E_b, I_b, NO64);
const DecodeNode decode_group1_Ev_Ib[8] = GROUP1(E_v, I_bs, 0);

const DecodeNode decode_group1A[8] = {
    INSN(POP, STACK(DEF64, ACCESS_W), E_v),
};

#define GROUP2(op, count, cl) { \
    INSN(ROL, ROTATE(cl), op, count), \
    INSN(ROR, ROTATE(cl), op, count), \
    INSN(RCL, ROTATE(cl), op, count), \
    INSN(RCR, ROTATE(cl), op, count), \
    INSN(SHL, SHIFT(cl), op, count), \
    INSN(SHR, SHIFT(cl), op, count), \
    INSN(SHL, SHIFT(cl), op, count), \
    INSN(SAR, SHIFT(cl), op, count), \
}
#define GROUP2_ONE(op) { \
    INSN(ROL, ROTATE_ONE(0), op, I_1), \
    INSN(ROR, ROTATE_ONE(0), op, I_1), \
    INSN(RCL, ROTATE_CARRY_ONE(0), op, I_1), \
    INSN(RCR, ROTATE_CARRY_ONE(0), op, I_1), \
    INSN(SHL, SHIFT_ONE(0), op, I_1), \
    INSN(SHR, SHIFT_ONE(0), op, I_1), \
    INSN(SHL, SHIFT_ONE(0), op, I_1), \
    INSN(SAR, SHIFT_ONE(0), op, I_1), \
}
const DecodeNode decode_group2_Eb_Ib[8] = GROUP2(E_b, I_b, 0);
const DecodeNode decode_group2_Ev_Ib[8] = GROUP2(E_v, I_b, 0);
const DecodeNode decode_group2_Eb_1[8] = GROUP2_ONE(E_b);
const DecodeNode decode_group2_Ev_1[8] = GROUP2_ONE(E_v);
const DecodeNode decode_group2_Eb_CL[8] = GROUP2(E_b, CL, R_CX);
const DecodeNode decode_group2_Ev_CL[8] = GROUP2(E_v, CL, R_CX);

/* The byte forms leave RDX alone. Division may raise #DE. */
const DecodeNode decode_group3_Eb[8] = {
    INSN(TEST, TESTS(0), E_b, I_b),
    INSN(TEST, TESTS(0), E_b, I_b),
    INSN(NOT, UPDATES(LOCK), E_b),
    INSN(NEG, ARITH(LOCK), E_b),
    INSN(MUL, MULTIPLY(0, R_AX, R_AX), E_b),
    INSN(IMUL, MULTIPLY(0, R_AX, R_AX), E_b),
    INSN(DIV, DIVIDE(R_AX, R_AX), E_b),
    INSN(IDIV, DIVIDE(R_AX, R_AX), E_b),
};
const DecodeNode decode_group3_Ev[8] = {
    INSN(TEST, TESTS(0), E_v, I_z),
    INSN(TEST, TESTS(0), E_v, I_z),
    INSN(NOT, UPDATES(LOCK), E_v),
    INSN(NEG, ARITH(LOCK), E_v),
    INSN(MUL, MULTIPLY(0, R_AX, R_AX | R_DX), E_v),
    INSN(IMUL, MULTIPLY(0, R_AX, R_AX | R_DX), E_v),
    INSN(DIV, DIVIDE(R_AX | R_DX, R_AX | R_DX), E_v),
    INSN(IDIV, DIVIDE(R_AX | R_DX, R_AX | R_DX), E_v),
};

const DecodeNode decode_group4[8] = {
    [0] = INSN(INC, COUNT(LOCK), E_b),
    [1] = INSN(DEC, COUNT(LOCK), E_b),
};
const DecodeNode decode_group5[8] = {
    [0] = INSN(INC, COUNT(LOCK), E_v),
    [1] = INSN(DEC, COUNT(LOCK), E_v),
    [2] = INSN(CALL, STACK(BRANCH | FORCE64, ACCESS_R), E_v),
    [3] = INSN(CALLF, STACK(BRANCH, ACCESS_R), M_p),
    [4] = INSN(JMP, JUMP(FORCE64), E_v),
    [5] = INSN(JMPF, FAR(0), M_p),
    [6] = INSN(PUSH, STACK(DEF64, ACCESS_R), E_v),
};

const DecodeNode decode_group6[8] = {
    [0] = INSN(SLDT, WRITES(PROT), RvMw),
    [1] = INSN(STR, WRITES(PROT), RvMw),
    [2] = INSN(LLDT, READS(PROT | PRIV), E_w),
    [3] = INSN(LTR, READS(PROT | PRIV), E_w),
    [4] = INSN(VERR, KIND(.attr = PROT, .access = ACCESS_R, .flags_out = F_Z), E_w),
    [5] = INSN(VERW, KIND(.attr = PROT, .access = ACCESS_R, .flags_out = F_Z), E_w),
};


const DecodeNode decode_group7[8] = {
    [0] = MOD(INSN(SGDT, WRITES(0), M_s),
              NP(RM(INSN(ENCLV, UNKNOWN(SGX)),
                    INSN(VMCALL, SYSTEM(0, 0, HYPERVISOR, 0, 0)),
                    INSN(VMLAUNCH, SYSTEM(UNIMPL | PROT | PRIV, 0, VMX, 0, 0)),
                    INSN(VMRESUME, SYSTEM(UNIMPL | PROT | PRIV, 0, VMX, 0, 0)),
                    INSN(VMXOFF, SYSTEM(UNIMPL | PROT | PRIV, 0, VMX, 0, 0)),
                    INSN(PCONFIG, UNKNOWN(PCONFIG)),
                    NONE, NONE))),
    [1] = MOD(INSN(SIDT, WRITES(0), M_s),
              NP(RM(INSN(MONITOR, SYSTEM(0, 0, MONITOR, R_AX | R_CX | R_DX, 0)),
                    INSN(MWAIT, SYSTEM(BRANCH, 0, MONITOR, R_AX | R_CX, 0)),
                    INSN(CLAC, SYSTEM(0, 0, SMAP, 0, 0)),
                    INSN(STAC, SYSTEM(0, 0, SMAP, 0, 0)),
                    NONE, NONE, NONE,
                    INSN(ENCLS, UNKNOWN(SGX))))),
    [2] = MOD(INSN(LGDT, READS(PRIV), M_s),
              NP(RM(INSN(XGETBV, SYSTEM(0, 0, XSAVE, R_CX, R_AX | R_DX)),
                    INSN(XSETBV, SYSTEM(PRIV, 0, XSAVE, R_AX | R_CX | R_DX, 0)),
                    NONE, NONE,
                    INSN(VMFUNC, UNKNOWN(VMX)),
                    INSN(XEND, UNKNOWN(RTM)),
                    INSN(XTEST, UNKNOWN(RTM)),
                    INSN(ENCLU, UNKNOWN(SGX))))),
    [3] = MOD(INSN(LIDT, READS(PRIV), M_s),
              RM(INSN(VMRUN, SYSTEM(BRANCH | PROT, 0, SVM, R_AX, 0)),
                 INSN(VMMCALL, PLAIN(0)),
                 INSN(VMLOAD, SYSTEM(PROT, 0, SVM, R_AX, 0)),
                 INSN(VMSAVE, SYSTEM(PROT, 0, SVM, R_AX, 0)),
                 INSN(STGI, SYSTEM(PROT, 0, SVM, 0, 0)),
                 INSN(CLGI, SYSTEM(PROT, 0, SVM, 0, 0)),
                 INSN(SKINIT, SYSTEM(UNIMPL | PROT | PRIV, 0, SKINIT, R_AX, 0)),
                 INSN(INVLPGA, SYSTEM(PROT, 0, SVM, R_AX | R_CX, 0)))),
    [4] = INSN(SMSW, WRITES(0), RvMw),
    [5] = MOD(ONLY_F3(INSN(RSTORSSP, UNKNOWN(CET_SS), M_q)),
              RM(PREFIX(INSN(SERIALIZE, SYSTEM(0, 0, SERIALIZE, 0, 0)), NONE,
                        INSN(SETSSBSY, UNKNOWN(CET_SS)), NONE),
                 NONE,
                 ONLY_F3(INSN(SAVEPREVSSP, UNKNOWN(CET_SS))),
                 NONE, NONE, NONE,
                 NP(INSN(RDPKRU, SYSTEM(0, 0, PKU, R_CX, R_AX | R_DX))),
                 NP(INSN(WRPKRU, SYSTEM(0, 0, PKU, R_AX | R_CX | R_DX, 0))))),
    [6] = INSN(LMSW, READS(PRIV), E_w),
    [7] = MOD(INSN(INVLPG, READS(PRIV), M_0),
              RM(INSN(SWAPGS, PLAIN(ONLY64 | PRIV)),
                 INSN(RDTSCP, SYSTEM(0, 0, RDTSCP, 0, R_AX | R_CX | R_DX)),
                 NP(INSN(MONITORX, SYSTEM(0, 0, MWAITX, R_AX | R_CX | R_DX, 0))),
                 NP(INSN(MWAITX, SYSTEM(BRANCH, 0, MWAITX, R_AX | R_BX | R_CX, 0))),
                 REP(INSN(CLZERO, SYSTEM(0, 0, CLZERO, R_AX, 0)), NONE, NONE),
                 INSN(RDPRU, SYSTEM(0, 0, RDPRU, R_CX, R_AX | R_DX)),
                 NONE, NONE)),
};

/* Bit offsets are taken modulo the operand's size, unlike a register's. */
const DecodeNode decode_group8[8] = {
    [4] = INSN(BT, BIT_TEST(NATIVE, ACCESS_R), E_v, I_b),
    [5] = INSN(BTS, BIT_TEST(NATIVE | LOCK, ACCESS_RW), E_v, I_b),
    [6] = INSN(BTR, BIT_TEST(NATIVE | LOCK, ACCESS_RW), E_v, I_b),
    [7] = INSN(BTC, BIT_TEST(NATIVE | LOCK, ACCESS_RW), E_v, I_b),
};

#define CMPXCHG_PAIR(feat) \
    .attr = NATIVE | LOCK, .access = ACCESS_RW, .flags_out = F_Z, \
    .feature = FEATURE_##feat, .gpr_in = R_AX | R_BX | R_CX | R_DX, \
    .gpr_out = R_AX | R_DX
#define RANDOM(feat) KIND(.access = ACCESS_W, .flags_out = F_ALL, .feature = FEATURE_##feat)

const DecodeNode decode_group9[8] = {
    [1] = MOD(W(INSN(CMPXCHG8B, CMPXCHG_PAIR(CX8), M_q),
                INSN(CMPXCHG16B, CMPXCHG_PAIR(CX16), M_dq)), NONE),
    [3] = MOD(NP(INSN(XRSTORS, SYSTEM(PRIV, ACCESS_R, XSAVES, R_AX | R_DX, 0), M_0)), NONE),
    [4] = MOD(NP(INSN(XSAVEC, SYSTEM(0, ACCESS_W, XSAVEC, R_AX | R_DX, 0), M_0)), NONE),
    [5] = MOD(NP(INSN(XSAVES, SYSTEM(PRIV, ACCESS_W, XSAVES, R_AX | R_DX, 0), M_0)), NONE),
    [6] = MOD(PREFIX(INSN(VMPTRLD, UNKNOWN_RM(VMX), M_q), INSN(VMCLEAR, UNKNOWN_RM(VMX), M_q),
                     INSN(VMXON, UNKNOWN_RM(VMX), M_q), NONE),
              REP(INSN(RDRAND, RANDOM(RDRAND), R_v), NONE, NONE)),
    [7] = MOD(NP(INSN(VMPTRST, UNKNOWN_RM(VMX), M_q)),
              REP(INSN(RDSEED, RANDOM(RDSEED), R_v),
                  INSN(RDPID, SYSTEM(0, ACCESS_W, RDPID, 0, 0), R_m), NONE)),
};

const DecodeNode decode_group11_Eb[8] = {
    [0] = INSN(MOV, MOVES(0), E_b, I_b),
    [7] = MOD(NONE, RM(INSN(XABORT, UNKNOWN(RTM), I_b),
                       NONE, NONE, NONE, NONE, NONE, NONE, NONE)),
};
const DecodeNode decode_group11_Ev[8] = {
    [0] = INSN(MOV, MOVES(0), E_v, I_z),
    [7] = MOD(NONE, RM(INSN(XBEGIN, UNKNOWN(RTM), J_z),
                       NONE, NONE, NONE, NONE, NONE, NONE, NONE)),
};

/* Vector shifts by an immediate: groups 12 to 14. */
#define SHIFT_IMM(name) \
    MOD(NONE, PREFIX(INSN(name, MMX_OP(MMX, ACCESS_RW), N_q, I_b), \
                     INSN(name, SSE_OP(SSE2, 0, ACCESS_RW), U_dq, I_b), NONE, NONE))
#define SHIFT_SSE(name) \
    MOD(NONE, PREFIX(NONE, INSN(name, SSE_OP(SSE2, 0, ACCESS_RW), U_dq, I_b), NONE, NONE))
#define SHIFT_VEX(name) \
    MOD(NONE, PREFIX(NONE, VL(INSN(name, AVX_OP(AVX, 0), H_x, U_x, I_b), \
                              INSN(name, AVX_OP(AVX2, 0), H_x, U_x, I_b)), NONE, NONE))

const DecodeNode decode_group12[8] = {
    [2] = SHIFT_IMM(PSRLW),
    [4] = SHIFT_IMM(PSRAW),
    [6] = SHIFT_IMM(PSLLW),
};
const DecodeNode decode_group13[8] = {
    [2] = SHIFT_IMM(PSRLD),
    [4] = SHIFT_IMM(PSRAD),
    [6] = SHIFT_IMM(PSLLD),
};
const DecodeNode decode_group14[8] = {
    [2] = SHIFT_IMM(PSRLQ),
    [3] = SHIFT_SSE(PSRLDQ),
    [6] = SHIFT_IMM(PSLLQ),
    [7] = SHIFT_SSE(PSLLDQ),
};
const DecodeNode decode_group_VEX12[8] = {
    [2] = SHIFT_VEX(PSRLW),
    [4] = SHIFT_VEX(PSRAW),
    [6] = SHIFT_VEX(PSLLW),
};
const DecodeNode decode_group_VEX13[8] = {
    [2] = SHIFT_VEX(PSRLD),
    [4] = SHIFT_VEX(PSRAD),
    [6] = SHIFT_VEX(PSLLD),
};
const DecodeNode decode_group_VEX14[8] = {
    [2] = SHIFT_VEX(PSRLQ),
    [3] = SHIFT_VEX(PSRLDQ),
    [6] = SHIFT_VEX(PSLLQ),
    [7] = SHIFT_VEX(PSLLDQ),
};

#define SHIFT_EVEX(name, feat, ev) INSN(name, EVEX_ACC(feat, ev, 0, ACCESS_W), H_x, W_x, I_b)

const DecodeNode decode_group_EVEX12[8] = {
    [2] = ONLY_66(SHIFT_EVEX(PSRLW, AVX512BW, MZ | E16)),
    [4] = ONLY_66(SHIFT_EVEX(PSRAW, AVX512BW, MZ | E16)),
    [6] = ONLY_66(SHIFT_EVEX(PSLLW, AVX512BW, MZ | E16)),
};
const DecodeNode decode_group_EVEX13[8] = {
    [0] = ONLY_66(W(SHIFT_EVEX(VPRORD, AVX512F, FULL32), SHIFT_EVEX(VPRORQ, AVX512F, FULL64))),
    [1] = ONLY_66(W(SHIFT_EVEX(VPROLD, AVX512F, FULL32), SHIFT_EVEX(VPROLQ, AVX512F, FULL64))),
    [2] = ONLY_66(ONLY_W0(SHIFT_EVEX(PSRLD, AVX512F, FULL32))),
    [4] = ONLY_66(W(SHIFT_EVEX(PSRAD, AVX512F, FULL32), SHIFT_EVEX(VPSRAQ, AVX512F, FULL64))),
    [6] = ONLY_66(ONLY_W0(SHIFT_EVEX(PSLLD, AVX512F, FULL32))),
};
const DecodeNode decode_group_EVEX14[8] = {
    [2] = ONLY_66(ONLY_W1(SHIFT_EVEX(PSRLQ, AVX512F, FULL64))),
    [3] = ONLY_66(SHIFT_EVEX(PSRLDQ, AVX512BW, WHOLE)),
    [6] = ONLY_66(ONLY_W1(SHIFT_EVEX(PSLLQ, AVX512F, FULL64))),
    [7] = ONLY_66(SHIFT_EVEX(PSLLDQ, AVX512BW, WHOLE)),
};

/* LDMXCSR may unmask exceptions, so it is never run as itself. */
const DecodeNode decode_group15[8] = {
    [0] = MOD(NP(INSN(FXSAVE, SYSTEM(FPENV, ACCESS_W, FXSR, 0, 0), M_fx)),
              ONLY_F3(INSN(RDFSBASE, SYSTEM(ONLY64, ACCESS_W, FSGSBASE, 0, 0), R_y))),
    [1] = MOD(NP(INSN(FXRSTOR, SYSTEM(FPENV, ACCESS_R, FXSR, 0, 0), M_fx)),
              ONLY_F3(INSN(RDGSBASE, SYSTEM(ONLY64, ACCESS_W, FSGSBASE, 0, 0), R_y))),
    [2] = MOD(NP(INSN(LDMXCSR, KIND(.attr = X86_A_SSE | FPENV, .access = ACCESS_R, .feature = FEATURE_SSE), M_d)),
              ONLY_F3(INSN(WRFSBASE, SYSTEM(ONLY64, ACCESS_R, FSGSBASE, 0, 0), R_y))),
    [3] = MOD(NP(INSN(STMXCSR, SSE_OP(SSE, FPENV, ACCESS_W), M_d)),
              ONLY_F3(INSN(WRGSBASE, SYSTEM(ONLY64, ACCESS_R, FSGSBASE, 0, 0), R_y))),
    [4] = MOD(PREFIX(INSN(XSAVE, SYSTEM(FPENV, ACCESS_W, XSAVE, R_AX | R_DX, 0), M_0), NONE,
                     INSN(PTWRITE, UNKNOWN_RM(PTWRITE), E_y), NONE),
              ONLY_F3(INSN(PTWRITE, UNKNOWN_RM(PTWRITE), E_y))),
    [5] = MOD(NP(INSN(XRSTOR, SYSTEM(FPENV, ACCESS_R, XSAVE, R_AX | R_DX, 0), M_0)),
              PREFIX(INSN(LFENCE, KIND(.attr = NATIVE, .feature = FEATURE_SSE2)), NONE,
                     INSN(INCSSP, UNKNOWN_RM(CET_SS), R_y), NONE)),
    [6] = MOD(PREFIX(INSN(XSAVEOPT, SYSTEM(FPENV, ACCESS_W, XSAVEOPT, R_AX | R_DX, 0), M_0),
                     INSN(CLWB, SYSTEM(0, ACCESS_R, CLWB, 0, 0), M_b),
                     INSN(CLRSSBSY, UNKNOWN_RM(CET_SS), M_q), NONE),
              PREFIX(INSN(MFENCE, KIND(.attr = NATIVE, .feature = FEATURE_SSE2)),
                     INSN(TPAUSE, UNKNOWN_RM(WAITPKG), R_d),
                     INSN(UMONITOR, UNKNOWN_RM(WAITPKG), R_m),
                     INSN(UMWAIT, UNKNOWN_RM(WAITPKG), R_d))),
    [7] = MOD(PREFIX(INSN(CLFLUSH, SYSTEM(0, ACCESS_R, CLFSH, 0, 0), M_b),
                     INSN(CLFLUSHOPT, SYSTEM(0, ACCESS_R, CLFLUSHOPT, 0, 0), M_b), NONE, NONE),
              NP(INSN(SFENCE, KIND(.attr = NATIVE, .feature = FEATURE_SSE)))),
};
const DecodeNode decode_group_VEX15[8] = {
    [2] = MOD(NP(INSN(LDMXCSR, KIND(.attr = X86_A_AVX | FPENV | L0, .access = ACCESS_R, .feature = FEATURE_AVX), M_d)), NONE),
    [3] = MOD(NP(INSN(STMXCSR, AVX_OP(AVX, FPENV | L0), M_d)), NONE),
};

/* Hints: no access is made, and no fault. */
#define HINT(name, feat) \
    MOD(INSN(name, KIND(.attr = NOSEG, .feature = FEATURE_##feat), M_b), \
        INSN(NOP, PLAIN(NOSEG), E_v))
#define WIDE_NOP INSN(NOP, PLAIN(NOSEG), E_v)

const DecodeNode decode_group16[8] = {
    HINT(PREFETCHNTA, SSE), HINT(PREFETCHT0, SSE), HINT(PREFETCHT1, SSE),
    HINT(PREFETCHT2, SSE), WIDE_NOP, WIDE_NOP, WIDE_NOP, WIDE_NOP,
};
/* APM 3 PREFETCH: the reserved members are PREFETCH, too. */
#define HINT_ONLY(name) \
    INSN(name, KIND(.attr = NOSEG, .feature = FEATURE_PREFETCHW), M_b)
const DecodeNode decode_groupP[8] = {
    MOD(HINT_ONLY(PREFETCH), WIDE_NOP), MOD(HINT_ONLY(PREFETCHW), WIDE_NOP),
    MOD(HINT_ONLY(PREFETCHWT1), WIDE_NOP), MOD(HINT_ONLY(PREFETCH), WIDE_NOP),
    MOD(HINT_ONLY(PREFETCH), WIDE_NOP), MOD(HINT_ONLY(PREFETCH), WIDE_NOP),
    MOD(HINT_ONLY(PREFETCH), WIDE_NOP), MOD(HINT_ONLY(PREFETCH), WIDE_NOP),
};

const DecodeNode decode_group_VEX17[8] = {
    [1] = INSN(BLSR, BMI(BMI1, F_ALL, F_A | F_P), B_y, E_y),
    [2] = INSN(BLSMSK, BMI(BMI1, F_ALL, F_A | F_P), B_y, E_y),
    [3] = INSN(BLSI, BMI(BMI1, F_ALL, F_A | F_P), B_y, E_y),
};
