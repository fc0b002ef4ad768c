/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segment registers, descriptor tables, selectors' rights and the bases of FS
 * and GS.
 */
#include "target/x86/emit/emit.h"
#include "target/x86/model.h"

#include <stddef.h>

static size_t segment_base(unsigned seg)
{
    return offsetof(X86Cpu, seg) + seg * sizeof(X86Segment) +
           offsetof(X86Segment, base);
}

/* ---- loading and storing segment registers ---------------------------------
 */

static IrVal segment_load(Translator *t, unsigned seg, IrVal selector)
{
    IrVal change = tr_temp(t);
    tr_call(t, &x86_helper_load_seg, change, tr_imm(t, seg), selector, IR_NONE,
            0);
    return change;
}

void emit_MOV_SEG(Translator *t, const X86Insn *i)
{
    if (i->op[0].kind != OPERAND_SEG) {
        tr_store(t, i, 0, tr_load(t, i, 1));
    } else if (i->op[0].reg == X86_CS) {
        tr_raise_end(t, EXC_UD, -1);
    } else {
        IrVal selector = tr_load_zx(t, i, 1);
        t->no_trap = i->op[0].reg == X86_SS; /* SDM 3A 6.8.3 */
        tr_change(t, segment_load(t, i->op[0].reg, selector));
    }
}

/* LDS, LES, LFS, LGS, LSS */
static void segment_load_far(Translator *t, const X86Insn *i, unsigned seg)
{
    IrVal offset = tr_ld(t, i->op_size, 0);
    IrVal change = segment_load(t, seg, tr_ld(t, 2, i->op_size));
    tr_store(t, i, 0, offset);
    tr_change(t, change);
}

void emit_LDS(Translator *t, const X86Insn *i)
{
    segment_load_far(t, i, X86_DS);
}

void emit_LES(Translator *t, const X86Insn *i)
{
    segment_load_far(t, i, X86_ES);
}

void emit_LFS(Translator *t, const X86Insn *i)
{
    segment_load_far(t, i, X86_FS);
}

void emit_LGS(Translator *t, const X86Insn *i)
{
    segment_load_far(t, i, X86_GS);
}

void emit_LSS(Translator *t, const X86Insn *i)
{
    segment_load_far(t, i, X86_SS);
}

/* ---- rights ----------------------------------------------------------------
 */

/* Raise the destination's RPL to the source's. */
/* The destination is written only if that raises its RPL. */
void emit_ARPL(Translator *t, const X86Insn *i)
{
    unsigned keep = ir_new_label(t->ir);
    IrVal src = tr_load_zx(t, i, 1);
    IrVal v = tr_copy(t, tr_load_zx(t, i, 0));
    IrVal rpl = tr_op2i(t, IR_AND, IR_I32, v, 3);
    IrVal want = tr_op2i(t, IR_AND, IR_I32, src, 3), zf = tr_temp(t);

    ir_setcond(t->ir, IR_CC_B, IR_I64, zf, rpl, want);
    ir_brcond(t->ir, IR_CC_AE, IR_I64, rpl, want, keep);
    ir_deposit(t->ir, IR_I64, v, v, want, 0, 2);
    if (i->has_mem) {
        tr_check_limit(t, i->mem.seg, tr_lea(t, i), 2, true);
    }
    tr_store(t, i, 0, v);
    ir_label(t->ir, keep);
    IrVal f = tr_getf(t);
    ir_deposit(t->ir, IR_I64, f, f, zf, 6, 1);
    tr_setf(t, f);
}

/* The destination is written only if the helper set ZF. */
static void segment_rights(Translator *t, const X86Insn *i, const TcgHelper *h)
{
    unsigned none = ir_new_label(t->ir);
    IrVal selector = tr_zx(t, tr_load(t, i, 1), 2), v = tr_temp(t);
    tr_call(t, h, v, selector, i->op[0].reg, IR_NONE, 0);
    ir_brf(t->ir, IR_CC_NE, none);
    tr_store(t, i, 0, v);
    ir_label(t->ir, none);
}

void emit_LAR(Translator *t, const X86Insn *i)
{
    segment_rights(t, i, &x86_helper_lar);
}

void emit_LSL(Translator *t, const X86Insn *i)
{
    segment_rights(t, i, &x86_helper_lsl);
}

static void segment_selector_op(Translator *t, const X86Insn *i,
                                const TcgHelper *h)
{
    IrVal selector = tr_zx(t, tr_load(t, i, 0), 2);
    tr_call(t, h, IR_NONE, selector, IR_NONE, IR_NONE, 0);
}

void emit_VERR(Translator *t, const X86Insn *i)
{
    segment_selector_op(t, i, &x86_helper_verr);
}

void emit_VERW(Translator *t, const X86Insn *i)
{
    segment_selector_op(t, i, &x86_helper_verw);
}

void emit_LLDT(Translator *t, const X86Insn *i)
{
    segment_selector_op(t, i, &x86_helper_lldt);
}

void emit_LTR(Translator *t, const X86Insn *i)
{
    segment_selector_op(t, i, &x86_helper_ltr);
}

/* ---- what UMIP hides from users (SDM 3A 2.5) -------------------------------
 */

bool tr_umip(Translator *t)
{
    if (t->key.umip && t->key.cpl) {
        tr_raise_end(t, EXC_GP, 0);
        return true;
    }
    return false;
}

static void segment_store_selector(Translator *t, const X86Insn *i, size_t off)
{
    if (tr_umip(t)) {
        return;
    }
    IrVal v = tr_temp(t);
    ir_ldenv(t->ir, 1, v, off);
    tr_store(t, i, 0, v);
}

void emit_SLDT(Translator *t, const X86Insn *i)
{
    segment_store_selector(t, i, offsetof(X86Cpu, ldt.selector));
}

void emit_STR(Translator *t, const X86Insn *i)
{
    segment_store_selector(t, i, offsetof(X86Cpu, tr.selector));
}

static void segment_store_table(Translator *t, size_t base, size_t limit)
{
    unsigned bytes = t->code == X86_CODE64 ? 8 : 4;
    if (tr_umip(t)) {
        return;
    }
    IrVal b = tr_temp(t), l = tr_temp(t);
    ir_ldenv(t->ir, 3, b, base);
    ir_ldenv(t->ir, 1, l, limit);
    tr_probe_write(t, 2 + bytes);
    tr_st(t, 2, 0, l);
    tr_st(t, bytes, 2, b);
}

void emit_SGDT(Translator *t, const X86Insn *i)
{
    segment_store_table(t, offsetof(X86Cpu, gdt.base),
                        offsetof(X86Cpu, gdt.limit));
}

void emit_SIDT(Translator *t, const X86Insn *i)
{
    segment_store_table(t, offsetof(X86Cpu, idt.base),
                        offsetof(X86Cpu, idt.limit));
}

/* With a 16-bit operand size the base has 24 bits: SDM 2A LGDT. */
static void segment_load_table(Translator *t, const X86Insn *i, size_t base,
                               size_t limit)
{
    IrVal l = tr_ld(t, 2, 0);
    IrVal b = tr_ld(t, t->code == X86_CODE64 ? 8 : 4, 2);
    if (t->code != X86_CODE64 && i->op_size == 2) {
        b = tr_op2i(t, IR_AND, IR_I32, b, 0xffffff);
    }
    if (t->code == X86_CODE64) {
        tr_must_be_canonical(t, b, t->cpu->model->linear_bits);
    }
    ir_stenv(t->ir, 3, b, base);
    ir_stenv(t->ir, 1, l, limit);
}

void emit_LGDT(Translator *t, const X86Insn *i)
{
    segment_load_table(t, i, offsetof(X86Cpu, gdt.base),
                       offsetof(X86Cpu, gdt.limit));
}

void emit_LIDT(Translator *t, const X86Insn *i)
{
    segment_load_table(t, i, offsetof(X86Cpu, idt.base),
                       offsetof(X86Cpu, idt.limit));
}

/* ---- FS and GS bases -------------------------------------------------------
 */

/* CR4.FSGSBASE is in the key. */
static bool segment_no_fsgsbase(Translator *t)
{
    if (!t->key.fsgsbase) {
        tr_raise_end(t, EXC_UD, -1);
    }
    return !t->key.fsgsbase;
}

static void segment_read_base(Translator *t, const X86Insn *i, unsigned seg)
{
    if (segment_no_fsgsbase(t)) {
        return;
    }
    IrVal v = tr_temp(t);
    ir_ldenv(t->ir, 3, v, segment_base(seg));
    tr_store(t, i, 0, v);
}

static void segment_write_base(Translator *t, const X86Insn *i, unsigned seg)
{
    if (segment_no_fsgsbase(t)) {
        return;
    }
    IrVal v = tr_load_zx(t, i, 0);
    tr_must_be_canonical(t, v, t->cpu->cr4 & CR4_LA57 ? 57 : 48);
    ir_stenv(t->ir, 3, v, segment_base(seg));
}

void emit_RDFSBASE(Translator *t, const X86Insn *i)
{
    segment_read_base(t, i, X86_FS);
}

void emit_RDGSBASE(Translator *t, const X86Insn *i)
{
    segment_read_base(t, i, X86_GS);
}

void emit_WRFSBASE(Translator *t, const X86Insn *i)
{
    segment_write_base(t, i, X86_FS);
}

void emit_WRGSBASE(Translator *t, const X86Insn *i)
{
    segment_write_base(t, i, X86_GS);
}

void emit_SWAPGS(Translator *t, const X86Insn *i)
{
    if (t->switches & TCG_OFF_INLINE) {
        tr_call(t, &x86_helper_swapgs, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
        return;
    }
    IrVal gs = tr_temp(t), other = tr_temp(t);
    ir_ldenv(t->ir, 3, gs, segment_base(X86_GS));
    ir_ldenv(t->ir, 3, other, offsetof(X86Cpu, kernel_gs_base));
    ir_stenv(t->ir, 3, other, segment_base(X86_GS));
    ir_stenv(t->ir, 3, gs, offsetof(X86Cpu, kernel_gs_base));
}
