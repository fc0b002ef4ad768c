/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single bits, bit counts and bit fields: BT to BTC, BSF to POPCNT, BMI1 and
 * BMI2, and CRC32.
 */
#include "target/x86/emit/emit.h"

/* ---- BT, BTS, BTR, BTC -----------------------------------------------------
 */

typedef enum BitChange {
    BIT_NONE,
    BIT_SET,
    BIT_RESET,
    BIT_COMPLEMENT
} BitChange;

/* With a register as bit offset, memory is a string of bits around the
 * operand: move the address to the piece that holds the bit. It wraps, and is
 * checked, as that of any operand. SDM 2A BT */
static void bit_move_address(Translator *t, const X86Insn *i)
{
    unsigned bytes = i->op[0].size, bits_log2 = tr_log2(bytes) + 3;
    IrVal off = tr_op2i(t, IR_SAR, IR_I64, tr_load_sx(t, i, 1), bits_log2);
    off = tr_op2i(t, IR_SHL, IR_I64, off, bits_log2 - 3);
    IrVal at = tr_op2(t, IR_ADD, IR_I64, tr_lea(t, i), off);
    if (i->addr_size != 8) {
        at = tr_zx(t, at, i->addr_size);
    }
    tr_check_limit(t, i->mem.seg, at, bytes, i->op[0].access & OPERAND_WRITE);
    t->ea = tr_linear(t, i->mem.seg, at);
    t->ea_disp = 0;
}

/* IR's operation, and the atomic, on the mask of one bit. */
static void bit_modify(Translator *t, const X86Insn *i, BitChange change,
                       IrVal bit)
{
    static const struct {
        IrOp op;
        IrAtomic atomic;
    } how[] = {
        [BIT_SET] = { IR_OR, IR_ATOMIC_OR },
        [BIT_RESET] = { IR_AND, IR_ATOMIC_AND },
        [BIT_COMPLEMENT] = { IR_XOR, IR_ATOMIC_XOR },
    };
    unsigned bytes = i->op[0].size;
    IrVal mask = tr_op2(t, IR_SHL, IR_I64, tr_imm(t, 1), bit);
    IrVal old;

    if (change == BIT_RESET) {
        IrVal inverse = tr_temp(t);
        ir_op1(t->ir, IR_NOT, IR_I64, inverse, mask);
        mask = inverse;
    }
    if (i->lock) {
        old = tr_atomic(t, how[change].atomic, bytes, mask, IR_NONE);
    } else {
        old = tr_copy(t, tr_load_rmw(t, i, 0));
        tr_store(t, i, 0, tr_op2(t, how[change].op, IR_I64, old, mask));
    }
    tr_setcf(t, tr_op2(t, IR_SHR, IR_I64, old, bit));
}

static void bit_test(Translator *t, const X86Insn *i, BitChange change)
{
    unsigned bytes = i->op[0].size;
    if (i->has_mem && i->op[1].kind == OPERAND_GPR) {
        bit_move_address(t, i);
    }
    IrVal bit = tr_op2i(t, IR_AND, IR_I64, tr_load(t, i, 1), bytes * 8 - 1);
    if (change != BIT_NONE) {
        bit_modify(t, i, change, bit);
        return;
    }
    IrVal v = tr_op2(t, IR_SHR, IR_I64, tr_load(t, i, 0), bit);
    tr_setcf(t, v);
}

void emit_BT(Translator *t, const X86Insn *i)
{
    bit_test(t, i, BIT_NONE);
}

void emit_BTS(Translator *t, const X86Insn *i)
{
    bit_test(t, i, BIT_SET);
}

void emit_BTR(Translator *t, const X86Insn *i)
{
    bit_test(t, i, BIT_RESET);
}

void emit_BTC(Translator *t, const X86Insn *i)
{
    bit_test(t, i, BIT_COMPLEMENT);
}

/* ---- counts ----------------------------------------------------------------
 */

static IrVal bit_op1(Translator *t, IrOp op, IrVal v)
{
    IrVal r = tr_temp(t);
    ir_op1(t->ir, op, IR_I64, r, v);
    return r;
}

/* A zero source leaves the destination as it is, all 64 bits of it: AMD's
 * manual says so (APM 3 BSF), Intel's processors do so. */
static void bit_scan(Translator *t, const X86Insn *i, bool reverse)
{
    IrVal src = tr_load_zx(t, i, 1);
    IrVal n = bit_op1(t, reverse ? IR_CLZ : IR_CTZ, src);
    IrVal r = tr_copy(t, i->op[0].reg);
    if (reverse) {
        n = tr_op2i(t, IR_XOR, IR_I64, n, 63);
    }
    tr_movcond(t, IR_CC_NE, r, src, tr_imm(t, 0), n);
    ir_op2(t->ir, IR_TESTF, IR_I64, IR_NONE, src, src);
    tr_set_reg(t, i->op[0].reg, i->op[0].size == 2 ? 2 : 8, r);
}

void emit_BSF(Translator *t, const X86Insn *i)
{
    bit_scan(t, i, false);
}

void emit_BSR(Translator *t, const X86Insn *i)
{
    bit_scan(t, i, true);
}

/* ZF by the result, CF by the source being zero. */
static void bit_count_flags(Translator *t, IrVal src, IrVal r)
{
    IrVal zero = tr_temp(t);
    ir_setcondi(t->ir, IR_CC_E, IR_I64, zero, src, 0);
    ir_op2(t->ir, IR_TESTF, IR_I64, IR_NONE, r, r);
    tr_setcf(t, zero);
}

void emit_LZCNT(Translator *t, const X86Insn *i)
{
    IrVal src = tr_load_zx(t, i, 1);
    IrVal r = tr_op2i(t, IR_SUB, IR_I64, bit_op1(t, IR_CLZ, src),
                      64 - i->op[0].size * 8);
    bit_count_flags(t, src, r);
    tr_store(t, i, 0, r);
}

/* A bit above the operand bounds the count. */
void emit_TZCNT(Translator *t, const X86Insn *i)
{
    unsigned bits = i->op[0].size * 8;
    IrVal src = tr_load_zx(t, i, 1), bounded = src;
    if (bits < 64) {
        bounded = tr_op2i(t, IR_OR, IR_I64, src, INT64_C(1) << bits);
    }
    IrVal r = bit_op1(t, IR_CTZ, bounded);
    bit_count_flags(t, src, r);
    tr_store(t, i, 0, r);
}

void emit_POPCNT(Translator *t, const X86Insn *i)
{
    IrVal src = tr_load_zx(t, i, 1), zf = tr_temp(t);
    ir_setcondi(t->ir, IR_CC_E, IR_I64, zf, src, 0);
    IrVal r = bit_op1(t, IR_POPCNT, src);
    tr_setf(t, tr_op2i(t, IR_SHL, IR_I64, zf, 6));
    tr_store(t, i, 0, r);
}

/* ---- BMI1 and BMI2 ---------------------------------------------------------
 */

/* ZF and SF by the result, OF clear, CF as given. */
static void bit_finish(Translator *t, const X86Insn *i, IrVal r, IrVal carry)
{
    ir_op2(t->ir, IR_TESTF, tr_type(i->op[0].size), IR_NONE, r, r);
    if (carry != IR_NONE) {
        tr_setcf(t, carry);
    }
    tr_store(t, i, 0, r);
}

void emit_ANDN(Translator *t, const X86Insn *i)
{
    IrVal a = tr_temp(t);
    ir_op1(t->ir, IR_NOT, IR_I64, a, tr_load(t, i, 1));
    IrVal r = tr_op2(t, IR_AND, IR_I64, a, tr_load(t, i, 2));
    bit_finish(t, i, r, IR_NONE);
}

/* Lowest set bit: extract, mask up to, reset; op(src, src op2 ..). */
static void bit_lowest(Translator *t, const X86Insn *i, IrOp op, bool negate,
                       IrCond carry_if)
{
    IrVal src = tr_load_zx(t, i, 1), other, carry = tr_temp(t);
    if (negate) {
        other = bit_op1(t, IR_NEG, src);
    } else {
        other = tr_op2i(t, IR_SUB, IR_I64, src, 1);
    }
    ir_setcondi(t->ir, carry_if, IR_I64, carry, src, 0);
    bit_finish(t, i, tr_op2(t, op, IR_I64, src, other), carry);
}

void emit_BLSI(Translator *t, const X86Insn *i)
{
    bit_lowest(t, i, IR_AND, true, IR_CC_NE);
}

void emit_BLSMSK(Translator *t, const X86Insn *i)
{
    bit_lowest(t, i, IR_XOR, false, IR_CC_E);
}

void emit_BLSR(Translator *t, const X86Insn *i)
{
    bit_lowest(t, i, IR_AND, false, IR_CC_E);
}

/* r = op(a, b) by a pure helper. */
static IrVal bit_helper(Translator *t, const TcgHelper *h, IrVal a, IrVal b)
{
    IrVal r = tr_temp(t);
    tr_call(t, h, r, a, b, IR_NONE, 0);
    return r;
}

void emit_BEXTR(Translator *t, const X86Insn *i)
{
    IrVal r =
        bit_helper(t, &x86_helper_bextr, tr_load_zx(t, i, 1), tr_load(t, i, 2));
    bit_finish(t, i, r, IR_NONE);
}

void emit_BZHI(Translator *t, const X86Insn *i)
{
    IrVal index = tr_zx(t, tr_load(t, i, 2), 1), carry = tr_temp(t);
    IrVal r = bit_helper(t, &x86_helper_bzhi, tr_load_zx(t, i, 1), index);
    ir_setcondi(t->ir, IR_CC_A, IR_I64, carry, index, i->op[0].size * 8 - 1);
    bit_finish(t, i, r, carry);
}

void emit_PDEP(Translator *t, const X86Insn *i)
{
    IrVal a = tr_load_zx(t, i, 1), mask = tr_load_zx(t, i, 2);
    tr_store(t, i, 0, bit_helper(t, &x86_helper_pdep, a, mask));
}

void emit_PEXT(Translator *t, const X86Insn *i)
{
    IrVal a = tr_load_zx(t, i, 1), mask = tr_load_zx(t, i, 2);
    tr_store(t, i, 0, bit_helper(t, &x86_helper_pext, a, mask));
}

void emit_CRC32(Translator *t, const X86Insn *i)
{
    IrVal data = tr_load_zx(t, i, 1), r = tr_temp(t);
    IrVal crc = tr_reg_zx(t, i->op[0].reg, 4);
    tr_call(t, &x86_helper_crc32, r, crc, data, IR_NONE, i->op[1].size);
    tr_store(t, i, 0, r);
}
