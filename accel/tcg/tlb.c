/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The software TLB: filling it by the architecture's page walk, and flushing.
 *
 * Every filled place is logged, so a flush costs what was filled since the last
 * one, not the tables' size. A page has a write entry only if stores need no
 * further look: plain RAM, without translated code, already marked dirty (who
 * clears dirty bits asks for X86_PENDING_FLUSH to see later stores).
 *
 * Light.
 */
#include "accel/tcg/engine.h"

#define TLB_NONE UINT64_MAX

/* Bits of TcgTlbEntry.paddr below the page: global, logged, and which large
 * page the entry is a part of (its size is tlb_large_shift[]). */
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

/* The whole page is in the range, at a page of the block. */
static bool tlb_whole_page(const FlatRange *r, hwaddr page)
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

/* May stores go there directly from now on? Marks the page dirty then. */
static bool tlb_open_for_write(TcgVcpu *v, const FlatRange *r, hwaddr paddr)
{
    if (!r->writable) {
        return false;
    }
    uint64_t off = r->ram_off + (paddr - r->start);
    if (engine_smp(v->engine)) {
        tlb_note_open(v, r->host + (paddr - r->start));
    }
    if (tlb_test_dirty(r->ram, DIRTY_CODE, off)) {
        return false;
    }
    tlb_set_dirty(r->ram, DIRTY_DISPLAY, off);
    tlb_set_dirty(r->ram, DIRTY_MIGRATION, off);
    return true;
}

/* ---- Filling --------------------------------------------------------------
 */

static TcgTlbEntry *tlb_claim(TcgVcpu *v, uint64_t addr, unsigned mode)
{
    unsigned index = tlb_index(addr);
    TcgTlbEntry *e = &v->cpu->env.tlb[mode][index];
    if (!(e->paddr & TLB_LOGGED)) {
        v->fill_log[mode][v->filled[mode]++] = index;
    }
    return e;
}

static void tlb_enter(TcgVcpu *v, uint64_t addr, unsigned mode,
                      const X86Translation *t, uint8_t *host, bool open)
{
    TcgTlbEntry *e = tlb_claim(v, addr, mode);
    uint64_t page = tlb_page_of(addr);
    e->host = host;
    e->read = t->readable ? page : TLB_NONE;
    e->write = open ? page : TLB_NONE;
    e->paddr = tlb_page_of(t->paddr) | TLB_LOGGED |
               (t->global ? TLB_GLOBAL : 0) |
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
    const FlatRange *r = tlb_find_range(cpu, t.paddr);
    if ((addr & (PAGE_SIZE - 1)) + size > PAGE_SIZE || !r || !r->host ||
        r->size - (t.paddr - r->start) < size) {
        return NULL;
    }
    uint8_t *host = r->host + (t.paddr - r->start);
    hwaddr page = tlb_page_of(t.paddr);
    bool open = (write || t.writable) && tlb_whole_page(r, page) &&
                (write || tlb_test_dirty(r->ram, DIRTY_MIGRATION,
                                         r->ram_off + (page - r->start))) &&
                tlb_open_for_write(v, r, page);
    if (tlb_whole_page(r, page)) {
        tlb_enter(v, addr, mode, &t, host - (addr & (PAGE_SIZE - 1)), open);
    }
    return write && !open ? NULL : host;
}

/* ---- Pages of code --------------------------------------------------------
 */

static void tlb_filter_add(TcgCodeFilter *f, uint64_t *word, uint64_t n)
{
    if (!(*word >> (n % 64) & 1)) {
        *word |= UINT64_C(1) << (n % 64);
        f->count++;
    }
}

static void tlb_note_code(TcgCodeFilter *f, uint64_t linear, uint64_t page_size)
{
    uint64_t small = linear >> 12, large = linear >> 21;

    tlb_filter_add(f, &f->small[small / 64 % 64], small);
    if (page_size > PAGE_SIZE) {
        tlb_filter_add(f, &f->large[large / 64 % 8], large);
        if (page_size > 1 << 21) { /* 4 MiB are two of 2 MiB */
            tlb_filter_add(f, &f->large[(large ^ 1) / 64 % 8], large ^ 1);
        }
    }
    f->huge |= page_size > 1 << 22;
}

static bool tlb_maybe_code(const TcgCodeFilter *f, uint64_t addr)
{
    uint64_t small = addr >> 12, large = addr >> 21;
    return f->huge || (f->small[small / 64 % 64] >> (small % 64) & 1) ||
           (f->large[large / 64 % 8] >> (large % 64) & 1);
}

static void tlb_filter_clear(TcgCodeFilter *f)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(f->small); i++) {
        f->small[i] = 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(f->large); i++) {
        f->large[i] = 0;
    }
    f->huge = false;
    f->count = 0;
}

const TcgCodePage *tlb_code_page(X86Cpu *cpu, uint64_t linear)
{
    uint64_t tag = tlb_page_of(linear) | cpu->env.mode;
    TcgCodePage *p =
        &tcg_vcpu(cpu)->code_page[(linear >> PAGE_BITS) % CODE_TLB_SIZE];
    X86Translation t;

    if (p->tag == tag && p->host) {
        return p;
    }
    if (!x86_mmu_translate(cpu, linear, X86_EXEC, cpu->env.mode, false, &t)) {
        return NULL;
    }
    hwaddr page = tlb_page_of(t.paddr);
    const FlatRange *r = tlb_find_range(cpu, page);
    if (!r || !r->host || !tlb_whole_page(r, page)) {
        return NULL;
    }
    tlb_note_code(&tcg_vcpu(cpu)->code_filter, linear, t.page_size);
    p->tag = tag;
    p->host = r->host + (page - r->start);
    p->ram = r->ram;
    p->off = r->ram_off + (page - r->start);
    p->global = t.global;
    return p;
}

/* ---- Flushing -------------------------------------------------------------
 */

static void tlb_drop(TcgTlbEntry *e)
{
    *e = (TcgTlbEntry){ .read = TLB_NONE, .write = TLB_NONE };
}

static void tlb_sweep_mode(TcgVcpu *v, unsigned mode, bool keep_global)
{
    TcgTlbEntry *tlb = v->cpu->env.tlb[mode];
    uint16_t *log = v->fill_log[mode];
    unsigned kept = 0;

    for (unsigned i = 0; i < v->filled[mode]; i++) {
        TcgTlbEntry *e = &tlb[log[i]];
        if (keep_global && (e->paddr & TLB_GLOBAL)) {
            log[kept++] = log[i];
        } else {
            tlb_drop(e);
        }
    }
    v->filled[mode] = kept;
}

void tlb_note_jump(TcgVcpu *v, unsigned index)
{
    if (v->jumps_used < G_N_ELEMENTS(v->jump_log)) {
        v->jump_log[v->jumps_used] = index;
    }
    v->jumps_used++;
}

void tlb_flush_jumps(TcgVcpu *v)
{
    if (v->jumps_used <= G_N_ELEMENTS(v->jump_log)) {
        for (unsigned i = 0; i < v->jumps_used; i++) {
            v->jumps[v->jump_log[i]].key = 0;
        }
    } else {
        for (unsigned i = 0; i < TCG_JUMP_SIZE; i++) {
            v->jumps[i].key = 0;
        }
    }
    v->jumps_used = 0;
}

/* Forget where code is. The filter is kept as long as something is. */
static void tlb_flush_code(TcgVcpu *v, bool keep_global)
{
    keep_global &= v->code_filter.count < 1024;
    for (unsigned i = 0; i < CODE_TLB_SIZE; i++) {
        if (!(keep_global && v->code_page[i].global)) {
            v->code_page[i].host = NULL;
        }
    }
    if (!keep_global) {
        tlb_filter_clear(&v->code_filter);
    }
    tlb_flush_jumps(v);
    lookup_cut_cross(v->engine, !keep_global);
}

static void tlb_flush(X86Cpu *cpu, bool keep_global)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->stats.tlb_flushes++;
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        tlb_sweep_mode(v, mode, keep_global);
    }
    tcg_slots_clear(&cpu->env, -1);
    tlb_flush_code(v, keep_global);
}

void tlb_flush_all(X86Cpu *cpu)
{
    tlb_flush(cpu, false);
}

static void tlb_flush_non_global(X86Cpu *cpu)
{
    tlb_flush(cpu, (cpu->cr4 & CR4_PGE) != 0);
}

/* Does the entry's page, or the large page it is a part of, hold addr? */
static bool tlb_covers(uint64_t page, unsigned large, uint64_t addr)
{
    return (page ^ addr) >> tlb_large_shift[large] == 0;
}

static void tlb_flush_page_mode(TcgVcpu *v, unsigned mode, uint64_t addr)
{
    TcgTlbEntry *tlb = v->cpu->env.tlb[mode];

    for (unsigned i = 0; i < v->filled[mode]; i++) {
        TcgTlbEntry *e = &tlb[v->fill_log[mode][i]];
        uint64_t page = e->read != TLB_NONE ? e->read : e->write;
        if (page != TLB_NONE &&
            tlb_covers(page, (e->paddr & TLB_LARGE) >> TLB_LARGE_POS, addr)) {
            /* Stays in the log, so it is not logged twice. */
            e->read = e->write = TLB_NONE;
        }
    }
}

static void tlb_flush_page(X86Cpu *cpu, vaddr addr)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->stats.tlb_page_flushes++;
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        tlb_flush_page_mode(v, mode, addr);
    }
    tcg_slots_clear(&cpu->env, -1);
    if (tlb_maybe_code(&v->code_filter, addr)) {
        tlb_flush_code(v, false);
    }
}

void tlb_protect(TcgVcpu *v, const uint8_t *host)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(v->opened); i++) {
        v->opened[i] = 0;
    }
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        TcgTlbEntry *tlb = v->cpu->env.tlb[mode];
        for (unsigned i = 0; i < v->filled[mode]; i++) {
            TcgTlbEntry *e = &tlb[v->fill_log[mode][i]];
            if (e->host == host) {
                e->write = TLB_NONE;
            } else if (e->write != TLB_NONE && engine_smp(v->engine)) {
                tlb_note_open(v, e->host);
            }
        }
    }
    tcg_slots_clear(&v->cpu->env, -1);
}

/* ---- The jump cache's key -------------------------------------------------
 */

/*
 * A number for each (key, CS base) in use, in bits 48..62: a canonical RIP has
 * bits 63..48 equal, so two keys made from different pairs of number and RIP
 * never meet, and none is 0. Numbers are never reused without a flush.
 */
static void tlb_key_changed(X86Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    uint64_t base = engine_cs_base(cpu);
    uint32_t bits = cpu->key.bits;
    unsigned hash = (bits ^ bits >> 7 ^ bits >> 17 ^ base >> 4) % KEY_IDS;
    TcgKeyId *k = &v->key_id[hash];

    if (!k->id || k->bits != bits || k->cs_base != base) {
        if (v->key_next == 0x7fff) {
            v->key_next = 0;
            tlb_flush_jumps(v);
            for (unsigned i = 0; i < KEY_IDS; i++) {
                v->key_id[i].id = 0;
            }
        }
        *k = (TcgKeyId){ bits, ++v->key_next, base };
    }
    cpu->env.jump_key = (uint64_t)k->id << 48;
}

const X86MmuOps tlb_mmu_ops = {
    .flush_all = tlb_flush_all,
    .flush_non_global = tlb_flush_non_global,
    .flush_page = tlb_flush_page,
    .key_changed = tlb_key_changed,
};
