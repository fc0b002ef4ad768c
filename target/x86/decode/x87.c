/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x87 escapes D8 to DF (SDM 2D A.5, APM 3 table A-15): a memory operand
 * selects by ModRM.reg, a register form by reg and, for those without ST(i), by
 * rm. Aliases that the manuals reserve but processors execute are rows like
 * the others (DC D0 FCOM, DF C0 FFREEP, ...).
 */
#include "target/x86/decode/tables.h"

/* clang-format off */

#define FP(name, ...) INSN(name, X87(NATIVE, ACCESS_RW), __VA_ARGS__)
#define FP_STORE(name, ...) INSN(name, X87(NATIVE, ACCESS_W), __VA_ARGS__)
#define FP_COMPARE(name, ...) INSN(name, X87(NATIVE, ACCESS_R), __VA_ARGS__)
/* Without operands. */
#define FP0(name) INSN(name, X87(NATIVE, ACCESS_NONE))
/* Control: may unmask exceptions, or show addresses. */
#define FP_ENV(name, acc, ...) INSN(name, X87(FPENV, acc), __VA_ARGS__)
#define FP_CONTROL0(name) INSN(name, X87(FPENV | NATIVE, ACCESS_NONE))
#define FP_CONTROL(name, ...) INSN(name, X87(FPENV | NATIVE, ACCESS_W), __VA_ARGS__)
#define FP_FEATURE(name, feat, flags, acc, ...) \
    INSN(name, KIND(.attr = X86_A_X87 | NATIVE, .access = acc, \
                    .feature = FEATURE_##feat, .flags_in = flags), __VA_ARGS__)
#define FP_FLAGS(name) \
    INSN(name, KIND(.attr = X86_A_X87 | NATIVE, .access = ACCESS_R, \
                    .feature = FEATURE_CMOV, .flags_out = F_ALL), ST0, STi)

/* FADD..FDIVR with a memory operand; the two compares only read ST(0). */
#define MEMORY(pre, op) \
    REG(FP(pre##ADD, ST0, op), FP(pre##MUL, ST0, op), \
        FP_COMPARE(pre##COM, ST0, op), FP_COMPARE(pre##COMP, ST0, op), \
        FP(pre##SUB, ST0, op), FP(pre##SUBR, ST0, op), \
        FP(pre##DIV, ST0, op), FP(pre##DIVR, ST0, op))

const DecodeNode decode_x87[8][2] = {
    { /* D8 */
        MEMORY(F, M_d),
        REG(FP(FADD, ST0, STi), FP(FMUL, ST0, STi),
            FP_COMPARE(FCOM, ST0, STi), FP_COMPARE(FCOMP, ST0, STi),
            FP(FSUB, ST0, STi), FP(FSUBR, ST0, STi),
            FP(FDIV, ST0, STi), FP(FDIVR, ST0, STi)),
    },
    { /* D9 */
        REG(FP_COMPARE(FLD, M_d), NONE, FP_STORE(FST, M_d), FP_STORE(FSTP, M_d),
            FP_ENV(FLDENV, ACCESS_R, M_env), FP_ENV(FLDCW, ACCESS_R, M_w),
            FP_ENV(FNSTENV, ACCESS_W, M_env), FP_CONTROL(FNSTCW, M_w)),
        REG(FP_COMPARE(FLD, STi),
            INSN(FXCH, X87(NATIVE, ACCESS_RW_RW), ST0, STi),
            RM(FP0(FNOP), NONE, NONE, NONE, NONE, NONE, NONE, NONE),
            FP_STORE(FSTP, STi),
            RM(FP0(FCHS), FP0(FABS), NONE, NONE, FP0(FTST), FP0(FXAM), NONE, NONE),
            RM(FP0(FLD1), FP0(FLDL2T), FP0(FLDL2E), FP0(FLDPI), FP0(FLDLG2),
               FP0(FLDLN2), FP0(FLDZ), NONE),
            RM(FP0(F2XM1), FP0(FYL2X), FP0(FPTAN), FP0(FPATAN), FP0(FXTRACT),
               FP0(FPREM1), FP0(FDECSTP), FP0(FINCSTP)),
            RM(FP0(FPREM), FP0(FYL2XP1), FP0(FSQRT), FP0(FSINCOS), FP0(FRNDINT),
               FP0(FSCALE), FP0(FSIN), FP0(FCOS))),
    },
    { /* DA */
        MEMORY(FI, M_d),
        REG(FP_FEATURE(FCMOVB, CMOV, F_C, ACCESS_RW, ST0, STi),
            FP_FEATURE(FCMOVE, CMOV, F_Z, ACCESS_RW, ST0, STi),
            FP_FEATURE(FCMOVBE, CMOV, F_C | F_Z, ACCESS_RW, ST0, STi),
            FP_FEATURE(FCMOVU, CMOV, F_P, ACCESS_RW, ST0, STi),
            NONE,
            RM(NONE, FP0(FUCOMPP), NONE, NONE, NONE, NONE, NONE, NONE),
            NONE, NONE),
    },
    { /* DB */
        REG(FP_COMPARE(FILD, M_d),
            FP_FEATURE(FISTTP, SSE3, 0, ACCESS_W, M_d),
            FP_STORE(FIST, M_d), FP_STORE(FISTP, M_d), NONE,
            FP_COMPARE(FLD, M_t), NONE, FP_STORE(FSTP, M_t)),
        REG(FP_FEATURE(FCMOVNB, CMOV, F_C, ACCESS_RW, ST0, STi),
            FP_FEATURE(FCMOVNE, CMOV, F_Z, ACCESS_RW, ST0, STi),
            FP_FEATURE(FCMOVNBE, CMOV, F_C | F_Z, ACCESS_RW, ST0, STi),
            FP_FEATURE(FCMOVNU, CMOV, F_P, ACCESS_RW, ST0, STi),
            RM(FP0(FNENI), FP0(FNDISI), FP_CONTROL0(FNCLEX), FP_CONTROL0(FNINIT),
               FP0(FNSETPM), NONE, NONE, NONE),
            FP_FLAGS(FUCOMI), FP_FLAGS(FCOMI), NONE),
    },
    { /* DC */
        MEMORY(F, M_q),
        REG(FP(FADD, STi, ST0), FP(FMUL, STi, ST0),
            FP_COMPARE(FCOM, ST0, STi), FP_COMPARE(FCOMP, ST0, STi),
            FP(FSUBR, STi, ST0), FP(FSUB, STi, ST0),
            FP(FDIVR, STi, ST0), FP(FDIV, STi, ST0)),
    },
    { /* DD */
        REG(FP_COMPARE(FLD, M_q),
            FP_FEATURE(FISTTP, SSE3, 0, ACCESS_W, M_q),
            FP_STORE(FST, M_q), FP_STORE(FSTP, M_q),
            FP_ENV(FRSTOR, ACCESS_R, M_save), NONE,
            FP_ENV(FNSAVE, ACCESS_W, M_save), FP_CONTROL(FNSTSW, M_w)),
        REG(FP_STORE(FFREE, STi),
            INSN(FXCH, X87(NATIVE, ACCESS_RW_RW), ST0, STi),
            FP_STORE(FST, STi), FP_STORE(FSTP, STi),
            FP_COMPARE(FUCOM, ST0, STi), FP_COMPARE(FUCOMP, ST0, STi),
            NONE, NONE),
    },
    { /* DE */
        MEMORY(FI, M_w),
        REG(FP(FADDP, STi, ST0), FP(FMULP, STi, ST0),
            FP_COMPARE(FCOMP, ST0, STi),
            RM(NONE, FP0(FCOMPP), NONE, NONE, NONE, NONE, NONE, NONE),
            FP(FSUBRP, STi, ST0), FP(FSUBP, STi, ST0),
            FP(FDIVRP, STi, ST0), FP(FDIVP, STi, ST0)),
    },
    { /* DF */
        REG(FP_COMPARE(FILD, M_w),
            FP_FEATURE(FISTTP, SSE3, 0, ACCESS_W, M_w),
            FP_STORE(FIST, M_w), FP_STORE(FISTP, M_w),
            FP_COMPARE(FBLD, M_t), FP_COMPARE(FILD, M_q),
            FP_STORE(FBSTP, M_t), FP_STORE(FISTP, M_q)),
        REG(FP_STORE(FFREEP, STi),
            INSN(FXCH, X87(NATIVE, ACCESS_RW_RW), ST0, STi),
            FP_STORE(FSTP, STi), FP_STORE(FSTP, STi),
            RM(INSN(FNSTSW, KIND(X87(FPENV | NATIVE, ACCESS_W), .gpr_in = R_AX, .gpr_out = R_AX), AX_w),
               NONE, NONE, NONE, NONE, NONE, NONE, NONE),
            FP_FLAGS(FUCOMIP), FP_FLAGS(FCOMIP), NONE),
    },
};
