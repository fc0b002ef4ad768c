/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System instructions: mostly calls of target/x86/system's helpers. After what
 * may change the key or the meaning of addresses the block ends with a lookup.
 */
#include "target/x86/emit/emit.h"

static void system_call(Translator *t, const TcgHelper *h)
{
    tr_call(t, h, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
}

/* Go on at the next instruction by the lookup. */
static void system_end(Translator *t)
{
    tr_exit_lookup(t, t->next_pc);
    tr_end(t);
}

/* ---- control and debug registers -------------------------------------------
 */

static void system_read(Translator *t, const X86Insn *i, const TcgHelper *h)
{
    IrVal v = tr_temp(t);
    tr_call(t, h, v, tr_imm(t, i->op[1].reg), IR_NONE, IR_NONE, 0);
    tr_store(t, i, 0, v);
}

static void system_write(Translator *t, const X86Insn *i, const TcgHelper *h)
{
    IrVal v = tr_load_zx(t, i, 1);
    tr_call(t, h, tr_temp(t), tr_imm(t, i->op[0].reg), v, IR_NONE, 0);
    system_end(t);
}

/* Where a control register is that is read as it stands; 0: by helper. */
static size_t system_cr_offset(unsigned n)
{
    static const size_t offsets[5] = {
        [0] = offsetof(X86Cpu, cr0),
        [2] = offsetof(X86Cpu, cr2),
        [3] = offsetof(X86Cpu, cr3),
        [4] = offsetof(X86Cpu, cr4),
    };
    return n < 5 ? offsets[n] : 0;
}

void emit_MOV_CR(Translator *t, const X86Insn *i)
{
    if (i->op[0].kind == OPERAND_CR) {
        system_write(t, i, &x86_helper_write_cr);
        return;
    }
    size_t offset = system_cr_offset(i->op[1].reg);
    if (!offset || (t->switches & TCG_OFF_INLINE)) {
        system_read(t, i, &x86_helper_read_cr);
        return;
    }
    IrVal v = tr_temp(t);
    ir_ldenv(t->ir, 3, v, offset);
    tr_store(t, i, 0, v);
}

void emit_MOV_DR(Translator *t, const X86Insn *i)
{
    if (i->op[0].kind == OPERAND_DR) {
        system_write(t, i, &x86_helper_write_dr);
    } else {
        system_read(t, i, &x86_helper_read_dr);
    }
}

void emit_CLTS(Translator *t, const X86Insn *i)
{
    tr_call(t, &x86_helper_clts, tr_temp(t), IR_NONE, IR_NONE, IR_NONE, 0);
    system_end(t);
}

void emit_LMSW(Translator *t, const X86Insn *i)
{
    IrVal v = tr_zx(t, tr_load(t, i, 0), 2);
    tr_call(t, &x86_helper_lmsw, tr_temp(t), v, IR_NONE, IR_NONE, 0);
    system_end(t);
}

void emit_SMSW(Translator *t, const X86Insn *i)
{
    if (tr_umip(t)) {
        return;
    }
    IrVal v = tr_temp(t);
    ir_ldenv(t->ir, 3, v, offsetof(X86Cpu, cr0));
    tr_store(t, i, 0, v);
}

/* ---- model-specific registers, identification, counters --------------------
 */

void emit_RDMSR(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_rdmsr);
}

void emit_WRMSR(Translator *t, const X86Insn *i)
{
    IrVal change = tr_temp(t);
    tr_call(t, &x86_helper_wrmsr, change, IR_NONE, IR_NONE, IR_NONE, 0);
    tr_change(t, change);
}

void emit_RDTSC(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_rdtsc);
}

void emit_RDTSCP(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_rdtscp);
}

void emit_RDPMC(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_rdpmc);
}

void emit_CPUID(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_cpuid);
}

void emit_RDPID(Translator *t, const X86Insn *i)
{
    IrVal v = tr_temp(t);
    tr_call(t, &x86_helper_rdpid, v, IR_NONE, IR_NONE, IR_NONE, 0);
    tr_store(t, i, 0, v);
}

void emit_RDRAND(Translator *t, const X86Insn *i)
{
    IrVal v = tr_temp(t);
    tr_call(t, &x86_helper_random, v, tr_imm(t, i->op[0].size), IR_NONE,
            IR_NONE, 0);
    tr_store(t, i, 0, v);
}

void emit_XGETBV(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_xgetbv);
}

void emit_XSETBV(Translator *t, const X86Insn *i)
{
    tr_call(t, &x86_helper_xsetbv, tr_temp(t), IR_NONE, IR_NONE, IR_NONE, 0);
    system_end(t);
}

void emit_RDPKRU(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_rdpkru);
}

void emit_WRPKRU(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_wrpkru);
}

void emit_HYPERCALL(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_hypercall);
}

/* ---- translation caches ----------------------------------------------------
 */

void emit_INVLPG(Translator *t, const X86Insn *i)
{
    if (i->row->attr & X86_A_NOSEG) {
        tr_set_address(t, i);
    }
    tr_call(t, &x86_helper_invlpg, IR_NONE, tr_address(t), IR_NONE, IR_NONE, 0);
    system_end(t);
}

void emit_INVPCID(Translator *t, const X86Insn *i)
{
    IrVal low = tr_ld(t, 8, 0), high = tr_ld(t, 8, 8);
    tr_call(t, &x86_helper_invpcid, IR_NONE, tr_load_zx(t, i, 0), low, high, 0);
    system_end(t);
}

/* ---- waiting ---------------------------------------------------------------
 */

/* A single step's trap is pending at once, and ends it. */
void emit_HLT(Translator *t, const X86Insn *i)
{
    if (t->key.tf) {
        return;
    }
    tr_call(t, &x86_helper_hlt, IR_NONE, tr_pc(t, t->next_pc), IR_NONE, IR_NONE,
            0);
    tr_leave(t, TCG_LEAVE_EVENT);
    tr_end(t);
}

void emit_MWAIT(Translator *t, const X86Insn *i)
{
    tr_call(t, &x86_helper_mwait, IR_NONE, tr_pc(t, t->next_pc), IR_NONE,
            IR_NONE, !t->key.tf);
    if (!t->key.tf) {
        tr_leave(t, TCG_LEAVE_EVENT);
        tr_end(t);
    }
}

void emit_MONITOR(Translator *t, const X86Insn *i)
{
    unsigned seg = i->seg_override ? i->mem.seg : X86_DS;
    IrVal off = tr_reg_zx(t, X86_RAX, i->addr_size);
    tr_check_limit(t, seg, off, 1, false);
    IrVal addr = tr_linear(t, seg, off);
    tr_call(t, &x86_helper_monitor, IR_NONE, addr, IR_NONE, IR_NONE, 0);
}

void emit_PAUSE(Translator *t, const X86Insn *i)
{
    unsigned go = ir_new_label(t->ir);
    IrVal yield = tr_temp(t);
    tr_call(t, &x86_helper_pause, yield, tr_pc(t, t->next_pc), IR_NONE, IR_NONE,
            0);
    ir_brcondi(t->ir, IR_CC_E, IR_I64, yield, 0, go);
    tr_leave(t, TCG_LEAVE_EVENT);
    ir_label(t->ir, go);
}

void emit_RSM(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_rsm);
    tr_leave(t, TCG_LEAVE_RAISED);
    tr_end(t);
}

void emit_FENCE(Translator *t, const X86Insn *i)
{
    system_call(t, &x86_helper_fence);
}
