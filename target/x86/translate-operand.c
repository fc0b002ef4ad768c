/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What emitters say instead of addresses and widths: operands as values,
 * effective and linear addresses, memory and stack accesses.
 *
 * Segment bases are added only where they can be non-zero: never in 64-bit
 * code but for FS and GS (SDM 1 3.4.4), nor in flat 32-bit code. A linear
 * address outside of 64-bit code is 32 bits wide (SDM 3A 3.3).
 */
#include "target/x86/system/helpers.h"
#include "target/x86/translate.h"

/* ---- values ----------------------------------------------------------------
 */

IrType tr_wide_type(unsigned bytes)
{
    return bytes == 8 ? IR_I64 : IR_I32;
}

IrVal tr_imm(Translator *t, int64_t imm)
{
    IrVal v = tr_temp(t);
    ir_movi(t->ir, v, imm);
    return v;
}

IrVal tr_pc(Translator *t, uint64_t pc)
{
    if (!t->relative) {
        return tr_imm(t, pc);
    }
    IrVal base = tr_temp(t);
    ir_ldenv(t->ir, 3, base, offsetof(TcgEnv, pc_base));
    return tr_op2i(t, IR_ADD, IR_I64, base, pc);
}

static IrVal tr_extend(Translator *t, IrVal v, unsigned bytes, bool sign)
{
    static const IrOp ops[2][3] = {
        { IR_EXTU8, IR_EXTU16, IR_EXTU32 },
        { IR_EXTS8, IR_EXTS16, IR_EXTS32 },
    };
    if (bytes == 8) {
        return v;
    }
    IrVal r = tr_temp(t);
    ir_op1(t->ir, ops[sign][tr_log2(bytes)], IR_I64, r, v);
    return r;
}

IrVal tr_zx(Translator *t, IrVal v, unsigned bytes)
{
    return tr_extend(t, v, bytes, false);
}

IrVal tr_sx(Translator *t, IrVal v, unsigned bytes)
{
    return tr_extend(t, v, bytes, true);
}

IrVal tr_reg_zx(Translator *t, unsigned reg, unsigned bytes)
{
    return tr_extend(t, reg, bytes, false);
}

void tr_set_reg(Translator *t, unsigned reg, unsigned bytes, IrVal v)
{
    if (bytes < 4) {
        ir_deposit(t->ir, IR_I64, reg, reg, v, 0, bytes * 8);
    } else if (v != reg || bytes == 4) {
        ir_op1(t->ir, IR_MOV, tr_wide_type(bytes), reg, v);
    }
}

IrVal tr_copy(Translator *t, IrVal v)
{
    IrVal r = tr_temp(t);
    ir_op1(t->ir, IR_MOV, IR_I64, r, v);
    return r;
}

IrVal tr_op2(Translator *t, IrOp op, IrType type, IrVal a, IrVal b)
{
    IrVal r = tr_temp(t);
    ir_op2(t->ir, op, type, r, a, b);
    return r;
}

IrVal tr_op2i(Translator *t, IrOp op, IrType type, IrVal a, int64_t imm)
{
    IrVal r = tr_temp(t);
    ir_op2i(t->ir, op, type, r, a, imm);
    return r;
}

IrVal tr_setcc(Translator *t, IrCond cond)
{
    IrVal v = tr_temp(t);
    IrInsn *insn = ir_append(t->ir, IR_SETCC);
    insn->cond = cond;
    insn->dst = v;
    return v;
}

IrVal tr_getf(Translator *t)
{
    IrVal v = tr_temp(t);
    ir_append(t->ir, IR_GETF)->dst = v;
    return v;
}

void tr_setf(Translator *t, IrVal v)
{
    ir_append(t->ir, IR_SETF)->a = v;
}

void tr_setcf(Translator *t, IrVal v)
{
    ir_append(t->ir, IR_SETCF)->a = v;
}

void tr_movcond(Translator *t, IrCond cond, IrVal dst, IrVal a, IrVal b,
                IrVal c)
{
    IrInsn *insn = ir_append(t->ir, IR_MOVCOND);
    insn->cond = cond;
    insn->dst = dst;
    insn->a = a;
    insn->b = b;
    insn->c = c;
}

/* ---- addresses -------------------------------------------------------------
 */

static bool tr_segment_flat(const Translator *t, unsigned seg)
{
    if (t->code == X86_CODE64) {
        return seg != X86_FS && seg != X86_GS;
    }
    if (seg == X86_CS) {
        return t->key.cs_flat;
    }
    return t->key.flat && seg != X86_FS && seg != X86_GS;
}

static size_t tr_segment_base(unsigned seg)
{
    return offsetof(X86Cpu, seg) + seg * sizeof(X86Segment) +
           offsetof(X86Segment, base);
}

IrVal tr_linear(Translator *t, unsigned seg, IrVal off)
{
    if (tr_segment_flat(t, seg)) {
        return off;
    }
    IrVal base = tr_temp(t);
    ir_ldenv(t->ir, 3, base, tr_segment_base(seg));
    return tr_op2(t, IR_ADD, t->code == X86_CODE64 ? IR_I64 : IR_I32, base,
                  off);
}

/* Base and index added up, in the type given; IR_NONE if there is neither. */
static IrVal tr_base_index(Translator *t, const X86Mem *m, IrType type)
{
    if (m->index == X86_NO_REG || m->vsib) { /* a helper adds vectors */
        return m->base == X86_NO_REG ? IR_NONE : m->base;
    }
    IrVal v = m->index;
    if (m->scale) {
        v = tr_op2i(t, IR_SHL, type, v, m->scale);
    }
    return m->base == X86_NO_REG ? v : tr_op2(t, IR_ADD, type, v, m->base);
}

/* The operand's offset without segment: value + *disp, wrapped as its address
 * size demands (then *disp is 0). */
static IrVal tr_offset(Translator *t, const X86Insn *i, int64_t *disp)
{
    const X86Mem *m = &i->mem;
    IrType type = i->addr_size == 8 ? IR_I64 : IR_I32;
    uint64_t d = m->disp + (m->rip ? t->next_pc : 0);
    IrVal v = tr_base_index(t, m, type);

    *disp = 0;
    if (m->rip && t->relative) {
        v = tr_temp(t);
        ir_ldenv(t->ir, 3, v, offsetof(TcgEnv, pc_base));
    }
    if (t->disp != IR_NONE) { /* alone it is as wide as the address */
        v = v == IR_NONE ? t->disp : tr_op2(t, IR_ADD, type, v, t->disp);
    }
    if (v == IR_NONE) {
        return tr_imm(t, i->addr_size == 8   ? d
                         : i->addr_size == 4 ? (uint32_t)d
                                             : (uint16_t)d);
    }
    if (i->addr_size == 8) {
        *disp = d;
        return v;
    }
    IrVal r = d ? tr_op2i(t, IR_ADD, type, v, (int32_t)d) : v;
    if (i->addr_size == 2) {
        return tr_zx(t, r, 2);
    }
    return r < IR_TEMP0 ? tr_zx(t, r, 4) : r;
}

IrVal tr_lea(Translator *t, const X86Insn *i)
{
    int64_t disp;
    IrVal v = tr_offset(t, i, &disp);
    return disp ? tr_op2i(t, IR_ADD, IR_I64, v, disp) : v;
}

/* The stack, variables by name, per-CPU and thread-local data. */
static bool tr_is_steady(const X86Mem *m)
{
    return m->index == X86_NO_REG &&
           (m->base == X86_NO_REG || m->base == X86_RSP);
}

/*
 * Which one-entry caches an operand uses. Variables share one with the others
 * of their page. Accesses off the same registers share one, as they are mostly
 * in the same page; far displacements (arrays by name) and other pieces of code
 * get their own. Slot 0 is the stack's.
 */
static uint8_t tr_slot(const Translator *t, const X86Mem *m)
{
    if (m->base == X86_RSP && m->index == X86_NO_REG) {
        return 0;
    }
    if (m->base == X86_NO_REG && m->index == X86_NO_REG) {
        uint32_t page = (m->disp + (m->rip ? t->next_pc : 0)) >> 12;
        return 2 * (1 + (page + m->seg * 3) % (TCG_SLOTS / 2 - 1));
    }
    uint32_t h = m->base * 7 + m->index * 31 + m->seg * 3;
    h += (uint32_t)(m->disp >> 10) * 13 + (uint32_t)(t->ir->pc >> 7) * 5;
    return 2 * (1 + h % (TCG_SLOTS / 2 - 1));
}

bool tr_has_limit(const Translator *t, unsigned seg)
{
    if (t->code == X86_CODE64) {
        return false;
    }
    return seg == X86_FS || seg == X86_GS ? t->key.fs_gs_limits : t->key.limits;
}

/* In real and V86 mode a segment without key.limits is of 64 KiB at least:
 * it grows upwards, and bytes may be read and written. */
static void tr_check_real_limit(Translator *t, unsigned seg, IrVal off,
                                unsigned bytes)
{
    IrVal last = bytes > 1 ? tr_op2i(t, IR_ADD, IR_I64, off, bytes - 1) : off;
    IrVal limit = tr_temp(t);

    ir_ldenv(t->ir, 2, limit,
             offsetof(X86Cpu, seg) + seg * sizeof(X86Segment) +
                 offsetof(X86Segment, limit));
    ir_brcond(t->ir, IR_CC_A, IR_I64, last, limit,
              tr_late_raise(t, seg == X86_SS ? EXC_SS : EXC_GP));
}

void tr_check_limit(Translator *t, unsigned seg, IrVal off, unsigned bytes,
                    bool write)
{
    bool protected = tr_is_protected(t) && t->code != X86_CODE64;
    if (seg == X86_CS && write && protected) { /* code is not writable */
        tr_raise(t, EXC_GP, 0);
    } else if (tr_has_limit(t, seg)) {
        IrVal what = tr_imm(t, seg | bytes << 8 | write << 24);
        tr_call(t, &x86_helper_check_segment, IR_NONE, off, what, IR_NONE, 0);
    } else if (!tr_is_protected(t)) {
        tr_check_real_limit(t, seg, off, bytes);
    }
}

/* ARPL asks when it knows that it writes. */
static bool tr_memory_written(const X86Insn *i)
{
    if (i->mnemonic == X86_ARPL) {
        return false;
    }
    for (unsigned n = 0; n < i->op_count; n++) {
        if (i->op[n].kind == OPERAND_MEM) {
            return i->op[n].access & OPERAND_WRITE;
        }
    }
    return false;
}

/* Its emitter moves and checks the address. */
static bool tr_is_bit_string(const X86Insn *i)
{
    bool bit = i->mnemonic == X86_BT || i->mnemonic == X86_BTS ||
               i->mnemonic == X86_BTR || i->mnemonic == X86_BTC;
    return bit && i->op[1].kind == OPERAND_GPR;
}

void tr_set_address(Translator *t, const X86Insn *i)
{
    IrVal off = tr_offset(t, i, &t->ea_disp);
    if (i->mem_bytes && !tr_is_bit_string(i)) {
        unsigned bytes = i->mem.vsib ? 1 : i->mem_bytes; /* elsewhere */
        tr_check_limit(t, i->mem.seg, off, bytes, tr_memory_written(i));
    }
    t->ea = tr_linear(t, i->mem.seg, off);
    if (t->key.ac) {
        tr_check_aligned(t, t->ea, t->ea_disp, tr_aligned_bytes(i));
    }
    t->slot = tr_slot(t, &i->mem);
    t->steady = tr_is_steady(&i->mem);
}

IrVal tr_address(Translator *t)
{
    return t->ea_disp ? tr_op2i(t, IR_ADD, IR_I64, t->ea, t->ea_disp) : t->ea;
}

/* ---- memory ----------------------------------------------------------------
 */

IrMem tr_mem(const Translator *t, unsigned bytes, bool write)
{
    return (IrMem){ .size = tr_log2(bytes),
                    .slot = t->slot | write,
                    .steady = t->steady };
}

IrMem tr_stack_mem(unsigned bytes, bool write)
{
    return (IrMem){ .size = tr_log2(bytes), .slot = write, .steady = 1 };
}

static IrVal tr_ld_mem(Translator *t, int64_t off, IrMem mem)
{
    IrVal v = tr_temp(t);
    ir_ld(t->ir, IR_I64, v, t->ea, t->ea_disp + off, mem);
    return v;
}

IrVal tr_ld(Translator *t, unsigned bytes, int64_t off)
{
    return tr_ld_mem(t, off, tr_mem(t, bytes, false));
}

IrVal tr_ld_sx(Translator *t, unsigned bytes)
{
    IrMem mem = tr_mem(t, bytes, false);
    mem.sign = 1;
    return tr_ld_mem(t, 0, mem);
}

IrVal tr_ld_rmw(Translator *t, unsigned bytes)
{
    IrMem mem = tr_mem(t, bytes, true);
    mem.rmw = 1;
    return tr_ld_mem(t, 0, mem);
}

void tr_st(Translator *t, unsigned bytes, int64_t off, IrVal v)
{
    ir_st(t->ir, t->ea, t->ea_disp + off, v, tr_mem(t, bytes, true));
}

static void tr_probe_byte(Translator *t, IrVal addr, IrMem mem)
{
    IrInsn *insn = ir_append(t->ir, IR_PROBEW);
    insn->a = addr;
    insn->mem = mem;
}

static void tr_probe(Translator *t, IrVal first, unsigned bytes, IrMem mem)
{
    tr_probe_byte(t, first, mem);
    if (bytes > 1) {
        /* A second page faults at its begin. */
        IrVal last = tr_op2i(t, IR_ADD, IR_I64, first, bytes - 1);
        tr_probe_byte(t, tr_op2i(t, IR_AND, IR_I64, last, -4096), mem);
    }
}

void tr_probe_write(Translator *t, unsigned bytes)
{
    tr_probe(t, tr_address(t), bytes, tr_mem(t, 1, true));
}

IrVal tr_atomic(Translator *t, IrAtomic op, unsigned bytes, IrVal b, IrVal c)
{
    IrVal old = tr_temp(t);
    IrVal addr = tr_address(t);
    IrInsn *insn = ir_append(t->ir, IR_ATOMIC);
    insn->cond = op;
    insn->dst = old;
    insn->a = addr;
    insn->b = b;
    insn->c = c;
    insn->mem = tr_mem(t, bytes, true);
    return old;
}

/* ---- operands --------------------------------------------------------------
 */

static IrVal tr_load_gpr(Translator *t, const X86Operand *op)
{
    if (!op->high) {
        return op->reg;
    }
    IrVal v = tr_temp(t);
    ir_extract(t->ir, v, op->reg, 8, 8);
    return v;
}

static IrVal tr_load_segment(Translator *t, const X86Operand *op)
{
    IrVal v = tr_temp(t);
    ir_ldenv(t->ir, 1, v,
             offsetof(X86Cpu, seg) + op->reg * sizeof(X86Segment) +
                 offsetof(X86Segment, selector));
    return v;
}

IrVal tr_load(Translator *t, const X86Insn *i, unsigned n)
{
    const X86Operand *op = &i->op[n];
    switch (op->kind) {
    case OPERAND_GPR:
        return tr_load_gpr(t, op);
    case OPERAND_SEG:
        return tr_load_segment(t, op);
    case OPERAND_MEM:
        return tr_ld(t, op->size, 0);
    case OPERAND_IMM2:
        return tr_imm(t, i->imm2);
    case OPERAND_PATCHED:
        return t->imm;
    default:
        return tr_imm(t, i->imm);
    }
}

/* Immediates come as wide as they shall be. */
static bool tr_is_constant(const X86Operand *op)
{
    return op->kind == OPERAND_IMM || op->kind == OPERAND_IMM2 ||
           op->kind == OPERAND_PATCHED;
}

IrVal tr_load_zx(Translator *t, const X86Insn *i, unsigned n)
{
    const X86Operand *op = &i->op[n];
    IrVal v = tr_load(t, i, n);
    bool exact = op->kind == OPERAND_MEM || op->kind == OPERAND_SEG ||
                 tr_is_constant(op) || op->high;
    return exact ? v : tr_zx(t, v, op->size);
}

IrVal tr_load_sx(Translator *t, const X86Insn *i, unsigned n)
{
    const X86Operand *op = &i->op[n];
    if (op->kind == OPERAND_MEM) {
        return tr_ld_sx(t, op->size);
    }
    IrVal v = tr_load(t, i, n);
    return tr_is_constant(op) ? v : tr_sx(t, v, op->size);
}

IrVal tr_load_rmw(Translator *t, const X86Insn *i, unsigned n)
{
    const X86Operand *op = &i->op[n];
    return op->kind == OPERAND_MEM ? tr_ld_rmw(t, op->size) : tr_load(t, i, n);
}

IrVal tr_dest(Translator *t, const X86Insn *i, unsigned n)
{
    const X86Operand *op = &i->op[n];
    return op->kind == OPERAND_GPR && op->size >= 4 ? op->reg : tr_temp(t);
}

void tr_store(Translator *t, const X86Insn *i, unsigned n, IrVal v)
{
    const X86Operand *op = &i->op[n];
    if (op->kind == OPERAND_MEM) {
        tr_st(t, op->size, 0, v);
    } else if (op->high) {
        ir_deposit(t->ir, IR_I64, op->reg, op->reg, v, 8, 8);
    } else {
        tr_set_reg(t, op->reg, op->size, v);
    }
}

void tr_store_dest(Translator *t, const X86Insn *i, unsigned n, IrVal v)
{
    if (v >= IR_TEMP0) {
        tr_store(t, i, n, v);
    }
}

/* ---- the stack -------------------------------------------------------------
 */

unsigned tr_stack_bytes(const Translator *t)
{
    return t->code == X86_CODE64 ? 8 : t->key.ss32 ? 4 : 2;
}

/* Outside of 64-bit code: wrapped as the stack is. */
static IrVal tr_stack_offset(Translator *t, unsigned reg, int64_t off)
{
    IrVal v = off ? tr_op2i(t, IR_ADD, IR_I32, reg, off) : reg;

    return !t->key.ss32 || v == reg ? tr_zx(t, v, t->key.ss32 ? 4 : 2) : v;
}

void tr_stack_check(Translator *t, unsigned reg, int64_t off, unsigned bytes)
{
    if (!tr_is_protected(t) || tr_has_limit(t, X86_SS)) {
        tr_check_limit(t, X86_SS, tr_stack_offset(t, reg, off), bytes, true);
    }
}

/* With limits the access's bytes are checked, too. */
static IrVal tr_stack_linear(Translator *t, unsigned reg, int64_t off,
                             int64_t *disp, unsigned bytes, bool write)
{
    *disp = 0;
    if (t->code == X86_CODE64) {
        *disp = off;
        tr_check_aligned(t, reg, off, bytes);
        return reg;
    }
    IrVal v = tr_stack_offset(t, reg, off);
    tr_check_limit(t, X86_SS, v, bytes, write);
    v = tr_linear(t, X86_SS, v);
    tr_check_aligned(t, v, 0, bytes);
    return v;
}

static void tr_stack_ld_to(Translator *t, unsigned reg, int64_t off,
                           unsigned bytes, IrVal v)
{
    int64_t disp;
    IrVal addr = tr_stack_linear(t, reg, off, &disp, bytes, false);
    ir_ld(t->ir, IR_I64, v, addr, disp, tr_stack_mem(bytes, false));
}

IrVal tr_stack_ld(Translator *t, unsigned reg, int64_t off, unsigned bytes)
{
    IrVal v = tr_temp(t);
    tr_stack_ld_to(t, reg, off, bytes, v);
    return v;
}

void tr_stack_st(Translator *t, unsigned reg, int64_t off, unsigned bytes,
                 IrVal v)
{
    int64_t disp;
    IrVal addr = tr_stack_linear(t, reg, off, &disp, bytes, true);
    ir_st(t->ir, addr, disp, v, tr_stack_mem(bytes, true));
}

void tr_stack_probe(Translator *t, unsigned reg, int64_t off, unsigned bytes)
{
    int64_t disp;
    IrVal addr = tr_stack_linear(t, reg, off, &disp, bytes, true);
    if (disp) {
        addr = tr_op2i(t, IR_ADD, IR_I64, addr, disp);
    }
    tr_probe(t, addr, bytes, tr_stack_mem(1, true));
}

void tr_stack_add(Translator *t, int64_t n)
{
    unsigned bytes = tr_stack_bytes(t);
    if (bytes == 2) {
        IrVal v = tr_op2i(t, IR_ADD, IR_I32, X86_RSP, n);
        tr_set_reg(t, X86_RSP, 2, v);
    } else {
        ir_op2i(t->ir, IR_ADD, tr_wide_type(bytes), X86_RSP, X86_RSP, n);
    }
}

void tr_push(Translator *t, unsigned bytes, IrVal v)
{
    tr_stack_st(t, X86_RSP, -(int64_t)bytes, bytes, v);
    tr_stack_add(t, -(int64_t)bytes);
}

IrVal tr_top(Translator *t, unsigned bytes)
{
    return tr_stack_ld(t, X86_RSP, 0, bytes);
}

void tr_top_to(Translator *t, unsigned bytes, IrVal v)
{
    tr_stack_ld_to(t, X86_RSP, 0, bytes, v);
}
