/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vector instruction: operands in, its function, exceptions, result out.
 * Nothing of the guest's changes before the last access that can fault.
 */
#include "target/x86/fpu/fpu.h"

#include <string.h>

typedef struct FpOperand {
    uint8_t kind, reg, size;
} FpOperand;

static FpOperand fp_operand(uint64_t packed, unsigned n)
{
    unsigned v = fp_unpack(packed, n * FP_OPERAND_BITS, FP_OPERAND_BITS);
    return (FpOperand){ v & 15, v >> 4 & 15, v >> 8 };
}

/* ---- fetching ------------------------------------------------------------ */

static void fp_load_vector(const X86Cpu *cpu, FpVec *v, unsigned reg)
{
    v->q[0] = cpu->fpu.xmm[reg].q[0];
    v->q[1] = cpu->fpu.xmm[reg].q[1];
    v->q[2] = cpu->fpu.ymm_high[reg][0];
    v->q[3] = cpu->fpu.ymm_high[reg][1];
}

static void fp_load(FpOp *x, FpVec *v, FpOperand op)
{
    const X86Cpu *cpu = x->cpu;

    memset(v, 0, sizeof(*v));
    switch (op.kind) {
    case OPERAND_MEM:
        fp_read(x->cpu, x->addr, v, op.size);
        break;
    case OPERAND_VEC:
        fp_load_vector(cpu, v, op.reg);
        break;
    case OPERAND_MMX: /* physical registers, wherever TOP still is */
        v->q[0] = cpu->fpu.st[(op.reg - fp_top(&cpu->fpu)) & 7].mantissa;
        break;
    case OPERAND_GPR:
        v->q[0] = cpu->env.r[op.reg];
        if (op.size < 8) {
            v->q[0] &= (UINT64_C(1) << (8 * op.size)) - 1;
        }
        break;
    default:
        v->q[0] = x->imm;
    }
}

/* ---- storing ------------------------------------------------------------- */

/* Legacy instructions keep what they do not write; VEX ones clear it. */
static void fp_store_vector(FpOp *x, FpOperand op, bool whole)
{
    X86Fpu *fpu = &x->cpu->fpu;

    if (x->vex) {
        bool high = op.size > 16;
        memset(fpu->zmm_high[op.reg], 0, sizeof(fpu->zmm_high[0]));
        fpu->ymm_high[op.reg][0] = high ? x->d.q[2] : 0;
        fpu->ymm_high[op.reg][1] = high ? x->d.q[3] : 0;
    }
    memcpy(fpu->xmm[op.reg].b, x->d.b, whole ? 16 : MIN(op.size, 16));
}

static void fp_store(FpOp *x, FpOperand op, unsigned access)
{
    X86Cpu *cpu = x->cpu;

    switch (op.kind) {
    case OPERAND_MEM:
        fp_write(cpu, x->addr, x->d.b, op.size);
        break;
    case OPERAND_VEC:
        fp_store_vector(x, op, x->vex || access == OPERAND_WRITE);
        break;
    case OPERAND_MMX:
        cpu->fpu.st[op.reg].mantissa = x->d.q[0];
        cpu->fpu.st[op.reg].exponent = 0xffff;
        break;
    default: /* OPERAND_GPR: narrow results are zero-extended */
        cpu->env.r[op.reg] = op.size == 8 ? x->d.q[0] : x->d.l[0];
    }
}

/* ---- exceptions ---------------------------------------------------------- */

/* SDM 1 11.5.3: flags are set; an unmasked one leaves the destination. If it is
 * one that is found before computing, nothing is computed, and found. */
static void fp_deliver(X86Cpu *cpu, uint32_t exc)
{
    uint32_t masked = cpu->fpu.mxcsr >> MXCSR_MASK_SHIFT;

    if (exc & ~masked & (FP_IE | FP_DE | FP_ZE)) {
        exc &= ~(FP_OE | FP_UE | FP_PE);
    }
    cpu->fpu.mxcsr |= exc & FP_EXCEPTIONS;
    if (exc & ~masked & FP_EXCEPTIONS) {
        x86_raise(cpu, cpu->cr4 & CR4_OSXMMEXCPT ? EXC_XM : EXC_UD);
    }
}

void fp_call(FpOp *x, const FpRow *row)
{
    if (row->flags & FP_MXCSR) {
        uint32_t host = fp_host_call(x->cpu->fpu.mxcsr, row->fn, x);
        fp_deliver(x->cpu, host | x->exc);
    } else {
        row->fn(x);
    }
}

/* ---- the whole ----------------------------------------------------------- */

static void fp_unpack_extra(FpOp *x, uint64_t extra)
{
    x->imm = fp_unpack(extra, FP_EXTRA_IMM, 8);
    x->imm2 = fp_unpack(extra, FP_EXTRA_IMM + 8, 8);
    x->address_32 = fp_unpack(extra, FP_EXTRA_ADDRESS32, 1);
    x->segment = fp_unpack(extra, FP_EXTRA_SEGMENT, 3);
    x->has_imm = fp_unpack(extra, FP_EXTRA_HAS_IMM, 1);
    x->op_size = fp_unpack(extra, FP_EXTRA_SIZE, 4);
    x->vex = fp_unpack(extra, FP_EXTRA_VEX, 1);
    x->wide = fp_unpack(extra, FP_EXTRA_WIDE, 1);
    x->index = fp_unpack(extra, FP_EXTRA_INDEX, 4);
    x->scale = fp_unpack(extra, FP_EXTRA_SCALE, 2);
    x->vl = fp_unpack(extra, FP_EXTRA_LENGTH, 1) ? 32 : 16;
}

/* Operands 1.. as far as they are values for the function. */
static unsigned fp_sources(uint64_t operands, unsigned count, unsigned flags)
{
    unsigned n = 0;

    for (unsigned k = 1; k < count; k++) {
        bool imm = fp_operand(operands, k).kind == OPERAND_IMM ||
                   fp_operand(operands, k).kind == OPERAND_IMM2;
        n += !imm || (flags & FP_COUNT);
    }
    return n;
}

static void fp_fetch(FpOp *x, uint64_t operands, uint64_t extra, unsigned flags)
{
    unsigned count = fp_unpack(extra, FP_EXTRA_COUNT, 3);
    unsigned access = fp_unpack(extra, FP_EXTRA_ACCESS, 2);
    unsigned sources = fp_sources(operands, count, flags);
    FpOperand dst = fp_operand(operands, 0);
    FpVec *const order[2][3] = { { &x->b }, { &x->a, &x->b, &x->c } };

    x->size = dst.size;
    x->dest = dst.reg;
    x->mem_dst = dst.kind == OPERAND_MEM;
    if (access & OPERAND_READ || dst.kind == OPERAND_VEC) {
        fp_load(x, &x->d, dst);
    }
    x->a = x->d;
    for (unsigned n = 0; n < sources; n++) {
        FpOperand op = fp_operand(operands, n + 1);
        bool own = op.kind == OPERAND_MEM && (flags & FP_ADDRESS);
        x->src_size = op.size;
        x->src_mem = op.kind == OPERAND_MEM;
        x->mask = op.reg;
        if (!own) {
            fp_load(x, order[sources > 1][n], op);
        }
    }
    if (access == OPERAND_WRITE) {
        x->d = x->vex && sources > 1 ? x->a : (FpVec){ { 0 } };
    }
}

uint64_t fp_helper_vector(void *env, uint64_t addr, uint64_t operands,
                          uint64_t extra, uint64_t row_address)
{
    const FpRow *row = (const FpRow *)(uintptr_t)row_address;
    unsigned access = fp_unpack(extra, FP_EXTRA_ACCESS, 2);
    X86Cpu *cpu = env;
    FpOp x = { .cpu = cpu, .addr = addr };

    fp_normalize(cpu);
    if (fp_unpack(extra, FP_EXTRA_MMX, 1)) {
        fp_check_pending(cpu);
    }
    fp_unpack_extra(&x, extra);
    fp_fetch(&x, operands, extra, row->flags);
    if (fp_unpack(extra, FP_EXTRA_MMX, 1)) {
        fp_enter_mmx(cpu);
    }
    fp_call(&x, row);
    if (access & OPERAND_WRITE && !(row->flags & FP_ADDRESS && x.mem_dst)) {
        fp_store(&x, fp_operand(operands, 0), access);
    }
    if (row->flags & FP_FLAGS) {
        cpu->env.flags = x86_flags_pack(x.eflags);
    }
    return 0;
}
