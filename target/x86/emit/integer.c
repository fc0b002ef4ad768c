/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves and integer arithmetic, portable forms. Multiplication that sets flags
 * in ways the IR does not know, and division, are helpers (int-helpers.c).
 *
 * LOCK: what the IR has an atomic operation for uses it and computes the flags
 * from the old value; the rest compares and exchanges, and starts the
 * instruction again if another CPU was faster.
 */
#include "target/x86/emit/emit.h"

/* ---- moves -----------------------------------------------------------------
 */

/* A load of a whole register needs no temporary: the register is written when
 * nothing can fault any more. */
static bool integer_load(Translator *t, const X86Insn *i, bool sign)
{
    const X86Operand *to = &i->op[0], *from = &i->op[1];
    if (from->kind != OPERAND_MEM || to->kind != OPERAND_GPR || to->size < 4) {
        return false;
    }
    IrMem mem = tr_mem(t, from->size, false);
    mem.sign = sign;
    ir_ld(t->ir, sign ? tr_type(to->size) : IR_I64, to->reg, t->ea, t->ea_disp,
          mem);
    return true;
}

void emit_MOV(Translator *t, const X86Insn *i)
{
    if (!integer_load(t, i, false)) {
        tr_store(t, i, 0, tr_load(t, i, 1));
    }
}

void emit_MOVZX(Translator *t, const X86Insn *i)
{
    if (!integer_load(t, i, false)) {
        tr_store(t, i, 0, tr_load_zx(t, i, 1));
    }
}

void emit_MOVSX(Translator *t, const X86Insn *i)
{
    if (!integer_load(t, i, true)) {
        tr_store(t, i, 0, tr_load_sx(t, i, 1));
    }
}

static IrVal integer_swap_bytes(Translator *t, unsigned bytes, IrVal v)
{
    IrVal r = tr_temp(t);
    ir_op1(t->ir, IR_BSWAP, tr_wide_type(bytes), r, v);
    return bytes == 2 ? tr_op2i(t, IR_SHR, IR_I32, r, 16) : r;
}

void emit_MOVBE(Translator *t, const X86Insn *i)
{
    IrVal v = tr_load(t, i, 1);
    tr_store(t, i, 0, integer_swap_bytes(t, i->op_size, v));
}

/* Of 16 bits: undefined, zero on the processors that were looked at. */
void emit_BSWAP(Translator *t, const X86Insn *i)
{
    unsigned bytes = i->op[0].size;
    IrVal v =
        bytes == 2 ? tr_imm(t, 0) : integer_swap_bytes(t, bytes, i->op[0].reg);
    tr_store(t, i, 0, v);
}

void emit_LEA(Translator *t, const X86Insn *i)
{
    tr_store(t, i, 0, tr_lea(t, i));
}

void emit_XLAT(Translator *t, const X86Insn *i)
{
    unsigned seg = i->seg_override ? i->mem.seg : X86_DS;
    IrVal off = tr_op2(t, IR_ADD, IR_I64, X86_RBX, tr_reg_zx(t, X86_RAX, 1));
    off = tr_zx(t, off, i->addr_size);
    tr_check_limit(t, seg, off, 1, false);
    IrVal addr = tr_linear(t, seg, off), v = tr_temp(t);
    ir_ld(t->ir, IR_I64, v, addr, 0, (IrMem){ .slot = 2 });
    tr_set_reg(t, X86_RAX, 1, v);
}

/* With memory always locked: SDM 2D XCHG. */
void emit_XCHG(Translator *t, const X86Insn *i)
{
    IrVal b = tr_copy(t, tr_load(t, i, 1));
    if (i->has_mem) {
        IrVal old = tr_atomic(t, IR_ATOMIC_XCHG, i->op[0].size, b, IR_NONE);
        tr_store(t, i, 1, old);
        return;
    }
    IrVal a = tr_copy(t, tr_load(t, i, 0));
    tr_store(t, i, 0, b);
    tr_store(t, i, 1, a);
}

void emit_CMOVCC(Translator *t, const X86Insn *i)
{
    unsigned bytes = i->op[0].size;
    IrVal src = tr_load(t, i, 1);
    IrVal dst = bytes == 2 ? tr_copy(t, i->op[0].reg) : i->op[0].reg;
    IrInsn *insn = ir_append(t->ir, IR_CMOVCC);
    insn->cond = i->opcode & 15;
    insn->type = tr_wide_type(bytes);
    insn->dst = dst;
    insn->a = src;
    if (bytes == 2) {
        tr_store(t, i, 0, dst);
    }
}

void emit_SETCC(Translator *t, const X86Insn *i)
{
    tr_store(t, i, 0, tr_setcc(t, i->opcode & 15));
}

/* CBW, CWDE, CDQE */
void emit_CBW(Translator *t, const X86Insn *i)
{
    tr_set_reg(t, X86_RAX, i->op_size, tr_sx(t, X86_RAX, i->op_size / 2));
}

/* CWD, CDQ, CQO */
void emit_CWD(Translator *t, const X86Insn *i)
{
    IrVal v = tr_sx(t, X86_RAX, i->op_size);
    v = tr_op2i(t, IR_SAR, IR_I64, v, 63);
    tr_set_reg(t, X86_RDX, i->op_size, v);
}

void emit_SALC(Translator *t, const X86Insn *i)
{
    IrVal v = tr_temp(t);
    ir_op1(t->ir, IR_NEG, IR_I32, v, tr_setcc(t, IR_CC_B));
    tr_set_reg(t, X86_RAX, 1, v);
}

/* Also hints: prefetches, cache line write-backs, fences of one CPU's order. */
void emit_NOP(Translator *t, const X86Insn *i)
{
}

/* There is no cache, but the access is checked like a load. */
void emit_CLFLUSH(Translator *t, const X86Insn *i)
{
    tr_load(t, i, 0);
}

/* ---- locked forms ----------------------------------------------------------
 */

/* Exchange the memory operand from `old` to `v`, or start over. */
void tr_exchange(Translator *t, unsigned bytes, IrVal old, IrVal v)
{
    IrVal seen = tr_atomic(t, IR_ATOMIC_CMPXCHG, bytes, old, v);
    ir_brcond(t->ir, IR_CC_NE, IR_I64, seen, old, tr_late(t, t->pc));
}

static void integer_locked(Translator *t, const X86Insn *i, IrAtomic atomic,
                           IrOp op)
{
    unsigned bytes = i->op[0].size;
    IrVal b = tr_load_zx(t, i, 1), addend = b;
    if (op == IR_SUBF) {
        addend = tr_temp(t);
        ir_op1(t->ir, IR_NEG, IR_I64, addend, b);
    }
    IrVal old = tr_atomic(t, atomic, bytes, addend, IR_NONE);
    tr_op2(t, op, tr_type(bytes), old, b);
}

/* ---- two operands ----------------------------------------------------------
 */

static void integer_op2(Translator *t, const X86Insn *i, IrOp op)
{
    IrVal b = tr_load(t, i, 1);
    IrVal a = tr_load_rmw(t, i, 0);
    IrVal r = tr_dest(t, i, 0);
    ir_op2(t->ir, op, tr_type(i->op[0].size), r, a, b);
    tr_store_dest(t, i, 0, r);
}

static void integer_alu(Translator *t, const X86Insn *i, IrOp op,
                        IrAtomic atomic)
{
    if (i->lock) {
        integer_locked(t, i, atomic, op);
    } else {
        integer_op2(t, i, op);
    }
}

void emit_ADD(Translator *t, const X86Insn *i)
{
    integer_alu(t, i, IR_ADDF, IR_ATOMIC_ADD);
}

void emit_SUB(Translator *t, const X86Insn *i)
{
    integer_alu(t, i, IR_SUBF, IR_ATOMIC_ADD);
}

void emit_AND(Translator *t, const X86Insn *i)
{
    integer_alu(t, i, IR_ANDF, IR_ATOMIC_AND);
}

void emit_OR(Translator *t, const X86Insn *i)
{
    integer_alu(t, i, IR_ORF, IR_ATOMIC_OR);
}

void emit_XOR(Translator *t, const X86Insn *i)
{
    integer_alu(t, i, IR_XORF, IR_ATOMIC_XOR);
}

/* The new value by operations that leave CF alone until it is stored. */
static void integer_carry_locked(Translator *t, const X86Insn *i, IrOp plain,
                                 IrOp op)
{
    unsigned bytes = i->op[0].size;
    IrVal b = tr_load(t, i, 1);
    IrVal old = tr_ld_rmw(t, bytes);
    IrVal v = tr_op2(t, plain, IR_I64, old, b);
    v = tr_op2(t, plain, IR_I64, v, tr_setcc(t, IR_CC_B));
    tr_exchange(t, bytes, old, v);
    tr_op2(t, op, tr_type(bytes), old, b);
}

void emit_ADC(Translator *t, const X86Insn *i)
{
    if (i->lock) {
        integer_carry_locked(t, i, IR_ADD, IR_ADCF);
    } else {
        integer_op2(t, i, IR_ADCF);
    }
}

void emit_SBB(Translator *t, const X86Insn *i)
{
    if (i->lock) {
        integer_carry_locked(t, i, IR_SUB, IR_SBBF);
    } else {
        integer_op2(t, i, IR_SBBF);
    }
}

static void integer_compare(Translator *t, const X86Insn *i, IrOp op)
{
    IrVal a = tr_load(t, i, 0), b = tr_load(t, i, 1);
    ir_op2(t->ir, op, tr_type(i->op[0].size), IR_NONE, a, b);
}

void emit_CMP(Translator *t, const X86Insn *i)
{
    integer_compare(t, i, IR_CMPF);
}

void emit_TEST(Translator *t, const X86Insn *i)
{
    integer_compare(t, i, IR_TESTF);
}

/* The source register is written first: with twice the same register the sum
 * stays. SDM 2D XADD */
void emit_XADD(Translator *t, const X86Insn *i)
{
    IrType type = tr_type(i->op[0].size);
    IrVal b = tr_copy(t, tr_load(t, i, 1));
    if (i->lock) {
        IrVal old = tr_atomic(t, IR_ATOMIC_ADD, i->op[0].size, b, IR_NONE);
        tr_op2(t, IR_ADDF, type, old, b);
        tr_store(t, i, 1, old);
        return;
    }
    IrVal a = tr_copy(t, tr_load_rmw(t, i, 0));
    IrVal sum = tr_op2(t, IR_ADDF, type, a, b);
    if (i->has_mem) {
        tr_store(t, i, 0, sum);
        tr_store(t, i, 1, a);
    } else {
        tr_store(t, i, 1, a);
        tr_store(t, i, 0, sum);
    }
}

/* Memory is written in any case, with its old value if it differs. The
 * accumulator is written only then. SDM 2A CMPXCHG */
static void integer_accumulate(Translator *t, unsigned bytes, IrVal acc,
                               IrVal old)
{
    IrVal v = tr_copy(t, X86_RAX);
    IrVal other = old;
    if (bytes < 4) {
        other = tr_copy(t, X86_RAX);
        ir_deposit(t->ir, IR_I64, other, other, old, 0, bytes * 8);
    }
    tr_movcond(t, IR_CC_NE, v, acc, old, other);
    ir_op2(t->ir, IR_CMPF, tr_type(bytes), IR_NONE, acc, old);
    ir_op1(t->ir, IR_MOV, IR_I64, X86_RAX, v);
}

void emit_CMPXCHG(Translator *t, const X86Insn *i)
{
    unsigned bytes = i->op[0].size;
    IrVal acc = tr_copy(t, tr_reg_zx(t, X86_RAX, bytes));
    IrVal src = tr_load_zx(t, i, 1);
    if (i->lock) {
        IrVal seen = tr_atomic(t, IR_ATOMIC_CMPXCHG, bytes, acc, src);
        integer_accumulate(t, bytes, acc, seen);
        return;
    }
    IrVal old =
        i->has_mem ? tr_ld_rmw(t, bytes) : tr_copy(t, tr_load_zx(t, i, 0));
    IrVal v = tr_copy(t, old);
    tr_movcond(t, IR_CC_E, v, old, acc, src);
    if (i->has_mem) {
        tr_store(t, i, 0, v);
        integer_accumulate(t, bytes, acc, old);
    } else {
        integer_accumulate(t, bytes, acc, old);
        tr_store(t, i, 0, v);
    }
}

/* Two registers of 32 bits as one value of 64. */
static IrVal integer_pair(Translator *t, unsigned low, unsigned high)
{
    IrVal v = tr_op2i(t, IR_SHL, IR_I64, high, 32);
    return tr_op2(t, IR_OR, IR_I64, v, tr_reg_zx(t, low, 4));
}

/* ZF = bit 0 of v, the other flags stay. */
static void integer_set_zf(Translator *t, IrVal v)
{
    IrVal f = tr_getf(t);
    ir_deposit(t->ir, IR_I64, f, f, v, 6, 1);
    tr_setf(t, f);
}

void emit_CMPXCHG8B(Translator *t, const X86Insn *i)
{
    IrVal expected = integer_pair(t, X86_RAX, X86_RDX);
    IrVal v = integer_pair(t, X86_RBX, X86_RCX);
    IrVal old = tr_atomic(t, IR_ATOMIC_CMPXCHG, 8, expected, v);
    IrVal equal = tr_temp(t);
    ir_setcond(t->ir, IR_CC_E, IR_I64, equal, old, expected);
    IrVal low = tr_zx(t, old, 4);
    IrVal high = tr_op2i(t, IR_SHR, IR_I64, old, 32);
    tr_movcond(t, IR_CC_NE, X86_RAX, old, expected, low);
    tr_movcond(t, IR_CC_NE, X86_RDX, old, expected, high);
    integer_set_zf(t, equal);
}

void emit_CMPXCHG16B(Translator *t, const X86Insn *i)
{
    tr_probe_write(t, 16);
    tr_call(t, &x86_helper_cmpxchg16b, IR_NONE, tr_address(t), IR_NONE, IR_NONE,
            0);
}

/* ---- one operand -----------------------------------------------------------
 */

static void integer_op1(Translator *t, const X86Insn *i, IrOp op)
{
    IrVal a = tr_load_rmw(t, i, 0);
    IrVal r = tr_dest(t, i, 0);
    ir_op1(t->ir, op, tr_type(i->op[0].size), r, a);
    tr_store_dest(t, i, 0, r);
}

static void integer_step(Translator *t, const X86Insn *i, IrOp op, int step)
{
    if (!i->lock) {
        integer_op1(t, i, op);
        return;
    }
    unsigned bytes = i->op[0].size;
    IrVal old = tr_atomic(t, IR_ATOMIC_ADD, bytes, tr_imm(t, step), IR_NONE);
    ir_op1(t->ir, op, tr_type(bytes), tr_temp(t), old);
}

void emit_INC(Translator *t, const X86Insn *i)
{
    integer_step(t, i, IR_INCF, 1);
}

void emit_DEC(Translator *t, const X86Insn *i)
{
    integer_step(t, i, IR_DECF, -1);
}

void emit_NEG(Translator *t, const X86Insn *i)
{
    if (!i->lock) {
        integer_op1(t, i, IR_NEGF);
        return;
    }
    unsigned bytes = i->op[0].size;
    IrVal old = tr_ld_rmw(t, bytes);
    IrVal v = tr_temp(t);
    ir_op1(t->ir, IR_NEG, IR_I64, v, old);
    tr_exchange(t, bytes, old, v);
    ir_op1(t->ir, IR_NEGF, tr_type(bytes), tr_temp(t), old);
}

void emit_NOT(Translator *t, const X86Insn *i)
{
    unsigned bytes = i->op[0].size;
    if (i->lock) {
        tr_atomic(t, IR_ATOMIC_XOR, bytes, tr_imm(t, -1), IR_NONE);
        return;
    }
    IrVal a = tr_load_rmw(t, i, 0);
    IrVal r = tr_dest(t, i, 0);
    ir_op1(t->ir, IR_NOT, tr_wide_type(bytes), r, a);
    tr_store_dest(t, i, 0, r);
}

/* ---- multiplication and division -------------------------------------------
 */

/* Of the flags only CF and OF are defined: SDM 2B MUL. */
static void integer_set_overflow(Translator *t, IrCond cond, IrVal a, IrVal b)
{
    IrVal v = tr_temp(t);
    ir_setcond(t->ir, cond, IR_I64, v, a, b);
    v = tr_op2i(t, IR_MUL, IR_I64, v, EFLAGS_CF | EFLAGS_OF);
    tr_setf(t, v);
}

/* rDX:rAX (AX of bytes) from low and high halves. */
static void integer_set_product(Translator *t, unsigned bytes, IrVal low,
                                IrVal high)
{
    if (bytes == 1) {
        tr_set_reg(t, X86_RAX, 2, low);
        return;
    }
    tr_set_reg(t, X86_RAX, bytes, low);
    tr_set_reg(t, X86_RDX, bytes, high);
}

static void integer_multiply(Translator *t, const X86Insn *i, bool sign)
{
    unsigned bytes = i->op[0].size;
    IrVal b = sign ? tr_load_sx(t, i, 0) : tr_load_zx(t, i, 0);
    IrVal a = sign ? tr_sx(t, X86_RAX, bytes) : tr_zx(t, X86_RAX, bytes);
    IrVal low = tr_op2(t, IR_MUL, IR_I64, a, b);
    IrVal high;

    if (bytes == 8) {
        high = tr_op2(t, sign ? IR_MULSH : IR_MULUH, IR_I64, a, b);
    } else {
        high = tr_op2i(t, IR_SHR, IR_I64, low, bytes * 8);
    }
    IrVal fits = tr_imm(t, 0), upper = high;
    if (sign && bytes == 8) {
        fits = tr_op2i(t, IR_SAR, IR_I64, low, 63);
    } else if (sign) {
        fits = tr_sx(t, low, bytes);
        upper = low;
    }
    integer_set_overflow(t, IR_CC_NE, upper, fits);
    integer_set_product(t, bytes, low, high);
}

void emit_MUL(Translator *t, const X86Insn *i)
{
    integer_multiply(t, i, false);
}

void emit_IMUL(Translator *t, const X86Insn *i)
{
    integer_multiply(t, i, true);
}

static void integer_imul(Translator *t, const X86Insn *i, unsigned first)
{
    IrVal a = tr_load(t, i, first), b = tr_load(t, i, first + 1);
    IrVal r = tr_dest(t, i, 0);
    ir_op2(t->ir, IR_IMULF, tr_type(i->op[0].size), r, a, b);
    tr_store_dest(t, i, 0, r);
}

void emit_IMUL2(Translator *t, const X86Insn *i)
{
    integer_imul(t, i, 0);
}

void emit_IMUL3(Translator *t, const X86Insn *i)
{
    integer_imul(t, i, 1);
}

void emit_MULX(Translator *t, const X86Insn *i)
{
    unsigned bytes = i->op[0].size;
    IrVal a = tr_zx(t, X86_RDX, bytes), b = tr_load_zx(t, i, 2);
    IrVal low = tr_op2(t, IR_MUL, IR_I64, a, b);
    IrVal high = bytes == 8 ? tr_op2(t, IR_MULUH, IR_I64, a, b)
                            : tr_op2i(t, IR_SHR, IR_I64, low, 32);
    tr_store(t, i, 1, low);
    tr_store(t, i, 0, high);
}

static void integer_divide(Translator *t, const X86Insn *i, const TcgHelper *h)
{
    IrVal divisor = tr_load_zx(t, i, 0);
    tr_call(t, h, IR_NONE, divisor, IR_NONE, IR_NONE, i->op[0].size);
}

void emit_DIV(Translator *t, const X86Insn *i)
{
    integer_divide(t, i, &x86_helper_div);
}

void emit_IDIV(Translator *t, const X86Insn *i)
{
    integer_divide(t, i, &x86_helper_idiv);
}

/* ---- additions with one carry flag (ADX) -----------------------------------
 */

/* a + b + carry and its carry. */
static IrVal integer_add_carry(Translator *t, const X86Insn *i, IrVal carry,
                               IrVal *carry_out)
{
    unsigned bytes = i->op[0].size;
    IrType type = tr_wide_type(bytes);
    IrVal b = tr_load_zx(t, i, 1);
    IrVal sum = tr_op2(t, IR_ADD, type, i->op[0].reg, b);
    IrVal r = tr_op2(t, IR_ADD, type, sum, carry);
    IrVal c1 = tr_temp(t), c2 = tr_temp(t);
    ir_setcond(t->ir, IR_CC_B, IR_I64, c1, sum, b);
    ir_setcond(t->ir, IR_CC_B, IR_I64, c2, r, sum);
    *carry_out = tr_op2(t, IR_OR, IR_I64, c1, c2);
    return r;
}

void emit_ADCX(Translator *t, const X86Insn *i)
{
    IrVal carry;
    IrVal r = integer_add_carry(t, i, tr_setcc(t, IR_CC_B), &carry);
    tr_setcf(t, carry);
    tr_store(t, i, 0, r);
}

void emit_ADOX(Translator *t, const X86Insn *i)
{
    IrVal carry;
    IrVal r = integer_add_carry(t, i, tr_setcc(t, IR_CC_O), &carry);
    IrVal f = tr_getf(t);
    ir_deposit(t->ir, IR_I64, f, f, carry, 11, 1);
    tr_setf(t, f);
    tr_store(t, i, 0, r);
}

/* ---- decimal adjustment ----------------------------------------------------
 */

static void integer_adjust(Translator *t, const TcgHelper *h, IrVal base)
{
    IrVal ax = tr_reg_zx(t, X86_RAX, 2), r = tr_temp(t);
    tr_call(t, h, r, ax, base, IR_NONE, 0);
    tr_set_reg(t, X86_RAX, 2, r);
}

void emit_AAA(Translator *t, const X86Insn *i)
{
    integer_adjust(t, &x86_helper_aaa, IR_NONE);
}

void emit_AAS(Translator *t, const X86Insn *i)
{
    integer_adjust(t, &x86_helper_aas, IR_NONE);
}

void emit_DAA(Translator *t, const X86Insn *i)
{
    integer_adjust(t, &x86_helper_daa, IR_NONE);
}

void emit_DAS(Translator *t, const X86Insn *i)
{
    integer_adjust(t, &x86_helper_das, IR_NONE);
}

void emit_AAD(Translator *t, const X86Insn *i)
{
    integer_adjust(t, &x86_helper_aad, tr_imm(t, i->imm & 0xff));
}

void emit_AAM(Translator *t, const X86Insn *i)
{
    if (!(i->imm & 0xff)) {
        tr_raise_end(t, EXC_DE, -1);
        return;
    }
    integer_adjust(t, &x86_helper_aam, tr_imm(t, i->imm & 0xff));
}
