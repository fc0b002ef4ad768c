/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that hold translated code: which blocks were made from their bytes, and
 * what a store there overwrites.
 *
 * A store beside the code costs a look at a bit for each 64 bytes. One that
 * hits a block drops it: at once it can neither be found nor be reached; it is
 * freed later, with its region of the code buffer.
 *
 * Light.
 */
#include "accel/tcg/engine.h"

/* So many stores make a page data rather than code: those that change blocks
 * (they cost about what translating a few blocks does), those to a page that
 * has none any more. A function that is written anew again and again keeps its
 * page watched. */
enum { STORES_TO_OPEN = 64, IDLE_TO_OPEN = 32, FAILED_TO_DROP = 1024 };

/* ---- The table ------------------------------------------------------------
 */

static TcgPage **page_bucket(const TcgEngine *e, const uint8_t *host)
{
    uint64_t page = (uintptr_t)host >> PAGE_BITS;
    return &e->page_hash[page * UINT64_C(0x9e3779b97f4a7c15) >>
                         (64 - PAGE_HASH_BITS)];
}

TcgPage *page_find(const TcgEngine *e, const uint8_t *host)
{
    const uint8_t *page = host - (uintptr_t)host % PAGE_SIZE;
    TcgPage *p = *page_bucket(e, page);

    while (p && p->host != page) {
        p = p->hash_next;
    }
    return p;
}

void page_insert(TcgEngine *e, TcgPage *p)
{
    TcgPage **bucket = page_bucket(e, p->host);

    p->hash_next = *bucket;
    *bucket = p;
}

/* It has no blocks: stores to it may be fast again. */
static void page_remove(TcgEngine *e, TcgPage *p)
{
    uint64_t page = p->off / PAGE_SIZE;
    TcgPage **at = page_bucket(e, p->host);

    while (*at != p) {
        at = &(*at)->hash_next;
    }
    *at = p->hash_next;
    __atomic_fetch_and(&p->ram->dirty[DIRTY_CODE][page / 64],
                       ~(UINT64_C(1) << page % 64), __ATOMIC_SEQ_CST);
    p->hash_next = e->page_spare;
    e->page_spare = p;
}

/* ---- Blocks in pages ------------------------------------------------------
 */

unsigned block_first_bytes(const TcgBlock *b)
{
    unsigned start = (uintptr_t)b->key.host & (PAGE_SIZE - 1);
    return MIN(b->size, PAGE_SIZE - start);
}

static uint64_t page_cover(unsigned start, unsigned size)
{
    unsigned lo = start / 64, hi = (start + MAX(size, 1) - 1) / 64;
    return (UINT64_MAX >> (63 - hi)) & (UINT64_MAX << lo);
}

void page_add_block(TcgPage *p, TcgBlock *b, unsigned i,
                    const X86CodeField *loaded, unsigned count)
{
    unsigned first = block_first_bytes(b);
    unsigned start = i ? 0 : (uintptr_t)b->key.host % PAGE_SIZE;
    unsigned size = i ? b->size - first : first;
    TcgPart *part = &p->part[p->count];

    *part = (TcgPart){ b, start, start + size, 0 };
    for (unsigned n = 0; n < count; n++) {
        part->loads = operand_add(p, loaded[n], part->loads);
    }
    if (p->operands) {
        operand_count_other(p, part, 1);
    }
    b->page[i] = p;
    p->count++;
    p->covered |= page_cover(start, size);
    p->idle = 0;
}

/* The youngest first, as all of a page's blocks are dropped in that order. */
static void page_remove_block(TcgBlock *b, unsigned i)
{
    TcgPage *p = b->page[i];
    if (!p) {
        return;
    }
    unsigned n = p->count - 1;
    while (p->part[n].block != b) {
        n--;
    }
    if (p->operands) {
        operand_count_other(p, &p->part[n], -1);
    }
    p->part[n] = p->part[--p->count];
}

/* Does a store there change what the block was made from? */
static bool page_changes(const TcgPage *p, const TcgPart *part, X86CodeField f)
{
    return operand_overlaps(part, f) &&
           !(part->loads && operand_of(p, part, f));
}

/* Somebody may be reading the page's bytes to translate them. */
static bool page_is_source(const TcgEngine *e, const uint8_t *host)
{
    const uint8_t *page = host - (uintptr_t)host % PAGE_SIZE;
    return page == e->source[0] || page == e->source[1];
}

/* ---- Dropping -------------------------------------------------------------
 */

static void page_forget_jump(TcgJump *j, const TcgBlock *b)
{
    if (j->code == b->code.entry) {
        __atomic_store_n(&j->key, 0, __ATOMIC_RELEASE);
    }
}

static void page_forget_jump_around(TcgVcpu *v, unsigned place,
                                    const TcgBlock *b)
{
    for (unsigned n = 0; n < TCG_JUMP_WAYS; n++) {
        page_forget_jump(&v->jumps[tcg_jump_beside(place, n)], b);
    }
}

static void page_forget_jumps(TcgEngine *e, const TcgBlock *b)
{
    for (unsigned i = 0; b->jumps && i < e->vcpus->len; i++) {
        TcgVcpu *v = e->vcpus->pdata[i];
        if (b->jumps > BLOCK_JUMPS) {
            for (unsigned n = 0; n < TCG_JUMP_SIZE; n++) {
                page_forget_jump(&v->jumps[n], b);
            }
            continue;
        }
        for (unsigned n = 0; n < b->jumps; n++) {
            page_forget_jump_around(v, b->jump[n], b);
        }
    }
}

void block_drop_locked(TcgEngine *e, TcgBlock *b)
{
    b->valid = false;
    table_remove(&e->table, b);
    page_remove_block(b, 0);
    page_remove_block(b, 1);
    while (b->code.from) {
        lookup_cut_exit_locked(e, (TcgBlock *)b->code.from, b->code.from_exit);
    }
    for (unsigned n = 0; n < IR_EXITS; n++) {
        lookup_cut_exit_locked(e, b, n);
    }
    page_forget_jumps(e, b);
    if (b->trial) {
        e->trial[b->trial - 1] = NULL;
    }
    e->stats.invalidated++;
}

/* Blocks that a store to the bytes would change. */
static void page_drop_range(TcgEngine *e, TcgPage *p, X86CodeField f)
{
    uint64_t covered = 0;

    /* The last one takes a dropped one's place, and was looked at. */
    for (unsigned n = p->count; n-- > 0;) {
        const TcgPart *part = &p->part[n];
        if (page_changes(p, part, f)) {
            block_drop_locked(e, part->block);
        } else {
            covered |= page_cover(part->start, part->end - part->start);
        }
    }
    p->covered = covered;
}

static uint64_t page_line(const uint8_t *host)
{
    return page_cover((uintptr_t)host % PAGE_SIZE, 1);
}

/* The last one takes a dropped one's place, and was looked at. */
static void page_give_up_groups(TcgEngine *e, TcgPage *p, X86CodeField at)
{
    for (unsigned n = p->count; n-- > 0;) {
        const TcgPart *part = &p->part[n];
        TcgBlock *b = part->block;

        if (operand_overlaps(part, at) && !(b->key.bits & BLOCK_PLAIN)) {
            b->page[0]->plain |= page_line(b->key.host);
            block_drop_locked(e, b);
        }
    }
}

bool page_note_plain_locked(TcgEngine *e, const uint8_t *host)
{
    TcgPage *p = page_find(e, host);

    if (!p || ++p->failed < FAILED_TO_DROP) {
        return false;
    }
    p->failed = 0;
    page_give_up_groups(e, p, (X86CodeField){ (uintptr_t)host % PAGE_SIZE, 1 });
    return true;
}

bool page_is_plain(const TcgPage *p, const uint8_t *host)
{
    return p->plain & page_line(host);
}

static void page_open(TcgEngine *e, TcgPage *p)
{
    while (p->count) {
        block_drop_locked(e, p->part[p->count - 1].block);
    }
    page_remove(e, p);
}

void page_close_unused_locked(TcgEngine *e, TcgPage *p)
{
    if (p && !p->count && !page_is_source(e, p->host)) {
        page_remove(e, p);
    }
}

void page_open_every_locked(TcgEngine *e)
{
    for (unsigned i = 0; i < 1u << PAGE_HASH_BITS; i++) {
        while (e->page_hash[i]) {
            page_open(e, e->page_hash[i]);
        }
    }
}

/* ---- Stores ---------------------------------------------------------------
 */

/* Could a store there change a block? */
static bool page_hits(const TcgPage *p, X86CodeField f)
{
    return p->covered & page_cover(f.off, f.size) &&
           !(p->operands && operand_only(p, f));
}

static X86CodeField page_field(const uint8_t *host, unsigned size)
{
    return (X86CodeField){ (uintptr_t)host % PAGE_SIZE, size };
}

void page_written_locked(TcgEngine *e, const uint8_t *host, unsigned size)
{
    X86CodeField f = page_field(host, size);
    TcgPage *p = page_find(e, host);

    e->source_written |= page_is_source(e, host);
    if (!p || !page_hits(p, f)) {
        return;
    }
    unsigned before = p->count;

    page_drop_range(e, p, f);
    if (p->count < before) {
        operand_note_drop(p, f);
    }
}

/* at: the page that pc is in; NULL if it is not mapped any more: then a
 * relative block of any page is taken for it. */
static bool page_block_holds_pc(const TcgBlock *b, uint64_t pc,
                                const TcgCodePage *at)
{
    uint64_t distance = pc - b->key.pc;

    if (!b->code.base_mask) {
        return distance < b->size;
    }
    return distance % PAGE_SIZE < b->size &&
           (!at || at->host == b->key.host - b->key.pc % PAGE_SIZE);
}

/* Was a block that holds the present instruction made from these bytes? Not if
 * that is run alone. */
static bool page_runs(X86Cpu *cpu, const TcgPage *p, X86CodeField f)
{
    uint64_t pc = tcg_sync_pc(cpu);
    bool found = false;

    if (pc == tcg_vcpu(cpu)->once_pc) {
        return false;
    }
    const TcgCodePage *at = code_page(cpu, engine_linear_pc(cpu, pc));
    for (unsigned n = 0; n < p->count && !found; n++) {
        found = page_changes(p, &p->part[n], f) &&
                page_block_holds_pc(p->part[n].block, pc, at);
    }
    return found;
}

/* Many stores where code is: a page that was freed and is filled anew. Not one
 * that is being executed: what the rest of the block stores into itself must be
 * seen. */
static void page_note_store_locked(X86Cpu *cpu, TcgPage *p)
{
    if (++p->stores < STORES_TO_OPEN) {
        return;
    }
    /* While something is delivered, nobody knows what is executed. */
    bool runs =
        tcg_vcpu(cpu)->in_code &&
        (cpu->catch_point || page_runs(cpu, p, (X86CodeField){ 0, PAGE_SIZE }));
    if (!runs) {
        page_open(tcg_engine(cpu), p);
        tcg_engine(cpu)->stats.pages_opened++;
    }
}

void page_note_store(X86Cpu *cpu, const uint8_t *host, unsigned size)
{
    TcgEngine *e = tcg_engine(cpu);

    engine_lock(e);
    TcgPage *p = page_find(e, host);
    if (p && !operand_only(p, page_field(host, size))) {
        page_note_store_locked(cpu, p);
    }
    engine_unlock(e);
}

static bool page_is_current_locked(X86Cpu *cpu, const uint8_t *host,
                                   unsigned size)
{
    X86CodeField f = page_field(host, size);
    const TcgPage *p = page_find(tcg_engine(cpu), host);

    return p && page_hits(p, f) && page_runs(cpu, p, f);
}

bool page_is_current(X86Cpu *cpu, const uint8_t *host, unsigned size)
{
    TcgEngine *e = tcg_engine(cpu);

    engine_lock(e);
    bool found = page_is_current_locked(cpu, host, size);
    engine_unlock(e);
    return found;
}

/* ---- What translated code calls -------------------------------------------
 */

/* It has had no block for so many stores: false, if somebody is making one. */
static bool page_open_idle(TcgEngine *e, const uint8_t *host)
{
    engine_lock(e);
    TcgPage *p = page_find(e, host);
    bool open = p && !p->count && !(engine_smp(e) && page_is_source(e, host));
    if (open) {
        page_open(e, p);
    }
    engine_unlock(e);
    return open;
}

/* With one CPU only its own thread adds and removes pages, and adds blocks, so
 * it may look without the lock: others, devices, drop blocks. */
static TcgWatched page_watched_single(TcgEngine *e, const uint8_t *host,
                                      unsigned size)
{
    TcgPage *p = page_find(e, host);

    if (!p ||
        (!p->count && ++p->idle >= IDLE_TO_OPEN && page_open_idle(e, host))) {
        return TCG_WATCHED_GONE;
    }
    return page_hits(p, page_field(host, size)) ? TCG_WATCHED_HIT
                                                : TCG_WATCHED_CLEAR;
}

/* With several, who translates meanwhile must see the store. */
static TcgWatched page_watched_shared(TcgEngine *e, const uint8_t *host)
{
    engine_lock(e);
    TcgPage *p = page_find(e, host);
    bool idle = p && !p->count && ++p->idle >= IDLE_TO_OPEN;
    engine_unlock(e);
    return !p || (idle && page_open_idle(e, host)) ? TCG_WATCHED_GONE
                                                   : TCG_WATCHED_HIT;
}

TcgWatched page_watched(void *env, const uint8_t *host, unsigned size)
{
    TcgEngine *e = tcg_engine(env);

    return engine_smp(e) ? page_watched_shared(e, host)
                         : page_watched_single(e, host, size);
}

/* Of bytes that are stored at host, those from the first to the last one that
 * differs from what is there. */
static X86CodeField page_difference(const uint8_t *host, const uint8_t *bytes,
                                    unsigned size)
{
    unsigned n = 0;
    while (n < size && host[n] == bytes[n]) {
        n++;
    }
    while (size > n && host[size - 1] == bytes[size - 1]) {
        size--;
    }
    return page_field(host + n, size - n);
}

static void page_copy(uint8_t *to, const uint8_t *from, unsigned size)
{
    switch (size) { /* whole, as other processors may look */
    case 2:
        __builtin_memcpy(to, from, 2);
        break;
    case 4:
        __builtin_memcpy(to, from, 4);
        break;
    case 8:
        __builtin_memcpy(to, from, 8);
        break;
    default:
        for (unsigned n = 0; n < size; n++) {
            ((volatile uint8_t *)to)[n] = from[n];
        }
    }
}

/* False: the block that the instruction is in would change. */
static bool page_store_locked(X86Cpu *cpu, uint8_t *host, const uint8_t *bytes,
                              unsigned size, bool again)
{
    TcgEngine *e = tcg_engine(cpu);
    TcgPage *p = page_find(e, host);
    X86CodeField f = page_difference(host, bytes, size);

    if (!f.size) {
        return true;
    }
    if (p && page_hits(p, f)) {
        if (again && page_runs(cpu, p, f)) {
            return false;
        }
        tcg_vcpu(cpu)->stats.code_stores++;
        page_note_store_locked(cpu, p);
    }
    page_copy(host, bytes, size);
    page_written_locked(e, host - (uintptr_t)host % PAGE_SIZE + f.off, f.size);
    return true;
}

void page_store(void *env, uint8_t *host, const void *bytes, unsigned size,
                bool again)
{
    TcgVcpu *v = tcg_vcpu(env);

    engine_lock(v->engine);
    bool stored = page_store_locked(env, host, bytes, size, again);
    engine_unlock(v->engine);
    if (!stored) {
        access_again(v);
    }
}

void page_check_rmw(void *env, const uint8_t *host, unsigned size)
{
    TcgVcpu *v = tcg_vcpu(env);

    if (page_is_current(env, host, size)) {
        access_again(v);
    }
}
