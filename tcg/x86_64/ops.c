/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end as a table: one row per operation of tcg/ops.h, with the
 * function that emits it, the host opcode that tells it from its siblings, and
 * whether it may destroy the host's flags without writing the guest's.
 */
#include "tcg/x86_64/emit.h"

static void emit_nop(Emit *e, const IrInsn *i)
{
}

/* A guest instruction starts. */
static void emit_insn(Emit *e, const IrInsn *i)
{
    AsmMem count = asm_env(ENV_OFF(insn_count));

    regs_reset(e);
    e->pc = i->imm;
    if (!e->reachable) {
        return;
    }
    side_mark(e, e->pc);
    if (e->ir->count_insns) { /* without flags */
        held_drop(e, R13);
        asm_load(&e->as, R13, count);
        asm_lea(&e->as, R13, asm_mem(R13, 1));
        asm_store(&e->as, count, R13);
    }
}

/* clang-format off */
const EmitOp emit_ops[IR_OP_COUNT] = {
    /*              emit              opcode          clobbers reads dst */
    [IR_NOP]     = { emit_nop },
    [IR_INSN]    = { emit_insn },
    [IR_LABEL]   = { emit_label },
    [IR_BR]      = { emit_br },
    [IR_BRCOND]  = { emit_brcond,     0,              true },
    [IR_BRF]     = { emit_brf },

    [IR_MOV]     = { emit_mov },
    [IR_ADD]     = { emit_add,        ALU_ADD },
    [IR_SUB]     = { emit_sub,        ALU_SUB },
    [IR_AND]     = { emit_logic,      ALU_AND,        true },
    [IR_OR]      = { emit_logic,      ALU_OR,         true },
    [IR_XOR]     = { emit_logic,      ALU_XOR,        true },
    [IR_SHL]     = { emit_shift,      SHIFT_SHL },
    [IR_SHR]     = { emit_shift,      SHIFT_SHR },
    [IR_SAR]     = { emit_shift,      SHIFT_SAR },
    [IR_ROL]     = { emit_shift,      SHIFT_ROL },
    [IR_ROR]     = { emit_shift,      SHIFT_ROR },
    [IR_MUL]     = { emit_mul,        0,              true },
    [IR_MULUH]   = { emit_mulh,       GROUP3_MUL,     true },
    [IR_MULSH]   = { emit_mulh,       GROUP3_IMUL,    true },
    [IR_NEG]     = { emit_neg },
    [IR_NOT]     = { emit_not },
    [IR_BSWAP]   = { emit_bswap },
    [IR_EXTU8]   = { emit_extend,     OP_MOVZX8 },
    [IR_EXTU16]  = { emit_extend,     OP_MOVZX16 },
    [IR_EXTU32]  = { emit_extend,     OP_MOV_LOAD | 1 },
    [IR_EXTS8]   = { emit_extend,     OP_MOVSX8 },
    [IR_EXTS16]  = { emit_extend,     OP_MOVSX16 },
    [IR_EXTS32]  = { emit_extend,     OP_MOVSXD },
    [IR_EXTRACT] = { emit_extract },
    [IR_DEPOSIT] = { emit_deposit },
    [IR_CLZ]     = { emit_count,      0,              true },
    [IR_CTZ]     = { emit_count,      0,              true },
    [IR_POPCNT]  = { emit_popcnt,     0,              true },
    [IR_SETCOND] = { emit_setcond,    0,              true },
    [IR_MOVCOND] = { emit_movcond,    0,              true,    true },

    [IR_ADDF]    = { emit_alu_flags,  ALU_ADD },
    [IR_SUBF]    = { emit_alu_flags,  ALU_SUB },
    [IR_ADCF]    = { emit_alu_flags,  ALU_ADC },
    [IR_SBBF]    = { emit_alu_flags,  ALU_SBB },
    [IR_CMPF]    = { emit_cmp_flags },
    [IR_ANDF]    = { emit_alu_flags,  ALU_AND },
    [IR_ORF]     = { emit_alu_flags,  ALU_OR },
    [IR_XORF]    = { emit_alu_flags,  ALU_XOR },
    [IR_TESTF]   = { emit_cmp_flags },
    [IR_INCF]    = { emit_unary_flags, 0xfe << 8 },
    [IR_DECF]    = { emit_unary_flags, 0xfe << 8 | 1 },
    [IR_NEGF]    = { emit_unary_flags, 0xf6 << 8 | GROUP3_NEG },
    [IR_SHLF]    = { emit_shift_flags, SHIFT_SHL },
    [IR_SHRF]    = { emit_shift_flags, SHIFT_SHR },
    [IR_SARF]    = { emit_shift_flags, SHIFT_SAR },
    [IR_ROLF]    = { emit_shift_flags, SHIFT_ROL },
    [IR_RORF]    = { emit_shift_flags, SHIFT_ROR },
    [IR_IMULF]   = { emit_imul_flags },
    [IR_GETF]    = { emit_getf,       0,              true },
    [IR_SETF]    = { emit_setf },
    [IR_SETCF]   = { emit_setcf,      0,              true },
    [IR_SETCC]   = { emit_setcc },
    [IR_CMOVCC]  = { emit_cmovcc,     0,              false,   true },

    [IR_LDENV]   = { emit_ldenv },
    [IR_STENV]   = { emit_stenv },
    [IR_STENVI]  = { emit_stenvi },
    [IR_LDHOST]  = { emit_ldhost },
    [IR_LD]      = { emit_ld },
    [IR_ST]      = { emit_st },
    [IR_PROBEW]  = { emit_probew },
    [IR_ATOMIC]  = { emit_atomic },
    [IR_NATIVE]  = { emit_native },
    [IR_CALL]    = { emit_call },
    [IR_EXIT]    = { emit_exit },
    [IR_EXITR]   = { emit_exitr },
    [IR_LEAVE]   = { emit_leave },
};
/* clang-format on */
