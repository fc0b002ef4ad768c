/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's guest memory: the large table inline, then the context's
 * slow paths, which may raise.
 */
#ifndef TCG_INTERP_MEMORY_H
#define TCG_INTERP_MEMORY_H

#include "tcg/interp/interp.h"

#include <string.h>

/* Host address of the access, or NULL if the table does not allow it. */
static inline uint8_t *interp_find(const TcgEnv *env, uint64_t addr,
                                   unsigned size, unsigned mode, bool write)
{
    const TcgTlbEntry *e = &env->tlb[mode][(addr >> 12) & (TCG_TLB_SIZE - 1)];
    uint64_t tag = write ? e->write : e->read;
    unsigned off = addr & 4095;
    if (tag != (addr & ~UINT64_C(4095)) || off + size > 4096) {
        return NULL;
    }
    return tcg_tlb_host(e, addr);
}

/* The same, through a page walk if need be. */
static inline uint8_t *interp_fill(InterpState *s, uint64_t addr, unsigned size,
                                   unsigned mode, bool write)
{
    uint8_t *host = interp_find(s->env, addr, size, mode, write);
    return host ? host : s->ctx->fill(s->env, addr, size, mode, write);
}

static inline uint64_t interp_read_host(const uint8_t *host, unsigned log2)
{
    uint64_t val = 0;
    switch (log2) {
    case 0:
        return *host;
    case 1:
        memcpy(&val, host, 2);
        return val;
    case 2:
        memcpy(&val, host, 4);
        return val;
    default:
        memcpy(&val, host, 8);
        return val;
    }
}

static inline void interp_write_host(uint8_t *host, uint64_t val, unsigned log2)
{
    switch (log2) {
    case 0:
        *host = val;
        break;
    case 1:
        memcpy(host, &val, 2);
        break;
    case 2:
        memcpy(host, &val, 4);
        break;
    default:
        memcpy(host, &val, 8);
        break;
    }
}

static inline uint64_t interp_sign_extend(uint64_t val, unsigned log2)
{
    unsigned shift = 64 - (8 << log2);
    return (int64_t)(val << shift) >> shift;
}

static inline uint64_t interp_load_host(const InterpOp *op)
{
    uint64_t val =
        interp_read_host((const uint8_t *)(intptr_t)op->imm, op->size);
    return op->flags & INTERP_SIGN ? interp_sign_extend(val, op->size) : val;
}

static inline uint64_t interp_load(InterpState *s, const InterpOp *op,
                                   uint64_t addr)
{
    unsigned size = 1u << op->size;
    bool rmw = op->flags & INTERP_RMW;
    uint8_t *host = interp_fill(s, addr, size, op->mode, rmw);
    uint64_t val = 0;
    if (G_LIKELY(host)) {
        val = interp_read_host(host, op->size);
    } else if (rmw) {
        s->ctx->load_bytes(s->env, addr, &val, size, op->mode, true);
    } else {
        val = s->ctx->load(s->env, addr, size, op->mode);
    }
    if (op->flags & INTERP_SIGN) {
        val = interp_sign_extend(val, op->size);
    }
    return op->type == IR_I32 ? (uint32_t)val : val;
}

static inline void interp_store(InterpState *s, const InterpOp *op,
                                uint64_t addr, uint64_t val)
{
    unsigned size = 1u << op->size;
    uint8_t *host = interp_fill(s, addr, size, op->mode, true);
    if (G_LIKELY(host)) {
        interp_write_host(host, val, op->size);
        return;
    }
    s->ctx->store(s->env, addr, val, size, op->mode);
}

static inline void interp_probe_write(InterpState *s, const InterpOp *op,
                                      uint64_t addr)
{
    uint8_t bytes[8];
    unsigned size = 1u << op->size;
    if (!interp_fill(s, addr, size, op->mode, true)) {
        s->ctx->load_bytes(s->env, addr, bytes, size, op->mode, true);
    }
}

/* What an atomic operation writes over `old`. */
static inline uint64_t interp_atomic_result(unsigned kind, uint64_t old,
                                            uint64_t b, uint64_t c)
{
    switch (kind) {
    case IR_ATOMIC_ADD:
        return old + b;
    case IR_ATOMIC_AND:
        return old & b;
    case IR_ATOMIC_OR:
        return old | b;
    case IR_ATOMIC_XOR:
        return old ^ b;
    case IR_ATOMIC_CMPXCHG:
        return old == b ? c : old;
    default:
        return b;
    }
}

/* One attempt: true if *old was there and was replaced, else *old is what is
 * there. Unaligned operands are atomic on the hosts that have them. */
__attribute__((no_sanitize("alignment"))) static inline bool
interp_exchange(uint8_t *host, unsigned log2, uint64_t *old, uint64_t new_val)
{
    switch (log2) {
    case 0: {
        uint8_t seen = *old;
        bool done = __atomic_compare_exchange_n(
            host, &seen, new_val, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *old = seen;
        return done;
    }
    case 1: {
        uint16_t seen = *old;
        bool done =
            __atomic_compare_exchange_n((uint16_t *)host, &seen, new_val, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *old = seen;
        return done;
    }
    case 2: {
        uint32_t seen = *old;
        bool done =
            __atomic_compare_exchange_n((uint32_t *)host, &seen, new_val, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *old = seen;
        return done;
    }
    default: {
        uint64_t seen = *old;
        bool done =
            __atomic_compare_exchange_n((uint64_t *)host, &seen, new_val, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *old = seen;
        return done;
    }
    }
}

/* Devices, watched pages and page crossings: in steps, while nobody else runs.
 */
static inline uint64_t interp_atomic(InterpState *s, const InterpOp *op,
                                     uint64_t addr, uint64_t b, uint64_t c)
{
    unsigned size = 1u << op->size;
    uint64_t mask = UINT64_MAX >> (64 - 8 * size);
    uint8_t *host = interp_fill(s, addr, size, op->mode, true);
    uint64_t old = 0;
    b &= mask;
    if (!host) {
        if (s->ctx->alone) {
            s->ctx->alone(s->env);
        }
        s->ctx->load_bytes(s->env, addr, &old, size, op->mode, true);
        uint64_t val = interp_atomic_result(op->cond, old, b, c);
        s->ctx->store(s->env, addr, val, size, op->mode);
        return old;
    }
    old = interp_read_host(host, op->size);
    while (!interp_exchange(host, op->size, &old,
                            interp_atomic_result(op->cond, old, b, c))) {
    }
    return old;
}

#endif
