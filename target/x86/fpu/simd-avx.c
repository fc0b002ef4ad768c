/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What AVX and AVX2 added: broadcasts, permutations across 128 bits, shifts
 * by lane, masked moves and gathers, dot products of small integers.
 */
#include "target/x86/fpu/fpu.h"

#include <string.h>

#define BROADCAST(name, t)                                                     \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            x->d.t[n] = x->b.t[0];                                             \
        }                                                                      \
    }

BROADCAST(broadcastb, b)
BROADCAST(broadcastw, w)
BROADCAST(broadcastd, l)
BROADCAST(broadcastq, q)

static void simd_broadcast128(FpOp *x)
{
    memcpy(x->d.b, x->b.b, 16);
    memcpy(x->d.b + 16, x->b.b, 16);
}

static void simd_insert128(FpOp *x)
{
    x->d = x->a;
    memcpy(x->d.b + (x->imm & 1) * 16, x->b.b, 16);
}

static void simd_extract128(FpOp *x)
{
    memcpy(x->d.b, x->b.b + (x->imm & 1) * 16, 16);
}

/* Each half: of a or b by two bits, or zero by the third. */
static void simd_perm128(FpOp *x)
{
    for (unsigned half = 0; half < 2; half++) {
        unsigned imm = x->imm >> (4 * half);
        const FpVec *from = imm & 2 ? &x->b : &x->a;
        memcpy(x->d.b + 16 * half, from->b + (imm & 1) * 16, 16);
        if (imm & 8) {
            memset(x->d.b + 16 * half, 0, 16);
        }
    }
}

/* Within 256 bits by the immediate, or a selects from all of b. */
static void simd_permq(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        unsigned imm = (n & ~3) + (x->imm >> (2 * (n & 3)) & 3);
        x->d.q[n] = x->b.q[x->has_imm ? imm : x->a.q[n] & (x->size / 8 - 1)];
    }
}

static void simd_permd(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        x->d.l[n] = x->b.l[x->a.l[n] & (x->size / 4 - 1)];
    }
}

/* Within 128 bits, by an immediate or by a vector: b selects from a. */
static void simd_permilps(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 4; n++) {
        x->d.l[n] = x->has_imm
                        ? x->b.l[(n & ~3) + (x->imm >> (2 * (n & 3)) & 3)]
                        : x->a.l[(n & ~3) + (x->b.l[n] & 3)];
    }
}
static void simd_permilpd(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n++) {
        x->d.q[n] = x->has_imm ? x->b.q[(n & ~1) + (x->imm >> n & 1)]
                               : x->a.q[(n & ~1) + (x->b.q[n] >> 1 & 1)];
    }
}

#define SHIFT_LANES(name, t, bits, expr, over)                                 \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / sizeof(x->d.t[0]); n++) {           \
            uint64_t count = bits == 64 ? x->b.q[n] : x->b.l[n];               \
            x->d.t[n] = count < (bits) ? (expr) : (over);                      \
        }                                                                      \
    }

SHIFT_LANES(sllvd, l, 32, x->a.l[n] << count, 0)
SHIFT_LANES(sllvq, q, 64, x->a.q[n] << count, 0)
SHIFT_LANES(srlvd, l, 32, x->a.l[n] >> count, 0)
SHIFT_LANES(srlvq, q, 64, x->a.q[n] >> count, 0)
SHIFT_LANES(sravd, sl, 32, x->a.sl[n] >> count, x->a.sl[n] < 0 ? -1 : 0)
SHIFT_LANES(sravq, sq, 64, x->a.sq[n] >> count, x->a.sq[n] < 0 ? -1 : 0)

/* Outside of 64-bit mode only the eight that exist there. */
static unsigned simd_registers(const FpOp *x)
{
    return x->cpu->key.code == X86_CODE64 ? 16 : 8;
}

static void simd_zeroupper(FpOp *x)
{
    X86Fpu *fpu = &x->cpu->fpu;

    memset(fpu->ymm_high, 0, simd_registers(x) * sizeof(fpu->ymm_high[0]));
    memset(fpu->zmm_high, 0, simd_registers(x) * sizeof(fpu->zmm_high[0]));
}

static void simd_zeroall(FpOp *x)
{
    X86Fpu *fpu = &x->cpu->fpu;
    unsigned count = simd_registers(x);

    memset(fpu->xmm, 0, count * sizeof(fpu->xmm[0]));
    simd_zeroupper(x);
}

/* ---- Masked moves and gathers ---------------------------------------------
 */

static uint64_t simd_load(FpOp *x, vaddr addr, unsigned bytes)
{
    return x86_load(x->cpu, addr, bytes, x->cpu->env.mode);
}

static void simd_put(FpVec *v, unsigned n, unsigned bytes, uint64_t val)
{
    memcpy(v->b + n * bytes, &val, bytes);
}

static bool simd_negative(const FpVec *v, unsigned n, unsigned bytes)
{
    return v->sb[(n + 1) * bytes - 1] < 0;
}

/* a: mask; b: what is stored. Memory under clear mask bits is not touched. */
static void simd_maskmov(FpOp *x, unsigned bytes)
{
    if (x->mem_dst) {
        fp_probe_masked(x->cpu, x->addr, x->a.b, x->size, bytes);
    }
    x->d = (FpVec){ { 0 } };
    for (unsigned n = 0; n < x->size / bytes; n++) {
        vaddr addr = x->addr + n * bytes;
        if (!simd_negative(&x->a, n, bytes)) {
            continue;
        }
        if (x->mem_dst) {
            uint64_t v = bytes == 8 ? x->b.q[n] : x->b.l[n];
            x86_store(x->cpu, addr, v, bytes, x->cpu->env.mode);
        } else {
            simd_put(&x->d, n, bytes, simd_load(x, addr, bytes));
        }
    }
}
static void simd_maskmovd(FpOp *x)
{
    simd_maskmov(x, 4);
}
static void simd_maskmovq(FpOp *x)
{
    simd_maskmov(x, 8);
}

static int64_t simd_gather_index(const FpOp *x, unsigned n, unsigned bytes)
{
    const X86Fpu *fpu = &x->cpu->fpu;
    FpVec v;

    memcpy(v.b, fpu->xmm[x->index].b, 16);
    memcpy(v.b + 16, fpu->ymm_high[x->index], 16);
    return bytes == 8 ? v.sq[n] : v.sl[n];
}

/* The offset wraps; the segment's base is added to what is left. */
static vaddr simd_wrap(const FpOp *x, vaddr addr)
{
    const X86Cpu *cpu = x->cpu;
    bool flat = cpu->key.code == X86_CODE64 && x->segment < X86_FS;
    uint64_t base = flat ? 0 : cpu->seg[x->segment].base;
    uint64_t linear = (uint32_t)(addr - base) + base;

    return cpu->key.code == X86_CODE64 ? linear : (uint32_t)linear;
}

static void simd_put_register(X86Fpu *fpu, unsigned reg, unsigned n,
                              unsigned bytes, uint64_t val)
{
    unsigned at = n * bytes;
    uint8_t *p = at < 16 ? fpu->xmm[reg].b + at
                         : (uint8_t *)fpu->ymm_high[reg] + (at - 16);

    memcpy(p, &val, bytes);
}

/* The mask b is cleared; d keeps elements that it does not select. Each element
 * is done for good, so that a fault at the next one finds it: SDM 2C VPGATHER.
 */
static void simd_gather(FpOp *x, unsigned index, unsigned bytes)
{
    unsigned count = x->vl / MAX(index, bytes);
    X86Fpu *fpu = &x->cpu->fpu;

    for (unsigned n = 0; n < count; n++) {
        if (simd_negative(&x->b, n, bytes)) {
            uint64_t off = (uint64_t)simd_gather_index(x, n, index) << x->scale;
            vaddr addr = x->addr + off;
            if (x->address_32) {
                addr = simd_wrap(x, addr);
            }
            uint64_t val = simd_load(x, addr, bytes);
            simd_put(&x->d, n, bytes, val);
            simd_put_register(fpu, x->dest, n, bytes, val);
        }
        simd_put_register(fpu, x->mask, n, bytes, 0);
    }
    memset(x->d.b + count * bytes, 0, sizeof(x->d.b) - count * bytes);
    memset(fpu->xmm[x->mask].b, 0, 16);
    memset(fpu->ymm_high[x->mask], 0, 16);
    memset(fpu->zmm_high[x->mask], 0, 32);
}
static void simd_gatherdd(FpOp *x)
{
    simd_gather(x, 4, 4);
}
static void simd_gatherdq(FpOp *x)
{
    simd_gather(x, 4, 8);
}
static void simd_gatherqd(FpOp *x)
{
    simd_gather(x, 8, 4);
}
static void simd_gatherqq(FpOp *x)
{
    simd_gather(x, 8, 8);
}

/* ---- AVX-VNNI -------------------------------------------------------------
 */

static int64_t simd_dot_bytes(const FpOp *x, unsigned n)
{
    int64_t sum = x->d.sl[n];

    for (unsigned i = 4 * n; i < 4 * n + 4; i++) {
        sum += x->a.b[i] * x->b.sb[i];
    }
    return sum;
}
static int64_t simd_dot_words(const FpOp *x, unsigned n)
{
    return (int64_t)x->d.sl[n] + x->a.sw[2 * n] * x->b.sw[2 * n] +
           (int64_t)(x->a.sw[2 * n + 1] * x->b.sw[2 * n + 1]);
}
static int32_t simd_saturate(int64_t v)
{
    return CLAMP(v, INT32_MIN, INT32_MAX);
}

#define DOT(name, expr)                                                        \
    static void simd_##name(FpOp *x)                                           \
    {                                                                          \
        for (unsigned n = 0; n < x->size / 4; n++) {                           \
            x->d.sl[n] = (expr);                                               \
        }                                                                      \
    }

DOT(dpbusd, simd_dot_bytes(x, n))
DOT(dpbusds, simd_saturate(simd_dot_bytes(x, n)))
DOT(dpwssd, simd_dot_words(x, n))
DOT(dpwssds, simd_saturate(simd_dot_words(x, n)))

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { simd_##fn, 0 }
#define MEM(name, fn) [X86_##name] = { simd_##fn, FP_ADDRESS }

const FpRow fp_avx_rows[X86_MNEMONIC_COUNT] = {
    ROW(VPBROADCASTB, broadcastb), ROW(VPBROADCASTW, broadcastw),
    ROW(VPBROADCASTD, broadcastd), ROW(VPBROADCASTQ, broadcastq),
    ROW(VBROADCASTSS, broadcastd), ROW(VBROADCASTSD, broadcastq),
    ROW(VBROADCASTF128, broadcast128), ROW(VBROADCASTI128, broadcast128),
    ROW(VINSERTF128, insert128), ROW(VINSERTI128, insert128),
    ROW(VEXTRACTF128, extract128), ROW(VEXTRACTI128, extract128),
    ROW(VPERM2F128, perm128), ROW(VPERM2I128, perm128),
    ROW(VPERMQ, permq), ROW(VPERMPD, permq), ROW(VPERMD, permd), ROW(VPERMPS, permd),
    ROW(VPERMILPS, permilps), ROW(VPERMILPD, permilpd),
    ROW(VPSLLVD, sllvd), ROW(VPSLLVQ, sllvq), ROW(VPSRLVD, srlvd), ROW(VPSRLVQ, srlvq), ROW(VPSRAVD, sravd), ROW(VPSRAVQ, sravq),
    ROW(VZEROUPPER, zeroupper), ROW(VZEROALL, zeroall),
    ROW(VPDPBUSD, dpbusd), ROW(VPDPBUSDS, dpbusds), ROW(VPDPWSSD, dpwssd), ROW(VPDPWSSDS, dpwssds),
    MEM(VMASKMOVPS, maskmovd), MEM(VMASKMOVPD, maskmovq),
    MEM(VPMASKMOVD, maskmovd), MEM(VPMASKMOVQ, maskmovq),
    MEM(VPGATHERDD, gatherdd), MEM(VPGATHERDQ, gatherdq), MEM(VPGATHERQD, gatherqd), MEM(VPGATHERQQ, gatherqq),
    MEM(VGATHERDPS, gatherdd), MEM(VGATHERDPD, gatherdq), MEM(VGATHERQPS, gatherqd), MEM(VGATHERQPD, gatherqq),
};
/* clang-format on */
