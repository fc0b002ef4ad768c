/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The software TLB: filling it by the architecture's page walk, and what is
 * done to one table. Which tables there are: tlb-spaces.c.
 *
 * Every filled place is logged, so a flush costs what was filled since the last
 * one, not the tables' size. A page has a write entry only if stores need no
 * further look: plain RAM, without translated code, already marked dirty (who
 * clears dirty bits asks for X86_PENDING_FLUSH to see later stores).
 *
 * Light.
 */
#include "accel/tcg/tlb.h"

#include "accel/tcg/engine.h"

/* Bits of TcgTlbEntry.paddr below the page, beside TCG_TLB_WATCHED: global,
 * logged, and which large page the entry is a part of (its size is
 * tlb_large_shift[]). */
enum {
    TLB_GLOBAL = 1 << 0,
    TLB_LOGGED = 1 << 1,
    TLB_LARGE_POS = 2,
    TLB_LARGE = 3 << TLB_LARGE_POS,
};
static const uint8_t tlb_large_shift[4] = { 12, 21, 22, 30 };

static uint64_t tlb_page_of(uint64_t addr)
{
    return addr & ~(PAGE_SIZE - 1);
}

static unsigned tlb_index(uint64_t addr)
{
    return (addr >> PAGE_BITS) & (TCG_TLB_SIZE - 1);
}

static unsigned tlb_large_code(uint64_t page_size)
{
    unsigned code = 0;
    while (code < 3 && UINT64_C(1) << tlb_large_shift[code] < page_size) {
        code++;
    }
    return code;
}

/* ---- Physical memory ------------------------------------------------------
 */

const FlatRange *tlb_find_range(X86Cpu *cpu, hwaddr paddr)
{
    const FlatView *view = space_view(cpu->memory);
    unsigned *hint = &tcg_vcpu(cpu)->range_hint;
    unsigned lo = 0, hi = view->count;

    if (*hint < view->count &&
        paddr - view->ranges[*hint].start < view->ranges[*hint].size) {
        return &view->ranges[*hint];
    }
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (view->ranges[mid].start <= paddr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (!lo ||
        paddr - view->ranges[lo - 1].start >= view->ranges[lo - 1].size) {
        return NULL;
    }
    *hint = lo - 1;
    return &view->ranges[lo - 1];
}

bool tlb_whole_page(const FlatRange *r, hwaddr page)
{
    return page >= r->start && page - r->start <= r->size - PAGE_SIZE &&
           r->size >= PAGE_SIZE &&
           !((r->ram_off + (page - r->start)) & (PAGE_SIZE - 1));
}

static bool tlb_test_dirty(const RamBlock *ram, DirtyClient c, uint64_t off)
{
    uint64_t page = off / PAGE_SIZE;
    return __atomic_load_n(&ram->dirty[c][page / 64], __ATOMIC_ACQUIRE) >>
               (page % 64) &
           1;
}

static void tlb_set_dirty(RamBlock *ram, DirtyClient c, uint64_t off)
{
    uint64_t page = off / PAGE_SIZE;
    if (!tlb_test_dirty(ram, c, off)) {
        __atomic_fetch_or(&ram->dirty[c][page / 64], UINT64_C(1) << (page % 64),
                          __ATOMIC_SEQ_CST);
    }
}

void tlb_note_open(TcgVcpu *v, const uint8_t *host)
{
    unsigned bit = engine_opened_bit(host);
    __atomic_fetch_or(&v->opened[bit / 64], UINT64_C(1) << (bit % 64),
                      __ATOMIC_SEQ_CST);
}

/* Whether stores may go there from now on: directly, or watched. */
typedef enum TlbOpen { TLB_CLOSED, TLB_WATCHED, TLB_OPEN } TlbOpen;

/* Marks the page dirty, unless it stays closed. */
static TlbOpen tlb_open_for_write(TcgVcpu *v, const FlatRange *r, hwaddr paddr)
{
    if (!r->writable) {
        return TLB_CLOSED;
    }
    uint64_t off = r->ram_off + (paddr - r->start);
    if (engine_smp(v->engine)) {
        tlb_note_open(v, r->host + (paddr - r->start));
    }
    bool code = tlb_test_dirty(r->ram, DIRTY_CODE, off);
    tlb_set_dirty(r->ram, DIRTY_DISPLAY, off);
    tlb_set_dirty(r->ram, DIRTY_MIGRATION, off);
    return code ? TLB_WATCHED : TLB_OPEN;
}

/* ---- Pieces of large pages ------------------------------------------------
 * A kernel sees memory by large pages, of which each page is filled by itself:
 * the second one's translation follows from the first one's.
 */

enum { TLB_PIECE_BITS = 21 };

static TcgPiece *tlb_piece(TcgTlb *tlb, uint64_t addr)
{
    return &tlb->piece[(addr >> TLB_PIECE_BITS) % TLB_PIECES];
}

/* The translation for reading or writing, if it is known. */
static bool tlb_find_piece(TcgTlb *tlb, uint64_t addr, bool write,
                           X86Translation *t)
{
    const TcgPiece *p = tlb_piece(tlb, addr);
    const uint64_t mask = (UINT64_C(1) << TLB_PIECE_BITS) - 1;

    if (!p->t.page_size || (p->addr ^ addr) & ~mask ||
        !(write ? p->t.writable : p->t.readable)) {
        return false;
    }
    *t = p->t;
    t->paddr = (t->paddr & ~mask) | (addr & mask);
    return true;
}

/* Not of an SVM guest: where its host has the pages behind it is another
 * matter. Nor where line A20 cuts a bit out. */
static void tlb_note_piece(TcgVcpu *v, TcgTlb *tlb, uint64_t addr,
                           const X86Translation *t)
{
    X86Translation known;

    if (t->page_size > PAGE_SIZE && v->w == &v->world[WORLD_HOST] &&
        v->cpu->a20_mask == UINT64_MAX &&
        !tlb_find_piece(tlb, addr, t->writable, &known)) {
        *tlb_piece(tlb, addr) = (TcgPiece){ addr, *t };
    }
}

static void tlb_drop_pieces(TcgTlb *tlb, bool keep_global)
{
    for (unsigned i = 0; i < TLB_PIECES; i++) {
        if (!keep_global || !tlb->piece[i].t.global) {
            tlb->piece[i].t.page_size = 0;
        }
    }
}

/* ---- Filling --------------------------------------------------------------
 */

static uint64_t *tlb_opened_word(TcgTlb *tlb, const uint8_t *host)
{
    uint64_t page = (uintptr_t)host >> PAGE_BITS;
    return &tlb->opened[page % TLB_FILTER_BITS / 64];
}

static uint64_t tlb_opened_bit(const uint8_t *host)
{
    return UINT64_C(1) << ((uintptr_t)host >> PAGE_BITS) % 64;
}

/* What flushes must know of an entry. */
static void tlb_note(TcgTlb *tlb, uint64_t addr, const X86Translation *t,
                     const uint8_t *host, TlbOpen open)
{
    tlb->local |= !t->global;
    tlb->global_half[addr >> 63] |= t->global;
    if (t->page_size > PAGE_SIZE) {
        unsigned shift = tlb_large_shift[tlb_large_code(t->page_size)];
        tlb->any_large = true;
        filter_add(&tlb->large, filter_page(addr, shift));
    }
    if (open == TLB_OPEN) {
        *tlb_opened_word(tlb, host) |= tlb_opened_bit(host);
    }
}

void tlb_clear_slots(TcgVcpu *v, unsigned mode)
{
    tcg_slots_clear(&v->cpu->env, mode);
    if (v->evictions[mode]) {
        filter_clear(&v->evicted[mode]);
        v->evictions[mode] = 0;
    }
}

/* Slots may hold the page that gives its place in the table to another. */
static void tlb_evict(TcgVcpu *v, unsigned mode, uint64_t page)
{
    enum { EVICTIONS_MAX = 256 };

    if (v->evictions[mode] == EVICTIONS_MAX) {
        tlb_clear_slots(v, mode);
    }
    v->evictions[mode]++;
    filter_add(&v->evicted[mode], page);
}

static uint64_t tlb_entry_page(const TcgTlbEntry *e)
{
    return tcg_tlb_is_none(e->read) ? e->write : e->read;
}

static void tlb_enter(TcgVcpu *v, unsigned mode, uint64_t addr,
                      const X86Translation *t, uint8_t *host, TlbOpen open)
{
    TcgTlb *tlb = v->w->tlb[mode];
    unsigned index = tlb_index(addr);
    TcgTlbEntry *e = &tlb->entry[index];
    uint64_t page = tlb_page_of(addr), old = tlb_entry_page(e);

    if (!tcg_tlb_is_none(old) && old != page) {
        tlb_evict(v, mode, old);
    }

    if (!(e->paddr & TLB_LOGGED)) {
        tlb->log[tlb->filled++] = index;
    }
    tlb_note(tlb, addr, t, host, open);
    tlb_note_piece(v, tlb, addr, t);
    e->addend = (uintptr_t)host - page;
    e->read = t->readable ? page : tcg_tlb_none(index);
    e->write = open == TLB_OPEN ? page : tcg_tlb_none(index);
    e->paddr = tlb_page_of(t->paddr) | TLB_LOGGED |
               (t->global ? TLB_GLOBAL : 0) |
               (open == TLB_WATCHED ? TCG_TLB_WATCHED : 0) |
               tlb_large_code(t->page_size) << TLB_LARGE_POS;
}

/* Whether stores may go where t leads, found for a store or not. */
static TlbOpen tlb_open(TcgVcpu *v, const FlatRange *r, const X86Translation *t,
                        bool write)
{
    hwaddr page = tlb_page_of(t->paddr);
    bool may = (write || t->writable) && tlb_whole_page(r, page) &&
               (write || tlb_test_dirty(r->ram, DIRTY_MIGRATION,
                                        r->ram_off + (page - r->start)));

    return may ? tlb_open_for_write(v, r, page) : TLB_CLOSED;
}

uint8_t *tlb_fill(void *env, uint64_t addr, unsigned size, unsigned mode,
                  bool write)
{
    X86Cpu *cpu = env;
    TcgVcpu *v = tcg_vcpu(cpu);
    X86Translation t;

    v->stats.tlb_fills++;
    if (!tlb_find_piece(v->w->tlb[mode], addr, write, &t) &&
        !x86_mmu_translate(cpu, addr, write ? X86_WRITE : X86_READ, mode, false,
                           &t)) {
        x86_raise_translation(cpu, addr, &t);
    }
    bool watched = cpu->key.dr7 && x86_watch(cpu, addr, size, write);
    const FlatRange *r = tlb_find_range(cpu, t.paddr);
    if ((addr & (PAGE_SIZE - 1)) + size > PAGE_SIZE || !r || !r->host ||
        r->size - (t.paddr - r->start) < size) {
        return NULL;
    }
    uint8_t *host = r->host + (t.paddr - r->start);
    TlbOpen open = tlb_open(v, r, &t, write);
    if (tlb_whole_page(r, tlb_page_of(t.paddr)) && !watched) {
        tlb_enter(v, mode, addr, &t, host - (addr & (PAGE_SIZE - 1)), open);
    }
    return write && open != TLB_OPEN ? NULL : host;
}

bool tlb_touch(void *env, uint64_t addr, unsigned mode)
{
    X86Cpu *cpu = env;
    TcgVcpu *v = tcg_vcpu(cpu);
    uint64_t page = tlb_page_of(addr);
    X86Translation t;

    if (cpu->key.dr7) {
        return false;
    }
    if (!tlb_find_piece(v->w->tlb[mode], page, false, &t) &&
        (!x86_mmu_translate(cpu, page, X86_READ, mode, true, &t) ||
         !t.accessed)) {
        return true;
    }
    const FlatRange *r = tlb_find_range(cpu, t.paddr);
    if (!r || !r->host || !tlb_whole_page(r, t.paddr)) {
        return false;
    }
    TlbOpen open = tlb_open(v, r, &t, false);
    tlb_enter(v, mode, page, &t, r->host + (t.paddr - r->start), open);
    return r->writable && open != TLB_WATCHED;
}

/* ---- One table ------------------------------------------------------------
 */

static void tlb_drop(TcgTlb *tlb, unsigned index)
{
    uint64_t none = tcg_tlb_none(index);

    tlb->entry[index] = (TcgTlbEntry){ .read = none, .write = none };
}

void tlb_prepare(TcgTlb *tlb)
{
    if (!tlb->ready) {
        tcg_tlb_clear(tlb->entry);
    }
    tlb->ready = true;
}

void tlb_sweep_all(TcgTlb *tlb)
{
    for (unsigned i = 0; i < tlb->filled; i++) {
        tlb_drop(tlb, tlb->log[i]);
    }
    for (unsigned i = 0; tlb->filled && i < TLB_FILTER_BITS / 64; i++) {
        tlb->opened[i] = 0;
    }
    if (tlb->any_large) {
        filter_clear(&tlb->large);
        tlb_drop_pieces(tlb, false);
    }
    tlb->filled = 0;
    tlb->local = tlb->any_large = false;
    tlb->global_half[0] = tlb->global_half[1] = false;
}

bool tlb_sweep_local(TcgTlb *tlb)
{
    unsigned kept = 0;

    if (!tlb->local) {
        return false;
    }
    for (unsigned i = 0; i < tlb->filled; i++) {
        unsigned index = tlb->log[i];
        if (tlb->entry[index].paddr & TLB_GLOBAL) {
            tlb->log[kept++] = index;
        } else {
            tlb_drop(tlb, index);
        }
    }
    tlb->filled = kept;
    tlb->local = false;
    tlb_drop_pieces(tlb, true);
    return true;
}

/* Does the entry's page, or the large page it is a part of, hold addr? */
static bool tlb_covers(const TcgTlbEntry *e, uint64_t addr)
{
    uint64_t page = tlb_entry_page(e);
    unsigned large = (e->paddr & TLB_LARGE) >> TLB_LARGE_POS;

    return !tcg_tlb_is_none(page) &&
           (page ^ addr) >> tlb_large_shift[large] == 0;
}

/* The entry stays in the log, so it is not logged twice. */
static bool tlb_drop_if_covers(TcgTlb *tlb, unsigned index, uint64_t addr,
                               bool only_global)
{
    TcgTlbEntry *e = &tlb->entry[index];
    bool drop =
        tlb_covers(e, addr) && (!only_global || (e->paddr & TLB_GLOBAL));
    if (drop) {
        e->read = e->write = tcg_tlb_none(index);
    }
    return drop;
}

/* May pieces of a large page that holds addr be there? */
static bool tlb_may_have_large(const TcgTlb *tlb, uint64_t addr)
{
    bool found = false;

    for (unsigned i = 1;
         tlb->any_large && !found && i < G_N_ELEMENTS(tlb_large_shift); i++) {
        found = filter_has(&tlb->large, filter_page(addr, tlb_large_shift[i]));
    }
    return found;
}

static bool tlb_sweep_large(TcgTlb *tlb, uint64_t addr, bool only_global)
{
    bool dropped = false;

    tlb_drop_pieces(tlb, false);
    for (unsigned i = 0; i < tlb->filled; i++) {
        dropped |= tlb_drop_if_covers(tlb, tlb->log[i], addr, only_global);
    }
    return dropped;
}

void tlb_sweep_page(TcgVcpu *v, unsigned mode, uint64_t addr)
{
    TcgTlb *tlb = v->w->tlb[mode];
    uint64_t page = tlb_page_of(addr);

    if (tlb_may_have_large(tlb, addr)) {
        tlb_sweep_large(tlb, addr, false);
        tlb_clear_slots(v, mode);
    } else if (tlb_drop_if_covers(tlb, tlb_index(addr), addr, false) ||
               (v->evictions[mode] && filter_has(&v->evicted[mode], page))) {
        tcg_slots_drop(&v->cpu->env, mode, page);
    }
}

void tlb_sweep_global_page(TcgTlb *tlb, uint64_t addr)
{
    if (!tlb->global_half[addr >> 63]) {
        return;
    }
    if (tlb_may_have_large(tlb, addr)) {
        tlb_sweep_large(tlb, addr, true);
    } else {
        tlb_drop_if_covers(tlb, tlb_index(addr), addr, true);
    }
}

void tlb_close(TcgTlb *tlb, const uint8_t *host)
{
    if (!(*tlb_opened_word(tlb, host) & tlb_opened_bit(host))) {
        return;
    }
    for (unsigned i = 0; i < tlb->filled; i++) {
        unsigned index = tlb->log[i];
        TcgTlbEntry *e = &tlb->entry[index];
        if (!tcg_tlb_is_none(e->write) && tcg_tlb_host(e, e->write) == host) {
            e->write = tcg_tlb_none(index);
            e->paddr |= TCG_TLB_WATCHED;
        }
    }
}
