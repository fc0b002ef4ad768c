/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring of regions: see regions.h. */
#include "accel/tcg/engine.h"

/* The ring grows to this without asking. A Debian boot fills it five times. */
#define REGIONS_SIZE_MIN (UINT64_C(32) << 20)
#define REGIONS_WITHOUT_BUFFER 16

/* More places in jump caches are not looked at one by one. */
enum { REGION_JUMPS_MAX = 512 };

/* ---- Emptying one ---------------------------------------------------------
 */

/* In how many places of jump caches its blocks may be. */
static size_t region_jumps(const TcgEngine *e, unsigned n)
{
    size_t jumps = 0;

    for (const TcgBlock *b = e->regions.region[n].blocks; b;
         b = b->region_next) {
        jumps += !b->valid                ? 0
                 : b->jumps > BLOCK_JUMPS ? TCG_JUMP_SIZE
                                          : b->jumps;
    }
    return jumps;
}

/* One walk for all of its blocks. Where the back end's code is not in a buffer
 * it is not known whose entries are whose. */
static void region_forget_jumps(TcgEngine *e, unsigned n)
{
    size_t size = SIZE_MAX;
    const uint8_t *start = NULL;

    if (e->ctx.buffer) {
        start = code_buffer_region(e->ctx.buffer, n, &size);
    }
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        code_forget_jumps(e->vcpus->pdata[i], start, size);
    }
    for (TcgBlock *b = e->regions.region[n].blocks; b; b = b->region_next) {
        b->jumps = 0;
    }
}

static uint8_t *region_known(const TcgEngine *e, uint32_t hash)
{
    return &e->regions.known[hash >> (32 - REGIONS_KNOWN_BITS)];
}

static uint8_t region_known_mark(uint32_t hash)
{
    return hash >> 4 | 1;
}

static void region_drop_block_locked(TcgEngine *e, TcgBlock *b)
{
    uint32_t hash = table_hash(&b->key);

    *region_known(e, hash) = region_known_mark(hash);
    block_drop_locked(e, b);
    page_close_unused_locked(e, b->page[0]);
    page_close_unused_locked(e, b->page[1]);
}

static void region_drop_blocks(TcgEngine *e, unsigned n)
{
    engine_lock(e);
    for (TcgBlock *b = e->regions.region[n].blocks; b; b = b->region_next) {
        if (b->valid) {
            region_drop_block_locked(e, b);
            e->stats.evicted++;
        }
    }
    engine_unlock(e);
}

/* Nobody runs them, or may find them. */
static void region_free_blocks(TcgEngine *e, unsigned n)
{
    TcgRegion *r = &e->regions.region[n];
    TcgBlock *b = g_steal_pointer(&r->blocks);

    while (b) {
        TcgBlock *next = b->region_next;
        e->ctx.backend->release(&e->ctx, &b->code);
        pool_free(&e->pool, b);
        b = next;
    }
    r->code_bytes = 0;
}

static void region_empty(TcgVcpu *v, unsigned n)
{
    TcgEngine *e = v->engine;

    hold_others(v, NULL);
    if (region_jumps(e, n) > REGION_JUMPS_MAX) {
        region_forget_jumps(e, n);
    }
    region_drop_blocks(e, n);
    region_free_blocks(e, n);
    e->ctx.backend->enter_region(&e->ctx, n);
    hold_release(v);
    e->stats.evictions++;
}

/* ---- The ring -------------------------------------------------------------
 */

static void region_enter(TcgRegions *r, unsigned n)
{
    r->now = n;
    r->region[n].turn = ++r->turns;
    r->made = r->again = 0;
}

/* Most of what was translated last had been dropped for room: a program that
 * runs new code all the time does well with a small ring. */
static bool regions_want_more(const TcgRegions *r)
{
    return r->ring < r->ring_min || r->again > r->made / 2;
}

static unsigned regions_oldest(const TcgRegions *r)
{
    unsigned oldest = 0;

    for (unsigned n = 1; n < r->ring; n++) {
        if (r->region[n].turn < r->region[oldest].turn) {
            oldest = n;
        }
    }
    return oldest;
}

void regions_next(TcgVcpu *v)
{
    TcgEngine *e = v->engine;
    TcgRegions *r = &e->regions;
    unsigned n = r->ring;

    if (n < r->count && regions_want_more(r)) {
        r->ring++;
        e->ctx.backend->enter_region(&e->ctx, n);
    } else {
        n = regions_oldest(r);
        region_empty(v, n);
    }
    region_enter(r, n);
}

bool regions_is_full(const TcgEngine *e)
{
    const TcgRegions *r = &e->regions;
    return r->region[r->now].code_bytes > r->bytes_max;
}

void regions_add(TcgEngine *e, TcgBlock *b)
{
    TcgRegion *r = &e->regions.region[e->regions.now];

    b->region_next = r->blocks;
    r->blocks = b;
    r->code_bytes += b->code.size;
}

void regions_expect(const TcgEngine *e, const TcgBlockKey *key)
{
    __builtin_prefetch(region_known(e, table_hash(key)), 1);
}

void regions_note(TcgEngine *e, const TcgBlock *b)
{
    TcgRegions *r = &e->regions;
    uint32_t hash = table_hash(&b->key);
    uint8_t *known = region_known(e, hash);

    r->made++;
    if (*known == region_known_mark(hash)) {
        *known = 0;
        r->again++;
        e->stats.translated_again++;
    }
}

/* ---- All of it ------------------------------------------------------------
 */

void regions_init(TcgEngine *e)
{
    TcgRegions *r = &e->regions;

    r->count = e->ctx.buffer ? code_buffer_regions(e->ctx.buffer)
                             : REGIONS_WITHOUT_BUFFER;
    r->bytes_max = e->buffer_size / r->count;
    r->ring_min = CLAMP(REGIONS_SIZE_MIN / r->bytes_max, 2, r->count);
    r->region = g_new0(TcgRegion, r->count);
    r->known = g_new0(uint8_t, 1u << REGIONS_KNOWN_BITS);
    r->ring = 1;
    region_enter(r, 0);
}

void regions_clear(TcgEngine *e)
{
    g_free(e->regions.region);
    g_free(e->regions.known);
}

uint64_t regions_code_bytes(const TcgRegions *r)
{
    uint64_t sum = 0;

    for (unsigned n = 0; n < r->ring; n++) {
        sum += r->region[n].code_bytes;
    }
    return sum;
}

void regions_empty_all(TcgEngine *e)
{
    TcgRegions *r = &e->regions;

    for (unsigned i = 0; i < e->vcpus->len; i++) {
        code_flush_jumps(e->vcpus->pdata[i]);
    }
    engine_lock(e);
    page_open_every_locked(e);
    engine_unlock(e);
    for (unsigned n = 0; n < r->ring; n++) {
        region_free_blocks(e, n);
    }
    e->ctx.backend->clear(&e->ctx);
    r->ring = 1;
    region_enter(r, 0);
}
