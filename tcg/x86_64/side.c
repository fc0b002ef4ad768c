/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The side tables: which guest instruction a host address belongs to, and
 * where the slow part of an access is. Each stands in the code buffer behind
 * its block's out-of-line parts, so it lives as long as code that may still be
 * running; the list of a region's blocks stands at the region's end. An offset
 * in a block counts as if all of it stood together.
 *
 *   SideHead, SideAccess[accesses], then `bytes` of marks: host offset and
 *   guest pc, each as the difference to the one before it, LEB128 (pc signed,
 *   zigzag). A mark covers the code up to the next mark.
 */
#include "tcg/x86_64/emit.h"

typedef struct SideHead {
    uint64_t pc;
    uint32_t accesses;
    uint32_t bytes : 31;
    uint32_t relative : 1; /* pcs count from env->pc_base */
} SideHead;

/* Of accesses through a slot: others do not fault in the host. */
typedef struct SideAccess {
    uint32_t resume : 20; /* offset in the block */
    uint32_t length : 12;
    uint32_t slow; /* offset in the block */
} SideAccess;

/* ---- writing ---------------------------------------------------------- */

static void side_put(Emit *e, uint64_t v)
{
    do {
        uint8_t byte = v & 0x7f;

        v >>= 7;
        byte |= v ? 0x80 : 0;
        *e->side++ = byte;
    } while (v);
}

void side_mark(Emit *e, uint64_t pc)
{
    uint32_t at = emit_offset(e, e->as.p);
    int64_t step = pc - e->side_pc;

    if (!step && at) {
        return;
    }
    side_put(e, at - e->side_at);
    side_put(e, (uint64_t)step << 1 ^ (step < 0 ? UINT64_MAX : 0));
    e->side_at = at;
    e->side_pc = pc;
}

void side_begin(Emit *e)
{
    e->side = e->side_start;
    e->side_at = 0;
    e->side_pc = e->ir->pc;
    side_mark(e, e->ir->pc);
}

size_t side_bytes(const Emit *e)
{
    return sizeof(SideHead) + e->access_count * sizeof(SideAccess) +
           (e->side - e->side_start);
}

void side_write(const Emit *e, uint8_t *to)
{
    SideHead *head = (SideHead *)to;
    SideAccess *access = (SideAccess *)(head + 1);

    *head = (SideHead){ e->ir->pc, e->access_count, e->side - e->side_start,
                        e->ir->relative };
    for (unsigned n = 0; n < e->access_count; n++) {
        const EmitAccess *from = &e->access[n];

        access[n] = (SideAccess){ from->resume, from->length,
                                  emit_offset(e, e->cold[from->cold].start) };
    }
    memcpy(access + e->access_count, e->side_start, head->bytes);
}

/* ---- the lists of blocks ---------------------------------------------- */

void side_init(TcgContext *ctx)
{
    X86State *st = ctx->state;
    unsigned regions = code_buffer_regions(ctx->buffer);

    st->region = g_new0(SideRegion, regions);
    st->regions_start = code_buffer_region(ctx->buffer, 0, &st->region_size);
    st->regions_end = st->regions_start + regions * st->region_size;
    for (unsigned n = 0; n < regions; n++) {
        st->region[n].end =
            (const SideBlock *)(st->regions_start + (n + 1) * st->region_size);
    }
}

void side_empty(TcgContext *ctx, unsigned region)
{
    X86State *st = ctx->state;

    st->region[region].count = 0;
    st->region_now = region;
}

void side_list(TcgContext *ctx, SideBlock b)
{
    X86State *st = ctx->state;
    SideRegion *r = &st->region[st->region_now];

    *(SideBlock *)code_buffer_take_end(ctx->buffer, sizeof(b)) = b;
    __atomic_store_n(&r->count, r->count + 1, __ATOMIC_RELEASE);
}

/* ---- reading: light, as sync_pc() is ---------------------------------- */
#define LIGHT __attribute__((target("general-regs-only")))

static LIGHT uint64_t side_get(const uint8_t **p)
{
    uint64_t v = 0;
    unsigned shift = 0;

    for (;;) {
        uint8_t byte = *(*p)++;

        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return v;
        }
        shift += 7;
    }
}

/* Blocks of a region are emitted, and so listed, in order of their addresses,
 * and all that is out of line stands behind all that is not. */
LIGHT const SideBlock *side_find(TcgContext *ctx, const void *x)
{
    const X86State *st = ctx->state;
    const uint8_t *exec = x;

    if (exec < st->regions_start || exec >= st->regions_end) {
        return NULL;
    }
    const SideRegion *r =
        &st->region[(size_t)(exec - st->regions_start) / st->region_size];
    uint32_t at = exec - st->exec;
    unsigned low = 0;
    unsigned high = __atomic_load_n(&r->count, __ATOMIC_ACQUIRE);
    bool cold = high && at >= r->end[-1].cold;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        const SideBlock *b = r->end - 1 - mid;
        uint32_t start = cold ? b->cold : b->hot;

        if (at < start) {
            high = mid;
        } else if (at - start >= (cold ? b->cold_size : b->hot_size)) {
            low = mid + 1;
        } else {
            return b;
        }
    }
    return NULL;
}

LIGHT uint32_t side_offset(const SideBlock *b, uint32_t at)
{
    return at >= b->cold ? b->hot_size + (at - b->cold) : at - b->hot;
}

static LIGHT const SideHead *side_head(const TcgContext *ctx,
                                       const SideBlock *b)
{
    const X86State *st = ctx->state;

    return (const SideHead *)(st->exec + (b->cold + b->cold_size + 7) / 8 * 8);
}

LIGHT bool side_pc(TcgContext *ctx, const void *x, uint64_t base, uint64_t *pc)
{
    const X86State *st = ctx->state;
    const SideBlock *b = side_find(ctx, x);

    if (!b) {
        return false;
    }
    const SideHead *head = side_head(ctx, b);
    const uint8_t *p =
        (const uint8_t *)((const SideAccess *)(head + 1) + head->accesses);
    const uint8_t *end = p + head->bytes;
    uint32_t target = side_offset(b, (const uint8_t *)x - st->exec);
    uint32_t at = 0;
    uint64_t mark = head->pc;

    *pc = mark;
    while (p < end) {
        at += side_get(&p);
        uint64_t step = side_get(&p);
        mark += step >> 1 ^ -(step & 1);
        if (at > target) {
            break;
        }
        *pc = mark;
    }
    *pc += head->relative ? base : 0;
    return true;
}

LIGHT uint64_t side_block_pc(TcgContext *ctx, const void *x, uint64_t base)
{
    const SideHead *head = side_head(ctx, side_find(ctx, x));

    return head->pc + (head->relative ? base : 0);
}

const uint8_t *side_slow_part(TcgContext *ctx, const void *x)
{
    const X86State *st = ctx->state;
    const SideBlock *b = side_find(ctx, x);

    if (!b) {
        return NULL;
    }
    const SideHead *head = side_head(ctx, b);
    const SideAccess *access = (const SideAccess *)(head + 1);
    uint32_t at = side_offset(b, (const uint8_t *)x - st->exec);

    for (unsigned n = 0; n < head->accesses; n++) {
        if (at - access[n].resume < access[n].length) {
            return st->exec + b->cold + (access[n].slow - b->hot_size);
        }
    }
    return NULL;
}
