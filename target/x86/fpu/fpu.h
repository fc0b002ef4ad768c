/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The portable form of MMX, SSE and AVX instructions; for this folder only.
 *
 * One row per mnemonic: a function on lanes and what it needs. Common code
 * (run.c) fetches the operands, sets the rounding, calls the function, delivers
 * exceptions and writes back, so that a function is a few lines. It sees
 *
 *   d   the result; at first the old destination, or `a` where a VEX
 *       instruction keeps the first source's upper part, or zero where the
 *       rest of the register is cleared
 *   a b c  the sources. With one source it is b, and a is the old
 *       destination; with an immediate shift count, that is b
 *   size   bytes of the destination operand: scalars are vectors of one lane
 *
 * and the same function serves MMX, SSE and VEX forms.
 */
#ifndef TARGET_X86_FPU_FPU_H
#define TARGET_X86_FPU_FPU_H

#include "target/x86/cpu.h"

typedef union FpVec {
    uint8_t b[64];
    int8_t sb[64];
    uint16_t w[32];
    int16_t sw[32];
    uint32_t l[16];
    int32_t sl[16];
    uint64_t q[8];
    int64_t sq[8];
    float f[16];
    double d[8];
} FpVec;

/* MXCSR, SDM 1 10.2.3. The exceptions have the same places in FSW and FCW. */
enum {
    FP_IE = 1 << 0,
    FP_DE = 1 << 1,
    FP_ZE = 1 << 2,
    FP_OE = 1 << 3,
    FP_UE = 1 << 4,
    FP_PE = 1 << 5,
    FP_EXCEPTIONS = 0x3f,
    MXCSR_DAZ = 1 << 6,
    MXCSR_MASK_SHIFT = 7,
    MXCSR_RC_SHIFT = 13,
    MXCSR_FTZ = 1 << 15,
    MXCSR_VALID = 0xffff,
    FCW_INIT = 0x37f,
    MXCSR_INIT = 0x1f80,
};

typedef struct FpOp {
    X86Cpu *cpu;
    FpVec d, a, b, c;
    unsigned size;     /* bytes of the destination operand */
    unsigned src_size; /* and of the last source */
    unsigned vl;       /* vector length by VEX.L */
    unsigned op_size;  /* effective operand size */
    uint8_t imm, imm2;
    bool has_imm;
    bool src_mem; /* the last source is memory */
    bool vex;
    bool wide;       /* REX.W or VEX.W */
    uint32_t exc;    /* FP_*: raised besides what the host's flags say */
    uint32_t eflags; /* new status flags, for FP_FLAGS rows */
    uint64_t addr;   /* memory operand, for FP_ADDRESS rows */
    uint8_t index;   /* VSIB: vector register */
    uint8_t scale;   /* and its log2 factor */
    bool address_32;
    uint8_t segment;
    uint8_t mask; /* register of the last source */
    uint8_t dest; /* register of the destination */
    bool mem_dst;
    /* EVEX: the bits of the mask (all set without one), its register, and
     * whether zeros stand where they are clear; of the elements that it counts
     * the bytes and the number. */
    uint64_t k;
    uint8_t k_reg;
    bool zeroes;
    unsigned element, elements;
    uint8_t dst_reg;
} FpOp;

typedef void FpFn(FpOp *x);

/* The exception of a result that is tiny but exact: underflow if unmasked. */
static inline uint32_t fp_tiny(const FpOp *x)
{
    return FP_UE & ~(x->cpu->fpu.mxcsr >> MXCSR_MASK_SHIFT);
}

typedef enum FpFlags {
    FP_MXCSR = 1 << 0,      /* arithmetic under MXCSR's control */
    FP_FLAGS = 1 << 1,      /* sets eflags */
    FP_GPR = 1 << 2,        /* changes general registers by itself */
    FP_ADDRESS = 1 << 3,    /* makes its own memory accesses */
    FP_COUNT = 1 << 4,      /* an immediate is the last source */
    FP_OWN_MASK = 1 << 5,   /* does what the mask says by itself */
    FP_OWN_RESULT = 1 << 6, /* and stores what it writes */
} FpFlags;

typedef struct FpRow {
    FpFn *fn;
    unsigned flags;
} FpRow;

/* Indexed by X86Mnemonic; fn NULL: not in this table. */
extern const FpRow fp_int_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_shuffle_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_float_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_convert_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_crypto_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_text_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_avx_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_opmask_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_evex_int_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_evex_move_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_evex_memory_rows[X86_MNEMONIC_COUNT];
/* Gathers with an opmask: they have the names of those without. */
extern const FpRow fp_evex_gather_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_evex_float_rows[X86_MNEMONIC_COUNT];
extern const FpRow fp_evex_convert_rows[X86_MNEMONIC_COUNT];

/* The call behind every vector instruction: see fp_pack() for what operands
 * and extra are. */
uint64_t fp_helper_vector(void *env, uint64_t addr, uint64_t operands,
                          uint64_t extra, uint64_t row);

/* The same with AVX-512's registers, masks, broadcast and rounding: evex.c. */
uint64_t fp_helper_evex(void *env, uint64_t addr, uint64_t operands,
                        uint64_t extra, uint64_t x86_row);
uint64_t fp_pack_evex_operands(const X86Insn *i);
uint64_t fp_pack_evex(const X86Insn *i);

/* NULL: not translated */
const FpRow *fp_vector_row(unsigned mnemonic);
const FpRow *fp_evex_row(unsigned mnemonic);

/* Call row's function; exceptions are delivered. */
void fp_call(FpOp *x, const FpRow *row);
/* Operands of EVEX functions by number of the register; evex.c. */
void fp_get_vector(const X86Cpu *cpu, FpVec *v, unsigned reg);
void fp_put_vector(X86Cpu *cpu, unsigned reg, const FpVec *v, unsigned bytes);

/* What a vector or x87 instruction is, packed for its helper. */
uint64_t fp_pack_operands(const X86Insn *i);
uint64_t fp_pack_extra(const X86Insn *i);
static inline unsigned fp_unpack(uint64_t v, unsigned pos, unsigned len)
{
    return (v >> pos) & ((1u << len) - 1);
}
enum {
    FP_OPERAND_BITS = 14, /* kind 4, register 4, bytes 6 */
    FP_EXTRA_IMM = 0,     /* 8 and 8 */
    FP_EXTRA_COUNT = 16,  /* 3: operands */
    FP_EXTRA_ACCESS = 19, /* 2: of operand 0 */
    FP_EXTRA_SIZE = 21,   /* 4: operand size */
    FP_EXTRA_VEX = 25,
    FP_EXTRA_WIDE = 26,
    FP_EXTRA_INDEX = 27, /* 4 */
    FP_EXTRA_SCALE = 31, /* 2 */
    FP_EXTRA_MMX = 33,
    FP_EXTRA_LENGTH = 34, /* VEX.L */
    FP_EXTRA_HAS_IMM = 35,
    FP_EXTRA_ADDRESS32 = 36, /* VSIB addresses wrap at 4 GiB */
    FP_EXTRA_SEGMENT = 37,   /* 3: and to what base they are relative */
};

/* Numbers and their images. */
typedef union F32 {
    uint32_t u;
    float f;
} F32;
typedef union F64 {
    uint64_t u;
    double f;
} F64;

/* FSW's top of stack. */
static inline unsigned fp_top(const X86Fpu *fpu)
{
    return fpu->fsw >> 11 & 7;
}

/* ---- simd-convert.c
 * ----------------------------------------------------------
 */

/* Without raising anything: a NaN is one, denormals have only their sign and
 * smallness. */
double fp_from_f32(uint32_t v, const FpOp *x);
double fp_from_f64(uint64_t v, const FpOp *x);
/* To an integral value in the four ways of SDM 1 table 4-8; and which of them
 * the immediate's lower half or MXCSR says. */
double fp_round_by(double v, unsigned mode);
unsigned fp_round_mode(const FpOp *x);

/* ---- memory.c ------------------------------------------------------------
 */

/* Guest memory of the present mode, at most a page; they raise its faults. */
void fp_read(X86Cpu *cpu, vaddr addr, void *buf, unsigned len);
void fp_write(X86Cpu *cpu, vaddr addr, const void *buf, unsigned len);
/* Fault as a store of those elements would whose mask's sign is set: what is
 * written by several stores is written wholly or not at all. */
void fp_probe_masked(X86Cpu *cpu, vaddr addr, const uint8_t *mask, unsigned len,
                     unsigned element);

/* ---- state.c -------------------------------------------------------------
 */

/* Give components that are in their initial state (XSTATE_BV clear) that
 * state in memory, too, and mark them in use. */
void fp_normalize(X86Cpu *cpu);
/* And AVX-512's components. */
void fp_normalize_avx512(X86Cpu *cpu);
/* MMX: TOP = 0, all tags valid. SDM 1 9.5.1 */
void fp_enter_mmx(X86Cpu *cpu);
/* Raise #MF if an unmasked exception waits (FSW.ES). */
void fp_check_pending(X86Cpu *cpu);

/* ---- host-x86.c or host-generic.c ------------------------------------------
 */

/* Call fn under the guest's MXCSR with all exceptions masked; returns the
 * FP_* flags the host raised. */
uint32_t fp_host_call(uint32_t mxcsr, FpFn *fn, FpOp *x);
/* The processor's own approximations of 1/x and 1/sqrt(x). */
float fp_host_rcp(float v);
float fp_host_rsqrt(float v);
/* AVX-512's, of 14 bits. */
float fp_host_rcp14f(float v);
float fp_host_rsqrt14f(float v);
double fp_host_rcp14(double v);
double fp_host_rsqrt14(double v);

#endif
