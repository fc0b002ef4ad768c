/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x87's stack around its arithmetic: SDM 1 chapter 8. The image keeps
 * registers by stack position, tags by register (one bit: not empty).
 *
 * An unmasked exception of an operand (invalid, denormal, divide by zero)
 * leaves stack and destination alone; it is delivered by the next waiting
 * instruction (SDM 1 8.7).
 */
#include "target/x86/fpu/x87.h"
#include "target/x86/fpu/fpu.h"

#include <string.h>

enum {
    FSW_SF = 1 << 6,
    FSW_ES = 1 << 7,
    FSW_C0 = 1 << 8,
    FSW_C1 = 1 << 9,
    FSW_C2 = 1 << 10,
    FSW_C3 = 1 << 14,
    FSW_B = 1 << 15,
    FSW_TOP = 7 << 11,
};

typedef struct X87 {
    X86Cpu *cpu;
    X86Fpu *fpu;
    const X87Row *row;
    uint64_t addr;
    unsigned i; /* of ST(i) */
    bool d9;    /* opcode D9 */
    bool dst_i; /* the destination is ST(i), not ST(0) */
} X87;

static const F80 x87_indefinite = { UINT64_C(3) << 62, 0xffff };

/* ---- The stack
 * --------------------------------------------------------------- */

static F80 x87_get(const X87 *x, unsigned pos)
{
    return (F80){ x->fpu->st[pos].mantissa, x->fpu->st[pos].exponent };
}

static unsigned x87_tag_bit(const X87 *x, unsigned pos)
{
    return 1u << ((fp_top(x->fpu) + pos) & 7);
}

static bool x87_empty(const X87 *x, unsigned pos)
{
    return !(x->fpu->ftw & x87_tag_bit(x, pos));
}

static void x87_set(X87 *x, unsigned pos, F80 v)
{
    x->fpu->st[pos].mantissa = v.mantissa;
    x->fpu->st[pos].exponent = v.exponent;
    x->fpu->ftw |= x87_tag_bit(x, pos);
}

/* TOP += by; the registers move so that ST(0) stands first. */
static void x87_step(X87 *x, unsigned by)
{
    X86Fpu *fpu = x->fpu;
    typeof(fpu->st[0]) old[8];

    memcpy(old, fpu->st, sizeof(old));
    for (unsigned n = 0; n < 8; n++) {
        fpu->st[n] = old[(n + by) & 7];
    }
    fpu->fsw = (fpu->fsw & ~FSW_TOP) | ((fp_top(fpu) + by) & 7) << 11;
}

static void x87_pop(X87 *x)
{
    x->fpu->ftw &= ~x87_tag_bit(x, 0);
    x87_step(x, 1);
}

static void x87_push(X87 *x, F80 v)
{
    x87_step(x, 7);
    x87_set(x, 0, v);
}

/* ---- Status
 * -------------------------------------------------------------------- */

/* Merge what the host's status word says: exceptions and C1 always, the other
 * condition codes as far as the row defines them. False: an exception keeps
 * the instruction from having results. */
static bool x87_status(X87 *x, uint16_t host)
{
    X86Fpu *fpu = x->fpu;
    uint16_t codes = FSW_C1 | (x->row->codes & X87_C0 ? FSW_C0 : 0) |
                     (x->row->codes & X87_C2 ? FSW_C2 : 0) |
                     (x->row->codes & X87_C3 ? FSW_C3 : 0);
    uint16_t exc = host & (FP_EXCEPTIONS | FSW_SF);
    uint16_t unmasked = exc & ~fpu->fcw & FP_EXCEPTIONS;

    fpu->fsw = (fpu->fsw & ~codes) | (host & codes) | exc;
    fpu->fsw |= unmasked ? FSW_ES | FSW_B : 0;
    return !(unmasked & (FP_IE | FP_DE | FP_ZE));
}

/* Stack fault: C1 says overflow; C0 and C3 stay (SDM 1 8.1.3.3 leaves them
 * undefined). True if masked: results are indefinite. */
static bool x87_fault(X87 *x, bool overflow)
{
    return x87_status(x, FP_IE | FSW_SF | (overflow ? FSW_C1 : 0) |
                             (x->fpu->fsw & (FSW_C0 | FSW_C3)));
}

/* ---- Shapes
 * ---------------------------------------------------------------------- */

/* The source that is no stack register. */
static void x87_load_memory(X87 *x, uint8_t *buf)
{
    fp_read(x->cpu, x->addr, buf, x->row->extra);
}

static bool x87_has_memory(const X87 *x)
{
    return x->row->extra != 0;
}

static void x87_pops(X87 *x)
{
    for (unsigned n = 0; n < x->row->pops; n++) {
        x87_pop(x);
    }
}

static void x87_arith(X87 *x)
{
    uint8_t mem[16];
    unsigned dst = x->dst_i ? x->i : 0, src = x->dst_i ? 0 : x->i;
    bool memory = x87_has_memory(x);

    if (memory) {
        x87_load_memory(x, mem);
    }
    if (x87_empty(x, dst) || (!memory && x87_empty(x, src))) {
        if (x87_fault(x, false)) {
            x87_set(x, dst, x87_indefinite);
            x87_pops(x);
        }
        return;
    }
    F80 st[2] = { x87_get(x, dst), x87_get(x, memory ? dst : src) };
    if (x87_status(x, x->row->fn(x->fpu->fcw, st, mem))) {
        x87_set(x, dst, st[0]);
        x87_pops(x);
    }
}

/* The status word of a comparison; unordered on an empty register. */
static bool x87_compare_status(X87 *x, uint16_t *status)
{
    uint8_t mem[16];
    bool memory = x87_has_memory(x);

    if (memory) {
        x87_load_memory(x, mem);
    }
    if (x87_empty(x, 0) || (!memory && x87_empty(x, x->i))) {
        *status = FP_IE | FSW_SF | FSW_C0 | FSW_C2 | FSW_C3;
    } else {
        F80 st[2] = { x87_get(x, 0), x87_get(x, memory ? 0 : x->i) };
        *status = x->row->fn(x->fpu->fcw, st, mem);
    }
    return x87_status(x, *status);
}

static void x87_compare(X87 *x)
{
    uint16_t status;

    if (x87_compare_status(x, &status)) {
        x87_pops(x);
    }
}

/* C3, C2, C0 are where SAHF would put them. */
static void x87_compare_flags(X87 *x)
{
    uint16_t status;
    bool done = x87_compare_status(x, &status);

    x->cpu->env.flags = x86_flags_pack((status & FSW_C0 ? EFLAGS_CF : 0) |
                                       (status & FSW_C2 ? EFLAGS_PF : 0) |
                                       (status & FSW_C3 ? EFLAGS_ZF : 0));
    if (done) {
        x87_pops(x);
    }
}

static bool x87_is_nan(F80 v)
{
    return (v.exponent & 0x7fff) == 0x7fff && v.mantissa << 1;
}

/* FTST compares, so it is unordered then; the others have no value. */
static void x87_unary_empty(X87 *x)
{
    if (x->row->codes & X87_C3 && x->row->shape == X87_UNARY) {
        x87_status(x, FP_IE | FSW_SF | FSW_C0 | FSW_C2 | FSW_C3);
    } else if (x87_fault(x, false)) {
        x87_set(x, 0, x87_indefinite);
    }
}

static void x87_unary(X87 *x)
{
    bool two = x->row->shape == X87_UNARY2;

    if (x87_empty(x, 0) || (two && x87_empty(x, 1))) {
        x87_unary_empty(x);
        return;
    }
    F80 st[2] = { x87_get(x, 0), x87_get(x, two ? 1 : 0) };
    uint16_t status = x->row->fn(x->fpu->fcw, st, NULL);
    uint16_t stops = status & ~x->fpu->fcw & (FP_IE | FP_DE);
    if (two && (stops || x87_is_nan(st[0]))) { /* no quotient: bits stay */
        status |= x->fpu->fsw & (FSW_C0 | FSW_C3);
    }
    if (x87_status(x, status)) {
        x87_set(x, 0, st[0]);
    }
}

static void x87_pop2(X87 *x)
{
    if (x87_empty(x, 0) || x87_empty(x, 1)) {
        if (x87_fault(x, false)) {
            x87_set(x, 1, x87_indefinite);
            x87_pop(x);
        }
        return;
    }
    F80 st[2] = { x87_get(x, 0), x87_get(x, 1) };
    if (x87_status(x, x->row->fn(x->fpu->fcw, st, NULL))) {
        x87_set(x, 1, st[0]);
        x87_pop(x);
    }
}

/* FPTAN and FSINCOS push nothing if the operand is out of range (C2). */
static void x87_push2(X87 *x)
{
    bool empty = x87_empty(x, 0), full = !x87_empty(x, 7);

    if (empty || full) {
        if (x87_fault(x, !empty)) {
            x87_set(x, 0, x87_indefinite);
            x87_push(x, x87_indefinite);
        }
        return;
    }
    F80 st[2] = { x87_get(x, 0), x87_get(x, 0) };
    uint16_t status = x->row->fn(x->fpu->fcw, st, NULL);
    if (!x87_status(x, status) || (x->row->codes & X87_C2 && status & FSW_C2)) {
        return;
    }
    x87_set(x, 0, st[1]);
    x87_push(x, st[0]);
}

/* FLD: constants and memory. */
static void x87_load(X87 *x)
{
    uint8_t mem[16];
    F80 st[2] = { { 0 } };

    if (x87_has_memory(x)) {
        x87_load_memory(x, mem);
    }
    if (!x87_empty(x, 7)) {
        if (x87_fault(x, true)) {
            x87_push(x, x87_indefinite);
        }
        return;
    }
    /* A denormal is loaded even if that exception is unmasked. */
    uint16_t status = x->row->fn(x->fpu->fcw, st, mem);
    x87_status(x, status);
    if (!(status & ~x->fpu->fcw & FP_IE)) {
        x87_push(x, st[0]);
    }
}

static void x87_load_st(X87 *x)
{
    bool full = !x87_empty(x, 7);

    if (full || x87_empty(x, x->i)) {
        if (x87_fault(x, full)) {
            x87_push(x, x87_indefinite);
        }
        return;
    }
    x->fpu->fsw &= ~FSW_C1;
    x87_push(x, x87_get(x, x->i));
}

/* The value goes to memory before anything else changes; an unmasked
 * exception other than inexact stores nothing. */
static void x87_store(X87 *x)
{
    uint8_t mem[16] = { 0 };
    bool empty = x87_empty(x, 0);
    F80 v = empty ? x87_indefinite : x87_get(x, 0);
    F80 st[2] = { v, v };
    uint16_t status = x->row->fn(x->fpu->fcw | (empty ? FP_IE : 0), st, mem);

    if (empty) {
        status = FP_IE | FSW_SF;
    }
    uint16_t stops = status & ~x->fpu->fcw & FP_EXCEPTIONS & ~FP_PE;
    if (!stops) {
        fp_write(x->cpu, x->addr, mem, x->row->extra);
    }
    x87_status(x, status);
    if (!stops) {
        x87_pops(x);
    }
}

/* The alias D9 D8+i does not mind an empty register (APM 5: FSTPNCE). */
static void x87_store_st(X87 *x)
{
    F80 v = x87_get(x, 0);

    if (x87_empty(x, 0) && x->d9) {
        x87_pop(x);
        return;
    }
    if (x87_empty(x, 0)) {
        if (!x87_fault(x, false)) {
            return;
        }
        v = x87_indefinite;
    } else {
        x->fpu->fsw &= ~FSW_C1;
    }
    x87_set(x, x->i, v);
    x87_pops(x);
}

static void x87_exchange(X87 *x)
{
    F80 a = x87_get(x, 0), b = x87_get(x, x->i);
    bool empty_a = x87_empty(x, 0), empty_b = x87_empty(x, x->i);

    if (empty_a || empty_b) {
        if (!x87_fault(x, false)) {
            return;
        }
        a = empty_a ? x87_indefinite : a;
        b = empty_b ? x87_indefinite : b;
    } else {
        x->fpu->fsw &= ~FSW_C1;
    }
    x87_set(x, x->i, a);
    x87_set(x, 0, b);
}

static bool x87_condition(uint32_t flags, unsigned cond)
{
    static const uint32_t any[6] = {
        0, EFLAGS_CF, EFLAGS_ZF, EFLAGS_CF | EFLAGS_ZF, 0, EFLAGS_PF,
    };
    return ((flags & any[cond >> 1]) != 0) != (cond & 1);
}

static void x87_cmov(X87 *x)
{
    uint32_t flags = x86_flags_unpack(x->cpu->env.flags);

    if (x87_empty(x, 0) || x87_empty(x, x->i)) {
        if (x87_fault(x, false)) {
            x87_set(x, 0, x87_indefinite);
        }
        return;
    }
    x->fpu->fsw &= ~FSW_C1;
    if (x87_condition(flags, x->row->extra)) {
        x87_set(x, 0, x87_get(x, x->i));
    }
}

static void x87_free(X87 *x)
{
    x->fpu->ftw &= ~x87_tag_bit(x, x->i);
    if (x->row->pops) { /* FFREEP: the pop frees ST(0) as any does */
        x87_pop(x);
    }
}

static void x87_step_top(X87 *x)
{
    x->fpu->fsw &= ~FSW_C1;
    x87_step(x, x->row->extra);
}

/* An empty register is a class of its own: C3 and C0. */
static void x87_examine(X87 *x)
{
    F80 st[2] = { x87_get(x, 0), x87_get(x, 0) };
    uint16_t status = x->row->fn(x->fpu->fcw, st, NULL);

    if (x87_empty(x, 0)) {
        status = FSW_C3 | FSW_C0 | (status & FSW_C1);
    }
    x87_status(x, status);
}

static void x87_sign(X87 *x)
{
    F80 v = x87_get(x, 0);

    if (x87_empty(x, 0)) {
        if (x87_fault(x, false)) {
            x87_set(x, 0, x87_indefinite);
        }
        return;
    }
    x->fpu->fsw &= ~FSW_C1;
    v.exponent = x->row->extra ? v.exponent ^ 0x8000 : v.exponent & 0x7fff;
    x87_set(x, 0, v);
}

static void x87_nop(X87 *x)
{
}

static void (*const x87_shapes[])(X87 *x) = {
    [X87_ARITH] = x87_arith,
    [X87_COMPARE] = x87_compare,
    [X87_COMPARE_FLAGS] = x87_compare_flags,
    [X87_UNARY] = x87_unary,
    [X87_UNARY2] = x87_unary,
    [X87_POP2] = x87_pop2,
    [X87_PUSH2] = x87_push2,
    [X87_CONSTANT] = x87_load,
    [X87_LOAD] = x87_load,
    [X87_LOAD_ST] = x87_load_st,
    [X87_STORE] = x87_store,
    [X87_STORE_ST] = x87_store_st,
    [X87_EXCHANGE] = x87_exchange,
    [X87_CMOV] = x87_cmov,
    [X87_FREE] = x87_free,
    [X87_STEP] = x87_step_top,
    [X87_EXAMINE] = x87_examine,
    [X87_SIGN] = x87_sign,
    [X87_NOP] = x87_nop,
};

/* ---- The whole
 * -------------------------------------------------------------------- */

static void x87_set_pointers(X87 *x, uint64_t pc, uint64_t extra)
{
    x->fpu->fip = pc;
    x->fpu->fop = fp_unpack(extra, X87_EXTRA_FOP, 11);
    if (fp_unpack(extra, X87_EXTRA_MEM, 1)) {
        x->fpu->fdp = x->addr;
    }
}

uint64_t fp_helper_x87(void *env, uint64_t addr, uint64_t pc, uint64_t extra,
                       uint64_t row)
{
    X86Cpu *cpu = env;
    X87 x = {
        .cpu = cpu,
        .fpu = &cpu->fpu,
        .row = (const X87Row *)(uintptr_t)row,
        .addr = addr,
        .i = fp_unpack(extra, X87_EXTRA_ST, 3),
        .d9 = fp_unpack(extra, X87_EXTRA_D9, 1),
        .dst_i = fp_unpack(extra, X87_EXTRA_DST, 1),
    };

    fp_normalize(cpu);
    fp_check_pending(cpu);
    x87_shapes[x.row->shape](&x);
    x87_set_pointers(&x, pc, extra);
    return 0;
}
