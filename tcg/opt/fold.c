/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constant folding and copy propagation, in one forward walk that remembers of
 * each value: a constant, a copy of another value, or nothing; and whether its
 * upper half is zero. A label forgets everything (its branches are not met).
 *
 * Rules keep an operation's type and only shrink the block: an operation
 * becomes a move, a move is remembered, and the pass of dead temporaries takes
 * away what nobody reads then. Constants enter an operation as `imm` only if
 * they fit 32 bits signed, which every back end encodes at no cost.
 */
#include "tcg/opt/opt.h"

#include <string.h>

typedef enum FoldKind { FOLD_UNKNOWN, FOLD_CONST, FOLD_COPY } FoldKind;

typedef struct FoldValue {
    uint64_t imm;
    uint32_t epoch;   /* what is said holds only in this one */
    uint32_t version; /* counts assignments */
    uint32_t of_version;
    IrVal of;
    uint8_t kind;
    bool zero_upper;
} FoldValue;

typedef struct FoldPass {
    IrBlock *b;
    FoldValue *values;
    uint32_t epoch;
    bool unreachable;
} FoldPass;

/* ---- What is known --------------------------------------------------------
 */

static bool ir_fold_is_value(IrVal v)
{
    return v < IR_IMM;
}

static const FoldValue *ir_fold_know(const FoldPass *p, IrVal v)
{
    static const FoldValue nothing;
    const FoldValue *k = &p->values[v];
    return k->epoch == p->epoch ? k : &nothing;
}

static bool ir_fold_const(const FoldPass *p, const IrInsn *insn, IrVal v,
                          uint64_t *out)
{
    if (v == IR_IMM) {
        *out = insn->imm;
        return true;
    }
    if (!ir_fold_is_value(v) || ir_fold_know(p, v)->kind != FOLD_CONST) {
        return false;
    }
    *out = ir_fold_know(p, v)->imm;
    return true;
}

static FoldValue *ir_fold_assign(FoldPass *p, IrVal v)
{
    FoldValue *k = &p->values[v];
    k->version++;
    k->epoch = p->epoch;
    k->kind = FOLD_UNKNOWN;
    k->zero_upper = false;
    return k;
}

static void ir_fold_learn_move(FoldPass *p, const IrInsn *insn)
{
    uint64_t c;
    if (ir_fold_const(p, insn, insn->a, &c)) {
        FoldValue *k = ir_fold_assign(p, insn->dst);
        k->kind = FOLD_CONST;
        k->imm = insn->type == IR_I32 ? (uint32_t)c : c;
        k->zero_upper = !(k->imm >> 32);
        return;
    }
    bool zero_upper = ir_fold_know(p, insn->a)->zero_upper;
    bool whole = insn->type == IR_I64 || zero_upper;
    if (insn->a == insn->dst && whole) {
        return;
    }
    FoldValue *k = ir_fold_assign(p, insn->dst);
    k->zero_upper = zero_upper || insn->type == IR_I32;
    if (whole) {
        k->kind = FOLD_COPY;
        k->of = insn->a;
        k->of_version = p->values[insn->a].version;
    }
}

static bool ir_fold_zero_upper(const IrInsn *insn)
{
    switch (insn->op) {
    case IR_EXTU8:
    case IR_EXTU16:
    case IR_EXTU32:
        return true;
    case IR_LD:
        return insn->type == IR_I32 || (!insn->mem.sign && insn->mem.size < 3);
    case IR_LDENV:
        return insn->mem.size < 3;
    case IR_LDHOST:
        return !insn->mem.sign && insn->mem.size < 3;
    case IR_ATOMIC:
    case IR_CALL:
        return false;
    default:
        return insn->type == IR_I32;
    }
}

static void ir_fold_learn(FoldPass *p, const IrInsn *insn)
{
    if (insn->op == IR_NATIVE) {
        uint16_t out = p->b->native[insn->imm].gpr_out;
        for (IrVal g = 0; g < TCG_GLOBALS; g++) {
            if (out >> g & 1) {
                ir_fold_assign(p, g);
            }
        }
        return;
    }
    if (insn->op == IR_CALL &&
        ((const TcgHelper *)(intptr_t)insn->imm)->flags & TCG_WRITES_GLOBALS) {
        for (IrVal g = 0; g < TCG_GLOBALS; g++) {
            ir_fold_assign(p, g);
        }
    }
    if (!ir_op_results[insn->op] || insn->dst == IR_NONE) {
        return;
    }
    if (insn->op == IR_MOV) {
        ir_fold_learn_move(p, insn);
        return;
    }
    ir_fold_assign(p, insn->dst)->zero_upper = ir_fold_zero_upper(insn);
}

/* ---- Replacing sources ----------------------------------------------------
 */

static void ir_fold_copy(const FoldPass *p, IrVal *v)
{
    if (*v < IR_TEMP0 || !ir_fold_is_value(*v)) {
        return;
    }
    const FoldValue *k = ir_fold_know(p, *v);
    if (k->kind == FOLD_COPY && p->values[k->of].version == k->of_version) {
        *v = k->of;
    }
}

/* Operations whose second source may become the constant. */
static bool ir_fold_takes_imm(const IrInsn *insn)
{
    return (insn->op >= IR_ADD && insn->op <= IR_MULSH) ||
           insn->op == IR_SETCOND || insn->op == IR_BRCOND ||
           (insn->op >= IR_ADDF && insn->op <= IR_IMULF) || insn->op == IR_ST;
}

static bool ir_fold_imm_fits(const IrInsn *insn, uint64_t *c)
{
    if (insn->op != IR_ST && insn->type <= IR_I32) {
        *c = (int64_t)(int32_t)*c;
    }
    return (int64_t)*c == (int32_t)*c;
}

static void ir_fold_sources(const FoldPass *p, IrInsn *insn)
{
    unsigned n = ir_op_sources[insn->op];
    if (n > 0) {
        ir_fold_copy(p, &insn->a);
    }
    if (n > 1) {
        ir_fold_copy(p, &insn->b);
    }
    if (n > 2) {
        ir_fold_copy(p, &insn->c);
    }
    uint64_t c;
    if (n == 2 && ir_fold_is_value(insn->b) && ir_fold_takes_imm(insn) &&
        ir_fold_const(p, insn, insn->b, &c) && ir_fold_imm_fits(insn, &c)) {
        insn->b = IR_IMM;
        insn->imm = c;
    }
}

/* ---- Computing ------------------------------------------------------------
 */

static bool ir_fold_compare(unsigned cond, IrType t, uint64_t a, uint64_t b)
{
    int64_t sa = t == IR_I32 ? (int32_t)a : (int64_t)a;
    int64_t sb = t == IR_I32 ? (int32_t)b : (int64_t)b;
    uint64_t ua = t == IR_I32 ? (uint32_t)a : a;
    uint64_t ub = t == IR_I32 ? (uint32_t)b : b;
    bool r;
    switch (cond >> 1) {
    case IR_CC_B >> 1:
        r = ua < ub;
        break;
    case IR_CC_E >> 1:
        r = ua == ub;
        break;
    case IR_CC_BE >> 1:
        r = ua <= ub;
        break;
    case IR_CC_L >> 1:
        r = sa < sb;
        break;
    default:
        r = sa <= sb;
        break;
    }
    return r != (cond & 1);
}

/* Conditions that compare two values; the others read single flags. */
static bool ir_fold_can_compare(unsigned cond)
{
    return (cond >= IR_CC_B && cond <= IR_CC_A) || cond >= IR_CC_L;
}

static uint64_t ir_fold_shift(const IrInsn *insn, uint64_t a, uint64_t n)
{
    bool narrow = insn->type == IR_I32;
    n &= narrow ? 31 : 63;
    switch (insn->op) {
    case IR_SHL:
        return a << n;
    case IR_SHR:
        return narrow ? (uint32_t)a >> n : a >> n;
    default: /* SAR */
        return narrow ? (int32_t)a >> n : (int64_t)a >> n;
    }
}

/* False: not folded. The result is cut to the type by the caller. */
static bool ir_fold_compute(const IrInsn *insn, uint64_t a, uint64_t b,
                            uint64_t *out)
{
    unsigned pos = insn->imm & 63, len = insn->imm >> 8;
    switch (insn->op) {
    case IR_ADD:
        *out = a + b;
        return true;
    case IR_SUB:
        *out = a - b;
        return true;
    case IR_AND:
        *out = a & b;
        return true;
    case IR_OR:
        *out = a | b;
        return true;
    case IR_XOR:
        *out = a ^ b;
        return true;
    case IR_MUL:
        *out = a * b;
        return true;
    case IR_SHL:
    case IR_SHR:
    case IR_SAR:
        *out = ir_fold_shift(insn, a, b);
        return true;
    case IR_NEG:
        *out = -a;
        return true;
    case IR_NOT:
        *out = ~a;
        return true;
    case IR_EXTU8:
        *out = (uint8_t)a;
        return true;
    case IR_EXTU16:
        *out = (uint16_t)a;
        return true;
    case IR_EXTU32:
        *out = (uint32_t)a;
        return true;
    case IR_EXTS8:
        *out = (int8_t)a;
        return true;
    case IR_EXTS16:
        *out = (int16_t)a;
        return true;
    case IR_EXTS32:
        *out = (int32_t)a;
        return true;
    case IR_EXTRACT:
        *out = (a >> pos) & (UINT64_MAX >> (64 - len));
        return true;
    case IR_SETCOND:
        *out = ir_fold_compare(insn->cond, insn->type, a, b);
        return ir_fold_can_compare(insn->cond);
    }
    return false;
}

static void ir_fold_to_const(IrInsn *insn, uint64_t c)
{
    insn->imm = insn->type == IR_I32 ? (uint32_t)c : c;
    insn->op = IR_MOV;
    insn->type = IR_I64;
    insn->a = IR_IMM;
    insn->b = insn->c = IR_NONE;
    insn->cond = 0;
}

static void ir_fold_to_move(IrInsn *insn)
{
    insn->op = IR_MOV;
    insn->b = insn->c = IR_NONE;
}

/* x op constant = x: a move of the operation's type. */
static bool ir_fold_is_identity(const IrInsn *insn)
{
    switch (insn->op) {
    case IR_ADD:
    case IR_SUB:
    case IR_OR:
    case IR_XOR:
    case IR_SHL:
    case IR_SHR:
    case IR_SAR:
    case IR_ROL:
    case IR_ROR:
        return insn->imm == 0;
    case IR_AND:
        return insn->imm == -1;
    case IR_MUL:
        return insn->imm == 1;
    }
    return false;
}

static bool ir_fold_commutes(IrOp op)
{
    return op == IR_ADD || op == IR_AND || op == IR_OR || op == IR_XOR ||
           op == IR_MUL;
}

static void ir_fold_binary(FoldPass *p, IrInsn *insn)
{
    uint64_t a, b, r;
    bool const_a = ir_fold_const(p, insn, insn->a, &a);
    bool const_b = ir_fold_const(p, insn, insn->b, &b);
    if (const_a && const_b && ir_fold_compute(insn, a, b, &r)) {
        ir_fold_to_const(insn, r);
        return;
    }
    if (const_a && !const_b && ir_fold_commutes(insn->op) &&
        ir_fold_imm_fits(insn, &a)) {
        insn->a = insn->b;
        insn->b = IR_IMM;
        insn->imm = a;
    }
    if (insn->b == IR_IMM && ir_fold_is_identity(insn)) {
        ir_fold_to_move(insn);
    }
}

static void ir_fold_unary(FoldPass *p, IrInsn *insn)
{
    uint64_t a, r;
    if (ir_fold_const(p, insn, insn->a, &a)) {
        if (ir_fold_compute(insn, a, 0, &r)) {
            ir_fold_to_const(insn, r);
        }
        return;
    }
    if (insn->op == IR_EXTU32) {
        insn->op = IR_MOV;
        insn->type = IR_I32;
    }
}

static void ir_fold_branch(FoldPass *p, IrInsn *insn)
{
    uint64_t a, b;
    if (!ir_fold_const(p, insn, insn->a, &a) ||
        !ir_fold_const(p, insn, insn->b, &b) ||
        !ir_fold_can_compare(insn->cond)) {
        return;
    }
    if (!ir_fold_compare(insn->cond, insn->type, a, b)) {
        ir_opt_remove(insn);
        return;
    }
    insn->imm = insn->c;
    insn->op = IR_BR;
    insn->a = insn->b = insn->c = IR_NONE;
}

static void ir_fold_move(FoldPass *p, IrInsn *insn)
{
    uint64_t c;
    if (ir_fold_const(p, insn, insn->a, &c)) {
        ir_fold_to_const(insn, c);
        return;
    }
    if (insn->type == IR_I32 && ir_fold_know(p, insn->a)->zero_upper) {
        insn->type = IR_I64;
    }
    if (insn->type == IR_I64 && insn->a == insn->dst) {
        ir_opt_remove(insn);
    }
}

static void ir_fold_one(FoldPass *p, IrInsn *insn)
{
    ir_fold_sources(p, insn);
    if ((insn->op >= IR_ADD && insn->op <= IR_MULSH) ||
        insn->op == IR_SETCOND) {
        ir_fold_binary(p, insn);
    } else if (insn->op >= IR_NEG && insn->op <= IR_EXTRACT) {
        ir_fold_unary(p, insn);
    } else if (insn->op == IR_BRCOND) {
        ir_fold_branch(p, insn);
    }
    if (insn->op == IR_MOV) {
        ir_fold_move(p, insn);
    }
    if (insn->op != IR_NOP) {
        ir_fold_learn(p, insn);
    }
}

void ir_opt_fold(IrBlock *b)
{
    FoldPass p = { .b = b, .epoch = 1 };
    p.values = ir_opt_scratch(b, (IR_TEMP0 + b->temps) * sizeof(FoldValue));
    for (unsigned i = 0; i < b->count; i++) {
        IrInsn *insn = &b->insns[i];
        if (insn->op == IR_LABEL) {
            p.epoch++;
            p.unreachable = false;
        }
        if (p.unreachable) {
            ir_opt_remove(insn);
            continue;
        }
        ir_fold_one(&p, insn);
        p.unreachable = insn->op == IR_BR || (ir_op_attrs[insn->op] & IRA_END);
    }
}
