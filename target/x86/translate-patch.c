/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operands that keep being patched. Code that writes a number into one of its
 * own instructions again and again would be translated as often. What is known
 * to be written so (X86CodeFetch.stored) is loaded from the code's page when
 * the instruction runs, so that a store there changes nothing translated.
 *
 * Only what is data to the instruction, an immediate or a displacement of a
 * memory operand: not where a branch goes, nor what chooses an operation.
 */
#include "target/x86/translate.h"

/* The emitter takes the immediate by tr_load() alone. With LOCK its value
 * decides more: tr_is_barrier(). */
static bool patch_may_vary(const X86Insn *i)
{
    if (!i->imm_bytes || i->lock ||
        i->op[i->op_count - 1].kind != OPERAND_IMM) {
        return false;
    }
    switch (i->mnemonic) {
    case X86_MOV:
    case X86_ADD:
    case X86_ADC:
    case X86_SUB:
    case X86_SBB:
    case X86_AND:
    case X86_OR:
    case X86_XOR:
    case X86_CMP:
    case X86_TEST:
    case X86_IMUL3:
    case X86_PUSH:
    case X86_SHL:
    case X86_SHR:
    case X86_SAR:
    case X86_ROL:
    case X86_ROR:
    case X86_RCL:
    case X86_RCR:
    case X86_SHLD:
    case X86_SHRD:
        return true;
    default:
        return false;
    }
}

static bool patch_is_stored(const X86CodeFetch *f, X86CodeField field)
{
    for (unsigned n = 0; n < f->stored_count; n++) {
        if (x86_code_fields_meet(field, f->stored[n])) {
            return true;
        }
    }
    return false;
}

/* The field's value, or IR_NONE: it is as it was read. */
static IrVal patch_load(Translator *t, X86CodeFetch *f, unsigned off,
                        unsigned bytes, bool sign)
{
    X86CodeField field = { off, bytes };

    if (f->loaded_count == X86_CODE_FIELDS || !patch_is_stored(f, field)) {
        return IR_NONE;
    }
    f->loaded[f->loaded_count++] = field;
    IrVal v = tr_temp(t);
    ir_ldhost(t->ir, tr_log2(bytes), sign, v, f->page[0] + off);
    return v;
}

void tr_patch(Translator *t, X86CodeFetch *f, unsigned pos, X86Insn *i)
{
    unsigned imm_at = pos + i->len - i->imm_bytes;
    bool scaled = i->vex == 2 && i->disp_bytes == 1;

    t->imm = t->disp = IR_NONE;
    if (pos + i->len > X86_CODE_PAGE) {
        return;
    }
    if (patch_may_vary(i)) {
        t->imm = patch_load(t, f, imm_at, i->imm_bytes, i->imm_sign);
    }
    if (t->imm != IR_NONE) {
        i->op[i->op_count - 1].kind = OPERAND_PATCHED;
    }
    if (i->disp_bytes && !scaled) {
        t->disp = patch_load(t, f, imm_at - i->disp_bytes, i->disp_bytes,
                             i->disp_bytes < i->addr_size);
    }
    if (t->disp != IR_NONE) {
        i->mem.disp = 0;
    }
}
