/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The software TLB: filling it by the architecture's page walk, and flushing.
 *
 * Address spaces have tables of their own, found by PCID, for what users see;
 * the kernel's own is shared, as nearly all of it is global. So a change of
 * space flushes nothing that the guest does not ask for, but what is not global
 * in the shared table.
 *
 * An SVM guest's translations are another world, with all of this of its own;
 * that of the guest that ran last is kept while its host runs.
 *
 * Every filled place is logged, so a flush costs what was filled since the last
 * one, not the tables' size. A page has a write entry only if stores need no
 * further look: plain RAM, without translated code, already marked dirty (who
 * clears dirty bits asks for X86_PENDING_FLUSH to see later stores).
 *
 * Light.
 */
#include "accel/tcg/engine.h"

#define TLB_NONE TCG_TLB_NONE

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

static void tlb_note_open(TcgVcpu *v, const uint8_t *host)
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

static void tlb_clear_slots(TcgVcpu *v, unsigned mode)
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
    return e->read != TLB_NONE ? e->read : e->write;
}

static void tlb_enter(TcgVcpu *v, unsigned mode, uint64_t addr,
                      const X86Translation *t, uint8_t *host, TlbOpen open)
{
    TcgTlb *tlb = v->w->tlb[mode];
    unsigned index = tlb_index(addr);
    TcgTlbEntry *e = &tlb->entry[index];
    uint64_t page = tlb_page_of(addr), old = tlb_entry_page(e);

    if (old != TLB_NONE && old != page) {
        tlb_evict(v, mode, old);
    }

    if (!(e->paddr & TLB_LOGGED)) {
        tlb->log[tlb->filled++] = index;
    }
    tlb_note(tlb, addr, t, host, open);
    e->host = host;
    e->read = t->readable ? page : TLB_NONE;
    e->write = open == TLB_OPEN ? page : TLB_NONE;
    e->paddr = tlb_page_of(t->paddr) | TLB_LOGGED |
               (t->global ? TLB_GLOBAL : 0) |
               (open == TLB_WATCHED ? TCG_TLB_WATCHED : 0) |
               tlb_large_code(t->page_size) << TLB_LARGE_POS;
}

uint8_t *tlb_fill(void *env, uint64_t addr, unsigned size, unsigned mode,
                  bool write)
{
    X86Cpu *cpu = env;
    TcgVcpu *v = tcg_vcpu(cpu);
    X86Translation t;

    v->stats.tlb_fills++;
    if (!x86_mmu_translate(cpu, addr, write ? X86_WRITE : X86_READ, mode, false,
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
    hwaddr page = tlb_page_of(t.paddr);
    bool may = (write || t.writable) && tlb_whole_page(r, page) &&
               (write || tlb_test_dirty(r->ram, DIRTY_MIGRATION,
                                        r->ram_off + (page - r->start)));
    TlbOpen open = may ? tlb_open_for_write(v, r, page) : TLB_CLOSED;
    if (tlb_whole_page(r, page) && !watched) {
        tlb_enter(v, mode, addr, &t, host - (addr & (PAGE_SIZE - 1)), open);
    }
    return write && open != TLB_OPEN ? NULL : host;
}

/* ---- One table ------------------------------------------------------------
 */

static void tlb_drop(TcgTlbEntry *e)
{
    *e = (TcgTlbEntry){ .read = TLB_NONE, .write = TLB_NONE };
}

static void tlb_prepare(TcgTlb *tlb)
{
    for (unsigned i = 0; !tlb->ready && i < TCG_TLB_SIZE; i++) {
        tlb_drop(&tlb->entry[i]);
    }
    tlb->ready = true;
}

static void tlb_sweep_all(TcgTlb *tlb)
{
    for (unsigned i = 0; i < tlb->filled; i++) {
        tlb_drop(&tlb->entry[tlb->log[i]]);
    }
    for (unsigned i = 0; tlb->filled && i < TLB_FILTER_BITS / 64; i++) {
        tlb->opened[i] = 0;
    }
    if (tlb->any_large) {
        filter_clear(&tlb->large);
    }
    tlb->filled = 0;
    tlb->local = tlb->any_large = false;
    tlb->global_half[0] = tlb->global_half[1] = false;
}

/* False: there was nothing to do. */
static bool tlb_sweep_local(TcgTlb *tlb)
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
            tlb_drop(&tlb->entry[index]);
        }
    }
    tlb->filled = kept;
    tlb->local = false;
    return true;
}

/* Does the entry's page, or the large page it is a part of, hold addr? */
static bool tlb_covers(const TcgTlbEntry *e, uint64_t addr)
{
    uint64_t page = tlb_entry_page(e);
    unsigned large = (e->paddr & TLB_LARGE) >> TLB_LARGE_POS;

    return page != TLB_NONE && (page ^ addr) >> tlb_large_shift[large] == 0;
}

/* The entry stays in the log, so it is not logged twice. */
static bool tlb_drop_if_covers(TcgTlbEntry *e, uint64_t addr, bool only_global)
{
    bool drop =
        tlb_covers(e, addr) && (!only_global || (e->paddr & TLB_GLOBAL));
    if (drop) {
        e->read = e->write = TLB_NONE;
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

    for (unsigned i = 0; i < tlb->filled; i++) {
        dropped |=
            tlb_drop_if_covers(&tlb->entry[tlb->log[i]], addr, only_global);
    }
    return dropped;
}

/* In the present space, with its slots. */
static void tlb_sweep_page(TcgVcpu *v, unsigned mode, uint64_t addr)
{
    TcgTlb *tlb = v->w->tlb[mode];
    uint64_t page = tlb_page_of(addr);

    if (tlb_may_have_large(tlb, addr)) {
        tlb_sweep_large(tlb, addr, false);
        tlb_clear_slots(v, mode);
    } else if (tlb_drop_if_covers(&tlb->entry[tlb_index(addr)], addr, false) ||
               (v->evictions[mode] && filter_has(&v->evicted[mode], page))) {
        tcg_slots_drop(&v->cpu->env, mode, page);
    }
}

/* In a space that is not present: it has no slots. */
static void tlb_sweep_global_page(TcgTlb *tlb, uint64_t addr)
{
    if (!tlb->global_half[addr >> 63]) {
        return;
    }
    if (tlb_may_have_large(tlb, addr)) {
        tlb_sweep_large(tlb, addr, true);
    } else {
        tlb_drop_if_covers(&tlb->entry[tlb_index(addr)], addr, true);
    }
}

static void tlb_close(TcgTlb *tlb, const uint8_t *host)
{
    if (!(*tlb_opened_word(tlb, host) & tlb_opened_bit(host))) {
        return;
    }
    for (unsigned i = 0; i < tlb->filled; i++) {
        TcgTlbEntry *e = &tlb->entry[tlb->log[i]];
        if (e->host == host && e->write != TLB_NONE) {
            e->write = TLB_NONE;
            e->paddr |= TCG_TLB_WATCHED;
        }
    }
}

/* ---- Spaces ---------------------------------------------------------------
 */

static const uint8_t tlb_space_modes[] = { X86_MODE_USER,
                                           X86_MODE_KERNEL_USER };

static void tlb_clear_space_slots(TcgVcpu *v)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        tlb_clear_slots(v, tlb_space_modes[i]);
    }
}

static void tlb_flush_one_space(TcgVcpu *v, TcgSpace *s, bool keep_global)
{
    v->stats.tlb_flushes++;
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        TcgTlb *tlb = s->tlb[tlb_space_modes[i]];
        if (keep_global) {
            tlb_sweep_local(tlb);
        } else {
            tlb_sweep_all(tlb);
        }
    }
    code_flush_space(v, s);
}

/* The space of a PCID, or NULL. */
static TcgSpace *tlb_find_space(TcgVcpu *v, unsigned pcid)
{
    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (s->used && s->pcid == pcid) {
            return s;
        }
    }
    return NULL;
}

/* The one that was left longest ago is given up. */
static TcgSpace *tlb_new_space(TcgVcpu *v, unsigned pcid)
{
    TcgSpace *oldest = v->w->space;

    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (!s->used || (oldest->used && s->age < oldest->age)) {
            oldest = s;
        }
    }
    tlb_flush_one_space(v, oldest, false);
    oldest->used = true;
    oldest->pcid = pcid;
    return oldest;
}

static void tlb_enter_space(TcgVcpu *v, TcgSpace *s)
{
    v->w->now = s;
    s->age = ++v->ages;
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        unsigned mode = tlb_space_modes[i];
        tlb_prepare(s->tlb[mode]);
        v->w->tlb[mode] = s->tlb[mode];
        v->cpu->env.tlb[mode] = s->tlb[mode]->entry;
    }
    tlb_clear_space_slots(v);
}

/* What the kernel's own table and code hold of the space that is left. */
static void tlb_leave_space(TcgVcpu *v)
{
    if (tlb_sweep_local(v->w->tlb[X86_MODE_KERNEL])) {
        tlb_clear_slots(v, X86_MODE_KERNEL);
    }
    if (v->w->kernel_local) {
        code_flush_kernel(v);
    }
    lookup_cut_cross(v->engine, CROSS_LOCAL);
}

static void tlb_switch_space(X86Cpu *cpu, bool keep)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    unsigned pcid = x86_pcid(cpu);
    TcgSpace *s = tlb_find_space(v, pcid);

    v->stats.space_switches++;
    tlb_leave_space(v);
    if (!s) {
        s = tlb_new_space(v, pcid);
    } else if (!keep) {
        tlb_flush_one_space(v, s, cpu->cr4 & CR4_PGE);
    }
    tlb_enter_space(v, s);
    code_key_changed(cpu);
}

static void tlb_flush_space(X86Cpu *cpu, int pcid)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (s->used && (pcid < 0 || s->pcid == pcid)) {
            tlb_flush_one_space(v, s, true);
        }
    }
    tlb_leave_space(v);
    tlb_clear_space_slots(v);
    code_key_changed(cpu);
}

/* ---- Flushing -------------------------------------------------------------
 */

/* Only the present space stays. */
static void tlb_flush_world(X86Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->w->stale = false;
    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (s->used || s == v->w->now) {
            tlb_flush_one_space(v, s, false);
            s->used = false;
        }
    }
    v->w->now->used = true;
    v->w->now->pcid = x86_pcid(cpu);
    tlb_enter_space(v, v->w->now);
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        tlb_prepare(v->w->tlb[mode]);
        tlb_sweep_all(v->w->tlb[mode]);
        tlb_clear_slots(v, mode);
        cpu->env.tlb[mode] = v->w->tlb[mode]->entry;
    }
    code_flush_kernel(v);
    v->w->user_global = false;
    code_key_changed(cpu);
}

/* Also where PCIDs begin or cease to be. */
void tlb_flush_all(X86Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->w = &v->world[cpu->svm.guest ? WORLD_GUEST : WORLD_HOST];
    for (TcgWorld *w = v->world; w < v->world + WORLDS; w++) {
        w->stale = true;
    }
    tlb_flush_world(cpu);
}

/* The same space of that world goes on, but that links between pages hold for
 * the key they were made with, which differs. */
static void tlb_switch_world(X86Cpu *cpu, bool flush)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->w = &v->world[cpu->svm.guest ? WORLD_GUEST : WORLD_HOST];
    if (flush || v->w->stale) {
        tlb_flush_world(cpu);
        return;
    }
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        cpu->env.tlb[mode] = v->w->tlb[mode]->entry;
        tlb_clear_slots(v, mode);
    }
    code_key_changed(cpu);
}

/* Physical addresses (X86_MODE_PHYS) have no translation to forget. */
static void tlb_flush_page(X86Cpu *cpu, vaddr addr)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->stats.tlb_page_flushes++;
    tlb_sweep_page(v, X86_MODE_KERNEL, addr);
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        tlb_sweep_page(v, tlb_space_modes[i], addr);
    }
    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        for (unsigned i = 0;
             s->used && s != v->w->now && i < G_N_ELEMENTS(tlb_space_modes);
             i++) {
            tlb_sweep_global_page(s->tlb[tlb_space_modes[i]], addr);
        }
    }
    code_flush_page(v, addr);
}

static void tlb_note_open_in(TcgVcpu *v, const TcgTlb *tlb, const uint8_t *but)
{
    for (unsigned i = 0; i < tlb->filled; i++) {
        const TcgTlbEntry *e = &tlb->entry[tlb->log[i]];
        if (e->write != TLB_NONE && e->host != but) {
            tlb_note_open(v, e->host);
        }
    }
}

static void tlb_note_open_in_world(TcgVcpu *v, const TcgWorld *w,
                                   const uint8_t *but)
{
    tlb_note_open_in(v, w->tlb[X86_MODE_KERNEL], but);
    tlb_note_open_in(v, w->tlb[X86_MODE_PHYS], but);
    for (const TcgSpace *s = w->space; s < w->space + TCG_SPACES; s++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
            tlb_note_open_in(v, s->tlb[tlb_space_modes[i]], but);
        }
    }
}

/* Now and then, make the filter tight again. */
static void tlb_note_all_open(TcgVcpu *v, const uint8_t *but)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(v->opened); i++) {
        v->opened[i] = 0;
    }
    for (unsigned i = 0; i < WORLDS; i++) {
        tlb_note_open_in_world(v, &v->world[i], but);
    }
}

static void tlb_close_in_world(const TcgWorld *w, const uint8_t *host)
{
    tlb_close(w->tlb[X86_MODE_KERNEL], host);
    tlb_close(w->tlb[X86_MODE_PHYS], host);
    for (const TcgSpace *s = w->space; s < w->space + TCG_SPACES; s++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
            tlb_close(s->tlb[tlb_space_modes[i]], host);
        }
    }
}

void tlb_protect(TcgVcpu *v, const uint8_t *host)
{
    if (engine_smp(v->engine) && v->protects++ % 64 == 0) {
        tlb_note_all_open(v, host);
    }
    for (unsigned i = 0; i < WORLDS; i++) {
        tlb_close_in_world(&v->world[i], host);
    }
    tcg_slots_drop_host(&v->cpu->env, host);
}

const X86MmuOps tlb_mmu_ops = {
    .flush_all = tlb_flush_all,
    .switch_space = tlb_switch_space,
    .flush_space = tlb_flush_space,
    .flush_page = tlb_flush_page,
    .switch_world = tlb_switch_world,
    .key_changed = code_key_changed,
};
