/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation cache: making blocks. The invariants are in engine.h.
 *
 * Several vCPUs: translating is serial; dropping may happen on any thread.
 * Where a page gets its first block, those that may have it open for stores are
 * held meanwhile; to empty a region of the buffer, all are.
 */
#include "accel/tcg/engine.h"
#include "util/log.h"

#include <string.h>
#include <time.h>

enum { LINKS_BETWEEN_TRANSLATIONS = 4096 };

void block_drop_brief(TcgEngine *e, TcgBlock *b)
{
    engine_lock(e);
    if (b->valid) { /* it may have overwritten itself */
        block_drop_locked(e, b);
    }
    engine_unlock(e);
}

void block_flush_all(TcgEngine *e)
{
    regions_empty_all(e);
    e->stats.buffer_flushes++;
}

/* RamBlock.code_written: devices and heavy stores. */
void block_code_written(void *engine, RamBlock *ram, uint64_t off, uint64_t len)
{
    TcgEngine *e = engine;

    engine_lock(e);
    while (len) {
        uint64_t n = MIN(len, PAGE_SIZE - off % PAGE_SIZE);
        page_written_locked(e, ram->host + off, n);
        off += n;
        len -= n;
    }
    engine_unlock(e);
}

/* ---- The table ------------------------------------------------------------
 */

enum { TABLE_BITS_MIN = 12 };

static void table_allocate(TcgTable *t, unsigned bits)
{
    t->place = g_new0(TcgPlace, 1u << bits);
    t->bits = bits;
    t->blocks = 0;
}

void table_init(TcgTable *t, const TcgPool *pool)
{
    t->pool = pool;
    table_allocate(t, TABLE_BITS_MIN);
}

void table_free(TcgTable *t)
{
    g_free(t->place);
}

/* At most three quarters of the places are in use. */
void table_make_room(TcgTable *t)
{
    unsigned count = 1u << t->bits;
    TcgTable old = *t;

    if (t->blocks < count / 4 * 3) {
        return;
    }
    table_allocate(t, t->bits + 1);
    for (unsigned i = 0; i < count; i++) {
        if (old.place[i].hash) {
            table_put(t, old.place[i]);
        }
    }
    table_free(&old);
}

/* ---- Translating ----------------------------------------------------------
 */

static TcgPage *block_get_page(TcgEngine *e, const TcgCodePage *c)
{
    TcgPage *p = page_find(e, c->host);

    if (!p) {
        p = e->page_spare;
        if (p) {
            e->page_spare = p->hash_next;
        } else {
            p = g_new0(TcgPage, 1);
        }
        *p = (TcgPage){ .host = c->host,
                        .ram = c->ram,
                        .off = c->off,
                        .part = p->part,
                        .room = p->room };
        page_insert(e, p);
    }
    if (p->count == p->room) {
        p->room = MAX(4, p->room * 2);
        p->part = g_renew(TcgPart, p->part, p->room);
    }
    return p;
}

/* What a translation under way reads its bytes from. */
typedef struct BlockSource {
    X86Cpu *cpu;
    TcgEngine *engine;
    uint64_t linear; /* of the first byte */
    TcgCodePage page[2];
    uint8_t *copy[2]; /* code that is not in RAM or ROM */
    X86CodeFetch fetch;
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

/* Not the lists of fields: that would take as long as a look-up. */
static void block_source_init(BlockSource *s, X86Cpu *cpu)
{
    s->cpu = cpu;
    s->engine = tcg_engine(cpu);
    s->linear = engine_linear_pc(cpu, cpu->env.pc);
    s->page[0] = s->page[1] = (TcgCodePage){ 0 };
    s->copy[0] = s->copy[1] = NULL;
    s->fetch.page[0] = s->fetch.page[1] = NULL;
    s->fetch.next = block_next_page;
    s->fetch.opaque = s;
    s->fetch.stored_count = s->fetch.loaded_count = 0;
}

static void block_check_ir(const TcgEngine *e, const char *when)
{
    if (!e->verify) {
        return;
    }
    g_autoptr(GString) why = g_string_new(NULL);
    if (!ir_verify(&e->ir, why)) {
        g_string_append_printf(why, "\n%s:\n", when);
        ir_print(&e->ir, why);
        log_printf("bad IR: %s\n", why->str);
    }
}

/* What its page's past says about a block: it may make it plain. */
static void block_ask_page(BlockSource *s, const TcgBlock *b, IrBlock *ir)
{
    TcgEngine *e = s->engine;

    engine_lock(e);
    const TcgPage *p = page_find(e, s->page[0].host);
    if (p) {
        ir->plain |= page_is_plain(p, b->key.host);
        if (!(e->ctx.switches & TCG_OFF_PATCH)) {
            s->fetch.stored_count = operand_stored(p, s->fetch.stored);
        }
    }
    engine_unlock(e);
}

static void block_make_ir(BlockSource *s, TcgBlock *b, unsigned max_insns)
{
    TcgEngine *e = s->engine;
    X86CodeFetch *fetch = &s->fetch;

    fetch->page[0] = block_source_page(s, 0);
    if (!fetch->page[0]) {
        fetch->page[0] = block_copy_page(s, 0);
        b->once = true;
        max_insns = 1;
    }
    e->ir.count_insns = e->count_insns;
    e->ir.plain = b->key.bits & BLOCK_PLAIN || b->once || max_insns == 1;
    if (s->page[0].host) {
        block_ask_page(s, b, &e->ir);
    }
    e->ir.checks = adapt_checks(tcg_vcpu(s->cpu), b);
    e->ir.exact_flags = e->exact_flags || (e->ctx.switches & TCG_OFF_FLAGS);
    e->ir.defined_flags = e->exact_flags;
    e->ir.relative = engine_relative(s->cpu);
    uint32_t size;
    x86_translate(s->cpu, &e->ir, fetch, max_insns, &size);
    b->size = size;
    b->once |= e->ir.relative != engine_relative(s->cpu);
    b->insns = e->ir.guest_insns;
    e->stats.patched += fetch->loaded_count;
    if (fetch->page[0]) {
        log_block_in(b, fetch->page[0] + (s->linear & (PAGE_SIZE - 1)));
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

    if (regions_is_full(e) ||
        !e->ctx.backend->compile(&e->ctx, &e->ir, &b->code)) {
        regions_next(v);
        if (!e->ctx.backend->compile(&e->ctx, &e->ir, &b->code)) {
            return false;
        }
    }
    regions_add(e, b);
    e->stats.translated++;
    e->stats.translated_insns += b->insns;
    e->stats.translated_bytes += b->size;
    e->stats.translated_code += b->code.size;
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
        table_make_room(&e->table);
        page_add_block(block_get_page(e, &s->page[0]), b, 0, s->fetch.loaded,
                       s->fetch.loaded_count);
        if (b->size > block_first_bytes(b)) {
            page_add_block(block_get_page(e, &s->page[1]), b, 1, NULL, 0);
        }
        table_add(&e->table, b);
        b->valid = true;
        if (b->trial) {
            e->trial[b->trial - 1] = b;
        }
        regions_note(e, b);
    }
    engine_unlock(e);
    return fresh;
}

static TcgBlock *block_make(X86Cpu *cpu, unsigned max_insns, bool once)
{
    TcgEngine *e = tcg_engine(cpu);
    engine_lock(e); /* others look at numbers */
    TcgBlock *b = pool_new(&e->pool);
    engine_unlock(e);
    BlockSource s;

    block_source_init(&s, cpu);
    b->once = once;
    lookup_key(cpu, &b->key);
    regions_expect(e, &b->key);
    block_make_ir(&s, b, max_insns);
    b->once |= s.copy[0] || s.copy[1] || !s.page[0].host || !b->size;
    g_free(s.copy[0]);
    g_free(s.copy[1]);
    if (!block_compile(tcg_vcpu(cpu), b)) {
        pool_free(&e->pool, b);
        return max_insns > 1 ? block_make(cpu, max_insns / 2, once) : NULL;
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

/* To look at the clock costs as much as a pass: one in some stands for all. */
TcgBlock *block_translate_locked(X86Cpu *cpu, unsigned max_insns, bool once)
{
    enum { TIMED_OF = 16 };
    TcgStats *stats = &tcg_engine(cpu)->stats;

    if (stats->translated % TIMED_OF) {
        return block_make(cpu, max_insns, once);
    }
    uint64_t start = block_clock_ns();
    TcgBlock *b = block_make(cpu, max_insns, once);

    stats->translating_ns += TIMED_OF * (block_clock_ns() - start);
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
