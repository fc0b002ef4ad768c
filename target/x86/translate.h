/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front end's inside: what emitters share. One emit_MNEMONIC() per
 * instruction stands in target/x86/emit; common code (translate.c) has
 * decoded, made all checks that the key decides and computed the address of
 * the memory operand before it is called.
 *
 * Rules for an emitter: no guest register, flag or memory changes before its
 * last operation that can fault (a store after a load with `rmw` of the same
 * operand cannot); temporaries end with the instruction.
 */
#ifndef TARGET_X86_TRANSLATE_H
#define TARGET_X86_TRANSLATE_H

#include "target/x86/cpu.h"
#include "target/x86/decode/decode.h"
#include "tcg/ir.h"

enum { TR_LATE_MAX = 64, TR_ASIDE_MAX = 24 };

/* A side exit at the block's end: go on at pc through the lookup, or raise. */
typedef struct TrLate {
    unsigned label;
    uint64_t pc;
    bool again; /* that is the instruction's own: it is not over */
    bool raises;
    X86Vector vector; /* then, with 0 as its error code */
} TrLate;

/* A conditional jump that the block goes on behind: where it goes if taken. */
typedef struct TrAside {
    bool used;
    unsigned label;
    uint64_t at, pc; /* the jump's own, and its target */
} TrAside;

typedef struct Translator {
    X86Cpu *cpu;
    IrBlock *ir;
    X86Key key;
    X86CodeSize code;
    unsigned switches; /* TcgSwitch */
    bool native;       /* the back end runs native instructions: */
    bool (*can_native)(const NativeInsn *n); /* these */

    /* The present instruction. */
    uint64_t pc, next_pc; /* RIP, masked to the code size; in a relative block
                             counted from its page */
    IrVal ea;             /* memory operand: linear address is ea + ea_disp */
    int64_t ea_disp;
    IrVal imm, disp; /* OPERAND_PATCHED, mem.disp, if they are loaded when
                        it runs, else IR_NONE: translate-patch.c */
    uint8_t slot;    /* its TcgSlot, read half */
    bool steady;     /* and IrMem.steady */
    uint64_t x87_pc; /* the block's last x87 instruction but control: FIP */

    bool relative;
    bool absolute;  /* something cannot be said relatively: do it again */
    bool ended;     /* the block is complete */
    uint8_t shadow; /* 2: STI was just translated; 1: the instruction in its
                       shadow: end after it, polling */
    bool no_trap;   /* the instruction swallows TF's trap (IRET, SYSCALL) */

    TrLate *late; /* [TR_LATE_MAX], by tr_late() */
    unsigned late_count;
    TrAside aside;
    unsigned insns_at; /* where the IR has the number of instructions */
} Translator;

typedef void X86Emitter(Translator *t, const X86Insn *i);

/* Floating point and vectors (emit/fp*.c of their author): emit the portable
 * form of an instruction of X86_A_X87, MMX, SSE, AVX rows. False: it is not
 * implemented (common code then raises #UD and logs). */
bool x86_emit_fp(Translator *t, const X86Insn *i);

/* ---- values ----------------------------------------------------------------
 */

static inline unsigned tr_log2(unsigned bytes)
{
    return __builtin_ctz(bytes);
}
/* 1, 2, 4, 8 bytes to IR_I8.. */
static inline IrType tr_type(unsigned bytes)
{
    return (IrType)tr_log2(bytes);
}
/* As tr_type(), but at least IR_I32: for operations without narrow forms. */
IrType tr_wide_type(unsigned bytes);
static inline IrVal tr_temp(Translator *t)
{
    return ir_temp(t->ir);
}
IrVal tr_imm(Translator *t, int64_t imm); /* in a temporary */

/* A pc of this block's counting (t->pc, t->next_pc, + distance), as RIP. */
IrVal tr_pc(Translator *t, uint64_t pc);

/* Operand n's value; bits above its size are undefined for registers (use
 * tr_load_zx, tr_load_sx when they matter). May be the register's global
 * itself: read it before it is written. */
IrVal tr_load(Translator *t, const X86Insn *i, unsigned n);
IrVal tr_load_zx(Translator *t, const X86Insn *i, unsigned n);
IrVal tr_load_sx(Translator *t, const X86Insn *i, unsigned n);
/* For an operand that tr_store() will write: memory is checked for writing. */
IrVal tr_load_rmw(Translator *t, const X86Insn *i, unsigned n);
/* Write operand n: 32-bit registers are zero-extended, narrower merged. */
void tr_store(Translator *t, const X86Insn *i, unsigned n, IrVal v);
/* Where a result for operand n may be computed: its register's global if that
 * is written whole (sources are dead then), else a temporary. Give it to
 * tr_store_dest(). */
IrVal tr_dest(Translator *t, const X86Insn *i, unsigned n);
void tr_store_dest(Translator *t, const X86Insn *i, unsigned n, IrVal v);
/* General registers by number, `bytes` wide. */
IrVal tr_reg_zx(Translator *t, unsigned reg, unsigned bytes);
void tr_set_reg(Translator *t, unsigned reg, unsigned bytes, IrVal v);
/* Any value's low bytes, extended. */
IrVal tr_zx(Translator *t, IrVal v, unsigned bytes);
IrVal tr_sx(Translator *t, IrVal v, unsigned bytes);
/* Results in a new temporary. */
IrVal tr_copy(Translator *t, IrVal v);
IrVal tr_op2(Translator *t, IrOp op, IrType type, IrVal a, IrVal b);
IrVal tr_op2i(Translator *t, IrOp op, IrType type, IrVal a, int64_t imm);
/* Status flags in EFLAGS layout; CF alone; a condition as 0 or 1. */
/* translate-flags.c. Before a shift or rotation: its masked count, on which it
 * depends what is undefined (SDM 2B, SAL: OF unless it is one, nothing if it is
 * none); IR_NONE for others. Then, behind the instruction: clear those. */
IrVal tr_flags_count(Translator *t, const X86Insn *i);
void tr_define_flags(Translator *t, const X86Insn *i, IrVal count);
IrVal tr_getf(Translator *t);
void tr_setf(Translator *t, IrVal v);
void tr_setcf(Translator *t, IrVal v);
IrVal tr_setcc(Translator *t, IrCond cond);
/* dst = a cond b ? c : dst, in 64 bits */
void tr_movcond(Translator *t, IrCond cond, IrVal dst, IrVal a, IrVal b,
                IrVal c);

/* ---- memory ----------------------------------------------------------------
 */

/* Compute ea, ea_disp and slot: common code does it before the emitter. */
void tr_set_address(Translator *t, const X86Insn *i);
/* The memory operand's linear address in one value (ea + ea_disp). */
IrVal tr_address(Translator *t);
/* The memory operand, at byte offset `off` in it; size in bytes 1..8. */
IrVal tr_ld(Translator *t, unsigned bytes, int64_t off);
IrVal tr_ld_sx(Translator *t, unsigned bytes);
IrVal tr_ld_rmw(Translator *t, unsigned bytes);
void tr_st(Translator *t, unsigned bytes, int64_t off, IrVal v);
/* The memory operand's bytes are writable, or fault: before several stores. */
void tr_probe_write(Translator *t, unsigned bytes);
/* Locked access to the memory operand: its old value. c: new value of
 * IR_ATOMIC_CMPXCHG (b is what it is compared with), else IR_NONE. */
IrVal tr_atomic(Translator *t, IrAtomic op, unsigned bytes, IrVal b, IrVal c);
/* Offset (not linear) of a memory operand: what LEA gives. */
IrVal tr_lea(Translator *t, const X86Insn *i);
/* Linear address of offset `off` (already wrapped) in segment seg. */
IrVal tr_linear(Translator *t, unsigned seg, IrVal off);
/* translate-align.c. #AC while it is on; for how many bytes a memory operand
 * counts then (0: it may be anywhere); #GP of vectors. */
void tr_check_aligned(Translator *t, IrVal addr, int64_t disp, unsigned bytes);
unsigned tr_aligned_bytes(const X86Insn *i);
void tr_check_vector_aligned(Translator *t, const X86Insn *i);
/* Segments are described, not 64 KiB from a multiple of 16. */
static inline bool tr_is_protected(const Translator *t)
{
    return t->key.pe && !t->key.vm86;
}
/* Has a segment anything to be checked? */
bool tr_has_limit(const Translator *t, unsigned seg);
/* Segment limit and type check of an offset, if the key says there are any, or
 * that the segments are those of real mode. */
void tr_check_limit(Translator *t, unsigned seg, IrVal off, unsigned bytes,
                    bool write);
/* Access descriptions: slot of the memory operand, of the stack. */
IrMem tr_mem(const Translator *t, unsigned bytes, bool write);
IrMem tr_stack_mem(unsigned bytes, bool write);

/* ---- the stack -------------------------------------------------------------
 */

unsigned tr_stack_bytes(const Translator *t); /* width of rSP: 2, 4, 8 */
/* Memory at reg + off, wrapped as the stack is. */
IrVal tr_stack_ld(Translator *t, unsigned reg, int64_t off, unsigned bytes);
/* Faults if storing there would. */
void tr_stack_probe(Translator *t, unsigned reg, int64_t off, unsigned bytes);
/* Faults if it is beyond the stack's limit. */
void tr_stack_check(Translator *t, unsigned reg, int64_t off, unsigned bytes);
void tr_stack_st(Translator *t, unsigned reg, int64_t off, unsigned bytes,
                 IrVal v);
void tr_stack_add(Translator *t, int64_t n); /* to rSP: after the access */
void tr_push(Translator *t, unsigned bytes, IrVal v);
/* What POP reads; commit with tr_stack_add(t, bytes). */
IrVal tr_top(Translator *t, unsigned bytes);
void tr_top_to(Translator *t, unsigned bytes, IrVal v); /* zero-extended */

/* ---- control ---------------------------------------------------------------
 */

/* Raise; error < 0: none. May stand under a condition; tr_raise_end() also ends
 * the block. */
void tr_raise(Translator *t, X86Vector vector, int error);
void tr_raise_end(Translator *t, X86Vector vector, int error);
/* #GP(0) unless the address's upper bits, from bits - 1 on, are all alike. */
void tr_must_be_canonical(Translator *t, IrVal v, unsigned bits);
/* The ways out. Each stops this path; tr_end() says that no path goes on.
 * Direct, exit number n (0, 1), to a constant pc; polls on the way back. */
void tr_exit(Translator *t, unsigned n, uint64_t pc);
/* A branch to the label, which is not placed yet, may leave to pc while the
 * block goes on. False: it ends there. */
bool tr_exit_aside(Translator *t, unsigned label, uint64_t pc);
void tr_exit_value(Translator *t, IrVal pc); /* indirect, pc in a value */
/* The same for a near branch that has added `moved` to rSP, which is taken back
 * if pc turns out to be no address: x86_check_branch(). What is not asked there
 * (CS's limit) is by tr_check_branch(), before rSP has moved; bytes: the
 * operand size. */
void tr_branch(Translator *t, IrVal pc, int moved);
void tr_check_branch(Translator *t, IrVal pc, unsigned bytes);
/* CS's limit for a constant: true if pc is beyond it (raise), false if it is
 * not or if that is asked by what was emitted. */
bool tr_beyond_limit(Translator *t, uint64_t pc);
void tr_exit_env(Translator *t); /* to env->pc, polling: after JUMP helpers */
/* To a constant pc by the lookup, polling: the key may have changed. */
void tr_exit_lookup(Translator *t, uint64_t pc);
void tr_leave(Translator *t, int reason); /* env->pc is set */
void tr_end(Translator *t);
/* A label at the block's end from where tr_exit_lookup(pc) is done. */
unsigned tr_late(Translator *t, uint64_t pc);
/* One from where the present instruction raises, with 0 as its error code. */
unsigned tr_late_raise(Translator *t, X86Vector vector);
/* Leave at the next instruction if asked to: after what may have raised an
 * interrupt or changed the memory map. */
void tr_poll_next(Translator *t);
/* CHANGE helpers: if v is not 0, go on at the next instruction through the
 * lookup instead of in this block. */
void tr_change(Translator *t, IrVal v);

/* Helper call with up to three values and one constant. */
static inline void tr_call(Translator *t, const TcgHelper *h, IrVal dst,
                           IrVal a, IrVal b, IrVal c, int64_t d)
{
    ir_call(t->ir, h, dst, a, b, c, d);
}

/* ---- patched operands (translate-patch.c) ----------------------------------
 */

/* The instruction at pos of the first page is about to be emitted: load those
 * of its operands that keep being stored to. */
void tr_patch(Translator *t, X86CodeFetch *f, unsigned pos, X86Insn *i);

/* ---- native (native.c) -----------------------------------------------------
 */

/* Emit the instruction as itself; false if it cannot be. */
bool tr_native(Translator *t, const X86Insn *i);
/* NativeMask: how a mask counts the memory operand's elements; 0: there is no
 * mask. */
uint32_t tr_native_mask(const X86Insn *i);

#endif
