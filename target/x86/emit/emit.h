/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emitters' table, the helpers that stand beside them, and what several of
 * their files share. An emitter's name is its row's mnemonic.
 */
#ifndef TARGET_X86_EMIT_EMIT_H
#define TARGET_X86_EMIT_EMIT_H

#include "target/x86/system/helpers.h"
#include "target/x86/translate.h"

typedef struct EmitRow {
    X86Emitter *emit; /* NULL: floating point, or not implemented */
    bool plain;       /* the IR form is better than the native one */
} EmitRow;

extern const EmitRow emit_table[X86_MNEMONIC_COUNT];

/* ---- shared ----------------------------------------------------------------
 */

/* Compare and exchange the memory operand; start the instruction again if it
 * was not `old` any more. */
void tr_exchange(Translator *t, unsigned bytes, IrVal old, IrVal v);
/* True if UMIP forbids the instruction: #GP was emitted. */
bool tr_umip(Translator *t);
/* In an SVM guest: leave before the instruction, if its host wants that. */
void tr_intercept(Translator *t, const X86Insn *i);
/* The same for ports; what: SVM_IO_IN, _STRING, _REP. */
void tr_intercept_io(Translator *t, const X86Insn *i, IrVal port,
                     unsigned bytes, uint32_t what);
/* What the string helpers want to know, as a constant. */
int64_t tr_string_desc(const X86Insn *i, unsigned bytes);
enum {
    STRING_REP = 1 << 8,
    STRING_REPNE = 1 << 9,
    STRING_FLAT = 1 << 10,    /* 64-bit addresses in segments without base */
    STRING_COUNTED = 1 << 11, /* env->insn_count is kept */
};

/* ---- int-helpers.c ---------------------------------------------------------
 */

extern const TcgHelper x86_helper_div;  /* (divisor, , , bytes) */
extern const TcgHelper x86_helper_idiv; /* (divisor, , , bytes) */
extern const TcgHelper x86_helper_rcl;  /* (value, count, , bytes): value */
extern const TcgHelper x86_helper_rcr;
extern const TcgHelper x86_helper_shld; /* (dst, src, count, bytes): value */
extern const TcgHelper x86_helper_shrd;
extern const TcgHelper x86_helper_aaa; /* (AX): AX */
extern const TcgHelper x86_helper_aas;
extern const TcgHelper x86_helper_daa;
extern const TcgHelper x86_helper_das;
extern const TcgHelper x86_helper_aad; /* (AX, base): AX */
extern const TcgHelper x86_helper_aam;
extern const TcgHelper x86_helper_bextr; /* (value, control): value */
extern const TcgHelper x86_helper_bzhi;  /* (value, index): value */
extern const TcgHelper x86_helper_pdep;  /* (value, mask): value */
extern const TcgHelper x86_helper_pext;
extern const TcgHelper x86_helper_crc32;      /* (crc, data, , bytes): crc */
extern const TcgHelper x86_helper_cmpxchg16b; /* (linear address) */
extern const TcgHelper x86_helper_fence;      /* (): a full host barrier */

/* ---- string-helpers.c: the constant is tr_string_desc() --------------------
 */

extern const TcgHelper x86_helper_rep_movs; /* () */
extern const TcgHelper x86_helper_rep_stos;
extern const TcgHelper x86_helper_flat_rep_movs; /* with STRING_FLAT */
extern const TcgHelper x86_helper_flat_rep_stos;
extern const TcgHelper x86_helper_rep_cmps;
extern const TcgHelper x86_helper_rep_scas;
/* prepare (): number of elements; transfer (port, bytes, elements); finish
 * (elements): non-zero: not done yet. */
extern const TcgHelper x86_helper_ins_prepare;
extern const TcgHelper x86_helper_ins_transfer;
extern const TcgHelper x86_helper_ins_finish;
extern const TcgHelper x86_helper_outs_prepare;
extern const TcgHelper x86_helper_outs_transfer;
extern const TcgHelper x86_helper_outs_finish;

/* ---- emitters ---------------------------------------------------------------
 */

/* integer.c */
X86Emitter emit_MOV, emit_MOVZX, emit_MOVSX, emit_MOVBE, emit_BSWAP, emit_LEA,
    emit_XLAT, emit_XCHG, emit_CMOVCC, emit_SETCC, emit_CBW, emit_CWD,
    emit_SALC, emit_NOP, emit_CLFLUSH, emit_ADD, emit_SUB, emit_AND, emit_OR,
    emit_XOR, emit_ADC, emit_SBB, emit_CMP, emit_TEST, emit_XADD, emit_CMPXCHG,
    emit_CMPXCHG8B, emit_CMPXCHG16B, emit_INC, emit_DEC, emit_NEG, emit_NOT,
    emit_MUL, emit_IMUL, emit_IMUL2, emit_IMUL3, emit_MULX, emit_DIV, emit_IDIV,
    emit_ADCX, emit_ADOX, emit_AAA, emit_AAS, emit_DAA, emit_DAS, emit_AAD,
    emit_AAM;
/* shift.c */
X86Emitter emit_SHL, emit_SHR, emit_SAR, emit_ROL, emit_ROR, emit_RCL, emit_RCR,
    emit_SHLD, emit_SHRD, emit_SHLX, emit_SHRX, emit_SARX, emit_RORX;
/* bit.c */
X86Emitter emit_BT, emit_BTS, emit_BTR, emit_BTC, emit_BSF, emit_BSR,
    emit_LZCNT, emit_TZCNT, emit_POPCNT, emit_ANDN, emit_BLSI, emit_BLSMSK,
    emit_BLSR, emit_BEXTR, emit_BZHI, emit_PDEP, emit_PEXT, emit_CRC32;
/* control.c */
X86Emitter emit_JMP, emit_JCC, emit_JCXZ, emit_LOOP, emit_LOOPE, emit_LOOPNE,
    emit_CALL, emit_RET, emit_BOUND, emit_UD, emit_JMPF, emit_CALLF, emit_RETF,
    emit_IRET, emit_SYSCALL, emit_SYSRET, emit_SYSENTER, emit_SYSEXIT, emit_INT,
    emit_INT1, emit_INT3, emit_INTO;
/* stack.c */
X86Emitter emit_PUSH, emit_POP, emit_PUSHA, emit_POPA, emit_PUSHF, emit_POPF,
    emit_ENTER, emit_LEAVE;
/* flags.c */
X86Emitter emit_CLC, emit_STC, emit_CMC, emit_LAHF, emit_SAHF, emit_CLD,
    emit_STD, emit_CLI, emit_STI, emit_CLAC, emit_STAC;
/* segment.c */
X86Emitter emit_MOV_SEG, emit_LDS, emit_LES, emit_LFS, emit_LGS, emit_LSS,
    emit_ARPL, emit_LAR, emit_LSL, emit_VERR, emit_VERW, emit_LLDT, emit_LTR,
    emit_SLDT, emit_STR, emit_SGDT, emit_SIDT, emit_LGDT, emit_LIDT,
    emit_RDFSBASE, emit_RDGSBASE, emit_WRFSBASE, emit_WRGSBASE, emit_SWAPGS;
/* line.c */
X86Emitter emit_MOVDIR64B, emit_CLZERO;
/* system.c */
X86Emitter emit_MOV_CR, emit_MOV_DR, emit_CLTS, emit_LMSW, emit_SMSW,
    emit_RDMSR, emit_WRMSR, emit_RDTSC, emit_RDTSCP, emit_RDPMC, emit_CPUID,
    emit_RDPID, emit_RDRAND, emit_XGETBV, emit_XSETBV, emit_RDPKRU, emit_WRPKRU,
    emit_HYPERCALL, emit_INVLPG, emit_INVPCID, emit_HLT, emit_MWAIT,
    emit_MONITOR, emit_PAUSE, emit_FENCE, emit_RSM;
/* io.c */
X86Emitter emit_IN, emit_OUT, emit_INS, emit_OUTS;
/* svm.c */
X86Emitter emit_VMRUN, emit_VMLOAD, emit_VMSAVE, emit_STGI, emit_CLGI,
    emit_INVLPGA;
/* string.c */
X86Emitter emit_MOVS, emit_STOS, emit_LODS, emit_CMPS, emit_SCAS;

#endif
