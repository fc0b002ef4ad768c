/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alignment of memory operands: what CR0.AM and EFLAGS.AC ask of user code
 * (#AC), and vectors always (#GP). Descriptor tables and task states, which the
 * processor reads itself, are never asked; far transfers ask for their frames
 * in system/descriptor.c.
 *
 * SDM 3A 6.15, "Interrupt 17", table 6-7. It leaves open what is beyond 16
 * bytes or masked; that is as AMD's processors do it.
 */
#include "target/x86/translate.h"

/* Neither an element that a mask selects nor a whole is looked at. */
static bool align_is_free(const X86Insn *i)
{
    switch (i->mnemonic) {
    case X86_VMASKMOVPS:
    case X86_VMASKMOVPD:
    case X86_VPMASKMOVD:
    case X86_VPMASKMOVQ:
        return true;
    case X86_CMPXCHG16B: /* #GP */
        return true;
    default:
        return i->mem.vsib || (i->row->attr & X86_A_ALIGN);
    }
}

/* A far pointer is aligned as its offset is. */
static bool align_is_far_pointer(const X86Insn *i)
{
    enum { FP = X86_A_X87 | X86_A_MMX | X86_A_SSE | X86_A_AVX | X86_A_AVX512 };
    return !(i->row->attr & FP) && i->mem_bytes == i->op_size + 2;
}

/* Under a mask elements are asked, of an empty one, too. */
unsigned tr_aligned_bytes(const X86Insn *i)
{
    if (align_is_free(i)) {
        return 0;
    }
    if (align_is_far_pointer(i)) {
        return MIN(i->op_size, 4);
    }
    if (i->evex_aaa && !(i->row->evex & X86_E_WHOLE)) {
        return native_mask_element(tr_native_mask(i));
    }
    return i->mem_bytes;
}

void tr_check_aligned(Translator *t, IrVal addr, int64_t disp, unsigned bytes)
{
    /* clang-format off */
    static const uint8_t mask[] = {
        [2] = 1, [4] = 3, [6] = 3, [8] = 7, [10] = 7,
        [16] = 15, [32] = 15, [64] = 15,
        /* x87 environments and states of 16-bit and 32-bit code, FXSAVE's */
        [14] = 1, [28] = 3, [94] = 1, [108] = 3, [512] = 3,
    };
    /* clang-format on */
    unsigned bits = bytes < sizeof(mask) ? mask[bytes] : 0;

    if (!t->key.ac || !bits) {
        return;
    }
    unsigned aligned = ir_new_label(t->ir);
    IrVal v = disp ? tr_op2i(t, IR_ADD, IR_I64, addr, disp) : addr;
    v = tr_op2i(t, IR_AND, IR_I64, v, bits);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, v, 0, aligned);
    tr_raise(t, EXC_AC, 0);
    ir_label(t->ir, aligned);
}

/* Vector operands that must be aligned (portable form only: native accesses
 * fault by themselves). */
void tr_check_vector_aligned(Translator *t, const X86Insn *i)
{
    if (!(i->row->attr & X86_A_ALIGN) || !i->has_mem || !i->mem_bytes ||
        i->evex_aaa) { /* a helper knows what is masked off */
        return;
    }
    unsigned aligned = ir_new_label(t->ir);
    IrVal addr = tr_address(t);
    IrVal low = tr_op2i(t, IR_AND, IR_I64, addr, i->mem_bytes - 1);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, low, 0, aligned);
    tr_raise(t, EXC_GP, 0);
    ir_label(t->ir, aligned);
}
