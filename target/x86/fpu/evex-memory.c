/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements packed together and spread out by a mask, and elements at many
 * addresses. Gathers and scatters clear a mask bit with each element that is
 * done, so that one that faults goes on where it was (SDM VPGATHERDD).
 */
#include "target/x86/fpu/fpu.h"

#include <string.h>

/* ---- Compression and expansion ---------------------------------------------
 */

/* Memory under the mask is as many elements as bits are set, which common code
 * knows; in a register the rest is masked off. */
static void evex_compress(FpOp *x)
{
    unsigned done = 0, size = x->element;
    FpVec old;

    fp_get_vector(x->cpu, &old, x->dst_reg);
    for (unsigned n = 0; n < x->vl / size; n++) {
        if (x->k >> n & 1) {
            memcpy(x->d.b + size * done++, x->b.b + n * size, size);
        }
    }
    if (!x->mem_dst && !x->zeroes) {
        memcpy(x->d.b + size * done, old.b + size * done, x->vl - size * done);
    }
}

static void evex_expand(FpOp *x)
{
    unsigned done = 0, size = x->element;

    for (unsigned n = 0; n < x->vl / size; n++) {
        if (x->k >> n & 1) {
            memcpy(x->d.b + n * size, x->b.b + size * done++, size);
        }
    }
}

/* ---- Gathers and scatters --------------------------------------------------
 */

/* The offset wraps; the segment's base is added to what is left. */
static vaddr evex_address(const FpOp *x, int64_t index)
{
    const X86Cpu *cpu = x->cpu;
    vaddr addr = x->addr + ((uint64_t)index << x->scale);
    bool flat = cpu->key.code == X86_CODE64 && x->segment < X86_FS;
    uint64_t base = flat ? 0 : cpu->seg[x->segment].base;

    if (!x->address_32) {
        return addr;
    }
    addr = (uint32_t)(addr - base) + base;
    return cpu->key.code == X86_CODE64 ? addr : (uint32_t)addr;
}

static void evex_gather_one(FpOp *x, vaddr addr, unsigned n, unsigned bytes)
{
    FpVec d;
    uint64_t v = x86_load(x->cpu, addr, bytes, x->cpu->env.mode);

    fp_get_vector(x->cpu, &d, x->dst_reg);
    memcpy(d.b + n * bytes, &v, bytes);
    fp_put_vector(x->cpu, x->dst_reg, &d, 64);
}

static void evex_scatter_one(FpOp *x, vaddr addr, unsigned n, unsigned bytes)
{
    uint64_t v = 0;

    memcpy(&v, x->b.b + n * bytes, bytes);
    x86_store(x->cpu, addr, v, bytes, x->cpu->env.mode);
}

/* index, bytes: of an index and of an element. */
static void evex_each(FpOp *x, unsigned index, unsigned bytes)
{
    unsigned count = x->vl / MAX(index, bytes);
    uint64_t *k = &x->cpu->fpu.opmask[x->k_reg];
    FpVec at, d;

    fp_get_vector(x->cpu, &at, x->index);
    for (unsigned n = 0; n < count; n++) {
        if (!(*k >> n & 1)) {
            continue;
        }
        vaddr addr = evex_address(x, index == 8 ? at.sq[n] : at.sl[n]);
        if (x->mem_dst) {
            evex_scatter_one(x, addr, n, bytes);
        } else {
            evex_gather_one(x, addr, n, bytes);
        }
        *k &= ~(UINT64_C(1) << n);
    }
    *k = 0;
    if (!x->mem_dst) {
        fp_get_vector(x->cpu, &d, x->dst_reg);
        fp_put_vector(x->cpu, x->dst_reg, &d, count * bytes);
    }
}
static void evex_dd(FpOp *x)
{
    evex_each(x, 4, 4);
}
static void evex_dq(FpOp *x)
{
    evex_each(x, 4, 8);
}
static void evex_qd(FpOp *x)
{
    evex_each(x, 8, 4);
}
static void evex_qq(FpOp *x)
{
    evex_each(x, 8, 8);
}

/* clang-format off */
#define PACKED(name, fn, flags) [X86_##name] = { evex_##fn, flags }
#define MANY(name, fn) [X86_##name] = { evex_##fn, FP_ADDRESS }

const FpRow fp_evex_memory_rows[X86_MNEMONIC_COUNT] = {
    PACKED(VPCOMPRESSB, compress, FP_OWN_MASK), PACKED(VPCOMPRESSW, compress, FP_OWN_MASK),
    PACKED(VPCOMPRESSD, compress, FP_OWN_MASK), PACKED(VPCOMPRESSQ, compress, FP_OWN_MASK),
    PACKED(VCOMPRESSPS, compress, FP_OWN_MASK), PACKED(VCOMPRESSPD, compress, FP_OWN_MASK),
    PACKED(VPEXPANDB, expand, 0), PACKED(VPEXPANDW, expand, 0), PACKED(VPEXPANDD, expand, 0),
    PACKED(VPEXPANDQ, expand, 0), PACKED(VEXPANDPS, expand, 0), PACKED(VEXPANDPD, expand, 0),
    MANY(VPSCATTERDD, dd), MANY(VPSCATTERDQ, dq), MANY(VPSCATTERQD, qd), MANY(VPSCATTERQQ, qq),
    MANY(VSCATTERDPS, dd), MANY(VSCATTERDPD, dq), MANY(VSCATTERQPS, qd), MANY(VSCATTERQPD, qq),
};
const FpRow fp_evex_gather_rows[X86_MNEMONIC_COUNT] = {
    MANY(VPGATHERDD, dd), MANY(VPGATHERDQ, dq), MANY(VPGATHERQD, qd), MANY(VPGATHERQQ, qq),
    MANY(VGATHERDPS, dd), MANY(VGATHERDPD, dq), MANY(VGATHERQPS, qd), MANY(VGATHERQPD, qq),
};
/* clang-format on */
