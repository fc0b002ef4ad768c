/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control transfers. Near ones are exits of the block: direct to constants,
 * through the lookup otherwise. Whatever goes through a descriptor, a gate or
 * an MSR is a helper that leaves the new state behind, env->pc included.
 */
#include "target/x86/emit/emit.h"
#include "target/x86/system/system.h"

/* ---- near ------------------------------------------------------------------
 */

static uint64_t control_target(const Translator *t, const X86Insn *i)
{
    uint64_t pc = t->next_pc + i->imm;
    return t->code == X86_CODE64 ? pc
           : i->op_size == 2     ? (uint16_t)pc
                                 : (uint32_t)pc;
}

/* Is the target no address? In a relative block that is asked where it is now:
 * what goes out of it on one of its pages is translated for that page alone. */
static bool control_goes_nowhere(Translator *t, const X86Insn *i)
{
    uint64_t pc = control_target(t, i);

    if (t->code != X86_CODE64) {
        return false;
    }
    pc += t->relative ? tcg_pc_base(t->cpu->env.pc) : 0;
    if (x86_canonical(t->cpu, pc)) {
        return false;
    }
    t->absolute = t->relative;
    return true;
}

/* True: the jump raises for certain, and the block has ended. */
static bool control_refused(Translator *t, const X86Insn *i)
{
    if (!tr_beyond_limit(t, control_target(t, i)) &&
        !control_goes_nowhere(t, i)) {
        return false;
    }
    tr_raise_end(t, EXC_GP, 0);
    return true;
}

void emit_JMP(Translator *t, const X86Insn *i)
{
    if (i->op[0].kind != OPERAND_REL) {
        IrVal to = tr_load_zx(t, i, 0);
        tr_check_branch(t, to, i->op_size);
        tr_branch(t, to, 0);
    } else if (!control_refused(t, i)) {
        tr_exit(t, 0, control_target(t, i));
    }
    tr_end(t);
}

/* Two ways to go on: the label's is the jump. Both have rCX = count, unless it
 * is IR_NONE. */
static void control_fork(Translator *t, const X86Insn *i, IrVal count,
                         unsigned taken)
{
    if (count != IR_NONE) {
        tr_set_reg(t, X86_RCX, i->addr_size, count);
    }
    tr_exit(t, 1, t->next_pc);
    ir_label(t->ir, taken);
    if (!control_refused(t, i)) {
        if (count != IR_NONE) {
            tr_set_reg(t, X86_RCX, i->addr_size, count);
        }
        tr_exit(t, 0, control_target(t, i));
    }
    tr_end(t);
}

/* May the jump raise? Then nothing changes before it. */
static bool control_may_raise(Translator *t, const X86Insn *i)
{
    return t->key.cs_limit || control_goes_nowhere(t, i) ||
           tr_beyond_limit(t, control_target(t, i));
}

void emit_JCC(Translator *t, const X86Insn *i)
{
    unsigned taken = ir_new_label(t->ir);
    bool sure = !control_may_raise(t, i);

    ir_brf(t->ir, i->opcode & 15, taken);
    if (!sure || !tr_exit_aside(t, taken, control_target(t, i))) {
        control_fork(t, i, IR_NONE, taken);
    }
}

void emit_JCXZ(Translator *t, const X86Insn *i)
{
    unsigned taken = ir_new_label(t->ir);
    IrVal count = tr_reg_zx(t, X86_RCX, i->addr_size);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, count, 0, taken);
    control_fork(t, i, IR_NONE, taken);
}

/* rCX - 1, kept at once if *late is IR_NONE, else by control_fork(). */
static IrVal control_count(Translator *t, const X86Insn *i, IrVal *late)
{
    IrVal v = tr_op2i(t, IR_SUB, IR_I64, X86_RCX, 1);
    v = tr_zx(t, v, i->addr_size);
    *late = control_may_raise(t, i) ? v : IR_NONE;
    if (*late == IR_NONE) {
        tr_set_reg(t, X86_RCX, i->addr_size, v);
    }
    return v;
}

static void control_loop(Translator *t, const X86Insn *i, IrCond leave_if)
{
    unsigned taken = ir_new_label(t->ir), out = ir_new_label(t->ir);
    IrVal late, count = control_count(t, i, &late);
    ir_brf(t->ir, leave_if, out);
    ir_brcondi(t->ir, IR_CC_NE, IR_I64, count, 0, taken);
    ir_label(t->ir, out);
    control_fork(t, i, late, taken);
}

void emit_LOOP(Translator *t, const X86Insn *i)
{
    unsigned taken = ir_new_label(t->ir);
    IrVal late, count = control_count(t, i, &late);
    ir_brcondi(t->ir, IR_CC_NE, IR_I64, count, 0, taken);
    control_fork(t, i, late, taken);
}

void emit_LOOPE(Translator *t, const X86Insn *i)
{
    control_loop(t, i, IR_CC_NE);
}

void emit_LOOPNE(Translator *t, const X86Insn *i)
{
    control_loop(t, i, IR_CC_E);
}

void emit_CALL(Translator *t, const X86Insn *i)
{
    bool direct = i->op[0].kind == OPERAND_REL;
    IrVal to = direct ? IR_NONE : tr_copy(t, tr_load_zx(t, i, 0));
    if (direct && control_refused(t, i)) {
        return;
    }
    if (!direct) {
        tr_check_branch(t, to, i->op_size);
    }
    tr_push(t, i->op_size, tr_pc(t, t->next_pc));
    if (direct) {
        tr_exit(t, 0, control_target(t, i));
    } else {
        tr_branch(t, to, -(int)i->op_size);
    }
    tr_end(t);
}

void emit_RET(Translator *t, const X86Insn *i)
{
    unsigned drop = i->op_count ? i->imm & 0xffff : 0;
    IrVal to = tr_top(t, i->op_size);
    tr_check_branch(t, to, i->op_size);
    tr_stack_add(t, i->op_size + drop);
    tr_branch(t, to, i->op_size + drop);
    tr_end(t);
}

/* SDM 2A BOUND: both bounds are signed and stand one after the other. */
void emit_BOUND(Translator *t, const X86Insn *i)
{
    unsigned outside = ir_new_label(t->ir), inside = ir_new_label(t->ir);
    IrVal v = tr_load_sx(t, i, 0);
    IrVal low = tr_sx(t, tr_ld(t, i->op_size, 0), i->op_size);
    IrVal high = tr_sx(t, tr_ld(t, i->op_size, i->op_size), i->op_size);
    ir_brcond(t->ir, IR_CC_L, IR_I64, v, low, outside);
    ir_brcond(t->ir, IR_CC_LE, IR_I64, v, high, inside);
    ir_label(t->ir, outside);
    tr_raise(t, EXC_BR, -1);
    ir_label(t->ir, inside);
}

void emit_UD(Translator *t, const X86Insn *i)
{
    tr_raise_end(t, EXC_UD, -1);
}

/* ---- far -------------------------------------------------------------------
 */

static void control_jump(Translator *t)
{
    tr_exit_env(t);
    tr_end(t);
}

static void control_far(Translator *t, const X86Insn *i, const TcgHelper *h)
{
    IrVal offset, selector;
    t->absolute = t->relative;
    if (i->op[0].kind == OPERAND_MEM) {
        offset = tr_ld(t, i->op_size, 0);
        selector = tr_ld(t, 2, i->op_size);
    } else {
        offset =
            tr_imm(t, i->op_size == 2 ? (uint16_t)i->imm : (uint32_t)i->imm);
        selector = tr_imm(t, i->imm2 & 0xffff);
    }
    tr_call(t, h, IR_NONE, selector, offset, tr_imm(t, i->op_size), t->next_pc);
    control_jump(t);
}

void emit_JMPF(Translator *t, const X86Insn *i)
{
    control_far(t, i, &x86_helper_far_jump);
}

void emit_CALLF(Translator *t, const X86Insn *i)
{
    control_far(t, i, &x86_helper_far_call);
}

void emit_RETF(Translator *t, const X86Insn *i)
{
    IrVal size = tr_imm(t, i->op_size);
    IrVal drop = tr_imm(t, i->op_count ? i->imm & 0xffff : 0);
    tr_call(t, &x86_helper_far_return, IR_NONE, size, drop, IR_NONE, 0);
    control_jump(t);
}

/* Helpers of one argument that set env->pc. What TF was does not tell whether
 * they trap: IRET does not, the fast system calls see to it themselves. */
static void control_system(Translator *t, const TcgHelper *h, IrVal arg)
{
    tr_call(t, h, IR_NONE, arg, IR_NONE, IR_NONE, 0);
    t->no_trap = true;
    control_jump(t);
}

void emit_IRET(Translator *t, const X86Insn *i)
{
    control_system(t, &x86_helper_iret, tr_imm(t, i->op_size));
}

void emit_SYSCALL(Translator *t, const X86Insn *i)
{
    control_system(t, &x86_helper_syscall, tr_pc(t, t->next_pc));
}

void emit_SYSRET(Translator *t, const X86Insn *i)
{
    control_system(t, &x86_helper_sysret, tr_imm(t, i->op_size));
}

void emit_SYSENTER(Translator *t, const X86Insn *i)
{
    control_system(t, &x86_helper_sysenter, tr_pc(t, t->next_pc));
}

void emit_SYSEXIT(Translator *t, const X86Insn *i)
{
    control_system(t, &x86_helper_sysexit, tr_imm(t, i->op_size));
}

/* ---- software interrupts ---------------------------------------------------
 */

static void control_interrupt(Translator *t, unsigned vector, bool int_n)
{
    IrVal v = tr_imm(t, vector), next = tr_pc(t, t->next_pc);
    tr_call(t, &x86_helper_int, IR_NONE, v, next, IR_NONE, int_n);
}

static void control_interrupt_end(Translator *t, unsigned vector, bool int_n)
{
    control_interrupt(t, vector, int_n);
    tr_leave(t, TCG_LEAVE_RAISED);
    tr_end(t);
}

void emit_INT(Translator *t, const X86Insn *i)
{
    control_interrupt_end(t, i->imm & 0xff, true);
}

/* A trap of the processor's own: no gate's privilege counts. */
void emit_INT1(Translator *t, const X86Insn *i)
{
    tr_call(t, &x86_helper_int1, IR_NONE, tr_pc(t, t->next_pc), IR_NONE,
            IR_NONE, 0);
    ir_leave(t->ir, TCG_LEAVE_RAISED);
    tr_end(t);
}

void emit_INT3(Translator *t, const X86Insn *i)
{
    control_interrupt_end(t, EXC_BP, false);
}

void emit_INTO(Translator *t, const X86Insn *i)
{
    unsigned none = ir_new_label(t->ir);
    ir_brf(t->ir, IR_CC_NO, none);
    control_interrupt(t, EXC_OF, false);
    ir_label(t->ir, none);
}
