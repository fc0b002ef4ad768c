/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87 instructions on a host that has an x87: each runs as itself, with the
 * guest's control word and operands, so rounding, precision, exceptions and
 * the transcendental functions are the processor's own. Compiled code keeps
 * nothing in the x87 registers (x86-64 ABI), so they may be reset freely; no
 * waiting instruction stands between the one that may raise an unmasked
 * exception and FNCLEX.
 */
#include "target/x86/fpu/x87.h"

#define X87_BEGIN "fninit\n\tfldt %[s1]\n\tfldt %[s0]\n\tfldcw %[cw]\n\t"
#define X87_END "\n\tfnstsw %[sw]\n\tfnclex\n\tfstpt %[s0]\n\t"

/* One result. */
#define RUN(name, insn)                                                        \
    static uint16_t x87_##name(uint16_t fcw, F80 st[2], void *mem)             \
    {                                                                          \
        uint16_t sw;                                                           \
        asm volatile(X87_BEGIN insn X87_END "fninit"                           \
                     : [s0] "+m"(st[0]), [sw] "=m"(sw)                         \
                     : [s1] "m"(st[1]), [cw] "m"(fcw), [mem] "r"(mem)          \
                     : "memory");                                              \
        return sw;                                                             \
    }
/* Two: the instruction pushes. */
#define RUN2(name, insn)                                                       \
    static uint16_t x87_##name(uint16_t fcw, F80 st[2], void *mem)             \
    {                                                                          \
        uint16_t sw;                                                           \
        asm volatile(X87_BEGIN insn X87_END "fstpt %[s1]\n\tfninit"            \
                     : [s0] "+m"(st[0]), [s1] "+m"(st[1]), [sw] "=m"(sw)       \
                     : [cw] "m"(fcw), [mem] "r"(mem)                           \
                     : "memory");                                              \
        return sw;                                                             \
    }
/* Five forms of an arithmetic instruction. */
#define ARITHMETIC(op)                                                         \
    RUN(f##op, "f" #op " %%st(1), %%st")                                       \
    RUN(f##op##_m32, "f" #op "s (%[mem])")                                     \
    RUN(f##op##_m64, "f" #op "l (%[mem])")                                     \
    RUN(f##op##_i16, "fi" #op "s (%[mem])")                                    \
    RUN(f##op##_i32, "fi" #op "l (%[mem])")

ARITHMETIC(add)
ARITHMETIC(mul)
ARITHMETIC(sub)
ARITHMETIC(subr)
ARITHMETIC(div)
ARITHMETIC(divr)

RUN(fcom, "fcom %%st(1)")
RUN(fcom_m32, "fcoms (%[mem])")
RUN(fcom_m64, "fcoml (%[mem])")
RUN(fcom_i16, "ficoms (%[mem])")
RUN(fcom_i32, "ficoml (%[mem])")
RUN(fucom, "fucom %%st(1)")
RUN(ftst, "ftst")
RUN(fxam, "fxam")

RUN(fsqrt, "fsqrt")
RUN(frndint, "frndint")
RUN(f2xm1, "f2xm1")
RUN(fsin, "fsin")
RUN(fcos, "fcos")
RUN(fscale, "fscale")
RUN(fprem, "fprem")
RUN(fprem1, "fprem1")
RUN(fyl2x, "fyl2x")
RUN(fyl2xp1, "fyl2xp1")
RUN(fpatan, "fpatan")
RUN2(fptan, "fptan")
RUN2(fsincos, "fsincos")
RUN2(fxtract, "fxtract")

RUN(fld1, "fld1")
RUN(fldl2t, "fldl2t")
RUN(fldl2e, "fldl2e")
RUN(fldpi, "fldpi")
RUN(fldlg2, "fldlg2")
RUN(fldln2, "fldln2")
RUN(fldz, "fldz")

RUN(fld_m32, "flds (%[mem])")
RUN(fld_m64, "fldl (%[mem])")
RUN(fld_m80, "fldt (%[mem])")
RUN(fild_i16, "filds (%[mem])")
RUN(fild_i32, "fildl (%[mem])")
RUN(fild_i64, "fildll (%[mem])")
RUN(fbld, "fbld (%[mem])")

RUN(fst_m32, "fsts (%[mem])")
RUN(fst_m64, "fstl (%[mem])")
RUN(fst_m80, "fstpt (%[mem])")
RUN(fist_i16, "fists (%[mem])")
RUN(fist_i32, "fistl (%[mem])")
RUN(fist_i64, "fistpll (%[mem])")
RUN(fisttp_i16, "fisttps (%[mem])")
RUN(fisttp_i32, "fisttpl (%[mem])")
RUN(fisttp_i64, "fisttpll (%[mem])")
RUN(fbstp, "fbstp (%[mem])")

/* clang-format off */
#define FORMS(name, fn, shape, pops, codes) \
    [X86_F##name] = { [X87_ST] = { x87_##fn, shape, pops, codes }, \
                      [X87_M32] = { x87_##fn##_m32, shape, pops, codes, 4 }, \
                      [X87_M64] = { x87_##fn##_m64, shape, pops, codes, 8 } }, \
    [X86_FI##name] = { [X87_I16] = { x87_##fn##_i16, shape, pops, codes, 2 }, \
                       [X87_I32] = { x87_##fn##_i32, shape, pops, codes, 4 } }
#define STACK(name, fn, ...) [X86_##name] = { [X87_ST] = { fn, __VA_ARGS__ } }
#define CONSTANT(name, fn) STACK(name, x87_##fn, X87_CONSTANT)
#define ARITH(name, fn) \
    FORMS(name, fn, X87_ARITH, 0, 0), STACK(F##name##P, x87_##fn, X87_ARITH, 1)
#define CMOV(name, condition) STACK(name, NULL, X87_CMOV, 0, 0, condition)
enum { CODES = X87_C0 | X87_C2 | X87_C3 };

static const X87Row x87_rows[X86_MNEMONIC_COUNT][X87_FORMS] = {
    ARITH(ADD, fadd), ARITH(MUL, fmul), ARITH(SUB, fsub),
    ARITH(SUBR, fsubr), ARITH(DIV, fdiv), ARITH(DIVR, fdivr),
    FORMS(COM, fcom, X87_COMPARE, 0, CODES), FORMS(COMP, fcom, X87_COMPARE, 1, CODES),
    STACK(FCOMPP, x87_fcom, X87_COMPARE, 2, CODES),
    STACK(FUCOM, x87_fucom, X87_COMPARE, 0, CODES),
    STACK(FUCOMP, x87_fucom, X87_COMPARE, 1, CODES),
    STACK(FUCOMPP, x87_fucom, X87_COMPARE, 2, CODES),
    STACK(FCOMI, x87_fcom, X87_COMPARE_FLAGS, 0), STACK(FCOMIP, x87_fcom, X87_COMPARE_FLAGS, 1),
    STACK(FUCOMI, x87_fucom, X87_COMPARE_FLAGS, 0), STACK(FUCOMIP, x87_fucom, X87_COMPARE_FLAGS, 1),
    STACK(FTST, x87_ftst, X87_UNARY, 0, CODES),
    STACK(FXAM, x87_fxam, X87_EXAMINE, 0, X87_CC),
    STACK(FSQRT, x87_fsqrt, X87_UNARY), STACK(FRNDINT, x87_frndint, X87_UNARY),
    STACK(F2XM1, x87_f2xm1, X87_UNARY),
    STACK(FSIN, x87_fsin, X87_UNARY, 0, X87_C2), STACK(FCOS, x87_fcos, X87_UNARY, 0, X87_C2),
    STACK(FSCALE, x87_fscale, X87_UNARY2),
    STACK(FPREM, x87_fprem, X87_UNARY2, 0, X87_CC), STACK(FPREM1, x87_fprem1, X87_UNARY2, 0, X87_CC),
    STACK(FYL2X, x87_fyl2x, X87_POP2), STACK(FYL2XP1, x87_fyl2xp1, X87_POP2),
    STACK(FPATAN, x87_fpatan, X87_POP2),
    STACK(FPTAN, x87_fptan, X87_PUSH2, 0, X87_C2), STACK(FSINCOS, x87_fsincos, X87_PUSH2, 0, X87_C2),
    STACK(FXTRACT, x87_fxtract, X87_PUSH2),
    CONSTANT(FLD1, fld1), CONSTANT(FLDL2T, fldl2t), CONSTANT(FLDL2E, fldl2e), CONSTANT(FLDPI, fldpi),
    CONSTANT(FLDLG2, fldlg2), CONSTANT(FLDLN2, fldln2), CONSTANT(FLDZ, fldz),
    [X86_FLD] = { [X87_ST] = { NULL, X87_LOAD_ST },
                  [X87_M32] = { x87_fld_m32, X87_LOAD, 0, 0, 4 },
                  [X87_M64] = { x87_fld_m64, X87_LOAD, 0, 0, 8 },
                  [X87_M80] = { x87_fld_m80, X87_LOAD, 0, 0, 10 } },
    [X86_FILD] = { [X87_I16] = { x87_fild_i16, X87_LOAD, 0, 0, 2 },
                   [X87_I32] = { x87_fild_i32, X87_LOAD, 0, 0, 4 },
                   [X87_I64] = { x87_fild_i64, X87_LOAD, 0, 0, 8 } },
    [X86_FBLD] = { [X87_M80] = { x87_fbld, X87_LOAD, 0, 0, 10 } },
    [X86_FST] = { [X87_ST] = { NULL, X87_STORE_ST },
                  [X87_M32] = { x87_fst_m32, X87_STORE, 0, 0, 4 },
                  [X87_M64] = { x87_fst_m64, X87_STORE, 0, 0, 8 } },
    [X86_FSTP] = { [X87_ST] = { NULL, X87_STORE_ST, 1 },
                   [X87_M32] = { x87_fst_m32, X87_STORE, 1, 0, 4 },
                   [X87_M64] = { x87_fst_m64, X87_STORE, 1, 0, 8 },
                   [X87_M80] = { x87_fst_m80, X87_STORE, 1, 0, 10 } },
    [X86_FIST] = { [X87_I16] = { x87_fist_i16, X87_STORE, 0, 0, 2 },
                   [X87_I32] = { x87_fist_i32, X87_STORE, 0, 0, 4 } },
    [X86_FISTP] = { [X87_I16] = { x87_fist_i16, X87_STORE, 1, 0, 2 },
                    [X87_I32] = { x87_fist_i32, X87_STORE, 1, 0, 4 },
                    [X87_I64] = { x87_fist_i64, X87_STORE, 1, 0, 8 } },
    [X86_FISTTP] = { [X87_I16] = { x87_fisttp_i16, X87_STORE, 1, 0, 2 },
                     [X87_I32] = { x87_fisttp_i32, X87_STORE, 1, 0, 4 },
                     [X87_I64] = { x87_fisttp_i64, X87_STORE, 1, 0, 8 } },
    [X86_FBSTP] = { [X87_M80] = { x87_fbstp, X87_STORE, 1, 0, 10 } },
    STACK(FXCH, NULL, X87_EXCHANGE),
    /* Conditions as in IrCond. */
    CMOV(FCMOVB, 2), CMOV(FCMOVNB, 3), CMOV(FCMOVE, 4), CMOV(FCMOVNE, 5),
    CMOV(FCMOVBE, 6), CMOV(FCMOVNBE, 7), CMOV(FCMOVU, 10), CMOV(FCMOVNU, 11),
    STACK(FFREE, NULL, X87_FREE), STACK(FFREEP, NULL, X87_FREE, 1),
    STACK(FINCSTP, NULL, X87_STEP, 0, 0, 1), STACK(FDECSTP, NULL, X87_STEP, 0, 0, 7),
    STACK(FCHS, NULL, X87_SIGN, 0, 0, 1), STACK(FABS, NULL, X87_SIGN, 0, 0, 0),
    STACK(FNOP, NULL, X87_NOP),
};
/* clang-format on */

const X87Row *x87_row(unsigned mnemonic, X87Form form)
{
    const X87Row *row = &x87_rows[mnemonic][form];
    return row->shape ? row : NULL;
}
