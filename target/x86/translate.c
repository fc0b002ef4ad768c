/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From guest code to IR: decode, check, compute the address, then the
 * instruction as itself (translate-native.c) or by its emitter (emit/).
 *
 * A block ends at a branch, at the page's end, before an instruction that
 * reaches into the next page (which stands alone, so that this page is accessed
 * when it runs) or cannot be fetched, after one that is known to fault, and
 * where the key changes. Checks that depend on memory or registers are the
 * emitters' and helpers'. Order of exceptions: SDM 3A 6.9, as far as one
 * instruction can have several.
 */
#include "target/x86/translate.h"
#include "target/x86/emit/emit.h"
#include "target/x86/features.h"
#include "target/x86/system/helpers.h"
#include "util/log.h"

#include <string.h>

enum {
    TR_PAGE = X86_CODE_PAGE,
    TR_IR_MAX = 4000, /* a block's end: keeps one within a code buffer's step */
};

/* ---- ways out --------------------------------------------------------------
 */

void tr_raise(Translator *t, X86Vector vector, int error)
{
    IrVal v = tr_imm(t, vector), e = tr_imm(t, error);
    tr_call(t, &x86_helper_raise, IR_NONE, v, e, IR_NONE, 0);
}

void tr_raise_end(Translator *t, X86Vector vector, int error)
{
    tr_raise(t, vector, error);
    ir_leave(t->ir, TCG_LEAVE_RAISED);
    tr_end(t);
}

void tr_must_be_canonical(Translator *t, IrVal v, unsigned bits)
{
    unsigned canonical = ir_new_label(t->ir), shift = 64 - bits;
    IrVal s = tr_op2i(t, IR_SHL, IR_I64, v, shift);
    s = tr_op2i(t, IR_SAR, IR_I64, s, shift);
    ir_brcond(t->ir, IR_CC_E, IR_I64, s, v, canonical);
    tr_raise(t, EXC_GP, 0);
    ir_label(t->ir, canonical);
}

void tr_end(Translator *t)
{
    t->ended = true;
}

/* Under TF every way out is the trap. SDM 3B 17.3.1.4 */
static void tr_single_step(Translator *t, IrVal pc)
{
    tr_call(t, &x86_helper_single_step, IR_NONE, pc, tr_pc(t, t->next_pc),
            IR_NONE, 0);
    ir_leave(t->ir, TCG_LEAVE_RAISED);
}

/* An instruction in the shadow of STI or MOV SS ends it. */
static void tr_end_inhibit(Translator *t)
{
    if (t->key.inhibit) {
        tr_call(t, &x86_helper_inhibit_end, IR_NONE, IR_NONE, IR_NONE, IR_NONE,
                0);
    }
}

void tr_leave(Translator *t, int reason)
{
    if (reason != TCG_LEAVE_RAISED) {
        tr_end_inhibit(t);
    }
    ir_leave(t->ir, reason);
}

static bool tr_traps(const Translator *t)
{
    return t->key.tf && !t->no_trap;
}

/* Leave if asked to; env->pc is set. */
static void tr_poll(Translator *t)
{
    unsigned go = ir_new_label(t->ir);
    IrVal v = tr_temp(t);
    ir_ldenv(t->ir, 2, v, offsetof(TcgEnv, exit_request));
    ir_brcondi(t->ir, IR_CC_E, IR_I32, v, 0, go);
    ir_leave(t->ir, TCG_LEAVE_REQUEST);
    ir_label(t->ir, go);
}

/* Must the way out go by env->pc, for what is to be done there? */
static bool tr_watches_exit(const Translator *t)
{
    return t->key.inhibit || t->key.lbr || tr_traps(t);
}

void tr_exit_env(Translator *t)
{
    tr_end_inhibit(t);
    if (t->key.lbr) {
        tr_call(t, &x86_helper_record_branch, IR_NONE, tr_pc(t, t->pc),
                tr_pc(t, t->next_pc), IR_NONE, 0);
    }
    IrVal pc = tr_temp(t);
    if (tr_traps(t)) {
        ir_ldenv(t->ir, 3, pc, offsetof(TcgEnv, pc));
        tr_single_step(t, pc);
        return;
    }
    tr_poll(t);
    ir_ldenv(t->ir, 3, pc, offsetof(TcgEnv, pc));
    ir_exit_indirect(t->ir, pc);
    t->ir->insns[t->ir->count - 1].imm2 = 1; /* the key may change */
}

static void tr_store_pc(Translator *t, uint64_t pc)
{
    if (t->relative) {
        ir_stenv(t->ir, 3, tr_pc(t, pc), offsetof(TcgEnv, pc));
    } else {
        ir_stenvi(t->ir, 3, pc, offsetof(TcgEnv, pc));
    }
}

void tr_exit_lookup(Translator *t, uint64_t pc)
{
    tr_store_pc(t, pc);
    tr_exit_env(t);
}

/* Exits to other pages are linked while there is one processor. Where there are
 * more, each would find out anew that it is not: it goes as an indirect jump.
 */
static bool tr_links_pages(const Translator *t)
{
    return !t->cpu->tcg || t->cpu->tcg->lone;
}

/* One in a block, and so near its start that what is behind is not long, as it
 * may be translated again for another way to it. Backward jumps mostly are
 * taken; where both ways lead to one place there is nothing to go on for. */
bool tr_exit_aside(Translator *t, unsigned label, uint64_t pc)
{
    if (t->switches & TCG_OFF_ASIDE || t->aside.used || pc <= t->next_pc ||
        t->ir->guest_insns > TR_ASIDE_MAX || t->shadow || tr_watches_exit(t)) {
        return false;
    }
    t->aside = (TrAside){ true, label, t->pc, pc };
    return true;
}

void tr_exit(Translator *t, unsigned n, uint64_t pc)
{
    bool leaves_page = (pc ^ t->pc) >= TR_PAGE;
    bool shadow = t->shadow == 1;

    if (tr_watches_exit(t)) {
        tr_exit_lookup(t, pc);
    } else if (leaves_page && (!tr_links_pages(t) || (t->relative && shadow))) {
        tr_exit_value(t, tr_pc(t, pc));
    } else if (leaves_page && t->relative) {
        ir_exit_far(t->ir, n, pc, (int64_t)pc <= (int64_t)t->pc);
    } else {
        ir_exit(t->ir, n, pc, pc <= t->pc || shadow);
    }
}

/* Ways out to a value go by env->pc. */
static bool tr_leaves_by_env(const Translator *t)
{
    return tr_watches_exit(t) || t->shadow == 1;
}

/* CS's limit, if it is the mode's own (no key.cs_limit). */
static uint32_t tr_code_limit(const Translator *t)
{
    return tr_is_protected(t) ? UINT32_MAX : 0xffff;
}

static IrVal tr_load_code_limit(Translator *t)
{
    IrVal v = tr_temp(t);
    if (t->key.cs_limit) {
        ir_ldenv(t->ir, 2, v, offsetof(X86Cpu, seg[X86_CS].limit));
    } else {
        ir_movi(t->ir, v, tr_code_limit(t));
    }
    return v;
}

static void tr_must_be_code(Translator *t, IrVal pc)
{
    unsigned inside = ir_new_label(t->ir);
    ir_brcond(t->ir, IR_CC_BE, IR_I64, pc, tr_load_code_limit(t), inside);
    tr_raise(t, EXC_GP, 0);
    ir_label(t->ir, inside);
}

bool tr_beyond_limit(Translator *t, uint64_t pc)
{
    if (t->code == X86_CODE64) {
        return false;
    }
    if (t->key.cs_limit) {
        tr_must_be_code(t, tr_imm(t, pc));
        return false;
    }
    return pc > tr_code_limit(t);
}

void tr_check_branch(Translator *t, IrVal pc, unsigned bytes)
{
    if (t->code == X86_CODE64) {
        if (tr_leaves_by_env(t)) {
            tr_must_be_canonical(t, pc, t->cpu->cr4 & CR4_LA57 ? 57 : 48);
        }
    } else if (t->key.cs_limit || (bytes == 4 && tr_code_limit(t) == 0xffff)) {
        tr_must_be_code(t, pc);
    }
}

void tr_branch(Translator *t, IrVal pc, int moved)
{
    if (t->code != X86_CODE64 || tr_leaves_by_env(t)) {
        tr_exit_value(t, pc);
    } else {
        ir_exit_branch(t->ir, pc, moved);
    }
}

void tr_exit_value(Translator *t, IrVal pc)
{
    if (tr_leaves_by_env(t)) {
        ir_stenv(t->ir, 3, pc, offsetof(TcgEnv, pc));
        tr_exit_env(t);
    } else {
        ir_exit_indirect(t->ir, pc);
        t->ir->insns[t->ir->count - 1].mem.poll = 1;
    }
}

/* Correct the number of instructions, where one is kept. */
static void tr_count(Translator *t, int by)
{
    if (t->ir->count_insns) {
        IrVal count = tr_temp(t);
        ir_ldenv(t->ir, 3, count, offsetof(TcgEnv, insn_count));
        count = tr_op2i(t, IR_ADD, IR_I64, count, by);
        ir_stenv(t->ir, 3, count, offsetof(TcgEnv, insn_count));
    }
}

static void tr_place_aside(Translator *t)
{
    if (t->aside.used) {
        t->pc = t->aside.at;
        ir_label(t->ir, t->aside.label);
        tr_exit(t, 2, t->aside.pc);
    }
}

unsigned tr_late(Translator *t, uint64_t pc)
{
    unsigned label = ir_new_label(t->ir);
    t->late[t->late_count++] =
        (TrLate){ .label = label, .pc = pc, .again = pc == t->pc };
    return label;
}

unsigned tr_late_raise(Translator *t, X86Vector vector)
{
    const TrLate *last = t->late + t->late_count - 1;

    if (t->late_count && last->raises && last->pc == t->pc &&
        last->vector == vector) {
        return last->label;
    }
    unsigned label = tr_late(t, t->pc);

    t->late[t->late_count - 1].raises = true;
    t->late[t->late_count - 1].vector = vector;
    return label;
}

void tr_poll_next(Translator *t)
{
    IrVal v = tr_temp(t);
    ir_ldenv(t->ir, 2, v, offsetof(TcgEnv, exit_request));
    tr_change(t, v);
}

void tr_change(Translator *t, IrVal v)
{
    ir_brcondi(t->ir, IR_CC_NE, IR_I64, v, 0, tr_late(t, t->next_pc));
}

/* The instruction that raises was counted when it began. */
static void tr_place_late_raise(Translator *t, const TrLate *late)
{
    ir_append(t->ir, IR_INSN)->imm = late->pc;
    tr_count(t, -1);
    tr_raise(t, late->vector, 0);
    ir_leave(t->ir, TCG_LEAVE_RAISED);
}

static void tr_place_late(Translator *t)
{
    for (unsigned n = 0; n < t->late_count; n++) {
        const TrLate *late = &t->late[n];

        ir_label(t->ir, late->label);
        if (late->raises) {
            tr_place_late_raise(t, late);
            continue;
        }
        if (late->again) {
            tr_count(t, -1);
        }
        tr_exit_lookup(t, late->pc);
    }
}

/* ---- checks that the key decides -------------------------------------------
 */

static void tr_undefined(Translator *t, const X86Insn *i)
{
    log_unimplemented("x86: %s is not implemented, pc %" PRIx64 "\n",
                      x86_mnemonic_name(i->mnemonic), t->pc);
    tr_raise_end(t, EXC_UD, -1);
}

static bool tr_writes_memory(const X86Insn *i)
{
    return i->op_count && i->op[0].kind == OPERAND_MEM &&
           (i->op[0].access & OPERAND_WRITE);
}

/* Vectors shorter than 512 bits need AVX512VL; scalars do not, nor what has
 * 128 bits only. */
static bool tr_evex_offered(const Translator *t, const X86Insn *i)
{
    bool any = i->vex_l == 2 || i->row->evex & (X86_E_SCALAR | X86_E_L128);

    return x86_has_feature(t->cpu, FEATURE_AVX512F) &&
           (any || x86_has_feature(t->cpu, FEATURE_AVX512VL));
}

/* Undefined in this mode or without this prefix or CPUID bit. */
static bool tr_is_undefined(const Translator *t, const X86Insn *i)
{
    uint32_t attr = i->row->attr;
    bool protected = tr_is_protected(t);
    bool code64 = t->code == X86_CODE64;

    return (i->lock && !((attr & X86_A_LOCK) && tr_writes_memory(i))) ||
           ((attr & X86_A_PROT) && !protected) ||
           ((attr & X86_A_NO64) && code64) ||
           ((attr & X86_A_ONLY64) && !code64) ||
           (i->row->feature == FEATURE_MONITOR && t->key.cpl) ||
           (i->row->feature && !x86_has_feature(t->cpu, i->row->feature)) ||
           (i->vex == 2 && !tr_evex_offered(t, i));
}

/* #UD before #NM: SDM 2A 2.4, 3A 2.5 table 2-2. The vector, or -1. */
static int tr_fp_fault(const Translator *t, const X86Insn *i)
{
    uint32_t attr = i->row->attr;
    X86Key k = t->key;

    if (attr & (X86_A_AVX | X86_A_AVX512)) {
        bool enabled = attr & X86_A_AVX512 ? k.avx512 : k.avx;
        if (!enabled || !k.pe || k.vm86) {
            return EXC_UD;
        }
        return k.fp_nm ? EXC_NM : -1;
    }
    if (attr & X86_A_SSE) {
        return k.fp_em || !k.sse ? EXC_UD : k.fp_nm ? EXC_NM : -1;
    }
    if (attr & X86_A_MMX) {
        return k.fp_em ? EXC_UD : k.fp_nm ? EXC_NM : -1;
    }
    if (attr & X86_A_X87) {
        bool wait = i->mnemonic == X86_FWAIT;
        bool nm = wait ? k.fp_nm && k.fp_mp : k.fp_nm || k.fp_em;
        return nm ? EXC_NM : -1;
    }
    return -1;
}

/* True if the instruction faults for certain: the block has ended. */
static bool tr_check(Translator *t, const X86Insn *i)
{
    if (i->row->attr & X86_A_UNIMPLEMENTED) {
        tr_undefined(t, i);
        return true;
    }
    int vector = tr_is_undefined(t, i) ? EXC_UD : tr_fp_fault(t, i);
    if (vector < 0 && (i->row->attr & X86_A_PRIV) && t->key.cpl) {
        vector = EXC_GP;
    }
    if (vector >= 0) {
        tr_raise_end(t, vector, vector == EXC_GP ? 0 : -1);
    }
    return vector >= 0;
}

/* ---- LOCK ------------------------------------------------------------------
 */

/* What is written for the sake of the barrier: something on the stack, or
 * nothing new (LOCK OR [m], 0). Other threads than processors, which play
 * devices, rely on it, as on XCHG, which keeps its lock. */
static bool tr_is_barrier(const X86Insn *i)
{
    bool constant = i->op_count > 1 && i->op[1].kind == OPERAND_IMM;

    return i->mem.base == X86_RSP || (constant && (!i->imm || i->imm == -1));
}

/* Devices read and write RAM, but nobody except processors reads, modifies and
 * writes it: where there is one, an instruction is atomic anyway. */
static bool tr_needs_no_lock(const Translator *t, const X86Insn *i)
{
    return i->lock && t->cpu->tcg && t->cpu->tcg->lone &&
           !(t->switches & TCG_OFF_UNLOCK) && !tr_is_barrier(i);
}

/* ---- one instruction -------------------------------------------------------
 */

enum { TR_FP = X86_A_X87 | X86_A_MMX | X86_A_SSE | X86_A_AVX | X86_A_AVX512 };

static void tr_emit(Translator *t, const X86Insn *i)
{
    const EmitRow *row = &emit_table[i->mnemonic];

    if ((i->row->attr & (X86_A_X87 | X86_A_FPENV)) == X86_A_X87) {
        t->x87_pc = t->pc;
    }

    if (i->has_mem && !(i->row->attr & X86_A_NOSEG)) {
        tr_set_address(t, i);
    }
    if (!(row->emit && row->plain) && tr_native(t, i)) {
        return;
    }
    if (row->emit) {
        row->emit(t, i);
        return;
    }
    tr_check_vector_aligned(t, i);
    if (!x86_emit_fp(t, i)) {
        tr_undefined(t, i);
    }
}

/* The whole block or none of it: what is left runs in a shorter one. The
 * number of its instructions is known when it ends. */
static void tr_check_limit_of_insns(Translator *t)
{
    unsigned go = ir_new_label(t->ir);
    IrVal count = tr_temp(t), limit = tr_temp(t);

    ir_ldenv(t->ir, 3, count, offsetof(TcgEnv, insn_count));
    ir_ldenv(t->ir, 3, limit, offsetof(TcgEnv, insn_limit));
    t->insns_at = t->ir->count;
    count = tr_op2i(t, IR_ADD, IR_I64, count, 1);
    ir_brcond(t->ir, IR_CC_BE, IR_I64, count, limit, go);
    tr_count(t, -1);
    tr_store_pc(t, t->pc);
    ir_leave(t->ir, TCG_LEAVE_EVENT);
    ir_label(t->ir, go);
}

static void tr_begin(Translator *t)
{
    ir_append(t->ir, IR_INSN)->imm = t->pc;
    t->no_trap = false;
    if (t->ir->count_insns && !t->ir->guest_insns) {
        tr_check_limit_of_insns(t);
    }
    t->ir->guest_insns++;
    if (t->key.dr7) {
        tr_call(t, &x86_helper_breakpoints, IR_NONE, IR_NONE, IR_NONE, IR_NONE,
                0);
    }
}

/* ---- the code's bytes ------------------------------------------------------
 */

typedef struct CodeReader {
    X86CodeFetch *fetch;
    unsigned start; /* of the block, in its page */
    unsigned pos;   /* of the present instruction, in the first page */
    uint8_t straddling[2 * X86_INSN_MAX];
} CodeReader;

/* The instruction at pos. SHORT: its page, or the rest of it, is not there, or
 * it is not the block's first one and the next page was not looked at. */
static X86DecodeResult tr_decode(CodeReader *r, X86Insn *i, X86CodeSize code)
{
    const uint8_t *page = r->fetch->page[0];
    if (!page) {
        return X86_DECODE_SHORT;
    }
    unsigned left = TR_PAGE - r->pos;
    if (left >= X86_INSN_MAX) {
        return x86_decode(i, page + r->pos, X86_INSN_MAX, code);
    }
    X86DecodeResult result = x86_decode(i, page + r->pos, left, code);
    if (result != X86_DECODE_SHORT || r->pos != r->start) {
        return result;
    }
    if (!r->fetch->page[1]) {
        r->fetch->page[1] = r->fetch->next(r->fetch->opaque);
    }
    if (!r->fetch->page[1]) {
        return X86_DECODE_SHORT;
    }
    memcpy(r->straddling, page + r->pos, left);
    memcpy(r->straddling + left, r->fetch->page[1], X86_INSN_MAX);
    return x86_decode(i, r->straddling, left + X86_INSN_MAX, code);
}

/* TZCNT and LZCNT are BSF and BSR with a prefix that CPUs without them ignore
 * (SDM 2A, BSF): decode it again without that byte. */
static void tr_ignore_prefix(const Translator *t, const CodeReader *r,
                             X86Insn *i)
{
    uint8_t bytes[X86_INSN_MAX];
    unsigned len = 0;
    bool found = false;

    if ((i->mnemonic != X86_TZCNT && i->mnemonic != X86_LZCNT) ||
        x86_has_feature(t->cpu, i->row->feature)) {
        return;
    }
    const uint8_t *from = r->fetch->page[0] + r->pos;

    if (TR_PAGE - r->pos < i->len) {
        from = r->straddling;
    }
    for (unsigned n = 0; n < i->len; n++) {
        if (from[n] == 0xf3 && !found) {
            found = true;
            continue;
        }
        bytes[len++] = from[n];
    }
    x86_decode(i, bytes, len, t->code);
    i->len++;
}

static uint64_t tr_code_linear(const Translator *t, uint64_t pc)
{
    uint64_t linear = t->cpu->seg[X86_CS].base + pc;
    return t->code == X86_CODE64 ? pc : (uint32_t)linear;
}

/* The present instruction cannot be read. Only the first one of a block says
 * so; a later one is left to the next block. */
static void tr_fetch_fault(Translator *t, const CodeReader *r)
{
    unsigned there = r->fetch->page[0] ? TR_PAGE - r->pos : 0;
    uint64_t linear = tr_code_linear(t, t->pc) + there;
    tr_begin(t);
    if (tr_beyond_limit(t, t->pc + there)) {
        tr_raise_end(t, EXC_GP, 0);
        return;
    }
    IrVal addr = t->relative ? tr_pc(t, linear) : tr_imm(t, linear);
    tr_call(t, &x86_helper_fetch_fault, IR_NONE, addr, IR_NONE, IR_NONE, 0);
    tr_store_pc(t, t->pc);
    ir_leave(t->ir, TCG_LEAVE_LOOKUP);
    tr_end(t);
}

/* ---- the block -------------------------------------------------------------
 */

static uint64_t tr_mask_pc(const Translator *t, uint64_t pc)
{
    return t->code == X86_CODE64 ? pc : (uint32_t)pc;
}

/* If that is in STI's shadow, the CPU's state keeps it. */
static void tr_end_block(Translator *t)
{
    if (t->shadow == 2 && t->key.iopl_ok) { /* not of VIF */
        tr_call(t, &x86_helper_inhibit, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
        tr_exit_lookup(t, t->next_pc);
    } else {
        tr_exit(t, 0, t->next_pc);
    }
    tr_end(t);
}

/* A relative block that reaches into the next page, whose mapping is another
 * matter, is found by its address only, and nothing links to it. */
static void tr_end_block_indirect(Translator *t)
{
    if (tr_watches_exit(t)) {
        tr_exit_lookup(t, t->next_pc);
    } else {
        tr_exit_value(t, tr_pc(t, t->next_pc));
    }
    tr_end(t);
}

/* Where the block begins, or has come to, no code can be. */
static bool tr_has_left_segment(const Translator *t)
{
    return t->code != X86_CODE64 && !t->key.cs_limit &&
           t->pc > tr_code_limit(t);
}

static void tr_short(Translator *t, const CodeReader *r)
{
    if (!t->ir->guest_insns) {
        tr_fetch_fault(t, r);
    } else if (t->relative && !t->shadow) {
        tr_end_block_indirect(t);
    } else {
        t->shadow += t->shadow > 0; /* its instruction was not reached */
        tr_end_block(t);
    }
}

static void tr_insn(Translator *t, CodeReader *r)
{
    X86Insn insn;

    if (tr_has_left_segment(t)) {
        tr_begin(t);
        tr_raise_end(t, EXC_GP, 0);
        return;
    }
    X86DecodeResult result = tr_decode(r, &insn, t->code);

    if (result == X86_DECODE_SHORT) {
        tr_short(t, r);
        return;
    }
    tr_begin(t);
    if (tr_beyond_limit(t, tr_mask_pc(t, t->pc + insn.len - 1))) {
        r->pos += insn.len;
        tr_raise_end(t, EXC_GP, 0);
        return;
    }
    if (result != X86_DECODE_OK) {
        r->pos += insn.len;
        bool invalid = result == X86_DECODE_INVALID;
        tr_raise_end(t, invalid ? EXC_UD : EXC_GP, invalid ? -1 : 0);
        return;
    }
    tr_ignore_prefix(t, r, &insn);
    unsigned pos = r->pos;
    r->pos += insn.len;
    t->next_pc = tr_mask_pc(t, t->pc + insn.len);
    if (!tr_check(t, &insn)) {
        if (r->fetch->stored_count) {
            tr_patch(t, r->fetch, pos, &insn);
        }
        if (t->key.svm) {
            tr_intercept(t, &insn);
        }
        insn.lock &= !tr_needs_no_lock(t, &insn);
        IrVal count = tr_flags_count(t, &insn);
        tr_emit(t, &insn);
        tr_define_flags(t, &insn, count);
    }
}

static bool tr_must_end(const Translator *t, const CodeReader *r,
                        unsigned max_insns)
{
    return r->pos >= TR_PAGE || t->ir->guest_insns >= max_insns ||
           t->ir->count >= TR_IR_MAX || t->late_count > TR_LATE_MAX - 8 ||
           t->key.tf || t->key.inhibit || t->key.lbr;
}

/* Between two instructions of a block. */
static void tr_go_on(Translator *t)
{
    if (t->shadow == 1) {
        tr_poll_next(t);
    }
    t->shadow -= t->shadow > 0;
    t->pc = t->next_pc;
}

static void tr_block(Translator *t, CodeReader *r, unsigned max_insns)
{
    for (;;) {
        tr_insn(t, r);
        if (t->ended) {
            return;
        }
        if (tr_must_end(t, r, max_insns)) {
            tr_end_block(t);
            return;
        }
        tr_go_on(t);
    }
}

/* Keep the caller's wishes; the rest of the block starts anew. */
static void tr_reset_block(IrBlock *ir, const X86Cpu *cpu, bool relative)
{
    bool count_insns = ir->count_insns, exact_flags = ir->exact_flags;
    bool defined_flags = ir->defined_flags;
    uint64_t pc = relative ? cpu->env.pc & (TR_PAGE - 1) : cpu->env.pc;

    ir_reset(ir, pc, cpu->env.mode);
    ir->relative = relative;
    ir->count_insns = count_insns;
    ir->exact_flags = exact_flags;
    ir->defined_flags = defined_flags;
}

/* False: the block cannot be relative. */
static bool tr_translate(X86Cpu *cpu, IrBlock *ir, X86CodeFetch *fetch,
                         unsigned max_insns, uint32_t *size)
{
    unsigned switches = cpu->tcg ? cpu->tcg->switches : 0;
    const TcgBackend *backend = cpu->tcg ? cpu->tcg->backend : NULL;
    TrLate late[TR_LATE_MAX];
    Translator t = {
        .late = late,
        .cpu = cpu,
        .ir = ir,
        .key = cpu->key,
        .code = cpu->key.code,
        .switches = switches,
        .native =
            backend && backend->has_native && !(switches & TCG_OFF_NATIVE),
        .can_native = backend ? backend->can_native : NULL,
        .pc = ir->pc,
        .imm = IR_NONE,
        .disp = IR_NONE,
        .relative = ir->relative,
    };
    CodeReader r;

    fetch->loaded_count = 0;
    r.fetch = fetch;
    r.start = r.pos = tr_code_linear(&t, t.pc) & (TR_PAGE - 1);
    tr_block(&t, &r, max_insns);
    tr_place_aside(&t);
    tr_place_late(&t);
    if (ir->count_insns) {
        ir->insns[t.insns_at].imm = ir->guest_insns - 1;
    }
    *size = r.pos - r.start;
    return !t.absolute;
}

void x86_translate(X86Cpu *cpu, IrBlock *ir, X86CodeFetch *fetch,
                   unsigned max_insns, uint32_t *size)
{
    tr_reset_block(ir, cpu, ir->relative);
    if (!tr_translate(cpu, ir, fetch, max_insns, size)) {
        tr_reset_block(ir, cpu, false);
        tr_translate(cpu, ir, fetch, max_insns, size);
    }
}
