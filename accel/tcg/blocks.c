/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation cache: making blocks, finding out what a store overwrote,
 * dropping blocks. The invariants are in engine.h.
 *
 * Several vCPUs: translating is serial; dropping may happen on any thread.
 * Where a page gets its first block, those that may have it open for stores are
 * held meanwhile; to empty the whole buffer, all are.
 */
#include "accel/tcg/engine.h"
#include "util/log.h"

#include <string.h>
#include <time.h>

enum {
    LINKS_BETWEEN_TRANSLATIONS = 4096,
    STORES_TO_OPEN = 128, /* cost about what translating a few blocks does */
};

/* ---- Pages ----------------------------------------------------------------
 */

static unsigned block_first_bytes(const TcgBlock *b)
{
    unsigned start = (uintptr_t)b->key.host & (PAGE_SIZE - 1);
    return MIN(b->size, PAGE_SIZE - start);
}

/* The bytes of page i that the block was made from. */
static void block_extent(const TcgBlock *b, unsigned i, unsigned *start,
                         unsigned *size)
{
    unsigned first = block_first_bytes(b);
    *start = i ? 0 : (uintptr_t)b->key.host & (PAGE_SIZE - 1);
    *size = i ? b->size - first : first;
}

static uint64_t block_cover(unsigned start, unsigned size)
{
    unsigned lo = start / 64, hi = (start + MAX(size, 1) - 1) / 64;
    return (UINT64_MAX >> (63 - hi)) & (UINT64_MAX << lo);
}

static unsigned block_page_index(const TcgBlock *b, const TcgPage *p)
{
    return b->page[0] == p ? 0 : 1;
}

static void block_add_to_page(TcgBlock *b, unsigned i, TcgPage *p)
{
    unsigned start, size;

    b->page[i] = p;
    b->page_next[i] = p->blocks;
    p->blocks = b;
    block_extent(b, i, &start, &size);
    p->covered |= block_cover(start, size);
}

static TcgPage *block_get_page(TcgEngine *e, const TcgCodePage *c)
{
    TcgPage *p = g_hash_table_lookup(e->pages, c->host);
    if (!p) {
        p = g_new0(TcgPage, 1);
        *p = (TcgPage){ .host = c->host, .ram = c->ram, .off = c->off };
        g_hash_table_insert(e->pages, (void *)p->host, p);
    }
    return p;
}

/* Without blocks, stores to it may be fast again. */
static void block_put_page(TcgEngine *e, TcgPage *p)
{
    if (!p->blocks) {
        ram_dirty_test_and_clear(p->ram, DIRTY_CODE, p->off, PAGE_SIZE);
        g_hash_table_remove(e->pages, p->host);
    }
}

static void block_remove_from_page(TcgEngine *e, TcgBlock *b, unsigned i)
{
    TcgPage *p = b->page[i];
    if (!p) {
        return;
    }
    TcgBlock **at = &p->blocks;
    while (*at != b) {
        at = &(*at)->page_next[block_page_index(*at, p)];
    }
    *at = b->page_next[i];
    block_put_page(e, p);
}

/* ---- Dropping -------------------------------------------------------------
 */

static void block_free(struct rcu_head *rcu)
{
    TcgBlock *b = (TcgBlock *)((char *)rcu - offsetof(TcgBlock, rcu));
    TcgContext *ctx = &b->engine->ctx;

    ctx->backend->release(ctx, &b->code);
    g_free(b);
}

static void block_remove_from_hash(TcgEngine *e, TcgBlock *b)
{
    TcgBlock **at = block_bucket(e, &b->key);
    while (*at != b) {
        at = &(*at)->hash_next;
    }
    *at = b->hash_next;
}

static void block_push(TcgBlock **bucket, TcgBlock *b)
{
    b->hash_next = *bucket;
    *bucket = b;
}

/* Twice the buckets: chains stay short, as each step is a cache miss. */
static void block_grow_hash(TcgEngine *e)
{
    unsigned count = 1u << e->hash_bits;
    g_autofree TcgBlock **old = e->hash;

    e->hash_bits++;
    e->hash = g_new0(TcgBlock *, 1u << e->hash_bits);
    for (unsigned i = 0; i < count; i++) {
        TcgBlock *next;
        for (TcgBlock *b = old[i]; b; b = next) {
            next = b->hash_next;
            block_push(block_bucket(e, &b->key), b);
        }
    }
}

static void block_add_to_hash(TcgEngine *e, TcgBlock *b)
{
    if (e->block_count >= 1u << e->hash_bits) {
        block_grow_hash(e);
    }
    block_push(block_bucket(e, &b->key), b);
}

static void block_remove_jump(TcgVcpu *v, unsigned index, const TcgBlock *b)
{
    TcgJump *j = &v->jumps[index];
    if (j->code == b->code.entry) {
        __atomic_store_n(&j->key, 0, __ATOMIC_RELEASE);
    }
}

static void block_remove_from_jumps(TcgEngine *e, const TcgBlock *b)
{
    for (unsigned i = 0; b->jump_any && i < e->vcpus->len; i++) {
        TcgVcpu *v = e->vcpus->pdata[i];
        if (!b->jump_many) {
            block_remove_jump(v, b->jump, b);
            continue;
        }
        for (unsigned k = 0; k < TCG_JUMP_SIZE; k++) {
            block_remove_jump(v, k, b);
        }
    }
}

static void block_drop_locked(TcgEngine *e, TcgBlock *b)
{
    b->valid = false;
    block_remove_from_hash(e, b);
    block_remove_from_page(e, b, 0);
    block_remove_from_page(e, b, 1);
    while (b->code.from) {
        lookup_cut_exit_locked(e, (TcgBlock *)b->code.from, b->code.from_exit);
    }
    lookup_cut_exit_locked(e, b, 0);
    lookup_cut_exit_locked(e, b, 1);
    block_remove_from_jumps(e, b);
    e->block_count--;
    e->stats.invalidated++;
    call_rcu(&b->rcu, block_free);
}

void block_drop_once(TcgBlock *b)
{
    call_rcu(&b->rcu, block_free);
}

void block_drop_brief(TcgBlock *b)
{
    engine_lock(b->engine);
    if (b->valid) { /* it may have overwritten itself */
        block_drop_locked(b->engine, b);
    }
    engine_unlock(b->engine);
}

void block_flush_all(TcgEngine *e)
{
    engine_lock(e);
    guint pages;
    g_autofree gpointer *hosts =
        g_hash_table_get_keys_as_array(e->pages, &pages);
    /* Always a page's first block: the search for it ends at once, where a
     * page of a much-used library has ten thousands of blocks. */
    for (guint i = 0; i < pages; i++) {
        TcgPage *p;
        while ((p = g_hash_table_lookup(e->pages, hosts[i]))) {
            block_drop_locked(e, p->blocks);
        }
    }
    e->code_bytes = 0;
    e->stats.buffer_flushes++;
    engine_unlock(e);
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        code_flush_jumps(e->vcpus->pdata[i]);
    }
    e->ctx.backend->clear(&e->ctx);
}

/* ---- Stores to code -------------------------------------------------------
 */

static bool block_overlaps(const TcgBlock *b, const TcgPage *p, unsigned off,
                           unsigned len)
{
    unsigned start, size;
    block_extent(b, block_page_index(b, p), &start, &size);
    return start < off + len && off < start + size;
}

static void block_drop_range_locked(TcgEngine *e, TcgPage *p, unsigned off,
                                    unsigned len)
{
    if (!(p->covered & block_cover(off, len))) {
        return;
    }
    uint64_t covered = 0;
    TcgBlock *next;
    for (TcgBlock *b = p->blocks; b; b = next) {
        unsigned i = block_page_index(b, p), start, size;
        next = b->page_next[i];
        if (!block_overlaps(b, p, off, len)) {
            block_extent(b, i, &start, &size);
            covered |= block_cover(start, size);
        } else if (!next && p->blocks == b) {
            block_drop_locked(e, b); /* the page goes with its last block */
            return;
        } else {
            block_drop_locked(e, b);
        }
    }
    p->covered = covered;
}

void block_code_written(void *engine, RamBlock *ram, uint64_t off, uint64_t len)
{
    TcgEngine *e = engine;

    engine_lock(e);
    while (len) {
        uint64_t n = MIN(len, PAGE_SIZE - off % PAGE_SIZE);
        const uint8_t *host = ram->host + (off & ~(PAGE_SIZE - 1));
        TcgPage *p = g_hash_table_lookup(e->pages, host);
        e->source_written |= host == e->source[0] || host == e->source[1];
        if (p) {
            block_drop_range_locked(e, p, off % PAGE_SIZE, n);
        }
        off += n;
        len -= n;
    }
    engine_unlock(e);
}

void block_note_store(TcgEngine *e, const uint8_t *host)
{
    const uint8_t *page = host - (uintptr_t)host % PAGE_SIZE;

    engine_lock(e);
    TcgPage *p = g_hash_table_lookup(e->pages, page);
    if (p && ++p->stores >= STORES_TO_OPEN) {
        while ((p = g_hash_table_lookup(e->pages, page))) {
            block_drop_locked(e, p->blocks);
        }
        e->stats.pages_opened++;
    }
    engine_unlock(e);
}

/* In a relative block perhaps one of another page: no harm. */
static bool block_holds_pc(const TcgBlock *b, uint64_t pc)
{
    uint64_t distance = pc - b->key.pc;
    return (b->code.base_mask ? distance % PAGE_SIZE : distance) < b->size;
}

static bool block_holds_locked(const TcgPage *p, unsigned off, unsigned size,
                               uint64_t pc)
{
    for (TcgBlock *b = p->blocks; b; b = b->page_next[block_page_index(b, p)]) {
        if (block_holds_pc(b, pc) && block_overlaps(b, p, off, size)) {
            return true;
        }
    }
    return false;
}

bool block_is_current(X86Cpu *cpu, const uint8_t *host, unsigned size)
{
    TcgEngine *e = tcg_engine(cpu);
    unsigned off = (uintptr_t)host & (PAGE_SIZE - 1);
    bool found = false;

    engine_lock(e);
    const TcgPage *p = g_hash_table_lookup(e->pages, host - off);
    if (p && (p->covered & block_cover(off, size))) {
        uint64_t pc = tcg_sync_pc(cpu);
        found = pc != tcg_vcpu(cpu)->once_pc &&
                block_holds_locked(p, off, size, pc);
    }
    engine_unlock(e);
    return found;
}

/* ---- Translating ----------------------------------------------------------
 */

/* What a translation under way reads its bytes from. */
typedef struct BlockSource {
    X86Cpu *cpu;
    TcgEngine *engine;
    uint64_t linear; /* of the first byte */
    TcgCodePage page[2];
    uint8_t *copy[2]; /* code that is not in RAM or ROM */
} BlockSource;

static void block_hook_ram(TcgEngine *e, RamBlock *ram)
{
    if (ram->code_written != block_code_written) {
        ram->code_opaque = e;
        __atomic_store_n(&ram->code_written, block_code_written,
                         __ATOMIC_RELEASE);
        g_ptr_array_add(e->rams, ram);
    }
}

/* No other vCPU may store to the page without our knowing. */
static void block_protect_others(TcgVcpu *self, const uint8_t *host)
{
    TcgEngine *e = self->engine;

    hold_others(self, host);
    for (unsigned i = 0; i < e->vcpus->len; i++) {
        TcgVcpu *v = e->vcpus->pdata[i];
        if (hold_is_held(v)) {
            tlb_protect(v, host);
        }
    }
    hold_release(self);
}

/* From here on, stores to the page are seen. */
static void block_watch_page(TcgVcpu *v, const TcgCodePage *c)
{
    TcgEngine *e = v->engine;

    block_hook_ram(e, c->ram);
    if (ram_dirty_test(c->ram, DIRTY_CODE, c->off)) {
        return;
    }
    ram_dirty_set(c->ram, DIRTY_CODE, c->off, PAGE_SIZE);
    tlb_protect(v, c->host);
    if (engine_smp(e)) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        block_protect_others(v, c->host);
    }
}

/* Whoever stores there from now on says so. */
static void block_note_source(TcgEngine *e, unsigned i, const uint8_t *host)
{
    engine_lock(e);
    e->source[i] = host;
    if (!i) {
        e->source[1] = NULL;
        e->source_written = false;
    }
    engine_unlock(e);
}

static const uint8_t *block_source_page(BlockSource *s, unsigned i)
{
    uint64_t linear = i ? engine_next_page(s->cpu, s->linear) : s->linear;
    const TcgCodePage *c = code_page(s->cpu, linear);

    if (!c) {
        return NULL;
    }
    s->page[i] = *c;
    block_note_source(s->engine, i, c->host);
    block_watch_page(tcg_vcpu(s->cpu), c);
    return c->host;
}

/* One instruction's bytes through the bus, for code in a device's memory. */
static const uint8_t *block_copy_page(BlockSource *s, unsigned i)
{
    uint64_t linear = i ? engine_next_page(s->cpu, s->linear) : s->linear;
    unsigned off = linear & (PAGE_SIZE - 1);
    X86Translation t;

    if (!x86_mmu_translate(s->cpu, linear, X86_EXEC, s->cpu->env.mode, false,
                           &t)) {
        return NULL; /* faults, as the block will say */
    }
    s->copy[i] = g_malloc(PAGE_SIZE);
    memset(s->copy[i], 0xff, PAGE_SIZE);
    for (unsigned n = 0; n < X86_INSN_MAX && off + n < PAGE_SIZE; n++) {
        uint64_t val = 0xff;
        space_load(s->cpu->memory, t.paddr + n, 1, &val);
        s->copy[i][off + n] = val;
    }
    return s->copy[i];
}

static const uint8_t *block_next_page(void *opaque)
{
    BlockSource *s = opaque;
    const uint8_t *page = block_source_page(s, 1);
    return page ? page : block_copy_page(s, 1);
}

static void block_check_ir(const TcgEngine *e, const char *when)
{
    g_autoptr(GString) why = g_string_new(NULL);

    if (e->verify && !ir_verify(&e->ir, why)) {
        g_string_append_printf(why, "\n%s:\n", when);
        ir_print(&e->ir, why);
        log_printf("bad IR: %s\n", why->str);
    }
}

static void block_make_ir(BlockSource *s, TcgBlock *b, unsigned max_insns)
{
    TcgEngine *e = s->engine;
    X86CodeFetch fetch = { .next = block_next_page, .opaque = s };

    fetch.page[0] = block_source_page(s, 0);
    if (!fetch.page[0]) {
        fetch.page[0] = block_copy_page(s, 0);
        b->once = true;
        max_insns = 1;
    }
    e->ir.count_insns = e->count_insns;
    e->ir.exact_flags = e->exact_flags || (e->ctx.switches & TCG_OFF_FLAGS);
    e->ir.defined_flags = e->exact_flags;
    e->ir.relative = engine_relative(s->cpu);
    x86_translate(s->cpu, &e->ir, &fetch, max_insns, &b->size);
    b->once |= e->ir.relative != engine_relative(s->cpu);
    b->insns = e->ir.guest_insns;
    if (fetch.page[0]) {
        log_block_in(b, fetch.page[0] + (s->linear & (PAGE_SIZE - 1)));
    }
    log_block_ir(e, LOG_OP, "OP");
    block_check_ir(e, "as translated");
    if (!(e->ctx.switches & TCG_OFF_OPT)) {
        ir_optimise(&e->ir);
        log_block_ir(e, LOG_OP_OPT, "OP after optimisation");
        block_check_ir(e, "as optimised");
    }
}

static bool block_compile(TcgVcpu *v, TcgBlock *b)
{
    TcgEngine *e = v->engine;

    if (e->code_bytes > e->buffer_size ||
        !e->ctx.backend->compile(&e->ctx, &e->ir, &b->code)) {
        hold_others(v, NULL);
        block_flush_all(e);
        hold_release(v);
        if (!e->ctx.backend->compile(&e->ctx, &e->ir, &b->code)) {
            return false;
        }
    }
    e->stats.translated++;
    e->stats.translated_insns += b->insns;
    e->stats.translated_bytes += b->size;
    e->stats.translated_code += b->code.size;
    e->code_bytes += b->code.size;
    log_block_out(e, b);
    if (e->perfmap) {
        log_perf_map(e, b);
    }
    return true;
}

/* Light code links without allocating: room for some more, until the next
 * translation. What finds none goes through the look-up. */
static void block_make_room_for_links(TcgEngine *e)
{
    for (unsigned i = 0; i < CROSS_LISTS; i++) {
        TcgCrossList *l = &e->cross[i];
        if (l->room < l->count + LINKS_BETWEEN_TRANSLATIONS) {
            l->room = 2 * l->count + 2 * LINKS_BETWEEN_TRANSLATIONS;
            l->links = g_renew(TcgCross, l->links, l->room);
        }
    }
}

/* Did somebody write into the pages meanwhile, or has a page lost its
 * watch because its last other block went? Then what was read may be stale. */
static bool block_is_fresh(const BlockSource *s, const TcgBlock *b)
{
    if (s->engine->source_written) {
        return false;
    }
    bool two = b->size > block_first_bytes(b);
    if (two && s->page[0].host == s->page[1].host) {
        return false; /* one page mapped twice: the lists could not say which */
    }
    for (unsigned i = 0; i < (two ? 2 : 1); i++) {
        const TcgCodePage *c = &s->page[i];
        if (!ram_dirty_test(c->ram, DIRTY_CODE, c->off)) {
            return false;
        }
    }
    return true;
}

static bool block_insert(const BlockSource *s, TcgBlock *b)
{
    TcgEngine *e = s->engine;

    engine_lock(e);
    bool fresh = block_is_fresh(s, b);
    if (fresh) {
        block_make_room_for_links(e);
        block_add_to_page(b, 0, block_get_page(e, &s->page[0]));
        if (b->size > block_first_bytes(b)) {
            block_add_to_page(b, 1, block_get_page(e, &s->page[1]));
        }
        block_add_to_hash(e, b);
        b->valid = true;
        e->block_count++;
    }
    engine_unlock(e);
    return fresh;
}

static TcgBlock *block_make(X86Cpu *cpu, unsigned max_insns, bool once)
{
    TcgEngine *e = tcg_engine(cpu);
    TcgBlock *b = g_new0(TcgBlock, 1);
    BlockSource s = { .cpu = cpu,
                      .engine = e,
                      .linear = engine_linear_pc(cpu, cpu->env.pc) };

    b->engine = e;
    b->once = once;
    lookup_key(cpu, &b->key);
    block_make_ir(&s, b, max_insns);
    b->once |= s.copy[0] || s.copy[1] || !s.page[0].host || !b->size;
    g_free(s.copy[0]);
    g_free(s.copy[1]);
    if (!block_compile(tcg_vcpu(cpu), b)) {
        g_free(b);
        return NULL;
    }
    b->key.host =
        s.page[0].host ? s.page[0].host + (s.linear & (PAGE_SIZE - 1)) : NULL;
    if (!b->once && !block_insert(&s, b)) {
        b->once = true;
    }
    return b;
}

static uint64_t block_clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

TcgBlock *block_translate_locked(X86Cpu *cpu, unsigned max_insns, bool once)
{
    uint64_t start = block_clock_ns();
    TcgBlock *b = block_make(cpu, max_insns, once);

    tcg_engine(cpu)->stats.translating_ns += block_clock_ns() - start;
    return b;
}

TcgBlock *block_translate(X86Cpu *cpu, unsigned max_insns, bool once)
{
    TcgEngine *e = tcg_engine(cpu);
    bool waited = hold_take_translating(tcg_vcpu(cpu));

    /* Who had it may have made the same block. */
    TcgBlock *b = waited && !once ? lookup_find(cpu) : NULL;
    if (!b || b->insns > max_insns) {
        b = block_translate_locked(cpu, max_insns, once);
    }
    g_mutex_unlock(&e->translating);
    return b;
}
