/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atomic operations on guest memory: the host's locked instructions. */
#include "tcg/x86_64/emit.h"

static void atomic_lock(Emit *e, uint32_t op, unsigned reg, MemAccess m)
{
    mem_locked(e, m);
    asm_u8(&e->as, 0xf0);
    asm_rm(&e->as, op, reg, m.at);
}

static void atomic_zero_extend(Emit *e, IrType t, unsigned reg)
{
    if (t == IR_I8) {
        asm_rr(&e->as, OP_MOVZX8, reg, reg);
    } else if (t == IR_I16) {
        asm_rr(&e->as, OP_MOVZX16, reg, reg);
    } else if (t == IR_I32) {
        asm_mov32(&e->as, reg, reg);
    }
}

static void atomic_result(Emit *e, const IrInsn *i, unsigned reg)
{
    if (i->dst == IR_NONE) {
        return;
    }
    atomic_zero_extend(e, (IrType)i->mem.size, reg);
    regs_defined(e, i->dst, reg);
}

/* XCHG and XADD give the old value back in the operand's register. */
static void atomic_exchange(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    unsigned v = regs_copy(e, i->b);
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_BYTES, e->now & INFO_NEEDED);
    uint32_t op = i->cond == IR_ATOMIC_XCHG ? 0x86 : 0xc0 | ASM_0F;

    mem_resume(e, &m);
    atomic_lock(e, asm_typed(op, t), v, m);
    mem_after(e, m);
    regs_use(e, i->b);
    atomic_result(e, i, v);
}

static unsigned atomic_alu(unsigned atomic)
{
    return atomic == IR_ATOMIC_AND  ? ALU_AND
           : atomic == IR_ATOMIC_OR ? ALU_OR
                                    : ALU_XOR;
}

/* The old value costs a loop: rax = [m]; s = rax op v; cmpxchg [m], s. v is
 * in its register, except that it may be in rax, which the loop needs. */
static void atomic_logic(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    Asm *a = &e->as;
    unsigned v = regs_copy(e, i->b);
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_BYTES, e->now & INFO_NEEDED);

    mem_resume(e, &m);
    mem_join(e, &m);
    unsigned sum = regs_take(e);

    asm_store(a, asm_env(ENV_BACKEND(ENV_MOVED)), RAX);
    asm_rm(a, asm_typed(OP_MOV_LOAD, t), RAX, m.at);
    uint8_t *again = a->p;
    asm_mov(a, sum, RAX);
    asm_alu_rr(a, atomic_alu(i->cond), t, sum, v);
    atomic_lock(e, asm_typed(0xb0 | ASM_0F, t), sum, m);
    asm_fix8(asm_jcc8(a, IR_CC_NE), again);
    asm_mov(a, v, RAX);
    asm_load(a, RAX, asm_env(ENV_BACKEND(ENV_MOVED)));
    mem_after(e, m);
    regs_use(e, i->b);
    atomic_result(e, i, v);
}

/* The expected value waits in env until it can go to rax; the new one must not
 * be there. */
static void atomic_cmpxchg(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    Asm *a = &e->as;
    AsmMem moved = asm_env(ENV_BACKEND(ENV_MOVED));

    asm_store(a, moved, regs_value(e, i->b));
    regs_done(e);
    unsigned new = regs_value(e, i->c);
    if (new == RAX) {
        new = regs_copy(e, i->c);
    }
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_BYTES, e->now & INFO_NEEDED);

    mem_resume(e, &m);
    mem_join(e, &m);
    unsigned old = regs_take(e);

    asm_mov(a, old, RAX);
    asm_load(a, RAX, moved);
    atomic_lock(e, asm_typed(0xb0 | ASM_0F, t), new, m);
    asm_rr(a, asm_typed(0x86, IR_I64), old, RAX); /* xchg */
    mem_after(e, m);
    regs_use(e, i->b);
    regs_use(e, i->c);
    atomic_result(e, i, old);
}

void emit_atomic(Emit *e, const IrInsn *i)
{
    if (i->cond == IR_ATOMIC_CMPXCHG) {
        atomic_cmpxchg(e, i);
    } else if (i->cond == IR_ATOMIC_XCHG || i->cond == IR_ATOMIC_ADD) {
        atomic_exchange(e, i);
    } else {
        atomic_logic(e, i);
    }
}
