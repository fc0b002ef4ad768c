/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions of SVM, and in an SVM guest the question before each
 * instruction that its host may intercept: one table says which and with what
 * information. Ports ask in io.c, behind their own check.
 *
 * APM 2 15.9 (which), 15.7.1 and table 15-7 (before or after exceptions).
 */
#include "target/x86/emit/emit.h"

/* ---- intercepts ----------------------------------------------------------
 */

typedef enum InterceptKind {
    INTERCEPT_NONE,
    INTERCEPT_PLAIN,
    INTERCEPT_UMIP,      /* #GP by CR4.UMIP comes first */
    INTERCEPT_CR,        /* MOV to or from: the number is added */
    INTERCEPT_DR,        /* the same */
    INTERCEPT_CR0_WRITE, /* CLTS: as a write, but never selective */
    INTERCEPT_LMSW,
    INTERCEPT_SMSW,
    INTERCEPT_INT, /* the vector is information */
    INTERCEPT_ADDRESS,
    INTERCEPT_RAX, /* a linear address in rAX */
    INTERCEPT_MWAIT,
    INTERCEPT_RDMSR,
    INTERCEPT_WRMSR,
} InterceptKind;

typedef struct InterceptRow {
    uint8_t kind;
    uint8_t exit; /* SvmExit */
} InterceptRow;

#define PLAIN(code)                                                            \
    {                                                                          \
        INTERCEPT_PLAIN, SVM_EXIT_##code                                       \
    }
#define UMIP(code)                                                             \
    {                                                                          \
        INTERCEPT_UMIP, SVM_EXIT_##code                                        \
    }
#define OTHER(what)                                                            \
    {                                                                          \
        .kind = INTERCEPT_##what                                               \
    }
/* clang-format off */
static const InterceptRow intercept_rows[X86_MNEMONIC_COUNT] = {
    [X86_MOV_CR] = OTHER(CR),
    [X86_MOV_DR] = OTHER(DR),
    [X86_CLTS] = OTHER(CR0_WRITE),
    [X86_LMSW] = OTHER(LMSW),
    [X86_SMSW] = OTHER(SMSW),
    [X86_RDMSR] = OTHER(RDMSR),
    [X86_WRMSR] = OTHER(WRMSR),
    [X86_INT] = { INTERCEPT_INT, SVM_EXIT_INT_N },
    [X86_INVLPG] = { INTERCEPT_ADDRESS, SVM_EXIT_INVLPG },
    [X86_INVLPGA] = { INTERCEPT_RAX, SVM_EXIT_INVLPGA },
    [X86_SIDT] = UMIP(IDTR_READ),
    [X86_SGDT] = UMIP(GDTR_READ),
    [X86_SLDT] = UMIP(LDTR_READ),
    [X86_STR] = UMIP(TR_READ),
    [X86_LIDT] = PLAIN(IDTR_WRITE),
    [X86_LGDT] = PLAIN(GDTR_WRITE),
    [X86_LLDT] = PLAIN(LDTR_WRITE),
    [X86_LTR] = PLAIN(TR_WRITE),
    [X86_RDTSC] = PLAIN(RDTSC),
    [X86_RDTSCP] = PLAIN(RDTSCP),
    [X86_RDPMC] = PLAIN(RDPMC),
    [X86_PUSHF] = PLAIN(PUSHF),
    [X86_POPF] = PLAIN(POPF),
    [X86_CPUID] = PLAIN(CPUID),
    [X86_RSM] = PLAIN(RSM),
    [X86_IRET] = PLAIN(IRET),
    [X86_INT1] = PLAIN(ICEBP),
    [X86_INVD] = PLAIN(INVD),
    [X86_PAUSE] = PLAIN(PAUSE),
    [X86_HLT] = PLAIN(HLT),
    [X86_VMRUN] = PLAIN(VMRUN),
    [X86_VMMCALL] = PLAIN(VMMCALL),
    [X86_VMLOAD] = PLAIN(VMLOAD),
    [X86_VMSAVE] = PLAIN(VMSAVE),
    [X86_STGI] = PLAIN(STGI),
    [X86_CLGI] = PLAIN(CLGI),
    [X86_WBINVD] = PLAIN(WBINVD),
    [X86_WBNOINVD] = PLAIN(WBINVD),
    [X86_MONITOR] = PLAIN(MONITOR),
    [X86_MONITORX] = PLAIN(MONITOR),
    [X86_MWAIT] = OTHER(MWAIT),
    [X86_MWAITX] = OTHER(MWAIT),
    [X86_XSETBV] = PLAIN(XSETBV),
    [X86_INVPCID] = PLAIN(INVPCID),
};
/* clang-format on */

static void intercept_call(Translator *t, unsigned code, IrVal info1)
{
    tr_call(t, &x86_helper_intercept, IR_NONE, tr_pc(t, t->next_pc), info1,
            IR_NONE, code);
}

static void intercept_info(Translator *t, unsigned code, uint64_t info1)
{
    intercept_call(t, code, tr_imm(t, info1));
}

/* APM 2 15.8.1: with decode assists, the general register. */
static void intercept_cr(Translator *t, const X86Insn *i)
{
    bool write = i->op[0].kind == OPERAND_CR;
    unsigned cr = i->op[!write].reg, gpr = i->op[write].reg;

    intercept_info(t, (write ? SVM_EXIT_CR_WRITE : SVM_EXIT_CR_READ) + cr,
                   SVM_MOV_CR | gpr);
    if (write && cr == 0) {
        tr_call(t, &x86_helper_intercept_cr0, IR_NONE, tr_pc(t, t->next_pc),
                tr_load_zx(t, i, 1), IR_NONE, 0);
    }
}

static void intercept_dr(Translator *t, const X86Insn *i)
{
    bool write = i->op[0].kind == OPERAND_DR;
    unsigned dr = i->op[!write].reg, gpr = i->op[write].reg;

    intercept_info(t, (write ? SVM_EXIT_DR_WRITE : SVM_EXIT_DR_READ) + dr, gpr);
}

static void intercept_msr(Translator *t, bool write)
{
    tr_call(t, &x86_helper_intercept_msr, IR_NONE, tr_pc(t, t->next_pc),
            IR_NONE, IR_NONE, write);
}

/* Of any, and of one that would wait. */
static void intercept_mwait(Translator *t)
{
    unsigned unarmed = ir_new_label(t->ir);
    IrVal armed = tr_temp(t);

    intercept_info(t, SVM_EXIT_MWAIT, 0);
    ir_ldenv(t->ir, 0, armed, offsetof(X86Cpu, monitor.armed));
    ir_brcondi(t->ir, IR_CC_E, IR_I64, armed, 0, unarmed);
    intercept_info(t, SVM_EXIT_MWAIT_ARMED, 0);
    ir_label(t->ir, unarmed);
}

void tr_intercept(Translator *t, const X86Insn *i)
{
    const InterceptRow *row = &intercept_rows[i->mnemonic];

    switch ((InterceptKind)row->kind) {
    case INTERCEPT_NONE:
        break;
    case INTERCEPT_UMIP:
        if (t->key.umip && t->key.cpl) {
            break;
        }
        __attribute__((fallthrough));
    case INTERCEPT_PLAIN:
        intercept_info(t, row->exit, 0);
        break;
    case INTERCEPT_CR:
        intercept_cr(t, i);
        break;
    case INTERCEPT_DR:
        intercept_dr(t, i);
        break;
    case INTERCEPT_CR0_WRITE:
        intercept_info(t, SVM_EXIT_CR_WRITE, 0);
        break;
    case INTERCEPT_LMSW:
        intercept_info(t, SVM_EXIT_CR_WRITE, 0);
        intercept_info(t, SVM_EXIT_CR0_SELECTIVE, 0); /* whatever changes */
        break;
    case INTERCEPT_SMSW:
        intercept_info(t, SVM_EXIT_CR_READ, 0);
        break;
    case INTERCEPT_INT:
        intercept_info(t, row->exit, i->imm & 0xff);
        break;
    case INTERCEPT_ADDRESS:
        tr_set_address(t, i);
        intercept_call(t, row->exit, tr_address(t));
        break;
    case INTERCEPT_RAX:
        intercept_call(t, row->exit, tr_reg_zx(t, X86_RAX, i->addr_size));
        break;
    case INTERCEPT_MWAIT:
        intercept_mwait(t);
        break;
    case INTERCEPT_RDMSR:
        intercept_msr(t, false);
        break;
    case INTERCEPT_WRMSR:
        intercept_msr(t, true);
        break;
    }
}

void tr_intercept_io(Translator *t, const X86Insn *i, IrVal port,
                     unsigned bytes, uint32_t what)
{
    uint32_t info =
        what | bytes << SVM_IO_SIZE_POS |
        (i->addr_size / 2) << SVM_IO_ADDRESS_POS |
        (what & SVM_IO_STRING ? (uint32_t)i->mem.seg << SVM_IO_SEGMENT_POS : 0);

    if (t->key.svm) {
        tr_call(t, &x86_helper_intercept_io, IR_NONE, tr_pc(t, t->next_pc),
                port, IR_NONE, info);
    }
}

/* ---- instructions ----------------------------------------------------------
 */

void emit_VMRUN(Translator *t, const X86Insn *i)
{
    tr_call(t, &x86_helper_vmrun, IR_NONE, tr_pc(t, t->next_pc),
            tr_reg_zx(t, X86_RAX, i->addr_size), IR_NONE, 0);
    ir_leave(t->ir, TCG_LEAVE_RAISED);
    tr_end(t);
}

static void svm_with_block(Translator *t, const X86Insn *i, const TcgHelper *h)
{
    IrVal addr = tr_copy(t, tr_reg_zx(t, X86_RAX, i->addr_size));

    tr_call(t, &x86_helper_svm_address, IR_NONE, addr, IR_NONE, IR_NONE, 0);
    tr_call(t, h, IR_NONE, addr, IR_NONE, IR_NONE, 0);
}

/* Changes segments, and so the key. */
void emit_VMLOAD(Translator *t, const X86Insn *i)
{
    svm_with_block(t, i, &x86_helper_vmload);
    tr_exit_lookup(t, t->next_pc);
    tr_end(t);
}

void emit_VMSAVE(Translator *t, const X86Insn *i)
{
    svm_with_block(t, i, &x86_helper_vmsave);
}

static void svm_set_gif(Translator *t, bool gif)
{
    IrVal change = tr_temp(t);

    tr_call(t, &x86_helper_set_gif, change, tr_imm(t, gif), IR_NONE, IR_NONE,
            0);
    tr_change(t, change);
}

void emit_STGI(Translator *t, const X86Insn *i)
{
    svm_set_gif(t, true);
}

void emit_CLGI(Translator *t, const X86Insn *i)
{
    svm_set_gif(t, false);
}

void emit_INVLPGA(Translator *t, const X86Insn *i)
{
    IrVal addr = tr_reg_zx(t, X86_RAX, i->addr_size);

    tr_call(t, &x86_helper_invlpga, IR_NONE, addr, tr_reg_zx(t, X86_RCX, 4),
            IR_NONE, 0);
    tr_exit_lookup(t, t->next_pc);
    tr_end(t);
}
