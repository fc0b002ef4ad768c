/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The intermediate representation's operations: one line each. Enum, names,
 * printer, verifier, passes, interpreter and back ends follow this table.
 *
 *   OP(NAME, "text", results, sources, attributes)
 *
 * Values are 64-bit containers. An operation of type I32 or I64 computes in
 * that width and zero-extends its result; types I8 and I16 are for flag-setting
 * operations, and leave the result's higher bits undefined. A source may be a
 * global, a temporary or (the last one only) the constant `imm`. Shift counts
 * of plain shifts are taken modulo the width.
 *
 * There is one set of status flags, the x86's (CF PF AF ZF SF OF). Operations
 * marked FW write all of it, FP write a part of it and keep the rest (the
 * table in ir.h's comment says which), FR read it.
 */
#ifndef TCG_OPS_H
#define TCG_OPS_H

enum {
    IRA_FR = 1 << 0,   /* reads flags */
    IRA_FW = 1 << 1,   /* writes all flags */
    IRA_FP = 1 << 2,   /* writes some flags, keeps others */
    IRA_SIDE = 1 << 3, /* has effects: never removed */
    IRA_MEM = 1 << 4,  /* guest memory: uses insn->mem, may fault */
    IRA_END = 1 << 5,  /* ends the block */
    IRA_CALL = 1 << 6,
    IRA_COND = 1 << 7, /* uses insn->cond */
};

/* clang-format off */
#define IR_OPS(OP) \
    /* structure */ \
    OP(NOP,      "nop",      0, 0, 0) \
    OP(INSN,     "insn",     0, 0, IRA_SIDE)  /* guest instruction starts: imm = pc */ \
    OP(LABEL,    "label",    0, 0, IRA_SIDE)  /* imm = label */ \
    OP(BR,       "br",       0, 0, IRA_SIDE)  /* imm = label, forward only */ \
    OP(BRCOND,   "brcond",   0, 2, IRA_SIDE | IRA_COND) /* if a cond b goto label c: b may not be constant unless c_imm; label in insn->c */ \
    OP(BRF,      "brf",      0, 0, IRA_SIDE | IRA_COND | IRA_FR) /* if flags cond goto imm */ \
    /* moves and plain arithmetic: flags untouched */ \
    OP(MOV,      "mov",      1, 1, 0) \
    OP(ADD,      "add",      1, 2, 0) \
    OP(SUB,      "sub",      1, 2, 0) \
    OP(AND,      "and",      1, 2, 0) \
    OP(OR,       "or",       1, 2, 0) \
    OP(XOR,      "xor",      1, 2, 0) \
    OP(SHL,      "shl",      1, 2, 0) \
    OP(SHR,      "shr",      1, 2, 0) \
    OP(SAR,      "sar",      1, 2, 0) \
    OP(ROL,      "rol",      1, 2, 0) \
    OP(ROR,      "ror",      1, 2, 0) \
    OP(MUL,      "mul",      1, 2, 0)  /* low half */ \
    OP(MULUH,    "muluh",    1, 2, 0)  /* high half, unsigned */ \
    OP(MULSH,    "mulsh",    1, 2, 0) \
    OP(NEG,      "neg",      1, 1, 0) \
    OP(NOT,      "not",      1, 1, 0) \
    OP(BSWAP,    "bswap",    1, 1, 0) \
    OP(EXTU8,    "extu8",    1, 1, 0) \
    OP(EXTU16,   "extu16",   1, 1, 0) \
    OP(EXTU32,   "extu32",   1, 1, 0) \
    OP(EXTS8,    "exts8",    1, 1, 0) \
    OP(EXTS16,   "exts16",   1, 1, 0) \
    OP(EXTS32,   "exts32",   1, 1, 0) \
    OP(EXTRACT,  "extract",  1, 1, 0)  /* bits imm&63 .. len imm>>8, zero-extended */ \
    OP(DEPOSIT,  "deposit",  1, 2, 0)  /* a with b put at bit imm&63, length imm>>8; b never constant */ \
    OP(CLZ,      "clz",      1, 1, 0)  /* of zero: the width */ \
    OP(CTZ,      "ctz",      1, 1, 0) \
    OP(POPCNT,   "popcnt",   1, 1, 0) \
    OP(SETCOND,  "setcond",  1, 2, IRA_COND)  /* 0 or 1 */ \
    OP(MOVCOND,  "movcond",  1, 3, IRA_COND)  /* dst = (a cond b) ? c : dst */ \
    /* flag-setting, typed I8..I64; x86 meaning of each flag */ \
    OP(ADDF,     "addf",     1, 2, IRA_FW) \
    OP(SUBF,     "subf",     1, 2, IRA_FW) \
    OP(ADCF,     "adcf",     1, 2, IRA_FW | IRA_FR) \
    OP(SBBF,     "sbbf",     1, 2, IRA_FW | IRA_FR) \
    OP(CMPF,     "cmpf",     0, 2, IRA_FW) \
    OP(ANDF,     "andf",     1, 2, IRA_FW)  /* AF undefined: set to 0 */ \
    OP(ORF,      "orf",      1, 2, IRA_FW) \
    OP(XORF,     "xorf",     1, 2, IRA_FW) \
    OP(TESTF,    "testf",    0, 2, IRA_FW) \
    OP(INCF,     "incf",     1, 1, IRA_FP)  /* keeps CF */ \
    OP(DECF,     "decf",     1, 1, IRA_FP) \
    OP(NEGF,     "negf",     1, 1, IRA_FW) \
    OP(SHLF,     "shlf",     1, 2, IRA_FP)  /* count masked to 5 bits (6 for I64); 0 keeps all flags */ \
    OP(SHRF,     "shrf",     1, 2, IRA_FP) \
    OP(SARF,     "sarf",     1, 2, IRA_FP) \
    OP(ROLF,     "rolf",     1, 2, IRA_FP)  /* writes CF, OF only */ \
    OP(RORF,     "rorf",     1, 2, IRA_FP) \
    OP(IMULF,    "imulf",    1, 2, IRA_FW)  /* signed, low half; CF=OF=overflow */ \
    OP(GETF,     "getf",     1, 0, IRA_FR)  /* the six flags in EFLAGS layout */ \
    OP(SETF,     "setf",     0, 1, IRA_FW)  /* from EFLAGS layout */ \
    OP(SETCF,    "setcf",    0, 1, IRA_FP)  /* CF = bit 0 of a */ \
    OP(SETCC,    "setcc",    1, 0, IRA_FR | IRA_COND) /* flags condition: 0 or 1 */ \
    OP(CMOVCC,   "cmovcc",   1, 1, IRA_FR | IRA_COND) /* if flags cond: dst = a (else dst, both zero-extended if I32) */ \
    /* the CPU struct: imm = byte offset from env; type of access in insn->mem size */ \
    OP(LDENV,    "ldenv",    1, 0, 0)       /* zero-extends */ \
    OP(STENV,    "stenv",    0, 1, IRA_SIDE) /* a never constant */ \
    OP(STENVI,   "stenvi",   0, 0, IRA_SIDE) /* constant: insn->imm2 */ \
    /* the host's memory at address imm, by one access; extends to 64 bits, as mem says */ \
    OP(LDHOST,   "ldhost",   1, 0, 0) \
    /* guest memory at linear address a + imm2 */ \
    OP(LD,       "ld",       1, 1, IRA_SIDE | IRA_MEM) \
    OP(ST,       "st",       0, 2, IRA_SIDE | IRA_MEM) \
    OP(PROBEW,   "probew",   0, 1, IRA_SIDE | IRA_MEM) /* fault if mem.size bytes at a are not writable */ \
    OP(ATOMIC,   "atomic",   1, 3, IRA_SIDE | IRA_MEM | IRA_COND) /* cond = IrAtomic; dst = old value; c only for CMPXCHG (new) */ \
    /* the guest's own instruction on a host of the same kind: imm = index in block->native */ \
    OP(NATIVE,   "native",   0, 1, IRA_SIDE | IRA_FR | IRA_FP) /* flags as its NativeInsn says; a = address if it has memory */ \
    /* helpers: imm = (uintptr_t)const TcgHelper * */ \
    OP(CALL,     "call",     1, 3, IRA_SIDE | IRA_CALL) /* dst IR_NONE if no result; 4th argument: imm2 constant */ \
    /* leaving */ \
    OP(EXIT,     "exit",     0, 0, IRA_SIDE | IRA_END)  /* direct: to pc imm; cond = exit number; mem.poll: notice exit_request; mem.far */ \
    OP(EXITR,    "exitr",    0, 1, IRA_SIDE | IRA_END)  /* indirect: to pc in a, through the jump cache; imm2: IrExitr */ \
    OP(LEAVE,    "leave",    0, 0, IRA_SIDE | IRA_END)  /* to the run loop; env->pc is set; imm = TcgLeave */
/* clang-format on */

typedef enum IrOp {
#define OP(name, text, r, s, attr) IR_##name,
    IR_OPS(OP)
#undef OP
        IR_OP_COUNT
} IrOp;

#endif
