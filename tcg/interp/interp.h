/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's dense form of a block, and its state while it runs one;
 * for tcg/interp/ only.
 *
 * A value is an index into env->r[]: globals from 0 upward, temporaries
 * downward from where the struct begins, in the stack that tcg_env_alloc() puts
 * below it (the interpreter itself runs on the thread's own stack). So every
 * operand is one indexed load, whatever it is.
 */
#ifndef TCG_INTERP_INTERP_H
#define TCG_INTERP_INTERP_H

#include "tcg/backend.h"

typedef struct InterpOp {
    uint16_t code; /* INTERP_CODE() */
    int16_t dst, a, b, c;
    uint8_t cond;  /* IrCond, IrAtomic, exit; flag-setting: 64 - width */
    uint8_t size;  /* log2 of a memory access */
    uint8_t mode;  /* MMU mode of a memory access */
    uint8_t type;  /* IrType */
    uint8_t flags; /* INTERP_* */
    int64_t imm;   /* branches: ops to skip */
    int64_t imm2;
} InterpOp;

enum {
    INTERP_SIGN = 1 << 0,
    INTERP_RMW = 1 << 1,
    INTERP_POLL = 1 << 2,
    INTERP_COUNT = 1 << 3,
    INTERP_FAR = 1 << 4,
};

/* What the loop switches on: operation, type, and whether the last source is
 * the constant. */
#define INTERP_CODE(op, type, constant) ((op)*8 + (type)*2 + (constant))

typedef struct InterpCode {
    TcgCode *code; /* whose it is */
    unsigned count;
    bool relative;
    InterpOp ops[];
} InterpCode;

/* How the present flags are known. Operands and result are kept shifted to the
 * top of 64 bits, so that most conditions are one comparison for any width. */
typedef enum InterpFlagsKind {
    INTERP_FLAGS_ENV, /* env->flags */
    INTERP_FLAGS_ADD,
    INTERP_FLAGS_SUB,
    INTERP_FLAGS_LOGIC,
    INTERP_FLAGS_INC, /* carry is in b */
    INTERP_FLAGS_DEC,
} InterpFlagsKind;

typedef struct InterpState {
    TcgEnv *env;
    TcgContext *ctx;
    InterpFlagsKind kind;
    uint8_t shift;
    uint64_t res, a, b;
    uint64_t pc;   /* of the guest instruction being executed */
    uint64_t base; /* what the present block's pcs count from */
    bool synced;   /* env->pc was made exact by the present helper */
    int reason;
    void *jump[5]; /* __builtin_setjmp */
} InterpState;

int interp_run(TcgContext *ctx, void *env, TcgCode *code);

#endif
