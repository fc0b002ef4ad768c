/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MOVS, STOS, LODS, CMPS, SCAS. One element is IR; under REP a helper does
 * whole runs within pages (string-helpers.c), which the back end may do by
 * itself if they are short. It gives up after a while if somebody wants the
 * CPU: then the instruction starts again with what is left in rCX, rSI, rDI.
 */
#include "target/x86/emit/emit.h"

static unsigned string_segment(const X86Insn *i, unsigned reg)
{
    return reg == X86_RDI ? X86_ES : i->seg_override ? i->mem.seg : X86_DS;
}

int64_t tr_string_desc(const X86Insn *i, unsigned bytes)
{
    unsigned seg = string_segment(i, X86_RSI);
    bool rep = i->rep || i->repne;
    return tr_log2(bytes) | tr_log2(i->addr_size) << 2 | seg << 4 |
           (rep ? STRING_REP : 0) | (i->repne ? STRING_REPNE : 0);
}

/* ---- one element -----------------------------------------------------------
 */

static IrMem string_mem(const Translator *t, unsigned bytes, bool destination,
                        bool write)
{
    unsigned n = (t->pc >> 2 ^ t->pc >> 9) + destination;
    return (IrMem){ .size = tr_log2(bytes),
                    .slot = 2 * (1 + n % (TCG_SLOTS / 2 - 1)) + write };
}

static IrVal string_address(Translator *t, const X86Insn *i, unsigned reg,
                            unsigned bytes, bool write)
{
    unsigned seg = string_segment(i, reg);
    IrVal off = tr_reg_zx(t, reg, i->addr_size);
    tr_check_limit(t, seg, off, bytes, write);
    IrVal addr = tr_linear(t, seg, off);
    tr_check_aligned(t, addr, 0, bytes);
    return addr;
}

static IrVal string_load(Translator *t, const X86Insn *i, unsigned reg,
                         unsigned bytes)
{
    IrVal addr = string_address(t, i, reg, bytes, false), v = tr_temp(t);
    ir_ld(t->ir, IR_I64, v, addr, 0,
          string_mem(t, bytes, reg == X86_RDI, false));
    return v;
}

static void string_store(Translator *t, const X86Insn *i, unsigned bytes,
                         IrVal v)
{
    IrVal addr = string_address(t, i, X86_RDI, bytes, true);
    ir_st(t->ir, addr, 0, v, string_mem(t, bytes, true, true));
}

/* bytes, or -bytes if DF is set. */
static IrVal string_step(Translator *t, unsigned bytes)
{
    IrVal f = tr_temp(t), df = tr_temp(t);
    ir_ldenv(t->ir, 2, f, offsetof(X86Cpu, eflags));
    ir_extract(t->ir, df, f, 10, 1);
    df = tr_op2i(t, IR_SHL, IR_I64, df, tr_log2(bytes) + 1);
    return tr_op2(t, IR_SUB, IR_I64, tr_imm(t, bytes), df);
}

static void string_advance(Translator *t, const X86Insn *i, unsigned reg,
                           IrVal step)
{
    tr_set_reg(t, reg, i->addr_size, tr_op2(t, IR_ADD, IR_I64, reg, step));
}

/* What one iteration does, in order: loads, the store, then registers. */
typedef struct StringOp {
    const TcgHelper *rep;  /* runs, or NULL */
    const TcgHelper *flat; /* the same where segments have no base, or NULL */
    bool load_si, load_di, store, store_a, compare, compare_a;
} StringOp;

static void string_element(Translator *t, const X86Insn *i, const StringOp *op,
                           unsigned bytes)
{
    IrVal si = IR_NONE, di = IR_NONE;
    if (op->load_si) {
        si = string_load(t, i, X86_RSI, bytes);
    }
    if (op->load_di) {
        di = string_load(t, i, X86_RDI, bytes);
    }
    if (op->store) {
        string_store(t, i, bytes, op->load_si ? si : X86_RAX);
    }
    IrVal step = string_step(t, bytes);
    if (op->load_si) {
        string_advance(t, i, X86_RSI, step);
    }
    if (op->load_di || op->store) {
        string_advance(t, i, X86_RDI, step);
    }
    if (op->store_a) {
        tr_set_reg(t, X86_RAX, bytes, si);
    }
    if (op->compare) {
        ir_op2(t->ir, IR_CMPF, tr_type(bytes), IR_NONE,
               op->compare_a ? X86_RAX : si, di);
    }
}

/* ---- REP -------------------------------------------------------------------
 */

/* One iteration a time: for single stepping, segments with limits, and with
 * the fast path switched off. */
static void string_rep_slow(Translator *t, const X86Insn *i, const StringOp *op,
                            unsigned bytes)
{
    unsigned done = ir_new_label(t->ir);
    IrVal count = tr_reg_zx(t, X86_RCX, i->addr_size);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, count, 0, done);
    string_element(t, i, op, bytes);
    IrVal left = tr_op2i(t, IR_SUB, IR_I64, X86_RCX, 1);
    tr_set_reg(t, X86_RCX, i->addr_size, left);
    if (op->compare) {
        ir_brf(t->ir, i->repne ? IR_CC_E : IR_CC_NE, done);
    }
    /* A trap after the last one is behind the instruction. */
    count = tr_reg_zx(t, X86_RCX, i->addr_size);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, count, 0, done);
    ir_br(t->ir, tr_late(t, t->pc));
    ir_label(t->ir, done);
}

/* Limits but those of whole segments, which helpers know (real mode's). */
static bool string_has_limit(const Translator *t, const X86Insn *i)
{
    return tr_has_limit(t, string_segment(i, X86_RSI)) ||
           tr_has_limit(t, X86_ES);
}

static bool string_is_flat(const Translator *t, const X86Insn *i)
{
    bool based =
        i->seg_override && (i->mem.seg == X86_FS || i->mem.seg == X86_GS);
    return t->key.code == X86_CODE64 && i->addr_size == 8 && !based;
}

static void string_rep(Translator *t, const X86Insn *i, const StringOp *op,
                       unsigned bytes)
{
    if (!op->rep || t->key.tf || string_has_limit(t, i) || t->key.dr7 ||
        t->key.ac || (t->switches & TCG_OFF_STRINGS)) {
        string_rep_slow(t, i, op, bytes);
        return;
    }
    bool flat = string_is_flat(t, i);
    const TcgHelper *helper = flat && op->flat ? op->flat : op->rep;
    tr_call(t, helper, IR_NONE, IR_NONE, IR_NONE, IR_NONE,
            tr_string_desc(i, bytes) | (flat ? STRING_FLAT : 0) |
                (t->ir->count_insns ? STRING_COUNTED : 0));
}

static void string_op(Translator *t, const X86Insn *i, const StringOp *op)
{
    unsigned bytes = i->op[0].size;
    if (i->rep || i->repne) {
        string_rep(t, i, op, bytes);
    } else {
        string_element(t, i, op, bytes);
    }
}

void emit_MOVS(Translator *t, const X86Insn *i)
{
    static const StringOp op = { .rep = &x86_helper_rep_movs,
                                 .flat = &x86_helper_flat_rep_movs,
                                 .load_si = true,
                                 .store = true };
    string_op(t, i, &op);
}

void emit_STOS(Translator *t, const X86Insn *i)
{
    static const StringOp op = { .rep = &x86_helper_rep_stos,
                                 .flat = &x86_helper_flat_rep_stos,
                                 .store = true };
    string_op(t, i, &op);
}

void emit_LODS(Translator *t, const X86Insn *i)
{
    static const StringOp op = { .load_si = true, .store_a = true };
    string_op(t, i, &op);
}

void emit_CMPS(Translator *t, const X86Insn *i)
{
    static const StringOp op = { .rep = &x86_helper_rep_cmps,
                                 .load_si = true,
                                 .load_di = true,
                                 .compare = true };
    string_op(t, i, &op);
}

void emit_SCAS(Translator *t, const X86Insn *i)
{
    static const StringOp op = { .rep = &x86_helper_rep_scas,
                                 .load_di = true,
                                 .compare = true,
                                 .compare_a = true };
    string_op(t, i, &op);
}
