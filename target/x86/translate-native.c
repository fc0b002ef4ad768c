/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's instruction as itself: its encoding taken apart into a
 * NativeInsn, the back end puts its own registers and address in.
 *
 * The host runs it in 64-bit mode whatever the guest's mode: 16- and 32-bit
 * instructions differ only in their default operand size, and in INC and DEC
 * 40..4F, which are REX there. High byte registers cannot be named together
 * with a REX prefix, so they are native only where none can be needed: no
 * memory operand, no register that may be mapped to R8 and above.
 */
#include "target/x86/features.h"
#include "target/x86/host.h"
#include "target/x86/system/helpers.h"
#include "target/x86/translate.h"

enum {
    NATIVE_VECTOR =
        X86_A_X87 | X86_A_MMX | X86_A_SSE | X86_A_AVX | X86_A_AVX512,
};

/* INC and DEC 40..4F. */
static bool native_is_short_step(const X86Insn *i)
{
    return i->map == 0 && !i->vex && (i->opcode & 0xf0) == 0x40;
}

/* ---- whether ---------------------------------------------------------------
 */

/* Moves that the back end makes well from IR: loads and stores, and whole
 * registers. Partial registers are better merged by the instruction itself. */
static bool native_is_move(const X86Insn *i)
{
    switch (i->mnemonic) {
    case X86_MOV:
    case X86_MOVZX:
    case X86_MOVSX:
    case X86_MOVSXD:
    case X86_MOVNTI:
    case X86_MOVDIRI:
        return !i->has_modrm || i->op[0].kind == OPERAND_MEM ||
               i->op[0].size >= 4;
    default:
        return false;
    }
}

static bool native_has_high(const X86Insn *i)
{
    for (unsigned n = 0; n < i->op_count; n++) {
        if (i->op[n].high) {
            return true;
        }
    }
    return false;
}

static bool native_high_fits(const X86Insn *i)
{
    for (unsigned n = 0; n < i->op_count; n++) {
        const X86Operand *op = &i->op[n];
        bool low = op->high || op->reg < X86_RSP ||
                   (op->reg > X86_RSP && op->reg < X86_R8 && op->size > 1);
        if (op->kind == OPERAND_MEM || (op->kind == OPERAND_GPR && !low)) {
            return false;
        }
    }
    return true;
}

static bool native_possible(const Translator *t, const X86Insn *i)
{
    uint32_t attr = i->row->attr;
    return (attr & X86_A_NATIVE) &&
           (!(attr & X86_A_NO64) || native_is_short_step(i)) &&
           !((attr & NATIVE_VECTOR) && t->key.fp_slow) &&
           !(i->has_mem && (!i->mem_bytes || !i->has_modrm)) &&
           t->imm == IR_NONE && !native_is_move(i) &&
           !(native_has_high(i) && !native_high_fits(i)) &&
           x86_host_has_feature(i->row->feature) &&
           (!(attr & X86_A_AVX512) || x86_host_has_feature(FEATURE_AVX512F));
}

/* ---- the encoding ----------------------------------------------------------
 */

static bool native_is_vector(const X86Insn *i)
{
    return i->row->attr & NATIVE_VECTOR;
}

/* 66 is part of the opcode for vectors and what has no size, the operand size
 * for the rest. */
static bool native_p66(const X86Insn *i)
{
    switch (i->mnemonic) {
    case X86_ADCX:
    case X86_LFENCE:
    case X86_MFENCE:
    case X86_SFENCE:
        return i->pp == 1;
    default:
        return i->vex || native_is_vector(i) ? i->pp == 1 : i->op_size == 2;
    }
}

/* Two immediates are encoded as one. Of the register in an immediate's upper
 * half, the highest bit does not count outside of 64-bit code. */
static uint64_t native_imm(const Translator *t, const X86Insn *i)
{
    bool is4 = i->op_count == 4 && i->op[3].field == X86_FIELD_IS4;
    unsigned last = i->op_count ? i->op_count - 1u : 0;

    if (i->op[last].kind == OPERAND_IMM2) { /* EXTRQ, INSERTQ */
        return (i->imm & 0xff) | i->imm2 << 8;
    }
    return is4 && t->code != X86_CODE64 ? i->imm & 0x7f : i->imm;
}

uint32_t tr_native_mask(const X86Insn *i)
{
    uint16_t evex = i->row->evex;
    unsigned element = evex & X86_E_ELEMENT;

    if (!i->has_mem || !i->evex_aaa) {
        return 0;
    }
    unsigned bytes =
        i->op[0].kind == OPERAND_MASK ? 16u << i->vex_l : i->op[0].size;
    unsigned bits = evex & X86_E_SCALAR ? 1 : bytes >> element;
    if (i->broadcast || evex & X86_E_SCALAR) {
        element = tr_log2(i->mem_bytes);
    } else if (!(evex & (X86_E_PACKED | X86_E_REPEAT))) {
        element = tr_log2(i->mem_bytes / bits);
    }
    return i->evex_aaa | element << NATIVE_MASK_ELEMENT |
           bits << NATIVE_MASK_BITS |
           (evex & X86_E_PACKED ? NATIVE_MASK_PACKED : 0);
}

static void native_encoding(Translator *t, NativeInsn *n, const X86Insn *i)
{
    n->map = i->map;
    n->opcode = i->opcode;
    n->modrm = i->has_modrm;
    n->p66 = native_p66(i);
    n->pf3 = i->pp == 2;
    n->pf2 = i->pp == 3;
    n->lock = i->lock;
    n->rex_w = i->vex ? i->vex_w : i->rex >> 3 & 1;
    n->vex = i->vex;
    /* L'L is the embedded rounding mode. */
    n->vex_l = i->round && i->round != X86_ROUND_SAE ? i->round - 1u : i->vex_l;
    n->evex_aaa = i->evex_aaa;
    n->evex_z = i->evex_z;
    n->evex_b = i->evex_b;
    n->reg = i->reg;
    n->rm = i->rm;
    n->vvvv = i->vvvv;
    n->mem = i->has_mem;
    n->mem_bytes = i->mem_bytes;
    n->imm_bytes = i->imm_bytes;
    n->imm = native_imm(t, i);
    n->fp_env = (i->row->attr & X86_A_FPENV) != 0;
    if (i->vex == 2) {
        n->disp_unit = i->row->evex & X86_E_PACKED
                           ? 1u << (i->row->evex & X86_E_ELEMENT)
                           : i->mem_bytes;
        n->mask = i->row->evex & X86_E_WHOLE ? 0 : tr_native_mask(i);
    }
}

/* INC and DEC of one byte as FF /0 and /1. */
static void native_short_step(NativeInsn *n, const X86Insn *i)
{
    n->opcode = 0xff;
    n->opcode_reg = false;
    n->modrm = true;
    n->reg = i->opcode >> 3 & 1;
    n->rm = i->opcode & 7;
    n->reg_kind = NATIVE_REG_FIXED;
    n->rm_kind = NATIVE_REG_GPR;
}

/* ---- registers and flags ---------------------------------------------------
 */

/* The byte registers 4..7 without REX are halves; with it they are whole. */
static void native_register(NativeInsn *n, const X86Operand *op, bool high)
{
    uint8_t kind = high && op->size == 1 ? NATIVE_REG_GPR8 : NATIVE_REG_GPR;
    uint8_t reg = op->high ? op->reg + 4 : op->reg;

    switch (op->field) {
    case X86_FIELD_REG:
        n->reg = reg;
        n->reg_kind = kind;
        break;
    case X86_FIELD_OPCODE:
        n->opcode_reg = true;
        n->opcode &= ~7;
        n->reg = reg;
        n->reg_kind = kind;
        break;
    case X86_FIELD_RM:
        n->rm = reg;
        n->rm_kind = kind;
        break;
    case X86_FIELD_VVVV:
        n->vvvv = reg;
        n->vvvv_kind = kind;
        break;
    default:
        break;
    }
    n->byte_rex |= op->size == 1 && !high && op->reg >= 4;
}

static void native_operands(NativeInsn *n, const X86Insn *i)
{
    bool high = native_has_high(i);
    n->gpr_in = i->row->gpr_in | i->row->gpr_out;
    n->gpr_out = i->row->gpr_out;
    for (unsigned k = 0; k < i->op_count; k++) {
        const X86Operand *op = &i->op[k];
        if (op->kind == OPERAND_GPR) {
            native_register(n, op, high);
            /* A register that is written may keep a part, or all, but not by a
             * VEX instruction, which writes 32 bits at least. */
            bool in = !n->vex || op->access & OPERAND_READ;
            n->gpr_in |= in ? 1 << op->reg : 0;
            n->gpr_out |= op->access & OPERAND_WRITE ? 1 << op->reg : 0;
        } else if (op->kind == OPERAND_MEM) {
            n->mem_write |= (op->access & OPERAND_WRITE) != 0;
        }
    }
}

/* The operand that counts a shift whose flags depend on it, or -1. */
static int native_shift_count(const X86Insn *i)
{
    switch (i->mnemonic) {
    case X86_SHL:
    case X86_SHR:
    case X86_SAR:
        return 1;
    case X86_SHLD:
    case X86_SHRD:
        return 2;
    default:
        return -1;
    }
}

static uint8_t native_ir_flags(uint32_t eflags)
{
    static const struct {
        uint32_t eflags;
        uint8_t ir;
    } flags[] = {
        { EFLAGS_CF, IR_FLAG_C }, { EFLAGS_PF, IR_FLAG_P },
        { EFLAGS_AF, IR_FLAG_A }, { EFLAGS_ZF, IR_FLAG_Z },
        { EFLAGS_SF, IR_FLAG_S }, { EFLAGS_OF, IR_FLAG_O },
    };
    uint8_t ir = 0;

    for (unsigned n = 0; n < G_N_ELEMENTS(flags); n++) {
        ir |= eflags & flags[n].eflags ? flags[n].ir : 0;
    }
    return ir;
}

/* A shift by a constant other than zero writes all flags; by CL or zero,
 * perhaps none. */
static void native_flags(NativeInsn *n, const X86Insn *i)
{
    int count = native_shift_count(i);
    bool writes =
        count < 0 || (i->op[count].kind == OPERAND_IMM && (i->imm & 31));

    n->flags_out = native_ir_flags(i->row->flags_out);
    n->flags_sure = writes;
    n->flags_in = count < 0 || !writes ? native_ir_flags(i->row->flags_in) : 0;
}

bool tr_native(Translator *t, const X86Insn *i)
{
    if (!t->native || !native_possible(t, i)) {
        return false;
    }
    unsigned index;
    NativeInsn *n = ir_append_native(t->ir, &index);
    native_encoding(t, n, i);
    native_operands(n, i);
    if (native_is_short_step(i)) {
        native_short_step(n, i);
    }
    native_flags(n, i);
    if (t->can_native && !t->can_native(n)) {
        t->ir->native_count--;
        return false;
    }
    IrInsn *insn = ir_append(t->ir, IR_NATIVE);
    insn->imm = index;
    if (n->mem) {
        insn->a = t->ea;
        insn->imm2 = t->ea_disp;
        insn->mem.slot = t->slot | n->mem_write;
        insn->mem.steady = t->steady;
    }
    return true;
}
