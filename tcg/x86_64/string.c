/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a helper with a TcgQuick would do, without calling it: all elements, if
 * they are few enough to stand in one page each of plain RAM, which the table
 * has. Else the helper is called, out of line.
 *
 *      test [unless], bits             the helper's own condition
 *      jnz  1f
 *      mov  r15, env->tlb[mode]
 *      call copyN or fillN             a thunk; ZF: done
 *   1: jne  slow
 *
 * The thunks have r13 to r15, and rcx, whose value they know how to find again;
 * C's way of saving twelve registers costs more than a short copy. Up to 16
 * bytes go by general registers, up to STRING_VECTORS by two of the guest's
 * vector registers, put away below the stack and used in their oldest form,
 * which leaves their upper parts alone; more by the host's own instruction.
 * That takes long to start, and goes byte by byte (AMD, Zen 5) where the
 * destination is less than STRING_ALIASED bytes behind the source, modulo 4096.
 */
#include "tcg/x86_64/emit.h"

enum {
    STRING_PAGE = 4096,
    STRING_WORDS = 16,
    STRING_VECTORS = 512,
    STRING_ALIASED = 32,
};

/* Two places below rsp, 16-aligned as a thunk is entered; signal handlers keep
 * off them (System V ABI 3.2.2, the red zone). */
static const AsmMem string_keep[] = { { RSP, NO_REG, 0, -24 },
                                      { RSP, NO_REG, 0, -40 } };

enum { OP_MOVUPS = 0x10 | ASM_0F, OP_MOVAPS = 0x28 | ASM_0F };

static void string_load(Asm *a, unsigned xmm, AsmMem m)
{
    asm_rm(a, OP_MOVUPS, xmm, m);
}

static void string_store(Asm *a, AsmMem m, unsigned xmm)
{
    asm_rm(a, OP_MOVUPS | 1, xmm, m);
}

static void string_lend(Asm *a, unsigned xmm)
{
    asm_rm(a, OP_MOVAPS | 1, xmm, string_keep[xmm]);
}

static void string_give_back(Asm *a, unsigned xmm)
{
    asm_rm(a, OP_MOVAPS, xmm, string_keep[xmm]);
}

static AsmMem string_at(unsigned base, unsigned index)
{
    return (AsmMem){ base, index, 0, 0 };
}

static void string_ret(Asm *a)
{
    asm_u8(a, 0xc3);
}

/* rcx = 0, ZF. */
static void string_done(Asm *a)
{
    asm_alu_rr(a, ALU_XOR, IR_I32, RCX, RCX);
    string_ret(a);
}

/* ---- the way in ------------------------------------------------------- */

/* r13 = bytes, 1 to STRING_PAGE of them. Nothing to do is done; too much is
 * not. */
static void string_begin(Asm *a, unsigned log2)
{
    asm_rr(a, asm_typed(0x84, IR_I64), RCX, RCX);
    uint8_t *some = asm_jcc8(a, IR_CC_NE);
    string_ret(a);
    asm_fix8(some, a->p);
    asm_alu_ri(a, ALU_CMP, IR_I64, RCX, STRING_PAGE >> log2);
    uint8_t *few = asm_jcc8(a, IR_CC_BE);
    string_ret(a);
    asm_fix8(few, a->p);
    asm_mov(a, R13, RCX);
    if (log2) {
        asm_shift_i(a, SHIFT_SHL, IR_I64, R13, log2);
    }
}

/* entry = host address less guest address of the page in which are all r13
 * bytes from reg on, by the table at r15; the jump to where they are not.
 * tag: of reading or of writing. Destroys rcx. */
static uint8_t *string_page(Asm *a, unsigned reg, unsigned entry, size_t tag)
{
    G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32);
    asm_mov32(a, RCX, reg);
    asm_shift_i(a, SHIFT_SHR, IR_I32, RCX, 12 - 5);
    asm_alu_ri(a, ALU_AND, IR_I32, RCX, (TCG_TLB_SIZE - 1) << 5);
    asm_lea(a, entry, string_at(R15, RCX));
    asm_lea(a, RCX, (AsmMem){ reg, R13, 0, -1 });
    asm_alu_ri(a, ALU_AND, IR_I64, RCX, -STRING_PAGE);
    asm_alu_rm(a, ALU_CMP, IR_I64, RCX, asm_mem(entry, tag));
    uint8_t *other = asm_jcc(a, IR_CC_NE);
    asm_load(a, entry, asm_mem(entry, offsetof(TcgTlbEntry, addend)));
    return other;
}

/* rcx as it was, which was not 0: no ZF. */
static void string_fail(Asm *a, unsigned log2)
{
    asm_mov(a, RCX, R13);
    if (log2) {
        asm_shift_i(a, SHIFT_SHR, IR_I64, RCX, log2);
    } else {
        asm_rr(a, asm_typed(0x84, IR_I64), RCX, RCX);
    }
    string_ret(a);
}

/* reg is behind its elements now, and host the host's address of that. */
static void string_advance(Asm *a, unsigned reg, unsigned host)
{
    asm_alu_rr(a, ALU_ADD, IR_I64, reg, R13);
    asm_alu_rr(a, ALU_ADD, IR_I64, host, reg);
}

/* ---- up to 16 bytes: r13 of them, made negative ------------------------ */

/* An element at the ends less r13; two that may overlap, one from the start and
 * one up to the end, which ends the thunk. */
typedef void StringMove(Asm *a, IrType t);

/* Less than four bytes: one element, or up to three. */
static void string_few(Asm *a, unsigned log2, StringMove *one)
{
    const uint8_t *again = a->p;

    one(a, (IrType)log2);
    if (!log2) {
        asm_alu_ri(a, ALU_ADD, IR_I64, R13, 1);
        asm_fix8(asm_jcc8(a, IR_CC_NE), again);
    }
    string_done(a);
}

static void string_words(Asm *a, unsigned log2, StringMove *one,
                         StringMove *two)
{
    asm_group3(a, GROUP3_NEG, IR_I64, R13);
    if (log2 < 3) {
        asm_alu_ri(a, ALU_CMP, IR_I64, R13, -8);
        uint8_t *less = asm_jcc8(a, IR_CC_G);
        two(a, IR_I64);
        asm_fix8(less, a->p);
    }
    if (log2 < 2) {
        asm_alu_ri(a, ALU_CMP, IR_I64, R13, -4);
        uint8_t *less = asm_jcc8(a, IR_CC_G);
        two(a, IR_I32);
        asm_fix8(less, a->p);
        string_few(a, log2, one);
    } else {
        two(a, log2 < 3 ? IR_I32 : IR_I64);
    }
}

/* ---- copying: r14 and r15 are the ends, r13 the bytes ----------------- */

static void string_copy_one(Asm *a, IrType t)
{
    asm_rm(a, asm_typed(OP_MOV_LOAD, t), RCX, string_at(R14, R13));
    asm_rm(a, asm_typed(OP_MOV_STORE, t), RCX, string_at(R15, R13));
}

/* Two that may overlap: from the start, and up to the end. r13 negative. */
static void string_copy_two(Asm *a, IrType t)
{
    int32_t back = -(1 << t);

    asm_rm(a, asm_typed(OP_MOV_LOAD, t), RCX, string_at(R14, R13));
    asm_rm(a, asm_typed(OP_MOV_LOAD, t), R14, asm_mem(R14, back));
    asm_rm(a, asm_typed(OP_MOV_STORE, t), RCX, string_at(R15, R13));
    asm_rm(a, asm_typed(OP_MOV_STORE, t), R14, asm_mem(R15, back));
    string_done(a);
}

/* More than 16 bytes. The last ones are read before anything may overwrite
 * them. */
static void string_copy_vectors(Asm *a)
{
    string_lend(a, 0);
    string_lend(a, 1);
    asm_group3(a, GROUP3_NEG, IR_I64, R13);
    string_load(a, 1, asm_mem(R14, -16));
    const uint8_t *again = a->p;
    string_load(a, 0, string_at(R14, R13));
    string_store(a, string_at(R15, R13), 0);
    asm_alu_ri(a, ALU_ADD, IR_I64, R13, 16);
    asm_alu_ri(a, ALU_CMP, IR_I64, R13, -16);
    asm_fix8(asm_jcc8(a, IR_CC_L), again);
    string_store(a, asm_mem(R15, -16), 1);
    string_give_back(a, 0);
    string_give_back(a, 1);
    string_done(a);
}

static void string_rep(Asm *a, uint8_t opcode, unsigned log2)
{
    asm_u8(a, 0xf3);
    asm_opcode(a, log2 ? asm_typed(opcode, (IrType)log2) : opcode, 0, 0, 0,
               false);
}

static void string_copy_rep(Asm *a, unsigned log2)
{
    asm_alu_rr(a, ALU_SUB, IR_I64, R14, R13);
    asm_alu_rr(a, ALU_SUB, IR_I64, R15, R13);
    asm_mov(a, RCX, R13);
    if (log2) {
        asm_shift_i(a, SHIFT_SHR, IR_I64, RCX, log2);
    }
    asm_rr(a, asm_typed(0x86, IR_I64), RSI, R14); /* xchg */
    asm_rr(a, asm_typed(0x86, IR_I64), RDI, R15);
    string_rep(a, 0xa4, log2);
    asm_mov(a, RSI, R14);
    asm_mov(a, RDI, R15);
    string_done(a);
}

static void string_copy(Asm *a, unsigned log2)
{
    string_begin(a, log2);
    uint8_t *from = string_page(a, RSI, R14, offsetof(TcgTlbEntry, read));
    uint8_t *to = string_page(a, RDI, R15, offsetof(TcgTlbEntry, write));
    string_advance(a, RSI, R14);
    string_advance(a, RDI, R15);
    /* What reads elements that it has written must do so one by one. */
    asm_mov(a, RCX, R15);
    asm_alu_rr(a, ALU_SUB, IR_I64, RCX, R14);
    asm_alu_rr(a, ALU_CMP, IR_I64, RCX, R13);
    uint8_t *overlap = asm_jcc(a, IR_CC_B);
    asm_alu_ri(a, ALU_CMP, IR_I64, R13, STRING_WORDS);
    uint8_t *more = asm_jcc8(a, IR_CC_A);
    string_words(a, log2, string_copy_one, string_copy_two);
    asm_fix8(more, a->p);
    asm_alu_ri(a, ALU_CMP, IR_I64, R13, STRING_VECTORS);
    uint8_t *long_one = asm_jcc8(a, IR_CC_A);
    const uint8_t *vectors = a->p;
    string_copy_vectors(a);
    asm_fix8(long_one, a->p);
    asm_alu_ri(a, ALU_AND, IR_I32, RCX, STRING_PAGE - 1);
    asm_alu_ri(a, ALU_SUB, IR_I32, RCX, 1);
    asm_alu_ri(a, ALU_CMP, IR_I32, RCX, STRING_ALIASED - 1);
    asm_fix8(asm_jcc8(a, IR_CC_B), vectors);
    string_copy_rep(a, 0);
    asm_fix(overlap, a->p);
    string_copy_rep(a, log2);
    asm_fix(from, a->p);
    asm_fix(to, a->p);
    string_fail(a, log2);
}

/* ---- filling: r15 is the end, r13 the bytes --------------------------- */

/* r14 = the element in all places of a word. Destroys rcx. */
static void string_repeat(Asm *a, unsigned log2)
{
    static const uint64_t ones[] = { 0x0101010101010101, 0x0001000100010001,
                                     0x0000000100000001 };
    static const uint32_t zero[] = { OP_MOVZX8, OP_MOVZX16 };

    if (log2 < 2) {
        asm_rr(a, zero[log2], R14, RAX);
    } else if (log2 == 2) {
        asm_mov32(a, R14, RAX);
    } else {
        asm_mov(a, R14, RAX);
        return;
    }
    asm_movi(a, RCX, ones[log2]);
    asm_rr(a, 0xaf | ASM_0F | ASM_W, R14, RCX); /* imul */
}

static void string_fill_one(Asm *a, IrType t)
{
    asm_rm(a, asm_typed(OP_MOV_STORE, t), R14, string_at(R15, R13));
}

static void string_fill_two(Asm *a, IrType t)
{
    string_fill_one(a, t);
    asm_rm(a, asm_typed(OP_MOV_STORE, t), R14, asm_mem(R15, -(1 << t)));
    string_done(a);
}

static void string_fill_vectors(Asm *a)
{
    string_lend(a, 0);
    asm_rr(a, 0x6e | ASM_0F | ASM_66 | ASM_W, 0, R14); /* movq */
    asm_rr(a, 0x6c | ASM_0F | ASM_66, 0, 0);           /* punpcklqdq */
    asm_group3(a, GROUP3_NEG, IR_I64, R13);
    const uint8_t *again = a->p;
    string_store(a, string_at(R15, R13), 0);
    asm_alu_ri(a, ALU_ADD, IR_I64, R13, 16);
    asm_alu_ri(a, ALU_CMP, IR_I64, R13, -16);
    asm_fix8(asm_jcc8(a, IR_CC_L), again);
    string_store(a, asm_mem(R15, -16), 0);
    string_give_back(a, 0);
    string_done(a);
}

static void string_fill_rep(Asm *a, unsigned log2)
{
    asm_alu_rr(a, ALU_SUB, IR_I64, R15, R13);
    asm_mov(a, RCX, R13);
    if (log2) {
        asm_shift_i(a, SHIFT_SHR, IR_I64, RCX, log2);
    }
    asm_rr(a, asm_typed(0x86, IR_I64), RDI, R15); /* xchg */
    string_rep(a, 0xaa, log2);
    asm_mov(a, RDI, R15);
    string_done(a);
}

static void string_fill(Asm *a, unsigned log2)
{
    string_begin(a, log2);
    uint8_t *to = string_page(a, RDI, R15, offsetof(TcgTlbEntry, write));
    string_advance(a, RDI, R15);
    string_repeat(a, log2);
    asm_alu_ri(a, ALU_CMP, IR_I64, R13, STRING_WORDS);
    uint8_t *more = asm_jcc8(a, IR_CC_A);
    string_words(a, log2, string_fill_one, string_fill_two);
    asm_fix8(more, a->p);
    asm_alu_ri(a, ALU_CMP, IR_I64, R13, STRING_VECTORS);
    uint8_t *long_one = asm_jcc8(a, IR_CC_A);
    string_fill_vectors(a);
    asm_fix8(long_one, a->p);
    string_fill_rep(a, log2);
    asm_fix(to, a->p);
    string_fail(a, log2);
}

void string_thunks(Asm *a, X86State *st)
{
    for (unsigned log2 = 0; log2 < TCG_QUICK_SIZES; log2++) {
        asm_pad(a, 64, 0);
        st->thunk[THUNK_COPY + log2] = asm_exec(a, a->p);
        string_copy(a, log2);
        asm_pad(a, 64, 0);
        st->thunk[THUNK_FILL + log2] = asm_exec(a, a->p);
        string_fill(a, log2);
    }
}

/* ---- the call --------------------------------------------------------- */

static void string_slow_part(Emit *e, EmitCold *c)
{
    call_light(e, c->helper, c->constant);
    asm_fix(asm_jmp(&e->as), c->resume);
}

void emit_quick(Emit *e, const IrInsn *i)
{
    const TcgHelper *h = (const TcgHelper *)(intptr_t)i->imm;
    unsigned first = h->quick == TCG_QUICK_COPY ? THUNK_COPY : THUNK_FILL;
    Asm *a = &e->as;

    regs_settle_globals(e);
    regs_sync(e);
    regs_forget(e);
    asm_rm(a, 0xf6, GROUP3_TEST, asm_env(h->unless));
    asm_u8(a, h->unless_bits);
    uint8_t *unless = asm_jcc8(a, IR_CC_NE);
    asm_load(a, R15, asm_env(ENV_OFF(tlb) + 8 * e->ir->mode));
    asm_call_to(a, emit_thunk(e, first + (i->imm2 & TCG_QUICK_SIZE)));
    asm_fix8(unless, a->p);

    EmitCold *c = emit_cold(e, string_slow_part);
    c->helper = h;
    c->constant = i->imm2;
    c->jump = asm_jcc(a, IR_CC_NE);
    c->resume = a->p;
}
