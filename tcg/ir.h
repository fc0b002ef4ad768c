/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of intermediate representation. A front end appends instructions,
 * passes rewrite them, a back end turns them into something that runs.
 *
 * Rules (the verifier checks them): labels are forward only; a temporary is
 * assigned before it is used on every path and does not live across INSN; a
 * guest instruction changes globals, flags and memory only after its last
 * operation that can fault (so a fault finds the state before it). Flags and
 * globals live across everything. The block ends with an IRA_END operation.
 *
 * Blocks are reused: ir_reset() keeps the arrays, so translating allocates
 * nothing in the steady state.
 */
#ifndef TCG_IR_H
#define TCG_IR_H

#include "tcg/env.h"
#include "tcg/ops.h"

#include <glib.h>

typedef uint16_t IrVal;
#define IR_TEMP0 TCG_GLOBALS   /* values below are globals */
#define IR_IMM ((IrVal)0xfffe) /* the constant insn->imm */
#define IR_NONE ((IrVal)0xffff)

typedef enum IrType { IR_I8, IR_I16, IR_I32, IR_I64 } IrType;

/* The x86's own numbering of conditions (SDM 1 B.1), so that flag conditions
 * are used as they come; for BRCOND, SETCOND and MOVCOND: a cond b (not O, S,
 * P and their negations, which look at single flags). */
typedef enum IrCond {
    IR_CC_O,
    IR_CC_NO,
    IR_CC_B,
    IR_CC_AE,
    IR_CC_E,
    IR_CC_NE,
    IR_CC_BE,
    IR_CC_A,
    IR_CC_S,
    IR_CC_NS,
    IR_CC_P,
    IR_CC_NP,
    IR_CC_L,
    IR_CC_GE,
    IR_CC_LE,
    IR_CC_G,
} IrCond;

typedef enum IrAtomic {
    IR_ATOMIC_XCHG,
    IR_ATOMIC_ADD,
    IR_ATOMIC_AND,
    IR_ATOMIC_OR,
    IR_ATOMIC_XOR,
    IR_ATOMIC_CMPXCHG,
} IrAtomic;

/* How a memory access is made. */
typedef struct IrMem {
    uint8_t size; /* log2 of bytes, 0..3; NATIVE: bytes in NativeInsn */
    uint8_t slot; /* which TcgSlot of the block's mode; bit 0 set for writes */
    uint8_t sign : 1; /* LD sign-extends to 64 bits (to the type's width, then
                         zero-extends, if type is I32) */
    uint8_t rmw : 1;  /* LD: must be writable too (a store will follow) */
    uint8_t poll : 1; /* EXIT */
    uint8_t far : 1;  /* EXIT: of a relative block, to another page */
    uint8_t mode : 2; /* MMU mode if not the block's (explicit supervisor
                         accesses): see has_mode */
    uint8_t has_mode : 1;
    uint8_t
        steady : 1; /* nearly always the same page as before: the slot has it */
} IrMem;

enum IrDead {
    IR_DEAD_FLAGS = 1 << 0, /* the flags that this writes are never read */
    IR_DEAD_AFTER = 1 << 1, /* no flag at all is read after this (before it
                               is written again): free to clobber */
};

/* imm2 of EXITR. */
enum IrExitr {
    IR_EXITR_RELATIVE = 1 << 0, /* the target may be relative */
    IR_EXITR_BRANCH = 1 << 1,   /* the guest's own: may be refused, and then */
    IR_EXITR_MOVED = 2, /* shift: what it has added to the stack pointer */
};

typedef struct IrInsn {
    uint8_t op;   /* IrOp */
    uint8_t type; /* IrType */
    uint8_t cond; /* IrCond, IrAtomic or exit number */
    uint8_t dead; /* IrDead, set by the passes */
    IrVal dst, a, b, c;
    IrMem mem;
    int64_t imm;
    int64_t imm2;
} IrInsn;

/* ---- Helpers: C functions that translated code calls ----------------------
 */

typedef enum TcgHelperFlags {
    /* Compiled -mgeneral-regs-only and calling only such: the guest's vector
     * state stays in the host's registers. Without it env's FPU image is
     * current during the call and loaded again afterwards. */
    TCG_LIGHT = 1 << 0,
    TCG_MAY_RAISE = 1 << 1,      /* may not return: tcg_unwind() */
    TCG_READS_FLAGS = 1 << 2,    /* env->flags must be current */
    TCG_WRITES_FLAGS = 1 << 3,   /* env->flags is the new value */
    TCG_WRITES_GLOBALS = 1 << 4, /* env->r[] is changed; it is always current
                                    for reading */
    TCG_PURE = 1 << 5,           /* result depends on the arguments only */
} TcgHelperFlags;

/* A helper without arguments or result that changes memory, and globals as the
 * x86's REP MOVS and STOS do: a back end may do all of that by itself where it
 * is plain RAM, and then does not call it. An element has 1 << (d &
 * TCG_QUICK_SIZE) bytes. */
typedef enum TcgQuick {
    TCG_QUICK_NONE,
    TCG_QUICK_COPY, /* global 1 elements from linear address global 6 on to
                       global 7 on, one after the other */
    TCG_QUICK_FILL, /* global 1 elements, each global 0, to global 7 on */
} TcgQuick;
enum { TCG_QUICK_SIZE = 3, TCG_QUICK_SIZES };

typedef uint64_t TcgHelperFn(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d);

typedef struct TcgHelper {
    const char *name;
    TcgHelperFn *fn;
    unsigned flags;
    uint8_t quick;       /* TcgQuick; not if */
    uint8_t unless_bits; /* one of these is set in the byte of the CPU struct */
    uint16_t unless;     /* at this offset */
} TcgHelper;

/* ---- Native instructions --------------------------------------------------
 */

typedef enum NativeReg {
    NATIVE_REG_FIXED, /* ModRM field kept: opcode extension, vector, x87, MMX */
    NATIVE_REG_GPR,   /* general register 0..15 (with REX/VEX bits applied) */
    NATIVE_REG_GPR8,  /* byte register without REX: 4..7 are AH CH DH BH */
} NativeReg;

/*
 * Which elements of a memory operand are accessed: those whose bit is set in an
 * opmask register. What is not accessed must not fault.
 */
enum {
    NATIVE_MASK_REG = 7,         /* k1..k7: bits 0..2 */
    NATIVE_MASK_ELEMENT = 3,     /* log2 of an element's bytes: bits 3..5 */
    NATIVE_MASK_PACKED = 1 << 6, /* as many elements as bits are set */
    NATIVE_MASK_BITS = 8,        /* bits of the mask that count, 1..64; if
                                    there are fewer elements they repeat */
};

static inline uint64_t native_low_bits(unsigned n)
{
    return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

static inline unsigned native_mask_element(uint32_t mask)
{
    return 1u << (mask >> NATIVE_MASK_ELEMENT & 7);
}

/* The elements of an operand of so many bytes, as bits; k: the register. */
static inline uint64_t native_mask_elements(uint32_t mask, uint64_t k,
                                            unsigned bytes)
{
    unsigned bits = mask >> NATIVE_MASK_BITS;
    unsigned count = bytes / native_mask_element(mask);
    uint64_t v = k & native_low_bits(bits);

    if (mask & NATIVE_MASK_PACKED) {
        v = native_low_bits(__builtin_popcountll(v));
    }
    for (; bits > count; bits -= count) {
        v |= v >> (bits - count) & native_low_bits(count);
    }
    return v & native_low_bits(count);
}

/*
 * One x86 instruction to be executed as itself: encoding with the register
 * numbers split out, so that a back end can put its own in. The prefixes 66,
 * F2, F3, F0 that belong to the encoding are flags here; segment and address
 * size prefixes do not occur (the address is operand a).
 */
typedef struct NativeInsn {
    uint8_t map; /* 0: one-byte, 1: 0F, 2: 0F38, 3: 0F3A */
    uint8_t opcode;
    bool modrm;
    bool p66, pf2, pf3, lock;
    bool rex_w;
    uint8_t vex;   /* 0: legacy, 1: VEX, 2: EVEX */
    uint8_t vex_l; /* vector length */
    uint8_t evex_aaa, evex_z, evex_b;
    uint8_t reg, rm, vvvv;                /* full numbers, 0..31 */
    uint8_t reg_kind, rm_kind, vvvv_kind; /* NativeReg */
    bool mem;      /* rm is memory at linear address a (+ imm2) of the IrInsn */
    bool byte_rex; /* byte registers 4..7 of kind GPR are SPL..DIL */
    bool opcode_reg;    /* register is in opcode bits 0..2 (BSWAP): `reg` */
    uint16_t mem_bytes; /* 1..512 */
    bool mem_write;     /* also for read-modify-write */
    bool mem_fill;     /* writes all of it and reads none: if the access must go
                          through load_bytes() and store_bytes(), it need not load.
                          False is always right for RAM, not for devices */
    uint8_t disp_unit; /* EVEX: what a displacement of one byte counts */
    uint32_t mask;     /* NativeMask, of a memory operand that has one; or 0 */
    uint8_t imm_bytes;
    uint32_t imm;
    uint16_t gpr_in;   /* general registers read, implicit ones included */
    uint16_t gpr_out;  /* and written; a 32-bit write clears the upper half */
    uint8_t flags_in;  /* IrFlags read; those it may keep, too */
    uint8_t flags_out; /* and written */
    bool flags_sure;   /* always: not on a condition */
    uint8_t fp_env;    /* 1: reads or writes x87/MXCSR control: no reordering */
} NativeInsn;

/* ---- Status flags -----------------------------------------------------------
 */

enum IrFlags {
    IR_FLAG_C = 1 << 0,
    IR_FLAG_P = 1 << 1,
    IR_FLAG_A = 1 << 2,
    IR_FLAG_Z = 1 << 3,
    IR_FLAG_S = 1 << 4,
    IR_FLAG_O = 1 << 5,
    IR_FLAGS_ALL = 0x3f,
};

/* Sets of IrFlag. Bits of one word, as the function that returns it is called
 * for every operation, several times. */
typedef struct IrFlagUse {
    uint32_t reads : 8;
    uint32_t may_write : 8;
    uint32_t writes : 8; /* always */
} IrFlagUse;

/* ---- Blocks -----------------------------------------------------------------
 */

/* How a back end that has two kinds of checks for an access, by a slot and by
 * the table, chooses. Accesses with a check are counted in their order: sites.
 */
typedef enum IrChecksKind {
    IR_CHECKS_GUESSED, /* slots for IrMem.steady and in tight loops */
    IR_CHECKS_COUNTED, /* the same, and the block's entries are counted, but of
                          a tight loop */
    IR_CHECKS_TRIED,   /* entries and misses are counted */
    IR_CHECKS_CHOSEN,
} IrChecksKind;

typedef struct IrChecks {
    IrChecksKind kind;
    uint8_t trial;  /* TRIED: place in env->trial */
    uint32_t table; /* TRIED, CHOSEN: a bit for each site that looks in the
                       table */
} IrChecks;

typedef struct IrBlock {
    IrInsn *insns;
    unsigned count, capacity;
    NativeInsn *native;
    unsigned native_count, native_capacity;
    unsigned temps; /* values used: IR_TEMP0 + n */
    unsigned labels;
    uint64_t pc; /* of the first guest instruction, as in env->pc */
    unsigned guest_insns;
    uint8_t mode;     /* MMU mode its accesses are made in */
    bool count_insns; /* add to env->insn_count at each INSN */
    bool relative;    /* guest pcs of INSN and EXIT, and `pc`, count from
                         env->pc_base, so the block runs at any page; EXITR and
                         far EXIT set it, others stay inside the page */
    bool exact_flags; /* keep flags at every instruction, as lock-step needs */
    bool defined_flags; /* what is undefined of them is cleared */
    bool plain;         /* accesses share no checks */
    IrChecks checks;
    void *scratch; /* the passes' */
    size_t scratch_size;
} IrBlock;

void ir_init(IrBlock *b);
void ir_clear(IrBlock *b);
void ir_reset(IrBlock *b, uint64_t pc, uint8_t mode);

static inline IrVal ir_temp(IrBlock *b)
{
    return IR_TEMP0 + b->temps++;
}

/* What an operation reads and writes (flags.c). A memory access reads none, nor
 * does an exit. */
IrFlagUse ir_flag_use(const IrBlock *b, const IrInsn *insn);

IrInsn *ir_append(IrBlock *b, IrOp op); /* zeroed, dst..c = IR_NONE */
NativeInsn *ir_append_native(IrBlock *b, unsigned *index);

/* Builders; type first. rhs forms ending in i take the constant. */
void ir_op1(IrBlock *b, IrOp op, IrType t, IrVal dst, IrVal a);
void ir_op2(IrBlock *b, IrOp op, IrType t, IrVal dst, IrVal a, IrVal rhs);
void ir_op2i(IrBlock *b, IrOp op, IrType t, IrVal dst, IrVal a, int64_t imm);
void ir_movi(IrBlock *b, IrVal dst, int64_t imm);
void ir_extract(IrBlock *b, IrVal dst, IrVal a, unsigned pos, unsigned len);
void ir_deposit(IrBlock *b, IrType t, IrVal dst, IrVal a, IrVal v, unsigned pos,
                unsigned len);
void ir_setcond(IrBlock *b, IrCond c, IrType t, IrVal dst, IrVal a, IrVal rhs);
void ir_setcondi(IrBlock *b, IrCond c, IrType t, IrVal dst, IrVal a,
                 int64_t imm);
unsigned ir_new_label(IrBlock *b);
void ir_label(IrBlock *b, unsigned label);
void ir_br(IrBlock *b, unsigned label);
void ir_brcond(IrBlock *b, IrCond c, IrType t, IrVal a, IrVal rhs,
               unsigned label);
void ir_brcondi(IrBlock *b, IrCond c, IrType t, IrVal a, int64_t imm,
                unsigned label);
void ir_brf(IrBlock *b, IrCond c, unsigned label);
void ir_ldenv(IrBlock *b, unsigned size_log2, IrVal dst, size_t off);
void ir_stenv(IrBlock *b, unsigned size_log2, IrVal v, size_t off);
void ir_stenvi(IrBlock *b, unsigned size_log2, int64_t v, size_t off);
/* What is at `host` when the block runs, there as long as that. */
void ir_ldhost(IrBlock *b, unsigned size_log2, bool sign, IrVal dst,
               const void *host);
void ir_ld(IrBlock *b, IrType t, IrVal dst, IrVal addr, int64_t disp, IrMem m);
void ir_st(IrBlock *b, IrVal addr, int64_t disp, IrVal v, IrMem m);
void ir_call(IrBlock *b, const TcgHelper *h, IrVal dst, IrVal a, IrVal arg2,
             IrVal arg3, int64_t arg4);
/* Exit n, one of IR_EXITS. */
enum { IR_EXITS = 3 };
void ir_exit(IrBlock *b, unsigned n, uint64_t pc, bool poll);
/* The same from a relative block to another page. */
void ir_exit_far(IrBlock *b, unsigned n, uint64_t pc, bool poll);
void ir_exit_indirect(IrBlock *b, IrVal pc);
/* The same as the guest's own branch, which has added `moved` to its stack
 * pointer: TcgContext.lookup may refuse it. */
void ir_exit_branch(IrBlock *b, IrVal pc, int moved);
void ir_leave(IrBlock *b, int reason);

extern const char *const ir_op_names[IR_OP_COUNT];
extern const uint8_t ir_op_attrs[IR_OP_COUNT];
extern const uint8_t ir_op_results[IR_OP_COUNT];
extern const uint8_t ir_op_sources[IR_OP_COUNT];

void ir_print(const IrBlock *b, GString *out); /* tcg/print.c */
/* False with the reason and the offending instruction's index. */
bool ir_verify(const IrBlock *b, GString *why); /* tcg/verify.c */
/* Passes, tcg/opt/: constant folding and copy propagation, dead flags, dead
 * temporaries. Without it no IrDead bit is set. Status flags that no
 * instruction reads may be stale when a memory access faults, unless
 * exact_flags is set; everything else is precise. */
void ir_optimise(IrBlock *b);

#endif
