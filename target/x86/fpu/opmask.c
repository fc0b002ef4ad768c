/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opmask instructions. Operands come as wide as the instruction is, zero
 * beyond; what is stored is cut off there. SDM 1 15.6.1.
 */
#include "target/x86/fpu/fpu.h"

#define BINARY(name, expr)                                                     \
    static void opmask_##name(FpOp *x)                                         \
    {                                                                          \
        uint64_t a = x->a.q[0], b = x->b.q[0];                                 \
        x->d.q[0] = (expr);                                                    \
    }

/* clang-format off */
BINARY(kadd, a + b)
BINARY(kand, a & b)
BINARY(kandn, ~a & b)
BINARY(kor, a | b)
BINARY(kxnor, ~(a ^ b))
BINARY(kxor, a ^ b)
/* clang-format on */

static void opmask_kmov(FpOp *x)
{
    x->d.q[0] = x->b.q[0];
}

static void opmask_knot(FpOp *x)
{
    x->d.q[0] = ~x->b.q[0];
}

static void opmask_kunpck(FpOp *x)
{
    x->d.q[0] = x->a.q[0] << (8 * x->src_size) | x->b.q[0];
}

static void opmask_kshiftl(FpOp *x)
{
    x->d.q[0] = x->imm < 8 * x->size ? x->b.q[0] << x->imm : 0;
}

static void opmask_kshiftr(FpOp *x)
{
    x->d.q[0] = x->imm < 8 * x->size ? x->b.q[0] >> x->imm : 0;
}

/* a is operand 0 here, which is only read. */
static void opmask_kortest(FpOp *x)
{
    uint64_t v = x->a.q[0] | x->b.q[0];

    x->eflags = (v ? 0 : EFLAGS_ZF) |
                (v == UINT64_MAX >> (64 - 8 * x->size) ? EFLAGS_CF : 0);
}

static void opmask_ktest(FpOp *x)
{
    uint64_t a = x->a.q[0], b = x->b.q[0];

    x->eflags = (a & b ? 0 : EFLAGS_ZF) | (~a & b ? 0 : EFLAGS_CF);
}

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { opmask_##fn, 0 }

const FpRow fp_opmask_rows[X86_MNEMONIC_COUNT] = {
    ROW(KADD, kadd), ROW(KAND, kand), ROW(KANDN, kandn), ROW(KOR, kor), ROW(KXNOR, kxnor), ROW(KXOR, kxor),
    ROW(KMOV, kmov), ROW(KNOT, knot), ROW(KUNPCK, kunpck), ROW(KSHIFTL, kshiftl), ROW(KSHIFTR, kshiftr),
    [X86_KORTEST] = { opmask_kortest, FP_FLAGS },
    [X86_KTEST] = { opmask_ktest, FP_FLAGS },
};
/* clang-format on */
