/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One AVX-512 instruction: what run.c does for the older ones, with 32
 * registers of 64 bytes, opmasks as operands, broadcast, rounding in the
 * encoding, and masks. The functions know nothing of these (but FP_OWN_MASK):
 * what is masked off keeps its old value or becomes zero afterwards, and can
 * raise nothing, as it is computed from numbers that do not. Comparisons make
 * lanes of ones as they always did, whose signs then become the opmask.
 * SDM 1 15, SDM 2A 2.7.
 */
#include "target/x86/fpu/fpu.h"
#include "target/x86/translate.h"

#include <string.h>

/* Fields of the two words that say what the instruction is. */
enum {
    EVEX_OPERAND_BITS = 15, /* kind 4, register 5, log2 of bytes 3, field 3 */
    EVEX_COUNT = 61,        /* 3: operands */
    EVEX_IMM = 0,           /* 8 */
    EVEX_AAA = 8,           /* 3 */
    EVEX_Z = 11,
    EVEX_BROADCAST = 12,
    EVEX_ROUND = 13, /* 3 */
    EVEX_L = 16,     /* 2 */
    EVEX_WIDE = 18,
    EVEX_SCALE = 19, /* 2 */
    EVEX_INDEX = 21, /* 5 */
    EVEX_SEGMENT = 26,
    EVEX_ADDRESS32 = 29,
    EVEX_HAS_IMM = 30,
    EVEX_VEX = 31,    /* VEX-encoded: an opmask instruction */
    EVEX_MASK = 32,   /* 16: NativeMask */
    EVEX_ACCESS = 48, /* 2: of operand 0 */
    EVEX_WHOLE = 50,  /* memory is accessed whatever the mask says */
    EVEX_ALIGN = 51,
};

typedef struct EvexOperand {
    uint8_t kind, reg, size;
} EvexOperand;

/* ---- packing ---------------------------------------------------------------
 */

uint64_t fp_pack_evex_operands(const X86Insn *i)
{
    uint64_t v = (uint64_t)i->op_count << EVEX_COUNT;

    for (unsigned n = 0; n < i->op_count; n++) {
        const X86Operand *op = &i->op[n];
        uint64_t packed = op->kind | (op->reg & 31) << 4 |
                          (op->size ? tr_log2(op->size) : 0) << 9;
        v |= packed << (n * EVEX_OPERAND_BITS);
    }
    return v;
}

uint64_t fp_pack_evex(const X86Insn *i)
{
    bool imm = i->op[i->op_count - 1].kind == OPERAND_IMM;
    uint64_t v = i->imm & 0xff;

    v |= (uint64_t)i->evex_aaa << EVEX_AAA;
    v |= (uint64_t)i->evex_z << EVEX_Z;
    v |= (uint64_t)i->broadcast << EVEX_BROADCAST;
    v |= (uint64_t)i->round << EVEX_ROUND;
    v |= (uint64_t)i->vex_l << EVEX_L;
    v |= (uint64_t)i->vex_w << EVEX_WIDE;
    v |= (uint64_t)i->mem.scale << EVEX_SCALE;
    v |= (uint64_t)(i->mem.index & 31) << EVEX_INDEX;
    v |= (uint64_t)i->mem.seg << EVEX_SEGMENT;
    v |= (uint64_t)(i->addr_size != 8) << EVEX_ADDRESS32;
    v |= (uint64_t)imm << EVEX_HAS_IMM;
    v |= (uint64_t)(i->vex == 1) << EVEX_VEX;
    v |= (uint64_t)(i->vex == 2 ? tr_native_mask(i) : 0) << EVEX_MASK;
    v |= (uint64_t)i->op[0].access << EVEX_ACCESS;
    v |= (uint64_t)((i->row->evex & X86_E_WHOLE) != 0) << EVEX_WHOLE;
    v |= (uint64_t)((i->row->attr & X86_A_ALIGN) != 0) << EVEX_ALIGN;
    return v;
}

static EvexOperand evex_operand(uint64_t packed, unsigned n)
{
    unsigned v = fp_unpack(packed, n * EVEX_OPERAND_BITS, EVEX_OPERAND_BITS);
    return (EvexOperand){ v & 15, v >> 4 & 31, 1u << (v >> 9 & 7) };
}

/* ---- registers -------------------------------------------------------------
 */

void fp_get_vector(const X86Cpu *cpu, FpVec *v, unsigned reg)
{
    const X86Fpu *fpu = &cpu->fpu;

    if (reg >= 16) {
        memcpy(v, fpu->zmm[reg - 16], 64);
        return;
    }
    memcpy(v->b, fpu->xmm[reg].b, 16);
    memcpy(v->b + 16, fpu->ymm_high[reg], 16);
    memcpy(v->b + 32, fpu->zmm_high[reg], 32);
}

/* The rest of the register is cleared. */
void fp_put_vector(X86Cpu *cpu, unsigned reg, const FpVec *v, unsigned bytes)
{
    X86Fpu *fpu = &cpu->fpu;
    FpVec whole = { { 0 } };

    memcpy(&whole, v, bytes);
    if (reg >= 16) {
        memcpy(fpu->zmm[reg - 16], &whole, 64);
        return;
    }
    memcpy(fpu->xmm[reg].b, whole.b, 16);
    memcpy(fpu->ymm_high[reg], whole.b + 16, 16);
    memcpy(fpu->zmm_high[reg], whole.b + 32, 32);
}

/* ---- memory under a mask ---------------------------------------------------
 */

/* Alignment matters where there is an access. */
static void evex_check_alignment(FpOp *x, unsigned bytes, uint64_t extra)
{
    uint32_t mask = fp_unpack(extra, EVEX_MASK, 16);

    if (fp_unpack(extra, EVEX_ALIGN, 1) && x->addr & (bytes - 1) &&
        (!mask || native_mask_elements(mask, x->k, bytes))) {
        x86_raise_error(x->cpu, EXC_GP, 0);
    }
}

static void evex_read(FpOp *x, FpVec *v, unsigned bytes, uint64_t extra)
{
    uint32_t mask = fp_unpack(extra, EVEX_MASK, 16);

    evex_check_alignment(x, bytes, extra);
    if (!mask || fp_unpack(extra, EVEX_WHOLE, 1)) {
        fp_read(x->cpu, x->addr, v, bytes);
        return;
    }
    unsigned element = native_mask_element(mask);
    uint64_t left = native_mask_elements(mask, x->k, bytes);
    for (; left; left &= left - 1) {
        unsigned at = __builtin_ctzll(left) * element;
        fp_read(x->cpu, x->addr + at, v->b + at, element);
    }
}

/* Before anything changes: what will be written can be. */
static void evex_probe(FpOp *x, unsigned bytes, uint64_t extra)
{
    uint32_t mask = fp_unpack(extra, EVEX_MASK, 16);
    uint8_t probe[64] = { 0 };

    evex_check_alignment(x, bytes, extra);
    if (!mask) {
        return; /* translated code did */
    }
    uint64_t elements = fp_unpack(extra, EVEX_WHOLE, 1)
                            ? UINT64_MAX
                            : native_mask_elements(mask, x->k, bytes);
    for (unsigned n = 0; n < bytes; n++) {
        probe[n] = elements >> n / native_mask_element(mask) & 1 ? 0x80 : 0;
    }
    fp_probe_masked(x->cpu, x->addr, probe, bytes, 1);
}

static void evex_write(FpOp *x, unsigned bytes, uint64_t extra)
{
    uint32_t mask = fp_unpack(extra, EVEX_MASK, 16);

    if (!mask) {
        fp_write(x->cpu, x->addr, x->d.b, bytes);
        return;
    }
    unsigned element = native_mask_element(mask);
    uint64_t left = native_mask_elements(mask, x->k, bytes);
    for (; left; left &= left - 1) {
        unsigned at = __builtin_ctzll(left) * element;
        fp_write(x->cpu, x->addr + at, x->d.b + at, element);
    }
}

/* ---- fetching --------------------------------------------------------------
 */

static void evex_repeat(FpVec *v, unsigned bytes)
{
    for (unsigned n = bytes; n < sizeof(*v); n++) {
        v->b[n] = v->b[n - bytes];
    }
}

static uint64_t evex_narrow(uint64_t v, unsigned bytes)
{
    return v & native_low_bits(8 * bytes);
}

static void evex_load(FpOp *x, FpVec *v, EvexOperand op, uint64_t extra)
{
    memset(v, 0, sizeof(*v));
    switch (op.kind) {
    case OPERAND_MEM:
        evex_read(x, v, op.size, extra);
        if (fp_unpack(extra, EVEX_BROADCAST, 1)) {
            evex_repeat(v, op.size);
        }
        break;
    case OPERAND_VEC:
        fp_get_vector(x->cpu, v, op.reg);
        break;
    case OPERAND_MASK:
        v->q[0] = evex_narrow(x->cpu->fpu.opmask[op.reg], op.size);
        break;
    case OPERAND_GPR:
        v->q[0] = evex_narrow(x->cpu->env.r[op.reg], op.size);
        break;
    default:
        v->q[0] = x->imm;
    }
}

/* A memory operand that is one element for all counts as many as there are. */
static unsigned evex_source_size(const FpOp *x, EvexOperand op, uint64_t extra)
{
    bool broadcast =
        op.kind == OPERAND_MEM && fp_unpack(extra, EVEX_BROADCAST, 1);
    return broadcast ? op.size * x->elements : op.size;
}

/* Operands 1.. as far as they are values for the function. */
static unsigned evex_sources(uint64_t operands, unsigned flags)
{
    unsigned count = operands >> EVEX_COUNT, n = 0;

    for (unsigned k = 1; k < count; k++) {
        n +=
            evex_operand(operands, k).kind != OPERAND_IMM || (flags & FP_COUNT);
    }
    return n;
}

static void evex_fetch(FpOp *x, uint64_t operands, uint64_t extra,
                       unsigned flags)
{
    unsigned sources = evex_sources(operands, flags);
    unsigned access = fp_unpack(extra, EVEX_ACCESS, 2);
    FpVec *const order[2][2] = { { &x->b }, { &x->a, &x->b } };

    x->a = x->d;
    for (unsigned n = 0; n < sources; n++) {
        EvexOperand op = evex_operand(operands, n + 1);
        x->src_size = evex_source_size(x, op, extra);
        x->src_mem = op.kind == OPERAND_MEM;
        if (!(x->src_mem && flags & FP_ADDRESS)) {
            evex_load(x, order[sources > 1][n], op, extra);
        }
    }
    if (access == OPERAND_WRITE) {
        x->d = sources > 1 ? x->a : (FpVec){ { 0 } };
    }
}

/* ---- masks -----------------------------------------------------------------
 */

/* Four: exact in every operation, conversion and class of number. */
static void evex_quiet_source(FpOp *x, FpVec *v, unsigned bytes)
{
    unsigned lane = bytes / x->elements;
    uint64_t four = lane == 8   ? UINT64_C(0x4010000000000000)
                    : lane == 4 ? 0x40800000
                                : 0x4400; /* half precision */

    for (unsigned n = 0; n < x->elements; n++) {
        if (!(x->k >> n & 1)) {
            memcpy(v->b + n * lane, &four, lane);
        }
    }
}

static void evex_quiet(FpOp *x, const FpRow *row, unsigned access)
{
    if (row->flags & FP_MXCSR && ~x->k & native_low_bits(x->elements)) {
        evex_quiet_source(x, &x->a, x->size);
        evex_quiet_source(x, &x->b, x->src_size);
        if (access & OPERAND_READ) {
            evex_quiet_source(x, &x->d, x->size);
        }
    }
}

static void evex_merge(FpOp *x, const FpVec *old)
{
    static const FpVec zero;

    for (unsigned n = 0; n < x->elements; n++) {
        unsigned at = n * x->element;
        if (!(x->k >> n & 1)) {
            memcpy(x->d.b + at, (x->zeroes ? &zero : old)->b + at, x->element);
        }
    }
}

/* The lanes' signs as bits. */
static uint64_t evex_signs(const FpOp *x)
{
    uint64_t v = 0;

    for (unsigned n = 0; n < x->elements; n++) {
        v |= (uint64_t)(x->d.b[(n + 1) * x->element - 1] >> 7) << n;
    }
    return v & x->k;
}

/* ---- the whole -------------------------------------------------------------
 */

static void evex_unpack(FpOp *x, uint64_t extra, const X86Row *row,
                        EvexOperand dst)
{
    bool scalar = row->evex & X86_E_SCALAR;

    x->imm = fp_unpack(extra, EVEX_IMM, 8);
    x->vex = true;
    x->vl = 16u << fp_unpack(extra, EVEX_L, 2);
    x->wide = fp_unpack(extra, EVEX_WIDE, 1);
    x->scale = fp_unpack(extra, EVEX_SCALE, 2);
    x->index = fp_unpack(extra, EVEX_INDEX, 5);
    x->segment = fp_unpack(extra, EVEX_SEGMENT, 3);
    x->address_32 = fp_unpack(extra, EVEX_ADDRESS32, 1);
    x->has_imm = fp_unpack(extra, EVEX_HAS_IMM, 1);
    x->zeroes = fp_unpack(extra, EVEX_Z, 1);
    x->k_reg = fp_unpack(extra, EVEX_AAA, 3);
    x->k = x->k_reg ? x->cpu->fpu.opmask[x->k_reg] : UINT64_MAX;
    x->dst_reg = dst.reg;
    x->mem_dst = dst.kind == OPERAND_MEM;
    x->element = 1u << (row->evex & X86_E_ELEMENT);
    x->size = dst.size;
    if (dst.kind == OPERAND_MASK && !fp_unpack(extra, EVEX_VEX, 1)) {
        x->size = scalar ? x->element : x->vl;
    }
    x->elements = scalar ? 1 : MAX(x->size / x->element, 1);
}

static void evex_store(FpOp *x, EvexOperand dst, uint64_t extra)
{
    X86Cpu *cpu = x->cpu;

    switch (dst.kind) {
    case OPERAND_MEM:
        evex_write(x, dst.size, extra);
        break;
    case OPERAND_VEC:
        fp_put_vector(cpu, dst.reg, &x->d, MAX(dst.size, 16));
        break;
    case OPERAND_MASK:
        cpu->fpu.opmask[dst.reg] = fp_unpack(extra, EVEX_VEX, 1)
                                       ? evex_narrow(x->d.q[0], dst.size)
                                       : evex_signs(x);
        break;
    default: /* OPERAND_GPR: narrow results are zero-extended */
        cpu->env.r[dst.reg] = dst.size == 8 ? x->d.q[0] : x->d.l[0];
    }
}

/* Rounding in the encoding suppresses all exceptions, too. */
static void evex_call(FpOp *x, const FpRow *row, unsigned round)
{
    uint32_t *mxcsr = &x->cpu->fpu.mxcsr, saved = *mxcsr;

    if (!round) {
        fp_call(x, row);
        return;
    }
    *mxcsr |= FP_EXCEPTIONS << MXCSR_MASK_SHIFT;
    if (round != X86_ROUND_SAE) {
        *mxcsr &= ~(3u << MXCSR_RC_SHIFT);
        *mxcsr |= (round - 1) << MXCSR_RC_SHIFT;
    }
    fp_call(x, row);
    *mxcsr = saved;
}

uint64_t fp_helper_evex(void *env, uint64_t addr, uint64_t operands,
                        uint64_t extra, uint64_t x86_row)
{
    const X86Row *row = (const X86Row *)(uintptr_t)x86_row;
    const FpRow *fp = fp_evex_row(row->mnemonic);
    unsigned access = fp_unpack(extra, EVEX_ACCESS, 2);
    EvexOperand dst = evex_operand(operands, 0);
    X86Cpu *cpu = env;
    FpOp x = { .cpu = cpu, .addr = addr };

    fp_normalize(cpu);
    fp_normalize_avx512(cpu);
    evex_unpack(&x, extra, row, dst);
    if (dst.kind != OPERAND_MEM) {
        evex_load(&x, &x.d, dst, 0);
    } else if (!(fp->flags & FP_ADDRESS)) {
        evex_probe(&x, dst.size, extra);
    }
    FpVec old = x.d;
    evex_fetch(&x, operands, extra, fp->flags);
    evex_quiet(&x, fp, access);
    evex_call(&x, fp, fp_unpack(extra, EVEX_ROUND, 3));
    if (dst.kind == OPERAND_VEC && x.k_reg && !(fp->flags & FP_OWN_MASK)) {
        evex_merge(&x, &old);
    }
    if (access & OPERAND_WRITE && !(fp->flags & (FP_ADDRESS | FP_OWN_RESULT))) {
        evex_store(&x, dst, extra);
    }
    if (fp->flags & FP_FLAGS) {
        cpu->env.flags = x86_flags_pack(x.eflags);
    }
    return 0;
}
