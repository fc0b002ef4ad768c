/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores of the IR, and probing: a check (mem.c), and the access.
 */
#include "tcg/x86_64/emit.h"

static bool load_flags_needed(const Emit *e)
{
    return e->now & INFO_NEEDED;
}

static uint32_t load_op(const IrInsn *i)
{
    static const uint32_t zero[] = { OP_MOVZX8 & ~ASM_RM8, OP_MOVZX16,
                                     OP_MOV_LOAD | 1, OP_MOV_LOAD | 1 | ASM_W };
    static const uint32_t sign[] = { OP_MOVSX8 & ~ASM_RM8, OP_MOVSX16,
                                     OP_MOVSXD & ~ASM_W,
                                     OP_MOV_LOAD | 1 | ASM_W };

    if (!i->mem.sign || (i->mem.size == 2 && i->type == IR_I32)) {
        return zero[i->mem.size];
    }
    return sign[i->mem.size] | (i->type == IR_I32 ? 0 : ASM_W);
}

void emit_ld(Emit *e, const IrInsn *i)
{
    bool write = i->mem.rmw;

    MemAccess m = mem_check(e, i, 1u << i->mem.size, write, MEM_LOAD,
                            load_flags_needed(e));
    /* A temporary's register is destroyed if the access faults; a global's
     * must not be, so it takes no part in the check. */
    unsigned dst = i->dst < TCG_GLOBALS && emit_home[i->dst] != NO_REG
                       ? emit_home[i->dst]
                       : m.reg;

    mem_resume(e, &m);
    if (dst == m.reg) {
        mem_end_hold(e, &m);
    }
    asm_rm(&e->as, load_op(i), dst, m.at);
    mem_after(e, m);
    regs_defined(e, i->dst, dst);
}

void emit_ldhost(Emit *e, const IrInsn *i)
{
    unsigned dst = regs_define(e, i->dst, NO_REG);

    asm_address(&e->as, dst, (const void *)(intptr_t)i->imm);
    asm_rm(&e->as, load_op(i), dst, asm_mem(dst, 0));
    regs_defined(e, i->dst, dst);
}

void emit_st(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    int64_t imm = 0;
    bool is_const =
        regs_const(e, i->b, &imm) && (t != IR_I64 || asm_fits32(imm));
    unsigned v = is_const ? (unsigned)NO_REG : regs_value(e, i->b);
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_STORE, load_flags_needed(e));

    mem_resume(e, &m);
    if (is_const) {
        asm_rm(&e->as, asm_typed_group(0xc6, t), 0, m.at);
        asm_imm(&e->as, t, imm);
    } else {
        asm_rm(&e->as, asm_typed(OP_MOV_STORE, t), v, m.at);
    }
    mem_after(e, m);
    regs_use(e, i->b);
}

void emit_probew(Emit *e, const IrInsn *i)
{
    MemAccess m = mem_check(e, i, 1u << i->mem.size, true, MEM_PROBE,
                            load_flags_needed(e));

    mem_resume(e, &m);
    mem_after(e, m);
}
